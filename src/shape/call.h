/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What generated code says about handlers, and calls to run an operation in process (defined in api/call.c). Here,
 * because generated headers belong to this floor. */

#include "shape/shape.h"

typedef struct SwCtx SwCtx;

/* An operation's handler. <api>_handlers[] is made from models/operations/<api>.json and indexed as SwApi.op; SW_HANDLER
 * drops the types of in and out, which the prototype has already checked. */
typedef void (*SwHandlerFn)(void);
/* The idempotency token of an operation: the same token again is the same call, answered as the first was, as long as it
 * lives (api/idempotency.c). */
typedef struct SwToken {
    uint16_t at;        /* member of the input */
    uint16_t within[2]; /* the same token with another of these is another */
    uint8_t n_within;
    const SwErrorKind *conflict; /* the token came with another input; NULL: the token alone tells */
    const char *text;
    int64_t life_s; /* of the clock */
} SwToken;
#define SW_HANDLER(fn) ((SwHandlerFn)(fn))
typedef struct SwHandler {
    SwHandlerFn fn;
    unsigned flags;
    const SwToken *token; /* NULL: it takes none */
} SwHandler;
enum {
    SW_OWN_TX = 1 << 0,     /* runs without a transaction, opens its own, may wait: long polls, the clock */
    SW_WRITES = 1 << 1,     /* needs a write transaction although its name sounds like a read */
    SW_ANY_TX = 1 << 3,     /* with SW_OWN_TX: called in process, it works in its caller's transaction, if there is one */
    SW_AUTHORISES = 1 << 2, /* asks for permission itself, item by item, with sw_authorise */
};

/* What sw_call would ask IAM, without carrying it out. */
int sw_call_ask(SwCtx *cx, const SwApi *api, unsigned op, const void *in, SwError *err) sw_must_check;
int sw_call(SwCtx *cx, const SwApi *api, unsigned op, const void *in, void **ret_out, SwError *err) sw_must_check;
