/* SPDX-License-Identifier: Apache-2.0 */
/* Which patterns can be used, in the order and in the words of AWS's own compiler of them, with the place in the text to which
 * it had read: behind the first byte of a text, list or object, behind the whole of a number or word. */

#include "api/match.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 500 /* bytes of the pattern in a message */

typedef struct Check {
    const SwValue *root;
    SwStr text; /* that root was read from */
    const SwErrorKind *kind;
    const char *before; /* the message's beginning */
    SwError *err;
} Check;

/* --- where ------------------------------------------------------------------------------------------------------------------
 */

typedef struct Place {
    size_t start, end;
    bool found;
} Place;

static size_t skip_space(SwStr t, size_t i) {
    while (i < t.n && (t.p[i] == ' ' || t.p[i] == '\t' || t.p[i] == '\n' || t.p[i] == '\r' || t.p[i] == ',' || t.p[i] == ':'))
        i++;
    return i;
}

static size_t skip_text(SwStr t, size_t i) {
    for (i++; i < t.n && t.p[i] != '"'; i++)
        i += t.p[i] == '\\';
    return i + 1;
}

/* Walks text and tree together; the text is known to be JSON. Returns the byte behind v. */
static size_t walk(SwStr t, size_t i, const SwValue *v, const SwValue *wanted, Place *p) {
    size_t start = i = skip_space(t, i);
    if (v->kind == SW_VARRAY || v->kind == SW_VOBJECT) {
        i++;
        for (size_t k = 0; k < v->n && !p->found; k++) {
            if (v->kind == SW_VOBJECT)
                i = skip_text(t, skip_space(t, i));
            i = walk(t, i, &v->v[k], wanted, p);
        }
        i = skip_space(t, i) + 1;
    } else if (v->kind == SW_VSTRING) {
        i = skip_text(t, i);
    } else {
        while (i < t.n && !strchr(" \t\n\r,]}", t.p[i]))
            i++;
    }
    if (v == wanted)
        *p = (Place){start, i, true};
    return i;
}

/* Fails at the beginning of `v`, or behind it. */
static int sw_printf(4, 5) fail_at(const Check *c, const SwValue *v, bool behind, const char *fmt, ...) {
    char reason[512];
    Place p = {0};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(reason, sizeof reason, fmt, ap);
    va_end(ap);
    (void)walk(c->text, 0, c->root, v, &p);
    bool opens = v->kind == SW_VSTRING || v->kind == SW_VARRAY || v->kind == SW_VOBJECT;
    size_t at = behind || !opens ? p.end : p.start + 1, line = 1, column = 1;
    for (size_t i = 0; i < at && i < c->text.n; i++) {
        line += c->text.p[i] == '\n';
        column = c->text.p[i] == '\n' ? 1 : column + 1;
    }
    SwStr shown = sw_str_n(c->text.p, SW_MIN(c->text.n, (size_t)SHOWN_MAX));
    if (shown.n < c->text.n)
        return sw_fail(c->err, c->kind, "%s%s\n at [Source: (String)\"%.*s\"[truncated %zu chars]; line: %zu, column: %zu]",
                       c->before, reason, SW_FMT(shown), c->text.n - shown.n, line, column);
    return sw_fail(c->err, c->kind, "%s%s\n at [Source: (String)\"%.*s\"; line: %zu, column: %zu]", c->before, reason,
                   SW_FMT(shown), line, column);
}

/* The name of a condition is reported where its operand begins: AWS has read on to there. */
static int one_key(const Check *c, const SwValue *v) {
    return v->n > 1 ? fail_at(c, &v->v[1], false, "Only one key allowed in match expression") : 0;
}

/* --- conditions
 * ---------------------------------------------------------------------------------------------------------------- */

static int check_string(const Check *c, const SwValue *v, const char *what) {
    return v->kind == SW_VSTRING ? 0 : fail_at(c, v, false, "%s match pattern must be a string", what);
}

