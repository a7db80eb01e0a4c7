/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of steps: what a store step's transaction holds, and that slow steps stop no others. */

#include "world.h"

/* --- store steps --------------------------------------------------------------------------------------------------- */

static void store_step_and_its_end_are_one_turn_of_the_writer(void **state) {
    World *w = *state;
    settle(w);
    int64_t before = turns(w);
    wake(w, &storing, "still", 0);
    settle(w);
    assert_int_equal(turns(w) - before, 2); /* the wake's and its own */
    assert_int_equal(steps(w), 1);
    before = turns(w);
    wake(w, &notes, "a", 0); /* beside it a step without any transaction: the wake's and its end's */
    settle(w);
    assert_int_equal(turns(w) - before, 2);
}

static void store_steps_that_are_due_at_once_share_a_turn(void **state) {
    World *w = *state;
    const char *ids[64];
    for (size_t i = 0; i < SW_N(ids); i++)
        ids[i] = sw_strf(w->a, "still%zu", i).p;
    settle(w);
    int64_t before = turns(w);
    wake_many(w, &looking, ids, SW_N(ids));
    settle(w);
    assert_int_equal(steps(w), 64);                                 /* each in a snapshot, and not again */
    assert_in_range(turns(w) - before, 1 + 64 / SW_ROUND_MOST, 32); /* 5, but for a machine that is slow in between */
}

static void look_that_would_write_is_run_again_in_a_write_transaction(void **state) {
    World *w = *state;
    w->prepared_first = true;
    wake(w, &looking, "still", 0);
    settle(w);
    assert_int_equal(steps(w), 1);
    wake(w, &looking, "writes", 0);
    settle(w);
    assert_int_equal(steps(w), 3);
    assert_int_equal(count_events(w), 1);
    assert_string_equal(w->heard[1], "writes ");
    assert_true(w->prepared_first);
    assert_int_equal(w->prepared, 2);
}

static void failing_store_step_undoes_itself_and_no_other(void **state) {
    World *w = *state;
    static const char *const ids[] = {"a", "fails", "b", "still"};
    w->fail = 1000;
    wake_many(w, &storing, ids, SW_N(ids));
    settle(w);
    assert_int_equal(count_events(w), 2);
    SwEngineStats s = stats(w);
    assert_int_equal(s.failures, 1); /* the round is not a failure of its members */
    w->fail = 0;
    sw_clock_advance(w->host.clock, SW_S);
    settle(w);
    assert_int_equal(count_events(w), 3);
    s = stats(w);
    assert_int_equal(s.due, 0);
}

static void store_step_that_asks_for_all_memory_is_given_up_and_its_company_goes_on(void **state) {
    World *w = *state;
    static const char *const ids[] = {"a", "greedy", "b"};
    w->greedy = 1000;
    wake_many(w, &storing, ids, SW_N(ids));
    settle(w);
    assert_int_equal(count_events(w), 2);
    settle_for(w, 5 * SW_S);
    assert_int_equal(count_events(w), 2);
    assert_int_equal(w->given_up, 1);
}

static void store_step_that_wakes_itself_for_later_is_not_repeated_at_once(void **state) {
    World *w = *state;
    w->wake_self_at = T0 + SW_MINUTE;
    assert_again_in_a_minute(w, &storing);
}

static void every_allocation_of_a_store_step_may_fail(void **state) {
    World *w = *state;
    int64_t nth = 0, before;
    SwEngineStats s;
    do {
        s = stats(w);
        before = s.failures;
        w->starve = (size_t)++nth;
        wake(w, &storing, sw_strf(w->a, "e%lld", (long long)nth).p, 0);
        settle(w);
        w->starve = 0;
        settle_for(w, SW_S);
        s = stats(w);
        assert_int_equal(s.due, 0);
    } while (s.failures > before);
    assert_true(nth > 3);
    assert_int_equal(count_events(w), nth);
}

/* --- slow steps ---------------------------------------------------------------------------------------------------- */

static int slow_inside(World *w, int at_least) {
    pthread_mutex_lock(&w->lock);
    while (w->slow_inside < at_least)
        pthread_cond_wait(&w->change, &w->lock);
    int n = w->slow_inside;
    pthread_mutex_unlock(&w->lock);
    return n;
}

