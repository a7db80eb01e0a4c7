/* SPDX-License-Identifier: Apache-2.0 */
/* ListResources: all that is declared and exists, whichever service's it is, for `slipway resources`. ListResourceTypes: of
 * which kinds there are how many, for `slipway status`.
 *
 * In strict mode a caller who may call the operation sees everything; any other sees the kinds that their own services let
 * him list, but for those that a policy denies him by name. */

#include "services/slipway/slipway.h"

#include "api/page.h"
#include "api/registry.h"
#include "resource/resource.h"

#define PAGE_USUAL  100
#define PAGE_MOST   1000
#define COUNT_MOST  100000 /* of a kind: enough to see, and no walk without end */
#define NAMES_USUAL 4

/* Kinds that the caller may see, as many as sw_resource_all has. */
typedef struct Seen {
    bool every; /* one of them, too, that he may not list */
    bool *v;
    const SwResource *const *all;
} Seen;

typedef struct Query {
    SwCtx *cx;
    Seen seen;
    const SlipwayListResourcesRequest *in;
    SlipwayListResourcesResponse *out;
    SwStr tag, value; /* value absent: any */
    size_t limit;
    SwStr last; /* place of the last one shown */
} Query;

static int may(SwCtx *cx, const char *action, bool *ret, SwError *refused, SwError *err) {
    SwError e = sw_error(cx->arena);
    *ret = sw_authorise(cx, action, SW_STR("*"), &e) == 0;
    const SwService *s = sw_registry_by_api(cx->host, cx->api);
    if (*ret || e.kind == sw_registry_denied(s))
        return *refused = e, 0;
    return *err = e, -1;
}

static int find_seen(SwCtx *cx, Seen *ret, SwError *err) {
    SwError refused, other;
    bool all, any = false;
    size_t n = 0;
    *ret = (Seen){.all = sw_resource_all(cx->host)};
    while (ret->all[n])
        n++;
    ret->v = sw_new_n(cx->arena, bool, n + 1);
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = may(cx, cx->op->iam_action, &all, &refused, err);
    ret->every = all;
    for (size_t i = 0; r == 0 && i < n; i++) {
        const SwResource *of = ret->all[i];
        bool walked = of->in && of->arn[0];
        ret->v[i] = walked && all;
        if (walked && !all)
            r = may(cx, sw_resource_operation(of, SW_VERB_LIST)->iam_action, &ret->v[i], &other, err);
        any |= ret->v[i];
    }
    sw_ctx_rollback(cx);
    return r < 0 || any ? r : (*err = refused, -1);
}

static bool may_see(SwCtx *cx, const Seen *s, const SwResource *r, SwStr arn) {
    SwError refused = sw_error(cx->arena);
    return s->every || sw_authorise(cx, sw_resource_operation(r, SW_VERB_LIST)->iam_action, arn, &refused) == 0;
}

static bool is_seen(const Seen *s, const SwResource *r) {
    for (size_t i = 0; s->all[i]; i++)
        if (s->all[i] == r)
            return s->v[i];
    return false;
}

/* type: "repository" or "ecr:repository" */
static bool want(const SwResource *r, const void *arg) {
    const Query *q = arg;
    const SlipwayListResourcesRequest *in = q->in;
    SwStr type = in->type, service = SW_NO_STR;
    if (type.p && sw_str_contains(type, SW_STR(":")))
        (void)sw_str_cut(&type, ':', &service);
    return is_seen(&q->seen, r) && (!service.p || sw_str_eqz(service, r->service)) && (!type.p || sw_str_eqz(type, r->name)) &&
           (!in->service.p || sw_str_eqz(in->service, r->service) || sw_str_eqz(in->service, r->api->name));
}

static bool has_tag(SwCtx *cx, const Query *q, const SwFound *f) {
    if (!q->tag.p)
        return true;
    SwStr value = f->r->tag_rules ? sw_str_map_find(sw_resource_tags(cx, f), q->tag) : SW_NO_STR;
    return value.p && (!q->value.p || sw_str_eq(value, q->value));
}

