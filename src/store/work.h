/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rows behind the engine: work items and events. Only src/engine uses this; everyone else has engine.h.
 *
 * A work item says that a controller has something to do for an id at `due`. Its row stays while the step runs, so that
 * a crash repeats the step; `wakes` counts wakes, so that finishing a step notices those that came meanwhile. */

#include "store/store.h"

typedef struct SwWork {
    SwStr account, region, id;
    SwTime due;
    int64_t wakes, attempts;
} SwWork;
typedef struct SwWorkList {
    SwWork *v;
    size_t n;
} SwWorkList;

/* *ret_wakes: the number of this wake. */
int sw_work_wake(SwTx *tx, const char *controller, SwStr account, SwStr region, SwStr id, SwTime at, int64_t *ret_wakes,
                 SwError *err) sw_must_check;
/* Items due at `now`, oldest first, at most `limit`. *ret_next: when the next one after `now` is due; INT64_MAX: none. */
int sw_work_due(SwTx *tx, const char *controller, SwTime now, size_t limit, SwWorkList *ret, SwTime *ret_next,
                SwError *err) sw_must_check;
typedef struct SwWorkEnd {
    SwTime again;        /* 0: done until woken */
    SwTime woken;        /* earliest time it was woken for while it ran, as far as is known */
    int64_t woken_count; /* of how many wakes; when the row counts more, the others are for now */
    SwTime now;
    bool failed, waiting;
} SwWorkEnd;
/* After a step for `w`. *ret_due: when the item is due again; 0: it is gone. */
int sw_work_end(SwTx *tx, const char *controller, const SwWork *w, const SwWorkEnd *e, SwTime *ret_due,
                SwError *err) sw_must_check;
int sw_work_count(SwTx *tx, SwTime now, int64_t *ret_due, int64_t *ret_waiting, SwError *err) sw_must_check;

/* Events, numbered in the order of their transactions, and to which listeners each is still due. */
typedef struct SwEventRow {
    int64_t seq;
    SwTime time;
    SwStr id, source, detail_type, account, region, bus, resources /* JSON array */, detail;
} SwEventRow;
typedef struct SwEventRows {
    SwEventRow *v;
    size_t n;
    bool more; /* there may be */
} SwEventRows;
int sw_events_append(SwTx *tx, const SwEventRow *e, int64_t *ret_seq, SwError *err) sw_must_check;
int sw_events_owe(SwTx *tx, const char *listener, int64_t seq, SwError *err) sw_must_check; /* it is due to this one */
/* What is due to a listener, in order: at most `limit`, and none behind the one with which the details make `bytes`. */
int sw_events_due(SwTx *tx, const char *listener, size_t limit, size_t bytes, SwEventRows *ret, SwError *err) sw_must_check;
int sw_events_heard(SwTx *tx, const char *listener, int64_t seq, SwError *err) sw_must_check; /* and is due no more */
int sw_events_count_due(SwTx *tx, int64_t *ret_n, SwError *err) sw_must_check;                /* deliveries */
int sw_events_count_kept(SwTx *tx, int64_t *ret_n, SwError *err) sw_must_check;               /* events; reads all of them */
int sw_events_trim(SwTx *tx, SwTime before, SwError *err) sw_must_check; /* older ones that are due to nobody */
