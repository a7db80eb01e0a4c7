/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluates alarms on the clock: every minute, every ten seconds where the period is below one. When the clock jumps,
 * all evaluations that fell into the jump are made up, one after the other, as far as a week back.
 *
 *     INSUFFICIENT_DATA <--> OK <--> ALARM <--> INSUFFICIENT_DATA       by evaluate.c, or by SetAlarmState
 *
 * An evaluation at instant t judges the periods that ended by then; it happens SETTLE later, so that what is published
 * at the end of a minute is there. */

#include <math.h>

#include "services/cloudwatch/cloudwatch.h"
#include "services/cloudwatch/evaluate.h"

#define SETTLE       (3 * SW_S)
#define CATCH_UP_MAX (7 * SW_DAY)
#define AT_ONCE      256 /* evaluations in one transaction */

static SwTime interval_of(const CloudwatchMetricAlarm *m) {
    return cloudwatch_alarm_period(m) < 60 ? 10 * SW_S : SW_MINUTE;
}

static CloudwatchJudge judge_of(const CloudwatchMetricAlarm *m) {
    size_t n = (size_t)m->evaluation_periods.v;
    return (CloudwatchJudge){.periods = n,
                             .needed = (size_t)SW_OR(m->datapoints_to_alarm, (int64_t)n),
                             .comparison = m->comparison_operator,
                             .threshold = m->threshold.v,
                             .missing = m->treat_missing_data};
}

/* --- reason ------------------------------------------------------------------------------------------------------------------
 */

static SwStr words(SwStr comparison) {
    return sw_str_eqz(comparison, "GreaterThanThreshold")            ? SW_STR("greater than")
           : sw_str_eqz(comparison, "GreaterThanOrEqualToThreshold") ? SW_STR("greater than or equal to")
           : sw_str_eqz(comparison, "LessThanThreshold")             ? SW_STR("less than")
                                                                     : SW_STR("less than or equal to");
}

/* "5.0 (21/11/26 03:38:00)", newest first. */
static void add_points(SwCtx *cx, SwBuf *b, const CloudwatchPoint *p, size_t n, size_t used) {
    for (size_t i = 0, shown = 0; i < n && shown < used; i++) {
        if (!p[i].known)
            continue;
        SwStr t = sw_time_iso8601(cx->arena, p[i].at); /* 2026-11-21T03:38:00Z */
        SwStr value = cloudwatch_double(cx->arena, p[i].value);
        sw_buf_addf(b, "%s%.*s (%.2s/%.2s/%.2s %.8s)", shown++ ? ", " : "", SW_FMT(value), t.p + 8, t.p + 5, t.p + 2, t.p + 11);
    }
}

static const char *plural(size_t n) {
    return n == 1 ? "" : "s";
}

static SwStr reason(SwCtx *cx, const CloudwatchMetricAlarm *m, const CloudwatchJudge *j, CloudwatchOutcome o,
                    const CloudwatchPoint *p, size_t n, size_t used, size_t breaching) {
    SwBuf b = sw_buf(cx->arena, 1023);
    size_t filled = j->periods - used, count = o == CLOUDWATCH_ALARM ? breaching : used - breaching;
    if (o == CLOUDWATCH_INSUFFICIENT) {
        sw_buf_addf(&b, "Insufficient Data: %zu datapoint%s %s unknown.", filled, plural(filled), filled == 1 ? "was" : "were");
        return sw_buf_str(&b);
    }
    sw_buf_addz(&b, "Threshold Crossed: ");
    if (used == 0) {
        sw_buf_addf(&b, "no datapoints were received for %zu period%s and %zu missing datapoint%s treated as [%s].", filled,
                    plural(filled), filled, filled == 1 ? " was" : "s were",
                    o == CLOUDWATCH_ALARM ? "Breaching" : "NonBreaching");
        return sw_buf_str(&b);
    }
    if (m->datapoints_to_alarm.set)
        sw_buf_addf(&b, "%zu out of the last %zu datapoint%s [", count, j->periods, plural(j->periods));
    else
        sw_buf_addf(&b, "%zu datapoint%s [", used, plural(used));
    add_points(cx, &b, p, n, used);
    SwStr compared = words(m->comparison_operator), threshold = cloudwatch_double(cx->arena, m->threshold.v);
    bool many = m->datapoints_to_alarm.set ? count != 1 : used != 1;
    sw_buf_addf(&b, "] %s %s%.*s the threshold (%.*s)", many ? "were" : "was", o == CLOUDWATCH_ALARM ? "" : "not ",
                SW_FMT(compared), SW_FMT(threshold));
    if (m->datapoints_to_alarm.set) {
        size_t least = o == CLOUDWATCH_ALARM ? j->needed : j->periods - j->needed + 1;
        sw_buf_addf(&b, " (minimum %zu datapoint%s for %s transition)", least, plural(least),
                    o == CLOUDWATCH_ALARM ? "OK -> ALARM" : "ALARM -> OK");
    }
    if (filled && (sw_str_eqz(j->missing, "breaching") || sw_str_eqz(j->missing, "notBreaching")))
        sw_buf_addf(&b, " and %zu missing datapoint%s treated as [%s]", filled, filled == 1 ? " was" : "s were",
                    sw_str_eqz(j->missing, "breaching") ? "Breaching" : "NonBreaching");
    sw_buf_addc(&b, '.');
    return sw_buf_str(&b);
}

