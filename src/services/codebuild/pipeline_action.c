/* SPDX-License-Identifier: Apache-2.0 */
/* CodePipeline's actions Build/AWS/CodeBuild/1 and Test/AWS/CodeBuild/1 (CodePipeline User Guide, "AWS CodeBuild build and
 * test action reference"). The first step starts a build under the action's token, which stays good for ever, so that a
 * step repeated after a crash finds its build; the end of the build wakes the action. */

#include "services/codebuild/codebuild.h"

static const SwErrorKind configuration_error = {.code = "ConfigurationError", .http = 400};
static const SwErrorKind job_failed = {.code = "JobFailed", .http = 400};

static SwStr option(const SwAction *a, const char *name) {
    return sw_str_map_find(&a->configuration, sw_str(name));
}

/* "#{..}": known only when it runs. */
static bool is_open(SwStr s) {
    return sw_str_contains(s, SW_STR("#{"));
}

static int read_variables(SwArena *arena, SwStr json, CodebuildEnvironmentVariableList *ret, SwError *err) {
    SwValue v;
    if (!sw_str_is(json))
        return 0;
    if (sw_json_parse(arena, json, &v, err) < 0 || v.kind != SW_VARRAY)
        return sw_fail_as(err, &configuration_error,
                          "EnvironmentVariables must be a JSON array of objects with name, value and type");
    for (size_t i = 0; i < v.n; i++) {
        CodebuildEnvironmentVariable *e = sw_list_add(arena, ret);
        e->name = sw_value_str(sw_value_getz(&v.v[i], "name"));
        e->value = sw_value_str(sw_value_getz(&v.v[i], "value"));
        e->type = sw_value_str(sw_value_getz(&v.v[i], "type"));
        if (!e->name.n || !e->value.p)
            return sw_fail(err, &configuration_error, "EnvironmentVariables: each must have a name and a value");
    }
    return 0;
}

static void add_objects(SwCtx *cx, const SwArtifact *v, size_t n, CodebuildObjectList *ret) {
    for (size_t i = 0; i < n; i++)
        *sw_list_add(cx->arena, ret) =
            (CodebuildObject){.name = v[i].name, .bucket = v[i].bucket, .key = v[i].key, .revision = v[i].revision};
}

static int check(const SwAction *a, SwError *err) {
    SwStr primary = option(a, "PrimarySource");
    bool found = !sw_str_is(primary) || is_open(primary);
    for (size_t i = 0; i < a->n_input && !found; i++)
        found = sw_str_eq(a->input[i].name, primary);
    if (!found)
        return sw_fail(err, &configuration_error, "PrimarySource: '%.*s' is not an input artifact of the action",
                       SW_FMT(primary));
    if (sw_str_is(option(a, "BatchEnabled")) && !sw_str_eqz(option(a, "BatchEnabled"), "false"))
        return sw_fail(err, &configuration_error, "BatchEnabled: batch builds are not available");
    if (sw_str_is(option(a, "CombineArtifacts")) && !sw_str_eqz(option(a, "CombineArtifacts"), "false"))
        return sw_fail(err, &configuration_error, "CombineArtifacts: batch builds are not available");
    if (a->n_input > 1 && !sw_str_is(option(a, "PrimarySource")))
        return sw_fail(err, &configuration_error, "PrimarySource must be specified when there is more than one input artifact");
    return 0;
}

/* When the pipeline is declared. The variables are JSON also before theirs are resolved, for those stand in texts. */
static int check_declared(const SwAction *a, SwError *err) {
    CodebuildEnvironmentVariableList ignored = {0};
    return check(a, err) < 0 ? -1 : read_variables(err->arena, option(a, "EnvironmentVariables"), &ignored, err);
}

/* As AWS's SDK would tell it to the pipeline. */
static int explain(SwError *err) {
    const SwErrorKind *kind = err->kind;
    if (kind->http >= 500)
        return -1;
    return sw_fail(err, kind, "Error calling startBuild: %s (Service: AWSCodeBuild; Status Code: %d; Error Code: %s)",
                   err->message, kind->http, kind->code);
}

