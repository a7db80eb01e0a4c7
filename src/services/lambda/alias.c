/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases: a name for a version, or for two of them by weight. */

#include "base/id.h"
#include "services/lambda/lambda.h"

static int check_version(SwCtx *cx, SwStr function, SwStr version, SwError *err) {
    LambdaVersionRecord *v = NULL;
    if (sw_str_eq(version, LAMBDA_LATEST))
        return 0;
    if (lambda_version_find(cx, function, version, &v, err) < 0)
        return -1;
    SwStr arn = lambda_arn(cx, function, version);
    return v ? 0 : sw_fail(err, &LAMBDA_RESOURCE_NOT_FOUND_EXCEPTION, "Function not found: %.*s", SW_FMT(arn));
}

static int bad_routing(SwError *err, const char *why) {
    return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION, "%s", why);
}

static int check_routing(SwCtx *cx, SwStr function, const LambdaAliasConfiguration *a, SwError *err) {
    const LambdaAliasRoutingConfiguration *r = a->routing_config;
    if (!r || !r->additional_version_weights.n)
        return 0;
    if (r->additional_version_weights.n > 1)
        return bad_routing(err, "Number of items in AdditionalVersionWeights cannot be greater than 1");
    SwStr version = r->additional_version_weights.v[0].key;
    if (sw_str_eq(a->function_version, LAMBDA_LATEST) || sw_str_eq(version, LAMBDA_LATEST))
        return bad_routing(err, "$LATEST is not supported for an alias pointing to more than 1 version");
    if (sw_str_eq(a->function_version, version))
        return bad_routing(err, "Invalid function version: the additional version is the alias's own");
    return check_version(cx, function, version, err);
}

/* None is what an empty one asks for. */
static LambdaAliasRoutingConfiguration *routing(LambdaAliasRoutingConfiguration *r) {
    return r && r->additional_version_weights.n ? r : NULL;
}

bool lambda_alias_uses(const LambdaAliasConfiguration *a, SwStr version) {
    const LambdaAliasRoutingConfiguration *r = a->routing_config;
    for (size_t i = 0; r && i < r->additional_version_weights.n; i++)
        if (sw_str_eq(r->additional_version_weights.v[i].key, version))
            return true;
    return sw_str_eq(a->function_version, version);
}

int lambda_create_alias(SwCtx *cx, const LambdaCreateAliasRequest *in, LambdaAliasConfiguration *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0)
        return -1;
    LambdaAliasRecord r = {.function_name = f->function_name, .alias = sw_new(cx->arena, LambdaAliasConfiguration)};
    *r.alias = (LambdaAliasConfiguration){.alias_arn = lambda_arn(cx, f->function_name, in->name),
                                          .name = in->name,
                                          .function_version = in->function_version,
                                          .description = sw_str_or(in->description, SW_STR("")),
                                          .routing_config = routing(in->routing_config),
                                          .revision_id = sw_id_uuid(cx->arena)};
    if (check_version(cx, f->function_name, in->function_version, err) < 0 ||
        check_routing(cx, f->function_name, r.alias, err) < 0 ||
        lambda_alias_insert(cx, f->function_name, in->name, &r, err) < 0)
        return -1;
    *out = *r.alias;
    return 0;
}

static int get(SwCtx *cx, SwStr function, SwStr name, LambdaAliasRecord **ret, SwError *err) {
    LambdaName n;
    return lambda_name(cx, function, SW_NO_STR, &n, err) < 0 ? -1 : lambda_alias_get(cx, n.function, name, ret, err);
}

int lambda_get_alias(SwCtx *cx, const LambdaGetAliasRequest *in, LambdaAliasConfiguration *out, SwError *err) {
    LambdaAliasRecord *r;
    if (get(cx, in->function_name, in->name, &r, err) < 0)
        return -1;
    *out = *r->alias;
    return 0;
}

int lambda_update_alias(SwCtx *cx, const LambdaUpdateAliasRequest *in, LambdaAliasConfiguration *out, SwError *err) {
    LambdaAliasRecord *r;
    if (get(cx, in->function_name, in->name, &r, err) < 0 ||
        lambda_check_revision(in->revision_id, r->alias->revision_id, err) < 0)
        return -1;
    r->alias->function_version = sw_str_or(in->function_version, r->alias->function_version);
    r->alias->description = in->description.p ? in->description : r->alias->description;
    if (in->routing_config)
        r->alias->routing_config = routing(in->routing_config);
    r->alias->revision_id = sw_id_uuid(cx->arena);
    if (check_version(cx, r->function_name, r->alias->function_version, err) < 0 ||
        check_routing(cx, r->function_name, r->alias, err) < 0)
        return -1;
    *out = *r->alias;
    return lambda_alias_put(cx, r->function_name, in->name, r, err);
}

/* What is not there is deleted, as on AWS; of a function that is. */
int lambda_delete_alias(SwCtx *cx, const LambdaDeleteAliasRequest *in, void *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0)
        return -1;
    return lambda_alias_delete(cx, f->function_name, in->name, err);
}

static int want(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret, SwError *err) {
    const LambdaListAliasesRequest *in = arg;
    *ret = !sw_str_is(in->function_version) || lambda_alias_uses(lambda_aliases_row(row)->alias, in->function_version);
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(LambdaAliasConfiguration *)to = *lambda_aliases_row(row)->alias;
    return 0;
}

int lambda_list_aliases(SwCtx *cx, const LambdaListAliasesRequest *in, LambdaListAliasesResponse *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0)
        return -1;
    SwPage p = {.of = &lambda_aliases,
                .q = {.index = "by_function", .equals = {f->function_name}},
                .want = want,
                .show = show,
                .arg = in,
                .usual = 50,
                .most = 50};
    return sw_page(cx, &p, out, err);
}
