/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Strings on the wire are pointer + length; NUL-terminated ones exist only at libc's borders.
 *
 * A SwStr with p == NULL is *absent*; one with p != NULL and n == 0 is present and empty. Bytes are UTF-8 where the
 * protocol says so, else anything, NUL included. A SwStr never owns what it points to. */

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"

typedef struct SwStr {
    const char *p;
    size_t n;
} SwStr;

typedef struct SwStrList {
    SwStr *v; /* NULL: absent */
    size_t n;
} SwStrList;

#define SW_STR(lit) ((SwStr){"" lit, sizeof(lit) - 1})
#define SW_STR_C(lit) \
    { "" lit, sizeof(lit) - 1 } /* in static tables */
/* For "%.*s". Expands its argument twice, so tools/check lets no call in but sw_str_or, _skip, _drop and _trim: a text that is
 * made on the way gets a variable, or sw_cat instead of sw_strf. */
#define SW_FMT(s) (int)(s).n, (s).p
#define SW_NO_STR ((SwStr){NULL, 0})

static inline SwStr sw_str(const char *z) { /* view of a C string; NULL gives absent */
    return z ? (SwStr){z, strlen(z)} : SW_NO_STR;
}
static inline SwStr sw_str_n(const char *p, size_t n) {
    return (SwStr){p, n};
}
static inline bool sw_str_is(SwStr s) { /* present and not empty */
    return s.n > 0;
}
static inline SwStr sw_str_or(SwStr s, SwStr otherwise) { /* s unless absent or empty */
    return s.n > 0 ? s : otherwise;
}
static inline bool sw_str_eq(SwStr a, SwStr b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool sw_str_eqz(SwStr a, const char *z) {
    return sw_str_eq(a, sw_str(z));
}
bool sw_str_among(SwStr s, const char *const *names, size_t n); /* is it one of these? */
bool sw_str_ieq(SwStr a, SwStr b);                              /* ASCII case folded */
int sw_str_cmp(SwStr a, SwStr b);                               /* bytewise order */
bool sw_str_starts(SwStr s, SwStr prefix);
bool sw_str_ends(SwStr s, SwStr suffix);
bool sw_str_contains(SwStr s, SwStr part);
SwStr sw_str_skip(SwStr s, size_t n); /* without the first n bytes (all, if fewer) */
SwStr sw_str_drop(SwStr s, size_t n); /* without the last n bytes */
SwStr sw_str_trim(SwStr s);           /* without ASCII white space at both ends */
/* How many of the first bytes are in the set, and whether all are (an empty text: yes). A set is written as in a pattern,
 * "a-zA-Z0-9_-": ranges, and the bytes themselves; '-' stands last. */
size_t sw_str_span(SwStr s, const char *set);
bool sw_str_all(SwStr s, const char *set);
bool sw_str_find(SwStr s, char c, size_t *ret_at);
bool sw_str_rfind(SwStr s, char c, size_t *ret_at);
bool sw_str_cut(SwStr *rest, char at, SwStr *ret_head);  /* "a/b": head "a", rest "b"; false and unchanged if no `at` */
bool sw_str_next(SwStr *rest, char at, SwStr *ret_part); /* split iterator; false when nothing is left: "a," has one part */
bool sw_str_glob(SwStr pattern, SwStr s);                /* '*' any run, '?' any one byte: IAM's and ALB's wildcards */
bool sw_str_stars(SwStr pattern, SwStr s,
                  bool escapes); /* '*' any run, for long texts: linear; escapes: a backslash makes the next byte itself */
bool sw_str_glob_by(SwStr pattern, SwStr s, bool (*same)(char pattern, char c)); /* other bytes by `same` */

bool sw_str_to_i64(SwStr s, int64_t *ret_v); /* whole string, optional sign, no overflow */
bool sw_str_to_u64(SwStr s, uint64_t *ret_v);
bool sw_str_to_double(SwStr s, double *ret_v); /* also NaN, Infinity, -Infinity */
bool sw_str_is_utf8(SwStr s);

SwStr sw_str_dup(SwArena *a, SwStr s);     /* followed by a NUL that n does not count */
const char *sw_str_z(SwArena *a, SwStr s); /* C string; "" for absent */
SwStr sw_str_lower(SwArena *a, SwStr s);
SwStr sw_str_upper(SwArena *a, SwStr s);
SwStr sw_strf(SwArena *a, const char *fmt, ...) sw_printf(2, 3);
SwStr sw_strfv(SwArena *a, const char *fmt, va_list ap) sw_printf(2, 0);
/* The parts, one behind the other; each is evaluated once: sw_cat(a, SW_STR("AKIA"), sw_id_base32(a, 16)). */
#define sw_cat(a, ...) \
    sw_str_join((a), (const SwStr[]){__VA_ARGS__}, sizeof((const SwStr[]){__VA_ARGS__}) / sizeof(SwStr), SW_NO_STR)
SwStr sw_str_join(SwArena *a, const SwStr *v, size_t n, SwStr between);
SwStrList sw_str_split(SwArena *a, SwStr s, char at);

void sw_str_list_add(SwArena *a, SwStrList *l, SwStr s); /* amortised growth */
bool sw_str_list_has(const SwStrList *l, SwStr s);

/* Growth for any generated list { T *v; size_t n; } that was empty or grown by this alone (its capacity is the next power
 * of two of n; codecs and sw_shape_copy keep to that): returns a pointer to a new zeroed last element.
 *     EcsTag *t = sw_list_add(arena, &tags);                                               */
void *sw_list_add_(SwArena *a, void **v, size_t *n, size_t size);
#define sw_list_add(a, l) ((__typeof__((l)->v))sw_list_add_((a), (void **)&(l)->v, &(l)->n, sizeof(*(l)->v)))
/* Room for a list of `n` elements that sw_list_add may go on growing: its capacity is the next power of two, which is
 * what sw_list_add takes for granted. A list whose v comes from elsewhere must not be grown, nor one that is shared and has
 * been grown by another. Never NULL.
 *
 * With SLIPWAY_LISTS=abort in the environment of a build with AddressSanitizer the room behind the last element is poisoned,
 * and sw_list_add takes an element out of poisoned room alone: a list that it may not grow ends the program at once.
 * sw_list_seal says so of room that was filled by hand, sw_list_cut shortens a list that may grow again. */
void sw_list_seal(const void *v, size_t n, size_t size);
#define sw_list_cut(l, count) ((l)->n = (count), sw_list_seal((l)->v, (l)->n, sizeof(*(l)->v)))
static inline void *sw_list_room(SwArena *a, size_t n, size_t size) {
    size_t cap = 1;
    while (cap < n)
        cap *= 2;
    void *v = sw_arena_alloc(a, cap * size);
    sw_list_seal(v, n, size);
    return v;
}
/* Makes an absent list present and empty, for replies that must show `[]`. */
#define sw_list_present(a, l) ((l)->v ? (void)0 : (void)((l)->v = sw_arena_alloc((a), sizeof(*(l)->v))))
