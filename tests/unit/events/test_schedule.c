/* SPDX-License-Identifier: Apache-2.0 */
/* Schedule expressions, one row a case: the next time behind a Saturday morning. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "services/events/schedule.h"

#define AFTER "2026-11-21T05:45:45Z" /* a Saturday */

static const struct {
    const char *expression, *next;
} cases[] = {
    {"cron(0 10 * * ? *)", "2026-11-21T10:00:00Z"},
    {"cron(15 12 ? * * *)", "2026-11-21T12:15:00Z"},
    {"cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00:00Z"},
    {"cron(0 8 1 * ? *)", "2026-12-01T08:00:00Z"},
    {"cron(0/15 * * * ? *)", "2026-11-21T06:00:00Z"},
    {"cron(46 * * * ? *)", "2026-11-21T05:46:00Z"},
    {"cron(45 5 * * ? *)", "2026-11-22T05:45:00Z"},
    {"cron(0/5 8-17 ? * MON-FRI *)", "2026-11-23T08:00:00Z"},
    {"cron(0 22-2 * * ? *)", "2026-11-21T22:00:00Z"},
    {"cron(0 0 ? * FRI-MON *)", "2026-11-22T00:00:00Z"},
    {"cron(0 0 L * ? *)", "2026-11-30T00:00:00Z"},
    {"cron(0 0 29 2 ? *)", "2028-02-29T00:00:00Z"},
    {"cron(0 0 ? * L *)", "2026-11-28T00:00:00Z"},
    {"cron(0 0 ? * 5L *)", "2026-11-26T00:00:00Z"},
    {"cron(0 0 ? * FRIL *)", "2026-11-27T00:00:00Z"},
    {"cron(0 0 ? * 2#1 *)", "2026-12-07T00:00:00Z"},
    {"cron(0 0 ? * 7#5 *)", "2027-01-30T00:00:00Z"},
    {"cron(0 9 3W * ? *)", "2026-12-03T09:00:00Z"},
    {"cron(0 9 5W 12 ? 2026)", "2026-12-04T09:00:00Z"},
    {"cron(0 9 1W 5 ? 2027)", "2027-05-03T09:00:00Z"},
    {"cron(0 9 LW * ? *)", "2026-11-30T09:00:00Z"},
    {"cron(0 9 LW 1 ? 2027)", "2027-01-29T09:00:00Z"},
    {"cron(0 0 ? JAN,jul SUN 2027-2028)", "2027-01-03T00:00:00Z"},
    {"cron(0 0 1 1 ? 2020)", NULL},
    {"cron(0 0 31W 4 ? *)", NULL},
    {"rate(1 minute)", "2026-11-21T05:46:00Z"},
    {"rate(5 minutes)", "2026-11-21T05:50:00Z"},
    {"rate(1 hour)", "2026-11-21T06:00:00Z"},
    {"rate(2 days)", "2026-11-23T05:00:00Z"},
};

static void the_next_time_is_the_first_behind_the_present(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        EventsSchedule s;
        SwTime after, from, next;
        assert_true(sw_time_parse(SW_STR(AFTER), &after) && sw_time_parse(SW_STR("2026-11-21T05:00:00Z"), &from));
        if (events_schedule_parse(sw_str(cases[i].expression), &s, &err) < 0)
            fail_msg("%s: %s", cases[i].expression, err.message);
        bool some = events_schedule_next(&s, from, after, &next);
        const char *have = some ? sw_str_z(a, sw_time_iso8601(a, next)) : "never";
        if (strcmp(have, cases[i].next ? cases[i].next : "never") != 0)
            fail_msg("%s: %s", cases[i].expression, have);
    }
}

static void what_is_no_schedule_is_refused(void **state) {
    static const char *const bad[] = {"",
                                      "cron",
                                      "cron()",
                                      "rate()",
                                      "rate(5)",
                                      "rate(1 minutes)",
                                      "rate(5 minute)",
                                      "rate(0 minutes)",
                                      "rate(-5 minutes)",
                                      "rate(5 weeks)",
                                      "rate(5 minutes",
                                      "at(2026-11-21T05:45:45)",
                                      "cron(0 10 * * *)",
                                      "cron(0 10 * * ? * *)",
                                      "cron(0 10 * * * *)",
                                      "cron(0 10 ? * ? *)",
                                      "cron(60 10 * * ? *)",
                                      "cron(0 24 * * ? *)",
                                      "cron(0 10 0 * ? *)",
                                      "cron(0 10 32 * ? *)",
                                      "cron(0 10 * 13 ? *)",
                                      "cron(0 10 ? * 8 *)",
                                      "cron(0 10 ? * 0 *)",
                                      "cron(0 10 ? * MON#6 *)",
                                      "cron(0 10 ? * FOO *)",
                                      "cron(0 10 * * ? 1969)",
                                      "cron(0 10 * * ? 2200)",
                                      "cron(0/0 10 * * ? *)",
                                      "cron(0, 10 * * ? *)",
                                      "cron(0,,1 10 * * ? *)",
                                      "cron(1- 10 * * ? *)",
                                      "cron(+1 10 * * ? *)",
                                      "cron(0 10 W * ? *)"};
    (void)state;
    for (size_t i = 0; i < SW_N(bad); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        EventsSchedule s;
        if (events_schedule_parse(sw_str(bad[i]), &s, &err) == 0)
            fail_msg("%s is accepted", bad[i]);
        assert_string_equal(err.message, "Parameter ScheduleExpression is not valid.");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_time_is_the_first_behind_the_present),
        cmocka_unit_test(what_is_no_schedule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
