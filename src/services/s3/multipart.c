/* SPDX-License-Identifier: Apache-2.0 */
/* Multipart uploads. A part is a record with the extents of its blobs; completing joins the extents of the parts that
 * are named, so that its cost is that of a record, whatever the size. */

#include "base/digest.h"
#include "base/id.h"
#include "services/s3/s3.h"

#define PART_MIN (5 * SW_MIB)
#define PARTS_MAX 10000

static SwStr part_id(SwArena *a, SwStr upload, int64_t number) {
    return sw_strf(a, "%.*s/%05lld", SW_FMT(upload), (long long)number);
}

static int get_upload(SwCtx *cx, SwStr bucket, SwStr key, SwStr id, S3UploadRecord **ret_u, SwError *err) {
    void *record;
    if (sw_doc_get(cx->tx, &s3_uploads, id, &record, err) < 0)
        return -1;
    *ret_u = record;
    if (record && sw_str_eq((*ret_u)->bucket, bucket) && sw_str_eq((*ret_u)->key, key))
        return 0;
    return sw_fail(err, &S3_NO_SUCH_UPLOAD, "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.");
}

int s3_create_multipart_upload(SwCtx *cx, const S3CreateMultipartUploadRequest *in, S3CreateMultipartUploadOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u = sw_new(cx->arena, S3UploadRecord);
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    if (in->key.n > 1024)
        return sw_fail(err, &S3_KEY_TOO_LONG_ERROR, "Your key is too long");
    int algorithm = s3_algorithm(in->checksum_algorithm);
    if (sw_str_is(in->checksum_algorithm) && algorithm < 0)
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "ChecksumAlgorithm", "this checksum is not supported");
    if (sw_str_is(in->checksum_type) && algorithm < 0)
        return sw_fail(err, &S3_INVALID_REQUEST, "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
    bool crc = sw_str_starts(in->checksum_algorithm, SW_STR("CRC"));
    if (sw_str_eq(in->checksum_type, S3_CHECKSUM_TYPE_FULL_OBJECT) && !crc)
        return sw_fail(err, &S3_INVALID_REQUEST, "The FULL_OBJECT checksum type cannot be used with the %.*s checksum algorithm.", SW_FMT(in->checksum_algorithm));
    if (sw_str_eq(in->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE) && sw_str_eqz(in->checksum_algorithm, "CRC64NVME"))
        return sw_fail(err, &S3_INVALID_REQUEST, "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.");
    u->bucket = in->bucket;
    u->key = in->key;
    u->initiated = SW_SOME_TIME(sw_now(cx));
    u->initiator = cx->principal.arn;
    u->object = sw_new(cx->arena, S3ObjectRecord);
    sw_shape_move(cx->arena, &s3_shape_object_record, u->object, &s3_shape_create_multipart_upload_request, in);
    if (s3_tags_from_header(cx, in->tagging, &u->object->tags, err) < 0)
        return -1;
    if (algorithm >= 0) {
        u->checksum_algorithm = in->checksum_algorithm;
        u->checksum_type = sw_str_is(in->checksum_type) ? in->checksum_type
                         : sw_str_eqz(in->checksum_algorithm, "CRC64NVME") ? S3_CHECKSUM_TYPE_FULL_OBJECT : S3_CHECKSUM_TYPE_COMPOSITE;
    }
    u->object->checksum_type = u->checksum_type;
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

static SwStr *sum_of(S3PartRecord *p, int algorithm) {
    SwStr *const sums[S3_ALGORITHMS] = {&p->checksum_crc32, &p->checksum_crc32c, &p->checksum_crc64nvme, &p->checksum_sha1, &p->checksum_sha256};
    return sums[algorithm];
}

static int check_number(SwOptInt number, SwError *err) {
    if (number.v < 1 || number.v > PARTS_MAX)
        return sw_fail(err, &S3_INVALID_ARGUMENT, "Part number must be an integer between 1 and 10000, inclusive");
    return 0;
}

int s3_upload_part(SwCtx *cx, const S3UploadPartRequest *in, S3UploadPartOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    S3PartRecord p = {.number = in->part_number};
    SwStr md5;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || check_number(in->part_number, err) < 0 ||
        get_upload(cx, in->bucket, in->key, in->upload_id, &u, err) < 0 ||
        s3_received(cx, &in->body, sw_list_add(cx->arena, &p.extents), &md5, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_part_record, &p, &s3_shape_upload_part_request, in);
    p.size = p.extents.v[0].size;
    p.e_tag = sw_strf(cx->arena, "\"%.*s\"", SW_FMT(sw_hex(cx->arena, md5.p, md5.n)));
    int algorithm = s3_algorithm(u->checksum_algorithm);
    if (algorithm >= 0 && !sum_of(&p, algorithm)->p && s3_compute_checksum(cx, algorithm, &p.extents, sum_of(&p, algorithm), err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_upload_part_output, out, &s3_shape_part_record, &p);
    out->server_side_encryption = SW_STR("AES256");
    return put_part(cx, in->upload_id, &p, err);
}

typedef struct Md5 { SwDigest *d; } Md5;
static int add_md5(void *arg, const void *p, size_t n, SwError *err) {
    sw_digest_add(((Md5 *)arg)->d, p, n);
    return 0;
}

/* What a part copied from an object is made of, looked up in a snapshot: its bytes are read for the MD5, which must not
 * hold up writers. */
static int read_copy_source(SwCtx *cx, const S3UploadPartCopyRequest *in, S3PartRecord *p, S3UploadPartCopyOutput *out, SwError *err) {
    S3BucketRecord *to, *from;
    S3ObjectRecord *source;
    if (s3_begin(cx, in, in->bucket, &to, err) < 0 || check_number(in->part_number, err) < 0 ||
        s3_copy_source(cx, in->copy_source, &from, &source, &out->copy_source_version_id, err) < 0)
        return -1;
    S3Conditions c = {in->copy_source_if_match, in->copy_source_if_none_match, in->copy_source_if_modified_since, in->copy_source_if_unmodified_since};
    if (s3_judge(&c, source->e_tag, source->last_modified.v) != S3_GO_ON)
        return sw_fail(err, &S3_PRECONDITION_FAILED, "At least one of the pre-conditions you specified did not hold");
    int64_t offset = 0, size = source->size.v;
    bool bad = false;
    if (sw_str_is(in->copy_source_range) && !s3_range(in->copy_source_range, source->size.v, &offset, &size, &bad))
        return sw_fail(err, &S3_INVALID_ARGUMENT, "The x-amz-copy-source-range value must be of the form bytes=first-last "
                       "where first and last are the zero-based offsets of the first and last bytes to copy");
    if (bad)
        return sw_fail(err, &S3_INVALID_RANGE, "Range specified is not valid for source object of size: %lld", (long long)source->size.v);
    s3_slice(cx->arena, &source->extents, offset, size, &p->extents);
    p->size = SW_SOME_INT(size);
    return 0;
}

static int write_copied_part(SwCtx *cx, const S3UploadPartCopyRequest *in, S3PartRecord *p, SwError *err) {
    S3UploadRecord *u;
    if (get_upload(cx, in->bucket, in->key, in->upload_id, &u, err) < 0)
        return -1;
    for (size_t i = 0; i < p->extents.n; i++)
        if (!sw_blob_exists(cx->host->blobs, p->extents.v[i].digest, NULL))
            return sw_fail(err, &S3_NO_SUCH_KEY, "The specified key does not exist.");
    int algorithm = s3_algorithm(u->checksum_algorithm);
    if (algorithm >= 0 && s3_compute_checksum(cx, algorithm, &p->extents, sum_of(p, algorithm), err) < 0)
        return -1;
    return put_part(cx, in->upload_id, p, err);
}

int s3_upload_part_copy(SwCtx *cx, const S3UploadPartCopyRequest *in, S3UploadPartCopyOutput *out, SwError *err) {
    S3PartRecord p = {.number = in->part_number};
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = read_copy_source(cx, in, &p, out, err);
    sw_ctx_rollback(cx);
    Md5 md5 = {sw_digest_new(cx->arena, SW_MD5)};
    uint8_t bytes[SW_DIGEST_BYTES_MAX];
    if (r < 0 || s3_read_through(cx, &p.extents, add_md5, &md5, err) < 0)
        return -1;
    size_t n = sw_digest_end(md5.d, bytes);
    p.e_tag = sw_strf(cx->arena, "\"%.*s\"", SW_FMT(sw_hex(cx->arena, bytes, n)));
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
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

static int list_of(SwCtx *cx, SwStr upload, SwDocList *ret_l, SwError *err) {
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
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || get_upload(cx, in->bucket, in->key, in->upload_id, &u, err) < 0)
        return -1;
    if (in->if_match_initiated_time.set && in->if_match_initiated_time.v / SW_S != u->initiated.v / SW_S)
        return sw_fail(err, &S3_PRECONDITION_FAILED, "At least one of the pre-conditions you specified did not hold");
    return list_of(cx, in->upload_id, &parts, err) < 0 ? -1 : forget(cx, in->upload_id, &parts, err);
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

static SwStr named_sum(const S3CompletedPart *c, int algorithm) {
    const SwStr sums[S3_ALGORITHMS] = {c->checksum_crc32, c->checksum_crc32c, c->checksum_crc64nvme, c->checksum_sha1, c->checksum_sha256};
    return sums[algorithm];
}

static int check_part(const S3CompletedPart *c, S3PartRecord *p, bool last, SwError *err) {
    bool match = p && s3_etag_eq(c->e_tag, p->e_tag);
    for (int i = 0; match && i < S3_ALGORITHMS; i++)
        match = !sw_str_is(named_sum(c, i)) || sw_str_eq(named_sum(c, i), *sum_of(p, i));
    if (!match)
        return sw_fail(err, &S3_INVALID_PART, "One or more of the specified parts could not be found.  The part may not have been uploaded, "
                       "or the specified entity tag may not match the part's entity tag.");
    if (!last && p->size.v < (int64_t)PART_MIN)
        return sw_fail(err, &S3_ENTITY_TOO_SMALL, "Your proposed upload is smaller than the minimum allowed size");
    return 0;
}

static int set_checksum(SwCtx *cx, const S3UploadRecord *u, const SwStr *sums, const int64_t *sizes, size_t n, S3ObjectRecord *o) {
    SwStr *const to[S3_ALGORITHMS] = {&o->checksum_crc32, &o->checksum_crc32c, &o->checksum_crc64nvme, &o->checksum_sha1, &o->checksum_sha256};
    int algorithm = s3_algorithm(u->checksum_algorithm);
    if (algorithm < 0)
        return 0;
    bool whole = sw_str_eq(u->checksum_type, S3_CHECKSUM_TYPE_FULL_OBJECT);
    return s3_join_checksums(cx->arena, algorithm, whole, sums, sizes, n, to[algorithm]);
}

/* Fills o's extents, sizes, ETag and checksum from the parts that are named. */
static int join(SwCtx *cx, const S3CompletedPartList *named, const SwDocList *parts, const S3UploadRecord *u, S3ObjectRecord *o, SwError *err) {
    SwDigest *d = sw_digest_new(cx->arena, SW_MD5);
    SwStr *sums = sw_new_n(cx->arena, SwStr, named->n);
    int64_t *sizes = sw_new_n(cx->arena, int64_t, named->n);
    int algorithm = s3_algorithm(u->checksum_algorithm);
    o->size = SW_SOME_INT(0);
    for (size_t i = 0; i < named->n; i++) {
        const S3CompletedPart *c = &named->v[i];
        if (i > 0 && c->part_number.v <= named->v[i - 1].part_number.v)
            return sw_fail(err, &S3_INVALID_PART_ORDER, "The list of parts was not in ascending order. Parts must be ordered by part number.");
        S3PartRecord *p = part_numbered(parts, c->part_number.v);
        if (check_part(c, p, i + 1 == named->n, err) < 0)
            return -1;
        for (size_t k = 0; k < p->extents.n; k++)
            *sw_list_add(cx->arena, &o->extents) = p->extents.v[k];
        *sw_list_add(cx->arena, &o->part_sizes) = p->size;
        o->size.v += p->size.v;
        SwStr raw;
        if (sw_unhex(cx->arena, sw_str_n(p->e_tag.p + 1, p->e_tag.n - 2), &raw))
            sw_digest_add(d, raw.p, raw.n);
        sums[i] = algorithm >= 0 ? *sum_of(p, algorithm) : SW_NO_STR;
        sizes[i] = p->size.v;
    }
    uint8_t md5[SW_DIGEST_BYTES_MAX];
    size_t n = sw_digest_end(d, md5);
    o->e_tag = sw_strf(cx->arena, "\"%.*s-%zu\"", SW_FMT(sw_hex(cx->arena, md5, n)), named->n);
    if (set_checksum(cx, u, sums, sizes, named->n, o) < 0)
        return sw_fail(err, &S3_INVALID_REQUEST, "The upload was created using a %.*s checksum. The complete request must include the checksum for each part.",
                       SW_FMT(u->checksum_algorithm));
    return 0;
}

static int check_whole(const S3CompleteMultipartUploadRequest *in, const S3ObjectRecord *o, SwError *err) {
    const SwStr given[] = {in->checksum_crc32, in->checksum_crc32c, in->checksum_crc64nvme, in->checksum_sha1, in->checksum_sha256};
    const SwStr have[] = {o->checksum_crc32, o->checksum_crc32c, o->checksum_crc64nvme, o->checksum_sha1, o->checksum_sha256};
    for (int i = 0; i < S3_ALGORITHMS; i++)
        if (sw_str_is(given[i]) && !sw_str_eq(given[i], have[i]))
            return sw_fail(err, &S3_BAD_DIGEST, "The checksum you specified did not match the calculated checksum.");
    if (sw_str_is(in->checksum_type) && !sw_str_eq(in->checksum_type, o->checksum_type))
        return sw_fail(err, &S3_INVALID_REQUEST, "The checksum type does not match that of the upload.");
    if (in->mpu_object_size.set && in->mpu_object_size.v != o->size.v)
        return sw_fail(err, &S3_INVALID_REQUEST, "The provided 'x-amz-mp-object-size' header value %lld does not match what was computed: %lld",
                       (long long)in->mpu_object_size.v, (long long)o->size.v);
    return 0;
}

int s3_complete_multipart_upload(SwCtx *cx, const S3CompleteMultipartUploadRequest *in, S3CompleteMultipartUploadOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    SwDocList parts;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || get_upload(cx, in->bucket, in->key, in->upload_id, &u, err) < 0 ||
        s3_check_write_conditions(cx, in->bucket, in->key, in->if_match, in->if_none_match, err) < 0 ||
        list_of(cx, in->upload_id, &parts, err) < 0)
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

/* Listings. */

static S3Initiator *initiator(SwArena *a, SwStr arn) {
    S3Initiator *i = sw_new(a, S3Initiator);
    i->id = arn;
    return i;
}

int s3_list_parts(SwCtx *cx, const S3ListPartsRequest *in, S3ListPartsOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    SwDocList parts;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || get_upload(cx, in->bucket, in->key, in->upload_id, &u, err) < 0 ||
        list_of(cx, in->upload_id, &parts, err) < 0)
        return -1;
    int64_t marker = SW_OR(in->part_number_marker, 0), max = SW_MIN(SW_OR(in->max_parts, 1000), 1000);
    out->is_truncated = SW_SOME_BOOL(false);
    for (size_t i = 0; i < parts.n; i++) {
        const S3PartRecord *p = parts.v[i].record;
        if (p->number.v <= marker)
            continue;
        if ((int64_t)out->parts.n == max) {
            out->is_truncated = SW_SOME_BOOL(true);
            break;
        }
        S3Part *shown = sw_list_add(cx->arena, &out->parts);
        sw_shape_move(cx->arena, &s3_shape_part, shown, &s3_shape_part_record, p);
        shown->part_number = p->number;
        shown->size = p->size;
    }
    out->bucket = in->bucket;
    out->key = in->key;
    out->upload_id = in->upload_id;
    out->part_number_marker = SW_SOME_INT(marker);
    out->next_part_number_marker = SW_SOME_INT(out->parts.n ? out->parts.v[out->parts.n - 1].part_number.v : 0);
    out->max_parts = SW_SOME_INT(max);
    out->owner = s3_owner(cx->arena, b->account);
    out->initiator = initiator(cx->arena, u->initiator);
    out->storage_class = sw_str_or(u->object->storage_class, SW_STR("STANDARD"));
    out->checksum_algorithm = u->checksum_algorithm;
    out->checksum_type = u->checksum_type;
    return 0;
}

int s3_list_multipart_uploads(SwCtx *cx, const S3ListMultipartUploadsRequest *in, S3ListMultipartUploadsOutput *out, SwError *err) {
    S3BucketRecord *b;
    SwDocList rows;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    if (sw_str_is(in->delimiter))
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "Delimiter", "uploads are not grouped");
    bool url = sw_str_eqz(in->encoding_type, "url");
    SwDocQuery q = {.index = "by_key", .equals = {in->bucket}, .prefix = sw_str_is(in->prefix) ? in->prefix : SW_NO_STR};
    if (sw_doc_list(cx->tx, &s3_uploads, &q, &rows, err) < 0)
        return -1;
    size_t max = (size_t)SW_MIN(SW_OR(in->max_uploads, 1000), 1000);
    out->is_truncated = SW_SOME_BOOL(false);
    for (size_t i = 0; i < rows.n; i++) {
        const S3UploadRecord *u = rows.v[i].record;
        int order = sw_str_is(in->key_marker) ? sw_str_cmp(u->key, in->key_marker) : 1;
        if (order < 0 || (order == 0 && (!sw_str_is(in->upload_id_marker) || sw_str_cmp(rows.v[i].id, in->upload_id_marker) <= 0)))
            continue;
        if (out->uploads.n == max) {
            out->is_truncated = SW_SOME_BOOL(true);
            out->next_key_marker = out->uploads.v[max - 1].key;
            out->next_upload_id_marker = out->uploads.v[max - 1].upload_id;
            break;
        }
        *sw_list_add(cx->arena, &out->uploads) = (S3MultipartUpload){
            .upload_id = rows.v[i].id, .key = url ? sw_percent_encode(cx->arena, u->key, true) : u->key, .initiated = u->initiated,
            .storage_class = sw_str_or(u->object->storage_class, SW_STR("STANDARD")), .owner = s3_owner(cx->arena, b->account),
            .initiator = initiator(cx->arena, u->initiator), .checksum_algorithm = u->checksum_algorithm, .checksum_type = u->checksum_type};
    }
    out->bucket = in->bucket;
    out->key_marker = in->key_marker.p ? in->key_marker : SW_STR("");
    out->upload_id_marker = in->upload_id_marker.p ? in->upload_id_marker : SW_STR("");
    out->prefix = in->prefix.p ? in->prefix : SW_STR("");
    out->max_uploads = SW_SOME_INT((int64_t)max);
    out->encoding_type = in->encoding_type;
    return 0;
}
