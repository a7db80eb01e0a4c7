/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Engine: controllers, work items, the event bus.
 *
 * An operation handler never waits and never starts work: it writes what should be, in its transaction, and wakes a
 * controller. A controller moves one resource one step: read the document, act through a driver, write what was seen,
 * say when to be called again. A step may be repeated after a crash, so every outside act carries an idempotency key
 * made of the resource and the step.
 *
 * Work items are rows (controller, account, region, id, due): after kill -9 at any point the next start picks all of
 * them up. One item is never run by two threads at once; a wake that comes while its step runs makes it run again.
 * Three kinds of step (SwStepKind) say what a step may do, and where it runs. A step that fails is logged and repeated, after
 * 100 ms doubling to 30 s.
 *
 * A step or delivery that runs out of memory has failed; what it held is given back (base/memory.h). One that does so
 * for the third time for asking more than any step may would do so for ever: the controller's `failed` then ends the
 * resource (without one it is tried once an hour, or when woken), and a delivery is left out. Both are logged as errors.
 *
 * Events are stored in the transaction that causes them and delivered after its commit, at least once, in order per
 * listener, to those whom they concern. What is due is delivered in rounds: one write transaction for many events and all
 * listeners. Threads: any. */

#include "shape/call.h"
#include "store/store.h"

typedef struct SwEngine SwEngine;
typedef struct SwHost SwHost;

typedef struct SwStep {
    /* Filled in by the engine: when the item was due (a wake that is earlier than `again` moves it forward), and how often
     * in a row its step has failed. */
    SwTime due;
    int64_t attempts;

    SwTime again; /* run again at this time of the clock; 0: done until woken */
    bool waiting; /* nothing to do until something outside happens (a container ends): not
                     counted as work by settled mode, even though `again` is set as a fallback */
} SwStep;

/* What a step does decides where it runs and in which transaction.
 *
 *   QUICK   acts outside (a driver, a request) for seconds at most. cx has no transaction open; the step opens and commits
 *           its own (sw_ctx_begin) and holds none while it acts. On the engine's common threads.
 *   STORE   reads and writes the store, nothing else. cx->tx is open when it is called, and the engine commits it together
 *           with the end of the work item: one turn of the writer, for up to SW_ROUND_MOST items that are due at once. The
 *           step neither commits nor rolls back. If one of a round fails, the round is undone and each runs alone.
 *   SLOW    may take minutes: clones, pulls, unpacks, waits for a container. As QUICK, but on threads of the controller's
 *           own, up to 16, made when they are needed and ended when they are idle: no number of slow steps keeps another
 *           controller's steps waiting. */
typedef enum SwStepKind { SW_STEP_QUICK, SW_STEP_STORE, SW_STEP_SLOW } SwStepKind;
#define SW_ROUND_MOST 16

typedef struct SwController {
    const char *name; /* "ecs/service": unique, stored */
    int (*step)(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err);
    SwStepKind kind;
    unsigned parallel; /* at most so many at once; 0: no limit of its own */
    /* STORE: most steps find nothing to change. Each is run in a snapshot first, and only where it tries to write is it
     * undone and run again in a write transaction. */
    bool looks;
    /* STORE, may be NULL: what must be stored before a round's steps look. It has no transaction open; its context is in
     * the account and region of the first. */
    int (*before)(SwCtx *cx, SwError *err);
    /* The step for `id` cannot run: it needs more memory than a step may use, whatever was tried. Show `why` on the
     * resource and end it, without reading what may be too large; then the item is done until woken. It has no transaction
     * open, whatever the kind. NULL: the step is tried again once an hour, or when woken, and `unfailing` says why nothing
     * need be shown. Each controller has one of the two. */
    int (*failed)(SwCtx *cx, SwStr id, const char *why, SwError *err);
    const char *unfailing;
} SwController;

/* In cx->tx, or in a transaction of its own when none is open: run controller's step for `id` (in cx's account and
 * region) at time `at`; 0: now. An earlier time wins. */
int sw_wake(SwCtx *cx, const SwController *c, SwStr id, SwTime at, SwError *err) sw_must_check;
/* From a thread without a context: a container ended, a file changed. */
int sw_engine_wake(SwEngine *e, const SwController *c, SwStr account, SwStr region, SwStr id, SwError *err) sw_must_check;

