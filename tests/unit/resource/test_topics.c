/* SPDX-License-Identifier: Apache-2.0 */
/* Topics, subscriptions and policies of topics by their CloudFormation properties: attributes that are set one at a time, one
 * that is about another, and a list that takes several operations. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/sns_resources.gen.h"
#include "types.h"

extern const SwService sw_service_sqs, sw_service_sns;
static const SwService *const services[] = {&sw_service_sns, &sw_service_sqs, NULL};
#define TOPIC        &sns_topic_resource
#define SUBSCRIPTION &sns_subscription_resource
#define POLICY       &sns_topic_policy_resource
#define INLINE       &sns_topic_inline_policy_resource
#define SNS_ARN      "arn:aws:sns:us-east-1:000000000000:"
#define SQS_ARN      "arn:aws:sqs:us-east-1:000000000000:"

/* From one document to another; "" or the error's code. */
static const char *change(World *w, const SwResource *r, const char *identifier, const char *was, const char *want) {
    SwApplied done;
    const char *code = apply(w, r, identifier, parse(w, was), parse(w, want), &done);
    assert_false(!*code && done.replace);
    return code;
}

#define ENDPOINT(queue) "{\"Endpoint\":\"" SQS_ARN queue "\",\"Protocol\":\"sqs\"}"
#define HOOK            "{\"Endpoint\":\"http://localhost:1/hook\",\"Protocol\":\"http\"}"

static void a_topic_is_read_back_changed_and_ended(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const char *was = "{\"DisplayName\":\"News\",\"SignatureVersion\":\"2\",\"Subscription\":[" ENDPOINT("a") "," ENDPOINT(
        "b") "],\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}],\"TopicName\":\"news\",\"TracingConfig\":\"PassThrough\"}";
    const char *want = "{\"Subscription\":[" ENDPOINT("b") "," ENDPOINT("c") "],\"TopicName\":\"news\"}";
    const char *arn = make_one(w, TOPIC, was);
    assert_string_equal(arn, SNS_ARN "news");
    SwValue got = read_back(w, TOPIC, arn);
    assert_int_equal(sw_value_getz(&got, "Subscription")->n, 2); /* in the order of their ARNs, which are made up */
    assert_non_null(strstr(property(w, TOPIC, arn, "Subscription"), ENDPOINT("a")));
    assert_non_null(strstr(property(w, TOPIC, arn, "Subscription"), ENDPOINT("b")));
    assert_has(w, &got,
               parse(w, "{\"DisplayName\":\"News\",\"SignatureVersion\":\"2\",\"TopicArn\":\"" SNS_ARN "news\","
                        "\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}],\"TopicName\":\"news\","
                        "\"TracingConfig\":\"PassThrough\"}"));
    assert_string_equal(change(w, TOPIC, arn, was, want), "");
    assert_null(strstr(property(w, TOPIC, arn, "Subscription"), ENDPOINT("a")));
    assert_non_null(strstr(property(w, TOPIC, arn, "Subscription"), ENDPOINT("b")));
    assert_non_null(strstr(property(w, TOPIC, arn, "Subscription"), ENDPOINT("c")));
    got = read_back(w, TOPIC, arn);
    assert_has(w, &got, parse(w, "{\"DisplayName\":\"\",\"SignatureVersion\":\"1\",\"TracingConfig\":\"PassThrough\"}"));
    assert_null(sw_value_getz(&got, "Tags"));
    assert_string_equal(apply(w, TOPIC, "", NULL, parse(w, "{\"TopicName\":\"news\"}"), &done), "AlreadyExistsException");
    assert_string_equal(apply(w, TOPIC, arn, parse(w, want), parse(w, "{\"TopicName\":\"olds\"}"), &done), "");
    assert_true(done.replace);
    assert_int_equal(list_all(w, TOPIC).n, 1);
    assert_int_equal(list_all(w, SUBSCRIPTION).n, 2);
    assert_string_equal(apply(w, TOPIC, arn, parse(w, want), NULL, &done), "");
    assert_int_equal(list_all(w, TOPIC).n, 0);
    assert_int_equal(list_all(w, SUBSCRIPTION).n, 0);
    assert_gone(w, TOPIC, arn, NULL);
}

static void a_fifo_topic_is_named_as_one(void **state) {
    World *w = *state;
    if (!w)
        skip();
    const char *was = "{\"ContentBasedDeduplication\":true,\"FifoThroughputScope\":\"MessageGroup\",\"FifoTopic\":true}";
    const char *arn = make_one(w, TOPIC, was);
    assert_non_null(strstr(arn, ":Topic-"));
    assert_true(sw_str_ends(sw_str(arn), SW_STR(".fifo")));
    assert_reads_as(w, TOPIC, arn, parse(w, was));
    assert_string_equal(change(w, TOPIC, arn, was, "{\"FifoTopic\":true}"), "");
    assert_string_equal(property(w, TOPIC, arn, "ContentBasedDeduplication"), "false");
    assert_string_equal(property(w, TOPIC, arn, "FifoThroughputScope"), "\"Topic\"");
}

