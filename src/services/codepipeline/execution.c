/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline executions: start, look, stop, retry. What moves them is execution_controller.c. */

#include "api/meter.h"
#include "base/id.h"
#include "services/codepipeline/codepipeline.h"

int codepipeline_execution_get(SwCtx *cx, SwStr pipeline, SwStr id, CodepipelineExecutionRecord **ret_e, SwError *err) {
    CodepipelineExecutionRecord *e;
    if (codepipeline_executions_find(cx->tx, id, &e, err) < 0)
        return -1;
    if (!e || (sw_str_is(pipeline) && !sw_str_eq(e->pipeline, pipeline)))
        return sw_fail(err, &CODEPIPELINE_PIPELINE_EXECUTION_NOT_FOUND_EXCEPTION,
                       "Pipeline '%.*s' does not have an execution with id '%.*s'", SW_FMT(pipeline), SW_FMT(id));
    *ret_e = e;
    return 0;
}

int codepipeline_execution_put(SwCtx *cx, CodepipelineExecutionRecord *e, SwError *err) {
    e->updated = SW_SOME_TIME(sw_now(cx));
    return codepipeline_executions_put(cx->tx, e->id, e, err);
}

static const struct {
    SwStr status;
    const char *event;
} states[] = {
    {SW_STR_C("InProgress"), "STARTED"}, {SW_STR_C("Succeeded"), "SUCCEEDED"}, {SW_STR_C("Failed"), "FAILED"},
    {SW_STR_C("Stopping"), "STOPPING"},  {SW_STR_C("Stopped"), "STOPPED"},     {SW_STR_C("Superseded"), "SUPERSEDED"},
    {SW_STR_C("Cancelled"), "CANCELED"},
};

static const char *event_of(SwStr status) {
    for (size_t i = 0; i < SW_N(states); i++)
        if (sw_str_eq(status, states[i].status))
            return states[i].event;
    return "UNKNOWN";
}

/* AWS/CodePipeline, as its user guide has them: how long executions took that ended, and how many failed; of each pipeline
 * and of the account. */
static void count_end(SwCtx *cx, const CodepipelineExecutionRecord *e) {
    static const SwMetric duration = {"AWS/CodePipeline", "PipelineDuration", "Seconds"},
                          failures = {"AWS/CodePipeline", "FailedPipelineExecutions", "Count"};
    const SwDimension d = {"PipelineName", e->pipeline};
    bool failed = sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_FAILED);
    if (!failed && !sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_SUCCEEDED))
        return;
    for (size_t n = 0; n < 2; n++) { /* without and with the dimension */
        sw_meter(cx, &duration, (double)((sw_now(cx) - e->started.v) / SW_S), &d, n);
        if (failed)
            sw_meter(cx, &failures, 1, &d, n);
    }
}

int codepipeline_execution_set_status(SwCtx *cx, CodepipelineExecutionRecord *e, SwStr status, SwStr summary, SwError *err) {
    e->status = status;
    e->status_summary = summary;
    if (codepipeline_execution_put(cx, e, err) < 0)
        return -1;
    count_end(cx, e);
    return codepipeline_event_execution(cx, e, event_of(status), err);
}

int codepipeline_stage_set_status(SwCtx *cx, CodepipelineExecutionRecord *e, size_t stage, SwStr status, SwError *err) {
    CodepipelineStageRun *run = &e->stages.v[stage];
    run->status = status;
    if (sw_str_eq(status, CODEPIPELINE_STAGE_EXECUTION_STATUS_IN_PROGRESS))
        run->started = SW_SOME_TIME(sw_now(cx));
    return codepipeline_event_stage(cx, e, run, event_of(status), err);
}

int codepipeline_active_executions(SwCtx *cx, SwStr pipeline, CodepipelineExecutionRecords *ret_l, SwError *err) {
    SwDocQuery q = {.index = "by_status", .equals = {pipeline, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_IN_PROGRESS}};
    return codepipeline_executions_list(cx->tx, &q, ret_l, err);
}

