/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of the registry. A password is random; the store keeps its SHA-256 with whom it stands
 * for and until when, so that it survives a restart and cannot be read back. */

#include "base/digest.h"
#include "base/id.h"
#include "services/ecr/ecr.h"

#define SWEEP_MAX  100          /* expired ones removed when a new one is made */
#define REMEMBERED (7 * SW_DAY) /* past its end, so that it is told from a password that never was */

static int sweep(SwCtx *cx, SwError *err) {
    SwDocQuery q = {.index = "by_end",
                    .from = SW_STR("0"),
                    .below = sw_index_number(cx->arena, sw_now(cx) - REMEMBERED),
                    .limit = SWEEP_MAX};
    return ecr_tokens_delete_all(cx->tx, &q, err);
}

int ecr_token_make(SwCtx *cx, SwStr layer, SwTime life, SwStr *ret_password, SwTime *ret_expires, SwError *err) {
    EcrTokenRecord t = {
        .account = cx->account,
        .region = cx->region,
        .layer = layer,
        .expires_at = SW_SOME_TIME(sw_now(cx) + life),
        .principal_kind = SW_SOME_INT(cx->principal.kind),
        .principal_arn = cx->principal.arn,
        .principal_id = cx->principal.id,
        .principal_name = cx->principal.name,
        .principal_session = cx->principal.session,
        .principal_access_key = cx->principal.access_key, /* leads to a session's own policies */
    };
    if (sweep(cx, err) < 0)
        return -1;
    *ret_password = sw_id_base62(cx->arena, 64);
    *ret_expires = t.expires_at.v;
    return ecr_tokens_put(cx->tx, sw_sha256_hex(cx->arena, *ret_password), &t, err);
}

int ecr_token_find(SwCtx *cx, SwStr password, EcrTokenRecord **ret, bool *ret_expired, SwError *err) {
    EcrTokenRecord *r = NULL;
    if (ecr_tokens_find(cx->tx, sw_sha256_hex(cx->arena, password), &r, err) < 0)
        return -1;
    *ret = r;
    *ret_expired = *ret && (*ret)->expires_at.v <= sw_now(cx);
    return 0;
}

void ecr_token_apply(SwCtx *cx, const EcrTokenRecord *t) {
    cx->account = t->account;
    cx->region = t->region;
    cx->principal = (SwPrincipal){
        .kind = (SwPrincipalKind)t->principal_kind.v,
        .arn = t->principal_arn,
        .id = t->principal_id,
        .name = t->principal_name,
        .session = t->principal_session,
        .access_key = t->principal_access_key,
        .verified = true,
    };
}

int ecr_get_authorization_token(SwCtx *cx, const EcrGetAuthorizationTokenRequest *in, EcrGetAuthorizationTokenResponse *out,
                                SwError *err) {
    SwStr password;
    SwTime expires;
    for (size_t i = 0; i < in->registry_ids.n; i++)
        if (!sw_str_eq(in->registry_ids.v[i], cx->account))
            return sw_refuse_field(err, &ECR_INVALID_PARAMETER_EXCEPTION, "registryIds",
                                   "only the caller's own registry can be named");
    if (ecr_token_make(cx, SW_NO_STR, ECR_TOKEN_LIFE, &password, &expires, err) < 0)
        return -1;
    EcrAuthorizationData *d = sw_list_add(cx->arena, &out->authorization_data);
    d->authorization_token = sw_base64(cx->arena, sw_strf(cx->arena, "AWS:%.*s", SW_FMT(password)));
    d->expires_at = SW_SOME_TIME(expires);
    d->proxy_endpoint = sw_strf(cx->arena, "http://%.*s", SW_FMT(cx->host->registry));
    return 0;
}
