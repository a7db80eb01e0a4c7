/* SPDX-License-Identifier: Apache-2.0 */
/* ListResources: all that is declared and exists, whichever service's it is. For `slipway resources`. */

#include "services/slipway/slipway.h"

#include "api/page.h"
#include "resource/resource.h"

#define PAGE_USUAL 100
#define PAGE_MOST  1000

typedef struct Query {
    SwCtx *cx;
    const SlipwayListResourcesRequest *in;
    SlipwayListResourcesResponse *out;
    SwStr tag, value; /* value absent: any */
    size_t limit;
    SwStr last; /* place of the last one shown */
} Query;

/* type: "repository" or "ecr:repository" */
static bool want(const SwResource *r, const void *arg) {
    const SlipwayListResourcesRequest *in = ((const Query *)arg)->in;
    SwStr type = in->type, service = SW_NO_STR;
    if (type.p && sw_str_contains(type, SW_STR(":")))
        (void)sw_str_cut(&type, ':', &service);
    return (!service.p || sw_str_eqz(service, r->service)) && (!type.p || sw_str_eqz(type, r->name)) &&
           (!in->service.p || sw_str_eqz(in->service, r->service) || sw_str_eqz(in->service, r->api->name));
}

static bool has_tag(SwCtx *cx, const Query *q, const SwFound *f) {
    if (!q->tag.p)
        return true;
    SwStr value = f->r->tag_rules ? sw_str_map_get(sw_resource_tags(cx, f), q->tag) : SW_NO_STR;
    return value.p && (!q->value.p || sw_str_eq(value, q->value));
}

/* The last of the parts that tell it from its like, as people call it; an ARN has it in the letters that it was given. */
static SwStr name_of(SwCtx *cx, const SwFound *f, SwStr arn) {
    SwParts p, written;
    if (!sw_resource_read(f->r, f->r->id, f->id, &p))
        return f->id;
    if (!sw_resource_read_arn(cx, f->r, arn, &written))
        written = p;
    for (size_t i = f->r->n_part; i > 0; i--)
        if (p.v[i - 1].p)
            return sw_str_or(written.v[i - 1], p.v[i - 1]);
    return f->id;
}

static int visit(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    Query *q = arg;
    SwArena *a = q->cx->arena;
    SwTime created = sw_path_time(f->r->in->shape, f->record, &f->r->created_at);
    if (!has_tag(cx, q, f))
        return 0;
    if (q->out->resources.n == q->limit)
        return 1;
    *sw_list_add(a, &q->out->resources) = (SlipwayResource){
        .type = sw_strf(a, "%s:%s", f->r->service, f->r->name),
        .name = sw_str_dup(a, name_of(cx, f, arn)),
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
    if (sw_page_limit(cx, PAGE_USUAL, PAGE_MOST, &q.limit, err) < 0 || sw_page_place(cx, NULL, &after, err) < 0)
        return -1;
    (void)sw_member_make(cx->arena, cx->op->page->result[0], out);
    int stop = sw_resource_each(cx, &(SwResourceWalk){want, visit, &q, after}, err);
    if (stop > 0)
        sw_page_next(cx, out, q.last);
    out->time = SW_SOME_TIME(sw_now(cx));
    return SW_MIN(stop, 0);
}
