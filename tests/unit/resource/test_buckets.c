/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets and their policies by their CloudFormation properties: settings with operations of their own, a structure that says
 * something by being there, one where the API takes several; and what a request to S3 is about. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/s3_resources.gen.h"
#include "models/sqs.gen.h"
#include "types.h"

extern const SwService sw_service_s3, sw_service_sqs;
static const SwService *const services[] = {&sw_service_s3, &sw_service_sqs, NULL};
#define BUCKET &s3_bucket_resource
#define POLICY &s3_bucket_policy_resource

#define FULL \
    "{\"BucketEncryption\":{\"ServerSideEncryptionConfiguration\":[{\"ServerSideEncryptionByDefault\":{" \
    "\"SSEAlgorithm\":\"AES256\"}}]},\"BucketName\":\"files\",\"CorsConfiguration\":{\"CorsRules\":[{" \
    "\"AllowedHeaders\":[\"*\"],\"AllowedMethods\":[\"GET\",\"PUT\"],\"AllowedOrigins\":[\"*\"],\"ExposedHeaders\":[\"ETag\"]" \
    "," \
    "\"Id\":\"all\",\"MaxAge\":60}]},\"NotificationConfiguration\":{\"EventBridgeConfiguration\":{" \
    "\"EventBridgeEnabled\":true}},\"OwnershipControls\":{\"Rules\":[{\"ObjectOwnership\":\"BucketOwnerEnforced\"}]}," \
    "\"PublicAccessBlockConfiguration\":{\"BlockPublicAcls\":true,\"BlockPublicPolicy\":false,\"IgnorePublicAcls\":true," \
    "\"RestrictPublicBuckets\":false},\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}]," \
    "\"VersioningConfiguration\":{\"Status\":\"Enabled\"}}"

static void a_bucket_is_read_back_changed_and_ended(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_string_equal(make_one(w, BUCKET, FULL), "files");
    SwValue got = read_back(w, BUCKET, "files");
    assert_has(w, &got, parse(w, FULL));
    assert_has(w, &got,
               parse(w, "{\"Arn\":\"arn:aws:s3:::files\",\"DomainName\":\"files.s3.amazonaws.com\","
                        "\"RegionalDomainName\":\"files.s3.us-east-1.amazonaws.com\"}"));
    const SwValue *was = parse(w, FULL), *want = parse(w, "{\"BucketName\":\"files\"}");
    assert_string_equal(apply(w, BUCKET, "files", was, want, &done), "");
    assert_false(done.replace);
    got = read_back(w, BUCKET, "files");
    assert_lacks(&got, "CorsConfiguration", "NotificationConfiguration", "OwnershipControls", "PublicAccessBlockConfiguration",
                 "Tags");
    assert_has(w, &got, parse(w, "{\"VersioningConfiguration\":{\"Status\":\"Suspended\"}}"));
    assert_string_equal(apply(w, BUCKET, "files", want, parse(w, "{\"BucketName\":\"other\"}"), &done), "");
    assert_true(done.replace);
    assert_string_equal(apply(w, BUCKET, "", NULL, want, &done), "AlreadyExistsException"); /* S3 would answer with it */
    assert_int_equal(list_all(w, BUCKET).n, 1);
    assert_string_equal(apply(w, BUCKET, "files", want, NULL, &done), "");
    assert_int_equal(list_all(w, BUCKET).n, 0);
    assert_gone(w, BUCKET, "files", "NoSuchBucket");
    const char *unnamed = make_one(w, BUCKET, "{}");
    assert_true(sw_str_starts(sw_str(unnamed), SW_STR("bucket-")) &&
                sw_str_eq(sw_str(unnamed), sw_str_lower(w->arena, sw_str(unnamed))));
}

static void a_bucket_is_made_in_the_region_that_it_is_asked_in(void **state) {
    World *w = *state;
    if (!w)
        skip();
    w->cx->region = SW_STR("eu-west-1");
    make_one(w, BUCKET, "{\"BucketName\":\"abroad\"}");
    assert_string_equal(property(w, BUCKET, "abroad", "RegionalDomainName"), "\"abroad.s3.eu-west-1.amazonaws.com\"");
    w->cx->region = SW_STR("us-east-1");
    assert_string_equal(property(w, BUCKET, "abroad", "BucketName"), "nothing");
}

