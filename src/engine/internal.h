/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the engine's own files share. A unit is what is scheduled alone: a controller with all its items, the bus with what
 * is due to all listeners, the trimming of old events. The rows in the store are the truth; a unit only remembers
 * whether it is worth looking at them, and which items run just now.
 *
 * Threads: `lock` guards SwEngine, its units and its listeners. Lock order: the engine's lock is innermost but for the clock's;
 * nothing calls the store with it held. */

#include <pthread.h>

#include "api/ctx.h"
#include "api/host.h"
#include "engine/engine.h"
#include "store/work.h"

typedef enum UnitKind { UNIT_CONTROLLER, UNIT_BUS, UNIT_TRIM } UnitKind;

typedef struct Ear { /* a listener, as the bus sees it */
    const SwListener *listener;
    bool news;         /* something may be due to it */
    unsigned attempts; /* failures of the first event that is due to it */
    SwTime again;      /* of a listener that has failed: not before */
    /* Of the round that runs, for its thread alone. */
    bool taken, failed, more; /* more: than is listed as owed */
    size_t owed, heard;
} Ear;

typedef struct Woken { /* wakes of an item while its step runs: the earliest time, and how many */
    SwTime at;
    int64_t n;
} Woken;

typedef struct Running { /* a step that runs, in the memory of its thread */
    struct Running *next;
    SwWork work;
    Woken woken; /* by what was committed meanwhile */
    SwTx *tx;    /* a store step's; NULL: none is open for it */
    Woken self;  /* in tx */
    /* Of the thread that runs it alone. */
    SwStep said;
    SwTime ends_due;
    bool looked; /* a look in a snapshot was all that it needed */
} Running;

typedef struct SwSlow SwSlow;
#define SW_SLOW_MOST 16

typedef struct Unit {
    SwEngine *engine;
    UnitKind kind;
    const SwController *controller;
    bool dirty;   /* something may be due: look */
    bool looking; /* a thread does */
    SwTime next;  /* nothing is due before this, unless dirty */
    unsigned running;
    Running *first;
    int64_t ended;   /* steps */
    SwSlow *slow;    /* SW_SLOW_MOST, of a controller whose steps are slow */
    unsigned n_slow; /* that are taken */
} Unit;

/* A thread's memory: what it looks for work in, and what the step or delivery may use. */
typedef struct SwWorker {
    SwEngine *engine;
    SwArena *look, *step;
} SwWorker;

/* A thread for slow steps, of one controller, or the place for one. */
struct SwSlow {
    Unit *u;
    pthread_t thread;
    pthread_cond_t come;
    bool made;  /* there is a thread to be joined */
    bool taken; /* it has a step, or one is looked for on its behalf */
    bool given; /* the step is `running`; cleared by the thread when it has it */
    bool left;  /* the thread has ended, or is about to */
    Running running;
    SwWorker w;
};

struct SwEngine {
    SwArena *arena;
    SwEngineOptions o;
    Unit *unit, *bus;    /* bus: one of them */
    Ear *ear;            /* o.n_listeners */
    size_t n_unit, turn; /* turn: where the search for work begins, so that none starves */
    pthread_mutex_t lock;
    pthread_cond_t work, idle; /* work: something to do; idle: a thread became free */
    pthread_t *thread;
    SwWorker *worker;                              /* n_thread */
    unsigned n_thread, n_waiting, n_busy, n_steps; /* n_steps: threads that have a controller */
    unsigned n_slow;                               /* threads for slow steps */
    int64_t timer_until;                           /* earliest instant (monotonic) that a waiting thread will wake at */
    bool stopping, quiet;
    int64_t steps, failures, events, rounds;
};

#define SW_EVENTS_KEPT (14 * SW_DAY)

/* What runs under guard, and what comes out of it. The error's texts are in `look` or `step`, until these are emptied. */
typedef struct Piece {
    Unit *u;
    SwArena *look, *step;
    Running *running; /* n of them; a step's is the first */
    size_t n, did;
    SwWorkList due;
    SwTime now, next;
    SwCtx *cx;
    SwWorkEnd end;
    int r;
    SwLack lack;
    bool hopeless; /* the step has met the limit of its memory again and again */
    SwError err;
} Piece;

#define SW_TRIES_MOST 3 /* of what asks for more memory than there may be */

/* run.c. Runs `part`, which sets p->r; without memory its error says so. */
int sw_piece_run(Piece *p, void (*part)(void *), SwArena *a);
void sw_piece_tidy(Piece *p); /* a part that was left in the middle: its context's transaction, its memory */
SwCtx *sw_piece_ctx(Piece *p, SwStr account, SwStr region, const char *name);
void sw_failure_log(const SwError *err, const char *what, const char *name, SwStr id, int64_t attempts);
void sw_piece_log(const Piece *p, const char *what, const char *name, SwStr id, int64_t attempts);
SwTime sw_backoff(int64_t attempts);
/* When a round that has the writer's turn since now begins nothing more: nanoseconds of sw_monotonic_ns. */
int64_t sw_turn_until(const SwEngine *e);
void sw_unit_looked(Unit *u); /* with the lock held, which it gives back */

/* event.c. kinds NULL: it is of any. */
bool sw_event_is_of(const SwEvent *ev, const SwEventKind *kinds);

/* bus.c */
void sw_bus_run(Unit *u, const SwWorker *w);
void sw_trim_run(Unit *u, const SwWorker *w);

/* step.c */
void sw_controller_run(Unit *u, const SwWorker *w);
void sw_step_run(Unit *u, const SwWorker *w, Running *r); /* one that is claimed */
void sw_step_drop(Unit *u, Running *r, SwTime until);     /* claimed, and not to be had before `until` */
/* Ends the looking. How many were found to be run, at most `most`; they are entered as running. */
size_t sw_claim(Unit *u, SwArena *look, Running *ret, size_t most);

/* slow.c */
bool sw_slow_has_room(const Unit *u); /* with the lock held */
void sw_slow_run(Unit *u);
void sw_slow_stop(SwEngine *e);

/* A thread's memory. They end the process without a guard. */
void sw_worker_open(SwWorker *w, SwEngine *e);
void sw_worker_close(SwWorker *w);

/* run.c: look what the unit has to do, and do one piece of it. The unit is `looking`; the lock is not held. Returns for
 * whatever reason. */
void sw_unit_run(Unit *u, const SwWorker *w);
