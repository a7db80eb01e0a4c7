/* SPDX-License-Identifier: Apache-2.0 */
/* STS: who am I, and temporary credentials. What it issues is kept and checked by IAM, behind SwHost.auth. */

#include "api/host.h"
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
        if (has_tag(&(StsTagList){tags->v, i}, tags->v[i].key))
            return sw_fail(err, &SW_VALIDATION_ERROR,
                           "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    for (size_t i = 0; i < transitive->n; i++)
        if (!has_tag(tags, transitive->v[i]))
            return sw_fail(err, &INVALID_PARAMETER_VALUE,
                           "The specified transitive tag key must be included in the requested tags.");
    return 0;
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
    size_t packed = in->policy.n;
    for (size_t i = 0; i < in->policy_arns.n; i++)
        sw_str_list_add(cx->arena, &spec.policy_arns, in->policy_arns.v[i].arn);
    for (size_t i = 0; i < in->tags.n; i++) {
        sw_str_map_set(cx->arena, &spec.tags, in->tags.v[i].key, in->tags.v[i].value);
        packed += in->tags.v[i].key.n + in->tags.v[i].value.n;
    }
    if (packed > POLICY_MAX)
        return sw_fail(err, &STS_PACKED_POLICY_TOO_LARGE_EXCEPTION,
                       "Packed policy consumes %zu%% of allotted space, please use smaller policy.", packed * 100 / POLICY_MAX);
    SwSession s;
    if (cx->host->auth.session(cx, &spec, &s, err) < 0)
        return -1;
    out->credentials = credentials(cx->arena, &s);
    out->assumed_role_user = sw_new(cx->arena, StsAssumedRoleUser);
    out->assumed_role_user->arn = s.principal.arn;
    out->assumed_role_user->assumed_role_id = s.principal.id;
    out->source_identity = in->source_identity;
    if (packed > 0)
        out->packed_policy_size = SW_SOME_INT((int64_t)(packed * 100 / POLICY_MAX) + 1);
    return 0;
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
