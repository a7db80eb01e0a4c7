/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: what is visible when.
 *
 * visible   the time from which it can be received: sent + delay, then each receive + visibility timeout
 * receipt   of the last receive; an older one deletes nothing, as AWS says it may
 *
 * visibleKey is that time and the message's number, so that equal times keep the order of sending. */

#include "base/digest.h"
#include "base/id.h"
#include "services/sqs/sqs.h"

const SwCollection sqs_messages = {
    .name = "sqs/message",
    .shape = &sqs_shape_message_record,
    .indexes = {{.name = "by_visible", .member = {"queue", "visibleKey"}}, {.name = "by_sent", .member = {"queue", "sentKey"}}},
};

static void set_visible(SwCtx *cx, SqsMessageRecord *m, SwTime at) {
    m->visible = SW_SOME_TIME(at);
    m->visible_key = sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(sw_index_number(cx->arena, at)), SW_FMT(sw_index_number(cx->arena, m->number.v)));
}

/* Bound for keys of times up to and including `at`: '0' follows '/'. */
static SwStr up_to(SwCtx *cx, SwTime at) {
    return sw_strf(cx->arena, "%.*s0", SW_FMT(sw_index_number(cx->arena, at)));
}

static int put(SwCtx *cx, const SqsMessageRecord *m, SwError *err) {
    return sw_doc_put(cx->tx, &sqs_messages, m->id, m, err);
}

/* What XML can hold: everything else is refused (SendMessage, "Important"). */
static bool valid_text(SwStr s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r')
            return false;
    return true;
}

static int check(const SqsQueueRecord *q, const SqsSend *s, SwError *err) {
    static const SwErrorKind invalid = {.code = "InvalidParameterValue", .http = 400};
    size_t bytes = s->body.n;
    int64_t max = sqs_queue_number(q, "MaximumMessageSize");
    if (!s->body.n)
        return sw_fail(err, &invalid, "The request must contain the parameter MessageBody.");
    if (!valid_text(s->body))
        return sw_fail(err, &SQS_INVALID_MESSAGE_CONTENTS,
                       "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
                       "#xFFFD | #x10000 to #x10FFFF");
    if (s->attributes && s->attributes->n > 10)
        return sw_fail(err, &invalid, "Number of message attributes [%zu] exceeds the allowed maximum [10].", s->attributes->n);
    for (size_t i = 0; s->attributes && i < s->attributes->n; i++) {
        const SqsMessageAttributeValueMapEntry *e = &s->attributes->v[i];
        bool binary = sw_str_starts(e->value.data_type, SW_STR("Binary"));
        bool text = sw_str_starts(e->value.data_type, SW_STR("String")) || sw_str_starts(e->value.data_type, SW_STR("Number"));
        SwStr value = binary ? e->value.binary_value : e->value.string_value;
        if ((!binary && !text) || !sw_str_is(value))
            return sw_fail(err, &invalid, "The message attribute '%.*s' must contain a non-empty value of its type ('String', 'Number' or 'Binary').", SW_FMT(e->key));
        bytes += e->key.n + e->value.data_type.n + value.n;
    }
    if ((int64_t)bytes > max)
        return sw_fail(err, &invalid, "One or more parameters are invalid. Reason: Message must be shorter than %lld bytes.", (long long)max);
    return 0;
}

int sqs_message_send(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *s, SwStr *ret_id, SwStr *ret_md5, SwStr *ret_attributes_md5, SwError *err) {
    static const SwErrorKind invalid = {.code = "InvalidParameterValue", .http = 400};
    int64_t delay = SW_OR(s->delay, sqs_queue_number(q, "DelaySeconds"));
    SqsMessageRecord m = {.id = sw_id_uuid(cx->arena), .queue = q->id, .body = s->body, .trace = s->trace, .sender = cx->principal.id,
                          .sent = SW_SOME_TIME(sw_now(cx)), .receives = SW_SOME_INT(0)};
    if (delay < 0 || delay > 900)
        return sw_fail(err, &invalid, "Value %lld for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", (long long)delay);
    if (check(q, s, err) < 0 || sw_doc_next(cx->tx, SW_SCOPE_REGION, SW_STR("sqs/message"), &m.number.v, err) < 0)
        return -1;
    m.number.set = true;
    if (s->attributes)
        m.attributes = *s->attributes;
    m.sent_key = sw_index_number(cx->arena, m.sent.v);
    set_visible(cx, &m, m.sent.v + delay * SW_S);
    *ret_id = m.id;
    *ret_md5 = sw_md5_hex(cx->arena, s->body);
    *ret_attributes_md5 = sqs_attributes_md5(cx->arena, s->attributes);
    return put(cx, &m, err);
}

