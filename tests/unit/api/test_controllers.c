/* SPDX-License-Identifier: Apache-2.0 */
/* What every controller declares. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/service.h"
#include "base/map.h"
#include "engine/engine.h"

extern const SwService *const sw_services[];

#define EACH(s, c) \
    for (const SwService *const *s = sw_services; *s; s++) \
        for (const SwController *const *c = (*s)->controllers; c && *c; c++)

static void each_says_what_becomes_of_a_step_that_cannot_run(void **state) {
    int n = 0;
    EACH(s, c) {
        n++;
        if (!(*c)->failed == !(*c)->unfailing)
            fail_msg("%s has neither `failed` nor `unfailing`, or both", (*c)->name);
    }
    assert_true(n > 20);
}

static void names_are_unique_and_begin_with_a_service(void **state) {
    SwArena *a = sw_arena_new(0);
    SwMap seen = sw_map(a);
    static char seen_once[1];
    EACH(s, c) {
        SwStr name = sw_str((*c)->name);
        assert_false(sw_map_find(&seen, name));
        sw_map_put(&seen, name, seen_once);
        SwStr rest = name, service;
        assert_true(sw_str_cut(&rest, '/', &service));
    }
    sw_arena_free(a);
}

/* `looks` and `before` are of store steps alone: elsewhere nobody would heed them. */
static void only_store_steps_look_first(void **state) {
    EACH(s, c) {
        if ((*c)->kind != SW_STEP_STORE && ((*c)->looks || (*c)->before))
            fail_msg("%s looks, and is no store step", (*c)->name);
    }
}

/* What may clone, pull, unpack, ask a stranger's server or wait for a container, and nothing else: each has threads of its own.
 * Where one of these is done in another thread, SW_MAY_TAKE_MINUTES ends the server in the API's tests. */
static void what_may_take_minutes_is_slow(void **state) {
    static const char *const slow[] = {
        "codebuild/build", "codebuild/environment", "codepipeline/action", "ecs/health",   "ecs/task",
        "iam/oidc",        "lambda/code",           "lambda/sandbox",      "lambda/unused"};
    size_t found = 0;
    EACH(s, c) {
        bool named = false;
        for (size_t i = 0; i < SW_N(slow); i++)
            named |= strcmp((*c)->name, slow[i]) == 0;
        if (named != ((*c)->kind == SW_STEP_SLOW))
            fail_msg("%s is %s", (*c)->name, named ? "not slow" : "slow, and why is not said here");
        found += named;
    }
    assert_int_equal(found, SW_N(slow));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_says_what_becomes_of_a_step_that_cannot_run),
        cmocka_unit_test(names_are_unique_and_begin_with_a_service),
        cmocka_unit_test(only_store_steps_look_first),
        cmocka_unit_test(what_may_take_minutes_is_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
