/* SPDX-License-Identifier: Apache-2.0 */
/* Instance profiles: a role under another name, for EC2. One role each. */

#include "base/id.h"
#include "services/iam/iam.h"

int iam_profile_show(SwCtx *cx, const IamProfileRecord *r, IamInstanceProfile *ret_p, SwError *err) {
    *ret_p = *r->profile;
    ret_p->roles = (IamRoleList){0};
    sw_list_present(cx->arena, &ret_p->roles);
    if (!sw_str_is(r->role))
        return 0;
    IamIdentity i;
    if (iam_identity_get(cx, IAM_ROLE, r->role, &i, err) < 0)
        return -1;
    IamRole *role = sw_list_add(cx->arena, &ret_p->roles);
    *role = *i.role->role;
    role->assume_role_policy_document = iam_encoded(cx, role->assume_role_policy_document);
    role->tags = (IamTagList){0};
    return 0;
}

int iam_create_instance_profile(SwCtx *cx, const IamCreateInstanceProfileRequest *in, IamCreateInstanceProfileResponse *out,
                                SwError *err) {
    IamInstanceProfile *p = sw_new(cx->arena, IamInstanceProfile);
    p->path = iam_path(in->path);
    p->instance_profile_name = in->instance_profile_name;
    p->instance_profile_id = sw_cat(cx->arena, SW_STR("AIPA"), sw_id_base32(cx->arena, 17));
    p->arn = iam_instance_profile_arn(cx, p->instance_profile_name, p->path);
    p->create_date = SW_SOME_TIME(sw_now(cx));
    IamProfileRecord r = {.profile = p, .role = SW_STR("")};
    if (iam_instance_profile_set_tags(cx, in->instance_profile_name, &r, SW_GIVEN_TAGS(&in->tags), err) < 0 ||
        iam_instance_profile_insert(cx, in->instance_profile_name, &r, err) < 0)
        return -1;
    out->instance_profile = sw_new(cx->arena, IamInstanceProfile);
    return iam_profile_show(cx, &r, out->instance_profile, err);
}

int iam_get_instance_profile(SwCtx *cx, const IamGetInstanceProfileRequest *in, IamGetInstanceProfileResponse *out,
                             SwError *err) {
    IamProfileRecord *r;
    if (iam_instance_profile_get(cx, in->instance_profile_name, &r, err) < 0)
        return -1;
    out->instance_profile = sw_new(cx->arena, IamInstanceProfile);
    return iam_profile_show(cx, r, out->instance_profile, err);
}

int iam_delete_instance_profile(SwCtx *cx, const IamDeleteInstanceProfileRequest *in, void *out, SwError *err) {
    IamProfileRecord *r;
    if (iam_instance_profile_get(cx, in->instance_profile_name, &r, err) < 0)
        return -1;
    if (sw_str_is(r->role))
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION,
                       "Cannot delete entity, must remove roles from instance profile first.");
    return iam_instance_profile_delete(cx, in->instance_profile_name, err);
}

int iam_add_role_to_instance_profile(SwCtx *cx, const IamAddRoleToInstanceProfileRequest *in, void *out, SwError *err) {
    IamProfileRecord *r;
    IamIdentity i;
    if (iam_instance_profile_get(cx, in->instance_profile_name, &r, err) < 0 ||
        iam_identity_get(cx, IAM_ROLE, in->role_name, &i, err) < 0)
        return -1;
    if (sw_str_is(r->role))
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    r->role = i.name;
    return iam_instance_profile_put(cx, in->instance_profile_name, r, err);
}

int iam_remove_role_from_instance_profile(SwCtx *cx, const IamRemoveRoleFromInstanceProfileRequest *in, void *out,
                                          SwError *err) {
    IamProfileRecord *r;
    if (iam_instance_profile_get(cx, in->instance_profile_name, &r, err) < 0)
        return -1;
    if (!sw_str_ieq(r->role, in->role_name))
        return sw_resource_missing(cx, &iam_role_resource, in->role_name, err);
    r->role = SW_STR("");
    return iam_instance_profile_put(cx, in->instance_profile_name, r, err);
}

static int show_profile(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    return iam_profile_show(cx, iam_profiles_row(row), to, err);
}

int iam_list_instance_profiles(SwCtx *cx, const IamListInstanceProfilesRequest *in, IamListInstanceProfilesResponse *out,
                               SwError *err) {
    return sw_page(cx, &(SwPage){.of = &iam_profiles, .q = iam_under(in->path_prefix), .show = show_profile, .usual = IAM_PAGE},
                   out, err);
}

int iam_list_instance_profiles_for_role(SwCtx *cx, const IamListInstanceProfilesForRoleRequest *in,
                                        IamListInstanceProfilesForRoleResponse *out, SwError *err) {
    IamIdentity i;
    if (iam_identity_get(cx, IAM_ROLE, in->role_name, &i, err) < 0)
        return -1;
    SwDocQuery q = {.index = "by_role", .equals = {i.name}};
    return sw_page(cx, &(SwPage){.of = &iam_profiles, .q = q, .show = show_profile, .usual = IAM_PAGE}, out, err);
}
