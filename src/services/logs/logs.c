/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/logs/logs.h"

static const SwController *const controllers[] = {&logs_retention, NULL};

static const SwTarget targets[] = {{"logs", "log-group:", logs_deliver, NULL}};

const SwService sw_service_logs = {
    .name = "logs",
    .api = &logs_api,
    .declares = &logs_declarations,
    .handlers = logs_handlers,
    .bad_token = {&LOGS_INVALID_PARAMETER_EXCEPTION, "The specified nextToken is invalid."},
    .invalid = &LOGS_INVALID_PARAMETER_EXCEPTION,
    .collections = logs_collections,
    .controllers = controllers,
    .targets = targets,
    .n_targets = SW_N(targets),
};
