/* SPDX-License-Identifier: Apache-2.0 */

/* Four files under <dir>/tls: ca.key, ca.pem, server.key, server.pem. A key is written before its certificate, and a pair
 * is used only when both parse, belong together, are valid for RENEW_DAYS more and (the server's) carry the names asked
 * for and the authority's signature; else it is made anew. So a crash between two writes heals at the next start. */

#include "http/ca.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/lazy_crypto.h"
#include "base/lazy_ssl.h"

#define CA_DAYS     3650
#define SERVER_DAYS 397 /* what browsers accept at most */
#define RENEW_DAYS  30
#define RECENT_DAYS 30
#define PEM_MAX     (64 * SW_KIB)

typedef struct Pair {
    X509 *cert;
    EVP_PKEY *key;
} Pair;

static void pair_free(void *p) {
    Pair *pair = p;
    X509_free(pair->cert);
    EVP_PKEY_free(pair->key);
}

static Pair *pair_new(SwArena *a) {
    Pair *p = sw_new(a, Pair);
    sw_arena_defer(a, pair_free, p);
    return p;
}

static int fail(SwError *err, const char *what) {
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, text, "The certificate authority failed: %s", what);
}

static SwStr bio_text(SwArena *a, BIO *b) {
    char *p = NULL;
    long n = b ? BIO_get_mem_data(b, &p) : 0;
    SwStr s = n > 0 ? sw_str_dup(a, sw_str_n(p, (size_t)n)) : SW_NO_STR;
    BIO_free(b);
    return s;
}

static SwStr cert_text(SwArena *a, X509 *x) {
    BIO *b = BIO_new(BIO_s_mem());
    if (b)
        PEM_write_bio_X509(b, x);
    return bio_text(a, b);
}

static SwStr key_text(SwArena *a, EVP_PKEY *k) {
    BIO *b = BIO_new(BIO_s_mem());
    if (b)
        PEM_write_bio_PKCS8PrivateKey(b, k, NULL, NULL, 0, NULL, NULL);
    return bio_text(a, b);
}

/* Load NAME.pem and NAME.key; false when they are missing, broken, strangers to each other, or near their end. */
static bool pair_load(SwArena *a, const char *dir, const char *name, SwTime now, Pair *ret) {
    SwError ignored = sw_error(a);
    SwStr cert, key;
    const char *key_path = sw_path(a, dir, sw_str_z(a, sw_strf(a, "%s.key", name)));
    if (sw_file_read(a, sw_path(a, dir, sw_str_z(a, sw_strf(a, "%s.pem", name))), PEM_MAX, &cert, &ignored) < 0 ||
        sw_file_read(a, key_path, PEM_MAX, &key, &ignored) < 0)
        return false;
    (void)chmod(key_path, 0600); /* whoever copied it here may have widened it */
    BIO *cb = BIO_new_mem_buf(cert.p, (int)cert.n), *kb = BIO_new_mem_buf(key.p, (int)key.n);
    ret->cert = cb ? PEM_read_bio_X509(cb, NULL, NULL, NULL) : NULL;
    ret->key = kb ? PEM_read_bio_PrivateKey(kb, NULL, NULL, NULL) : NULL;
    BIO_free(cb);
    BIO_free(kb);
    time_t from = (time_t)(now / SW_S), until = (time_t)((now + RENEW_DAYS * SW_DAY) / SW_S);
    bool ok = ret->cert && ret->key && X509_check_private_key(ret->cert, ret->key) == 1 &&
              X509_cmp_time(X509_get0_notBefore(ret->cert), &from) < 0 &&
              X509_cmp_time(X509_get0_notAfter(ret->cert), &until) > 0;
    ERR_clear_error();
    return ok;
}

