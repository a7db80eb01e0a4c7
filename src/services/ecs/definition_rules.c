/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of RegisterTaskDefinition that are its API's words and not its model: what names are made of, what
 * may be there once, which numbers go together, what Fargate lacks, and what this machine can give. The
 * wording is AWS's where it is known. */

#include "container/container.h"
#include "ecs.h"

static int bad(SwError *err, const char *text) {
    return sw_fail(err, &ECS_CLIENT_EXCEPTION, "%s", text);
}

/* "Container.name should not be null or empty.", "... contains invalid characters." */
static int check_name(SwStr s, const char *what, const char *set, SwError *err) {
    if (!sw_str_is(s))
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "%s should not be null or empty.", what);
    if (s.n > 255)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "%s is too long: at most 255 characters.", what);
    return sw_str_all(s, set) ? 0 : sw_fail(err, &ECS_CLIENT_EXCEPTION, "%s contains invalid characters.", what);
}

/* A role's ARN, or its name alone, as the API's text has it. */
static int check_role(SwStr role, SwError *err) {
    SwArn arn;
    if (!role.n)
        return 0;
    bool good = sw_str_starts(role, SW_STR("arn:")) ? sw_arn_parse(role, &arn) && ecs_is(arn.service, "iam") && !arn.region.n &&
                                                          sw_str_starts(arn.resource, SW_STR("role/"))
                                                    : role.n <= 64 && role.n > 0 && sw_str_all(role, "a-zA-Z0-9+=,.@_-");
    return good ? 0 : bad(err, "Role is not valid");
}

static int check_environment(const EcsContainerDefinition *c, SwError *err) {
    for (size_t i = 0; i < c->environment.n; i++)
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(c->environment.v[i].name, c->environment.v[k].name))
                return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Duplicate environment variable '%.*s' in container '%.*s'.",
                               SW_FMT(c->environment.v[i].name), SW_FMT(c->name));
    for (size_t i = 0; i < c->secrets.n; i++) {
        bool twice = false;
        for (size_t k = 0; k < c->environment.n; k++)
            twice |= sw_str_eq(c->secrets.v[i].name, c->environment.v[k].name);
        for (size_t k = 0; k < i; k++)
            twice |= sw_str_eq(c->secrets.v[i].name, c->secrets.v[k].name);
        if (twice)
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "The secret name must be unique and not shared with any new or existing "
                           "environment variables set on the container, such as '%.*s'.",
                           SW_FMT(c->secrets.v[i].name));
    }
    return 0;
}

static int check_ulimits(const EcsContainerDefinition *c, bool fargate, SwError *err) {
    for (size_t i = 0; i < c->ulimits.n; i++) {
        const EcsUlimit *u = &c->ulimits.v[i];
        int64_t soft = SW_OR(u->soft_limit, 0), hard = SW_OR(u->hard_limit, 0);
        SwUlimit limit = {u->name, soft, hard};
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(c->ulimits.v[k].name, u->name))
                return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Duplicate ulimit name '%.*s'.", SW_FMT(u->name));
        if (soft < -1 || hard < -1)
            return sw_fail(err, &ECS_CLIENT_EXCEPTION, "ulimit '%.*s' must not be negative.", SW_FMT(u->name));
        if (hard >= 0 && (soft > hard || soft == -1))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION, "The soft limit of ulimit '%.*s' must not exceed its hard limit.",
                           SW_FMT(u->name));
        if (fargate && !ecs_is(u->name, "nofile"))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "Fargate compatible task definitions do not support ulimit '%.*s', only "
                           "nofile",
                           SW_FMT(u->name));
        if (sw_container_ulimit_check(&limit, err) < 0)
            return sw_fail_as(err, &ECS_CLIENT_EXCEPTION, "Container '%.*s': %s", SW_FMT(c->name), err->message);
    }
    return 0;
}

static int check_caps(const SwStrList *l, bool fargate_add, SwError *err) {
    for (size_t i = 0; i < l->n; i++) {
        SwStr name = l->v[i];
        if (!sw_container_cap_known(name) || sw_str_starts(name, SW_STR("CAP_")))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Invalid Linux capability: %.*s", SW_FMT(name));
        if (fargate_add && !ecs_is(name, "SYS_PTRACE"))
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "Fargate compatible task definitions do not support adding the Linux "
                           "capability %.*s, only SYS_PTRACE",
                           SW_FMT(name));
    }
    return 0;
}

