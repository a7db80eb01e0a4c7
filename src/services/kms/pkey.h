/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is computed with key material, by OpenSSL. Nothing here knows of keys, states or requests. Private keys are PKCS #8 and
 * public ones SubjectPublicKeyInfo, both DER; signatures of elliptic curves are DER as well (ANSI X9.62).
 *
 * AWS    KMS Developer Guide, "Key spec reference"; KMS API, Sign, ImportKeyMaterial.
 * Threads: any. A function that gives bool answers about foreign bytes: false is "it is not". */

#include "base/error.h"

typedef enum KmsKind { KMS_SYMMETRIC, KMS_RSA, KMS_ECC, KMS_HMAC } KmsKind;

typedef struct KmsSpec {
    const char *name; /* "RSA_2048" */
    KmsKind kind;
    unsigned size;     /* bits of RSA; bytes of symmetric keys and HMAC */
    const char *curve; /* OpenSSL's name */
    const char *hash;  /* of HMAC's only, ECDSA's only algorithm: "SHA256" */
    const char *algorithm;
} KmsSpec;
const KmsSpec *kms_spec(SwStr name); /* NULL: there is none */

/* New material: random bytes, or a private key. */
int kms_material_new(SwArena *a, const KmsSpec *s, SwStr *ret, SwError *err) sw_must_check;
/* Is this, from outside, material of that spec? */
bool kms_material_fits(SwArena *a, const KmsSpec *s, SwStr material);
int kms_public_of(SwArena *a, SwStr private_key, SwStr *ret_public, SwError *err) sw_must_check;

typedef struct KmsAlgorithm {
    const char *name; /* "RSASSA_PSS_SHA_256" */
    KmsKind kind;
    const char *hash;
    size_t digest; /* bytes */
    bool pss;
} KmsAlgorithm;
const KmsAlgorithm *kms_signing(SwStr name);
bool kms_signs(const KmsSpec *s, const KmsAlgorithm *g);
int kms_hash(SwArena *a, const char *hash, SwStr data, SwStr *ret_digest, SwError *err) sw_must_check;
int kms_sign_digest(SwArena *a, SwStr private_key, const KmsAlgorithm *g, SwStr digest, SwStr *ret_signature,
                    SwError *err) sw_must_check;
bool kms_verify_digest(SwArena *a, SwStr private_key, const KmsAlgorithm *g, SwStr digest, SwStr signature);

/* RSAES-OAEP, hash and mask of the same. false: too long for the key, or not of this key. */
bool kms_oaep_seal(SwArena *a, SwStr private_key, const char *hash, SwStr plain, SwStr *ret);
bool kms_oaep_open(SwArena *a, SwStr private_key, const char *hash, SwStr sealed, SwStr *ret);
/* AES key wrap with padding (RFC 5649), by a key of 256 bits. */
bool kms_unwrap(SwArena *a, SwStr key, SwStr wrapped, SwStr *ret);
/* What is imported: under a wrapping key of RSA, by "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1" .. */
bool kms_unwrap_import(SwArena *a, SwStr private_key, SwStr algorithm, SwStr wrapped, SwStr *ret);

int kms_mac(SwArena *a, SwStr key, const char *hash, SwStr message, SwStr *ret, SwError *err) sw_must_check;
/* ECDH's x coordinate; false: no public key of the same curve. */
bool kms_agree(SwArena *a, SwStr private_key, SwStr public_key, SwStr *ret);
void kms_cleanse(SwStr secret); /* of bytes that nobody reads any more */
