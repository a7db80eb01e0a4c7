/* SPDX-License-Identifier: Apache-2.0 */
/* What starts pipelines and wakes their actions by itself: events on the bus. An event is told at least once; an
 * execution carries the event's id as its token, so that it starts once. */

#include "services/codepipeline/codepipeline.h"

/* The source action that an event of this repository and branch starts; NULL: none. */
static const CodepipelineActionDeclaration *watches(const CodepipelinePipelineDeclaration *d, SwStr repository, SwStr branch) {
    for (size_t i = 0; i < d->stages.v[0].actions.n; i++) {
        const CodepipelineActionDeclaration *a = &d->stages.v[0].actions.v[i];
        if (sw_str_eqz(a->action_type_id->provider, "CodeCommit") &&
            sw_str_eq(sw_str_map_find(&a->configuration, SW_STR("RepositoryName")), repository) &&
            sw_str_eq(sw_str_map_find(&a->configuration, SW_STR("BranchName")), branch) &&
            !sw_str_ieq(sw_str_map_find(&a->configuration, SW_STR("PollForSourceChanges")), SW_STR("false")))
            return a;
    }
    return NULL;
}

int codepipeline_on_codecommit(SwCtx *cx, const SwEvent *e, SwError *err) {
    SwValue detail;
    CodepipelinePipelineRecords l;
    if (sw_json_parse(cx->arena, e->detail, &detail, err) < 0)
        return -1;
    SwStr what = sw_value_str(sw_value_getz(&detail, "event")), type = sw_value_str(sw_value_getz(&detail, "referenceType"));
    if (!sw_str_eqz(type, "branch") || (!sw_str_eqz(what, "referenceCreated") && !sw_str_eqz(what, "referenceUpdated")))
        return 0;
    SwDocQuery q = {.index = "by_repository", .equals = {sw_value_str(sw_value_getz(&detail, "repositoryName"))}};
    if (!sw_str_is(q.equals[0]) || codepipeline_pipelines_list(cx->tx, &q, &l, err) < 0)
        return q.equals[0].n ? -1 : 0;
    for (size_t i = 0; i < l.n; i++) {
        const CodepipelinePipelineRecord *p = l.v[i].record;
        const CodepipelineActionDeclaration *a =
            watches(p->declaration, q.equals[0], sw_value_str(sw_value_getz(&detail, "referenceName")));
        SwStr id;
        if (!a || !codepipeline_starts_alone(p->declaration))
            continue;
        CodepipelineStart s = {.trigger_type = CODEPIPELINE_TRIGGER_TYPE_POLL_FOR_SOURCE_CHANGES,
                               .trigger_detail = a->name,
                               .token = e->id};
        sw_str_map_set(cx->arena, &s.overrides, a->name, sw_value_str(sw_value_getz(&detail, "commitId")));
        if (codepipeline_execution_start(cx, p, &s, &id, err) < 0)
            return -1;
    }
    return 0;
}

/* Build and Test share an event: the first will do, since it says where the external id is. */
static const SwActionType *waiting_for(const SwCtx *cx, const SwEvent *e) {
    for (const SwService *const *s = cx->host->config->services; *s; s++)
        for (size_t i = 0; i < (*s)->n_actions; i++) {
            const SwActionType *t = &(*s)->actions[i];
            if (t->event_source && sw_str_eqz(e->source, t->event_source) && sw_str_eqz(e->detail_type, t->event_type))
                return t;
        }
    return NULL;
}

int codepipeline_concerns(SwCtx *cx, const SwEvent *e, bool *ret_concerned, SwError *err) {
    *ret_concerned = waiting_for(cx, e) != NULL;
    return 0;
}

/* An action type waits for it: which action has its external id? */
int codepipeline_on_action_event(SwCtx *cx, const SwEvent *e, SwError *err) {
    const SwActionType *t = waiting_for(cx, e);
    SwValue detail;
    CodepipelineActionRecords l;
    if (!t)
        return 0;
    if (sw_json_parse(cx->arena, e->detail, &detail, err) < 0)
        return -1;
    SwDocQuery q = {.index = "by_external", .equals = {sw_value_str(sw_value_path(&detail, t->event_path))}};
    if (!sw_str_is(q.equals[0]))
        return 0;
    if (codepipeline_actions_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t k = 0; k < l.n; k++)
        if (sw_wake(cx, &codepipeline_action_controller, l.v[k].id, 0, err) < 0)
            return -1;
    return 0;
}

/* EventBridge's target: the rule starts the pipeline. */
int codepipeline_deliver(SwCtx *cx, SwStr text, SwStr payload, const SwValue *parameters, SwError *err) {
    CodepipelinePipelineRecord *p;
    SwStr id;
    SwValue event;
    if (codepipeline_pipeline_by_reference(cx, text, &p, err) < 0)
        return -1;
    CodepipelineStart s = {.trigger_type = CODEPIPELINE_TRIGGER_TYPE_CLOUD_WATCH_EVENT};
    if (sw_json_parse(cx->arena, payload, &event, err) == 0)
        s.token = sw_value_str(sw_value_getz(&event, "id"));
    else
        sw_error_reset(err); /* an input transformer may send anything */
    return codepipeline_execution_start(cx, p, &s, &id, err);
}
