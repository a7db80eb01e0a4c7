/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Elastic Container Service. What the files of this folder share; nothing outside includes it.
 *
 * Tasks are kept in the global scope under their 32 hexadecimal digits, so that a container event
 * or a call from inside a task, which know no account, find theirs at once; indexes go by ARNs,
 * which carry account and region. */

#include "api/host.h"
#include "api/tags.h"
#include "container/container.h"
#include "models/ecs_resources.gen.h"

#define ECS_TASK_KEPT  SW_HOUR /* how long DescribeTasks still shows a stopped task, as AWS */
#define ECS_METADATA   "http://169.254.170.2"
#define ECS_EVENTS_MAX 100 /* of a service, as AWS */

extern const SwController ecs_task_controller, ecs_service_controller, ecs_health_controller, ecs_log_controller,
    ecs_metrics_controller;
extern const SwActionType ecs_deploy_action;

/* ---- common.c ---- */

SwStr ecs_short_name(SwStr name_or_arn); /* behind the last '/' */
/* The ARN that was given, or else that of the name. */
SwStr ecs_asked_arn(SwStr name_or_arn, SwStr arn);
bool ecs_is_name(SwStr s);    /* of a cluster or service */
SwStr ecs_new_id(SwArena *a); /* 32 hexadecimal digits */
SwStr ecs_service_key(SwArena *a, SwStr cluster, SwStr service);
#define ECS_PAGE .usual = 100, .most = 100 /* of a SwPage: nearly all lists of the service */
void ecs_tags_merge(SwArena *a, EcsTagList *into, const EcsTagList *from);
void ecs_failure(SwArena *a, EcsFailureList *l, SwStr arn, const char *reason);
SwStr ecs_key_value(const EcsKeyValuePairList *l, const char *name);
void ecs_key_value_set(SwArena *a, EcsKeyValuePairList *l, const char *name, SwStr value);
bool ecs_has(const SwStrList *l, const char *word);

/* ---- task_definition.c ---- */

/* By "family", "family:revision" or ARN. *ret NULL: none. A family gives its newest ACTIVE
 * revision. */
int ecs_definition_find(SwCtx *cx, SwStr ref, EcsTaskDefinitionRecord **ret, SwError *err) sw_must_check;
int ecs_task_definition_check(SwCtx *cx, const EcsRegisterTaskDefinitionRequest *in, SwError *err) sw_must_check;
int ecs_definition_rules_check(const EcsRegisterTaskDefinitionRequest *in, SwError *err) sw_must_check;
int ecs_environment_files_check(const EcsEnvironmentFileList *l, SwStr execution_role, const SwErrorKind *kind,
                                SwError *err) sw_must_check;
bool ecs_fargate_size(int64_t cpu, int64_t memory); /* whether Fargate offers this combination (units, MiB) */
/* CPU units from "256" or "1 vCPU", MiB from "512" or "1 GB"; false: neither. */
bool ecs_cpu_parse(SwStr s, int64_t *ret_units);
bool ecs_memory_parse(SwStr s, int64_t *ret_mib);
bool ecs_names_secret(SwStr value_from); /* of Secrets Manager, not a parameter */

/* ---- task.c ---- */

typedef struct EcsTaskPlan { /* what a new task is to be */
    EcsClusterRecord *cluster;
    EcsTaskDefinitionRecord *definition;
    EcsTaskOverride *overrides;
    EcsNetworkConfiguration *network;
    const EcsLoadBalancerList *load_balancers;
    const EcsTagList *tags;
    SwStr launch_type, capacity_provider, platform_version, group, started_by;
    SwStr subnet; /* of network mode awsvpc: where its interface is */
    SwStr service_name, service_arn, deployment_id;
} EcsTaskPlan;
/* Write a task in its first state and wake its controller. */
int ecs_task_make(SwCtx *cx, const EcsTaskPlan *p, EcsTaskRecord **ret, SwError *err) sw_must_check;
/* desiredStatus STOPPED, once: the first reason stays. Writes nothing. Returns whether it changed.
 */
bool ecs_task_stop(EcsTaskRecord *t, SwTime now, SwStr code, SwStr reason);
/* Store with a new version, and the event "ECS Task State Change". */
int ecs_task_store(SwCtx *cx, EcsTaskRecord *t, SwError *err) sw_must_check;
int ecs_tasks_of(SwCtx *cx, const char *index, SwStr value, EcsTaskRecords *ret, SwError *err) sw_must_check;
SwStr ecs_task_id(const EcsTaskRecord *t);
bool ecs_task_joins_network(const EcsTaskDefinition *d); /* one is made for it: modes awsvpc and bridge */
bool ecs_is_checked(const EcsContainerDefinition *d);    /* has a health check that is not NONE */
bool ecs_is(SwStr s, const char *word);
/* Where a target group of the service finds the task. false: it has no such container. */
bool ecs_target_of(const EcsTaskRecord *t, const EcsLoadBalancer *b, SwStr *ret_id, int64_t *ret_port);

/* ---- launch.c ---- */

