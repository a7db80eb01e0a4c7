/* SPDX-License-Identifier: Apache-2.0 */
/* Reading objects: conditions, ranges, parts, and bodies that lie in one blob (sent as a file) or in several (read while
 * they are sent). */

#include <unistd.h>

#include "base/digest.h"
#include "services/s3/s3.h"

static const SwErrorKind INVALID_PART_NUMBER = {.code = "InvalidPartNumber", .http = 416};

bool s3_etag_eq(SwStr given, SwStr etag) {
    given = sw_str_trim(given);
    if (sw_str_eqz(given, "*"))
        return true;
    if (given.n >= 2 && given.p[0] == '"')
        given = sw_str_n(given.p + 1, given.n - 2);
    return etag.n >= 2 && sw_str_eq(given, sw_str_n(etag.p + 1, etag.n - 2));
}

/* weak: W/"x" is as good as "x" (RFC 9110, 8.8.3.2), which is so for If-None-Match alone. */
static bool any_etag(SwStr list, SwStr etag, bool weak) {
    SwStr part;
    while (sw_str_next(&list, ',', &part)) {
        part = sw_str_trim(part);
        if (weak && sw_str_starts(part, SW_STR("W/")))
            part = sw_str_skip(part, 2);
        if (s3_etag_eq(part, etag))
            return true;
    }
    return false;
}

/* RFC 9110, 13.2.2: a match decides before a date. */
S3Verdict s3_judge(const S3Conditions *c, SwStr etag, SwTime modified, const char **ret_condition) {
    *ret_condition = "If-Match";
    if (sw_str_is(c->match)) {
        if (!any_etag(c->match, etag, false))
            return S3_FAILED;
    } else if (c->unmodified_since.set && modified / SW_S > c->unmodified_since.v / SW_S) {
        *ret_condition = "If-Unmodified-Since";
        return S3_FAILED;
    }
    *ret_condition = "If-None-Match";
    if (sw_str_is(c->none_match))
        return any_etag(c->none_match, etag, true) ? S3_NOT_MODIFIED : S3_GO_ON;
    *ret_condition = "If-Modified-Since";
    return c->modified_since.set && modified / SW_S <= c->modified_since.v / SW_S ? S3_NOT_MODIFIED : S3_GO_ON;
}

void s3_slice(SwArena *a, const S3ExtentList *extents, int64_t offset, int64_t size, S3ExtentList *ret_l) {
    for (size_t i = 0; i < extents->n && size > 0; i++) {
        const S3Extent *e = &extents->v[i];
        if (offset >= e->size.v) {
            offset -= e->size.v;
            continue;
        }
        int64_t n = SW_MIN(size, e->size.v - offset);
        *sw_list_add(a, ret_l) =
            (S3Extent){.digest = e->digest, .offset = SW_SOME_INT(e->offset.v + offset), .size = SW_SOME_INT(n)};
        size -= n;
        offset = 0;
    }
}

bool s3_range(SwStr text, int64_t size, int64_t *ret_offset, int64_t *ret_size, bool *ret_bad) {
    *ret_bad = false;
    SwStr unit = SW_STR("bytes="), first, last = text;
    if (!sw_str_starts(text, unit))
        return false;
    last = sw_str_trim(sw_str_skip(text, unit.n));
    int64_t from = 0, to = size - 1;
    if (sw_str_contains(last, SW_STR(",")) || !sw_str_cut(&last, '-', &first))
        return false;
    if (!sw_str_is(first) && !sw_str_is(last))
        return false;
    if (sw_str_is(first) && (!sw_str_to_i64(first, &from) || from < 0))
        return false;
    if (sw_str_is(last) && (!sw_str_to_i64(last, &to) || to < 0))
        return false;
    if (!sw_str_is(first)) { /* the last so many bytes */
        *ret_bad = to == 0 || size == 0;
        from = SW_MAX(size - to, 0);
        to = size - 1;
    } else {
        if (sw_str_is(last) && to < from)
            return false;
        *ret_bad = from >= size;
    }
    to = SW_MIN(to, size - 1);
    *ret_offset = from;
    *ret_size = to - from + 1;
    return true;
}

/* Bytes from several blobs, opened one after the other. */
typedef struct Reader {
    SwBlobs *blobs;
    S3ExtentList extents;
    size_t at;    /* extent that is being read */
    int64_t left; /* of it */
    int fd;
    int64_t position;
    SwError err; /* why it could not go on; a read that failed by itself has none */
} Reader;

