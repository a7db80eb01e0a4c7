/* SPDX-License-Identifier: Apache-2.0 */

/* Request heads. Whatever is accepted must be unambiguous: one length or chunked, tokens as names, no control
 * character anywhere, everything within the text; and cutting the text differently must find the same end. */

#include <stdlib.h>

#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool x) {
    if (!x)
        abort();
}

static void check_text(SwStr s) {
    for (size_t i = 0; i < s.n; i++)
        must(((unsigned char)s.p[i] >= 0x20 || s.p[i] == '\t') && s.p[i] != 0x7f);
}

static void check_inside(SwStr s, SwStr text) {
    must(s.n == 0 || (s.p >= text.p && s.p + s.n <= text.p + text.n) || sw_str_eqz(s, "/"));
    check_text(s);
}

/* Several lines of Content-Encoding were made one; all others are as they lie in the head. */
static void check_value(const SwHeader *h, SwStr text) {
    size_t at;
    if (sw_str_ieq(h->name, SW_STR("content-encoding")) && sw_str_find(h->value, ',', &at))
        check_text(h->value);
    else
        check_inside(h->value, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *p = (const char *)data, *why;
    size_t scan = 0, step = 0;
    ssize_t n = sw_head_end(p, size, &scan), m = 0;
    for (size_t k = 0; k <= size && m == 0; k++)
        m = sw_head_end(p, k, &step);
    must(n == m);
    if (n <= 0)
        return 0;
    SwArena *a = sw_arena_new(0);
    SwStr text = sw_str_dup(a, sw_str_n(p, (size_t)n));
    SwHead h;
    if (sw_head_parse(a, text, &h, &why) == 0) {
        must(h.length < 0 || !h.chunked);
        must(sw_http_is_token(h.method) && h.path.n > 0 && h.path.p[0] == '/');
        check_inside(h.path, text);
        check_inside(h.query, text);
        for (size_t i = 0; i < h.headers.n; i++) {
            must(sw_http_is_token(h.headers.v[i].name));
            check_value(&h.headers.v[i], text);
        }
    }
    sw_arena_free(a);
    return 0;
}
