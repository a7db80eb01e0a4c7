/* SPDX-License-Identifier: Apache-2.0 */
/* One target, one step: a health check when it is in use, or a look at how far it has drained. The
 * states are drawn in target.c; thresholds and reasons are those of src/proxy/health.h. A new
 * target is checked at once. */

#include "services/elbv2/elbv2.h"

#define DRAIN_LOOK (500 * SW_MS)

typedef struct Target {
    SwStr id;
    Elbv2TargetRecord *t; /* NULL: gone */
    Elbv2TargetGroupRecord *g;
    bool used; /* by a load balancer */
} Target;

/* In cx->tx. */
static int load(SwCtx *cx, SwStr id, Target *ret, SwError *err) {
    Elbv2TargetRecord *t;
    SwStrList lbs = {0};
    *ret = (Target){.id = id};
    if (elbv2_targets_find(cx->tx, id, &t, err) < 0)
        return -1;
    if (t && elbv2_target_group_find(cx, t->group_name, &ret->g, err) < 0)
        return -1;
    if (!t || !ret->g)
        return 0;
    ret->t = t;
    if (elbv2_group_lbs(cx, ret->g->group->target_group_arn, &lbs, err) < 0)
        return -1;
    ret->used = lbs.n > 0;
    return 0;
}

static SwHealthCheck check_of(const Elbv2TargetGroup *g) {
    return (SwHealthCheck){
        .protocol = elbv2_is(g->health_check_protocol, "HTTP")    ? SW_CHECK_HTTP
                    : elbv2_is(g->health_check_protocol, "HTTPS") ? SW_CHECK_HTTPS
                                                                  : SW_CHECK_TCP,
        .path = g->health_check_path,
        .matcher = g->matcher ? g->matcher->http_code : SW_NO_STR,
        .timeout_ms = g->health_check_timeout_seconds.v * 1000,
        .healthy_threshold = g->healthy_threshold_count.v,
        .unhealthy_threshold = g->unhealthy_threshold_count.v,
    };
}

static uint16_t check_port(const Target *x) {
    int64_t port = x->t->target->port.v;
    return sw_str_to_i64(x->g->group->health_check_port, &port) ? (uint16_t)port : (uint16_t)x->t->target->port.v;
}

static SwStr state_text(SwTargetState s) {
    return s == SW_TARGET_HEALTHY ? SW_STR("healthy") : s == SW_TARGET_UNHEALTHY ? SW_STR("unhealthy") : SW_STR("initial");
}

/* Counters stop at their thresholds, so that a target that stays as it is writes nothing. */
static bool take(Elbv2TargetRecord *t, const SwHealthCheck *c, const SwProbe *r, SwStr *ret_state) {
    SwHealth h = elbv2_target_health(t);
    *ret_state = sw_health_step(c, &h, r) ? state_text(h.state) : SW_NO_STR;
    h.passes = SW_MIN(h.passes, c->healthy_threshold);
    h.fails = SW_MIN(h.fails, c->unhealthy_threshold);
    bool changed = ret_state->p || h.passes != t->passes.v || h.fails != t->fails.v || (int)h.last.result != t->result.v ||
                   h.last.status != t->status.v;
    t->passes = SW_SOME_INT(h.passes);
    t->fails = SW_SOME_INT(h.fails);
    t->result = SW_SOME_INT(h.last.result);
    t->status = SW_SOME_INT(h.last.status);
    return changed;
}

static int write_result(SwCtx *cx, const Target *seen, const SwProbe *r, SwError *err) {
    Target x;
    SwStr state;
    SwHealthCheck c = check_of(seen->g->group);
    Elbv2TargetRecord would = *seen->t;
    if (!take(&would, &c, r, &state))
        return 0;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (load(cx, seen->id, &x, err) < 0)
        goto fail;
    if (!x.t || !x.used || elbv2_is(x.t->state, "draining")) {
        sw_ctx_rollback(cx);
        return 0;
    }
    c = check_of(x.g->group);
    take(x.t, &c, r, &state);
    if (elbv2_target_set(cx, x.id, x.g, x.t, state, err) < 0)
        goto fail;
    return sw_ctx_commit(cx, err);
fail:
    sw_ctx_rollback(cx);
    return -1;
}

