/* SPDX-License-Identifier: Apache-2.0 */
/* Names of parameters, and finding them. */

#include "services/ssm/ssm.h"

#define LEVELS_MAX 15
#define RULES \
    "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths " \
    "divided by " \
    "slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"

bool ssm_name_parse(const SwCtx *cx, SwStr given, SsmName *ret_n) {
    SwArn arn;
    SwStr name = given;
    size_t colon;
    *ret_n = (SsmName){0};
    if (sw_arn_parse(given, &arn)) {
        if (!sw_str_eqz(arn.service, "ssm") || !sw_str_starts(arn.resource, SW_STR("parameter/")))
            return false;
        bool public = !arn.account.n && sw_str_eq(arn.region, cx->region) &&
                      sw_str_starts(arn.resource, SW_STR("parameter/aws/service/"));
        if (!public && !sw_arn_is_here(cx, &arn, "ssm"))
            ret_n->elsewhere = given;
        /* "parameter/a" may be a or /a; a path keeps its slash: the caller tries both. */
        name = sw_str_skip(arn.resource, sizeof("parameter") - 1);
    }
    if (sw_str_find(name, ':', &colon)) {
        ret_n->selector = sw_str_skip(name, colon + 1);
        name.n = colon;
        if (!sw_str_is(ret_n->selector))
            return false;
    }
    ret_n->name = name;
    return name.n > 0;
}

int ssm_name_check(SwStr name, SwError *err) {
    size_t slashes = 0, at;
    if (!sw_str_all(name, "a-zA-Z0-9_./-"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "%s", RULES);
    for (size_t i = 0; i < name.n; i++)
        slashes += name.p[i] == '/';
    SwStr first = sw_str_starts(name, SW_STR("/")) ? sw_str_skip(name, 1) : name;
    if (first.n >= 3 && sw_str_ieq(sw_str_n(first.p, 3), SW_STR("ssm")))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "%s", RULES);
    if (first.n >= 3 && sw_str_ieq(sw_str_n(first.p, 3), SW_STR("aws")))
        return sw_fail(err, &SW_ACCESS_DENIED_EXCEPTION, "No access to reserved parameter name: %.*s.", SW_FMT(name));
    if (sw_str_find(name, '/', &at) && at != 0)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter name must be a fully qualified name.");
    if (sw_str_ends(name, SW_STR("/")) || sw_str_contains(name, SW_STR("//")))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "%s", RULES);
    if (slashes > LEVELS_MAX)
        return sw_fail(err, &SSM_HIERARCHY_LEVEL_LIMIT_EXCEEDED_EXCEPTION, "A hierarchy can have a maximum of %d levels.",
                       LEVELS_MAX);
    return 0;
}

SwStr ssm_arn(SwCtx *cx, SwStr name) {
    return sw_arn(cx, "ssm", "parameter%s%.*s", sw_str_starts(name, SW_STR("/")) ? "" : "/", SW_FMT(name));
}

SwStr ssm_name_arn(SwCtx *cx, const SsmName *n) {
    if (n->elsewhere.p)
        return n->elsewhere;
    return ssm_is_public(n->name) ? ssm_public_arn(cx, n->name) : ssm_arn(cx, n->name);
}

SwStr ssm_history_id(SwArena *a, SwStr name, int64_t version) {
    return sw_strf(a, "%.*s:%012lld", SW_FMT(name), (long long)version);
}

/* "name" and "/name" are one parameter: the other form of a name at the root; absent where it is not at the root. */
static SwStr other_form(SwCtx *cx, SwStr name) {
    bool slash = sw_str_starts(name, SW_STR("/"));
    SwStr bare = slash ? sw_str_skip(name, 1) : name;
    if (sw_str_contains(bare, SW_STR("/")))
        return SW_NO_STR;
    return slash ? bare : sw_strf(cx->arena, "/%.*s", SW_FMT(name));
}

static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    SsmName n;
    return ref.p && ssm_name_parse(cx, ref, &n) ? ssm_name_arn(cx, &n) : SW_NO_STR;
}

const SwResourceHooks ssm_parameter_hooks = {.named = named, .arn = ssm_arn, .other_id = other_form};

int ssm_name_check_path(SwStr name, SwError *err) {
    SwStr bare = sw_str_starts(name, SW_STR("/")) ? sw_str_skip(name, 1) : name;
    if (sw_str_contains(name, SW_STR("//")) || (bare.n == name.n && sw_str_contains(name, SW_STR("/"))))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "%s", RULES);
    return 0;
}

int ssm_get(SwCtx *cx, SwStr name, SsmParameterRecord **ret_p, SwError *err) {
    return ssm_name_check_path(name, err) < 0 ? -1 : ssm_parameter_get(cx, name, ret_p, err);
}

int ssm_versions(SwCtx *cx, SwStr name, SsmParameterRecords *ret_l, SwError *err) {
    return ssm_history_list(cx->tx, &(SwDocQuery){.prefix = sw_strf(cx->arena, "%.*s:", SW_FMT(name))}, ret_l, err);
}
