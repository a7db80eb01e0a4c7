/* SPDX-License-Identifier: Apache-2.0 */
/* Topics: life, attributes, tags. */

#include "services/sns/sns.h"

const SwCollection sns_topics = {.name = "sns/topic", .shape = &sns_shape_topic_record};
const SwErrorKind sns_invalid = {.code = "InvalidParameter", .http = 400};

static int missing(SwError *err) {
    return sw_fail(err, &SNS_NOT_FOUND_EXCEPTION, "Topic does not exist");
}

int sns_topic_get(SwCtx *cx, SwStr text, SnsTopicRecord **ret_t, SwError *err) {
    SwArn arn;
    void *t;
    if (!sw_arn_parse(text, &arn) || !sw_str_eqz(arn.service, "sns"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: TopicArn");
    if (!sw_str_eq(arn.account, cx->account) || !sw_str_eq(arn.region, cx->region))
        return missing(err);
    if (sw_doc_get(cx->tx, &sns_topics, arn.resource, &t, err) < 0)
        return -1;
    *ret_t = t;
    return t ? 0 : missing(err);
}

static int set_attribute(SwCtx *cx, SnsTopicRecord *t, SwStr name, SwStr value, SwError *err) {
    static const char *const kept[] = {"DisplayName", "Policy", "SignatureVersion"};
    static const char *const refused[] = {"FifoTopic", "ContentBasedDeduplication", "KmsMasterKeyId", "DeliveryPolicy", "TracingConfig",
                                          "ArchivePolicy", "FifoThroughputScope"};
    for (size_t i = 0; i < SW_N(refused); i++)
        if (sw_str_eqz(name, refused[i])) {
            bool harmless = !sw_str_is(value) || sw_str_eqz(value, "false") || sw_str_eqz(value, "PassThrough");
            return harmless ? 0 : sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: %.*s is not available", SW_FMT(name));
        }
    if (sw_str_eqz(name, "SignatureVersion") && !sw_str_eqz(value, "1") && !sw_str_eqz(value, "2"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: SignatureVersion must be 1 or 2");
    for (size_t i = 0; i < SW_N(kept); i++)
        if (sw_str_eqz(name, kept[i])) {
            sw_str_map_set(cx->arena, &t->attributes, name, value);
            return 0;
        }
    return sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: Unknown attribute: %.*s", SW_FMT(name));
}

static bool good_name(SwStr s) {
    bool good = s.n >= 1 && s.n <= 256;
    for (size_t i = 0; i < s.n; i++)
        good &= s.p[i] == '-' || s.p[i] == '_' || (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z');
    return good;
}

int sns_create_topic(SwCtx *cx, const SnsCreateTopicInput *in, SnsCreateTopicResponse *out, SwError *err) {
    void *existing;
    if (sw_str_ends(in->name, SW_STR(".fifo")))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Name Reason: FIFO topics are not available");
    if (!good_name(in->name))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Topic Name");
    if (sw_str_is(in->data_protection_policy))
        return sw_fail(err, &sns_invalid, "Invalid parameter: DataProtectionPolicy Reason: is not available");
    if (sw_doc_get(cx->tx, &sns_topics, in->name, &existing, err) < 0)
        return -1;
    SnsTopicRecord fresh = {.name = in->name, .arn = sw_arn(cx, "sns", "%.*s", SW_FMT(in->name)), .tags = in->tags};
    SnsTopicRecord *t = existing ? existing : &fresh;
    for (size_t i = 0; i < in->attributes.n; i++) {
        SwStr have = sw_str_map_get(&t->attributes, in->attributes.v[i].key);
        if (existing && !sw_str_eq(have, in->attributes.v[i].value))
            return sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: Topic already exists with different attributes");
        if (!existing && set_attribute(cx, t, in->attributes.v[i].key, in->attributes.v[i].value, err) < 0)
            return -1;
    }
    out->topic_arn = t->arn;
    return existing ? 0 : sw_doc_put(cx->tx, &sns_topics, t->name, t, err);
}

int sns_delete_topic(SwCtx *cx, const SnsDeleteTopicInput *in, void *out, SwError *err) {
    SwArn arn;
    SwDocList l;
    if (!sw_arn_parse(in->topic_arn, &arn) || !sw_str_eqz(arn.service, "sns"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: TopicArn");
    if (sw_doc_delete(cx->tx, &sns_topics, arn.resource, NULL, err) < 0 || sns_subscriptions_of(cx, in->topic_arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (sw_doc_delete(cx->tx, &sns_subscriptions, l.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}

int sns_list_topics(SwCtx *cx, const SnsListTopicsInput *in, SnsListTopicsResponse *out, SwError *err) {
    SwDocQuery q = {.limit = 100};
    SwDocList l;
    if (sw_str_is(in->next_token) && !sw_page_token_read(cx->arena, "ListTopics", in->next_token, &q.after))
        return sw_fail(err, &sns_invalid, "Invalid parameter: NextToken");
    if (sw_doc_list(cx->tx, &sns_topics, &q, &l, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->topics);
    for (size_t i = 0; i < l.n; i++)
        sw_list_add(cx->arena, &out->topics)->topic_arn = ((SnsTopicRecord *)l.v[i].record)->arn;
    if (sw_str_is(l.next))
        out->next_token = sw_page_token(cx->arena, "ListTopics", l.next);
    return 0;
}

/* AWS's policy for a topic that was given none: its own account may do everything. */
static SwStr default_policy(SwCtx *cx, SwStr arn) {
    return sw_strf(cx->arena, "{\"Version\":\"2008-10-17\",\"Id\":\"__default_policy_ID\",\"Statement\":[{\"Sid\":\"__default_statement_ID\","
                   "\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":[\"SNS:GetTopicAttributes\",\"SNS:SetTopicAttributes\","
                   "\"SNS:AddPermission\",\"SNS:RemovePermission\",\"SNS:DeleteTopic\",\"SNS:Subscribe\",\"SNS:ListSubscriptionsByTopic\","
                   "\"SNS:Publish\"],\"Resource\":\"%.*s\",\"Condition\":{\"StringEquals\":{\"AWS:SourceOwner\":\"%.*s\"}}}]}",
                   SW_FMT(arn), SW_FMT(cx->account));
}

int sns_get_topic_attributes(SwCtx *cx, const SnsGetTopicAttributesInput *in, SnsGetTopicAttributesResponse *out, SwError *err) {
    SnsTopicRecord *t;
    SwDocList l;
    size_t confirmed = 0;
    if (sns_topic_get(cx, in->topic_arn, &t, err) < 0 || sns_subscriptions_of(cx, t->arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        confirmed += SW_OR(((SnsSubscriptionRecord *)l.v[i].record)->confirmed, false);
    const struct { const char *name; SwStr value; } all[] = {
        {"TopicArn", t->arn},
        {"Owner", cx->account},
        {"Policy", sw_str_or(sw_str_map_get(&t->attributes, SW_STR("Policy")), default_policy(cx, t->arn))},
        {"DisplayName", sw_str_or(sw_str_map_get(&t->attributes, SW_STR("DisplayName")), SW_STR(""))},
        {"SubscriptionsConfirmed", sw_strf(cx->arena, "%zu", confirmed)},
        {"SubscriptionsPending", sw_strf(cx->arena, "%zu", l.n - confirmed)},
        {"SubscriptionsDeleted", SW_STR("0")},
        {"SignatureVersion", sw_str_map_get(&t->attributes, SW_STR("SignatureVersion"))},
    };
    for (size_t i = 0; i < SW_N(all); i++)
        if (all[i].value.p)
            sw_str_map_set(cx->arena, &out->attributes, sw_str(all[i].name), all[i].value);
    return 0;
}

int sns_set_topic_attributes(SwCtx *cx, const SnsSetTopicAttributesInput *in, void *out, SwError *err) {
    SnsTopicRecord *t;
    if (sns_topic_get(cx, in->topic_arn, &t, err) < 0 || set_attribute(cx, t, in->attribute_name, in->attribute_value, err) < 0)
        return -1;
    return sw_doc_put(cx->tx, &sns_topics, t->name, t, err);
}

static int set_tags(SwCtx *cx, SwStr arn, const SnsTagList *add, const SwStrList *remove, SwError *err) {
    SnsTopicRecord *t;
    SnsTagList kept = {0};
    if (sns_topic_get(cx, arn, &t, err) < 0)
        return -1;
    for (size_t i = 0; i < t->tags.n; i++) {
        bool gone = remove && sw_str_list_has(remove, t->tags.v[i].key);
        for (size_t k = 0; add && k < add->n; k++)
            gone |= sw_str_eq(add->v[k].key, t->tags.v[i].key);
        if (!gone)
            *sw_list_add(cx->arena, &kept) = t->tags.v[i];
    }
    for (size_t k = 0; add && k < add->n; k++)
        *sw_list_add(cx->arena, &kept) = add->v[k];
    if (kept.n > 50)
        return sw_fail(err, &SNS_TAG_LIMIT_EXCEEDED_EXCEPTION, "Could not complete request: tag quota of per resource exceeded");
    t->tags = kept;
    return sw_doc_put(cx->tx, &sns_topics, t->name, t, err);
}

int sns_tag_resource(SwCtx *cx, const SnsTagResourceRequest *in, SnsTagResourceResponse *out, SwError *err) {
    return set_tags(cx, in->resource_arn, &in->tags, NULL, err);
}

int sns_untag_resource(SwCtx *cx, const SnsUntagResourceRequest *in, SnsUntagResourceResponse *out, SwError *err) {
    return set_tags(cx, in->resource_arn, NULL, &in->tag_keys, err);
}

int sns_list_tags_for_resource(SwCtx *cx, const SnsListTagsForResourceRequest *in, SnsListTagsForResourceResponse *out, SwError *err) {
    SnsTopicRecord *t;
    if (sns_topic_get(cx, in->resource_arn, &t, err) < 0)
        return -1;
    out->tags = t->tags;
    sw_list_present(cx->arena, &out->tags);
    return 0;
}
