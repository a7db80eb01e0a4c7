/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: how requests name them, what they must be for an operation, and what is shown of them. */

#include "base/id.h"
#include "services/kms/kms.h"

SwStr kms_arn(SwCtx *cx, const KmsKeyRecord *k) {
    return kms_key_arn(cx, k->key_id);
}

bool kms_key_is_symmetric(const KmsKeyRecord *k) {
    return sw_str_eqz(k->spec, "SYMMETRIC_DEFAULT");
}

/* --- names -------------------------------------------------------------------------------------------------------- */

SwStr kms_alias_of(SwCtx *cx, SwStr reference) {
    SwParts p;
    if (sw_resource_read_arn(cx, &kms_alias_resource, reference, &p))
        return p.v[0];
    return sw_str_starts(reference, SW_STR("alias/")) ? sw_str_skip(reference, 6) : SW_NO_STR;
}

/* *ret_k NULL: there is none. */
static int find(SwCtx *cx, SwStr reference, KmsKeyRecord **ret_k, SwError *err) {
    SwStr name = kms_alias_of(cx, reference);
    KmsAliasRecord *alias = NULL;
    SwParts p = {.v = {reference}};
    *ret_k = NULL;
    if (name.p && kms_alias_find(cx, name, &alias, err) < 0)
        return -1;
    if (name.p)
        return alias ? kms_key_find(cx, alias->target, ret_k, err) : 0;
    if (sw_str_starts(reference, SW_STR("arn:")) && !sw_resource_read_arn(cx, &kms_key_resource, reference, &p))
        return 0;
    return kms_key_find(cx, p.v[0], ret_k, err);
}

static bool is_uuid(SwStr s) {
    return s.n == 36 && sw_str_all(s, "0-9a-f-");
}

static int missing(SwCtx *cx, SwStr reference, SwError *err) {
    SwArn arn;
    SwStr name = kms_alias_of(cx, reference), full;
    bool is_arn = sw_arn_parse(reference, &arn) && sw_str_eqz(arn.service, "kms");
    if (is_arn && !sw_str_eq(arn.region, cx->region))
        return sw_fail(err, &KMS_NOT_FOUND_EXCEPTION, "Invalid arn %.*s", SW_FMT(arn.region));
    if (is_arn && sw_str_starts(arn.resource, SW_STR("key/")))
        return sw_fail(err, &KMS_NOT_FOUND_EXCEPTION, "Key '%.*s' does not exist", SW_FMT(reference));
    full = is_arn ? reference : kms_alias_arn(cx, name);
    if (is_arn || name.p)
        return sw_fail(err, &KMS_NOT_FOUND_EXCEPTION, "Alias %.*s is not found.", SW_FMT(full));
    full = kms_key_arn(cx, reference);
    if (is_uuid(reference))
        return sw_fail(err, &KMS_NOT_FOUND_EXCEPTION, "Key '%.*s' does not exist", SW_FMT(full));
    if (sw_str_starts(reference, SW_STR("arn:")))
        return sw_fail(err, &KMS_INVALID_ARN_EXCEPTION, "Invalid arn %.*s", SW_FMT(reference));
    return sw_fail(err, &KMS_NOT_FOUND_EXCEPTION, "Invalid keyId '%.*s'", SW_FMT(reference));
}

int kms_key_of(SwCtx *cx, SwStr reference, KmsKeyRecord **ret_k, SwError *err) {
    if (find(cx, reference, ret_k, err) < 0)
        return -1;
    return *ret_k ? 0 : missing(cx, reference, err);
}

static bool is_managed(const KmsKeyRecord *k) {
    return sw_str_eqz(k->manager, "AWS");
}

