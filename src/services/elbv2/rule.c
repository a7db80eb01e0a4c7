/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of listeners, in the order of their priorities; the default rule is the last. */

#include "base/id.h"
#include "services/elbv2/elbv2.h"

#define RULES_MAX 100 /* of a listener, beside the default rule */

/* As its listener's, with an end of its own. */
static SwStr rule_arn(SwCtx *cx, SwStr listener_arn, SwStr hex) {
    SwParts p;
    return sw_resource_read(&elbv2_listener_resource, elbv2_listener_resource.arn[0], listener_arn, &p)
               ? elbv2_rule_arn(cx, p.v[0], p.v[1], p.v[2], hex)
               : SW_NO_STR;
}

static int default_rule(SwCtx *cx, SwStr listener_arn, Elbv2RuleRecord **ret_r, SwError *err) {
    Elbv2RuleRecords l;
    *ret_r = NULL;
    if (elbv2_rules_of(cx, listener_arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (SW_OR(l.v[i].record->rule->is_default, false))
            *ret_r = l.v[i].record;
    return 0;
}

static SwStrList without(SwArena *a, const SwStrList *l, const SwStrList *these) {
    SwStrList rest = {0};
    for (size_t i = 0; i < l->n; i++)
        if (!sw_str_list_has(these, l->v[i]))
            sw_str_list_add(a, &rest, l->v[i]);
    return rest;
}

/* Targets of groups that a rule let go or took up are looked at again. */
static int put(SwCtx *cx, const Elbv2RuleRecord *r, const SwStrList *before, SwError *err) {
    SwStrList gone = without(cx->arena, before, &r->groups), come = without(cx->arena, &r->groups, before);
    if (elbv2_rule_save(cx, r, err) < 0 || elbv2_wake_groups(cx, &gone, err) < 0)
        return -1;
    return elbv2_wake_groups(cx, &come, err);
}

int elbv2_rule_put_default(SwCtx *cx, const Elbv2ListenerRecord *li, const SwStrList *groups, SwError *err) {
    Elbv2RuleRecord *r;
    SwStrList before = {0};
    if (default_rule(cx, li->listener->listener_arn, &r, err) < 0)
        return -1;
    if (r) {
        before = r->groups;
    } else {
        r = sw_new(cx->arena, Elbv2RuleRecord);
        r->rule = sw_new(cx->arena, Elbv2Rule);
        r->hex = sw_id_hex(cx->arena, 16);
        r->listener_arn = li->listener->listener_arn;
        r->load_balancer_arn = li->load_balancer_arn;
        r->order = SW_SOME_INT(ELBV2_ORDER_DEFAULT);
        r->rule->rule_arn = rule_arn(cx, r->listener_arn, r->hex);
        r->rule->priority = SW_STR("default");
        r->rule->is_default = SW_SOME_BOOL(true);
        sw_list_present(cx->arena, &r->rule->conditions);
    }
    r->groups = *groups;
    r->rule->actions = li->listener->default_actions;
    return put(cx, r, &before, err);
}

static int delete_one(SwCtx *cx, const Elbv2RuleRecord *r, SwError *err) {
    if (elbv2_rule_drop(cx, r, err) < 0)
        return -1;
    return elbv2_wake_groups(cx, &r->groups, err);
}

int elbv2_rules_end(SwCtx *cx, SwStr listener_arn, SwError *err) {
    Elbv2RuleRecords l;
    if (elbv2_rules_of(cx, listener_arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (delete_one(cx, l.v[i].record, err) < 0)
            return -1;
    return 0;
}

/* A priority that `except` has itself is free for it. */
static int check_priority(const Elbv2RuleRecords *rules, int64_t priority, const SwStrList *except, SwError *err) {
    for (size_t i = 0; i < rules->n; i++) {
        const Elbv2RuleRecord *r = rules->v[i].record;
        if (r->order.v == priority && !sw_str_list_has(except, r->rule->rule_arn))
            return sw_fail(err, &ELBV2_PRIORITY_IN_USE_EXCEPTION, "Priority '%lld' is currently in use", (long long)priority);
    }
    return 0;
}

static int parents(SwCtx *cx, SwStr listener_arn, Elbv2ListenerRecord **ret_li, Elbv2LoadBalancerRecord **ret_lb,
                   SwError *err) {
    if (elbv2_listener_by_arn(cx, listener_arn, ret_li, err) < 0 ||
        elbv2_load_balancer_by_arn(cx, (*ret_li)->load_balancer_arn, ret_lb, err) < 0)
        return -1;
    if (!elbv2_is((*ret_li)->listener->protocol, "HTTP"))
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                       "Rules are only supported by listeners of Application Load Balancers");
    return 0;
}

int elbv2_create_rule(SwCtx *cx, const Elbv2CreateRuleInput *in, Elbv2CreateRuleOutput *out, SwError *err) {
    Elbv2ListenerRecord *li;
    Elbv2LoadBalancerRecord *lb;
    Elbv2RuleRecord r = {.hex = sw_id_hex(cx->arena, 16), .listener_arn = in->listener_arn, .order = in->priority};
    const SwStrList none = {0};
    Elbv2RuleRecords rules;
    if (elbv2_rule_set_tags(cx, SW_NO_STR, SW_NO_STR, r.hex, &r, SW_GIVEN_TAGS(&in->tags), err) < 0 ||
        parents(cx, in->listener_arn, &li, &lb, err) < 0 || elbv2_rules_of(cx, in->listener_arn, &rules, err) < 0 ||
        check_priority(&rules, in->priority.v, &none, err) < 0)
        return -1;
    if (rules.n > RULES_MAX)
        return sw_fail(err, &ELBV2_TOO_MANY_RULES_EXCEPTION, "The maximum number of rules on load balancer has been reached");
    Elbv2Rule *x = r.rule = sw_new(cx->arena, Elbv2Rule);
    x->rule_arn = rule_arn(cx, in->listener_arn, r.hex);
    x->priority = sw_strf(cx->arena, "%lld", (long long)in->priority.v);
    x->is_default = SW_SOME_BOOL(false);
    r.load_balancer_arn = li->load_balancer_arn;
    if (elbv2_conditions(cx, &in->conditions, &x->conditions, err) < 0 ||
        elbv2_actions(cx, lb, li->listener->protocol, &in->actions, &x->actions, &r.groups, err) < 0 ||
        put(cx, &r, &none, err) < 0)
        return -1;
    *sw_list_add(cx->arena, &out->rules) = *x;
    return elbv2_wake_proxy(cx, err);
}

int elbv2_modify_rule(SwCtx *cx, const Elbv2ModifyRuleInput *in, Elbv2ModifyRuleOutput *out, SwError *err) {
    Elbv2ListenerRecord *li;
    Elbv2LoadBalancerRecord *lb;
    Elbv2RuleRecord *r;
    if (elbv2_rule_by_arn(cx, in->rule_arn, &r, err) < 0 || parents(cx, r->listener_arn, &li, &lb, err) < 0)
        return -1;
    if (r->rule->is_default.v)
        return sw_fail(err, &ELBV2_OPERATION_NOT_PERMITTED_EXCEPTION,
                       "Default rule '%.*s' cannot be modified; modify the listener", SW_FMT(in->rule_arn));
    SwStrList before = r->groups;
    if (in->conditions.n && elbv2_conditions(cx, &in->conditions, &r->rule->conditions, err) < 0)
        return -1;
    if (in->actions.n && elbv2_actions(cx, lb, li->listener->protocol, &in->actions, &r->rule->actions, &r->groups, err) < 0)
        return -1;
    *sw_list_add(cx->arena, &out->rules) = *r->rule;
    return put(cx, r, &before, err) < 0 ? -1 : elbv2_wake_proxy(cx, err);
}

int elbv2_delete_rule(SwCtx *cx, const Elbv2DeleteRuleInput *in, Elbv2DeleteRuleOutput *out, SwError *err) {
    Elbv2RuleRecord *r;
    if (elbv2_rule_by_arn(cx, in->rule_arn, &r, err) < 0)
        return -1;
    if (r->rule->is_default.v)
        return sw_fail(err, &ELBV2_OPERATION_NOT_PERMITTED_EXCEPTION, "Default rule '%.*s' cannot be deleted",
                       SW_FMT(in->rule_arn));
    return delete_one(cx, r, err) < 0 ? -1 : elbv2_wake_proxy(cx, err);
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(Elbv2Rule *)to = *elbv2_rules_row(row)->rule;
    return 0;
}

int elbv2_describe_rules(SwCtx *cx, const Elbv2DescribeRulesInput *in, Elbv2DescribeRulesOutput *out, SwError *err) {
    sw_list_present(cx->arena, &out->rules);
    if (sw_str_is(in->listener_arn) == (in->rule_arns.n > 0))
        return sw_fail(err, &SW_VALIDATION_ERROR, "You must specify either a listener ARN or rule ARNs");
    for (size_t i = 0; i < in->rule_arns.n; i++) {
        Elbv2RuleRecord *r;
        if (elbv2_rule_by_arn(cx, in->rule_arns.v[i], &r, err) < 0)
            return -1;
        *sw_list_add(cx->arena, &out->rules) = *r->rule;
    }
    if (in->rule_arns.n)
        return 0;
    Elbv2ListenerRecord *li;
    SwDocQuery q = {.index = "by_listener", .equals = {in->listener_arn}};
    if (elbv2_listener_by_arn(cx, in->listener_arn, &li, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.of = &elbv2_rules, .q = q, .show = show_row, .usual = ELBV2_PAGE}, out, err);
}

int elbv2_set_rule_priorities(SwCtx *cx, const Elbv2SetRulePrioritiesInput *in, Elbv2SetRulePrioritiesOutput *out,
                              SwError *err) {
    SwStrList moved = {0};
    Elbv2RuleRecords rules = {0};
    for (size_t i = 0; i < in->rule_priorities.n; i++)
        sw_str_list_add(cx->arena, &moved, in->rule_priorities.v[i].rule_arn);
    for (size_t i = 0; i < in->rule_priorities.n; i++) {
        const Elbv2RulePriorityPair *p = &in->rule_priorities.v[i];
        Elbv2RuleRecord *r;
        if (!p->priority.set)
            return sw_fail(err, &SW_VALIDATION_ERROR, "A rule priority must be specified");
        if (elbv2_rule_by_arn(cx, p->rule_arn, &r, err) < 0)
            return -1;
        if (r->rule->is_default.v)
            return sw_fail(err, &ELBV2_OPERATION_NOT_PERMITTED_EXCEPTION, "Default rule '%.*s' priority cannot be modified",
                           SW_FMT(p->rule_arn));
        for (size_t k = 0; k < i; k++)
            if (in->rule_priorities.v[k].priority.v == p->priority.v)
                return sw_fail(err, &ELBV2_PRIORITY_IN_USE_EXCEPTION, "Priority '%lld' is given twice",
                               (long long)p->priority.v);
        if (elbv2_rules_of(cx, r->listener_arn, &rules, err) < 0 || check_priority(&rules, p->priority.v, &moved, err) < 0)
            return -1;
        r->order = p->priority;
        r->rule->priority = sw_strf(cx->arena, "%lld", (long long)p->priority.v);
        if (elbv2_rule_save(cx, r, err) < 0)
            return -1;
        *sw_list_add(cx->arena, &out->rules) = *r->rule;
    }
    return elbv2_wake_proxy(cx, err);
}
