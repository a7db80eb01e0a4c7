/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of resources as declared: a structure, a text in lists, a number; silent or strict where there is none; what outputs
 * say besides; and what an operation that fails leaves as it was. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../world.h"
#include "models/ecr_resources.gen.h"
#include "models/logs_resources.gen.h"
#include "models/s3_resources.gen.h"

extern const SwService sw_service_ecr, sw_service_logs, sw_service_s3;
static const SwService *const services[] = {&sw_service_ecr, &sw_service_logs, &sw_service_s3, NULL};

/* What it answers as JSON ("": nothing), or "Code: message". */
static const char *call(World *w, const SwApi *api, const char *operation, const char *json) {
    const SwOperation *op = sw_api_operation(api, sw_str(operation));
    SwBuf b = sw_buf(w->arena, SW_MIB);
    void *in, *out = NULL;
    assert_non_null(op);
    w->err = sw_error(w->arena);
    OK(sw_shape_from_json(w->arena, op->input, sw_str(json), &in, &w->err));
    if (sw_call(w->cx, api, op->index, in, &out, &w->err) < 0)
        return sw_str_z(w->arena, sw_strf(w->arena, "%s: %s", w->err.kind->code, w->err.message));
    if (op->output)
        sw_shape_to_json(&b, op->output, out);
    return sw_str_z(w->arena, sw_buf_str(&b));
}

#define BUCKET      "{\"Bucket\":\"files\"}"
#define CORS(o)     "{\"CORSRules\":[{\"AllowedMethods\":[\"GET\"],\"AllowedOrigins\":[\"" o "\"]}]}"
#define PUT_CORS(o) "{\"Bucket\":\"files\",\"CORSConfiguration\":" CORS(o) "}"
#define NO_CORS     "NoSuchCORSConfiguration: The CORS configuration does not exist"

static void a_structure_is_put_replaced_and_taken_away_twice(void **state) {
    World *w = *state;
    if (!w)
        skip();
    call(w, &s3_api, "CreateBucket", BUCKET);
    assert_string_equal(call(w, &s3_api, "GetBucketCors", BUCKET), NO_CORS);
    assert_string_equal(w->err.facts.v[0].name, "BucketName");
    assert_string_equal(call(w, &s3_api, "PutBucketCors", PUT_CORS("http://one")), "");
    assert_string_equal(call(w, &s3_api, "GetBucketCors", BUCKET), CORS("http://one"));
    assert_string_equal(call(w, &s3_api, "PutBucketCors", PUT_CORS("http://two")), "");
    assert_string_equal(call(w, &s3_api, "GetBucketCors", BUCKET), CORS("http://two"));
    assert_true(sw_str_starts(sw_str(call(w, &s3_api, "PutBucketCors", PUT_CORS("*.*"))), SW_STR("InvalidRequest")));
    assert_string_equal(call(w, &s3_api, "GetBucketCors", BUCKET), CORS("http://two"));
    assert_string_equal(call(w, &s3_api, "DeleteBucketCors", BUCKET), "");
    assert_string_equal(call(w, &s3_api, "DeleteBucketCors", BUCKET), "");
    assert_string_equal(call(w, &s3_api, "GetBucketCors", BUCKET), NO_CORS);
    assert_string_equal(call(w, &s3_api, "DeleteBucketCors", "{\"Bucket\":\"other\"}"),
                        "NoSuchBucket: The specified bucket does not exist");
}

#define OWNED "{\"OwnershipControls\":{\"Rules\":[{\"ObjectOwnership\":\"BucketOwnerEnforced\"}]}}"

static void a_text_may_lie_in_a_list(void **state) {
    World *w = *state;
    if (!w)
        skip();
    call(w, &s3_api, "CreateBucket", BUCKET);
    assert_string_equal(
        call(w, &s3_api, "PutBucketOwnershipControls",
             "{\"Bucket\":\"files\",\"OwnershipControls\":{\"Rules\":[{\"ObjectOwnership\":\"BucketOwnerEnforced\"}]}}"),
        "");
    assert_string_equal(call(w, &s3_api, "GetBucketOwnershipControls", BUCKET), OWNED);
    assert_string_equal(call(w, &s3_api, "DeleteBucketOwnershipControls", BUCKET), "");
    assert_string_equal(call(w, &s3_api, "GetBucketOwnershipControls", BUCKET),
                        "OwnershipControlsNotFoundError: The bucket ownership controls were not found");
}

