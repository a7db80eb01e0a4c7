/* SPDX-License-Identifier: Apache-2.0 */
/* A task's life.
 *
 *   PROVISIONING   its network is made
 *   PENDING        images are unpacked, containers started in the order of their dependencies
 *   ACTIVATING     its targets are registered (only with load balancers)
 *   RUNNING        containers are watched: an essential one's end stops the task
 *   DEACTIVATING   its targets are deregistered and drain: it still serves what is in flight
 *   STOPPING       containers get their stop signal, dependents first
 *   DEPROVISIONING the last lines of its logs are stored, then containers, network and volumes go
 *   STOPPED        shown for an hour, then deleted
 *
 * Any state before RUNNING turns to STOPPING when desiredStatus becomes STOPPED. Each step reads
 * the task, acts outside the store, and saves only if nobody wrote the task meanwhile (its
 * `version`); otherwise it runs again: all acts are idempotent by the task's and containers' ids.
 */

#include "ecs.h"

#include "base/id.h"
#include "base/log.h"
#include "models/elbv2.gen.h"

#define DRAIN_POLL (SW_S / 2)
#define STOP_DEFAULT 30   /* seconds between the stop signal and SIGKILL, as AWS */
#define START_DEFAULT 180 /* seconds a dependency may take */

typedef struct Pass { /* one run of the step */
    SwCtx *cx;
    EcsTaskRecord *t;
    SwStr id;
    int64_t version;
    bool changed;  /* t differs from what is stored */
    bool conflict; /* somebody else wrote it: run again */
    SwTime again;  /* earliest time to look again; 0: none */
} Pass;

static void look_again(Pass *p, SwTime at) {
    if (!p->again || at < p->again)
        p->again = at;
}

static bool in_state(const Pass *p, const char *state) {
    return ecs_is(p->t->task->last_status, state);
}

static void set_state(Pass *p, const char *state) {
    p->t->task->last_status = sw_str(state);
    p->changed = true;
}

static int load(Pass *p, SwError *err) {
    void *r;
    if (sw_ctx_begin(p->cx, SW_READ, err) < 0)
        return -1;
    int n = sw_doc_get(p->cx->tx, &ecs_tasks, p->id, &r, err);
    sw_ctx_rollback(p->cx);
    p->t = r;
    p->version = n == 0 && p->t ? SW_OR(p->t->task->version, 0) : 0;
    return n;
}

/* ---- saving: what must be one with the state ---- */

static int target_list(Pass *p, const EcsLoadBalancer *b, Elbv2TargetDescriptionList *ret,
                       SwError *err) {
    const EcsTaskRecord *t = p->t;
    for (size_t i = 0; i < t->task->containers.n; i++) {
        const EcsContainer *c = &t->task->containers.v[i];
        if (!sw_str_eq(c->name, b->container_name))
            continue;
        Elbv2TargetDescription *d = sw_list_add(p->cx->arena, ret);
        if (ecs_is(t->definition->network_mode, "awsvpc")) {
            d->id = t->address;
            d->port = b->container_port;
            return 0;
        }
        d->id = SW_STR("127.0.0.1");
        d->port = b->container_port;
        for (size_t k = 0; k < c->network_bindings.n; k++)
            if (SW_OR(c->network_bindings.v[k].container_port, 0) == SW_OR(b->container_port, 0))
                d->port = c->network_bindings.v[k].host_port;
        return 0;
    }
    return sw_fail(err, &SW_INTERNAL_FAILURE, "no container %.*s for a target",
                   SW_FMT(b->container_name));
}

/* One event of the service for each target group, in AWS's words. */
static int say_targets(Pass *p, const char *what, SwError *err) {
    void *r;
    if (!p->t->service_arn.n)
        return 0;
    if (sw_doc_get(p->cx->tx, &ecs_services,
                   ecs_service_key(p->cx->arena, p->t->cluster_name, p->t->service_name), &r,
                   err) < 0)
        return -1;
    for (size_t i = 0; r && i < p->t->load_balancers.n; i++)
        ecs_service_say(p->cx, r, "%s 1 targets in (target-group %.*s)", what,
                        SW_FMT(p->t->load_balancers.v[i].target_group_arn));
    return r ? ecs_service_put(p->cx, r, err) : 0;
}

