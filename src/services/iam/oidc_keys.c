/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of OpenID Connect providers, by which tokens are verified.
 *
 *   asked --discovery document and key set answered--> kept with the provider
 *     |
 *     \--not reached, or not understood--> those from before stay, until they are asked for again; the log says why
 *
 * They are asked for when a provider is made, when a token names a key that is not among them, and when they are a while old.
 * This is a step of its own, as a request never waits for another's server. What a provider answers is bounded in size and
 * time, and it may not send Slipway to itself or to link-local addresses (http/guard.h): a provider on this machine is as good
 * as another. */

#include "base/log.h"
#include "http/client.h"
#include "services/iam/iam.h"
#include "services/iam/jwt.h"

#define TIMEOUT_MS 5000

static const SwStr SCHEME = SW_STR_C("https://");

int iam_oidc_ask(SwCtx *cx, SwStr id, SwError *err) {
    SwCtx as = *cx;
    as.region = cx->host->config->region; /* one item a provider, from whichever region it is asked */
    return sw_wake(&as, &iam_oidc_controller, id, 0, err);
}

/* *ret_text absent: `err` says why. */
static int fetch(SwCtx *cx, SwStr url, SwStr *ret_text, SwError *err) {
    SwWireMessage reply = {0};
    SwStr authority;
    if (!sw_str_starts(url, SCHEME))
        return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "%.*s is not an address of https", SW_FMT(url));
    if (sw_host_authority(cx->host, cx->arena, &authority, err) < 0)
        return -1;
    SwHttpCall call = {.method = SW_STR("GET"),
                       .url = url,
                       .connect_timeout_ms = TIMEOUT_MS,
                       .timeout_ms = TIMEOUT_MS,
                       .max = IAM_JWKS_MAX,
                       .ca_pem = sw_str_z(cx->arena, authority),
                       .guarded_port = cx->host->port};
    sw_header_add(cx->arena, &call.headers, SW_STR("accept"), SW_STR("application/json"));
    if (sw_http_fetch(cx->arena, &call, &reply, NULL, err) < 0)
        return -1;
    if (reply.status != 200)
        return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "%.*s answers %d", SW_FMT(url), (int)reply.status);
    *ret_text = reply.body;
    return 0;
}

/* OpenID Connect Discovery 1.0, 4.3: the document is to say that it is the provider's own. */
static int check_issuer(SwStr issuer, SwStr provider, SwError *err) {
    if (sw_str_starts(issuer, SCHEME) && sw_str_eq(sw_str_skip(issuer, SCHEME.n), provider))
        return 0;
    return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "https://%.*s says that it is the issuer %.*s", SW_FMT(provider),
                   SW_FMT(issuer));
}

static int fetch_keys(SwCtx *cx, SwStr provider, SwStr *ret_keys, SwError *err) {
    SwStr text;
    SwValue about;
    IamJwks keys;
    SwStr url = sw_cat(cx->arena, SCHEME, sw_str_ends(provider, SW_STR("/")) ? sw_str_drop(provider, 1) : provider,
                       SW_STR("/.well-known/openid-configuration"));
    if (fetch(cx, url, &text, err) < 0 || sw_json_parse(cx->arena, text, &about, err) < 0 ||
        check_issuer(sw_value_str(sw_value_getz(&about, "issuer")), provider, err) < 0 ||
        fetch(cx, sw_value_str(sw_value_getz(&about, "jwks_uri")), &text, err) < 0)
        return -1;
    if (!iam_jwks_read(cx->arena, text, &keys) || keys.n == 0)
        return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "The provider's jwks_uri answers no keys");
    *ret_keys = text;
    return 0;
}

/* When they were asked for last, and what came of it; keys absent: those from before stay. The provider may be gone since. */
static int keep(SwCtx *cx, SwStr id, SwStr keys, SwError *err) {
    IamOidcRecord *r;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || iam_oidc_providers_find(cx->tx, id, &r, err) < 0)
        return -1;
    if (!r) {
        sw_ctx_rollback(cx);
        return 0;
    }
    r->fetched = SW_SOME_TIME(sw_now(cx));
    r->keys = sw_str_or(keys, r->keys);
    if (iam_oidc_providers_put(cx->tx, id, r, err) < 0)
        return -1;
    return sw_ctx_commit(cx, err);
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    IamOidcRecord *r;
    SwStr keys = SW_NO_STR;
    SwError why = sw_error(cx->arena);
    if (sw_ctx_begin(cx, SW_READ, err) < 0 || iam_oidc_providers_find(cx->tx, id, &r, err) < 0)
        return -1;
    sw_ctx_rollback(cx);
    if (!r)
        return 0;
    if (fetch_keys(cx, id, &keys, &why) < 0)
        sw_log(SW_WARN, "the keys of an identity provider cannot be had", SW_F("provider", id), SW_F("cause", why.message));
    return keep(cx, id, keys, err);
}

static int failed(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    return keep(cx, id, SW_NO_STR, err);
}

const SwController iam_oidc_controller = {
    .name = "iam/oidc", .step = step, .kind = SW_STEP_SLOW, .parallel = 4, .failed = failed};
