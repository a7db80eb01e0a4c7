/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: what is asked for. A handler writes the task and wakes its controller (task_controller.c),
 * which does the rest. */

#include "ecs.h"

#include "base/id.h"

SwStr ecs_task_id(const EcsTaskRecord *t) {
    return ecs_short_name(t->task->task_arn);
}

bool ecs_is_checked(const EcsContainerDefinition *d) {
    return d->health_check && !ecs_is(d->health_check->command.v[0], "NONE");
}

int ecs_tasks_of(SwCtx *cx, const char *index, SwStr value, EcsTaskRecords *ret, SwError *err) {
    SwDocQuery q = {.index = index, .equals = {value}};
    return ecs_tasks_list(cx->tx, &q, ret, err);
}

bool ecs_task_stop(EcsTaskRecord *t, SwTime now, SwStr code, SwStr reason) {
    if (ecs_is(t->task->desired_status, "STOPPED"))
        return false;
    t->task->desired_status = SW_STR("STOPPED");
    t->task->stop_code = code;
    t->task->stopped_reason = reason;
    t->task->stopping_at = SW_SOME_TIME(now);
    return true;
}

static EcsTask *shown(SwCtx *cx, const EcsTaskRecord *t) {
    EcsTask *x = sw_new(cx->arena, EcsTask);
    *x = *t->task;
    sw_list_present(cx->arena, &x->attachments);
    sw_list_present(cx->arena, &x->containers);
    sw_list_present(cx->arena, &x->tags);
    return x;
}

/* With a new version, so that its controller, if it is at work, does not write over the tags. */
static int tagged(SwCtx *cx, const SwFound *f, SwError *err) {
    EcsTask *k = ecs_task_found(f)->task;
    k->version = SW_SOME_INT(SW_OR(k->version, 0) + 1);
    return sw_wake(cx, &ecs_task_controller, f->id, 0, err);
}

const SwResourceHooks ecs_task_hooks = {.tagged = tagged};

int ecs_task_store(SwCtx *cx, EcsTaskRecord *t, SwError *err) {
    t->task->version = SW_SOME_INT(SW_OR(t->task->version, 0) + 1);
    if (ecs_task_save(cx, t, err) < 0)
        return -1;
    EcsTaskStateChange detail = {0};
    sw_shape_move(cx->arena, &ecs_shape_task_state_change, &detail, &ecs_shape_task, shown(cx, t));
    detail.updated_at = SW_SOME_TIME(sw_now(cx));
    return sw_event(cx, &ecs_event_task_state_change, t->task->task_arn, &detail, err);
}

/* ---- making one ---- */

static void override_environment(SwArena *a, EcsKeyValuePairList *env, const EcsKeyValuePairList *over) {
    for (size_t i = 0; i < over->n; i++) {
        size_t k = 0;
        while (k < env->n && !sw_str_eq(env->v[k].name, over->v[i].name))
            k++;
        if (k == env->n)
            sw_list_add(a, env);
        env->v[k] = over->v[i];
    }
}

static int apply_container(SwCtx *cx, EcsTaskDefinition *d, const EcsContainerOverride *o, SwError *err) {
    for (size_t i = 0; i < d->container_definitions.n; i++) {
        EcsContainerDefinition *c = &d->container_definitions.v[i];
        if (!sw_str_eq(c->name, o->name))
            continue;
        if (o->command.v)
            c->command = o->command;
        override_environment(cx->arena, &c->environment, &o->environment);
        if (o->environment_files.n)
            c->environment_files = o->environment_files;
        if (o->cpu.set)
            c->cpu = o->cpu;
        if (o->memory.set)
            c->memory = o->memory;
        if (o->memory_reservation.set)
            c->memory_reservation = o->memory_reservation;
        return 0;
    }
    return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                   "Override for container named %.*s is not a container in the TaskDefinition.", SW_FMT(o->name));
}