typedef struct EcsLaunch {
    SwStr type;
    const EcsCapacityProviderStrategyItemList *strategy; /* NULL: a launch type was asked for */
} EcsLaunch;
/* What a request means: its launch type, its strategy, or else the cluster's default strategy. */
int ecs_launch_choose(const EcsClusterRecord *cluster, SwStr launch_type, const EcsCapacityProviderStrategyItemList *strategy,
                      EcsLaunch *ret, SwError *err) sw_must_check;
/* Network configuration and launch type against the definition. */
int ecs_launch_check(SwCtx *cx, const EcsTaskDefinition *d, SwStr launch_type, const EcsNetworkConfiguration *network,
                     SwError *err) sw_must_check;
/* Tells in the service's events what its tasks ask of the machine that it does not have. */
void ecs_launch_say_limits(SwCtx *cx, EcsServiceRecord *s, const EcsTaskDefinition *d);
int ecs_platform_check(SwStr version, SwStr launch_type, SwError *err) sw_must_check;
int ecs_strategy_check(const SwStrList *providers, const EcsCapacityProviderStrategyItemList *l, SwError *err) sw_must_check;
/* The provider of the next task, where has[i] tasks are provider i's: bases first, then by weight.
 */
size_t ecs_provider_pick(const EcsCapacityProviderStrategyItemList *l, const int64_t *has);
SwStr ecs_zone_of(SwCtx *cx, SwStr subnet); /* of no subnet: the machine's */

/* ---- host_access.c ---- */

/* A definition that gives access to the host needs a right of its own, where the server is strict. Asked
 * of the caller. */
int ecs_host_access_check(SwCtx *cx, const EcsTaskDefinition *d, SwError *err) sw_must_check;
/* In every mode: no volume shows the data folder. */
int ecs_host_paths_check(SwCtx *cx, const EcsTaskDefinition *d, SwError *err) sw_must_check;
bool ecs_can_unmount(const EcsContainerDefinition *c); /* what hides a part of a volume from it */

/* ---- task_start.c, image.c: without transaction ---- */

/* Image of a container in this server's registry, unpacked. Fails with a message in the words of
 * AWS's stoppedReason. */
int ecs_image_get(SwCtx *cx, const EcsTaskRecord *t, SwStr name, SwImage *ret, SwStr *ret_digest, SwError *err) sw_must_check;
int ecs_container_start(SwCtx *cx, EcsTaskRecord *t, size_t i, SwStr *ret_digest, SwError *err) sw_must_check;
bool ecs_is_joined(const EcsTaskRecord *t, const EcsContainerDefinition *d); /* its task's network */
int ecs_role_ctx(SwCtx *cx, SwStr role_arn, SwCtx **ret, SwError *err) sw_must_check;
void ecs_volumes_delete(SwCtx *cx, SwStr task_id);

/* ---- task_environment.c: without transaction ---- */

extern const SwErrorKind ecs_cannot_initialize;
/* "NAME=value" of a container, files and secrets fetched. Fails in the words of AWS's
 * stoppedReason. */
int ecs_environment(SwCtx *cx, const EcsTaskRecord *t, const EcsContainerDefinition *d, SwStr id, SwStrList *ret,
                    SwError *err) sw_must_check;
/* Lines NAME=value; spaces and quotes are part of the value, lines with '#' are comments. */
void ecs_environment_parse(SwArena *a, SwStr text, SwStrMap *env);
/* Bucket and key of "arn:aws:s3:::BUCKET/KEY"; false: it is none. */
bool ecs_file_arn_parse(SwStr arn, SwStr *ret_bucket, SwStr *ret_key);

/* ---- service.c, deployment.c ---- */

/* Also one that is INACTIVE; *ret NULL: none. */
int ecs_service_named(SwCtx *cx, SwStr cluster_ref, SwStr ref, EcsServiceRecord **ret, SwError *err) sw_must_check;
/* The same, but fails with ServiceNotFoundException. */
int ecs_service_must(SwCtx *cx, SwStr cluster_ref, SwStr ref, EcsServiceRecord **ret, SwError *err) sw_must_check;
int ecs_service_store(SwCtx *cx, EcsServiceRecord *s, SwError *err) sw_must_check;
void ecs_service_say(SwCtx *cx, EcsServiceRecord *s, const char *fmt, ...) sw_printf(3, 4);
EcsDeployment *ecs_deployment_primary(EcsServiceRecord *s);
EcsDeploymentState *ecs_deployment_state(EcsServiceRecord *s, SwStr id);
/* A new PRIMARY deployment of the service as it stands; the one before becomes ACTIVE. */
int ecs_deployment_begin(SwCtx *cx, EcsServiceRecord *s, SwError *err) sw_must_check;
/* Rollout state and reason, the service deployment's status, and the event. `why` is for
 * rolloutStateReason. */
int ecs_deployment_end(SwCtx *cx, EcsServiceRecord *s, EcsDeployment *d, bool completed, SwStr why, SwError *err) sw_must_check;
int ecs_deployment_rolled_back(SwCtx *cx, EcsServiceRecord *s, SwStr failed_id, SwStr why, SwError *err) sw_must_check;
int ecs_service_action(SwCtx *cx, EcsServiceRecord *s, const char *type, const char *name, SwStr reason,
                       SwError *err) sw_must_check;

/* target.c: SwTarget.deliver. */
int ecs_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err);
