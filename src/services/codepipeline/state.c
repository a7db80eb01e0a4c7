/* SPDX-License-Identifier: Apache-2.0 */
/* GetPipelineState: the newest of everything, stage by stage. */

#include "services/codepipeline/codepipeline.h"

static CodepipelineStageExecution *stage_execution(SwCtx *cx, const CodepipelineExecutionRecord *e, SwStr status) {
    CodepipelineStageExecution *s = sw_new(cx->arena, CodepipelineStageExecution);
    *s = (CodepipelineStageExecution){.pipeline_execution_id = e->id,
                                      .status = status,
                                      .type = CODEPIPELINE_EXECUTION_TYPE_STANDARD};
    return s;
}

static void show_stage_executions(SwCtx *cx, const SwDocList *newest_first, size_t stage, CodepipelineStageState *to) {
    for (size_t i = 0; i < newest_first->n; i++) {
        const CodepipelineExecutionRecord *e = newest_first->v[i].record;
        if (stage >= e->stages.n || !sw_str_eq(e->stages.v[stage].name, to->stage_name))
            continue; /* an older version's stages */
        bool at_door = (size_t)SW_OR(e->stage, 0) == stage && !SW_OR(e->entered, false) &&
                       sw_str_eq(e->status, CODEPIPELINE_PIPELINE_EXECUTION_STATUS_IN_PROGRESS);
        if (at_door) {
            CodepipelineStageExecution *in = stage_execution(cx, e, CODEPIPELINE_STAGE_EXECUTION_STATUS_IN_PROGRESS);
            if (!to->inbound_execution)
                to->inbound_execution = in;
            *sw_list_add(cx->arena, &to->inbound_executions) = *in;
        } else if (!to->latest_execution && e->stages.v[stage].status.p) {
            to->latest_execution = stage_execution(cx, e, e->stages.v[stage].status);
        }
    }
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

static void show_revision(SwCtx *cx, const SwDocList *executions, const CodepipelineActionRecord *a,
                          CodepipelineActionState *to) {
    for (size_t i = 0; i < executions->n; i++) {
        const CodepipelineExecutionRecord *e = executions->v[i].record;
        for (size_t k = 0; k < e->revisions.n && sw_str_eq(e->id, a->execution); k++)
            if (sw_str_eq(e->revisions.v[k].action, a->action)) {
                to->current_revision = sw_new(cx->arena, CodepipelineActionRevision);
                *to->current_revision = (CodepipelineActionRevision){.revision_id = e->revisions.v[k].id,
                                                                     .revision_change_id = e->id,
                                                                     .created = e->revisions.v[k].created};
            }
    }
}

int codepipeline_get_pipeline_state(SwCtx *cx, const CodepipelineGetPipelineStateInput *in,
                                    CodepipelineGetPipelineStateOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    SwDocList executions, actions;
    SwDocQuery q = {.index = "by_pipeline", .equals = {in->name}, .descending = true, .limit = 1000};
    if (codepipeline_pipeline_get(cx, in->name, &p, err) < 0 ||
        sw_doc_list(cx->tx, &codepipeline_executions, &q, &executions, err) < 0 ||
        sw_doc_list(cx->tx, &codepipeline_actions, &q, &actions, err) < 0)
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
        show_stage_executions(cx, &executions, i, s);
        for (size_t k = 0; k < d->stages.v[i].actions.n; k++) {
            CodepipelineActionState *to = sw_list_add(cx->arena, &s->action_states);
            to->action_name = d->stages.v[i].actions.v[k].name;
            const CodepipelineActionRecord *a = codepipeline_action_find(&actions, s->stage_name, to->action_name);
            if (!a)
                continue;
            show_action(cx, a, to);
            show_revision(cx, &executions, a, to);
        }
    }
    return 0;
}
