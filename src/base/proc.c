/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes by posix_spawn. Descriptors beyond 0, 1, 2 are close-on-exec everywhere in the house, so none leaks. */

#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/outside.h"
#include "base/time.h"

extern char **environ;

static void use_fd(posix_spawn_file_actions_t *fa, int fd, int as) {
    if (fd < 0)
        posix_spawn_file_actions_addopen(fa, as, "/dev/null", as == 0 ? O_RDONLY : O_WRONLY, 0);
    else
        posix_spawn_file_actions_adddup2(fa, fd, as);
}

#define BACKGROUND_NICE 15
#define IOPRIO_IDLEST   (2 << 13 | 7) /* the last of class "best effort" (linux/ioprio.h): idle's own could starve */

/* From outside, which posix_spawn cannot do: what it starts inherits both. One that has ended already needs neither. */
static void yield_to_others(pid_t pid) {
    (void)setpriority(PRIO_PROCESS, (id_t)pid, BACKGROUND_NICE);
    (void)syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, pid, IOPRIO_IDLEST);
}

int sw_proc_spawn(const SwProcOpts *o, pid_t *ret_pid, SwError *err) {
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t none, defaults;
    SW_ACTS_OUTSIDE();
    posix_spawn_file_actions_init(&fa);
    posix_spawnattr_init(&attr);
    use_fd(&fa, o->in, 0);
    use_fd(&fa, o->out, 1);
    use_fd(&fa, o->err, 2);
    if (o->cwd)
        posix_spawn_file_actions_addchdir_np(&fa, o->cwd);
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (o->new_session)
        flags |= POSIX_SPAWN_SETSID;
    posix_spawnattr_setflags(&attr, flags);
    pid_t pid;
    char *const *argv = (char *const *)(uintptr_t)o->argv, *const *env = (char *const *)(uintptr_t)(o->env);
    int e = posix_spawnp(&pid, o->argv[0], &fa, &attr, argv, o->env ? env : environ);
    posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&attr);
    if (e)
        return sw_fail_errno(err, e, "The program %s cannot be started", o->argv[0]);
    if (o->background)
        yield_to_others(pid);
    *ret_pid = pid;
    return 0;
}

static int status_code(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 255;
}

static int reap(pid_t pid, int *ret_status, SwError *err) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return sw_fail_errno(err, errno, "Process %d cannot be waited for", pid);
    *ret_status = status_code(status);
    return 0;
}

int sw_proc_wait(pid_t pid, int timeout_ms, int *ret_status, SwError *err) {
    if (timeout_ms < 0)
        return reap(pid, ret_status, err);
    _sw_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return sw_fail_errno(err, errno, "Process %d cannot be waited for", pid);
    int64_t end = sw_monotonic_ns() + timeout_ms * SW_MS;
    for (;;) {
        int64_t left = (end - sw_monotonic_ns()) / SW_MS;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0)
            return reap(pid, ret_status, err);
        if (n < 0 && errno != EINTR)
            return sw_fail_errno(err, errno, "Process %d cannot be waited for", pid);
        if (n == 0) {
            int ignored;
            kill(pid, SIGKILL);
            (void)reap(pid, &ignored, err);
            return sw_fail(err, &SW_INTERNAL_FAILURE, "A program ran longer than it may and was ended");
        }
    }
}

typedef struct Pump {
    int fd;
    SwBuf buf;
} Pump;

static void close_pump(Pump *p) {
    close(p->fd);
    p->fd = -1;
}

/* Past the buffer's maximum the rest is read and dropped, so that the child never blocks. False: nothing came. */
static bool read_some(Pump *p) {
    char chunk[65536];
    ssize_t n = p->fd < 0 ? 0 : read(p->fd, chunk, sizeof chunk);
    if (n > 0)
        sw_buf_add(&p->buf, chunk, SW_MIN((size_t)n, p->buf.max - p->buf.n));
    else if (p->fd >= 0 && (n == 0 || (errno != EINTR && errno != EAGAIN)))
        close_pump(p);
    return n > 0;
}

/* Until both outputs are closed, or the child has ended and what it wrote is read: a grandchild that went to the
 * background may hold them open for ever. False: the time is over. */
