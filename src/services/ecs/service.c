/* SPDX-License-Identifier: Apache-2.0 */
/* Services: what should run. The scheduler (service_controller.c) brings it about. */

#include "ecs.h"

#include "base/id.h"
#include "models/cloudwatch.gen.h"
#include "models/elbv2.gen.h"

static int invalid(SwError *err, const char *text) {
    return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "%s", text);
}

static bool is_kept(SwCtx *cx, const void *record) {
    (void)cx;
    return !ecs_is(((const EcsServiceRecord *)record)->service->status, "INACTIVE");
}

const SwResourceHooks ecs_service_hooks = {.exists = is_kept};

int ecs_service_named(SwCtx *cx, SwStr cluster_ref, SwStr ref, EcsServiceRecord **ret, SwError *err) {
    EcsClusterRecord *c;
    EcsServiceRecord *r = NULL;
    if (ecs_cluster_by_reference(cx, cluster_ref, &c, err) < 0)
        return -1;
    SwStr cluster = c->cluster->cluster_name, arn = ecs_asked_arn(ref, ecs_service_arn(cx, cluster, ref));
    SwStr id = sw_resource_id(cx, &ecs_service_resource, arn);
    if (id.p && ecs_services_find(cx->tx, id, &r, err) < 0)
        return -1;
    *ret = r;
    if (r && !sw_str_eq((*ret)->cluster_name, cluster))
        *ret = NULL;
    return 0;
}

int ecs_service_must(SwCtx *cx, SwStr cluster_ref, SwStr ref, EcsServiceRecord **ret, SwError *err) {
    if (ecs_service_named(cx, cluster_ref, ref, ret, err) < 0)
        return -1;
    return *ret ? 0 : sw_resource_fail(cx, &ecs_service_resource, &ecs_service_resource.missing, ref, err);
}

int ecs_service_store(SwCtx *cx, EcsServiceRecord *s, SwError *err) {
    s->status = s->service->status;
    return ecs_service_save(cx, s, err);
}

void ecs_service_say(SwCtx *cx, EcsServiceRecord *s, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr text = sw_strfv(cx->arena, fmt, ap);
    va_end(ap);
    EcsServiceEventList l = {0};
    EcsServiceEvent *e = sw_list_add(cx->arena, &l);
    e->id = sw_id_uuid(cx->arena);
    e->created_at = SW_SOME_TIME(sw_now(cx));
    e->message = sw_strf(cx->arena, "(service %.*s) %.*s", SW_FMT(s->service->service_name), SW_FMT(text));
    for (size_t i = 0; i < s->service->events.n && l.n < ECS_EVENTS_MAX; i++)
        *sw_list_add(cx->arena, &l) = s->service->events.v[i];
    s->service->events = l;
}

static bool is_pending(const EcsTask *t) {
    return ecs_is(t->last_status, "PROVISIONING") || ecs_is(t->last_status, "PENDING") || ecs_is(t->last_status, "ACTIVATING");
}

/* Counts as they are now, from the tasks themselves. */
static int show(SwCtx *cx, EcsServiceRecord *s, bool tags, EcsService *out, SwError *err) {
    EcsTaskRecords l;
    if (ecs_tasks_of(cx, "by_service", s->service->service_arn, &l, err) < 0)
        return -1;
    *out = *s->service;
    int64_t running = 0, pending = 0;
    for (size_t i = 0; i < out->deployments.n; i++) {
        EcsDeployment *d = &out->deployments.v[i];
        int64_t r = 0, p = 0;
        for (size_t k = 0; k < l.n; k++) {
            const EcsTaskRecord *t = l.v[k].record;
            if (!sw_str_eq(t->deployment_id, d->id))
                continue;
            r += ecs_is(t->task->last_status, "RUNNING");
            p += is_pending(t->task) && !ecs_is(t->task->desired_status, "STOPPED");
        }
        const EcsDeploymentState *st = ecs_deployment_state(s, d->id);
        d->running_count = SW_SOME_INT(r);
        d->pending_count = SW_SOME_INT(p);
        d->failed_tasks = SW_SOME_INT(st ? SW_OR(st->failures, 0) : 0);
        if (d->capacity_provider_strategy.n) /* as AWS: the one or the other is shown */
            d->launch_type = SW_NO_STR;
        running += r;
        pending += p;
    }
    out->running_count = SW_SOME_INT(running);
    out->pending_count = SW_SOME_INT(pending);
    if (out->capacity_provider_strategy.n)
        out->launch_type = SW_NO_STR;
    if (!tags)
        out->tags = (EcsTagList){0};
    sw_list_present(cx->arena, &out->load_balancers);
    sw_list_present(cx->arena, &out->service_registries);
    sw_list_present(cx->arena, &out->events);
    sw_list_present(cx->arena, &out->deployments);
    sw_list_present(cx->arena, &out->placement_constraints);
    sw_list_present(cx->arena, &out->placement_strategy);
    return 0;
}

