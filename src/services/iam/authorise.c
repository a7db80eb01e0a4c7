/* SPDX-License-Identifier: Apache-2.0 */
/* What a principal may do: gathers the policies that have a say and the context of the request, and asks policy/.
 *
 *   user      inline and attached policies, those of its groups; its permissions boundary
 *   role      inline and attached policies; its permissions boundary; the session's policies
 *   root      everything, as on AWS, but what a key's policy keeps from it
 *   bucket, repository, queue, ..   its policy, as its service declares
 *   role      (sts:AssumeRole) its trust policy */

#include "resource/resource.h"
#include "services/iam/iam.h"

typedef struct Policies {
    const SwPolicy **v;
    size_t n;
} Policies;

static int add(SwCtx *cx, Policies *l, SwStr document, SwPolicyUse use, SwError *err) {
    const SwPolicy *p;
    if (!document.p)
        return 0;
    if (sw_policy_parsed(cx->arena, document, use, &p, err) < 0)
        return -1;
    *sw_list_add(cx->arena, l) = p;
    return 0;
}

static int add_managed(SwCtx *cx, Policies *l, SwStr arn, SwError *err) {
    SwStr document;
    if (iam_policy_document(cx, arn, &document, err) < 0)
        return -1;
    return add(cx, l, document, SW_POLICY_IDENTITY, err);
}

static int add_identity(SwCtx *cx, Policies *l, const IamIdentity *i, SwError *err) {
    for (size_t k = 0; k < i->policies->inlined.n; k++)
        if (add(cx, l, i->policies->inlined.v[k].document, SW_POLICY_IDENTITY, err) < 0)
            return -1;
    for (size_t k = 0; k < i->policies->attached.n; k++)
        if (add_managed(cx, l, i->policies->attached.v[k], err) < 0)
            return -1;
    return 0;
}

/* Of what has one, and what beside it allows the same: as its service declares. */
static int declared_policy(SwCtx *cx, const char *action, SwStr resource, SwPolicySet *set, SwError *err) {
    SwStr document;
    SwFound f;
    if (sw_resource_policy(cx, resource, &document, &f, err) < 0)
        return -1;
    set->decides = f.record && f.r->policy_decides;
    if (f.record && f.r->hooks && f.r->hooks->granted && f.r->hooks->granted(cx, &f, action, &set->granted, err) < 0)
        return -1;
    if (!sw_str_is(document))
        return 0;
    return sw_policy_parsed(cx->arena, document, f.r->policy_itself ? SW_POLICY_REPOSITORY : SW_POLICY_RESOURCE, &set->resource,
                            err);
}

static int resource_policy(SwCtx *cx, const char *action, SwStr resource, SwPolicySet *set, SwError *err) {
    if (strcmp(action, "sts:AssumeRole") == 0 || strcmp(action, "sts:TagSession") == 0 ||
        strcmp(action, "sts:SetSourceIdentity") == 0) {
        IamRoleRecord *role;
        SwStr account;
        if (iam_role_by_arn(cx, resource, &role, &account, err) < 0)
            return -1;
        if (role)
            return iam_trust_policy(cx, role, &set->resource, err);
        return 0;
    }
    return declared_policy(cx, action, resource, set, err);
}

typedef struct Gathered {
    Policies identity, boundary, session;
    bool root; /* or what it federated */
} Gathered;

static int add_session(SwCtx *cx, Gathered *g, const IamSessionRecord *session, SwError *err) {
    for (size_t k = 0; k < session->policies.n; k++)
        if (add(cx, &g->session, session->policies.v[k], SW_POLICY_IDENTITY, err) < 0)
            return -1;
    return 0;
}

/* *ret_gone: the caller was deleted since; nothing allows it anything, no resource's policy either. */
static int gather(SwCtx *cx, Gathered *g, bool *ret_gone, SwError *err) {
    const IamSessionRecord *session;
    IamIdentity i;
    *ret_gone = false;
    g->root = cx->principal.kind == SW_PRINCIPAL_ROOT;
    if (cx->principal.kind != SW_PRINCIPAL_USER && cx->principal.kind != SW_PRINCIPAL_ROLE)
        return 0;
    if (iam_caller(cx, &i, err) < 0 || iam_session_of(cx, &session, err) < 0)
        return -1;
    bool federated = session && sw_str_is(session->federated), of_root = federated && !sw_str_is(session->name);
    *ret_gone = (!i.found && !of_root) || (!session && sw_str_starts(cx->principal.access_key, SW_STR("ASIA")));
    if (*ret_gone)
        return 0;
    if (federated) /* it may nothing but what its session's policies say, though there be none */
        g->session.v = sw_new_n(cx->arena, const SwPolicy *, 1);
    g->root = of_root;
    if (of_root)
        return add_session(cx, g, session, err);
    if (add_identity(cx, &g->identity, &i, err) < 0)
        return -1;
    const SwStrList *groups = cx->principal.kind == SW_PRINCIPAL_USER ? &i.user->groups : NULL;
    for (size_t k = 0; groups && k < groups->n; k++) {
        IamIdentity group;
        if (iam_identity_find(cx, IAM_GROUP, groups->v[k], &group, err) < 0)
            return -1;
        if (group.found && add_identity(cx, &g->identity, &group, err) < 0)
            return -1;
    }
    if (i.boundary && *i.boundary && add_managed(cx, &g->boundary, (*i.boundary)->permissions_boundary_arn, err) < 0)
        return -1;
    return session ? add_session(cx, g, session, err) : 0;
}

