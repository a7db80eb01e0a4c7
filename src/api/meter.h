/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What services publish about themselves in CloudWatch. A request only counts, in memory, once its transaction is
 * committed; the CloudWatch service publishes what was counted after each minute of the clock, all of it in one
 * transaction. What is looked at instead of counted (how many messages wait) comes from SwService.gauge at the same time.
 *
 * A process that is killed loses the counts of the minute that was under way; one that is stopped publishes them.
 * Threads: any. In a server without CloudWatch nothing is counted. */

#include <pthread.h>

#include "api/ctx.h"
#include "base/map.h"
#include "engine/engine.h"
#include "store/series.h"

typedef struct SwMeter SwMeter;

typedef struct SwMetric {
    const char *space, *name, *unit;
} SwMetric; /* a constant: it is kept by its address */
typedef struct SwDimension {
    const char *name;
    SwStr value;
} SwDimension;
#define SW_DIMENSIONS_MAX 3

/* In the context's account and region, in the minute that is now. */
void sw_meter(SwCtx *cx, const SwMetric *m, double value, const SwDimension *d, size_t n);
/* For gauges: at a time of its own, whatever becomes of the transaction. */
void sw_meter_at(SwCtx *cx, const SwMetric *m, SwTime at, double value, const SwDimension *d, size_t n);
/* Something was counted under these dimensions (of any metric of the namespace) at this time or later. Forgotten by a
 * restart. */
bool sw_meter_used(SwCtx *cx, const char *space, const SwDimension *d, size_t n, SwTime since);
/* In cx->tx: there is something to publish, or to look at, from now on. Counting does the same. */
void sw_meter_arm(SwCtx *cx);

/* --- for the publisher ---------------------------------------------------------------------------------------------- */

#define SW_METER_VALUES_MAX 100 /* distinct values that are kept of one metric and minute */

typedef struct SwMeterEntry {
    SwStr account, region;
    const SwMetric *metric;
    SwDimension dimension[SW_DIMENSIONS_MAX];
    size_t n_dimension;
    SwTime minute;
    SwSample value[SW_METER_VALUES_MAX];
    size_t n_value;
    double count, sum, min, max; /* of what came beyond those values; count 0: nothing */
} SwMeterEntry;
typedef struct SwMeterBatch {
    SwArena *arena;
    SwMap entries; /* of SwMeterEntry */
} SwMeterBatch;

SwMeter *sw_meter_new(void);
void sw_meter_free(SwMeter *m); /* accepts NULL */
/* From now on there is counting: publisher's step is woken after the minute. */
void sw_meter_open(SwHost *h, const SwController *publisher);
/* One thread publishes at a time, others wait; at no time in a transaction. To be held as base/thread.h says:
 *     _sw_lock_ pthread_mutex_t *publishing = sw_meter_lock(h);                                                          */
pthread_mutex_t *sw_meter_lock(SwHost *h);
/* Under that lock. What was counted so far, to be published; the same again until sw_meter_done. NULL: nothing. */
SwMeterBatch *sw_meter_take(SwHost *h);
void sw_meter_done(SwHost *h);
SwTime *sw_meter_gauged(SwHost *h); /* up to when gauges were looked at; 0: not yet */
/* After a step of the publisher: whether it is to be repeated at the next minute. */
bool sw_meter_goes_on(SwHost *h, bool published);
void sw_meter_clear(SwHost *h); /* a reset: nothing was counted */
SwTime sw_meter_next_minute(SwTime t);
