/* SPDX-License-Identifier: Apache-2.0 */
/* From a container definition to a container: image, secrets, environment, limits, mounts. Acts
 * outside the store and may be repeated: a container that is there already is only started. */

#include "ecs.h"

#include "base/file.h"
#include "base/log.h"

const SwErrorKind ecs_cannot_initialize = {.code = "ResourceInitializationError", .http = 400};
static const SwErrorKind cannot_create = {.code = "CannotCreateContainerError", .http = 400};

int ecs_role_ctx(SwCtx *cx, SwStr role_arn, SwCtx **ret, SwError *err) {
    *ret = cx;
    if (!role_arn.n || !cx->host->auth.assume)
        return 0;
    SwCtx *tasks = sw_new(cx->arena, SwCtx);
    *tasks = *cx;
    tasks->principal.name = SW_STR("ecs-tasks.amazonaws.com");
    /* Task definitions may name a role without its ARN (EC2 launch type). */
    SwStr arn = sw_str_starts(role_arn, SW_STR("arn:")) ? role_arn : sw_arn_global(cx, "iam", "role/%.*s", SW_FMT(role_arn));
    bool own = !tasks->tx;
    if (own && sw_ctx_begin(tasks, SW_READ, err) < 0)
        return -1;
    int r = sw_ctx_assume(tasks, arn, ret, err);
    if (own)
        sw_ctx_rollback(tasks);
    if (r < 0)
        return sw_fail_as(err, &ecs_cannot_initialize,
                          "ECS was unable to assume the role '%.*s' that was provided for this task. Please "
                          "verify that the role being passed has the proper trust relationship and permissions "
                          "and that your IAM user has permissions to pass this role. (%s)",
                          SW_FMT(arn), err->message);
    if (own)
        (*ret)->tx = NULL;
    return 0;
}

static const char *volumes_dir(SwCtx *cx, SwStr task_id) {
    return sw_strf(cx->arena, "%s/ecs/volumes/%.*s", cx->host->config->data, SW_FMT(task_id)).p;
}

/* Host path of a task's volume, made when missing; ret_foreign: the client named it. */
static const char *volume_path(SwCtx *cx, const EcsTaskRecord *t, const EcsContainerDefinition *c, SwStr volume,
                               bool *ret_foreign, SwError *err) {
    const EcsTaskDefinition *d = t->definition;
    for (size_t i = 0; i < d->volumes.n; i++) {
        const EcsVolume *v = &d->volumes.v[i];
        if (!sw_str_eq(v->name, volume))
            continue;
        bool foreign = v->host && v->host->source_path.n;
        const char *path = foreign ? sw_str_z(cx->arena, v->host->source_path)
                                   : sw_path(cx->arena, volumes_dir(cx, ecs_task_id(t)), sw_str_z(cx->arena, volume));
        *ret_foreign = foreign;
        /* before it is made; a file or a socket is there already */
        if (foreign && sw_container_host_path_check(cx->host->runtime, v->host->source_path, ecs_can_unmount(c), err) < 0)
            return NULL;
        return sw_exists(path) || sw_mkdirs(path, 0755, err) == 0 ? path : NULL;
    }
    sw_fail(err, &cannot_create, "there is no volume %.*s", SW_FMT(volume));
    return NULL;
}

void ecs_volumes_delete(SwCtx *cx, SwStr task_id) {
    SwError ignored = sw_error(cx->arena);
    if (sw_exists(volumes_dir(cx, task_id)) && sw_rm_tree(volumes_dir(cx, task_id), &ignored) < 0)
        sw_log(SW_WARN, "a task's volumes stay", SW_F("task", task_id), SW_F("cause", ignored.message));
}

static int fail_as(SwError *err, const SwErrorKind *kind) {
    return sw_fail_as(err, kind, "%s: %s", kind->code, err->message);
}

static int add_mounts(SwCtx *cx, const EcsTaskRecord *t, const EcsContainerDefinition *d, SwContainerSpec *s, SwError *err) {
    const EcsTmpfsList none = {0}, *tmpfs = d->linux_parameters ? &d->linux_parameters->tmpfs : &none;
    SwMount *m = sw_new_n(cx->arena, SwMount, d->mount_points.n + tmpfs->n + 1);
    for (size_t i = 0; i < d->mount_points.n; i++) {
        bool foreign = false;
        const char *path = volume_path(cx, t, d, d->mount_points.v[i].source_volume, &foreign, err);
        if (!path)
            return fail_as(err, &cannot_create);
        m[s->n_mounts++] = (SwMount){.kind = SW_MOUNT_BIND,
                                     .source = sw_str(path),
                                     .foreign = foreign,
                                     .target = d->mount_points.v[i].container_path,
                                     .read_only = SW_OR(d->mount_points.v[i].read_only, false)};
    }
    for (size_t i = 0; i < tmpfs->n; i++)
        m[s->n_mounts++] = (SwMount){.kind = SW_MOUNT_TMPFS,
                                     .target = tmpfs->v[i].container_path,
                                     .size = (uint64_t)SW_OR(tmpfs->v[i].size, 0) * SW_MIB,
                                     .options = tmpfs->v[i].mount_options};
    s->mounts = m;
    return 0;
}

