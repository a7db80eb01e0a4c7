/* SPDX-License-Identifier: Apache-2.0 */
/* Filter patterns: one recursive descent for the conditions of JSON and of fields, a list for terms. Depth is bounded;
 * the length is by the API's limit of 1024. */

#include "services/logs/pattern.h"

typedef enum Kind { TERMS, JSON, FIELDS } Kind;
typedef enum Op { OP_AND, OP_OR, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_NULL, OP_TRUE, OP_FALSE, OP_ABSENT } Op;

typedef struct Step {
    SwStr name;
    int64_t index;
} Step; /* of a selector; name absent: [index] */
typedef struct StepList {
    Step *v;
    size_t n;
} StepList;

typedef struct Node Node;
struct Node {
    Op op;
    Node *left, *right; /* AND, OR */
    StepList path;      /* JSON */
    SwStr value;        /* of a comparison; may hold '*' unless `number` */
    double number;
    bool numeric;
};

typedef struct Term {
    SwStr text;
    char sign;
} Term; /* sign: 0, '?', '-' */
typedef struct TermList {
    Term *v;
    size_t n;
} TermList;
typedef struct Field {
    SwStr name;
    Node *condition;
    bool rest;
} Field; /* rest: "..." */
typedef struct FieldList {
    Field *v;
    size_t n;
} FieldList;

struct LogsPattern {
    Kind kind;
    TermList terms;
    Node *condition;
    FieldList fields;
};

typedef struct Parser {
    SwArena *arena;
    SwStr rest;
    const char *why;
    unsigned depth;
    bool in_fields; /* a comma or ']' ends a bare value */
} Parser;