int codepipeline_wake_waiting(SwCtx *cx, SwStr pipeline, SwError *err) {
    CodepipelineExecutionRecords l;
    if (codepipeline_active_executions(cx, pipeline, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const CodepipelineExecutionRecord *e = l.v[i].record;
        if (!SW_OR(e->entered, false) && sw_wake(cx, &codepipeline_execution_controller, e->id, 0, err) < 0)
            return -1;
    }
    return 0;
}

bool codepipeline_starts_alone(const CodepipelinePipelineDeclaration *d) {
    for (size_t i = 0; i < d->variables.n; i++)
        if (!d->variables.v[i].default_value.p)
            return false;
    return true;
}

/* Declared variables with the caller's values; unknown or missing ones fail. */
static int set_variables(SwCtx *cx, const CodepipelinePipelineDeclaration *d, const CodepipelinePipelineVariableList *given,
                         CodepipelineExecutionRecord *e, SwError *err) {
    for (size_t i = 0; given && i < given->n; i++) {
        bool declared = false;
        for (size_t k = 0; k < d->variables.n; k++)
            declared |= sw_str_eq(d->variables.v[k].name, given->v[i].name);
        if (!declared)
            return sw_fail(err, &CODEPIPELINE_VALIDATION_EXCEPTION, "The pipeline has no variable '%.*s'",
                           SW_FMT(given->v[i].name));
        sw_str_map_set(cx->arena, &e->variables, given->v[i].name, given->v[i].value);
    }
    for (size_t k = 0; k < d->variables.n; k++) {
        SwStr name = d->variables.v[k].name, value = d->variables.v[k].default_value;
        if (sw_str_map_find(&e->variables, name).p)
            continue;
        if (!value.p)
            return sw_fail(err, &CODEPIPELINE_VALIDATION_EXCEPTION, "The variable '%.*s' needs a value: it has no default",
                           SW_FMT(name));
        sw_str_map_set(cx->arena, &e->variables, name, value);
    }
    return 0;
}

static int find_by_token(SwCtx *cx, SwStr pipeline, SwStr token, SwStr *ret_id, SwError *err) {
    SwDocQuery q = {.index = "by_token", .equals = {pipeline, token}, .limit = 1};
    CodepipelineExecutionRecords l;
    if (!sw_str_is(token))
        return 0;
    if (codepipeline_executions_list(cx->tx, &q, &l, err) < 0)
        return -1;
    if (l.n)
        *ret_id = l.v[0].id;
    return 0;
}

int codepipeline_execution_start(SwCtx *cx, const CodepipelinePipelineRecord *p, const CodepipelineStart *s, SwStr *ret_id,
                                 SwError *err) {
    const CodepipelinePipelineDeclaration *d = p->declaration;
    int64_t number;
    *ret_id = SW_NO_STR;
    if (find_by_token(cx, d->name, s->token, ret_id, err) < 0)
        return -1;
    if (sw_str_is(*ret_id))
        return 0;
    if (sw_doc_next(cx->tx, SW_SCOPE_REGION, sw_strf(cx->arena, "codepipeline/%.*s", SW_FMT(d->name)), &number, err) < 0)
        return -1;
    CodepipelineExecutionRecord e = {
        .id = sw_id_uuid(cx->arena),
        .pipeline = d->name,
        .pipeline_arn = p->arn,
        .number = SW_SOME_INT(number),
        .order = sw_index_number(cx->arena, number),
        .declaration = p->declaration,
        .started = SW_SOME_TIME(sw_now(cx)),
        .trigger_type = s->trigger_type,
        .trigger_detail = s->trigger_detail,
        .token = s->token,
        .stage = SW_SOME_INT(0),
        .entered = SW_SOME_BOOL(false),
        .overrides = s->overrides,
        .attempt = SW_SOME_INT(1),
    };
    for (size_t i = 0; i < d->stages.n; i++)
        sw_list_add(cx->arena, &e.stages)->name = d->stages.v[i].name;
    if (set_variables(cx, d, s->variables, &e, err) < 0)
        return -1;
    if (codepipeline_execution_set_status(cx, &e, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_IN_PROGRESS, SW_NO_STR, err) < 0)
        return -1;
    *ret_id = e.id;
    return sw_wake(cx, &codepipeline_execution_controller, e.id, 0, err);
}

int codepipeline_start_pipeline_execution(SwCtx *cx, const CodepipelineStartPipelineExecutionInput *in,
                                          CodepipelineStartPipelineExecutionOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    if (codepipeline_pipeline_get(cx, in->name, &p, err) < 0)
        return -1;
    CodepipelineStart s = {.trigger_type = CODEPIPELINE_TRIGGER_TYPE_START_PIPELINE_EXECUTION,
                           .trigger_detail = cx->principal.arn,
                           .variables = &in->variables};
    const CodepipelineStageDeclaration *first = &p->declaration->stages.v[0];
    for (size_t i = 0; i < in->source_revisions.n; i++) {
        const CodepipelineSourceRevisionOverride *r = &in->source_revisions.v[i];
        bool known = false;
        if (!sw_str_eq(r->revision_type, CODEPIPELINE_SOURCE_REVISION_TYPE_COMMIT_ID))
            return sw_refuse_field(err, &CODEPIPELINE_VALIDATION_EXCEPTION, "sourceRevisions.revisionType",
                                   "only COMMIT_ID is available");
        for (size_t k = 0; k < first->actions.n; k++)
            known |= sw_str_eq(first->actions.v[k].name, r->action_name);
        if (!known)
            return sw_fail(err, &CODEPIPELINE_VALIDATION_EXCEPTION, "The pipeline has no source action '%.*s'",
                           SW_FMT(r->action_name));
        sw_str_map_set(cx->arena, &s.overrides, r->action_name, r->revision_value);
    }
    return codepipeline_execution_start(cx, p, &s, &out->pipeline_execution_id, err);
}

static CodepipelineExecutionTrigger *trigger_of(SwCtx *cx, const CodepipelineExecutionRecord *e) {
    CodepipelineExecutionTrigger *t = sw_new(cx->arena, CodepipelineExecutionTrigger);
    *t = (CodepipelineExecutionTrigger){.trigger_type = e->trigger_type, .trigger_detail = e->trigger_detail};
    return t;
}

int codepipeline_get_pipeline_execution(SwCtx *cx, const CodepipelineGetPipelineExecutionInput *in,
                                        CodepipelineGetPipelineExecutionOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    CodepipelineExecutionRecord *e;
    if (codepipeline_pipeline_get(cx, in->pipeline_name, &p, err) < 0 ||
        codepipeline_execution_get(cx, in->pipeline_name, in->pipeline_execution_id, &e, err) < 0)
        return -1;
    CodepipelinePipelineExecution *x = out->pipeline_execution = sw_new(cx->arena, CodepipelinePipelineExecution);
    *x = (CodepipelinePipelineExecution){.pipeline_name = e->pipeline,
                                         .pipeline_version = e->declaration->version,
                                         .pipeline_execution_id = e->id,
                                         .status = e->status,
                                         .status_summary = e->status_summary,
                                         .trigger = trigger_of(cx, e),
                                         .execution_mode = e->declaration->execution_mode,
                                         .execution_type = CODEPIPELINE_EXECUTION_TYPE_STANDARD};
    sw_list_present(cx->arena, &x->artifact_revisions);
    for (size_t i = 0; i < e->revisions.n; i++) {
        const CodepipelineRevision *r = &e->revisions.v[i];
        *sw_list_add(cx->arena, &x->artifact_revisions) = (CodepipelineArtifactRevision){.name = r->artifact,
                                                                                         .revision_id = r->id,
                                                                                         .revision_summary = r->summary,
                                                                                         .revision_url = r->url,
                                                                                         .created = r->created};
    }
    for (size_t i = 0; i < e->variables.n; i++)
        *sw_list_add(cx->arena, &x->variables) =
            (CodepipelineResolvedPipelineVariable){.name = e->variables.v[i].key, .resolved_value = e->variables.v[i].value};
    return 0;
}

static void summarize(SwCtx *cx, const CodepipelineExecutionRecord *e, CodepipelinePipelineExecutionSummary *to) {
    *to = (CodepipelinePipelineExecutionSummary){.pipeline_execution_id = e->id,
                                                 .status = e->status,
                                                 .status_summary = e->status_summary,
                                                 .start_time = e->started,
                                                 .last_update_time = e->updated,
                                                 .trigger = trigger_of(cx, e),
                                                 .execution_mode = e->declaration->execution_mode,
                                                 .execution_type = CODEPIPELINE_EXECUTION_TYPE_STANDARD};
    sw_list_present(cx->arena, &to->source_revisions);
    for (size_t i = 0; i < e->revisions.n; i++)
        *sw_list_add(cx->arena, &to->source_revisions) =
            (CodepipelineSourceRevision){.action_name = e->revisions.v[i].action,
                                         .revision_id = e->revisions.v[i].id,
                                         .revision_summary = e->revisions.v[i].summary,
                                         .revision_url = e->revisions.v[i].url};
    if (e->stop_reason.p) {
        to->stop_trigger = sw_new(cx->arena, CodepipelineStopExecutionTrigger);
        to->stop_trigger->reason = e->stop_reason;
    }
}

typedef struct Listing {
    const CodepipelinePipelineRecord *pipeline;
    SwStr succeeded_in; /* stage; absent: any execution */
} Listing;

/* filter.succeededInStage: in the pipeline's current version. */
static int passes(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const Listing *l = arg;
    const CodepipelineExecutionRecord *e = codepipeline_executions_row(row);
    *ret_wanted = !sw_str_is(l->succeeded_in);
    for (size_t i = 0; i < e->stages.n && !*ret_wanted; i++)
        *ret_wanted = sw_str_eq(e->stages.v[i].name, l->succeeded_in) &&
                      e->declaration->version.v == l->pipeline->declaration->version.v &&
                      sw_str_eq(e->stages.v[i].status, CODEPIPELINE_STAGE_EXECUTION_STATUS_SUCCEEDED);
    return 0;
}

static int show_summary(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    summarize(cx, codepipeline_executions_row(row), to);
    return 0;
}

int codepipeline_list_pipeline_executions(SwCtx *cx, const CodepipelineListPipelineExecutionsInput *in,
                                          CodepipelineListPipelineExecutionsOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    SwStr stage = in->filter && in->filter->succeeded_in_stage ? in->filter->succeeded_in_stage->stage_name : SW_NO_STR;
    if (codepipeline_pipeline_get(cx, in->pipeline_name, &p, err) < 0)
        return -1;
    const Listing l = {p, stage};
    return sw_page(cx,
                   &(SwPage){.of = &codepipeline_executions,
                             .q = {.index = "by_pipeline", .equals = {in->pipeline_name}, .descending = true},
                             .want = sw_str_is(stage) ? passes : NULL,
                             .show = show_summary,
                             .arg = &l,
                             .usual = 100},
                   out, err);
}

int codepipeline_stop_pipeline_execution(SwCtx *cx, const CodepipelineStopPipelineExecutionInput *in,
                                         CodepipelineStopPipelineExecutionOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    CodepipelineExecutionRecord *e;
    bool abandon = SW_OR(in->abandon, false);
    if (codepipeline_pipeline_get(cx, in->pipeline_name, &p, err) < 0 ||
        codepipeline_execution_get(cx, in->pipeline_name, in->pipeline_execution_id, &e, err) < 0)
        return -1;
    bool stopping = sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_STOPPING);
    if (stopping && (SW_OR(e->abandon, false) || !abandon))
        return sw_fail(err, &CODEPIPELINE_DUPLICATED_STOP_REQUEST_EXCEPTION, "The execution '%.*s' is already being stopped",
                       SW_FMT(e->id));
    if (!stopping && !sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_IN_PROGRESS))
        return sw_fail(err, &CODEPIPELINE_PIPELINE_EXECUTION_NOT_STOPPABLE_EXCEPTION,
                       "The execution '%.*s' has the status %.*s and cannot be stopped", SW_FMT(e->id), SW_FMT(e->status));
    e->abandon = SW_SOME_BOOL(abandon);
    e->stop_reason = in->reason.p ? in->reason : SW_STR("");
    out->pipeline_execution_id = e->id;
    if (codepipeline_execution_set_status(cx, e, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_STOPPING, in->reason, err) < 0)
        return -1;
    return sw_wake(cx, &codepipeline_execution_controller, e->id, 0, err);
}