/* pos counts the quotation mark before the text. */
static int check_wildcard_text(const Check *c, const SwValue *v) {
    for (size_t i = 0; i < v->s.n; i++) {
        char x = v->s.p[i], next = i + 1 < v->s.n ? v->s.p[i + 1] : 0;
        if (x == '*' && next == '*')
            return fail_at(c, v, true, "Consecutive wildcard characters at pos %zu", i + 1);
        if (x == '\\' && next != '*' && next != '\\')
            return fail_at(c, v, true, "Invalid escape character at pos %zu", i + 1);
        i += x == '\\';
    }
    return 0;
}

static int check_wildcard(const Check *c, const SwValue *v) {
    return check_string(c, v, "wildcard") < 0 ? -1 : check_wildcard_text(c, v);
}

static int check_fold(const Check *c, const SwValue *v) {
    return check_string(c, v, "equals-ignore-case");
}

/* A text, or {"equals-ignore-case": text}. */
static int check_affix(const Check *c, const SwValue *v, const char *what, const char *title) {
    if (v->kind != SW_VOBJECT)
        return check_string(c, v, what);
    if (!v->n)
        return fail_at(c, v, true, "%s expression name not found", title);
    if (!sw_str_eqz(v->keys[0], "equals-ignore-case"))
        return fail_at(c, &v->v[0], false, "Unsupported %s pattern: %.*s", what, SW_FMT(v->keys[0]));
    return check_fold(c, &v->v[0]) < 0 ? -1 : one_key(c, v);
}

static int check_prefix(const Check *c, const SwValue *v) {
    return check_affix(c, v, "prefix", "Prefix");
}

static int check_suffix(const Check *c, const SwValue *v) {
    return check_affix(c, v, "suffix", "Suffix");
}

static int check_exists(const Check *c, const SwValue *v) {
    return v->kind == SW_VBOOL ? 0 : fail_at(c, v, false, "exists match pattern must be either true or false.");
}

/* Of what the compiler throws without a place. */
static int malformed(const Check *c, const char *why, SwStr what) {
    return sw_fail(c->err, c->kind, "%s%s%.*s", c->before, why, SW_FMT(what));
}

static int check_cidr(const Check *c, const SwValue *v) {
    char z[INET6_ADDRSTRLEN] = "";
    uint8_t bytes[16];
    int64_t bits;
    SwStr mask = v->s, address;
    if (v->kind != SW_VSTRING)
        return fail_at(c, v, false, "prefix match pattern must be a string");
    if (!sw_str_cut(&mask, '/', &address) || !mask.n || sw_str_contains(mask, SW_STR("/")))
        return malformed(c, "Malformed CIDR, one '/' required", SW_STR(""));
    if (!sw_str_to_i64(mask, &bits))
        return malformed(c, "Malformed CIDR, mask bits must be an integer", SW_STR(""));
    if (bits < 0)
        return malformed(c, "Malformed CIDR, mask bits must not be negative", SW_STR(""));
    if (address.n && address.n < sizeof z)
        memcpy(z, address.p, address.n);
    bool v4 = inet_pton(AF_INET, z, bytes) == 1;
    if (!v4 && inet_pton(AF_INET6, z, bytes) != 1)
        return malformed(c, "Nonstandard IP address: ", address);
    if (bits >= (v4 ? 32 : 128))
        return malformed(c, v4 ? "IPv4 mask bits must be < 32" : "IPv6 mask bits must be < 128", SW_STR(""));
    return 0;
}

/* The number behind an operator. */
static int check_bound(const Check *c, const SwValue *list, size_t i, const char *name) {
    if (i >= list->n)
        return fail_at(c, list, true, "Value of %s must be numeric", name);
    return list->v[i].kind == SW_VNUMBER ? 0 : fail_at(c, &list->v[i], false, "Value of %s must be numeric", name);
}

