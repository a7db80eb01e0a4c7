/* SPDX-License-Identifier: Apache-2.0 */

/* Cgroups as files, v1 (one tree a controller) and v2 (one tree). runc makes a container's
 * groups; Slipway reads their figures, ends what runs in them and removes them, which is cheaper
 * than another run of runc. See the kernel's admin-guide/cgroup-v1 and admin-guide/cgroup-v2.rst.
 *
 * `root` is where cgroups are mounted (SW_CGROUP_ROOT; tests have their own), `group` a path from
 * the root of each tree: "/slipway-<instance>/<id>". */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "container/room.h"

static bool is_v2(const char *root) {
    char path[4096];

    return snprintf(path, sizeof(path), "%s/cgroup.controllers", root) < (int)sizeof(path) && access(path, F_OK) == 0;
}

/* fn(path of the group in one tree); every tree that has it. */
static void each_tree(const char *root, const char *group, void (*fn)(void *, const char *), void *arg) {
    char path[4096];
    struct stat st;
    const struct dirent *e;

    if (is_v2(root)) {
        snprintf(path, sizeof(path), "%s%s", root, group);
        if (stat(path, &st) == 0)
            fn(arg, path);
        return;
    }
    _sw_dir_ DIR *d = opendir(root);
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", root, e->d_name);
        /* "cpu,cpuacct" has links beside it */
        if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
            continue;
        snprintf(path, sizeof(path), "%s/%s%s", root, e->d_name, group);
        if (stat(path, &st) == 0)
            fn(arg, path);
    }
}

/* A group's folder as one reader sees it: v2 has one for all controllers. */
typedef struct Reader {
    SwArena *a;
    const char *root, *group;
    bool v2;
} Reader;

static SwStr read_at(const Reader *r, const char *controller, const char *file) {
    SwError err = sw_error(r->a);
    SwStr s = SW_NO_STR;
    const char *path = r->v2 ? sw_strf(r->a, "%s%s/%s", r->root, r->group, file).p
                             : sw_strf(r->a, "%s/%s%s/%s", r->root, controller, r->group, file).p;

    return sw_file_read(r->a, path, 256 * SW_KIB, &s, &err) == 0 ? s : SW_NO_STR;
}

/* "max" and absent are 0. */
static uint64_t number(const Reader *r, const char *controller, const char *file) {
    uint64_t v = 0;

    (void)sw_str_to_u64(sw_str_trim(read_at(r, controller, file)), &v);
    return v;
}

/* The number behind `key ` at the start of a line. */
static uint64_t field(SwStr text, const char *key) {
    SwStr line, word;
    uint64_t v = 0;

    while (sw_str_next(&text, '\n', &line))
        if (sw_str_cut(&line, ' ', &word) && sw_str_eqz(word, key) && sw_str_to_u64(sw_str_trim(line), &v))
            return v;
    return 0;
}

static void block_v1(SwStr text, SwContainerStats *ret) {
    SwStr line, dev, op;
    uint64_t v;

    while (sw_str_next(&text, '\n', &line)) {
        if (!sw_str_cut(&line, ' ', &dev) || !sw_str_cut(&line, ' ', &op) || !sw_str_to_u64(sw_str_trim(line), &v))
            continue;
        if (sw_str_eqz(op, "Read"))
            ret->blk_read += v;
        else if (sw_str_eqz(op, "Write"))
            ret->blk_write += v;
    }
}

static void block_v2(SwStr text, SwContainerStats *ret) {
    SwStr line, word;
    uint64_t v;

    while (sw_str_next(&text, '\n', &line))
        while (sw_str_next(&line, ' ', &word)) {
            if (sw_str_starts(word, SW_STR("rbytes=")) && sw_str_to_u64(sw_str_skip(word, 7), &v))
                ret->blk_read += v;
            if (sw_str_starts(word, SW_STR("wbytes=")) && sw_str_to_u64(sw_str_skip(word, 7), &v))
                ret->blk_write += v;
        }
}

static void stats_v2(const Reader *r, SwContainerStats *s) {
    SwStr cpu = read_at(r, "", "cpu.stat");

    s->cpu_ns = field(cpu, "usage_usec") * 1000;
    s->cpu_user_ns = field(cpu, "user_usec") * 1000;
    s->cpu_system_ns = field(cpu, "system_usec") * 1000;
    s->throttled_ns = field(cpu, "throttled_usec") * 1000; /* there with the controller cpu */
    s->memory = number(r, "", "memory.current");
    s->memory_limit = number(r, "", "memory.max");
    s->memory_max_used = SW_MAX(number(r, "", "memory.peak"), s->memory); /* since Linux 5.19 */
    uint64_t idle = field(read_at(r, "", "memory.stat"), "inactive_file");
    s->memory -= SW_MIN(idle, s->memory);
    s->pids = number(r, "", "pids.current");
    block_v2(read_at(r, "", "io.stat"), s);
}

