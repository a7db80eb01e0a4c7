/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: what is visible when.
 *
 * visible   the time from which it can be received: sent + delay, then each receive + visibility timeout
 * receipt   of the last receive; an older one deletes nothing, as AWS says it may
 *
 * leaseKey is visibleKey of a message that was received: those in flight are counted without being read.
 * headKey is visibleKey of the first message of a FIFO queue's group: groups that can be received from are found without the
 * messages that wait. The first one always has it; another of its group may.
 * visibleKey is that time and the message's number, so that equal times keep the order of sending; sentKey likewise.
 *
 * A message lies under its queue and sentKey: what is sent is written behind what was sent before, on the page that is being
 * written anyway, and the oldest come first. It has one index entry more, by_visible; others only when it needs them. */

#include "base/digest.h"
#include "base/id.h"
#include "services/sqs/bell.h"
#include "services/sqs/sqs.h"

static SwStr key(SwCtx *cx, SwTime at, int64_t number) {
    return sw_cat(cx->arena, sw_index_number(cx->arena, at), SW_STR("/"), sw_index_number(cx->arena, number));
}

static void set_visible(SwCtx *cx, SqsMessageRecord *m, SwTime at) {
    m->visible = SW_SOME_TIME(at);
    m->visible_key = key(cx, at, m->number.v);
    m->lease_key = SW_OR(m->receives, 0) > 0 ? m->visible_key : SW_NO_STR;
    m->head_key = m->head_key.p ? m->visible_key : SW_NO_STR;
}

/* Bound for keys of times up to and including `at`: '0' follows '/'. */
SwStr sqs_up_to(SwCtx *cx, SwTime at) {
    return sw_cat(cx->arena, sw_index_number(cx->arena, at), SW_STR("0"));
}

static SwStr place(SwCtx *cx, SwStr queue, SwStr sent_key) {
    return sw_cat(cx->arena, queue, SW_STR("/"), sent_key);
}

SwDocQuery sqs_by_sending(SwCtx *cx, const SqsQueueRecord *q) {
    return (SwDocQuery){.prefix = place(cx, q->id, SW_STR(""))};
}

static int put(SwCtx *cx, const SqsMessageRecord *m, SwError *err) {
    return sqs_messages_put(cx->tx, place(cx, m->queue, m->sent_key), m, err);
}

static int take_away(SwCtx *cx, const SqsMessageRecord *m, SwError *err) {
    return sqs_messages_delete(cx->tx, place(cx, m->queue, m->sent_key), NULL, err);
}

/* Who waits at the queue looks again: the message is visible, or becomes so at another time than was known. */
static int put_and_ring(SwCtx *cx, const SqsMessageRecord *m, SwError *err) {
    if (put(cx, m, err) < 0)
        return -1;
    sqs_ring(cx, m->queue);
    return 0;
}

/* *ret_m NULL: the group is empty. */
static int first_of_group(SwCtx *cx, SwStr queue, SwStr group, SqsMessageRecord **ret_m, SwError *err) {
    SwDocQuery q = {.index = "by_group", .equals = {queue, group}, .limit = 1};
    SqsMessageRecords l;
    if (sqs_messages_list(cx->tx, &q, &l, err) < 0)
        return -1;
    *ret_m = l.n ? l.v[0].record : NULL;
    return 0;
}

/* The first of a group has gone: the next one is its head. */
static int pass_head(SwCtx *cx, SwStr queue, SwStr group, SwError *err) {
    SqsMessageRecord *m;
    if (first_of_group(cx, queue, group, &m, err) < 0)
        return -1;
    if (!m || m->head_key.p)
        return 0;
    m->head_key = m->visible_key;
    return put(cx, m, err);
}

static int drop(SwCtx *cx, const SqsMessageRecord *m, SwError *err) {
    if (take_away(cx, m, err) < 0)
        return -1;
    return m->head_key.p ? pass_head(cx, m->queue, m->group, err) : 0;
}

