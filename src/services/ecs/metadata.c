/* SPDX-License-Identifier: Apache-2.0 */
/* What a task can ask about itself at 169.254.170.2 (ECS Developer Guide, "Task metadata endpoint
 * version 4" and "Task IAM role"). Who asks is told by the network the call came from, so that no
 * task sees another's. */

#include "ecs.h"

#include "metadata.h"

static void answer(SwCtx *cx, uint16_t status, const SwValue *v) {
    SwWireMessage *m = &cx->http->reply;
    m->status = status;
    sw_header_set(cx->arena, &m->headers, SW_STR("Content-Type"), SW_STR("application/json"));
    m->body = sw_json_text(cx->arena, v);
}

static void refuse(SwCtx *cx, uint16_t status, const char *text) {
    SwValue v = sw_value_object();
    sw_value_sets(cx->arena, &v, "code", status == 404 ? SW_STR("NotFound") : SW_STR("InternalServerError"));
    sw_value_sets(cx->arena, &v, "message", sw_str(text));
    answer(cx, status, &v);
}

static EcsTaskRecord *caller(SwCtx *cx) {
    SwError err = sw_error(cx->arena);
    EcsTaskRecord *r = NULL;
    if (!cx->net_id.n || sw_ctx_begin(cx, SW_READ, &err) < 0)
        return NULL;
    if (ecs_tasks_find(cx->tx, cx->net_id, &r, &err) < 0)
        r = NULL;
    sw_ctx_rollback(cx);
    return r;
}

static void set_time(SwArena *a, SwValue *o, const char *key, SwOptTime t) {
    if (t.set)
        sw_value_sets(a, o, key, sw_time_iso8601(a, t.v));
}

static void set_number(SwArena *a, SwValue *o, const char *key, double d) {
    sw_value_set(a, o, sw_str(key), sw_value_num(a, d));
}

static SwValue limits(SwArena *a, double cpu, int64_t memory) {
    SwValue v = sw_value_object();
    set_number(a, &v, "CPU", cpu);
    set_number(a, &v, "Memory", (double)memory);
    return v;
}

static SwValue labels(SwArena *a, const EcsTaskRecord *t, const EcsContainerDefinition *d) {
    SwValue v = sw_value_object();
    for (size_t i = 0; i < d->docker_labels.n; i++)
        sw_value_set(a, &v, d->docker_labels.v[i].key, sw_value_string(d->docker_labels.v[i].value));
    sw_value_sets(a, &v, "com.amazonaws.ecs.cluster", t->cluster_arn);
    sw_value_sets(a, &v, "com.amazonaws.ecs.container-name", d->name);
    sw_value_sets(a, &v, "com.amazonaws.ecs.task-arn", t->task->task_arn);
    sw_value_sets(a, &v, "com.amazonaws.ecs.task-definition-family", t->definition->family);
    sw_value_sets(a, &v, "com.amazonaws.ecs.task-definition-version", sw_strf(a, "%lld", (long long)t->definition->revision.v));
    return v;
}

static SwValue ports(SwArena *a, const EcsContainerDefinition *d, const EcsContainer *c) {
    SwValue l = sw_value_array();
    for (size_t i = 0; i < d->port_mappings.n; i++) {
        SwValue p = sw_value_object();
        set_number(a, &p, "ContainerPort", (double)SW_OR(d->port_mappings.v[i].container_port, 0));
        sw_value_sets(a, &p, "Protocol", d->port_mappings.v[i].protocol);
        if (i < c->network_bindings.n)
            set_number(a, &p, "HostPort", (double)SW_OR(c->network_bindings.v[i].host_port, 0));
        sw_value_add(a, &l, p);
    }
    return l;
}

static SwValue networks(SwArena *a, const EcsTaskRecord *t) {
    SwValue list = sw_value_array(), n = sw_value_object();
    sw_value_sets(a, &n, "NetworkMode", t->definition->network_mode);
    SwValue *addresses = sw_value_set(a, &n, SW_STR("IPv4Addresses"), sw_value_array());
    if (t->address.n)
        sw_value_add(a, addresses, sw_value_string(t->address));
    for (size_t i = 0; i < t->task->attachments.n; i++)
        sw_value_sets(a, &n, "MACAddress", ecs_key_value(&t->task->attachments.v[i].details, "macAddress"));
    sw_value_add(a, &list, n);
    return list;
}

