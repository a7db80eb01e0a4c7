/* SPDX-License-Identifier: Apache-2.0 */
/* The service scheduler.
 *
 *   deployment   IN_PROGRESS -- all tasks healthy, no others left --> COMPLETED
 *                     |  too many failed tasks, or an alarm
 *                     '--> FAILED -- rollback --> the last good one is PRIMARY and IN_PROGRESS
 * again
 *
 *   service      ACTIVE -- DeleteService --> DRAINING -- no task left --> INACTIVE -- an hour -->
 * gone
 *
 * A step is one transaction and acts only on the store; most rounds find nothing to do and are a look in a snapshot. It
 * makes task records, marks tasks to stop,
 * and asks the load balancer's health through its API. Tasks do the rest (task_controller.c) and
 * wake the service with each change, so that a crash between any two steps leaves a service that
 * the next one carries on. */

#include "service_round.h"

#include "base/log.h"
#include "models/cloudwatch.gen.h"
#include "models/elbv2.gen.h"
#include "plan.h"

#define POLL        SW_S /* of target health and alarms while a deployment is under way */
#define POLL_STEADY (5 * SW_S)

static bool in_progress(const EcsRound *r) {
    return ecs_is(r->primary->rollout_state, "IN_PROGRESS");
}

/* ---- failures ---- */

static void count_failure(EcsRound *r, const EcsTaskRecord *t) {
    EcsDeploymentState *st = ecs_deployment_state(r->s, t->deployment_id);
    r->changed = true;
    r->s->steady = SW_SOME_BOOL(false);
    if (!st)
        return;
    if (!SW_OR(st->completed, false))
        st->failures = SW_SOME_INT(SW_OR(st->failures, 0) + 1);
    st->consecutive = SW_SOME_INT(SW_OR(st->consecutive, 0) + 1);
    st->not_before = SW_SOME_TIME(r->now + ecs_start_delay(st->consecutive.v));
}

static int impaired(EcsRound *r, SwError *err) {
    EcsDeploymentState *st = r->state;
    if (SW_OR(st->consecutive, 0) <= 3 || SW_OR(st->warned, false))
        return 0;
    st->warned = SW_SOME_BOOL(true);
    ecs_service_say(r->cx, r->s,
                    "is unable to consistently start tasks successfully. For more information, see "
                    "the Troubleshooting section of the Amazon ECS Developer Guide.");
    return ecs_service_action(r->cx, r->s, "WARN", "SERVICE_TASK_START_IMPAIRED", SW_NO_STR, err);
}

/* Each task counts once: when it ended by itself, or became healthy for the first time. */
static int account(EcsRound *r, SwError *err) {
    for (size_t i = 0; i < r->n; i++) {
        EcsSeen *s = &r->seen[i];
        EcsTaskRecord *t = s->t;
        bool fell = !s->alive && !SW_OR(t->counted, false) &&
                    (sw_str_eq(t->task->stop_code, ECS_TASK_STOP_CODE_TASK_FAILED_TO_START) ||
                     sw_str_eq(t->task->stop_code, ECS_TASK_STOP_CODE_ESSENTIAL_CONTAINER_EXITED));
        bool proved = s->healthy && !SW_OR(t->healthy, false);
        if (!fell && !proved)
            continue;
        if (fell) {
            t->counted = SW_SOME_BOOL(true);
            count_failure(r, t);
        } else {
            EcsDeploymentState *st = ecs_deployment_state(r->s, t->deployment_id);
            t->healthy = SW_SOME_BOOL(true);
            if (st) {
                st->consecutive = SW_SOME_INT(0);
                st->warned = SW_SOME_BOOL(false);
                st->not_before = (SwOptTime){0};
            }
            r->changed = true;
        }
        /* No change of state for the event bus: only the record, with a new version so that nobody
         * overwrites it. */
        t->task->version = SW_SOME_INT(SW_OR(t->task->version, 0) + 1);
        if (ecs_tasks_put(r->cx->tx, ecs_task_id(t), t, err) < 0 ||
            sw_wake(r->cx, &ecs_task_controller, ecs_task_id(t), 0, err) < 0)
            return -1;
    }
    return impaired(r, err);
}

