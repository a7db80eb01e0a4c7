/* SPDX-License-Identifier: Apache-2.0 */
/* What the service scheduler sees: each task of the service, whether it lives, serves, is healthy,
 * or must be replaced. */

#include "service_round.h"

#define PROOF \
    (2 * SW_S) /* a task without any health check must run so long to count as healthy \
                */

void ecs_round_again(EcsRound *r, SwTime at) {
    if (!r->again || at < r->again)
        r->again = at;
}

/* The health of a group's targets, asked once a round. Each task has the groups of the deployment
 * that made it, which need not be those that the service names now. */
static const Elbv2DescribeTargetHealthOutput *health_of(EcsRound *r, SwStr arn) {
    for (size_t i = 0; i < r->groups.n; i++)
        if (sw_str_eq(r->groups.v[i].arn, arn))
            return r->groups.v[i].health;
    EcsGroupHealth *g = sw_list_add(r->cx->arena, &r->groups);
    Elbv2DescribeTargetHealthInput in = {.target_group_arn = arn};
    Elbv2DescribeTargetHealthOutput *out;
    SwError gone = sw_error(r->cx->arena); /* the group: then its targets are not healthy */
    g->arn = arn;
    if (elbv2_call_describe_target_health(r->cx, &in, &out, &gone) == 0)
        g->health = out;
    return g->health;
}

static const Elbv2TargetHealth *target_health(EcsRound *r, const EcsTaskRecord *t, const EcsLoadBalancer *b) {
    const Elbv2DescribeTargetHealthOutput *all = health_of(r, b->target_group_arn);
    SwStr id;
    int64_t port;
    if (!all || !ecs_target_of(t, b, &id, &port))
        return NULL;
    for (size_t i = 0; i < all->target_health_descriptions.n; i++) {
        const Elbv2TargetHealthDescription *d = &all->target_health_descriptions.v[i];
        if (d->target && sw_str_eq(d->target->id, id) && SW_OR(d->target->port, 0) == port)
            return d->target_health;
    }
    return NULL;
}

static void judge_targets(EcsRound *r, EcsSeen *s, bool grace) {
    EcsTaskRecord *t = s->t;
    for (size_t i = 0; i < t->load_balancers.n; i++) {
        const EcsLoadBalancer *b = &t->load_balancers.v[i];
        const Elbv2TargetHealth *h = target_health(r, t, b);
        bool good = h && ecs_is(h->state, "healthy");
        s->healthy &= good;
        if (!h || good || grace || !ecs_is(h->state, "unhealthy") || s->ill.n)
            continue;
        s->ill = sw_strf(r->cx->arena, "Task failed ELB health checks in (target-group %.*s)", SW_FMT(b->target_group_arn));
        SwStr id = ecs_task_id(t), address;
        int64_t port = 0;
        (void)ecs_target_of(t, b, &address, &port);
        ecs_service_say(r->cx, r->s, "(task %.*s) (port %lld) is unhealthy in (target-group %.*s) due to (reason %.*s)",
                        SW_FMT(id), (long long)port, SW_FMT(b->target_group_arn), SW_FMT(sw_str_or(h->description, h->reason)));
    }
}

/* Whether the definition checks an essential container: only these make a task's health. */
static bool has_check(const EcsTaskDefinition *d) {
    for (size_t i = 0; i < d->container_definitions.n; i++)
        if (ecs_is_checked(&d->container_definitions.v[i]) && SW_OR(d->container_definitions.v[i].essential, true))
            return true;
    return false;
}

static void judge(EcsRound *r, EcsSeen *s) {
    EcsTask *k = s->t->task;
    SwStr state = k->last_status;
    bool early = ecs_is(state, "PROVISIONING") || ecs_is(state, "PENDING") || ecs_is(state, "ACTIVATING");
    s->alive = !ecs_is(k->desired_status, "STOPPED");
    s->serving = (s->alive && early) || ecs_is(state, "RUNNING");
    s->primary = sw_str_eq(s->t->deployment_id, r->primary->id);
    s->healthy = s->alive && ecs_is(state, "RUNNING");
    if (!s->healthy)
        return;
    SwTime started = SW_OR(k->started_at, r->now);
    bool grace = r->now < started + SW_OR(r->s->service->health_check_grace_period_seconds, 0) * SW_S;
    bool checked = has_check(s->t->definition);
    if (checked)
        s->healthy &= ecs_is(k->health_status, "HEALTHY");
    if (ecs_is(k->health_status, "UNHEALTHY") && !grace) {
        SwStr id = ecs_task_id(s->t);
        s->ill = SW_STR("Task failed container health checks");
        ecs_service_say(r->cx, r->s, "(task %.*s) failed container health checks.", SW_FMT(id));
    }
    judge_targets(r, s, grace);
    if (!checked && !s->t->load_balancers.n && !SW_OR(s->t->healthy, false) && r->now < started + PROOF) {
        s->healthy = false;
        ecs_round_again(r, started + PROOF);
    }
}

int ecs_round_look(EcsRound *r, SwError *err) {
    EcsTaskRecords l;
    if (ecs_tasks_of(r->cx, "by_service", r->s->service->service_arn, &l, err) < 0)
        return -1;
    r->seen = sw_new_n(r->cx->arena, EcsSeen, l.n + 1);
    r->n = l.n;
    for (size_t i = 0; i < l.n; i++) {
        r->seen[i].t = l.v[i].record;
        judge(r, &r->seen[i]);
    }
    return 0;
}
