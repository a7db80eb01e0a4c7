/* SPDX-License-Identifier: Apache-2.0 */
/* Send, receive, delete, change visibility: the operations on single messages, and the long poll. */

#include "services/sqs/bell.h"
#include "services/sqs/sqs.h"

int sqs_send_message(SwCtx *cx, const SqsSendMessageRequest *in, SqsSendMessageResult *out, SwError *err) {
    SqsQueueRecord *q;
    SqsSend s = {.body = in->message_body,
                 .delay = in->delay_seconds,
                 .attributes = &in->message_attributes,
                 .system = &in->message_system_attributes,
                 .group = in->message_group_id,
                 .deduplication = in->message_deduplication_id};
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0)
        return -1;
    return sqs_message_send(cx, q, &s, out, err);
}

typedef struct Look {
    SqsQueueRecord *q;
    bool found;  /* there was something to write: a message to be given out, or to be moved away */
    SwTime next; /* where nothing was: when there may be something without being sent */
} Look;

/* What a poll of an empty queue costs: a snapshot. Receiving is tried in it; where it comes to a message it must write, and
 * the store says so. */
static int look(SwCtx *cx, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out, Look *ret, SwError *err) {
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = sqs_queue_by_reference(cx, in->queue_url, &ret->q, err);
    if (r == 0)
        r = sqs_message_receive(cx, ret->q, in, out, err);
    ret->found = sw_tx_would_write(cx->tx);
    if (r == 0 && !ret->found)
        r = sqs_message_next(cx, ret->q, &ret->next, err);
    sw_ctx_rollback(cx);
    if (!ret->found)
        return r;
    sw_error_reset(err);
    return 0;
}

static int receive(SwCtx *cx, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out, SwError *err) {
    SqsQueueRecord *q;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0 || sqs_message_receive(cx, q, in, out, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    if (out->messages.n)
        sqs_count(cx, q->name, &sqs_received, (double)out->messages.n);
    return sw_ctx_commit(cx, err);
}

static bool has_left(SwCtx *cx) {
    return cx->http && sw_http_ended(cx->http);
}

/* Until the queue's bell rings, a message becomes visible by itself, the poll's time is over, or the client has left. That
 * and the clock, which may be set, are looked at every second; the store is not. */
static void wait_for_message(SwCtx *cx, SqsWaiter *w, SwTime next, int64_t end_ns) {
    for (;;) {
        int64_t now = sw_monotonic_ns(), left = next == INT64_MAX ? SW_S : SW_MIN(sw_clock_until(cx->host->clock, next), SW_S);
        if (sqs_waiter_wait(w, SW_MIN(now + SW_MAX(left, 0), end_ns)) || sw_monotonic_ns() >= end_ns || sw_now(cx) >= next ||
            has_left(cx))
            return;
    }
}

int sqs_receive_message(SwCtx *cx, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out, SwError *err) {
    int64_t max = SW_OR(in->max_number_of_messages, 1), begun = sw_monotonic_ns();
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
    _sqs_waiter_ SqsWaiter waiter = {0};
    for (;;) {
        Look l = {0};
        if (look(cx, in, out, &l, err) < 0 || (l.found && !has_left(cx) && receive(cx, in, out, err) < 0))
            return -1;
        int64_t end = begun + SW_OR(in->wait_time_seconds, sqs_queue_number(l.q, "ReceiveMessageWaitTimeSeconds")) * SW_S;
        bool over = sw_monotonic_ns() >= end || has_left(cx);
        if (!out->messages.n && over)
            sqs_count(cx, l.q->name, &sqs_empty_receives, 1);
        if (out->messages.n || over)
            return 0;
        if (!waiter.in)
            sqs_waiter_join(&waiter, l.q->id); /* and look again: it hears of what comes from now on */
        else if (!l.found)
            wait_for_message(cx, &waiter, l.next, end);
    }
}

int sqs_delete_message(SwCtx *cx, const SqsDeleteMessageRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0)
        return -1;
    return sqs_message_delete(cx, q, in->receipt_handle, err);
}

int sqs_change_message_visibility(SwCtx *cx, const SqsChangeMessageVisibilityRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0)
        return -1;
    return sqs_message_set_visibility(cx, q, in->receipt_handle, in->visibility_timeout.v, err);
}

/* SwTarget: EventBridge, SNS and alarms send here. parameters: EventBridge's SqsParameters. */
int sqs_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err) {
    SqsQueueRecord *q;
    SqsSendMessageResult out = {0};
    SqsSend s = {.body = payload, .group = sw_value_str(sw_value_getz(parameters, "MessageGroupId"))};
    if (sqs_queue_by_arn(cx, arn, &q, err) < 0)
        return -1;
    return sqs_message_send(cx, q, &s, &out, err);
}