/* Options of a tmpfs that change what is mounted, and not how. */
static bool tmpfs_option_ok(SwStr option) {
    static const char *const known[] = {"defaults",   "ro",       "rw",         "suid",        "nosuid",
                                        "dev",        "nodev",    "exec",       "noexec",      "sync",
                                        "async",      "dirsync",  "atime",      "noatime",     "diratime",
                                        "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
                                        "mand",       "nomand",   "mode",       "uid",         "gid",
                                        "nr_inodes",  "nr_blocks"};
    SwStr name = option;
    (void)sw_str_cut(&option, '=', &name);
    for (size_t i = 0; i < SW_N(known); i++)
        if (ecs_is(name, known[i]))
            return true;
    return false;
}

static int check_linux(const EcsLinuxParameters *l, bool fargate, SwError *err) {
    static const SwStrList none = {0};
    if (!l)
        return 0;
    if (fargate && l->shared_memory_size.set)
        return bad(err, "Fargate compatible task definitions do not support sharedMemorySize");
    if (fargate && l->tmpfs.n)
        return bad(err, "Fargate compatible task definitions do not support tmpfs");
    for (size_t i = 0; i < l->tmpfs.n; i++) {
        if (SW_OR(l->tmpfs.v[i].size, 0) < 1)
            return bad(err, "tmpfs.size must be at least 1 MiB.");
        for (size_t k = 0; k < l->tmpfs.v[i].mount_options.n; k++)
            if (!tmpfs_option_ok(l->tmpfs.v[i].mount_options.v[k]))
                return sw_fail(err, &ECS_CLIENT_EXCEPTION, "tmpfs.mountOptions: %.*s is not supported.",
                               SW_FMT(l->tmpfs.v[i].mount_options.v[k]));
    }
    if (SW_OR(l->shared_memory_size, 1) < 1)
        return bad(err, "sharedMemorySize must be at least 1 MiB.");
    return check_caps(l->capabilities ? &l->capabilities->add : &none, fargate, err) < 0 ||
                   check_caps(l->capabilities ? &l->capabilities->drop : &none, false, err) < 0
               ? -1
               : 0;
}

/* Only what has a namespace of its own: all else would be the machine's. */
static int check_sysctls(const EcsRegisterTaskDefinitionRequest *in, const EcsContainerDefinition *c, SwError *err) {
    static const char *const ipc[] = {"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
                                      "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
    for (size_t i = 0; i < c->system_controls.n; i++) {
        SwStr name = c->system_controls.v[i].namespace;
        bool good = sw_str_starts(name, SW_STR("fs.mqueue."));
        for (size_t k = 0; k < SW_N(ipc); k++)
            good |= ecs_is(name, ipc[k]);
        if (sw_str_starts(name, SW_STR("net.")))
            good = !ecs_is(in->network_mode, "host");
        if (!good)
            return sw_fail(err, &ECS_CLIENT_EXCEPTION,
                           "systemControls.namespace: %.*s is not a kernel parameter of a "
                           "container's own namespaces.",
                           SW_FMT(name));
    }
    return 0;
}

static int check_container(const EcsRegisterTaskDefinitionRequest *in, const EcsContainerDefinition *c, bool fargate,
                           SwError *err) {
    if (check_name(c->name, "Container.name", "a-zA-Z0-9_-", err) < 0 ||
        check_name(c->image, "Container.image", "a-zA-Z0-9_:./#@-", err) < 0)
        return -1;
    if (SW_OR(c->cpu, 0) < 0)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Invalid setting for container '%.*s'. The 'cpu' must not be negative.",
                       SW_FMT(c->name));
    if (c->memory_reservation.set && c->memory_reservation.v < 4)
        return bad(err, "Container.memoryReservation must be at least 4 MiB.");
    return check_environment(c, err) < 0 || check_ulimits(c, fargate, err) < 0 ||
                   check_linux(c->linux_parameters, fargate, err) < 0 || check_sysctls(in, c, err) < 0
               ? -1
               : 0;
}

int ecs_definition_rules_check(const EcsRegisterTaskDefinitionRequest *in, SwError *err) {
    bool fargate = ecs_has(&in->requires_compatibilities, "FARGATE");
    if (check_name(in->family, "Family", "a-zA-Z0-9_-", err) < 0 || check_role(in->task_role_arn, err) < 0 ||
        check_role(in->execution_role_arn, err) < 0)
        return -1;
    for (size_t i = 0; i < in->volumes.n; i++) {
        if (check_name(in->volumes.v[i].name, "Volume.name", "a-zA-Z0-9_-", err) < 0)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(in->volumes.v[i].name, in->volumes.v[k].name))
                return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Duplicate volume name '%.*s'.", SW_FMT(in->volumes.v[i].name));
    }
    for (size_t i = 0; i < in->container_definitions.n; i++)
        if (check_container(in, &in->container_definitions.v[i], fargate, err) < 0)
            return -1;
    return 0;
}
