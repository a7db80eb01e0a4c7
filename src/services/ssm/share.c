/* SPDX-License-Identifier: Apache-2.0 */
/* Resource policies of parameters. A parameter of the advanced tier has at most one; who changes it says which version of it he
 * knows. It has its say wherever IAM is asked about the parameter. */

#include "base/digest.h"
#include "base/id.h"
#include "policy/policy.h"
#include "resource/resource.h"
#include "services/ssm/ssm.h"

#define POLICY_BYTES 1024

static int shared(SwCtx *cx, SwStr arn, SsmParameterRecord **ret, SwError *err) {
    SsmName n;
    SwArn parsed;
    if (!sw_arn_parse(arn, &parsed) || !sw_str_eqz(parsed.service, "ssm"))
        return sw_fail(err, &SSM_RESOURCE_POLICY_INVALID_PARAMETER_EXCEPTION, "Invalid resource ARN: %.*s", SW_FMT(arn));
    if (sw_str_starts(parsed.resource, SW_STR("opsitemgroup/")))
        return sw_refuse_field(err, &SSM_RESOURCE_POLICY_INVALID_PARAMETER_EXCEPTION, "ResourceArn",
                               "there are no OpsItems here");
    if (!ssm_name_parse(cx, arn, &n) || n.selector.p)
        return sw_fail(err, &SSM_RESOURCE_POLICY_INVALID_PARAMETER_EXCEPTION, "Invalid resource ARN: %.*s", SW_FMT(arn));
    *ret = NULL;
    if (!n.elsewhere.p && ssm_parameter_find(cx, n.name, ret, err) < 0)
        return -1;
    return *ret ? 0
                : sw_fail(err, &SSM_RESOURCE_NOT_FOUND_EXCEPTION,
                          "The specified parameter to be shared could not be found: %.*s", SW_FMT(arn));
}

static int check_document(SwCtx *cx, SwStr text, SwError *err) {
    const SwPolicy *p;
    SwError why = sw_error(cx->arena);
    if (text.n > POLICY_BYTES)
        return sw_fail(err, &SSM_RESOURCE_POLICY_LIMIT_EXCEEDED_EXCEPTION, "A policy can't be greater than %d bytes in size.",
                       POLICY_BYTES);
    return sw_policy_parse(cx->arena, text, SW_POLICY_RESOURCE, &p, &why) == 0
               ? 0
               : sw_fail(err, &SSM_MALFORMED_RESOURCE_POLICY_DOCUMENT_EXCEPTION, "%s", why.message);
}

/* The policy that is there is the one that the caller knows. */
static int check_known(const SsmParameterRecord *p, SwStr id, SwStr hash, SwError *err) {
    if (!p->policy_id.p || !sw_str_eq(p->policy_id, id))
        return sw_fail(err, &SSM_RESOURCE_POLICY_NOT_FOUND_EXCEPTION,
                       "No policies with the specified policy ID and hash could be found.");
    return sw_str_eq(p->policy_hash, hash) ? 0
                                           : sw_fail(err, &SSM_RESOURCE_POLICY_CONFLICT_EXCEPTION,
                                                     "The hash provided in the call doesn't match the stored hash.");
}

int ssm_put_resource_policy(SwCtx *cx, const SsmPutResourcePolicyRequest *in, SsmPutResourcePolicyResponse *out, SwError *err) {
    SsmParameterRecord *p;
    bool update = in->policy_id.p || in->policy_hash.p;
    if (shared(cx, in->resource_arn, &p, err) < 0 || check_document(cx, in->policy, err) < 0 ||
        (update && check_known(p, in->policy_id, in->policy_hash, err) < 0))
        return -1;
    if (!sw_str_eqz(p->tier, "Advanced"))
        return sw_fail(err, &SSM_RESOURCE_POLICY_INVALID_PARAMETER_EXCEPTION,
                       "To share a parameter, it must be in the advanced parameter tier.");
    if (!update && p->policy_id.p)
        return sw_fail(err, &SSM_RESOURCE_POLICY_LIMIT_EXCEEDED_EXCEPTION, "Only one policy can be attached to a parameter.");
    p->policy = in->policy;
    p->policy_id = update ? p->policy_id : sw_id_uuid(cx->arena);
    p->policy_hash = sw_sha256_hex(cx->arena, in->policy);
    out->policy_id = p->policy_id;
    out->policy_hash = p->policy_hash;
    return ssm_parameters_put(cx->tx, p->name, p, err);
}

int ssm_get_resource_policies(SwCtx *cx, const SsmGetResourcePoliciesRequest *in, SsmGetResourcePoliciesResponse *out,
                              SwError *err) {
    SsmParameterRecord *p;
    SwPageItems all = {0};
    if (shared(cx, in->resource_arn, &p, err) < 0)
        return -1;
    SsmGetResourcePoliciesResponseEntry e = {.policy_id = p->policy_id, .policy_hash = p->policy_hash, .policy = p->policy};
    if (p->policy_id.p)
        *sw_list_add(cx->arena, &all) = (SwPageItem){e.policy_id, &e};
    return sw_page(cx, &(SwPage){.items = all, .show = ssm_show_item, .arg = &ssm_shape_get_resource_policies_response_entry},
                   out, err);
}

int ssm_delete_resource_policy(SwCtx *cx, const SsmDeleteResourcePolicyRequest *in, SsmDeleteResourcePolicyResponse *out,
                               SwError *err) {
    SsmParameterRecord *p;
    if (shared(cx, in->resource_arn, &p, err) < 0 || check_known(p, in->policy_id, in->policy_hash, err) < 0)
        return -1;
    p->policy = p->policy_id = p->policy_hash = SW_NO_STR;
    return ssm_parameters_put(cx->tx, p->name, p, err);
}