#define QUEUE "arn:aws:sqs:us-east-1:000000000000:q"
#define TO_QUEUE(event, prefix) \
    "{\"Event\":\"" event "\",\"Filter\":{\"S3Key\":{\"Rules\":[{\"Name\":\"prefix\",\"Value\":\"" prefix \
    "\"}]}},\"Queue\":\"" QUEUE "\"}"
#define NOTIFIES(bridge, queues) \
    "{\"BucketName\":\"files\",\"NotificationConfiguration\":{\"EventBridgeConfiguration\":{\"EventBridgeEnabled\":" bridge \
    "},\"QueueConfigurations\":[" queues "]}}"

static void make_queue(World *w) {
    SqsCreateQueueRequest in = {.queue_name = SW_STR("q")};
    SqsCreateQueueResult *out;
    sw_str_map_set(w->arena, &in.attributes, SW_STR("Policy"),
                   SW_STR("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":"
                          "\"sqs:SendMessage\",\"Resource\":\"*\"}]}"));
    assert_int_equal(sw_ctx_begin(w->cx, SW_WRITE, &w->err), 0);
    assert_int_equal(sqs_call_create_queue(w->cx, &in, &out, &w->err), 0);
    assert_int_equal(sw_ctx_commit(w->cx, &w->err), 0);
}

static void notifications_say_one_event_each(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_queue(w);
    const char *was = NOTIFIES("false", TO_QUEUE("s3:ObjectCreated:*", "a/") "," TO_QUEUE("s3:ObjectRemoved:*", "b/"));
    make_one(w, BUCKET, was);
    assert_string_equal(property(w, BUCKET, "files", "NotificationConfiguration"),
                        "{\"QueueConfigurations\":[" TO_QUEUE("s3:ObjectCreated:*", "a/") "," TO_QUEUE("s3:ObjectRemoved:*",
                                                                                                       "b/") "]}");
    const char *want = NOTIFIES("true", TO_QUEUE("s3:ObjectCreated:Put", "c/"));
    (void)change_one(w, BUCKET, "files", parse(w, was), parse(w, want));
    assert_string_equal(apply(w, BUCKET, "files", parse(w, want), parse(w, NOTIFIES("false", "")), &done), "");
    assert_string_equal(property(w, BUCKET, "files", "NotificationConfiguration"), "nothing");
}

/* Set by S3's own operation, one configuration has two events. */
static void a_notification_of_several_events_is_read_as_several(void **state) {
    World *w = *state;
    void *in, *out;
    if (!w)
        skip();
    make_queue(w);
    make_one(w, BUCKET, "{\"BucketName\":\"files\"}");
    SwStr json = SW_STR("{\"Bucket\":\"files\",\"NotificationConfiguration\":{\"QueueConfigurations\":[{\"Events\":["
                        "\"s3:ObjectCreated:Put\",\"s3:ObjectCreated:Copy\"],\"QueueArn\":\"" QUEUE "\"}]}}");
    const SwOperation *op = &s3_api.op[S3_PUT_BUCKET_NOTIFICATION_CONFIGURATION];
    in = sw_arena_alloc(w->arena, op->input->size);
    assert_int_equal(sw_ctx_begin(w->cx, SW_WRITE, &w->err), 0);
    assert_int_equal(sw_shape_from_json(w->arena, op->input, json, &in, &w->err), 0);
    assert_int_equal(sw_call(w->cx, &s3_api, op->index, in, &out, &w->err), 0);
    assert_int_equal(sw_ctx_commit(w->cx, &w->err), 0);
    assert_string_equal(property(w, BUCKET, "files", "NotificationConfiguration"),
                        "{\"QueueConfigurations\":[{\"Event\":\"s3:ObjectCreated:Put\",\"Queue\":\"" QUEUE "\"},"
                        "{\"Event\":\"s3:ObjectCreated:Copy\",\"Queue\":\"" QUEUE "\"}]}");
}

