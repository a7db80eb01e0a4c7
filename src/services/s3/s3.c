/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table and its documents. See s3.h. */

#include "services/s3/s3.h"

const SwCollection s3_buckets = {.name = "s3/bucket",
                                 .scope = SW_SCOPE_GLOBAL,
                                 .shape = &s3_shape_bucket_record,
                                 .indexes = {{.name = "by_account", .member = {"account", "Name"}}}};
const SwCollection s3_objects = {.name = "s3/object", .scope = SW_SCOPE_GLOBAL, .shape = &s3_shape_object_record};
const SwCollection s3_versions = {.name = "s3/version",
                                  .scope = SW_SCOPE_GLOBAL,
                                  .shape = &s3_shape_object_record,
                                  .indexes = {{.name = "by_key", .member = {"bucket", "Key", "order"}}}};
const SwCollection s3_uploads = {.name = "s3/upload",
                                 .scope = SW_SCOPE_GLOBAL,
                                 .shape = &s3_shape_upload_record,
                                 .indexes = {{.name = "by_key", .member = {"bucket", "Key", "initiated"}}}};
const SwCollection s3_parts = {.name = "s3/part", .scope = SW_SCOPE_GLOBAL, .shape = &s3_shape_part_record};

const SwCollection s3_completed = {.name = "s3/completed",
                                   .scope = SW_SCOPE_GLOBAL,
                                   .shape = &s3_shape_completed_record,
                                   .indexes = {{.name = "by_time", .member = {"bucket", "at"}}}};

static const SwCollection *const collections[] = {&s3_buckets, &s3_objects,   &s3_versions, &s3_uploads,
                                                  &s3_parts,   &s3_completed, NULL};

