/* SPDX-License-Identifier: Apache-2.0 */
/* What a task definition may say. What the
 * runtime can never honour is refused by models/members/ecs.json; the rest here, by name, so that a
 * task never runs otherwise than its definition says. */

#include "api/secret.h"
#include "ecs.h"

#define CONTAINERS_MAX 10

static int bad(SwError *err, const char *text) {
    return sw_fail(err, &ECS_CLIENT_EXCEPTION, "%s", text);
}

/* Fargate's sizes: CPU units, MiB from, to, in steps of (ECS Developer Guide, "Fargate task CPU and
 * memory"). */
static const struct {
    int64_t cpu, from, to, step;
} fargate_sizes[] = {
    {512, 1024, 4096, 1024},   {1024, 2048, 8192, 1024},   {2048, 4096, 16384, 1024},
    {4096, 8192, 30720, 1024}, {8192, 16384, 61440, 4096}, {16384, 32768, 122880, 8192},
};

bool ecs_fargate_size(int64_t cpu, int64_t memory) {
    if (cpu == 256)
        return memory == 512 || memory == 1024 || memory == 2048;
    for (size_t i = 0; i < SW_N(fargate_sizes); i++)
        if (fargate_sizes[i].cpu == cpu)
            return memory >= fargate_sizes[i].from && memory <= fargate_sizes[i].to &&
                   (memory - fargate_sizes[i].from) % fargate_sizes[i].step == 0;
    return false;
}

static bool parse_size(SwStr s, const char *unit, double factor, int64_t *ret) {
    s = sw_str_trim(s);
    if (sw_str_to_i64(s, ret))
        return *ret > 0;
    if (s.n <= strlen(unit) || !sw_str_ieq(sw_str_skip(s, s.n - strlen(unit)), sw_str(unit)))
        return false;
    double d;
    if (!sw_str_to_double(sw_str_trim(sw_str_drop(s, strlen(unit))), &d) || !(d > 0 && d < 1e6))
        return false;
    *ret = (int64_t)(d * factor);
    return true;
}

bool ecs_cpu_parse(SwStr s, int64_t *ret) {
    return parse_size(s, "vcpu", 1024, ret);
}

bool ecs_memory_parse(SwStr s, int64_t *ret) {
    return parse_size(s, "gb", 1024, ret);
}

static int check_health(const EcsHealthCheck *h, SwError *err) {
    if (!h)
        return 0;
    if (!h->command.n ||
        (!ecs_is(h->command.v[0], "CMD") && !ecs_is(h->command.v[0], "CMD-SHELL") && !ecs_is(h->command.v[0], "NONE")))
        return bad(err, "Health check command must start with CMD, CMD-SHELL or NONE.");
    if (SW_OR(h->interval, 30) < 5 || SW_OR(h->interval, 30) > 300)
        return bad(err, "Health check interval must be between 5 and 300 seconds.");
    if (SW_OR(h->timeout, 5) < 2 || SW_OR(h->timeout, 5) > 120)
        return bad(err, "Health check timeout must be between 2 and 120 seconds.");
    if (SW_OR(h->retries, 3) < 1 || SW_OR(h->retries, 3) > 10)
        return bad(err, "Health check retries must be between 1 and 10.");
    if (SW_OR(h->start_period, 0) < 0 || SW_OR(h->start_period, 0) > 300)
        return bad(err, "Health check start period must be between 0 and 300 seconds.");
    return 0;
}

