/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, log lines and crash points. The program runs itself to see how another of it dies. */

#include "base_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "base/outside.h"
#include "base/proc.h"

static void an_error_has_three_audiences(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    assert_int_equal(sw_fail(&err, &SW_VALIDATION_EXCEPTION, "%s is bad", "name"), -1);
    assert_true(sw_error_is(&err, &SW_VALIDATION_EXCEPTION));
    assert_string_equal(err.message, "name is bad");
    assert_null(err.cause);
    assert_int_equal(sw_fail_wrap(&err, "creating %d", 1), -1);
    assert_string_equal(err.message, "name is bad"); /* the caller's text stays */
    assert_string_equal(err.cause, "creating 1: name is bad");
    assert_int_equal(sw_fail_wrap(&err, "above"), -1);
    assert_string_equal(err.cause, "above: creating 1: name is bad");
    assert_int_equal(sw_fail_cause(&err, &SW_THROTTLING, "why", "slow down"), -1);
    assert_string_equal(err.cause, "why");
    assert_int_equal(sw_fail_errno(&err, ENOENT, "opening %s", "x"), -1);
    assert_true(sw_error_is(&err, &SW_INTERNAL_FAILURE));
    assert_string_equal(err.cause, "opening x: No such file or directory");
    assert_string_equal(err.message, "An internal error occurred"); /* what is sent names no path of ours */
    sw_error_reset(&err);
    assert_false(sw_error_is(&err, &SW_INTERNAL_FAILURE));
    assert_ptr_equal(err.arena, a);
}

static void an_error_becomes_another_and_the_log_still_sees_the_first(void **state) {
    SwError err = sw_error(*state);
    sw_fail(&err, &SW_VALIDATION_EXCEPTION, "%s is bad", "name");
    sw_fail_fact(&err, "Field", SW_STR("name"));
    assert_int_equal(sw_fail_as(&err, &SW_THROTTLING, "Container '%s': %s", "x", err.message), -1);
    assert_true(sw_error_is(&err, &SW_THROTTLING));
    assert_string_equal(err.message, "Container 'x': name is bad");
    assert_string_equal(err.cause, "ValidationException: name is bad");
    assert_int_equal(err.facts.n, 0);
    sw_fail_errno(&err, ENOENT, "opening %s", "x");
    sw_fail_as(&err, &SW_THROTTLING, "later");
    assert_string_equal(err.message, "later");
    assert_string_equal(err.cause, "opening x: No such file or directory");
    sw_fail(&err, &SW_VALIDATION_EXCEPTION, "name is bad");
    assert_int_equal(sw_refuse_as(&err, &SW_ACCESS_DENIED, "No: %s", err.message), -1);
    assert_true(sw_error_is(&err, &SW_ACCESS_DENIED));
    assert_string_equal(err.message, "No: name is bad");
    sw_fail_errno(&err, ENOENT, "opening %s", "x");
    assert_int_equal(sw_refuse_as(&err, &SW_ACCESS_DENIED, "No: %s", err.message), -1);
    assert_true(sw_error_is(&err, &SW_INTERNAL_FAILURE));
    assert_string_equal(err.message, "An internal error occurred");
}

static void what_is_closed_is_marked(void **state) {
    (void)state;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    sw_closep(&fd);
    assert_int_equal(fd, -1);
    sw_closep(&fd);
}

static SwStr ran(SwArena *a, const char *what, const char *variable, int *ret_status) {
    SwError err = sw_error(a);
    SwStr text;
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = 0;
    SwProcOpts o = {
        .argv = (const char *[]){self, what, NULL}, .env = (const char *[]){variable, NULL}, .in = -1, .out = -1, .err = -1};
    if (sw_proc_run(a, &o, SW_NO_STR, 100000, 30000, ret_status, NULL, &text, &err) < 0)
        fail_msg("%s", err.cause);
    return text;
}

static void an_event_is_one_line(void **state) {
    SwArena *a = *state;
    int status;
    SwStr text = ran(a, "log", "SLIPWAY_LOG=info", &status), line;
    assert_int_equal(status, 0);
    assert_true(sw_str_next(&text, '\n', &line));
    assert_true(sw_str_starts(line, SW_STR("time=20")));
    assert_true(
        sw_str_ends(line, SW_STR("Z level=info msg=\"hello there\" plain=x empty=\"\" quoted=\"a \\\"b\\\"\\nc\\\\\" n=-5")));
    assert_true(sw_str_next(&text, '\n', &line));
    assert_true(line.n < 9000);                    /* cut, but a line */
    assert_false(sw_str_next(&text, '\n', &line)); /* what is below the level is not written */
    assert_true(sw_str_contains(ran(a, "log", "SLIPWAY_LOG=debug", &status), SW_STR("level=debug msg=quiet")));
}

