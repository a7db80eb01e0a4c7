/* SPDX-License-Identifier: Apache-2.0 */
/* Listings. Objects are a range of ids in bytewise order, which is S3's order. A common prefix is passed over by
 * beginning again behind it, so that a folder of a million keys costs one step. */

#include "base/digest.h"
#include "services/s3/s3.h"

#define KEYS_MAX 1000
#define CHUNK 1001

/* The smallest text behind everything that begins with `s`; absent: there is none. */
static SwStr behind(SwArena *a, SwStr s) {
    SwStr copy = sw_str_dup(a, s);
    char *p = (char *)(uintptr_t)copy.p;
    while (copy.n > 0) {
        uint8_t last = (uint8_t)p[copy.n - 1];
        if (last < 0xff) {
            p[copy.n - 1] = (char)(last + 1);
            return copy;
        }
        copy.n--;
    }
    return SW_NO_STR;
}

/* "a/b/" of "a/b/c" with prefix "a/" and delimiter "/"; absent where the key has none behind the prefix. */
static SwStr common_prefix(SwStr key, SwStr prefix, SwStr delimiter) {
    if (!sw_str_is(delimiter))
        return SW_NO_STR;
    for (size_t i = prefix.n; i + delimiter.n <= key.n; i++)
        if (memcmp(key.p + i, delimiter.p, delimiter.n) == 0)
            return sw_str_n(key.p, i + delimiter.n);
    return SW_NO_STR;
}

typedef struct Listing {
    SwStr bucket, prefix, delimiter;
    SwStr after;                        /* keys behind this one; absent: from the start */
    size_t max;
    bool  url;                          /* encoding-type=url */
    S3ObjectList contents;
    S3CommonPrefixList prefixes;
    bool  truncated;
    SwStr last;                         /* key or common prefix that was listed last, raw */
    bool  with_owner;
    SwStr account;
} Listing;

static SwStr shown(SwArena *a, bool url, SwStr s) {
    return url && s.p ? sw_percent_encode(a, s, true) : s;
}

static void add_object(SwArena *a, Listing *l, const S3ObjectRecord *o) {
    S3Object *e = sw_list_add(a, &l->contents);
    e->key = shown(a, l->url, o->key);
    e->last_modified = o->last_modified;
    e->e_tag = o->e_tag;
    e->size = o->size;
    e->storage_class = sw_str_or(o->storage_class, SW_STR("STANDARD"));
    if (l->with_owner)
        e->owner = s3_owner(a, l->account);
    const struct { SwStr sum; const char *name; } sums[] = {
        {o->checksum_crc32, "CRC32"}, {o->checksum_crc32c, "CRC32C"}, {o->checksum_crc64nvme, "CRC64NVME"},
        {o->checksum_sha1, "SHA1"}, {o->checksum_sha256, "SHA256"},
    };
    for (size_t i = 0; i < SW_N(sums); i++)
        if (sw_str_is(sums[i].sum))
            sw_str_list_add(a, &e->checksum_algorithm, sw_str(sums[i].name));
    e->checksum_type = o->checksum_type;
}

/* One key of the walk; false: the page is full and this one is behind it. */
static bool take(SwArena *a, Listing *l, const S3ObjectRecord *o) {
    SwStr common = common_prefix(o->key, l->prefix, l->delimiter);
    if (common.p && l->after.p && (sw_str_eq(common, l->after) || sw_str_starts(l->after, common)))
        return true;                    /* its prefix was on an earlier page */
    if (common.p && l->prefixes.n > 0 && sw_str_eq(common, l->last))
        return true;
    if (l->contents.n + l->prefixes.n == l->max) {
        l->truncated = l->max > 0;
        return false;
    }
    if (common.p)
        sw_list_add(a, &l->prefixes)->prefix = shown(a, l->url, common);
    else
        add_object(a, l, o);
    l->last = common.p ? common : o->key;
    return true;
}

