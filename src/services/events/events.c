/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/events/events.h"

static const SwController *const controllers[] = {&events_delivery_controller, &events_schedule_controller, NULL};
static const SwTarget targets[] = {{"events", "event-bus/", events_deliver, "events:PutEvents"}};
static const SwListener listeners[] = {{.name = "events/rules", .concerns = events_concerns, .on_event = events_on_event}};

const SwService sw_service_events = {
    .name = "events",
    .api = &events_api,
    .declares = &events_declarations,
    .handlers = events_handlers,
    .bad_token = {&SW_VALIDATION_EXCEPTION, "NextToken: is not one that {operation} gave"},
    .invalid = &SW_VALIDATION_EXCEPTION,
    .collections = events_collections,
    .controllers = controllers,
    .listeners = listeners,
    .n_listeners = SW_N(listeners),
    .targets = targets,
    .n_targets = SW_N(targets),
};
