/* SPDX-License-Identifier: Apache-2.0 */
/* Multipart uploads. A part is a record with the extents of its blobs; completing joins the extents of the parts that
 * are named, so that its cost is that of a record, whatever the size. */

#include "base/digest.h"
#include "base/id.h"
#include "services/s3/s3.h"

#define PART_MIN (5 * SW_MIB)
#define PART_MAX (5 * SW_GIB)
#define PARTS_MAX 10000

/* As S3's messages write them. */
static const char *lower_name(int algorithm) {
    static const char *const names[] = {"crc32", "crc32c", "crc64nvme", "sha1", "sha256"};
    return algorithm < 0 ? "null" : names[algorithm];
}

static SwStr part_id(SwArena *a, SwStr upload, int64_t number) {
    return sw_strf(a, "%.*s/%05lld", SW_FMT(upload), (long long)number);
}

int s3_upload_get(SwCtx *cx, SwStr bucket, SwStr key, SwStr id, S3UploadRecord **ret_u, SwError *err) {
    void *record;
    if (sw_doc_get(cx->tx, &s3_uploads, id, &record, err) < 0)
        return -1;
    *ret_u = record;
    if (record && sw_str_eq((*ret_u)->bucket, bucket) && sw_str_eq((*ret_u)->key, key))
        return 0;
    return sw_fail(err, &S3_NO_SUCH_UPLOAD, "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.");
}

/* Named by the client, or none: then the whole gets a CRC64NVME, as every object does. */
static int choose_checksum(const S3CreateMultipartUploadRequest *in, S3UploadRecord *u, SwError *err) {
    SwStr name = in->checksum_algorithm;
    int algorithm = s3_algorithm(name);
    bool full = sw_str_eq(in->checksum_type, S3_CHECKSUM_TYPE_FULL_OBJECT), composite = sw_str_eq(in->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE);
    if (sw_str_is(name) && algorithm < 0)
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "ChecksumAlgorithm", "this checksum is not supported");
    if (sw_str_is(in->checksum_type) && algorithm < 0)
        return sw_fail(err, &S3_INVALID_REQUEST, "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
    if (full && (algorithm == S3_SHA1 || algorithm == S3_SHA256))
        return sw_fail(err, &S3_INVALID_REQUEST, "The FULL_OBJECT checksum type cannot be used with the %s checksum algorithm.", lower_name(algorithm));
    if (composite && algorithm == S3_CRC64NVME)
        return sw_fail(err, &S3_INVALID_REQUEST, "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.");
    if (algorithm < 0)
        return 0;
    u->checksum_algorithm = name;
    u->checksum_type = full || algorithm == S3_CRC64NVME ? S3_CHECKSUM_TYPE_FULL_OBJECT : S3_CHECKSUM_TYPE_COMPOSITE;
    return 0;
}

int s3_create_multipart_upload(SwCtx *cx, const S3CreateMultipartUploadRequest *in, S3CreateMultipartUploadOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u = sw_new(cx->arena, S3UploadRecord);
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_check_metadata(&in->metadata, err) < 0)
        return -1;
    if (in->key.n > 1024)
        return sw_fail(err, &S3_KEY_TOO_LONG_ERROR, "Your key is too long");
    if (choose_checksum(in, u, err) < 0)
        return -1;
    u->bucket = in->bucket;
    u->key = in->key;
    u->initiated = SW_SOME_TIME(sw_now(cx));
    u->initiator = cx->principal.arn;
    u->object = sw_new(cx->arena, S3ObjectRecord);
    sw_shape_move(cx->arena, &s3_shape_object_record, u->object, &s3_shape_create_multipart_upload_request, in);
    if (s3_tags_from_header(cx, in->tagging, in->bucket, in->key, &u->object->tags, err) < 0)
        return -1;
    u->object->checksum_type = sw_str_or(u->checksum_type, S3_CHECKSUM_TYPE_FULL_OBJECT);
    out->bucket = in->bucket;
    out->key = in->key;
    out->upload_id = sw_id_base62(cx->arena, 64);
    out->server_side_encryption = SW_STR("AES256");
    out->checksum_algorithm = u->checksum_algorithm;
    out->checksum_type = u->checksum_type;
    return sw_doc_put(cx->tx, &s3_uploads, out->upload_id, u, err);
}

/* Stores a part over an earlier one of its number. */
static int put_part(SwCtx *cx, SwStr upload, S3PartRecord *p, SwError *err) {
    void *record;
    SwStr id = part_id(cx->arena, upload, p->number.v);
    p->ref = sw_id_uuid(cx->arena);
    p->last_modified = SW_SOME_TIME(sw_now(cx) / SW_S * SW_S);
    if (sw_doc_get(cx->tx, &s3_parts, id, &record, err) < 0 || s3_refs(cx, &p->extents, p->ref, true, err) < 0)
        return -1;
    const S3PartRecord *old = record;
    if (old && s3_refs(cx, &old->extents, old->ref, false, err) < 0)
        return -1;
    return sw_doc_put(cx->tx, &s3_parts, id, p, err);
}

