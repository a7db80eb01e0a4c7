/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, MACs, public keys and shared secrets. */

#include "base/digest.h"
#include "services/kms/kms.h"

typedef struct Signing {
    SwStr key, algorithm, message, type;
    const SwStrList *tokens;
    SwOptBool dry;
} Signing;

static int digest_of(SwCtx *cx, const Signing *s, const KmsAlgorithm *g, SwStr *ret, SwError *err) {
    *ret = s->message;
    if (!sw_str_eqz(s->type, "DIGEST"))
        return kms_hash(cx->arena, g->hash, s->message, ret, err);
    return s->message.n == g->digest
               ? 0
               : sw_fail(err, &SW_VALIDATION_EXCEPTION, "Digest is invalid length for algorithm %s.", g->name);
}

/* *ret_digest: what is signed; *ret_secret: the private key, to be cleansed. */
static int begin(SwCtx *cx, const Signing *s, KmsUse *u, const KmsAlgorithm **ret_g, SwStr *ret_digest, SwStr *ret_secret,
                 SwError *err) {
    if (kms_use(cx, s->key, KMS_KEY_USAGE_TYPE_SIGN_VERIFY, s->tokens, u, err) < 0)
        return -1;
    *ret_g = kms_signing(s->algorithm);
    if (!*ret_g || !kms_signs(u->spec, *ret_g))
        return kms_bad_algorithm(u, s->algorithm, err);
    return digest_of(cx, s, *ret_g, ret_digest, err) < 0 || kms_dry_run(s->dry, err) < 0
               ? -1
               : kms_current_bytes(cx, u->key, ret_secret, err);
}

int kms_sign(SwCtx *cx, const KmsSignRequest *in, KmsSignResponse *out, SwError *err) {
    const Signing s = {in->key_id, in->signing_algorithm, in->message, in->message_type, &in->grant_tokens, in->dry_run};
    const KmsAlgorithm *g;
    KmsUse u;
    SwStr digest, secret;
    if (begin(cx, &s, &u, &g, &digest, &secret, err) < 0)
        return -1;
    *out = (KmsSignResponse){.key_id = u.arn, .signing_algorithm = in->signing_algorithm};
    int r = kms_sign_digest(cx->arena, secret, g, digest, &out->signature, err);
    kms_cleanse(secret);
    return r;
}

int kms_verify(SwCtx *cx, const KmsVerifyRequest *in, KmsVerifyResponse *out, SwError *err) {
    const Signing s = {in->key_id, in->signing_algorithm, in->message, in->message_type, &in->grant_tokens, in->dry_run};
    const KmsAlgorithm *g;
    KmsUse u;
    SwStr digest, secret;
    if (begin(cx, &s, &u, &g, &digest, &secret, err) < 0)
        return -1;
    bool good = kms_verify_digest(cx->arena, secret, g, digest, in->signature);
    kms_cleanse(secret);
    if (!good)
        return sw_fail(err, &KMS_KMS_INVALID_SIGNATURE_EXCEPTION, "%s", "");
    *out =
        (KmsVerifyResponse){.key_id = u.arn, .signature_valid = SW_SOME_BOOL(true), .signing_algorithm = in->signing_algorithm};
    return 0;
}

/* --- MACs --------------------------------------------------------------------------------------------------------- */

static int mac_of(SwCtx *cx, SwStr key, SwStr algorithm, SwStr message, const SwStrList *tokens, SwOptBool dry, KmsUse *u,
                  SwStr *ret, SwError *err) {
    SwStr secret;
    if (kms_use(cx, key, KMS_KEY_USAGE_TYPE_GENERATE_VERIFY_MAC, tokens, u, err) < 0)
        return -1;
    if (!sw_str_eqz(algorithm, u->spec->algorithm))
        return kms_bad_algorithm(u, algorithm, err);
    if (kms_dry_run(dry, err) < 0 || kms_current_bytes(cx, u->key, &secret, err) < 0)
        return -1;
    int r = kms_mac(cx->arena, secret, u->spec->hash, message, ret, err);
    kms_cleanse(secret);
    return r;
}

