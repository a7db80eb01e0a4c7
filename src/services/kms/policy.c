/* SPDX-License-Identifier: Apache-2.0 */
/* Key policies. A key always has one, named "default"; nobody does anything with the key that it does not allow. */

#include "policy/policy.h"
#include "services/kms/kms.h"

#define POLICY_BYTES 32768

SwStr kms_policy_default(SwCtx *cx) {
    SwStr root = sw_root_arn(cx->arena, cx->account);
    return sw_strf(cx->arena,
                   "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n"
                   "    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n"
                   "      \"AWS\" : \"%.*s\"\n    },\n    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}",
                   SW_FMT(root));
}

SwStr kms_policy_managed(SwCtx *cx, SwStr service) {
    SwStr root = sw_root_arn(cx->arena, cx->account);
    return sw_strf(
        cx->arena,
        "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"auto-%.*s-1\",\n  \"Statement\" : [ {\n"
        "    \"Sid\" : \"Allow access through the service for all principals in the account that are authorized to use it\",\n"
        "    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : \"*\"\n    },\n"
        "    \"Action\" : [ \"kms:Encrypt\", \"kms:Decrypt\", \"kms:ReEncrypt*\", \"kms:GenerateDataKey*\", "
        "\"kms:CreateGrant\", "
        "\"kms:DescribeKey\" ],\n    \"Resource\" : \"*\",\n    \"Condition\" : {\n      \"StringEquals\" : {\n"
        "        \"kms:CallerAccount\" : \"%.*s\",\n        \"kms:ViaService\" : \"%.*s.%.*s.amazonaws.com\"\n      }\n    }\n"
        "  }, {\n    \"Sid\" : \"Allow direct access to key metadata to the account\",\n    \"Effect\" : \"Allow\",\n"
        "    \"Principal\" : {\n      \"AWS\" : \"%.*s\"\n    },\n"
        "    \"Action\" : [ \"kms:Describe*\", \"kms:Get*\", \"kms:List*\", \"kms:RevokeGrant\" ],\n    \"Resource\" : \"*\"\n"
        "  } ]\n}",
        SW_FMT(service), SW_FMT(cx->account), SW_FMT(service), SW_FMT(cx->region), SW_FMT(root));
}

/* Who asks, as the policy sees it: may it still write the policy of this key afterwards? */
static bool locks_out(SwCtx *cx, SwStr arn, const SwPolicy *p) {
    const SwPrincipal *who = &cx->principal;
    const SwPolicyKey account = {SW_STR("kms:CallerAccount"), &cx->account, 1};
    SwPolicyQuery q = {.action = SW_STR("kms:PutKeyPolicy"),
                       .resource = arn,
                       .principal = who->arn,
                       .account = cx->account,
                       .id = who->id,
                       .key = &account,
                       .n_key = 1,
                       .arena = cx->arena};
    if (who->kind == SW_PRINCIPAL_SERVICE)
        return false;
    if (who->kind == SW_PRINCIPAL_ROLE)
        q.role = sw_arn_global(cx, "iam", "role/%.*s", SW_FMT(who->name));
    return sw_policy_evaluate(p, &q, NULL) != SW_POLICY_ALLOW;
}

int kms_policy_check(SwCtx *cx, SwStr arn, SwStr policy, bool bypass, SwError *err) {
    const SwPolicy *p;
    if (policy.n > POLICY_BYTES)
        return sw_fail(err, &KMS_LIMIT_EXCEEDED_EXCEPTION, "The key policy is longer than %d bytes", POLICY_BYTES);
    if (sw_policy_parse(cx->arena, policy, SW_POLICY_RESOURCE, &p, err) < 0)
        return sw_refuse_as(err, &KMS_MALFORMED_POLICY_DOCUMENT_EXCEPTION, "%s", err->message);
    return !bypass && locks_out(cx, arn, p)
               ? sw_fail(err, &KMS_MALFORMED_POLICY_DOCUMENT_EXCEPTION,
                         "The new key policy will not allow you to update the key policy in the future.")
               : 0;
}

static int check_name(SwStr name, SwError *err) {
    return !sw_str_is(name) || sw_str_eqz(name, "default") ? 0
                                                           : sw_fail(err, &KMS_NOT_FOUND_EXCEPTION, "No such policy exists");
}

int kms_put_key_policy(SwCtx *cx, const KmsPutKeyPolicyRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    if (kms_key_to_change(cx, in->key_id, &k, err) < 0 || check_name(in->policy_name, err) < 0 ||
        kms_check_not_pending(cx, k, err) < 0 ||
        kms_policy_check(cx, kms_arn(cx, k), in->policy, in->bypass_policy_lockout_safety_check.v, err) < 0)
        return -1;
    k->policy = in->policy;
    return kms_key_save(cx, k, err);
}

int kms_get_key_policy(SwCtx *cx, const KmsGetKeyPolicyRequest *in, KmsGetKeyPolicyResponse *out, SwError *err) {
    KmsKeyRecord *k;
    if (kms_key_of(cx, in->key_id, &k, err) < 0 || check_name(in->policy_name, err) < 0)
        return -1;
    out->policy = k->policy;
    out->policy_name = SW_STR("default");
    return 0;
}

static int show_name(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = row->id;
    return 0;
}

int kms_list_key_policies(SwCtx *cx, const KmsListKeyPoliciesRequest *in, KmsListKeyPoliciesResponse *out, SwError *err) {
    KmsKeyRecord *k;
    SwPageItem only = {SW_STR("default"), "default"};
    if (kms_key_of(cx, in->key_id, &k, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.items = {&only, 1}, .show = show_name, .usual = 100, .most = 1000}, out, err);
}
