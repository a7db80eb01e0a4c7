/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the engine's own files share. A unit is what is scheduled alone: a controller with all its items, a listener
 * with its queue of events, the trimming of old events. The rows in the store are the truth; a unit only remembers
 * whether it is worth looking at them, and which items run just now.
 *
 * Threads: `lock` guards SwEngine and its units; a listener's `position` and `attempts` belong to the one thread that
 * runs it. Lock order: the engine's lock is innermost but for the clock's; nothing calls the store with it held. */

#include <pthread.h>

#include "api/ctx.h"
#include "api/host.h"
#include "engine/engine.h"
#include "store/work.h"

typedef enum UnitKind { UNIT_CONTROLLER, UNIT_LISTENER, UNIT_TRIM } UnitKind;

typedef struct Running { /* a step that runs, in the memory of its thread */
    struct Running *next;
    SwWork work;
    SwTime woken; /* earliest time it was woken for meanwhile */
    int64_t woken_count;
} Running;

typedef struct Unit {
    SwEngine *engine;
    UnitKind kind;
    const SwController *controller;
    const SwListener *listener;
    bool dirty;   /* something may be due: look */
    bool looking; /* a thread does */
    SwTime next;  /* nothing is due before this, unless dirty */
    unsigned running;
    Running *first;
    int64_t ended;     /* steps */
    int64_t seen;      /* listener: events up to here are handled or not for it */
    unsigned attempts; /* listener: failures of the event it is at */
} Unit;

/* A thread's memory: what it looks for work in, and what the step or delivery may use. */
typedef struct SwWorker {
    SwEngine *engine;
    SwArena *look, *step;
} SwWorker;

struct SwEngine {
    SwArena *arena;
    SwEngineOptions o;
    Unit *unit;
    size_t n_unit, turn; /* turn: where the search for work begins, so that none starves */
    pthread_mutex_t lock;
    pthread_cond_t work, idle; /* work: something to do; idle: a thread became free */
    pthread_t *thread;
    SwWorker *worker; /* n_thread */
    unsigned n_thread, n_waiting, n_busy, n_steps;
    int64_t timer_until; /* earliest instant (monotonic) that a waiting thread will wake at */
    bool stopping, quiet;
    int64_t steps, failures, events;
};

#define SW_EVENTS_KEPT (14 * SW_DAY)

/* run.c: look what the unit has to do, and do one piece of it. The unit is `looking`; the lock is not held. Returns for
 * whatever reason. */
void sw_unit_run(Unit *u, const SwWorker *w);
