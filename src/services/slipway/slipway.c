/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/slipway/dora.h"

static const SwHandler handlers[] = {
    {SLIPWAY_ADVANCE_CLOCK, SW_HANDLER(slipway_advance_clock), SW_OWN_TX},
    {SLIPWAY_GET_CERTIFICATE_AUTHORITY, SW_HANDLER(slipway_get_certificate_authority), 0},
    {SLIPWAY_GET_CLOCK, SW_HANDLER(slipway_get_clock), 0},
    {SLIPWAY_GET_COVERAGE, SW_HANDLER(slipway_get_coverage), 0},
    {SLIPWAY_GET_DEPLOYMENT, SW_HANDLER(slipway_get_deployment), 0},
    {SLIPWAY_GET_DORA_METRICS, SW_HANDLER(slipway_get_dora_metrics), 0},
    {SLIPWAY_GET_HEALTH, SW_HANDLER(slipway_get_health), 0},
    {SLIPWAY_LIST_DEPLOYMENTS, SW_HANDLER(slipway_list_deployments), 0},
    {SLIPWAY_RESET, SW_HANDLER(slipway_reset), SW_OWN_TX},
    {SLIPWAY_SET_CLOCK, SW_HANDLER(slipway_set_clock), SW_OWN_TX},
    {SLIPWAY_SHUTDOWN, SW_HANDLER(slipway_shutdown), SW_OWN_TX},
};

static int open_service(SwHost *h, SwError *err) {
    return slipway_clock_restore(h, err) < 0 ? -1 : slipway_housekeeping_start(h, err);
}

static const SwCollection *const collections[] = {&slipway_deployments, &slipway_pending, NULL};
static const SwController *const controllers[] = {&slipway_housekeeping, NULL};

const SwService sw_service_slipway = {
    .name = "slipway",
    .api = &slipway_api,
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .bad_token = {&SLIPWAY_INVALID_PARAMETER_EXCEPTION, "nextToken: is not one of {operation}"},
    .controllers = controllers,
    .collections = collections,
    .listeners = slipway_dora_listeners,
    .n_listeners = SW_N(slipway_dora_listeners),
    .routes = slipway_routes,
    .n_routes = SW_N(slipway_routes),
    .invalid = &SLIPWAY_INVALID_PARAMETER_EXCEPTION,
    .open = open_service,
    .reset = slipway_clock_reset,
};
