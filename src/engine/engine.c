/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's threads and when they wake. A thread takes the first unit that may have something due, looks into the
 * store, does one piece (a step, a delivery), and comes back. A wake marks its unit after its transaction's commit and
 * signals one thread: no polling, and an idle engine starts a step at once. A thread that takes a unit signals the next
 * one, so that work spreads as far as there is any. The times that lie ahead are waited for by whoever is idle; the
 * clock tells when it was changed. */

#include "engine/internal.h"

#include <errno.h>
#include <time.h>

#include "base/log.h"
#include "base/outside.h"

#define THREADS_DEFAULT 8
#define STEP_MEMORY     (256 * SW_MIB)
#define LOOK_MEMORY     (64 * SW_MIB) /* an event that is looked at is in it as a whole */

static SwTime now_of(SwEngine *e) {
    return sw_clock_now(e->o.clock);
}

/* --- choosing ----------------------------------------------------------------------------------------------------- */

static bool has_room(const Unit *u) {
    const SwEngine *e = u->engine;
    if (u->kind != UNIT_CONTROLLER)
        return u->running == 0;
    /* One thread is kept for the bus: steps can take seconds. */
    return (e->n_thread == 1 || e->n_steps + 1 < e->n_thread) && (!u->slow || sw_slow_has_room(u)) &&
           (u->controller->parallel == 0 || u->running < u->controller->parallel);
}

static Unit *ready_unit(SwEngine *e, SwTime now) {
    for (size_t i = 0; !e->quiet && i < e->n_unit; i++) {
        Unit *u = &e->unit[(e->turn + i) % e->n_unit];
        if (!u->looking && (u->dirty || u->next <= now) && has_room(u)) {
            e->turn = (e->turn + i + 1) % e->n_unit;
            return u;
        }
    }
    return NULL;
}

/* Wait for work, at most until the next time that something is due. */
static void wait_for_work(SwEngine *e, SwTime now) {
    SwTime next = INT64_MAX;
    for (size_t i = 0; i < e->n_unit; i++) {
        if (e->unit[i].next > now)
            next = SW_MIN(next, e->unit[i].next);
    }
    int64_t left = next == INT64_MAX || e->quiet ? INT64_MAX : sw_clock_until(e->o.clock, next);
    int64_t until = left == INT64_MAX ? INT64_MAX : sw_monotonic_ns() + left;
    e->n_waiting++;
    if (until >= e->timer_until) { /* someone else wakes for it */
        pthread_cond_wait(&e->work, &e->lock);
    } else {
        e->timer_until = until;
        struct timespec t = {.tv_sec = until / SW_S, .tv_nsec = until % SW_S};
        pthread_cond_timedwait(&e->work, &e->lock, &t);
        if (e->timer_until == until)
            e->timer_until = INT64_MAX;
    }
    e->n_waiting--;
}

