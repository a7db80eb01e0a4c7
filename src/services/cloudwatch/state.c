/* SPDX-License-Identifier: Apache-2.0 */
/* A change of an alarm's state and all that follows from it, in one transaction: the record, its history, the event on
 * the bus, the actions. The texts are AWS's. */

#include <math.h>
#include <stdio.h>

#include "api/target.h"
#include "base/id.h"
#include "services/cloudwatch/cloudwatch.h"

SwStr cloudwatch_time(SwArena *a, SwTime t) {
    SwStr s = sw_time_iso8601(a, t - t % SW_S);
    return sw_strf(a, "%.*s.%03d+0000", SW_FMT(sw_str_drop(s, 1)), (int)(t % SW_S / SW_MS));
}

SwStr cloudwatch_double(SwArena *a, double d) {
    SwStr plain = sw_double_text(a, d);
    if (d != 0 && isfinite(d) && (fabs(d) >= 1e7 || fabs(d) < 1e-3)) {
        char text[48];
        double back;
        for (int digits = 1; digits < 18; digits++) {
            snprintf(text, sizeof(text), "%.*e", digits, d);
            if (sw_str_to_double(sw_str(text), &back) && back == d)
                break;
        }
        char *e = strchr(text, 'e');
        int exponent = 0;
        sscanf(e + 1, "%d", &exponent);
        return sw_strf(a, "%.*sE%d", (int)(e - text), text, exponent);
    }
    return sw_str_contains(plain, SW_STR(".")) || !isfinite(d) ? plain : sw_strf(a, "%.*s.0", SW_FMT(plain));
}

/* --- texts -----------------------------------------------------------------------------------------------------------------
 */

static SwStr region_name(SwStr region) {
    static const char *const names[][2] = {{"us-east-1", "US East (N. Virginia)"},
                                           {"us-east-2", "US East (Ohio)"},
                                           {"us-west-1", "US West (N. California)"},
                                           {"us-west-2", "US West (Oregon)"},
                                           {"eu-west-1", "EU (Ireland)"},
                                           {"eu-west-2", "EU (London)"},
                                           {"eu-west-3", "EU (Paris)"},
                                           {"eu-central-1", "EU (Frankfurt)"},
                                           {"eu-north-1", "EU (Stockholm)"},
                                           {"ap-northeast-1", "Asia Pacific (Tokyo)"},
                                           {"ap-northeast-2", "Asia Pacific (Seoul)"},
                                           {"ap-southeast-1", "Asia Pacific (Singapore)"},
                                           {"ap-southeast-2", "Asia Pacific (Sydney)"},
                                           {"ap-south-1", "Asia Pacific (Mumbai)"},
                                           {"sa-east-1", "South America (Sao Paulo)"},
                                           {"ca-central-1", "Canada (Central)"}};
    for (size_t i = 0; i < SW_N(names); i++)
        if (sw_str_eqz(region, names[i][0]))
            return sw_str(names[i][1]);
    return region;
}

static void set_text(SwArena *a, SwValue *o, const char *key, SwStr s) { /* null when absent */
    sw_value_set(a, o, sw_str(key), s.p ? sw_value_string(s) : (SwValue){.kind = SW_VNULL});
}

static void set_number(SwArena *a, SwValue *o, const char *key, double d) {
    sw_value_set(a, o, sw_str(key), (SwValue){.kind = SW_VNUMBER, .s = cloudwatch_double(a, d)});
}

static void set_list(SwArena *a, SwValue *o, const char *key, const SwStrList *l) {
    SwValue *v = sw_value_set(a, o, sw_str(key), sw_value_array());
    for (size_t i = 0; i < l->n; i++)
        sw_value_add(a, v, sw_value_string(l->v[i]));
}

/* SUM, SAMPLE_COUNT as in the messages of old. */
static SwStr upper_statistic(SwArena *a, SwStr stat) {
    return sw_str_eqz(stat, "SampleCount") ? SW_STR("SAMPLE_COUNT") : sw_str_upper(a, stat);
}

static void set_dimensions(SwArena *a, SwValue *o, const CloudwatchDimensionList *l) {
    SwValue *d = sw_value_set(a, o, SW_STR("Dimensions"), sw_value_array());
    for (size_t i = 0; i < l->n; i++) {
        SwValue *one = sw_value_add(a, d, sw_value_object());
        set_text(a, one, "value", l->v[i].value);
        set_text(a, one, "name", l->v[i].name);
    }
}

