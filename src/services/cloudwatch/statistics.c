/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics over periods: reading buckets at any offset, percentiles, GetMetricStatistics. */

#include <math.h>

#include "services/cloudwatch/cloudwatch.h"

#define DATAPOINTS_MAX 1440

/* --- pure ---------------------------------------------------------------------------------------------------------------- */

bool cloudwatch_statistic_known(SwStr stat, double *ret_percentile) {
    static const char *const plain[] = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"};
    *ret_percentile = -1;
    for (size_t i = 0; i < SW_N(plain); i++)
        if (sw_str_eqz(stat, plain[i]))
            return true;
    if (stat.n < 2 || stat.p[0] != 'p')
        return false;
    for (size_t i = 1; i < stat.n; i++)
        if ((stat.p[i] < '0' || stat.p[i] > '9') && stat.p[i] != '.')
            return false;
    return sw_str_to_double(sw_str_skip(stat, 1), ret_percentile) && *ret_percentile >= 0 && *ret_percentile <= 100;
}

/* Nearest rank: the smallest value with at least `percent` of all samples at or below it. */
bool cloudwatch_percentile(const SwBucket *b, double percent, double *ret_v) {
    double rank = ceil(percent / 100 * b->count - 1e-9), below = 0;
    if (!b->sample || !b->n_sample)
        return false;
    for (size_t i = 0; i < b->n_sample; i++) {
        below += b->sample[i].count;
        *ret_v = b->sample[i].value;
        if (below >= rank)
            return true;
    }
    return true;
}

bool cloudwatch_statistic_of(const SwBucket *b, SwStr stat, double *ret_v) {
    double percent;
    if (!cloudwatch_statistic_known(stat, &percent) || b->count == 0)
        return false;
    if (percent >= 0)
        return cloudwatch_percentile(b, percent, ret_v);
    if (sw_str_eqz(stat, "SampleCount"))
        *ret_v = b->count;
    else if (sw_str_eqz(stat, "Average"))
        *ret_v = b->sum / b->count;
    else if (sw_str_eqz(stat, "Sum"))
        *ret_v = b->sum;
    else
        *ret_v = sw_str_eqz(stat, "Minimum") ? b->min : b->max;
    return true;
}

/* --- reading ------------------------------------------------------------------------------------------------------------- */

static SwSample *merge(SwArena *a, const SwBucket *x, const SwBucket *y, size_t *ret_n) {
    SwSample *v = sw_new_n(a, SwSample, x->n_sample + y->n_sample + 1);
    size_t i = 0, j = 0, n = 0;
    while (i < x->n_sample || j < y->n_sample) {
        bool left = j == y->n_sample || (i < x->n_sample && x->sample[i].value <= y->sample[j].value);
        SwSample s = left ? x->sample[i++] : y->sample[j++];
        if (n && v[n - 1].value == s.value)
            v[n - 1].count += s.count;
        else
            v[n++] = s;
    }
    *ret_n = n;
    return v;
}

static void join(SwArena *a, SwBucket *into, const SwBucket *b) {
    if (into->sample && b->sample) {
        size_t n;
        into->sample = merge(a, into, b, &n);
        into->n_sample = n;
    } else {
        into->sample = NULL;
        into->n_sample = 0;
    }
    into->min = SW_MIN(into->min, b->min);
    into->max = SW_MAX(into->max, b->max);
    into->count += b->count;
    into->sum += b->sum;
}

/* Both ascending by start. */
static SwBucketList join_lists(SwArena *a, const SwBucketList *x, const SwBucketList *y) {
    SwBucketList l = {0};
    size_t i = 0, j = 0;
    while (i < x->n || j < y->n) {
        bool left = j == y->n || (i < x->n && x->v[i].start <= y->v[j].start);
        const SwBucket *b = left ? &x->v[i++] : &y->v[j++];
        if (l.n && l.v[l.n - 1].start == b->start)
            join(a, &l.v[l.n - 1], b);
        else
            *(SwBucket *)sw_list_add(a, &l) = *b;
    }
    return l;
}

