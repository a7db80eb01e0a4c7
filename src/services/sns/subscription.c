/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions: queues at once, HTTP endpoints once they have confirmed. */

#include "base/id.h"
#include "services/sns/retry.h"
#include "services/sns/sns.h"

int sns_subscription_of(SwCtx *cx, SwStr arn, SnsSubscriptionRecord **ret_s, SwError *err) {
    SwArn parsed;
    return sns_arn_check(cx, arn, "SubscriptionArn", &parsed, err) < 0 ? -1
                                                                       : sns_subscription_by_reference(cx, arn, ret_s, err);
}

int sns_subscriptions_of(SwCtx *cx, SwStr topic_arn, SnsSubscriptionRecords *ret_l, SwError *err) {
    SwDocQuery q = {.index = "by_topic", .equals = {topic_arn}};
    return sns_subscriptions_list(cx->tx, &q, ret_l, err);
}

/* --- attributes
 * -------------------------------------------------------------------------------------------------------------------- */

static int check_redrive(SwCtx *cx, const SnsSubscriptionRecord *s, SwStr text, const char *where, SwError *err) {
    SwValue v;
    SwArn arn;
    if (sw_json_parse(cx->arena, text, &v, err) < 0 || v.kind != SW_VOBJECT)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %sRedrivePolicy: failed to parse JSON.", where);
    SwStr dead = sw_value_str(sw_value_getz(&v, "deadLetterTargetArn"));
    if (!sw_arn_parse(dead, &arn) || !sw_str_eqz(arn.service, "sqs"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: %sRedrivePolicy: deadLetterTargetArn is an invalid arn", where);
    for (size_t i = 0; i < v.n; i++)
        if (!sw_str_eqz(v.keys[i], "deadLetterTargetArn"))
            return sw_fail(err, &sns_invalid, "Invalid parameter: %sRedrivePolicy: unexpected JSON member: %.*s", where,
                           SW_FMT(v.keys[i]));
    const SwStr fifo = SW_STR(".fifo");
    if (sw_str_ends(s->topic, fifo) && sw_str_ends(s->endpoint, fifo) && !sw_str_ends(dead, fifo))
        return sw_fail(
            err, &sns_invalid,
            "Invalid parameter: %sRedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.", where);
    return 0;
}

/* `where`: what AWS says before the attribute's name in Subscribe; nothing in SetSubscriptionAttributes. */
#define IN_ATTRIBUTES "Attributes Reason: "

static int set_attribute(SwCtx *cx, SnsSubscriptionRecord *s, SwStr name, SwStr value, const char *where, SwError *err) {
    SnsRetry r = sns_retry_default();
    if (sw_str_eqz(name, "RedrivePolicy")) {
        if (sw_str_is(value) && check_redrive(cx, s, value, where, err) < 0)
            return -1;
    } else if (sw_str_eqz(name, "RawMessageDelivery")) {
        if (!sw_str_ieq(value, SW_STR("true")) && !sw_str_ieq(value, SW_STR("false")))
            return sw_fail(err, &sns_invalid,
                           "Invalid parameter: %sRawMessageDelivery: Invalid value [%.*s]. Must be true or false.", where,
                           SW_FMT(value));
        value = sw_str_lower(cx->arena, value);
    } else if (sw_str_eqz(name, "FilterPolicyScope")) {
        if (!sw_str_eqz(value, "MessageAttributes") && !sw_str_eqz(value, "MessageBody"))
            return sw_fail(err, &sns_invalid,
                           "Invalid parameter: %sFilterPolicyScope: Invalid value [%.*s]. Please use either MessageBody or "
                           "MessageAttributes",
                           where, SW_FMT(value));
    } else if (sw_str_eqz(name, "DeliveryPolicy")) {
        if (sw_str_eqz(s->protocol, "sqs") && sw_str_is(value))
            return sw_fail(err, &sns_invalid, "Invalid parameter: Delivery policy can only be set for HTTP endpoints");
        if (sns_retry_read(cx->arena, value, false, &r, &sns_invalid, err) < 0)
            return -1;
    } else if (!sw_str_eqz(name, "FilterPolicy")) {
        return sw_fail(err, &sns_invalid, "Invalid parameter: AttributeName: %.*s is not available", SW_FMT(name));
    }
    sw_str_map_set(cx->arena, &s->attributes, name, value);
    return 0;
}

/* --- subscribing
 * ------------------------------------------------------------------------------------------------------------------- */

static int check_endpoint(SwCtx *cx, const SnsTopicRecord *t, SwStr protocol, SwStr endpoint, SwError *err) {
    SwArn arn;
    bool fifo = sns_topic_is_fifo(t);
    if (fifo && !sw_str_eqz(protocol, "sqs"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Invalid parameter: Endpoint Reason: Please use FIFO SQS queue");
    if (sw_str_eqz(protocol, "http") || sw_str_eqz(protocol, "https")) {
        if (!sw_str_starts(endpoint, sw_strf(cx->arena, "%.*s://", SW_FMT(protocol))))
            return sw_fail(err, &sns_invalid, "Invalid parameter: Endpoint must match the specified protocol");
        return 0;
    }
    if (sw_str_eqz(protocol, "sqs")) {
        if (!sw_arn_parse(endpoint, &arn) || !sw_str_eqz(arn.service, "sqs"))
            return sw_fail(err, &sns_invalid, "Invalid parameter: SQS endpoint ARN");
        if (!sw_str_eq(arn.region, cx->region) || !sw_str_eq(arn.account, cx->account))
            return sw_fail(err, &sns_invalid,
                           "Invalid parameter: Endpoint Reason: queues of another account or region are not available");
        if (!fifo && sw_str_ends(endpoint, SW_STR(".fifo")))
            return sw_fail(err, &sns_invalid,
                           "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
                           "standard SNS topics");
        return 0;
    }
    static const char *const absent[] = {"email", "email-json", "sms", "application", "lambda", "firehose"};
    for (size_t i = 0; i < SW_N(absent); i++)
        if (sw_str_eqz(protocol, absent[i]))
            return sw_fail(err, &sns_invalid,
                           "Invalid parameter: Protocol Reason: %s is not available; http, https and sqs are", absent[i]);
    return sw_fail(err, &sns_invalid, "Invalid parameter: Amazon SNS does not support this protocol string: %.*s",
                   SW_FMT(protocol));
}

/* The same topic, protocol and endpoint is the same subscription. */
static SnsSubscriptionRecord *find(const SnsSubscriptionRecords *l, const SnsSubscribeInput *in) {
    for (size_t i = 0; i < l->n; i++) {
        SnsSubscriptionRecord *s = l->v[i].record;
        if (sw_str_eq(s->protocol, in->protocol) && sw_str_eq(s->endpoint, in->endpoint))
            return s;
    }
    return NULL;
}

int sns_subscription_like(SwCtx *cx, const void *input, SwFound *ret, SwError *err) {
    const SnsSubscribeInput *in = input;
    SnsSubscriptionRecords l;
    *ret = (SwFound){0};
    if (sns_subscriptions_of(cx, in->topic_arn, &l, err) < 0)
        return -1;
    SnsSubscriptionRecord *s = find(&l, in);
    if (s)
        *ret = (SwFound){.r = &sns_subscription_resource, .id = s->arn, .record = s};
    return 0;
}

/* What an attribute says, or says by default. */
static SwStr effective(const SnsSubscriptionRecord *s, SwStr name) {
    SwStr otherwise = sw_str_eqz(name, "RawMessageDelivery")  ? SW_STR("false")
                      : sw_str_eqz(name, "FilterPolicyScope") ? SW_STR("MessageAttributes")
                                                              : SW_STR("");
    return sw_str_or(sw_str_map_find(&s->attributes, name), otherwise);
}

static bool same_text(SwArena *a, SwStr x, SwStr y) {
    SwError ignored = sw_error(a);
    SwValue v, w;
    return sw_str_eq(x, y) || (sw_json_parse(a, x, &v, &ignored) == 0 && sw_json_parse(a, y, &w, &ignored) == 0 &&
                               sw_str_eq(sw_json_text(a, &v), sw_json_text(a, &w)));
}

/* Subscribing again answers with what is there, unless it was to be different. */
static int check_same(SwCtx *cx, const SnsSubscriptionRecord *s, const SnsSubscribeInput *in, SwError *err) {
    SnsSubscriptionRecord asked = *s;
    asked.attributes = (__typeof__(asked.attributes)){0};
    for (size_t i = 0; i < in->attributes.n; i++) {
        SwStr name = in->attributes.v[i].key;
        if (set_attribute(cx, &asked, name, in->attributes.v[i].value, IN_ATTRIBUTES, err) < 0)
            return -1;
        if (!same_text(cx->arena, effective(s, name), effective(&asked, name)))
            return sw_fail(err, &sns_invalid,
                           "Invalid parameter: Attributes Reason: Subscription already exists with different attributes");
    }
    return 0;
}

int sns_subscribe(SwCtx *cx, const SnsSubscribeInput *in, SnsSubscribeResponse *out, SwError *err) {
    SnsTopicRecord *t;
    SnsSubscriptionRecords l;
    if (!sw_str_is(in->endpoint))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Endpoint");
    if (sns_topic_of(cx, in->topic_arn, &t, err) < 0 || check_endpoint(cx, t, in->protocol, in->endpoint, err) < 0 ||
        sns_subscriptions_of(cx, t->arn, &l, err) < 0)
        return -1;
    bool queue = sw_str_eqz(in->protocol, "sqs");
    SnsSubscriptionRecord fresh = {.arn = sw_cat(cx->arena, t->arn, SW_STR(":"), sw_id_uuid(cx->arena)),
                                   .topic = t->arn,
                                   .protocol = in->protocol,
                                   .endpoint = in->endpoint,
                                   .owner = cx->account,
                                   .principal = cx->principal.arn,
                                   .token = sw_id_hex(cx->arena, 64),
                                   .confirmed = SW_SOME_BOOL(queue)};
    SnsSubscriptionRecord *s = find(&l, in);
    bool known = s != NULL;
    if (known && check_same(cx, s, in, err) < 0)
        return -1;
    if (!known)
        s = &fresh;
    for (size_t i = 0; i < in->attributes.n && !known; i++)
        if (set_attribute(cx, s, in->attributes.v[i].key, in->attributes.v[i].value, IN_ATTRIBUTES, err) < 0)
            return -1;
    bool confirmed = SW_OR(s->confirmed, false);
    out->subscription_arn = confirmed || SW_OR(in->return_subscription_arn, false) ? s->arn : SW_STR("pending confirmation");
    if (sns_filter_check(cx, s, IN_ATTRIBUTES, err) < 0 || sns_subscriptions_put(cx->tx, s->arn, s, err) < 0)
        return -1;
    return confirmed ? 0 : sns_ask_confirmation(cx, t, s, err);
}

/* The links in messages are followed without credentials: the ARN says whose topic it is, the token that they may. */
static void follow_link(SwCtx *cx, SwStr text) {
    SwArn arn;
    if (cx->http && !sw_str_is(cx->principal.access_key) && sw_arn_parse(text, &arn)) {
        cx->account = arn.account;
        cx->region = arn.region;
        sw_tx_scope(cx->tx, arn.account, arn.region);
    }
}

int sns_confirm_subscription(SwCtx *cx, const SnsConfirmSubscriptionInput *in, SnsConfirmSubscriptionResponse *out,
                             SwError *err) {
    SnsTopicRecord *t;
    SwDocQuery q = {.index = "by_token", .equals = {in->topic_arn, in->token}, .limit = 1};
    SnsSubscriptionRecords l;
    if (sw_str_eqz(in->authenticate_on_unsubscribe, "true"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: AuthenticateOnUnsubscribe Reason: true is not available");
    follow_link(cx, in->topic_arn);
    if (sns_topic_of(cx, in->topic_arn, &t, err) < 0) {
        if (!sw_error_is(err, &SNS_NOT_FOUND_EXCEPTION))
            return -1;
        return sw_fail(err, &sns_invalid, "Invalid parameter: Token"); /* it is of no topic */
    }
    if (sns_subscriptions_list(cx->tx, &q, &l, err) < 0)
        return -1;
    if (!l.n)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Token");
    SnsSubscriptionRecord *s = l.v[0].record;
    s->confirmed = SW_SOME_BOOL(true);
    out->subscription_arn = s->arn;
    return sns_subscriptions_put(cx->tx, s->arn, s, err);
}

int sns_unsubscribe(SwCtx *cx, const SnsUnsubscribeInput *in, void *out, SwError *err) {
    SwArn arn;
    size_t colon;
    follow_link(cx, in->subscription_arn);
    if (sns_arn_check(cx, in->subscription_arn, "SubscriptionArn", &arn, err) < 0)
        return -1;
    if (!sw_str_find(arn.resource, ':', &colon))
        return sw_fail(err, &sns_invalid, "Invalid parameter: SubscriptionId");
    return sns_subscriptions_delete(cx->tx, in->subscription_arn, NULL, err);
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const SnsSubscriptionRecord *s = sns_subscriptions_row(row);
    *(SnsSubscription *)to =
        (SnsSubscription){.subscription_arn = SW_OR(s->confirmed, false) ? s->arn : SW_STR("PendingConfirmation"),
                          .owner = s->owner,
                          .protocol = s->protocol,
                          .endpoint = s->endpoint,
                          .topic_arn = s->topic};
    return 0;
}

int sns_list_subscriptions(SwCtx *cx, const SnsListSubscriptionsInput *in, SnsListSubscriptionsResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &sns_subscriptions, .show = show, .usual = 100}, out, err);
}

int sns_list_subscriptions_by_topic(SwCtx *cx, const SnsListSubscriptionsByTopicInput *in,
                                    SnsListSubscriptionsByTopicResponse *out, SwError *err) {
    SnsTopicRecord *t;
    SwDocQuery q = {.index = "by_topic", .equals = {in->topic_arn}};
    if (sns_topic_of(cx, in->topic_arn, &t, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.of = &sns_subscriptions, .q = q, .show = show, .usual = 100}, out, err);
}

int sns_get_subscription_attributes(SwCtx *cx, const SnsGetSubscriptionAttributesInput *in,
                                    SnsGetSubscriptionAttributesResponse *out, SwError *err) {
    SnsSubscriptionRecord *s;
    if (sns_subscription_of(cx, in->subscription_arn, &s, err) < 0)
        return -1;
    bool confirmed = SW_OR(s->confirmed, false);
    const struct {
        const char *name;
        SwStr value;
    } all[] = {
        {"SubscriptionArn", s->arn},
        {"TopicArn", s->topic},
        {"Protocol", s->protocol},
        {"Endpoint", s->endpoint},
        {"Owner", s->owner},
        {"ConfirmationWasAuthenticated", sw_str_eqz(s->protocol, "sqs") ? SW_STR("true") : SW_STR("false")},
        {"PendingConfirmation", confirmed ? SW_STR("false") : SW_STR("true")},
        {"RawMessageDelivery", sw_str_or(sw_str_map_find(&s->attributes, SW_STR("RawMessageDelivery")), SW_STR("false"))},
        {"SubscriptionPrincipal", sw_str_or(s->principal, sw_arn_global(cx, "iam", "root"))},
    };
    for (size_t i = 0; i < SW_N(all); i++)
        sw_str_map_set(cx->arena, &out->attributes, sw_str(all[i].name), all[i].value);
    bool filtered = sw_str_is(sw_str_map_find(&s->attributes, SW_STR("FilterPolicy"))); /* the scope is shown with its policy */
    if (filtered)
        sw_str_map_set(cx->arena, &out->attributes, SW_STR("FilterPolicyScope"), effective(s, SW_STR("FilterPolicyScope")));
    static const char *const optional[] = {"FilterPolicy", "RedrivePolicy", "DeliveryPolicy"};
    for (size_t i = 0; i < SW_N(optional); i++) {
        SwStr v = sw_str_map_find(&s->attributes, sw_str(optional[i]));
        if (sw_str_is(v))
            sw_str_map_set(cx->arena, &out->attributes, sw_str(optional[i]), v);
    }
    if (sw_str_eqz(s->protocol, "sqs"))
        return 0;
    SnsTopicRecord *t;
    SnsRetry r;
    if (sns_topic_of(cx, s->topic, &t, err) < 0 || sns_retry_of(cx, t, s, &r, err) < 0)
        return -1;
    sw_str_map_set(cx->arena, &out->attributes, SW_STR("EffectiveDeliveryPolicy"), sns_retry_text(cx->arena, &r));
    return 0;
}

int sns_set_subscription_attributes(SwCtx *cx, const SnsSetSubscriptionAttributesInput *in, void *out, SwError *err) {
    SnsSubscriptionRecord *s;
    if (sns_subscription_of(cx, in->subscription_arn, &s, err) < 0 ||
        set_attribute(cx, s, in->attribute_name, in->attribute_value.p ? in->attribute_value : SW_STR(""), "", err) < 0 ||
        sns_filter_check(cx, s, "", err) < 0)
        return -1;
    return sns_subscriptions_put(cx->tx, s->arn, s, err);
}
