/* SPDX-License-Identifier: Apache-2.0 */

/* The HAProxy that runs: start, find again, reload, talk to, end.
 *
 * It runs in master-worker mode with DIR as its working folder, so that every path in its
 * configuration is short. The master's socket is the proof of life: who answers there is ours,
 * whoever started it. Its standard output is requests.log (one line a request, from the workers),
 * its standard error haproxy.log.
 *
 * A reload: the master executes itself again, checks the configuration, and forks a new worker that
 * gets the listening sockets from the old one, which ends what it has in hand. If the configuration
 * or a port is refused, the old worker stays and the master's count of failed reloads grows. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/time.h"
#include "proxy/internal.h"

#define PATIENCE_NS  (10 * SW_S) /* for a start, a reload, an end */
#define ANSWER_S     5
#define FILE_GONE    (-2)
#define FILE_GONE_NS (SW_S / 2) /* a master that reloads needs microseconds for it */

const char *proxy_file(SwProxy *p, SwArena *a, const char *name) {
    return sw_path(a, p->dir, name);
}

void proxy_pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* ---- talking ---- */

static int connect_master(SwProxy *p) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = ANSWER_S};
    _sw_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/fd/%d/master.sock", p->dir_fd);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0)
        return -1;
    return SW_TAKE_FD(fd);
}

static bool converse(int fd, SwStr say, SwBuf *answer) {
    char part[16384];
    ssize_t n;

    if (send(fd, say.p, say.n, MSG_NOSIGNAL) != (ssize_t)say.n || shutdown(fd, SHUT_WR) < 0)
        return false;
    while ((n = recv(fd, part, sizeof(part), 0)) > 0)
        sw_buf_add(answer, part, (size_t)n);
    return n == 0 && !answer->full;
}

int proxy_command(SwProxy *p, SwArena *a, pid_t worker, SwStr command, SwStr *ret, SwError *err) {
    SwBuf b = sw_buf(a, PROXY_TEXT_MAX);
    SwStr line = worker ? sw_strf(a, "@!%d %.*s\n", (int)worker, SW_FMT(command)) : sw_strf(a, "%.*s\n", SW_FMT(command));
    _sw_close_ int fd = connect_master(p);

    if (fd < 0 || !converse(fd, line, &b))
        return sw_fail_cause(err, &SW_PROXY_UNAVAILABLE, "HAProxy's master socket does not answer",
                             "The load balancer's data plane does not answer");
    *ret = sw_str_trim(sw_buf_str(&b));
    return 0;
}

/* ---- what runs ---- */

static void reap(SwProxy *p) {
    if (p->child && waitpid(p->child, NULL, WNOHANG) != 0)
        p->child = 0;
}

/* Fields of a line by white space. */
static size_t fields(SwStr line, SwStr *v, size_t max) {
    size_t n = 0;

    while (n < max) {
        line = sw_str_trim(line);
        size_t at = 0;
        while (at < line.n && line.p[at] != ' ' && line.p[at] != '\t')
            at++;
        if (at == 0)
            break;
        v[n++] = sw_str_n(line.p, at);
        line = sw_str_skip(line, at);
    }
    return n;
}

/*     9781   master   1 [failed: 1]   0d00h00m48s   2.6.12-1+deb12u4
 *     9782   worker   1               0d00h00m48s   2.6.12-1+deb12u4 */
static void parse_state(SwArena *a, SwStr text, ProxyState *ret) {
    SwStr line, f[6];

    while (sw_str_next(&text, '\n', &line)) {
        int64_t pid;
        size_t n = fields(line, f, SW_N(f));
        if (n < 3 || !sw_str_to_i64(f[0], &pid) || pid <= 0)
            continue;
        if (sw_str_eqz(f[1], "worker")) {
            bool current = ret->workers.n == 0;
            *sw_list_add(a, &ret->workers) = (ProxyWorker){(pid_t)pid, current};
        } else if (sw_str_eqz(f[1], "master")) {
            ret->master = (pid_t)pid;
            (void)sw_str_to_i64(f[2], &ret->reloads);
            if (n >= 5 && sw_str_eqz(f[3], "[failed:"))
                (void)sw_str_to_i64(sw_str_drop(f[4], 1), &ret->failed);
        }
    }
}

