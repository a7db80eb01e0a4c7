/* SPDX-License-Identifier: Apache-2.0 */
/* FIFO queues (SQS Developer Guide, "FIFO queue delivery logic").
 *
 * order           a message group is received in the order of sending; while one of its messages is leased or delayed, the
 *                 later ones of the group wait, the other groups do not
 * deduplication   what was sent once is, for five minutes, answered as it was then and not sent again; per queue, or per
 *                 message group where the queue says so */

#include <stdlib.h>

#include "base/digest.h"
#include "base/map.h"
#include "services/sqs/sqs.h"

#define REMEMBERED (5 * SW_MINUTE)
#define LOOK_AT    100 /* groups a read */

SwStr sqs_fifo_sequence(SwCtx *cx, int64_t number) {
    return sw_strf(cx->arena, "%020lld", (long long)number);
}

/* AWS: "up to 128 alphanumeric characters and punctuation". */
static bool good_token(SwStr s) {
    bool good = s.n >= 1 && s.n <= 128;
    for (size_t i = 0; i < s.n; i++)
        good &= s.p[i] > ' ' && s.p[i] <= '~';
    return good;
}

int sqs_group_check(SwStr group, SwError *err) {
    return good_token(group)
               ? 0
               : sw_fail(err, &sqs_invalid,
                         "Value %.*s for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include "
                         "alphanumeric and punctuation characters. 1 to 128 in length.",
                         SW_FMT(group));
}

int sqs_fifo_check(SwCtx *cx, const SqsQueueRecord *q, SqsSend *s, SwError *err) {
    if (!s->group.p)
        return sw_fail(err, &SQS_MISSING_PARAMETER, "The request must contain the parameter MessageGroupId.");
    if (sqs_group_check(s->group, err) < 0)
        return -1;
    if (SW_OR(s->delay, 0))
        return sw_fail(err, &sqs_invalid,
                       "Value %lld for parameter DelaySeconds is invalid. Reason: The request include parameter that is "
                       "not valid for this queue type.",
                       (long long)s->delay.v);
    if (s->deduplication.p && !good_token(s->deduplication))
        return sw_fail(err, &sqs_invalid,
                       "Value %.*s for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only "
                       "include alphanumeric and punctuation characters. 1 to 128 in length.",
                       SW_FMT(s->deduplication));
    if (s->deduplication.p)
        return 0;
    if (!sw_str_eqz(sw_str_map_find(&q->attributes, SW_STR("ContentBasedDeduplication")), "true"))
        return sw_fail(
            err, &sqs_invalid,
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    s->deduplication = sw_sha256_hex(cx->arena, s->body);
    return 0;
}

static SwStr remembered_id(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s) {
    bool by_group = sw_str_eqz(sw_str_map_find(&q->attributes, SW_STR("DeduplicationScope")), "messageGroup");
    return sw_strf(cx->arena, "%.*s\n%.*s\n%.*s", SW_FMT(q->id), SW_FMT(by_group ? s->group : SW_STR("")),
                   SW_FMT(s->deduplication));
}

int sqs_fifo_known(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s, SqsDeduplicationRecord **ret_known, SwError *err) {
    SqsDeduplicationRecord *d;
    if (sqs_deduplications_find(cx->tx, remembered_id(cx, q, s), &d, err) < 0)
        return -1;
    *ret_known = d && d->sent.v > sw_now(cx) - REMEMBERED ? d : NULL;
    return 0;
}

int sqs_fifo_remember(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s, const SqsMessageRecord *m, SwError *err) {
    SqsDeduplicationRecord d = {
        .queue = q->id, .message = m->id, .number = m->number, .sent = m->sent, .sent_key = m->sent_key};
    return sqs_deduplications_put(cx->tx, remembered_id(cx, q, s), &d, err);
}

int sqs_fifo_forget(SwCtx *cx, const SqsQueueRecord *q, SwTime before, SwError *err) {
    SwTime oldest = SW_MAX(before, sw_now(cx) - REMEMBERED);
    SwDocQuery query = {.index = "by_sent",
                        .equals = {q->id},
                        .below = oldest == INT64_MAX ? SW_NO_STR : sw_index_number(cx->arena, oldest)};
    return sqs_deduplications_delete_all(cx->tx, &query, err);
}

/* A group's messages from its first on, until one is not to be had: the later ones wait for it. */
static int take_group(SwCtx *cx, const SqsQueueRecord *q, SwStr group, const SqsReceiveMessageRequest *in, size_t max,
                      SqsReceiveMessageResult *out, SwError *err) {
    SwTime now = sw_now(cx), oldest = now - sqs_queue_number(q, "MessageRetentionPeriod") * SW_S;
    SwDocQuery query = {.index = "by_group",
                        .equals = {q->id, group},
                        .from = sw_index_number(cx->arena, oldest),
                        .limit = max};
    SqsMessageRecords l;
    do {
        if (sqs_messages_list(cx->tx, &query, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n && out->messages.n < max; i++) {
            SqsMessageRecord *m = l.v[i].record;
            if (m->visible.v > now)
                return 0;
            if (sqs_message_take(cx, q, m, in, out, err) < 0)
                return -1;
        }
        query.after = l.next;
    } while (out->messages.n < max && sw_str_is(l.next));
    return 0;
}

static int by_sending(const void *a, const void *b) {
    const SqsMessageRecordRow *x = a, *y = b;
    return sw_str_cmp(x->record->sent_key, y->record->sent_key);
}

/* As many of one group as there are, then of the next. Groups that can be received from are found by their heads, a number
 * at a time, and go in the order of their first messages; those that wait, and what waits in them, are not read. */
int sqs_fifo_receive(SwCtx *cx, SqsQueueRecord *q, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out,
                     SwError *err) {
    size_t max = (size_t)SW_OR(in->max_number_of_messages, 1);
    SwDocQuery query = {.index = "by_head", .equals = {q->id}, .below = sqs_up_to(cx, sw_now(cx)), .limit = LOOK_AT};
    SwMap seen = sw_map(cx->arena);
    SqsMessageRecords l;
    do {
        if (sqs_messages_list(cx->tx, &query, &l, err) < 0)
            return -1;
        if (l.n)
            qsort(l.v, l.n, sizeof(*l.v), by_sending);
        for (size_t i = 0; i < l.n && out->messages.n < max; i++) {
            SqsMessageRecord *m = l.v[i].record;
            if (sw_map_find(&seen, m->group))
                continue;
            sw_map_put(&seen, m->group, m);
            if (take_group(cx, q, m->group, in, max, out, err) < 0)
                return -1;
        }
        query.after = l.next;
    } while (out->messages.n < max && sw_str_is(l.next));
    return 0;
}
