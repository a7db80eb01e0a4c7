/* SPDX-License-Identifier: Apache-2.0 */

/* The driver `oci`: runc under conmon. See box.c for the files, start.c for the way from CREATED
 * to RUNNING. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/id.h"
#include "base/thread.h"
#include "container/room.h"

const SwErrorKind SW_CONTAINER_NOT_FOUND = {.code = "ContainerNotFound", .http = 404};
const SwErrorKind SW_CONTAINER_NOT_RUNNING = {.code = "ContainerNotRunning", .http = 409};
const SwErrorKind SW_CONTAINER_PORT_IN_USE = {.code = "PortInUse", .http = 409};

static int not_found(SwError *err, SwStr id) {
    return sw_fail(err, &SW_CONTAINER_NOT_FOUND, "No such container: %.*s", SW_FMT(id));
}

static int not_running(SwError *err, SwStr id) {
    return sw_fail(err, &SW_CONTAINER_NOT_RUNNING, "Container %.*s is not running", SW_FMT(id));
}

/* ---- create ---- */

static SwStr keep(SwBox *b, SwStr s) {
    return s.n ? sw_str_dup(b->arena, s) : SW_NO_STR;
}

static void remember(SwRuntime *rt, SwBox *b, const SwContainerSpec *s) {
    b->tag = keep(b, s->tag);
    b->net_id = s->net_mode == SW_NET_JOIN ? keep(b, s->net_id) : SW_NO_STR;
    b->stop_signal = keep(b, s->stop_signal.n || !s->image ? s->stop_signal : s->image->stop_signal);
    b->user = keep(b, s->user.n || !s->image ? s->user : s->image->user);
    b->host_root = s->image == NULL;
    b->tty = s->tty;
    b->privileged = s->privileged;
    b->can_unmount = sw_container_can_unmount(s->privileged, &s->cap_add);
    for (size_t i = 0; i < s->n_mounts; i++)
        if (s->mounts[i].foreign)
            sw_str_list_add(b->arena, &b->foreign, sw_str_dup(b->arena, s->mounts[i].source));
    b->log_max = s->log_max;
    b->created_at = sw_clock_now(rt->o.clock);
    for (size_t i = 0; s->image && i < s->image->diff_ids.n; i++)
        sw_str_list_add(b->arena, &b->diff_ids, sw_str_dup(b->arena, s->image->diff_ids.v[i]));
}

static int write_new(SwRuntime *rt, SwBox *b, const SwContainerSpec *s, SwError *err) {
    if (sw_exists(b->dir) && sw_rm_tree(b->dir, err) < 0)
        return -1;
    if (sw_mkdirs(b->dir, 0700, err) < 0)
        return -1;
    SwValue config = sw_oci_config(rt, b->arena, s, b->dir, err);
    if (config.kind == SW_VNULL ||
        sw_file_write(sw_path(b->arena, b->dir, "base.json"), sw_json_text(b->arena, &config), 0600, err) < 0)
        return -1;
    SW_CRASH_POINT("container.creating");
    return sw_box_save(rt, b, err);
}

static int oci_create(void *self, const SwContainerSpec *s, SwError *err) {
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, s->id);
    SwError ignored = sw_error(err->arena);

    if (b)
        return 0;
    b = sw_box_new(rt, s->id);
    remember(rt, b, s);
    if (write_new(rt, b, s, err) < 0) {
        if (sw_rm_tree(b->dir, &ignored) < 0) /* what stays has no meta.json and goes at the next opening */
            sw_log(SW_WARN, "container folder not removed", SW_F("container", b->id), SW_F("cause", ignored.cause));
        return -1;
    }
    SW_CRASH_POINT("container.created");
    b = sw_box_link(rt, b);
    sw_watch_box(rt, b);
    return 0;
}

/* ---- state ---- */

static int oci_start(void *self, SwStr id, SwError *err) {
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);

    if (!b)
        return not_found(err, id);
    _sw_lock_ pthread_mutex_t *held = sw_lock(&b->lock);
    return sw_box_start(rt, b, err);
}

static bool oci_find(void *self, SwArena *a, SwStr id, SwContainerInfo *ret) {
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);

    if (!b)
        return false;
    (void)sw_box_check_exit(rt, b, false);
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->lock);
    *ret = (SwContainerInfo){.id = sw_str_dup(a, sw_str(b->id)),
                             .tag = sw_str_dup(a, b->tag),
                             .net_id = sw_str_dup(a, b->net_id),
                             .state = b->ended ? SW_CONTAINER_EXITED
                                      : b->pid ? SW_CONTAINER_RUNNING
                                               : SW_CONTAINER_CREATED,
                             .pid = b->ended ? 0 : b->pid,
                             .exit_code = b->ended ? b->exit_code : 0,
                             .oom_killed = b->oom,
                             .created_at = b->created_at,
                             .started_at = b->started_at,
                             .finished_at = b->finished_at,
                             .log_path = sw_strf(a, "%s/log", b->dir).p};
    sw_unlock(&held); /* before the box goes, which takes it */
    return true;
}

