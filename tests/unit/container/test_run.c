/* SPDX-License-Identifier: Apache-2.0 */

/* Containers for real: runc, conmon, overlayfs, cgroups. */

#include <sys/wait.h>

#include "fixture.h"

static SwContainerInfo wait_end(Fixture *F, const char *id) {
    SwContainerInfo i = {0};

    if (!sw_container_wait(F->rt, F->a, sw_str(id), 20000, &i))
        fail_msg("%s did not end", id);
    return i;
}

#define NEED() \
    if (!fixture_can()) \
        skip(); \
    Fixture *F = fixture_new()

static void exit_code_and_output_are_complete(void **state) {
    NEED();
    fixture_run(F, "c1",
                "echo out; echo err >&2; i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); "
                "done; exit 7");
    SwContainerInfo i = wait_end(F, "c1");
    assert_int_equal(i.exit_code, 7);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* its supervisor is reaped */
    const char *pid_file = sw_strf(F->a, "/run/slipway/%s/pids/c1", F->instance).p;
    assert_int_equal(access(pid_file, F_OK), -1); /* and nothing would be taken for another's */
    assert_true(i.finished_at >= i.started_at && i.started_at >= i.created_at && i.created_at > 0);
    SwStr log = fixture_log(F, "c1");
    assert_true(sw_str_contains(log, SW_STR("out\n")) && sw_str_contains(log, SW_STR("err\n")));
    assert_true(sw_str_contains(log, SW_STR("line 499\n")));
    fixture_free(F);
}

static void image_settings_apply_unless_overridden(void **state) {
    NEED();
    SwContainerSpec s = {.id = SW_STR("d"), .image = &F->busybox};
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    assert_int_equal(wait_end(F, "d").exit_code, 0);
    assert_string_equal(fixture_log(F, "d").p, "default\n");
    s = (SwContainerSpec){.id = SW_STR("u"),
                          .image = &F->busybox,
                          .user = SW_STR("web"),
                          .cwd = SW_STR("/etc"),
                          .hostname = SW_STR("box"),
                          .env = words(F->a, "A=1", NULL),
                          .args = words(F->a, "sh", "-c", "id -u; id -G; pwd; echo $A $FROM_IMAGE $HOME; hostname", NULL)};
    s.args = words(F->a, "/bin/busybox", "sh", "-c",
                   "busybox id -u; busybox id -G; pwd; echo $A $FROM_IMAGE $HOME; busybox hostname", NULL);
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    (void)wait_end(F, "u");
    assert_string_equal(fixture_log(F, "u").p, "1000\n1001 2002\n/etc\n1 yes /srv\nbox\n");
    fixture_free(F);
}

static void a_missing_command_is_refused_at_start(void **state) {
    NEED();
    SwContainerSpec s = {.id = SW_STR("bad"), .image = &F->busybox, .args = words(F->a, "/no/such", NULL)};
    OK(sw_container_create(F->rt, &s, &F->err));
    assert_int_equal(sw_container_start(F->rt, s.id, &F->err), -1);
    assert_true(sw_error_is(&F->err, &SW_CONTAINER_START_FAILED));
    assert_non_null(strstr(F->err.message, "no such file"));
    sw_error_reset(&F->err);
    s.id = SW_STR("user"), s.user = SW_STR("nobody-here");
    OK(sw_container_create(F->rt, &s, &F->err));
    assert_int_equal(sw_container_start(F->rt, s.id, &F->err), -1);
    assert_non_null(strstr(F->err.message, "unable to find user nobody-here"));
    sw_error_reset(&F->err);
    fixture_free(F);
}

static void exit_codes_survive_a_restart(void **state) {
    NEED();
    char fifo[TEST_FOLDER + 8];
    fixture_run(F, "quick", "exit 3");
    SwContainerSpec s = {.id = SW_STR("slow"), .image = &F->busybox, .tag = SW_STR("mine")};
    snprintf(fifo, sizeof(fifo), "%s/go", F->data);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    SwMount m = {.source = sw_str(fifo), .target = SW_STR("/go")};
    s.args = words(F->a, "/bin/sh", "-c", "read x < /go; echo got $x; exit 9", NULL), s.mounts = &m, s.n_mounts = 1;
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    sw_runtime_close(F->rt); /* both go on without us */
    int fd = open(fifo, O_WRONLY);
    assert_int_equal(write(fd, "now\n", 4), 4);
    close(fd);
    OK(sw_runtime_open(&F->o, &F->rt, &F->err));
    SwStrList ids;
    OK(sw_runtime_adopt(F->rt, F->a, &ids, &F->err));
    assert_int_equal(ids.n, 2);
    assert_int_equal(wait_end(F, "quick").exit_code, 3);
    SwContainerInfo i = wait_end(F, "slow");
    assert_int_equal(i.exit_code, 9);
    assert_true(sw_str_eqz(i.tag, "mine"));
    assert_string_equal(fixture_log(F, "slow").p, "got now\n");
    fixture_reopen(F); /* and once more, from `ended` */
    assert_int_equal(wait_end(F, "slow").exit_code, 9);
    fixture_free(F);
}