static const SwHandler handlers[] = {
    {S3_ABORT_MULTIPART_UPLOAD, SW_HANDLER(s3_abort_multipart_upload), 0},
    {S3_COMPLETE_MULTIPART_UPLOAD, SW_HANDLER(s3_complete_multipart_upload), 0},
    {S3_COPY_OBJECT, SW_HANDLER(s3_copy_object), SW_OWN_TX},
    {S3_CREATE_BUCKET, SW_HANDLER(s3_create_bucket), 0},
    {S3_CREATE_MULTIPART_UPLOAD, SW_HANDLER(s3_create_multipart_upload), 0},
    {S3_DELETE_BUCKET, SW_HANDLER(s3_delete_bucket), 0},
    {S3_DELETE_BUCKET_CORS, SW_HANDLER(s3_delete_bucket_cors), 0},
    {S3_DELETE_BUCKET_ENCRYPTION, SW_HANDLER(s3_delete_bucket_encryption), 0},
    {S3_DELETE_BUCKET_OWNERSHIP_CONTROLS, SW_HANDLER(s3_delete_bucket_ownership_controls), 0},
    {S3_DELETE_BUCKET_POLICY, SW_HANDLER(s3_delete_bucket_policy), 0},
    {S3_DELETE_BUCKET_TAGGING, SW_HANDLER(s3_delete_bucket_tagging), 0},
    {S3_DELETE_OBJECT, SW_HANDLER(s3_delete_object), 0},
    {S3_DELETE_OBJECT_TAGGING, SW_HANDLER(s3_delete_object_tagging), 0},
    {S3_DELETE_OBJECTS, SW_HANDLER(s3_delete_objects), SW_AUTHORISES},
    {S3_DELETE_PUBLIC_ACCESS_BLOCK, SW_HANDLER(s3_delete_public_access_block), 0},
    {S3_GET_BUCKET_ACCELERATE_CONFIGURATION, SW_HANDLER(s3_get_bucket_accelerate_configuration), 0},
    {S3_GET_BUCKET_ACL, SW_HANDLER(s3_get_bucket_acl), 0},
    {S3_GET_BUCKET_CORS, SW_HANDLER(s3_get_bucket_cors), 0},
    {S3_GET_BUCKET_ENCRYPTION, SW_HANDLER(s3_get_bucket_encryption), 0},
    {S3_GET_BUCKET_LIFECYCLE_CONFIGURATION, SW_HANDLER(s3_get_bucket_lifecycle_configuration), 0},
    {S3_GET_BUCKET_LOCATION, SW_HANDLER(s3_get_bucket_location), 0},
    {S3_GET_BUCKET_LOGGING, SW_HANDLER(s3_get_bucket_logging), 0},
    {S3_GET_BUCKET_NOTIFICATION_CONFIGURATION, SW_HANDLER(s3_get_bucket_notification_configuration), 0},
    {S3_GET_BUCKET_OWNERSHIP_CONTROLS, SW_HANDLER(s3_get_bucket_ownership_controls), 0},
    {S3_GET_BUCKET_POLICY, SW_HANDLER(s3_get_bucket_policy), 0},
    {S3_GET_BUCKET_POLICY_STATUS, SW_HANDLER(s3_get_bucket_policy_status), 0},
    {S3_GET_BUCKET_REPLICATION, SW_HANDLER(s3_get_bucket_replication), 0},
    {S3_GET_BUCKET_REQUEST_PAYMENT, SW_HANDLER(s3_get_bucket_request_payment), 0},
    {S3_GET_BUCKET_TAGGING, SW_HANDLER(s3_get_bucket_tagging), 0},
    {S3_GET_BUCKET_VERSIONING, SW_HANDLER(s3_get_bucket_versioning), 0},
    {S3_GET_BUCKET_WEBSITE, SW_HANDLER(s3_get_bucket_website), 0},
    {S3_GET_OBJECT, SW_HANDLER(s3_get_object), 0},
    {S3_GET_OBJECT_ACL, SW_HANDLER(s3_get_object_acl), 0},
    {S3_GET_OBJECT_ATTRIBUTES, SW_HANDLER(s3_get_object_attributes), 0},
    {S3_GET_OBJECT_LOCK_CONFIGURATION, SW_HANDLER(s3_get_object_lock_configuration), 0},
    {S3_GET_OBJECT_TAGGING, SW_HANDLER(s3_get_object_tagging), 0},
    {S3_GET_PUBLIC_ACCESS_BLOCK, SW_HANDLER(s3_get_public_access_block), 0},
    {S3_HEAD_BUCKET, SW_HANDLER(s3_head_bucket), 0},
    {S3_HEAD_OBJECT, SW_HANDLER(s3_head_object), 0},
    {S3_LIST_BUCKETS, SW_HANDLER(s3_list_buckets), 0},
    {S3_LIST_MULTIPART_UPLOADS, SW_HANDLER(s3_list_multipart_uploads), 0},
    {S3_LIST_OBJECT_VERSIONS, SW_HANDLER(s3_list_object_versions), 0},
    {S3_LIST_OBJECTS, SW_HANDLER(s3_list_objects), 0},
    {S3_LIST_OBJECTS_V2, SW_HANDLER(s3_list_objects_v2), 0},
    {S3_LIST_PARTS, SW_HANDLER(s3_list_parts), 0},
    {S3_PUT_BUCKET_ACL, SW_HANDLER(s3_put_bucket_acl), 0},
    {S3_PUT_BUCKET_CORS, SW_HANDLER(s3_put_bucket_cors), 0},
    {S3_PUT_BUCKET_ENCRYPTION, SW_HANDLER(s3_put_bucket_encryption), 0},
    {S3_PUT_BUCKET_NOTIFICATION_CONFIGURATION, SW_HANDLER(s3_put_bucket_notification_configuration), 0},
    {S3_PUT_BUCKET_OWNERSHIP_CONTROLS, SW_HANDLER(s3_put_bucket_ownership_controls), 0},
    {S3_PUT_BUCKET_POLICY, SW_HANDLER(s3_put_bucket_policy), 0},
    {S3_PUT_BUCKET_TAGGING, SW_HANDLER(s3_put_bucket_tagging), 0},
    {S3_PUT_BUCKET_VERSIONING, SW_HANDLER(s3_put_bucket_versioning), 0},
    {S3_PUT_OBJECT, SW_HANDLER(s3_put_object), 0},
    {S3_PUT_OBJECT_TAGGING, SW_HANDLER(s3_put_object_tagging), 0},
    {S3_PUT_PUBLIC_ACCESS_BLOCK, SW_HANDLER(s3_put_public_access_block), 0},
    {S3_UPLOAD_PART, SW_HANDLER(s3_upload_part), 0},
    {S3_UPLOAD_PART_COPY, SW_HANDLER(s3_upload_part_copy), SW_OWN_TX},
};

static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    const SwMember *bucket = op->input ? sw_shape_member(op->input, SW_STR("Bucket")) : NULL,
                   *key = op->input ? sw_shape_member(op->input, SW_STR("Key")) : NULL;
    if (!bucket || !sw_member_is_set(bucket, in))
        return SW_NO_STR;
    SwStr name = *(const SwStr *)sw_member_at(bucket, in);
    if (!key || !sw_member_is_set(key, in))
        return sw_strf(cx->arena, "arn:aws:s3:::%.*s", SW_FMT(name));
    return sw_strf(cx->arena, "arn:aws:s3:::%.*s/%.*s", SW_FMT(name), SW_FMT(*(const SwStr *)sw_member_at(key, in)));
}

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
    return sw_authorise(cx, action_name, sw_strf(cx->arena, "arn:aws:s3:::%.*s/%.*s", SW_FMT(bucket), SW_FMT(key)), err);
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
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .bad_token = {.fail = bad_token},
    .loose_tokens = true,
    .validate = s3_validate,
    .invalid = &S3_INVALID_ARGUMENT,
    .unsupported = &SW_NOT_IMPLEMENTED,
    .resource = resource,
    .action = action,
    .beside = beside,
    .finish = s3_finish,
    .collections = collections,
    .gauge = s3_gauge,
};