#define DOCUMENT(action) \
    "{\"Statement\":[{\"Action\":\"s3:" action \
    "\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"000000000000\"},\"Resource\":" \
    "\"arn:aws:s3:::files/*\"}],\"Version\":\"2012-10-17\"}"
#define POLICY_OF(action) "{\"Bucket\":\"files\",\"PolicyDocument\":" DOCUMENT(action) "}"

static void a_bucket_has_one_policy_or_none(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, BUCKET, "{\"BucketName\":\"files\"}");
    assert_int_equal(list_all(w, POLICY).n, 0);
    assert_string_equal(make_one(w, POLICY, POLICY_OF("GetObject")), "files");
    assert_reads_as(w, POLICY, "files", parse(w, POLICY_OF("GetObject")));
    assert_string_equal(apply(w, POLICY, "", NULL, parse(w, POLICY_OF("PutObject")), &done), "AlreadyExistsException");
    assert_string_equal(property(w, POLICY, "files", "PolicyDocument"), DOCUMENT("GetObject"));
    assert_string_equal(apply(w, POLICY, "files", parse(w, POLICY_OF("GetObject")), parse(w, POLICY_OF("PutObject")), &done),
                        "");
    assert_string_equal(property(w, POLICY, "files", "PolicyDocument"), DOCUMENT("PutObject"));
    assert_int_equal(list_all(w, POLICY).n, 1);
    assert_string_equal(apply(w, POLICY, "files", parse(w, POLICY_OF("PutObject")), NULL, &done), "");
    assert_int_equal(list_all(w, POLICY).n, 0);
    assert_int_equal(list_all(w, BUCKET).n, 1);
    assert_gone(w, POLICY, "files", "NoSuchBucketPolicy");
}

static void a_request_is_about_a_bucket_or_an_object_in_it(void **state) {
    World *w = *state;
    SwQuestions arns;
    if (!w)
        skip();
    static const struct {
        unsigned op;
        const char *json, *about;
    } all[] = {
        {S3_GET_BUCKET_POLICY, "{\"Bucket\":\"b\"}", "arn:aws:s3:::b"},
        {S3_LIST_OBJECTS_V2, "{\"Bucket\":\"b\"}", "arn:aws:s3:::b"},
        {S3_GET_OBJECT, "{\"Bucket\":\"b\",\"Key\":\"a/b:c\"}", "arn:aws:s3:::b/a/b:c"},
        {S3_PUT_OBJECT, "{\"Bucket\":\"b\",\"Key\":\"arn:aws:s3:::other/k\"}", "arn:aws:s3:::b/arn:aws:s3:::other/k"},
        {S3_GET_BUCKET_POLICY, "{\"Bucket\":\"arn:aws:s3:::other\"}", "arn:aws:s3:::arn:aws:s3:::other"},
        {S3_LIST_BUCKETS, "{}", NULL},
    };
    for (size_t i = 0; i < SW_N(all); i++) {
        const SwOperation *op = &s3_api.op[all[i].op];
        void *in = sw_arena_alloc(w->arena, op->input->size);
        assert_int_equal(sw_shape_from_json(w->arena, op->input, sw_str(all[i].json), &in, &w->err), 0);
        assert_int_equal(sw_resource_questions(w->cx, &sw_service_s3, op, in, &arns, &w->err), 0);
        assert_int_equal(arns.n, all[i].about ? 1 : 0);
        if (all[i].about)
            assert_string_equal(sw_str_z(w->arena, arns.v[0].arn), all[i].about);
    }
}

#define EVERYBODY(resource) \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\"," \
    "\"Resource\":\"" resource "\"}]}"

static SwStr policy_of(World *w, const char *arn) {
    SwStr document;
    SwFound f;
    assert_int_equal(sw_resource_policy(w->cx, sw_str(arn), &document, &f, &w->err), 0);
    assert_false(f.r->policy_itself);
    return document;
}

