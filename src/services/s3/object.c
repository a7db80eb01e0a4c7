/* SPDX-License-Identifier: Apache-2.0 */
/* Objects: storing, versions, deleting. A key's current object changes in one transaction, so that readers see the old
 * one or the new one whole.
 *
 *                    versioning never on    Enabled                       Suspended
 *   put              replaces               current -> s3/version         current -> s3/version unless it is "null"; new is
 * "null" delete           removes                current -> s3/version, and a delete marker on top; Suspended: the marker is
 * "null" delete version   -                      removes it; if it was current, the newest of the rest becomes current */

#include "base/digest.h"
#include "base/id.h"
#include "services/s3/s3.h"

#define KEY_MAX 1024

/* What a delete marker is in the way of: its id travels in headers. */
static const SwErrorKind HIDDEN = {.code = "NoSuchKey", .http = 404, .shape = &s3_shape_delete_object_output};
static const SwErrorKind MARKER = {.code = "MethodNotAllowed", .http = 405, .shape = &s3_shape_delete_object_output};

SwStr s3_object_id(SwArena *a, SwStr bucket, SwStr key) {
    return sw_strf(a, "%.*s/%.*s", SW_FMT(bucket), SW_FMT(key));
}

static SwStr version_id(SwArena *a, SwStr bucket, SwStr key, SwStr version) {
    return sw_strf(a, "%.*s/%.*s?%.*s", SW_FMT(bucket), SW_FMT(key), SW_FMT(version));
}

SwStr s3_written_version(const S3BucketRecord *b, const S3ObjectRecord *o) {
    return s3_is_versioned(b) ? o->version_id : SW_NO_STR;
}

SwStr s3_shown_version(const S3BucketRecord *b, const S3ObjectRecord *o) {
    return sw_str_is(b->versioning) ? o->version_id : SW_NO_STR;
}

int s3_find(SwCtx *cx, SwStr bucket, SwStr key, SwStr version, S3ObjectRecord **ret_o, SwError *err) {
    if (s3_objects_find(cx->tx, s3_object_id(cx->arena, bucket, key), ret_o, err) < 0)
        return -1;
    if (!sw_str_is(version) || (*ret_o && sw_str_eq((*ret_o)->version_id, version)))
        return 0;
    return s3_versions_find(cx->tx, version_id(cx->arena, bucket, key, version), ret_o, err);
}

/* Of the versions that are not current. *ret_o NULL: there is none. */
static int newest(SwCtx *cx, SwStr bucket, SwStr key, const S3ObjectRecord **ret_o, SwError *err) {
    S3ObjectRecords rows;
    if (s3_versions_list(cx->tx, &(SwDocQuery){.index = "by_key", .equals = {bucket, key}, .limit = 1}, &rows, err) < 0)
        return -1;
    *ret_o = rows.n ? rows.v[0].record : NULL;
    return 0;
}

/* A version's id looks like one of ours, and a bucket whose versioning was never on has no other than "null". */
static bool is_version_of(const S3BucketRecord *b, SwStr version) {
    if (sw_str_eqz(version, "null"))
        return true;
    return version.n == 32 && sw_str_is(b->versioning) && sw_str_all(version, "a-zA-Z0-9._");
}

static int check_version(const S3BucketRecord *b, SwStr version, SwError *err) {
    return !sw_str_is(version) || is_version_of(b, version)
               ? 0
               : s3_fail_argument(err, "versionId", version, "Invalid version id specified");
}

static int fail_at_marker(SwCtx *cx, SwStr key, SwStr version, bool hidden, SwError *err) {
    S3DeleteObjectOutput *detail = sw_new(cx->arena, S3DeleteObjectOutput);
    detail->delete_marker = SW_SOME_BOOL(true);
    detail->version_id = version;
    if (hidden) {
        s3_fail_no_key(err, key);
        err->kind = &HIDDEN;
    } else {
        sw_fail(err, &MARKER, "The specified method is not allowed against this resource.");
        sw_fail_fact(err, "Method", cx->http ? cx->http->m.method : SW_NO_STR);
        sw_fail_fact(err, "ResourceType", SW_STR("DeleteMarker"));
        sw_fail_header(err, "Allow", SW_STR("DELETE"));
    }
    err->detail = detail;
    return -1;
}

