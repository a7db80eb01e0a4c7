/* SPDX-License-Identifier: Apache-2.0 */
/* From events to deployments.
 *
 *   CodePipeline action STARTED (provider ECS) --> a note for the service: this execution, with this commit, deploys
 *   ECS deployment IN_PROGRESS                 --> a deployment, with the note's commits; or a rollback: see begun()
 *   ECS deployment COMPLETED, FAILED           --> its end; a completed one recovers failed ones before it
 *
 * Events come in order, perhaps twice: each is written so that the second time changes nothing. */

#include "models/codepipeline.gen.h"
#include "models/ecs.gen.h"
#include "services/slipway/dora.h"

static SwStr short_id(SwStr id) {
    size_t at;
    return sw_str_rfind(id, '/', &at) ? sw_str_skip(id, at + 1) : id;
}

/* ---- pipelines ---- */

static const CodepipelineActionDeclaration *find_action(const CodepipelinePipelineDeclaration *p, SwStr stage, SwStr action) {
    for (size_t i = 0; i < p->stages.n; i++)
        for (size_t k = 0; k < p->stages.v[i].actions.n; k++)
            if (sw_str_eq(p->stages.v[i].name, stage) && sw_str_eq(p->stages.v[i].actions.v[k].name, action))
                return &p->stages.v[i].actions.v[k];
    return NULL;
}

/* The first CodeCommit source, and what the execution took from it. */
static void find_source(const CodepipelinePipelineDeclaration *p, const CodepipelinePipelineExecution *e,
                        SlipwayPendingRecord *to) {
    for (size_t i = 0; i < p->stages.n; i++)
        for (size_t k = 0; k < p->stages.v[i].actions.n; k++) {
            const CodepipelineActionDeclaration *d = &p->stages.v[i].actions.v[k];
            if (!d->action_type_id || !sw_str_eqz(d->action_type_id->provider, "CodeCommit") || !d->output_artifacts.n)
                continue;
            for (size_t r = 0; r < e->artifact_revisions.n; r++)
                if (sw_str_eq(e->artifact_revisions.v[r].name, d->output_artifacts.v[0].name)) {
                    to->repository = sw_str_map_find(&d->configuration, SW_STR("RepositoryName"));
                    to->commit = e->artifact_revisions.v[r].revision_id;
                    return;
                }
        }
}

static int action_changed(SwCtx *cx, const SwValue *detail, SwError *err) {
    SwStr state = sw_value_str(sw_value_getz(detail, "state"));
    double version = 0;
    if (!sw_str_eqz(sw_value_str(sw_value_path(detail, "type.provider")), "ECS") || !sw_str_eqz(state, "STARTED"))
        return 0;
    SlipwayPendingRecord r = {.pipeline = sw_value_str(sw_value_getz(detail, "pipeline")),
                              .execution = sw_value_str(sw_value_getz(detail, "execution-id"))};
    CodepipelineGetPipelineInput ask = {.name = r.pipeline};
    const CodepipelineGetPipelineExecutionInput ask_execution = {.pipeline_name = r.pipeline,
                                                                 .pipeline_execution_id = r.execution};
    CodepipelineGetPipelineOutput *p;
    CodepipelineGetPipelineExecutionOutput *e;
    SwError gone = sw_error(cx->arena);
    if (sw_value_double(sw_value_getz(detail, "version"), &version) && version >= 1)
        ask.version = SW_SOME_INT((int64_t)version);
    /* Deleted meanwhile: then its deployment has no commits. */
    if (codepipeline_call_get_pipeline(cx, &ask, &p, &gone) < 0 ||
        codepipeline_call_get_pipeline_execution(cx, &ask_execution, &e, &gone) < 0)
        return 0;
    const CodepipelineActionDeclaration *d =
        find_action(p->pipeline, sw_value_str(sw_value_getz(detail, "stage")), sw_value_str(sw_value_getz(detail, "action")));
    if (!d)
        return 0;
    find_source(p->pipeline, e->pipeline_execution, &r);
    SwStr cluster = sw_str_or(sw_str_map_find(&d->configuration, SW_STR("ClusterName")), SW_STR("default"));
    SwStr service = sw_str_map_find(&d->configuration, SW_STR("ServiceName"));
    SwStr key = sw_cat(cx->arena, short_id(cluster), SW_STR("/"), short_id(service));
    return slipway_pending_put(cx->tx, key, &r, err);
}

/* ---- services ---- */

typedef struct Before {                                   /* what a service's earlier deployments say */
    SlipwayDeploymentRecord *last, *last_good, *last_run; /* latest counted; latest succeeded; latest that ran, set-up too */
} Before;

