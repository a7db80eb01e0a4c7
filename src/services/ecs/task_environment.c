/* SPDX-License-Identifier: Apache-2.0 */
/* A container's environment: what ECS itself sets, files in S3, the definition's own variables, and
 * secrets out of parameters and of Secrets Manager; each overrides those before it. */

#include <unistd.h>

#include "ecs.h"

#include "api/secret.h"
#include "models/s3.gen.h"
#include "models/ssm.gen.h"

#define FILE_MAX SW_MIB /* of an environment file */

static void env_set(SwArena *a, SwStrMap *env, const char *name, SwStr value) {
    sw_str_map_set(a, env, sw_str(name), value);
}

static int parameter_missing(SwStr from, const char *why, SwError *err) {
    return sw_fail_as(err, &ecs_cannot_initialize,
                      "ResourceInitializationError: unable to pull secrets or registry auth: "
                      "execution resource retrieval failed: unable to retrieve secrets from ssm: "
                      "service call has been retried 1 time(s): %s: %.*s",
                      why, SW_FMT(from));
}

static int from_parameter(SwCtx *role, SwStr from, SwStr *ret, SwError *err) {
    if (sw_parameter_value(role, from, ret, err) == 0)
        return 0;
    return parameter_missing(from, sw_error_is(err, &SSM_PARAMETER_NOT_FOUND) ? "invalid parameters" : err->message, err);
}

static int from_secret(SwCtx *role, SwStr from, SwStr *ret, SwError *err) {
    if (sw_secret_value(role, from, ret, err) == 0)
        return 0;
    return sw_fail_as(
        err, &ecs_cannot_initialize,
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
        "unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret %.*s "
        "from secrets manager: %s: %s",
        SW_FMT(from), err->kind->code, err->message);
}

static int add_secrets(SwCtx *cx, const EcsTaskRecord *t, const EcsContainerDefinition *d, SwStrMap *env, SwError *err) {
    SwCtx *role;
    if (!d->secrets.n)
        return 0;
    if (ecs_role_ctx(cx, t->definition->execution_role_arn, &role, err) < 0)
        return -1;
    for (size_t i = 0; i < d->secrets.n; i++) {
        SwStr from = d->secrets.v[i].value_from, value;
        int r = ecs_names_secret(from) ? from_secret(role, from, &value, err) : from_parameter(role, from, &value, err);
        if (r < 0)
            return -1;
        sw_str_map_set(cx->arena, env, d->secrets.v[i].name, value);
    }
    return 0;
}

bool ecs_is_joined(const EcsTaskRecord *t, const EcsContainerDefinition *d) {
    return t->has_network.v && !SW_OR(d->disable_networking, false);
}

/* ---- environment files ---- */

bool ecs_file_arn_parse(SwStr arn, SwStr *ret_bucket, SwStr *ret_key) {
    SwArn p;
    if (!sw_arn_parse(arn, &p) || !ecs_is(p.service, "s3"))
        return false;
    *ret_key = p.resource;
    return sw_str_cut(ret_key, '/', ret_bucket) && ret_bucket->n && ret_key->n;
}

static int file_missing(SwStr from, const char *why, SwError *err) {
    return sw_fail_as(err, &ecs_cannot_initialize,
                      "ResourceInitializationError: failed to download env files: file download "
                      "command: non empty error stream: service call has been retried 1 time(s): "
                      "%s: %.*s",
                      why, SW_FMT(from));
}

/* The whole of an object; false: it is too large or cannot be read. */
static bool read_all(SwArena *a, const SwStream *s, SwStr *ret) {
    char part[16 * SW_KIB];
    ssize_t n = 0;
    int64_t at = 0;
    if (s->data.p || !s->size) {
        *ret = s->data;
        return s->data.n <= FILE_MAX;
    }
    SwBuf b = sw_buf(a, FILE_MAX);
    do {
        n = s->read ? s->read(s->arg, part, sizeof part)
                    : pread(s->file, part, (size_t)SW_MIN(s->size - at, (int64_t)sizeof part), s->offset + at);
        if (n > 0)
            sw_buf_add(&b, part, (size_t)n);
        at += n;
    } while (n > 0 && !b.full && (s->read || at < s->size));
    *ret = sw_buf_str(&b);
    return n >= 0 && !b.full;
}

/* Of several files the first that names a variable wins, so they are read from the last on. */
static int add_files(SwCtx *cx, const EcsTaskRecord *t, const EcsContainerDefinition *d, SwStrMap *env, SwError *err) {
    SwCtx *role;
    if (!d->environment_files.n)
        return 0;
    if (ecs_role_ctx(cx, t->definition->execution_role_arn, &role, err) < 0)
        return -1;
    for (size_t i = d->environment_files.n; i-- > 0;) {
        SwStr from = d->environment_files.v[i].value, text;
        S3GetObjectRequest in = {0};
        S3GetObjectOutput *out;
        if (!ecs_file_arn_parse(from, &in.bucket, &in.key))
            return file_missing(from, "invalid S3 object ARN", err);
        if (s3_call_get_object(role, &in, &out, err) < 0)
            return file_missing(from, err->kind ? err->kind->code : err->message, err);
        if (!read_all(cx->arena, &out->body, &text))
            return file_missing(from, "the file is larger than 1 MiB", err);
        ecs_environment_parse(cx->arena, text, env);
    }
    return 0;
}

/* ---- all of it ---- */

int ecs_environment(SwCtx *cx, const EcsTaskRecord *t, const EcsContainerDefinition *d, SwStr id, SwStrList *ret,
                    SwError *err) {
    SwArena *a = cx->arena;
    SwStrMap env = {0};
    env_set(a, &env, "AWS_REGION", t->region);
    env_set(a, &env, "AWS_DEFAULT_REGION", t->region);
    env_set(a, &env, "AWS_EXECUTION_ENV",
            ecs_is(t->task->launch_type, "FARGATE") ? SW_STR("AWS_ECS_FARGATE") : SW_STR("AWS_ECS_EC2"));
    bool host = ecs_is(t->definition->network_mode, "host");
    if (ecs_is_joined(t, d) || host)
        env_set(a, &env, "AWS_ENDPOINT_URL", sw_strf(a, "http://127.0.0.1:%u", cx->host->port));
    if (ecs_is_joined(t, d)) {
        env_set(a, &env, "ECS_CONTAINER_METADATA_URI_V4", sw_strf(a, ECS_METADATA "/v4/%.*s", SW_FMT(id)));
        if (t->definition->task_role_arn.n)
            env_set(a, &env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                    sw_strf(a, "/v2/credentials/%.*s", SW_FMT(t->credentials_id)));
    }
    if (add_files(cx, t, d, &env, err) < 0)
        return -1;
    for (size_t i = 0; i < d->environment.n; i++)
        sw_str_map_set(a, &env, d->environment.v[i].name, sw_str_or(d->environment.v[i].value, SW_STR("")));
    if (add_secrets(cx, t, d, &env, err) < 0)
        return -1;
    for (size_t i = 0; i < env.n; i++)
        sw_str_list_add(a, ret, sw_strf(a, "%.*s=%.*s", SW_FMT(env.v[i].key), SW_FMT(env.v[i].value)));
    return 0;
}
