/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a secret's value, sealed (api/seal.h) and bound to the secret's ARN and the version's id. */

#include "services/secretsmanager/secretsmanager.h"

#include "api/seal.h"
#include "base/id.h"

#define VERSIONS_MAX 100

SwStr secretsmanager_version_id(SwArena *a, SwStr name, SwStr version) {
    return sw_cat(a, name, SW_STR(":"), version);
}

/* What is sealed is bound to this. */
static SwStr whose(SwArena *a, const Secret *s, SwStr version) {
    return sw_cat(a, s->arn, SW_STR(":"), version);
}

int secretsmanager_check_value(const SecretValue *v, bool needed, SwError *err) {
    if (v->text.p && v->binary.p)
        return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION,
                       "You can't specify both a binary secret value and a string secret value in the same secret.");
    if (needed && !v->text.p && !v->binary.p)
        return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION, "You must provide either SecretString or SecretBinary.");
    return 0;
}

int secretsmanager_version_find(SwCtx *cx, const Secret *s, SwStr version, Version **ret, SwError *err) {
    return secretsmanager_versions_find(cx->tx, secretsmanager_version_id(cx->arena, s->name, version), ret, err);
}

int secretsmanager_version_open(SwCtx *cx, const Secret *s, const Version *v, SecretValue *ret, SwError *err) {
    SwStr context = whose(cx->arena, s, v->version_id);
    *ret = (SecretValue){0};
    return v->text.p ? sw_unseal(cx, context, v->text, &ret->text, err) : sw_unseal(cx, context, v->binary, &ret->binary, err);
}

int secretsmanager_versions_of(SwCtx *cx, const Secret *s, SecretsmanagerVersionRecords *ret, SwError *err) {
    SwDocQuery q = {.prefix = secretsmanager_version_id(cx->arena, s->name, SW_STR(""))};
    return secretsmanager_versions_list(cx->tx, &q, ret, err);
}

/* The token is that of a version that is there: the same call again, or a mistake. */
static int check_same(SwCtx *cx, const Secret *s, const Version *old, const SecretValue *v, SwError *err) {
    SecretValue was;
    if (secretsmanager_version_open(cx, s, old, &was, err) < 0)
        return -1;
    if (was.text.p ? v->text.p && sw_str_eq(was.text, v->text) : v->binary.p && sw_str_eq(was.binary, v->binary))
        return 0;
    return sw_fail(err, &SECRETSMANAGER_RESOURCE_EXISTS_EXCEPTION,
                   "You can't use ClientRequestToken %.*s because that value is already in use for a version of secret %.*s.",
                   SW_FMT(old->version_id), SW_FMT(s->arn));
}

int secretsmanager_version_add(SwCtx *cx, const Secret *s, SwStr token, const SecretValue *v, SwStr *ret_version,
                               bool *ret_made, SwError *err) {
    Version *old = NULL, new = {.version_id = token.p ? token : sw_id_uuid(cx->arena)};
    *ret_version = new.version_id;
    if (secretsmanager_version_find(cx, s, new.version_id, &old, err) < 0)
        return -1;
    *ret_made = !old;
    if (old)
        return check_same(cx, s, old, v, err);
    SwStr context = whose(cx->arena, s, new.version_id);
    new.created_date = SW_SOME_TIME(sw_now(cx));
    if ((v->text.p ? sw_seal(cx, context, v->text, &new.text, err) : sw_seal(cx, context, v->binary, &new.binary, err)) < 0)
        return -1;
    return secretsmanager_versions_put(cx->tx, secretsmanager_version_id(cx->arena, s->name, new.version_id), &new, err);
}

/* The oldest that has no label and is a day old; NULL: none. */
static const SecretsmanagerVersionRecordRow *outdated(SwCtx *cx, const Secret *s, const SecretsmanagerVersionRecords *all) {
    const SecretsmanagerVersionRecordRow *oldest = NULL;
    for (size_t i = 0; i < all->n; i++) {
        const Version *v = all->v[i].record;
        if (v->created_date.v > sw_now(cx) - SW_DAY || secretsmanager_stages_of(cx, s, v->version_id).n)
            continue;
        if (!oldest || v->created_date.v < oldest->record->created_date.v)
            oldest = &all->v[i];
    }
    return oldest;
}

int secretsmanager_version_trim(SwCtx *cx, const Secret *s, SwError *err) {
    SecretsmanagerVersionRecords all;
    if (secretsmanager_versions_of(cx, s, &all, err) < 0)
        return -1;
    const SecretsmanagerVersionRecordRow *old = all.n > VERSIONS_MAX ? outdated(cx, s, &all) : NULL;
    if (!old)
        return 0;
    return secretsmanager_versions_delete(cx->tx, old->id, NULL, err) < 0
               ? -1
               : secretsmanager_tell(cx, s, "EndSecretVersionDelete", old->record->version_id, err);
}

/* --- the day of reading ----------------------------------------------------------------------------------------- */

static int note(SwTx *tx, void *arg, SwError *err) {
    const SecretReads *reads = arg;
    for (size_t i = 0; i < reads->n; i++) {
        SwStr id = reads->v[i].version;
        Version *v;
        Secret *s;
        if (secretsmanager_versions_find(tx, id, &v, err) < 0 || secretsmanager_secrets_find(tx, reads->v[i].name, &s, err) < 0)
            return -1;
        if (!v || !s)
            continue;
        v->last_accessed_date = s->last_accessed_date = SW_SOME_TIME(reads->day);
        if (secretsmanager_versions_put(tx, id, v, err) < 0 || secretsmanager_secrets_put(tx, s->name, s, err) < 0)
            return -1;
    }
    return 0;
}

void secretsmanager_read(SwCtx *cx, SecretReads *reads, const Secret *s, const Version *v) {
    reads->day = sw_now(cx) / SW_DAY * SW_DAY;
    if (s->last_accessed_date.v != reads->day || v->last_accessed_date.v != reads->day)
        *sw_list_add(cx->arena, reads) = (SecretRead){s->name, secretsmanager_version_id(cx->arena, s->name, v->version_id)};
}

int secretsmanager_note_reads(SwCtx *cx, SecretReads *reads, SwError *err) {
    if (!reads->n)
        return 0;
    return sw_tx_is_write(cx->tx) ? note(cx->tx, reads, err)
                                  : sw_tx_write(cx->host->store, cx->arena, cx->account, cx->region, note, reads, err);
}
