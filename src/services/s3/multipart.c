/* SPDX-License-Identifier: Apache-2.0 */
/* Multipart uploads. A part is a record with the extents of its blobs; completing joins the extents of the parts that
 * are named, so that its cost is that of a record, whatever the size. */

#include "base/digest.h"
#include "base/id.h"
#include "services/s3/s3.h"

#define PART_MAX (5 * SW_GIB)

static SwStr part_id(SwArena *a, SwStr upload, int64_t number) {
    return sw_strf(a, "%.*s/%05lld", SW_FMT(upload), (long long)number);
}

int s3_upload_get(SwCtx *cx, SwStr bucket, SwStr key, SwStr id, S3UploadRecord **ret_u, SwError *err) {
    if (s3_uploads_find(cx->tx, id, ret_u, err) < 0)
        return -1;
    if (*ret_u && sw_str_eq((*ret_u)->bucket, bucket) && sw_str_eq((*ret_u)->key, key))
        return 0;
    sw_fail(
        err, &S3_NO_SUCH_UPLOAD,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.");
    return sw_fail_fact(err, "UploadId", id);
}

/* Named by the client, or none: then the whole gets a CRC64NVME, as every object does. */
static int choose_checksum(const S3CreateMultipartUploadRequest *in, S3UploadRecord *u, SwError *err) {
    SwStr name = in->checksum_algorithm;
    int algorithm = s3_algorithm(name);
    bool full = sw_str_eq(in->checksum_type, S3_CHECKSUM_TYPE_FULL_OBJECT),
         composite = sw_str_eq(in->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE);
    if (sw_str_is(name) && algorithm < 0)
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "ChecksumAlgorithm", "this checksum is not supported");
    if (sw_str_is(in->checksum_type) && algorithm < 0)
        return sw_fail(err, &S3_INVALID_REQUEST,
                       "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
    if (full && (algorithm == S3_SHA1 || algorithm == S3_SHA256))
        return sw_fail(err, &S3_INVALID_REQUEST, "The FULL_OBJECT checksum type cannot be used with the %s checksum algorithm.",
                       s3_algorithm_lower(algorithm));
    if (composite && algorithm == S3_CRC64NVME)
        return sw_fail(err, &S3_INVALID_REQUEST,
                       "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.");
    if (algorithm < 0)
        return 0;
    u->checksum_algorithm = name;
    u->checksum_type = full || algorithm == S3_CRC64NVME ? S3_CHECKSUM_TYPE_FULL_OBJECT : S3_CHECKSUM_TYPE_COMPOSITE;
    return 0;
}

int s3_create_multipart_upload(SwCtx *cx, const S3CreateMultipartUploadRequest *in, S3CreateMultipartUploadOutput *out,
                               SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u = sw_new(cx->arena, S3UploadRecord);
    S3ObjectRecord *found;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_check_key(in->key, err) < 0 ||
        s3_find(cx, in->bucket, in->key, SW_NO_STR, &found, err) < 0)
        return -1;
    u->found = found ? found->order : SW_NO_STR;
    if (choose_checksum(in, u, err) < 0)
        return -1;
    u->bucket = in->bucket;
    u->key = in->key;
    u->initiated = SW_SOME_TIME(sw_now(cx));
    u->initiator = cx->principal.arn;
    u->object = sw_new(cx->arena, S3ObjectRecord);
    sw_shape_move(cx->arena, &s3_shape_object_record, u->object, &s3_shape_create_multipart_upload_request, in);
    if (s3_take_metadata(cx->arena, &in->metadata, &u->object->metadata, err) < 0 ||
        s3_tags_from_header(cx, in->tagging, in->bucket, in->key, &u->object->tags, err) < 0)
        return -1;
    u->object->checksum_type = sw_str_or(u->checksum_type, S3_CHECKSUM_TYPE_FULL_OBJECT);
    out->bucket = in->bucket;
    out->key = in->key;
    out->upload_id = sw_id_base62(cx->arena, 64);
    out->server_side_encryption = SW_STR("AES256");
    out->checksum_algorithm = u->checksum_algorithm;
    out->checksum_type = u->checksum_type;
    return s3_uploads_put(cx->tx, out->upload_id, u, err);
}

/* Stores a part over an earlier one of its number. */
static int put_part(SwCtx *cx, SwStr upload, S3PartRecord *p, SwError *err) {
    S3PartRecord *old;
    SwStr id = part_id(cx->arena, upload, p->number.v);
    p->ref = sw_id_uuid(cx->arena);
    p->last_modified = SW_SOME_TIME(sw_now(cx) / SW_S * SW_S);
    if (s3_parts_find(cx->tx, id, &old, err) < 0 || s3_refs(cx, &p->extents, p->ref, true, err) < 0)
        return -1;
    if (old && s3_refs(cx, &old->extents, old->ref, false, err) < 0)
        return -1;
    return s3_parts_put(cx->tx, id, p, err);
}

static int check_number(SwOptInt number, SwError *err) {
    if (number.v < 1 || number.v > S3_PARTS_MAX)
        return s3_fail_part_number(err, number.v);
    return 0;
}