static int send_signal(SwBox *b, int signal, SwError *err) {
    /* the descriptor is taken before the look at its start time, so that the number cannot be
     * another's by then */
    _sw_close_ int fd = b->pid > 0 ? (int)syscall(SYS_pidfd_open, b->pid, 0) : -1;

    if (fd < 0 || !sw_box_alive(b))
        return not_running(err, sw_str(b->id));
    if (syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0)
        return errno == ESRCH ? not_running(err, sw_str(b->id)) : sw_fail_errno(err, errno, "signal container %s", b->id);
    return 0;
}

static int oci_signal(void *self, SwStr id, int signal, SwError *err) {
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);

    return b ? send_signal(b, signal, err) : not_found(err, id);
}

static int signal_number(SwStr s) {
    int64_t n;

    if (!s.n)
        return SIGTERM;
    if (sw_str_to_i64(s, &n))
        return n > 0 && n < 65 ? (int)n : 0;
    if (sw_str_starts(s, SW_STR("SIG")))
        s = sw_str_skip(s, 3);
    for (int i = 1; i < 32; i++)
        if (sigabbrev_np(i) && sw_str_eqz(s, sigabbrev_np(i)))
            return i;
    if (sw_str_starts(s, SW_STR("RTMIN+")) && sw_str_to_i64(sw_str_skip(s, 6), &n) && n >= 0 && n <= 30)
        return 34 + (int)n;
    return 0;
}

static int stop_box(SwRuntime *rt, SwBox *b, int grace_ms, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    struct timespec now;

    (void)sw_box_check_exit(rt, b, false);
    if (b->ended || b->pid == 0)
        return 0;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t at = (int64_t)now.tv_sec * SW_S + now.tv_nsec + (int64_t)SW_MAX(grace_ms, 0) * SW_MS;
    pthread_mutex_lock(&rt->lock);
    bool again = b->kill_at_ns != 0 && b->kill_at_ns <= at;
    if (!again)
        b->kill_at_ns = at;
    pthread_mutex_unlock(&rt->lock);
    if (!again && sw_file_write(sw_path(a, b->dir, "kill_at"), sw_strf(a, "%lld", (long long)at), 0600, err) < 0)
        return -1;
    SW_CRASH_POINT("container.stopping");
    if (!again && send_signal(b, grace_ms <= 0 ? SIGKILL : signal_number(b->stop_signal), err) < 0) {
        if (!sw_error_is(err, &SW_CONTAINER_NOT_RUNNING))
            return -1;
        sw_error_reset(err);
    }
    sw_watch_wake(rt);
    return 0;
}

static int oci_stop(void *self, SwStr id, int grace_ms, SwError *err) {
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);

    if (!b)
        return 0;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&b->lock);
    return stop_box(rt, b, grace_ms, err);
}

/* Waits, at most five seconds, for conmon to write the code of a process that was killed. */
static void await_end(SwRuntime *rt, SwBox *b) {
    SwContainerInfo info;
    _sw_arena_ SwArena *a = sw_arena_new(0);

    (void)sw_container_wait(rt, a, sw_str(b->id), 5000, &info); /* wiped anyway */
}

static int delete_box(SwRuntime *rt, SwBox *b, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError ignored = sw_error(a);

    if (b->pid && !b->ended) {
        if (send_signal(b, SIGKILL, &ignored) == 0)
            await_end(rt, b);
        (void)sw_box_check_exit(rt, b, false);
    }
    (void)unlink(sw_path(a, b->dir, "meta.json"));
    SW_CRASH_POINT("container.deleting");
    if (!b->ended && (b->pid || sw_exists(sw_path(a, b->dir, "starting"))))
        sw_box_wipe(rt, b->id);
    pthread_mutex_lock(&b->end_lock); /* the watcher may be at it */
    sw_box_reap(b);
    pthread_mutex_unlock(&b->end_lock);
    (void)unlink(sw_path(a, rt->exits, b->id));
    (void)unlink(sw_path(a, rt->pids, b->id)); /* where the server was killed during the start */
    if (sw_rm_tree(b->dir, err) < 0)
        return -1;
    sw_box_unlink(rt, b);
    return 0;
}

static int oci_remove(void *self, SwStr id, SwError *err) {
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);

    if (!b)
        return 0;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&b->lock);
    return delete_box(rt, b, err);
}

/* ---- inside ---- */

