/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, buffers and maps. */

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cpu.h"
#include "base_test.h"

#include <math.h>

#include "base/map.h"

static void absent_differs_from_empty(void **state) {
    SwArena *a = *state;
    assert_null(sw_str(NULL).p);
    assert_non_null(SW_STR("").p);
    assert_true(sw_str_eq(SW_NO_STR, SW_STR("")));
    assert_null(sw_str_dup(a, SW_NO_STR).p);
    assert_non_null(sw_str_dup(a, SW_STR("")).p);
    assert_string_equal(sw_str_z(a, SW_NO_STR), "");
    assert_null(sw_str_lower(a, SW_NO_STR).p);
    assert_null(sw_str_skip(SW_NO_STR, 3).p);
    assert_null(sw_str_trim(SW_NO_STR).p);
}

static void comparing(void **state) {
    (void)state;
    static const char *const names[] = {"a", "ab", ""};
    assert_true(sw_str_among(SW_STR("ab"), names, 2));
    assert_true(sw_str_among(SW_STR(""), names, 3));
    assert_false(sw_str_among(SW_STR(""), names, 2));
    assert_false(sw_str_among(SW_STR("abc"), names, 3) || sw_str_among(SW_STR("A"), names, 3) ||
                 sw_str_among(SW_STR("a"), names, 0));
    assert_true(sw_str_ieq(SW_STR("Content-TYPE"), SW_STR("content-type")));
    assert_false(sw_str_ieq(SW_STR("a["), SW_STR("a{")));
    assert_true(sw_str_cmp(SW_STR("a"), SW_STR("ab")) < 0);
    assert_true(sw_str_cmp(SW_STR("b"), SW_STR("ab")) > 0);
    assert_true(sw_str_cmp(SW_STR("\xC3"), SW_STR("z")) > 0);
    assert_int_equal(sw_str_cmp(SW_NO_STR, SW_STR("")), 0);
    assert_true(sw_str_starts(SW_STR("arn:aws"), SW_STR("arn:")));
    assert_false(sw_str_starts(SW_STR("arn"), SW_STR("arn:")));
    assert_true(sw_str_ends(SW_STR("a.json"), SW_STR(".json")));
    assert_true(sw_str_ends(SW_STR("a"), SW_STR("")));
    assert_true(sw_str_contains(SW_STR("abcabd"), SW_STR("abd")));
    assert_false(sw_str_contains(SW_STR("ab"), SW_STR("abd")));
    assert_true(sw_str_contains(SW_NO_STR, SW_STR("")));
}

static void cutting_and_splitting(void **state) {
    SwArena *a = *state;
    SwStr rest = SW_STR("a=b=c"), head;
    assert_true(sw_str_cut(&rest, '=', &head));
    assert_str(head, "a");
    assert_str(rest, "b=c");
    assert_false(sw_str_cut(&rest, '/', &head));
    assert_str(rest, "b=c");
    static const struct {
        const char *s;
        size_t n;
        const char *joined;
    } t[] = {{"", 0, ""}, {"a", 1, "a"}, {"a,b", 2, "a|b"}, {"a,", 1, "a"}, {",a", 2, "|a"}, {"a,,b", 3, "a||b"}, {",", 1, ""}};
    for (size_t i = 0; i < SW_N(t); i++) {
        SwStrList l = sw_str_split(a, sw_str(t[i].s), ',');
        assert_int_equal(l.n, t[i].n);
        assert_str(sw_str_join(a, l.v, l.n, SW_STR("|")), t[i].joined);
    }
    assert_str(sw_str_trim(SW_STR(" \t\r\n a b \v\f")), "a b");
    assert_int_equal(sw_str_trim(SW_STR("   ")).n, 0);
    assert_str(sw_str_skip(SW_STR("abc"), 9), "");
    assert_str(sw_str_drop(SW_STR("abc"), 2), "a");
    size_t at = 0;
    assert_true(sw_str_rfind(SW_STR("a/b/c"), '/', &at));
    assert_int_equal(at, 3);
    assert_false(sw_str_find(SW_NO_STR, 'x', &at));
}

