/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over JSON. Recursion is bounded by the parser's depth; wildcards cost at most the product of both lengths. */

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
typedef struct Range { uint8_t v[16]; size_t n; unsigned bits; } Range;

static bool parse_cidr(SwStr s, Range *ret) {
    char z[INET6_ADDRSTRLEN];
    SwStr address = s;
    int64_t bits = -1;
    if (sw_str_cut(&s, '/', &address) && !sw_str_to_i64(s, &bits))
        return false;
    if (address.n >= sizeof z)
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

/* '*' is any run; a backslash makes the next byte itself; '?' is nothing special here. */
static bool glob(SwStr pattern, SwStr s) {
    size_t p = 0, i = 0, star = SIZE_MAX, from = 0;
    for (;;) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = ++p;
            from = i;
            continue;
        }
        size_t at = p < pattern.n && pattern.p[p] == '\\' && p + 1 < pattern.n ? p + 1 : p;
        if (i < s.n && at < pattern.n && pattern.p[at] == s.p[i]) {
            p = at + 1;
            i++;
        } else if (i == s.n && p == pattern.n) {
            return true;
        } else if (star == SIZE_MAX || from == s.n) {
            return false;
        } else {
            p = star;
            i = ++from;
        }
    }
}

static bool wildcard(const SwValue *want, const SwValue *v) {
    if (want->kind == SW_VARRAY) {
        for (size_t i = 0; i < want->n; i++)
            if (wildcard(&want->v[i], v))
                return true;
        return false;
    }
    return v->kind == SW_VSTRING && glob(want->s, v->s);
}

