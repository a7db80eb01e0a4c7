/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries. A queue gets its message in the publisher's transaction, from SNS itself: what may be sent is the queue's
 * policy to say. An endpoint gets a row, one a message:
 *
 *   waiting --POST answered 2xx--> gone
 *      |  \--POST failed, or 5xx, 429--> waiting, on the clock, as the delivery policy says (retry.h)
 *      \--4xx, or all tries used--> dead-letter queue, if the subscription has one; gone
 *
 * A crash between the POST and the commit repeats the POST: endpoints see a message at least once, with the same id. */

#include "api/target.h"
#include "base/id.h"
#include "base/log.h"
#include "http/client.h"
#include "models/sqs.gen.h"
#include "services/sns/retry.h"
#include "services/sns/sns.h"

/* --- queues
 * ---------------------------------------------------------------------------------------------------------------------- */

static int send(SwCtx *cx, const SnsSubscriptionRecord *s, SwStr queue_arn, SqsSendMessageRequest *in, SwError *err) {
    SwCtx *as = sw_ctx_as_service(cx, "sns");
    SqsSendMessageResult *out;
    SwArn arn;
    if (!sw_arn_parse(queue_arn, &arn))
        return sw_fail(err, &sns_invalid, "Invalid parameter: SQS endpoint ARN");
    in->queue_url = sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(arn.account), SW_FMT(arn.resource));
    if (sw_target_allow(as, "sqs:SendMessage", queue_arn, s->topic, err) < 0)
        return -1;
    return sqs_call_send_message(as, in, &out, err);
}

/* What cannot be delivered goes to the subscription's dead-letter queue, if it has one. */
static int give_up(SwCtx *cx, const SnsSubscriptionRecord *s, SqsSendMessageRequest *in, SwError *err) {
    SwValue v;
    SwStr policy = sw_str_map_find(&s->attributes, SW_STR("RedrivePolicy"));
    if (!sw_str_is(policy) || sw_json_parse(cx->arena, policy, &v, err) < 0)
        return 0;
    if (send(cx, s, sw_value_str(sw_value_getz(&v, "deadLetterTargetArn")), in, err) == 0) {
        sns_count(cx, s->topic, &sns_redriven, 1);
        return 0;
    }
    if (!err->kind || err->kind->http >= 500)
        return -1;
    sw_log(SW_WARN, "sns dead letter lost", SW_F("subscription", s->arn), SW_F("error", sw_str(err->message)));
    sns_count(cx, s->topic, &sns_not_redriven, 1);
    sw_error_reset(err); /* the dead-letter queue is gone too */
    return 0;
}

int sns_to_queue(SwCtx *cx, const SnsSubscriptionRecord *s, const SnsMessage *m, SwStr body, bool raw, SwError *err) {
    SqsSendMessageRequest in = {.message_body = body};
    bool fifo = sw_str_ends(s->endpoint, SW_STR(".fifo"));
    if (fifo || !sw_str_ends(s->topic, SW_STR(".fifo"))) /* a standard topic's groups are for fair queues */
        in.message_group_id = m->group;
    if (fifo)
        in.message_deduplication_id = m->deduplication;
    SwStr trace = cx->http ? sw_header_find(&cx->http->m.headers, "x-amzn-trace-id") : SW_NO_STR;
    if (sw_str_is(trace)) {
        SqsMessageSystemAttributeValueMapEntry *e = sw_list_add(cx->arena, &in.message_system_attributes);
        e->key = SQS_MESSAGE_SYSTEM_ATTRIBUTE_NAME_FOR_SENDS_AWS_TRACE_HEADER;
        e->value = (SqsMessageSystemAttributeValue){.data_type = SW_STR("String"), .string_value = trace};
    }
    for (size_t i = 0; raw && m->attributes && i < m->attributes->n; i++) {
        const SnsMessageAttributeValue *v = &m->attributes->v[i].value;
        SqsMessageAttributeValueMapEntry *e = sw_list_add(cx->arena, &in.message_attributes);
        bool array = sw_str_eqz(v->data_type, "String.Array"); /* which queues know as a label of strings */
        e->key = m->attributes->v[i].key;
        e->value = (SqsMessageAttributeValue){.data_type = array ? SW_STR("String.Array") : v->data_type,
                                              .string_value = v->string_value,
                                              .binary_value = v->binary_value};
    }
    if (send(cx, s, s->endpoint, &in, err) == 0) {
        sns_count(cx, s->topic, &sns_delivered, 1);
        return 0;
    }
    if (!err->kind || err->kind->http >= 500)
        return -1;
    sw_log(SW_WARN, "sns delivery refused by the queue", SW_F("subscription", s->arn), SW_F("error", sw_str(err->message)));
    sns_count(cx, s->topic, &sns_failed, 1);
    sw_error_reset(err); /* as on AWS the publisher does not hear of it */
    return give_up(cx, s, &in, err);
}

