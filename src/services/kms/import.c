/* SPDX-License-Identifier: Apache-2.0 */
/* Imported material: wrapped by its owner under a public key that is made for this, opened here, kept until it expires or is
 * deleted. A key that lost its material takes the same one back, and no other. */

#include "base/digest.h"
#include "services/kms/kms.h"

#define TOKEN_LIFE (24 * SW_HOUR)

static int external_key(SwCtx *cx, SwStr id, KmsKeyRecord **ret_k, SwError *err) {
    if (kms_key_to_change(cx, id, ret_k, err) < 0)
        return -1;
    SwStr arn = kms_arn(cx, *ret_k);
    if (!sw_str_eqz((*ret_k)->origin, "EXTERNAL"))
        return sw_fail(err, &KMS_UNSUPPORTED_OPERATION_EXCEPTION, "%.*s origin is %.*s which is not valid for this operation.",
                       SW_FMT(arn), SW_FMT((*ret_k)->origin));
    return kms_check_not_pending(cx, *ret_k, err);
}

/* What OAEP alone holds is 190 bytes of RSA_2048: no private key of RSA. */
static int check_wrapping(const KmsKeyRecord *k, SwStr algorithm, SwError *err) {
    const KmsSpec *s = kms_spec(k->spec);
    return s && s->kind == KMS_RSA && !sw_str_starts(algorithm, SW_STR("RSA_AES_KEY_WRAP"))
               ? sw_fail(err, &SW_VALIDATION_EXCEPTION, "WrappingAlgorithm %.*s is not valid for key material of %s",
                         SW_FMT(algorithm), s->name)
               : 0;
}

int kms_get_parameters_for_import(SwCtx *cx, const KmsGetParametersForImportRequest *in, KmsGetParametersForImportResponse *out,
                                  SwError *err) {
    KmsKeyRecord *k;
    const KmsSpec *s = kms_spec(in->wrapping_key_spec);
    KmsToken t = {.algorithm = in->wrapping_algorithm, .valid_to = sw_now(cx) + TOKEN_LIFE};
    if (external_key(cx, in->key_id, &k, err) < 0 || check_wrapping(k, in->wrapping_algorithm, err) < 0)
        return -1;
    if (SW_NEVER(!s)) /* refused by name (models/members) */
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The wrapping key is of an unknown kind");
    t.key = k->key_id;
    if (kms_material_new(cx->arena, s, &t.private_key, err) < 0)
        return -1;
    out->key_id = kms_arn(cx, k);
    out->parameters_valid_to = SW_SOME_TIME(t.valid_to);
    int r = kms_public_of(cx->arena, t.private_key, &out->public_key, err);
    if (r == 0)
        r = kms_token_seal(cx, &t, &out->import_token, err);
    kms_cleanse(t.private_key);
    return r;
}

/* The same material of the same key has the same id, whenever it comes. */
static SwStr id_of(SwCtx *cx, const KmsKeyRecord *k, SwStr material) {
    SwStr text = sw_cat(cx->arena, k->key_id, SW_STR("\n"), material), id = sw_sha256_hex(cx->arena, text);
    kms_cleanse(text);
    return id;
}

static int check_expiry(SwCtx *cx, const KmsImportKeyMaterialRequest *in, SwError *err) {
    bool expires = !sw_str_eqz(in->expiration_model, "KEY_MATERIAL_DOES_NOT_EXPIRE");
    if (expires && !in->valid_to.set)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES");
    if (!expires && in->valid_to.set)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE");
    if (expires && (in->valid_to.v <= sw_now(cx) || in->valid_to.v > sw_now(cx) + 365 * SW_DAY))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "ValidTo must be in the future, within 365 days");
    return 0;
}

static int unwrap(SwCtx *cx, const KmsKeyRecord *k, const KmsToken *t, SwStr wrapped, SwStr *ret, SwError *err) {
    if (!sw_str_eq(t->key, k->key_id))
        return sw_fail(err, &KMS_INVALID_IMPORT_TOKEN_EXCEPTION, "The import token is not one of this key.");
    if (t->valid_to <= sw_now(cx))
        return sw_fail(err, &KMS_EXPIRED_IMPORT_TOKEN_EXCEPTION, "The import token has expired.");
    return kms_unwrap_import(cx->arena, t->private_key, t->algorithm, wrapped, ret)
               ? 0
               : sw_fail(err, &KMS_INVALID_CIPHERTEXT_EXCEPTION, "%s", "");
}

