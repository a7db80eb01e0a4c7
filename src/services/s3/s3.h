/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* S3's insides. An object's bytes are extents of blobs; copying one, or joining the parts of an upload, moves no bytes.
 *
 *   s3/object    the current object of a key, never a delete marker; id "bucket/key", so listings are ranges of ids
 *   s3/version   what is not current, and delete markers; by (bucket, key, order), newest first
 *   s3/upload, s3/part   multipart uploads
 *   s3/completed what completing them answered, for a day
 *
 * Each stored object (or part) keeps its blobs alive under its own `ref`. */

#include "api/host.h"
#include "base/digest.h"
#include "models/s3_resources.gen.h"

/* First thing in every handler: the bucket exists and is the caller's; members that Slipway cannot honour are refused
 * by name, whatever the operation. */
int s3_begin(SwCtx *cx, const void *in, SwStr bucket, S3BucketRecord **ret_b, SwError *err) sw_must_check;
int s3_check_members(SwCtx *cx, const void *in, SwError *err) sw_must_check;
int s3_bucket_store(SwCtx *cx, const S3BucketRecord *b, SwError *err) sw_must_check;
/* validate.c: the input against its model, in S3's words. */
int s3_validate(SwCtx *cx, const SwOperation *op, const void *in, SwError *err) sw_must_check;

#define S3_PARTS_MAX 10000

/* errors.c: what S3 says beside the message. All return -1. */
int s3_fail_bucket(SwError *err, const SwErrorKind *kind, SwStr bucket, const char *message);
int s3_fail_no_key(SwError *err, SwStr key);
int s3_fail_no_version(SwError *err, SwStr key, SwStr version);
int s3_fail_condition(SwError *err, const char *condition); /* "If-Match" */
int s3_fail_argument(SwError *err, const char *name, SwStr value, const char *message);
int s3_fail_schema(SwError *err);
/* size < 0: not told. */
int s3_fail_size(SwError *err, const SwErrorKind *kind, const char *message, int64_t size, const char *bound_name,
                 int64_t bound);
int s3_fail_part_number(SwError *err, int64_t number);      /* not one of 1 .. S3_PARTS_MAX */
int s3_fail_not_accepted(SwError *err, const char *header); /* a value of it that S3 does not take here */

/* s3.c: what an operation does to an object beside its own. */
int s3_authorise_object(SwCtx *cx, const char *action_name, SwStr bucket, SwStr key, SwError *err) sw_must_check;
S3Owner *s3_owner(SwArena *a, SwStr account);
bool s3_is_closed_to(SwCtx *cx, const S3BucketRecord *b); /* its policy does not count for this caller */
bool s3_is_versioned(const S3BucketRecord *b);            /* Enabled: new versions get ids of their own */

/* object.c */
SwStr s3_object_id(SwArena *a, SwStr bucket, SwStr key);
/* *ret_o NULL: absent. version absent: the current object. */
int s3_find(SwCtx *cx, SwStr bucket, SwStr key, SwStr version, S3ObjectRecord **ret_o, SwError *err) sw_must_check;
/* The same, failing with NoSuchKey, NoSuchVersion, InvalidArgument (no version's id) or MethodNotAllowed (a delete marker). */
int s3_get(SwCtx *cx, const S3BucketRecord *b, SwStr key, SwStr version, S3ObjectRecord **ret_o, SwError *err) sw_must_check;
/* Makes `o` (all but VersionId, order, ref, LastModified filled) the key's current object, with references and event. */
int s3_store(SwCtx *cx, const S3BucketRecord *b, S3ObjectRecord *o, const char *reason, SwError *err) sw_must_check;
int s3_check_key(SwStr key, SwError *err) sw_must_check; /* its length */
int s3_check_write_conditions(SwCtx *cx, SwStr bucket, SwStr key, SwStr if_match, SwStr if_none_match,
                              SwError *err) sw_must_check;
