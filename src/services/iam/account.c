/* SPDX-License-Identifier: Apache-2.0 */
/* The account as a whole: its alias, and what it has of everything beside what it may have. */

#include "services/iam/iam.h"

/* An alias is part of the address of AWS's sign-in page: one an account, and of one account alone. */

static int my_aliases(SwCtx *cx, IamAliasRecords *ret, SwError *err) {
    return iam_aliases_list(cx->tx, &(SwDocQuery){.index = "by_account", .equals = {cx->account}}, ret, err);
}

int iam_create_account_alias(SwCtx *cx, const IamCreateAccountAliasRequest *in, void *out, SwError *err) {
    IamAliasRecords mine;
    IamAliasRecord *taken, r = {.account = cx->account};
    if (iam_aliases_find(cx->tx, in->account_alias, &taken, err) < 0)
        return -1;
    if (taken)
        return sw_fail(err, &IAM_ENTITY_ALREADY_EXISTS_EXCEPTION, "The account alias %.*s already exists.",
                       SW_FMT(in->account_alias));
    if (my_aliases(cx, &mine, err) < 0)
        return -1;
    for (size_t i = 0; i < mine.n; i++) /* a new one takes the old one's place */
        if (iam_aliases_delete(cx->tx, mine.v[i].id, NULL, err) < 0)
            return -1;
    return iam_aliases_put(cx->tx, in->account_alias, &r, err);
}

int iam_delete_account_alias(SwCtx *cx, const IamDeleteAccountAliasRequest *in, void *out, SwError *err) {
    IamAliasRecord *r;
    if (iam_aliases_find(cx->tx, in->account_alias, &r, err) < 0)
        return -1;
    if (!r || !sw_str_eq(r->account, cx->account))
        return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "The account alias %.*s cannot be found.",
                       SW_FMT(in->account_alias));
    return iam_aliases_delete(cx->tx, in->account_alias, NULL, err);
}

int iam_list_account_aliases(SwCtx *cx, const IamListAccountAliasesRequest *in, IamListAccountAliasesResponse *out,
                             SwError *err) {
    const SwDocQuery mine = {.index = "by_account", .equals = {cx->account}};
    return sw_page(cx, &(SwPage){.of = &iam_aliases, .q = mine, .usual = IAM_PAGE}, out, err);
}

/* The summary. IAM User Guide, "IAM and AWS STS quotas": the defaults. */

static const struct {
    const char *name;
    int64_t value;
} quotas[] = {
    {"UsersQuota", 5000},
    {"GroupsQuota", 300},
    {"ServerCertificatesQuota", 20},
    {"UserPolicySizeQuota", 2048},
    {"GroupPolicySizeQuota", 5120},
    {"GroupsPerUserQuota", 10},
    {"SigningCertificatesPerUserQuota", 2},
    {"AccessKeysPerUserQuota", 2},
    {"AttachedPoliciesPerGroupQuota", 10},
    {"AttachedPoliciesPerRoleQuota", 10},
    {"AttachedPoliciesPerUserQuota", 10},
    {"PoliciesQuota", 1500},
    {"PolicySizeQuota", 6144},
    {"PolicyVersionsInUseQuota", 10000},
    {"VersionsPerPolicyQuota", 5},
    {"AssumeRolePolicySizeQuota", 2048},
    {"InstanceProfilesQuota", 1000},
    {"RolePolicySizeQuota", 10240},
    {"RolesQuota", 1000},
    /* Nobody has any here. */
    {"MFADevices", 0},
    {"MFADevicesInUse", 0},
    {"AccountMFAEnabled", 0},
    {"AccountPasswordPresent", 0},
    {"AccountSigningCertificatesPresent", 0},
    {"GlobalEndpointTokenVersion", 2},
};

static void add(SwCtx *cx, IamGetAccountSummaryResponse *out, const char *name, int64_t value) {
    *sw_list_add(cx->arena, &out->summary_map) = (IamIntMapEntry){.key = sw_str(name), .value = SW_SOME_INT(value)};
}

static int versions_in_use(SwCtx *cx, int64_t *ret_n, SwError *err) {
    IamPolicyRecords all;
    if (iam_policies_list(cx->tx, &(SwDocQuery){0}, &all, err) < 0)
        return -1;
    *ret_n = 0;
    for (size_t i = 0; i < all.n; i++)
        *ret_n += (int64_t)all.v[i].record->versions.n;
    return 0;
}

static int root_keys(SwCtx *cx, int64_t *ret_n, SwError *err) {
    SwStr key, secret;
    *ret_n = 0;
    if (!cx->host->config->strict || !sw_str_eq(cx->account, cx->host->config->account))
        return 0;
    if (iam_root_credentials(cx->host, cx->arena, false, &key, &secret, err) < 0)
        return -1;
    *ret_n = sw_str_is(key);
    return 0;
}

int iam_get_account_summary(SwCtx *cx, const void *in, IamGetAccountSummaryResponse *out, SwError *err) {
    const SwDocQuery all = {0};
    int64_t users, groups, roles, policies, profiles, certificates, oidc, saml, versions, keys;
    if (iam_users_count(cx->tx, &all, &users, err) < 0 || iam_groups_count(cx->tx, &all, &groups, err) < 0 ||
        iam_roles_count(cx->tx, &all, &roles, err) < 0 || iam_policies_count(cx->tx, &all, &policies, err) < 0 ||
        iam_profiles_count(cx->tx, &all, &profiles, err) < 0 ||
        iam_server_certificates_count(cx->tx, &all, &certificates, err) < 0 ||
        iam_oidc_providers_count(cx->tx, &all, &oidc, err) < 0 || iam_saml_providers_count(cx->tx, &all, &saml, err) < 0 ||
        versions_in_use(cx, &versions, err) < 0 || root_keys(cx, &keys, err) < 0)
        return -1;
    const struct {
        const char *name;
        int64_t value;
    } counts[] = {
        {"Users", users},
        {"Groups", groups},
        {"Roles", roles},
        {"Policies", policies},
        {"Providers", oidc + saml},
        {"InstanceProfiles", profiles},
        {"ServerCertificates", certificates},
        {"PolicyVersionsInUse", versions},
        {"AccountAccessKeysPresent", keys},
    };
    for (size_t i = 0; i < SW_N(counts); i++)
        add(cx, out, counts[i].name, counts[i].value);
    for (size_t i = 0; i < SW_N(quotas); i++)
        add(cx, out, quotas[i].name, quotas[i].value);
    return 0;
}
