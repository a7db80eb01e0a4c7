/* SPDX-License-Identifier: Apache-2.0 */
/* A task's places in the target groups of its service. */

#include "task_pass.h"

#include "models/elbv2.gen.h"

bool ecs_target_of(const EcsTaskRecord *t, const EcsLoadBalancer *b, SwStr *ret_id, int64_t *ret_port) {
    for (size_t i = 0; i < t->task->containers.n; i++) {
        const EcsContainer *c = &t->task->containers.v[i];
        if (!sw_str_eq(c->name, b->container_name))
            continue;
        bool vpc = ecs_is(t->definition->network_mode, "awsvpc");
        *ret_id = vpc ? t->address : SW_STR("127.0.0.1");
        *ret_port = SW_OR(b->container_port, 0);
        for (size_t k = 0; !vpc && k < c->network_bindings.n; k++)
            if (SW_OR(c->network_bindings.v[k].container_port, 0) == SW_OR(b->container_port, 0))
                *ret_port = SW_OR(c->network_bindings.v[k].host_port, 0);
        return true;
    }
    return false;
}

static int target_list(EcsPass *p, const EcsLoadBalancer *b, Elbv2TargetDescriptionList *ret, SwError *err) {
    Elbv2TargetDescription *d = sw_list_add(p->cx->arena, ret);
    int64_t port;
    if (!ecs_target_of(p->t, b, &d->id, &port))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "no container %.*s for a target", SW_FMT(b->container_name));
    d->port = SW_SOME_INT(port);
    return 0;
}

/* One event of the service for each target group, in AWS's words. */
static int say_targets(EcsPass *p, const char *what, SwError *err) {
    EcsServiceRecord *r;
    if (!p->t->service_arn.n)
        return 0;
    if (ecs_service_find(p->cx, p->t->cluster_name, p->t->service_name, &r, err) < 0)
        return -1;
    if (r && p->t->load_balancers.n && ecs_pass_stopping(p))
        ecs_service_say(p->cx, r, "has begun draining connections on 1 tasks.");
    for (size_t i = 0; r && i < p->t->load_balancers.n; i++)
        ecs_service_say(p->cx, r, "%s 1 targets in (target-group %.*s)", what,
                        SW_FMT(p->t->load_balancers.v[i].target_group_arn));
    return r ? ecs_service_store(p->cx, r, err) : 0;
}

int ecs_targets_register(EcsPass *p, SwError *err) {
    for (size_t i = 0; i < p->t->load_balancers.n; i++) {
        const EcsLoadBalancer *b = &p->t->load_balancers.v[i];
        Elbv2RegisterTargetsInput in = {.target_group_arn = b->target_group_arn};
        Elbv2RegisterTargetsOutput *out;
        if (target_list(p, b, &in.targets, err) < 0 || elbv2_call_register_targets(p->cx, &in, &out, err) < 0)
            return -1;
    }
    return say_targets(p, "registered", err);
}

/* A target group that is gone needs no deregistration. */
int ecs_targets_deregister(EcsPass *p, SwError *err) {
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

/* Whether a target still drains. A group that cannot be asked has nothing to wait for. */
int ecs_targets_drain(EcsPass *p, bool *ret, SwError *err) {
    *ret = false;
    for (size_t i = 0; i < p->t->load_balancers.n && !*ret; i++) {
        Elbv2DescribeTargetHealthInput in = {.target_group_arn = p->t->load_balancers.v[i].target_group_arn};
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
