/* SPDX-License-Identifier: Apache-2.0 */
/* CloudWatch Logs' types: what is shown among others, what is named by two parts, what has no ARN, what is made by the
 * operation that changes it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/logs_resources.gen.h"
#include "types.h"

extern const SwService sw_service_logs;
static const SwService *const services[] = {&sw_service_logs, NULL};

#define GROUP  &logs_log_group_resource
#define STREAM &logs_log_stream_resource
#define POLICY &logs_resource_policy_resource

#define MAY_WRITE(resource) \
    "{\"PolicyName\":\"events\",\"PolicyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\"," \
    "\"Principal\":{\"Service\":\"events.amazonaws.com\"},\"Action\":\"logs:PutLogEvents\",\"Resource\":\"" resource "\"}]}}"

static void a_group_is_read_among_those_whose_names_begin_alike(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *want = parse(w, "{\"LogGroupName\":\"/app\",\"RetentionInDays\":7,\"LogGroupClass\":\"STANDARD\","
                                   "\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}]}");
    assert_string_equal(make_one(w, GROUP, "{\"LogGroupName\":\"/app/web\",\"RetentionInDays\":1}"), "/app/web");
    assert_string_equal(apply(w, GROUP, "", NULL, want, &done), "");
    assert_string_equal(sw_str_z(w->arena, done.identifier), "/app");
    SwValue got = read_back(w, GROUP, "/app");
    assert_has(w, &got, want);
    assert_has(w, &got, parse(w, "{\"Arn\":\"arn:aws:logs:us-east-1:000000000000:log-group:/app:*\"}"));
    const SwValue *less = parse(w, "{\"LogGroupName\":\"/app\"}");
    assert_string_equal(apply(w, GROUP, "/app", want, less, &done), "");
    got = read_back(w, GROUP, "/app");
    assert_null(sw_value_getz(&got, "RetentionInDays"));
    assert_null(sw_value_getz(&got, "Tags"));
    end_one(w, GROUP, "/app", less, NULL);
    assert_reads_as(w, GROUP, "/app/web", parse(w, "{\"RetentionInDays\":1}"));
}

static void what_a_group_cannot_have_is_refused_by_name(void **state) {
    World *w = *state;
    if (!w)
        skip();
    static const char *const bad[][2] = {
        {"{\"DataProtectionPolicy\":{\"a\":1}}", "DataProtectionPolicy is not supported: nothing is masked here"},
        {"{\"FieldIndexPolicies\":[{\"a\":1}]}", "FieldIndexPolicies is not supported"},
        {"{\"ResourcePolicyDocument\":{\"a\":1}}", "ResourcePolicyDocument is not supported"},
        {"{\"BearerTokenAuthenticationEnabled\":true}", "BearerTokenAuthenticationEnabled is not supported"},
        {"{\"LogGroupClass\":\"INFREQUENT_ACCESS\"}", "logGroupClass"},
        {"{\"KmsKeyId\":\"arn:aws:kms:us-east-1:000000000000:key/1\"}", "kmsKeyId"},
        {"{\"DeletionProtectionEnabled\":true}", "deletionProtectionEnabled"},
        {"{\"RetentionInDays\":8}", "retentionInDays"},
    };
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_refuses(w, GROUP, bad[i][0], bad[i][1]);
}

static void a_stream_is_named_by_its_group_and_itself(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_string_equal(make_one(w, GROUP, "{\"LogGroupName\":\"/app\"}"), "/app");
    const SwValue *want = parse(w, "{\"LogGroupName\":\"/app\",\"LogStreamName\":\"a/b\"}");
    assert_string_equal(make_one(w, STREAM, "{\"LogGroupName\":\"/app\",\"LogStreamName\":\"a/b/c\"}"), "/app|a/b/c");
    assert_string_equal(apply(w, STREAM, "", NULL, want, &done), "");
    SwValue got = read_back(w, STREAM, "/app|a/b");
    assert_has(w, &got, want);
    assert_string_equal(apply(w, STREAM, "", NULL, parse(w, "{\"LogGroupName\":\"/app\"}"), &done), "");
    assert_true(sw_str_starts(done.identifier, SW_STR("/app|LogStream-")));
    end_one(w, STREAM, "/app|a/b", want, NULL);
    got = read_back(w, STREAM, "/app|a/b/c");
    assert_int_equal(got.kind, SW_VOBJECT);
    got = read_back(w, STREAM, "/app");
    assert_string_equal(w->err.kind->code, "InvalidRequestException");
}

static void a_policy_is_put_once_and_changed_where_it_is(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_string_equal(make_one(w, POLICY, MAY_WRITE("*")), "events");
    const SwValue *was = parse(w, MAY_WRITE("*")), *want = parse(w, MAY_WRITE("arn:aws:logs:*:*:*"));
    assert_string_equal(apply(w, POLICY, "", NULL, want, &done), "AlreadyExistsException");
    SwValue got = read_back(w, POLICY, "events");
    assert_has(w, &got, was);
    (void)change_one(w, POLICY, "events", was, want);
    assert_int_equal(list_all(w, POLICY).n, 1);
    got = read_back(w, POLICY, "other");
    assert_string_equal(w->err.kind->code, "ResourceNotFoundException");
    end_one(w, POLICY, "events", want, NULL);
}

static int count(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    (*(size_t *)arg)++;
    assert_true(arn.n > 0);
    assert_true(sw_path_time(f->r->in->shape, f->record, &f->r->created_at) > 0);
    return 0;
}

/* Whoever looks over all kinds knows them by ARN and age. */
static void what_has_no_arn_is_passed_over_and_milliseconds_are_a_time(void **state) {
    World *w = *state;
    size_t n = 0;
    if (!w)
        skip();
    assert_string_equal(make_one(w, GROUP, "{\"LogGroupName\":\"/app\"}"), "/app");
    assert_string_equal(make_one(w, POLICY, MAY_WRITE("*")), "events");
    OK(sw_resource_each(w->cx, &(SwResourceWalk){.fn = count, .arg = &n}, &w->err));
    assert_int_equal(n, 1);
}

