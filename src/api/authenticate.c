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
        .arn = sw_root_arn(cx->arena, account),
        .id = account,
        .access_key = access_key,
    };
}

static const SwErrorKind *unknown_key(const SwSignature *s, const SwHost *h) {
    const SwService *service = sw_registry_by_sign_name(h, s->service, SW_NO_STR);
    bool json = service && service->api && (service->api->protocol & (SW_JSON_1_0 | SW_JSON_1_1 | SW_REST_JSON));
    return json ? &SW_UNRECOGNIZED_CLIENT : &SW_INVALID_CLIENT_TOKEN_ID;
}

static bool is_s3(const SwSignature *s) {
    return sw_str_eqz(s->service, "s3");
}

/* What a wrong signature fails with, by the service's protocol. */
static const SwErrorKind *bad_signature(const SwCtx *cx, const SwSignature *s) {
    static const SwErrorKind json = {.code = "InvalidSignatureException", .http = 403};
    return unknown_key(s, cx->host) == &SW_UNRECOGNIZED_CLIENT ? &json : &SW_SIGNATURE_DOES_NOT_MATCH;
}

static SwTime wall_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * SW_S + t.tv_nsec;
}

static bool has_life(const SwSignature *s) {
    return s->kind == SW_SIG_V2_QUERY || (s->kind == SW_SIG_V4_QUERY && s->expires_s >= 0);
}

/* A URL's own end needs no secret to be seen, so it holds in both modes. */
static int check_life(const SwCtx *cx, const SwSignature *s, SwError *err) {
    SwTime now = wall_clock(), end = s->kind == SW_SIG_V2_QUERY ? s->expires_s * SW_S : s->at + s->expires_s * SW_S;
    if (!has_life(s) || now <= end)
        return 0;
    if (!is_s3(s)) {
        SwStr least = sw_time_compact(cx->arena, now - (end - s->at)), here = sw_time_compact(cx->arena, now);
        return sw_fail(err, bad_signature(cx, s), "Signature expired: %.*s is now earlier than %.*s (%.*s - %lld min.)",
                       SW_FMT(s->timestamp), SW_FMT(least), SW_FMT(here), (long long)(s->expires_s / 60));
    }
    sw_fail(err, &SW_ACCESS_DENIED, "Request has expired");
    if (s->kind == SW_SIG_V4_QUERY)
        sw_fail_fact(err, "X-Amz-Expires", sw_strf(cx->arena, "%lld", (long long)s->expires_s));
    sw_fail_fact(err, "Expires", sw_time_iso8601(cx->arena, end / SW_S * SW_S));
    return sw_fail_fact(err, "ServerTime", sw_time_iso8601(cx->arena, now / SW_S * SW_S));
}

static int too_skewed(const SwCtx *cx, const SwSignature *s, SwTime now, SwError *err) {
    static const SwErrorKind skewed = {.code = "RequestTimeTooSkewed", .http = 403};
    if (!is_s3(s)) {
        bool early = s->at > now;
        SwStr bound = sw_time_compact(cx->arena, early ? now + SKEW_MAX : now - SKEW_MAX),
              here = sw_time_compact(cx->arena, now);
        return sw_fail(err, bad_signature(cx, s),
                       early ? "Signature not yet current: %.*s is still later than %.*s (%.*s + 15 min.)"
                             : "Signature expired: %.*s is now earlier than %.*s (%.*s - 15 min.)",
                       SW_FMT(s->timestamp), SW_FMT(bound), SW_FMT(here));
    }
    sw_fail(err, &skewed, "The difference between the request time and the current time is too large.");
    sw_fail_fact(err, "RequestTime", s->timestamp);
    sw_fail_fact(err, "ServerTime", sw_time_iso8601(cx->arena, now / SW_S * SW_S));
    return sw_fail_fact(err, "MaxAllowedSkewMilliseconds", SW_STR("900000"));
}