static SwValue container(SwArena *a, const EcsTaskRecord *t, size_t i) {
    const EcsContainerDefinition *d = &t->definition->container_definitions.v[i];
    const EcsContainer *c = &t->task->containers.v[i];
    SwValue v = sw_value_object();
    sw_value_sets(a, &v, "DockerId", t->containers.v[i].id);
    sw_value_sets(a, &v, "Name", d->name);
    sw_value_sets(a, &v, "DockerName", t->containers.v[i].id);
    sw_value_sets(a, &v, "Image", d->image);
    sw_value_sets(a, &v, "ImageID", c->image_digest);
    sw_value_set(a, &v, SW_STR("Ports"), ports(a, d, c));
    sw_value_set(a, &v, SW_STR("Labels"), labels(a, t, d));
    sw_value_sets(a, &v, "DesiredStatus", t->task->desired_status);
    sw_value_sets(a, &v, "KnownStatus", c->last_status);
    if (c->exit_code.set)
        set_number(a, &v, "ExitCode", (double)c->exit_code.v);
    sw_value_set(a, &v, SW_STR("Limits"), limits(a, (double)SW_OR(d->cpu, 0), SW_OR(d->memory, 0)));
    set_time(a, &v, "CreatedAt", t->task->created_at);
    set_time(a, &v, "StartedAt", t->containers.v[i].started_at);
    set_time(a, &v, "FinishedAt", t->containers.v[i].finished_at);
    sw_value_sets(a, &v, "Type", SW_STR("NORMAL"));
    sw_value_sets(a, &v, "ContainerARN", c->container_arn);
    if (d->health_check) {
        SwValue h = sw_value_object();
        sw_value_sets(a, &h, "status", c->health_status);
        sw_value_set(a, &v, SW_STR("Health"), h);
    }
    if (d->log_configuration) {
        sw_value_sets(a, &v, "LogDriver", d->log_configuration->log_driver);
        SwValue *o = sw_value_set(a, &v, SW_STR("LogOptions"), sw_value_object());
        for (size_t k = 0; k < d->log_configuration->options.n; k++)
            sw_value_set(a, o, d->log_configuration->options.v[k].key,
                         sw_value_string(d->log_configuration->options.v[k].value));
    }
    sw_value_set(a, &v, SW_STR("Networks"), networks(a, t));
    return v;
}

static SwValue task(SwArena *a, const EcsTaskRecord *t) {
    SwValue v = sw_value_object();
    int64_t cpu = 0, memory = 0;
    sw_value_sets(a, &v, "Cluster", t->cluster_arn);
    sw_value_sets(a, &v, "TaskARN", t->task->task_arn);
    sw_value_sets(a, &v, "Family", t->definition->family);
    sw_value_sets(a, &v, "Revision", sw_strf(a, "%lld", (long long)t->definition->revision.v));
    sw_value_sets(a, &v, "ServiceName", t->service_name);
    sw_value_sets(a, &v, "DesiredStatus", t->task->desired_status);
    sw_value_sets(a, &v, "KnownStatus", t->task->last_status);
    if (ecs_cpu_parse(t->definition->cpu, &cpu) && ecs_memory_parse(t->definition->memory, &memory))
        sw_value_set(a, &v, SW_STR("Limits"), limits(a, (double)cpu / 1024, memory));
    set_time(a, &v, "PullStartedAt", t->task->pull_started_at);
    set_time(a, &v, "PullStoppedAt", t->task->pull_stopped_at);
    sw_value_sets(a, &v, "AvailabilityZone", t->task->availability_zone);
    sw_value_sets(a, &v, "LaunchType", t->task->launch_type);
    SwValue *l = sw_value_set(a, &v, SW_STR("Containers"), sw_value_array());
    for (size_t i = 0; i < t->task->containers.n; i++)
        sw_value_add(a, l, container(a, t, i));
    return v;
}

