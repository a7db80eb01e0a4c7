/* SPDX-License-Identifier: Apache-2.0 */
/* A task's life.
 *
 *   PROVISIONING   its network is made (a task that joins none begins as PENDING)
 *   PENDING        images are unpacked, containers started in the order of their dependencies
 *   ACTIVATING     its targets are registered (only with load balancers)
 *   RUNNING        containers are watched: an essential one's end stops the task
 *   DEACTIVATING   its targets are deregistered and drain: it still serves what is in flight
 *   STOPPING       containers get their stop signal, dependents first
 *   DEPROVISIONING the last lines of its logs are stored, then containers, network and volumes go
 *   STOPPED        shown for an hour, then deleted
 *
 * Any state before RUNNING turns to STOPPING when desiredStatus becomes STOPPED. Each step reads
 * the task, acts outside the store, and saves only if nobody wrote the task meanwhile (its
 * `version`); otherwise it runs again: all acts are idempotent by the task's and containers' ids.
 */

#include "task_pass.h"

void ecs_pass_again(EcsPass *p, SwTime at) {
    if (!p->again || at < p->again)
        p->again = at;
}

static bool in_state(const EcsPass *p, const char *state) {
    return ecs_is(p->t->task->last_status, state);
}

void ecs_pass_state(EcsPass *p, const char *state) {
    p->t->task->last_status = sw_str(state);
    p->changed = true;
}

bool ecs_pass_stopping(const EcsPass *p) {
    return ecs_is(p->t->task->desired_status, "STOPPED");
}

static int load(EcsPass *p, SwError *err) {
    if (sw_ctx_begin(p->cx, SW_READ, err) < 0)
        return -1;
    int n = ecs_tasks_find(p->cx->tx, p->id, &p->t, err);
    sw_ctx_rollback(p->cx);
    p->version = n == 0 && p->t ? SW_OR(p->t->task->version, 0) : 0;
    return n;
}

/* Store p->t, with what `also` does in the same transaction. On a conflict nothing is written. */
int ecs_pass_save(EcsPass *p, EcsInTx *also, SwError *err) {
    SwCtx *cx = p->cx;
    EcsTaskRecord *stored;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (ecs_tasks_find(cx->tx, p->id, &stored, err) < 0)
        goto failed;
    if (!stored || SW_OR(stored->task->version, 0) != p->version) {
        sw_ctx_rollback(cx);
        p->conflict = true;
        return 0;
    }
    if (also && also(p, err) < 0)
        goto failed;
    if (ecs_task_store(cx, p->t, err) < 0)
        goto failed;
    if (p->t->service_arn.n &&
        sw_wake(cx, &ecs_service_controller, ecs_service_key(cx->arena, p->t->cluster_name, p->t->service_name), 0, err) < 0)
        goto failed;
    SW_CRASH_POINT("ecs.task.before_commit");
    if (sw_ctx_commit(cx, err) < 0)
        return -1;
    SW_CRASH_POINT("ecs.task.after_commit");
    p->version = SW_OR(p->t->task->version, 0);
    p->changed = false;
    return 0;
failed:
    sw_ctx_rollback(cx);
    return -1;
}

void ecs_pass_fail(EcsPass *p, SwStr reason) {
    bool fargate = ecs_is(p->t->task->launch_type, "FARGATE");
    ecs_task_stop(p->t, sw_now(p->cx), ECS_TASK_STOP_CODE_TASK_FAILED_TO_START,
                  fargate ? reason : SW_STR("Task failed to start"));
    p->changed = true;
}

/* ---- the step ---- */

static const struct {
    const char *state;
    bool down;
    EcsInTx *act;
} table[] = {
    {"PROVISIONING", false, ecs_task_provision},    {"PENDING", false, ecs_task_bring_up},
    {"ACTIVATING", false, ecs_task_activate},       {"RUNNING", false, ecs_task_watch},
    {"PROVISIONING", true, ecs_task_begin_down},    {"PENDING", true, ecs_task_begin_down},
    {"ACTIVATING", true, ecs_task_begin_down},      {"RUNNING", true, ecs_task_begin_down},
    {"DEACTIVATING", true, ecs_task_drain},         {"STOPPING", true, ecs_task_stop_containers},
    {"DEPROVISIONING", true, ecs_task_deprovision}, {"STOPPED", true, ecs_task_expire},
};

static EcsInTx *action_of(const EcsPass *p) {
    for (size_t i = 0; i < SW_N(table); i++)
        if (table[i].down == ecs_pass_stopping(p) && in_state(p, table[i].state))
            return table[i].act;
    return NULL;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    EcsPass p = {.cx = cx, .id = id};
    if (load(&p, err) < 0)
        return -1;
    if (!p.t)
        return 0;
    for (SwStr before = SW_NO_STR; !p.conflict && !sw_str_eq(before, p.t->task->last_status);) {
        EcsInTx *act = action_of(&p);
        if (SW_NEVER(!act))
            return sw_fail(err, &SW_INTERNAL_FAILURE, "a task in state %.*s", SW_FMT(p.t->task->last_status));
        before = p.t->task->last_status;
        bool down = ecs_pass_stopping(&p);
        p.again = 0;
        if (act(&p, err) < 0)
            return -1;
        if (!down && ecs_pass_stopping(&p))
            before = SW_NO_STR; /* the way has turned */
    }
    ret->again = p.conflict ? sw_now(cx) : p.again;
    ret->waiting = !p.conflict;
    return 0;
}

static int wake_self(EcsPass *p, SwError *err) {
    return sw_wake(p->cx, &ecs_task_controller, p->id, 0, err);
}

/* What cannot be started for want of memory stops; what cannot be stopped is tried again. */
static int failed(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    EcsPass p = {.cx = cx, .id = id};
    SwStr reason = sw_strf(cx->arena, "CannotStartContainerError: %s", why);
    if (load(&p, err) < 0)
        return -1;
    if (!p.t)
        return 0;
    if (!ecs_task_stop(p.t, sw_now(cx), ECS_TASK_STOP_CODE_TASK_FAILED_TO_START, reason))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "a task that cannot be stopped");
    if (ecs_pass_save(&p, wake_self, err) < 0)
        return -1;
    return p.conflict ? sw_fail(err, &SW_INTERNAL_FAILURE, "the task was written meanwhile") : 0;
}

const SwController ecs_task_controller = {.name = "ecs/task", .kind = SW_STEP_SLOW, .step = step, .failed = failed};
