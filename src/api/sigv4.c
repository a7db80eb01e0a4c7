/* SPDX-License-Identifier: Apache-2.0 */
/* Signature Version 4: canonical request -> string to sign -> signature. See sigv4.h. */

#include "api/sigv4.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/lazy_crypto.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

static int incomplete(SwError *err, const char *what) {
    return sw_fail(err, &SW_INCOMPLETE_SIGNATURE, "Authorization requires %s.", what);
}

/* "AKID/20150830/us-east-1/service/aws4_request" */
static bool parse_scope(SwStr scope, SwSignature *s) {
    size_t slash;
    SwStr end;
    if (!sw_str_rfind(scope, '/', &slash))
        return false;
    end = sw_str_skip(scope, slash + 1);
    scope.n = slash;
    if (!sw_str_eqz(end, "aws4_request") || !sw_str_rfind(scope, '/', &slash))
        return false;
    s->service = sw_str_skip(scope, slash + 1);
    scope.n = slash;
    if (!sw_str_rfind(scope, '/', &slash))
        return false;
    s->region = sw_str_skip(scope, slash + 1);
    scope.n = slash;
    if (!sw_str_rfind(scope, '/', &slash))
        return false;
    s->date = sw_str_skip(scope, slash + 1);
    s->access_key = sw_str_n(scope.p, slash);
    return s->access_key.n > 0 && s->date.n == 8;
}

static bool parse_timestamp(SwStr text, SwSignature *s) {
    static const char at[] = {0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14},
                      to[] = {0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18};
    char iso[] = "YYYY-MM-DDThh:mm:ssZ";
    if (text.n != 16 || text.p[8] != 'T' || text.p[15] != 'Z')
        return false;
    for (size_t i = 0; i < SW_N(at); i++)
        iso[(int)to[i]] = text.p[(int)at[i]];
    s->timestamp = text;
    return sw_time_parse(sw_str(iso), &s->at);
}

static int parse_header(SwStr auth, const SwWireMessage *m, SwSignature *s, SwError *err) {
    s->kind = SW_SIG_V4_HEADER;
    SwStr rest = sw_str_skip(auth, sizeof(ALGORITHM) - 1), part;
    SwStr credential = SW_NO_STR;
    while (sw_str_next(&rest, ',', &part)) {
        SwStr value = sw_str_trim(part), name;
        if (!sw_str_cut(&value, '=', &name))
            continue;
        if (sw_str_eqz(name, "Credential"))
            credential = value;
        else if (sw_str_eqz(name, "SignedHeaders"))
            s->signed_headers = value;
        else if (sw_str_eqz(name, "Signature"))
            s->signature = value;
    }
    if (!sw_str_is(credential))
        return incomplete(err, "'Credential' parameter");
    if (!parse_scope(credential, s))
        return sw_fail(err, &SW_INCOMPLETE_SIGNATURE,
                       "Credential must have exactly 5 slash-delimited elements, e.g. "
                       "keyid/date/region/service/term, got '%.*s'",
                       SW_FMT(credential));
    if (!sw_str_is(s->signature))
        return incomplete(err, "'Signature' parameter");
    if (!sw_str_is(s->signed_headers))
        return incomplete(err, "'SignedHeaders' parameter");
    SwStr date = sw_header_find(&m->headers, "x-amz-date");
    if (!sw_str_is(date)) {
        SwStr http_date = sw_header_find(&m->headers, "date");
        if (!sw_str_is(http_date) || !sw_time_parse(http_date, &s->at))
            return incomplete(err, "existence of either a 'X-Amz-Date' or a 'Date' header");
        s->timestamp = sw_time_compact(err->arena, s->at);
    } else if (!parse_timestamp(date, s)) {
        return sw_fail(err, &SW_INCOMPLETE_SIGNATURE, "Date must be in ISO-8601 'basic format'. Got '%.*s'.", SW_FMT(date));
    }
    s->token = sw_header_find(&m->headers, "x-amz-security-token");
    s->payload = sw_header_find(&m->headers, "x-amz-content-sha256");
    return 0;
}