static int register_targets(Pass *p, SwError *err) {
    for (size_t i = 0; i < p->t->load_balancers.n; i++) {
        const EcsLoadBalancer *b = &p->t->load_balancers.v[i];
        Elbv2RegisterTargetsInput in = {.target_group_arn = b->target_group_arn};
        Elbv2RegisterTargetsOutput *out;
        if (target_list(p, b, &in.targets, err) < 0 ||
            elbv2_call_register_targets(p->cx, &in, &out, err) < 0)
            return -1;
    }
    return say_targets(p, "registered", err);
}

/* A target group that is gone needs no deregistration. */
static int deregister_targets(Pass *p, SwError *err) {
    for (size_t i = 0; i < p->t->load_balancers.n; i++) {
        const EcsLoadBalancer *b = &p->t->load_balancers.v[i];
        Elbv2DeregisterTargetsInput in = {.target_group_arn = b->target_group_arn};
        Elbv2DeregisterTargetsOutput *out;
        if (target_list(p, b, &in.targets, err) < 0)
            return -1;
        if (elbv2_call_deregister_targets(p->cx, &in, &out, err) < 0) {
            if (!sw_error_is(err, &ELBV2_TARGET_GROUP_NOT_FOUND_EXCEPTION))
                return -1;
            sw_error_reset(err);
        }
    }
    return say_targets(p, "deregistered", err);
}

static int put_log(Pass *p, size_t i, SwError *err) {
    const EcsContainerDefinition *d = &p->t->definition->container_definitions.v[i];
    if (!d->log_configuration || !ecs_is(d->log_configuration->log_driver, "awslogs"))
        return 0;
    const SwStrMap *o = &d->log_configuration->options;
    SwStr prefix = sw_str_map_get(o, SW_STR("awslogs-stream-prefix"));
    EcsLogRecord r = {
        .account = p->t->account,
        .region = p->t->region,
        .task_id = p->id,
        .group = sw_str_map_get(o, SW_STR("awslogs-group")),
        .stream = prefix.n ? sw_strf(p->cx->arena, "%.*s/%.*s/%.*s", SW_FMT(prefix),
                                     SW_FMT(d->name), SW_FMT(p->id))
                           : p->t->containers.v[i].id,
        .create_group =
            SW_SOME_BOOL(ecs_is(sw_str_map_get(o, SW_STR("awslogs-create-group")), "true")),
        .role_arn = p->t->definition->execution_role_arn,
        .offset = SW_SOME_INT(0),
    };
    bool inserted;
    if (sw_doc_insert(p->cx->tx, &ecs_log_records, p->t->containers.v[i].id, &r, &inserted, err) <
        0)
        return -1;
    return sw_wake(p->cx, &ecs_log_controller, p->t->containers.v[i].id, 0, err);
}

static int put_health(Pass *p, size_t i, SwError *err) {
    const EcsContainerDefinition *d = &p->t->definition->container_definitions.v[i];
    if (!d->health_check || ecs_is(d->health_check->command.v[0], "NONE"))
        return 0;
    SwTime now = sw_now(p->cx), next = now + SW_OR(d->health_check->interval, 30) * SW_S;
    EcsHealthRecord r = {.task_id = p->id,
                         .container = d->name,
                         .check = d->health_check,
                         .since = SW_SOME_TIME(now),
                         .next = SW_SOME_TIME(next),
                         .failures = SW_SOME_INT(0)};
    bool inserted;
    if (sw_doc_insert(p->cx->tx, &ecs_health_records, p->t->containers.v[i].id, &r, &inserted,
                      err) < 0)
        return -1;
    return sw_wake(p->cx, &ecs_health_controller, p->t->containers.v[i].id, next, err);
}

typedef int InTx(Pass *p, SwError *err);

/* Store p->t, with what `also` does in the same transaction. On a conflict nothing is written. */
static int save(Pass *p, InTx *also, SwError *err) {
    SwCtx *cx = p->cx;
    void *r;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (sw_doc_get(cx->tx, &ecs_tasks, p->id, &r, err) < 0)
        goto failed;
    EcsTaskRecord *stored = r;
    if (!stored || SW_OR(stored->task->version, 0) != p->version) {
        sw_ctx_rollback(cx);
        p->conflict = true;
        return 0;
    }
    if (also && also(p, err) < 0)
        goto failed;
    if (ecs_task_put(cx, p->t, err) < 0)
        goto failed;
    if (p->t->service_arn.n &&
        sw_wake(cx, &ecs_service_controller,
                ecs_service_key(cx->arena, p->t->cluster_name, p->t->service_name), 0, err) < 0)
        goto failed;
    SW_CRASH_POINT("ecs.task.before_commit");
    if (sw_ctx_commit(cx, err) < 0)
        return -1;
    SW_CRASH_POINT("ecs.task.after_commit");
    p->version = SW_OR(p->t->task->version, 0);
    p->changed = false;
    return 0;
failed:
    sw_ctx_rollback(cx);
    return -1;
}

