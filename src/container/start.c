/* SPDX-License-Identifier: Apache-2.0 */

/* From CREATED to RUNNING, about the cost of `runc create`: one conmon, one runc, nothing else is
 * spawned.
 *
 *  1. write `starting`
 *  2. in a thread with a mount namespace of its own: mount the root, write config.json, spawn
 *     conmon, which runs `runc create` and answers the process's number on a pipe. The namespace
 *     lives on in conmon and dies with it.
 *  3. write `init`, once the process's number is in runc's file of it (in /run, since runc syncs it):
 *     that is the last act of `runc create`, and neither its end nor conmon's answer is waited for
 *  4. release: runc's init waits on exec.fifo for a reader (what `runc start` does, without a
 *     third run of runc); then take conmon's answer
 *  Crash before 3: nothing of the container's own ran; opening wipes it and start begins anew.
 *  Crash before 4: `init` is there and exec.fifo too: start, or opening, releases.
 *  Crash in 4: the fifo may be there although the program runs; its process's name tells. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "container/room.h"
#include "base/thread.h"

typedef struct Launch {
    SwRuntime *rt;
    SwBox *b;
    SwArena *a;
    SwError *err;
    int sync_fd, netns_fd, pid_watch, result;
    bool answer_due; /* conmon has not answered yet */
} Launch;

/* Namespaces of others, pinned by our copy of the mount table, would outlive their removal. */
static void drop_namespace_mounts(SwArena *a) {
    SwError err = sw_error(a);
    SwStr text, line;

    if (sw_file_read(a, "/proc/thread-self/mountinfo", SW_FILE_MAX, &text, &err) < 0)
        return;
    while (sw_str_next(&text, '\n', &line)) {
        SwStrList f = sw_str_split(a, line, ' ');
        if (f.n > 6 && sw_str_contains(line, SW_STR(" - nsfs ")))
            (void)umount2(sw_str_z(a, sw_str_dup(a, f.v[4])), MNT_DETACH);
    }
}

/* The layers by links of one to three characters, so that 127 of them fit the page that mount(2)
 * reads. */
static int mount_layers(Launch *l, const char *rootfs) {
    SwBox *b = l->b;
    SwArena *a = l->a;
    SwBuf lower = sw_buf(a, SW_MIB);
    const char *links = sw_path(a, b->dir, "l");

    /* unshare gave this thread a working directory of its own */
    if (sw_mkdirs(links, 0700, l->err) < 0 || chdir(links) < 0)
        return l->err->kind ? -1 : sw_fail_errno(l->err, errno, "enter %s", links);
    for (size_t i = b->diff_ids.n; i-- > 0;) { /* overlayfs: highest first */
        SwStr hex = sw_str_skip(b->diff_ids.v[i], 7);
        const char *name = sw_strf(a, "%zu", i).p;
        if (symlink(sw_strf(a, "%s/%.*s", l->rt->layers, SW_FMT(hex)).p, name) < 0 && errno != EEXIST)
            return sw_fail_errno(l->err, errno, "link layer %zu", i);
        sw_buf_addf(&lower, "%s%s", lower.n ? ":" : "", name);
    }
    if (lower.n == 0) {
        if (mkdir("none", 0755) < 0 && errno != EEXIST)
            return sw_fail_errno(l->err, errno, "make an empty layer");
        sw_buf_addz(&lower, "none");
    }
    return sw_overlay_mount(a, lower.p, sw_path(a, b->dir, "upper"), sw_path(a, b->dir, "work"), rootfs, l->err);
}

static int write_config(Launch *l, const char *rootfs) {
    SwStr text;
    SwValue c;
    SwBox *b = l->b;
    _sw_close_ int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root < 0)
        return sw_fail_errno(l->err, errno, "open %s", rootfs);
    if (sw_file_read(l->a, sw_path(l->a, b->dir, "base.json"), SW_FILE_MAX, &text, l->err) < 0 ||
        sw_json_parse(l->a, text, &c, l->err) < 0 || sw_oci_set_user(l->a, &c, root, b->user, l->err) < 0)
        return -1;
    SwValue *ns = sw_oci_member(sw_oci_member(&c, "linux"), "namespaces");
    for (size_t i = 0; ns && b->net_id.n && i < ns->n; i++)
        if (sw_str_eqz(sw_value_str(sw_value_getz(&ns->v[i], "type")), "network"))
            sw_value_sets(l->a, &ns->v[i], "path", sw_strf(l->a, "/proc/%d/fd/%d", (int)getpid(), l->netns_fd));
    return sw_file_write(sw_path(l->a, b->dir, "config.json"), sw_json_text(l->a, &c), 0600, l->err);
}

