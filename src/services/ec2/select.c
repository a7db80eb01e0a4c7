/* SPDX-License-Identifier: Apache-2.0 */
/* Ids, filters and pages of Describe operations. A filter names a path through the resource's
 * shape; its values are compared as text, with EC2's wildcards '*' and '?'. */

#include "base/log.h"
#include "services/ec2/ec2.h"
#include "wire/wire.h"

#define KIND(name, wire, status) const SwErrorKind name = {.code = wire, .http = status}
KIND(EC2_INVALID_PARAMETER_VALUE, "InvalidParameterValue", 400);
static KIND(invalid_combination, "InvalidParameterCombination", 400);
KIND(EC2_INVALID_TOKEN, "InvalidNextToken", 400);
static KIND(dry_run_operation, "DryRunOperation", 412);

int ec2_dry_run(SwOptBool dry_run, SwError *err) {
    if (SW_OR(dry_run, false))
        return sw_fail(err, &dry_run_operation, "Request would have succeeded, but DryRun flag is set.");
    return 0;
}

static bool text_matches(SwStr text, const SwStrList *patterns) {
    for (size_t i = 0; i < patterns->n; i++)
        if (sw_str_glob(patterns->v[i], text))
            return true;
    return false;
}

static bool scalar_matches(const SwShape *s, const void *v, const SwStrList *patterns) {
    char number[32];
    switch (s->kind) {
    case SW_STRING: return text_matches(*(const SwStr *)v, patterns);
    case SW_BOOLEAN: return text_matches(((const SwOptBool *)v)->v ? SW_STR("true") : SW_STR("false"), patterns);
    case SW_INTEGER:
    case SW_LONG: return text_matches(sw_log_num(number, ((const SwOptInt *)v)->v), patterns);
    default: return false;
    }
}

/* Whether any value at `path` under `v` matches. */
static bool path_matches(const SwShape *s, const void *v, SwStr path, const SwStrList *patterns) {
    if (s->kind == SW_LIST) {
        for (size_t i = 0; i < sw_list_count(v); i++)
            if (path_matches(s->member[0].shape, sw_list_at(s, v, i), path, patterns))
                return true;
        return false;
    }
    SwStr name;
    if (!sw_str_next(&path, '.', &name))
        return scalar_matches(s, v, patterns);
    const SwMember *m = s->kind == SW_STRUCTURE ? sw_shape_member(s, name) : NULL;
    if (SW_NEVER(!m))
        return false;
    const void *member = sw_member_at(m, v);
    return member && path_matches(m->shape, member, path, patterns);
}

static const char *filter_path(const Ec2Kind *k, SwStr name) {
    for (const Ec2FilterPath *f = k->filters; f && f->filter; f++)
        if (sw_str_eqz(name, f->filter))
            return f->path;
    return NULL;
}

static int check_filters(const Ec2Kind *k, const Ec2FilterList *filters, SwError *err) {
    for (size_t i = 0; i < filters->n; i++) {
        SwStr name = filters->v[i].name;
        if (!filter_path(k, name) && !sw_str_eqz(name, "tag-key") && !sw_str_starts(name, SW_STR("tag:")))
            return sw_fail(err, &EC2_INVALID_PARAMETER_VALUE, "The filter '%.*s' is invalid", SW_FMT(name));
        if (!filters->v[i].values.n)
            return sw_fail(err, &EC2_INVALID_PARAMETER_VALUE, "The filter '%.*s' has no values", SW_FMT(name));
    }
    return 0;
}

/* Nothing here has tags, so a filter by tag finds nothing. */
static bool passes(const Ec2Kind *k, const void *v, const Ec2FilterList *filters) {
    for (size_t i = 0; i < filters->n; i++) {
        const char *path = filter_path(k, filters->v[i].name);
        if (!path || !path_matches(k->shape, v, sw_str(path), &filters->v[i].values))
            return false;
    }
    return true;
}

static SwStr id_of(const Ec2Kind *k, const void *v) {
    return *(const SwStr *)sw_member_at(sw_shape_member(k->shape, sw_str(k->id)), v);
}

static int check_ids(const Ec2Kind *k, const SwStrList *ids, const SwAnyList *all, SwError *err) {
    for (size_t i = 0; i < ids->n; i++) {
        bool found = false;
        if (k->prefix && k->malformed && !sw_str_starts(ids->v[i], sw_str(k->prefix)))
            return sw_fail(err, k->malformed, "Invalid id: \"%.*s\"", SW_FMT(ids->v[i]));
        for (size_t n = 0; n < all->n && !found; n++)
            found = sw_str_eq(ids->v[i], id_of(k, (char *)all->v + n * k->shape->size));
        if (!found)
            return sw_fail(err, k->not_found, "The %s '%.*s' does not exist", k->what, SW_FMT(ids->v[i]));
    }
    return 0;
}

/* Nothing of a list ever changes, so an element's place is its number. */
int ec2_select(SwCtx *cx, const Ec2Kind *k, const Ec2Select *s, void *list, void *out, SwError *err) {
    SwAnyList all = *(SwAnyList *)list, *l = list;
    size_t size = k->shape->size;
    SwPageItems items = {0};
    if (check_ids(k, s->ids, l, err) < 0 || check_filters(k, s->filters, err) < 0 || ec2_dry_run(s->dry_run, err) < 0)
        return -1;
    if (s->max_results.set && s->ids && s->ids->n)
        return sw_fail(err, &invalid_combination, "The parameter MaxResults cannot be used with the parameter of ids");
    for (size_t i = 0; i < all.n; i++) {
        char *v = (char *)all.v + i * size;
        if ((!s->ids->n || sw_str_list_has(s->ids, id_of(k, v))) && passes(k, v, s->filters))
            *sw_list_add(cx->arena, &items) = (SwPageItem){sw_index_number(cx->arena, (int64_t)i), v};
    }
    *l = (SwAnyList){0};
    if (out)
        return sw_page(cx, &(SwPage){.items = items, .usual = 1000}, out, err);
    l->v = sw_arena_alloc(cx->arena, SW_MAX(items.n, (size_t)1) * size);
    for (; l->n < items.n; l->n++)
        memcpy((char *)l->v + l->n * size, items.v[l->n].v, size);
    return 0;
}
