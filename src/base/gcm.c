/* SPDX-License-Identifier: Apache-2.0 */

#include "base/gcm.h"

#include <limits.h>

#include "base/id.h"
#include "base/lazy_crypto.h"

#define NONCE_BYTES 12
#define TAG_BYTES   16

static void free_cipher(void *c) {
    EVP_CIPHER_CTX_free(c);
}

static EVP_CIPHER_CTX *cipher_new(SwArena *a) {
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (c)
        sw_arena_defer(a, free_cipher, c);
    return c;
}

static const uint8_t *bytes(SwStr s) {
    return (const uint8_t *)(s.p ? s.p : "");
}

int sw_gcm_seal(SwArena *a, SwStr key, SwStr context, SwStr plain, SwStr *ret_sealed, SwError *err) {
    if (SW_NEVER(key.n != SW_GCM_KEY_BYTES || plain.n > INT_MAX || context.n > INT_MAX))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The value could not be encrypted");
    uint8_t *out = sw_arena_alloc(a, NONCE_BYTES + plain.n + TAG_BYTES);
    sw_random(out, NONCE_BYTES);
    EVP_CIPHER_CTX *c = cipher_new(a);
    int n = 0, end = 0;
    bool good = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, bytes(key), out) == 1 &&
                EVP_EncryptUpdate(c, NULL, &n, bytes(context), (int)context.n) == 1 &&
                EVP_EncryptUpdate(c, out + NONCE_BYTES, &n, bytes(plain), (int)plain.n) == 1 &&
                EVP_EncryptFinal_ex(c, out + NONCE_BYTES + n, &end) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + NONCE_BYTES + plain.n) == 1;
    *ret_sealed = sw_str_n((const char *)out, NONCE_BYTES + plain.n + TAG_BYTES);
    return good ? 0 : sw_fail(err, &SW_INTERNAL_FAILURE, "The value could not be encrypted");
}

bool sw_gcm_open(SwArena *a, SwStr key, SwStr context, SwStr sealed, SwStr *ret_plain) {
    if (key.n != SW_GCM_KEY_BYTES || sealed.n < NONCE_BYTES + TAG_BYTES || sealed.n > INT_MAX || context.n > INT_MAX)
        return false;
    size_t length = sealed.n - NONCE_BYTES - TAG_BYTES;
    uint8_t *out = sw_arena_alloc(a, length + TAG_BYTES), tag[TAG_BYTES];
    memcpy(tag, sealed.p + NONCE_BYTES + length, TAG_BYTES);
    EVP_CIPHER_CTX *c = cipher_new(a);
    int n = 0, end = 0;
    bool good = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, bytes(key), bytes(sealed)) == 1 &&
                EVP_DecryptUpdate(c, NULL, &n, bytes(context), (int)context.n) == 1 &&
                EVP_DecryptUpdate(c, out, &n, bytes(sealed) + NONCE_BYTES, (int)length) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 && EVP_DecryptFinal_ex(c, out + n, &end) == 1;
    if (good)
        *ret_plain = sw_str_n((const char *)out, length);
    return good;
}