static void set_queries(SwArena *a, SwValue *o, const CloudwatchMetricDataQueryList *l) {
    SwValue *list = sw_value_set(a, o, SW_STR("Metrics"), sw_value_array());
    for (size_t i = 0; i < l->n; i++) {
        const CloudwatchMetricDataQuery *q = &l->v[i];
        SwValue *one = sw_value_add(a, list, sw_value_object());
        sw_value_sets(a, one, "Expression", q->expression);
        sw_value_sets(a, one, "Id", q->id);
        sw_value_sets(a, one, "Label", q->label);
        if (q->metric_stat) {
            SwValue *stat = sw_value_set(a, one, SW_STR("MetricStat"), sw_value_object());
            SwValue *metric = sw_value_set(a, stat, SW_STR("Metric"), sw_value_object());
            set_dimensions(a, metric, &q->metric_stat->metric->dimensions);
            set_text(a, metric, "MetricName", q->metric_stat->metric->metric_name);
            set_text(a, metric, "Namespace", q->metric_stat->metric->namespace);
            sw_value_set(a, stat, SW_STR("Period"), sw_value_int(a, q->metric_stat->period.v));
            set_text(a, stat, "Stat", q->metric_stat->stat);
        }
        sw_value_set(a, one, SW_STR("ReturnData"), sw_value_bool(SW_OR(q->return_data, true)));
    }
}

static void set_metric(SwArena *a, SwValue *t, const CloudwatchMetricAlarm *m) {
    bool extended = sw_str_is(m->extended_statistic);
    set_text(a, t, "MetricName", m->metric_name);
    set_text(a, t, "Namespace", m->namespace);
    set_text(a, t, "StatisticType", extended ? SW_STR("ExtendedStatistic") : SW_STR("Statistic"));
    set_text(a, t, extended ? "ExtendedStatistic" : "Statistic",
             extended ? m->extended_statistic : upper_statistic(a, m->statistic));
    set_text(a, t, "Unit", m->unit);
    set_dimensions(a, t, &m->dimensions);
}

static SwValue trigger(SwArena *a, const CloudwatchMetricAlarm *m) {
    SwValue t = sw_value_object();
    if (!m->metrics.n)
        set_metric(a, &t, m);
    sw_value_set(a, &t, SW_STR("Period"), sw_value_int(a, cloudwatch_alarm_period(m)));
    sw_value_set(a, &t, SW_STR("EvaluationPeriods"), sw_value_int(a, m->evaluation_periods.v));
    if (m->datapoints_to_alarm.set)
        sw_value_set(a, &t, SW_STR("DatapointsToAlarm"), sw_value_int(a, m->datapoints_to_alarm.v));
    set_text(a, &t, "ComparisonOperator", m->comparison_operator);
    set_number(a, &t, "Threshold", m->threshold.v);
    set_text(a, &t, "TreatMissingData", sw_str_or(m->treat_missing_data, SW_STR("missing")));
    set_text(a, &t, "EvaluateLowSampleCountPercentile", sw_str_or(m->evaluate_low_sample_count_percentile, SW_STR("")));
    if (m->metrics.n)
        set_queries(a, &t, &m->metrics);
    return t;
}

SwStr cloudwatch_notification(SwCtx *cx, const CloudwatchAlarmRecord *r, SwStr old_state, const CloudwatchState *now) {
    SwArena *a = cx->arena;
    const CloudwatchMetricAlarm *m = r->metric;
    SwValue v = sw_value_object();
    set_text(a, &v, "AlarmName", m->alarm_name);
    set_text(a, &v, "AlarmDescription", m->alarm_description);
    set_text(a, &v, "AWSAccountId", cx->account);
    set_text(a, &v, "AlarmConfigurationUpdatedTimestamp", cloudwatch_time(a, m->alarm_configuration_updated_timestamp.v));
    set_text(a, &v, "NewStateValue", now->value);
    set_text(a, &v, "NewStateReason", now->reason);
    set_text(a, &v, "StateChangeTime", cloudwatch_time(a, now->at));
    set_text(a, &v, "Region", region_name(cx->region));
    set_text(a, &v, "AlarmArn", m->alarm_arn);
    set_text(a, &v, "OldStateValue", old_state);
    sw_value_set(a, &v, SW_STR("ActionExecutedAfterMuteWindow"), sw_value_bool(false)); /* nothing mutes alarms here */
    set_list(a, &v, "OKActions", &m->ok_actions);
    set_list(a, &v, "AlarmActions", &m->alarm_actions);
    set_list(a, &v, "InsufficientDataActions", &m->insufficient_data_actions);
    sw_value_set(a, &v, SW_STR("Trigger"), trigger(a, m));
    return sw_json_text(a, &v);
}

