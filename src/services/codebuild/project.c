/* SPDX-License-Identifier: Apache-2.0 */
/* Projects. The document is what the API shows. */

#include "services/codebuild/codebuild.h"

#include "wire/wire.h"

#define PAGE 100

/* What a policy names of a build is its project. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    const SwResource *b = &codebuild_build_resource;
    SwParts p;
    return sw_resource_read(b, b->reference[0], ref, &p) || sw_resource_read(b, b->arn[0], ref, &p)
               ? codebuild_project_arn(cx, p.v[0])
               : SW_NO_STR;
}

const SwResourceHooks codebuild_project_hooks = {.named = named};

/* A request in the project's form: only what it says is set. */
static int check_request(SwCtx *cx, const CodebuildProject *p, SwError *err) {
    CodebuildParts parts = {p->source, &p->secondary_sources, p->artifacts,     &p->secondary_artifacts, p->environment,
                            p->cache,  p->logs_config,        p->encryption_key};
    if (codebuild_check(cx, &parts, err) < 0)
        return -1;
    if (p->concurrent_build_limit.set && (p->concurrent_build_limit.v == 0 || p->concurrent_build_limit.v < -1))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, "Invalid concurrent build limit: it must be greater than 0");
    return 0;
}

static int check_versions(const CodebuildProject *p, SwError *err) {
    for (size_t i = 0; i < p->secondary_source_versions.n; i++) {
        bool found = false;
        for (size_t k = 0; k < p->secondary_sources.n; k++)
            found |=
                sw_str_eq(p->secondary_sources.v[k].source_identifier, p->secondary_source_versions.v[i].source_identifier);
        if (!found)
            return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                           "Invalid secondarySourceVersions: no secondary source has the identifier %.*s",
                           SW_FMT(p->secondary_source_versions.v[i].source_identifier));
    }
    bool from = sw_str_eqz(p->source->type, "CODEPIPELINE"), to = sw_str_eqz(p->artifacts->type, "CODEPIPELINE");
    return from == to ? 0
                      : sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                                "Invalid project source: when source or artifacts is of type CODEPIPELINE, both must be");
}

static int check_role(SwCtx *cx, SwStr role, SwError *err) {
    SwArn arn;
    if (sw_str_starts(role, SW_STR("arn:")) ? !sw_arn_parse(role, &arn) || !sw_str_starts(arn.resource, SW_STR("role/")) : true)
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                       "Invalid service role: Service role account ID does not match caller's account");
    return 0;
}

static void fill(SwCtx *cx, CodebuildProject *p) {
    CodebuildProjectArtifacts *a = p->artifacts;
    if (!p->cache) {
        p->cache = sw_new(cx->arena, CodebuildProjectCache);
        p->cache->type = CODEBUILD_CACHE_TYPE_NO_CACHE;
    }
    if (sw_str_eq(a->type, CODEBUILD_ARTIFACTS_TYPE_S3)) {
        a->name = sw_str_or(a->name, p->name);
        a->packaging = sw_str_or(a->packaging, CODEBUILD_ARTIFACT_PACKAGING_NONE);
        a->namespace_type = sw_str_or(a->namespace_type, CODEBUILD_ARTIFACT_NAMESPACE_NONE);
        if (!a->encryption_disabled.set)
            a->encryption_disabled = SW_SOME_BOOL(false);
    }
    if (!p->environment->privileged_mode.set)
        p->environment->privileged_mode = SW_SOME_BOOL(false);
    p->environment->image_pull_credentials_type = sw_str_or(p->environment->image_pull_credentials_type, SW_STR("CODEBUILD"));
    for (size_t i = 0; i < p->environment->environment_variables.n; i++) {
        CodebuildEnvironmentVariable *v = &p->environment->environment_variables.v[i];
        v->type = sw_str_or(v->type, SW_STR("PLAINTEXT"));
    }
    sw_list_present(cx->arena, &p->environment->environment_variables);
    sw_list_present(cx->arena, &p->tags);
}

/* tags: as given; absent: they stay. */
static int put(SwCtx *cx, CodebuildProjectRecord *r, const CodebuildTagList *tags, SwOptBool badge, SwError *err) {
    CodebuildProject *p = r->project;
    if (check_versions(p, err) < 0 || codebuild_host_access_check(cx, p, err) < 0 ||
        (tags->v && codebuild_project_replace_tags(cx, p->name, r, SW_GIVEN_TAGS(tags), err) < 0) ||
        codebuild_badge_set(cx, r, badge, err) < 0)
        return -1;
    r->created = SW_SOME_INT(p->created.v);
    r->modified = SW_SOME_INT(p->last_modified.v);
    fill(cx, p);
    return codebuild_project_put(cx, p->name, r, err);
}

