/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary credentials: sessions of roles for whoever a trust policy lets in, and of users themselves.
 *
 * A session is a record under its access key with secret, token, expiry, session policies and tags. Expired ones are
 * removed when new ones are made, a few each time, so that they never pile up. */

#include "base/digest.h"
#include "base/id.h"
#include "services/iam/iam.h"

#define SWEEP 16

/* A role or user by its ARN, in whatever account that names. ret_i->found false: none. */
static int by_arn(SwCtx *cx, IamKind kind, SwStr arn, IamIdentity *ret_i, SwStr *ret_account, SwError *err) {
    const SwResource *r = kind == IAM_ROLE ? &iam_role_resource : &iam_user_resource;
    SwStr account = sw_tx_account(cx->tx), region = sw_tx_region(cx->tx);
    SwParts p;
    *ret_i = (IamIdentity){0};
    if (!sw_resource_read(r, r->arn[0], arn, &p))
        return 0;
    *ret_account = p.account;
    sw_tx_scope(cx->tx, p.account, region);
    int e = iam_identity_find(cx, kind, p.v[0], ret_i, err);
    sw_tx_scope(cx->tx, account, region);
    if (e == 0 && ret_i->found && !sw_str_eq(ret_i->arn, arn))
        *ret_i = (IamIdentity){0};
    return e;
}

int iam_role_by_arn(SwCtx *cx, SwStr arn, IamRoleRecord **ret_role, SwStr *ret_account, SwError *err) {
    IamIdentity i;
    if (by_arn(cx, IAM_ROLE, arn, &i, ret_account, err) < 0)
        return -1;
    *ret_role = i.found ? i.role : NULL;
    return 0;
}

/* *ret_id absent: there is neither such a user nor such a role. */
static int id_by_arn(SwCtx *cx, SwStr arn, SwStr *ret_id, SwError *err) {
    IamIdentity i;
    SwStr account;
    if (by_arn(cx, IAM_USER, arn, &i, &account, err) < 0 || (!i.found && by_arn(cx, IAM_ROLE, arn, &i, &account, err) < 0))
        return -1;
    *ret_id = i.found ? i.id : SW_NO_STR;
    return 0;
}

/* A user or role of this account; of others it is not known whether they will be there. */
static bool is_ours(const SwCtx *cx, SwStr text) {
    SwArn arn;
    return sw_arn_parse(text, &arn) && sw_str_eqz(arn.service, "iam") && sw_str_eq(arn.account, cx->account) &&
           (sw_str_starts(arn.resource, SW_STR("user/")) || sw_str_starts(arn.resource, SW_STR("role/")));
}

/* As on AWS, a principal that is named by its ARN is kept by its unique id: one that is deleted and made anew is not trusted.
 */
int iam_trust_set(SwCtx *cx, IamRoleRecord *role, SwStr document, SwError *err) {
    const SwPolicy *p;
    if (sw_policy_parse(cx->arena, document, SW_POLICY_TRUST, &p, err) < 0)
        return -1;
    SwStrList arns = sw_policy_principals(cx->arena, p);
    role->trusted = (SwStrMap){0};
    for (size_t k = 0; k < arns.n; k++) {
        SwStr id;
        if (id_by_arn(cx, arns.v[k], &id, err) < 0)
            return -1;
        if (sw_str_is(id))
            sw_str_map_set(cx->arena, &role->trusted, arns.v[k], id);
        else if (is_ours(cx, arns.v[k]))
            return sw_fail(err, &SW_MALFORMED_POLICY, "Invalid principal in policy: \"AWS\":\"%.*s\"", SW_FMT(arns.v[k]));
    }
    role->role->assume_role_policy_document = document;
    return 0;
}

int iam_trust_policy(SwCtx *cx, const IamRoleRecord *role, const SwPolicy **ret_p, SwError *err) {
    if (sw_policy_parsed(cx->arena, role->role->assume_role_policy_document, SW_POLICY_TRUST, ret_p, err) < 0)
        return -1;
    SwPolicyBound *bound = sw_new_n(cx->arena, SwPolicyBound, role->trusted.n + 1);
    for (size_t k = 0; k < role->trusted.n; k++)
        bound[k] = (SwPolicyBound){role->trusted.v[k].key, role->trusted.v[k].value};
    *ret_p = sw_policy_bind(cx->arena, *ret_p, bound, role->trusted.n);
    return 0;
}