static int pair_save(SwArena *a, const char *dir, const char *name, const Pair *p, SwError *err) {
    const char *key = sw_path(a, dir, sw_str_z(a, sw_strf(a, "%s.key", name)));
    const char *cert = sw_path(a, dir, sw_str_z(a, sw_strf(a, "%s.pem", name)));
    if (sw_file_write_durable(key, key_text(a, p->key), 0600, err) < 0)
        return -1;
    return sw_file_write_durable(cert, cert_text(a, p->cert), 0644, err);
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static bool set_serial(X509 *x, uint8_t serial[static 16]) {
    if (RAND_bytes(serial, 16) != 1)
        return false;
    serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, of constant length */
    BIGNUM *n = BN_bin2bn(serial, 16, NULL);
    bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return ok;
}

/* A new key and an unsigned certificate with what authority and server have in common. */
static bool begin_pair(Pair *p, const char *cn, bool cn_serial, int days, SwTime now) {
    uint8_t serial[16];
    char name[64];
    X509_free(p->cert);
    EVP_PKEY_free(p->key);
    p->key = EVP_EC_gen("P-256");
    p->cert = X509_new();
    if (!p->key || !p->cert || !set_serial(p->cert, serial))
        return false;
    time_t from = (time_t)((now - SW_DAY) / SW_S), until = (time_t)((now + days * SW_DAY) / SW_S);
    (void)snprintf(name, sizeof name, cn_serial ? "%s %02x%02x%02x%02x" : "%s", cn, serial[1], serial[2], serial[3], serial[4]);
    X509_NAME *subject = X509_get_subject_name(p->cert);
    return X509_set_version(p->cert, X509_VERSION_3) == 1 && ASN1_TIME_set(X509_getm_notBefore(p->cert), from) &&
           ASN1_TIME_set(X509_getm_notAfter(p->cert), until) &&
           X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Slipway", -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1 &&
           X509_set_pubkey(p->cert, p->key) == 1;
}

static int make_ca(Pair *ca, SwTime now, SwError *err) {
    bool ok = begin_pair(ca, "Slipway local authority", true, CA_DAYS, now) &&
              X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert)) == 1 &&
              add_extension(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add_extension(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              add_extension(ca->cert, ca->cert, NID_subject_key_identifier, "hash") &&
              X509_sign(ca->cert, ca->key, EVP_sha256()) > 0;
    return ok ? 0 : fail(err, "authority");
}

static int make_server(const Pair *ca, const char *names, SwTime now, Pair *ret, SwError *err) {
    bool ok = begin_pair(ret, "localhost", false, SERVER_DAYS, now) &&
              X509_set_issuer_name(ret->cert, X509_get_subject_name(ca->cert)) == 1 &&
              add_extension(ret->cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(ret->cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
              add_extension(ret->cert, ca->cert, NID_ext_key_usage, "serverAuth") &&
              add_extension(ret->cert, ca->cert, NID_subject_key_identifier, "hash") &&
              add_extension(ret->cert, ca->cert, NID_authority_key_identifier, "keyid") &&
              add_extension(ret->cert, ca->cert, NID_subject_alt_name, names) &&
              X509_sign(ret->cert, ca->key, EVP_sha256()) > 0;
    return ok ? 0 : fail(err, "server certificate");
}

static bool is_ip(const char *s) {
    uint8_t b[16];
    return inet_pton(AF_INET, s, b) == 1 || inet_pton(AF_INET6, s, b) == 1;
}

/* Only what can stand in a host name: the text goes through OpenSSL's little configuration language. */
static bool is_name(SwStr s) {
    return s.n > 0 && s.n <= 253 && sw_str_all(s, "a-zA-Z0-9.*:_-");
}

/* "DNS:localhost,IP:127.0.0.1,...": what a certificate must carry, in this order. */
static int alt_names(SwArena *a, const SwStr *names, size_t n, const char **ret, SwError *err) {
    SwBuf b = sw_buf(a, PEM_MAX);
    SwStrList seen = {0};
    sw_buf_addz(&b, "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1");
    sw_str_list_add(a, &seen, SW_STR("localhost"));
    sw_str_list_add(a, &seen, SW_STR("*.localhost"));
    sw_str_list_add(a, &seen, SW_STR("127.0.0.1"));
    sw_str_list_add(a, &seen, SW_STR("::1"));
    for (size_t i = 0; i < n; i++) {
        bool ip = is_ip(sw_str_z(a, names[i]));
        if (!is_name(names[i]) || (!ip && sw_str_contains(names[i], SW_STR(":"))))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Not a host name or address: %.*s", SW_FMT(names[i]));
        if (sw_str_list_has(&seen, names[i]))
            continue;
        sw_str_list_add(a, &seen, names[i]);
        sw_buf_addf(&b, ",%s:%.*s", ip ? "IP" : "DNS", SW_FMT(names[i]));
    }
    *ret = sw_str_z(a, sw_buf_str(&b));
    return 0;
}

/* Both sides in DER, so that no spelling of an address matters. */
static bool has_names(X509 *x, const char *names) {
    X509 *other = X509_new();
    bool same = false;
    if (other && add_extension(other, NULL, NID_subject_alt_name, names)) {
        int i = X509_get_ext_by_NID(x, NID_subject_alt_name, -1), j = X509_get_ext_by_NID(other, NID_subject_alt_name, -1);
        same = i >= 0 && j >= 0 &&
               ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(X509_get_ext(x, i)),
                                     X509_EXTENSION_get_data(X509_get_ext(other, j))) == 0;
    }
    X509_free(other);
    return same;
}

int sw_ca_open(SwArena *a, const char *dir, const SwStr *names, size_t n_names, SwTime now, SwCa *ret_ca, SwError *err) {
    const char *tls = sw_path(a, dir, "tls"), *want;
    Pair *ca = pair_new(a), *server = pair_new(a);
    if (alt_names(a, names, n_names, &want, err) < 0 || sw_mkdirs(tls, 0700, err) < 0)
        return -1;
    if (!pair_load(a, tls, "ca", now, ca) && (make_ca(ca, now, err) < 0 || pair_save(a, tls, "ca", ca, err) < 0))
        return -1;
    bool good =
        pair_load(a, tls, "server", now, server) && has_names(server->cert, want) && X509_verify(server->cert, ca->key) == 1;
    ERR_clear_error();
    if (!good && (make_server(ca, want, now, server, err) < 0 || pair_save(a, tls, "server", server, err) < 0))
        return -1;
    ret_ca->ca_pem = cert_text(a, ca->cert);
    ret_ca->cert_pem = cert_text(a, server->cert);
    ret_ca->key_pem = key_text(a, server->key);
    return ret_ca->ca_pem.p && ret_ca->cert_pem.p && ret_ca->key_pem.p ? 0 : fail(err, "PEM");
}

bool sw_ca_is_recent(SwArena *a, const char *dir) {
    static const struct {
        const char *name;
        mode_t not ; /* who may not have it */
    } files[] = {{"tls/ca.key", 077}, {"tls/ca.pem", 0}, {"tls/server.key", 077}, {"tls/server.pem", 0}};
    for (size_t i = 0; i < SW_N(files); i++) {
        struct stat st;
        if (stat(sw_path(a, dir, files[i].name), &st) < 0 || st.st_size == 0 || (st.st_mode & files[i].not ) != 0 ||
            st.st_mtime < time(NULL) - RECENT_DAYS * (time_t)(SW_DAY / SW_S))
            return false;
    }
    return true;
}
