/* SPDX-License-Identifier: Apache-2.0 */
/* Topics: life, lists, tags. Names and ARNs are declared in models/resources/sns.json. */

#include "services/sns/sns.h"

const SwErrorKind sns_invalid = {.code = "InvalidParameter", .http = 400};

int sns_arn_check(SwCtx *cx, SwStr text, const char *member, SwArn *ret_arn, SwError *err) {
    size_t elements = 1;
    for (size_t i = 0; i < text.n; i++)
        elements += text.p[i] == ':';
    if (elements < 6)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %s Reason: An ARN must have at least 6 elements, not %zu", member,
                       elements);
    if (!sw_arn_parse(text, ret_arn) || !sw_str_eqz(ret_arn->service, "sns") || !sw_str_eq(ret_arn->region, cx->region))
        return sw_fail(err, &sns_invalid, "Invalid parameter: %s", member);
    return 0;
}

int sns_topic_of(SwCtx *cx, SwStr arn, SnsTopicRecord **ret_t, SwError *err) {
    SwArn parsed;
    return sns_arn_check(cx, arn, "TopicArn", &parsed, err) < 0 ? -1 : sns_topic_by_reference(cx, arn, ret_t, err);
}

/* What is done to a subscription is done to its topic. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    const SwResource *s = &sns_subscription_resource, *t = &sns_topic_resource;
    SwParts p;
    return sw_resource_read(s, s->arn[0], ref, &p) ? sw_resource_write(cx, t, t->arn[0], &p) : SW_NO_STR;
}

const SwResourceHooks sns_subscription_hooks = {.named = named, .cfn_like = sns_subscription_like};
const SwResourceHooks sns_topic_hooks = {.policy = sns_topic_policy,
                                         .cfn_get = sns_topic_subscriptions,
                                         .cfn_set = sns_topic_subscribe};

static bool has_policy(SwCtx *cx, const void *record) {
    return sw_str_is(sw_str_map_find(&((const SnsTopicRecord *)record)->attributes, SW_STR("Policy")));
}

const SwResourceHooks sns_topic_inline_policy_hooks = {.exists = has_policy};

static bool good_name(SwStr s) {
    return s.n >= 1 && s.n <= 256 && sw_str_all(s, "a-zA-Z0-9_-");
}

static bool same_tags(const SnsTagList *have, const SnsTagList *given) {
    for (size_t i = 0; i < given->n; i++) {
        bool found = false;
        for (size_t k = 0; k < have->n && !found; k++)
            found = sw_str_eq(have->v[k].key, given->v[i].key) && sw_str_eq(have->v[k].value, given->v[i].value);
        if (!found)
            return false;
    }
    return true;
}

/* Creating a topic that is there answers with it, unless something about it was to be different. */
static int check_same(SwCtx *cx, const SnsTopicRecord *t, const SnsCreateTopicInput *in, SwError *err) {
    for (size_t i = 0; i < in->attributes.n; i++)
        if (!sns_topic_has(cx, t, in->attributes.v[i].key, in->attributes.v[i].value))
            return sw_fail(err, &sns_invalid,
                           "Invalid parameter: Attributes Reason: Topic already exists with different attributes");
    if (!same_tags(&t->tags, &in->tags))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Tags Reason: Topic already exists with different tags");
    return 0;
}

int sns_create_topic(SwCtx *cx, const SnsCreateTopicInput *in, SnsCreateTopicResponse *out, SwError *err) {
    const SwStr suffix = SW_STR(".fifo");
    bool fifo = sw_str_ends(in->name, suffix),
         said = sw_str_ieq(sw_str_map_find(&in->attributes, SW_STR("FifoTopic")), SW_STR("true"));
    SnsTopicRecord *existing;
    if (said && !fifo)
        return sw_fail(
            err, &sns_invalid,
            "Invalid parameter: Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only uppercase "
            "and "
            "lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.");
    if (in->name.n > 256 || (fifo && !said) || !good_name(fifo ? sw_str_drop(in->name, suffix.n) : in->name))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Topic Name");
    if (sw_str_is(in->data_protection_policy))
        return sw_fail(err, &sns_invalid, "Invalid parameter: DataProtectionPolicy Reason: is not available");
    if (sns_topic_find(cx, in->name, &existing, err) < 0)
        return -1;
    SnsTopicRecord t = {.name = in->name, .arn = sns_topic_arn(cx, in->name)};
    out->topic_arn = t.arn;
    if (sns_topic_set_tags(cx, t.name, &t, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    if (existing)
        return check_same(cx, existing, in, err);
    for (size_t i = 0; i < in->attributes.n; i++)
        if (!sw_str_ieq(in->attributes.v[i].value, SW_STR("false")) || !sw_str_eqz(in->attributes.v[i].key, "FifoTopic"))
            if (sns_topic_set(cx, &t, in->attributes.v[i].key, in->attributes.v[i].value, err) < 0)
                return -1;
    return sns_topic_put(cx, t.name, &t, err);
}

int sns_delete_topic(SwCtx *cx, const SnsDeleteTopicInput *in, void *out, SwError *err) {
    SwArn arn;
    SnsSubscriptionRecords l;
    if (sns_arn_check(cx, in->topic_arn, "TopicArn", &arn, err) < 0)
        return -1;
    if (!sw_str_eq(arn.account, cx->account))
        return sw_resource_fail(cx, &sns_topic_resource, &sns_topic_resource.missing, in->topic_arn, err);
    if (sns_topic_delete(cx, arn.resource, err) < 0 || sns_subscriptions_of(cx, in->topic_arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (sns_subscriptions_delete(cx->tx, l.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}

static int show_topic(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    ((SnsTopic *)to)->topic_arn = sns_topics_row(row)->arn;
    return 0;
}

int sns_list_topics(SwCtx *cx, const SnsListTopicsInput *in, SnsListTopicsResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &sns_topics, .show = show_topic, .usual = 100}, out, err);
}

static int check_tagged(SwCtx *cx, SwStr arn, SwError *err) {
    SwArn parsed;
    return sns_arn_check(cx, arn, "TopicArn", &parsed, err);
}

int sns_tag_resource(SwCtx *cx, const SnsTagResourceRequest *in, SnsTagResourceResponse *out, SwError *err) {
    if (check_tagged(cx, in->resource_arn, err) < 0)
        return -1;
    return sw_op_tag(cx, sns_declarations.resource, SW_ONE(in->resource_arn), SW_GIVEN_TAGS(&in->tags), err);
}

int sns_untag_resource(SwCtx *cx, const SnsUntagResourceRequest *in, SnsUntagResourceResponse *out, SwError *err) {
    if (check_tagged(cx, in->resource_arn, err) < 0)
        return -1;
    return sw_op_untag(cx, sns_declarations.resource, SW_ONE(in->resource_arn), &in->tag_keys, err);
}

int sns_list_tags_for_resource(SwCtx *cx, const SnsListTagsForResourceRequest *in, SnsListTagsForResourceResponse *out,
                               SwError *err) {
    SwStrMap *tags;
    if (check_tagged(cx, in->resource_arn, err) < 0 ||
        sw_op_tags(cx, sns_declarations.resource, in->resource_arn, &tags, err) < 0)
        return -1;
    *SW_TAGS(&out->tags) = *tags;
    sw_list_present(cx->arena, &out->tags);
    return 0;
}
