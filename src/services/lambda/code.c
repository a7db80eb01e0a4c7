/* SPDX-License-Identifier: Apache-2.0 */
/* Code on its way in: with the request or out of a bucket, into a blob, looked through before anything is stored. Unpacking
 * is for later (code_controller.c). */

#include <errno.h>
#include <unistd.h>

#include "api/seal.h"
#include "models/s3.gen.h"
#include "services/lambda/lambda.h"

#define PART (256 * SW_KIB)

SwStr lambda_code_sha256(SwArena *a, SwStr digest) {
    SwStr raw;
    return sw_unhex(a, digest, &raw) ? sw_base64(a, raw) : SW_NO_STR;
}

SwStr lambda_code_owner(SwArena *a, SwStr function, SwStr version) {
    return sw_strf(a, "lambda/%.*s/%.*s", SW_FMT(function), SW_FMT(version));
}

static ssize_t read_part(SwStream *s, int64_t at, char *part) {
    if (s->read)
        return s->read(s->arg, part, PART);
    return pread(s->file, part, (size_t)SW_MIN((int64_t)PART, s->size - at), s->offset + at);
}

/* Larger than its content may be no archive is. */
static int copy(SwStream *s, SwBlobWriter *w, SwArena *a, SwError *err) {
    char *part = sw_arena_alloc(a, PART);
    int64_t at = 0;
    if (s->data.p)
        return sw_blob_add(w, s->data.p, s->data.n, err);
    for (;;) {
        ssize_t n = read_part(s, at, part);
        if (n < 0)
            return sw_fail_errno(err, errno, "read an object");
        if (n == 0)
            return 0;
        if ((at += n) > LAMBDA_UNZIPPED_MAX)
            return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION, "Unzipped size must be smaller than %d bytes",
                           LAMBDA_UNZIPPED_MAX);
        if (sw_blob_add(w, part, (size_t)n, err) < 0)
            return -1;
    }
}

/* As the caller, who needs s3:GetObject. */
static int from_s3(SwCtx *cx, const LambdaFunctionCode *c, SwBlobInfo *ret, SwError *err) {
    S3GetObjectRequest in = {.bucket = c->s3_bucket, .key = c->s3_key, .version_id = c->s3_object_version};
    S3GetObjectOutput *out;
    SwError why = sw_error(cx->arena);
    SwBlobWriter *w;
    if (s3_call_get_object(cx, &in, &out, &why) < 0)
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s",
                       why.kind ? why.kind->code : "InternalError", why.message);
    if (sw_blob_begin(cx->host->blobs, cx->arena, 0, &w, err) < 0 || copy(&out->body, w, cx->arena, err) < 0)
        return -1;
    return sw_blob_commit(w, ret, err);
}

static int from_request(SwCtx *cx, SwStr zip, SwBlobInfo *ret, SwError *err) {
    if ((int64_t)zip.n > LAMBDA_CODE_MAX)
        return sw_fail(err, &LAMBDA_REQUEST_ENTITY_TOO_LARGE_EXCEPTION,
                       "Request must be smaller than 70167211 bytes for the CreateFunction operation");
    return sw_blob_put(cx->host->blobs, cx->arena, zip, ret, err);
}

static int check(SwCtx *cx, SwStr digest, SwError *err) {
    _sw_close_ int fd = -1;
    int64_t ignored;
    if (sw_blob_open(cx->host->blobs, digest, &fd, &ignored, err) < 0)
        return -1;
    return fd < 0 ? sw_fail(err, &SW_INTERNAL_FAILURE, "The code is not there") : lambda_zip_check(fd, err);
}

int lambda_code_receive(SwCtx *cx, const LambdaFunctionCode *c, LambdaPackage *ret, SwError *err) {
    bool s3 = sw_str_is(c->s3_bucket) || sw_str_is(c->s3_key);
    SwBlobInfo b;
    if (!s3 && !c->zip_file.p)
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION, "Please provide a source for function code.");
    if (s3 && c->zip_file.p)
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "Please do not provide other FunctionCode parameters when providing a ZipFile.");
    if (s3 && (!sw_str_is(c->s3_bucket) || !sw_str_is(c->s3_key)))
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "Both S3Bucket and S3Key are needed for code out of S3.");
    if ((s3 ? from_s3(cx, c, &b, err) : from_request(cx, c->zip_file, &b, err)) < 0)
        return -1;
    *ret = (LambdaPackage){.digest = b.digest, .size = b.size};
    return check(cx, b.digest, err);
}

/* ---- and out again ---- */

#define LIFE (10 * SW_MINUTE)

/* Sealed, so that who was not given it cannot make it. In the path as text of base64url. */
int lambda_code_location(SwCtx *cx, SwStr digest, SwStr *ret, SwError *err) {
    SwArena *a = cx->arena;
    SwStr sealed, raw, plain = sw_strf(a, "%lld %.*s", (long long)((sw_now(cx) + LIFE) / SW_MS), SW_FMT(digest));
    if (sw_seal(cx, SW_STR("lambda/code"), plain, &sealed, err) < 0)
        return -1;
    if (!sw_unbase64(a, sealed, &raw))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "A seal is no base64");
    SwStr token = sw_base64url(a, raw);
    *ret = sw_strf(a, "http://127.0.0.1:%u" LAMBDA_CODE_PATH "%.*s", cx->host->port, SW_FMT(token));
    return 0;
}

static bool read_token(SwCtx *cx, SwStr token, SwStr *ret_digest) {
    SwError ignored = sw_error(cx->arena);
    SwStr raw, plain, until;
    int64_t ms;
    if (!sw_unbase64url(cx->arena, token, &raw) ||
        sw_unseal(cx, SW_STR("lambda/code"), sw_base64(cx->arena, raw), &plain, &ignored) < 0)
        return false;
    *ret_digest = plain;
    return sw_str_cut(ret_digest, ' ', &until) && sw_str_to_i64(until, &ms) && sw_now(cx) < ms * SW_MS;
}

static void close_file(void *fd) {
    close((int)(intptr_t)fd);
}

void lambda_code_download(SwCtx *cx) {
    SwWireMessage *m = &cx->http->reply;
    SwError ignored = sw_error(cx->arena);
    SwStr digest;
    int fd = -1;
    int64_t size;
    m->status = 403;
    if (!read_token(cx, sw_str_skip(cx->http->m.path, strlen(LAMBDA_CODE_PATH)), &digest) ||
        sw_blob_open(cx->host->blobs, digest, &fd, &size, &ignored) < 0)
        return;
    m->status = fd < 0 ? 404 : 200;
    sw_header_set(cx->arena, &m->headers, SW_STR("Content-Type"), SW_STR("application/zip"));
    if (fd < 0)
        return;
    sw_arena_defer(cx->arena, close_file, (void *)(intptr_t)fd);
    m->stream = (SwStream){.set = true, .file = fd, .size = size};
}
