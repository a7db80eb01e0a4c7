/* SPDX-License-Identifier: Apache-2.0 */
/* CodeBuild's projects as AWS::CodeBuild::Project: one operation changes all there is, keeps what it is not told and replaces
 * all tags. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/codebuild_resources.gen.h"
#include "types.h"

extern const SwService sw_service_codebuild;
static const SwService *const services[] = {&sw_service_codebuild, NULL};
#define TYPE &codebuild_project_resource

#define GIT  "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/"
#define ROLE "\"ServiceRole\":\"arn:aws:iam::000000000000:role/build\""
#define ENVIRONMENT \
    "\"Environment\":{\"ComputeType\":\"BUILD_GENERAL1_SMALL\",\"EnvironmentVariables\":[{\"Name\":\"A\",\"Type\":" \
    "\"PLAINTEXT\"," \
    "\"Value\":\"1\"}],\"Image\":\"alpine:3\",\"ImagePullCredentialsType\":\"SERVICE_ROLE\",\"PrivilegedMode\":false," \
    "\"Type\":\"LINUX_CONTAINER\"}"
#define SOURCE "\"Source\":{\"BuildSpec\":\"ci.yml\",\"GitCloneDepth\":1,\"Location\":\"" GIT "web\",\"Type\":\"CODECOMMIT\"}"
#define FULL \
    "{\"Artifacts\":{\"EncryptionDisabled\":true,\"Location\":\"out\",\"Name\":\"web.zip\",\"NamespaceType\":\"NONE\"," \
    "\"Packaging\":\"ZIP\",\"Path\":\"p\",\"Type\":\"S3\"},\"BadgeEnabled\":true,\"Cache\":{\"Type\":\"NO_CACHE\"}," \
    "\"ConcurrentBuildLimit\":2,\"Description\":\"a site\",\"EncryptionKey\":\"alias/aws/s3\"," ENVIRONMENT "," \
    "\"LogsConfig\":{\"CloudWatchLogs\":{\"GroupName\":\"g\",\"Status\":\"ENABLED\",\"StreamName\":\"s\"}},\"Name\":\"web\"," \
    "\"QueuedTimeoutInMinutes\":30,\"SecondaryArtifacts\":[{\"ArtifactIdentifier\":\"more\",\"Location\":\"out\"," \
    "\"Name\":\"more.zip\",\"Type\":\"S3\"}]," \
    "\"SecondarySourceVersions\":[{\"SourceIdentifier\":\"lib\",\"SourceVersion\":\"main\"}]," \
    "\"SecondarySources\":[{\"Location\":\"" GIT "lib\",\"SourceIdentifier\":\"lib\",\"Type\":\"CODECOMMIT\"}]," ROLE \
    "," SOURCE ",\"SourceVersion\":\"refs/heads/main\"," \
    "\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"},{\"Key\":\"a\",\"Value\":\"\"}],\"TimeoutInMinutes\":10}"
#define CHANGED \
    "{\"Artifacts\":{\"Type\":\"NO_ARTIFACTS\"}," ENVIRONMENT ",\"Name\":\"web\"," ROLE "," SOURCE \
    ",\"Tags\":[{\"Key\":\"team\",\"Value\":\"blue\"}],\"QueuedTimeoutInMinutes\":40}"

static void what_is_set_is_read_back(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    assert_ptr_equal(sw_resource_of_type(w->host, SW_STR("AWS::CodeBuild::Project")), TYPE);
    const SwValue *want = parse(w, FULL);
    assert_string_equal(apply(w, TYPE, "", NULL, want, &done), "");
    assert_string_equal(sw_str_z(w->arena, done.identifier), "web");
    SwValue got = read_back(w, TYPE, "web");
    assert_has(w, &got, want);
    assert_has(w, &got, parse(w, "{\"Arn\":\"arn:aws:codebuild:us-east-1:000000000000:project/web\",\"Id\":\"web\"}"));
    assert_string_equal(apply(w, TYPE, "", NULL, want, &done), "AlreadyExistsException");
}

static void what_is_taken_away_is_as_if_it_had_never_been_set(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *was = parse(w, FULL), *want = parse(w, CHANGED);
    assert_string_equal(apply(w, TYPE, "", NULL, was, &done), "");
    SwValue got = change_one(w, TYPE, "web", was, want);
    assert_has(w, &got,
               parse(w, "{\"BadgeEnabled\":false,\"Cache\":{\"Type\":\"NO_CACHE\"},\"EncryptionKey\":\"alias/aws/s3\","
                        "\"LogsConfig\":{\"CloudWatchLogs\":{\"Status\":\"ENABLED\"}},\"TimeoutInMinutes\":60}"));
    assert_lacks(&got, "ConcurrentBuildLimit", "SecondaryArtifacts", "SecondarySources", "SecondarySourceVersions");
    assert_string_equal(sw_str_z(w->arena, sw_value_str(sw_value_getz(&got, "Description"))), "");
    assert_string_equal(sw_str_z(w->arena, sw_value_str(sw_value_getz(&got, "SourceVersion"))), "");
}

/* One operation replaces all tags, so it is told of those that nobody asked to change. */
static void tags_of_others_stay(void **state) {
    World *w = *state;
    SwStrMap own = {0};
    SwApplied done;
    SwFound f;
    if (!w)
        skip();
    const SwValue *was = parse(w, FULL), *want = parse(w, CHANGED);
    assert_string_equal(apply(w, TYPE, "", NULL, was, &done), "");
    sw_str_map_set(w->arena, &own, SW_STR("aws:cloudformation:stack-name"), SW_STR("s"));
    OK(sw_ctx_begin(w->cx, SW_WRITE, &w->err));
    OK(sw_resource_get(w->cx, TYPE, SW_STR("web"), &f, &w->err));
    OK(sw_resource_call_tag(w->cx, &f, &own, &w->err));
    OK(sw_ctx_commit(w->cx, &w->err));
    assert_string_equal(apply(w, TYPE, "web", was, want, &done), "");
    SwValue got = read_back(w, TYPE, "web");
    assert_int_equal(sw_value_getz(&got, "Tags")->n, 2);
    assert_string_equal(sw_str_z(w->arena, sw_value_str(sw_value_path(&got, "Tags.0.Key"))), "team");
    assert_string_equal(sw_str_z(w->arena, sw_value_str(sw_value_path(&got, "Tags.0.Value"))), "blue");
    assert_string_equal(sw_str_z(w->arena, sw_value_str(sw_value_path(&got, "Tags.1.Value"))), "s");
}

