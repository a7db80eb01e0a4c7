/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Envelope encryption: what a service keeps for somebody is sealed with a data key, and the data key is encrypted under a key
 * of KMS. KMS is asked in process, under the caller's rights and with kms:ViaService of the service, so that a key's policy has
 * its say, and what a disabled or deleted key sealed opens no more.
 *
 *     const SwEnvelope e = {.service = "ssm", .key = SW_STR("alias/aws/ssm"), .about = arn, .context = &context};
 *     if (sw_envelope_seal(cx, &e, value, &record->value, err) < 0) ..
 *
 * alias/aws/<service> is made where it is not there and the transaction, if one is open, is a write one. Without a key it is
 * the data folder's own seal (api/seal.h), so that what was sealed before there was a key opens as well. */

#include "api/ctx.h"

/* What the service calls KMS's errors; each NULL: as KMS does. */
typedef struct SwEnvelopeFaults {
    const SwErrorKind *not_found, *disabled, *state, *usage, *denied;
} SwEnvelopeFaults;

typedef struct SwEnvelope {
    const char *service;     /* "sqs" */
    SwStr key;               /* id, ARN, alias or alias ARN; absent or empty: the data folder's own seal */
    SwStr about;             /* whose it is (an ARN): it opens for nothing else */
    const SwStrMap *context; /* encryption context; NULL: none. Needed again to open */
    const SwEnvelopeFaults *faults;
} SwEnvelope;

/* Texts: base64 and ':'. */
int sw_envelope_seal(SwCtx *cx, const SwEnvelope *e, SwStr plain, SwStr *ret_text, SwError *err) sw_must_check;
/* e->key is not looked at: the text says which key it is of. */
int sw_envelope_open(SwCtx *cx, const SwEnvelope *e, SwStr text, SwStr *ret_plain, SwError *err) sw_must_check;

/* The parts of it, for whom one data key seals much: a queue for a while, an object all of its bytes. Needs a key. */
typedef struct SwDataKey {
    SwStr plain;  /* 32 bytes */
    SwStr sealed; /* base64: what is kept */
} SwDataKey;
int sw_data_key_new(SwCtx *cx, const SwEnvelope *e, SwDataKey *ret, SwError *err) sw_must_check;
int sw_data_key_open(SwCtx *cx, const SwEnvelope *e, SwStr sealed, SwDataKey *ret, SwError *err) sw_must_check;
int sw_data_key_seal(SwCtx *cx, const SwEnvelope *e, const SwDataKey *k, SwStr plain, SwStr *ret_text,
                     SwError *err) sw_must_check;
