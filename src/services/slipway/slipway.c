/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/slipway/dora.h"

#include "api/idempotency.h"

static const SwController *const controllers[] = {&slipway_housekeeping, NULL};

const SwService sw_service_slipway = {
    .name = "slipway",
    .api = &slipway_api,
    .declares = &slipway_declarations,
    .handlers = slipway_handlers,
    .bad_token = {&SLIPWAY_INVALID_PARAMETER_EXCEPTION, "nextToken: is not one of {operation}"},
    .controllers = controllers,
    .collections = slipway_collections,
    .listeners = slipway_dora_listeners,
    .n_listeners = SW_N(slipway_dora_listeners),
    .routes = slipway_routes,
    .n_routes = SW_N(slipway_routes),
    .invalid = &SLIPWAY_INVALID_PARAMETER_EXCEPTION,
    .open = slipway_clock_restore,
    .resume = slipway_housekeeping_resume,
    .reset = slipway_clock_reset,
};
