/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table, its documents, and its part in SwHost: who holds a key and what a principal may do. */

#include "api/operation.h"
#include "services/iam/iam.h"

#include <stdio.h>

#define PROFILE (IAM_GROUP + 1)

const SwCollection iam_roles = {.name = "iam/role",
                                .scope = SW_SCOPE_ACCOUNT,
                                .shape = &iam_shape_role_record,
                                .indexes = {{.name = "by_path", .member = {"role.path"}}}};
const SwCollection iam_users = {.name = "iam/user",
                                .scope = SW_SCOPE_ACCOUNT,
                                .shape = &iam_shape_user_record,
                                .indexes = {{.name = "by_path", .member = {"user.path"}},
                                            {.name = "by_group", .member = {"groups"}}}};
const SwCollection iam_groups = {.name = "iam/group",
                                 .scope = SW_SCOPE_ACCOUNT,
                                 .shape = &iam_shape_group_record,
                                 .indexes = {{.name = "by_path", .member = {"group.path"}}}};
const SwCollection iam_policies = {.name = "iam/policy",
                                   .scope = SW_SCOPE_ACCOUNT,
                                   .shape = &iam_shape_policy_record,
                                   .indexes = {{.name = "by_path", .member = {"policy.path"}}}};
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
                                               {.name = "by_path", .member = {"profile.path"}}}};
const SwCollection iam_sessions = {.name = "iam/session",
                                   .scope = SW_SCOPE_GLOBAL,
                                   .shape = &iam_shape_session_record,
                                   .indexes = {{.name = "by_expiry", .member = {"expires"}}}};

static const SwCollection *const collections[] = {
    &iam_roles, &iam_users,       &iam_groups,   &iam_policies, &iam_attachments,
    &iam_keys,  &iam_credentials, &iam_profiles, &iam_sessions, NULL,
};

