/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a test that asserts a cost measures: time on a processor, however much of it others have. */

#include <stdint.h>
#include <time.h>

#include "base/time.h"

static inline int64_t cpu_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Nanoseconds of this thread, and of all threads of this program. */
static inline int64_t cpu_thread_ns(void) {
    return cpu_of(CLOCK_THREAD_CPUTIME_ID);
}

static inline int64_t cpu_process_ns(void) {
    return cpu_of(CLOCK_PROCESS_CPUTIME_ID);
}
