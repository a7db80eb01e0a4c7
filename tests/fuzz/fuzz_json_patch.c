/* SPDX-License-Identifier: Apache-2.0 */

/* JSON Patch: a document, a line end, a patch. What comes of it is a document again. */

#include <stdlib.h>

#include "services/cloudcontrol/cloudcontrol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 64 * SW_KIB)
        return 0;
    SwArena *a = sw_arena_new(256 * SW_MIB);
    SwError err = sw_error(a);
    char *copy = sw_arena_alloc(a, size + 1);
    memcpy(copy, data, size);
    SwStr patch = sw_str_n(copy, size), text;
    SwValue doc, again;
    if (sw_str_cut(&patch, '\n', &text) && sw_json_parse(a, text, &doc, &err) == 0 &&
        cloudcontrol_patch(a, NULL, &doc, patch, &err) == 0) {
        SwStr made = sw_json_text(a, &doc);
        bool deep = sw_json_parse(a, made, &again, &err) < 0; /* a copy of a value into itself may go too deep */
        if (!deep && !sw_str_eq(sw_json_text(a, &again), made))
            abort();
    } else if (err.kind && !err.message) {
        abort();
    }
    sw_arena_free(a);
    return 0;
}
