/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. See secretsmanager.h. */

#include "services/secretsmanager/secretsmanager.h"

static const SwController *const controllers[] = {&secretsmanager_deletion_controller, NULL};

const SwService sw_service_secretsmanager = {
    .name = "secretsmanager",
    .api = &secretsmanager_api,
    .declares = &secretsmanager_declarations,
    .handlers = secretsmanager_handlers,
    .unsupported = &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION,
    .bad_token = {&SECRETSMANAGER_INVALID_NEXT_TOKEN_EXCEPTION, "The NextToken value is invalid."},
    .controllers = controllers,
    .collections = secretsmanager_collections,
};
