/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* References to secrets of Secrets Manager, and to parameters, as tasks and builds write them:
 *
 *     arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-END[:JSON-KEY:STAGE:VERSION]
 *     NAME[:JSON-KEY:STAGE:VERSION]
 *
 * What is left out at the end, or empty, asks for nothing: the whole value, the current version. */

#include "api/ctx.h"

typedef struct SwSecretReference {
    SwStr id, region; /* region: of an ARN; else absent */
    SwStr key, stage, version;
} SwSecretReference;

/* False: more parts than there are. */
bool sw_secret_reference_parse(SwArena *a, SwStr text, SwSecretReference *ret);
/* The value of one key of a JSON object: a text as it is, anything else as JSON; false where there is none. */
bool sw_secret_key(SwArena *a, SwStr value, SwStr key, SwStr *ret);
/* Read as the context's principal, with Secrets Manager's errors. A binary value is refused: texts are what is made of it. In a
 * transaction what is of another region is not found. */
int sw_secret_value(SwCtx *cx, SwStr reference, SwStr *ret_value, SwError *err) sw_must_check;
/* The same of a parameter of Parameter Store, by name or ARN, decrypted, with its errors. */
int sw_parameter_value(SwCtx *cx, SwStr reference, SwStr *ret_value, SwError *err) sw_must_check;
