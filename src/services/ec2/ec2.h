/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* EC2 as far as other services need it: the default VPC that every account has in every region. Nothing is stored: ids
 * are digests of account, region and kind, so they are the same for ever. */

#include "api/host.h"
#include "models/ec2_resources.gen.h"

#define EC2_SUBNETS  3 /* in zones a, b and c: 172.31.0.0/20, 172.31.16.0/20, 172.31.32.0/20 */
#define EC2_VPC_CIDR "172.31.0.0/16"

/* network.c: what there is, each list whole */
SwStr ec2_id(SwCtx *cx, const char *kind, int n);   /* "vpc" -> vpc-0123456789abcdef0 */
SwStr ec2_zone(SwCtx *cx, int n);                   /* us-east-1a */
SwStr ec2_zone_id(SwArena *a, SwStr region, int n); /* use1-az1 */

/* select.c: ids, filters, pages; the same for every kind of resource */
typedef struct Ec2FilterPath {
    const char *filter, *path;
} Ec2FilterPath; /* path of member names through the shape */
typedef struct Ec2Kind {
    const SwShape *shape;
    const char *id, *prefix; /* member "VpcId", prefix "vpc-" or NULL */
    const char *what;        /* "vpc ID", as AWS's messages have it */
    const SwErrorKind *not_found, *malformed;
    const Ec2FilterPath *filters; /* ended by {NULL} */
} Ec2Kind;
typedef struct Ec2Select {
    const SwStrList *ids;
    const Ec2FilterList *filters;
    SwOptBool dry_run;
    SwOptInt max_results;
} Ec2Select;
/* Leaves in `list` (of kind's structures) what was asked for; a page of it, when `out` is the output that the list is of. */
int ec2_select(SwCtx *cx, const Ec2Kind *k, const Ec2Select *s, void *list, void *out, SwError *err) sw_must_check;
int ec2_dry_run(SwOptBool dry_run, SwError *err) sw_must_check;

extern const SwErrorKind EC2_INVALID_TOKEN, EC2_INVALID_PARAMETER_VALUE, EC2_INVALID_VPC_ID_NOT_FOUND,
    EC2_INVALID_VPC_ID_MALFORMED;
