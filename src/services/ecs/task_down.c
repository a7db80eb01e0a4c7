/* SPDX-License-Identifier: Apache-2.0 */
/* A task on its way down: targets drain, containers stop with their dependents first, and what the
 * task had on this machine goes. The states are drawn in task_controller.c. */

#include "task_pass.h"

#define DRAIN_POLL   (SW_S / 2)
#define STOP_DEFAULT 30 /* seconds between the stop signal and SIGKILL, as AWS */

int ecs_task_begin_down(EcsPass *p, SwError *err) {
    bool targets = SW_OR(p->t->registered, false) && !SW_OR(p->t->deregistered, false);
    ecs_pass_state(p, targets ? "DEACTIVATING" : "STOPPING");
    p->t->deregistered = SW_SOME_BOOL(targets);
    return ecs_pass_save(p, targets ? ecs_targets_deregister : NULL, err);
}

static bool anything_runs(const EcsPass *p) {
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (ecs_pass_started(p, i) && !ecs_pass_ended(p, i))
            return true;
    return false;
}

int ecs_task_drain(EcsPass *p, SwError *err) {
    bool still;
    ecs_pass_ends(p);
    if (ecs_targets_drain(p, &still, err) < 0)
        return -1;
    if (still && anything_runs(p)) {
        ecs_pass_again(p, sw_now(p->cx) + DRAIN_POLL);
        return p->changed ? ecs_pass_save(p, NULL, err) : 0;
    }
    ecs_pass_state(p, "STOPPING");
    return ecs_pass_save(p, NULL, err);
}

/* Whether a running container depends on container i: then i goes after it. */
static bool needed(const EcsPass *p, size_t i) {
    for (size_t k = 0; k < p->t->containers.n; k++) {
        const EcsContainerDefinition *d = &p->t->definition->container_definitions.v[k];
        for (size_t n = 0; ecs_pass_started(p, k) && !ecs_pass_ended(p, k) && n < d->depends_on.n; n++)
            if (ecs_pass_index(p, d->depends_on.v[n].container_name) == i)
                return true;
    }
    return false;
}

int ecs_task_stop_containers(EcsPass *p, SwError *err) {
    ecs_pass_ends(p);
    for (size_t i = 0; i < p->t->containers.n; i++) {
        EcsContainer *c = &p->t->task->containers.v[i];
        if (!ecs_pass_started(p, i) && !ecs_pass_ended(p, i)) {
            /* One that was started just before a crash runs, though the task does not know:
             * deleting it ends it. */
            c->last_status = SW_STR("STOPPED");
            p->changed = true;
        }
        if (ecs_pass_ended(p, i) || SW_OR(p->t->containers.v[i].stopping, false) || needed(p, i))
            continue;
        int64_t grace = SW_OR(p->t->definition->container_definitions.v[i].stop_timeout, STOP_DEFAULT);
        if (sw_container_stop(p->cx->host->runtime, p->t->containers.v[i].id, (int)grace * 1000, err) < 0)
            return -1;
        SW_CRASH_POINT("ecs.task.stop_signalled");
        p->t->containers.v[i].stopping = SW_SOME_BOOL(true);
        p->changed = true;
    }
    ecs_pass_ends(p);
    if (anything_runs(p)) {
        ecs_pass_again(p, sw_now(p->cx) + 5 * SW_S); /* its end wakes us; this is for an end that nobody told */
        return p->changed ? ecs_pass_save(p, NULL, err) : 0;
    }
    p->t->task->execution_stopped_at = SW_SOME_TIME(sw_now(p->cx));
    ecs_pass_state(p, "DEPROVISIONING");
    return ecs_pass_save(p, ecs_watch_drop_health, err);
}

int ecs_task_deprovision(EcsPass *p, SwError *err) {
    bool done;
    if (ecs_watch_logs_done(p, &done, err) < 0)
        return -1;
    if (!done) {
        ecs_pass_again(p, sw_now(p->cx) + SW_S); /* ecs/log wakes us */
        return 0;
    }
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (sw_container_delete(p->cx->host->runtime, p->t->containers.v[i].id, err) < 0)
            return -1;
    SW_CRASH_POINT("ecs.task.containers_deleted");
    if (sw_net_delete(p->cx->host->runtime, p->id, err) < 0)
        return -1;
    ecs_volumes_delete(p->cx, p->id);
    for (size_t i = 0; i < p->t->task->attachments.n; i++)
        p->t->task->attachments.v[i].status = SW_STR("DELETED");
    SwTime now = sw_now(p->cx);
    p->t->task->stopped_at = SW_SOME_TIME(now);
    p->t->expires_at = SW_SOME_TIME(now + ECS_TASK_KEPT);
    ecs_pass_state(p, "STOPPED");
    return ecs_pass_save(p, ecs_watch_drop_logs, err);
}

int ecs_task_expire(EcsPass *p, SwError *err) {
    SwTime at = p->t->expires_at.v;
    if (sw_now(p->cx) < at) {
        ecs_pass_again(p, at);
        return 0;
    }
    if (sw_ctx_begin(p->cx, SW_WRITE, err) < 0)
        return -1;
    if (ecs_tasks_delete(p->cx->tx, p->id, NULL, err) < 0) {
        sw_ctx_rollback(p->cx);
        return -1;
    }
    return sw_ctx_commit(p->cx, err);
}
