/* SPDX-License-Identifier: Apache-2.0 */
/* The list of services: one line each. Order is that of opening; closing is the reverse. */

#include "api/service.h"

/* Each line ends in a backslash, the empty one ends the list: so two branches that add a service merge by themselves. */
#define SERVICES(X) \
    X(slipway) \
    X(logs) \
    X(iam) \
    X(kms) \
    X(sts) \
    X(ec2) \
    X(ecr) \
    X(ecs) \
    X(sqs) \
    X(sns) \
    X(events) \
    X(codepipeline) \
    X(s3) \
    X(secretsmanager) \
    X(ssm) \
    X(codecommit) \
    X(elbv2) \
    X(cloudwatch) \
    X(codebuild) \
    X(lambda) \
    X(tagging) \
    X(cloudcontrol)

#define DECLARE(name) extern const SwService sw_service_##name;
SERVICES(DECLARE)

#define ENTRY(name) &sw_service_##name,
const SwService *const sw_services[] = {SERVICES(ENTRY) NULL};
