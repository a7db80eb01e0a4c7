/* SPDX-License-Identifier: Apache-2.0 */
/* Streaming request bodies into blobs. See body.h. */

#include "api/body.h"

#include "api/host.h"

static const SwErrorKind BAD_DIGEST = {.code = "BadDigest", .http = 400};
static const SwErrorKind INVALID_DIGEST = {.code = "InvalidDigest", .http = 400};
static const SwErrorKind CONTENT_MISMATCH = {.code = "XAmzContentSHA256Mismatch", .http = 400};
static const SwErrorKind INCOMPLETE_BODY = {.code = "IncompleteBody", .http = 400};
static const SwErrorKind INVALID_REQUEST = {.code = "InvalidRequest", .http = 400};

/* Header (or trailer) that carries a checksum -> its digest. */
static const struct { const char *header; SwDigestKind kind; } checksums[] = {
    {"x-amz-checksum-crc32", SW_CRC32},         {"x-amz-checksum-crc32c", SW_CRC32C},
    {"x-amz-checksum-crc64nvme", SW_CRC64NVME}, {"x-amz-checksum-sha1", SW_SHA1},
    {"x-amz-checksum-sha256", SW_SHA256},
};

struct SwBody {
    SwBlobWriter *writer;
    SwAwsChunked *chunked;              /* NULL: the body is plain */
    SwHeaderList  trailers;
    int64_t       expected;             /* -1: unknown */
};

static int write_blob(void *arg, const void *p, size_t n, SwError *err) {
    SwBody *b = arg;
    return sw_blob_add(b->writer, p, n, err);
}

static int unchunk(void *arg, const void *p, size_t n, SwError *err) {
    SwBody *b = arg;
    return sw_aws_chunked_push(b->chunked, p, n, err);
}

static unsigned wanted_digests(const SwHeaderList *h) {
    unsigned wanted = 1u << SW_MD5;     /* always: S3's ETag */
    SwStr trailer = sw_header_get(h, "x-amz-trailer"), algorithm = sw_header_get(h, "x-amz-sdk-checksum-algorithm");
    for (size_t i = 0; i < SW_N(checksums); i++) {
        SwStr name = sw_str(checksums[i].header), short_name = sw_str_skip(name, sizeof("x-amz-checksum-") - 1);
        if (sw_str_is(sw_header_get(h, checksums[i].header)) || sw_str_ieq(trailer, name) || sw_str_ieq(algorithm, short_name))
            wanted |= 1u << checksums[i].kind;
    }
    return wanted;
}

int sw_body_begin(SwCtx *cx, SwHttpRequest *rq, SwBody **ret_b, SwError *err) {
    const SwHeaderList *h = &rq->m.headers;
    SwBody *b = sw_new(cx->arena, SwBody);
    b->expected = -1;
    if (sw_blob_begin(cx->host->blobs, cx->arena, wanted_digests(h), &b->writer, err) < 0)
        return -1;
    bool chunked = sw_str_starts(sw_header_get(h, "x-amz-content-sha256"), SW_STR("STREAMING-")) ||
                   sw_str_contains(sw_header_get(h, "content-encoding"), SW_STR("aws-chunked"));
    SwStr length = sw_header_get(h, chunked ? "x-amz-decoded-content-length" : "content-length");
    if (sw_str_is(length) && (!sw_str_to_i64(length, &b->expected) || b->expected < 0))
        return sw_fail(err, &INVALID_REQUEST, "The length of the body is not a number.");
    if (chunked)
        b->chunked = sw_aws_chunked_new(cx->arena, b->expected, write_blob, b);
    rq->keep_encoding = true;           /* an object keeps its own Content-Encoding */
    rq->sink = chunked ? unchunk : write_blob;
    rq->sink_arg = b;
    *ret_b = b;
    return 0;
}

static int compare(SwArena *a, const SwBlobInfo *info, SwDigestKind kind, SwStr base64, const char *name, SwError *err) {
    SwStr want;
    SwStr have = kind == SW_SHA256 ? SW_NO_STR : info->extra[kind];
    if (kind == SW_SHA256 && !sw_unhex(a, info->digest, &have))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The digest cannot be read");
    if (!sw_unbase64(a, base64, &want) || want.n != have.n)
        return sw_fail(err, kind == SW_MD5 ? &INVALID_DIGEST : &INVALID_REQUEST, "Value for %s header is invalid.", name);
    if (!sw_str_eq(want, have))
        return kind == SW_MD5
                   ? sw_fail(err, &BAD_DIGEST, "The Content-MD5 you specified did not match what we received.")
                   : sw_fail(err, &BAD_DIGEST, "The %s you specified did not match the calculated checksum.", name);
    return 0;
}

static int compare_all(SwArena *a, const SwHeaderList *h, const SwBlobInfo *info, SwError *err) {
    SwStr md5 = sw_header_get(h, "content-md5");
    if (sw_str_is(md5) && compare(a, info, SW_MD5, md5, "Content-MD5", err) < 0)
        return -1;
    for (size_t i = 0; i < SW_N(checksums); i++) {
        SwStr value = sw_header_get(h, checksums[i].header);
        if (sw_str_is(value) && compare(a, info, checksums[i].kind, value, checksums[i].header, err) < 0)
            return -1;
    }
    return 0;
}

int sw_body_end(SwBody *b, SwHttpRequest *rq, SwStream *ret_s, SwStr *ret_payload_hash, SwError *err) {
    if (rq->sink_error.kind) {
        *err = rq->sink_error;
        return -1;
    }
    if (b->chunked) {
        if (sw_aws_chunked_end(b->chunked, &b->trailers, err) < 0)
            return -1;
        for (size_t i = 0; i < b->trailers.n; i++)
            sw_header_set(rq->arena, &rq->m.headers, b->trailers.v[i].name, b->trailers.v[i].value);
    }
    SwBlobInfo info;
    if (sw_blob_commit(b->writer, &info, err) < 0)
        return -1;
    if (b->expected >= 0 && info.size != b->expected)
        return sw_fail(err, &INCOMPLETE_BODY, "You did not provide the number of bytes specified by the Content-Length HTTP header.");
    if (compare_all(rq->arena, &rq->m.headers, &info, err) < 0)
        return -1;
    SwStr declared = sw_header_get(&rq->m.headers, "x-amz-content-sha256");
    if (declared.n == 64 && !sw_str_ieq(declared, info.digest))
        return sw_fail(err, &CONTENT_MISMATCH, "The provided 'x-amz-content-sha256' header does not match what was computed.");
    SwStr sha256;
    if (!sw_unhex(rq->arena, info.digest, &sha256))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The digest cannot be read");
    *ret_s = (SwStream){.set = true, .file = -1, .size = info.size, .sha256 = sha256, .md5 = info.extra[SW_MD5]};
    *ret_payload_hash = sw_str_or(declared, info.digest);
    return 0;
}
