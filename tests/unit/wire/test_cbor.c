/* SPDX-License-Identifier: Apache-2.0 */

/* CBOR against RFC 8949, appendix A, read through shapes: each vector stands as the member "v" of a map. */

#include <math.h>

#include "wire_test.h"

#include "base/digest.h"
#include "wire/codec.h"

typedef struct All {
    SwOptInt i;
    SwOptDouble d;
    SwOptBool b;
    SwOptTime t;
    SwStr s, x;
    SwAnyList l, m, ll;
    struct All *in;
} All;

static const SwShape string_shape = {.name = "S", .kind = SW_STRING, .size = sizeof(SwStr)};
static const SwShape long_shape = {.name = "L", .kind = SW_LONG, .size = sizeof(SwOptInt)};
static const SwShape double_shape = {.name = "D", .kind = SW_DOUBLE, .size = sizeof(SwOptDouble)};
static const SwShape bool_shape = {.name = "B", .kind = SW_BOOLEAN, .size = sizeof(SwOptBool)};
static const SwShape time_shape = {.name = "T", .kind = SW_TIMESTAMP, .size = sizeof(SwOptTime)};
static const SwShape blob_shape = {.name = "X", .kind = SW_BLOB, .size = sizeof(SwStr)};
static const SwMember list_of_long[] = {{.name = "member", .shape = &long_shape}};
static const SwShape list_shape = {
    .name = "List", .kind = SW_LIST, .size = sizeof(SwAnyList), .member = list_of_long, .n_member = 1};
static const SwMember list_of_lists[] = {{.name = "member", .shape = &list_shape}};
static const SwShape lists_shape = {
    .name = "Lists", .kind = SW_LIST, .size = sizeof(SwAnyList), .member = list_of_lists, .n_member = 1};
static const SwMember map_of_strings[] = {{.name = "key", .shape = &string_shape}, {.name = "value", .shape = &string_shape}};
static const SwShape map_shape = {.name = "Map",
                                  .kind = SW_MAP,
                                  .size = sizeof(SwAnyList),
                                  .member = map_of_strings,
                                  .n_member = 2,
                                  .value_offset = offsetof(SwStrPair, value),
                                  .entry_size = sizeof(SwStrPair)};
static const SwShape all_shape;
static const SwMember all_members[] = {
    {.name = "i", .shape = &long_shape, .offset = offsetof(All, i)},
    {.name = "d", .shape = &double_shape, .offset = offsetof(All, d)},
    {.name = "b", .shape = &bool_shape, .offset = offsetof(All, b)},
    {.name = "t", .shape = &time_shape, .offset = offsetof(All, t)},
    {.name = "s", .shape = &string_shape, .offset = offsetof(All, s)},
    {.name = "x", .shape = &blob_shape, .offset = offsetof(All, x)},
    {.name = "l", .shape = &list_shape, .offset = offsetof(All, l)},
    {.name = "m", .shape = &map_shape, .offset = offsetof(All, m)},
    {.name = "ll", .shape = &lists_shape, .offset = offsetof(All, ll)},
    {.name = "in", .shape = &all_shape, .offset = offsetof(All, in)},
};
static const SwShape all_shape = {
    .name = "All", .kind = SW_STRUCTURE, .size = sizeof(All), .member = all_members, .n_member = 10};

/* Decodes {name: vector}; NULL if refused. */
static All *read_vector(SwArena *a, const char *name, const char *hex) {
    SwError err = sw_error(a);
    Wire w = wire_new(a, NULL, SW_RPC_V2_CBOR, &err);
    SwBuf b = sw_buf(a, SW_MIB);
    SwStr bytes;
    All *all = sw_new(a, All);
    wire_cbor_head(&b, 5, 1);
    wire_cbor_text(&b, sw_str(name));
    assert_true(sw_unhex(a, sw_str(hex), &bytes));
    sw_buf_adds(&b, bytes);
    if (wire_cbor_get(&w, &all_shape, sw_buf_str(&b), all) < 0) {
        assert_string_equal(err.kind->code, "SerializationException");
        return NULL;
    }
    return all;
}

static void integers_are_read(void **state) {
    static const struct {
        const char *hex;
        int64_t want;
    } cases[] = {
        {"00", 0},
        {"01", 1},
        {"0a", 10},
        {"17", 23},
        {"1818", 24},
        {"1819", 25},
        {"1864", 100},
        {"1903e8", 1000},
        {"1a000f4240", 1000000},
        {"1b000000e8d4a51000", 1000000000000},
        {"20", -1},
        {"29", -10},
        {"3863", -100},
        {"3903e7", -1000},
        {"fb3ff0000000000000", 1},
        {"f93c00", 1},
        {"fa47c35000", 100000},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        All *all = read_vector(*state, "i", cases[i].hex);
        assert_non_null(all);
        assert_true(all->i.set);
        assert_int_equal(all->i.v, cases[i].want);
    }
    assert_null(read_vector(*state, "i", "1bffffffffffffffff")); /* 18446744073709551615: beyond 64 bits signed */
    assert_null(read_vector(*state, "i", "3bffffffffffffffff"));
    assert_null(read_vector(*state, "i", "c249010000000000000000")); /* a bignum */
    assert_null(read_vector(*state, "i", "fb3ff199999999999a"));     /* 1.1 */
}

