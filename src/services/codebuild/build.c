/* SPDX-License-Identifier: Apache-2.0 */
/* Builds: the API. What a build does is in build_controller.c. */

#include "services/codebuild/codebuild.h"

#include "wire/wire.h"

#define PAGE 100

SwStr codebuild_uuid(SwStr id) {
    size_t at;
    return sw_str_rfind(id, ':', &at) ? sw_str_skip(id, at + 1) : SW_NO_STR;
}

/* As AWS shows a build in messages and lists, whichever way it was named. */
static SwStr arn_of(SwCtx *cx, SwStr id) {
    return sw_str_starts(id, SW_STR("arn:")) ? id : sw_arn(cx, "codebuild", "build/%.*s", SW_FMT(id));
}

/* By ARN, so that an id that says another project names nothing. */
static int find(SwCtx *cx, SwStr id, CodebuildBuildRecord **ret, SwError *err) {
    return codebuild_build_find_reference(cx, arn_of(cx, id), ret, err);
}

static int get(SwCtx *cx, SwStr id, CodebuildBuildRecord **ret, SwError *err) {
    return codebuild_build_by_reference(cx, arn_of(cx, id), ret, err);
}

static SwStr initiator(SwCtx *cx) {
    const SwPrincipal *p = &cx->principal;
    if (p->kind == SW_PRINCIPAL_ROLE)
        return sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(p->name), SW_FMT(p->session));
    return sw_str_is(p->name) ? p->name : SW_STR("root");
}

int codebuild_start_build(SwCtx *cx, const CodebuildStartBuildInput *in, CodebuildStartBuildOutput *out, SwError *err) {
    CodebuildBuildRecord *r;
    if (codebuild_start(cx, in, NULL, initiator(cx), &r, err) < 0)
        return -1;
    out->build = r->build;
    return 0;
}

/* The same build again, with the overrides that made it: the stored build says all of them. */
int codebuild_retry_build(SwCtx *cx, const CodebuildRetryBuildInput *in, CodebuildRetryBuildOutput *out, SwError *err) {
    CodebuildBuildRecord *old, *r;
    if (!sw_str_is(in->id))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, "Build ID must be provided");
    if (get(cx, in->id, &old, err) < 0)
        return -1;
    if (!SW_OR(old->build->build_complete, false))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, "Build %.*s is still in progress and cannot be retried",
                       SW_FMT(old->build->id));
    if (old->pipeline)
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                       "Builds started by CodePipeline cannot be retried, retry the stage of the pipeline");
    const CodebuildBuild *b = old->build;
    CodebuildStartBuildInput again = {
        .project_name = b->project_name,
        .idempotency_token = in->idempotency_token,
        .source_version = b->source_version,
        .source_type_override = b->source->type,
        .source_location_override = b->source->location,
        .buildspec_override = b->source->buildspec,
        .git_clone_depth_override = b->source->git_clone_depth,
        .secondary_sources_override = b->secondary_sources,
        .secondary_sources_version_override = b->secondary_source_versions,
        .artifacts_override = old->artifacts,
        .secondary_artifacts_override = old->secondary_artifacts,
        .environment_variables_override = b->environment->environment_variables,
        .environment_type_override = b->environment->type,
        .image_override = b->environment->image,
        .compute_type_override = b->environment->compute_type,
        .privileged_mode_override = b->environment->privileged_mode,
        .image_pull_credentials_type_override = b->environment->image_pull_credentials_type,
        .logs_config_override = old->logs_config,
        .service_role_override = b->service_role,
        .timeout_in_minutes_override = b->timeout_in_minutes,
        .queued_timeout_in_minutes_override = b->queued_timeout_in_minutes,
        .cache_override = b->cache,
    };
    if (codebuild_start(cx, &again, NULL, initiator(cx), &r, err) < 0)
        return -1;
    out->build = r->build;
    return 0;
}

