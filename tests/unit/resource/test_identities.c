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

static void a_role_has_its_policies_one_by_one(void **state) {
    World *w = *state;
    const SwResource *role = &iam_role_resource;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, &iam_policy_resource,
             "{\"ManagedPolicyName\":\"read\",\"Path\":\"/team/\",\"PolicyDocument\":" MAY("s3:Get*") "}");
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
    assert_string_equal(apply(w, role, "", NULL, was, &done), "AlreadyExistsException");
    const SwValue *want =
        parse(w, "{\"RoleName\":\"Task\",\"Path\":\"/team/\",\"AssumeRolePolicyDocument\":" TRUSTS(
                     "ec2.amazonaws.com") ",\"ManagedPolicyArns\":[\"" AWS_ARN
                                          "\"],\"Policies\":[" INLINE("a", "ecr:*") "," INLINE("c", "sns:*") "]}");
    got = change_one(w, role, "Task", was, want);
    assert_lacks(&got, "PermissionsBoundary", "Tags");
    assert_has(w, &got, parse(w, "{\"MaxSessionDuration\":3600,\"Description\":\"\"}"));
    assert_string_equal(apply(w, role, "Task", want,
                              parse(w, "{\"RoleName\":\"Task\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}"),
                              &done),
                        "");
    assert_true(done.replace); /* another path is another role */
    end_one(w, role, "Task", want, "NoSuchEntity");
}

static void a_service_linked_role_is_made_by_its_service(void **state) {
    World *w = *state;
    if (!w)
        skip();
    const SwResource *r = &iam_service_linked_role_resource;
    make_one(w, &iam_role_resource, "{\"RoleName\":\"other\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
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
    make_one(w, role, "{\"RoleName\":\"task\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    const char *policy = make_one(w, &iam_role_policy_resource,
                                  "{\"RoleName\":\"task\",\"PolicyName\":\"p\",\"PolicyDocument\":" MAY("s3:*") "}");
    assert_string_equal(policy, "p|task");
    assert_string_equal(apply(w, role, "task", was, NULL, &done), "DeleteConflict");
    /* what was said and is gone already is no failure */
    const SwValue *more =
        parse(w, "{\"RoleName\":\"task\",\"AssumeRolePolicyDocument\":" TRUSTS(
                     "ec2.amazonaws.com") ",\"Policies\":[" INLINE("p", "s3:*") "," INLINE("never", "s3:*") "]}");
    end_one(w, role, "task", more, "NoSuchEntity");
}

static void a_policy_without_a_record_is_known_by_two_names(void **state) {
    World *w = *state;
    const SwResource *r = &iam_user_policy_resource;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, &iam_user_resource, "{\"UserName\":\"Ann\"}");
    const SwValue *was = parse(w, "{\"UserName\":\"Ann\",\"PolicyName\":\"p\",\"PolicyDocument\":" MAY("s3:*") "}");
    const SwValue *want = parse(w, "{\"UserName\":\"Ann\",\"PolicyName\":\"p\",\"PolicyDocument\":" MAY("sqs:*") "}");
    assert_string_equal(apply(w, r, "", NULL, was, &done), "");
    assert_reads_as(w, r, "p|Ann", was);
    assert_string_equal(apply(w, r, "", NULL, want, &done), "AlreadyExistsException");
    (void)change_one(w, r, "p|Ann", was, want);
    assert_string_equal(apply(w, r, "q|Ann", want, NULL, &done), "NoSuchEntity");
    end_one(w, r, "p|Ann", want, "NoSuchEntity");
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
    make_one(w, &iam_group_resource,
             "{\"GroupName\":\"Red\",\"Path\":\"/team/\",\"ManagedPolicyArns\":[\"" AWS_ARN "\"],"
             "\"Policies\":[" INLINE("a", "sqs:*") "]}");
    make_one(w, &iam_group_resource, "{\"GroupName\":\"Blue\"}");
    const SwValue *was = parse(w, "{\"UserName\":\"Ann\",\"Path\":\"/a/\",\"Groups\":[\"Red\"],\"Policies\":[" INLINE(
                                      "a", "sqs:*") "],"
                                                    "\"PermissionsBoundary\":\"" AWS_ARN "\",\"Tags\":" TAGS "}");
    const SwValue *want =
        parse(w, "{\"UserName\":\"Ann\",\"Path\":\"/b/\",\"Groups\":[\"Blue\"],\"ManagedPolicyArns\":[\"" AWS_ARN "\"]}");
    assert_string_equal(apply(w, user, "", NULL, was, &done), "");
    SwValue got = read_back(w, user, "Ann");
    assert_has(w, &got, was);
    got = change_one(w, user, "Ann", was, want);
    assert_has(w, &got, parse(w, "{\"Arn\":\"arn:aws:iam::000000000000:user/b/Ann\"}"));
    assert_lacks(&got, "Policies", "PermissionsBoundary", "Tags");
    assert_string_equal(apply(w, user, "", NULL, parse(w, "{\"LoginProfile\":{\"Password\":\"x\"}}"), &done),
                        "InvalidRequestException");
    assert_non_null(strstr(w->err.message, "LoginProfile is not supported"));
    end_one(w, user, "Ann", want, "NoSuchEntity");
    got = read_back(w, &iam_group_resource, "Red");
    assert_has(
        w, &got,
        parse(w, "{\"Path\":\"/team/\",\"Arn\":\"arn:aws:iam::000000000000:group/team/Red\",\"ManagedPolicyArns\":[\"" AWS_ARN
                 "\"]}"));
    SwValue red = got;
    end_one(w, &iam_group_resource, "Red", &red, "NoSuchEntity");
}

