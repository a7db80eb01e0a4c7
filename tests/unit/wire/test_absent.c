/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that Slipway does not implement are known by name and URI alone, and yet a request for one is told apart from
 * all others: it must be refused as absent, never served as something else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/apis.h"
#include "wire/wire.h"

/* "/{Bucket}/{Key+}?tagging" to "/x/x" and "tagging" */
static void take_uri(SwArena *a, const char *uri, SwWireMessage *m) {
    SwBuf path = sw_buf(a, SW_KIB);
    SwStr rest = sw_str(uri), head;
    if (sw_str_cut(&rest, '?', &head))
        m->query = rest;
    for (const char *p = uri; *p && *p != '?'; p++) {
        if (*p == '{')
            p = strchr(p, '}');
        sw_buf_addc(&path, *p == '}' ? 'x' : *p);
    }
    m->path = sw_buf_str(&path);
}

static SwWireMessage request_for(SwArena *a, const SwOperation *op) {
    SwWireMessage m = {.method = sw_str(op->method)};
    take_uri(a, op->uri, &m);
    for (const SwNeed *need = op->needs; need && need->name; need++) {
        if (need->location == SW_IN_HEADER)
            sw_header_add(a, &m.headers, sw_str(need->name), SW_STR("x"));
        else
            m.query = sw_strf(a, "%.*s%s%s=x", SW_FMT(m.query), m.query.n ? "&" : "", need->name);
    }
    return m;
}

static const SwOperation *told(SwArena *a, const SwApi *api, const SwOperation *op) {
    SwError err = sw_error(a);
    SwWireMessage m = request_for(a, op);
    if (api->protocols & (SW_REST_JSON | SW_REST_XML))
        return sw_wire_operation(a, api, api->protocol, &m, &err);
    sw_header_add(a, &m.headers, SW_STR("X-Amz-Target"), sw_strf(a, "X.%s", op->name));
    m.query = sw_strf(a, "Action=%s", op->name);
    m.path = sw_strf(a, "/service/X/operation/%s", op->name);
    return sw_wire_operation(a, api, api->protocol, &m, &err);
}

static void what_is_absent_is_told_from_what_is_there(void **state) {
    (void)state;
    SwArena *a = sw_arena_new(16 * SW_MIB);
    size_t n = 0;
    for (const SwApi *const *api = sw_apis; *api; api++) {
        for (size_t i = 0; i < (*api)->n_other; i++, n++) {
            const SwOperation *op = &(*api)->other[i], *got = told(a, *api, op);
            sw_arena_reset(a);
            if (strcmp(op->name, "ListDirectoryBuckets") == 0) /* as ListBuckets, but for the host's name */
                continue;
            if (got != op)
                fail_msg("%s %s is taken for %s", (*api)->name, op->name, got ? got->name : "nothing");
            assert_int_equal(op->index, (*api)->n_op);
            assert_null(op->input);
        }
        for (size_t i = 0; i < (*api)->n_op; i++) {
            const SwOperation *op = &(*api)->op[i], *got = told(a, *api, op);
            sw_arena_reset(a);
            if (got != op)
                fail_msg("%s %s is taken for %s", (*api)->name, op->name, got ? got->name : "nothing");
        }
    }
    assert_true(n > 500);
    sw_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_absent_is_told_from_what_is_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
