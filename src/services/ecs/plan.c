/* SPDX-License-Identifier: Apache-2.0 */
/* See plan.h. Percentages are of the desired count: the minimum is rounded up, the maximum down
 * (ECS API reference, DeploymentConfiguration). */

#include "plan.h"

EcsRollPlan ecs_roll(const EcsRoll *r) {
    EcsRollPlan p = {0};
    int64_t minimum = (r->desired * r->minimum_percent + 99) / 100;
    int64_t maximum = r->desired * r->maximum_percent / 100;
    int64_t total = r->primary + r->old, healthy = r->primary_healthy + r->old_healthy;

    if (r->primary > r->desired)
        p.stop_primary = r->primary - r->desired;
    p.start = SW_MIN(r->desired - r->primary, maximum - total);
    p.start = SW_MAX(p.start, 0);
    p.stop_old = SW_MIN(r->old_healthy, SW_MAX(healthy - minimum, 0));
    return p;
}

int64_t ecs_breaker_threshold(int64_t desired) {
    int64_t half = (desired + 1) / 2;
    return SW_MIN(SW_MAX(half, 3), 200);
}

SwTime ecs_start_delay(int64_t consecutive) {
    if (consecutive <= 3)
        return 0;
    int64_t doublings = SW_MIN(consecutive - 4, 6);
    return SW_MIN(5 * SW_S << doublings, 5 * SW_MINUTE);
}