static void log_lines(void) {
    char large[20000];
    memset(large, 'x', sizeof large);
    sw_log(SW_INFO, "hello there", SW_F("plain", "x"), SW_F("empty", SW_STR("")), SW_F("quoted", "a \"b\"\nc\\"),
           SW_FN("n", -5));
    sw_log(SW_WARN, "large", SW_F("v", sw_str_n(large, sizeof large)));
    sw_log(SW_DEBUG, "quiet");
}

static void a_crash_point_kills_at_the_wanted_passage(void **state) {
    SwArena *a = *state;
    static const struct {
        const char *at;
        int status;
        const char *passed;
    } t[] = {{"X=", 0, "123"},
             {"SLIPWAY_CRASH_AT=here", 128 + SIGKILL, ""},
             {"SLIPWAY_CRASH_AT=here:3", 128 + SIGKILL, "12"},
             {"SLIPWAY_CRASH_AT=here:4", 0, "123"},
             {"SLIPWAY_CRASH_AT=elsewhere", 0, "123"},
             {"SLIPWAY_CRASH_AT=her", 0, "123"}};
    for (size_t i = 0; i < SW_N(t); i++) {
        int status;
        SwStr text = ran(a, "crash", t[i].at, &status);
        assert_int_equal(status, t[i].status);
        assert_str(text, t[i].passed);
    }
}

static void pass_crash_points(void) {
    for (int i = 1; i <= 3; i++) {
        SW_CRASH_POINT("here");
        fprintf(stderr, "%d", i);
    }
}

static void a_belief_that_failed_aborts_only_in_tests(void **state) {
    int status;
    assert_true(sw_str_contains(ran(*state, "never", "X=", &status), SW_STR("1 > 2 - 2")));
    assert_int_equal(status, 7);
    ran(*state, "never", "SLIPWAY_NEVER=abort", &status);
    assert_int_equal(status, 128 + SIGABRT);
}

/* What may be done outside, by the marks of the thread. */
static int act(const char *how, const char *what) {
    sw_open_tx = strcmp(how, "tx") == 0;
    sw_common_thread = strcmp(how, "common") == 0;
    if (strcmp(what, "acts") == 0)
        SW_ACTS_OUTSIDE();
    else
        SW_MAY_TAKE_MINUTES();
    return 0;
}

static void acting_outside_is_no_business_of_a_transaction_nor_minutes_of_a_common_thread(void **state) {
    static const struct {
        const char *mode;
        bool aborts;
    } t[] = {{"acts:none", false},    {"acts:common", false},   {"acts:tx", true},
             {"minutes:none", false}, {"minutes:common", true}, {"minutes:tx", true}};
    for (size_t i = 0; i < SW_N(t); i++) {
        int status;
        ran(*state, t[i].mode, "SLIPWAY_NEVER=abort", &status);
        assert_int_equal(status, t[i].aborts ? 128 + SIGABRT : 0);
        ran(*state, t[i].mode, "X=", &status);
        assert_int_equal(status, 0);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        TEST(an_error_has_three_audiences),
        TEST(an_error_becomes_another_and_the_log_still_sees_the_first),
        TEST(what_is_closed_is_marked),
        TEST(an_event_is_one_line),
        TEST(a_crash_point_kills_at_the_wanted_passage),
        TEST(a_belief_that_failed_aborts_only_in_tests),
        TEST(acting_outside_is_no_business_of_a_transaction_nor_minutes_of_a_common_thread),
    };
    if (argc == 1)
        return cmocka_run_group_tests(tests, NULL, NULL);
    if (strcmp(argv[1], "log") == 0)
        log_lines();
    if (strcmp(argv[1], "crash") == 0)
        pass_crash_points();
    if (strchr(argv[1], ':'))
        return act(strchr(argv[1], ':') + 1, argv[1][0] == 'a' ? "acts" : "minutes");
    return strcmp(argv[1], "never") == 0 && SW_NEVER(1 > 2 - 2) ? 7 : 0;
}
