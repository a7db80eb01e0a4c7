/* SPDX-License-Identifier: Apache-2.0 */
/* CodePipeline's action Deploy/AWS/ECS/1: images out of imagedefinitions.json go into a new
 * revision of the service's task definition; the action ends with the deployment of it
 * (CodePipeline User Guide, "Amazon ECS action reference").
 *
 * What was started is stored under the action's token in the transaction that starts it, so that a
 * step repeated after a crash finds its deployment instead of making a second one. */

#include "base/lazy_archive.h"
#include "ecs.h"
#include "models/s3.gen.h"

#define ZIP_MAX  (48 * SW_MIB)
#define FILE_MAX SW_MIB

static const SwErrorKind configuration_error = {.code = "ConfigurationError", .http = 400};
static const SwErrorKind job_failed = {.code = "JobFailed", .http = 400};

static SwStr option(const SwAction *a, const char *name) {
    return sw_str_map_find(&a->configuration, sw_str(name));
}

/* ---- the artifact ---- */

static int open_archive(struct archive *z, SwCtx *cx, SwStream *s, SwError *err) {
    if (s->data.p)
        return archive_read_open_memory(z, s->data.p, s->data.n);
    if (!s->read) {
        if (lseek(s->file, s->offset, SEEK_SET) < 0)
            return ARCHIVE_FATAL;
        return archive_read_open_fd(z, s->file, 64 * SW_KIB);
    }
    SwBuf b = sw_buf(cx->arena, ZIP_MAX);
    char part[16 * SW_KIB];
    ssize_t n;
    while ((n = s->read(s->arg, part, sizeof part)) > 0)
        sw_buf_add(&b, part, (size_t)n);
    if (n < 0 || b.full)
        return sw_fail(err, &job_failed, "The input artifact cannot be read.");
    return archive_read_open_memory(z, b.p, b.n);
}

static int read_entry(SwCtx *cx, struct archive *z, SwStr *ret, SwError *err) {
    SwBuf b = sw_buf(cx->arena, FILE_MAX);
    char part[16 * SW_KIB];
    la_ssize_t n;
    while ((n = archive_read_data(z, part, sizeof part)) > 0)
        sw_buf_add(&b, part, (size_t)n);
    if (n < 0 || b.full)
        return sw_fail(err, &job_failed, "The image definition file cannot be read from the input artifact.");
    *ret = sw_buf_str(&b);
    return 0;
}

static void read_freep(struct archive **z) {
    if (*z)
        archive_read_free(*z);
}

static int find_file(SwCtx *cx, const SwArtifact *in, SwStr name, SwStream *s, SwStr *ret, SwError *err) {
    __attribute__((cleanup(read_freep))) struct archive *z = archive_read_new();
    struct archive_entry *e;
    *ret = SW_NO_STR;
    archive_read_support_format_zip(z);
    if (open_archive(z, cx, s, err) != ARCHIVE_OK) {
        if (!err->kind)
            sw_fail(err, &job_failed, "The input artifact %.*s is not a ZIP file.", SW_FMT(in->name));
        return -1;
    }
    while (!ret->p && archive_read_next_header(z, &e) == ARCHIVE_OK)
        if (sw_str_eq(sw_str(archive_entry_pathname(e)), name) && read_entry(cx, z, ret, err) < 0)
            return -1;
    if (ret->p)
        return 0;
    return sw_fail(err, &job_failed,
                   "Did not find the image definition file %.*s in the input artifacts ZIP file. Verify "
                   "the file is stored in your pipeline's Amazon S3 artifact bucket: %.*s key: %.*s",
                   SW_FMT(name), SW_FMT(in->bucket), SW_FMT(in->key));
}

static int read_definitions(SwCtx *cx, const SwAction *a, SwValue *ret, SwError *err) {
    if (a->n_input < 1)
        return sw_fail(err, &configuration_error, "The action has no input artifact.");
    S3GetObjectRequest in = {.bucket = a->input[0].bucket, .key = a->input[0].key};
    S3GetObjectOutput *out;
    SwStr text;
    if (s3_call_get_object(cx, &in, &out, err) < 0)
        return -1;
    SwStr name = sw_str_or(option(a, "FileName"), SW_STR("imagedefinitions.json"));
    if (find_file(cx, &a->input[0], name, &out->body, &text, err) < 0)
        return -1;
    if (sw_json_parse(cx->arena, text, ret, err) < 0 || ret->kind != SW_VARRAY || !ret->n)
        return sw_fail_as(err, &job_failed, "The image definition file %.*s contains invalid JSON format.", SW_FMT(name));
    for (size_t i = 0; i < ret->n; i++)
        if (!sw_value_str(sw_value_getz(&ret->v[i], "name")).n || !sw_value_str(sw_value_getz(&ret->v[i], "imageUri")).n)
            return sw_fail(err, &job_failed,
                           "The image definition file %.*s must name a container and an imageUri "
                           "in each element.",
                           SW_FMT(name));
    return 0;
}