/* Events, in the form AWS documents for EventBridge. */
typedef struct SwEvent {
    SwStr id;                  /* UUID; made by sw_event_put when absent */
    SwStr source, detail_type; /* "aws.ecs", "ECS Task State Change" */
    SwStr account, region;     /* the context's when absent */
    SwTime time;               /* now when 0 */
    SwStrList resources;       /* ARNs */
    SwStr detail;              /* JSON object */
    SwStr bus;                 /* event bus name; absent: "default" */
} SwEvent;
int sw_event_put(SwCtx *cx, SwEvent *e, SwError *err) sw_must_check; /* in cx->tx */
/* One that is declared (models/records), about one resource; absent: about none. Its detail is a structure of the type's shape,
 * which is checked in tests as replies are. In cx->tx. */
int sw_event(SwCtx *cx, const SwEventType *t, SwStr resource, const void *detail, SwError *err) sw_must_check;
/* The same, of which `e` says more: its time, its account and region. */
int sw_event_as(SwCtx *cx, const SwEventType *t, SwEvent *e, const void *detail, SwError *err) sw_must_check;
/* {"version":"0","id":..,"detail-type":..,"source":..,"account":..,"time":..,"region":..,"resources":[..],"detail":{..}} */
SwStr sw_event_json(SwArena *a, const SwEvent *e);

typedef struct SwEventKind {
    const char *source, *detail_type; /* detail_type NULL: all of the source */
} SwEventKind;

/* Whom an event concerns is decided once, in the transaction that puts it: who is not concerned costs nothing. */
typedef struct SwListener {
    const char *name; /* "codepipeline/build": unique, stored */
    /* Of these kinds, up to one without a source; NULL: of any. It does not change after the engine's start. */
    const SwEventKind *kinds;
    /* May be NULL: of those kinds only the ones that this says. In cx->tx, to be read from; it has the event's account and
     * region. */
    int (*concerns)(SwCtx *cx, const SwEvent *e, bool *ret_concerned, SwError *err);
    /* cx->tx is a write transaction, which the engine commits; it may be that of other deliveries too, so it is neither
     * committed nor rolled back here. May be called again for the same event, with nothing left of the first time. */
    int (*on_event)(SwCtx *cx, const SwEvent *e, SwError *err);
} SwListener;

typedef struct SwEngineOptions {
    SwHost *host;
    SwStore *store;
    SwClock *clock;
    unsigned threads;      /* 0: 8 */
    unsigned turn_ms;      /* a round begins nothing more after so long in the writer's turn; 0: 5 */
    unsigned slow_idle_ms; /* after which a thread for slow steps ends; 0: 30,000 */
    const SwController *const *controllers;
    size_t n_controllers;
    const SwListener *const *listeners;
    size_t n_listeners;
    /* Makes a context for a step; api/ provides it. */
    SwCtx *(*make_ctx)(SwHost *h, SwArena *a, SwStr account, SwStr region, const char *controller);
} SwEngineOptions;
int sw_engine_open(const SwEngineOptions *o, SwEngine **ret_e, SwError *err) sw_must_check;
int sw_engine_start(SwEngine *e, SwError *err) sw_must_check; /* picks up what is due */
void sw_engine_stop(SwEngine *e);                             /* lets running steps end */
void sw_engine_close(SwEngine *e);
/* Wait until nothing is left to do at the present time: no step runs, none is due, no event undelivered, except what
 * waits for the outside. Returns false when max_ms of real time ran out. */
bool sw_engine_settle(SwEngine *e, int max_ms);
/* Stop stepping while fn runs (reset). */
int sw_engine_quiet(SwEngine *e, int (*fn)(void *arg, SwError *err), void *arg, SwError *err) sw_must_check;
typedef struct SwEngineStats {
    int64_t steps, failures, events, rounds, due, waiting, slow_threads; /* events: deliveries, in so many rounds */
    int64_t events_due;                                                  /* deliveries that are still to be made */
} SwEngineStats;
void sw_engine_stats(SwEngine *e, SwEngineStats *ret);
