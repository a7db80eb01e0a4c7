/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a function: $LATEST has them at once, and says InProgress until the code is unpacked. */

#include "services/lambda/lambda.h"

int lambda_check_ready(const LambdaFunctionRecord *f, SwError *err) {
    const LambdaFunctionConfiguration *c = f->configuration;
    if (sw_str_eq(c->state, LAMBDA_STATE_PENDING))
        return sw_fail(
            err, &LAMBDA_RESOURCE_CONFLICT_EXCEPTION,
            "The operation cannot be performed at this time. The function is currently in the following state: Pending");
    if (sw_str_eq(c->last_update_status, LAMBDA_LAST_UPDATE_STATUS_IN_PROGRESS))
        return sw_fail(err, &LAMBDA_RESOURCE_CONFLICT_EXCEPTION,
                       "The operation cannot be performed at this time. An update is in progress for resource: %.*s",
                       SW_FMT(c->function_arn));
    return 0;
}

static int store(SwCtx *cx, LambdaFunctionRecord *f, SwError *err) {
    LambdaFunctionConfiguration *c = f->configuration;
    lambda_changed(cx, f);
    c->last_update_status = LAMBDA_LAST_UPDATE_STATUS_IN_PROGRESS;
    c->last_update_status_reason = SW_STR("The function is being updated.");
    c->last_update_status_reason_code = SW_NO_STR;
    if (lambda_function_put(cx, f->function_name, f, err) < 0 ||
        sw_wake(cx, &lambda_code_controller, f->function_name, 0, err) < 0)
        return -1;
    return lambda_sandboxes_wake(cx, f->function_name, err);
}

/* ---- code ---- */

static int replace_code(SwCtx *cx, LambdaFunctionRecord *f, const LambdaPackage *p, SwError *err) {
    SwStr owner = lambda_code_owner(cx->arena, f->function_name, LAMBDA_LATEST), old = f->digest;
    if (sw_str_eq(old, p->digest))
        return 0;
    if (sw_blob_unref(cx->tx, old, owner, err) < 0 || sw_blob_ref(cx->tx, p->digest, owner, err) < 0 ||
        sw_wake(cx, &lambda_code_remover, old, 0, err) < 0)
        return -1;
    lambda_code_set(cx, f, p);
    return 0;
}

static int update_code(SwCtx *cx, const LambdaUpdateFunctionCodeRequest *in, const LambdaPackage *p,
                       LambdaFunctionConfiguration *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0 || lambda_check_ready(f, err) < 0 ||
        lambda_check_revision(in->revision_id, f->configuration->revision_id, err) < 0)
        return -1;
    if (in->architectures.n)
        f->configuration->architectures = in->architectures;
    if (lambda_check_settings(cx, f->configuration, err) < 0)
        return -1;
    if (SW_OR(in->dry_run, false)) {
        lambda_code_set(cx, f, p);
        *out = *f->configuration;
        return 0;
    }
    if (replace_code(cx, f, p, err) < 0 || store(cx, f, err) < 0)
        return -1;
    *out = *f->configuration;
    if (!SW_OR(in->publish, false))
        return 0;
    return lambda_publish(cx, f, SW_NO_STR, out, err) < 0 ? -1 : lambda_function_put(cx, f->function_name, f, err);
}

int lambda_update_function_code(SwCtx *cx, const LambdaUpdateFunctionCodeRequest *in, LambdaFunctionConfiguration *out,
                                SwError *err) {
    LambdaFunctionRecord *ignored;
    LambdaPackage p;
    const LambdaFunctionCode code = {.zip_file = in->zip_file,
                                     .s3_bucket = in->s3_bucket,
                                     .s3_key = in->s3_key,
                                     .s3_object_version = in->s3_object_version};
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int there = lambda_function_named(cx, in->function_name, &ignored, err);
    sw_ctx_rollback(cx);
    if (there < 0 || lambda_code_receive(cx, &code, &p, err) < 0 || sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (update_code(cx, in, &p, out, err) < 0)
        return sw_ctx_rollback(cx), -1;
    return sw_ctx_commit(cx, err);
}

/* ---- settings ---- */

static void apply(SwArena *a, const LambdaUpdateFunctionConfigurationRequest *in, LambdaFunctionConfiguration *c) {
    c->role = sw_str_or(in->role, c->role);
    c->handler = sw_str_or(in->handler, c->handler);
    c->runtime = sw_str_or(in->runtime, c->runtime);
    c->description = in->description.p ? in->description : c->description;
    c->timeout = in->timeout.set ? in->timeout : c->timeout;
    c->memory_size = in->memory_size.set ? in->memory_size : c->memory_size;
    if (in->environment) {
        c->environment = in->environment->variables.n ? sw_new(a, LambdaEnvironmentResponse) : NULL;
        if (c->environment)
            c->environment->variables = in->environment->variables;
    }
    if (in->ephemeral_storage && in->ephemeral_storage->size.set)
        c->ephemeral_storage->size = in->ephemeral_storage->size;
    if (in->logging_config && sw_str_is(in->logging_config->log_group))
        c->logging_config->log_group = in->logging_config->log_group;
}

int lambda_update_function_configuration(SwCtx *cx, const LambdaUpdateFunctionConfigurationRequest *in,
                                         LambdaFunctionConfiguration *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0 || lambda_check_ready(f, err) < 0 ||
        lambda_check_revision(in->revision_id, f->configuration->revision_id, err) < 0)
        return -1;
    apply(cx->arena, in, f->configuration);
    if (lambda_check_settings(cx, f->configuration, err) < 0 ||
        (sw_str_is(in->role) && lambda_check_role(cx, in->role, err) < 0) || store(cx, f, err) < 0)
        return -1;
    *out = *f->configuration;
    return 0;
}
