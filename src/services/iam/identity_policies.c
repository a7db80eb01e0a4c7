/* SPDX-License-Identifier: Apache-2.0 */
/* What identities are allowed: inline policies, kept in their record, and attached managed policies, kept there by ARN
 * with a row of the attachment collection for the way back. Written once for roles, users and groups. */

#include "base/digest.h"
#include "services/iam/iam.h"

static size_t inline_at(const IamPolicySet *p, SwStr name) {
    size_t i = 0;
    while (i < p->inlined.n && !sw_str_eq(p->inlined.v[i].name, name))
        i++;
    return i;
}

static size_t visible_chars(SwStr s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r';
    return n;
}

int iam_check_document(SwCtx *cx, SwStr text, SwPolicyUse use, size_t max, const char *quota, SwError *err) {
    const SwPolicy *parsed;
    if (sw_policy_parse(cx->arena, text, use, &parsed, err) < 0) {
        err->kind = &IAM_MALFORMED_POLICY_DOCUMENT_EXCEPTION;
        return -1;
    }
    if (visible_chars(text) > max)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for %s: %zu", quota, max);
    return 0;
}

SwStr iam_encoded(SwCtx *cx, SwStr document) {
    return sw_percent_encode(cx->arena, document, false);
}

static int check_total(const IamIdentity *i, SwError *err) {
    static const size_t max[] = {[IAM_ROLE] = 10240, [IAM_USER] = 2048, [IAM_GROUP] = 5120};
    size_t total = 0;
    for (size_t k = 0; k < i->policies->inlined.n; k++)
        total += visible_chars(i->policies->inlined.v[k].document);
    if (total <= max[i->kind])
        return 0;
    return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Maximum policy size of %zu bytes exceeded for %s %.*s", max[i->kind],
                   iam_kind_noun(i->kind), SW_FMT(i->name));
}

/* Kept sorted by name, so that pages over them can be resumed. */
static void insert_inline(SwArena *a, IamPolicySet *p, SwStr name, SwStr document) {
    size_t at = inline_at(p, name);
    if (at == p->inlined.n) {
        (void)sw_list_add(a, &p->inlined);
        while (at > 0 && sw_str_cmp(p->inlined.v[at - 1].name, name) > 0) {
            p->inlined.v[at] = p->inlined.v[at - 1];
            at--;
        }
    }
    p->inlined.v[at] = (IamInlinePolicy){.name = name, .document = document};
}

static int put_inline(SwCtx *cx, IamKind kind, SwStr owner, SwStr name, SwStr document, SwError *err) {
    IamIdentity i;
    if (iam_identity_get(cx, kind, owner, &i, err) < 0)
        return -1;
    if (iam_check_document(cx, document, SW_POLICY_IDENTITY, SIZE_MAX, "", err) < 0)
        return -1;
    insert_inline(cx->arena, i.policies, name, document);
    if (check_total(&i, err) < 0)
        return -1;
    return iam_identity_put(cx, &i, err);
}

static const SwResource *const policies[] = {
    [IAM_USER] = &iam_user_policy_resource, [IAM_ROLE] = &iam_role_policy_resource, [IAM_GROUP] = &iam_group_policy_resource};

static int find_inline(SwCtx *cx, IamKind kind, SwStr owner, SwStr name, IamIdentity *ret_i, size_t *ret_at, SwError *err) {
    if (iam_identity_get(cx, kind, owner, ret_i, err) < 0)
        return -1;
    *ret_at = inline_at(ret_i->policies, name);
    if (*ret_at < ret_i->policies->inlined.n)
        return 0;
    return sw_resource_missing(cx, policies[kind], sw_cat(cx->arena, owner, SW_STR("/"), name), err);
}

static int delete_inline(SwCtx *cx, IamKind kind, SwStr owner, SwStr name, SwError *err) {
    IamIdentity i;
    size_t at;
    if (find_inline(cx, kind, owner, name, &i, &at, err) < 0)
        return -1;
    for (; at + 1 < i.policies->inlined.n; at++)
        i.policies->inlined.v[at] = i.policies->inlined.v[at + 1];
    sw_list_cut(&i.policies->inlined, i.policies->inlined.n - 1);
    return iam_identity_put(cx, &i, err);
}

static int get_inline(SwCtx *cx, IamKind kind, SwStr owner, SwStr name, SwStr *ret_owner, SwStr *ret_document, SwError *err) {
    IamIdentity i;
    size_t at;
    if (find_inline(cx, kind, owner, name, &i, &at, err) < 0)
        return -1;
    *ret_owner = i.name;
    *ret_document = iam_encoded(cx, i.policies->inlined.v[at].document);
    return 0;
}

