/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table, its documents, and its part in SwHost: who holds a key and what a principal may do. */

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
/* What CloudFormation alone counts as resources */
const SwCollection iam_inline_policies = {.name = "iam/inline-policy",
                                          .scope = SW_SCOPE_ACCOUNT,
                                          .shape = &iam_shape_kept_record};
const SwCollection iam_additions = {.name = "iam/addition", .scope = SW_SCOPE_ACCOUNT, .shape = &iam_shape_kept_record};

static const SwCollection *const collections[] = {
    &iam_roles,       &iam_users,    &iam_groups,   &iam_policies,        &iam_attachments, &iam_keys,
    &iam_credentials, &iam_profiles, &iam_sessions, &iam_inline_policies, &iam_additions,   NULL,
};

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
    .bad_token = {&SW_VALIDATION_ERROR, "Invalid Marker."},
    .collections = collections,
    .open = iam_open,
};
