/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "services/ecr/ecr.h"

static const SwCollection *const collections[] = {
    &ecr_repositories, &ecr_images, &ecr_tags, &ecr_layers, &ecr_uploads, &ecr_tokens, &ecr_previews, NULL,
};
static const SwController *const controllers[] = {&ecr_lifecycle, &ecr_upload_expiry, NULL};

/* Operations name their repository by name or, those on tags, by ARN. */
static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    const SwMember *name = op->input ? sw_shape_member(op->input, SW_STR("repositoryName")) : NULL;
    const SwMember *arn = op->input ? sw_shape_member(op->input, SW_STR("resourceArn")) : NULL;
    const SwMember *m = name ? name : arn;
    const SwStr *v = m ? sw_member_at(m, in) : NULL;
    if (!v || !sw_str_is(*v))
        return SW_NO_STR;
    return name ? ecr_repository_arn(cx, *v) : *v;
}

static SwStrList resources(SwCtx *cx, const SwOperation *op, const void *in) {
    SwStrList names = sw_operation_texts(op, in, "repositoryNames"), all = {0};
    for (size_t i = 0; i < names.n; i++)
        sw_str_list_add(cx->arena, &all, ecr_repository_arn(cx, names.v[i]));
    return all;
}

const SwService sw_service_ecr = {
    .name = "ecr",
    .api = &ecr_api,
    .handlers = ecr_handlers,
    .invalid = &ECR_INVALID_PARAMETER_EXCEPTION,
    .resource = resource,
    .resources = resources,
    .routes = ecr_routes,
    .n_routes = SW_N(ecr_routes),
    .controllers = controllers,
    .collections = collections,
};
