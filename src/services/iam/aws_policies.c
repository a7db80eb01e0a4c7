/* SPDX-License-Identifier: Apache-2.0 */
/* Looking AWS managed policies up. See aws_policies.h. */

#include "services/iam/aws_policies.h"

#define ARN_PREFIX "arn:aws:iam::aws:policy"

bool iam_is_aws_policy_arn(SwStr arn) {
    return sw_str_starts(arn, SW_STR(ARN_PREFIX "/"));
}

const IamAwsPolicy *iam_aws_policy_find(SwStr arn) {
    if (!iam_is_aws_policy_arn(arn))
        return NULL;
    SwStr rest = sw_str_skip(arn, sizeof(ARN_PREFIX) - 1);
    for (size_t i = 0; i < iam_aws_policies_count; i++) {
        const IamAwsPolicy *p = &iam_aws_policies[i];
        SwStr path = sw_str(p->path);
        if (sw_str_starts(rest, path) && sw_str_eqz(sw_str_skip(rest, path.n), p->name))
            return p;
    }
    return NULL;
}

SwStr iam_aws_policy_arn(SwArena *a, const IamAwsPolicy *p) {
    return sw_strf(a, ARN_PREFIX "%s%s", p->path, p->name);
}
