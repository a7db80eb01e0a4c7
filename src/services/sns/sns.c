/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/sns/sns.h"

static const SwController *const controllers[] = {&sns_delivery_controller, NULL};
static const SwTarget targets[] = {{"sns", NULL, sns_deliver, "sns:Publish"}};
static const SwRoute routes[] = {
    {.method = "GET", .path = SNS_CERTIFICATE_PATH, .access = SW_ACCESS_PUBLIC, .handle = sns_certificate}};

const SwService sw_service_sns = {
    .name = "sns",
    .api = &sns_api,
    .declares = &sns_declarations,
    .handlers = sns_handlers,
    .bad_token = {&sns_invalid, "Invalid parameter: NextToken"},
    .routes = routes,
    .n_routes = SW_N(routes),
    .invalid = &sns_invalid,
    .denied = &SNS_AUTHORIZATION_ERROR_EXCEPTION,
    .collections = sns_collections,
    .controllers = controllers,
    .targets = targets,
    .n_targets = SW_N(targets),
};
