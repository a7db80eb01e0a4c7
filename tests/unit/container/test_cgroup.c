/* SPDX-License-Identifier: Apache-2.0 */

/* Cgroups of both versions, as files below a folder of the test's own. The texts are those that the
 * kernel writes: Linux 6.1 (v2), 5.10 (v1). */

#include <sys/wait.h>

#include "fixture.h"

#include "container/room.h"

#define GROUP "/slipway-t1/task"

typedef struct Tree {
    SwArena *a;
    SwError err;
    char root[TEST_FOLDER];
} Tree;

static void put(Tree *T, const char *path, const char *text) {
    const char *full = sw_path(T->a, T->root, path);
    const char *dir = sw_strf(T->a, "%.*s", (int)(strrchr(full, '/') - full), full).p;

    assert_int_equal(sw_mkdirs(dir, 0755, &T->err), 0);
    assert_int_equal(sw_file_write(full, sw_str(text), 0644, &T->err), 0);
}

static Tree *tree_new(void) {
    SwArena *a = sw_arena_new(0);
    Tree *T = sw_new(a, Tree);
    T->a = a;
    T->err = sw_error(a);
    assert_non_null(test_folder(T->root));
    return T;
}

static void tree_free(Tree *T) {
    assert_int_equal(sw_rm_tree(T->root, &T->err), 0);
    sw_arena_free(T->a);
}

static const char controllers[] = "cpuset cpu io memory hugetlb pids rdma misc\n";
static const char cpu_stat[] = "usage_usec 7654321\nuser_usec 5000000\nsystem_usec 2654321\ncore_sched.force_idle_usec 0\n"
                               "nr_periods 120\nnr_throttled 7\nthrottled_usec 345678\nnr_bursts 0\nburst_usec 0\n";
static const char memory_stat[] = "anon 8192000\nfile 4096000\nkernel 819200\nkernel_stack 49152\ninactive_anon 8187904\n"
                                  "active_anon 4096\ninactive_file 3000000\nactive_file 1096000\nunevictable 0\n";
/* The kernel has been seen to write a device's number without its figures. */
static const char io_stat[] = "7:0 \n254:0 rbytes=1048576 wbytes=4096 rios=20 wios=1 dbytes=0 dios=0\n"
                              "254:16 rbytes=1000 wbytes=2000 rios=1 wios=1 dbytes=4096 dios=1\n";

static void v2_figures_are_read(void **state) {
    Tree *T = tree_new();
    SwContainerStats s = {0};
    put(T, "cgroup.controllers", controllers);
    put(T, GROUP "/cpu.stat", cpu_stat);
    put(T, GROUP "/memory.current", "12582912\n");
    put(T, GROUP "/memory.max", "67108864\n");
    put(T, GROUP "/memory.peak", "20000000\n");
    put(T, GROUP "/memory.stat", memory_stat);
    put(T, GROUP "/pids.current", "3\n");
    put(T, GROUP "/io.stat", io_stat);
    assert_int_equal(sw_cgroup_stats(T->a, T->root, GROUP, &s, &T->err), 0);
    assert_int_equal(s.cpu_ns, 7654321000);
    assert_int_equal(s.cpu_user_ns, 5000000000);
    assert_int_equal(s.cpu_system_ns, 2654321000);
    assert_int_equal(s.throttled_ns, 345678000);
    assert_int_equal(s.memory, 12582912 - 3000000);
    assert_int_equal(s.memory_limit, 67108864);
    assert_int_equal(s.memory_max_used, 20000000);
    assert_int_equal(s.pids, 3);
    assert_int_equal(s.blk_read, 1048576 + 1000);
    assert_int_equal(s.blk_write, 4096 + 2000);
    tree_free(T);
}

