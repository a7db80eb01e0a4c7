/* SPDX-License-Identifier: Apache-2.0 */
/* STS: who am I, and temporary credentials. What it issues is kept and checked by IAM, behind SwHost.auth. */

#include "api/host.h"
#include "api/tags.h"
#include "models/sts_resources.gen.h"

#define ROLE_LIFETIME_DEFAULT    3600
#define SESSION_LIFETIME_DEFAULT 43200
#define ROOT_LIFETIME_MAX        3600
#define POLICY_MAX               2048

static const SwErrorKind INVALID_PARAMETER_VALUE = {.code = "InvalidParameterValue", .http = 400};

static StsCredentials *credentials(SwArena *a, const SwSession *s) {
    StsCredentials *c = sw_new(a, StsCredentials);
    c->access_key_id = s->key;
    c->secret_access_key = s->secret;
    c->session_token = s->token;
    c->expiration = SW_SOME_TIME(s->expires);
    return c;
}

int sts_get_caller_identity(SwCtx *cx, const StsGetCallerIdentityRequest *in, StsGetCallerIdentityResponse *out, SwError *err) {
    out->account = cx->account;
    out->arn = cx->principal.arn;
    out->user_id = cx->principal.id;
    return 0;
}

static bool has_tag(const StsTagList *tags, SwStr key) {
    for (size_t i = 0; i < tags->n; i++)
        if (sw_str_ieq(tags->v[i].key, key))
            return true;
    return false;
}

