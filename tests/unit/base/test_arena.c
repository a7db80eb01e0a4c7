/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: alignment, clearing, limits, growth, what is deferred. */

#include "base_test.h"

static void memory_is_aligned_and_clear(void **state) {
    SwArena *a = *state;
    for (size_t n = 0; n < 3000; n += 7) {
        unsigned char *p = sw_arena_alloc(a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xA5, n);
    }
}

static void memory_is_clear_again_after_a_reset(void **state) {
    SwArena *a = *state;
    for (int round = 0; round < 3; round++) {
        for (size_t n = 1; n < 300000; n *= 3) {
            unsigned char *p = sw_arena_alloc(a, n);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xFF, n);
        }
        assert_true(sw_arena_used(a) > 0);
        sw_arena_reset(a);
        assert_int_equal(sw_arena_used(a), 0);
    }
}

static void allocations_do_not_overlap(void **state) {
    SwArena *a = *state;
    enum { N = 400 };
    unsigned char *p[N];
    for (size_t i = 0; i < N; i++) {
        p[i] = sw_arena_alloc(a, 1 + i * 97);
        memset(p[i], (int)(i & 0xFF), 1 + i * 97);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < 1 + i * 97; k += 13)
            assert_int_equal(p[i][k], i & 0xFF);
}

static void count_call(void *arg) {
    (*(int *)arg)++;
}

typedef struct Asked { /* of an arena, under a guard */
    SwArena *a;
    size_t n, size;
    int *called;
} Asked;

static void defer_call(void *arg) {
    const Asked *q = arg;
    sw_arena_defer(q->a, count_call, q->called);
}

static void what_cannot_be_deferred_is_done_at_once(void **state) {
    (void)state;
    int freed = 0;
    SwArena *a = sw_arena_new(0);
    Asked q = {.a = a, .called = &freed};
    sw_arena_fail_nth(a, 2);
    assert_int_equal(sw_guard(SW_POOL_NONE, defer_call, &q), SW_LACK_NONE);
    assert_int_equal(sw_guard(SW_POOL_NONE, defer_call, &q), SW_LACK_MACHINE);
    assert_int_equal(freed, 1);
    sw_arena_free(a);
    assert_int_equal(freed, 2);
}

static void ask(void *arg) {
    const Asked *q = arg;
    (void)sw_arena_array(q->a, q->n, q->size);
}

static void ask_for_ever(void *arg) {
    for (;;)
        ask(arg);
}

static void past_the_limit_the_guard_is_told(void **state) {
    (void)state;
    SwArena *a = sw_arena_new(100000);
    Asked q[] = {{a, 1, 100001}, {a, 1, SIZE_MAX}, {a, SIZE_MAX / 4, sizeof(uint64_t)}};
    for (size_t i = 0; i < SW_N(q); i++)
        assert_int_equal(sw_guard(SW_POOL_NONE, ask, &q[i]), SW_LACK_LIMIT);
    Asked small = {a, 1, 1000};
    assert_int_equal(sw_guard(SW_POOL_NONE, ask_for_ever, &small), SW_LACK_LIMIT);
    assert_true(sw_arena_used(a) <= 100000 && sw_arena_used(a) > 98000);
    assert_int_equal(sw_guard_spare(ask, &small), SW_LACK_NONE); /* the answer has room */
    assert_int_equal(sw_guard_spare(ask_for_ever, &small), SW_LACK_LIMIT);
    sw_arena_reset(a);
    assert_non_null(sw_arena_alloc(a, 90000));
    sw_arena_free(a);
}

static void the_last_allocation_grows_in_place(void **state) {
    SwArena *a = *state;
    char *p = sw_arena_alloc(a, 10);
    memcpy(p, "0123456789", 10);
    char *q = sw_arena_grow(a, p, 10, 1000);
    assert_ptr_equal(p, q);
    assert_memory_equal(q, "0123456789\0\0\0", 13);
    (void)sw_arena_alloc(a, 1);
    char *r = sw_arena_grow(a, q, 1000, 2000);
    assert_ptr_not_equal(q, r);
    assert_memory_equal(r, "0123456789\0\0\0", 13);
    for (size_t i = 10; i < 2000; i++)
        assert_int_equal(r[i], 0);
}

static char order[8];

static void note(void *arg) {
    size_t n = strlen(order);
    order[n] = *(const char *)arg;
    order[n + 1] = 0;
}

static void what_is_deferred_runs_once_last_first(void **state) {
    (void)state;
    char names[] = "abc";
    order[0] = 0;
    SwArena *a = sw_arena_new(0);
    sw_arena_defer(a, note, &names[0]);
    sw_arena_defer(a, note, &names[1]);
    sw_arena_reset(a);
    assert_string_equal(order, "ba");
    sw_arena_defer(a, note, &names[2]);
    sw_arena_free(a);
    assert_string_equal(order, "bac");
    sw_arena_free(NULL);
}

typedef struct Numbers {
    int *v;
    size_t n;
} Numbers;

static void lists_grow_interleaved(void **state) {
    SwArena *a = *state;
    Numbers l[3] = {0};
    for (int i = 0; i < 1000; i++)
        for (int k = 0; k < 3; k++) {
            int *at = sw_list_add(a, &l[k]);
            assert_int_equal(*at, 0);
            *at = i * (k + 1);
        }
    for (int i = 0; i < 1000; i++)
        for (int k = 0; k < 3; k++)
            assert_int_equal(l[k].v[i], i * (k + 1));
}

static void an_absent_list_can_be_made_present(void **state) {
    SwArena *a = *state;
    Numbers l = {0};
    sw_list_present(a, &l);
    assert_non_null(l.v);
    assert_int_equal(l.n, 0);
    *sw_list_add(a, &l) = 7;
    assert_int_equal(l.v[0], 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(memory_is_aligned_and_clear),
        TEST(memory_is_clear_again_after_a_reset),
        TEST(allocations_do_not_overlap),
        TEST(past_the_limit_the_guard_is_told),
        TEST(what_cannot_be_deferred_is_done_at_once),
        TEST(the_last_allocation_grows_in_place),
        TEST(what_is_deferred_runs_once_last_first),
        TEST(lists_grow_interleaved),
        TEST(an_absent_list_can_be_made_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
