/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What generated code calls to run an operation in process; defined in api/call.c. Here, because generated headers
 * belong to this floor. */

#include "shape/shape.h"

typedef struct SwCtx SwCtx;
int sw_call(SwCtx *cx, const SwApi *api, unsigned op, const void *in, void **ret_out, SwError *err) sw_must_check;
