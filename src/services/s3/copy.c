/* SPDX-License-Identifier: Apache-2.0 */
/* CopyObject: another object over the same blobs. Where bytes must be read all the same (the ETag of what was uploaded in
 * parts, another checksum) they are read between a snapshot and the transaction that writes, which holds nobody up. */

#include "base/digest.h"
#include "services/s3/s3.h"

#define SOURCE_MAX (5 * SW_GIB)

/* "bucket/key?versionId=.." taken apart. All of it may be encoded, the slash between bucket and key too; '+' is a space. */
static int parse_source(SwArena *a, SwStr text, SwStr *ret_bucket, SwStr *ret_key, SwStr *ret_version, SwError *err) {
    SwStr word = SW_STR("?versionId="), path = text;
    *ret_version = SW_NO_STR;
    for (size_t i = 0; i + word.n <= path.n; i++)
        if (memcmp(path.p + i, word.p, word.n) == 0) {
            *ret_version = sw_str_skip(path, i + word.n);
            path.n = i;
            break;
        }
    if (!sw_percent_decode(a, path, true, &path))
        return s3_fail_argument(err, "x-amz-copy-source", text, "Invalid copy source encoding");
    if (sw_str_starts(path, SW_STR("/")))
        path = sw_str_skip(path, 1);
    if (sw_str_starts(path, SW_STR("arn:")))
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "CopySource", "access points are not supported");
    *ret_key = path;
    if (!sw_str_cut(ret_key, '/', ret_bucket) || !sw_str_is(*ret_key) || !sw_str_is(*ret_bucket))
        return s3_fail_argument(err, "x-amz-copy-source", text,
                                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
    return 0;
}

int s3_copy_source(SwCtx *cx, const S3CopySource *s, S3BucketRecord **ret_b, S3ObjectRecord **ret_o, bool *ret_named,
                   SwStr *ret_version, SwError *err) {
    SwStr bucket, key, version;
    if (parse_source(cx->arena, s->text, &bucket, &key, &version, err) < 0 || s3_buckets_find(cx->tx, bucket, ret_b, err) < 0)
        return -1;
    if (!*ret_b)
        return sw_resource_missing(cx, &s3_bucket_resource, bucket, err);
    *ret_named = sw_str_is(version);
    SwStr owner = (*ret_b)->account;
    if (!sw_str_eq(owner, cx->account) || (sw_str_is(s->expected_owner) && !sw_str_eq(s->expected_owner, owner)))
        return sw_fail(err, &SW_ACCESS_DENIED, "Access Denied");
    /* Copying is reading too: the source's own permission. */
    if (s3_authorise_object(cx, sw_str_is(version) ? "s3:GetObjectVersion" : "s3:GetObject", bucket, key, err) < 0 ||
        s3_get(cx, *ret_b, key, version, ret_o, err) < 0)
        return -1;
    *ret_version = s3_shown_version(*ret_b, *ret_o);
    const char *condition;
    if (s3_judge(&s->conditions, (*ret_o)->e_tag, (*ret_o)->last_modified.v, &condition) != S3_GO_ON)
        return s3_fail_condition(err, sw_strf(cx->arena, "x-amz-copy-source-%s", condition).p);
    return 0;
}

int s3_check_extents(SwCtx *cx, const S3ExtentList *extents, SwError *err) {
    for (size_t i = 0; i < extents->n; i++)
        if (!sw_blob_exists(cx->host->blobs, extents->v[i].digest, NULL))
            return sw_fail(err, &S3_NO_SUCH_KEY, "The specified key does not exist.");
    return 0;
}

/* What the copy will be, from its source: its bytes' description stays, the rest is as the directives say. */
static int describe(SwCtx *cx, const S3CopyObjectRequest *in, const S3ObjectRecord *source, bool unchanged, S3ObjectRecord *o,
                    SwError *err) {
    bool replace = sw_str_eqz(in->metadata_directive, "REPLACE"), retag = sw_str_eqz(in->tagging_directive, "REPLACE");
    if (unchanged && !replace && !sw_str_is(in->storage_class) && !sw_str_is(in->website_redirect_location) &&
        !sw_str_is(in->server_side_encryption))
        return sw_fail(err, &S3_INVALID_REQUEST,
                       "This copy request is illegal because it is trying to copy an object to itself without "
                       "changing the object's metadata, storage class, website redirect location or encryption attributes.");
    if (source->size.v > (int64_t)SOURCE_MAX)
        return sw_fail(err, &S3_INVALID_REQUEST,
                       "The specified copy source is larger than the maximum allowable size for a copy source: %lld",
                       (long long)SOURCE_MAX);
    *o = *source;
    if (replace) {
        o->cache_control = o->content_disposition = o->content_encoding = o->content_language = o->content_type = o->expires =
            SW_NO_STR;
        o->metadata = (SwStrMap){0};
        sw_shape_move(cx->arena, &s3_shape_object_record, o, &s3_shape_copy_object_request, in);
        if (s3_take_metadata(cx->arena, &in->metadata, &o->metadata, err) < 0)
            return -1;
    }
    o->storage_class = in->storage_class;
    o->website_redirect_location = in->website_redirect_location;
    o->key = in->key;
    return retag ? s3_tags_from_header(cx, in->tagging, in->bucket, in->key, &o->tags, err) : 0;
}

