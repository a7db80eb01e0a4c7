/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "services/ecr/ecr.h"

static const SwHandler handlers[] = {
    {ECR_BATCH_CHECK_LAYER_AVAILABILITY, SW_HANDLER(ecr_batch_check_layer_availability), 0},
    {ECR_BATCH_DELETE_IMAGE, SW_HANDLER(ecr_batch_delete_image), 0},
    {ECR_BATCH_GET_IMAGE, SW_HANDLER(ecr_batch_get_image), 0},
    {ECR_COMPLETE_LAYER_UPLOAD, SW_HANDLER(ecr_complete_layer_upload), SW_OWN_TX},
    {ECR_CREATE_REPOSITORY, SW_HANDLER(ecr_create_repository), 0},
    {ECR_DELETE_LIFECYCLE_POLICY, SW_HANDLER(ecr_delete_lifecycle_policy), 0},
    {ECR_DELETE_REPOSITORY, SW_HANDLER(ecr_delete_repository), 0},
    {ECR_DELETE_REPOSITORY_POLICY, SW_HANDLER(ecr_delete_repository_policy), 0},
    {ECR_DESCRIBE_IMAGES, SW_HANDLER(ecr_describe_images), 0},
    {ECR_DESCRIBE_REGISTRY, SW_HANDLER(ecr_describe_registry), 0},
    {ECR_DESCRIBE_REPOSITORIES, SW_HANDLER(ecr_describe_repositories), 0},
    {ECR_GET_AUTHORIZATION_TOKEN, SW_HANDLER(ecr_get_authorization_token), SW_WRITES},
    {ECR_GET_DOWNLOAD_URL_FOR_LAYER, SW_HANDLER(ecr_get_download_url_for_layer), SW_WRITES},
    {ECR_GET_LIFECYCLE_POLICY, SW_HANDLER(ecr_get_lifecycle_policy), 0},
    {ECR_GET_LIFECYCLE_POLICY_PREVIEW, SW_HANDLER(ecr_get_lifecycle_policy_preview), 0},
    {ECR_GET_REPOSITORY_POLICY, SW_HANDLER(ecr_get_repository_policy), 0},
    {ECR_INITIATE_LAYER_UPLOAD, SW_HANDLER(ecr_initiate_layer_upload), SW_OWN_TX},
    {ECR_LIST_IMAGES, SW_HANDLER(ecr_list_images), 0},
    {ECR_LIST_TAGS_FOR_RESOURCE, SW_HANDLER(ecr_list_tags_for_resource), 0},
    {ECR_PUT_IMAGE, SW_HANDLER(ecr_put_image), 0},
    {ECR_PUT_IMAGE_SCANNING_CONFIGURATION, SW_HANDLER(ecr_put_image_scanning_configuration), 0},
    {ECR_PUT_IMAGE_TAG_MUTABILITY, SW_HANDLER(ecr_put_image_tag_mutability), 0},
    {ECR_PUT_LIFECYCLE_POLICY, SW_HANDLER(ecr_put_lifecycle_policy), 0},
    {ECR_SET_REPOSITORY_POLICY, SW_HANDLER(ecr_set_repository_policy), 0},
    {ECR_START_LIFECYCLE_POLICY_PREVIEW, SW_HANDLER(ecr_start_lifecycle_policy_preview), 0},
    {ECR_TAG_RESOURCE, SW_HANDLER(ecr_tag_resource), 0},
    {ECR_UNTAG_RESOURCE, SW_HANDLER(ecr_untag_resource), 0},
    {ECR_UPLOAD_LAYER_PART, SW_HANDLER(ecr_upload_layer_part), SW_OWN_TX},
};

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
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .bad_token = {&ECR_INVALID_PARAMETER_EXCEPTION,
                  "Invalid parameter at 'nextToken' failed to satisfy constraint: 'Invalid next token'"},
    .invalid = &ECR_INVALID_PARAMETER_EXCEPTION,
    .resource = resource,
    .resources = resources,
    .routes = ecr_routes,
    .n_routes = SW_N(ecr_routes),
    .controllers = controllers,
    .collections = collections,
};
