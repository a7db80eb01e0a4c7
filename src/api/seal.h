/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Secrets at rest: sealed (base/gcm.h) with a key that is a file of the data folder, `seal-key` (0600, made when first needed),
 * beside the database and not in it: a copy of the database alone gives nothing away. `context` says whose secret it is (an
 * ARN). As text: base64.
 *
 * Threads: any. sw_unseal never makes the key: without it, what was sealed is lost, and another would hide that. */

#include "api/ctx.h"

int sw_seal(SwCtx *cx, SwStr context, SwStr plain, SwStr *ret_sealed, SwError *err) sw_must_check;
int sw_unseal(SwCtx *cx, SwStr context, SwStr sealed, SwStr *ret_plain, SwError *err) sw_must_check;
