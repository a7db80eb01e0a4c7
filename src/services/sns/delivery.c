/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP deliveries. One row a message and endpoint:
 *
 *   waiting --POST answered 2xx--> gone
 *      |  \--POST failed, or 5xx, 429--> waiting 20 s of the clock, three times (SNS's default policy)
 *      \--4xx, or all tries used--> dead-letter queue, if the subscription has one; gone
 *
 * A crash between the POST and the commit repeats the POST: endpoints see a message at least once, with the same id. */

#include "base/log.h"
#include "http/client.h"
#include "services/sns/sns.h"

#define RETRIES     3
#define RETRY_AFTER (20 * SW_S)

const SwCollection sns_deliveries = {.name = "sns/delivery", .shape = &sns_shape_delivery_record};

typedef enum Answer { ANSWER_GOOD, ANSWER_AGAIN, ANSWER_NEVER } Answer;

static Answer post(SwCtx *cx, const SnsDeliveryRecord *d, const SnsSubscriptionRecord *s) {
    SwError err = sw_error(cx->arena);
    SwWireMessage reply = {0};
    SwHttpCall call = {.method = SW_STR("POST"), .url = d->url, .body = d->body, .timeout_ms = 15000};
    const struct { const char *name; SwStr value; } headers[] = {
        {"content-type", SW_STR("text/plain; charset=UTF-8")}, {"user-agent", SW_STR("Amazon Simple Notification Service Agent")},
        {"x-amz-sns-message-type", d->type}, {"x-amz-sns-message-id", d->message_id}, {"x-amz-sns-topic-arn", s->topic},
        {"x-amz-sns-subscription-arn", s->arn}, {"x-amz-sns-rawdelivery", SW_OR(d->raw, false) ? SW_STR("true") : SW_NO_STR},
    };
    for (size_t i = 0; i < SW_N(headers); i++)
        if (headers[i].value.p)
            sw_header_add(cx->arena, &call.headers, sw_str(headers[i].name), headers[i].value);
    if (sw_http_fetch(cx->arena, &call, &reply, NULL, &err) < 0)
        return ANSWER_AGAIN;
    if (reply.status >= 200 && reply.status < 300)
        return ANSWER_GOOD;
    return reply.status == 429 || reply.status >= 500 || reply.status < 400 ? ANSWER_AGAIN : ANSWER_NEVER;
}

/* Both NULL when there is nothing left to do. */
static int read_delivery(SwCtx *cx, SwStr id, SnsDeliveryRecord **ret_d, SnsSubscriptionRecord **ret_s, SwError *err) {
    void *d, *s = NULL;
    if (sw_ctx_begin(cx, SW_READ, err) < 0 || sw_doc_get(cx->tx, &sns_deliveries, id, &d, err) < 0)
        return -1;
    if (d && sw_doc_get(cx->tx, &sns_subscriptions, ((SnsDeliveryRecord *)d)->subscription, &s, err) < 0)
        return -1;
    sw_ctx_rollback(cx);
    *ret_d = d;
    *ret_s = s;
    return 0;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    SnsDeliveryRecord *d;
    SnsSubscriptionRecord *s;
    if (read_delivery(cx, id, &d, &s, err) < 0)
        return -1;
    if (!d)
        return 0;
    Answer answer = s ? post(cx, d, s) : ANSWER_GOOD;    /* unsubscribed meanwhile: nothing to deliver */
    SW_CRASH_POINT("sns.delivery.posted_not_written");
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    d->attempts = SW_SOME_INT(SW_OR(d->attempts, 0) + 1);
    if (answer == ANSWER_AGAIN && d->attempts.v <= RETRIES) {
        ret_step->again = sw_now(cx) + RETRY_AFTER;
        ret_step->waiting = true;
        if (sw_doc_put(cx->tx, &sns_deliveries, id, d, err) < 0)
            return -1;
        return sw_ctx_commit(cx, err);
    }
    if (answer != ANSWER_GOOD) {
        sw_log(SW_WARN, "sns delivery given up", SW_F("url", d->url), SW_F("subscription", d->subscription), SW_FN("attempts", d->attempts.v));
        if (sns_give_up(cx, s, d->body, err) < 0)
            return -1;
    }
    if (sw_doc_delete(cx->tx, &sns_deliveries, id, NULL, err) < 0)
        return -1;
    return sw_ctx_commit(cx, err);
}

const SwController sns_delivery_controller = {.name = "sns/delivery", .step = step, .parallel = 4};