static const SwHandler handlers[] = {
    {IAM_ADD_ROLE_TO_INSTANCE_PROFILE, SW_HANDLER(iam_add_role_to_instance_profile), 0},
    {IAM_ADD_USER_TO_GROUP, SW_HANDLER(iam_add_user_to_group), 0},
    {IAM_ATTACH_GROUP_POLICY, SW_HANDLER(iam_attach_group_policy), 0},
    {IAM_ATTACH_ROLE_POLICY, SW_HANDLER(iam_attach_role_policy), 0},
    {IAM_ATTACH_USER_POLICY, SW_HANDLER(iam_attach_user_policy), 0},
    {IAM_CREATE_ACCESS_KEY, SW_HANDLER(iam_create_access_key), 0},
    {IAM_CREATE_GROUP, SW_HANDLER(iam_create_group), 0},
    {IAM_CREATE_INSTANCE_PROFILE, SW_HANDLER(iam_create_instance_profile), 0},
    {IAM_CREATE_POLICY, SW_HANDLER(iam_create_policy), 0},
    {IAM_CREATE_POLICY_VERSION, SW_HANDLER(iam_create_policy_version), 0},
    {IAM_CREATE_ROLE, SW_HANDLER(iam_create_role), 0},
    {IAM_CREATE_SERVICE_LINKED_ROLE, SW_HANDLER(iam_create_service_linked_role), 0},
    {IAM_CREATE_SERVICE_SPECIFIC_CREDENTIAL, SW_HANDLER(iam_create_service_specific_credential), 0},
    {IAM_CREATE_USER, SW_HANDLER(iam_create_user), 0},
    {IAM_DELETE_ACCESS_KEY, SW_HANDLER(iam_delete_access_key), 0},
    {IAM_DELETE_GROUP, SW_HANDLER(iam_delete_group), 0},
    {IAM_DELETE_GROUP_POLICY, SW_HANDLER(iam_delete_group_policy), 0},
    {IAM_DELETE_INSTANCE_PROFILE, SW_HANDLER(iam_delete_instance_profile), 0},
    {IAM_DELETE_POLICY, SW_HANDLER(iam_delete_policy), 0},
    {IAM_DELETE_POLICY_VERSION, SW_HANDLER(iam_delete_policy_version), 0},
    {IAM_DELETE_ROLE, SW_HANDLER(iam_delete_role), 0},
    {IAM_DELETE_ROLE_PERMISSIONS_BOUNDARY, SW_HANDLER(iam_delete_role_permissions_boundary), 0},
    {IAM_DELETE_ROLE_POLICY, SW_HANDLER(iam_delete_role_policy), 0},
    {IAM_DELETE_SERVICE_LINKED_ROLE, SW_HANDLER(iam_delete_service_linked_role), 0},
    {IAM_DELETE_SERVICE_SPECIFIC_CREDENTIAL, SW_HANDLER(iam_delete_service_specific_credential), 0},
    {IAM_DELETE_USER, SW_HANDLER(iam_delete_user), 0},
    {IAM_DELETE_USER_PERMISSIONS_BOUNDARY, SW_HANDLER(iam_delete_user_permissions_boundary), 0},
    {IAM_DELETE_USER_POLICY, SW_HANDLER(iam_delete_user_policy), 0},
    {IAM_DETACH_GROUP_POLICY, SW_HANDLER(iam_detach_group_policy), 0},
    {IAM_DETACH_ROLE_POLICY, SW_HANDLER(iam_detach_role_policy), 0},
    {IAM_DETACH_USER_POLICY, SW_HANDLER(iam_detach_user_policy), 0},
    {IAM_GET_GROUP, SW_HANDLER(iam_get_group), 0},
    {IAM_GET_GROUP_POLICY, SW_HANDLER(iam_get_group_policy), 0},
    {IAM_GET_INSTANCE_PROFILE, SW_HANDLER(iam_get_instance_profile), 0},
    {IAM_GET_POLICY, SW_HANDLER(iam_get_policy), 0},
    {IAM_GET_POLICY_VERSION, SW_HANDLER(iam_get_policy_version), 0},
    {IAM_GET_ROLE, SW_HANDLER(iam_get_role), 0},
    {IAM_GET_ROLE_POLICY, SW_HANDLER(iam_get_role_policy), 0},
    {IAM_GET_SERVICE_LINKED_ROLE_DELETION_STATUS, SW_HANDLER(iam_get_service_linked_role_deletion_status), 0},
    {IAM_GET_USER, SW_HANDLER(iam_get_user), 0},
    {IAM_GET_USER_POLICY, SW_HANDLER(iam_get_user_policy), 0},
    {IAM_LIST_ACCESS_KEYS, SW_HANDLER(iam_list_access_keys), 0},
    {IAM_LIST_ATTACHED_GROUP_POLICIES, SW_HANDLER(iam_list_attached_group_policies), 0},
    {IAM_LIST_ATTACHED_ROLE_POLICIES, SW_HANDLER(iam_list_attached_role_policies), 0},
    {IAM_LIST_ATTACHED_USER_POLICIES, SW_HANDLER(iam_list_attached_user_policies), 0},
    {IAM_LIST_ENTITIES_FOR_POLICY, SW_HANDLER(iam_list_entities_for_policy), 0},
    {IAM_LIST_GROUP_POLICIES, SW_HANDLER(iam_list_group_policies), 0},
    {IAM_LIST_GROUPS, SW_HANDLER(iam_list_groups), 0},
    {IAM_LIST_GROUPS_FOR_USER, SW_HANDLER(iam_list_groups_for_user), 0},
    {IAM_LIST_INSTANCE_PROFILES, SW_HANDLER(iam_list_instance_profiles), 0},
    {IAM_LIST_INSTANCE_PROFILES_FOR_ROLE, SW_HANDLER(iam_list_instance_profiles_for_role), 0},
    {IAM_LIST_POLICIES, SW_HANDLER(iam_list_policies), 0},
    {IAM_LIST_POLICY_TAGS, SW_HANDLER(iam_list_policy_tags), 0},
    {IAM_LIST_POLICY_VERSIONS, SW_HANDLER(iam_list_policy_versions), 0},
    {IAM_LIST_ROLE_POLICIES, SW_HANDLER(iam_list_role_policies), 0},
    {IAM_LIST_ROLE_TAGS, SW_HANDLER(iam_list_role_tags), 0},
    {IAM_LIST_ROLES, SW_HANDLER(iam_list_roles), 0},
    {IAM_LIST_SERVICE_SPECIFIC_CREDENTIALS, SW_HANDLER(iam_list_service_specific_credentials), 0},
    {IAM_LIST_USER_POLICIES, SW_HANDLER(iam_list_user_policies), 0},
    {IAM_LIST_USER_TAGS, SW_HANDLER(iam_list_user_tags), 0},
    {IAM_LIST_USERS, SW_HANDLER(iam_list_users), 0},
    {IAM_PUT_GROUP_POLICY, SW_HANDLER(iam_put_group_policy), 0},
    {IAM_PUT_ROLE_PERMISSIONS_BOUNDARY, SW_HANDLER(iam_put_role_permissions_boundary), 0},
    {IAM_PUT_ROLE_POLICY, SW_HANDLER(iam_put_role_policy), 0},
    {IAM_PUT_USER_PERMISSIONS_BOUNDARY, SW_HANDLER(iam_put_user_permissions_boundary), 0},
    {IAM_PUT_USER_POLICY, SW_HANDLER(iam_put_user_policy), 0},
    {IAM_REMOVE_ROLE_FROM_INSTANCE_PROFILE, SW_HANDLER(iam_remove_role_from_instance_profile), 0},
    {IAM_REMOVE_USER_FROM_GROUP, SW_HANDLER(iam_remove_user_from_group), 0},
    {IAM_RESET_SERVICE_SPECIFIC_CREDENTIAL, SW_HANDLER(iam_reset_service_specific_credential), 0},
    {IAM_SET_DEFAULT_POLICY_VERSION, SW_HANDLER(iam_set_default_policy_version), 0},
    {IAM_TAG_POLICY, SW_HANDLER(iam_tag_policy), 0},
    {IAM_TAG_ROLE, SW_HANDLER(iam_tag_role), 0},
    {IAM_TAG_USER, SW_HANDLER(iam_tag_user), 0},
    {IAM_UNTAG_POLICY, SW_HANDLER(iam_untag_policy), 0},
    {IAM_UNTAG_ROLE, SW_HANDLER(iam_untag_role), 0},
    {IAM_UNTAG_USER, SW_HANDLER(iam_untag_user), 0},
    {IAM_UPDATE_ACCESS_KEY, SW_HANDLER(iam_update_access_key), 0},
    {IAM_UPDATE_ASSUME_ROLE_POLICY, SW_HANDLER(iam_update_assume_role_policy), 0},
    {IAM_UPDATE_ROLE, SW_HANDLER(iam_update_role), 0},
    {IAM_UPDATE_ROLE_DESCRIPTION, SW_HANDLER(iam_update_role_description), 0},
    {IAM_UPDATE_SERVICE_SPECIFIC_CREDENTIAL, SW_HANDLER(iam_update_service_specific_credential), 0},
    {IAM_UPDATE_USER, SW_HANDLER(iam_update_user), 0},
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
    return sw_arn_global(cx, "iam", "%s%.*s%.*s", prefix, SW_FMT(iam_path(path)), SW_FMT(name));
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
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .resource = resource,
    .bad_token = {&SW_VALIDATION_ERROR, "Invalid Marker."},
    .collections = collections,
    .open = iam_open,
};
