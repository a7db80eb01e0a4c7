/* SPDX-License-Identifier: Apache-2.0 */
/* IAM's types: lists whose elements have an operation each, documents that travel as texts, ends that take steps, policies that
 * no record is of, what CloudFormation alone counts as a resource. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/iam_resources.gen.h"
#include "types.h"

extern const SwService sw_service_iam;
static const SwService *const services[] = {&sw_service_iam, NULL};

#define MAY(action) \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"" action "\",\"Resource\":\"*\"}]}"
#define TRUSTS(service) \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"" service "\"}," \
    "\"Action\":\"sts:AssumeRole\"}]}"
#define INLINE(name, action) "{\"PolicyDocument\":" MAY(action) ",\"PolicyName\":\"" name "\"}"
#define TAGS                 "[{\"Key\":\"team\",\"Value\":\"red\"}]"
#define READ_ARN             "arn:aws:iam::000000000000:policy/team/read"
#define AWS_ARN              "arn:aws:iam::aws:policy/ReadOnlyAccess"

static int set_up(void **state) {
    *state = world_open(services);
    return 0;
}

static const char *made(World *w, const SwResource *r, const char *json) {
    SwApplied done;
    const char *failed = apply(w, r, "", NULL, parse(w, json), &done);
    if (*failed)
        fail_msg("%s: %s", failed, w->err.message);
    return sw_str_z(w->arena, done.identifier);
}

/* Changed, and then it says all that is wanted. */
static SwValue changed(World *w, const SwResource *r, const char *identifier, const SwValue *was, const SwValue *want) {
    SwApplied done;
    const char *failed = apply(w, r, identifier, was, want, &done);
    if (*failed)
        fail_msg("%s: %s", failed, w->err.message);
    assert_false(done.replace);
    SwValue got = read_back(w, r, identifier);
    assert_has(w, &got, want);
    return got;
}

static void ended(World *w, const SwResource *r, const char *identifier, const SwValue *was) {
    SwApplied done;
    const char *failed = apply(w, r, identifier, was, NULL, &done);
    if (*failed)
        fail_msg("%s: %s", failed, w->err.message);
    SwValue got = read_back(w, r, identifier);
    assert_int_equal(got.kind, SW_VNULL);
    assert_string_equal(w->err.kind->code, "NoSuchEntity");
}

static void a_role_has_its_policies_one_by_one(void **state) {
    World *w = *state;
    const SwResource *role = &iam_role_resource;
    SwApplied done;
    if (!w)
        skip();
    made(w, &iam_policy_resource, "{\"ManagedPolicyName\":\"read\",\"Path\":\"/team/\",\"PolicyDocument\":" MAY("s3:Get*") "}");
    const SwValue *was =
        parse(w,
              "{\"RoleName\":\"Task\",\"Path\":\"/team/\",\"AssumeRolePolicyDocument\":" TRUSTS(
                  "ecs-tasks.amazonaws.com") ",\"Description\":\"runs\",\"MaxSessionDuration\":7200,\"PermissionsBoundary\":"
                                             "\"" READ_ARN "\","
                                             "\"ManagedPolicyArns\":[\"" READ_ARN "\",\"" AWS_ARN "\"],"
                                             "\"Policies\":[" INLINE("a", "sqs:*") "," INLINE("b", "sns:*") "],\"Tags\":" TAGS
                                                                                                            "}");
    assert_string_equal(apply(w, role, "", NULL, was, &done), "");
    assert_string_equal(sw_str_z(w->arena, done.identifier), "Task"); /* as it was written, though names have no case */
    SwValue got = read_back(w, role, "Task");
    assert_has(w, &got,
               parse(w, "{\"Arn\":\"arn:aws:iam::000000000000:role/team/Task\",\"Policies\":[" INLINE("a", "sqs:*") "," INLINE(
                            "b", "sns:*") "]}"));
    assert_true(
        sw_value_equal(sw_value_getz(&got, "AssumeRolePolicyDocument"), sw_value_getz(was, "AssumeRolePolicyDocument")));
    assert_has(w, &got, parse(w, "{\"PermissionsBoundary\":\"" READ_ARN "\",\"Tags\":" TAGS "}"));
    assert_true(sw_str_starts(sw_value_str(sw_value_getz(&got, "RoleId")), SW_STR("AROA")));
    assert_int_equal(sw_value_getz(&got, "ManagedPolicyArns")->n, 2);
    assert_string_equal(apply(w, role, "", NULL, was, &done), "EntityAlreadyExists");
    const SwValue *want =
        parse(w, "{\"RoleName\":\"Task\",\"Path\":\"/team/\",\"AssumeRolePolicyDocument\":" TRUSTS(
                     "ec2.amazonaws.com") ",\"ManagedPolicyArns\":[\"" AWS_ARN
                                          "\"],\"Policies\":[" INLINE("a", "ecr:*") "," INLINE("c", "sns:*") "]}");
    got = changed(w, role, "Task", was, want);
    static const char *const gone[] = {"PermissionsBoundary", "Tags"};
    for (size_t i = 0; i < SW_N(gone); i++)
        if (sw_value_getz(&got, gone[i]))
            fail_msg("%s is still there", gone[i]);
    assert_has(w, &got, parse(w, "{\"MaxSessionDuration\":3600,\"Description\":\"\"}"));
    assert_string_equal(apply(w, role, "Task", want,
                              parse(w, "{\"RoleName\":\"Task\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}"),
                              &done),
                        "");
    assert_true(done.replace); /* another path is another role */
    ended(w, role, "Task", want);
}

