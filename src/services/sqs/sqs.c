/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/sqs/sqs.h"

static const SwController *const controllers[] = {&sqs_expiry, &sqs_mover, NULL};
static const SwTarget targets[] = {{"sqs", NULL, sqs_deliver, "sqs:SendMessage"}};

const SwService sw_service_sqs = {
    .name = "sqs",
    .api = &sqs_api,
    .declares = &sqs_declarations,
    .handlers = sqs_handlers,
    .bad_token = {&sqs_invalid, "Invalid or expired next token."},
    .invalid = &sqs_invalid,
    .denied = &sqs_denied,
    .collections = sqs_collections,
    .controllers = controllers,
    .targets = targets,
    .n_targets = SW_N(targets),
    .gauge = sqs_gauge,
};
