/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing: who wants the message, in which form. */

#include "api/match.h"
#include "base/digest.h"
#include "base/id.h"
#include "models/sqs.gen.h"
#include "services/sns/sns.h"

#define MESSAGE_MAX 262144              /* bytes (SNS, "Publish") */

/* Attributes as a document that filter policies look at: String.Array is a list, Binary is not seen. */
static SwValue attribute_document(SwArena *a, const SnsMessageAttributeValueMap *m, SwError *err) {
    SwValue doc = sw_value_object();
    for (size_t i = 0; m && i < m->n; i++) {
        const SnsMessageAttributeValue *v = &m->v[i].value;
        SwValue list;
        double d;
        if (sw_str_eqz(v->data_type, "String.Array") && sw_json_parse(a, v->string_value, &list, err) == 0)
            sw_value_set(a, &doc, m->v[i].key, list);
        else if (sw_str_starts(v->data_type, SW_STR("Number")) && sw_str_to_double(v->string_value, &d))
            sw_value_set(a, &doc, m->v[i].key, sw_value_num(a, d));
        else if (sw_str_starts(v->data_type, SW_STR("String")))
            sw_value_set(a, &doc, m->v[i].key, sw_value_string(v->string_value));
        sw_error_reset(err);
    }
    return doc;
}

static bool wanted(SwCtx *cx, const SnsSubscriptionRecord *s, const SnsMessage *m, SwError *err) {
    SwStr text = sw_str_map_get(&s->attributes, SW_STR("FilterPolicy"));
    SwValue policy, document;
    if (!sw_str_is(text) || sw_json_parse(cx->arena, text, &policy, err) < 0)
        return true;
    if (!sw_str_eqz(sw_str_map_get(&s->attributes, SW_STR("FilterPolicyScope")), "MessageBody")) {
        document = attribute_document(cx->arena, m->attributes, err);
        return sw_match(&policy, &document);
    }
    if (sw_json_parse(cx->arena, m->message, &document, err) < 0) {
        sw_error_reset(err);            /* no JSON: nothing in it can match */
        return false;
    }
    return sw_match(&policy, &document);
}

/* MessageStructure json: a text for each protocol, and a default. */
static SwStr text_for(SwCtx *cx, const SnsMessage *m, SwStr protocol, SwError *err) {
    SwValue v;
    if (!sw_str_eqz(m->structure, "json") || sw_json_parse(cx->arena, m->message, &v, err) < 0)
        return m->message;
    return sw_str_or(sw_value_str(sw_value_get(&v, protocol)), sw_value_str(sw_value_getz(&v, "default")));
}

static void add_attributes(SwArena *a, SwValue *doc, const SnsMessageAttributeValueMap *m) {
    SwValue all = sw_value_object();
    for (size_t i = 0; m && i < m->n; i++) {
        const SnsMessageAttributeValue *v = &m->v[i].value;
        SwValue one = sw_value_object();
        bool binary = sw_str_starts(v->data_type, SW_STR("Binary"));
        sw_value_sets(a, &one, "Type", v->data_type);
        sw_value_sets(a, &one, "Value", binary ? sw_base64(a, v->binary_value) : v->string_value);
        sw_value_set(a, &all, m->v[i].key, one);
    }
    if (all.n)
        sw_value_set(a, doc, SW_STR("MessageAttributes"), all);
}

