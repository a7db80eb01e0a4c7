/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table and its documents. See ssm.h. */

#include "services/ssm/ssm.h"

const SwCollection ssm_parameters = {.name = "ssm/parameter", .scope = SW_SCOPE_REGION, .shape = &ssm_shape_parameter_record};
const SwCollection ssm_history = {.name = "ssm/history", .scope = SW_SCOPE_REGION, .shape = &ssm_shape_parameter_record};

static const SwCollection *const collections[] = {&ssm_parameters, &ssm_history, NULL};

static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    static const char *const members[] = {"Name", "Path", "ResourceId"};
    for (size_t i = 0; op->input && i < SW_N(members); i++) {
        const SwMember *m = sw_shape_member(op->input, sw_str(members[i]));
        SsmName n;
        if (m && m->shape->kind == SW_STRING && sw_member_is_set(m, in) &&
            ssm_name_parse(cx, *(const SwStr *)sw_member_at(m, in), &n))
            return ssm_name_arn(cx, &n);
    }
    return SW_NO_STR;
}

const SwService sw_service_ssm = {
    .name = "ssm",
    .api = &ssm_api,
    .declares = &ssm_declarations,
    .handlers = ssm_handlers,
    .bad_token = {&SSM_INVALID_NEXT_TOKEN, "The specified token isn't valid."},
    .resource = resource,
    .collections = collections,
};
