/* SPDX-License-Identifier: Apache-2.0 */
/* StartBuild: a build is made of the project as it is now and of the request's overrides. */

#include "models/logs_resources.gen.h"
#include "services/codebuild/codebuild.h"

#define TAKE(to, from) \
    do { \
        if ((from).p) \
            (to) = (from); \
    } while (0)
#define TAKE_OPT(to, from) \
    do { \
        if ((from).set) \
            (to) = (from); \
    } while (0)

static void override_source(CodebuildProjectSource *s, const CodebuildStartBuildInput *in) {
    if (in->source_type_override.p && !sw_str_eq(in->source_type_override, s->type)) {
        s->location = SW_NO_STR;
        s->git_clone_depth = (SwOptInt){0};
        s->git_submodules_config = NULL;
    }
    TAKE(s->type, in->source_type_override);
    TAKE(s->location, in->source_location_override);
    TAKE(s->buildspec, in->buildspec_override);
    TAKE_OPT(s->git_clone_depth, in->git_clone_depth_override);
    if (in->git_submodules_config_override)
        s->git_submodules_config = in->git_submodules_config_override;
}

static void override_environment(SwArena *a, CodebuildProjectEnvironment *e, const CodebuildStartBuildInput *in) {
    TAKE(e->type, in->environment_type_override);
    TAKE(e->image, in->image_override);
    TAKE(e->compute_type, in->compute_type_override);
    TAKE(e->image_pull_credentials_type, in->image_pull_credentials_type_override);
    TAKE_OPT(e->privileged_mode, in->privileged_mode_override);
    CodebuildEnvironmentVariableList l = {0};
    for (size_t i = 0; i < e->environment_variables.n; i++)
        *sw_list_add(a, &l) = e->environment_variables.v[i];
    for (size_t i = 0; i < in->environment_variables_override.n; i++) {
        const CodebuildEnvironmentVariable *v = &in->environment_variables_override.v[i];
        size_t k = 0;
        while (k < l.n && !sw_str_eq(l.v[k].name, v->name))
            k++;
        CodebuildEnvironmentVariable *to = k < l.n ? &l.v[k] : sw_list_add(a, &l);
        *to = *v;
        to->type = sw_str_or(v->type, SW_STR("PLAINTEXT"));
    }
    sw_list_present(a, &l);
    e->environment_variables = l;
}

static void override_project(SwCtx *cx, CodebuildProject *p, const CodebuildStartBuildInput *in) {
    override_source(p->source, in);
    override_environment(cx->arena, p->environment, in);
    TAKE(p->source_version, in->source_version);
    TAKE(p->service_role, in->service_role_override);
    TAKE(p->encryption_key, in->encryption_key_override);
    TAKE_OPT(p->timeout_in_minutes, in->timeout_in_minutes_override);
    TAKE_OPT(p->queued_timeout_in_minutes, in->queued_timeout_in_minutes_override);
    if (in->secondary_sources_override.v)
        p->secondary_sources = in->secondary_sources_override;
    if (in->secondary_sources_version_override.v)
        p->secondary_source_versions = in->secondary_sources_version_override;
    if (in->artifacts_override)
        p->artifacts = in->artifacts_override;
    if (in->secondary_artifacts_override.v)
        p->secondary_artifacts = in->secondary_artifacts_override;
    if (in->cache_override)
        p->cache = in->cache_override;
    if (in->logs_config_override)
        p->logs_config = in->logs_config_override;
}

static CodebuildLogsLocation *logs_of(SwCtx *cx, const CodebuildProject *p, SwStr uuid) {
    CodebuildLogsLocation *l = sw_new(cx->arena, CodebuildLogsLocation);
    const CodebuildCloudWatchLogsConfig *c = p->logs_config ? p->logs_config->cloud_watch_logs : NULL;
    l->cloud_watch_logs = sw_new(cx->arena, CodebuildCloudWatchLogsConfig);
    l->s3_logs = sw_new(cx->arena, CodebuildS3LogsConfig);
    l->s3_logs->status = SW_STR("DISABLED");
    l->s3_logs->encryption_disabled = SW_SOME_BOOL(false);
    l->cloud_watch_logs->status = SW_STR("ENABLED");
    if (c)
        *l->cloud_watch_logs = *c;
    if (!sw_str_eqz(l->cloud_watch_logs->status, "ENABLED"))
        return l;
    l->group_name = c && sw_str_is(c->group_name) ? c->group_name : sw_strf(cx->arena, "/aws/codebuild/%.*s", SW_FMT(p->name));
    l->stream_name =
        c && sw_str_is(c->stream_name) ? sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(c->stream_name), SW_FMT(uuid)) : uuid;
    l->cloud_watch_logs_arn = logs_log_stream_arn(cx, l->group_name, l->stream_name);
    return l;
}

static CodebuildBuild *build_of(SwCtx *cx, const CodebuildProject *p, SwStr uuid, int64_t number, SwStr initiator) {
    CodebuildBuild *b = sw_new(cx->arena, CodebuildBuild);
    b->id = sw_strf(cx->arena, "%.*s:%.*s", SW_FMT(p->name), SW_FMT(uuid));
    b->arn = codebuild_build_arn(cx, p->name, uuid);
    b->build_number = SW_SOME_INT(number);
    b->start_time = SW_SOME_TIME(sw_now(cx));
    b->build_status = CODEBUILD_STATUS_TYPE_IN_PROGRESS;
    b->build_complete = SW_SOME_BOOL(false);
    b->source_version = p->source_version;
    b->project_name = p->name;
    b->source = p->source;
    b->secondary_sources = p->secondary_sources;
    b->secondary_source_versions = p->secondary_source_versions;
    b->cache = p->cache;
    b->environment = p->environment;
    b->service_role = p->service_role;
    b->timeout_in_minutes = p->timeout_in_minutes;
    b->queued_timeout_in_minutes = p->queued_timeout_in_minutes;
    b->encryption_key = sw_str_or(p->encryption_key, codebuild_default_key(cx));
    b->initiator = initiator;
    b->logs = logs_of(cx, p, uuid);
    b->artifacts = sw_new(cx->arena, CodebuildBuildArtifacts);
    b->artifacts->location = SW_STR("");
    sw_list_present(cx->arena, &b->secondary_sources);
    sw_list_present(cx->arena, &b->secondary_source_versions);
    return b;
}