/* In cx->tx. The source's buildspec stays the project's. */
static int start(SwCtx *cx, SwAction *a, CodebuildBuildRecord **ret, SwError *err) {
    CodebuildPipelineWork w = {.name = a->pipeline, .primary = option(a, "PrimarySource")};
    CodebuildStartBuildInput in = {.project_name = option(a, "ProjectName"),
                                   .idempotency_token = a->token,
                                   .source_type_override = CODEBUILD_SOURCE_TYPE_CODEPIPELINE};
    CodebuildProjectArtifacts to = {.type = CODEBUILD_ARTIFACTS_TYPE_CODEPIPELINE};
    in.artifacts_override = &to;
    if (!w.primary.n && a->n_input)
        w.primary = a->input[0].name;
    add_objects(cx, a->input, a->n_input, &w.inputs);
    add_objects(cx, a->output, a->n_output, &w.outputs);
    if (a->n_input)
        in.source_version = sw_str_or(a->input[0].revision, codebuild_object_arn(cx, a->input[0].bucket, a->input[0].key));
    for (size_t i = 0; i < a->n_input; i++)
        if (sw_str_eq(a->input[i].name, w.primary) && sw_str_is(a->input[i].revision))
            in.source_version = a->input[i].revision;
    if (read_variables(cx->arena, option(a, "EnvironmentVariables"), &in.environment_variables_override, err) < 0)
        return -1;
    if ((cx->host->config->strict && cx->host->auth.authorise &&
         cx->host->auth.authorise(cx, "codebuild:StartBuild", codebuild_project_arn(cx, in.project_name), err) < 0) ||
        codebuild_start(cx, &in, &w, sw_strf(cx->arena, "codepipeline/%.*s", SW_FMT(a->pipeline)), ret, err) < 0)
        return explain(err);
    return 0;
}

static int first_step(SwCtx *cx, SwAction *a, SwActionOutcome *ret_outcome, SwError *err) {
    CodebuildBuildRecord *r;
    *ret_outcome = SW_ACTION_FAILED;
    if (check(a, err) < 0)
        return 0;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (start(cx, a, &r, err) < 0) {
        sw_ctx_rollback(cx);
        return sw_error_is(err, &SW_INTERNAL_FAILURE) ? -1 : 0;
    }
    if (sw_ctx_commit(cx, err) < 0)
        return -1;
    SW_CRASH_POINT("codebuild.action_started");
    a->external_id = r->build->arn;
    a->state = r->build->id;
    *ret_outcome = SW_ACTION_RUNNING;
    return 0;
}

static int ended(SwCtx *cx, SwAction *a, const CodebuildBuild *b, SwActionOutcome *ret_outcome, SwError *err) {
    for (size_t i = 0; i < b->exported_environment_variables.n; i++)
        sw_str_map_set(cx->arena, &a->variables, b->exported_environment_variables.v[i].name,
                       b->exported_environment_variables.v[i].value);
    if (sw_str_eq(b->build_status, CODEBUILD_STATUS_TYPE_SUCCEEDED)) {
        *ret_outcome = SW_ACTION_SUCCEEDED;
        return 0;
    }
    SwStr why = SW_STR("");
    for (size_t i = 0; i < b->phases.n; i++) {
        const CodebuildBuildPhase *p = &b->phases.v[i];
        if (p->phase_status.n && !sw_str_eqz(p->phase_status, "SUCCEEDED") && p->contexts.n && !why.n)
            why = p->contexts.v[0].message;
    }
    SwStr status = sw_str_upper(cx->arena, b->build_status);
    a->summary = why.n ? why : sw_strf(cx->arena, "Build terminated with state: %.*s", SW_FMT(b->build_status));
    *ret_outcome = SW_ACTION_FAILED;
    sw_fail(err, &job_failed, "Build terminated with state: %.*s. %.*s", SW_FMT(status), SW_FMT(why));
    return 0;
}

static int step(SwCtx *cx, SwAction *a, SwActionOutcome *ret_outcome, SwTime *ret_again, SwError *err) {
    CodebuildBuildRecord *r;
    *ret_again = 0;
    if (!sw_str_is(a->state))
        return first_step(cx, a, ret_outcome, err);
    *ret_outcome = SW_ACTION_RUNNING;
    if (codebuild_load(cx, codebuild_uuid(a->state), &r, err) < 0)
        return -1;
    if (r && SW_OR(r->build->build_complete, false))
        return ended(cx, a, r->build, ret_outcome, err);
    if (!r) {
        *ret_outcome = SW_ACTION_FAILED;
        sw_fail(err, &job_failed, "The build %.*s was deleted", SW_FMT(a->state));
    }
    return 0;
}

static int stop(SwCtx *cx, SwAction *a, SwError *err) {
    CodebuildStopBuildInput in = {.id = a->state};
    CodebuildStopBuildOutput *out;
    if (!sw_str_is(a->state))
        return 0;
    if (codebuild_call_stop_build(cx, &in, &out, err) < 0 && !sw_error_is(err, &CODEBUILD_RESOURCE_NOT_FOUND_EXCEPTION))
        return -1;
    sw_error_reset(err);
    return 0;
}

static const char *const required[] = {"ProjectName", NULL};
static const char *const optional[] = {"PrimarySource", "BatchEnabled", "CombineArtifacts", "EnvironmentVariables", NULL};

#define ACTION(kind) \
    { \
        .category = kind, .owner = "AWS", .provider = "CodeBuild", .version = "1", .min_inputs = 1, .max_inputs = 5, \
        .min_outputs = 0, .max_outputs = 5, .required = required, .optional = optional, .check = check_declared, .step = step, \
        .stop = stop, .event_source = "aws.codebuild", .event_type = "CodeBuild Build State Change", .event_path = "build-id" \
    }
const SwActionType codebuild_actions[2] = {ACTION("Build"), ACTION("Test")};
