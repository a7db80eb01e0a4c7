/* SPDX-License-Identifier: Apache-2.0 */

/* Every operation of every model in every protocol that it speaks: minimal and maximal inputs and outputs cross the
 * wire unchanged, requests lead back to their operation, each constraint broken alone is refused by name, and each
 * error arrives as itself. What cannot be checked is counted, never skipped in silence. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "generate.h"
#include "models/apis.h"

typedef struct Counts {
    unsigned operations, requests, replies, faults, refused_by_client, not_breakable, errors, streams_of_events, valid, failed;
} Counts;

typedef struct Case {
    SwArena *a;
    const SwApi *api;
    const SwOperation *op;
    uint32_t protocol;
    bool may_be_another;
    Counts *n;
} Case;

static void __attribute__((format(printf, 2, 3))) complain(Case *c, const char *fmt, ...) {
    va_list ap;
    if (++c->n->failed > 40)
        return;
    printf("# %s %s protocol %#x: ", c->api->name, c->op ? c->op->name : "-", c->protocol);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

static bool has_event_stream(const SwShape *s) {
    for (uint32_t i = 0; s && i < s->n_member; i++)
        if (s->member[i].shape->flags & SW_EVENT_STREAM)
            return true;
    return false;
}

/* The server never sees what SDKs settle by the host name. */
static bool is_told_by_host(const Case *c) {
    return strcmp(c->op->name, "ListDirectoryBuckets") == 0;
}

/* Client encodes, server finds the operation and decodes. False: complained, or *ret NULL: the client refused. */
static bool cross(Case *c, const void *in, void **ret) {
    SwError err = sw_error(c->a);
    SwWireMessage m = {0};
    *ret = NULL;
    if (sw_wire_encode_request(c->a, c->api, c->op, c->protocol, in, &m, &err) < 0)
        return true;
    uint32_t protocol = sw_wire_protocol(c->api, &m);
    if (protocol != c->protocol) {
        complain(c, "taken for protocol %#x", protocol);
        return false;
    }
    const SwOperation *op = sw_wire_operation(c->a, c->api, protocol, &m, &err);
    if (op != c->op && !is_told_by_host(c) && !(op && c->may_be_another)) {
        complain(c, "%.*s %.*s?%.*s taken for %s", SW_FMT(m.method), SW_FMT(m.path), SW_FMT(m.query),
                 op ? op->name : "nothing");
        return false;
    }
    if (sw_wire_decode_request(c->a, c->api, c->op, protocol, &m, ret, &err) < 0) {
        complain(c, "not decoded: %s: %s\n%.*s", err.kind->code, err.message, (int)SW_MIN(m.body.n, 600u), m.body.p);
        return false;
    }
    return true;
}

static void show_difference(Case *c, const SwShape *s, const void *a, const void *b) {
    SwBuf x = sw_buf(c->a, 4000), y = sw_buf(c->a, 4000);
    const char *name = "?";
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        SwShape one = *s;
        one.member = m;
        one.n_member = 1;
        if (sw_shape_equal(&one, a, b))
            continue;
        name = m->name;
        sw_shape_to_json(&x, &one, a);
        sw_shape_to_json(&y, &one, b);
        break;
    }
    complain(c, "%s differs:\n#   sent %.*s\n#   came %.*s", name, (int)SW_MIN(x.n, 1500u), x.p, (int)SW_MIN(y.n, 1500u), y.p);
}

static void check_request(Case *c, bool maximal) {
    Generator g = {.a = c->a, .maximal = maximal, .protocol = c->protocol};
    SwError err = sw_error(c->a);
    void *in = c->op->input ? generate(&g, c->op->input) : NULL, *got;
    for (uint32_t i = 0; in && i < c->op->input->n_member; i++) /* the client would fill it */
        if (c->op->input->member[i].flags & SW_IDEMPOTENCY_TOKEN)
            *(SwStr *)sw_member_make(c->a, &c->op->input->member[i], in) = SW_STR("11111111-2222-3333-4444-555555555555");
    c->n->requests++;
    if (!cross(c, in, &got))
        return;
    if (in && !got) {
        complain(c, "refused by the client");
        return;
    }
    if (in && !sw_shape_equal(c->op->input, in, got))
        show_difference(c, c->op->input, in, got);
    if (in && !maximal && sw_validate(c->op->input, got, &SW_VALIDATION_EXCEPTION, &err) == 0)
        c->n->valid++;
}

