/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, in AWS's words. Each case is one fault made in a good value. */

#include "shape_test.h"

#include "base/pattern.h"

#define V "1 validation error detected: Value "
#define C " failed to satisfy constraint: "

static const char *faults(SwArena *a, const SwShape *s, const void *v) {
    SwError *err = sw_new(a, SwError);
    *err = sw_error(a);
    if (sw_validate(s, v, &SW_VALIDATION_EXCEPTION, err) == 0)
        return "none";
    assert_ptr_equal(err->kind, &SW_VALIDATION_EXCEPTION);
    return err->message;
}

static void a_good_value_passes(void **state) {
    SmallThing *t = full_thing(*state);
    t->owner = full_thing(*state);
    assert_string_equal(faults(*state, &small_shape_thing, t), "none");
}

static void required_members_must_not_be_null(void **state) {
    SmallThing t = {0}, *deep = full_thing(*state);
    assert_string_equal(faults(*state, &small_shape_thing, &t), V "null at 'vPCId'" C "Member must not be null");
    deep->parts.v[0].vpc_id = SW_NO_STR;
    assert_string_equal(faults(*state, &small_shape_thing, deep),
                        V "null at 'parts.1.member.vPCId'" C "Member must not be null");
    deep = full_thing(*state);
    deep->by_name.v[0].value.vpc_id = SW_NO_STR;
    assert_string_equal(faults(*state, &small_shape_thing, deep),
                        V "null at 'byName.k.member.vPCId'" C "Member must not be null");
}

static void lengths_count_utf16_units(void **state) {
    SmallThing *t = full_thing(*state);
    char text[101 * 4];
    memset(text, 'x', sizeof(text));
    t->vpc_id = sw_str_n(text, 100);
    assert_string_equal(faults(*state, &small_shape_thing, t), "none");
    t->vpc_id = sw_str_n(text, 101);
    assert_string_equal(faults(*state, &small_shape_thing, t),
                        sw_strf(*state, V "'%.101s' at 'vPCId'" C "Member must have length less than or equal to 100", text).p);
    for (size_t i = 0; i < 51; i++)
        memcpy(text + 4 * i, "\xf0\x9f\x98\x80", 4);
    t->vpc_id = sw_str_n(text, 50 * 4);
    assert_string_equal(faults(*state, &small_shape_thing, t), "none");
    t->vpc_id = sw_str_n(text, 51 * 4);
    assert_string_not_equal(faults(*state, &small_shape_thing, t), "none");
}

static void numbers_are_bounded(void **state) {
    SmallThing *t = full_thing(*state);
    t->ratio = SW_SOME_DOUBLE(0.25);
    assert_string_equal(faults(*state, &small_shape_thing, t),
                        V "'0.25' at 'ratio'" C "Member must have value greater than or equal to 0.5");
}

static void scalars_in_lists_are_reported_at_the_list_with_all_their_rules(void **state) {
    SmallThing *t = full_thing(*state);
    *sw_list_add((SwArena *)*state, &t->counts) = SW_SOME_INT(11);
    assert_string_equal(faults(*state, &small_shape_thing, t),
                        V "'[7, 11]' at 'counts'" C "Member must satisfy constraint: [Member must have value less than or "
                          "equal to 10, Member must have value greater than or equal to 1]");
}

static void map_keys_and_values_are_told_apart(void **state) {
    SmallThingRecord r = {.account = SW_STR("a"), .thing = full_thing(*state)};
    SmallPutThingRequestMapEntry *e = sw_list_add((SwArena *)*state, &r.requests);
    e->key = SW_STR("");
    e->value.name = SW_STR("n");
    assert_string_equal(faults(*state, &small_shape_thing_record, &r),
                        V "'{=PutThingRequest(Name=n)}' at 'requests'" C
                          "Map keys must satisfy constraint: [Member must have length greater than or equal to 1]");
}

static void enums_name_their_set(void **state) {
    SmallThing *t = full_thing(*state);
    t->kind = SW_STR("ec2");
    assert_string_equal(faults(*state, &small_shape_thing, t),
                        V "'ec2' at 'kind'" C "Member must satisfy enum value set: [EC2, m5.large, s3:Put:*, , m5_large]");
}

