/* SPDX-License-Identifier: Apache-2.0 */
/* Completing an upload: the extents of the parts that are named become an object's. A client that lost the answer asks
 * again and gets it again: what a completion answered is kept for a day under the upload's id.
 *
 * AWS     S3 API "CompleteMultipartUpload"; User Guide "How to prevent object overwrites with conditional writes". */

#include "base/digest.h"
#include "services/s3/s3.h"

#define PART_MIN   (5 * SW_MIB)
#define REPEATABLE (24 * SW_HOUR) /* AWS names no time: long enough for any client that repeats */
#define SWEEP      100            /* of what is older, at each completion */

static const SwErrorKind CONFLICT = {.code = "ConditionalRequestConflict", .http = 409};

static S3PartRecord *part_numbered(const S3PartRecords *parts, int64_t number) {
    for (size_t lo = 0, hi = parts->n; lo < hi;) {
        size_t mid = (lo + hi) / 2;
        S3PartRecord *p = parts->v[mid].record;
        if (p->number.v == number)
            return p;
        if (p->number.v < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static SwStr bare(SwStr etag) {
    return etag.n >= 2 && etag.p[0] == '"' ? sw_str_n(etag.p + 1, etag.n - 2) : etag;
}

static int fail_at_part(SwError *err, const S3CompletedPart *c) {
    sw_fail_fact(err, "PartNumber", sw_strf(err->arena, "%lld", (long long)c->part_number.v));
    return sw_fail_fact(err, "ETag", bare(c->e_tag));
}

static int check_part(SwStr upload, const S3UploadRecord *u, const S3CompletedPart *c, S3PartRecord *p, bool last,
                      SwError *err) {
    int want = s3_algorithm(u->checksum_algorithm);
    SwStr named = want >= 0 ? *s3_sum(&s3_shape_completed_part, (void *)(uintptr_t)c, want) : SW_NO_STR;
    bool match = p && s3_etag_eq(c->e_tag, p->e_tag);
    if (match && want >= 0 && !named.p && sw_str_eq(u->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE))
        return sw_fail(
            err, &S3_INVALID_REQUEST,
            "The upload was created using a %s checksum. The complete request must include the checksum for each part. "
            "It was missing for part %lld in the request.",
            s3_algorithm_lower(want), (long long)c->part_number.v);
    if (match && named.p)
        match = sw_str_eq(named, *s3_sum(&s3_shape_part_record, p, want));
    if (!match) {
        sw_fail(err, &S3_INVALID_PART,
                "One or more of the specified parts could not be found.  The part may not have been uploaded, "
                "or the specified entity tag may not match the part's entity tag.");
        sw_fail_fact(err, "UploadId", upload);
        return fail_at_part(err, c);
    }
    if (!last && p->size.v < (int64_t)PART_MIN) {
        s3_fail_size(err, &S3_ENTITY_TOO_SMALL, "Your proposed upload is smaller than the minimum allowed size", p->size.v,
                     "MinSizeAllowed", PART_MIN);
        return fail_at_part(err, c);
    }
    return 0;
}

/* One more part at the end of o: its extents, its size, and its share of the ETag. */
static void append(SwArena *a, const S3PartRecord *p, S3ObjectRecord *o, SwDigest *md5) {
    SwStr raw;
    for (size_t k = 0; k < p->extents.n; k++)
        *sw_list_add(a, &o->extents) = p->extents.v[k];
    *sw_list_add(a, &o->part_sizes) = p->size;
    o->size.v += p->size.v;
    if (sw_unhex(a, sw_str_n(p->e_tag.p + 1, p->e_tag.n - 2), &raw))
        sw_digest_add(md5, raw.p, raw.n);
}

static int check_order(SwStr upload, const S3CompletedPartList *named, SwError *err) {
    for (size_t i = 0; i < named->n; i++) {
        const S3CompletedPart *c = &named->v[i];
        if (!c->part_number.set || !c->e_tag.p)
            return s3_fail_schema(err);
        if (i == 0 || c->part_number.v > named->v[i - 1].part_number.v)
            continue;
        sw_fail(err, &S3_INVALID_PART_ORDER,
                "The list of parts was not in ascending order. Parts must be ordered by part number.");
        return sw_fail_fact(err, "UploadId", upload);
    }
    return 0;
}

/* Fills o's extents, sizes, ETag and checksum from the parts that are named. */
static int join(SwCtx *cx, SwStr upload, const S3CompletedPartList *named, const S3PartRecords *parts, const S3UploadRecord *u,
                S3ObjectRecord *o, SwError *err) {
    SwArena *a = cx->arena;
    SwDigest *d = sw_digest_new(a, SW_MD5);
    SwStr *sums = sw_new_n(a, SwStr, named->n);
    int64_t *sizes = sw_new_n(a, int64_t, named->n);
    int algorithm = s3_algorithm(u->checksum_algorithm);
    o->size = SW_SOME_INT(0);
    for (size_t i = 0; i < named->n; i++) {
        const S3CompletedPart *c = &named->v[i];
        S3PartRecord *p = part_numbered(parts, c->part_number.v);
        if (check_part(upload, u, c, p, i + 1 == named->n, err) < 0)
            return -1;
        append(a, p, o, d);
        sums[i] = algorithm >= 0 ? *s3_sum(&s3_shape_part_record, p, algorithm) : p->crc64;
        sizes[i] = p->size.v;
    }
    uint8_t md5[SW_DIGEST_BYTES_MAX];
    size_t n = sw_digest_end(d, md5);
    o->e_tag = sw_cat(a, SW_STR("\""), sw_hex(a, md5, n), sw_strf(a, "-%zu\"", named->n));
    bool whole = !sw_str_eq(u->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE);
    if (!whole)
        o->part_sums = (SwStrList){sums, named->n};
    algorithm = algorithm >= 0 ? algorithm : S3_CRC64NVME;
    return s3_join_checksums(a, algorithm, whole, sums, sizes, named->n, s3_sum(&s3_shape_object_record, o, algorithm), err);
}

static int check_whole(const S3CompleteMultipartUploadRequest *in, S3ObjectRecord *o, SwError *err) {
    int given = s3_sum_kind(&s3_shape_complete_multipart_upload_request, in);
    if (sw_str_is(in->checksum_type) && !sw_str_eq(in->checksum_type, o->checksum_type))
        return sw_fail(
            err, &S3_INVALID_REQUEST,
            "The upload was created using the %.*s checksum mode. The complete request must use the same checksum mode.",
            SW_FMT(o->checksum_type));
    if (given >= 0 && !sw_str_eq(*s3_sum(&s3_shape_complete_multipart_upload_request, (void *)(uintptr_t)in, given),
                                 *s3_sum(&s3_shape_object_record, o, given)))
        return sw_fail(err, &S3_BAD_DIGEST, "The %s you specified did not match the calculated checksum.",
                       s3_algorithm_lower(given));
    if (in->mpu_object_size.set && in->mpu_object_size.v != o->size.v)
        return sw_fail(err, &S3_INVALID_REQUEST,
                       "The provided 'x-amz-mp-object-size' header value %lld does not match what was computed: %lld",
                       (long long)in->mpu_object_size.v, (long long)o->size.v);
    return 0;
}

/* A write that is conditional promises more than PutObject's: nothing happened to the key since the upload began. */
static int check_undisturbed(SwCtx *cx, const S3CompleteMultipartUploadRequest *in, const S3UploadRecord *u, SwError *err) {
    S3ObjectRecord *o;
    bool match = sw_str_is(in->if_match);
    if (s3_check_write_conditions(cx, in->bucket, in->key, in->if_match, in->if_none_match, err) < 0)
        return -1;
    if (!match && !sw_str_is(in->if_none_match))
        return 0;
    if (s3_find(cx, in->bucket, in->key, SW_NO_STR, &o, err) < 0)
        return -1;
    if (match ? o && sw_str_eq(o->order, u->found) : !u->deleted.v)
        return 0;
    sw_fail(err, &CONFLICT, "The conditional request cannot succeed due to a conflicting operation against this resource.");
    sw_fail_fact(err, "Condition", sw_str(match ? "If-Match" : "If-None-Match"));
    return sw_fail_fact(err, "Key", in->key);
}

/* Which parts were named, in one word. */
static SwStr parts_word(SwArena *a, const S3CompletedPartList *named) {
    SwBuf b = sw_buf(a, 4 * SW_MIB);
    for (size_t i = 0; i < named->n; i++) {
        SwStr e_tag = bare(named->v[i].e_tag);
        sw_buf_addf(&b, "%lld:%.*s;", (long long)named->v[i].part_number.v, SW_FMT(e_tag));
    }
    return sw_sha256_hex(a, sw_buf_str(&b));
}

static void answer(SwCtx *cx, const S3CompleteMultipartUploadRequest *in, const S3CompletedRecord *c,
                   S3CompleteMultipartUploadOutput *out) {
    sw_shape_move(cx->arena, &s3_shape_complete_multipart_upload_output, out, &s3_shape_completed_record, c);
    out->bucket = in->bucket;
    SwStr host = cx->http ? sw_header_find(&cx->http->m.headers, "host") : SW_NO_STR;
    out->location = sw_cat(cx->arena, SW_STR("http://"), sw_str_or(host, SW_STR("s3.amazonaws.com")), SW_STR("/"), in->bucket,
                           SW_STR("/"), sw_percent_encode(cx->arena, in->key, true));
}

/* *ret_c NULL: this upload was not completed with these parts, or too long ago. */
static int find_completed(SwCtx *cx, const S3CompleteMultipartUploadRequest *in, const S3CompletedPartList *named,
                          S3CompletedRecord **ret_c, SwError *err) {
    S3CompletedRecord *c;
    *ret_c = NULL;
    if (s3_completed_find(cx->tx, in->upload_id, &c, err) < 0)
        return -1;
    if (c && sw_str_eq(c->bucket, in->bucket) && sw_str_eq(c->key, in->key) && sw_now(cx) < c->at.v + REPEATABLE &&
        sw_str_eq(c->parts, parts_word(cx->arena, named)))
        *ret_c = c;
    return 0;
}

static int drop_completed(SwCtx *cx, const SwDocQuery *q, SwError *err) {
    S3CompletedRecords rows;
    if (s3_completed_list(cx->tx, q, &rows, err) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++)
        if (s3_completed_delete(cx->tx, rows.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}

int s3_completed_forget(SwCtx *cx, SwStr bucket, SwError *err) {
    return drop_completed(cx, &(SwDocQuery){.index = "by_time", .equals = {bucket}}, err);
}

static int keep_completed(SwCtx *cx, const S3CompleteMultipartUploadRequest *in, S3CompletedRecord *c, SwError *err) {
    SwDocQuery old = {.index = "by_time",
                      .equals = {in->bucket},
                      .below = sw_index_number(cx->arena, sw_now(cx) - REPEATABLE),
                      .limit = SWEEP};
    c->bucket = in->bucket;
    c->at = SW_SOME_TIME(sw_now(cx));
    c->parts = parts_word(cx->arena, &in->multipart_upload->parts);
    return drop_completed(cx, &old, err) < 0 ? -1 : s3_completed_put(cx->tx, in->upload_id, c, err);
}

int s3_complete_multipart_upload(SwCtx *cx, const S3CompleteMultipartUploadRequest *in, S3CompleteMultipartUploadOutput *out,
                                 SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    S3CompletedRecord *before, *now = sw_new(cx->arena, S3CompletedRecord);
    S3PartRecords parts;
    const S3CompletedPartList *named = in->multipart_upload ? &in->multipart_upload->parts : NULL;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    if (!named || named->n == 0)
        return sw_fail(err, &S3_INVALID_REQUEST, "You must specify at least one part");
    if (named->n > S3_PARTS_MAX)
        return s3_fail_schema(err);
    if (find_completed(cx, in, named, &before, err) < 0)
        return -1;
    if (before) {
        answer(cx, in, before, out);
        return 0;
    }
    if (s3_upload_get(cx, in->bucket, in->key, in->upload_id, &u, err) < 0 || check_undisturbed(cx, in, u, err) < 0 ||
        s3_upload_parts(cx, in->upload_id, &parts, err) < 0)
        return -1;
    S3ObjectRecord *o = u->object;
    o->key = in->key;
    if (check_order(in->upload_id, named, err) < 0 || join(cx, in->upload_id, named, &parts, u, o, err) < 0 ||
        check_whole(in, o, err) < 0 || s3_store(cx, b, o, "CompleteMultipartUpload", err) < 0 ||
        s3_upload_forget(cx, in->upload_id, &parts, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_completed_record, now, &s3_shape_object_record, o);
    now->version_id = s3_written_version(b, o);
    answer(cx, in, now, out);
    return keep_completed(cx, in, now, err);
}
