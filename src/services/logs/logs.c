/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "services/logs/logs.h"

static const SwHandler handlers[] = {
    {LOGS_CREATE_LOG_GROUP, SW_HANDLER(logs_create_log_group), 0},
    {LOGS_CREATE_LOG_STREAM, SW_HANDLER(logs_create_log_stream), 0},
    {LOGS_DELETE_LOG_GROUP, SW_HANDLER(logs_delete_log_group), 0},
    {LOGS_DELETE_LOG_STREAM, SW_HANDLER(logs_delete_log_stream), 0},
    {LOGS_DELETE_RESOURCE_POLICY, SW_HANDLER(logs_delete_resource_policy), 0},
    {LOGS_DELETE_RETENTION_POLICY, SW_HANDLER(logs_delete_retention_policy), 0},
    {LOGS_DESCRIBE_LOG_GROUPS, SW_HANDLER(logs_describe_log_groups), 0},
    {LOGS_DESCRIBE_LOG_STREAMS, SW_HANDLER(logs_describe_log_streams), 0},
    {LOGS_DESCRIBE_RESOURCE_POLICIES, SW_HANDLER(logs_describe_resource_policies), 0},
    {LOGS_FILTER_LOG_EVENTS, SW_HANDLER(logs_filter_log_events), 0},
    {LOGS_GET_LOG_EVENTS, SW_HANDLER(logs_get_log_events), 0},
    {LOGS_LIST_TAGS_FOR_RESOURCE, SW_HANDLER(logs_list_tags_for_resource), 0},
    {LOGS_LIST_TAGS_LOG_GROUP, SW_HANDLER(logs_list_tags_log_group), 0},
    {LOGS_PUT_LOG_EVENTS, SW_HANDLER(logs_put_log_events), 0},
    {LOGS_PUT_RESOURCE_POLICY, SW_HANDLER(logs_put_resource_policy), 0},
    {LOGS_PUT_RETENTION_POLICY, SW_HANDLER(logs_put_retention_policy), 0},
    {LOGS_TAG_LOG_GROUP, SW_HANDLER(logs_tag_log_group), 0},
    {LOGS_TAG_RESOURCE, SW_HANDLER(logs_tag_resource), 0},
    {LOGS_UNTAG_LOG_GROUP, SW_HANDLER(logs_untag_log_group), 0},
    {LOGS_UNTAG_RESOURCE, SW_HANDLER(logs_untag_resource), 0},
};

static const SwCollection *const collections[] = {&logs_groups, &logs_streams, &logs_resource_policies, NULL};
static const SwController *const controllers[] = {&logs_retention, NULL};

static const SwTarget targets[] = {{"logs", "log-group:", logs_deliver, NULL}};

/* "log-group:NAME:log-stream:STREAM", as AWS asks: the stream is empty for what is about the group. Tags name it without. */
static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    SwStr arn = sw_operation_text(op, in, "resourceArn"), group = sw_operation_text(op, in, "logGroupName"),
          stream = sw_operation_text(op, in, "logStreamName"), name;
    SwError ignored = sw_error(cx->arena);
    if (arn.p)
        return arn;
    if (logs_group_name(cx, group, sw_operation_text(op, in, "logGroupIdentifier"), &name, &ignored) < 0)
        return SW_NO_STR;
    return sw_strf(cx->arena, "%.*s:log-stream:%.*s", SW_FMT(logs_group_arn(cx, name)), SW_FMT(stream));
}

const SwService sw_service_logs = {
    .name = "logs",
    .api = &logs_api,
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .bad_token = {&LOGS_INVALID_PARAMETER_EXCEPTION, "The specified nextToken is invalid."},
    .invalid = &LOGS_INVALID_PARAMETER_EXCEPTION,
    .collections = collections,
    .controllers = controllers,
    .targets = targets,
    .n_targets = SW_N(targets),
    .resource = resource,
    .policy = logs_policy,
};
