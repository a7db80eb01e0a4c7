/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "ecs.h"

#include "base/file.h"
#include "base/log.h"
#include "metadata.h"

static const SwRoute routes[] = {
    {.method = "GET", .path = "/v4/", .listener = "169.254.170.2", .access = SW_ACCESS_CONTAINER, .handle = ecs_metadata},
    {.method = "GET",
     .path = "/v2/credentials/",
     .listener = "169.254.170.2",
     .access = SW_ACCESS_CONTAINER,
     .handle = ecs_credentials},
};

static const SwController *const controllers[] = {&ecs_task_controller, &ecs_service_controller, &ecs_health_controller,
                                                  &ecs_log_controller,  &ecs_metrics_controller, NULL};
/* Ids are "ecs-<task>-<n>": the number of the container within its task. */
static SwStr task_of(SwStr container) {
    size_t at;
    SwStr s = sw_str_skip(container, 4);
    return sw_str_rfind(s, '-', &at) ? sw_str_n(s.p, at) : SW_NO_STR;
}

static int wake_for(SwHost *h, SwArena *a, SwStr id, SwContainerEvent event, SwError *err) {
    _sw_tx_ SwTx *tx = NULL;
    SwStr task = task_of(id);
    EcsTaskRecord *t = NULL;
    EcsLogRecord *l;
    if (sw_tx_begin(h->store, a, SW_READ, SW_STR(""), SW_STR(""), &tx, err) < 0 || ecs_log_records_find(tx, id, &l, err) < 0)
        return -1;
    if (event == SW_CONTAINER_EVENT_EXIT && ecs_tasks_find(tx, task, &t, err) < 0)
        return -1;
    if (l && sw_engine_wake(h->engine, &ecs_log_controller, l->account, l->region, id, err) < 0)
        return -1;
    return t ? sw_engine_wake(h->engine, &ecs_task_controller, t->account, t->region, task, err) : 0;
}

static void on_container(SwHost *h, SwStr id, int event) {
    if (!sw_str_starts(id, SW_STR("ecs-")))
        return;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    if (wake_for(h, a, id, (SwContainerEvent)event, &err) < 0)
        sw_log(SW_ERROR, "container event lost", SW_F("container", id), SW_F("cause", err.cause), SW_F("message", err.message));
}

/* What ended or wrote while no Slipway ran sends no event: every task that is not STOPPED looks
 * again. */
static int resume(SwCtx *cx, SwError *err) {
    const SwDocQuery all = {.any_scope = true};
    EcsTaskRecords tasks;
    EcsLogRecords logs;
    if (ecs_tasks_list(cx->tx, &all, &tasks, err) < 0 || ecs_log_records_list(cx->tx, &all, &logs, err) < 0)
        return -1;
    for (size_t i = 0; i < tasks.n; i++) {
        const EcsTaskRecord *t = tasks.v[i].record;
        cx->account = t->account;
        cx->region = t->region;
        if (!ecs_is(t->task->last_status, "STOPPED") && sw_wake(cx, &ecs_task_controller, tasks.v[i].id, 0, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < logs.n; i++) {
        const EcsLogRecord *l = logs.v[i].record;
        cx->account = l->account;
        cx->region = l->region;
        if (sw_wake(cx, &ecs_log_controller, logs.v[i].id, 0, err) < 0)
            return -1;
    }
    return 0;
}

/* A target became healthy or ill, or has drained: its services look at once, and the tasks that
 * wait for the drain. */
static int wake_service(SwCtx *cx, const EcsServiceRecordRow *row, SwError *err) {
    EcsTaskRecords tasks;
    const EcsServiceRecord *s = row->record;
    if (sw_wake(cx, &ecs_service_controller, row->id, 0, err) < 0 ||
        ecs_tasks_of(cx, "by_service", s->service->service_arn, &tasks, err) < 0)
        return -1;
    for (size_t i = 0; i < tasks.n; i++)
        if (ecs_is(tasks.v[i].record->task->last_status, "DEACTIVATING") &&
            sw_wake(cx, &ecs_task_controller, tasks.v[i].id, 0, err) < 0)
            return -1;
    return 0;
}

static int on_target_health(SwCtx *cx, const SwEvent *e, SwError *err) {
    SwValue v;
    EcsServiceRecords services;
    if (sw_json_parse(cx->arena, e->detail, &v, err) < 0)
        return -1;
    SwDocQuery q = {.index = "by_group", .equals = {sw_value_str(sw_value_getz(&v, "targetGroupArn"))}};
    if (!q.equals[0].n || ecs_services_list(cx->tx, &q, &services, err) < 0)
        return q.equals[0].n ? -1 : 0;
    for (size_t i = 0; i < services.n; i++)
        if (wake_service(cx, &services.v[i], err) < 0)
            return -1;
    return 0;
}

static const SwEventKind target_health[] = {{"aws.elasticloadbalancing", "ELB Target Health Change"}, {0}};
static const SwListener listeners[] = {{.name = "ecs/target-health", .kinds = target_health, .on_event = on_target_health}};

static int reset(SwHost *h, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    return sw_rm_tree(sw_path(a, h->config->data, "ecs"), err);
}

static const SwTarget targets[] = {{"ecs", "cluster/", ecs_deliver, NULL}};

const SwService sw_service_ecs = {
    .name = "ecs",
    .api = &ecs_api,
    .declares = &ecs_declarations,
    .handlers = ecs_handlers,
    .invalid = &ECS_INVALID_PARAMETER_EXCEPTION,
    .bad_token = {&ECS_INVALID_PARAMETER_EXCEPTION, "Invalid token."},
    .bad_limit = {&ECS_INVALID_PARAMETER_EXCEPTION, "maxResults should be between 1 and 100."},
    .routes = routes,
    .n_routes = SW_N(routes),
    .controllers = controllers,
    .collections = ecs_collections,
    .listeners = listeners,
    .n_listeners = SW_N(listeners),
    .actions = &ecs_deploy_action,
    .n_actions = 1,
    .targets = targets,
    .n_targets = SW_N(targets),
    .resume = resume,
    .reset = reset,
    .on_container = on_container,
};