static int not_the_callers(SwCtx *cx, const KmsKeyRecord *k, SwError *err) {
    SwStr arn = kms_arn(cx, k);
    return sw_fail(err, &SW_ACCESS_DENIED_EXCEPTION,
                   "User: %.*s is not authorized to perform: %s on resource: %.*s because no resource-based policy allows the "
                   "%s action",
                   SW_FMT(cx->principal.arn), cx->op->iam_action, SW_FMT(arn), cx->op->iam_action);
}

int kms_check_via(SwCtx *cx, const KmsKeyRecord *k, SwError *err) {
    return is_managed(k) && !cx->via ? not_the_callers(cx, k, err) : 0;
}

int kms_key_to_change(SwCtx *cx, SwStr reference, KmsKeyRecord **ret_k, SwError *err) {
    if (kms_alias_of(cx, reference).p)
        return sw_fail(err, sw_str_starts(reference, SW_STR("arn:")) ? &KMS_INVALID_ARN_EXCEPTION : &KMS_NOT_FOUND_EXCEPTION,
                       "Invalid keyId '%.*s'", SW_FMT(reference));
    if (kms_key_of(cx, reference, ret_k, err) < 0)
        return -1;
    return is_managed(*ret_k) ? not_the_callers(cx, *ret_k, err) : 0;
}

