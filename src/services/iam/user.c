/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups. */

#include "base/id.h"
#include "services/iam/iam.h"

/* "If you do not specify a user name, IAM determines the user name implicitly based on the access key": whoever may do it to
 * its own user may leave the name out. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    const SwMember *m = sw_shape_member(op->input, SW_STR("UserName")), *all = sw_shape_member(op->input, SW_STR("AllUsers"));
    if (ref.p || (m->flags & SW_REQUIRED) || cx->principal.kind != SW_PRINCIPAL_USER)
        return SW_NO_STR;
    bool everybody = all && sw_member_is_set(all, in) && ((const SwOptBool *)sw_member_at(all, in))->v;
    return everybody ? SW_NO_STR : cx->principal.arn;
}

const SwResourceHooks iam_user_hooks = {.named = named};

int iam_create_user(SwCtx *cx, const IamCreateUserRequest *in, IamCreateUserResponse *out, SwError *err) {
    IamIdentity i;
    if (iam_identity_find(cx, IAM_USER, in->user_name, &i, err) < 0)
        return -1;
    if (i.found)
        return sw_resource_fail(cx, &iam_user_resource, &iam_user_resource.exists, in->user_name, err);
    IamUserRecord *record = sw_new(cx->arena, IamUserRecord);
    IamUser *u = record->user = sw_new(cx->arena, IamUser);
    record->policies = sw_new(cx->arena, IamPolicySet);
    u->path = iam_path(in->path);
    u->user_name = in->user_name;
    u->user_id = sw_cat(cx->arena, SW_STR("AIDA"), sw_id_base32(cx->arena, 17));
    u->arn = iam_user_arn(cx, u->user_name, u->path);
    u->create_date = SW_SOME_TIME(sw_now(cx));
    if (iam_user_set_tags(cx, u->user_name, record, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    i = (IamIdentity){.kind = IAM_USER,
                      .name = u->user_name,
                      .id = u->user_id,
                      .path = u->path,
                      .found = true,
                      .user = record,
                      .policies = record->policies,
                      .boundary = &u->permissions_boundary};
    if (sw_str_is(in->permissions_boundary) && iam_set_boundary(cx, &i, in->permissions_boundary, err) < 0)
        return -1;
    out->user = u;
    return iam_identity_put(cx, &i, err);
}

int iam_get_user(SwCtx *cx, const IamGetUserRequest *in, IamGetUserResponse *out, SwError *err) {
    if (!sw_str_is(in->user_name) && cx->principal.kind == SW_PRINCIPAL_ROOT) {
        out->user = sw_new(cx->arena, IamUser);
        out->user->path = SW_STR("/");
        out->user->user_id = cx->account;
        out->user->arn = cx->principal.arn;
        out->user->create_date = SW_SOME_TIME(0);
        return 0;
    }
    IamIdentity i;
    if (iam_user_of(cx, in->user_name, &i, err) < 0)
        return -1;
    out->user = i.user->user;
    return 0;
}

static int show_user(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    IamUser *u = to;
    *u = *iam_users_row(row)->user;
    u->tags = (IamTagList){0};
    u->permissions_boundary = NULL;
    return 0;
}

int iam_list_users(SwCtx *cx, const IamListUsersRequest *in, IamListUsersResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &iam_users, .q = iam_under(in->path_prefix), .show = show_user, .usual = IAM_PAGE}, out,
                   err);
}

int iam_delete_user(SwCtx *cx, const IamDeleteUserRequest *in, void *out, SwError *err) {
    IamIdentity i;
    int64_t keys, credentials, ssh, certificates;
    IamLoginRecord *login;
    if (iam_identity_get(cx, IAM_USER, in->user_name, &i, err) < 0)
        return -1;
    const SwDocQuery its = {.index = "by_user", .equals = {cx->account, i.name}, .limit = 1};
    if (iam_keys_count(cx->tx, &its, &keys, err) < 0 || iam_credentials_count(cx->tx, &its, &credentials, err) < 0)
        return -1;
    if (iam_user_keys(cx, i.name, &ssh, &certificates, err) < 0 || iam_login_find(cx, i.name, &login, err) < 0)
        return -1;
    if (login)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete entity, must delete login profile first.");
    if (certificates > 0)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete entity, must delete signing certificates first.");
    if (keys > 0)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete entity, must delete access keys first.");
    if (credentials + ssh > 0)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete entity, must remove referenced objects first.");
    if (i.user->groups.n > 0)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete entity, must remove users from group first.");
    return iam_identity_delete(cx, &i, err);
}

/* Groups. */

