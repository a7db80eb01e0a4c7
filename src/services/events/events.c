/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "services/events/events.h"

static const SwCollection *const collections[] = {&events_buses, &events_rules, &events_deliveries, NULL};
static const SwController *const controllers[] = {&events_delivery_controller, &events_schedule_controller, NULL};
static const SwTarget targets[] = {{"events", "event-bus/", events_deliver, "events:PutEvents"}};
static const SwListener listeners[] = {{"events/rules", NULL, NULL, events_on_event}};

static SwStr bus_arn(SwCtx *cx, SwStr name_or_arn) {
    SwArn arn;
    return sw_arn_parse(name_or_arn, &arn)
               ? name_or_arn
               : sw_arn(cx, "events", "event-bus/%.*s", SW_FMT(sw_str_or(name_or_arn, SW_STR("default"))));
}

static SwStr rule_arn(SwCtx *cx, SwStr bus, SwStr name) {
    SwArn arn;
    if (sw_arn_parse(bus, &arn))
        bus = sw_str_skip(arn.resource, strlen("event-bus/"));
    if (!sw_str_is(bus) || sw_str_eqz(bus, "default"))
        return sw_arn(cx, "events", "rule/%.*s", SW_FMT(name));
    return sw_arn(cx, "events", "rule/%.*s/%.*s", SW_FMT(bus), SW_FMT(name));
}

/* PutEvents is about the bus of each of its entries, */
static SwStrList resources(SwCtx *cx, const SwOperation *op, const void *in) {
    SwStrList all = {0};
    const EventsPutEventsRequest *put = in;
    for (size_t i = 0; op->index == EVENTS_PUT_EVENTS && i < put->entries.n; i++) {
        SwStr arn = bus_arn(cx, put->entries.v[i].event_bus_name);
        if (!sw_str_list_has(&all, arn))
            sw_str_list_add(cx->arena, &all, arn);
    }
    return all;
}

/* others about a rule or a bus. */
static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    static const struct {
        unsigned op;
        const char *member;
    } rules[] = {{EVENTS_DELETE_RULE, "Name"}, {EVENTS_DESCRIBE_RULE, "Name"},        {EVENTS_DISABLE_RULE, "Name"},
                 {EVENTS_ENABLE_RULE, "Name"}, {EVENTS_LIST_TARGETS_BY_RULE, "Rule"}, {EVENTS_PUT_RULE, "Name"},
                 {EVENTS_PUT_TARGETS, "Rule"}, {EVENTS_REMOVE_TARGETS, "Rule"}};
    static const unsigned buses[] = {EVENTS_CREATE_EVENT_BUS, EVENTS_DELETE_EVENT_BUS, EVENTS_DESCRIBE_EVENT_BUS,
                                     EVENTS_UPDATE_EVENT_BUS};
    SwStr bus = sw_operation_text(op, in, "EventBusName");
    if (op->index == EVENTS_PUT_PERMISSION || op->index == EVENTS_REMOVE_PERMISSION)
        return bus_arn(cx, bus);
    for (size_t i = 0; i < SW_N(rules); i++)
        if (rules[i].op == op->index)
            return rule_arn(cx, bus, sw_operation_text(op, in, rules[i].member));
    for (size_t i = 0; i < SW_N(buses); i++)
        if (buses[i] == op->index)
            return bus_arn(cx, sw_operation_text(op, in, "Name"));
    return sw_operation_text(op, in, "ResourceARN");
}

const SwService sw_service_events = {
    .name = "events",
    .api = &events_api,
    .declares = &events_declarations,
    .handlers = events_handlers,
    .bad_token = {&SW_VALIDATION_EXCEPTION, "NextToken: is not one that {operation} gave"},
    .invalid = &SW_VALIDATION_EXCEPTION,
    .collections = collections,
    .controllers = controllers,
    .listeners = listeners,
    .n_listeners = SW_N(listeners),
    .targets = targets,
    .n_targets = SW_N(targets),
    .resource = resource,
    .resources = resources,
    .policy = events_policy,
};
