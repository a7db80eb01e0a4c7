/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of OpenSSL hang on the arena that they are made in; what OpenSSL failed over is nobody else's error, so its queue is
 * cleared. */

#include "services/kms/pkey.h"

#include <limits.h>

#include "base/id.h"
#include "base/lazy_crypto.h"

#define SYMMETRIC_BYTES 32
#define WRAP_KEY_BYTES  32

/* "P-521" signs with SHA-512; HMAC's sizes are those of their digests. */
static const KmsSpec specs[] = {
    {"SYMMETRIC_DEFAULT", KMS_SYMMETRIC, SYMMETRIC_BYTES, NULL, NULL, "SYMMETRIC_DEFAULT"},
    {"RSA_2048", KMS_RSA, 2048, NULL, NULL, NULL},
    {"RSA_3072", KMS_RSA, 3072, NULL, NULL, NULL},
    {"RSA_4096", KMS_RSA, 4096, NULL, NULL, NULL},
    {"ECC_NIST_P256", KMS_ECC, 0, "prime256v1", "SHA256", "ECDSA_SHA_256"},
    {"ECC_NIST_P384", KMS_ECC, 0, "secp384r1", "SHA384", "ECDSA_SHA_384"},
    {"ECC_NIST_P521", KMS_ECC, 0, "secp521r1", "SHA512", "ECDSA_SHA_512"},
    {"ECC_SECG_P256K1", KMS_ECC, 0, "secp256k1", "SHA256", "ECDSA_SHA_256"},
    {"HMAC_224", KMS_HMAC, 28, NULL, "SHA224", "HMAC_SHA_224"},
    {"HMAC_256", KMS_HMAC, 32, NULL, "SHA256", "HMAC_SHA_256"},
    {"HMAC_384", KMS_HMAC, 48, NULL, "SHA384", "HMAC_SHA_384"},
    {"HMAC_512", KMS_HMAC, 64, NULL, "SHA512", "HMAC_SHA_512"},
};

static const KmsAlgorithm algorithms[] = {
    {"RSASSA_PSS_SHA_256", KMS_RSA, "SHA256", 32, true},
    {"RSASSA_PSS_SHA_384", KMS_RSA, "SHA384", 48, true},
    {"RSASSA_PSS_SHA_512", KMS_RSA, "SHA512", 64, true},
    {"RSASSA_PKCS1_V1_5_SHA_256", KMS_RSA, "SHA256", 32, false},
    {"RSASSA_PKCS1_V1_5_SHA_384", KMS_RSA, "SHA384", 48, false},
    {"RSASSA_PKCS1_V1_5_SHA_512", KMS_RSA, "SHA512", 64, false},
    {"ECDSA_SHA_256", KMS_ECC, "SHA256", 32, false},
    {"ECDSA_SHA_384", KMS_ECC, "SHA384", 48, false},
    {"ECDSA_SHA_512", KMS_ECC, "SHA512", 64, false},
};

const KmsSpec *kms_spec(SwStr name) {
    for (size_t i = 0; i < SW_N(specs); i++)
        if (sw_str_eqz(name, specs[i].name))
            return &specs[i];
    return NULL;
}

const KmsAlgorithm *kms_signing(SwStr name) {
    for (size_t i = 0; i < SW_N(algorithms); i++)
        if (sw_str_eqz(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

bool kms_signs(const KmsSpec *s, const KmsAlgorithm *g) {
    return s->kind == g->kind && (s->kind == KMS_RSA || strcmp(s->algorithm, g->name) == 0);
}

void kms_cleanse(SwStr secret) {
    if (secret.n)
        OPENSSL_cleanse((void *)(uintptr_t)secret.p, secret.n);
}

/* --- OpenSSL's objects ------------------------------------------------------------------------------------------- */

static void free_key(void *k) {
    EVP_PKEY_free(k);
}

static void free_use(void *c) {
    EVP_PKEY_CTX_free(c);
}

static EVP_PKEY *kept(SwArena *a, EVP_PKEY *k) {
    if (k)
        sw_arena_defer(a, free_key, k);
    ERR_clear_error();
    return k;
}

static const uint8_t *bytes(SwStr s) {
    return (const uint8_t *)(s.p ? s.p : "");
}

/* All of the text, nothing behind it. */
static EVP_PKEY *private_of(SwArena *a, SwStr der) {
    const uint8_t *p = bytes(der);
    PKCS8_PRIV_KEY_INFO *info = der.n > LONG_MAX ? NULL : d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
    EVP_PKEY *k = info && p == bytes(der) + der.n ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return kept(a, k);
}

static EVP_PKEY *public_of(SwArena *a, SwStr der) {
    const uint8_t *p = bytes(der);
    EVP_PKEY *k = der.n > LONG_MAX ? NULL : d2i_PUBKEY(NULL, &p, (long)der.n);
    if (k && p != bytes(der) + der.n) {
        EVP_PKEY_free(k);
        k = NULL;
    }
    return kept(a, k);
}

static EVP_PKEY_CTX *use_of(SwArena *a, EVP_PKEY *k) {
    EVP_PKEY_CTX *c = k ? EVP_PKEY_CTX_new(k, NULL) : NULL;
    if (c)
        sw_arena_defer(a, free_use, c);
    return c;
}

static int failed(SwError *err, const char *what) {
    ERR_clear_error();
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, what, "The key could not be used");
}

/* --- material ----------------------------------------------------------------------------------------------------- */

static bool private_der(SwArena *a, EVP_PKEY *k, SwStr *ret) {
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k);
    int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    uint8_t *out = n > 0 ? sw_arena_alloc(a, (size_t)n) : NULL, *p = out;
    bool good = out && i2d_PKCS8_PRIV_KEY_INFO(info, &p) == n;
    PKCS8_PRIV_KEY_INFO_free(info);
    if (good)
        *ret = sw_str_n((const char *)out, (size_t)n);
    return good;
}

int kms_material_new(SwArena *a, const KmsSpec *s, SwStr *ret, SwError *err) {
    if (s->kind == KMS_SYMMETRIC || s->kind == KMS_HMAC) {
        uint8_t *p = sw_arena_alloc(a, s->size);
        sw_random(p, s->size);
        *ret = sw_str_n((const char *)p, s->size);
        return 0;
    }
    EVP_PKEY *k = kept(a, s->kind == KMS_RSA ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)s->size)
                                             : EVP_PKEY_Q_keygen(NULL, NULL, "EC", s->curve));
    return k && private_der(a, k, ret) ? 0 : failed(err, "making a key pair");
}

