/* SPDX-License-Identifier: Apache-2.0 */
/* Container health checks: the command of a container definition, run inside it every `interval` of
 * the clock.
 *
 *   UNKNOWN -- a success --> HEALTHY -- `retries` failures in a row --> UNHEALTHY -- a success -->
 * HEALTHY
 *
 * Failures within `startPeriod` do not count, a success there does (Docker's and ECS's rule). */

#include "ecs.h"

static int run_check(SwCtx *cx, SwStr id, const EcsHealthCheck *h, bool *ret_ok, SwError *err) {
    SwExec x = {0};
    if (ecs_is(h->command.v[0], "CMD-SHELL")) {
        sw_str_list_add(cx->arena, &x.args, SW_STR("/bin/sh"));
        sw_str_list_add(cx->arena, &x.args, SW_STR("-c"));
        sw_str_list_add(cx->arena, &x.args, sw_str_join(cx->arena, h->command.v + 1, h->command.n - 1, SW_STR(" ")));
    } else {
        for (size_t i = 1; i < h->command.n; i++)
            sw_str_list_add(cx->arena, &x.args, h->command.v[i]);
    }
    int status = -1;
    SwContainerInfo info;
    if (!sw_container_find(cx->host->runtime, cx->arena, id, &info) || info.state != SW_CONTAINER_RUNNING)
        return sw_fail(err, &SW_CONTAINER_NOT_RUNNING, "not running");
    *ret_ok = sw_container_exec(cx->host->runtime, cx->arena, id, &x, SW_NO_STR, 4096, (int)SW_OR(h->timeout, 5) * 1000,
                                &status, NULL, NULL, err) == 0 &&
              status == 0;
    sw_error_reset(err); /* a check that could not be run, or took too long, is one that failed */
    return 0;
}

static void task_health(EcsTaskRecord *t) {
    SwStr all = SW_STR("UNKNOWN");
    bool unknown = false;
    for (size_t i = 0; i < t->task->containers.n; i++) {
        const EcsContainerDefinition *d = &t->definition->container_definitions.v[i];
        if (!ecs_is_checked(d) || !SW_OR(d->essential, true))
            continue;
        SwStr h = t->task->containers.v[i].health_status;
        if (ecs_is(h, "UNHEALTHY")) {
            t->task->health_status = h;
            return;
        }
        unknown |= !ecs_is(h, "HEALTHY");
        all = SW_STR("HEALTHY");
    }
    t->task->health_status = unknown ? SW_STR("UNKNOWN") : all;
}

static int set_status(SwCtx *cx, const EcsHealthRecord *h, const char *status, SwError *err) {
    EcsTaskRecord *t;
    if (ecs_tasks_find(cx->tx, h->task_id, &t, err) < 0)
        return -1;
    for (size_t i = 0; t && i < t->task->containers.n; i++) {
        EcsContainer *c = &t->task->containers.v[i];
        if (!sw_str_eq(c->name, h->container) || ecs_is(c->health_status, status))
            continue;
        c->health_status = sw_str(status);
        task_health(t);
        if (ecs_task_store(cx, t, err) < 0 || sw_wake(cx, &ecs_task_controller, h->task_id, 0, err) < 0)
            return -1;
        if (t->service_arn.n)
            return sw_wake(cx, &ecs_service_controller, ecs_service_key(cx->arena, t->cluster_name, t->service_name), 0, err);
    }
    return 0;
}

/* Count one result and say when the next check is. */
static int note(SwCtx *cx, SwStr id, bool ok, SwTime *ret_next, SwError *err) {
    EcsHealthRecord *h;
    if (ecs_health_records_find(cx->tx, id, &h, err) < 0)
        return -1;
    *ret_next = 0;
    if (!h)
        return 0;
    SwTime now = sw_now(cx);
    bool forgiven = now < h->since.v + SW_OR(h->check->start_period, 0) * SW_S;
    h->failures = SW_SOME_INT(ok ? 0 : forgiven ? h->failures.v : h->failures.v + 1);
    h->next = SW_SOME_TIME(*ret_next = now + h->check->interval.v * SW_S);
    if (ecs_health_records_put(cx->tx, id, h, err) < 0)
        return -1;
    if (ok)
        return set_status(cx, h, "HEALTHY", err);
    return h->failures.v >= h->check->retries.v ? set_status(cx, h, "UNHEALTHY", err) : 0;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    EcsHealthRecord *h;
    bool ok = false;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int n = ecs_health_records_find(cx->tx, id, &h, err);
    sw_ctx_rollback(cx);
    if (n < 0 || !h)
        return n;
    ret->waiting = true;
    if (sw_now(cx) < h->next.v) {
        ret->again = h->next.v;
        return 0;
    }
    if (run_check(cx, id, h->check, &ok, err) < 0) { /* it has ended: the task's controller deletes this record */
        sw_error_reset(err);
        return 0;
    }
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (note(cx, id, ok, &ret->again, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    return sw_ctx_commit(cx, err);
}

const SwController ecs_health_controller = {
    .name = "ecs/health",
    .kind = SW_STEP_SLOW,
    .step = step,
    .parallel = 3,
    .unfailing = "a check's record is small, and its task counts as it was judged last",
};