static int look_back(SwCtx *cx, SwStr service_arn, SwStr but, Before *ret, SwError *err) {
    const SwDocQuery q = {.index = "by_service", .equals = {service_arn}, .descending = true, .limit = 200};
    SlipwayDeploymentRecords l;
    *ret = (Before){0};
    if (slipway_deployments_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        SlipwayDeploymentRecord *r = l.v[i].record;
        bool good = sw_str_eq(r->deployment->status, SLIPWAY_DEPLOYMENT_STATUS_SUCCEEDED), set_up = SW_OR(r->set_up, false);
        if (sw_str_eq(r->deployment->deployment_id, but))
            continue;
        if (!ret->last && !set_up)
            ret->last = r;
        if (!ret->last_good && good && !set_up)
            ret->last_good = r;
        if (!ret->last_run && good)
            ret->last_run = r;
    }
    return 0;
}

static SwStr environment_of(SwCtx *cx, SwStr service_arn, SwStr cluster) {
    const EcsListTagsForResourceRequest in = {.resource_arn = service_arn};
    EcsListTagsForResourceResponse *out;
    SwError gone = sw_error(cx->arena);
    if (ecs_call_list_tags_for_resource(cx, &in, &out, &gone) < 0)
        return cluster;
    for (size_t i = 0; i < out->tags.n; i++)
        if (sw_str_eqz(out->tags.v[i].key, "slipway:environment") && sw_str_is(out->tags.v[i].value))
            return out->tags.v[i].value;
    return cluster;
}

/* The task definition that a deployment brings; absent when it is over and gone. */
static SwStr task_definition_of(SwCtx *cx, SwStr cluster, SwStr service, SwStr deployment) {
    EcsDescribeServicesRequest in = {.cluster = cluster};
    EcsDescribeServicesResponse *out;
    SwError gone = sw_error(cx->arena);
    sw_str_list_add(cx->arena, &in.services, service);
    if (ecs_call_describe_services(cx, &in, &out, &gone) < 0 || !out->services.n)
        return SW_NO_STR;
    const EcsDeploymentList *l = &out->services.v[0].deployments;
    for (size_t i = 0; i < l->n; i++)
        if (sw_str_eq(short_id(l->v[i].id), deployment))
            return l->v[i].task_definition;
    return SW_NO_STR;
}

static int put(SwCtx *cx, const SlipwayDeploymentRecord *r, SwError *err) {
    return slipway_deployments_put(cx->tx, r->deployment->deployment_id, r, err);
}

static bool is_open_failure(const SlipwayDeploymentRecord *r) {
    return r && sw_str_eq(r->deployment->status, SLIPWAY_DEPLOYMENT_STATUS_FAILED) && !r->deployment->recovered_at.set;
}

/* Takes the pipeline's note, if there is one. */
static int take_note(SwCtx *cx, SwStr key, SlipwayDeployment *d, SwStr previous_commit, bool *ret_noted, SwError *err) {
    SlipwayPendingRecord *n;
    SwError gone = sw_error(cx->arena);
    if (slipway_pending_find(cx->tx, key, &n, err) < 0)
        return -1;
    *ret_noted = n;
    if (!n)
        return 0;
    d->pipeline_name = n->pipeline;
    d->pipeline_execution_id = n->execution;
    d->repository_name = n->repository;
    d->commit_id = n->commit;
    if (sw_str_is(n->repository) && sw_str_is(n->commit) &&
        slipway_dora_commits(cx, n->repository, n->commit, previous_commit, &d->commits, &gone) < 0)
        d->commits = (SlipwayDeploymentCommitList){0}; /* the repository is gone, or its history was rewritten */
    return slipway_pending_delete(cx->tx, key, NULL, err);
}

/* A deployment begins. Not counted: a service's first one that no pipeline made (setting it up), and one that brings
 * back what ran before a failed one (the failed one's recovery). */