static int apply_overrides(SwCtx *cx, EcsTaskDefinition *d, const EcsTaskOverride *o, SwStr launch_type, SwError *err) {
    if (!o)
        return 0;
    for (size_t i = 0; i < o->container_overrides.n; i++)
        if (apply_container(cx, d, &o->container_overrides.v[i], err) < 0)
            return -1;
    if (o->cpu.n)
        d->cpu = o->cpu;
    if (o->memory.n)
        d->memory = o->memory;
    if (o->task_role_arn.n)
        d->task_role_arn = o->task_role_arn;
    if (o->execution_role_arn.n)
        d->execution_role_arn = o->execution_role_arn;
    int64_t cpu = 0, memory = 0;
    if ((d->cpu.n && !ecs_cpu_parse(d->cpu, &cpu)) || (d->memory.n && !ecs_memory_parse(d->memory, &memory)))
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "Invalid 'cpu' or 'memory' in overrides.");
    if (ecs_is(launch_type, "FARGATE") && !ecs_fargate_size(cpu, memory))
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "No Fargate configuration exists for given values.");
    for (size_t i = 0; i < o->container_overrides.n; i++)
        if (ecs_environment_files_check(&o->container_overrides.v[i].environment_files, d->execution_role_arn,
                                        &ECS_INVALID_PARAMETER_EXCEPTION, err) < 0)
            return -1;
    return 0;
}

static void make_containers(SwCtx *cx, EcsTaskRecord *t, SwStr id, SwStr cluster) {
    for (size_t i = 0; i < t->definition->container_definitions.n; i++) {
        const EcsContainerDefinition *d = &t->definition->container_definitions.v[i];
        EcsContainer *c = sw_list_add(cx->arena, &t->task->containers);
        SwStr uuid = sw_id_uuid(cx->arena);
        c->container_arn = sw_arn(cx, "ecs", "container/%.*s/%.*s/%.*s", SW_FMT(cluster), SW_FMT(id), SW_FMT(uuid));
        c->task_arn = t->task->task_arn;
        c->name = d->name;
        c->image = d->image;
        c->last_status = SW_STR("PENDING");
        c->cpu = sw_strf(cx->arena, "%lld", (long long)SW_OR(d->cpu, 0));
        if (d->memory.set)
            c->memory = sw_strf(cx->arena, "%lld", (long long)d->memory.v);
        if (d->memory_reservation.set)
            c->memory_reservation = sw_strf(cx->arena, "%lld", (long long)d->memory_reservation.v);
        bool checked = ecs_is_checked(d);
        c->health_status = SW_STR("UNKNOWN");
        sw_list_present(cx->arena, &c->network_interfaces);
        EcsTaskContainer *s = sw_list_add(cx->arena, &t->containers);
        s->id = sw_strf(cx->arena, "ecs-%.*s-%zu", SW_FMT(id), i);
        if (checked)
            t->task->health_status = SW_STR("UNKNOWN");
    }
}

static void make_attachment(SwCtx *cx, EcsTaskRecord *t, SwStr subnet) {
    if (!ecs_is(t->definition->network_mode, "awsvpc"))
        return;
    EcsAttachment *e = sw_list_add(cx->arena, &t->task->attachments);
    e->id = sw_id_uuid(cx->arena);
    e->type = SW_STR("ElasticNetworkInterface");
    e->status = SW_STR("PRECREATED");
    ecs_key_value_set(cx->arena, &e->details, "subnetId", subnet);
}