/* ---- starting and stopping ---- */

static int stop_task(EcsRound *r, EcsSeen *s, SwStr reason, SwError *err) {
    if (!ecs_task_stop(s->t, r->now, ECS_TASK_STOP_CODE_SERVICE_SCHEDULER_INITIATED, reason))
        return 0;
    s->alive = s->healthy = false;
    r->changed = true;
    r->s->steady = SW_SOME_BOOL(false);
    if (ecs_task_store(r->cx, s->t, err) < 0)
        return -1;
    return sw_wake(r->cx, &ecs_task_controller, ecs_task_id(s->t), 0, err);
}

static void say_tasks(EcsRound *r, const char *what, const SwStrList *ids, const char *noun) {
    if (!ids->n)
        return;
    SwBuf b = sw_buf(r->cx->arena, 64 * SW_KIB);
    for (size_t i = 0; i < ids->n; i++)
        sw_buf_addf(&b, "%s(task %.*s)", i ? " " : "", SW_FMT(ids->v[i]));
    SwStr list = sw_buf_str(&b);
    ecs_service_say(r->cx, r->s, "%s %zu %s: %.*s.", what, ids->n, noun, SW_FMT(list));
}

static int replace_ill(EcsRound *r, SwError *err) {
    SwStrList ids = {0};
    for (size_t i = 0; i < r->n; i++) {
        EcsSeen *s = &r->seen[i];
        if (!s->alive || !s->ill.n)
            continue;
        s->t->counted = SW_SOME_BOOL(true);
        count_failure(r, s->t);
        sw_str_list_add(r->cx->arena, &ids, ecs_task_id(s->t));
        if (stop_task(r, s, s->ill, err) < 0)
            return -1;
    }
    say_tasks(r, "has stopped", &ids, "running tasks");
    return 0;
}

/* Worst first: not yet running, then running, then healthy. */
static int stop_some(EcsRound *r, bool primary, int64_t n, bool healthy_too, SwStr reason, SwError *err) {
    SwStrList ids = {0};
    for (int rank = 0; rank < 3 && n > 0; rank++)
        for (size_t i = r->n; i-- > 0 && n > 0;) {
            EcsSeen *s = &r->seen[i];
            int own = s->healthy ? 2 : ecs_is(s->t->task->last_status, "RUNNING") ? 1 : 0;
            if (!s->alive || s->primary != primary || own != rank || (own == 2 && !healthy_too))
                continue;
            n--;
            sw_str_list_add(r->cx->arena, &ids, ecs_task_id(s->t));
            if (stop_task(r, s, reason, err) < 0)
                return -1;
        }
    say_tasks(r, "has stopped", &ids, "running tasks");
    return 0;
}

static EcsTagList tags_of(EcsRound *r, const EcsTaskDefinitionRecord *d) {
    EcsTagList tags = {0};
    EcsService *v = r->s->service;
    if (ecs_is(v->propagate_tags, "TASK_DEFINITION"))
        ecs_tags_merge(r->cx->arena, &tags, &d->tags);
    if (ecs_is(v->propagate_tags, "SERVICE"))
        ecs_tags_merge(r->cx->arena, &tags, &v->tags);
    if (SW_OR(v->enable_ecs_managed_tags, false)) {
        *sw_list_add(r->cx->arena, &tags) = (EcsTag){SW_STR("aws:ecs:clusterName"), r->s->cluster_name};
        *sw_list_add(r->cx->arena, &tags) = (EcsTag){SW_STR("aws:ecs:serviceName"), v->service_name};
    }
    return tags;
}

