/* SPDX-License-Identifier: Apache-2.0 */
/* Managed policies: customers' own with up to five versions, and AWS's from the table. Who has a policy attached is a
 * row of its own, so that counts and "entities for policy" are one index away. */

#include "base/digest.h"
#include "base/id.h"
#include "services/iam/aws_policies.h"
#include "services/iam/iam.h"

#define DOCUMENT_MAX 6144 /* IAM quota "Managed policy length" */
#define VERSIONS_MAX 5

static int get(SwCtx *cx, SwStr arn, IamPolicyRecord **ret_r, SwError *err) {
    return iam_check_arn(arn, err) < 0 ? -1 : iam_policy_by_reference(cx, arn, ret_r, err);
}

/* For changes: AWS's own policies cannot be changed. */
static int get_own(SwCtx *cx, SwStr arn, IamPolicyRecord **ret_r, SwError *err) {
    if (iam_is_aws_policy_arn(arn))
        return sw_fail(err, &SW_ACCESS_DENIED, "Policy %.*s is managed by AWS and cannot be changed", SW_FMT(arn));
    return get(cx, arn, ret_r, err);
}

static int put(SwCtx *cx, const IamPolicyRecord *r, SwError *err) {
    return iam_policy_put(cx, r->policy->policy_name, r->policy->path, r, err);
}

static size_t version_at(const IamPolicyRecord *r, SwStr id) {
    size_t i = 0;
    while (i < r->versions.n && !sw_str_eq(r->versions.v[i].version_id, id))
        i++;
    return i;
}

int iam_policy_document(SwCtx *cx, SwStr arn, SwStr *ret_document, SwError *err) {
    *ret_document = SW_NO_STR;
    const IamAwsPolicy *aws = iam_aws_policy_find(arn);
    if (aws) {
        *ret_document = sw_str(aws->document);
        return 0;
    }
    SwFound f;
    if (sw_resource_find(cx, &iam_policy_resource, arn, &f, err) < 0)
        return -1;
    const IamPolicyRecord *r = iam_policy_found(&f);
    if (r)
        *ret_document = r->versions.v[version_at(r, r->policy->default_version_id)].document;
    return 0;
}

/* Attachments. */

static SwStr attachment_id(SwArena *a, const IamIdentity *i, SwStr arn, const char *usage) {
    return sw_strf(a, "%.*s|%s|%s|%.*s", SW_FMT(arn), usage, iam_kind_noun(i->kind), SW_FMT(i->name));
}

int iam_attachment_add(SwCtx *cx, const IamIdentity *i, SwStr arn, const char *usage, SwError *err) {
    IamAttachmentRecord r = {.policy_arn = arn,
                             .usage = sw_str(usage),
                             .kind = sw_str(iam_kind_noun(i->kind)),
                             .name = i->name,
                             .entity_id = i->id,
                             .path = i->path};
    return iam_attachments_put(cx->tx, attachment_id(cx->arena, i, arn, usage), &r, err);
}

int iam_attachment_remove(SwCtx *cx, const IamIdentity *i, SwStr arn, const char *usage, SwError *err) {
    return iam_attachments_delete(cx->tx, attachment_id(cx->arena, i, arn, usage), NULL, err);
}

static int count(SwCtx *cx, SwStr arn, const char *usage, SwOptInt *ret_n, SwError *err) {
    ret_n->set = true;
    return iam_attachments_count(cx->tx, &(SwDocQuery){.index = "by_policy", .equals = {arn, sw_str(usage)}}, &ret_n->v, err);
}

static int count_both(SwCtx *cx, IamPolicy *p, SwError *err) {
    if (count(cx, p->arn, "PermissionsPolicy", &p->attachment_count, err) < 0)
        return -1;
    return count(cx, p->arn, "PermissionsBoundary", &p->permissions_boundary_usage_count, err);
}

/* Policies. */

