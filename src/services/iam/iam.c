/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table, its documents, and its part in SwHost: who holds a key and what a principal may do. */

#include "api/operation.h"
#include "services/iam/iam.h"

#include <stdio.h>

#define PROFILE (IAM_GROUP + 1)

const SwCollection iam_roles = {.name = "iam/role",
                                .scope = SW_SCOPE_ACCOUNT,
                                .shape = &iam_shape_role_record,
                                .indexes = {{.name = "by_path", .member = {"role.Path"}}}};
const SwCollection iam_users = {.name = "iam/user",
                                .scope = SW_SCOPE_ACCOUNT,
                                .shape = &iam_shape_user_record,
                                .indexes = {{.name = "by_path", .member = {"user.Path"}},
                                            {.name = "by_group", .member = {"groups"}}}};
const SwCollection iam_groups = {.name = "iam/group",
                                 .scope = SW_SCOPE_ACCOUNT,
                                 .shape = &iam_shape_group_record,
                                 .indexes = {{.name = "by_path", .member = {"group.Path"}}}};
const SwCollection iam_policies = {.name = "iam/policy",
                                   .scope = SW_SCOPE_ACCOUNT,
                                   .shape = &iam_shape_policy_record,
                                   .indexes = {{.name = "by_path", .member = {"policy.Path"}}}};
const SwCollection iam_attachments = {.name = "iam/attachment",
                                      .scope = SW_SCOPE_ACCOUNT,
                                      .shape = &iam_shape_attachment_record,
                                      .indexes = {{.name = "by_policy", .member = {"policyArn", "usage"}}}};
const SwCollection iam_keys = {.name = "iam/access-key",
                               .scope = SW_SCOPE_GLOBAL,
                               .shape = &iam_shape_key_record,
                               .indexes = {{.name = "by_user", .member = {"account", "userName"}}}};
const SwCollection iam_credentials = {.name = "iam/service-credential",
                                      .scope = SW_SCOPE_GLOBAL,
                                      .shape = &iam_shape_credential_record,
                                      .indexes = {{.name = "by_user", .member = {"account", "userName"}},
                                                  {.name = "by_name", .member = {"serviceUserName"}, .unique = true}}};
const SwCollection iam_profiles = {.name = "iam/instance-profile",
                                   .scope = SW_SCOPE_ACCOUNT,
                                   .shape = &iam_shape_profile_record,
                                   .indexes = {{.name = "by_role", .member = {"role"}},
                                               {.name = "by_path", .member = {"profile.Path"}}}};
const SwCollection iam_sessions = {.name = "iam/session",
                                   .scope = SW_SCOPE_GLOBAL,
                                   .shape = &iam_shape_session_record,
                                   .indexes = {{.name = "by_expiry", .member = {"expires"}}}};

static const SwCollection *const collections[] = {
    &iam_roles, &iam_users,       &iam_groups,   &iam_policies, &iam_attachments,
    &iam_keys,  &iam_credentials, &iam_profiles, &iam_sessions, NULL,
};

/* An entity by its member: as it is stored, with its path, else as it would be named. */
static SwStr entity_arn(SwCtx *cx, const SwOperation *op, const void *in, size_t k, const char *prefix, SwStr name) {
    SwStr path = sw_operation_text(op, in, "Path");
    IamIdentity i = {0};
    SwError ignored = sw_error(cx->arena);
    void *record = NULL;
    if (k <= IAM_GROUP && cx->tx && iam_identity_find(cx, (IamKind)k, name, &i, &ignored) == 0 && i.record)
        return i.arn;
    if (k == PROFILE && cx->tx && sw_doc_get(cx->tx, &iam_profiles, iam_record_id(cx->arena, name), &record, &ignored) == 0 &&
        record)
        return ((IamProfileRecord *)record)->profile->arn;
    path = iam_path(path);
    return sw_arn_global(cx, "iam", "%s%.*s%.*s", prefix, SW_FMT(path), SW_FMT(name));
}

/* "If you do not specify a user name, IAM determines the user name implicitly based on the access key": whoever may do it to
 * its own user may leave the name out. */
static bool means_caller(SwCtx *cx, const SwOperation *op, const void *in) {
    const SwMember *m = sw_shape_member(op->input, SW_STR("UserName")), *all = sw_shape_member(op->input, SW_STR("AllUsers"));
    if (!m || (m->flags & SW_REQUIRED) || cx->principal.kind != SW_PRINCIPAL_USER)
        return false;
    return !all || !sw_member_is_set(all, in) || !((const SwOptBool *)sw_member_at(all, in))->v;
}

/* What a request is about: the entity that its first name member names. */
static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    static const struct {
        const char *member, *prefix;
    } names[] = {
        [IAM_ROLE] = {"RoleName", "role"},
        [IAM_USER] = {"UserName", "user"},
        [IAM_GROUP] = {"GroupName", "group"},
        [PROFILE] = {"InstanceProfileName", "instance-profile"},
        {"PolicyName", "policy"},
    };
    if (!op->input)
        return SW_NO_STR;
    /* A role goes into a profile: the profile is what changes; the role is iam:PassRole's. */
    bool profile_first = op->index == IAM_ADD_ROLE_TO_INSTANCE_PROFILE || op->index == IAM_REMOVE_ROLE_FROM_INSTANCE_PROFILE;
    bool group_first = op->index == IAM_ADD_USER_TO_GROUP || op->index == IAM_REMOVE_USER_FROM_GROUP;
    size_t first = profile_first ? PROFILE : group_first ? IAM_GROUP : IAM_ROLE;
    for (size_t k = first; k < SW_N(names); k++) {
        SwStr name = sw_operation_text(op, in, names[k].member);
        if (sw_str_is(name))
            return entity_arn(cx, op, in, k, names[k].prefix, name);
        if (k == IAM_USER && means_caller(cx, op, in))
            return entity_arn(cx, op, in, k, names[k].prefix, cx->principal.name);
    }
    return sw_operation_text(op, in, "PolicyArn");
}

static int iam_open(SwHost *h, SwError *err) {
    h->auth = (SwAuth){
        .key = iam_auth_key,
        .authorise = iam_auth_authorise,
        .pass_roles = iam_auth_pass_roles,
        .assume = iam_auth_assume,
        .credentials = iam_auth_credentials,
        .session = iam_auth_session,
        .password = iam_auth_password,
    };
    if (!h->config->strict)
        return 0;
    SwStr key, secret;
    if (iam_root_credentials(h, h->arena, false, &key, &secret, err) < 0)
        return -1;
    if (sw_str_is(key))
        return 0;
    if (iam_root_credentials(h, h->arena, true, &key, &secret, err) < 0)
        return -1;
    printf("Root credentials, shown this once and kept in %s/root-credentials:\n"
           "  export AWS_ACCESS_KEY_ID=%.*s AWS_SECRET_ACCESS_KEY=%.*s\n",
           h->config->data, SW_FMT(key), SW_FMT(secret));
    (void)fflush(stdout); /* a closed terminal does not stop the server; the file has them */
    return 0;
}

const SwService sw_service_iam = {
    .name = "iam",
    .api = &iam_api,
    .declares = &iam_declarations,
    .handlers = iam_handlers,
    .resource = resource,
    .bad_token = {&SW_VALIDATION_ERROR, "Invalid Marker."},
    .collections = collections,
    .open = iam_open,
};
