/* SPDX-License-Identifier: Apache-2.0 */
/* GetMetricData: many metrics over one range of time. A page holds at most MaxDatapoints of all results together; its
 * token counts the datapoints that were shown. */

#include "services/cloudwatch/cloudwatch.h"

#define QUERIES_MAX    500
#define DATAPOINTS_MAX 100800

static bool is_id(SwStr id) {
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool lower = c >= 'a' && c <= 'z', other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (!lower && (i == 0 || !other))
            return false;
    }
    return id.n > 0;
}

static int refuse(SwError *err, const char *field, const char *why) {
    return sw_refuse_field(err, &SW_VALIDATION_ERROR, field, why);
}

static int check_query(SwCtx *cx, const CloudwatchMetricDataQuery *q, SwError *err) {
    double percent;
    if (!is_id(q->id))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Invalid metrics list: id \"%.*s\" must begin with a lower-case letter and hold only letters, "
                       "digits and '_'", SW_FMT(q->id));
    if (sw_str_is(q->expression))
        return refuse(err, "Expression", "metric math is not available");
    if (!q->metric_stat)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The query %.*s needs a MetricStat", SW_FMT(q->id));
    if (q->period.set)
        return refuse(err, "Period", "belongs to expressions; a metric's is in MetricStat");
    if (sw_str_is(q->account_id) && !sw_str_eq(q->account_id, cx->account))
        return refuse(err, "AccountId", "there are no linked accounts");
    if (sw_str_contains(q->label, SW_STR("${")))
        return refuse(err, "Label", "dynamic labels are not available");
    if (!sw_str_is(q->metric_stat->metric->namespace) || !sw_str_is(q->metric_stat->metric->metric_name))
        return sw_fail(err, &SW_VALIDATION_ERROR, "The metric of %.*s needs Namespace and MetricName", SW_FMT(q->id));
    if (!cloudwatch_statistic_known(q->metric_stat->stat, &percent))
        return sw_fail(err, &SW_VALIDATION_ERROR, "The value %.*s for parameter Stat is not supported.", SW_FMT(q->metric_stat->stat));
    return cloudwatch_check_period(SW_STR("Period"), q->metric_stat->period.v, &SW_VALIDATION_ERROR, err);
}

static int check(SwCtx *cx, const CloudwatchGetMetricDataInput *in, SwError *err) {
    const CloudwatchMetricDataQueryList *l = &in->metric_data_queries;
    if (in->start_time.v >= in->end_time.v)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The parameter StartTime must be less than the parameter EndTime.");
    if (in->label_options)
        return refuse(err, "LabelOptions", "dynamic labels are not available");
    if (in->max_datapoints.set && (in->max_datapoints.v < 1 || in->max_datapoints.v > DATAPOINTS_MAX))
        return sw_fail(err, &SW_VALIDATION_ERROR, "The parameter MaxDatapoints must be between 1 and %d.", DATAPOINTS_MAX);
    if (l->n > QUERIES_MAX)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The collection MetricDataQueries must not have a size greater than %d.", QUERIES_MAX);
    for (size_t i = 0; i < l->n; i++) {
        if (check_query(cx, &l->v[i], err) < 0)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(l->v[i].id, l->v[k].id))
                return sw_fail(err, &SW_VALIDATION_ERROR, "The values for parameter id in MetricDataQueries are not unique.");
    }
    return 0;
}

/* skip: datapoints of earlier pages still to pass over; room: what this page still takes. Both go down. */
static int run(SwCtx *cx, const CloudwatchGetMetricDataInput *in, const CloudwatchMetricDataQuery *q, size_t *skip, size_t *room,
               CloudwatchMetricDataResult *to, SwError *err) {
    const CloudwatchMetricStat *s = q->metric_stat;
    const CloudwatchMetric *m = s->metric;
    SwTime round = SW_MIN(s->period.v, 60) * SW_S;
    bool ascending = sw_str_eq(in->scan_by, CLOUDWATCH_SCAN_BY_TIMESTAMP_ASCENDING);
    SwBucketList l;
    *to = (CloudwatchMetricDataResult){.id = q->id, .label = sw_str_or(q->label, m->metric_name), .status_code = CLOUDWATCH_STATUS_CODE_COMPLETE};
    sw_list_present(cx->arena, &to->timestamps);
    sw_list_present(cx->arena, &to->values);
    if (cloudwatch_read(cx, cloudwatch_metric_id(cx, m->namespace, m->metric_name, &m->dimensions), s->unit, in->start_time.v / round * round,
                        in->end_time.v, (int)s->period.v, s->stat.p[0] == 'p', &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const SwBucket *b = &l.v[ascending ? i : l.n - 1 - i];
        double v;
        if (!cloudwatch_statistic_of(b, s->stat, &v))
            continue;
        if (*skip) {
            --*skip;
            continue;
        }
        if (!*room) {
            to->status_code = CLOUDWATCH_STATUS_CODE_PARTIAL_DATA;
            return 0;
        }
        --*room;
        *sw_list_add(cx->arena, &to->timestamps) = SW_SOME_TIME(b->start);
        *sw_list_add(cx->arena, &to->values) = SW_SOME_DOUBLE(v);
    }
    return 0;
}

int cloudwatch_get_metric_data(SwCtx *cx, const CloudwatchGetMetricDataInput *in, CloudwatchGetMetricDataOutput *out, SwError *err) {
    size_t max = (size_t)SW_OR(in->max_datapoints, DATAPOINTS_MAX), room = max, skip;
    int64_t shown = 0;
    SwStr state;
    bool more = false;
    if (check(cx, in, err) < 0)
        return -1;
    if (sw_str_is(in->next_token)
        && (!sw_page_token_read(cx->arena, "GetMetricData", in->next_token, &state) || !sw_str_to_i64(state, &shown) || shown < 0))
        return sw_fail(err, &CLOUDWATCH_INVALID_NEXT_TOKEN, "The value for parameter NextToken is invalid.");
    skip = (size_t)shown;
    sw_list_present(cx->arena, &out->metric_data_results);
    sw_list_present(cx->arena, &out->messages);
    for (size_t i = 0; i < in->metric_data_queries.n; i++) {
        const CloudwatchMetricDataQuery *q = &in->metric_data_queries.v[i];
        if (!SW_OR(q->return_data, true))
            continue;
        CloudwatchMetricDataResult *r = sw_list_add(cx->arena, &out->metric_data_results);
        if (run(cx, in, q, &skip, &room, r, err) < 0)
            return -1;
        more |= sw_str_eq(r->status_code, CLOUDWATCH_STATUS_CODE_PARTIAL_DATA);
    }
    if (more)
        out->next_token = sw_page_token(cx->arena, "GetMetricData", sw_strf(cx->arena, "%lld", (long long)shown + (long long)max));
    return 0;
}
