/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the codecs fails once: a client's and a server's side of one rich operation in each protocol.
 * The guard gets control back each time, and the same message goes through afterwards. Run under the
 * sanitizers, this shows that nothing beside the arena is left over. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "generate.h"
#include "models/apis.h"

typedef struct Case {
    const SwApi *api;
    const SwOperation *op;
    uint32_t protocol;
    void *in, *out; /* maximal, in an arena that does not fail */
} Case;

/* The request to the server and the reply back; false with a message when a step says no. */
static bool cross(const Case *c, SwArena *a) {
    SwError err = sw_error(a);
    SwWireMessage request = {0}, reply = {0};
    void *in, *out;
    if (sw_wire_encode_request(a, c->api, c->op, c->protocol, c->in, &request, &err) < 0 ||
        sw_wire_decode_request(a, c->api, c->op, c->protocol, &request, &in, &err) < 0 ||
        sw_wire_encode_response(a, c->api, c->op, c->protocol, c->out, SW_STR("req-1"), &reply, &err) < 0 ||
        sw_wire_decode_response(a, c->api, c->op, c->protocol, &reply, &out, &err) < 0) {
        print_error("%s %s: %s\n", c->api->name, c->op->name, err.message);
        return false;
    }
    if (c->op->error && *c->op->error) {
        sw_fail(&err, *c->op->error, "no");
        sw_wire_encode_error(a, c->api, c->op, c->protocol, &err, SW_STR("req-1"), &reply);
    }
    return sw_shape_equal(c->op->input, c->in, in) && sw_shape_equal(c->op->output, c->out, out);
}

typedef struct Crossing {
    const Case *c;
    SwArena *a;
    bool same;
} Crossing;

static void try_to_cross(void *arg) {
    Crossing *x = arg;
    x->same = cross(x->c, x->a);
}

/* How many of its allocations were made to fail. */
static size_t fail_each(const Case *c) {
    size_t n = 0;
    for (bool through = false; !through;) {
        SwArena *a = sw_arena_new(64 * SW_MIB);
        Crossing x = {c, a, false};
        sw_arena_fail_nth(a, ++n);
        if (sw_guard(SW_POOL_NONE, try_to_cross, &x) == SW_LACK_NONE) {
            through = sw_arena_fail_nth(a, 0) > 0;
            assert_true(x.same && through); /* a failed allocation may not be passed over */
        }
        sw_arena_free(a);
    }
    return n - 1;
}

static void every_allocation_of_the_codecs_may_fail(void **state) {
    static const struct {
        const char *api, *op;
        uint32_t protocol;
    } cases[] = {
        {"ecs", "CreateService", SW_JSON_1_1},
        {"cloudwatch", "PutMetricAlarm", SW_JSON_1_0},
        {"cloudwatch", "DescribeAlarms", SW_QUERY},
        {"cloudwatch", "DescribeAlarms", SW_RPC_V2_CBOR},
        {"ec2", "DescribeSecurityGroups", SW_EC2_QUERY},
        {"s3", "GetBucketNotificationConfiguration", SW_REST_XML},
        {"s3", "PutBucketEncryption", SW_REST_XML},
        {"xray", "GetSamplingRules", SW_REST_JSON},
        {"elbv2", "CreateRule", SW_QUERY},
        {"sqs", "SendMessageBatch", SW_JSON_1_0},
    };
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        const SwApi *api = NULL;
        for (const SwApi *const *at = sw_apis; *at; at++)
            if (strcmp((*at)->name, cases[i].api) == 0)
                api = *at;
        assert_non_null(api);
        Case c = {.api = api, .op = sw_api_operation(api, sw_str(cases[i].op)), .protocol = cases[i].protocol};
        assert_true(c.op && (api->protocols & c.protocol));
        SwArena *a = sw_arena_new(64 * SW_MIB);
        Generator g = {.a = a, .maximal = true, .protocol = c.protocol};
        c.in = c.op->input ? generate(&g, c.op->input) : NULL;
        c.out = c.op->output ? generate(&g, c.op->output) : NULL;
        size_t n = fail_each(&c);
        print_message("# %s %s protocol %#x: %zu allocations\n", api->name, c.op->name, c.protocol, n);
        assert_true(n > 10);
        sw_arena_free(a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_of_the_codecs_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
