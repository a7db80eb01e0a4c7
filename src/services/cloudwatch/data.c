/* SPDX-License-Identifier: Apache-2.0 */
/* GetMetricData, and the queries of alarms: many metrics and expressions over one range of time. A page holds at most
 * MaxDatapoints of all results together; its token counts the datapoints that were shown. */

#include <math.h>

#include "services/cloudwatch/cloudwatch.h"
#include "services/cloudwatch/math.h"

#define QUERIES_MAX    500
#define DATAPOINTS_MAX 100800

/* --- checks
 * ------------------------------------------------------------------------------------------------------------------------ */

static bool is_id(SwStr id) {
    return sw_str_span(id, "a-z") > 0 && sw_str_all(id, "a-zA-Z0-9_");
}

static int refuse(SwError *err, const char *field, const char *why) {
    return sw_refuse_field(err, &SW_VALIDATION_ERROR, field, why);
}

static int check_stat(const CloudwatchMetricDataQuery *q, SwError *err) {
    const CloudwatchMetricStat *s = q->metric_stat;
    double percent;
    if (q->period.set)
        return refuse(err, "Period", "belongs to expressions; a metric's is in MetricStat");
    if (!sw_str_is(s->metric->namespace) || !sw_str_is(s->metric->metric_name))
        return sw_fail(err, &SW_VALIDATION_ERROR, "The metric of %.*s needs Namespace and MetricName", SW_FMT(q->id));
    if (!cloudwatch_statistic_known(s->stat, &percent))
        return sw_fail(err, &SW_VALIDATION_ERROR, "The value %.*s for parameter Stat is not supported.", SW_FMT(s->stat));
    return cloudwatch_check_period(SW_STR("Period"), s->period.v, &SW_VALIDATION_ERROR, err);
}

static bool is_insights(SwStr expression) {
    SwStr text = sw_str_trim(expression);
    return text.n > 6 && sw_str_ieq(sw_str_n(text.p, 6), SW_STR("SELECT")) &&
           (text.p[6] == ' ' || text.p[6] == '\t' || text.p[6] == '\n');
}

static int check_query(SwCtx *cx, const CloudwatchMetricDataQuery *q, SwError *err) {
    bool expression = sw_str_is(q->expression);
    if (is_insights(q->expression))
        return refuse(err, "Expression", "Metrics Insights (SELECT) is not available");
    if (!is_id(q->id))
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       "Invalid metrics list: id \"%.*s\" must begin with a lower-case letter and hold only letters, "
                       "digits and '_'",
                       SW_FMT(q->id));
    if (expression == !!q->metric_stat)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The query %.*s needs either a MetricStat or an Expression", SW_FMT(q->id));
    if (sw_str_is(q->account_id) && !sw_str_eq(q->account_id, cx->account))
        return refuse(err, "AccountId", "there are no linked accounts");
    if (sw_str_contains(q->label, SW_STR("${")))
        return refuse(err, "Label", "dynamic labels are not available");
    return expression ? 0 : check_stat(q, err);
}

static int check_ids(SwCtx *cx, const CloudwatchMetricDataQueryList *l, SwError *err) {
    for (size_t i = 0; i < l->n; i++) {
        if (check_query(cx, &l->v[i], err) < 0)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(l->v[i].id, l->v[k].id))
                return sw_fail(err, &SW_VALIDATION_ERROR, "The values for parameter id in MetricDataQueries are not unique.");
    }
    return 0;
}

/* Expressions compute on one grid: *ret_period is the metrics' own, or, without metrics, the expression's. 0: there are no
 * expressions, and each metric has its own. */
