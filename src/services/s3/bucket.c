/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets, and what every S3 request has in common. */

#include "api/meter.h"
#include "base/digest.h"
#include "services/s3/s3.h"

static const SwErrorKind ACLS_OFF = {.code = "AccessControlListNotSupported", .http = 400};
static const SwErrorKind ILLEGAL_LOCATION = {.code = "IllegalLocationConstraintException", .http = 400};
static const SwErrorKind INVALID_LOCATION = {.code = "InvalidLocationConstraint", .http = 400};
static const SwErrorKind INVALID_STORAGE_CLASS = {.code = "InvalidStorageClass", .http = 400};

S3Owner *s3_owner(SwArena *a, SwStr account) {
    S3Owner *o = sw_new(a, S3Owner);
    o->id = sw_sha256_hex(a, account);
    return o;
}

bool s3_is_versioned(const S3BucketRecord *b) {
    return sw_str_eq(b->versioning, S3_BUCKET_VERSIONING_STATUS_ENABLED);
}

static SwStr text_member(const SwShape *s, const void *in, const char *name) {
    const SwMember *m = sw_shape_member(s, sw_str(name));
    return m && m->shape->kind == SW_STRING && sw_member_is_set(m, in) ? *(const SwStr *)sw_member_at(m, in) : SW_NO_STR;
}

/* The words that every operation means alike. What S3 has and Slipway has not is refused before (models/members). */
int s3_check_members(SwCtx *cx, const void *in, SwError *err) {
    static const char *const grants[] = {"GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP"};
    static const char *const classes[] = {"STANDARD",   "REDUCED_REDUNDANCY",  "STANDARD_IA",
                                          "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"};
    const SwShape *s = cx->op->input;
    SwStr acl = text_member(s, in, "ACL"), class = text_member(s, in, "StorageClass");
    bool owner_only = !sw_str_is(acl) || sw_str_eqz(acl, "private") || sw_str_eqz(acl, "bucket-owner-full-control"),
         known = !sw_str_is(class);
    for (size_t i = 0; i < SW_N(grants); i++)
        owner_only = owner_only && !sw_str_is(text_member(s, in, grants[i]));
    if (!owner_only)
        return sw_fail(err, &ACLS_OFF, "The bucket does not allow ACLs");
    for (size_t i = 0; i < SW_N(classes) && !known; i++)
        known = sw_str_eqz(class, classes[i]);
    if (known)
        return 0;
    sw_fail(err, &INVALID_STORAGE_CLASS, "The storage class you specified is not valid");
    return sw_fail_fact(err, "StorageClassRequested", class);
}

int s3_begin(SwCtx *cx, const void *in, SwStr bucket, S3BucketRecord **ret_b, SwError *err) {
    if (s3_check_members(cx, in, err) < 0 || s3_buckets_find(cx->tx, bucket, ret_b, err) < 0)
        return -1;
    if (!*ret_b)
        return sw_resource_missing(cx, &s3_bucket_resource, bucket, err);
    SwStr expected = text_member(cx->op->input, in, "ExpectedBucketOwner");
    bool own = sw_str_eq((*ret_b)->account, cx->account) && (!sw_str_is(expected) || sw_str_eq(expected, cx->account));
    return own ? 0 : sw_fail(err, &SW_ACCESS_DENIED, "Access Denied");
}

int s3_bucket_store(SwCtx *cx, const S3BucketRecord *b, SwError *err) {
    return s3_buckets_put(cx->tx, b->name, b, err);
}

static bool is_bucket_name(SwStr s) {
    int dots = 0, letters = 0;
    if (s.n < 3 || s.n > 63)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || i == s.n - 1 || (c != '.' && c != '-') || (c == '.' && s.p[i - 1] == '.')))
            return false;
        dots += c == '.';
        letters += !(c >= '0' && c <= '9') && c != '.';
    }
    return !(dots == 3 && letters == 0) && !sw_str_starts(s, SW_STR("xn--")) && !sw_str_ends(s, SW_STR("-s3alias"));
}

