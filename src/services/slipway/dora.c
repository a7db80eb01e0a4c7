/* SPDX-License-Identifier: Apache-2.0 */
/* GetDoraMetrics, ListDeployments, GetDeployment. */

#include "services/slipway/dora.h"

#define WINDOW (30 * SW_DAY)

static bool wanted(const SlipwayDeploymentRecord *r, SwStr service, SwStr environment) {
    return !SW_OR(r->set_up, false) && (!sw_str_is(service) || sw_str_eq(r->service, service)) &&
           (!sw_str_is(environment) || sw_str_eq(r->environment, environment));
}

typedef struct Group {
    SwStr service, environment;
    SlipwayDeploymentList all;
} Group;
typedef struct GroupList {
    Group *v;
    size_t n;
} GroupList;

static Group *group_of(SwArena *a, GroupList *l, const SlipwayDeploymentRecord *r) {
    for (size_t i = 0; i < l->n; i++)
        if (sw_str_eq(l->v[i].service, r->service) && sw_str_eq(l->v[i].environment, r->environment))
            return &l->v[i];
    Group *g = sw_list_add(a, l);
    g->service = r->service;
    g->environment = r->environment;
    return g;
}

int slipway_get_dora_metrics(SwCtx *cx, const SlipwayGetDoraMetricsRequest *in, SlipwayGetDoraMetricsResponse *out,
                             SwError *err) {
    SwTime to = SW_OR(in->to, sw_now(cx) + 1), from = SW_OR(in->from, to - WINDOW);
    const SwDocQuery q = {.index = "by_start"};
    SlipwayDeploymentRecords l;
    GroupList groups = {0};
    if (from >= to)
        return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "from: must be before to");
    if (slipway_deployments_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const SlipwayDeploymentRecord *r = l.v[i].record;
        if (wanted(r, in->service, in->environment))
            *sw_list_add(cx->arena, &group_of(cx->arena, &groups, r)->all) = *r->deployment;
    }
    out->from = SW_SOME_TIME(from);
    out->to = SW_SOME_TIME(to);
    sw_list_present(cx->arena, &out->metrics);
    for (size_t i = 0; i < groups.n; i++) {
        SlipwayDoraMetrics *m = sw_list_add(cx->arena, &out->metrics);
        m->service = groups.v[i].service;
        m->environment = groups.v[i].environment;
        slipway_dora_calculate(cx->arena, &groups.v[i].all, from, to, m);
    }
    return 0;
}

static int is_listed(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const SlipwayListDeploymentsRequest *in = arg;
    *ret_wanted = wanted(slipway_deployments_row(row), in->service, in->environment);
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SlipwayDeployment *)to = *slipway_deployments_row(row)->deployment;
    return 0;
}

int slipway_list_deployments(SwCtx *cx, const SlipwayListDeploymentsRequest *in, SlipwayListDeploymentsResponse *out,
                             SwError *err) {
    SwDocQuery q = {.index = "by_start", .descending = true};
    return sw_page(cx, &(SwPage){.of = &slipway_deployments, .q = q, .want = is_listed, .show = show, .arg = in, .usual = 100},
                   out, err);
}

int slipway_get_deployment(SwCtx *cx, const SlipwayGetDeploymentRequest *in, SlipwayGetDeploymentResponse *out, SwError *err) {
    SlipwayDeploymentRecord *r;
    if (slipway_deployments_find(cx->tx, in->deployment_id, &r, err) < 0)
        return -1;
    if (!r || SW_OR(r->set_up, false))
        return sw_fail(err, &SLIPWAY_DEPLOYMENT_NOT_FOUND_EXCEPTION, "There is no deployment %.*s.", SW_FMT(in->deployment_id));
    out->deployment = r->deployment;
    return 0;
}
