/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphertext: what it names, and what it binds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/kms/blob.h"

#define KEY      SW_STR("1234abcd-12ab-34cd-56ef-1234567890ab")
#define MATERIAL SW_STR("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
#define SECRET   SW_STR("0123456789abcdef0123456789abcdef")

static SwStrMap context(SwArena *a, const char *const *pairs) {
    SwStrMap m = {0};
    for (; pairs[0]; pairs += 2)
        sw_str_map_set(a, &m, sw_str(pairs[0]), sw_str(pairs[1]));
    return m;
}

static SwStr sealed(SwArena *a, const SwStrMap *context) {
    SwError err = sw_error(a);
    SwStr blob;
    assert_int_equal(kms_blob_seal(a, KEY, MATERIAL, SECRET, context, SW_STR("plain"), &blob, &err), 0);
    return blob;
}

static void ciphertext_names_key_and_material(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr blob = sealed(a, NULL), plain;
    KmsBlob b;
    (void)state;
    assert_true(kms_blob_read(a, blob, &b));
    assert_true(sw_str_eq(b.key, KEY) && sw_str_eq(b.material, MATERIAL));
    assert_true(kms_blob_open(a, &b, SECRET, NULL, &plain) && sw_str_eqz(plain, "plain"));
    assert_false(kms_blob_open(a, &b, SW_STR("another89abcdef0123456789abcdef!"), NULL, &plain));
    for (size_t n = 0; n < blob.n; n++)
        assert_false(kms_blob_read(a, sw_str_n(blob.p, n), &b) && kms_blob_open(a, &b, SECRET, NULL, &plain));
}

static void each_bit_of_it_counts(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr blob = sealed(a, NULL), plain;
    KmsBlob b;
    (void)state;
    for (size_t i = 0; i < 8 * blob.n; i++) {
        char *p = (char *)(uintptr_t)blob.p + i / 8;
        *p = (char)(*p ^ (1 << i % 8));
        assert_false(kms_blob_read(a, blob, &b) && kms_blob_open(a, &b, SECRET, NULL, &plain));
        *p = (char)(*p ^ (1 << i % 8));
    }
}

static void encryption_contexts_are_alike_in_any_order_and_no_other_way(void **state) {
    static const char *const right[] = {"a", "b", "c", "d", NULL}, *const turned[] = {"c", "d", "a", "b", NULL};
    static const char *const wrong[][5] = {{NULL},
                                           {"a", "b", NULL},
                                           {"a", "d", "c", "b", NULL},
                                           {"ab", "c", "d", "", NULL},
                                           {"a", "b1:c1:d", NULL},
                                           {"A", "b", "c", "d", NULL}};
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrMap m = context(a, right), t = context(a, turned);
    SwStr blob = sealed(a, &m), plain;
    KmsBlob b;
    (void)state;
    assert_true(kms_blob_read(a, blob, &b) && kms_blob_open(a, &b, SECRET, &t, &plain));
    for (size_t i = 0; i < SW_N(wrong); i++) {
        SwStrMap w = context(a, wrong[i]);
        assert_false(kms_blob_open(a, &b, SECRET, &w, &plain));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ciphertext_names_key_and_material),
        cmocka_unit_test(each_bit_of_it_counts),
        cmocka_unit_test(encryption_contexts_are_alike_in_any_order_and_no_other_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
