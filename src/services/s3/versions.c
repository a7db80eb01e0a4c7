/* SPDX-License-Identifier: Apache-2.0 */
/* Listing versions: what is current (s3/object) and what is not (s3/version), merged key by key, the current one first.
 *
 * A page resumes behind the version that its markers name, by the order in which versions were made. A version that was
 * deleted since has no place any more: then its key comes again from the start, so that who deletes page by page misses
 * nothing. */

#include "services/s3/s3.h"

typedef struct Page {
    const S3ListObjectVersionsRequest *in;
    S3BucketRecord *bucket;
    SwStr marker_order; /* of the version that the last page ended with; absent: current, or unknown */
    bool marker_current, marker_gone;
    bool inside_key; /* the versions walk is over the marker's key alone; all behind it follow */
    size_t max, count;
    SwStr seen_key, last_key, last_version, last_prefix;
    S3Walk objects, versions;
} Page;

static void add(SwArena *a, const Page *p, const S3ObjectRecord *o, bool latest, S3ListObjectVersionsOutput *out) {
    SwStr key = s3_shown(a, p->in->encoding_type, o->key);
    if (o->delete_marker.v) {
        *sw_list_add(a, &out->delete_markers) = (S3DeleteMarkerEntry){.key = key,
                                                                      .version_id = o->version_id,
                                                                      .is_latest = SW_SOME_BOOL(latest),
                                                                      .last_modified = o->last_modified,
                                                                      .owner = s3_owner(a, p->bucket->account)};
        return;
    }
    S3ObjectVersion *v = sw_list_add(a, &out->versions);
    *v = (S3ObjectVersion){.key = key,
                           .version_id = o->version_id,
                           .is_latest = SW_SOME_BOOL(latest),
                           .last_modified = o->last_modified,
                           .e_tag = o->e_tag,
                           .size = o->size,
                           .storage_class = sw_str_or(o->storage_class, SW_STR("STANDARD")),
                           .owner = s3_owner(a, p->bucket->account)};
    int algorithm = s3_sum_kind(&s3_shape_object_record, o);
    if (algorithm >= 0)
        sw_str_list_add(a, &v->checksum_algorithm, sw_str(s3_algorithm_name(algorithm)));
    v->checksum_type = o->checksum_type;
}

/* Both walks from the key `from` on; absent: from the prefix. */
static void start(SwArena *a, Page *p, SwStr from) {
    SwStr prefix = sw_str_or(p->in->prefix, SW_STR("")), name = p->bucket->name;
    if (!from.p || sw_str_cmp(from, prefix) < 0)
        from = prefix;
    SwStr whole = prefix.n ? s3_object_id(a, name, prefix) : sw_strf(a, "%.*s/", SW_FMT(name));
    p->objects = (S3Walk){.c = &s3_objects, .q = {.from = s3_object_id(a, name, from), .below = s3_behind(a, whole)}};
    p->versions = (S3Walk){.c = &s3_versions,
                           .q = {.index = "by_key",
                                 .equals = {name},
                                 .from = from.n ? from : SW_NO_STR,
                                 .below = prefix.n ? s3_behind(a, prefix) : SW_NO_STR}};
}

/* The first walk over versions begins in the middle of the marker's key, which may have any number of them. */
static void start_at_marker(SwArena *a, Page *p) {
    SwStr key = p->in->key_marker;
    start(a, p, sw_str_is(key) ? key : SW_NO_STR);
    p->inside_key = p->marker_order.p && sw_str_starts(key, sw_str_or(p->in->prefix, SW_STR("")));
    if (p->inside_key)
        p->versions =
            (S3Walk){.c = &s3_versions, .q = {.index = "by_key", .equals = {p->bucket->name, key}, .from = p->marker_order}};
}

static void leave_key(SwArena *a, Page *p) {
    SwStr key = p->in->key_marker, next = sw_str_n(sw_strf(a, "%.*s%c", SW_FMT(key), 0).p, key.n + 1);
    S3Walk objects = p->objects;
    start(a, p, next);
    p->objects = objects;
    p->inside_key = false;
}

static bool was_shown(const Page *p, const S3ObjectRecord *o, bool current) {
    SwStr marker = p->in->key_marker;
    if (!sw_str_is(marker))
        return false;
    int order = sw_str_cmp(o->key, marker);
    if (order != 0)
        return order < 0;
    if (!sw_str_is(p->in->version_id_marker))
        return true; /* no version named: all of the key */
    if (p->marker_gone)
        return false;
    return current || (p->marker_order.p && sw_str_cmp(o->order, p->marker_order) <= 0);
}