/* Unfinished builds are counted in the index. */
static int check_limit(SwCtx *cx, const CodebuildProject *p, SwError *err) {
    static const SwStr kinds[] = {SW_STR_C("QUEUED"), SW_STR_C("RUNNING")};
    int64_t n = 0, some;
    if (!p->concurrent_build_limit.set)
        return 0;
    for (size_t i = 0; i < SW_N(kinds); i++, n += some) {
        SwDocQuery q = {.index = "by_project_active", .equals = {p->name, kinds[i]}};
        if (codebuild_builds_count(cx->tx, &q, &some, err) < 0)
            return -1;
    }
    if (n >= p->concurrent_build_limit.v)
        return sw_fail(err, &CODEBUILD_ACCOUNT_LIMIT_EXCEEDED_EXCEPTION,
                       "Cannot have more than %lld builds in queue for the project", (long long)p->concurrent_build_limit.v);
    return 0;
}

/* The build of this action of a pipeline, which starts one however often it is stepped. Not the declared token of StartBuild,
 * which is a client's, is kept beside the answer and is forgotten after five minutes: this one is part of the build, so that a
 * pipeline that is stepped again after days finds its build, and its calls pass no front door. */
static int find_token(SwCtx *cx, SwStr token, CodebuildBuildRecord **ret, SwError *err) {
    CodebuildBuildRecords l;
    *ret = NULL;
    if (codebuild_builds_list(cx->tx, &(SwDocQuery){.index = "by_token", .equals = {token}}, &l, err) < 0)
        return -1;
    *ret = l.n ? l.v[0].record : NULL;
    return 0;
}

static int check_start(SwCtx *cx, const CodebuildProject *p, bool pipeline, SwError *err) {
    CodebuildParts parts = {p->source, &p->secondary_sources, p->artifacts,     &p->secondary_artifacts, p->environment,
                            p->cache,  p->logs_config,        p->encryption_key};
    if (codebuild_check(cx, &parts, err) < 0)
        return -1;
    if (!pipeline && (sw_str_eqz(p->source->type, "CODEPIPELINE") || sw_str_eqz(p->artifacts->type, "CODEPIPELINE")))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                       "Invalid project source: a build with source or artifacts of type CODEPIPELINE can only be started by "
                       "CodePipeline");
    return check_limit(cx, p, err);
}

int codebuild_start(SwCtx *cx, const CodebuildStartBuildInput *in, const CodebuildPipelineWork *pipeline, SwStr initiator,
                    CodebuildBuildRecord **ret, SwError *err) {
    CodebuildProjectRecord *project;
    int64_t number;
    if (pipeline && find_token(cx, in->idempotency_token, ret, err) < 0)
        return -1;
    if (pipeline && *ret)
        return 0;
    if (codebuild_project_by_reference(cx, in->project_name, &project, err) < 0)
        return -1;
    CodebuildProject *p = project->project;
    override_project(cx, p, in);
    if (check_start(cx, p, pipeline != NULL, err) < 0 || codebuild_host_access_check(cx, p, err) < 0 ||
        sw_doc_next(cx->tx, SW_SCOPE_REGION, sw_strf(cx->arena, "codebuild/%.*s", SW_FMT(p->name)), &number, err) < 0)
        return -1;
    SwStr uuid;
    CodebuildBuildRecord *r = *ret = sw_new(cx->arena, CodebuildBuildRecord);
    SwTime now = sw_now(cx);
    if (codebuild_environment_take(cx, p->environment, r, &uuid, err) < 0)
        return -1;
    r->build = build_of(cx, p, uuid, number, initiator);
    r->account = cx->account;
    r->region = cx->region;
    r->state = r->active = CODEBUILD_QUEUED;
    r->order = SW_SOME_INT(now);
    r->token = pipeline ? in->idempotency_token : SW_NO_STR;
    r->artifacts = p->artifacts;
    r->secondary_artifacts = p->secondary_artifacts;
    r->logs_config = p->logs_config;
    r->queue_deadline = SW_SOME_INT(now + SW_OR(p->queued_timeout_in_minutes, 480) * SW_MINUTE);
    r->pipeline = pipeline ? sw_shape_copy(cx->arena, &codebuild_shape_pipeline_work, pipeline) : NULL;
    codebuild_count_started(cx, r);
    codebuild_phase_start(cx, r, SW_STR("SUBMITTED"), now);
    if (codebuild_state_event(cx, r, err) < 0 ||
        codebuild_phase_end(cx, r, CODEBUILD_STATUS_TYPE_SUCCEEDED, SW_NO_STR, SW_NO_STR, now, err) < 0)
        return -1;
    codebuild_phase_start(cx, r, SW_STR("QUEUED"), now);
    return codebuild_build_put(cx, uuid, r, err) < 0 ? -1 : sw_wake(cx, &codebuild_build_controller, uuid, 0, err);
}
