/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Authenticated encryption: AES-256-GCM (NIST SP 800-38D). What is sealed is bytes: nonce, cipher text, tag; a nonce is random,
 * so one key seals at most 2^32 texts. `context` is not kept, but what is sealed opens with the same one alone. */

#include "base/error.h"

#define SW_GCM_KEY_BYTES 32
#define SW_GCM_OVERHEAD  (12 + 16) /* of nonce and tag */

/* key: SW_GCM_KEY_BYTES bytes. */
int sw_gcm_seal(SwArena *a, SwStr key, SwStr context, SwStr plain, SwStr *ret_sealed, SwError *err) sw_must_check;
/* False: not sealed with this key and context, or damaged. */
bool sw_gcm_open(SwArena *a, SwStr key, SwStr context, SwStr sealed, SwStr *ret_plain);
