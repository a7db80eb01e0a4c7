/* SPDX-License-Identifier: Apache-2.0 */
/* Service-linked roles: those that a service makes for itself and that only it can change. */

#include "base/id.h"
#include "models/elbv2.gen.h"
#include "services/iam/aws_policies.h"
#include "services/iam/iam.h"

#define TASKS_KEPT 20 /* deletions of one role that can be asked about */

/* Names as AWS's documentation of each service has them; the policy where it is among those that exist here. */
static const struct {
    const char *service, *role, *policy;
    bool suffix;
} linked[] = {
    {"ecs.amazonaws.com", "AWSServiceRoleForECS", "aws-service-role/AmazonECSServiceRolePolicy", false},
    {"elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing",
     "aws-service-role/AWSElasticLoadBalancingServiceRolePolicy", false},
    {"ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService",
     "aws-service-role/AWSApplicationAutoscalingECSServicePolicy", false},
    {"autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling", NULL, true},
    {"autoscaling-plans.amazonaws.com", "AWSServiceRoleForAutoScalingPlans_EC2AutoScaling", NULL, false},
    {"backup.amazonaws.com", "AWSServiceRoleForBackup", NULL, false},
    {"batch.amazonaws.com", "AWSServiceRoleForBatch", NULL, false},
    {"cloudtrail.amazonaws.com", "AWSServiceRoleForCloudTrail", NULL, false},
    {"codestar-notifications.amazonaws.com", "AWSServiceRoleForCodeStarNotifications", NULL, false},
    {"config.amazonaws.com", "AWSServiceRoleForConfig", NULL, false},
    {"custom-resource.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_CustomResource", NULL,
     false},
    {"dynamodb.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable", NULL, false},
    {"eks.amazonaws.com", "AWSServiceRoleForAmazonEKS", NULL, false},
    {"eks-nodegroup.amazonaws.com", "AWSServiceRoleForAmazonEKSNodegroup", NULL, false},
    {"elasticache.amazonaws.com", "AWSServiceRoleForElastiCache", NULL, false},
    {"elasticfilesystem.amazonaws.com", "AWSServiceRoleForAmazonElasticFileSystem", NULL, false},
    {"events.amazonaws.com", "AWSServiceRoleForCloudWatchEvents", NULL, false},
    {"globalaccelerator.amazonaws.com", "AWSServiceRoleForGlobalAccelerator", NULL, false},
    {"guardduty.amazonaws.com", "AWSServiceRoleForAmazonGuardDuty", NULL, false},
    {"inspector2.amazonaws.com", "AWSServiceRoleForAmazonInspector2", NULL, false},
    {"kafka.amazonaws.com", "AWSServiceRoleForKafka", NULL, false},
    {"lambda.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency", NULL, false},
    {"opensearchservice.amazonaws.com", "AWSServiceRoleForAmazonOpenSearchService", NULL, false},
    {"ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway", NULL, false},
    {"organizations.amazonaws.com", "AWSServiceRoleForOrganizations", NULL, false},
    {"rds.amazonaws.com", "AWSServiceRoleForRDS", NULL, false},
    {"redshift.amazonaws.com", "AWSServiceRoleForRedshift", NULL, false},
    {"replication.ecr.amazonaws.com", "AWSServiceRoleForECRReplication", NULL, false},
    {"replicator.lambda.amazonaws.com", "AWSServiceRoleForLambdaReplicator", NULL, false},
    {"route53resolver.amazonaws.com", "AWSServiceRoleForRoute53Resolver", NULL, false},
    {"spot.amazonaws.com", "AWSServiceRoleForEC2Spot", NULL, false},
    {"spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet", NULL, false},
    {"ssm.amazonaws.com", "AWSServiceRoleForAmazonSSM", NULL, false},
    {"transitgateway.amazonaws.com", "AWSServiceRoleForVPCTransitGateway", NULL, false},
};

/* The name of the service's role: its only one, or one of several with endings of their own. */
static SwStr name_of(SwCtx *cx, size_t k, SwStr suffix) {
    return sw_str_is(suffix) ? sw_strf(cx->arena, "%s_%.*s", linked[k].role, SW_FMT(suffix)) : sw_str(linked[k].role);
}

static bool find_service(SwStr service, size_t *ret_k) {
    for (*ret_k = 0; *ret_k < SW_N(linked); ++*ret_k)
        if (sw_str_eqz(service, linked[*ret_k].service))
            return true;
    return false;
}

/* The role of task/aws-service-role/SERVICE/NAME/UUID. */
static bool read_task(SwStr id, SwStr *ret_path, SwStr *ret_name) {
    size_t end;
    if (!sw_str_starts(id, SW_STR("task/")) || !sw_str_rfind(id, '/', &end))
        return false;
    *ret_path = sw_str_n(id.p + 4, end - 4);
    if (!sw_str_rfind(*ret_path, '/', &end))
        return false;
    *ret_name = sw_str_skip(*ret_path, end + 1);
    ret_path->n = end + 1;
    return true;
}