static int open_root(SwBox *b, SwError *err) {
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/root", (int)b->pid);
    _sw_close_ int fd = b->pid > 0 && !b->ended ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    return fd < 0 || !sw_box_alive(b) ? not_running(err, sw_str(b->id)) : SW_TAKE_FD(fd);
}

static int oci_open(void *self, SwStr id, const char *path, int flags, unsigned mode, SwError *err) {
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);

    if (!b)
        return not_found(err, id);
    _sw_close_ int root = open_root(b, err);
    if (root < 0)
        return -1;
    int fd = sw_open_in_root(root, path, flags, mode);
    return fd < 0 ? sw_fail_errno(err, errno, "open %s in container %.*s", path, SW_FMT(id)) : fd;
}

static int exec_argv(SwRuntime *rt, SwArena *a, SwBox *b, const SwExec *x, SwStrList *v, SwError *err) {
    uint32_t uid, gid;
    SwStrList more;
    SwStr home;

    const char *const head[] = {sw_runc(rt, a), "--root", rt->runc, "exec"};
    for (size_t i = 0; i < SW_N(head); i++)
        sw_str_list_add(a, v, sw_str(head[i]));
    if (x->tty)
        sw_str_list_add(a, v, SW_STR("--tty"));
    if (x->cwd.n) {
        sw_str_list_add(a, v, SW_STR("--cwd"));
        sw_str_list_add(a, v, x->cwd);
    }
    if (x->user.n) {
        _sw_close_ int root = open_root(b, err);
        if (root < 0 || sw_oci_user(a, root, x->user, &uid, &gid, &more, &home, err) < 0)
            return -1;
        sw_str_list_add(a, v, SW_STR("--user"));
        sw_str_list_add(a, v, sw_strf(a, "%u:%u", uid, gid));
        for (size_t i = 0; i < more.n; i++) {
            sw_str_list_add(a, v, SW_STR("--additional-gids"));
            sw_str_list_add(a, v, more.v[i]);
        }
    }
    for (size_t i = 0; i < x->env.n; i++) {
        sw_str_list_add(a, v, SW_STR("--env"));
        sw_str_list_add(a, v, x->env.v[i]);
    }
    sw_str_list_add(a, v, sw_str(b->id));
    for (size_t i = 0; i < x->args.n; i++)
        sw_str_list_add(a, v, x->args.v[i]);
    return 0;
}

static int oci_exec_start(void *self, SwStr id, const SwExec *x, int in, int out, int err_fd, pid_t *ret_pid, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);
    SwStrList v = {0};

    if (!b)
        return not_found(err, id);
    bool runs = b->released && !b->ended && sw_box_alive(b);
    if ((!runs ? not_running(err, id) : exec_argv(rt, a, b, x, &v, err)) < 0)
        return -1;
    const char **argv = sw_new_n(a, const char *, v.n + 1);
    for (size_t i = 0; i < v.n; i++)
        argv[i] = sw_str_z(a, sw_str_dup(a, v.v[i]));
    SwProcOpts o = {.argv = argv, .in = in, .out = out, .err = err_fd, .new_session = !x->tty};
    return sw_proc_spawn(&o, ret_pid, err);
}

/* Its cgroup, of one that runs. */
static int running_group(SwRuntime *rt, const SwBox *b, SwStr id, char ret[static 128], SwError *err) {
    if (!b)
        return not_found(err, id);
    sw_box_group(rt, b, ret);
    return b->ended || !b->pid ? not_running(err, id) : 0;
}

static int oci_freeze(void *self, SwStr id, bool frozen, SwError *err) {
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);
    char group[128];

    return running_group(rt, b, id, group, err) < 0 ? -1 : sw_cgroup_freeze(SW_CGROUP_ROOT, group, frozen, err);
}

static int oci_stats(void *self, SwStr id, SwContainerStats *ret, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwRuntime *rt = self;
    _sw_box_ SwBox *b = sw_box_find(rt, id);
    char group[128];

    *ret = (SwContainerStats){.read_at = sw_clock_now(rt->o.clock)};
    if (running_group(rt, b, id, group, err) < 0)
        return -1;
    int r = sw_cgroup_stats(a, SW_CGROUP_ROOT, group, ret, err);
    if (r == 0 && b->net_id.n)
        r = sw_net_stats(rt, b->net_id, &ret->net_rx, &ret->net_tx, err);
    return r;
}

const SwContainerDriver sw_container_driver_oci = {
    .name = "oci",
    .create = oci_create,
    .start = oci_start,
    .find = oci_find,
    .signal = oci_signal,
    .stop = oci_stop,
    .remove = oci_remove,
    .exec_start = oci_exec_start,
    .freeze = oci_freeze,
    .stats = oci_stats,
    .open = oci_open,
};
