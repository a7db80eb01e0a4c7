/* SPDX-License-Identifier: Apache-2.0 */
/* Data keys and pairs: made here, kept by nobody. They are told as they are and encrypted under the key. */

#include "base/id.h"
#include "services/kms/kms.h"

static int use_symmetric(SwCtx *cx, SwStr reference, const SwStrList *tokens, KmsUse *u, SwError *err) {
    if (kms_use(cx, reference, SW_NO_STR, tokens, u, err) < 0)
        return -1;
    if (u->spec->kind != KMS_SYMMETRIC)
        return sw_fail(err, &KMS_INVALID_KEY_USAGE_EXCEPTION, "%.*s key spec is %s which is not valid for %s.", SW_FMT(u->arn),
                       u->spec->name, cx->op->name);
    return 0;
}

static int choose_size(SwStr spec, SwOptInt bytes, size_t *ret, SwError *err) {
    if (sw_str_is(spec) == bytes.set)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Please specify either number of bytes or key spec.");
    *ret = bytes.set ? (size_t)bytes.v : sw_str_eqz(spec, "AES_128") ? 16 : 32;
    return 0;
}

typedef struct DataKey {
    KmsUse use;
    SwStr plain, blob, material;
} DataKey;

static int make(SwCtx *cx, const KmsGenerateDataKeyRequest *in, DataKey *ret, SwError *err) {
    size_t n;
    if (use_symmetric(cx, in->key_id, &in->grant_tokens, &ret->use, err) < 0 ||
        choose_size(in->key_spec, in->number_of_bytes, &n, err) < 0 || kms_dry_run(in->dry_run, err) < 0)
        return -1;
    uint8_t *p = sw_arena_alloc(cx->arena, n);
    sw_random(p, n);
    ret->plain = sw_str_n((const char *)p, n);
    return kms_encrypt_with(cx, &ret->use, &in->encryption_context, ret->plain, &ret->blob, &ret->material, err);
}

int kms_generate_data_key(SwCtx *cx, const KmsGenerateDataKeyRequest *in, KmsGenerateDataKeyResponse *out, SwError *err) {
    DataKey d;
    if (make(cx, in, &d, err) < 0)
        return -1;
    *out = (KmsGenerateDataKeyResponse){.ciphertext_blob = d.blob,
                                        .plaintext = d.plain,
                                        .key_id = d.use.arn,
                                        .key_material_id = d.material};
    return 0;
}

int kms_generate_data_key_without_plaintext(SwCtx *cx, const KmsGenerateDataKeyWithoutPlaintextRequest *in,
                                            KmsGenerateDataKeyWithoutPlaintextResponse *out, SwError *err) {
    const KmsGenerateDataKeyRequest same = {.key_id = in->key_id,
                                            .encryption_context = in->encryption_context,
                                            .number_of_bytes = in->number_of_bytes,
                                            .key_spec = in->key_spec,
                                            .grant_tokens = in->grant_tokens,
                                            .dry_run = in->dry_run};
    DataKey d;
    if (make(cx, &same, &d, err) < 0)
        return -1;
    kms_cleanse(d.plain);
    *out = (KmsGenerateDataKeyWithoutPlaintextResponse){.ciphertext_blob = d.blob,
                                                        .key_id = d.use.arn,
                                                        .key_material_id = d.material};
    return 0;
}

static int make_pair(SwCtx *cx, const KmsGenerateDataKeyPairRequest *in, DataKey *ret, SwStr *ret_public, SwError *err) {
    const KmsSpec *s = kms_spec(in->key_pair_spec);
    if (use_symmetric(cx, in->key_id, &in->grant_tokens, &ret->use, err) < 0)
        return -1;
    if (SW_NEVER(!s || (s->kind != KMS_RSA && s->kind != KMS_ECC))) /* refused by name (models/members) */
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The pair is of an unknown kind");
    if (kms_dry_run(in->dry_run, err) < 0 || kms_material_new(cx->arena, s, &ret->plain, err) < 0 ||
        kms_public_of(cx->arena, ret->plain, ret_public, err) < 0)
        return -1;
    return kms_encrypt_with(cx, &ret->use, &in->encryption_context, ret->plain, &ret->blob, &ret->material, err);
}

int kms_generate_data_key_pair(SwCtx *cx, const KmsGenerateDataKeyPairRequest *in, KmsGenerateDataKeyPairResponse *out,
                               SwError *err) {
    DataKey d;
    SwStr public_key;
    if (make_pair(cx, in, &d, &public_key, err) < 0)
        return -1;
    *out = (KmsGenerateDataKeyPairResponse){.private_key_ciphertext_blob = d.blob,
                                            .private_key_plaintext = d.plain,
                                            .public_key = public_key,
                                            .key_id = d.use.arn,
                                            .key_pair_spec = in->key_pair_spec,
                                            .key_material_id = d.material};
    return 0;
}

int kms_generate_data_key_pair_without_plaintext(SwCtx *cx, const KmsGenerateDataKeyPairWithoutPlaintextRequest *in,
                                                 KmsGenerateDataKeyPairWithoutPlaintextResponse *out, SwError *err) {
    const KmsGenerateDataKeyPairRequest same = {.key_id = in->key_id,
                                                .encryption_context = in->encryption_context,
                                                .key_pair_spec = in->key_pair_spec,
                                                .grant_tokens = in->grant_tokens,
                                                .dry_run = in->dry_run};
    DataKey d;
    SwStr public_key;
    if (make_pair(cx, &same, &d, &public_key, err) < 0)
        return -1;
    kms_cleanse(d.plain);
    *out = (KmsGenerateDataKeyPairWithoutPlaintextResponse){.private_key_ciphertext_blob = d.blob,
                                                            .public_key = public_key,
                                                            .key_id = d.use.arn,
                                                            .key_pair_spec = in->key_pair_spec,
                                                            .key_material_id = d.material};
    return 0;
}

int kms_generate_random(SwCtx *cx, const KmsGenerateRandomRequest *in, KmsGenerateRandomResponse *out, SwError *err) {
    if (!in->number_of_bytes.set)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "NumberOfBytes is required.");
    size_t n = (size_t)in->number_of_bytes.v;
    uint8_t *p = sw_arena_alloc(cx->arena, n);
    sw_random(p, n);
    out->plaintext = sw_str_n((const char *)p, n);
    return 0;
}