static int reader_next(Reader *r) {
    const S3Extent *e = &r->extents.v[r->at];
    int64_t size;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    int rc = sw_blob_open(r->blobs, e->digest, &r->fd, &size, &r->err);
    r->position = e->offset.v;
    r->left = e->size.v;
    return rc < 0 || r->fd < 0 ? -1 : 0;
}

static ssize_t reader_read(void *arg, void *buf, size_t n) {
    Reader *r = arg;
    while (r->left == 0) {
        r->at += r->fd >= 0; /* nothing is open before the first one */
        if (r->at >= r->extents.n)
            return 0;
        if (reader_next(r) < 0)
            return -1;
    }
    ssize_t got = pread(r->fd, buf, SW_MIN(n, (size_t)r->left), r->position);
    if (got <= 0)
        return -1;
    r->position += got;
    r->left -= got;
    return got;
}

static int fail_read(const Reader *r, SwError *err) {
    const char *cause = r->err.cause ? r->err.cause : "a blob of the object is missing, or shorter than it was";
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, cause, "We encountered an internal error. Please try again.");
}

static void reader_close(void *arg) {
    Reader *r = arg;
    if (r->fd >= 0)
        close(r->fd);
}

static Reader *reader_new(SwCtx *cx, const S3ExtentList *extents) {
    Reader *r = sw_new(cx->arena, Reader);
    r->blobs = cx->host->blobs;
    r->extents = *extents;
    r->fd = -1;
    r->err = sw_error(cx->arena);
    sw_arena_defer(cx->arena, reader_close, r);
    return r;
}

SwStr s3_e_tag(SwArena *a, const void *md5, size_t n) {
    return sw_cat(a, SW_STR("\""), sw_hex(a, md5, n), SW_STR("\""));
}

int s3_digest_extents(SwCtx *cx, const S3ExtentList *extents, SwStr *ret_e_tag, int algorithm, SwStr *ret_sum, SwError *err) {
    Reader *r = reader_new(cx, extents);
    char *buf = sw_arena_alloc(cx->arena, 64 * SW_KIB);
    SwDigest *md5 = sw_digest_new(cx->arena, SW_MD5);
    SwDigest *sum = algorithm >= 0 ? sw_digest_new(cx->arena, s3_digest_kind(algorithm)) : NULL;
    uint8_t bytes[SW_DIGEST_BYTES_MAX];
    ssize_t n;
    while ((n = reader_read(r, buf, 64 * SW_KIB)) > 0) {
        if (cx->http && sw_http_ended(cx->http)) /* gigabytes are not read for a client that has left */
            return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "The connection ended before the object was read.");
        if (ret_e_tag)
            sw_digest_add(md5, buf, (size_t)n);
        if (sum)
            sw_digest_add(sum, buf, (size_t)n);
    }
    if (n < 0)
        return fail_read(r, err);
    if (ret_e_tag)
        *ret_e_tag = s3_e_tag(cx->arena, bytes, sw_digest_end(md5, bytes));
    if (sum)
        *ret_sum = sw_base64(cx->arena, sw_str_n((const char *)bytes, sw_digest_end(sum, bytes)));
    return 0;
}

static int open_body(SwCtx *cx, const S3ExtentList *extents, int64_t offset, int64_t size, SwStream *ret_s, SwError *err) {
    S3ExtentList slice = {0};
    s3_slice(cx->arena, extents, offset, size, &slice);
    *ret_s = (SwStream){.set = true, .file = -1, .size = size, .data = SW_STR("")};
    if (slice.n == 0)
        return 0;
    Reader *r = reader_new(cx, &slice);
    if (reader_next(r) < 0)
        return fail_read(r, err);
    ret_s->data = SW_NO_STR;
    if (slice.n == 1) {
        ret_s->file = r->fd; /* closed with the arena, by the reader */
        ret_s->offset = slice.v[0].offset.v;
    } else {
        ret_s->read = reader_read;
        ret_s->arg = r;
    }
    return 0;
}

/* The range that a request is about: all, a byte range, or one part of an upload. Sets 206 where it is not all. */
typedef struct Window {
    int64_t offset, size;
    SwStr content_range;
} Window;

