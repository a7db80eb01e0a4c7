/* SPDX-License-Identifier: Apache-2.0 */
/* Send, receive, delete, change visibility: the operations, single and in batches, and the long poll. */

#include <pthread.h>
#include <time.h>

#include "services/sqs/sqs.h"

/* Who waits for a message is told of every commit that sends one. Process-wide and without content: a waiter looks into
 * the store itself. */
static struct {
    pthread_mutex_t lock;               /* guards sent */
    pthread_cond_t  changed;
    uint64_t        sent;
} bell = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void ring(void *arg) {
    pthread_mutex_lock(&bell.lock);
    bell.sent++;
    pthread_cond_broadcast(&bell.changed);
    pthread_mutex_unlock(&bell.lock);
}

static int refuse_fifo(SwStr group, SwStr deduplication, SwError *err) {
    static const SwErrorKind invalid = {.code = "InvalidParameterValue", .http = 400};
    if (sw_str_is(deduplication))
        return sw_fail(err, &invalid, "The request include parameter MessageDeduplicationId which is not valid for this queue type");
    if (sw_str_is(group))
        return sw_fail(err, &invalid, "MessageGroupId: fair queues are not available");
    return 0;
}

static SwStr trace_of(const SqsMessageSystemAttributeValueMap *m) {
    for (size_t i = 0; i < m->n; i++)
        if (sw_str_eqz(m->v[i].key, "AWSTraceHeader"))
            return m->v[i].value.string_value;
    return SW_NO_STR;
}

int sqs_send_message(SwCtx *cx, const SqsSendMessageRequest *in, SqsSendMessageResult *out, SwError *err) {
    SqsQueueRecord *q;
    SqsSend s = {.body = in->message_body, .delay = in->delay_seconds, .attributes = &in->message_attributes, .trace = trace_of(&in->message_system_attributes)};
    if (refuse_fifo(in->message_group_id, in->message_deduplication_id, err) < 0 || sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    sw_tx_after_commit(cx->tx, ring, NULL);
    return sqs_message_send(cx, q, &s, &out->message_id, &out->md5_of_message_body, &out->md5_of_message_attributes, err);
}

/* The rules of all batches: 1 to 10 entries with distinct ids of letters, digits, '-' and '_'. */
static int check_batch(SwArena *a, size_t n, const SwStrList *ids, SwError *err) {
    if (!n)
        return sw_fail(err, &SQS_EMPTY_BATCH_REQUEST, "There should be at least one entry in the request.");
    if (n > 10)
        return sw_fail(err, &SQS_TOO_MANY_ENTRIES_IN_BATCH_REQUEST, "Maximum number of entries per request are 10. You have sent %zu.", n);
    SwStrList seen = {0};
    for (size_t i = 0; i < ids->n; i++) {
        SwStr id = ids->v[i];
        bool good = id.n >= 1 && id.n <= 80;
        for (size_t k = 0; k < id.n; k++)
            good &= id.p[k] == '-' || id.p[k] == '_' || (id.p[k] >= '0' && id.p[k] <= '9') || (id.p[k] >= 'A' && id.p[k] <= 'Z') || (id.p[k] >= 'a' && id.p[k] <= 'z');
        if (!good)
            return sw_fail(err, &SQS_INVALID_BATCH_ENTRY_ID,
                           "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at "
                           "most 80 letters long.");
        if (sw_str_list_has(&seen, id))
            return sw_fail(err, &SQS_BATCH_ENTRY_IDS_NOT_DISTINCT, "Id %.*s repeated.", SW_FMT(id));
        sw_str_list_add(a, &seen, id);
    }
    return 0;
}

/* An entry's own failure is part of the answer; ours fails the whole. */
static int entry_failed(SwCtx *cx, SqsBatchResultErrorEntryList *failed, SwStr id, SwError *err) {
    if (!err->kind || err->kind->http >= 500)
        return -1;
    *sw_list_add(cx->arena, failed) = (SqsBatchResultErrorEntry){.id = id, .sender_fault = SW_SOME_BOOL(true), .code = sw_str(err->kind->code), .message = sw_str(err->message)};
    sw_error_reset(err);
    return 0;
}

int sqs_send_message_batch(SwCtx *cx, const SqsSendMessageBatchRequest *in, SqsSendMessageBatchResult *out, SwError *err) {
    SqsQueueRecord *q;
    SwStrList ids = {0};
    size_t bytes = 0;
    for (size_t i = 0; i < in->entries.n; i++) {
        sw_str_list_add(cx->arena, &ids, in->entries.v[i].id);
        bytes += in->entries.v[i].message_body.n;
    }
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || check_batch(cx->arena, in->entries.n, &ids, err) < 0)
        return -1;
    if (bytes > SQS_MESSAGE_MAX)
        return sw_fail(err, &SQS_BATCH_REQUEST_TOO_LONG, "Batch requests cannot be longer than %d bytes. You have sent %zu bytes.", SQS_MESSAGE_MAX, bytes);
    sw_list_present(cx->arena, &out->successful);
    sw_list_present(cx->arena, &out->failed);
    sw_tx_after_commit(cx->tx, ring, NULL);
    for (size_t i = 0; i < in->entries.n; i++) {
        const SqsSendMessageBatchRequestEntry *e = &in->entries.v[i];
        SqsSend s = {.body = e->message_body, .delay = e->delay_seconds, .attributes = &e->message_attributes, .trace = trace_of(&e->message_system_attributes)};
        SqsSendMessageBatchResultEntry done = {.id = e->id};
        if (refuse_fifo(e->message_group_id, e->message_deduplication_id, err) < 0 ||
            sqs_message_send(cx, q, &s, &done.message_id, &done.md5_of_message_body, &done.md5_of_message_attributes, err) < 0) {
            if (entry_failed(cx, &out->failed, e->id, err) < 0)
                return -1;
            continue;
        }
        *sw_list_add(cx->arena, &out->successful) = done;
    }
    return 0;
}

