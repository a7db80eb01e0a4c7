/* SPDX-License-Identifier: Apache-2.0 */
/* Deployments of a service: begin, end, roll back; and what DescribeServiceDeployments and
 * DescribeServiceRevisions show of them afterwards. All functions run in the caller's transaction;
 * the service record is the caller's to store. */

#include "ecs.h"

#include "base/id.h"

EcsDeployment *ecs_deployment_primary(EcsServiceRecord *s) {
    for (size_t i = 0; i < s->service->deployments.n; i++)
        if (ecs_is(s->service->deployments.v[i].status, "PRIMARY"))
            return &s->service->deployments.v[i];
    return NULL;
}

EcsDeploymentState *ecs_deployment_state(EcsServiceRecord *s, SwStr id) {
    for (size_t i = 0; i < s->states.n; i++)
        if (sw_str_eq(s->states.v[i].id, id))
            return &s->states.v[i];
    return NULL;
}

static int event(SwCtx *cx, const EcsServiceRecord *s, const EcsDeployment *d, const char *type, const char *name, SwStr reason,
                 SwError *err) {
    const EcsDeploymentStateChange detail = {.event_type = sw_str(type),
                                             .event_name = sw_str(name),
                                             .deployment_id = d->id,
                                             .updated_at = SW_SOME_TIME(sw_now(cx)),
                                             .reason = reason};
    return sw_event(cx, &ecs_event_deployment_state_change, s->service->service_arn, &detail, err);
}

int ecs_service_action(SwCtx *cx, EcsServiceRecord *s, const char *type, const char *name, SwStr reason, SwError *err) {
    const EcsServiceActionDetail detail = {.event_type = sw_str(type),
                                           .event_name = sw_str(name),
                                           .cluster_arn = s->cluster_arn,
                                           .created_at = SW_SOME_TIME(sw_now(cx)),
                                           .reason = reason};
    return sw_event(cx, &ecs_event_service_action, s->service->service_arn, &detail, err);
}

static int put_service_deployment(SwCtx *cx, EcsServiceDeployment *d, SwError *err) {
    d->updated_at = SW_SOME_TIME(sw_now(cx));
    EcsServiceDeploymentRecord r = {.service_arn = d->service_arn, .created_at = d->created_at, .deployment = d};
    return ecs_service_deployment_save(cx, &r, err);
}

static int get_service_deployment(SwCtx *cx, SwStr arn, EcsServiceDeployment **ret, SwError *err) {
    EcsServiceDeploymentRecord *r;
    if (ecs_service_deployment_find_reference(cx, arn, &r, err) < 0)
        return -1;
    *ret = r ? r->deployment : NULL;
    return 0;
}

static int put_revision(SwCtx *cx, const EcsServiceRecord *s, const EcsDeployment *d, SwStr arn, SwError *err) {
    EcsServiceRevision v = {
        .service_revision_arn = arn,
        .service_arn = s->service->service_arn,
        .cluster_arn = s->cluster_arn,
        .task_definition = d->task_definition,
        .launch_type = d->launch_type,
        .platform_version = d->platform_version,
        .platform_family = d->platform_family,
        .network_configuration = d->network_configuration,
        .capacity_provider_strategy = d->capacity_provider_strategy,
        .load_balancers = s->service->load_balancers,
        .created_at = d->created_at,
        .guard_duty_enabled = SW_SOME_BOOL(false),
    };
    EcsTaskDefinitionRecord *t;
    if (ecs_definition_find(cx, d->task_definition, &t, err) < 0)
        return -1;
    for (size_t i = 0; t && i < t->definition->container_definitions.n; i++) {
        EcsContainerImage *c = sw_list_add(cx->arena, &v.container_images);
        c->container_name = t->definition->container_definitions.v[i].name;
        c->image = t->definition->container_definitions.v[i].image;
    }
    EcsServiceRevisionRecord r = {.service_arn = v.service_arn, .revision = &v};
    return ecs_service_revision_save(cx, &r, err);
}

static SwStr digits(SwArena *a) {
    return sw_strf(a, "%019llu", (unsigned long long)(sw_id_u64() % 1000000000000000000ull + 9000000000000000000ull));
}

