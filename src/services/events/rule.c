/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and their states. Whatever changes a scheduled rule wakes the schedule's controller, which looks again. */

#include "api/operation.h"
#include "services/events/events.h"
#include "services/events/schedule.h"

SwStr events_rule_id(SwCtx *cx, SwStr bus, SwStr name) {
    return sw_strf(cx->arena, "%.*s|%.*s", SW_FMT(bus), SW_FMT(name));
}

static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    SwStr bus = sw_operation_text(op, in, "EventBusName");
    SwParts p;
    if (sw_str_starts(ref, SW_STR("arn:")))
        return SW_NO_STR;
    if (sw_resource_read(&events_event_bus_resource, events_event_bus_resource.arn[0], bus, &p))
        bus = p.v[0];
    return events_rule_arn(cx, bus, ref);
}

const SwResourceHooks events_rule_hooks = {.named = named};

static int find(SwCtx *cx, SwStr bus_text, SwStr name, SwStr *ret_bus, EventsRuleRecord **ret_r, SwError *err) {
    return events_bus_name(cx, bus_text, ret_bus, err) < 0 ? -1 : events_rule_find(cx, *ret_bus, name, ret_r, err);
}

int events_rule_on(SwCtx *cx, SwStr bus_text, SwStr name, EventsRuleRecord **ret_r, SwError *err) {
    SwStr bus;
    return events_bus_name(cx, bus_text, &bus, err) < 0 ? -1 : events_rule_get(cx, bus, name, ret_r, err);
}

int events_rule_store(SwCtx *cx, EventsRuleRecord *r, SwError *err) {
    if (events_demands(cx, r->event_pattern, &r->demands, err) < 0 || events_rule_put(cx, r->bus, r->name, r, err) < 0)
        return -1;
    return sw_str_is(r->schedule_expression)
               ? sw_wake(cx, &events_schedule_controller, events_rule_id(cx, r->bus, r->name), 0, err)
               : 0;
}

/* The next time counts from now on: a rule that is new, changed or enabled again. */
static int schedule(SwCtx *cx, EventsRuleRecord *r, SwError *err) {
    EventsSchedule s;
    SwTime next, now = sw_now(cx);
    r->next = r->scheduled_from = (SwOptTime){0};
    if (!sw_str_is(r->schedule_expression))
        return 0;
    if (events_schedule_parse(r->schedule_expression, &s, err) < 0)
        return -1;
    if (sw_str_eq(r->state, EVENTS_RULE_STATE_ENABLED) && events_schedule_next(&s, now, now, &next)) {
        r->scheduled_from = SW_SOME_TIME(now);
        r->next = SW_SOME_TIME(next);
    }
    return 0;
}