/* Rewrite an existing version in place: its tags. */
int s3_update(SwCtx *cx, const S3ObjectRecord *o, SwError *err) sw_must_check;
int s3_refs(SwCtx *cx, const S3ExtentList *extents, SwStr ref, bool add, SwError *err) sw_must_check;
/* What a request brought: one extent with its size, ETag, and the CRC64NVME that every object has (base64). */
int s3_received(SwCtx *cx, const SwStream *body, S3Extent *ret_e, SwStr *ret_e_tag, SwStr *ret_crc64,
                SwError *err) sw_must_check;
SwStr s3_shown_version(const S3BucketRecord *b, const S3ObjectRecord *o);   /* absent where versioning never was on */
SwStr s3_written_version(const S3BucketRecord *b, const S3ObjectRecord *o); /* absent also where it is suspended */

/* metadata.c: what x-amz-meta-* bring, decoded (RFC 2047) and bounded; and as they are told again. */
int s3_take_metadata(SwArena *a, const SwStrMap *given, SwStrMap *ret_m, SwError *err) sw_must_check;
SwStrMap s3_shown_metadata(SwArena *a, const SwStrMap *kept);

/* read.c */
typedef struct S3Conditions {
    SwStr match, none_match;
    SwOptTime modified_since, unmodified_since;
} S3Conditions;
typedef enum S3Verdict { S3_GO_ON, S3_NOT_MODIFIED, S3_FAILED } S3Verdict;
/* *ret_condition: the header that decided, where the verdict is not S3_GO_ON. */
S3Verdict s3_judge(const S3Conditions *c, SwStr etag, SwTime modified, const char **ret_condition);
bool s3_etag_eq(SwStr given, SwStr etag); /* quotes do not matter; "*" is any */
/* The part of `extents` from offset on. */
void s3_slice(SwArena *a, const S3ExtentList *extents, int64_t offset, int64_t size, S3ExtentList *ret_l);
/* "bytes=a-b" over `size`. False: none that makes sense, take all. *ret_bad: it cannot be satisfied. */
bool s3_range(SwStr text, int64_t size, int64_t *ret_offset, int64_t *ret_size, bool *ret_bad);
/* Read through extents for what is asked of them: an ETag (ret_e_tag not NULL), a checksum (algorithm not -1). Opens no
 * transaction and needs none. */
int s3_digest_extents(SwCtx *cx, const S3ExtentList *extents, SwStr *ret_e_tag, int algorithm, SwStr *ret_sum,
                      SwError *err) sw_must_check;
SwStr s3_e_tag(SwArena *a, const void *md5, size_t n); /* quoted hexadecimal */

/* copy.c */
typedef struct S3CopySource {
    SwStr text; /* "bucket/key?versionId=..", with or without a leading slash, percent-encoded */
    SwStr expected_owner;
    S3Conditions conditions;
} S3CopySource;
/* *ret_named: the client chose the version. */
int s3_copy_source(SwCtx *cx, const S3CopySource *s, S3BucketRecord **ret_b, S3ObjectRecord **ret_o, bool *ret_named,
                   SwStr *ret_version, SwError *err) sw_must_check;
/* In a write transaction: what was looked up in an earlier snapshot is still there. */
int s3_check_extents(SwCtx *cx, const S3ExtentList *extents, SwError *err) sw_must_check;

/* checksum.c. Records, requests and replies hold checksums as members of the same names, in base64. */
enum { S3_CRC32, S3_CRC32C, S3_CRC64NVME, S3_SHA1, S3_SHA256, S3_ALGORITHMS };
int s3_algorithm(SwStr name);                  /* one of these, or -1 */
const char *s3_algorithm_name(int algorithm);  /* "CRC32" */
const char *s3_algorithm_lower(int algorithm); /* as S3's messages write it: "crc32"; "null" for none */
SwDigestKind s3_digest_kind(int algorithm);
SwStr *s3_sum(const SwShape *shape, void *v, int algorithm); /* the member ChecksumCRC32 .. of a structure */
int s3_sum_kind(const SwShape *shape, const void *v);        /* the first that is set, or -1 */
/* Of the parts of an upload: the whole's, from those alone. */
int s3_join_checksums(SwArena *a, int algorithm, bool whole, const SwStr *parts, const int64_t *sizes, size_t n, SwStr *ret_sum,
                      SwError *err) sw_must_check;

