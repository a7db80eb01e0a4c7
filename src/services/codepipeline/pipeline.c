/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines: life, versions, tags, stage transitions. */

#include "base/id.h"
#include "services/codepipeline/codepipeline.h"

static SwStr version_id(SwCtx *cx, SwStr name, int64_t version) {
    return sw_strf(cx->arena, "%.*s\n%lld", SW_FMT(name), (long long)version);
}

/* Of CodeCommit, each once: an event of one finds the pipelines that it may start. */
static SwStrList repositories_of(SwCtx *cx, const CodepipelinePipelineDeclaration *d) {
    SwStrList l = {0};
    for (size_t i = 0; d->stages.n && i < d->stages.v[0].actions.n; i++) {
        const CodepipelineActionDeclaration *a = &d->stages.v[0].actions.v[i];
        SwStr name = sw_str_map_find(&a->configuration, SW_STR("RepositoryName"));
        if (sw_str_eqz(a->action_type_id->provider, "CodeCommit") && sw_str_is(name) && !sw_str_list_has(&l, name))
            sw_str_list_add(cx->arena, &l, name);
    }
    return l;
}

/* The declaration's version; the pipeline itself is the caller's to write. */
static int keep(SwCtx *cx, CodepipelinePipelineRecord *p, SwError *err) {
    CodepipelineVersionRecord v = {.declaration = p->declaration, .updated = p->updated};
    p->repositories = repositories_of(cx, p->declaration);
    return codepipeline_versions_put(cx->tx, version_id(cx, p->declaration->name, p->declaration->version.v), &v, err);
}

/* What AWS fills in. */
static CodepipelinePipelineDeclaration *with_defaults(SwCtx *cx, const CodepipelinePipelineDeclaration *d, int64_t version) {
    CodepipelinePipelineDeclaration *full = sw_shape_copy(cx->arena, &codepipeline_shape_pipeline_declaration, d);
    full->version = SW_SOME_INT(version);
    full->pipeline_type = sw_str_or(full->pipeline_type, CODEPIPELINE_PIPELINE_TYPE_V1);
    full->execution_mode = sw_str_or(full->execution_mode, CODEPIPELINE_EXECUTION_MODE_SUPERSEDED);
    for (size_t i = 0; i < full->stages.n; i++)
        for (size_t k = 0; k < full->stages.v[i].actions.n; k++)
            if (!full->stages.v[i].actions.v[k].run_order.set)
                full->stages.v[i].actions.v[k].run_order = SW_SOME_INT(1);
    return full;
}

/* The role is tried now, so that a pipeline that could never run is not made. */
static int check(SwCtx *cx, const CodepipelinePipelineDeclaration *d, SwError *err) {
    SwPrincipal ignored;
    if (codepipeline_structure_check(cx, d, err) < 0)
        return -1;
    if (cx->host->auth.assume &&
        cx->host->auth.assume(cx, d->role_arn, SW_STR("codepipeline.amazonaws.com"), &ignored, err) == 0)
        return 0;
    return sw_refuse_as(err, &CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION,
                        "CodePipeline is not authorized to perform AssumeRole on role %.*s", SW_FMT(d->role_arn));
}

int codepipeline_create_pipeline(SwCtx *cx, const CodepipelineCreatePipelineInput *in, CodepipelineCreatePipelineOutput *out,
                                 SwError *err) {
    SwStr id, name = in->pipeline->name;
    if (check(cx, in->pipeline, err) < 0)
        return -1;
    CodepipelinePipelineRecord p = {
        .arn = codepipeline_pipeline_arn(cx, name),
        .declaration = with_defaults(cx, in->pipeline, 1),
        .created = SW_SOME_TIME(sw_now(cx)),
        .updated = SW_SOME_TIME(sw_now(cx)),
    };
    if (codepipeline_pipeline_set_tags(cx, name, &p, SW_GIVEN_TAGS(&in->tags), err) < 0 || keep(cx, &p, err) < 0 ||
        codepipeline_pipeline_insert(cx, name, &p, err) < 0)
        return -1;
    out->pipeline = p.declaration;
    out->tags = p.tags;
    if (!codepipeline_starts_alone(p.declaration))
        return 0; /* a variable without default: who starts it says its value */
    CodepipelineStart start = {.trigger_type = CODEPIPELINE_TRIGGER_TYPE_CREATE_PIPELINE, .trigger_detail = cx->principal.arn};
    return codepipeline_execution_start(cx, &p, &start, &id, err);
}

