/* SPDX-License-Identifier: Apache-2.0 */
/* Action executions: their records, and the operations that show them. */

#include "base/digest.h"
#include "base/id.h"
#include "services/codepipeline/codepipeline.h"

int codepipeline_action_put(SwCtx *cx, CodepipelineActionRecord *a, SwError *err) {
    a->updated = SW_SOME_TIME(sw_now(cx));
    return codepipeline_actions_put(cx->tx, a->id, a, err);
}

static const char *event_of(SwStr status) {
    return sw_str_eq(status, CODEPIPELINE_ACTION_EXECUTION_STATUS_IN_PROGRESS) ? "STARTED"
           : sw_str_eq(status, CODEPIPELINE_ACTION_EXECUTION_STATUS_SUCCEEDED) ? "SUCCEEDED"
           : sw_str_eq(status, CODEPIPELINE_ACTION_EXECUTION_STATUS_ABANDONED) ? "ABANDONED"
                                                                               : "FAILED";
}

int codepipeline_action_set_status(SwCtx *cx, CodepipelineActionRecord *a, SwStr status, SwError *err) {
    a->status = status;
    a->generation = SW_SOME_INT(SW_OR(a->generation, 0) + 1);
    if (codepipeline_action_put(cx, a, err) < 0)
        return -1;
    return codepipeline_event_action(cx, a, event_of(status), err);
}

int codepipeline_actions_of(SwCtx *cx, SwStr execution, CodepipelineActionRecords *ret_l, SwError *err) {
    SwDocQuery q = {.index = "by_execution", .equals = {execution}};
    if (codepipeline_actions_list(cx->tx, &q, ret_l, err) < 0)
        return -1;
    size_t n = 0;
    for (size_t i = 0; i < ret_l->n; i++)
        if (!SW_OR(ret_l->v[i].record->retired, false))
            ret_l->v[n++] = ret_l->v[i];
    sw_list_cut(ret_l, n);
    return 0;
}

CodepipelineActionRecord *codepipeline_action_find(const CodepipelineActionRecords *l, SwStr stage, SwStr action) {
    for (size_t i = 0; i < l->n; i++) {
        CodepipelineActionRecord *a = l->v[i].record;
        if (sw_str_eq(a->stage, stage) && sw_str_eq(a->action, action))
            return a;
    }
    return NULL;
}

static SwStr bucket_of(const CodepipelinePipelineDeclaration *d, SwStr region) {
    if (d->artifact_store)
        return d->artifact_store->location;
    for (size_t i = 0; i < d->artifact_stores.n; i++)
        if (sw_str_eq(d->artifact_stores.v[i].key, region))
            return d->artifact_stores.v[i].value.location;
    return SW_NO_STR;
}

/* "<pipeline>/<artifact>/<7 characters>", the same for the same action execution however often it is made. */
static void name_outputs(SwCtx *cx, const CodepipelineExecutionRecord *e, CodepipelineActionRecord *a) {
    const CodepipelineOutputArtifactList *l = &a->declaration->output_artifacts;
    for (size_t i = 0; i < l->n; i++) {
        SwStr pipeline = e->pipeline, name = l->v[i].name;
        SwStr hash = sw_sha256_hex(cx->arena, sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(a->id), SW_FMT(name)));
        CodepipelineArtifactRef *r = sw_list_add(cx->arena, &a->outputs);
        r->name = name;
        r->bucket = bucket_of(e->declaration, cx->region);
        r->key = sw_strf(cx->arena, "%.*s/%.*s/%.7s", (int)SW_MIN(pipeline.n, (size_t)20), pipeline.p,
                         (int)SW_MIN(name.n, (size_t)10), name.p, hash.p);
    }
}

static void find_inputs(SwCtx *cx, const CodepipelineExecutionRecord *e, CodepipelineActionRecord *a) {
    const CodepipelineInputArtifactList *l = &a->declaration->input_artifacts;
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < e->artifacts.n; k++)
            if (sw_str_eq(e->artifacts.v[k].name, l->v[i].name))
                *sw_list_add(cx->arena, &a->inputs) = e->artifacts.v[k];
}