static int check_time(const SwCtx *cx, const SwSignature *s, SwError *err) {
    SwTime now = wall_clock();
    if (check_life(cx, s, err) < 0)
        return -1;
    if (s->kind == SW_SIG_V2_QUERY)
        return 0;
    if (has_life(s))
        return s->at > now + SKEW_MAX ? sw_fail(err, &SW_ACCESS_DENIED, "Request is not yet valid") : 0;
    return s->at > now + SKEW_MAX || s->at < now - SKEW_MAX ? too_skewed(cx, s, now, err) : 0;
}

static int check_scope(const SwCtx *cx, const SwSignature *s, SwError *err) {
    static const SwErrorKind header = {.code = "AuthorizationHeaderMalformed", .http = 400},
                             query = {.code = "AuthorizationQueryParametersError", .http = 400};
    SwStr day = sw_str_n(s->timestamp.p, 8);
    if (is_s3(s) && s->kind == SW_SIG_V4_QUERY && s->expires_s < 0)
        return sw_fail(err, &query,
                       "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
                       "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
    if (sw_str_eq(s->date, day))
        return 0;
    if (is_s3(s))
        return sw_fail(err, s->kind == SW_SIG_V4_QUERY ? &query : &header,
                       "%sInvalid credential date \"%.*s\". This date is not the same as X-Amz-Date: \"%.*s\".",
                       s->kind == SW_SIG_V4_QUERY ? "" : "The authorization header is malformed; ", SW_FMT(s->date),
                       SW_FMT(day));
    return sw_fail(err, bad_signature(cx, s),
                   "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                   "'%.*s' != '%.*s', from '%.*s'.",
                   SW_FMT(s->date), SW_FMT(day), SW_FMT(s->timestamp));
}

static bool is_signed(const SwSignature *s, SwStr name) {
    SwStr rest = s->signed_headers, part;
    while (sw_str_next(&rest, ';', &part))
        if (sw_str_ieq(part, name))
            return true;
    return false;
}

/* Host, and each header that tells a service what to do: who passes a signed request on must not add to it. S3 alone takes
 * the hash of a presigned URL's body unsigned. */
static bool must_be_signed(const SwSignature *s, SwStr name) {
    if (is_s3(s) && s->kind == SW_SIG_V4_QUERY && sw_str_ieq(name, SW_STR("x-amz-content-sha256")))
        return false;
    return sw_str_ieq(name, SW_STR("host")) || (name.n > 6 && sw_str_ieq(sw_str_n(name.p, 6), SW_STR("x-amz-")));
}

static int check_signed_headers(const SwCtx *cx, const SwWireMessage *m, const SwSignature *s, SwError *err) {
    SwStrList missing = {0};
    for (size_t i = 0; i < m->headers.n; i++) {
        SwStr name = m->headers.v[i].name;
        if (must_be_signed(s, name) && !is_signed(s, name))
            sw_str_list_add(cx->arena, &missing, sw_str_lower(cx->arena, name));
    }
    if (missing.n == 0)
        return 0;
    if (is_s3(s)) {
        sw_fail(err, &SW_ACCESS_DENIED, "There were headers present in the request which were not signed");
        return sw_fail_fact(err, "HeadersNotSigned", sw_str_join(cx->arena, missing.v, missing.n, SW_STR(", ")));
    }
    bool host = sw_str_eqz(missing.v[0], "host");
    return sw_fail(err, bad_signature(cx, s), "'%.*s'%s must be a 'SignedHeader' in the AWS Authorization.",
                   SW_FMT(host ? SW_STR("Host") : missing.v[0]), host ? " or ':authority'" : "");
}

static bool is_sha256(SwStr s) {
    bool hex = s.n == 64;
    for (size_t i = 0; hex && i < s.n; i++)
        hex = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
    return hex;
}

/* S3's x-amz-content-sha256: what it may say, and that it says it. Chunks signed with elliptic curves would need a signature
 * of that kind, which nothing here has. */
static int check_payload(const SwSignature *s, SwStr hash, SwError *err) {
    static const SwErrorKind argument = {.code = "InvalidArgument", .http = 400},
                             request = {.code = "InvalidRequest", .http = 400},
                             mismatch = {.code = "XAmzContentSHA256Mismatch", .http = 400};
    static const char *const words[] = {"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                                        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"};
    bool known = is_sha256(s->payload);
    for (size_t i = 0; i < SW_N(words); i++)
        known |= sw_str_eqz(s->payload, words[i]);
    if (!sw_str_is(s->payload))
        return s->kind == SW_SIG_V4_QUERY
                   ? 0
                   : sw_fail(err, &request, "Missing required header for this request: x-amz-content-sha256");
    if (!known) {
        sw_fail(err, &argument,
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
                "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 "
                "value.");
        sw_fail_fact(err, "ArgumentName", SW_STR("x-amz-content-sha256"));
        return sw_fail_fact(err, "ArgumentValue", s->payload);
    }
    if (!is_sha256(s->payload) || sw_str_eq(s->payload, hash))
        return 0;
    sw_fail(err, &mismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.");
    sw_fail_fact(err, "ClientComputedContentSHA256", s->payload);
    return sw_fail_fact(err, "S3ComputedContentSHA256", hash);
}

static int check_form(const SwCtx *cx, const SwWireMessage *m, const SwSignature *s, SwStr hash, SwError *err) {
    if (s->kind == SW_SIG_V2_QUERY) { /* it signs all of that */
        SwStr stranger = sw_sigv2_stranger(cx->arena, m);
        if (!sw_str_is(stranger))
            return 0;
        sw_fail(err, &SW_ACCESS_DENIED, "There were parameters present in the request which Signature Version 2 does not sign");
        return sw_fail_fact(err, "ParametersNotSigned", stranger);
    }
    if (check_scope(cx, s, err) < 0 || check_signed_headers(cx, m, s, err) < 0)
        return -1;
    return is_s3(s) ? check_payload(s, hash, err) : 0;
}

int sw_authenticate_begin(SwCtx *cx, const SwWireMessage *m, SwSignature *ret_s, SwStr *ret_secret, SwError *err) {
    static const SwErrorKind mechanism = {.code = "InvalidRequest", .http = 400}; /* of Signature Version 2 in a header */
    const SwHost *h = cx->host;
    if (sw_sigv4_parse(cx->arena, m, ret_s, err) < 0)
        return -1;
    SwSignature s = *ret_s;
    if (sw_str_is(s.region))
        cx->region = s.region;
    if (check_life(cx, &s, err) < 0)
        return -1;
    if (s.kind == SW_SIG_NONE) {
        if (h->config->strict && sw_str_starts(sw_header_find(&m->headers, "authorization"), SW_STR("AWS "))) {
            ret_s->service = SW_STR("s3"); /* the only one that took it so: what answers speaks its tongue */
            return sw_fail(err, &mechanism,
                           "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
        }
        act_as_root(cx, h->config->account, SW_NO_STR);
        if (h->config->strict)
            cx->principal = (SwPrincipal){.kind = SW_PRINCIPAL_ANONYMOUS, .arn = SW_STR("*"), .id = SW_STR("anonymous")};
        return 0;
    }
    bool found = false;
    SwStr token = SW_NO_STR, account = SW_NO_STR;
    if (h->auth.key &&
        h->auth.key(cx->host, cx->arena, s.access_key, ret_secret, &token, &account, &cx->principal, &found, err) < 0)
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

/* A bucket alone is signed with a slash after it: boto3 signs "/box/" for the path "/box". */
static SwStr v2_signature(SwArena *a, const SwWireMessage *m, const SwSignature *s, SwStr secret) {
    SwStr want = sw_sigv2_sign(a, m, s, secret), path = sw_str_or(s->resource, m->path);
    size_t slash;
    if (!sw_str_rfind(path, '/', &slash) || slash > 0 || sw_equal_constant_time(want, s->signature))
        return want;
    SwSignature with_slash = *s;
    with_slash.resource = sw_strf(a, "%.*s/", SW_FMT(path));
    return sw_sigv2_sign(a, m, &with_slash, secret);
}

void sw_authenticate_used(SwCtx *cx, const SwSignature *s) {
    const SwHost *h = cx->host;
    if (h->auth.used && cx->principal.kind == SW_PRINCIPAL_USER && sw_str_starts(s->access_key, SW_STR("AKIA")))
        h->auth.used(cx->host, s->access_key, cx->account, s->service, s->region);
}

int sw_authenticate_verify(SwCtx *cx, const SwWireMessage *m, const SwSignature *s, SwStr secret, SwStr payload_hash,
                           SwError *err) {
    if (!cx->host->config->strict || s->kind == SW_SIG_NONE)
        return 0;
    if (check_time(cx, s, err) < 0 || check_form(cx, m, s, payload_hash, err) < 0)
        return -1;
    SwStr want;
    if (s->kind == SW_SIG_V2_QUERY) {
        want = v2_signature(cx->arena, m, s, secret);
    } else {
        bool s3 = is_s3(s);
        if (s3 && s->kind == SW_SIG_V4_QUERY)
            payload_hash = sw_str_or(s->payload, SW_STR("UNSIGNED-PAYLOAD"));
        SwStr canonical = sw_sigv4_canonical(cx->arena, m, s, payload_hash, s3 ? SW_SIG_ENCODE_ONCE : 0);
        want = sw_sigv4_sign(cx->arena, s, secret, sw_sigv4_string_to_sign(cx->arena, s, canonical));
    }
    if (!sw_equal_constant_time(want, s->signature))
        return sw_fail(err, bad_signature(cx, s), "%s", MISMATCH);
    cx->principal.verified = true;
    return 0;
}

typedef struct ChunkChain {
    const SwSignature *signature;
    SwStr secret;
    SwArena *scratch; /* emptied with each chunk: bodies have no bound on their number */
    char previous[64];
} ChunkChain;

static void free_scratch(void *arena) {
    sw_arena_free(arena);
}

static int check_chunk(void *arg, bool trailer, SwStr signature, const uint8_t sha256[static 32], SwError *err) {
    ChunkChain *c = arg;
    const SwSignature *s = c->signature;
    SwArena *a = c->scratch;
    sw_arena_reset(a);
    SwStr headers = trailer ? SW_STR("") : sw_sha256_hex(a, SW_STR("")), digest = sw_hex(a, sha256, 32);
    SwStr text =
        sw_strf(a, "AWS4-HMAC-SHA256-%s\n%.*s\n%.*s/%.*s/%.*s/aws4_request\n%.*s\n%.*s%s%.*s", trailer ? "TRAILER" : "PAYLOAD",
                SW_FMT(s->timestamp), SW_FMT(s->date), SW_FMT(s->region), SW_FMT(s->service), (int)sizeof c->previous,
                c->previous, SW_FMT(headers), trailer ? "" : "\n", SW_FMT(digest));
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
            !sw_percent_decode(a, raw, false, &value) || sw_header_find(&m->headers, sw_str_z(a, name)).p)
            continue;
        sw_header_set(a, &m->headers, sw_str_lower(a, name), value);
    }
}

bool sw_basic_credentials(SwArena *a, const SwWireMessage *m, SwStr *ret_user, SwStr *ret_password) {
    SwStr auth = sw_header_find(&m->headers, "authorization"), text, user;
    if (auth.n < 6 || !sw_str_ieq(sw_str_n(auth.p, 6), SW_STR("Basic ")))
        return false;
    if (!sw_unbase64(a, sw_str_trim(sw_str_skip(auth, 6)), &text) || !sw_str_cut(&text, ':', &user))
        return false;
    *ret_user = user;
    *ret_password = text;
    return true;
}
