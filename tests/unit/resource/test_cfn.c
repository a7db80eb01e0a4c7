/* SPDX-License-Identifier: Apache-2.0 */
/* A resource made, read, changed and ended by its CloudFormation properties, through the operations of its own service. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/host.h"
#include "base/file.h"
#include "models/ecr_resources.gen.h"
#include "resource/cfn.h"

extern const SwService sw_service_ecr;
static const SwService *const services[] = {&sw_service_ecr, NULL};

typedef struct World {
    SwArena *a;
    SwConfig config;
    SwHost *host;
    SwCtx *cx;
    SwError err;
    char dir[64];
} World;

#define FULL \
    "{\"RepositoryName\":\"team/web\",\"ImageTagMutability\":\"IMMUTABLE_WITH_EXCLUSION\"," \
    "\"ImageTagMutabilityExclusionFilters\":[{\"ImageTagMutabilityExclusionFilterType\":\"WILDCARD\"," \
    "\"ImageTagMutabilityExclusionFilterValue\":\"dev*\"}]," \
    "\"ImageScanningConfiguration\":{\"ScanOnPush\":false},\"EncryptionConfiguration\":{\"EncryptionType\":\"AES256\"}," \
    "\"RepositoryPolicyText\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\"," \
    "\"Action\":\"ecr:BatchGetImage\"}]}," \
    "\"LifecyclePolicy\":{\"LifecyclePolicyText\":\"{\\\"rules\\\":[{\\\"rulePriority\\\":1,\\\"selection\\\":{" \
    "\\\"tagStatus\\\":" \
    "\\\"any\\\",\\\"countType\\\":\\\"imageCountMoreThan\\\",\\\"countNumber\\\":5},\\\"action\\\":{\\\"type\\\":" \
    "\\\"expire\\\"}}]}\"}," \
    "\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"},{\"Key\":\"a\",\"Value\":\"\"}]}"

static int set_up(void **state) {
    if (getuid() != 0)
        return 0;
    SwArena *a = sw_arena_new(0);
    World *w = sw_new(a, World);
    w->a = a;
    w->err = sw_error(a);
    memcpy(w->dir, "/tmp/slipway-cfn-XXXXXX", sizeof "/tmp/slipway-cfn-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->config = (SwConfig){.data = w->dir,
                           .address = "127.0.0.1",
                           .account = SW_STR("000000000000"),
                           .region = SW_STR("us-east-1"),
                           .ephemeral = true,
                           .services = services};
    if (sw_host_open(&w->config, &w->host, &w->err) < 0)
        fail_msg("%s: %s", w->err.message, w->err.cause ? w->err.cause : "");
    w->cx = sw_ctx_new(w->host, a, SW_NO_STR, SW_NO_STR, "test");
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    World *w = *state;
    if (!w)
        return 0;
    SwError err = sw_error(w->a);
    sw_ctx_rollback(w->cx);
    assert_int_equal(sw_host_down(w->host, &err), 0);
    assert_int_equal(sw_rm_tree(w->dir, &err), 0);
    sw_arena_free(w->a);
    return 0;
}

static SwValue *parse(World *w, const char *json) {
    SwValue *v = sw_new(w->a, SwValue);
    assert_int_equal(sw_json_parse(w->a, sw_str(json), v, &w->err), 0);
    return v;
}

/* As a walker would: in a transaction, which is undone where it fails. "" or the error's code. */
static const char *apply(World *w, const char *identifier, const SwValue *was, const SwValue *want, SwApplied *ret) {
    w->err = sw_error(w->a);
    assert_int_equal(sw_ctx_begin(w->cx, SW_WRITE, &w->err), 0);
    if (sw_resource_apply(w->cx, &ecr_repository_resource, sw_str(identifier), was, want, ret, &w->err) < 0) {
        sw_ctx_rollback(w->cx);
        return w->err.kind->code;
    }
    assert_int_equal(sw_ctx_commit(w->cx, &w->err), 0);
    return "";
}

static SwValue read_back(World *w, const char *identifier) {
    SwValue v = sw_value_object();
    w->err = sw_error(w->a);
    assert_int_equal(sw_ctx_begin(w->cx, SW_READ, &w->err), 0);
    if (sw_resource_model(w->cx, &ecr_repository_resource, sw_str(identifier), &v, &w->err) < 0)
        v = (SwValue){0};
    sw_ctx_rollback(w->cx);
    return v;
}