int kms_key_save(SwCtx *cx, const KmsKeyRecord *k, SwError *err) {
    SwTime at = kms_next_event(k);
    if (kms_key_put(cx, k->key_id, k, err) < 0)
        return -1;
    return at ? sw_wake(cx, &kms_clock, k->key_id, at, err) : 0;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

int kms_check_not_pending(SwCtx *cx, const KmsKeyRecord *k, SwError *err) {
    SwStr arn = kms_arn(cx, k);
    return KMS_IS(k, "PendingDeletion")
               ? sw_fail(err, &KMS_KMS_INVALID_STATE_EXCEPTION, "%.*s is pending deletion.", SW_FMT(arn))
               : 0;
}

int kms_check_enabled(SwCtx *cx, const KmsKeyRecord *k, SwError *err) {
    SwStr arn = kms_arn(cx, k);
    if (KMS_IS(k, "Disabled"))
        return sw_fail(err, &KMS_DISABLED_EXCEPTION, "%.*s is disabled.", SW_FMT(arn));
    if (KMS_IS(k, "PendingImport"))
        return sw_fail(err, &KMS_KMS_INVALID_STATE_EXCEPTION, "%.*s is pending import.", SW_FMT(arn));
    return kms_check_not_pending(cx, k, err);
}

int kms_use_key(SwCtx *cx, KmsKeyRecord *k, SwStr usage, const SwStrList *tokens, KmsUse *ret, SwError *err) {
    *ret = (KmsUse){.key = k, .spec = kms_spec(k->spec), .arn = kms_arn(cx, k)};
    if (SW_NEVER(!ret->spec))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The key is of an unknown kind");
    if (kms_check_via(cx, k, err) < 0 || kms_grant_tokens(cx, k, tokens, err) < 0 || kms_check_enabled(cx, k, err) < 0)
        return -1;
    if (sw_str_is(usage) && !sw_str_eq(k->usage, usage))
        return sw_fail(err, &KMS_INVALID_KEY_USAGE_EXCEPTION, "%.*s key usage is %.*s which is not valid for %s.",
                       SW_FMT(ret->arn), SW_FMT(k->usage), cx->op->name);
    return 0;
}

int kms_use(SwCtx *cx, SwStr reference, SwStr usage, const SwStrList *tokens, KmsUse *ret, SwError *err) {
    KmsKeyRecord *k;
    return kms_key_of(cx, reference, &k, err) < 0 ? -1 : kms_use_key(cx, k, usage, tokens, ret, err);
}

int kms_dry_run(SwOptBool dry, SwError *err) {
    return dry.v ? sw_fail(err, &KMS_DRY_RUN_OPERATION_EXCEPTION,
                           "The request would have succeeded, but the DryRun option is set.")
                 : 0;
}

int kms_bad_algorithm(const KmsUse *u, SwStr algorithm, SwError *err) {
    return sw_fail(err, &KMS_INVALID_KEY_USAGE_EXCEPTION, "Algorithm %.*s is not compatible with key spec %s.",
                   SW_FMT(algorithm), u->spec->name);
}

/* --- what is shown ------------------------------------------------------------------------------------------------ */

static void show_algorithms(SwCtx *cx, const KmsKeyRecord *k, const KmsSpec *s, KmsKeyMetadata *m) {
    static const char *const rsa_signs[] = {"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384",
                                            "RSASSA_PKCS1_V1_5_SHA_512", "RSASSA_PSS_SHA_256",
                                            "RSASSA_PSS_SHA_384",        "RSASSA_PSS_SHA_512"};
    static const char *const rsa_encrypts[] = {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"};
    SwStrList *to = sw_str_eq(k->usage, KMS_KEY_USAGE_TYPE_SIGN_VERIFY)           ? &m->signing_algorithms
                    : sw_str_eq(k->usage, KMS_KEY_USAGE_TYPE_KEY_AGREEMENT)       ? &m->key_agreement_algorithms
                    : sw_str_eq(k->usage, KMS_KEY_USAGE_TYPE_GENERATE_VERIFY_MAC) ? &m->mac_algorithms
                                                                                  : &m->encryption_algorithms;
    if (to == &m->key_agreement_algorithms) {
        sw_str_list_add(cx->arena, to, SW_STR("ECDH"));
    } else if (s->kind != KMS_RSA) {
        sw_str_list_add(cx->arena, to, sw_str(s->algorithm));
    } else {
        const char *const *names = to == &m->signing_algorithms ? rsa_signs : rsa_encrypts;
        for (size_t i = 0; i < (names == rsa_signs ? SW_N(rsa_signs) : SW_N(rsa_encrypts)); i++)
            sw_str_list_add(cx->arena, to, sw_str(names[i]));
    }
}

static void show_import(const KmsKeyRecord *k, KmsKeyMetadata *m) {
    const KmsMaterial *current = kms_material_current(k);
    if (!current || !sw_str_is(current->sealed))
        return;
    m->expiration_model = sw_str_or(current->expiration_model, SW_STR("KEY_MATERIAL_DOES_NOT_EXPIRE"));
    m->valid_to = current->valid_to;
}

KmsKeyMetadata *kms_metadata(SwCtx *cx, const KmsKeyRecord *k) {
    KmsKeyMetadata *m = sw_new(cx->arena, KmsKeyMetadata);
    const KmsSpec *s = kms_spec(k->spec);
    const KmsMaterial *current = kms_material_current(k);
    *m = (KmsKeyMetadata){.aws_account_id = cx->account,
                          .key_id = k->key_id,
                          .arn = kms_arn(cx, k),
                          .creation_date = k->created,
                          .enabled = SW_SOME_BOOL(KMS_IS(k, "Enabled")),
                          .description = k->description.p ? k->description : SW_STR(""),
                          .key_usage = k->usage,
                          .key_state = k->state,
                          .deletion_date = k->deletion,
                          .origin = k->origin,
                          .key_manager = k->manager,
                          .customer_master_key_spec = k->spec,
                          .key_spec = k->spec,
                          .multi_region = SW_SOME_BOOL(false)};
    if (sw_str_eqz(k->origin, "EXTERNAL"))
        show_import(k, m);
    if (kms_key_is_symmetric(k) && current && sw_str_is(current->sealed))
        m->current_key_material_id = current->id;
    if (s)
        show_algorithms(cx, k, s, m);
    return m;
}

int kms_describe_key(SwCtx *cx, const KmsDescribeKeyRequest *in, KmsDescribeKeyResponse *out, SwError *err) {
    KmsKeyRecord *k = NULL;
    SwStr alias = kms_alias_of(cx, in->key_id);
    /* "If you call DescribeKey on a predefined AWS alias .., KMS associates the alias with an AWS managed key." */
    if (find(cx, in->key_id, &k, err) < 0 || (!k && alias.p && kms_managed_key(cx, alias, &k, err) < 0))
        return -1;
    if (!k)
        return missing(cx, in->key_id, err);
    if (kms_grant_tokens(cx, k, &in->grant_tokens, err) < 0)
        return -1;
    out->key_metadata = kms_metadata(cx, k);
    return 0;
}

static int show_key(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(KmsKeyListEntry *)to = (KmsKeyListEntry){.key_id = row->id, .key_arn = kms_key_arn(cx, row->id)};
    return 0;
}

int kms_list_keys(SwCtx *cx, const KmsListKeysRequest *in, KmsListKeysResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &kms_keys, .show = show_key, .usual = 100, .most = 1000}, out, err);
}

