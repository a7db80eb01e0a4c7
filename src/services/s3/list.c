/* SPDX-License-Identifier: Apache-2.0 */
/* Listings. Objects are a range of ids in bytewise order, which is S3's order. A common prefix is passed over by
 * beginning again behind it, so that a folder of a million keys costs one step. */

#include "base/digest.h"
#include "services/s3/s3.h"

#define CHUNK 500

int s3_walk_peek(SwCtx *cx, S3Walk *w, const SwDocRow **ret_row, SwError *err) {
    *ret_row = NULL;
    while (w->at == w->rows.n && !w->end) {
        w->q.after = w->rows.next;
        w->q.limit = CHUNK;
        w->at = 0;
        if (sw_doc_list(cx->tx, w->c, &w->q, &w->rows, err) < 0)
            return -1;
        w->end = !w->rows.next.p;
    }
    if (w->at < w->rows.n)
        *ret_row = &w->rows.v[w->at];
    return 0;
}

SwStr s3_behind(SwArena *a, SwStr s) {
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

SwStr s3_common_prefix(SwStr key, SwStr prefix, SwStr delimiter) {
    if (!sw_str_is(delimiter))
        return SW_NO_STR;
    for (size_t i = prefix.n; i + delimiter.n <= key.n; i++)
        if (memcmp(key.p + i, delimiter.p, delimiter.n) == 0)
            return sw_str_n(key.p, i + delimiter.n);
    return SW_NO_STR;
}

typedef struct Listing {
    SwStr bucket, prefix, delimiter;
    SwStr after; /* keys behind this one; absent: from the start */
    size_t max;
    SwStr encoding;
    S3ObjectList contents;
    S3CommonPrefixList prefixes;
    bool truncated;
    SwStr last; /* key or common prefix that was listed last, raw */
    bool with_owner;
    SwStr account;
} Listing;

SwStr s3_form_encode(SwArena *a, SwStr key) {
    SwStr rest = sw_percent_encode(a, key, true);
    SwBuf b = sw_buf(a, rest.n + 1);
    while (rest.n) {
        bool space = sw_str_starts(rest, SW_STR("%20"));
        sw_buf_addc(&b, space ? '+' : rest.p[0]);
        rest = sw_str_skip(rest, space ? 3 : 1);
    }
    return sw_buf_str(&b);
}

SwStr s3_shown(SwArena *a, SwStr encoding, SwStr s) {
    return sw_str_eqz(encoding, "url") && s.p ? s3_form_encode(a, s) : s;
}

SwStr s3_told(SwArena *a, SwStr encoding, SwStr s) {
    return sw_str_is(s) ? s3_shown(a, encoding, s) : SW_NO_STR;
}

static void add_object(SwArena *a, Listing *l, const S3ObjectRecord *o) {
    S3Object *e = sw_list_add(a, &l->contents);
    e->key = s3_shown(a, l->encoding, o->key);
    e->last_modified = o->last_modified;
    e->e_tag = o->e_tag;
    e->size = o->size;
    e->storage_class = sw_str_or(o->storage_class, SW_STR("STANDARD"));
    if (l->with_owner)
        e->owner = s3_owner(a, l->account);
    int algorithm = s3_sum_kind(&s3_shape_object_record, o);
    if (algorithm >= 0)
        sw_str_list_add(a, &e->checksum_algorithm, sw_str(s3_algorithm_name(algorithm)));
    e->checksum_type = o->checksum_type;
}

/* One key of the walk; false: the page is full and this one is behind it. */
static bool take(SwArena *a, Listing *l, const S3ObjectRecord *o) {
    SwStr common = s3_common_prefix(o->key, l->prefix, l->delimiter);
    if (common.p && l->after.p && (sw_str_eq(common, l->after) || sw_str_starts(l->after, common)))
        return true; /* its prefix was on an earlier page */
    if (common.p && l->prefixes.n > 0 && sw_str_eq(common, l->last))
        return true;
    if (l->contents.n + l->prefixes.n == l->max) {
        l->truncated = l->max > 0;
        return false;
    }
    if (common.p)
        sw_list_add(a, &l->prefixes)->prefix = s3_shown(a, l->encoding, common);
    else
        add_object(a, l, o);
    l->last = common.p ? common : o->key;
    return true;
}

static int list(SwCtx *cx, Listing *l, SwError *err) {
    SwArena *a = cx->arena;
    SwStr base = sw_strf(a, "%.*s/", SW_FMT(l->bucket)), whole = s3_object_id(a, l->bucket, l->prefix);
    SwStr from = whole, below = s3_behind(a, l->prefix.n ? whole : base);
    if (l->after.p) {
        SwStr start = s3_object_id(a, l->bucket, l->after);
        /* Behind a common prefix nothing of it comes again. */
        if (sw_str_is(l->delimiter) && sw_str_ends(l->after, l->delimiter) && sw_str_starts(l->after, l->prefix) &&
            l->after.n > l->prefix.n)
            start = sw_str_or(s3_behind(a, start), start);
        if (sw_str_cmp(start, from) > 0)
            from = start;
    }
    S3Walk w = {.c = &s3_objects, .q = {.from = from, .below = below}};
    for (const SwDocRow *row;; w.at++) {
        if (s3_walk_peek(cx, &w, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        const S3ObjectRecord *o = s3_objects_row(row);
        if (l->after.p && sw_str_cmp(o->key, l->after) <= 0)
            continue;
        if (!take(a, l, o))
            return 0;
        /* At the end of a page of rows: pass over the rest of a folder that was just shown. */
        SwStr common = w.at + 1 == w.rows.n ? s3_common_prefix(o->key, l->prefix, l->delimiter) : SW_NO_STR;
        SwStr next = common.p ? s3_behind(a, s3_object_id(a, l->bucket, common)) : SW_NO_STR;
        if (next.p)
            w = (S3Walk){.c = &s3_objects, .q = {.from = next, .below = below}, .at = (size_t)-1};
    }
}

int s3_check_count(SwOptInt n, const char *argument, SwError *err) {
    if (!n.set || (n.v >= 0 && n.v <= INT32_MAX))
        return 0;
    return s3_fail_argument(err, argument, sw_strf(err->arena, "%lld", (long long)n.v),
                            sw_strf(err->arena, "Argument %s must be an integer between 0 and 2147483647", argument).p);
}

int s3_check_listing(SwStr encoding, SwOptInt max, const char *argument, size_t *ret_max, SwError *err) {
    if (sw_str_is(encoding) && !sw_str_eqz(encoding, "url"))
        return s3_fail_argument(err, "encoding-type", encoding, "Invalid Encoding Method specified in Request");
    if (s3_check_count(max, argument, err) < 0)
        return -1;
    *ret_max = (size_t)SW_MIN(SW_OR(max, S3_KEYS_MAX), S3_KEYS_MAX);
    return 0;
}

int s3_list_objects(SwCtx *cx, const S3ListObjectsRequest *in, S3ListObjectsOutput *out, SwError *err) {
    S3BucketRecord *b;
    size_t max;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 ||
        s3_check_listing(in->encoding_type, in->max_keys, "maxKeys", &max, err) < 0)
        return -1;
    Listing l = {.bucket = in->bucket,
                 .prefix = in->prefix,
                 .delimiter = in->delimiter,
                 .after = sw_str_is(in->marker) ? in->marker : SW_NO_STR,
                 .max = max,
                 .encoding = in->encoding_type,
                 .with_owner = true,
                 .account = b->account};
    if (list(cx, &l, err) < 0)
        return -1;
    out->name = in->bucket;
    out->prefix = s3_shown(cx->arena, l.encoding, in->prefix.p ? in->prefix : SW_STR(""));
    out->marker = s3_shown(cx->arena, l.encoding, in->marker.p ? in->marker : SW_STR(""));
    out->delimiter = s3_told(cx->arena, l.encoding, in->delimiter);
    out->max_keys = SW_SOME_INT((int64_t)max);
    out->encoding_type = in->encoding_type;
    out->is_truncated = SW_SOME_BOOL(l.truncated);
    out->contents = l.contents;
    out->common_prefixes = l.prefixes;
    if (l.truncated && sw_str_is(in->delimiter))
        out->next_marker = s3_shown(cx->arena, l.encoding, l.last);
    return 0;
}

int s3_list_objects_v2(SwCtx *cx, const S3ListObjectsV2Request *in, S3ListObjectsV2Output *out, SwError *err) {
    S3BucketRecord *b;
    size_t max;
    SwStr after;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 ||
        s3_check_listing(in->encoding_type, in->max_keys, "maxKeys", &max, err) < 0 || sw_page_place(cx, NULL, &after, err) < 0)
        return -1;
    if (!after.p && sw_str_is(in->start_after))
        after = in->start_after;
    Listing l = {.bucket = in->bucket,
                 .prefix = in->prefix,
                 .delimiter = in->delimiter,
                 .after = after,
                 .max = max,
                 .encoding = in->encoding_type,
                 .with_owner = in->fetch_owner.v,
                 .account = b->account};
    if (list(cx, &l, err) < 0)
        return -1;
    out->name = in->bucket;
    out->prefix = s3_shown(cx->arena, l.encoding, in->prefix.p ? in->prefix : SW_STR(""));
    out->delimiter = s3_told(cx->arena, l.encoding, in->delimiter);
    out->start_after = s3_told(cx->arena, l.encoding, in->start_after);
    out->max_keys = SW_SOME_INT((int64_t)max);
    out->encoding_type = in->encoding_type;
    out->continuation_token = in->continuation_token;
    out->contents = l.contents;
    out->common_prefixes = l.prefixes;
    out->key_count = SW_SOME_INT((int64_t)(l.contents.n + l.prefixes.n));
    sw_page_next(cx, out, l.truncated ? l.last : SW_NO_STR);
    return 0;
}