static int common_period(const CloudwatchMetricDataQueryList *l, int64_t *ret_period, SwError *err) {
    bool expressions = false;
    int64_t period = 0, said = 0;
    for (size_t i = 0; i < l->n; i++) {
        const CloudwatchMetricDataQuery *q = &l->v[i];
        expressions |= sw_str_is(q->expression);
        said = SW_OR(q->period, said);
    }
    *ret_period = 0;
    if (!expressions)
        return 0;
    for (size_t i = 0; i < l->n; i++) {
        const CloudwatchMetricStat *s = l->v[i].metric_stat;
        if (s && period && s->period.v != period)
            return refuse(err, "Period", "metrics beside an expression must have one period");
        period = s ? s->period.v : period;
    }
    if (said && period && said != period)
        return refuse(err, "Period", "an expression's must be that of its metrics");
    *ret_period = period ? period : said ? said : 60;
    return cloudwatch_check_period(SW_STR("Period"), *ret_period, &SW_VALIDATION_ERROR, err);
}

/* --- computing
 * ----------------------------------------------------------------------------------------------------------------------- */

typedef enum Progress { UNTOUCHED, UNDER_WAY, DONE } Progress;

/* The queries on a grid of `math.n` periods from `from`. */
typedef struct Sheet {
    SwCtx *cx;
    const CloudwatchMetricDataQueryList *l;
    SwTime from;
    CloudwatchMath math;
    CloudwatchValue *value; /* of each query, once DONE */
    Progress *progress;
} Sheet;

static int read_stat(SwCtx *cx, const CloudwatchMetricStat *s, SwTime from, SwTime to, SwBucketList *ret, SwError *err) {
    const CloudwatchMetric *m = s->metric;
    return cloudwatch_read(cx, cloudwatch_metric_id(cx, m->namespace, m->metric_name, &m->dimensions), s->unit, from, to,
                           (int)s->period.v, s->stat.p[0] == 'p', ret, err);
}

/* The metric's name; where the queries read the same metric by several statistics or periods, with what tells them apart. */
static SwStr label_of(SwCtx *cx, const CloudwatchMetricDataQueryList *l, const CloudwatchMetricDataQuery *q) {
    const CloudwatchMetricStat *own = q->metric_stat;
    SwStr label = own->metric->metric_name;
    bool stats = false, periods = false;
    if (sw_str_is(q->label))
        return q->label;
    for (size_t i = 0; i < l->n; i++) {
        const CloudwatchMetricStat *s = l->v[i].metric_stat;
        if (!s || !sw_str_eq(s->metric->metric_name, label) || !sw_str_eq(s->metric->namespace, own->metric->namespace))
            continue;
        stats |= !sw_str_eq(s->stat, own->stat);
        periods |= s->period.v != own->period.v;
    }
    if (stats || periods)
        label = sw_strf(cx->arena, "%.*s %.*s", SW_FMT(label), SW_FMT(own->stat));
    return periods ? sw_strf(cx->arena, "%.*s %lld", SW_FMT(label), (long long)own->period.v) : label;
}

