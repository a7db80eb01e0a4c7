/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "services/cloudwatch/cloudwatch.h"

static const SwHandler handlers[] = {
    {CLOUDWATCH_DELETE_ALARMS, SW_HANDLER(cloudwatch_delete_alarms), 0},
    {CLOUDWATCH_DESCRIBE_ALARM_HISTORY, SW_HANDLER(cloudwatch_describe_alarm_history), 0},
    {CLOUDWATCH_DESCRIBE_ALARMS, SW_HANDLER(cloudwatch_describe_alarms), 0},
    {CLOUDWATCH_DESCRIBE_ALARMS_FOR_METRIC, SW_HANDLER(cloudwatch_describe_alarms_for_metric), 0},
    {CLOUDWATCH_DISABLE_ALARM_ACTIONS, SW_HANDLER(cloudwatch_disable_alarm_actions), 0},
    {CLOUDWATCH_ENABLE_ALARM_ACTIONS, SW_HANDLER(cloudwatch_enable_alarm_actions), 0},
    {CLOUDWATCH_GET_METRIC_DATA, SW_HANDLER(cloudwatch_get_metric_data), 0},
    {CLOUDWATCH_GET_METRIC_STATISTICS, SW_HANDLER(cloudwatch_get_metric_statistics), 0},
    {CLOUDWATCH_LIST_METRICS, SW_HANDLER(cloudwatch_list_metrics), 0},
    {CLOUDWATCH_LIST_TAGS_FOR_RESOURCE, SW_HANDLER(cloudwatch_list_tags_for_resource), 0},
    {CLOUDWATCH_PUT_METRIC_ALARM, SW_HANDLER(cloudwatch_put_metric_alarm), 0},
    {CLOUDWATCH_PUT_METRIC_DATA, SW_HANDLER(cloudwatch_put_metric_data), 0},
    {CLOUDWATCH_SET_ALARM_STATE, SW_HANDLER(cloudwatch_set_alarm_state), 0},
    {CLOUDWATCH_TAG_RESOURCE, SW_HANDLER(cloudwatch_tag_resource), 0},
    {CLOUDWATCH_UNTAG_RESOURCE, SW_HANDLER(cloudwatch_untag_resource), 0},
};

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
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
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
