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
    static const char *const headers[] = {"{\"alg\":\"RS256\"}",
                                          "{\"alg\":\"none\"}",
                                          "{\"alg\":\"HS256\"}",
                                          "{\"alg\":\"RS256\",\"crit\":[\"b64\"]}",
                                          "{}",
                                          "[]"};
    for (size_t i = 0; i < SW_N(headers); i++) {
        IamJwt t;
        SwStr token = sw_cat(a, sw_base64url(a, sw_str(headers[i])), SW_STR("."), claims, SW_STR(".AAAA"));
        assert_int_equal(iam_jwt_read(a, token, &t), i == 0); /* the first is read, and then signed by nobody */
    }
}

/* The point of the key of seed "es256", and a modulus of 2048 bits. */
#define POINT "\"x\":\"tJxTEkYSRG7jEr0TF8AAMj7fJijnLxTmePBgZqtFp-Y\",\"y\":\"UoAP_O5vTg2BICt4Fp3un5KWkb3u4uBIwDpl9iHE1_w\""
#define P256  "\"kty\":\"EC\",\"crv\":\"P-256\"," POINT

static SwStr rsa(SwArena *a, size_t bytes) {
    char *n = sw_arena_alloc(a, bytes);
    memset(n, 0xff, bytes);
    return sw_cat(a, SW_STR("\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""), sw_base64url(a, sw_str_n(n, bytes)), SW_STR("\""));
}

static size_t keys_in(SwArena *a, SwStr members) {
    IamJwks keys;
    assert_true(iam_jwks_read(a, sw_cat(a, SW_STR("{\"keys\":[{"), members, SW_STR("}]}")), &keys));
    return keys.n;
}

static void a_key_for_another_use_or_too_small_is_none(void **state) {
    static const struct {
        const char *members;
        size_t n;
    } rows[] = {
        {P256, 1},
        {P256 ",\"use\":\"sig\"", 1},
        {P256 ",\"use\":\"enc\"", 0},
        {"\"kty\":\"oct\"," POINT ",\"k\":\"AQAB\"", 0},
        {"\"kty\":\"EC\",\"crv\":\"P-521\"," POINT, 0},
        {"\"kty\":\"EC\",\"crv\":\"P-384\"," POINT, 0},
        {"\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"", 0},
    };
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (size_t i = 0; i < SW_N(rows); i++)
        assert_int_equal(keys_in(a, sw_str(rows[i].members)), rows[i].n);
    assert_int_equal(keys_in(a, rsa(a, 256)), 1);
    assert_int_equal(keys_in(a, rsa(a, 255)), 0);
    assert_int_equal(keys_in(a, rsa(a, 1024)), 1);
    assert_int_equal(keys_in(a, rsa(a, 1025)), 0);
    assert_int_equal(keys_in(a, sw_cat(a, rsa(a, 256), SW_STR(",\"use\":\"enc\""))), 0);
}

static void a_set_has_a_hundred_keys_and_64_kib_at_most(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr list = SW_STR("{" P256 "}");
    IamJwks keys;
    for (size_t i = 1; i < IAM_JWK_MOST; i++)
        list = sw_cat(a, list, SW_STR(",{" P256 "}"));
    assert_true(iam_jwks_read(a, sw_cat(a, SW_STR("{\"keys\":["), list, SW_STR("]}")), &keys));
    assert_int_equal(keys.n, IAM_JWK_MOST);
    assert_false(iam_jwks_read(a, sw_cat(a, SW_STR("{\"keys\":["), list, SW_STR(",{}]}")), &keys));
    char *spaces = sw_arena_alloc(a, IAM_JWKS_MAX);
    memset(spaces, ' ', IAM_JWKS_MAX);
    SwStr set = SW_STR("{\"keys\":[{" P256 "}]}");
    assert_true(iam_jwks_read(a, sw_cat(a, set, sw_str_n(spaces, IAM_JWKS_MAX - set.n)), &keys));
    assert_false(iam_jwks_read(a, sw_cat(a, set, sw_str_n(spaces, IAM_JWKS_MAX - set.n + 1)), &keys));
    assert_false(iam_jwks_read(a, SW_STR("{\"keys\":{}}"), &keys));
}

/* A token that names a key was signed by that one; one that names none by any. */
static void a_key_is_chosen_by_its_id(void **state) {
    static const struct {
        const char *token, *key;
        bool good;
    } rows[] = {
        {"k", "k", true},  {"k", "other", false}, {"k", NULL, false},
        {NULL, "k", true}, {NULL, "other", true}, {NULL, NULL, true},
    };
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr token;
    IamJwks keys;
    IamJwt t;
    seed(a, "es256", &token, &keys);
    assert_true(iam_jwt_read(a, token, &t));
    for (size_t i = 0; i < SW_N(rows); i++) {
        t.key_id = rows[i].token ? sw_str(rows[i].token) : SW_NO_STR;
        keys.v[0].id = rows[i].key ? sw_str(rows[i].key) : SW_NO_STR;
        assert_int_equal(iam_jwks_has(&keys, &t), rows[i].good);
        assert_int_equal(iam_jwt_verify(a, &keys, &t), rows[i].good);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_is_verified_by_its_key_alone),
        cmocka_unit_test(what_no_key_signed_is_no_token),
        cmocka_unit_test(a_key_for_another_use_or_too_small_is_none),
        cmocka_unit_test(a_set_has_a_hundred_keys_and_64_kib_at_most),
        cmocka_unit_test(a_key_is_chosen_by_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