static bool pump(Pump *out, Pump *errs, int child, int64_t end) {
    while (out->fd >= 0 || errs->fd >= 0) {
        struct pollfd p[3] = {{.fd = out->fd, .events = POLLIN},
                              {.fd = errs->fd, .events = POLLIN},
                              {.fd = child, .events = POLLIN}};
        int64_t left = end == INT64_MAX ? -1 : (end - sw_monotonic_ns()) / SW_MS;
        if (end != INT64_MAX && left <= 0)
            return false;
        if (poll(p, 3, (int)SW_MIN(left, INT32_MAX)) < 0)
            continue;
        bool some = p[0].revents && read_some(out);
        some |= p[1].revents && read_some(errs);
        if (p[2].revents && !some)
            return true;
    }
    return true;
}

/* The child's input is a file in memory: it can be read at any pace, and nobody gets SIGPIPE for a child that does not. */
static int input_fd(SwStr input, SwError *err) {
    int fd = input.n ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, errno, "A program's input cannot be made");
    if (sw_write_all(fd, input.p, input.n, err) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_pipe(int *ret_read, int *ret_write, SwError *err) {
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return sw_fail_errno(err, errno, "No pipe can be made");
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    *ret_read = p[0];
    *ret_write = p[1];
    return 0;
}

/* Start the child with its ends of the pipes; ours are in out->fd and errs->fd. */
static int spawn_piped(const SwProcOpts *o, SwStr input, Pump *out, Pump *errs, pid_t *ret_pid, SwError *err) {
    SwProcOpts opts = *o;
    _sw_close_ int in_child = input_fd(input, err);
    _sw_close_ int out_child = -1;
    _sw_close_ int err_child = -1;
    if (in_child < 0 || make_pipe(&out->fd, &out_child, err) < 0 || make_pipe(&errs->fd, &err_child, err) < 0)
        return -1;
    opts.in = in_child;
    opts.out = out_child;
    opts.err = err_child;
    return sw_proc_spawn(&opts, ret_pid, err);
}

static void pump_endp(Pump *p) {
    sw_closep(&p->fd);
}

static void kill_childp(pid_t *pid) {
    if (*pid <= 0)
        return;
    (void)kill(*pid, SIGKILL);
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

int sw_proc_run(SwArena *a, const SwProcOpts *o, SwStr input, size_t max, int timeout_ms, int *ret_status, SwStr *ret_out,
                SwStr *ret_err_text, SwError *err) {
    __attribute__((cleanup(pump_endp))) Pump out = {.fd = -1, .buf = sw_buf(a, max)};
    __attribute__((cleanup(pump_endp))) Pump errs = {.fd = -1, .buf = sw_buf(a, max)};
    int64_t end = timeout_ms < 0 ? INT64_MAX : sw_monotonic_ns() + timeout_ms * SW_MS;
    pid_t pid;
    int r = spawn_piped(o, input, &out, &errs, &pid, err);
    if (r == 0) {
        _sw_close_ int child = (int)syscall(SYS_pidfd_open, pid, 0);
        __attribute__((cleanup(kill_childp))) pid_t left_behind = pid; /* its output may have no room */
        bool in_time = pump(&out, &errs, child, end);
        left_behind = 0;
        int64_t left = timeout_ms < 0 ? -1 : SW_MAX((end - sw_monotonic_ns()) / SW_MS, 0);
        r = sw_proc_wait(pid, in_time ? (int)left : 0, ret_status, err);
    }
    if (r < 0)
        return sw_fail_wrap(err, "%s", o->argv[0]);
    if (ret_out)
        *ret_out = sw_buf_str(&out.buf);
    if (ret_err_text)
        *ret_err_text = sw_buf_str(&errs.buf);
    return 0;
}

int sw_proc_must(SwArena *a, const char *const *argv, SwError *err) {
    SwProcOpts o = {.argv = argv, .in = -1, .out = -1, .err = -1};
    int status;
    SwStr text;
    if (sw_proc_run(a, &o, SW_NO_STR, 64 * SW_KIB, 60000, &status, NULL, &text, err) < 0)
        return -1;
    if (status == 0)
        return 0;
    SwStr trimmed = sw_str_trim(text);
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, sw_strf(a, "%s: exit %d: %.*s", argv[0], status, SW_FMT(trimmed)).p,
                         "The program %s failed", argv[0]);
}

uint64_t sw_proc_start_time(pid_t pid) {
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    _sw_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = 0;
    char *at = strrchr(text, ')'); /* the name before it may hold anything */
    unsigned long long start = 0;
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at + 1, ' ');
        if (field == 21 && at)
            start = strtoull(at + 1, NULL, 10);
    }
    return start;
}
