/* SPDX-License-Identifier: Apache-2.0 */
/* A key's material, a version each: the current one encrypts, all decrypt. States are AWS's (KeyMaterialState):
 *
 *     (new) -> PENDING_ROTATION -> CURRENT -> NON_CURRENT
 *     (first) -> CURRENT */

#include "api/seal.h"
#include "base/id.h"
#include "services/kms/kms.h"

#define ID_DIGITS 64

KmsMaterial *kms_material(const KmsKeyRecord *k, SwStr id) {
    for (size_t i = 0; i < k->materials.n; i++)
        if (sw_str_eq(k->materials.v[i].id, id))
            return &k->materials.v[i];
    return NULL;
}

KmsMaterial *kms_material_with(const KmsKeyRecord *k, const char *state) {
    for (size_t i = 0; i < k->materials.n; i++)
        if (sw_str_eqz(k->materials.v[i].state, state))
            return &k->materials.v[i];
    return NULL;
}

KmsMaterial *kms_material_current(const KmsKeyRecord *k) {
    return kms_material_with(k, "CURRENT");
}

KmsMaterial *kms_material_add(SwCtx *cx, KmsKeyRecord *k, const char *state) {
    KmsMaterial *m = sw_list_add(cx->arena, &k->materials);
    m->state = sw_str(state);
    return m;
}

/* Copied with its key or its id to another key, it does not open. */
static SwStr place(SwCtx *cx, const KmsKeyRecord *k, const KmsMaterial *m) {
    return sw_cat(cx->arena, kms_arn(cx, k), SW_STR("/"), m->id);
}

int kms_material_put(SwCtx *cx, const KmsKeyRecord *k, KmsMaterial *m, SwStr bytes, SwError *err) {
    int r = sw_seal(cx, place(cx, k, m), bytes, &m->sealed, err);
    kms_cleanse(bytes);
    return r;
}

int kms_material_start(SwCtx *cx, KmsKeyRecord *k, const char *state, SwStr bytes, SwError *err) {
    KmsMaterial *m = kms_material_add(cx, k, state);
    m->id = sw_id_hex(cx->arena, ID_DIGITS);
    return kms_material_put(cx, k, m, bytes, err);
}

int kms_material_bytes(SwCtx *cx, const KmsKeyRecord *k, const KmsMaterial *m, SwStr *ret, SwError *err) {
    return sw_unseal(cx, place(cx, k, m), m->sealed, ret, err);
}

int kms_current_bytes(SwCtx *cx, const KmsKeyRecord *k, SwStr *ret, SwError *err) {
    const KmsMaterial *m = kms_material_current(k);
    if (SW_NEVER(!m || !sw_str_is(m->sealed)))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The key has no material");
    return kms_material_bytes(cx, k, m, ret, err);
}

void kms_material_drop(KmsMaterial *m) {
    m->sealed = SW_NO_STR;
    m->valid_to = (SwOptTime){0};
    m->expiration_model = SW_NO_STR;
}

/* "If any of the key materials expire or are deleted, the key state changes to PendingImport" (ImportKeyMaterial). */
void kms_material_missing(KmsKeyRecord *k) {
    bool missing = !k->materials.n;
    for (size_t i = 0; i < k->materials.n; i++)
        missing |= !sw_str_is(k->materials.v[i].sealed) && !sw_str_eqz(k->materials.v[i].state, "PENDING_ROTATION");
    if (missing && !KMS_IS(k, "PendingDeletion"))
        k->state = SW_STR("PendingImport");
    else if (!missing && KMS_IS(k, "PendingImport"))
        k->state = SW_STR("Enabled");
}

void kms_rotate(SwCtx *cx, KmsKeyRecord *k, const char *type) {
    KmsMaterial *old = kms_material_current(k), *fresh = kms_material_with(k, "PENDING_ROTATION");
    if (!fresh)
        return;
    if (old)
        old->state = SW_STR("NON_CURRENT");
    fresh->state = SW_STR("CURRENT");
    fresh->rotated = SW_SOME_TIME(sw_now(cx));
    fresh->rotation_type = sw_str(type);
}
