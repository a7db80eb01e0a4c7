/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/cloudwatch/cloudwatch.h"

static const SwController *const controllers[] = {&cloudwatch_alarm_controller, &cloudwatch_trim_controller,
                                                  &cloudwatch_publisher, NULL};

const SwService sw_service_cloudwatch = {
    .name = "cloudwatch",
    .api = &cloudwatch_api,
    .declares = &cloudwatch_declarations,
    .handlers = cloudwatch_handlers,
    .bad_token = {&CLOUDWATCH_INVALID_NEXT_TOKEN, "The value for parameter NextToken is invalid."},
    .invalid = &SW_VALIDATION_ERROR,
    .collections = cloudwatch_collections,
    .controllers = controllers,
    .open = cloudwatch_publish_open,
    .resume = cloudwatch_publish_resume,
    .close = cloudwatch_publish_close,
    .reset = cloudwatch_publish_reset,
};
