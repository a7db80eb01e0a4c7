/* SPDX-License-Identifier: Apache-2.0 */
/* Filter patterns: what they match, and what is no pattern. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/logs/pattern.h"

#define JSON_LINE \
    "{\"level\":\"ERROR\",\"code\":404,\"ok\":true,\"gone\":null,\"user\":{\"name\":\"Ada\",\"tags\":[\"x\",\"y z\"]}}"
#define WEB_LINE "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534"

static const struct {
    const char *pattern, *message;
    bool matches;
} rows[] = {
    {"", "anything", true},
    {"ERROR", "[ERROR] out", true},
    {"ERROR", "[error] out", false},
    {"ERROR ARGUMENTS", "ARGUMENTS ERROR", true},
    {"ERROR ARGUMENTS", "ERROR", false},
    {"\"no memory\"", "there is no memory", true},
    {"\"no memory\"", "no more memory", false},
    {"\"say \\\"hi\\\"\"", "say \"hi\" now", true},
    {"?ERROR ?WARN", "a WARN here", true},
    {"?ERROR ?WARN", "INFO", false},
    {"ERROR -timeout", "ERROR timeout", false},
    {"ERROR -timeout", "ERROR other", true},
    {"-timeout", "fine", true},
    {"?WARN ERROR", "ERROR", true},
    {"{ $.level = \"ERROR\" }", JSON_LINE, true},
    {"{$.level=ERROR}", JSON_LINE, true},
    {"{ $.level = \"ERR*\" }", JSON_LINE, true},
    {"{ $.level = \"E\" }", JSON_LINE, false},
    {"{ $.level != \"INFO\" }", JSON_LINE, true},
    {"{ $.missing != \"INFO\" }", JSON_LINE, false},
    {"{ $.missing NOT EXISTS }", JSON_LINE, true},
    {"{ $.level NOT EXISTS }", JSON_LINE, false},
    {"{ $.code >= 400 && $.code < 500 }", JSON_LINE, true},
    {"{ $.code = 404.0 }", JSON_LINE, true},
    {"{ $.code = 4* }", JSON_LINE, true},
    {"{ $.code > 404 }", JSON_LINE, false},
    {"{ $.ok IS TRUE }", JSON_LINE, true},
    {"{ $.ok is false }", JSON_LINE, false},
    {"{ $.gone IS NULL }", JSON_LINE, true},
    {"{ $.user.name = \"Ada\" && ($.code = 1 || $.code = 404) }", JSON_LINE, true},
    {"{ $.code = 1 && $.code = 2 || $.ok IS TRUE }", JSON_LINE, true},
    {"{ $.user.tags[1] = \"y z\" }", JSON_LINE, true},
    {"{ $['user']['name'] = Ada }", JSON_LINE, true},
    {"{ $.user.tags[9] = \"x\" }", JSON_LINE, false},
    {"{ $.level = \"ERROR\" }", "not JSON", false},
    {"[ip, id, user, time, request, status = 404, bytes]", WEB_LINE, true},
    {"[ip, id, user, time, request = \"*html*\", status = 4*, bytes > 1000]", WEB_LINE, true},
    {"[ip, id, user, time, request, status = 5*, bytes]", WEB_LINE, false},
    {"[..., status = 404 || status = 410, bytes]", WEB_LINE, true},
    {"[ip = 127.0.0.1, ..., bytes >= 2000]", WEB_LINE, false},
    {"[w1, w2]", WEB_LINE, false},
    {"[w1 != ERROR && w1 != WARN, ...]", "INFO all is well", true},
    {"[w1 != ERROR && w1 != WARN, ...]", "WARN all is not well", false},
};

static void a_pattern_matches_what_aws_documents(void **state) {
    for (size_t i = 0; i < SW_N(rows); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        const char *why = NULL;
        const LogsPattern *p = logs_pattern_parse(a, sw_str(rows[i].pattern), &why);
        if (!p)
            fail_msg("%s: %s", rows[i].pattern, why);
        if (logs_pattern_matches(p, a, sw_str(rows[i].message)) != rows[i].matches)
            fail_msg("%s on %s", rows[i].pattern, rows[i].message);
    }
}

static void what_is_no_pattern_is_refused_with_a_reason(void **state) {
    static const char *const bad[] = {"a@b",
                                      "\"open",
                                      "%ab+%",
                                      "{ $.a }",
                                      "{ $.a = }",
                                      "{ $.a = 1",
                                      "{ a = 1 }",
                                      "{ $.a IS MAYBE }",
                                      "{ $.a > x }",
                                      "{ $.* = 1 }",
                                      "{ $.a = 1 } more",
                                      "{ ($.a = 1 }",
                                      "[a, b",
                                      "[..., ...]",
                                      "[a = %x%]",
                                      "?",
                                      "-",
                                      "{ $.a = 1 && }"};
    for (size_t i = 0; i < SW_N(bad); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        const char *why = NULL;
        if (logs_pattern_parse(a, sw_str(bad[i]), &why))
            fail_msg("%s was accepted", bad[i]);
        assert_non_null(why);
    }
}

static void nesting_is_bounded(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const char *why = NULL;
    SwBuf b = sw_buf(a, 4096);
    sw_buf_addc(&b, '{');
    for (int i = 0; i < LOGS_PATTERN_DEPTH_MAX + 1; i++)
        sw_buf_addc(&b, '(');
    assert_null(logs_pattern_parse(a, sw_buf_str(&b), &why));
    assert_string_equal(why, "too deeply nested");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_what_aws_documents),
        cmocka_unit_test(what_is_no_pattern_is_refused_with_a_reason),
        cmocka_unit_test(nesting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
