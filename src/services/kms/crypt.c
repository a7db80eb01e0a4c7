/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypt, Decrypt and ReEncrypt. What symmetric keys encrypt says itself which key and material it is of (blob.h); what RSA
 * encrypts is RSA's alone. */

#include "services/kms/kms.h"

#define SYMMETRIC SW_STR("SYMMETRIC_DEFAULT")

/* The hash of RSAES-OAEP; NULL: the algorithm is not this key's. */
static const char *oaep_of(const KmsUse *u, SwStr algorithm) {
    if (u->spec->kind != KMS_RSA)
        return NULL;
    return sw_str_eqz(algorithm, "RSAES_OAEP_SHA_1") ? "SHA1" : sw_str_eqz(algorithm, "RSAES_OAEP_SHA_256") ? "SHA256" : NULL;
}

static bool fits(const KmsUse *u, SwStr algorithm) {
    return u->spec->kind == KMS_SYMMETRIC ? sw_str_eq(algorithm, SYMMETRIC) : oaep_of(u, algorithm) != NULL;
}

static int check_context(const KmsUse *u, const SwStrMap *context, SwError *err) {
    return u->spec->kind != KMS_SYMMETRIC && context->n
               ? sw_fail(err, &SW_VALIDATION_EXCEPTION, "An encryption context is for symmetric encryption keys only")
               : 0;
}

int kms_encrypt_with(SwCtx *cx, const KmsUse *u, const SwStrMap *context, SwStr plain, SwStr *ret_blob, SwStr *ret_material,
                     SwError *err) {
    const KmsMaterial *m = kms_material_current(u->key);
    SwStr secret;
    if (kms_current_bytes(cx, u->key, &secret, err) < 0)
        return -1;
    *ret_material = m->id;
    int r = kms_blob_seal(cx->arena, u->key->key_id, m->id, secret, context, plain, ret_blob, err);
    kms_cleanse(secret);
    return r;
}

static int rsa_encrypt(SwCtx *cx, const KmsUse *u, SwStr algorithm, SwStr plain, SwStr *ret, SwError *err) {
    const char *hash = oaep_of(u, algorithm);
    size_t most = u->spec->size / 8 - 2 - 2 * (strcmp(hash, "SHA1") == 0 ? 20 : 32);
    SwStr secret;
    if (plain.n > most)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Algorithm %.*s and key spec %s cannot encrypt data larger than %zu bytes.", SW_FMT(algorithm),
                       u->spec->name, most);
    if (kms_current_bytes(cx, u->key, &secret, err) < 0)
        return -1;
    bool good = kms_oaep_seal(cx->arena, secret, hash, plain, ret);
    kms_cleanse(secret);
    return good ? 0 : sw_fail(err, &SW_INTERNAL_FAILURE, "The data could not be encrypted");
}

typedef struct Sealing {
    SwStr key, algorithm, plain;
    const SwStrMap *context;
    const SwStrList *tokens;
    SwOptBool dry;
} Sealing;

typedef struct Sealed {
    SwStr blob, arn, material;
} Sealed;

static int begin_seal(SwCtx *cx, const Sealing *s, KmsUse *u, SwError *err) {
    if (kms_use(cx, s->key, KMS_KEY_USAGE_TYPE_ENCRYPT_DECRYPT, s->tokens, u, err) < 0)
        return -1;
    if (!fits(u, s->algorithm))
        return kms_bad_algorithm(u, s->algorithm, err);
    return check_context(u, s->context, err);
}

static int seal_with(SwCtx *cx, const KmsUse *u, const Sealing *s, Sealed *ret, SwError *err) {
    *ret = (Sealed){.arn = u->arn};
    if (u->spec->kind == KMS_RSA)
        return rsa_encrypt(cx, u, s->algorithm, s->plain, &ret->blob, err);
    return kms_encrypt_with(cx, u, s->context, s->plain, &ret->blob, &ret->material, err);
}