/* The stage's actions that must run again are retired; the controller starts fresh ones. */
static int retire(SwCtx *cx, const CodepipelineExecutionRecord *e, SwStr stage, bool all, SwError *err) {
    CodepipelineActionRecords l;
    if (codepipeline_actions_of(cx, e->id, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        CodepipelineActionRecord *a = l.v[i].record;
        if (!sw_str_eq(a->stage, stage) || (!all && sw_str_eq(a->status, CODEPIPELINE_ACTION_EXECUTION_STATUS_SUCCEEDED)))
            continue;
        a->retired = SW_SOME_BOOL(true);
        if (codepipeline_action_put(cx, a, err) < 0)
            return -1;
    }
    return 0;
}

/* A stage holds one execution: while a newer one is in it, an older cannot come back. PARALLEL ones do not meet. */
static int check_free(SwCtx *cx, const CodepipelineExecutionRecord *e, size_t stage, SwError *err) {
    CodepipelineExecutionRecords active;
    if (sw_str_eq(e->declaration->execution_mode, CODEPIPELINE_EXECUTION_MODE_PARALLEL))
        return 0;
    if (codepipeline_active_executions(cx, e->pipeline, &active, err) < 0)
        return -1;
    for (size_t i = 0; i < active.n; i++) {
        const CodepipelineExecutionRecord *other = active.v[i].record;
        if (SW_OR(other->entered, false) && (size_t)SW_OR(other->stage, 0) == stage)
            return sw_fail(err, &CODEPIPELINE_NOT_LATEST_PIPELINE_EXECUTION_EXCEPTION,
                           "A newer execution is in the stage '%.*s'", SW_FMT(e->stages.v[stage].name));
    }
    return 0;
}

int codepipeline_retry_stage_execution(SwCtx *cx, const CodepipelineRetryStageExecutionInput *in,
                                       CodepipelineRetryStageExecutionOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    CodepipelineExecutionRecord *e;
    if (codepipeline_pipeline_get(cx, in->pipeline_name, &p, err) < 0 ||
        codepipeline_execution_get(cx, in->pipeline_name, in->pipeline_execution_id, &e, err) < 0)
        return -1;
    size_t at = (size_t)SW_OR(e->stage, 0);
    if (at >= e->stages.n || !sw_str_eq(e->stages.v[at].name, in->stage_name))
        return sw_fail(err, &CODEPIPELINE_STAGE_NOT_RETRYABLE_EXCEPTION,
                       "The execution '%.*s' did not fail in the stage '%.*s'", SW_FMT(e->id), SW_FMT(in->stage_name));
    bool stopped = sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_STOPPED);
    if (!stopped && !sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_FAILED))
        return sw_fail(err, &CODEPIPELINE_STAGE_NOT_RETRYABLE_EXCEPTION, "The execution '%.*s' has the status %.*s",
                       SW_FMT(e->id), SW_FMT(e->status));
    if (check_free(cx, e, at, err) < 0 ||
        retire(cx, e, in->stage_name, sw_str_eq(in->retry_mode, CODEPIPELINE_STAGE_RETRY_MODE_ALL_ACTIONS), err) < 0)
        return -1;
    e->entered = SW_SOME_BOOL(true);
    e->attempt = SW_SOME_INT(SW_OR(e->attempt, 1) + 1);
    if (codepipeline_stage_set_status(cx, e, at, CODEPIPELINE_STAGE_EXECUTION_STATUS_IN_PROGRESS, err) < 0 ||
        codepipeline_execution_set_status(cx, e, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_IN_PROGRESS, SW_NO_STR, err) < 0)
        return -1;
    out->pipeline_execution_id = e->id;
    return sw_wake(cx, &codepipeline_execution_controller, e->id, 0, err);
}