/* What follows "> n": "< m" or "<= m". */
static int check_top(const Check *c, const SwValue *list) {
    const SwValue *op = &list->v[2];
    if (op->kind != SW_VSTRING)
        return fail_at(c, op, false, "Bad value in numeric range: %.*s", SW_FMT(op->s));
    if (!sw_str_eqz(op->s, "<") && !sw_str_eqz(op->s, "<="))
        return fail_at(c, op, true, "Bad numeric range operator: %.*s", SW_FMT(op->s));
    double bottom, top;
    if (check_bound(c, list, 3, sw_str_eqz(op->s, "<") ? "<" : "<=") < 0)
        return -1;
    if (list->n > 4)
        return fail_at(c, &list->v[4], false, "Too many terms in numeric range expression");
    return sw_value_double(&list->v[1], &bottom) && sw_value_double(&list->v[3], &top) && bottom < top
               ? 0
               : fail_at(c, list, true, "Bottom must be less than top");
}

static int check_numeric(const Check *c, const SwValue *v) {
    static const struct {
        const char *op, *name;
        bool range;
    } ops[] = {{"=", "equals", false}, {">=", ">=", true}, {">", ">", true}, {"<=", "<=", false}, {"<", "<", false}};
    if (v->kind != SW_VARRAY)
        return fail_at(c, v, false, "Value of numeric must be an array.");
    if (!v->n || v->v[0].kind != SW_VSTRING)
        return v->n ? fail_at(c, &v->v[0], false, "Invalid member in numeric match: %.*s", SW_FMT(v->v[0].s))
                    : fail_at(c, v, true, "Invalid member in numeric match: ]");
    for (size_t i = 0; i < SW_N(ops); i++) {
        if (!sw_str_eqz(v->v[0].s, ops[i].op))
            continue;
        if (check_bound(c, v, 1, ops[i].name) < 0)
            return -1;
        if (v->n > 2)
            return ops[i].range ? check_top(c, v) : fail_at(c, &v->v[2], false, "Too many elements in numeric expression");
        return 0;
    }
    return fail_at(c, v->n > 1 ? &v->v[1] : v, v->n == 1, "Unrecognized numeric range operator: %.*s", SW_FMT(v->v[0].s));
}

/* --- anything-but
 * -------------------------------------------------------------------------------------------------------------- */

static int check_but_list(const Check *c, const SwValue *v) {
    size_t texts = 0, numbers = 0;
    for (size_t i = 0; i < v->n; i++) {
        texts += v->v[i].kind == SW_VSTRING;
        numbers += v->v[i].kind == SW_VNUMBER;
        if (texts + numbers <= i)
            return fail_at(c, &v->v[i], false, "Inside anything but list, start|null|boolean is not supported.");
    }
    if (!v->n || (texts && numbers))
        return fail_at(c, v, true,
                       "Inside anything but list, either all values are number or string, mixed type is not supported");
    return 0;
}

static int check_but_text(const Check *c, const SwValue *v, SwStr what) {
    bool fold = sw_str_eqz(what, "equals-ignore-case"), wildcard = sw_str_eqz(what, "wildcard");
    if (v->kind != SW_VSTRING)
        return fail_at(c, v, false, "%s",
                       fold       ? "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
                       : wildcard ? "wildcard match pattern must be a string"
                                  : "prefix/suffix match pattern must be a string");
    if (!fold && !wildcard && !v->s.n)
        return fail_at(c, v, true, "Null prefix/suffix not allowed");
    return wildcard ? check_wildcard_text(c, v) : 0;
}

static int check_but_value(const Check *c, const SwValue *v) {
    bool good = v->kind == SW_VSTRING || v->kind == SW_VNUMBER || v->kind == SW_VARRAY;
    return good ? 0 : fail_at(c, v, false, "Value of anything-but must be an array or single string/number value.");
}