static int parse_query(SwArena *a, const SwWireMessage *m, SwSignature *s, SwError *err) {
    SwStr rest = m->query, part, credential = SW_NO_STR, date = SW_NO_STR, expires = SW_NO_STR;
    SwStr v2_key = SW_NO_STR, v2_signature = SW_NO_STR, v2_expires = SW_NO_STR, algorithm = SW_NO_STR;
    const struct {
        const char *name;
        SwStr *to;
    } known[] = {
        {"X-Amz-Algorithm", &algorithm},
        {"X-Amz-Credential", &credential},
        {"X-Amz-Date", &date},
        {"X-Amz-Expires", &expires},
        {"X-Amz-SignedHeaders", &s->signed_headers},
        {"X-Amz-Signature", &s->signature},
        {"X-Amz-Security-Token", &s->token},
        {"X-Amz-Content-Sha256", &s->payload},
        {"AWSAccessKeyId", &v2_key},
        {"Signature", &v2_signature},
        {"Expires", &v2_expires},
        {"x-amz-security-token", &s->token},
    };
    while (sw_str_next(&rest, '&', &part)) {
        SwStr name, value = part;
        if (!sw_str_cut(&value, '=', &name))
            continue;
        for (size_t i = 0; i < SW_N(known); i++)
            if (sw_str_eqz(name, known[i].name) && !sw_percent_decode(a, value, true, known[i].to))
                return incomplete(err, "well-formed percent-encoding");
    }
    if (sw_str_is(v2_key) && sw_str_is(v2_signature)) {
        s->kind = SW_SIG_V2_QUERY;
        s->access_key = v2_key;
        s->signature = v2_signature;
        s->service = SW_STR("s3");
        return sw_str_to_i64(v2_expires, &s->expires_s) ? 0 : incomplete(err, "'Expires' parameter");
    }
    if (!sw_str_is(algorithm) && !sw_str_is(s->signature))
        return 0;
    s->kind = SW_SIG_V4_QUERY;
    if (!sw_str_eqz(algorithm, ALGORITHM) || !parse_scope(credential, s) || !parse_timestamp(date, s) ||
        !sw_str_is(s->signed_headers) || !sw_str_is(s->signature))
        return sw_fail(err, &SW_INCOMPLETE_SIGNATURE,
                       "Query-string authentication requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
                       "X-Amz-Date and X-Amz-SignedHeaders parameters.");
    s->expires_s = -1; /* STS accepts URLs without; S3 and the rest say how long */
    if (expires.p && (!sw_str_to_i64(expires, &s->expires_s) || s->expires_s < 0 || s->expires_s > 604800))
        return sw_fail(err, &SW_INCOMPLETE_SIGNATURE, "X-Amz-Expires must be between 0 and 604800 seconds.");
    return 0;
}

int sw_sigv4_parse(SwArena *a, const SwWireMessage *m, SwSignature *ret_s, SwError *err) {
    SwSignature s = {0};
    SwStr auth = sw_header_find(&m->headers, "authorization");
    int rc = 0;
    if (sw_str_starts(auth, SW_STR(ALGORITHM)))
        rc = parse_header(auth, m, &s, err);
    else if (sw_str_is(m->query))
        rc = parse_query(a, m, &s, err);
    *ret_s = s;
    return rc;
}

/* Path segments "." and ".." and empty ones go (RFC 3986, 5.2.4, plus merged slashes). */
static SwStr normalize_path(SwArena *a, SwStr path) {
    SwStrList kept = {0};
    SwStr rest = path, part;
    while (sw_str_next(&rest, '/', &part)) {
        if (part.n == 0 || sw_str_eqz(part, "."))
            continue;
        if (!sw_str_eqz(part, ".."))
            sw_str_list_add(a, &kept, part);
        else if (kept.n)
            sw_list_cut(&kept, kept.n - 1);
    }
    bool slash_end = sw_str_ends(path, SW_STR("/")) || sw_str_ends(path, SW_STR("/.")) || sw_str_ends(path, SW_STR("/.."));
    SwStr joined = sw_str_join(a, kept.v, kept.n, SW_STR("/"));
    return sw_strf(a, "/%.*s%s", SW_FMT(joined), kept.n && slash_end ? "/" : "");
}

