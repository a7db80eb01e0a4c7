/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers from getrandom(2), which each thread asks for more than one at a time. */

#include "base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/digest.h"

#define DRAWN 512 /* bytes a call: a request draws 16 or 32 */

static void from_kernel(void *p, size_t n) {
    char *at = p;
    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            abort(); /* a kernel without randomness: nothing made here could be trusted */
        at += got;
        n -= (size_t)got;
    }
}

/* What was given away is not kept: it may be a key. */
void sw_random(void *p, size_t n) {
    static _Thread_local struct {
        unsigned char bytes[DRAWN];
        size_t left;
    } drawn;
    if (n > DRAWN / 4) {
        from_kernel(p, n);
        return;
    }
    if (drawn.left < n) {
        from_kernel(drawn.bytes, DRAWN);
        drawn.left = DRAWN;
    }
    drawn.left -= n;
    memcpy(p, drawn.bytes + drawn.left, n);
    explicit_bzero(drawn.bytes + drawn.left, n);
}

uint64_t sw_id_u64(void) {
    uint64_t v;
    sw_random(&v, sizeof v);
    return v;
}

/* Unbiased: bytes beyond the last whole multiple of the alphabet's size are drawn again. */
static SwStr draw(SwArena *a, size_t n, const char *alphabet, unsigned size) {
    char *p = sw_arena_alloc(a, n + 1);
    unsigned fair = 256 / size * size;
    for (size_t i = 0; i < n;) {
        unsigned char bytes[64];
        sw_random(bytes, sizeof bytes);
        for (size_t k = 0; k < sizeof bytes && i < n; k++)
            if (bytes[k] < fair)
                p[i++] = alphabet[bytes[k] % size];
    }
    return (SwStr){p, n};
}

SwStr sw_id_hex(SwArena *a, size_t digits) {
    return draw(a, digits, "0123456789abcdef", 16);
}

SwStr sw_id_base32(SwArena *a, size_t chars) {
    return draw(a, chars, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32);
}

SwStr sw_id_base62(SwArena *a, size_t chars) {
    return draw(a, chars, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 62);
}

SwStr sw_id_uuid(SwArena *a) {
    unsigned char b[16];
    sw_random(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    SwStr hex = sw_hex(a, b, sizeof b);
    char *p = sw_arena_alloc(a, 37), *q = p;
    for (size_t i = 0; i < hex.n; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *q++ = '-';
        *q++ = hex.p[i];
    }
    return sw_str_n(p, 36);
}
