/* SPDX-License-Identifier: Apache-2.0 */
/* Members that tests/unit/modelc/models/members/small.json refuses. */

#include "shape_test.h"

static const SwErrorKind unsupported = {.code = "Unsupported", .http = 400};

static const char *refusal(SwArena *a, const SwShape *s, const void *v) {
    SwError *err = sw_new(a, SwError);
    *err = sw_error(a);
    if (sw_refuse_unsupported(s, v, &unsupported, err) == 0)
        return "none";
    assert_ptr_equal(err->kind, &unsupported);
    return err->message;
}

/* A thing that says nothing which is refused. */
static SmallThing *fair_thing(SwArena *a) {
    SmallThing *t = full_thing(a);
    t->empty = NULL;
    t->ratio = (SwOptDouble){0};
    return t;
}

static void what_is_not_refused_passes(void **state) {
    assert_string_equal(refusal(*state, &small_shape_thing, fair_thing(*state)), "none");
    assert_string_equal(refusal(*state, &small_shape_things, NULL), "none");
}

static void a_member_is_refused_by_its_name_with_the_reason(void **state) {
    SmallThing *t = fair_thing(*state);
    t->empty = sw_new((SwArena *)*state, SmallEmpty);
    assert_string_equal(refusal(*state, &small_shape_thing, t), "Empty is not supported: nothing is empty here.");
}

static void the_path_leads_through_structures_lists_and_maps(void **state) {
    SmallThing *t = fair_thing(*state), *owner = fair_thing(*state);
    t->owner = owner;
    *sw_list_add((SwArena *)*state, &owner->parts) = (SmallThing){.ratio = SW_SOME_DOUBLE(1)};
    assert_string_equal(refusal(*state, &small_shape_thing, t),
                        "Owner.Parts[1].Ratio is not supported: ratios have no effect.");
    owner->parts.n = 1;
    owner->by_name.v[0].value.ratio = SW_SOME_DOUBLE(2);
    assert_string_equal(refusal(*state, &small_shape_thing, t),
                        "Owner.ByName[k].Ratio is not supported: ratios have no effect.");
}

static void false_zero_and_nothing_ask_for_nothing(void **state) {
    SmallPutThingRequest r = {.default_ = SW_SOME_BOOL(false)};
    assert_string_equal(refusal(*state, &small_shape_put_thing_request, &r), "none");
    r.default_ = SW_SOME_BOOL(true);
    assert_string_equal(refusal(*state, &small_shape_put_thing_request, &r),
                        "default is not supported: nothing is empty here.");
}

static void listed_values_pass_and_no_others(void **state) {
    SmallThing *t = fair_thing(*state);
    t->kind = SW_STR("s3:Put:*");
    assert_string_equal(refusal(*state, &small_shape_thing, t), "none");
    t->kind = SW_STR("m5.large");
    assert_string_equal(refusal(*state, &small_shape_thing, t), "Kind is not supported: only these kinds exist.");
    t->kind = SW_STR("");
    assert_string_equal(refusal(*state, &small_shape_thing, t), "Kind is not supported: only these kinds exist.");
}

static void only_shapes_that_lead_to_a_refusal_are_walked(void **state) {
    (void)state;
    assert_true(small_shape_things.flags & SW_REFUSES);
    assert_false(small_shape_empty.flags & SW_REFUSES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_refused_passes),
        TEST(a_member_is_refused_by_its_name_with_the_reason),
        TEST(the_path_leads_through_structures_lists_and_maps),
        TEST(false_zero_and_nothing_ask_for_nothing),
        TEST(listed_values_pass_and_no_others),
        TEST(only_shapes_that_lead_to_a_refusal_are_walked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
