/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of the engine share: an engine on a store of its own and a clock that is stepped by hand, with controllers
 * that only take notes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "../folder.h"
#include "api/host.h"
#include "base/file.h"
#include "base/outside.h"
#include "store/work.h"

#define T0 (SW_DAY * 20000)

typedef struct World {
    SwArena *a;
    SwHost host;
    char folder[TEST_FOLDER];
    SwError err;
    pthread_mutex_t lock;
    pthread_cond_t change;
    int steps, inside, most_inside, gate; /* gate: steps wait until it opens */
    int fail;                             /* so many steps fail */
    SwTime again, wake_self_at;
    bool waiting, hold, deliveries_fail;
    int asked;                         /* whom an event concerns */
    int greedy, greedy_hook, given_up; /* so many steps, deliveries and hooks ask for all memory */
    size_t starve;                     /* this allocation of each step and delivery fails; 0: none */
    int slow_inside, slow_steps, prepared;
    bool slow_gate, prepared_first;
    /* whether the last step of each kind had a transaction open, and ran where others wait */
    struct {
        bool tx, common;
    } mark[3];
    SwTime step_at[64];
    char heard[2][1024];
} World;

static World *world; /* callbacks have no argument of their own */

#define OK(call) \
    do { \
        if ((call) != 0) { \
            print_error("%s: %s (%s)\n", #call, world->err.message, world->err.cause); \
            fail(); \
        } \
    } while (0)

static inline SwCtx *make_ctx(SwHost *h, SwArena *a, SwStr account, SwStr region, const char *service) {
    if (a != world->a)
        sw_arena_fail_nth(a, world->starve);
    SwCtx *cx = sw_new(a, SwCtx);
    *cx = (SwCtx){.arena = a, .host = h, .account = account, .region = region};
    return cx;
}

/* With the lock held. */
static inline void mark(SwStepKind k) {
    world->mark[k].tx = sw_open_tx == 1;
    world->mark[k].common = sw_common_thread;
}

static inline int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err);
static const SwController notes = {.name = "test/notes", .step = step};
static const SwController single = {.name = "test/single", .step = step, .parallel = 1};

/* More than a step may have, with something in hand. A list that grows to the limit ends the same way, but ThreadSanitizer
 * takes many seconds to watch it grow. */
static inline void take_all(SwArena *a) {
    (void)sw_arena_alloc(a, SW_MIB);
    (void)sw_arena_alloc(a, SW_GIB);
}

static inline bool take_turn(int *left) {
    pthread_mutex_lock(&world->lock);
    bool mine = *left > 0;
    *left -= mine;
    pthread_mutex_unlock(&world->lock);
    return mine;
}

/* Writes in a transaction, and is left in the middle of it. */
static inline int step_greedy(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    pthread_mutex_lock(&world->lock);
    world->steps++;
    pthread_mutex_unlock(&world->lock);
    if (sw_tx_begin(cx->host->store, cx->arena, SW_WRITE, cx->account, cx->region, &cx->tx, err) < 0)
        return -1;
    SwEvent e = {.id = SW_STR("undone"), .source = SW_STR("aws.a"), .detail_type = SW_STR("T")};
    if (sw_event_put(cx, &e, err) < 0)
        return -1;
    if (take_turn(&world->greedy))
        take_all(cx->arena);
    return 0; /* not committed */
}

static inline int give_up(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    if (take_turn(&world->greedy_hook))
        take_all(cx->arena);
    pthread_mutex_lock(&world->lock);
    world->given_up += cx->tx == NULL && strstr(why, "more memory than one step") != NULL;
    pthread_mutex_unlock(&world->lock);
    return 0;
}

