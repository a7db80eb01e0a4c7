/* SPDX-License-Identifier: Apache-2.0 */
/* Access to routes: see access.h. Relaxed, everybody is the root of an account and may call every one. */

#include "api/access.h"

#include "base/digest.h"

static int denied(SwError *err) {
    return sw_fail(err, &SW_ACCESS_DENIED, "Access Denied");
}

/* A key and its secret by HTTP Basic, which monitoring can send where it cannot sign. Temporary keys cannot: their token has
 * no place in it. A secret is read off the wire only where nobody listens. */
static int by_password(SwCtx *cx, const SwWireMessage *m, bool *ret_known, SwError *err) {
    SwHost *h = cx->host;
    SwStr user, password, secret = SW_NO_STR, token = SW_NO_STR, account = SW_NO_STR;
    SwPrincipal p = {0};
    bool found = false, safe = cx->http->tls || sw_str_starts(cx->http->peer, SW_STR("127.")) ||
                               sw_str_starts(cx->http->peer, SW_STR("[::1]"));
    *ret_known = false;
    if (!safe || !h->auth.key || !sw_basic_credentials(cx->arena, m, &user, &password))
        return 0;
    if (h->auth.key(h, cx->arena, user, &secret, &token, &account, &p, &found, err) < 0)
        return -1;
    if (!found || sw_str_is(token) || !sw_equal_constant_time(secret, password))
        return 0;
    cx->account = account;
    cx->principal = p;
    cx->principal.access_key = user;
    cx->principal.verified = true;
    *ret_known = true;
    return 0;
}

static int signed_caller(SwCtx *cx, const SwRoute *r, const SwWireMessage *m, const SwSignature *s, SwStr secret, SwStr hash,
                         SwError *err) {
    bool known = s->kind != SW_SIG_NONE;
    if (SW_NEVER(!hash.p || !r->action))
        return denied(err);
    if (known ? sw_authenticate_verify(cx, m, s, secret, hash, err) < 0 : by_password(cx, m, &known, err) < 0)
        return -1;
    if (!known)
        return denied(err);
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int allowed = sw_authorise(cx, r->action, SW_STR("*"), err);
    sw_ctx_rollback(cx);
    return allowed;
}

int sw_access_route(SwCtx *cx, const SwRoute *r, const SwWireMessage *m, const SwSignature *s, SwStr secret, SwStr payload_hash,
                    SwError *err) {
    if (!cx->host->config->strict && r->access != SW_ACCESS_UNDECLARED)
        return 0;
    switch (r->access) {
    case SW_ACCESS_PUBLIC:
    case SW_ACCESS_OWN: return 0;
    case SW_ACCESS_CONTAINER: return sw_str_is(cx->net_id) ? 0 : denied(err);
    case SW_ACCESS_SIGNED: return signed_caller(cx, r, m, s, secret, payload_hash, err);
    case SW_ACCESS_UNDECLARED:
    case _SW_ACCESS_MAX: break;
    }
    return denied(err);
}

int sw_access_not_a_delivery(const SwWireMessage *m, SwError *err) {
    return sw_header_find(&m->headers, "x-amz-sns-message-type").p ? denied(err) : 0;
}
