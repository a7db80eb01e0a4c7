/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers and steps call to wake a controller: a row in the caller's transaction, and the engine is stirred once
 * that is committed. */

#include "engine/internal.h"

typedef struct Wake {
    Unit *unit;
    SwStr account, region, id;
    SwTime at;
    int64_t number; /* of the row's wakes */
} Wake;

static bool is_of(const Wake *w, const Running *r) {
    return w->number > r->work.wakes && /* else its step has seen it */
           sw_str_eq(r->work.id, w->id) && sw_str_eq(r->work.account, w->account) && sw_str_eq(r->work.region, w->region);
}

static void count(Woken *all, const Wake *w) {
    all->at = all->n++ ? SW_MIN(all->at, w->at) : w->at;
}

static void woken(void *arg) {
    Wake *w = arg;
    SwEngine *e = w->unit->engine;
    pthread_mutex_lock(&e->lock);
    for (Running *r = w->unit->first; r; r = r->next) {
        if (is_of(w, r))
            count(&r->woken, w);
    }
    w->unit->dirty = true;
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
}

/* A store step that wakes its own item: its end is written in the same transaction, before `woken` is called. */
static void wakes_itself(const Wake *w, const SwTx *tx) {
    SwEngine *e = w->unit->engine;
    pthread_mutex_lock(&e->lock);
    for (Running *r = w->unit->first; r; r = r->next) {
        if (r->tx == tx && is_of(w, r))
            count(&r->self, w);
    }
    pthread_mutex_unlock(&e->lock);
}

static Unit *find_unit(SwEngine *e, const SwController *c) {
    for (size_t i = 0; i < e->n_unit; i++) {
        if (e->unit[i].controller && strcmp(e->unit[i].controller->name, c->name) == 0)
            return &e->unit[i];
    }
    return NULL;
}

static int wake_in(SwEngine *e, SwTx *tx, const Wake *from, const SwController *c, SwError *err) {
    SwArena *a = sw_tx_arena(tx);
    Wake *w = sw_new(a, Wake);
    *w = (Wake){.unit = find_unit(e, c),
                .account = sw_str_dup(a, sw_str_or(from->account, SW_STR(""))),
                .region = sw_str_dup(a, sw_str_or(from->region, SW_STR(""))),
                .id = sw_str_dup(a, from->id),
                .at = from->at ? from->at : sw_clock_now(e->o.clock)};
    if (SW_NEVER(!w->unit))
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, c->name, "A controller is not known to the engine.");
    if (sw_work_wake(tx, c->name, w->account, w->region, w->id, w->at, &w->number, err) < 0)
        return -1;
    wakes_itself(w, tx);
    sw_tx_after_commit(tx, woken, w);
    return 0;
}

/* In a transaction of its own. */
static int wake_alone(SwEngine *e, SwArena *a, const Wake *w, const SwController *c, SwError *err) {
    _sw_tx_ SwTx *tx = NULL;
    if (sw_tx_begin(e->o.store, a, SW_WRITE, w->account, w->region, &tx, err) < 0 || wake_in(e, tx, w, c, err) < 0)
        return -1;
    return sw_tx_commit(&tx, err);
}

int sw_wake(SwCtx *cx, const SwController *c, SwStr id, SwTime at, SwError *err) {
    SwEngine *e = cx->host->engine;
    Wake w = {.account = cx->account, .region = cx->region, .id = id, .at = at};
    return cx->tx ? wake_in(e, cx->tx, &w, c, err) : wake_alone(e, cx->arena, &w, c, err);
}

int sw_engine_wake(SwEngine *e, const SwController *c, SwStr account, SwStr region, SwStr id, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    Wake w = {.account = account, .region = region, .id = id};
    return wake_alone(e, a, &w, c, err);
}
