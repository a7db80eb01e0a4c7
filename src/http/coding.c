/* SPDX-License-Identifier: Apache-2.0 */

/* The chunked decoder is a table-free state machine that hands out views of its input; sizes are bounded to 15 hex
 * digits and framing between two pieces of data to 16 KiB, so that neither extensions nor trailers can go on forever.
 *
 * "deflate" means zlib's format by the book and raw deflate in practice: the first two bytes tell them apart. */

#include "http/coding.h"

#include <zlib.h>

#define FRAMING_MAX (16 * SW_KIB)
#define WINDOW      (32 * SW_KIB)

enum { C_SIZE, C_EXT, C_SIZE_LF, C_DATA, C_DATA_CR, C_DATA_LF, C_TRAILER, C_TRAILER_LINE, C_TRAILER_LF, C_LAST_LF, C_END };

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_text(char c) {
    return (unsigned char)c >= 0x20 ? c != 0x7f : c == '\t';
}

static int step_size(SwChunked *c, char ch) {
    int d = hex(ch);
    if (d >= 0) {
        c->left = c->left * 16 + (unsigned)d;
        return ++c->digits > 15 ? -1 : C_SIZE;
    }
    if (c->digits == 0)
        return -1;
    return ch == '\r' ? C_SIZE_LF : ch == ';' || ch == ' ' || ch == '\t' ? C_EXT : -1;
}

/* One byte of framing; the next state, or -1. */
static int step(SwChunked *c, char ch) {
    switch (c->state) {
    case C_SIZE: return step_size(c, ch);
    case C_EXT: return ch == '\r' ? C_SIZE_LF : is_text(ch) ? C_EXT : -1;
    case C_SIZE_LF: return ch != '\n' ? -1 : c->left ? C_DATA : C_TRAILER;
    case C_DATA_CR: return ch == '\r' ? C_DATA_LF : -1;
    case C_DATA_LF:
        c->left = 0;
        c->digits = 0;
        return ch == '\n' ? C_SIZE : -1;
    case C_TRAILER: return ch == '\r' ? C_LAST_LF : ch != ' ' && is_text(ch) ? C_TRAILER_LINE : -1;
    case C_TRAILER_LINE: return ch == '\r' ? C_TRAILER_LF : is_text(ch) ? C_TRAILER_LINE : -1;
    case C_TRAILER_LF: return ch == '\n' ? C_TRAILER : -1;
    case C_LAST_LF: return ch == '\n' ? C_END : -1;
    default: return -1;
    }
}

ssize_t sw_chunked_push(SwChunked *c, const char *p, size_t n, SwStr *ret_data) {
    *ret_data = SW_NO_STR;
    size_t i = 0;
    while (i < n && c->state != C_END) {
        if (c->state == C_DATA) {
            size_t k = SW_MIN(c->left, n - i);
            *ret_data = sw_str_n(p + i, k);
            c->left -= k;
            c->line = 0;
            if (c->left == 0)
                c->state = C_DATA_CR;
            return (ssize_t)(i + k);
        }
        c->state = step(c, p[i++]);
        if (c->state < 0 || ++c->line > FRAMING_MAX)
            return -1;
    }
    return (ssize_t)i;
}

bool sw_chunked_ended(const SwChunked *c) {
    return c->state == C_END;
}

struct SwInflate {
    z_stream z;
    bool gzip, open, member_end;
    unsigned char first; /* of deflate, until the second byte tells the format */
    int have_first;
    unsigned char window[WINDOW];
};

static void inflate_free(void *arg) {
    SwInflate *z = arg;
    if (z->open)
        inflateEnd(&z->z);
}

static bool inflate_open(SwInflate *z, int bits) {
    z->open = inflateInit2(&z->z, bits) == Z_OK;
    return z->open;
}

SwInflate *sw_inflate_new(SwArena *a, SwStr coding) {
    SwInflate *z = sw_new(a, SwInflate);
    z->gzip = !sw_str_ieq(coding, SW_STR("deflate"));
    sw_arena_defer(a, inflate_free, z);
    if (z->gzip)
        (void)inflate_open(z, 15 + 16); /* a failure shows in the first push */
    return z;
}

static int inflate_run(SwInflate *z, const unsigned char *p, size_t n, SwSink *sink, void *arg, SwError *err) {
    if (!z->open)
        return 1;
    while (n > 0) {
        if (z->member_end) { /* gzip: members may follow one another */
            if (!z->gzip || inflateReset(&z->z) != Z_OK)
                return 1;
            z->member_end = false;
        }
        unsigned take = (unsigned)SW_MIN(n, SW_MIB);
        z->z.next_in = (Bytef *)(uintptr_t)p;
        z->z.avail_in = take;
        int rc;
        do {
            z->z.next_out = z->window;
            z->z.avail_out = WINDOW;
            rc = inflate(&z->z, Z_NO_FLUSH);
            if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
                return 1;
            size_t made = WINDOW - z->z.avail_out;
            if (made && sink(arg, z->window, made, err) < 0)
                return -1;
        } while (rc == Z_OK && z->z.avail_out == 0);
        z->member_end = rc == Z_STREAM_END;
        size_t used = take - z->z.avail_in;
        if (used == 0 && !z->member_end)
            return 1;
        p += used;
        n -= used;
    }
    return 0;
}

int sw_inflate_push(SwInflate *z, const void *p, size_t n, SwSink *sink, void *arg, SwError *err) {
    const unsigned char *b = p;
    if (!z->open && !z->gzip && n > 0) {
        if (!z->have_first) {
            z->first = *b++;
            z->have_first = 1;
            n--;
        }
        if (n == 0)
            return 0;
        bool zlib = (z->first & 15) == 8 && (z->first * 256 + b[0]) % 31 == 0;
        if (!inflate_open(z, zlib ? 15 : -15))
            return 1;
        int rc = inflate_run(z, &z->first, 1, sink, arg, err);
        if (rc)
            return rc;
    }
    return inflate_run(z, b, n, sink, arg, err);
}

bool sw_inflate_ended(const SwInflate *z) {
    return z->member_end;
}
