/* SPDX-License-Identifier: Apache-2.0 */
/* What a topic can be told, and its policy: attributes, AddPermission, RemovePermission. */

#include "policy/policy.h"
#include "services/sns/retry.h"
#include "services/sns/sns.h"

/* AWS's policy for a topic that was given none: its own account may do everything. */
static SwStr default_policy(SwCtx *cx, SwStr arn) {
    return sw_strf(
        cx->arena,
        "{\"Version\":\"2008-10-17\",\"Id\":\"__default_policy_ID\",\"Statement\":[{\"Sid\":\"__default_statement_ID\","
        "\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":[\"SNS:GetTopicAttributes\",\"SNS:SetTopicAttributes\","
        "\"SNS:AddPermission\",\"SNS:RemovePermission\",\"SNS:DeleteTopic\",\"SNS:Subscribe\",\"SNS:ListSubscriptionsByTopic\","
        "\"SNS:Publish\"],\"Resource\":\"%.*s\",\"Condition\":{\"StringEquals\":{\"AWS:SourceOwner\":\"%.*s\"}}}]}",
        SW_FMT(arn), SW_FMT(cx->account));
}

static SwStr policy_of(SwCtx *cx, const SnsTopicRecord *t) {
    return sw_str_or(sw_str_map_find(&t->attributes, SW_STR("Policy")), default_policy(cx, t->arn));
}

int sns_topic_policy(SwCtx *cx, const SwFound *f, SwStr *ret_document, SwError *err) {
    *ret_document = policy_of(cx, sns_topic_found(f));
    return 0;
}

/* words: what it may be, none: any text. `otherwise`: what it is where nothing was said. */
static const struct Attribute {
    const char *name, *otherwise;
    const char *words[3];
    bool fifo;
} attributes[] = {
    {"DisplayName", "", {NULL}, false},
    {"Policy", NULL, {NULL}, false},
    {"DeliveryPolicy", NULL, {NULL}, false},
    {"KmsMasterKeyId", NULL, {NULL}, false},
    {"SignatureVersion", NULL, {"1", "2"}, false},
    {"TracingConfig", NULL, {"PassThrough"}, false},
    {"FifoTopic", NULL, {"true"}, true},
    {"ContentBasedDeduplication", "false", {"true", "false"}, true},
    {"FifoThroughputScope", NULL, {"Topic", "MessageGroup"}, true},
};
static const char *const refused[] = {"ArchivePolicy", "BeginningArchiveTime"};

static const struct Attribute *find(SwStr name) {
    for (size_t i = 0; i < SW_N(attributes); i++)
        if (sw_str_eqz(name, attributes[i].name))
            return &attributes[i];
    return NULL;
}

static int not_available(SwError *err, SwStr name) {
    return sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: %.*s is not available", SW_FMT(name));
}

/* Logs of deliveries to CloudWatch, of each kind of endpoint. To have none is all that can be asked for, and many clients
 * ask for it: a sample of 0 percent, no role. */
static const char *const endpoints[] = {"HTTP", "Lambda", "SQS", "Firehose", "Application"};

static bool is_feedback(SwStr name, const char *what) {
    for (size_t i = 0; i < SW_N(endpoints); i++)
        if (sw_str_starts(name, sw_str(endpoints[i])) && sw_str_eqz(sw_str_skip(name, strlen(endpoints[i])), what))
            return true;
    return false;
}

static bool is_role(SwStr name) {
    return is_feedback(name, "SuccessFeedbackRoleArn") || is_feedback(name, "FailureFeedbackRoleArn");
}

static int check_rate(SwStr name, SwStr value, SwError *err) {
    int64_t v;
    if (!sw_str_is(value))
        return 0;
    if (!sw_str_to_i64(value, &v) || v < 0 || v > 100)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: %.*s: Invalid value [%.*s].", SW_FMT(name),
                       SW_FMT(value));
    return v ? not_available(err, name) : 0;
}