int codepipeline_update_pipeline(SwCtx *cx, const CodepipelineUpdatePipelineInput *in, CodepipelineUpdatePipelineOutput *out,
                                 SwError *err) {
    CodepipelinePipelineRecord *p;
    if (codepipeline_pipeline_get(cx, in->pipeline->name, &p, err) < 0 || check(cx, in->pipeline, err) < 0)
        return -1;
    p->declaration = with_defaults(cx, in->pipeline, p->declaration->version.v + 1);
    p->updated = SW_SOME_TIME(sw_now(cx));
    out->pipeline = p->declaration;
    return keep(cx, p, err) < 0 ? -1 : codepipeline_pipeline_put(cx, in->pipeline->name, p, err);
}

int codepipeline_get_pipeline(SwCtx *cx, const CodepipelineGetPipelineInput *in, CodepipelineGetPipelineOutput *out,
                              SwError *err) {
    CodepipelinePipelineRecord *p;
    if (codepipeline_pipeline_get(cx, in->name, &p, err) < 0)
        return -1;
    out->pipeline = p->declaration;
    if (in->version.set) {
        CodepipelineVersionRecord *v;
        if (codepipeline_versions_find(cx->tx, version_id(cx, in->name, in->version.v), &v, err) < 0)
            return -1;
        if (!v)
            return sw_fail(err, &CODEPIPELINE_PIPELINE_VERSION_NOT_FOUND_EXCEPTION, "Pipeline '%.*s' has no version %lld",
                           SW_FMT(in->name), (long long)in->version.v);
        out->pipeline = v->declaration;
    }
    out->metadata = sw_new(cx->arena, CodepipelinePipelineMetadata);
    *out->metadata = (CodepipelinePipelineMetadata){.pipeline_arn = p->arn, .created = p->created, .updated = p->updated};
    return 0;
}

static int summarize(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const CodepipelinePipelineRecord *p = codepipeline_pipelines_row(row);
    *(CodepipelinePipelineSummary *)to = (CodepipelinePipelineSummary){.name = p->declaration->name,
                                                                       .version = p->declaration->version,
                                                                       .pipeline_type = p->declaration->pipeline_type,
                                                                       .execution_mode = p->declaration->execution_mode,
                                                                       .created = p->created,
                                                                       .updated = p->updated};
    return 0;
}

int codepipeline_list_pipelines(SwCtx *cx, const CodepipelineListPipelinesInput *in, CodepipelineListPipelinesOutput *out,
                                SwError *err) {
    return sw_page(cx, &(SwPage){.of = &codepipeline_pipelines, .show = summarize, .usual = 1000}, out, err);
}

/* Success also when there is none, as AWS. Running actions find their records gone and end. */
int codepipeline_delete_pipeline(SwCtx *cx, const CodepipelineDeletePipelineInput *in, void *out, SwError *err) {
    SwDocQuery versions = {.prefix = sw_strf(cx->arena, "%.*s\n", SW_FMT(in->name))};
    SwDocQuery mine = {.index = "by_pipeline", .equals = {in->name}};
    if (codepipeline_pipeline_delete(cx, in->name, err) < 0 || codepipeline_versions_delete_all(cx->tx, &versions, err) < 0 ||
        codepipeline_actions_delete_all(cx->tx, &mine, err) < 0)
        return -1;
    return codepipeline_executions_delete_all(cx->tx, &mine, err);
}

/* ---- tags ---- */

static const SwResource *const among[] = {&codepipeline_pipeline_resource, NULL};

/* What is missing is told in other words here than where a pipeline is named. */
static int of_tags(int done, SwStr arn, SwError *err) {
    if (done == 0 || !sw_error_is(err, &CODEPIPELINE_PIPELINE_NOT_FOUND_EXCEPTION))
        return done;
    return sw_refuse_as(err, &CODEPIPELINE_RESOURCE_NOT_FOUND_EXCEPTION, "The resource '%.*s' was not found", SW_FMT(arn));
}

