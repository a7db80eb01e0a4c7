/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Secrets Manager's insides. A secret's record holds what is shown of it and its staging labels; each version of its value is a
 * record of its own, sealed. A label may be on a version that has no value yet. */

#include "api/host.h"
#include "api/tags.h"
#include "models/secretsmanager_resources.gen.h"

typedef SecretsmanagerSecretRecord Secret;
typedef SecretsmanagerVersionRecord Version;

#define SECRETS_CURRENT  SW_STR("AWSCURRENT")
#define SECRETS_PREVIOUS SW_STR("AWSPREVIOUS")
#define SECRETS_PENDING  SW_STR("AWSPENDING")

/* By name, ARN, or an ARN without its random end. *ret NULL: there is none here. */
int secretsmanager_find(SwCtx *cx, SwStr id, Secret **ret, SwError *err) sw_must_check;
/* The same, but fails where there is none; `live` also where it is marked for deletion. */
int secretsmanager_get(SwCtx *cx, SwStr id, Secret **ret, SwError *err) sw_must_check;
int secretsmanager_live(SwCtx *cx, SwStr id, Secret **ret, SwError *err) sw_must_check;
/* Stores it; `changed`: it was modified, which its date says. */
int secretsmanager_put(SwCtx *cx, Secret *s, bool changed, SwError *err) sw_must_check;
/* It and all its versions are gone. */
int secretsmanager_erase(SwCtx *cx, const Secret *s, SwError *err) sw_must_check;
int secretsmanager_tell(SwCtx *cx, const Secret *s, const char *event, SwStr version, SwError *err) sw_must_check;
extern const SwResourceHooks secretsmanager_secret_hooks, secretsmanager_resource_policy_hooks;

/* --- staging labels (stage.c) ----------------------------------------------------------------------------------- */

SwStr secretsmanager_stage_at(const Secret *s, SwStr stage); /* the version that has it; absent: none */
SwStrList secretsmanager_stages_of(SwCtx *cx, const Secret *s, SwStr version);
/* Takes it from where it is; the version that AWSCURRENT leaves becomes AWSPREVIOUS. */
int secretsmanager_stage_move(SwCtx *cx, Secret *s, SwStr stage, SwStr version, SwError *err) sw_must_check;
SecretsmanagerStrListMap secretsmanager_stages_shown(SwCtx *cx, const Secret *s);

/* --- values (version.c) ----------------------------------------------------------------------------------------- */

typedef struct SecretValue {
    SwStr text, binary; /* one of them is present */
} SecretValue;

int secretsmanager_check_value(const SecretValue *v, bool needed, SwError *err) sw_must_check;
/* *ret NULL: no such version, or one without a value. */
int secretsmanager_version_find(SwCtx *cx, const Secret *s, SwStr version, Version **ret, SwError *err) sw_must_check;
int secretsmanager_version_open(SwCtx *cx, const Secret *s, const Version *v, SecretValue *ret, SwError *err) sw_must_check;
SwDocQuery secretsmanager_versions_query(SwCtx *cx, const Secret *s); /* all of a secret */
/* A new version under the token (absent: a new id); the same token with the same value is the same call: *ret_made false. Its
 * labels are the caller's to set. */
int secretsmanager_version_add(SwCtx *cx, const Secret *s, SwStr token, const SecretValue *v, SwStr *ret_version,
                               bool *ret_made, SwError *err) sw_must_check;
/* The secret has another key now. */
int secretsmanager_reseal(SwCtx *cx, const Secret *s, SwError *err) sw_must_check;
/* Those without labels that are too many. */
int secretsmanager_version_trim(SwCtx *cx, const Secret *s, SwError *err) sw_must_check;
SwStr secretsmanager_version_id(SwArena *a, SwStr name, SwStr version); /* of its record */

/* What a request has read. Reading writes nothing but the day on which it was done, all of a request at once: only the first
 * read of a day writes. */
typedef struct SecretRead {
    SwStr name, version; /* version: id of its record */
} SecretRead;
typedef struct SecretReads {
    SecretRead *v;
    size_t n;
    SwTime day;
} SecretReads;

void secretsmanager_read(SwCtx *cx, SecretReads *reads, const Secret *s, const Version *v);
int secretsmanager_note_reads(SwCtx *cx, SecretReads *reads, SwError *err) sw_must_check;

/* --- list.c ----------------------------------------------------------------------------------------------------- */

bool secretsmanager_matches(SwCtx *cx, const SecretsmanagerFilterList *filters, const Secret *s);
int secretsmanager_check_filters(const SecretsmanagerFilterList *filters, SwError *err) sw_must_check;

/* --- policy.c --------------------------------------------------------------------------------------------------- */

int secretsmanager_check_public(SwCtx *cx, const Secret *s, bool block, SwError *err) sw_must_check;

/* --- controller.c ----------------------------------------------------------------------------------------------- */

extern const SwController secretsmanager_deletion_controller;

/* --- cfn.c ------------------------------------------------------------------------------------------------------ */

int secretsmanager_cfn_get(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) sw_must_check;
int secretsmanager_cfn_set(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want,
                           SwError *err) sw_must_check;
/* the same of a resource policy */
int secretsmanager_cfn_policy_get(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) sw_must_check;
int secretsmanager_cfn_policy_set(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want,
                                  SwError *err) sw_must_check;