static void a_service_linked_role_is_made_by_its_service(void **state) {
    World *w = *state;
    if (!w)
        skip();
    const SwResource *r = &iam_service_linked_role_resource;
    made(w, &iam_role_resource, "{\"RoleName\":\"other\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    assert_string_equal(assert_life(w, r, "{\"AWSServiceName\":\"ecs.amazonaws.com\",\"Description\":\"runs\"}",
                                    "{\"AWSServiceName\":\"ecs.amazonaws.com\",\"Description\":\"walks\"}"),
                        "AWSServiceRoleForECS");
    assert_string_equal(property(w, r, "other", "RoleName"), "nothing");
    assert_refuses(w, r, "{\"AWSServiceName\":\"never.amazonaws.com\"}", "is not known");
    assert_refuses(w, r, "{\"AWSServiceName\":\"ecs.amazonaws.com\",\"CustomSuffix\":\"a\"}", "Custom suffix is not allowed");
}

static void what_others_attached_keeps_a_role(void **state) {
    World *w = *state;
    const SwResource *role = &iam_role_resource;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *was = parse(w, "{\"RoleName\":\"task\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    made(w, role, "{\"RoleName\":\"task\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    const char *policy =
        made(w, &iam_role_policy_resource, "{\"RoleName\":\"task\",\"PolicyName\":\"p\",\"PolicyDocument\":" MAY("s3:*") "}");
    assert_string_equal(policy, "p|task");
    assert_string_equal(apply(w, role, "task", was, NULL, &done), "DeleteConflict");
    /* what was said and is gone already is no failure */
    const SwValue *more =
        parse(w, "{\"RoleName\":\"task\",\"AssumeRolePolicyDocument\":" TRUSTS(
                     "ec2.amazonaws.com") ",\"Policies\":[" INLINE("p", "s3:*") "," INLINE("never", "s3:*") "]}");
    ended(w, role, "task", more);
}

static void a_policy_without_a_record_is_known_by_two_names(void **state) {
    World *w = *state;
    const SwResource *r = &iam_user_policy_resource;
    SwApplied done;
    if (!w)
        skip();
    made(w, &iam_user_resource, "{\"UserName\":\"Ann\"}");
    const SwValue *was = parse(w, "{\"UserName\":\"Ann\",\"PolicyName\":\"p\",\"PolicyDocument\":" MAY("s3:*") "}");
    const SwValue *want = parse(w, "{\"UserName\":\"Ann\",\"PolicyName\":\"p\",\"PolicyDocument\":" MAY("sqs:*") "}");
    assert_string_equal(apply(w, r, "", NULL, was, &done), "");
    SwValue got = read_back(w, r, "p|Ann");
    assert_has(w, &got, was);
    assert_string_equal(apply(w, r, "", NULL, want, &done), "EntityAlreadyExists");
    (void)changed(w, r, "p|Ann", was, want);
    assert_string_equal(apply(w, r, "q|Ann", want, NULL, &done), "NoSuchEntity");
    ended(w, r, "p|Ann", want);
    assert_string_equal(apply(w, &iam_group_policy_resource, "", NULL,
                              parse(w, "{\"GroupName\":\"none\",\"PolicyName\":\"p\",\"PolicyDocument\":" MAY("s3:*") "}"),
                              &done),
                        "NoSuchEntity");
}

static void a_user_is_in_groups_and_moves(void **state) {
    World *w = *state;
    const SwResource *user = &iam_user_resource;
    SwApplied done;
    if (!w)
        skip();
    made(w, &iam_group_resource,
         "{\"GroupName\":\"Red\",\"Path\":\"/team/\",\"ManagedPolicyArns\":[\"" AWS_ARN "\"],"
         "\"Policies\":[" INLINE("a", "sqs:*") "]}");
    made(w, &iam_group_resource, "{\"GroupName\":\"Blue\"}");
    const SwValue *was = parse(w, "{\"UserName\":\"Ann\",\"Path\":\"/a/\",\"Groups\":[\"Red\"],\"Policies\":[" INLINE(
                                      "a", "sqs:*") "],"
                                                    "\"PermissionsBoundary\":\"" AWS_ARN "\",\"Tags\":" TAGS "}");
    const SwValue *want =
        parse(w, "{\"UserName\":\"Ann\",\"Path\":\"/b/\",\"Groups\":[\"Blue\"],\"ManagedPolicyArns\":[\"" AWS_ARN "\"]}");
    assert_string_equal(apply(w, user, "", NULL, was, &done), "");
    SwValue got = read_back(w, user, "Ann");
    assert_has(w, &got, was);
    got = changed(w, user, "Ann", was, want);
    assert_has(w, &got, parse(w, "{\"Arn\":\"arn:aws:iam::000000000000:user/b/Ann\"}"));
    static const char *const gone[] = {"Policies", "PermissionsBoundary", "Tags"};
    for (size_t i = 0; i < SW_N(gone); i++)
        if (sw_value_getz(&got, gone[i]))
            fail_msg("%s is still there", gone[i]);
    assert_string_equal(apply(w, user, "", NULL, parse(w, "{\"LoginProfile\":{\"Password\":\"x\"}}"), &done),
                        "InvalidRequestException");
    assert_non_null(strstr(w->err.message, "LoginProfile is not supported"));
    ended(w, user, "Ann", want);
    got = read_back(w, &iam_group_resource, "Red");
    assert_has(
        w, &got,
        parse(w, "{\"Path\":\"/team/\",\"Arn\":\"arn:aws:iam::000000000000:group/team/Red\",\"ManagedPolicyArns\":[\"" AWS_ARN
                 "\"]}"));
    SwValue red = got;
    ended(w, &iam_group_resource, "Red", &red);
}

/* Each change is a version, of which there are five at most. */
static void a_managed_policy_is_its_default_version(void **state) {
    World *w = *state;
    const SwResource *policy = &iam_policy_resource;
    SwApplied done;
    if (!w)
        skip();
    made(w, &iam_role_resource, "{\"RoleName\":\"one\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    made(w, &iam_role_resource,
         "{\"RoleName\":\"two\",\"PermissionsBoundary\":\"" AWS_ARN
         "\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    made(w, &iam_group_resource, "{\"GroupName\":\"team\"}");
    const SwValue *was =
        parse(w, "{\"ManagedPolicyName\":\"read\",\"Path\":\"/team/\",\"Description\":\"reads\",\"PolicyDocument\":" MAY(
                     "s3:v1") ",\"Roles\":[\"one\"],\"Groups\":[\"team\"]}");
    assert_string_equal(apply(w, policy, "", NULL, was, &done), "");
    assert_string_equal(sw_str_z(w->arena, done.identifier), READ_ARN);
    SwValue got = read_back(w, policy, READ_ARN);
    assert_has(w, &got, was);
    assert_has(w, &got, parse(w, "{\"PolicyArn\":\"" READ_ARN "\",\"DefaultVersionId\":\"v1\",\"AttachmentCount\":2}"));
    /* that it is a role's boundary does not attach it */
    OK(sw_ctx_begin(w->cx, SW_WRITE, &w->err));
    IamPutRolePermissionsBoundaryRequest bound = {.role_name = SW_STR("two"), .permissions_boundary = SW_STR(READ_ARN)};
    OK(iam_call_put_role_permissions_boundary(w->cx, &bound, &(void *){0}, &w->err));
    OK(sw_ctx_commit(w->cx, &w->err));
    got = read_back(w, policy, READ_ARN);
    assert_has(w, &got, parse(w, "{\"Roles\":[\"one\"]}"));
    OK(sw_ctx_begin(w->cx, SW_WRITE, &w->err));
    IamDeleteRolePermissionsBoundaryRequest free = {.role_name = SW_STR("two")};
    OK(iam_call_delete_role_permissions_boundary(w->cx, &free, &(void *){0}, &w->err));
    OK(sw_ctx_commit(w->cx, &w->err));
    for (unsigned i = 2; i <= 8; i++) {
        const SwValue *want =
            parse(w, sw_strf(w->arena,
                             "{\"ManagedPolicyName\":\"read\",\"Path\":\"/team/\",\"Description\":\"reads\",\"PolicyDocument\":"
                             "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:v%u\","
                             "\"Resource\":\"*\"}]},\"Roles\":[\"two\"]}",
                             i)
                         .p);
        got = changed(w, policy, READ_ARN, was, want);
        was = want;
    }
    assert_has(w, &got, parse(w, "{\"DefaultVersionId\":\"v8\",\"AttachmentCount\":1}"));
    assert_string_equal(apply(w, policy, READ_ARN, was,
                              parse(w, "{\"ManagedPolicyName\":\"other\",\"PolicyDocument\":" MAY("s3:*") "}"), &done),
                        "");
    assert_true(done.replace);
    ended(w, policy, READ_ARN, was);
}

static void a_profile_has_a_role(void **state) {
    World *w = *state;
    const SwResource *profile = &iam_instance_profile_resource;
    if (!w)
        skip();
    made(w, &iam_role_resource, "{\"RoleName\":\"one\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    made(w, &iam_role_resource, "{\"RoleName\":\"two\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    const SwValue *was = parse(w, "{\"InstanceProfileName\":\"machine\",\"Path\":\"/m/\",\"Roles\":[\"one\"]}");
    const SwValue *want = parse(w, "{\"InstanceProfileName\":\"machine\",\"Path\":\"/m/\",\"Roles\":[\"two\"]}");
    SwApplied done;
    assert_string_equal(apply(w, profile, "", NULL, was, &done), "");
    SwValue got = read_back(w, profile, "machine");
    assert_has(w, &got, was);
    (void)changed(w, profile, "machine", was, want);
    ended(w, profile, "machine", want);
}

static void a_key_tells_its_secret_once(void **state) {
    World *w = *state;
    const SwResource *key = &iam_access_key_resource;
    SwApplied done;
    if (!w)
        skip();
    made(w, &iam_user_resource, "{\"UserName\":\"Ann\"}");
    const SwValue *was = parse(w, "{\"UserName\":\"Ann\",\"Serial\":1,\"Status\":\"Inactive\"}");
    const SwValue *want = parse(w, "{\"UserName\":\"Ann\",\"Serial\":1}");
    assert_string_equal(apply(w, key, "", NULL, was, &done), "");
    const char *id = sw_str_z(w->arena, done.identifier);
    assert_int_equal(strncmp(id, "AKIA", 4), 0);
    assert_int_equal(sw_value_str(sw_value_getz(&done.told, "SecretAccessKey")).n, 40);
    SwValue got = read_back(w, key, id);
    assert_has(w, &got, parse(w, "{\"UserName\":\"Ann\",\"Status\":\"Inactive\"}"));
    assert_has(w, &got, parse(w, sw_strf(w->arena, "{\"Id\":\"%s\"}", id).p));
    assert_null(sw_value_getz(&got, "SecretAccessKey"));
    assert_string_equal(apply(w, key, id, was, want, &done), "");
    got = read_back(w, key, id);
    assert_has(w, &got, parse(w, "{\"Status\":\"Active\"}"));
    assert_string_equal(apply(w, key, id, want, parse(w, "{\"UserName\":\"Ann\",\"Serial\":2}"), &done), "");
    assert_true(done.replace);
    ended(w, key, id, want);
}

static const char *inline_of(World *w, const SwResource *r, const char *name) {
    SwValue got = read_back(w, r, name);
    return sw_str_z(w->arena, sw_json_text(w->arena, sw_value_getz(&got, "Policies")));
}

static void a_policy_of_several_is_put_on_each(void **state) {
    World *w = *state;
    const SwResource *r = &iam_inline_policy_resource;
    SwApplied done;
    if (!w)
        skip();
    made(w, &iam_role_resource, "{\"RoleName\":\"one\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    made(w, &iam_role_resource, "{\"RoleName\":\"two\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    made(w, &iam_user_resource, "{\"UserName\":\"Ann\"}");
    const SwValue *was =
        parse(w, "{\"PolicyName\":\"p\",\"PolicyDocument\":" MAY("s3:*") ",\"Roles\":[\"one\",\"two\"],\"Users\":[\"Ann\"]}");
    const SwValue *want = parse(w, "{\"PolicyName\":\"q\",\"PolicyDocument\":" MAY("sqs:*") ",\"Roles\":[\"two\"]}");
    assert_string_equal(apply(w, r, "", NULL, was, &done), "");
    const char *id = sw_str_z(w->arena, done.identifier);
    assert_int_equal(strncmp(id, "Policy-", 7), 0);
    assert_string_equal(inline_of(w, &iam_role_resource, "one"), "[" INLINE("p", "s3:*") "]");
    assert_string_equal(inline_of(w, &iam_user_resource, "Ann"), "[" INLINE("p", "s3:*") "]");
    SwValue got = read_back(w, r, id);
    assert_has(w, &got, was);
    assert_has(w, &got, parse(w, sw_strf(w->arena, "{\"Id\":\"%s\"}", id).p));
    got = changed(w, r, id, was, want);
    assert_null(sw_value_getz(&got, "Users"));
    assert_string_equal(inline_of(w, &iam_role_resource, "two"), "[" INLINE("q", "sqs:*") "]");
    got = read_back(w, &iam_role_resource, "one");
    assert_null(sw_value_getz(&got, "Policies"));
    got = read_back(w, &iam_user_resource, "Ann");
    assert_null(sw_value_getz(&got, "Policies"));
    assert_string_equal(apply(w, r, id, want,
                              parse(w, "{\"PolicyName\":\"q\",\"PolicyDocument\":" MAY("s3:*") ",\"Roles\":[\"none\"]}"),
                              &done),
                        "NoSuchEntity");
    got = read_back(w, r, id);
    assert_has(w, &got, want);
    ended(w, r, id, want);
    got = read_back(w, &iam_role_resource, "two");
    assert_null(sw_value_getz(&got, "Policies"));
}

static void users_are_added_to_a_group(void **state) {
    World *w = *state;
    const SwResource *r = &iam_user_to_group_addition_resource;
    SwApplied done;
    if (!w)
        skip();
    made(w, &iam_group_resource, "{\"GroupName\":\"red\"}");
    made(w, &iam_group_resource, "{\"GroupName\":\"blue\"}");
    made(w, &iam_user_resource, "{\"UserName\":\"Ann\"}");
    const SwValue *was = parse(w, "{\"GroupName\":\"red\",\"Users\":[\"Ann\"]}"),
                  *want = parse(w, "{\"GroupName\":\"blue\",\"Users\":[\"Ann\"]}");
    assert_string_equal(apply(w, r, "", NULL, was, &done), "");
    const char *id = sw_str_z(w->arena, done.identifier);
    SwValue got = read_back(w, &iam_user_resource, "Ann");
    assert_has(w, &got, parse(w, "{\"Groups\":[\"red\"]}"));
    (void)changed(w, r, id, was, want);
    got = read_back(w, &iam_user_resource, "Ann");
    assert_has(w, &got, parse(w, "{\"Groups\":[\"blue\"]}"));
    ended(w, r, id, want);
    got = read_back(w, &iam_user_resource, "Ann");
    assert_null(sw_value_getz(&got, "Groups"));
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, set_up, world_close)
    const struct CMUnitTest tests[] = {
        T(a_role_has_its_policies_one_by_one),
        T(a_service_linked_role_is_made_by_its_service),
        T(what_others_attached_keeps_a_role),
        T(a_policy_without_a_record_is_known_by_two_names),
        T(a_user_is_in_groups_and_moves),
        T(a_managed_policy_is_its_default_version),
        T(a_profile_has_a_role),
        T(a_key_tells_its_secret_once),
        T(a_policy_of_several_is_put_on_each),
        T(users_are_added_to_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