typedef struct Placed { /* living tasks of the PRIMARY deployment by where they are */
    int64_t *provider, *subnet;
} Placed;

static const SwStrList *subnets_of(const EcsRound *r) {
    static const SwStrList none = {0};
    const EcsNetworkConfiguration *n = r->primary->network_configuration;
    return n && n->awsvpc_configuration ? &n->awsvpc_configuration->subnets : &none;
}

static Placed count_placed(EcsRound *r) {
    const EcsCapacityProviderStrategyItemList *l = &r->primary->capacity_provider_strategy;
    const SwStrList *subnets = subnets_of(r);
    Placed p = {.provider = sw_new_n(r->cx->arena, int64_t, l->n + 1),
                .subnet = sw_new_n(r->cx->arena, int64_t, subnets->n + 1)};
    for (size_t i = 0; i < r->n; i++) {
        const EcsTask *k = r->seen[i].t->task;
        if (!r->seen[i].alive || !r->seen[i].primary)
            continue;
        for (size_t n = 0; n < l->n; n++)
            p.provider[n] += sw_str_eq(l->v[n].capacity_provider, k->capacity_provider_name);
        SwStr subnet = k->attachments.n ? ecs_key_value(&k->attachments.v[0].details, "subnetId") : SW_NO_STR;
        for (size_t n = 0; n < subnets->n; n++)
            p.subnet[n] += sw_str_eq(subnets->v[n], subnet);
    }
    return p;
}

/* The next task goes to the provider whose turn it is and to the subnet that has fewest. */
static void place(EcsRound *r, Placed *count, EcsTaskPlan *plan) {
    const EcsCapacityProviderStrategyItemList *l = &r->primary->capacity_provider_strategy;
    const SwStrList *subnets = subnets_of(r);
    size_t least = 0;
    if (l->n) {
        size_t k = ecs_provider_pick(l, count->provider);
        plan->capacity_provider = l->v[k].capacity_provider;
        count->provider[k]++;
    }
    for (size_t i = 1; i < subnets->n; i++)
        if (count->subnet[i] < count->subnet[least])
            least = i;
    if (!subnets->n)
        return;
    plan->subnet = subnets->v[least];
    count->subnet[least]++;
}

static int start_tasks(EcsRound *r, int64_t n, SwError *err) {
    SwCtx *cx = r->cx;
    const EcsDeployment *p = r->primary;
    if (n <= 0)
        return 0;
    if (r->now < SW_OR(r->state->not_before, 0)) {
        ecs_round_again(r, r->state->not_before.v);
        return 0;
    }
    EcsTaskPlan plan = {
        .network = p->network_configuration,
        .load_balancers = &r->state->load_balancers,
        .launch_type = p->launch_type,
        .platform_version = ecs_is(p->launch_type, "FARGATE") ? SW_STR("1.4.0") : SW_NO_STR,
        .group = sw_strf(cx->arena, "service:%.*s", SW_FMT(r->s->service->service_name)),
        .started_by = p->id,
        .service_name = r->s->service->service_name,
        .service_arn = r->s->service->service_arn,
        .deployment_id = p->id,
    };
    if (ecs_cluster_get(cx, r->s->cluster_name, &plan.cluster, err) < 0 ||
        ecs_definition_find(cx, p->task_definition, &plan.definition, err) < 0)
        return -1;
    if (!plan.definition)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "the task definition %.*s is gone", SW_FMT(p->task_definition));
    EcsTagList tags = tags_of(r, plan.definition);
    plan.tags = &tags;
    Placed count = count_placed(r);
    SwStrList ids = {0};
    for (int64_t i = 0; i < n && i < 50; i++) {
        EcsTaskRecord *t;
        place(r, &count, &plan);
        if (ecs_task_make(cx, &plan, &t, err) < 0)
            return -1;
        sw_str_list_add(cx->arena, &ids, ecs_task_id(t));
    }
    r->changed = true;
    r->s->steady = SW_SOME_BOOL(false);
    say_tasks(r, "has started", &ids, "tasks");
    return 0;
}

