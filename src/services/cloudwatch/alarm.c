/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms: put, describe, delete, set by hand, actions on and off. */

#include "api/registry.h"
#include "services/cloudwatch/cloudwatch.h"

int64_t cloudwatch_alarm_period(const CloudwatchMetricAlarm *m) {
    return m->metrics.n ? cloudwatch_queries_period(&m->metrics) : m->period.v;
}

/* --- put ----------------------------------------------------------------------------------------------------------------- */

/* What AWS allows as an alarm's action, and is here to receive it. */
int cloudwatch_check_actions(SwCtx *cx, const char *field, const SwStrList *l, SwError *err) {
    static const char *const allowed[] = {"sns", "lambda", "autoscaling", "ssm"};
    if (l->n > 5)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The collection %s must not have a size greater than 5.", field);
    for (size_t i = 0; i < l->n; i++) {
        SwArn arn;
        bool ok = false;
        if (!sw_arn_parse(l->v[i], &arn))
            return sw_fail(err, &SW_VALIDATION_ERROR, "Invalid arn syntax: %.*s", SW_FMT(l->v[i]));
        for (size_t k = 0; k < SW_N(allowed); k++)
            ok |= sw_str_eqz(arn.service, allowed[k]);
        if (!ok || !sw_registry_target(cx->host, l->v[i]))
            return sw_fail(err, &SW_VALIDATION_ERROR, "%s: nothing here can receive the action %.*s", field, SW_FMT(l->v[i]));
    }
    return 0;
}

static int refuse(SwError *err, const char *field, const char *why) {
    return sw_refuse_field(err, &SW_VALIDATION_ERROR, field, why);
}

static int check_absent(const CloudwatchPutMetricAlarmInput *in, SwError *err) {
    if (sw_str_eqz(in->evaluate_low_sample_count_percentile, "ignore"))
        return refuse(err, "EvaluateLowSampleCountPercentile", "only evaluate is available");
    if (sw_str_is(in->evaluate_low_sample_count_percentile) &&
        !sw_str_eqz(in->evaluate_low_sample_count_percentile, "evaluate"))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Option %.*s is not supported for EvaluateLowSampleCountPercentile.",
                       SW_FMT(in->evaluate_low_sample_count_percentile));
    if (sw_str_ends(in->comparison_operator, SW_STR("UpperThreshold")) ||
        sw_str_ends(in->comparison_operator, SW_STR("LowerThreshold")))
        return refuse(err, "ComparisonOperator", "anomaly detection is not available");
    return 0;
}

/* With Metrics, what else would say which metric is meant must be left out. */
static int check_metrics(SwCtx *cx, const CloudwatchPutMetricAlarmInput *in, SwError *err) {
    struct {
        const char *name;
        bool set;
    } without[] = {{"MetricName", sw_str_is(in->metric_name)},
                   {"Namespace", sw_str_is(in->namespace)},
                   {"Dimensions", in->dimensions.n},
                   {"Period", in->period.set},
                   {"Unit", sw_str_is(in->unit)},
                   {"Statistic", sw_str_is(in->statistic)},
                   {"ExtendedStatistic", sw_str_is(in->extended_statistic)}};
    for (size_t i = 0; i < SW_N(without); i++)
        if (without[i].set)
            return sw_fail(err, &SW_VALIDATION_ERROR, "%s cannot be used with Metrics", without[i].name);
    if (!in->evaluation_periods.set || !in->threshold.set || !sw_str_is(in->comparison_operator))
        return sw_fail(err, &SW_VALIDATION_ERROR, "EvaluationPeriods, Threshold and ComparisonOperator are required");
    return cloudwatch_queries_check(cx, &in->metrics, err);
}