/* "name", "prefix.*", "All" and ".*". */
static bool wanted(const SwStrList *names, SwStr name) {
    for (size_t i = 0; i < names->n; i++) {
        SwStr n = names->v[i];
        if (sw_str_eqz(n, "All") || sw_str_eqz(n, ".*") || sw_str_eq(n, name))
            return true;
        if (sw_str_ends(n, SW_STR(".*")) && sw_str_starts(name, sw_str_drop(n, 1)))
            return true;
    }
    return false;
}

static void show_system(SwCtx *cx, const SqsReceiveMessageRequest *in, const SqsMessageRecord *m, SqsMessage *to) {
    const struct { const char *name; SwStr value; } all[] = {
        {"SenderId", m->sender},
        {"SentTimestamp", sw_strf(cx->arena, "%lld", (long long)(m->sent.v / SW_MS))},
        {"ApproximateReceiveCount", sw_strf(cx->arena, "%lld", (long long)m->receives.v)},
        {"ApproximateFirstReceiveTimestamp", sw_strf(cx->arena, "%lld", (long long)(m->first_received.v / SW_MS))},
        {"AWSTraceHeader", m->trace},
        {"DeadLetterQueueSourceArn", m->dead_letter_source},
    };
    for (size_t i = 0; i < SW_N(all); i++) {
        SwStr name = sw_str(all[i].name);
        bool want = sw_str_list_has(&in->attribute_names, name) || sw_str_list_has(&in->attribute_names, SW_STR("All")) ||
                    sw_str_list_has(&in->message_system_attribute_names, name) || sw_str_list_has(&in->message_system_attribute_names, SW_STR("All"));
        if (want && all[i].value.p)
            sw_str_map_set(cx->arena, &to->attributes, name, all[i].value);
    }
}

static void show(SwCtx *cx, const SqsReceiveMessageRequest *in, const SqsMessageRecord *m, SqsMessage *to) {
    to->message_id = m->id;
    to->receipt_handle = sw_base64url(cx->arena, sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(m->id), SW_FMT(m->receipt)));
    to->body = m->body;
    to->md5_of_body = sw_md5_hex(cx->arena, m->body);
    show_system(cx, in, m, to);
    for (size_t i = 0; i < m->attributes.n; i++)
        if (wanted(&in->message_attribute_names, m->attributes.v[i].key))
            *sw_list_add(cx->arena, &to->message_attributes) = m->attributes.v[i];
    to->md5_of_message_attributes = sqs_attributes_md5(cx->arena, &to->message_attributes);
}

/* Received too often: it goes on in the dead-letter queue, with its age. False in *ret_moved when there is none. */
static int move_if_dead(SwCtx *cx, const SqsQueueRecord *q, SqsMessageRecord *m, bool *ret_moved, SwError *err) {
    SqsQueueRecord *target;
    *ret_moved = false;
    if (!q->max_receive_count.set || SW_OR(m->receives, 0) < q->max_receive_count.v)
        return 0;
    if (sqs_queue_by_arn(cx, q->dead_letter_arn, &target, err) < 0) {
        sw_error_reset(err);            /* deleted meanwhile: the message stays where it is */
        return 0;
    }
    m->queue = target->id;
    m->dead_letter_source = sqs_queue_arn(cx, q->name);
    m->receipt = SW_NO_STR;
    set_visible(cx, m, sw_now(cx));
    *ret_moved = true;
    return put(cx, m, err);
}

static int lease(SwCtx *cx, SqsMessageRecord *m, int64_t seconds, SwError *err) {
    m->receives = SW_SOME_INT(SW_OR(m->receives, 0) + 1);
    if (!m->first_received.set)
        m->first_received = SW_SOME_TIME(sw_now(cx));
    m->receipt = sw_id_hex(cx->arena, 32);
    set_visible(cx, m, sw_now(cx) + seconds * SW_S);
    return put(cx, m, err);
}

