/* SPDX-License-Identifier: Apache-2.0 */
/* AWS/SNS, by TopicName (SNS Developer Guide, "Monitoring Amazon SNS topics using CloudWatch"). */

#include "services/sns/sns.h"

#define SPACE "AWS/SNS"
#define COUNT(suffix) \
    { SPACE, "NumberOfNotifications" suffix, "Count" }

const SwMetric sns_published = {SPACE, "NumberOfMessagesPublished", "Count"};
const SwMetric sns_publish_size = {SPACE, "PublishSize", "Bytes"};
const SwMetric sns_delivered = COUNT("Delivered");
const SwMetric sns_failed = COUNT("Failed");
const SwMetric sns_redriven = COUNT("RedrivenToDlq");
const SwMetric sns_not_redriven = COUNT("FailedToRedriveToDlq");

/* Every rejected message is in the first, and in one that says why. */
static const SwMetric filtered = COUNT("FilteredOut");
static const SwMetric why[] = {
    [SNS_FILTERED_ATTRIBUTES] = COUNT("FilteredOut-MessageAttributes"),
    [SNS_FILTERED_NO_ATTRIBUTES] = COUNT("FilteredOut-NoMessageAttributes"),
    [SNS_FILTERED_BODY] = COUNT("FilteredOut-MessageBody"),
    [SNS_FILTERED_INVALID_BODY] = COUNT("FilteredOut-InvalidMessageBody"),
};

void sns_count(SwCtx *cx, SwStr topic_arn, const SwMetric *m, double value) {
    SwArn arn;
    if (sw_arn_parse(topic_arn, &arn))
        sw_meter(cx, m, value, &(SwDimension){"TopicName", arn.resource}, 1);
}

void sns_count_filtered(SwCtx *cx, SwStr topic_arn, SnsFiltered reason) {
    sns_count(cx, topic_arn, &filtered, 1);
    sns_count(cx, topic_arn, &why[reason], 1);
}