int codepipeline_action_start(SwCtx *cx, const CodepipelineExecutionRecord *e, const CodepipelineStageDeclaration *s,
                              const CodepipelineActionDeclaration *d, SwError *err) {
    int64_t n;
    if (sw_doc_next(cx->tx, SW_SCOPE_REGION, SW_STR("codepipeline/action"), &n, err) < 0)
        return -1;
    CodepipelineActionRecord a = {
        .id = sw_id_uuid(cx->arena),
        .pipeline = e->pipeline,
        .execution = e->id,
        .version = e->declaration->version,
        .order = sw_index_number(cx->arena, n),
        .stage = s->name,
        .action = d->name,
        .started = SW_SOME_TIME(sw_now(cx)),
        .declaration = sw_shape_copy(cx->arena, &codepipeline_shape_action_declaration, d),
        .token = sw_id_uuid(cx->arena),
    };
    if (d->timeout_in_minutes.set)
        a.deadline = SW_SOME_TIME(sw_now(cx) + d->timeout_in_minutes.v * SW_MINUTE);
    name_outputs(cx, e, &a);
    find_inputs(cx, e, &a);
    if (codepipeline_action_set_status(cx, &a, CODEPIPELINE_ACTION_EXECUTION_STATUS_IN_PROGRESS, err) < 0)
        return -1;
    return sw_wake(cx, &codepipeline_action_controller, a.id, 0, err);
}

static CodepipelineArtifactDetailList artifact_details(SwCtx *cx, const CodepipelineArtifactRefList *l) {
    CodepipelineArtifactDetailList out = {0};
    sw_list_present(cx->arena, &out);
    for (size_t i = 0; i < l->n; i++) {
        CodepipelineArtifactDetail *d = sw_list_add(cx->arena, &out);
        d->name = l->v[i].name;
        d->s3location = sw_new(cx->arena, CodepipelineS3Location);
        *d->s3location = (CodepipelineS3Location){.bucket = l->v[i].bucket, .key = l->v[i].key};
    }
    return out;
}

static CodepipelineErrorDetails *error_details(SwCtx *cx, const CodepipelineActionRecord *a) {
    if (!a->error_code.p)
        return NULL;
    CodepipelineErrorDetails *d = sw_new(cx->arena, CodepipelineErrorDetails);
    *d = (CodepipelineErrorDetails){.code = a->error_code, .message = a->error_message};
    return d;
}

static void show_detail(SwCtx *cx, const CodepipelineActionRecord *a, CodepipelineActionExecutionDetail *to) {
    CodepipelineActionExecutionInput *in = sw_new(cx->arena, CodepipelineActionExecutionInput);
    CodepipelineActionExecutionOutput *out = sw_new(cx->arena, CodepipelineActionExecutionOutput);
    *to = (CodepipelineActionExecutionDetail){.pipeline_execution_id = a->execution,
                                              .action_execution_id = a->id,
                                              .pipeline_version = a->version,
                                              .stage_name = a->stage,
                                              .action_name = a->action,
                                              .start_time = a->started,
                                              .last_update_time = a->updated,
                                              .updated_by = a->updated_by,
                                              .status = a->status,
                                              .input = in,
                                              .output = out};
    *in = (CodepipelineActionExecutionInput){.action_type_id = a->declaration->action_type_id,
                                             .configuration = a->declaration->configuration,
                                             .resolved_configuration = a->configuration,
                                             .role_arn = a->declaration->role_arn,
                                             .region = cx->region,
                                             .input_artifacts = artifact_details(cx, &a->inputs),
                                             .namespace = a->declaration->namespace};
    out->output_artifacts = artifact_details(cx, &a->outputs);
    out->output_variables = a->variables;
    out->execution_result = sw_new(cx->arena, CodepipelineActionExecutionResult);
    *out->execution_result = (CodepipelineActionExecutionResult){.external_execution_id = a->external_id,
                                                                 .external_execution_summary = a->summary,
                                                                 .external_execution_url = a->external_url,
                                                                 .error_details = error_details(cx, a)};
}

