/* SPDX-License-Identifier: Apache-2.0 */
/* SecureString values at rest. The key is a file beside the database, not in it: a copy of the database alone gives
 * nothing away. Text form: base64 of nonce, cipher text and tag. */

#include "base/digest.h"
#include "base/file.h"
#include "base/id.h"
#include "base/lazy_crypto.h"
#include "services/ssm/ssm.h"

#define KEY_BYTES   32
#define NONCE_BYTES 12
#define TAG_BYTES   16

/* Written whole and durable before it is first used. Handlers that make it hold the one write transaction, so that two
 * cannot make different ones. */
static int load_key(SwCtx *cx, SwStr *ret_key, SwError *err) {
    const char *path = sw_path(cx->arena, cx->host->config->data, "ssm-key");
    if (!sw_exists(path)) {
        uint8_t key[KEY_BYTES];
        sw_random(key, sizeof key);
        if (sw_file_write_durable(path, sw_str_n((const char *)key, sizeof key), 0600, err) < 0)
            return -1;
    }
    if (sw_file_read(cx->arena, path, KEY_BYTES + 1, ret_key, err) < 0)
        return -1;
    return ret_key->n == KEY_BYTES ? 0 : sw_fail(err, &SW_INTERNAL_FAILURE, "The key of SecureString parameters is damaged");
}

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
    return (const uint8_t *)s.p;
}

int ssm_encrypt(SwCtx *cx, SwStr context, SwStr plain, SwStr *ret_cipher, SwError *err) {
    SwStr key;
    if (load_key(cx, &key, err) < 0)
        return -1;
    uint8_t *out = sw_arena_alloc(cx->arena, NONCE_BYTES + plain.n + TAG_BYTES);
    sw_random(out, NONCE_BYTES);
    EVP_CIPHER_CTX *c = cipher_new(cx->arena);
    int n = 0, end = 0;
    bool good = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, bytes(key), out) == 1 &&
                EVP_EncryptUpdate(c, NULL, &n, bytes(context), (int)context.n) == 1 &&
                EVP_EncryptUpdate(c, out + NONCE_BYTES, &n, bytes(plain), (int)plain.n) == 1 &&
                EVP_EncryptFinal_ex(c, out + NONCE_BYTES + n, &end) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + NONCE_BYTES + plain.n) == 1;
    if (!good)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The value could not be encrypted");
    *ret_cipher = sw_base64(cx->arena, sw_str_n((const char *)out, NONCE_BYTES + plain.n + TAG_BYTES));
    return 0;
}

int ssm_decrypt(SwCtx *cx, SwStr context, SwStr cipher, SwStr *ret_plain, SwError *err) {
    SwStr key, in;
    if (load_key(cx, &key, err) < 0)
        return -1;
    if (!sw_unbase64(cx->arena, cipher, &in) || in.n < NONCE_BYTES + TAG_BYTES)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The stored value is damaged");
    size_t length = in.n - NONCE_BYTES - TAG_BYTES;
    uint8_t *out = sw_arena_alloc(cx->arena, length + TAG_BYTES), tag[TAG_BYTES];
    memcpy(tag, in.p + NONCE_BYTES + length, TAG_BYTES);
    EVP_CIPHER_CTX *c = cipher_new(cx->arena);
    int n = 0, end = 0;
    bool good = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, bytes(key), bytes(in)) == 1 &&
                EVP_DecryptUpdate(c, NULL, &n, bytes(context), (int)context.n) == 1 &&
                EVP_DecryptUpdate(c, out, &n, bytes(in) + NONCE_BYTES, (int)length) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1 && EVP_DecryptFinal_ex(c, out + n, &end) == 1;
    if (!good)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The stored value cannot be decrypted with this data folder's key");
    *ret_plain = sw_str_n((const char *)out, length);
    return 0;
}