static const SwController storing;
static const SwController greedy = {.name = "test/greedy", .step = step_greedy, .failed = give_up};
static const SwController greedy_alone = {.name = "test/greedy_alone", .step = step_greedy};
/* Does what steps do, in one transaction. */
static inline int step_writing(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    SwEvent e = {.id = id, .source = SW_STR("aws.b"), .detail_type = SW_STR("T"), .detail = SW_STR("{}")};
    if (sw_tx_begin(cx->host->store, cx->arena, SW_WRITE, cx->account, cx->region, &cx->tx, err) < 0 ||
        sw_event_put(cx, &e, err) < 0 || sw_wake(cx, &notes, SW_STR("other"), 0, err) < 0)
        return -1;
    return sw_tx_commit(&cx->tx, err);
}
static const SwController writing = {.name = "test/writing", .step = step_writing};

/* On the store alone: each run is an event, in the engine's transaction. What its id says is what it does. */
static inline int step_store(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    World *w = world;
    pthread_mutex_lock(&w->lock);
    w->steps++;
    mark(SW_STEP_STORE);
    w->prepared_first &= w->prepared > 0;
    SwTime again = w->again, self = w->wake_self_at;
    w->wake_self_at = 0;
    pthread_mutex_unlock(&w->lock);
    ret->again = again;
    if (sw_str_eqz(id, "fails") && take_turn(&w->fail))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "on purpose");
    if (sw_str_starts(id, SW_STR("still")))
        return 0;
    SwEvent e = {.id = sw_str_dup(cx->arena, id), .source = SW_STR("aws.b"), .detail_type = SW_STR("T")};
    if (sw_event_put(cx, &e, err) < 0)
        return -1;
    if (sw_str_eqz(id, "greedy") && take_turn(&w->greedy))
        take_all(cx->arena);
    return self ? sw_wake(cx, &storing, id, self, err) : 0;
}

static inline int prepare(SwCtx *cx, SwError *err) {
    pthread_mutex_lock(&world->lock);
    world->prepared++;
    pthread_mutex_unlock(&world->lock);
    return cx->tx ? sw_fail(err, &SW_INTERNAL_FAILURE, "a transaction is open") : 0;
}

static const SwController storing = {.name = "test/storing", .kind = SW_STEP_STORE, .step = step_store, .failed = give_up};
static const SwController looking = {
    .name = "test/looking", .kind = SW_STEP_STORE, .step = step_store, .looks = true, .before = prepare};

/* Like a clone that does not end: until it is let through by `slow_gate`. */
static inline int step_slow(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    World *w = world;
    pthread_mutex_lock(&w->lock);
    w->slow_inside++;
    mark(SW_STEP_SLOW);
    pthread_cond_broadcast(&w->change);
    while (!w->slow_gate)
        pthread_cond_wait(&w->change, &w->lock);
    w->slow_inside--;
    w->slow_steps++;
    pthread_mutex_unlock(&w->lock);
    return 0;
}
static const SwController slow = {.name = "test/slow", .kind = SW_STEP_SLOW, .step = step_slow};
static const SwController slow_too = {.name = "test/slow_too", .kind = SW_STEP_SLOW, .step = step_slow, .parallel = 2};

static inline int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    World *w = world;
    pthread_mutex_lock(&w->lock);
    w->step_at[w->steps % 64] = sw_clock_now(w->host.clock);
    w->steps++;
    w->inside++;
    mark(SW_STEP_QUICK);
    w->most_inside = SW_MAX(w->most_inside, w->inside);
    pthread_cond_broadcast(&w->change);
    while (w->hold && w->gate == 0)
        pthread_cond_wait(&w->change, &w->lock);
    w->gate -= w->hold;
    w->inside--;
    bool failing = w->fail > 0;
    w->fail -= failing;
    SwTime self = w->wake_self_at;
    w->wake_self_at = 0;
    *ret = (SwStep){.again = w->again, .waiting = w->waiting};
    w->again = 0;
    pthread_mutex_unlock(&w->lock);
    if (self)
        return sw_wake(cx, &notes, id, self, err);
    return failing ? sw_fail(err, &SW_INTERNAL_FAILURE, "on purpose") : 0;
}

