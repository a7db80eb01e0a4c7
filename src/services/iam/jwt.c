/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens and keys: see jwt.h. */

#include "services/iam/jwt.h"

#include "base/digest.h"
#include "base/lazy_crypto.h"

#define RSA_MIN   256 /* bytes of a modulus: 2048 bits, which RFC 7518 asks for */
#define RSA_MAX   1024
#define P256_SIZE 32
#define P384_SIZE 48

static const struct {
    const char *name;
    bool curve, p384;
} algorithms[] = {
    [IAM_RS256] = {"RS256", false, false}, [IAM_RS384] = {"RS384", false, false}, [IAM_RS512] = {"RS512", false, false},
    [IAM_ES256] = {"ES256", true, false},  [IAM_ES384] = {"ES384", true, true},
};

static const EVP_MD *digest_of(IamJwtAlgorithm algorithm) {
    switch (algorithm) {
    case IAM_RS256:
    case IAM_ES256: return EVP_sha256();
    case IAM_RS384:
    case IAM_ES384: return EVP_sha384();
    case IAM_RS512:
    case _IAM_JWT_ALGORITHM_MAX: break;
    }
    return EVP_sha512();
}

static bool read_object(SwArena *a, SwStr encoded, SwValue *ret) {
    SwError ignored = sw_error(a);
    SwStr text;
    return sw_unbase64url(a, encoded, &text) && sw_json_parse(a, text, ret, &ignored) == 0 && ret->kind == SW_VOBJECT;
}

static bool read_header(SwArena *a, SwStr encoded, IamJwt *t) {
    SwValue header;
    if (!read_object(a, encoded, &header) || sw_value_getz(&header, "crit")) /* an extension that must be understood */
        return false;
    SwStr name = sw_value_str(sw_value_getz(&header, "alg"));
    size_t k = 0;
    while (k < SW_N(algorithms) && !sw_str_eqz(name, algorithms[k].name))
        k++;
    if (k == SW_N(algorithms))
        return false;
    t->algorithm = (IamJwtAlgorithm)k;
    t->key_id = sw_value_str(sw_value_getz(&header, "kid"));
    return true;
}

bool iam_jwt_read(SwArena *a, SwStr token, IamJwt *ret_t) {
    SwStr rest = token, header, claims;
    *ret_t = (IamJwt){0};
    if (token.n > IAM_JWT_MAX || !sw_str_cut(&rest, '.', &header) || !sw_str_cut(&rest, '.', &claims))
        return false;
    ret_t->signed_part = sw_str_n(token.p, header.n + 1 + claims.n);
    return sw_unbase64url(a, rest, &ret_t->signature) && read_header(a, header, ret_t) &&
           read_object(a, claims, &ret_t->claims);
}

static bool read_number(SwArena *a, const SwValue *key, const char *name, SwStr *ret) {
    return sw_unbase64url(a, sw_value_str(sw_value_getz(key, name)), ret) && sw_str_is(*ret);
}

/* Without the zeros that some put before a number whose first bit is set. */
static SwStr without_zeros(SwStr s) {
    while (s.n > 0 && s.p[0] == 0)
        s = sw_str_skip(s, 1);
    return s;
}

static bool read_rsa(SwArena *a, const SwValue *v, IamJwk *k) {
    if (!read_number(a, v, "n", &k->modulus) || !read_number(a, v, "e", &k->exponent))
        return false;
    k->modulus = without_zeros(k->modulus);
    k->exponent = without_zeros(k->exponent);
    return k->modulus.n >= RSA_MIN && k->modulus.n <= RSA_MAX && k->exponent.n > 0 && k->exponent.n <= 8;
}

static bool read_curve(SwArena *a, const SwValue *v, IamJwk *k) {
    SwStr curve = sw_value_str(sw_value_getz(v, "crv"));
    k->curve = true;
    k->p384 = sw_str_eqz(curve, "P-384");
    size_t size = k->p384 ? P384_SIZE : P256_SIZE;
    return (k->p384 || sw_str_eqz(curve, "P-256")) && read_number(a, v, "x", &k->x) && read_number(a, v, "y", &k->y) &&
           k->x.n == size && k->y.n == size;
}

static bool read_key(SwArena *a, const SwValue *v, IamJwk *k) {
    SwStr kind = sw_value_str(sw_value_getz(v, "kty")), use = sw_value_str(sw_value_getz(v, "use"));
    if (use.p && !sw_str_eqz(use, "sig"))
        return false;
    k->id = sw_value_str(sw_value_getz(v, "kid"));
    k->algorithm = sw_value_str(sw_value_getz(v, "alg"));
    return sw_str_eqz(kind, "RSA") ? read_rsa(a, v, k) : sw_str_eqz(kind, "EC") && read_curve(a, v, k);
}