/* Service names that stand for one another: ECS's own work is ecs, its tasks' credentials are for ecs-tasks. */
static const struct {
    const char *service, *also;
} stand_ins[] = {
    {"ecs.amazonaws.com", "ecs-tasks.amazonaws.com"},
};

static const char WEB[] = "sts:AssumeRoleWithWebIdentity";

/* Whoever has a token and no key is told no more than this. */
static int not_for_web(SwError *err) {
    return sw_fail(err, &SW_ACCESS_DENIED, "Not authorized to perform %s", WEB);
}

static bool trusts(const SwPolicy *trust, SwPolicyQuery *q) {
    if (sw_policy_evaluate(trust, q, NULL) == SW_POLICY_ALLOW)
        return true;
    for (size_t k = 0; k < SW_N(stand_ins); k++)
        if (sw_str_eqz(q->service, stand_ins[k].service)) {
            q->service = sw_str(stand_ins[k].also);
            return sw_policy_evaluate(trust, q, NULL) == SW_POLICY_ALLOW;
        }
    return false;
}

/* What is known of whom a token names, and the tags that it asks for. */
static void web_keys(SwCtx *cx, const SwSessionSpec *spec, SwPolicyQuery *q) {
    const SwWebIdentity *w = spec->web;
    SwStrList tags = {0};
    q->federated = w->provider;
    iam_query_key(q, "aws:FederatedProvider", w->provider);
    iam_query_key(q, sw_str_z(cx->arena, sw_cat(cx->arena, w->url, SW_STR(":sub"))), w->subject);
    iam_query_keys(q, sw_str_z(cx->arena, sw_cat(cx->arena, w->url, SW_STR(":aud"))), &w->audiences);
    iam_query_keys(q, sw_str_z(cx->arena, sw_cat(cx->arena, w->url, SW_STR(":amr"))), &w->methods);
    for (size_t k = 0; k < spec->tags.n; k++) {
        SwStr key = spec->tags.v[k].key;
        sw_str_list_add(cx->arena, &tags, key);
        iam_query_key(q, sw_str_z(cx->arena, sw_cat(cx->arena, SW_STR("aws:RequestTag/"), key)), spec->tags.v[k].value);
    }
    iam_query_keys(q, "aws:TagKeys", &tags);
}

static int check_trust_in(SwCtx *cx, const char *action, SwStr role_arn, const IamRoleRecord *role, const SwSessionSpec *spec,
                          SwError *err) {
    const SwPolicy *trust;
    SwPolicyQuery q;
    if (iam_trust_policy(cx, role, &trust, err) < 0 || iam_query_fill(cx, action, role_arn, &q, err) < 0)
        return -1;
    iam_query_key(&q, "sts:ExternalId", spec->external_id);
    iam_query_key(&q, "sts:RoleSessionName", spec->session);
    iam_query_key(&q, "sts:SourceIdentity", spec->source_identity);
    if (spec->web)
        web_keys(cx, spec, &q);
    if (trusts(trust, &q))
        return 0;
    if (cx->principal.kind == SW_PRINCIPAL_SERVICE)
        return sw_fail(err, &SW_ACCESS_DENIED, "The role %.*s does not trust %.*s: its trust policy does not allow %s",
                       SW_FMT(role_arn), SW_FMT(cx->principal.name), action);
    if (spec->web)
        return not_for_web(err);
    return iam_denied(cx, action, role_arn, SW_NO_STR, err);
}

/* May whoever cx stands for have a session of the role? Tags and a source identity need permissions of their own, from
 * the caller's policies and from the role's trust. */
