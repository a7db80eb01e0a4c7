/* SPDX-License-Identifier: Apache-2.0 */
/* What a project or an override may say: honoured, or refused by its field's name
 * here where that depends on other fields, by models/members otherwise. */

#include "models/s3_resources.gen.h"
#include "services/codebuild/codebuild.h"

#define REFUSE(field, why) return sw_refuse_field(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, field, why)

bool codebuild_s3_location(SwStr s, SwStr *ret_bucket, SwStr *ret_key) {
    if (sw_str_starts(s, SW_STR("arn:aws:s3:::")))
        s = sw_str_skip(s, 13);
    if (!sw_str_cut(&s, '/', ret_bucket) || ret_bucket->n == 0 || s.n == 0)
        return false;
    *ret_key = s;
    return true;
}

SwStr codebuild_object_arn(SwCtx *cx, SwStr bucket, SwStr key) {
    return s3_object_arn(cx, bucket, key);
}

SwStr codebuild_default_key(SwCtx *cx) {
    return sw_arn(cx, "kms", "alias/aws/s3");
}

static int check_codecommit(SwCtx *cx, SwStr location, SwError *err) {
    SwStr host = location, region;
    if (!sw_str_contains(location, SW_STR("/v1/repos/")))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                       "Invalid project source: location must be a valid CodeCommit HTTPS URL");
    size_t at;
    for (size_t i = 0; i < 2 && sw_str_find(host, '/', &at); i++)
        host = sw_str_skip(host, at + 1);
    if (sw_str_starts(host, SW_STR("git-codecommit.")) && (host = sw_str_skip(host, 15), sw_str_cut(&host, '.', &region)) &&
        !sw_str_eq(region, cx->region))
        REFUSE("source.location", "a repository of another region is not available");
    return 0;
}

static int check_source(SwCtx *cx, const CodebuildProjectSource *s, bool secondary, SwError *err) {
    SwStr bucket, key;
    bool none = sw_str_eq(s->type, CODEBUILD_SOURCE_TYPE_NO_SOURCE),
         pipeline = sw_str_eq(s->type, CODEBUILD_SOURCE_TYPE_CODEPIPELINE);
    bool s3 = sw_str_eq(s->type, CODEBUILD_SOURCE_TYPE_S3), git = sw_str_eq(s->type, CODEBUILD_SOURCE_TYPE_CODECOMMIT);
    if (!none && !pipeline && !s3 && !git)
        REFUSE("source.type", "only CODECOMMIT, CODEPIPELINE, S3 and NO_SOURCE are available");
    if (SW_OR(s->git_clone_depth, 0) && !git)
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                       "Invalid project source: gitCloneDepth is only for Git sources");
    if (secondary && (none || pipeline || !codebuild_variable_ok(s->source_identifier)))
        REFUSE("secondarySources",
               "each must be of type CODECOMMIT or S3 and have a sourceIdentifier of letters, digits and underscores");
    if (git && check_codecommit(cx, s->location, err) < 0)
        return -1;
    if (s3 && !codebuild_s3_location(s->location, &bucket, &key))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                       "Invalid project source: location must be a valid S3 source of the form bucket/path/object.zip");
    if (s3 && sw_str_ends(s->location, SW_STR("/")))
        REFUSE("source.location", "a folder is not available, only a ZIP file's key is");
    if (none && sw_str_is(s->location)) /* with CODEPIPELINE it is ignored, as AWS documents */
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                       "Invalid project source: location must not be specified for source type %.*s", SW_FMT(s->type));
    if (none && !sw_str_is(s->buildspec))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                       "Invalid project source: buildspec must be specified for source type NO_SOURCE");
    return 0;
}

static int check_artifacts(const CodebuildProjectArtifacts *a, bool secondary, SwError *err) {
    if (secondary && (!sw_str_is(a->artifact_identifier) || !sw_str_eq(a->type, CODEBUILD_ARTIFACTS_TYPE_S3)))
        REFUSE("secondaryArtifacts", "each must be of type S3 and have an artifactIdentifier");
    if (sw_str_eq(a->type, CODEBUILD_ARTIFACTS_TYPE_S3)) {
        if (!sw_str_is(a->location))
            return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                           "Invalid artifacts: location must be specified for artifacts type S3");
        return 0;
    }
    return 0; /* AWS: location, path, name .. of the other types are ignored if specified */
}

static int check_variables(const CodebuildEnvironmentVariableList *l, SwError *err) {
    for (size_t i = 0; i < l->n; i++) {
        if (!codebuild_variable_ok(l->v[i].name))
            return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, "Invalid environment variable name: %.*s",
                           SW_FMT(l->v[i].name));
        if (sw_str_starts(l->v[i].name, SW_STR("CODEBUILD_")))
            return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION,
                           "Environment variable names beginning with CODEBUILD_ are reserved: %.*s", SW_FMT(l->v[i].name));
        for (size_t k = 0; k < l->v[i].value.n; k++)
            if (!l->v[i].value.p[k])
                return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, "Invalid environment variable value: %.*s",
                               SW_FMT(l->v[i].name));
    }
    return 0;
}

static int check_environment(const CodebuildProjectEnvironment *e, SwError *err) {
    static const char *const compute[] = {"BUILD_GENERAL1_SMALL", "BUILD_GENERAL1_MEDIUM", "BUILD_GENERAL1_LARGE",
                                          "BUILD_GENERAL1_XLARGE", "BUILD_GENERAL1_2XLARGE"};
    bool known = false;
    if (!sw_str_eq(e->type, CODEBUILD_ENVIRONMENT_TYPE_LINUX_CONTAINER))
        REFUSE("environment.type", "only LINUX_CONTAINER is available");
    for (size_t i = 0; i < SW_N(compute); i++)
        known |= sw_str_eqz(e->compute_type, compute[i]);
    if (!known)
        REFUSE("environment.computeType", "only BUILD_GENERAL1_* is available");
    return check_variables(&e->environment_variables, err);
}

int codebuild_check(SwCtx *cx, const CodebuildParts *p, SwError *err) {
    if (p->source && check_source(cx, p->source, false, err) < 0)
        return -1;
    for (size_t i = 0; p->sources && i < p->sources->n; i++)
        if (check_source(cx, &p->sources->v[i], true, err) < 0)
            return -1;
    if (p->artifacts && check_artifacts(p->artifacts, false, err) < 0)
        return -1;
    for (size_t i = 0; p->more_artifacts && i < p->more_artifacts->n; i++)
        if (check_artifacts(&p->more_artifacts->v[i], true, err) < 0)
            return -1;
    if (p->environment && check_environment(p->environment, err) < 0)
        return -1;
    if (sw_str_is(p->encryption_key) && !sw_str_ends(p->encryption_key, SW_STR("alias/aws/s3")))
        REFUSE("encryptionKey", "keys of one's own are not available");
    return 0;
}

int codebuild_host_access_check(SwCtx *cx, const CodebuildProject *p, SwError *err) {
    if (!SW_OR(p->environment->privileged_mode, false) || sw_authorise(cx, SW_HOST_ACCESS, p->arn, err) == 0)
        return 0;
    return sw_fail_as(err, err->kind, "%s. environment.privilegedMode gives access to the host", err->message);
}
