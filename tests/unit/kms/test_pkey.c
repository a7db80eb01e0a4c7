/* SPDX-License-Identifier: Apache-2.0 */
/* What keys make and take, against another program's and standards' own vectors. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "services/kms/pkey.h"
#include "vectors.h"

#define MESSAGE SW_STR("to be signed")

static SwStr bytes(SwArena *a, const char *base64) {
    SwStr b;
    assert_true(sw_unbase64(a, sw_str(base64), &b));
    return b;
}

static SwStr unhex(SwArena *a, const char *hex) {
    SwStr b;
    assert_true(sw_unhex(a, sw_str(hex), &b));
    return b;
}

static void signatures_of_openssl_verify_and_ours_are_the_same_where_they_can_be(void **state) {
    static const struct {
        const char *key, *algorithm, *signature;
        bool same; /* RSASSA-PKCS1-v1_5 has no randomness */
    } rows[] = {
        {RSA, "RSASSA_PKCS1_V1_5_SHA_256", RSA_PKCS1_256, true},
        {RSA, "RSASSA_PKCS1_V1_5_SHA_512", RSA_PKCS1_512, true},
        {RSA, "RSASSA_PSS_SHA_384", RSA_PSS_384, false},
        {P256, "ECDSA_SHA_256", ECDSA_P256, false},
        {P384, "ECDSA_SHA_384", ECDSA_P384, false},
        {P521, "ECDSA_SHA_512", ECDSA_P521, false},
        {P256K1, "ECDSA_SHA_256", ECDSA_P256K1, false},
    };
    (void)state;
    for (size_t i = 0; i < SW_N(rows); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwStr digest, made, key = bytes(a, rows[i].key), theirs = bytes(a, rows[i].signature);
        const KmsAlgorithm *g = kms_signing(sw_str(rows[i].algorithm));
        assert_int_equal(kms_hash(a, g->hash, MESSAGE, &digest, &err), 0);
        assert_true(kms_verify_digest(a, key, g, digest, theirs));
        assert_int_equal(kms_sign_digest(a, key, g, digest, &made, &err), 0);
        assert_true(kms_verify_digest(a, key, g, digest, made));
        if (rows[i].same)
            assert_true(sw_str_eq(made, theirs));
        char *worse = (char *)(uintptr_t)theirs.p;
        worse[theirs.n / 2] ^= 1;
        assert_false(kms_verify_digest(a, key, g, digest, theirs));
        assert_false(kms_verify_digest(a, key, g, digest, SW_STR("")));
    }
}

static void what_openssl_encrypts_opens(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr plain, key = bytes(a, RSA);
    (void)state;
    assert_true(kms_oaep_open(a, key, "SHA1", bytes(a, OAEP_SHA_1), &plain));
    assert_true(sw_str_eq(plain, MESSAGE));
    assert_true(kms_oaep_open(a, key, "SHA256", bytes(a, OAEP_SHA_256), &plain));
    assert_true(sw_str_eq(plain, MESSAGE));
    assert_false(kms_oaep_open(a, key, "SHA1", bytes(a, OAEP_SHA_256), &plain));
}