static void check_reply(Case *c, bool maximal) {
    Generator g = {.a = c->a, .maximal = maximal, .protocol = c->protocol};
    SwError err = sw_error(c->a);
    SwWireMessage m = {0};
    void *out = c->op->output ? generate(&g, c->op->output) : NULL, *got;
    if (has_event_stream(c->op->output)) {
        c->n->streams_of_events += maximal;
        return;
    }
    c->n->replies++;
    if (sw_wire_encode_response(c->a, c->api, c->op, c->protocol, out, SW_STR("req-1"), &m, &err) < 0 ||
        sw_wire_decode_response(c->a, c->api, c->op, c->protocol, &m, &got, &err) < 0) {
        complain(c, "reply: %s\n%.*s", err.message, (int)SW_MIN(m.body.n, 600u), m.body.p);
        return;
    }
    for (uint32_t i = 0; out && got && i < c->op->output->n_member; i++) { /* a reply has a status, said or not */
        const SwMember *s = &c->op->output->member[i];
        if (s->location == SW_IN_STATUS && !sw_member_at(s, out))
            *(int64_t *)sw_member_make(c->a, s, out) = m.status;
    }
    if (out && !sw_shape_equal(c->op->output, out, got))
        show_difference(c, c->op->output, out, got);
}

/* The path ends with the member, or goes on into elements that have no name of their own. */
static bool names(const char *message, const char *member) {
    char lower[128];
    snprintf(lower, sizeof lower, "%c%s", member[0] >= 'A' && member[0] <= 'Z' ? member[0] + 32 : member[0], member + 1);
    const char *const spellings[] = {member, lower};
    for (size_t i = 0; i < SW_N(spellings); i++)
        for (const char *at = message; (at = strstr(at, spellings[i])); at++)
            if (at[strlen(member)] == '\'' || at[strlen(member)] == '.')
                return true;
    return false;
}

/* A REST request that lacks what its operation is told by is another operation. */
static bool tells_operation(const Case *c, const SwMember *m, Fault fault) {
    return fault == FAULT_MISSING && (c->protocol & (SW_REST_JSON | SW_REST_XML)) &&
           (m->location == SW_IN_QUERY || m->location == SW_IN_HEADER);
}

static void check_fault(Case *c, const SwMember *target, Fault fault) {
    Generator g = {.a = c->a, .maximal = true, .protocol = c->protocol, .target = target, .fault = fault};
    SwError err = sw_error(c->a);
    void *in = generate(&g, c->op->input), *got;
    if (!g.done || !g.path) {
        c->n->not_breakable++;
        return;
    }
    c->may_be_another = tells_operation(c, target, fault);
    bool crossed = cross(c, in, &got);
    c->may_be_another = false;
    if (!crossed)
        return;
    if (!got) {
        c->n->refused_by_client++;
        return;
    }
    c->n->faults++;
    if (sw_validate(c->op->input, got, &SW_VALIDATION_EXCEPTION, &err) == 0)
        complain(c, "fault %d at %s was not refused", fault, g.path);
    else if (!names(err.message, g.path))
        complain(c, "fault %d at %s is not named: %.300s", fault, g.path, err.message);
    else if (!strstr(err.message, fault_words(fault)) && !strstr(err.message, fault_words(FAULT_MISSING)) &&
             strlen(err.message) < 60000)
        complain(c, "fault %d at %s is told otherwise: %.300s", fault, g.path, err.message);
}

typedef struct Seen {
    const SwShape *v[4096];
    size_t n;
} Seen;

static bool seen(Seen *s, const SwShape *shape) {
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i] == shape)
            return true;
    if (s->n < SW_N(s->v))
        s->v[s->n++] = shape;
    return false;
}

static void check_faults_of(Case *c, const SwMember *m) {
    for (Fault f = FAULT_NONE + 1; f < _FAULT_MAX; f++) {
        if (!generate_can_break(m, f))
            continue;
        sw_arena_reset(c->a);
        check_fault(c, m, f);
    }
}

/* All members of an input; nested structures once an API, as they are the same wherever they stand. */
static void check_faults_in(Case *c, Seen *once, const SwShape *s, unsigned depth) {
    if (depth > 4)
        return;
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwShape *inner = s->member[i].shape;
        check_faults_of(c, &s->member[i]);
        while (inner->kind == SW_LIST || inner->kind == SW_MAP) {
            const SwMember *element = &inner->member[inner->kind == SW_MAP];
            if (!seen(once, inner))
                check_faults_of(c, element);
            inner = element->shape;
        }
        if ((inner->kind == SW_STRUCTURE || inner->kind == SW_UNION) && !seen(once, inner))
            check_faults_in(c, once, inner, depth + 1);
    }
}

