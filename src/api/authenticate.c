/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication: see authenticate.h. Clients sign with the wall clock of their machine, so its distance is taken from
 * the system's time, not from the clock that a test may have advanced. */

#include "api/authenticate.h"

#include <time.h>

#include "api/registry.h"
#include "base/digest.h"

#define SKEW_MAX (15 * SW_MINUTE)

static const char MISMATCH[] = "The request signature we calculated does not match the signature you provided. Check your AWS "
                               "Secret Access Key and signing method. Consult the service documentation for details.";

static bool is_account_id(SwStr s) {
    if (s.n != 12)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

static void act_as_root(SwCtx *cx, SwStr account, SwStr access_key) {
    cx->account = account;
    cx->principal = (SwPrincipal){
        .kind = SW_PRINCIPAL_ROOT,
        .arn = sw_strf(cx->arena, "arn:aws:iam::%.*s:root", SW_FMT(account)),
        .id = account,
        .access_key = access_key,
    };
}

static const SwErrorKind *unknown_key(const SwSignature *s, const SwHost *h) {
    const SwService *service = sw_registry_by_sign_name(h, s->service, SW_NO_STR);
    bool json = service && service->api && (service->api->protocol & (SW_JSON_1_0 | SW_JSON_1_1 | SW_REST_JSON));
    return json ? &SW_UNRECOGNIZED_CLIENT : &SW_INVALID_CLIENT_TOKEN_ID;
}

int sw_authenticate_begin(SwCtx *cx, const SwWireMessage *m, SwSignature *ret_s, SwStr *ret_secret, SwError *err) {
    const SwHost *h = cx->host;
    SwSignature s;
    if (sw_sigv4_parse(cx->arena, m, &s, err) < 0)
        return -1;
    *ret_s = s;
    if (sw_str_is(s.region))
        cx->region = s.region;
    if (s.kind == SW_SIG_NONE) {
        act_as_root(cx, h->config->account, SW_NO_STR);
        if (h->config->strict)
            cx->principal = (SwPrincipal){.kind = SW_PRINCIPAL_ANONYMOUS, .arn = SW_STR("*"), .id = SW_STR("anonymous")};
        return 0;
    }
    bool found = false;
    SwStr token = SW_NO_STR, account = SW_NO_STR;
    if (h->auth.key && h->auth.key(cx->host, cx->arena, s.access_key, ret_secret, &token, &account, &cx->principal, &found, err) < 0)
        return -1;
    if (found) {
        cx->account = account;
        cx->principal.access_key = s.access_key;
        if (h->config->strict && sw_str_is(token) && !sw_equal_constant_time(token, s.token))
            return sw_fail(err, unknown_key(&s, h), "The security token included in the request is invalid.");
        return 0;
    }
    if (h->config->strict)
        return sw_fail(err, unknown_key(&s, h), "The security token included in the request is invalid.");
    act_as_root(cx, is_account_id(s.access_key) ? s.access_key : h->config->account, s.access_key);
    return 0;
}

static SwTime wall_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * SW_S + t.tv_nsec;
}

static int check_time(const SwSignature *s, SwArena *a, SwError *err) {
    SwTime now = wall_clock();
    if (s->kind == SW_SIG_V2_QUERY)
        return now <= s->expires_s * SW_S ? 0 : sw_fail(err, &SW_ACCESS_DENIED, "Request has expired");
    if (s->kind == SW_SIG_V4_QUERY && s->expires_s > 0) {
        if (now > s->at + s->expires_s * SW_S)
            return sw_fail(err, &SW_ACCESS_DENIED, "Request has expired");
        if (s->at > now + SKEW_MAX)
            return sw_fail(err, &SW_ACCESS_DENIED, "Request is not yet valid");
        return 0;
    }
    if (s->at > now + SKEW_MAX || s->at < now - SKEW_MAX)
        return sw_fail(err, &SW_SIGNATURE_DOES_NOT_MATCH, "Signature expired: %.*s is not within 15 minutes of %.*s",
                       SW_FMT(s->timestamp), SW_FMT(sw_time_compact(a, now)));
    return 0;
}

int sw_authenticate_verify(SwCtx *cx, const SwWireMessage *m, const SwSignature *s, SwStr secret, SwStr payload_hash, SwError *err) {
    if (!cx->host->config->strict || s->kind == SW_SIG_NONE)
        return 0;
    if (check_time(s, cx->arena, err) < 0)
        return -1;
    SwStr want;
    if (s->kind == SW_SIG_V2_QUERY) {
        want = sw_sigv2_sign(cx->arena, m, s, secret);
    } else {
        bool s3 = sw_str_eqz(s->service, "s3");
        if (s3 && s->kind == SW_SIG_V4_QUERY && (!sw_str_is(s->payload) || sw_str_eqz(s->payload, "UNSIGNED-PAYLOAD")))
            payload_hash = SW_STR("UNSIGNED-PAYLOAD");
        SwStr canonical = sw_sigv4_canonical(cx->arena, m, s, payload_hash, s3 ? SW_SIG_ENCODE_ONCE : 0);
        want = sw_sigv4_sign(cx->arena, s, secret, sw_sigv4_string_to_sign(cx->arena, s, canonical));
    }
    if (!sw_equal_constant_time(want, s->signature))
        return sw_fail(err, &SW_SIGNATURE_DOES_NOT_MATCH, "%s", MISMATCH);
    cx->principal.verified = true;
    return 0;
}

