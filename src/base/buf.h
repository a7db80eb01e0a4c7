/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A growable byte buffer on an arena. Its maximum is given at birth; past it `full` latches and bytes are dropped, so
 * that a writer checks once, at the end. Always NUL-terminated (the NUL is not counted). */

#include "base/str.h"

typedef struct SwBuf {
    SwArena *arena;
    char *p;
    size_t n, cap, max;
    bool full; /* something did not fit */
} SwBuf;

SwBuf sw_buf(SwArena *a, size_t max);
void sw_buf_add(SwBuf *b, const void *p, size_t n);
void sw_buf_adds(SwBuf *b, SwStr s);
void sw_buf_addz(SwBuf *b, const char *z);
void sw_buf_addc(SwBuf *b, char c);
void sw_buf_addi(SwBuf *b, int64_t v); /* decimal; a tenth of what a format costs */
void sw_buf_addf(SwBuf *b, const char *fmt, ...) sw_printf(2, 3);
void sw_buf_reset(SwBuf *b);
static inline SwStr sw_buf_str(const SwBuf *b) { /* view; present even when empty */
    return (SwStr){b->p ? b->p : "", b->n};
}