static inline int hear(SwCtx *cx, const SwEvent *ev, int who, SwError *err) {
    World *w = world;
    if (who == 0 && take_turn(&w->greedy))
        take_all(cx->arena);
    if (sw_str_starts(ev->id, SW_STR("wake")) && sw_wake(cx, &notes, ev->id, 0, err) < 0)
        return -1;
    (void)sw_strf(cx->arena, "%d", who);
    pthread_mutex_lock(&w->lock);
    bool failing = who == 0 && w->deliveries_fail;
    size_t n = strlen(w->heard[who]);
    snprintf(w->heard[who] + n, sizeof(w->heard[who]) - n, "%.*s%s ", SW_FMT(ev->id), failing ? "!" : "");
    pthread_mutex_unlock(&w->lock);
    return failing ? sw_fail(err, &SW_INTERNAL_FAILURE, "on purpose") : 0;
}
static inline int hear_all(SwCtx *cx, const SwEvent *ev, SwError *err) {
    return hear(cx, ev, 0, err);
}
static inline int hear_some(SwCtx *cx, const SwEvent *ev, SwError *err) {
    return hear(cx, ev, 1, err);
}
static inline int loud(SwCtx *cx, const SwEvent *ev, bool *ret_concerned, SwError *err) {
    pthread_mutex_lock(&world->lock);
    world->asked++;
    pthread_mutex_unlock(&world->lock);
    *ret_concerned = !sw_str_starts(ev->id, SW_STR("quiet"));
    return sw_str_eqz(ev->id, "broken") ? sw_fail(err, &SW_INTERNAL_FAILURE, "on purpose") : 0;
}
static const SwListener all = {.name = "test/all", .concerns = loud, .on_event = hear_all};
static const SwEventKind of_b[] = {{"aws.c", "T"}, {"aws.b", "T"}, {0}};
static const SwListener some = {.name = "test/some", .kinds = of_b, .on_event = hear_some};

static inline void start(World *w) {
    static const SwController *const controllers[] = {&notes,   &single,  &greedy, &greedy_alone, &writing,
                                                      &storing, &looking, &slow,   &slow_too};
    static const SwListener *const listeners[] = {&all, &some};
    SwEngineOptions o = {.host = &w->host,
                         .store = w->host.store,
                         .clock = w->host.clock,
                         .controllers = controllers,
                         .n_controllers = SW_N(controllers),
                         .turn_ms = 60000, /* however slow the machine is */
                         .slow_idle_ms = 20,
                         .listeners = listeners,
                         .n_listeners = 2,
                         .make_ctx = make_ctx};
    OK(sw_engine_open(&o, &w->host.engine, &w->err));
    OK(sw_engine_start(w->host.engine, &w->err));
}

static inline int setup(void **state) {
    SwArena *a = sw_arena_new(SW_GIB);
    World *w = world = sw_new(a, World);
    w->a = a;
    w->err = sw_error(a);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->change, NULL);
    if (!test_folder(w->folder))
        return -1;
    w->host.clock = sw_clock_new();
    SwTime now = sw_clock_now(w->host.clock);
    sw_clock_set(w->host.clock, SW_CLOCK_STEPPED, 1, T0 - now);
    OK(sw_store_open(sw_path(a, w->folder, "store"), &w->host.store, &w->err));
    start(w);
    *state = w;
    return 0;
}

static inline int teardown(void **state) {
    World *w = *state;
    sw_engine_close(w->host.engine);
    sw_store_close(w->host.store);
    sw_clock_free(w->host.clock);
    OK(sw_rm_tree(w->folder, &w->err));
    sw_arena_free(w->a);
    return 0;
}

static inline SwCtx *ctx(World *w) {
    return make_ctx(&w->host, w->a, SW_STR("1"), SW_STR("r"), "test");
}

static inline void wake(World *w, const SwController *c, const char *id, SwTime at) {
    OK(sw_wake(ctx(w), c, sw_str(id), at, &w->err));
}

static inline void settle(World *w) {
    assert_true(sw_engine_settle(w->host.engine, 20000));
}

static inline int steps(World *w) {
    pthread_mutex_lock(&w->lock);
    int n = w->steps;
    pthread_mutex_unlock(&w->lock);
    return n;
}

