/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing: who wants the message, in which form. */

#include "base/id.h"
#include "services/sns/sns.h"

#define MESSAGE_MAX 262144 /* bytes (SNS, "Publish") */

/* MessageStructure json: a text for each protocol, and a default. */
static SwStr text_for(SwCtx *cx, SnsMessage *m, SwStr protocol, SwError *err) {
    if (!sw_str_eqz(m->structure, "json"))
        return m->message;
    if (!m->texts) {
        SwValue *v = sw_new(cx->arena, SwValue);
        if (sw_json_parse(cx->arena, m->message, v, err) < 0)
            *v = (SwValue){.kind = SW_VNULL};
        m->texts = v;
    }
    if (m->texts->kind == SW_VNULL)
        return m->message;
    return sw_str_or(sw_value_str(sw_value_get(m->texts, protocol)), sw_value_str(sw_value_getz(m->texts, "default")));
}

/* Bytes of body and attributes. */
static size_t size_of(const SnsMessage *m) {
    size_t n = m->message.n;
    for (size_t i = 0; m->attributes && i < m->attributes->n; i++) {
        const SnsMessageAttributeValue *v = &m->attributes->v[i].value;
        n += m->attributes->v[i].key.n + v->data_type.n + (v->binary_value.p ? v->binary_value.n : v->string_value.n);
    }
    return n;
}

int sns_publish_to_topic(SwCtx *cx, const SnsTopicRecord *t, SnsMessage *m, SwError *err) {
    SnsSubscriptionRecords l;
    bool known = false;
    if (sns_topic_is_fifo(t) && (sns_fifo_number(cx, t, m, &known, err) < 0 || known))
        return known ? 0 : -1;
    if (sns_topic_data_key(cx, t, &m->key, err) < 0 || sns_subscriptions_of(cx, t->arn, &l, err) < 0)
        return -1;
    sns_count(cx, t->arn, &sns_published, 1);
    sns_count(cx, t->arn, &sns_publish_size, (double)size_of(m));
    for (size_t i = 0; i < l.n; i++) {
        const SnsSubscriptionRecord *s = l.v[i].record;
        SnsFiltered why;
        if (!SW_OR(s->confirmed, false))
            continue;
        if (!sns_filter_wants(cx, s, m, &why)) {
            sns_count_filtered(cx, s->topic, why);
            continue;
        }
        bool raw = sw_str_eqz(sw_str_map_find(&s->attributes, SW_STR("RawMessageDelivery")), "true");
        SwStr body = text_for(cx, m, s->protocol, err);
        if (!raw && sns_envelope(cx, t, s, "Notification", m, body, &body, err) < 0)
            return -1;
        int r = sw_str_eqz(s->protocol, "sqs") ? sns_to_queue(cx, s, m, body, raw, err)
                                               : sns_to_endpoint(cx, s, "Notification", m, body, raw, err);
        if (r < 0)
            return -1;
    }
    return 0;
}

static int check_attribute(SwArena *arena, SwStr name, const SnsMessageAttributeValue *v, SwError *err) {
    static const char *const types[] = {"String", "String.Array", "Number", "Binary"};
    SwStr rest = v->data_type, base = rest;
    SwValue list;
    double number;
    (void)sw_str_cut(&rest, '.', &base);
    bool array = sw_str_eqz(v->data_type, "String.Array"), binary = sw_str_eqz(base, "Binary"), known = false;
    for (size_t i = 0; i < SW_N(types); i++)
        known |= sw_str_eqz(base, types[i]);
    if (!known || sw_str_ends(v->data_type, SW_STR(".")))
        return sw_fail(
            err, &SNS_INVALID_PARAMETER_VALUE_EXCEPTION,
            "The message attribute '%.*s' has an invalid message attribute type, the set of supported type prefixes is Binary, "
            "Number, and String.",
            SW_FMT(name));
    SwStr value = binary ? v->binary_value : v->string_value;
    if (!sw_str_is(value))
        return sw_fail(
            err, &SNS_INVALID_PARAMETER_VALUE_EXCEPTION,
            "The message attribute '%.*s' must contain non-empty message attribute value for message attribute type '%.*s'.",
            SW_FMT(name), SW_FMT(v->data_type));
    if (sw_str_eqz(base, "Number") && !sw_str_to_double(value, &number))
        return sw_fail(err, &SNS_INVALID_PARAMETER_VALUE_EXCEPTION, "Could not cast message attribute '%.*s' value to number.",
                       SW_FMT(name));
    if (array && (sw_json_parse(arena, value, &list, err) < 0 || list.kind != SW_VARRAY))
        return sw_fail(err, &SNS_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "The message attribute '%.*s' of type String.Array is not a JSON array.", SW_FMT(name));
    return 0;
}