static void stop_sends_the_stop_signal_then_kills(void **state) {
    NEED();
    fixture_run(F, "polite", "trap 'echo bye; exit 5' TERM; echo up; while :; do busybox sleep 0.1; done");
    fixture_run(F, "deaf", "trap '' TERM; echo up; while :; do busybox sleep 0.1; done");
    SwContainerInfo i;
    while (!sw_str_contains(fixture_log(F, "polite"), SW_STR("up")) || !sw_str_contains(fixture_log(F, "deaf"), SW_STR("up")))
        (void)sw_container_wait(F->rt, F->a, SW_STR("polite"), 10, &i);
    OK(sw_container_stop(F->rt, SW_STR("polite"), 20000, &F->err));
    assert_int_equal(wait_end(F, "polite").exit_code, 5);
    int64_t t = sw_monotonic_ns();
    OK(sw_container_stop(F->rt, SW_STR("deaf"), 300, &F->err));
    fixture_reopen(F); /* the deadline is on disk */
    assert_int_equal(wait_end(F, "deaf").exit_code, 137);
    assert_true(sw_monotonic_ns() - t >= 290 * SW_MS);
    OK(sw_container_stop(F->rt, SW_STR("deaf"), 0, &F->err));
    OK(sw_container_stop(F->rt, SW_STR("absent"), 0, &F->err));
    fixture_free(F);
}

static void memory_limit_kills_and_says_so(void **state) {
    NEED();
    SwContainerSpec s = {.id = SW_STR("oom"),
                         .image = &F->busybox,
                         .memory_limit = 16 * SW_MIB,
                         .args = words(F->a, "/bin/sh", "-c",
                                       "x=a; i=0; while [ $i -lt 28 ]; do x=$x$x; i=$((i+1)); done; echo ${#x}", NULL)};
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    SwContainerInfo i = wait_end(F, "oom");
    assert_int_equal(i.exit_code, 137);
    assert_true(i.oom_killed);
    assert_int_equal(access("oom", F_OK), -1); /* nothing of it where the server was started */
    fixture_free(F);
}

static void exec_captures_output_and_status(void **state) {
    NEED();
    int status = -1;
    SwStr out, err_text;
    fixture_run(F, "e", "while :; do busybox sleep 1; done");
    SwExec x = {.args = words(F->a, "/bin/sh", "-c", "busybox cat; echo $V; echo bad >&2; busybox id -u; exit 4", NULL),
                .env = words(F->a, "V=w", NULL),
                .user = SW_STR("web")};
    OK(sw_container_exec(F->rt, F->a, SW_STR("e"), &x, SW_STR("input\n"), 65536, 20000, &status, &out, &err_text, &F->err));
    assert_int_equal(status, 4);
    assert_string_equal(out.p, "input\nw\n1000\n");
    assert_string_equal(err_text.p, "bad\n");
    fixture_free(F);
}

/* Whenever the time is over, also while runc makes the process: nothing of the command is left. */
static void exec_past_its_time_is_ended(void **state) {
    NEED();
    int status = -1;
    fixture_run(F, "late", "while :; do busybox sleep 1; done");
    SwExec x = {.args = words(F->a, "/bin/sh", "-c", "trap '' TERM; while :; do busybox sleep 0.1; done", "deaf", NULL)};
    for (int ms = 0; ms <= 120; ms += 15) {
        assert_int_equal(sw_container_exec(F->rt, F->a, SW_STR("late"), &x, SW_NO_STR, 65536, ms, &status, NULL, NULL, &F->err),
                         -1);
        sw_error_reset(&F->err);
    }
    /* SIGKILL takes a moment */
    x = (SwExec){.args = words(F->a, "/bin/sh", "-c",
                               "i=0; while busybox cat /proc/[0-9]*/cmdline 2>/dev/null | busybox grep -q 'dea[f]'; do "
                               "[ $((i+=1)) -lt 50 ] || exit 1; busybox sleep 0.1; done",
                               NULL)};
    OK(sw_container_exec(F->rt, F->a, SW_STR("late"), &x, SW_NO_STR, 65536, 60000, &status, NULL, NULL, &F->err));
    assert_int_equal(status, 0);
    fixture_free(F);
}