static bool anything_runs(SwProxy *p, SwArena *a);

static bool links_to(const char *pid, const char *name, SwStr want, bool whole) {
    char link[300], to[4096];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/%s/%s", pid, name);
    n = readlink(link, to, sizeof(to));
    return n > 0 && (whole ? sw_str_eq(sw_str_n(to, (size_t)n), want) : sw_str_contains(sw_str_n(to, (size_t)n), want));
}

bool proxy_worker_runs(pid_t worker) {
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", (int)worker);
    return links_to(pid, "exe", SW_STR("/haproxy"), false); /* the link goes before the sockets do */
}

/* Is the process that the pid file names still there, and ours? Its working folder tells. 0: no;
 * FILE_GONE and -1: a master that reloads is about to write the file; workers whose master was
 * killed may stay without one. */
static pid_t recorded_master(SwProxy *p, SwArena *a) {
    SwError ignored = sw_error(a);
    SwStr text;
    int64_t pid;
    char link[64], ours[4096], theirs[4096];
    ssize_t n, m;

    if (sw_file_read(a, proxy_file(p, a, "haproxy.pid"), 64, &text, &ignored) < 0)
        return anything_runs(p, a) ? FILE_GONE : 0;
    if (text.n == 0)
        return -1;
    if (!sw_str_to_i64(sw_str_trim(text), &pid) || pid <= 1)
        return 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", p->dir_fd);
    n = readlink(link, ours, sizeof(ours));
    snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
    m = readlink(link, theirs, sizeof(theirs));
    return n > 0 && n == m && memcmp(ours, theirs, (size_t)n) == 0 && sw_proc_start_time((pid_t)pid) ? (pid_t)pid : 0;
}

/* HAProxy 2.6 keeps a seat of its master's socket for good where a command went to a worker that ended just then; ten
 * seats, and the socket is deaf. A reload of what it has frees them, and is asked for without the socket. */
static void free_seats(SwProxy *p, pid_t master) {
    sw_log(SW_WARN, "HAProxy's master socket does not answer: reloading it", SW_FN("pid", master));
    if (kill(master, SIGUSR2) == 0)
        p->reloads++;
}

int proxy_state(SwProxy *p, SwArena *a, ProxyState *ret, SwError *err) {
    int64_t began = sw_monotonic_ns(), until = began + PATIENCE_NS, asked;
    bool freed = false;

    for (;; proxy_pause_ms(5)) {
        SwStr text;
        pid_t master;
        *ret = (ProxyState){0};
        reap(p);
        asked = sw_monotonic_ns();
        if (proxy_command(p, a, 0, SW_STR("show proc"), &text, err) == 0) {
            parse_state(a, text, ret);
            if (ret->master)
                return 0;
        }
        sw_error_reset(err);
        /* A master that reloads is deaf for a moment: only one that is gone counts as not running.
         */
        master = recorded_master(p, a);
        if (!master || (master == FILE_GONE && sw_monotonic_ns() > began + FILE_GONE_NS)) {
            *ret = (ProxyState){0};
            return 0;
        }
        if (!freed && master > 0 && sw_monotonic_ns() > asked + ANSWER_S * SW_S) {
            free_seats(p, master);
            freed = true;
        }
        if (sw_monotonic_ns() > until)
            return sw_fail_cause(err, &SW_PROXY_UNAVAILABLE, "HAProxy runs, but its master socket does not answer",
                                 "The load balancer's data plane does not answer");
    }
}

/* ---- start, reload, end ---- */

