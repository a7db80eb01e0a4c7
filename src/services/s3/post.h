/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Uploads by a form of a browser (POST Object): post.c takes them, post_policy.c judges the policy they come with. */

#include "services/s3/s3.h"

typedef struct S3PostRange {
    int64_t min, max;
} S3PostRange; /* of the file's size */

/* A policy in base64 against the fields of its form: expiration, every condition but the file's size, and that each
 * field is covered. Pure. */
int s3_post_policy_check(SwStr policy, const SwHeaderList *fields, SwStr bucket, SwTime now, S3PostRange *ret_range,
                         SwError *err) sw_must_check;
