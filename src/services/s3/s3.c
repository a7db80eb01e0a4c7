/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table and its documents. See s3.h. */

#include "api/operation.h"
#include "services/s3/s3.h"

/* A key may be any text, one that looks like an ARN or has more than a name can have: it is never one of something else. */
static SwStr object_named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    const SwMember *bucket = sw_shape_member(op->input, SW_STR("Bucket"));
    SwStr name = sw_member_is_set(bucket, in) ? *(const SwStr *)sw_member_at(bucket, in) : SW_NO_STR;
    return s3_object_arn(cx, sw_str_or(name, SW_STR("")), sw_str_or(ref, SW_STR("")));
}

/* Nor is a bucket named by ARN. */
static SwStr bucket_named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    return ref.p ? s3_bucket_arn(cx, ref) : SW_NO_STR;
}

/* Each region's address makes buckets of its own, but wants to be told so; the oldest does not. */
static void bucket_new(SwCtx *cx, void *input) {
    S3CreateBucketRequest *in = input;
    if (sw_str_eqz(cx->region, "us-east-1"))
        return;
    in->create_bucket_configuration = sw_new(cx->arena, S3CreateBucketConfiguration);
    in->create_bucket_configuration->location_constraint = cx->region;
}

static bool has_policy(SwCtx *cx, const void *record) {
    return sw_str_is(((const S3BucketRecord *)record)->policy);
}

/* Of a bucket and what lies in it, wherever the bucket was made. Nobody is asked about a bucket that is yet to be. */
static int bucket_policy(SwCtx *cx, SwStr bucket, SwStr *ret_document, SwError *err) {
    S3BucketRecord *b;
    bool creates = cx->api == &s3_api && cx->op && cx->op->index == S3_CREATE_BUCKET;
    if (s3_buckets_find(cx->tx, bucket, &b, err) < 0)
        return -1;
    if (b && !creates && sw_str_eq(b->account, cx->account) && !s3_is_closed_to(cx, b))
        *ret_document = b->policy;
    return 0;
}

static int bucket_of_setting(SwCtx *cx, const void *in, SwFound *ret, SwError *err) {
    S3BucketRecord *b;
    ret->id = sw_operation_text(cx->op, in, "Bucket");
    if (s3_begin(cx, in, ret->id, &b, err) < 0)
        return -1;
    ret->record = b;
    return 0;
}

const SwResourceHooks s3_bucket_hooks = {.named = bucket_named,
                                         .cfn_new = bucket_new,
                                         .any_policy = bucket_policy,
                                         .of_setting = bucket_of_setting};
const SwResourceHooks s3_object_hooks = {.named = object_named, .any_policy = bucket_policy};
const SwResourceHooks s3_bucket_policy_hooks = {.exists = has_policy};

/* What is done to a version by its id has a name of its own. */
static const char *action(SwCtx *cx, const SwOperation *op, const void *in) {
    static const struct {
        unsigned op;
        const char *action;
    } versions[] = {
        {S3_DELETE_OBJECT, "s3:DeleteObjectVersion"},
        {S3_DELETE_OBJECT_TAGGING, "s3:DeleteObjectVersionTagging"},
        {S3_GET_OBJECT, "s3:GetObjectVersion"},
        {S3_GET_OBJECT_ACL, "s3:GetObjectVersionAcl"},
        {S3_GET_OBJECT_ATTRIBUTES, "s3:GetObjectVersionAttributes"},
        {S3_GET_OBJECT_TAGGING, "s3:GetObjectVersionTagging"},
        {S3_HEAD_OBJECT, "s3:GetObjectVersion"},
        {S3_PUT_OBJECT_TAGGING, "s3:PutObjectVersionTagging"},
    };
    const SwMember *m = op->input ? sw_shape_member(op->input, SW_STR("VersionId")) : NULL;
    if (!m || !sw_member_is_set(m, in) || !sw_str_is(*(const SwStr *)sw_member_at(m, in)))
        return NULL;
    for (size_t i = 0; i < SW_N(versions); i++)
        if (versions[i].op == op->index)
            return versions[i].action;
    return NULL;
}

int s3_authorise_object(SwCtx *cx, const char *action_name, SwStr bucket, SwStr key, SwError *err) {
    return sw_authorise(cx, action_name, s3_object_arn(cx, bucket, key), err);
}

/* A form is posted to a bucket; every POST that is an operation says which in its query. */
static const SwRoute *beside(const SwWireMessage *m) {
    static const SwRoute preflight = {.method = "OPTIONS", .path = "*", .access = SW_ACCESS_PUBLIC, .handle = s3_preflight};
    static const SwRoute form = {
        .method = "POST", .path = "*", .access = SW_ACCESS_OWN, .begin = s3_post_begin, .handle = s3_post};
    SwStr key, bucket = s3_bucket_of_path(m->path, &key);
    if (sw_str_eqz(m->method, "OPTIONS"))
        return &preflight;
    return sw_str_eqz(m->method, "POST") && !sw_str_is(m->query) && sw_str_is(bucket) && !sw_str_is(key) ? &form : NULL;
}

static int bad_token(SwCtx *cx, SwStr token, SwError *err) {
    return s3_fail_argument(err, "continuation-token", token, "The continuation token provided is incorrect");
}

const SwService sw_service_s3 = {
    .name = "s3",
    .api = &s3_api,
    .declares = &s3_declarations,
    .handlers = s3_handlers,
    .bad_token = {.fail = bad_token},
    .loose_tokens = true,
    .validate = s3_validate,
    .invalid = &S3_INVALID_ARGUMENT,
    .unsupported = &SW_NOT_IMPLEMENTED,
    .action = action,
    .beside = beside,
    .finish = s3_finish,
    .collections = s3_collections,
    .gauge = s3_gauge,
};