static void stats_v1(const Reader *r, SwContainerStats *s) {
    SwStr cpu = read_at(r, "cpuacct", "cpuacct.stat");
    uint64_t tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);

    s->cpu_ns = number(r, "cpuacct", "cpuacct.usage");
    s->cpu_user_ns = field(cpu, "user") * tick;
    s->cpu_system_ns = field(cpu, "system") * tick;
    s->throttled_ns = field(read_at(r, "cpu", "cpu.stat"), "throttled_time");
    s->memory = number(r, "memory", "memory.usage_in_bytes");
    s->memory_limit = number(r, "memory", "memory.limit_in_bytes");
    if (s->memory_limit >= (uint64_t)1 << 62)
        s->memory_limit = 0; /* the kernel's way to say none */
    s->memory_max_used = number(r, "memory", "memory.max_usage_in_bytes");
    uint64_t idle = field(read_at(r, "memory", "memory.stat"), "total_inactive_file");
    s->memory -= SW_MIN(idle, s->memory);
    s->pids = number(r, "pids", "pids.current");
    block_v1(read_at(r, "blkio", "blkio.throttle.io_service_bytes"), s);
}

int sw_cgroup_stats(SwArena *a, const char *root, const char *group, SwContainerStats *ret, SwError *err) {
    Reader r = {.a = a, .root = root, .group = group, .v2 = is_v2(root)};

    if (!sw_cgroup_exists(root, group))
        return sw_fail_errno(err, ENOENT, "cgroup %s", group);
    if (r.v2)
        stats_v2(&r, ret);
    else
        stats_v1(&r, ret);
    return 0;
}

bool sw_cgroup_oom_killed(const char *root, const char *group) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    Reader r = {.a = a, .root = root, .group = group, .v2 = is_v2(root)};

    return field(read_at(&r, "memory", r.v2 ? "memory.events" : "memory.oom_control"), "oom_kill") > 0;
}

/* v1: swap is counted only where the kernel was told to. v2: runc passes over what is not there. */
bool sw_cgroup_limits_swap(const char *root) {
    char path[4096];

    return is_v2(root) || (snprintf(path, sizeof(path), "%s/memory/memory.memsw.limit_in_bytes", root) < (int)sizeof(path) &&
                           access(path, F_OK) == 0);
}

static void found(void *arg, const char *path) {
    *(bool *)arg = true;
}

bool sw_cgroup_exists(const char *root, const char *group) {
    bool there = false;

    each_tree(root, group, found, &there);
    return there;
}

int sw_cgroup_freeze(const char *root, const char *group, bool frozen, SwError *err) {
    char path[4096];
    bool v2 = is_v2(root);
    const char *text = v2 ? (frozen ? "1" : "0") : frozen ? "FROZEN" : "THAWED";

    snprintf(path, sizeof(path), v2 ? "%s%s/cgroup.freeze" : "%s/freezer%s/freezer.state", root, group);
    _sw_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return sw_fail_errno(err, errno, "%s %s", frozen ? "freeze" : "thaw", path);
    return 0;
}

static void below(const char *path, void (*fn)(void *, const char *), void *arg) {
    char child[4096];
    const struct dirent *e;
    _sw_dir_ DIR *d = opendir(path);

    while (d && (e = readdir(d)))
        if (e->d_type == DT_DIR && e->d_name[0] != '.' &&
            snprintf(child, sizeof(child), "%s/%s", path, e->d_name) < (int)sizeof(child))
            fn(arg, child);
}

/* The kernel's own (v2, since Linux 5.14): all at once, so that no fork slips through, also of
 * threaded groups, whose processes cannot be listed. */
static bool kill_whole(const char *path) {
    char file[4200];

    snprintf(file, sizeof(file), "%s/cgroup.kill", path);
    _sw_close_ int fd = open(file, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, "1", 1) == 1;
}

/* v1: what is frozen dies only when it is thawed. */
static void thaw(const char *path) {
    char file[4200];

    snprintf(file, sizeof(file), "%s/freezer.state", path);
    _sw_close_ int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)!write(fd, "THAWED", 6);
}

static void kill_tree(void *arg, const char *path) {
    char file[4200], line[32];

    if (kill_whole(path))
        return;
    thaw(path);
    snprintf(file, sizeof(file), "%s/cgroup.procs", path);
    FILE *f = fopen(file, "re");
    while (f && fgets(line, sizeof(line), f)) {
        pid_t pid = (pid_t)strtol(line, NULL, 10);
        if (pid > 1 && pid != getpid())
            (void)kill(pid, SIGKILL); /* gone already: fine */
    }
    if (f)
        fclose(f);
    below(path, kill_tree, arg);
}

static void remove_tree(void *arg, const char *path) {
    below(path, remove_tree, arg);
    (void)rmdir(path); /* busy: shown by leftovers */
}

void sw_cgroup_end(const char *root, const char *group, int timeout_ms) {
    struct timespec step = {.tv_nsec = 5 * SW_MS};

    for (int64_t end = sw_monotonic_ns() + timeout_ms * SW_MS; sw_cgroup_exists(root, group);) {
        each_tree(root, group, kill_tree, NULL);
        each_tree(root, group, remove_tree, NULL);
        if (!sw_cgroup_exists(root, group) || sw_monotonic_ns() >= end)
            break;
        nanosleep(&step, NULL); /* the killed leave their group when they are reaped */
    }
}