static void *work_on(void *arg) {
    const SwWorker *w = arg;
    SwEngine *e = w->engine;
    sw_common_thread = true;
    pthread_mutex_lock(&e->lock);
    while (!e->stopping) {
        SwTime now = now_of(e);
        Unit *u = ready_unit(e, now);
        if (!u) {
            wait_for_work(e, now);
            continue;
        }
        u->looking = true;
        u->dirty = false;
        u->next = INT64_MAX;
        e->n_busy++;
        e->n_steps += u->kind == UNIT_CONTROLLER;
        if (e->n_waiting)
            pthread_cond_signal(&e->work);
        pthread_mutex_unlock(&e->lock);
        sw_unit_run(u, w);
        sw_arena_reset(w->step);
        sw_arena_reset(w->look);
        pthread_mutex_lock(&e->lock);
        e->n_busy--;
        e->n_steps -= u->kind == UNIT_CONTROLLER;
        pthread_cond_broadcast(&e->idle);
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

static void poke_all(SwEngine *e) {
    for (size_t i = 0; i < e->n_unit; i++)
        e->unit[i].dirty = true;
    pthread_cond_broadcast(&e->work);
}

static void clock_changed(void *arg) {
    SwEngine *e = arg;
    pthread_mutex_lock(&e->lock);
    e->timer_until = INT64_MAX;
    pthread_cond_broadcast(&e->work);
    pthread_mutex_unlock(&e->lock);
}

/* --- a thread's memory ------------------------------------------------------------------------------------------------ */

void sw_worker_open(SwWorker *w, SwEngine *e) {
    *w = (SwWorker){.engine = e};
    w->look = sw_arena_new_in(SW_POOL_ENGINE, LOOK_MEMORY);
    w->step = sw_arena_new_in(SW_POOL_ENGINE, STEP_MEMORY);
}

void sw_worker_close(SwWorker *w) {
    sw_arena_free(w->step);
    sw_arena_free(w->look);
    w->step = w->look = NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------------ */

static void open_slow(Unit *u, const pthread_condattr_t *monotonic) {
    if (!u->controller || u->controller->kind != SW_STEP_SLOW)
        return;
    u->slow = sw_new_n(u->engine->arena, SwSlow, SW_SLOW_MOST);
    for (size_t i = 0; i < SW_SLOW_MOST; i++) {
        u->slow[i] = (SwSlow){.u = u};
        pthread_cond_init(&u->slow[i].come, monotonic);
    }
}

int sw_engine_open(const SwEngineOptions *o, SwEngine **ret_e, SwError *err) {
    SwArena *a = sw_arena_new(0);
    SwEngine *e = sw_new(a, SwEngine);
    *e = (SwEngine){.arena = a, .o = *o, .timer_until = INT64_MAX};
    e->n_thread = o->threads ? o->threads : THREADS_DEFAULT;
    e->unit = sw_new_n(a, Unit, o->n_controllers + 2);
    e->ear = sw_new_n(a, Ear, o->n_listeners + 1);
    for (size_t i = 0; i < o->n_controllers; i++)
        e->unit[e->n_unit++] = (Unit){.engine = e, .kind = UNIT_CONTROLLER, .controller = o->controllers[i], .dirty = true};
    for (size_t i = 0; i < o->n_listeners; i++)
        e->ear[i] = (Ear){.listener = o->listeners[i], .news = true};
    e->bus = &e->unit[e->n_unit++];
    *e->bus = (Unit){.engine = e, .kind = UNIT_BUS, .dirty = true};
    e->unit[e->n_unit++] = (Unit){.engine = e, .kind = UNIT_TRIM, .dirty = true};
    for (size_t i = 0; i < e->n_unit; i++)
        e->unit[i].next = INT64_MAX;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->work, &monotonic);
    pthread_cond_init(&e->idle, &monotonic);
    for (size_t i = 0; i < e->n_unit; i++)
        open_slow(&e->unit[i], &monotonic);
    pthread_condattr_destroy(&monotonic);
    *ret_e = e;
    return 0;
}

int sw_engine_start(SwEngine *e, SwError *err) {
    e->stopping = false;
    e->thread = sw_new_n(e->arena, pthread_t, e->n_thread);
    e->worker = sw_new_n(e->arena, SwWorker, e->n_thread);
    sw_clock_on_change(e->o.clock, clock_changed, e);
    for (unsigned i = 0; i < e->n_thread; i++) {
        sw_worker_open(&e->worker[i], e);
        int r = pthread_create(&e->thread[i], NULL, work_on, &e->worker[i]);
        if (r != 0) {
            sw_worker_close(&e->worker[i]);
            e->n_thread = i;
            sw_engine_stop(e);
            return sw_fail_errno(err, r, "starting the engine's threads");
        }
    }
    return 0;
}

void sw_engine_stop(SwEngine *e) {
    if (!e->thread)
        return;
    sw_clock_on_change(e->o.clock, NULL, NULL);
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_broadcast(&e->work);
    pthread_cond_broadcast(&e->idle);
    pthread_mutex_unlock(&e->lock);
    for (unsigned i = 0; i < e->n_thread; i++) {
        pthread_join(e->thread[i], NULL);
        sw_worker_close(&e->worker[i]);
    }
    sw_slow_stop(e);
    e->thread = NULL;
}

void sw_engine_close(SwEngine *e) {
    if (!e)
        return;
    sw_engine_stop(e);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->work);
    pthread_cond_destroy(&e->idle);
    for (size_t i = 0; i < e->n_unit; i++)
        for (size_t k = 0; e->unit[i].slow && k < SW_SLOW_MOST; k++)
            pthread_cond_destroy(&e->unit[i].slow[k].come);
    sw_arena_free(e->arena);
}

/* --- settling ---------------------------------------------------------------------------------------------------------- */

static bool is_settled(SwEngine *e) {
    SwTime now = now_of(e);
    for (size_t i = 0; i < e->n_unit; i++) {
        const Unit *u = &e->unit[i];
        if (u->dirty || u->looking || u->running || u->next <= now)
            return false;
    }
    return e->n_busy == 0;
}

bool sw_engine_settle(SwEngine *e, int max_ms) {
    int64_t until = sw_monotonic_ns() + max_ms * SW_MS;
    struct timespec t = {.tv_sec = until / SW_S, .tv_nsec = until % SW_S};
    int r = 0;
    pthread_mutex_lock(&e->lock);
    bool settled = is_settled(e);
    while (!settled && !e->stopping && r != ETIMEDOUT) {
        r = pthread_cond_timedwait(&e->idle, &e->lock, &t);
        settled = is_settled(e);
    }
    pthread_mutex_unlock(&e->lock);
    return settled;
}

static void unquietp(SwEngine **quiet) {
    SwEngine *e = *quiet;
    pthread_mutex_lock(&e->lock);
    e->quiet = false;
    for (size_t i = 0; i < e->o.n_listeners; i++) {
        e->ear[i].attempts = 0;
        e->ear[i].news = true;
    }
    poke_all(e);
    pthread_cond_broadcast(&e->idle);
    pthread_mutex_unlock(&e->lock);
}

int sw_engine_quiet(SwEngine *e, int (*fn)(void *arg, SwError *err), void *arg, SwError *err) {
    pthread_mutex_lock(&e->lock);
    while (e->quiet)
        pthread_cond_wait(&e->idle, &e->lock);
    e->quiet = true;
    while (e->n_busy)
        pthread_cond_wait(&e->idle, &e->lock);
    pthread_mutex_unlock(&e->lock);
    __attribute__((cleanup(unquietp))) SwEngine *quiet = e;
    return fn(arg, err);
}

void sw_engine_stats(SwEngine *e, SwEngineStats *ret) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    _sw_tx_ SwTx *tx = NULL;
    SwError err = sw_error(a);
    pthread_mutex_lock(&e->lock);
    *ret = (SwEngineStats){
        .steps = e->steps, .failures = e->failures, .events = e->events, .rounds = e->rounds, .slow_threads = e->n_slow};
    pthread_mutex_unlock(&e->lock);
    if (sw_tx_begin(e->o.store, a, SW_READ, SW_STR(""), SW_STR(""), &tx, &err) < 0 ||
        sw_work_count(tx, now_of(e), &ret->due, &ret->waiting, &err) < 0 || sw_events_count_due(tx, &ret->events_due, &err) < 0)
        sw_log(SW_WARN, "work items could not be counted", SW_F("cause", err.cause));
}
