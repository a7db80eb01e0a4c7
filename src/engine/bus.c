/* SPDX-License-Identifier: Apache-2.0 */
/* The bus: what is due is delivered in rounds.
 *
 *   1. What is due to all listeners that may be tried is listed, oldest first. Nothing is written.
 *   2. One write transaction: each delivery in a savepoint, which holds what the listener did and that the event is due to it
 *      no more. One that fails is undone alone; its listener gets nothing further in this round, so that it hears in order.
 *      The transaction's time is bounded: what does not fit goes into the next round.
 * A crash before its commit delivers all of it again, and nothing of the first time is left in the store. What ends the
 * transaction as a whole (memory, a commit that fails) runs again one by one, so that only what is at fault has failed: it is
 * tried again after a pause that grows.
 *
 * Meanwhile others put events: the more there are, the larger the next round. */

#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "engine/internal.h"

#define ROUND_MOST  64     /* deliveries to one listener in a round */
#define ROUND_BYTES SW_MIB /* of their events */
#define TRIM_EVERY  SW_HOUR

typedef struct Owed {
    Ear *ear;
    const SwEventRow *row;
    bool done; /* in the transaction that is open, or was committed */
} Owed;

typedef struct Round {
    Piece p; /* first: what a part gets */
    Owed *owed;
    size_t n, from, upto; /* this part's deliveries are from <= i < upto; it may end earlier */
    size_t at;            /* the one it is at */
} Round;

/* --- what is due ---------------------------------------------------------------------------------------------------------- */

static void take_ears(SwEngine *e) {
    SwTime now = sw_clock_now(e->o.clock);
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->o.n_listeners; i++) {
        Ear *ear = &e->ear[i];
        ear->taken = ear->attempts ? ear->again <= now : ear->news;
        ear->news &= !ear->taken;
        ear->failed = false;
        ear->owed = ear->heard = 0;
    }
    pthread_mutex_unlock(&e->lock);
}

static int by_number(const void *x, const void *y) {
    const Owed *a = x, *b = y;
    if (a->row->seq != b->row->seq)
        return a->row->seq < b->row->seq ? -1 : 1;
    return a->ear < b->ear ? -1 : a->ear > b->ear;
}

static void list_owed(void *arg) {
    Round *r = arg;
    Piece *p = &r->p;
    SwEngine *e = p->u->engine;
    _sw_tx_ SwTx *tx = NULL;
    p->r = sw_tx_begin(e->o.store, p->look, SW_READ, SW_STR(""), SW_STR(""), &tx, &p->err);
    r->owed = sw_new_n(p->look, Owed, e->o.n_listeners * ROUND_MOST);
    for (size_t i = 0; p->r == 0 && i < e->o.n_listeners; i++) {
        Ear *ear = &e->ear[i];
        SwEventRows l = {0};
        if (ear->taken)
            p->r = sw_events_due(tx, ear->listener->name, ROUND_MOST, ROUND_BYTES, &l, &p->err);
        for (size_t k = 0; k < l.n; k++)
            r->owed[r->n++] = (Owed){.ear = ear, .row = &l.v[k]};
        ear->owed = l.n;
        ear->more = l.more;
    }
    qsort(r->owed, r->n, sizeof(*r->owed), by_number);
}

/* --- deliveries ----------------------------------------------------------------------------------------------------------- */

static SwStrList strings_of(SwArena *a, SwStr json) {
    SwStrList l = {0};
    SwValue v;
    SwError ignored = sw_error(a);
    if (sw_json_parse(a, json, &v, &ignored) < 0)
        return l;
    for (size_t i = 0; i < v.n; i++)
        sw_str_list_add(a, &l, sw_value_str(&v.v[i]));
    return l;
}

static int tell(Piece *p, SwTx *tx, const Owed *o, SwError *err) {
    const SwEventRow *row = o->row;
    const SwListener *l = o->ear->listener;
    SwCtx *cx = sw_piece_ctx(p, row->account, row->region, l->name);
    SwEvent ev = {.id = row->id,
                  .source = row->source,
                  .detail_type = row->detail_type,
                  .account = row->account,
                  .region = row->region,
                  .time = row->time,
                  .resources = strings_of(p->step, row->resources),
                  .detail = row->detail,
                  .bus = row->bus};
    sw_tx_scope(tx, row->account, row->region);
    cx->tx = tx;
    if (sw_event_is_of(&ev, l->kinds) && l->on_event(cx, &ev, err) < 0)
        return -1;
    return sw_events_heard(tx, l->name, row->seq, err);
}

/* < 0: not this delivery is at fault, but the transaction. */
static int deliver(Piece *p, SwTx *tx, Owed *o) {
    SwError err = sw_error(p->step);
    if (sw_tx_savepoint(tx, &p->err) < 0)
        return -1;
    if (tell(p, tx, o, &err) < 0) {
        sw_tx_undo(tx);
        o->ear->failed = true;
        sw_failure_log(&err, "delivery failed", o->ear->listener->name, o->row->id, o->ear->attempts);
        return 0;
    }
    o->done = true;
    SW_CRASH_POINT("engine.event.delivered_not_marked");
    return sw_tx_release(tx, &p->err);
}

static void deliver_some(void *arg) {
    Round *r = arg;
    Piece *p = &r->p;
    _sw_tx_ SwTx *tx = NULL;
    p->r = -1;
    if (sw_tx_begin(p->u->engine->o.store, p->step, SW_WRITE, SW_STR(""), SW_STR(""), &tx, &p->err) < 0)
        return;
    bool any = false;
    int64_t until = sw_turn_until(p->u->engine);
    for (r->at = r->from; r->at < r->upto && (r->at == r->from || sw_monotonic_ns() < until); r->at++) {
        Owed *o = &r->owed[r->at];
        if (!o->ear->failed && deliver(p, tx, o) < 0)
            return;
        any |= o->done;
    }
    r->upto = r->at;
    p->r = any ? sw_tx_commit(&tx, &p->err) : 0;
}