/* Each change is a version, of which there are five at most. */
static void a_managed_policy_is_its_default_version(void **state) {
    World *w = *state;
    const SwResource *policy = &iam_policy_resource;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, &iam_role_resource, "{\"RoleName\":\"one\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    make_one(w, &iam_role_resource,
             "{\"RoleName\":\"two\",\"PermissionsBoundary\":\"" AWS_ARN
             "\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    make_one(w, &iam_group_resource, "{\"GroupName\":\"team\"}");
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
    assert_reads_as(w, policy, READ_ARN, parse(w, "{\"Roles\":[\"one\"]}"));
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
        got = change_one(w, policy, READ_ARN, was, want);
        was = want;
    }
    assert_has(w, &got, parse(w, "{\"DefaultVersionId\":\"v8\",\"AttachmentCount\":1}"));
    assert_string_equal(apply(w, policy, READ_ARN, was,
                              parse(w, "{\"ManagedPolicyName\":\"other\",\"PolicyDocument\":" MAY("s3:*") "}"), &done),
                        "");
    assert_true(done.replace);
    end_one(w, policy, READ_ARN, was, "NoSuchEntity");
}

static void a_profile_has_a_role(void **state) {
    World *w = *state;
    const SwResource *profile = &iam_instance_profile_resource;
    if (!w)
        skip();
    make_one(w, &iam_role_resource, "{\"RoleName\":\"one\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    make_one(w, &iam_role_resource, "{\"RoleName\":\"two\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    const SwValue *was = parse(w, "{\"InstanceProfileName\":\"machine\",\"Path\":\"/m/\",\"Roles\":[\"one\"]}");
    const SwValue *want = parse(w, "{\"InstanceProfileName\":\"machine\",\"Path\":\"/m/\",\"Roles\":[\"two\"]}");
    SwApplied done;
    assert_string_equal(apply(w, profile, "", NULL, was, &done), "");
    assert_reads_as(w, profile, "machine", was);
    (void)change_one(w, profile, "machine", was, want);
    end_one(w, profile, "machine", want, "NoSuchEntity");
}

static void a_key_tells_its_secret_once(void **state) {
    World *w = *state;
    const SwResource *key = &iam_access_key_resource;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, &iam_user_resource, "{\"UserName\":\"Ann\"}");
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
    assert_reads_as(w, key, id, parse(w, "{\"Status\":\"Active\"}"));
    assert_string_equal(apply(w, key, id, want, parse(w, "{\"UserName\":\"Ann\",\"Serial\":2}"), &done), "");
    assert_true(done.replace);
    end_one(w, key, id, want, "NoSuchEntity");
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
    make_one(w, &iam_role_resource, "{\"RoleName\":\"one\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    make_one(w, &iam_role_resource, "{\"RoleName\":\"two\",\"AssumeRolePolicyDocument\":" TRUSTS("ec2.amazonaws.com") "}");
    make_one(w, &iam_user_resource, "{\"UserName\":\"Ann\"}");
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
    got = change_one(w, r, id, was, want);
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
    assert_reads_as(w, r, id, want);
    end_one(w, r, id, want, "NoSuchEntity");
    got = read_back(w, &iam_role_resource, "two");
    assert_null(sw_value_getz(&got, "Policies"));
}

static void users_are_added_to_a_group(void **state) {
    World *w = *state;
    const SwResource *r = &iam_user_to_group_addition_resource;
    SwApplied done;
    if (!w)
        skip();
    make_one(w, &iam_group_resource, "{\"GroupName\":\"red\"}");
    make_one(w, &iam_group_resource, "{\"GroupName\":\"blue\"}");
    make_one(w, &iam_user_resource, "{\"UserName\":\"Ann\"}");
    const SwValue *was = parse(w, "{\"GroupName\":\"red\",\"Users\":[\"Ann\"]}"),
                  *want = parse(w, "{\"GroupName\":\"blue\",\"Users\":[\"Ann\"]}");
    assert_string_equal(apply(w, r, "", NULL, was, &done), "");
    const char *id = sw_str_z(w->arena, done.identifier);
    SwValue got = read_back(w, &iam_user_resource, "Ann");
    assert_has(w, &got, parse(w, "{\"Groups\":[\"red\"]}"));
    (void)change_one(w, r, id, was, want);
    assert_reads_as(w, &iam_user_resource, "Ann", parse(w, "{\"Groups\":[\"blue\"]}"));
    end_one(w, r, id, want, "NoSuchEntity");
    got = read_back(w, &iam_user_resource, "Ann");
    assert_null(sw_value_getz(&got, "Groups"));
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
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
