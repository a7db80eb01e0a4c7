/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SQS: what its files share. A message is a document; an index over (queue, time from which it is visible) makes
 * receiving from a standard queue a range read, whatever else the queue holds. A FIFO queue is read in sending order. */

#include "api/host.h"
#include "api/meter.h"
#include "models/sqs_resources.gen.h"

#define SQS_MESSAGE_MAX 1048576 /* bytes of body and attributes (SQS Developer Guide, "Message quotas") */

extern const SwController sqs_expiry; /* removes messages older than their queue keeps them */
extern const SwController sqs_mover;  /* carries out one move task */
extern const SwErrorKind sqs_invalid; /* InvalidParameterValue */
extern const SwErrorKind SQS_MISSING_PARAMETER, sqs_denied;

/* queue.c */
SwStr sqs_queue_url(SwCtx *cx, SwStr name);
/* By ARN alone; by URL (any host) or bare name: sqs_queue_by_reference. */
int sqs_queue_by_arn(SwCtx *cx, SwStr arn, SqsQueueRecord **ret_q, SwError *err) sw_must_check;
bool sqs_queue_is_fifo(const SqsQueueRecord *q);

/* attribute.c */
int64_t sqs_queue_number(const SqsQueueRecord *q, const char *attribute); /* its value, or the default */
int sqs_attributes_set(SwCtx *cx, SqsQueueRecord *q, const SwStrMap *m, bool creating, SwError *err) sw_must_check;
/* The first that is to have another value than the queue's, said or by default; NULL: none. */
const char *sqs_attribute_that_differs(SwCtx *cx, const SqsQueueRecord *q, const SwStrMap *m);
/* A queue's policy as the policy language reads it: SQS takes resources that are no ARNs; they name nothing. */
SwStr sqs_policy_readable(SwCtx *cx, SwStr text);

SwStr sqs_queue_key(const SqsQueueRecord *q); /* of KMS, as its owner names it; empty: SQS's own */

/* seal.c: bodies at rest, where the queue has a key. */
int sqs_body_seal(SwCtx *cx, const SqsQueueRecord *q, SqsMessageRecord *m, SwError *err) sw_must_check;
int sqs_body_open(SwCtx *cx, const SqsMessageRecord *m, SwStr *ret_body, SwError *err) sw_must_check;

/* message.c */
typedef struct SqsSend {
    SwStr body;
    SwOptInt delay;
    const SqsMessageAttributeValueMap *attributes;
    const SqsMessageSystemAttributeValueMap *system;
    SwStr group, deduplication;
} SqsSend;
/* Bytes of a body with its attributes, as they count against limits. */
size_t sqs_message_size(SwStr body, const SqsMessageAttributeValueMap *m);
/* *ret holds all but the id of a batch's entry. */
int sqs_message_send(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s, SqsSendMessageResult *ret,
                     SwError *err) sw_must_check;
/* Up to max visible ones, each leased for the queue's (or this) visibility timeout; over-received ones go to the dead-letter
 * queue. */
int sqs_message_receive(SwCtx *cx, SqsQueueRecord *q, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out,
                        SwError *err) sw_must_check;
/* Leases one message and adds it to the answer, or moves it to the dead-letter queue and adds nothing. */
int sqs_message_take(SwCtx *cx, const SqsQueueRecord *q, SqsMessageRecord *m, const SqsReceiveMessageRequest *in,
                     SqsReceiveMessageResult *out, SwError *err) sw_must_check;
int sqs_message_delete(SwCtx *cx, const SqsQueueRecord *q, SwStr receipt, SwError *err) sw_must_check;
int sqs_message_set_visibility(SwCtx *cx, const SqsQueueRecord *q, SwStr receipt, int64_t seconds, SwError *err) sw_must_check;
/* To another queue as if it were sent there now: a new id, never received. */
int sqs_message_move(SwCtx *cx, SqsMessageRecord *m, const SqsQueueRecord *to, SwError *err) sw_must_check;
int sqs_messages_clear(SwCtx *cx, const SqsQueueRecord *q, SwTime sent_before, size_t max, size_t *ret_n,
                       SwError *err) sw_must_check;
int sqs_queue_count(SwCtx *cx, const SqsQueueRecord *q, int64_t *ret_visible, int64_t *ret_leased, int64_t *ret_delayed,
                    SwError *err) sw_must_check;
int sqs_queue_count_at(SwCtx *cx, const SqsQueueRecord *q, SwTime at, int64_t *ret_visible, int64_t *ret_leased,
                       int64_t *ret_delayed, SwError *err) sw_must_check;

/* fair.c. A page of a standard queue's visible messages, in the order in which they are given out; as sw_doc_list. */
int sqs_fair_list(SwCtx *cx, SwDocQuery *query, SqsMessageRecords *ret_l, SwError *err) sw_must_check;

/* fifo.c */
int sqs_group_check(SwStr group, SwError *err) sw_must_check; /* MessageGroupId, of queues of both kinds */
/* What a FIFO queue needs to be sent; fills s->deduplication from the body where the queue says so. */
int sqs_fifo_check(SwCtx *cx, const SqsQueueRecord *q, SqsSend *s, SwError *err) sw_must_check;
/* *ret_known: sent before, within five minutes; else the record to be written by sqs_fifo_remember. */
int sqs_fifo_known(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s, SqsDeduplicationRecord **ret_known,
                   SwError *err) sw_must_check;
int sqs_fifo_remember(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s, const SqsMessageRecord *m,
                      SwError *err) sw_must_check;
SwStr sqs_fifo_sequence(SwCtx *cx, int64_t number);
int sqs_fifo_receive(SwCtx *cx, SqsQueueRecord *q, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out,
                     SwError *err) sw_must_check;
int sqs_fifo_forget(SwCtx *cx, const SqsQueueRecord *q, SwTime before, SwError *err) sw_must_check;

/* move.c: the ARN of the queue whose messages a task moves, by the task's handle; absent: it is none. */
SwStr sqs_move_source(SwCtx *cx, SwStr handle);

/* digest.c: MD5 over attributes, as SDKs check it. Absent for none. */
SwStr sqs_attributes_md5(SwArena *a, const SqsMessageAttributeValueMap *m);
SwStr sqs_system_attributes_md5(SwArena *a, const SqsMessageSystemAttributeValueMap *m);

/* Bound for keys of times up to and including `at`. */
SwStr sqs_up_to(SwCtx *cx, SwTime at);
SwDocQuery sqs_by_sending(SwCtx *cx, const SqsQueueRecord *q); /* the queue's messages, the oldest first */
/* When the first message that is not visible now becomes so by itself, as far as is known; INT64_MAX: none. */
int sqs_message_next(SwCtx *cx, const SqsQueueRecord *q, SwTime *ret_at, SwError *err) sw_must_check;

/* exchange.c */
int sqs_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err); /* SwTarget.deliver */

/* metric.c */
extern const SwMetric sqs_deduplicated, sqs_received, sqs_empty_receives, sqs_deleted;
void sqs_count(SwCtx *cx, SwStr queue, const SwMetric *m, double value);
void sqs_count_sent(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s);
int sqs_gauge(SwCtx *cx, SwTime from, SwTime until, SwTime *ret_next, SwError *err); /* SwService.gauge */