/* The deployment before becomes ACTIVE; one that was still under way is over. */
static int step_back(SwCtx *cx, EcsServiceRecord *s, EcsDeployment **ret_before, SwError *err) {
    EcsDeployment *d = *ret_before = ecs_deployment_primary(s);
    if (!d)
        return 0;
    d->status = SW_STR("ACTIVE");
    d->updated_at = SW_SOME_TIME(sw_now(cx));
    if (!ecs_is(d->rollout_state, "IN_PROGRESS"))
        return 0;
    EcsDeploymentState *st = ecs_deployment_state(s, d->id);
    EcsServiceDeployment *sd;
    if (!st || get_service_deployment(cx, st->service_deployment_arn, &sd, err) < 0)
        return st ? -1 : 0;
    if (!sd || sd->finished_at.set)
        return 0;
    sd->status = SW_STR("STOPPED");
    sd->status_reason = SW_STR("Service deployment was superseded by a new one.");
    sd->stopped_at = sd->finished_at = SW_SOME_TIME(sw_now(cx));
    return put_service_deployment(cx, sd, err);
}

static int begin_records(SwCtx *cx, EcsServiceRecord *s, const EcsDeployment *d, EcsDeploymentState *st, SwStr source_revision,
                         SwError *err) {
    SwArena *a = cx->arena;
    SwStr service = s->service->service_name, revision = digits(a), deployment = sw_id_base62(a, 21);
    st->revision_arn = ecs_service_revision_arn(cx, s->cluster_name, service, revision);
    st->service_deployment_arn = ecs_service_deployment_arn(cx, s->cluster_name, service, deployment);
    EcsServiceRevisionSummary target = {.arn = st->revision_arn, .requested_task_count = d->desired_count};
    EcsServiceDeployment sd = {
        .service_deployment_arn = st->service_deployment_arn,
        .service_arn = s->service->service_arn,
        .cluster_arn = s->cluster_arn,
        .created_at = d->created_at,
        .started_at = d->created_at,
        .target_service_revision = &target,
        .status = SW_STR("IN_PROGRESS"),
        .deployment_configuration = s->service->deployment_configuration,
    };
    if (source_revision.n)
        sw_list_add(a, &sd.source_service_revisions)->arn = source_revision;
    s->service->current_service_deployment = st->service_deployment_arn;
    return put_revision(cx, s, d, st->revision_arn, err) < 0 ? -1 : put_service_deployment(cx, &sd, err);
}

static void prepend(SwArena *a, EcsDeploymentList *l, EcsDeployment *d) {
    EcsDeploymentList fresh = {0};
    *sw_list_add(a, &fresh) = *d;
    for (size_t i = 0; i < l->n; i++)
        *sw_list_add(a, &fresh) = l->v[i];
    *l = fresh;
}

int ecs_deployment_begin(SwCtx *cx, EcsServiceRecord *s, SwError *err) {
    SwArena *a = cx->arena;
    EcsDeployment *before;
    EcsService *v = s->service;
    SwTime now = sw_now(cx);
    if (step_back(cx, s, &before, err) < 0)
        return -1;
    const EcsDeploymentState *old = before ? ecs_deployment_state(s, before->id) : NULL;
    SwStr source = old ? old->revision_arn : SW_NO_STR;
    EcsDeployment d = {
        .id = sw_cat(a, SW_STR("ecs-svc/"), digits(a)),
        .status = SW_STR("PRIMARY"),
        .task_definition = v->task_definition,
        .desired_count = v->desired_count,
        .pending_count = SW_SOME_INT(0),
        .running_count = SW_SOME_INT(0),
        .failed_tasks = SW_SOME_INT(0),
        .created_at = SW_SOME_TIME(now),
        .updated_at = SW_SOME_TIME(now),
        .launch_type = v->launch_type,
        .capacity_provider_strategy = v->capacity_provider_strategy,
        .platform_version = v->platform_version,
        .platform_family = v->platform_family,
        .network_configuration = v->network_configuration,
        .rollout_state = SW_STR("IN_PROGRESS"),
    };
    d.rollout_state_reason = sw_strf(a, "ECS deployment %.*s in progress.", SW_FMT(d.id));
    EcsDeploymentState *st = sw_list_add(a, &s->states);
    *st = (EcsDeploymentState){.id = d.id,
                               .failures = SW_SOME_INT(0),
                               .consecutive = SW_SOME_INT(0),
                               .load_balancers = v->load_balancers};
    if (begin_records(cx, s, &d, st, source, err) < 0)
        return -1;
    prepend(a, &v->deployments, &d);
    s->steady = SW_SOME_BOOL(false);
    return event(cx, s, &d, "INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS", d.rollout_state_reason, err);
}