/* A message comes into a queue: behind all that are there. */
static int enter(SwCtx *cx, SqsMessageRecord *m, bool fifo, SwTime visible, SwError *err) {
    SqsMessageRecord *first = NULL;
    if (fifo && first_of_group(cx, m->queue, m->group, &first, err) < 0)
        return -1;
    m->head_key = fifo && !first ? SW_STR("") : SW_NO_STR;
    if (sw_doc_next(cx->tx, SW_SCOPE_REGION, SW_STR("sqs/message"), &m->number.v, err) < 0)
        return -1;
    m->number.set = true;
    m->sent_key = key(cx, m->sent.v, m->number.v);
    set_visible(cx, m, visible);
    return put_and_ring(cx, m, err);
}

static int bad_contents(const SwErrorKind *kind, SwError *err) {
    return sw_fail(err, kind,
                   "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
                   "#xFFFD | #x10000 to #x10FFFF");
}

/* What XML can hold: everything else is refused (SendMessage, "Important"). Of UTF-8 that is U+FFFE and U+FFFF. */
static bool valid_text(SwStr s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r')
            return false;
        if (i + 3 <= s.n && (memcmp(s.p + i, "\xef\xbf\xbe", 3) == 0 || memcmp(s.p + i, "\xef\xbf\xbf", 3) == 0))
            return false;
    }
    return true;
}

/* A byte of a letter beyond ASCII: from U+00C0 on, which is 0xC3 0x80. */
static bool beyond_ascii(SwStr s, size_t i) {
    unsigned char c = (unsigned char)s.p[i];
    return c >= 0xc3 || (c >= 0x80 && c < 0xc0 && i > 0 && (unsigned char)s.p[i - 1] != 0xc2);
}

/* Names of one's own: letters, digits, '_', '-' and '.' between them; AWS's prefixes are its own. */
static bool good_attribute_name(SwStr s) {
    bool good = s.n >= 1 && s.n <= 256 && s.p[0] != '.' && s.p[s.n - 1] != '.' && !sw_str_contains(s, SW_STR(".."));
    for (size_t i = 0; i < s.n; i++)
        good &= sw_str_all(sw_str_n(s.p + i, 1), "a-zA-Z0-9_.-") || beyond_ascii(s, i);
    return good && !(s.n >= 4 && sw_str_ieq(sw_str_n(s.p, 4), SW_STR("AWS."))) &&
           !(s.n >= 7 && sw_str_ieq(sw_str_n(s.p, 7), SW_STR("Amazon.")));
}

static int check_attribute(SwStr name, const SqsMessageAttributeValue *v, SwError *err) {
    double number;
    SwStr type = v->data_type, base = type;
    (void)sw_str_cut(&type, '.', &base); /* "Number.int": a label of one's own */
    bool binary = sw_str_eqz(base, "Binary"), is_number = sw_str_eqz(base, "Number");
    SwStr value = binary ? v->binary_value : v->string_value;
    if (!good_attribute_name(name))
        return sw_fail(err, &sqs_invalid, "Message (user) attribute name '%.*s' is invalid.", SW_FMT(name));
    if (v->string_list_values.n || v->binary_list_values.n)
        return sw_fail(err, &SQS_UNSUPPORTED_OPERATION,
                       "Message attribute list values in SendMessage operation are not supported.");
    if (!binary && !is_number && !sw_str_eqz(base, "String"))
        return sw_fail(
            err, &sqs_invalid,
            "The message attribute '%.*s' has an invalid message attribute type, the set of supported type prefixes is Binary, "
            "Number, and String.",
            SW_FMT(name));
    if (!sw_str_is(value))
        return sw_fail(err, &sqs_invalid, "Message (user) attribute '%.*s' must contain a non-empty value of type '%.*s'.",
                       SW_FMT(name), SW_FMT(base));
    if (is_number && !sw_str_to_double(value, &number))
        return sw_fail(err, &sqs_invalid, "Can't cast the value of message attribute '%.*s' to a number.", SW_FMT(name));
    return !binary && !valid_text(value) ? bad_contents(&sqs_invalid, err) : 0;
}