int kms_encrypt(SwCtx *cx, const KmsEncryptRequest *in, KmsEncryptResponse *out, SwError *err) {
    const Sealing s = {.key = in->key_id,
                       .algorithm = sw_str_or(in->encryption_algorithm, SYMMETRIC),
                       .plain = in->plaintext,
                       .context = &in->encryption_context,
                       .tokens = &in->grant_tokens};
    KmsUse u;
    Sealed sealed;
    if (begin_seal(cx, &s, &u, err) < 0 || kms_dry_run(in->dry_run, err) < 0 || seal_with(cx, &u, &s, &sealed, err) < 0)
        return -1;
    *out = (KmsEncryptResponse){.ciphertext_blob = sealed.blob, .key_id = sealed.arn, .encryption_algorithm = s.algorithm};
    return 0;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

typedef struct Opening {
    SwStr key, algorithm, blob; /* key absent: as the blob says */
    const SwStrMap *context;
    const SwStrList *tokens;
} Opening;

/* AWS tells nobody why. */
static int bad_ciphertext(SwError *err) {
    return sw_fail(err, &KMS_INVALID_CIPHERTEXT_EXCEPTION, "%s", "");
}

static int key_of_blob(SwCtx *cx, const KmsBlob *b, KmsKeyRecord **ret_k, SwError *err) {
    if (kms_key_find(cx, b->key, ret_k, err) < 0)
        return -1;
    return *ret_k ? 0
                  : sw_fail(err, &SW_ACCESS_DENIED_EXCEPTION,
                            "The ciphertext refers to a customer master key that does not exist, does not exist in this "
                            "region, or you are not allowed to access.");
}

static int begin_symmetric(SwCtx *cx, const Opening *o, KmsUse *u, KmsBlob *b, SwError *err) {
    KmsKeyRecord *k;
    bool read = kms_blob_read(cx->arena, o->blob, b);
    if (sw_str_is(o->key) && kms_key_of(cx, o->key, &k, err) < 0)
        return -1;
    if (!read)
        return bad_ciphertext(err);
    if (!sw_str_is(o->key) && key_of_blob(cx, b, &k, err) < 0)
        return -1;
    if (kms_use_key(cx, k, KMS_KEY_USAGE_TYPE_ENCRYPT_DECRYPT, o->tokens, u, err) < 0)
        return -1;
    if (!fits(u, o->algorithm))
        return kms_bad_algorithm(u, o->algorithm, err);
    return sw_str_eq(b->key, k->key_id) ? 0
                                        : sw_fail(err, &KMS_INCORRECT_KEY_EXCEPTION,
                                                  "The key ID in the request does not identify a CMK that can perform this "
                                                  "operation.");
}

static int begin_rsa(SwCtx *cx, const Opening *o, KmsUse *u, SwError *err) {
    if (!sw_str_is(o->key))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "KeyId is required for asymmetric keys");
    if (kms_use(cx, o->key, KMS_KEY_USAGE_TYPE_ENCRYPT_DECRYPT, o->tokens, u, err) < 0)
        return -1;
    return fits(u, o->algorithm) ? check_context(u, o->context, err) : kms_bad_algorithm(u, o->algorithm, err);
}

static int open_symmetric(SwCtx *cx, const KmsUse *u, const Opening *o, const KmsBlob *b, SwStr *ret_plain, SwError *err) {
    const KmsMaterial *m = kms_material(u->key, b->material);
    SwStr secret;
    if (!m || !sw_str_is(m->sealed))
        return bad_ciphertext(err);
    if (kms_material_bytes(cx, u->key, m, &secret, err) < 0)
        return -1;
    bool good = kms_blob_open(cx->arena, b, secret, o->context, ret_plain);
    kms_cleanse(secret);
    return good ? 0 : bad_ciphertext(err);
}

static int open_rsa(SwCtx *cx, const KmsUse *u, const Opening *o, SwStr *ret_plain, SwError *err) {
    SwStr secret;
    if (kms_current_bytes(cx, u->key, &secret, err) < 0)
        return -1;
    bool good = kms_oaep_open(cx->arena, secret, oaep_of(u, o->algorithm), o->blob, ret_plain);
    kms_cleanse(secret);
    return good ? 0 : bad_ciphertext(err);
}

static int open_it(SwCtx *cx, const Opening *o, KmsUse *u, SwStr *ret_plain, SwStr *ret_material, SwError *err) {
    KmsBlob b = {0};
    if (!sw_str_is(o->blob))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "CiphertextBlob is required.");
    bool symmetric = sw_str_eq(o->algorithm, SYMMETRIC);
    if (symmetric ? begin_symmetric(cx, o, u, &b, err) < 0 : begin_rsa(cx, o, u, err) < 0)
        return -1;
    *ret_material = b.material;
    return symmetric ? open_symmetric(cx, u, o, &b, ret_plain, err) : open_rsa(cx, u, o, ret_plain, err);
}