static int visit(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    Query *q = arg;
    SwArena *a = q->cx->arena;
    SwTime created = sw_path_time(f->r->in->shape, f->record, &f->r->created_at);
    if (!has_tag(cx, q, f) || !may_see(cx, &q->seen, f->r, arn))
        return 0;
    if (q->out->resources.n == q->limit)
        return 1;
    *sw_list_add(a, &q->out->resources) = (SlipwayResource){
        .type = sw_strf(a, "%s:%s", f->r->service, f->r->name),
        .name = sw_str_dup(a, sw_resource_name(cx, f, arn)),
        .arn = sw_str_dup(a, arn),
        .state = sw_str_dup(a, sw_path_text(f->r->in->shape, f->record, &f->r->state_at)),
        .created_at = {created, created != 0},
    };
    q->last = sw_resource_place(a, f);
    return 0;
}

int slipway_list_resources(SwCtx *cx, const SlipwayListResourcesRequest *in, SlipwayListResourcesResponse *out, SwError *err) {
    Query q = {.cx = cx, .in = in, .out = out, .tag = in->tag};
    SwStr after, rest = in->tag;
    if (in->tag.p && sw_str_contains(in->tag, SW_STR("="))) {
        (void)sw_str_cut(&rest, '=', &q.tag);
        q.value = rest;
    }
    if (find_seen(cx, &q.seen, err) < 0 || sw_page_limit(cx, PAGE_USUAL, PAGE_MOST, &q.limit, err) < 0 ||
        sw_page_place(cx, NULL, &after, err) < 0)
        return -1;
    (void)sw_member_make(cx->arena, cx->op->page->result[0], out);
    int stop = sw_resource_each(cx, &(SwResourceWalk){want, visit, &q, after}, err);
    if (stop > 0)
        sw_page_next(cx, out, q.last);
    out->time = SW_SOME_TIME(sw_now(cx));
    return SW_MIN(stop, 0);
}

/* --- kinds ------------------------------------------------------------------------------------------------------ */

typedef struct Count {
    SwArena *arena; /* of the reply */
    const SwResource *of;
    const Seen *seen;
    SlipwayResourceType *into;
    size_t names;
} Count;

static bool is_counted(const SwResource *r, const void *arg) {
    return r == ((const Count *)arg)->of;
}

static int count(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    Count *c = arg;
    (void)err;
    if (!may_see(cx, c->seen, f->r, arn))
        return 0;
    if (c->into->count.v == COUNT_MOST) {
        c->into->more = SW_SOME_BOOL(true);
        return 1;
    }
    c->into->count.v++;
    if (c->into->names.n < c->names)
        sw_str_list_add(c->arena, &c->into->names, sw_str_dup(c->arena, sw_resource_name(cx, f, arn)));
    return 0;
}

int slipway_list_resource_types(SwCtx *cx, const SlipwayListResourceTypesRequest *in, SlipwayListResourceTypesResponse *out,
                                SwError *err) {
    Seen seen;
    if (find_seen(cx, &seen, err) < 0)
        return -1;
    for (size_t i = 0; seen.all[i]; i++) {
        const SwResource *r = seen.all[i];
        const SwOperation *list = r->in ? sw_resource_operation(r, SW_VERB_LIST) : NULL;
        SlipwayResourceType t = {.service = sw_str(r->api->name),
                                 .type = sw_strf(cx->arena, "%s:%s", r->service, r->name),
                                 .what = sw_str(r->plural),
                                 .operation = sw_str(list ? list->name : NULL),
                                 .count = SW_SOME_INT(0)};
        Count c = {cx->arena, r, &seen, &t, (size_t)SW_OR(in->names, NAMES_USUAL)};
        if (!seen.v[i])
            continue;
        if (sw_resource_each(cx, &(SwResourceWalk){is_counted, count, &c, SW_NO_STR}, err) < 0)
            return -1;
        if (t.count.v)
            *sw_list_add(cx->arena, &out->types) = t;
    }
    return 0;
}