static int reply(SwCtx *cx, EcsServiceRecord *s, EcsService **ret, SwError *err) {
    *ret = sw_new(cx->arena, EcsService);
    return show(cx, s, true, *ret, err);
}

/* ---- what may be asked for ---- */

static int check_alarms(SwCtx *cx, const EcsDeploymentAlarms *a, SwError *err) {
    if (!a || !SW_OR(a->enable, false))
        return 0;
    if (!a->alarm_names.n || a->alarm_names.n > 10)
        return invalid(err, "deploymentConfiguration.alarms: between 1 and 10 alarm names are needed.");
    CloudwatchDescribeAlarmsInput in = {.alarm_names = a->alarm_names};
    CloudwatchDescribeAlarmsOutput *out;
    if (cloudwatch_call_describe_alarms(cx, &in, &out, err) < 0)
        return sw_refuse_as(err, &ECS_INVALID_PARAMETER_EXCEPTION, "deploymentConfiguration.alarms: %s", err->message);
    return 0;
}

/* Defaults filled in; `into` is what the service has already. */
static int merge_configuration(SwCtx *cx, EcsDeploymentConfiguration **into, const EcsDeploymentConfiguration *in,
                               SwError *err) {
    EcsDeploymentConfiguration *d = *into ? *into : sw_new(cx->arena, EcsDeploymentConfiguration);
    *into = d;
    if (in) {
        if (in->maximum_percent.set)
            d->maximum_percent = in->maximum_percent;
        if (in->minimum_healthy_percent.set)
            d->minimum_healthy_percent = in->minimum_healthy_percent;
        if (in->deployment_circuit_breaker)
            d->deployment_circuit_breaker = in->deployment_circuit_breaker;
        if (check_alarms(cx, in->alarms, err) < 0)
            return -1;
        if (in->alarms)
            d->alarms = in->alarms;
        if (in->bake_time_in_minutes.set)
            d->bake_time_in_minutes = in->bake_time_in_minutes;
    }
    d->strategy = SW_STR("ROLLING");
    d->maximum_percent = SW_SOME_INT(SW_OR(d->maximum_percent, 200));
    d->minimum_healthy_percent = SW_SOME_INT(SW_OR(d->minimum_healthy_percent, 100));
    d->bake_time_in_minutes = SW_SOME_INT(SW_OR(d->bake_time_in_minutes, 0));
    if (!d->deployment_circuit_breaker) {
        d->deployment_circuit_breaker = sw_new(cx->arena, EcsDeploymentCircuitBreaker);
        *d->deployment_circuit_breaker = (EcsDeploymentCircuitBreaker){SW_SOME_BOOL(false), SW_SOME_BOOL(false)};
    }
    int64_t max = d->maximum_percent.v, min = d->minimum_healthy_percent.v;
    if (max < 0 || min < 0 || min > 100)
        return invalid(err, "Invalid deploymentConfiguration: percentages must not be negative and "
                            "minimumHealthyPercent must not exceed 100.");
    if (max <= 100 && min == 100)
        return invalid(err, "Both maximumPercent and minimumHealthyPercent cannot be 100 as this "
                            "will block deployments.");
    if (max < 100)
        return invalid(err, "maximumPercent must be at least 100.");
    if (d->bake_time_in_minutes.v < 0 || d->bake_time_in_minutes.v > 1440)
        return invalid(err, "bakeTimeInMinutes must be between 0 and 1440.");
    return 0;
}

