/* SPDX-License-Identifier: Apache-2.0 */
/* Copy, equal, move. */

#include "shape_test.h"

static void a_copy_is_equal_and_outlives_its_source(void **state) {
    SwArena *other = sw_arena_new(0);
    SmallThing *t = full_thing(other), *same = full_thing(*state);
    t->owner = full_thing(other);
    same->owner = full_thing(*state);
    SmallThing *copy = sw_shape_copy(*state, &small_shape_thing, t);
    assert_true(sw_shape_equal(&small_shape_thing, copy, t));
    sw_arena_free(other);
    assert_true(sw_shape_equal(&small_shape_thing, copy, same));
    assert_str(copy->owner->grid.v[0].v[0], "cell");
    assert_str(sw_value_str(sw_value_getz(copy->any, "x")), "y");
    assert_ptr_not_equal(copy->any, same->any);
}

static void present_and_empty_is_not_absent(void **state) {
    SmallThing a = {0}, b = {0};
    sw_list_present(*state, &a.parts);
    assert_false(sw_shape_equal(&small_shape_thing, &a, &b));
    SmallThing *copy = sw_shape_copy(*state, &small_shape_thing, &a);
    assert_non_null(copy->parts.v);
    assert_true(sw_shape_equal(&small_shape_thing, &a, copy));
    b.vpc_id = SW_STR("");
    copy = sw_shape_copy(*state, &small_shape_thing, &b);
    assert_str(copy->vpc_id, "");
}

static void each_member_makes_a_difference(void **state) {
    SmallThing *full = full_thing(*state);
    for (size_t i = 0; i < small_shape_thing.n_member; i++) {
        const SwMember *m = &small_shape_thing.member[i];
        SmallThing *t = full_thing(*state);
        size_t size = m->shape->kind == SW_STRUCTURE ? sizeof(void *) : m->shape->size;
        if (!sw_member_is_set(m, t))
            continue;
        assert_true(sw_shape_equal(&small_shape_thing, full, t));
        memset((char *)t + m->offset, 0, size);
        assert_false(sw_shape_equal(&small_shape_thing, full, t));
    }
}

static void maps_are_equal_in_any_order(void **state) {
    SmallPutThingRequest a = {0}, b = {0};
    sw_str_map_set(*state, &a.meta, SW_STR("x"), SW_STR("1"));
    sw_str_map_set(*state, &a.meta, SW_STR("y"), SW_STR("2"));
    sw_str_map_set(*state, &b.meta, SW_STR("y"), SW_STR("2"));
    sw_str_map_set(*state, &b.meta, SW_STR("x"), SW_STR("1"));
    assert_true(sw_shape_equal(&small_shape_put_thing_request, &a, &b));
    sw_str_map_set(*state, &b.meta, SW_STR("x"), SW_STR("2"));
    assert_false(sw_shape_equal(&small_shape_put_thing_request, &a, &b));
}

static void copies_can_be_grown(void **state) {
    SmallThing *t = full_thing(*state);
    sw_str_list_add(*state, &t->acls, SW_STR("c"));
    SmallThing *copy = sw_shape_copy(*state, &small_shape_thing, t);
    char *next = sw_arena_alloc(*state, 1);
    *next = 'x';
    for (size_t i = 0; i < 100; i++)
        sw_str_list_add(*state, &copy->acls, SW_STR("d"));
    assert_int_equal(*next, 'x');
    assert_str(copy->acls.v[2], "c");
    assert_str(copy->acls.v[102], "d");
}

static void move_shares_what_both_describe_alike(void **state) {
    SmallChoice from = {.text = SW_STR("t"), .thing = full_thing(*state)};
    SmallThingRecord to = {.account = SW_STR("000000000000"), .state = SMALL_STATE_NEW};
    sw_shape_move(*state, &small_shape_thing_record, &to, &small_shape_choice, &from);
    assert_ptr_equal(to.thing, from.thing);
    assert_str(to.account, "000000000000");
    SmallThingRecord next = {0};
    *sw_list_add((SwArena *)*state, &to.history) = *from.thing;
    sw_shape_move(*state, &small_shape_thing_record, &next, &small_shape_thing_record, &to);
    assert_ptr_equal(next.history.v, to.history.v);
    assert_true(sw_shape_equal(&small_shape_thing_record, &next, &to));
}

/* Two tables for one API's structure, as an input and an output shape of the same members would be. */
static const SwMember owner_member[] = {{.name = "VPCId", .shape = NULL, .offset = 0}};

typedef struct Copy {
    SwStr vpc_id;
} Copy;

static void move_converts_structures_of_other_shapes(void **state) {
    SwMember id = owner_member[0];
    id.shape = sw_shape_member(&small_shape_thing, SW_STR("VPCId"))->shape;
    SwShape copy = {.name = "Copy", .kind = SW_STRUCTURE, .size = sizeof(Copy), .member = &id, .n_member = 1};
    SwMember element = {.name = "member", .shape = &copy};
    SwShape list = {.name = "Copies", .kind = SW_LIST, .size = sizeof(SwAnyList), .member = &element, .n_member = 1};
    struct {
        Copy *owner;
        struct {
            Copy *v;
            size_t n;
        } parts;
        SwStr ratio;
    } to = {0};
    SwMember members[] = {
        {.name = "Owner", .shape = &copy, .offset = 0},
        {.name = "Parts", .shape = &list, .offset = sizeof(void *)},
        {.name = "Ratio", .shape = id.shape, .offset = sizeof(void *) + sizeof(SwAnyList)},
    };
    SwShape shape = {.name = "To", .kind = SW_STRUCTURE, .size = sizeof(to), .member = members, .n_member = 3};
    SmallThing *from = full_thing(*state);
    from->owner = full_thing(*state);
    sw_shape_move(*state, &shape, &to, &small_shape_thing, from);
    assert_str(to.owner->vpc_id, "vpc-1");
    assert_int_equal(to.parts.n, 1);
    assert_str(to.parts.v[0].vpc_id, "part");
    assert_null(to.ratio.p); /* a double does not become a string */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_copy_is_equal_and_outlives_its_source),
        TEST(present_and_empty_is_not_absent),
        TEST(each_member_makes_a_difference),
        TEST(maps_are_equal_in_any_order),
        TEST(copies_can_be_grown),
        TEST(move_shares_what_both_describe_alike),
        TEST(move_converts_structures_of_other_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