int codebuild_stop_build(SwCtx *cx, const CodebuildStopBuildInput *in, CodebuildStopBuildOutput *out, SwError *err) {
    CodebuildBuildRecord *r;
    if (get(cx, in->id, &r, err) < 0)
        return -1;
    out->build = r->build;
    if (SW_OR(r->build->build_complete, false))
        return 0;
    SwStr uuid = codebuild_uuid(r->build->id);
    r->stop = SW_SOME_BOOL(true);
    return codebuild_build_put(cx, uuid, r, err) < 0 ? -1 : sw_wake(cx, &codebuild_build_controller, uuid, 0, err);
}

/* "PROJECT:ID", or the ARN of one. */
static int check_ids(const SwStrList *l, SwError *err) {
    const SwResource *b = &codebuild_build_resource;
    SwParts p;
    for (size_t i = 0; i < l->n; i++)
        if (!sw_resource_read(b, b->reference[0], l->v[i], &p) && !sw_resource_read(b, b->arn[0], l->v[i], &p))
            return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, "Invalid build ID provided");
    return 0;
}

int codebuild_batch_get_builds(SwCtx *cx, const CodebuildBatchGetBuildsInput *in, CodebuildBatchGetBuildsOutput *out,
                               SwError *err) {
    if (check_ids(&in->ids, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->builds);
    sw_list_present(cx->arena, &out->builds_not_found);
    for (size_t i = 0; i < in->ids.n; i++) {
        CodebuildBuildRecord *r;
        if (find(cx, in->ids.v[i], &r, err) < 0)
            return -1;
        if (r)
            *sw_list_add(cx->arena, &out->builds) = *r->build;
        else
            sw_str_list_add(cx->arena, &out->builds_not_found, in->ids.v[i]);
    }
    return 0;
}

int codebuild_batch_delete_builds(SwCtx *cx, const CodebuildBatchDeleteBuildsInput *in, CodebuildBatchDeleteBuildsOutput *out,
                                  SwError *err) {
    if (check_ids(&in->ids, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->builds_deleted);
    sw_list_present(cx->arena, &out->builds_not_deleted);
    for (size_t i = 0; i < in->ids.n; i++) {
        CodebuildBuildRecord *r;
        if (find(cx, in->ids.v[i], &r, err) < 0)
            return -1;
        if (!r || !SW_OR(r->build->build_complete, false)) {
            CodebuildBuildNotDeleted *n = sw_list_add(cx->arena, &out->builds_not_deleted);
            n->id = arn_of(cx, in->ids.v[i]);
            n->status_code = r ? SW_STR("BUILD_IN_PROGRESS") : SW_STR("BUILD_NOT_FOUND");
            continue;
        }
        SwStr uuid = codebuild_uuid(r->build->id);
        if (codebuild_build_delete(cx, uuid, err) < 0 || codebuild_logs_delete(cx->tx, uuid, NULL, err) < 0)
            return -1;
        sw_str_list_add(cx->arena, &out->builds_deleted, r->build->arn);
    }
    return 0;
}

static int show_id(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = codebuild_builds_row(row)->build->id;
    return 0;
}

static int list(SwCtx *cx, SwStr project, SwStr sort_order, void *out, SwError *err) {
    SwDocQuery q = {.index = project.p ? "by_project" : "by_order",
                    .equals = {project},
                    .descending = !sw_str_eqz(sort_order, "ASCENDING")};
    return sw_page(cx, &(SwPage){.of = &codebuild_builds, .q = q, .show = show_id, .usual = PAGE}, out, err);
}

int codebuild_list_builds(SwCtx *cx, const CodebuildListBuildsInput *in, CodebuildListBuildsOutput *out, SwError *err) {
    return list(cx, SW_NO_STR, in->sort_order, out, err);
}

int codebuild_list_builds_for_project(SwCtx *cx, const CodebuildListBuildsForProjectInput *in,
                                      CodebuildListBuildsForProjectOutput *out, SwError *err) {
    CodebuildProjectRecord *p;
    if (codebuild_project_find_reference(cx, in->project_name, &p, err) < 0)
        return -1;
    SwStr arn = codebuild_project_arn(cx, in->project_name);
    if (!p)
        return sw_fail(err, &CODEBUILD_RESOURCE_NOT_FOUND_EXCEPTION, "The build project %.*s cannot be found", SW_FMT(arn));
    return list(cx, p->project->name, in->sort_order, out, err);
}