int iam_denied(SwCtx *cx, const char *action, SwStr resource, SwStr reason, SwError *err) {
    if (cx->principal.kind == SW_PRINCIPAL_ANONYMOUS)
        return sw_fail(err, &SW_ACCESS_DENIED, "Access Denied");
    SwStr who = cx->principal.kind == SW_PRINCIPAL_SERVICE ? cx->principal.name : cx->principal.arn;
    const char *quote = sw_str_starts(sw_str(action), SW_STR("s3:")) ? "\"" : ""; /* S3's own way of saying it */
    return sw_fail(err, &SW_ACCESS_DENIED, "User: %.*s is not authorized to perform: %s on resource: %s%.*s%s%s%.*s",
                   SW_FMT(who), action, quote, SW_FMT(resource), quote, reason.n ? " " : "", SW_FMT(reason));
}

int iam_decide(SwCtx *cx, const SwPolicyQuery *q, SwError *err) {
    Gathered g = {0};
    SwPolicySet set = {0};
    const char *action = sw_str_z(cx->arena, q->action);
    bool gone;
    if (gather(cx, &g, &gone, err) < 0)
        return -1;
    if (gone)
        return iam_denied(cx, action, q->resource, sw_policy_reason_text(cx->arena, SW_POLICY_NO_IDENTITY, q->action), err);
    if (resource_policy(cx, action, q->resource, &set, err) < 0)
        return -1;
    set.root = g.root;
    set.identity = g.identity.v;
    set.n_identity = g.identity.n;
    set.boundary = g.boundary.v;
    set.n_boundary = g.boundary.n;
    set.session = g.session.v;
    set.n_session = g.session.n;
    SwPolicyReason reason = sw_policy_decide(&set, q);
    if (reason == SW_POLICY_ALLOWED)
        return 0;
    return iam_denied(cx, action, q->resource, sw_policy_reason_text(cx->arena, reason, q->action), err);
}

int iam_auth_authorise(SwCtx *cx, const char *action, SwStr resource, SwError *err) {
    SwPolicyQuery q;
    /* STS API, GetSessionToken: "You cannot call any IAM API operations unless MFA ..; any STS API except AssumeRole or
     * GetCallerIdentity". */
    bool own_session = cx->principal.kind != SW_PRINCIPAL_ROLE && sw_str_starts(cx->principal.access_key, SW_STR("ASIA"));
    bool other_sts = sw_str_starts(sw_str(action), SW_STR("sts:")) && strcmp(action, "sts:AssumeRole") != 0 &&
                     strcmp(action, "sts:GetCallerIdentity") != 0 && strcmp(action, "sts:GetSessionToken") != 0 &&
                     strcmp(action, "sts:TagSession") != 0 && strcmp(action, "sts:SetSourceIdentity") != 0;
    if (own_session && (sw_str_starts(sw_str(action), SW_STR("iam:")) || other_sts))
        return sw_fail(err, &SW_INVALID_CLIENT_TOKEN_ID, "The security token included in the request is invalid");
    /* Whoever has a key may always learn who it is and have a session of its own (STS API, GetCallerIdentity and
     * GetSessionToken: no permissions are required, and no policy takes them away). */
    bool free_of_policies = strcmp(action, "sts:GetCallerIdentity") == 0 || strcmp(action, "sts:GetSessionToken") == 0;
    bool root = cx->principal.kind == SW_PRINCIPAL_ROOT && !sw_resource_policy_decides(cx, resource);
    if (root || (free_of_policies && cx->principal.kind != SW_PRINCIPAL_ANONYMOUS))
        return 0;
    return iam_query_fill(cx, action, resource, &q, err) < 0 ? -1 : iam_decide(cx, &q, err);
}
