/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over JSON, one row a case, against one event. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "api/match.h"

#define EVENT "{\"source\":\"aws.ecs\",\"resources\":[\"arn:a\",\"arn:b\"],\"detail\":{\"state\":\"Stopped\",\"n\":7,\"on\":true," \
              "\"none\":null,\"ip\":\"10.1.2.3\",\"ip6\":\"2001:db8::7\",\"file\":\"dir/a.png\",\"list\":[{\"x\":1},{\"x\":2}]}}"

static const struct { const char *pattern; bool want; } cases[] = {
    {"{}", true},
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
};

static void a_pattern_matches_as_aws_documents(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwValue pattern, event;
        assert_int_equal(sw_json_parse(a, SW_STR(EVENT), &event, &err), 0);
        if (sw_json_parse(a, sw_str(cases[i].pattern), &pattern, &err) < 0 || sw_match_check(&pattern, &SW_VALIDATION_EXCEPTION, &err) < 0)
            fail_msg("%s: %s", cases[i].pattern, err.message);
        if (sw_match(&pattern, &event) != cases[i].want)
            fail_msg("%s should%s match", cases[i].pattern, cases[i].want ? "" : " not");
    }
}

static void a_pattern_that_says_nothing_sensible_is_refused(void **state) {
    static const char *const bad[] = {
        "[]", "1", "{\"a\":\"x\"}", "{\"a\":[]}", "{\"a\":[[1]]}", "{\"a\":[{}]}", "{\"a\":[{\"nonsense\":1}]}", "{\"a\":[{\"prefix\":\"x\",\"suffix\":\"y\"}]}",
        "{\"a\":[{\"exists\":\"yes\"}]}", "{\"a\":[{\"numeric\":[\">\"]}]}", "{\"a\":[{\"numeric\":[\"~\",1]}]}", "{\"a\":[{\"numeric\":[\">\",\"1\"]}]}",
        "{\"a\":[{\"prefix\":1}]}", "{\"a\":[{\"suffix\":null}]}", "{\"a\":[{\"suffix\":[\"x\"]}]}", "{\"a\":[{\"prefix\":{\"equals-ignore-case\":1}}]}",
        "{\"a\":[{\"prefix\":{\"other\":\"x\"}}]}", "{\"a\":[{\"equals-ignore-case\":true}]}", "{\"a\":[{\"wildcard\":7}]}", "{\"a\":[{\"wildcard\":\"a**b\"}]}",
        "{\"a\":[{\"wildcard\":\"a\\\\b\"}]}", "{\"a\":[{\"anything-but\":true}]}", "{\"a\":[{\"anything-but\":[]}]}", "{\"a\":[{\"anything-but\":[null]}]}",
        "{\"a\":[{\"anything-but\":{\"prefix\":1}}]}", "{\"a\":[{\"anything-but\":{\"numeric\":[\"=\",1]}}]}", "{\"$or\":[{\"a\":[1]}]}",
        "{\"a\":[{\"cidr\":\"10.0.0.0/33\"}]}", "{\"a\":[{\"cidr\":\"x\"}]}", "{\"$or\":{}}", "{\"$or\":[1]}", "{\"a\":{\"b\":1}}"};
    (void)state;
    for (size_t i = 0; i < SW_N(bad); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwValue pattern;
        assert_int_equal(sw_json_parse(a, sw_str(bad[i]), &pattern, &err), 0);
        if (sw_match_check(&pattern, &SW_VALIDATION_EXCEPTION, &err) == 0)
            fail_msg("%s is accepted", bad[i]);
        assert_ptr_equal(err.kind, &SW_VALIDATION_EXCEPTION);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_as_aws_documents),
        cmocka_unit_test(a_pattern_that_says_nothing_sensible_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