/* *ret is to be cleansed, whatever comes of it. */
static int open_material(SwCtx *cx, const KmsKeyRecord *k, const KmsImportKeyMaterialRequest *in, SwStr *ret, SwError *err) {
    KmsToken t;
    if (!kms_token_open(cx, in->import_token, &t))
        t = (KmsToken){0};
    int r = unwrap(cx, k, &t, in->encrypted_key_material, ret, err);
    kms_cleanse(t.private_key);
    if (r < 0)
        return -1;
    return kms_material_fits(cx->arena, kms_spec(k->spec), *ret)
               ? 0
               : sw_fail(err, &KMS_INCORRECT_KEY_MATERIAL_EXCEPTION, "The key material is not of the key's spec.");
}

static int not_the_same(SwError *err) {
    return sw_fail(err, &KMS_INCORRECT_KEY_MATERIAL_EXCEPTION,
                   "The key material in the request is not the same key material that was previously imported into this KMS "
                   "key.");
}

/* Where the material goes: the first of a key, one it has lost or has, or a new one that waits for its rotation. */
static int place_for(SwCtx *cx, const KmsImportKeyMaterialRequest *in, KmsKeyRecord *k, SwStr id, KmsMaterial **ret_m,
                     SwError *err) {
    bool fresh = sw_str_eqz(in->import_type, "NEW_KEY_MATERIAL");
    *ret_m = kms_material(k, id);
    if (sw_str_is(in->key_material_id) && !sw_str_eq(in->key_material_id, id))
        return not_the_same(err);
    if (*ret_m && (!fresh || k->materials.n == 1))
        return 0;
    if (*ret_m || (k->materials.n && (!fresh || !kms_key_is_symmetric(k))))
        return not_the_same(err);
    KmsMaterial *waiting = kms_material_with(k, "PENDING_ROTATION");
    if (waiting)
        return sw_fail(err, &KMS_KMS_INVALID_STATE_EXCEPTION, "The key has key material that is pending rotation.");
    *ret_m = kms_material_add(cx, k, k->materials.n ? "PENDING_ROTATION" : "CURRENT");
    (*ret_m)->id = id;
    (*ret_m)->imported = SW_SOME_BOOL(true);
    return 0;
}

static int keep(SwCtx *cx, const KmsImportKeyMaterialRequest *in, KmsKeyRecord *k, SwStr bytes, SwStr *ret_id, SwError *err) {
    KmsMaterial *m;
    *ret_id = id_of(cx, k, bytes);
    if (place_for(cx, in, k, *ret_id, &m, err) < 0)
        return -1;
    m->expiration_model = sw_str_or(in->expiration_model, SW_STR("KEY_MATERIAL_EXPIRES"));
    m->valid_to = in->valid_to;
    if (in->key_material_description.p)
        m->description = in->key_material_description;
    if (kms_material_put(cx, k, m, bytes, err) < 0)
        return -1;
    kms_material_missing(k);
    return kms_key_save(cx, k, err);
}

int kms_import_key_material(SwCtx *cx, const KmsImportKeyMaterialRequest *in, KmsImportKeyMaterialResponse *out, SwError *err) {
    KmsKeyRecord *k;
    SwStr bytes = SW_NO_STR;
    if (external_key(cx, in->key_id, &k, err) < 0 || check_expiry(cx, in, err) < 0)
        return -1;
    out->key_id = kms_arn(cx, k);
    int r = open_material(cx, k, in, &bytes, err);
    if (r == 0)
        r = keep(cx, in, k, bytes, &out->key_material_id, err);
    kms_cleanse(bytes);
    return r;
}

int kms_delete_imported_key_material(SwCtx *cx, const KmsDeleteImportedKeyMaterialRequest *in,
                                     KmsDeleteImportedKeyMaterialResponse *out, SwError *err) {
    KmsKeyRecord *k;
    if (external_key(cx, in->key_id, &k, err) < 0)
        return -1;
    KmsMaterial *m = sw_str_is(in->key_material_id) ? kms_material(k, in->key_material_id) : kms_material_current(k);
    if (!m && sw_str_is(in->key_material_id))
        return sw_fail(err, &KMS_NOT_FOUND_EXCEPTION, "Key material %.*s does not exist", SW_FMT(in->key_material_id));
    out->key_id = kms_arn(cx, k);
    if (!m)
        return 0;
    kms_material_drop(m);
    out->key_material_id = m->id;
    kms_material_missing(k);
    return kms_key_save(cx, k, err);
}
