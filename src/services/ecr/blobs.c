/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs of the registry protocol: download with ranges; upload in one piece, in chunks, or by
 * mounting what another repository has. Bodies go to disk as they come. */

#include <errno.h>

#include "services/ecr/routes.h"

static SwStr upload_location(SwCtx *cx, SwStr name, SwStr id) {
    return sw_strf(cx->arena, "/v2/%.*s/blobs/uploads/%.*s", SW_FMT(name), SW_FMT(id));
}

/* ---- download ---- */

static void close_file(void *arg) {
    close((int)(intptr_t)arg);
}

/* "bytes=2-5", "bytes=2-", "bytes=-5" of a blob. False: the range cannot be served. Others than one
 * range: the whole. */
static bool read_range(SwStr text, int64_t size, int64_t *ret_from, int64_t *ret_n, bool *ret_partial) {
    SwStr from;
    int64_t first, last = size - 1;
    *ret_from = 0;
    *ret_n = size;
    *ret_partial = false;
    if (!sw_str_starts(text, SW_STR("bytes=")))
        return true;
    SwStr rest = sw_str_skip(text, 6);
    if (!sw_str_cut(&rest, '-', &from) || sw_str_contains(rest, SW_STR(",")))
        return true;
    if (!from.n) {
        if (!sw_str_to_i64(rest, &first) || first <= 0)
            return false;
        first = SW_MAX(size - first, (int64_t)0);
    } else if (!sw_str_to_i64(from, &first) || (rest.n && !sw_str_to_i64(rest, &last))) {
        return true;
    }
    last = SW_MIN(last, size - 1);
    if (first < 0 || first > last)
        return false;
    *ret_from = first;
    *ret_n = last - first + 1;
    *ret_partial = true;
    return true;
}

static void send_blob(SwCtx *cx, SwStr digest, int fd, int64_t size) {
    int64_t from, n;
    bool partial;
    sw_arena_defer(cx->arena, close_file, (void *)(intptr_t)fd);
    if (!read_range(sw_header_find(&cx->http->m.headers, "range"), size, &from, &n, &partial)) {
        ecr_reply_error(cx, 416, "RANGE_INVALID", SW_STR("the range lies outside of the blob"));
        ecr_reply_header(cx, "Content-Range", sw_strf(cx->arena, "bytes */%lld", (long long)size));
        return;
    }
    ecr_reply(cx, partial ? 206 : 200);
    ecr_reply_header(cx, "Content-Type", SW_STR("application/octet-stream"));
    ecr_reply_header(cx, "Docker-Content-Digest", digest);
    ecr_reply_header(cx, "ETag", sw_strf(cx->arena, "\"%.*s\"", SW_FMT(digest)));
    ecr_reply_header(cx, "Accept-Ranges", SW_STR("bytes"));
    if (partial)
        ecr_reply_header(cx, "Content-Range",
                         sw_strf(cx->arena, "bytes %lld-%lld/%lld", (long long)from, (long long)(from + n - 1),
                                 (long long)size));
    if (ecr_is_method(cx, "HEAD"))
        ecr_reply_header(cx, "Content-Length", sw_strf(cx->arena, "%lld", (long long)n));
    else
        cx->http->reply.stream = (SwStream){.set = true, .file = fd, .offset = from, .size = n};
}

void ecr_blob_handle(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    EcrLayerRecord *l = NULL;
    int fd = -1;
    int64_t size = 0;
    if (!ecr_is_digest(v->path.reference)) {
        ecr_reply_error(cx, 400, "DIGEST_INVALID", SW_STR("the digest is not sha256:HEX"));
        return;
    }
    int r = sw_ctx_begin(cx, SW_READ, &err);
    if (r == 0)
        r = ecr_layer_find(cx, v->path.name, v->path.reference, &l, &err);
    sw_ctx_rollback(cx);
    if (r == 0 && l)
        r = sw_blob_open(cx->host->blobs, ecr_digest_hex(v->path.reference), &fd, &size, &err);
    if (r < 0)
        ecr_reply_failure(cx, &err);
    else if (fd < 0)
        ecr_reply_error(cx, 404, "BLOB_UNKNOWN", SW_STR("blob unknown to registry"));
    else
        send_blob(cx, v->path.reference, fd, size);
}

/* ---- upload ---- */

