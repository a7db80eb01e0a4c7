/* SPDX-License-Identifier: Apache-2.0 */
/* A managed policy's document as CloudFormation's property: its default version. A change is a new version, for which the
 * oldest makes room; the policy is deleted with all of them. */

#include "resource/cfn.h"
#include "services/iam/iam.h"

#define VERSIONS_MAX 5

static int versions(SwCtx *cx, SwStr arn, IamPolicyVersionList *ret, SwError *err) {
    IamListPolicyVersionsRequest in = {.policy_arn = arn};
    IamListPolicyVersionsResponse *out;
    if (iam_call_list_policy_versions(cx, &in, &out, err) < 0)
        return -1;
    *ret = out->versions; /* newest first */
    return 0;
}

static int drop(SwCtx *cx, SwStr arn, SwStr version, SwError *err) {
    IamDeletePolicyVersionRequest in = {.policy_arn = arn, .version_id = version};
    void *out;
    return iam_call_delete_policy_version(cx, &in, &out, err);
}

/* All but the default one, or one that makes room. */
static int drop_old(SwCtx *cx, SwStr arn, bool all, SwError *err) {
    IamPolicyVersionList l;
    if (versions(cx, arn, &l, err) < 0)
        return -1;
    bool full = l.n >= VERSIONS_MAX;
    for (size_t i = l.n; i > 0 && (all || full); i--) {
        if (SW_OR(l.v[i - 1].is_default_version, false))
            continue;
        if (drop(cx, arn, l.v[i - 1].version_id, err) < 0)
            return -1;
        full = false;
    }
    return 0;
}

static int set(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want, SwError *err) {
    SwStr arn = sw_resource_arn(cx, f->r, f->id, f->record);
    if (drop_old(cx, arn, !want, err) < 0)
        return -1;
    if (!want)
        return 0;
    SwStr document = want->kind == SW_VSTRING ? want->s : sw_json_text(cx->arena, want);
    IamCreatePolicyVersionRequest in = {.policy_arn = arn, .policy_document = document, .set_as_default = SW_SOME_BOOL(true)};
    IamCreatePolicyVersionResponse *out;
    return iam_call_create_policy_version(cx, &in, &out, err);
}

static int get(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) {
    const IamPolicyRecord *r = iam_policy_found(f);
    IamGetPolicyVersionRequest in = {.policy_arn = r->policy->arn, .version_id = r->policy->default_version_id};
    IamGetPolicyVersionResponse *out;
    if (iam_call_get_policy_version(cx, &in, &out, err) < 0)
        return -1;
    *ret = (SwValue){0};
    (void)sw_cfn_get(cx, &(SwCfnShape){.kind = SW_CFN_JSON}, &(SwShape){.kind = SW_STRING}, &out->policy_version->document,
                     NULL, ret);
    return 0;
}

const SwResourceHooks iam_policy_hooks = {.cfn_get = get, .cfn_set = set};