/* In the form in which it is kept: "True" is "true". */
static SwStr normal(SwCtx *cx, SwStr name, SwStr value) {
    bool flag = sw_str_eqz(name, "FifoTopic") || sw_str_eqz(name, "ContentBasedDeduplication");
    return flag ? sw_str_lower(cx->arena, value) : value;
}

static int check(SwCtx *cx, const SnsTopicRecord *t, SwStr name, SwStr value, SwError *err) {
    const struct Attribute *a = find(name);
    const SwPolicy *parsed;
    SnsRetry r = sns_retry_default();
    for (size_t i = 0; i < SW_N(refused); i++)
        if (sw_str_eqz(name, refused[i]))
            return sw_str_is(value) ? not_available(err, name) : 0;
    if (is_feedback(name, "SuccessFeedbackSampleRate"))
        return check_rate(name, value, err);
    if (is_role(name))
        return sw_str_is(value) ? not_available(err, name) : 0;
    if (!a || (a->fifo && !sns_topic_is_fifo(t)))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: Unknown attribute: %.*s", SW_FMT(name));
    if (sw_str_eqz(name, "DisplayName") && value.n > 100)
        return sw_fail(err, &sns_invalid,
                       "Invalid parameter: Attributes Reason: DisplayName must be at most 100 characters long");
    if (sw_str_eqz(name, "KmsMasterKeyId") && value.n > 2048)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: KmsMasterKeyId is too long");
    if (sw_str_eqz(name, "Policy") && sw_str_is(value) &&
        sw_policy_parse(cx->arena, value, SW_POLICY_RESOURCE, &parsed, err) < 0)
        return sw_fail(err, &sns_invalid, "Invalid parameter: Policy Error: %s", err->message);
    if (sw_str_eqz(name, "DeliveryPolicy") && sns_retry_read(cx->arena, value, true, &r, &sns_invalid, err) < 0)
        return -1;
    for (size_t i = 0; i < SW_N(a->words) && a->words[i]; i++)
        if (sw_str_eqz(value, a->words[i]))
            return 0;
    return a->words[0] ? sw_fail(err, &sns_invalid, "Invalid parameter: Attributes Reason: %.*s: Invalid value [%.*s].",
                                 SW_FMT(name), SW_FMT(value))
                       : 0;
}

int sns_topic_set(SwCtx *cx, SnsTopicRecord *t, SwStr name, SwStr value, SwError *err) {
    value = normal(cx, name, value);
    if (check(cx, t, name, value, err) < 0)
        return -1;
    if (find(name) || is_feedback(name, "SuccessFeedbackSampleRate"))
        sw_str_map_set(cx->arena, &t->attributes, name, value);
    return 0;
}

bool sns_topic_has(SwCtx *cx, const SnsTopicRecord *t, SwStr name, SwStr given) {
    const struct Attribute *a = find(name);
    SwStr have = sw_str_map_find(&t->attributes, name), value = normal(cx, name, given);
    if (!have.p && a && a->otherwise)
        have = sw_str(a->otherwise);
    if (!have.p && sw_str_eqz(name, "FifoTopic"))
        have = SW_STR("false");
    if (!have.p && sw_str_eqz(name, "FifoThroughputScope"))
        have = SW_STR("Topic");
    if (!have.p && is_feedback(name, "SuccessFeedbackSampleRate"))
        have = SW_STR("0");
    return sw_str_is(have) ? sw_str_eq(have, value) : !sw_str_is(value);
}

