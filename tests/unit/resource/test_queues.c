/* SPDX-License-Identifier: Apache-2.0 */
/* Queues and their policies by their CloudFormation properties: attributes that are entries of one map, and a setting that
 * lies on several resources and is one in CloudFormation alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/sqs_resources.gen.h"
#include "types.h"

extern const SwService sw_service_sqs;
static const SwService *const services[] = {&sw_service_sqs, NULL};
#define QUEUE  &sqs_queue_resource
#define POLICY &sqs_queue_policy_resource

#define ARN    "arn:aws:sqs:us-east-1:000000000000:"
#define FULL \
    "{\"DelaySeconds\":3,\"MaximumMessageSize\":2048,\"MessageRetentionPeriod\":600,\"QueueName\":\"jobs\"," \
    "\"ReceiveMessageWaitTimeSeconds\":4,\"RedriveAllowPolicy\":{\"redrivePermission\":\"denyAll\"}," \
    "\"RedrivePolicy\":{\"deadLetterTargetArn\":\"" ARN "dead\",\"maxReceiveCount\":2}," \
    "\"SqsManagedSseEnabled\":false,\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}],\"VisibilityTimeout\":40}"

static void a_queue_is_read_back_changed_and_ended(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, QUEUE, "{\"QueueName\":\"dead\"}");
    const SwValue *was = parse(w, FULL), *want = parse(w, "{\"QueueName\":\"jobs\",\"DelaySeconds\":5}");
    const char *url = make_one(w, QUEUE, FULL);
    assert_true(sw_str_starts(sw_str(url), SW_STR("http://")) && sw_str_ends(sw_str(url), SW_STR("/000000000000/jobs")));
    SwValue got = read_back(w, QUEUE, url);
    assert_has(w, &got, was);
    assert_has(w, &got, parse(w, "{\"Arn\":\"" ARN "jobs\"}"));
    assert_string_equal(sw_str_z(w->arena, sw_value_str(sw_value_getz(&got, "QueueUrl"))), url);
    assert_string_equal(apply(w, QUEUE, url, was, want, &done), "");
    assert_false(done.replace);
    got = read_back(w, QUEUE, url);
    assert_has(w, &got,
               parse(w, "{\"DelaySeconds\":5,\"MaximumMessageSize\":1048576,\"MessageRetentionPeriod\":345600,"
                        "\"ReceiveMessageWaitTimeSeconds\":0,\"SqsManagedSseEnabled\":true,\"VisibilityTimeout\":30}"));
    assert_lacks(&got, "RedriveAllowPolicy", "RedrivePolicy", "Tags", "FifoQueue", "DeduplicationScope");
    assert_string_equal(apply(w, QUEUE, url, want, parse(w, "{\"QueueName\":\"work\"}"), &done), "");
    assert_true(done.replace);
    assert_int_equal(list_all(w, QUEUE).n, 2);
    assert_string_equal(apply(w, QUEUE, url, want, NULL, &done), "");
    assert_int_equal(list_all(w, QUEUE).n, 1);
    assert_gone(w, QUEUE, url, "QueueDoesNotExist");
}

/* CreateQueue answers with the queue that there is; a resource that is there is not made again. */
static void a_queue_is_made_once(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, QUEUE, "{\"QueueName\":\"jobs\"}");
    assert_string_equal(apply(w, QUEUE, "", NULL, parse(w, "{\"QueueName\":\"jobs\"}"), &done), "AlreadyExistsException");
    assert_string_equal(apply(w, QUEUE, "", NULL, parse(w, "{\"QueueName\":\"jobs\",\"DelaySeconds\":1}"), &done),
                        "AlreadyExistsException");
}

