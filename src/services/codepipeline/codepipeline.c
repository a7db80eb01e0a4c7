/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/codepipeline/codepipeline.h"

static const SwController *const controllers[] = {&codepipeline_execution_controller, &codepipeline_action_controller, NULL};
static const SwEventKind of_codecommit[] = {{"aws.codecommit", "CodeCommit Repository State Change"}, {0}};
static const SwListener listeners[] = {
    {.name = "codepipeline/codecommit", .kinds = of_codecommit, .on_event = codepipeline_on_codecommit},
    {.name = "codepipeline/action", .concerns = codepipeline_concerns, .on_event = codepipeline_on_action_event},
};
static const SwTarget targets[] = {{"codepipeline", NULL, codepipeline_deliver, "codepipeline:StartPipelineExecution"}};

const SwService sw_service_codepipeline = {
    .name = "codepipeline",
    .api = &codepipeline_api,
    .declares = &codepipeline_declarations,
    .handlers = codepipeline_handlers,
    .bad_token = {&CODEPIPELINE_INVALID_NEXT_TOKEN_EXCEPTION, "The next token is not valid"},
    .invalid = &CODEPIPELINE_VALIDATION_EXCEPTION,
    .unsupported = &CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION, /* all that is refused so stands in a declaration */
    .collections = codepipeline_collections,
    .controllers = controllers,
    .listeners = listeners,
    .n_listeners = SW_N(listeners),
    .targets = targets,
    .n_targets = SW_N(targets),
    .actions = &codepipeline_approval,
    .n_actions = 1,
};
