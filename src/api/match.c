/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over JSON: matching; match_check.c says which ones can be. Recursion is bounded by the parser's depth, and a
 * wildcard is linear in the text. */

#include "api/match.h"

#include <arpa/inet.h>

static bool equal(const SwValue *a, const SwValue *b) {
    double x, y;
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case SW_VNULL: return true;
    case SW_VBOOL: return a->b == b->b;
    case SW_VSTRING: return sw_str_eq(a->s, b->s);
    case SW_VNUMBER: return sw_value_double(a, &x) && sw_value_double(b, &y) && x == y;
    case SW_VARRAY:
    case SW_VOBJECT: return false;
    }
    return false;
}

static bool starts(SwStr s, SwStr prefix, bool fold) {
    return s.n >= prefix.n && (fold ? sw_str_ieq(sw_str_n(s.p, prefix.n), prefix) : sw_str_starts(s, prefix));
}

static bool ends(SwStr s, SwStr suffix, bool fold) {
    return s.n >= suffix.n && (fold ? sw_str_ieq(sw_str_skip(s, s.n - suffix.n), suffix) : sw_str_ends(s, suffix));
}

/* "prefix": "x", or {"prefix": {"equals-ignore-case": "x"}}. */
static bool affix(const SwValue *want, const SwValue *v, bool (*test)(SwStr, SwStr, bool)) {
    const SwValue *folded = sw_value_getz(want, "equals-ignore-case");
    return v->kind == SW_VSTRING && test(v->s, sw_value_str(folded ? folded : want), folded != NULL);
}

static bool numeric(const SwValue *want, const SwValue *v) {
    double x, bound;
    if (!sw_value_double(v, &x))
        return false;
    for (size_t i = 0; i + 1 < want->n; i += 2) {
        SwStr op = want->v[i].s;
        if (!sw_value_double(&want->v[i + 1], &bound))
            return false;
        bool holds = sw_str_eqz(op, "=")    ? x == bound
                     : sw_str_eqz(op, "<")  ? x < bound
                     : sw_str_eqz(op, "<=") ? x <= bound
                     : sw_str_eqz(op, ">")  ? x > bound
                                            : x >= bound;
        if (!holds)
            return false;
    }
    return true;
}

/* An address of either family with how many leading bits count; four bytes or sixteen. */
typedef struct Range {
    uint8_t v[16];
    size_t n;
    unsigned bits;
} Range;

static bool parse_cidr(SwStr s, Range *ret) {
    char z[INET6_ADDRSTRLEN];
    SwStr address = s;
    int64_t bits = -1;
    if (sw_str_cut(&s, '/', &address) && !sw_str_to_i64(s, &bits))
        return false;
    if (!address.n || address.n >= sizeof z)
        return false;
    memcpy(z, address.p, address.n);
    z[address.n] = 0;
    ret->n = inet_pton(AF_INET, z, ret->v) == 1 ? 4 : inet_pton(AF_INET6, z, ret->v) == 1 ? 16 : 0;
    if (bits < 0)
        bits = (int64_t)ret->n * 8;
    ret->bits = (unsigned)bits;
    return ret->n && bits <= (int64_t)ret->n * 8;
}

static bool in_cidr(const SwValue *want, const SwValue *v) {
    Range range, address;
    if (v->kind != SW_VSTRING || !parse_cidr(sw_value_str(want), &range) || !parse_cidr(v->s, &address) || range.n != address.n)
        return false;
    for (unsigned i = 0; i < range.bits; i++) {
        unsigned mask = 0x80U >> i % 8;
        if ((range.v[i / 8] & mask) != (address.v[i / 8] & mask))
            return false;
    }
    return true;
}

static bool one(const SwValue *want, const SwValue *v);

/* A scalar, a list of them, or an object with one of the text conditions: none may hold. */
static bool anything_but(const SwValue *want, const SwValue *v) {
    if (want->kind != SW_VARRAY)
        return !one(want, v);
    for (size_t i = 0; i < want->n; i++)
        if (one(&want->v[i], v))
            return false;
    return true;
}

static bool fold_equal(const SwValue *want, const SwValue *v) {
    if (want->kind == SW_VARRAY) {
        for (size_t i = 0; i < want->n; i++)
            if (fold_equal(&want->v[i], v))
                return true;
        return false;
    }
    return v->kind == SW_VSTRING && sw_str_ieq(v->s, want->s);
}

static bool any_affix(const SwValue *want, const SwValue *v, bool (*test)(SwStr, SwStr, bool)) {
    if (want->kind != SW_VARRAY)
        return affix(want, v, test);
    for (size_t i = 0; i < want->n; i++)
        if (affix(&want->v[i], v, test))
            return true;
    return false;
}

static bool prefix(const SwValue *want, const SwValue *v) {
    return any_affix(want, v, starts);
}

static bool suffix(const SwValue *want, const SwValue *v) {
    return any_affix(want, v, ends);
}

static bool wildcard(const SwValue *want, const SwValue *v) {
    if (want->kind == SW_VARRAY) {
        for (size_t i = 0; i < want->n; i++)
            if (wildcard(&want->v[i], v))
                return true;
        return false;
    }
    return v->kind == SW_VSTRING && sw_str_stars(want->s, v->s, /* escapes= */ true);
}

static const struct {
    const char *name;
    bool (*holds)(const SwValue *want, const SwValue *v);
} conditions[] = {
    {"prefix", prefix}, {"suffix", suffix},     {"anything-but", anything_but},     {"numeric", numeric},
    {"cidr", in_cidr},  {"wildcard", wildcard}, {"equals-ignore-case", fold_equal},
};