static int check(SwCtx *cx, const EventsPutRuleRequest *in, SwStr bus, SwError *err) {
    SwValue pattern;
    SwArn arn;
    if (!sw_str_is(in->event_pattern) && !sw_str_is(in->schedule_expression))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (sw_str_is(in->schedule_expression) && !sw_str_eqz(bus, "default"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "ScheduleExpression is supported only on the default event bus.");
    if (sw_str_eq(in->state, EVENTS_RULE_STATE_ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS))
        return sw_refuse_field(err, &SW_VALIDATION_EXCEPTION, "State",
                               "there are no CloudTrail events here; ENABLED and DISABLED are available");
    if (sw_str_is(in->role_arn) && (!sw_arn_parse(in->role_arn, &arn) || !sw_str_eqz(arn.service, "iam")))
        return sw_refuse_field(err, &SW_VALIDATION_EXCEPTION, "RoleArn", "is not the ARN of a role");
    if (!sw_str_is(in->event_pattern))
        return 0;
    return events_pattern_parse(cx, in->event_pattern, &pattern, err);
}

int events_put_rule(SwCtx *cx, const EventsPutRuleRequest *in, EventsPutRuleResponse *out, SwError *err) {
    EventsRuleRecord *old;
    SwStr bus;
    if (find(cx, in->event_bus_name, in->name, &bus, &old, err) < 0 || check(cx, in, bus, err) < 0)
        return -1;
    EventsRuleRecord r = {.name = in->name,
                          .bus = bus,
                          .arn = events_rule_arn(cx, bus, in->name),
                          .event_pattern = in->event_pattern,
                          .schedule_expression = in->schedule_expression,
                          .state = sw_str_or(in->state, EVENTS_RULE_STATE_ENABLED),
                          .description = in->description,
                          .role_arn = in->role_arn};
    if (events_rule_set_tags(cx, bus, in->name, &r, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    if (old) { /* "any tags you specify in the PutRule operation are ignored" */
        r.tags = old->tags;
        r.targets = old->targets;
    }
    out->rule_arn = r.arn;
    bool same = old && sw_str_eq(old->schedule_expression, r.schedule_expression) && sw_str_eq(old->state, r.state);
    r.next = old ? old->next : r.next;
    r.scheduled_from = old ? old->scheduled_from : r.scheduled_from;
    if (!same && schedule(cx, &r, err) < 0)
        return -1;
    return events_rule_store(cx, &r, err);
}

int events_describe_rule(SwCtx *cx, const EventsDescribeRuleRequest *in, EventsDescribeRuleResponse *out, SwError *err) {
    EventsRuleRecord *r;
    if (events_rule_on(cx, in->event_bus_name, in->name, &r, err) < 0)
        return -1;
    *out = (EventsDescribeRuleResponse){.name = r->name,
                                        .arn = r->arn,
                                        .event_pattern = r->event_pattern,
                                        .schedule_expression = r->schedule_expression,
                                        .state = r->state,
                                        .description = r->description,
                                        .role_arn = r->role_arn,
                                        .event_bus_name = r->bus,
                                        .created_by = cx->account};
    return 0;
}

static int show_rule(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const EventsRuleRecord *r = events_rules_row(row);
    *(EventsRule *)to = (EventsRule){.name = r->name,
                                     .arn = r->arn,
                                     .event_pattern = r->event_pattern,
                                     .state = r->state,
                                     .description = r->description,
                                     .schedule_expression = r->schedule_expression,
                                     .role_arn = r->role_arn,
                                     .event_bus_name = r->bus};
    return 0;
}

int events_list_rules(SwCtx *cx, const EventsListRulesRequest *in, EventsListRulesResponse *out, SwError *err) {
    SwStr bus;
    if (events_bus_name(cx, in->event_bus_name, &bus, err) < 0)
        return -1;
    SwDocQuery q = {.prefix = events_rule_id(cx, bus, in->name_prefix)};
    return sw_page(cx, &(SwPage){.of = &events_rules, .q = q, .show = show_rule, .usual = EVENTS_PAGE}, out, err);
}

/* `Force` only matters for rules that AWS services manage, which there are none of. */
int events_delete_rule(SwCtx *cx, const EventsDeleteRuleRequest *in, void *out, SwError *err) {
    EventsRuleRecord *r;
    SwStr bus;
    if (find(cx, in->event_bus_name, in->name, &bus, &r, err) < 0)
        return -1;
    if (r && r->targets.n)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Rule can't be deleted since it has targets.");
    return events_rule_delete(cx, bus, in->name, err);
}

static int set_state(SwCtx *cx, SwStr bus, SwStr name, SwStr state, SwError *err) {
    EventsRuleRecord *r;
    if (events_rule_on(cx, bus, name, &r, err) < 0)
        return -1;
    if (sw_str_eq(r->state, state))
        return 0;
    r->state = state;
    return schedule(cx, r, err) < 0 ? -1 : events_rule_store(cx, r, err);
}

int events_enable_rule(SwCtx *cx, const EventsEnableRuleRequest *in, void *out, SwError *err) {
    return set_state(cx, in->event_bus_name, in->name, EVENTS_RULE_STATE_ENABLED, err);
}

int events_disable_rule(SwCtx *cx, const EventsDisableRuleRequest *in, void *out, SwError *err) {
    return set_state(cx, in->event_bus_name, in->name, EVENTS_RULE_STATE_DISABLED, err);
}