int sns_get_topic_attributes(SwCtx *cx, const SnsGetTopicAttributesInput *in, SnsGetTopicAttributesResponse *out,
                             SwError *err) {
    SnsTopicRecord *t;
    SnsSubscriptionRecords l;
    size_t confirmed = 0;
    if (sns_topic_of(cx, in->topic_arn, &t, err) < 0 || sns_subscriptions_of(cx, t->arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        confirmed += SW_OR(l.v[i].record->confirmed, false);
    const struct {
        const char *name;
        SwStr value;
    } computed[] = {
        {"TopicArn", t->arn},
        {"Owner", cx->account},
        {"Policy", policy_of(cx, t)},
        {"SubscriptionsConfirmed", sw_strf(cx->arena, "%zu", confirmed)},
        {"SubscriptionsPending", sw_strf(cx->arena, "%zu", l.n - confirmed)},
        {"SubscriptionsDeleted", SW_STR("0")},
    };
    for (size_t i = 0; i < SW_N(attributes); i++) {
        SwStr v = sw_str_map_find(&t->attributes, sw_str(attributes[i].name));
        if (!v.p && (!attributes[i].fifo || sns_topic_is_fifo(t)))
            v = sw_str(attributes[i].otherwise);
        if (v.p)
            sw_str_map_set(cx->arena, &out->attributes, sw_str(attributes[i].name), v);
    }
    for (size_t i = 0; i < t->attributes.n; i++)
        if (is_feedback(t->attributes.v[i].key, "SuccessFeedbackSampleRate") && sw_str_is(t->attributes.v[i].value))
            sw_str_map_set(cx->arena, &out->attributes, t->attributes.v[i].key, t->attributes.v[i].value);
    for (size_t i = 0; i < SW_N(computed); i++)
        sw_str_map_set(cx->arena, &out->attributes, sw_str(computed[i].name), computed[i].value);
    SnsRetry r = sns_retry_default();
    if (sns_retry_read(cx->arena, sw_str_map_find(&t->attributes, SW_STR("DeliveryPolicy")), true, &r, &sns_invalid, err) < 0)
        return -1;
    sw_str_map_set(cx->arena, &out->attributes, SW_STR("EffectiveDeliveryPolicy"), sns_retry_topic_text(cx->arena, &r));
    return 0;
}

int sns_set_topic_attributes(SwCtx *cx, const SnsSetTopicAttributesInput *in, void *out, SwError *err) {
    SnsTopicRecord *t;
    if (sns_topic_of(cx, in->topic_arn, &t, err) < 0)
        return -1;
    if (sw_str_eqz(in->attribute_name, "FifoTopic"))
        return sw_fail(err, &sns_invalid, "Invalid parameter: AttributeName");
    if (sns_topic_set(cx, t, in->attribute_name, in->attribute_value.p ? in->attribute_value : SW_STR(""), err) < 0)
        return -1;
    return sns_topic_put(cx, t->name, t, err);
}

int sns_add_permission(SwCtx *cx, const SnsAddPermissionInput *in, void *out, SwError *err) {
    SnsTopicRecord *t;
    if (sns_topic_of(cx, in->topic_arn, &t, err) < 0)
        return -1;
    if (!in->aws_account_id.n || !in->action_name.n)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %s", in->action_name.n ? "AWSAccountId" : "ActionName");
    SwStr policy = policy_of(cx, t);
    SwPolicyPermission p = {.id = SW_STR("__default_policy_ID"),
                            .label = in->label,
                            .accounts = &in->aws_account_id,
                            .actions = &in->action_name,
                            .vendor = "SNS",
                            .resource = t->arn};
    if (sw_policy_add(cx->arena, &policy, &p, &sns_invalid, err) < 0)
        return -1;
    sw_str_map_set(cx->arena, &t->attributes, SW_STR("Policy"), policy);
    return sns_topic_put(cx, t->name, t, err);
}

int sns_remove_permission(SwCtx *cx, const SnsRemovePermissionInput *in, void *out, SwError *err) {
    SnsTopicRecord *t;
    if (sns_topic_of(cx, in->topic_arn, &t, err) < 0)
        return -1;
    SwStr policy = policy_of(cx, t);
    if (!sw_policy_remove(cx->arena, &policy, in->label))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Label Reason: no statement has it");
    sw_str_map_set(cx->arena, &t->attributes, SW_STR("Policy"), policy);
    return sns_topic_put(cx, t->name, t, err);
}