static void another_name_is_another_project(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *was = parse(w, CHANGED);
    assert_string_equal(apply(w, TYPE, "", NULL, was, &done), "");
    assert_string_equal(apply(w, TYPE, "web", was,
                              parse(w, "{\"Artifacts\":{\"Type\":\"NO_ARTIFACTS\"}," ENVIRONMENT "," ROLE "," SOURCE
                                       ",\"Name\":\"api\"}"),
                              &done),
                        "");
    assert_true(done.replace);
    assert_string_equal(apply(w, TYPE, "", NULL,
                              parse(w, "{\"Artifacts\":{\"Type\":\"NO_ARTIFACTS\"}," ENVIRONMENT "," ROLE "," SOURCE "}"),
                              &done),
                        "");
    assert_true(sw_str_starts(done.identifier, SW_STR("Project-")));
    assert_int_equal(list_all(w, TYPE).n, 2);
    assert_string_equal(apply(w, TYPE, "web", was, NULL, &done), "");
    assert_int_equal(list_all(w, TYPE).n, 1);
    assert_gone(w, TYPE, "web", "ResourceNotFoundException");
}

static void what_cannot_be_done_is_refused_by_name(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    static const char *const bad[][2] = {
        {"\"Triggers\":{\"Webhook\":true}", "Triggers is not supported"},
        {"\"Visibility\":\"PUBLIC_READ\"", "Visibility is not supported"},
        {"\"VpcConfig\":{\"VpcId\":\"v\"}", "VpcConfig is not supported"},
        {"\"AutoRetryLimit\":1", "AutoRetryLimit is not supported"},
        {"\"Cache\":{\"Type\":\"LOCAL\"}", "cache"},
        {"\"Id\":\"web\"", "Id: it is read only"},
        {"\"ConcurrentBuildLimit\":\"many\"", "#/ConcurrentBuildLimit: expected type: Integer"},
        {"\"Cache\":{}", "required key [Type] not found"},
    };
    for (size_t i = 0; i < SW_N(bad); i++) {
        SwStr json =
            sw_strf(w->arena, "{\"Artifacts\":{\"Type\":\"NO_ARTIFACTS\"}," ENVIRONMENT "," ROLE "," SOURCE ",%s}", bad[i][0]);
        assert_string_not_equal(apply(w, TYPE, "", NULL, parse(w, sw_str_z(w->arena, json)), &done), "");
        if (!strstr(w->err.message, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], w->err.message);
    }
    assert_int_equal(list_all(w, TYPE).n, 0);
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(what_is_set_is_read_back),
        T(what_is_taken_away_is_as_if_it_had_never_been_set),
        T(tags_of_others_stay),
        T(another_name_is_another_project),
        T(what_cannot_be_done_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