static int check_part_checksum(const S3UploadRecord *u, int given, SwError *err) {
    int want = s3_algorithm(u->checksum_algorithm);
    bool missing = given < 0 && sw_str_eq(u->checksum_type, S3_CHECKSUM_TYPE_COMPOSITE);
    if (want < 0 || given == want || (given < 0 && !missing))
        return 0;
    return sw_fail(err, &S3_INVALID_REQUEST,
                   "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
                   s3_algorithm_lower(want), s3_algorithm_lower(given));
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
    if (!sw_str_starts(text, unit) || !sw_str_cut(&last, '-', &first) || !sw_str_to_i64(first, &from) ||
        !sw_str_to_i64(last, &to) || from < 0 || to < from)
        return s3_fail_argument(err, "x-amz-copy-source-range", text,
                                "The x-amz-copy-source-range value must be of the form bytes=first-last "
                                "where first and last are the zero-based offsets of the first and last bytes to copy");
    if (to >= size)
        return s3_fail_argument(
            err, "x-amz-copy-source-range", text,
            sw_strf(err->arena, "Range specified is not valid for source object of size: %lld", (long long)size).p);
    *ret_offset = from;
    *ret_size = to - from + 1;
    return 0;
}

/* What a part copied from an object is made of, looked up in a snapshot: its bytes are read for the MD5, which must not
 * hold up writers. */
static int read_copy_source(SwCtx *cx, const S3UploadPartCopyRequest *in, S3UploadRecord **ret_u, S3PartRecord *p,
                            S3UploadPartCopyOutput *out, SwError *err) {
    S3BucketRecord *to, *from;
    S3ObjectRecord *source;
    S3CopySource s = {in->copy_source,
                      in->expected_source_bucket_owner,
                      {in->copy_source_if_match, in->copy_source_if_none_match, in->copy_source_if_modified_since,
                       in->copy_source_if_unmodified_since}};
    int64_t offset, size;
    bool named;
    if (s3_begin(cx, in, in->bucket, &to, err) < 0 || check_number(in->part_number, err) < 0 ||
        s3_upload_get(cx, in->bucket, in->key, in->upload_id, ret_u, err) < 0 ||
        s3_copy_source(cx, &s, &from, &source, &named, &out->copy_source_version_id, err) < 0 ||
        copy_range(in->copy_source_range, source->size.v, &offset, &size, err) < 0)
        return -1;
    if (size > (int64_t)PART_MAX)
        return sw_fail(err, &S3_INVALID_REQUEST,
                       "The specified copy source is larger than the maximum allowable size for a copy source: %lld",
                       (long long)PART_MAX);
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
    if (s3_digest_extents(cx, &p.extents, &p.e_tag, want >= 0 ? want : S3_CRC64NVME, sum, err) < 0 ||
        sw_ctx_begin(cx, SW_WRITE, err) < 0)
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

int s3_uploads_lost_object(SwCtx *cx, SwStr bucket, SwStr key, SwError *err) {
    S3UploadRecords uploads;
    if (s3_uploads_list(cx->tx, &(SwDocQuery){.index = "by_key", .equals = {bucket, key}}, &uploads, err) < 0)
        return -1;
    for (size_t i = 0; i < uploads.n; i++) {
        S3UploadRecord *u = uploads.v[i].record;
        if (u->deleted.v)
            continue;
        u->deleted = SW_SOME_BOOL(true);
        if (s3_uploads_put(cx->tx, uploads.v[i].id, u, err) < 0)
            return -1;
    }
    return 0;
}

int s3_upload_parts(SwCtx *cx, SwStr upload, S3PartRecords *ret_l, SwError *err) {
    return s3_parts_list(cx->tx, &(SwDocQuery){.prefix = sw_strf(cx->arena, "%.*s/", SW_FMT(upload))}, ret_l, err);
}

int s3_upload_forget(SwCtx *cx, SwStr upload, const S3PartRecords *parts, SwError *err) {
    for (size_t i = 0; i < parts->n; i++) {
        const S3PartRecord *p = parts->v[i].record;
        if (s3_refs(cx, &p->extents, p->ref, false, err) < 0 || s3_parts_delete(cx->tx, parts->v[i].id, NULL, err) < 0)
            return -1;
    }
    return s3_uploads_delete(cx->tx, upload, NULL, err);
}

int s3_abort_multipart_upload(SwCtx *cx, const S3AbortMultipartUploadRequest *in, S3AbortMultipartUploadOutput *out,
                              SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    S3PartRecords parts;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_upload_get(cx, in->bucket, in->key, in->upload_id, &u, err) < 0)
        return -1;
    if (in->if_match_initiated_time.set && in->if_match_initiated_time.v / SW_S != u->initiated.v / SW_S)
        return s3_fail_condition(err, "x-amz-if-match-initiated-time");
    return s3_upload_parts(cx, in->upload_id, &parts, err) < 0 ? -1 : s3_upload_forget(cx, in->upload_id, &parts, err);
}
