/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: put values, list what there is. A metric comes to be by its first value. Its record remembers the units that
 * it had and, to the minute, when it last had a value. */

#include <math.h>
#include <stdlib.h>

#include "services/cloudwatch/cloudwatch.h"

#define DATA_MAX   1000
#define VALUES_MAX 150
#define LIST_PAGE  500
#define LISTED_FOR (14 * SW_DAY)

static int by_name(const void *a, const void *b) {
    return sw_str_cmp(((const CloudwatchDimension *)a)->name, ((const CloudwatchDimension *)b)->name);
}

static CloudwatchDimensionList sorted(SwCtx *cx, const CloudwatchDimensionList *l) {
    CloudwatchDimensionList s = {.v = sw_list_room(cx->arena, l->n, sizeof(CloudwatchDimension)), .n = l->n};
    if (l->n)
        memcpy(s.v, l->v, l->n * sizeof(*l->v));
    qsort(s.v, s.n, sizeof(*s.v), by_name);
    return s;
}

SwStr cloudwatch_metric_id(SwCtx *cx, SwStr namespace, SwStr name, const CloudwatchDimensionList *dimensions) {
    CloudwatchDimensionList s = sorted(cx, dimensions);
    SwBuf b = sw_buf(cx->arena, 64 * SW_KIB);
    sw_buf_addf(&b, "%.*s\n%.*s\n", SW_FMT(namespace), SW_FMT(name));
    for (size_t i = 0; i < s.n; i++)
        sw_buf_addf(&b, "%.*s=%.*s\n", SW_FMT(s.v[i].name), SW_FMT(s.v[i].value));
    return sw_buf_str(&b);
}

SwStr cloudwatch_series_key(SwCtx *cx, SwStr metric_id, SwStr unit) {
    return sw_strf(cx->arena, "%.*s/%.*s/%.*s%.*s", SW_FMT(cx->account), SW_FMT(cx->region), SW_FMT(metric_id),
                   SW_FMT(sw_str_or(unit, CLOUDWATCH_STANDARD_UNIT_NONE)));
}

/* --- put ----------------------------------------------------------------------------------------------------------------- */

static int bad_value(SwError *err, size_t i, const char *member, SwStr value) {
    return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                   "The value %.*s for parameter MetricData.member.%zu.%s is invalid.", SW_FMT(value), i + 1, member);
}

static int check_number(SwCtx *cx, size_t i, const char *member, double v, SwError *err) {
    if (isfinite(v) && fabs(v) <= 0x1p360)
        return 0;
    return bad_value(err, i, member, sw_double_text(cx->arena, v));
}

/* One of Value, Values (with Counts) and StatisticValues; the last two may come together, and both count. */
static int check_forms(const CloudwatchMetricDatum *d, size_t i, SwError *err) {
    const char *given[3];
    size_t n = 0;
    if (d->value.set)
        given[n++] = "Value";
    if (d->values.n)
        given[n++] = "Values";
    if (d->statistic_values)
        given[n++] = "StatisticValues";
    if (n == 0)
        return sw_fail(err, &CLOUDWATCH_MISSING_REQUIRED_PARAMETER_EXCEPTION,
                       "The parameter MetricData.member.%zu.Value is required.", i + 1);
    if (n > 1 && d->value.set)
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION_EXCEPTION,
                       "The parameters MetricData.member.%zu.%s and MetricData.member.%zu.%s are mutually exclusive and you "
                       "have specified both.",
                       i + 1, given[0], i + 1, given[1]);
    if (d->counts.n && d->counts.n != d->values.n)
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "The parameters MetricData.member.%zu.Values and MetricData.member.%zu.Counts must be of the same size.",
                       i + 1, i + 1);
    if (d->values.n > VALUES_MAX)
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "The collection MetricData.member.%zu.Values must not have a size greater than %d.", i + 1, VALUES_MAX);
    return 0;
}

static int check_numbers(SwCtx *cx, const CloudwatchMetricDatum *d, size_t i, SwError *err) {
    const CloudwatchStatisticSet *s = d->statistic_values;
    if (d->value.set && check_number(cx, i, "Value", d->value.v, err) < 0)
        return -1;
    for (size_t k = 0; k < d->values.n; k++) {
        double count = k < d->counts.n ? d->counts.v[k].v : 1;
        if (check_number(cx, i, "Values", d->values.v[k].v, err) < 0 || check_number(cx, i, "Counts", count, err) < 0)
            return -1;
        if (count < 0)
            return bad_value(err, i, "Counts", sw_double_text(cx->arena, count));
    }
    if (!s)
        return 0;
    if (check_number(cx, i, "StatisticValues.SampleCount", s->sample_count.v, err) < 0 ||
        check_number(cx, i, "StatisticValues.Sum", s->sum.v, err) < 0 ||
        check_number(cx, i, "StatisticValues.Minimum", s->minimum.v, err) < 0 ||
        check_number(cx, i, "StatisticValues.Maximum", s->maximum.v, err) < 0)
        return -1;
    if (s->sample_count.v < 0 || s->minimum.v > s->maximum.v)
        return sw_fail(
            err, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION_EXCEPTION,
            "The parameter MetricData.member.%zu.StatisticValues holds no possible set: Minimum must not be above Maximum, "
            "SampleCount not below 0.",
            i + 1);
    return 0;
}