static int finish_service_deployment(SwCtx *cx, EcsServiceRecord *s, const EcsDeployment *d, bool completed, SwStr why,
                                     SwError *err) {
    EcsDeploymentState *st = ecs_deployment_state(s, d->id);
    EcsServiceDeployment *sd;
    if (get_service_deployment(cx, st->service_deployment_arn, &sd, err) < 0)
        return -1;
    if (!sd || sd->finished_at.set)
        return 0;
    sd->status = completed ? (sd->rollback ? SW_STR("ROLLBACK_SUCCESSFUL") : SW_STR("SUCCESSFUL")) : SW_STR("STOPPED");
    if (!completed)
        sd->status_reason = why;
    sd->finished_at = SW_SOME_TIME(sw_now(cx));
    if (sd->target_service_revision)
        sd->target_service_revision->running_task_count = completed && !sd->rollback ? d->desired_count : SW_SOME_INT(0);
    return put_service_deployment(cx, sd, err);
}

int ecs_deployment_end(SwCtx *cx, EcsServiceRecord *s, EcsDeployment *d, bool completed, SwStr why, SwError *err) {
    EcsDeploymentState *st = ecs_deployment_state(s, d->id);
    d->rollout_state = completed ? SW_STR("COMPLETED") : SW_STR("FAILED");
    d->rollout_state_reason = why;
    d->updated_at = SW_SOME_TIME(sw_now(cx));
    if (completed) {
        st->completed = SW_SOME_BOOL(true);
        s->last_good = sw_shape_copy(cx->arena, &ecs_shape_deployment, d);
        s->last_good_state = sw_shape_copy(cx->arena, &ecs_shape_deployment_state, st);
        ecs_service_say(cx, s, "(deployment %.*s) deployment completed.", SW_FMT(d->id));
    } else {
        SwStr reason = why;
        size_t at;
        if (sw_str_find(why, ':', &at))
            reason = sw_str_trim(sw_str_skip(why, at + 1));
        ecs_service_say(cx, s, "(deployment %.*s) deployment failed: %.*s", SW_FMT(d->id), SW_FMT(reason));
    }
    if (finish_service_deployment(cx, s, d, completed, why, err) < 0)
        return -1;
    return event(cx, s, d, completed ? "INFO" : "ERROR",
                 completed ? "SERVICE_DEPLOYMENT_COMPLETED" : "SERVICE_DEPLOYMENT_FAILED", why, err);
}

/* The service as its last good deployment had it. */
static void restore(EcsServiceRecord *s) {
    const EcsDeployment *g = s->last_good;
    s->service->task_definition = g->task_definition;
    s->service->network_configuration = g->network_configuration;
    s->service->launch_type = g->launch_type;
    s->service->capacity_provider_strategy = g->capacity_provider_strategy;
    s->service->platform_version = g->platform_version;
    s->service->load_balancers = s->last_good_state->load_balancers;
}

/* Its own record goes on under the status of a rollback. */
static int mark_rollback(SwCtx *cx, EcsServiceRecord *s, SwStr failed_id, EcsDeploymentState *to, SwStr why, SwError *err) {
    EcsDeploymentState *from = ecs_deployment_state(s, failed_id);
    EcsServiceDeployment *sd;
    if (!from || get_service_deployment(cx, from->service_deployment_arn, &sd, err) < 0)
        return from ? -1 : 0;
    if (!sd)
        return 0;
    EcsRollback *r = sw_new(cx->arena, EcsRollback);
    *r = (EcsRollback){.reason = why, .started_at = SW_SOME_TIME(sw_now(cx)), .service_revision_arn = to->revision_arn};
    sd->rollback = r;
    sd->status = SW_STR("ROLLBACK_IN_PROGRESS");
    sd->status_reason = why;
    sd->finished_at = sd->stopped_at = (SwOptTime){0};
    to->service_deployment_arn = sd->service_deployment_arn;
    s->service->current_service_deployment = sd->service_deployment_arn;
    return put_service_deployment(cx, sd, err);
}