/* list.c: what listings share. */
typedef struct S3Walk { /* over the rows of a query, a page at a time; begin with .c and .q */
    const SwCollection *c;
    SwDocQuery q;
    SwDocList rows;
    size_t at;
    bool end;
} S3Walk;
int s3_walk_peek(SwCtx *cx, S3Walk *w, const SwDocRow **ret_row, SwError *err) sw_must_check; /* NULL: at the end */
/* "a/b/" of "a/b/c" with prefix "a/" and delimiter "/"; absent where the key has none behind the prefix. */
SwStr s3_common_prefix(SwStr key, SwStr prefix, SwStr delimiter);
SwStr s3_behind(SwArena *a, SwStr s);                /* the smallest text behind all that begins with s; absent: none */
SwStr s3_form_encode(SwArena *a, SwStr key);         /* as a form's field would have it: a space is '+' */
SwStr s3_shown(SwArena *a, SwStr encoding, SwStr s); /* form-encoded where encoding-type=url asks for it */
SwStr s3_told(SwArena *a, SwStr encoding, SwStr s);  /* the same, absent where it is empty */
#define S3_KEYS_MAX 1000
int s3_check_count(SwOptInt n, const char *argument, SwError *err) sw_must_check; /* a limit or marker: not negative */
int s3_check_listing(SwStr encoding, SwOptInt max, const char *argument, size_t *ret_max, SwError *err) sw_must_check;

/* multipart.c, for the listings in multipart_list.c */
int s3_upload_get(SwCtx *cx, SwStr bucket, SwStr key, SwStr id, S3UploadRecord **ret_u, SwError *err) sw_must_check;
/* The key's object was deleted: what is being uploaded to it can no longer promise that nothing happened meanwhile. */
int s3_uploads_lost_object(SwCtx *cx, SwStr bucket, SwStr key, SwError *err) sw_must_check;
int s3_upload_parts(SwCtx *cx, SwStr upload, S3PartRecords *ret_l, SwError *err) sw_must_check;
/* The upload and its parts go; what an object has taken over it refers to itself. */
int s3_upload_forget(SwCtx *cx, SwStr upload, const S3PartRecords *parts, SwError *err) sw_must_check;
/* complete.c: what completions of this bucket answered. */
int s3_completed_forget(SwCtx *cx, SwStr bucket, SwError *err) sw_must_check;

/* tagging.c */
/* Of x-amz-tagging; whoever sends it needs s3:PutObjectTagging as well. */
int s3_tags_from_header(SwCtx *cx, SwStr text, SwStr bucket, SwStr key, S3TagList *ret_tags, SwError *err) sw_must_check;

/* cors.c */
SwStr s3_bucket_of_path(SwStr path, SwStr *ret_key); /* "/bucket/key", as it is in the request; both may be empty */
void s3_finish(SwCtx *cx, const SwWireMessage *m);   /* CORS's headers, for whoever says where he comes from */
void s3_preflight(SwCtx *cx);
void s3_answer(SwCtx *cx, const SwError *e); /* of what is no operation: S3's headers, or the error */

/* post.c */
bool s3_post_begin(SwCtx *cx, SwError *err);
void s3_post(SwCtx *cx);

/* notify.c: what the bucket's configuration asks for when an object came or went. */
int s3_notify(SwCtx *cx, const S3BucketRecord *b, const char *event, const SwEventType *type, const char *reason,
              const S3ObjectRecord *o, SwError *err) sw_must_check;

/* metric.c: SwService.gauge. */
int s3_gauge(SwCtx *cx, SwTime from, SwTime until, SwTime *ret_next, SwError *err);