static int roll(EcsRound *r, SwError *err) {
    const EcsDeploymentConfiguration *c = r->s->service->deployment_configuration;
    EcsRoll x = {.desired = r->primary->desired_count.v,
                 .minimum_percent = c->minimum_healthy_percent.v,
                 .maximum_percent = c->maximum_percent.v};
    int64_t old_ill = 0;
    for (size_t i = 0; i < r->n; i++) {
        const EcsSeen *s = &r->seen[i];
        x.primary += s->alive && s->primary;
        x.primary_healthy += s->healthy && s->primary;
        x.old += s->alive && !s->primary;
        x.old_healthy += s->healthy && !s->primary;
        old_ill += s->alive && !s->primary && !s->healthy;
    }
    EcsRollPlan p = ecs_roll(&x);
    bool failed = ecs_is(r->primary->rollout_state, "FAILED");
    SwStr reason = sw_strf(r->cx->arena, "Scaling activity initiated by (deployment %.*s)", SW_FMT(r->primary->id));
    if (p.stop_primary && stop_some(r, true, p.stop_primary, true, reason, err) < 0)
        return -1;
    /* A failed deployment without rollback stands still: what ran before it goes on. */
    if (!failed && old_ill + p.stop_old > 0 && stop_some(r, false, old_ill + p.stop_old, p.stop_old > 0, reason, err) < 0)
        return -1;
    return failed ? 0 : start_tasks(r, p.start, err);
}

/* ---- the end of deployments ---- */

/* Other deployments go from the list with their last task that still serves. */
static void retire(EcsRound *r) {
    EcsDeploymentList kept = {0};
    EcsService *v = r->s->service;
    for (size_t i = 0; i < v->deployments.n; i++) {
        EcsDeployment *d = &v->deployments.v[i];
        bool serves = d == r->primary;
        for (size_t k = 0; k < r->n && !serves; k++)
            serves = r->seen[k].serving && sw_str_eq(r->seen[k].t->deployment_id, d->id);
        if (serves)
            *sw_list_add(r->cx->arena, &kept) = *d;
    }
    if (kept.n == v->deployments.n)
        return;
    v->deployments = kept;
    r->primary = ecs_deployment_primary(r->s);
    r->changed = true;
}

static int fail(EcsRound *r, SwStr why, bool rollback, SwError *err) {
    SwStr id = r->primary->id;
    r->changed = true;
    bool back = rollback && r->s->last_good && !sw_str_eq(r->s->last_good->id, id);
    if (ecs_deployment_end(r->cx, r->s, r->primary, false, why, err) < 0)
        return -1;
    if (back) {
        SwStr head = why, rest = why;
        size_t at;
        if (sw_str_find(why, ':', &at))
            head = sw_str_n(rest.p, at + 1);
        if (ecs_deployment_rolled_back(r->cx, r->s, id, head, err) < 0)
            return -1;
    }
    r->primary = ecs_deployment_primary(r->s);
    r->state = ecs_deployment_state(r->s, r->primary->id);
    for (size_t i = 0; i < r->n; i++)
        r->seen[i].primary = sw_str_eq(r->seen[i].t->deployment_id, r->primary->id);
    return 0;
}

static int breaker(EcsRound *r, SwError *err) {
    const EcsDeploymentCircuitBreaker *b = r->s->service->deployment_configuration->deployment_circuit_breaker;
    if (!in_progress(r) || SW_OR(r->state->completed, false) || !b || !SW_OR(b->enable, false) ||
        SW_OR(r->state->failures, 0) < ecs_breaker_threshold(r->primary->desired_count.v))
        return 0;
    return fail(r, SW_STR("ECS deployment circuit breaker: tasks failed to start."), SW_OR(b->rollback, false), err);
}