/* False: nothing of it is stored. */
static bool delivered(Round *r, size_t from, size_t upto) {
    r->from = from;
    r->upto = upto;
    for (size_t i = from; i < upto; i++)
        r->owed[i].done = false;
    if (sw_piece_run(&r->p, deliver_some, r->p.step) < 0)
        return false;
    for (size_t i = from; i < r->upto; i++)
        r->owed[i].ear->heard += r->owed[i].done;
    sw_piece_tidy(&r->p);
    return true;
}

/* The event counts as delivered, and nothing was done for it. */
static void leave_out(void *arg) {
    Round *r = arg;
    Piece *p = &r->p;
    const Owed *o = &r->owed[r->from];
    _sw_tx_ SwTx *tx = NULL;
    p->r = -1;
    if (sw_tx_begin(p->u->engine->o.store, p->step, SW_WRITE, SW_STR(""), SW_STR(""), &tx, &p->err) < 0 ||
        sw_events_heard(tx, o->ear->listener->name, o->row->seq, &p->err) < 0)
        return;
    p->r = sw_tx_commit(&tx, &p->err);
}

/* What was tried alone, or first of all, has failed by itself. */
static void blame(Round *r, size_t i) {
    Piece *p = &r->p;
    Ear *ear = r->owed[i].ear;
    SwStr id = r->owed[i].row->id;
    unsigned attempts = ear->heard ? 0 : ear->attempts;
    bool hopeless = p->lack == SW_LACK_LIMIT && attempts + 1 >= SW_TRIES_MOST;
    sw_failure_log(&p->err, "delivery failed", ear->listener->name, id, attempts);
    sw_piece_tidy(p);
    r->from = i;
    ear->failed = !hopeless || sw_piece_run(p, leave_out, p->step) < 0;
    if (!ear->failed) {
        ear->heard++;
        sw_log(SW_ERROR, "an event was left out", SW_F("name", ear->listener->name), SW_F("id", id), SW_F("cause", "memory"));
    }
    sw_piece_tidy(p);
}

static void deliver_all(Round *r) {
    size_t done = 0;
    if (delivered(r, 0, r->n))
        return;
    if (r->n == 1 || (r->p.lack != SW_LACK_NONE && r->at == 0))
        blame(r, done++);
    sw_piece_tidy(&r->p);
    for (size_t i = done; i < r->n; i++)
        if (!r->owed[i].ear->failed && !delivered(r, i, i + 1))
            blame(r, i);
}

/* --- rounds --------------------------------------------------------------------------------------------------------------- */

/* What was not come to is looked for again. */
static void end_ears(Unit *u) {
    SwEngine *e = u->engine;
    SwTime now = sw_clock_now(e->o.clock);
    pthread_mutex_lock(&e->lock);
    int64_t events = e->events;
    for (size_t i = 0; i < e->o.n_listeners; i++) {
        Ear *ear = &e->ear[i];
        if (ear->taken && (ear->heard || (!ear->owed && !ear->failed)))
            ear->attempts = 0;
        ear->news |= ear->taken && (ear->failed || ear->more || ear->heard < ear->owed);
        if (ear->failed)
            ear->again = now + sw_backoff(ear->attempts++);
        e->failures += ear->failed;
        e->events += (int64_t)ear->heard;
        if (ear->attempts) /* news does not shorten the wait: it hears in order */
            u->next = SW_MIN(u->next, ear->again);
        else
            u->dirty |= ear->news;
    }
    e->rounds += e->events > events;
    sw_unit_looked(u);
}

void sw_bus_run(Unit *u, const SwWorker *w) {
    SwEngine *e = u->engine;
    Round r = {.p = {.u = u, .look = w->look, .step = w->step}};
    take_ears(e);
    if (sw_piece_run(&r.p, list_owed, w->look) < 0) {
        sw_log(SW_ERROR, "events could not be read", SW_F("cause", r.p.err.cause));
        for (size_t i = 0; i < e->o.n_listeners; i++)
            e->ear[i].failed = e->ear[i].taken;
    } else if (r.n) {
        deliver_all(&r);
    }
    end_ears(u);
}

/* --- trimming ------------------------------------------------------------------------------------------------------------- */

static void trim(void *arg) {
    Piece *p = arg;
    _sw_tx_ SwTx *tx = NULL;
    p->r = -1;
    if (sw_tx_begin(p->u->engine->o.store, p->step, SW_WRITE, SW_STR(""), SW_STR(""), &tx, &p->err) < 0 ||
        sw_events_trim(tx, p->now - SW_EVENTS_KEPT, &p->err) < 0)
        return;
    p->r = sw_tx_commit(&tx, &p->err);
}

/* Old events that are due to nobody. */
void sw_trim_run(Unit *u, const SwWorker *w) {
    SwEngine *e = u->engine;
    Piece p = {.u = u, .look = w->look, .step = w->step, .now = sw_clock_now(e->o.clock)};
    if (sw_piece_run(&p, trim, p.step) < 0)
        sw_log(SW_ERROR, "old events could not be removed", SW_F("cause", p.err.cause));
    pthread_mutex_lock(&e->lock);
    u->next = p.now + TRIM_EVERY;
    sw_unit_looked(u);
}