static void check_error(Case *c, const SwErrorKind *kind) {
    Generator g = {.a = c->a, .maximal = true, .protocol = c->protocol};
    SwError err = sw_error(c->a), got = sw_error(c->a);
    SwWireMessage m = {0};
    void *detail = kind->shape ? generate(&g, kind->shape) : NULL, *out;
    const SwShape *s = kind->shape;
    for (uint32_t i = 0; s && i < s->n_member; i++)
        if (sw_str_ieq(sw_str(s->member[i].name), SW_STR("message")))
            *(SwStr *)sw_member_make(c->a, &s->member[i], detail) = SW_STR("It's <broken> & \"bad\"");
    sw_fail(&err, kind, "It's <broken> & \"bad\"");
    err.detail = detail;
    sw_wire_encode_error(c->a, c->api, c->op, c->protocol, &err, SW_STR("req-1"), &m);
    int r = sw_wire_decode_response(c->a, c->api, c->op, c->protocol, &m, &out, &got);
    c->n->errors++;
    if (m.status != kind->http)
        complain(c, "%s has status %u", kind->code, m.status);
    if (strcmp(c->op->method, "HEAD") == 0) {
        if (m.body.n || r == 0)
            complain(c, "%s of a HEAD has a body", kind->code);
        return;
    }
    const char *code =
        kind->query_code && (c->protocol & (SW_QUERY | SW_EC2_QUERY | SW_REST_XML)) ? kind->query_code : kind->code;
    bool known =
        r < 0 && (strcmp(got.kind->code, kind->code) == 0 || (got.kind->query_code && strcmp(got.kind->query_code, code) == 0));
    if (!known || strcmp(got.message, err.message))
        complain(c, "%s came as %s: %s\n%.*s", code, got.kind ? got.kind->code : "none", got.message, SW_FMT(m.body));
    if (s && !(c->protocol & (SW_QUERY | SW_EC2_QUERY | SW_REST_XML)) && !sw_shape_equal(s, detail, got.detail))
        show_difference(c, s, detail, got.detail);
}

static void check_api(SwArena *a, const SwApi *api, uint32_t protocol, Counts *n) {
    static Seen once;
    once.n = 0;
    for (size_t i = 0; i < api->n_op; i++) {
        Case c = {.a = a, .api = api, .op = &api->op[i], .protocol = protocol, .n = n};
        n->operations++;
        for (int maximal = 0; maximal < 2; maximal++) {
            sw_arena_reset(a);
            check_request(&c, maximal);
            sw_arena_reset(a);
            check_reply(&c, maximal);
        }
        if (c.op->input)
            check_faults_in(&c, &once, c.op->input, 0);
        for (const SwErrorKind *const *k = c.op->error; k && *k; k++) {
            sw_arena_reset(a);
            check_error(&c, *k);
        }
    }
}

static void every_operation_crosses_the_wire_in_every_protocol(void **state) {
    (void)state;
    SwArena *a = sw_arena_new(512 * SW_MIB);
    Counts all = {0};
    for (const SwApi *const *api = sw_apis; *api; api++) {
        for (uint32_t bit = 1; bit <= SW_RPC_V2_CBOR; bit <<= 1) {
            Counts n = {0};
            if (!((*api)->protocols & bit))
                continue;
            check_api(a, *api, bit, &n);
            printf(
                "# %-14s %#4x: %u operations, %u requests (%u valid as made), %u replies, %u faults refused, %u by the client, "
                "%u not breakable, %u errors, %u event streams, %u failed\n",
                (*api)->name, bit, n.operations, n.requests, n.valid, n.replies, n.faults, n.refused_by_client, n.not_breakable,
                n.errors, n.streams_of_events, n.failed);
            all.operations += n.operations;
            all.requests += n.requests;
            all.replies += n.replies;
            all.faults += n.faults;
            all.errors += n.errors;
            all.failed += n.failed;
        }
    }
    printf("# in all: %u operations, %u requests, %u replies, %u faults refused, %u errors, %u failed\n", all.operations,
           all.requests, all.replies, all.faults, all.errors, all.failed);
    assert_true(all.operations > 500);
    assert_int_equal(all.failed, 0);
    sw_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation_crosses_the_wire_in_every_protocol)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
