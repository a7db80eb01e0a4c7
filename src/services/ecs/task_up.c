/* SPDX-License-Identifier: Apache-2.0 */
/* A task on its way up: network, containers in the order of their dependencies, targets. The states
 * are drawn in task_controller.c. */

#include "task_pass.h"

#include "base/log.h"
#include "models/elbv2.gen.h"

#define START_DEFAULT 180 /* seconds a dependency may take */

static void fill_attachment(EcsPass *p, const SwNet *net) {
    EcsTask *k = p->t->task;
    SwArena *a = p->cx->arena;
    for (size_t i = 0; i < k->attachments.n; i++) {
        EcsAttachment *e = &k->attachments.v[i];
        if (!ecs_is(e->type, "ElasticNetworkInterface") || ecs_is(e->status, "ATTACHED"))
            continue;
        e->status = SW_STR("ATTACHED");
        SwStr eni = sw_strf(a, "eni-%.*s", 17, p->id.p);
        EcsKeyValuePairList details = {0}; /* a list that was read back grows as a copy */
        for (size_t n = 0; n < e->details.n; n++)
            *sw_list_add(a, &details) = e->details.v[n];
        ecs_key_value_set(a, &details, "networkInterfaceId", eni);
        ecs_key_value_set(a, &details, "macAddress", net->mac);
        ecs_key_value_set(a, &details, "privateIPv4Address", net->address);
        e->details = details;
        for (size_t c = 0; c < k->containers.n; c++) {
            EcsNetworkInterface *n = sw_new(a, EcsNetworkInterface);
            *n = (EcsNetworkInterface){.attachment_id = e->id, .private_ipv4_address = net->address};
            k->containers.v[c].network_interfaces.v = n;
            k->containers.v[c].network_interfaces.n = 1;
        }
    }
}

/* Host ports: those of the bridge's rules, or in host mode the container's own. */
static void fill_bindings(EcsPass *p, const SwNet *net) {
    const EcsTaskDefinition *d = p->t->definition;
    if (ecs_is(d->network_mode, "awsvpc"))
        return;
    for (size_t i = 0; i < d->container_definitions.n; i++) {
        EcsContainer *c = &p->t->task->containers.v[i];
        c->network_bindings = (EcsNetworkBindingList){0};
        for (size_t k = 0; k < d->container_definitions.v[i].port_mappings.n; k++) {
            const EcsPortMapping *m = &d->container_definitions.v[i].port_mappings.v[k];
            EcsNetworkBinding *b = sw_list_add(p->cx->arena, &c->network_bindings);
            *b = (EcsNetworkBinding){.bind_ip = SW_STR("0.0.0.0"),
                                     .container_port = m->container_port,
                                     .host_port = m->container_port,
                                     .protocol = m->protocol};
            for (size_t n = 0; net && n < net->n_ports; n++)
                if (net->ports[n].container_port == m->container_port.v && net->ports[n].udp == ecs_is(m->protocol, "udp"))
                    b->host_port = SW_SOME_INT(net->ports[n].host_port);
        }
    }
}

static int make_network(EcsPass *p, SwNet *net, SwError *err) {
    const EcsTaskDefinition *d = p->t->definition;
    size_t n = 0, max = 0;
    for (size_t i = 0; i < d->container_definitions.n; i++)
        max += d->container_definitions.v[i].port_mappings.n;
    SwPortMapping *ports = sw_new_n(p->cx->arena, SwPortMapping, max + 1);
    for (size_t i = 0; i < d->container_definitions.n && ecs_is(d->network_mode, "bridge"); i++)
        for (size_t k = 0; k < d->container_definitions.v[i].port_mappings.n; k++) {
            const EcsPortMapping *m = &d->container_definitions.v[i].port_mappings.v[k];
            ports[n++] = (SwPortMapping){.container_port = (uint16_t)m->container_port.v,
                                         .host_port = (uint16_t)SW_OR(m->host_port, 0),
                                         .udp = ecs_is(m->protocol, "udp")};
        }
    SwNetSpec spec = {.id = p->id, .ports = ports, .n_ports = n};
    return sw_net_create(p->cx->host->runtime, p->cx->arena, &spec, net, err);
}

/* net NULL: the task is in the host's, or in none. */
static void connected(EcsPass *p, const SwNet *net) {
    p->t->has_network = SW_SOME_BOOL(net != NULL);
    fill_bindings(p, net);
    p->t->task->connectivity = SW_STR("CONNECTED");
    p->t->task->connectivity_at = SW_SOME_TIME(sw_now(p->cx));
    p->changed = true;
}

bool ecs_task_joins_network(const EcsTaskDefinition *d) {
    return ecs_is(d->network_mode, "awsvpc") || ecs_is(d->network_mode, "bridge");
}

int ecs_task_provision(EcsPass *p, SwError *err) {
    SwNet net;
    bool joins = ecs_task_joins_network(p->t->definition); /* false: stored when all tasks began here */
    if (joins && make_network(p, &net, err) < 0) {
        if (!sw_error_is(err, &SW_CONTAINER_PORT_IN_USE))
            return -1;
        ecs_pass_fail(p, sw_strf(p->cx->arena, "CannotStartContainerError: %s", err->message));
        sw_error_reset(err);
        return ecs_pass_save(p, NULL, err);
    }
    SW_CRASH_POINT("ecs.task.network_made");
    if (joins) {
        p->t->address = net.address;
        fill_attachment(p, &net);
    }
    connected(p, joins ? &net : NULL);
    ecs_pass_state(p, "PENDING");
    return ecs_pass_save(p, NULL, err);
}

/* ---- containers ---- */

