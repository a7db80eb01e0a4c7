/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over JSON, one row a case, against one event. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "api/match.h"

#define EVENT \
    "{\"source\":\"aws.ecs\",\"resources\":[\"arn:a\",\"arn:b\"],\"detail\":{\"state\":\"Stopped\",\"n\":7,\"on\":true," \
    "\"none\":null,\"ip\":\"10.1.2.3\",\"ip6\":\"2001:db8::7\",\"file\":\"dir/" \
    "a.png\",\"list\":[{\"x\":1},{\"x\":2,\"y\":4}],\"a.b\":5,\"empty\":[],\"deep\":[[7],[8]]}}"

static const struct {
    const char *pattern;
    bool want;
} cases[] = {
    {"{\"source\":[\"aws.ecs\"]}", true},
    {"{\"source\":[\"aws.ec2\",\"aws.ecs\"]}", true},
    {"{\"source\":[\"aws.ec\"]}", false},
    {"{\"source\":[\"aws.ecs\"],\"detail\":{\"state\":[\"Running\"]}}", false},
    {"{\"resources\":[\"arn:b\"]}", true},
    {"{\"resources\":[\"arn:c\"]}", false},
    {"{\"detail\":{\"n\":[7.0]}}", true},
    {"{\"detail\":{\"n\":[\"7\"]}}", false},
    {"{\"detail\":{\"on\":[true],\"none\":[null]}}", true},
    {"{\"detail\":{\"state\":[{\"prefix\":\"Sto\"}]}}", true},
    {"{\"detail\":{\"state\":[{\"prefix\":\"sto\"}]}}", false},
    {"{\"detail\":{\"state\":[{\"prefix\":{\"equals-ignore-case\":\"sTO\"}}]}}", true},
    {"{\"detail\":{\"file\":[{\"suffix\":\".png\"}]}}", true},
    {"{\"detail\":{\"file\":[{\"suffix\":\".PNG\"}]}}", false},
    {"{\"detail\":{\"file\":[{\"wildcard\":\"dir/*.png\"}]}}", true},
    {"{\"detail\":{\"file\":[{\"wildcard\":\"*.gif\"}]}}", false},
    {"{\"detail\":{\"file\":[{\"wildcard\":\"d*r/a.*n*\"}]}}", true},
    {"{\"detail\":{\"file\":[{\"wildcard\":\"dir/a?png\"}]}}", false},
    {"{\"detail\":{\"file\":[{\"wildcard\":\"dir/\\\\*.png\"}]}}", false},
    {"{\"detail\":{\"file\":[{\"wildcard\":\"*\"}]}}", true},
    {"{\"detail\":{\"state\":[{\"equals-ignore-case\":\"STOPPED\"}]}}", true},
    {"{\"detail\":{\"state\":[{\"anything-but\":\"Stopped\"}]}}", false},
    {"{\"detail\":{\"state\":[{\"anything-but\":[\"Running\",\"Pending\"]}]}}", true},
    {"{\"detail\":{\"state\":[{\"anything-but\":{\"prefix\":\"St\"}}]}}", false},
    {"{\"detail\":{\"state\":[{\"anything-but\":{\"prefix\":[\"Ru\",\"Pe\"]}}]}}", true},
    {"{\"detail\":{\"state\":[{\"anything-but\":{\"suffix\":\"ed\"}}]}}", false},
    {"{\"detail\":{\"state\":[{\"anything-but\":{\"equals-ignore-case\":[\"stopped\",\"x\"]}}]}}", false},
    {"{\"detail\":{\"state\":[{\"anything-but\":{\"wildcard\":\"S*d\"}}]}}", false},
    {"{\"detail\":{\"n\":[{\"anything-but\":[1,2]}]}}", true},
    {"{\"detail\":{\"n\":[{\"anything-but\":[1,7]}]}}", false},
    {"{\"detail\":{\"file\":[{\"suffix\":{\"equals-ignore-case\":\".PNG\"}}]}}", true},
    {"{\"detail\":{\"absent\":[{\"anything-but\":\"x\"}]}}", false},
    {"{\"detail\":{\"ip6\":[{\"cidr\":\"2001:db8::/32\"}]}}", true},
    {"{\"detail\":{\"ip6\":[{\"cidr\":\"2001:db9::/32\"}]}}", false},
    {"{\"detail\":{\"ip6\":[{\"cidr\":\"10.0.0.0/8\"}]}}", false},
    {"{\"detail\":{\"n\":[{\"numeric\":[\">\",5,\"<=\",7]}]}}", true},
    {"{\"detail\":{\"n\":[{\"numeric\":[\">\",7]}]}}", false},
    {"{\"detail\":{\"n\":[{\"numeric\":[\"=\",7]}]}}", true},
    {"{\"detail\":{\"state\":[{\"numeric\":[\"=\",7]}]}}", false},
    {"{\"detail\":{\"state\":[{\"exists\":true}],\"absent\":[{\"exists\":false}]}}", true},
    {"{\"detail\":{\"state\":[{\"exists\":false}]}}", false},
    {"{\"gone\":{\"deep\":[{\"exists\":false}]}}", true},
    {"{\"detail\":{\"ip\":[{\"cidr\":\"10.1.0.0/16\"}]}}", true},
    {"{\"detail\":{\"ip\":[{\"cidr\":\"10.2.0.0/16\"}]}}", false},
    {"{\"detail\":{\"list\":{\"x\":[2]}}}", true},
    {"{\"detail\":{\"list\":{\"x\":[3]}}}", false},
    {"{\"$or\":[{\"source\":[\"x\"]},{\"detail\":{\"n\":[7]}}]}", true},
    {"{\"$or\":[{\"source\":[\"x\"]},{\"detail\":{\"n\":[8]}}]}", false},
    /* names joined by dots are one path, in the pattern and in the document */
    {"{\"detail.state\":[\"Stopped\"]}", true},
    {"{\"detail.state\":[\"Running\"]}", false},
    {"{\"detail\":{\"a.b\":[5]}}", true},
    {"{\"detail\":{\"a\":{\"b\":[5]}}}", true},
    {"{\"detail.a.b\":[5]}", true},
    {"{\"detail.a\":{\"b\":[6]}}", false},
    {"{\"detail.a\":[{\"exists\":true}]}", false},
    {"{\"detail.list.x\":[2]}", true},
    {"{\"detail.stat\":[{\"exists\":true}]}", false},
    /* of equal names the last counts */
    {"{\"source\":[\"aws.ecs\"],\"source\":[\"other\"]}", false},
    {"{\"source\":[\"other\"],\"source\":[\"aws.ecs\"]}", true},
    /* an empty list is not there; one that holds something is */
    {"{\"detail\":{\"empty\":[{\"exists\":true}]}}", false},
    {"{\"detail\":{\"empty\":[{\"exists\":false}]}}", true},
    {"{\"resources\":[{\"exists\":true}]}", true},
    {"{\"detail\":{\"deep\":[8]}}", true},
    {"{\"detail\":{\"none\":[{\"exists\":true}]}}", true},
    /* objects in a list: one of them has all */
    {"{\"detail\":{\"list\":{\"x\":[1],\"y\":[4]}}}", false},
    {"{\"detail\":{\"list\":{\"x\":[2],\"y\":[4]}}}", true},
};