static int list(SwCtx *cx, Listing *l, SwError *err) {
    SwArena *a = cx->arena;
    SwStr base = sw_strf(a, "%.*s/", SW_FMT(l->bucket)), whole = s3_object_id(a, l->bucket, l->prefix);
    SwStr from = whole, below = behind(a, l->prefix.n ? whole : base);
    if (l->after.p) {
        SwStr start = s3_object_id(a, l->bucket, l->after);
        /* Behind a common prefix nothing of it comes again. */
        if (sw_str_is(l->delimiter) && sw_str_ends(l->after, l->delimiter) && sw_str_starts(l->after, l->prefix) && l->after.n > l->prefix.n)
            start = sw_str_or(behind(a, start), start);
        if (sw_str_cmp(start, from) > 0)
            from = start;
    }
    for (;;) {
        SwDocList rows;
        if (sw_doc_list(cx->tx, &s3_objects, &(SwDocQuery){.from = from, .below = below, .limit = CHUNK}, &rows, err) < 0)
            return -1;
        for (size_t i = 0; i < rows.n; i++) {
            const S3ObjectRecord *o = rows.v[i].record;
            if (l->after.p && sw_str_cmp(o->key, l->after) <= 0)
                continue;
            if (!take(a, l, o))
                return 0;
        }
        if (rows.n < CHUNK)
            return 0;
        const S3ObjectRecord *o = rows.v[rows.n - 1].record;
        SwStr common = common_prefix(o->key, l->prefix, l->delimiter);
        SwStr next = common.p ? behind(a, s3_object_id(a, l->bucket, common)) : SW_NO_STR;
        from = next.p ? next : sw_str_n(sw_strf(a, "%.*s%c", SW_FMT(rows.v[rows.n - 1].id), 0).p, rows.v[rows.n - 1].id.n + 1);
    }
}

static int check_listing(SwStr encoding, SwOptInt max, SwError *err) {
    if (sw_str_is(encoding) && !sw_str_eqz(encoding, "url"))
        return sw_fail(err, &S3_INVALID_ARGUMENT, "Invalid Encoding Method specified in Request");
    if (max.set && max.v < 0)
        return sw_fail(err, &S3_INVALID_ARGUMENT, "Argument maxKeys must be an integer between 0 and 2147483647");
    return 0;
}

int s3_list_objects(SwCtx *cx, const S3ListObjectsRequest *in, S3ListObjectsOutput *out, SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || check_listing(in->encoding_type, in->max_keys, err) < 0)
        return -1;
    Listing l = {.bucket = in->bucket, .prefix = in->prefix, .delimiter = in->delimiter, .after = sw_str_is(in->marker) ? in->marker : SW_NO_STR,
                 .max = (size_t)SW_MIN(SW_OR(in->max_keys, KEYS_MAX), KEYS_MAX), .url = sw_str_is(in->encoding_type), .with_owner = true, .account = b->account};
    if (list(cx, &l, err) < 0)
        return -1;
    out->name = in->bucket;
    out->prefix = shown(cx->arena, l.url, in->prefix.p ? in->prefix : SW_STR(""));
    out->marker = shown(cx->arena, l.url, in->marker.p ? in->marker : SW_STR(""));
    out->delimiter = shown(cx->arena, l.url, in->delimiter);
    out->max_keys = SW_SOME_INT(SW_OR(in->max_keys, KEYS_MAX));
    out->encoding_type = in->encoding_type;
    out->is_truncated = SW_SOME_BOOL(l.truncated);
    out->contents = l.contents;
    out->common_prefixes = l.prefixes;
    if (l.truncated && sw_str_is(in->delimiter))
        out->next_marker = shown(cx->arena, l.url, l.last);
    return 0;
}

int s3_list_objects_v2(SwCtx *cx, const S3ListObjectsV2Request *in, S3ListObjectsV2Output *out, SwError *err) {
    S3BucketRecord *b;
    SwStr after = sw_str_is(in->start_after) ? in->start_after : SW_NO_STR;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || check_listing(in->encoding_type, in->max_keys, err) < 0)
        return -1;
    if (in->continuation_token.p && !sw_page_token_read(cx->arena, "ListObjectsV2", in->continuation_token, &after))
        return sw_fail(err, &S3_INVALID_ARGUMENT, "The continuation token provided is incorrect");
    Listing l = {.bucket = in->bucket, .prefix = in->prefix, .delimiter = in->delimiter, .after = after,
                 .max = (size_t)SW_MIN(SW_OR(in->max_keys, KEYS_MAX), KEYS_MAX), .url = sw_str_is(in->encoding_type),
                 .with_owner = in->fetch_owner.v, .account = b->account};
    if (list(cx, &l, err) < 0)
        return -1;
    out->name = in->bucket;
    out->prefix = shown(cx->arena, l.url, in->prefix.p ? in->prefix : SW_STR(""));
    out->delimiter = shown(cx->arena, l.url, in->delimiter);
    out->start_after = shown(cx->arena, l.url, in->start_after);
    out->max_keys = SW_SOME_INT(SW_OR(in->max_keys, KEYS_MAX));
    out->encoding_type = in->encoding_type;
    out->continuation_token = in->continuation_token;
    out->is_truncated = SW_SOME_BOOL(l.truncated);
    out->contents = l.contents;
    out->common_prefixes = l.prefixes;
    out->key_count = SW_SOME_INT((int64_t)(l.contents.n + l.prefixes.n));
    if (l.truncated)
        out->next_continuation_token = sw_page_token(cx->arena, "ListObjectsV2", l.last);
    return 0;
}

