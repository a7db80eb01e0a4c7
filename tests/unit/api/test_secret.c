/* SPDX-License-Identifier: Apache-2.0 */
/* References to secrets: which parts they have. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "api/secret.h"

#define ARN "arn:aws:secretsmanager:eu-west-1:000000000000:secret:app/db-AbCdEf"

static void a_reference_says_a_secret_a_key_a_stage_and_a_version(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    static const struct {
        const char *text, *id, *region, *key, *stage, *version;
    } rows[] = {
        {ARN, ARN, "eu-west-1", NULL, NULL, NULL},
        {ARN ":user:AWSPREVIOUS:", ARN, "eu-west-1", "user", "AWSPREVIOUS", NULL},
        {ARN ":::v", ARN, "eu-west-1", NULL, NULL, "v"},
        {ARN ":a:b:c:d", NULL, NULL, NULL, NULL, NULL},
        {"app/db", "app/db", NULL, NULL, NULL, NULL},
        {"app/db:user", "app/db", NULL, "user", NULL, NULL},
        {"app/db::AWSPENDING", "app/db", NULL, NULL, "AWSPENDING", NULL},
        {"app/db:a:b:c", "app/db", NULL, "a", "b", "c"},
        {"app/db:a:b:c:d", NULL, NULL, NULL, NULL, NULL},
        {"arn:aws:secretsmanager:eu-west-1:000000000000:secret", NULL, NULL, NULL, NULL, NULL},
        {":key", NULL, NULL, NULL, NULL, NULL},
        {"", NULL, NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < SW_N(rows); i++) {
        SwSecretReference r;
        bool is = sw_secret_reference_parse(a, sw_str(rows[i].text), &r);
        if (is != (rows[i].id != NULL))
            fail_msg("%s", rows[i].text);
        const SwStr got[] = {r.id, r.region, r.key, r.stage, r.version};
        const char *want[] = {rows[i].id, rows[i].region, rows[i].key, rows[i].stage, rows[i].version};
        for (size_t k = 0; is && k < SW_N(got); k++)
            if (!sw_str_eq(got[k], sw_str(want[k])) || !got[k].p != !want[k])
                fail_msg("%s: part %zu is %.*s", rows[i].text, k, SW_FMT(got[k]));
    }
}

static void a_key_is_looked_up_in_an_object_alone(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr v, json = SW_STR("{\"user\":\"ann\",\"port\":5432,\"more\":{\"a\":[1]}}");
    assert_true(sw_secret_key(a, json, SW_STR("user"), &v) && sw_str_eqz(v, "ann"));
    assert_true(sw_secret_key(a, json, SW_STR("port"), &v) && sw_str_eqz(v, "5432"));
    assert_true(sw_secret_key(a, json, SW_STR("more"), &v) && sw_str_eqz(v, "{\"a\":[1]}"));
    assert_false(sw_secret_key(a, json, SW_STR("a"), &v));
    assert_false(sw_secret_key(a, SW_STR("[\"user\"]"), SW_STR("user"), &v));
    assert_false(sw_secret_key(a, SW_STR("plain"), SW_STR("user"), &v));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_says_a_secret_a_key_a_stage_and_a_version),
        cmocka_unit_test(a_key_is_looked_up_in_an_object_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
