/* SPDX-License-Identifier: Apache-2.0 */
/* What moves one action. The action's own service acts (SwActionType.step), here is what surrounds it:
 *
 *  1. read the record and the execution; resolve variables            nothing outside yet
 *  2. call the type's step under the action's role, no transaction    repeatable: it gets the same token each time
 *  3. write what it said, in one transaction: state, or the end with
 *     its artifacts, revision and variables; wake the execution       a crash before this repeats 2
 *
 * `generation` changes when somebody else wrote in between (an approval, abandonment): then what the step said is
 * dropped, and it runs again on what is there now.
 *
 * A step that fails with one of the caller's errors (4xx) has failed the action; ours (5xx) is tried again. */

#include "services/codepipeline/codepipeline.h"

static const SwErrorKind permission_error = {.code = "PermissionError", .http = 400};

typedef struct Turn {
    SwCtx *cx;
    CodepipelineActionRecord *a;
    CodepipelineExecutionRecord *e;
    const SwActionType *type;
    SwAction action;
    SwActionOutcome outcome;
    SwTime again;
    SwStr code, message; /* of a failure */
} Turn;

static bool is_running(const CodepipelineActionRecord *a) {
    return a && sw_str_eq(a->status, CODEPIPELINE_ACTION_EXECUTION_STATUS_IN_PROGRESS);
}

/* Leaves t->a NULL when there is nothing to do. */
static int read_turn(Turn *t, SwStr id, SwError *err) {
    if (sw_ctx_begin(t->cx, SW_READ, err) < 0 || codepipeline_actions_find(t->cx->tx, id, &t->a, err) < 0)
        return -1;
    t->e = NULL;
    if (t->a && codepipeline_executions_find(t->cx->tx, t->a->execution, &t->e, err) < 0)
        return -1;
    if (!t->e)
        t->a = NULL;
    sw_ctx_rollback(t->cx);
    return 0;
}

static SwArtifact *artifacts(SwArena *a, const CodepipelineArtifactRefList *l) {
    SwArtifact *v = sw_new_n(a, SwArtifact, l->n + 1);
    for (size_t i = 0; i < l->n; i++)
        v[i] = (SwArtifact){.name = l->v[i].name, .bucket = l->v[i].bucket, .key = l->v[i].key, .revision = l->v[i].revision};
    return v;
}

static int prepare(Turn *t, SwError *err) {
    SwArena *arena = t->cx->arena;
    CodepipelineActionRecord *a = t->a;
    const CodepipelineActionDeclaration *d = a->declaration;
    t->action = (SwAction){
        .pipeline = a->pipeline,
        .pipeline_arn = t->e->pipeline_arn,
        .execution_id = a->execution,
        .stage = a->stage,
        .name = a->action,
        .action_execution_id = a->id,
        .region = t->cx->region,
        .role_arn = sw_str_or(d->role_arn, t->e->declaration->role_arn),
        .input = artifacts(arena, &a->inputs),
        .n_input = a->inputs.n,
        .output = artifacts(arena, &a->outputs),
        .n_output = a->outputs.n,
        .token = a->token,
        .state = a->state,
        .external_id = a->external_id,
        .external_url = a->external_url,
        .summary = a->summary,
        .revision = sw_str_map_find(&t->e->overrides, a->action),
    };
    for (size_t i = 0; i < d->configuration.n; i++) {
        SwStr value;
        if (codepipeline_variables_resolve(arena, t->e, d->configuration.v[i].value, &value, err) < 0)
            return -1;
        sw_str_map_set(arena, &t->action.configuration, d->configuration.v[i].key, value);
    }
    const CodepipelineActionTypeId *id = d->action_type_id;
    t->type = sw_registry_action(t->cx->host, id->category, id->owner, id->provider, id->version);
    return t->type ? 0 : sw_fail(err, &CODEPIPELINE_ACTION_TYPE_NOT_FOUND_EXCEPTION, "The action type is no longer available");
}

static int act(Turn *t, SwError *err) {
    SwCtx *as = t->cx;
    if (prepare(t, err) < 0)
        return -1;
    if (sw_ctx_assume(t->cx, t->action.role_arn, &as, err) < 0)
        return err->kind->http >= 500
                   ? -1
                   : sw_fail(err, &permission_error, "CodePipeline is not authorized to perform AssumeRole on role %.*s",
                             SW_FMT(t->action.role_arn));
    int r = t->type->step(as, &t->action, &t->outcome, &t->again, err);
    sw_ctx_rollback(as);
    return r;
}

/* Errors of the caller are the action's failure. */
static int take_failure(Turn *t, int r, SwError *err) {
    bool failed = r == 0 && t->outcome == SW_ACTION_FAILED;
    if (r == 0 && !failed)
        return 0;
    if (!failed && (!err->kind || err->kind->http >= 500))
        return -1;
    t->outcome = SW_ACTION_FAILED;
    t->code = err->kind ? sw_str(err->kind->code) : SW_STR("JobFailed");
    if (sw_str_starts(t->code, SW_STR("AccessDenied")))
        t->code = sw_str(permission_error.code);
    t->message = err->message ? sw_str(err->message) : SW_STR("The action failed");
    sw_error_reset(err);
    return 0;
}