static void add_number(SwArena *a, SwValue *to, const char *key, double d) {
    SwValue v = {.kind = SW_VNUMBER, .s = cloudwatch_double(a, d)};
    if (key)
        sw_value_set(a, to, sw_str(key), v);
    else
        sw_value_add(a, to, v);
}

/* The datapoints that were judged, newest first; of a missing one its time alone. *ret_start: of the oldest known one. */
static SwValue evaluated_points(SwArena *a, const CloudwatchPoint *p, size_t n, size_t periods, size_t used,
                                SwTime *ret_start) {
    SwValue list = sw_value_array();
    size_t known = 0, missing = 0;
    for (size_t i = 0; i < n && known + missing < periods; i++) {
        if (p[i].known ? known == used : missing == periods - used)
            continue;
        SwValue *e = sw_value_add(a, &list, sw_value_object());
        sw_value_sets(a, e, "timestamp", cloudwatch_time(a, p[i].at));
        if (!p[i].known) {
            missing++;
            continue;
        }
        known++;
        *ret_start = p[i].at;
        add_number(a, e, "sampleCount", p[i].count);
        add_number(a, e, "value", p[i].value);
    }
    return list;
}

static SwStr reason_data(SwCtx *cx, const CloudwatchMetricAlarm *m, SwTime at, const CloudwatchPoint *p, size_t n,
                         size_t used) {
    SwArena *a = cx->arena;
    SwTime start = 0;
    SwValue v = sw_value_object(), recent = sw_value_array(),
            evaluated = evaluated_points(a, p, n, (size_t)m->evaluation_periods.v, used, &start);
    for (size_t i = n; i-- > 0;) /* oldest first */
        if (p[i].known && p[i].at >= start)
            add_number(a, &recent, NULL, p[i].value);
    sw_value_sets(a, &v, "version", SW_STR("1.0"));
    sw_value_sets(a, &v, "queryDate", cloudwatch_time(a, at));
    if (used)
        sw_value_sets(a, &v, "startDate", cloudwatch_time(a, start));
    if (sw_str_is(m->unit))
        sw_value_sets(a, &v, "unit", m->unit);
    sw_value_sets(a, &v, "statistic", sw_str_or(m->statistic, m->extended_statistic));
    sw_value_set(a, &v, SW_STR("period"), sw_value_int(a, cloudwatch_alarm_period(m)));
    sw_value_set(a, &v, SW_STR("recentDatapoints"), recent);
    add_number(a, &v, "threshold", m->threshold.v);
    sw_value_set(a, &v, SW_STR("evaluatedDatapoints"), evaluated);
    return sw_json_text(a, &v);
}

/* --- evaluation
 * ---------------------------------------------------------------------------------------------------------------- */