typedef enum Taken { TAKEN, PASSED, FULL } Taken;

static Taken take(SwArena *a, Page *p, const S3ObjectRecord *o, bool current, S3ListObjectVersionsOutput *out) {
    bool latest = !p->seen_key.p || !sw_str_eq(p->seen_key, o->key);
    p->seen_key = o->key;
    if (was_shown(p, o, current))
        return PASSED;
    SwStr common = s3_common_prefix(o->key, p->in->prefix, p->in->delimiter);
    if (common.p &&
        (sw_str_eq(common, p->last_prefix) || (sw_str_is(p->in->key_marker) && sw_str_starts(p->in->key_marker, common))))
        return PASSED;
    if (p->count == p->max)
        return FULL;
    p->count++;
    p->last_prefix = common;
    p->last_key = common.p ? common : o->key;
    p->last_version = common.p ? SW_NO_STR : o->version_id;
    if (common.p)
        sw_list_add(a, &out->common_prefixes)->prefix = s3_shown(a, p->in->encoding_type, common);
    else
        add(a, p, o, latest, out);
    return TAKEN;
}

static int fill(SwCtx *cx, Page *p, S3ListObjectVersionsOutput *out, SwError *err) {
    start_at_marker(cx->arena, p);
    for (;;) {
        const SwDocRow *object, *version;
        if (s3_walk_peek(cx, &p->objects, &object, err) < 0 || s3_walk_peek(cx, &p->versions, &version, err) < 0)
            return -1;
        if (!version && p->inside_key) {
            leave_key(cx->arena, p);
            continue;
        }
        if (!object && !version)
            return 0;
        const S3ObjectRecord *o = object ? s3_objects_row(object) : NULL, *v = version ? s3_versions_row(version) : NULL;
        bool current = o && (!v || sw_str_cmp(o->key, v->key) <= 0);
        Taken taken = take(cx->arena, p, current ? o : v, current, out);
        if (taken == FULL) {
            out->is_truncated = SW_SOME_BOOL(p->max > 0);
            return 0;
        }
        (current ? &p->objects : &p->versions)->at++;
        SwStr next = taken == TAKEN && p->last_prefix.p ? s3_behind(cx->arena, p->last_prefix) : SW_NO_STR;
        if (next.p) { /* nothing of a folder comes twice */
            start(cx->arena, p, next);
            p->inside_key = false;
        }
    }
}

static int find_marker(SwCtx *cx, Page *p, SwError *err) {
    const S3ListObjectVersionsRequest *in = p->in;
    S3ObjectRecord *marker, *current;
    if (!sw_str_is(in->version_id_marker))
        return 0;
    if (!sw_str_is(in->key_marker))
        return s3_fail_argument(err, "version-id-marker", in->version_id_marker,
                                "A version-id marker cannot be specified without a key marker.");
    if (s3_find(cx, in->bucket, in->key_marker, in->version_id_marker, &marker, err) < 0 ||
        s3_find(cx, in->bucket, in->key_marker, SW_NO_STR, &current, err) < 0)
        return -1;
    p->marker_gone = !marker;
    p->marker_current = marker && current && sw_str_eq(marker->version_id, current->version_id);
    if (marker && !p->marker_current)
        p->marker_order = marker->order;
    return 0;
}

int s3_list_object_versions(SwCtx *cx, const S3ListObjectVersionsRequest *in, S3ListObjectVersionsOutput *out, SwError *err) {
    SwArena *a = cx->arena;
    Page p = {.in = in};
    if (s3_begin(cx, in, in->bucket, &p.bucket, err) < 0 ||
        s3_check_listing(in->encoding_type, in->max_keys, "maxKeys", &p.max, err) < 0 || find_marker(cx, &p, err) < 0)
        return -1;
    out->is_truncated = SW_SOME_BOOL(false);
    if (fill(cx, &p, out, err) < 0)
        return -1;
    out->name = in->bucket;
    out->prefix = s3_shown(a, in->encoding_type, sw_str_or(in->prefix, SW_STR("")));
    out->key_marker = s3_shown(a, in->encoding_type, sw_str_or(in->key_marker, SW_STR("")));
    out->version_id_marker = sw_str_or(in->version_id_marker, SW_STR(""));
    out->delimiter = s3_told(a, in->encoding_type, in->delimiter);
    out->max_keys = SW_SOME_INT((int64_t)p.max);
    out->encoding_type = in->encoding_type;
    if (out->is_truncated.v) {
        out->next_key_marker = s3_shown(a, in->encoding_type, p.last_key);
        out->next_version_id_marker = p.last_version;
    }
    return 0;
}
