/* SPDX-License-Identifier: Apache-2.0 */

/* multipart/form-data with the boundary "b", pushed whole, byte by byte, and in pieces of the first byte's size: outcome,
 * parts and bytes must be alike. The first line is also read as a Content-Type. */

#include "wire_fuzz.h"

#include "http/multipart.h"

typedef struct Out {
    SwBuf all;
} Out;

static void add(SwBuf *b, char mark, SwStr s) {
    sw_buf_addf(b, "%c%zu:", mark, s.n);
    sw_buf_adds(b, s);
}

static int part(void *arg, const SwMultipartPart *p, SwError *err) {
    Out *o = arg;
    (void)err;
    add(&o->all, 'n', p->name);
    add(&o->all, 'f', p->filename);
    add(&o->all, 't', p->type);
    return 0;
}

static int data(void *arg, const void *p, size_t n, SwError *err) {
    Out *o = arg;
    (void)err;
    if (n == 0)
        abort();
    sw_buf_add(&o->all, p, n);
    return 0;
}

static SwStr run(SwArena *a, const char *p, size_t n, size_t step) {
    Out o = {.all = sw_buf(a, 8 * SW_MIB)};
    SwError err = sw_error(a);
    SwMultipart *m = sw_multipart_new(a, SW_STR("b"), &(SwMultipartEvents){&o, part, data});
    for (size_t i = 0; i < n; i += SW_MIN(step, n - i))
        if (sw_multipart_push(m, p + i, SW_MIN(step, n - i), &err) < 0)
            return sw_str(err.kind->code);
    if (sw_multipart_end(m, &err) < 0)
        return sw_str(err.kind->code);
    return sw_buf_str(&o.all);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 1)
        return 0;
    SwArena *a = sw_arena_new(0);
    const char *p = (const char *)bytes + 1;
    SwStr whole = run(a, p, size - 1, SW_MAX(size, 1u)), boundary, line = sw_str_n(p, size - 1);
    if (!sw_str_eq(whole, run(a, p, size - 1, 1)) || !sw_str_eq(whole, run(a, p, size - 1, bytes[0] % 16 + 2u)))
        abort();
    if (sw_multipart_boundary(a, line, &boundary) && (boundary.n < 1 || boundary.n > 70))
        abort();
    sw_arena_free(a);
    return 0;
}
