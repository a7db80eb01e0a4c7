/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of shape/ share: an arena for each test, and a value of the small model that uses every kind. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../arena.h"
#include "models/small_records.gen.h"

#define TEST(f) ARENA_TEST(f)

static inline void assert_str(SwStr s, const char *want) {
    assert_non_null(s.p);
    assert_int_equal(s.n, strlen(want));
    assert_memory_equal(s.p, want, s.n);
}

/* A SmallThing with every member but Owner set. */
static inline SmallThing *full_thing(SwArena *a) {
    SmallThing *t = sw_new(a, SmallThing);
    t->vpc_id = SW_STR("vpc-1");
    sw_str_list_add(a, &t->acls, SW_STR("a"));
    sw_str_list_add(a, &t->acls, SW_STR("b"));
    SmallThing *part = sw_list_add(a, &t->parts);
    part->vpc_id = SW_STR("part");
    SmallThingMapEntry *e = sw_list_add(a, &t->by_name);
    e->key = SW_STR("k");
    e->value.vpc_id = SW_STR("by name");
    *sw_list_add(a, &t->counts) = SW_SOME_INT(7);
    SwStrList *row = sw_list_add(a, &t->grid);
    sw_str_list_add(a, row, SW_STR("cell"));
    t->made = SW_SOME_TIME(1500 * SW_MS);
    t->kind = SMALL_KIND_EC2;
    SwValue *any = sw_new(a, SwValue);
    *any = sw_value_object();
    sw_value_sets(a, any, "x", SW_STR("y"));
    t->any = any;
    t->empty = sw_new(a, SmallEmpty);
    t->ratio = SW_SOME_DOUBLE(0.75);
    t->big = SW_SOME_INT(INT64_MIN);
    t->checksum_crc32c = SW_STR("\0\1\2");
    return t;
}
