/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/ecr/ecr.h"

static const SwController *const controllers[] = {&ecr_lifecycle, &ecr_upload_expiry, NULL};

const SwService sw_service_ecr = {
    .name = "ecr",
    .api = &ecr_api,
    .handlers = ecr_handlers,
    .bad_token = {&ECR_INVALID_PARAMETER_EXCEPTION,
                  "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid next token'"},
    .invalid = &ECR_INVALID_PARAMETER_EXCEPTION,
    .declares = &ecr_declarations,
    .routes = ecr_routes,
    .n_routes = SW_N(ecr_routes),
    .controllers = controllers,
    .collections = ecr_collections,
};
