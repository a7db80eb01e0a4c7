/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table and its documents. See ssm.h. */

#include "services/ssm/ssm.h"

const SwCollection ssm_parameters = {.name = "ssm/parameter", .scope = SW_SCOPE_REGION, .shape = &ssm_shape_parameter_record};
const SwCollection ssm_history = {.name = "ssm/history", .scope = SW_SCOPE_REGION, .shape = &ssm_shape_parameter_record};

static const SwCollection *const collections[] = {&ssm_parameters, &ssm_history, NULL};

const SwService sw_service_ssm = {
    .name = "ssm",
    .api = &ssm_api,
    .declares = &ssm_declarations,
    .handlers = ssm_handlers,
    .bad_token = {&SSM_INVALID_NEXT_TOKEN, "The specified token isn't valid."},
    .collections = collections,
};