static SwStr canonical_path(SwArena *a, SwStr path, unsigned flags) {
    if (!path.n)
        return SW_STR("/");
    if (flags & SW_SIG_ENCODE_ONCE) {
        SwStr raw;
        return sw_percent_encode(a, sw_percent_decode(a, path, false, &raw) ? raw : path, true);
    }
    if (!(flags & SW_SIG_NO_NORMALIZE))
        path = normalize_path(a, path);
    return sw_percent_encode(a, path, true);
}

typedef struct Pair {
    SwStr name, value;
} Pair;

static int pair_order(const void *x, const void *y) {
    const Pair *p = x, *q = y;
    int c = sw_str_cmp(p->name, q->name);
    return c ? c : sw_str_cmp(p->value, q->value);
}

static SwStr recode(SwArena *a, SwStr s) {
    SwStr raw;
    return sw_percent_encode(a, sw_percent_decode(a, s, true, &raw) ? raw : s, false);
}

static SwStr canonical_query(SwArena *a, const SwWireMessage *m, const SwSignature *s, unsigned flags) {
    struct {
        Pair *v;
        size_t n;
    } pairs = {0};
    SwStr rest = m->query, part;
    while (sw_str_next(&rest, '&', &part)) {
        SwStr name, value = part;
        if (!part.n)
            continue;
        if (!sw_str_cut(&value, '=', &name)) {
            name = part;
            value = SW_STR("");
        }
        if (s->kind == SW_SIG_V4_QUERY && sw_str_eqz(name, "X-Amz-Signature"))
            continue;
        if ((flags & SW_SIG_OMIT_TOKEN) && sw_str_eqz(name, "X-Amz-Security-Token"))
            continue;
        Pair *p = sw_list_add(a, &pairs);
        *p = (Pair){recode(a, name), recode(a, value)};
    }
    if (pairs.n)
        qsort(pairs.v, pairs.n, sizeof *pairs.v, pair_order);
    SwBuf b = sw_buf(a, SW_MIB);
    for (size_t i = 0; i < pairs.n; i++)
        sw_buf_addf(&b, "%s%.*s=%.*s", i ? "&" : "", SW_FMT(pairs.v[i].name), SW_FMT(pairs.v[i].value));
    return sw_buf_str(&b);
}

/* Values trimmed, runs of spaces one, several of a name joined by ','. */
static void canonical_header(SwBuf *b, const SwWireMessage *m, SwStr name) {
    bool first = true;
    sw_buf_addf(b, "%.*s:", SW_FMT(name));
    for (size_t i = 0; i < m->headers.n; i++) {
        if (!sw_str_ieq(m->headers.v[i].name, name))
            continue;
        if (!first)
            sw_buf_addc(b, ',');
        first = false;
        SwStr v = sw_str_trim(m->headers.v[i].value);
        for (size_t k = 0; k < v.n; k++)
            if (v.p[k] != ' ' || v.p[k - 1] != ' ')
                sw_buf_addc(b, v.p[k]);
    }
    sw_buf_addc(b, '\n');
}

SwStr sw_sigv4_canonical(SwArena *a, const SwWireMessage *m, const SwSignature *s, SwStr payload_hash, unsigned flags) {
    SwBuf b = sw_buf(a, 2 * SW_MIB);
    sw_buf_addf(&b, "%.*s\n", SW_FMT(m->method));
    sw_buf_adds(&b, canonical_path(a, m->path, flags));
    sw_buf_addc(&b, '\n');
    sw_buf_adds(&b, canonical_query(a, m, s, flags));
    sw_buf_addc(&b, '\n');
    SwStr rest = s->signed_headers, name;
    while (sw_str_next(&rest, ';', &name))
        canonical_header(&b, m, name);
    sw_buf_addf(&b, "\n%.*s\n%.*s", SW_FMT(s->signed_headers), SW_FMT(payload_hash));
    return sw_buf_str(&b);
}

