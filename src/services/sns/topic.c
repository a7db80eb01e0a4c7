/* SPDX-License-Identifier: Apache-2.0 */
/* Topics: life, lists, tags. */

#include "services/sns/sns.h"

#include "api/tags.h"

const SwCollection sns_topics = {.name = "sns/topic", .shape = &sns_shape_topic_record};
const SwErrorKind sns_invalid = {.code = "InvalidParameter", .http = 400};

static int missing(SwError *err) {
    return sw_fail(err, &SNS_NOT_FOUND_EXCEPTION, "Topic does not exist");
}

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

int sns_topic_get(SwCtx *cx, SwStr text, SnsTopicRecord **ret_t, SwError *err) {
    SwArn arn;
    void *t;
    if (sns_arn_check(cx, text, "TopicArn", &arn, err) < 0)
        return -1;
    if (!sw_str_eq(arn.account, cx->account))
        return missing(err);
    if (sw_doc_get(cx->tx, &sns_topics, arn.resource, &t, err) < 0)
        return -1;
    *ret_t = t;
    return t ? 0 : missing(err);
}

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

static const SwTagRules tag_rules = {
    .max = 50,
    .too_many = {&SNS_TAG_LIMIT_EXCEEDED_EXCEPTION, "Could not complete request: tag quota of per resource exceeded"},
    .reserved = {&sns_invalid, "Invalid parameter: Tags Reason: Tag keys starting with aws: are reserved"},
    .duplicate = {&sns_invalid, "Invalid parameter: Duplicated keys are not allowed."},
};

int sns_create_topic(SwCtx *cx, const SnsCreateTopicInput *in, SnsCreateTopicResponse *out, SwError *err) {
    const SwStr suffix = SW_STR(".fifo");
    bool fifo = sw_str_ends(in->name, suffix),
         said = sw_str_ieq(sw_str_map_get(&in->attributes, SW_STR("FifoTopic")), SW_STR("true"));
    void *existing;
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
    if (sw_doc_get(cx->tx, &sns_topics, in->name, &existing, err) < 0)
        return -1;
    SnsTopicRecord t = {.name = in->name, .arn = sw_arn(cx, "sns", "%.*s", SW_FMT(in->name)), .tags = in->tags};
    out->topic_arn = t.arn;
    if (sw_tags_check(&tag_rules, t.arn, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    if (existing)
        return check_same(cx, existing, in, err);
    for (size_t i = 0; i < in->attributes.n; i++)
        if (!sw_str_ieq(in->attributes.v[i].value, SW_STR("false")) || !sw_str_eqz(in->attributes.v[i].key, "FifoTopic"))
            if (sns_topic_set(cx, &t, in->attributes.v[i].key, in->attributes.v[i].value, err) < 0)
                return -1;
    return sw_doc_put(cx->tx, &sns_topics, t.name, &t, err);
}

int sns_delete_topic(SwCtx *cx, const SnsDeleteTopicInput *in, void *out, SwError *err) {
    SwArn arn;
    SwDocList l;
    if (sns_arn_check(cx, in->topic_arn, "TopicArn", &arn, err) < 0)
        return -1;
    if (!sw_str_eq(arn.account, cx->account))
        return missing(err);
    if (sw_doc_delete(cx->tx, &sns_topics, arn.resource, NULL, err) < 0 || sns_subscriptions_of(cx, in->topic_arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (sw_doc_delete(cx->tx, &sns_subscriptions, l.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}

static int show_topic(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    ((SnsTopic *)to)->topic_arn = ((const SnsTopicRecord *)row->record)->arn;
    return 0;
}

int sns_list_topics(SwCtx *cx, const SnsListTopicsInput *in, SnsListTopicsResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &sns_topics, .show = show_topic, .usual = 100}, out, err);
}

static int tagged(SwCtx *cx, SwStr arn, SnsTopicRecord **ret_t, SwError *err) {
    if (sns_topic_get(cx, arn, ret_t, err) == 0)
        return 0;
    return sw_error_is(err, &SNS_NOT_FOUND_EXCEPTION)
               ? sw_fail(err, &SNS_RESOURCE_NOT_FOUND_EXCEPTION, "Resource does not exist")
               : -1;
}

static int set_tags(SwCtx *cx, SwStr arn, const SnsTagList *add, const SwStrList *remove, SwError *err) {
    SnsTopicRecord *t;
    if (tagged(cx, arn, &t, err) < 0 ||
        (add && sw_tags_merge(cx->arena, &tag_rules, arn, SW_TAGS(&t->tags), SW_GIVEN_TAGS(add), err) < 0))
        return -1;
    if (remove)
        sw_tags_remove(cx->arena, &tag_rules, SW_TAGS(&t->tags), remove);
    return sw_doc_put(cx->tx, &sns_topics, t->name, t, err);
}

int sns_tag_resource(SwCtx *cx, const SnsTagResourceRequest *in, SnsTagResourceResponse *out, SwError *err) {
    return set_tags(cx, in->resource_arn, &in->tags, NULL, err);
}

int sns_untag_resource(SwCtx *cx, const SnsUntagResourceRequest *in, SnsUntagResourceResponse *out, SwError *err) {
    return set_tags(cx, in->resource_arn, NULL, &in->tag_keys, err);
}

int sns_list_tags_for_resource(SwCtx *cx, const SnsListTagsForResourceRequest *in, SnsListTagsForResourceResponse *out,
                               SwError *err) {
    SnsTopicRecord *t;
    if (tagged(cx, in->resource_arn, &t, err) < 0)
        return -1;
    out->tags = t->tags;
    sw_list_present(cx->arena, &out->tags);
    return 0;
}