int iam_create_group(SwCtx *cx, const IamCreateGroupRequest *in, IamCreateGroupResponse *out, SwError *err) {
    IamGroupRecord *record = sw_new(cx->arena, IamGroupRecord);
    IamGroup *g = out->group = record->group = sw_new(cx->arena, IamGroup);
    record->policies = sw_new(cx->arena, IamPolicySet);
    g->path = iam_path(in->path);
    g->group_name = in->group_name;
    g->group_id = sw_cat(cx->arena, SW_STR("AGPA"), sw_id_base32(cx->arena, 17));
    g->arn = iam_group_arn(cx, g->group_name, g->path);
    g->create_date = SW_SOME_TIME(sw_now(cx));
    return iam_group_insert(cx, g->group_name, record, err);
}

/* Members are kept at the users: of ten groups at most each. */
static SwDocQuery members(SwStr group) {
    return (SwDocQuery){.index = "by_group", .equals = {group}};
}

int iam_get_group(SwCtx *cx, const IamGetGroupRequest *in, IamGetGroupResponse *out, SwError *err) {
    IamIdentity i;
    if (iam_identity_get(cx, IAM_GROUP, in->group_name, &i, err) < 0)
        return -1;
    out->group = i.group->group;
    return sw_page(cx, &(SwPage){.of = &iam_users, .q = members(i.name), .show = show_user, .usual = IAM_PAGE}, out, err);
}

static int show_group(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(IamGroup *)to = *iam_groups_row(row)->group;
    return 0;
}

int iam_list_groups(SwCtx *cx, const IamListGroupsRequest *in, IamListGroupsResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &iam_groups, .q = iam_under(in->path_prefix), .show = show_group, .usual = IAM_PAGE},
                   out, err);
}

int iam_delete_group(SwCtx *cx, const IamDeleteGroupRequest *in, void *out, SwError *err) {
    IamIdentity i;
    int64_t users;
    if (iam_identity_get(cx, IAM_GROUP, in->group_name, &i, err) < 0)
        return -1;
    const SwDocQuery q = members(i.name);
    if (iam_users_count(cx->tx, &q, &users, err) < 0)
        return -1;
    if (users > 0)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete entity, must remove users from group first.");
    return iam_identity_delete(cx, &i, err);
}

static int get_both(SwCtx *cx, SwStr user, SwStr group, IamIdentity *ret_u, IamIdentity *ret_g, SwError *err) {
    return iam_identity_get(cx, IAM_GROUP, group, ret_g, err) < 0 || iam_identity_get(cx, IAM_USER, user, ret_u, err) < 0 ? -1
                                                                                                                          : 0;
}

int iam_add_user_to_group(SwCtx *cx, const IamAddUserToGroupRequest *in, void *out, SwError *err) {
    IamIdentity u, g;
    if (get_both(cx, in->user_name, in->group_name, &u, &g, err) < 0)
        return -1;
    SwStrList *groups = &u.user->groups;
    if (sw_str_list_has(groups, g.name))
        return 0;
    if (groups->n >= 10)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for GroupsPerUser: 10");
    sw_str_list_add(cx->arena, groups, g.name);
    return iam_identity_put(cx, &u, err);
}

int iam_remove_user_from_group(SwCtx *cx, const IamRemoveUserFromGroupRequest *in, void *out, SwError *err) {
    IamIdentity u, g;
    if (get_both(cx, in->user_name, in->group_name, &u, &g, err) < 0)
        return -1;
    SwStrList *groups = &u.user->groups;
    size_t kept = 0;
    for (size_t k = 0; k < groups->n; k++)
        if (!sw_str_eq(groups->v[k], g.name))
            groups->v[kept++] = groups->v[k];
    sw_list_cut(groups, kept);
    return iam_identity_put(cx, &u, err);
}

static int show_group_named(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    IamIdentity g;
    if (iam_identity_get(cx, IAM_GROUP, row->id, &g, err) < 0)
        return -1;
    *(IamGroup *)to = *g.group->group;
    return 0;
}

int iam_list_groups_for_user(SwCtx *cx, const IamListGroupsForUserRequest *in, IamListGroupsForUserResponse *out,
                             SwError *err) {
    IamIdentity u;
    if (iam_identity_get(cx, IAM_USER, in->user_name, &u, err) < 0)
        return -1;
    const SwStrList *groups = &u.user->groups;
    SwPageItems items = {0};
    for (size_t k = 0; k < groups->n; k++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){.key = groups->v[k]};
    return sw_page(cx, &(SwPage){.items = items, .show = show_group_named, .usual = IAM_PAGE}, out, err);
}