SwStr sw_sigv4_string_to_sign(SwArena *a, const SwSignature *s, SwStr canonical) {
    SwStr hash = sw_sha256_hex(a, canonical);
    return sw_strf(a, ALGORITHM "\n%.*s\n%.*s/%.*s/%.*s/aws4_request\n%.*s", SW_FMT(s->timestamp), SW_FMT(s->date),
                   SW_FMT(s->region), SW_FMT(s->service), SW_FMT(hash));
}

SwStr sw_sigv4_sign(SwArena *a, const SwSignature *s, SwStr secret, SwStr string_to_sign) {
    uint8_t k[32];
    SwStr key = sw_strf(a, "AWS4%.*s", SW_FMT(secret));
    const SwStr steps[] = {s->date, s->region, s->service, SW_STR("aws4_request"), string_to_sign};
    for (size_t i = 0; i < SW_N(steps); i++) {
        uint8_t next[32];
        sw_hmac_sha256(key, steps[i], next);
        memcpy(k, next, sizeof k);
        key = sw_str_n((const char *)k, sizeof k);
    }
    return sw_hex(a, k, sizeof k);
}

/* Sub-resources and response overrides that Signature Version 2 signs (S3 User Guide, "Signing and authenticating REST
 * requests"). Sorted. */
static const char *const v2_signed[] = {
    "acl",
    "cors",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
};

/* What Version 2 leaves unsigned, and may: none of it says what is to be done, but for those that are signed elsewhere. Any
 * other parameter could name another operation than was signed, S3 has more of them than the version was made for. */
static const char *const v2_unsigned[] = {
    "AWSAccessKeyId",   "Expires",           "Signature",   "content-md5",        "content-type", "continuation-token",
    "delimiter",        "encoding-type",     "fetch-owner", "key-marker",         "list-type",    "marker",
    "max-keys",         "max-parts",         "max-uploads", "part-number-marker", "prefix",       "start-after",
    "upload-id-marker", "version-id-marker", "x-id",
};

static bool is_among(SwStr name, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (sw_str_eqz(name, names[i]))
            return true;
    return false;
}

SwStr sw_sigv2_stranger(SwArena *a, const SwWireMessage *m) {
    SwStr rest = m->query, part;
    while (sw_str_next(&rest, '&', &part)) {
        SwStr value = part, name = part;
        (void)sw_str_cut(&value, '=', &name);
        bool amz = sw_str_starts(sw_str_lower(a, name), SW_STR("x-amz-")); /* signed, each of them */
        if (name.n && !amz && !is_among(name, v2_signed, SW_N(v2_signed)) && !is_among(name, v2_unsigned, SW_N(v2_unsigned)))
            return name;
    }
    return SW_NO_STR;
}

static void v2_resource(SwArena *a, SwBuf *b, const SwWireMessage *m, const SwSignature *s) {
    sw_buf_adds(b, sw_str_or(s->resource, m->path));
    const char *between = "?";
    for (size_t i = 0; i < SW_N(v2_signed); i++) {
        SwStr rest = m->query, part;
        while (sw_str_next(&rest, '&', &part)) {
            SwStr name, value = part, raw;
            bool has_value = sw_str_cut(&value, '=', &name);
            if (!sw_str_eqz(has_value ? name : part, v2_signed[i]))
                continue;
            sw_buf_addf(b, "%s%s", between, v2_signed[i]);
            if (has_value && sw_percent_decode(a, value, true, &raw))
                sw_buf_addf(b, "=%.*s", SW_FMT(raw));
            between = "&";
        }
    }
}

