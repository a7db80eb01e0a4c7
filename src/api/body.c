/* SPDX-License-Identifier: Apache-2.0 */
/* Streaming request bodies into blobs. See body.h. */

#include "api/body.h"

#include "api/host.h"

static const SwErrorKind BAD_DIGEST = {.code = "BadDigest", .http = 400};
static const SwErrorKind INVALID_DIGEST = {.code = "InvalidDigest", .http = 400};
static const SwErrorKind CONTENT_MISMATCH = {.code = "XAmzContentSHA256Mismatch", .http = 400};
static const SwErrorKind INCOMPLETE_BODY = {.code = "IncompleteBody", .http = 400};
static const SwErrorKind INVALID_REQUEST = {.code = "InvalidRequest", .http = 400};
static const SwErrorKind MALFORMED_TRAILER = {.code = "MalformedTrailerError", .http = 400};
static const SwErrorKind TOO_LARGE = {.code = "EntityTooLarge", .http = 400};

#define BODY_MAX (5 * SW_GIB) /* S3: "a single PUT operation" */

/* Header (or trailer) that carries a checksum -> its digest. */
static const struct {
    const char *header, *word;
    SwDigestKind kind;
} checksums[] = {
    {"x-amz-checksum-crc32", "CRC32", SW_CRC32},
    {"x-amz-checksum-crc32c", "CRC32C", SW_CRC32C},
    {"x-amz-checksum-crc64nvme", "CRC64NVME", SW_CRC64NVME},
    {"x-amz-checksum-sha1", "SHA1", SW_SHA1},
    {"x-amz-checksum-sha256", "SHA256", SW_SHA256},
};

struct SwBody {
    SwBlobWriter *writer;
    SwAwsChunked *chunked; /* NULL: the body is plain */
    SwHeaderList trailers;
    int64_t expected; /* -1: unknown */
    int64_t received;
};

static SwStr number(SwError *err, int64_t n) {
    return sw_strf(err->arena, "%lld", (long long)n);
}

static int too_large(int64_t size, SwError *err) {
    sw_fail(err, &TOO_LARGE, "Your proposed upload exceeds the maximum allowed size");
    sw_fail_fact(err, "ProposedSize", number(err, size));
    return sw_fail_fact(err, "MaxSizeAllowed", number(err, (int64_t)BODY_MAX));
}

static int write_blob(void *arg, const void *p, size_t n, SwError *err) {
    SwBody *b = arg;
    b->received += (int64_t)n;
    return b->received > (int64_t)BODY_MAX ? too_large(b->received, err) : sw_blob_add(b->writer, p, n, err);
}

static int unchunk(void *arg, const void *p, size_t n, SwError *err) {
    SwBody *b = arg;
    return sw_aws_chunked_push(b->chunked, p, n, err);
}

static int checksum_of(SwStr header) {
    for (int i = 0; i < (int)SW_N(checksums); i++)
        if (sw_str_ieq(header, sw_str(checksums[i].header)))
            return i;
    return -1;
}