typedef struct ChunkChain {
    const SwSignature *signature;
    SwStr    secret;
    SwArena *scratch;                   /* emptied with each chunk: bodies have no bound on their number */
    char     previous[64];
} ChunkChain;

static void free_scratch(void *arena) {
    sw_arena_free(arena);
}

static int check_chunk(void *arg, bool trailer, SwStr signature, const uint8_t sha256[static 32], SwError *err) {
    ChunkChain *c = arg;
    const SwSignature *s = c->signature;
    SwArena *a = c->scratch;
    sw_arena_reset(a);
    SwStr text = sw_strf(a, "AWS4-HMAC-SHA256-%s\n%.*s\n%.*s/%.*s/%.*s/aws4_request\n%.*s\n%.*s%s%.*s", trailer ? "TRAILER" : "PAYLOAD",
                         SW_FMT(s->timestamp), SW_FMT(s->date), SW_FMT(s->region), SW_FMT(s->service), (int)sizeof c->previous, c->previous,
                         SW_FMT(trailer ? SW_STR("") : sw_sha256_hex(a, SW_STR(""))), trailer ? "" : "\n", SW_FMT(sw_hex(a, sha256, 32)));
    SwStr want = sw_sigv4_sign(a, s, c->secret, text);
    if (!sw_equal_constant_time(want, signature))
        return sw_fail(err, &SW_SIGNATURE_DOES_NOT_MATCH, "%s", MISMATCH);
    memcpy(c->previous, want.p, sizeof c->previous);
    return 0;
}

void sw_authenticate_chunks(SwCtx *cx, const SwSignature *s, SwStr secret, SwChunkCheck **ret_check, void **ret_arg) {
    *ret_check = NULL;
    *ret_arg = NULL;
    if (!cx->host->config->strict || s->kind != SW_SIG_V4_HEADER || s->signature.n != 64 ||
        !sw_str_starts(s->payload, SW_STR("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")))
        return;
    ChunkChain *c = sw_new(cx->arena, ChunkChain);
    c->signature = s;
    c->secret = secret;
    c->scratch = sw_arena_new(0);
    sw_arena_defer(cx->arena, free_scratch, c->scratch);
    memcpy(c->previous, s->signature.p, sizeof c->previous);
    *ret_check = check_chunk;
    *ret_arg = c;
}

/* The checksum in a presigned URL is of the empty body that the SDK had when it signed: S3 does not look at it. */
static bool is_hoisted(SwArena *a, SwStr name) {
    SwStr lower = sw_str_lower(a, name), checksum = SW_STR("x-amz-checksum-");
    if (sw_str_eqz(lower, "x-amz-sdk-checksum-algorithm") ||
        (sw_str_starts(lower, checksum) && !sw_str_eqz(lower, "x-amz-checksum-mode")))
        return false;
    return sw_str_starts(lower, SW_STR("x-amz-"));
}

void sw_presigned_headers(SwArena *a, const SwSignature *s, SwWireMessage *m) {
    SwStr rest = m->query, part;
    if (s->kind != SW_SIG_V4_QUERY && s->kind != SW_SIG_V2_QUERY)
        return;
    while (sw_str_next(&rest, '&', &part)) {
        SwStr raw = part, name, value;
        if (!sw_str_cut(&raw, '=', &name) || !sw_percent_decode(a, name, true, &name) || !is_hoisted(a, name) ||
            !sw_percent_decode(a, raw, false, &value) || sw_header_get(&m->headers, sw_str_z(a, name)).p)
            continue;
        sw_header_set(a, &m->headers, sw_str_lower(a, name), value);
    }
}

bool sw_basic_credentials(SwArena *a, const SwWireMessage *m, SwStr *ret_user, SwStr *ret_password) {
    SwStr auth = sw_header_get(&m->headers, "authorization"), text, user;
    if (auth.n < 6 || !sw_str_ieq(sw_str_n(auth.p, 6), SW_STR("Basic ")))
        return false;
    if (!sw_unbase64(a, sw_str_trim(sw_str_skip(auth, 6)), &text) || !sw_str_cut(&text, ':', &user))
        return false;
    *ret_user = user;
    *ret_password = text;
    return true;
}
