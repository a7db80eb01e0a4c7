/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's own policies: the compiled table says what aws_policies.json says, which is read here by another reader. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "policy/policy.h"
#include "services/iam/aws_policies.h"

static SwStr member(const SwValue *v, const char *name) {
    return sw_value_str(sw_value_getz(v, name));
}

static void the_table_is_the_file_byte_for_byte(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwStr here = sw_str(__FILE__), text;
    SwValue all;
    size_t tests;
    assert_true(sw_str_rfind(here, '/', &tests));
    SwStr file = sw_cat(a, sw_str_n(here.p, tests), SW_STR("/../../../src/services/iam/aws_policies.json"));
    assert_int_equal(sw_file_read(a, file.p, SW_MIB, &text, &err), 0);
    assert_int_equal(sw_json_parse(a, text, &all, &err), 0);
    assert_int_equal(all.n, iam_aws_policies_count);
    for (size_t i = 0; i < all.n; i++) {
        const IamAwsPolicy *p = &iam_aws_policies[i];
        SwStr document = sw_json_text(a, sw_value_getz(&all.v[i], "document"));
        assert_string_equal(sw_str_z(a, member(&all.v[i], "name")), p->name);
        assert_string_equal(sw_str_z(a, member(&all.v[i], "path")), p->path);
        assert_string_equal(sw_str_z(a, member(&all.v[i], "version")), p->version);
        assert_string_equal(sw_str_z(a, member(&all.v[i], "created")), sw_str_z(a, sw_time_iso8601(a, p->created_s * SW_S)));
        assert_string_equal(sw_str_z(a, member(&all.v[i], "updated")), sw_str_z(a, sw_time_iso8601(a, p->updated_s * SW_S)));
        assert_string_equal(sw_str_z(a, document), p->document);
    }
}

static void documents_are_policies_and_have_no_white_space(void **state) {
    (void)state;
    for (size_t i = 0; i < iam_aws_policies_count; i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        const IamAwsPolicy *p = &iam_aws_policies[i];
        const SwPolicy *ignored;
        if (sw_policy_parse(a, sw_str(p->document), SW_POLICY_IDENTITY, &ignored, &err) < 0)
            fail_msg("%s: %s", p->name, err.message);
        assert_ptr_equal(iam_aws_policy_find(iam_aws_policy_arn(a, p)), p); /* each ARN once */
    }
    assert_string_equal(iam_aws_policies[0].document,
                        "{\"Statement\":[{\"Action\":\"*\",\"Effect\":\"Allow\",\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}");
    assert_int_equal(iam_aws_policies[0].created_s, 1423247986);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_the_file_byte_for_byte),
        cmocka_unit_test(documents_are_policies_and_have_no_white_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
