/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation: new material encrypts from now on, the old stays and decrypts. By the clock every so many days, or on demand, at
 * most 25 times. What is imported is rotated on demand alone, to material that was imported for it. */

#include "services/kms/kms.h"

#define PERIOD_USUAL  365
#define ON_DEMAND_MAX 25

int kms_rotate_now(SwCtx *cx, KmsKeyRecord *k, const char *type, SwError *err) {
    SwStr bytes;
    if (kms_material_new(cx->arena, kms_spec(k->spec), &bytes, err) < 0 ||
        kms_material_start(cx, k, "PENDING_ROTATION", bytes, err) < 0)
        return -1;
    kms_rotate(cx, k, type);
    return 0;
}

static int check_rotatable(const KmsKeyRecord *k, bool on_demand, SwError *err) {
    bool external = sw_str_eqz(k->origin, "EXTERNAL");
    return kms_key_is_symmetric(k) && (on_demand || !external)
               ? 0
               : sw_fail(err, &KMS_UNSUPPORTED_OPERATION_EXCEPTION, "A key of %.*s (%.*s) is not rotated", SW_FMT(k->spec),
                         SW_FMT(k->origin));
}

static int to_rotate(SwCtx *cx, SwStr id, bool on_demand, KmsKeyRecord **ret_k, SwError *err) {
    if (kms_key_to_change(cx, id, ret_k, err) < 0 || kms_check_enabled(cx, *ret_k, err) < 0)
        return -1;
    return check_rotatable(*ret_k, on_demand, err);
}

int kms_enable_key_rotation(SwCtx *cx, const KmsEnableKeyRotationRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    if (to_rotate(cx, in->key_id, false, &k, err) < 0)
        return -1;
    if (k->rotates.v && !in->rotation_period_in_days.set)
        return 0;
    k->rotates = SW_SOME_BOOL(true);
    k->rotation_period = SW_SOME_INT(SW_OR(in->rotation_period_in_days, PERIOD_USUAL));
    k->next_rotation = SW_SOME_TIME(sw_now(cx) + k->rotation_period.v * SW_DAY);
    return kms_key_save(cx, k, err);
}

int kms_disable_key_rotation(SwCtx *cx, const KmsDisableKeyRotationRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    if (to_rotate(cx, in->key_id, false, &k, err) < 0)
        return -1;
    k->rotates = SW_SOME_BOOL(false);
    k->next_rotation = (SwOptTime){0};
    k->rotation_period = (SwOptInt){0};
    return kms_key_save(cx, k, err);
}

int kms_get_key_rotation_status(SwCtx *cx, const KmsGetKeyRotationStatusRequest *in, KmsGetKeyRotationStatusResponse *out,
                                SwError *err) {
    KmsKeyRecord *k;
    if (kms_key_of(cx, in->key_id, &k, err) < 0)
        return -1;
    /* "The key rotation status of a KMS key that is pending deletion is always false." */
    bool on = k->rotates.v && !KMS_IS(k, "PendingDeletion");
    *out = (KmsGetKeyRotationStatusResponse){.key_id = kms_arn(cx, k), .key_rotation_enabled = SW_SOME_BOOL(on)};
    if (on) {
        out->rotation_period_in_days = k->rotation_period;
        out->next_rotation_date = k->next_rotation;
    }
    return 0;
}

int kms_rotate_key_on_demand(SwCtx *cx, const KmsRotateKeyOnDemandRequest *in, KmsRotateKeyOnDemandResponse *out,
                             SwError *err) {
    KmsKeyRecord *k;
    if (to_rotate(cx, in->key_id, true, &k, err) < 0)
        return -1;
    out->key_id = kms_arn(cx, k);
    if (k->on_demand.v >= ON_DEMAND_MAX)
        return sw_fail(err, &KMS_LIMIT_EXCEEDED_EXCEPTION, "%.*s was rotated on demand %d times.", SW_FMT(out->key_id),
                       ON_DEMAND_MAX);
    bool external = sw_str_eqz(k->origin, "EXTERNAL");
    const KmsMaterial *fresh = kms_material_with(k, "PENDING_ROTATION");
    if (external && (!fresh || !sw_str_is(fresh->sealed)))
        return sw_fail(err, &KMS_KMS_INVALID_STATE_EXCEPTION, "%.*s has no key material that is pending rotation.",
                       SW_FMT(out->key_id));
    if (!external && kms_rotate_now(cx, k, "ON_DEMAND", err) < 0)
        return -1;
    if (external)
        kms_rotate(cx, k, "ON_DEMAND");
    k->on_demand = SW_SOME_INT(k->on_demand.v + 1);
    return kms_key_save(cx, k, err);
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const KmsKeyRecord *k = arg;
    const KmsMaterial *m = row->record;
    KmsRotationsListEntry *e = to;
    *e = (KmsRotationsListEntry){.key_id = k->key_id,
                                 .key_material_id = m->id,
                                 .key_material_description = m->description,
                                 .key_material_state = m->state,
                                 .rotation_date = m->rotated,
                                 .rotation_type = m->rotation_type};
    if (m->imported.v) {
        e->import_state = sw_str_is(m->sealed) ? SW_STR("IMPORTED") : SW_STR("PENDING_IMPORT");
        e->expiration_model = m->expiration_model;
        e->valid_to = m->valid_to;
    }
    return 0;
}

int kms_list_key_rotations(SwCtx *cx, const KmsListKeyRotationsRequest *in, KmsListKeyRotationsResponse *out, SwError *err) {
    KmsKeyRecord *k;
    bool all = sw_str_eqz(in->include_key_material, "ALL_KEY_MATERIAL");
    if (kms_key_of(cx, in->key_id, &k, err) < 0 || check_rotatable(k, true, err) < 0)
        return -1;
    SwPageItems items = {sw_new_n(cx->arena, SwPageItem, k->materials.n + 1), 0};
    for (size_t i = 0; i < k->materials.n; i++)
        if (all || k->materials.v[i].rotated.set)
            items.v[items.n++] = (SwPageItem){sw_index_number(cx->arena, (int64_t)i), &k->materials.v[i]};
    return sw_page(cx, &(SwPage){.items = items, .show = show, .arg = k, .usual = 100, .most = 1000}, out, err);
}