/* Also of roles that are made and asked about by other words than their name. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    SwStr name, path;
    size_t k;
    if (op->index == IAM_CREATE_SERVICE_LINKED_ROLE && find_service(ref, &k)) {
        name = name_of(cx, k, ((const IamCreateServiceLinkedRoleRequest *)in)->custom_suffix);
        return iam_role_arn(cx, name, sw_cat(cx->arena, SW_STR("/aws-service-role/"), ref, SW_STR("/")));
    }
    bool of_task = op->index == IAM_GET_SERVICE_LINKED_ROLE_DELETION_STATUS && read_task(ref, &path, &name);
    return of_task ? iam_role_arn(cx, name, path) : SW_NO_STR;
}

static bool is_linked(SwCtx *cx, const void *record) {
    return sw_str_is(((const IamRoleRecord *)record)->service);
}

static int show_service(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) {
    *ret = sw_value_string(iam_role_found(f)->service);
    return 0;
}

static SwStr linked_name(SwCtx *cx, const SwFound *f) {
    return f->record ? iam_role_found(f)->role->role_name : f->id;
}

static int linked_like(SwCtx *cx, const void *input, SwFound *ret, SwError *err) {
    const IamCreateServiceLinkedRoleRequest *in = input;
    size_t k;
    *ret = (SwFound){0};
    if (!find_service(in->aws_service_name, &k))
        return 0;
    SwStr id = sw_str_lower(cx->arena, name_of(cx, k, in->custom_suffix));
    return sw_resource_find(cx, &iam_service_linked_role_resource, id, ret, err);
}

const SwResourceHooks iam_role_hooks = {.named = named};

static IamRoleRecord *new_role(SwCtx *cx, size_t k, SwStr name, SwStr description) {
    IamRoleRecord *r = sw_new(cx->arena, IamRoleRecord);
    SwStr trust = sw_strf(cx->arena,
                          "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":"
                          "\"%s\"},\"Action\":\"sts:AssumeRole\"}]}",
                          linked[k].service);
    r->role = iam_role_new(cx, sw_strf(cx->arena, "/aws-service-role/%s/", linked[k].service), name, trust, description);
    r->service = sw_str(linked[k].service);
    r->policies = sw_new(cx->arena, IamPolicySet);
    return r;
}

int iam_create_service_linked_role(SwCtx *cx, const IamCreateServiceLinkedRoleRequest *in,
                                   IamCreateServiceLinkedRoleResponse *out, SwError *err) {
    size_t k;
    IamIdentity i;
    if (!find_service(in->aws_service_name, &k))
        return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "Service role for %.*s is not known to Slipway.",
                       SW_FMT(in->aws_service_name));
    if (sw_str_is(in->custom_suffix) && !linked[k].suffix)
        return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "Custom suffix is not allowed for %.*s",
                       SW_FMT(in->aws_service_name));
    SwStr name = name_of(cx, k, in->custom_suffix);
    if (iam_identity_find(cx, IAM_ROLE, name, &i, err) < 0)
        return -1;
    if (i.found)
        return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION,
                       "Service role name %.*s has been taken in this account, please try a different suffix.", SW_FMT(name));
    IamRoleRecord *r = new_role(cx, k, name, in->description);
    i = (IamIdentity){.kind = IAM_ROLE,
                      .name = name,
                      .id = r->role->role_id,
                      .path = r->role->path,
                      .found = true,
                      .role = r,
                      .policies = r->policies};
    if (linked[k].policy) {
        SwStr arn = sw_strf(cx->arena, IAM_AWS_POLICIES "/%s", linked[k].policy);
        sw_str_list_add(cx->arena, &r->policies->attached, arn);
        if (iam_attachment_add(cx, &i, arn, "PermissionsPolicy", err) < 0)
            return -1;
    }
    out->role = iam_role_shown(cx, r->role, false);
    out->role->max_session_duration = (SwOptInt){0};
    return iam_identity_put(cx, &i, err);
}

/* What the service has under way in this region, for which it needs the role. */
static int used_by(SwCtx *cx, const IamRoleRecord *r, SwStrList *ret_arns, SwError *err) {
    SwCtx *as = sw_ctx_as_service(cx, "iam");
    *ret_arns = (SwStrList){0};
    if (!sw_str_eqz(r->service, "elasticloadbalancing.amazonaws.com"))
        return 0;
    Elbv2DescribeLoadBalancersInput in = {0};
    Elbv2DescribeLoadBalancersOutput *balancers;
    if (elbv2_call_describe_load_balancers(as, &in, &balancers, err) < 0)
        return -1;
    for (size_t i = 0; i < balancers->load_balancers.n; i++)
        sw_str_list_add(cx->arena, ret_arns, balancers->load_balancers.v[i].load_balancer_arn);
    return 0;
}

