/* SPDX-License-Identifier: Apache-2.0 */
/* AWS/S3's storage metrics ("Amazon S3 CloudWatch daily storage metrics for buckets"), once a day, at midnight in UTC: what
 * lies in a bucket, with old versions, delete markers and the parts of unfinished uploads. An empty bucket has none. Request
 * metrics are for those buckets alone that are configured for them, and there is no such configuration here. */

#include "api/meter.h"
#include "services/s3/s3.h"

#define SPACE     "AWS/S3"
#define PAGE      500 /* rows in memory at once */
#define DAYS_MADE 14  /* of a jump of the clock */

/* By object's class; CloudWatch's name for it. What the list does not have is in the first. */
static const struct {
    const char *class, *type;
} types[] = {
    {"STANDARD", "StandardStorage"},
    {"REDUCED_REDUNDANCY", "ReducedRedundancyStorage"},
    {"STANDARD_IA", "StandardIAStorage"},
    {"ONEZONE_IA", "OneZoneIAStorage"},
    {"INTELLIGENT_TIERING", "IntelligentTieringFAStorage"},
    {"GLACIER_IR", "GlacierInstantRetrievalStorage"},
};

typedef struct Sums {
    int64_t bytes[SW_N(types)], count;
} Sums;

static void add_object(Sums *s, const S3ObjectRecord *o) {
    size_t i = SW_N(types);
    while (--i > 0 && !sw_str_eqz(o->storage_class, types[i].class))
        continue;
    s->bytes[i] += SW_OR(o->size, 0);
    s->count++;
}

/* All rows of a query, a page at a time, each in memory of its own. */
static int walk(SwCtx *cx, const SwCollection *c, SwDocQuery q,
                int (*each)(SwCtx *own, const SwDocRow *row, Sums *s, SwError *err), Sums *s, SwError *err) {
    q.limit = PAGE;
    do {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwCtx *own = sw_ctx_new(cx->host, a, cx->account, cx->region, "s3");
        SwDocList l;
        if (sw_ctx_begin(own, SW_READ, err) < 0)
            return -1;
        int r = sw_doc_list(own->tx, c, &q, &l, err);
        for (size_t i = 0; r == 0 && i < l.n; i++)
            r = each(own, &l.v[i], s, err);
        sw_ctx_rollback(own);
        if (r < 0)
            return -1;
        q.after = sw_str_dup(cx->arena, l.next);
    } while (sw_str_is(q.after));
    return 0;
}

static int each_object(SwCtx *own, const SwDocRow *row, Sums *s, SwError *err) {
    add_object(s, s3_objects_row(row));
    return 0;
}

static int each_upload(SwCtx *own, const SwDocRow *row, Sums *s, SwError *err) {
    S3PartRecords parts;
    if (s3_upload_parts(own, row->id, &parts, err) < 0)
        return -1;
    for (size_t i = 0; i < parts.n; i++)
        s->bytes[0] += SW_OR(parts.v[i].record->size, 0);
    s->count += (int64_t)parts.n;
    return 0;
}

static int sum_up(SwCtx *cx, SwStr bucket, Sums *s, SwError *err) {
    const SwDocQuery of_bucket = {.index = "by_key", .equals = {bucket}};
    const SwDocQuery current = {.prefix = sw_strf(cx->arena, "%.*s/", SW_FMT(bucket))};
    return walk(cx, &s3_objects, current, each_object, s, err) < 0 ||
                   walk(cx, &s3_versions, of_bucket, each_object, s, err) < 0 ||
                   walk(cx, &s3_uploads, of_bucket, each_upload, s, err) < 0
               ? -1
               : 0;
}

static void put(SwCtx *cx, const S3BucketRecord *b, SwTime at, const Sums *s) {
    static const SwMetric size = {SPACE, "BucketSizeBytes", "Bytes"}, count = {SPACE, "NumberOfObjects", "Count"};
    SwDimension d[] = {{"BucketName", b->name}, {"StorageType", SW_STR("AllStorageTypes")}};
    cx->account = b->account;
    cx->region = b->region;
    if (s->count)
        sw_meter_at(cx, &count, at, (double)s->count, d, 2);
    for (size_t i = 0; i < SW_N(types); i++) {
        d[1].value = sw_str(types[i].type);
        if (s->bytes[i])
            sw_meter_at(cx, &size, at, (double)s->bytes[i], d, 2);
    }
}

int s3_gauge(SwCtx *cx, SwTime from, SwTime until, SwTime *ret_next, SwError *err) {
    SwTime midnight = until - until % SW_DAY, first = SW_MAX(from - from % SW_DAY, midnight - DAYS_MADE * SW_DAY) + SW_DAY;
    const SwDocQuery all = {.any_scope = true};
    S3BucketRecords l;
    if (s3_buckets_list(cx->tx, &all, &l, err) < 0)
        return -1;
    if (l.n)
        *ret_next = midnight + SW_DAY;
    for (size_t i = 0; i < l.n && first <= midnight; i++) {
        const S3BucketRecord *b = l.v[i].record;
        Sums s = {0};
        if (sum_up(cx, b->name, &s, err) < 0)
            return -1;
        for (SwTime at = first; at <= midnight; at += SW_DAY)
            put(cx, b, at, &s);
    }
    return 0;
}
