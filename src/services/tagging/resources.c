/* SPDX-License-Identifier: Apache-2.0 */
/* GetResources: what has tags, by kind, tag and ARN. AWS: Resource Groups Tagging API, "GetResources". */

#include "services/tagging/tagging.h"

#define PAGE_USUAL   50
#define PAGE_MOST    100
#define TAGS_LEAST   100 /* TagsPerPage: one to five hundred */
#define TAGS_MOST    500
#define LOOK_AT_MOST 100000 /* resources for one page, however few are wanted */

typedef struct Query {
    SwCtx *cx;
    const TaggingGetResourcesInput *in;
    TaggingGetResourcesOutput *out;
    size_t limit, tags_limit, tags, looked;
    SwStr last; /* place of the last one shown or looked at */
} Query;

/* "ecr" or "ecr:repository"; ARNs may say more: "elasticloadbalancing:loadbalancer/app". arn absent: any of the kind. */
static bool is_of_type(const SwResource *r, SwStr type, SwStr arn) {
    SwStr service, name;
    SwArn parsed;
    if (!sw_str_contains(type, SW_STR(":")))
        return sw_str_eqz(type, r->service);
    (void)sw_str_cut(&type, ':', &service);
    SwStr more = type;
    bool says_more = sw_str_cut(&more, '/', &name);
    if (!sw_str_eqz(service, r->service) || !sw_str_eqz(says_more ? name : type, r->name))
        return false;
    return !says_more || !arn.p ||
           (sw_arn_parse(arn, &parsed) && sw_str_starts(parsed.resource, type) &&
            sw_str_starts(sw_str_skip(parsed.resource, type.n), SW_STR("/")));
}

static bool is_of_types(const Query *q, const SwResource *r, SwStr arn) {
    const SwStrList *types = &q->in->resource_type_filters;
    for (size_t i = 0; i < types->n; i++)
        if (is_of_type(r, types->v[i], arn))
            return true;
    return types->n == 0;
}

static bool want(const SwResource *r, const void *arg) {
    return r->tag_rules && is_of_types(arg, r, SW_NO_STR);
}

/* What belongs to no region is shown in the one where its service answers. */
static bool is_of_region(const SwCtx *cx, const SwResource *r, SwStr arn) {
    SwArn parsed;
    bool global = sw_arn_parse(arn, &parsed) && !sw_str_is(parsed.region) && !r->region_at.n;
    return !global || sw_str_eqz(cx->region, "us-east-1");
}

/* Each filter's key is there, with one of its values if it has any. */
static bool has_tags(const TaggingTagFilterList *filters, const SwStrMap *tags) {
    for (size_t i = 0; i < filters->n; i++) {
        const TaggingTagFilter *f = &filters->v[i];
        SwStr value = sw_str_map_find(tags, f->key);
        if (!value.p || (f->values.n && !sw_str_list_has(&f->values, value)))
            return false;
    }
    return true;
}

static void add(Query *q, SwStr arn, const SwStrMap *tags) {
    SwArena *a = q->cx->arena;
    TaggingResourceTagMapping *m = sw_list_add(a, &q->out->resource_tag_mapping_list);
    m->resource_arn = sw_str_dup(a, arn);
    for (size_t i = 0; i < tags->n; i++)
        *sw_list_add(a, &m->tags) = (TaggingTag){sw_str_dup(a, tags->v[i].key), sw_str_dup(a, tags->v[i].value)};
    q->tags += tags->n;
}

static bool is_full(const Query *q, size_t more_tags) {
    size_t n = q->out->resource_tag_mapping_list.n;
    return n == q->limit || (n && q->tags_limit && q->tags + more_tags > q->tags_limit);
}

static int visit(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    Query *q = arg;
    const SwStrMap *tags = sw_resource_tags(cx, f);
    bool wanted = tags->n && is_of_region(cx, f->r, arn) && is_of_types(q, f->r, arn) && has_tags(&q->in->tag_filters, tags);
    if (q->looked++ == LOOK_AT_MOST || (wanted && is_full(q, tags->n)))
        return 1;
    if (wanted)
        add(q, arn, tags);
    if (wanted || q->looked == LOOK_AT_MOST)
        q->last = sw_resource_place(q->cx->arena, f);
    return 0;
}

static int check(Query *q, SwError *err) {
    const TaggingGetResourcesInput *in = q->in;
    int64_t tags = SW_OR(in->tags_per_page, 0);
    bool else_asked = in->tag_filters.n || in->resource_type_filters.n || in->resources_per_page.set || in->tags_per_page.set ||
                      sw_str_is(in->pagination_token);
    if (in->tags_per_page.set && (tags < TAGS_LEAST || tags > TAGS_MOST || tags % TAGS_LEAST))
        return sw_fail(err, &TAGGING_INVALID_PARAMETER_EXCEPTION,
                       "TagsPerPage must be between 100 and 500, and a multiple of 100.");
    if (in->resource_arn_list.n && else_asked)
        return sw_fail(err, &TAGGING_INVALID_PARAMETER_EXCEPTION,
                       "ResourceARNList cannot be combined with TagFilters, ResourceTypeFilters, ResourcesPerPage, "
                       "TagsPerPage or PaginationToken.");
    for (size_t i = 0; i < in->tag_filters.n; i++)
        if (!in->tag_filters.v[i].key.p)
            return sw_fail(err, &TAGGING_INVALID_PARAMETER_EXCEPTION, "TagFilters[%zu].Key is missing.", i);
    q->tags_limit = (size_t)tags;
    return sw_page_limit(q->cx, PAGE_USUAL, PAGE_MOST, &q->limit, err);
}

/* Those of the list that have tags. */
static int by_arn(Query *q, SwError *err) {
    SwCtx *cx = q->cx;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < q->in->resource_arn_list.n; i++) {
        SwFound f;
        r = sw_resource_by_arn(cx, q->in->resource_arn_list.v[i], &f, err);
        const SwStrMap *tags = r == 0 && f.record && f.r->tag_rules ? sw_resource_tags(cx, &f) : NULL;
        if (tags && tags->n)
            add(q, q->in->resource_arn_list.v[i], tags);
    }
    sw_ctx_rollback(cx);
    return r;
}

int tagging_get_resources(SwCtx *cx, const TaggingGetResourcesInput *in, TaggingGetResourcesOutput *out, SwError *err) {
    Query q = {.cx = cx, .in = in, .out = out};
    SwStr after;
    out->pagination_token = SW_STR("");
    (void)sw_member_make(cx->arena, cx->op->page->result[0], out);
    if (check(&q, err) < 0 || sw_page_place(cx, NULL, &after, err) < 0)
        return -1;
    if (in->resource_arn_list.n)
        return by_arn(&q, err);
    int stop = sw_resource_each(cx, &(SwResourceWalk){want, visit, &q, after}, err);
    if (stop > 0)
        sw_page_next(cx, out, q.last);
    return SW_MIN(stop, 0);
}
