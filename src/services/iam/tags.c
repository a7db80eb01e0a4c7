/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of roles, users, policies and instance profiles. Keys are unique without regard to case. */

#include "services/iam/iam.h"

#include "api/tags.h"

static const SwTagRules rules = {
    .max = 50,
    .any_case = true,
    .too_many = {&IAM_LIMIT_EXCEEDED_EXCEPTION, "The number of tags has reached the maximum limit."},
    .reserved = {&IAM_INVALID_INPUT_EXCEPTION, "Tag keys starting with \"aws:\" are reserved."},
    .duplicate = {&IAM_INVALID_INPUT_EXCEPTION, "Duplicate tag keys found. Please note that Tag keys are case insensitive."},
};

int iam_tags_check(const IamTagList *tags, SwError *err) {
    return sw_tags_check(&rules, SW_NO_STR, SW_GIVEN_TAGS(tags), err);
}

int iam_tags_add(SwArena *a, IamTagList *tags, const IamTagList *more, SwError *err) {
    return sw_tags_merge(a, &rules, SW_NO_STR, SW_TAGS(tags), SW_GIVEN_TAGS(more), err);
}

void iam_tags_remove(SwArena *a, IamTagList *tags, const SwStrList *keys) {
    sw_tags_remove(a, &rules, SW_TAGS(tags), keys);
}

static int tag(SwCtx *cx, IamKind kind, SwStr name, const IamTagList *more, const SwStrList *gone, SwError *err) {
    IamIdentity i;
    if (iam_identity_get(cx, kind, name, &i, err) < 0)
        return -1;
    if (more && iam_tags_add(cx->arena, i.tags, more, err) < 0)
        return -1;
    if (gone)
        iam_tags_remove(cx->arena, i.tags, gone);
    return iam_identity_put(cx, &i, err);
}

int iam_tags_page(SwCtx *cx, const IamTagList *tags, void *out, SwError *err) {
    SwPageItems items = {0};
    for (size_t k = 0; k < tags->n; k++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){tags->v[k].key, &tags->v[k]};
    return sw_page(cx, &(SwPage){.items = items, .usual = IAM_PAGE}, out, err);
}

static int list(SwCtx *cx, IamKind kind, SwStr name, void *out, SwError *err) {
    IamIdentity i;
    return iam_identity_get(cx, kind, name, &i, err) < 0 ? -1 : iam_tags_page(cx, i.tags, out, err);
}

int iam_tag_role(SwCtx *cx, const IamTagRoleRequest *in, void *out, SwError *err) {
    return tag(cx, IAM_ROLE, in->role_name, &in->tags, NULL, err);
}

int iam_untag_role(SwCtx *cx, const IamUntagRoleRequest *in, void *out, SwError *err) {
    return tag(cx, IAM_ROLE, in->role_name, NULL, &in->tag_keys, err);
}

int iam_list_role_tags(SwCtx *cx, const IamListRoleTagsRequest *in, IamListRoleTagsResponse *out, SwError *err) {
    return list(cx, IAM_ROLE, in->role_name, out, err);
}

int iam_tag_user(SwCtx *cx, const IamTagUserRequest *in, void *out, SwError *err) {
    return tag(cx, IAM_USER, in->user_name, &in->tags, NULL, err);
}

int iam_untag_user(SwCtx *cx, const IamUntagUserRequest *in, void *out, SwError *err) {
    return tag(cx, IAM_USER, in->user_name, NULL, &in->tag_keys, err);
}

int iam_list_user_tags(SwCtx *cx, const IamListUserTagsRequest *in, IamListUserTagsResponse *out, SwError *err) {
    return list(cx, IAM_USER, in->user_name, out, err);
}