/* --- endpoints
 * ------------------------------------------------------------------------------------------------------------------- */

int sns_to_endpoint(SwCtx *cx, const SnsSubscriptionRecord *s, const char *type, const SnsMessage *m, SwStr body, bool raw,
                    SwError *err) {
    SwStr id = sw_id_uuid(cx->arena);
    SnsDeliveryRecord d = {.subscription = s->arn,
                           .type = sw_str(type),
                           .message_id = m->id,
                           .url = s->endpoint,
                           .body = body,
                           .raw = SW_SOME_BOOL(raw),
                           .attempts = SW_SOME_INT(0)};
    if (sns_body_seal(cx, s->topic, m->key, &d, err) < 0 || sns_deliveries_put(cx->tx, id, &d, err) < 0)
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
    return sns_to_endpoint(cx, s, "SubscriptionConfirmation", &m, json, false, err);
}

int sns_retry_of(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, SnsRetry *ret, SwError *err) {
    const SwStr name = SW_STR("DeliveryPolicy");
    *ret = sns_retry_default();
    if (t && sns_retry_read(cx->arena, sw_str_map_find(&t->attributes, name), true, ret, &sns_invalid, err) < 0)
        return -1;
    return ret->no_overrides ? 0
                             : sns_retry_read(cx->arena, sw_str_map_find(&s->attributes, name), false, ret, &sns_invalid, err);
}

typedef enum Answer { ANSWER_GOOD, ANSWER_AGAIN, ANSWER_NEVER } Answer;

/* body absent: its key does not open it; perhaps it will, as long as is tried. */
static Answer post(SwCtx *cx, const SnsDeliveryRecord *d, SwStr body, const SnsSubscriptionRecord *s, const SnsRetry *r) {
    SwError err = sw_error(cx->arena);
    SwWireMessage reply = {0};
    SwHttpCall call = {
        .method = SW_STR("POST"), .url = d->url, .body = body, .timeout_ms = 15000, .guarded_port = cx->host->port};
    const struct {
        const char *name;
        SwStr value;
    } headers[] = {
        {"content-type", sw_str_or(r->content_type, SW_STR("text/plain; charset=UTF-8"))},
        {"user-agent", SW_STR("Amazon Simple Notification Service Agent")},
        {"x-amz-sns-message-type", d->type},
        {"x-amz-sns-message-id", d->message_id},
        {"x-amz-sns-topic-arn", s->topic},
        {"x-amz-sns-subscription-arn", sw_str_eqz(d->type, "SubscriptionConfirmation") ? SW_NO_STR : s->arn}, /* none yet */
        {"x-amz-sns-rawdelivery", SW_OR(d->raw, false) ? SW_STR("true") : SW_NO_STR},
    };
    if (!body.p)
        return ANSWER_AGAIN;
    for (size_t i = 0; i < SW_N(headers); i++)
        if (headers[i].value.p)
            sw_header_add(cx->arena, &call.headers, sw_str(headers[i].name), headers[i].value);
    if (sw_http_fetch(cx->arena, &call, &reply, NULL, &err) < 0)
        return ANSWER_AGAIN;
    if (reply.status >= 200 && reply.status < 300)
        return ANSWER_GOOD;
    return reply.status == 429 || reply.status >= 500 || reply.status < 400 ? ANSWER_AGAIN : ANSWER_NEVER;
}