int sns_envelope(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, const char *type, const SnsMessage *m, SwStr text,
                 SwStr *ret_json, SwError *err) {
    SwArena *a = cx->arena;
    SwValue doc = sw_value_object();
    bool confirm = strcmp(type, "SubscriptionConfirmation") == 0;
    SwStr version = sw_str_or(sw_str_map_get(&t->attributes, SW_STR("SignatureVersion")), SW_STR("1")), signature;
    SwStr base = sw_strf(a, "http://%.*s", SW_FMT(cx->host->registry));
    SwStr now = sw_time_iso8601(a, sw_now(cx) / SW_S * SW_S + SW_MS);
    SwStr confirm_url = sw_strf(a, "%.*s/?Action=ConfirmSubscription&TopicArn=%.*s&Token=%.*s&Version=2010-03-31", SW_FMT(base), SW_FMT(t->arn), SW_FMT(s->token));
    SwBuf b = sw_buf(a, SW_MIB);
    const struct { const char *name; SwStr value; } members[] = {   /* in the order of names: that of the signature */
        {"Message", text}, {"MessageId", m->id}, {"Subject", confirm ? SW_NO_STR : m->subject},
        {"SubscribeURL", confirm ? confirm_url : SW_NO_STR}, {"Timestamp", now}, {"Token", confirm ? s->token : SW_NO_STR},
        {"TopicArn", t->arn}, {"Type", sw_str(type)},
    };
    sw_value_sets(a, &doc, "Type", sw_str(type));
    for (size_t i = 0; i < SW_N(members); i++) {
        if (!members[i].value.p)
            continue;
        sw_buf_addf(&b, "%s\n%.*s\n", members[i].name, SW_FMT(members[i].value));
        sw_value_sets(a, &doc, members[i].name, members[i].value);
    }
    if (sns_sign(cx, sw_buf_str(&b), sw_str_eqz(version, "2"), &signature, err) < 0)
        return -1;
    sw_value_sets(a, &doc, "SignatureVersion", version);
    sw_value_sets(a, &doc, "Signature", signature);
    sw_value_sets(a, &doc, "SigningCertURL", sw_strf(a, "%.*s" SNS_CERTIFICATE_PATH, SW_FMT(base)));
    if (!confirm)
        sw_value_sets(a, &doc, "UnsubscribeURL", sw_strf(a, "%.*s/?Action=Unsubscribe&SubscriptionArn=%.*s", SW_FMT(base), SW_FMT(s->arn)));
    add_attributes(a, &doc, m->attributes);
    *ret_json = sw_json_text(a, &doc);
    return 0;
}

static SwStr queue_url(SwCtx *cx, SwStr arn_text) {
    SwArn arn;
    return sw_arn_parse(arn_text, &arn) ? sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(arn.account), SW_FMT(arn.resource)) : arn_text;
}

static int to_queue(SwCtx *cx, const SnsSubscriptionRecord *s, const SnsMessage *m, SwStr body, bool raw, SwError *err) {
    SqsSendMessageRequest in = {.queue_url = queue_url(cx, s->endpoint), .message_body = body};
    SqsSendMessageResult *out;
    for (size_t i = 0; raw && m->attributes && i < m->attributes->n; i++) {
        const SnsMessageAttributeValue *v = &m->attributes->v[i].value;
        SqsMessageAttributeValueMapEntry *e = sw_list_add(cx->arena, &in.message_attributes);
        e->key = m->attributes->v[i].key;
        e->value = (SqsMessageAttributeValue){.data_type = v->data_type, .string_value = v->string_value, .binary_value = v->binary_value};
    }
    if (sqs_call_send_message(cx, &in, &out, err) == 0)
        return 0;
    if (!err->kind || err->kind->http >= 500)
        return -1;
    sw_error_reset(err);                /* the queue is gone or refuses: as AWS, the publisher does not hear of it */
    return sns_give_up(cx, s, body, err);
}

static int to_http(SwCtx *cx, const SnsSubscriptionRecord *s, const char *type, SwStr message_id, SwStr body, bool raw, SwError *err) {
    SwStr id = sw_id_uuid(cx->arena);
    SnsDeliveryRecord d = {.subscription = s->arn, .type = sw_str(type), .message_id = message_id, .url = s->endpoint, .body = body,
                           .raw = SW_SOME_BOOL(raw), .attempts = SW_SOME_INT(0)};
    if (sw_doc_put(cx->tx, &sns_deliveries, id, &d, err) < 0)
        return -1;
    return sw_wake(cx, &sns_delivery_controller, id, 0, err);
}