static void floats_of_every_width_are_read(void **state) {
    static const struct {
        const char *hex;
        double want;
    } cases[] = {
        {"f90000", 0.0},
        {"f93c00", 1.0},
        {"fb3ff199999999999a", 1.1},
        {"f93e00", 1.5},
        {"f97bff", 65504.0},
        {"fa47c35000", 100000.0},
        {"fa7f7fffff", 3.4028234663852886e+38},
        {"fb7e37e43c8800759c", 1.0e+300},
        {"f90001", 5.960464477539063e-8},
        {"f90400", 0.00006103515625},
        {"f9c400", -4.0},
        {"fbc010666666666666", -4.1},
        {"f97c00", INFINITY},
        {"f9fc00", -INFINITY},
        {"fa7f800000", INFINITY},
        {"faff800000", -INFINITY},
        {"fb7ff0000000000000", INFINITY},
        {"fbfff0000000000000", -INFINITY},
        {"17", 23},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        All *all = read_vector(*state, "d", cases[i].hex);
        assert_non_null(all);
        assert_true(all->d.v == cases[i].want);
    }
    static const char *const nans[] = {"f97e00", "fa7fc00000", "fb7ff8000000000000"};
    for (size_t i = 0; i < SW_N(nans); i++)
        assert_true(isnan(read_vector(*state, "d", nans[i])->d.v));
    assert_true(signbit(read_vector(*state, "d", "f98000")->d.v)); /* -0.0 */
}

static void strings_definite_and_indefinite_are_read(void **state) {
    static const struct {
        const char *hex, *want;
    } cases[] = {
        {"60", ""},
        {"6161", "a"},
        {"6449455446", "IETF"},
        {"62225c", "\"\\"},
        {"62c3bc", "\xc3\xbc"},
        {"63e6b0b4", "\xe6\xb0\xb4"},
        {"64f0908591", "\xf0\x90\x85\x91"},
        {"7f657374726561646d696e67ff", "streaming"},
    };
    for (size_t i = 0; i < SW_N(cases); i++)
        assert_str(read_vector(*state, "s", cases[i].hex)->s, cases[i].want);
    assert_int_equal(read_vector(*state, "x", "40")->x.n, 0);
    assert_non_null(read_vector(*state, "x", "40")->x.p);
    assert_memory_equal(read_vector(*state, "x", "4401020304")->x.p, "\1\2\3\4", 4);
    assert_memory_equal(read_vector(*state, "x", "5f42010243030405ff")->x.p, "\1\2\3\4\5", 5);
    assert_null(read_vector(*state, "s", "62c328"));     /* no UTF-8 */
    assert_null(read_vector(*state, "s", "4401020304")); /* bytes for text */
}

static void arrays_and_maps_of_both_forms_are_read(void **state) {
    static const struct {
        const char *hex;
        size_t n;
    } lists[] = {
        {"80", 0},
        {"83010203", 3},
        {"98190102030405060708090a0b0c0d0e0f101112131415161718181819", 25},
        {"9fff", 0},
        {"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", 25},
    };
    for (size_t i = 0; i < SW_N(lists); i++) {
        All *all = read_vector(*state, "l", lists[i].hex);
        assert_non_null(all->l.v);
        assert_int_equal(all->l.n, lists[i].n);
        for (size_t k = 0; k < lists[i].n; k++)
            assert_int_equal(((SwOptInt *)all->l.v)[k].v, k + 1);
    }
    assert_int_equal(read_vector(*state, "ll", "828202039f0405ff")->ll.n, 2);
    assert_int_equal(read_vector(*state, "ll", "9f8202039f0405ffff")->ll.n, 2);
    assert_int_equal(read_vector(*state, "m", "a0")->m.n, 0);
    static const char *const maps[] = {"a56161614161626142616361436164614461656145",
                                       "bf6161614161626142616361436164614461656145ff"};
    for (size_t i = 0; i < SW_N(maps); i++) {
        All *all = read_vector(*state, "m", maps[i]);
        assert_int_equal(all->m.n, 5);
        assert_str(((SwStrPair *)all->m.v)[4].key, "e");
        assert_str(((SwStrPair *)all->m.v)[4].value, "E");
    }
    All *last = read_vector(*state, "m", "a26161614161616142");
    assert_int_equal(last->m.n, 1);
    assert_str(((SwStrPair *)last->m.v)[0].value, "B");
}