static inline void wait_inside(World *w, int n) {
    pthread_mutex_lock(&w->lock);
    while (w->inside < n)
        pthread_cond_wait(&w->change, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static inline void hold(World *w, bool on) {
    pthread_mutex_lock(&w->lock);
    w->hold = on;
    w->gate = 0;
    pthread_mutex_unlock(&w->lock);
}

static inline void let_through(World *w, int n) {
    pthread_mutex_lock(&w->lock);
    w->gate += n;
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
}

static inline void restart(World *w) {
    sw_engine_close(w->host.engine);
    sw_store_close(w->host.store);
    OK(sw_store_open(sw_path(w->a, w->folder, "store"), &w->host.store, &w->err));
    start(w);
}

static inline bool heard(World *w, int who, const char *id) {
    pthread_mutex_lock(&w->lock);
    bool found = strstr(w->heard[who], id) != NULL;
    pthread_mutex_unlock(&w->lock);
    return found;
}

static inline void put_event(World *w, const char *id, const char *source) {
    SwCtx *cx = ctx(w);
    SwStr resource = SW_STR("arn:x");
    OK(sw_tx_begin(w->host.store, w->a, SW_WRITE, cx->account, cx->region, &cx->tx, &w->err));
    OK(sw_event_put(cx,
                    &(SwEvent){.id = sw_str(id),
                               .source = sw_str(source),
                               .detail_type = SW_STR("T"),
                               .resources = {&resource, 1},
                               .detail = SW_STR("{\"a\":1}")},
                    &w->err));
    OK(sw_tx_commit(&cx->tx, &w->err));
}

/* All of them by one commit. */
static inline void put_events(World *w, const char *const *ids, size_t n, const char *source) {
    SwCtx *cx = ctx(w);
    OK(sw_tx_begin(w->host.store, w->a, SW_WRITE, cx->account, cx->region, &cx->tx, &w->err));
    for (size_t i = 0; i < n; i++)
        OK(sw_event_put(cx, &(SwEvent){.id = sw_str(ids[i]), .source = sw_str(source), .detail_type = SW_STR("T")}, &w->err));
    OK(sw_tx_commit(&cx->tx, &w->err));
}

static inline int64_t turns(World *w) {
    SwStoreStats s;
    sw_store_stats(w->host.store, &s);
    return s.turns;
}

static inline void settle_for(World *w, SwTime t) {
    for (SwTime end = sw_clock_now(w->host.clock) + t; sw_clock_now(w->host.clock) < end;) {
        settle(w);
        sw_clock_advance(w->host.clock, 100 * SW_MS);
    }
    settle(w);
}

static inline SwEngineStats stats(World *w) {
    SwEngineStats s;
    sw_engine_stats(w->host.engine, &s);
    return s;
}

static inline int64_t failures(World *w) {
    return stats(w).failures;
}

/* Woken once, it runs at once, and again when a minute has passed. */
static inline void assert_again_in_a_minute(World *w, const SwController *c) {
    wake(w, c, "a", 0);
    settle(w);
    assert_int_equal(steps(w), 1);
    sw_clock_advance(w->host.clock, SW_MINUTE);
    settle(w);
    assert_int_equal(steps(w), 2);
}

static inline int64_t count_events(World *w) {
    int64_t n = 0;
    SwTx *tx;
    OK(sw_tx_begin(w->host.store, w->a, SW_READ, SW_STR(""), SW_STR(""), &tx, &w->err));
    OK(sw_events_count_kept(tx, &n, &w->err));
    sw_tx_rollback(tx);
    return n;
}

/* All of them by one commit, so that they are due at once. */
static inline void wake_many(World *w, const SwController *c, const char *const *ids, size_t n) {
    SwCtx *cx = ctx(w);
    OK(sw_tx_begin(w->host.store, w->a, SW_WRITE, cx->account, cx->region, &cx->tx, &w->err));
    for (size_t i = 0; i < n; i++)
        OK(sw_wake(cx, c, sw_str(ids[i]), 0, &w->err));
    OK(sw_tx_commit(&cx->tx, &w->err));
}
