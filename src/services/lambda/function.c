/* SPDX-License-Identifier: Apache-2.0 */
/* Functions: create, show, list, delete.
 *
 *   Pending --its code is unpacked--> Active        (LastUpdateStatus: absent, then Successful)
 *      '------it cannot be----------> Failed */

#include "base/id.h"
#include "services/lambda/lambda.h"

#define TIMEOUT 3 /* s, what is meant where nothing is said */
#define MEMORY  128
#define STORAGE 512

/* ---- create ---- */

static LambdaEnvironmentResponse *environment(SwArena *a, const LambdaEnvironment *e) {
    LambdaEnvironmentResponse *r = e && e->variables.n ? sw_new(a, LambdaEnvironmentResponse) : NULL;
    if (r)
        r->variables = e->variables;
    return r;
}

static LambdaLoggingConfig *logging(SwArena *a, const LambdaLoggingConfig *given, SwStr function) {
    LambdaLoggingConfig *l = sw_new(a, LambdaLoggingConfig);
    l->log_format = SW_STR("Text");
    l->log_group = given && sw_str_is(given->log_group) ? given->log_group : sw_strf(a, "/aws/lambda/%.*s", SW_FMT(function));
    return l;
}

static LambdaFunctionConfiguration *configuration(SwCtx *cx, const LambdaCreateFunctionRequest *in, SwStr name) {
    SwArena *a = cx->arena;
    LambdaFunctionConfiguration *c = sw_new(a, LambdaFunctionConfiguration);
    *c = (LambdaFunctionConfiguration){
        .function_name = name,
        .function_arn = lambda_function_arn(cx, name),
        .runtime = in->runtime,
        .role = in->role,
        .handler = in->handler,
        .description = sw_str_or(in->description, SW_STR("")),
        .timeout = SW_SOME_INT(SW_OR(in->timeout, TIMEOUT)),
        .memory_size = SW_SOME_INT(SW_OR(in->memory_size, MEMORY)),
        .version = LAMBDA_LATEST,
        .environment = environment(a, in->environment),
        .state = LAMBDA_STATE_PENDING,
        .state_reason = SW_STR("The function is being created."),
        .state_reason_code = SW_STR("Creating"),
        .package_type = SW_STR("Zip"),
        .architectures = in->architectures,
        .logging_config = logging(a, in->logging_config, name),
    };
    if (!c->architectures.n)
        sw_str_list_add(a, &c->architectures, sw_str(lambda_architecture()));
    c->tracing_config = sw_new(a, LambdaTracingConfigResponse);
    c->tracing_config->mode = SW_STR("PassThrough");
    c->ephemeral_storage = sw_new(a, LambdaEphemeralStorage);
    c->ephemeral_storage->size = SW_SOME_INT(in->ephemeral_storage ? SW_OR(in->ephemeral_storage->size, STORAGE) : STORAGE);
    c->snap_start = sw_new(a, LambdaSnapStartResponse);
    c->snap_start->apply_on = SW_STR("None");
    c->snap_start->optimization_status = SW_STR("Off");
    return c;
}

