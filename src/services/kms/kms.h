/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* KMS: what its files share. A key is one document, its material in it, sealed (api/seal.h): old material stays, as what it
 * encrypted must open. */

#include "api/host.h"
#include "models/kms_resources.gen.h"
#include "services/kms/blob.h"
#include "services/kms/pkey.h"

/* A tag is a SwStrPair but for its members' names, and nothing but a list of tags is seen so. */
_Static_assert(sizeof(KmsTag) == sizeof(SwStrPair) && offsetof(KmsTag, tag_key) == offsetof(SwStrPair, key) &&
                   offsetof(KmsTag, tag_value) == offsetof(SwStrPair, value),
               "a tag is a pair");
#define KMS_GIVEN_TAGS(list) ((const SwStrMap *)(const void *)(1 ? (list) : (const KmsTagList *)NULL))

/* key.c */
/* The name without "alias/" where that is what a request calls its key by, or its ARN; else absent. */
SwStr kms_alias_of(SwCtx *cx, SwStr reference);
/* By id, ARN, alias name or alias ARN. */
int kms_key_of(SwCtx *cx, SwStr reference, KmsKeyRecord **ret_k, SwError *err) sw_must_check;
/* The same, but of what operations change: by id or ARN alone, and no key of AWS's own. */
int kms_key_to_change(SwCtx *cx, SwStr reference, KmsKeyRecord **ret_k, SwError *err) sw_must_check;
SwStr kms_arn(SwCtx *cx, const KmsKeyRecord *k);
int kms_key_save(SwCtx *cx, const KmsKeyRecord *k, SwError *err) sw_must_check; /* and wakes its clock */
/* A state that the operation does not work in: fails as AWS does. */
int kms_check_enabled(SwCtx *cx, const KmsKeyRecord *k, SwError *err) sw_must_check;
int kms_check_not_pending(SwCtx *cx, const KmsKeyRecord *k, SwError *err) sw_must_check; /* deletion */
#define KMS_IS(k, what) sw_str_eqz((k)->state, what)
/* AWS managed: nobody uses it but a service for its callers. */
int kms_check_via(SwCtx *cx, const KmsKeyRecord *k, SwError *err) sw_must_check;
bool kms_key_is_symmetric(const KmsKeyRecord *k);
KmsKeyMetadata *kms_metadata(SwCtx *cx, const KmsKeyRecord *k);

/* What an operation with a key's material begins with: key, its state, what it is for, and grant tokens. */
typedef struct KmsUse {
    KmsKeyRecord *key;
    const KmsSpec *spec;
    SwStr arn;
} KmsUse;
int kms_use(SwCtx *cx, SwStr reference, SwStr usage, const SwStrList *tokens, KmsUse *ret, SwError *err) sw_must_check;
int kms_use_key(SwCtx *cx, KmsKeyRecord *k, SwStr usage, const SwStrList *tokens, KmsUse *ret, SwError *err) sw_must_check;
/* Fails with DryRunOperationException where it was a trial. */
int kms_dry_run(SwOptBool dry, SwError *err) sw_must_check;
int kms_bad_algorithm(const KmsUse *u, SwStr algorithm, SwError *err);

/* key_life.c */
extern const SwController kms_clock;          /* of one key: the end of waiting periods, rotation, expiry */
SwTime kms_next_event(const KmsKeyRecord *k); /* 0: none */
/* The AWS managed key of alias/aws/NAME, made where it is not there; *ret_k NULL: no such alias is made. */
int kms_managed_key(SwCtx *cx, SwStr alias, KmsKeyRecord **ret_k, SwError *err) sw_must_check;

/* material.c */
KmsMaterial *kms_material(const KmsKeyRecord *k, SwStr id); /* NULL: none */
KmsMaterial *kms_material_current(const KmsKeyRecord *k);
KmsMaterial *kms_material_with(const KmsKeyRecord *k, const char *state); /* the first */
KmsMaterial *kms_material_add(SwCtx *cx, KmsKeyRecord *k, const char *state);
/* The same with an id of its own, and kms_material_put. */
int kms_material_start(SwCtx *cx, KmsKeyRecord *k, const char *state, SwStr bytes, SwError *err) sw_must_check;
int kms_material_put(SwCtx *cx, const KmsKeyRecord *k, KmsMaterial *m, SwStr bytes, SwError *err) sw_must_check;
int kms_material_bytes(SwCtx *cx, const KmsKeyRecord *k, const KmsMaterial *m, SwStr *ret, SwError *err) sw_must_check;
int kms_current_bytes(SwCtx *cx, const KmsKeyRecord *k, SwStr *ret, SwError *err) sw_must_check;
void kms_material_drop(KmsMaterial *m);
/* Material that is gone makes a key wait for it. */
void kms_material_missing(KmsKeyRecord *k);
void kms_rotate(SwCtx *cx, KmsKeyRecord *k, const char *type); /* what is new becomes the current one */

/* crypt.c: by the current material of a symmetric key. */
int kms_encrypt_with(SwCtx *cx, const KmsUse *u, const SwStrMap *context, SwStr plain, SwStr *ret_blob, SwStr *ret_material,
                     SwError *err) sw_must_check;

/* policy.c */
SwStr kms_policy_default(SwCtx *cx);
SwStr kms_policy_managed(SwCtx *cx, SwStr service);
int kms_policy_check(SwCtx *cx, SwStr arn, SwStr policy, bool bypass, SwError *err) sw_must_check;

/* grant.c */
int kms_grant_tokens(SwCtx *cx, const KmsKeyRecord *k, const SwStrList *tokens, SwError *err) sw_must_check;
int kms_granted(SwCtx *cx, const SwFound *f, const char *action, bool *ret, SwError *err) sw_must_check;
int kms_grants_end(SwCtx *cx, const KmsKeyRecord *k, SwError *err) sw_must_check;

/* rotation.c */
int kms_rotate_now(SwCtx *cx, KmsKeyRecord *k, const char *type, SwError *err) sw_must_check;

/* token.c: what GetParametersForImport hands out, and what ImportKeyMaterial reads of it. */
typedef struct KmsToken {
    SwStr key, algorithm, private_key;
    SwTime valid_to;
} KmsToken;
int kms_token_seal(SwCtx *cx, const KmsToken *t, SwStr *ret, SwError *err) sw_must_check;
/* False: none of ours. */
bool kms_token_open(SwCtx *cx, SwStr token, KmsToken *ret);
