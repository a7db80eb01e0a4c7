/* SPDX-License-Identifier: Apache-2.0 */

/* Which operation a REST request names: its method, path and query against every operation's URI.
 *
 * The most literal match wins: first by the path (a literal segment beats a label, a label a greedy
 * label, from the left), then by the fixed words of the query (`?uploads`, `?list-type=2`), then by
 * the query and header members that the operation requires, which is all that tells S3's UploadPart
 * from PutObject. `x-id` only names what is already told and breaks ties. A slash at the end of the
 * path does not count. */

#include "base/digest.h"
#include "wire/codec.h"

#define SEGMENTS_MAX 32

typedef struct Path {
    SwStr segment[SEGMENTS_MAX]; /* raw; the last one holds the rest where there are more */
    size_t n;
} Path;

/* How well an operation fits; compared member by member. */
typedef struct Fit {
    uint64_t path;
    unsigned fixed, missing, present;
    bool named; /* by x-id */
} Fit;

static Path split(SwStr path) {
    Path p = {0};
    if (path.n && path.p[0] == '/')
        path = sw_str_skip(path, 1);
    while (path.n && p.n + 1 < SEGMENTS_MAX) {
        SwStr head;
        if (!sw_str_cut(&path, '/', &head)) {
            p.segment[p.n++] = path;
            return p;
        }
        p.segment[p.n++] = head;
    }
    if (path.n)
        p.segment[p.n++] = path;
    return p;
}

static SwStr without_query(const char *uri, SwStr *ret_query) {
    SwStr path = sw_str(uri), head;
    *ret_query = SW_NO_STR;
    if (sw_str_cut(&path, '?', &head)) {
        *ret_query = path;
        return head;
    }
    return path;
}

static bool is_label(SwStr segment) {
    return segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

static bool is_greedy(SwStr segment) {
    return is_label(segment) && segment.p[segment.n - 2] == '+';
}

/* False: there is none. As split() has them. */
static bool next_segment(SwStr *rest, SwStr *ret) {
    if (!rest->n)
        return false;
    if (sw_str_cut(rest, '/', ret))
        return ret->n || rest->n; /* a slash at the end is none */
    *ret = *rest;
    rest->n = 0;
    return true;
}

static uint64_t padded(uint64_t score, size_t n) {
    return n < SEGMENTS_MAX - 1 ? score << (2 * (SEGMENTS_MAX - 1 - n)) : score;
}

/* Ends at the first segment that is another. A greedy label is always the last segment of the models that we have. */
static bool match_path(SwStr pattern, const Path *path, uint64_t *ret_score) {
    uint64_t score = 0;
    size_t i = 0;
    SwStr rest = sw_str_skip(pattern, pattern.n && pattern.p[0] == '/'), want;
    for (; next_segment(&rest, &want); i++) {
        if (i >= path->n)
            return false;
        if (is_greedy(want)) {
            const SwStr *last = &path->segment[path->n - 1];
            *ret_score = padded(score * 4 + 1, i + 1);
            return last->p + last->n > path->segment[i].p;
        }
        if (is_label(want) ? path->segment[i].n == 0 : !sw_str_eq(want, path->segment[i]))
            return false;
        score = score * 4 + (is_label(want) ? 2 : 3);
    }
    *ret_score = padded(score, i);
    return path->n == i || (path->n == i + 1 && path->segment[i].n == 0);
}

static bool query_has(SwStr query, SwStr name, SwStr *ret_value) {
    WirePair pair;
    while (wire_pair_next(&query, &pair)) {
        if (!sw_str_eq(pair.name, name))
            continue;
        *ret_value = pair.value;
        return true;
    }
    return false;
}

static bool match_query(SwStr wanted, SwStr query, unsigned *ret_fixed) {
    WirePair want;
    SwStr value;
    while (wire_pair_next(&wanted, &want)) {
        if (sw_str_eqz(want.name, "x-id"))
            continue;
        if (!query_has(query, want.name, &value) || (want.value.n && !sw_str_eq(want.value, value)))
            return false;
        ++*ret_fixed;
    }
    return true;
}

static void count_needs(const SwOperation *op, const SwWireMessage *m, Fit *fit) {
    SwStr value;
    for (const SwNeed *need = op->needs; need && need->name; need++) {
        bool has = need->location == SW_IN_QUERY ? query_has(m->query, sw_str(need->name), &value)
                                                 : sw_header_find(&m->headers, need->name).p != NULL;
        if (has)
            fit->present++;
        else
            fit->missing++;
    }
}

/* Of two that fit alike: XConfiguration succeeded X; else the plainer name. */
static bool newer_name(const char *a, const char *b) {
    if (sw_str_starts(sw_str(a), sw_str(b)))
        return true;
    return !sw_str_starts(sw_str(b), sw_str(a)) && strlen(a) < strlen(b);
}

static bool better(const Fit *a, const SwOperation *op, const Fit *b, const SwOperation *other) {
    if (a->path != b->path)
        return a->path > b->path;
    if (a->fixed != b->fixed)
        return a->fixed > b->fixed;
    if (a->missing != b->missing && (a->missing == 0 || b->missing == 0))
        return a->missing == 0;
    if (a->present != b->present)
        return a->present > b->present;
    if (a->named != b->named)
        return a->named;
    return newer_name(op->name, other->name);
}

/* A request, and the operation that fits it best of those that were looked at. */
typedef struct Search {
    const SwWireMessage *m;
    Path path;
    SwStr id;
    const SwOperation *best;
    Fit fit;
} Search;

static void look_at(Search *s, const SwOperation *op) {
    Fit fit = {0};
    SwStr wanted;
    if (!sw_str_eqz(s->m->method, op->method))
        return;
    if (!match_path(without_query(op->uri, &wanted), &s->path, &fit.path) || !match_query(wanted, s->m->query, &fit.fixed))
        return;
    fit.named = sw_str_eqz(s->id, op->name);
    count_needs(op, s->m, &fit);
    if (!s->best || better(&fit, op, &s->fit, s->best)) {
        s->best = op;
        s->fit = fit;
    }
}

const SwOperation *wire_rest_operation(SwArena *a, const SwApi *api, const SwWireMessage *m) {
    Search s = {.m = m, .path = split(m->path)};
    query_has(m->query, SW_STR("x-id"), &s.id);
    for (size_t i = 0; i < api->n_op; i++)
        look_at(&s, &api->op[i]);
    for (size_t i = 0; i < api->n_other; i++) /* or what is not implemented would be taken for something else */
        look_at(&s, &api->other[i]);
    return s.best;
}

/* What stood in a label's place, still encoded. */
SwStr wire_rest_label(const SwOperation *op, SwStr raw_path, const char *name) {
    SwStr ignored;
    Path pattern = split(without_query(op->uri, &ignored)), path = split(raw_path);
    for (size_t i = 0; i < pattern.n && i < path.n; i++) {
        SwStr label = pattern.segment[i];
        if (!is_label(label))
            continue;
        bool greedy = is_greedy(label);
        label = sw_str_drop(sw_str_skip(label, 1), greedy ? 2 : 1);
        if (!sw_str_eqz(label, name))
            continue;
        SwStr value = path.segment[i];
        if (greedy)
            value.n = (size_t)(raw_path.p + raw_path.n - value.p);
        return value;
    }
    return SW_NO_STR;
}