/* In the form of Docker's stats, as far as there are figures. */
static SwValue stats(SwCtx *cx, const EcsTaskRecord *t, size_t i) {
    SwArena *a = cx->arena;
    SwContainerStats s;
    SwError err = sw_error(a);
    SwValue v = sw_value_object();
    if (sw_container_stats(cx->host->runtime, t->containers.v[i].id, &s, &err) < 0)
        return (SwValue){.kind = SW_VNULL};
    sw_value_sets(a, &v, "read", sw_time_iso8601(a, s.read_at));
    sw_value_sets(a, &v, "name", t->task->containers.v[i].name);
    sw_value_sets(a, &v, "id", t->containers.v[i].id);
    SwValue *cpu = sw_value_set(a, &v, SW_STR("cpu_stats"), sw_value_object());
    SwValue *usage = sw_value_set(a, cpu, SW_STR("cpu_usage"), sw_value_object());
    set_number(a, usage, "total_usage", (double)s.cpu_ns);
    set_number(a, usage, "usage_in_usermode", (double)s.cpu_user_ns);
    set_number(a, usage, "usage_in_kernelmode", (double)s.cpu_system_ns);
    SwValue *memory = sw_value_set(a, &v, SW_STR("memory_stats"), sw_value_object());
    set_number(a, memory, "usage", (double)s.memory);
    set_number(a, memory, "max_usage", (double)s.memory_max_used);
    set_number(a, memory, "limit", (double)s.memory_limit);
    SwValue *pids = sw_value_set(a, &v, SW_STR("pids_stats"), sw_value_object());
    set_number(a, pids, "current", (double)s.pids);
    SwValue *networks = sw_value_set(a, &v, SW_STR("networks"), sw_value_object());
    SwValue *eth = sw_value_set(a, networks, SW_STR("eth0"), sw_value_object());
    set_number(a, eth, "rx_bytes", (double)s.net_rx);
    set_number(a, eth, "tx_bytes", (double)s.net_tx);
    return v;
}

/* /v4/CONTAINER[/task|/stats|/task/stats|/taskWithTags] */
void ecs_metadata(SwCtx *cx) {
    SwArena *a = cx->arena;
    EcsTaskRecord *t = caller(cx);
    if (!t) {
        refuse(cx, 404, "No task is known for this network.");
        return;
    }
    SwStr rest = sw_str_skip(cx->http->m.path, strlen("/v4/")), id;
    if (!sw_str_cut(&rest, '/', &id)) {
        id = rest;
        rest = SW_STR("");
    }
    size_t i = 0;
    while (i < t->containers.n && !sw_str_eq(t->containers.v[i].id, id))
        i++;
    if (i == t->containers.n) {
        refuse(cx, 404, "V4 metadata handler: unable to find the container.");
        return;
    }
    SwValue v;
    if (!rest.n) {
        v = container(a, t, i);
    } else if (ecs_is(rest, "task") || ecs_is(rest, "taskWithTags")) {
        v = task(a, t);
        SwValue *tags = ecs_is(rest, "task") ? NULL : sw_value_set(a, &v, SW_STR("TaskTags"), sw_value_object());
        for (size_t k = 0; tags && k < t->task->tags.n; k++)
            sw_value_set(a, tags, t->task->tags.v[k].key, sw_value_string(t->task->tags.v[k].value));
    } else if (ecs_is(rest, "stats")) {
        v = stats(cx, t, i);
    } else if (ecs_is(rest, "task/stats")) {
        v = sw_value_object();
        for (size_t k = 0; k < t->containers.n; k++)
            sw_value_set(a, &v, t->containers.v[k].id, stats(cx, t, k));
    } else {
        refuse(cx, 404, "There is no such metadata path.");
        return;
    }
    answer(cx, 200, &v);
}

/* /v2/credentials/ID: keys of the task's role, for the task that asks and no other. */
void ecs_credentials(SwCtx *cx) {
    SwArena *a = cx->arena;
    SwError err = sw_error(a);
    EcsTaskRecord *t = caller(cx);
    SwStr id = sw_str_skip(cx->http->m.path, strlen("/v2/credentials/"));
    if (!t || !sw_str_eq(id, t->credentials_id) || !t->definition->task_role_arn.n || !cx->host->auth.credentials) {
        refuse(cx, 404, "CredentialsV2Request: Credentials not found");
        return;
    }
    SwCtx *own = sw_ctx_new(cx->host, a, t->account, t->region, "ecs-tasks");
    SwStr role = t->definition->task_role_arn, key, secret, token;
    if (!sw_str_starts(role, SW_STR("arn:")))
        role = sw_arn_global(own, "iam", "role/%.*s", SW_FMT(role));
    SwTime expires;
    SwStr session = ecs_task_id(t);
    if (own->host->auth.credentials(own, role, session, SW_HOUR, &key, &secret, &token, &expires, &err) < 0) {
        refuse(cx, 500, err.message);
        return;
    }
    SwValue v = sw_value_object();
    sw_value_sets(a, &v, "RoleArn", role);
    sw_value_sets(a, &v, "AccessKeyId", key);
    sw_value_sets(a, &v, "SecretAccessKey", secret);
    sw_value_sets(a, &v, "Token", token);
    sw_value_sets(a, &v, "Expiration", sw_time_iso8601(a, expires));
    answer(cx, 200, &v);
}
