/* SPDX-License-Identifier: Apache-2.0 */
/* The form in which filter policies meet bodies: a dot is a step down, lists in lists are one, and none of it takes more
 * than one pass, whatever a publisher sends. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../cpu.h"
#include "api/match.h"
#include "base/buf.h"
#include "services/sns/sns.h"

static SwValue read_json(SwArena *a, SwStr text) {
    SwError err = sw_error(a);
    SwValue v;
    if (sw_json_parse(a, text, &v, &err) < 0)
        fail_msg("%s", err.message);
    return v;
}

static void dots_are_steps_and_lists_are_flat(void **state) {
    (void)state;
    static const struct {
        const char *body, *plain;
    } cases[] = {
        {"{}", "{}"},
        {"{\"a\":1}", "{\"a\":1}"},
        {"{\"a.b\":1}", "{\"a\":{\"b\":1}}"},
        {"{\"a.b\":1,\"a.c\":2}", "{\"a\":{\"b\":1,\"c\":2}}"},
        {"{\"a\":{\"c\":2},\"a.b\":1}", "{\"a\":{\"c\":2,\"b\":1}}"},
        {"{\"a.b\":1,\"a\":{\"c\":2}}", "{\"a\":{\"c\":2}}"},
        {"{\"a.b\":1,\"a\":2}", "{\"a\":2}"},
        {"{\"a\":2,\"a.b\":1}", "{\"a\":{\"b\":1}}"},
        {"{\"x\":0,\"a.b.c\":1,\"a.b\":{\"d\":2},\"a.b.e\":3}", "{\"x\":0,\"a\":{\"b\":{\"d\":2,\"e\":3}}}"},
        {"{\"a\":{\"b.c\":1,\"b\":{\"d.e\":{}}}}", "{\"a\":{\"b\":{\"d\":{\"e\":{}}}}}"},
        {"{\"a\":[1,[2,[3,{\"b.c\":4}]],[]]}", "{\"a\":[1,2,3,{\"b\":{\"c\":4}}]}"},
        {"{\"a.\":1,\".b\":2}", "{\"a\":{\"\":1},\"\":{\"b\":2}}"},
        {"{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9.a\":9,\"10\":10,\"9.b\":11,\"1.x\":12}",
         "{\"1\":{\"x\":12},\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":{\"a\":9,\"b\":11},\"10\":10}"},
        {"[1,[2]]", "[1,2]"},
        {"7", "7"},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwValue v = read_json(a, sw_str(cases[i].body)), plain = sns_filter_plain(a, &v);
        assert_string_equal(sw_json_text(a, &plain).p, cases[i].plain);
    }
}

/* {"a.a. ..": {"a.a. ..": .. leaf}}: as deep as JSON may be, each name of 200 steps. */
static SwValue deep(SwArena *a, const char *leaf, int levels) {
    SwBuf b = sw_buf(a, 16 * SW_MIB);
    for (int i = 0; i < levels; i++) {
        sw_buf_addz(&b, "{\"a");
        for (int k = 0; k < 200; k++)
            sw_buf_addz(&b, ".a");
        sw_buf_addz(&b, "\":");
    }
    sw_buf_addz(&b, leaf);
    for (int i = 0; i < levels; i++)
        sw_buf_addc(&b, '}');
    SwValue v = read_json(a, sw_buf_str(&b));
    return sns_filter_plain(a, &v);
}

static void the_deepest_policy_still_matches(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(256 * SW_MIB);
    for (int levels = 1; levels < SW_JSON_DEPTH_MAX - 1; levels += 25) {
        SwValue policy = deep(a, "[\"x\"]", levels), good = deep(a, "\"x\"", levels), bad = deep(a, "\"y\"", levels);
        assert_true(sw_match(&policy, &good));
        assert_false(sw_match(&policy, &bad));
    }
}

/* Bodies of the largest size that would take minutes, or gigabytes, if names were looked for one by one. */
static void the_worst_bodies_take_one_pass(void **state) {
    (void)state;
    static const struct {
        const char *before, *after;
    } units[] = {{"\"a", ".b\":1"},
                 {"\"x.a", "\":1"},
                 {"\"a", "\":1"},
                 {"\"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "\":1"},
                 {"\"a.", "\":{\"b.c\":[[[[1]]]]}"}};
    int64_t from = cpu_thread_ns();
    for (size_t k = 0; k < SW_N(units); k++) {
        _sw_arena_ SwArena *a = sw_arena_new(256 * SW_MIB);
        SwBuf b = sw_buf(a, 4 * SW_MIB);
        sw_buf_addz(&b, "{\"first\":1");
        for (int i = 0; b.n < SW_MIB; i++) {
            sw_buf_addc(&b, ',');
            sw_buf_addf(&b, "%s%d%s", units[k].before, i, units[k].after);
        }
        sw_buf_addc(&b, '}');
        SwValue v = read_json(a, sw_buf_str(&b)), plain = sns_filter_plain(a, &v);
        assert_true(plain.n >= 2);
    }
    _sw_arena_ SwArena *a = sw_arena_new(256 * SW_MIB);
    SwBuf b = sw_buf(a, 4 * SW_MIB);
    for (int i = 0; i < SW_JSON_DEPTH_MAX - 2; i++)
        sw_buf_addc(&b, '[');
    sw_buf_addz(&b, "[1]");
    while (b.n < SW_MIB)
        sw_buf_addz(&b, ",[1]");
    for (int i = 0; i < SW_JSON_DEPTH_MAX - 2; i++)
        sw_buf_addc(&b, ']');
    SwValue v = read_json(a, sw_buf_str(&b)), plain = sns_filter_plain(a, &v);
    assert_true(plain.n > 200000);
    assert_true(cpu_thread_ns() - from < 10 * SW_S);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_are_steps_and_lists_are_flat),
        cmocka_unit_test(the_deepest_policy_still_matches),
        cmocka_unit_test(the_worst_bodies_take_one_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