static int begun(SwCtx *cx, const SwEvent *e, SwStr id, SwStr cluster, SwStr service, SwError *err) {
    SlipwayDeployment d = {.deployment_id = id,
                           .service = service,
                           .status = SLIPWAY_DEPLOYMENT_STATUS_IN_PROGRESS,
                           .started_at = SW_SOME_TIME(e->time)};
    Before b;
    bool noted;
    SlipwayDeploymentRecord *already;
    if (slipway_deployments_find(cx->tx, id, &already, err) < 0 || look_back(cx, e->resources.v[0], id, &b, err) < 0)
        return -1;
    if (already)
        return 0;
    SwStr key = sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(cluster), SW_FMT(service));
    SwStr previous = b.last_good ? b.last_good->deployment->commit_id : SW_NO_STR;
    if (take_note(cx, key, &d, previous, &noted, err) < 0)
        return -1;
    d.task_definition = task_definition_of(cx, cluster, service, id);
    bool back = !noted && is_open_failure(b.last) && b.last_run && sw_str_is(d.task_definition) &&
                sw_str_eq(d.task_definition, b.last_run->deployment->task_definition);
    if (back)
        return 0; /* its completion will find no record: see ended() */
    d.environment = environment_of(cx, e->resources.v[0], cluster);
    d.rework = SW_SOME_BOOL(b.last && sw_str_eq(b.last->deployment->status, SLIPWAY_DEPLOYMENT_STATUS_FAILED));
    const SlipwayDeploymentRecord r = {.service_arn = e->resources.v[0],
                                       .service = service,
                                       .environment = d.environment,
                                       .started = d.started_at,
                                       .set_up = SW_SOME_BOOL(!noted && !b.last && !b.last_run),
                                       .deployment = &d};
    return put(cx, &r, err);
}

/* The service works again: what failed before has been recovered from. */
static int recover(SwCtx *cx, SwStr service_arn, SwStr by, SwTime at, SwError *err) {
    const SwDocQuery q = {.index = "by_service", .equals = {service_arn}, .descending = true, .limit = 200};
    SlipwayDeploymentRecords l;
    if (slipway_deployments_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        SlipwayDeploymentRecord *r = l.v[i].record;
        if (!is_open_failure(r))
            continue;
        r->deployment->recovered_at = SW_SOME_TIME(at);
        r->deployment->recovered_by = by;
        if (put(cx, r, err) < 0)
            return -1;
        slipway_dora_publish_recovery(cx, r->deployment);
    }
    return 0;
}

static int ended(SwCtx *cx, const SwEvent *e, SwStr id, bool completed, SwStr reason, SwError *err) {
    SlipwayDeploymentRecord *r;
    if (slipway_deployments_find(cx->tx, id, &r, err) < 0)
        return -1;
    /* Without a record, or with one that ended before: a rollback that is done (or failed: then nothing is recovered). */
    if (r && sw_str_eq(r->deployment->status, SLIPWAY_DEPLOYMENT_STATUS_IN_PROGRESS)) {
        r->deployment->status = completed ? SLIPWAY_DEPLOYMENT_STATUS_SUCCEEDED : SLIPWAY_DEPLOYMENT_STATUS_FAILED;
        r->deployment->ended_at = SW_SOME_TIME(e->time);
        r->deployment->reason = reason;
        if (put(cx, r, err) < 0)
            return -1;
        if (!SW_OR(r->set_up, false))
            slipway_dora_publish_end(cx, r->deployment);
    }
    return completed ? recover(cx, e->resources.v[0], id, e->time, err) : 0;
}

static int service_changed(SwCtx *cx, const SwEvent *e, const SwValue *detail, SwError *err) {
    SwArn arn;
    SwStr name = sw_value_str(sw_value_getz(detail, "eventName")),
          id = short_id(sw_value_str(sw_value_getz(detail, "deploymentId"))), head;
    if (!e->resources.n || !sw_arn_parse(e->resources.v[0], &arn) || !sw_str_is(id))
        return 0;
    SwStr rest = arn.resource, cluster = SW_STR("default"); /* service/CLUSTER/NAME */
    if (!sw_str_cut(&rest, '/', &head))
        return 0;
    (void)sw_str_cut(&rest, '/', &cluster);
    if (sw_str_eqz(name, "SERVICE_DEPLOYMENT_IN_PROGRESS"))
        return begun(cx, e, id, cluster, rest, err);
    bool completed = sw_str_eqz(name, "SERVICE_DEPLOYMENT_COMPLETED");
    if (!completed && !sw_str_eqz(name, "SERVICE_DEPLOYMENT_FAILED"))
        return 0;
    return ended(cx, e, id, completed, sw_value_str(sw_value_getz(detail, "reason")), err);
}

static int on_event(SwCtx *cx, const SwEvent *e, SwError *err) {
    SwValue detail;
    SwError bad = sw_error(cx->arena);
    if (sw_json_parse(cx->arena, e->detail, &detail, &bad) < 0)
        return 0;
    return sw_str_eqz(e->source, "aws.ecs") ? service_changed(cx, e, &detail, err) : action_changed(cx, &detail, err);
}

/* One listener: one order over pipelines and services. */
static const SwEventKind kinds[] = {{"aws.codepipeline", "CodePipeline Action Execution State Change"},
                                    {"aws.ecs", "ECS Deployment State Change"},
                                    {0}};
const SwListener slipway_dora_listeners[1] = {{.name = "slipway/dora", .kinds = kinds, .on_event = on_event}};