static CloudwatchChangedState *state_detail(SwArena *a, const CloudwatchState *s) {
    CloudwatchChangedState *d = sw_new(a, CloudwatchChangedState);
    *d = (CloudwatchChangedState){.reason = s->reason,
                                  .reason_data = sw_str_is(s->reason_data) ? s->reason_data : SW_NO_STR,
                                  .timestamp = cloudwatch_time(a, s->at),
                                  .value = s->value};
    return d;
}

static CloudwatchChangedStat *stat_detail(SwArena *a, const CloudwatchMetricStat *s) {
    CloudwatchChangedStat *stat = sw_new(a, CloudwatchChangedStat);
    CloudwatchChangedMetric *metric = sw_new(a, CloudwatchChangedMetric);
    *metric = (CloudwatchChangedMetric){.namespace = s->metric->namespace, .name = s->metric->metric_name};
    sw_list_present(a, &metric->dimensions);
    for (size_t i = 0; i < s->metric->dimensions.n; i++)
        sw_str_map_set(a, &metric->dimensions, s->metric->dimensions.v[i].name, s->metric->dimensions.v[i].value);
    *stat = (CloudwatchChangedStat){.metric = metric, .period = SW_SOME_INT(s->period.v), .stat = s->stat};
    return stat;
}

static void add_query(SwArena *a, CloudwatchChangedQueryList *l, const CloudwatchMetricDataQuery *q, bool returns) {
    *sw_list_add(a, l) = (CloudwatchChangedQuery){.id = q->id,
                                                  .expression = q->expression,
                                                  .label = q->label,
                                                  .metric_stat = q->metric_stat ? stat_detail(a, q->metric_stat) : NULL,
                                                  .return_data = SW_SOME_BOOL(returns)};
}

/* An alarm on one metric is shown as a query too, as EventBridge has it. */
static CloudwatchChangedConfiguration *configuration_detail(SwArena *a, const CloudwatchMetricAlarm *m) {
    CloudwatchChangedConfiguration *c = sw_new(a, CloudwatchChangedConfiguration);
    c->description = m->alarm_description;
    for (size_t i = 0; i < m->metrics.n; i++)
        add_query(a, &c->metrics, &m->metrics.v[i], SW_OR(m->metrics.v[i].return_data, true));
    if (m->metrics.n)
        return c;
    CloudwatchMetric metric = {.namespace = m->namespace, .metric_name = m->metric_name, .dimensions = m->dimensions};
    CloudwatchMetricStat stat = {.metric = &metric,
                                 .period = m->period,
                                 .stat = sw_str_or(m->statistic, m->extended_statistic)};
    CloudwatchMetricDataQuery q = {.id = sw_id_uuid(a), .metric_stat = &stat};
    add_query(a, &c->metrics, &q, true);
    return c;
}

int cloudwatch_state_event(SwCtx *cx, const CloudwatchAlarmRecord *r, const CloudwatchState *before, const CloudwatchState *now,
                           SwError *err) {
    const CloudwatchAlarmStateChange detail = {.alarm_name = r->name,
                                               .state = state_detail(cx->arena, now),
                                               .previous_state = state_detail(cx->arena, before),
                                               .configuration = configuration_detail(cx->arena, r->metric)};
    SwEvent e = {.time = now->at, .resources = {&r->metric->alarm_arn, 1}};
    return sw_event_as(cx, &cloudwatch_event_alarm_state_change, &e, &detail, err);
}

/* --- the change --------------------------------------------------------------------------------------------------------------
 */

