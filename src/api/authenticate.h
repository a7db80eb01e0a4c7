/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whose request it is: account and region from the signature's scope, principal from the key.
 *
 * Relaxed (loopback only): any credentials are accepted. A key that IAM or STS issued acts as its owner; an access key
 * of twelve digits is the account; anything else is the root of the default account.
 * Strict: the signature must verify, with a key that was issued here. */

#include "api/host.h"
#include "api/sigv4.h"

/* From the headers alone. Fills cx->account, region and principal, and *ret_s. */
int sw_authenticate_begin(SwCtx *cx, const SwWireMessage *m, SwSignature *ret_s, SwStr *ret_secret, SwError *err) sw_must_check;
/* Strict only: the signature over this payload hash (hexadecimal SHA-256, or one of the fixed words in
 * x-amz-content-sha256) and the clock's distance. */
int sw_authenticate_verify(SwCtx *cx, const SwWireMessage *m, const SwSignature *s, SwStr secret, SwStr payload_hash,
                           SwError *err) sw_must_check;
/* A request that was believed: IAM tells when a user's key was last used. */
void sw_authenticate_used(SwCtx *cx, const SwSignature *s);
/* Strict only: each chunk of a body that was sent as STREAMING-AWS4-HMAC-SHA256-PAYLOAD is signed, its signature chained
 * to the one before, the first to the request's. *ret_check NULL: nothing to check. */
void sw_authenticate_chunks(SwCtx *cx, const SwSignature *s, SwStr secret, SwChunkCheck **ret_check, void **ret_arg);
/* What a presigned URL carries in its query in place of headers ("x-amz-meta-..", "x-amz-tagging"), made headers. */
void sw_presigned_headers(SwArena *a, const SwSignature *s, SwWireMessage *m);
/* HTTP Basic: registry and git. False when there is none, or it is malformed. */
bool sw_basic_credentials(SwArena *a, const SwWireMessage *m, SwStr *ret_user, SwStr *ret_password);
