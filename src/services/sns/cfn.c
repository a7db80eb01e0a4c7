/* SPDX-License-Identifier: Apache-2.0 */
/* Subscription of AWS::SNS::Topic: what a topic's own declaration subscribes to it. Each is a subscription like any other; one
 * that waits for its endpoint to confirm cannot be unsubscribed, as on AWS, and goes with the topic. */

#include "services/sns/sns.h"

typedef struct Subscriptions {
    SnsSubscription *v;
    size_t n;
} Subscriptions;

static int list(SwCtx *cx, SwStr topic, Subscriptions *ret, SwError *err) {
    SnsListSubscriptionsByTopicInput in = {.topic_arn = topic};
    SnsListSubscriptionsByTopicResponse *out;
    *ret = (Subscriptions){0};
    do {
        if (sns_call_list_subscriptions_by_topic(cx, &in, &out, err) < 0)
            return -1;
        for (size_t i = 0; i < out->subscriptions.n; i++)
            *sw_list_add(cx->arena, ret) = out->subscriptions.v[i];
        in.next_token = out->next_token;
    } while (sw_str_is(in.next_token));
    return 0;
}

int sns_topic_subscriptions(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) {
    Subscriptions all;
    if (list(cx, sns_topic_found(f)->arn, &all, err) < 0)
        return -1;
    *ret = all.n ? sw_value_array() : (SwValue){0};
    for (size_t i = 0; i < all.n; i++) {
        SwValue one = sw_value_object();
        sw_value_set(cx->arena, &one, SW_STR("Endpoint"), sw_value_string(all.v[i].endpoint));
        sw_value_set(cx->arena, &one, SW_STR("Protocol"), sw_value_string(all.v[i].protocol));
        sw_value_add(cx->arena, ret, one);
    }
    return 0;
}

static int unsubscribe(SwCtx *cx, const Subscriptions *all, const SwValue *gone, SwError *err) {
    SwStr endpoint = sw_value_str(sw_value_getz(gone, "Endpoint")), protocol = sw_value_str(sw_value_getz(gone, "Protocol"));
    void *out;
    for (size_t i = 0; i < all->n; i++) {
        const SnsSubscription *s = &all->v[i];
        if (!sw_str_eq(s->endpoint, endpoint) || !sw_str_eq(s->protocol, protocol) ||
            !sw_str_starts(s->subscription_arn, SW_STR("arn:")))
            continue;
        if (sns_call_unsubscribe(cx, &(SnsUnsubscribeInput){.subscription_arn = s->subscription_arn}, &out, err) < 0)
            return -1;
    }
    return 0;
}

int sns_topic_subscribe(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want,
                        SwError *err) {
    SwStr topic = sns_topic_found(f)->arn;
    Subscriptions all = {0};
    SnsSubscribeResponse *out;
    if (!want) /* with the topic, all of them go */
        return 0;
    if (was && list(cx, topic, &all, err) < 0)
        return -1;
    for (size_t i = 0; was && i < was->n; i++)
        if (!sw_value_has(want, &was->v[i]) && unsubscribe(cx, &all, &was->v[i], err) < 0)
            return -1;
    for (size_t i = 0; i < want->n; i++) {
        SnsSubscribeInput in = {.topic_arn = topic,
                                .endpoint = sw_value_str(sw_value_getz(&want->v[i], "Endpoint")),
                                .protocol = sw_value_str(sw_value_getz(&want->v[i], "Protocol"))};
        if (!sw_value_has(was, &want->v[i]) && sns_call_subscribe(cx, &in, &out, err) < 0)
            return -1;
    }
    return 0;
}