static int note_change(SwCtx *cx, const CloudwatchAlarmRecord *r, const CloudwatchState *before, const CloudwatchState *now,
                       SwError *err) {
    SwArena *a = cx->arena;
    SwValue v = sw_value_object(), parsed;
    const CloudwatchState *states[] = {before, now};
    SwError ignored = sw_error(a);
    sw_value_sets(a, &v, "version", SW_STR("1.0"));
    for (size_t i = 0; i < 2; i++) {
        SwValue *s = sw_value_set(a, &v, i ? SW_STR("newState") : SW_STR("oldState"), sw_value_object());
        sw_value_sets(a, s, "stateValue", states[i]->value);
        sw_value_sets(a, s, "stateReason", states[i]->reason);
        if (sw_str_is(states[i]->reason_data) && sw_json_parse(a, states[i]->reason_data, &parsed, &ignored) == 0)
            sw_value_set(a, s, SW_STR("stateReasonData"), parsed);
    }
    return cloudwatch_history_add(cx, r, now->at, CLOUDWATCH_HISTORY_ITEM_TYPE_STATE_UPDATE,
                                  sw_strf(a, "Alarm updated from %.*s to %.*s", SW_FMT(before->value), SW_FMT(now->value)),
                                  sw_json_text(a, &v), err);
}

/* One action; what it fails with is told by the history, as AWS does. */
static int act(SwCtx *cx, const CloudwatchAlarmRecord *r, SwStr arn, SwStr message, const CloudwatchState *now, SwError *err) {
    SwError failure = sw_error(cx->arena);
    if (sw_tx_savepoint(cx->tx, err) < 0)
        return -1;
    bool done = sw_target_deliver(sw_ctx_as_service(cx, "cloudwatch"), arn, r->metric->alarm_arn, message, NULL, &failure) == 0;
    if (done && sw_tx_release(cx->tx, err) < 0)
        return -1;
    if (!done)
        sw_tx_undo(cx->tx);
    SwStr summary =
        done ? sw_strf(cx->arena, "Successfully executed action %.*s", SW_FMT(arn))
             : sw_strf(cx->arena, "Failed to execute action %.*s. Received error: \"%s\"", SW_FMT(arn), failure.message);
    SwValue v = sw_value_object(), parsed;
    SwError ignored = sw_error(cx->arena);
    sw_value_sets(cx->arena, &v, "actionState", done ? SW_STR("Succeeded") : SW_STR("Failed"));
    sw_value_sets(cx->arena, &v, "notificationResource", arn);
    sw_value_sets(cx->arena, &v, "error", done ? SW_NO_STR : sw_str(failure.message)); /* whole; the summary is cut */
    sw_value_sets(cx->arena, &v, "stateUpdateTimestamp", cloudwatch_time(cx->arena, now->at));
    if (sw_json_parse(cx->arena, message, &parsed, &ignored) == 0)
        sw_value_set(cx->arena, &v, SW_STR("publishedMessage"), parsed);
    return cloudwatch_history_add(cx, r, now->at, CLOUDWATCH_HISTORY_ITEM_TYPE_ACTION, summary, sw_json_text(cx->arena, &v),
                                  err);
}

int cloudwatch_set_state(SwCtx *cx, CloudwatchAlarmRecord *r, const CloudwatchState *now, SwError *err) {
    CloudwatchMetricAlarm *m = r->metric;
    CloudwatchState before = {m->state_value, m->state_reason, m->state_reason_data, m->state_updated_timestamp.v};
    bool changed = !sw_str_eq(before.value, now->value);
    m->state_value = now->value;
    m->state_reason = now->reason;
    m->state_reason_data = now->reason_data;
    m->state_updated_timestamp = SW_SOME_TIME(now->at);
    if (changed)
        m->state_transitioned_timestamp = SW_SOME_TIME(now->at);
    if (cloudwatch_alarm_put(cx, r->name, r, err) < 0)
        return -1;
    if (!changed)
        return 0;
    if (note_change(cx, r, &before, now, err) < 0 || cloudwatch_state_event(cx, r, &before, now, err) < 0)
        return -1;
    if (!SW_OR(m->actions_enabled, true))
        return 0;
    const SwStrList *actions = sw_str_eqz(now->value, "OK")      ? &m->ok_actions
                               : sw_str_eqz(now->value, "ALARM") ? &m->alarm_actions
                                                                 : &m->insufficient_data_actions;
    SwStr message = cloudwatch_notification(cx, r, before.value, now);
    for (size_t i = 0; i < actions->n; i++)
        if (act(cx, r, actions->v[i], message, now, err) < 0)
            return -1;
    return 0;
}