/* There is one of them: the trace header. */
static int check_system(const SqsMessageSystemAttributeValueMap *m, SwStr *ret_trace, SwError *err) {
    for (size_t i = 0; m && i < m->n; i++) {
        const SqsMessageSystemAttributeValue *v = &m->v[i].value;
        if (!sw_str_eq(m->v[i].key, SQS_MESSAGE_SYSTEM_ATTRIBUTE_NAME_FOR_SENDS_AWS_TRACE_HEADER))
            return sw_fail(err, &sqs_invalid, "Message system attribute name '%.*s' is invalid.", SW_FMT(m->v[i].key));
        if (v->string_list_values.n || v->binary_list_values.n)
            return sw_fail(err, &SQS_UNSUPPORTED_OPERATION,
                           "Message attribute list values in SendMessage operation are not supported.");
        if (!sw_str_eqz(v->data_type, "String") || v->binary_value.p || !sw_str_is(v->string_value))
            return sw_fail(err, &sqs_invalid,
                           "The message system attribute 'AWSTraceHeader' must contain a non-empty value of type String.");
        *ret_trace = v->string_value;
    }
    return 0;
}

/* A request that is traced says so in a header; what the caller wrote itself goes before it. */
static SwStr trace_of_request(SwCtx *cx) {
    SwStr header = cx->http ? sw_header_find(&cx->http->m.headers, "x-amzn-trace-id") : SW_NO_STR;
    return sw_str_is(header) && valid_text(header) ? header : SW_NO_STR;
}

size_t sqs_message_size(SwStr body, const SqsMessageAttributeValueMap *m) {
    size_t bytes = body.n;
    for (size_t i = 0; m && i < m->n; i++) {
        const SqsMessageAttributeValue *v = &m->v[i].value;
        bytes += m->v[i].key.n + v->data_type.n + (v->binary_value.p ? v->binary_value.n : v->string_value.n);
    }
    return bytes;
}

static int check(const SqsQueueRecord *q, const SqsSend *s, SwError *err) {
    int64_t max = sqs_queue_number(q, "MaximumMessageSize");
    if (!s->body.n)
        return sw_fail(err, &SQS_MISSING_PARAMETER, "The request must contain the parameter MessageBody.");
    if (!valid_text(s->body))
        return bad_contents(&SQS_INVALID_MESSAGE_CONTENTS, err);
    if (s->attributes && s->attributes->n > 10)
        return sw_fail(err, &sqs_invalid, "Number of message attributes [%zu] exceeds the allowed maximum [10].",
                       s->attributes->n);
    for (size_t i = 0; s->attributes && i < s->attributes->n; i++)
        if (check_attribute(s->attributes->v[i].key, &s->attributes->v[i].value, err) < 0)
            return -1;
    if ((int64_t)sqs_message_size(s->body, s->attributes) > max)
        return sw_fail(err, &sqs_invalid,
                       "One or more parameters are invalid. Reason: Message must be shorter than %lld bytes.", (long long)max);
    return 0;
}

static int check_standard(const SqsSend *s, SwError *err) {
    if (sw_str_is(s->deduplication))
        return sw_fail(err, &sqs_invalid,
                       "The request include parameter MessageDeduplicationId which is not valid for this queue type");
    return s->group.p ? sqs_group_check(s->group, err) : 0;
}

