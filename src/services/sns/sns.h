/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SNS: what its files share. A message for a queue is sent in the transaction that publishes it; one for an HTTP endpoint
 * is a delivery, a row that the controller carries out until it succeeded or was given up. */

#include "api/registry.h"
#include "models/sns.gen.h"
#include "models/sns_records.gen.h"

extern const SwCollection sns_topics;           /* by name */
extern const SwCollection sns_subscriptions;    /* by ARN */
extern const SwCollection sns_deliveries;       /* by a UUID */
extern const SwController sns_delivery_controller;
extern const SwErrorKind  sns_invalid;          /* InvalidParameter */

int sns_topic_get(SwCtx *cx, SwStr arn, SnsTopicRecord **ret_t, SwError *err) sw_must_check;
int sns_subscription_get(SwCtx *cx, SwStr arn, SnsSubscriptionRecord **ret_s, SwError *err) sw_must_check;
int sns_subscriptions_of(SwCtx *cx, SwStr topic_arn, SwDocList *ret_l, SwError *err) sw_must_check;

typedef struct SnsMessage {
    SwStr id, message, subject, structure;
    const SnsMessageAttributeValueMap *attributes;
} SnsMessage;
int sns_publish_to_topic(SwCtx *cx, const SnsTopicRecord *t, const SnsMessage *m, SwError *err) sw_must_check;
/* A SubscriptionConfirmation to a new HTTP endpoint. */
int sns_ask_confirmation(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, SwError *err) sw_must_check;
/* The envelope of a message, signed: what HTTP endpoints and queues get. */
int sns_envelope(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, const char *type, const SnsMessage *m, SwStr text,
                 SwStr *ret_json, SwError *err) sw_must_check;
/* What is left of a message that cannot be delivered goes to the subscription's dead-letter queue, if it has one. */
int sns_give_up(SwCtx *cx, const SnsSubscriptionRecord *s, SwStr body, SwError *err) sw_must_check;
int sns_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err);

/* sign.c: the installation's signing key, made at first use in <data>/sns/. */
int  sns_sign(SwCtx *cx, SwStr text, bool sha256, SwStr *ret_base64, SwError *err) sw_must_check;
void sns_certificate(SwCtx *cx);                /* SwRoute.handle */
#define SNS_CERTIFICATE_PATH "/SimpleNotificationService.pem"
