/* SPDX-License-Identifier: Apache-2.0 */
/* CopyObject: another object over the same blobs. */

#include "base/digest.h"
#include "services/s3/s3.h"

int s3_copy_source(SwCtx *cx, SwStr source, S3BucketRecord **ret_b, S3ObjectRecord **ret_o, SwStr *ret_version, SwError *err) {
    SwStr path = source, bucket, key, version = SW_NO_STR, word = SW_STR("?versionId=");
    for (size_t i = 0; i + word.n <= path.n; i++)
        if (memcmp(path.p + i, word.p, word.n) == 0) {
            version = sw_str_skip(path, i + word.n);
            path.n = i;
            break;
        }
    if (!sw_percent_decode(cx->arena, path, false, &path))
        return sw_fail(err, &S3_INVALID_ARGUMENT, "Invalid copy source encoding");
    if (sw_str_starts(path, SW_STR("/")))
        path = sw_str_skip(path, 1);
    key = path;
    if (sw_str_starts(path, SW_STR("arn:")))
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "CopySource", "access points are not supported");
    if (!sw_str_cut(&key, '/', &bucket) || !sw_str_is(key))
        return sw_fail(err, &S3_INVALID_ARGUMENT, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    void *record;
    if (sw_doc_get(cx->tx, &s3_buckets, bucket, &record, err) < 0)
        return -1;
    if (!record)
        return sw_fail(err, &S3_NO_SUCH_BUCKET, "The specified bucket does not exist");
    *ret_b = record;
    if (!sw_str_eq((*ret_b)->account, cx->account))
        return sw_fail(err, &SW_ACCESS_DENIED, "Access Denied");
    if (s3_get(cx, bucket, key, version, ret_o, err) < 0)
        return -1;
    *ret_version = s3_shown_version(*ret_b, *ret_o);
    if (!cx->host->config->strict || !cx->host->auth.authorise || cx->principal.kind == SW_PRINCIPAL_SERVICE)
        return 0;
    return cx->host->auth.authorise(cx, "s3:GetObject", sw_strf(cx->arena, "arn:aws:s3:::%.*s/%.*s", SW_FMT(bucket), SW_FMT(key)), err);
}

int s3_copy_object(SwCtx *cx, const S3CopyObjectRequest *in, S3CopyObjectOutput *out, SwError *err) {
    S3BucketRecord *to, *from;
    S3ObjectRecord *source, *o = sw_new(cx->arena, S3ObjectRecord);
    if (s3_begin(cx, in, in->bucket, &to, err) < 0 ||
        s3_check_write_conditions(cx, in->bucket, in->key, in->if_match, in->if_none_match, err) < 0 ||
        s3_copy_source(cx, in->copy_source, &from, &source, &out->copy_source_version_id, err) < 0)
        return -1;
    if (sw_str_is(in->expected_source_bucket_owner) && !sw_str_eq(in->expected_source_bucket_owner, from->account))
        return sw_fail(err, &SW_ACCESS_DENIED, "Access Denied");
    S3Conditions c = {in->copy_source_if_match, in->copy_source_if_none_match, in->copy_source_if_modified_since, in->copy_source_if_unmodified_since};
    if (s3_judge(&c, source->e_tag, source->last_modified.v) != S3_GO_ON)
        return sw_fail(err, &S3_PRECONDITION_FAILED, "At least one of the pre-conditions you specified did not hold");
    bool replace = sw_str_eqz(in->metadata_directive, "REPLACE"), retag = sw_str_eqz(in->tagging_directive, "REPLACE");
    bool itself = sw_str_eq(from->name, in->bucket) && sw_str_eq(source->key, in->key);
    if (itself && !replace && !sw_str_is(in->storage_class) && !sw_str_is(in->website_redirect_location) && !sw_str_is(out->copy_source_version_id))
        return sw_fail(err, &S3_INVALID_REQUEST, "This copy request is illegal because it is trying to copy an object to itself without "
                       "changing the object's metadata, storage class, website redirect location or encryption attributes.");
    *o = *source;
    if (replace) {
        o->cache_control = o->content_disposition = o->content_encoding = o->content_language = o->content_type = o->expires = SW_NO_STR;
        o->metadata = (SwStrMap){0};
        sw_shape_move(cx->arena, &s3_shape_object_record, o, &s3_shape_copy_object_request, in);
    }
    o->storage_class = in->storage_class;
    o->website_redirect_location = in->website_redirect_location;
    o->key = in->key;
    o->delete_marker = (SwOptBool){0};
    if (retag && s3_tags_from_header(cx, in->tagging, &o->tags, err) < 0)
        return -1;
    int algorithm = s3_algorithm(in->checksum_algorithm);
    if (algorithm >= 0) {               /* asked for anew: over the whole object */
        SwStr sum, *sums[] = {&o->checksum_crc32, &o->checksum_crc32c, &o->checksum_crc64nvme, &o->checksum_sha1, &o->checksum_sha256};
        if (s3_compute_checksum(cx, algorithm, &o->extents, &sum, err) < 0)
            return -1;
        for (int i = 0; i < S3_ALGORITHMS; i++)
            *sums[i] = i == algorithm ? sum : SW_NO_STR;
        o->checksum_type = S3_CHECKSUM_TYPE_FULL_OBJECT;
    }
    if (s3_store(cx, to, o, "CopyObject", err) < 0)
        return -1;
    out->copy_object_result = sw_new(cx->arena, S3CopyObjectResult);
    sw_shape_move(cx->arena, &s3_shape_copy_object_result, out->copy_object_result, &s3_shape_object_record, o);
    out->server_side_encryption = o->server_side_encryption;
    out->version_id = s3_shown_version(to, o);
    return 0;
}