/* No limit, no controller cpu (its lines are missing), a kernel before memory.peak, no io.stat. */
static void v2_figures_that_are_not_there_are_none(void **state) {
    Tree *T = tree_new();
    SwContainerStats s = {0};
    put(T, "cgroup.controllers", controllers);
    put(T, GROUP "/cpu.stat", "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
    put(T, GROUP "/memory.current", "4096\n");
    put(T, GROUP "/memory.max", "max\n");
    put(T, GROUP "/memory.stat", "anon 0\ninactive_file 8192\n");
    assert_int_equal(sw_cgroup_stats(T->a, T->root, GROUP, &s, &T->err), 0);
    assert_int_equal(s.cpu_ns, 5000);
    assert_int_equal(s.throttled_ns, 0);
    assert_int_equal(s.memory, 0); /* never below nothing */
    assert_int_equal(s.memory_limit, 0);
    assert_int_equal(s.memory_max_used, 4096);
    assert_int_equal(s.blk_read, 0);
    assert_int_equal(sw_cgroup_stats(T->a, T->root, "/slipway-t1/other", &s, &T->err), -1);
    tree_free(T);
}

static void v1_figures_are_read_from_each_tree(void **state) {
    Tree *T = tree_new();
    SwContainerStats s = {0};
    uint64_t tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
    put(T, "cpu,cpuacct" GROUP "/cpuacct.usage", "7654321000\n");
    put(T, "cpu,cpuacct" GROUP "/cpuacct.stat", "user 500\nsystem 265\n");
    put(T, "cpu,cpuacct" GROUP "/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 345678\n");
    assert_int_equal(symlink("cpu,cpuacct", sw_path(T->a, T->root, "cpu")), 0);
    assert_int_equal(symlink("cpu,cpuacct", sw_path(T->a, T->root, "cpuacct")), 0);
    put(T, "memory" GROUP "/memory.usage_in_bytes", "12582912\n");
    put(T, "memory" GROUP "/memory.limit_in_bytes", "9223372036854771712\n");
    put(T, "memory" GROUP "/memory.max_usage_in_bytes", "20000000\n");
    put(T, "memory" GROUP "/memory.stat", "cache 1\ninactive_file 2\ntotal_inactive_file 3000000\n");
    put(T, "pids" GROUP "/pids.current", "3\n");
    put(T, "blkio" GROUP "/blkio.throttle.io_service_bytes",
        "254:0 Read 1048576\n254:0 Write 4096\n254:0 Sync 1\n254:0 Total 1052672\nTotal 1052672\n");
    assert_int_equal(sw_cgroup_stats(T->a, T->root, GROUP, &s, &T->err), 0);
    assert_int_equal(s.cpu_ns, 7654321000);
    assert_int_equal(s.cpu_user_ns, 500 * tick);
    assert_int_equal(s.cpu_system_ns, 265 * tick);
    assert_int_equal(s.throttled_ns, 345678);
    assert_int_equal(s.memory, 12582912 - 3000000);
    assert_int_equal(s.memory_limit, 0);
    assert_int_equal(s.memory_max_used, 20000000);
    assert_int_equal(s.pids, 3);
    assert_int_equal(s.blk_read, 1048576);
    assert_int_equal(s.blk_write, 4096);
    tree_free(T);
}

static void lack_of_memory_is_told_by_both_versions(void **state) {
    static const struct {
        const char *file, *text;
        bool killed;
    } cases[] = {
        {GROUP "/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 0\noom_group_kill 0\n", false},
        {GROUP "/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n", true},
        {"memory" GROUP "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", false},
        {"memory" GROUP "/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", true},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        Tree *T = tree_new();
        if (cases[i].file[0] == '/')
            put(T, "cgroup.controllers", controllers);
        put(T, cases[i].file, cases[i].text);
        assert_int_equal(sw_cgroup_oom_killed(T->root, GROUP), cases[i].killed);
        tree_free(T);
    }
}

static void swap_is_limited_where_the_kernel_counts_it(void **state) {
    Tree *T = tree_new();
    assert_false(sw_cgroup_limits_swap(T->root));
    put(T, "memory/memory.memsw.limit_in_bytes", "9223372036854771712\n");
    assert_true(sw_cgroup_limits_swap(T->root));
    tree_free(T);
    T = tree_new();
    put(T, "cgroup.controllers", controllers);
    assert_true(sw_cgroup_limits_swap(T->root));
    tree_free(T);
}

static pid_t sleeper(void) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

/* The files of a test's folder do not go by themselves as the kernel's do, so the group stays and
 * its end is given up: what counts is who was killed, and how. */
static void ending_kills_by_the_kernel_or_one_by_one(void **state) {
    for (int kernel = 0; kernel < 2; kernel++) {
        Tree *T = tree_new();
        pid_t child = sleeper();
        SwStr text;
        int status;
        put(T, "cgroup.controllers", controllers);
        put(T, GROUP "/inner/cgroup.procs", sw_strf(T->a, "%d\n", (int)child).p);
        if (kernel)
            put(T, GROUP "/cgroup.kill", "");
        sw_cgroup_end(T->root, GROUP, 0);
        assert_int_equal(waitpid(child, &status, kernel ? WNOHANG : 0), kernel ? 0 : child);
        if (kernel) {
            assert_int_equal(sw_file_read(T->a, sw_path(T->a, T->root, GROUP "/cgroup.kill"), 64, &text, &T->err), 0);
            assert_int_equal(text.p[0], '1');
            kill(child, SIGKILL);
            assert_int_equal(waitpid(child, &status, 0), child);
        }
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        tree_free(T);
    }
}

static void ending_removes_a_group_and_those_below(void **state) {
    Tree *T = tree_new();
    put(T, "cgroup.controllers", controllers);
    assert_int_equal(sw_mkdirs(sw_path(T->a, T->root, GROUP "/a/b"), 0755, &T->err), 0);
    sw_cgroup_end(T->root, "/slipway-t1", 1000);
    assert_false(sw_cgroup_exists(T->root, "/slipway-t1"));
    tree_free(T);
    T = tree_new();
    assert_int_equal(sw_mkdirs(sw_path(T->a, T->root, "memory" GROUP "/a"), 0755, &T->err), 0);
    assert_int_equal(sw_mkdirs(sw_path(T->a, T->root, "pids" GROUP), 0755, &T->err), 0);
    sw_cgroup_end(T->root, "/slipway-t1", 1000);
    assert_false(sw_cgroup_exists(T->root, "/slipway-t1"));
    tree_free(T);
}

static void freezing_is_a_word_to_each_version(void **state) {
    static const char *const files[] = {GROUP "/cgroup.freeze", "freezer" GROUP "/freezer.state"};
    static const char *const words[][2] = {{"1", "0"}, {"FROZEN", "THAWED"}};
    for (int v1 = 0; v1 <= 1; v1++) {
        Tree *T = tree_new();
        SwStr text;
        if (!v1)
            put(T, "cgroup.controllers", controllers);
        assert_int_equal(sw_cgroup_freeze(T->root, GROUP, true, &T->err), -1); /* there is no such group */
        put(T, files[v1], "");
        for (int thaw = 0; thaw <= 1; thaw++) {
            assert_int_equal(sw_cgroup_freeze(T->root, GROUP, !thaw, &T->err), 0);
            assert_int_equal(sw_file_read(T->a, sw_path(T->a, T->root, files[v1]), 64, &text, &T->err), 0);
            assert_true(sw_str_eqz(text, words[v1][thaw]));
        }
        tree_free(T);
    }
}

/* Version 1 leaves what is frozen alive. */
static void ending_thaws(void **state) {
    Tree *T = tree_new();
    SwStr text;
    put(T, "freezer" GROUP "/freezer.state", "FROZEN");
    sw_cgroup_end(T->root, "/slipway-t1", 0);
    assert_int_equal(sw_file_read(T->a, sw_path(T->a, T->root, "freezer" GROUP "/freezer.state"), 64, &text, &T->err), 0);
    assert_true(sw_str_eqz(text, "THAWED"));
    tree_free(T);
}

int main(void) {
    const struct CMUnitTest t[] = {
        cmocka_unit_test(v2_figures_are_read),
        cmocka_unit_test(v2_figures_that_are_not_there_are_none),
        cmocka_unit_test(v1_figures_are_read_from_each_tree),
        cmocka_unit_test(lack_of_memory_is_told_by_both_versions),
        cmocka_unit_test(swap_is_limited_where_the_kernel_counts_it),
        cmocka_unit_test(ending_kills_by_the_kernel_or_one_by_one),
        cmocka_unit_test(ending_removes_a_group_and_those_below),
        cmocka_unit_test(freezing_is_a_word_to_each_version),
        cmocka_unit_test(ending_thaws),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