static int list_inline(SwCtx *cx, IamKind kind, SwStr owner, void *out, SwError *err) {
    IamIdentity i;
    SwPageItems items = {0};
    if (iam_identity_get(cx, kind, owner, &i, err) < 0)
        return -1;
    for (size_t k = 0; k < i.policies->inlined.n; k++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){.key = i.policies->inlined.v[k].name};
    return sw_page(cx, &(SwPage){.items = items, .usual = IAM_PAGE}, out, err);
}

/* Attached managed policies. */

static size_t attached_at(const IamPolicySet *p, SwStr arn) {
    size_t i = 0;
    while (i < p->attached.n && !sw_str_eq(p->attached.v[i], arn))
        i++;
    return i;
}

#define ATTACHED_MAX 10 /* IAM quota "Managed policies attached to a role", default */

static int attach(SwCtx *cx, IamKind kind, SwStr owner, SwStr arn, SwError *err) {
    IamIdentity i;
    SwStr document;
    if (iam_check_arn(arn, err) < 0 || iam_identity_get(cx, kind, owner, &i, err) < 0 ||
        iam_policy_document(cx, arn, &document, err) < 0)
        return -1;
    if (!document.p)
        return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "Policy %.*s does not exist or is not attachable.", SW_FMT(arn));
    size_t at = attached_at(i.policies, arn);
    if (at < i.policies->attached.n)
        return 0;
    if (at >= ATTACHED_MAX)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for PoliciesPer%s: %d",
                       kind == IAM_ROLE   ? "Role"
                       : kind == IAM_USER ? "User"
                                          : "Group",
                       ATTACHED_MAX);
    sw_str_list_add(cx->arena, &i.policies->attached, arn);
    SwStr *v = i.policies->attached.v;
    for (; at > 0 && sw_str_cmp(v[at - 1], arn) > 0; at--)
        v[at] = v[at - 1];
    v[at] = arn;
    if (iam_attachment_add(cx, &i, arn, "PermissionsPolicy", err) < 0)
        return -1;
    return iam_identity_put(cx, &i, err);
}

static int detach(SwCtx *cx, IamKind kind, SwStr owner, SwStr arn, SwError *err) {
    IamIdentity i;
    if (iam_check_arn(arn, err) < 0 || iam_identity_get(cx, kind, owner, &i, err) < 0)
        return -1;
    size_t at = attached_at(i.policies, arn);
    if (at == i.policies->attached.n)
        return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "Policy %.*s was not found.", SW_FMT(arn));
    for (; at + 1 < i.policies->attached.n; at++)
        i.policies->attached.v[at] = i.policies->attached.v[at + 1];
    sw_list_cut(&i.policies->attached, i.policies->attached.n - 1);
    if (iam_attachment_remove(cx, &i, arn, "PermissionsPolicy", err) < 0)
        return -1;
    return iam_identity_put(cx, &i, err);
}

SwStr iam_policy_name(SwStr arn) {
    size_t slash;
    return sw_str_rfind(arn, '/', &slash) ? sw_str_skip(arn, slash + 1) : arn;
}

/* The path of a policy's ARN: "arn:aws:iam::ACCOUNT:policy" PATH NAME. */
static bool read_path(SwStr arn, SwStr *ret_path) {
    SwArn parts;
    size_t slash;
    if (!sw_arn_parse(arn, &parts) || !sw_str_starts(parts.resource, SW_STR("policy/")))
        return false;
    SwStr rest = sw_str_skip(parts.resource, sizeof("policy") - 1);
    if (!sw_str_rfind(rest, '/', &slash))
        return false;
    *ret_path = sw_str_n(rest.p, slash + 1);
    return true;
}

static int show_attached(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    IamAttachedPolicy *p = to;
    p->policy_arn = row->id;
    p->policy_name = iam_policy_name(row->id);
    return 0;
}

static int list_attached(SwCtx *cx, IamKind kind, SwStr owner, SwStr prefix, void *out, SwError *err) {
    IamIdentity i;
    SwPageItems items = {0};
    SwStr path;
    if (iam_identity_get(cx, kind, owner, &i, err) < 0)
        return -1;
    for (size_t k = 0; k < i.policies->attached.n; k++)
        if (read_path(i.policies->attached.v[k], &path) && (!prefix.p || sw_str_starts(path, prefix)))
            *sw_list_add(cx->arena, &items) = (SwPageItem){.key = i.policies->attached.v[k]};
    return sw_page(cx, &(SwPage){.items = items, .show = show_attached, .usual = IAM_PAGE}, out, err);
}

/* The operations, three of each. */

int iam_put_role_policy(SwCtx *cx, const IamPutRolePolicyRequest *in, void *out, SwError *err) {
    return put_inline(cx, IAM_ROLE, in->role_name, in->policy_name, in->policy_document, err);
}

int iam_put_user_policy(SwCtx *cx, const IamPutUserPolicyRequest *in, void *out, SwError *err) {
    return put_inline(cx, IAM_USER, in->user_name, in->policy_name, in->policy_document, err);
}