/* Nobody can take back what was not confirmed; it is no obstacle either. */
static void what_waits_to_be_confirmed_stays(void **state) {
    World *w = *state;
    if (!w)
        skip();
    const char *was = "{\"Subscription\":[" HOOK "],\"TopicName\":\"news\"}";
    const char *arn = make_one(w, TOPIC, was);
    assert_string_equal(property(w, TOPIC, arn, "Subscription"), "[" HOOK "]");
    assert_string_equal(change(w, TOPIC, arn, was, "{\"TopicName\":\"news\"}"), "");
    assert_string_equal(property(w, TOPIC, arn, "Subscription"), "[" HOOK "]");
}

#define OF(more) "{\"Endpoint\":\"" SQS_ARN "a\"," more "\"Protocol\":\"sqs\",\"TopicArn\":\"" SNS_ARN "news\"}"
#define FLAT     "\"FilterPolicy\":{\"colour\":[\"red\"]},"
#define NESTED   "\"FilterPolicy\":{\"paint\":{\"colour\":[\"red\"]}},\"FilterPolicyScope\":\"MessageBody\","

static void a_subscription_is_read_back_changed_and_ended(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, TOPIC, "{\"TopicName\":\"news\"}");
    const char *was = OF(FLAT "\"RawMessageDelivery\":true,\"RedrivePolicy\":{\"deadLetterTargetArn\":\"" SQS_ARN "dead\"},");
    const char *arn = make_one(w, SUBSCRIPTION, was);
    assert_true(sw_str_starts(sw_str(arn), SW_STR(SNS_ARN "news:")));
    SwValue got = read_back(w, SUBSCRIPTION, arn);
    assert_has(w, &got, parse(w, was));
    assert_string_equal(sw_str_z(w->arena, sw_value_str(sw_value_getz(&got, "Arn"))), arn);
    assert_string_equal(change(w, SUBSCRIPTION, arn, was, OF(NESTED)), ""); /* neither fits the other's half */
    got = read_back(w, SUBSCRIPTION, arn);
    assert_has(w, &got, parse(w, OF(NESTED "\"RawMessageDelivery\":false,")));
    assert_null(sw_value_getz(&got, "RedrivePolicy"));
    assert_string_equal(change(w, SUBSCRIPTION, arn, OF(NESTED), OF(FLAT)), "");
    assert_reads_as(w, SUBSCRIPTION, arn, parse(w, OF(FLAT "\"FilterPolicyScope\":\"MessageAttributes\",")));
    assert_string_equal(change(w, SUBSCRIPTION, arn, OF(FLAT), OF(FLAT "\"FilterPolicyScope\":\"MessageBody\",")), "");
    got = read_back(w, SUBSCRIPTION, arn);
    assert_has(w, &got, parse(w, OF(FLAT "\"FilterPolicyScope\":\"MessageBody\","))); /* the policy itself did not change */
    assert_string_equal(change(w, SUBSCRIPTION, arn, OF(FLAT), OF("")), "");
    assert_string_equal(property(w, SUBSCRIPTION, arn, "FilterPolicy"), "nothing");
    assert_int_equal(list_all(w, SUBSCRIPTION).n, 1);
    assert_string_equal(apply(w, SUBSCRIPTION, arn, parse(w, OF("")), NULL, &done), "");
    assert_int_equal(list_all(w, SUBSCRIPTION).n, 0);
    assert_gone(w, SUBSCRIPTION, arn, NULL);
}

/* An endpoint that has not confirmed has its ARN all the same. */
static void a_subscription_that_waits_is_one(void **state) {
    World *w = *state;
    if (!w)
        skip();
    make_one(w, TOPIC, "{\"TopicName\":\"news\"}");
    const char *was =
        "{\"DeliveryPolicy\":{\"healthyRetryPolicy\":{\"numRetries\":3}},\"Endpoint\":\"http://localhost:1/hook\","
        "\"Protocol\":\"http\",\"TopicArn\":\"" SNS_ARN "news\"}";
    const char *arn = make_one(w, SUBSCRIPTION, was);
    assert_true(sw_str_starts(sw_str(arn), SW_STR(SNS_ARN "news:")));
    assert_reads_as(w, SUBSCRIPTION, arn, parse(w, was));
}

#define DOCUMENT(action)          ANYBODY_MAY("sns:" action)
#define POLICY_OF(action, topics) "{\"PolicyDocument\":" DOCUMENT(action) ",\"Topics\":[" topics "]}"
#define NAMED(topic)              "\"" SNS_ARN topic "\""