static int check_texts(const CloudwatchPutMetricAlarmInput *in, SwError *err) {
    if (cloudwatch_check_text("AlarmName", in->alarm_name, &SW_VALIDATION_ERROR, err) < 0 ||
        cloudwatch_check_text("Namespace", in->namespace, &SW_VALIDATION_ERROR, err) < 0 ||
        cloudwatch_check_dimensions(&in->dimensions, "Dimensions", &SW_VALIDATION_ERROR, err) < 0)
        return -1;
    for (size_t i = 0; i < in->metrics.n; i++) {
        const CloudwatchMetricStat *s = in->metrics.v[i].metric_stat;
        if (s && s->metric &&
            (cloudwatch_check_text("Metrics.Namespace", s->metric->namespace, &SW_VALIDATION_ERROR, err) < 0 ||
             cloudwatch_check_dimensions(&s->metric->dimensions, "Metrics.Dimensions", &SW_VALIDATION_ERROR, err) < 0))
            return -1;
    }
    return 0;
}

static int check_needed(SwCtx *cx, const CloudwatchPutMetricAlarmInput *in, SwError *err) {
    if (in->metrics.n)
        return check_metrics(cx, in, err);
    struct {
        const char *name;
        bool set;
    } needed[] = {{"MetricName", sw_str_is(in->metric_name)},
                  {"Namespace", sw_str_is(in->namespace)},
                  {"Period", in->period.set},
                  {"EvaluationPeriods", in->evaluation_periods.set},
                  {"Threshold", in->threshold.set},
                  {"ComparisonOperator", sw_str_is(in->comparison_operator)}};
    for (size_t i = 0; i < SW_N(needed); i++)
        if (!needed[i].set)
            return sw_fail(err, &SW_VALIDATION_ERROR, "%s is required", needed[i].name);
    if (sw_str_is(in->statistic) == sw_str_is(in->extended_statistic))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Exactly one of Statistic and ExtendedStatistic must be specified");
    return 0;
}

static int check_numbers(const CloudwatchPutMetricAlarmInput *in, SwError *err) {
    int64_t period = in->metrics.n ? cloudwatch_queries_period(&in->metrics) : in->period.v, n = in->evaluation_periods.v,
            m = SW_OR(in->datapoints_to_alarm, n);
    if (period != 10 && period != 20 && period != 30 && period % 60 != 0)
        return sw_fail(err, &SW_VALIDATION_ERROR, "Metrics Period must be 10, 20, 30 or a multiple of 60");
    if (m > n)
        return sw_fail(err, &SW_VALIDATION_ERROR, "DatapointsToAlarm must be less than or equal to EvaluationPeriods");
    if (n > 604800 || period > 604800 || n * period > (period < 3600 ? 86400 : 604800))
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       "Metrics cannot be checked across more than %s (EvaluationPeriods * Period must be <= %d).",
                       period < 3600 ? "a day" : "a week", period < 3600 ? 86400 : 604800);
    return 0;
}

static int check(SwCtx *cx, const CloudwatchPutMetricAlarmInput *in, SwError *err) {
    static const char *const missing[] = {"missing", "ignore", "breaching", "notBreaching"};
    double percent;
    bool known = !sw_str_is(in->treat_missing_data);
    if (check_absent(in, err) < 0 || check_texts(in, err) < 0 || check_needed(cx, in, err) < 0 || check_numbers(in, err) < 0)
        return -1;
    for (size_t i = 0; i < SW_N(missing); i++)
        known |= sw_str_eqz(in->treat_missing_data, missing[i]);
    if (!known)
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       "The value %.*s is not supported for TreatMissingData parameter. Supported values are "
                       "[breaching, notBreaching, ignore, missing].",
                       SW_FMT(in->treat_missing_data));
    if (sw_str_is(in->extended_statistic) && (!cloudwatch_statistic_known(in->extended_statistic, &percent) || percent < 0))
        return sw_fail(err, &SW_VALIDATION_ERROR, "The value %.*s for parameter ExtendedStatistic is not supported.",
                       SW_FMT(in->extended_statistic));
    return cloudwatch_check_actions(cx, "OKActions", &in->ok_actions, err) < 0 ||
                   cloudwatch_check_actions(cx, "AlarmActions", &in->alarm_actions, err) < 0 ||
                   cloudwatch_check_actions(cx, "InsufficientDataActions", &in->insufficient_data_actions, err) < 0
               ? -1
               : 0;
}