static int check(SwCtx *cx, const Target *x, SwStep *ret_step, SwError *err) {
    SwHealthCheck c = check_of(x->g->group);
    SwProbe r;
    SwTime began = sw_now(cx);
    ret_step->waiting = true;
    if (!elbv2_probe(cx, x->id, &c, x->t->target->id, check_port(x), &r)) {
        ret_step->again = began + c.timeout_ms * SW_MS + SW_S; /* its end wakes us before */
        return 0;
    }
    ret_step->again = began + x->g->group->health_check_interval_seconds.v * SW_S;
    return write_result(cx, x, &r, err);
}

/* A target that nobody uses starts afresh when someone does. */
static int rest(SwCtx *cx, const Target *seen, SwError *err) {
    Target x;
    if (elbv2_is(seen->t->state, "initial") && !seen->t->passes.v && !seen->t->fails.v)
        return 0;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (load(cx, seen->id, &x, err) < 0)
        goto fail;
    if (x.t && !x.used) {
        x.t->passes = x.t->fails = x.t->result = x.t->status = SW_SOME_INT(0);
        if (elbv2_target_set(cx, x.id, x.g, x.t, SW_STR("initial"), err) < 0)
            goto fail;
    }
    return sw_ctx_commit(cx, err);
fail:
    sw_ctx_rollback(cx);
    return -1;
}

/* ---- draining ---- */

static int in_flight(SwCtx *cx, const Target *x, int64_t *ret, SwError *err) {
    SwStr group = elbv2_proxy_group_id(cx->arena, cx->account, cx->region, x->g);
    SwStr target = sw_strf(cx->arena, "%.*s:%lld", SW_FMT(x->t->target->id), (long long)x->t->target->port.v);
    SwProxyStatList l = {0};
    *ret = 0;
    if (sw_proxy_stats(cx->host->proxy, cx->arena, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (sw_str_eq(l.v[i].group, group) && sw_str_eq(l.v[i].target, target))
            *ret += l.v[i].active;
    return 0;
}

static int gone(SwCtx *cx, SwStr id, SwError *err) {
    Target x;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (load(cx, id, &x, err) < 0)
        goto fail;
    if (x.t && elbv2_is(x.t->state, "draining") && elbv2_target_set(cx, id, x.g, x.t, SW_STR("deregistered"), err) < 0)
        goto fail;
    return sw_ctx_commit(cx, err);
fail:
    sw_ctx_rollback(cx);
    return -1;
}

static int drain(SwCtx *cx, const Target *x, SwStep *ret_step, SwError *err) {
    int64_t active;
    if (x->used && !SW_OR(x->t->drain_applied, false))
        return 0; /* the proxy still sends requests; its controller wakes us when it does not */
    if (!x->used || sw_now(cx) >= x->t->drain_until.v)
        return gone(cx, x->id, err);
    if (in_flight(cx, x, &active, err) < 0)
        return -1;
    if (!active)
        return gone(cx, x->id, err);
    ret_step->again = SW_MIN(x->t->drain_until.v, sw_now(cx) + DRAIN_LOOK);
    ret_step->waiting = true;
    return 0;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    Target x;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = load(cx, id, &x, err);
    sw_ctx_rollback(cx);
    if (r < 0 || !x.t)
        return r;
    if (elbv2_is(x.t->state, "draining"))
        return drain(cx, &x, ret_step, err);
    return x.used ? check(cx, &x, ret_step, err) : rest(cx, &x, err);
}

const SwController elbv2_health = {
    .name = "elbv2/health",
    .step = step,
    .parallel = 4,
    .unfailing = "a target's record is small, and it counts as it was judged last",
};
