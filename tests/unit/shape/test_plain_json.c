/* SPDX-License-Identifier: Apache-2.0 */
/* Plain JSON, both ways. */

#include "shape_test.h"

static const char full_json[] =
    "{\"VPCId\":\"vpc-1\",\"ACLs\":[\"a\",\"b\"],\"Parts\":[{\"VPCId\":\"part\"}],\"ByName\":{\"k\":{\"VPCId\":\"by name\"}},"
    "\"Counts\":[7],\"Grid\":[[\"cell\"]],\"Made\":1.5,\"Kind\":\"EC2\",\"Any\":{\"x\":\"y\"},\"Empty\":{},\"Ratio\":0.75,"
    "\"Big\":-9223372036854775808,\"ChecksumCRC32C\":\"AAEC\"}";

static const char *json_of(SwArena *a, const SwShape *s, const void *v) {
    SwBuf b = sw_buf(a, SW_MIB);
    sw_shape_to_json(&b, s, v);
    return sw_str_z(a, sw_buf_str(&b));
}

static int parse(SwArena *a, const SwShape *s, const char *json, void **ret) {
    SwError err = sw_error(a);
    return sw_shape_from_json(a, s, sw_str(json), ret, &err);
}

static void every_kind_is_written(void **state) {
    assert_string_equal(json_of(*state, &small_shape_thing, full_thing(*state)), full_json);
    assert_string_equal(json_of(*state, &small_shape_thing, &(SmallThing){0}), "{}");
    assert_string_equal(json_of(*state, &small_shape_thing, NULL), "null");
}

static void every_kind_is_read_back(void **state) {
    void *v;
    assert_int_equal(parse(*state, &small_shape_thing, full_json, &v), 0);
    assert_true(sw_shape_equal(&small_shape_thing, v, full_thing(*state)));
}

static void unknown_names_and_nulls_are_skipped(void **state) {
    SmallThing *t;
    assert_int_equal(parse(*state, &small_shape_thing, "{\"Future\":{\"a\":[1]},\"Kind\":null,\"Parts\":[]}", (void **)&t), 0);
    assert_null(t->kind.p);
    assert_non_null(t->parts.v);
    assert_int_equal(t->parts.n, 0);
}

static void times_keep_their_nanoseconds(void **state) {
    static const struct {
        SwTime t;
        const char *json;
    } cases[] = {
        {0, "{\"at\":0}"},
        {1, "{\"at\":0.000000001}"},
        {1700000000 * SW_S + 120 * SW_MS, "{\"at\":1700000000.12}"},
        {-1500 * SW_MS, "{\"at\":-1.5}"},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        SmallThingRecord r = {.at = SW_SOME_TIME(cases[i].t)}, *back;
        assert_string_equal(json_of(*state, &small_shape_thing_record, &r), cases[i].json);
        assert_int_equal(parse(*state, &small_shape_thing_record, cases[i].json, (void **)&back), 0);
        assert_int_equal(back->at.v, cases[i].t);
    }
}

static void wrong_kinds_are_refused(void **state) {
    static const char *const bad[] = {
        "[]",
        "\"x\"",
        "{\"VPCId\":1}",
        "{\"ACLs\":{}}",
        "{\"ByName\":[]}",
        "{\"Counts\":[\"1\"]}",
        "{\"Counts\":[2147483648]}",
        "{\"Counts\":[1.5]}",
        "{\"Made\":\"yesterday\"}",
        "{\"Ratio\":true}",
        "{\"ChecksumCRC32C\":\"*\"}",
        "{\"Parts\":[1]}",
        "{\"Big\":9223372036854775808}",
        "{",
        "",
    };
    void *v;
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_int_equal(parse(*state, &small_shape_thing, bad[i], &v), -1);
}

static void the_result_does_not_alias_the_text(void **state) {
    char text[] = "{\"VPCId\":\"vpc-1\",\"Any\":[\"deep\"]}";
    SmallThing *t;
    assert_int_equal(parse(*state, &small_shape_thing, text, (void **)&t), 0);
    memset(text, 'x', sizeof(text));
    assert_str(t->vpc_id, "vpc-1");
    assert_str(t->any->v[0].s, "deep");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_kind_is_written),        TEST(every_kind_is_read_back), TEST(unknown_names_and_nulls_are_skipped),
        TEST(times_keep_their_nanoseconds), TEST(wrong_kinds_are_refused), TEST(the_result_does_not_alias_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