static void a_pattern_matches_as_aws_documents(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwValue pattern, event;
        assert_int_equal(sw_json_parse(a, SW_STR(EVENT), &event, &err), 0);
        if (sw_json_parse(a, sw_str(cases[i].pattern), &pattern, &err) < 0 ||
            sw_match_check(&pattern, sw_str(cases[i].pattern), "", &SW_VALIDATION_EXCEPTION, &err) < 0)
            fail_msg("%s: %s", cases[i].pattern, err.message);
        if (sw_match(&pattern, &event) != cases[i].want)
            fail_msg("%s should%s match", cases[i].pattern, cases[i].want ? "" : " not");
    }
}

/* AWS's words (those of its compiler of patterns), and the column up to which it had read; 0: it names none. */
static const struct {
    const char *pattern, *reason;
    int column;
} bad[] = {
    {"[]", "Filter is not an object", 2},
    {"1", "Filter is not an object", 2},
    {"{}", "Empty objects are not allowed", 3},
    {"{\"a\":\"x\"}", "\"a\" must be an object or an array", 7},
    {"{\"a\":17}", "\"a\" must be an object or an array", 8},
    {"{\"a\":{\"b\":1}}", "\"b\" must be an object or an array", 12},
    {"{\"a\":{}}", "Empty objects are not allowed", 8},
    {"{\"a\":[]}", "Empty arrays are not allowed", 8},
    {"{\"a\":[[1]]}", "Match value must be String, number, true, false, or null", 8},
    {"{\"a\":[{}]}", "Match expression name not found", 9},
    {"{\"a\":[{\"nonsense\":1}]}", "Unrecognized match type nonsense", 20},
    {"{\"a\":[{\"prefix\":\"x\",\"suffix\":\"y\"}]}", "Only one key allowed in match expression", 31},
    {"{\"a\":[{\"exists\":\"yes\"}]}", "exists match pattern must be either true or false.", 18},
    {"{\"a\":[{\"numeric\":5}]}", "Value of numeric must be an array.", 19},
    {"{\"a\":[{\"numeric\":[]}]}", "Invalid member in numeric match: ]", 20},
    {"{\"a\":[{\"numeric\":[5]}]}", "Invalid member in numeric match: 5", 20},
    {"{\"a\":[{\"numeric\":[\">\"]}]}", "Value of > must be numeric", 23},
    {"{\"a\":[{\"numeric\":[\"~\",1]}]}", "Unrecognized numeric range operator: ~", 24},
    {"{\"a\":[{\"numeric\":[\">\",\"1\"]}]}", "Value of > must be numeric", 24},
    {"{\"a\":[{\"numeric\":[\"=\",\"1\"]}]}", "Value of equals must be numeric", 24},
    {"{\"a\":[{\"numeric\":[\"<\",1,\">\",0]}]}", "Too many elements in numeric expression", 26},
    {"{\"a\":[{\"numeric\":[\">\",1,\">\",3]}]}", "Bad numeric range operator: >", 28},
    {"{\"a\":[{\"numeric\":[\">\",9,\"<\",3]}]}", "Bottom must be less than top", 31},
    {"{\"a\":[{\"prefix\":1}]}", "prefix match pattern must be a string", 18},
    {"{\"a\":[{\"suffix\":null}]}", "suffix match pattern must be a string", 21},
    {"{\"a\":[{\"suffix\":[\"x\"]}]}", "suffix match pattern must be a string", 18},
    {"{\"a\":[{\"prefix\":{\"equals-ignore-case\":1}}]}", "equals-ignore-case match pattern must be a string", 40},
    {"{\"a\":[{\"prefix\":{\"other\":\"x\"}}]}", "Unsupported prefix pattern: other", 27},
    {"{\"a\":[{\"equals-ignore-case\":true}]}", "equals-ignore-case match pattern must be a string", 33},
    {"{\"a\":[{\"wildcard\":7}]}", "wildcard match pattern must be a string", 20},
    {"{\"a\":[{\"wildcard\":\"a**b\"}]}", "Consecutive wildcard characters at pos 2", 25},
    {"{\"a\":[{\"wildcard\":\"a\\\\b\"}]}", "Invalid escape character at pos 2", 25},
    {"{\"a\":[{\"anything-but\":true}]}", "Value of anything-but must be an array or single string/number value.", 27},
    {"{\"a\":[{\"anything-but\":[]}]}",
     "Inside anything but list, either all values are number or string, mixed type is not supported", 25},
    {"{\"a\":[{\"anything-but\":[1,\"x\"]}]}",
     "Inside anything but list, either all values are number or string, mixed type is not supported", 30},
    {"{\"a\":[{\"anything-but\":[null]}]}", "Inside anything but list, start|null|boolean is not supported.", 28},
    {"{\"a\":[{\"anything-but\":{\"prefix\":1}}]}", "prefix/suffix match pattern must be a string", 34},
    {"{\"a\":[{\"anything-but\":{\"suffix\":\"\"}}]}", "Null prefix/suffix not allowed", 35},
    {"{\"a\":[{\"anything-but\":{\"numeric\":[\"=\",1]}}]}", "Unsupported anything-but pattern: numeric", 35},
    {"{\"a\":[{\"cidr\":5}]}", "prefix match pattern must be a string", 16},
    {"{\"a\":[{\"cidr\":\"10.0.0.0/33\"}]}", "IPv4 mask bits must be < 32", 0},
    {"{\"a\":[{\"cidr\":\"x\"}]}", "Malformed CIDR, one '/' required", 0},
    {"{\"a\":[{\"cidr\":\"x/8\"}]}", "Nonstandard IP address: x", 0},
    {"{\"a\":[{\"cidr\":\"10.0.0.0/y\"}]}", "Malformed CIDR, mask bits must be an integer", 0},
    {"{\"$or\":[{\"a\":[1]}]}", "There must have at least 2 Objects in $or relationship.", 19},
    {"{\"$or\":{}}", "It must be an Array followed with $or.", 9},
    {"{\"$or\":[1]}", "Only JSON object is allowed in array of $or relationship.", 10},
    {"{\"$or\":[{\"prefix\":[1]},{\"a\":[1]}]}", "prefix is Ruler reserved fieldName which cannot be used inside $or.", 20},
    /* public knowledge of AWS's answer, with its column */
    {"{\"source\":[\"test.event-pattern\"],\"detail\":{\"lenderId\":\"LenderA\"}}",
     "\"lenderId\" must be an object or an array", 56},
};