static int metric_value(Sheet *s, const CloudwatchMetricDataQuery *q, CloudwatchValue *ret, SwError *err) {
    SwArena *a = s->cx->arena;
    SwTime period = s->math.period * SW_S;
    SwBucketList l;
    *ret = (CloudwatchValue){.kind = CLOUDWATCH_SERIES,
                             .n_series = 1,
                             .period = s->math.period,
                             .series = sw_new_n(a, double *, 1),
                             .label = sw_new_n(a, SwStr, 1)};
    ret->series[0] = sw_new_n(a, double, s->math.n + 1);
    ret->label[0] = label_of(s->cx, s->l, q);
    for (size_t i = 0; i < s->math.n; i++)
        ret->series[0][i] = NAN;
    if (read_stat(s->cx, q->metric_stat, s->from, s->from + (SwTime)s->math.n * period, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        size_t at = (size_t)((l.v[i].start - s->from) / period);
        double v;
        if (at < s->math.n && cloudwatch_statistic_of(&l.v[i], q->metric_stat->stat, &v))
            ret->series[0][at] = v;
    }
    return 0;
}

static int value_of(Sheet *s, size_t i, SwError *err) {
    const CloudwatchMetricDataQuery *q = &s->l->v[i];
    if (s->progress[i] == DONE)
        return 0;
    if (s->progress[i] == UNDER_WAY)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The expression %.*s refers to itself", SW_FMT(q->id));
    s->progress[i] = UNDER_WAY;
    int r =
        q->metric_stat ? metric_value(s, q, &s->value[i], err) : cloudwatch_math(&s->math, q->expression, &s->value[i], err);
    s->progress[i] = DONE;
    return r;
}

static int look_up(void *arg, SwStr id, CloudwatchValue *ret, SwError *err) {
    Sheet *s = arg;
    for (size_t i = 0; i < s->l->n; i++)
        if (sw_str_eq(s->l->v[i].id, id)) {
            if (value_of(s, i, err) < 0)
                return -1;
            *ret = s->value[i];
            return 0;
        }
    return sw_fail(err, &SW_VALIDATION_ERROR, "No query has the id %.*s, which an expression refers to", SW_FMT(id));
}

static int metrics(void *arg, SwStr part, CloudwatchValue *ret, SwError *err) {
    Sheet *s = arg;
    SwArena *a = s->cx->arena;
    *ret = (CloudwatchValue){.kind = CLOUDWATCH_LIST,
                             .period = s->math.period,
                             .series = sw_new_n(a, double *, s->l->n),
                             .label = sw_new_n(a, SwStr, s->l->n)};
    for (size_t i = 0; i < s->l->n; i++) {
        if (!s->l->v[i].metric_stat || !sw_str_contains(s->l->v[i].id, part))
            continue;
        if (value_of(s, i, err) < 0)
            return -1;
        ret->label[ret->n_series] = s->value[i].label[0];
        ret->series[ret->n_series++] = s->value[i].series[0];
    }
    return 0;
}

static Sheet *sheet(SwCtx *cx, const CloudwatchMetricDataQueryList *l, SwTime from, size_t n, int64_t period) {
    Sheet *s = sw_new(cx->arena, Sheet);
    *s = (Sheet){.cx = cx,
                 .l = l,
                 .from = from,
                 .value = sw_new_n(cx->arena, CloudwatchValue, l->n + 1),
                 .progress = sw_new_n(cx->arena, Progress, l->n + 1)};
    s->math = (CloudwatchMath){.arena = cx->arena, .n = n, .period = period, .arg = s, .look_up = look_up, .metrics = metrics};
    return s;
}

/* Every expression is read once over nothing, so that what is wrong with it is known before anything is answered. */
static int check_expressions(SwCtx *cx, const CloudwatchMetricDataQueryList *l, int64_t period, SwError *err) {
    Sheet *s = sheet(cx, l, 0, 0, period);
    for (size_t i = 0; i < l->n && period; i++) {
        const CloudwatchMetricDataQuery *q = &l->v[i];
        if (value_of(s, i, err) < 0)
            return -1;
        bool series = s->value[i].kind == CLOUDWATCH_SERIES || s->value[i].kind == CLOUDWATCH_LIST;
        if (SW_OR(q->return_data, true) && !series)
            return sw_fail(err, &SW_VALIDATION_ERROR,
                           "The expression %.*s makes no time series; TIME_SERIES makes one of a number", SW_FMT(q->id));
    }
    return 0;
}

/* --- alarms
 * -------------------------------------------------------------------------------------------------------------------------- */

static size_t returned(const CloudwatchMetricDataQueryList *l, size_t *ret_n) {
    size_t which = 0;
    *ret_n = 0;
    for (size_t i = 0; i < l->n; i++)
        if (SW_OR(l->v[i].return_data, true)) {
            which = i;
            ++*ret_n;
        }
    return which;
}

int cloudwatch_queries_check(SwCtx *cx, const CloudwatchMetricDataQueryList *l, SwError *err) {
    int64_t period;
    size_t n, which = returned(l, &n);
    if (check_ids(cx, l, err) < 0 || common_period(l, &period, err) < 0)
        return -1;
    if (n != 1)
        return sw_fail(err, &SW_VALIDATION_ERROR, "Exactly one element of the metrics list should return data.");
    if (!period)
        return l->n == 1 ? 0
                         : sw_fail(err, &SW_VALIDATION_ERROR, "Metrics list with several metrics must contain an expression.");
    Sheet *s = sheet(cx, l, 0, 0, period);
    if (value_of(s, which, err) < 0)
        return -1;
    for (size_t i = 0; i < l->n; i++)
        if (value_of(s, i, err) < 0)
            return -1;
    return s->value[which].kind == CLOUDWATCH_SERIES
               ? 0
               : sw_fail(err, &SW_VALIDATION_ERROR, "The expression %.*s must make one time series", SW_FMT(l->v[which].id));
}

int64_t cloudwatch_queries_period(const CloudwatchMetricDataQueryList *l) {
    int64_t said = 60;
    for (size_t i = 0; i < l->n; i++) {
        if (l->v[i].metric_stat)
            return l->v[i].metric_stat->period.v;
        said = SW_OR(l->v[i].period, said);
    }
    return said;
}

int cloudwatch_queries_read(SwCtx *cx, const CloudwatchMetricDataQueryList *l, SwTime from, size_t n, const double **ret,
                            SwError *err) {
    size_t count, which = returned(l, &count);
    Sheet *s = sheet(cx, l, from, n, cloudwatch_queries_period(l));
    if (value_of(s, which, err) < 0)
        return -1;
    *ret = s->value[which].series[0];
    return 0;
}

/* --- GetMetricData
 * ------------------------------------------------------------------------------------------------------------------- */

static int check(SwCtx *cx, const CloudwatchGetMetricDataInput *in, int64_t *ret_period, SwError *err) {
    const CloudwatchMetricDataQueryList *l = &in->metric_data_queries;
    if (in->start_time.v >= in->end_time.v)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The parameter StartTime must be less than the parameter EndTime.");
    if (in->max_datapoints.set && (in->max_datapoints.v < 1 || in->max_datapoints.v > DATAPOINTS_MAX))
        return sw_fail(err, &SW_VALIDATION_ERROR, "The parameter MaxDatapoints must be between 1 and %d.", DATAPOINTS_MAX);
    if (l->n > QUERIES_MAX)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The collection MetricDataQueries must not have a size greater than %d.",
                       QUERIES_MAX);
    if (check_ids(cx, l, err) < 0 || common_period(l, ret_period, err) < 0)
        return -1;
    if (*ret_period && (in->end_time.v - in->start_time.v) / (*ret_period * SW_S) > DATAPOINTS_MAX)
        return sw_fail(err, &SW_VALIDATION_ERROR, "An expression over more than %d periods is not available.", DATAPOINTS_MAX);
    return check_expressions(cx, l, *ret_period, err);
}

