/* SPDX-License-Identifier: Apache-2.0 */

/* The public functions over a driver: what all drivers share is here (checks, waiting, exec to
 * the end). */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/outside.h"
#include "container/room.h"

bool sw_container_id_ok(SwStr id) {
    return id.n > 0 && id.n <= SW_ID_MAX && id.p[0] != '.' && id.p[0] != '-' && sw_str_all(id, "a-zA-Z0-9_.-");
}

static bool words_ok(const SwStrList *l) {
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].n && memchr(l->v[i].p, 0, l->v[i].n))
            return false;
    return true;
}

int sw_container_create(SwRuntime *rt, const SwContainerSpec *s, SwError *err) {
    if (!sw_container_id_ok(s->id))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Container id %.*s is not valid", SW_FMT(s->id));
    if (!words_ok(&s->args) || !words_ok(&s->env) || !words_ok(&s->entrypoint) || !words_ok(&s->hosts))
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "a NUL character in command or environment");
    for (size_t i = 0; i < s->env.n; i++)
        if (!sw_str_contains(s->env.v[i], SW_STR("=")))
            return sw_fail(err, &SW_CONTAINER_START_FAILED, "environment entry %.*s has no value", SW_FMT(s->env.v[i]));
    SW_ACTS_OUTSIDE();
    return rt->driver->create(rt, s, err);
}

int sw_container_start(SwRuntime *rt, SwStr id, SwError *err) {
    SW_ACTS_OUTSIDE();
    return rt->driver->start(rt, id, err);
}
bool sw_container_find(SwRuntime *rt, SwArena *a, SwStr id, SwContainerInfo *ret) {
    return rt->driver->find(rt, a, id, ret);
}
int sw_container_signal(SwRuntime *rt, SwStr id, int signal, SwError *err) {
    return rt->driver->signal(rt, id, signal, err);
}
int sw_container_stop(SwRuntime *rt, SwStr id, int grace_ms, SwError *err) {
    SW_ACTS_OUTSIDE();
    return rt->driver->stop(rt, id, grace_ms, err);
}
int sw_container_delete(SwRuntime *rt, SwStr id, SwError *err) {
    SW_ACTS_OUTSIDE();
    return rt->driver->remove(rt, id, err);
}
int sw_container_freeze(SwRuntime *rt, SwStr id, bool frozen, SwError *err) {
    return rt->driver->freeze(rt, id, frozen, err);
}

int sw_container_stats(SwRuntime *rt, SwStr id, SwContainerStats *ret, SwError *err) {
    SW_ACTS_OUTSIDE();
    return rt->driver->stats(rt, id, ret, err);
}
int sw_container_open(SwRuntime *rt, SwStr id, const char *path, int flags, unsigned mode, SwError *err) {
    return rt->driver->open(rt, id, path, flags, mode, err);
}
int sw_container_exec_start(SwRuntime *rt, SwStr id, const SwExec *x, int in, int out, int err_fd, pid_t *ret_pid,
                            SwError *err) {
    if (x->args.n == 0 || !words_ok(&x->args) || !words_ok(&x->env))
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "No command specified");
    SW_ACTS_OUTSIDE();
    return rt->driver->exec_start(rt, id, x, in, out, err_fd, ret_pid, err);
}

bool sw_container_wait(SwRuntime *rt, SwArena *a, SwStr id, int timeout_ms, SwContainerInfo *ret) {
    int64_t until = timeout_ms < 0 ? INT64_MAX : sw_monotonic_ns() + (int64_t)timeout_ms * SW_MS;

    SW_ACTS_OUTSIDE();
    for (;;) {
        if (!sw_container_find(rt, a, id, ret))
            return false;
        if (ret->state == SW_CONTAINER_EXITED)
            return true;
        int64_t now = sw_monotonic_ns();
        if (now >= until)
            return false;
        /* at the latest each second another look: a supervisor that was killed tells nobody */
        int64_t wake = SW_MIN(until, now + SW_S);
        struct timespec t = {.tv_sec = wake / SW_S, .tv_nsec = wake % SW_S};
        pthread_mutex_lock(&rt->lock);
        bool ended = true;
        for (const SwBox *b = rt->boxes; b; b = b->next)
            if (sw_str_eqz(id, b->id))
                ended = b->ended;
        if (!ended)
            (void)pthread_cond_timedwait(&rt->ended, &rt->lock, &t);
        pthread_mutex_unlock(&rt->lock);
    }
}