int ecs_task_make(SwCtx *cx, const EcsTaskPlan *p, EcsTaskRecord **ret, SwError *err) {
    SwArena *a = cx->arena;
    SwStr id = ecs_new_id(a), cluster = p->cluster->cluster->cluster_name;
    EcsTaskRecord *t = sw_new(a, EcsTaskRecord);
    EcsTask *k = t->task = sw_new(a, EcsTask);
    t->definition = sw_shape_copy(a, &ecs_shape_task_definition, p->definition->definition);
    if (apply_overrides(cx, t->definition, p->overrides, p->launch_type, err) < 0)
        return -1;
    t->account = cx->account;
    t->region = cx->region;
    t->cluster_name = cluster;
    t->cluster_arn = p->cluster->cluster->cluster_arn;
    t->service_name = p->service_name;
    t->service_arn = p->service_arn;
    t->deployment_id = p->deployment_id;
    t->credentials_id = sw_id_uuid(a);
    t->network_configuration = p->network;
    if (p->load_balancers)
        t->load_balancers = *p->load_balancers;
    *k = (EcsTask){
        .task_arn = ecs_task_arn(cx, cluster, id),
        .cluster_arn = t->cluster_arn,
        .task_definition_arn = t->definition->task_definition_arn,
        .last_status = ecs_task_joins_network(t->definition) ? SW_STR("PROVISIONING") : SW_STR("PENDING"),
        .desired_status = SW_STR("RUNNING"),
        .launch_type = p->launch_type,
        .capacity_provider_name = p->capacity_provider,
        .platform_version = p->platform_version,
        .group = p->group,
        .started_by = p->started_by,
        .cpu = t->definition->cpu,
        .memory = t->definition->memory,
        .availability_zone = ecs_zone_of(cx, p->subnet),
        .created_at = SW_SOME_TIME(sw_now(cx)),
        .enable_execute_command = SW_SOME_BOOL(false),
        .health_status = SW_STR("UNKNOWN"),
    };
    if (ecs_is(p->launch_type, "FARGATE"))
        k->platform_family = SW_STR("Linux");
    if (p->tags)
        k->tags = *p->tags;
    k->overrides = p->overrides ? p->overrides : sw_new(a, EcsTaskOverride);
    sw_list_present(a, &k->overrides->container_overrides);
    EcsAttribute *arch = sw_list_add(a, &k->attributes);
    arch->name = SW_STR("ecs.cpu-architecture");
    arch->value = SW_STR("x86_64");
    make_containers(cx, t, id, cluster);
    make_attachment(cx, t, p->subnet);
    *ret = t;
    return ecs_task_store(cx, t, err) < 0 ? -1 : sw_wake(cx, &ecs_task_controller, id, 0, err);
}

/* ---- operations ---- */

static EcsTagList tags_of(SwCtx *cx, const EcsRunTaskRequest *in, const EcsTaskDefinitionRecord *d, SwStr cluster) {
    EcsTagList tags = {0};
    if (ecs_is(in->propagate_tags, "TASK_DEFINITION"))
        ecs_tags_merge(cx->arena, &tags, &d->tags);
    ecs_tags_merge(cx->arena, &tags, &in->tags);
    if (SW_OR(in->enable_ecs_managed_tags, false)) {
        EcsTag *t = sw_list_add(cx->arena, &tags);
        t->key = SW_STR("aws:ecs:clusterName");
        t->value = cluster;
    }
    return tags;
}

/* Spread over the subnets and over the strategy's providers. */
static int make_tasks(SwCtx *cx, EcsTaskPlan *p, const EcsLaunch *launch, int64_t count, EcsRunTaskResponse *out,
                      SwError *err) {
    const EcsCapacityProviderStrategyItemList *strategy = launch->strategy;
    int64_t *made = sw_new_n(cx->arena, int64_t, strategy ? strategy->n + 1 : 1);
    for (int64_t i = 0; i < count; i++) {
        EcsTaskRecord *t;
        if (strategy) {
            size_t k = ecs_provider_pick(strategy, made);
            p->capacity_provider = strategy->v[k].capacity_provider;
            made[k]++;
        }
        if (p->network && p->network->awsvpc_configuration) {
            const SwStrList *l = &p->network->awsvpc_configuration->subnets;
            p->subnet = l->v[(size_t)i % l->n];
        }
        if (ecs_task_make(cx, p, &t, err) < 0)
            return -1;
        *sw_list_add(cx->arena, &out->tasks) = *shown(cx, t);
    }
    return 0;
}