int s3_get(SwCtx *cx, const S3BucketRecord *b, SwStr key, SwStr version, S3ObjectRecord **ret_o, SwError *err) {
    const S3ObjectRecord *hiding;
    if (check_version(b, version, err) < 0 || s3_find(cx, b->name, key, version, ret_o, err) < 0)
        return -1;
    if (*ret_o && (*ret_o)->delete_marker.v)
        return fail_at_marker(cx, key, version, /* hidden= */ false, err);
    if (*ret_o)
        return 0;
    /* What there is, only those may know who may list. */
    if (sw_authorise(cx, "s3:ListBucket", s3_bucket_arn(cx, b->name), err) < 0)
        return -1;
    if (sw_str_is(version))
        return s3_fail_no_version(err, key, version);
    if (newest(cx, b->name, key, &hiding, err) < 0)
        return -1;
    return hiding ? fail_at_marker(cx, key, hiding->version_id, /* hidden= */ true, err) : s3_fail_no_key(err, key);
}

int s3_refs(SwCtx *cx, const S3ExtentList *extents, SwStr ref, bool add, SwError *err) {
    SwStr owner = sw_strf(cx->arena, "s3/%.*s", SW_FMT(ref));
    for (size_t i = 0; i < extents->n; i++)
        if ((add ? sw_blob_ref : sw_blob_unref)(cx->tx, extents->v[i].digest, owner, err) < 0)
            return -1;
    return 0;
}

static int put_current(SwCtx *cx, const S3ObjectRecord *o, SwError *err) {
    return s3_objects_put(cx->tx, s3_object_id(cx->arena, o->bucket, o->key), o, err);
}

static int put_version(SwCtx *cx, const S3ObjectRecord *o, SwError *err) {
    return s3_versions_put(cx->tx, version_id(cx->arena, o->bucket, o->key, o->version_id), o, err);
}

int s3_update(SwCtx *cx, const S3ObjectRecord *o, SwError *err) {
    S3ObjectRecord *current;
    if (s3_find(cx, o->bucket, o->key, SW_NO_STR, &current, err) < 0)
        return -1;
    return current && sw_str_eq(current->version_id, o->version_id) ? put_current(cx, o, err) : put_version(cx, o, err);
}

/* Removes a noncurrent version, delete markers too; absent is fine. */
static int drop_version(SwCtx *cx, SwStr bucket, SwStr key, SwStr version, SwError *err) {
    S3ObjectRecord *o;
    SwStr id = version_id(cx->arena, bucket, key, version);
    if (s3_versions_find(cx->tx, id, &o, err) < 0)
        return -1;
    if (!o)
        return 0;
    return s3_refs(cx, &o->extents, o->ref, false, err) < 0 ? -1 : s3_versions_delete(cx->tx, id, NULL, err);
}

/* The current object makes room: kept as a version, or gone for good. */
static int displace(SwCtx *cx, const S3BucketRecord *b, const S3ObjectRecord *current, SwError *err) {
    bool null_id = sw_str_eqz(current->version_id, "null");
    bool keep = s3_is_versioned(b) || (sw_str_is(b->versioning) && !null_id);
    if (keep)
        return put_version(cx, current, err);
    return s3_refs(cx, &current->extents, current->ref, false, err);
}

static int stamp(SwCtx *cx, const S3BucketRecord *b, S3ObjectRecord *o, SwError *err) {
    int64_t n;
    if (sw_doc_next(cx->tx, SW_SCOPE_GLOBAL, SW_STR("s3/order"), &n, err) < 0)
        return -1;
    o->order = sw_index_number(cx->arena, -n);
    o->version_id = s3_is_versioned(b) ? sw_id_base62(cx->arena, 32) : SW_STR("null");
    o->last_modified = SW_SOME_TIME(sw_now(cx) / SW_S * SW_S);
    o->ref = sw_id_uuid(cx->arena);
    return 0;
}

/* Notifications and EventBridge have two words for one thing. */
static const char *created_event(const char *reason) {
    static const struct {
        const char *reason, *event;
    } events[] = {
        {"PutObject", "ObjectCreated:Put"},
        {"POST Object", "ObjectCreated:Post"},
        {"CopyObject", "ObjectCreated:Copy"},
        {"CompleteMultipartUpload", "ObjectCreated:CompleteMultipartUpload"},
    };
    for (size_t i = 0; i < SW_N(events); i++)
        if (strcmp(reason, events[i].reason) == 0)
            return events[i].event;
    return "ObjectCreated:*";
}

