/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The access log: one JSON object a line for each request, in <data>/access.log, rotated once at 64 MiB; and the
 * counters behind /_slipway/metrics. Failures of ours (5xx) also go to the program's log, with their cause. */

#include "api/host.h"

typedef struct SwAccess {
    const SwCtx *cx;
    const SwHttpRequest *rq;
    const char *service, *operation; /* NULL: not known */
    const SwError *error;            /* NULL: success */
    bool complete;
} SwAccess;

typedef struct SwAccessLog SwAccessLog;
int sw_access_log_open(SwArena *a, const char *dir, SwAccessLog **ret_l, SwError *err) sw_must_check;
void sw_access_log_close(SwAccessLog *l);
void sw_access_log(SwHost *h, const SwAccess *x);

/* Counters since the start, by status class: index 1 for 1xx ... 5 for 5xx. */
typedef struct SwAccessCounts {
    int64_t by_class[6], bytes_in, bytes_out, duration_ns;
} SwAccessCounts;
void sw_access_counts(SwHost *h, SwAccessCounts *ret);