static void sets_of_bytes(void **state) {
    (void)state;
    static const struct {
        const char *set, *s;
        size_t span;
    } t[] = {{"a-zA-Z0-9_-", "Az09_-", 6}, {"a-zA-Z0-9_-", "a.b", 1}, {"a-c", "abcd", 3}, {"ac", "abc", 1},  {"", "a", 0},
             {"+=,.@_-", "+=,.@_-", 7},    {"._-", "/", 0},           {"-", "-a", 1},     {"a-", "-a-b", 3}, {"a", "", 0}};
    for (size_t i = 0; i < SW_N(t); i++) {
        if (sw_str_span(sw_str(t[i].s), t[i].set) != t[i].span)
            fail_msg("`%s` of `%s`", t[i].set, t[i].s);
        assert_int_equal(sw_str_all(sw_str(t[i].s), t[i].set), t[i].span == strlen(t[i].s));
    }
    assert_true(sw_str_all(SW_NO_STR, "a"));
    assert_false(sw_str_all(sw_str_n("a\0", 2), "a-z")); /* NUL and what is beyond ASCII are in no set */
    assert_false(sw_str_all(SW_STR("\xc3\xa9"), "a-zA-Z"));
}

static SwStr counted(int *calls) {
    (*calls)++;
    return SW_STR("b");
}

static void parts_of_a_text_are_made_once(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    int calls = 0;
    SwStr s = sw_cat(a, SW_STR("a"), counted(&calls), SW_NO_STR, SW_STR("c"));
    assert_str(s, "abc");
    assert_int_equal(calls, 1);
    assert_int_equal(s.p[s.n], 0); /* a C string, too */
    assert_int_equal(sw_cat(a, SW_NO_STR).n, 0);
}

static void wildcards(void **state) {
    (void)state;
    static const struct {
        const char *p, *s;
        bool is;
    } t[] = {{"", "", true},
             {"", "a", false},
             {"*", "", true},
             {"*", "anything", true},
             {"?", "", false},
             {"?", "a", true},
             {"a*c", "abbbc", true},
             {"a*c", "abbb", false},
             {"*a*b*", "xxaxxbxx", true},
             {"*a*b*", "xxbxxaxx", false},
             {"s3:Get*", "s3:GetObject", true},
             {"s3:Get*", "s3:PutObject", false},
             {"**?", "ab", true},
             {"a?c", "abc", true},
             {"*.example.com", "a.b.example.com", true},
             {"[a]", "a", false},
             {"a\\*", "a*", false}};
    for (size_t i = 0; i < SW_N(t); i++)
        if (sw_str_glob(sw_str(t[i].p), sw_str(t[i].s)) != t[i].is)
            fail_msg("`%s` on `%s`", t[i].p, t[i].s);
    char many[4001], text[40001];
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(many + i, "*a", 2);
    memset(text, 'a', 40000);
    text[40000] = 'b';
    assert_false(sw_str_glob(sw_str_n(many, 4000), sw_str_n(text, 40001))); /* at once, not in exponential time */
}

/* The definition, in exponential time. */
static bool by_definition(const char *p, const char *s, bool escapes) {
    if (*p == '*')
        return by_definition(p + 1, s, escapes) || (*s && by_definition(p, s + 1, escapes));
    p += escapes && *p == '\\' && p[1];
    return *p == *s && (!*p || by_definition(p + 1, s + 1, escapes));
}

/* The k-th text of up to `n` of these letters. */
static void spell(char *out, size_t n, unsigned k, const char *letters) {
    size_t many = strlen(letters), i = 0;
    for (; i < n && k; i++, k /= (unsigned)many + 1)
        if (k % (many + 1))
            *out++ = letters[k % (many + 1) - 1];
    *out = 0;
}

static void stars_are_what_they_are_defined_as(void **state) {
    (void)state;
    char p[8], s[8];
    for (unsigned i = 0; i < 625; i++)
        for (unsigned k = 0; k < 256; k++) {
            spell(p, 4, i, "*ab\\");
            spell(s, 4, k, i % 2 ? "ab\\" : "ab*");
            for (int escapes = 0; escapes < 2; escapes++)
                if (sw_str_stars(sw_str(p), sw_str(s), escapes) != by_definition(p, s, escapes))
                    fail_msg("`%s` on `%s`, %d", p, s, escapes);
        }
    assert_true(sw_str_stars(SW_STR("*"), SW_NO_STR, false));
    assert_true(sw_str_stars(SW_STR("**"), SW_STR(""), true));
}

