/* SPDX-License-Identifier: Apache-2.0 */
/* Digests by OpenSSL's EVP, fetched once; CRCs by tables made once. */

#include "base/digest.h"
#include "base/lazy_crypto.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>

struct SwDigest {
    SwDigestKind kind;
    EVP_MD_CTX *ctx; /* NULL: a CRC */
    uint64_t crc;
};

/* Reflected polynomials, and the bytes of the result. */
static const struct {
    uint64_t polynomial;
    unsigned bytes;
} crcs[_SW_DIGEST_KIND_MAX] = {
    [SW_CRC32] = {0xEDB88320u, 4}, [SW_CRC32C] = {0x82F63B78u, 4}, [SW_CRC64NVME] = {0x9A6C9329AC4BC9B5u, 8}};
static uint64_t crc_table[_SW_DIGEST_KIND_MAX][8][256]; /* [k]: a byte with k bytes behind it; eight at a time */
static EVP_MD *md[_SW_DIGEST_KIND_MAX];
static EVP_MAC *hmac;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void) {
    static const char *const names[_SW_DIGEST_KIND_MAX] = {[SW_MD5] = "MD5", [SW_SHA1] = "SHA1", [SW_SHA256] = "SHA256"};
    for (int k = 0; k < _SW_DIGEST_KIND_MAX; k++) {
        if (names[k] && !(md[k] = EVP_MD_fetch(NULL, names[k], NULL)))
            abort();
        for (unsigned i = 0; i < 256 && crcs[k].bytes; i++) {
            uint64_t c = i;
            for (int bit = 0; bit < 8; bit++)
                c = c & 1 ? c >> 1 ^ crcs[k].polynomial : c >> 1;
            crc_table[k][0][i] = c;
        }
        for (unsigned i = 0; i < 256 && crcs[k].bytes; i++)
            for (int behind = 1; behind < 8; behind++) {
                uint64_t c = crc_table[k][behind - 1][i];
                crc_table[k][behind][i] = crc_table[k][0][c & 0xFF] ^ c >> 8;
            }
    }
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!hmac)
        abort();
}

static void free_ctx(void *p) {
    EVP_MD_CTX_free(p);
}

SwDigest *sw_digest_new(SwArena *a, SwDigestKind kind) {
    pthread_once(&once, prepare);
    SwDigest *d = sw_new(a, SwDigest);
    d->kind = kind;
    d->crc = UINT64_MAX;
    if (md[kind]) {
        d->ctx = EVP_MD_CTX_new();
        if (!d->ctx)
            sw_no_memory(SW_LACK_MACHINE);
        sw_arena_defer(a, free_ctx, d->ctx);
        if (!EVP_DigestInit_ex2(d->ctx, md[kind], NULL))
            sw_no_memory(SW_LACK_MACHINE);
    }
    return d;
}

void sw_digest_add(SwDigest *d, const void *p, size_t n) {
    if (d->ctx) {
        EVP_DigestUpdate(d->ctx, p, n);
        return;
    }
    uint64_t(*table)[256] = crc_table[d->kind];
    const unsigned char *at = p;
    uint64_t c = crcs[d->kind].bytes == 4 ? (uint32_t)d->crc : d->crc;
    for (; n >= 8; n -= 8, at += 8) {
        uint64_t w;
        memcpy(&w, at, 8);
        w = le64toh(w) ^ c;
        c = table[7][w & 0xFF] ^ table[6][w >> 8 & 0xFF] ^ table[5][w >> 16 & 0xFF] ^ table[4][w >> 24 & 0xFF] ^
            table[3][w >> 32 & 0xFF] ^ table[2][w >> 40 & 0xFF] ^ table[1][w >> 48 & 0xFF] ^ table[0][w >> 56];
    }
    for (size_t i = 0; i < n; i++)
        c = table[0][(c ^ at[i]) & 0xFF] ^ c >> 8;
    d->crc = c;
}

size_t sw_digest_end(SwDigest *d, uint8_t out[static SW_DIGEST_BYTES_MAX]) {
    if (d->ctx) {
        unsigned n = 0;
        EVP_DigestFinal_ex(d->ctx, out, &n);
        return n;
    }
    unsigned bytes = crcs[d->kind].bytes;
    uint64_t c = ~d->crc;
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(c >> 8 * (bytes - 1 - i));
    return bytes;
}

static size_t digest(EVP_MD *kind, SwStr data, uint8_t *out) {
    unsigned n = 0;
    if (!EVP_Digest(data.n ? data.p : "", data.n, out, &n, kind, NULL))
        sw_no_memory(SW_LACK_MACHINE); /* it has no other reason to fail */
    return n;
}

void sw_sha256(SwStr data, uint8_t out[static 32]) {
    pthread_once(&once, prepare);
    digest(md[SW_SHA256], data, out);
}

/* A context a thread, reused: a third of the cost of a fresh one. */
static pthread_key_t mac_key;
static pthread_once_t mac_once = PTHREAD_ONCE_INIT;

static void free_mac(void *p) {
    EVP_MAC_CTX_free(p);
}

static void make_mac_key(void) {
    pthread_key_create(&mac_key, free_mac);
}

void sw_hmac_sha256(SwStr key, SwStr data, uint8_t out[static 32]) {
    pthread_once(&once, prepare);
    pthread_once(&mac_once, make_mac_key);
    EVP_MAC_CTX *ctx = pthread_getspecific(mac_key);
    if (!ctx) {
        ctx = EVP_MAC_CTX_new(hmac);
        if (!ctx)
            sw_no_memory(SW_LACK_MACHINE);
        pthread_setspecific(mac_key, ctx);
    }
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end()};
    size_t n = 0;
    if (!EVP_MAC_init(ctx, (const unsigned char *)(key.n ? key.p : ""), key.n, params) ||
        !EVP_MAC_update(ctx, (const unsigned char *)data.p, data.n) || !EVP_MAC_final(ctx, out, &n, 32))
        sw_no_memory(SW_LACK_MACHINE);
}

SwStr sw_sha256_hex(SwArena *a, SwStr data) {
    uint8_t out[32];
    sw_sha256(data, out);
    return sw_hex(a, out, sizeof out);
}

SwStr sw_md5_hex(SwArena *a, SwStr data) {
    uint8_t out[SW_DIGEST_BYTES_MAX];
    pthread_once(&once, prepare);
    return sw_hex(a, out, digest(md[SW_MD5], data, out));
}
