/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns from clients: [pattern, document]. A pattern that is accepted can be used, and says the same twice; one that is
 * refused says why. */

#include <stdlib.h>

#include "api/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwValue v;
    if (sw_json_parse(a, sw_str_n((const char *)data, size), &v, &err) < 0 || v.kind != SW_VARRAY || v.n != 2)
        return 0;
    sw_error_reset(&err);
    if (sw_match_check(&v.v[0], sw_json_text(a, &v.v[0]), "", &SW_VALIDATION_EXCEPTION, &err) < 0) {
        if (err.kind != &SW_VALIDATION_EXCEPTION || !err.message)
            abort();
        return 0;
    }
    if (sw_match(&v.v[0], &v.v[1]) != sw_match(&v.v[0], &v.v[1]))
        abort();
    return 0;
}
