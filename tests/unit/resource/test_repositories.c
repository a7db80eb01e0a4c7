/* SPDX-License-Identifier: Apache-2.0 */
/* What is declared of ECR's repositories, on a whole host: made, read, changed and ended by their CloudFormation properties
 * through the service's own operations; tags, the walk over all of them, what a request is about. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../cpu.h"
#include "models/ecr_resources.gen.h"
#include "types.h"

extern const SwService sw_service_ecr;
static const SwService *const services[] = {&sw_service_ecr, NULL};
#define TYPE &ecr_repository_resource

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

static void what_is_set_is_read_back(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_ptr_equal(sw_resource_of_type(w->host, SW_STR("AWS::ECR::Repository")), &ecr_repository_resource);
    assert_null(sw_resource_of_type(w->host, SW_STR("AWS::ECR::Nothing")));
    const SwValue *want = parse(w, FULL);
    assert_string_equal(apply(w, TYPE, "", NULL, want, &done), "");
    assert_string_equal(sw_str_z(w->arena, done.identifier), "team/web");
    SwValue got = read_back(w, TYPE, "team/web");
    assert_has(w, &got, want);
    assert_has(w, &got, parse(w, "{\"Arn\":\"arn:aws:ecr:us-east-1:000000000000:repository/team/web\"}"));
    assert_true(sw_value_str(sw_value_getz(&got, "RepositoryUri")).n > 0);
    assert_string_equal(apply(w, TYPE, "", NULL, want, &done), "AlreadyExistsException");
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
    assert_string_equal(apply(w, TYPE, "", NULL, was, &done), "");
    SwValue got = change_one(w, TYPE, "team/web", was, want);
    assert_lacks(&got, "ImageTagMutabilityExclusionFilters", "RepositoryPolicyText", "LifecyclePolicy");
    const SwValue *renamed = parse(w, "{\"RepositoryName\":\"team/api\"}");
    assert_string_equal(apply(w, TYPE, "team/web", want, renamed, &done), "");
    assert_true(done.replace); /* and nothing was done */
    assert_reads_as(w, TYPE, "team/web", want);
    end_one(w, TYPE, "team/web", want, "RepositoryNotFoundException");
    assert_string_equal(apply(w, TYPE, "team/web", want, NULL, &done), "RepositoryNotFoundException");
}

static void a_name_is_made_where_none_is_given(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_string_equal(apply(w, TYPE, "", NULL, parse(w, "{}"), &done), "");
    assert_true(sw_str_starts(done.identifier, SW_STR("repository-")));
    SwValue got = read_back(w, TYPE, sw_str_z(w->arena, done.identifier));
    assert_int_equal(got.kind, SW_VOBJECT);
}

static void documents_that_are_none_of_the_type_are_refused_by_name(void **state) {
    World *w = *state;
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
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_refuses(w, TYPE, bad[i][0], bad[i][1]);
}

/* While it is looked at nobody else can write. */
static void a_document_of_many_keys_is_refused_as_soon_as_one_of_few(void **state) {
    World *w = *state;
    int64_t took[2];
    if (!w)
        skip();
    for (size_t k = 0; k < 2; k++) {
        const size_t n = k ? 20000 : 2000;
        SwBuf b = sw_buf(w->arena, SW_MIB);
        for (size_t i = 0; i < n; i++)
            sw_buf_addf(&b, "%c\"k%zu\":0", i ? ',' : '{', i);
        sw_buf_addc(&b, '}');
        took[k] = cpu_thread_ns();
        assert_refuses(w, TYPE, sw_buf_str(&b).p, "extraneous key [k0]");
        took[k] = cpu_thread_ns() - took[k];
    }
    assert_true(took[1] < 40 * took[0]); /* ten times as much, and no more than linear with room */
}

/* --- tags, walking, what a request is about: over the same repositories ---------------------------------------- */

static const char *tag(World *w, SwPrincipalKind who, bool take) {
    SwStrMap tags = {0};
    SwStrList keys = {0};
    SwFound f;
    w->err = sw_error(w->arena);
    w->cx->principal.kind = who;
    sw_str_map_set(w->arena, &tags, SW_STR("aws:cloudformation:stack-name"), SW_STR("s"));
    sw_str_list_add(w->arena, &keys, tags.v[0].key);
    assert_int_equal(sw_ctx_begin(w->cx, SW_WRITE, &w->err), 0);
    assert_int_equal(sw_resource_get(w->cx, &ecr_repository_resource, SW_STR("team/web"), &f, &w->err), 0);
    int r = take ? sw_resource_call_untag(w->cx, &f, &keys, &w->err) : sw_resource_call_tag(w->cx, &f, &tags, &w->err);
    w->cx->principal.kind = SW_PRINCIPAL_SERVICE;
    if (r == 0)
        assert_int_equal(sw_ctx_commit(w->cx, &w->err), 0);
    sw_ctx_rollback(w->cx);
    return r == 0 ? "" : w->err.kind->code;
}

static void keys_of_aws_are_for_its_own_services_to_set_and_to_take(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_string_equal(apply(w, TYPE, "", NULL, parse(w, FULL), &done), "");
    assert_string_equal(tag(w, SW_PRINCIPAL_USER, false), "InvalidTagParameterException");
    assert_string_equal(tag(w, SW_PRINCIPAL_SERVICE, false), "");
    assert_string_equal(tag(w, SW_PRINCIPAL_USER, true), "InvalidTagParameterException");
    SwValue got = read_back(w, TYPE, "team/web");
    assert_int_equal(sw_value_getz(&got, "Tags")->n, 3);
    assert_string_equal(tag(w, SW_PRINCIPAL_SERVICE, true), "");
    got = read_back(w, TYPE, "team/web");
    assert_int_equal(sw_value_getz(&got, "Tags")->n, 2);
}

