/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs together: the rules of a listener, the listeners of a load balancer, the targets of a group. */

#include "services/elbv2/elbv2.h"
#include "wire/wire.h"

int elbv2_rules_of(SwCtx *cx, SwStr listener_arn, Elbv2RuleRecords *ret_l, SwError *err) {
    const SwDocQuery q = {.index = "by_listener", .equals = {listener_arn}};
    return elbv2_rules_list(cx->tx, &q, ret_l, err);
}

int elbv2_listeners_of(SwCtx *cx, SwStr lb_arn, Elbv2ListenerRecords *ret_l, SwError *err) {
    const SwDocQuery q = {.index = "by_lb", .equals = {lb_arn}};
    return elbv2_listeners_list(cx->tx, &q, ret_l, err);
}

int elbv2_targets_of(SwCtx *cx, const Elbv2TargetGroupRecord *g, Elbv2TargetRecords *ret_l, SwError *err) {
    const SwDocQuery q = {.prefix = sw_strf(cx->arena, "%.*s/", SW_FMT(g->hex))};
    return elbv2_targets_list(cx->tx, &q, ret_l, err);
}

int elbv2_group_lbs(SwCtx *cx, SwStr group_arn, SwStrList *ret_arns, SwError *err) {
    const SwDocQuery q = {.index = "by_group", .equals = {group_arn}};
    Elbv2RuleRecords l;
    *ret_arns = (SwStrList){0};
    if (elbv2_rules_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const Elbv2RuleRecord *r = l.v[i].record;
        if (!sw_str_list_has(ret_arns, r->load_balancer_arn))
            sw_str_list_add(cx->arena, ret_arns, r->load_balancer_arn);
    }
    sw_list_present(cx->arena, ret_arns);
    return 0;
}
