/* SPDX-License-Identifier: Apache-2.0 */
/* GetAccountAuthorizationDetails: all that decides what anybody may do, in one list of four kinds. */

#include "services/iam/aws_policies.h"
#include "services/iam/iam.h"

typedef struct Details {
    const IamGetAccountAuthorizationDetailsRequest *in;
    IamGetAccountAuthorizationDetailsResponse *out;
} Details;

static bool wanted(const IamGetAccountAuthorizationDetailsRequest *in, const char *kind) {
    return in->filter.n == 0 || sw_str_list_has(&in->filter, sw_str(kind));
}

static void inlined(SwCtx *cx, const IamPolicySet *set, IamPolicyDetailList *to) {
    sw_list_present(cx->arena, to);
    for (size_t i = 0; set && i < set->inlined.n; i++)
        *sw_list_add(cx->arena, to) = (IamPolicyDetail){.policy_name = set->inlined.v[i].name,
                                                        .policy_document = iam_encoded(cx, set->inlined.v[i].document)};
}

static void attached(SwCtx *cx, const IamPolicySet *set, IamAttachedPolicyList *to) {
    sw_list_present(cx->arena, to);
    for (size_t i = 0; set && i < set->attached.n; i++) {
        SwStr arn = set->attached.v[i];
        *sw_list_add(cx->arena, to) = (IamAttachedPolicy){.policy_name = iam_policy_name(arn), .policy_arn = arn};
    }
}

static int show_user(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const IamUserRecord *r = iam_users_row(row);
    IamUserDetail *d = sw_list_add(cx->arena, &((const Details *)arg)->out->user_detail_list);
    sw_shape_move(cx->arena, &iam_shape_user_detail, d, &iam_shape_user, r->user);
    inlined(cx, r->policies, &d->user_policy_list);
    attached(cx, r->policies, &d->attached_managed_policies);
    sw_list_present(cx->arena, &d->group_list);
    for (size_t i = 0; i < r->groups.n; i++)
        sw_str_list_add(cx->arena, &d->group_list, r->groups.v[i]);
    return 0;
}

static int show_group(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const IamGroupRecord *r = iam_groups_row(row);
    IamGroupDetail *d = sw_list_add(cx->arena, &((const Details *)arg)->out->group_detail_list);
    sw_shape_move(cx->arena, &iam_shape_group_detail, d, &iam_shape_group, r->group);
    inlined(cx, r->policies, &d->group_policy_list);
    attached(cx, r->policies, &d->attached_managed_policies);
    return 0;
}

static int show_role(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const IamRoleRecord *r = iam_roles_row(row);
    IamRoleDetail *d = sw_list_add(cx->arena, &((const Details *)arg)->out->role_detail_list);
    IamProfileRecords profiles;
    sw_shape_move(cx->arena, &iam_shape_role_detail, d, &iam_shape_role, r->role);
    d->assume_role_policy_document = iam_encoded(cx, r->role->assume_role_policy_document);
    inlined(cx, r->policies, &d->role_policy_list);
    attached(cx, r->policies, &d->attached_managed_policies);
    if (!d->role_last_used)
        d->role_last_used = sw_new(cx->arena, IamRoleLastUsed);
    if (iam_profiles_list(cx->tx, &(SwDocQuery){.index = "by_role", .equals = {r->role->role_name}}, &profiles, err) < 0)
        return -1;
    sw_list_present(cx->arena, &d->instance_profile_list);
    for (size_t i = 0; i < profiles.n; i++)
        if (iam_profile_show(cx, profiles.v[i].record, sw_list_add(cx->arena, &d->instance_profile_list), err) < 0)
            return -1;
    return 0;
}

static int show_policy(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    IamManagedPolicyDetail *d = sw_list_add(cx->arena, &((const Details *)arg)->out->policies);
    IamPolicy *p;
    if (iam_policy_details(cx, sw_str_skip(row->id, 2), &p, &d->policy_version_list, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &iam_shape_managed_policy_detail, d, &iam_shape_policy, p);
    return 0;
}

static SwPageShowFn *const shows[] = {show_user, show_group, show_role, show_policy, show_policy};

static void add(SwCtx *cx, SwPageItems *items, int kind, SwStr id, const void *record) {
    *sw_list_add(cx->arena, items) = (SwPageItem){.key = sw_strf(cx->arena, "%d|%.*s", kind, SW_FMT(id)), .v = record};
}

static int gather_identities(SwCtx *cx, const IamGetAccountAuthorizationDetailsRequest *in, SwPageItems *items, SwError *err) {
    IamUserRecords users = {0};
    IamGroupRecords groups = {0};
    IamRoleRecords roles = {0};
    const SwDocQuery all = {0};
    if ((wanted(in, "User") && iam_users_list(cx->tx, &all, &users, err) < 0) ||
        (wanted(in, "Group") && iam_groups_list(cx->tx, &all, &groups, err) < 0) ||
        (wanted(in, "Role") && iam_roles_list(cx->tx, &all, &roles, err) < 0))
        return -1;
    for (size_t i = 0; i < users.n; i++)
        add(cx, items, 0, users.v[i].id, users.v[i].record);
    for (size_t i = 0; i < groups.n; i++)
        add(cx, items, 1, groups.v[i].id, groups.v[i].record);
    for (size_t i = 0; i < roles.n; i++)
        add(cx, items, 2, roles.v[i].id, roles.v[i].record);
    return 0;
}

static int gather_policies(SwCtx *cx, const IamGetAccountAuthorizationDetailsRequest *in, SwPageItems *items, SwError *err) {
    IamPolicyRecords policies = {0};
    if (wanted(in, "LocalManagedPolicy") && iam_policies_list(cx->tx, &(SwDocQuery){0}, &policies, err) < 0)
        return -1;
    for (size_t i = 0; i < policies.n; i++)
        add(cx, items, 3, policies.v[i].id, policies.v[i].record);
    /* AWS's own are among them where somebody has them. */
    for (size_t i = 0; wanted(in, "AWSManagedPolicy") && i < iam_aws_policies_count; i++) {
        SwStr arn = iam_aws_policy_arn(cx->arena, &iam_aws_policies[i]);
        int64_t n;
        if (iam_attachments_count(cx->tx, &(SwDocQuery){.index = "by_policy", .equals = {arn}, .limit = 1}, &n, err) < 0)
            return -1;
        if (n > 0)
            add(cx, items, 4, arn, &iam_aws_policies[i]);
    }
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    return shows[row->id.p[0] - '0'](cx, arg, row, to, err);
}

int iam_get_account_authorization_details(SwCtx *cx, const IamGetAccountAuthorizationDetailsRequest *in,
                                          IamGetAccountAuthorizationDetailsResponse *out, SwError *err) {
    SwPageItems items = {0};
    if (gather_identities(cx, in, &items, err) < 0 || gather_policies(cx, in, &items, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->user_detail_list);
    sw_list_present(cx->arena, &out->group_detail_list);
    sw_list_present(cx->arena, &out->role_detail_list);
    sw_list_present(cx->arena, &out->policies);
    const Details arg = {in, out};
    return sw_page(cx, &(SwPage){.items = items, .show = show, .arg = &arg, .usual = IAM_PAGE, .scattered = true}, out, err);
}
