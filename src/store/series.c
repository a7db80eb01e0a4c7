/* SPDX-License-Identifier: Apache-2.0 */
/* Metric series: one row a bucket. A bucket's samples are kept as long as they are complete and few; a bucket that got
 * a statistic set of several values, or too many distinct ones, has none, and neither has any period it is part of: a
 * percentile is exact, or not known. */

#include "store/series.h"

#include <stdlib.h>

#include "store/internal.h"

static int series_id(SwTx *tx, SwStr name, bool make, int64_t *ret_id, SwError *err) {
    *ret_id = 0;
    bool row;
    {
        _sw_sql_ SwSql q = {0};
        if (sw_sql(tx, &q, "SELECT id FROM series WHERE name=?1", err) < 0)
            return -1;
        sw_sql_str(&q, 1, name);
        if (sw_sql_step(tx, &q, &row, err) < 0)
            return -1;
        if (row)
            *ret_id = sqlite3_column_int64(q.stmt, 0);
    }
    if (row || !make)
        return 0;
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "INSERT INTO series(name) VALUES(?1)", err) < 0)
        return -1;
    sw_sql_str(&q, 1, name);
    if (sw_sql_run(tx, &q, err) < 0)
        return -1;
    *ret_id = sqlite3_last_insert_rowid(tx->conn->db);
    return 0;
}

static int64_t floor_to(int64_t t, int64_t step) {
    int64_t r = t % step;
    return t - (r < 0 ? r + step : r);
}

/* Two ascending lists as one, equal values joined. */
static SwSample *merge(SwArena *a, const SwSample *x, size_t nx, const SwSample *y, size_t ny, size_t *ret_n) {
    SwSample *v = sw_new_n(a, SwSample, nx + ny + 1);
    size_t i = 0, j = 0, n = 0;
    while (i < nx || j < ny) {
        SwSample s = j == ny || (i < nx && x[i].value <= y[j].value) ? x[i++] : y[j++];
        if (n && v[n - 1].value == s.value)
            v[n - 1].count += s.count;
        else
            v[n++] = s;
    }
    *ret_n = n;
    return v;
}

static int by_value(const void *a, const void *b) {
    double x = ((const SwSample *)a)->value, y = ((const SwSample *)b)->value;
    return (x > y) - (x < y);
}

/* The samples of a row, NULL when not known. */
static SwSample *samples_of(SwArena *a, SwSql *q, int column, size_t *ret_n) {
    SwStr bytes = sw_sql_view(q, column);
    *ret_n = bytes.n / sizeof(SwSample);
    if (!bytes.p)
        return NULL;
    SwSample *v = sw_new_n(a, SwSample, *ret_n + 1);
    memcpy(v, bytes.p, *ret_n * sizeof(SwSample));
    return v;
}

/* b->sample NULL: not known. */
static void join(SwArena *a, SwBucket *into, const SwBucket *b) {
    bool first = into->count == 0 && !into->sample;
    into->min = first ? b->min : SW_MIN(into->min, b->min);
    into->max = first ? b->max : SW_MAX(into->max, b->max);
    into->count += b->count;
    into->sum += b->sum;
    if (first) {
        into->sample = b->sample;
        into->n_sample = b->n_sample;
    } else if (into->sample && b->sample) {
        into->sample = merge(a, into->sample, into->n_sample, b->sample, b->n_sample, &into->n_sample);
    } else {
        into->sample = NULL;
        into->n_sample = 0;
    }
}

static int load(SwTx *tx, int64_t series, int resolution, SwTime start, SwBucket *ret, bool *ret_found, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               "SELECT count, sum, min, max, samples FROM series_bucket"
               " WHERE series=?1 AND resolution=?2 AND start=?3",
               err) < 0)
        return -1;
    sw_sql_int(&q, 1, series);
    sw_sql_int(&q, 2, resolution);
    sw_sql_int(&q, 3, start);
    if (sw_sql_step(tx, &q, ret_found, err) < 0)
        return -1;
    if (!*ret_found)
        return 0;
    *ret = (SwBucket){.start = start,
                      .count = sqlite3_column_double(q.stmt, 0),
                      .sum = sqlite3_column_double(q.stmt, 1),
                      .min = sqlite3_column_double(q.stmt, 2),
                      .max = sqlite3_column_double(q.stmt, 3)};
    ret->sample = samples_of(tx->arena, &q, 4, &ret->n_sample);
    return 0;
}