/* Versions: what is current (s3/object) and what is not (s3/version), merged key by key, the current one first. */

typedef struct Walk {
    SwDocList row;
    size_t    at;
    bool      end;                      /* nothing behind these rows */
} Walk;

static const S3ObjectRecord *peek(const Walk *w) {
    return w->at < w->row.n ? w->row.v[w->at].record : NULL;
}

static void add_version(SwArena *a, S3ListObjectVersionsOutput *out, const S3ObjectRecord *o, bool latest, bool url, SwStr account) {
    if (o->delete_marker.v) {
        *sw_list_add(a, &out->delete_markers) = (S3DeleteMarkerEntry){
            .key = shown(a, url, o->key), .version_id = o->version_id, .is_latest = SW_SOME_BOOL(latest), .last_modified = o->last_modified, .owner = s3_owner(a, account)};
        return;
    }
    *sw_list_add(a, &out->versions) = (S3ObjectVersion){
        .key = shown(a, url, o->key), .version_id = o->version_id, .is_latest = SW_SOME_BOOL(latest), .last_modified = o->last_modified,
        .e_tag = o->e_tag, .size = o->size, .storage_class = sw_str_or(o->storage_class, SW_STR("STANDARD")), .owner = s3_owner(a, account)};
}

/* Both walks from `from` on (a key), enough rows for a page. */
static int open_walks(SwCtx *cx, SwStr bucket, SwStr from, SwStr prefix, Walk *objects, Walk *versions, SwError *err) {
    SwArena *a = cx->arena;
    SwStr base = sw_strf(a, "%.*s/", SW_FMT(bucket));
    SwDocQuery by_id = {.from = s3_object_id(a, bucket, from), .below = behind(a, prefix.n ? s3_object_id(a, bucket, prefix) : base), .limit = CHUNK};
    SwDocQuery by_key = {.index = "by_key", .equals = {bucket}, .from = from.n ? from : SW_NO_STR, .below = prefix.n ? behind(a, prefix) : SW_NO_STR, .limit = CHUNK};
    *objects = *versions = (Walk){0};
    if (sw_doc_list(cx->tx, &s3_objects, &by_id, &objects->row, err) < 0 || sw_doc_list(cx->tx, &s3_versions, &by_key, &versions->row, err) < 0)
        return -1;
    objects->end = objects->row.n < CHUNK;
    versions->end = versions->row.n < CHUNK;
    return 0;
}

typedef struct VersionPage {
    SwStr  bucket, prefix, delimiter, key_marker, order_marker;     /* order: of the version that the last page ended with */
    bool   marker_is_current;
    size_t max, count;
    bool   url;
    SwStr  account, last_key, last_version, seen_key;
} VersionPage;

/* Whether this version was on an earlier page. */
static bool was_shown(const VersionPage *p, const S3ObjectRecord *o, bool current) {
    if (!p->key_marker.p)
        return false;
    int order = sw_str_cmp(o->key, p->key_marker);
    if (order != 0)
        return order < 0;
    if (!p->order_marker.p && !p->marker_is_current)
        return true;                    /* no version named: all of the key */
    return current || (p->order_marker.p && sw_str_cmp(o->order, p->order_marker) <= 0);
}