/* How a deletion ended is kept beside the role, as that is gone where it succeeded: then nobody uses it. */
static int keep_task(SwCtx *cx, SwStr role, IamDeletion task, SwError *err) {
    SwStr id = sw_str_lower(cx->arena, role);
    IamDeletionsRecord *old, r = {0};
    if (iam_deletions_find(cx->tx, id, &old, err) < 0)
        return -1;
    *sw_list_add(cx->arena, &r.tasks) = task;
    for (size_t i = 0; old && i < old->tasks.n && i + 1 < TASKS_KEPT; i++)
        *sw_list_add(cx->arena, &r.tasks) = old->tasks.v[i];
    return iam_deletions_put(cx->tx, id, &r, err);
}

/* Done when it is asked for, if nothing needs the role; its task can be asked about all the same. */
int iam_delete_service_linked_role(SwCtx *cx, const IamDeleteServiceLinkedRoleRequest *in,
                                   IamDeleteServiceLinkedRoleResponse *out, SwError *err) {
    IamIdentity i;
    IamDeletion task = {.region = cx->region};
    if (iam_identity_get(cx, IAM_ROLE, in->role_name, &i, err) < 0)
        return -1;
    if (!sw_str_is(i.role->service))
        return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "The role %.*s is not a service-linked role.", SW_FMT(in->role_name));
    task.id = sw_cat(cx->arena, SW_STR("task"), i.path, i.name, SW_STR("/"), sw_id_uuid(cx->arena));
    out->deletion_task_id = task.id;
    if (used_by(cx, i.role, &task.users, err) < 0 || keep_task(cx, i.name, task, err) < 0)
        return -1;
    if (task.users.n > 0)
        return 0;
    for (size_t k = 0; k < i.policies->attached.n; k++)
        if (iam_attachment_remove(cx, &i, i.policies->attached.v[k], "PermissionsPolicy", err) < 0)
            return -1;
    i.policies->attached.n = 0;
    return iam_identity_delete(cx, &i, err);
}

static int find_task(SwCtx *cx, SwStr id, const IamDeletion **ret_task, SwError *err) {
    SwStr path, name;
    IamDeletionsRecord *r = NULL;
    if (read_task(id, &path, &name) && iam_deletions_find(cx->tx, sw_str_lower(cx->arena, name), &r, err) < 0)
        return -1;
    for (size_t i = 0; r && i < r->tasks.n; i++)
        if (sw_str_eq(r->tasks.v[i].id, id)) {
            *ret_task = &r->tasks.v[i];
            return 0;
        }
    return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "The deletion task %.*s cannot be found.", SW_FMT(id));
}

static void tell_why(SwCtx *cx, const IamDeletion *task, IamGetServiceLinkedRoleDeletionStatusResponse *out) {
    IamDeletionTaskFailureReasonType *why = out->reason = sw_new(cx->arena, IamDeletionTaskFailureReasonType);
    out->status = SW_STR("FAILED");
    why->reason = SW_STR("The role is in use by resources of its service.");
    IamRoleUsageType *usage = sw_list_add(cx->arena, &why->role_usage_list);
    usage->region = task->region;
    usage->resources = task->users;
}

int iam_get_service_linked_role_deletion_status(SwCtx *cx, const IamGetServiceLinkedRoleDeletionStatusRequest *in,
                                                IamGetServiceLinkedRoleDeletionStatusResponse *out, SwError *err) {
    const IamDeletion *task;
    if (find_task(cx, in->deletion_task_id, &task, err) < 0)
        return -1;
    out->status = SW_STR("SUCCEEDED");
    if (task->users.n > 0)
        tell_why(cx, task, out);
    return 0;
}

/* Whoever asks for the deletion alone, and not how it ended. */
static int linked_deleted(SwCtx *cx, const SwFound *f, const void *out, SwError *err) {
    const IamDeleteServiceLinkedRoleResponse *said = out;
    const IamDeletion *task;
    if (find_task(cx, said->deletion_task_id, &task, err) < 0)
        return -1;
    SwStr users = sw_str_join(cx->arena, task->users.v, task->users.n, SW_STR(", "));
    return task->users.n ? sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "The role is in use by resources of its service: %.*s",
                                   SW_FMT(users))
                         : 0;
}

const SwResourceHooks iam_service_linked_role_hooks = {.exists = is_linked,
                                                       .cfn_get = show_service,
                                                       .cfn_like = linked_like,
                                                       .cfn_deleted = linked_deleted,
                                                       .identifier = linked_name};
