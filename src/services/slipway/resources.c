/* SPDX-License-Identifier: Apache-2.0 */
/* ListResources: all that is declared and exists, whichever service's it is, for `slipway resources`. ListResourceTypes: of
 * which kinds that people name there are how many, for `slipway status`.
 *
 * In strict mode a caller who may call the operation sees everything; any other sees the kinds that their own services let
 * him list, but for those that a policy denies him by name. */

#include "services/slipway/slipway.h"

#include "api/page.h"
#include "api/registry.h"
#include "resource/cfn.h"

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

static bool is_of(const SwResource *r, SwStr service) {
    return sw_str_ieq(service, sw_str(r->service)) || sw_str_ieq(service, sw_str(r->api->name));
}

/* "queue", "queues", "sqs:queue" or "AWS::SQS::Queue" */
static bool is_type(const SwResource *r, SwStr type) {
    SwStr service;
    if (r->cfn && sw_str_ieq(type, sw_str(r->cfn->name)))
        return true;
    if (sw_str_cut(&type, ':', &service) && !is_of(r, service))
        return false;
    return sw_str_ieq(type, sw_str(r->name)) || sw_str_ieq(type, sw_str(r->plural));
}

static bool is_asked(const SwResource *r, const SlipwayListResourcesRequest *in) {
    return (!in->service.p || is_of(r, in->service)) && (!in->type.p || is_type(r, in->type));
}

static bool want(const SwResource *r, const void *arg) {
    const Query *q = arg;
    return is_seen(&q->seen, r) && is_asked(r, q->in);
}

/* A service or type that is none is refused, naming those that are: an empty list would say that nothing was made. */
static int check_asked(SwCtx *cx, const SlipwayListResourcesRequest *in, SwError *err) {
    SwStrList services = {0}, types = {0};
    for (const SwResource *const *r = sw_resource_all(cx->host); *r; r++) {
        SwStr service = sw_str((*r)->service);
        if (!(*r)->in || !(*r)->arn[0])
            continue;
        if (is_asked(*r, in))
            return 0;
        if (!sw_str_list_has(&services, service))
            sw_str_list_add(cx->arena, &services, service);
        if (!in->service.p || is_of(*r, in->service))
            sw_str_list_add(cx->arena, &types, sw_strf(cx->arena, "%s:%s", (*r)->service, (*r)->name));
    }
    const SwStrList *there = types.n ? &types : &services;
    SwStr all = sw_str_join(cx->arena, there->v, there->n, SW_STR(", "));
    SwStr who = types.n && in->service.p ? sw_cat(cx->arena, in->service, SW_STR(" has")) : SW_STR("there is");
    return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "%s: %.*s no '%.*s'; there are %.*s",
                   types.n ? "type" : "service", SW_FMT(who), SW_FMT(types.n ? in->type : in->service), SW_FMT(all));
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
    if (in->tag.p && !sw_str_is(q.tag))
        return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "tag: it has no key; it is KEY or KEY=VALUE");
    if (find_seen(cx, &q.seen, err) < 0 || check_asked(cx, in, err) < 0 ||
        sw_page_limit(cx, PAGE_USUAL, PAGE_MOST, &q.limit, err) < 0 || sw_page_place(cx, NULL, &after, err) < 0)
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

/* Whether people make and name these, as far as the declaration tells: not what is named by ARN alone and lies in another (a
 * service's revisions, a group's streams), nor what CloudFormation makes without a name (a listener's rules). */
static bool is_named(const SwResource *r) {
    return (r->reference[0] || r->n_part == 1) && (!r->cfn || r->cfn->name_property);
}

static bool is_counted(const SwResource *r, const void *arg) {
    return r == ((const Count *)arg)->of;
}

/* Among those of its kind: with what it lies in, where that is not what a request means that does not say it (the cluster of a
 * service, the bus of a rule). */
static SwStr full_name(SwCtx *cx, const SwFound *f, SwStr arn) {
    const SwResource *r = f->r;
    SwStr name = sw_resource_name(cx, f, arn), above = SW_NO_STR;
    SwParts p = {0};
    if (sw_str_starts(sw_str(r->id), SW_STR("arn:")) || !sw_resource_read(r, r->id, f->id, &p))
        return name;
    for (size_t i = 0; i + 1 < r->n_part; i++)
        if (p.v[i].p && p.v[r->n_part - 1].p && !(r->part[i].otherwise && sw_str_eqz(p.v[i], r->part[i].otherwise)))
            above = sw_cat(cx->arena, above, p.v[i], SW_STR("/"));
    return sw_cat(cx->arena, above, name);
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
        sw_str_list_add(c->arena, &c->into->names, sw_str_dup(c->arena, full_name(cx, f, arn)));
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
        if (!seen.v[i] || !is_named(r))
            continue;
        if (sw_resource_each(cx, &(SwResourceWalk){is_counted, count, &c, SW_NO_STR}, err) < 0)
            return -1;
        if (t.count.v)
            *sw_list_add(cx->arena, &out->types) = t;
    }
    return 0;
}
