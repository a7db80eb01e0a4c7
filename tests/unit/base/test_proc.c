/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes: what goes in and comes out, how they end, and what they must not inherit. */

#include "base_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/id.h"
#include "base/proc.h"
#include "base/time.h"

typedef struct Result {
    int r, status;
    SwStr out, err_text;
    SwError err;
} Result;

static Result sh(SwArena *a, const char *script, SwStr input, size_t max, int timeout_ms) {
    SwProcOpts o = {.argv = (const char *[]){"sh", "-c", script, NULL}, .in = -1, .out = -1, .err = -1};
    Result r = {.err = sw_error(a), .status = -1};
    r.r = sw_proc_run(a, &o, input, max, timeout_ms, &r.status, &r.out, &r.err_text, &r.err);
    return r;
}

static void both_outputs_and_the_status_come_back(void **state) {
    Result r = sh(*state, "echo out; echo err >&2; exit 3", SW_NO_STR, 1000, 30000);
    assert_int_equal(r.r, 0);
    assert_int_equal(r.status, 3);
    assert_str(r.out, "out\n");
    assert_str(r.err_text, "err\n");
    r = sh(*state, "kill -TERM $$", SW_NO_STR, 1000, 30000);
    assert_int_equal(r.status, 128 + SIGTERM);
}

static void input_larger_than_a_pipe_goes_through(void **state) {
    SwArena *a = *state;
    SwStr data = sw_id_base62(a, 1000000);
    Result r = sh(a, "cat", data, SW_MIB, 30000);
    assert_int_equal(r.status, 0);
    assert_true(sw_str_eq(r.out, data));
    r = sh(a, "cat", SW_NO_STR, 1000, 30000);
    assert_str(r.out, "");
}

static void a_child_that_does_not_read_its_input_harms_nobody(void **state) {
    SwArena *a = *state;
    Result r = sh(a, "exec <&-; echo done", sw_id_base62(a, 1000000), 1000, 30000);
    assert_int_equal(r.r, 0);
    assert_str(r.out, "done\n");
}

static void output_is_cut_at_its_bound_and_the_child_goes_on(void **state) {
    Result r = sh(*state, "head -c 1000000 /dev/zero | tr '\\0' x; echo end >&2", SW_NO_STR, 100, 30000);
    assert_int_equal(r.status, 0);
    assert_int_equal(r.out.n, 100);
    assert_str(r.err_text, "end\n");
}

static void past_its_time_the_child_is_killed_and_reaped(void **state) {
    int64_t from = sw_monotonic_ns();
    Result r = sh(*state, "exec sleep 60", SW_NO_STR, 100, 50);
    assert_int_equal(r.r, -1);
    assert_true(sw_error_is(&r.err, &SW_INTERNAL_FAILURE));
    assert_true(sw_monotonic_ns() - from < 20 * SW_S);
    assert_true(waitpid(-1, NULL, WNOHANG) < 0); /* no child is left */
}

static void a_grandchild_in_the_background_does_not_hold_up_its_parent(void **state) {
    SwArena *a = *state;
    int64_t from = sw_monotonic_ns();
    Result r = sh(a, "sleep 60 & echo $!", SW_NO_STR, 100, 40000);
    assert_int_equal(r.r, 0);
    assert_int_equal(r.status, 0);
    assert_true(sw_monotonic_ns() - from < 20 * SW_S);
    int64_t pid = 0;
    assert_true(sw_str_to_i64(sw_str_trim(r.out), &pid) && pid > 1);
    kill((pid_t)pid, SIGKILL);
}

static void children_start_with_clean_signals_and_descriptors(void **state) {
    SwArena *a = *state;
    signal(SIGPIPE, SIG_IGN);
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    int extra = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 200);
    assert_true(extra >= 200);
    Result r = sh(a, "grep SigBlk /proc/self/status; yes | true; ls /proc/self/fd", SW_NO_STR, 1000, 30000);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, SIG_DFL);
    close(extra);
    assert_true(sw_str_contains(r.out, SW_STR("SigBlk:\t0000000000000000")));
    assert_str(r.err_text, ""); /* were SIGPIPE ignored, yes would complain */
    assert_false(sw_str_contains(r.out, sw_strf(a, "\n%d\n", extra)));
}

static void environment_folder_and_session_are_as_asked(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    SwStr out;
    int status;
    SwProcOpts o = {.argv =
                        (const char *[]){"sh", "-c",
                                         "echo $A-$HOME; pwd; test $(cut -d\" \" -f6 /proc/$$/stat) = $$ && echo leads", NULL},
                    .env = (const char *[]){"A=1", "PATH=/usr/bin:/bin", NULL},
                    .cwd = "/usr",
                    .in = -1,
                    .out = -1,
                    .err = -1,
                    .new_session = true};
    assert_int_equal(sw_proc_run(a, &o, SW_NO_STR, 1000, 30000, &status, &out, NULL, &err), 0);
    assert_str(out, "1-\n/usr\nleads\n");
}

static void what_cannot_start_is_an_error(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    pid_t pid;
    SwProcOpts o = {.argv = (const char *[]){"slipway-no-such-program", NULL}, .in = -1, .out = -1, .err = -1};
    assert_int_equal(sw_proc_spawn(&o, &pid, &err), -1);
    assert_non_null(strstr(err.cause, "No such file"));
    o = (SwProcOpts){.argv = (const char *[]){"true", NULL}, .cwd = "/no/such/folder", .in = -1, .out = -1, .err = -1};
    assert_int_equal(sw_proc_spawn(&o, &pid, &err), -1);
}

static void a_tool_that_must_succeed_tells_why_it_did_not(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    assert_int_equal(sw_proc_must(a, (const char *[]){"true", NULL}, &err), 0);
    assert_int_equal(sw_proc_must(a, (const char *[]){"sh", "-c", "echo because >&2; exit 9", NULL}, &err), -1);
    assert_string_equal(err.cause, "sh: exit 9: because");
    assert_null(strstr(err.message, "because"));
}

static void a_process_is_named_by_pid_and_start(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    pid_t pid;
    int status;
    uint64_t ours = sw_proc_start_time(getpid());
    assert_true(ours > 0 && ours == sw_proc_start_time(getpid()));
    SwProcOpts o = {.argv = (const char *[]){"sleep", "60", NULL}, .in = -1, .out = -1, .err = -1};
    assert_int_equal(sw_proc_spawn(&o, &pid, &err), 0);
    assert_true(sw_proc_start_time(pid) >= ours);
    kill(pid, SIGKILL);
    assert_int_equal(sw_proc_wait(pid, 30000, &status, &err), 0);
    assert_int_equal(status, 128 + SIGKILL);
    assert_int_equal(sw_proc_start_time(pid), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(both_outputs_and_the_status_come_back),
        TEST(input_larger_than_a_pipe_goes_through),
        TEST(a_child_that_does_not_read_its_input_harms_nobody),
        TEST(output_is_cut_at_its_bound_and_the_child_goes_on),
        TEST(past_its_time_the_child_is_killed_and_reaped),
        TEST(a_grandchild_in_the_background_does_not_hold_up_its_parent),
        TEST(children_start_with_clean_signals_and_descriptors),
        TEST(environment_folder_and_session_are_as_asked),
        TEST(what_cannot_start_is_an_error),
        TEST(a_tool_that_must_succeed_tells_why_it_did_not),
        TEST(a_process_is_named_by_pid_and_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