int iam_create_policy(SwCtx *cx, const IamCreatePolicyRequest *in, IamCreatePolicyResponse *out, SwError *err) {
    IamPolicyRecord *r = sw_new(cx->arena, IamPolicyRecord);
    IamPolicy *p = out->policy = r->policy = sw_new(cx->arena, IamPolicy);
    p->policy_name = in->policy_name;
    p->path = iam_path(in->path);
    p->arn = iam_policy_arn(cx, p->policy_name, p->path);
    if (iam_check_document(cx, in->policy_document, SW_POLICY_IDENTITY, DOCUMENT_MAX, "PolicySize", err) < 0 ||
        iam_policy_set_tags(cx, p->policy_name, p->path, r, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    p->policy_id = sw_cat(cx->arena, SW_STR("ANPA"), sw_id_base32(cx->arena, 17));
    p->default_version_id = SW_STR("v1");
    p->is_attachable = SW_SOME_BOOL(true);
    p->description = in->description;
    p->create_date = p->update_date = SW_SOME_TIME(sw_now(cx));
    IamPolicyVersion *v = sw_list_add(cx->arena, &r->versions);
    *v = (IamPolicyVersion){.document = in->policy_document, .version_id = SW_STR("v1"), .create_date = p->create_date};
    r->last_version = SW_SOME_INT(1);
    if (iam_policy_insert(cx, p->policy_name, p->path, r, err) < 0)
        return -1;
    p->attachment_count = p->permissions_boundary_usage_count = SW_SOME_INT(0);
    p->description = SW_NO_STR; /* "returned in the response to GetPolicy", and in no other */
    return 0;
}

static IamPolicy *of_aws(SwArena *a, const IamAwsPolicy *aws) {
    IamPolicy *p = sw_new(a, IamPolicy);
    p->policy_name = sw_str(aws->name);
    p->path = sw_str(aws->path);
    p->arn = iam_aws_policy_arn(a, aws);
    p->policy_id = sw_strf(a, "ANPA%.*s", 17, sw_str_upper(a, sw_md5_hex(a, p->arn)).p);
    p->default_version_id = sw_str(aws->version);
    p->is_attachable = SW_SOME_BOOL(true);
    p->create_date = SW_SOME_TIME(aws->created_s * SW_S);
    p->update_date = SW_SOME_TIME(aws->updated_s * SW_S);
    return p;
}

int iam_get_policy(SwCtx *cx, const IamGetPolicyRequest *in, IamGetPolicyResponse *out, SwError *err) {
    const IamAwsPolicy *aws = iam_aws_policy_find(in->policy_arn);
    if (aws) {
        out->policy = of_aws(cx->arena, aws);
        sw_list_present(cx->arena, &out->policy->tags);
        return count_both(cx, out->policy, err);
    }
    IamPolicyRecord *r;
    if (get(cx, in->policy_arn, &r, err) < 0)
        return -1;
    out->policy = r->policy;
    sw_list_present(cx->arena, &out->policy->tags);
    return count_both(cx, out->policy, err);
}

/* Rows are the account's own, items AWS's: both have their ARN as id. */
static IamPolicy *policy_of(SwCtx *cx, const SwDocRow *row) {
    const IamAwsPolicy *aws = iam_aws_policy_find(row->id);
    return aws ? of_aws(cx->arena, aws) : iam_policies_row(row)->policy;
}

static int is_listed(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const IamListPoliciesRequest *in = arg;
    IamPolicy *p = policy_of(cx, row);
    *ret_wanted = !in->path_prefix.p || sw_str_starts(p->path, in->path_prefix);
    if (!*ret_wanted || (!in->only_attached.v && !sw_str_is(in->policy_usage_filter)))
        return 0;
    if (count_both(cx, p, err) < 0)
        return -1;
    bool attached = p->attachment_count.v > 0, boundary = p->permissions_boundary_usage_count.v > 0;
    if (in->only_attached.v && !attached)
        *ret_wanted = false;
    else if (sw_str_is(in->policy_usage_filter))
        *ret_wanted = sw_str_eqz(in->policy_usage_filter, "PermissionsPolicy") ? attached : boundary;
    return 0;
}

static int show_policy(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    IamPolicy *p = to;
    *p = *policy_of(cx, row);
    p->tags = (IamTagList){0};
    p->description = SW_NO_STR;
    return count_both(cx, p, err);
}

int iam_list_policies(SwCtx *cx, const IamListPoliciesRequest *in, IamListPoliciesResponse *out, SwError *err) {
    SwPage p = {.q = iam_under(in->path_prefix), .want = is_listed, .show = show_policy, .arg = in, .usual = IAM_PAGE};
    if (!sw_str_eqz(in->scope, "AWS"))
        p.of = &iam_policies;
    for (size_t k = 0; !sw_str_eqz(in->scope, "Local") && k < iam_aws_policies_count; k++)
        *sw_list_add(cx->arena, &p.items) = (SwPageItem){.key = iam_aws_policy_arn(cx->arena, &iam_aws_policies[k])};
    return sw_page(cx, &p, out, err);
}

int iam_delete_policy(SwCtx *cx, const IamDeletePolicyRequest *in, void *out, SwError *err) {
    IamPolicyRecord *r;
    if (get_own(cx, in->policy_arn, &r, err) < 0 || count_both(cx, r->policy, err) < 0)
        return -1;
    if (r->policy->attachment_count.v + r->policy->permissions_boundary_usage_count.v > 0)
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete a policy attached to entities.");
    if (r->versions.n > 1)
        return sw_fail(
            err, &IAM_DELETE_CONFLICT_EXCEPTION,
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.");
    return iam_policy_delete(cx, r->policy->policy_name, r->policy->path, err);
}

/* Versions. */

static IamPolicyVersion shown(SwCtx *cx, const IamPolicyRecord *r, const IamPolicyVersion *v, bool document) {
    IamPolicyVersion s = *v;
    s.document = document ? iam_encoded(cx, v->document) : SW_NO_STR;
    s.is_default_version = SW_SOME_BOOL(sw_str_eq(v->version_id, r->policy->default_version_id));
    return s;
}

int iam_policy_details(SwCtx *cx, SwStr arn, IamPolicy **ret_p, IamPolicyVersionList *ret_versions, SwError *err) {
    const IamAwsPolicy *aws = iam_aws_policy_find(arn);
    IamPolicyRecord *r = NULL;
    if (!aws && get(cx, arn, &r, err) < 0)
        return -1;
    *ret_p = aws ? of_aws(cx->arena, aws) : r->policy;
    if (aws)
        *sw_list_add(cx->arena, ret_versions) = (IamPolicyVersion){.version_id = sw_str(aws->version),
                                                                   .is_default_version = SW_SOME_BOOL(true),
                                                                   .create_date = SW_SOME_TIME(aws->updated_s * SW_S),
                                                                   .document = iam_encoded(cx, sw_str(aws->document))};
    for (size_t k = r ? r->versions.n : 0; k > 0; k--)
        *sw_list_add(cx->arena, ret_versions) = shown(cx, r, &r->versions.v[k - 1], true);
    return count_both(cx, *ret_p, err);
}

int iam_create_policy_version(SwCtx *cx, const IamCreatePolicyVersionRequest *in, IamCreatePolicyVersionResponse *out,
                              SwError *err) {
    IamPolicyRecord *r;
    if (get_own(cx, in->policy_arn, &r, err) < 0 ||
        iam_check_document(cx, in->policy_document, SW_POLICY_IDENTITY, DOCUMENT_MAX, "PolicySize", err) < 0)
        return -1;
    if (r->versions.n >= VERSIONS_MAX)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION,
                       "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
                       "existing version.");
    r->last_version = SW_SOME_INT(r->last_version.v + 1);
    IamPolicyVersion *v = sw_list_add(cx->arena, &r->versions);
    v->document = in->policy_document;
    v->version_id = sw_strf(cx->arena, "v%lld", (long long)r->last_version.v);
    v->create_date = SW_SOME_TIME(sw_now(cx));
    if (in->set_as_default.v) {
        r->policy->default_version_id = v->version_id;
        r->policy->update_date = v->create_date;
    }
    out->policy_version = sw_new(cx->arena, IamPolicyVersion);
    *out->policy_version = shown(cx, r, v, false);
    return put(cx, r, err);
}

static int no_version(SwStr arn, SwStr version, SwError *err) {
    return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "Policy %.*s version %.*s does not exist or is not attachable.",
                   SW_FMT(arn), SW_FMT(version));
}

int iam_get_policy_version(SwCtx *cx, const IamGetPolicyVersionRequest *in, IamGetPolicyVersionResponse *out, SwError *err) {
    IamPolicyVersion *v = out->policy_version = sw_new(cx->arena, IamPolicyVersion);
    const IamAwsPolicy *aws = iam_aws_policy_find(in->policy_arn);
    if (aws) {
        if (!sw_str_eqz(in->version_id, aws->version))
            return no_version(in->policy_arn, in->version_id, err);
        *v = (IamPolicyVersion){.document = iam_encoded(cx, sw_str(aws->document)),
                                .version_id = in->version_id,
                                .is_default_version = SW_SOME_BOOL(true),
                                .create_date = SW_SOME_TIME(aws->updated_s * SW_S)};
        return 0;
    }
    IamPolicyRecord *r;
    if (get(cx, in->policy_arn, &r, err) < 0)
        return -1;
    size_t at = version_at(r, in->version_id);
    if (at == r->versions.n)
        return no_version(in->policy_arn, in->version_id, err);
    *v = shown(cx, r, &r->versions.v[at], true);
    return 0;
}

int iam_list_policy_versions(SwCtx *cx, const IamListPolicyVersionsRequest *in, IamListPolicyVersionsResponse *out,
                             SwError *err) {
    IamPolicyVersionList all = {0};
    const IamAwsPolicy *aws = iam_aws_policy_find(in->policy_arn);
    IamPolicyRecord *r = NULL;
    if (!aws && get(cx, in->policy_arn, &r, err) < 0)
        return -1;
    if (aws)
        *sw_list_add(cx->arena, &all) = (IamPolicyVersion){.version_id = sw_str(aws->version),
                                                           .is_default_version = SW_SOME_BOOL(true),
                                                           .create_date = SW_SOME_TIME(aws->updated_s * SW_S)};
    for (size_t k = r ? r->versions.n : 0; k > 0; k--)
        *sw_list_add(cx->arena, &all) = shown(cx, r, &r->versions.v[k - 1], false);
    SwPageItems items = {0}; /* newest first */
    for (size_t k = 0; k < all.n; k++) {
        int64_t number = 0;
        (void)sw_str_to_i64(sw_str_skip(all.v[k].version_id, 1), &number);
        *sw_list_add(cx->arena, &items) = (SwPageItem){sw_index_number(cx->arena, number), &all.v[k]};
    }
    return sw_page(cx, &(SwPage){.items = items, .q.descending = true, .usual = IAM_PAGE}, out, err);
}

int iam_delete_policy_version(SwCtx *cx, const IamDeletePolicyVersionRequest *in, void *out, SwError *err) {
    IamPolicyRecord *r;
    if (get_own(cx, in->policy_arn, &r, err) < 0)
        return -1;
    size_t at = version_at(r, in->version_id);
    if (at == r->versions.n)
        return no_version(in->policy_arn, in->version_id, err);
    if (sw_str_eq(in->version_id, r->policy->default_version_id))
        return sw_fail(err, &IAM_DELETE_CONFLICT_EXCEPTION, "Cannot delete the default version of a policy.");
    for (; at + 1 < r->versions.n; at++)
        r->versions.v[at] = r->versions.v[at + 1];
    sw_list_cut(&r->versions, r->versions.n - 1);
    return put(cx, r, err);
}

int iam_set_default_policy_version(SwCtx *cx, const IamSetDefaultPolicyVersionRequest *in, void *out, SwError *err) {
    IamPolicyRecord *r;
    if (get_own(cx, in->policy_arn, &r, err) < 0)
        return -1;
    if (version_at(r, in->version_id) == r->versions.n)
        return no_version(in->policy_arn, in->version_id, err);
    r->policy->default_version_id = in->version_id;
    r->policy->update_date = SW_SOME_TIME(sw_now(cx));
    return put(cx, r, err);
}

static void add_entity(SwCtx *cx, const IamAttachmentRecord *r, IamListEntitiesForPolicyResponse *out) {
    if (sw_str_eqz(r->kind, "role"))
        *sw_list_add(cx->arena, &out->policy_roles) = (IamPolicyRole){.role_name = r->name, .role_id = r->entity_id};
    else if (sw_str_eqz(r->kind, "user"))
        *sw_list_add(cx->arena, &out->policy_users) = (IamPolicyUser){.user_name = r->name, .user_id = r->entity_id};
    else
        *sw_list_add(cx->arena, &out->policy_groups) = (IamPolicyGroup){.group_name = r->name, .group_id = r->entity_id};
}

static bool entity_wanted(const IamListEntitiesForPolicyRequest *in, const IamAttachmentRecord *r) {
    static const struct { const char *filter, *kind; } filters[] = {{"Role", "role"}, {"User", "user"}, {"Group", "group"}};
    if (in->path_prefix.p && !sw_str_starts(r->path, in->path_prefix))
        return false;
    if (sw_str_is(in->policy_usage_filter) && !sw_str_eq(in->policy_usage_filter, r->usage))
        return false;
    for (size_t k = 0; k < SW_N(filters); k++)
        if (sw_str_eqz(in->entity_filter, filters[k].filter))
            return sw_str_eqz(r->kind, filters[k].kind);
    return !sw_str_is(in->entity_filter);
}

typedef struct EntityPage {
    const IamListEntitiesForPolicyRequest *in;
    IamListEntitiesForPolicyResponse *out;
} EntityPage;

static int is_entity(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    *ret_wanted = entity_wanted(((const EntityPage *)arg)->in, iam_attachments_row(row));
    return 0;
}

static int show_entity(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    add_entity(cx, iam_attachments_row(row), ((const EntityPage *)arg)->out);
    return 0;
}

int iam_list_entities_for_policy(SwCtx *cx, const IamListEntitiesForPolicyRequest *in, IamListEntitiesForPolicyResponse *out,
                                 SwError *err) {
    IamPolicyRecord *own;
    if (!iam_aws_policy_find(in->policy_arn) && get(cx, in->policy_arn, &own, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->policy_roles);
    sw_list_present(cx->arena, &out->policy_users);
    sw_list_present(cx->arena, &out->policy_groups);
    const EntityPage arg = {in, out};
    return sw_page(cx,
                   &(SwPage){.of = &iam_attachments,
                             .q = {.prefix = sw_strf(cx->arena, "%.*s|", SW_FMT(in->policy_arn))},
                             .want = is_entity,
                             .show = show_entity,
                             .arg = &arg,
                             .usual = IAM_PAGE,
                             .scattered = true},
                   out, err);
}

static const SwResource *const policy_alone[] = {&iam_policy_resource, NULL};

int iam_tag_policy(SwCtx *cx, const IamTagPolicyRequest *in, void *out, SwError *err) {
    IamPolicyRecord *r;
    if (get_own(cx, in->policy_arn, &r, err) < 0)
        return -1;
    return sw_op_tag(cx, policy_alone, SW_ONE(in->policy_arn), SW_GIVEN_TAGS(&in->tags), err);
}

int iam_list_policy_tags(SwCtx *cx, const IamListPolicyTagsRequest *in, IamListPolicyTagsResponse *out, SwError *err) {
    if (iam_check_arn(in->policy_arn, err) < 0)
        return -1;
    return sw_op_tags_page(cx, policy_alone, in->policy_arn, IAM_PAGE, out, err);
}

int iam_untag_policy(SwCtx *cx, const IamUntagPolicyRequest *in, void *out, SwError *err) {
    IamPolicyRecord *r;
    if (get_own(cx, in->policy_arn, &r, err) < 0)
        return -1;
    return sw_op_untag(cx, policy_alone, SW_ONE(in->policy_arn), &in->tag_keys, err);
}
