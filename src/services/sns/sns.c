/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/sns/sns.h"

static const SwHandler handlers[] = {
    {SNS_CONFIRM_SUBSCRIPTION, SW_HANDLER(sns_confirm_subscription), 0},
    {SNS_CREATE_TOPIC, SW_HANDLER(sns_create_topic), 0},
    {SNS_DELETE_TOPIC, SW_HANDLER(sns_delete_topic), 0},
    {SNS_GET_SUBSCRIPTION_ATTRIBUTES, SW_HANDLER(sns_get_subscription_attributes), 0},
    {SNS_GET_TOPIC_ATTRIBUTES, SW_HANDLER(sns_get_topic_attributes), 0},
    {SNS_LIST_SUBSCRIPTIONS, SW_HANDLER(sns_list_subscriptions), 0},
    {SNS_LIST_SUBSCRIPTIONS_BY_TOPIC, SW_HANDLER(sns_list_subscriptions_by_topic), 0},
    {SNS_LIST_TAGS_FOR_RESOURCE, SW_HANDLER(sns_list_tags_for_resource), 0},
    {SNS_LIST_TOPICS, SW_HANDLER(sns_list_topics), 0},
    {SNS_PUBLISH, SW_HANDLER(sns_publish), 0},
    {SNS_PUBLISH_BATCH, SW_HANDLER(sns_publish_batch), 0},
    {SNS_SET_SUBSCRIPTION_ATTRIBUTES, SW_HANDLER(sns_set_subscription_attributes), 0},
    {SNS_SET_TOPIC_ATTRIBUTES, SW_HANDLER(sns_set_topic_attributes), 0},
    {SNS_SUBSCRIBE, SW_HANDLER(sns_subscribe), 0},
    {SNS_TAG_RESOURCE, SW_HANDLER(sns_tag_resource), 0},
    {SNS_UNSUBSCRIBE, SW_HANDLER(sns_unsubscribe), 0},
    {SNS_UNTAG_RESOURCE, SW_HANDLER(sns_untag_resource), 0},
};

static const SwCollection *const collections[] = {&sns_topics, &sns_subscriptions, &sns_deliveries, NULL};
static const SwController *const controllers[] = {&sns_delivery_controller, NULL};
static const SwTarget targets[] = {{"sns", NULL, sns_deliver}};
static const SwRoute routes[] = {{.method = "GET", .path = SNS_CERTIFICATE_PATH, .handle = sns_certificate}};

const SwService sw_service_sns = {
    .name = "sns",
    .api = &sns_api,
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .routes = routes,
    .n_routes = SW_N(routes),
    .invalid = &sns_invalid,
    .collections = collections,
    .controllers = controllers,
    .targets = targets,
    .n_targets = SW_N(targets),
};
