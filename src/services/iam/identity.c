/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: roles, users and groups carry inline and attached policies in the same way. Each says
 * where it keeps what, so that the operations on policies are written once. */

#include "services/iam/iam.h"

static const SwResource *const kinds[] = {
    [IAM_ROLE] = &iam_role_resource,
    [IAM_USER] = &iam_user_resource,
    [IAM_GROUP] = &iam_group_resource,
};

const char *iam_kind_noun(IamKind kind) {
    return kinds[kind]->name;
}

SwDocQuery iam_under(SwStr path_prefix) {
    bool all = !sw_str_is(path_prefix) || sw_str_eqz(path_prefix, "/");
    return all ? (SwDocQuery){0} : (SwDocQuery){.index = "by_path", .prefix = path_prefix};
}

static IamPolicySet *present(SwArena *a, IamPolicySet **p) {
    if (!*p)
        *p = sw_new(a, IamPolicySet);
    return *p;
}

static int find_role(SwCtx *cx, IamIdentity *i, SwError *err) {
    IamRoleRecord *r;
    if (iam_role_find(cx, i->name, &r, err) < 0)
        return -1;
    if (!r)
        return 0;
    i->found = true;
    i->role = r;
    i->name = r->role->role_name;
    i->arn = r->role->arn;
    i->id = r->role->role_id;
    i->path = r->role->path;
    i->policies = present(cx->arena, &r->policies);
    i->boundary = &r->role->permissions_boundary;
    i->tags = &r->role->tags;
    return 0;
}

static int find_user(SwCtx *cx, IamIdentity *i, SwError *err) {
    IamUserRecord *r;
    if (iam_user_find(cx, i->name, &r, err) < 0)
        return -1;
    if (!r)
        return 0;
    i->found = true;
    i->user = r;
    i->name = r->user->user_name;
    i->arn = r->user->arn;
    i->id = r->user->user_id;
    i->path = r->user->path;
    i->policies = present(cx->arena, &r->policies);
    i->boundary = &r->user->permissions_boundary;
    i->tags = &r->user->tags;
    return 0;
}

static int find_group(SwCtx *cx, IamIdentity *i, SwError *err) {
    IamGroupRecord *r;
    if (iam_group_find(cx, i->name, &r, err) < 0)
        return -1;
    if (!r)
        return 0;
    i->found = true;
    i->group = r;
    i->name = r->group->group_name;
    i->arn = r->group->arn;
    i->id = r->group->group_id;
    i->path = r->group->path;
    i->policies = present(cx->arena, &r->policies);
    return 0;
}

int iam_identity_find(SwCtx *cx, IamKind kind, SwStr name, IamIdentity *ret_i, SwError *err) {
    *ret_i = (IamIdentity){.kind = kind, .name = name};
    switch (kind) {
    case IAM_ROLE: return find_role(cx, ret_i, err);
    case IAM_USER: return find_user(cx, ret_i, err);
    case IAM_GROUP: return find_group(cx, ret_i, err);
    }
    return 0;
}

int iam_identity_get(SwCtx *cx, IamKind kind, SwStr name, IamIdentity *ret_i, SwError *err) {
    if (iam_identity_find(cx, kind, name, ret_i, err) < 0)
        return -1;
    return ret_i->found ? 0 : sw_resource_fail(cx, kinds[kind], &kinds[kind]->missing, name, err);
}

int iam_identity_put(SwCtx *cx, const IamIdentity *i, SwError *err) {
    switch (i->kind) {
    case IAM_ROLE: return iam_role_put(cx, i->name, i->role, err);
    case IAM_USER: return iam_user_put(cx, i->name, i->user, err);
    case IAM_GROUP: return iam_group_put(cx, i->name, i->group, err);
    }
    return 0;
}

int iam_identity_delete(SwCtx *cx, const IamIdentity *i, SwError *err) {
    if (i->policies->attached.n > 0)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete entity, must detach all policies first.");
    if (i->policies->inlined.n > 0)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete entity, must delete policies first.");
    if (i->boundary && *i->boundary &&
        iam_attachment_remove(cx, i, (*i->boundary)->permissions_boundary_arn, "PermissionsBoundary", err) < 0)
        return -1;
    return sw_resource_delete_parts(cx, kinds[i->kind], &(SwParts){.v = {i->name}}, err);
}

int iam_set_boundary(SwCtx *cx, IamIdentity *i, SwStr arn, SwError *err) {
    IamAttachedPermissionsBoundary **b = i->boundary;
    if (*b && iam_attachment_remove(cx, i, (*b)->permissions_boundary_arn, "PermissionsBoundary", err) < 0)
        return -1;
    *b = NULL;
    if (!sw_str_is(arn))
        return 0;
    SwStr document;
    if (iam_check_arn(arn, err) < 0 || iam_policy_document(cx, arn, &document, err) < 0)
        return -1;
    if (!document.p)
        return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "Scope ARN: %.*s does not exist or is not attachable.", SW_FMT(arn));
    *b = sw_new(cx->arena, IamAttachedPermissionsBoundary);
    (*b)->permissions_boundary_type = SW_STR("Policy");
    (*b)->permissions_boundary_arn = arn;
    return iam_attachment_add(cx, i, arn, "PermissionsBoundary", err);
}

int iam_check_arn(SwStr text, SwError *err) {
    SwArn arn;
    if (sw_arn_parse(text, &arn))
        return 0;
    return sw_str_starts(text, SW_STR("arn:")) ? sw_fail(err, &SW_VALIDATION_ERROR, "ARN %.*s is not valid.", SW_FMT(text))
                                               : sw_fail(err, &SW_VALIDATION_ERROR, "Invalid ARN:  Could not be parsed!");
}

SwStr iam_path(SwStr path) {
    return sw_str_is(path) ? path : SW_STR("/");
}

int iam_user_of(SwCtx *cx, SwStr given, IamIdentity *ret_u, SwError *err) {
    if (!sw_str_is(given) && cx->principal.kind != SW_PRINCIPAL_USER)
        return sw_fail(err, &SW_VALIDATION_ERROR, "Must specify userName when calling with non-User credentials");
    return iam_identity_get(cx, IAM_USER, sw_str_is(given) ? given : cx->principal.name, ret_u, err);
}