static void fail_task(Pass *p, SwStr reason) {
    bool fargate = ecs_is(p->t->task->launch_type, "FARGATE");
    ecs_task_stop(p->t, sw_now(p->cx), ECS_TASK_STOP_CODE_TASK_FAILED_TO_START,
                  fargate ? reason : SW_STR("Task failed to start"));
    p->changed = true;
}

/* ---- PROVISIONING ---- */

static void fill_attachment(Pass *p, const SwNet *net) {
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
            *n =
                (EcsNetworkInterface){.attachment_id = e->id, .private_ipv4_address = net->address};
            k->containers.v[c].network_interfaces.v = n;
            k->containers.v[c].network_interfaces.n = 1;
        }
    }
}

/* Host ports: those of the bridge's rules, or in host mode the container's own. */
static void fill_bindings(Pass *p, const SwNet *net) {
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
                if (net->ports[n].container_port == m->container_port.v &&
                    net->ports[n].udp == ecs_is(m->protocol, "udp"))
                    b->host_port = SW_SOME_INT(net->ports[n].host_port);
        }
    }
}

static int make_network(Pass *p, SwNet *net, SwError *err) {
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

static int provision(Pass *p, SwError *err) {
    const EcsTaskDefinition *d = p->t->definition;
    SwNet net;
    bool joins = ecs_is(d->network_mode, "awsvpc") || ecs_is(d->network_mode, "bridge");
    if (joins && make_network(p, &net, err) < 0) {
        if (!sw_error_is(err, &SW_CONTAINER_PORT_IN_USE))
            return -1;
        fail_task(p, sw_strf(p->cx->arena, "CannotStartContainerError: %s", err->message));
        sw_error_reset(err);
        return save(p, NULL, err);
    }
    SW_CRASH_POINT("ecs.task.network_made");
    if (joins) {
        p->t->address = net.address;
        fill_attachment(p, &net);
    }
    p->t->has_network = SW_SOME_BOOL(joins);
    fill_bindings(p, joins ? &net : NULL);
    p->t->task->connectivity = SW_STR("CONNECTED");
    p->t->task->connectivity_at = SW_SOME_TIME(sw_now(p->cx));
    set_state(p, "PENDING");
    return save(p, NULL, err);
}

/* ---- containers ---- */

static bool started(const Pass *p, size_t i) {
    return p->t->containers.v[i].started_at.set;
}

static bool ended(const Pass *p, size_t i) {
    return ecs_is(p->t->task->containers.v[i].last_status, "STOPPED");
}

static size_t index_of(const Pass *p, SwStr name) {
    size_t i = 0;
    while (i < p->t->task->containers.n && !sw_str_eq(p->t->task->containers.v[i].name, name))
        i++;
    return i;
}

typedef enum Ready { READY, NOT_YET, NEVER } Ready;

static Ready dependency(Pass *p, const EcsContainerDependency *d, SwStr *ret_why) {
    size_t i = index_of(p, d->container_name);
    const EcsContainer *c = &p->t->task->containers.v[i];
    SwArena *a = p->cx->arena;
    if (ecs_is(d->condition, "START") && started(p, i))
        return READY;
    if (ecs_is(d->condition, "COMPLETE") && ended(p, i))
        return READY;
    if (ecs_is(d->condition, "SUCCESS") && ended(p, i)) {
        if (c->exit_code.set && c->exit_code.v == 0)
            return READY;
        *ret_why =
            sw_strf(a, "Dependency container %.*s did not exit with success", SW_FMT(c->name));
        return NEVER;
    }
    if (ecs_is(d->condition, "HEALTHY")) {
        if (ecs_is(c->health_status, "HEALTHY"))
            return READY;
        if (ended(p, i) || ecs_is(c->health_status, "UNHEALTHY")) {
            *ret_why =
                sw_strf(a, "Dependency container %.*s did not become healthy", SW_FMT(c->name));
            return NEVER;
        }
    }
    if (started(p, i)) {
        const EcsContainerDefinition *on = &p->t->definition->container_definitions.v[i];
        SwTime limit =
            p->t->containers.v[i].started_at.v + SW_OR(on->start_timeout, START_DEFAULT) * SW_S;
        look_again(p, limit);
        if (sw_now(p->cx) >= limit) {
            *ret_why = sw_strf(a, "Dependency container %.*s did not reach %.*s in time",
                               SW_FMT(c->name), SW_FMT(d->condition));
            return NEVER;
        }
    }
    return NOT_YET;
}

static Ready dependencies(Pass *p, size_t i, SwStr *ret_why) {
    const EcsContainerDefinition *d = &p->t->definition->container_definitions.v[i];
    for (size_t k = 0; k < d->depends_on.n; k++) {
        Ready r = dependency(p, &d->depends_on.v[k], ret_why);
        if (r != READY)
            return r;
    }
    return READY;
}

static int start_one(Pass *p, size_t i, SwError *err) {
    EcsContainer *c = &p->t->task->containers.v[i];
    SwStr digest = SW_NO_STR;
    p->changed = true;
    if (ecs_container_start(p->cx, p->t, i, &digest, err) < 0) {
        SwStr reason = sw_str_dup(p->cx->arena, sw_str(err->message));
        sw_log(SW_WARN, "container not started", SW_F("container", p->t->containers.v[i].id),
               SW_F("message", err->message), SW_F("cause", err->cause));
        sw_error_reset(err);
        c->reason = reason;
        c->last_status = SW_STR("STOPPED");
        fail_task(p, reason);
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

/* Note the ends of containers; an essential one's stops the task. */
static void see_ends(Pass *p) {
    for (size_t i = 0; i < p->t->containers.n; i++) {
        EcsContainer *c = &p->t->task->containers.v[i];
        SwContainerInfo info;
        if (!started(p, i) || ended(p, i))
            continue;
        bool there =
            sw_container_get(p->cx->host->runtime, p->cx->arena, p->t->containers.v[i].id, &info);
        if (there && info.state == SW_CONTAINER_RUNNING)
            continue;
        c->last_status = SW_STR("STOPPED");
        if (there && info.exit_code >= 0)
            c->exit_code = SW_SOME_INT(info.exit_code);
        else
            c->reason = SW_STR("The container's end was not seen");
        if (there && info.oom_killed)
            c->reason = SW_STR("OutOfMemoryError: Container killed due to memory usage");
        p->t->containers.v[i].finished_at =
            SW_SOME_TIME(there && info.finished_at ? info.finished_at : sw_now(p->cx));
        p->changed = true;
        if (SW_OR(p->t->definition->container_definitions.v[i].essential, true))
            ecs_task_stop(p->t, sw_now(p->cx), ECS_TASK_STOP_CODE_ESSENTIAL_CONTAINER_EXITED,
                          SW_STR("Essential container in task exited"));
    }
}

static int records_of_started(Pass *p, SwError *err) {
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (started(p, i) &&
            (put_log(p, i, err) < 0 || (!ended(p, i) && put_health(p, i, err) < 0)))
            return -1;
    return 0;
}

static bool stopping(const Pass *p) {
    return ecs_is(p->t->task->desired_status, "STOPPED");
}

/* Start what can be started; PENDING ends when every container has been. */
static int bring_up(Pass *p, SwError *err) {
    EcsTask *k = p->t->task;
    size_t waiting = 0, n = p->t->containers.n;
    see_ends(p); /* what waited for an end may go on */
    if (!k->pull_started_at.set)
        k->pull_started_at = SW_SOME_TIME(sw_now(p->cx));
    for (bool progress = true; progress && !stopping(p);) {
        progress = false;
        waiting = 0;
        for (size_t i = 0; i < n && !stopping(p); i++) {
            SwStr why;
            if (started(p, i))
                continue;
            Ready r = dependencies(p, i, &why);
            waiting += r == NOT_YET;
            if (r == NEVER)
                fail_task(p, why);
            if (r != READY)
                continue;
            if (start_one(p, i, err) < 0)
                return -1;
            progress = true;
        }
    }
    if (!k->pull_stopped_at.set && !waiting)
        k->pull_stopped_at = SW_SOME_TIME(sw_now(p->cx));
    if (!waiting && !stopping(p)) {
        if (!p->t->load_balancers.n)
            k->started_at = SW_SOME_TIME(sw_now(p->cx));
        set_state(p, p->t->load_balancers.n ? "ACTIVATING" : "RUNNING");
    }
    return p->changed ? save(p, records_of_started, err) : 0;
}

static int activate(Pass *p, SwError *err) {
    p->t->registered = SW_SOME_BOOL(true);
    p->t->task->started_at = SW_SOME_TIME(sw_now(p->cx));
    set_state(p, "RUNNING");
    int r = save(p, register_targets, err);
    if (r == 0 || !sw_error_is(err, &ELBV2_TARGET_GROUP_NOT_FOUND_EXCEPTION))
        return r;
    p->t->registered = SW_SOME_BOOL(false);
    fail_task(p, sw_strf(p->cx->arena, "Task failed to start: %s", err->message));
    sw_error_reset(err);
    return save(p, NULL, err);
}

static int watch(Pass *p, SwError *err) {
    see_ends(p);
    return p->changed ? save(p, NULL, err) : 0;
}

/* ---- the way down ---- */

static int begin_down(Pass *p, SwError *err) {
    bool targets = SW_OR(p->t->registered, false) && !SW_OR(p->t->deregistered, false);
    set_state(p, targets ? "DEACTIVATING" : "STOPPING");
    p->t->deregistered = SW_SOME_BOOL(targets);
    return save(p, targets ? deregister_targets : NULL, err);
}

static bool anything_runs(const Pass *p) {
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (started(p, i) && !ended(p, i))
            return true;
    return false;
}

/* Whether a target still drains. A group that cannot be asked has nothing to wait for. */
static int draining(Pass *p, bool *ret, SwError *err) {
    *ret = false;
    for (size_t i = 0; i < p->t->load_balancers.n && !*ret; i++) {
        Elbv2DescribeTargetHealthInput in = {.target_group_arn =
                                                 p->t->load_balancers.v[i].target_group_arn};
        Elbv2DescribeTargetHealthOutput *out;
        if (target_list(p, &p->t->load_balancers.v[i], &in.targets, err) < 0)
            return -1;
        if (elbv2_call_describe_target_health(p->cx, &in, &out, err) < 0) {
            sw_error_reset(err);
            continue;
        }
        for (size_t k = 0; k < out->target_health_descriptions.n; k++) {
            const Elbv2TargetHealth *h = out->target_health_descriptions.v[k].target_health;
            *ret |= h && ecs_is(h->state, "draining");
        }
    }
    return 0;
}

static int drain(Pass *p, SwError *err) {
    bool still;
    see_ends(p);
    if (draining(p, &still, err) < 0)
        return -1;
    if (still && anything_runs(p)) {
        look_again(p, sw_now(p->cx) + DRAIN_POLL);
        return p->changed ? save(p, NULL, err) : 0;
    }
    set_state(p, "STOPPING");
    return save(p, NULL, err);
}

/* Whether a running container depends on container i: then i goes after it. */
static bool needed(const Pass *p, size_t i) {
    for (size_t k = 0; k < p->t->containers.n; k++) {
        const EcsContainerDefinition *d = &p->t->definition->container_definitions.v[k];
        for (size_t n = 0; started(p, k) && !ended(p, k) && n < d->depends_on.n; n++)
            if (index_of(p, d->depends_on.v[n].container_name) == i)
                return true;
    }
    return false;
}

static int drop_health(Pass *p, SwError *err) {
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (sw_doc_delete(p->cx->tx, &ecs_health_records, p->t->containers.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}

static int stop_containers(Pass *p, SwError *err) {
    see_ends(p);
    for (size_t i = 0; i < p->t->containers.n; i++) {
        EcsContainer *c = &p->t->task->containers.v[i];
        if (!started(p, i) && !ended(p, i)) {
            /* One that was started just before a crash runs, though the task does not know:
             * deleting it ends it. */
            c->last_status = SW_STR("STOPPED");
            p->changed = true;
        }
        if (ended(p, i) || SW_OR(p->t->containers.v[i].stopping, false) || needed(p, i))
            continue;
        int64_t grace =
            SW_OR(p->t->definition->container_definitions.v[i].stop_timeout, STOP_DEFAULT);
        if (sw_container_stop(p->cx->host->runtime, p->t->containers.v[i].id, (int)grace * 1000,
                              err) < 0)
            return -1;
        SW_CRASH_POINT("ecs.task.stop_signalled");
        p->t->containers.v[i].stopping = SW_SOME_BOOL(true);
        p->changed = true;
    }
    see_ends(p);
    if (anything_runs(p)) {
        look_again(p, sw_now(p->cx) +
                          5 * SW_S); /* its end wakes us; this is for an end that nobody told */
        return p->changed ? save(p, NULL, err) : 0;
    }
    p->t->task->execution_stopped_at = SW_SOME_TIME(sw_now(p->cx));
    set_state(p, "DEPROVISIONING");
    return save(p, drop_health, err);
}

static int logs_done(Pass *p, bool *ret, SwError *err) {
    *ret = true;
    if (sw_ctx_begin(p->cx, SW_READ, err) < 0)
        return -1;
    int n = 0;
    for (size_t i = 0; i < p->t->containers.n && n == 0; i++) {
        void *r;
        n = sw_doc_get(p->cx->tx, &ecs_log_records, p->t->containers.v[i].id, &r, err);
        if (n == 0 && r && !SW_OR(((EcsLogRecord *)r)->done, false))
            *ret = false;
    }
    sw_ctx_rollback(p->cx);
    return n;
}

static int drop_logs(Pass *p, SwError *err) {
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (sw_doc_delete(p->cx->tx, &ecs_log_records, p->t->containers.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}

static int deprovision(Pass *p, SwError *err) {
    bool done;
    if (logs_done(p, &done, err) < 0)
        return -1;
    if (!done) {
        look_again(p, sw_now(p->cx) + SW_S); /* ecs/log wakes us */
        return 0;
    }
    for (size_t i = 0; i < p->t->containers.n; i++)
        if (sw_container_delete(p->cx->host->runtime, p->t->containers.v[i].id, err) < 0)
            return -1;
    SW_CRASH_POINT("ecs.task.containers_deleted");
    if (sw_net_delete(p->cx->host->runtime, p->id, err) < 0)
        return -1;
    ecs_volumes_delete(p->cx, p->id);
    for (size_t i = 0; i < p->t->task->attachments.n; i++)
        p->t->task->attachments.v[i].status = SW_STR("DELETED");
    SwTime now = sw_now(p->cx);
    p->t->task->stopped_at = SW_SOME_TIME(now);
    p->t->expires_at = SW_SOME_TIME(now + ECS_TASK_KEPT);
    set_state(p, "STOPPED");
    return save(p, drop_logs, err);
}

static int expire(Pass *p, SwError *err) {
    SwTime at = p->t->expires_at.v;
    if (sw_now(p->cx) < at) {
        look_again(p, at);
        return 0;
    }
    if (sw_ctx_begin(p->cx, SW_WRITE, err) < 0)
        return -1;
    if (sw_doc_delete(p->cx->tx, &ecs_tasks, p->id, NULL, err) < 0) {
        sw_ctx_rollback(p->cx);
        return -1;
    }
    return sw_ctx_commit(p->cx, err);
}

/* ---- the step ---- */

static const struct {
    const char *state;
    bool down;
    InTx *act;
} table[] = {
    {"PROVISIONING", false, provision},    {"PENDING", false, bring_up},
    {"ACTIVATING", false, activate},       {"RUNNING", false, watch},
    {"PROVISIONING", true, begin_down},    {"PENDING", true, begin_down},
    {"ACTIVATING", true, begin_down},      {"RUNNING", true, begin_down},
    {"DEACTIVATING", true, drain},         {"STOPPING", true, stop_containers},
    {"DEPROVISIONING", true, deprovision}, {"STOPPED", true, expire},
};

static InTx *action_of(const Pass *p) {
    for (size_t i = 0; i < SW_N(table); i++)
        if (table[i].down == stopping(p) && in_state(p, table[i].state))
            return table[i].act;
    return NULL;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    Pass p = {.cx = cx, .id = id};
    if (load(&p, err) < 0)
        return -1;
    if (!p.t)
        return 0;
    for (SwStr before = SW_NO_STR; !p.conflict && !sw_str_eq(before, p.t->task->last_status);) {
        InTx *act = action_of(&p);
        if (SW_NEVER(!act))
            return sw_fail(err, &SW_INTERNAL_FAILURE, "a task in state %.*s",
                           SW_FMT(p.t->task->last_status));
        before = p.t->task->last_status;
        bool down = stopping(&p);
        p.again = 0;
        if (act(&p, err) < 0)
            return -1;
        if (!down && stopping(&p))
            before = SW_NO_STR; /* the way has turned */
    }
    ret->again = p.conflict ? sw_now(cx) : p.again;
    ret->waiting = !p.conflict;
    return 0;
}

const SwController ecs_task_controller = {.name = "ecs/task", .step = step};