/* The last complaint in haproxy.log, as the cause of a failure. */
static const char *last_alert(SwProxy *p, SwArena *a, SwStr log) {
    SwStr line, found = SW_STR("HAProxy gave no reason");

    while (sw_str_next(&log, '\n', &line))
        if (sw_str_starts(line, SW_STR("[ALERT]")) && !sw_str_contains(line, SW_STR("Fatal errors")) &&
            !sw_str_contains(line, SW_STR("Error(s) found")) && !sw_str_contains(line, SW_STR("exit")))
            found = line;
    return sw_str_z(a, found);
}

static const char *logged_alert(SwProxy *p, SwArena *a) {
    SwError ignored = sw_error(a);
    SwStr log = SW_NO_STR;

    if (sw_file_read(a, proxy_file(p, a, "haproxy.log"), SW_MIB, &log, &ignored) < 0)
        return "HAProxy's log cannot be read";
    return last_alert(p, a, log);
}

int proxy_check_config(SwProxy *p, SwArena *a, const char *file, SwError *err) {
    const SwProcOpts o = {
        .argv = (const char *[]){p->program, "-c", "-q", "-f", file, NULL}, .cwd = p->dir, .in = -1, .out = -1, .err = -1};
    SwStr text = SW_NO_STR;
    int status;

    if (sw_proc_run(a, &o, SW_NO_STR, 64 * SW_KIB, 30000, &status, NULL, &text, err) < 0) {
        err->kind = &SW_PROXY_UNAVAILABLE;
        return sw_fail_wrap(err, "check HAProxy's configuration");
    }
    if (status == 0)
        return 0;
    return sw_fail_cause(err, &SW_PROXY_INVALID, sw_str_z(a, text), "The load balancer's configuration was refused: %s",
                         last_alert(p, a, text));
}