int cloudwatch_check_text(const char *field, SwStr s, const SwErrorKind *kind, SwError *err) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return sw_fail(err, kind, "The value of the parameter %s must not contain ASCII control characters.", field);
    return 0;
}

static int check_dimension_text(const char *field, SwStr s, const SwErrorKind *kind, SwError *err) {
    bool seen = false;
    if (cloudwatch_check_text(field, s, kind, err) < 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        seen |= s.p[i] != ' ';
        if ((unsigned char)s.p[i] > 0x7f)
            return sw_fail(err, kind, "The value of the parameter %s must contain only ASCII characters.", field);
    }
    return seen
               ? 0
               : sw_fail(err, kind, "The value of the parameter %s must contain at least one non-whitespace character.", field);
}

int cloudwatch_check_dimensions(const CloudwatchDimensionList *l, const char *field, const SwErrorKind *kind, SwError *err) {
    for (size_t k = 0; k < l->n; k++) {
        const char *name = sw_strf(err->arena, "%s.member.%zu.Name", field, k + 1).p,
                   *value = sw_strf(err->arena, "%s.member.%zu.Value", field, k + 1).p;
        if (check_dimension_text(name, l->v[k].name, kind, err) < 0 ||
            check_dimension_text(value, l->v[k].value, kind, err) < 0)
            return -1;
        if (*l->v[k].name.p == ':')
            return sw_fail(err, kind, "The value of the parameter %s must not begin with a colon.", name);
    }
    return 0;
}

static int check_dimensions(const CloudwatchDimensionList *l, size_t i, SwError *err) {
    const char *field = sw_strf(err->arena, "MetricData.member.%zu.Dimensions", i + 1).p;
    if (cloudwatch_check_dimensions(l, field, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION, err) < 0)
        return -1;
    for (size_t k = 0; k < l->n; k++)
        for (size_t j = 0; j < k; j++)
            if (sw_str_eq(l->v[k].name, l->v[j].name))
                return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                               "No Dimensions named %.*s may be given twice in MetricData.member.%zu.Dimensions.",
                               SW_FMT(l->v[k].name), i + 1);
    return 0;
}

static int check_datum(SwCtx *cx, const CloudwatchMetricDatum *d, size_t i, SwError *err) {
    SwTime now = sw_now(cx), at = SW_OR(d->timestamp, now);
    int64_t resolution = SW_OR(d->storage_resolution, 60);
    if (check_forms(d, i, err) < 0 || check_numbers(cx, d, i, err) < 0 || check_dimensions(&d->dimensions, i, err) < 0)
        return -1;
    if (resolution != 1 && resolution != 60)
        return bad_value(err, i, "StorageResolution", sw_strf(cx->arena, "%lld", (long long)resolution));
    if (at < now - 14 * SW_DAY)
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "The parameter MetricData.member.%zu.Timestamp must specify a time no more than two weeks in the past.",
                       i + 1);
    if (at > now + 2 * SW_HOUR)
        return sw_fail(
            err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
            "The parameter MetricData.member.%zu.Timestamp must specify a time no more than two hours in the future.", i + 1);
    return 0;
}

/* The record is written when the metric or its unit is new, or it had none for a minute. */
static int note_metric(SwCtx *cx, SwStr id, SwStr namespace, const CloudwatchMetricDatum *d, SwStr unit, SwTime at,
                       SwError *err) {
    CloudwatchMetricRecord *r;
    if (cloudwatch_metrics_find(cx->tx, id, &r, err) < 0)
        return -1;
    CloudwatchMetricRecord *m = r, fresh = {.namespace = namespace, .metric_name = d->metric_name};
    if (m && sw_str_list_has(&m->units, unit) && at < m->last_at.v + SW_MINUTE)
        return 0;
    if (!m) {
        m = &fresh;
        m->dimensions = sorted(cx, &d->dimensions);
        if (sw_wake(cx, &cloudwatch_trim_controller, SW_STR("trim"), sw_now(cx) + SW_DAY, err) < 0)
            return -1;
    }
    if (!sw_str_list_has(&m->units, unit))
        sw_str_list_add(cx->arena, &m->units, unit);
    m->last_at = SW_SOME_INT(SW_MAX(SW_OR(m->last_at, 0), at));
    return cloudwatch_metrics_put(cx->tx, id, m, err);
}

