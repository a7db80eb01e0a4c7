/* SPDX-License-Identifier: Apache-2.0 */
/* Constant load: a few threads ask for the page all the time, half of them with a connection for each request, and
 * count every answer that is not a page. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/demo.h"
#include "http/client.h"

#define THREADS  4
#define PAUSE_NS (10 * SW_MS) /* of each thread between two requests: some 200 requests a second in all */

typedef struct LoadThread {
    DemoLoad *load;
    bool fresh; /* a connection for each request */
} LoadThread;

struct DemoLoad {
    SwArena *arena;
    SwStr url;
    atomic_bool stop;
    atomic_llong requests, failed, seen[DEMO_VERSIONS];
    pthread_mutex_t lock;
    char failure[256];
    pthread_t thread[THREADS];
    LoadThread arg[THREADS];
};

static void failed(DemoLoad *l, const char *what, SwStr body) {
    pthread_mutex_lock(&l->lock);
    if (atomic_fetch_add(&l->failed, 1) == 0)
        snprintf(l->failure, sizeof l->failure, "%s %.*s", what, (int)SW_MIN(body.n, (size_t)120), body.p ? body.p : "");
    pthread_mutex_unlock(&l->lock);
}

static void note_version(DemoLoad *l, SwStr body) {
    static const char before[] = "from v";
    const char *at = memmem(body.p, body.n, before, sizeof before - 1);
    if (!at || at + sizeof before - 1 >= body.p + body.n)
        return;
    unsigned v = (unsigned)(at[sizeof before - 1] - '0');
    long long none = 0;
    if (v < DEMO_VERSIONS)
        atomic_compare_exchange_strong(&l->seen[v], &none, sw_monotonic_ns());
}

static void request(DemoLoad *l, SwArena *a, bool fresh) {
    SwWireMessage reply = {0};
    SwError err = sw_error(a);
    SwHttpCall call = {.method = SW_STR("GET"), .url = l->url, .timeout_ms = 20000};
    if (fresh)
        sw_header_add(a, &call.headers, SW_STR("connection"), SW_STR("close"));
    int r = sw_http_fetch(a, &call, &reply, NULL, &err);
    atomic_fetch_add(&l->requests, 1);
    if (r < 0)
        failed(l, err.message, sw_str(err.cause));
    else if (reply.status != 200)
        failed(l, sw_str_z(a, sw_strf(a, "status %u:", reply.status)), reply.body);
    else if (!sw_str_contains(reply.body, SW_STR("hello from v")))
        failed(l, "not the page:", reply.body);
    else
        note_version(l, reply.body);
}

static void *run(void *arg) {
    LoadThread *t = arg;
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    SwArena *a = sw_arena_new(0);
    while (!atomic_load(&t->load->stop)) {
        request(t->load, a, t->fresh);
        sw_arena_reset(a);
        nanosleep(&pause, NULL); /* the pace of the load */
    }
    sw_arena_free(a);
    return NULL;
}

DemoLoad *demo_load_start(const char *url) {
    SwArena *a = sw_arena_new(0);
    DemoLoad *l = sw_new(a, DemoLoad);
    l->arena = a;
    l->url = sw_str_dup(a, sw_str(url));
    pthread_mutex_init(&l->lock, NULL);
    for (int i = 0; i < THREADS; i++) {
        l->arg[i].load = l;
        l->arg[i].fresh = i % 2;
        if (pthread_create(&l->thread[i], NULL, run, &l->arg[i]) != 0)
            abort(); /* no thread: nothing works here */
    }
    return l;
}

int64_t demo_load_seen(const DemoLoad *l, int version) {
    return version >= 0 && version < DEMO_VERSIONS ? atomic_load(&l->seen[version]) : 0;
}

int64_t demo_load_requests(const DemoLoad *l) {
    return atomic_load(&l->requests);
}

DemoLoadCounts demo_load_stop(DemoLoad *l) {
    atomic_store(&l->stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(l->thread[i], NULL);
    DemoLoadCounts c = {.requests = atomic_load(&l->requests), .failed = atomic_load(&l->failed)};
    memcpy(c.failure, l->failure, sizeof c.failure);
    pthread_mutex_destroy(&l->lock);
    sw_arena_free(l->arena);
    return c;
}
