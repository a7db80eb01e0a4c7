/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Delivery policies of HTTP endpoints ("Amazon SNS message delivery retries"): a topic's has the member "http", a
 * subscription's overrides it unless the topic says otherwise. Pure.
 *
 *   retry 1 .. noDelay                       at once
 *   the next minDelay                        minDelayTarget seconds apart
 *   then, but for the last maxDelay          growing from minDelayTarget to maxDelayTarget by the backoff function
 *   the last maxDelay                        maxDelayTarget seconds apart */

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"

typedef enum SnsBackoff { SNS_LINEAR, SNS_ARITHMETIC, SNS_GEOMETRIC, SNS_EXPONENTIAL, SNS_BACKOFF_MAX_ } SnsBackoff;

typedef struct SnsRetry {
    int64_t min_delay, max_delay; /* seconds */
    int64_t retries, no_delay, min_delay_retries, max_delay_retries;
    SnsBackoff backoff;
    SwStr content_type; /* requestPolicy.headerContentType; absent: text/plain */
    bool no_overrides;  /* of a topic's: subscriptions' own are not looked at */
} SnsRetry;

/* What applies where nothing was said. */
SnsRetry sns_retry_default(void);
/* Reads a policy's JSON over *r. of_topic: with the member "http". Fails with InvalidParameter, naming what is wrong. */
int sns_retry_read(SwArena *a, SwStr policy, bool of_topic, SnsRetry *r, const SwErrorKind *invalid,
                   SwError *err) sw_must_check;
/* Time to wait before the retry of this number, from 1; false: there is no such retry. */
bool sns_retry_wait(const SnsRetry *r, int64_t number, SwTime *ret_wait);
/* EffectiveDeliveryPolicy: of a subscription, and of a topic. */
SwStr sns_retry_text(SwArena *a, const SnsRetry *r);
SwStr sns_retry_topic_text(SwArena *a, const SnsRetry *r);
