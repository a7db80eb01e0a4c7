/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SNS: what its files share. A message for a queue is sent in the transaction that publishes it; one for an HTTP endpoint
 * is a delivery, a row that the controller carries out until it succeeded or was given up. */

#include "api/envelope.h"
#include "api/meter.h"
#include "api/registry.h"
#include "models/sns_resources.gen.h"

extern const SwController sns_delivery_controller;
extern const SwErrorKind sns_invalid; /* InvalidParameter */

/* An ARN of SNS in this region; `member` names it where it is refused. */
int sns_arn_check(SwCtx *cx, SwStr text, const char *member, SwArn *ret_arn, SwError *err) sw_must_check;
/* By an ARN that a request names. */
int sns_topic_of(SwCtx *cx, SwStr arn, SnsTopicRecord **ret_t, SwError *err) sw_must_check;
int sns_subscription_of(SwCtx *cx, SwStr arn, SnsSubscriptionRecord **ret_s, SwError *err) sw_must_check;
int sns_subscriptions_of(SwCtx *cx, SwStr topic_arn, SnsSubscriptionRecords *ret_l, SwError *err) sw_must_check;

/* attribute.c. One attribute of a topic, checked; whether it has this value, said or by default. */
int sns_topic_set(SwCtx *cx, SnsTopicRecord *t, SwStr name, SwStr value, SwError *err) sw_must_check;
bool sns_topic_has(SwCtx *cx, const SnsTopicRecord *t, SwStr name, SwStr value);
int sns_topic_policy(SwCtx *cx, const SwFound *f, SwStr *ret_document, SwError *err); /* SwResourceHooks.policy */

typedef struct SnsMessage {
    SwStr id, message, subject, structure;
    const SnsMessageAttributeValueMap *attributes;
    SwStr group, deduplication;      /* of a FIFO topic */
    SwStr sequence;                  /* given by it */
    const SwValue *texts, *document; /* as JSON, read once for all subscriptions; NULL: not yet */
    bool not_json;                   /* known with the document */
    const SwDataKey *key;            /* of its topic's key; NULL: the topic has none */
} SnsMessage;

/* seal.c: what waits for its delivery, of a topic that has a key of KMS. */
int sns_topic_data_key(SwCtx *cx, const SnsTopicRecord *t, const SwDataKey **ret_k, SwError *err) sw_must_check;
int sns_body_seal(SwCtx *cx, SwStr topic_arn, const SwDataKey *k, SnsDeliveryRecord *d, SwError *err) sw_must_check;
/* *ret_body absent: its key does not open it now. */
int sns_body_open(SwCtx *cx, const SnsDeliveryRecord *d, SwStr *ret_body, SwError *err) sw_must_check;

/* publish.c. The message was checked; a FIFO topic fills in its number, and its id where it was known. */
int sns_publish_to_topic(SwCtx *cx, const SnsTopicRecord *t, SnsMessage *m, SwError *err) sw_must_check;
int sns_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err); /* SwTarget.deliver */

/* subscription.c: the one of the same topic, protocol and endpoint (SwResourceHooks.cfn_like). */
int sns_subscription_like(SwCtx *cx, const void *input, SwFound *ret, SwError *err) sw_must_check;
/* cfn.c: the subscriptions that CloudFormation's topic names itself (SwResourceHooks.cfn_get, cfn_set). */
int sns_topic_subscriptions(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err);
int sns_topic_subscribe(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want,
                        SwError *err);

/* filter.c. The policy and its scope come one after the other: they are looked at together, at the end. `where`: what
 * AWS says before "FilterPolicy". */
int sns_filter_check(SwCtx *cx, const SnsSubscriptionRecord *s, const char *where, SwError *err) sw_must_check;
/* What a message was filtered out by; AWS counts each. */
typedef enum SnsFiltered {
    SNS_FILTERED_ATTRIBUTES,
    SNS_FILTERED_NO_ATTRIBUTES,
    SNS_FILTERED_BODY,
    SNS_FILTERED_INVALID_BODY,
} SnsFiltered;
bool sns_filter_wants(SwCtx *cx, const SnsSubscriptionRecord *s, SnsMessage *m, SnsFiltered *ret_why);
SwValue sns_filter_plain(SwArena *a, const SwValue *v); /* the form in which policies meet bodies */

/* fifo.c */
bool sns_topic_is_fifo(const SnsTopicRecord *t);
/* Group and deduplication: needed by a FIFO topic, refused by others. */
int sns_fifo_check(SwCtx *cx, const SnsTopicRecord *t, SnsMessage *m, SwError *err) sw_must_check;
/* *ret_known: published in the last five minutes; *m has its id and number. */
int sns_fifo_number(SwCtx *cx, const SnsTopicRecord *t, SnsMessage *m, bool *ret_known, SwError *err) sw_must_check;

/* envelope.c: what HTTP endpoints and queues get, signed. */
int sns_envelope(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, const char *type, const SnsMessage *m,
                 SwStr text, SwStr *ret_json, SwError *err) sw_must_check;

/* delivery.c */
int sns_to_queue(SwCtx *cx, const SnsSubscriptionRecord *s, const SnsMessage *m, SwStr body, bool raw,
                 SwError *err) sw_must_check;
int sns_to_endpoint(SwCtx *cx, const SnsSubscriptionRecord *s, const char *type, const SnsMessage *m, SwStr body, bool raw,
                    SwError *err) sw_must_check;
/* A SubscriptionConfirmation to a new HTTP endpoint. */
int sns_ask_confirmation(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, SwError *err) sw_must_check;
/* How an endpoint's deliveries are retried: the topic's policy (NULL: none) and the subscription's own. */
struct SnsRetry;
int sns_retry_of(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, struct SnsRetry *ret,
                 SwError *err) sw_must_check;

/* sign.c: the installation's signing key, made at first use in <data>/sns/. */
int sns_sign(SwCtx *cx, SwStr text, bool sha256, SwStr *ret_base64, SwError *err) sw_must_check;
void sns_certificate(SwCtx *cx); /* SwRoute.handle */
#define SNS_CERTIFICATE_PATH "/SimpleNotificationService-*"
int sns_certificate_name(SwCtx *cx, SwStr *ret_path, SwError *err) sw_must_check;

/* metric.c */
extern const SwMetric sns_published, sns_publish_size, sns_delivered, sns_failed, sns_redriven, sns_not_redriven;
void sns_count(SwCtx *cx, SwStr topic_arn, const SwMetric *m, double value);
void sns_count_filtered(SwCtx *cx, SwStr topic_arn, SnsFiltered reason);
