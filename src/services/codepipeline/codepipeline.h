/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CodePipeline: what its files share. See README.md for the documents and the two state machines. */

#include "api/registry.h"
#include "models/codepipeline_resources.gen.h"

extern const SwController codepipeline_execution_controller, codepipeline_action_controller;
extern const SwActionType codepipeline_approval; /* approval.c */

/* structure.c: everything that AWS checks about a declaration. */
int codepipeline_structure_check(SwCtx *cx, const CodepipelinePipelineDeclaration *d, SwError *err) sw_must_check;
int codepipeline_run_order(const CodepipelineActionDeclaration *a);
bool codepipeline_is_source(const CodepipelineActionDeclaration *a);

/* execution.c */
typedef struct CodepipelineStart {
    SwStr trigger_type, trigger_detail;
    SwStr token;        /* an equal one names the same execution; absent: none */
    SwStrMap overrides; /* source action -> revision */
    const CodepipelinePipelineVariableList *variables;
} CodepipelineStart;
int codepipeline_execution_start(SwCtx *cx, const CodepipelinePipelineRecord *p, const CodepipelineStart *s, SwStr *ret_id,
                                 SwError *err) sw_must_check;
/* Whether all variables have a default: else only a person who gives the others can start it. */
bool codepipeline_starts_alone(const CodepipelinePipelineDeclaration *d);
int codepipeline_execution_get(SwCtx *cx, SwStr pipeline, SwStr id, CodepipelineExecutionRecord **ret_e,
                               SwError *err) sw_must_check;
int codepipeline_execution_put(SwCtx *cx, CodepipelineExecutionRecord *e, SwError *err) sw_must_check;
/* The only writers of statuses: record and event in one transaction. */
int codepipeline_execution_set_status(SwCtx *cx, CodepipelineExecutionRecord *e, SwStr status, SwStr summary,
                                      SwError *err) sw_must_check;
int codepipeline_stage_set_status(SwCtx *cx, CodepipelineExecutionRecord *e, size_t stage, SwStr status,
                                  SwError *err) sw_must_check;
/* Wake what may go on now that a stage of the pipeline is free or open. */
int codepipeline_wake_waiting(SwCtx *cx, SwStr pipeline, SwError *err) sw_must_check;
int codepipeline_active_executions(SwCtx *cx, SwStr pipeline, CodepipelineExecutionRecords *ret_l, SwError *err) sw_must_check;

/* action.c */
int codepipeline_action_put(SwCtx *cx, CodepipelineActionRecord *a, SwError *err) sw_must_check;
int codepipeline_action_set_status(SwCtx *cx, CodepipelineActionRecord *a, SwStr status, SwError *err) sw_must_check;
/* Of one execution, not those that a retry replaced; oldest first. */
int codepipeline_actions_of(SwCtx *cx, SwStr execution, CodepipelineActionRecords *ret_l, SwError *err) sw_must_check;
CodepipelineActionRecord *codepipeline_action_find(const CodepipelineActionRecords *l, SwStr stage, SwStr action);
int codepipeline_action_start(SwCtx *cx, const CodepipelineExecutionRecord *e, const CodepipelineStageDeclaration *s,
                              const CodepipelineActionDeclaration *d, SwError *err) sw_must_check;

/* variables.c: "#{Namespace.name}" in text; unknown ones fail. Bounded output. */
int codepipeline_variables_resolve(SwArena *a, const CodepipelineExecutionRecord *e, SwStr text, SwStr *ret,
                                   SwError *err) sw_must_check;

/* events.c */
int codepipeline_event_execution(SwCtx *cx, const CodepipelineExecutionRecord *e, const char *state,
                                 SwError *err) sw_must_check;
int codepipeline_event_stage(SwCtx *cx, const CodepipelineExecutionRecord *e, const CodepipelineStageRun *stage,
                             const char *state, SwError *err) sw_must_check;
int codepipeline_event_action(SwCtx *cx, const CodepipelineActionRecord *a, const char *state, SwError *err) sw_must_check;

/* trigger.c */
int codepipeline_on_codecommit(SwCtx *cx, const SwEvent *e, SwError *err);
int codepipeline_concerns(SwCtx *cx, const SwEvent *e, bool *ret_concerned, SwError *err);
int codepipeline_on_action_event(SwCtx *cx, const SwEvent *e, SwError *err);
int codepipeline_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err);