static void keep_artifacts(SwCtx *cx, CodepipelineExecutionRecord *e, const CodepipelineActionRecord *a, const SwAction *x) {
    for (size_t i = 0; i < a->outputs.n; i++) {
        CodepipelineArtifactRef *to = NULL;
        for (size_t k = 0; k < e->artifacts.n; k++)
            if (sw_str_eq(e->artifacts.v[k].name, a->outputs.v[i].name))
                to = &e->artifacts.v[k];
        if (!to)
            to = sw_list_add(cx->arena, &e->artifacts);
        *to = a->outputs.v[i];
        to->revision = sw_str_or(x->output[i].revision, x->revision);
    }
    for (size_t i = 0; i < x->variables.n && sw_str_is(a->declaration->namespace); i++)
        sw_str_map_set(cx->arena, &e->outputs,
                       sw_strf(cx->arena, "%.*s.%.*s", SW_FMT(a->declaration->namespace), SW_FMT(x->variables.v[i].key)),
                       x->variables.v[i].value);
}

static void keep_revision(SwCtx *cx, CodepipelineExecutionRecord *e, const CodepipelineActionRecord *a, const SwAction *x) {
    if (!codepipeline_is_source(a->declaration))
        return;
    CodepipelineRevision *to = NULL;
    for (size_t i = 0; i < e->revisions.n; i++)
        if (sw_str_eq(e->revisions.v[i].action, a->action))
            to = &e->revisions.v[i];
    if (!to)
        to = sw_list_add(cx->arena, &e->revisions);
    *to = (CodepipelineRevision){.action = a->action,
                                 .artifact = a->outputs.n ? a->outputs.v[0].name : SW_NO_STR,
                                 .id = x->revision,
                                 .summary = x->revision_summary,
                                 .url = x->external_url,
                                 .created = SW_SOME_TIME(sw_now(cx))};
}

static int end(Turn *t, CodepipelineActionRecord *a, SwError *err) {
    CodepipelineExecutionRecord *e;
    bool good = t->outcome == SW_ACTION_SUCCEEDED;
    if (codepipeline_execution_get(t->cx, a->pipeline, a->execution, &e, err) < 0)
        return -1;
    if (good) {
        keep_artifacts(t->cx, e, a, &t->action);
        keep_revision(t->cx, e, a, &t->action);
        if (codepipeline_execution_put(t->cx, e, err) < 0)
            return -1;
    } else {
        a->error_code = t->code;
        a->error_message = t->message;
    }
    SwStr status = good ? CODEPIPELINE_ACTION_EXECUTION_STATUS_SUCCEEDED : CODEPIPELINE_ACTION_EXECUTION_STATUS_FAILED;
    if (codepipeline_action_set_status(t->cx, a, status, err) < 0)
        return -1;
    return sw_wake(t->cx, &codepipeline_execution_controller, e->id, 0, err);
}

static void copy_said(const Turn *t, CodepipelineActionRecord *a) {
    const SwAction *x = &t->action;
    a->state = x->state;
    a->external_id = x->external_id;
    a->external_url = x->external_url;
    a->summary = x->summary;
    a->configuration = x->configuration;
    a->variables = x->variables;
}

static int write_turn(Turn *t, SwStep *ret_step, SwError *err) {
    CodepipelineActionRecord *a;
    SwCtx *cx = t->cx;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || codepipeline_actions_find(cx->tx, t->a->id, &a, err) < 0)
        return -1;
    if (!is_running(a) || SW_OR(a->generation, 0) != SW_OR(t->a->generation, 0)) {
        sw_ctx_rollback(cx);
        ret_step->again = a ? sw_now(cx) : 0; /* somebody wrote meanwhile: look again */
        return 0;
    }
    copy_said(t, a);
    if (t->outcome != SW_ACTION_RUNNING) {
        if (end(t, a, err) < 0)
            return -1;
    } else {
        if (codepipeline_action_put(cx, a, err) < 0)
            return -1;
        SwTime limit = SW_OR(a->deadline, INT64_MAX), fallback = sw_now(cx) + SW_MINUTE;
        ret_step->again = SW_MIN(t->again ? t->again : fallback, limit);
        ret_step->waiting = !t->again || t->again > sw_now(cx);
    }
    SW_CRASH_POINT("codepipeline.action.ended_not_committed");
    return sw_ctx_commit(cx, err);
}

/* Abandoned: its service is told to stop; what it answers changes nothing any more. */
static int stop(Turn *t, SwError *err) {
    SwCtx *as;
    if (prepare(t, err) < 0 || !t->type->stop || sw_ctx_assume(t->cx, t->action.role_arn, &as, err) < 0)
        return 0;
    if (t->type->stop(as, &t->action, err) < 0 && err->kind && err->kind->http >= 500)
        return -1;
    sw_ctx_rollback(as);
    return 0;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    Turn t = {.cx = cx};
    if (read_turn(&t, id, err) < 0)
        return -1;
    if (!t.a)
        return 0;
    if (!is_running(t.a))
        return sw_str_eq(t.a->status, CODEPIPELINE_ACTION_EXECUTION_STATUS_ABANDONED) ? stop(&t, err) : 0;
    if (t.a->deadline.set && sw_now(cx) >= t.a->deadline.v) {
        if (stop(&t, err) < 0)
            return -1;
        t.outcome = SW_ACTION_FAILED;
        t.code = SW_STR("ActionTimedOut");
        t.message = SW_STR("The action did not end within its timeout");
    } else if (take_failure(&t, act(&t, err), err) < 0) {
        return -1;
    }
    SW_CRASH_POINT("codepipeline.action.acted_not_written");
    return write_turn(&t, ret_step, err);
}

static int failed(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    Turn t = {.cx = cx, .outcome = SW_ACTION_FAILED, .code = SW_STR("InternalError"), .message = sw_str(why)};
    SwStep ignored = {0};
    if (read_turn(&t, id, err) < 0)
        return -1;
    return is_running(t.a) ? write_turn(&t, &ignored, err) : 0;
}

const SwController codepipeline_action_controller = {.name = "codepipeline/action",
                                                     .kind = SW_STEP_SLOW,
                                                     .step = step,
                                                     .failed = failed};
