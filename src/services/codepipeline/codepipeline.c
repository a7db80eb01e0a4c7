/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/codepipeline/codepipeline.h"

static const SwHandler handlers[] = {
    {CODEPIPELINE_CREATE_PIPELINE, SW_HANDLER(codepipeline_create_pipeline), 0},
    {CODEPIPELINE_DELETE_PIPELINE, SW_HANDLER(codepipeline_delete_pipeline), 0},
    {CODEPIPELINE_DISABLE_STAGE_TRANSITION, SW_HANDLER(codepipeline_disable_stage_transition), 0},
    {CODEPIPELINE_ENABLE_STAGE_TRANSITION, SW_HANDLER(codepipeline_enable_stage_transition), 0},
    {CODEPIPELINE_GET_PIPELINE, SW_HANDLER(codepipeline_get_pipeline), 0},
    {CODEPIPELINE_GET_PIPELINE_EXECUTION, SW_HANDLER(codepipeline_get_pipeline_execution), 0},
    {CODEPIPELINE_GET_PIPELINE_STATE, SW_HANDLER(codepipeline_get_pipeline_state), 0},
    {CODEPIPELINE_LIST_ACTION_EXECUTIONS, SW_HANDLER(codepipeline_list_action_executions), 0},
    {CODEPIPELINE_LIST_ACTION_TYPES, SW_HANDLER(codepipeline_list_action_types), 0},
    {CODEPIPELINE_LIST_PIPELINE_EXECUTIONS, SW_HANDLER(codepipeline_list_pipeline_executions), 0},
    {CODEPIPELINE_LIST_PIPELINES, SW_HANDLER(codepipeline_list_pipelines), 0},
    {CODEPIPELINE_LIST_TAGS_FOR_RESOURCE, SW_HANDLER(codepipeline_list_tags_for_resource), 0},
    {CODEPIPELINE_PUT_APPROVAL_RESULT, SW_HANDLER(codepipeline_put_approval_result), 0},
    {CODEPIPELINE_RETRY_STAGE_EXECUTION, SW_HANDLER(codepipeline_retry_stage_execution), 0},
    {CODEPIPELINE_START_PIPELINE_EXECUTION, SW_HANDLER(codepipeline_start_pipeline_execution), 0},
    {CODEPIPELINE_STOP_PIPELINE_EXECUTION, SW_HANDLER(codepipeline_stop_pipeline_execution), 0},
    {CODEPIPELINE_TAG_RESOURCE, SW_HANDLER(codepipeline_tag_resource), 0},
    {CODEPIPELINE_UNTAG_RESOURCE, SW_HANDLER(codepipeline_untag_resource), 0},
    {CODEPIPELINE_UPDATE_PIPELINE, SW_HANDLER(codepipeline_update_pipeline), 0},
};

static const SwCollection *const collections[] = {&codepipeline_pipelines, &codepipeline_versions, &codepipeline_executions,
                                                  &codepipeline_actions, NULL};
static const SwController *const controllers[] = {&codepipeline_execution_controller, &codepipeline_action_controller, NULL};
static const SwListener listeners[] = {
    {"codepipeline/codecommit", "aws.codecommit", "CodeCommit Repository State Change", codepipeline_on_codecommit},
    {"codepipeline/action", NULL, NULL, codepipeline_on_action_event},
};
static const SwTarget targets[] = {{"codepipeline", NULL, codepipeline_deliver, "codepipeline:StartPipelineExecution"}};

const SwService sw_service_codepipeline = {
    .name = "codepipeline",
    .api = &codepipeline_api,
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .bad_token = {&CODEPIPELINE_INVALID_NEXT_TOKEN_EXCEPTION, "The next token is not valid"},
    .resource = codepipeline_resource,
    .invalid = &CODEPIPELINE_VALIDATION_EXCEPTION,
    .unsupported = &CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION, /* all that is refused so stands in a declaration */
    .collections = collections,
    .controllers = controllers,
    .listeners = listeners,
    .n_listeners = SW_N(listeners),
    .targets = targets,
    .n_targets = SW_N(targets),
    .actions = &codepipeline_approval,
    .n_actions = 1,
};
