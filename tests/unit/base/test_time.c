/* SPDX-License-Identifier: Apache-2.0 */
/* Times as text, and the clock in its three modes. */

#include "base_test.h"

#include <math.h>
#include <stdlib.h>

#include "base/time.h"

#define T0 (1795232280 * SW_S) /* 2026-11-21T03:38:00Z */

static void times_are_written_in_all_forms(void **state) {
    SwArena *a = *state;
    assert_str(sw_time_iso8601(a, T0), "2026-11-21T03:38:00Z");
    assert_str(sw_time_iso8601(a, T0 + 123 * SW_MS), "2026-11-21T03:38:00.123Z");
    assert_str(sw_time_iso8601(a, T0 + 999), "2026-11-21T03:38:00Z");
    assert_str(sw_time_iso8601(a, -SW_MS), "1969-12-31T23:59:59.999Z");
    assert_str(sw_time_iso8601(a, 0), "1970-01-01T00:00:00Z");
    assert_str(sw_time_http(a, T0), "Sat, 21 Nov 2026 03:38:00 GMT");
    assert_str(sw_time_compact(a, T0 + SW_MS), "20261121T033800Z");
}

static void times_are_read_in_all_forms(void **state) {
    (void)state;
    static const struct {
        const char *s;
        SwTime t;
    } t[] = {{"2026-11-21T03:38:00Z", T0},
             {"2026-11-21T03:38:00.123Z", T0 + 123 * SW_MS},
             {"2026-11-21T03:38:00.123456789Z", T0 + 123456789},
             {"2026-11-21T04:38:00+01:00", T0},
             {"2026-11-20T22:08:00-0530", T0},
             {"2026-11-21t03:38:00z", T0},
             {"Sat, 21 Nov 2026 03:38:00 GMT", T0},
             {"1795232280", T0},
             {"1795232280.5", T0 + 500 * SW_MS},
             {"1795232280.123456789", T0 + 123456789},
             {"1.79523228E9", T0},
             {"0", 0},
             {"-1", -SW_S},
             {"-0.5", -500 * SW_MS},
             {"2024-02-29T00:00:00Z", 1709164800 * SW_S},
             {"1970-01-01T00:00:00Z", 0}};
    for (size_t i = 0; i < SW_N(t); i++) {
        SwTime v = 42;
        if (!sw_time_parse(sw_str(t[i].s), &v) || v != t[i].t)
            fail_msg("`%s` gave %lld", t[i].s, (long long)v);
    }
}

static void what_is_no_time_is_refused(void **state) {
    (void)state;
    static const char *const t[] = {"",
                                    " ",
                                    "now",
                                    "2026-13-01T00:00:00Z",
                                    "2026-02-29T00:00:00Z",
                                    "2026-04-31T00:00:00Z",
                                    "2026-11-21T24:00:00Z",
                                    "2026-11-21T03:60:00Z",
                                    "2026-11-21T03:38:00.Z",
                                    "2026-11-21T03:38:00ZZ",
                                    "2026-11-21T03:38:00+1",
                                    "2026-11-21T03:38:00+01:99",
                                    "2026-11-21T",
                                    "2026-1-21T03:38:00Z",
                                    "Sat, 21 Foo 2026 03:38:00 GMT",
                                    "Sat, 21 Nov 2026 03:38:00 CET",
                                    "Sat, 21 Nov 2026 03:38 GMT",
                                    "NaN",
                                    "Infinity",
                                    "1e400",
                                    "99999999999999",
                                    "9999-12-31T23:59:59Z",
                                    "1795232280.",
                                    "1795232280.5.5",
                                    "Sat,"};
    for (size_t i = 0; i < SW_N(t); i++) {
        SwTime v;
        if (sw_time_parse(sw_str(t[i]), &v) && strcmp(t[i], "1795232280.") != 0)
            fail_msg("accepted `%s`", t[i]);
    }
}

static void text_and_time_agree_everywhere(void **state) {
    SwArena *a = *state;
    for (SwTime t = -9000000000 * SW_S; t < 9000000000 * SW_S; t += 123456789 * SW_S + 987 * SW_MS) {
        SwTime back;
        assert_true(sw_time_parse(sw_time_iso8601(a, t), &back));
        assert_int_equal(back, t / SW_MS * SW_MS - (t < 0 && t % SW_MS ? SW_MS : 0));
        assert_true(sw_time_parse(sw_time_http(a, t), &back));
        assert_true(t - back >= 0 && t - back < SW_S);
    }
}

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *s;
        SwTime t;
    } good[] = {{"15m", 15 * SW_MINUTE}, {"1h30m", 90 * SW_MINUTE}, {"250ms", 250 * SW_MS},
                {"2d", 2 * SW_DAY},      {"7us", 7 * SW_US},        {"0s", 0}};
    static const char *const bad[] = {
        "", "5", "m", "1x", "-1s", "1.5h", "1h ", "99999999999999999999s", "9223372036854775807d", "106751d106751d"};
    SwTime t;
    for (size_t i = 0; i < SW_N(good); i++)
        assert_true(sw_duration_parse(sw_str(good[i].s), &t) && t == good[i].t);
    for (size_t i = 0; i < SW_N(bad); i++)
        if (sw_duration_parse(sw_str(bad[i]), &t))
            fail_msg("accepted `%s`", bad[i]);
}