static void limits_and_stats_are_the_kernels(void **state) {
    NEED();
    SwContainerSpec s = {.id = SW_STR("l"),
                         .image = &F->busybox,
                         .memory_limit = 64 * SW_MIB,
                         .cpus = 0.5,
                         .cpu_shares = 256,
                         .pids_limit = 20,
                         .read_only_root = true,
                         .args =
                             words(F->a, "/bin/sh", "-c",
                                   "busybox touch /x || echo read-only; ulimit -n; while :; do busybox sleep 1; done", NULL)};
    SwUlimit u = {SW_STR("nofile"), 512, 1024};
    s.ulimits = &u, s.n_ulimits = 1;
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    SwContainerInfo i;
    while (!sw_str_contains(fixture_log(F, "l"), SW_STR("512")))
        assert_false(sw_container_wait(F->rt, F->a, s.id, 10, &i));
    assert_true(sw_str_contains(fixture_log(F, "l"), SW_STR("read-only")));
    SwContainerStats st;
    OK(sw_container_stats(F->rt, s.id, &st, &F->err));
    assert_int_equal(st.memory_limit, 64 * SW_MIB);
    assert_true(st.memory > 0 && st.cpu_ns > 0 && st.pids >= 1);
    fixture_free(F);
}

static void mounts_and_files_inside(void **state) {
    NEED();
    char text[32] = "";
    const char *dir = sw_strf(F->a, "%s/vol", F->data).p;
    OK(sw_mkdirs(dir, 0755, &F->err));
    SwMount m[] = {{.source = sw_str(dir), .target = SW_STR("/vol")},
                   {.source = sw_str(dir), .target = SW_STR("/ro"), .read_only = true},
                   {.kind = SW_MOUNT_TMPFS, .target = SW_STR("/t"), .size = 65536}};
    SwContainerSpec s = {.id = SW_STR("m"),
                         .image = &F->busybox,
                         .mounts = m,
                         .n_mounts = 3,
                         .args = words(F->a, "/bin/sh", "-c",
                                       "echo hi > /vol/f; busybox touch /ro/x || echo ro; echo t > /t/t; busybox ln "
                                       "-s /etc/passwd /evil; echo done; while :; do busybox sleep 1; done",
                                       NULL)};
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    SwContainerInfo i;
    while (!sw_str_contains(fixture_log(F, "m"), SW_STR("done")))
        assert_false(sw_container_wait(F->rt, F->a, s.id, 10, &i));
    assert_true(sw_exists(sw_path(F->a, dir, "f")));
    assert_true(sw_str_contains(fixture_log(F, "m"), SW_STR("ro\n")));
    int fd = sw_container_open(F->rt, s.id, "/evil", O_RDONLY, 0, &F->err); /* the container's passwd, not the host's */
    OK(fd);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    assert_memory_equal(text, "root:x:0:0::/root:/bin/sh\n", 25);
    SwStr mounts;
    OK(sw_file_read(F->a, "/proc/self/mountinfo", 4 * SW_MIB, &mounts, &F->err));
    assert_false(sw_str_contains(mounts, sw_str(F->data))); /* none is seen on the host */
    fixture_free(F);
}

static void deleting_kills_and_creating_again_is_fresh(void **state) {
    NEED();
    fixture_run(F, "x", "echo one; while :; do busybox sleep 1; done");
    fixture_run(F, "x", "echo two"); /* the same id: still the first */
    OK(sw_container_delete(F->rt, SW_STR("x"), &F->err));
    OK(sw_container_delete(F->rt, SW_STR("x"), &F->err));
    SwContainerInfo i;
    assert_false(sw_container_find(F->rt, F->a, SW_STR("x"), &i));
    fixture_run(F, "x", "echo three");
    (void)wait_end(F, "x");
    assert_string_equal(fixture_log(F, "x").p, "three\n");
    fixture_free(F);
}

int main(void) {
    const struct CMUnitTest t[] = {
        RUNTIME_TEST(exit_code_and_output_are_complete),
        RUNTIME_TEST(image_settings_apply_unless_overridden),
        RUNTIME_TEST(a_missing_command_is_refused_at_start),
        RUNTIME_TEST(exit_codes_survive_a_restart),
        RUNTIME_TEST(stop_sends_the_stop_signal_then_kills),
        RUNTIME_TEST(memory_limit_kills_and_says_so),
        RUNTIME_TEST(exec_captures_output_and_status),
        RUNTIME_TEST(exec_past_its_time_is_ended),
        RUNTIME_TEST(limits_and_stats_are_the_kernels),
        RUNTIME_TEST(mounts_and_files_inside),
        RUNTIME_TEST(deleting_kills_and_creating_again_is_fresh),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
