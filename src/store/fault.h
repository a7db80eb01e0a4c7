/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Failures on demand, for tests: what asks the store must cope with every one of its calls failing. A call is a statement, the
 * beginning or commit of a transaction, or a step of a blob. Counted a thread, so that what runs beside a test is not met;
 * costs a look at a number a call. */

#include "base/error.h"

/* Of the calls that this thread makes from now on the n-th fails, once, with SW_INTERNAL_FAILURE; 0: none does. */
void sw_fault_at(int64_t n);
/* How many calls this thread has made since. */
int64_t sw_fault_calls(void);
/* The cause that such a failure has. */
#define SW_FAULT_CAUSE "store: a test's fault"

/* At the head of each such call. */
int sw_fault(SwError *err) sw_must_check;
