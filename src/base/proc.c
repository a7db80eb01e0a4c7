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
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/time.h"

extern char **environ;

static void use_fd(posix_spawn_file_actions_t *fa, int fd, int as) {
    if (fd < 0)
        posix_spawn_file_actions_addopen(fa, as, "/dev/null", as == 0 ? O_RDONLY : O_WRONLY, 0);
    else
        posix_spawn_file_actions_adddup2(fa, fd, as);
}

int sw_proc_spawn(const SwProcOpts *o, pid_t *ret_pid, SwError *err) {
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    sigset_t none, defaults;
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
            return sw_fail(err, &SW_INTERNAL_FAILURE, "A program ran longer than %d ms and was ended", timeout_ms);
        }
    }
}

typedef struct Pump {
    int    fd;
    SwBuf  buf;
    SwStr  left;                        /* what is still to be written to the child's input */
} Pump;

static void close_pump(Pump *p) {
    close(p->fd);
    p->fd = -1;
}

/* Past the buffer's maximum the rest is read and dropped, so that the child never blocks. */
static void read_some(Pump *p) {
    char chunk[65536];
    ssize_t n = read(p->fd, chunk, sizeof chunk);
    if (n > 0) {
        size_t fits = SW_MIN((size_t)n, p->buf.max - p->buf.n);
        sw_buf_add(&p->buf, chunk, fits);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        close_pump(p);
    }
}

static void write_some(Pump *p) {
    ssize_t n = write(p->fd, p->left.p, p->left.n);
    if (n > 0)
        p->left = sw_str_skip(p->left, (size_t)n);
    if (p->left.n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_pump(p);
}

/* Until both outputs are closed. False: the time is over. */
static bool pump(Pump *in, Pump *out, Pump *errs, int64_t end) {
    while (out->fd >= 0 || errs->fd >= 0) {
        struct pollfd p[3] = {{.fd = out->fd, .events = POLLIN}, {.fd = errs->fd, .events = POLLIN}, {.fd = in->fd, .events = POLLOUT}};
        int64_t left = end == INT64_MAX ? -1 : (end - sw_monotonic_ns()) / SW_MS;
        if (end != INT64_MAX && left <= 0)
            return false;
        if (poll(p, 3, (int)left) < 0)
            continue;
        if (p[0].revents)
            read_some(out);
        if (p[1].revents)
            read_some(errs);
        if (p[2].revents)
            write_some(in);
    }
    return true;
}

static int make_pipes(int p[3][2], SwError *err) {
    for (int i = 0; i < 3; i++)
        if (pipe2(p[i], O_CLOEXEC) < 0)
            return sw_fail_errno(err, errno, "No pipe can be made");
    return 0;
}

static void close_pipes(int p[3][2]) {
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            sw_closep(&p[i][k]);
}

int sw_proc_run(SwArena *a, const SwProcOpts *o, SwStr input, size_t max, int timeout_ms, int *ret_status, SwStr *ret_out,
                SwStr *ret_err_text, SwError *err) {
    int p[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    SwProcOpts opts = *o;
    pid_t pid;
    if (make_pipes(p, err) < 0) {
        close_pipes(p);
        return -1;
    }
    opts.in = p[0][0];
    opts.out = p[1][1];
    opts.err = p[2][1];
    if (sw_proc_spawn(&opts, &pid, err) < 0) {
        close_pipes(p);
        return -1;
    }
    close(p[0][0]);
    close(p[1][1]);
    close(p[2][1]);
    fcntl(p[0][1], F_SETFL, O_NONBLOCK);
    Pump in = {.fd = p[0][1], .left = input}, out = {.fd = p[1][0], .buf = sw_buf(a, max)}, errs = {.fd = p[2][0], .buf = sw_buf(a, max)};
    if (!input.n)
        close_pump(&in);
    int64_t end = timeout_ms < 0 ? INT64_MAX : sw_monotonic_ns() + timeout_ms * SW_MS;
    bool in_time = pump(&in, &out, &errs, end);
    sw_closep(&in.fd);
    sw_closep(&out.fd);
    sw_closep(&errs.fd);
    int64_t left = timeout_ms < 0 ? -1 : (end - sw_monotonic_ns()) / SW_MS;
    if (sw_proc_wait(pid, timeout_ms < 0 ? -1 : in_time && left > 0 ? (int)left : 0, ret_status, err) < 0)
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
    char *at = strrchr(text, ')');      /* the name before it may hold anything */
    unsigned long long start = 0;
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at + 1, ' ');
        if (field == 21 && at)
            start = strtoull(at + 1, NULL, 10);
    }
    return start;
}