int kms_decrypt(SwCtx *cx, const KmsDecryptRequest *in, KmsDecryptResponse *out, SwError *err) {
    const Opening o = {.key = in->key_id,
                       .algorithm = sw_str_or(in->encryption_algorithm, SYMMETRIC),
                       .blob = in->ciphertext_blob,
                       .context = &in->encryption_context,
                       .tokens = &in->grant_tokens};
    KmsUse u;
    if (open_it(cx, &o, &u, &out->plaintext, &out->key_material_id, err) < 0 || kms_dry_run(in->dry_run, err) < 0)
        return -1;
    out->key_id = u.arn;
    out->encryption_algorithm = o.algorithm;
    return 0;
}

/* --- from one key to another -------------------------------------------------------------------------------------- */

/* Each half is asked about with its own encryption context, as its condition keys and grants' constraints know it. */
static int ask_half(SwCtx *cx, const char *action, const KmsKeyRecord *k, const KmsDecryptRequest *half, SwError *err) {
    const SwOperation *op = cx->op;
    const void *in = cx->in;
    cx->op = &cx->api->op[KMS_DECRYPT];
    cx->in = half;
    int r = sw_authorise(cx, action, kms_arn(cx, k), err);
    cx->op = op;
    cx->in = in;
    return r;
}

/* *ret_k NULL: neither the request nor the ciphertext says which key it is of. */
static int source_of(SwCtx *cx, const Opening *o, KmsKeyRecord **ret_k, SwError *err) {
    KmsBlob b;
    *ret_k = NULL;
    if (sw_str_is(o->key))
        return kms_key_of(cx, o->key, ret_k, err);
    if (!sw_str_eq(o->algorithm, SYMMETRIC) || !kms_blob_read(cx->arena, o->blob, &b))
        return 0;
    return key_of_blob(cx, &b, ret_k, err);
}

static int ask(SwCtx *cx, const Opening *o, const Sealing *s, SwError *err) {
    const KmsDecryptRequest from = {.encryption_context = *o->context, .key_id = o->key};
    const KmsDecryptRequest to = {.encryption_context = *s->context, .key_id = s->key};
    KmsKeyRecord *k;
    if (source_of(cx, o, &k, err) < 0 || (k && ask_half(cx, "kms:ReEncryptFrom", k, &from, err) < 0))
        return -1;
    return kms_key_of(cx, s->key, &k, err) < 0 ? -1 : ask_half(cx, "kms:ReEncryptTo", k, &to, err);
}

/* A token is of a grant of either key. */
static int check_tokens(SwCtx *cx, const KmsUse *from, const KmsUse *to, const SwStrList *tokens, SwError *err) {
    for (size_t i = 0; i < tokens->n; i++) {
        SwError first = sw_error(cx->arena);
        const SwStrList one = SW_ONE(tokens->v[i]);
        if (kms_grant_tokens(cx, from->key, &one, &first) < 0 && kms_grant_tokens(cx, to->key, &one, err) < 0)
            return -1;
    }
    return 0;
}

int kms_re_encrypt(SwCtx *cx, const KmsReEncryptRequest *in, KmsReEncryptResponse *out, SwError *err) {
    const Opening o = {.key = in->source_key_id,
                       .algorithm = sw_str_or(in->source_encryption_algorithm, SYMMETRIC),
                       .blob = in->ciphertext_blob,
                       .context = &in->source_encryption_context,
                       .tokens = NULL};
    Sealing s = {.key = in->destination_key_id,
                 .algorithm = sw_str_or(in->destination_encryption_algorithm, SYMMETRIC),
                 .context = &in->destination_encryption_context,
                 .tokens = NULL};
    KmsUse from, to;
    Sealed sealed;
    bool good = ask(cx, &o, &s, err) == 0 && open_it(cx, &o, &from, &s.plain, &out->source_key_material_id, err) == 0 &&
                begin_seal(cx, &s, &to, err) == 0 && check_tokens(cx, &from, &to, &in->grant_tokens, err) == 0 &&
                kms_dry_run(in->dry_run, err) == 0 && seal_with(cx, &to, &s, &sealed, err) == 0;
    kms_cleanse(s.plain);
    if (!good)
        return -1;
    out->ciphertext_blob = sealed.blob;
    out->destination_key_material_id = sealed.material;
    out->source_key_id = from.arn;
    out->key_id = to.arn;
    out->source_encryption_algorithm = o.algorithm;
    out->destination_encryption_algorithm = s.algorithm;
    return 0;
}
