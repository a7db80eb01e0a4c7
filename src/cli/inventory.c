/* SPDX-License-Identifier: Apache-2.0 */
/* What was made, for `slipway status`: each service is asked by its own list operation, and one walker reads all answers
 * by the model's names. To show another kind of resource, add a row. */

#include "cli/inventory.h"

#include "cli/client.h"
#include "cli/table.h"
#include "models/cloudwatch.gen.h"
#include "models/codebuild.gen.h"
#include "models/codecommit.gen.h"
#include "models/codepipeline.gen.h"
#include "models/ecr.gen.h"
#include "models/ecs.gen.h"
#include "models/elbv2.gen.h"
#include "models/events.gen.h"
#include "models/iam.gen.h"
#include "models/logs.gen.h"
#include "models/s3.gen.h"
#include "models/sns.gen.h"
#include "models/sqs.gen.h"
#include "models/ssm.gen.h"

#define PAGES_MAX   100 /* a listing ends there, and says so */
#define NAMES_SHOWN 4   /* on a terminal */

static const IamListPoliciesRequest own_policies = {.scope = SW_STR_C("Local")};
static const SqsListQueuesRequest queue_pages = {.max_results = {1000, true}}; /* without it there are no further pages */

static const SwListing rows[] = {
    {&s3_api, S3_LIST_BUCKETS, "buckets", "Buckets", "Name", 0, NULL, NULL},
    {&ssm_api, SSM_DESCRIBE_PARAMETERS, "parameters", "Parameters", "Name", 0, NULL, NULL},
    {&sqs_api, SQS_LIST_QUEUES, "queues", "QueueUrls", NULL, '/', NULL, &queue_pages},
    {&sns_api, SNS_LIST_TOPICS, "topics", "Topics", "TopicArn", ':', NULL, NULL},
    {&events_api, EVENTS_LIST_RULES, "rules", "Rules", "Name", 0, NULL, NULL},
    {&events_api, EVENTS_LIST_EVENT_BUSES, "event buses", "EventBuses", "Name", 0, "default", NULL},
    {&logs_api, LOGS_DESCRIBE_LOG_GROUPS, "log groups", "logGroups", "logGroupName", 0, NULL, NULL},
    {&cloudwatch_api, CLOUDWATCH_DESCRIBE_ALARMS, "alarms", "MetricAlarms", "AlarmName", 0, NULL, NULL},
    {&iam_api, IAM_LIST_USERS, "users", "Users", "UserName", 0, NULL, NULL},
    {&iam_api, IAM_LIST_ROLES, "roles", "Roles", "RoleName", 0, NULL, NULL},
    {&iam_api, IAM_LIST_POLICIES, "policies", "Policies", "PolicyName", 0, NULL, &own_policies},
    {&codecommit_api, CODECOMMIT_LIST_REPOSITORIES, "repositories", "repositories", "repositoryName", 0, NULL, NULL},
    {&codebuild_api, CODEBUILD_LIST_PROJECTS, "projects", "projects", NULL, 0, NULL, NULL},
    {&codepipeline_api, CODEPIPELINE_LIST_PIPELINES, "pipelines", "pipelines", "name", 0, NULL, NULL},
    {&ecr_api, ECR_DESCRIBE_REPOSITORIES, "repositories", "repositories", "repositoryName", 0, NULL, NULL},
    {&ecs_api, ECS_LIST_CLUSTERS, "clusters", "clusterArns", NULL, '/', NULL, NULL},
    {&ecs_api, ECS_LIST_TASK_DEFINITIONS, "task definitions", "taskDefinitionArns", NULL, '/', NULL, NULL},
    {&elbv2_api, ELBV2_DESCRIBE_LOAD_BALANCERS, "load balancers", "LoadBalancers", "LoadBalancerName", 0, NULL, NULL},
    {&elbv2_api, ELBV2_DESCRIBE_TARGET_GROUPS, "target groups", "TargetGroups", "TargetGroupName", 0, NULL, NULL},
};

static SwStr text_at(const SwShape *s, const void *v, const char *name) {
    const SwMember *m = sw_shape_member(s, sw_str(name));
    const SwStr *text = m && m->shape->kind == SW_STRING ? sw_member_at(m, v) : NULL;
    return text ? *text : SW_NO_STR;
}