/* -1: the page is full. */
static int take_version(SwArena *a, VersionPage *p, const S3ObjectRecord *o, bool current, S3ListObjectVersionsOutput *out) {
    bool latest = !sw_str_eq(p->seen_key, o->key) || !p->seen_key.p;
    p->seen_key = o->key;
    if (was_shown(p, o, current))
        return 0;
    SwStr common = common_prefix(o->key, p->prefix, p->delimiter);
    if (common.p && (sw_str_eq(common, p->last_key) || (p->key_marker.p && sw_str_starts(p->key_marker, common))))
        return 0;
    if (p->count == p->max)
        return -1;
    p->count++;
    p->last_key = common.p ? common : o->key;
    p->last_version = common.p ? SW_NO_STR : o->version_id;
    if (common.p)
        sw_list_add(a, &out->common_prefixes)->prefix = shown(a, p->url, common);
    else
        add_version(a, out, o, latest, p->url, p->account);
    return 0;
}

static int list_versions(SwCtx *cx, VersionPage *p, S3ListObjectVersionsOutput *out, SwError *err) {
    SwStr from = p->key_marker.p && sw_str_cmp(p->key_marker, p->prefix) > 0 ? p->key_marker : p->prefix;
    for (;;) {
        Walk objects, versions;
        if (open_walks(cx, p->bucket, from, p->prefix, &objects, &versions, err) < 0)
            return -1;
        const S3ObjectRecord *o, *v, *one = NULL;
        /* A walk that was cut short must not run dry: what the other shows next might come behind its next rows. */
        while (((o = peek(&objects)) || objects.end) && ((v = peek(&versions)) || versions.end) && (o || v)) {
            bool current = o && (!v || sw_str_cmp(o->key, v->key) <= 0);
            one = current ? o : v;
            (current ? &objects : &versions)->at++;
            if (take_version(cx->arena, p, one, current, out) < 0) {
                out->is_truncated = SW_SOME_BOOL(p->max > 0);
                return 0;
            }
        }
        if (objects.end && versions.end)
            return 0;
        /* Begin again at the last key, and pass over what was taken of it. */
        bool stuck = sw_str_eq(from, one->key);
        p->key_marker = from = one->key;
        p->order_marker = one->order;
        if (stuck)
            return sw_fail(err, &SW_NOT_IMPLEMENTED, "A key with more than %d versions cannot be listed", CHUNK);
    }
}

int s3_list_object_versions(SwCtx *cx, const S3ListObjectVersionsRequest *in, S3ListObjectVersionsOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3ObjectRecord *marker = NULL, *current = NULL;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || check_listing(in->encoding_type, in->max_keys, err) < 0)
        return -1;
    if (sw_str_is(in->version_id_marker) && !sw_str_is(in->key_marker))
        return sw_fail(err, &S3_INVALID_ARGUMENT, "A version-id marker cannot be specified without a key marker.");
    if (sw_str_is(in->version_id_marker) && (s3_find(cx, in->bucket, in->key_marker, in->version_id_marker, &marker, err) < 0 ||
                                             s3_find(cx, in->bucket, in->key_marker, SW_NO_STR, &current, err) < 0))
        return -1;
    bool is_current = marker && current && sw_str_eq(marker->version_id, current->version_id);
    VersionPage p = {.bucket = in->bucket, .prefix = in->prefix, .delimiter = in->delimiter,
                     .key_marker = sw_str_is(in->key_marker) ? in->key_marker : SW_NO_STR,
                     .order_marker = marker && !is_current ? marker->order : SW_NO_STR, .marker_is_current = is_current,
                     .max = (size_t)SW_MIN(SW_OR(in->max_keys, KEYS_MAX), KEYS_MAX), .url = sw_str_is(in->encoding_type), .account = b->account};
    out->is_truncated = SW_SOME_BOOL(false);
    if (list_versions(cx, &p, out, err) < 0)
        return -1;
    out->name = in->bucket;
    out->prefix = shown(cx->arena, p.url, in->prefix.p ? in->prefix : SW_STR(""));
    out->key_marker = shown(cx->arena, p.url, in->key_marker.p ? in->key_marker : SW_STR(""));
    out->version_id_marker = in->version_id_marker.p ? in->version_id_marker : SW_STR("");
    out->delimiter = shown(cx->arena, p.url, in->delimiter);
    out->max_keys = SW_SOME_INT(SW_OR(in->max_keys, KEYS_MAX));
    out->encoding_type = in->encoding_type;
    if (out->is_truncated.v) {
        out->next_key_marker = shown(cx->arena, p.url, p.last_key);
        out->next_version_id_marker = p.last_version;
    }
    return 0;
}
