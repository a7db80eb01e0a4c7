/* SPDX-License-Identifier: Apache-2.0 */
/* Send, receive, delete, change visibility: the operations on single messages, and the long poll. */

#include <pthread.h>
#include <time.h>

#include "services/sqs/sqs.h"

/* Who waits for a message is told of every commit that sends one. Process-wide and without content: a waiter looks into
 * the store itself. */
static struct {
    pthread_mutex_t lock; /* guards sent */
    pthread_cond_t changed;
    uint64_t sent;
} bell = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void ring(void *arg) {
    pthread_mutex_lock(&bell.lock);
    bell.sent++;
    pthread_cond_broadcast(&bell.changed);
    pthread_mutex_unlock(&bell.lock);
}

void sqs_ring(SwCtx *cx) {
    sw_tx_after_commit(cx->tx, ring, NULL);
}

int sqs_send_message(SwCtx *cx, const SqsSendMessageRequest *in, SqsSendMessageResult *out, SwError *err) {
    SqsQueueRecord *q;
    SqsSend s = {.body = in->message_body,
                 .delay = in->delay_seconds,
                 .attributes = &in->message_attributes,
                 .system = &in->message_system_attributes,
                 .group = in->message_group_id,
                 .deduplication = in->message_deduplication_id};
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    sqs_ring(cx);
    return sqs_message_send(cx, q, &s, out, err);
}

/* One look, in a transaction of its own. */
static int look(SwCtx *cx, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out, SwStr *ret_queue,
                int64_t *ret_wait_s, SwError *err) {
    SqsQueueRecord *q;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || sqs_message_receive(cx, q, in, out, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    if (out->messages.n)
        sqs_count(cx, q->name, &sqs_received, (double)out->messages.n);
    *ret_queue = q->name;
    *ret_wait_s = SW_OR(in->wait_time_seconds, sqs_queue_number(q, "ReceiveMessageWaitTimeSeconds"));
    return sw_ctx_commit(cx, err);
}

static uint64_t heard(void) {
    pthread_mutex_lock(&bell.lock);
    uint64_t n = bell.sent;
    pthread_mutex_unlock(&bell.lock);
    return n;
}

/* Until something was sent anywhere, or a second passed: then delayed and leased messages may have become visible, or the
 * client may have left. */
static void wait_for_bell(uint64_t known, int64_t end_ns) {
    struct timespec t;
    int64_t left = SW_MIN(end_ns - sw_monotonic_ns(), SW_S);
    clock_gettime(CLOCK_REALTIME, &t);
    int64_t until = t.tv_sec * SW_S + t.tv_nsec + SW_MAX(left, 0);
    t.tv_sec = until / SW_S;
    t.tv_nsec = until % SW_S;
    pthread_mutex_lock(&bell.lock);
    while (bell.sent == known && pthread_cond_timedwait(&bell.changed, &bell.lock, &t) == 0)
        continue;
    pthread_mutex_unlock(&bell.lock);
}

int sqs_receive_message(SwCtx *cx, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out, SwError *err) {
    SwStr queue;
    int64_t max = SW_OR(in->max_number_of_messages, 1), wait_s = 0, begun = sw_monotonic_ns();
    if (max < 1 || max > 10)
        return sw_fail(
            err, &sqs_invalid,
            "Value %lld for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
            (long long)max);
    if (SW_OR(in->wait_time_seconds, 0) < 0 || SW_OR(in->wait_time_seconds, 0) > 20)
        return sw_fail(err, &sqs_invalid,
                       "Value %lld for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
                       (long long)in->wait_time_seconds.v);
    if (sw_str_is(in->receive_request_attempt_id))
        return sw_fail(err, &sqs_invalid,
                       "The request include parameter ReceiveRequestAttemptId which is not valid for this queue type");
    for (;;) {
        uint64_t known = heard();
        if (look(cx, in, out, &queue, &wait_s, err) < 0)
            return -1;
        int64_t end = begun + wait_s * SW_S;
        bool over = sw_monotonic_ns() >= end || (cx->http && sw_http_ended(cx->http));
        if (!out->messages.n && over)
            sqs_count(cx, queue, &sqs_empty_receives, 1);
        if (out->messages.n || over)
            return 0;
        wait_for_bell(known, end);
    }
}

int sqs_delete_message(SwCtx *cx, const SqsDeleteMessageRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    return sqs_message_delete(cx, q, in->receipt_handle, err);
}

int sqs_change_message_visibility(SwCtx *cx, const SqsChangeMessageVisibilityRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    sqs_ring(cx); /* zero makes it visible at once */
    return sqs_message_set_visibility(cx, q, in->receipt_handle, in->visibility_timeout.v, err);
}

/* SwTarget: EventBridge, SNS and alarms send here. parameters: EventBridge's SqsParameters. */
int sqs_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err) {
    SqsQueueRecord *q;
    SqsSendMessageResult out = {0};
    SqsSend s = {.body = payload, .group = sw_value_str(sw_value_getz(parameters, "MessageGroupId"))};
    if (sqs_queue_by_arn(cx, arn, &q, err) < 0)
        return -1;
    sqs_ring(cx);
    return sqs_message_send(cx, q, &s, &out, err);
}
