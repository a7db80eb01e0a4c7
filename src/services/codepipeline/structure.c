/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline's declaration must be (CodePipeline User Guide, "Pipeline structure requirements"). What Slipway
 * cannot do, models/members/codepipeline.json refuses before. */

#include "services/codepipeline/codepipeline.h"

int codepipeline_run_order(const CodepipelineActionDeclaration *a) {
    return (int)SW_OR(a->run_order, 1);
}

bool codepipeline_is_source(const CodepipelineActionDeclaration *a) {
    return sw_str_eq(a->action_type_id->category, CODEPIPELINE_ACTION_CATEGORY_SOURCE);
}

static int check_store(const CodepipelinePipelineDeclaration *d, SwError *err) {
    if (!d->artifact_store == !d->artifact_stores.v)
        return sw_fail(err, &CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION,
                       "Pipeline must have exactly one of artifactStore and artifactStores");
    return 0;
}

static int check_type(const CodepipelinePipelineDeclaration *d, SwError *err) {
    bool v2 = sw_str_eq(d->pipeline_type, CODEPIPELINE_PIPELINE_TYPE_V2);
    if (d->variables.n && !v2)
        return sw_fail(err, &CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION, "Pipeline variables need pipelineType V2");
    if (!v2 && sw_str_is(d->execution_mode) && !sw_str_eq(d->execution_mode, CODEPIPELINE_EXECUTION_MODE_SUPERSEDED))
        return sw_fail(err, &CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION, "Execution mode %.*s needs pipelineType V2",
                       SW_FMT(d->execution_mode));
    return 0;
}

static int check_configuration(const CodepipelineActionDeclaration *a, const SwActionType *t, SwError *err) {
    for (const char *const *key = t->required; key && *key; key++)
        if (!sw_str_is(sw_str_map_find(&a->configuration, sw_str(*key))))
            return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                           "Action configuration for action '%.*s' is missing required configuration '%s'", SW_FMT(a->name),
                           *key);
    for (size_t i = 0; i < a->configuration.n; i++) {
        bool known = false;
        for (const char *const *key = t->required; key && *key && !known; key++)
            known = sw_str_eqz(a->configuration.v[i].key, *key);
        for (const char *const *key = t->optional; key && *key && !known; key++)
            known = sw_str_eqz(a->configuration.v[i].key, *key);
        if (!known)
            return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                           "Action configuration for action '%.*s' contains unknown configuration '%.*s'", SW_FMT(a->name),
                           SW_FMT(a->configuration.v[i].key));
    }
    return 0;
}

static int check_count(SwError *err, SwStr name, const char *what, size_t n, int min, int max) {
    if ((int)n < min)
        return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                       "Action '%.*s' has %zu %s artifacts which is fewer than the minimum %d", SW_FMT(name), n, what, min);
    if ((int)n > max)
        return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                       "Action '%.*s' has %zu %s artifacts which is more than the maximum %d", SW_FMT(name), n, what, max);
    return 0;
}

/* The action as its type sees it before it ever runs. */
static int check_values(SwCtx *cx, const CodepipelineActionDeclaration *d, const SwActionType *t, SwError *err) {
    SwAction a = {.name = d->name,
                  .configuration = d->configuration,
                  .n_input = d->input_artifacts.n,
                  .n_output = d->output_artifacts.n};
    if (!t->check)
        return 0;
    a.input = sw_new_n(cx->arena, SwArtifact, a.n_input + 1);
    a.output = sw_new_n(cx->arena, SwArtifact, a.n_output + 1);
    for (size_t i = 0; i < a.n_input; i++)
        a.input[i].name = d->input_artifacts.v[i].name;
    for (size_t i = 0; i < a.n_output; i++)
        a.output[i].name = d->output_artifacts.v[i].name;
    if (t->check(&a, err) == 0)
        return 0;
    return sw_fail_as(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                      "Action configuration for action '%.*s' is not valid: %s", SW_FMT(d->name), err->message);
}

