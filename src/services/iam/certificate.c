/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and public keys: see certificate.h. */

#include "services/iam/certificate.h"

#include <time.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/lazy_crypto.h"
#include "services/iam/jwt.h"

#define RSA_MIN    256 /* bytes: 2048 bits */
#define RSA_MAX    2048
#define CHAIN_MOST 20

/* Without one OpenSSL would ask whoever sits before the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg) {
    return -1;
}

static X509 *read_one(BIO *b) {
    return PEM_read_bio_X509(b, NULL, no_passphrase, NULL);
}

static X509 *certificate_of(SwStr pem) {
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = b ? read_one(b) : NULL;
    BIO_free(b);
    ERR_clear_error();
    return x;
}

bool iam_certificate_read(SwStr pem, SwTime *ret_end) {
    struct tm t = {0};
    X509 *x = certificate_of(pem);
    bool good = x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &t) == 1;
    X509_free(x);
    *ret_end = good ? (SwTime)timegm(&t) * SW_S : 0;
    return good;
}

IamPair iam_certificate_pair(SwStr pem, SwStr key) {
    BIO *b = BIO_new_mem_buf(key.p, (int)key.n);
    EVP_PKEY *k = b ? PEM_read_bio_PrivateKey(b, NULL, no_passphrase, NULL) : NULL;
    X509 *x = certificate_of(pem);
    IamPair pair = !k ? IAM_PAIR_NO_KEY : x && X509_check_private_key(x, k) == 1 ? IAM_PAIR_GOOD : IAM_PAIR_STRANGERS;
    X509_free(x);
    EVP_PKEY_free(k);
    BIO_free(b);
    ERR_clear_error();
    return pair;
}

static bool signed_by(X509 *x, X509 *by) {
    EVP_PKEY *k = X509_get_pubkey(by);
    bool good = k && X509_verify(x, k) == 1;
    EVP_PKEY_free(k);
    return good;
}

bool iam_certificate_chain(SwStr pem, SwStr chain) {
    BIO *b = BIO_new_mem_buf(chain.p, (int)chain.n);
    X509 *x = certificate_of(pem), *next;
    size_t n = 0;
    bool good = b && x;
    while (good && n < CHAIN_MOST && (next = read_one(b))) {
        good = signed_by(x, next);
        X509_free(x);
        x = next;
        n++;
    }
    X509_free(x);
    BIO_free(b);
    ERR_clear_error();
    return good && n > 0;
}

/* --- public keys. RFC 4253, 6.6: texts and numbers with their lengths before them --- */

static bool take(SwStr *rest, SwStr *ret) {
    if (rest->n < 4)
        return false;
    const unsigned char *p = (const unsigned char *)rest->p;
    size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (n > rest->n - 4)
        return false;
    *ret = sw_str_n(rest->p + 4, n);
    *rest = sw_str_skip(*rest, 4 + n);
    while (ret->n > 0 && ret->p[0] == 0) /* before a number whose first bit is set */
        *ret = sw_str_skip(*ret, 1);
    return true;
}

static void put(SwBuf *b, SwStr s, bool is_number) {
    size_t n = s.n + (is_number && s.n > 0 && ((unsigned char)s.p[0] & 0x80));
    const char size[] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    sw_buf_add(b, size, 4);
    if (n > s.n)
        sw_buf_addc(b, 0);
    sw_buf_adds(b, s);
}

static bool read_blob(SwStr blob, SwStr *ret_e, SwStr *ret_n) {
    SwStr kind;
    return take(&blob, &kind) && sw_str_eqz(kind, "ssh-rsa") && take(&blob, ret_e) && take(&blob, ret_n) && blob.n == 0 &&
           ret_e->n > 0 && ret_e->n <= 8 && ret_n->n >= RSA_MIN && ret_n->n <= RSA_MAX;
}

static bool blob_of(SwArena *a, SwStr ssh, SwStr *ret) {
    SwStr rest = sw_str_trim(ssh), kind, encoded;
    if (!sw_str_cut(&rest, ' ', &kind) || !sw_str_eqz(kind, "ssh-rsa"))
        return false;
    rest = sw_str_trim(rest);
    return sw_str_next(&rest, ' ', &encoded) && sw_unbase64(a, encoded, ret); /* a comment may follow */
}

static SwStr number_of(SwArena *a, const EVP_PKEY *k, const char *name) {
    BIGNUM *n = NULL;
    SwStr out = SW_NO_STR;
    if (EVP_PKEY_get_bn_param(k, name, &n) == 1) {
        size_t size = (size_t)(BN_num_bits(n) + 7) / 8;
        unsigned char *p = sw_arena_alloc(a, size + 1);
        BN_bn2bin(n, p);
        out = sw_str_n((const char *)p, size);
    }
    BN_free(n);
    return out;
}

static bool blob_of_pem(SwArena *a, SwStr pem, SwStr *ret) {
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *k = b ? PEM_read_bio_PUBKEY(b, NULL, no_passphrase, NULL) : NULL;
    bool good = k && EVP_PKEY_get_base_id(k) == EVP_PKEY_RSA;
    if (good) {
        SwBuf out = sw_buf(a, 4 * SW_KIB);
        put(&out, SW_STR("ssh-rsa"), false);
        put(&out, number_of(a, k, OSSL_PKEY_PARAM_RSA_E), true);
        put(&out, number_of(a, k, OSSL_PKEY_PARAM_RSA_N), true);
        *ret = sw_buf_str(&out);
        good = !out.full;
    }
    EVP_PKEY_free(k);
    BIO_free(b);
    ERR_clear_error();
    return good;
}

bool iam_ssh_key_read(SwArena *a, SwStr text, SwStr *ret_ssh, SwStr *ret_fingerprint) {
    SwStr blob, e, n;
    if (!blob_of(a, text, &blob) && !blob_of_pem(a, text, &blob))
        return false;
    if (!read_blob(blob, &e, &n))
        return false;
    SwStr digest = sw_md5_hex(a, blob);
    SwBuf b = sw_buf(a, 64);
    for (size_t i = 0; i + 1 < digest.n; i += 2) {
        if (i > 0)
            sw_buf_addc(&b, ':');
        sw_buf_add(&b, digest.p + i, 2);
    }
    *ret_fingerprint = sw_buf_str(&b);
    *ret_ssh = sw_cat(a, SW_STR("ssh-rsa "), sw_base64(a, blob));
    return true;
}

SwStr iam_ssh_key_pem(SwArena *a, SwStr ssh) {
    SwStr blob, e, n, pem = SW_NO_STR;
    if (!blob_of(a, ssh, &blob) || !read_blob(blob, &e, &n))
        return pem;
    EVP_PKEY *key = iam_rsa_key(a, n, e);
    BIO *b = BIO_new(BIO_s_mem());
    char *p;
    if (key && b && PEM_write_bio_PUBKEY(b, key)) {
        long size = BIO_get_mem_data(b, &p);
        pem = sw_str_dup(a, sw_str_n(p, size > 0 ? (size_t)size : 0));
    }
    BIO_free(b);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return pem;
}
