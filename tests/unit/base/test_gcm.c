/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed opens with the same key and context alone, whole and unchanged. */

#include "base_test.h"

#include "base/digest.h"
#include "base/gcm.h"
#include "base/id.h"

static const SwStr KEY = SW_STR_C("0123456789abcdef0123456789ABCDEF"), OTHER = SW_STR_C("0123456789abcdef0123456789ABCDEf");

static void what_is_sealed_opens(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    const SwStr plain[] = {SW_STR(""), SW_STR("x"), SW_STR("correct horse battery")};
    for (size_t i = 0; i < SW_N(plain); i++) {
        SwStr sealed, again, open = SW_NO_STR;
        assert_int_equal(sw_gcm_seal(a, KEY, SW_STR("arn"), plain[i], &sealed, &err), 0);
        assert_int_equal(sealed.n, plain[i].n + SW_GCM_OVERHEAD);
        assert_int_equal(sw_gcm_seal(a, KEY, SW_STR("arn"), plain[i], &again, &err), 0);
        assert_false(sw_str_eq(sealed, again)); /* a nonce of its own */
        assert_true(sw_gcm_open(a, KEY, SW_STR("arn"), sealed, &open));
        assert_true(sw_str_eq(open, plain[i]));
        assert_false(sw_gcm_open(a, OTHER, SW_STR("arn"), sealed, &open));
        assert_false(sw_gcm_open(a, KEY, SW_STR("arm"), sealed, &open));
        assert_false(sw_gcm_open(a, KEY, SW_NO_STR, sealed, &open));
    }
}

static void each_byte_counts(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    SwStr sealed, open;
    assert_int_equal(sw_gcm_seal(a, KEY, SW_NO_STR, SW_STR("secret"), &sealed, &err), 0);
    for (size_t i = 0; i < sealed.n; i++) {
        SwStr damaged = sw_str_dup(a, sealed);
        ((char *)(uintptr_t)damaged.p)[i] ^= 1;
        assert_false(sw_gcm_open(a, KEY, SW_NO_STR, damaged, &open));
        assert_false(sw_gcm_open(a, KEY, SW_NO_STR, sw_str_n(sealed.p, i), &open));
    }
    assert_true(sw_gcm_open(a, KEY, SW_NO_STR, sealed, &open));
    assert_str(open, "secret");
    assert_false(sw_gcm_open(a, SW_STR("short"), SW_NO_STR, sealed, &open));
}

/* NIST's test case 16 of "The Galois/Counter Mode of Operation" has 60 bytes under this key: opened, so that what other
 * programs sealed opens here. */
static void a_published_vector_opens(void **state) {
    SwArena *a = *state;
    SwStr key, context, sealed, plain, open;
    assert_true(sw_unhex(a, SW_STR("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"), &key));
    assert_true(sw_unhex(a, SW_STR("feedfacedeadbeeffeedfacedeadbeefabaddad2"), &context));
    assert_true(sw_unhex(a,
                         SW_STR("cafebabefacedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                                "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"),
                         &sealed));
    assert_true(sw_unhex(a,
                         SW_STR("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24"
                                "49a6b525b16aedf5aa0de657ba637b39"),
                         &plain));
    assert_true(sw_gcm_open(a, key, context, sealed, &open));
    assert_true(sw_str_eq(open, plain));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_sealed_opens),
        TEST(each_byte_counts),
        TEST(a_published_vector_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