static int note_configuration(SwCtx *cx, const CloudwatchAlarmRecord *a, bool created, SwError *err) {
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    sw_buf_addf(&b, "{\"version\":\"1.0\",\"type\":\"%s\",\"%s\":", created ? "Create" : "Update",
                created ? "createdAlarm" : "updatedAlarm");
    sw_shape_to_json(&b, &cloudwatch_shape_metric_alarm, a->metric);
    sw_buf_addc(&b, '}');
    /* At the configuration's own time: what is found when the alarm is first looked at comes after it. */
    return cloudwatch_history_add(cx, a, SW_OR(a->metric->alarm_configuration_updated_timestamp, sw_now(cx)),
                                  CLOUDWATCH_HISTORY_ITEM_TYPE_CONFIGURATION_UPDATE,
                                  sw_strf(cx->arena, "Alarm \"%.*s\" %s", SW_FMT(a->name), created ? "created" : "updated"),
                                  sw_buf_str(&b), err);
}

int cloudwatch_put_metric_alarm(SwCtx *cx, const CloudwatchPutMetricAlarmInput *in, void *out, SwError *err) {
    CloudwatchAlarmRecord a = {.name = in->alarm_name}, *old;
    if (cloudwatch_alarm_set_tags(cx, a.name, &a, SW_GIVEN_TAGS(&in->tags), err) < 0 || check(cx, in, err) < 0 ||
        cloudwatch_alarm_find(cx, a.name, &old, err) < 0)
        return -1;
    if (old && !old->metric)
        return sw_fail(err, &SW_VALIDATION_ERROR, "An alarm of another type has the name %.*s", SW_FMT(in->alarm_name));
    CloudwatchMetricAlarm *m = a.metric = sw_new(cx->arena, CloudwatchMetricAlarm);
    SwTime now = sw_now(cx);
    sw_shape_move(cx->arena, &cloudwatch_shape_metric_alarm, m, &cloudwatch_shape_put_metric_alarm_input, in);
    if (old) /* as AWS: tags of a change are ignored */
        a.tags = old->tags;
    m->alarm_arn = cloudwatch_alarm_arn(cx, in->alarm_name);
    m->actions_enabled = SW_SOME_BOOL(SW_OR(in->actions_enabled, true));
    m->alarm_configuration_updated_timestamp = SW_SOME_TIME(now);
    m->state_value = old ? old->metric->state_value : CLOUDWATCH_STATE_VALUE_INSUFFICIENT_DATA;
    m->state_reason = old ? old->metric->state_reason : SW_STR("Unchecked: Initial alarm creation");
    m->state_reason_data = old ? old->metric->state_reason_data : SW_NO_STR;
    m->state_updated_timestamp = old ? old->metric->state_updated_timestamp : SW_SOME_TIME(now);
    m->state_transitioned_timestamp = old ? old->metric->state_transitioned_timestamp : SW_SOME_TIME(now);
    if (!in->metrics.n)
        a.watches = sw_strf(cx->arena, "%.*s\n%.*s", SW_FMT(in->namespace), SW_FMT(in->metric_name));
    if (cloudwatch_alarm_put(cx, a.name, &a, err) < 0 || note_configuration(cx, &a, !old, err) < 0)
        return -1;
    return sw_wake(cx, &cloudwatch_alarm_controller, a.name, 0, err);
}

/* --- describe --------------------------------------------------------------------------------------------------------------
 */

static void show(SwCtx *cx, const CloudwatchAlarmRecord *r, CloudwatchMetricAlarm *to) {
    *to = *r->metric;
    sw_list_present(cx->arena, &to->ok_actions);
    sw_list_present(cx->arena, &to->alarm_actions);
    sw_list_present(cx->arena, &to->insufficient_data_actions);
    sw_list_present(cx->arena, &to->dimensions);
}

