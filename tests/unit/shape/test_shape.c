/* SPDX-License-Identifier: Apache-2.0 */
/* Lookup and access through the tables. */

#include "shape_test.h"

static void operations_are_found_by_name_alone(void **state) {
    assert_ptr_equal(sw_api_operation(&small_api, SW_STR("PutThing")), &small_api.op[SMALL_PUT_THING]);
    for (size_t i = 0; i < small_api.n_op; i++)
        assert_int_equal(sw_api_operation(&small_api, sw_str(small_api.op[i].name))->index, i);
    for (size_t i = 0; i < small_api.n_other; i++) /* those that are not implemented, too: they are told by their index */
        assert_int_equal(sw_api_operation(&small_api, sw_str(small_api.other[i].name))->index, small_api.n_op);
    assert_ptr_equal(sw_api_operation(&small_api, SW_STR("PutOther")), &small_api.other[small_api.n_other - 1]);
    assert_null(sw_api_operation(&small_api, SW_STR("putThing")));
    assert_null(sw_api_operation(&small_api, SW_STR("PutThings")));
    assert_null(sw_api_operation(&small_api, SW_STR("")));
}

static void members_are_found_by_the_models_name(void **state) {
    assert_int_equal(sw_shape_member(&small_shape_thing, SW_STR("VPCId"))->offset, offsetof(SmallThing, vpc_id));
    assert_null(sw_shape_member(&small_shape_thing, SW_STR("vpc_id")));
}

static void members_are_found_from_where_the_last_one_was(void **state) {
    size_t near = 0;
    const SwShape *s = &small_shape_thing;
    for (size_t i = 0; i < s->n_member; i++) {
        assert_int_equal(near, i); /* in the table's order the first look hits */
        assert_ptr_equal(sw_shape_member_near(s, sw_str(s->member[i].name), &near), &s->member[i]);
    }
    for (size_t i = s->n_member; i-- > 0;)
        assert_ptr_equal(sw_shape_member_near(s, sw_str(s->member[i].name), &near), &s->member[i]);
    size_t was = near;
    assert_null(sw_shape_member_near(s, SW_STR("vpc_id"), &near));
    assert_int_equal(near, was);
}

static void a_zeroed_structure_has_no_member_set(void **state) {
    SmallThing t = {0};
    for (size_t i = 0; i < small_shape_thing.n_member; i++)
        assert_null(sw_member_at(&small_shape_thing.member[i], &t));
}

static void every_made_member_is_set_but_strings_and_documents(void **state) {
    SmallThing t = {0};
    for (size_t i = 0; i < small_shape_thing.n_member; i++) {
        const SwMember *m = &small_shape_thing.member[i];
        bool by_value = m->shape->kind == SW_STRING || m->shape->kind == SW_BLOB || m->shape->kind == SW_DOCUMENT;
        assert_non_null(sw_member_make(*state, m, &t));
        assert_int_equal(sw_member_is_set(m, &t), !by_value);
    }
    assert_non_null(t.parts.v);
    assert_int_equal(t.parts.n, 0);
    assert_true(t.ratio.set);
    void *owner = t.owner;
    assert_ptr_equal(sw_member_make(*state, sw_shape_member(&small_shape_thing, SW_STR("Owner")), &t), owner);
}

static void member_at_gives_the_structure_itself(void **state) {
    SmallThing owner = {0}, t = {.owner = &owner};
    assert_ptr_equal(sw_member_at(sw_shape_member(&small_shape_thing, SW_STR("Owner")), &t), &owner);
}

static void elements_and_entries_are_reached_inline(void **state) {
    SmallThing *t = full_thing(*state);
    const SwShape *parts = sw_shape_member(&small_shape_thing, SW_STR("Parts"))->shape;
    const SwShape *by_name = sw_shape_member(&small_shape_thing, SW_STR("ByName"))->shape;
    void *pushed = sw_list_push(*state, parts, &t->parts);
    assert_ptr_equal(pushed, &t->parts.v[1]);
    assert_ptr_equal(sw_list_at(parts, &t->parts, 1), &t->parts.v[1]);
    SmallThingMapEntry *e = sw_list_push(*state, by_name, &t->by_name);
    assert_ptr_equal(e, &t->by_name.v[1]);
    assert_ptr_equal(sw_map_key_at(by_name, &t->by_name, 1), &e->key);
    assert_ptr_equal(sw_map_value_at(by_name, &t->by_name, 1), &e->value);
    assert_int_equal(sw_list_count(&t->by_name), 2);
}

static void a_unions_choice_is_the_only_member_set(void **state) {
    SmallChoice c = {0};
    assert_null(sw_union_choice(&small_shape_choice, &c));
    c.text = SW_STR("");
    assert_string_equal(sw_union_choice(&small_shape_choice, &c)->name, "text");
    c.thing = sw_new(*state, SmallThing);
    assert_null(sw_union_choice(&small_shape_choice, &c));
}

static void string_maps_replace_equal_keys(void **state) {
    SwStrMap m = {0};
    sw_str_map_set(*state, &m, SW_STR("a"), SW_STR("1"));
    sw_str_map_set(*state, &m, SW_STR("b"), SW_STR("2"));
    sw_str_map_set(*state, &m, SW_STR("a"), SW_STR("3"));
    assert_int_equal(m.n, 2);
    assert_str(sw_str_map_find(&m, SW_STR("a")), "3");
    assert_null(sw_str_map_find(&m, SW_STR("c")).p);
}

static void records_point_at_their_apis_tables(void **state) {
    assert_ptr_equal(sw_shape_member(&small_shape_thing_record, SW_STR("thing"))->shape, &small_shape_thing);
    assert_ptr_equal(sw_shape_member(&small_shape_thing_record, SW_STR("history"))->shape->member[0].shape, &small_shape_thing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(operations_are_found_by_name_alone),
        TEST(members_are_found_by_the_models_name),
        TEST(members_are_found_from_where_the_last_one_was),
        TEST(a_zeroed_structure_has_no_member_set),
        TEST(every_made_member_is_set_but_strings_and_documents),
        TEST(member_at_gives_the_structure_itself),
        TEST(elements_and_entries_are_reached_inline),
        TEST(a_unions_choice_is_the_only_member_set),
        TEST(string_maps_replace_equal_keys),
        TEST(records_point_at_their_apis_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
