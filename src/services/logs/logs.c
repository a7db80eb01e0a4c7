/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "services/logs/logs.h"

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
    return sw_cat(cx->arena, logs_group_arn(cx, name), SW_STR(":log-stream:"), stream);
}

const SwService sw_service_logs = {
    .name = "logs",
    .api = &logs_api,
    .declares = &logs_declarations,
    .handlers = logs_handlers,
    .bad_token = {&LOGS_INVALID_PARAMETER_EXCEPTION, "The specified nextToken is invalid."},
    .invalid = &LOGS_INVALID_PARAMETER_EXCEPTION,
    .collections = collections,
    .controllers = controllers,
    .targets = targets,
    .n_targets = SW_N(targets),
    .resource = resource,
    .policy = logs_policy,
};