int iam_put_group_policy(SwCtx *cx, const IamPutGroupPolicyRequest *in, void *out, SwError *err) {
    return put_inline(cx, IAM_GROUP, in->group_name, in->policy_name, in->policy_document, err);
}

int iam_get_role_policy(SwCtx *cx, const IamGetRolePolicyRequest *in, IamGetRolePolicyResponse *out, SwError *err) {
    out->policy_name = in->policy_name;
    return get_inline(cx, IAM_ROLE, in->role_name, in->policy_name, &out->role_name, &out->policy_document, err);
}

int iam_get_user_policy(SwCtx *cx, const IamGetUserPolicyRequest *in, IamGetUserPolicyResponse *out, SwError *err) {
    out->policy_name = in->policy_name;
    return get_inline(cx, IAM_USER, in->user_name, in->policy_name, &out->user_name, &out->policy_document, err);
}

int iam_get_group_policy(SwCtx *cx, const IamGetGroupPolicyRequest *in, IamGetGroupPolicyResponse *out, SwError *err) {
    out->policy_name = in->policy_name;
    return get_inline(cx, IAM_GROUP, in->group_name, in->policy_name, &out->group_name, &out->policy_document, err);
}

int iam_delete_role_policy(SwCtx *cx, const IamDeleteRolePolicyRequest *in, void *out, SwError *err) {
    return delete_inline(cx, IAM_ROLE, in->role_name, in->policy_name, err);
}

int iam_delete_user_policy(SwCtx *cx, const IamDeleteUserPolicyRequest *in, void *out, SwError *err) {
    return delete_inline(cx, IAM_USER, in->user_name, in->policy_name, err);
}

int iam_delete_group_policy(SwCtx *cx, const IamDeleteGroupPolicyRequest *in, void *out, SwError *err) {
    return delete_inline(cx, IAM_GROUP, in->group_name, in->policy_name, err);
}

int iam_list_role_policies(SwCtx *cx, const IamListRolePoliciesRequest *in, IamListRolePoliciesResponse *out, SwError *err) {
    return list_inline(cx, IAM_ROLE, in->role_name, out, err);
}

int iam_list_user_policies(SwCtx *cx, const IamListUserPoliciesRequest *in, IamListUserPoliciesResponse *out, SwError *err) {
    return list_inline(cx, IAM_USER, in->user_name, out, err);
}

int iam_list_group_policies(SwCtx *cx, const IamListGroupPoliciesRequest *in, IamListGroupPoliciesResponse *out, SwError *err) {
    return list_inline(cx, IAM_GROUP, in->group_name, out, err);
}

int iam_attach_role_policy(SwCtx *cx, const IamAttachRolePolicyRequest *in, void *out, SwError *err) {
    return attach(cx, IAM_ROLE, in->role_name, in->policy_arn, err);
}

int iam_attach_user_policy(SwCtx *cx, const IamAttachUserPolicyRequest *in, void *out, SwError *err) {
    return attach(cx, IAM_USER, in->user_name, in->policy_arn, err);
}

int iam_attach_group_policy(SwCtx *cx, const IamAttachGroupPolicyRequest *in, void *out, SwError *err) {
    return attach(cx, IAM_GROUP, in->group_name, in->policy_arn, err);
}

int iam_detach_role_policy(SwCtx *cx, const IamDetachRolePolicyRequest *in, void *out, SwError *err) {
    return detach(cx, IAM_ROLE, in->role_name, in->policy_arn, err);
}

int iam_detach_user_policy(SwCtx *cx, const IamDetachUserPolicyRequest *in, void *out, SwError *err) {
    return detach(cx, IAM_USER, in->user_name, in->policy_arn, err);
}

int iam_detach_group_policy(SwCtx *cx, const IamDetachGroupPolicyRequest *in, void *out, SwError *err) {
    return detach(cx, IAM_GROUP, in->group_name, in->policy_arn, err);
}

int iam_list_attached_role_policies(SwCtx *cx, const IamListAttachedRolePoliciesRequest *in,
                                    IamListAttachedRolePoliciesResponse *out, SwError *err) {
    return list_attached(cx, IAM_ROLE, in->role_name, in->path_prefix, out, err);
}

int iam_list_attached_user_policies(SwCtx *cx, const IamListAttachedUserPoliciesRequest *in,
                                    IamListAttachedUserPoliciesResponse *out, SwError *err) {
    return list_attached(cx, IAM_USER, in->user_name, in->path_prefix, out, err);
}

int iam_list_attached_group_policies(SwCtx *cx, const IamListAttachedGroupPoliciesRequest *in,
                                     IamListAttachedGroupPoliciesResponse *out, SwError *err) {
    return list_attached(cx, IAM_GROUP, in->group_name, in->path_prefix, out, err);
}