static int check_action(SwCtx *cx, const CodepipelineActionDeclaration *a, SwError *err) {
    const CodepipelineActionTypeId *id = a->action_type_id;
    const SwActionType *t = sw_registry_action(cx->host, id->category, id->owner, id->provider, id->version);
    if (!t)
        return sw_fail(
            err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
            "ActionType (Category: '%.*s', Provider: '%.*s', Owner: '%.*s', Version: '%.*s') in action '%.*s' is not "
            "available in region %.*s",
            SW_FMT(id->category), SW_FMT(id->provider), SW_FMT(id->owner), SW_FMT(id->version), SW_FMT(a->name),
            SW_FMT(cx->region));
    if (sw_str_is(a->region) && !sw_str_eq(a->region, cx->region))
        return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                       "region of action '%.*s': actions in another region are not available", SW_FMT(a->name));
    if (check_configuration(a, t, err) < 0 || check_values(cx, a, t, err) < 0 ||
        check_count(err, a->name, "input", a->input_artifacts.n, t->min_inputs, t->max_inputs) < 0)
        return -1;
    return check_count(err, a->name, "output", a->output_artifacts.n, t->min_outputs, t->max_outputs);
}

/* Inputs must be outputs of an action that runs before: an earlier stage, or a lower runOrder of this one. */
static bool produced_before(const CodepipelinePipelineDeclaration *d, size_t stage, int order, SwStr artifact) {
    for (size_t i = 0; i <= stage; i++)
        for (size_t k = 0; k < d->stages.v[i].actions.n; k++) {
            const CodepipelineActionDeclaration *a = &d->stages.v[i].actions.v[k];
            for (size_t o = 0; o < a->output_artifacts.n && (i < stage || codepipeline_run_order(a) < order); o++)
                if (sw_str_eq(a->output_artifacts.v[o].name, artifact))
                    return true;
        }
    return false;
}

static bool namespace_before(const CodepipelinePipelineDeclaration *d, size_t stage, int order, SwStr name) {
    for (size_t i = 0; i <= stage; i++)
        for (size_t k = 0; k < d->stages.v[i].actions.n; k++) {
            const CodepipelineActionDeclaration *a = &d->stages.v[i].actions.v[k];
            if (sw_str_is(a->namespace) && sw_str_eq(a->namespace, name) && (i < stage || codepipeline_run_order(a) < order))
                return true;
        }
    return false;
}

/* What "#{NAMESPACE.KEY}" names: this pipeline's own variables, CodePipeline's, or an earlier action's. */
static bool reference_ok(const CodepipelinePipelineDeclaration *d, size_t stage, int order, SwStr key) {
    SwStr name;
    if (!sw_str_cut(&key, '.', &name) || !key.n)
        return false;
    if (sw_str_eqz(name, "codepipeline"))
        return sw_str_eqz(key, "PipelineExecutionId");
    if (!sw_str_eqz(name, "variables"))
        return namespace_before(d, stage, order, name);
    for (size_t i = 0; i < d->variables.n; i++)
        if (sw_str_eq(d->variables.v[i].name, key))
            return true;
    return false;
}

static int check_references(const CodepipelinePipelineDeclaration *d, size_t stage, const CodepipelineActionDeclaration *a,
                            SwError *err) {
    for (size_t i = 0; i < a->configuration.n; i++) {
        SwStr rest = a->configuration.v[i].value, key;
        while (sw_str_cut(&rest, '#', &key)) {
            if (!sw_str_starts(rest, SW_STR("{")))
                continue;
            rest = sw_str_skip(rest, 1);
            SwStr after = rest;
            if (sw_str_cut(&after, '}', &key) && reference_ok(d, stage, codepipeline_run_order(a), key))
                continue;
            return sw_fail(
                err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                "Valid format for a pipeline execution variable reference is a namespace and a key separated by a period (.). "
                "The following pipeline execution variables are referencing a namespace that does not exist. StageName=[%.*s], "
                "ActionName=[%.*s], ActionConfigurationKey=[%.*s], VariableReferenceText=[%.*s]",
                SW_FMT(d->stages.v[stage].name), SW_FMT(a->name), SW_FMT(a->configuration.v[i].key), SW_FMT(key));
        }
    }
    return 0;
}