int sns_ask_confirmation(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, SwError *err) {
    SwStr json, text = sw_strf(cx->arena,
                               "You have chosen to subscribe to the topic %.*s.\nTo confirm the subscription, visit the "
                               "SubscribeURL included in this message.",
                               SW_FMT(t->arn));
    SnsMessage m = {.id = sw_id_uuid(cx->arena)};
    if (sns_envelope(cx, t, s, "SubscriptionConfirmation", &m, text, &json, err) < 0)
        return -1;
    return to_http(cx, s, "SubscriptionConfirmation", m.id, json, false, err);
}

int sns_publish_to_topic(SwCtx *cx, const SnsTopicRecord *t, const SnsMessage *m, SwError *err) {
    SwDocList l;
    if (sns_subscriptions_of(cx, t->arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const SnsSubscriptionRecord *s = l.v[i].record;
        if (!SW_OR(s->confirmed, false) || !wanted(cx, s, m, err))
            continue;
        bool raw = sw_str_eqz(sw_str_map_get(&s->attributes, SW_STR("RawMessageDelivery")), "true");
        SwStr body = text_for(cx, m, s->protocol, err);
        if (!raw && sns_envelope(cx, t, s, "Notification", m, body, &body, err) < 0)
            return -1;
        int r = sw_str_eqz(s->protocol, "sqs") ? to_queue(cx, s, m, body, raw, err) : to_http(cx, s, "Notification", m->id, body, raw, err);
        if (r < 0)
            return -1;
    }
    return 0;
}

static int check(SwCtx *cx, const SnsMessage *m, SwError *err) {
    SwValue v;
    if (!m->message.n)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Empty message");
    if (m->message.n > MESSAGE_MAX)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Message too long");
    if (m->subject.p && (!m->subject.n || m->subject.n > 100 || memchr(m->subject.p, '\n', m->subject.n)))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Subject");
    if (sw_str_is(m->structure) && !sw_str_eqz(m->structure, "json"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: MessageStructure");
    if (sw_str_eqz(m->structure, "json") && (sw_json_parse(cx->arena, m->message, &v, err) < 0 || !sw_value_str(sw_value_getz(&v, "default")).p))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Message Structure - No default entry in JSON message body");
    for (size_t i = 0; m->attributes && i < m->attributes->n; i++) {
        const SnsMessageAttributeValue *a = &m->attributes->v[i].value;
        SwStr value = sw_str_starts(a->data_type, SW_STR("Binary")) ? a->binary_value : a->string_value;
        if (!sw_str_is(a->data_type) || !sw_str_is(value))
            return sw_fail(err, &SNS_INVALID_PARAMETER_VALUE_EXCEPTION,
                           "The message attribute '%.*s' must contain non-empty message attribute value.",
                           SW_FMT(m->attributes->v[i].key));
    }
    return 0;
}

int sns_publish(SwCtx *cx, const SnsPublishInput *in, SnsPublishResponse *out, SwError *err) {
    SnsTopicRecord *t;
    if (sw_str_is(in->phone_number))
        return sw_fail(err, &sns_invalid, "Invalid parameter: PhoneNumber Reason: text messages are not available");
    if (sw_str_is(in->message_group_id) || sw_str_is(in->message_deduplication_id))
        return sw_fail(err, &sns_invalid, "Invalid parameter: MessageGroupId Reason: The request includes MessageGroupId parameter that is not valid for this topic type");
    SnsMessage m = {.id = sw_id_uuid(cx->arena), .message = in->message, .subject = in->subject, .structure = in->message_structure, .attributes = &in->message_attributes};
    if (sns_topic_get(cx, sw_str_or(in->topic_arn, in->target_arn), &t, err) < 0 || check(cx, &m, err) < 0)
        return -1;
    out->message_id = m.id;
    return sns_publish_to_topic(cx, t, &m, err);
}

int sns_publish_batch(SwCtx *cx, const SnsPublishBatchInput *in, SnsPublishBatchResponse *out, SwError *err) {
    const SnsPublishBatchRequestEntryList *l = &in->publish_batch_request_entries;
    SnsTopicRecord *t;
    SwStrList ids = {0};
    if (sns_topic_get(cx, in->topic_arn, &t, err) < 0)
        return -1;
    if (!l->n)
        return sw_fail(err, &SNS_EMPTY_BATCH_REQUEST_EXCEPTION, "The batch request doesn't contain any entries.");
    if (l->n > 10)
        return sw_fail(err, &SNS_TOO_MANY_ENTRIES_IN_BATCH_REQUEST_EXCEPTION, "The batch request contains more entries than permissible.");
    for (size_t i = 0; i < l->n; i++) {
        if (sw_str_list_has(&ids, l->v[i].id))
            return sw_fail(err, &SNS_BATCH_ENTRY_IDS_NOT_DISTINCT_EXCEPTION, "Two or more batch entries in the request have the same Id.");
        sw_str_list_add(cx->arena, &ids, l->v[i].id);
    }
    sw_list_present(cx->arena, &out->successful);
    sw_list_present(cx->arena, &out->failed);
    for (size_t i = 0; i < l->n; i++) {
        const SnsPublishBatchRequestEntry *e = &l->v[i];
        SnsMessage m = {.id = sw_id_uuid(cx->arena), .message = e->message, .subject = e->subject, .structure = e->message_structure, .attributes = &e->message_attributes};
        if (check(cx, &m, err) < 0) {
            *sw_list_add(cx->arena, &out->failed) = (SnsBatchResultErrorEntry){.id = e->id,
                                                                               .code = sw_str(err->kind->code),
                                                                               .message = sw_str(err->message),
                                                                               .sender_fault = SW_SOME_BOOL(true)};
            sw_error_reset(err);
            continue;
        }
        if (sns_publish_to_topic(cx, t, &m, err) < 0)
            return -1;
        *sw_list_add(cx->arena, &out->successful) = (SnsPublishBatchResultEntry){.id = e->id, .message_id = m.id};
    }
    return 0;
}

int sns_give_up(SwCtx *cx, const SnsSubscriptionRecord *s, SwStr body, SwError *err) {
    SwValue v;
    SwStr policy = sw_str_map_get(&s->attributes, SW_STR("RedrivePolicy"));
    if (!sw_str_is(policy) || sw_json_parse(cx->arena, policy, &v, err) < 0)
        return 0;
    SqsSendMessageRequest in = {.queue_url = queue_url(cx, sw_value_str(sw_value_getz(&v, "deadLetterTargetArn"))), .message_body = body};
    SqsSendMessageResult *out;
    if (sqs_call_send_message(cx, &in, &out, err) < 0) {
        if (!err->kind || err->kind->http >= 500)
            return -1;
        sw_error_reset(err);            /* the dead-letter queue is gone too */
    }
    return 0;
}

/* SwTarget: alarms, EventBridge and approvals publish here. An alarm's subject is made of its name, as CloudWatch does. */
int sns_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err) {
    SnsTopicRecord *t;
    SwValue v;
    SnsMessage m = {.id = sw_id_uuid(cx->arena), .message = payload};
    if (sns_topic_get(cx, arn, &t, err) < 0)
        return -1;
    if (sw_json_parse(cx->arena, payload, &v, err) == 0) {
        SwStr name = sw_value_str(sw_value_getz(&v, "AlarmName")), state = sw_value_str(sw_value_getz(&v, "NewStateValue"));
        if (sw_str_is(name) && sw_str_is(state)) {
            SwStr subject = sw_strf(cx->arena, "%.*s: \"%.*s\" in %.*s", SW_FMT(state), SW_FMT(name), SW_FMT(sw_str_or(sw_value_str(sw_value_getz(&v, "Region")), cx->region)));
            m.subject = sw_str_n(subject.p, SW_MIN(subject.n, (size_t)100));
        }
    }
    sw_error_reset(err);
    return sns_publish_to_topic(cx, t, &m, err);
}
