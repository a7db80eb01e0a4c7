/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what RFC 8259 allows and nothing else, and the tree behind it. */

#include "base_test.h"

#include <math.h>

#include "base/json.h"

static bool parses(SwArena *a, SwStr text, SwValue *v, SwError *err) {
    *err = sw_error(a);
    return sw_json_parse(a, text, v, err) == 0;
}

static void what_the_rfc_allows_is_accepted(void **state) {
    SwArena *a = *state;
    static const struct {
        const char *text, *back;
    } t[] = {{"null", "null"},
             {" true ", "true"},
             {"\t\r\nfalse\n", "false"},
             {"0", "0"},
             {"-0", "-0"},
             {"1.50", "1.50"},
             {"1E+2", "1E+2"},
             {"-1.5e-10", "-1.5e-10"},
             {"12345678901234567890123", "12345678901234567890123"},
             {"\"\"", "\"\""},
             {"\"a\\/b\"", "\"a/b\""},
             {"\"\\u0041\\u00e9\\u20AC\"", "\"A\xC3\xA9\xE2\x82\xAC\""},
             {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""},
             {"\"\\b\\f\\n\\r\\t\\\"\\\\\"", "\"\\b\\f\\n\\r\\t\\\"\\\\\""},
             {"\"\\u0000\\u001f\"", "\"\\u0000\\u001f\""},
             {"\"\x7F\"", "\"\x7F\""},
             {"[]", "[]"},
             {"[ ]", "[]"},
             {"{ }", "{}"},
             {"[1,[2,{\"a\":[]}]]", "[1,[2,{\"a\":[]}]]"},
             {"{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"},
             {"{\"\":null}", "{\"\":null}"}};
    for (size_t i = 0; i < SW_N(t); i++) {
        SwValue v;
        SwError err;
        if (!parses(a, sw_str(t[i].text), &v, &err))
            fail_msg("`%s`: %s", t[i].text, err.message);
        assert_str(sw_json_text(a, &v), t[i].back);
    }
}

static void anything_else_is_refused(void **state) {
    SwArena *a = *state;
    static const char *const t[] = {"",
                                    " ",
                                    "nul",
                                    "True",
                                    "nulll",
                                    "01",
                                    "-",
                                    "+1",
                                    ".5",
                                    "1.",
                                    "1.e1",
                                    "1e",
                                    "1e+",
                                    "0x1",
                                    "NaN",
                                    "Infinity",
                                    "-Infinity",
                                    "- 1",
                                    "1 2",
                                    "\"",
                                    "\"a",
                                    "'a'",
                                    "\"\\\"",
                                    "\"\\x41\"",
                                    "\"\\u12\"",
                                    "\"\\u12G4\"",
                                    "\"a\nb\"",
                                    "\"\t\"",
                                    "\"\x01\"",
                                    "\"\\",
                                    "\"\\u",
                                    "[",
                                    "[1",
                                    "[1,",
                                    "[1,]",
                                    "[,1]",
                                    "[1 2]",
                                    "]",
                                    "[1}",
                                    "{",
                                    "{\"a\"",
                                    "{\"a\":",
                                    "{\"a\":1",
                                    "{\"a\":1,",
                                    "{\"a\":1,}",
                                    "{a:1}",
                                    "{1:1}",
                                    "{\"a\" 1}",
                                    "{\"a\":1]",
                                    "{,}",
                                    "{\"a\":}",
                                    "// c\n1",
                                    "/* c */1",
                                    "\xEF\xBB\xBF{}",
                                    "\"\x80\"",
                                    "\"\xC0\x80\"",
                                    "\"\xED\xA0\x80\"",
                                    "\"\xC3\"",
                                    "{\"\xFF\":1}",
                                    "\v1",
                                    "\xC2\xA0"
                                    "1",
                                    "[1]x",
                                    "{}{}",
                                    "\"\\u+123\"",
                                    "\"\\u 123\""};
    for (size_t i = 0; i < SW_N(t); i++) {
        SwValue v;
        SwError err;
        if (parses(a, sw_str(t[i]), &v, &err))
            fail_msg("accepted `%s`", t[i]);
        assert_true(sw_error_is(&err, &SW_SERIALIZATION_EXCEPTION));
        assert_non_null(strstr(err.message, "line "));
    }
    SwValue v;
    SwError err;
    assert_false(parses(a, SW_STR("1\0"), &v, &err));
    assert_false(parses(a, SW_STR("\"a\0b\""), &v, &err));
    assert_false(parses(a, SW_NO_STR, &v, &err));
    assert_false(parses(a, sw_str_n("true", 3), &v, &err)); /* never past the end */
    assert_false(parses(a, sw_str_n("\"ab\"", 3), &v, &err));
    assert_false(parses(a, sw_str_n("[12]", 3), &v, &err));
}