static int check_log(SwCtx *cx, const EcsLogConfiguration *l, SwStr execution_role, bool fargate, SwError *err) {
    static const char *const known[] = {"awslogs-group",        "awslogs-region", "awslogs-stream-prefix",
                                        "awslogs-create-group", "mode",           "max-buffer-size"};
    if (!l)
        return 0;
    if (!ecs_is(l->log_driver, "awslogs") && !ecs_is(l->log_driver, "json-file"))
        return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                       "logConfiguration.logDriver: %.*s is not supported; use awslogs or json-file.", SW_FMT(l->log_driver));
    if (l->secret_options.n)
        return bad(err, "logConfiguration.secretOptions is not supported: no option of awslogs is secret.");
    if (ecs_is(l->log_driver, "json-file")) {
        if (fargate)
            return bad(err, "Log driver json-file is not supported for the Fargate launch type.");
        return l->options.n ? bad(err, "logConfiguration.options is not supported with json-file.") : 0;
    }
    for (size_t i = 0; i < l->options.n; i++) {
        size_t k = 0;
        while (k < SW_N(known) && !ecs_is(l->options.v[i].key, known[k]))
            k++;
        if (k == SW_N(known))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION, "logConfiguration.options: %.*s is not supported.",
                           SW_FMT(l->options.v[i].key));
    }
    SwStr mode = sw_str_map_find(&l->options, SW_STR("mode")),
          create = sw_str_map_find(&l->options, SW_STR("awslogs-create-group"));
    if (mode.p && !ecs_is(mode, "blocking") && !ecs_is(mode, "non-blocking"))
        return bad(err, "logConfiguration.options: mode must be blocking or non-blocking.");
    if (create.p && !ecs_is(create, "true") && !ecs_is(create, "false"))
        return bad(err, "logConfiguration.options: awslogs-create-group must be true or false.");
    if (!sw_str_is(sw_str_map_find(&l->options, SW_STR("awslogs-group"))))
        return bad(err, "Log driver awslogs requires options: awslogs-group");
    if (!sw_str_is(sw_str_map_find(&l->options, SW_STR("awslogs-region"))))
        return bad(err, "Log driver awslogs requires options: awslogs-region");
    SwStr region = sw_str_map_find(&l->options, SW_STR("awslogs-region"));
    if (!sw_str_eq(region, cx->region))
        return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                       "logConfiguration.options: awslogs-region: %.*s is not supported: logs stay "
                       "in the task's region, %.*s.",
                       SW_FMT(region), SW_FMT(cx->region));
    if (fargate && !sw_str_is(sw_str_map_find(&l->options, SW_STR("awslogs-stream-prefix"))))
        return bad(err, "Log driver awslogs requires options: awslogs-stream-prefix");
    if (fargate && !sw_str_is(execution_role))
        return bad(err, "Fargate requires task definition to have execution role ARN to support "
                        "log driver awslogs.");
    return 0;
}

static int check_ports(const EcsRegisterTaskDefinitionRequest *in, const EcsContainerDefinition *c, SwError *err) {
    for (size_t i = 0; i < c->port_mappings.n; i++) {
        const EcsPortMapping *p = &c->port_mappings.v[i];
        int64_t port = SW_OR(p->container_port, 0), host = SW_OR(p->host_port, 0);
        if (port < 1 || port > 65535 || host < 0 || host > 65535)
            return bad(err, "Port mappings' ports must be between 1 and 65535.");
        bool same = ecs_is(in->network_mode, "awsvpc") || ecs_is(in->network_mode, "host");
        if (same && host && host != port)
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "When networkMode=%.*s, the host ports and container ports in port "
                           "mappings must match.",
                           SW_FMT(in->network_mode));
        if (ecs_is(in->network_mode, "none"))
            return bad(err, "Port mappings are not allowed when networkMode=none.");
    }
    return 0;
}

static const EcsContainerDefinition *find(const EcsRegisterTaskDefinitionRequest *in, SwStr name) {
    for (size_t i = 0; i < in->container_definitions.n; i++)
        if (sw_str_eq(in->container_definitions.v[i].name, name))
            return &in->container_definitions.v[i];
    return NULL;
}

static int check_depends(const EcsRegisterTaskDefinitionRequest *in, const EcsContainerDefinition *c, SwError *err) {
    for (size_t i = 0; i < c->depends_on.n; i++) {
        const EcsContainerDependency *d = &c->depends_on.v[i];
        const EcsContainerDefinition *on = find(in, d->container_name);
        if (!on || on == c)
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "The container '%.*s' that '%.*s' depends on does not exist in the task "
                           "definition.",
                           SW_FMT(d->container_name), SW_FMT(c->name));
        if (ecs_is(d->condition, "HEALTHY") && !ecs_is_checked(on))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "The container '%.*s' has no health check, which the condition HEALTHY needs.", SW_FMT(on->name));
        bool ends = ecs_is(d->condition, "COMPLETE") || ecs_is(d->condition, "SUCCESS");
        if (ends && SW_OR(on->essential, true))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "The essential container '%.*s' cannot have the dependency condition %.*s.", SW_FMT(on->name),
                           SW_FMT(d->condition));
    }
    return 0;
}

static size_t index_of(const EcsRegisterTaskDefinitionRequest *in, SwStr name) {
    const EcsContainerDefinition *c = find(in, name);
    return c ? (size_t)(c - in->container_definitions.v) : CONTAINERS_MAX;
}

