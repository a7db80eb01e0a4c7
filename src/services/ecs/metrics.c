/* SPDX-License-Identifier: Apache-2.0 */
/* AWS/ECS CPUUtilization and MemoryUtilization of each service, every minute of the clock: what its
 * tasks used of what they reserved, in percent, one value for each task, as AWS. Which tasks run is looked up in a
 * snapshot; what they used is read while no transaction is open. */

#include "ecs.h"

#include "models/cloudwatch.gen.h"

/* A running task of the service, as it was found; its usage is read when no transaction is open. */
typedef struct Measured {
    SwStr id;
    const EcsTaskRecord *t;
    double cpu_ns, memory, cpu_reserved, memory_reserved;
} Measured;
typedef struct MeasuredList {
    Measured *v;
    size_t n;
} MeasuredList;

static void measure(SwCtx *cx, Measured *m) {
    const EcsTaskRecord *t = m->t;
    int64_t cpu = 0, memory = 0;
    for (size_t i = 0; i < t->containers.n; i++) {
        SwContainerStats x;
        SwError ignored = sw_error(cx->arena);
        if (sw_container_stats(cx->host->runtime, t->containers.v[i].id, &x, &ignored) < 0)
            continue;
        const EcsContainerDefinition *d = &t->definition->container_definitions.v[i];
        m->cpu_ns += (double)x.cpu_ns;
        m->memory += (double)x.memory;
        cpu += SW_OR(d->cpu, 0);
        memory += SW_OR(d->memory, SW_OR(d->memory_reservation, 0));
    }
    ecs_cpu_parse(t->definition->cpu, &cpu);
    ecs_memory_parse(t->definition->memory, &memory);
    m->cpu_reserved = (double)cpu / 1024;
    m->memory_reserved = (double)memory * SW_MIB;
}

static void add_datum(SwCtx *cx, const EcsServiceRecord *s, CloudwatchMetricDatumList *l, const char *name, double value) {
    CloudwatchMetricDatum *d = sw_list_add(cx->arena, l);
    *d = (CloudwatchMetricDatum){.metric_name = sw_str(name),
                                 .timestamp = SW_SOME_TIME(sw_now(cx)),
                                 .value = SW_SOME_DOUBLE(value),
                                 .unit = SW_STR("Percent")};
    *sw_list_add(cx->arena, &d->dimensions) = (CloudwatchDimension){SW_STR("ServiceName"), s->service->service_name};
    *sw_list_add(cx->arena, &d->dimensions) = (CloudwatchDimension){SW_STR("ClusterName"), s->cluster_name};
}

/* CPU time since the last minute, of this task; absent the first time. */
static const EcsUsage *last_of(const EcsServiceRecord *s, SwStr id) {
    for (size_t i = 0; i < s->usage.n; i++)
        if (sw_str_eq(s->usage.v[i].id, id))
            return &s->usage.v[i];
    return NULL;
}

/* NULL: gone, or soon. */
static int find(SwCtx *cx, SwStr key, EcsServiceRecord **ret_s, SwError *err) {
    SwFound f;
    if (sw_resource_find(cx, &ecs_service_resource, key, &f, err) < 0)
        return -1;
    *ret_s = ecs_service_found(&f);
    return 0;
}

/* In a snapshot. *ret_idle: no task runs, and none was measured before. */
static int running(SwCtx *cx, SwStr key, MeasuredList *l, bool *ret_more, bool *ret_idle, SwError *err) {
    EcsServiceRecord *s;
    EcsTaskRecords tasks;
    if (find(cx, key, &s, err) < 0)
        return -1;
    *ret_more = s != NULL;
    if (!s)
        return 0;
    if (ecs_tasks_of(cx, "by_service", s->service->service_arn, &tasks, err) < 0)
        return -1;
    for (size_t i = 0; i < tasks.n; i++) {
        const EcsTaskRecord *t = tasks.v[i].record;
        if (ecs_is(t->task->last_status, "RUNNING"))
            *(Measured *)sw_list_add(cx->arena, l) = (Measured){.id = tasks.v[i].id, .t = t};
    }
    *ret_idle = l->n == 0 && s->usage.n == 0;
    return 0;
}

static int store(SwCtx *cx, SwStr key, const MeasuredList *l, SwTime now, SwError *err) {
    EcsServiceRecord *s;
    CloudwatchPutMetricDataInput in = {.namespace = SW_STR("AWS/ECS")};
    if (find(cx, key, &s, err) < 0)
        return -1;
    if (!s)
        return 0;
    typeof(s->usage) fresh = {0};
    for (size_t i = 0; i < l->n; i++) {
        const Measured *x = &l->v[i];
        const EcsUsage *before = last_of(s, x->id);
        if (before && now > before->at.v && x->cpu_reserved > 0)
            add_datum(cx, s, &in.metric_data, "CPUUtilization",
                      100 * (x->cpu_ns - (double)before->cpu_ns.v) / ((double)(now - before->at.v) * x->cpu_reserved));
        if (x->memory_reserved > 0)
            add_datum(cx, s, &in.metric_data, "MemoryUtilization", 100 * x->memory / x->memory_reserved);
        *sw_list_add(cx->arena, &fresh) = (EcsUsage){x->id, SW_SOME_TIME(now), SW_SOME_INT((int64_t)x->cpu_ns)};
    }
    s->usage = fresh;
    if (in.metric_data.n && sw_call(cx, &cloudwatch_api, CLOUDWATCH_PUT_METRIC_DATA, &in, &(void *){0}, err) < 0) {
        if (!sw_error_is(err, &SW_NOT_IMPLEMENTED))
            return -1;
        sw_error_reset(err);
    }
    return ecs_service_store(cx, s, err);
}

static int step(SwCtx *cx, SwStr key, SwStep *ret, SwError *err) {
    MeasuredList l = {0};
    bool more = false, idle = true;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = running(cx, key, &l, &more, &idle, err);
    sw_ctx_rollback(cx);
    if (r < 0)
        return -1;
    ret->waiting = true;
    ret->again = more ? sw_now(cx) + SW_MINUTE : 0;
    if (idle)
        return 0;
    SwTime now = sw_now(cx);
    for (size_t i = 0; i < l.n; i++)
        measure(cx, &l.v[i]);
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || store(cx, key, &l, now, err) < 0)
        return -1;
    return sw_ctx_commit(cx, err);
}

const SwController ecs_metrics_controller = {
    .name = "ecs/metrics",
    .step = step,
    .parallel = 1,
    .unfailing = "a minute without figures is all that is lost; the next one is read anew",
};
