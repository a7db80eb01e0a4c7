/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "services/cloudwatch/cloudwatch.h"

static const SwCollection *const collections[] = {&cloudwatch_metrics, &cloudwatch_alarms, &cloudwatch_history, NULL};
static const SwController *const controllers[] = {&cloudwatch_alarm_controller, &cloudwatch_trim_controller,
                                                  &cloudwatch_publisher, NULL};

/* Alarms are named; metrics are not: "*". */
static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    SwStr name = sw_operation_text(op, in, "AlarmName");
    return name.p ? cloudwatch_alarm_arn(cx, name) : sw_operation_text(op, in, "ResourceARN");
}

static SwStrList resources(SwCtx *cx, const SwOperation *op, const void *in) {
    SwStrList names = sw_operation_texts(op, in, "AlarmNames"), all = {0};
    for (size_t i = 0; i < names.n; i++)
        sw_str_list_add(cx->arena, &all, cloudwatch_alarm_arn(cx, names.v[i]));
    return all;
}

const SwService sw_service_cloudwatch = {
    .name = "cloudwatch",
    .api = &cloudwatch_api,
    .declares = &cloudwatch_declarations,
    .handlers = cloudwatch_handlers,
    .bad_token = {&CLOUDWATCH_INVALID_NEXT_TOKEN, "The value for parameter NextToken is invalid."},
    .invalid = &SW_VALIDATION_ERROR,
    .resource = resource,
    .resources = resources,
    .collections = collections,
    .controllers = controllers,
    .open = cloudwatch_publish_open,
    .close = cloudwatch_publish_close,
    .reset = cloudwatch_publish_reset,
};
