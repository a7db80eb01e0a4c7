/* SPDX-License-Identifier: Apache-2.0 */
/* One piece of a unit's work: a step is in step.c.
 *
 * A delivery: the listener's writes and its new position are one transaction. A crash before its commit delivers the
 * event again, and nothing of the first time is left in the store.
 *
 * Memory: each part that asks for some is a function of a Piece that runs under a guard, and what an end needs (the
 * unit's flags, the item's row) is outside of it. */

#include "engine/internal.h"

#include "base/json.h"
#include "base/log.h"

#define RETRY_FIRST (100 * SW_MS)
#define RETRY_MOST  (30 * SW_S)
#define TRIM_EVERY  SW_HOUR

SwTime sw_backoff(int64_t attempts) {
    return attempts >= 9 ? RETRY_MOST : SW_MIN(RETRY_FIRST << attempts, RETRY_MOST);
}

void sw_unit_looked(Unit *u) {
    u->looking = false;
    if (u->dirty || u->next < INT64_MAX)
        pthread_cond_signal(&u->engine->work);
    pthread_mutex_unlock(&u->engine->lock);
}

SwCtx *sw_piece_ctx(Piece *p, SwStr account, SwStr region, const char *name) {
    const SwEngine *e = p->u->engine;
    SwStr service = sw_str(name); /* "ecs/service" acts as ecs */
    size_t slash;
    if (sw_str_find(service, '/', &slash))
        service.n = slash;
    return e->o.make_ctx(e->o.host, p->step, account, region, sw_str_z(p->step, service));
}

void sw_piece_log(const Piece *p, const char *what, const char *name, SwStr id, int64_t attempts) {
    const SwError *err = &p->err;
    sw_log(SW_WARN, what, SW_F("name", name), SW_F("id", id), SW_FN("attempt", attempts + 1),
           SW_F("code", err->kind ? err->kind->code : ""), SW_F("message", err->message), SW_F("cause", err->cause));
}

int sw_piece_run(Piece *p, void (*part)(void *), SwArena *a) {
    p->err = sw_error(a);
    p->r = 0;
    p->lack = sw_guard(SW_POOL_ENGINE, part, p);
    if (p->lack == SW_LACK_NONE)
        return p->r;
    p->err = (SwError){.arena = a,
                       .kind = &SW_INTERNAL_FAILURE,
                       .message = "out of memory",
                       .cause = p->lack == SW_LACK_LIMIT ? "more memory is needed than one step may use"
                                                         : "there is no more memory at present"};
    return p->r = -1;
}

static void roll_back(void *arg) {
    Piece *p = arg;
    sw_ctx_rollback(p->cx);
}

void sw_piece_tidy(Piece *p) {
    if (p->cx && p->cx->tx)
        (void)sw_guard_spare(roll_back, p);
    p->cx = NULL;
    sw_arena_reset(p->step);
}

/* --- listeners ---------------------------------------------------------------------------------------------------------- */

static void find_event(void *arg) {
    Piece *p = arg;
    const SwListener *l = p->u->listener;
    _sw_tx_ SwTx *tx = NULL;
    p->r = sw_tx_begin(p->u->engine->o.store, p->look, SW_READ, SW_STR(""), SW_STR(""), &tx, &p->err);
    if (p->r == 0)
        p->r = sw_events_next(tx, p->u->seen, l->source, l->detail_type, &p->row, &p->found, &p->last, &p->err);
}

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

static int deliver_row(Piece *p, SwError *err) {
    Unit *u = p->u;
    SwEngine *e = u->engine;
    SwArena *a = p->step;
    const SwEventRow *row = &p->row;
    p->cx = sw_piece_ctx(p, row->account, row->region, u->listener->name);
    SwEvent ev = {.id = row->id,
                  .source = row->source,
                  .detail_type = row->detail_type,
                  .account = row->account,
                  .region = row->region,
                  .time = row->time,
                  .resources = strings_of(a, row->resources),
                  .detail = row->detail,
                  .bus = row->bus};
    if (sw_tx_begin(e->o.store, a, SW_WRITE, row->account, row->region, &p->cx->tx, err) < 0)
        return -1;
    if (u->listener->on_event(p->cx, &ev, err) < 0 || sw_events_mark(p->cx->tx, u->listener->name, row->seq, err) < 0) {
        sw_ctx_rollback(p->cx);
        return -1;
    }
    SW_CRASH_POINT("engine.event.delivered_not_marked");
    return sw_tx_commit(&p->cx->tx, err);
}