static int alarm_sounds(EcsRound *r, const EcsDeploymentAlarms *a, bool *ret, SwError *err) {
    CloudwatchDescribeAlarmsInput in = {.alarm_names = a->alarm_names};
    CloudwatchDescribeAlarmsOutput *out;
    *ret = false;
    if (cloudwatch_call_describe_alarms(r->cx, &in, &out, err) < 0) {
        /* What cannot be asked must not hold up the tasks. */
        sw_log(SW_WARN, "alarms of a deployment cannot be asked", SW_F("service", r->s->key), SW_F("message", err->message));
        sw_error_reset(err);
        return 0;
    }
    for (size_t i = 0; i < out->metric_alarms.n; i++)
        *ret |= ecs_is(out->metric_alarms.v[i].state_value, "ALARM");
    for (size_t i = 0; i < out->composite_alarms.n; i++)
        *ret |= ecs_is(out->composite_alarms.v[i].state_value, "ALARM");
    return 0;
}

/* An alarm that sounds when a deployment begins is not this deployment's doing: alarms are left
 * alone then, as AWS. */
static int alarms(EcsRound *r, SwError *err) {
    const EcsDeploymentAlarms *a = r->s->service->deployment_configuration->alarms;
    bool sounds;
    if (!a || !SW_OR(a->enable, false) || !in_progress(r) || SW_OR(r->state->alarms_ignored, false))
        return 0;
    if (alarm_sounds(r, a, &sounds, err) < 0)
        return -1;
    if (!SW_OR(r->state->alarms_seen, false)) {
        r->state->alarms_seen = SW_SOME_BOOL(true);
        r->state->alarms_ignored = SW_SOME_BOOL(sounds);
        r->changed = true;
        return 0;
    }
    ecs_round_again(r, r->now + POLL);
    return sounds ? fail(r, SW_STR("ECS deployment failed: alarm detected."), SW_OR(a->rollback, false), err) : 0;
}

static int complete(EcsRound *r, SwError *err) {
    int64_t primary = 0, healthy = 0, others = 0;
    for (size_t i = 0; i < r->n; i++) {
        primary += r->seen[i].alive && r->seen[i].primary;
        healthy += r->seen[i].healthy && r->seen[i].primary;
        others += r->seen[i].serving && !r->seen[i].primary;
    }
    int64_t desired = r->primary->desired_count.v;
    if (primary != desired || healthy != desired || others || r->s->service->deployments.n != 1) {
        if (r->state->healthy_since.set)
            r->changed = true;
        r->state->healthy_since = (SwOptTime){0};
        return 0;
    }
    if (!r->state->healthy_since.set) {
        r->state->healthy_since = SW_SOME_TIME(r->now);
        r->changed = true;
    }
    SwTime baked =
        r->state->healthy_since.v + SW_OR(r->s->service->deployment_configuration->bake_time_in_minutes, 0) * SW_MINUTE;
    if (in_progress(r) && r->now < baked) {
        ecs_round_again(r, baked);
        return 0;
    }
    if (in_progress(r)) {
        r->changed = true;
        SwStr why = sw_strf(r->cx->arena, "ECS deployment %.*s completed.", SW_FMT(r->primary->id));
        if (ecs_deployment_end(r->cx, r->s, r->primary, true, why, err) < 0)
            return -1;
    }
    if (SW_OR(r->s->steady, false))
        return 0;
    r->s->steady = SW_SOME_BOOL(true);
    r->changed = true;
    ecs_service_say(r->cx, r->s, "has reached a steady state.");
    return ecs_service_action(r->cx, r->s, "INFO", "SERVICE_STEADY_STATE", SW_NO_STR, err);
}

/* ---- deletion ---- */