/* "codepipeline" and "variables" are taken. */
static int check_namespace(SwCtx *cx, const CodepipelineActionDeclaration *a, SwStrList *seen, SwError *err) {
    if (!sw_str_is(a->namespace))
        return 0;
    if (sw_str_eqz(a->namespace, "codepipeline") || sw_str_eqz(a->namespace, "variables"))
        return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION, "Namespace '%.*s' of action '%.*s' is reserved",
                       SW_FMT(a->namespace), SW_FMT(a->name));
    if (sw_str_list_has(seen, a->namespace))
        return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                       "Namespace must be unique within a pipeline. '%.*s' has been used more than once.",
                       SW_FMT(a->namespace));
    sw_str_list_add(cx->arena, seen, a->namespace);
    return 0;
}

static int check_artifacts(const CodepipelinePipelineDeclaration *d, size_t stage, const CodepipelineActionDeclaration *a,
                           SwArena *arena, SwStrList *seen, SwError *err) {
    for (size_t i = 0; i < a->input_artifacts.n; i++)
        if (!produced_before(d, stage, codepipeline_run_order(a), a->input_artifacts.v[i].name))
            return sw_fail(
                err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                "Input Artifact Bundle '%.*s' in action '%.*s' is not declared as an output of an action that runs before it",
                SW_FMT(a->input_artifacts.v[i].name), SW_FMT(a->name));
    for (size_t i = 0; i < a->output_artifacts.n; i++) {
        if (sw_str_list_has(seen, a->output_artifacts.v[i].name))
            return sw_fail(
                err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                "Output Artifact Bundle name must be unique within the pipeline. '%.*s' has been used more than once.",
                SW_FMT(a->output_artifacts.v[i].name));
        sw_str_list_add(arena, seen, a->output_artifacts.v[i].name);
    }
    return 0;
}

static int check_stage(SwCtx *cx, const CodepipelinePipelineDeclaration *d, size_t stage, SwStrList *outputs,
                       SwStrList *namespaces, SwError *err) {
    const CodepipelineStageDeclaration *s = &d->stages.v[stage];
    SwStrList names = {0};
    if (!s->actions.n)
        return sw_fail(err, &CODEPIPELINE_INVALID_STAGE_DECLARATION_EXCEPTION, "Stage '%.*s' has no actions", SW_FMT(s->name));
    for (size_t i = 0; i < s->actions.n; i++) {
        const CodepipelineActionDeclaration *a = &s->actions.v[i];
        if (sw_str_list_has(&names, a->name))
            return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                           "Action name must be unique within a stage. '%.*s' has been used more than once in stage '%.*s'.",
                           SW_FMT(a->name), SW_FMT(s->name));
        sw_str_list_add(cx->arena, &names, a->name);
        if (codepipeline_is_source(a) != (stage == 0))
            return sw_fail(err, &CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION,
                           stage == 0 ? "Pipeline should start with a stage that only contains source actions"
                                      : "Source actions are only allowed in the first stage");
        if (check_action(cx, a, err) < 0 || check_artifacts(d, stage, a, cx->arena, outputs, err) < 0 ||
            check_namespace(cx, a, namespaces, err) < 0 || check_references(d, stage, a, err) < 0)
            return -1;
    }
    return 0;
}

int codepipeline_structure_check(SwCtx *cx, const CodepipelinePipelineDeclaration *d, SwError *err) {
    SwStrList names = {0}, outputs = {0}, namespaces = {0};
    if (check_store(d, err) < 0 || check_type(d, err) < 0)
        return -1;
    if (d->stages.n < 2)
        return sw_fail(err, &CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION,
                       "Pipeline has only %zu stage(s). There should be a minimum of 2 stages in a pipeline", d->stages.n);
    for (size_t i = 0; i < d->stages.n; i++) {
        if (sw_str_list_has(&names, d->stages.v[i].name))
            return sw_fail(err, &CODEPIPELINE_INVALID_STAGE_DECLARATION_EXCEPTION,
                           "Stage name must be unique within a pipeline. '%.*s' has been used more than once.",
                           SW_FMT(d->stages.v[i].name));
        sw_str_list_add(cx->arena, &names, d->stages.v[i].name);
        if (check_stage(cx, d, i, &outputs, &namespaces, err) < 0)
            return -1;
    }
    return 0;
}
