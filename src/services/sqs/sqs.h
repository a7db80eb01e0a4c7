/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SQS: what its files share. Standard queues. A message is a document; an index over (queue, time from which it is
 * visible) makes receiving a range read, whatever else the queue holds. */

#include "api/host.h"
#include "models/sqs.gen.h"
#include "models/sqs_records.gen.h"

#define SQS_MESSAGE_MAX 1048576         /* bytes of body and attributes (SQS Developer Guide, "Message quotas") */

extern const SwCollection sqs_queues;   /* by name */
extern const SwCollection sqs_messages; /* by message id */
extern const SwController sqs_expiry;   /* removes messages older than their queue keeps them */

/* queue.c */
SwStr sqs_queue_url(SwCtx *cx, SwStr name);
SwStr sqs_queue_arn(SwCtx *cx, SwStr name);
/* By URL (any host), or by bare name. */
int sqs_queue_get(SwCtx *cx, SwStr url, SqsQueueRecord **ret_q, SwError *err) sw_must_check;
int sqs_queue_by_arn(SwCtx *cx, SwStr arn, SqsQueueRecord **ret_q, SwError *err) sw_must_check;
int64_t sqs_queue_number(const SqsQueueRecord *q, const char *attribute);      /* its value, or the default */

/* message.c */
typedef struct SqsSend {
    SwStr    body;
    SwOptInt delay;
    const SqsMessageAttributeValueMap *attributes;
    SwStr    trace;
} SqsSend;
int sqs_message_send(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s, SwStr *ret_id, SwStr *ret_md5, SwStr *ret_attributes_md5, SwError *err) sw_must_check;
/* Up to max visible ones, each leased for the queue's (or this) visibility timeout; over-received ones go to the dead-letter queue. */
int sqs_message_receive(SwCtx *cx, SqsQueueRecord *q, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out, SwError *err) sw_must_check;
int sqs_message_delete(SwCtx *cx, const SqsQueueRecord *q, SwStr receipt, SwError *err) sw_must_check;
int sqs_message_set_visibility(SwCtx *cx, const SqsQueueRecord *q, SwStr receipt, int64_t seconds, SwError *err) sw_must_check;
int sqs_messages_clear(SwCtx *cx, const SqsQueueRecord *q, SwTime sent_before, size_t max, size_t *ret_n, SwError *err) sw_must_check;
int sqs_messages_count(SwCtx *cx, const SqsQueueRecord *q, int64_t *ret_visible, int64_t *ret_leased, int64_t *ret_delayed, SwError *err) sw_must_check;

/* digest.c: MD5 over attributes, as SDKs check it. Absent for none. */
SwStr sqs_attributes_md5(SwArena *a, const SqsMessageAttributeValueMap *m);

/* exchange.c: SwTarget.deliver. */
int sqs_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err);
