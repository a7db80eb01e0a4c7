/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: unpacked or cloned into the build's folder before its container starts, anew whenever a crash interrupts. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/outside.h"
#include "base/proc.h"
#include "models/codecommit.gen.h"
#include "models/s3.gen.h"
#include "services/codebuild/codebuild.h"

#define CLONE_MS (10 * 60 * 1000)

static const SwErrorKind client_error = {.code = "CLIENT_ERROR", .http = 400};

/* ---- S3 ---- */

static int fetch(SwCtx *role, SwStr bucket, SwStr key, SwStr version, S3GetObjectOutput **ret, SwError *err) {
    S3GetObjectRequest in = {.bucket = bucket, .key = key, .version_id = version};
    if (s3_call_get_object(role, &in, ret, err) == 0)
        return 0;
    SwStr arn = codebuild_object_arn(role, bucket, key);
    return sw_fail_as(err, &client_error, "%s: %s for primary source and source version %.*s", err->kind->code, err->message,
                      SW_FMT(arn));
}

static int from_s3(SwCtx *cx, SwCtx *role, SwStr bucket, SwStr key, SwStr version, const char *folder, SwStr *ret_version,
                   SwError *err) {
    S3GetObjectOutput *out;
    if (fetch(role, bucket, key, version, &out, err) < 0)
        return -1;
    *ret_version = sw_str_is(out->version_id) ? out->version_id : out->e_tag;
    return codebuild_unzip(cx->arena, &out->body, folder, err);
}

/* ---- CodeCommit ---- */

/* Where policies are enforced, git asks the AWS CLI for a password under the build's role, as CodeCommit documents. */
static int git_environment(SwCtx *cx, const CodebuildBuildRecord *r, const char **env, size_t max, SwError *err) {
    SwArena *a = cx->arena;
    size_t n = 0;
    const char *path = getenv("PATH");
    env[n++] = sw_strf(a, "PATH=%s", path ? path : "/usr/bin:/bin").p;
    env[n++] = "HOME=/nonexistent";
    env[n++] = "GIT_TERMINAL_PROMPT=0";
    env[n++] = "GIT_CONFIG_NOSYSTEM=1";
    if (cx->host->config->strict) {
        SwStr key, secret, token;
        SwTime expires;
        if (cx->host->auth.credentials(cx, r->build->service_role, SW_STR("codebuild-source"), SW_HOUR, &key, &secret, &token,
                                       &expires, err) < 0)
            return -1;
        env[n++] = sw_strf(a, "AWS_ACCESS_KEY_ID=%.*s", SW_FMT(key)).p;
        env[n++] = sw_strf(a, "AWS_SECRET_ACCESS_KEY=%.*s", SW_FMT(secret)).p;
        env[n++] = sw_strf(a, "AWS_SESSION_TOKEN=%.*s", SW_FMT(token)).p;
        env[n++] = sw_strf(a, "AWS_DEFAULT_REGION=%.*s", SW_FMT(r->region)).p;
        env[n++] = "GIT_CONFIG_COUNT=2";
        env[n++] = "GIT_CONFIG_KEY_0=credential.helper";
        env[n++] = "GIT_CONFIG_VALUE_0=!aws codecommit credential-helper --ignore-host-check $@";
        env[n++] = "GIT_CONFIG_KEY_1=credential.UseHttpPath";
        env[n++] = "GIT_CONFIG_VALUE_1=true";
    }
    if (!cx->host->config->strict) { /* any name and password will do, but git must send some */
        env[n++] = "GIT_CONFIG_COUNT=1";
        env[n++] = "GIT_CONFIG_KEY_0=http.extraHeader";
        env[n++] = sw_cat(a, SW_STR("GIT_CONFIG_VALUE_0=Authorization: Basic "), sw_base64(a, SW_STR("codebuild:codebuild"))).p;
    }
    env[n] = NULL;
    assert(n < max);
    return 0;
}

static int git(SwCtx *cx, const char *const *env, const char *cwd, const char *const *argv, SwStr *ret_out, SwError *err) {
    SwProcOpts o = {.argv = argv, .env = env, .cwd = cwd, .in = -1, .out = -1, .err = -1, .background = true};
    SwStr out, why;
    int status;
    SW_MAY_TAKE_MINUTES();
    if (sw_proc_run(cx->arena, &o, SW_NO_STR, SW_MIB, CLONE_MS, &status, &out, &why, err) < 0)
        return -1;
    if (status != 0)
        return sw_fail(err, &client_error, "%.*s for primary source", SW_FMT(sw_str_trim(why)));
    if (ret_out)
        *ret_out = sw_str_trim(out);
    return 0;
}

