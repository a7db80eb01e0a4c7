/* SPDX-License-Identifier: Apache-2.0 */
/* Documents by ARN. An ARN names its document; that the two ARNs are equal is checked, so that one
 * of an earlier load balancer of the same name, or of another region, finds nothing. */

#include "services/elbv2/elbv2.h"
#include "wire/wire.h"

SwStr elbv2_arn_id(SwArena *a, SwStr arn, const char *kind) {
    SwArn parsed;
    if (!sw_arn_parse(arn, &parsed) || !elbv2_is(parsed.service, "elasticloadbalancing"))
        return SW_NO_STR;
    SwStrList p = sw_str_split(a, parsed.resource, '/');
    if (!p.n || !elbv2_is(p.v[0], kind))
        return SW_NO_STR;
    if (elbv2_is(p.v[0], "loadbalancer") && p.n == 4)
        return p.v[2];
    if (elbv2_is(p.v[0], "targetgroup") && p.n == 3)
        return p.v[1];
    if (elbv2_is(p.v[0], "listener") && p.n == 5)
        return sw_strf(a, "%.*s/%.*s", SW_FMT(p.v[3]), SW_FMT(p.v[4]));
    if (elbv2_is(p.v[0], "listener-rule") && p.n == 6)
        return sw_strf(a, "%.*s/%.*s/%.*s", SW_FMT(p.v[3]), SW_FMT(p.v[4]), SW_FMT(p.v[5]));
    return SW_NO_STR;
}

static int get(SwCtx *cx, SwStr arn, const char *kind, const char *what, const SwCollection *c, void **ret_r, SwError *err) {
    SwStr id = elbv2_arn_id(cx->arena, arn, kind);
    if (!id.p)
        return sw_fail(err, &SW_VALIDATION_ERROR, "'%.*s' is not a valid %s ARN", SW_FMT(arn), what);
    return sw_doc_get(cx->tx, c, id, ret_r, err);
}

int elbv2_load_balancer_get(SwCtx *cx, SwStr arn, Elbv2LoadBalancerRecord **ret_r, SwError *err) {
    void *r;
    if (get(cx, arn, "loadbalancer", "load balancer", &elbv2_load_balancers, &r, err) < 0)
        return -1;
    *ret_r = r;
    if (!r || !sw_str_eq((*ret_r)->load_balancer->load_balancer_arn, arn))
        return sw_fail(err, &ELBV2_LOAD_BALANCER_NOT_FOUND_EXCEPTION, "Load balancer '%.*s' not found", SW_FMT(arn));
    return 0;
}

int elbv2_load_balancer_put(SwCtx *cx, const Elbv2LoadBalancerRecord *r, SwError *err) {
    return sw_doc_put(cx->tx, &elbv2_load_balancers, r->load_balancer->load_balancer_name, r, err);
}

int elbv2_listener_get(SwCtx *cx, SwStr arn, Elbv2ListenerRecord **ret_r, SwError *err) {
    void *r;
    if (get(cx, arn, "listener", "listener", &elbv2_listeners, &r, err) < 0)
        return -1;
    *ret_r = r;
    if (!r || !sw_str_eq((*ret_r)->listener->listener_arn, arn))
        return sw_fail(err, &ELBV2_LISTENER_NOT_FOUND_EXCEPTION, "Listener '%.*s' not found", SW_FMT(arn));
    return 0;
}

int elbv2_listener_put(SwCtx *cx, const Elbv2ListenerRecord *r, SwError *err) {
    return sw_doc_put(cx->tx, &elbv2_listeners, elbv2_arn_id(cx->arena, r->listener->listener_arn, "listener"), r, err);
}

int elbv2_rule_get(SwCtx *cx, SwStr arn, Elbv2RuleRecord **ret_r, SwError *err) {
    void *r;
    if (get(cx, arn, "listener-rule", "listener rule", &elbv2_rules, &r, err) < 0)
        return -1;
    *ret_r = r;
    if (!r || !sw_str_eq((*ret_r)->rule->rule_arn, arn))
        return sw_fail(err, &ELBV2_RULE_NOT_FOUND_EXCEPTION, "Rule '%.*s' not found", SW_FMT(arn));
    return 0;
}

int elbv2_rule_put(SwCtx *cx, const Elbv2RuleRecord *r, SwError *err) {
    return sw_doc_put(cx->tx, &elbv2_rules, elbv2_arn_id(cx->arena, r->rule->rule_arn, "listener-rule"), r, err);
}

int elbv2_group_get(SwCtx *cx, SwStr arn, Elbv2TargetGroupRecord **ret_r, SwError *err) {
    void *r;
    if (get(cx, arn, "targetgroup", "target group", &elbv2_target_groups, &r, err) < 0)
        return -1;
    *ret_r = r;
    if (!r || !sw_str_eq((*ret_r)->group->target_group_arn, arn))
        return sw_fail(err, &ELBV2_TARGET_GROUP_NOT_FOUND_EXCEPTION, "Target group '%.*s' not found", SW_FMT(arn));
    return 0;
}

int elbv2_group_put(SwCtx *cx, const Elbv2TargetGroupRecord *r, SwError *err) {
    return sw_doc_put(cx->tx, &elbv2_target_groups, r->group->target_group_name, r, err);
}

int elbv2_rules_of(SwCtx *cx, SwStr listener_arn, SwDocList *ret_l, SwError *err) {
    const SwDocQuery q = {.index = "by_listener", .equals = {listener_arn}};
    return sw_doc_list(cx->tx, &elbv2_rules, &q, ret_l, err);
}

int elbv2_listeners_of(SwCtx *cx, SwStr lb_arn, SwDocList *ret_l, SwError *err) {
    const SwDocQuery q = {.index = "by_lb", .equals = {lb_arn}};
    return sw_doc_list(cx->tx, &elbv2_listeners, &q, ret_l, err);
}

int elbv2_targets_of(SwCtx *cx, const Elbv2TargetGroupRecord *g, SwDocList *ret_l, SwError *err) {
    const SwDocQuery q = {.prefix = sw_strf(cx->arena, "%.*s/", SW_FMT(g->hex))};
    return sw_doc_list(cx->tx, &elbv2_targets, &q, ret_l, err);
}

int elbv2_group_lbs(SwCtx *cx, SwStr group_arn, SwStrList *ret_arns, SwError *err) {
    const SwDocQuery q = {.index = "by_group", .equals = {group_arn}};
    SwDocList l;
    *ret_arns = (SwStrList){0};
    if (sw_doc_list(cx->tx, &elbv2_rules, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const Elbv2RuleRecord *r = l.v[i].record;
        if (!sw_str_list_has(ret_arns, r->load_balancer_arn))
            sw_str_list_add(cx->arena, ret_arns, r->load_balancer_arn);
    }
    sw_list_present(cx->arena, ret_arns);
    return 0;
}