static void a_pattern_that_says_nothing_sensible_is_refused_in_the_words_of_aws(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(bad); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwValue pattern;
        assert_int_equal(sw_json_parse(a, sw_str(bad[i].pattern), &pattern, &err), 0);
        if (sw_match_check(&pattern, sw_str(bad[i].pattern), "Bad: ", &SW_VALIDATION_EXCEPTION, &err) == 0)
            fail_msg("%s is accepted", bad[i].pattern);
        assert_ptr_equal(err.kind, &SW_VALIDATION_EXCEPTION);
        SwStr place = bad[i].column
                          ? sw_strf(a, "\n at [Source: (String)\"%s\"; line: 1, column: %d]", bad[i].pattern, bad[i].column)
                          : SW_STR("");
        SwStr want = sw_strf(a, "Bad: %s%.*s", bad[i].reason, SW_FMT(place));
        if (!sw_str_eqz(want, err.message))
            fail_msg("%s:\n%s\nand not\n%.*s", bad[i].pattern, err.message, SW_FMT(want));
    }
}

/* The place in a pattern of several lines, and of a long one, which is cut. */
static void the_place_is_told_by_line_and_the_pattern_is_cut(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwValue pattern;
    SwBuf b = sw_buf(a, SW_MIB);
    (void)state;
    sw_buf_addz(&b, "{\n  \"a\": [\"");
    for (int i = 0; i < 600; i++)
        sw_buf_addc(&b, 'x');
    sw_buf_addz(&b, "\"],\n  \"b\": [{\"prefix\": 5}]\n}");
    assert_int_equal(sw_json_parse(a, sw_buf_str(&b), &pattern, &err), 0);
    assert_int_equal(sw_match_check(&pattern, sw_buf_str(&b), "", &SW_VALIDATION_EXCEPTION, &err), -1);
    assert_non_null(strstr(err.message, "\"[truncated 139 chars]; line: 3, column: 21]"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_as_aws_documents),
        cmocka_unit_test(a_pattern_that_says_nothing_sensible_is_refused_in_the_words_of_aws),
        cmocka_unit_test(the_place_is_told_by_line_and_the_pattern_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
