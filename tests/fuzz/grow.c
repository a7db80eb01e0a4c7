/* SPDX-License-Identifier: Apache-2.0 */

/* That a decoder's work grows with its input and not with its square: beginnings of inputs (each seed, and the half of
 * it, so that something is open) with one piece of text after them, over and over, in many kinds.
 *
 * Processor time of this thread is compared with itself: an input that takes long must not take more than twice its due
 * against one of a quarter of its size (linear: 4 times, quadratic: 16). What looks guilty is measured again: a noisy
 * machine makes a time longer, never shorter. */

#include "../unit/cpu.h"
#include "grow.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL     ((size_t)16 << 10)
#define LARGE     ((size_t)64 << 10)
#define SEED_MAX  ((size_t)1 << 12)
#define QUICK_NS  (60 * 1000000LL) /* of a large one: not worth a second look */
#define RATIO_MAX 8
#define TRIES     4

#define PIECE(z) \
    { "" z, sizeof(z) - 1 }
static const struct {
    const char *p;
    size_t n;
} pieces[] = {
    PIECE(" "),
    PIECE("\n"),
    PIECE("\r\n"),
    PIECE("\t"),
    PIECE("a"),
    PIECE("\0"),
    PIECE("\xff"),
    PIECE("1"),
    PIECE("-"),
    PIECE("["),
    PIECE("]"),
    PIECE("{"),
    PIECE("("),
    PIECE("(("),
    PIECE("\""),
    PIECE("\\\""),
    PIECE("\\u0041"),
    PIECE("'"),
    PIECE("1,"),
    PIECE("[],"),
    PIECE("\"a\":1,"),
    PIECE("{\"a\":"),
    PIECE("{\"a\":1},"),
    PIECE("\"a\","),
    PIECE("\"*\","),
    PIECE("<!--"),
    PIECE("<a>"),
    PIECE("<a/>"),
    PIECE("<a></a>"),
    PIECE(" a='1'"),
    PIECE("&amp;"),
    PIECE("&"),
    PIECE("<![CDATA[x]]>"),
    PIECE("<?"),
    PIECE("<"),
    PIECE(">"),
    PIECE("-->"),
    PIECE("&a=1"),
    PIECE("&a.1.b=2"),
    PIECE("&a.member.1=2"),
    PIECE("%41"),
    PIECE("+"),
    PIECE("/"),
    PIECE("/a"),
    PIECE("/.."),
    PIECE("- a\n"),
    PIECE("  - a\n"),
    PIECE("a: b\n"),
    PIECE("  a: b\n"),
    PIECE("? "),
    PIECE("&a *a "),
    PIECE("- - "),
    PIECE("#"),
    PIECE("*"),
    PIECE("**/"),
    PIECE("*a"),
    PIECE("?"),
    PIECE(" ?a"),
    PIECE(" && "),
    PIECE(" || a=1"),
    PIECE("1+"),
    PIECE("-("),
    PIECE("!"),
    PIECE("a=b\n"),
    PIECE("X: y\r\n"),
    PIECE("1\r\na\r\n"),
    PIECE("0;a=b\r\n"),
    PIECE("0032"),
    PIECE("00000004"),
    PIECE("3\x01"
          "a"),
    PIECE("\x81"),
    PIECE("\x9f"),
    PIECE("\xa1\x61\x61"),
    PIECE("\x61\x61\x01"),
    PIECE("\x7f\x60"),
    PIECE("\x5f\x40"),
    PIECE("\xc0\x0c"),
};
#define PIECES (sizeof pieces / sizeof pieces[0])

/* One input of `size` bytes; how long it takes. */
static long long measure(const uint8_t *begin, size_t n, size_t piece, size_t size) {
    uint8_t *data = malloc(size + 64);
    if (!data)
        exit(1);
    memcpy(data, begin, n);
    size_t at = n;
    for (; at + pieces[piece].n <= size; at += pieces[piece].n)
        memcpy(data + at, pieces[piece].p, pieces[piece].n);
    long long since = cpu_thread_ns();
    (void)LLVMFuzzerTestOneInput(data, at);
    long long took = cpu_thread_ns() - since;
    free(data);
    return took;
}

static bool is_linear(const uint8_t *begin, size_t n, size_t piece) {
    long long large = measure(begin, n, piece, LARGE), small = 0;
    for (int i = 0; large > QUICK_NS && i < TRIES; i++) {
        long long s = measure(begin, n, piece, SMALL);
        small = i == 0 || s < small ? s : small;
        if (large <= RATIO_MAX * small)
            return true;
        long long l = i + 1 < TRIES ? measure(begin, n, piece, LARGE) : large;
        large = l < large ? l : large;
    }
    if (large <= QUICK_NS)
        return true;
    printf("not linear: %zu KiB take %lld ms, %zu KiB take %lld ms; piece %zu '%.*s' after %zu bytes: %.*s\n", SMALL >> 10,
           small / 1000000, LARGE >> 10, large / 1000000, piece, (int)pieces[piece].n, pieces[piece].p, n, (int)n,
           (const char *)begin);
    return false;
}

static bool grow_from(const uint8_t *begin, size_t n) {
    bool ok = true;
    for (size_t i = 0; i < PIECES; i++)
        ok &= is_linear(begin, n, i);
    return ok;
}

bool grow_file(const char *path) {
    uint8_t data[SEED_MAX];
    FILE *f = fopen(path, "re");
    if (!f) {
        perror(path);
        exit(1);
    }
    size_t n = fread(data, 1, sizeof data, f);
    fclose(f);
    bool whole = grow_from(data, n);
    return grow_from(data, n / 2) && whole;
}
