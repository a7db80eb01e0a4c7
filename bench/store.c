/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of the store and the engine alone: durable writes a second at 1 and 64 threads, reads, and the time from a
 * wake's commit to the beginning of its step. One line of JSON. --writes: those at 64 threads alone.
 *     ninja -C build bench/bench_store && build/bench/bench_store [DIR | --writes] */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/host.h"
#include "base/file.h"
#include "base/time.h"

typedef struct Record {
    SwStr name, group;
    SwOptInt number;
} Record;
static const SwShape shape_text = {.name = "Text", .kind = SW_STRING, .size = sizeof(SwStr)};
static const SwShape shape_int = {.name = "Int", .kind = SW_LONG, .size = sizeof(SwOptInt)};
static const SwMember members[] = {
    {.name = "name", .shape = &shape_text, .offset = offsetof(Record, name)},
    {.name = "group", .shape = &shape_text, .offset = offsetof(Record, group)},
    {.name = "number", .shape = &shape_int, .offset = offsetof(Record, number)},
};
static const SwShape shape_record = {
    .name = "Record", .kind = SW_STRUCTURE, .size = sizeof(Record), .member = members, .n_member = SW_N(members)};
static const SwCollection things = {.name = "bench/thing",
                                    .shape = &shape_record,
                                    .indexes = {{.name = "by_group", .member = {"group"}}}};

static SwHost host;
static int64_t stop_at, step_began;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stepped = PTHREAD_COND_INITIALIZER;

static void die(const SwError *err) {
    fprintf(stderr, "%s (%s)\n", err->message, err->cause);
    exit(1);
}

typedef struct Client {
    int number;
    bool reads;
    int64_t done;
} Client;

static int once(Client *c, SwArena *a, SwError *err) {
    _sw_tx_ SwTx *tx = NULL;
    void *r;
    SwStr id = sw_strf(a, "thing-%d-%d", c->number, (int)(c->done % 1000));
    if (sw_tx_begin(host.store, a, c->reads ? SW_READ : SW_WRITE, SW_STR("1"), SW_STR("r"), &tx, err) < 0)
        return -1;
    Record put = {.name = id, .group = SW_STR("group"), .number = SW_SOME_INT(c->done)};
    if ((c->reads ? sw_doc_find(tx, &things, id, &r, err) : sw_doc_put(tx, &things, id, &put, err)) < 0)
        return -1;
    return sw_tx_commit(&tx, err);
}

static void *client(void *arg) {
    Client *c = arg;
    SwArena *a = sw_arena_new(0);
    while (sw_monotonic_ns() < stop_at) {
        SwError err = sw_error(a);
        if (once(c, a, &err) < 0)
            die(&err);
        sw_arena_reset(a);
        c->done++;
    }
    sw_arena_free(a);
    return NULL;
}

static double run(int threads, bool reads) {
    static Client c[64];
    pthread_t t[64];
    int64_t from = sw_monotonic_ns(), done = 0;
    stop_at = from + 2 * SW_S;
    for (int i = 0; i < threads; i++) {
        c[i] = (Client){.number = i, .reads = reads};
        pthread_create(&t[i], NULL, client, &c[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(t[i], NULL);
        done += c[i].done;
    }
    return (double)done * 1e9 / (double)(sw_monotonic_ns() - from);
}

static SwCtx *make_ctx(SwHost *h, SwArena *a, SwStr account, SwStr region, const char *service) {
    SwCtx *cx = sw_new(a, SwCtx);
    *cx = (SwCtx){.arena = a, .host = h, .account = account, .region = region};
    return cx;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    pthread_mutex_lock(&lock);
    step_began = sw_monotonic_ns();
    pthread_cond_signal(&stepped);
    pthread_mutex_unlock(&lock);
    return 0;
}
static const SwController controller = {.name = "bench/step", .step = step};

static int by_time(const void *a, const void *b) {
    return (*(const int64_t *)a > *(const int64_t *)b) - (*(const int64_t *)a < *(const int64_t *)b);
}

static double wake_latency_us(SwError *err) {
    enum { N = 301 };
    static int64_t took[N];
    for (int i = 0; i < N; i++) {
        step_began = 0;
        if (sw_engine_wake(host.engine, &controller, SW_STR("1"), SW_STR("r"), SW_STR("x"), err) < 0)
            die(err);
        int64_t from = sw_monotonic_ns();
        pthread_mutex_lock(&lock);
        while (step_began == 0)
            pthread_cond_wait(&stepped, &lock);
        took[i] = SW_MAX(step_began - from, 0);
        pthread_mutex_unlock(&lock);
        sw_engine_settle(host.engine, 1000);
    }
    qsort(took, N, sizeof(took[0]), by_time);
    return (double)took[N / 2] / 1000;
}

static double fsync_us(SwArena *a, const char *dir) {
    _sw_close_ int fd = open(sw_path(a, dir, "fsync"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int64_t from = sw_monotonic_ns();
    for (int i = 0; i < 50; i++) {
        if (pwrite(fd, "x", 1, i * 4096) != 1 || fsync(fd) < 0)
            exit(1);
    }
    return (double)(sw_monotonic_ns() - from) / 50 / 1000;
}

static void measure_all(SwArena *a, const char *dir, SwError *err) {
    double sync = fsync_us(a, dir), one = run(1, false), many = run(64, false), read_one = run(1, true),
           read_many = run(64, true), wake = wake_latency_us(err);
    SwStoreStats s;
    sw_store_stats(host.store, &s);
    printf("{\"fsync_us\":%.0f,\"writes_per_s_1\":%.0f,\"writes_per_s_64\":%.0f,\"reads_per_s_1\":%.0f,"
           "\"reads_per_s_64\":%.0f,\"read_us\":%.1f,\"wake_us\":%.0f,\"transactions\":%lld,\"commits\":%lld}\n",
           sync, one, many, read_one, read_many, 1e6 / read_one, wake, (long long)s.transactions, (long long)s.commits);
}

int main(int argc, char **argv) {
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char made[] = "/var/tmp/slipway-bench-XXXXXX"; /* on a disk */
    bool writes = argc > 1 && strcmp(argv[1], "--writes") == 0;
    const char *dir = argc > 1 && !writes ? argv[1] : mkdtemp(made);
    static const SwController *const controllers[] = {&controller};
    host.clock = sw_clock_new();
    SwEngineOptions o = {
        .host = &host, .clock = host.clock, .controllers = controllers, .n_controllers = 1, .make_ctx = make_ctx};
    if (sw_store_open(dir, &host.store, &err) < 0)
        die(&err);
    o.store = host.store;
    if (sw_engine_open(&o, &host.engine, &err) < 0 || sw_engine_start(host.engine, &err) < 0)
        die(&err);
    if (writes)
        printf("{\"writes_per_s_64\":%.0f}\n", run(64, false));
    else
        measure_all(a, dir, &err);
    sw_engine_close(host.engine);
    sw_store_close(host.store);
    sw_clock_free(host.clock);
    if (sw_rm_tree(dir, &err) < 0)
        die(&err);
    sw_arena_free(a);
    return 0;
}