int s3_store(SwCtx *cx, const S3BucketRecord *b, S3ObjectRecord *o, const char *reason, SwError *err) {
    S3ObjectRecord *current;
    o->bucket = b->name;
    if (s3_check_key(o->key, err) < 0)
        return -1;
    if (!sw_str_is(o->content_type))
        o->content_type = SW_STR("binary/octet-stream");
    o->server_side_encryption = SW_STR("AES256");
    if (s3_find(cx, b->name, o->key, SW_NO_STR, &current, err) < 0 || stamp(cx, b, o, err) < 0)
        return -1;
    /* References first: equal bytes that the displaced object alone kept must not become garbage in between. */
    if (s3_refs(cx, &o->extents, o->ref, true, err) < 0)
        return -1;
    if (current && displace(cx, b, current, err) < 0)
        return -1;
    if (sw_str_is(b->versioning) && !s3_is_versioned(b) && drop_version(cx, b->name, o->key, SW_STR("null"), err) < 0)
        return -1;
    if (put_current(cx, o, err) < 0)
        return -1;
    return s3_notify(cx, b, created_event(reason), &s3_event_object_created, reason, o, err);
}

int s3_check_key(SwStr key, SwError *err) {
    return key.n <= KEY_MAX
               ? 0
               : s3_fail_size(err, &S3_KEY_TOO_LONG_ERROR, "Your key is too long", (int64_t)key.n, "MaxSizeAllowed", KEY_MAX);
}

int s3_check_write_conditions(SwCtx *cx, SwStr bucket, SwStr key, SwStr if_match, SwStr if_none_match, SwError *err) {
    S3ObjectRecord *o;
    bool match = sw_str_is(if_match), none = sw_str_is(if_none_match);
    if (!match && !none)
        return 0;
    if (match && none)
        return s3_fail_not_accepted(err, "If-Match,If-None-Match");
    if (match ? sw_str_eqz(if_match, "*") : !sw_str_eqz(if_none_match, "*"))
        return s3_fail_not_accepted(err, match ? "If-Match" : "If-None-Match");
    if (s3_find(cx, bucket, key, SW_NO_STR, &o, err) < 0)
        return -1;
    if (match && !o)
        return s3_fail_no_key(err, key);
    if (none && o)
        return s3_fail_condition(err, "If-None-Match");
    return match && !s3_etag_eq(if_match, o->e_tag) ? s3_fail_condition(err, "If-Match") : 0;
}

int s3_received(SwCtx *cx, const SwStream *body, S3Extent *ret_e, SwStr *ret_e_tag, SwStr *ret_crc64, SwError *err) {
    SwBlobInfo info = {0};
    if (body->sha256.p && body->md5.n == 16 && body->crc64nvme.n == 8) {
        *ret_e = (S3Extent){.digest = sw_hex(cx->arena, body->sha256.p, body->sha256.n),
                            .offset = SW_SOME_INT(0),
                            .size = SW_SOME_INT(body->size)};
        *ret_e_tag = s3_e_tag(cx->arena, body->md5.p, body->md5.n);
        *ret_crc64 = sw_base64(cx->arena, body->crc64nvme);
        return 0;
    }
    if (body->sha256.p) {
        *ret_e = (S3Extent){.digest = sw_hex(cx->arena, body->sha256.p, body->sha256.n),
                            .offset = SW_SOME_INT(0),
                            .size = SW_SOME_INT(body->size)};
    } else { /* a caller in process: text in memory, or nothing */
        if (sw_blob_put(cx->host->blobs, cx->arena, body->data.p ? body->data : SW_STR(""), &info, err) < 0)
            return -1;
        *ret_e = (S3Extent){.digest = info.digest, .offset = SW_SOME_INT(0), .size = SW_SOME_INT(info.size)};
    }
    return s3_digest_extents(cx, &(S3ExtentList){ret_e, 1}, ret_e_tag, S3_CRC64NVME, ret_crc64, err);
}

/* "aws-chunked" is how the bytes travelled, not what they are. */
static SwStr kept_encoding(SwArena *a, SwStr encoding) {
    SwStrList kept = {0};
    SwStr part;
    while (sw_str_next(&encoding, ',', &part))
        if (!sw_str_eqz(sw_str_trim(part), "aws-chunked") && sw_str_is(sw_str_trim(part)))
            sw_str_list_add(a, &kept, sw_str_trim(part));
    return kept.n ? sw_str_join(a, kept.v, kept.n, SW_STR(",")) : SW_NO_STR;
}

