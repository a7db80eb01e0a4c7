/* SPDX-License-Identifier: Apache-2.0 */
/* AWS/Events (EventBridge User Guide, "EventBridge metrics"). A rule of the default bus is named by RuleName alone, one of
 * another bus by EventBusName and RuleName. */

#include "api/meter.h"
#include "services/events/events.h"

enum { RULE = 1, BUS = 2, ALL = 4 }; /* dimensions of a metric: a rule's, EventBusName, none */

static const struct {
    SwMetric metric;
    unsigned by;
} metrics[] = {
#define COUNT(name) \
    { "AWS/Events", name, "Count" }
#define LATENCY(name) \
    { "AWS/Events", name, "Milliseconds" }
    [EVENTS_MATCHED] = {COUNT("MatchedEvents"), RULE | BUS | ALL},
    [EVENTS_TRIGGERED] = {COUNT("TriggeredRules"), RULE | BUS | ALL},
    [EVENTS_INVOCATIONS_CREATED] = {COUNT("InvocationsCreated"), ALL},
    [EVENTS_ATTEMPTS] = {COUNT("InvocationAttempts"), RULE | BUS | ALL},
    [EVENTS_RETRIES] = {COUNT("RetryInvocationAttempts"), RULE | BUS | ALL},
    [EVENTS_SUCCESSFUL] = {COUNT("SuccessfulInvocationAttempts"), RULE | BUS | ALL},
    [EVENTS_INVOCATIONS] = {COUNT("Invocations"), RULE | ALL},
    [EVENTS_FAILED] = {COUNT("FailedInvocations"), RULE},
    [EVENTS_SENT_TO_DLQ] = {COUNT("InvocationsSentToDlq"), RULE},
    [EVENTS_NOT_SENT_TO_DLQ] = {COUNT("InvocationsFailedToBeSentToDlq"), RULE},
    [EVENTS_START_LATENCY] = {LATENCY("IngestionToInvocationStartLatency"), RULE | BUS | ALL},
    [EVENTS_SUCCESS_LATENCY] = {LATENCY("IngestionToInvocationSuccessLatency"), RULE | BUS | ALL},
    [EVENTS_COMPLETE_LATENCY] = {LATENCY("IngestionToInvocationCompleteLatency"), RULE | BUS | ALL},
    [EVENTS_PUT_CALLS] = {COUNT("PutEventsApproximateCallCount"), ALL},
    [EVENTS_PUT_SUCCESSES] = {COUNT("PutEventsApproximateSuccessCount"), ALL},
    [EVENTS_PUT_FAILURES] = {COUNT("PutEventsApproximateFailedCount"), ALL},
    [EVENTS_PUT_ENTRIES] = {COUNT("PutEventsEntriesCount"), ALL},
    [EVENTS_PUT_FAILED_ENTRIES] = {COUNT("PutEventsFailedEntriesCount"), ALL},
    [EVENTS_PUT_SIZE] = {{"AWS/Events", "PutEventsRequestSize", "Bytes"}, ALL},
};

/* "rule/NAME", "rule/BUS/NAME" */
static bool parse_rule(SwStr arn_text, SwStr *ret_bus, SwStr *ret_name) {
    SwArn arn;
    if (!sw_arn_parse(arn_text, &arn) || !sw_str_starts(arn.resource, SW_STR("rule/")))
        return false;
    *ret_name = sw_str_skip(arn.resource, 5);
    if (!sw_str_cut(ret_name, '/', ret_bus))
        *ret_bus = SW_STR("default");
    return true;
}

void events_count(SwCtx *cx, SwStr rule_arn, EventsMetric which, double value) {
    const SwMetric *m = &metrics[which].metric;
    SwStr bus, name;
    if (metrics[which].by & ALL)
        sw_meter(cx, m, value, NULL, 0);
    if (!parse_rule(rule_arn, &bus, &name))
        return;
    const SwDimension d[] = {{"EventBusName", bus}, {"RuleName", name}};
    bool custom = !sw_str_eqz(bus, "default");
    if (metrics[which].by & BUS)
        sw_meter(cx, m, value, d, 1);
    if (metrics[which].by & RULE)
        sw_meter(cx, m, value, custom ? d : d + 1, custom ? 2 : 1);
}