static int take_bytes(void *arg, const void *p, size_t n, SwError *err) {
    EcrVisit *v = arg;
    if ((int64_t)n > ECR_LAYER_MAX - v->size)
        return sw_fail(err, &SW_REQUEST_ENTITY_TOO_LARGE, "The layer is larger than %lld bytes", (long long)ECR_LAYER_MAX);
    v->size += (int64_t)n;
    return sw_blob_add(v->writer, p, n, err);
}

static void reply_busy(SwCtx *cx) {
    ecr_reply_error(cx, 409, "BLOB_UPLOAD_INVALID", SW_STR("another request is writing this upload"));
}

static bool take_up(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    if (sw_blob_unpark(cx->host->blobs, cx->arena, v->path.reference, 0, &v->writer, &v->before, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return false;
    }
    if (!v->writer) {
        reply_busy(cx);
        return false;
    }
    v->size = v->before;
    cx->http->sink = take_bytes;
    return true;
}

static void reply_progress(SwCtx *cx, uint16_t status, SwStr name, SwStr id, int64_t size) {
    ecr_reply(cx, status);
    ecr_reply_header(cx, "Location", upload_location(cx, name, id));
    ecr_reply_header(cx, "Range", sw_strf(cx->arena, "0-%lld", (long long)SW_MAX(size - 1, (int64_t)0)));
    ecr_reply_header(cx, "Docker-Upload-UUID", id);
}

/* Content-Range of a chunk, "FIRST-LAST" as the registries' protocol writes it: begins where the
 * upload ends, and is as long as the body, where that says how long it is. */
static bool chunk_fits(const EcrVisit *v, SwStr range) {
    SwStr length = sw_header_find(&v->cx->http->m.headers, "content-length"), first;
    int64_t from, to, n;
    if (sw_str_starts(range, SW_STR("bytes ")))
        range = sw_str_skip(range, 6);
    if (!sw_str_cut(&range, '-', &first) || !sw_str_to_i64(first, &from) || !sw_str_to_i64(range, &to) || from != v->before ||
        to < from)
        return false;
    return !sw_str_to_i64(length, &n) || n == to - from + 1;
}

/* False after an answer. */
static bool continues(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwStr range = sw_header_find(&cx->http->m.headers, "content-range");
    if (!sw_str_is(range) || chunk_fits(v, range))
        return true;
    ecr_reply_error(cx, 416, "RANGE_INVALID",
                    SW_STR("the chunk does not begin where the upload ends, or is not as long as "
                           "its range says"));
    SwWireMessage refused = cx->http->reply;
    reply_progress(cx, 416, v->path.name, v->path.reference, v->before);
    cx->http->reply.body = refused.body;
    sw_blob_drop(v->writer); /* before the answer: the client's next request may need it */
    return false;
}

static bool digest_asked(EcrVisit *v, SwStr *ret) {
    *ret = ecr_query(v->cx, "digest");
    if (ecr_is_digest(*ret))
        return true;
    ecr_reply_error(v->cx, 400, "DIGEST_INVALID", SW_STR("the parameter digest is missing or not sha256:HEX"));
    return false;
}

bool ecr_upload_begin_body(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    bool there = false;
    SwStr digest;
    int r = sw_ctx_begin(cx, SW_READ, &err);
    if (r == 0)
        r = ecr_upload_find(cx, v->path.name, v->path.reference, &there, &err);
    sw_ctx_rollback(cx);
    if (r < 0) {
        ecr_reply_failure(cx, &err);
        return false;
    }
    if (!there) {
        ecr_reply_error(cx, 404, "BLOB_UPLOAD_UNKNOWN", SW_STR("blob upload unknown to registry"));
        return false;
    }
    if (ecr_is_method(cx, "PUT") && !digest_asked(v, &digest))
        return false;
    return take_up(v) && continues(v);
}

/* The body of a POST with ?digest= is the whole blob: an upload is made for it first. */
bool ecr_uploads_begin(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    SwStr digest;
    if (!ecr_query(cx, "digest").p)
        return true;
    if (!digest_asked(v, &digest))
        return false;
    if (ecr_upload_begin(cx, v->path.name, &v->path.reference, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return false;
    }
    return take_up(v);
}

static void reply_created(SwCtx *cx, SwStr name, SwStr digest) {
    ecr_reply(cx, 201);
    ecr_reply_header(cx, "Location", sw_strf(cx->arena, "/v2/%.*s/blobs/%.*s", SW_FMT(name), SW_FMT(digest)));
    ecr_reply_header(cx, "Docker-Content-Digest", digest);
}

static void fail_upload(EcrVisit *v, SwError *err) {
    sw_blob_drop(v->writer);
    ecr_reply_failure(v->cx, err);
}

static void finish(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    SwStr digest = ecr_query(cx, "digest");
    bool matches;
    int64_t size;
    if (ecr_upload_end(cx, v->path.name, v->path.reference, v->writer, digest, &matches, &size, &err) < 0)
        fail_upload(v, &err);
    else if (!matches)
        ecr_reply_error(cx, 400, "DIGEST_INVALID", SW_STR("provided digest did not match uploaded content"));
    else
        reply_created(cx, v->path.name, digest);
}

/* What another repository of the registry has, this one gets without its bytes. *ret_done false: it
 * has not. */
static int mount(EcrVisit *v, SwStr digest, SwStr from, bool *ret_done, SwError *err) {
    SwCtx *cx = v->cx;
    EcrLayerRecord *l = NULL;
    EcrRepositoryRecord *r;
    *ret_done = false;
    if (!ecr_is_digest(digest) || !ecr_is_repository_name(from))
        return 0;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (!ecr_may(cx, "ecr:GetDownloadUrlForLayer", from, err)) {
        sw_error_reset(err);
        sw_ctx_rollback(cx);
        return 0;
    }
    if (ecr_repository_get(cx, v->path.name, &r, err) < 0 || ecr_layer_find(cx, from, digest, &l, err) < 0 ||
        (l && ecr_layer_add(cx, v->path.name, digest, l->size.v, err) < 0)) {
        sw_ctx_rollback(cx);
        return -1;
    }
    *ret_done = l != NULL;
    return sw_ctx_commit(cx, err);
}

void ecr_uploads_handle(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    SwStr digest = ecr_query(cx, "mount"), id;
    bool mounted = false;
    if (v->writer) {
        if (cx->http->sink_error.kind)
            ecr_reply_failure(cx, &cx->http->sink_error);
        else
            finish(v);
        return;
    }
    if (sw_str_is(digest) && mount(v, digest, ecr_query(cx, "from"), &mounted, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return;
    }
    if (mounted)
        reply_created(cx, v->path.name, digest);
    else if (ecr_upload_begin(cx, v->path.name, &id, &err) < 0)
        ecr_reply_failure(cx, &err);
    else
        reply_progress(cx, 202, v->path.name, id, 0);
}

static void look(EcrVisit *v) {
    bool busy;
    int64_t size = sw_blob_parked(v->cx->host->blobs, v->path.reference, &busy);
    if (busy)
        reply_busy(v->cx);
    else
        reply_progress(v->cx, 204, v->path.name, v->path.reference, SW_MAX(size, (int64_t)0));
}

/* GET: how far it is; DELETE: not wanted any more. */
static void look_or_cancel(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    bool there = false, cancel = ecr_is_method(cx, "DELETE");
    int r = sw_ctx_begin(cx, cancel ? SW_WRITE : SW_READ, &err);
    if (r == 0)
        r = ecr_upload_find(cx, v->path.name, v->path.reference, &there, &err);
    if (r == 0 && there && cancel)
        r = ecr_uploads_delete(cx->tx, v->path.reference, NULL, &err);
    if (r == 0 && there && cancel)
        r = sw_ctx_commit(cx, &err);
    sw_ctx_rollback(cx);
    if (r == 0 && there && cancel)
        r = sw_blob_discard(cx->host->blobs, v->path.reference, &err);
    if (r < 0)
        ecr_reply_failure(cx, &err);
    else if (!there)
        ecr_reply_error(cx, 404, "BLOB_UPLOAD_UNKNOWN", SW_STR("blob upload unknown to registry"));
    else if (cancel)
        ecr_reply(cx, 204);
    else
        look(v);
}

void ecr_upload_handle(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    int64_t size;
    if (ecr_is_method(cx, "GET") || ecr_is_method(cx, "DELETE"))
        look_or_cancel(v);
    else if (cx->http->sink_error.kind)
        fail_upload(v, &cx->http->sink_error);
    else if (ecr_is_method(cx, "PUT"))
        finish(v);
    else if (sw_blob_park(v->writer, v->path.reference, &size, &err) < 0)
        fail_upload(v, &err);
    else
        reply_progress(cx, 202, v->path.name, v->path.reference, size);
}
