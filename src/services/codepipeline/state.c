/* SPDX-License-Identifier: Apache-2.0 */
/* GetPipelineState: the newest of everything, stage by stage. */

#include "services/codepipeline/codepipeline.h"

#include <stdlib.h>

#define PAGE 20

static CodepipelineStageExecution *stage_execution(SwCtx *cx, const CodepipelineExecutionRecord *e, SwStr status) {
    CodepipelineStageExecution *s = sw_new(cx->arena, CodepipelineStageExecution);
    *s = (CodepipelineStageExecution){.pipeline_execution_id = e->id,
                                      .status = status,
                                      .type = CODEPIPELINE_EXECUTION_TYPE_STANDARD};
    return s;
}

/* False: of an older version's stages. */
static bool has_stage(const CodepipelineExecutionRecord *e, size_t stage, SwStr name) {
    return stage < e->stages.n && sw_str_eq(e->stages.v[stage].name, name);
}

static bool at_door(const CodepipelineExecutionRecord *e, size_t stage) {
    return (size_t)SW_OR(e->stage, 0) == stage && !SW_OR(e->entered, false) &&
           sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_IN_PROGRESS);
}

static int newer(const void *a, const void *b) {
    const CodepipelineExecutionRecordRow *x = a, *y = b;
    return sw_str_cmp(y->record->order, x->record->order);
}

/* Newest first. Those that wait are among the few that are under way. */
static int show_waiting(SwCtx *cx, SwStr pipeline, CodepipelineStageStateList *stages, SwError *err) {
    CodepipelineExecutionRecords l;
    if (codepipeline_active_executions(cx, pipeline, &l, err) < 0)
        return -1;
    if (l.n)
        qsort(l.v, l.n, sizeof(*l.v), newer);
    for (size_t i = 0; i < l.n; i++)
        for (size_t k = 0; k < stages->n; k++) {
            const CodepipelineExecutionRecord *e = l.v[i].record;
            CodepipelineStageState *to = &stages->v[k];
            if (!has_stage(e, k, to->stage_name) || !at_door(e, k))
                continue;
            CodepipelineStageExecution *in = stage_execution(cx, e, CODEPIPELINE_STAGE_EXECUTION_STATUS_IN_PROGRESS);
            if (!to->inbound_execution)
                to->inbound_execution = in;
            *sw_list_add(cx->arena, &to->inbound_executions) = *in;
        }
    return 0;
}