static int check_number(SwOptInt number, SwError *err) {
    if (number.v < 1 || number.v > PARTS_MAX)
        return sw_fail(err, &S3_INVALID_ARGUMENT, "Part number must be an integer between 1 and 10000, inclusive");
    return 0;
}

static int check_part_checksum(const S3UploadRecord *u, int given, SwError *err) {
    int want = s3_algorithm(u->checksum_algorithm);
    bool missing = given < 0 && sw_str_eq(u->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE);
    if (want < 0 || given == want || (given < 0 && !missing))
        return 0;
    return sw_fail(err, &S3_INVALID_REQUEST, "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", lower_name(want), lower_name(given));
}

/* The checksum that completing the upload will need of this part, where the client sent none. */
static int complete_sums(SwCtx *cx, const S3UploadRecord *u, S3PartRecord *p, SwError *err) {
    int want = s3_algorithm(u->checksum_algorithm);
    SwStr *sum = want >= 0 ? s3_sum(&s3_shape_part_record, p, want) : &p->crc64;
    return sum->p ? 0 : s3_digest_extents(cx, &p->extents, NULL, want >= 0 ? want : S3_CRC64NVME, sum, err);
}

int s3_upload_part(SwCtx *cx, const S3UploadPartRequest *in, S3UploadPartOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    S3PartRecord p = {.number = in->part_number};
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || check_number(in->part_number, err) < 0 ||
        s3_upload_get(cx, in->bucket, in->key, in->upload_id, &u, err) < 0 ||
        check_part_checksum(u, s3_sum_kind(&s3_shape_upload_part_request, in), err) < 0 ||
        s3_received(cx, &in->body, sw_list_add(cx->arena, &p.extents), &p.e_tag, &p.crc64, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_part_record, &p, &s3_shape_upload_part_request, in);
    sw_shape_move(cx->arena, &s3_shape_upload_part_output, out, &s3_shape_part_record, &p);
    p.size = p.extents.v[0].size;
    if (s3_algorithm(u->checksum_algorithm) == S3_CRC64NVME)
        p.checksum_crc64nvme = p.crc64;
    out->server_side_encryption = SW_STR("AES256");
    return complete_sums(cx, u, &p, err) < 0 ? -1 : put_part(cx, in->upload_id, &p, err);
}

/* "bytes=first-last", both of them, inside the source. */
static int copy_range(SwStr text, int64_t size, int64_t *ret_offset, int64_t *ret_size, SwError *err) {
    SwStr unit = SW_STR("bytes="), last = sw_str_skip(text, unit.n), first = SW_NO_STR;
    int64_t from, to;
    *ret_offset = 0;
    *ret_size = size;
    if (!sw_str_is(text))
        return 0;
    if (!sw_str_starts(text, unit) || !sw_str_cut(&last, '-', &first) || !sw_str_to_i64(first, &from) || !sw_str_to_i64(last, &to) || from < 0 || to < from)
        return sw_fail(err, &S3_INVALID_ARGUMENT, "The x-amz-copy-source-range value must be of the form bytes=first-last "
                       "where first and last are the zero-based offsets of the first and last bytes to copy");
    if (to >= size)
        return sw_fail(err, &S3_INVALID_ARGUMENT, "Range specified is not valid for source object of size: %lld", (long long)size);
    *ret_offset = from;
    *ret_size = to - from + 1;
    return 0;
}

/* What a part copied from an object is made of, looked up in a snapshot: its bytes are read for the MD5, which must not
 * hold up writers. */
static int read_copy_source(SwCtx *cx, const S3UploadPartCopyRequest *in, S3UploadRecord **ret_u, S3PartRecord *p, S3UploadPartCopyOutput *out, SwError *err) {
    S3BucketRecord *to, *from;
    S3ObjectRecord *source;
    S3CopySource s = {in->copy_source, in->expected_source_bucket_owner,
                      {in->copy_source_if_match, in->copy_source_if_none_match, in->copy_source_if_modified_since, in->copy_source_if_unmodified_since}};
    int64_t offset, size;
    if (s3_begin(cx, in, in->bucket, &to, err) < 0 || check_number(in->part_number, err) < 0 ||
        s3_upload_get(cx, in->bucket, in->key, in->upload_id, ret_u, err) < 0 ||
        s3_copy_source(cx, &s, &from, &source, &out->copy_source_version_id, err) < 0 ||
        copy_range(in->copy_source_range, source->size.v, &offset, &size, err) < 0)
        return -1;
    if (size > (int64_t)PART_MAX)
        return sw_fail(err, &S3_INVALID_REQUEST, "The specified copy source is larger than the maximum allowable size for a copy source: %lld", (long long)PART_MAX);
    s3_slice(cx->arena, &source->extents, offset, size, &p->extents);
    p->size = SW_SOME_INT(size);
    return 0;
}

