/* SPDX-License-Identifier: Apache-2.0 */
/* Web identity tokens: whose they are, if a key of their provider signed them. STS API, AssumeRoleWithWebIdentity; IAM User
 * Guide, "Create an OpenID Connect identity provider".
 *
 * Keys are those of <data>/oidc/<provider>.json where the administrator gave that file, for a provider that this machine cannot
 * reach; else those that oidc_keys.c keeps. Where the token's key is not among them they are asked for anew, and until then the
 * caller hears IDPCommunicationError, which SDKs try again. */

#include "base/file.h"
#include "models/sts.gen.h"
#include "services/iam/iam.h"
#include "services/iam/jwt.h"

#define SKEW       (5 * SW_MINUTE)
#define KEYS_FRESH SW_HOUR     /* older ones are used, and asked for again */
#define ASK_AGAIN  (10 * SW_S) /* after which an unknown key is worth another question */
#define TEXT_MAX   255         /* of sub and aud, as the answer has them */

static const SwStr SCHEME = SW_STR_C("https://");
static const char NO_JWT[] = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
static const char NO_KEY[] = "Couldn't retrieve verification key from your identity provider,  please reference "
                             "AssumeRoleWithWebIdentity documentation for requirements";

typedef struct Claims {
    SwStr issuer, subject, party;
    SwStrList audiences;
    int64_t expires, issued, not_before;
} Claims;

static int invalid(SwError *err, const char *text) {
    return sw_fail(err, &STS_INVALID_IDENTITY_TOKEN_EXCEPTION, "%s", text);
}

/* Times of tokens are numbers, some with a fraction. */
static bool time_claim(const SwValue *claims, const char *name, int64_t *ret) {
    double d;
    if (!sw_value_double(sw_value_getz(claims, name), &d) || !(d >= 0 && d < 1e11))
        return false;
    *ret = (int64_t)d;
    return true;
}

static SwStrList texts(SwArena *a, const SwValue *v) {
    SwStrList l = {0};
    if (v && v->kind == SW_VSTRING)
        sw_str_list_add(a, &l, v->s);
    for (size_t i = 0; v && v->kind == SW_VARRAY && i < v->n; i++)
        if (v->v[i].kind == SW_VSTRING)
            sw_str_list_add(a, &l, v->v[i].s);
    return l;
}

static int read_claims(SwArena *a, const SwValue *v, Claims *c, SwError *err) {
    static const char *const needed[] = {"iss", "sub", "aud", "exp", "iat"};
    for (size_t i = 0; i < SW_N(needed); i++)
        if (!sw_value_getz(v, needed[i]))
            return sw_fail(err, &STS_INVALID_IDENTITY_TOKEN_EXCEPTION, "Missing a required claim: %s", needed[i]);
    c->issuer = sw_value_str(sw_value_getz(v, "iss"));
    c->subject = sw_value_str(sw_value_getz(v, "sub"));
    c->party = sw_value_str(sw_value_getz(v, "azp"));
    c->audiences = texts(a, sw_value_getz(v, "aud"));
    bool good = sw_str_is(c->issuer) && sw_str_is(c->subject) && c->subject.n <= TEXT_MAX && c->audiences.n > 0 &&
                time_claim(v, "exp", &c->expires) && time_claim(v, "iat", &c->issued) &&
                (!sw_value_getz(v, "nbf") || time_claim(v, "nbf", &c->not_before));
    return good ? 0 : invalid(err, NO_JWT);
}

/* <data>/oidc/HOST/PATH.json; absent: there is none. */
static int read_file(SwCtx *cx, SwStr url, SwStr *ret_text, SwError *err) {
    SwStr rest = url, part;
    const char *path = sw_path(cx->arena, cx->host->config->data, "oidc");
    *ret_text = SW_NO_STR;
    while (sw_str_next(&rest, '/', &part)) {
        if (!sw_path_is_component(part))
            return 0;
        path = sw_path(cx->arena, path, sw_str_z(cx->arena, part));
    }
    path = sw_str_z(cx->arena, sw_cat(cx->arena, sw_str(path), SW_STR(".json")));
    return sw_exists(path) ? sw_file_read(cx->arena, path, IAM_JWKS_MAX, ret_text, err) : 0;
}

/* In a snapshot; the record is good without it. */
static int find_provider(SwCtx *cx, SwStr account, SwStr url, IamOidcRecord **ret_r, SwError *err) {
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    sw_tx_scope(cx->tx, account, cx->region);
    int r = iam_oidc_providers_find(cx->tx, url, ret_r, err);
    sw_ctx_rollback(cx);
    return r;
}

static int ask(SwCtx *cx, SwStr account, const IamOidcRecord *r, SwError *err) {
    SwCtx as = *cx;
    as.account = account;
    return iam_oidc_ask(&as, r->url, err);
}

/* Asked for in the last ten seconds, with whatever end: the token is refused. Else they are asked for now. */
static int no_key(SwCtx *cx, SwStr account, const IamOidcRecord *r, SwError *err) {
    bool tried = r->fetched.set && sw_now(cx) < r->fetched.v + ASK_AGAIN;
    if (tried)
        return invalid(err, NO_KEY);
    if (ask(cx, account, r, err) < 0)
        return -1;
    return sw_fail(err, &STS_IDP_COMMUNICATION_ERROR_EXCEPTION,
                   "The keys of the identity provider https://%.*s are being fetched. Please try again.", SW_FMT(r->url));
}

