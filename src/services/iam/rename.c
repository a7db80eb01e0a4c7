/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups under new names and paths: the same identities, with all that is kept by name moved along. Policies that say
 * the old ARN go on saying it, as on AWS. */

#include "services/iam/iam.h"

/* Who has a policy is found by name, and shown with its path. */
static int move_attachments(SwCtx *cx, const IamIdentity *old, const IamIdentity *new_one, SwError *err) {
    const SwStrList *l = &old->policies->attached;
    SwStr boundary = old->boundary && *old->boundary ? (*old->boundary)->permissions_boundary_arn : SW_NO_STR;
    for (size_t i = 0; i < l->n; i++)
        if (iam_attachment_remove(cx, old, l->v[i], "PermissionsPolicy", err) < 0 ||
            iam_attachment_add(cx, new_one, l->v[i], "PermissionsPolicy", err) < 0)
            return -1;
    if (!boundary.p)
        return 0;
    if (iam_attachment_remove(cx, old, boundary, "PermissionsBoundary", err) < 0)
        return -1;
    return iam_attachment_add(cx, new_one, boundary, "PermissionsBoundary", err);
}

static int move_keys(SwCtx *cx, SwStr from, SwStr to, SwError *err) {
    const SwDocQuery its = {.index = "by_user", .equals = {cx->account, from}};
    IamKeyRecords keys;
    IamCredentialRecords credentials;
    if (iam_keys_list(cx->tx, &its, &keys, err) < 0 || iam_credentials_list(cx->tx, &its, &credentials, err) < 0)
        return -1;
    for (size_t i = 0; i < keys.n; i++) {
        IamKeyRecord *r = keys.v[i].record;
        r->user_name = r->key->user_name = to;
        if (iam_keys_put(cx->tx, keys.v[i].id, r, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < credentials.n; i++) {
        IamCredentialRecord *r = credentials.v[i].record;
        r->user_name = r->credential->user_name = to;
        if (iam_credentials_put(cx->tx, credentials.v[i].id, r, err) < 0)
            return -1;
    }
    return 0;
}

static int move_public(SwCtx *cx, SwStr from, SwStr to, SwError *err) {
    const SwDocQuery its = {.index = "by_user", .equals = {from}};
    IamSshKeyRecords keys;
    IamSigningCertificateRecords certificates;
    if (iam_ssh_keys_list(cx->tx, &its, &keys, err) < 0 || iam_signing_certificates_list(cx->tx, &its, &certificates, err) < 0)
        return -1;
    for (size_t i = 0; i < keys.n; i++) {
        keys.v[i].record->key->user_name = to;
        if (iam_ssh_keys_put(cx->tx, keys.v[i].id, keys.v[i].record, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < certificates.n; i++) {
        certificates.v[i].record->certificate->user_name = to;
        if (iam_signing_certificates_put(cx->tx, certificates.v[i].id, certificates.v[i].record, err) < 0)
            return -1;
    }
    return 0;
}

static int move_login(SwCtx *cx, SwStr from, SwStr to, SwError *err) {
    IamLoginRecord *r;
    if (iam_login_find(cx, from, &r, err) < 0)
        return -1;
    if (!r)
        return 0;
    r->user_name = to;
    if (iam_logins_delete(cx->tx, sw_str_lower(cx->arena, from), NULL, err) < 0)
        return -1;
    return iam_logins_put(cx->tx, sw_str_lower(cx->arena, to), r, err);
}

static int move_members(SwCtx *cx, SwStr from, SwStr to, SwError *err) {
    IamUserRecords users;
    if (iam_users_list(cx->tx, &(SwDocQuery){.index = "by_group", .equals = {from}}, &users, err) < 0)
        return -1;
    for (size_t i = 0; i < users.n; i++) {
        IamUserRecord *u = users.v[i].record;
        for (size_t k = 0; k < u->groups.n; k++)
            if (sw_str_eq(u->groups.v[k], from))
                u->groups.v[k] = to;
        if (iam_users_put(cx->tx, users.v[i].id, u, err) < 0)
            return -1;
    }
    return 0;
}

/* Another may have the name already; the same in other letters is itself. */
static int check_free(SwCtx *cx, const SwResource *r, const IamIdentity *i, SwStr to, SwError *err) {
    IamIdentity other;
    if (sw_str_ieq(i->name, to))
        return 0;
    if (iam_identity_find(cx, i->kind, to, &other, err) < 0)
        return -1;
    return other.found ? sw_resource_fail(cx, r, &r->exists, to, err) : 0;
}

/* Who gets a new name, and which. */
static int begin(SwCtx *cx, IamKind kind, SwStr name, SwStr new_name, IamIdentity *ret_i, SwStr *ret_to, SwError *err) {
    if (iam_identity_get(cx, kind, name, ret_i, err) < 0)
        return -1;
    *ret_to = sw_str_or(new_name, ret_i->name);
    return check_free(cx, kind == IAM_USER ? &iam_user_resource : &iam_group_resource, ret_i, *ret_to, err);
}

static int store(SwCtx *cx, const SwResource *r, const IamIdentity *old, IamIdentity *new_one, SwError *err) {
    if (move_attachments(cx, old, new_one, err) < 0 ||
        (!sw_str_ieq(old->name, new_one->name) && sw_resource_delete_parts(cx, r, &(SwParts){.v = {old->name}}, err) < 0))
        return -1;
    return iam_identity_put(cx, new_one, err);
}

int iam_update_user(SwCtx *cx, const IamUpdateUserRequest *in, void *out, SwError *err) {
    IamIdentity i, new_one;
    SwStr to;
    if (begin(cx, IAM_USER, in->user_name, in->new_user_name, &i, &to, err) < 0)
        return -1;
    IamUser *u = i.user->user;
    u->path = sw_str_or(in->new_path, u->path);
    u->user_name = to;
    u->arn = iam_user_arn(cx, to, u->path);
    new_one = i;
    new_one.name = to;
    new_one.path = u->path;
    if (!sw_str_eq(i.name, to) &&
        (move_keys(cx, i.name, to, err) < 0 || move_public(cx, i.name, to, err) < 0 || move_login(cx, i.name, to, err) < 0))
        return -1;
    return store(cx, &iam_user_resource, &i, &new_one, err);
}

int iam_update_group(SwCtx *cx, const IamUpdateGroupRequest *in, void *out, SwError *err) {
    IamIdentity i, new_one;
    SwStr to;
    if (begin(cx, IAM_GROUP, in->group_name, in->new_group_name, &i, &to, err) < 0)
        return -1;
    IamGroup *g = i.group->group;
    g->path = sw_str_or(in->new_path, g->path);
    g->group_name = to;
    g->arn = iam_group_arn(cx, to, g->path);
    new_one = i;
    new_one.name = to;
    new_one.path = g->path;
    if (!sw_str_eq(i.name, to) && move_members(cx, i.name, to, err) < 0)
        return -1;
    return store(cx, &iam_group_resource, &i, &new_one, err);
}
