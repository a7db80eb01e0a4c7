/* SPDX-License-Identifier: Apache-2.0 */
/* The engine on a store of its own and a clock that is stepped by hand, with controllers that only take notes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "api/host.h"
#include "base/file.h"
#include "store/work.h"

#define T0 (SW_DAY * 20000)

typedef struct World {
    SwArena *a;
    SwHost host;
    const char *dir;
    SwError err;
    pthread_mutex_t lock;
    pthread_cond_t change;
    int steps, inside, most_inside, gate; /* gate: steps wait until it opens */
    int fail;                             /* so many steps fail */
    SwTime again, wake_self_at;
    bool waiting, hold, deliveries_fail;
    int greedy, greedy_hook, given_up; /* so many steps, deliveries and hooks ask for all memory */
    size_t starve;                     /* this allocation of each step and delivery fails; 0: none */
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

static SwCtx *make_ctx(SwHost *h, SwArena *a, SwStr account, SwStr region, const char *service) {
    if (a != world->a)
        sw_arena_fail_nth(a, world->starve);
    SwCtx *cx = sw_new(a, SwCtx);
    *cx = (SwCtx){.arena = a, .host = h, .account = account, .region = region};
    return cx;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err);
static const SwController notes = {.name = "test/notes", .step = step};
static const SwController single = {.name = "test/single", .step = step, .parallel = 1};

/* More than a step may have, with something in hand. A list that grows to the limit ends the same way, but ThreadSanitizer
 * takes many seconds to watch it grow. */
static void take_all(SwArena *a) {
    (void)sw_arena_alloc(a, SW_MIB);
    (void)sw_arena_alloc(a, SW_GIB);
}

static bool take_turn(int *left) {
    pthread_mutex_lock(&world->lock);
    bool mine = *left > 0;
    *left -= mine;
    pthread_mutex_unlock(&world->lock);
    return mine;
}