/* One entry of a list of alternatives against one scalar. */
static bool one(const SwValue *want, const SwValue *v) {
    if (want->kind != SW_VOBJECT)
        return equal(want, v);
    for (size_t i = 0; i < SW_N(conditions) && want->n; i++)
        if (sw_str_eqz(want->keys[0], conditions[i].name))
            return conditions[i].holds(&want->v[0], v);
    return false;
}

/* --- paths -------------------------------------------------------------------------------------------------------------------
 */

/* Names are joined by dots: {"a": {"b": [1]}} and {"a.b": [1]} are one pattern, and one document, as on AWS. */
typedef struct Path {
    const SwStr *name;
    size_t n, skip; /* bytes of the first name that are behind us already */
} Path;

typedef enum Step { STEP_NONE, STEP_WHOLE, STEP_MORE } Step;

/* Whether the path begins with a document's key: is all of it, or goes on in *ret_rest. */
static Step step_into(Path p, SwStr key, Path *ret_rest) {
    for (;;) {
        SwStr s = sw_str_skip(*p.name, p.skip);
        size_t m = SW_MIN(s.n, key.n);
        if (!sw_str_eq(sw_str_n(s.p, m), sw_str_n(key.p, m)))
            return STEP_NONE;
        key = sw_str_skip(key, m);
        if (!key.n && m < s.n) {
            *ret_rest = (Path){p.name, p.n, p.skip + m + 1};
            return s.p[m] == '.' ? STEP_MORE : STEP_NONE;
        }
        p = (Path){p.name + 1, p.n - 1, 0};
        *ret_rest = p;
        if (!key.n)
            return p.n ? STEP_MORE : STEP_WHOLE;
        if (!p.n || key.p[0] != '.')
            return STEP_NONE;
        key = sw_str_skip(key, 1);
    }
}

/* Of equal names the last counts, in patterns and documents. */
static bool is_last(const SwValue *object, size_t i) {
    for (size_t k = i + 1; k < object->n; k++)
        if (sw_str_eq(object->keys[i], object->keys[k]))
            return false;
    return true;
}

/* A scalar, or one of a list's, however deep. */
static bool holds_for(const SwValue *want, const SwValue *v, bool *any) {
    if (v->kind == SW_VOBJECT)
        return false;
    if (v->kind != SW_VARRAY) {
        *any = true;
        return one(want, v);
    }
    for (size_t i = 0; i < v->n; i++)
        if (holds_for(want, &v->v[i], any))
            return true;
    return false;
}

/* One alternative against whatever lies at the path; *any: something did. What a list is empty of is not there. */
static bool holds_at(const SwValue *want, const SwValue *document, Path path, bool *any) {
    Path rest;
    if (document && document->kind == SW_VARRAY)
        for (size_t i = 0; i < document->n; i++)
            if (holds_at(want, &document->v[i], path, any))
                return true;
    if (!document || document->kind != SW_VOBJECT)
        return false;
    for (size_t i = 0; i < document->n; i++) {
        Step step = step_into(path, document->keys[i], &rest);
        if (step == STEP_NONE || !is_last(document, i))
            continue;
        if (step == STEP_WHOLE ? holds_for(want, &document->v[i], any) : holds_at(want, &document->v[i], rest, any))
            return true;
    }
    return false;
}

/* A list of alternatives. */
static bool any_of(const SwValue *wants, const SwValue *document, Path path) {
    for (size_t i = 0; i < wants->n; i++) {
        const SwValue *exists = sw_value_getz(&wants->v[i], "exists");
        bool any = false, holds = holds_at(&wants->v[i], document, path, &any);
        if (exists ? exists->b == any : holds)
            return true;
    }
    return false;
}

/* --- patterns ----------------------------------------------------------------------------------------------------------------
 */

typedef struct Names { /* from a document down to the pattern's object; the room behind them is free */
    SwStr *v;
    size_t n, room;
} Names;

static bool match(const SwValue *pattern, const SwValue *document, Names names);

static Names none_behind(const Names *names) {
    return (Names){names->v + names->n, 0, names->room - names->n};
}

/* What is inside an object of the pattern. Objects in a list: one of them has all of it. */
static bool match_inside(const SwValue *p, const SwValue *document, Names names) {
    const SwValue *v = names.n == 1 ? sw_value_get(document, names.v[0]) : NULL;
    if (!v || (v->kind != SW_VARRAY && v->kind != SW_VOBJECT))
        return match(p, document, names);
    if (v->kind == SW_VOBJECT || !v->n)
        return match(p, v->n ? v : NULL, none_behind(&names));
    for (size_t i = 0; i < v->n; i++) {
        if (match(p, &v->v[i], none_behind(&names)))
            return true;
    }
    return false;
}

static bool any_pattern(const SwValue *patterns, const SwValue *document, Names names) {
    for (size_t i = 0; i < patterns->n; i++)
        if (match(&patterns->v[i], document, names))
            return true;
    return false;
}

static bool match(const SwValue *pattern, const SwValue *document, Names names) {
    for (size_t i = 0; i < pattern->n; i++) {
        const SwValue *p = &pattern->v[i];
        if (!is_last(pattern, i))
            continue;
        if (sw_str_eqz(pattern->keys[i], "$or")) {
            if (!any_pattern(p, document, names))
                return false;
            continue;
        }
        if (SW_NEVER(names.n == names.room))
            return false;
        Names here = {names.v, names.n + 1, names.room};
        names.v[names.n] = pattern->keys[i];
        if (!(p->kind == SW_VARRAY ? any_of(p, document, (Path){here.v, here.n, 0}) : match_inside(p, document, here)))
            return false;
    }
    return true;
}

bool sw_match(const SwValue *pattern, const SwValue *document) {
    SwStr names[SW_JSON_DEPTH_MAX + SW_MATCH_STEPS_MAX + 1];
    return match(pattern, document, (Names){names, 0, SW_N(names)});
}