static bool has_action(const CloudwatchMetricAlarm *m, SwStr prefix) {
    const SwStrList *lists[] = {&m->ok_actions, &m->alarm_actions, &m->insufficient_data_actions};
    for (size_t k = 0; k < SW_N(lists); k++)
        for (size_t i = 0; i < lists[k]->n; i++)
            if (sw_str_starts(lists[k]->v[i], prefix))
                return true;
    return false;
}

static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const CloudwatchDescribeAlarmsInput *in = arg;
    const CloudwatchAlarmRecord *a = cloudwatch_alarms_row(row);
    *ret_wanted = (!in->alarm_types.n || sw_str_list_has(&in->alarm_types, CLOUDWATCH_ALARM_TYPE_METRIC_ALARM)) &&
                  (!in->alarm_names.n || sw_str_list_has(&in->alarm_names, a->name)) &&
                  (!in->alarm_name_prefix.p || sw_str_starts(a->name, in->alarm_name_prefix)) &&
                  (!sw_str_is(in->state_value) || sw_str_eq(in->state_value, a->metric->state_value)) &&
                  (!sw_str_is(in->action_prefix) || has_action(a->metric, in->action_prefix));
    return 0;
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    show(cx, cloudwatch_alarms_row(row), to);
    return 0;
}

int cloudwatch_describe_alarms(SwCtx *cx, const CloudwatchDescribeAlarmsInput *in, CloudwatchDescribeAlarmsOutput *out,
                               SwError *err) {
    SwPageItems named = {0};
    bool by_state = sw_str_is(in->state_value);
    if (sw_str_is(in->children_of_alarm_name))
        return refuse(err, "ChildrenOfAlarmName", "composite alarms are not available");
    if (sw_str_is(in->parents_of_alarm_name))
        return refuse(err, "ParentsOfAlarmName", "composite alarms are not available");
    if (in->alarm_names.n && sw_str_is(in->alarm_name_prefix))
        return sw_fail(err, &SW_VALIDATION_ERROR, "AlarmNames and AlarmNamePrefix cannot be used together");
    for (size_t i = 0; i < in->alarm_names.n; i++) {
        CloudwatchAlarmRecord *a;
        if (sw_str_list_has(&(SwStrList){in->alarm_names.v, i}, in->alarm_names.v[i]))
            continue;
        if (cloudwatch_alarms_find(cx->tx, in->alarm_names.v[i], &a, err) < 0)
            return -1;
        if (a)
            *sw_list_add(cx->arena, &named) = (SwPageItem){in->alarm_names.v[i], a};
    }
    sw_list_present(cx->arena, &out->composite_alarms);
    SwPage p = {.items = named, .want = is_wanted, .show = show_row, .arg = in, .usual = 50};
    if (!in->alarm_names.n) {
        p.of = &cloudwatch_alarms;
        p.q = by_state ? (SwDocQuery){.index = "by_state", .equals = {in->state_value}, .prefix = in->alarm_name_prefix}
                       : (SwDocQuery){.prefix = in->alarm_name_prefix};
    }
    return sw_page(cx, &p, out, err);
}

