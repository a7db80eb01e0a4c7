/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the targets over src/wire share. What was decoded is encoded and decoded twice more: the second and third
 * reading must be alike. (The first may hold what the form cannot: nanoseconds, empty structures.) */

#include <stdlib.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline SwStr fuzz_text(SwArena *a, const SwShape *s, const void *v) {
    SwBuf b = sw_buf(a, 32 * SW_MIB);
    sw_shape_to_json(&b, s, v);
    return sw_buf_str(&b);
}

/* Encodes and decodes; NULL when the client refuses to encode it (a label that is empty). */
static inline void *fuzz_request_again(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const void *v) {
    SwError err = sw_error(a);
    SwWireMessage m;
    void *again = NULL;
    if (sw_wire_encode_request(a, api, op, protocol, v, &m, &err) < 0)
        return NULL;
    if (sw_wire_decode_request(a, api, op, protocol, &m, &again, &err) < 0)
        abort();
    return again;
}

static inline void fuzz_request(const SwApi *api, const SwOperation *op, uint32_t protocol, const SwWireMessage *m) {
    SwArena *a = sw_arena_new(512 * SW_MIB);
    SwError err = sw_error(a);
    void *first, *second, *third;
    if (sw_wire_decode_request(a, api, op, protocol, m, &first, &err) == 0 && first &&
        (second = fuzz_request_again(a, api, op, protocol, first))) {
        third = fuzz_request_again(a, api, op, protocol, second);
        if (!third || !sw_str_eq(fuzz_text(a, op->input, second), fuzz_text(a, op->input, third)))
            abort();
    }
    sw_arena_free(a);
}

static inline void *fuzz_reply_again(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const void *v) {
    SwError err = sw_error(a);
    SwWireMessage m;
    void *again = NULL;
    if (sw_wire_encode_response(a, api, op, protocol, v, SW_STR("r"), &m, &err) < 0 ||
        sw_wire_decode_response(a, api, op, protocol, &m, &again, &err) < 0)
        return NULL;
    return again;
}

static inline void fuzz_reply(const SwApi *api, const char *name, uint32_t protocol, const SwWireMessage *m) {
    SwArena *a = sw_arena_new(512 * SW_MIB);
    SwError err = sw_error(a);
    const SwOperation *op = sw_api_operation(api, sw_str(name));
    void *first, *second, *third;
    if (sw_wire_decode_response(a, api, op, protocol, m, &first, &err) == 0 && first &&
        (second = fuzz_reply_again(a, api, op, protocol, first))) {
        third = fuzz_reply_again(a, api, op, protocol, second);
        if (!third || !sw_str_eq(fuzz_text(a, op->output, second), fuzz_text(a, op->output, third)))
            abort();
    }
    sw_arena_free(a);
}

/* The operation that the first byte chooses. */
static inline const SwOperation *fuzz_operation(const SwApi *api, const char *const *names, size_t n, uint8_t choice) {
    return sw_api_operation(api, sw_str(names[choice % n]));
}
