/* SPDX-License-Identifier: Apache-2.0 */
/* Events on the bus (EventBridge event reference, "CodePipeline events"). */

#include "services/codepipeline/codepipeline.h"

static int put(SwCtx *cx, const char *type, SwStr arn, const SwValue *detail, SwError *err) {
    SwEvent e = {.source = SW_STR("aws.codepipeline"), .detail_type = sw_str(type), .detail = sw_json_text(cx->arena, detail)};
    sw_str_list_add(cx->arena, &e.resources, arn);
    return sw_event_put(cx, &e, err);
}

int codepipeline_event_execution(SwCtx *cx, const CodepipelineExecutionRecord *e, const char *state, SwError *err) {
    SwArena *a = cx->arena;
    SwValue d = sw_value_object(), trigger = sw_value_object();
    sw_value_sets(a, &d, "pipeline", e->pipeline);
    sw_value_sets(a, &d, "execution-id", e->id);
    sw_value_sets(a, &d, "start-time", sw_time_iso8601(a, e->started.v));
    sw_value_sets(a, &trigger, "trigger-type", e->trigger_type);
    sw_value_sets(a, &trigger, "trigger-detail", e->trigger_detail);
    sw_value_set(a, &d, SW_STR("execution-trigger"), trigger);
    sw_value_sets(a, &d, "state", sw_str(state));
    sw_value_set(a, &d, SW_STR("version"), sw_value_num(a, (double)e->declaration->version.v));
    sw_value_sets(a, &d, "pipeline-execution-attempt", sw_strf(a, "%lld.0", (long long)SW_OR(e->attempt, 1)));
    return put(cx, "CodePipeline Pipeline Execution State Change", e->pipeline_arn, &d, err);
}

int codepipeline_event_stage(SwCtx *cx, const CodepipelineExecutionRecord *e, const CodepipelineStageRun *stage,
                             const char *state, SwError *err) {
    SwArena *a = cx->arena;
    SwValue d = sw_value_object();
    sw_value_sets(a, &d, "pipeline", e->pipeline);
    sw_value_sets(a, &d, "execution-id", e->id);
    sw_value_sets(a, &d, "start-time", sw_time_iso8601(a, SW_OR(stage->started, e->started.v)));
    sw_value_sets(a, &d, "stage", stage->name);
    sw_value_sets(a, &d, "state", sw_str(state));
    sw_value_set(a, &d, SW_STR("version"), sw_value_num(a, (double)e->declaration->version.v));
    return put(cx, "CodePipeline Stage Execution State Change", e->pipeline_arn, &d, err);
}

static SwValue artifacts(SwArena *a, const CodepipelineArtifactRefList *l) {
    SwValue v = sw_value_array();
    for (size_t i = 0; i < l->n; i++) {
        SwValue one = sw_value_object(), location = sw_value_object();
        sw_value_sets(a, &location, "bucket", l->v[i].bucket);
        sw_value_sets(a, &location, "key", l->v[i].key);
        sw_value_sets(a, &one, "name", l->v[i].name);
        sw_value_set(a, &one, SW_STR("s3location"), location);
        sw_value_add(a, &v, one);
    }
    return v;
}

int codepipeline_event_action(SwCtx *cx, const CodepipelineActionRecord *r, const char *state, SwError *err) {
    SwArena *a = cx->arena;
    const CodepipelineActionTypeId *id = r->declaration->action_type_id;
    SwValue d = sw_value_object(), type = sw_value_object(), result = sw_value_object();
    sw_value_sets(a, &d, "pipeline", r->pipeline);
    sw_value_sets(a, &d, "execution-id", r->execution);
    sw_value_sets(a, &d, "action-execution-id", r->id);
    sw_value_sets(a, &d, "start-time", sw_time_iso8601(a, r->started.v));
    sw_value_sets(a, &d, "stage", r->stage);
    sw_value_sets(a, &result, "external-execution-id", r->external_id);
    sw_value_sets(a, &result, "external-execution-url", r->external_url);
    sw_value_sets(a, &result, "external-execution-summary", r->summary);
    sw_value_sets(a, &result, "error-code", r->error_code);
    if (result.n)
        sw_value_set(a, &d, SW_STR("execution-result"), result);
    if (r->inputs.n)
        sw_value_set(a, &d, SW_STR("input-artifacts"), artifacts(a, &r->inputs));
    if (r->outputs.n)
        sw_value_set(a, &d, SW_STR("output-artifacts"), artifacts(a, &r->outputs));
    sw_value_sets(a, &d, "action", r->action);
    sw_value_sets(a, &d, "state", sw_str(state));
    sw_value_sets(a, &d, "region", cx->region);
    sw_value_sets(a, &type, "owner", id->owner);
    sw_value_sets(a, &type, "provider", id->provider);
    sw_value_sets(a, &type, "category", id->category);
    sw_value_sets(a, &type, "version", id->version);
    sw_value_set(a, &d, SW_STR("type"), type);
    sw_value_set(a, &d, SW_STR("version"), sw_value_num(a, (double)SW_OR(r->version, 1)));
    return put(cx, "CodePipeline Action Execution State Change", codepipeline_pipeline_arn(cx, r->pipeline), &d, err);
}