typedef enum Ready { READY, NOT_YET, NEVER } Ready;

static Ready dependency(EcsPass *p, const EcsContainerDependency *d, SwStr *ret_why) {
    size_t i = ecs_pass_index(p, d->container_name);
    const EcsContainer *c = &p->t->task->containers.v[i];
    SwArena *a = p->cx->arena;
    if (ecs_is(d->condition, "START") && ecs_pass_started(p, i))
        return READY;
    if (ecs_is(d->condition, "COMPLETE") && ecs_pass_ended(p, i))
        return READY;
    if (ecs_is(d->condition, "SUCCESS") && ecs_pass_ended(p, i)) {
        if (c->exit_code.set && c->exit_code.v == 0)
            return READY;
        *ret_why = sw_strf(a, "Dependency container %.*s did not exit with success", SW_FMT(c->name));
        return NEVER;
    }
    if (ecs_is(d->condition, "HEALTHY")) {
        if (ecs_is(c->health_status, "HEALTHY"))
            return READY;
        if (ecs_pass_ended(p, i) || ecs_is(c->health_status, "UNHEALTHY")) {
            *ret_why = sw_strf(a, "Dependency container %.*s did not become healthy", SW_FMT(c->name));
            return NEVER;
        }
    }
    if (ecs_pass_started(p, i)) {
        const EcsContainerDefinition *on = &p->t->definition->container_definitions.v[i];
        SwTime limit = p->t->containers.v[i].started_at.v + SW_OR(on->start_timeout, START_DEFAULT) * SW_S;
        ecs_pass_again(p, limit);
        if (sw_now(p->cx) >= limit) {
            *ret_why =
                sw_strf(a, "Dependency container %.*s did not reach %.*s in time", SW_FMT(c->name), SW_FMT(d->condition));
            return NEVER;
        }
    }
    return NOT_YET;
}

static Ready dependencies(EcsPass *p, size_t i, SwStr *ret_why) {
    const EcsContainerDefinition *d = &p->t->definition->container_definitions.v[i];
    for (size_t k = 0; k < d->depends_on.n; k++) {
        Ready r = dependency(p, &d->depends_on.v[k], ret_why);
        if (r != READY)
            return r;
    }
    return READY;
}

static int start_one(EcsPass *p, size_t i, SwError *err) {
    EcsContainer *c = &p->t->task->containers.v[i];
    SwStr digest = SW_NO_STR;
    p->changed = true;
    if (ecs_container_start(p->cx, p->t, i, &digest, err) < 0) {
        SwStr reason = sw_str_dup(p->cx->arena, sw_str(err->message));
        sw_log(SW_WARN, "container not started", SW_F("container", p->t->containers.v[i].id), SW_F("message", err->message),
               SW_F("cause", err->cause));
        sw_error_reset(err);
        c->reason = reason;
        c->last_status = SW_STR("STOPPED");
        ecs_pass_fail(p, reason);
        return 0;
    }
    SW_CRASH_POINT("ecs.task.container_started");
    c->last_status = SW_STR("RUNNING");
    if (digest.n)
        c->image_digest = digest;
    c->runtime_id = sw_strf(p->cx->arena, "%.*s-%zu", SW_FMT(p->id), i);
    p->t->containers.v[i].started_at = SW_SOME_TIME(sw_now(p->cx));
    return 0;
}

/* Start what can be started; PENDING ends when every container has been. */
int ecs_task_bring_up(EcsPass *p, SwError *err) {
    EcsTask *k = p->t->task;
    size_t waiting = 0, n = p->t->containers.n;
    if (!p->t->has_network.set)
        connected(p, NULL);
    ecs_pass_ends(p); /* what waited for an end may go on */
    if (!k->pull_started_at.set)
        k->pull_started_at = SW_SOME_TIME(sw_now(p->cx));
    for (bool progress = true; progress && !ecs_pass_stopping(p);) {
        progress = false;
        waiting = 0;
        for (size_t i = 0; i < n && !ecs_pass_stopping(p); i++) {
            SwStr why;
            if (ecs_pass_started(p, i))
                continue;
            Ready r = dependencies(p, i, &why);
            waiting += r == NOT_YET;
            if (r == NEVER)
                ecs_pass_fail(p, why);
            if (r != READY)
                continue;
            if (start_one(p, i, err) < 0)
                return -1;
            progress = true;
        }
    }
    if (!k->pull_stopped_at.set && !waiting)
        k->pull_stopped_at = SW_SOME_TIME(sw_now(p->cx));
    if (!waiting && !ecs_pass_stopping(p)) {
        if (!p->t->load_balancers.n)
            k->started_at = SW_SOME_TIME(sw_now(p->cx));
        ecs_pass_state(p, p->t->load_balancers.n ? "ACTIVATING" : "RUNNING");
    }
    return p->changed ? ecs_pass_save(p, ecs_watch_begin, err) : 0;
}

int ecs_task_activate(EcsPass *p, SwError *err) {
    p->t->registered = SW_SOME_BOOL(true);
    p->t->task->started_at = SW_SOME_TIME(sw_now(p->cx));
    ecs_pass_state(p, "RUNNING");
    int r = ecs_pass_save(p, ecs_targets_register, err);
    if (r == 0 || !sw_error_is(err, &ELBV2_TARGET_GROUP_NOT_FOUND_EXCEPTION))
        return r;
    p->t->registered = SW_SOME_BOOL(false);
    ecs_pass_fail(p, sw_strf(p->cx->arena, "Task failed to start: %s", err->message));
    sw_error_reset(err);
    return ecs_pass_save(p, NULL, err);
}
