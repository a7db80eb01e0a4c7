/* SPDX-License-Identifier: Apache-2.0 */

/* See generate.h. Strings for a pattern are found by trying words that AWS's patterns are made for. */

#include "generate.h"

#include "base/pattern.h"

#define DEPTH_FULL 4     /* deeper, only what is required */
#define LONGEST    20000 /* of a string or list that is made too long */

static const char *const words[] = {
    "a",
    "abc",
    "abcdefgh",
    "Abc-1",
    "1",
    "12",
    "0",
    "123456789012",
    "abc123def456abc1",
    "us-east-1",
    "us-east-1a",
    "true",
    "latest",
    "*",
    "/",
    "/a/",
    "/abc",
    "a/b",
    "http",
    "https://example.com/a",
    "http://example.com",
    "s3://bucket/key",
    "10.0.0.0/16",
    "10.0.0.1",
    "arn:aws:iam::123456789012:role/abc",
    "arn:aws:s3:::abc",
    "arn:aws:sns:us-east-1:123456789012:abc",
    "arn:aws:iam::123456789012:user/abc",
    "arn:aws:ecs:us-east-1:123456789012:cluster/abc",
    "arn:aws:codepipeline:us-east-1:123456789012:abc",
    "arn:aws:lambda:us-east-1:123456789012:function:abc",
    "arn:aws:kms:us-east-1:123456789012:key/abc",
    "arn:aws:logs:us-east-1:123456789012:log-group:abc",
    "arn:aws:iam::123456789012:mfa/abc",
    "arn:aws:events:us-east-1:123456789012:rule/abc",
    "arn:aws:events:us-east-1:123456789012:event-bus/abc",
    "arn:aws:codestar-connections:us-east-1:123456789012:connection/11111111-2222-3333-4444-555555555555",
    "11111111-2222-3333-4444-555555555555",
    "abc:11111111-2222-3333-4444-555555555555",
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef01234567",
    "AKIAABCDEFGHIJKLMNOP",
    "1-01234567-0123456789abcdef01234567",
    "0123456789abcdef",
    "rate(5 minutes)",
    "cron(0 12 * * ? *)",
    "2026-01-01T00:00:00.000Z",
    "2026-01-01",
    "a@example.com",
    "abc.example.com",
    "aws.events",
    "aws.partner/example.com/abc",
    "aws/abc",
    "AWS",
    "mi-0123456789abcdef0",
    "i-0123456789abcdef0",
    "ami-01234567",
    "12345678901234567",
    "pb-0123456789abcdef0",
    "mw-0123456789abcdef0",
    "vpc-01234567",
    "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-abcdefgh",
    "ns-abcdefgh12345678",
    "/aws/codebuild/abc",
    "application/json",
    "application/vnd.oci.image.manifest.v1+json",
    "DEFAULT",
    "ENABLED",
    "No",
    "Linux",
    "-1",
    "1.0",
    "1.0.0",
    "$.a",
    "c.a",
    "{}",
    "{\"a\":1}",
    "v1",
};

static bool in_limits(const SwShape *s, size_t n) {
    return !((s->flags & SW_HAS_MIN) && (int64_t)n < s->min) && !((s->flags & SW_HAS_MAX) && (int64_t)n > s->max);
}

static bool matches(const SwShape *s, SwStr text) {
    const SwPattern *p = s->pattern ? sw_pattern_compile(s->pattern) : NULL;
    return !p || sw_pattern_matches(p, text);
}

