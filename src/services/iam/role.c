/* SPDX-License-Identifier: Apache-2.0 */
/* Roles. Those that a service makes for itself are linked_role.c's, and only that service can change them. */

#include "base/id.h"
#include "services/iam/iam.h"

#define TRUST_MAX       2048 /* IAM quota "Role trust policy length", default */
#define SESSION_DEFAULT 3600

static int get(SwCtx *cx, SwStr name, IamIdentity *ret_i, IamRoleRecord **ret_r, SwError *err) {
    if (iam_identity_get(cx, IAM_ROLE, name, ret_i, err) < 0)
        return -1;
    *ret_r = ret_i->role;
    return 0;
}

static int get_to_change(SwCtx *cx, SwStr name, IamIdentity *ret_i, IamRoleRecord **ret_r, SwError *err) {
    if (get(cx, name, ret_i, ret_r, err) < 0)
        return -1;
    if (!sw_str_is((*ret_r)->service))
        return 0;
    return sw_fail(err, &IAM_UNMODIFIABLE_ENTITY_EXCEPTION,
                   "Cannot perform the operation on the protected role '%.*s' - this role is only modifiable by AWS",
                   SW_FMT(name));
}

/* A role as replies show it: the document encoded; lists leave out tags, boundary and last use. */
IamRole *iam_role_shown(SwCtx *cx, const IamRole *role, bool in_list) {
    IamRole *r = sw_new(cx->arena, IamRole);
    *r = *role;
    r->assume_role_policy_document = iam_encoded(cx, role->assume_role_policy_document);
    if (in_list) {
        r->tags = (IamTagList){0};
        r->permissions_boundary = NULL;
        r->role_last_used = NULL;
    }
    return r;
}

IamRole *iam_role_new(SwCtx *cx, SwStr path, SwStr name, SwStr trust, SwStr description) {
    IamRole *r = sw_new(cx->arena, IamRole);
    r->path = iam_path(path);
    r->role_name = name;
    r->role_id = sw_cat(cx->arena, SW_STR("AROA"), sw_id_base32(cx->arena, 17));
    r->arn = iam_role_arn(cx, name, r->path);
    r->create_date = SW_SOME_TIME(sw_now(cx));
    r->assume_role_policy_document = trust;
    r->description = description;
    r->max_session_duration = SW_SOME_INT(SESSION_DEFAULT);
    return r;
}

int iam_create_role(SwCtx *cx, const IamCreateRoleRequest *in, IamCreateRoleResponse *out, SwError *err) {
    IamIdentity i;
    if (iam_identity_find(cx, IAM_ROLE, in->role_name, &i, err) < 0)
        return -1;
    if (i.found)
        return sw_resource_fail(cx, &iam_role_resource, &iam_role_resource.exists, in->role_name, err);
    if (iam_check_document(cx, in->assume_role_policy_document, SW_POLICY_TRUST, TRUST_MAX, "ACLSizePerRole", err) < 0)
        return -1;
    IamRoleRecord *record = sw_new(cx->arena, IamRoleRecord);
    IamRole *r = record->role = iam_role_new(cx, in->path, in->role_name, in->assume_role_policy_document, in->description);
    if (in->max_session_duration.set)
        r->max_session_duration = in->max_session_duration;
    if (iam_role_set_tags(cx, in->role_name, record, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    record->policies = sw_new(cx->arena, IamPolicySet);
    i = (IamIdentity){.kind = IAM_ROLE,
                      .name = r->role_name,
                      .id = r->role_id,
                      .path = r->path,
                      .found = true,
                      .role = record,
                      .policies = record->policies,
                      .boundary = &r->permissions_boundary};
    if (sw_str_is(in->permissions_boundary) && iam_set_boundary(cx, &i, in->permissions_boundary, err) < 0)
        return -1;
    if (iam_trust_set(cx, record, in->assume_role_policy_document, err) < 0)
        return -1;
    out->role = iam_role_shown(cx, r, false);
    out->role->max_session_duration = (SwOptInt){0}; /* CreateRole's answer has none; GetRole's has */
    return iam_identity_put(cx, &i, err);
}

int iam_get_role(SwCtx *cx, const IamGetRoleRequest *in, IamGetRoleResponse *out, SwError *err) {
    IamIdentity i;
    IamRoleRecord *r;
    if (get(cx, in->role_name, &i, &r, err) < 0)
        return -1;
    out->role = iam_role_shown(cx, r->role, false);
    if (!out->role->role_last_used)
        out->role->role_last_used = sw_new(cx->arena, IamRoleLastUsed);
    return 0;
}

static int show_role(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(IamRole *)to = *iam_role_shown(cx, iam_roles_row(row)->role, true);
    return 0;
}

int iam_list_roles(SwCtx *cx, const IamListRolesRequest *in, IamListRolesResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &iam_roles, .q = iam_under(in->path_prefix), .show = show_role, .usual = IAM_PAGE}, out,
                   err);
}

