/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table and its documents. See ssm.h. */

#include "services/ssm/ssm.h"

static const SwController *const controllers[] = {&ssm_policy_controller, NULL};

const SwService sw_service_ssm = {
    .name = "ssm",
    .api = &ssm_api,
    .declares = &ssm_declarations,
    .handlers = ssm_handlers,
    .bad_token = {&SSM_INVALID_NEXT_TOKEN, "The specified token isn't valid."},
    .controllers = controllers,
    .collections = ssm_collections,
};