static SwStr repeat(Generator *g, SwStr unit, size_t n) {
    char *p = sw_arena_alloc(g->a, n + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = unit.p[i % unit.n];
    return sw_str_n(p, n);
}

static bool in_body(const SwMember *m, const Generator *g) {
    return m->location == SW_IN_BODY || !(g->protocol & (SW_REST_JSON | SW_REST_XML));
}

/* Everything that is hard to carry; text in headers is plain. */
static SwStr hard_text(const Generator *g, const SwMember *m) {
    if (in_body(m, g))
        return SW_STR("a <b> & \"c\" 'd' %41+\t=;\n\r\xc3\xbc\xe6\x97\xa5\xf0\x9f\x9a\x82 z");
    return m->location == SW_IN_HEADER || m->location == SW_IN_HEADERS ? SW_STR("a, \"b\" c=d;e")
                                                                       : SW_STR("a/b c+d%&=?\xc3\xbc");
}

static SwStr pick_text(Generator *g, const SwMember *m) {
    const SwShape *s = m->shape;
    SwStr hard = hard_text(g, m);
    if (g->maximal && !s->pattern && in_limits(s, hard.n))
        return hard;
    for (size_t i = 0; i < SW_N(words); i++)
        if (in_limits(s, strlen(words[i])) && matches(s, sw_str(words[i])))
            return sw_str(words[i]);
    size_t n = s->flags & SW_HAS_MIN ? (size_t)SW_MAX(s->min, 1) : 1;
    for (size_t i = 0; i < SW_N(words) && n <= LONGEST; i++) {
        SwStr longer = repeat(g, sw_str(words[i]), SW_MAX(n, strlen(words[i])));
        if (in_limits(s, longer.n) && matches(s, longer))
            return longer;
    }
    return repeat(g, SW_STR("a"), n);
}

static SwStr broken_text(Generator *g, const SwMember *m) {
    static const char *const odd[] = {"\x7f", "\x7f\x7f\x7f", "!",    "!!!",
                                      " ",    "~~~~~~~~~~~~", "a b!", "\xc3\xbc\xc3\xbc\xc3\xbc",
                                      "x"};
    const SwShape *s = m->shape;
    SwStr ok = pick_text(g, m);
    g->done = true;
    if (g->fault == FAULT_SHORT)
        return repeat(g, SW_STR("a"), (size_t)s->min - 1);
    bool plain = ok.n;
    for (size_t i = 0; i < ok.n; i++)
        plain = plain && ok.p[i] > ' ' && ok.p[i] < 0x7f;
    if (g->fault == FAULT_LONG)
        return repeat(g, plain ? ok : SW_STR("a"), (size_t)s->max + 1);
    if (g->fault == FAULT_ENUM)
        return SW_STR("no-such-value");
    for (size_t i = 0; i < SW_N(odd); i++) {
        SwStr text = s->flags & SW_HAS_MIN && (int64_t)strlen(odd[i]) < s->min && s->min < LONGEST
                         ? repeat(g, sw_str(odd[i]), (size_t)s->min)
                         : sw_str(odd[i]);
        bool carried = m->location != SW_IN_HEADER || (*odd[i] > ' ' && *odd[i] != 0x7f); /* as it is */
        if (carried && in_limits(s, text.n) && !matches(s, text))
            return text;
    }
    g->done = false;
    return ok;
}

static SwStr make_text(Generator *g, const SwMember *m) {
    const SwShape *s = m->shape;
    if (g->target == m && !g->done && g->fault != FAULT_MISSING)
        return broken_text(g, m);
    if (s->enum_values) {
        size_t n = 0;
        while (s->enum_values[n])
            n++;
        return sw_str(s->enum_values[g->serial++ % n]);
    }
    return sw_str_dup(g->a, pick_text(g, m));
}

static SwStr make_blob(Generator *g, const SwMember *m) {
    const SwShape *s = m->shape;
    size_t n = g->maximal ? 256 : 1;
    bool broken = g->target == m && !g->done && (g->fault == FAULT_SHORT || g->fault == FAULT_LONG);
    if (s->flags & SW_HAS_MIN)
        n = SW_MAX(n, (size_t)s->min);
    if (s->flags & SW_HAS_MAX)
        n = SW_MIN(n, (size_t)s->max);
    if (broken) {
        n = (size_t)(g->fault == FAULT_SHORT ? s->min - 1 : s->max + 1);
        g->done = true;
    }
    char *p = sw_arena_alloc(g->a, n + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 7 + 200);
    return sw_str_n(p, n);
}

static int64_t make_int(Generator *g, const SwMember *m) {
    const SwShape *s = m->shape;
    int64_t top = s->kind == SW_LONG ? INT64_MAX : INT32_MAX;
    if (g->target == m && !g->done && (g->fault == FAULT_LOW || g->fault == FAULT_HIGH)) {
        g->done = true;
        return g->fault == FAULT_LOW ? s->min - 1 : s->max + 1;
    }
    if (m->location == SW_IN_STATUS)
        return 202;
    if (g->maximal)
        return s->flags & SW_HAS_MAX ? s->max : top;
    return s->flags & SW_HAS_MIN ? s->min : -7;
}

static double make_double(Generator *g, const SwMember *m) {
    const SwShape *s = m->shape;
    if (g->target == m && !g->done && (g->fault == FAULT_LOW || g->fault == FAULT_HIGH)) {
        g->done = true;
        return g->fault == FAULT_LOW ? s->fmin - 1 : s->fmax + 1;
    }
    double d = g->maximal ? 1234567.1 : -0.25;
    if ((s->flags & SW_HAS_MAX) && d > s->fmax)
        d = s->fmax;
    return (s->flags & SW_HAS_MIN) && d < s->fmin ? s->fmin : d;
}

static void make_value(Generator *g, const SwMember *m, void *v);
static void make_members(Generator *g, const SwShape *s, void *v);

static size_t how_many(Generator *g, const SwMember *m) {
    const SwShape *s = m->shape;
    size_t n = g->maximal && g->depth < DEPTH_FULL ? 2 : 1;
    if (g->target == m && !g->done && (g->fault == FAULT_SHORT || g->fault == FAULT_LONG)) {
        g->done = true;
        return (size_t)(g->fault == FAULT_SHORT ? s->min - 1 : s->max + 1);
    }
    if ((s->flags & SW_HAS_MIN) && s->min < 1000)
        n = SW_MAX(n, (size_t)s->min);
    if (s->flags & SW_HAS_MAX)
        n = SW_MIN(n, (size_t)s->max);
    return n;
}

static SwStr map_key(Generator *g, const SwMember *m, size_t i) {
    const SwMember *km = &m->shape->member[0];
    if (m->location == SW_IN_HEADERS && !in_body(m, g))
        return sw_strf(g->a, "key-%zu", i);
    SwStr key = make_text(g, km), other = sw_strf(g->a, "%.*s%zu", SW_FMT(key), i);
    bool can_vary = i && !km->shape->enum_values && in_limits(km->shape, other.n) && matches(km->shape, other);
    return can_vary ? other : key;
}

static void make_container(Generator *g, const SwMember *m, void *v) {
    const SwShape *s = m->shape;
    SwAnyList *l = v;
    size_t n = how_many(g, m);
    const SwMember *value = &s->member[s->kind == SW_MAP];
    if (!l->v)
        l->v = sw_arena_alloc(g->a, 16);
    for (size_t i = 0; i < n; i++) {
        SwMember placed = *value;
        placed.location = m->location;
        if (s->kind == SW_MAP) {
            SwStr key = map_key(g, m, i);
            bool known = false;
            for (size_t k = 0; k < l->n && !known; k++)
                known = sw_str_eq(*sw_map_key_at(s, v, k), key);
            if (known)
                continue;
            sw_list_push(g->a, s, v);
            *sw_map_key_at(s, v, l->n - 1) = key;
        } else {
            sw_list_push(g->a, s, v);
        }
        void *at = s->kind == SW_MAP ? sw_map_value_at(s, v, l->n - 1) : sw_list_at(s, v, l->n - 1);
        if (g->target == value) { /* the copy stands for it */
            g->target = &placed;
            make_value(g, &placed, at);
            g->target = value;
        } else {
            make_value(g, &placed, at);
        }
    }
}

static SwTime make_time(const Generator *g, const SwMember *m) {
    /* REST-XML is S3's alone, which tells whole seconds. */
    bool whole =
        !in_body(m, g) || g->protocol == SW_REST_XML || m->timestamp == SW_TS_RFC822 || m->shape->timestamp == SW_TS_RFC822;
    return 1700000000 * SW_S + (whole || !g->maximal ? 0 : 123 * SW_MS);
}

static void make_value(Generator *g, const SwMember *m, void *v) {
    switch (m->shape->kind) {
    case SW_STRING: *(SwStr *)v = make_text(g, m); break;
    case SW_BLOB: *(SwStr *)v = make_blob(g, m); break;
    case SW_BOOLEAN: *(SwOptBool *)v = SW_SOME_BOOL(g->maximal); break;
    case SW_INTEGER:
    case SW_LONG: *(SwOptInt *)v = SW_SOME_INT(make_int(g, m)); break;
    case SW_FLOAT:
    case SW_DOUBLE: *(SwOptDouble *)v = SW_SOME_DOUBLE(make_double(g, m)); break;
    case SW_TIMESTAMP: *(SwOptTime *)v = SW_SOME_TIME(make_time(g, m)); break;
    case SW_DOCUMENT: {
        SwValue *j = sw_new(g->a, SwValue);
        *j = sw_value_object();
        sw_value_set(g->a, j, SW_STR("a"), sw_value_int(g->a, 1));
        *(const SwValue **)v = j;
        break;
    }
    case SW_STREAM: *(SwStream *)v = (SwStream){.set = true, .data = SW_STR("stream"), .file = -1, .size = 6}; break;
    case SW_LIST:
    case SW_MAP: make_container(g, m, v); break;
    case SW_STRUCTURE:
    case SW_UNION: make_members(g, m->shape, v); break;
    case _SW_KIND_MAX: break;
    }
}

static bool is_open(const Generator *g, const SwShape *s) {
    for (unsigned i = 0; i < g->depth; i++)
        if (g->stack[i] == s)
            return true;
    return false;
}

/* The structure that a member leads to, through lists and maps. */
static const SwShape *leads_to(const SwShape *s) {
    while (s->kind == SW_LIST || s->kind == SW_MAP)
        s = s->member[s->kind == SW_MAP].shape;
    return s->kind == SW_STRUCTURE || s->kind == SW_UNION ? s : NULL;
}

static bool is_left_out(const Generator *g, const SwMember *m) {
    return g->target == m && g->fault == FAULT_MISSING;
}

static void make_member(Generator *g, const SwMember *m, void *v) {
    const char *outer = g->path;
    bool before = g->done;
    if (g->target == m && g->fault == FAULT_MISSING && !g->done) {
        g->done = true;
        g->path = m->name;
        return;
    }
    g->path = m->name;
    make_value(g, m, sw_member_make(g->a, m, v));
    if (g->done == before)
        g->path = outer;
}

static void make_members(Generator *g, const SwShape *s, void *v) {
    bool full = g->maximal && g->depth < DEPTH_FULL, any = false, is_union = s->kind == SW_UNION;
    if (g->depth >= SW_N(g->stack))
        return;
    bool recursive = is_open(g, s);
    g->stack[g->depth++] = s;
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const SwShape *to = leads_to(m->shape);
        bool wanted = (m->flags & SW_REQUIRED) || m->shape->kind == SW_STREAM || /* an absent body is an empty one */
                      (full && !recursive && !(to && is_open(g, to)));
        if (is_union ? any || (to && is_open(g, to)) : !wanted)
            continue;
        make_member(g, m, v);
        any = any || !is_left_out(g, m);
    }
    for (uint32_t i = 0; i < s->n_member && !any; i++) { /* an empty structure cannot be told from none */
        const SwMember *m = &s->member[i];
        if (leads_to(m->shape) || m->shape->kind == SW_STREAM || m->location == SW_IN_STATUS || g->depth == 1 ||
            is_left_out(g, m))
            continue;
        make_member(g, m, v);
        any = true;
    }
    for (uint32_t i = 0; i < s->n_member && !any; i++) {
        const SwShape *to = leads_to(s->member[i].shape);
        if (g->depth == 1 || !to || is_open(g, to) || is_left_out(g, &s->member[i]))
            continue;
        make_member(g, &s->member[i], v);
        any = true;
    }
    g->depth--;
    bool form = g->protocol & (SW_QUERY | SW_EC2_QUERY);
    for (uint32_t i = 0; i < s->n_member && !any && form && g->depth; i++)
        g->done = g->done && !is_left_out(g, &s->member[i]); /* forms have no empty structures */
}