int ecs_deployment_rolled_back(SwCtx *cx, EcsServiceRecord *s, SwStr failed_id, SwStr why, SwError *err) {
    SwArena *a = cx->arena;
    EcsDeployment *good = NULL, *failed;
    restore(s);
    for (size_t i = 0; i < s->service->deployments.n; i++)
        if (sw_str_eq(s->service->deployments.v[i].id, s->last_good->id))
            good = &s->service->deployments.v[i];
    if (good) { /* its tasks still run: it takes over again */
        if (step_back(cx, s, &failed, err) < 0)
            return -1;
        good->status = SW_STR("PRIMARY");
        good->desired_count = s->service->desired_count;
        good->updated_at = SW_SOME_TIME(sw_now(cx));
        EcsDeployment first = *good;
        EcsDeploymentList others = {0};
        for (size_t i = 0; i < s->service->deployments.n; i++)
            if (!sw_str_eq(s->service->deployments.v[i].id, first.id))
                *sw_list_add(a, &others) = s->service->deployments.v[i];
        prepend(a, &others, &first);
        s->service->deployments = others;
    } else if (ecs_deployment_begin(cx, s, err) < 0) {
        return -1;
    }
    good = ecs_deployment_primary(s);
    good->rollout_state = SW_STR("IN_PROGRESS");
    good->rollout_state_reason = sw_strf(a, "%.*s rolling back to deploymentId %.*s", SW_FMT(why), SW_FMT(s->last_good->id));
    EcsDeploymentState *st = ecs_deployment_state(s, good->id);
    st->completed = SW_SOME_BOOL(true); /* it was good once: the breaker leaves it alone */
    st->failures = st->consecutive = SW_SOME_INT(0);
    st->not_before = st->healthy_since = (SwOptTime){0};
    st->alarms_seen = st->alarms_ignored = SW_SOME_BOOL(true);
    s->steady = SW_SOME_BOOL(false);
    ecs_service_say(cx, s, "rolling back to (deployment %.*s).", SW_FMT(good->id));
    return mark_rollback(cx, s, failed_id, st, good->rollout_state_reason, err);
}

/* ---- operations ---- */

int ecs_describe_service_deployments(SwCtx *cx, const EcsDescribeServiceDeploymentsRequest *in,
                                     EcsDescribeServiceDeploymentsResponse *out, SwError *err) {
    sw_list_present(cx->arena, &out->service_deployments);
    sw_list_present(cx->arena, &out->failures);
    for (size_t i = 0; i < in->service_deployment_arns.n; i++) {
        EcsServiceDeployment *d;
        if (get_service_deployment(cx, in->service_deployment_arns.v[i], &d, err) < 0)
            return -1;
        if (d)
            *sw_list_add(cx->arena, &out->service_deployments) = *d;
        else
            ecs_failure(cx->arena, &out->failures, in->service_deployment_arns.v[i], "MISSING");
    }
    return 0;
}

int ecs_describe_service_revisions(SwCtx *cx, const EcsDescribeServiceRevisionsRequest *in,
                                   EcsDescribeServiceRevisionsResponse *out, SwError *err) {
    sw_list_present(cx->arena, &out->service_revisions);
    sw_list_present(cx->arena, &out->failures);
    for (size_t i = 0; i < in->service_revision_arns.n; i++) {
        EcsServiceRevisionRecord *r;
        if (ecs_service_revision_find_reference(cx, in->service_revision_arns.v[i], &r, err) < 0)
            return -1;
        if (r)
            *sw_list_add(cx->arena, &out->service_revisions) = *r->revision;
        else
            ecs_failure(cx->arena, &out->failures, in->service_revision_arns.v[i], "MISSING");
    }
    return 0;
}

static int is_listed(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const EcsListServiceDeploymentsRequest *in = arg;
    const EcsServiceDeployment *d = ecs_service_deployments_row(row)->deployment;
    bool after = !in->created_at || !in->created_at->after.set || d->created_at.v >= in->created_at->after.v;
    bool before = !in->created_at || !in->created_at->before.set || d->created_at.v <= in->created_at->before.v;
    *ret_wanted = after && before && (!in->status.n || sw_str_list_has(&in->status, d->status));
    return 0;
}

static int show_brief(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const EcsServiceDeployment *d = ecs_service_deployments_row(row)->deployment;
    EcsServiceDeploymentBrief *b = to;
    sw_shape_move(cx->arena, &ecs_shape_service_deployment_brief, b, &ecs_shape_service_deployment, d);
    b->target_service_revision_arn = d->target_service_revision ? d->target_service_revision->arn : SW_NO_STR;
    return 0;
}

int ecs_list_service_deployments(SwCtx *cx, const EcsListServiceDeploymentsRequest *in, EcsListServiceDeploymentsResponse *out,
                                 SwError *err) {
    EcsServiceRecord *s;
    if (ecs_service_must(cx, in->cluster, in->service, &s, err) < 0)
        return -1;
    SwDocQuery q = {.index = "by_service", .equals = {s->service->service_arn}, .descending = true};
    return sw_page(
        cx, &(SwPage){.of = &ecs_service_deployments, .q = q, .want = is_listed, .show = show_brief, .arg = in, ECS_PAGE}, out,
        err);
}