/* Writes in a transaction, and is left in the middle of it. */
static int step_greedy(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
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

static int give_up(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    if (take_turn(&world->greedy_hook))
        take_all(cx->arena);
    pthread_mutex_lock(&world->lock);
    world->given_up += cx->tx == NULL && strstr(why, "more memory than one step") != NULL;
    pthread_mutex_unlock(&world->lock);
    return 0;
}

static const SwController greedy = {.name = "test/greedy", .step = step_greedy, .failed = give_up};
static const SwController greedy_alone = {.name = "test/greedy_alone", .step = step_greedy};
/* Does what steps do, in one transaction. */
static int step_writing(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    SwEvent e = {.id = id, .source = SW_STR("aws.b"), .detail_type = SW_STR("T"), .detail = SW_STR("{}")};
    if (sw_tx_begin(cx->host->store, cx->arena, SW_WRITE, cx->account, cx->region, &cx->tx, err) < 0 ||
        sw_event_put(cx, &e, err) < 0 || sw_wake(cx, &notes, SW_STR("other"), 0, err) < 0)
        return -1;
    return sw_tx_commit(&cx->tx, err);
}
static const SwController writing = {.name = "test/writing", .step = step_writing};

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    World *w = world;
    pthread_mutex_lock(&w->lock);
    w->step_at[w->steps % 64] = sw_clock_now(w->host.clock);
    w->steps++;
    w->inside++;
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

static int hear(SwCtx *cx, const SwEvent *ev, int who, SwError *err) {
    World *w = world;
    if (who == 0 && take_turn(&w->greedy))
        take_all(cx->arena);
    (void)sw_strf(cx->arena, "%d", who);
    pthread_mutex_lock(&w->lock);
    bool failing = who == 0 && w->deliveries_fail;
    size_t n = strlen(w->heard[who]);
    snprintf(w->heard[who] + n, sizeof(w->heard[who]) - n, "%.*s%s ", SW_FMT(ev->id), failing ? "!" : "");
    pthread_mutex_unlock(&w->lock);
    return failing ? sw_fail(err, &SW_INTERNAL_FAILURE, "on purpose") : 0;
}
static int hear_all(SwCtx *cx, const SwEvent *ev, SwError *err) {
    return hear(cx, ev, 0, err);
}
static int hear_some(SwCtx *cx, const SwEvent *ev, SwError *err) {
    return hear(cx, ev, 1, err);
}
static const SwListener all = {.name = "test/all", .on_event = hear_all};
static const SwListener some = {.name = "test/some", .source = "aws.b", .detail_type = "T", .on_event = hear_some};

static void start(World *w) {
    static const SwController *const controllers[] = {&notes, &single, &greedy, &greedy_alone, &writing};
    static const SwListener *const listeners[] = {&all, &some};
    SwEngineOptions o = {.host = &w->host,
                         .store = w->host.store,
                         .clock = w->host.clock,
                         .controllers = controllers,
                         .n_controllers = 5,
                         .listeners = listeners,
                         .n_listeners = 2,
                         .make_ctx = make_ctx};
    OK(sw_engine_open(&o, &w->host.engine, &w->err));
    OK(sw_engine_start(w->host.engine, &w->err));
}

static int setup(void **state) {
    SwArena *a = sw_arena_new(SW_GIB);
    World *w = world = sw_new(a, World);
    w->a = a;
    w->err = sw_error(a);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->change, NULL);
    char *dir = sw_arena_alloc(a, 64);
    snprintf(dir, 64, "%s", "/tmp/slipway-test-engine-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    w->dir = dir;
    w->host.clock = sw_clock_new();
    SwTime now = sw_clock_now(w->host.clock);
    sw_clock_set(w->host.clock, SW_CLOCK_STEPPED, 1, T0 - now);
    OK(sw_store_open(dir, &w->host.store, &w->err));
    start(w);
    *state = w;
    return 0;
}

static int teardown(void **state) {
    World *w = *state;
    sw_engine_close(w->host.engine);
    sw_store_close(w->host.store);
    sw_clock_free(w->host.clock);
    OK(sw_rm_tree(w->dir, &w->err));
    sw_arena_free(w->a);
    return 0;
}

static SwCtx *ctx(World *w) {
    return make_ctx(&w->host, w->a, SW_STR("1"), SW_STR("r"), "test");
}

static void wake(World *w, const SwController *c, const char *id, SwTime at) {
    OK(sw_wake(ctx(w), c, sw_str(id), at, &w->err));
}

static void settle(World *w) {
    assert_true(sw_engine_settle(w->host.engine, 20000));
}

static int steps(World *w) {
    pthread_mutex_lock(&w->lock);
    int n = w->steps;
    pthread_mutex_unlock(&w->lock);
    return n;
}

static void wait_inside(World *w, int n) {
    pthread_mutex_lock(&w->lock);
    while (w->inside < n)
        pthread_cond_wait(&w->change, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static void hold(World *w, bool on) {
    pthread_mutex_lock(&w->lock);
    w->hold = on;
    w->gate = 0;
    pthread_mutex_unlock(&w->lock);
}

static void let_through(World *w, int n) {
    pthread_mutex_lock(&w->lock);
    w->gate += n;
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
}

static void wake_runs_the_step_once_and_leaves_nothing(void **state) {
    World *w = *state;
    wake(w, &notes, "a", 0);
    settle(w);
    assert_int_equal(steps(w), 1);
    SwEngineStats s;
    sw_engine_stats(w->host.engine, &s);
    assert_int_equal(s.steps, 1);
    assert_int_equal(s.due + s.waiting, 0);
}

static void wake_of_a_rolled_back_transaction_does_nothing(void **state) {
    World *w = *state;
    SwCtx *cx = ctx(w);
    OK(sw_tx_begin(w->host.store, w->a, SW_WRITE, cx->account, cx->region, &cx->tx, &w->err));
    OK(sw_wake(cx, &notes, SW_STR("a"), 0, &w->err));
    sw_tx_rollback(cx->tx);
    settle(w);
    assert_int_equal(steps(w), 0);
}

static void later_wake_waits_for_the_clock_and_an_earlier_one_wins(void **state) {
    World *w = *state;
    wake(w, &notes, "a", T0 + 10 * SW_MINUTE);
    wake(w, &notes, "a", T0 + 5 * SW_MINUTE);
    wake(w, &notes, "a", T0 + 20 * SW_MINUTE);
    settle(w);
    assert_int_equal(steps(w), 0);
    sw_clock_advance(w->host.clock, 4 * SW_MINUTE);
    settle(w);
    assert_int_equal(steps(w), 0);
    sw_clock_advance(w->host.clock, SW_MINUTE);
    settle(w);
    assert_int_equal(steps(w), 1);
    sw_clock_advance(w->host.clock, SW_HOUR);
    settle(w);
    assert_int_equal(steps(w), 1);
}

static void step_that_asks_for_it_runs_again_at_its_time(void **state) {
    World *w = *state;
    w->again = T0 + SW_MINUTE;
    wake(w, &notes, "a", 0);
    settle(w);
    assert_int_equal(steps(w), 1);
    sw_clock_advance(w->host.clock, SW_MINUTE);
    settle(w);
    assert_int_equal(steps(w), 2);
}

static void real_clock_starts_what_is_due_without_being_asked(void **state) {
    World *w = *state;
    sw_clock_set(w->host.clock, SW_CLOCK_REAL, 1, 0);
    hold(w, true);
    wake(w, &notes, "b", sw_clock_now(w->host.clock) + SW_HOUR);
    wake(w, &notes, "a", sw_clock_now(w->host.clock) + 20 * SW_MS);
    wait_inside(w, 1);
    hold(w, false);
    let_through(w, 1);
    settle(w);
    assert_int_equal(steps(w), 1);
}

static void failing_step_is_repeated_with_growing_pauses(void **state) {
    World *w = *state;
    w->fail = 12;
    wake(w, &notes, "a", 0);
    settle(w);
    for (int i = 0; i < 5000 && steps(w) < 13; i++) {
        sw_clock_advance(w->host.clock, 50 * SW_MS);
        settle(w);
    }
    assert_int_equal(steps(w), 13);
    static const int64_t pause_ms[] = {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000};
    for (int i = 0; i < 12; i++)
        assert_int_equal((w->step_at[i + 1] - w->step_at[i]) / SW_MS, pause_ms[i]);
    SwEngineStats s;
    sw_engine_stats(w->host.engine, &s);
    assert_int_equal(s.failures, 12);
    assert_int_equal(s.due, 0);
}

static void item_never_runs_twice_at_once_and_a_wake_meanwhile_repeats_it(void **state) {
    World *w = *state;
    hold(w, true);
    wake(w, &notes, "a", 0);
    wait_inside(w, 1);
    for (int i = 0; i < 5; i++)
        wake(w, &notes, "a", 0);
    wake(w, &notes, "b", 0); /* another one runs beside it */
    wait_inside(w, 2);
    let_through(w, 3);
    settle(w);
    assert_int_equal(steps(w), 3);
    assert_int_equal(w->most_inside, 2);
}

static void wake_for_later_while_it_runs_does_not_repeat_it_at_once(void **state) {
    World *w = *state;
    w->wake_self_at = T0 + SW_MINUTE;
    wake(w, &notes, "a", 0);
    settle(w);
    assert_int_equal(steps(w), 1);
    sw_clock_advance(w->host.clock, SW_MINUTE);
    settle(w);
    assert_int_equal(steps(w), 2);
}

static void controller_runs_at_most_its_number_at_once(void **state) {
    World *w = *state;
    hold(w, true);
    for (int i = 0; i < 6; i++)
        wake(w, &single, sw_strf(w->a, "%d", i).p, 0);
    wait_inside(w, 1);
    wake(w, &notes, "other", 0); /* is not kept back by it */
    wait_inside(w, 2);
    let_through(w, 7);
    settle(w);
    assert_int_equal(steps(w), 7);
    assert_int_equal(w->most_inside, 2);
}

static void settling_gives_up_at_its_bound(void **state) {
    World *w = *state;
    hold(w, true);
    wake(w, &notes, "a", 0);
    wait_inside(w, 1);
    assert_false(sw_engine_settle(w->host.engine, 1));
    let_through(w, 1);
    settle(w);
}

static void restart(World *w) {
    sw_engine_close(w->host.engine);
    sw_store_close(w->host.store);
    OK(sw_store_open(w->dir, &w->host.store, &w->err));
    start(w);
}

static void restart_picks_up_what_was_left(void **state) {
    World *w = *state;
    w->again = T0 + SW_MINUTE;
    wake(w, &notes, "a", 0);
    settle(w);
    w->fail = 1;
    wake(w, &notes, "b", 0);
    settle(w);
    restart(w);
    settle(w);
    assert_int_equal(steps(w), 2);
    sw_clock_advance(w->host.clock, SW_MINUTE);
    settle(w);
    assert_int_equal(steps(w), 4);
}

static void many_items_woken_by_many_run_all(void **state) {
    World *w = *state;
    SwCtx *cx = ctx(w);
    OK(sw_tx_begin(w->host.store, w->a, SW_WRITE, cx->account, cx->region, &cx->tx, &w->err));
    for (int i = 0; i < 300; i++)
        OK(sw_wake(cx, i % 2 ? &notes : &single, sw_strf(w->a, "%d", i), 0, &w->err));
    OK(sw_tx_commit(&cx->tx, &w->err));
    settle(w);
    assert_int_equal(steps(w), 300);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void put_event(World *w, const char *id, const char *source) {
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

static void events_come_in_order_to_those_who_listen(void **state) {
    World *w = *state;
    for (int i = 0; i < 9; i++)
        put_event(w, (char[]){(char)('1' + i), 0}, i % 3 ? "aws.a" : "aws.b");
    settle(w);
    assert_string_equal(w->heard[0], "1 2 3 4 5 6 7 8 9 ");
    assert_string_equal(w->heard[1], "1 4 7 ");
    restart(w);
    settle(w);
    put_event(w, "x", "aws.b");
    settle(w);
    assert_string_equal(w->heard[0], "1 2 3 4 5 6 7 8 9 x ");
    assert_string_equal(w->heard[1], "1 4 7 x ");
}

static void failing_listener_is_tried_again_and_blocks_no_other(void **state) {
    World *w = *state;
    w->deliveries_fail = true;
    put_event(w, "1", "aws.b");
    put_event(w, "2", "aws.b");
    settle(w);
    assert_string_equal(w->heard[0], "1! ");
    assert_string_equal(w->heard[1], "1 2 ");
    sw_clock_advance(w->host.clock, 100 * SW_MS);
    settle(w);
    assert_string_equal(w->heard[0], "1! 1! ");
    w->deliveries_fail = false;
    sw_clock_advance(w->host.clock, 200 * SW_MS);
    settle(w);
    assert_string_equal(w->heard[0], "1! 1! 1 2 ");
}

static int64_t count_events(World *w);

static void settle_for(World *w, SwTime t) {
    for (SwTime end = sw_clock_now(w->host.clock) + t; sw_clock_now(w->host.clock) < end;) {
        settle(w);
        sw_clock_advance(w->host.clock, 100 * SW_MS);
    }
    settle(w);
}

static void step_that_asks_for_all_memory_is_given_up_after_three_tries(void **state) {
    World *w = *state;
    w->greedy = 1000;
    w->greedy_hook = 1; /* the first giving up meets the same */
    wake(w, &greedy, "a", 0);
    settle_for(w, 5 * SW_S);
    assert_int_equal(w->given_up, 1);
    assert_int_equal(steps(w), 4);
    assert_int_equal(count_events(w), 0); /* rolled back each time */
    SwEngineStats s;
    sw_engine_stats(w->host.engine, &s);
    assert_int_equal(s.due, 0);
    w->greedy = 0;
    wake(w, &greedy, "a", 0); /* woken, it is tried anew */
    wake(w, &notes, "b", 0);
    settle(w);
    assert_int_equal(steps(w), 6);
}

static void step_that_nobody_can_give_up_is_tried_again_with_pauses(void **state) {
    World *w = *state;
    w->greedy = 4;
    wake(w, &greedy_alone, "a", 0);
    settle(w);
    assert_int_equal(steps(w), 1);
    settle_for(w, 5 * SW_S);
    assert_int_equal(steps(w), 3);
    sw_clock_advance(w->host.clock, SW_HOUR); /* not for ever, and seldom */
    settle_for(w, 5 * SW_S);
    assert_int_equal(steps(w), 4);
    wake(w, &greedy_alone, "a", 0); /* what was changed is tried at once */
    settle(w);
    assert_int_equal(steps(w), 5);
}

static void delivery_that_asks_for_all_memory_is_left_out_after_three_tries(void **state) {
    World *w = *state;
    w->greedy = 3;
    put_event(w, "1", "aws.b");
    put_event(w, "2", "aws.b");
    settle_for(w, SW_S);
    assert_int_equal(w->greedy, 0);
    assert_string_equal(w->heard[0], "2 ");
    assert_string_equal(w->heard[1], "1 2 ");
}

static int64_t failures(World *w) {
    SwEngineStats s;
    sw_engine_stats(w->host.engine, &s);
    return s.failures;
}

/* What the step does happens, and once, whichever allocation of it (and of the deliveries of its event) fails. */
static void every_allocation_of_a_step_may_fail(void **state) {
    World *w = *state;
    size_t nth = 0;
    int64_t before;
    do {
        char id[32], heard[40];
        snprintf(id, sizeof id, "e%zu", ++nth);
        snprintf(heard, sizeof heard, "%s ", id);
        before = failures(w);
        w->heard[1][0] = 0;
        w->starve = nth;
        wake(w, &writing, id, 0);
        settle(w);
        w->starve = 0;
        settle_for(w, SW_S);
        assert_string_equal(w->heard[1] + strlen(w->heard[1]) - strlen(heard), heard);
    } while (failures(w) > before);
    assert_true(nth > 5);
    assert_int_equal(count_events(w), nth);
}

static void every_allocation_of_a_delivery_may_fail(void **state) {
    World *w = *state;
    size_t nth = 0;
    int64_t before;
    do {
        char id[32], heard[40];
        snprintf(id, sizeof id, "e%zu", ++nth);
        snprintf(heard, sizeof heard, "%s ", id);
        before = failures(w);
        w->heard[0][0] = 0;
        w->starve = nth;
        put_event(w, id, "aws.a"); /* heard by one alone */
        settle(w);
        w->starve = 0;
        settle_for(w, SW_S);
        assert_string_equal(w->heard[0] + strlen(w->heard[0]) - strlen(heard), heard);
    } while (failures(w) > before);
    assert_true(nth > 3);
}

static int64_t count_events(World *w) {
    SwTx *tx;
    int64_t n = 0, seq = 0, last;
    OK(sw_tx_begin(w->host.store, w->a, SW_READ, SW_STR(""), SW_STR(""), &tx, &w->err));
    for (bool found = true; found; n += found) {
        SwEventRow e;
        OK(sw_events_next(tx, seq, NULL, NULL, &e, &found, &last, &w->err));
        seq = found ? e.seq : seq;
    }
    sw_tx_rollback(tx);
    return n;
}

static void delivered_events_are_kept_for_fourteen_days(void **state) {
    World *w = *state;
    put_event(w, "1", "aws.b");
    settle(w);
    sw_clock_advance(w->host.clock, 13 * SW_DAY);
    settle(w);
    put_event(w, "2", "aws.a");
    settle(w);
    assert_int_equal(count_events(w), 2);
    sw_clock_advance(w->host.clock, 2 * SW_DAY);
    settle(w);
    assert_int_equal(count_events(w), 1);
}

static void event_has_the_form_that_eventbridge_documents(void **state) {
    World *w = *state;
    SwStr resource = SW_STR("arn:\"x\"");
    SwEvent e = {.id = SW_STR("i"),
                 .source = SW_STR("aws.ecs"),
                 .detail_type = SW_STR("D"),
                 .account = SW_STR("1"),
                 .region = SW_STR("r"),
                 .time = T0 + 5 * SW_MS,
                 .resources = {&resource, 1},
                 .detail = SW_STR("{\"k\":2}")};
    assert_string_equal(
        sw_str_z(w->a, sw_event_json(w->a, &e)),
        "{\"version\":\"0\",\"id\":\"i\",\"detail-type\":\"D\",\"source\":\"aws.ecs\",\"account\":\"1\","
        "\"time\":\"2024-10-04T00:00:00Z\",\"region\":\"r\",\"resources\":[\"arn:\\\"x\\\"\"],\"detail\":{\"k\":2}}");
}

static int empty(void *arg, SwError *err) {
    World *w = arg;
    assert_int_equal(w->inside, 0);
    return sw_store_reset(w->host.store, err);
}

static void reset_while_quiet_forgets_all_and_goes_on(void **state) {
    World *w = *state;
    w->again = T0 + SW_MINUTE;
    wake(w, &notes, "a", 0);
    settle(w);
    OK(sw_engine_quiet(w->host.engine, empty, w, &w->err));
    sw_clock_advance(w->host.clock, SW_HOUR);
    settle(w);
    assert_int_equal(steps(w), 1);
    wake(w, &notes, "b", 0);
    put_event(w, "1", "aws.b");
    settle(w);
    assert_int_equal(steps(w), 2);
    assert_string_equal(w->heard[0], "1 ");
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(wake_runs_the_step_once_and_leaves_nothing),
        T(wake_of_a_rolled_back_transaction_does_nothing),
        T(later_wake_waits_for_the_clock_and_an_earlier_one_wins),
        T(step_that_asks_for_it_runs_again_at_its_time),
        T(real_clock_starts_what_is_due_without_being_asked),
        T(failing_step_is_repeated_with_growing_pauses),
        T(item_never_runs_twice_at_once_and_a_wake_meanwhile_repeats_it),
        T(wake_for_later_while_it_runs_does_not_repeat_it_at_once),
        T(controller_runs_at_most_its_number_at_once),
        T(settling_gives_up_at_its_bound),
        T(restart_picks_up_what_was_left),
        T(many_items_woken_by_many_run_all),
        T(events_come_in_order_to_those_who_listen),
        T(failing_listener_is_tried_again_and_blocks_no_other),
        T(delivered_events_are_kept_for_fourteen_days),
        T(step_that_asks_for_all_memory_is_given_up_after_three_tries),
        T(step_that_nobody_can_give_up_is_tried_again_with_pauses),
        T(delivery_that_asks_for_all_memory_is_left_out_after_three_tries),
        T(every_allocation_of_a_step_may_fail),
        T(every_allocation_of_a_delivery_may_fail),
        T(event_has_the_form_that_eventbridge_documents),
        T(reset_while_quiet_forgets_all_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