static void simple_values_tags_and_unknown_members_are_read(void **state) {
    assert_false(read_vector(*state, "b", "f4")->b.v);
    assert_true(read_vector(*state, "b", "f5")->b.v);
    assert_false(read_vector(*state, "b", "f6")->b.set); /* null */
    assert_false(read_vector(*state, "b", "f7")->b.set); /* undefined */
    assert_true(read_vector(*state, "t", "c11a514b67b0")->t.v == 1363896240 * SW_S);
    assert_true(read_vector(*state, "t", "c1fb41d452d9ec200000")->t.v == 1363896240 * SW_S + 500 * SW_MS);
    assert_null(read_vector(*state, "t", "c074323031332d30332d32315432303a30343a30305a"));
    static const char *const skipped[] = {
        "f0",
        "f8ff",
        "d74401020304",
        "d818456449455446",
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
        "8301820203820405",
        "a201020304",
        "826161bf61626163ff",
        "bf6346756ef563416d7421ff",
        "c249010000000000000000",
        "5f42010243030405ff",
    };
    for (size_t i = 0; i < SW_N(skipped); i++)
        assert_non_null(read_vector(*state, "unknown", skipped[i]));
}

static void what_is_not_well_formed_is_refused(void **state) {
    static const char *const bad[] = {
        "",
        "18",
        "19ff",
        "1a000000",
        "1c",
        "1f",
        "3f",
        "df",
        "ff",
        "61",
        "7f61",
        "7f4161ff",
        "5f00ff",
        "81",
        "9f",
        "9f01",
        "a1",
        "a161",
        "a16161",
        "bf6161ff",
        "9b7fffffffffffffff",
        "7b7fffffffffffffff",
        "bb7fffffffffffffff",
        "c1",
        "7f7f6161ffff",
        "fc",
        "00ff",
    };
    for (size_t i = 0; i < SW_N(bad); i++) {
        assert_null(read_vector(*state, "unknown", bad[i]));
        assert_null(read_vector(*state, "l", bad[i]));
    }
}

static void depth_is_bounded(void **state) {
    char deep[2 * 5000 + 1];
    for (size_t i = 0; i < 5000; i++)
        memcpy(deep + 2 * i, "81", 3);
    assert_null(read_vector(*state, "unknown", deep));
    for (size_t i = 0; i < 2500; i++)
        memcpy(deep + 4 * i, "c1c1", 5);
    assert_null(read_vector(*state, "unknown", deep));
    SwBuf b = sw_buf(*state, SW_MIB);
    for (size_t i = 0; i < 100; i++)
        sw_buf_addz(&b, "a162696e");
    sw_buf_addz(&b, "a0");
    assert_null(read_vector(*state, "in", b.p));
}

static void what_is_written_is_shortest_and_read_again(void **state) {
    All all = {.i = SW_SOME_INT(-1000),
               .d = SW_SOME_DOUBLE(1.1),
               .b = SW_SOME_BOOL(true),
               .t = SW_SOME_TIME(1363896240 * SW_S),
               .s = SW_STR("IETF"),
               .x = SW_STR("\1\2\3\4")};
    SwError err = sw_error(*state);
    Wire w = wire_new(*state, NULL, SW_RPC_V2_CBOR, &err);
    SwBuf b = sw_buf(*state, SW_MIB);
    wire_cbor_put(&w, &b, &all_shape, &all);
    assert_str(sw_hex(*state, b.p, b.n),
               "a661693903e76164fb3ff199999999999a6162f56174c11a514b67b06173644945544661784401020304");
    static const struct {
        uint64_t n;
        const char *hex;
    } heads[] = {
        {0, "00"},
        {23, "17"},
        {24, "1818"},
        {255, "18ff"},
        {256, "190100"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {4294967295, "1affffffff"},
        {4294967296, "1b0000000100000000"},
        {UINT64_MAX, "1bffffffffffffffff"},
    };
    for (size_t i = 0; i < SW_N(heads); i++) {
        sw_buf_reset(&b);
        wire_cbor_head(&b, 0, heads[i].n);
        assert_str(sw_hex(*state, b.p, b.n), heads[i].hex);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        wire_unit_test(integers_are_read),
        wire_unit_test(floats_of_every_width_are_read),
        wire_unit_test(strings_definite_and_indefinite_are_read),
        wire_unit_test(arrays_and_maps_of_both_forms_are_read),
        wire_unit_test(simple_values_tags_and_unknown_members_are_read),
        wire_unit_test(what_is_not_well_formed_is_refused),
        wire_unit_test(depth_is_bounded),
        wire_unit_test(what_is_written_is_shortest_and_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