static void add_limits(SwCtx *cx, const EcsTaskRecord *t, const EcsContainerDefinition *d, SwContainerSpec *s) {
    int64_t task_memory = 0, task_cpu = 0;
    ecs_memory_parse(t->definition->memory, &task_memory);
    ecs_cpu_parse(t->definition->cpu, &task_cpu);
    int64_t memory = SW_OR(d->memory, 0) ? d->memory.v : task_memory;
    s->memory_limit = (uint64_t)memory * SW_MIB;
    s->memory_reservation = (uint64_t)SW_OR(d->memory_reservation, 0) * SW_MIB;
    s->cpu_shares = SW_OR(d->cpu, 0) ? (uint64_t)d->cpu.v : (uint64_t)task_cpu;
    s->cpus = (double)task_cpu / 1024; /* AWS: a task's cpu is a hard limit, a container's a share */
    SwUlimit *u = sw_new_n(cx->arena, SwUlimit, d->ulimits.n + 1);
    for (size_t i = 0; i < d->ulimits.n; i++)
        u[i] = (SwUlimit){d->ulimits.v[i].name, d->ulimits.v[i].soft_limit.v, d->ulimits.v[i].hard_limit.v};
    s->ulimits = u;
    s->n_ulimits = d->ulimits.n;
    for (size_t i = 0; i < d->system_controls.n; i++)
        sw_str_list_add(cx->arena, &s->sysctls,
                        sw_strf(cx->arena, "%.*s=%.*s", SW_FMT(d->system_controls.v[i].namespace),
                                SW_FMT(d->system_controls.v[i].value)));
    const EcsLinuxParameters *l = d->linux_parameters;
    if (!l)
        return;
    s->init = SW_OR(l->init_process_enabled, false);
    s->shm_size = (uint64_t)SW_OR(l->shared_memory_size, 0) * SW_MIB;
    if (l->capabilities) {
        s->cap_add = l->capabilities->add;
        s->cap_drop = l->capabilities->drop;
    }
}

static void add_network(SwCtx *cx, const EcsTaskRecord *t, const EcsContainerDefinition *d, SwContainerSpec *s) {
    s->net_mode = ecs_is_joined(t, d) ? SW_NET_JOIN : ecs_is(t->definition->network_mode, "host") ? SW_NET_HOST : SW_NET_NONE;
    s->net_id = ecs_task_id(t);
    s->hostname = d->hostname;
    s->dns = d->dns_servers;
    s->dns_search = d->dns_search_domains;
    for (size_t i = 0; i < d->extra_hosts.n; i++)
        sw_str_list_add(cx->arena, &s->hosts,
                        sw_strf(cx->arena, "%.*s %.*s", SW_FMT(d->extra_hosts.v[i].ip_address),
                                SW_FMT(d->extra_hosts.v[i].hostname)));
}

static int create(SwCtx *cx, EcsTaskRecord *t, const EcsContainerDefinition *d, SwStr id, SwStr *ret_digest, SwError *err) {
    SwImage image;
    if (ecs_image_get(cx, t, d->image, &image, ret_digest, err) < 0)
        return -1;
    SwContainerSpec s = {
        .id = id,
        .image = &image,
        .args = d->command,
        .entrypoint = d->entry_point,
        .cwd = d->working_directory,
        .user = d->user,
        .privileged = SW_OR(d->privileged, false),
        .read_only_root = SW_OR(d->readonly_root_filesystem, false),
        .tty = SW_OR(d->pseudo_terminal, false),
        .tag = t->task->task_arn,
    };
    if (ecs_environment(cx, t, d, id, &s.env, err) < 0 || add_mounts(cx, t, d, &s, err) < 0)
        return -1;
    add_limits(cx, t, d, &s);
    add_network(cx, t, d, &s);
    return sw_container_create(cx->host->runtime, &s, err) < 0 ? fail_as(err, &cannot_create) : 0;
}

int ecs_container_start(SwCtx *cx, EcsTaskRecord *t, size_t i, SwStr *ret_digest, SwError *err) {
    static const SwErrorKind cannot_start = {.code = "CannotStartContainerError", .http = 400};
    SwStr id = t->containers.v[i].id;
    SwContainerInfo info;
    bool there = sw_container_find(cx->host->runtime, cx->arena, id, &info);
    if (there && info.state != SW_CONTAINER_CREATED)
        return 0;
    if (!there && create(cx, t, &t->definition->container_definitions.v[i], id, ret_digest, err) < 0)
        return -1;
    SW_CRASH_POINT("ecs.task.container_created");
    return sw_container_start(cx->host->runtime, id, err) < 0 ? fail_as(err, &cannot_start) : 0;
}
