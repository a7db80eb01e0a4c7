/* SPDX-License-Identifier: Apache-2.0 */
/* Task definitions that reach beyond their containers' bounds. Who may run such a task owns the machine,
 * and with it Slipway: its data folder holds everybody's keys. So a strict server asks for a right of its
 * own, which no policy gives that does not name it or allow everything:
 *
 *     {"Effect": "Allow", "Action": "slipway:HostAccess", "Resource": "arn:aws:ecs:*:*:task-definition/monitor:*"}
 *
 * asked when the definition is registered and again of whoever runs it. docs/security.md tells it. */

#include "ecs.h"

static void add(SwBuf *b, const char *fmt, ...) sw_printf(2, 3);
static void add(SwBuf *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr s = sw_strfv(b->arena, fmt, ap);
    va_end(ap);
    sw_buf_addf(b, "%s%.*s", b->n ? ", " : "", SW_FMT(s));
}

static const SwStrList *added(const EcsContainerDefinition *c) {
    static const SwStrList none = {0};
    const EcsLinuxParameters *l = c->linux_parameters;
    return l && l->capabilities ? &l->capabilities->add : &none;
}

bool ecs_can_unmount(const EcsContainerDefinition *c) {
    return sw_container_can_unmount(SW_OR(c->privileged, false), added(c));
}

/* What needs the right: "networkMode host, privileged of container 'a'"; empty: nothing does. */
static SwStr reasons(SwArena *a, const EcsTaskDefinition *d) {
    SwBuf b = sw_buf(a, 64 * SW_KIB);
    if (ecs_is(d->network_mode, "host"))
        add(&b, "networkMode host");
    if (sw_str_is(d->pid_mode))
        add(&b, "pidMode %.*s", SW_FMT(d->pid_mode));
    if (sw_str_is(d->ipc_mode))
        add(&b, "ipcMode %.*s", SW_FMT(d->ipc_mode));
    for (size_t i = 0; i < d->volumes.n; i++)
        if (d->volumes.v[i].host && d->volumes.v[i].host->source_path.n)
            add(&b, "host.sourcePath of volume '%.*s'", SW_FMT(d->volumes.v[i].name));
    for (size_t i = 0; i < d->container_definitions.n; i++) {
        const EcsContainerDefinition *c = &d->container_definitions.v[i];
        if (SW_OR(c->privileged, false))
            add(&b, "privileged of container '%.*s'", SW_FMT(c->name));
        const SwStrList *caps = added(c);
        for (size_t k = 0; k < caps->n; k++)
            if (!sw_container_cap_is_default(caps->v[k]))
                add(&b, "capability %.*s of container '%.*s'", SW_FMT(caps->v[k]), SW_FMT(c->name));
        if (c->linux_parameters && c->linux_parameters->devices.n)
            add(&b, "devices of container '%.*s'", SW_FMT(c->name));
        if (c->docker_security_options.n)
            add(&b, "dockerSecurityOptions of container '%.*s'", SW_FMT(c->name));
    }
    return sw_buf_str(&b);
}

int ecs_host_access_check(SwCtx *cx, const EcsTaskDefinition *d, SwError *err) {
    SwStr why = reasons(cx->arena, d);
    if (!why.n || sw_authorise(cx, SW_HOST_ACCESS, d->task_definition_arn, err) == 0)
        return 0;
    return sw_fail_as(err, err->kind, "%s. The task definition gives access to the host: %.*s", err->message, SW_FMT(why));
}

/* The data folder is nobody's to mount, in any mode. What becomes of a path later, the start sees. */
int ecs_host_paths_check(SwCtx *cx, const EcsTaskDefinition *d, SwError *err) {
    for (size_t i = 0; i < d->volumes.n && cx->host->runtime; i++) {
        const EcsVolume *v = &d->volumes.v[i];
        bool can_unmount = false;
        if (!v->host || !v->host->source_path.n)
            continue;
        for (size_t c = 0; c < d->container_definitions.n; c++)
            for (size_t m = 0; m < d->container_definitions.v[c].mount_points.n; m++)
                can_unmount |= sw_str_eq(d->container_definitions.v[c].mount_points.v[m].source_volume, v->name) &&
                               ecs_can_unmount(&d->container_definitions.v[c]);
        if (sw_container_host_path_check(cx->host->runtime, v->host->source_path, can_unmount, err) == 0)
            continue;
        if (!sw_error_is(err, &SW_CONTAINER_START_FAILED))
            return -1;
        return sw_fail_as(err, &ECS_CLIENT_EXCEPTION, "volumes.host.sourcePath: %s", err->message);
    }
    return 0;
}
