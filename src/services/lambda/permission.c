/* SPDX-License-Identifier: Apache-2.0 */
/* AddPermission, RemovePermission, GetPolicy: the policy of a function, of one of its versions or of an alias, a statement at a
 * time. Each of them has its own. */

#include "base/id.h"
#include "policy/policy.h"
#include "services/lambda/lambda.h"

#define POLICY_MAX (20 * 1024)

/* What a policy lies on. */
typedef struct Owner {
    SwStr arn;
    SwStr *policy, *revision;
    SwFound found;
} Owner;

static int find(SwCtx *cx, SwStr reference, SwStr qualifier, Owner *ret, SwError *err) {
    LambdaName n;
    LambdaVersion v;
    if (lambda_name(cx, reference, qualifier, &n, err) < 0 || lambda_resolve(cx, &n, &v, err) < 0)
        return -1;
    if (sw_str_eq(n.qualifier, LAMBDA_LATEST))
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "We currently do not support adding policies for $LATEST.");
    *ret = (Owner){.arn = lambda_arn(cx, n.function, n.qualifier)};
    ret->found.id =
        sw_str_is(n.qualifier) ? sw_strf(cx->arena, "%.*s:%.*s", SW_FMT(n.function), SW_FMT(n.qualifier)) : n.function;
    if (v.alias) {
        ret->found.r = &lambda_alias_resource;
        ret->found.record = v.alias;
        ret->policy = &v.alias->policy;
        ret->revision = &v.alias->alias->revision_id;
    } else if (v.published) {
        ret->found.r = &lambda_version_resource;
        ret->found.record = v.published;
        ret->policy = &v.published->policy;
        ret->revision = &v.published->configuration->revision_id;
    } else {
        ret->found.r = &lambda_function_resource;
        ret->found.record = v.function;
        ret->policy = &v.function->policy;
        ret->revision = &v.function->configuration->revision_id;
    }
    return 0;
}

static int store(SwCtx *cx, const Owner *o, SwError *err) {
    *o->revision = sw_id_uuid(cx->arena);
    return sw_resource_put(cx, &o->found, err);
}

/* ---- one statement ---- */

static SwValue principal(SwArena *a, SwStr p) {
    SwValue v = sw_value_object();
    if (sw_str_eqz(p, "*"))
        return sw_value_string(p);
    if (p.n == 12 && sw_str_all(p, "0-9"))
        sw_value_sets(a, &v, "AWS", sw_root_arn(a, p));
    else if (sw_str_starts(p, SW_STR("arn:")))
        sw_value_sets(a, &v, "AWS", p);
    else
        sw_value_sets(a, &v, "Service", p);
    return v;
}

static void condition(SwArena *a, SwValue *statement, const LambdaAddPermissionRequest *in) {
    SwValue all = sw_value_object();
    if (sw_str_is(in->source_account))
        sw_value_sets(a, sw_value_set(a, &all, SW_STR("StringEquals"), sw_value_object()), "AWS:SourceAccount",
                      in->source_account);
    if (sw_str_is(in->source_arn))
        sw_value_sets(a, sw_value_set(a, &all, SW_STR("ArnLike"), sw_value_object()), "AWS:SourceArn", in->source_arn);
    if (sw_str_is(in->source_account) || sw_str_is(in->source_arn))
        sw_value_set(a, statement, SW_STR("Condition"), all);
}

static SwValue statement(SwArena *a, const LambdaAddPermissionRequest *in, SwStr resource) {
    SwValue v = sw_value_object();
    sw_value_sets(a, &v, "Sid", in->statement_id);
    sw_value_sets(a, &v, "Effect", SW_STR("Allow"));
    sw_value_set(a, &v, SW_STR("Principal"), principal(a, in->principal));
    sw_value_sets(a, &v, "Action", in->action);
    sw_value_sets(a, &v, "Resource", resource);
    condition(a, &v, in);
    return v;
}

/* Principals and ARNs that no policy may have are told here, before they are stored. */
static int check(SwCtx *cx, SwStr document, const LambdaAddPermissionRequest *in, SwError *err) {
    const SwPolicy *p;
    SwError why = sw_error(cx->arena);
    if (document.n > POLICY_MAX)
        return sw_fail(err, &LAMBDA_POLICY_LENGTH_EXCEEDED_EXCEPTION,
                       "The final policy size (%zu) is bigger than the limit (%d).", document.n, POLICY_MAX);
    if (sw_policy_parse(cx->arena, document, SW_POLICY_RESOURCE, &p, &why) == 0)
        return 0;
    return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                   "The provided principal was invalid. Please check the principal and try again.");
}

int lambda_add_permission(SwCtx *cx, const LambdaAddPermissionRequest *in, LambdaAddPermissionResponse *out, SwError *err) {
    SwArena *a = cx->arena;
    Owner o = {0};
    if (find(cx, in->function_name, in->qualifier, &o, err) < 0 || lambda_check_revision(in->revision_id, *o.revision, err) < 0)
        return -1;
    SwValue s = statement(a, in, o.arn);
    if (!sw_policy_append(a, o.policy, s, NULL, SW_STR("default")))
        return sw_fail(err, &LAMBDA_RESOURCE_CONFLICT_EXCEPTION,
                       "The statement id (%.*s) provided already exists. Please provide a new statement id, or remove the "
                       "existing statement.",
                       SW_FMT(in->statement_id));
    if (check(cx, *o.policy, in, err) < 0)
        return -1;
    out->statement = sw_json_text(a, &s);
    return store(cx, &o, err);
}

int lambda_remove_permission(SwCtx *cx, const LambdaRemovePermissionRequest *in, void *out, SwError *err) {
    Owner o = {0};
    if (find(cx, in->function_name, in->qualifier, &o, err) < 0 || lambda_check_revision(in->revision_id, *o.revision, err) < 0)
        return -1;
    if (!sw_str_is(*o.policy))
        return sw_fail(err, &LAMBDA_RESOURCE_NOT_FOUND_EXCEPTION, "No policy is associated with the given resource.");
    if (!sw_policy_remove(cx->arena, o.policy, in->statement_id))
        return sw_fail(err, &LAMBDA_RESOURCE_NOT_FOUND_EXCEPTION, "Statement %.*s is not found in resource policy.",
                       SW_FMT(in->statement_id));
    return store(cx, &o, err);
}

int lambda_get_policy(SwCtx *cx, const LambdaGetPolicyRequest *in, LambdaGetPolicyResponse *out, SwError *err) {
    Owner o = {0};
    if (find(cx, in->function_name, in->qualifier, &o, err) < 0)
        return -1;
    if (!sw_str_is(*o.policy))
        return sw_fail(err, &LAMBDA_RESOURCE_NOT_FOUND_EXCEPTION, "The resource you requested does not exist.");
    out->policy = *o.policy;
    out->revision_id = *o.revision;
    return 0;
}
