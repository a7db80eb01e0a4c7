/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to alarms, kept for 30 days as on AWS; it outlives its alarm. Also the controller that drops what is
 * older than it is kept: history, and values of metrics after 455 days. */

#include "services/cloudwatch/cloudwatch.h"

#define HISTORY_KEPT (30 * SW_DAY)
#define SUMMARY_MAX  255 /* bytes of HistorySummary */
#define VALUES_KEPT  (455 * SW_DAY)

int cloudwatch_history_add(SwCtx *cx, const CloudwatchAlarmRecord *a, SwTime at, SwStr type, SwStr summary, SwStr data,
                           SwError *err) {
    int64_t n;
    if (sw_doc_next(cx->tx, SW_SCOPE_REGION, SW_STR("cloudwatch/history"), &n, err) < 0)
        return -1;
    CloudwatchAlarmHistoryItem *item = sw_new(cx->arena, CloudwatchAlarmHistoryItem);
    *item = (CloudwatchAlarmHistoryItem){.alarm_name = a->name,
                                         .alarm_type = CLOUDWATCH_ALARM_TYPE_METRIC_ALARM,
                                         .timestamp = SW_SOME_TIME(at),
                                         .history_item_type = type,
                                         .history_summary = sw_str_n(summary.p, SW_MIN(summary.n, (size_t)SUMMARY_MAX)),
                                         .history_data = data};
    SwStr key = sw_cat(cx->arena, sw_index_number(cx->arena, at), sw_strf(cx->arena, "/%012lld", (long long)n));
    CloudwatchHistoryRecord r = {.alarm = a->name, .at = key, .item = item};
    if (n == 1 && sw_wake(cx, &cloudwatch_trim_controller, SW_STR("trim"), sw_now(cx) + SW_DAY, err) < 0)
        return -1;
    return cloudwatch_history_put(cx->tx, key, &r, err);
}

static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const CloudwatchDescribeAlarmHistoryInput *in = arg;
    const CloudwatchAlarmHistoryItem *i = cloudwatch_history_row(row)->item;
    *ret_wanted = (!in->alarm_types.n || sw_str_list_has(&in->alarm_types, i->alarm_type)) &&
                  (!sw_str_is(in->history_item_type) || sw_str_eq(in->history_item_type, i->history_item_type)) &&
                  (!in->start_date.set || i->timestamp.v >= in->start_date.v) &&
                  (!in->end_date.set || i->timestamp.v <= in->end_date.v);
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(CloudwatchAlarmHistoryItem *)to = *cloudwatch_history_row(row)->item;
    return 0;
}

int cloudwatch_describe_alarm_history(SwCtx *cx, const CloudwatchDescribeAlarmHistoryInput *in,
                                      CloudwatchDescribeAlarmHistoryOutput *out, SwError *err) {
    SwDocQuery q = {.index = sw_str_is(in->alarm_name) ? "by_alarm" : NULL,
                    .equals = {in->alarm_name},
                    .descending = !sw_str_eq(in->scan_by, CLOUDWATCH_SCAN_BY_TIMESTAMP_ASCENDING)};
    if (sw_str_is(in->alarm_contributor_id))
        return sw_refuse_field(err, &SW_VALIDATION_ERROR, "AlarmContributorId", "alarms have no contributors here");
    return sw_page(cx, &(SwPage){.of = &cloudwatch_history, .q = q, .want = is_wanted, .show = show, .arg = in, .usual = 50},
                   out, err);
}

/* --- trimming --------------------------------------------------------------------------------------------------------------
 */

#define AT_ONCE 500 /* records of a kind that one transaction removes */

typedef struct Old {
    SwStrList history, metrics;
} Old;

/* In a snapshot, which hinders nobody: all metrics are looked at for those that had no value for long. */
static int find_old(SwCtx *cx, Old *o, SwError *err) {
    CloudwatchHistoryRecords history;
    CloudwatchMetricRecords metrics;
    SwDocQuery old = {.below = sw_index_number(cx->arena, sw_now(cx) - HISTORY_KEPT), .limit = AT_ONCE};
    if (cloudwatch_history_list(cx->tx, &old, &history, err) < 0)
        return -1;
    for (size_t i = 0; i < history.n; i++)
        sw_str_list_add(cx->arena, &o->history, history.v[i].id);
    SwDocQuery all = {.limit = AT_ONCE};
    do {
        if (cloudwatch_metrics_list(cx->tx, &all, &metrics, err) < 0)
            return -1;
        for (size_t i = 0; i < metrics.n && o->metrics.n < AT_ONCE; i++)
            if (metrics.v[i].record->last_at.v < sw_now(cx) - VALUES_KEPT)
                sw_str_list_add(cx->arena, &o->metrics, metrics.v[i].id);
        all.after = metrics.next;
    } while (sw_str_is(metrics.next) && o->metrics.n < AT_ONCE);
    return 0;
}

/* A metric that has got a value meanwhile stays. */
static int remove_old(SwCtx *cx, const Old *o, SwError *err) {
    for (size_t i = 0; i < o->history.n; i++)
        if (cloudwatch_history_delete(cx->tx, o->history.v[i], NULL, err) < 0)
            return -1;
    for (size_t i = 0; i < o->metrics.n; i++) {
        CloudwatchMetricRecord *m;
        if (cloudwatch_metrics_find(cx->tx, o->metrics.v[i], &m, err) < 0)
            return -1;
        if (m && m->last_at.v < sw_now(cx) - VALUES_KEPT && cloudwatch_metrics_delete(cx->tx, o->metrics.v[i], NULL, err) < 0)
            return -1;
    }
    return sw_series_trim(cx->tx, sw_now(cx) - VALUES_KEPT, err);
}

/* A portion a step, until there is no more. */
static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    Old o = {0};
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = find_old(cx, &o, err);
    sw_ctx_rollback(cx);
    if (r < 0 || sw_ctx_begin(cx, SW_WRITE, err) < 0 || remove_old(cx, &o, err) < 0)
        return -1;
    bool more = o.history.n == AT_ONCE || o.metrics.n == AT_ONCE;
    ret_step->again = more ? sw_now(cx) : sw_now(cx) + SW_DAY;
    return sw_ctx_commit(cx, err);
}

const SwController cloudwatch_trim_controller = {
    .name = "cloudwatch/trim",
    .step = step,
    .parallel = 1,
    .unfailing = "it removes what is old, a bounded portion at a time; no resource waits for it",
};
