/* SPDX-License-Identifier: Apache-2.0 */
/* What inputs call functions by, and what that is: $LATEST, a published version, or an alias that leads to one of two. */

#include "base/id.h"
#include "services/lambda/lambda.h"

bool lambda_is_version(SwStr q) {
    return sw_str_is(q) && sw_str_all(q, "0-9");
}

SwStr lambda_arn(SwCtx *cx, SwStr function, SwStr qualifier) {
    return sw_str_is(qualifier) ? sw_arn(cx, "lambda", "function:%.*s:%.*s", SW_FMT(function), SW_FMT(qualifier))
                                : sw_arn(cx, "lambda", "function:%.*s", SW_FMT(function));
}

static int not_found(SwStr arn, SwError *err) {
    return sw_fail(err, &LAMBDA_RESOURCE_NOT_FOUND_EXCEPTION, "Function not found: %.*s", SW_FMT(arn));
}

/* "function:NAME:Q", "NAME:Q"; `rest` is what remains of an ARN. */
static bool split(SwStr rest, LambdaName *ret) {
    SwStr part;
    if (sw_str_starts(rest, SW_STR("function:")))
        rest = sw_str_skip(rest, 9);
    ret->qualifier = SW_NO_STR;
    ret->function = rest;
    if (sw_str_cut(&rest, ':', &part)) {
        ret->function = part;
        ret->qualifier = rest;
    }
    return sw_str_is(ret->function) && sw_str_all(ret->function, "a-zA-Z0-9_-");
}

static int of_account(SwCtx *cx, SwStr account, SwStr whole, SwError *err) {
    return sw_str_eq(account, cx->account) ? 0 : not_found(whole, err);
}

static int in_region(SwCtx *cx, SwStr region, SwError *err) {
    return sw_str_eq(region, cx->region)
               ? 0
               : sw_fail(err, &LAMBDA_RESOURCE_NOT_FOUND_EXCEPTION,
                         "Functions from '%.*s' are not reachable in this region ('%.*s')", SW_FMT(region), SW_FMT(cx->region));
}

int lambda_name(SwCtx *cx, SwStr reference, SwStr qualifier, LambdaName *ret, SwError *err) {
    SwArn arn;
    SwStr rest = reference, account = SW_NO_STR;
    if (sw_arn_parse(reference, &arn)) {
        if (!sw_str_eqz(arn.service, "lambda"))
            return not_found(reference, err);
        if (in_region(cx, arn.region, err) < 0 || of_account(cx, arn.account, reference, err) < 0)
            return -1;
        rest = arn.resource;
    } else if (reference.n > 12 && reference.p[12] == ':' && sw_str_all(sw_str_n(reference.p, 12), "0-9")) {
        (void)sw_str_cut(&rest, ':', &account);
        if (of_account(cx, account, reference, err) < 0)
            return -1;
    }
    if (!split(rest, ret))
        return not_found(reference, err);
    if (sw_str_is(ret->qualifier) && sw_str_is(qualifier) && !sw_str_eq(ret->qualifier, qualifier))
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "The derived qualifier from the function name does not match the specified qualifier.");
    ret->qualifier = sw_str_or(ret->qualifier, qualifier);
    return 0;
}

int lambda_function_named(SwCtx *cx, SwStr reference, LambdaFunctionRecord **ret, SwError *err) {
    LambdaName n;
    return lambda_name(cx, reference, SW_NO_STR, &n, err) < 0 ? -1 : lambda_function_get(cx, n.function, ret, err);
}

/* ---- versions ---- */

/* The alias's own version has what the others leave over. */
static SwStr choose(const LambdaAliasConfiguration *a) {
    double at = (double)(sw_id_u64() >> 11) / (double)(1ULL << 53);
    const LambdaAliasRoutingConfiguration *r = a->routing_config;
    for (size_t i = 0; r && i < r->additional_version_weights.n; i++) {
        if (at < r->additional_version_weights.v[i].value.v)
            return r->additional_version_weights.v[i].key;
        at -= r->additional_version_weights.v[i].value.v;
    }
    return a->function_version;
}

static int find_published(SwCtx *cx, SwStr function, SwStr version, SwStr shown, LambdaVersion *ret, SwError *err) {
    if (lambda_version_find(cx, function, version, &ret->published, err) < 0)
        return -1;
    if (!ret->published)
        return not_found(lambda_arn(cx, function, shown), err);
    ret->configuration = sw_new(cx->arena, LambdaFunctionConfiguration);
    *ret->configuration = *ret->published->configuration;
    ret->digest = ret->published->digest;
    return 0;
}

static int resolve(SwCtx *cx, const LambdaName *name, bool route, LambdaVersion *ret, SwError *err) {
    SwStr version = name->qualifier;
    bool latest = !sw_str_is(version) || sw_str_eq(version, LAMBDA_LATEST);
    *ret = (LambdaVersion){0};
    if (lambda_function_find(cx, name->function, &ret->function, err) < 0)
        return -1;
    if (!ret->function)
        return not_found(lambda_arn(cx, name->function, version), err);
    if (!latest && !lambda_is_version(version)) {
        if (lambda_alias_find(cx, name->function, version, &ret->alias, err) < 0)
            return -1;
        if (!ret->alias)
            return not_found(lambda_arn(cx, name->function, version), err);
        version = route ? choose(ret->alias->alias) : ret->alias->alias->function_version;
        latest = sw_str_eq(version, LAMBDA_LATEST);
    }
    if (latest) {
        ret->configuration = sw_new(cx->arena, LambdaFunctionConfiguration);
        *ret->configuration = *ret->function->configuration;
        ret->digest = ret->function->digest;
    } else if (find_published(cx, name->function, version, name->qualifier, ret, err) < 0)
        return -1;
    ret->configuration->function_arn = lambda_arn(cx, name->function, name->qualifier);
    return 0;
}

int lambda_resolve(SwCtx *cx, const LambdaName *name, LambdaVersion *ret, SwError *err) {
    return resolve(cx, name, /* route= */ false, ret, err);
}

int lambda_route(SwCtx *cx, const LambdaName *name, LambdaVersion *ret, SwError *err) {
    return resolve(cx, name, /* route= */ true, ret, err);
}

int lambda_check_revision(SwStr given, SwStr has, SwError *err) {
    if (!sw_str_is(given) || sw_str_eq(given, has))
        return 0;
    return sw_fail(
        err, &LAMBDA_PRECONDITION_FAILED_EXCEPTION,
        "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve "
        "the latest RevisionId");
}

/* ---- IAM ---- */

/* About which ARN is asked: with the qualifier, whichever member says it. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    SwError ignored = sw_error(cx->arena);
    const SwMember *m = sw_shape_member(op->input, SW_STR("Qualifier"));
    SwStr qualifier = m && sw_member_is_set(m, in) ? *(const SwStr *)sw_member_at(m, in) : SW_NO_STR;
    LambdaName n;
    if (lambda_name(cx, ref, qualifier, &n, &ignored) < 0)
        return SW_NO_STR;
    return lambda_arn(cx, n.function, n.qualifier);
}

const SwResourceHooks lambda_function_hooks = {.named = named};
