/* SPDX-License-Identifier: Apache-2.0 */
/* AWS/SQS (SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS"): what is counted when it happens, and, each
 * minute, what lies in the queues that are active: that hold a message, or were used in the last six hours. */

#include "services/sqs/sqs.h"

#define SPACE      "AWS/SQS"
#define ACTIVE_FOR (6 * SW_HOUR)
#define FILLED     60 /* minutes of a jump of the clock that get values of their own */

static const SwMetric sent = {SPACE, "NumberOfMessagesSent", "Count"};
static const SwMetric sent_size = {SPACE, "SentMessageSize", "Bytes"};
const SwMetric sqs_deduplicated = {SPACE, "NumberOfDeduplicatedSentMessages", "Count"};
const SwMetric sqs_received = {SPACE, "NumberOfMessagesReceived", "Count"};
const SwMetric sqs_empty_receives = {SPACE, "NumberOfEmptyReceives", "Count"};
const SwMetric sqs_deleted = {SPACE, "NumberOfMessagesDeleted", "Count"};
static const SwMetric visible = {SPACE, "ApproximateNumberOfMessagesVisible", "Count"};
static const SwMetric not_visible = {SPACE, "ApproximateNumberOfMessagesNotVisible", "Count"};
static const SwMetric delayed = {SPACE, "ApproximateNumberOfMessagesDelayed", "Count"};
static const SwMetric age = {SPACE, "ApproximateAgeOfOldestMessage", "Seconds"};

void sqs_count(SwCtx *cx, SwStr queue, const SwMetric *m, double value) {
    sw_meter(cx, m, value, &(SwDimension){"QueueName", queue}, 1);
}

void sqs_count_sent(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s) {
    size_t bytes = s->body.n;
    for (size_t i = 0; s->attributes && i < s->attributes->n; i++) {
        const SqsMessageAttributeValueMapEntry *e = &s->attributes->v[i];
        bytes +=
            e->key.n + e->value.data_type.n + (e->value.binary_value.p ? e->value.binary_value.n : e->value.string_value.n);
    }
    sqs_count(cx, q->name, &sent, 1);
    sqs_count(cx, q->name, &sent_size, (double)bytes);
}

/* The queue as it is at `at`, which is not after now: what was sent later does not count. */
static int look_at(SwCtx *cx, const SqsQueueRecord *q, SwTime at, SwError *err) {
    SwDocQuery first = sqs_by_sending(cx, q);
    SwDimension d = {"QueueName", q->name};
    int64_t n_visible, n_leased, n_delayed;
    SqsMessageRecords l;
    first.limit = 1;
    if (sqs_queue_count_at(cx, q, at, &n_visible, &n_leased, &n_delayed, err) < 0 ||
        sqs_messages_list(cx->tx, &first, &l, err) < 0)
        return -1;
    SwTime oldest = l.n ? l.v[0].record->sent.v : at;
    sw_meter_at(cx, &visible, at, (double)n_visible, &d, 1);
    sw_meter_at(cx, &not_visible, at, (double)n_leased, &d, 1);
    sw_meter_at(cx, &delayed, at, (double)n_delayed, &d, 1);
    sw_meter_at(cx, &age, at, oldest < at ? (double)((at - oldest) / SW_S) : 0, &d, 1);
    return 0;
}

static int look(SwCtx *cx, const SqsQueueRecord *q, SwTime from, SwTime until, bool *ret_active, SwError *err) {
    SwDocQuery any = {.index = "by_visible", .equals = {q->id}, .limit = 1};
    int64_t n;
    if (sqs_messages_count(cx->tx, &any, &n, err) < 0)
        return -1;
    *ret_active = n > 0 || sw_meter_used(cx, SPACE, &(SwDimension){"QueueName", q->name}, 1, sw_now(cx) - ACTIVE_FOR);
    if (!*ret_active)
        return 0;
    for (SwTime at = SW_MAX(from, until - FILLED * SW_MINUTE) + SW_MINUTE; at <= until; at += SW_MINUTE)
        if (look_at(cx, q, at, err) < 0)
            return -1;
    return 0;
}

/* Each queue in memory of its own: a message may have a megabyte. */
int sqs_gauge(SwCtx *cx, SwTime from, SwTime until, SwTime *ret_next, SwError *err) {
    const SwDocQuery all = {.any_scope = true};
    SqsQueueRecords l;
    if (sqs_queues_list(cx->tx, &all, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwCtx *own = sw_ctx_new(cx->host, a, l.v[i].account, l.v[i].region, "sqs");
        bool active = false;
        if (sw_ctx_begin(own, SW_READ, err) < 0)
            return -1;
        int r = look(own, l.v[i].record, from, until, &active, err);
        sw_ctx_rollback(own);
        if (r < 0)
            return -1;
        if (active)
            *ret_next = until + SW_MINUTE;
    }
    return 0;
}
