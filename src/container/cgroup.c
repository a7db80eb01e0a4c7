/* SPDX-License-Identifier: Apache-2.0 */

/* Cgroups as files, v1 (one tree a controller) and v2 (one tree). runc makes a container's
 * groups; Slipway reads their figures and removes them, which is cheaper than another run of
 * runc. `group` is a path from the root of each tree: "/slipway-<instance>/<id>". */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "container/room.h"

#define ROOT "/sys/fs/cgroup"

static bool is_v2(void) {
    return access(ROOT "/cgroup.controllers", F_OK) == 0;
}

/* fn(path of the group in one tree); every tree that has it. */
static void each_tree(const char *group, void (*fn)(void *, const char *), void *arg) {
    char path[4096];
    struct stat st;
    const struct dirent *e;

    if (is_v2()) {
        snprintf(path, sizeof(path), ROOT "%s", group);
        if (stat(path, &st) == 0)
            fn(arg, path);
        return;
    }
    DIR *d = opendir(ROOT);
    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), ROOT "/%s", e->d_name);
        /* "cpu,cpuacct" has links beside it */
        if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
            continue;
        snprintf(path, sizeof(path), ROOT "/%s%s", e->d_name, group);
        if (stat(path, &st) == 0)
            fn(arg, path);
    }
    if (d)
        closedir(d);
}

static SwStr read_at(SwArena *a, const char *controller, const char *group, const char *file) {
    SwError err = sw_error(a);
    SwStr s = SW_NO_STR;
    const char *path = is_v2() ? sw_strf(a, ROOT "%s/%s", group, file).p
                               : sw_strf(a, ROOT "/%s%s/%s", controller, group, file).p;

    return sw_file_read(a, path, 256 * SW_KIB, &s, &err) == 0 ? s : SW_NO_STR;
}

static uint64_t number(SwArena *a, const char *controller, const char *group, const char *file) {
    uint64_t v = 0;

    (void)sw_str_to_u64(sw_str_trim(read_at(a, controller, group, file)),
                        &v); /* "max" and absent are 0 */
    return v;
}

/* The number behind `key ` at the start of a line. */
static uint64_t field(SwStr text, const char *key) {
    SwStr line, word;
    uint64_t v = 0;

    while (sw_str_next(&text, '\n', &line))
        if (sw_str_cut(&line, ' ', &word) && sw_str_eqz(word, key) &&
            sw_str_to_u64(sw_str_trim(line), &v))
            return v;
    return 0;
}

static void block_v1(SwStr text, SwContainerStats *ret) {
    SwStr line, dev, op;
    uint64_t v;

    while (sw_str_next(&text, '\n', &line)) {
        if (!sw_str_cut(&line, ' ', &dev) || !sw_str_cut(&line, ' ', &op) ||
            !sw_str_to_u64(sw_str_trim(line), &v))
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

static void stats_v2(SwArena *a, const char *group, SwContainerStats *s) {
    SwStr cpu = read_at(a, "", group, "cpu.stat");

    s->cpu_ns = field(cpu, "usage_usec") * 1000;
    s->cpu_user_ns = field(cpu, "user_usec") * 1000;
    s->cpu_system_ns = field(cpu, "system_usec") * 1000;
    s->throttled_ns = field(cpu, "throttled_usec") * 1000;
    s->memory = number(a, "", group, "memory.current");
    s->memory_limit = number(a, "", group, "memory.max");
    s->memory_max_used = number(a, "", group, "memory.peak");
    uint64_t idle = field(read_at(a, "", group, "memory.stat"), "inactive_file");
    s->memory -= SW_MIN(idle, s->memory);
    s->pids = number(a, "", group, "pids.current");
    block_v2(read_at(a, "", group, "io.stat"), s);
}

static void stats_v1(SwArena *a, const char *group, SwContainerStats *s) {
    SwStr cpu = read_at(a, "cpuacct", group, "cpuacct.stat");
    uint64_t tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);

    s->cpu_ns = number(a, "cpuacct", group, "cpuacct.usage");
    s->cpu_user_ns = field(cpu, "user") * tick;
    s->cpu_system_ns = field(cpu, "system") * tick;
    s->throttled_ns = field(read_at(a, "cpu", group, "cpu.stat"), "throttled_time");
    s->memory = number(a, "memory", group, "memory.usage_in_bytes");
    s->memory_limit = number(a, "memory", group, "memory.limit_in_bytes");
    if (s->memory_limit >= (uint64_t)1 << 62)
        s->memory_limit = 0; /* the kernel's way to say none */
    s->memory_max_used = number(a, "memory", group, "memory.max_usage_in_bytes");
    uint64_t idle = field(read_at(a, "memory", group, "memory.stat"), "total_inactive_file");
    s->memory -= SW_MIN(idle, s->memory);
    s->pids = number(a, "pids", group, "pids.current");
    block_v1(read_at(a, "blkio", group, "blkio.throttle.io_service_bytes"), s);
}

int sw_cgroup_stats(SwArena *a, const char *group, SwContainerStats *ret, SwError *err) {
    if (!sw_cgroup_exists(group))
        return sw_fail_errno(err, ENOENT, "cgroup %s", group);
    if (is_v2())
        stats_v2(a, group, ret);
    else
        stats_v1(a, group, ret);
    return 0;
}

bool sw_cgroup_oom_killed(const char *group) {
    _sw_arena_ SwArena *a = sw_arena_new(0);

    return field(read_at(a, "memory", group, is_v2() ? "memory.events" : "memory.oom_control"),
                 "oom_kill") > 0;
}

static void found(void *arg, const char *path) {
    *(bool *)arg = true;
}

bool sw_cgroup_exists(const char *group) {
    bool there = false;

    each_tree(group, found, &there);
    return there;
}

static void below(const char *path, void (*fn)(void *, const char *), void *arg) {
    char child[4096];
    const struct dirent *e;
    DIR *d = opendir(path);

    while (d && (e = readdir(d)))
        if (e->d_type == DT_DIR && e->d_name[0] != '.' &&
            snprintf(child, sizeof(child), "%s/%s", path, e->d_name) < (int)sizeof(child))
            fn(arg, child);
    if (d)
        closedir(d);
}

static void kill_tree(void *arg, const char *path) {
    char file[4200], line[32];

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

void sw_cgroup_kill(const char *group) {
    each_tree(group, kill_tree, NULL);
}

static void remove_tree(void *arg, const char *path) {
    below(path, remove_tree, arg);
    (void)rmdir(path); /* busy: shown by leftovers */
}

void sw_cgroup_remove(const char *group) {
    each_tree(group, remove_tree, NULL);
}
