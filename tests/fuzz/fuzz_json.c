/* SPDX-License-Identifier: Apache-2.0 */

/* JSON text: whatever is accepted is written and read again as the same tree, plainly and indented. */

#include <stdlib.h>

#include "base/json.h"

static bool same(const SwValue *x, const SwValue *y) {
    if (x->kind != y->kind || x->b != y->b || x->n != y->n || !sw_str_eq(x->s, y->s))
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (!same(&x->v[i], &y->v[i]) || (x->kind == SW_VOBJECT && !sw_str_eq(x->keys[i], y->keys[i])))
            return false;
    return true;
}

static void read_again(SwArena *a, const SwValue *v, SwStr text, SwError *err) {
    SwValue again;
    if (!sw_str_is_utf8(text) || sw_json_parse(a, text, &again, err) < 0 || !same(v, &again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 64 * SW_KIB)
        return 0;
    char *copy = malloc(size ? size : 1); /* to the byte, for the sanitizer to see a read past its end */
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    SwArena *a = sw_arena_new(256 * SW_MIB);
    SwError err = sw_error(a);
    SwValue v;
    if (sw_json_parse(a, sw_str_n(copy, size), &v, &err) == 0) {
        read_again(a, &v, sw_json_text(a, &v), &err);
        SwBuf b = sw_buf(a, 128 * SW_MIB);
        sw_json_write_pretty(&b, &v, 1);
        read_again(a, &v, sw_buf_str(&b), &err);
    } else if (!err.kind || !err.message) {
        abort();
    }
    sw_arena_free(a);
    free(copy);
    return 0;
}