int codebuild_create_project(SwCtx *cx, const CodebuildCreateProjectInput *in, CodebuildCreateProjectOutput *out,
                             SwError *err) {
    CodebuildProjectRecord *old;
    CodebuildProject *p = sw_new(cx->arena, CodebuildProject);
    sw_shape_move(cx->arena, &codebuild_shape_project, p, &codebuild_shape_create_project_input, in);
    p->tags = (CodebuildTagList){0};
    if (check_request(cx, p, err) < 0 || check_role(cx, in->service_role, err) < 0 ||
        codebuild_project_find(cx, in->name, &old, err) < 0)
        return -1;
    if (old)
        return sw_resource_fail(cx, &codebuild_project_resource, &codebuild_project_resource.exists, in->name, err);
    p->arn = codebuild_project_arn(cx, in->name);
    p->created = p->last_modified = SW_SOME_TIME(sw_now(cx));
    if (!p->timeout_in_minutes.set)
        p->timeout_in_minutes = SW_SOME_INT(60);
    if (!p->queued_timeout_in_minutes.set)
        p->queued_timeout_in_minutes = SW_SOME_INT(480);
    p->encryption_key = sw_str_or(p->encryption_key, codebuild_default_key(cx));
    p->project_visibility = SW_STR("PRIVATE");
    if (p->concurrent_build_limit.set && p->concurrent_build_limit.v == -1)
        p->concurrent_build_limit = (SwOptInt){0};
    out->project = p;
    return put(cx, &(CodebuildProjectRecord){.project = p}, &in->tags, in->badge_enabled, err);
}

int codebuild_update_project(SwCtx *cx, const CodebuildUpdateProjectInput *in, CodebuildUpdateProjectOutput *out,
                             SwError *err) {
    CodebuildProjectRecord *old;
    CodebuildProject given = {0};
    sw_shape_move(cx->arena, &codebuild_shape_project, &given, &codebuild_shape_update_project_input, in);
    if (check_request(cx, &given, err) < 0 || (sw_str_is(in->service_role) && check_role(cx, in->service_role, err) < 0) ||
        codebuild_project_by_reference(cx, in->name, &old, err) < 0)
        return -1;
    CodebuildProject *p = old->project;
    SwStr name = p->name;
    const CodebuildTagList tags = p->tags;
    sw_shape_move(cx->arena, &codebuild_shape_project, p, &codebuild_shape_update_project_input, in);
    p->name = name;
    p->tags = tags;
    p->last_modified = SW_SOME_TIME(sw_now(cx));
    if (in->concurrent_build_limit.set && in->concurrent_build_limit.v == -1) /* as the API says: takes the limit away */
        p->concurrent_build_limit = (SwOptInt){0};
    out->project = p;
    return put(cx, old, &in->tags, in->badge_enabled, err);
}

int codebuild_delete_project(SwCtx *cx, const CodebuildDeleteProjectInput *in, CodebuildDeleteProjectOutput *out,
                             SwError *err) {
    CodebuildProjectRecord *r;
    if (codebuild_project_find_reference(cx, in->name, &r, err) < 0)
        return -1;
    return r ? codebuild_project_delete(cx, r->project->name, err) : 0;
}

int codebuild_batch_get_projects(SwCtx *cx, const CodebuildBatchGetProjectsInput *in, CodebuildBatchGetProjectsOutput *out,
                                 SwError *err) {
    sw_list_present(cx->arena, &out->projects);
    sw_list_present(cx->arena, &out->projects_not_found);
    for (size_t i = 0; i < in->names.n; i++) {
        CodebuildProjectRecord *r;
        if (codebuild_project_find_reference(cx, in->names.v[i], &r, err) < 0)
            return -1;
        if (r)
            *sw_list_add(cx->arena, &out->projects) = *r->project;
        else
            sw_str_list_add(cx->arena, &out->projects_not_found, in->names.v[i]);
    }
    return 0;
}

int codebuild_list_projects(SwCtx *cx, const CodebuildListProjectsInput *in, CodebuildListProjectsOutput *out, SwError *err) {
    SwDocQuery q = {.descending = sw_str_eqz(in->sort_order, "DESCENDING")};
    if (sw_str_eqz(in->sort_by, "CREATED_TIME"))
        q.index = "by_created";
    if (sw_str_eqz(in->sort_by, "LAST_MODIFIED_TIME"))
        q.index = "by_modified";
    return sw_page(cx, &(SwPage){.of = &codebuild_projects, .q = q, .usual = PAGE}, out, err);
}