static bool is_location(SwStr s) {
    const SwMember *m = sw_shape_member(&s3_shape_create_bucket_configuration, SW_STR("LocationConstraint"));
    for (const char *const *v = m->shape->enum_values; *v; v++)
        if (sw_str_eqz(s, *v))
            return true;
    return false;
}

/* The oldest region's address makes buckets anywhere; each other one's only its own, and wants to be told so. */
static int check_location(SwCtx *cx, SwStr constraint, SwStr *ret_region, SwError *err) {
    SwStr region = sw_str_eqz(constraint, "EU") ? SW_STR("eu-west-1") : sw_str_or(constraint, SW_STR("us-east-1"));
    *ret_region = region;
    if (!sw_str_eqz(cx->region, "us-east-1") && (!sw_str_is(constraint) || !sw_str_eq(region, cx->region)))
        return sw_fail(
            err, &ILLEGAL_LOCATION,
            "The %.*s location constraint is incompatible for the region specific endpoint this request was sent to.",
            SW_FMT(sw_str_or(constraint, SW_STR("unspecified"))));
    if (!sw_str_is(constraint) || is_location(constraint))
        return 0;
    sw_fail(err, &INVALID_LOCATION, "The specified location-constraint is not valid");
    return sw_fail_fact(err, "LocationConstraint", constraint);
}

/* *ret_done: the bucket is there and the answer is as if it had been made now: the oldest region's way. */
static int check_there(SwCtx *cx, const S3BucketRecord *there, SwStr region, bool tagged, bool *ret_done, SwError *err) {
    *ret_done = false;
    if (!there)
        return 0;
    if (!sw_str_eq(there->account, cx->account))
        return s3_fail_bucket(
            err, &S3_BUCKET_ALREADY_EXISTS, there->name,
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again.");
    *ret_done = sw_str_eqz(region, "us-east-1") && sw_str_eqz(there->region, "us-east-1") && !tagged;
    return *ret_done ? 0 : sw_resource_fail(cx, &s3_bucket_resource, &s3_bucket_resource.exists, there->name, err);
}

int s3_create_bucket(SwCtx *cx, const S3CreateBucketRequest *in, S3CreateBucketOutput *out, SwError *err) {
    const S3CreateBucketConfiguration *c = in->create_bucket_configuration;
    SwStr constraint = c ? c->location_constraint : SW_NO_STR, region;
    bool done;
    S3BucketRecord *there;
    if (s3_check_members(cx, in, err) < 0)
        return -1;
    if (!is_bucket_name(in->bucket))
        return s3_fail_bucket(err, &S3_INVALID_BUCKET_NAME, in->bucket, "The specified bucket is not valid.");
    if (sw_str_is(in->object_ownership) && !sw_str_eq(in->object_ownership, S3_OBJECT_OWNERSHIP_BUCKET_OWNER_ENFORCED))
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "ObjectOwnership",
                               "buckets have no ACLs; only BucketOwnerEnforced is supported");
    if (check_location(cx, constraint, &region, err) < 0 ||
        (c && sw_resource_check_tags(cx, s3_bucket_resource.tag_rules, SW_GIVEN_TAGS(&c->tags), err) < 0) ||
        s3_buckets_find(cx->tx, in->bucket, &there, err) < 0 ||
        check_there(cx, there, region, c && c->tags.n > 0, &done, err) < 0)
        return -1;
    out->location = sw_strf(cx->arena, "/%.*s", SW_FMT(in->bucket));
    out->bucket_arn = s3_bucket_arn(cx, in->bucket);
    if (done)
        return 0;
    S3BucketRecord b = {.name = in->bucket,
                        .account = cx->account,
                        .region = region,
                        .location = constraint,
                        .created = SW_SOME_TIME(sw_now(cx)),
                        .ownership = S3_OBJECT_OWNERSHIP_BUCKET_OWNER_ENFORCED};
    if (c)
        b.tags = c->tags;
    sw_meter_arm(cx); /* at midnight somebody looks into it */
    b.public_access = sw_new(cx->arena, S3PublicAccessBlockConfiguration);
    b.public_access->block_public_acls = b.public_access->ignore_public_acls = SW_SOME_BOOL(true);
    b.public_access->block_public_policy = b.public_access->restrict_public_buckets = SW_SOME_BOOL(true);
    return s3_bucket_store(cx, &b, err);
}

