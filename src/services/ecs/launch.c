/* SPDX-License-Identifier: Apache-2.0 */
/* How tasks are launched: launch type or capacity providers, platform version, network. RunTask's,
 * CreateService's and UpdateService's common rules. */

#include "ecs.h"

#include <unistd.h>

#include "models/ec2.gen.h"

static int invalid(SwError *err, const char *text) {
    return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "%s", text);
}

/* EC2's refusal in ECS's words. */
static int unknown(const char *what, const SwStrList *ids, SwError *err) {
    SwStr all = sw_str_join(err->arena, ids->v, ids->n, SW_STR(", "));
    return sw_refuse_as(err, &ECS_INVALID_PARAMETER_EXCEPTION, "Error retrieving %s information for [%.*s]: %s (ErrorCode: %s)",
                        what, SW_FMT(all), err->message, err->kind->code);
}

static int check_vpc(SwCtx *cx, const EcsAwsVpcConfiguration *v, SwError *err) {
    Ec2DescribeSubnetsRequest subnets = {.subnet_ids = v->subnets};
    Ec2DescribeSubnetsResult *found;
    Ec2DescribeSecurityGroupsRequest groups = {.group_ids = v->security_groups};
    Ec2DescribeSecurityGroupsResult *known;
    if (!v->subnets.n)
        return invalid(err, "subnets can not be empty.");
    if (v->subnets.n > 16)
        return invalid(err, "subnets can have at most 16 items.");
    if (v->security_groups.n > 5)
        return invalid(err, "securityGroups can have at most 5 items.");
    if (ec2_call_describe_subnets(cx, &subnets, &found, err) < 0)
        return unknown("subnet", &v->subnets, err);
    if (v->security_groups.n && ec2_call_describe_security_groups(cx, &groups, &known, err) < 0)
        return unknown("security group", &v->security_groups, err);
    return 0;
}

int ecs_launch_check(SwCtx *cx, const EcsTaskDefinition *d, SwStr launch_type, const EcsNetworkConfiguration *network,
                     SwError *err) {
    bool vpc = ecs_is(d->network_mode, "awsvpc"), given = network && network->awsvpc_configuration;
    if (!ecs_is(d->status, "ACTIVE"))
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "TaskDefinition is inactive");
    if (ecs_is(launch_type, "EXTERNAL") || ecs_is(launch_type, "MANAGED_INSTANCES"))
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "launchType: %.*s is not supported; use EC2 or FARGATE.",
                       SW_FMT(launch_type));
    if (ecs_is(launch_type, "FARGATE") && !ecs_has(&d->compatibilities, "FARGATE"))
        return invalid(err, "Task definition does not support launch_type FARGATE.");
    if (vpc && !given)
        return invalid(err, "Network Configuration must be provided when networkMode 'awsvpc' is "
                            "specified.");
    if (!vpc && given)
        return invalid(err, "Network Configuration is not valid for the given networkMode of this "
                            "task definition.");
    return vpc ? check_vpc(cx, network->awsvpc_configuration, err) : 0;
}

/* A task's CPUs and memory are limits, so that it runs; but with what the machine has. */
void ecs_launch_say_limits(SwCtx *cx, EcsServiceRecord *s, const EcsTaskDefinition *d) {
    int64_t cpu = 0, memory = 0, has_cpu = sysconf(_SC_NPROCESSORS_ONLN) * 1024;
    int64_t has_memory = sysconf(_SC_PHYS_PAGES) / 1024 * sysconf(_SC_PAGESIZE) / 1024;
    for (size_t i = 0; i < d->container_definitions.n; i++) {
        const EcsContainerDefinition *c = &d->container_definitions.v[i];
        cpu += SW_OR(c->cpu, 0);
        memory += SW_OR(c->memory, SW_OR(c->memory_reservation, 0));
    }
    (void)ecs_cpu_parse(d->cpu, &cpu); /* the task's own go before its containers' */
    (void)ecs_memory_parse(d->memory, &memory);
    if (cpu > has_cpu)
        ecs_service_say(cx, s, "asks for %lld CPU units a task. This machine has %lld: its tasks run with those.",
                        (long long)cpu, (long long)has_cpu);
    if (memory > has_memory)
        ecs_service_say(cx, s, "asks for %lld MiB of memory a task. This machine has %lld: its tasks run with those.",
                        (long long)memory, (long long)has_memory);
}

