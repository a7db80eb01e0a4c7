/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tests with an arena of their own, which is *state. Include after cmocka.h. */

#include "base/arena.h"

static inline int arena_set_up(void **state) {
    *state = sw_arena_new(0);
    return 0;
}

static inline int arena_tear_down(void **state) {
    sw_arena_free(*state);
    return 0;
}

#define ARENA_TEST(f) cmocka_unit_test_setup_teardown(f, arena_set_up, arena_tear_down)