/* What the headers say about checksums must make sense before a byte of the body is asked for. */
static int check_claims(const SwHeaderList *h, SwError *err) {
    SwStr trailer = sw_header_find(h, "x-amz-trailer"), algorithm = sw_header_find(h, "x-amz-sdk-checksum-algorithm");
    int given = -1;
    for (int i = 0; i < (int)SW_N(checksums); i++) {
        if (!sw_str_is(sw_header_find(h, checksums[i].header)))
            continue;
        if (given >= 0)
            return sw_fail(err, &INVALID_REQUEST,
                           "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
        given = i;
    }
    if (sw_str_is(trailer) && checksum_of(trailer) < 0)
        return sw_fail(err, &INVALID_REQUEST, "The value specified in the x-amz-trailer header is not supported");
    if (sw_str_is(trailer) && given < 0)
        given = checksum_of(trailer);
    if (!sw_str_is(algorithm))
        return 0;
    if (given < 0)
        return sw_fail(err, &INVALID_REQUEST,
                       "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers "
                       "were found.");
    return sw_str_ieq(algorithm, sw_str(checksums[given].word))
               ? 0
               : sw_fail(err, &INVALID_REQUEST, "Value for x-amz-sdk-checksum-algorithm header is invalid.");
}

static unsigned wanted_digests(const SwHeaderList *h) {
    unsigned wanted = 1u << SW_MD5 | 1u << SW_CRC64NVME; /* S3's ETag, and the checksum that every object has */
    SwStr trailer = sw_header_find(h, "x-amz-trailer");
    for (size_t i = 0; i < SW_N(checksums); i++)
        if (sw_str_is(sw_header_find(h, checksums[i].header)) || sw_str_ieq(trailer, sw_str(checksums[i].header)))
            wanted |= 1u << checksums[i].kind;
    return wanted;
}

int sw_body_begin(SwCtx *cx, SwHttpRequest *rq, SwChunkCheck *check, void *check_arg, SwBody **ret_b, SwError *err) {
    const SwHeaderList *h = &rq->m.headers;
    SwBody *b = sw_new(cx->arena, SwBody);
    b->expected = -1;
    bool chunked = sw_str_starts(sw_header_find(h, "x-amz-content-sha256"), SW_STR("STREAMING-")) ||
                   sw_str_contains(sw_header_find(h, "content-encoding"), SW_STR("aws-chunked"));
    SwStr length = sw_header_find(h, chunked ? "x-amz-decoded-content-length" : "content-length");
    if (sw_str_is(length) && (!sw_str_to_i64(length, &b->expected) || b->expected < 0))
        return sw_fail(err, &INVALID_REQUEST, "The length of the body is not a number.");
    if (b->expected > (int64_t)BODY_MAX)
        return too_large(b->expected, err);
    if (check_claims(h, err) < 0 || sw_blob_begin(cx->host->blobs, cx->arena, wanted_digests(h), &b->writer, err) < 0)
        return -1;
    if (chunked)
        b->chunked = sw_aws_chunked_new(cx->arena, b->expected, write_blob, b);
    if (chunked && check)
        sw_aws_chunked_check(b->chunked, check, check_arg);
    rq->keep_encoding = true; /* an object keeps its own Content-Encoding */
    rq->sink = chunked ? unchunk : write_blob;
    rq->sink_arg = b;
    *ret_b = b;
    return 0;
}

static int compare(SwArena *a, SwStr have, SwStr base64, const char *header, const char *word, SwError *err) {
    SwStr want;
    bool md5 = strcmp(word, "Content-MD5") == 0;
    if (!sw_unbase64(a, base64, &want) || want.n != have.n) {
        if (!md5)
            return sw_fail(err, &INVALID_REQUEST, "Value for %s header is invalid.", header);
        sw_fail(err, &INVALID_DIGEST, "The Content-MD5 you specified was invalid.");
        return sw_fail_fact(err, "Content-MD5", base64);
    }
    if (sw_str_eq(want, have))
        return 0;
    if (!md5)
        return sw_fail(err, &BAD_DIGEST, "The %s you specified did not match the calculated checksum.", word);
    sw_fail(err, &BAD_DIGEST, "The Content-MD5 you specified did not match what we received.");
    sw_fail_fact(err, "ExpectedDigest", base64);
    return sw_fail_fact(err, "CalculatedDigest", sw_base64(a, have));
}

/* have: raw bytes by kind. */
static int compare_all(SwArena *a, const SwHeaderList *h, const SwStr have[_SW_DIGEST_KIND_MAX], SwError *err) {
    SwStr md5 = sw_header_find(h, "content-md5");
    if (sw_str_is(md5) && compare(a, have[SW_MD5], md5, "content-md5", "Content-MD5", err) < 0)
        return -1;
    for (size_t i = 0; i < SW_N(checksums); i++) {
        SwStr value = sw_header_find(h, checksums[i].header);
        if (sw_str_is(value) && compare(a, have[checksums[i].kind], value, checksums[i].header, checksums[i].word, err) < 0)
            return -1;
    }
    return 0;
}

static SwStr digest(SwArena *a, SwDigestKind kind, SwStr data) {
    uint8_t *bytes = sw_arena_alloc(a, SW_DIGEST_BYTES_MAX);
    SwDigest *d = sw_digest_new(a, kind);
    sw_digest_add(d, data.p, data.n);
    return sw_str_n((const char *)bytes, sw_digest_end(d, bytes));
}

int sw_body_check(SwArena *a, const SwWireMessage *m, SwError *err) {
    SwStr have[_SW_DIGEST_KIND_MAX] = {0}, body = m->body.p ? m->body : SW_STR("");
    if (check_claims(&m->headers, err) < 0)
        return -1;
    if (sw_str_is(sw_header_find(&m->headers, "content-md5")))
        have[SW_MD5] = digest(a, SW_MD5, body);
    for (size_t i = 0; i < SW_N(checksums); i++)
        if (sw_str_is(sw_header_find(&m->headers, checksums[i].header)))
            have[checksums[i].kind] = digest(a, checksums[i].kind, body);
    return compare_all(a, &m->headers, have, err);
}

static int take_trailers(SwBody *b, SwHttpRequest *rq, SwError *err) {
    SwStr promised = sw_header_find(&rq->m.headers, "x-amz-trailer");
    if (sw_aws_chunked_end(b->chunked, &b->trailers, err) < 0)
        return -1;
    for (size_t i = 0; i < b->trailers.n; i++)
        sw_header_set(rq->arena, &rq->m.headers, b->trailers.v[i].name, b->trailers.v[i].value);
    if (sw_str_is(promised) && !sw_str_is(sw_header_find(&b->trailers, sw_str_z(rq->arena, promised))))
        return sw_fail(
            err, &MALFORMED_TRAILER,
            "The request contained trailing data that was not well-formed or did not conform to our published schema.");
    return 0;
}

int sw_body_end(SwBody *b, SwHttpRequest *rq, SwStream *ret_s, SwStr *ret_payload_hash, SwError *err) {
    if (rq->sink_error.kind) {
        *err = rq->sink_error;
        return -1;
    }
    if (b->chunked && take_trailers(b, rq, err) < 0)
        return -1;
    SwBlobInfo info;
    if (sw_blob_commit(b->writer, &info, err) < 0)
        return -1;
    if (b->expected >= 0 && info.size != b->expected) {
        sw_fail(err, &INCOMPLETE_BODY, "You did not provide the number of bytes specified by the Content-Length HTTP header.");
        sw_fail_fact(err, "NumberBytesExpected", number(err, b->expected));
        return sw_fail_fact(err, "NumberBytesProvided", number(err, info.size));
    }
    if (!sw_unhex(rq->arena, info.digest, &info.extra[SW_SHA256]))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The digest cannot be read");
    if (compare_all(rq->arena, &rq->m.headers, info.extra, err) < 0)
        return -1;
    SwStr declared = sw_header_find(&rq->m.headers, "x-amz-content-sha256");
    if (declared.n == 64 && !sw_str_ieq(declared, info.digest)) {
        sw_fail(err, &CONTENT_MISMATCH, "The provided 'x-amz-content-sha256' header does not match what was computed.");
        sw_fail_fact(err, "ClientComputedContentSHA256", declared);
        return sw_fail_fact(err, "S3ComputedContentSHA256", info.digest);
    }
    *ret_s = (SwStream){.set = true,
                        .file = -1,
                        .size = info.size,
                        .sha256 = info.extra[SW_SHA256],
                        .md5 = info.extra[SW_MD5],
                        .crc64nvme = info.extra[SW_CRC64NVME]};
    *ret_payload_hash = sw_str_or(declared, info.digest);
    return 0;
}
