/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of buckets and objects. */

#include "api/tags.h"
#include "services/s3/s3.h"

const SwErrorKind s3_bad_request = {.code = "BadRequest", .http = 400};

int s3_tags_from_header(SwCtx *cx, SwStr text, SwStr bucket, SwStr key, S3TagList *ret_tags, SwError *err) {
    SwStr part, whole = text;
    *ret_tags = (S3TagList){0};
    if (sw_str_is(text) && s3_authorise_object(cx, "s3:PutObjectTagging", bucket, key, err) < 0)
        return -1;
    while (sw_str_next(&text, '&', &part)) {
        SwStr value = part, name = part;
        if (part.n == 0)
            continue;
        if (!sw_str_cut(&value, '=', &name))
            value = SW_STR("");
        S3Tag *t = sw_list_add(cx->arena, ret_tags);
        if (!sw_percent_decode(cx->arena, name, true, &t->key) || !sw_percent_decode(cx->arena, value, true, &t->value))
            return s3_fail_argument(err, "x-amz-tagging", whole,
                                    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
                                    "without tag name duplicates.");
    }
    return sw_resource_check_tags(cx, &s3_object_tag_rules, SW_GIVEN_TAGS(ret_tags), err);
}

int s3_put_bucket_tagging(SwCtx *cx, const S3PutBucketTaggingRequest *in, void *out, SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 ||
        s3_bucket_replace_tags(cx, in->bucket, b, SW_GIVEN_TAGS(&in->tagging->tag_set), err) < 0)
        return -1;
    return s3_bucket_store(cx, b, err);
}

int s3_get_bucket_tagging(SwCtx *cx, const S3GetBucketTaggingRequest *in, S3GetBucketTaggingOutput *out, SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    if (b->tags.n == 0)
        return s3_fail_bucket(err, &S3_NO_SUCH_TAG_SET, in->bucket, "The TagSet does not exist");
    out->tag_set = b->tags;
    return 0;
}

int s3_delete_bucket_tagging(SwCtx *cx, const S3DeleteBucketTaggingRequest *in, void *out, SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_bucket_replace_tags(cx, in->bucket, b, &(SwStrMap){0}, err) < 0)
        return -1;
    return s3_bucket_store(cx, b, err);
}

static int replace(SwCtx *cx, S3ObjectRecord *o, const SwStrMap *given, SwError *err) {
    return sw_resource_replace_tags(cx, &s3_object_tag_rules, o->key, SW_TAGS(&o->tags), given, err);
}

int s3_put_object_tagging(SwCtx *cx, const S3PutObjectTaggingRequest *in, S3PutObjectTaggingOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3ObjectRecord *o;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_get(cx, b, in->key, in->version_id, &o, err) < 0 ||
        replace(cx, o, SW_GIVEN_TAGS(&in->tagging->tag_set), err) < 0)
        return -1;
    out->version_id = s3_shown_version(b, o);
    return s3_update(cx, o, err);
}

int s3_get_object_tagging(SwCtx *cx, const S3GetObjectTaggingRequest *in, S3GetObjectTaggingOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3ObjectRecord *o;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_get(cx, b, in->key, in->version_id, &o, err) < 0)
        return -1;
    out->tag_set = o->tags;
    sw_list_present(cx->arena, &out->tag_set);
    out->version_id = s3_shown_version(b, o);
    return 0;
}

int s3_delete_object_tagging(SwCtx *cx, const S3DeleteObjectTaggingRequest *in, S3DeleteObjectTaggingOutput *out,
                             SwError *err) {
    S3BucketRecord *b;
    S3ObjectRecord *o;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_get(cx, b, in->key, in->version_id, &o, err) < 0 ||
        replace(cx, o, &(SwStrMap){0}, err) < 0)
        return -1;
    out->version_id = s3_shown_version(b, o);
    return s3_update(cx, o, err);
}