static int window(SwCtx *cx, const S3ObjectRecord *o, SwStr range, SwOptInt part, Window *ret_w, SwError *err) {
    *ret_w = (Window){.size = o->size.v};
    bool partial = part.set, bad = false;
    if (sw_str_is(range) && part.set)
        return sw_fail(err, &S3_INVALID_REQUEST, "Cannot specify both Range header and partNumber query parameter");
    if (part.set && (part.v < 1 || part.v > S3_PARTS_MAX))
        return s3_fail_part_number(err, part.v);
    if (part.set && (size_t)part.v > SW_MAX(o->part_sizes.n, (size_t)1)) {
        sw_fail(err, &INVALID_PART_NUMBER, "The requested partnumber is not satisfiable");
        sw_fail_fact(err, "PartNumberRequested", sw_strf(cx->arena, "%lld", (long long)part.v));
        return sw_fail_fact(err, "ActualPartCount", sw_strf(cx->arena, "%zu", SW_MAX(o->part_sizes.n, (size_t)1)));
    }
    if (part.set && o->part_sizes.n > 0) {
        for (int64_t i = 0; i < part.v - 1; i++)
            ret_w->offset += o->part_sizes.v[i].v;
        ret_w->size = o->part_sizes.v[part.v - 1].v;
    } else if (sw_str_is(range)) {
        partial = s3_range(range, o->size.v, &ret_w->offset, &ret_w->size, &bad);
    }
    if (bad) {
        sw_fail(err, &S3_INVALID_RANGE, "The requested range is not satisfiable");
        sw_fail_fact(err, "RangeRequested", range);
        return sw_fail_fact(err, "ActualObjectSize", sw_strf(cx->arena, "%lld", (long long)o->size.v));
    }
    if (!partial)
        return 0;
    if (o->size.v == 0)
        return 0; /* part 1 of nothing has no range */
    cx->status = 206;
    ret_w->content_range = sw_strf(cx->arena, "bytes %lld-%lld/%lld", (long long)ret_w->offset,
                                   (long long)(ret_w->offset + ret_w->size - 1), (long long)o->size.v);
    return 0;
}

/* The checksum of an answer covers what it carries: the object, or the part that was asked for. Of a part alone only
 * composite uploads have one. */
static void set_checksum(const S3GetObjectRequest *in, bool partial, const S3ObjectRecord *o, S3GetObjectOutput *out) {
    int algorithm = s3_sum_kind(&s3_shape_get_object_output, out);
    bool asked = sw_str_ieq(in->checksum_mode, SW_STR("ENABLED")), part = in->part_number.set && o->part_sizes.n > 0;
    if (algorithm < 0)
        return;
    SwStr *sum = s3_sum(&s3_shape_get_object_output, out, algorithm);
    if (part && o->part_sums.n > 0)
        *sum = o->part_sums.v[in->part_number.v - 1];
    else if (part && o->part_sizes.n > 1)
        *sum = SW_NO_STR;
    if (!asked || (partial && !in->part_number.set))
        *sum = SW_NO_STR;
    if (!sum->p)
        out->checksum_type = SW_NO_STR;
}

static int describe(SwCtx *cx, const S3GetObjectRequest *in, const S3BucketRecord *b, const S3ObjectRecord *o,
                    S3GetObjectOutput *out, Window *ret_w, SwError *err) {
    bool overrides = in->response_content_type.p || in->response_content_language.p || in->response_content_encoding.p ||
                     in->response_content_disposition.p || in->response_cache_control.p || in->response_expires.set;
    if (overrides && cx->principal.kind == SW_PRINCIPAL_ANONYMOUS)
        return sw_fail(err, &S3_INVALID_REQUEST,
                       "Request specific response headers cannot be used for anonymous GET requests.");
    S3Conditions c = {in->if_match, in->if_none_match, in->if_modified_since, in->if_unmodified_since};
    const char *condition;
    S3Verdict v = s3_judge(&c, o->e_tag, o->last_modified.v, &condition);
    if (v == S3_FAILED)
        return s3_fail_condition(err, condition);
    if (v == S3_NOT_MODIFIED) {
        cx->status = 304;
        out->e_tag = o->e_tag;
        out->last_modified = o->last_modified;
        *ret_w = (Window){.size = -1};
        return 0;
    }
    if (window(cx, o, in->range, in->part_number, ret_w, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_get_object_output, out, &s3_shape_object_record, o);
    out->metadata = s3_shown_metadata(cx->arena, &o->metadata);
    out->accept_ranges = SW_STR("bytes");
    out->version_id = s3_shown_version(b, o);
    out->content_length = SW_SOME_INT(ret_w->size);
    out->content_range = ret_w->content_range;
    set_checksum(in, cx->status == 206, o, out);
    if (in->part_number.set && o->part_sizes.n > 0)
        out->parts_count = SW_SOME_INT((int64_t)o->part_sizes.n);
    if (o->tags.n > 0)
        out->tag_count = SW_SOME_INT((int64_t)o->tags.n);
    if (sw_str_eqz(out->storage_class, "STANDARD"))
        out->storage_class = SW_NO_STR;
    out->content_type = sw_str_or(in->response_content_type, out->content_type);
    out->content_language = sw_str_or(in->response_content_language, out->content_language);
    out->content_encoding = sw_str_or(in->response_content_encoding, out->content_encoding);
    out->content_disposition = sw_str_or(in->response_content_disposition, out->content_disposition);
    out->cache_control = sw_str_or(in->response_cache_control, out->cache_control);
    if (in->response_expires.set)
        out->expires = sw_time_http(cx->arena, in->response_expires.v);
    return 0;
}

int s3_get_object(SwCtx *cx, const S3GetObjectRequest *in, S3GetObjectOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3ObjectRecord *o;
    Window w;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_get(cx, b, in->key, in->version_id, &o, err) < 0 ||
        describe(cx, in, b, o, out, &w, err) < 0)
        return -1;
    if (w.size < 0) {
        out->body = (SwStream){.set = true, .file = -1, .data = SW_STR("")};
        return 0;
    }
    return open_body(cx, &o->extents, w.offset, w.size, &out->body, err);
}

