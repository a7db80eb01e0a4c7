/* SPDX-License-Identifier: Apache-2.0 */
/* Looking AWS managed policies up. See aws_policies.h. */

#include "services/iam/aws_policies.h"

bool iam_is_aws_policy_arn(SwStr arn) {
    return sw_str_starts(arn, SW_STR(IAM_AWS_POLICIES "/"));
}

const IamAwsPolicy *iam_aws_policy_find(SwStr arn) {
    if (!iam_is_aws_policy_arn(arn))
        return NULL;
    SwStr rest = sw_str_skip(arn, sizeof(IAM_AWS_POLICIES) - 1);
    for (size_t i = 0; i < iam_aws_policies_count; i++) {
        const IamAwsPolicy *p = &iam_aws_policies[i];
        SwStr path = sw_str(p->path);
        if (sw_str_starts(rest, path) && sw_str_eqz(sw_str_skip(rest, path.n), p->name))
            return p;
    }
    return NULL;
}

SwStr iam_aws_policy_arn(SwArena *a, const IamAwsPolicy *p) {
    return sw_strf(a, IAM_AWS_POLICIES "%s%s", p->path, p->name);
}