int sqs_message_receive(SwCtx *cx, SqsQueueRecord *q, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out, SwError *err) {
    size_t max = (size_t)SW_OR(in->max_number_of_messages, 1);
    int64_t seconds = SW_OR(in->visibility_timeout, sqs_queue_number(q, "VisibilityTimeout"));
    SwTime oldest = sw_now(cx) - sqs_queue_number(q, "MessageRetentionPeriod") * SW_S;
    SwDocQuery query = {.index = "by_visible", .equals = {q->id}, .below = up_to(cx, sw_now(cx)), .limit = max};
    SwDocList l;
    do {
        if (sw_doc_list(cx->tx, &sqs_messages, &query, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n && out->messages.n < max; i++) {
            SqsMessageRecord *m = l.v[i].record;
            bool moved;
            if (m->sent.v < oldest)     /* expired; the controller removes it */
                continue;
            if (move_if_dead(cx, q, m, &moved, err) < 0)
                return -1;
            if (moved)
                continue;
            if (lease(cx, m, seconds, err) < 0)
                return -1;
            show(cx, in, m, sw_list_add(cx->arena, &out->messages));
        }
        query.after = l.next;
    } while (out->messages.n < max && sw_str_is(l.next));
    return 0;
}

/* *ret_m NULL: gone, or the handle is an older one. */
static int by_receipt(SwCtx *cx, const SqsQueueRecord *q, SwStr handle, SqsMessageRecord **ret_m, SwError *err) {
    SwStr text, id;
    void *record;
    if (!sw_unbase64url(cx->arena, handle, &text) || !sw_str_cut(&text, '/', &id))
        return sw_fail(err, &SQS_RECEIPT_HANDLE_IS_INVALID, "The input receipt handle \"%.*s\" is not a valid receipt handle.", SW_FMT(handle));
    if (sw_doc_get(cx->tx, &sqs_messages, id, &record, err) < 0)
        return -1;
    SqsMessageRecord *m = record;
    *ret_m = m && sw_str_eq(m->queue, q->id) && sw_str_eq(m->receipt, text) ? m : NULL;
    return 0;
}

int sqs_message_delete(SwCtx *cx, const SqsQueueRecord *q, SwStr handle, SwError *err) {
    SqsMessageRecord *m = NULL;
    if (by_receipt(cx, q, handle, &m, err) < 0)
        return -1;
    return m ? sw_doc_delete(cx->tx, &sqs_messages, m->id, NULL, err) : 0;
}

int sqs_message_set_visibility(SwCtx *cx, const SqsQueueRecord *q, SwStr handle, int64_t seconds, SwError *err) {
    static const SwErrorKind invalid = {.code = "InvalidParameterValue", .http = 400};
    SqsMessageRecord *m = NULL;
    if (seconds < 0 || seconds > 43200)
        return sw_fail(err, &invalid, "Value %lld for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.", (long long)seconds);
    if (by_receipt(cx, q, handle, &m, err) < 0)
        return -1;
    if (!m || m->visible.v <= sw_now(cx))
        return sw_fail(err, &SQS_MESSAGE_NOT_INFLIGHT, "The message referred to isn't in flight.");
    set_visible(cx, m, sw_now(cx) + seconds * SW_S);
    return put(cx, m, err);
}

int sqs_messages_clear(SwCtx *cx, const SqsQueueRecord *q, SwTime sent_before, size_t max, size_t *ret_n, SwError *err) {
    SwDocQuery query = {.index = "by_sent", .equals = {q->id}, .limit = max};
    SwDocList l;
    if (sent_before != INT64_MAX)
        query.below = sw_index_number(cx->arena, sent_before);
    if (sw_doc_list(cx->tx, &sqs_messages, &query, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (sw_doc_delete(cx->tx, &sqs_messages, l.v[i].id, NULL, err) < 0)
            return -1;
    *ret_n = l.n;
    return 0;
}

int sqs_messages_count(SwCtx *cx, const SqsQueueRecord *q, int64_t *ret_visible, int64_t *ret_leased, int64_t *ret_delayed, SwError *err) {
    SwDocQuery visible = {.index = "by_visible", .equals = {q->id}, .below = up_to(cx, sw_now(cx))};
    SwDocQuery later = {.index = "by_visible", .equals = {q->id}, .from = up_to(cx, sw_now(cx))};
    SwDocList l;
    if (sw_doc_count(cx->tx, &sqs_messages, &visible, ret_visible, err) < 0 || sw_doc_list(cx->tx, &sqs_messages, &later, &l, err) < 0)
        return -1;
    *ret_leased = 0;
    for (size_t i = 0; i < l.n; i++)
        *ret_leased += SW_OR(((SqsMessageRecord *)l.v[i].record)->receives, 0) > 0;
    *ret_delayed = (int64_t)l.n - *ret_leased;
    return 0;
}

/* Once an hour a queue, a thousand messages a transaction. */
static int expire(SwCtx *cx, SwStr name, SwStep *ret_step, SwError *err) {
    void *record;
    size_t n;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || sw_doc_get(cx->tx, &sqs_queues, name, &record, err) < 0)
        return -1;
    const SqsQueueRecord *q = record;
    if (!q) {
        sw_ctx_rollback(cx);
        return 0;
    }
    SwTime oldest = sw_now(cx) - sqs_queue_number(q, "MessageRetentionPeriod") * SW_S;
    if (sqs_messages_clear(cx, q, oldest, 1000, &n, err) < 0)
        return -1;
    ret_step->again = n == 1000 ? sw_now(cx) : sw_now(cx) + SW_HOUR;
    ret_step->waiting = n < 1000;
    return sw_ctx_commit(cx, err);
}

const SwController sqs_expiry = {.name = "sqs/expiry", .step = expire, .parallel = 1};