/* ---- the deployment ---- */

static int describe(SwCtx *cx, const SwAction *a, EcsService **ret, SwError *err) {
    EcsDescribeServicesRequest in = {.cluster = option(a, "ClusterName")};
    EcsDescribeServicesResponse *out;
    sw_str_list_add(cx->arena, &in.services, option(a, "ServiceName"));
    if (ecs_call_describe_services(cx, &in, &out, err) < 0)
        return -1;
    if (!out->services.n || !ecs_is(out->services.v[0].status, "ACTIVE")) {
        SwStr name = option(a, "ServiceName");
        return sw_fail(err, &configuration_error, "The Amazon ECS service %.*s is not active.", SW_FMT(name));
    }
    *ret = &out->services.v[0];
    return 0;
}

static int new_revision(SwCtx *cx, SwStr arn, const SwValue *images, SwStr *ret_arn, SwError *err) {
    EcsDescribeTaskDefinitionRequest ask = {.task_definition = arn};
    sw_str_list_add(cx->arena, &ask.include, SW_STR("TAGS"));
    EcsDescribeTaskDefinitionResponse *old;
    if (ecs_call_describe_task_definition(cx, &ask, &old, err) < 0)
        return -1;
    EcsRegisterTaskDefinitionRequest in = {0};
    EcsTaskDefinition *d = sw_shape_copy(cx->arena, &ecs_shape_task_definition, old->task_definition);
    sw_shape_move(cx->arena, &ecs_shape_register_task_definition_request, &in, &ecs_shape_task_definition, d);
    in.tags = old->tags;
    for (size_t i = 0; i < images->n; i++) {
        SwStr name = sw_value_str(sw_value_getz(&images->v[i], "name"));
        size_t k = 0;
        while (k < in.container_definitions.n && !sw_str_eq(in.container_definitions.v[k].name, name))
            k++;
        if (k == in.container_definitions.n)
            return sw_fail(err, &job_failed,
                           "The container %.*s of the image definition file is not in the task "
                           "definition %.*s.",
                           SW_FMT(name), SW_FMT(arn));
        in.container_definitions.v[k].image = sw_value_str(sw_value_getz(&images->v[i], "imageUri"));
    }
    EcsRegisterTaskDefinitionResponse *out;
    if (ecs_call_register_task_definition(cx, &in, &out, err) < 0)
        return -1;
    *ret_arn = out->task_definition->task_definition_arn;
    return 0;
}

/* In cx->tx: a revision, the service's update, and the record of both. */
static int deploy(SwCtx *cx, const SwAction *a, const SwValue *images, EcsActionRecord *ret, SwError *err) {
    EcsService *s;
    EcsUpdateServiceRequest up = {.cluster = option(a, "ClusterName"),
                                  .service = option(a, "ServiceName"),
                                  .force_new_deployment = SW_SOME_BOOL(true)};
    EcsUpdateServiceResponse *out;
    if (describe(cx, a, &s, err) < 0 || new_revision(cx, s->task_definition, images, &up.task_definition, err) < 0 ||
        ecs_call_update_service(cx, &up, &out, err) < 0)
        return -1;
    *ret = (EcsActionRecord){.deployment_id = out->service->deployments.v[0].id,
                             .service_deployment_arn = out->service->current_service_deployment,
                             .task_definition = up.task_definition,
                             .started_at = SW_SOME_TIME(sw_now(cx))};
    return ecs_actions_put(cx->tx, a->token, ret, err);
}

