/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is about, for IAM: the resource types of the Service Authorization Reference's table of ECS. Names and
 * ARNs of every form count as the resource that the operation itself would take them for. */

#include "ecs.h"

#include "api/operation.h"

typedef enum About {
    ABOUT_CLUSTER,
    ABOUT_SERVICE,
    ABOUT_TASK,
    ABOUT_FAMILY,
    ABOUT_DEFINITION,
    ABOUT_PROVIDER,
    ABOUT_ARN
} About;

/* Operations that are not here are about "*". A name left out means what the operation takes for it: a cluster "default". */
static const struct {
    unsigned op;
    About about;
    const char *member;
} table[] = {
    {ECS_CREATE_CLUSTER, ABOUT_CLUSTER, "clusterName"},
    {ECS_DELETE_CLUSTER, ABOUT_CLUSTER, "cluster"},
    {ECS_DESCRIBE_CLUSTERS, ABOUT_CLUSTER, "clusters"},
    {ECS_UPDATE_CLUSTER, ABOUT_CLUSTER, "cluster"},
    {ECS_UPDATE_CLUSTER_SETTINGS, ABOUT_CLUSTER, "cluster"},
    {ECS_PUT_CLUSTER_CAPACITY_PROVIDERS, ABOUT_CLUSTER, "cluster"},
    {ECS_DESCRIBE_CAPACITY_PROVIDERS, ABOUT_PROVIDER, "capacityProviders"},
    {ECS_REGISTER_TASK_DEFINITION, ABOUT_FAMILY, "family"},
    {ECS_DELETE_TASK_DEFINITIONS, ABOUT_DEFINITION, "taskDefinitions"},
    {ECS_RUN_TASK, ABOUT_DEFINITION, "taskDefinition"},
    {ECS_START_TASK, ABOUT_DEFINITION, "taskDefinition"},
    {ECS_STOP_TASK, ABOUT_TASK, "task"},
    {ECS_DESCRIBE_TASKS, ABOUT_TASK, "tasks"},
    {ECS_EXECUTE_COMMAND, ABOUT_TASK, "task"},
    {ECS_CREATE_SERVICE, ABOUT_SERVICE, "serviceName"},
    {ECS_UPDATE_SERVICE, ABOUT_SERVICE, "service"},
    {ECS_DELETE_SERVICE, ABOUT_SERVICE, "service"},
    {ECS_DESCRIBE_SERVICES, ABOUT_SERVICE, "services"},
    {ECS_LIST_SERVICE_DEPLOYMENTS, ABOUT_SERVICE, "service"},
    {ECS_DESCRIBE_SERVICE_DEPLOYMENTS, ABOUT_ARN, "serviceDeploymentArns"},
    {ECS_DESCRIBE_SERVICE_REVISIONS, ABOUT_ARN, "serviceRevisionArns"},
    {ECS_TAG_RESOURCE, ABOUT_ARN, "resourceArn"},
    {ECS_UNTAG_RESOURCE, ABOUT_ARN, "resourceArn"},
    {ECS_LIST_TAGS_FOR_RESOURCE, ABOUT_ARN, "resourceArn"},
};

/* A family alone is its newest revision; of one that is not there any. */
static SwStr definition_arn(SwCtx *cx, SwStr ref) {
    EcsTaskDefinitionRecord *r = NULL;
    SwError ignored = sw_error(cx->arena);
    SwStr name = ecs_short_name(ref);
    size_t colon;
    if (cx->tx && ecs_task_definition_get(cx, ref, &r, &ignored) == 0 && r)
        return r->definition->task_definition_arn;
    return sw_arn(cx, "ecs", "task-definition/%.*s%s", SW_FMT(name), sw_str_rfind(name, ':', &colon) ? "" : ":*");
}

static SwStr arn_of(SwCtx *cx, About about, SwStr cluster, SwStr ref) {
    SwStr name = ecs_short_name(ref);
    switch (about) {
    case ABOUT_CLUSTER: return sw_arn(cx, "ecs", "cluster/%.*s", SW_FMT(name));
    case ABOUT_SERVICE: return sw_arn(cx, "ecs", "service/%.*s/%.*s", SW_FMT(cluster), SW_FMT(name));
    case ABOUT_TASK: return sw_arn(cx, "ecs", "task/%.*s/%.*s", SW_FMT(cluster), SW_FMT(name));
    case ABOUT_FAMILY: return sw_arn(cx, "ecs", "task-definition/%.*s:*", SW_FMT(name));
    case ABOUT_DEFINITION: return definition_arn(cx, ref);
    case ABOUT_PROVIDER: return sw_arn(cx, "ecs", "capacity-provider/%.*s", SW_FMT(name));
    case ABOUT_ARN: return ref;
    }
    return SW_NO_STR;
}

SwStrList ecs_resources(SwCtx *cx, const SwOperation *op, const void *in) {
    SwStrList all = {0};
    SwStr cluster = ecs_short_name(sw_str_or(sw_operation_text(op, in, "cluster"), SW_STR("default")));
    for (size_t i = 0; i < SW_N(table); i++) {
        if (table[i].op != op->index)
            continue;
        SwStrList refs = sw_operation_texts(op, in, table[i].member);
        SwStr one = sw_operation_text(op, in, table[i].member);
        if (refs.n == 0 && (one.p || table[i].about == ABOUT_CLUSTER))
            sw_str_list_add(cx->arena, &refs, sw_str_or(one, SW_STR("default")));
        for (size_t k = 0; k < refs.n; k++)
            sw_str_list_add(cx->arena, &all, arn_of(cx, table[i].about, cluster, refs.v[k]));
    }
    return all;
}