int ecs_run_task(SwCtx *cx, const EcsRunTaskRequest *in, EcsRunTaskResponse *out, SwError *err) {
    if (sw_resource_check_tags(cx, ecs_task_resource.tag_rules, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    int64_t count = SW_OR(in->count, 1);
    if (count < 1 || count > 10)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "count must be between 1 and 10.");
    if (in->started_by.n > 128)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "startedBy can have up to 128 characters.");
    if (ecs_is(in->propagate_tags, "SERVICE"))
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "propagateTags: SERVICE is not valid for RunTask.");
    EcsTaskPlan p = {.overrides = in->overrides, .network = in->network_configuration};
    if (ecs_cluster_by_reference(cx, in->cluster, &p.cluster, err) < 0 ||
        ecs_definition_find(cx, in->task_definition, &p.definition, err) < 0)
        return -1;
    if (!p.definition)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "TaskDefinition not found.");
    EcsLaunch launch;
    if (ecs_host_access_check(cx, p.definition->definition, err) < 0 ||
        ecs_launch_choose(p.cluster, in->launch_type, &in->capacity_provider_strategy, &launch, err) < 0 ||
        ecs_launch_check(cx, p.definition->definition, launch.type, in->network_configuration, err) < 0 ||
        ecs_platform_check(in->platform_version, launch.type, err) < 0)
        return -1;
    p.launch_type = launch.type;
    sw_list_present(cx->arena, &out->failures);
    p.group = in->group.n ? in->group : sw_strf(cx->arena, "family:%.*s", SW_FMT(p.definition->family));
    p.started_by = in->started_by;
    p.platform_version = ecs_is(p.launch_type, "FARGATE") ? SW_STR("1.4.0") : SW_NO_STR;
    EcsTagList tags = tags_of(cx, in, p.definition, p.cluster->cluster->cluster_name);
    p.tags = &tags;
    sw_list_present(cx->arena, &out->tasks);
    return make_tasks(cx, &p, &launch, count, out, err);
}

int ecs_start_task(SwCtx *cx, const EcsStartTaskRequest *in, EcsStartTaskResponse *out, SwError *err) {
    EcsClusterRecord *c;
    EcsTaskDefinitionRecord *d;
    if (ecs_cluster_by_reference(cx, in->cluster, &c, err) < 0 || ecs_definition_find(cx, in->task_definition, &d, err) < 0)
        return -1;
    if (!d)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "TaskDefinition not found.");
    if (ecs_host_access_check(cx, d->definition, err) < 0)
        return -1;
    if (!in->container_instances.n || in->container_instances.n > 10)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "containerInstances must have between 1 and 10 items.");
    sw_list_present(cx->arena, &out->tasks);
    for (size_t i = 0; i < in->container_instances.n; i++) /* a cluster here has none */
        ecs_failure(cx->arena, &out->failures, in->container_instances.v[i], "MISSING");
    return 0;
}

static int find_in(SwCtx *cx, const EcsClusterRecord *c, SwStr arn, EcsTaskRecord **ret, SwError *err) {
    if (ecs_task_find_reference(cx, arn, ret, err) < 0)
        return -1;
    if (*ret && !sw_str_eq((*ret)->cluster_arn, c->cluster->cluster_arn))
        *ret = NULL;
    return 0;
}

static int get_task(SwCtx *cx, SwStr cluster, SwStr ref, EcsTaskRecord **ret, SwError *err) {
    EcsClusterRecord *c;
    if (ecs_cluster_by_reference(cx, cluster, &c, err) < 0 ||
        find_in(cx, c, ecs_asked_arn(ref, ecs_task_arn(cx, c->cluster->cluster_name, ref)), ret, err) < 0)
        return -1;
    return *ret ? 0 : sw_resource_fail(cx, &ecs_task_resource, &ecs_task_resource.missing, ref, err);
}