void *generate(Generator *g, const SwShape *s) {
    void *v = sw_arena_alloc(g->a, SW_MAX(s->size, 1u));
    g->depth = 0;
    g->serial = 0;
    g->done = false;
    g->path = NULL;
    make_members(g, s, v);
    return v;
}

bool generate_can_break(const SwMember *m, Fault fault) {
    const SwShape *s = m->shape;
    bool has_min = s->flags & SW_HAS_MIN, has_max = s->flags & SW_HAS_MAX;
    bool number = s->kind == SW_INTEGER || s->kind == SW_LONG;
    bool real = s->kind == SW_FLOAT || s->kind == SW_DOUBLE;
    bool sized = s->kind == SW_STRING || s->kind == SW_BLOB || s->kind == SW_LIST || s->kind == SW_MAP;
    switch (fault) {
    case FAULT_MISSING: return (m->flags & SW_REQUIRED) && s->kind != SW_STREAM;
    case FAULT_SHORT: /* an empty list in a query is none */
        return sized && has_min && s->min > 0 && !(s->kind == SW_LIST && s->min == 1 && m->location == SW_IN_QUERY);
    case FAULT_LONG: return sized && has_max && s->max < (s->kind == SW_LIST || s->kind == SW_MAP ? 500 : LONGEST);
    case FAULT_LOW: return (number && has_min && s->min > (s->kind == SW_LONG ? INT64_MIN : INT32_MIN)) || (real && has_min);
    case FAULT_HIGH: return (number && has_max && s->max < (s->kind == SW_LONG ? INT64_MAX : INT32_MAX)) || (real && has_max);
    case FAULT_PATTERN: return s->kind == SW_STRING && s->pattern && sw_pattern_compile(s->pattern);
    case FAULT_ENUM: return s->kind == SW_STRING && s->enum_values;
    case FAULT_NONE:
    case _FAULT_MAX: break;
    }
    return false;
}

const char *fault_words(Fault fault) {
    static const char *const text[] = {
        [FAULT_NONE] = "",
        [FAULT_MISSING] = "Member must not be null",
        [FAULT_SHORT] = "Member must have length greater than or equal to",
        [FAULT_LONG] = "Member must have length less than or equal to",
        [FAULT_LOW] = "Member must have value greater than or equal to",
        [FAULT_HIGH] = "Member must have value less than or equal to",
        [FAULT_PATTERN] = "Member must satisfy regular expression pattern",
        [FAULT_ENUM] = "Member must satisfy enum value set",
    };
    _Static_assert(SW_N(text) == _FAULT_MAX, "a text for each fault");
    return text[fault];
}