static int check_tags(const StsTagList *tags, const SwStrList *transitive, SwError *err) {
    for (size_t i = 0; i < tags->n; i++)
        if (sw_tag_is_reserved(tags->v[i].key))
            return sw_fail(err, &SW_VALIDATION_ERROR, "Tag keys that begin with aws: are reserved for system use");
    for (size_t i = 0; i < tags->n; i++)
        if (has_tag(&(StsTagList){tags->v, i}, tags->v[i].key))
            return sw_fail(err, &SW_VALIDATION_ERROR,
                           "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    for (size_t i = 0; i < transitive->n; i++)
        if (!has_tag(tags, transitive->v[i]))
            return sw_fail(err, &INVALID_PARAMETER_VALUE,
                           "The specified transitive tag key must be included in the requested tags.");
    return 0;
}

/* How much of the room for policies and tags a session takes; 0: none is asked for. */
static int check_packed(const SwSessionSpec *spec, SwOptInt *ret_percent, SwError *err) {
    size_t packed = spec->policy.n;
    for (size_t i = 0; i < spec->tags.n; i++)
        packed += spec->tags.v[i].key.n + spec->tags.v[i].value.n;
    if (packed > POLICY_MAX)
        return sw_fail(err, &STS_PACKED_POLICY_TOO_LARGE_EXCEPTION,
                       "Packed policy consumes %zu%% of allotted space, please use smaller policy.", packed * 100 / POLICY_MAX);
    if (packed > 0)
        *ret_percent = SW_SOME_INT((int64_t)(packed * 100 / POLICY_MAX) + 1);
    return 0;
}

static void add_policy_arns(SwCtx *cx, const StsPolicyDescriptorTypeList *l, SwSessionSpec *spec) {
    for (size_t i = 0; i < l->n; i++)
        sw_str_list_add(cx->arena, &spec->policy_arns, l->v[i].arn);
}

static void add_tags(SwCtx *cx, const StsTagList *l, SwSessionSpec *spec) {
    for (size_t i = 0; i < l->n; i++)
        sw_str_map_set(cx->arena, &spec->tags, l->v[i].key, l->v[i].value);
}

static StsAssumedRoleUser *role_user(SwCtx *cx, const SwSession *s) {
    StsAssumedRoleUser *u = sw_new(cx->arena, StsAssumedRoleUser);
    u->arn = s->principal.arn;
    u->assumed_role_id = s->principal.id;
    return u;
}

int sts_assume_role(SwCtx *cx, const StsAssumeRoleRequest *in, StsAssumeRoleResponse *out, SwError *err) {
    if (check_tags(&in->tags, &in->transitive_tag_keys, err) < 0)
        return -1;
    SwSessionSpec spec = {
        .role_arn = in->role_arn,
        .session = in->role_session_name,
        .external_id = in->external_id,
        .source_identity = in->source_identity,
        .policy = in->policy,
        .transitive = in->transitive_tag_keys,
        .lifetime = SW_OR(in->duration_seconds, ROLE_LIFETIME_DEFAULT) * SW_S,
    };
    add_policy_arns(cx, &in->policy_arns, &spec);
    add_tags(cx, &in->tags, &spec);
    SwSession s;
    if (check_packed(&spec, &out->packed_policy_size, err) < 0 || cx->host->auth.session(cx, &spec, &s, err) < 0)
        return -1;
    out->credentials = credentials(cx->arena, &s);
    out->assumed_role_user = role_user(cx, &s);
    out->source_identity = in->source_identity;
    return 0;
}

/* Tags that a token asks for keep the limits of those that a caller gives. */
static int check_token_tags(SwCtx *cx, const SwWebIdentity *w, SwError *err) {
    StsTagList tags = {0};
    for (size_t i = 0; i < w->tags.n; i++)
        *sw_list_add(cx->arena, &tags) = (StsTag){.key = w->tags.v[i].key, .value = w->tags.v[i].value};
    const StsAssumeRoleRequest as = {.role_arn = SW_STR("arn:aws:iam::000000000000:role/r"),
                                     .role_session_name = SW_STR("session"),
                                     .tags = tags,
                                     .transitive_tag_keys = w->transitive,
                                     .source_identity = w->source_identity};
    if (sw_validate(&sts_shape_assume_role_request, &as, &STS_INVALID_IDENTITY_TOKEN_EXCEPTION, err) < 0)
        return -1;
    return check_tags(&tags, &w->transitive, err);
}

int sts_assume_role_with_web_identity(SwCtx *cx, const StsAssumeRoleWithWebIdentityRequest *in,
                                      StsAssumeRoleWithWebIdentityResponse *out, SwError *err) {
    SwWebIdentity w;
    SwSession s;
    if (cx->host->auth.web_identity(cx, in->role_arn, in->web_identity_token, &w, err) < 0 || check_token_tags(cx, &w, err) < 0)
        return -1;
    SwSessionSpec spec = {
        .role_arn = in->role_arn,
        .session = in->role_session_name,
        .source_identity = w.source_identity,
        .policy = in->policy,
        .tags = w.tags,
        .transitive = w.transitive,
        .web = &w,
        .lifetime = SW_OR(in->duration_seconds, ROLE_LIFETIME_DEFAULT) * SW_S,
    };
    add_policy_arns(cx, &in->policy_arns, &spec);
    if (check_packed(&spec, &out->packed_policy_size, err) < 0 || sw_ctx_begin(cx, SW_WRITE, err) < 0 ||
        cx->host->auth.session(cx, &spec, &s, err) < 0)
        return -1;
    out->credentials = credentials(cx->arena, &s);
    out->assumed_role_user = role_user(cx, &s);
    out->provider = w.provider;
    out->audience = w.audience;
    out->subject_from_web_identity_token = w.subject;
    out->source_identity = w.source_identity;
    return sw_ctx_commit(cx, err);
}

int sts_get_session_token(SwCtx *cx, const StsGetSessionTokenRequest *in, StsGetSessionTokenResponse *out, SwError *err) {
    if (cx->principal.kind == SW_PRINCIPAL_ROLE || sw_str_starts(cx->principal.access_key, SW_STR("ASIA")))
        return sw_fail(err, &SW_ACCESS_DENIED, "Cannot call GetSessionToken with session credentials");
    bool root = cx->principal.kind == SW_PRINCIPAL_ROOT;
    int64_t seconds = SW_OR(in->duration_seconds, root ? ROOT_LIFETIME_MAX : SESSION_LIFETIME_DEFAULT);
    SwSessionSpec spec = {.lifetime = (root ? SW_MIN(seconds, ROOT_LIFETIME_MAX) : seconds) * SW_S};
    SwSession s;
    if (cx->host->auth.session(cx, &spec, &s, err) < 0)
        return -1;
    out->credentials = credentials(cx->arena, &s);
    return 0;
}

int sts_get_federation_token(SwCtx *cx, const StsGetFederationTokenRequest *in, StsGetFederationTokenResponse *out,
                             SwError *err) {
    if (cx->principal.kind == SW_PRINCIPAL_ROLE || sw_str_starts(cx->principal.access_key, SW_STR("ASIA")))
        return sw_fail(err, &SW_ACCESS_DENIED, "Cannot call GetFederationToken with session credentials");
    bool root = cx->principal.kind == SW_PRINCIPAL_ROOT;
    int64_t seconds = SW_OR(in->duration_seconds, SESSION_LIFETIME_DEFAULT);
    SwSessionSpec spec = {.federated = in->name,
                          .policy = in->policy,
                          .lifetime = (root ? SW_MIN(seconds, ROOT_LIFETIME_MAX) : seconds) * SW_S};
    SwSession s;
    add_policy_arns(cx, &in->policy_arns, &spec);
    add_tags(cx, &in->tags, &spec);
    if (check_tags(&in->tags, &(SwStrList){0}, err) < 0 || check_packed(&spec, &out->packed_policy_size, err) < 0)
        return -1;
    if (in->tags.n > 0 && sw_authorise(cx, "sts:TagSession", sts_federated_user_arn(cx, in->name), err) < 0)
        return -1;
    if (cx->host->auth.session(cx, &spec, &s, err) < 0)
        return -1;
    out->credentials = credentials(cx->arena, &s);
    out->federated_user = sw_new(cx->arena, StsFederatedUser);
    out->federated_user->arn = s.principal.arn;
    out->federated_user->federated_user_id = s.principal.id;
    return 0;
}

int sts_get_access_key_info(SwCtx *cx, const StsGetAccessKeyInfoRequest *in, StsGetAccessKeyInfoResponse *out, SwError *err) {
    SwStr secret, token = SW_NO_STR;
    SwPrincipal p;
    bool found;
    if (cx->host->auth.key(cx->host, cx->arena, in->access_key_id, &secret, &token, &out->account, &p, &found, err) < 0)
        return -1;
    if (found)
        return 0;
    return sw_fail(err, &SW_VALIDATION_ERROR, "Invalid AccessKeyId: %.*s was not issued here", SW_FMT(in->access_key_id));
}

const SwService sw_service_sts = {
    .name = "sts",
    .api = &sts_api,
    .declares = &sts_declarations,
    .handlers = sts_handlers,
};