static void a_lone_surrogate_becomes_the_replacement_character(void **state) {
    SwArena *a = *state;
    static const struct {
        const char *text, *is;
    } t[] = {{"\"\\ud800\"", "\xEF\xBF\xBD"},
             {"\"\\udc00x\"", "\xEF\xBF\xBDx"},
             {"\"\\ud800\\u0041\"", "\xEF\xBF\xBD"
                                    "A"},
             {"\"\\ud800\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
             {"\"\\ud800\\n\"", "\xEF\xBF\xBD\n"}};
    for (size_t i = 0; i < SW_N(t); i++) {
        SwValue v;
        SwError err;
        assert_true(parses(a, sw_str(t[i].text), &v, &err));
        assert_str(v.s, t[i].is);
    }
}

static SwStr nested(SwArena *a, size_t depth) {
    SwBuf b = sw_buf(a, SW_MIB);
    for (size_t i = 0; i < depth; i++)
        sw_buf_addc(&b, '[');
    for (size_t i = 0; i < depth; i++)
        sw_buf_addc(&b, ']');
    return sw_buf_str(&b);
}

static void depth_is_bounded(void **state) {
    SwArena *a = *state;
    SwValue v;
    SwError err;
    assert_true(parses(a, nested(a, SW_JSON_DEPTH_MAX), &v, &err));
    assert_false(parses(a, nested(a, SW_JSON_DEPTH_MAX + 1), &v, &err));
    assert_false(parses(a, nested(a, 100000), &v, &err));
    SwBuf wide = sw_buf(a, SW_MIB); /* breadth is not depth */
    sw_buf_addz(&wide, "[[]");
    for (int i = 0; i < 1000; i++)
        sw_buf_addz(&wide, ",[]");
    sw_buf_addc(&wide, ']');
    assert_true(parses(a, sw_buf_str(&wide), &v, &err));
    assert_int_equal(v.n, 1001);
}

static void values_know_their_line_and_faults_their_column(void **state) {
    SwArena *a = *state;
    SwValue v;
    SwError err;
    assert_true(parses(a, SW_STR("\n{\n \"a\": 1,\n \"b\": [\n  2]}"), &v, &err));
    assert_int_equal(v.line, 2);
    assert_int_equal(sw_value_getz(&v, "a")->line, 3);
    assert_int_equal(sw_value_getz(&v, "b")->line, 4);
    assert_int_equal(sw_value_path(&v, "b.0")->line, 5);
    assert_false(parses(a, SW_STR("{\n  \"a\": x}"), &v, &err));
    assert_non_null(strstr(err.message, "line 2, column 8"));
}

static void access_forgives(void **state) {
    SwArena *a = *state;
    SwValue v;
    SwError err;
    int64_t i;
    double d;
    assert_true(parses(a, SW_STR("{\"a\":1,\"s\":\"x\",\"a\":{\"b\":[10,{\"c\":true}]},\"n\":1e3,\"h\":1.5}"), &v, &err));
    assert_int_equal(sw_value_getz(&v, "a")->kind, SW_VOBJECT); /* the last of two */
    assert_true(sw_value_is_true(sw_value_path(&v, "a.b.1.c")));
    assert_null(sw_value_path(&v, "a.b.2"));
    assert_null(sw_value_path(&v, "a.b.x"));
    assert_null(sw_value_path(&v, "s.x"));
    assert_null(sw_value_getz(NULL, "a"));
    assert_str(sw_value_str(sw_value_getz(&v, "s")), "x");
    assert_null(sw_value_str(sw_value_getz(&v, "n")).p);
    assert_null(sw_value_str(NULL).p);
    assert_true(sw_value_i64(sw_value_path(&v, "a.b.0"), &i) && i == 10);
    assert_true(sw_value_i64(sw_value_getz(&v, "n"), &i) && i == 1000);
    assert_false(sw_value_i64(sw_value_getz(&v, "h"), &i));
    assert_false(sw_value_i64(sw_value_getz(&v, "s"), &i));
    assert_true(sw_value_double(sw_value_getz(&v, "h"), &d) && d == 1.5);
    assert_false(sw_value_double(NULL, &d));
    assert_false(sw_value_is_true(NULL));
}

static void large_integers_pass_unharmed(void **state) {
    SwArena *a = *state;
    SwValue v;
    SwError err;
    int64_t i;
    assert_true(parses(a, SW_STR("[9223372036854775807,-9223372036854775808,9007199254740993,9223372036854775808]"), &v, &err));
    assert_true(sw_value_i64(&v.v[0], &i) && i == INT64_MAX);
    assert_true(sw_value_i64(&v.v[1], &i) && i == INT64_MIN);
    assert_true(sw_value_i64(&v.v[2], &i) && i == 9007199254740993);
    assert_false(sw_value_i64(&v.v[3], &i));
}

static void trees_are_built_and_written(void **state) {
    SwArena *a = *state;
    SwValue o = sw_value_object();
    sw_value_sets(a, &o, "name", SW_STR("x\"y"));
    sw_value_sets(a, &o, "absent", SW_NO_STR);
    sw_value_set(a, &o, SW_STR("n"), sw_value_int(a, INT64_MIN));
    sw_value_set(a, &o, SW_STR("name"), sw_value_string(SW_STR("z")));
    SwValue *l = sw_value_set(a, &o, SW_STR("l"), sw_value_array());
    for (int i = 0; i < 5; i++)
        sw_value_add(a, l, sw_value_num(a, i / 2.0));
    sw_value_add(a, l, sw_value_bool(true));
    sw_value_add(a, l, sw_value_num(a, NAN));
    assert_str(sw_json_text(a, &o), "{\"name\":\"z\",\"n\":-9223372036854775808,\"l\":[0,0.5,1,1.5,2,true,\"NaN\"]}");
    SwValue parsed;
    SwError err;
    assert_true(parses(a, SW_STR("{\"a\":[1,{}],\"b\":{}}"), &parsed, &err));
    sw_value_set(a, &parsed, SW_STR("c"), sw_value_bool(false)); /* what was parsed can be grown */
    SwBuf b = sw_buf(a, SW_MIB);
    sw_json_write_pretty(&b, &parsed, 2);
    assert_str(sw_buf_str(&b), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {},\n  \"c\": false\n}");
}

static void doubles_are_short_and_exact(void **state) {
    SwArena *a = *state;
    static const struct {
        double d;
        const char *is;
    } t[] = {{0, "0"},
             {1, "1"},
             {-1.5, "-1.5"},
             {0.1, "0.1"},
             {1.0 / 3, "0.3333333333333333"},
             {1e21, "1e+21"},
             {123456789012345, "123456789012345"},
             {5e-324, "4.94065645841247e-324"},
             {1.7976931348623157e308, "1.7976931348623157e+308"}};
    for (size_t i = 0; i < SW_N(t); i++) {
        double back;
        SwStr s = sw_double_text(a, t[i].d);
        assert_str(s, t[i].is);
        assert_true(sw_str_to_double(s, &back) && back == t[i].d);
    }
    assert_str(sw_double_text(a, -INFINITY), "-Infinity");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_the_rfc_allows_is_accepted),
        TEST(anything_else_is_refused),
        TEST(a_lone_surrogate_becomes_the_replacement_character),
        TEST(depth_is_bounded),
        TEST(values_know_their_line_and_faults_their_column),
        TEST(access_forgives),
        TEST(large_integers_pass_unharmed),
        TEST(trees_are_built_and_written),
        TEST(doubles_are_short_and_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