/* ---- exec to the end ---- */

typedef struct Pump {
    int fd;
    SwBuf buf;
} Pump;

static void pump_read(Pump *p) {
    char part[16384];
    ssize_t n = read(p->fd, part, sizeof(part));

    if (n > 0) {
        sw_buf_add(&p->buf, part, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(p->fd);
        p->fd = -1;
    }
}

/* Moves data until both outputs are closed; false past the deadline. */
static bool pump(int *in_fd, SwStr input, Pump *out, Pump *err_out, int64_t until) {
    while (out->fd >= 0 || err_out->fd >= 0) {
        struct pollfd p[3] = {{.fd = out->fd, .events = POLLIN},
                              {.fd = err_out->fd, .events = POLLIN},
                              {.fd = *in_fd, .events = POLLOUT}};
        int64_t left = until == INT64_MAX ? -1 : (until - sw_monotonic_ns()) / SW_MS;
        if (until != INT64_MAX && left <= 0)
            return false;
        if (poll(p, 3, (int)SW_MIN(left, (int64_t)1000000)) < 0 && errno != EINTR)
            return false;
        if (p[0].revents)
            pump_read(out);
        if (p[1].revents)
            pump_read(err_out);
        if (p[2].revents) {
            ssize_t n = input.n ? write(*in_fd, input.p, input.n) : 0;
            input = sw_str_skip(input, n > 0 ? (size_t)n : input.n);
            if (input.n == 0) {
                close(*in_fd);
                *in_fd = -1;
            }
        }
    }
    return true;
}

static void kill_children(pid_t pid) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwStr text, word;
    const struct dirent *e;
    const char *tasks = sw_strf(a, "/proc/%d/task", (int)pid).p;
    _sw_dir_ DIR *d = opendir(tasks);
    int64_t child;

    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.' || sw_file_read(a, sw_strf(a, "%s/%s/children", tasks, e->d_name).p, 4096, &text, &err) < 0)
            continue;
        while (sw_str_next(&text, ' ', &word))
            if (sw_str_to_i64(word, &child) && child > 1)
                (void)kill((pid_t)child, SIGKILL);
    }
}

/* Ends the command and its parent, the driver's client, which could only pass on signals that can be ignored. The client
 * stands still while its children are looked up: one that it has not handed the command yet ends when the client does. */
static void end_command(pid_t pid) {
    siginfo_t stopped;

    (void)kill(pid, SIGSTOP);
    while (waitid(P_PID, (id_t)pid, &stopped, WSTOPPED | WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    kill_children(pid);
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int sw_container_exec(SwRuntime *rt, SwArena *a, SwStr id, const SwExec *x, SwStr input, size_t max, int timeout_ms,
                      int *ret_status, SwStr *ret_out, SwStr *ret_err_text, SwError *err) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, er[2] = {-1, -1};
    int64_t until = timeout_ms < 0 ? INT64_MAX : sw_monotonic_ns() + (int64_t)timeout_ms * SW_MS;
    pid_t pid = 0;

    SW_MAY_TAKE_MINUTES();
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(er, O_CLOEXEC) < 0)
        return sw_fail_errno(err, errno, "make pipes");
    (void)fcntl(in[1], F_SETFL, O_NONBLOCK);
    int r = sw_container_exec_start(rt, id, x, in[0], out[1], er[1], &pid, err);
    close(in[0]), close(out[1]), close(er[1]);
    Pump o = {out[0], sw_buf(a, max)}, e = {er[0], sw_buf(a, max)};
    bool whole = r == 0 && pump(&in[1], input, &o, &e, until);
    if (r == 0 && !whole) {
        end_command(pid);
        r = sw_fail(err, &SW_CONTAINER_START_FAILED, "command timed out after %d ms", timeout_ms);
    } else if (r == 0) {
        r = sw_proc_wait(pid, -1, ret_status, err);
    }
    if (in[1] >= 0)
        close(in[1]);
    if (o.fd >= 0)
        close(o.fd);
    if (e.fd >= 0)
        close(e.fd);
    if (ret_out)
        *ret_out = sw_buf_str(&o.buf);
    if (ret_err_text)
        *ret_err_text = sw_buf_str(&e.buf);
    return r;
}