static bool curve_is(EVP_PKEY *k, const char *curve) {
    char name[64];
    size_t n;
    return EVP_PKEY_is_a(k, "EC") && EVP_PKEY_get_group_name(k, name, sizeof name, &n) == 1 && strcmp(name, curve) == 0;
}

bool kms_material_fits(SwArena *a, const KmsSpec *s, SwStr material) {
    if (s->kind == KMS_SYMMETRIC || s->kind == KMS_HMAC)
        return material.n == s->size;
    EVP_PKEY *k = private_of(a, material);
    EVP_PKEY_CTX *c = use_of(a, k);
    bool kind =
        c && (s->kind == KMS_RSA ? EVP_PKEY_is_a(k, "RSA") && EVP_PKEY_get_bits(k) == (int)s->size : curve_is(k, s->curve));
    bool good = kind && EVP_PKEY_check(c) == 1;
    ERR_clear_error();
    return good;
}

int kms_public_of(SwArena *a, SwStr private_key, SwStr *ret_public, SwError *err) {
    EVP_PKEY *k = private_of(a, private_key);
    int n = k ? i2d_PUBKEY(k, NULL) : -1;
    uint8_t *out = n > 0 ? sw_arena_alloc(a, (size_t)n) : NULL, *p = out;
    if (!out || i2d_PUBKEY(k, &p) != n)
        return failed(err, "writing a public key");
    *ret_public = sw_str_n((const char *)out, (size_t)n);
    return 0;
}

/* --- signatures --------------------------------------------------------------------------------------------------- */

static const EVP_MD *hash_of(const char *name) {
    return strcmp(name, "SHA1") == 0     ? EVP_sha1()
           : strcmp(name, "SHA224") == 0 ? EVP_sha224()
           : strcmp(name, "SHA256") == 0 ? EVP_sha256()
           : strcmp(name, "SHA384") == 0 ? EVP_sha384()
                                         : EVP_sha512();
}

int kms_hash(SwArena *a, const char *hash, SwStr data, SwStr *ret_digest, SwError *err) {
    uint8_t *out = sw_arena_alloc(a, EVP_MAX_MD_SIZE);
    unsigned n = 0;
    if (EVP_Digest(bytes(data), data.n, out, &n, hash_of(hash), NULL) != 1)
        return failed(err, "hashing");
    *ret_digest = sw_str_n((const char *)out, n);
    return 0;
}