static int verify(SwCtx *cx, SwStr account, const IamOidcRecord *r, const IamJwt *t, SwError *err) {
    IamJwks keys = {0};
    SwStr given;
    if (read_file(cx, r->url, &given, err) < 0)
        return -1;
    if (given.p && !iam_jwks_read(cx->arena, given, &keys))
        return invalid(err, NO_KEY);
    if (!given.p && sw_str_is(r->keys))
        (void)iam_jwks_read(cx->arena, r->keys, &keys);
    if (!iam_jwks_has(&keys, t))
        return given.p ? invalid(err, NO_KEY) : no_key(cx, account, r, err);
    if (!iam_jwt_verify(cx->arena, &keys, t))
        return invalid(err, "Provided Token's signature could not be verified with the keys of its identity provider");
    bool old = !given.p && sw_now(cx) > SW_OR(r->fetched, 0) + KEYS_FRESH;
    return old ? ask(cx, account, r, err) : 0;
}

static int check_times(SwCtx *cx, const Claims *c, SwError *err) {
    int64_t now = sw_now(cx) / SW_S, skew = SKEW / SW_S;
    if (now >= c->expires + skew)
        return sw_fail(err, &STS_EXPIRED_TOKEN_EXCEPTION,
                       "Token expired: current date/time %lld must be before the expiration date/time %lld", (long long)now,
                       (long long)c->expires);
    if (c->not_before > now + skew || c->issued > now + skew)
        return sw_fail(err, &STS_IDP_REJECTED_CLAIM_EXCEPTION,
                       "Token is not valid yet: current date/time %lld must be after %lld", (long long)now,
                       (long long)SW_MAX(c->not_before, c->issued));
    return 0;
}

/* For whom the token was made: azp where it has one, else aud. It is to be a client of the provider. */
static int check_audience(const IamOidcRecord *r, Claims *c, SwStr *ret_audience, SwError *err) {
    SwStrList among = sw_str_is(c->party) ? SW_ONE(c->party) : c->audiences;
    for (size_t i = 0; i < among.n; i++)
        if (sw_str_list_has(&r->client_ids, among.v[i])) {
            *ret_audience = among.v[i];
            return 0;
        }
    return invalid(err, "Incorrect token audience");
}

static void add_tag(SwCtx *cx, SwWebIdentity *w, SwStr key, const SwValue *v) {
    SwStrList l = texts(cx->arena, v);
    if (l.n > 0)
        sw_str_map_set(cx->arena, &w->tags, key, l.v[0]);
}

/* IAM User Guide, "Passing session tags using AssumeRoleWithWebIdentity": in one claim, or in one each. */
static void read_tags(SwCtx *cx, const SwValue *claims, SwWebIdentity *w) {
    const SwStr flat = SW_STR("https://aws.amazon.com/tags/principal_tags/");
    const SwValue *all = sw_value_getz(claims, "https://aws.amazon.com/tags"), *tags = sw_value_getz(all, "principal_tags");
    for (size_t i = 0; tags && tags->kind == SW_VOBJECT && i < tags->n; i++)
        add_tag(cx, w, tags->keys[i], &tags->v[i]);
    for (size_t i = 0; i < claims->n; i++)
        if (sw_str_starts(claims->keys[i], flat))
            add_tag(cx, w, sw_str_skip(claims->keys[i], flat.n), &claims->v[i]);
    const SwValue *transitive = sw_value_getz(all, "transitive_tag_keys");
    if (!transitive)
        transitive = sw_value_getz(claims, "https://aws.amazon.com/tags/transitive_tag_keys");
    w->transitive = texts(cx->arena, transitive);
    w->source_identity = sw_value_str(sw_value_getz(claims, "https://aws.amazon.com/source_identity"));
}

int iam_auth_web_identity(SwCtx *cx, SwStr role_arn, SwStr token, SwWebIdentity *ret_w, SwError *err) {
    IamJwt t;
    Claims c = {0};
    IamOidcRecord *r;
    SwArn role;
    *ret_w = (SwWebIdentity){0};
    if (!sw_arn_parse(role_arn, &role))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Request ARN is invalid");
    if (!iam_jwt_read(cx->arena, token, &t))
        return invalid(err, NO_JWT);
    if (read_claims(cx->arena, &t.claims, &c, err) < 0)
        return -1;
    SwStr url = sw_str_starts(c.issuer, SCHEME) ? sw_str_skip(c.issuer, SCHEME.n) : c.issuer;
    if (find_provider(cx, role.account, url, &r, err) < 0)
        return -1;
    if (!r)
        return sw_fail(err, &STS_INVALID_IDENTITY_TOKEN_EXCEPTION, "No OpenIDConnect provider found in your account for %.*s",
                       SW_FMT(c.issuer));
    if (verify(cx, role.account, r, &t, err) < 0 || check_times(cx, &c, err) < 0 ||
        check_audience(r, &c, &ret_w->audience, err) < 0)
        return -1;
    SwCtx there = *cx;
    there.account = role.account;
    ret_w->provider = iam_open_id_connect_provider_arn(&there, r->url);
    ret_w->url = r->url;
    ret_w->subject = c.subject;
    ret_w->audiences = c.audiences;
    if (sw_str_is(c.party)) {
        ret_w->audiences = (SwStrList){0};
        sw_str_list_add(cx->arena, &ret_w->audiences, c.party);
    }
    ret_w->methods = texts(cx->arena, sw_value_getz(&t.claims, "amr"));
    read_tags(cx, &t.claims, ret_w);
    return 0;
}