/* RFC 4231, test case 2. */
static void macs_are_hmacs(void **state) {
    static const struct {
        const char *hash, *mac;
    } rows[] = {
        {"SHA224", "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"},
        {"SHA256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"SHA384", "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
        {"SHA512",
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e"
         "070a38bce737"},
    };
    (void)state;
    for (size_t i = 0; i < SW_N(rows); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwStr mac;
        assert_int_equal(kms_mac(a, SW_STR("Jefe"), rows[i].hash, SW_STR("what do ya want for nothing?"), &mac, &err), 0);
        assert_true(sw_str_eq(mac, unhex(a, rows[i].mac)));
    }
}

/* Of `openssl enc -id-aes256-wrap-pad -iv a65959a6`: 31 bytes, so that one is padding. */
static void what_openssl_wraps_unwraps_whole_and_unchanged(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr plain, key = unhex(a, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    SwStr wrapped = unhex(a, "32c3e9e4212e597e65482e37714a659d056c9342540018dd8f157f4ad75cc8f00d99840294d6934c");
    (void)state;
    assert_true(kms_unwrap(a, key, wrapped, &plain));
    assert_true(sw_str_eqz(plain, "0123456789abcdef0123456789abcde"));
    for (size_t n = 0; n < wrapped.n; n++)
        assert_false(kms_unwrap(a, key, sw_str_n(wrapped.p, n), &plain));
    for (size_t i = 0; i < 8 * wrapped.n; i++) {
        char *p = (char *)(uintptr_t)wrapped.p + i / 8;
        *p = (char)(*p ^ (1 << i % 8));
        assert_false(kms_unwrap(a, key, wrapped, &plain));
        *p = (char)(*p ^ (1 << i % 8));
    }
    assert_true(kms_unwrap(a, key, wrapped, &plain));
}

/* RFC 5649, section 6: wrapped with a key of 192 bits. */
static void keys_of_other_lengths_unwrap_nothing(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr plain, key = unhex(a, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
    SwStr wrapped = unhex(a, "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a");
    (void)state;
    assert_false(kms_unwrap(a, key, wrapped, &plain));
}

static void material_is_of_its_spec_alone(void **state) {
    static const struct {
        const char *spec, *key;
    } rows[] = {{"RSA_2048", RSA},
                {"ECC_NIST_P256", P256},
                {"ECC_NIST_P384", P384},
                {"ECC_NIST_P521", P521},
                {"ECC_SECG_P256K1", P256K1}};
    static const char *const specs[] = {"RSA_2048",        "RSA_3072",          "RSA_4096",
                                        "ECC_NIST_P256",   "ECC_NIST_P384",     "ECC_NIST_P521",
                                        "ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", "HMAC_224"};
    (void)state;
    for (size_t i = 0; i < SW_N(rows); i++)
        for (size_t k = 0; k < SW_N(specs); k++) {
            _sw_arena_ SwArena *a = sw_arena_new(0);
            SwStr key = bytes(a, rows[i].key);
            assert_int_equal(kms_material_fits(a, kms_spec(sw_str(specs[k])), key), strcmp(specs[k], rows[i].spec) == 0);
            assert_false(kms_material_fits(a, kms_spec(sw_str(specs[k])), sw_cat(a, key, SW_STR("x")))); /* nothing behind it */
            assert_false(kms_material_fits(a, kms_spec(sw_str(specs[k])), sw_str_drop(key, 1)));
        }
}

static void both_sides_of_an_agreement_have_the_same_secret(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwStr one, other, x, y, p, q;
    const KmsSpec *s = kms_spec(SW_STR("ECC_NIST_P384"));
    (void)state;
    assert_int_equal(kms_material_new(a, s, &one, &err), 0);
    assert_int_equal(kms_material_new(a, s, &other, &err), 0);
    assert_int_equal(kms_public_of(a, one, &p, &err), 0);
    assert_int_equal(kms_public_of(a, other, &q, &err), 0);
    assert_true(kms_agree(a, one, q, &x) && kms_agree(a, other, p, &y));
    assert_true(sw_str_eq(x, y) && x.n == 48);
    assert_int_equal(kms_public_of(a, bytes(a, P256), &p, &err), 0);
    assert_false(kms_agree(a, one, p, &x)); /* of another curve */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_openssl_verify_and_ours_are_the_same_where_they_can_be),
        cmocka_unit_test(what_openssl_encrypts_opens),
        cmocka_unit_test(macs_are_hmacs),
        cmocka_unit_test(what_openssl_wraps_unwraps_whole_and_unchanged),
        cmocka_unit_test(keys_of_other_lengths_unwrap_nothing),
        cmocka_unit_test(material_is_of_its_spec_alone),
        cmocka_unit_test(both_sides_of_an_agreement_have_the_same_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