/* NULL: unsubscribed meanwhile. */
static int subscription_of(SwCtx *cx, const SnsDeliveryRecord *d, SnsSubscriptionRecord **ret_s, SwError *err) {
    SwFound f;
    if (sw_resource_find(cx, &sns_subscription_resource, d->subscription, &f, err) < 0)
        return -1;
    *ret_s = sns_subscription_found(&f);
    return 0;
}

/* Both NULL when there is nothing left to do. */
static int read_delivery(SwCtx *cx, SwStr id, SnsDeliveryRecord **ret_d, SwStr *ret_body, SnsSubscriptionRecord **ret_s,
                         SnsRetry *ret_r, SwError *err) {
    SnsSubscriptionRecord *s = NULL;
    SnsTopicRecord *t = NULL;
    SwArn topic;
    if (sw_ctx_begin(cx, SW_READ, err) < 0 || sns_deliveries_find(cx->tx, id, ret_d, err) < 0)
        return -1;
    if (*ret_d && (subscription_of(cx, *ret_d, &s, err) < 0 || sns_body_open(cx, *ret_d, ret_body, err) < 0))
        return -1;
    if (s && sw_arn_parse(s->topic, &topic) && sns_topic_find(cx, topic.resource, &t, err) < 0)
        return -1;
    sw_ctx_rollback(cx);
    *ret_s = s;
    return s ? sns_retry_of(cx, t, s, ret_r, err) : 0;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    SnsDeliveryRecord *d;
    SnsSubscriptionRecord *s;
    SnsRetry r;
    SwTime wait;
    SwStr body = SW_NO_STR;
    if (read_delivery(cx, id, &d, &body, &s, &r, err) < 0)
        return -1;
    if (!d)
        return 0;
    Answer answer = s ? post(cx, d, body, s, &r) : ANSWER_GOOD; /* unsubscribed meanwhile: nothing to deliver */
    SW_CRASH_POINT("sns.delivery.posted_not_written");
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    d->attempts = SW_SOME_INT(SW_OR(d->attempts, 0) + 1);
    if (answer == ANSWER_AGAIN && sns_retry_wait(&r, d->attempts.v, &wait)) {
        ret_step->again = sw_now(cx) + wait;
        ret_step->waiting = wait > 0;
        if (sns_deliveries_put(cx->tx, id, d, err) < 0)
            return -1;
        return sw_ctx_commit(cx, err);
    }
    if (answer != ANSWER_GOOD) {
        SqsSendMessageRequest letter = {.message_body = body};
        sw_log(SW_WARN, "sns delivery given up", SW_F("url", d->url), SW_F("subscription", d->subscription),
               SW_FN("attempts", d->attempts.v));
        if (body.p && give_up(cx, s, &letter, err) < 0)
            return -1;
    }
    if (s && sw_str_eqz(d->type, "Notification"))
        sns_count(cx, s->topic, answer == ANSWER_GOOD ? &sns_delivered : &sns_failed, 1);
    if (sns_deliveries_delete(cx->tx, id, NULL, err) < 0)
        return -1;
    return sw_ctx_commit(cx, err);
}

static int failed(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    SnsDeliveryRecord *lost;
    SnsSubscriptionRecord *s;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || sns_deliveries_find(cx->tx, id, &lost, err) < 0)
        return -1;
    if (lost) {
        SqsSendMessageRequest letter = {0};
        sw_log(SW_WARN, "sns delivery given up", SW_F("url", lost->url), SW_F("subscription", lost->subscription),
               SW_F("cause", why));
        if (subscription_of(cx, lost, &s, err) < 0 || sns_body_open(cx, lost, &letter.message_body, err) < 0 ||
            (s && letter.message_body.p && give_up(cx, s, &letter, err) < 0) ||
            sns_deliveries_delete(cx->tx, id, NULL, err) < 0)
            return -1;
    }
    return sw_ctx_commit(cx, err);
}

const SwController sns_delivery_controller = {.name = "sns/delivery", .step = step, .failed = failed, .parallel = 4};
