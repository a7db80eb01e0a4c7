/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The arithmetic of rolling deployments, apart from everything else. */

#include "base/base.h"
#include "base/time.h"

typedef struct EcsRoll { /* a service as its scheduler sees it */
    int64_t desired;
    int64_t minimum_percent, maximum_percent;
    int64_t primary; /* tasks of the PRIMARY deployment that run or will */
    int64_t primary_healthy;
    int64_t old; /* those of all other deployments */
    int64_t old_healthy;
} EcsRoll;

typedef struct EcsRollPlan {
    int64_t start;        /* new tasks of the PRIMARY deployment */
    int64_t stop_old;     /* healthy ones of others that may go; unhealthy ones always may */
    int64_t stop_primary; /* too many */
} EcsRollPlan;

/* Between ceil(desired * minimum) healthy and floor(desired * maximum) running or pending tasks. */
EcsRollPlan ecs_roll(const EcsRoll *r);
/* Failures at which the circuit breaker trips: half of the desired count, rounded up, at least 3,
 * at most 200. */
int64_t ecs_breaker_threshold(int64_t desired);
/* How long to wait before the next start after so many failures in a row: 0 for the first three,
 * then doubling to 5 min. */
SwTime ecs_start_delay(int64_t consecutive);
