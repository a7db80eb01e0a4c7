/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/events/events.h"

static const SwHandler handlers[] = {
    {EVENTS_CREATE_EVENT_BUS, SW_HANDLER(events_create_event_bus), 0},
    {EVENTS_DELETE_EVENT_BUS, SW_HANDLER(events_delete_event_bus), 0},
    {EVENTS_DELETE_RULE, SW_HANDLER(events_delete_rule), 0},
    {EVENTS_DESCRIBE_EVENT_BUS, SW_HANDLER(events_describe_event_bus), 0},
    {EVENTS_DESCRIBE_RULE, SW_HANDLER(events_describe_rule), 0},
    {EVENTS_DISABLE_RULE, SW_HANDLER(events_disable_rule), 0},
    {EVENTS_ENABLE_RULE, SW_HANDLER(events_enable_rule), 0},
    {EVENTS_LIST_EVENT_BUSES, SW_HANDLER(events_list_event_buses), 0},
    {EVENTS_LIST_RULE_NAMES_BY_TARGET, SW_HANDLER(events_list_rule_names_by_target), 0},
    {EVENTS_LIST_RULES, SW_HANDLER(events_list_rules), 0},
    {EVENTS_LIST_TAGS_FOR_RESOURCE, SW_HANDLER(events_list_tags_for_resource), 0},
    {EVENTS_LIST_TARGETS_BY_RULE, SW_HANDLER(events_list_targets_by_rule), 0},
    {EVENTS_PUT_EVENTS, SW_HANDLER(events_put_events), 0},
    {EVENTS_PUT_RULE, SW_HANDLER(events_put_rule), 0},
    {EVENTS_PUT_TARGETS, SW_HANDLER(events_put_targets), 0},
    {EVENTS_REMOVE_TARGETS, SW_HANDLER(events_remove_targets), 0},
    {EVENTS_TAG_RESOURCE, SW_HANDLER(events_tag_resource), 0},
    {EVENTS_TEST_EVENT_PATTERN, SW_HANDLER(events_test_event_pattern), 0},
    {EVENTS_UNTAG_RESOURCE, SW_HANDLER(events_untag_resource), 0},
};

static const SwCollection *const collections[] = {&events_buses, &events_rules, &events_deliveries, NULL};
static const SwController *const controllers[] = {&events_delivery_controller, &events_schedule_controller, NULL};
static const SwListener listeners[] = {{"events/rules", NULL, NULL, events_on_event}};

const SwService sw_service_events = {
    .name = "events",
    .api = &events_api,
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .invalid = &SW_VALIDATION_EXCEPTION,
    .collections = collections,
    .controllers = controllers,
    .listeners = listeners,
    .n_listeners = SW_N(listeners),
};
