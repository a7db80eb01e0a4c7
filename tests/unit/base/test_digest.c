/* SPDX-License-Identifier: Apache-2.0 */
/* Digests against published vectors, encodings against their RFCs, identifiers by their form. */

#include "base_test.h"

#include "base/digest.h"
#include "base/id.h"

static SwStr hex_of(SwArena *a, SwDigestKind kind, SwStr data, size_t piece) {
    uint8_t out[SW_DIGEST_BYTES_MAX];
    SwDigest *d = sw_digest_new(a, kind);
    for (size_t i = 0; i < data.n; i += piece)
        sw_digest_add(d, data.p + i, SW_MIN(piece, data.n - i));
    return sw_hex(a, out, sw_digest_end(d, out));
}

static void digests_match_published_values(void **state) {
    SwArena *a = *state;
    static const struct {
        SwDigestKind kind;
        const char *data, *is;
    } t[] = {{SW_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"}, /* RFC 1321 */
             {SW_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
             {SW_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"}, /* FIPS 180-4 */
             {SW_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
             {SW_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
             {SW_CRC32, "123456789", "cbf43926"}, /* the catalogue's check values */
             {SW_CRC32C, "123456789", "e3069283"},
             {SW_CRC64NVME, "123456789", "ae8b14860a799888"},
             {SW_CRC32, "", "00000000"},
             {SW_CRC32, "The quick brown fox jumps over the lazy dog", "414fa339"},
             {SW_CRC32C, "The quick brown fox jumps over the lazy dog", "22620404"}};
    for (size_t i = 0; i < SW_N(t); i++)
        for (size_t piece = 1; piece < 60; piece += 6)
            assert_str(hex_of(a, t[i].kind, sw_str(t[i].data), piece), t[i].is);
}

static void pieces_and_the_whole_agree(void **state) {
    SwArena *a = *state;
    SwStr data = sw_id_base62(a, 10000);
    for (SwDigestKind k = 0; k < _SW_DIGEST_KIND_MAX; k++) {
        SwStr whole = hex_of(a, k, data, data.n);
        for (size_t piece = 1; piece < 40; piece += 3)
            assert_true(sw_str_eq(whole, hex_of(a, k, data, piece)));
    }
    assert_true(sw_str_eq(sw_sha256_hex(a, data), hex_of(a, SW_SHA256, data, 100)));
    assert_true(sw_str_eq(sw_md5_hex(a, data), hex_of(a, SW_MD5, data, 100)));
}

static void hmac_matches_rfc_4231(void **state) {
    SwArena *a = *state;
    uint8_t out[32];
    sw_hmac_sha256(SW_STR("Jefe"), SW_STR("what do ya want for nothing?"), out);
    assert_str(sw_hex(a, out, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char key[131];
    memset(key, 0xAA, sizeof key);
    sw_hmac_sha256(sw_str_n(key, sizeof key), SW_STR("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    assert_str(sw_hex(a, out, 32), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    sw_hmac_sha256(SW_NO_STR, SW_NO_STR, out);
    assert_str(sw_hex(a, out, 32), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void base64_matches_rfc_4648(void **state) {
    SwArena *a = *state;
    static const struct {
        const char *plain, *text, *url;
    } t[] = {{"", "", ""},
             {"f", "Zg==", "Zg"},
             {"fo", "Zm8=", "Zm8"},
             {"foo", "Zm9v", "Zm9v"},
             {"foob", "Zm9vYg==", "Zm9vYg"},
             {"fooba", "Zm9vYmE=", "Zm9vYmE"},
             {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
             {"\xFB\xFF\xFE", "+//+", "-__-"}};
    for (size_t i = 0; i < SW_N(t); i++) {
        SwStr back;
        assert_str(sw_base64(a, sw_str(t[i].plain)), t[i].text);
        assert_str(sw_base64url(a, sw_str(t[i].plain)), t[i].url);
        assert_true(sw_unbase64(a, sw_str(t[i].text), &back) && sw_str_eqz(back, t[i].plain));
        assert_true(sw_unbase64url(a, sw_str(t[i].url), &back) && sw_str_eqz(back, t[i].plain));
    }
    static const char *const bad[] = {"Zg",    "Zg=",  "Z===", "====", "Zg==Zg==", "Zm9v\n",
                                      " Zm9v", "Zm-v", "Zh==", "Zm9=", "=Zm9"};
    for (size_t i = 0; i < SW_N(bad); i++) {
        SwStr back;
        if (sw_unbase64(a, sw_str(bad[i]), &back))
            fail_msg("accepted `%s`", bad[i]);
    }
}

static void hexadecimal_and_percent_encoding(void **state) {
    SwArena *a = *state;
    SwStr s;
    assert_str(sw_hex(a, "\x00\xFF\x1A", 3), "00ff1a");
    assert_true(sw_unhex(a, SW_STR("00fF1a"), &s) && s.n == 3 && memcmp(s.p, "\x00\xFF\x1A", 3) == 0);
    assert_false(sw_unhex(a, SW_STR("0"), &s));
    assert_false(sw_unhex(a, SW_STR("0g"), &s));
    assert_str(sw_percent_encode(a, SW_STR("az AZ09-._~/+%\xC3\xA9"), false), "az%20AZ09-._~%2F%2B%25%C3%A9");
    assert_str(sw_percent_encode(a, SW_STR("a/b"), true), "a/b");
    assert_true(sw_percent_decode(a, SW_STR("a%2fb+c%00"), false, &s));
    assert_true(s.n == 6 && memcmp(s.p, "a/b+c\0", 6) == 0);
    assert_true(sw_percent_decode(a, SW_STR("a+b"), true, &s) && sw_str_eqz(s, "a b"));
    static const char *const bad[] = {"%", "%2", "a%zz", "%2g", "%-1"};
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_false(sw_percent_decode(a, sw_str(bad[i]), false, &s));
}

static void constant_time_equality(void **state) {
    (void)state;
    assert_true(sw_equal_constant_time(SW_STR("abc"), SW_STR("abc")));
    assert_true(sw_equal_constant_time(SW_STR(""), SW_NO_STR));
    assert_false(sw_equal_constant_time(SW_STR("abc"), SW_STR("abd")));
    assert_false(sw_equal_constant_time(SW_STR("abc"), SW_STR("ab")));
}

static void only_from(SwStr s, const char *alphabet) {
    for (size_t i = 0; i < s.n; i++)
        assert_non_null(strchr(alphabet, s.p[i]));
}

static void identifiers_have_their_form(void **state) {
    SwArena *a = *state;
    for (int i = 0; i < 200; i++) {
        SwStr u = sw_id_uuid(a);
        assert_int_equal(u.n, 36);
        assert_true(u.p[8] == '-' && u.p[13] == '-' && u.p[18] == '-' && u.p[23] == '-' && u.p[14] == '4');
        assert_non_null(strchr("89ab", u.p[19]));
        only_from(u, "0123456789abcdef-");
        assert_false(sw_str_eq(u, sw_id_uuid(a)));
    }
    only_from(sw_id_hex(a, 999), "0123456789abcdef");
    only_from(sw_id_base32(a, 999), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
    assert_int_equal(sw_id_base62(a, 999).n, 999);
    assert_int_equal(sw_id_hex(a, 0).n, 0);
    assert_true(sw_id_u64() != sw_id_u64());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(digests_match_published_values), TEST(pieces_and_the_whole_agree),       TEST(hmac_matches_rfc_4231),
        TEST(base64_matches_rfc_4648),        TEST(hexadecimal_and_percent_encoding), TEST(constant_time_equality),
        TEST(identifiers_have_their_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