static void what_was_never_put_may_be_something_or_nothing(void **state) {
    World *w = *state;
    if (!w)
        skip();
    call(w, &s3_api, "CreateBucket", BUCKET);
    assert_string_equal(call(w, &s3_api, "GetBucketVersioning", BUCKET), "{}");
    assert_string_equal(call(w, &s3_api, "GetBucketNotificationConfiguration", BUCKET), "{}");
    assert_string_equal(call(w, &s3_api, "GetBucketRequestPayment", BUCKET), "{\"Payer\":\"BucketOwner\"}");
    const char *usual = call(w, &s3_api, "GetBucketEncryption", BUCKET);
    assert_string_equal(usual, "{\"ServerSideEncryptionConfiguration\":{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":{"
                               "\"SSEAlgorithm\":\"AES256\"},\"BucketKeyEnabled\":false}]}}");
    assert_string_equal(call(w, &s3_api, "GetBucketWebsite", BUCKET),
                        "NoSuchWebsiteConfiguration: The specified bucket does not have a website configuration");
}

#define REPOSITORY "{\"repositoryName\":\"app\"}"
#define RULES \
    "{\\\"rules\\\":[{\\\"rulePriority\\\":1,\\\"selection\\\":{\\\"tagStatus\\\":\\\"any\\\",\\\"countType\\\":" \
    "\\\"imageCountMoreThan\\\",\\\"countNumber\\\":1},\\\"action\\\":{\\\"type\\\":\\\"expire\\\"}}]}"
#define SAYS "{\"registryId\":\"000000000000\",\"repositoryName\":\"app\",\"lifecyclePolicyText\":\"" RULES "\""
#define NO_RULES \
    "LifecyclePolicyNotFoundException: Lifecycle policy does not exist for the repository with name 'app' in the registry " \
    "with id '000000000000'"

static SwOptTime evaluated(World *w) {
    EcrRepositoryRecord *r;
    OK(sw_ctx_begin(w->cx, SW_READ, &w->err));
    OK(ecr_repository_get(w->cx, SW_STR("app"), &r, &w->err));
    sw_ctx_rollback(w->cx);
    return r->lifecycle_evaluated_at;
}

static void what_is_strict_fails_where_there_is_none_and_answers_what_it_was(void **state) {
    World *w = *state;
    if (!w)
        skip();
    call(w, &ecr_api, "CreateRepository", REPOSITORY);
    assert_string_equal(call(w, &ecr_api, "GetLifecyclePolicy", REPOSITORY), NO_RULES);
    assert_string_equal(call(w, &ecr_api, "DeleteLifecyclePolicy", REPOSITORY), NO_RULES);
    assert_string_equal(call(w, &ecr_api, "PutLifecyclePolicy",
                             "{\"repositoryName\":\"app\",\"lifecyclePolicyText\":\"" RULES "\"}"),
                        SAYS "}");
    world_settle(w);
    const char *got = call(w, &ecr_api, "GetLifecyclePolicy", REPOSITORY);
    assert_true(sw_str_starts(sw_str(got), SW_STR(SAYS ",\"lastEvaluatedAt\":")));
    assert_string_equal(call(w, &ecr_api, "DeleteLifecyclePolicy", REPOSITORY), got);
    assert_false(evaluated(w).set); /* it goes with the policy */
    assert_string_equal(call(w, &ecr_api, "DeleteLifecyclePolicy", REPOSITORY), NO_RULES);
}

static SwOptInt retention(World *w) {
    LogsGroupRecord *g;
    OK(sw_ctx_begin(w->cx, SW_READ, &w->err));
    OK(logs_log_group_get(w->cx, SW_STR("g"), &g, &w->err));
    sw_ctx_rollback(w->cx);
    return g->retention_in_days;
}

static void a_number_is_put_and_taken_away(void **state) {
    World *w = *state;
    if (!w)
        skip();
    call(w, &logs_api, "CreateLogGroup", "{\"logGroupName\":\"g\"}");
    assert_string_equal(call(w, &logs_api, "PutRetentionPolicy", "{\"logGroupName\":\"g\",\"retentionInDays\":7}"), "");
    assert_int_equal(retention(w).v, 7);
    assert_string_equal(call(w, &logs_api, "DeleteRetentionPolicy", "{\"logGroupName\":\"g\"}"), "");
    assert_false(retention(w).set);
    assert_string_equal(call(w, &logs_api, "DeleteRetentionPolicy", "{\"logGroupName\":\"no\"}"),
                        "ResourceNotFoundException: The specified log group does not exist.");
}

/* A walker may read any of them: one constant tells all. */
static void a_resource_tells_its_settings(void **state) {
    const SwSetting *cors = &s3_bucket_resource.settings[S3_BUCKET_SETTING_CORS];
    S3CORSConfiguration rules = {0};
    S3BucketRecord b = {.cors = &rules, .policy = SW_STR("")};
    const SwFound f = {&s3_bucket_resource, SW_STR("files"), &b};
    const SwShape *shape;
    assert_string_equal(cors->name, "cors");
    assert_ptr_equal(sw_setting_of(&f, cors, &shape), &rules);
    assert_ptr_equal(shape, &s3_shape_cors_configuration);
    assert_null(sw_setting_of(&f, &s3_bucket_resource.settings[S3_BUCKET_SETTING_POLICY], &shape));
    assert_null(sw_setting_of(&f, &s3_bucket_resource.settings[S3_BUCKET_SETTING_WEBSITE], &shape));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_structure_is_put_replaced_and_taken_away_twice, services),
        WORLD_TEST(a_text_may_lie_in_a_list, services),
        WORLD_TEST(what_was_never_put_may_be_something_or_nothing, services),
        WORLD_TEST(what_is_strict_fails_where_there_is_none_and_answers_what_it_was, services),
        WORLD_TEST(a_number_is_put_and_taken_away, services),
        cmocka_unit_test(a_resource_tells_its_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