int codepipeline_list_tags_for_resource(SwCtx *cx, const CodepipelineListTagsForResourceInput *in,
                                        CodepipelineListTagsForResourceOutput *out, SwError *err) {
    SwStrMap *tags;
    SwPageItems items = {0};
    if (sw_op_check_arns(cx, among, SW_ONE(in->resource_arn), err) < 0 ||
        of_tags(sw_op_tags(cx, among, in->resource_arn, &tags, err), in->resource_arn, err) < 0)
        return -1;
    for (size_t i = 0; i < tags->n; i++) /* in the order in which they were set */
        *sw_list_add(cx->arena, &items) = (SwPageItem){sw_index_number(cx->arena, (int64_t)i), &tags->v[i]};
    return sw_page(cx, &(SwPage){.items = items, .usual = 100}, out, err);
}

int codepipeline_tag_resource(SwCtx *cx, const CodepipelineTagResourceInput *in, CodepipelineTagResourceOutput *out,
                              SwError *err) {
    SwStrList ref = SW_ONE(in->resource_arn);
    if (sw_op_check_arns(cx, among, ref, err) < 0)
        return -1;
    return of_tags(sw_op_tag(cx, among, ref, SW_GIVEN_TAGS(&in->tags), err), in->resource_arn, err);
}

int codepipeline_untag_resource(SwCtx *cx, const CodepipelineUntagResourceInput *in, CodepipelineUntagResourceOutput *out,
                                SwError *err) {
    SwStrList ref = SW_ONE(in->resource_arn);
    if (sw_op_check_arns(cx, among, ref, err) < 0)
        return -1;
    return of_tags(sw_op_untag(cx, among, ref, &in->tag_keys, err), in->resource_arn, err);
}

/* ---- transitions ---- */

static int set_transition(SwCtx *cx, SwStr pipeline, SwStr stage, SwStr type, SwStr reason, bool disabled, SwError *err) {
    CodepipelinePipelineRecord *p;
    CodepipelineTransition *t = NULL;
    bool known = false;
    if (codepipeline_pipeline_get(cx, pipeline, &p, err) < 0)
        return -1;
    if (!sw_str_eq(type, CODEPIPELINE_STAGE_TRANSITION_TYPE_INBOUND))
        return sw_refuse_field(err, &CODEPIPELINE_VALIDATION_EXCEPTION, "transitionType", "only Inbound is available");
    for (size_t i = 0; i < p->declaration->stages.n; i++)
        known |= sw_str_eq(p->declaration->stages.v[i].name, stage);
    if (!known)
        return sw_fail(err, &CODEPIPELINE_STAGE_NOT_FOUND_EXCEPTION, "Pipeline '%.*s' does not have a stage with name '%.*s'",
                       SW_FMT(pipeline), SW_FMT(stage));
    for (size_t i = 0; i < p->transitions.n; i++)
        if (sw_str_eq(p->transitions.v[i].stage, stage))
            t = &p->transitions.v[i];
    if (!t)
        t = sw_list_add(cx->arena, &p->transitions);
    *t = (CodepipelineTransition){.stage = stage,
                                  .disabled = SW_SOME_BOOL(disabled),
                                  .reason = reason,
                                  .changed_by = cx->principal.arn,
                                  .changed_at = SW_SOME_TIME(sw_now(cx))};
    if (codepipeline_pipeline_put(cx, pipeline, p, err) < 0)
        return -1;
    return codepipeline_wake_waiting(cx, pipeline, err);
}

int codepipeline_disable_stage_transition(SwCtx *cx, const CodepipelineDisableStageTransitionInput *in, void *out,
                                          SwError *err) {
    return set_transition(cx, in->pipeline_name, in->stage_name, in->transition_type, in->reason, true, err);
}

int codepipeline_enable_stage_transition(SwCtx *cx, const CodepipelineEnableStageTransitionInput *in, void *out, SwError *err) {
    return set_transition(cx, in->pipeline_name, in->stage_name, in->transition_type, SW_NO_STR, false, err);
}