bool iam_jwks_read(SwArena *a, SwStr text, IamJwks *ret_keys) {
    SwError ignored = sw_error(a);
    SwValue all;
    *ret_keys = (IamJwks){0};
    if (text.n > IAM_JWKS_MAX || sw_json_parse(a, text, &all, &ignored) < 0)
        return false;
    const SwValue *keys = sw_value_getz(&all, "keys");
    if (!keys || keys->kind != SW_VARRAY || keys->n > IAM_JWK_MOST)
        return false;
    ret_keys->v = sw_new_n(a, IamJwk, keys->n + 1);
    for (size_t i = 0; i < keys->n; i++) {
        IamJwk k = {0};
        if (read_key(a, &keys->v[i], &k))
            ret_keys->v[ret_keys->n++] = k;
    }
    return true;
}

static bool fits(const IamJwk *k, const IamJwt *t) {
    if (k->curve != algorithms[t->algorithm].curve || (k->curve && k->p384 != algorithms[t->algorithm].p384))
        return false;
    if (k->algorithm.p && !sw_str_eqz(k->algorithm, algorithms[t->algorithm].name))
        return false;
    return !t->key_id.p || sw_str_eq(k->id, t->key_id);
}

bool iam_jwks_has(const IamJwks *keys, const IamJwt *t) {
    for (size_t i = 0; i < keys->n; i++)
        if (fits(&keys->v[i], t))
            return true;
    return false;
}

/* OpenSSL takes numbers with their last byte first, as this machine has them. */
static OSSL_PARAM number(SwArena *a, const char *name, SwStr big_endian) {
    unsigned char *p = sw_arena_alloc(a, big_endian.n);
    for (size_t i = 0; i < big_endian.n; i++)
        p[i] = (unsigned char)big_endian.p[big_endian.n - 1 - i];
    return OSSL_PARAM_construct_BN(name, p, big_endian.n);
}

static EVP_PKEY *key_of(const char *kind, OSSL_PARAM *params) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (!c || EVP_PKEY_fromdata_init(c) <= 0 || EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(c);
    return key;
}

EVP_PKEY *iam_rsa_key(SwArena *a, SwStr modulus, SwStr exponent) {
    OSSL_PARAM params[] = {number(a, OSSL_PKEY_PARAM_RSA_N, modulus), number(a, OSSL_PKEY_PARAM_RSA_E, exponent),
                           OSSL_PARAM_construct_end()};
    return key_of("RSA", params);
}

static EVP_PKEY *curve_key(SwArena *a, const IamJwk *k) {
    SwStr point = sw_cat(a, SW_STR("\x04"), k->x, k->y); /* uncompressed */
    char *curve = (char *)(uintptr_t)(k->p384 ? "P-384" : "P-256");
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (char *)(uintptr_t)point.p, point.n),
                           OSSL_PARAM_construct_end()};
    return key_of("EC", params);
}

/* One integer of a signature, as DER has it: without leading zeros, but with one before a first bit that is set. */
static void der_integer(SwBuf *b, SwStr n) {
    n = without_zeros(n);
    bool zero = n.n == 0 || ((unsigned char)n.p[0] & 0x80);
    sw_buf_addc(b, 2);
    sw_buf_addc(b, (char)(n.n + zero));
    if (zero)
        sw_buf_addc(b, 0);
    sw_buf_adds(b, n);
}

/* RFC 7518, 3.4: the two numbers of a signature one behind the other, which OpenSSL knows as a sequence in DER. */
static bool der_signature(SwArena *a, const IamJwt *t, SwStr *ret) {
    size_t size = algorithms[t->algorithm].p384 ? P384_SIZE : P256_SIZE;
    if (t->signature.n != 2 * size)
        return false;
    SwBuf two = sw_buf(a, 128), all = sw_buf(a, 128);
    der_integer(&two, sw_str_n(t->signature.p, size));
    der_integer(&two, sw_str_skip(t->signature, size));
    sw_buf_addc(&all, 0x30);
    sw_buf_addc(&all, (char)two.n); /* at most 102, so that one byte says it */
    sw_buf_adds(&all, sw_buf_str(&two));
    *ret = sw_buf_str(&all);
    return true;
}

static bool verify(SwArena *a, const IamJwk *k, const IamJwt *t) {
    SwStr signature = t->signature;
    if (k->curve && !der_signature(a, t, &signature))
        return false;
    EVP_PKEY *key = k->curve ? curve_key(a, k) : iam_rsa_key(a, k->modulus, k->exponent);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = key && c && EVP_DigestVerifyInit(c, NULL, digest_of(t->algorithm), NULL, key) == 1 &&
                EVP_DigestVerify(c, (const unsigned char *)signature.p, signature.n, (const unsigned char *)t->signed_part.p,
                                 t->signed_part.n) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

bool iam_jwt_verify(SwArena *a, const IamJwks *keys, const IamJwt *t) {
    for (size_t i = 0; i < keys->n; i++)
        if (fits(&keys->v[i], t) && verify(a, &keys->v[i], t))
            return true;
    return false;
}
