/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns in the dialect of the API models, and their limits. */

#include "../cpu.h"
#include "base_test.h"

#include "base/pattern.h"
#include "base/time.h"

static void the_models_dialect(void **state) {
    (void)state;
    static const struct {
        const char *p, *s;
        bool whole, anywhere;
    } t[] = {{"[a-z]+", "abc", true, true},
             {"[a-z]+", "abc1", false, true},
             {"[a-z]+", "", false, false},
             {"", "", true, true},
             {"^[\\w-]{1,10}$", "a-b_c", true, true},
             {"^a$", "a\n", false, false},
             {"a|ab", "ab", true, true},
             {"[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "name \xC3\xA9\xC3\xB1 1", true, true},
             {"\\p{L}", "1", false, false},
             {"[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*", "a \xF0\x9F\x98\x80\n", true, true},
             {"[\\u0020-\\uD7FF]*", "a\x01", false, true},
             {"\\u00e9", "\xC3\xA9", true, true},
             {"\\\\u0041", "\\u0041", true, true},
             {"\\\\u0041", "A", false, false},
             {".", "\xE2\x82\xAC", true, true},
             {".{2}", "\xE2\x82\xAC", false, false},
             {"(?i)ABC", "abc", true, true},
             {"[\\s\\S]*", "a\nb", true, true},
             {"arn:aws[a-z-]*:.*", "arn:aws-cn:x", true, true}};
    for (size_t i = 0; i < SW_N(t); i++) {
        const SwPattern *p = sw_pattern_compile(t[i].p);
        if (!p)
            fail_msg("`%s` does not compile", t[i].p);
        if (sw_pattern_matches(p, sw_str(t[i].s)) != t[i].whole || sw_pattern_finds(p, sw_str(t[i].s)) != t[i].anywhere)
            fail_msg("`%s` on `%s`", t[i].p, t[i].s);
    }
}

static void what_does_not_compile_is_null_every_time(void **state) {
    (void)state;
    static const char *const t[] = {"(", "[a", "a{2,1}", "*a", "\\p{NoSuchScript}"};
    for (size_t i = 0; i < SW_N(t); i++)
        for (int again = 0; again < 2; again++)
            assert_null(sw_pattern_compile(t[i]));
    assert_ptr_equal(sw_pattern_compile("cached"), sw_pattern_compile("cached"));
}

static void a_slot_keeps_what_was_compiled(void **state) {
    (void)state;
    static SwPatternSlot good, bad;
    assert_ptr_equal(sw_pattern_kept(&good, "kept[0-9]"), sw_pattern_compile("kept[0-9]"));
    assert_ptr_equal(sw_pattern_kept(&good, "not looked at again"), sw_pattern_compile("kept[0-9]"));
    for (int again = 0; again < 2; again++)
        assert_null(sw_pattern_kept(&bad, "kept("));
    assert_non_null(bad.kept); /* what does not compile is known, too */
}

/* More of them than the cache has room for: the program's own still find theirs. */
static void patterns_of_users_do_not_fill_the_cache(void **state) {
    (void)state;
    for (int i = 0; i < 21000; i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        const SwPattern *p = sw_pattern_once(a, sw_strf(a, "user%d|[\\u0061]+", i).p);
        assert_non_null(p);
        if (i % 1000)
            continue;
        assert_true(sw_pattern_matches(p, sw_strf(a, "user%d", i)));
        assert_true(sw_pattern_matches(p, SW_STR("aaa")));
        assert_false(sw_pattern_matches(p, SW_STR("user")));
        assert_null(sw_pattern_once(a, "user("));
    }
    assert_non_null(sw_pattern_compile("one more of the program's own"));
}

static void text_that_is_not_utf8_does_not_match(void **state) {
    (void)state;
    assert_false(sw_pattern_matches(sw_pattern_compile("[\\s\\S]*"), SW_STR("\xFF")));
    assert_true(sw_pattern_matches(sw_pattern_compile("[\\s\\S]*"), SW_NO_STR));
    assert_true(sw_pattern_matches(sw_pattern_compile("a[\\s\\S]b"), sw_str_n("a\0b", 3)));
}

static void groups_are_views(void **state) {
    (void)state;
    SwStr g[4];
    SwStr s = SW_STR("x key=value");
    const SwPattern *p = sw_pattern_compile("(\\w+)=(\\w+)(;)?");
    assert_int_equal(sw_pattern_groups(p, s, g, 4), 3);
    assert_str(g[0], "key=value");
    assert_str(g[1], "key");
    assert_ptr_equal(g[2].p, s.p + 6);
    assert_int_equal(sw_pattern_groups(p, s, g, 2), 2);
    assert_int_equal(sw_pattern_groups(p, SW_STR("none"), g, 4), 0);
    assert_int_equal(sw_pattern_groups(sw_pattern_compile("(a)?b"), SW_STR("b"), g, 4), 1);
}

static void a_hostile_pattern_ends_soon(void **state) {
    SwArena *a = *state;
    SwBuf b = sw_buf(a, SW_MIB);
    for (int i = 0; i < 5000; i++)
        sw_buf_addc(&b, 'a');
    sw_buf_addc(&b, '!');
    int64_t from = cpu_thread_ns();
    assert_false(sw_pattern_matches(sw_pattern_compile("(a+)+$"), sw_buf_str(&b)));
    assert_false(sw_pattern_matches(sw_pattern_compile("(a|aa)+$"), sw_buf_str(&b)));
    assert_true(cpu_thread_ns() - from < 20 * SW_S);
}

static void long_plain_text_is_within_the_limits(void **state) {
    SwArena *a = *state;
    SwBuf b = sw_buf(a, SW_MIB);
    for (int i = 0; i < 4000; i++)
        sw_buf_addz(&b, "ab c");
    assert_true(sw_pattern_matches(sw_pattern_compile("[a-z ]+"), sw_buf_str(&b)));
    assert_true(sw_pattern_matches(sw_pattern_compile("([a-z]|\\s)*"), sw_buf_str(&b)));
    assert_true(sw_pattern_matches(sw_pattern_compile("(?:ab c)+"), sw_buf_str(&b)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_models_dialect),
        TEST(what_does_not_compile_is_null_every_time),
        TEST(a_slot_keeps_what_was_compiled),
        TEST(patterns_of_users_do_not_fill_the_cache),
        TEST(text_that_is_not_utf8_does_not_match),
        TEST(groups_are_views),
        TEST(a_hostile_pattern_ends_soon),
        TEST(long_plain_text_is_within_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