static int check_target_group(SwCtx *cx, const EcsTaskDefinition *d, SwStr arn, SwError *err) {
    Elbv2DescribeTargetGroupsInput in = {0};
    Elbv2DescribeTargetGroupsOutput *out;
    sw_str_list_add(cx->arena, &in.target_group_arns, arn);
    if (elbv2_call_describe_target_groups(cx, &in, &out, err) < 0)
        return sw_error_is(err, &ELBV2_TARGET_GROUP_NOT_FOUND_EXCEPTION)
                   ? sw_refuse_as(err, &ECS_INVALID_PARAMETER_EXCEPTION, "The specified target group does not exist. : %.*s",
                                  SW_FMT(arn))
                   : sw_refuse_as(err, &ECS_INVALID_PARAMETER_EXCEPTION, "loadBalancers.targetGroupArn: %s", err->message);
    if (!out->target_groups.n)
        return invalid(err, "The specified target group does not exist.");
    const Elbv2TargetGroup *g = &out->target_groups.v[0];
    if (!g->load_balancer_arns.n)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                       "The target group with targetGroupArn %.*s does not have an associated load balancer.", SW_FMT(arn));
    const char *need = ecs_is(d->network_mode, "awsvpc") ? "ip" : "instance";
    if (!ecs_is(g->target_type, need))
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                       "The provided target group %.*s has target type %.*s, which is incompatible "
                       "with the %.*s network mode specified in the task definition.",
                       SW_FMT(arn), SW_FMT(g->target_type), SW_FMT(d->network_mode));
    return 0;
}

static int check_balancers(SwCtx *cx, const EcsTaskDefinition *d, const EcsLoadBalancerList *l, SwError *err) {
    if (l->n > 5)
        return invalid(err, "loadBalancers can have at most 5 items.");
    for (size_t i = 0; i < l->n; i++) {
        const EcsLoadBalancer *b = &l->v[i];
        if (!b->target_group_arn.n)
            return invalid(err, "TargetGroup and LoadBalancer cannot both be null.");
        size_t c = 0, p = 0;
        while (c < d->container_definitions.n && !sw_str_eq(d->container_definitions.v[c].name, b->container_name))
            c++;
        if (c == d->container_definitions.n)
            return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "The container %.*s does not exist in the task definition.",
                           SW_FMT(b->container_name));
        const EcsPortMappingList *ports = &d->container_definitions.v[c].port_mappings;
        while (p < ports->n && SW_OR(ports->v[p].container_port, 0) != SW_OR(b->container_port, 0))
            p++;
        if (p == ports->n)
            return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                           "The container %.*s did not have a container port %lld defined.", SW_FMT(b->container_name),
                           (long long)SW_OR(b->container_port, 0));
        if (check_target_group(cx, d, b->target_group_arn, err) < 0)
            return -1;
    }
    return 0;
}

/* One that the caller may run. */
static int definition_of(SwCtx *cx, SwStr ref, EcsTaskDefinitionRecord **ret, SwError *err) {
    if (ecs_definition_find(cx, ref, ret, err) < 0)
        return -1;
    return *ret ? ecs_host_access_check(cx, (*ret)->definition, err)
                : sw_fail(err, &ECS_CLIENT_EXCEPTION, "TaskDefinition not found.");
}