int kms_generate_mac(SwCtx *cx, const KmsGenerateMacRequest *in, KmsGenerateMacResponse *out, SwError *err) {
    KmsUse u;
    if (mac_of(cx, in->key_id, in->mac_algorithm, in->message, &in->grant_tokens, in->dry_run, &u, &out->mac, err) < 0)
        return -1;
    out->key_id = u.arn;
    out->mac_algorithm = in->mac_algorithm;
    return 0;
}

int kms_verify_mac(SwCtx *cx, const KmsVerifyMacRequest *in, KmsVerifyMacResponse *out, SwError *err) {
    KmsUse u;
    SwStr mac;
    if (mac_of(cx, in->key_id, in->mac_algorithm, in->message, &in->grant_tokens, in->dry_run, &u, &mac, err) < 0)
        return -1;
    if (!sw_equal_constant_time(mac, in->mac))
        return sw_fail(err, &KMS_KMS_INVALID_MAC_EXCEPTION, "%s", "");
    *out = (KmsVerifyMacResponse){.key_id = u.arn, .mac_valid = SW_SOME_BOOL(true), .mac_algorithm = in->mac_algorithm};
    return 0;
}

/* --- public keys -------------------------------------------------------------------------------------------------- */

int kms_get_public_key(SwCtx *cx, const KmsGetPublicKeyRequest *in, KmsGetPublicKeyResponse *out, SwError *err) {
    KmsUse u;
    SwStr secret;
    if (kms_use(cx, in->key_id, SW_NO_STR, &in->grant_tokens, &u, err) < 0)
        return -1;
    if (u.spec->kind != KMS_RSA && u.spec->kind != KMS_ECC)
        return sw_fail(err, &KMS_UNSUPPORTED_OPERATION_EXCEPTION, "%.*s key spec is %s which is not valid for GetPublicKey.",
                       SW_FMT(u.arn), u.spec->name);
    if (kms_current_bytes(cx, u.key, &secret, err) < 0)
        return -1;
    const KmsKeyMetadata *m = kms_metadata(cx, u.key);
    *out = (KmsGetPublicKeyResponse){.key_id = u.arn,
                                     .customer_master_key_spec = m->key_spec,
                                     .key_spec = m->key_spec,
                                     .key_usage = m->key_usage,
                                     .encryption_algorithms = m->encryption_algorithms,
                                     .signing_algorithms = m->signing_algorithms,
                                     .key_agreement_algorithms = m->key_agreement_algorithms};
    int r = kms_public_of(cx->arena, secret, &out->public_key, err);
    kms_cleanse(secret);
    return r;
}

int kms_derive_shared_secret(SwCtx *cx, const KmsDeriveSharedSecretRequest *in, KmsDeriveSharedSecretResponse *out,
                             SwError *err) {
    KmsUse u;
    SwStr secret;
    if (kms_use(cx, in->key_id, KMS_KEY_USAGE_TYPE_KEY_AGREEMENT, &in->grant_tokens, &u, err) < 0 ||
        kms_dry_run(in->dry_run, err) < 0 || kms_current_bytes(cx, u.key, &secret, err) < 0)
        return -1;
    *out = (KmsDeriveSharedSecretResponse){.key_id = u.arn,
                                           .key_agreement_algorithm = in->key_agreement_algorithm,
                                           .key_origin = u.key->origin};
    bool good = kms_agree(cx->arena, secret, in->public_key, &out->shared_secret);
    kms_cleanse(secret);
    return good ? 0
                : sw_fail(err, &SW_VALIDATION_EXCEPTION, "The public key is not one of %s in DER (SubjectPublicKeyInfo).",
                          u.spec->name);
}
