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

static void open_role(SwArena *a, IamRoleRecord *r, IamIdentity *i) {
    i->name = r->role->role_name;
    i->arn = r->role->arn;
    i->id = r->role->role_id;
    i->path = r->role->path;
    i->policies = present(a, &r->policies);
    i->boundary = &r->role->permissions_boundary;
    i->tags = &r->role->tags;
}

static void open_user(SwArena *a, IamUserRecord *r, IamIdentity *i) {
    i->name = r->user->user_name;
    i->arn = r->user->arn;
    i->id = r->user->user_id;
    i->path = r->user->path;
    i->policies = present(a, &r->policies);
    i->boundary = &r->user->permissions_boundary;
    i->tags = &r->user->tags;
}

static void open_group(SwArena *a, IamGroupRecord *r, IamIdentity *i) {
    i->name = r->group->group_name;
    i->arn = r->group->arn;
    i->id = r->group->group_id;
    i->path = r->group->path;
    i->policies = present(a, &r->policies);
}

int iam_identity_find(SwCtx *cx, IamKind kind, SwStr name, IamIdentity *ret_i, SwError *err) {
    *ret_i = (IamIdentity){.kind = kind, .name = name};
    if (sw_resource_find_parts(cx, kinds[kind], &(SwParts){.v = {name}}, &ret_i->record, err) < 0)
        return -1;
    if (!ret_i->record)
        return 0;
    switch (kind) {
    case IAM_ROLE: open_role(cx->arena, ret_i->record, ret_i); break;
    case IAM_USER: open_user(cx->arena, ret_i->record, ret_i); break;
    case IAM_GROUP: open_group(cx->arena, ret_i->record, ret_i); break;
    }
    return 0;
}

int iam_identity_get(SwCtx *cx, IamKind kind, SwStr name, IamIdentity *ret_i, SwError *err) {
    if (iam_identity_find(cx, kind, name, ret_i, err) < 0)
        return -1;
    return ret_i->record ? 0 : sw_resource_fail(cx, kinds[kind], &kinds[kind]->missing, name, err);
}

int iam_identity_put(SwCtx *cx, const IamIdentity *i, SwError *err) {
    return sw_resource_put_parts(cx, kinds[i->kind], &(SwParts){.v = {i->name}}, i->record, err);
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

int iam_user_name(SwCtx *cx, SwStr given, SwStr *ret_name, SwError *err) {
    *ret_name = given;
    if (sw_str_is(given))
        return 0;
    if (cx->principal.kind != SW_PRINCIPAL_USER)
        return sw_fail(err, &SW_VALIDATION_ERROR, "Must specify userName when calling with non-User credentials");
    *ret_name = cx->principal.name;
    return 0;
}