static int note(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    SwStrList *seen = arg;
    sw_str_list_add(cx->arena, seen, arn);
    return sw_str_eqz(f->id, "stop") ? 7 : 0;
}

static void a_walk_comes_by_all_that_is_here_in_order_and_may_be_ended(void **state) {
    World *w = *state;
    SwApplied done;
    SwStrList all = {0}, rest = {0};
    if (!w)
        skip();
    static const char *const names[] = {"b", "a", "stop", "z"};
    for (size_t i = 0; i < SW_N(names); i++)
        assert_string_equal(
            apply(w, TYPE, "", NULL,
                  parse(w, sw_strf(w->arena, "{\"RepositoryName\":\"%s%s\"}", names[i], names[i][1] ? "" : "b").p), &done),
            "");
    w->cx->region = SW_STR("eu-west-1");
    assert_string_equal(apply(w, TYPE, "", NULL, parse(w, "{\"RepositoryName\":\"elsewhere\"}"), &done), "");
    w->cx->region = SW_STR("us-east-1");
    assert_int_equal(sw_ctx_begin(w->cx, SW_READ, &w->err), 0);
    assert_int_equal(sw_resource_walk(w->cx, &ecr_repository_resource, SW_NO_STR, note, &all, &w->err), 7);
    assert_int_equal(sw_resource_walk(w->cx, &ecr_repository_resource, SW_STR("stop"), note, &rest, &w->err), 0);
    assert_int_equal(all.n, 3);
    assert_true(sw_str_ends(all.v[0], SW_STR("000000000000:repository/ab")));
    assert_true(sw_str_ends(all.v[2], SW_STR(":repository/stop")));
    assert_int_equal(rest.n, 1);
    assert_true(sw_str_ends(rest.v[0], SW_STR(":repository/zb")));
}

static void *first(SwCtx *cx, SwStr id) {
    EcrRepositoryRecord *r = sw_str_eqz(id, "default") ? sw_new(cx->arena, EcrRepositoryRecord) : NULL;
    if (r) {
        r->repository = sw_new(cx->arena, EcrRepository);
        r->repository->repository_name = id;
    }
    return r;
}

/* A default bus is there before anybody has written it: found, not to be made, written when it changes first. */
static void what_is_implied_is_there_without_being_stored(void **state) {
    World *w = *state;
    SwFound f;
    SwStrList all = {0};
    if (!w)
        skip();
    SwResource implying = ecr_repository_resource;
    implying.hooks = &(SwResourceHooks){.implied = first};
    SwParts p = {.v = {SW_STR("default")}};
    EcrRepositoryRecord record = {0};
    assert_int_equal(sw_ctx_begin(w->cx, SW_WRITE, &w->err), 0);
    assert_int_equal(sw_resource_find(w->cx, &implying, SW_STR("other"), &f, &w->err), 0);
    assert_null(f.record);
    assert_int_equal(sw_resource_get(w->cx, &implying, SW_STR("default"), &f, &w->err), 0);
    assert_int_equal(sw_resource_insert_parts(w->cx, &implying, &p, &record, &w->err), -1);
    assert_string_equal(w->err.kind->code, "RepositoryAlreadyExistsException");
    sw_error_reset(&w->err);
    assert_int_equal(sw_resource_walk(w->cx, &implying, SW_NO_STR, note, &all, &w->err), 0);
    assert_int_equal(all.n, 0);
    assert_int_equal(sw_resource_put(w->cx, &f, &w->err), 0);
    assert_int_equal(sw_resource_walk(w->cx, &implying, SW_NO_STR, note, &all, &w->err), 0);
    assert_int_equal(all.n, 1);
    sw_ctx_rollback(w->cx);
}

static void a_request_is_about_each_that_it_names_once(void **state) {
    World *w = *state;
    SwQuestions arns;
    if (!w)
        skip();
    SwStr names[] = {SW_STR("a"), SW_STR("b/c"), SW_STR("a"), SW_STR("arn:aws:ecr:us-east-1:000000000000:repository/d")};
    EcrDescribeRepositoriesRequest in = {.repository_names = {names, 4}};
    const SwOperation *op = &ecr_api.op[ECR_DESCRIBE_REPOSITORIES];
    assert_int_equal(sw_resource_questions(w->cx, &sw_service_ecr, op, &in, &arns, &w->err), 0);
    assert_int_equal(arns.n, 3);
    assert_string_equal(sw_str_z(w->arena, arns.v[1].arn), "arn:aws:ecr:us-east-1:000000000000:repository/b/c");
    in.repository_names.n = 0;
    in.repository_names.v = NULL;
    assert_int_equal(sw_resource_questions(w->cx, &sw_service_ecr, op, &in, &arns, &w->err), 0);
    assert_int_equal(arns.n, 0); /* none that it could mean */
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(what_is_set_is_read_back),
        T(what_changes_is_changed_and_what_is_taken_away_is_gone),
        T(a_name_is_made_where_none_is_given),
        T(documents_that_are_none_of_the_type_are_refused_by_name),
        T(a_document_of_many_keys_is_refused_as_soon_as_one_of_few),
        T(keys_of_aws_are_for_its_own_services_to_set_and_to_take),
        T(a_walk_comes_by_all_that_is_here_in_order_and_may_be_ended),
        T(what_is_implied_is_there_without_being_stored),
        T(a_request_is_about_each_that_it_names_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
