/* SPDX-License-Identifier: Apache-2.0 */
/* The list of services: one line each. Order is that of opening; closing is the reverse. */

#include "api/service.h"

#define SERVICES(X) \
    X(slipway)                          \
    X(logs)                             \
    X(iam)                              \
    X(sts)                              \
    X(ec2)                              \
    X(ecr)                              \
    X(ecs)

#define DECLARE(name) extern const SwService sw_service_##name;
SERVICES(DECLARE)

#define ENTRY(name) &sw_service_##name,
const SwService *const sw_services[] = {SERVICES(ENTRY) NULL};