/* Takes out, again and again, the containers that wait for none that is left: a circle stays. */
static int check_circle(const EcsRegisterTaskDefinitionRequest *in, SwError *err) {
    bool out[CONTAINERS_MAX + 1] = {0};
    size_t left = in->container_definitions.n;
    for (bool progress = true; progress;) {
        progress = false;
        for (size_t i = 0; i < in->container_definitions.n; i++) {
            const EcsContainerDependencyList *l = &in->container_definitions.v[i].depends_on;
            bool waits = out[i];
            for (size_t k = 0; k < l->n && !waits; k++)
                waits = !out[index_of(in, l->v[k].container_name)];
            if (waits)
                continue;
            out[i] = progress = true;
            left--;
        }
    }
    return left ? bad(err, "The dependencies of the containers form a circle.") : 0;
}

static int check_mounts(const EcsRegisterTaskDefinitionRequest *in, const EcsContainerDefinition *c, SwError *err) {
    for (size_t i = 0; i < c->mount_points.n; i++) {
        const EcsMountPoint *m = &c->mount_points.v[i];
        size_t k = 0;
        while (k < in->volumes.n && !sw_str_eq(in->volumes.v[k].name, m->source_volume))
            k++;
        if (k == in->volumes.n)
            return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Unknown volume '%.*s'.", SW_FMT(m->source_volume));
        if (!sw_str_starts(m->container_path, SW_STR("/")))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION, "mountPoints.containerPath must be an absolute path: '%.*s'.",
                           SW_FMT(m->container_path));
    }
    return 0;
}

bool ecs_names_secret(SwStr value_from) {
    SwArn arn;
    return sw_arn_parse(value_from, &arn) && ecs_is(arn.service, "secretsmanager");
}

static int check_secrets(const EcsRegisterTaskDefinitionRequest *in, const EcsContainerDefinition *c, SwError *err) {
    if (c->secrets.n && !sw_str_is(in->execution_role_arn))
        return bad(err, "When you are specifying container secrets, you must also specify a value "
                        "for 'executionRoleArn'.");
    for (size_t i = 0; i < c->secrets.n; i++) {
        SwSecretReference r;
        SwStr from = c->secrets.v[i].value_from;
        if (ecs_names_secret(from) && !sw_secret_reference_parse(err->arena, from, &r))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION, "secrets.valueFrom: '%.*s' is not a reference to a secret.",
                           SW_FMT(from));
    }
    return 0;
}

int ecs_environment_files_check(const EcsEnvironmentFileList *l, SwStr execution_role, const SwErrorKind *kind, SwError *err) {
    if (l->n > 10)
        return sw_fail(err, kind, "environmentFiles can have at most 10 items.");
    if (l->n && !sw_str_is(execution_role))
        return sw_fail(err, kind,
                       "When you are specifying container environment files, you must also "
                       "specify a value for 'executionRoleArn'.");
    for (size_t i = 0; i < l->n; i++) {
        SwStr bucket, key, value = l->v[i].value;
        if (!ecs_file_arn_parse(value, &bucket, &key))
            return sw_fail(err, kind, "environmentFiles.value: '%.*s' is not the ARN of an Amazon S3 object.", SW_FMT(value));
        if (!sw_str_ends(key, SW_STR(".env")))
            return sw_fail(err, kind, "environmentFiles.value: the file '%.*s' must have the extension .env.", SW_FMT(value));
    }
    return 0;
}