int s3_put_object(SwCtx *cx, const S3PutObjectRequest *in, S3PutObjectOutput *out, SwError *err) {
    S3BucketRecord *b;
    SwStr crc64;
    S3ObjectRecord *o = sw_new(cx->arena, S3ObjectRecord);
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 ||
        s3_check_write_conditions(cx, in->bucket, in->key, in->if_match, in->if_none_match, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_object_record, o, &s3_shape_put_object_request, in);
    if (s3_take_metadata(cx->arena, &in->metadata, &o->metadata, err) < 0)
        return -1;
    o->content_encoding = kept_encoding(cx->arena, in->content_encoding);
    if (s3_tags_from_header(cx, in->tagging, in->bucket, in->key, &o->tags, err) < 0 ||
        s3_received(cx, &in->body, sw_list_add(cx->arena, &o->extents), &o->e_tag, &crc64, err) < 0)
        return -1;
    o->size = o->extents.v[0].size;
    o->checksum_type = S3_CHECKSUM_TYPE_FULL_OBJECT;
    if (s3_sum_kind(&s3_shape_object_record, o) < 0)
        o->checksum_crc64nvme = crc64;
    bool form = cx->http && sw_str_eqz(cx->http->m.method, "POST");
    if (s3_store(cx, b, o, form ? "POST Object" : "PutObject", err) < 0)
        return -1;
    sw_shape_move(cx->arena, &s3_shape_put_object_output, out, &s3_shape_object_record, o);
    out->version_id = s3_written_version(b, o);
    return 0;
}

/* Deleting. */

static int remove_current(SwCtx *cx, const S3ObjectRecord *o, SwError *err) {
    if (s3_uploads_lost_object(cx, o->bucket, o->key, err) < 0 || s3_refs(cx, &o->extents, o->ref, false, err) < 0)
        return -1;
    return s3_objects_delete(cx->tx, s3_object_id(cx->arena, o->bucket, o->key), NULL, err);
}

/* The newest version comes back, unless that is a delete marker: then the key stays hidden. */
static int promote(SwCtx *cx, SwStr bucket, SwStr key, SwError *err) {
    const S3ObjectRecord *o;
    if (newest(cx, bucket, key, &o, err) < 0)
        return -1;
    if (!o || o->delete_marker.v)
        return 0;
    return s3_versions_delete(cx->tx, version_id(cx->arena, bucket, key, o->version_id), NULL, err) < 0
               ? -1
               : put_current(cx, o, err);
}

static int delete_version(SwCtx *cx, const S3BucketRecord *b, SwStr key, SwStr version, S3DeletedObject *ret, SwError *err) {
    S3ObjectRecord *o, *current;
    ret->version_id = version;
    if (s3_find(cx, b->name, key, version, &o, err) < 0 || s3_find(cx, b->name, key, SW_NO_STR, &current, err) < 0)
        return -1;
    if (!o)
        return 0;
    bool marker = o->delete_marker.v;
    if (marker) {
        ret->delete_marker = SW_SOME_BOOL(true);
        ret->delete_marker_version_id = version;
    }
    bool was_current = current && sw_str_eq(current->version_id, version);
    if ((was_current ? remove_current(cx, o, err) : drop_version(cx, b->name, key, version, err)) < 0)
        return -1;
    if ((was_current || (marker && !current)) && promote(cx, b->name, key, err) < 0)
        return -1;
    return s3_notify(cx, b, "ObjectRemoved:Delete", &s3_event_object_deleted, "DeleteObject", o, err);
}

static int delete_with_marker(SwCtx *cx, const S3BucketRecord *b, SwStr key, const S3ObjectRecord *current,
                              S3DeletedObject *ret, SwError *err) {
    S3ObjectRecord marker = {.bucket = b->name, .key = key, .delete_marker = SW_SOME_BOOL(true), .size = SW_SOME_INT(0)};
    if (stamp(cx, b, &marker, err) < 0)
        return -1;
    if (current && displace(cx, b, current, err) < 0)
        return -1;
    if (current && (s3_uploads_lost_object(cx, b->name, key, err) < 0 ||
                    s3_objects_delete(cx->tx, s3_object_id(cx->arena, b->name, key), NULL, err) < 0))
        return -1;
    if (!s3_is_versioned(b) && drop_version(cx, b->name, key, SW_STR("null"), err) < 0)
        return -1;
    ret->delete_marker = SW_SOME_BOOL(true);
    ret->delete_marker_version_id = marker.version_id;
    if (put_version(cx, &marker, err) < 0)
        return -1;
    return s3_notify(cx, b, "ObjectRemoved:DeleteMarkerCreated", &s3_event_object_deleted, "DeleteObject", &marker, err);
}

