/* SPDX-License-Identifier: Apache-2.0 */
/* Guards and pools: what is given back when memory ends, who is told, and what may be overdrawn. */

#include "base_test.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/thread.h"

typedef struct Scene {
    SwArena *a;
    pthread_mutex_t lock;
    int depth, ended;
    SwLack inner;
    int order[4];
} Scene;

static void note_end(Scene **s) {
    (*s)->order[(*s)->ended % 4] = (*s)->depth--;
    (*s)->ended++;
}

static void deeper(Scene *s) {
    __attribute__((cleanup(note_end))) Scene *here = s;
    _sw_arena_ SwArena *own = sw_arena_new(0);
    (void)sw_arena_alloc(own, 100000);
    if (++s->depth == 4)
        sw_no_memory(SW_LACK_LIMIT);
    if (s->depth < 5)
        deeper(s);
}

static void go_deep(void *arg) {
    deeper(arg);
}

static void scopes_on_the_way_end_innermost_first(void **state) {
    Scene s = {.a = *state};
    assert_int_equal(sw_guard(SW_POOL_NONE, go_deep, &s), SW_LACK_LIMIT);
    assert_int_equal(s.ended, 4);
    assert_int_equal(s.depth, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(s.order[i], 4 - i);
}

static void lock_and_ask(void *arg) {
    Scene *s = arg;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&s->lock);
    (void)sw_arena_alloc(s->a, SIZE_MAX);
}

static void a_lock_is_given_back(void **state) {
    Scene s = {.a = *state, .lock = PTHREAD_MUTEX_INITIALIZER};
    assert_int_equal(sw_guard(SW_POOL_NONE, lock_and_ask, &s), SW_LACK_LIMIT);
    assert_int_equal(pthread_mutex_trylock(&s.lock), 0);
    pthread_mutex_unlock(&s.lock);
}

static void guard_and_go_on(void *arg) {
    Scene *s = arg;
    s->inner = sw_guard(SW_POOL_NONE, go_deep, s);
    sw_no_memory(SW_LACK_MACHINE);
}

static void the_innermost_guard_is_told(void **state) {
    Scene s = {.a = *state};
    assert_int_equal(sw_guard(SW_POOL_NONE, guard_and_go_on, &s), SW_LACK_MACHINE);
    assert_int_equal(s.inner, SW_LACK_LIMIT);
}

static int compare(const void *x, const void *y) {
    sw_no_memory(SW_LACK_MACHINE);
}

static void sort(void *arg) {
    int v[] = {3, 2, 1};
    qsort(v, SW_N(v), sizeof v[0], compare);
}

static void frames_of_libc_are_passed(void **state) {
    (void)state;
    assert_int_equal(sw_guard(SW_POOL_NONE, sort, NULL), SW_LACK_MACHINE);
}

static void run_thread(void *arg) {
    (void)sw_thread_run(go_deep, arg);
}

static void what_ends_on_a_thread_ends_its_caller(void **state) {
    Scene s = {.a = *state};
    assert_int_equal(sw_guard(SW_POOL_NONE, run_thread, &s), SW_LACK_LIMIT);
    assert_int_equal(s.ended, 4);
}

/* --- pools ---------------------------------------------------------------------------------------------------------- */

static int64_t used(SwPool p) {
    SwPoolStats s;
    sw_pool_stats(p, &s);
    return s.used;
}

static void take_much(void *arg) {
    SwArena **ret = arg;
    *ret = sw_arena_new(0);
    for (;;)
        (void)sw_arena_alloc(*ret, 100000);
}

static void take_for_ever(void *arg) {
    SwArena **v = arg;
    for (size_t i = 0;; i++)
        if (sw_guard(SW_POOL_NONE, take_much, &v[i]) == SW_LACK_MACHINE)
            sw_no_memory(SW_LACK_MACHINE);
}