static int from_codecommit(SwCtx *cx, SwCtx *role, const CodebuildBuildRecord *r, const CodebuildProjectSource *s,
                           SwStr version, const char *folder, SwStr *ret_version, SwError *err) {
    const char *env[24];
    char depth[32];
    SwStr name = s->location;
    size_t at;
    if (sw_str_rfind(name, '/', &at))
        name = sw_str_skip(name, at + 1);
    CodecommitGetRepositoryInput in = {.repository_name = name};
    CodecommitGetRepositoryOutput *out;
    if (codecommit_call_get_repository(role, &in, &out, err) < 0)
        return sw_fail_as(err, &client_error, "%s: %s for primary source and source version %.*s", err->kind->code,
                          err->message, SW_FMT(version));
    const char *url = sw_str_z(cx->arena, out->repository_metadata->clone_url_http);
    snprintf(depth, sizeof depth, "--depth=%lld", (long long)SW_OR(s->git_clone_depth, 0));
    bool shallow = SW_OR(s->git_clone_depth, 0) > 0 && !sw_str_is(version);
    const char *const clone[] = {"git", "clone", "-q", shallow ? depth : "--no-single-branch", "--", url, folder, NULL};
    const char *const checkout[] = {"git", "checkout", "-q", sw_str_z(cx->arena, version), "--", NULL};
    const char *const show[] = {"git", "rev-parse", "HEAD", NULL};
    if (sw_str_starts(version, SW_STR("-")))
        return sw_fail(err, &client_error, "invalid source version %.*s", SW_FMT(version));
    if (git_environment(cx, r, env, SW_N(env), err) < 0 || git(cx, env, NULL, clone, NULL, err) < 0)
        return -1;
    if (sw_str_is(version) && git(cx, env, folder, checkout, NULL, err) < 0)
        return -1;
    return git(cx, env, folder, show, ret_version, err);
}

/* ---- all ---- */

static int one(SwCtx *cx, SwCtx *role, const CodebuildBuildRecord *r, const CodebuildProjectSource *s, SwStr identifier,
               SwStr version, SwStr *ret_version, SwError *err) {
    const char *folder = codebuild_source_folder(cx, r, identifier);
    SwStr bucket, key;
    *ret_version = SW_NO_STR;
    if (sw_str_eq(s->type, CODEBUILD_SOURCE_TYPE_CODECOMMIT)) {
        SwStr parent = sw_str(folder);
        size_t at;
        if (sw_str_rfind(parent, '/', &at) &&
            sw_mkdirs(sw_str_z(cx->arena, sw_str_dup(cx->arena, sw_str_n(parent.p, at))), 0755, err) < 0)
            return -1;
        return from_codecommit(cx, role, r, s, version, folder, ret_version, err);
    }
    if (sw_mkdirs(folder, 0755, err) < 0)
        return -1;
    if (sw_str_eq(s->type, CODEBUILD_SOURCE_TYPE_S3) && codebuild_s3_location(s->location, &bucket, &key))
        return from_s3(cx, role, bucket, key, version, folder, ret_version, err);
    return 0;
}

static int pipeline_inputs(SwCtx *cx, SwCtx *role, const CodebuildBuildRecord *r, SwStr *ret_version, SwError *err) {
    for (size_t i = 0; i < r->pipeline->inputs.n; i++) {
        const CodebuildObject *o = &r->pipeline->inputs.v[i];
        bool primary = sw_str_eq(o->name, r->pipeline->primary);
        SwStr version;
        if (from_s3(cx, role, o->bucket, o->key, SW_NO_STR, codebuild_source_folder(cx, r, primary ? SW_STR("") : o->name),
                    &version, err) < 0)
            return -1;
        if (primary)
            *ret_version = sw_str_or(o->revision, codebuild_object_arn(cx, o->bucket, o->key));
    }
    return 0;
}