static int in_profile(SwCtx *cx, SwStr role, bool *ret_yes, SwError *err) {
    int64_t n;
    if (iam_profiles_count(cx->tx, &(SwDocQuery){.index = "by_role", .equals = {role}, .limit = 1}, &n, err) < 0)
        return -1;
    *ret_yes = n > 0;
    return 0;
}

int iam_delete_role(SwCtx *cx, const IamDeleteRoleRequest *in, void *out, SwError *err) {
    IamIdentity i;
    IamRoleRecord *r;
    bool used;
    if (get_to_change(cx, in->role_name, &i, &r, err) < 0 || in_profile(cx, i.name, &used, err) < 0)
        return -1;
    if (used)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION,
                       "Cannot delete entity, must remove roles from instance profile first.");
    return iam_identity_delete(cx, &i, err);
}

static int update(SwCtx *cx, SwStr name, SwStr description, SwOptInt duration, IamRole **ret_role, SwError *err) {
    IamIdentity i;
    IamRoleRecord *r;
    if (get(cx, name, &i, &r, err) < 0)
        return -1;
    if (sw_str_is(r->service) && duration.set && get_to_change(cx, name, &i, &r, err) < 0)
        return -1;
    if (description.p)
        r->role->description = description;
    if (duration.set)
        r->role->max_session_duration = duration;
    if (ret_role)
        *ret_role = iam_role_shown(cx, r->role, false);
    return iam_identity_put(cx, &i, err);
}

int iam_update_role(SwCtx *cx, const IamUpdateRoleRequest *in, IamUpdateRoleResponse *out, SwError *err) {
    return update(cx, in->role_name, in->description, in->max_session_duration, NULL, err);
}

int iam_update_role_description(SwCtx *cx, const IamUpdateRoleDescriptionRequest *in, IamUpdateRoleDescriptionResponse *out,
                                SwError *err) {
    return update(cx, in->role_name, in->description, (SwOptInt){0}, &out->role, err);
}

int iam_update_assume_role_policy(SwCtx *cx, const IamUpdateAssumeRolePolicyRequest *in, void *out, SwError *err) {
    IamIdentity i;
    IamRoleRecord *r;
    if (get_to_change(cx, in->role_name, &i, &r, err) < 0)
        return -1;
    if (iam_check_document(cx, in->policy_document, SW_POLICY_TRUST, TRUST_MAX, "ACLSizePerRole", err) < 0)
        return -1;
    if (iam_trust_set(cx, r, in->policy_document, err) < 0)
        return -1;
    return iam_identity_put(cx, &i, err);
}

static int change_boundary(SwCtx *cx, IamKind kind, SwStr name, SwStr arn, SwError *err) {
    IamIdentity i;
    if (iam_identity_get(cx, kind, name, &i, err) < 0)
        return -1;
    if (!sw_str_is(arn) && !*i.boundary)
        return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "The %s with name %.*s has no permissions boundary.",
                       iam_kind_noun(kind), SW_FMT(name));
    if (iam_set_boundary(cx, &i, arn, err) < 0)
        return -1;
    return iam_identity_put(cx, &i, err);
}

int iam_put_role_permissions_boundary(SwCtx *cx, const IamPutRolePermissionsBoundaryRequest *in, void *out, SwError *err) {
    return change_boundary(cx, IAM_ROLE, in->role_name, in->permissions_boundary, err);
}

int iam_delete_role_permissions_boundary(SwCtx *cx, const IamDeleteRolePermissionsBoundaryRequest *in, void *out,
                                         SwError *err) {
    return change_boundary(cx, IAM_ROLE, in->role_name, SW_NO_STR, err);
}

int iam_put_user_permissions_boundary(SwCtx *cx, const IamPutUserPermissionsBoundaryRequest *in, void *out, SwError *err) {
    return change_boundary(cx, IAM_USER, in->user_name, in->permissions_boundary, err);
}

int iam_delete_user_permissions_boundary(SwCtx *cx, const IamDeleteUserPermissionsBoundaryRequest *in, void *out,
                                         SwError *err) {
    return change_boundary(cx, IAM_USER, in->user_name, SW_NO_STR, err);
}
