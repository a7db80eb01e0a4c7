/* SPDX-License-Identifier: Apache-2.0 */
/* Growable buffer with a maximum: see buf.h. */

#include "base/buf.h"

#include <stdio.h>

SwBuf sw_buf(SwArena *a, size_t max) {
    return (SwBuf){.arena = a, .max = max};
}

/* Room for n more bytes and a NUL. */
static bool room(SwBuf *b, size_t n) {
    if (b->full || n > b->max - b->n) {
        b->full = true;
        return false;
    }
    if (b->cap - b->n > n && b->p)
        return true;
    size_t want = b->n + n + 1, cap = b->cap ? b->cap * 2 : 256;
    cap = SW_MAX(cap, want);
    b->p = sw_arena_grow(b->arena, b->p, b->cap, cap);
    b->cap = cap;
    return true;
}

void sw_buf_add(SwBuf *b, const void *p, size_t n) {
    if (!room(b, n))
        return;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
}

void sw_buf_adds(SwBuf *b, SwStr s) {
    sw_buf_add(b, s.p, s.n);
}

void sw_buf_addz(SwBuf *b, const char *z) {
    sw_buf_add(b, z, strlen(z));
}

void sw_buf_addc(SwBuf *b, char c) {
    sw_buf_add(b, &c, 1);
}

void sw_buf_addi(SwBuf *b, int64_t v) {
    char digits[20], *p = digits + sizeof(digits);
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do
        *--p = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (v < 0)
        *--p = '-';
    sw_buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

/* Formats into the room there is, which is mostly enough; only text that does not fit is formatted twice. */
void sw_buf_addf(SwBuf *b, const char *fmt, ...) {
    va_list ap, again;
    size_t left = b->p ? b->cap - b->n : 0;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(left ? b->p + b->n : NULL, left, fmt, ap);
    va_end(ap);
    if (n > 0 && room(b, (size_t)n)) {
        if ((size_t)n >= left)
            vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    if (b->p)
        b->p[b->n] = 0; /* also where a part was written that does not fit */
    va_end(again);
}

void sw_buf_reset(SwBuf *b) {
    b->n = 0;
    b->full = false;
    if (b->p)
        b->p[0] = 0;
}