/* --- what templates cannot say ------------------------------------------------------------------------------------ */

/* IAM is asked about keys alone: an alias stands for its key, and ciphertext says which one it is of. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    SwError none = sw_error(cx->arena);
    KmsKeyRecord *k = NULL;
    KmsBlob b;
    if (!ref.p && op->index == KMS_DECRYPT && kms_blob_read(cx->arena, ((const KmsDecryptRequest *)in)->ciphertext_blob, &b))
        return kms_key_arn(cx, b.key);
    if (!kms_alias_of(cx, ref).p || !cx->tx || find(cx, ref, &k, &none) < 0)
        return SW_NO_STR;
    return k ? kms_arn(cx, k) : SW_NO_STR;
}

static int cfn_get(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) {
    const KmsKeyRecord *k = kms_key_found(f);
    if (strcmp(property, "Enabled") == 0)
        *ret = sw_value_bool(!KMS_IS(k, "Disabled"));
    else if (strcmp(property, "EnableKeyRotation") == 0)
        *ret = sw_value_bool(k->rotates.v);
    else if (k->rotates.v)
        *ret = sw_value_int(cx->arena, k->rotation_period.v);
    else
        *ret = (SwValue){.kind = SW_VNULL};
    return 0;
}

static int rotate_every(SwCtx *cx, SwStr id, const SwValue *days, SwError *err) {
    KmsEnableKeyRotationRequest in = {.key_id = id};
    int64_t v;
    if (days && sw_value_i64(days, &v))
        in.rotation_period_in_days = SW_SOME_INT(v);
    void *none;
    return kms_call_enable_key_rotation(cx, &in, &none, err);
}

static int cfn_set(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want, SwError *err) {
    const KmsKeyRecord *k = kms_key_found(f);
    bool on = want && sw_value_is_true(want);
    void *none;
    if (!want)
        return 0;
    if (strcmp(property, "Enabled") == 0)
        return on ? kms_call_enable_key(cx, &(KmsEnableKeyRequest){.key_id = k->key_id}, &none, err)
                  : kms_call_disable_key(cx, &(KmsDisableKeyRequest){.key_id = k->key_id}, &none, err);
    if (strcmp(property, "RotationPeriodInDays") == 0)
        return want->kind == SW_VNULL ? 0 : rotate_every(cx, k->key_id, want, err);
    if (on)
        return k->rotates.v ? 0 : rotate_every(cx, k->key_id, NULL, err);
    return k->rotates.v ? kms_call_disable_key_rotation(cx, &(KmsDisableKeyRotationRequest){.key_id = k->key_id}, &none, err)
                        : 0;
}

static bool cfn_ended(SwCtx *cx, const void *record) {
    return KMS_IS((const KmsKeyRecord *)record, "PendingDeletion");
}

const SwResourceHooks kms_key_hooks = {
    .cfn_ended = cfn_ended, .named = named, .missing = missing, .granted = kms_granted, .cfn_get = cfn_get, .cfn_set = cfn_set};
