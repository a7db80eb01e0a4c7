/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of "Configuring how CloudWatch alarms treat missing data", oldest datapoint first as there, and the
 * arithmetic of percentiles. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/cloudwatch/cloudwatch.h"
#include "services/cloudwatch/evaluate.h"

static const struct {
    const char *points; /* 0: good, X: breaching, -: missing */
    size_t needed;      /* M of 3 */
    CloudwatchOutcome missing, ignore, breaching, not_breaching;
} rows[] = {
    {"0-X-X", 3, CLOUDWATCH_OK, CLOUDWATCH_OK, CLOUDWATCH_OK, CLOUDWATCH_OK},
    {"----0", 3, CLOUDWATCH_OK, CLOUDWATCH_OK, CLOUDWATCH_OK, CLOUDWATCH_OK},
    {"-----", 3, CLOUDWATCH_INSUFFICIENT, CLOUDWATCH_RETAIN, CLOUDWATCH_ALARM, CLOUDWATCH_OK},
    {"0XX-X", 3, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM},
    {"--X--", 3, CLOUDWATCH_ALARM, CLOUDWATCH_RETAIN, CLOUDWATCH_ALARM, CLOUDWATCH_OK},
    {"0-X-X", 2, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM},
    {"00X0X", 2, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM, CLOUDWATCH_ALARM},
    {"0-X--", 2, CLOUDWATCH_OK, CLOUDWATCH_OK, CLOUDWATCH_ALARM, CLOUDWATCH_OK},
    {"----0", 2, CLOUDWATCH_OK, CLOUDWATCH_OK, CLOUDWATCH_ALARM, CLOUDWATCH_OK},
    {"---X-", 2, CLOUDWATCH_ALARM, CLOUDWATCH_RETAIN, CLOUDWATCH_ALARM, CLOUDWATCH_OK},
};

static CloudwatchOutcome judge(const char *points, size_t needed, const char *missing) {
    CloudwatchPoint p[5] = {0};
    size_t used, breaching;
    CloudwatchJudge j = {.periods = 3,
                         .needed = needed,
                         .comparison = SW_STR("GreaterThanThreshold"),
                         .threshold = 1,
                         .missing = sw_str(missing)};
    for (size_t i = 0; i < 5; i++)
        p[4 - i] = (CloudwatchPoint){.known = points[i] != '-', .value = points[i] == 'X' ? 2 : 0};
    return cloudwatch_judge(&j, p, 5, &used, &breaching);
}

static void missing_data_is_treated_as_in_aws_tables(void **state) {
    for (size_t i = 0; i < SW_N(rows); i++) {
        const char *p = rows[i].points;
        if (judge(p, rows[i].needed, "missing") != rows[i].missing || judge(p, rows[i].needed, "ignore") != rows[i].ignore ||
            judge(p, rows[i].needed, "breaching") != rows[i].breaching ||
            judge(p, rows[i].needed, "notBreaching") != rows[i].not_breaching)
            fail_msg("row %zu: %s", i, p);
    }
}

static void a_threshold_itself_breaches_only_where_equal_counts(void **state) {
    static const struct {
        const char *op;
        bool below, equal, above;
    } ops[] = {{"GreaterThanThreshold", false, false, true},
               {"GreaterThanOrEqualToThreshold", false, true, true},
               {"LessThanThreshold", true, false, false},
               {"LessThanOrEqualToThreshold", true, true, false}};
    for (size_t i = 0; i < SW_N(ops); i++) {
        CloudwatchJudge j = {.comparison = sw_str(ops[i].op), .threshold = 5};
        assert_int_equal(cloudwatch_breaches(&j, 4), ops[i].below);
        assert_int_equal(cloudwatch_breaches(&j, 5), ops[i].equal);
        assert_int_equal(cloudwatch_breaches(&j, 6), ops[i].above);
    }
}

static void a_percentile_is_the_nearest_rank_of_weighted_samples(void **state) {
    SwSample v[] = {{1, 50}, {2, 45}, {10, 4}, {100, 1}};
    SwBucket b = {.count = 100, .sample = v, .n_sample = SW_N(v)};
    static const struct {
        const char *stat;
        double v;
    } want[] = {{"p0", 1}, {"p50", 1}, {"p50.1", 2}, {"p95", 2}, {"p99", 10}, {"p99.9", 100}, {"p100", 100}};
    for (size_t i = 0; i < SW_N(want); i++) {
        double got = -1;
        assert_true(cloudwatch_statistic_of(&b, sw_str(want[i].stat), &got));
        assert_float_equal(got, want[i].v, 0);
    }
    b.sample = NULL;
    double none;
    assert_false(cloudwatch_statistic_of(&b, SW_STR("p50"), &none));
}

static void a_statistic_that_is_not_known_is_told_apart(void **state) {
    static const char *const bad[] = {"tm90", "p", "p101", "p-1", "p5e1", "sum", "IQM", "pp5", ""};
    double percent;
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_false(cloudwatch_statistic_known(sw_str(bad[i]), &percent));
    assert_true(cloudwatch_statistic_known(SW_STR("p99.99"), &percent));
    assert_true(cloudwatch_statistic_known(SW_STR("Sum"), &percent));
}

static void numbers_are_written_as_java_does(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    static const struct {
        double v;
        const char *text;
    } want[] = {{5, "5.0"},     {0.5, "0.5"},       {0, "0.0"}, {-3, "-3.0"}, {12345678, "1.2345678E7"},
                {1e7, "1.0E7"}, {0.00025, "2.5E-4"}};
    for (size_t i = 0; i < SW_N(want); i++)
        assert_string_equal(sw_str_z(a, cloudwatch_double(a, want[i].v)), want[i].text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_data_is_treated_as_in_aws_tables),
        cmocka_unit_test(a_threshold_itself_breaches_only_where_equal_counts),
        cmocka_unit_test(a_percentile_is_the_nearest_rank_of_weighted_samples),
        cmocka_unit_test(a_statistic_that_is_not_known_is_told_apart),
        cmocka_unit_test(numbers_are_written_as_java_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
