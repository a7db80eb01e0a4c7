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

/* Events, numbered in the order of their transactions. A listener's position is the last it has handled. */
typedef struct SwEventRow {
    int64_t seq;
    SwTime time;
    SwStr id, source, detail_type, account, region, bus, resources /* JSON array */, detail;
} SwEventRow;
int sw_events_append(SwTx *tx, const SwEventRow *e, SwError *err) sw_must_check;
/* First behind `after` with this source and type (NULL: any). *ret_last: number of the newest of all. */
int sw_events_next(SwTx *tx, int64_t after, const char *source, const char *detail_type, SwEventRow *ret, bool *ret_found,
                   int64_t *ret_last, SwError *err) sw_must_check;
/* A listener that is new begins behind the newest event. */
int sw_events_listen(SwTx *tx, const char *listener, int64_t *ret_position, SwError *err) sw_must_check;
int sw_events_mark(SwTx *tx, const char *listener, int64_t position, SwError *err) sw_must_check;
int sw_events_trim(SwTx *tx, SwTime before, int64_t upto, SwError *err) sw_must_check;