static void deliver(void *arg) {
    Piece *p = arg;
    p->r = deliver_row(p, &p->err);
}

/* The event counts as delivered, and nothing was done for it. */
static void leave_out(void *arg) {
    Piece *p = arg;
    _sw_tx_ SwTx *tx = NULL;
    p->r = -1;
    if (sw_tx_begin(p->u->engine->o.store, p->step, SW_WRITE, p->row.account, p->row.region, &tx, &p->err) < 0 ||
        sw_events_mark(tx, p->u->listener->name, p->row.seq, &p->err) < 0)
        return;
    p->r = sw_tx_commit(&tx, &p->err);
}

/* The delivery; < 0: it failed, and is to be tried again. */
static int deliver_or_leave_out(Piece *p) {
    Unit *u = p->u;
    if (sw_piece_run(p, deliver, p->step) == 0)
        return 0;
    sw_piece_log(p, "delivery failed", u->listener->name, p->row.id, u->attempts);
    bool hopeless = p->lack == SW_LACK_LIMIT && u->attempts + 1 >= SW_TRIES_MOST;
    sw_piece_tidy(p);
    if (!hopeless || sw_piece_run(p, leave_out, p->step) < 0)
        return -1;
    sw_log(SW_ERROR, "an event was left out", SW_F("name", u->listener->name), SW_F("id", p->row.id), SW_F("cause", "memory"));
    return 0;
}

static void run_listener(Unit *u, const SwWorker *worker) {
    SwEngine *e = u->engine;
    Piece p = {.u = u, .look = worker->look, .step = worker->step};
    int r = sw_piece_run(&p, find_event, p.look);
    if (r < 0)
        sw_piece_log(&p, "events could not be read", u->listener->name, SW_STR(""), u->attempts);
    else if (p.found)
        r = deliver_or_leave_out(&p);
    SwTime now = sw_clock_now(e->o.clock);
    pthread_mutex_lock(&e->lock);
    if (r < 0) {
        e->failures++;
        SwTime retry = now + sw_backoff(u->attempts++);
        u->next = SW_MIN(u->next, retry);
        u->dirty = false; /* news does not shorten the wait: the queue is in order */
    } else if (p.found) {
        e->events++;
        u->attempts = 0;
        u->seen = p.row.seq;
        u->dirty = true; /* the next one */
    } else {
        u->seen = p.last;
    }
    sw_unit_looked(u);
}

/* --- trimming ------------------------------------------------------------------------------------------------------------- */

static void trim(void *arg) {
    Piece *p = arg;
    _sw_tx_ SwTx *tx = NULL;
    p->r = -1;
    if (sw_tx_begin(p->u->engine->o.store, p->step, SW_WRITE, SW_STR(""), SW_STR(""), &tx, &p->err) < 0 ||
        sw_events_trim(tx, p->now - SW_EVENTS_KEPT, p->last, &p->err) < 0)
        return;
    p->r = sw_tx_commit(&tx, &p->err);
}

/* Old events that every listener has behind it. A listener that heard of none for long is told to look, so that it has
 * seen them when the next hour comes. */
static void run_trim(Unit *u, const SwWorker *worker) {
    SwEngine *e = u->engine;
    Piece p = {.u = u, .look = worker->look, .step = worker->step, .last = INT64_MAX};
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->n_unit; i++) {
        if (e->unit[i].kind != UNIT_LISTENER)
            continue;
        p.last = SW_MIN(p.last, e->unit[i].seen);
        e->unit[i].dirty |= e->unit[i].attempts == 0;
    }
    pthread_mutex_unlock(&e->lock);
    p.now = sw_clock_now(e->o.clock);
    if (sw_piece_run(&p, trim, p.step) < 0)
        sw_log(SW_ERROR, "old events could not be removed", SW_F("cause", p.err.cause));
    pthread_mutex_lock(&e->lock);
    u->next = p.now + TRIM_EVERY;
    sw_unit_looked(u);
}

void sw_unit_run(Unit *u, const SwWorker *w) {
    switch (u->kind) {
    case UNIT_CONTROLLER: sw_controller_run(u, w); return;
    case UNIT_LISTENER: run_listener(u, w); return;
    case UNIT_TRIM: run_trim(u, w); return;
    }
}