static void a_fifo_queue_is_named_as_one(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_null(strstr(make_one(w, QUEUE, "{}"), ".fifo"));
    const char *was = "{\"FifoQueue\":true,\"ContentBasedDeduplication\":true,\"DeduplicationScope\":\"messageGroup\","
                      "\"FifoThroughputLimit\":\"perMessageGroupId\"}";
    const char *url = make_one(w, QUEUE, was);
    assert_non_null(strstr(url, "/Queue-"));
    assert_true(sw_str_ends(sw_str(url), SW_STR(".fifo")));
    SwValue got = read_back(w, QUEUE, url);
    assert_has(w, &got, parse(w, was));
    assert_string_equal(apply(w, QUEUE, url, parse(w, was), parse(w, "{\"FifoQueue\":true}"), &done), "");
    got = read_back(w, QUEUE, url);
    assert_has(w, &got,
               parse(w, "{\"ContentBasedDeduplication\":false,\"DeduplicationScope\":\"queue\","
                        "\"FifoQueue\":true,\"FifoThroughputLimit\":\"perQueue\"}"));
}

#define DOCUMENT(action)          ANYBODY_MAY("sqs:" action)
#define POLICY_OF(action, queues) "{\"PolicyDocument\":" DOCUMENT(action) ",\"Queues\":[" queues "]}"
#define INLINE                    &sqs_queue_inline_policy_resource
#define URL(name)                 "\"http://localhost/000000000000/" name "\""

/* What SQS itself says of a queue's policy. */
static const char *policy_of(World *w, const char *name) {
    SqsGetQueueAttributesRequest in = {.queue_url = sw_str(name)};
    SqsGetQueueAttributesResult *out;
    sw_str_list_add(w->arena, &in.attribute_names, SW_STR("Policy"));
    assert_int_equal(sw_ctx_begin(w->cx, SW_READ, &w->err), 0);
    assert_int_equal(sqs_call_get_queue_attributes(w->cx, &in, &out, &w->err), 0);
    sw_ctx_rollback(w->cx);
    return sw_str_z(w->arena, sw_str_or(sw_str_map_find(&out->attributes, SW_STR("Policy")), SW_STR("none")));
}

static void a_policy_lies_on_each_queue_that_it_names(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, QUEUE, "{\"QueueName\":\"a\"}");
    make_one(w, QUEUE, "{\"QueueName\":\"b\"}");
    make_one(w, QUEUE, "{\"QueueName\":\"c\"}");
    const char *was = POLICY_OF("SendMessage", URL("a") "," URL("b")),
               *want = POLICY_OF("ReceiveMessage", URL("b") "," URL("c"));
    const char *id = make_one(w, POLICY, was);
    assert_non_null(strstr(id, "QueuePolicy-"));
    assert_string_equal(policy_of(w, "a"), DOCUMENT("SendMessage"));
    assert_string_equal(policy_of(w, "b"), DOCUMENT("SendMessage"));
    assert_string_equal(policy_of(w, "c"), "none");
    SwValue got = read_back(w, POLICY, id);
    assert_has(w, &got, parse(w, was));
    assert_string_equal(sw_str_z(w->arena, sw_value_str(sw_value_getz(&got, "Id"))), id);
    assert_string_equal(apply(w, POLICY, id, parse(w, was), parse(w, want), &done), "");
    assert_string_equal(policy_of(w, "a"), "none");
    assert_string_equal(policy_of(w, "b"), DOCUMENT("ReceiveMessage"));
    assert_string_equal(policy_of(w, "c"), DOCUMENT("ReceiveMessage"));
    assert_reads_as(w, POLICY, id, parse(w, want));
    assert_int_equal(list_all(w, POLICY).n, 1);
    assert_string_equal(apply(w, POLICY, id, parse(w, want), NULL, &done), "");
    assert_string_equal(policy_of(w, "b"), "none");
    assert_string_equal(policy_of(w, "c"), "none");
    assert_int_equal(list_all(w, POLICY).n, 0);
    assert_gone(w, POLICY, id, NULL);
}