static int check_trust(SwCtx *cx, SwStr role_arn, const IamRoleRecord *role, const SwSessionSpec *spec, SwError *err) {
    const struct {
        const char *action;
        bool asked;
    } more[] = {
        {"sts:TagSession", spec->tags.n > 0},
        {"sts:SetSourceIdentity", sw_str_is(spec->source_identity)},
    };
    if (check_trust_in(cx, spec->web ? WEB : "sts:AssumeRole", role_arn, role, spec, err) < 0)
        return -1;
    for (size_t k = 0; k < SW_N(more); k++)
        if (more[k].asked && (check_trust_in(cx, more[k].action, role_arn, role, spec, err) < 0 ||
                              (!spec->web && sw_authorise(cx, more[k].action, role_arn, err) < 0)))
            return -1;
    return 0;
}

static SwPrincipal principal_of(SwArena *a, SwStr account, const IamRole *role, SwStr session) {
    return (SwPrincipal){
        .kind = SW_PRINCIPAL_ROLE,
        .arn =
            sw_strf(a, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", SW_FMT(account), SW_FMT(role->role_name), SW_FMT(session)),
        .id = sw_strf(a, "%.*s:%.*s", SW_FMT(role->role_id), SW_FMT(session)),
        .name = role->role_name,
        .session = session,
        .verified = true,
    };
}

static int find_role(SwCtx *cx, const SwSessionSpec *spec, IamRoleRecord **ret_role, SwStr *ret_account, SwError *err) {
    SwStr arn = spec->role_arn;
    if (iam_role_by_arn(cx, arn, ret_role, ret_account, err) < 0)
        return -1;
    if (*ret_role)
        return 0;
    if (spec->web)
        return not_for_web(err);
    if (cx->principal.kind == SW_PRINCIPAL_SERVICE)
        return sw_fail(err, &SW_ACCESS_DENIED, "The role %.*s does not exist", SW_FMT(arn));
    return iam_denied(cx, "sts:AssumeRole", arn, SW_NO_STR, err);
}

/* Runs fn's reads in cx->tx, or in a snapshot of their own when none is open. */
int iam_auth_assume(SwCtx *cx, SwStr role_arn, SwStr service, SwPrincipal *ret_p, SwError *err) {
    bool own = cx->tx == NULL;
    if (own && sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    SwCtx as = *cx;
    as.principal = (SwPrincipal){.kind = SW_PRINCIPAL_SERVICE, .name = service};
    IamRoleRecord *role;
    SwStr account, name = service, rest = service;
    (void)sw_str_cut(&rest, '.', &name);
    SwSessionSpec spec = {.role_arn = role_arn, .session = sw_strf(cx->arena, "slipway-%.*s", SW_FMT(name))};
    int r = find_role(&as, &spec, &role, &account, err);
    if (r == 0)
        r = check_trust(&as, role_arn, role, &spec, err);
    if (r == 0)
        *ret_p = principal_of(cx->arena, account, role->role, spec.session);
    if (own)
        sw_ctx_rollback(cx);
    return r;
}

/* A password of the registry lives twelve hours, and its session's policies bind it although that has expired. */
#define KEPT_PAST_END (12 * SW_HOUR)

static int sweep(SwCtx *cx, SwError *err) {
    SwDocQuery q = {.index = "by_expiry", .below = sw_index_number(cx->arena, sw_now(cx) - KEPT_PAST_END), .limit = SWEEP};
    return iam_sessions_delete_all(cx->tx, &q, err);
}

static int add_policies(SwCtx *cx, const SwSessionSpec *spec, IamSessionRecord *r, SwError *err) {
    if (sw_str_is(spec->policy)) {
        if (iam_check_document(cx, spec->policy, SW_POLICY_IDENTITY, 2048, "SessionPolicySize", err) < 0)
            return -1;
        sw_str_list_add(cx->arena, &r->policies, spec->policy);
    }
    for (size_t k = 0; k < spec->policy_arns.n; k++) {
        SwStr document;
        if (iam_policy_document(cx, spec->policy_arns.v[k], &document, err) < 0)
            return -1;
        if (!document.p)
            return sw_fail(err, &SW_VALIDATION_ERROR, "Policy %.*s does not exist or is not attachable.",
                           SW_FMT(spec->policy_arns.v[k]));
        sw_str_list_add(cx->arena, &r->policies, document);
    }
    return 0;
}

static int store(SwCtx *cx, const SwSessionSpec *spec, const SwPrincipal *p, SwStr account, IamSessionRecord *r,
                 SwSession *ret_s, SwError *err) {
    SwArena *a = cx->arena;
    if (sweep(cx, err) < 0)
        return -1;
    ret_s->key = sw_cat(a, SW_STR("ASIA"), sw_id_base32(a, 16));
    r->secret = ret_s->secret = sw_id_base62(a, 40);
    uint8_t random[192];
    sw_random(random, sizeof random);
    r->token = ret_s->token = sw_base64(a, sw_str_n((const char *)random, sizeof random));
    r->account = ret_s->account = account;
    r->issued = SW_SOME_TIME(sw_now(cx));
    ret_s->expires = (r->issued.v + spec->lifetime) / SW_S * SW_S;
    r->expires = SW_SOME_TIME(ret_s->expires);
    r->arn = p->arn;
    r->principal_id = p->id;
    r->name = p->name;
    r->session = p->session;
    r->role = SW_SOME_BOOL(p->kind == SW_PRINCIPAL_ROLE);
    ret_s->principal = *p;
    ret_s->principal.access_key = ret_s->key;
    return iam_sessions_put(cx->tx, ret_s->key, r, err);
}

static int touch_role(SwCtx *cx, SwStr account, IamRoleRecord *role, SwError *err) {
    role->role->role_last_used = sw_new(cx->arena, IamRoleLastUsed);
    role->role->role_last_used->last_used_date = SW_SOME_TIME(sw_now(cx));
    role->role->role_last_used->region = cx->region;
    SwStr own = sw_tx_account(cx->tx), region = sw_tx_region(cx->tx);
    sw_tx_scope(cx->tx, account, region);
    int r = iam_role_put(cx, role->role->role_name, role, err);
    sw_tx_scope(cx->tx, own, region);
    return r;
}

/* Tags that the caller's own session passes on; they cannot be set anew. */
static int inherit(SwCtx *cx, const SwSessionSpec *spec, IamSessionRecord *r, SwError *err) {
    static const SwErrorKind conflict = {.code = "InvalidParameterValue", .http = 400};
    const IamSessionRecord *from;
    if (iam_session_of(cx, &from, err) < 0)
        return -1;
    for (size_t k = 0; from && k < from->transitive.n; k++) {
        SwStr key = from->transitive.v[k];
        for (size_t i = 0; i < spec->tags.n; i++)
            if (sw_str_ieq(spec->tags.v[i].key, key))
                return sw_fail(err, &conflict,
                               "One of the specified transitive tag keys can't be set because it conflicts with a transitive "
                               "tag key from the calling session.");
        sw_str_list_add(cx->arena, &r->transitive, key);
        sw_str_map_set(cx->arena, &r->tags, key, sw_str_map_find(&from->tags, key));
    }
    return 0;
}

/* A session made from a token is asked about by whose it is, from then on. */
static void keep_context(SwCtx *cx, const SwWebIdentity *w, IamSessionRecord *r) {
    SwArena *a = cx->arena;
    sw_str_map_set(a, &r->context, SW_STR("aws:FederatedProvider"), w->provider);
    sw_str_map_set(a, &r->context, sw_cat(a, w->url, SW_STR(":sub")), w->subject);
    sw_str_map_set(a, &r->context, sw_cat(a, w->url, SW_STR(":aud")), w->audience);
}

static int check_lifetime(SwCtx *cx, const SwSessionSpec *spec, const IamRole *role, SwError *err) {
    bool ours = cx->principal.kind == SW_PRINCIPAL_SERVICE;
    if (!ours && spec->lifetime > SW_OR(role->max_session_duration, 3600) * SW_S)
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    if (cx->principal.kind == SW_PRINCIPAL_ROLE && spec->lifetime > SW_HOUR)
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
    return 0;
}

static int role_session(SwCtx *cx, const SwSessionSpec *spec, SwSession *ret_s, SwError *err) {
    IamRoleRecord *role;
    SwStr account;
    bool strict = cx->host->config->strict || cx->principal.kind == SW_PRINCIPAL_SERVICE || spec->web;
    if (find_role(cx, spec, &role, &account, err) < 0)
        return -1;
    if (cx->host->config->strict && cx->principal.kind == SW_PRINCIPAL_ROOT)
        return sw_fail(err, &SW_ACCESS_DENIED, "Roles may not be assumed by root accounts.");
    if ((strict && check_trust(cx, spec->role_arn, role, spec, err) < 0) || check_lifetime(cx, spec, role->role, err) < 0)
        return -1;
    IamSessionRecord r = {.source_identity = spec->source_identity};
    if (inherit(cx, spec, &r, err) < 0 || add_policies(cx, spec, &r, err) < 0)
        return -1;
    if (spec->web)
        keep_context(cx, spec->web, &r);
    for (size_t k = 0; k < spec->tags.n; k++)
        sw_str_map_set(cx->arena, &r.tags, spec->tags.v[k].key, spec->tags.v[k].value);
    for (size_t k = 0; k < spec->transitive.n; k++)
        sw_str_list_add(cx->arena, &r.transitive, spec->transitive.v[k]);
    SwPrincipal p = principal_of(cx->arena, account, role->role, spec->session);
    return store(cx, spec, &p, account, &r, ret_s, err) < 0 ? -1 : touch_role(cx, account, role, err);
}

/* Who comes with a token is nobody else, whatever the request was signed with. */
static int web_session(SwCtx *cx, const SwSessionSpec *spec, SwSession *ret_s, SwError *err) {
    SwCtx as = *cx;
    as.principal = (SwPrincipal){.kind = SW_PRINCIPAL_ANONYMOUS, .arn = SW_STR("*"), .id = SW_STR("anonymous")};
    return role_session(&as, spec, ret_s, err);
}

/* Who a user or the root speaks for: what it may, is what both its own policies and those of the session allow. */
static int federated_session(SwCtx *cx, const SwSessionSpec *spec, SwSession *ret_s, SwError *err) {
    IamSessionRecord r = {.federated = spec->federated, .owner_id = cx->principal.id};
    SwPrincipal p = {.kind = SW_PRINCIPAL_USER,
                     .arn = sw_strf(cx->arena, "arn:aws:sts::%.*s:federated-user/%.*s", SW_FMT(cx->account),
                                    SW_FMT(spec->federated)),
                     .id = sw_cat(cx->arena, cx->account, SW_STR(":"), spec->federated),
                     .name = cx->principal.name,
                     .verified = true};
    if (add_policies(cx, spec, &r, err) < 0)
        return -1;
    for (size_t k = 0; k < spec->tags.n; k++)
        sw_str_map_set(cx->arena, &r.tags, spec->tags.v[k].key, spec->tags.v[k].value);
    return store(cx, spec, &p, cx->account, &r, ret_s, err);
}

int iam_auth_session(SwCtx *cx, const SwSessionSpec *spec, SwSession *ret_s, SwError *err) {
    *ret_s = (SwSession){0};
    if (spec->web)
        return web_session(cx, spec, ret_s, err);
    if (sw_str_is(spec->federated))
        return federated_session(cx, spec, ret_s, err);
    if (sw_str_is(spec->role_arn))
        return role_session(cx, spec, ret_s, err);
    IamSessionRecord r = {0};
    return store(cx, spec, &cx->principal, cx->account, &r, ret_s, err);
}

int iam_auth_credentials(SwCtx *cx, SwStr role_arn, SwStr session, SwTime lifetime, SwStr *ret_key, SwStr *ret_secret,
                         SwStr *ret_token, SwTime *ret_expires, SwError *err) {
    bool own = cx->tx == NULL;
    if (own && sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    SwSessionSpec spec = {.role_arn = role_arn, .session = session, .lifetime = lifetime};
    SwSession s;
    if (iam_auth_session(cx, &spec, &s, err) < 0) {
        if (own)
            sw_ctx_rollback(cx);
        return -1;
    }
    *ret_key = s.key;
    *ret_secret = s.secret;
    *ret_token = s.token;
    *ret_expires = s.expires;
    return own ? sw_ctx_commit(cx, err) : 0;
}