static void add_names(SwArena *a, const SwListing *r, const void *out, SwStrList *to) {
    const SwMember *list = sw_shape_member(r->api->op[r->op].output, sw_str(r->list));
    const void *at = list ? sw_member_at(list, out) : NULL;
    for (size_t i = 0; at && i < sw_list_count(at); i++) {
        const void *element = sw_list_at(list->shape, at, i);
        SwStr name = r->name ? text_at(list->shape->member[0].shape, element, r->name) : *(const SwStr *)element;
        size_t last;
        if (r->after && sw_str_rfind(name, r->after, &last))
            name = sw_str_skip(name, last + 1);
        if (!r->there || !sw_str_eqz(name, r->there))
            sw_str_list_add(a, to, name);
    }
}

/* The next page's input, made of this answer; false: there is none. */
static bool next_page(SwArena *a, const SwOperation *op, const void *out, void *in) {
    static const struct {
        const char *answer, *question;
    } tokens[] = {{"nextToken", "nextToken"},
                  {"NextToken", "NextToken"},
                  {"NextMarker", "Marker"},
                  {"Marker", "Marker"},
                  {"ContinuationToken", "ContinuationToken"}};
    for (size_t i = 0; i < SW_N(tokens); i++) {
        SwStr next = text_at(op->output, out, tokens[i].answer);
        const SwMember *m = sw_shape_member(op->input, sw_str(tokens[i].question));
        if (!sw_str_is(next) || !m)
            continue;
        *(SwStr *)sw_member_make(a, m, in) = next;
        return true;
    }
    return false;
}

int sw_cli_list_names(SwCli *cli, const SwListing *r, SwStrList *ret_names, bool *ret_all, SwError *err) {
    const SwOperation *op = &r->api->op[r->op];
    char *in = sw_arena_alloc(cli->arena, op->input->size);
    if (r->in)
        memcpy(in, r->in, op->input->size);
    *ret_all = true;
    for (unsigned page = 0; page < PAGES_MAX; page++) {
        void *out = NULL;
        if (sw_client_call(cli, r->api, r->op, in, &out, err) < 0)
            return -1;
        if (!out)
            return 0;
        add_names(cli->arena, r, out, ret_names);
        if (!next_page(cli->arena, op, out, in))
            return 0;
    }
    *ret_all = false;
    return 0;
}

static SwStr joined(SwCli *cli, const SwStrList *names) {
    size_t n = cli->terminal ? SW_MIN(names->n, (size_t)NAMES_SHOWN) : names->n;
    SwStr text = sw_str_join(cli->arena, names->v, n, SW_STR(", "));
    return n < names->n ? sw_strf(cli->arena, "%.*s and %zu more", SW_FMT(text), names->n - n) : text;
}

static SwValue as_value(SwArena *a, const SwListing *r, const SwStrList *names) {
    SwValue v = sw_value_object(), list = sw_value_array();
    for (size_t i = 0; i < names->n; i++)
        sw_value_add(a, &list, sw_value_string(names->v[i]));
    sw_value_sets(a, &v, "service", sw_str(r->api->name));
    sw_value_sets(a, &v, "operation", sw_str(r->api->op[r->op].name));
    sw_value_sets(a, &v, "what", sw_str(r->what));
    sw_value_set(a, &v, SW_STR("names"), list);
    return v;
}

void sw_cli_inventory(SwCli *cli, SwTable *to, SwValue *ret_json) {
    for (size_t i = 0; i < SW_N(rows); i++) {
        const SwListing *r = &rows[i];
        SwError err = sw_error(cli->arena);
        SwStrList names = {0};
        bool all;
        if (sw_cli_list_names(cli, r, &names, &all, &err) < 0 || !names.n)
            continue; /* one may be allowed to see only some services */
        sw_value_add(cli->arena, ret_json, as_value(cli->arena, r, &names));
        SW_ROW(to, sw_str(r->api->name), sw_str(r->what), sw_strf(cli->arena, "%zu%s", names.n, all ? "" : " or more"),
               joined(cli, &names));
    }
}
