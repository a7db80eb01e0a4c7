/* SPDX-License-Identifier: Apache-2.0 */
/* What moves an execution through its stages.
 *
 *            +--- transition disabled, or another execution is in the stage ---+
 *            v                                                                 |
 *   at stage N's door --enter--> in stage N --all succeeded--> at stage N+1's door ... --> Succeeded
 *            |                       |
 *            | newer one at          | an action failed, none runs any more
 *            | the same door         v
 *            v                     Failed --RetryStageExecution--> in stage N
 *        Superseded
 *   any --StopPipelineExecution--> Stopping --no action runs--> Stopped
 *
 * stage, entered   where it is: `entered` false is at the door. One execution a stage, but for mode PARALLEL.
 * in a stage       actions of the lowest runOrder that has not succeeded have records; higher ones have none yet.
 *
 * A step only reads and writes the store, in one transaction, as far as it gets: there is nothing to repeat after a
 * crash. Actions act outside in action_controller.c, and wake this one when they end. */

#include "services/codepipeline/codepipeline.h"

typedef struct Move {
    SwCtx *cx;
    CodepipelineExecutionRecord *e;
    CodepipelinePipelineRecord *p;
    SwError *err;
} Move;

typedef enum Went { WENT_WRONG = -1, WENT_NOWHERE, WENT_ON } Went;

static size_t stage_of(const CodepipelineExecutionRecord *e) {
    return (size_t)SW_OR(e->stage, 0);
}

static bool mode_is(const CodepipelineExecutionRecord *e, SwStr mode) {
    return sw_str_eq(e->declaration->execution_mode, mode);
}

static bool transition_open(const Move *m) {
    SwStr name = m->e->stages.v[stage_of(m->e)].name;
    for (size_t i = 0; i < m->p->transitions.n; i++)
        if (sw_str_eq(m->p->transitions.v[i].stage, name))
            return !SW_OR(m->p->transitions.v[i].disabled, false);
    return true;
}

/* Whether the stage is free for this one. Of several at its door the newest passes (SUPERSEDED: the older ones end) or
 * the oldest (QUEUED). */
static Went may_enter(Move *m, bool *ret_may) {
    CodepipelineExecutionRecords l;
    size_t at = stage_of(m->e);
    *ret_may = true;
    if (mode_is(m->e, CODEPIPELINE_EXECUTION_MODE_PARALLEL))
        return WENT_NOWHERE;
    if (codepipeline_active_executions(m->cx, m->e->pipeline, &l, m->err) < 0)
        return WENT_WRONG;
    for (size_t i = 0; i < l.n; i++) {
        CodepipelineExecutionRecord *other = l.v[i].record;
        if (sw_str_eq(other->id, m->e->id) || stage_of(other) != at)
            continue;
        bool older = other->number.v < m->e->number.v;
        if (SW_OR(other->entered, false)) {
            *ret_may = false;
        } else if (mode_is(m->e, CODEPIPELINE_EXECUTION_MODE_QUEUED)) {
            *ret_may &= !older;
        } else if (at > 0 && older) {
            SwStr why = sw_strf(m->cx->arena, "Superseded by execution %.*s", SW_FMT(m->e->id));
            if (codepipeline_execution_set_status(m->cx, other, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_SUPERSEDED, why,
                                                  m->err) < 0)
                return WENT_WRONG;
        } else if (at > 0) { /* a newer one stands here: it will end this one */
            *ret_may = false;
        } else {
            *ret_may &= !older; /* sources run in the order of their starts */
        }
    }
    return WENT_NOWHERE;
}

static Went enter(Move *m) {
    bool may;
    if (!transition_open(m))
        return WENT_NOWHERE;
    if (may_enter(m, &may) == WENT_WRONG)
        return WENT_WRONG;
    if (!may)
        return WENT_NOWHERE;
    m->e->entered = SW_SOME_BOOL(true);
    if (codepipeline_stage_set_status(m->cx, m->e, stage_of(m->e), CODEPIPELINE_STAGE_EXECUTION_STATUS_IN_PROGRESS, m->err) < 0)
        return WENT_WRONG;
    return WENT_ON;
}

typedef struct Tally {
    size_t missing, running, failed, succeeded;
} Tally;

static Tally tally(const CodepipelineStageDeclaration *s, const CodepipelineActionRecords *records, int order) {
    Tally t = {0};
    for (size_t i = 0; i < s->actions.n; i++) {
        if (codepipeline_run_order(&s->actions.v[i]) != order)
            continue;
        const CodepipelineActionRecord *a = codepipeline_action_find(records, s->name, s->actions.v[i].name);
        if (!a)
            t.missing++;
        else if (sw_str_eq(a->status, CODEPIPELINE_ACTION_EXECUTION_STATUS_SUCCEEDED))
            t.succeeded++;
        else if (sw_str_eq(a->status, CODEPIPELINE_ACTION_EXECUTION_STATUS_IN_PROGRESS))
            t.running++;
        else
            t.failed++;
    }
    return t;
}

/* The lowest order not below `from`; 0: none. */
static int next_order(const CodepipelineStageDeclaration *s, int from) {
    int best = 0;
    for (size_t i = 0; i < s->actions.n; i++) {
        int order = codepipeline_run_order(&s->actions.v[i]);
        if (order >= from && (!best || order < best))
            best = order;
    }
    return best;
}

static int start_missing(Move *m, const CodepipelineStageDeclaration *s, const CodepipelineActionRecords *records, int order) {
    for (size_t i = 0; i < s->actions.n; i++)
        if (codepipeline_run_order(&s->actions.v[i]) == order &&
            !codepipeline_action_find(records, s->name, s->actions.v[i].name) &&
            codepipeline_action_start(m->cx, m->e, s, &s->actions.v[i], m->err) < 0)
            return -1;
    return 0;
}