/* A long run that nearly fits everywhere: product of both lengths would take seconds. */
static void stars_are_linear(void **state) {
    (void)state;
    static char pattern[8003], text[1000001];
    int64_t from = cpu_thread_ns();
    memset(text, 'a', 1000000);
    memset(pattern, 'a', 8000);
    pattern[0] = '*';
    memcpy(pattern + 8000, "b*", 3);
    assert_false(sw_str_stars(sw_str(pattern), sw_str_n(text, 1000000), false));
    pattern[4000] = '\\';
    assert_false(sw_str_stars(sw_str(pattern), sw_str_n(text, 1000000), true));
    assert_true(cpu_thread_ns() - from < 2 * SW_S);
}

static void whole_numbers(void **state) {
    (void)state;
    static const struct {
        const char *s;
        bool ok;
        int64_t v;
    } t[] = {{"0", true, 0},
             {"-0", true, 0},
             {"+7", true, 7},
             {"007", true, 7},
             {"9223372036854775807", true, INT64_MAX},
             {"-9223372036854775808", true, INT64_MIN},
             {"9223372036854775808", false, 0},
             {"-9223372036854775809", false, 0},
             {"18446744073709551616", false, 0},
             {"", false, 0},
             {"-", false, 0},
             {"+", false, 0},
             {"+-1", false, 0},
             {"1 ", false, 0},
             {" 1", false, 0},
             {"0x1", false, 0},
             {"1e3", false, 0},
             {"1.0", false, 0}};
    for (size_t i = 0; i < SW_N(t); i++) {
        int64_t v = 0;
        if (sw_str_to_i64(sw_str(t[i].s), &v) != t[i].ok || v != t[i].v)
            fail_msg("`%s`", t[i].s);
    }
    uint64_t u;
    assert_true(sw_str_to_u64(SW_STR("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_false(sw_str_to_u64(SW_STR("18446744073709551616"), &u));
    assert_false(sw_str_to_u64(SW_STR("-1"), &u));
}

static void decimal_numbers(void **state) {
    (void)state;
    static const struct {
        const char *s;
        bool ok;
        double v;
    } t[] = {{"0.1", true, 0.1}, {"-1e3", true, -1000}, {"1E+2", true, 100}, {"5e-324", true, 5e-324}, {"1e999", false, 0},
             {"", false, 0},     {"e", false, 0},       {"inf", false, 0},   {"nan", false, 0},        {"0x10", false, 0},
             {" 1", false, 0},   {"1 ", false, 0},      {"1-2", false, 0},   {"--1", false, 0}};
    double v;
    for (size_t i = 0; i < SW_N(t); i++) {
        v = 0;
        if (sw_str_to_double(sw_str(t[i].s), &v) != t[i].ok || (t[i].ok && v != t[i].v))
            fail_msg("`%s`", t[i].s);
    }
    assert_true(sw_str_to_double(SW_STR("NaN"), &v) && isnan(v));
    assert_true(sw_str_to_double(SW_STR("-Infinity"), &v) && isinf(v) && v < 0);
    assert_false(sw_str_to_double(SW_STR("1\0"), &v));
}

static void utf8_is_strict(void **state) {
    (void)state;
    static const struct {
        const char *s;
        bool ok;
    } t[] = {{"plain and long enough for words", true},
             {"\xC3\xA9", true},
             {"\xE2\x82\xAC", true},
             {"\xF0\x9F\x98\x80", true},
             {"\xF4\x8F\xBF\xBF", true},
             {"\xEF\xBF\xBF", true},
             {"\x80", false},
             {"\xC3", false},
             {"\xC0\x80", false},
             {"\xC1\xBF", false},
             {"\xE0\x9F\xBF", false},
             {"\xED\xA0\x80", false},
             {"\xED\x9F\xBF", true},
             {"\xF0\x8F\xBF\xBF", false},
             {"\xF4\x90\x80\x80", false},
             {"\xF5\x80\x80\x80", false},
             {"\xFF", false},
             {"\xE2\x82", false},
             {"\xE2\x28\xA1", false},
             {"12345678\xF0\x9F\x98", false}};
    for (size_t i = 0; i < SW_N(t); i++)
        if (sw_str_is_utf8(sw_str(t[i].s)) != t[i].ok)
            fail_msg("row %zu", i);
    assert_true(sw_str_is_utf8(SW_NO_STR));
}

static void formatting(void **state) {
    SwArena *a = *state;
    assert_str(sw_strf(a, "%s-%d", "x", 7), "x-7");
    SwStr s = sw_strf(a, "%0500d", 1);
    assert_int_equal(s.n, 500);
    assert_int_equal(s.p[500], 0);
    assert_str(sw_str_upper(a, SW_STR("az-09 \xC3\xA9")), "AZ-09 \xC3\xA9");
    assert_str(sw_str_lower(a, SW_STR("AZ@[")), "az@[");
    SwStrList l = {0};
    sw_str_list_add(a, &l, SW_STR("x"));
    sw_str_list_add(a, &l, SW_STR(""));
    assert_true(sw_str_list_has(&l, SW_STR("")));
    assert_false(sw_str_list_has(&l, SW_STR("y")));
}

static void a_buffer_keeps_to_its_maximum(void **state) {
    SwArena *a = *state;
    SwBuf b = sw_buf(a, 10);
    assert_str(sw_buf_str(&b), "");
    sw_buf_addz(&b, "12345");
    sw_buf_addf(&b, "%s", "67890");
    assert_false(b.full);
    assert_str(sw_buf_str(&b), "1234567890");
    sw_buf_addc(&b, 'x');
    assert_true(b.full);
    sw_buf_adds(&b, SW_STR(""));
    assert_str(sw_buf_str(&b), "1234567890");
    assert_int_equal(b.p[b.n], 0);
    sw_buf_reset(&b);
    assert_false(b.full);
    sw_buf_addc(&b, 'y');
    assert_str(sw_buf_str(&b), "y");
    sw_buf_addf(&b, "%s", "ten and more");
    assert_true(b.full);
    assert_string_equal(b.p, "y"); /* nothing of what did not fit */
}

static void a_buffer_takes_numbers(void **state) {
    SwArena *a = *state;
    const int64_t cases[] = {0, 7, -7, 10, 200, -1000, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwBuf b = sw_buf(a, 32);
        sw_buf_addi(&b, cases[i]);
        assert_str(sw_buf_str(&b), sw_strf(a, "%lld", (long long)cases[i]).p);
    }
    SwBuf small = sw_buf(a, 3);
    sw_buf_addi(&small, 1234);
    assert_true(small.full);
    assert_str(sw_buf_str(&small), "");
}

static void a_buffer_grows(void **state) {
    SwArena *a = *state;
    SwBuf b = sw_buf(a, SW_MIB);
    for (int i = 0; i < 20000; i++) {
        sw_buf_addf(&b, "%05d", i);
        if (i % 100 == 0)
            (void)sw_arena_alloc(a, 1); /* something behind it: it has to move */
    }
    assert_int_equal(b.n, 100000);
    for (int i = 0; i < 20000; i += 777)
        assert_memory_equal(b.p + i * 5, sw_strf(a, "%05d", i).p, 5);
    assert_int_equal(b.p[b.n], 0);
}

static void a_map_finds_what_was_put(void **state) {
    SwArena *a = *state;
    SwMap m = sw_map(a);
    int values[2000];
    assert_null(sw_map_find(&m, SW_STR("nothing")));
    for (int i = 0; i < 2000; i++)
        sw_map_put(&m, sw_strf(a, "key-%d", i), &values[i]);
    for (int i = 0; i < 2000; i++)
        assert_ptr_equal(sw_map_find(&m, sw_strf(a, "key-%d", i)), &values[i]);
    for (size_t i = 0; i < m.n; i++)
        assert_ptr_equal(m.slots[i].value, &values[i]); /* in the order of insertion */
    sw_map_put(&m, SW_STR("key-5"), &values[0]);
    assert_ptr_equal(sw_map_find(&m, SW_STR("key-5")), &values[0]);
    assert_int_equal(m.n, 2000);
    sw_map_put(&m, SW_STR(""), &values[1]);
    assert_ptr_equal(sw_map_find(&m, SW_STR("")), &values[1]);
    assert_null(sw_map_find(&m, sw_str_n("key-1\0", 6)));
}

#ifdef SW_ASAN
/* Ends, as a program of its own, with what sw_list_add says. */
static void is_refused(void (*grow)(SwArena *a)) {
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        grow(a);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void grow_exact(SwArena *a) {
    SwStrList l = {sw_new_n(a, SwStr, 3), 3};
    sw_str_list_add(a, &l, SW_STR("past the end"));
}

static void grow_both(SwArena *a) {
    SwStrList l = sw_str_split(a, SW_STR("1,2,3,4,5"), ','), shared = l;
    sw_str_list_add(a, &l, SW_STR("6"));
    sw_str_list_add(a, &shared, SW_STR("the other's sixth"));
}

static void grow_room_twice(SwArena *a) {
    SwStrList l = {sw_list_room(a, 3, sizeof(SwStr)), 3}, shared = l;
    sw_str_list_add(a, &l, SW_STR("4"));
    sw_str_list_add(a, &shared, SW_STR("the other's fourth"));
}

static void a_list_that_is_not_ones_own_is_not_grown(void **state) {
    (void)state;
    is_refused(grow_exact);
    is_refused(grow_both);
    is_refused(grow_room_twice);
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (int round = 0; round < 2; round++) { /* an arena that is used again has no poison in it */
        SwStrList cut = sw_str_split(a, SW_STR("1,2,3,4,5,6,7"), ',');
        sw_list_cut(&cut, 5);
        sw_str_list_add(a, &cut, SW_STR("again"));
        assert_str(cut.v[5], "again");
        SwStrList l = {sw_list_room(a, 5, sizeof(SwStr)), 5}, shared = {sw_str_split(a, SW_STR("a,b,c,d"), ',').v, 4},
                  copy = shared;
        for (int i = 0; i < 100; i++)
            sw_str_list_add(a, &l, SW_STR("x"));
        sw_str_list_add(a, &shared, SW_STR("one")); /* full: each goes its own way */
        sw_str_list_add(a, &copy, SW_STR("two"));
        assert_str(shared.v[4], "one");
        assert_str(copy.v[4], "two");
        sw_arena_reset(a);
        memset(sw_arena_alloc(a, 8 * SW_KIB), 1, 8 * SW_KIB);
        sw_arena_reset(a);
    }
}
#endif

static void a_map_that_is_emptied_does_not_grow(void **state) {
    SwArena *a = *state;
    SwMap m = sw_map(a);
    int v;
    for (int i = 0; i < 10000; i++) {
        SwStr k = sw_strf(a, "%d", i);
        sw_map_put(&m, k, &v);
        sw_map_put(&m, k, NULL);
        assert_null(sw_map_find(&m, k));
    }
    assert_true(m.cap <= 16);
    sw_map_put(&m, SW_STR("absent"), NULL);
    assert_null(sw_map_find(&m, SW_STR("absent")));
}

int main(void) {
    setenv("SLIPWAY_LISTS", "abort", 1);
    const struct CMUnitTest tests[] = {
        TEST(absent_differs_from_empty),
        TEST(comparing),
        TEST(cutting_and_splitting),
        TEST(sets_of_bytes),
        TEST(parts_of_a_text_are_made_once),
        TEST(wildcards),
        TEST(stars_are_what_they_are_defined_as),
        TEST(stars_are_linear),
        TEST(whole_numbers),
        TEST(decimal_numbers),
        TEST(utf8_is_strict),
        TEST(formatting),
        TEST(a_buffer_keeps_to_its_maximum),
        TEST(a_buffer_takes_numbers),
        TEST(a_buffer_grows),
        TEST(a_map_finds_what_was_put),
#ifdef SW_ASAN
        TEST(a_list_that_is_not_ones_own_is_not_grown),
#endif
        TEST(a_map_that_is_emptied_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
