/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The AWS managed policies that can be attached here. An ARN below arn:aws:iam::aws:policy/ that is not in this table
 * does not exist for us (NoSuchEntity): better than a name without statements.
 *
 * The table is made out of aws_policies.json by tools/aws-policies: policies as AWS publishes them ("AWS Managed Policy
 * Reference"), taken from the copy in moto 5.2.1 (Apache License 2.0). To add one, add it there. */

#include "base/str.h"

typedef struct IamAwsPolicy {
    const char *name, *path, *version;
    int64_t created_s, updated_s; /* since the epoch */
    const char *document;
} IamAwsPolicy;

extern const IamAwsPolicy iam_aws_policies[];
extern const size_t iam_aws_policies_count;

#define IAM_AWS_POLICIES "arn:aws:iam::aws:policy" /* what their ARNs begin with */
bool iam_is_aws_policy_arn(SwStr arn);
const IamAwsPolicy *iam_aws_policy_find(SwStr arn); /* NULL: not in the table */
SwStr iam_aws_policy_arn(SwArena *a, const IamAwsPolicy *p);