/* What stands in the query in place of a header counts as that header: an addition to the URL breaks its signature. */
static void v2_query_headers(SwArena *a, const SwWireMessage *m, SwHeaderList *ret_amz, SwStr *type, SwStr *md5) {
    SwStr rest = m->query, part;
    while (sw_str_next(&rest, '&', &part)) {
        SwStr value = part, name;
        if (!sw_str_cut(&value, '=', &name) || !sw_percent_decode(a, name, true, &name) ||
            !sw_percent_decode(a, value, true, &value))
            continue;
        name = sw_str_lower(a, name);
        if (sw_str_starts(name, SW_STR("x-amz-")) && !sw_header_find(ret_amz, sw_str_z(a, name)).p)
            sw_header_add(a, ret_amz, name, sw_str_trim(value));
        if (sw_str_eqz(name, "content-type"))
            *type = sw_str_or(*type, value);
        if (sw_str_eqz(name, "content-md5"))
            *md5 = sw_str_or(*md5, value);
    }
}

static int header_order(const void *x, const void *y) {
    const SwHeader *p = x, *q = y;
    return sw_str_cmp(p->name, q->name);
}

SwStr sw_sigv2_sign(SwArena *a, const SwWireMessage *m, const SwSignature *s, SwStr secret) {
    SwBuf b = sw_buf(a, SW_MIB);
    SwStr type = sw_header_find(&m->headers, "content-type"), md5 = sw_header_find(&m->headers, "content-md5");
    SwHeaderList amz = {0};
    for (size_t i = 0; i < m->headers.n; i++) {
        SwStr name = sw_str_lower(a, m->headers.v[i].name);
        if (sw_str_starts(name, SW_STR("x-amz-")))
            sw_header_add(a, &amz, name, sw_str_trim(m->headers.v[i].value));
    }
    v2_query_headers(a, m, &amz, &type, &md5);
    sw_buf_addf(&b, "%.*s\n%.*s\n%.*s\n%lld\n", SW_FMT(m->method), SW_FMT(md5), SW_FMT(type), (long long)s->expires_s);
    if (amz.n)
        qsort(amz.v, amz.n, sizeof *amz.v, header_order);
    for (size_t i = 0; i < amz.n; i++)
        sw_buf_addf(&b, "%.*s:%.*s\n", SW_FMT(amz.v[i].name), SW_FMT(amz.v[i].value));
    v2_resource(a, &b, m, s);
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    SwStr text = sw_buf_str(&b);
    HMAC(EVP_sha1(), secret.p, (int)secret.n, (const uint8_t *)text.p, text.n, mac, &n);
    return sw_base64(a, sw_str_n((const char *)mac, n));
}

void sw_sigv4_sign_message(SwArena *a, SwWireMessage *m, SwStr access_key, SwStr secret, SwStr token, SwStr region,
                           SwStr service, SwTime now) {
    SwSignature s = {.kind = SW_SIG_V4_HEADER,
                     .access_key = access_key,
                     .region = region,
                     .service = service,
                     .timestamp = sw_time_compact(a, now),
                     .signed_headers = SW_STR("host;x-amz-content-sha256;x-amz-date")};
    s.date = sw_str_n(s.timestamp.p, 8);
    SwStr hash = sw_sha256_hex(a, m->body.p ? m->body : SW_STR(""));
    sw_header_set(a, &m->headers, SW_STR("x-amz-date"), s.timestamp);
    sw_header_set(a, &m->headers, SW_STR("x-amz-content-sha256"), hash);
    if (sw_str_is(token)) {
        sw_header_set(a, &m->headers, SW_STR("x-amz-security-token"), token);
        s.signed_headers = SW_STR("host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
    }
    SwStr canonical = sw_sigv4_canonical(a, m, &s, hash, sw_str_eqz(service, "s3") ? SW_SIG_ENCODE_ONCE : 0);
    SwStr signature = sw_sigv4_sign(a, &s, secret, sw_sigv4_string_to_sign(a, &s, canonical));
    sw_header_set(a, &m->headers, SW_STR("authorization"),
                  sw_strf(a, ALGORITHM " Credential=%.*s/%.*s/%.*s/%.*s/aws4_request, SignedHeaders=%.*s, Signature=%.*s",
                          SW_FMT(access_key), SW_FMT(s.date), SW_FMT(region), SW_FMT(service), SW_FMT(s.signed_headers),
                          SW_FMT(signature)));
}
