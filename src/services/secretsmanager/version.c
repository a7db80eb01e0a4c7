/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a secret's value, sealed with the secret's key (api/envelope.h) and bound to the secret's ARN and the version's
 * id. */

#include "services/secretsmanager/secretsmanager.h"

#include "api/envelope.h"
#include "base/id.h"

#define VERSIONS_MAX 100

SwStr secretsmanager_version_id(SwArena *a, SwStr name, SwStr version) {
    return sw_cat(a, name, SW_STR(":"), version);
}

/* --- sealing ---------------------------------------------------------------------------------------------------- */

static const SwEnvelopeFaults cannot_seal = {&SECRETSMANAGER_ENCRYPTION_FAILURE, &SECRETSMANAGER_ENCRYPTION_FAILURE,
                                             &SECRETSMANAGER_ENCRYPTION_FAILURE, &SECRETSMANAGER_ENCRYPTION_FAILURE},
                              cannot_open = {&SECRETSMANAGER_DECRYPTION_FAILURE, &SECRETSMANAGER_DECRYPTION_FAILURE,
                                             &SECRETSMANAGER_DECRYPTION_FAILURE, &SECRETSMANAGER_DECRYPTION_FAILURE};

typedef struct Bound {
    SwStrPair pair[2];
    SwStrMap context;
    SwEnvelope envelope;
} Bound;

/* What is sealed is bound to the secret and the version, for KMS's log and policies, too. */
static void bind(SwCtx *cx, const Secret *s, SwStr version, const SwEnvelopeFaults *faults, Bound *b) {
    b->pair[0] = (SwStrPair){SW_STR("SecretARN"), s->arn};
    b->pair[1] = (SwStrPair){SW_STR("SecretVersionId"), version};
    b->context = (SwStrMap){b->pair, SW_N(b->pair)};
    b->envelope = (SwEnvelope){.service = "secretsmanager",
                               .key = s->kms_key_id,
                               .about = sw_cat(cx->arena, s->arn, SW_STR(":"), version),
                               .context = &b->context,
                               .faults = faults};
}

static int seal(SwCtx *cx, const Secret *s, const SecretValue *v, Version *ret, SwError *err) {
    Bound b;
    bind(cx, s, ret->version_id, &cannot_seal, &b);
    ret->text = ret->binary = SW_NO_STR;
    ret->kms_key_id = s->kms_key_id;
    return v->text.p ? sw_envelope_seal(cx, &b.envelope, v->text, &ret->text, err)
                     : sw_envelope_seal(cx, &b.envelope, v->binary, &ret->binary, err);
}

int secretsmanager_version_open(SwCtx *cx, const Secret *s, const Version *v, SecretValue *ret, SwError *err) {
    Bound b;
    bind(cx, s, v->version_id, &cannot_open, &b);
    *ret = (SecretValue){0};
    return v->text.p ? sw_envelope_open(cx, &b.envelope, v->text, &ret->text, err)
                     : sw_envelope_open(cx, &b.envelope, v->binary, &ret->binary, err);
}

/* Those that are in use. Whoever may not use one of the keys leaves a version as it is. */
int secretsmanager_reseal(SwCtx *cx, const Secret *s, SwError *err) {
    const SwStr stages[] = {SECRETS_CURRENT, SECRETS_PENDING, SECRETS_PREVIOUS};
    for (size_t i = 0; i < SW_N(stages); i++) {
        SwStr version = secretsmanager_stage_at(s, stages[i]);
        SecretValue value;
        Version *v = NULL;
        SwError why = sw_error(cx->arena);
        if (version.p && secretsmanager_version_find(cx, s, version, &v, err) < 0)
            return -1;
        if (!v || sw_str_eq(v->kms_key_id, s->kms_key_id))
            continue;
        if (secretsmanager_version_open(cx, s, v, &value, &why) < 0 || seal(cx, s, &value, v, &why) < 0) {
            if (sw_error_is(&why, &SW_ACCESS_DENIED_EXCEPTION))
                continue;
            *err = why;
            return -1;
        }
        if (secretsmanager_versions_put(cx->tx, secretsmanager_version_id(cx->arena, s->name, version), v, err) < 0)
            return -1;
    }
    return 0;
}

/* --- versions --------------------------------------------------------------------------------------------------- */

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

SwDocQuery secretsmanager_versions_query(SwCtx *cx, const Secret *s) {
    return (SwDocQuery){.prefix = secretsmanager_version_id(cx->arena, s->name, SW_STR(""))};
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
    new.created_date = SW_SOME_TIME(sw_now(cx));
    if (seal(cx, s, v, &new, err) < 0)
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
    const SwDocQuery q = secretsmanager_versions_query(cx, s);
    SecretsmanagerVersionRecords all;
    if (secretsmanager_versions_list(cx->tx, &q, &all, err) < 0)
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
