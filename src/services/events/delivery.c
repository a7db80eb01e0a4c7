/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries: one row an event and target, with the target as it was when the event matched.
 *
 *   waiting --delivered--> gone
 *      |  \--failed on our side--> waiting: after 1 s of the clock, doubling to 10 minutes
 *      \--refused (4xx), or RetryPolicy used up--> dead-letter queue, if the target has one; gone
 *
 * The target's work, the dead letter and the row's end are one transaction: delivered exactly once. */

#include "api/target.h"
#include "base/id.h"
#include "base/log.h"
#include "models/sqs.gen.h"
#include "services/events/events.h"

#define ATTEMPTS_MAX 185 /* RetryPolicy's defaults */
#define AGE_MAX      86400

bool events_target_is_bus(SwStr text) {
    SwArn arn;
    return sw_arn_parse(text, &arn) && sw_str_eqz(arn.service, "events");
}

int events_enqueue(SwCtx *cx, const EventsRuleRecord *r, SwStr event, bool forwarded, SwError *err) {
    for (size_t i = 0; i < r->targets.n; i++) {
        if (forwarded && events_target_is_bus(r->targets.v[i].arn))
            continue;
        SwStr id = sw_id_uuid(cx->arena);
        EventsDeliveryRecord d = {.rule_arn = r->arn,
                                  .rule_name = r->name,
                                  .role_arn = r->role_arn,
                                  .target = &r->targets.v[i],
                                  .event = event,
                                  .since = SW_SOME_TIME(sw_now(cx)),
                                  .attempts = SW_SOME_INT(0)};
        if (events_deliveries_put(cx->tx, id, &d, err) < 0 || sw_wake(cx, &events_delivery_controller, id, 0, err) < 0)
            return -1;
        events_count(cx, SW_NO_STR, EVENTS_INVOCATIONS_CREATED, 1);
    }
    events_count(cx, r->arn, EVENTS_TRIGGERED, 1);
    return 0;
}

/* The target's own settings, as the service that receives reads them; *ret NULL: none. */
static int parameters_of(SwCtx *cx, const EventsTarget *t, SwValue **ret, SwError *err) {
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    *ret = NULL;
    if (t->ecs_parameters)
        sw_shape_to_json(&b, &events_shape_ecs_parameters, t->ecs_parameters);
    else if (t->sqs_parameters)
        sw_shape_to_json(&b, &events_shape_sqs_parameters, t->sqs_parameters);
    else
        return 0;
    *ret = sw_new(cx->arena, SwValue);
    return sw_json_parse(cx->arena, sw_buf_str(&b), *ret, err);
}

/* Under the target's role where it names one: a role that is gone, or does not trust EventBridge, delivers nothing. */
static int deliver(SwCtx *cx, const EventsDeliveryRecord *d, SwError *err) {
    SwCtx *as = cx;
    SwStr payload, role = sw_str_or(d->target->role_arn, d->role_arn);
    SwValue *parameters;
    if (events_input(cx, d, &payload, err) < 0 || (sw_str_is(role) && sw_ctx_assume(cx, role, &as, err) < 0))
        return -1;
    return parameters_of(cx, d->target, &parameters, err) < 0
               ? -1
               : sw_target_deliver(as, d->target->arn, d->rule_arn, payload, parameters, err);
}

/* EventBridge's own words in a dead letter's ERROR_CODE. */
static SwStr error_code(const SwError *e) {
    SwStr code = sw_str(e->kind ? e->kind->code : "InternalFailure");
    if (sw_str_contains(code, SW_STR("AccessDenied")))
        return SW_STR("NO_PERMISSIONS");
    if (sw_str_contains(code, SW_STR("NotFound")) || sw_str_contains(code, SW_STR("NonExistent")) ||
        sw_str_contains(code, SW_STR("NotExist")))
        return SW_STR("NO_RESOURCE");
    return e->kind && e->kind->http < 500 ? SW_STR("INVALID_PARAMETER") : SW_STR("ERROR_FROM_TARGET");
}

static int give_up(SwCtx *cx, const EventsDeliveryRecord *d, const SwError *why, const char *exhausted, SwError *err) {
    SwArn arn;
    const struct {
        const char *name;
        SwStr value;
    } attributes[] = {{"RULE_ARN", d->rule_arn},
                      {"TARGET_ARN", d->target->arn},
                      {"ERROR_CODE", error_code(why)},
                      {"ERROR_MESSAGE", sw_str(why->message)},
                      {"EXHAUSTED_RETRY_CONDITION", sw_str(exhausted)},
                      {"RETRY_ATTEMPTS", exhausted ? sw_strf(cx->arena, "%lld", (long long)d->attempts.v - 1) : SW_NO_STR}};
    sw_log(SW_WARN, "event delivery given up", SW_F("rule", d->rule_arn), SW_F("target", d->target->arn),
           SW_F("error", sw_str(why->message)));
    if (!d->target->dead_letter_config || !sw_arn_parse(d->target->dead_letter_config->arn, &arn))
        return 0;
    SqsSendMessageRequest in = {.queue_url = sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(arn.account), SW_FMT(arn.resource)),
                                .message_body = d->event};
    SqsSendMessageResult *out;
    for (size_t i = 0; i < SW_N(attributes); i++) {
        if (!sw_str_is(attributes[i].value))
            continue;
        SqsMessageAttributeValueMapEntry *e = sw_list_add(cx->arena, &in.message_attributes);
        e->key = sw_str(attributes[i].name);
        e->value = (SqsMessageAttributeValue){.data_type = SW_STR("String"), .string_value = attributes[i].value};
    }
    if (sw_target_allow(cx, "sqs:SendMessage", d->target->dead_letter_config->arn, d->rule_arn, err) < 0 ||
        sqs_call_send_message(cx, &in, &out, err) < 0) {
        if (!err->kind || err->kind->http >= 500)
            return -1;
        events_count(cx, d->rule_arn, EVENTS_NOT_SENT_TO_DLQ, 1);
        sw_log(SW_WARN, "dead letter lost", SW_F("queue", d->target->dead_letter_config->arn),
               SW_F("error", sw_str(err->message)));
        sw_error_reset(err); /* the dead-letter queue is gone too, or does not let EventBridge in */
        return 0;
    }
    events_count(cx, d->rule_arn, EVENTS_SENT_TO_DLQ, 1);
    return 0;
}

