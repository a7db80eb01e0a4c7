/* SPDX-License-Identifier: Apache-2.0 */

/* The chunked and the gzip/deflate decoder. The first byte chooses; the rest is pushed whole and again byte by byte:
 * both must agree on outcome and bytes. Output is bounded, as a sink in the server would bound it. */

#include <stdlib.h>

#include "http/coding.h"

#define OUT_MAX (256 * 1024)

typedef struct Out {
    uint64_t hash;
    size_t n;
} Out;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *arg, const void *p, size_t n, SwError *err) {
    Out *o = arg;
    const unsigned char *b = p;
    for (size_t i = 0; i < n && o->n < OUT_MAX; i++, o->n++)
        o->hash = o->hash * 1099511628211u + b[i];
    return o->n < OUT_MAX ? 0 : -1;
}

/* 0: more is wanted, 1: ended, -1: malformed. */
static int run_chunked(const char *p, size_t n, size_t piece, Out *o) {
    SwChunked c = {0};
    SwStr data;
    for (size_t at = 0; at < n && !sw_chunked_ended(&c);) {
        ssize_t used = sw_chunked_push(&c, p + at, SW_MIN(piece, n - at), &data);
        if (used < 0)
            return -1;
        if (used == 0)
            abort();
        at += (size_t)used;
        if (data.n && take(o, data.p, data.n, NULL) < 0)
            return 0;
    }
    return sw_chunked_ended(&c);
}

static int run_inflate(SwStr coding, const char *p, size_t n, size_t piece, Out *o) {
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwInflate *z = sw_inflate_new(a, coding);
    int rc = 0;
    for (size_t at = 0; at < n && rc == 0; at += SW_MIN(piece, n - at))
        rc = sw_inflate_push(z, p + at, SW_MIN(piece, n - at), take, o, &err);
    rc = rc ? -rc : sw_inflate_ended(z) ? 2 : 0;
    sw_arena_free(a);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    const char *p = (const char *)data + 1;
    size_t n = size - 1;
    Out whole = {0}, bytes = {0};
    SwStr coding = data[0] & 2 ? SW_STR("gzip") : SW_STR("deflate");
    int a = data[0] & 1 ? run_chunked(p, n, n, &whole) : run_inflate(coding, p, n, n, &whole);
    int b = data[0] & 1 ? run_chunked(p, n, 1, &bytes) : run_inflate(coding, p, n, 1, &bytes);
    if (a != b || (a >= 0 && (whole.n != bytes.n || whole.hash != bytes.hash)))
        abort();
    return 0;
}
