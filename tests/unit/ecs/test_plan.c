/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of rolling deployments. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/ecs/ecs.h"
#include "services/ecs/plan.h"

static EcsRollPlan roll(int64_t desired, int64_t min, int64_t max, int64_t primary, int64_t primary_healthy, int64_t old,
                        int64_t old_healthy) {
    EcsRoll r = {desired, min, max, primary, primary_healthy, old, old_healthy};
    return ecs_roll(&r);
}

static void a_new_service_starts_all_its_tasks(void **state) {
    (void)state;
    EcsRollPlan p = roll(4, 100, 200, 0, 0, 0, 0);
    assert_int_equal(p.start, 4);
    assert_int_equal(p.stop_old, 0);
}

static void new_tasks_start_beside_the_old_ones_up_to_the_maximum(void **state) {
    (void)state;
    assert_int_equal(roll(4, 100, 200, 0, 0, 4, 4).start, 4);
    assert_int_equal(roll(4, 100, 150, 0, 0, 4, 4).start, 2);
    assert_int_equal(roll(4, 100, 150, 2, 0, 4, 4).start, 0);
    assert_int_equal(roll(3, 100, 150, 0, 0, 3, 3).start, 1); /* 4.5 is rounded down */
}

static void old_tasks_stay_until_new_ones_are_healthy(void **state) {
    (void)state;
    assert_int_equal(roll(2, 100, 200, 2, 0, 2, 2).stop_old, 0);
    assert_int_equal(roll(2, 100, 200, 2, 1, 2, 2).stop_old, 1);
    assert_int_equal(roll(2, 100, 200, 2, 2, 2, 2).stop_old, 2);
}

static void below_one_hundred_percent_old_tasks_make_room_first(void **state) {
    (void)state;
    EcsRollPlan p = roll(1, 0, 100, 0, 0, 1, 1);
    assert_int_equal(p.start, 0);
    assert_int_equal(p.stop_old, 1);
    assert_int_equal(roll(4, 50, 100, 0, 0, 4, 4).stop_old, 2);
    assert_int_equal(roll(3, 50, 100, 0, 0, 3, 3).stop_old, 1); /* 1.5 is rounded up: two must stay */
}

static void scaling_in_stops_what_is_too_much(void **state) {
    (void)state;
    EcsRollPlan p = roll(1, 100, 200, 3, 3, 0, 0);
    assert_int_equal(p.stop_primary, 2);
    assert_int_equal(p.start, 0);
}

static void every_rollout_of_every_size_ends_and_never_breaks_its_bounds(void **state) {
    (void)state;
    for (int64_t desired = 1; desired <= 12; desired++)
        for (int64_t min = 0; min <= 100; min += 25)
            for (int64_t max = min == 100 ? 150 : 100; max <= 200; max += 50) {
                int64_t primary = 0, old = desired, rounds = 0, least = (desired * min + 99) / 100;
                if (desired * max / 100 <= desired && least >= desired)
                    continue; /* no room to move: AWS, too, stands still */
                while ((primary != desired || old) && rounds++ < 100) {
                    EcsRollPlan p = roll(desired, min, max, primary, primary, old, old);
                    old -= p.stop_old;
                    assert_true(primary + old >= least);
                    assert_true(primary + old + p.start <= SW_MAX(desired * max / 100, desired));
                    primary += p.start;
                }
                assert_int_equal(primary, desired);
                assert_int_equal(old, 0);
            }
}

static void the_circuit_breaker_trips_at_half_of_the_desired_count_within_3_and_200(void **state) {
    (void)state;
    assert_int_equal(ecs_breaker_threshold(0), 3);
    assert_int_equal(ecs_breaker_threshold(1), 3);
    assert_int_equal(ecs_breaker_threshold(6), 3);
    assert_int_equal(ecs_breaker_threshold(25), 13);
    assert_int_equal(ecs_breaker_threshold(400), 200);
    assert_int_equal(ecs_breaker_threshold(800), 200);
}

static void starts_are_delayed_after_the_third_failure_in_a_row(void **state) {
    (void)state;
    assert_int_equal(ecs_start_delay(3), 0);
    assert_int_equal(ecs_start_delay(4), 5 * SW_S);
    assert_int_equal(ecs_start_delay(5), 10 * SW_S);
    assert_int_equal(ecs_start_delay(1000), 5 * SW_MINUTE);
}

static void providers_take_tasks_by_base_and_then_by_weight(void **state) {
    (void)state;
    EcsCapacityProviderStrategyItem items[] = {
        {.capacity_provider = SW_STR("a"), .weight = SW_SOME_INT(1), .base = SW_SOME_INT(2)},
        {.capacity_provider = SW_STR("b"), .weight = SW_SOME_INT(3)},
        {.capacity_provider = SW_STR("c"), .weight = SW_SOME_INT(0)},
    };
    EcsCapacityProviderStrategyItemList l = {items, SW_N(items)};
    int64_t has[3] = {0};
    for (int i = 0; i < 10; i++)
        has[ecs_provider_pick(&l, has)]++;
    assert_int_equal(has[0], 4); /* its base and a quarter of the other eight */
    assert_int_equal(has[1], 6);
    assert_int_equal(has[2], 0);
    EcsCapacityProviderStrategyItemList alone = {&items[2], 1};
    assert_int_equal(ecs_provider_pick(&alone, &has[2]), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_service_starts_all_its_tasks),
        cmocka_unit_test(new_tasks_start_beside_the_old_ones_up_to_the_maximum),
        cmocka_unit_test(old_tasks_stay_until_new_ones_are_healthy),
        cmocka_unit_test(below_one_hundred_percent_old_tasks_make_room_first),
        cmocka_unit_test(scaling_in_stops_what_is_too_much),
        cmocka_unit_test(every_rollout_of_every_size_ends_and_never_breaks_its_bounds),
        cmocka_unit_test(the_circuit_breaker_trips_at_half_of_the_desired_count_within_3_and_200),
        cmocka_unit_test(starts_are_delayed_after_the_third_failure_in_a_row),
        cmocka_unit_test(providers_take_tasks_by_base_and_then_by_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