static const struct { const char *name; bool (*holds)(const SwValue *want, const SwValue *v); } conditions[] = {
    {"prefix", prefix},   {"suffix", suffix},       {"anything-but", anything_but}, {"numeric", numeric},
    {"cidr", in_cidr},    {"wildcard", wildcard},   {"equals-ignore-case", fold_equal},
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

/* A list of alternatives against a value that may be absent (NULL) or a list. */
static bool any_of(const SwValue *wants, const SwValue *v) {
    for (size_t i = 0; i < wants->n; i++) {
        const SwValue *want = &wants->v[i], *exists = sw_value_getz(want, "exists");
        if (exists) {
            if (exists->b == (v != NULL))
                return true;
            continue;
        }
        if (!v)
            continue;
        if (v->kind != SW_VARRAY) {
            if (one(want, v))
                return true;
            continue;
        }
        for (size_t k = 0; k < v->n; k++)
            if (one(want, &v->v[k]))
                return true;
    }
    return false;
}

bool sw_match(const SwValue *pattern, const SwValue *document) {
    for (size_t i = 0; i < pattern->n; i++) {
        const SwValue *p = &pattern->v[i];
        if (sw_str_eqz(pattern->keys[i], "$or")) {
            bool any = false;
            for (size_t k = 0; k < p->n && !any; k++)
                any = sw_match(&p->v[k], document);
            if (!any)
                return false;
            continue;
        }
        const SwValue *v = sw_value_get(document, pattern->keys[i]);
        bool holds;
        if (p->kind == SW_VARRAY) {
            holds = any_of(p, v && v->kind == SW_VOBJECT ? NULL : v);
        } else if (v && v->kind == SW_VARRAY) {         /* objects in a list: one of them */
            holds = false;
            for (size_t k = 0; k < v->n && !holds; k++)
                holds = sw_match(p, &v->v[k]);
        } else {
            holds = sw_match(p, v);
        }
        if (!holds)
            return false;
    }
    return true;
}

static int bad(const SwErrorKind *kind, SwError *err, const char *what, SwStr name) {
    return sw_fail(err, kind, "Event pattern is not valid. Reason: %s at '%.*s'", what, SW_FMT(name));
}

static int check_numeric(const SwValue *v, SwStr name, const SwErrorKind *kind, SwError *err) {
    static const char *const ops[] = {"=", "<", "<=", ">", ">="};
    if (v->kind != SW_VARRAY || (v->n != 2 && v->n != 4))
        return bad(kind, err, "numeric needs one or two comparisons", name);
    for (size_t i = 0; i < v->n; i += 2) {
        bool known = false;
        for (size_t k = 0; k < SW_N(ops); k++)
            known |= sw_str_eqz(sw_value_str(&v->v[i]), ops[k]);
        if (!known || v->v[i + 1].kind != SW_VNUMBER)
            return bad(kind, err, "numeric needs an operator and a number", name);
    }
    return 0;
}

static int check_text(const SwValue *v, SwStr what, SwStr name, const SwErrorKind *kind, SwError *err) {
    if (v->kind == SW_VSTRING)
        return 0;
    return sw_fail(err, kind, "Event pattern is not valid. Reason: %.*s match pattern must be a string at '%.*s'", SW_FMT(what), SW_FMT(name));
}

/* A text; for prefix and suffix also {"equals-ignore-case": text}. */
static int check_affix(const SwValue *v, SwStr what, SwStr name, const SwErrorKind *kind, SwError *err) {
    const SwValue *folded = sw_value_getz(v, "equals-ignore-case");
    bool affix = sw_str_eqz(what, "prefix") || sw_str_eqz(what, "suffix");
    return check_text(affix && folded && v->n == 1 ? folded : v, what, name, kind, err);
}

/* AWS refuses a wildcard of two asterisks in a row, and a backslash before anything but '*' and a backslash. */
static int check_wildcard(const SwValue *v, SwStr name, const SwErrorKind *kind, SwError *err) {
    for (size_t i = 0; i < v->s.n; i++) {
        char c = v->s.p[i], next = i + 1 < v->s.n ? v->s.p[i + 1] : 0;
        if (c == '*' && next == '*')
            return bad(kind, err, "consecutive wildcard characters", name);
        if (c == '\\' && next != '*' && next != '\\')
            return bad(kind, err, "an invalid escape character", name);
        i += c == '\\';
    }
    return 0;
}

/* The operand of a condition over texts: one, or (inside anything-but) a list of them. */
static int check_operand(const SwValue *v, SwStr what, bool list, SwStr name, const SwErrorKind *kind, SwError *err) {
    bool many = list && v->kind == SW_VARRAY;
    if (many && !v->n)
        return bad(kind, err, "an empty list", name);
    for (size_t i = 0; i < (many ? v->n : 1); i++) {
        const SwValue *one_of = many ? &v->v[i] : v;
        if (check_affix(one_of, what, name, kind, err) < 0)
            return -1;
        if (sw_str_eqz(what, "wildcard") && check_wildcard(one_of, name, kind, err) < 0)
            return -1;
    }
    return 0;
}

/* Texts and numbers, or one condition over texts. */
static int check_anything_but(const SwValue *v, SwStr name, const SwErrorKind *kind, SwError *err) {
    static const char *const allowed[] = {"prefix", "suffix", "equals-ignore-case", "wildcard"};
    if (v->kind == SW_VSTRING || v->kind == SW_VNUMBER)
        return 0;
    if (v->kind == SW_VARRAY) {
        for (size_t i = 0; i < v->n; i++)
            if (v->v[i].kind != SW_VSTRING && v->v[i].kind != SW_VNUMBER)
                return bad(kind, err, "Inside anything but list, either all values are numbers or string, mixed type is not supported", name);
        return v->n ? 0 : bad(kind, err, "an empty list", name);
    }
    for (size_t i = 0; i < SW_N(allowed) && v->kind == SW_VOBJECT && v->n == 1; i++)
        if (sw_str_eqz(v->keys[0], allowed[i]))
            return check_operand(&v->v[0], v->keys[0], true, name, kind, err);
    return bad(kind, err, "Value of anything-but must be an array or single string/number value or a condition over texts", name);
}

static int check_entry(const SwValue *v, SwStr name, const SwErrorKind *kind, SwError *err) {
    static const char *const texts[] = {"prefix", "suffix", "equals-ignore-case", "wildcard"};
    Range range;
    if (v->kind == SW_VARRAY)
        return bad(kind, err, "a list inside a list", name);
    if (v->kind != SW_VOBJECT)
        return 0;
    if (v->n != 1)
        return bad(kind, err, "a condition has exactly one name", name);
    SwStr what = v->keys[0];
    const SwValue *operand = &v->v[0];
    if (sw_str_eqz(what, "exists"))
        return operand->kind == SW_VBOOL ? 0 : bad(kind, err, "exists needs true or false", name);
    if (sw_str_eqz(what, "numeric"))
        return check_numeric(operand, name, kind, err);
    if (sw_str_eqz(what, "anything-but"))
        return check_anything_but(operand, name, kind, err);
    if (sw_str_eqz(what, "cidr"))
        return parse_cidr(sw_value_str(operand), &range) ? 0 : bad(kind, err, "cidr needs a range of addresses", name);
    for (size_t i = 0; i < SW_N(texts); i++)
        if (sw_str_eqz(what, texts[i]))
            return check_operand(operand, what, false, name, kind, err);
    return sw_fail(err, kind, "Event pattern is not valid. Reason: Unrecognized match type %.*s", SW_FMT(what));
}

static int check_or(const SwValue *v, SwStr name, const SwErrorKind *kind, SwError *err) {
    if (v->kind != SW_VARRAY || v->n < 2)
        return bad(kind, err, "$or needs a list of at least two patterns", name);
    for (size_t i = 0; i < v->n; i++)
        if (sw_match_check(&v->v[i], kind, err) < 0)
            return -1;
    return 0;
}

int sw_match_check(const SwValue *pattern, const SwErrorKind *kind, SwError *err) {
    if (pattern->kind != SW_VOBJECT)
        return sw_fail(err, kind, "Event pattern is not valid. Reason: it is not an object");
    for (size_t i = 0; i < pattern->n; i++) {
        const SwValue *p = &pattern->v[i];
        SwStr name = pattern->keys[i];
        if (sw_str_eqz(name, "$or")) {
            if (check_or(p, name, kind, err) < 0)
                return -1;
            continue;
        }
        if (p->kind == SW_VOBJECT) {
            if (sw_match_check(p, kind, err) < 0)
                return -1;
            continue;
        }
        if (p->kind != SW_VARRAY)
            return sw_fail(err, kind, "Event pattern is not valid. Reason: \"%.*s\" must be an object or an array", SW_FMT(name));
        if (!p->n)
            return bad(kind, err, "an empty list", name);
        for (size_t k = 0; k < p->n; k++)
            if (check_entry(&p->v[k], name, kind, err) < 0)
                return -1;
    }
    return 0;
}