/* Back through the executions until each stage has its latest; a stage that none ever reached is looked for in a thousand. */
static int show_latest(SwCtx *cx, SwStr pipeline, CodepipelineStageStateList *stages, SwError *err) {
    SwDocQuery q = {.index = "by_pipeline", .equals = {pipeline}, .descending = true, .limit = PAGE};
    size_t left = stages->n, looked_at = 0;
    CodepipelineExecutionRecords l;
    do {
        if (codepipeline_executions_list(cx->tx, &q, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n * stages->n; i++) {
            const CodepipelineExecutionRecord *e = l.v[i / stages->n].record;
            size_t k = i % stages->n;
            CodepipelineStageState *to = &stages->v[k];
            if (to->latest_execution || !has_stage(e, k, to->stage_name) || at_door(e, k) || !e->stages.v[k].status.p)
                continue;
            to->latest_execution = stage_execution(cx, e, e->stages.v[k].status);
            left--;
        }
        looked_at += l.n;
        q.after = l.next;
    } while (left && looked_at < 1000 && sw_str_is(l.next));
    return 0;
}

/* The newest record of an action; NULL: it never ran. Another stage may have one of the same name. */
static int latest_action(SwCtx *cx, SwStr pipeline, SwStr stage, SwStr action, const CodepipelineActionRecord **ret,
                         SwError *err) {
    SwDocQuery q = {.index = "by_name", .equals = {pipeline, action}, .descending = true, .limit = 1};
    size_t looked_at = 0;
    CodepipelineActionRecords l;
    *ret = NULL;
    do {
        if (codepipeline_actions_list(cx->tx, &q, &l, err) < 0)
            return -1;
        *ret = codepipeline_action_find(&l, stage, action);
        looked_at += l.n;
        q.after = l.next;
        q.limit = PAGE;
    } while (!*ret && looked_at < 1000 && sw_str_is(l.next));
    return 0;
}

static CodepipelineTransitionState *transition(SwCtx *cx, const CodepipelinePipelineRecord *p, SwStr stage) {
    CodepipelineTransitionState *t = sw_new(cx->arena, CodepipelineTransitionState);
    t->enabled = SW_SOME_BOOL(true);
    for (size_t i = 0; i < p->transitions.n; i++)
        if (sw_str_eq(p->transitions.v[i].stage, stage)) {
            t->enabled = SW_SOME_BOOL(!SW_OR(p->transitions.v[i].disabled, false));
            t->disabled_reason = p->transitions.v[i].reason;
            t->last_changed_by = p->transitions.v[i].changed_by;
            t->last_changed_at = p->transitions.v[i].changed_at;
        }
    return t;
}

static void show_action(SwCtx *cx, const CodepipelineActionRecord *a, CodepipelineActionState *to) {
    CodepipelineActionExecution *x = to->latest_execution = sw_new(cx->arena, CodepipelineActionExecution);
    *x = (CodepipelineActionExecution){.action_execution_id = a->id,
                                       .status = a->status,
                                       .summary = a->summary.n ? a->summary : SW_NO_STR,
                                       .last_status_change = a->updated,
                                       .last_updated_by = a->updated_by,
                                       .external_execution_id = a->external_id,
                                       .external_execution_url = a->external_url};
    bool asks = sw_str_eqz(a->declaration->action_type_id->category, "Approval") &&
                sw_str_eq(a->status, CODEPIPELINE_ACTION_EXECUTION_STATUS_IN_PROGRESS);
    if (asks && sw_str_starts(a->state, SW_STR("asked ")))
        x->token = a->token;
    if (a->error_code.p) {
        x->error_details = sw_new(cx->arena, CodepipelineErrorDetails);
        *x->error_details = (CodepipelineErrorDetails){.code = a->error_code, .message = a->error_message};
    }
    to->entity_url = a->external_url;
}

static int show_revision(SwCtx *cx, const CodepipelineActionRecord *a, CodepipelineActionState *to, SwError *err) {
    CodepipelineExecutionRecord *e;
    if (codepipeline_executions_find(cx->tx, a->execution, &e, err) < 0)
        return -1;
    for (size_t k = 0; e && k < e->revisions.n; k++)
        if (sw_str_eq(e->revisions.v[k].action, a->action)) {
            to->current_revision = sw_new(cx->arena, CodepipelineActionRevision);
            *to->current_revision = (CodepipelineActionRevision){.revision_id = e->revisions.v[k].id,
                                                                 .revision_change_id = e->id,
                                                                 .created = e->revisions.v[k].created};
        }
    return 0;
}

static int show_actions(SwCtx *cx, SwStr pipeline, const CodepipelineStageDeclaration *d, CodepipelineStageState *s,
                        SwError *err) {
    for (size_t k = 0; k < d->actions.n; k++) {
        CodepipelineActionState *to = sw_list_add(cx->arena, &s->action_states);
        const CodepipelineActionRecord *a;
        to->action_name = d->actions.v[k].name;
        if (latest_action(cx, pipeline, s->stage_name, to->action_name, &a, err) < 0)
            return -1;
        if (!a)
            continue;
        show_action(cx, a, to);
        if (show_revision(cx, a, to, err) < 0)
            return -1;
    }
    return 0;
}

int codepipeline_get_pipeline_state(SwCtx *cx, const CodepipelineGetPipelineStateInput *in,
                                    CodepipelineGetPipelineStateOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    if (codepipeline_pipeline_get(cx, in->name, &p, err) < 0)
        return -1;
    const CodepipelinePipelineDeclaration *d = p->declaration;
    out->pipeline_name = d->name;
    out->pipeline_version = d->version;
    out->created = p->created;
    out->updated = p->updated;
    for (size_t i = 0; i < d->stages.n; i++) {
        CodepipelineStageState *s = sw_list_add(cx->arena, &out->stage_states);
        s->stage_name = d->stages.v[i].name;
        if (i > 0)
            s->inbound_transition_state = transition(cx, p, s->stage_name);
        if (show_actions(cx, in->name, &d->stages.v[i], s, err) < 0)
            return -1;
    }
    return show_waiting(cx, in->name, &out->stage_states, err) < 0 ? -1 : show_latest(cx, in->name, &out->stage_states, err);
}