static int save(SwTx *tx, int64_t series, int resolution, const SwBucket *b, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "INSERT OR REPLACE INTO series_bucket VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", err) < 0)
        return -1;
    sw_sql_int(&q, 1, series);
    sw_sql_int(&q, 2, resolution);
    sw_sql_int(&q, 3, b->start);
    sw_sql_double(&q, 4, b->count);
    sw_sql_double(&q, 5, b->sum);
    sw_sql_double(&q, 6, b->min);
    sw_sql_double(&q, 7, b->max);
    bool keep = b->sample && b->n_sample <= SW_SERIES_VALUES_MAX;
    sw_sql_blob(&q, 8, keep ? b->sample : NULL, keep ? b->n_sample * sizeof(SwSample) : 0);
    return sw_sql_run(tx, &q, err);
}

static int add(SwTx *tx, SwStr name, int resolution, SwTime at, SwBucket *b, SwError *err) {
    int64_t series;
    SwBucket old;
    bool found = false;
    b->start = floor_to(at, resolution * SW_S);
    if (series_id(tx, name, true, &series, err) < 0 || load(tx, series, resolution, b->start, &old, &found, err) < 0)
        return -1;
    if (found) {
        join(tx->arena, &old, b);
        *b = old;
    }
    return save(tx, series, resolution, b, err);
}

int sw_series_add(SwTx *tx, SwStr series, int resolution_s, SwTime at, const SwSample *v, size_t n, SwError *err) {
    if (n == 0)
        return 0;
    SwSample *sorted = sw_new_n(tx->arena, SwSample, n);
    memcpy(sorted, v, n * sizeof(*v));
    qsort(sorted, n, sizeof(*sorted), by_value);
    SwBucket b = {.min = sorted[0].value, .max = sorted[n - 1].value};
    b.sample = merge(tx->arena, sorted, n, NULL, 0, &b.n_sample);
    for (size_t i = 0; i < b.n_sample; i++) {
        b.count += b.sample[i].count;
        b.sum += b.sample[i].value * b.sample[i].count;
    }
    return add(tx, series, resolution_s, at, &b, err);
}

int sw_series_add_set(SwTx *tx, SwStr series, int resolution_s, SwTime at, double count, double sum, double min, double max,
                      SwError *err) {
    SwBucket b = {.count = count, .sum = sum, .min = min, .max = max};
    SwSample only = {min, count};
    if (min == max) { /* a set of one value is known exactly */
        b.sample = &only;
        b.n_sample = 1;
    }
    return add(tx, series, resolution_s, at, &b, err);
}

/* The next row into the period it belongs to; rows come in order of time. */
static void read_row(SwArena *a, SwSql *q, int64_t period, bool with_samples, SwBucketList *ret) {
    SwBucket b = {.count = sqlite3_column_double(q->stmt, 1),
                  .sum = sqlite3_column_double(q->stmt, 2),
                  .min = sqlite3_column_double(q->stmt, 3),
                  .max = sqlite3_column_double(q->stmt, 4)};
    if (with_samples)
        b.sample = samples_of(a, q, 5, &b.n_sample);
    SwTime start = floor_to(sqlite3_column_int64(q->stmt, 0), period);
    if (ret->n && ret->v[ret->n - 1].start == start) {
        join(a, &ret->v[ret->n - 1], &b);
        return;
    }
    b.start = start;
    *(SwBucket *)sw_list_add(a, ret) = b;
}

int sw_series_read(SwTx *tx, SwStr series, SwTime from, SwTime to, int period_s, bool with_samples, SwBucketList *ret,
                   SwError *err) {
    int64_t id, period = period_s * SW_S;
    *ret = (SwBucketList){0};
    if (series_id(tx, series, false, &id, err) < 0)
        return -1;
    if (!id)
        return 0;
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               with_samples ? "SELECT start, count, sum, min, max, samples FROM series_bucket"
                              " WHERE series=?1 AND resolution IN (1, 60) AND start>=?2 AND start<?3 ORDER BY start"
                            : "SELECT start, count, sum, min, max FROM series_bucket"
                              " WHERE series=?1 AND resolution IN (1, 60) AND start>=?2 AND start<?3 ORDER BY start",
               err) < 0)
        return -1;
    sw_sql_int(&q, 1, id);
    sw_sql_int(&q, 2, floor_to(from + period - 1, period));
    sw_sql_int(&q, 3, floor_to(to + period - 1, period));
    for (bool row = true;;) {
        if (sw_sql_step(tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        read_row(tx->arena, &q, period, with_samples, ret);
    }
}

int sw_series_trim(SwTx *tx, SwTime before, SwError *err) {
    {
        _sw_sql_ SwSql q = {0};
        if (sw_sql(tx, &q,
                   "DELETE FROM series_bucket WHERE (series, resolution) IN (SELECT id, r.column1 FROM series,"
                   " (VALUES(1), (60)) r) AND start<?1",
                   err) < 0)
            return -1;
        sw_sql_int(&q, 1, before);
        if (sw_sql_run(tx, &q, err) < 0)
            return -1;
    }
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM series_bucket WHERE series=id)", err) < 0)
        return -1;
    return sw_sql_run(tx, &q, err);
}
