/* SPDX-License-Identifier: Apache-2.0 */
/* CloudWatch's alarms: one operation makes and changes all of it, so that a change tells it all that is wanted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/cloudwatch_resources.gen.h"
#include "types.h"

extern const SwService sw_service_cloudwatch;
static const SwService *const services[] = {&sw_service_cloudwatch, NULL};
#define TYPE &cloudwatch_alarm_resource

#define FULL \
    "{\"AlarmName\":\"errors\",\"AlarmDescription\":\"too many\",\"ActionsEnabled\":false,\"MetricName\":\"Errors\"," \
    "\"Namespace\":\"web\",\"Statistic\":\"Sum\",\"Period\":60,\"EvaluationPeriods\":3,\"DatapointsToAlarm\":2," \
    "\"Threshold\":1.5,\"ComparisonOperator\":\"GreaterThanThreshold\",\"TreatMissingData\":\"notBreaching\"," \
    "\"Unit\":\"Count\",\"Dimensions\":[{\"Name\":\"stage\",\"Value\":\"prod\"}]," \
    "\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}]}"

static void what_is_set_is_read_back_and_not_made_over(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *want = parse(w, FULL);
    assert_string_equal(apply(w, TYPE, "", NULL, want, &done), "");
    assert_string_equal(sw_str_z(w->arena, done.identifier), "errors");
    SwValue got = read_back(w, TYPE, "errors");
    assert_has(w, &got, want);
    assert_has(w, &got, parse(w, "{\"Arn\":\"arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors\"}"));
    assert_string_equal(apply(w, TYPE, "", NULL, want, &done), "AlreadyExistsException");
}

/* PutMetricAlarm forgets what it is not told: the rest stays because it is told again. */
static void what_changes_is_changed_and_the_rest_stays(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *was = parse(w, FULL);
    SwValue *want = parse(w, FULL);
    assert_string_equal(apply(w, TYPE, "", NULL, was, &done), "");
    sw_value_set(w->arena, want, SW_STR("Threshold"), sw_value_int(w->arena, 7));
    SwValue got = change_one(w, TYPE, "errors", was, want);
    const SwValue *less = parse(w, "{\"AlarmName\":\"errors\",\"MetricName\":\"Errors\",\"Namespace\":\"web\","
                                   "\"ExtendedStatistic\":\"p99\",\"Period\":60,\"EvaluationPeriods\":3,"
                                   "\"Threshold\":7,\"ComparisonOperator\":\"GreaterThanThreshold\"}");
    got = change_one(w, TYPE, "errors", want, less);
    assert_has(w, &got, parse(w, "{\"ActionsEnabled\":true}"));
    assert_lacks(&got, "AlarmDescription", "Statistic", "DatapointsToAlarm", "TreatMissingData", "Unit", "Dimensions", "Tags");
    end_one(w, TYPE, "errors", less, NULL);
}

static void an_alarm_over_an_expression_is_one_too(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *want =
        parse(w, "{\"AlarmName\":\"rate\",\"EvaluationPeriods\":1,\"Threshold\":0.1,"
                 "\"ComparisonOperator\":\"GreaterThanThreshold\",\"Metrics\":["
                 "{\"Id\":\"e\",\"MetricStat\":{\"Metric\":{\"Namespace\":\"web\",\"MetricName\":\"Errors\"},\"Period\":60,"
                 "\"Stat\":\"Sum\"},\"ReturnData\":false},{\"Id\":\"r\",\"Expression\":\"e / 10\",\"ReturnData\":true}]}");
    assert_string_equal(apply(w, TYPE, "", NULL, want, &done), "");
    SwValue got = read_back(w, TYPE, "rate");
    const SwValue *metrics = sw_value_getz(&got, "Metrics");
    assert_true(sw_value_equal(metrics, sw_value_getz(want, "Metrics")));
}

static void what_an_alarm_cannot_have_is_refused_by_name(void **state) {
    World *w = *state;
    if (!w)
        skip();
    static const char *const bad[][2] = {
        {"{\"EvaluationWindow\":{\"SlidingWindow\":\"x\"}}", "EvaluationWindow is not supported"},
        {"{\"WarmUpConfiguration\":{\"WarmUpPeriodDurationInMinutes\":1}}", "WarmUpConfiguration is not supported"},
        {"{\"ThresholdMetricId\":\"x\"}", "ThresholdMetricId"},
        {"{\"EvaluationInterval\":60}", "EvaluationInterval"},
        {"{\"Threshold\":\"high\"}", "#/Threshold: expected type: Number"},
    };
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_refuses(w, TYPE, bad[i][0], bad[i][1]);
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(what_is_set_is_read_back_and_not_made_over),
        T(what_changes_is_changed_and_the_rest_stays),
        T(an_alarm_over_an_expression_is_one_too),
        T(what_an_alarm_cannot_have_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