static bool sets_up(EVP_PKEY_CTX *c, const KmsAlgorithm *g) {
    if (g->kind == KMS_RSA && EVP_PKEY_CTX_set_rsa_padding(c, g->pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1)
        return false;
    return EVP_PKEY_CTX_set_signature_md(c, hash_of(g->hash)) == 1 &&
           (!g->pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1);
}

int kms_sign_digest(SwArena *a, SwStr private_key, const KmsAlgorithm *g, SwStr digest, SwStr *ret_signature, SwError *err) {
    EVP_PKEY *k = private_of(a, private_key);
    EVP_PKEY_CTX *c = use_of(a, k);
    size_t n = 0;
    if (!c || EVP_PKEY_sign_init(c) != 1 || !sets_up(c, g) || EVP_PKEY_sign(c, NULL, &n, bytes(digest), digest.n) != 1)
        return failed(err, "signing");
    uint8_t *out = sw_arena_alloc(a, n);
    if (EVP_PKEY_sign(c, out, &n, bytes(digest), digest.n) != 1)
        return failed(err, "signing");
    *ret_signature = sw_str_n((const char *)out, n);
    return 0;
}

bool kms_verify_digest(SwArena *a, SwStr private_key, const KmsAlgorithm *g, SwStr digest, SwStr signature) {
    EVP_PKEY *k = private_of(a, private_key);
    EVP_PKEY_CTX *c = use_of(a, k);
    bool good = c && EVP_PKEY_verify_init(c) == 1 && sets_up(c, g) &&
                EVP_PKEY_verify(c, bytes(signature), signature.n, bytes(digest), digest.n) == 1;
    ERR_clear_error();
    return good;
}

/* --- encryption --------------------------------------------------------------------------------------------------- */

static bool oaep(EVP_PKEY_CTX *c, const char *hash) {
    return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(c, hash_of(hash)) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(c, hash_of(hash)) == 1;
}

bool kms_oaep_seal(SwArena *a, SwStr private_key, const char *hash, SwStr plain, SwStr *ret) {
    EVP_PKEY *k = private_of(a, private_key);
    EVP_PKEY_CTX *c = use_of(a, k);
    size_t n = k ? (size_t)EVP_PKEY_get_size(k) : 0;
    uint8_t *out = sw_arena_alloc(a, n + 1);
    bool good = c && EVP_PKEY_encrypt_init(c) == 1 && oaep(c, hash) && EVP_PKEY_encrypt(c, out, &n, bytes(plain), plain.n) == 1;
    ERR_clear_error();
    *ret = sw_str_n((const char *)out, n);
    return good;
}

bool kms_oaep_open(SwArena *a, SwStr private_key, const char *hash, SwStr sealed, SwStr *ret) {
    EVP_PKEY *k = private_of(a, private_key);
    EVP_PKEY_CTX *c = use_of(a, k);
    size_t n = k ? (size_t)EVP_PKEY_get_size(k) : 0;
    uint8_t *out = sw_arena_alloc(a, n + 1);
    bool good = c && sealed.n == n && EVP_PKEY_decrypt_init(c) == 1 && oaep(c, hash) &&
                EVP_PKEY_decrypt(c, out, &n, bytes(sealed), sealed.n) == 1;
    ERR_clear_error();
    *ret = sw_str_n((const char *)out, n);
    return good;
}

static void free_cipher(void *c) {
    EVP_CIPHER_CTX_free(c);
}

bool kms_unwrap(SwArena *a, SwStr key, SwStr wrapped, SwStr *ret) {
    if (key.n != WRAP_KEY_BYTES || wrapped.n < 16 || wrapped.n % 8 || wrapped.n > INT_MAX)
        return false;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (!c)
        return false;
    sw_arena_defer(a, free_cipher, c);
    EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    uint8_t *out = sw_arena_alloc(a, wrapped.n + 16);
    int n = 0;
    bool good = EVP_DecryptInit_ex(c, EVP_aes_256_wrap_pad(), NULL, bytes(key), NULL) == 1 &&
                EVP_DecryptUpdate(c, out, &n, bytes(wrapped), (int)wrapped.n) == 1 && n > 0;
    ERR_clear_error();
    *ret = sw_str_n((const char *)out, good ? (size_t)n : 0);
    return good;
}

bool kms_unwrap_import(SwArena *a, SwStr private_key, SwStr algorithm, SwStr wrapped, SwStr *ret) {
    const char *hash = sw_str_ends(algorithm, SW_STR("SHA_1")) ? "SHA1" : "SHA256";
    SwStr key = SW_NO_STR, head, rest;
    if (!sw_str_starts(algorithm, SW_STR("RSA_AES_KEY_WRAP")))
        return kms_oaep_open(a, private_key, hash, wrapped, ret);
    EVP_PKEY *k = private_of(a, private_key);
    size_t n = k ? (size_t)EVP_PKEY_get_size(k) : 0;
    if (!k || wrapped.n <= n)
        return false;
    head = sw_str_n(wrapped.p, n);
    rest = sw_str_skip(wrapped, n);
    bool good = kms_oaep_open(a, private_key, hash, head, &key) && kms_unwrap(a, key, rest, ret);
    kms_cleanse(key);
    return good;
}

/* --- MACs and agreements ------------------------------------------------------------------------------------------ */

int kms_mac(SwArena *a, SwStr key, const char *hash, SwStr message, SwStr *ret, SwError *err) {
    uint8_t *out = sw_arena_alloc(a, EVP_MAX_MD_SIZE);
    unsigned n = 0;
    if (!HMAC(hash_of(hash), bytes(key), (int)key.n, bytes(message), message.n, out, &n))
        return failed(err, "making a MAC");
    *ret = sw_str_n((const char *)out, n);
    return 0;
}

bool kms_agree(SwArena *a, SwStr private_key, SwStr public_key, SwStr *ret) {
    EVP_PKEY *k = private_of(a, private_key), *peer = public_of(a, public_key);
    EVP_PKEY_CTX *c = use_of(a, k);
    size_t n = 0;
    bool good = c && peer && EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, peer) == 1 &&
                EVP_PKEY_derive(c, NULL, &n) == 1;
    uint8_t *out = sw_arena_alloc(a, n + 1);
    good = good && EVP_PKEY_derive(c, out, &n) == 1;
    ERR_clear_error();
    *ret = sw_str_n((const char *)out, good ? n : 0);
    return good;
}
