/* SPDX-License-Identifier: Apache-2.0 */
/* Strings as pointer and length: see str.h. */

#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef SW_ASAN
#include <sanitizer/asan_interface.h>
#endif

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static bool space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool sw_str_among(SwStr s, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (sw_str_eqz(s, names[i]))
            return true;
    return false;
}

bool sw_str_ieq(SwStr a, SwStr b) {
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

int sw_str_cmp(SwStr a, SwStr b) {
    size_t n = SW_MIN(a.n, b.n);
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool sw_str_starts(SwStr s, SwStr prefix) {
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool sw_str_ends(SwStr s, SwStr suffix) {
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

bool sw_str_contains(SwStr s, SwStr part) {
    return part.n == 0 || (s.n && memmem(s.p, s.n, part.p, part.n) != NULL);
}

SwStr sw_str_skip(SwStr s, size_t n) {
    n = SW_MIN(n, s.n);
    return s.p ? (SwStr){s.p + n, s.n - n} : s;
}

SwStr sw_str_drop(SwStr s, size_t n) {
    return (SwStr){s.p, s.n - SW_MIN(n, s.n)};
}

SwStr sw_str_trim(SwStr s) {
    while (s.n && space(s.p[0]))
        s = sw_str_skip(s, 1);
    while (s.n && space(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t sw_str_span(SwStr s, const char *set) {
    bool in[256] = {0};
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)set; *p; p++) {
        unsigned char last = p[1] == '-' && p[2] ? p[2] : *p;
        for (unsigned c = *p; c <= last; c++)
            in[c] = true;
        if (last != *p)
            p += 2;
    }
    while (n < s.n && in[(unsigned char)s.p[n]])
        n++;
    return n;
}

bool sw_str_all(SwStr s, const char *set) {
    return sw_str_span(s, set) == s.n;
}

bool sw_str_find(SwStr s, char c, size_t *ret_at) {
    const char *q = s.n ? memchr(s.p, c, s.n) : NULL;
    if (!q)
        return false;
    *ret_at = (size_t)(q - s.p);
    return true;
}

bool sw_str_rfind(SwStr s, char c, size_t *ret_at) {
    const char *q = s.n ? memrchr(s.p, c, s.n) : NULL;
    if (!q)
        return false;
    *ret_at = (size_t)(q - s.p);
    return true;
}

bool sw_str_cut(SwStr *rest, char at, SwStr *ret_head) {
    size_t i;
    if (!sw_str_find(*rest, at, &i))
        return false;
    *ret_head = (SwStr){rest->p, i};
    *rest = sw_str_skip(*rest, i + 1);
    return true;
}

bool sw_str_next(SwStr *rest, char at, SwStr *ret_part) {
    if (!rest->p)
        return false;
    if (sw_str_cut(rest, at, ret_part))
        return true;
    *ret_part = *rest;
    bool some = rest->n > 0;
    *rest = SW_NO_STR;
    return some;
}

/* Linear but for backtracking to the last '*', which is enough: a later star makes earlier ones irrelevant. */
bool sw_str_glob_by(SwStr pattern, SwStr s, bool (*same)(char pattern, char c)) {
    size_t i = 0, j = 0, star = SIZE_MAX, mark = 0;
    while (j < s.n) {
        if (i < pattern.n && pattern.p[i] == '*') {
            star = i++;
            mark = j;
        } else if (i < pattern.n && (pattern.p[i] == '?' || same(pattern.p[i], s.p[j]))) {
            i++;
            j++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            j = ++mark;
        } else {
            return false;
        }
    }
    while (i < pattern.n && pattern.p[i] == '*')
        i++;
    return i == pattern.n;
}

static bool equal(char pattern, char c) {
    return pattern == c;
}

bool sw_str_glob(SwStr pattern, SwStr s) {
    return sw_str_glob_by(pattern, s, equal);
}

/* What comes before the next '*', and whether there is one. */
static bool cut_star(SwStr *rest, bool escapes, SwStr *ret_piece) {
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == '*') {
            *ret_piece = sw_str_n(rest->p, i);
            *rest = sw_str_skip(*rest, i + 1);
            return true;
        }
        i += escapes && rest->p[i] == '\\';
    }
    *ret_piece = *rest;
    return false;
}

static SwStr unescaped(SwArena *a, SwStr piece) {
    char *out = sw_arena_alloc(a, piece.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < piece.n; i++) {
        i += piece.p[i] == '\\' && i + 1 < piece.n;
        out[n++] = piece.p[i];
    }
    return sw_str_n(out, n);
}

/* The first place of each piece is good enough, as a later one leaves less for those behind it: nothing is tried twice. */
bool sw_str_stars(SwStr pattern, SwStr s, bool escapes) {
    _sw_arena_ SwArena *own = NULL; /* of pieces with a backslash in them */
    SwStr piece;
    size_t at;
    for (bool first = true;; first = false) {
        bool more = cut_star(&pattern, escapes, &piece);
        if (piece.n / 2 > s.n) /* longer than what is left, even if each second byte is a backslash */
            return false;
        if (escapes && sw_str_find(piece, '\\', &at)) {
            own = own ? own : sw_arena_new(0);
            piece = unescaped(own, piece);
        }
        if (!more)
            return first ? sw_str_eq(s, piece) : sw_str_ends(s, piece);
        if (first && !sw_str_starts(s, piece))
            return false;
        const char *found = first || piece.n == 0 ? s.p : s.n ? memmem(s.p, s.n, piece.p, piece.n) : NULL;
        if (!found && piece.n > 0)
            return false;
        s = sw_str_skip(s, (found ? (size_t)(found - s.p) : 0) + piece.n);
    }
}

bool sw_str_to_u64(SwStr s, uint64_t *ret_v) {
    uint64_t v = 0;
    if (!s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)(s.p[i] - '0');
        if (d > 9 || v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *ret_v = v;
    return true;
}

bool sw_str_to_i64(SwStr s, int64_t *ret_v) {
    bool minus = s.n && s.p[0] == '-';
    uint64_t v;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = sw_str_skip(s, 1);
    if (!sw_str_to_u64(s, &v) || v > (uint64_t)INT64_MAX + minus)
        return false;
    *ret_v = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool sw_str_to_double(SwStr s, double *ret_v) {
    static const struct {
        const char *name;
        double v;
    } named[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    for (size_t i = 0; i < SW_N(named); i++)
        if (sw_str_eqz(s, named[i].name)) {
            *ret_v = named[i].v;
            return true;
        }
    char z[400], *end;
    if (!s.n || s.n >= sizeof z)
        return false;
    for (size_t i = 0; i < s.n; i++) /* strtod would take "inf", "0x1p3" and white space too */
        if (!strchr("0123456789+-.eE", s.p[i]))
            return false;
    memcpy(z, s.p, s.n);
    z[s.n] = 0;
    double v = strtod(z, &end);
    if (end != z + s.n || isinf(v)) /* 1e999 is no number of ours */
        return false;
    *ret_v = v;
    return true;
}

/* Well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. */
bool sw_str_is_utf8(SwStr s) {
    const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
    while (p < end) {
        unsigned c = *p++;
        if (c < 0x80)
            continue;
        unsigned more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        if (c < 0xC2 || c > 0xF4 || (size_t)(end - p) < more)
            return false;
        unsigned least = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80, most = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
        if (p[0] < least || p[0] > most)
            return false;
        for (unsigned i = 1; i < more; i++)
            if ((p[i] & 0xC0) != 0x80)
                return false;
        p += more;
    }
    return true;
}

SwStr sw_str_dup(SwArena *a, SwStr s) {
    if (!s.p)
        return s;
    char *p = sw_arena_alloc(a, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    return (SwStr){p, s.n};
}

const char *sw_str_z(SwArena *a, SwStr s) {
    return s.p ? sw_str_dup(a, s).p : "";
}

static SwStr map_bytes(SwArena *a, SwStr s, char (*fn)(char)) {
    if (!s.p)
        return s;
    char *p = sw_arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = fn(s.p[i]);
    return (SwStr){p, s.n};
}

SwStr sw_str_lower(SwArena *a, SwStr s) {
    return map_bytes(a, s, lower);
}

SwStr sw_str_upper(SwArena *a, SwStr s) {
    return map_bytes(a, s, upper);
}

SwStr sw_strfv(SwArena *a, const char *fmt, va_list ap) {
    char small[256]; /* most texts fit and are formatted once */
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, again);
    va_end(again);
    if (n < 0)
        return SW_STR("");
    char *p = sw_arena_alloc(a, (size_t)n + 1);
    if ((size_t)n < sizeof small)
        memcpy(p, small, (size_t)n + 1);
    else
        vsnprintf(p, (size_t)n + 1, fmt, ap);
    return (SwStr){p, (size_t)n};
}

SwStr sw_strf(SwArena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr s = sw_strfv(a, fmt, ap);
    va_end(ap);
    return s;
}

SwStr sw_str_join(SwArena *a, const SwStr *v, size_t n, SwStr between) {
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += v[i].n + (i ? between.n : 0);
    char *p = sw_arena_alloc(a, total + 1), *q = p;
    for (size_t i = 0; i < n; i++) {
        if (i && between.n)
            q = mempcpy(q, between.p, between.n);
        if (v[i].n)
            q = mempcpy(q, v[i].p, v[i].n);
    }
    return (SwStr){p, total};
}

SwStrList sw_str_split(SwArena *a, SwStr s, char at) {
    SwStrList l = {0};
    SwStr part;
    while (sw_str_next(&s, at, &part))
        sw_str_list_add(a, &l, part);
    return l;
}

#ifdef SW_ASAN
/* Whether lists are watched (str.h); the sanitizer knows memory by eight bytes. */
static bool watched(size_t size) {
    static _Atomic int on; /* 0: not asked yet */
    if (!on) {
        const char *word = getenv("SLIPWAY_LISTS");
        on = word && strcmp(word, "abort") == 0 ? 1 : -1;
    }
    return on > 0 && size % 8 == 0;
}

static void seal(const void *v, size_t from, size_t to, size_t size) {
    if (v && watched(size))
        __asan_poison_memory_region((const char *)v + from * size, (to - from) * size);
}

static void unseal(const void *last, size_t size) {
    if (!watched(size))
        return;
    if (!__asan_address_is_poisoned(last)) {
        fprintf(stderr, "sw_list_add: the list was not made by it, or is shared and was grown by another\n");
        abort();
    }
    __asan_unpoison_memory_region(last, size);
}
#else
#define seal(v, from, to, size) (void)0
#define unseal(last, size)      (void)0
#endif

void sw_list_seal(const void *v, size_t n, size_t size) {
    size_t cap = 1;
    while (cap < n)
        cap *= 2;
    seal(v, n, cap, size);
}

/* Capacity is the next power of two, so growth needs no field of its own. */
void *sw_list_add_(SwArena *a, void **v, size_t *n, size_t size) {
    if (!*v || (*n & (*n - 1)) == 0) {
        size_t cap = *n ? *n * 2 : 1;
        *v = sw_arena_grow(a, *n ? *v : NULL, *n * size, cap * size);
        seal(*v, *n, cap, size);
    }
    void *last = (char *)*v + *n * size;
    unseal(last, size);
    memset(last, 0, size);
    (*n)++;
    return last;
}

void sw_str_list_add(SwArena *a, SwStrList *l, SwStr s) {
    *(SwStr *)sw_list_add_(a, (void **)&l->v, &l->n, sizeof s) = s;
}

bool sw_str_list_has(const SwStrList *l, SwStr s) {
    for (size_t i = 0; i < l->n; i++)
        if (sw_str_eq(l->v[i], s))
            return true;
    return false;
}