int s3_head_bucket(SwCtx *cx, const S3HeadBucketRequest *in, S3HeadBucketOutput *out, SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    out->bucket_region = b->region;
    out->access_point_alias = SW_SOME_BOOL(false);
    return 0;
}

int s3_get_bucket_location(SwCtx *cx, const S3GetBucketLocationRequest *in, S3GetBucketLocationOutput *out, SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    if (!sw_str_eqz(b->region, "us-east-1"))
        out->location_constraint = sw_str_or(b->location, b->region);
    return 0;
}

static int is_empty(SwCtx *cx, SwStr bucket, bool *ret_empty, SwError *err) {
    S3ObjectRecords objects, versions;
    SwStr prefix = sw_strf(cx->arena, "%.*s/", SW_FMT(bucket));
    if (s3_objects_list(cx->tx, &(SwDocQuery){.prefix = prefix, .limit = 1}, &objects, err) < 0 ||
        s3_versions_list(cx->tx, &(SwDocQuery){.index = "by_key", .equals = {bucket}, .limit = 1}, &versions, err) < 0)
        return -1;
    *ret_empty = objects.n + versions.n == 0;
    return 0;
}

int s3_delete_bucket(SwCtx *cx, const S3DeleteBucketRequest *in, void *out, SwError *err) {
    S3BucketRecord *b;
    bool empty;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || is_empty(cx, in->bucket, &empty, err) < 0)
        return -1;
    if (!empty)
        return s3_fail_bucket(err, &S3_BUCKET_NOT_EMPTY, in->bucket,
                              sw_str_is(b->versioning)
                                  ? "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
                                  : "The bucket you tried to delete is not empty");
    /* What was being uploaded goes too, as on AWS: with the bucket it can no longer be completed. */
    S3UploadRecords uploads;
    if (s3_uploads_list(cx->tx, &(SwDocQuery){.index = "by_key", .equals = {in->bucket}}, &uploads, err) < 0)
        return -1;
    for (size_t i = 0; i < uploads.n; i++) {
        S3AbortMultipartUploadOutput *ignored;
        S3AbortMultipartUploadRequest abort_it = {.bucket = in->bucket,
                                                  .key = uploads.v[i].record->key,
                                                  .upload_id = uploads.v[i].id};
        if (s3_call_abort_multipart_upload(cx, &abort_it, &ignored, err) < 0)
            return -1;
    }
    return s3_completed_forget(cx, in->bucket, err) < 0 ? -1 : s3_buckets_delete(cx->tx, in->bucket, NULL, err);
}

static int is_in_region(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const S3ListBucketsRequest *in = arg;
    *ret_wanted = sw_str_eq(in->bucket_region, s3_buckets_row(row)->region);
    return 0;
}

static int show_bucket(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const S3BucketRecord *b = s3_buckets_row(row);
    *(S3Bucket *)to = (S3Bucket){.name = b->name,
                                 .creation_date = b->created,
                                 .bucket_region = b->region,
                                 .bucket_arn = s3_bucket_arn(cx, b->name)};
    return 0;
}

int s3_list_buckets(SwCtx *cx, const S3ListBucketsRequest *in, S3ListBucketsOutput *out, SwError *err) {
    const SwPage p = {.of = &s3_buckets,
                      .q = {.index = "by_account", .equals = {cx->account}, .prefix = in->prefix},
                      .want = sw_str_is(in->bucket_region) ? is_in_region : NULL,
                      .show = show_bucket,
                      .arg = in};
    if (sw_page(cx, &p, out, err) < 0)
        return -1;
    out->prefix = in->prefix;
    out->owner = s3_owner(cx->arena, cx->account);
    return 0;
}
