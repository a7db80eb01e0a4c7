/* SPDX-License-Identifier: Apache-2.0 */

/* aws-chunked bodies, pushed whole, byte by byte, and in pieces of the first byte's size: outcome, bytes and what the
 * check is handed must be alike. */

#include "wire_fuzz.h"

#include "base/digest.h"

typedef struct Out {
    SwArena *a;
    SwBuf data, checks;
} Out;

static int sink(void *arg, const void *p, size_t n, SwError *err) {
    Out *o = arg;
    (void)err;
    sw_buf_add(&o->data, p, n);
    return 0;
}

static int check(void *arg, bool trailer, SwStr signature, const uint8_t sha256[static 32], SwError *err) {
    Out *o = arg;
    (void)err;
    sw_buf_addc(&o->checks, trailer ? 't' : 'c');
    sw_buf_adds(&o->checks, sw_str_or(signature, SW_STR("-")));
    sw_buf_add(&o->checks, sha256, 32);
    return 0;
}

static SwStr run(SwArena *a, const char *p, size_t n, size_t step) {
    Out o = {.a = a, .data = sw_buf(a, 4 * SW_MIB), .checks = sw_buf(a, 4 * SW_MIB)};
    SwError err = sw_error(a);
    SwHeaderList trailers = {0};
    SwAwsChunked *c = sw_aws_chunked_new(a, -1, sink, &o);
    sw_aws_chunked_check(c, check, &o);
    for (size_t i = 0; i < n; i += SW_MIN(step, n - i))
        if (sw_aws_chunked_push(c, p + i, SW_MIN(step, n - i), &err) < 0)
            return sw_str(err.kind->code);
    if (sw_aws_chunked_end(c, &trailers, &err) < 0)
        return sw_str(err.kind->code);
    sw_buf_adds(&o.data, sw_buf_str(&o.checks));
    for (size_t i = 0; i < trailers.n; i++)
        sw_buf_adds(&o.data, trailers.v[i].value);
    return sw_buf_str(&o.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    SwArena *a = sw_arena_new(0);
    const char *p = (const char *)data + 1;
    SwStr whole = run(a, p, size - 1, SW_MAX(size, 1u)), bytes = run(a, p, size - 1, 1);
    if (!sw_str_eq(whole, bytes) || !sw_str_eq(whole, run(a, p, size - 1, data[0] % 16 + 2u)))
        abort();
    sw_arena_free(a);
    return 0;
}