static int write_copied_part(SwCtx *cx, const S3UploadPartCopyRequest *in, S3PartRecord *p, SwError *err) {
    S3UploadRecord *u;
    if (s3_upload_get(cx, in->bucket, in->key, in->upload_id, &u, err) < 0 || s3_check_extents(cx, &p->extents, err) < 0)
        return -1;
    return put_part(cx, in->upload_id, p, err);
}

int s3_upload_part_copy(SwCtx *cx, const S3UploadPartCopyRequest *in, S3UploadPartCopyOutput *out, SwError *err) {
    S3PartRecord p = {.number = in->part_number};
    S3UploadRecord *u;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = read_copy_source(cx, in, &u, &p, out, err);
    sw_ctx_rollback(cx);
    if (r < 0)
        return -1;
    int want = s3_algorithm(u->checksum_algorithm);
    SwStr *sum = want >= 0 ? s3_sum(&s3_shape_part_record, &p, want) : &p.crc64;
    if (s3_digest_extents(cx, &p.extents, &p.e_tag, want >= 0 ? want : S3_CRC64NVME, sum, err) < 0 || sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (write_copied_part(cx, in, &p, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    out->copy_part_result = sw_new(cx->arena, S3CopyPartResult);
    sw_shape_move(cx->arena, &s3_shape_copy_part_result, out->copy_part_result, &s3_shape_part_record, &p);
    out->server_side_encryption = SW_STR("AES256");
    return sw_ctx_commit(cx, err);
}

int s3_upload_parts(SwCtx *cx, SwStr upload, SwDocList *ret_l, SwError *err) {
    return sw_doc_list(cx->tx, &s3_parts, &(SwDocQuery){.prefix = sw_strf(cx->arena, "%.*s/", SW_FMT(upload))}, ret_l, err);
}

/* The upload and its parts go; what an object has taken over it refers to itself. */
static int forget(SwCtx *cx, SwStr upload, const SwDocList *parts, SwError *err) {
    for (size_t i = 0; i < parts->n; i++) {
        const S3PartRecord *p = parts->v[i].record;
        if (s3_refs(cx, &p->extents, p->ref, false, err) < 0 || sw_doc_delete(cx->tx, &s3_parts, parts->v[i].id, NULL, err) < 0)
            return -1;
    }
    return sw_doc_delete(cx->tx, &s3_uploads, upload, NULL, err);
}

int s3_abort_multipart_upload(SwCtx *cx, const S3AbortMultipartUploadRequest *in, S3AbortMultipartUploadOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    SwDocList parts;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_upload_get(cx, in->bucket, in->key, in->upload_id, &u, err) < 0)
        return -1;
    if (in->if_match_initiated_time.set && in->if_match_initiated_time.v / SW_S != u->initiated.v / SW_S)
        return sw_fail(err, &S3_PRECONDITION_FAILED, "At least one of the pre-conditions you specified did not hold");
    return s3_upload_parts(cx, in->upload_id, &parts, err) < 0 ? -1 : forget(cx, in->upload_id, &parts, err);
}

/* Completing. */

static S3PartRecord *part_numbered(const SwDocList *parts, int64_t number) {
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

static int check_part(const S3UploadRecord *u, const S3CompletedPart *c, S3PartRecord *p, bool last, SwError *err) {
    int want = s3_algorithm(u->checksum_algorithm);
    SwStr named = want >= 0 ? *s3_sum(&s3_shape_completed_part, (void *)(uintptr_t)c, want) : SW_NO_STR;
    bool match = p && s3_etag_eq(c->e_tag, p->e_tag);
    if (match && want >= 0 && !named.p && sw_str_eq(u->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE))
        return sw_fail(err, &S3_INVALID_REQUEST, "The upload was created using a %s checksum. The complete request must include the checksum for each part. "
                       "It was missing for part %lld in the request.", lower_name(want), (long long)c->part_number.v);
    if (match && named.p)
        match = sw_str_eq(named, *s3_sum(&s3_shape_part_record, p, want));
    if (!match)
        return sw_fail(err, &S3_INVALID_PART, "One or more of the specified parts could not be found.  The part may not have been uploaded, "
                       "or the specified entity tag may not match the part's entity tag.");
    if (!last && p->size.v < (int64_t)PART_MIN)
        return sw_fail(err, &S3_ENTITY_TOO_SMALL, "Your proposed upload is smaller than the minimum allowed size");
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

/* Fills o's extents, sizes, ETag and checksum from the parts that are named. */
static int join(SwCtx *cx, const S3CompletedPartList *named, const SwDocList *parts, const S3UploadRecord *u, S3ObjectRecord *o, SwError *err) {
    SwArena *a = cx->arena;
    SwDigest *d = sw_digest_new(a, SW_MD5);
    SwStr *sums = sw_new_n(a, SwStr, named->n);
    int64_t *sizes = sw_new_n(a, int64_t, named->n);
    int algorithm = s3_algorithm(u->checksum_algorithm);
    o->size = SW_SOME_INT(0);
    for (size_t i = 0; i < named->n; i++) {
        const S3CompletedPart *c = &named->v[i];
        if (i > 0 && c->part_number.v <= named->v[i - 1].part_number.v)
            return sw_fail(err, &S3_INVALID_PART_ORDER, "The list of parts was not in ascending order. Parts must be ordered by part number.");
        S3PartRecord *p = part_numbered(parts, c->part_number.v);
        if (check_part(u, c, p, i + 1 == named->n, err) < 0)
            return -1;
        append(a, p, o, d);
        sums[i] = algorithm >= 0 ? *s3_sum(&s3_shape_part_record, p, algorithm) : p->crc64;
        sizes[i] = p->size.v;
    }
    uint8_t md5[SW_DIGEST_BYTES_MAX];
    size_t n = sw_digest_end(d, md5);
    o->e_tag = sw_strf(a, "\"%.*s-%zu\"", SW_FMT(sw_hex(a, md5, n)), named->n);
    bool whole = !sw_str_eq(u->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE);
    if (!whole)
        o->part_sums = (SwStrList){sums, named->n};
    algorithm = algorithm >= 0 ? algorithm : S3_CRC64NVME;
    return s3_join_checksums(a, algorithm, whole, sums, sizes, named->n, s3_sum(&s3_shape_object_record, o, algorithm), err);
}

static int check_whole(const S3CompleteMultipartUploadRequest *in, S3ObjectRecord *o, SwError *err) {
    int given = s3_sum_kind(&s3_shape_complete_multipart_upload_request, in);
    if (sw_str_is(in->checksum_type) && !sw_str_eq(in->checksum_type, o->checksum_type))
        return sw_fail(err, &S3_INVALID_REQUEST, "The upload was created using the %.*s checksum mode. The complete request must use the same checksum mode.",
                       SW_FMT(o->checksum_type));
    if (given >= 0 && !sw_str_eq(*s3_sum(&s3_shape_complete_multipart_upload_request, (void *)(uintptr_t)in, given), *s3_sum(&s3_shape_object_record, o, given)))
        return sw_fail(err, &S3_BAD_DIGEST, "The %s you specified did not match the calculated checksum.", lower_name(given));
    if (in->mpu_object_size.set && in->mpu_object_size.v != o->size.v)
        return sw_fail(err, &S3_INVALID_REQUEST, "The provided 'x-amz-mp-object-size' header value %lld does not match what was computed: %lld",
                       (long long)in->mpu_object_size.v, (long long)o->size.v);
    return 0;
}

int s3_complete_multipart_upload(SwCtx *cx, const S3CompleteMultipartUploadRequest *in, S3CompleteMultipartUploadOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    SwDocList parts;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_upload_get(cx, in->bucket, in->key, in->upload_id, &u, err) < 0 ||
        s3_check_write_conditions(cx, in->bucket, in->key, in->if_match, in->if_none_match, err) < 0 ||
        s3_upload_parts(cx, in->upload_id, &parts, err) < 0)
        return -1;
    const S3CompletedPartList *named = in->multipart_upload ? &in->multipart_upload->parts : NULL;
    if (!named || named->n == 0 || named->n > PARTS_MAX)
        return sw_fail(err, &S3_MALFORMED_XML, "The XML you provided was not well-formed or did not validate against our published schema");
    S3ObjectRecord *o = u->object;
    o->key = in->key;
    if (join(cx, named, &parts, u, o, err) < 0 || check_whole(in, o, err) < 0 ||
        s3_store(cx, b, o, "CompleteMultipartUpload", err) < 0 || forget(cx, in->upload_id, &parts, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_complete_multipart_upload_output, out, &s3_shape_object_record, o);
    out->bucket = in->bucket;
    out->version_id = s3_shown_version(b, o);
    SwStr host = cx->http ? sw_header_get(&cx->http->m.headers, "host") : SW_NO_STR;
    out->location = sw_strf(cx->arena, "http://%.*s/%.*s/%.*s", SW_FMT(sw_str_or(host, SW_STR("s3.amazonaws.com"))), SW_FMT(in->bucket),
                            SW_FMT(sw_percent_encode(cx->arena, in->key, true)));
    return 0;
}
