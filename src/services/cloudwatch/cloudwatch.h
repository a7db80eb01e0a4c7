/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CloudWatch: what its files share. Documents: a record a metric (by namespace, name and dimensions), an alarm (by
 * name) and an item of history (by time). Values are in the store's series, one a metric and unit. */

#include "api/host.h"
#include "models/cloudwatch_resources.gen.h"

extern const SwController cloudwatch_publisher;        /* what services counted becomes values */
extern const SwController cloudwatch_alarm_controller; /* evaluates one alarm, by name */
extern const SwController cloudwatch_trim_controller;  /* drops what is older than AWS keeps it */

/* --- metric.c, statistics.c ------------------------------------------------------------------------------------ */

SwStr cloudwatch_metric_id(SwCtx *cx, SwStr namespace, SwStr name, const CloudwatchDimensionList *dimensions);
SwStr cloudwatch_series_key(SwCtx *cx, SwStr metric_id, SwStr unit);

/* Buckets of `period` seconds from `from`, which need not be aligned to the period but to a minute (10 s, when the
 * period is below a minute). unit absent: of all units together. */
int cloudwatch_read(SwCtx *cx, SwStr metric_id, SwStr unit, SwTime from, SwTime to, int period, bool with_samples,
                    SwBucketList *ret, SwError *err) sw_must_check;
/* "Sum", "p99.9"; false: not a statistic that is known here. percentile -1: not one. */
bool cloudwatch_statistic_known(SwStr stat, double *ret_percentile);
/* False: cannot be known (a percentile over statistic sets). */
bool cloudwatch_statistic_of(const SwBucket *b, SwStr stat, double *ret_v);
bool cloudwatch_percentile(const SwBucket *b, double percent, double *ret_v);
/* data.c: an alarm's Metrics. They make one series, by the query that returns data; read: of `n` periods from `from`, NAN
 * where there is nothing. */
int cloudwatch_queries_check(SwCtx *cx, const CloudwatchMetricDataQueryList *l, SwError *err) sw_must_check;
int64_t cloudwatch_queries_period(const CloudwatchMetricDataQueryList *l);
int cloudwatch_queries_read(SwCtx *cx, const CloudwatchMetricDataQueryList *l, SwTime from, size_t n, const double **ret,
                            SwError *err) sw_must_check;
/* metric.c: names hold no ASCII control characters. */
int cloudwatch_check_text(const char *field, SwStr s, const SwErrorKind *kind, SwError *err) sw_must_check;
/* Names and values of dimensions: ASCII, something to see, a name does not begin with ':'. */
int cloudwatch_check_dimensions(const CloudwatchDimensionList *l, const char *field, const SwErrorKind *kind,
                                SwError *err) sw_must_check;
int cloudwatch_check_period(SwStr field, int64_t period, const SwErrorKind *kind, SwError *err);

/* --- alarm.c, state.c -------------------------------------------------------------------------------------- */

typedef struct CloudwatchState {
    SwStr value, reason, reason_data;
    SwTime at;
} CloudwatchState;

/* Seconds: the metric's, or that of its queries. */
int64_t cloudwatch_alarm_period(const CloudwatchMetricAlarm *m);
SwStr cloudwatch_alarm_state(const CloudwatchAlarmRecord *a);
/* Writes the state; when it is another than before: history, event, actions. */
int cloudwatch_set_state(SwCtx *cx, CloudwatchAlarmRecord *a, const CloudwatchState *to, SwError *err) sw_must_check;
int cloudwatch_history_add(SwCtx *cx, const CloudwatchAlarmRecord *a, SwTime at, SwStr type, SwStr summary, SwStr data,
                           SwError *err) sw_must_check;
int cloudwatch_check_actions(SwCtx *cx, const char *field, const SwStrList *actions, SwError *err) sw_must_check;
/* AWS's texts of an alarm. */
SwStr cloudwatch_notification(SwCtx *cx, const CloudwatchAlarmRecord *a, SwStr old_state, const CloudwatchState *now);
int cloudwatch_state_event(SwCtx *cx, const CloudwatchAlarmRecord *a, const CloudwatchState *before, const CloudwatchState *now,
                           SwError *err) sw_must_check;
SwStr cloudwatch_time(SwArena *a, SwTime t);   /* 2026-11-21T03:38:00.000+0000 */
SwStr cloudwatch_double(SwArena *a, double d); /* 5.0, as Java writes it */

/* --- publish.c ------------------------------------------------------------------------------------------------------ */

/* No transaction is open. What the services counted and look at is stored. *ret_next: when a gauge wants to be looked at
 * again; 0: none does. */
int cloudwatch_publish(SwCtx *cx, bool *ret_published, SwTime *ret_next, SwError *err) sw_must_check;
int cloudwatch_publish_open(SwHost *h, SwError *err);
int cloudwatch_publish_resume(SwCtx *cx, SwError *err);
void cloudwatch_publish_close(SwHost *h);
int cloudwatch_publish_reset(SwHost *h, SwError *err);
