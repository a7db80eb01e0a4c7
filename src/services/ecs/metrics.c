/* SPDX-License-Identifier: Apache-2.0 */
/* AWS/ECS CPUUtilization and MemoryUtilization of each service, every minute of the clock: what its
 * tasks used of what they reserved, in percent, one value for each task, as AWS. */

#include "ecs.h"

#include "models/cloudwatch.gen.h"

typedef struct Sums {
    double cpu_ns, memory, cpu_reserved, memory_reserved;
} Sums;

static void add_task(SwCtx *cx, const EcsTaskRecord *t, Sums *s) {
    int64_t cpu = 0, memory = 0;
    for (size_t i = 0; i < t->containers.n; i++) {
        SwContainerStats x;
        SwError ignored = sw_error(cx->arena);
        if (sw_container_stats(cx->host->runtime, t->containers.v[i].id, &x, &ignored) < 0)
            continue;
        const EcsContainerDefinition *d = &t->definition->container_definitions.v[i];
        s->cpu_ns += (double)x.cpu_ns;
        s->memory += (double)x.memory;
        cpu += SW_OR(d->cpu, 0);
        memory += SW_OR(d->memory, SW_OR(d->memory_reservation, 0));
    }
    ecs_cpu_parse(t->definition->cpu, &cpu);
    ecs_memory_parse(t->definition->memory, &memory);
    s->cpu_reserved = (double)cpu / 1024;
    s->memory_reserved = (double)memory * SW_MIB;
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

static int measure(SwCtx *cx, SwStr key, bool *ret_more, SwError *err) {
    void *r;
    SwDocList l;
    if (sw_doc_get(cx->tx, &ecs_services, key, &r, err) < 0)
        return -1;
    EcsServiceRecord *s = r;
    *ret_more = s && !ecs_is(s->service->status, "INACTIVE");
    if (!*ret_more)
        return 0;
    if (ecs_tasks_of(cx, "by_service", s->service->service_arn, &l, err) < 0)
        return -1;
    CloudwatchPutMetricDataInput in = {.namespace = SW_STR("AWS/ECS")};
    typeof(s->usage) fresh = {0};
    SwTime now = sw_now(cx);
    for (size_t i = 0; i < l.n; i++) {
        const EcsTaskRecord *t = l.v[i].record;
        Sums x = {0};
        if (!ecs_is(t->task->last_status, "RUNNING"))
            continue;
        add_task(cx, t, &x);
        const EcsUsage *before = last_of(s, l.v[i].id);
        if (before && now > before->at.v && x.cpu_reserved > 0)
            add_datum(cx, s, &in.metric_data, "CPUUtilization",
                      100 * (x.cpu_ns - (double)before->cpu_ns.v) / ((double)(now - before->at.v) * x.cpu_reserved));
        if (x.memory_reserved > 0)
            add_datum(cx, s, &in.metric_data, "MemoryUtilization", 100 * x.memory / x.memory_reserved);
        *sw_list_add(cx->arena, &fresh) = (EcsUsage){l.v[i].id, SW_SOME_TIME(now), SW_SOME_INT((int64_t)x.cpu_ns)};
    }
    s->usage = fresh;
    if (in.metric_data.n && sw_call(cx, &cloudwatch_api, CLOUDWATCH_PUT_METRIC_DATA, &in, &(void *){0}, err) < 0) {
        if (!sw_error_is(err, &SW_NOT_IMPLEMENTED))
            return -1;
        sw_error_reset(err);
    }
    return ecs_service_put(cx, s, err);
}

static int step(SwCtx *cx, SwStr key, SwStep *ret, SwError *err) {
    bool more;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (measure(cx, key, &more, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    ret->waiting = true;
    ret->again = more ? sw_now(cx) + SW_MINUTE : 0;
    return sw_ctx_commit(cx, err);
}

const SwController ecs_metrics_controller = {.name = "ecs/metrics", .step = step, .parallel = 1};