static void a_queue_that_is_gone_does_not_hold_up_its_policy(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const char *url = make_one(w, QUEUE, "{\"QueueName\":\"a\"}");
    make_one(w, QUEUE, "{\"QueueName\":\"b\"}");
    const char *both = POLICY_OF("SendMessage", URL("a") "," URL("b")), *one = POLICY_OF("SendMessage", URL("b"));
    const char *id = make_one(w, POLICY, both);
    assert_string_equal(apply(w, QUEUE, url, parse(w, "{}"), NULL, &done), "");
    assert_string_equal(property(w, POLICY, id, "PolicyDocument"), DOCUMENT("SendMessage"));
    assert_string_equal(apply(w, POLICY, id, parse(w, both), parse(w, one), &done), "");
    assert_string_equal(property(w, POLICY, id, "Queues"), "[" URL("b") "]");
    assert_string_equal(apply(w, POLICY, id, parse(w, one), parse(w, both), &done), "QueueDoesNotExist");
    assert_string_equal(property(w, POLICY, id, "Queues"), "[" URL("b") "]");
    assert_string_equal(apply(w, POLICY, id, parse(w, one), NULL, &done), "");
}

static void an_inline_policy_is_its_queues_own(void **state) {
    World *w = *state;
    if (!w)
        skip();
    const char *url = make_one(w, QUEUE, "{\"QueueName\":\"a\"}");
    const char *was = sw_strf(w->arena, "{\"PolicyDocument\":%s,\"Queue\":\"%s\"}", DOCUMENT("SendMessage"), url).p;
    const char *want = sw_strf(w->arena, "{\"PolicyDocument\":%s,\"Queue\":\"%s\"}", DOCUMENT("ReceiveMessage"), url).p;
    assert_string_equal(assert_life(w, INLINE, was, want), url);
    assert_string_equal(policy_of(w, "a"), "none");
    assert_int_equal(list_all(w, QUEUE).n, 1);
    (void)make_one(w, INLINE, was);
    assert_string_equal(policy_of(w, "a"), DOCUMENT("SendMessage"));
    assert_refuses(w, INLINE, "{\"PolicyDocument\":" DOCUMENT("SendMessage") ",\"Queue\":\"absent\"}", "does not exist");
}

/* It is nothing to those that walk over all that has a name. */
static int note_name(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    sw_str_list_add(cx->arena, arg, sw_str(f->r->name));
    return 0;
}

static void a_policy_is_a_resource_to_cloudformation_alone(void **state) {
    World *w = *state;
    SwStrList names = {0};
    SwResourceWalk walk = {.fn = note_name, .arg = &names};
    if (!w)
        skip();
    make_one(w, QUEUE, "{\"QueueName\":\"a\"}");
    make_one(w, POLICY, POLICY_OF("SendMessage", URL("a")));
    assert_ptr_equal(sw_resource_of_type(w->host, SW_STR("AWS::SQS::QueuePolicy")), POLICY);
    assert_int_equal(sw_resource_each(w->cx, &walk, &w->err), 0);
    assert_int_equal(names.n, 1);
}

static void what_cannot_be_done_is_refused_by_name(void **state) {
    World *w = *state;
    if (!w)
        skip();
    static const Refusal bad[] = {
        {QUEUE, "{\"DelaySeconds\":901}", "DelaySeconds"},
        {QUEUE, "{\"QueueName\":\"a\",\"FifoQueue\":true}", "must end with .fifo"},
        {QUEUE, "{\"ContentBasedDeduplication\":true}", "ContentBasedDeduplication"},
        {QUEUE, "{\"QueueUrl\":\"http://a\"}", "QueueUrl: it is read only"},
        {QUEUE, "{\"DelaySeconds\":\"soon\"}", "#/DelaySeconds: expected type: Integer"},
        {POLICY, "{\"Queues\":[]}", "required key [PolicyDocument] not found"},
        {POLICY, POLICY_OF("SendMessage", URL("absent")), "does not exist"},
    };
    assert_refuses_each(w, bad, SW_N(bad));
    assert_int_equal(list_all(w, POLICY).n, 0);
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(a_queue_is_read_back_changed_and_ended),
        T(a_queue_is_made_once),
        T(a_fifo_queue_is_named_as_one),
        T(a_policy_lies_on_each_queue_that_it_names),
        T(a_queue_that_is_gone_does_not_hold_up_its_policy),
        T(an_inline_policy_is_its_queues_own),
        T(a_policy_is_a_resource_to_cloudformation_alone),
        T(what_cannot_be_done_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