static bool good_subject(SwStr s) {
    if (!s.p)
        return true;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    return s.n >= 1 && s.n <= 100;
}

/* What an entry of a batch fails the whole batch with. */
static int check_request(SwCtx *cx, const SnsTopicRecord *t, SnsMessage *m, SwError *err) {
    for (size_t i = 0; m->attributes && i < m->attributes->n; i++)
        if (check_attribute(cx->arena, m->attributes->v[i].key, &m->attributes->v[i].value, err) < 0)
            return -1;
    return sns_fifo_check(cx, t, m, err);
}

static int check(SwCtx *cx, const SnsTopicRecord *t, SnsMessage *m, SwError *err) {
    SwValue v;
    if (!m->message.n)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Empty message");
    if (size_of(m) > MESSAGE_MAX)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Message too long");
    if (!good_subject(m->subject))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Subject");
    if (sw_str_is(m->structure) && !sw_str_eqz(m->structure, "json"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: MessageStructure");
    if (sw_str_eqz(m->structure, "json") && sw_json_parse(cx->arena, m->message, &v, err) < 0)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Message Structure - JSON message body failed to parse");
    if (sw_str_eqz(m->structure, "json") && !sw_value_str(sw_value_getz(&v, "default")).p)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Message Structure - No default entry in JSON message body");
    return check_request(cx, t, m, err);
}

int sns_publish(SwCtx *cx, const SnsPublishInput *in, SnsPublishResponse *out, SwError *err) {
    SnsTopicRecord *t;
    if (sw_str_is(in->phone_number))
        return sw_fail(err, &sns_invalid, "Invalid parameter: PhoneNumber Reason: text messages are not available");
    if (!in->topic_arn.p && !in->target_arn.p)
        return sw_fail(err, &sns_invalid, "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter");
    if (sw_str_is(in->topic_arn) && sw_str_is(in->target_arn))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Only one of TopicArn and TargetArn may be given");
    SnsMessage m = {.id = sw_id_uuid(cx->arena),
                    .message = in->message,
                    .subject = in->subject,
                    .structure = in->message_structure,
                    .attributes = &in->message_attributes,
                    .group = in->message_group_id,
                    .deduplication = in->message_deduplication_id};
    if (sns_topic_of(cx, in->topic_arn.p ? in->topic_arn : in->target_arn, &t, err) < 0 || check(cx, t, &m, err) < 0 ||
        sns_publish_to_topic(cx, t, &m, err) < 0)
        return -1;
    out->message_id = m.id;
    out->sequence_number = m.sequence;
    return 0;
}

static SnsMessage message_of(SwCtx *cx, const SnsPublishBatchRequestEntry *e) {
    return (SnsMessage){.id = sw_id_uuid(cx->arena),
                        .message = e->message,
                        .subject = e->subject,
                        .structure = e->message_structure,
                        .attributes = &e->message_attributes,
                        .group = e->message_group_id,
                        .deduplication = e->message_deduplication_id};
}

static int check_batch(SwCtx *cx, const SnsPublishBatchRequestEntryList *l, SwError *err) {
    SwStrList ids = {0};
    size_t bytes = 0;
    if (!l->n)
        return sw_fail(err, &SNS_EMPTY_BATCH_REQUEST_EXCEPTION, "The batch request doesn't contain any entries.");
    if (l->n > 10)
        return sw_fail(err, &SNS_TOO_MANY_ENTRIES_IN_BATCH_REQUEST_EXCEPTION,
                       "The batch request contains more entries than permissible.");
    for (size_t i = 0; i < l->n; i++) {
        SwStr id = l->v[i].id;
        bool good = id.n >= 1 && id.n <= 80 && sw_str_all(id, "a-zA-Z0-9_-");
        if (id.n > 80)
            return sw_fail(err, &SNS_INVALID_BATCH_ENTRY_ID_EXCEPTION,
                           "The Id of a batch entry in the batch request is too long: %.*s", SW_FMT(id));
        if (!good)
            return sw_fail(err, &SNS_INVALID_BATCH_ENTRY_ID_EXCEPTION,
                           "The Id of a batch entry in a batch request doesn't abide by the specification.");
        if (sw_str_list_has(&ids, id))
            return sw_fail(err, &SNS_BATCH_ENTRY_IDS_NOT_DISTINCT_EXCEPTION,
                           "Two or more batch entries in the request have the same Id.");
        sw_str_list_add(cx->arena, &ids, id);
        SnsMessage m = message_of(cx, &l->v[i]);
        bytes += size_of(&m);
    }
    if (bytes > MESSAGE_MAX)
        return sw_fail(err, &SNS_BATCH_REQUEST_TOO_LONG_EXCEPTION,
                       "The length of all the batch messages put together is more than the limit.");
    return 0;
}

int sns_publish_batch(SwCtx *cx, const SnsPublishBatchInput *in, SnsPublishBatchResponse *out, SwError *err) {
    const SnsPublishBatchRequestEntryList *l = &in->publish_batch_request_entries;
    SnsTopicRecord *t;
    if (sns_topic_of(cx, in->topic_arn, &t, err) < 0 || check_batch(cx, l, err) < 0)
        return -1;
    for (size_t i = 0; i < l->n; i++) {
        SnsMessage m = message_of(cx, &l->v[i]);
        if (check_request(cx, t, &m, err) < 0)
            return -1;
    }
    sw_list_present(cx->arena, &out->successful);
    sw_list_present(cx->arena, &out->failed);
    for (size_t i = 0; i < l->n; i++) {
        const SnsPublishBatchRequestEntry *e = &l->v[i];
        SnsMessage m = message_of(cx, e);
        if (check(cx, t, &m, err) < 0) {
            *sw_list_add(cx->arena, &out->failed) = (SnsBatchResultErrorEntry){.id = e->id,
                                                                               .code = sw_str(err->kind->code),
                                                                               .message = sw_str(err->message),
                                                                               .sender_fault = SW_SOME_BOOL(true)};
            sw_error_reset(err);
            continue;
        }
        if (sns_publish_to_topic(cx, t, &m, err) < 0)
            return -1;
        *sw_list_add(cx->arena, &out->successful) =
            (SnsPublishBatchResultEntry){.id = e->id, .message_id = m.id, .sequence_number = m.sequence};
    }
    return 0;
}

/* SwTarget: alarms, EventBridge and approvals publish here. An alarm's subject is made of its name, as CloudWatch does. */
int sns_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err) {
    SnsTopicRecord *t;
    SwValue v;
    SnsMessage m = {.id = sw_id_uuid(cx->arena), .message = payload};
    if (sns_topic_of(cx, arn, &t, err) < 0)
        return -1;
    if (sw_json_parse(cx->arena, payload, &v, err) == 0) {
        SwStr name = sw_value_str(sw_value_getz(&v, "AlarmName")), state = sw_value_str(sw_value_getz(&v, "NewStateValue"));
        if (sw_str_is(name) && sw_str_is(state)) {
            SwStr region = sw_str_or(sw_value_str(sw_value_getz(&v, "Region")), cx->region);
            SwStr subject = sw_strf(cx->arena, "%.*s: \"%.*s\" in %.*s", SW_FMT(state), SW_FMT(name), SW_FMT(region));
            m.subject = sw_str_n(subject.p, SW_MIN(subject.n, (size_t)100));
        }
    }
    sw_error_reset(err);
    return check(cx, t, &m, err) < 0 ? -1 : sns_publish_to_topic(cx, t, &m, err);
}