static int put_datum(SwCtx *cx, SwStr namespace, const CloudwatchMetricDatum *d, SwError *err) {
    SwStr id = cloudwatch_metric_id(cx, namespace, d->metric_name, &d->dimensions);
    SwStr unit = sw_str_or(d->unit, CLOUDWATCH_STANDARD_UNIT_NONE), key = cloudwatch_series_key(cx, id, unit);
    SwTime at = SW_OR(d->timestamp, sw_now(cx));
    int resolution = (int)SW_OR(d->storage_resolution, 60);
    const CloudwatchStatisticSet *s = d->statistic_values;
    if (note_metric(cx, id, namespace, d, unit, at, err) < 0)
        return -1;
    if (s && s->sample_count.v > 0 &&
        sw_series_add_set(cx->tx, key, resolution, at, s->sample_count.v, s->sum.v, s->minimum.v, s->maximum.v, err) < 0)
        return -1;
    SwSample *v = sw_new_n(cx->arena, SwSample, d->values.n + 1);
    size_t n = 0;
    if (d->value.set)
        v[n++] = (SwSample){d->value.v, 1};
    for (size_t i = 0; i < d->values.n; i++) {
        double count = i < d->counts.n ? d->counts.v[i].v : 1;
        if (count > 0)
            v[n++] = (SwSample){d->values.v[i].v, count};
    }
    return n ? sw_series_add(cx->tx, key, resolution, at, v, n, err) : 0;
}

int cloudwatch_put_metric_data(SwCtx *cx, const CloudwatchPutMetricDataInput *in, void *out, SwError *err) {
    if (sw_str_starts(in->namespace, SW_STR("AWS/")) && cx->principal.kind != SW_PRINCIPAL_SERVICE)
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "The value AWS/ for parameter Namespace is invalid.");
    if (cloudwatch_check_text("Namespace", in->namespace, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION, err) < 0)
        return -1;
    if (!in->metric_data.n)
        return sw_fail(err, &CLOUDWATCH_MISSING_REQUIRED_PARAMETER_EXCEPTION, "The parameter MetricData is required.");
    if (in->metric_data.n > DATA_MAX)
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "The collection MetricData must not have a size greater than %d.", DATA_MAX);
    for (size_t i = 0; i < in->metric_data.n; i++)
        if (check_datum(cx, &in->metric_data.v[i], i, err) < 0)
            return -1;
    for (size_t i = 0; i < in->metric_data.n; i++)
        if (put_datum(cx, in->namespace, &in->metric_data.v[i], err) < 0)
            return -1;
    return 0;
}

/* --- list ---------------------------------------------------------------------------------------------------------------- */

static bool has_dimension(const CloudwatchMetricRecord *m, const CloudwatchDimensionFilter *f) {
    for (size_t i = 0; i < m->dimensions.n; i++)
        if (sw_str_eq(m->dimensions.v[i].name, f->name))
            return !sw_str_is(f->value) || sw_str_eq(m->dimensions.v[i].value, f->value);
    return false;
}

static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const CloudwatchListMetricsInput *in = arg;
    const CloudwatchMetricRecord *m = cloudwatch_metrics_row(row);
    SwTime since = sw_now(cx) - (sw_str_is(in->recently_active) ? 3 * SW_HOUR : LISTED_FOR);
    *ret_wanted = m->last_at.v >= since && (!sw_str_is(in->metric_name) || sw_str_eq(m->metric_name, in->metric_name));
    for (size_t i = 0; *ret_wanted && i < in->dimensions.n; i++)
        *ret_wanted = has_dimension(m, &in->dimensions.v[i]);
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const CloudwatchMetricRecord *m = cloudwatch_metrics_row(row);
    CloudwatchMetric *shown = to;
    *shown = (CloudwatchMetric){.namespace = m->namespace, .metric_name = m->metric_name, .dimensions = m->dimensions};
    sw_list_present(cx->arena, &shown->dimensions);
    return 0;
}

int cloudwatch_list_metrics(SwCtx *cx, const CloudwatchListMetricsInput *in, CloudwatchListMetricsOutput *out, SwError *err) {
    static const SwPageFault bad_token = {&CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION,
                                          "The value for parameter NextToken is invalid."};
    SwPage p = {
        .of = &cloudwatch_metrics, .want = is_wanted, .show = show, .arg = in, .usual = LIST_PAGE, .bad_token = &bad_token};
    if (sw_str_is(in->owning_account) && !sw_str_eq(in->owning_account, cx->account))
        return sw_refuse_field(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION, "OwningAccount",
                               "there are no linked accounts");
    if (sw_str_is(in->namespace))
        p.q.prefix = sw_str_is(in->metric_name)
                         ? sw_strf(cx->arena, "%.*s\n%.*s\n", SW_FMT(in->namespace), SW_FMT(in->metric_name))
                         : sw_strf(cx->arena, "%.*s\n", SW_FMT(in->namespace));
    return sw_page(cx, &p, out, err);
}