static int delete_one(SwCtx *cx, const S3BucketRecord *b, SwStr key, SwStr version, S3DeletedObject *ret, SwError *err) {
    S3ObjectRecord *current;
    *ret = (S3DeletedObject){.key = key};
    if (sw_str_is(version))
        return delete_version(cx, b, key, version, ret, err);
    if (s3_find(cx, b->name, key, SW_NO_STR, &current, err) < 0)
        return -1;
    if (sw_str_is(b->versioning))
        return delete_with_marker(cx, b, key, current, ret, err);
    if (!current)
        return 0;
    return remove_current(cx, current, err) < 0
               ? -1
               : s3_notify(cx, b, "ObjectRemoved:Delete", &s3_event_object_deleted, "DeleteObject", current, err);
}

static int check_delete_conditions(SwCtx *cx, SwStr bucket, SwStr key, SwStr version, SwStr etag, SwOptTime modified,
                                   SwOptInt size, SwError *err) {
    S3ObjectRecord *o;
    if (!sw_str_is(etag) && !modified.set && !size.set)
        return 0;
    if (s3_find(cx, bucket, key, version, &o, err) < 0)
        return -1;
    if (!o)
        return sw_str_eqz(etag, "*") ? s3_fail_no_key(err, key) : 0;
    if (sw_str_is(etag) && !s3_etag_eq(etag, o->e_tag))
        return s3_fail_condition(err, "If-Match");
    if (modified.set && modified.v / SW_S != o->last_modified.v / SW_S)
        return s3_fail_condition(err, "x-amz-if-match-last-modified-time");
    return size.set && size.v != o->size.v ? s3_fail_condition(err, "x-amz-if-match-size") : 0;
}

int s3_delete_object(SwCtx *cx, const S3DeleteObjectRequest *in, S3DeleteObjectOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3DeletedObject d;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || check_version(b, in->version_id, err) < 0 ||
        check_delete_conditions(cx, in->bucket, in->key, in->version_id, in->if_match, in->if_match_last_modified_time,
                                in->if_match_size, err) < 0 ||
        delete_one(cx, b, in->key, in->version_id, &d, err) < 0)
        return -1;
    out->delete_marker = d.delete_marker;
    out->version_id = sw_str_is(d.version_id) ? d.version_id : d.delete_marker_version_id;
    return 0;
}

/* A version that a list names is there; one that a single request names need not be. */
static int check_named_version(SwCtx *cx, SwStr bucket, SwStr key, SwStr version, SwError *err) {
    S3ObjectRecord *o;
    if (!sw_str_is(version))
        return 0;
    if (s3_find(cx, bucket, key, version, &o, err) < 0)
        return -1;
    return o || sw_str_eqz(version, "null") ? 0 : s3_fail_no_version(err, key, version);
}

/* S3 deletes by list only where the list is sure to have arrived whole. The front door has compared what is there. */
static bool is_protected(const SwHeaderList *h) {
    SwStr prefix = SW_STR("x-amz-checksum-");
    for (size_t i = 0; i < h->n; i++)
        if (sw_str_ieq(h->v[i].name, SW_STR("content-md5")) ||
            (h->v[i].name.n > prefix.n && sw_str_ieq(sw_str_n(h->v[i].name.p, prefix.n), prefix)))
            return true;
    return false;
}

int s3_delete_objects(SwCtx *cx, const S3DeleteObjectsRequest *in, S3DeleteObjectsOutput *out, SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    if (cx->http && !is_protected(&cx->http->m.headers))
        return sw_fail(err, &S3_INVALID_REQUEST, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    if (in->delete->objects.n == 0 || in->delete->objects.n > 1000)
        return s3_fail_schema(err);
    for (size_t i = 0; i < in->delete->objects.n; i++) {
        const S3ObjectIdentifier *o = &in->delete->objects.v[i];
        SwError one = sw_error(cx->arena);
        S3DeletedObject d;
        const char *action = sw_str_is(o->version_id) ? "s3:DeleteObjectVersion" : "s3:DeleteObject";
        if (s3_authorise_object(cx, action, in->bucket, o->key, &one) < 0 ||
            check_named_version(cx, in->bucket, o->key, o->version_id, &one) < 0 ||
            check_delete_conditions(cx, in->bucket, o->key, o->version_id, o->e_tag, o->last_modified_time, o->size, &one) <
                0) {
            *sw_list_add(cx->arena, &out->errors) = (S3Error){.key = o->key,
                                                              .version_id = o->version_id,
                                                              .code = sw_str(one.kind->code),
                                                              .message = sw_str(one.message)};
            continue;
        }
        if (delete_one(cx, b, o->key, o->version_id, &d, err) < 0)
            return -1;
        if (!in->delete->quiet.v)
            *sw_list_add(cx->arena, &out->deleted) = d;
    }
    return 0;
}
