/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of the AWS CLI's credential helper, and git's paths. The vector was computed by another
 * program. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "services/codecommit/codecommit.h"

#define PASSWORD "20261121T033800Z833ed73b7813bbd2d7aa8aa7aa263a92194cd83464c80f532460b19023e2b367"

static bool fits(SwArena *a, const char *secret, const char *region, const char *path, const char *host) {
    return codecommit_password_matches(a, SW_STR(PASSWORD), sw_str(secret), sw_str(region), sw_str(path), sw_str(host));
}

static void a_signature_fits_its_secret_region_path_and_host_alone(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    assert_true(fits(a, "wJalrXUtnFEMI", "us-east-1", "/v1/repos/demo", "127.0.0.1"));
    assert_false(fits(a, "other", "us-east-1", "/v1/repos/demo", "127.0.0.1"));
    assert_false(fits(a, "wJalrXUtnFEMI", "eu-west-1", "/v1/repos/demo", "127.0.0.1"));
    assert_false(fits(a, "wJalrXUtnFEMI", "us-east-1", "/v1/repos/demo2", "127.0.0.1"));
    assert_false(fits(a, "wJalrXUtnFEMI", "us-east-1", "/v1/repos/demo", "127.0.0.1:4566"));
}

static void a_signature_tells_when_it_was_made(void **state) {
    SwTime at, want;
    assert_true(codecommit_password_is_signature(SW_STR(PASSWORD), &at));
    assert_true(sw_time_parse(SW_STR("2026-11-21T03:38:00Z"), &want));
    assert_true(at == want);
    assert_false(codecommit_password_is_signature(SW_STR("secret"), &at));
    assert_false(codecommit_password_is_signature(SW_NO_STR, &at));
    assert_false(codecommit_password_is_signature(sw_str_drop(SW_STR(PASSWORD), 1), &at));
}

static void a_path_is_cut_into_repository_signed_part_and_request(void **state) {
    SwStr name, part, rest;
    assert_true(codecommit_path_parse(SW_STR("/v1/repos/demo.git/info/refs"), &name, &part, &rest));
    assert_true(sw_str_eqz(name, "demo") && sw_str_eqz(part, "/v1/repos/demo.git") && sw_str_eqz(rest, "info/refs"));
    assert_true(codecommit_path_parse(SW_STR("/v1/repos/demo/git-upload-pack"), &name, &part, &rest));
    assert_true(sw_str_eqz(part, "/v1/repos/demo") && sw_str_eqz(rest, "git-upload-pack"));
    assert_false(codecommit_path_parse(SW_STR("/v1/repos/demo"), &name, &part, &rest));
    assert_false(codecommit_path_parse(SW_STR("/v1/repos//info/refs"), &name, &part, &rest));
    assert_false(codecommit_path_parse(SW_STR("/v1/repos/.git/info/refs"), &name, &part, &rest));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_fits_its_secret_region_path_and_host_alone),
        cmocka_unit_test(a_signature_tells_when_it_was_made),
        cmocka_unit_test(a_path_is_cut_into_repository_signed_part_and_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