static void a_pool_has_its_share_and_gets_it_back(void **state) {
    (void)state;
    SwArena *v[64] = {0};
    int64_t before = used(SW_POOL_REQUESTS);
    sw_memory_set(64 * SW_MIB);
    assert_int_equal(sw_guard(SW_POOL_REQUESTS, take_for_ever, v), SW_LACK_MACHINE);
    assert_in_range(used(SW_POOL_REQUESTS), 15 * SW_MIB, 16 * SW_MIB);
    assert_int_equal(used(SW_POOL_ENGINE), 0);
    assert_true(sw_pool_is_tight(SW_POOL_REQUESTS) && !sw_pool_is_tight(SW_POOL_ENGINE));
    for (size_t i = 0; i < SW_N(v); i++)
        sw_arena_free(v[i]);
    assert_int_equal(used(SW_POOL_REQUESTS), before);
    sw_memory_set(1024 * SW_GIB);
}

static void the_default_is_a_share_of_what_there_is(void **state) {
    (void)state;
    size_t all = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    assert_in_range(sw_memory_default(), SW_MEMORY_LEAST, SW_MAX(all / 4, SW_MEMORY_LEAST));
}

/* --- trees ------------------------------------------------------------------------------------------------------------ */

static SwStr numbers(SwArena *a, size_t n) {
    SwBuf b = sw_buf(a, 8 * SW_MIB);
    sw_buf_addz(&b, "[1");
    for (size_t i = 2; i < n; i++)
        sw_buf_addz(&b, ",1");
    sw_buf_addz(&b, "]");
    return sw_buf_str(&b);
}

static void a_tree_has_a_budget_that_holds_the_densest_mebibyte(void **state) {
    SwValue v;
    SwError err = sw_error(*state);
    _sw_arena_ SwArena *a = sw_arena_new(0), *text = sw_arena_new(0);
    assert_int_equal(sw_json_parse(a, numbers(text, 524289), &v, &err), 0);
    assert_int_equal(v.n, 524288);
    assert_true(sw_arena_used(a) < 30 * SW_MIB);
    sw_arena_reset(a);
    assert_int_equal(sw_json_parse(a, numbers(text, SW_JSON_VALUES_MAX), &v, &err), 0);
    sw_arena_reset(a);
    assert_int_equal(sw_json_parse(a, numbers(text, SW_JSON_VALUES_MAX + 2), &v, &err), -1);
    assert_true(sw_arena_used(a) < 4096 && sw_error_is(&err, &SW_SERIALIZATION_EXCEPTION));
    assert_string_equal(err.message, "there are more than 600000 values");
}

static void what_was_parsed_can_be_added_to(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    for (size_t n = 0; n < 70; n++) {
        SwBuf b = sw_buf(a, SW_MIB);
        for (size_t i = 0; i < n; i++)
            sw_buf_addf(&b, "%s\"k%zu\":%zu", i ? "," : "", i, i);
        SwValue v;
        assert_int_equal(sw_json_parse(a, sw_strf(a, "{%s}", n ? sw_buf_str(&b).p : ""), &v, &err), 0);
        char *behind = sw_arena_alloc(a, 16);
        for (size_t i = 0; i < 3; i++)
            sw_value_set(a, &v, sw_strf(a, "new%zu", i), sw_value_int(a, (int64_t)i));
        for (size_t i = 0; i < 16; i++)
            assert_int_equal(behind[i], 0);
        int64_t last;
        assert_true(v.n == n + 3 && sw_value_i64(sw_value_getz(&v, "new2"), &last) && last == 2);
        assert_true(!n || sw_value_getz(&v, "k0") == &v.v[0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(scopes_on_the_way_end_innermost_first), TEST(a_lock_is_given_back),
        TEST(the_innermost_guard_is_told),           TEST(frames_of_libc_are_passed),
        TEST(what_ends_on_a_thread_ends_its_caller), TEST(a_tree_has_a_budget_that_holds_the_densest_mebibyte),
        TEST(what_was_parsed_can_be_added_to),       TEST(the_default_is_a_share_of_what_there_is),
        TEST(a_pool_has_its_share_and_gets_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