static int draining(EcsRound *r, SwError *err) {
    bool left = false;
    if (stop_some(r, true, (int64_t)r->n, true, SW_STR("Service was deleted"), err) < 0 ||
        stop_some(r, false, (int64_t)r->n, true, SW_STR("Service was deleted"), err) < 0)
        return -1;
    for (size_t i = 0; i < r->n; i++)
        left |= !ecs_is(r->seen[i].t->task->last_status, "STOPPED");
    if (left)
        return 0;
    r->s->service->status = SW_STR("INACTIVE");
    r->s->service->deployments = (EcsDeploymentList){0};
    r->s->expires_at = SW_SOME_TIME(r->now + SW_HOUR);
    r->changed = true;
    ecs_round_again(r, r->s->expires_at.v);
    return 0;
}

static int active(EcsRound *r, SwError *err) {
    if (account(r, err) < 0 || replace_ill(r, err) < 0 || breaker(r, err) < 0 || alarms(r, err) < 0 || roll(r, err) < 0)
        return -1;
    retire(r);
    r->state = ecs_deployment_state(r->s, r->primary->id);
    if (complete(r, err) < 0)
        return -1;
    bool targets = r->s->service->load_balancers.n > 0 && r->n > 0;
    if (targets)
        ecs_round_again(r, r->now + (in_progress(r) || !SW_OR(r->s->steady, false) ? POLL : POLL_STEADY));
    return 0;
}

/* States of deployments that are gone and are not the one to go back to. */
static void tidy(EcsRound *r) {
    typeof(r->s->states) kept = {0};
    for (size_t i = 0; i < r->s->states.n; i++) {
        EcsDeploymentState *st = &r->s->states.v[i];
        bool named = r->s->last_good && sw_str_eq(st->id, r->s->last_good->id);
        for (size_t k = 0; k < r->s->service->deployments.n; k++)
            named |= sw_str_eq(st->id, r->s->service->deployments.v[k].id);
        for (size_t k = 0; k < r->n; k++)
            named |= r->seen[k].alive && sw_str_eq(st->id, r->seen[k].t->deployment_id);
        if (named)
            *sw_list_add(r->cx->arena, &kept) = *st;
    }
    r->s->states = kept;
}

static int run(EcsRound *r, SwStr id, SwError *err) {
    if (ecs_services_find(r->cx->tx, id, &r->s, err) < 0)
        return -1;
    if (!r->s)
        return 0;
    if (ecs_is(r->s->service->status, "INACTIVE")) {
        ecs_round_again(r, r->s->expires_at.v);
        if (r->now < r->s->expires_at.v)
            return 0;
        r->again = 0;
        r->changed = true;
        return ecs_services_delete(r->cx->tx, id, NULL, err);
    }
    r->primary = ecs_deployment_primary(r->s);
    r->state = r->primary ? ecs_deployment_state(r->s, r->primary->id) : NULL;
    if (SW_NEVER(!r->state))
        return 0;
    if (ecs_round_look(r, err) < 0 || (ecs_is(r->s->service->status, "DRAINING") ? draining(r, err) : active(r, err)) < 0)
        return -1;
    if (!r->changed)
        return 0;
    tidy(r);
    return ecs_service_store(r->cx, r->s, err);
}

static void committed(void *arg) {
    SW_CRASH_POINT("ecs.service.after_commit");
}

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    EcsRound r = {.cx = cx, .now = sw_now(cx)};
    if (run(&r, id, err) < 0)
        return -1;
    ret->again = r.again;
    ret->waiting = true;
    if (r.changed) {
        SW_CRASH_POINT("ecs.service.before_commit");
        sw_tx_after_commit(cx->tx, committed, NULL);
    }
    return 0;
}

/* The tasks that run go on; no deployment moves until somebody changes the service. The record may be what is too large:
 * it is told of in the log alone. */
const SwController ecs_service_controller = {
    .name = "ecs/service",
    .kind = SW_STEP_STORE,
    .step = step,
    .looks = true,
    .unfailing = "what is too large is the service's own record, on which nothing can be shown; its tasks go on",
};