int ecs_stop_task(SwCtx *cx, const EcsStopTaskRequest *in, EcsStopTaskResponse *out, SwError *err) {
    EcsTaskRecord *t;
    if (get_task(cx, in->cluster, in->task, &t, err) < 0)
        return -1;
    SwStr reason = sw_str_or(in->reason, SW_STR("Task stopped by user"));
    if (ecs_task_stop(t, sw_now(cx), ECS_TASK_STOP_CODE_USER_INITIATED, reason) && ecs_task_store(cx, t, err) < 0)
        return -1;
    out->task = shown(cx, t);
    return sw_wake(cx, &ecs_task_controller, ecs_task_id(t), 0, err);
}

int ecs_describe_tasks(SwCtx *cx, const EcsDescribeTasksRequest *in, EcsDescribeTasksResponse *out, SwError *err) {
    EcsClusterRecord *c;
    if (ecs_cluster_by_reference(cx, in->cluster, &c, err) < 0)
        return -1;
    if (!in->tasks.n)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "Tasks cannot be empty.");
    if (in->tasks.n > 100)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "tasks can have at most 100 items.");
    sw_list_present(cx->arena, &out->tasks);
    sw_list_present(cx->arena, &out->failures);
    for (size_t i = 0; i < in->tasks.n; i++) {
        SwStr arn = ecs_asked_arn(in->tasks.v[i], ecs_task_arn(cx, c->cluster->cluster_name, in->tasks.v[i]));
        EcsTaskRecord *t;
        if (find_in(cx, c, arn, &t, err) < 0)
            return -1;
        if (!t) {
            ecs_failure(cx->arena, &out->failures, arn, "MISSING");
            continue;
        }
        EcsTask *x = sw_list_add(cx->arena, &out->tasks);
        *x = *shown(cx, t);
        if (!ecs_has(&in->include, "TAGS"))
            x->tags = (EcsTagList){x->tags.v, 0};
    }
    return 0;
}

static int is_listed(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const EcsListTasksRequest *in = arg;
    const EcsTaskRecord *t = ecs_tasks_row(row);
    bool stopped = ecs_is(t->task->desired_status, "STOPPED");
    *ret_wanted = !ecs_is(in->desired_status, "PENDING") && /* AWS: no task's desired status is ever that */
                  stopped == ecs_is(in->desired_status, "STOPPED") &&
                  (!in->family.n || sw_str_eq(t->definition->family, in->family)) &&
                  (!in->started_by.n || sw_str_eq(t->task->started_by, in->started_by)) &&
                  (!in->launch_type.n || sw_str_eq(t->task->launch_type, in->launch_type));
    return 0;
}

static int show_arn(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = ecs_tasks_row(row)->task->task_arn;
    return 0;
}

int ecs_list_tasks(SwCtx *cx, const EcsListTasksRequest *in, EcsListTasksResponse *out, SwError *err) {
    EcsClusterRecord *c;
    EcsServiceRecord *s = NULL;
    if (ecs_cluster_by_reference(cx, in->cluster, &c, err) < 0)
        return -1;
    if (in->container_instance.n || in->daemon_name.n)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                       "containerInstance and daemonName: a cluster here has no container "
                       "instances and no daemons.");
    if (in->service_name.n && ecs_service_must(cx, in->cluster, in->service_name, &s, err) < 0)
        return -1;
    SwDocQuery q = {.index = s ? "by_service" : "by_desired",
                    .equals = {s ? s->service->service_arn : c->cluster->cluster_arn,
                               s ? SW_NO_STR : sw_str_or(in->desired_status, SW_STR("RUNNING"))}};
    return sw_page(cx, &(SwPage){.of = &ecs_tasks, .q = q, .want = is_listed, .show = show_arn, .arg = in, ECS_PAGE}, out, err);
}

int ecs_execute_command(SwCtx *cx, const EcsExecuteCommandRequest *in, EcsExecuteCommandResponse *out, SwError *err) {
    EcsTaskRecord *t;
    (void)out;
    if (get_task(cx, in->cluster, in->task, &t, err) < 0)
        return -1;
    return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                   "The execute command failed because execute command was not enabled when the "
                   "task was run: ECS Exec, which needs a session through SSM, is not supported.");
}