/* Newest first, of what the alarm's expression makes. */
static int compute_points(SwCtx *cx, const CloudwatchMetricAlarm *m, SwTime until, CloudwatchPoint *p, size_t n, SwError *err) {
    SwTime period = cloudwatch_alarm_period(m) * SW_S, from = until - (SwTime)n * period;
    const double *v;
    if (cloudwatch_queries_read(cx, &m->metrics, from, n, &v, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        double x = v[n - 1 - i];
        p[i] = (CloudwatchPoint){.at = until - (SwTime)(i + 1) * period, .value = isnan(x) ? 0 : x, .known = !isnan(x)};
    }
    return 0;
}

static int read_points(SwCtx *cx, const CloudwatchMetricAlarm *m, SwTime until, CloudwatchPoint *p, size_t n, SwError *err) {
    if (m->metrics.n)
        return compute_points(cx, m, until, p, n, err);
    SwTime period = m->period.v * SW_S, from = until - (SwTime)n * period;
    SwStr stat = sw_str_or(m->statistic, m->extended_statistic);
    SwBucketList l;
    if (cloudwatch_read(cx, cloudwatch_metric_id(cx, m->namespace, m->metric_name, &m->dimensions), m->unit, from, until,
                        (int)m->period.v, stat.p[0] == 'p', &l, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        p[i] = (CloudwatchPoint){.at = until - (SwTime)(i + 1) * period};
    for (size_t i = 0; i < l.n; i++) {
        int64_t k = (until - l.v[i].start) / period - 1;
        if (k < 0 || k >= (int64_t)n)
            continue;
        p[k].known = cloudwatch_statistic_of(&l.v[i], stat, &p[k].value);
        p[k].count = l.v[i].count;
    }
    return 0;
}

static int evaluate(SwCtx *cx, CloudwatchAlarmRecord *a, SwTime until, SwError *err) {
    static const char *const names[] = {
        [CLOUDWATCH_OK] = "OK", [CLOUDWATCH_ALARM] = "ALARM", [CLOUDWATCH_INSUFFICIENT] = "INSUFFICIENT_DATA"};
    const CloudwatchMetricAlarm *m = a->metric;
    CloudwatchJudge j = judge_of(m);
    size_t n = j.periods + CLOUDWATCH_RANGE_BEYOND, used, breaching;
    CloudwatchPoint *p = sw_new_n(cx->arena, CloudwatchPoint, n);
    if (read_points(cx, m, until, p, n, err) < 0)
        return -1;
    CloudwatchOutcome o = cloudwatch_judge(&j, p, n, &used, &breaching);
    if (o == CLOUDWATCH_RETAIN || (sw_str_eqz(m->state_value, names[o]) && sw_str_is(m->state_reason_data)))
        return 0; /* a state's reason is that of its beginning */
    if (o == CLOUDWATCH_INSUFFICIENT && sw_str_eqz(m->state_value, names[o]))
        return 0;
    SwTime at = SW_MAX(until + SETTLE, m->alarm_configuration_updated_timestamp.v); /* not before it was put */
    CloudwatchState s = {sw_str(names[o]), reason(cx, m, &j, o, p, n, used, breaching), reason_data(cx, m, at, p, n, used), at};
    return cloudwatch_set_state(cx, a, &s, err);
}

/* The first instant that is not known to have been evaluated. The record says so where it was written; that of an alarm
 * which stays as it is is not written, since its work item says the same: it became due when `due` was to be judged. Only
 * where a step has failed has the item moved on: then what lies since the record was written is judged again, and again
 * without a change. */
static SwTime first_left(const CloudwatchAlarmRecord *a, const SwStep *s, SwTime interval, SwTime last) {
    SwTime by_item = (s->due - SETTLE) / interval * interval;
    if (!a->evaluated.set)
        return last;
    return s->attempts ? a->evaluated.v + interval : SW_MAX(a->evaluated.v + interval, by_item);
}

/* Due evaluations, a number of them at once. Writes where a state changes (cloudwatch_set_state), or more are left. */
static int catch_up(SwCtx *cx, CloudwatchAlarmRecord *a, SwStep *s, SwError *err) {
    SwTime interval = interval_of(a->metric), last = (sw_now(cx) - SETTLE) / interval * interval;
    SwTime next = SW_MAX(first_left(a, s, interval, last), last - CATCH_UP_MAX);
    bool first = !a->evaluated.set;
    for (int i = 0; i < AT_ONCE && next <= last; i++, next += interval) {
        a->evaluated = SW_SOME_INT(next);
        if (evaluate(cx, a, next, err) < 0)
            return -1;
    }
    s->again = next <= last ? sw_now(cx) : next + SETTLE;
    return first || next <= last ? cloudwatch_alarm_put(cx, a->name, a, err) : 0;
}

static int step(SwCtx *cx, SwStr name, SwStep *ret_step, SwError *err) {
    CloudwatchAlarmRecord *a;
    if (cloudwatch_alarm_find(cx, name, &a, err) < 0 || (a && catch_up(cx, a, ret_step, err) < 0))
        return -1;
    SW_CRASH_POINT("cloudwatch.alarm.evaluated_not_committed");
    return 0;
}

/* What the minute that is judged holds is there. */
static int before(SwCtx *cx, SwError *err) {
    SwTime gauges;
    bool published;
    return cloudwatch_publish(cx, &published, &gauges, err);
}

const SwController cloudwatch_alarm_controller = {
    .name = "cloudwatch/alarm",
    .kind = SW_STEP_STORE,
    .step = step,
    .looks = true,
    .before = before,
    .unfailing = "an evaluation reads a bounded number of values, and a state stays until the next one",
};