int cloudwatch_describe_alarms_for_metric(SwCtx *cx, const CloudwatchDescribeAlarmsForMetricInput *in,
                                          CloudwatchDescribeAlarmsForMetricOutput *out, SwError *err) {
    CloudwatchAlarmRecords l;
    SwDocQuery q = {.index = "by_metric",
                    .equals = {sw_strf(cx->arena, "%.*s\n%.*s", SW_FMT(in->namespace), SW_FMT(in->metric_name))}};
    SwStr id = cloudwatch_metric_id(cx, in->namespace, in->metric_name, &in->dimensions);
    if (cloudwatch_alarms_list(cx->tx, &q, &l, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->metric_alarms);
    for (size_t i = 0; i < l.n; i++) {
        const CloudwatchAlarmRecord *a = l.v[i].record;
        const CloudwatchMetricAlarm *m = a->metric;
        if (!sw_str_eq(id, cloudwatch_metric_id(cx, m->namespace, m->metric_name, &m->dimensions)) ||
            (sw_str_is(in->statistic) && !sw_str_eq(in->statistic, m->statistic)) ||
            (sw_str_is(in->extended_statistic) && !sw_str_eq(in->extended_statistic, m->extended_statistic)) ||
            (in->period.set && in->period.v != m->period.v) || (sw_str_is(in->unit) && !sw_str_eq(in->unit, m->unit)))
            continue;
        show(cx, a, sw_list_add(cx->arena, &out->metric_alarms));
    }
    return 0;
}

/* --- delete, set, switch ------------------------------------------------------------------------------------------------- */

int cloudwatch_delete_alarms(SwCtx *cx, const CloudwatchDeleteAlarmsInput *in, void *out, SwError *err) {
    for (size_t i = 0; i < in->alarm_names.n; i++) {
        CloudwatchAlarmRecord *a;
        if (cloudwatch_alarm_find(cx, in->alarm_names.v[i], &a, err) < 0)
            return -1;
        if (!a) /* as AWS: unknown names are passed over */
            continue;
        if (cloudwatch_history_add(cx, a, sw_now(cx), CLOUDWATCH_HISTORY_ITEM_TYPE_CONFIGURATION_UPDATE,
                                   sw_strf(cx->arena, "Alarm \"%.*s\" deleted", SW_FMT(a->name)),
                                   SW_STR("{\"version\":\"1.0\",\"type\":\"Delete\"}"), err) < 0 ||
            cloudwatch_alarm_delete(cx, a->name, err) < 0)
            return -1;
    }
    return 0;
}

int cloudwatch_set_alarm_state(SwCtx *cx, const CloudwatchSetAlarmStateInput *in, void *out, SwError *err) {
    CloudwatchAlarmRecord *a;
    SwValue v;
    SwError ignored = sw_error(cx->arena);
    if (cloudwatch_alarm_find(cx, in->alarm_name, &a, err) < 0)
        return -1;
    if (!a)
        return sw_fail(err, &CLOUDWATCH_RESOURCE_NOT_FOUND, "%s", ""); /* AWS says nothing more */
    if (sw_str_is(in->state_reason_data) && sw_json_parse(cx->arena, in->state_reason_data, &v, &ignored) < 0)
        return sw_fail(err, &CLOUDWATCH_INVALID_FORMAT_FAULT, "StateReasonData is not valid JSON");
    CloudwatchState s = {in->state_value, in->state_reason, in->state_reason_data, sw_now(cx)};
    return cloudwatch_set_state(cx, a, &s, err);
}

static int switch_actions(SwCtx *cx, const SwStrList *names, bool on, SwError *err) {
    for (size_t i = 0; i < names->n; i++) {
        CloudwatchAlarmRecord *a;
        if (cloudwatch_alarm_find(cx, names->v[i], &a, err) < 0)
            return -1;
        if (!a) /* as AWS: unknown names are passed over */
            continue;
        a->metric->actions_enabled = SW_SOME_BOOL(on);
        a->metric->alarm_configuration_updated_timestamp = SW_SOME_TIME(sw_now(cx));
        if (cloudwatch_alarm_put(cx, a->name, a, err) < 0 || note_configuration(cx, a, false, err) < 0)
            return -1;
    }
    return 0;
}

int cloudwatch_enable_alarm_actions(SwCtx *cx, const CloudwatchEnableAlarmActionsInput *in, void *out, SwError *err) {
    return switch_actions(cx, &in->alarm_names, true, err);
}

int cloudwatch_disable_alarm_actions(SwCtx *cx, const CloudwatchDisableAlarmActionsInput *in, void *out, SwError *err) {
    return switch_actions(cx, &in->alarm_names, false, err);
}