/* Failed actions end the stage and the execution, once the others of their order have ended. */
static Went fail(Move *m) {
    m->e->entered = SW_SOME_BOOL(false);
    if (codepipeline_stage_set_status(m->cx, m->e, stage_of(m->e), CODEPIPELINE_STAGE_EXECUTION_STATUS_FAILED, m->err) < 0 ||
        codepipeline_execution_set_status(m->cx, m->e, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_FAILED, SW_NO_STR, m->err) < 0 ||
        codepipeline_wake_waiting(m->cx, m->e->pipeline, m->err) < 0)
        return WENT_WRONG;
    return WENT_NOWHERE;
}

static Went leave(Move *m) {
    CodepipelineExecutionRecord *e = m->e;
    if (codepipeline_stage_set_status(m->cx, e, stage_of(e), CODEPIPELINE_STAGE_EXECUTION_STATUS_SUCCEEDED, m->err) < 0)
        return WENT_WRONG;
    e->entered = SW_SOME_BOOL(false);
    bool last = stage_of(e) + 1 == e->stages.n;
    if (last) {
        if (codepipeline_execution_set_status(m->cx, e, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_SUCCEEDED, SW_NO_STR, m->err) <
            0)
            return WENT_WRONG;
    } else {
        e->stage = SW_SOME_INT((int64_t)stage_of(e) + 1);
        if (codepipeline_execution_put(m->cx, e, m->err) < 0) /* the others must see that the stage is free */
            return WENT_WRONG;
    }
    if (codepipeline_wake_waiting(m->cx, e->pipeline, m->err) < 0)
        return WENT_WRONG;
    return last ? WENT_NOWHERE : WENT_ON;
}

static Went run_stage(Move *m) {
    const CodepipelineStageDeclaration *s = &m->e->declaration->stages.v[stage_of(m->e)];
    CodepipelineActionRecords records;
    if (codepipeline_actions_of(m->cx, m->e->id, &records, m->err) < 0)
        return WENT_WRONG;
    for (int order = next_order(s, 1); order; order = next_order(s, order + 1)) {
        Tally t = tally(s, &records, order);
        if (t.failed && !t.running)
            return fail(m);
        if (t.failed || t.running)
            return WENT_NOWHERE;
        if (t.missing)
            return start_missing(m, s, &records, order) < 0 ? WENT_WRONG : WENT_NOWHERE;
    }
    return leave(m);
}

/* Stop and wait: what runs may end. Abandon: what runs is told to stop, and not waited for. */
static Went stop(Move *m) {
    CodepipelineActionRecords records;
    size_t running = 0, at = stage_of(m->e);
    bool was_in = SW_OR(m->e->entered, false);
    if (codepipeline_actions_of(m->cx, m->e->id, &records, m->err) < 0)
        return WENT_WRONG;
    for (size_t i = 0; i < records.n; i++) {
        CodepipelineActionRecord *a = records.v[i].record;
        if (!sw_str_eq(a->status, CODEPIPELINE_ACTION_EXECUTION_STATUS_IN_PROGRESS))
            continue;
        if (!SW_OR(m->e->abandon, false)) {
            running++;
            continue;
        }
        if (codepipeline_action_set_status(m->cx, a, CODEPIPELINE_ACTION_EXECUTION_STATUS_ABANDONED, m->err) < 0 ||
            sw_wake(m->cx, &codepipeline_action_controller, a->id, 0, m->err) < 0)
            return WENT_WRONG;
    }
    if (running)
        return WENT_NOWHERE;
    m->e->entered = SW_SOME_BOOL(false);
    if ((was_in && codepipeline_stage_set_status(m->cx, m->e, at, CODEPIPELINE_STAGE_EXECUTION_STATUS_STOPPED, m->err) < 0) ||
        codepipeline_execution_set_status(m->cx, m->e, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_STOPPED, m->e->stop_reason,
                                          m->err) < 0 ||
        codepipeline_wake_waiting(m->cx, m->e->pipeline, m->err) < 0)
        return WENT_WRONG;
    return WENT_NOWHERE;
}

static int move(Move *m) {
    Went went = WENT_ON;
    while (went == WENT_ON) {
        if (sw_str_eq(m->e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_STOPPING))
            went = stop(m);
        else if (!sw_str_eq(m->e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_IN_PROGRESS))
            return 0;
        else
            went = SW_OR(m->e->entered, false) ? run_stage(m) : enter(m);
    }
    return went == WENT_WRONG ? -1 : codepipeline_execution_put(m->cx, m->e, m->err);
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    Move m = {.cx = cx, .err = err};
    if (codepipeline_executions_find(cx->tx, id, &m.e, err) < 0)
        return -1;
    if (!m.e) /* deleted with its pipeline */
        return 0;
    if (codepipeline_pipeline_get(cx, m.e->pipeline, &m.p, err) < 0 || move(&m) < 0)
        return -1;
    SW_CRASH_POINT("codepipeline.execution.moved_not_committed");
    return 0;
}

static int failed(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    CodepipelineExecutionRecord *e;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || codepipeline_executions_find(cx->tx, id, &e, err) < 0)
        return -1;
    if (!e || !sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_IN_PROGRESS))
        return 0;
    if (codepipeline_execution_set_status(cx, e, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_FAILED, sw_str(why), err) < 0)
        return -1;
    return sw_ctx_commit(cx, err);
}

const SwController codepipeline_execution_controller = {.name = "codepipeline/execution",
                                                        .kind = SW_STEP_STORE,
                                                        .step = step,
                                                        .failed = failed};
