/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The bell of each queue: see bell.c. A waiter lies in the memory of the thread that waits. To be told of all that is
 * committed after a look, join before it:
 *     _sqs_waiter_ SqsWaiter w = {0};                                                                                  */

#include <pthread.h>

#include "api/ctx.h"

typedef struct SqsWaiter {
    struct SqsWaiter *next;
    SwStr queue; /* its id; lives as long as the waiter */
    pthread_cond_t rung;
    bool in, heard;
} SqsWaiter;

void sqs_waiter_join(SqsWaiter *w, SwStr queue);
void sqs_waiter_leave(SqsWaiter *w); /* nothing when it has not joined */
#define _sqs_waiter_ __attribute__((cleanup(sqs_waiter_leave)))
/* Until the bell has rung since the last call (or the joining), which it says, or this instant of sw_monotonic_ns. */
bool sqs_waiter_wait(SqsWaiter *w, int64_t until_ns);

/* In cx->tx, a write one: a message of the queue with this id may be visible once it is committed. */
void sqs_ring(SwCtx *cx, SwStr queue);