int s3_head_object(SwCtx *cx, const S3HeadObjectRequest *in, S3HeadObjectOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3ObjectRecord *o;
    S3GetObjectRequest get = {0};
    S3GetObjectOutput got = {0};
    Window w;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_get(cx, b, in->key, in->version_id, &o, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_get_object_request, &get, &s3_shape_head_object_request, in);
    if (describe(cx, &get, b, o, &got, &w, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_head_object_output, out, &s3_shape_get_object_output, &got);
    return 0;
}

static bool asked(const S3GetObjectAttributesRequest *in, const char *attribute) {
    return sw_str_list_has(&in->object_attributes, sw_str(attribute));
}

/* The list itself only where the parts have checksums of their own. */
static S3GetObjectAttributesParts *parts_of(SwArena *a, const S3ObjectRecord *o, size_t marker, size_t max) {
    S3GetObjectAttributesParts *p = sw_new(a, S3GetObjectAttributesParts);
    size_t from = SW_MIN(marker, o->part_sizes.n), to = SW_MIN(o->part_sizes.n, from + max);
    p->total_parts_count = SW_SOME_INT((int64_t)o->part_sizes.n);
    int algorithm = s3_sum_kind(&s3_shape_object_record, o);
    if (o->part_sums.n == 0 || algorithm < 0)
        return p;
    p->part_number_marker = SW_SOME_INT((int64_t)marker);
    p->max_parts = SW_SOME_INT((int64_t)max);
    p->is_truncated = SW_SOME_BOOL(to < o->part_sizes.n);
    p->next_part_number_marker = SW_SOME_INT((int64_t)to);
    for (size_t i = from; i < to; i++) {
        S3ObjectPart *e = sw_list_add(a, &p->parts);
        e->part_number = SW_SOME_INT((int64_t)i + 1);
        e->size = o->part_sizes.v[i];
        *s3_sum(&s3_shape_object_part, e, algorithm) = o->part_sums.v[i];
    }
    return p;
}

int s3_get_object_attributes(SwCtx *cx, const S3GetObjectAttributesRequest *in, S3GetObjectAttributesOutput *out,
                             SwError *err) {
    S3BucketRecord *b;
    S3ObjectRecord *o;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_get(cx, b, in->key, in->version_id, &o, err) < 0)
        return -1;
    out->last_modified = o->last_modified;
    out->version_id = s3_shown_version(b, o);
    if (asked(in, "ETag"))
        out->e_tag = sw_str_n(o->e_tag.p + 1, o->e_tag.n - 2);
    if (asked(in, "ObjectSize"))
        out->object_size = o->size;
    if (asked(in, "StorageClass"))
        out->storage_class = sw_str_or(o->storage_class, SW_STR("STANDARD"));
    if (asked(in, "Checksum") && sw_str_is(o->checksum_type)) {
        out->checksum = sw_new(cx->arena, S3Checksum);
        sw_shape_move(cx->arena, &s3_shape_checksum, out->checksum, &s3_shape_object_record, o);
        int algorithm = s3_sum_kind(&s3_shape_checksum, out->checksum);
        if (algorithm >= 0) { /* without the number of parts, which stands below */
            SwStr *sum = s3_sum(&s3_shape_checksum, out->checksum, algorithm), rest = *sum;
            (void)sw_str_cut(&rest, '-', sum);
        }
    }
    if (asked(in, "ObjectParts") && o->part_sizes.n > 0)
        out->object_parts =
            parts_of(cx->arena, o, (size_t)SW_OR(in->part_number_marker, 0), (size_t)SW_MIN(SW_OR(in->max_parts, 1000), 1000));
    return 0;
}