static int insert(SwCtx *cx, const LambdaCreateFunctionRequest *in, LambdaFunctionRecord *f, const LambdaPackage *p,
                  LambdaFunctionConfiguration *out, SwError *err) {
    SwStr name = f->function_name;
    lambda_changed(cx, f);
    lambda_code_set(cx, f, p);
    if (lambda_check_role(cx, f->configuration->role, err) < 0 ||
        lambda_function_set_tags(cx, name, f, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    *out = *f->configuration;
    if (SW_OR(in->publish, false) && lambda_publish(cx, f, SW_NO_STR, out, err) < 0)
        return -1;
    if (lambda_function_insert(cx, name, f, err) < 0 ||
        sw_blob_ref(cx->tx, p->digest, lambda_code_owner(cx->arena, name, LAMBDA_LATEST), err) < 0)
        return -1;
    return sw_wake(cx, &lambda_code_controller, name, 0, err);
}

static int check_name(SwStr name, SwError *err) {
    return name.n <= 64 ? 0
                        : sw_fail(err, &SW_VALIDATION_EXCEPTION,
                                  "1 validation error detected: Value '%.*s' at 'functionName' failed to satisfy constraint: "
                                  "Member must have length less than or equal to 64",
                                  SW_FMT(name));
}

int lambda_create_function(SwCtx *cx, const LambdaCreateFunctionRequest *in, LambdaFunctionConfiguration *out, SwError *err) {
    LambdaName n;
    LambdaPackage p;
    LambdaFunctionRecord f = {0};
    if (lambda_name(cx, in->function_name, SW_NO_STR, &n, err) < 0 || check_name(n.function, err) < 0)
        return -1;
    f.function_name = n.function;
    f.configuration = configuration(cx, in, n.function);
    if (lambda_check_settings(cx, f.configuration, err) < 0 || lambda_code_receive(cx, in->code, &p, err) < 0)
        return -1;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (insert(cx, in, &f, &p, out, err) < 0)
        return sw_ctx_rollback(cx), -1;
    return sw_ctx_commit(cx, err);
}

/* ---- what changes of code and settings share ---- */

void lambda_code_set(SwCtx *cx, LambdaFunctionRecord *f, const LambdaPackage *p) {
    f->digest = p->digest;
    f->configuration->code_size = SW_SOME_INT(p->size);
    f->configuration->code_sha256 = lambda_code_sha256(cx->arena, p->digest);
}

void lambda_changed(SwCtx *cx, LambdaFunctionRecord *f) {
    f->generation = SW_SOME_INT(SW_OR(f->generation, 0) + 1);
    f->configuration->last_modified = lambda_time(cx->arena, sw_now(cx));
    f->configuration->revision_id = sw_id_uuid(cx->arena);
}

/* ---- show ---- */

static int shown(SwCtx *cx, SwStr reference, SwStr qualifier, LambdaVersion *ret, SwError *err) {
    LambdaName n;
    return lambda_name(cx, reference, qualifier, &n, err) < 0 ? -1 : lambda_resolve(cx, &n, ret, err);
}

int lambda_get_function_configuration(SwCtx *cx, const LambdaGetFunctionConfigurationRequest *in,
                                      LambdaFunctionConfiguration *out, SwError *err) {
    LambdaVersion v;
    if (shown(cx, in->function_name, in->qualifier, &v, err) < 0)
        return -1;
    *out = *v.configuration;
    return 0;
}

int lambda_get_function(SwCtx *cx, const LambdaGetFunctionRequest *in, LambdaGetFunctionResponse *out, SwError *err) {
    SwArena *a = cx->arena;
    LambdaVersion v;
    if (shown(cx, in->function_name, in->qualifier, &v, err) < 0)
        return -1;
    out->configuration = v.configuration;
    out->tags = v.function->tags;
    out->code = sw_new(a, LambdaFunctionCodeLocation);
    out->code->repository_type = SW_STR("S3");
    if (v.function->reserved.set) {
        out->concurrency = sw_new(a, LambdaConcurrency);
        out->concurrency->reserved_concurrent_executions = SW_SOME_INT(v.function->reserved.v);
    }
    return lambda_code_location(cx, v.digest, &out->code->location, err);
}

int lambda_get_function_code_signing_config(SwCtx *cx, const LambdaGetFunctionCodeSigningConfigRequest *in,
                                            LambdaGetFunctionCodeSigningConfigResponse *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0)
        return -1;
    out->function_name = f->function_name;
    return 0;
}

/* ---- list ---- */

void lambda_list_entry(const LambdaFunctionConfiguration *c, LambdaFunctionConfiguration *to) {
    *to = *c;
    to->state = to->state_reason = to->state_reason_code = SW_NO_STR;
    to->last_update_status = to->last_update_status_reason = to->last_update_status_reason_code = SW_NO_STR;
}

static int show_function(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    lambda_list_entry(lambda_functions_row(row)->configuration, to);
    return 0;
}

static int show_item(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    LambdaFunctionConfiguration *c = to;
    lambda_list_entry(row->record, c);
    c->function_arn = lambda_arn(cx, c->function_name, c->version);
    return 0;
}

static int all_versions(SwCtx *cx, LambdaListFunctionsResponse *out, SwError *err) {
    LambdaFunctionRecords f;
    LambdaVersionRecords v;
    SwPageItems items = {0};
    if (lambda_functions_list(cx->tx, &(SwDocQuery){0}, &f, err) < 0 ||
        lambda_versions_list(cx->tx, &(SwDocQuery){0}, &v, err) < 0)
        return -1;
    for (size_t i = 0; i < f.n; i++)
        *sw_list_add(cx->arena, &items) =
            (SwPageItem){sw_strf(cx->arena, "%.*s:$LATEST", SW_FMT(f.v[i].id)), f.v[i].record->configuration};
    for (size_t i = 0; i < v.n; i++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){v.v[i].id, v.v[i].record->configuration};
    return sw_page(cx, &(SwPage){.items = items, .show = show_item, .usual = 50, .most = 50}, out, err);
}

int lambda_list_functions(SwCtx *cx, const LambdaListFunctionsRequest *in, LambdaListFunctionsResponse *out, SwError *err) {
    if (sw_str_is(in->function_version))
        return all_versions(cx, out, err);
    return sw_page(cx, &(SwPage){.of = &lambda_functions, .show = show_function, .usual = 50, .most = 50}, out, err);
}

/* ---- delete ---- */

static int drop_code(SwCtx *cx, SwStr function, SwStr version, SwStr digest, SwError *err) {
    if (sw_blob_unref(cx->tx, digest, lambda_code_owner(cx->arena, function, version), err) < 0)
        return -1;
    return sw_wake(cx, &lambda_code_remover, digest, 0, err);
}

static int delete_all(SwCtx *cx, LambdaFunctionRecord *f, SwError *err) {
    const SwDocQuery its = {.index = "by_function", .equals = {f->function_name}};
    LambdaVersionRecords l;
    if (lambda_versions_list(cx->tx, &its, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const LambdaVersionRecord *v = l.v[i].record;
        if (drop_code(cx, f->function_name, v->configuration->version, v->digest, err) < 0)
            return -1;
    }
    if (lambda_versions_delete_all(cx->tx, &its, err) < 0 || lambda_aliases_delete_all(cx->tx, &its, err) < 0 ||
        drop_code(cx, f->function_name, LAMBDA_LATEST, f->digest, err) < 0)
        return -1;
    return lambda_function_delete(cx, f->function_name, err);
}

static int check_unused(SwCtx *cx, SwStr function, SwStr version, SwError *err) {
    LambdaAliasRecords l;
    SwStrList users = {0};
    if (lambda_aliases_list(cx->tx, &(SwDocQuery){.index = "by_function", .equals = {function}}, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const LambdaAliasConfiguration *a = l.v[i].record->alias;
        if (lambda_alias_uses(a, version))
            sw_str_list_add(cx->arena, &users, a->name);
    }
    SwStr names = sw_str_join(cx->arena, users.v, users.n, SW_STR(", "));
    return users.n ? sw_fail(err, &LAMBDA_RESOURCE_CONFLICT_EXCEPTION,
                             "Version was not able to be deleted because it is in use by an alias: [%.*s]", SW_FMT(names))
                   : 0;
}

static int delete_version(SwCtx *cx, const LambdaName *n, SwError *err) {
    LambdaVersionRecord *v;
    if (!lambda_is_version(n->qualifier))
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       sw_str_eq(n->qualifier, LAMBDA_LATEST)
                           ? "$LATEST version cannot be deleted without deleting the function."
                           : "An alias is deleted by DeleteAlias.");
    if (lambda_version_get(cx, n->function, n->qualifier, &v, err) < 0 ||
        check_unused(cx, n->function, n->qualifier, err) < 0 || drop_code(cx, n->function, n->qualifier, v->digest, err) < 0)
        return -1;
    return lambda_version_delete(cx, n->function, n->qualifier, err);
}

int lambda_delete_function(SwCtx *cx, const LambdaDeleteFunctionRequest *in, LambdaDeleteFunctionResponse *out, SwError *err) {
    LambdaFunctionRecord *f;
    LambdaName n;
    if (lambda_name(cx, in->function_name, in->qualifier, &n, err) < 0 || lambda_function_get(cx, n.function, &f, err) < 0)
        return -1;
    if ((sw_str_is(n.qualifier) ? delete_version(cx, &n, err) : delete_all(cx, f, err)) < 0)
        return -1;
    cx->status = 204;
    out->status_code = SW_SOME_INT(204);
    return lambda_sandboxes_wake(cx, n.function, err);
}