/* Launch type, network, target groups and platform against the definition; fills the service. */
static int settle(SwCtx *cx, const EcsClusterRecord *c, EcsService *v, const EcsTaskDefinitionRecord *d,
                  SwStr asked_launch_type, SwError *err) {
    EcsLaunch launch;
    if (ecs_launch_choose(c, asked_launch_type, &v->capacity_provider_strategy, &launch, err) < 0 ||
        ecs_launch_check(cx, d->definition, launch.type, v->network_configuration, err) < 0 ||
        ecs_platform_check(v->platform_version, launch.type, err) < 0 ||
        check_balancers(cx, d->definition, &v->load_balancers, err) < 0)
        return -1;
    bool fargate = ecs_is(launch.type, "FARGATE");
    v->launch_type = launch.type;
    if (v->network_configuration && !v->network_configuration->awsvpc_configuration->assign_public_ip.n) {
        v->network_configuration = sw_shape_copy(cx->arena, &ecs_shape_network_configuration, v->network_configuration);
        v->network_configuration->awsvpc_configuration->assign_public_ip = SW_STR("DISABLED");
    }
    if (launch.strategy)
        v->capacity_provider_strategy = *launch.strategy;
    if (v->load_balancers.n && !v->health_check_grace_period_seconds.set)
        v->health_check_grace_period_seconds = SW_SOME_INT(0);
    v->task_definition = d->definition->task_definition_arn;
    v->platform_version = fargate ? sw_str_or(v->platform_version, SW_STR("LATEST")) : SW_NO_STR;
    v->platform_family = fargate ? SW_STR("Linux") : SW_NO_STR;
    return 0;
}

/* ---- CreateService ---- */

static int check_create(const EcsCreateServiceRequest *in, SwError *err) {
    if (!ecs_is_name(in->service_name))
        return invalid(err, "Invalid service name.");
    if (!in->task_definition.n)
        return invalid(err, "TaskDefinition cannot be empty.");
    if (!in->desired_count.set)
        return invalid(err, "desiredCount must be given for the scheduling strategy REPLICA.");
    if (in->desired_count.v < 0)
        return invalid(err, "desiredCount cannot be negative.");
    if (in->health_check_grace_period_seconds.set && !in->load_balancers.n)
        return invalid(err, "Health check grace period is only valid for services configured to "
                            "use load balancers");
    return 0;
}

