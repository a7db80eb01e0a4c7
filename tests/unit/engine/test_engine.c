/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: wakes, times, failures, events. Kinds of steps are in test_steps.c. */

#include "world.h"

static void wake_runs_the_step_once_and_leaves_nothing(void **state) {
    World *w = *state;
    wake(w, &notes, "a", 0);
    settle(w);
    assert_int_equal(steps(w), 1);
    SwEngineStats s = stats(w);
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
    assert_again_in_a_minute(w, &notes);
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
    SwEngineStats s = stats(w);
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
    assert_again_in_a_minute(w, &notes);
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

static void event_that_concerns_nobody_costs_no_further_transaction(void **state) {
    World *w = *state;
    settle(w);
    int64_t before = turns(w);
    put_event(w, "quiet", "aws.a");
    settle(w);
    assert_int_equal(turns(w) - before, 1);
    assert_string_equal(w->heard[0], "");
    put_event(w, "1", "aws.b");
    settle(w);
    assert_string_equal(w->heard[0], "1 ");
    assert_int_equal(w->asked, 2);
}

/* Also not to one who listens from then on, after a restart. */
static void event_that_concerned_nobody_is_never_delivered(void **state) {
    World *w = *state;
    put_event(w, "quiet", "aws.a");
    settle(w);
    restart(w);
    settle(w);
    assert_string_equal(w->heard[0], "");
    assert_int_equal(w->asked, 1);
}

static void event_of_which_it_cannot_be_said_whom_it_concerns_is_not_put(void **state) {
    World *w = *state;
    SwCtx *cx = ctx(w);
    OK(sw_tx_begin(w->host.store, w->a, SW_WRITE, cx->account, cx->region, &cx->tx, &w->err));
    SwEvent e = {.id = SW_STR("broken"), .source = SW_STR("aws.a"), .detail_type = SW_STR("T")};
    assert_int_equal(sw_event_put(cx, &e, &w->err), -1);
    sw_tx_rollback(cx->tx);
    w->err = sw_error(w->a);
    settle(w);
    assert_string_equal(w->heard[0], "");
}

static void events_of_one_moment_reach_all_listeners_in_one_transaction(void **state) {
    World *w = *state;
    static const char *const ids[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    settle(w);
    int64_t before = turns(w);
    put_events(w, ids, SW_N(ids), "aws.b");
    settle(w);
    assert_int_equal(turns(w) - before, 2);
    assert_string_equal(w->heard[0], "1 2 3 4 5 6 7 8 9 ");
    assert_string_equal(w->heard[1], "1 2 3 4 5 6 7 8 9 ");
    SwEngineStats s = stats(w);
    assert_int_equal(s.events, 18);
    assert_int_equal(s.rounds, 1);
    assert_int_equal(s.events_due, 0);
}

static void more_events_than_a_round_has_are_all_delivered(void **state) {
    World *w = *state;
    const char *ids[150];
    for (int i = 0; i < 150; i++)
        ids[i] = sw_strf(w->a, "%d", i % 10).p;
    put_events(w, ids, SW_N(ids), "aws.b");
    settle(w);
    assert_int_equal(strlen(w->heard[0]), 300);
    assert_int_equal(strlen(w->heard[1]), 300);
}

/* Two listeners hear of it, one fails after what it wrote: of it nothing stays, of the other all. */
static void failing_delivery_undoes_its_own_writes_alone(void **state) {
    World *w = *state;
    static const char *const ids[] = {"wake1", "2"};
    w->deliveries_fail = true;
    put_events(w, ids, SW_N(ids), "aws.b");
    settle(w);
    assert_string_equal(w->heard[0], "wake1! ");
    assert_string_equal(w->heard[1], "wake1 2 ");
    assert_int_equal(steps(w), 1);
    w->deliveries_fail = false;
    sw_clock_advance(w->host.clock, 100 * SW_MS);
    settle(w);
    assert_string_equal(w->heard[0], "wake1! wake1 2 ");
    assert_int_equal(steps(w), 2);
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
    assert_int_equal(stats(w).due, 0);
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

/* What is done happens, and once, whichever allocation of it (and of the deliveries of its event) fails: `who` hears of it as
 * often as it is done. How often that was. */
static size_t starve_each(World *w, int who, void (*act)(World *w, const char *id)) {
    size_t nth = 0;
    int64_t before;
    do {
        char id[32], heard[40];
        snprintf(id, sizeof id, "e%zu", ++nth);
        snprintf(heard, sizeof heard, "%s ", id);
        before = failures(w);
        w->heard[who][0] = 0;
        w->starve = nth;
        act(w, id);
        settle(w);
        w->starve = 0;
        settle_for(w, SW_S);
        assert_string_equal(w->heard[who] + strlen(w->heard[who]) - strlen(heard), heard);
    } while (failures(w) > before);
    return nth;
}

static void wake_writing(World *w, const char *id) {
    wake(w, &writing, id, 0);
}

static void every_allocation_of_a_step_may_fail(void **state) {
    World *w = *state;
    size_t nth = starve_each(w, 1, wake_writing);
    assert_true(nth > 5);
    assert_int_equal(count_events(w), nth);
}

static void put_for_one(World *w, const char *id) {
    put_event(w, id, "aws.a");
}

static void every_allocation_of_a_delivery_may_fail(void **state) {
    World *w = *state;
    assert_true(starve_each(w, 0, put_for_one) > 3);
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

typedef struct Change {
    SwStr name;
    SwOptTime at;
    SwOptInt left;
} Change;
static const SwShape text = {.name = "Text", .kind = SW_STRING, .size = sizeof(SwStr)};
static const SwShape number = {.name = "Number", .kind = SW_LONG, .size = sizeof(SwOptInt)};
static const SwShape moment = {.name = "Time", .kind = SW_TIMESTAMP, .size = sizeof(SwOptTime)};
static const SwMember change_members[] = {
    {.name = "name", .shape = &text, .offset = offsetof(Change, name)},
    {.name = "changed-at", .shape = &moment, .offset = offsetof(Change, at)},
    {.name = "left", .shape = &number, .offset = offsetof(Change, left)},
};
static const SwShape change = {
    .name = "Change", .kind = SW_STRUCTURE, .size = sizeof(Change), .member = change_members, .n_member = SW_N(change_members)};
static const SwEventType changed = {"aws.b", "T", &change};

static SwEventRow only_event(World *w) {
    SwEventRows l;
    SwTx *tx;
    OK(sw_tx_begin(w->host.store, w->a, SW_READ, SW_STR(""), SW_STR(""), &tx, &w->err));
    OK(sw_events_due(tx, "test/all", 10, SW_MIB, &l, &w->err));
    sw_tx_rollback(tx);
    assert_int_equal(l.n, 1);
    return l.v[0];
}

static void declared_event_has_the_form_of_its_shape(void **state) {
    World *w = *state;
    SwCtx *cx = ctx(w);
    w->deliveries_fail = true; /* so that it can be looked at */
    Change detail = {.name = SW_STR("a\"b"), .at = SW_SOME_TIME(T0 + 5 * SW_MS + 7)};
    OK(sw_tx_begin(w->host.store, w->a, SW_WRITE, cx->account, cx->region, &cx->tx, &w->err));
    OK(sw_event(cx, &changed, SW_STR("arn:x"), &detail, &w->err));
    OK(sw_tx_commit(&cx->tx, &w->err));
    settle(w);
    SwEventRow row = only_event(w);
    assert_string_equal(row.source.p, "aws.b");
    assert_string_equal(row.detail_type.p, "T");
    assert_string_equal(row.resources.p, "[\"arn:x\"]");
    assert_string_equal(row.detail.p, "{\"name\":\"a\\\"b\",\"changed-at\":\"2024-10-04T00:00:00.005Z\"}");
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
        T(event_that_concerns_nobody_costs_no_further_transaction),
        T(event_that_concerned_nobody_is_never_delivered),
        T(event_of_which_it_cannot_be_said_whom_it_concerns_is_not_put),
        T(events_of_one_moment_reach_all_listeners_in_one_transaction),
        T(more_events_than_a_round_has_are_all_delivered),
        T(failing_delivery_undoes_its_own_writes_alone),
        T(delivered_events_are_kept_for_fourteen_days),
        T(step_that_asks_for_all_memory_is_given_up_after_three_tries),
        T(step_that_nobody_can_give_up_is_tried_again_with_pauses),
        T(delivery_that_asks_for_all_memory_is_left_out_after_three_tries),
        T(every_allocation_of_a_step_may_fail),
        T(every_allocation_of_a_delivery_may_fail),
        T(event_has_the_form_that_eventbridge_documents),
        T(declared_event_has_the_form_of_its_shape),
        T(reset_while_quiet_forgets_all_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