int sqs_message_send(SwCtx *cx, const SqsQueueRecord *q, const SqsSend *given, SqsSendMessageResult *ret, SwError *err) {
    SqsSend s = *given;
    bool fifo = sqs_queue_is_fifo(q);
    int64_t delay = s.delay.set && !fifo ? s.delay.v : sqs_queue_number(q, "DelaySeconds"); /* a FIFO queue's is its own */
    SqsDeduplicationRecord *known = NULL;
    SqsMessageRecord m = {.id = sw_id_uuid(cx->arena),
                          .queue = q->id,
                          .body = s.body,
                          .sender = cx->principal.id,
                          .sent = SW_SOME_TIME(sw_now(cx)),
                          .receives = SW_SOME_INT(0)};
    if (delay < 0 || delay > 900)
        return sw_fail(err, &sqs_invalid,
                       "Value %lld for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
                       (long long)delay);
    if (check(q, &s, err) < 0 || check_system(s.system, &m.trace, err) < 0)
        return -1;
    m.trace = sw_str_or(m.trace, trace_of_request(cx));
    if ((fifo ? sqs_fifo_check(cx, q, &s, err) : check_standard(&s, err)) < 0 ||
        (fifo && sqs_fifo_known(cx, q, &s, &known, err) < 0))
        return -1;
    *ret = (SqsSendMessageResult){.md5_of_message_body = sw_md5_hex(cx->arena, s.body),
                                  .md5_of_message_attributes = sqs_attributes_md5(cx->arena, s.attributes),
                                  .md5_of_message_system_attributes = sqs_system_attributes_md5(cx->arena, s.system)};
    if (known) {
        sqs_count(cx, q->name, &sqs_deduplicated, 1);
        ret->message_id = known->message;
        ret->sequence_number = sqs_fifo_sequence(cx, known->number.v);
        return 0;
    }
    if (s.attributes)
        m.attributes = *s.attributes;
    m.group = s.group;
    m.deduplication = s.deduplication;
    if (sqs_body_seal(cx, q, &m, err) < 0)
        return -1;
    if (enter(cx, &m, fifo, m.sent.v + delay * SW_S, err) < 0)
        return -1;
    sqs_count_sent(cx, q, &s);
    ret->message_id = m.id;
    ret->sequence_number = fifo ? sqs_fifo_sequence(cx, m.number.v) : SW_NO_STR;
    return fifo ? sqs_fifo_remember(cx, q, &s, &m, err) : 0;
}

/* "name", "prefix.*" (the dot is part of the mark), "All", "*" and ".*". */
static bool wanted(const SwStrList *names, SwStr name) {
    for (size_t i = 0; i < names->n; i++) {
        SwStr n = names->v[i];
        if (sw_str_eqz(n, "All") || sw_str_eqz(n, "*") || sw_str_eq(n, name))
            return true;
        if (sw_str_ends(n, SW_STR(".*")) && sw_str_starts(name, sw_str_drop(n, 2)))
            return true;
    }
    return false;
}

static void show_system(SwCtx *cx, const SqsReceiveMessageRequest *in, const SqsMessageRecord *m, SqsMessage *to) {
    const struct {
        const char *name;
        SwStr value;
    } all[] = {
        {"SenderId", m->sender},
        {"SentTimestamp", sw_strf(cx->arena, "%lld", (long long)(m->sent.v / SW_MS))},
        {"ApproximateReceiveCount", sw_strf(cx->arena, "%lld", (long long)m->receives.v)},
        {"ApproximateFirstReceiveTimestamp", sw_strf(cx->arena, "%lld", (long long)(m->first_received.v / SW_MS))},
        {"AWSTraceHeader", m->trace},
        {"DeadLetterQueueSourceArn", m->dead_letter_source},
        {"MessageGroupId", m->group},
        {"MessageDeduplicationId", m->deduplication},
        {"SequenceNumber", m->deduplication.p ? sqs_fifo_sequence(cx, m->number.v) : SW_NO_STR},
    };
    for (size_t i = 0; i < SW_N(all); i++) {
        SwStr name = sw_str(all[i].name);
        bool want = sw_str_list_has(&in->attribute_names, name) || sw_str_list_has(&in->attribute_names, SW_STR("All")) ||
                    sw_str_list_has(&in->message_system_attribute_names, name) ||
                    sw_str_list_has(&in->message_system_attribute_names, SW_STR("All"));
        if (want && all[i].value.p)
            sw_str_map_set(cx->arena, &to->attributes, name, all[i].value);
    }
}

static int show(SwCtx *cx, const SqsReceiveMessageRequest *in, const SqsMessageRecord *m, SqsMessage *to, SwError *err) {
    if (sqs_body_open(cx, m, &to->body, err) < 0)
        return -1;
    to->message_id = m->id;
    to->receipt_handle = sw_base64url(cx->arena, sw_cat(cx->arena, m->sent_key, SW_STR("/"), m->receipt));
    to->md5_of_body = sw_md5_hex(cx->arena, to->body);
    show_system(cx, in, m, to);
    for (size_t i = 0; i < in->message_attribute_names.n && m->attributes.n; i++)
        if (good_attribute_name(in->message_attribute_names.v[i]))
            sw_list_present(cx->arena, &to->message_attributes); /* {} where none of the names is there */
    for (size_t i = 0; i < m->attributes.n; i++)
        if (wanted(&in->message_attribute_names, m->attributes.v[i].key))
            *sw_list_add(cx->arena, &to->message_attributes) = m->attributes.v[i];
    to->md5_of_message_attributes = sqs_attributes_md5(cx->arena, &to->message_attributes);
    return 0;
}