int ecs_create_service(SwCtx *cx, const EcsCreateServiceRequest *in, EcsCreateServiceResponse *out, SwError *err) {
    SwArena *a = cx->arena;
    EcsClusterRecord *c;
    EcsServiceRecord *old;
    EcsTaskDefinitionRecord *d;
    if (check_create(in, err) < 0 || ecs_cluster_by_reference(cx, in->cluster, &c, err) < 0 ||
        ecs_service_named(cx, in->cluster, in->service_name, &old, err) < 0)
        return -1;
    if (old && ecs_is(old->service->status, "DRAINING"))
        return invalid(err, "Unable to Start a service that is still Draining.");
    if (old && !ecs_is(old->service->status, "INACTIVE"))
        return invalid(err, "Creation of service was not idempotent.");
    if (definition_of(cx, in->task_definition, &d, err) < 0)
        return -1;
    EcsService *v = sw_new(a, EcsService);
    sw_shape_move(a, &ecs_shape_service, v, &ecs_shape_create_service_request, in);
    v->deployment_configuration = NULL;
    v->tags = (EcsTagList){0};
    if (merge_configuration(cx, &v->deployment_configuration, in->deployment_configuration, err) < 0 ||
        settle(cx, c, v, d, in->launch_type, err) < 0)
        return -1;
    SwStr cluster = c->cluster->cluster_name;
    v->service_arn = ecs_service_arn(cx, cluster, in->service_name);
    v->cluster_arn = c->cluster->cluster_arn;
    v->status = SW_STR("ACTIVE");
    v->created_at = SW_SOME_TIME(sw_now(cx));
    v->created_by = cx->principal.arn;
    v->scheduling_strategy = SW_STR("REPLICA");
    v->propagate_tags = sw_str_or(in->propagate_tags, SW_STR("NONE"));
    v->availability_zone_rebalancing = sw_str_or(in->availability_zone_rebalancing, SW_STR("DISABLED"));
    v->enable_ecs_managed_tags = SW_SOME_BOOL(SW_OR(in->enable_ecs_managed_tags, false));
    v->enable_execute_command = SW_SOME_BOOL(false);
    v->role_arn = v->load_balancers.n ? sw_arn_global(cx, "iam", "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
                                      : SW_NO_STR;
    EcsServiceRecord *s = sw_new(a, EcsServiceRecord);
    *s = (EcsServiceRecord){.key = ecs_service_key(a, cluster, in->service_name),
                            .cluster_name = cluster,
                            .cluster_arn = v->cluster_arn,
                            .service = v};
    ecs_launch_say_limits(cx, s, d->definition);
    if (ecs_service_set_tags(cx, cluster, in->service_name, s, SW_GIVEN_TAGS(&in->tags), err) < 0 ||
        ecs_deployment_begin(cx, s, err) < 0 || ecs_service_store(cx, s, err) < 0 ||
        sw_wake(cx, &ecs_service_controller, s->key, 0, err) < 0 ||
        sw_wake(cx, &ecs_metrics_controller, s->key, sw_now(cx) + SW_MINUTE, err) < 0)
        return -1;
    return reply(cx, s, &out->service, err);
}

/* ---- UpdateService ---- */

static int get_active(SwCtx *cx, SwStr cluster, SwStr ref, EcsServiceRecord **ret, SwError *err) {
    if (ecs_service_must(cx, cluster, ref, ret, err) < 0)
        return -1;
    return ecs_is((*ret)->service->status, "ACTIVE")
               ? 0
               : sw_fail(err, &ECS_SERVICE_NOT_ACTIVE_EXCEPTION, "Service was not ACTIVE.");
}

/* What only tasks made from now on show; no new deployment. */
static void update_plain(EcsService *v, const EcsUpdateServiceRequest *in) {
    if (in->desired_count.set)
        v->desired_count = in->desired_count;
    if (in->health_check_grace_period_seconds.set)
        v->health_check_grace_period_seconds = in->health_check_grace_period_seconds;
    if (in->propagate_tags.n)
        v->propagate_tags = in->propagate_tags;
    if (in->enable_ecs_managed_tags.set)
        v->enable_ecs_managed_tags = in->enable_ecs_managed_tags;
    if (in->availability_zone_rebalancing.n)
        v->availability_zone_rebalancing = in->availability_zone_rebalancing;
}

int ecs_update_service(SwCtx *cx, const EcsUpdateServiceRequest *in, EcsUpdateServiceResponse *out, SwError *err) {
    EcsServiceRecord *s;
    EcsClusterRecord *c;
    EcsTaskDefinitionRecord *d;
    if (ecs_cluster_by_reference(cx, in->cluster, &c, err) < 0 || get_active(cx, in->cluster, in->service, &s, err) < 0)
        return -1;
    EcsService *v = s->service;
    if (in->desired_count.set && in->desired_count.v < 0)
        return invalid(err, "desiredCount cannot be negative.");
    if (merge_configuration(cx, &v->deployment_configuration, in->deployment_configuration, err) < 0 ||
        definition_of(cx, sw_str_or(in->task_definition, v->task_definition), &d, err) < 0)
        return -1;
    bool fresh = SW_OR(in->force_new_deployment, false) || in->network_configuration || in->platform_version.n ||
                 in->capacity_provider_strategy.v || in->load_balancers.v ||
                 (in->task_definition.n && !sw_str_eq(d->definition->task_definition_arn, v->task_definition));
    update_plain(v, in);
    if (in->network_configuration)
        v->network_configuration = in->network_configuration;
    if (in->platform_version.n)
        v->platform_version = in->platform_version;
    if (in->load_balancers.v)
        v->load_balancers = in->load_balancers;
    SwStr launch_type = v->capacity_provider_strategy.n ? SW_NO_STR : v->launch_type;
    if (in->capacity_provider_strategy.v) {
        v->capacity_provider_strategy = in->capacity_provider_strategy;
        launch_type = in->capacity_provider_strategy.n ? SW_NO_STR : v->launch_type;
    }
    if (v->health_check_grace_period_seconds.set && in->health_check_grace_period_seconds.set && !v->load_balancers.n)
        return invalid(err, "Health check grace period is only valid for services configured to "
                            "use load balancers");
    if (fresh && (settle(cx, c, v, d, launch_type, err) < 0 || ecs_deployment_begin(cx, s, err) < 0))
        return -1;
    if (fresh)
        ecs_launch_say_limits(cx, s, d->definition);
    EcsDeployment *p = ecs_deployment_primary(s);
    if (p && p->desired_count.v != v->desired_count.v) {
        p->desired_count = v->desired_count;
        s->steady = SW_SOME_BOOL(false);
    }
    if (ecs_service_store(cx, s, err) < 0 || sw_wake(cx, &ecs_service_controller, s->key, 0, err) < 0)
        return -1;
    return reply(cx, s, &out->service, err);
}

/* ---- Delete, Describe, List ---- */

int ecs_delete_service(SwCtx *cx, const EcsDeleteServiceRequest *in, EcsDeleteServiceResponse *out, SwError *err) {
    EcsServiceRecord *s;
    if (ecs_service_must(cx, in->cluster, in->service, &s, err) < 0)
        return -1;
    if (ecs_is(s->service->status, "INACTIVE"))
        return sw_resource_fail(cx, &ecs_service_resource, &ecs_service_resource.missing, in->service, err);
    if (ecs_is(s->service->status, "ACTIVE")) {
        if (s->service->desired_count.v > 0 && !SW_OR(in->force, false))
            return invalid(err, "The service cannot be stopped while it is scaled above 0.");
        s->service->status = SW_STR("DRAINING");
        s->service->desired_count = SW_SOME_INT(0);
        EcsDeployment *p = ecs_deployment_primary(s);
        if (p)
            p->desired_count = SW_SOME_INT(0);
        if (ecs_service_store(cx, s, err) < 0 || sw_wake(cx, &ecs_service_controller, s->key, 0, err) < 0)
            return -1;
    }
    return reply(cx, s, &out->service, err);
}

int ecs_describe_services(SwCtx *cx, const EcsDescribeServicesRequest *in, EcsDescribeServicesResponse *out, SwError *err) {
    EcsClusterRecord *c;
    if (ecs_cluster_by_reference(cx, in->cluster, &c, err) < 0)
        return -1;
    if (!in->services.n)
        return invalid(err, "Services cannot be empty.");
    if (in->services.n > 10)
        return invalid(err, "services can have at most 10 items.");
    sw_list_present(cx->arena, &out->services);
    sw_list_present(cx->arena, &out->failures);
    for (size_t i = 0; i < in->services.n; i++) {
        EcsServiceRecord *s;
        if (ecs_service_named(cx, in->cluster, in->services.v[i], &s, err) < 0)
            return -1;
        if (!s) {
            SwStr arn = ecs_service_arn(cx, c->cluster->cluster_name, in->services.v[i]);
            ecs_failure(cx->arena, &out->failures, ecs_asked_arn(in->services.v[i], arn), "MISSING");
            continue;
        }
        if (show(cx, s, ecs_has(&in->include, "TAGS"), sw_list_add(cx->arena, &out->services), err) < 0)
            return -1;
    }
    return 0;
}

static int is_listed(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const EcsListServicesRequest *in = arg;
    const EcsService *v = ecs_services_row(row)->service;
    *ret_wanted = !ecs_is(v->status, "INACTIVE") && (!in->launch_type.n || sw_str_eq(v->launch_type, in->launch_type)) &&
                  (!in->scheduling_strategy.n || ecs_is(in->scheduling_strategy, "REPLICA")) &&
                  !ecs_is(in->resource_management_type, "ECS");
    return 0;
}

static int show_arn(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = ecs_services_row(row)->service->service_arn;
    return 0;
}

/* By name: a service whose status changes between two pages keeps its place. */
int ecs_list_services(SwCtx *cx, const EcsListServicesRequest *in, EcsListServicesResponse *out, SwError *err) {
    EcsClusterRecord *c;
    if (ecs_cluster_by_reference(cx, in->cluster, &c, err) < 0)
        return -1;
    SwDocQuery q = {.prefix = ecs_service_key(cx->arena, c->cluster->cluster_name, SW_STR(""))};
    return sw_page(
        cx, &(SwPage){.of = &ecs_services, .q = q, .want = is_listed, .show = show_arn, .arg = in, .usual = 10, .most = 100},
        out, err);
}