static int mount_foreign(Launch *l) {
    const SwBox *b = l->b;
    const char *dir = sw_path(l->a, b->dir, "mounts");

    if (b->foreign.n && sw_mkdirs(dir, 0700, l->err) < 0)
        return -1;
    for (size_t i = 0; i < b->foreign.n; i++)
        if (sw_guard_mount(l->rt, l->a, sw_str_z(l->a, b->foreign.v[i]), sw_strf(l->a, "%s/%zu", dir, i).p, b->can_unmount,
                           l->err) < 0)
            return -1;
    return 0;
}

/* It waits for a byte in `gate` before it does anything: its own start, a third of what comes before runc, goes on beside
 * the mounts and the configuration. */
static int spawn_conmon(Launch *l, int pipe_out, int gate) {
    SwRuntime *rt = l->rt;
    SwBox *b = l->b;
    SwArena *a = l->a;
    const char *argv[40];
    size_t n = 0;
    const char *log = sw_strf(a, "k8s-file:%s/log", b->dir).p;
    const char *pidfile = sw_path(a, rt->pids, b->id);
    /* clang-format off */
    const char *const fixed[] = {
        rt->conmon_bin, "--api-version", "1", "-c", b->id, "-u", b->id, "-n", b->id,
        "-r", sw_runc(rt, a), "--runtime-arg", "--root", "--runtime-arg", rt->runc,
        "--sync", "-b", b->dir, "-p", pidfile, "--exit-dir", rt->exits, "--persist-dir", b->dir,
        "--full-attach", "--log-level", "error", "-l", log};
    /* clang-format on */
    char *const env[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, (char[]){"_OCI_SYNCPIPE=3"},
                         (char[]){"_OCI_STARTPIPE=4"}, NULL};
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t at;
    sigset_t none, all;
    int e;

    for (; n < SW_N(fixed); n++)
        argv[n] = fixed[n];
    if (b->log_max) {
        argv[n++] = "--log-size-max";
        argv[n++] = sw_strf(a, "%llu", (unsigned long long)b->log_max).p;
    }
    if (b->tty)
        argv[n++] = "-t";
    argv[n] = NULL;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addchdir_np(&fa, b->dir); /* where the kernel ends something it leaves a file there too */
    posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&fa, 0, 1);
    posix_spawn_file_actions_adddup2(&fa, 0, 2);
    posix_spawn_file_actions_adddup2(&fa, pipe_out, 3);
    posix_spawn_file_actions_adddup2(&fa, gate, 4);
    /* its own answer's other end, so that the answer can be given when we are dead: it would end over that */
    posix_spawn_file_actions_adddup2(&fa, l->sync_fd, 5);
    posix_spawnattr_init(&at);
    posix_spawnattr_setsigmask(&at, &none);
    posix_spawnattr_setsigdefault(&at, &all);
    posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    e = posix_spawn(&b->conmon, rt->conmon_bin, &fa, &at, (char *const *)(uintptr_t)argv, env);
    posix_spawnattr_destroy(&at);
    posix_spawn_file_actions_destroy(&fa);
    if (e)
        return sw_fail_errno(l->err, e, "run %s", rt->conmon_bin);
    return sw_file_write(sw_path(a, b->dir, "conmon.pid"), sw_strf(a, "%d", (int)b->conmon), 0600, l->err);
}

/* The network is joined through our descriptor: its mount is not in the container's mount namespace. */
static int open_network(Launch *l) {
    SwStr id = l->b->net_id;

    if (id.n && (l->netns_fd = open(sw_strf(l->a, "%s/%.*s", l->rt->netns, SW_FMT(id)).p, O_RDONLY | O_CLOEXEC)) < 0)
        return sw_fail_cause(l->err, &SW_CONTAINER_START_FAILED, strerror(errno), "network %.*s is not there", SW_FMT(id));
    return 0;
}

/* Of numbers from 10: a child's dup2 onto itself would keep close-on-exec. */
static int make_pipe(Launch *l, int *ret_read, int *ret_write) {
    int p[2];

    if (pipe2(p, O_CLOEXEC) < 0)
        return sw_fail_errno(l->err, errno, "make a pipe");
    *ret_read = fcntl(p[0], F_DUPFD_CLOEXEC, 10);
    *ret_write = fcntl(p[1], F_DUPFD_CLOEXEC, 10);
    close(p[0]);
    close(p[1]);
    return *ret_read < 0 || *ret_write < 0 ? sw_fail_errno(l->err, errno, "make a pipe") : 0;
}

