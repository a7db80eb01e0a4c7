/* SPDX-License-Identifier: Apache-2.0 */
/* Tags by AWS's common limits: what a caller gives, what it makes with what was there, one row a case. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "api/tags.h"

static const SwErrorKind MANY = {.code = "Many", .http = 400}, RESERVED = {.code = "Reserved", .http = 400},
                         TWICE = {.code = "Twice", .http = 400}, KEY = {.code = "Key", .http = 400},
                         VALUE = {.code = "Value", .http = 400};
static const SwTagRules strict_rules = {.max = 3,
                                        .too_many = {&MANY, "Too many for {resource}."},
                                        .reserved = {&RESERVED, "{key} is reserved"},
                                        .duplicate = {&TWICE, "{key} twice"},
                                        .bad_key = {&KEY, "key"},
                                        .bad_value = {&VALUE, "value"}};
static const SwTagRules loose_rules = {.max = 3, .too_many = {&MANY, "many"}, .reserved = {&RESERVED, "reserved"}};
static const SwTagRules caseless_rules = {.max = 3,
                                          .any_case = true,
                                          .too_many = {&MANY, "many"},
                                          .reserved = {&RESERVED, "reserved"},
                                          .duplicate = {&TWICE, "twice"}};

/* "a=1,b=2" */
static SwStrMap parse(SwArena *a, const char *text) {
    SwStrMap m = {0};
    SwStr rest = sw_str(text), part, key;
    while (sw_str_next(&rest, ',', &part)) {
        sw_str_cut(&part, '=', &key);
        *(SwStrPair *)sw_list_add(a, &m) = (SwStrPair){key, part};
    }
    return m;
}

static const char *print(SwArena *a, const SwStrMap *m) {
    SwBuf b = sw_buf(a, 4096);
    for (size_t i = 0; i < m->n; i++)
        sw_buf_addf(&b, "%s%.*s=%.*s", i ? "," : "", SW_FMT(m->v[i].key), SW_FMT(m->v[i].value));
    return sw_str_z(a, sw_buf_str(&b));
}

static const struct {
    const SwTagRules *rules;
    const char *have, *give, *want;
    const SwErrorKind *error;
    const char *message;
} cases[] = {
    {&strict_rules, "", "a=1,b=2,c=3", "a=1,b=2,c=3", NULL, NULL},
    {&strict_rules, "", "a=1,b=2,c=3,d=4", "", &MANY, "Too many for it."},
    {&strict_rules, "a=1,b=2,c=3", "d=4", "a=1,b=2,c=3", &MANY, "Too many for it."},
    {&strict_rules, "a=1,b=2,c=3", "b=9", "a=1,b=9,c=3", NULL, NULL},                             /* in its place */
    {&strict_rules, "aws:x=1,aws:y=2,a=1,b=2", "c=3", "aws:x=1,aws:y=2,a=1,b=2,c=3", NULL, NULL}, /* AWS's own do not count */
    {&strict_rules, "a=1", "aws:x=1", "a=1", &RESERVED, "aws:x is reserved"},
    {&strict_rules, "a=1", "AwS:x=1", "a=1", &RESERVED, "AwS:x is reserved"},
    {&strict_rules, "", "aws=1,awsx:y=2", "aws=1,awsx:y=2", NULL, NULL},
    {&strict_rules, "", "a=1,b=2,a=3", "", &TWICE, "a twice"},
    {&strict_rules, "", "a=1,A=2", "a=1,A=2", NULL, NULL},
    {&strict_rules, "", "=1", "", &KEY, "key"},
    {&loose_rules, "", "a=1,b=2,a=3", "a=3,b=2", NULL, NULL}, /* the last one holds */
    {&caseless_rules, "Team=1", "team=2", "team=2", NULL, NULL},
    {&caseless_rules, "", "Team=1,team=2", "", &TWICE, "twice"},
};

static void what_is_given_joins_what_is_there_or_nothing_changes(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwStrMap have = parse(a, cases[i].have), give = parse(a, cases[i].give);
        int r = sw_tags_merge(a, cases[i].rules, SW_STR("it"), &have, &give, &err);
        assert_int_equal(r, cases[i].error ? -1 : 0);
        assert_ptr_equal(err.kind, cases[i].error);
        if (cases[i].error)
            assert_string_equal(err.message, cases[i].message);
        assert_string_equal(print(a, &have), cases[i].want);
    }
}

static void characters_are_counted_not_bytes(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwBuf b = sw_buf(a, 4096);
    for (int i = 0; i < 128; i++)
        sw_buf_addz(&b, "\xc3\xa9");
    SwStrPair pair = {sw_buf_str(&b), sw_cat(a, sw_buf_str(&b), sw_buf_str(&b))};
    SwStrMap given = {&pair, 1};
    assert_int_equal(sw_tags_check(&strict_rules, SW_NO_STR, &given, &err), 0);
    pair.value = sw_strf(a, "%.*sx", SW_FMT(pair.value));
    assert_int_equal(sw_tags_check(&strict_rules, SW_NO_STR, &given, &err), -1);
    assert_ptr_equal(err.kind, &VALUE);
    sw_error_reset(&err);
    pair = (SwStrPair){sw_strf(a, "%.*sx", SW_FMT(pair.key)), SW_STR("")};
    assert_int_equal(sw_tags_check(&strict_rules, SW_NO_STR, &given, &err), -1);
    assert_ptr_equal(err.kind, &KEY);
}

static void removed_keys_are_gone_and_the_rest_keeps_its_order(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrMap have = parse(a, "a=1,Team=2,c=3");
    SwStrList keys = {0};
    sw_str_list_add(a, &keys, SW_STR("team"));
    sw_str_list_add(a, &keys, SW_STR("never"));
    sw_tags_remove(a, &strict_rules, &have, &keys);
    assert_string_equal(print(a, &have), "a=1,Team=2,c=3");
    sw_tags_remove(a, &caseless_rules, &have, &keys);
    assert_string_equal(print(a, &have), "a=1,c=3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_joins_what_is_there_or_nothing_changes),
        cmocka_unit_test(characters_are_counted_not_bytes),
        cmocka_unit_test(removed_keys_are_gone_and_the_rest_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