/* One result. skip: datapoints of earlier pages still to pass over; room: what this page still takes. Both go down. */
typedef struct Page {
    SwCtx *cx;
    const CloudwatchGetMetricDataInput *in;
    CloudwatchGetMetricDataOutput *out;
    size_t skip, room;
    bool more;
} Page;

static CloudwatchMetricDataResult *begin(Page *p, SwStr id, SwStr label) {
    CloudwatchMetricDataResult *r = sw_list_add(p->cx->arena, &p->out->metric_data_results);
    *r = (CloudwatchMetricDataResult){.id = id, .label = label, .status_code = CLOUDWATCH_STATUS_CODE_COMPLETE};
    sw_list_present(p->cx->arena, &r->timestamps);
    sw_list_present(p->cx->arena, &r->values);
    return r;
}

/* False: the page is full. */
static bool add(Page *p, CloudwatchMetricDataResult *r, SwTime at, double v) {
    if (p->skip) {
        p->skip--;
        return true;
    }
    if (!p->room) {
        r->status_code = CLOUDWATCH_STATUS_CODE_PARTIAL_DATA;
        p->more = true;
        return false;
    }
    p->room--;
    *sw_list_add(p->cx->arena, &r->timestamps) = SW_SOME_TIME(at);
    *sw_list_add(p->cx->arena, &r->values) = SW_SOME_DOUBLE(v);
    return true;
}