int ecs_platform_check(SwStr version, SwStr launch_type, SwError *err) {
    if (!version.n)
        return 0;
    if (!ecs_is(launch_type, "FARGATE"))
        return invalid(err, "The platform version must be null when specifying an EC2 launch type.");
    return ecs_is(version, "LATEST") || ecs_is(version, "1.4.0")
               ? 0
               : sw_fail(err, &ECS_PLATFORM_UNKNOWN_EXCEPTION, "The specified platform does not exist.");
}

int ecs_strategy_check(const SwStrList *providers, const EcsCapacityProviderStrategyItemList *l, SwError *err) {
    size_t bases = 0, weights = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (!sw_str_list_has(providers, l->v[i].capacity_provider))
            return invalid(err, "The specified capacity provider strategy cannot contain a "
                                "capacity provider that is not associated with the cluster. "
                                "Associate the capacity provider with the cluster and try again.");
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(l->v[k].capacity_provider, l->v[i].capacity_provider))
                return invalid(err, "The specified capacity provider strategy cannot contain "
                                    "duplicate capacity providers.");
        bases += SW_OR(l->v[i].base, 0) > 0;
        weights += SW_OR(l->v[i].weight, 0) > 0;
    }
    if (bases > 1)
        return invalid(err, "The specified capacity provider strategy cannot contain more than one "
                            "capacity provider with a base value defined.");
    if (l->n > 1 && !weights)
        return invalid(err, "The specified capacity provider strategy must contain at least one "
                            "capacity provider with a weight greater than zero.");
    return 0;
}

int ecs_launch_choose(const EcsClusterRecord *cluster, SwStr launch_type, const EcsCapacityProviderStrategyItemList *strategy,
                      EcsLaunch *ret, SwError *err) {
    const EcsCluster *c = cluster->cluster;
    if (launch_type.n && strategy->n)
        return invalid(err, "Specifying both a launch type and capacity provider strategy is not "
                            "supported. Remove one and try again.");
    if (ecs_strategy_check(&c->capacity_providers, strategy, err) < 0)
        return -1;
    const EcsCapacityProviderStrategyItemList *use = strategy->n ? strategy : &c->default_capacity_provider_strategy;
    *ret = (EcsLaunch){.type = sw_str_or(launch_type, SW_STR("EC2"))};
    if (!launch_type.n && use->n) /* all providers that there are, are Fargate's */
        *ret = (EcsLaunch){.type = SW_STR("FARGATE"), .strategy = use};
    return 0;
}

size_t ecs_provider_pick(const EcsCapacityProviderStrategyItemList *l, const int64_t *has) {
    size_t best = 0;
    double least = -1;
    for (size_t i = 0; i < l->n; i++)
        if (has[i] < SW_OR(l->v[i].base, 0))
            return i;
    for (size_t i = 0; i < l->n; i++) {
        double weight = (double)SW_OR(l->v[i].weight, 0),
               load = weight > 0 ? (double)(has[i] - SW_OR(l->v[i].base, 0)) / weight : 0;
        if (weight > 0 && (least < 0 || load < least)) {
            least = load;
            best = i;
        }
    }
    return best;
}

SwStr ecs_zone_of(SwCtx *cx, SwStr subnet) {
    Ec2DescribeSubnetsRequest in = {0};
    Ec2DescribeSubnetsResult *out;
    SwError gone = sw_error(cx->arena);
    if (subnet.n) {
        sw_str_list_add(cx->arena, &in.subnet_ids, subnet);
        if (ec2_call_describe_subnets(cx, &in, &out, &gone) == 0 && out->subnets.n)
            return out->subnets.v[0].availability_zone;
    }
    return sw_strf(cx->arena, "%.*sa", SW_FMT(cx->region));
}
