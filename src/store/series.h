/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Series: append stores for metrics (numbers over time) and log events. Both are written through the same group commit
 * as documents, in tables of their own, so that a record and what it counted are stored together.
 *
 * Metrics: a series is named by a key text that the caller makes (account, region, namespace, name, sorted dimensions).
 * Values are kept as sample count, sum, minimum and maximum per minute bucket (or second for high resolution), plus the
 * distinct values with their counts while a bucket has at most SW_SERIES_VALUES_MAX of them, for percentiles.
 * Threads: as the transaction's. */

#include "store/store.h"

#define SW_SERIES_VALUES_MAX 1024

typedef struct SwSample {
    double value, count;
} SwSample;
typedef struct SwBucket {
    SwTime start;
    double count, sum, min, max;
    SwSample *sample; /* distinct values, ascending */
    size_t n_sample;
} SwBucket;
typedef struct SwBucketList {
    SwBucket *v;
    size_t n;
} SwBucketList;

/* resolution: 1 or 60 seconds. */
int sw_series_add(SwTx *tx, SwStr series, int resolution_s, SwTime at, const SwSample *v, size_t n, SwError *err) sw_must_check;
int sw_series_add_set(SwTx *tx, SwStr series, int resolution_s, SwTime at, double count, double sum, double min, double max,
                      SwError *err) sw_must_check;
/* Buckets of `period_s` aligned to it, from <= start < to; empty ones are left out. */
int sw_series_read(SwTx *tx, SwStr series, SwTime from, SwTime to, int period_s, bool with_samples, SwBucketList *ret,
                   SwError *err) sw_must_check;
int sw_series_trim(SwTx *tx, SwTime before, SwError *err) sw_must_check;

/* Log events of one stream: (timestamp, sequence) order; sequence is unique and grows in ingestion order. */
typedef struct SwLogEvent {
    int64_t sequence;
    SwTime timestamp, ingested;
    SwStr message;
    SwStr stream; /* when reading several */
} SwLogEvent;
typedef struct SwLogEventList {
    SwLogEvent *v;
    size_t n;
} SwLogEventList;
int sw_logs_append(SwTx *tx, SwStr group, SwStr stream, const SwLogEvent *v, size_t n, SwError *err) sw_must_check;
typedef struct SwLogQuery {
    SwStr group;         /* key of the log group */
    const SwStr *stream; /* NULL: all */
    size_t n_stream;
    SwTime from, to; /* from <= timestamp < to; to 0: no end */
    bool backward;   /* newest first */
    SwTime after_time;
    int64_t after_sequence; /* cursor: behind (or, backward, before) this event; -1: none */
    size_t limit;
} SwLogQuery;
int sw_logs_read(SwTx *tx, const SwLogQuery *q, SwLogEventList *ret, SwError *err) sw_must_check;
int sw_logs_delete(SwTx *tx, SwStr group, SwStr stream, SwTime before,
                   SwError *err) sw_must_check; /* stream absent: all; before 0: everything */
