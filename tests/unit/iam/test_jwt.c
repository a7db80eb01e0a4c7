/* SPDX-License-Identifier: Apache-2.0 */
/* Web identity tokens: the seeds of the fuzz target are real tokens with their keys. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/digest.h"
#include "base/file.h"
#include "services/iam/jwt.h"

static void seed(SwArena *a, const char *name, SwStr *ret_token, IamJwks *ret_keys) {
    SwError err = sw_error(a);
    SwStr here = sw_str(__FILE__), text;
    size_t end;
    assert_true(sw_str_rfind(here, '/', &end));
    const char *folder = sw_path(a, sw_str_z(a, sw_str_n(here.p, end)), "../../fuzz/corpus/jwt");
    assert_int_equal(sw_file_read(a, sw_path(a, folder, name), SW_MIB, &text, &err), 0);
    assert_true(sw_str_cut(&text, '\n', ret_token));
    assert_true(iam_jwks_read(a, text, ret_keys));
}

static void every_algorithm_is_verified_by_its_key_alone(void **state) {
    static const char *const names[] = {"rs256", "rs512", "es256", "es384"};
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (size_t i = 0; i < SW_N(names); i++) {
        SwStr token, other_token;
        IamJwks keys, other;
        IamJwt t;
        seed(a, names[i], &token, &keys);
        seed(a, names[(i + 1) % SW_N(names)], &other_token, &other);
        assert_true(iam_jwt_read(a, token, &t));
        assert_true(iam_jwt_verify(a, &keys, &t));
        if (i != 0) /* the second set has the same key as the first */
            assert_false(iam_jwt_verify(a, &(IamJwks){other.v, 1}, &t));
        t.signed_part = sw_str_drop(t.signed_part, 1);
        assert_false(iam_jwt_verify(a, &keys, &t));
    }
}

static void what_no_key_signed_is_no_token(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr claims = sw_base64url(a, SW_STR("{\"iss\":\"https://x\"}"));
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}", "{\"alg\":\"RS256\",\"crit\":[\"b64\"]}",
                                          "{}", "[]"};
    for (size_t i = 0; i < SW_N(headers); i++) {
        IamJwt t;
        SwStr token = sw_cat(a, sw_base64url(a, sw_str(headers[i])), SW_STR("."), claims, SW_STR(".AAAA"));
        assert_false(iam_jwt_read(a, token, &t));
    }
}

static void a_key_for_another_use_or_too_small_is_none(void **state) {
    static const char *const sets[] = {
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AQ\",\"y\":\"AQ\",\"use\":\"enc\"}]}",
    };
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (size_t i = 0; i < SW_N(sets); i++) {
        IamJwks keys;
        assert_true(iam_jwks_read(a, sw_str(sets[i]), &keys));
        assert_int_equal(keys.n, 0);
    }
    IamJwks keys;
    assert_false(iam_jwks_read(a, SW_STR("{\"keys\":{}}"), &keys));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_is_verified_by_its_key_alone),
        cmocka_unit_test(what_no_key_signed_is_no_token),
        cmocka_unit_test(a_key_for_another_use_or_too_small_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