static int64_t slow_threads(World *w) {
    return stats(w).slow_threads;
}

static void slow_gate(World *w) {
    pthread_mutex_lock(&w->lock);
    w->slow_gate = true;
    pthread_cond_broadcast(&w->change);
    pthread_mutex_unlock(&w->lock);
}

static void slow_steps_that_do_not_end_stop_no_others(void **state) {
    World *w = *state;
    const char *ids[40];
    for (size_t i = 0; i < SW_N(ids); i++)
        ids[i] = sw_strf(w->a, "%zu", i).p;
    wake_many(w, &slow, ids, SW_N(ids));
    assert_int_equal(slow_inside(w, 16), 16);
    wake(w, &slow_too, "a", 0); /* another controller's slow steps neither */
    slow_inside(w, 17);
    hold(w, true); /* these two block, so they are known to run beside all those */
    wake(w, &notes, "quick", 0);
    wait_inside(w, 1);
    hold(w, false);
    let_through(w, 1);
    wake(w, &storing, "stores", 0);
    put_event(w, "seen", "aws.b");
    while (count_events(w) < 2 || steps(w) < 2 || !heard(w, 1, "seen") || !heard(w, 1, "stores"))
        sched_yield();
    assert_int_equal(slow_inside(w, 17), 17);
    assert_int_equal(w->slow_steps, 0);
    slow_gate(w);
    settle(w);
    assert_int_equal(w->slow_steps, 41);
}

static void slow_controller_runs_at_most_its_number_at_once(void **state) {
    World *w = *state;
    const char *ids[] = {"a", "b", "c", "d", "e"};
    wake_many(w, &slow_too, ids, SW_N(ids));
    slow_inside(w, 2);
    assert_false(sw_engine_settle(w->host.engine, 1));
    assert_int_equal(slow_inside(w, 2), 2);
    slow_gate(w);
    settle(w);
    assert_int_equal(w->slow_steps, 5);
}

static void threads_of_slow_steps_end_when_they_are_idle_and_come_again(void **state) {
    World *w = *state;
    slow_gate(w);
    assert_int_equal(slow_threads(w), 0);
    for (int i = 1; i < 4; i++) {
        wake(w, &slow, "a", 0);
        settle(w);
        assert_int_equal(w->slow_steps, i);
        while (slow_threads(w) > 0) /* 20 ms of the machine's own time */
            sched_yield();
    }
    wake(w, &slow, "a", 0); /* one that waits is there when the engine ends */
    settle(w);
    restart(w);
    assert_int_equal(slow_threads(w), 0);
}

/* --- what they may do outside (base/outside.h) ----------------------------------------------------------------------- */

static void quick_steps_hold_no_transaction_and_slow_ones_run_where_nobody_waits(void **state) {
    World *w = *state;
    slow_gate(w);
    for (int i = 0; i < 2; i++) { /* nothing is left of the first */
        wake(w, &notes, "a", 0);
        wake(w, &storing, "a", 0);
        wake(w, &slow, "a", 0);
        settle(w);
        assert_false(w->mark[SW_STEP_QUICK].tx);
        assert_true(w->mark[SW_STEP_QUICK].common);
        assert_true(w->mark[SW_STEP_STORE].tx);
        assert_true(w->mark[SW_STEP_STORE].common);
        assert_false(w->mark[SW_STEP_SLOW].tx);
        assert_false(w->mark[SW_STEP_SLOW].common);
    }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(store_step_and_its_end_are_one_turn_of_the_writer),
        T(store_steps_that_are_due_at_once_share_a_turn),
        T(look_that_would_write_is_run_again_in_a_write_transaction),
        T(failing_store_step_undoes_itself_and_no_other),
        T(store_step_that_asks_for_all_memory_is_given_up_and_its_company_goes_on),
        T(store_step_that_wakes_itself_for_later_is_not_repeated_at_once),
        T(every_allocation_of_a_store_step_may_fail),
        T(slow_steps_that_do_not_end_stop_no_others),
        T(slow_controller_runs_at_most_its_number_at_once),
        T(quick_steps_hold_no_transaction_and_slow_ones_run_where_nobody_waits),
        T(threads_of_slow_steps_end_when_they_are_idle_and_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
