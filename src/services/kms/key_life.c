/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a key.
 *
 *     CreateKey -> Enabled <-> Disabled          CreateKey (EXTERNAL) -> PendingImport <-> Enabled
 *     Disabled -> PendingImport (its material expires or is deleted)
 *     Enabled, Disabled, PendingImport -> PendingDeletion -> (gone, by the clock)
 *     PendingDeletion -> Disabled, or PendingImport where material is missing (CancelKeyDeletion) */

#include "base/id.h"
#include "services/kms/kms.h"

/* What each kind of key may be for; the first is what it is for where nobody says (symmetric keys alone). */
static const char *usages_of(const KmsSpec *s, size_t i) {
    static const char *const all[][3] = {
        [KMS_SYMMETRIC] = {"ENCRYPT_DECRYPT", NULL},
        [KMS_RSA] = {"SIGN_VERIFY", "ENCRYPT_DECRYPT", NULL},
        [KMS_ECC] = {"SIGN_VERIFY", "KEY_AGREEMENT", NULL},
        [KMS_HMAC] = {"GENERATE_VERIFY_MAC", NULL},
    };
    if (s->kind == KMS_ECC && i == 1 && strcmp(s->name, "ECC_SECG_P256K1") == 0)
        return NULL;
    return all[s->kind][i];
}

static int choose_usage(const KmsSpec *s, SwStr given, SwStr *ret, SwError *err) {
    if (!sw_str_is(given) && s->kind != KMS_SYMMETRIC)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
    *ret = sw_str_or(given, SW_STR("ENCRYPT_DECRYPT"));
    for (size_t i = 0; i < 2 && usages_of(s, i); i++)
        if (sw_str_eqz(*ret, usages_of(s, i)))
            return 0;
    return sw_fail(err, &SW_VALIDATION_EXCEPTION, "KeyUsage %.*s is not compatible with KeySpec %s", SW_FMT(*ret), s->name);
}

static int check_create(const KmsCreateKeyRequest *in, const KmsSpec **ret_s, SwStr *ret_usage, SwError *err) {
    if (in->key_spec.p && in->customer_master_key_spec.p)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is "
                       "deprecated.");
    *ret_s = kms_spec(sw_str_or(in->key_spec, sw_str_or(in->customer_master_key_spec, SW_STR("SYMMETRIC_DEFAULT"))));
    if (SW_NEVER(!*ret_s)) /* refused by name (models/members) */
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The key is of an unknown kind");
    return choose_usage(*ret_s, in->key_usage, ret_usage, err);
}

static KmsKeyRecord *key_new(SwCtx *cx, const KmsSpec *s, SwStr usage, const char *manager) {
    KmsKeyRecord *k = sw_new(cx->arena, KmsKeyRecord);
    *k = (KmsKeyRecord){.key_id = sw_id_uuid(cx->arena),
                        .created = SW_SOME_TIME(sw_now(cx)),
                        .usage = usage,
                        .spec = sw_str(s->name),
                        .origin = SW_STR("AWS_KMS"),
                        .manager = sw_str(manager),
                        .state = SW_STR("Enabled")};
    return k;
}

