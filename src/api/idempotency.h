/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Idempotency tokens of operations, as models/operations declares them (SwHandler.token). In cx->tx, around the handler. */

#include "api/ctx.h"
#include "shape/call.h"

/* *ret_out: the reply to the first call with this input's token, in cx->arena; NULL: there was none, or it gave no token. Fails
 * with the operation's conflict where the token came with another input. */
int sw_token_find(SwCtx *cx, const SwToken *t, const void *in, void **ret_out, SwError *err) sw_must_check;
int sw_token_keep(SwCtx *cx, const SwToken *t, const void *in, const void *out, SwError *err) sw_must_check;
