/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are parsed once. */

#include "base_test.h"

#include <pthread.h>

#include "base/parsed.h"

static int64_t parsed(void) {
    SwParsedStats s;
    sw_parsed_stats(&s);
    return s.parsed;
}

static int64_t generations(void) {
    SwParsedStats s;
    sw_parsed_stats(&s);
    return s.generations;
}

static const SwValue *json(SwArena *a, const char *text) {
    const SwValue *v;
    SwError err = sw_error(a);
    char *mine = sw_arena_alloc(a, strlen(text) + 1); /* not the text that was kept */
    memcpy(mine, text, strlen(text));
    assert_int_equal(sw_parsed_json(a, sw_str_n(mine, strlen(text)), &v, &err), 0);
    memset(mine, 'x', strlen(text)); /* nor needed any longer */
    return v;
}

static void a_text_is_parsed_once(void **state) {
    (void)state;
    int64_t before = parsed();
    _sw_arena_ SwArena *a = sw_arena_new(0), *b = sw_arena_new(0);
    const SwValue *first = json(a, "{\"a\": [\"once\"]}"), *again = json(b, "{\"a\": [\"once\"]}");
    assert_ptr_equal(first, again);
    assert_true(sw_str_eqz(sw_value_str(sw_value_path(again, "a.0")), "once"));
    assert_int_equal(parsed() - before, 1);
    assert_true(sw_str_eqz(sw_value_str(sw_value_path(json(a, "{\"a\": [\"OnCe\"]}"), "a.0")), "OnCe"));
    assert_int_equal(parsed() - before, 2);
}

static int upper(SwArena *a, SwStr text, const void **ret, SwError *err) {
    SwStr *s = sw_new(a, SwStr);
    *s = sw_str_upper(a, text);
    *ret = s;
    return 0;
}

static void parsers_have_forms_of_their_own(void **state) {
    (void)state;
    static const SwParser parser = {upper};
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    const void *form;
    assert_true(sw_str_eqz(sw_value_str(json(a, "\"x\"")), "x"));
    assert_int_equal(sw_parsed(a, &parser, SW_STR("\"x\""), &form, &err), 0);
    assert_true(sw_str_eqz(*(const SwStr *)form, "\"X\""));
}

static void what_cannot_be_parsed_says_why_each_time(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (int i = 0; i < 2; i++) {
        SwError err = sw_error(a);
        const SwValue *v;
        assert_int_equal(sw_parsed_json(a, SW_STR("{\"a\":"), &v, &err), -1);
        assert_non_null(strstr(err.message, "line 1"));
    }
}

static void a_large_text_is_not_kept(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    char *text = sw_arena_alloc(a, 70000);
    memset(text, ' ', 69998);
    text[69998] = '1';
    int64_t before = parsed();
    assert_ptr_not_equal(json(a, text), json(a, text));
    assert_int_equal(parsed() - before, 0);
}

/* Many texts: old forms go, but for those that somebody has. */
static void memory_is_bounded_and_what_is_held_stays(void **state) {
    (void)state;
    _sw_arena_ SwArena *holder = sw_arena_new(0);
    const SwValue *held = json(holder, "[\"held\"]");
    int64_t most = 0;
    for (int i = 0; i < 30000; i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        (void)json(a, sw_strf(a, "[%d,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]", i).p);
        most = SW_MAX(most, generations());
    }
    assert_in_range(most, 2, 2); /* of so many texts there were more, one after another */
    assert_true(sw_str_eqz(sw_value_str(&held->v[0]), "held"));
    assert_ptr_not_equal(json(holder, "[\"held\"]"), held); /* it is in a later one now */
    sw_arena_reset(holder);
    assert_int_equal(generations(), 1);
}

/* Whichever allocation of the asker fails: nothing is held for ever. */
static void ask(void *arg) {
    (void)json(arg, "{\"of\": \"one that is starved\"}");
}

static void memory_that_ends_leaves_nothing_held(void **state) {
    (void)state;
    SwLack lack = SW_LACK_LIMIT;
    for (size_t nth = 1; lack != SW_LACK_NONE; nth++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        sw_arena_fail_nth(a, nth);
        lack = sw_guard(SW_POOL_NONE, ask, a);
    }
    for (int i = 0; i < 20000; i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        (void)json(a, sw_strf(a, "[%d,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,0]", i).p);
    }
    assert_int_equal(generations(), 1);
}

static void *read_many(void *arg) {
    int64_t wrong = 0;
    for (int i = 0; i < 20000; i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwStr name = sw_strf(a, "t%d", i * (1 + *(int *)arg) % 3000);
        const SwValue *v = json(a, sw_strf(a, "[\"%.*s\",1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]", SW_FMT(name)).p);
        wrong += !sw_str_eq(sw_value_str(&v->v[0]), name);
    }
    return wrong ? arg : NULL;
}

static void many_threads_read_the_same_texts(void **state) {
    (void)state;
    pthread_t t[4];
    int number[4] = {0, 1, 2, 3};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, read_many, &number[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(t[i], &wrong);
        assert_null(wrong);
    }
}

/* A parser that is not done before another thread has read a text, `wanted`. What it parsed first is the asker's alone. */
static SwStr wanted;
static SwArena *other;     /* that thread's */
static const void *others; /* what the other thread was given */
static bool answered;
static _Atomic int depth;
static int slow(SwArena *a, SwStr text, const void **ret, SwError *err);
static const SwParser slow_parser = {slow};

static void *read_wanted(void *arg) {
    SwError err = sw_error(other);
    assert_int_equal(sw_parsed(other, arg, wanted, &others, &err), 0);
    return NULL;
}

static int slow(SwArena *a, SwStr text, const void **ret, SwError *err) {
    pthread_t t;
    struct timespec until;
    if (++depth == 2) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 10;
        assert_int_equal(pthread_create(&t, NULL, read_wanted, (void *)(uintptr_t)&slow_parser), 0);
        answered = pthread_timedjoin_np(t, NULL, &until) == 0;
        if (!answered)
            pthread_detach(t);
    }
    return upper(a, text, ret, err);
}

/* Parses `text` while the other thread, in an arena of its own, reads `another`. */
static const void *parse_beside(SwArena *a, SwArena *b, const char *text, const char *another) {
    SwError err = sw_error(a);
    const void *form;
    other = b;
    wanted = sw_str(another);
    depth = 0;
    assert_int_equal(sw_parsed(a, &slow_parser, sw_str(text), &form, &err), 0);
    assert_true(answered);
    return form;
}

static void nobody_waits_for_another_texts_parser(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0), *b = sw_arena_new(0);
    const void *form = parse_beside(a, b, "slow", "another");
    assert_true(sw_str_eqz(*(const SwStr *)form, "SLOW"));
    assert_true(sw_str_eqz(*(const SwStr *)others, "ANOTHER"));
}

static void of_those_who_parse_a_text_at_once_the_first_is_kept(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0), *b = sw_arena_new(0);
    const void *form = parse_beside(a, b, "by two", "by two");
    assert_ptr_equal(form, others);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_parsed_once),
        cmocka_unit_test(parsers_have_forms_of_their_own),
        cmocka_unit_test(what_cannot_be_parsed_says_why_each_time),
        cmocka_unit_test(a_large_text_is_not_kept),
        cmocka_unit_test(memory_is_bounded_and_what_is_held_stays),
        cmocka_unit_test(memory_that_ends_leaves_nothing_held),
        cmocka_unit_test(many_threads_read_the_same_texts),
        cmocka_unit_test(nobody_waits_for_another_texts_parser),
        cmocka_unit_test(of_those_who_parse_a_text_at_once_the_first_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
