/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The common part of every operation, from outside (front.c) and from inside (call.c): limits, authorisation, handler. */

#include "api/registry.h"

/* Decoded input to output, in cx->tx (or without one for SW_OWN_TX handlers). *ret_out is zeroed and in cx->arena. */
int sw_operation_run(SwCtx *cx, const SwService *s, const SwOperation *op, const SwHandler *handler, const void *in,
                     void **ret_out, SwError *err) sw_must_check;
/* The same in a transaction of its own; what it wrote is on disk when this returns 0. */
int sw_operation_run_alone(SwCtx *cx, const SwService *s, const SwOperation *op, const SwHandler *handler, const void *in,
                           void **ret_out, SwError *err) sw_must_check;
/* Text of an input's member by the model's name, or a list's first text; absent where the input has none. What services
 * name the resource of a request by. */
SwStrList sw_operation_texts(const SwOperation *op, const void *in, const char *member); /* all of a list's */
SwStr sw_operation_text(const SwOperation *op, const void *in, const char *member);
