/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Patch by the cases of RFC 6902, appendix A, and of RFC 6901, section 5. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/cloudcontrol/cloudcontrol.h"

typedef struct Case {
    const char *doc, *patch, *want; /* want NULL: refused */
} Case;

static const Case cases[] = {
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":2}]", "{\"a\":1,\"b\":2}"},
    {"{\"l\":[1,3]}", "[{\"op\":\"add\",\"path\":\"/l/1\",\"value\":2}]", "{\"l\":[1,2,3]}"},
    {"{\"l\":[1]}", "[{\"op\":\"add\",\"path\":\"/l/1\",\"value\":2}]", "{\"l\":[1,2]}"},
    {"{\"l\":[1]}", "[{\"op\":\"add\",\"path\":\"/l/-\",\"value\":[2]}]", "{\"l\":[1,[2]]}"},
    {"{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}"},
    {"{\"l\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/l/1\"}]", "{\"l\":[1,3]}"},
    {"{\"l\":[1]}", "[{\"op\":\"remove\",\"path\":\"/l/0\"},{\"op\":\"add\",\"path\":\"/l/0\",\"value\":2}]", "{\"l\":[2]}"},
    {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":{\"b\":2}}]", "{\"a\":{\"b\":2}}"},
    {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":[1]}]", "[1]"},
    {"{\"a\":{\"b\":1},\"c\":{}}", "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/c/d\"}]", "{\"a\":{},\"c\":{\"d\":1}}"},
    {"{\"l\":[1,2,3]}", "[{\"op\":\"move\",\"from\":\"/l/0\",\"path\":\"/l/2\"}]", "{\"l\":[2,3,1]}"},
    {"{\"a\":[1]}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":\"add\",\"path\":\"/b/-\",\"value\":2}]",
     "{\"a\":[1],\"b\":[1,2]}"},
    {"{\"a\":{\"x\":1,\"y\":[2]}}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"y\":[2],\"x\":1}}]",
     "{\"a\":{\"x\":1,\"y\":[2]}}"},
    {"{\"a/b\":1,\"m~n\":2,\"\":3}",
     "[{\"op\":\"remove\",\"path\":\"/a~1b\"},{\"op\":\"remove\",\"path\":\"/m~0n\"},{\"op\":\"replace\",\"path\":\"/\","
     "\"value\":4}]",
     "{\"\":4}"},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":2,\"extra\":true}]", "{\"a\":2}"},
    {"{\"a\":1}", "[]", "{\"a\":1}"},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]", NULL},
    {"{\"l\":[1]}", "[{\"op\":\"add\",\"path\":\"/l/2\",\"value\":1}]", NULL},
    {"{\"l\":[1]}", "[{\"op\":\"add\",\"path\":\"/l/01\",\"value\":1}]", NULL},
    {"{\"l\":[1]}", "[{\"op\":\"add\",\"path\":\"/l/-1\",\"value\":1}]", NULL},
    {"{\"l\":[1]}", "[{\"op\":\"remove\",\"path\":\"/l/-\"}]", NULL},
    {"{\"l\":[1]}", "[{\"op\":\"remove\",\"path\":\"/l/4294967296\"}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"\"}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", NULL},
    {"{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\"1\"}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"b\",\"value\":1}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\"}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"move\",\"path\":\"/b\"}]", NULL},
    {"{\"a\":1}", "[{\"op\":\"spam\",\"path\":\"/b\"}]", NULL},
    {"{\"a\":1}", "[1]", NULL},
    {"{\"a\":1}", "{}", NULL},
    {"{\"a\":1}", "[", NULL},
};

static void patches_do_what_the_rfc_says(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwValue doc;
        assert_int_equal(sw_json_parse(a, sw_str(cases[i].doc), &doc, &err), 0);
        int r = cloudcontrol_patch(a, NULL, &doc, sw_str(cases[i].patch), &err);
        if (!cases[i].want) {
            if (r == 0 || err.kind != &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION)
                fail_msg("%s was taken", cases[i].patch);
        } else if (r < 0)
            fail_msg("%s: %s", cases[i].patch, err.message);
        else
            assert_string_equal(sw_str_z(a, sw_json_text(a, &doc)), cases[i].want);
    }
}

/* As many removals as are taken, of the first of very many. */
static void many_operations_on_a_large_document_end_soon(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwValue doc = sw_value_object(), *list = sw_value_set(a, &doc, SW_STR("l"), sw_value_array());
    SwBuf patch = sw_buf(a, SW_MIB);
    for (unsigned i = 0; i < 20000; i++)
        sw_value_add(a, list, sw_value_bool(true));
    for (unsigned i = 0; i < 1000; i++)
        sw_buf_addf(&patch, "%s{\"op\":\"remove\",\"path\":\"/l/0\"}", i ? "," : "[");
    sw_buf_addc(&patch, ']');
    assert_int_equal(cloudcontrol_patch(a, NULL, &doc, sw_buf_str(&patch), &err), 0);
    assert_int_equal(sw_value_getz(&doc, "l")->n, 19000);
}

/* Each copy holds all copies before it. */
static void copies_of_copies_are_refused_before_memory_ends(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwValue doc = sw_value_object();
    SwBuf patch = sw_buf(a, SW_MIB);
    sw_value_set(a, &doc, SW_STR("l"), sw_value_array());
    for (unsigned i = 0; i < 100; i++)
        sw_buf_addf(&patch, "%s{\"op\":\"copy\",\"from\":\"/l\",\"path\":\"/l/-\"}", i ? "," : "[");
    sw_buf_addc(&patch, ']');
    assert_int_equal(cloudcontrol_patch(a, NULL, &doc, sw_buf_str(&patch), &err), -1);
    assert_ptr_equal(err.kind, &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION);
}

/* Each add goes deeper than any text may. */
static void documents_get_no_deeper_than_can_be_read(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwValue doc = sw_value_object();
    SwBuf patch = sw_buf(a, SW_MIB), path = sw_buf(a, SW_MIB);
    for (unsigned i = 0; i < SW_JSON_DEPTH_MAX; i++) {
        sw_buf_addz(&path, "/a");
        SwStr at = sw_buf_str(&path);
        sw_buf_addf(&patch, "%s{\"op\":\"add\",\"path\":\"%.*s\",\"value\":{}}", i ? "," : "[", SW_FMT(at));
    }
    sw_buf_addc(&patch, ']');
    assert_int_equal(cloudcontrol_patch(a, NULL, &doc, sw_buf_str(&patch), &err), -1);
    assert_non_null(strstr(err.message, "too deep"));
    SwStr made = sw_json_text(a, &doc);
    assert_int_equal(sw_json_parse(a, made, &doc, &err), 0);
    /* what takes the place of the deepest is as deep again */
    SwBuf deep = sw_buf(a, SW_MIB);
    SwStr last = sw_str_n(sw_buf_str(&path).p, 2 * (SW_JSON_DEPTH_MAX - 2));
    sw_buf_addf(&deep, "[{\"op\":\"replace\",\"path\":\"%.*s\",\"value\":{\"a\":{\"a\":{\"a\":{}}}}}]", SW_FMT(last));
    sw_error_reset(&err);
    assert_int_equal(cloudcontrol_patch(a, NULL, &doc, sw_buf_str(&deep), &err), -1);
    assert_non_null(strstr(err.message, "too deep"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patches_do_what_the_rfc_says),
        cmocka_unit_test(many_operations_on_a_large_document_end_soon),
        cmocka_unit_test(documents_get_no_deeper_than_can_be_read),
        cmocka_unit_test(copies_of_copies_are_refused_before_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