static bool ascending(const Page *p) {
    return sw_str_eq(p->in->scan_by, CLOUDWATCH_SCAN_BY_TIMESTAMP_ASCENDING);
}

static SwTime first_period(const CloudwatchGetMetricDataInput *in, int64_t period) {
    SwTime round = SW_MIN(period, 60) * SW_S;
    return in->start_time.v / round * round;
}

static int show_metric(Page *p, const CloudwatchMetricDataQuery *q, SwError *err) {
    const CloudwatchMetricStat *s = q->metric_stat;
    CloudwatchMetricDataResult *r = begin(p, q->id, label_of(p->cx, &p->in->metric_data_queries, q));
    SwBucketList l;
    if (read_stat(p->cx, s, first_period(p->in, s->period.v), p->in->end_time.v, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const SwBucket *b = &l.v[ascending(p) ? i : l.n - 1 - i];
        double v;
        if (cloudwatch_statistic_of(b, s->stat, &v) && !add(p, r, b->start, v))
            break;
    }
    return 0;
}

/* A list gives as many results as it has series, all under the expression's id. */
static int show_expression(Page *p, Sheet *s, size_t i, SwError *err) {
    const CloudwatchMetricDataQuery *q = &s->l->v[i];
    if (value_of(s, i, err) < 0)
        return -1;
    const CloudwatchValue *v = &s->value[i];
    for (size_t k = 0; k < v->n_series; k++) {
        SwStr label = v->kind == CLOUDWATCH_LIST ? sw_str_or(v->label[k], q->id) : q->id;
        CloudwatchMetricDataResult *r = begin(p, q->id, sw_str_or(q->label, label));
        for (size_t j = 0; j < s->math.n; j++) {
            size_t at = ascending(p) ? j : s->math.n - 1 - j;
            if (!isnan(v->series[k][at]) && !add(p, r, s->from + (SwTime)at * s->math.period * SW_S, v->series[k][at]))
                break;
        }
    }
    return 0;
}

int cloudwatch_get_metric_data(SwCtx *cx, const CloudwatchGetMetricDataInput *in, CloudwatchGetMetricDataOutput *out,
                               SwError *err) {
    size_t max = (size_t)SW_OR(in->max_datapoints, DATAPOINTS_MAX);
    int64_t shown = 0, period;
    SwStr state;
    Sheet *s = NULL;
    if (check(cx, in, &period, err) < 0)
        return -1;
    if (sw_page_place(cx, NULL, &state, err) < 0)
        return -1;
    if (state.p && (!sw_str_to_i64(state, &shown) || shown < 0))
        return sw_page_bad_token(cx, NULL, err);
    Page p = {.cx = cx, .in = in, .out = out, .skip = (size_t)shown, .room = max};
    sw_list_present(cx->arena, &out->metric_data_results);
    sw_list_present(cx->arena, &out->messages);
    if (period) {
        SwTime from = first_period(in, period), length = period * SW_S;
        s = sheet(cx, &in->metric_data_queries, from, (size_t)((in->end_time.v - from + length - 1) / length), period);
    }
    for (size_t i = 0; i < in->metric_data_queries.n; i++) {
        const CloudwatchMetricDataQuery *q = &in->metric_data_queries.v[i];
        if (SW_OR(q->return_data, true) && (q->metric_stat ? show_metric(&p, q, err) : show_expression(&p, s, i, err)) < 0)
            return -1;
    }
    if (p.more)
        sw_page_next(cx, out, sw_strf(cx->arena, "%lld", (long long)shown + (long long)max));
    return 0;
}
