/* SPDX-License-Identifier: Apache-2.0 */
/* Events on the bus (EventBridge event reference, "CodePipeline events"). */

#include "services/codepipeline/codepipeline.h"

int codepipeline_event_execution(SwCtx *cx, const CodepipelineExecutionRecord *e, const char *state, SwError *err) {
    CodepipelineToldTrigger trigger = {.trigger_type = e->trigger_type, .trigger_detail = e->trigger_detail};
    const CodepipelineExecutionChange detail = {
        .pipeline = e->pipeline,
        .execution_id = e->id,
        .start_time = e->started,
        .execution_trigger = &trigger,
        .state = sw_str(state),
        .version = e->declaration->version,
        .pipeline_execution_attempt = sw_strf(cx->arena, "%lld.0", (long long)SW_OR(e->attempt, 1)),
    };
    return sw_event(cx, &codepipeline_event_pipeline_execution_state_change, e->pipeline_arn, &detail, err);
}

int codepipeline_event_stage(SwCtx *cx, const CodepipelineExecutionRecord *e, const CodepipelineStageRun *stage,
                             const char *state, SwError *err) {
    const CodepipelineStageChange detail = {
        .pipeline = e->pipeline,
        .execution_id = e->id,
        .start_time = stage->started.set ? stage->started : e->started,
        .stage = stage->name,
        .state = sw_str(state),
        .version = e->declaration->version,
    };
    return sw_event(cx, &codepipeline_event_stage_execution_state_change, e->pipeline_arn, &detail, err);
}

static CodepipelineChangedArtifactList artifacts(SwArena *a, const CodepipelineArtifactRefList *l) {
    CodepipelineChangedArtifactList all = {0};
    for (size_t i = 0; i < l->n; i++) {
        CodepipelineS3Place *at = sw_new(a, CodepipelineS3Place);
        *at = (CodepipelineS3Place){.bucket = l->v[i].bucket, .key = l->v[i].key};
        *sw_list_add(a, &all) = (CodepipelineChangedArtifact){.name = l->v[i].name, .s3location = at};
    }
    return all;
}

int codepipeline_event_action(SwCtx *cx, const CodepipelineActionRecord *r, const char *state, SwError *err) {
    const CodepipelineActionTypeId *id = r->declaration->action_type_id;
    CodepipelineChangedType type = {.owner = id->owner,
                                    .provider = id->provider,
                                    .category = id->category,
                                    .version = id->version};
    CodepipelineExecutionOutcome outcome = {.external_execution_id = r->external_id,
                                            .external_execution_url = r->external_url,
                                            .external_execution_summary = r->summary,
                                            .error_code = r->error_code};
    bool any = r->external_id.p || r->external_url.p || r->summary.p || r->error_code.p;
    const CodepipelineActionChange detail = {
        .pipeline = r->pipeline,
        .execution_id = r->execution,
        .action_execution_id = r->id,
        .start_time = r->started,
        .stage = r->stage,
        .execution_result = any ? &outcome : NULL,
        .input_artifacts = artifacts(cx->arena, &r->inputs),
        .output_artifacts = artifacts(cx->arena, &r->outputs),
        .action = r->action,
        .state = sw_str(state),
        .region = cx->region,
        .type = &type,
        .version = SW_SOME_INT(SW_OR(r->version, 1)),
    };
    return sw_event(cx, &codepipeline_event_action_execution_state_change, codepipeline_pipeline_arn(cx, r->pipeline), &detail,
                    err);
}