/* What runc will find. The network's mount is among those that are dropped. */
static int prepare(Launch *l) {
    const char *rootfs = sw_path(l->a, l->b->dir, "rootfs");

    if (open_network(l) < 0)
        return -1;
    drop_namespace_mounts(l->a);
    if (sw_mkdirs(rootfs, 0755, l->err) < 0 || sw_mkdirs(l->rt->runc, 0700, l->err) < 0)
        return -1;
    int r = l->b->host_root ? sw_host_mount_root(l->a, l->b->dir, l->err) : mount_layers(l, rootfs);
    return r < 0 || mount_foreign(l) < 0 || write_config(l, rootfs) < 0 ? -1 : 0;
}

static int launch(Launch *l) {
    _sw_close_ int out = -1, gate = -1, gate_in = -1;

    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return sw_fail_errno(l->err, errno, "make a mount namespace");
    if (make_pipe(l, &l->sync_fd, &out) < 0 || make_pipe(l, &gate_in, &gate) < 0)
        return -1;
    if (spawn_conmon(l, out, gate_in) < 0 || prepare(l) < 0) {
        if (l->b->conmon)
            (void)kill(l->b->conmon, SIGKILL); /* it waits for the gate, and would go on when that is closed */
        sw_box_reap(l->b);
        return -1;
    }
    if (write(gate, "", 1) != 1)
        return sw_fail_errno(l->err, errno, "begin container %s", l->b->id);
    SW_CRASH_POINT("container.spawned");
    return 0;
}

static void launch_thread(void *arg) {
    Launch *l = arg;

    l->result = launch(l);
}

/* conmon's answer: {"data": PID} or {"data": -1, "message": "..."}, one line. */
static int read_answer(Launch *l, pid_t *ret_pid) {
    SwBuf text = sw_buf(l->a, 64 * SW_KIB);
    char part[4096];
    ssize_t n;
    SwValue v;
    int64_t pid = -1;

    while (!memchr(text.p ? text.p : "", '\n', text.n)) {
        struct pollfd p = {.fd = l->sync_fd, .events = POLLIN};
        if (poll(&p, 1, 60000) != 1)
            return sw_fail_errno(l->err, ETIMEDOUT, "wait for the container's supervisor");
        if ((n = read(l->sync_fd, part, sizeof(part))) <= 0)
            break;
        sw_buf_add(&text, part, (size_t)n);
    }
    if (sw_json_parse(l->a, sw_str_trim(sw_buf_str(&text)), &v, l->err) < 0) {
        sw_error_reset(l->err);
        return sw_fail_cause(l->err, &SW_INTERNAL_FAILURE, sw_buf_str(&text).p, "the container's supervisor gave no answer");
    }
    (void)sw_value_i64(sw_value_getz(&v, "data"), &pid);
    if (pid <= 0) {
        SwStr m = sw_str_or(sw_str_trim(sw_value_str(sw_value_getz(&v, "message"))), SW_STR("runc create failed"));
        return sw_fail(l->err, &SW_CONTAINER_START_FAILED, "%.*s", SW_FMT(m));
    }
    *ret_pid = (pid_t)pid;
    return 0;
}

/* runc renames the file to its name when it has all of the number in it. */
static bool read_pid_file(Launch *l, pid_t *ret_pid) {
    SwError ignored = sw_error(l->a);
    SwStr text;
    int64_t pid = 0;

    if (sw_file_read(l->a, sw_path(l->a, l->rt->pids, l->b->id), 32, &text, &ignored) < 0 ||
        !sw_str_to_i64(sw_str_trim(text), &pid) || pid <= 0)
        return false;
    *ret_pid = (pid_t)pid;
    return true;
}

/* From runc's file, or where that does not come from conmon, which then says why. */
static int await_pid(Launch *l, pid_t *ret_pid) {
    struct pollfd p[2] = {{.fd = l->pid_watch, .events = POLLIN}, {.fd = l->sync_fd, .events = POLLIN}};
    char events[4096];

    while (!read_pid_file(l, ret_pid)) {
        if (poll(p, 2, 60000) < 1)
            return sw_fail_errno(l->err, ETIMEDOUT, "wait for the container's supervisor");
        if (p[1].revents)
            return read_answer(l, ret_pid);
        if (read(l->pid_watch, events, sizeof(events)) < 0 && errno != EAGAIN)
            return sw_fail_errno(l->err, errno, "watch %s", l->rt->pids);
    }
    l->answer_due = true;
    return 0;
}