static int look_up(SwCtx *cx, const S3CopyObjectRequest *in, S3ObjectRecord *o, S3CopyObjectOutput *out, SwError *err) {
    S3BucketRecord *to, *from;
    S3ObjectRecord *source;
    bool named;
    S3CopySource s = {in->copy_source,
                      in->expected_source_bucket_owner,
                      {in->copy_source_if_match, in->copy_source_if_none_match, in->copy_source_if_modified_since,
                       in->copy_source_if_unmodified_since}};
    if (s3_begin(cx, in, in->bucket, &to, err) < 0 ||
        s3_copy_source(cx, &s, &from, &source, &named, &out->copy_source_version_id, err) < 0)
        return -1;
    /* A version that is named is brought back; a bucket with a setting of its own encrypts anew. */
    bool unchanged = sw_str_eq(from->name, in->bucket) && sw_str_eq(source->key, in->key) && !named && !to->encryption;
    return describe(cx, in, source, unchanged, o, err);
}

/* A copy is one part, whatever its source was, and its checksum covers the whole. */
static int digest(SwCtx *cx, SwStr asked, S3ObjectRecord *o, SwError *err) {
    int had = s3_sum_kind(&s3_shape_object_record, o), want = sw_str_is(asked) ? s3_algorithm(asked)
                                                              : had >= 0       ? had
                                                                               : S3_CRC64NVME;
    bool parts = o->part_sizes.n > 0, whole = sw_str_eq(o->checksum_type, S3_CHECKSUM_TYPE_FULL_OBJECT);
    if (want < 0)
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "ChecksumAlgorithm", "this checksum is not supported");
    SwStr sum = had == want && whole ? *s3_sum(&s3_shape_object_record, o, had) : SW_NO_STR;
    if ((parts || !sum.p) && s3_digest_extents(cx, &o->extents, parts ? &o->e_tag : NULL, sum.p ? -1 : want, &sum, err) < 0)
        return -1;
    for (int i = 0; i < S3_ALGORITHMS; i++)
        *s3_sum(&s3_shape_object_record, o, i) = i == want ? sum : SW_NO_STR;
    o->checksum_type = S3_CHECKSUM_TYPE_FULL_OBJECT;
    o->part_sizes = (SwIntList){0};
    o->part_sums = (SwStrList){0};
    return 0;
}

static int write_copy(SwCtx *cx, const S3CopyObjectRequest *in, S3ObjectRecord *o, S3CopyObjectOutput *out, SwError *err) {
    S3BucketRecord *to;
    if (s3_begin(cx, in, in->bucket, &to, err) < 0 || s3_check_extents(cx, &o->extents, err) < 0 ||
        s3_check_write_conditions(cx, in->bucket, in->key, in->if_match, in->if_none_match, err) < 0 ||
        s3_store(cx, to, o, "CopyObject", err) < 0)
        return -1;
    out->copy_object_result = sw_new(cx->arena, S3CopyObjectResult);
    sw_shape_move(cx->arena, &s3_shape_copy_object_result, out->copy_object_result, &s3_shape_object_record, o);
    out->server_side_encryption = o->server_side_encryption;
    out->version_id = s3_written_version(to, o);
    return 0;
}

int s3_copy_object(SwCtx *cx, const S3CopyObjectRequest *in, S3CopyObjectOutput *out, SwError *err) {
    S3ObjectRecord *o = sw_new(cx->arena, S3ObjectRecord);
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int found = look_up(cx, in, o, out, err);
    sw_ctx_rollback(cx);
    if (found < 0 || digest(cx, in->checksum_algorithm, o, err) < 0 || sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (write_copy(cx, in, o, out, err) == 0)
        return sw_ctx_commit(cx, err);
    sw_ctx_rollback(cx);
    return -1;
}