static const char *policy_of(World *w, const char *topic) {
    SnsGetTopicAttributesInput in = {.topic_arn = sw_cat(w->arena, SW_STR(SNS_ARN), sw_str(topic))};
    SnsGetTopicAttributesResponse *out;
    assert_int_equal(sw_ctx_begin(w->cx, SW_READ, &w->err), 0);
    assert_int_equal(sns_call_get_topic_attributes(w->cx, &in, &out, &w->err), 0);
    sw_ctx_rollback(w->cx);
    return sw_str_z(w->arena, sw_str_map_find(&out->attributes, SW_STR("Policy")));
}

static void a_policy_lies_on_each_topic_that_it_names(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, TOPIC, "{\"TopicName\":\"a\"}");
    make_one(w, TOPIC, "{\"TopicName\":\"b\"}");
    const char *first = policy_of(w, "a"), *was = POLICY_OF("Publish", NAMED("a")), *want = POLICY_OF("Publish", NAMED("b"));
    const char *id = make_one(w, POLICY, was);
    assert_string_equal(policy_of(w, "a"), DOCUMENT("Publish"));
    assert_reads_as(w, POLICY, id, parse(w, was));
    assert_string_equal(change(w, POLICY, id, was, want), "");
    assert_string_equal(policy_of(w, "a"), first); /* as a topic has it that was given none */
    assert_string_equal(policy_of(w, "b"), DOCUMENT("Publish"));
    assert_string_equal(apply(w, POLICY, id, parse(w, want), NULL, &done), "");
    assert_null(strstr(policy_of(w, "b"), "2012-10-17"));
    assert_int_equal(list_all(w, POLICY).n, 0);
}

static void an_inline_policy_is_its_topics_own(void **state) {
    World *w = *state;
    if (!w)
        skip();
    (void)make_one(w, TOPIC, "{\"TopicName\":\"a\"}");
    const char *without = policy_of(w, "a");
    const char *was = "{\"PolicyDocument\":" DOCUMENT("Publish") ",\"TopicArn\":" NAMED("a") "}";
    const char *want = "{\"PolicyDocument\":" DOCUMENT("Subscribe") ",\"TopicArn\":" NAMED("a") "}";
    assert_string_equal(assert_life(w, INLINE, was, want), SNS_ARN "a");
    assert_string_equal(policy_of(w, "a"), without);
    (void)make_one(w, INLINE, was);
    assert_string_equal(policy_of(w, "a"), DOCUMENT("Publish"));
    assert_refuses(w, INLINE, "{\"PolicyDocument\":" DOCUMENT("Publish") ",\"TopicArn\":" NAMED("absent") "}",
                   "does not exist");
}

static void what_cannot_be_done_is_refused_by_name(void **state) {
    World *w = *state;
    if (!w)
        skip();
    static const Refusal bad[] = {
        {TOPIC, "{\"ArchivePolicy\":{\"MessageRetentionPeriod\":\"30\"}}", "ArchivePolicy is not supported"},
        {TOPIC, "{\"DataProtectionPolicy\":{\"a\":1}}", "DataProtectionPolicy is not supported"},
        {TOPIC, "{\"DeliveryStatusLogging\":[{\"Protocol\":\"sqs\"}]}", "DeliveryStatusLogging is not supported"},
        {TOPIC, "{\"MaximumMessageSize\":1024}", "MaximumMessageSize is not supported"},
        {TOPIC, "{\"TracingConfig\":\"Active\"}", "TracingConfig"},
        {TOPIC, "{\"Subscription\":[{\"Endpoint\":\"a@b.c\",\"Protocol\":\"email\"}]}", "email is not available"},
        {TOPIC, "{\"TopicArn\":\"arn:a\"}", "TopicArn: it is read only"},
        {SUBSCRIPTION, "{\"Protocol\":\"sqs\"}", "required key [TopicArn] not found"},
        {SUBSCRIPTION, "{\"Protocol\":\"sqs\",\"TopicArn\":\"a\",\"Region\":\"eu-west-1\"}", "Region is not supported"},
        {SUBSCRIPTION, "{\"Protocol\":\"sqs\",\"TopicArn\":\"a\",\"ReplayPolicy\":{\"a\":1}}", "ReplayPolicy is not supported"},
        {SUBSCRIPTION, "{\"Protocol\":\"sqs\",\"TopicArn\":\"a\",\"SubscriptionRoleArn\":\"b\"}", "SubscriptionRoleArn is not"},
        {POLICY, POLICY_OF("Publish", NAMED("absent")), "does not exist"},
    };
    assert_refuses_each(w, bad, SW_N(bad));
    assert_int_equal(list_all(w, TOPIC).n, 0);
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(a_topic_is_read_back_changed_and_ended), T(a_fifo_topic_is_named_as_one),
        T(what_waits_to_be_confirmed_stays),       T(a_subscription_is_read_back_changed_and_ended),
        T(a_subscription_that_waits_is_one),       T(a_policy_lies_on_each_topic_that_it_names),
        T(an_inline_policy_is_its_topics_own),     T(what_cannot_be_done_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