static void patterns_match_whole_and_secrets_are_not_echoed(void **state) {
    SmallPutThingRequest r = {.name = SW_STR("n"), .ipv6_address = SW_STR("hunter2")};
    const char *want = V "'***' at 'iPv6Address'" C "Member must satisfy regular expression pattern: [\\w\"]+\xc3\xa9";
    assert_string_equal(faults(*state, &small_shape_put_thing_request, &r), want);
    r.ipv6_address = SW_STR("hunter2\xc3\xa9");
    assert_string_equal(faults(*state, &small_shape_put_thing_request, &r), "none");
    r.ipv6_address = SW_STR("hunter2\xc3\xa9 ");
    assert_string_equal(faults(*state, &small_shape_put_thing_request, &r), want);
}

static void a_pattern_is_compiled_for_the_first_value_alone(void **state) {
    SmallPutThingRequest r = {.name = SW_STR("n"), .ipv6_address = SW_STR("hunter2\xc3\xa9")};
    assert_string_equal(faults(*state, &small_shape_put_thing_request, &r), "none");
    int64_t before = sw_pattern_asked();
    for (int i = 0; i < 3; i++)
        assert_string_equal(faults(*state, &small_shape_put_thing_request, &r), "none");
    assert_int_equal(sw_pattern_asked(), before);
}

static void all_faults_are_in_one_message(void **state) {
    SmallThing *t = full_thing(*state);
    t->vpc_id = SW_NO_STR;
    t->kind = SW_STR("x");
    t->owner = sw_new((SwArena *)*state, SmallThing);
    assert_string_equal(faults(*state, &small_shape_thing, t),
                        "3 validation errors detected: Value null at 'vPCId'" C "Member must not be null; "
                        "Value null at 'owner.vPCId'" C "Member must not be null; "
                        "Value 'x' at 'kind'" C "Member must satisfy enum value set: [EC2, m5.large, s3:Put:*, , m5_large]");
}

static void a_union_has_exactly_one_member(void **state) {
    SmallChoice c = {.text = SW_STR("t"), .thing = full_thing(*state)};
    SwMember choice = {.name = "Choice", .shape = &small_shape_choice, .offset = 0};
    SwShape holder = {.name = "Holder", .kind = SW_STRUCTURE, .size = sizeof(void *), .member = &choice, .n_member = 1};
    SmallChoice *p = &c;
    assert_non_null(strstr(faults(*state, &holder, &p), "Member must have exactly one of its members set: [text, thing]"));
    c.thing = NULL;
    assert_string_equal(faults(*state, &holder, &p), "none");
}

static void a_reply_may_hold_empty_lists_and_nothing_else_that_is_wrong(void **state) {
    static const SwShape text = {.name = "Text", .kind = SW_STRING, .size = sizeof(SwStr), .flags = SW_HAS_MIN, .min = 1};
    static const SwMember element = {.name = "member", .shape = &text};
    static const SwShape list = {.name = "Texts",
                                 .kind = SW_LIST,
                                 .size = sizeof(SwStrList),
                                 .member = &element,
                                 .n_member = 1,
                                 .flags = SW_HAS_MIN,
                                 .min = 1};
    static const SwMember member = {.name = "texts", .shape = &list, .flags = SW_REQUIRED};
    static const SwShape reply = {
        .name = "Reply", .kind = SW_STRUCTURE, .size = sizeof(SwStrList), .member = &member, .n_member = 1};
    SwStr none[1] = {SW_STR_C("")};
    SwStrList l = {none, 0};
    SwError err = sw_error(*state);
    assert_int_equal(sw_validate(&reply, &l, &SW_VALIDATION_EXCEPTION, &err), -1);
    assert_int_equal(sw_validate_reply(&reply, &l, &SW_VALIDATION_EXCEPTION, &err), 0);
    l.n = 1;
    assert_int_equal(sw_validate_reply(&reply, &l, &SW_VALIDATION_EXCEPTION, &err), -1);
    assert_int_equal(sw_validate_reply(&reply, &(SwStrList){0}, &SW_VALIDATION_EXCEPTION, &err), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_good_value_passes),
        TEST(required_members_must_not_be_null),
        TEST(lengths_count_utf16_units),
        TEST(numbers_are_bounded),
        TEST(scalars_in_lists_are_reported_at_the_list_with_all_their_rules),
        TEST(map_keys_and_values_are_told_apart),
        TEST(enums_name_their_set),
        TEST(patterns_match_whole_and_secrets_are_not_echoed),
        TEST(a_pattern_is_compiled_for_the_first_value_alone),
        TEST(all_faults_are_in_one_message),
        TEST(a_union_has_exactly_one_member),
        TEST(a_reply_may_hold_empty_lists_and_nothing_else_that_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