/* Received too often: it goes on in the dead-letter queue, with its age. False in *ret_moved when there is none. */
static int move_if_dead(SwCtx *cx, const SqsQueueRecord *q, SqsMessageRecord *m, bool *ret_moved, SwError *err) {
    SqsQueueRecord *target;
    *ret_moved = false;
    if (!q->max_receive_count.set || SW_OR(m->receives, 0) < q->max_receive_count.v)
        return 0;
    if (sqs_queue_by_arn(cx, q->dead_letter_arn, &target, err) < 0) {
        sw_error_reset(err); /* deleted meanwhile: the message stays where it is */
        return 0;
    }
    bool head = m->head_key.p;
    if (take_away(cx, m, err) < 0)
        return -1;
    m->head_key = sqs_queue_is_fifo(target) ? SW_STR("") : SW_NO_STR; /* by its age it may be the first there */
    m->queue = target->id;
    m->dead_letter_source = sqs_queue_arn(cx, q->name);
    m->receipt = SW_NO_STR;
    set_visible(cx, m, sw_now(cx));
    *ret_moved = true;
    if (sqs_queue_is_fifo(q))
        sqs_ring(cx, q->id); /* its group goes on without it */
    if (put_and_ring(cx, m, err) < 0)
        return -1;
    return head ? pass_head(cx, q->id, m->group, err) : 0;
}

static int lease(SwCtx *cx, SqsMessageRecord *m, int64_t seconds, SwError *err) {
    m->receives = SW_SOME_INT(SW_OR(m->receives, 0) + 1);
    if (!m->first_received.set)
        m->first_received = SW_SOME_TIME(sw_now(cx));
    m->receipt = sw_id_hex(cx->arena, 32);
    set_visible(cx, m, sw_now(cx) + seconds * SW_S);
    return put(cx, m, err);
}

int sqs_message_take(SwCtx *cx, const SqsQueueRecord *q, SqsMessageRecord *m, const SqsReceiveMessageRequest *in,
                     SqsReceiveMessageResult *out, SwError *err) {
    bool moved;
    if (move_if_dead(cx, q, m, &moved, err) < 0)
        return -1;
    if (moved)
        return 0;
    if (lease(cx, m, SW_OR(in->visibility_timeout, sqs_queue_number(q, "VisibilityTimeout")), err) < 0)
        return -1;
    return show(cx, in, m, sw_list_add(cx->arena, &out->messages), err);
}

