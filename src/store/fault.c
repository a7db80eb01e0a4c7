/* SPDX-License-Identifier: Apache-2.0 */
/* See fault.h. */

#include "store/fault.h"

static _Thread_local int64_t fails_at, calls;

void sw_fault_at(int64_t n) {
    fails_at = n;
    calls = 0;
}

int64_t sw_fault_calls(void) {
    return calls;
}

int sw_fault(SwError *err) {
    if (++calls != fails_at)
        return 0;
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, SW_FAULT_CAUSE, "The store could not complete the request.");
}
