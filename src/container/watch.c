/* SPDX-License-Identifier: Apache-2.0 */

/* The runtime's own thread: learns of ends, output and lack of memory from inotify (conmon writes
 * files), and sends SIGKILL where a stop's grace has passed. It sleeps until one of these. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>

#include "container/room.h"
#include "base/thread.h"

static int64_t realtime_ns(void) {
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * SW_S + t.tv_nsec;
}

static void tell(SwRuntime *rt, const char *id, SwContainerEvent event) {
    if (rt->o.on_event)
        rt->o.on_event(rt->o.arg, sw_str(id), event);
}

void sw_watch_wake(SwRuntime *rt) {
    uint64_t one = 1;

    if (write(rt->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
        sw_log(SW_WARN, "container watcher not woken");
}

void sw_watch_box(SwRuntime *rt, SwBox *b) {
    b->watch = inotify_add_watch(rt->inotify, b->dir, IN_MODIFY | IN_CREATE | IN_ONLYDIR);
    if (b->watch < 0)
        sw_log(SW_WARN, "container not watched", SW_F("container", b->id), SW_F("cause", strerror(errno)));
}

static void on_file(SwRuntime *rt, const struct inotify_event *e) {
    _sw_box_ SwBox *b = NULL;

    if (e->len == 0)
        return;
    if (e->wd == rt->exits_watch) {
        if (!(b = sw_box_find(rt, sw_str(e->name))))
            return;
        (void)sw_box_check_exit(rt, b, false);
        if (b->ended)
            tell(rt, b->id, SW_CONTAINER_EVENT_EXIT);
        return;
    }
    bool log = strcmp(e->name, "log") == 0, oom = strcmp(e->name, "oom") == 0;
    if ((!log && !oom) || !(b = sw_box_at_watch(rt, e->wd)))
        return;
    if (oom)
        b->oom = true;
    tell(rt, b->id, log ? SW_CONTAINER_EVENT_OUTPUT : SW_CONTAINER_EVENT_OOM);
}

/* After an overflow of inotify's queue, or events lost for lack of memory: look everywhere. */
static void look_everywhere(SwRuntime *rt) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrList ids = {0};

    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->lock);
    for (const SwBox *b = rt->boxes; b; b = b->next)
        sw_str_list_add(a, &ids, sw_str_dup(a, sw_str(b->id)));
    sw_unlock(&held);
    for (size_t i = 0; i < ids.n; i++) {
        _sw_box_ SwBox *b = sw_box_find(rt, ids.v[i]);
        if (!b)
            continue;
        tell(rt, b->id, sw_box_check_exit(rt, b, false) ? SW_CONTAINER_EVENT_EXIT : SW_CONTAINER_EVENT_OUTPUT);
    }
}

static void read_events(SwRuntime *rt) {
    _Alignas(struct inotify_event) char p[16384];
    ssize_t n = read(rt->inotify, p, sizeof(p));

    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(p + at);
        if (e->mask & IN_Q_OVERFLOW)
            look_everywhere(rt);
        else
            on_file(rt, e);
        at += (ssize_t)sizeof(*e) + e->len;
    }
}

/* Kills what is due; returns milliseconds to the next, -1: none. */
static int kill_due(SwRuntime *rt) {
    int64_t now = realtime_ns(), next = INT64_MAX;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrList due = {0};

    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->lock);
    for (SwBox *b = rt->boxes; b; b = b->next) {
        if (b->kill_at_ns == 0 || b->ended)
            continue;
        if (b->kill_at_ns <= now) {
            sw_str_list_add(a, &due, sw_str_dup(a, sw_str(b->id)));
            b->kill_at_ns = 0; /* what it asks for was there: nothing below needs more but its log */
        } else {
            next = SW_MIN(next, b->kill_at_ns);
        }
    }
    sw_unlock(&held);
    for (size_t i = 0; i < due.n; i++) {
        SwError err = sw_error(a);
        if (sw_container_signal(rt, due.v[i], SIGKILL, &err) < 0 && !sw_error_is(&err, &SW_CONTAINER_NOT_RUNNING))
            sw_log(SW_WARN, "container not killed", SW_F("container", due.v[i]), SW_F("cause", err.cause));
    }
    return next == INT64_MAX ? -1 : (int)SW_MIN((next - now) / SW_MS + 1, (int64_t)3600000);
}

typedef struct Round {
    SwRuntime *rt;
    bool look, stop; /* look: something may have been missed */
} Round;

static void go_round(void *arg) {
    Round *r = arg;
    SwRuntime *rt = r->rt;
    struct pollfd p[2] = {{.fd = rt->inotify, .events = POLLIN}, {.fd = rt->wake, .events = POLLIN}};
    uint64_t woken;

    if (r->look)
        look_everywhere(rt);
    r->look = false;
    int n = poll(p, 2, kill_due(rt));
    if (n > 0 && p[1].revents && read(rt->wake, &woken, sizeof(woken)) > 0) {
        pthread_mutex_lock(&rt->lock);
        r->stop = rt->stopping;
        pthread_mutex_unlock(&rt->lock);
    }
    if (!r->stop && n > 0 && p[0].revents)
        read_events(rt);
}

static void *watch(void *arg) {
    Round r = {.rt = arg};

    while (!r.stop) {
        if (sw_guard(SW_POOL_ENGINE, go_round, &r) == SW_LACK_NONE)
            continue;
        sw_log(SW_WARN, "containers could not be watched for lack of memory");
        r.look = true;
        (void)poll(NULL, 0, 100);
    }
    return NULL;
}

int sw_watch_start(SwRuntime *rt, SwError *err) {
    int e = pthread_create(&rt->watcher, NULL, watch, rt);

    rt->watching = e == 0;
    return e ? sw_fail_errno(err, e, "start the container watcher") : 0;
}

void sw_watch_stop(SwRuntime *rt) {
    if (!rt->watching)
        return;
    pthread_mutex_lock(&rt->lock);
    rt->stopping = true;
    pthread_mutex_unlock(&rt->lock);
    sw_watch_wake(rt);
    pthread_join(rt->watcher, NULL);
    rt->watching = false;
}