static int begin(SwCtx *cx, SwAction *a, EcsActionRecord *ret, SwError *err) {
    SwValue images;
    if (read_definitions(cx, a, &images, err) < 0 || sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (deploy(cx, a, &images, ret, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    SW_CRASH_POINT("ecs.action.before_commit");
    int r = sw_ctx_commit(cx, err);
    SW_CRASH_POINT("ecs.action.after_commit");
    return r;
}

static int load(SwCtx *cx, SwStr token, EcsActionRecord **ret, SwError *err) {
    EcsActionRecord *r;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int n = ecs_actions_find(cx->tx, token, &r, err);
    sw_ctx_rollback(cx);
    *ret = n == 0 ? r : NULL;
    return n;
}

static int check(SwCtx *cx, const SwAction *a, const EcsActionRecord *r, SwActionOutcome *ret, SwTime *ret_again,
                 SwError *err) {
    EcsDescribeServiceDeploymentsRequest in = {0};
    EcsDescribeServiceDeploymentsResponse *out;
    sw_str_list_add(cx->arena, &in.service_deployment_arns, r->service_deployment_arn);
    if (ecs_call_describe_service_deployments(cx, &in, &out, err) < 0)
        return -1;
    const EcsServiceDeployment *d = out->service_deployments.n ? &out->service_deployments.v[0] : NULL;
    int64_t minutes = 60;
    if (option(a, "DeploymentTimeout").n)
        sw_str_to_i64(option(a, "DeploymentTimeout"), &minutes);
    SwTime limit = r->started_at.v + minutes * SW_MINUTE;
    *ret = SW_ACTION_RUNNING;
    *ret_again = SW_MIN(sw_now(cx) + 2 * SW_S, limit);
    if (d && ecs_is(d->status, "SUCCESSFUL")) {
        *ret = SW_ACTION_SUCCEEDED;
    } else if (!d || !ecs_is(d->status, "IN_PROGRESS")) {
        *ret = SW_ACTION_FAILED;
        SwStr why = d ? sw_str_or(d->status_reason, d->status) : SW_STR("the service was deleted");
        sw_fail(err, &job_failed, "Deployment %.*s failed. %.*s", SW_FMT(r->deployment_id), SW_FMT(why));
    } else if (sw_now(cx) >= limit) {
        *ret = SW_ACTION_FAILED;
        sw_fail(err, &job_failed,
                "The deployment failed because the Amazon ECS service did not become stable within "
                "%lld minutes.",
                (long long)minutes);
    }
    return 0;
}

static int timeout_ok(const SwAction *a, SwError *err) {
    SwStr t = option(a, "DeploymentTimeout");
    int64_t minutes;
    if (!t.n || (sw_str_to_i64(t, &minutes) && minutes >= 1 && minutes <= 60))
        return 0;
    return sw_fail(err, &configuration_error, "DeploymentTimeout must be a number of minutes between 1 and 60.");
}

static int step(SwCtx *cx, SwAction *a, SwActionOutcome *ret, SwTime *ret_again, SwError *err) {
    SwCtx *as = cx;
    *ret = SW_ACTION_FAILED;
    *ret_again = 0;
    if (cx->principal.kind == SW_PRINCIPAL_SERVICE && a->role_arn.n && cx->host->auth.assume) {
        if (sw_ctx_begin(cx, SW_READ, err) < 0)
            return -1;
        int r = sw_ctx_assume(cx, a->role_arn, &as, err);
        sw_ctx_rollback(cx);
        if (r < 0)
            return 0;
        as->tx = NULL;
    }
    EcsActionRecord *r;
    if (load(as, a->token, &r, err) < 0)
        return -1;
    if (!r) {
        r = sw_new(cx->arena, EcsActionRecord);
        if (timeout_ok(a, err) < 0 || begin(as, a, r, err) < 0)
            return 0; /* the action has failed, and *err says why */
    }
    a->state = a->external_id = r->deployment_id;
    a->summary = sw_strf(cx->arena, "Deploys %.*s", SW_FMT(r->task_definition));
    return check(as, a, r, ret, ret_again, err);
}

static int check_declared(const SwAction *a, SwError *err) {
    static const SwErrorKind invalid = {.code = "ConfigurationError", .http = 400};
    SwStr t = option(a, "DeploymentTimeout");
    int64_t minutes;
    if (t.n && !sw_str_contains(t, SW_STR("#{")) && (!sw_str_to_i64(t, &minutes) || minutes < 1 || minutes > 60))
        return sw_fail(err, &invalid, "DeploymentTimeout must be a number of minutes between 1 and 60.");
    return 0;
}

static const char *const required[] = {"ClusterName", "ServiceName", NULL};
static const char *const optional[] = {"FileName", "DeploymentTimeout", NULL};

const SwActionType ecs_deploy_action = {
    .category = "Deploy",
    .owner = "AWS",
    .provider = "ECS",
    .version = "1",
    .min_inputs = 1,
    .max_inputs = 1,
    .required = required,
    .optional = optional,
    .check = check_declared,
    .step = step,
    .event_source = "aws.ecs",
    .event_type = "ECS Deployment State Change",
    .event_path = "deploymentId",
};