static void a_buckets_policy_is_found_by_its_arn_and_its_objects(void **state) {
    World *w = *state;
    if (!w)
        skip();
    OK(sw_ctx_begin(w->cx, SW_WRITE, &w->err));
    S3PublicAccessBlockConfiguration block = {.restrict_public_buckets = SW_SOME_BOOL(true)};
    S3BucketRecord b = {.name = SW_STR("files"),
                        .account = SW_STR("000000000000"),
                        .region = SW_STR("eu-west-1"), /* another than the request's */
                        .policy = SW_STR(EVERYBODY("arn:aws:s3:::files/*")),
                        .public_access = &block};
    OK(sw_doc_put(w->cx->tx, &s3_buckets, b.name, &b, &w->err));
    assert_true(sw_str_eq(policy_of(w, "arn:aws:s3:::files"), b.policy));
    assert_true(sw_str_eq(policy_of(w, "arn:aws:s3:::files/a/b:c"), b.policy));
    assert_false(sw_str_is(policy_of(w, "arn:aws:s3:::other/a")));
    w->cx->principal = (SwPrincipal){.kind = SW_PRINCIPAL_ANONYMOUS}; /* RestrictPublicBuckets */
    assert_false(sw_str_is(policy_of(w, "arn:aws:s3:::files/a")));
    block.restrict_public_buckets.v = false;
    OK(sw_doc_put(w->cx->tx, &s3_buckets, b.name, &b, &w->err));
    assert_true(sw_str_is(policy_of(w, "arn:aws:s3:::files/a")));
    b.account = SW_STR("111111111111");
    OK(sw_doc_put(w->cx->tx, &s3_buckets, b.name, &b, &w->err));
    assert_false(sw_str_is(policy_of(w, "arn:aws:s3:::files/a")));
    sw_ctx_rollback(w->cx);
}

static void what_cannot_be_done_is_refused_by_name(void **state) {
    World *w = *state;
    if (!w)
        skip();
    static const char *const bad[][2] = {
        {"{\"LifecycleConfiguration\":{\"Rules\":[{\"Status\":\"Enabled\"}]}}",
         "LifecycleConfiguration is not supported: objects do not expire"},
        {"{\"WebsiteConfiguration\":{\"IndexDocument\":\"i\"}}", "WebsiteConfiguration is not supported"},
        {"{\"AccelerateConfiguration\":{\"AccelerationStatus\":\"Enabled\"}}", "AccelerateConfiguration is not supported"},
        {"{\"ReplicationConfiguration\":{\"Role\":\"r\",\"Rules\":[]}}", "ReplicationConfiguration is not supported"},
        {"{\"LoggingConfiguration\":{\"LogFilePrefix\":\"l\"}}", "LoggingConfiguration is not supported"},
        {"{\"ObjectLockEnabled\":true}", "ObjectLockEnabled is not supported"},
        {"{\"AccessControl\":\"PublicRead\"}", "AccessControl is not supported"},
        {"{\"BucketNamespace\":\"account-regional\"}", "BucketNamespace"},
        {"{\"NotificationConfiguration\":{\"LambdaConfigurations\":[{\"Event\":\"e\",\"Function\":\"f\"}]}}",
         "LambdaConfigurations is not supported"},
        {"{\"BucketEncryption\":{\"ServerSideEncryptionConfiguration\":[{\"ServerSideEncryptionByDefault\":{\"SSEAlgorithm\":"
         "\"aws:kms\"}}]}}",
         "SSEAlgorithm"},
        {"{\"OwnershipControls\":{\"Rules\":[{\"ObjectOwnership\":\"ObjectWriter\"}]}}", "ObjectOwnership"},
        {"{\"NotificationConfiguration\":{\"QueueConfigurations\":[" TO_QUEUE("s3:ObjectCreated:*", "a/") "]}}", "destination"},
    };
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_refuses(w, BUCKET, bad[i][0], bad[i][1]);
    assert_int_equal(list_all(w, BUCKET).n, 0);
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(a_bucket_is_read_back_changed_and_ended), T(a_bucket_is_made_in_the_region_that_it_is_asked_in),
        T(notifications_say_one_event_each),        T(a_notification_of_several_events_is_read_as_several),
        T(a_bucket_has_one_policy_or_none),         T(a_request_is_about_a_bucket_or_an_object_in_it),
        T(what_cannot_be_done_is_refused_by_name),  T(a_buckets_policy_is_found_by_its_arn_and_its_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