/* All that was set is read again, as it was set. */
static void assert_has(World *w, const SwValue *got, const SwValue *set) {
    for (size_t i = 0; i < set->n; i++) {
        const SwValue *v = sw_value_get(got, set->keys[i]);
        SwStr want = sw_json_text(w->a, &set->v[i]), have = v ? sw_json_text(w->a, v) : SW_STR("nothing");
        assert_string_equal(sw_str_z(w->a, have), sw_str_z(w->a, want));
    }
}

static void what_is_set_is_read_back(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_ptr_equal(sw_resource_of_type(w->host, SW_STR("AWS::ECR::Repository")), &ecr_repository_resource);
    assert_null(sw_resource_of_type(w->host, SW_STR("AWS::ECR::Nothing")));
    const SwValue *want = parse(w, FULL);
    assert_string_equal(apply(w, "", NULL, want, &done), "");
    assert_string_equal(sw_str_z(w->a, done.identifier), "team/web");
    SwValue got = read_back(w, "team/web");
    assert_has(w, &got, want);
    assert_has(w, &got, parse(w, "{\"Arn\":\"arn:aws:ecr:us-east-1:000000000000:repository/team/web\"}"));
    assert_true(sw_value_str(sw_value_getz(&got, "RepositoryUri")).n > 0);
    assert_string_equal(apply(w, "", NULL, want, &done), "RepositoryAlreadyExistsException");
}

static void what_changes_is_changed_and_what_is_taken_away_is_gone(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *was = parse(w, FULL);
    const SwValue *want = parse(w, "{\"RepositoryName\":\"team/web\",\"ImageTagMutability\":\"MUTABLE\","
                                   "\"EncryptionConfiguration\":{\"EncryptionType\":\"AES256\"},"
                                   "\"Tags\":[{\"Key\":\"team\",\"Value\":\"blue\"}]}");
    assert_string_equal(apply(w, "", NULL, was, &done), "");
    assert_string_equal(apply(w, "team/web", was, want, &done), "");
    SwValue got = read_back(w, "team/web");
    assert_has(w, &got, want);
    static const char *const gone[] = {"ImageTagMutabilityExclusionFilters", "RepositoryPolicyText", "LifecyclePolicy"};
    for (size_t i = 0; i < SW_N(gone); i++)
        assert_null(sw_value_getz(&got, gone[i]));
    const SwValue *renamed = parse(w, "{\"RepositoryName\":\"team/api\"}");
    assert_string_equal(apply(w, "team/web", want, renamed, &done), "");
    assert_true(done.replace); /* and nothing was done */
    got = read_back(w, "team/web");
    assert_has(w, &got, want);
    assert_string_equal(apply(w, "team/web", want, NULL, &done), "");
    got = read_back(w, "team/web");
    assert_int_equal(got.kind, SW_VNULL);
    assert_string_equal(w->err.kind->code, "RepositoryNotFoundException");
    assert_string_equal(apply(w, "team/web", want, NULL, &done), "RepositoryNotFoundException");
}

static void a_name_is_made_where_none_is_given(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_string_equal(apply(w, "", NULL, parse(w, "{}"), &done), "");
    assert_true(sw_str_starts(done.identifier, SW_STR("repository-")));
    SwValue got = read_back(w, sw_str_z(w->a, done.identifier));
    assert_int_equal(got.kind, SW_VOBJECT);
}

static void documents_that_are_none_of_the_type_are_refused_by_name(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    static const char *const bad[][2] = {
        {"{\"Colour\":\"red\"}", "extraneous key [Colour]"},
        {"{\"Arn\":\"arn:x\"}", "Arn: it is read only"},
        {"{\"Tags\":\"red\"}", "#/Tags: expected type: JSONArray"},
        {"{\"Tags\":[{\"Value\":\"red\"}]}", "required key [Key] not found"},
        {"{\"EmptyOnDelete\":\"perhaps\"}", "#/EmptyOnDelete: expected type: Boolean"},
        {"{\"LifecyclePolicy\":{\"RegistryId\":\"1\"}}", "LifecyclePolicy.RegistryId is not supported"},
        {"{\"ImageScanningConfiguration\":{\"ScanOnPush\":true}}", "scanOnPush"},
    };
    for (size_t i = 0; i < SW_N(bad); i++) {
        assert_string_not_equal(apply(w, "", NULL, parse(w, bad[i][0]), &done), "");
        if (!strstr(w->err.message, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], w->err.message);
    }
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_is_set_is_read_back),
        T(what_changes_is_changed_and_what_is_taken_away_is_gone),
        T(a_name_is_made_where_none_is_given),
        T(documents_that_are_none_of_the_type_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