/* filter: all of an execution; or its latest alone, without those that a retry replaced (startTimeRange Latest). */
static int read_filter(const CodepipelineActionExecutionFilter *f, SwStr *ret_execution, bool *ret_latest, SwError *err) {
    const CodepipelineLatestInPipelineExecutionFilter *latest = f ? f->latest_in_pipeline_execution : NULL;
    *ret_execution = f ? f->pipeline_execution_id : SW_NO_STR;
    *ret_latest = latest && sw_str_eq(latest->start_time_range, CODEPIPELINE_START_TIME_RANGE_LATEST);
    if (!latest)
        return 0;
    if (sw_str_is(*ret_execution) && !sw_str_eq(*ret_execution, latest->pipeline_execution_id))
        return sw_fail(err, &CODEPIPELINE_VALIDATION_EXCEPTION,
                       "filter.pipelineExecutionId and filter.latestInPipelineExecution name different executions");
    *ret_execution = latest->pipeline_execution_id;
    return 0;
}

static int is_latest(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    *ret_wanted = !SW_OR(codepipeline_actions_row(row)->retired, false);
    return 0;
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    show_detail(cx, codepipeline_actions_row(row), to);
    return 0;
}

int codepipeline_list_action_executions(SwCtx *cx, const CodepipelineListActionExecutionsInput *in,
                                        CodepipelineListActionExecutionsOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    CodepipelineExecutionRecord *e;
    SwStr execution;
    bool latest;
    if (read_filter(in->filter, &execution, &latest, err) < 0)
        return -1;
    SwDocQuery q = {.index = sw_str_is(execution) ? "by_execution" : "by_pipeline",
                    .descending = true,
                    .equals = {sw_str_is(execution) ? execution : in->pipeline_name}};
    if (codepipeline_pipeline_get(cx, in->pipeline_name, &p, err) < 0 ||
        (sw_str_is(execution) && codepipeline_execution_get(cx, in->pipeline_name, execution, &e, err) < 0))
        return -1;
    return sw_page(
        cx, &(SwPage){.of = &codepipeline_actions, .q = q, .want = latest ? is_latest : NULL, .show = show_row, .usual = 100},
        out, err);
}

static void show_type(SwCtx *cx, const SwActionType *t, CodepipelineActionType *to) {
    to->id = sw_new(cx->arena, CodepipelineActionTypeId);
    *to->id = (CodepipelineActionTypeId){.category = sw_str(t->category),
                                         .owner = sw_str(t->owner),
                                         .provider = sw_str(t->provider),
                                         .version = sw_str(t->version)};
    to->input_artifact_details = sw_new(cx->arena, CodepipelineArtifactDetails);
    *to->input_artifact_details = (CodepipelineArtifactDetails){SW_SOME_INT(t->min_inputs), SW_SOME_INT(t->max_inputs)};
    to->output_artifact_details = sw_new(cx->arena, CodepipelineArtifactDetails);
    *to->output_artifact_details = (CodepipelineArtifactDetails){SW_SOME_INT(t->min_outputs), SW_SOME_INT(t->max_outputs)};
    const char *const *lists[] = {t->required, t->optional};
    for (size_t which = 0; which < 2; which++)
        for (const char *const *key = lists[which]; key && *key; key++)
            *sw_list_add(cx->arena, &to->action_configuration_properties) =
                (CodepipelineActionConfigurationProperty){.name = sw_str(*key),
                                                          .required = SW_SOME_BOOL(which == 0),
                                                          .key = SW_SOME_BOOL(true),
                                                          .secret = SW_SOME_BOOL(false)};
}

static int show_type_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    show_type(cx, row->record, to);
    return 0;
}

int codepipeline_list_action_types(SwCtx *cx, const CodepipelineListActionTypesInput *in,
                                   CodepipelineListActionTypesOutput *out, SwError *err) {
    SwPageItems items = {0};
    if (sw_str_is(in->region_filter) && !sw_str_eq(in->region_filter, cx->region))
        return sw_refuse_field(err, &CODEPIPELINE_VALIDATION_EXCEPTION, "regionFilter",
                               "actions in another region are not available");
    for (const SwService *const *s = cx->host->config->services; *s; s++)
        for (size_t i = 0; i < (*s)->n_actions; i++) {
            const SwActionType *a = &(*s)->actions[i];
            if (!sw_str_is(in->action_owner_filter) || sw_str_eqz(in->action_owner_filter, a->owner))
                *sw_list_add(cx->arena, &items) =
                    (SwPageItem){sw_strf(cx->arena, "%s/%s/%s/%s", a->category, a->owner, a->provider, a->version), a};
        }
    return sw_page(cx, &(SwPage){.items = items, .show = show_type_row, .usual = 100}, out, err);
}
