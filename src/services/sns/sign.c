/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of what HTTP endpoints and queues get (SNS Developer Guide, "Verifying the signatures of Amazon SNS
 * messages"): an RSA key of the installation and its self-signed certificate, made at first use. */

#include <pthread.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/lazy_crypto.h"
#include "base/thread.h"
#include "services/sns/sns.h"

static pthread_mutex_t make_lock = PTHREAD_MUTEX_INITIALIZER; /* one thread makes the key */

static const char *file_of(SwCtx *cx, const char *name) {
    return sw_path(cx->arena, sw_path(cx->arena, cx->host->config->data, "sns"), name);
}

static SwStr bio_text(SwArena *a, BIO *b) {
    char *p;
    long n = BIO_get_mem_data(b, &p);
    return sw_str_dup(a, sw_str_n(p, n > 0 ? (size_t)n : 0));
}

static X509 *certify(EVP_PKEY *key) {
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3650L * 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"sns.amazonaws.com", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    if (!X509_sign(x, key, EVP_sha256())) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static int make(SwCtx *cx, SwError *err) {
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *cert = key ? certify(key) : NULL;
    BIO *key_bio = BIO_new(BIO_s_mem()), *cert_bio = BIO_new(BIO_s_mem());
    int r = -1;
    if (cert && PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) && PEM_write_bio_X509(cert_bio, cert))
        r = sw_mkdirs(sw_path(cx->arena, cx->host->config->data, "sns"), 0700, err) < 0 ||
                    sw_file_write_durable(file_of(cx, "certificate.pem"), bio_text(cx->arena, cert_bio), 0644, err) < 0 ||
                    sw_file_write_durable(file_of(cx, "key.pem"), bio_text(cx->arena, key_bio), 0600, err) < 0
                ? -1
                : 0;
    else
        sw_fail(err, &SW_INTERNAL_FAILURE, "The signing key of SNS cannot be made");
    BIO_free(key_bio);
    BIO_free(cert_bio);
    X509_free(cert);
    EVP_PKEY_free(key);
    return r;
}

/* The key is written last: when it is there, all is. */
static int ensure(SwCtx *cx, SwError *err) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&make_lock);
    return sw_exists(file_of(cx, "key.pem")) ? 0 : make(cx, err);
}

int sns_sign(SwCtx *cx, SwStr text, bool sha256, SwStr *ret_base64, SwError *err) {
    SwStr pem;
    if (ensure(cx, err) < 0 || sw_file_read(cx->arena, file_of(cx, "key.pem"), 64 * SW_KIB, &pem, err) < 0)
        return -1;
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char out[512];
    size_t n = sizeof out;
    bool good = key && EVP_DigestSignInit(md, NULL, sha256 ? EVP_sha256() : EVP_sha1(), NULL, key) &&
                EVP_DigestSign(md, out, &n, (const unsigned char *)text.p, text.n);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    BIO_free(b);
    if (!good)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "A message of SNS cannot be signed");
    *ret_base64 = sw_base64(cx->arena, sw_str_n((char *)out, n));
    return 0;
}

/* Named after what is in it, as AWS's are: a client may keep it for ever. */
int sns_certificate_name(SwCtx *cx, SwStr *ret_path, SwError *err) {
    SwStr pem;
    if (ensure(cx, err) < 0 || sw_file_read(cx->arena, file_of(cx, "certificate.pem"), 64 * SW_KIB, &pem, err) < 0)
        return -1;
    *ret_path = sw_cat(cx->arena, SW_STR("/SimpleNotificationService-"), sw_md5_hex(cx->arena, pem), SW_STR(".pem"));
    return 0;
}

void sns_certificate(SwCtx *cx) {
    SwError err = sw_error(cx->arena);
    SwStr pem, name;
    SwWireMessage *m = &cx->http->reply;
    if (sns_certificate_name(cx, &name, &err) == 0 && !sw_str_eq(cx->http->m.path, name)) {
        m->status = 404;
        return;
    }
    bool good = ensure(cx, &err) == 0 && sw_file_read(cx->arena, file_of(cx, "certificate.pem"), 64 * SW_KIB, &pem, &err) == 0;
    m->status = good ? 200 : 500;
    m->body = good ? pem : sw_str(err.message);
    sw_header_set(cx->arena, &m->headers, SW_STR("content-type"), SW_STR("application/x-pem-file"));
}