/* In cx->tx. material absent: it is imported later. */
static int create(SwCtx *cx, const KmsCreateKeyRequest *in, KmsKeyRecord *k, SwStr material, SwError *err) {
    SwStr arn = kms_arn(cx, k);
    k->description = in->description;
    k->policy = sw_str_or(in->policy, kms_policy_default(cx));
    if (in->policy.p && kms_policy_check(cx, arn, in->policy, in->bypass_policy_lockout_safety_check.v, err) < 0)
        return -1;
    if (kms_key_set_tags(cx, k->key_id, k, KMS_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    if (material.p && kms_material_start(cx, k, "CURRENT", material, err) < 0)
        return -1;
    if (!material.p)
        k->state = SW_STR("PendingImport");
    return kms_key_save(cx, k, err);
}

/* A pair of RSA takes long: it is made before the writer's turn, but where the caller has taken it already. */
int kms_create_key(SwCtx *cx, const KmsCreateKeyRequest *in, KmsCreateKeyResponse *out, SwError *err) {
    const KmsSpec *s = NULL;
    SwStr usage, material = SW_NO_STR;
    if (check_create(in, &s, &usage, err) < 0)
        return -1;
    KmsKeyRecord *k = key_new(cx, s, usage, "CUSTOMER");
    if (sw_str_is(in->origin))
        k->origin = in->origin;
    if (sw_str_eqz(k->origin, "AWS_KMS") && kms_material_new(cx->arena, s, &material, err) < 0)
        return -1;
    bool own = !cx->tx;
    if (own && sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (create(cx, in, k, material, err) < 0) {
        if (own)
            sw_ctx_rollback(cx);
        return -1;
    }
    out->key_metadata = kms_metadata(cx, k);
    return own ? sw_ctx_commit(cx, err) : 0;
}

/* alias/aws/sqs is made when it is asked for first: by a queue that needs it, or by whoever describes it. */
int kms_managed_key(SwCtx *cx, SwStr alias, KmsKeyRecord **ret_k, SwError *err) {
    static const char *const known[] = {"acm",    "codecommit", "ebs", "ecr", "elasticfilesystem",
                                        "lambda", "logs",       "rds", "s3",  "secretsmanager",
                                        "sns",    "sqs",        "ssm", "xray"};
    const KmsSpec *s = kms_spec(SW_STR("SYMMETRIC_DEFAULT"));
    SwStr service = sw_str_starts(alias, SW_STR("aws/")) ? sw_str_skip(alias, 4) : SW_NO_STR, bytes;
    *ret_k = NULL;
    if (!sw_str_among(service, known, SW_N(known)) || !sw_tx_is_write(cx->tx))
        return 0;
    KmsKeyRecord *k = key_new(cx, s, SW_STR("ENCRYPT_DECRYPT"), "AWS");
    KmsAliasRecord a = {.name = alias, .target = k->key_id, .created = k->created, .updated = k->created};
    k->description = sw_strf(cx->arena, "Default key that protects my %.*s data when no other key is defined", SW_FMT(service));
    k->policy = kms_policy_managed(cx, service);
    k->rotates = SW_SOME_BOOL(true);
    k->rotation_period = SW_SOME_INT(365);
    k->next_rotation = SW_SOME_TIME(sw_now(cx) + 365 * SW_DAY);
    if (kms_material_new(cx->arena, s, &bytes, err) < 0 || kms_material_start(cx, k, "CURRENT", bytes, err) < 0 ||
        kms_key_save(cx, k, err) < 0 || kms_alias_insert(cx, alias, &a, err) < 0)
        return -1;
    *ret_k = k;
    return 0;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static int set_state(SwCtx *cx, SwStr id, const char *state, SwError *err) {
    KmsKeyRecord *k;
    if (kms_key_to_change(cx, id, &k, err) < 0 || kms_check_not_pending(cx, k, err) < 0 ||
        (KMS_IS(k, "PendingImport") && kms_check_enabled(cx, k, err) < 0))
        return -1;
    k->state = sw_str(state);
    return kms_key_save(cx, k, err);
}

int kms_enable_key(SwCtx *cx, const KmsEnableKeyRequest *in, void *out, SwError *err) {
    return set_state(cx, in->key_id, "Enabled", err);
}

int kms_disable_key(SwCtx *cx, const KmsDisableKeyRequest *in, void *out, SwError *err) {
    return set_state(cx, in->key_id, "Disabled", err);
}

int kms_update_key_description(SwCtx *cx, const KmsUpdateKeyDescriptionRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    if (kms_key_to_change(cx, in->key_id, &k, err) < 0 || kms_check_not_pending(cx, k, err) < 0)
        return -1;
    k->description = in->description;
    return kms_key_save(cx, k, err);
}

int kms_schedule_key_deletion(SwCtx *cx, const KmsScheduleKeyDeletionRequest *in, KmsScheduleKeyDeletionResponse *out,
                              SwError *err) {
    int64_t days = SW_OR(in->pending_window_in_days, 30);
    KmsKeyRecord *k;
    if (days < 7 || days > 30)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "PendingWindowInDays must be between 7 and 30 inclusive");
    if (kms_key_to_change(cx, in->key_id, &k, err) < 0 || kms_check_not_pending(cx, k, err) < 0)
        return -1;
    k->state = SW_STR("PendingDeletion");
    k->window = SW_SOME_INT(days);
    k->deletion = SW_SOME_TIME(sw_now(cx) + days * SW_DAY);
    *out = (KmsScheduleKeyDeletionResponse){.key_id = kms_arn(cx, k),
                                            .deletion_date = k->deletion,
                                            .key_state = k->state,
                                            .pending_window_in_days = k->window};
    return kms_key_save(cx, k, err);
}

int kms_cancel_key_deletion(SwCtx *cx, const KmsCancelKeyDeletionRequest *in, KmsCancelKeyDeletionResponse *out, SwError *err) {
    KmsKeyRecord *k;
    if (kms_key_to_change(cx, in->key_id, &k, err) < 0)
        return -1;
    out->key_id = kms_arn(cx, k);
    if (!KMS_IS(k, "PendingDeletion"))
        return sw_fail(err, &KMS_KMS_INVALID_STATE_EXCEPTION, "%.*s is not pending deletion.", SW_FMT(out->key_id));
    k->state = SW_STR("Disabled");
    k->deletion = (SwOptTime){0};
    k->window = (SwOptInt){0};
    kms_material_missing(k);
    return kms_key_save(cx, k, err);
}

/* --- the clock ---------------------------------------------------------------------------------------------------- */

static SwTime earlier(SwTime x, SwOptTime y) {
    return !y.set ? x : !x || y.v < x ? y.v : x;
}

SwTime kms_next_event(const KmsKeyRecord *k) {
    SwTime at = earlier(0, k->deletion);
    if (k->rotates.v && KMS_IS(k, "Enabled")) /* what is overdue then is done when it is enabled again */
        at = earlier(at, k->next_rotation);
    for (size_t i = 0; i < k->materials.n; i++)
        if (sw_str_is(k->materials.v[i].sealed))
            at = earlier(at, k->materials.v[i].valid_to);
    return at;
}

static int delete_key(SwCtx *cx, const KmsKeyRecord *k, SwError *err) {
    SwDocQuery q = {.index = "by_target", .equals = {k->key_id}};
    if (kms_aliases_delete_all(cx->tx, &q, err) < 0 || kms_grants_end(cx, k, err) < 0)
        return -1;
    return kms_key_delete(cx, k->key_id, err);
}

static void expire(KmsKeyRecord *k, SwTime now) {
    for (size_t i = 0; i < k->materials.n; i++)
        if (k->materials.v[i].valid_to.set && k->materials.v[i].valid_to.v <= now)
            kms_material_drop(&k->materials.v[i]);
    kms_material_missing(k);
}

/* A key that is disabled, or waits for its end, is not rotated; afterwards it is at once ("Rotating KMS keys"). */
static int rotate_if_due(SwCtx *cx, KmsKeyRecord *k, SwTime now, SwError *err) {
    if (!k->rotates.v || !KMS_IS(k, "Enabled") || k->next_rotation.v > now)
        return 0;
    if (kms_rotate_now(cx, k, "AUTOMATIC", err) < 0)
        return -1;
    k->next_rotation = SW_SOME_TIME(now + k->rotation_period.v * SW_DAY);
    return 0;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    KmsKeyRecord *k;
    SwTime now = sw_now(cx), next;
    if (kms_key_find(cx, id, &k, err) < 0)
        return -1;
    if (!k)
        return 0;
    next = kms_next_event(k);
    if (!next || next > now) {
        ret_step->again = next;
        return 0;
    }
    if (k->deletion.set && k->deletion.v <= now)
        return delete_key(cx, k, err);
    expire(k, now);
    if (rotate_if_due(cx, k, now, err) < 0 || kms_key_put(cx, id, k, err) < 0)
        return -1;
    ret_step->again = kms_next_event(k);
    return 0;
}

const SwController kms_clock = {.name = "kms/key",
                                .step = step,
                                .kind = SW_STEP_STORE,
                                .looks = true,
                                .unfailing = "a key's document is small: nobody writes to it without bounds"};
