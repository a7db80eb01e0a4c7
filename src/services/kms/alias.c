/* SPDX-License-Identifier: Apache-2.0 */
/* Aliases: names of keys that can be given to another key. Those under alias/aws/ are AWS's. */

#include "services/kms/kms.h"

#define ALIASES_OF_A_KEY 50

/* *ret: without "alias/". */
static int read_name(SwStr given, SwStr *ret, SwError *err) {
    if (!sw_str_starts(given, SW_STR("alias/")) || given.n == 6)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Alias must start with the prefix \"alias/\". Please see "
                       "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
    *ret = sw_str_skip(given, 6);
    if (sw_str_starts(*ret, SW_STR("aws/")))
        return sw_fail(err, &KMS_NOT_AUTHORIZED_EXCEPTION, "The alias %.*s is reserved for AWS", SW_FMT(given));
    return sw_str_all(*ret, "a-zA-Z0-9/_-") ? 0
                                            : sw_fail(err, &KMS_INVALID_ALIAS_NAME_EXCEPTION,
                                                      "%.*s contains invalid characters for an alias", SW_FMT(given));
}

static int check_room(SwCtx *cx, const KmsKeyRecord *k, SwError *err) {
    int64_t n;
    SwDocQuery q = {.index = "by_target", .equals = {k->key_id}, .limit = ALIASES_OF_A_KEY};
    if (kms_aliases_count(cx->tx, &q, &n, err) < 0)
        return -1;
    return n < ALIASES_OF_A_KEY
               ? 0
               : sw_fail(err, &KMS_LIMIT_EXCEEDED_EXCEPTION, "A key can have at most %d aliases.", ALIASES_OF_A_KEY);
}

int kms_create_alias(SwCtx *cx, const KmsCreateAliasRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    SwStr name;
    if (read_name(in->alias_name, &name, err) < 0)
        return -1;
    if (sw_str_starts(in->target_key_id, SW_STR("alias/")))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Aliases must refer to keys. Not aliases");
    if (kms_key_to_change(cx, in->target_key_id, &k, err) < 0 || kms_check_not_pending(cx, k, err) < 0 ||
        check_room(cx, k, err) < 0)
        return -1;
    SwOptTime now = SW_SOME_TIME(sw_now(cx));
    return kms_alias_insert(cx, name, &(KmsAliasRecord){.name = name, .target = k->key_id, .created = now, .updated = now},
                            err);
}

/* "The current and new KMS key must be the same type .. and have the same key usage." */
static int check_alike(const KmsKeyRecord *old, const KmsKeyRecord *k, SwError *err) {
    const KmsSpec *a = kms_spec(old->spec), *b = kms_spec(k->spec);
    if (a && b && a->kind == b->kind && sw_str_eq(old->usage, k->usage))
        return 0;
    return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Alias cannot be changed from a key of %.*s (%.*s) to one of %.*s (%.*s)",
                   SW_FMT(old->spec), SW_FMT(old->usage), SW_FMT(k->spec), SW_FMT(k->usage));
}

int kms_update_alias(SwCtx *cx, const KmsUpdateAliasRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k, *old;
    KmsAliasRecord *a;
    SwStr name;
    if (read_name(in->alias_name, &name, err) < 0 || kms_alias_get(cx, name, &a, err) < 0 ||
        kms_key_to_change(cx, in->target_key_id, &k, err) < 0 || kms_check_not_pending(cx, k, err) < 0 ||
        kms_key_find(cx, a->target, &old, err) < 0)
        return -1;
    if (old && (sw_authorise(cx, "kms:UpdateAlias", kms_arn(cx, old), err) < 0 || check_alike(old, k, err) < 0))
        return -1;
    a->target = k->key_id;
    a->updated = SW_SOME_TIME(sw_now(cx));
    return kms_alias_put(cx, name, a, err);
}

int kms_delete_alias(SwCtx *cx, const KmsDeleteAliasRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    KmsAliasRecord *a;
    SwStr name;
    if (read_name(in->alias_name, &name, err) < 0 || kms_alias_get(cx, name, &a, err) < 0 ||
        kms_key_find(cx, a->target, &k, err) < 0)
        return -1;
    if (k && sw_authorise(cx, "kms:DeleteAlias", kms_arn(cx, k), err) < 0)
        return -1;
    return kms_alias_delete(cx, name, err);
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const KmsAliasRecord *a = kms_aliases_row(row);
    *(KmsAliasListEntry *)to = (KmsAliasListEntry){.alias_name = sw_cat(cx->arena, SW_STR("alias/"), a->name),
                                                   .alias_arn = kms_alias_arn(cx, a->name),
                                                   .target_key_id = a->target,
                                                   .creation_date = a->created,
                                                   .last_updated_date = a->updated};
    return 0;
}

int kms_list_aliases(SwCtx *cx, const KmsListAliasesRequest *in, KmsListAliasesResponse *out, SwError *err) {
    KmsKeyRecord *k;
    SwPage p = {.of = &kms_aliases, .show = show, .usual = 50, .most = 100};
    if (sw_str_is(in->key_id)) {
        if (kms_key_of(cx, in->key_id, &k, err) < 0)
            return -1;
        p.q = (SwDocQuery){.index = "by_target", .equals = {k->key_id}};
    }
    return sw_page(cx, &p, out, err);
}