/* Whether the container's process is still runc's init, and not yet the program. */
static bool is_init(const SwBox *b) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError ignored = sw_error(a);
    SwStr name;
    return sw_file_read(a, sw_strf(a, "/proc/%d/comm", (int)b->pid).p, 64, &name, &ignored) == 0 &&
           sw_str_starts(name, SW_STR("runc:["));
}

/* runc's init blocks in open(2) of exec.fifo for writing; reading its byte lets it exec the
 * program. Who crashed after that may have left the fifo: then nobody will ever write to it. */
static int release(SwRuntime *rt, SwBox *b, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const char *fifo = sw_strf(a, "%s/%s/exec.fifo", rt->runc, b->id).p;
    char byte;

    _sw_close_ int fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : sw_fail_errno(err, errno, "open %s", fifo); /* released already */
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) == 1 && read(fd, &byte, 1) == 1)
            break;
        if (!sw_box_alive(b))
            return 0; /* it died before it ran: its exit code tells */
        if (!is_init(b))
            break;
    }
    SW_CRASH_POINT("container.released");
    return unlink(fifo) < 0 && errno != ENOENT ? sw_fail_errno(err, errno, "remove %s", fifo) : 0;
}

static int record(SwRuntime *rt, SwBox *b, SwArena *a, pid_t pid, SwError *err) {
    uint64_t start = sw_proc_start_time(pid);
    SwTime now = sw_clock_now(rt->o.clock);
    SwStr text = sw_strf(a, "%d %llu %lld", (int)pid, (unsigned long long)start, (long long)now);

    SW_CRASH_POINT("container.launched");
    if (sw_file_write(sw_path(a, b->dir, "init"), text, 0600, err) < 0)
        return -1;
    pthread_mutex_lock(&rt->lock);
    b->pid = pid;
    b->pid_start = start;
    b->started_at = now;
    pthread_mutex_unlock(&rt->lock);
    SW_CRASH_POINT("container.recorded");
    return 0;
}

/* Up to the release, and its own: conmon ends if nobody takes its answer. */
static int start_anew(SwRuntime *rt, SwBox *b, SwArena *a, SwError *err) {
    const char *starting = sw_path(a, b->dir, "starting");
    Launch l = {.rt = rt, .b = b, .a = a, .err = err, .sync_fd = -1, .netns_fd = -1, .result = -1};
    pid_t pid = 0, same = 0;

    if (sw_exists(starting))
        sw_box_wipe(rt, b->id);
    if (sw_file_write(starting, SW_STR(""), 0600, err) < 0)
        return -1;
    _sw_close_ int watch = l.pid_watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (sw_mkdirs(rt->pids, 0700, err) < 0)
        return -1;
    if (watch < 0 || inotify_add_watch(watch, rt->pids, IN_MOVED_TO | IN_ONLYDIR) < 0)
        return sw_fail_errno(err, errno, "watch %s", rt->pids);
    int e = sw_thread_run(launch_thread, &l);
    if (e)
        return sw_fail_errno(err, e, "start a thread");
    _sw_close_ int sync_fd = l.sync_fd, netns_fd = l.netns_fd;
    (void)sync_fd, (void)netns_fd; /* closed at the end of the scope */
    if (l.result < 0 || await_pid(&l, &pid) < 0 || record(rt, b, a, pid, err) < 0) {
        sw_box_wipe(rt, b->id);
        sw_box_reap(b);
        return -1;
    }
    int r = release(rt, b, err);
    SwError unheard = sw_error(a);
    l.err = &unheard;
    if (l.answer_due && read_answer(&l, &same) < 0) /* it runs: its end will be seen without conmon too */
        sw_log(SW_WARN, "container's supervisor not heard", SW_F("container", b->id), SW_F("message", unheard.message));
    (void)unlink(sw_path(a, rt->pids, b->id)); /* conmon has read it too */
    return r;
}

int sw_box_start(SwRuntime *rt, SwBox *b, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);

    (void)sw_box_check_exit(rt, b, false);
    if (b->ended)
        return 0;
    if ((b->pid == 0 ? start_anew(rt, b, a, err) : release(rt, b, err)) < 0)
        return -1;
    b->released = true;
    SW_CRASH_POINT("container.started");
    return 0;
}
