/* SPDX-License-Identifier: Apache-2.0 */
/* What a principal may do: gathers the policies that have a say and the context of the request, and asks policy/.
 *
 *   user      inline and attached policies, those of its groups; its permissions boundary
 *   role      inline and attached policies; its permissions boundary; the session's policies
 *   root      everything, as on AWS
 *   bucket    its policy, asked of S3; repository: its policy, asked of ECR; others: SwService.policy
 *   role      (sts:AssumeRole) its trust policy */

#include "models/ecr.gen.h"
#include "models/s3.gen.h"
#include "services/iam/iam.h"

#include "base/digest.h"

#define KEYS_MAX 96

typedef struct Policies {
    const SwPolicy **v;
    size_t           n;
} Policies;

static int add(SwCtx *cx, Policies *l, SwStr document, SwPolicyUse use, SwError *err) {
    const SwPolicy *p;
    if (!document.p)
        return 0;
    if (sw_policy_parse(cx->arena, document, use, &p, err) < 0)
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

static int session_of(SwCtx *cx, const IamSessionRecord **ret_s, SwError *err) {
    void *record = NULL;
    if (sw_str_starts(cx->principal.access_key, SW_STR("ASIA")) &&
        sw_doc_get(cx->tx, &iam_sessions, cx->principal.access_key, &record, err) < 0)
        return -1;
    *ret_s = record;
    return 0;
}

/* A service's own call, so that reading a resource's policy needs no permission. */
static SwCtx as_iam(const SwCtx *cx) {
    SwCtx as = *cx;
    as.principal = (SwPrincipal){.kind = SW_PRINCIPAL_SERVICE, .name = SW_STR("iam.amazonaws.com")};
    return as;
}

/* "bucket" or "bucket/key" to its policy. */
static int bucket_policy(SwCtx *cx, SwStr resource, const SwPolicy **ret_p, SwError *err) {
    SwStr rest = sw_str_skip(resource, sizeof("arn:aws:s3:::") - 1), bucket = rest;
    (void)sw_str_cut(&rest, '/', &bucket);
    SwCtx as = as_iam(cx);
    S3GetBucketPolicyOutput *out;
    SwError none = sw_error(cx->arena);
    S3GetBucketPolicyRequest in = {.bucket = bucket};
    if (s3_call_get_bucket_policy(&as, &in, &out, &none) < 0)
        return sw_error_is(&none, &SW_INTERNAL_FAILURE) ? (*err = none, -1) : 0;
    return out->policy.p ? sw_policy_parse(cx->arena, out->policy, SW_POLICY_RESOURCE, ret_p, err) : 0;
}

static int repository_policy(SwCtx *cx, SwStr name, const SwPolicy **ret_p, SwError *err) {
    SwCtx as = as_iam(cx);
    EcrGetRepositoryPolicyResponse *out;
    SwError none = sw_error(cx->arena);
    EcrGetRepositoryPolicyRequest in = {.repository_name = name};
    if (ecr_call_get_repository_policy(&as, &in, &out, &none) < 0)
        return sw_error_is(&none, &SW_INTERNAL_FAILURE) ? (*err = none, -1) : 0;
    return sw_policy_parse(cx->arena, out->policy_text, SW_POLICY_REPOSITORY, ret_p, err);
}

/* Of whatever else has a policy: the service that the ARN names knows. */
static int plugged_policy(SwCtx *cx, SwStr resource, const SwPolicy **ret_p, SwError *err) {
    SwArn arn;
    SwStr document = SW_NO_STR;
    const SwService *s = sw_arn_parse(resource, &arn) ? sw_host_service(cx->host, arn.service) : NULL;
    if (!s || !s->policy)
        return 0;
    if (s->policy(cx, resource, &document, err) < 0)
        return -1;
    return sw_str_is(document) ? sw_policy_parse(cx->arena, document, SW_POLICY_RESOURCE, ret_p, err) : 0;
}

static int resource_policy(SwCtx *cx, const char *action, SwStr resource, const SwPolicy **ret_p, SwError *err) {
    if (sw_str_starts(resource, SW_STR("arn:aws:s3:::")) && sw_str_starts(sw_str(action), SW_STR("s3:")) &&
        strcmp(action, "s3:CreateBucket") != 0)
        return bucket_policy(cx, resource, ret_p, err);
    SwArn arn;
    if (sw_str_starts(sw_str(action), SW_STR("ecr:")) && sw_arn_parse(resource, &arn) &&
        sw_str_starts(arn.resource, SW_STR("repository/")))
        return repository_policy(cx, sw_str_skip(arn.resource, sizeof("repository/") - 1), ret_p, err);
    if (strcmp(action, "sts:AssumeRole") == 0) {
        IamRoleRecord *role;
        SwStr account;
        if (iam_role_by_arn(cx, resource, &role, &account, err) < 0)
            return -1;
        if (role)
            return sw_policy_parse(cx->arena, role->role->assume_role_policy_document, SW_POLICY_TRUST, ret_p, err);
        return 0;
    }
    return plugged_policy(cx, resource, ret_p, err);
}

typedef struct Gathered { Policies identity, boundary, session; } Gathered;

static int gather(SwCtx *cx, Gathered *g, SwError *err) {
    const IamSessionRecord *session;
    IamIdentity i;
    if (cx->principal.kind != SW_PRINCIPAL_USER && cx->principal.kind != SW_PRINCIPAL_ROLE)
        return 0;
    if (iam_identity_find(cx, cx->principal.kind == SW_PRINCIPAL_USER ? IAM_USER : IAM_ROLE, cx->principal.name, &i, err) < 0 ||
        session_of(cx, &session, err) < 0)
        return -1;
    bool gone = !session && sw_str_starts(cx->principal.access_key, SW_STR("ASIA"));
    if (!i.record || gone)              /* deleted since: nothing allows anything */
        return 0;
    if (add_identity(cx, &g->identity, &i, err) < 0)
        return -1;
    const SwStrList *groups = cx->principal.kind == SW_PRINCIPAL_USER ? &((IamUserRecord *)i.record)->groups : NULL;
    for (size_t k = 0; groups && k < groups->n; k++) {
        IamIdentity group;
        if (iam_identity_find(cx, IAM_GROUP, groups->v[k], &group, err) < 0)
            return -1;
        if (group.record && add_identity(cx, &g->identity, &group, err) < 0)
            return -1;
    }
    if (i.boundary && *i.boundary && add_managed(cx, &g->boundary, (*i.boundary)->permissions_boundary_arn, err) < 0)
        return -1;
    for (size_t k = 0; session && k < session->policies.n; k++)
        if (add(cx, &g->session, session->policies.v[k], SW_POLICY_IDENTITY, err) < 0)
            return -1;
    return 0;
}

/* Context keys. */

void iam_query_key(SwPolicyQuery *q, const char *name, SwStr value) {
    if (!value.p || q->n_key >= KEYS_MAX)
        return;
    SwStr *v = sw_new(q->arena, SwStr);
    *v = value;
    SwPolicyKey *keys = (SwPolicyKey *)(uintptr_t)q->key;
    keys[q->n_key++] = (SwPolicyKey){.name = sw_str(name), .v = v, .n = 1};
}

static void add_tags(SwPolicyQuery *q, const char *prefix, SwStr key, SwStr value) {
    iam_query_key(q, sw_str_z(q->arena, sw_strf(q->arena, "%s/%.*s", prefix, SW_FMT(key))), value);
}

static int principal_keys(SwCtx *cx, SwPolicyQuery *q, SwError *err) {
    const SwPrincipal *p = &cx->principal;
    static const char *const types[] = {
        [SW_PRINCIPAL_ANONYMOUS] = "Anonymous", [SW_PRINCIPAL_ROOT] = "Account", [SW_PRINCIPAL_USER] = "User",
        [SW_PRINCIPAL_ROLE] = "AssumedRole", [SW_PRINCIPAL_SERVICE] = NULL,
    };
    iam_query_key(q, "aws:PrincipalType", sw_str(types[p->kind]));
    if (p->kind == SW_PRINCIPAL_ANONYMOUS)
        return 0;
    if (p->kind == SW_PRINCIPAL_SERVICE) {
        iam_query_key(q, "aws:PrincipalServiceName", p->name);
        iam_query_key(q, "aws:PrincipalIsAWSService", SW_STR("true"));
        iam_query_key(q, "aws:SourceArn", cx->source);
        iam_query_key(q, "aws:SourceAccount", cx->account);
        /* The default policy of topics lets alarms in by this old key, and no other service. */
        if (sw_str_eqz(p->name, "cloudwatch.amazonaws.com"))
            iam_query_key(q, "aws:SourceOwner", cx->account);
        return 0;
    }
    iam_query_key(q, "aws:userid", p->id);
    iam_query_key(q, "aws:PrincipalAccount", cx->account);
    if (p->kind == SW_PRINCIPAL_USER)
        iam_query_key(q, "aws:username", p->name);
    iam_query_key(q, "aws:PrincipalArn", sw_str_or(q->role, p->arn));
    const IamSessionRecord *session;
    IamIdentity i = {0};
    if (session_of(cx, &session, err) < 0)
        return -1;
    if (session) {
        iam_query_key(q, "aws:TokenIssueTime", sw_time_iso8601(cx->arena, session->issued.v));
        iam_query_key(q, "aws:SourceIdentity", session->source_identity);
        for (size_t k = 0; k < session->tags.n; k++)
            add_tags(q, "aws:PrincipalTag", session->tags.v[k].key, session->tags.v[k].value);
    }
    if (p->kind != SW_PRINCIPAL_ROOT &&
        iam_identity_find(cx, p->kind == SW_PRINCIPAL_USER ? IAM_USER : IAM_ROLE, p->name, &i, err) < 0)
        return -1;
    /* A session's own tags came first and are found first. */
    for (size_t k = 0; i.record && i.tags && k < i.tags->n; k++)
        add_tags(q, "aws:PrincipalTag", i.tags->v[k].key, i.tags->v[k].value);
    return 0;
}

static void request_keys(SwCtx *cx, const char *action, SwPolicyQuery *q) {
    SwTime now = sw_now(cx);
    iam_query_key(q, "aws:CurrentTime", sw_time_iso8601(cx->arena, now));
    iam_query_key(q, "aws:EpochTime", sw_strf(cx->arena, "%lld", (long long)(now / SW_S)));
    iam_query_key(q, "aws:RequestedRegion", cx->region);
    if (!cx->http)
        return;
    SwStr peer = cx->http->peer;
    size_t colon;
    if (sw_str_rfind(peer, ':', &colon))
        peer.n = colon;
    iam_query_key(q, "aws:SourceIp", peer);
    iam_query_key(q, "aws:SecureTransport", cx->http->tls ? SW_STR("true") : SW_STR("false"));
    iam_query_key(q, "aws:UserAgent", sw_header_get(&cx->http->m.headers, "user-agent"));
    iam_query_key(q, "aws:Referer", sw_header_get(&cx->http->m.headers, "referer"));
    if (!sw_str_starts(sw_str(action), SW_STR("s3:")))
        return;
    static const char *const words[] = {"prefix", "delimiter", "max-keys", "versionId"};
    SwStr rest = cx->http->m.query, part;
    while (sw_str_next(&rest, '&', &part)) {
        SwStr value = part, name, raw;
        if (!sw_str_cut(&value, '=', &name))
            continue;
        for (size_t k = 0; k < SW_N(words); k++)
            if (sw_str_eqz(name, words[k]) && sw_percent_decode(cx->arena, value, true, &raw))
                iam_query_key(q, k == 3 ? "s3:VersionId" : sw_str_z(cx->arena, sw_strf(cx->arena, "s3:%s", words[k])), raw);
    }
    iam_query_key(q, "s3:x-amz-acl", sw_header_get(&cx->http->m.headers, "x-amz-acl"));
    iam_query_key(q, "s3:x-amz-server-side-encryption", sw_header_get(&cx->http->m.headers, "x-amz-server-side-encryption"));
}

/* ARN of the role that a session is of; absent for others. Its path is in the role's record. */
static int role_arn(SwCtx *cx, SwStr *ret_arn, SwError *err) {
    IamIdentity i;
    *ret_arn = SW_NO_STR;
    if (cx->principal.kind != SW_PRINCIPAL_ROLE)
        return 0;
    if (iam_identity_find(cx, IAM_ROLE, cx->principal.name, &i, err) < 0)
        return -1;
    if (i.record)
        *ret_arn = i.arn;
    return 0;
}

int iam_query_fill(SwCtx *cx, const char *action, SwStr resource, SwPolicyQuery *ret_q, SwError *err) {
    *ret_q = (SwPolicyQuery){.action = sw_str(action), .resource = resource, .arena = cx->arena};
    ret_q->key = sw_new_n(cx->arena, SwPolicyKey, KEYS_MAX);
    if (cx->principal.kind == SW_PRINCIPAL_SERVICE) {
        ret_q->service = cx->principal.name;
    } else if (cx->principal.kind != SW_PRINCIPAL_ANONYMOUS) {
        ret_q->principal = cx->principal.arn;
        ret_q->account = cx->account;
        if (role_arn(cx, &ret_q->role, err) < 0)
            return -1;
    }
    if (principal_keys(cx, ret_q, err) < 0)
        return -1;
    request_keys(cx, action, ret_q);
    return 0;
}

int iam_denied(SwCtx *cx, const char *action, SwStr resource, SwStr reason, SwError *err) {
    if (cx->principal.kind == SW_PRINCIPAL_ANONYMOUS)
        return sw_fail(err, &SW_ACCESS_DENIED, "Access Denied");
    SwStr who = cx->principal.kind == SW_PRINCIPAL_SERVICE ? cx->principal.name : cx->principal.arn;
    return sw_fail(err, &SW_ACCESS_DENIED, "User: %.*s is not authorized to perform: %s on resource: %.*s%s%.*s",
                   SW_FMT(who), action, SW_FMT(resource), reason.n ? " " : "", SW_FMT(reason));
}

int iam_auth_authorise(SwCtx *cx, const char *action, SwStr resource, SwError *err) {
    /* The caller may always learn who it is (STS API, GetCallerIdentity). */
    if (cx->principal.kind == SW_PRINCIPAL_ROOT || strcmp(action, "sts:GetCallerIdentity") == 0)
        return 0;
    SwPolicyQuery q;
    Gathered g = {0};
    SwPolicySet set = {0};
    if (iam_query_fill(cx, action, resource, &q, err) < 0 || gather(cx, &g, err) < 0 ||
        resource_policy(cx, action, resource, &set.resource, err) < 0)
        return -1;
    set.identity = g.identity.v;
    set.n_identity = g.identity.n;
    set.boundary = g.boundary.v;
    set.n_boundary = g.boundary.n;
    set.session = g.session.v;
    set.n_session = g.session.n;
    SwPolicyReason reason = sw_policy_decide(&set, &q);
    if (reason == SW_POLICY_ALLOWED)
        return 0;
    return iam_denied(cx, action, resource, sw_policy_reason_text(cx->arena, reason, q.action), err);
}