static int read_spec_file(SwCtx *cx, const CodebuildBuildRecord *r, SwStr path, SwStr *ret, SwError *err) {
    const char *root = codebuild_source_folder(cx, r, SW_STR(""));
    char real_root[4096], real[4096];
    struct stat st;
    SwStr folder = codebuild_source_dir(cx->arena, r, SW_STR(""));
    /* a source is what a stranger made: its links must not lead to the host's files */
    if (!realpath(root, real_root) || !realpath(sw_path(cx->arena, root, sw_str_z(cx->arena, path)), real) ||
        !sw_str_starts(sw_str(real), sw_strf(cx->arena, "%s/", real_root)) || stat(real, &st) < 0 || !S_ISREG(st.st_mode))
        return sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "stat %.*s/%.*s: no such file or directory", SW_FMT(folder),
                       SW_FMT(path));
    if (st.st_size > (off_t)CODEBUILD_SPEC_BYTES)
        return sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "the buildspec is larger than %zu bytes", (size_t)CODEBUILD_SPEC_BYTES);
    return sw_file_read(cx->arena, real, CODEBUILD_SPEC_BYTES, ret, err);
}

static int spec_text(SwCtx *cx, SwCtx *role, const CodebuildBuildRecord *r, SwStr *ret, SwError *err) {
    SwStr s = r->build->source->buildspec, bucket, key;
    S3GetObjectOutput *out;
    if (sw_str_contains(s, SW_STR("\n")) || sw_str_starts(sw_str_trim(s), SW_STR("{")) ||
        sw_str_starts(sw_str_trim(s), SW_STR("version"))) {
        *ret = s;
        return 0;
    }
    if (!sw_str_starts(s, SW_STR("arn:aws:s3:::")))
        return read_spec_file(cx, r, sw_str_or(s, SW_STR("buildspec.yml")), ret, err);
    if (!codebuild_s3_location(s, &bucket, &key) || fetch(role, bucket, key, SW_NO_STR, &out, err) < 0)
        return err->kind ? -1 : sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "invalid buildspec location %.*s", SW_FMT(s));
    if (out->body.size > (int64_t)CODEBUILD_SPEC_BYTES)
        return sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "the buildspec is larger than %zu bytes", (size_t)CODEBUILD_SPEC_BYTES);
    if (out->body.data.p) {
        *ret = out->body.data;
        return 0;
    }
    char *p = sw_arena_alloc(cx->arena, (size_t)out->body.size + 1);
    ssize_t n = out->body.read ? out->body.read(out->body.arg, p, (size_t)out->body.size)
                               : pread(out->body.file, p, (size_t)out->body.size, out->body.offset);
    if (n != out->body.size)
        return sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "the buildspec cannot be read");
    *ret = sw_str_n(p, (size_t)n);
    return 0;
}

SwStr codebuild_source_version(const CodebuildBuild *b, SwStr identifier) {
    for (size_t i = 0; i < b->secondary_source_versions.n; i++)
        if (sw_str_eq(b->secondary_source_versions.v[i].source_identifier, identifier))
            return b->secondary_source_versions.v[i].source_version;
    return SW_NO_STR;
}

/* What an interrupted download left. The folder itself stays: a container that was kept ready has it mounted. */
static int empty(SwArena *a, const char *folder, SwError *err) {
    const struct dirent *e;
    _sw_dir_ DIR *d = opendir(folder);
    while (d && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && sw_rm_tree(sw_path(a, folder, e->d_name), err) < 0)
            return -1;
    return 0;
}

int codebuild_download(SwCtx *cx, CodebuildBuildRecord *r, CodebuildSpec *ret, SwStr *ret_version, SwError *err) {
    const CodebuildBuild *b = r->build;
    SwCtx *role;
    SwStr text, ignored;
    *ret_version = SW_NO_STR;
    if (codebuild_as_role(cx, r, &role, err) < 0 ||
        empty(cx->arena, codebuild_folder(cx->host, cx->arena, codebuild_uuid(b->id), "output"), err) < 0)
        return -1;
    if (r->pipeline) {
        if (pipeline_inputs(cx, role, r, ret_version, err) < 0)
            return -1;
    } else {
        if (one(cx, role, r, b->source, SW_STR(""), b->source_version, ret_version, err) < 0)
            return -1;
        for (size_t i = 0; i < b->secondary_sources.n; i++) {
            SwStr id = b->secondary_sources.v[i].source_identifier;
            if (one(cx, role, r, &b->secondary_sources.v[i], id, codebuild_source_version(b, id), &ignored, err) < 0)
                return -1;
        }
    }
    /* kept for the artifacts: the build may change its own copy */
    if (spec_text(cx, role, r, &text, err) < 0 ||
        sw_file_write(codebuild_folder(cx->host, cx->arena, codebuild_uuid(b->id), "buildspec"), text, 0600, err) < 0)
        return -1;
    return codebuild_spec_parse(cx->arena, text, ret, err);
}