/* A text, a number, a list of either, or one condition over texts. */
static int check_anything_but(const Check *c, const SwValue *v) {
    static const char *const allowed[] = {"prefix", "suffix", "equals-ignore-case", "wildcard"};
    bool known = false;
    if (v->kind != SW_VOBJECT)
        return check_but_value(c, v) < 0 ? -1 : v->kind == SW_VARRAY ? check_but_list(c, v) : 0;
    if (!v->n)
        return fail_at(c, v, true, "Anything-But expression name not found");
    for (size_t i = 0; i < SW_N(allowed); i++)
        known |= sw_str_eqz(v->keys[0], allowed[i]);
    if (!known)
        return fail_at(c, &v->v[0], false, "Unsupported anything-but pattern: %.*s", SW_FMT(v->keys[0]));
    const SwValue *operand = &v->v[0];
    if (check_but_value(c, operand) < 0)
        return -1;
    if (operand->kind != SW_VARRAY && check_but_text(c, operand, v->keys[0]) < 0)
        return -1;
    for (size_t i = 0; operand->kind == SW_VARRAY && i < operand->n; i++)
        if (check_but_text(c, &operand->v[i], v->keys[0]) < 0)
            return -1;
    return v->n > 1 ? fail_at(c, &v->v[1], false, "Too many elements in numeric expression") : 0;
}

/* --- the whole
 * ----------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*check)(const Check *c, const SwValue *v);
} conditions[] = {
    {"prefix", check_prefix},           {"suffix", check_suffix},
    {"numeric", check_numeric},         {"anything-but", check_anything_but},
    {"exists", check_exists},           {"cidr", check_cidr},
    {"equals-ignore-case", check_fold}, {"wildcard", check_wildcard},
};

static int check_entry(const Check *c, const SwValue *v) {
    if (v->kind == SW_VARRAY)
        return fail_at(c, v, false, "Match value must be String, number, true, false, or null");
    if (v->kind != SW_VOBJECT)
        return 0;
    if (!v->n)
        return fail_at(c, v, true, "Match expression name not found");
    for (size_t i = 0; i < SW_N(conditions); i++)
        if (sw_str_eqz(v->keys[0], conditions[i].name))
            return conditions[i].check(c, &v->v[0]) < 0 ? -1 : one_key(c, v);
    return fail_at(c, &v->v[0], false, "Unrecognized match type %.*s", SW_FMT(v->keys[0]));
}

static int check_object(const Check *c, const SwValue *v, bool in_or);

static int check_or(const Check *c, const SwValue *v) {
    if (v->kind != SW_VARRAY)
        return fail_at(c, v, false, "It must be an Array followed with $or.");
    for (size_t i = 0; i < v->n; i++) {
        if (v->v[i].kind != SW_VOBJECT)
            return fail_at(c, &v->v[i], false, "Only JSON object is allowed in array of $or relationship.");
        if (check_object(c, &v->v[i], true) < 0)
            return -1;
    }
    return v->n >= 2 ? 0 : fail_at(c, v, true, "There must have at least 2 Objects in $or relationship.");
}

static bool is_condition(SwStr name) {
    for (size_t i = 0; i < SW_N(conditions); i++)
        if (sw_str_eqz(name, conditions[i].name))
            return true;
    return false;
}

static int check_member(const Check *c, SwStr name, const SwValue *v, bool in_or) {
    if (sw_str_eqz(name, "$or"))
        return check_or(c, v);
    if (in_or && is_condition(name))
        return fail_at(c, v, false, "%.*s is Ruler reserved fieldName which cannot be used inside $or.", SW_FMT(name));
    if (v->kind == SW_VOBJECT)
        return check_object(c, v, in_or);
    if (v->kind != SW_VARRAY)
        return fail_at(c, v, false, "\"%.*s\" must be an object or an array", SW_FMT(name));
    for (size_t i = 0; i < v->n; i++)
        if (check_entry(c, &v->v[i]) < 0)
            return -1;
    return v->n ? 0 : fail_at(c, v, true, "Empty arrays are not allowed");
}

static int check_object(const Check *c, const SwValue *v, bool in_or) {
    for (size_t i = 0; i < v->n; i++)
        if (check_member(c, v->keys[i], &v->v[i], in_or) < 0)
            return -1;
    return v->n ? 0 : fail_at(c, v, true, "Empty objects are not allowed");
}

int sw_match_check(const SwValue *pattern, SwStr text, const char *before, const SwErrorKind *kind, SwError *err) {
    const Check c = {.root = pattern, .text = text, .kind = kind, .before = before, .err = err};
    return pattern->kind == SW_VOBJECT ? check_object(&c, pattern, false)
                                       : fail_at(&c, pattern, false, "Filter is not an object");
}