static void *bad(Parser *p, const char *why) {
    if (!p->why)
        p->why = why;
    return NULL;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void spaces(Parser *p) {
    while (p->rest.n && is_space(p->rest.p[0]))
        p->rest = sw_str_skip(p->rest, 1);
}

static bool take(Parser *p, const char *token) {
    spaces(p);
    if (!sw_str_starts(p->rest, sw_str(token)))
        return false;
    p->rest = sw_str_skip(p->rest, strlen(token));
    return true;
}

/* A keyword: no letter follows. */
static bool take_word(Parser *p, const char *word) {
    size_t n = strlen(word);
    spaces(p);
    if (p->rest.n < n || !sw_str_ieq(sw_str_n(p->rest.p, n), sw_str(word)) || (p->rest.n > n && is_word(p->rest.p[n])))
        return false;
    p->rest = sw_str_skip(p->rest, n);
    return true;
}

/* After the opening quote: text with \" and \\ resolved. */
static bool quoted(Parser *p, char quote, SwStr *ret) {
    char *out = sw_arena_alloc(p->arena, p->rest.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < p->rest.n; i++) {
        char c = p->rest.p[i];
        if (c == quote) {
            *ret = sw_str_n(out, n);
            p->rest = sw_str_skip(p->rest, i + 1);
            return true;
        }
        if (c == '\\' && i + 1 < p->rest.n)
            c = p->rest.p[++i];
        out[n++] = c;
    }
    return bad(p, "a quote is not closed") != NULL;
}

static SwStr word(Parser *p) {
    size_t n = 0;
    while (n < p->rest.n && is_word(p->rest.p[n]))
        n++;
    SwStr w = sw_str_n(p->rest.p, n);
    p->rest = sw_str_skip(p->rest, n);
    return w;
}

/* --- conditions --------------------------------------------------------------------------------------------------------------
 */

static bool selector(Parser *p, StepList *ret) {
    for (;;) {
        Step s = {0};
        if (take(p, "[")) {
            if (take(p, "'") || take(p, "\"")) {
                if (!quoted(p, p->rest.p[-1], &s.name))
                    return false;
            } else if (!sw_str_to_i64(word(p), &s.index) || s.index < 0) {
                return bad(p, "an index must be a number") != NULL;
            }
            if (!take(p, "]"))
                return bad(p, "']' expected") != NULL;
        } else if (p->rest.n && p->rest.p[0] == '.') {
            size_t n = 1;
            while (n < p->rest.n && (is_word(p->rest.p[n]) || p->rest.p[n] == '-'))
                n++;
            s.name = sw_str_n(p->rest.p + 1, n - 1);
            p->rest = sw_str_skip(p->rest, n);
            if (!s.name.n)
                return bad(p, "a name expected behind '.'") != NULL;
        } else {
            return ret->n > 0 || bad(p, "a selector like $.name expected") != NULL;
        }
        *sw_list_add(p->arena, ret) = s;
    }
}

static bool operator_of(Parser *p, Op *ret) {
    static const struct {
        const char *text;
        Op op;
    } ops[] = {{"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE}, {"==", OP_EQ}, {"=", OP_EQ}, {"<", OP_LT}, {">", OP_GT}};
    for (size_t i = 0; i < SW_N(ops); i++)
        if (take(p, ops[i].text)) {
            *ret = ops[i].op;
            return true;
        }
    return bad(p, "a comparison expected") != NULL;
}

static bool value(Parser *p, Node *n) {
    spaces(p);
    if (take(p, "\""))
        return quoted(p, '"', &n->value);
    if (p->rest.n && p->rest.p[0] == '%')
        return bad(p, "regular expressions are not available") != NULL;
    size_t len = 0;
    for (; len < p->rest.n; len++) {
        char c = p->rest.p[len];
        if (is_space(c) || c == ')' || c == '}' || c == '&' || c == '|' || (p->in_fields && (c == ',' || c == ']')))
            break;
    }
    n->value = sw_str_n(p->rest.p, len);
    p->rest = sw_str_skip(p->rest, len);
    n->numeric = sw_str_to_double(n->value, &n->number);
    return len > 0 || bad(p, "a value expected") != NULL;
}

static Node *comparison(Parser *p) {
    Node *n = sw_new(p->arena, Node);
    if (!operator_of(p, &n->op) || !value(p, n))
        return NULL;
    if (n->op != OP_EQ && n->op != OP_NE && !n->numeric)
        return bad(p, "<, <=, > and >= need a number");
    return n;
}

static Node *json_leaf(Parser *p) {
    StepList path = {0};
    Node *n;
    if (!take(p, "$"))
        return bad(p, "a selector like $.name expected");
    if (!selector(p, &path))
        return NULL;
    if (take_word(p, "IS")) {
        n = sw_new(p->arena, Node);
        if (!take_word(p, "NULL") && (n->op = OP_TRUE, !take_word(p, "TRUE")) && (n->op = OP_FALSE, !take_word(p, "FALSE")))
            return bad(p, "IS must be followed by NULL, TRUE or FALSE");
        if (n->op == OP_AND)
            n->op = OP_NULL;
    } else if (take_word(p, "NOT")) {
        n = sw_new(p->arena, Node);
        n->op = OP_ABSENT;
        if (!take_word(p, "EXISTS"))
            return bad(p, "NOT must be followed by EXISTS");
    } else if (!(n = comparison(p))) {
        return NULL;
    }
    n->path = path;
    return n;
}

/* A field's name may be repeated before each comparison. */
static Node *field_leaf(Parser *p) {
    spaces(p);
    word(p);
    return comparison(p);
}

static Node *either(Parser *p);

static Node *primary(Parser *p) {
    if (!take(p, "("))
        return p->in_fields ? field_leaf(p) : json_leaf(p);
    if (++p->depth > LOGS_PATTERN_DEPTH_MAX)
        return bad(p, "too deeply nested");
    Node *n = either(p);
    p->depth--;
    if (n && !take(p, ")"))
        return bad(p, "')' expected");
    return n;
}

static Node *chain(Parser *p, Op op, const char *token, Node *(*next)(Parser *)) {
    Node *left = next(p);
    while (left && take(p, token)) {
        Node *n = sw_new(p->arena, Node);
        *n = (Node){.op = op, .left = left, .right = next(p)};
        if (!n->right)
            return NULL;
        left = n;
    }
    return left;
}

static Node *both(Parser *p) {
    return chain(p, OP_AND, "&&", primary);
}

static Node *either(Parser *p) {
    return chain(p, OP_OR, "||", both);
}

/* --- the three kinds
 * ----------------------------------------------------------------------------------------------------------- */

static bool parse_field(Parser *p, FieldList *l) {
    Field f = {0};
    if (take(p, "...")) {
        f.rest = true;
        for (size_t i = 0; i < l->n; i++)
            if (l->v[i].rest)
                return bad(p, "only one '...' is allowed") != NULL;
    } else {
        Parser at = *p;
        spaces(p);
        f.name = word(p);
        spaces(p);
        if (!f.name.n && (!p->rest.n || p->rest.p[0] != '('))
            return bad(p, "a field's name expected") != NULL;
        if (p->rest.n && p->rest.p[0] != ',' && p->rest.p[0] != ']') {
            *p = at;
            if (!(f.condition = either(p)))
                return false;
        }
    }
    *sw_list_add(p->arena, l) = f;
    return true;
}

static bool parse_fields(Parser *p, FieldList *l) {
    p->in_fields = true;
    do {
        if (!parse_field(p, l))
            return false;
    } while (take(p, ","));
    return take(p, "]") || bad(p, "']' expected") != NULL;
}

static bool parse_terms(Parser *p, TermList *l) {
    for (spaces(p); p->rest.n; spaces(p)) {
        Term t = {0};
        if (p->rest.p[0] == '?' || p->rest.p[0] == '-') {
            t.sign = p->rest.p[0];
            p->rest = sw_str_skip(p->rest, 1);
        }
        if (p->rest.n && p->rest.p[0] == '%')
            return bad(p, "regular expressions are not available") != NULL;
        if (p->rest.n && p->rest.p[0] == '"') {
            p->rest = sw_str_skip(p->rest, 1);
            if (!quoted(p, '"', &t.text))
                return false;
        } else {
            t.text = word(p);
            if (p->rest.n && !is_space(p->rest.p[0]))
                return bad(p, "a term with other characters than letters, digits and '_' must be in double quotes") != NULL;
        }
        if (!t.text.n)
            return bad(p, "a term is empty") != NULL;
        *sw_list_add(p->arena, l) = t;
    }
    return true;
}

const LogsPattern *logs_pattern_parse(SwArena *a, SwStr text, const char **ret_why) {
    LogsPattern *out = sw_new(a, LogsPattern);
    Parser p = {.arena = a, .rest = sw_str_trim(text)};
    bool ok;
    if (take(&p, "{")) {
        out->kind = JSON;
        ok = (out->condition = either(&p)) && (take(&p, "}") || bad(&p, "'}' expected"));
    } else if (take(&p, "[")) {
        out->kind = FIELDS;
        ok = parse_fields(&p, &out->fields);
    } else {
        ok = parse_terms(&p, &out->terms);
    }
    spaces(&p);
    if (ok && p.rest.n)
        ok = bad(&p, "there is more behind the end of the pattern") != NULL;
    *ret_why = p.why;
    return ok && !p.why ? out : NULL;
}

/* --- matching ----------------------------------------------------------------------------------------------------------------
 */

static bool compare(const Node *n, SwStr text, bool is_number) {
    double v;
    bool number = n->numeric && is_number && sw_str_to_double(text, &v);
    switch (n->op) {
    case OP_EQ: return number ? v == n->number : sw_str_stars(n->value, text, false);
    case OP_NE: return number ? v != n->number : !sw_str_stars(n->value, text, false);
    case OP_LT: return number && v < n->number;
    case OP_LE: return number && v <= n->number;
    case OP_GT: return number && v > n->number;
    case OP_GE: return number && v >= n->number;
    default: return false;
    }
}

static const SwValue *select_value(const Node *n, const SwValue *v) {
    for (size_t i = 0; v && i < n->path.n; i++) {
        const Step *s = &n->path.v[i];
        if (s->name.p)
            v = sw_value_get(v, s->name);
        else
            v = v->kind == SW_VARRAY && (size_t)s->index < v->n ? &v->v[s->index] : NULL;
    }
    return v;
}

static bool holds_json(const Node *n, const SwValue *root) {
    if (n->op == OP_AND)
        return holds_json(n->left, root) && holds_json(n->right, root);
    if (n->op == OP_OR)
        return holds_json(n->left, root) || holds_json(n->right, root);
    const SwValue *v = select_value(n, root);
    if (!v)
        return n->op == OP_ABSENT;
    if (n->op == OP_NULL)
        return v->kind == SW_VNULL;
    if (n->op == OP_TRUE || n->op == OP_FALSE)
        return v->kind == SW_VBOOL && v->b == (n->op == OP_TRUE);
    if (v->kind == SW_VBOOL)
        return compare(n, v->b ? SW_STR("true") : SW_STR("false"), false);
    return (v->kind == SW_VSTRING || v->kind == SW_VNUMBER) && compare(n, v->s, v->kind == SW_VNUMBER);
}

static bool holds_field(const Node *n, SwStr text) {
    if (n->op == OP_AND)
        return holds_field(n->left, text) && holds_field(n->right, text);
    if (n->op == OP_OR)
        return holds_field(n->left, text) || holds_field(n->right, text);
    return compare(n, text, true);
}

/* A field of a line: a word, or what is between "..." or [...]. */
static bool next_field(SwStr *rest, SwStr *ret) {
    while (rest->n && is_space(rest->p[0]))
        *rest = sw_str_skip(*rest, 1);
    if (!rest->n)
        return false;
    char close = rest->p[0] == '"' ? '"' : rest->p[0] == '[' ? ']' : 0;
    SwStr inner = sw_str_skip(*rest, 1);
    size_t n;
    if (close && sw_str_find(inner, close, &n)) {
        *ret = sw_str_n(inner.p, n);
        *rest = sw_str_skip(inner, n + 1);
        return true;
    }
    for (n = 0; n < rest->n && !is_space(rest->p[n]);)
        n++;
    *ret = sw_str_n(rest->p, n);
    *rest = sw_str_skip(*rest, n);
    return true;
}

static bool matches_fields(const FieldList *l, SwArena *a, SwStr message) {
    SwStrList words = {0};
    SwStr w;
    size_t rest = SIZE_MAX;
    while (next_field(&message, &w))
        sw_str_list_add(a, &words, w);
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].rest)
            rest = i;
    if (rest == SIZE_MAX ? words.n != l->n : words.n + 1 < l->n)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        size_t at = i <= rest ? i : words.n - (l->n - i);
        if (l->v[i].condition && !holds_field(l->v[i].condition, words.v[at]))
            return false;
    }
    return true;
}

/* Optional terms count only where there are no others, as on AWS. */
static bool matches_terms(const TermList *l, SwStr message) {
    bool any = false, firm = false;
    for (size_t i = 0; i < l->n; i++) {
        bool there = sw_str_contains(message, l->v[i].text);
        if (l->v[i].sign == '?') {
            any |= there;
            continue;
        }
        firm = true;
        if (there == (l->v[i].sign == '-'))
            return false;
    }
    return firm || any || l->n == 0;
}

bool logs_pattern_matches(const LogsPattern *p, SwArena *scratch, SwStr message) {
    SwValue v;
    SwError ignored = sw_error(scratch);
    switch (p->kind) {
    case TERMS: return matches_terms(&p->terms, message);
    case FIELDS: return matches_fields(&p->fields, scratch, message);
    case JSON: return sw_json_parse(scratch, message, &v, &ignored) == 0 && holds_json(p->condition, &v);
    }
    return false;
}
