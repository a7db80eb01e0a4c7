/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of roles, users and policies, in pages: IAM alone lists them so. The rest of tags is declared. */

#include "services/iam/iam.h"

static int list(SwCtx *cx, const SwResource *r, SwStr reference, void *out, SwError *err) {
    SwStrMap *tags;
    SwPageItems items = {0};
    if (sw_op_tags(cx, (const SwResource *const[]){r, NULL}, reference, &tags, err) < 0)
        return -1;
    for (size_t k = 0; k < tags->n; k++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){tags->v[k].key, &tags->v[k]};
    return sw_page(cx, &(SwPage){.items = items, .usual = IAM_PAGE}, out, err);
}

int iam_list_role_tags(SwCtx *cx, const IamListRoleTagsRequest *in, IamListRoleTagsResponse *out, SwError *err) {
    return list(cx, &iam_role_resource, in->role_name, out, err);
}

int iam_list_user_tags(SwCtx *cx, const IamListUserTagsRequest *in, IamListUserTagsResponse *out, SwError *err) {
    return list(cx, &iam_user_resource, in->user_name, out, err);
}

int iam_list_policy_tags(SwCtx *cx, const IamListPolicyTagsRequest *in, IamListPolicyTagsResponse *out, SwError *err) {
    if (iam_check_arn(in->policy_arn, err) < 0)
        return -1;
    return list(cx, &iam_policy_resource, in->policy_arn, out, err);
}