static int check_container(SwCtx *cx, const EcsRegisterTaskDefinitionRequest *in, const EcsContainerDefinition *c, bool fargate,
                           SwError *err) {
    if (find(in, c->name) != c)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Container names must be unique: '%.*s'.", SW_FMT(c->name));
    if (!sw_str_is(in->memory) && !c->memory.set && !c->memory_reservation.set)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                       "Invalid setting for container '%.*s'. At least one of 'memory' or "
                       "'memoryReservation' must be specified.",
                       SW_FMT(c->name));
    if (c->memory.set && c->memory.v < 4)
        return bad(err, "Container.memory must be at least 4 MiB.");
    if (c->memory.set && c->memory_reservation.set && c->memory_reservation.v > c->memory.v)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                       "Invalid setting for container '%.*s'. The 'memory' must be greater than or "
                       "equal to 'memoryReservation'.",
                       SW_FMT(c->name));
    if (fargate && SW_OR(c->privileged, false))
        return bad(err, "Tasks using the Fargate launch type do not support privileged containers.");
    bool vpc = ecs_is(in->network_mode, "awsvpc");
    if (vpc && (c->hostname.n || c->dns_servers.n || c->dns_search_domains.n || c->extra_hosts.n ||
                SW_OR(c->disable_networking, false)))
        return bad(err, "hostname, dnsServers, dnsSearchDomains, extraHosts and disableNetworking "
                        "are not allowed when networkMode=awsvpc.");
    if (fargate && (SW_OR(c->stop_timeout, 30) > 120 || SW_OR(c->stop_timeout, 30) < 0))
        return bad(err, "Container.stopTimeout must be at most 120 seconds.");
    if (check_health(c->health_check, err) < 0 ||
        check_log(cx, c->log_configuration, in->execution_role_arn, fargate, err) < 0 || check_ports(in, c, err) < 0 ||
        check_mounts(in, c, err) < 0 || check_secrets(in, c, err) < 0 || check_depends(in, c, err) < 0 ||
        ecs_environment_files_check(&c->environment_files, in->execution_role_arn, &ECS_CLIENT_EXCEPTION, err) < 0)
        return -1;
    return 0;
}

static int check_fargate(const EcsRegisterTaskDefinitionRequest *in, int64_t cpu, int64_t memory, SwError *err) {
    if (!ecs_is(in->network_mode, "awsvpc"))
        return bad(err, "Fargate only supports network mode awsvpc.");
    if (!cpu)
        return bad(err, "Fargate requires that 'cpu' be defined at the task level.");
    if (!memory)
        return bad(err, "Fargate requires that 'memory' be defined at the task level.");
    if (!ecs_fargate_size(cpu, memory))
        return bad(err, "No Fargate configuration exists for given values.");
    for (size_t i = 0; i < in->volumes.n; i++)
        if (in->volumes.v[i].host && in->volumes.v[i].host->source_path.n)
            return bad(err, "Fargate compatible task definitions do not support sourcePath.");
    return 0;
}

static int check_volumes(const EcsRegisterTaskDefinitionRequest *in, SwError *err) {
    for (size_t i = 0; i < in->volumes.n; i++) {
        const EcsVolume *v = &in->volumes.v[i];
        if (v->host && v->host->source_path.n && !sw_str_starts(v->host->source_path, SW_STR("/")))
            return bad(err, "volumes.host.sourcePath must be an absolute path.");
    }
    return 0;
}

int ecs_task_definition_check(SwCtx *cx, const EcsRegisterTaskDefinitionRequest *in, SwError *err) {
    int64_t cpu = 0, memory = 0;
    bool fargate = ecs_has(&in->requires_compatibilities, "FARGATE"), essential = false;
    if (ecs_definition_rules_check(in, err) < 0 || check_volumes(in, err) < 0)
        return -1;
    if (ecs_has(&in->requires_compatibilities, "EXTERNAL") || ecs_has(&in->requires_compatibilities, "MANAGED_INSTANCES"))
        return bad(err, "requiresCompatibilities: only EC2 and FARGATE are supported.");
    if (in->cpu.n && !ecs_cpu_parse(in->cpu, &cpu))
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Invalid 'cpu' setting for task. '%.*s' is not a number.", SW_FMT(in->cpu));
    if (in->memory.n && !ecs_memory_parse(in->memory, &memory))
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Invalid 'memory' setting for task. '%.*s' is not a number.",
                       SW_FMT(in->memory));
    if (fargate && check_fargate(in, cpu, memory, err) < 0)
        return -1;
    if (!in->container_definitions.n)
        return bad(err, "Container list cannot be empty.");
    if (in->container_definitions.n > CONTAINERS_MAX)
        return bad(err, "A task definition can have at most 10 containers.");
    int64_t container_cpu = 0;
    for (size_t i = 0; i < in->container_definitions.n; i++) {
        const EcsContainerDefinition *c = &in->container_definitions.v[i];
        if (check_container(cx, in, c, fargate, err) < 0)
            return -1;
        essential |= SW_OR(c->essential, true);
        container_cpu += SW_OR(c->cpu, 0);
        if (memory && SW_OR(c->memory, 0) > memory)
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "Invalid setting for container '%.*s'. The 'memory' must not exceed the task's.", SW_FMT(c->name));
    }
    if (cpu && container_cpu > cpu)
        return bad(err, "Total cpu of containers must not exceed the task's cpu.");
    if (!essential)
        return bad(err, "A task definition must have at least one essential container.");
    return check_circle(in, err);
}
