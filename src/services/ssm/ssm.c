/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table and its documents. See ssm.h. */

#include "services/ssm/ssm.h"

const SwCollection ssm_parameters = {.name = "ssm/parameter", .scope = SW_SCOPE_REGION, .shape = &ssm_shape_parameter_record};
const SwCollection ssm_history = {.name = "ssm/history", .scope = SW_SCOPE_REGION, .shape = &ssm_shape_parameter_record};

static const SwCollection *const collections[] = {&ssm_parameters, &ssm_history, NULL};

static const SwHandler handlers[] = {
    {SSM_ADD_TAGS_TO_RESOURCE, SW_HANDLER(ssm_add_tags_to_resource), 0},
    {SSM_DELETE_PARAMETER, SW_HANDLER(ssm_delete_parameter), 0},
    {SSM_DELETE_PARAMETERS, SW_HANDLER(ssm_delete_parameters), SW_AUTHORISES},
    {SSM_DESCRIBE_PARAMETERS, SW_HANDLER(ssm_describe_parameters), 0},
    {SSM_GET_PARAMETER, SW_HANDLER(ssm_get_parameter), 0},
    {SSM_GET_PARAMETER_HISTORY, SW_HANDLER(ssm_get_parameter_history), 0},
    {SSM_GET_PARAMETERS, SW_HANDLER(ssm_get_parameters), SW_AUTHORISES},
    {SSM_GET_PARAMETERS_BY_PATH, SW_HANDLER(ssm_get_parameters_by_path), 0},
    {SSM_LABEL_PARAMETER_VERSION, SW_HANDLER(ssm_label_parameter_version), 0},
    {SSM_LIST_TAGS_FOR_RESOURCE, SW_HANDLER(ssm_list_tags_for_resource), 0},
    {SSM_PUT_PARAMETER, SW_HANDLER(ssm_put_parameter), 0},
    {SSM_REMOVE_TAGS_FROM_RESOURCE, SW_HANDLER(ssm_remove_tags_from_resource), 0},
    {SSM_UNLABEL_PARAMETER_VERSION, SW_HANDLER(ssm_unlabel_parameter_version), 0},
};

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
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .bad_token = {&SSM_INVALID_NEXT_TOKEN, "The specified token isn't valid."},
    .resource = resource,
    .collections = collections,
};