static void count(void *arg) {
    (*(int *)arg)++;
}

static void a_stepped_clock_stands_until_it_is_advanced(void **state) {
    (void)state;
    int told = 0;
    SwClock *c = sw_clock_new();
    sw_clock_on_change(c, count, &told);
    sw_clock_set(c, SW_CLOCK_STEPPED, 1, 0);
    SwTime t = sw_clock_now(c);
    int64_t from = sw_monotonic_ns();
    while (sw_monotonic_ns() - from < 2 * SW_MS)
        assert_int_equal(sw_clock_now(c), t);
    assert_int_equal(sw_clock_until(c, t), 0);
    assert_int_equal(sw_clock_until(c, t + 1), INT64_MAX);
    sw_clock_advance(c, 15 * SW_MINUTE);
    assert_int_equal(sw_clock_now(c), t + 15 * SW_MINUTE);
    assert_int_equal(sw_clock_until(c, t + SW_MINUTE), 0);
    assert_int_equal(told, 2);
    sw_clock_free(c);
}

static void a_scaled_clock_runs_faster(void **state) {
    (void)state;
    SwClock *c = sw_clock_new();
    sw_clock_set(c, SW_CLOCK_SCALED, 1000, 0);
    SwTime t = sw_clock_now(c);
    int64_t from = sw_monotonic_ns();
    while (sw_monotonic_ns() - from < 5 * SW_MS)
        continue;
    SwTime passed = sw_clock_now(c) - t;
    assert_true(passed >= 5 * SW_S - SW_MS);
    int64_t wait = sw_clock_until(c, sw_clock_now(c) + 1000 * SW_S);
    assert_true(wait > 0 && wait <= SW_S + 1);
    sw_clock_free(c);
}

static void an_advanced_real_clock_goes_on(void **state) {
    (void)state;
    SwClock *c = sw_clock_new();
    SwTime t = sw_clock_now(c);
    sw_clock_advance(c, SW_DAY);
    assert_true(sw_clock_now(c) - t >= SW_DAY);
    assert_true(sw_clock_now(c) - t < SW_DAY + SW_MINUTE);
    int64_t wait = sw_clock_until(c, sw_clock_now(c) + SW_S);
    assert_true(wait > 0 && wait <= SW_S);
    sw_clock_free(c);
}

static void a_clock_that_takes_over_shows_what_the_first_would(void **state) {
    (void)state;
    static const struct {
        SwClockMode mode;
        double scale;
    } modes[] = {{SW_CLOCK_REAL, 1}, {SW_CLOCK_SCALED, 60}, {SW_CLOCK_STEPPED, 1}};
    for (size_t i = 0; i < SW_N(modes); i++) {
        SwClockSetting s;
        SwClock *c = sw_clock_new(), *next = sw_clock_new();
        sw_clock_set(c, modes[i].mode, modes[i].scale, 0);
        sw_clock_advance(c, 30 * SW_DAY);
        sw_clock_setting(c, &s);
        assert_true(s.mode == modes[i].mode && s.scale == modes[i].scale && s.shown >= s.system + 29 * SW_DAY);
        s.system -= SW_HOUR; /* as if that had been an hour ago */
        sw_clock_put(next, &s);
        SwTime apart = sw_clock_now(next) - sw_clock_now(c), passed = (SwTime)(SW_HOUR * s.scale);
        if (s.mode == SW_CLOCK_STEPPED)
            assert_int_equal(apart, 0);
        else
            assert_true(llabs(apart - passed) < SW_MINUTE);
        sw_clock_free(c);
        sw_clock_free(next);
    }
}

static void a_scale_out_of_bounds_counts_as_one(void **state) {
    (void)state;
    static const double bad[] = {0, -1, 1e300, 1e-300};
    SwClockMode mode;
    double scale;
    SwTime offset;
    SwClock *c = sw_clock_new();
    for (size_t i = 0; i <= SW_N(bad); i++) {
        sw_clock_set(c, SW_CLOCK_SCALED, i < SW_N(bad) ? bad[i] : NAN, 0);
        sw_clock_get(c, &mode, &scale, &offset);
        assert_true(scale == 1);
    }
    sw_clock_set(c, SW_CLOCK_SCALED, 1e-3, 0);
    assert_true(sw_clock_until(c, INT64_MAX) == INT64_MAX);
    sw_clock_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(times_are_written_in_all_forms),
        TEST(times_are_read_in_all_forms),
        TEST(what_is_no_time_is_refused),
        TEST(text_and_time_agree_everywhere),
        TEST(durations),
        TEST(a_stepped_clock_stands_until_it_is_advanced),
        TEST(a_scaled_clock_runs_faster),
        TEST(an_advanced_real_clock_goes_on),
        TEST(a_clock_that_takes_over_shows_what_the_first_would),
        TEST(a_scale_out_of_bounds_counts_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
