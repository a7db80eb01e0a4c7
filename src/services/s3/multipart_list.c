/* SPDX-License-Identifier: Apache-2.0 */
/* Listings of uploads under way and of their parts. */

#include "services/s3/s3.h"

static S3Initiator *initiator(SwArena *a, SwStr arn) {
    S3Initiator *i = sw_new(a, S3Initiator);
    size_t slash;
    i->id = arn;
    i->display_name = sw_str_rfind(arn, '/', &slash) ? sw_str_skip(arn, slash + 1) : arn;
    return i;
}

int s3_list_parts(SwCtx *cx, const S3ListPartsRequest *in, S3ListPartsOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3UploadRecord *u;
    S3PartRecords parts;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_upload_get(cx, in->bucket, in->key, in->upload_id, &u, err) < 0 ||
        s3_upload_parts(cx, in->upload_id, &parts, err) < 0)
        return -1;
    size_t max;
    int64_t marker = SW_OR(in->part_number_marker, 0);
    if (s3_check_listing(SW_NO_STR, in->max_parts, "max-parts", &max, err) < 0 ||
        s3_check_count(in->part_number_marker, "part-number-marker", err) < 0)
        return -1;
    out->is_truncated = SW_SOME_BOOL(false);
    for (size_t i = 0; i < parts.n; i++) {
        const S3PartRecord *p = parts.v[i].record;
        if (p->number.v <= marker)
            continue;
        if (out->parts.n == max) {
            out->is_truncated = SW_SOME_BOOL(max > 0);
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
    out->max_parts = SW_SOME_INT((int64_t)max);
    out->owner = s3_owner(cx->arena, b->account);
    out->initiator = initiator(cx->arena, u->initiator);
    out->storage_class = sw_str_or(u->object->storage_class, SW_STR("STANDARD"));
    out->checksum_algorithm = u->checksum_algorithm;
    out->checksum_type = u->checksum_type;
    return 0;
}

typedef struct Uploads { /* a page in the making */
    const S3ListMultipartUploadsRequest *in;
    SwStr marker_initiated; /* of the upload that the last page ended with, as the index has it; absent: unknown */
    size_t max;
    SwStr last_key, last_upload, last_prefix;
    SwStr account;
} Uploads;

/* Whether this upload was on an earlier page. Within a key they come in the order they were begun. */
static bool was_shown(SwArena *a, const Uploads *p, const S3UploadRecord *u, SwStr id) {
    SwStr marker = p->in->key_marker;
    if (!sw_str_is(marker))
        return false;
    int order = sw_str_cmp(u->key, marker);
    if (order != 0)
        return order < 0;
    if (!sw_str_is(p->in->upload_id_marker))
        return true;
    if (!p->marker_initiated.p) /* completed or aborted since: what is left of the key comes again, nothing is lost */
        return false;
    order = sw_str_cmp(sw_index_number(a, u->initiated.v), p->marker_initiated);
    return order < 0 || (order == 0 && sw_str_cmp(id, p->in->upload_id_marker) <= 0);
}

/* False: the page is full and this upload is behind it. */
static bool take(SwArena *a, Uploads *p, const S3UploadRecord *u, SwStr id, S3ListMultipartUploadsOutput *out) {
    SwStr url = p->in->encoding_type, common = s3_common_prefix(u->key, p->in->prefix, p->in->delimiter);
    if (common.p &&
        (sw_str_eq(common, p->last_prefix) || (sw_str_is(p->in->key_marker) && sw_str_starts(p->in->key_marker, common))))
        return true;
    if (out->uploads.n + out->common_prefixes.n == p->max)
        return false;
    p->last_key = common.p ? common : u->key;
    p->last_upload = common.p ? SW_NO_STR : id;
    p->last_prefix = common;
    if (common.p) {
        sw_list_add(a, &out->common_prefixes)->prefix = s3_shown(a, url, common);
        return true;
    }
    *sw_list_add(a, &out->uploads) =
        (S3MultipartUpload){.upload_id = id,
                            .key = s3_shown(a, url, u->key),
                            .initiated = u->initiated,
                            .initiator = initiator(a, u->initiator),
                            .storage_class = sw_str_or(u->object->storage_class, SW_STR("STANDARD")),
                            .owner = s3_owner(a, p->account),
                            .checksum_algorithm = u->checksum_algorithm,
                            .checksum_type = u->checksum_type};
    return true;
}

static int fill(SwCtx *cx, Uploads *p, S3ListMultipartUploadsOutput *out, SwError *err) {
    const S3ListMultipartUploadsRequest *in = p->in;
    S3Walk w = {.c = &s3_uploads,
                .q = {.index = "by_key",
                      .equals = {in->bucket},
                      .below = sw_str_is(in->prefix) ? s3_behind(cx->arena, in->prefix) : SW_NO_STR,
                      .from = sw_str_is(in->key_marker) && sw_str_cmp(in->key_marker, in->prefix) > 0 ? in->key_marker
                              : sw_str_is(in->prefix)                                                 ? in->prefix
                                                                                                      : SW_NO_STR}};
    for (const SwDocRow *row;; w.at++) {
        if (s3_walk_peek(cx, &w, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        const S3UploadRecord *u = s3_uploads_row(row);
        if (was_shown(cx->arena, p, u, row->id) || take(cx->arena, p, u, row->id, out))
            continue;
        out->is_truncated = SW_SOME_BOOL(p->max > 0);
        return 0;
    }
}

int s3_list_multipart_uploads(SwCtx *cx, const S3ListMultipartUploadsRequest *in, S3ListMultipartUploadsOutput *out,
                              SwError *err) {
    SwArena *a = cx->arena;
    S3BucketRecord *b;
    S3UploadRecord *marker = NULL;
    Uploads p = {.in = in};
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 ||
        s3_check_listing(in->encoding_type, in->max_uploads, "max-uploads", &p.max, err) < 0)
        return -1;
    if (sw_str_is(in->key_marker) && sw_str_is(in->upload_id_marker) &&
        s3_uploads_find(cx->tx, in->upload_id_marker, &marker, err) < 0)
        return -1;
    if (marker)
        p.marker_initiated = sw_index_number(a, marker->initiated.v);
    p.account = b->account;
    out->is_truncated = SW_SOME_BOOL(false);
    if (fill(cx, &p, out, err) < 0)
        return -1;
    out->bucket = in->bucket;
    out->key_marker = s3_shown(a, in->encoding_type, sw_str_or(in->key_marker, SW_STR("")));
    out->upload_id_marker = sw_str_or(in->upload_id_marker, SW_STR(""));
    out->prefix = s3_told(a, in->encoding_type, in->prefix);
    out->delimiter = s3_told(a, in->encoding_type, in->delimiter);
    out->max_uploads = SW_SOME_INT((int64_t)p.max);
    out->encoding_type = in->encoding_type;
    /* Where the page ended, also when nothing is behind it. */
    out->next_key_marker = s3_shown(a, in->encoding_type, sw_str_or(p.last_key, SW_STR("")));
    out->next_upload_id_marker = sw_str_or(p.last_upload, SW_STR(""));
    return 0;
}
