/* SPDX-License-Identifier: Apache-2.0 */
/* A task's containers while they run: their ends, and the records by which their logs and health
 * checks are followed (log_controller.c, health_controller.c). */

#include "task_pass.h"

bool ecs_pass_started(const EcsPass *p, size_t i) {
    return p->t->containers.v[i].started_at.set;
}

bool ecs_pass_ended(const EcsPass *p, size_t i) {
    return ecs_is(p->t->task->containers.v[i].last_status, "STOPPED");
}

size_t ecs_pass_index(const EcsPass *p, SwStr name) {
    size_t i = 0;
    while (i < p->t->task->containers.n && !sw_str_eq(p->t->task->containers.v[i].name, name))
        i++;
    return i;
}

/* Note the ends of containers; an essential one's stops the task. */
void ecs_pass_ends(EcsPass *p) {
    for (size_t i = 0; i < p->t->containers.n; i++) {
        EcsContainer *c = &p->t->task->containers.v[i];
        SwContainerInfo info;
        if (!ecs_pass_started(p, i) || ecs_pass_ended(p, i))
            continue;
        bool there = sw_container_find(p->cx->host->runtime, p->cx->arena, p->t->containers.v[i].id, &info);
        if (there && info.state == SW_CONTAINER_RUNNING)
            continue;
        c->last_status = SW_STR("STOPPED");
        if (there && info.exit_code >= 0)
            c->exit_code = SW_SOME_INT(info.exit_code);
        else
            c->reason = SW_STR("The container's end was not seen");
        if (there && info.oom_killed)
            c->reason = SW_STR("OutOfMemoryError: Container killed due to memory usage");
        p->t->containers.v[i].finished_at = SW_SOME_TIME(there && info.finished_at ? info.finished_at : sw_now(p->cx));
        p->changed = true;
        if (SW_OR(p->t->definition->container_definitions.v[i].essential, true))
            ecs_task_stop(p->t, sw_now(p->cx), ECS_TASK_STOP_CODE_ESSENTIAL_CONTAINER_EXITED,
                          SW_STR("Essential container in task exited"));
    }
}

int ecs_task_watch(EcsPass *p, SwError *err) {
    ecs_pass_ends(p);
    return p->changed ? ecs_pass_save(p, NULL, err) : 0;
}

static int put_log(EcsPass *p, size_t i, SwError *err) {
    const EcsContainerDefinition *d = &p->t->definition->container_definitions.v[i];
    if (!d->log_configuration || !ecs_is(d->log_configuration->log_driver, "awslogs"))
        return 0;
    const SwStrMap *o = &d->log_configuration->options;
    SwStr prefix = sw_str_map_find(o, SW_STR("awslogs-stream-prefix"));
    EcsLogRecord r = {
        .account = p->t->account,
        .region = p->t->region,
        .task_id = p->id,
        .group = sw_str_map_find(o, SW_STR("awslogs-group")),
        .stream = prefix.n ? sw_strf(p->cx->arena, "%.*s/%.*s/%.*s", SW_FMT(prefix), SW_FMT(d->name), SW_FMT(p->id))
                           : p->t->containers.v[i].id,
        .create_group = SW_SOME_BOOL(ecs_is(sw_str_map_find(o, SW_STR("awslogs-create-group")), "true")),
        .role_arn = p->t->definition->execution_role_arn,
        .offset = SW_SOME_INT(0),
    };
    bool inserted;
    if (ecs_log_records_insert(p->cx->tx, p->t->containers.v[i].id, &r, &inserted, err) < 0)
        return -1;
    return sw_wake(p->cx, &ecs_log_controller, p->t->containers.v[i].id, 0, err);
}

static int put_health(EcsPass *p, size_t i, SwError *err) {
    const EcsContainerDefinition *d = &p->t->definition->container_definitions.v[i];
    if (!ecs_is_checked(d))
        return 0;
    SwTime now = sw_now(p->cx), next = now + SW_OR(d->health_check->interval, 30) * SW_S;
    EcsHealthRecord r = {.task_id = p->id,
                         .container = d->name,
                         .check = d->health_check,
                         .since = SW_SOME_TIME(now),
                         .next = SW_SOME_TIME(next),
                         .failures = SW_SOME_INT(0)};
    bool inserted;
    if (ecs_health_records_insert(p->cx->tx, p->t->containers.v[i].id, &r, &inserted, err) < 0)
        return -1;
    return sw_wake(p->cx, &ecs_health_controller, p->t->containers.v[i].id, next, err);
}

int ecs_watch_begin(EcsPass *p, SwError *err) {
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (ecs_pass_started(p, i) && (put_log(p, i, err) < 0 || (!ecs_pass_ended(p, i) && put_health(p, i, err) < 0)))
            return -1;
    return 0;
}

int ecs_watch_drop_health(EcsPass *p, SwError *err) {
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (ecs_health_records_delete(p->cx->tx, p->t->containers.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}

int ecs_watch_logs_done(EcsPass *p, bool *ret, SwError *err) {
    *ret = true;
    if (sw_ctx_begin(p->cx, SW_READ, err) < 0)
        return -1;
    int n = 0;
    for (size_t i = 0; i < p->t->containers.n && n == 0; i++) {
        EcsLogRecord *r;
        n = ecs_log_records_find(p->cx->tx, p->t->containers.v[i].id, &r, err);
        if (n == 0 && r && !SW_OR(r->done, false))
            *ret = false;
    }
    sw_ctx_rollback(p->cx);
    return n;
}

int ecs_watch_drop_logs(EcsPass *p, SwError *err) {
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (ecs_log_records_delete(p->cx->tx, p->t->containers.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}