int proxy_start(SwProxy *p, SwArena *a, SwError *err) {
    _sw_close_ int out = openat(p->dir_fd, "requests.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    _sw_close_ int log = openat(p->dir_fd, "haproxy.log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    const SwProcOpts o = {.argv = (const char *[]){p->program, "-W", "-f", "haproxy.cfg", "-p", "haproxy.pid", "-S",
                                                   "unix@master.sock,mode,600", NULL},
                          .cwd = p->dir,
                          .in = -1,
                          .out = out,
                          .err = log,
                          .new_session = true};
    int64_t until = sw_monotonic_ns() + PATIENCE_NS;

    if (out < 0 || log < 0)
        return sw_fail_errno(err, errno, "open the proxy's logs in %s", p->dir);
    (void)unlinkat(p->dir_fd, "haproxy.pid", 0);
    if (sw_proc_spawn(&o, &p->child, err) < 0) {
        err->kind = &SW_PROXY_UNAVAILABLE;
        return sw_fail_wrap(err, "start HAProxy");
    }
    p->reloads++;
    for (;; proxy_pause_ms(5)) {
        SwStr text;
        ProxyState s = {0};
        reap(p);
        if (!p->child)
            return sw_fail_cause(err, &SW_PROXY_UNAVAILABLE, logged_alert(p, a),
                                 "The load balancer's data plane does not start: %s", logged_alert(p, a));
        if (proxy_command(p, a, 0, SW_STR("show proc"), &text, err) == 0)
            parse_state(a, text, &s);
        sw_error_reset(err);
        if (s.master == p->child && s.workers.n)
            return 0;
        if (sw_monotonic_ns() > until)
            return sw_fail(err, &SW_PROXY_UNAVAILABLE, "The load balancer's data plane does not start in time");
    }
}

int proxy_reload(SwProxy *p, SwArena *a, SwError *err) {
    int64_t until = sw_monotonic_ns() + PATIENCE_NS;
    ProxyState before, now;
    SwStr text;

    if (proxy_state(p, a, &before, err) < 0)
        return -1;
    if (!before.master || !before.workers.n)
        return sw_fail(err, &SW_PROXY_UNAVAILABLE, "The load balancer's data plane does not run");
    /* The master answers by closing the connection as it executes itself, in time or not. */
    if (proxy_command(p, a, 0, SW_STR("reload"), &text, err) < 0)
        sw_error_reset(err);
    p->reloads++;
    for (;; proxy_pause_ms(5)) {
        if (proxy_state(p, a, &now, err) < 0)
            return -1;
        if (!now.master)
            return sw_fail(err, &SW_PROXY_UNAVAILABLE, "The load balancer's data plane ended: %s", logged_alert(p, a));
        if (now.failed > before.failed)
            return sw_fail_cause(err, &SW_PROXY_INVALID, logged_alert(p, a),
                                 "The load balancer's configuration was refused: %s", logged_alert(p, a));
        if (now.workers.n && now.workers.v[0].pid != before.workers.v[0].pid)
            return 0;
        if (sw_monotonic_ns() > until)
            return sw_fail(err, &SW_PROXY_UNAVAILABLE, "The load balancer's data plane does not reload in time");
    }
}

/* All HAProxy processes that work in DIR: also workers whose master was killed. */
typedef struct Victim {
    pid_t pid;
    uint64_t start;
} Victim;
typedef struct Victims {
    Victim *v;
    size_t n;
} Victims;

static void find_processes(SwProxy *p, SwArena *a, Victims *ret) {
    char link[64], dir[4096];
    const struct dirent *e;
    ssize_t n;
    _sw_dir_ DIR *d = NULL;

    *ret = (Victims){0};
    snprintf(link, sizeof(link), "/proc/self/fd/%d", p->dir_fd);
    n = readlink(link, dir, sizeof(dir));
    d = n > 0 ? opendir("/proc") : NULL;
    while (d && (e = readdir(d))) {
        int64_t pid;
        if (sw_str_to_i64(sw_str(e->d_name), &pid) && links_to(e->d_name, "cwd", sw_str_n(dir, (size_t)n), true) &&
            links_to(e->d_name, "exe", SW_STR("/haproxy"), false))
            *sw_list_add(a, ret) = (Victim){(pid_t)pid, sw_proc_start_time((pid_t)pid)};
    }
}

static bool anything_runs(SwProxy *p, SwArena *a) {
    Victims l;
    if (faccessat(p->dir_fd, "haproxy.cfg", F_OK, 0) < 0) /* none ever ran here: no look through /proc */
        return false;
    find_processes(p, a, &l);
    return l.n > 0;
}

static bool all_gone(SwProxy *p, const Victims *l) {
    reap(p);
    for (size_t i = 0; i < l->n; i++) {
        (void)waitpid(l->v[i].pid, NULL, WNOHANG); /* ours by an earlier sw_proxy_open; fails otherwise */
        if (l->v[i].start && sw_proc_start_time(l->v[i].pid) == l->v[i].start)
            return false;
    }
    return true;
}

static void signal_all(const Victims *l, int sig) {
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].start && sw_proc_start_time(l->v[i].pid) == l->v[i].start)
            (void)kill(l->v[i].pid, sig);
}

int proxy_end(SwProxy *p, SwArena *a, SwError *err) {
    int64_t until = sw_monotonic_ns() + PATIENCE_NS / 2;
    bool forced = false;
    Victims l;

    find_processes(p, a, &l);
    for (signal_all(&l, SIGTERM); !all_gone(p, &l); proxy_pause_ms(2)) {
        if (sw_monotonic_ns() < until)
            continue;
        if (forced)
            return sw_fail(err, &SW_PROXY_UNAVAILABLE, "The load balancer's data plane does not end");
        find_processes(p, a, &l);
        signal_all(&l, SIGKILL);
        forced = true;
        until = sw_monotonic_ns() + PATIENCE_NS / 2;
    }
    return 0;
}