/* The account's policy is about any group, one that is not there yet, too; what is no group has none. */
static void a_policy_of_the_account_needs_no_record(void **state) {
    World *w = *state;
    SwStr document;
    SwFound f;
    if (!w)
        skip();
    assert_string_equal(make_one(w, POLICY, MAY_WRITE("*")), "events");
    static const char *const arns[] = {"arn:aws:logs:us-east-1:000000000000:log-group:/none",
                                       "arn:aws:logs:us-east-1:000000000000:log-group:/none:log-stream:x"};
    OK(sw_ctx_begin(w->cx, SW_READ, &w->err));
    for (size_t i = 0; i < SW_N(arns); i++) {
        OK(sw_resource_policy(w->cx, sw_str(arns[i]), &document, &f, &w->err));
        assert_true(sw_str_contains(document, SW_STR("events.amazonaws.com")));
        assert_false(f.r->policy_itself);
    }
    static const char *const others[] = {"arn:aws:logs:us-east-1:111111111111:log-group:/none",
                                         "arn:aws:logs:us-east-1:000000000000:x:y",
                                         "arn:aws:sqs:us-east-1:000000000000:log-group:/none"};
    for (size_t i = 0; i < SW_N(others); i++) {
        OK(sw_resource_policy(w->cx, sw_str(others[i]), &document, &f, &w->err));
        assert_null(document.p);
    }
    sw_ctx_rollback(w->cx);
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(a_group_is_read_among_those_whose_names_begin_alike),
        T(what_a_group_cannot_have_is_refused_by_name),
        T(a_stream_is_named_by_its_group_and_itself),
        T(a_policy_is_put_once_and_changed_where_it_is),
        T(a_policy_of_the_account_needs_no_record),
        T(what_has_no_arn_is_passed_over_and_milliseconds_are_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