/* One look, in a transaction of its own. */
static int look(SwCtx *cx, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out, int64_t *ret_wait_s, SwError *err) {
    SqsQueueRecord *q;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || sqs_message_receive(cx, q, in, out, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
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
    static const SwErrorKind invalid = {.code = "InvalidParameterValue", .http = 400};
    int64_t max = SW_OR(in->max_number_of_messages, 1), wait_s = 0, begun = sw_monotonic_ns();
    if (max < 1 || max > 10)
        return sw_fail(err, &invalid, "Value %lld for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", (long long)max);
    if (SW_OR(in->wait_time_seconds, 0) < 0 || SW_OR(in->wait_time_seconds, 0) > 20)
        return sw_fail(err, &invalid, "Value %lld for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", (long long)in->wait_time_seconds.v);
    if (sw_str_is(in->receive_request_attempt_id))
        return sw_fail(err, &invalid, "The request include parameter ReceiveRequestAttemptId which is not valid for this queue type");
    for (;;) {
        uint64_t known = heard();
        if (look(cx, in, out, &wait_s, err) < 0)
            return -1;
        int64_t end = begun + wait_s * SW_S;
        bool over = sw_monotonic_ns() >= end || (cx->http && sw_http_ended(cx->http));
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

int sqs_delete_message_batch(SwCtx *cx, const SqsDeleteMessageBatchRequest *in, SqsDeleteMessageBatchResult *out, SwError *err) {
    SqsQueueRecord *q;
    SwStrList ids = {0};
    for (size_t i = 0; i < in->entries.n; i++)
        sw_str_list_add(cx->arena, &ids, in->entries.v[i].id);
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || check_batch(cx->arena, in->entries.n, &ids, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->successful);
    sw_list_present(cx->arena, &out->failed);
    for (size_t i = 0; i < in->entries.n; i++) {
        if (sqs_message_delete(cx, q, in->entries.v[i].receipt_handle, err) == 0)
            sw_list_add(cx->arena, &out->successful)->id = ids.v[i];
        else if (entry_failed(cx, &out->failed, ids.v[i], err) < 0)
            return -1;
    }
    return 0;
}

int sqs_change_message_visibility(SwCtx *cx, const SqsChangeMessageVisibilityRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    sw_tx_after_commit(cx->tx, ring, NULL);     /* zero makes it visible at once */
    return sqs_message_set_visibility(cx, q, in->receipt_handle, in->visibility_timeout.v, err);
}

int sqs_change_message_visibility_batch(SwCtx *cx, const SqsChangeMessageVisibilityBatchRequest *in, SqsChangeMessageVisibilityBatchResult *out, SwError *err) {
    SqsQueueRecord *q;
    SwStrList ids = {0};
    for (size_t i = 0; i < in->entries.n; i++)
        sw_str_list_add(cx->arena, &ids, in->entries.v[i].id);
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || check_batch(cx->arena, in->entries.n, &ids, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->successful);
    sw_list_present(cx->arena, &out->failed);
    sw_tx_after_commit(cx->tx, ring, NULL);
    for (size_t i = 0; i < in->entries.n; i++) {
        if (sqs_message_set_visibility(cx, q, in->entries.v[i].receipt_handle, SW_OR(in->entries.v[i].visibility_timeout, 0), err) == 0)
            sw_list_add(cx->arena, &out->successful)->id = ids.v[i];
        else if (entry_failed(cx, &out->failed, ids.v[i], err) < 0)
            return -1;
    }
    return 0;
}

/* SwTarget: EventBridge, SNS and alarms send here. */
int sqs_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err) {
    SqsQueueRecord *q;
    SqsSend s = {.body = payload};
    SwStr id, md5, attributes_md5;
    if (sqs_queue_by_arn(cx, arn, &q, err) < 0)
        return -1;
    sw_tx_after_commit(cx->tx, ring, NULL);
    return sqs_message_send(cx, q, &s, &id, &md5, &attributes_md5, err);
}