int sqs_message_receive(SwCtx *cx, SqsQueueRecord *q, const SqsReceiveMessageRequest *in, SqsReceiveMessageResult *out,
                        SwError *err) {
    size_t max = (size_t)SW_OR(in->max_number_of_messages, 1);
    SwTime oldest = sw_now(cx) - sqs_queue_number(q, "MessageRetentionPeriod") * SW_S;
    SwDocQuery query = {.index = "by_visible", .equals = {q->id}, .below = sqs_up_to(cx, sw_now(cx)), .limit = max};
    SqsMessageRecords l;
    if (sqs_queue_is_fifo(q))
        return sqs_fifo_receive(cx, q, in, out, err);
    do {
        if (sqs_fair_list(cx, &query, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n && out->messages.n < max; i++) {
            SqsMessageRecord *m = l.v[i].record;
            /* What is older is expired; the controller removes it. */
            if (m->sent.v >= oldest && sqs_message_take(cx, q, m, in, out, err) < 0)
                return -1;
        }
        query.after = l.next;
    } while (out->messages.n < max && sw_str_is(l.next));
    return 0;
}

int sqs_message_next(SwCtx *cx, const SqsQueueRecord *q, SwTime *ret_at, SwError *err) {
    SwDocQuery later = {.index = "by_visible", .equals = {q->id}, .from = sqs_up_to(cx, sw_now(cx)), .limit = 1};
    SqsMessageRecords l;
    if (sqs_messages_list(cx->tx, &later, &l, err) < 0)
        return -1;
    *ret_at = l.n ? l.v[0].record->visible.v : INT64_MAX;
    return 0;
}

static int bad_handle(SwStr handle, const char *why, SwError *err) {
    return sw_fail(err, &sqs_invalid, "Value %.*s for parameter ReceiptHandle is invalid. Reason: %s", SW_FMT(handle), why);
}

/* Handles that were given out before messages lay under their sentKeys name them by their ids. */
static int by_message_id(SwCtx *cx, const SqsQueueRecord *q, SwStr id, SqsMessageRecord **ret_m, SwError *err) {
    SwDocQuery received = {.index = "by_lease", .equals = {q->id}};
    SqsMessageRecords l;
    *ret_m = NULL;
    if (sqs_messages_list(cx->tx, &received, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n && !*ret_m; i++) {
        SqsMessageRecord *m = l.v[i].record;
        if (sw_str_eq(m->id, id))
            *ret_m = m;
    }
    return 0;
}

/* *ret_m NULL: gone. *ret_latest: the handle is of the last receive. */
static int by_receipt(SwCtx *cx, const SqsQueueRecord *q, SwStr handle, SqsMessageRecord **ret_m, bool *ret_latest,
                      SwError *err) {
    SwStr text, rest, sent, number;
    if (!sw_unbase64url(cx->arena, handle, &text) || !sw_str_contains(text, SW_STR("/")))
        return sw_fail(err, &SQS_RECEIPT_HANDLE_IS_INVALID, "The input receipt handle \"%.*s\" is not a valid receipt handle.",
                       SW_FMT(handle));
    rest = text;
    (void)sw_str_cut(&rest, '/', &sent);
    if (sw_str_cut(&rest, '/', &number)) {
        SwStr sent_key = sw_str_n(text.p, sent.n + 1 + number.n);
        if (sqs_messages_find(cx->tx, place(cx, q->id, sent_key), ret_m, err) < 0)
            return -1;
    } else if (by_message_id(cx, q, sent, ret_m, err) < 0) {
        return -1;
    }
    *ret_latest = *ret_m && sw_str_eq((*ret_m)->receipt, rest);
    return 0;
}

/* With an older handle nothing is deleted, as AWS says it may be; a FIFO queue says so, and takes no handle whose time is up.
 */
int sqs_message_delete(SwCtx *cx, const SqsQueueRecord *q, SwStr handle, SwError *err) {
    SqsMessageRecord *m = NULL;
    bool latest;
    if (by_receipt(cx, q, handle, &m, &latest, err) < 0)
        return -1;
    if (m && sqs_queue_is_fifo(q) && (!latest || m->visible.v <= sw_now(cx)))
        return bad_handle(handle, "The receipt handle has expired.", err);
    sqs_count(cx, q->name, &sqs_deleted, 1); /* a second time, too */
    if (sqs_queue_is_fifo(q))
        sqs_ring(cx, q->id); /* the next one of its group need not wait */
    return m && latest ? drop(cx, m, err) : 0;
}

/* Any handle of a message will do; nothing changes for one that is not in flight any more. */
int sqs_message_set_visibility(SwCtx *cx, const SqsQueueRecord *q, SwStr handle, int64_t seconds, SwError *err) {
    SqsMessageRecord *m = NULL;
    bool latest;
    if (seconds < 0 || seconds > 43200)
        return sw_fail(err, &sqs_invalid,
                       "Value %lld for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.",
                       (long long)seconds);
    if (by_receipt(cx, q, handle, &m, &latest, err) < 0)
        return -1;
    if (!m)
        return bad_handle(handle, "Message does not exist or is not available for visibility timeout change.", err);
    if (m->visible.v <= sw_now(cx))
        return 0;
    set_visible(cx, m, sw_now(cx) + seconds * SW_S);
    return put_and_ring(cx, m, err);
}

int sqs_message_move(SwCtx *cx, SqsMessageRecord *m, const SqsQueueRecord *to, SwError *err) {
    if (drop(cx, m, err) < 0)
        return -1;
    m->id = sw_id_uuid(cx->arena);
    m->queue = to->id;
    m->sent = SW_SOME_TIME(sw_now(cx));
    m->receives = SW_SOME_INT(0);
    m->first_received = (SwOptTime){0};
    m->dead_letter_source = m->receipt = SW_NO_STR;
    return enter(cx, m, sqs_queue_is_fifo(to), m->sent.v, err);
}

int sqs_messages_clear(SwCtx *cx, const SqsQueueRecord *q, SwTime sent_before, size_t max, size_t *ret_n, SwError *err) {
    SwDocQuery query = sqs_by_sending(cx, q);
    SqsMessageRecords l;
    query.limit = max;
    if (sent_before != INT64_MAX)
        query.below = place(cx, q->id, sw_index_number(cx->arena, sent_before));
    if (sqs_messages_list(cx->tx, &query, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (sqs_messages_delete(cx->tx, l.v[i].id, NULL, err) < 0)
            return -1;
    for (size_t i = 0; i < l.n; i++) {
        const SqsMessageRecord *m = l.v[i].record;
        if (m->head_key.p && pass_head(cx, q->id, m->group, err) < 0)
            return -1;
    }
    *ret_n = l.n;
    return 0;
}

/* At `at`, not after now. What cannot be received at that time is in flight, delayed, or was sent later and does not count;
 * of all that can nothing else is counted. */
int sqs_queue_count_at(SwCtx *cx, const SqsQueueRecord *q, SwTime at, int64_t *ret_visible, int64_t *ret_leased,
                       int64_t *ret_delayed, SwError *err) {
    SwDocQuery visible = {.index = "by_visible", .equals = {q->id}, .below = sqs_up_to(cx, at)};
    SwDocQuery hidden = {.index = "by_visible", .equals = {q->id}, .from = sqs_up_to(cx, at)};
    SwDocQuery leased = {.index = "by_lease", .equals = {q->id}, .from = sqs_up_to(cx, at)};
    SwDocQuery later = sqs_by_sending(cx, q);
    int64_t n_hidden, n_later;
    later.from = place(cx, q->id, sqs_up_to(cx, at));
    if (sqs_messages_count(cx->tx, &visible, ret_visible, err) < 0 || sqs_messages_count(cx->tx, &hidden, &n_hidden, err) < 0 ||
        sqs_messages_count(cx->tx, &leased, ret_leased, err) < 0 || sqs_messages_count(cx->tx, &later, &n_later, err) < 0)
        return -1;
    *ret_delayed = SW_MAX(n_hidden - *ret_leased - n_later, 0);
    return 0;
}

int sqs_queue_count(SwCtx *cx, const SqsQueueRecord *q, int64_t *ret_visible, int64_t *ret_leased, int64_t *ret_delayed,
                    SwError *err) {
    return sqs_queue_count_at(cx, q, sw_now(cx), ret_visible, ret_leased, ret_delayed, err);
}

/* Once an hour a queue, a thousand messages a transaction. */
static int expire(SwCtx *cx, SwStr name, SwStep *ret_step, SwError *err) {
    SqsQueueRecord *q;
    size_t n;
    if (sqs_queue_find(cx, name, &q, err) < 0)
        return -1;
    if (!q)
        return 0;
    SwTime oldest = sw_now(cx) - sqs_queue_number(q, "MessageRetentionPeriod") * SW_S;
    if (sqs_messages_clear(cx, q, oldest, 1000, &n, err) < 0 || sqs_fifo_forget(cx, q, 0, err) < 0)
        return -1;
    ret_step->again = n == 1000 ? sw_now(cx) : sw_now(cx) + SW_HOUR;
    ret_step->waiting = n < 1000;
    return 0;
}

const SwController sqs_expiry = {
    .name = "sqs/expiry",
    .kind = SW_STEP_STORE,
    .step = expire,
    .parallel = 1,
    .looks = true,
    .unfailing = "what is expired is not given out anyway; the next hour's step removes it",
};
