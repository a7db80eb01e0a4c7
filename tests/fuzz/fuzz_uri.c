/* SPDX-License-Identifier: Apache-2.0 */

/* Paths and queries of REST requests: `METHOD path?query`, first byte: the API. Whatever matches is decoded. */

#include "wire_fuzz.h"

#include "models/s3.gen.h"
#include "models/xray.gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    const SwApi *api = data[0] & 1 ? &xray_api : &s3_api;
    SwStr rest = sw_str_n((const char *)data + 1, size - 1);
    SwWireMessage m = {0};
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    if (sw_str_cut(&rest, ' ', &m.method)) {
        m.path = rest;
        if (sw_str_cut(&rest, '?', &m.path))
            m.query = rest;
        const SwOperation *op = sw_wire_operation(a, api, sw_wire_protocol(api, &m), &m, &err);
        if (op && op->input)
            fuzz_request(api, op, api->protocol, &m);
        if (!op && !err.kind)
            abort();
    }
    sw_arena_free(a);
    return 0;
}