static int read_unit(SwCtx *cx, SwStr id, SwStr unit, SwTime from, SwTime to, int period, bool with_samples, SwBucketList *ret,
                     SwError *err) {
    SwTime length = period * SW_S;
    int base = period >= 60 ? 60 : from % length == 0 ? period : 10;
    SwBucketList l;
    *ret = (SwBucketList){0};
    if (sw_series_read(cx->tx, cloudwatch_series_key(cx, id, unit), from, to, base, with_samples, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        SwTime start = from + (l.v[i].start - from) / length * length;
        if (ret->n && ret->v[ret->n - 1].start == start) {
            join(cx->arena, &ret->v[ret->n - 1], &l.v[i]);
        } else {
            l.v[i].start = start;
            *(SwBucket *)sw_list_add(cx->arena, ret) = l.v[i];
        }
    }
    return 0;
}

int cloudwatch_read(SwCtx *cx, SwStr id, SwStr unit, SwTime from, SwTime to, int period, bool with_samples, SwBucketList *ret,
                    SwError *err) {
    CloudwatchMetricRecord *m;
    *ret = (SwBucketList){0};
    if (sw_str_is(unit))
        return read_unit(cx, id, unit, from, to, period, with_samples, ret, err);
    if (cloudwatch_metrics_find(cx->tx, id, &m, err) < 0)
        return -1;
    for (size_t i = 0; m && i < m->units.n; i++) {
        SwBucketList one;
        if (read_unit(cx, id, m->units.v[i], from, to, period, with_samples, &one, err) < 0)
            return -1;
        *ret = ret->n ? join_lists(cx->arena, ret, &one) : one;
    }
    return 0;
}

/* --- GetMetricStatistics ---------------------------------------------------------------------------------------------------
 */

int cloudwatch_check_period(SwStr field, int64_t period, const SwErrorKind *kind, SwError *err) {
    static const int small[] = {1, 5, 10, 20, 30};
    for (size_t i = 0; i < SW_N(small); i++)
        if (period == small[i])
            return 0;
    if (period > 0 && period % 60 == 0 && period <= 365 * 86400)
        return 0;
    return sw_fail(err, kind, "The parameter %.*s must be 1, 5, 10, 20, 30 or a multiple of 60.", SW_FMT(field));
}

static int check(SwCtx *cx, const CloudwatchGetMetricStatisticsInput *in, SwError *err) {
    double percent;
    int64_t span = in->end_time.v - in->start_time.v, wanted = span / (in->period.v * SW_S);
    if (!in->statistics.n && !in->extended_statistics.n)
        return sw_fail(err, &CLOUDWATCH_MISSING_REQUIRED_PARAMETER_EXCEPTION,
                       "Must specify either Statistics or ExtendedStatistics.");
    if (cloudwatch_check_period(SW_STR("Period"), in->period.v, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION, err) < 0)
        return -1;
    if (in->start_time.v >= in->end_time.v)
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "The parameter StartTime must be less than the parameter EndTime.");
    if (wanted > DATAPOINTS_MAX)
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION_EXCEPTION,
                       "You have requested up to %lld datapoints, which exceeds the limit of %d. You may reduce the datapoints "
                       "requested by "
                       "increasing Period, or decreasing the time range.",
                       (long long)wanted, DATAPOINTS_MAX);
    for (size_t i = 0; i < in->extended_statistics.n; i++)
        if (!cloudwatch_statistic_known(in->extended_statistics.v[i], &percent) || percent < 0)
            return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                           "The value %.*s for parameter ExtendedStatistics is not supported.",
                           SW_FMT(in->extended_statistics.v[i]));
    return 0;
}

static void show(SwCtx *cx, const CloudwatchGetMetricStatisticsInput *in, const SwBucket *b, SwStr unit,
                 CloudwatchDatapoint *to) {
    *to = (CloudwatchDatapoint){.timestamp = SW_SOME_TIME(b->start), .unit = unit};
    for (size_t i = 0; i < in->statistics.n; i++) {
        double v;
        if (!cloudwatch_statistic_of(b, in->statistics.v[i], &v))
            continue;
        SwOptDouble *at = sw_str_eqz(in->statistics.v[i], "Sum")       ? &to->sum
                          : sw_str_eqz(in->statistics.v[i], "Average") ? &to->average
                          : sw_str_eqz(in->statistics.v[i], "Minimum") ? &to->minimum
                          : sw_str_eqz(in->statistics.v[i], "Maximum") ? &to->maximum
                                                                       : &to->sample_count;
        *at = SW_SOME_DOUBLE(v);
    }
    for (size_t i = 0; i < in->extended_statistics.n; i++) {
        double v;
        if (cloudwatch_statistic_of(b, in->extended_statistics.v[i], &v))
            *sw_list_add(cx->arena, &to->extended_statistics) =
                (CloudwatchDoubleMapEntry){in->extended_statistics.v[i], SW_SOME_DOUBLE(v)};
    }
}

int cloudwatch_get_metric_statistics(SwCtx *cx, const CloudwatchGetMetricStatisticsInput *in,
                                     CloudwatchGetMetricStatisticsOutput *out, SwError *err) {
    CloudwatchMetricRecord *m;
    if (check(cx, in, err) < 0)
        return -1;
    SwStr id = cloudwatch_metric_id(cx, in->namespace, in->metric_name, &in->dimensions);
    SwTime round = SW_MIN(in->period.v, 60) * SW_S;
    if (cloudwatch_metrics_find(cx->tx, id, &m, err) < 0)
        return -1;
    out->label = in->metric_name;
    sw_list_present(cx->arena, &out->datapoints);
    for (size_t u = 0; m && u < m->units.n; u++) {
        SwBucketList l;
        if (sw_str_is(in->unit) && !sw_str_eq(in->unit, m->units.v[u]))
            continue;
        if (cloudwatch_read(cx, id, m->units.v[u], in->start_time.v / round * round, in->end_time.v, (int)in->period.v,
                            in->extended_statistics.n > 0, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n; i++)
            show(cx, in, &l.v[i], m->units.v[u], sw_list_add(cx->arena, &out->datapoints));
    }
    return 0;
}
