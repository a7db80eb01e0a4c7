/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of this room share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../arena.h"
#include "wire/wire.h"

#define assert_str(s, z) \
    do { \
        SwStr s_ = (s); \
        const char *z_ = (z); \
        if (!sw_str_eqz(s_, z_)) \
            fail_msg("\n  came   %.*s\n  wanted %s", SW_FMT(s_), z_); \
    } while (0)
#define assert_has(s, z) \
    do { \
        SwStr h_ = (s); \
        if (!sw_str_contains(h_, sw_str(z))) \
            fail_msg("\n  %.*s\n  lacks %s", SW_FMT(h_), (z)); \
    } while (0)

#define wire_unit_test(f) ARENA_TEST(f)

typedef struct Sent { /* a request as a client wrote it */
    const char *method, *path, *query, *type, *target, *body;
} Sent;

static inline SwWireMessage message(SwArena *a, const Sent *s) {
    SwWireMessage m = {.method = sw_str(s->method),
                       .path = sw_str(s->path ? s->path : "/"),
                       .query = sw_str(s->query),
                       .body = sw_str(s->body)};
    if (s->type)
        sw_header_add(a, &m.headers, SW_STR("content-type"), sw_str(s->type));
    if (s->target)
        sw_header_add(a, &m.headers, SW_STR("x-amz-target"), sw_str(s->target));
    return m;
}

static inline SwStr shape_text(SwArena *a, const SwShape *s, const void *v) {
    SwBuf b = sw_buf(a, SW_MIB);
    sw_shape_to_json(&b, s, v);
    return sw_buf_str(&b);
}

/* Protocol, operation and members of a request; "!Code: message" when it is refused. */
static inline SwStr decoded_message(SwArena *a, const SwApi *api, const SwWireMessage *m) {
    SwError err = sw_error(a);
    void *in = NULL;
    uint32_t protocol = sw_wire_protocol(api, m);
    const SwOperation *op = sw_wire_operation(a, api, protocol, m, &err);
    if (!op || sw_wire_decode_request(a, api, op, protocol, m, &in, &err) < 0)
        return sw_strf(a, "!%s: %s", err.kind->code, err.message);
    SwStr text = in ? shape_text(a, op->input, in) : SW_STR("");
    return sw_strf(a, "%s %.*s", op->name, SW_FMT(text));
}

static inline SwStr decoded(SwArena *a, const SwApi *api, const Sent *s) {
    SwWireMessage m = message(a, s);
    return decoded_message(a, api, &m);
}
