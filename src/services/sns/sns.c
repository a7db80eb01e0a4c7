/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "services/sns/sns.h"

static const SwCollection *const collections[] = {&sns_topics, &sns_subscriptions, &sns_deliveries, &sns_deduplications, NULL};
static const SwController *const controllers[] = {&sns_delivery_controller, NULL};
static const SwTarget targets[] = {{"sns", NULL, sns_deliver, "sns:Publish"}};
static const SwRoute routes[] = {
    {.method = "GET", .path = SNS_CERTIFICATE_PATH, .access = SW_ACCESS_PUBLIC, .handle = sns_certificate}};

/* A topic, by whichever member names it; a subscription's ARN begins with its topic's. */
static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    static const char *const arns[] = {"TopicArn", "TargetArn", "ResourceArn"};
    SwStr subscription = sw_operation_text(op, in, "SubscriptionArn"), name = sw_operation_text(op, in, "Name");
    size_t colon;
    for (size_t i = 0; i < SW_N(arns); i++) {
        SwStr arn = sw_operation_text(op, in, arns[i]);
        if (arn.p)
            return arn;
    }
    if (subscription.p)
        return sw_str_rfind(subscription, ':', &colon) ? sw_str_n(subscription.p, colon) : subscription;
    return name.p ? sw_arn(cx, "sns", "%.*s", SW_FMT(name)) : SW_NO_STR;
}

const SwService sw_service_sns = {
    .name = "sns",
    .api = &sns_api,
    .declares = &sns_declarations,
    .handlers = sns_handlers,
    .bad_token = {&sns_invalid, "Invalid parameter: NextToken"},
    .routes = routes,
    .n_routes = SW_N(routes),
    .invalid = &sns_invalid,
    .denied = &SNS_AUTHORIZATION_ERROR_EXCEPTION,
    .resource = resource,
    .policy = sns_topic_policy,
    .collections = collections,
    .controllers = controllers,
    .targets = targets,
    .n_targets = SW_N(targets),
};
