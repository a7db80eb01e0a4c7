/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* EventBridge: what its files share. A rule holds its targets; an event that a rule matches becomes one delivery row per
 * target, in the transaction that looks at the event; the delivery controller carries rows out. */

#include "api/registry.h"
#include "api/tags.h"
#include "models/events_resources.gen.h"

extern const SwController events_delivery_controller, events_schedule_controller;

/* bus.c. By name or ARN, absent: "default". Fails with ResourceNotFoundException. */
int events_bus_name(SwCtx *cx, SwStr name_or_arn, SwStr *ret_name, SwError *err) sw_must_check;

int events_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err); /* SwTarget.deliver */

/* rule.c */
SwStr events_rule_id(SwCtx *cx, SwStr bus, SwStr name);
/* bus: as requests say it: a name, an ARN, or absent. */
int events_rule_on(SwCtx *cx, SwStr bus, SwStr name, EventsRuleRecord **ret_r, SwError *err) sw_must_check;
int events_rule_store(SwCtx *cx, EventsRuleRecord *r, SwError *err) sw_must_check; /* and wakes its schedule */
#define EVENTS_PAGE 100 /* elements of a page, unless Limit says otherwise */

/* input.c: what a target gets of an event. */
int events_input_check(SwCtx *cx, const EventsTarget *t, SwError *err) sw_must_check;
int events_input(SwCtx *cx, const EventsDeliveryRecord *d, SwStr *ret_payload, SwError *err) sw_must_check;

/* delivery.c: a row for each target of the rule, in cx->tx. forwarded: from another bus, so that buses do not get it. */
int events_enqueue(SwCtx *cx, const EventsRuleRecord *r, SwStr event, bool forwarded, SwError *err) sw_must_check;
bool events_target_is_bus(SwStr arn);

/* match.c: a pattern that can be used; fails with InvalidEventPatternException. */
int events_pattern_parse(SwCtx *cx, SwStr text, SwValue *ret, SwError *err) sw_must_check;
/* Under what a rule with this pattern (absent: none) is found when an event comes. */
int events_demands(SwCtx *cx, SwStr pattern, SwStrList *ret_demands, SwError *err) sw_must_check;
/* The event's JSON against the bus's enabled rules. */
int events_match(SwCtx *cx, SwStr bus, SwStr event, bool forwarded, SwError *err) sw_must_check;
int events_concerns(SwCtx *cx, const SwEvent *e, bool *ret_concerned, SwError *err); /* SwListener.concerns */
int events_on_event(SwCtx *cx, const SwEvent *e, SwError *err);

/* metric.c: AWS/Events. rule_arn absent: of no rule. */
typedef enum EventsMetric {
    EVENTS_MATCHED,
    EVENTS_TRIGGERED,
    EVENTS_INVOCATIONS_CREATED,
    EVENTS_ATTEMPTS,
    EVENTS_RETRIES,
    EVENTS_SUCCESSFUL,
    EVENTS_INVOCATIONS,
    EVENTS_FAILED,
    EVENTS_SENT_TO_DLQ,
    EVENTS_NOT_SENT_TO_DLQ,
    EVENTS_START_LATENCY,
    EVENTS_SUCCESS_LATENCY,
    EVENTS_COMPLETE_LATENCY,
    EVENTS_PUT_CALLS,
    EVENTS_PUT_SUCCESSES,
    EVENTS_PUT_FAILURES,
    EVENTS_PUT_ENTRIES,
    EVENTS_PUT_FAILED_ENTRIES,
    EVENTS_PUT_SIZE,
} EventsMetric;
void events_count(SwCtx *cx, SwStr rule_arn, EventsMetric which, double value);