/* An attempt, and, where it was the last, an invocation. */
static void count_attempt(SwCtx *cx, const EventsDeliveryRecord *d, bool good, bool last) {
    double age_ms = (double)((sw_now(cx) - d->since.v) / SW_MS);
    bool again = SW_OR(d->attempts, 0) > 0;
    events_count(cx, d->rule_arn, EVENTS_ATTEMPTS, 1);
    events_count(cx, d->rule_arn, again ? EVENTS_RETRIES : EVENTS_START_LATENCY, again ? 1 : age_ms);
    if (good) {
        events_count(cx, d->rule_arn, EVENTS_SUCCESSFUL, 1);
        events_count(cx, d->rule_arn, EVENTS_SUCCESS_LATENCY, age_ms);
    }
    if (!last)
        return;
    events_count(cx, d->rule_arn, EVENTS_INVOCATIONS, 1);
    events_count(cx, d->rule_arn, EVENTS_COMPLETE_LATENCY, age_ms);
    if (!good)
        events_count(cx, d->rule_arn, EVENTS_FAILED, 1);
}

static SwTime backoff(int64_t attempts) {
    return attempts > 9 ? 10 * SW_MINUTE : (SW_S << (attempts - 1));
}

/* After a failure, in cx->tx: later, or never. */
static int settle(SwCtx *cx, SwStr id, EventsDeliveryRecord *d, const SwError *why, SwStep *ret_step, SwError *err) {
    const EventsRetryPolicy *p = d->target->retry_policy;
    int64_t attempts_max = p ? SW_OR(p->maximum_retry_attempts, ATTEMPTS_MAX) : ATTEMPTS_MAX;
    int64_t age_max = p ? SW_OR(p->maximum_event_age_in_seconds, AGE_MAX) : AGE_MAX;
    bool permanent = why->kind && why->kind->http < 500 && !why->kind->retryable;
    const char *exhausted = NULL;
    int64_t attempts = SW_OR(d->attempts, 0) + 1;
    SwTime again = sw_now(cx) + backoff(attempts);
    if (!permanent && attempts > attempts_max)
        exhausted = "MaximumRetryAttempts";
    else if (!permanent && again > d->since.v + age_max * SW_S)
        exhausted = "MaximumEventAgeInSeconds";
    count_attempt(cx, d, /* good= */ false, permanent || exhausted);
    d->attempts = SW_SOME_INT(attempts);
    if (permanent || exhausted)
        return give_up(cx, d, why, exhausted, err) < 0 ? -1 : events_deliveries_delete(cx->tx, id, NULL, err);
    ret_step->again = again;
    return events_deliveries_put(cx->tx, id, d, err);
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    SwError why = sw_error(cx->arena);
    EventsDeliveryRecord *d;
    if (events_deliveries_find(cx->tx, id, &d, err) < 0)
        return -1;
    if (!d)
        return 0;
    if (sw_tx_savepoint(cx->tx, err) < 0)
        return -1;
    if (deliver(cx, d, &why) == 0) {
        count_attempt(cx, d, /* good= */ true, /* last= */ true);
        if (sw_tx_release(cx->tx, err) < 0 || events_deliveries_delete(cx->tx, id, NULL, err) < 0)
            return -1;
    } else {
        sw_tx_undo(cx->tx);
        if (settle(cx, id, d, &why, ret_step, err) < 0)
            return -1;
    }
    SW_CRASH_POINT("events.delivery.delivered_not_committed");
    return 0;
}

static int failed(SwCtx *cx, SwStr id, const char *text, SwError *err) {
    SwError why = {.arena = cx->arena, .kind = &SW_INTERNAL_FAILURE, .message = text};
    EventsDeliveryRecord *doc;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || events_deliveries_find(cx->tx, id, &doc, err) < 0)
        return -1;
    if (doc && (give_up(cx, doc, &why, NULL, err) < 0 || events_deliveries_delete(cx->tx, id, NULL, err) < 0))
        return -1;
    return sw_ctx_commit(cx, err);
}

const SwController events_delivery_controller = {.name = "events/delivery",
                                                 .kind = SW_STEP_STORE,
                                                 .step = step,
                                                 .failed = failed};
