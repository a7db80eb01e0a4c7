/* SPDX-License-Identifier: Apache-2.0 */
/* One piece of a unit's work.
 *
 * A step:
 *   1. The item's row is found due. Nothing is written: a crash from here on finds it due again.
 *   2. The controller's step runs, with transactions of its own.
 *   3. One transaction sets when the row is due again, or deletes it; if the row was woken since 1, it stays due.
 * A crash between 2 and 3 repeats a step whose effects are there: steps are written for that.
 *
 * A delivery: the listener's writes and its new position are one transaction. A crash before its commit delivers the
 * event again, and nothing of the first time is left in the store.
 *
 * Memory: each part that asks for some is a function of a Piece that runs under a guard, and what an end needs (the
 * unit's flags, the item's row) is outside of it. The step has an arena of its own, which is emptied before its end is
 * written. */

#include "engine/internal.h"

#include "base/json.h"
#include "base/log.h"

#define RETRY_FIRST    (100 * SW_MS)
#define RETRY_MOST     (30 * SW_S)
#define RETRY_HOPELESS SW_HOUR /* of a step that needs more memory than one may use, where nothing ends it */
#define TRIM_EVERY     SW_HOUR

static SwTime backoff(int64_t attempts) {
    return attempts >= 9 ? RETRY_MOST : SW_MIN(RETRY_FIRST << attempts, RETRY_MOST);
}

static void unlock_after_looking(Unit *u) {
    u->looking = false;
    if (u->dirty || u->next < INT64_MAX)
        pthread_cond_signal(&u->engine->work);
    pthread_mutex_unlock(&u->engine->lock);
}

static SwCtx *make_ctx(SwEngine *e, SwArena *a, SwStr account, SwStr region, const char *name) {
    SwStr service = sw_str(name); /* "ecs/service" acts as ecs */
    size_t slash;
    if (sw_str_find(service, '/', &slash))
        service.n = slash;
    return e->o.make_ctx(e->o.host, a, account, region, sw_str_z(a, service));
}

/* What is under guard, and what comes out of it. The error's texts are in `look` or `step`, until these are emptied. */
typedef struct Piece {
    Unit *u;
    SwArena *look, *step;
    Running *running;
    SwWorkList due;
    SwTime now, next;
    SwCtx *cx;
    SwStep said;
    SwWorkEnd end;
    SwTime ends_due;
    SwEventRow row;
    bool found;
    int64_t last;
    int r;
    SwLack lack;
    bool hopeless; /* the step has met the limit of its memory again and again */
    SwError err;
} Piece;

#define TRIES_MOST 3 /* of what asks for more memory than there may be */

static void log_failure(const char *what, const char *name, SwStr id, int64_t attempts, const SwError *err) {
    sw_log(SW_WARN, what, SW_F("name", name), SW_F("id", id), SW_FN("attempt", attempts + 1),
           SW_F("code", err->kind ? err->kind->code : ""), SW_F("message", err->message), SW_F("cause", err->cause));
}

/* Runs `part`; without memory its error says so. */
static int guarded(Piece *p, void (*part)(void *), SwArena *a) {
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

/* --- controllers ------------------------------------------------------------------------------------------------------ */

static bool is_running(const Unit *u, const SwWork *w) {
    for (const Running *r = u->first; r; r = r->next) {
        if (sw_str_eq(r->work.id, w->id) && sw_str_eq(r->work.account, w->account) && sw_str_eq(r->work.region, w->region))
            return true;
    }
    return false;
}

static void list_due(void *arg) {
    Piece *p = arg;
    _sw_tx_ SwTx *tx = NULL;
    p->r = sw_tx_begin(p->u->engine->o.store, p->look, SW_READ, SW_STR(""), SW_STR(""), &tx, &p->err);
    /* Rows of running steps are due as well: two more than those show one to run and whether there is another. */
    if (p->r == 0)
        p->r = sw_work_due(tx, p->u->controller->name, p->now, p->due.n, &p->due, &p->next, &p->err);
}

/* Ends the looking. True: *ret_r is to be run, and entered as running. */
static bool claim(Piece *p, Running *ret_r) {
    Unit *u = p->u;
    SwEngine *e = u->engine;
    p->now = sw_clock_now(e->o.clock);
    p->next = INT64_MAX;
    pthread_mutex_lock(&e->lock);
    p->due.n = u->running + 2; /* the most to list; `running` cannot grow while we look */
    int64_t ended = u->ended;
    pthread_mutex_unlock(&e->lock);
    if (guarded(p, list_due, p->look) < 0) {
        p->due.n = 0;
        sw_log(SW_ERROR, "work could not be read", SW_F("controller", u->controller->name), SW_F("cause", p->err.cause));
    }
    pthread_mutex_lock(&e->lock);
    bool found = false;
    if (u->ended != ended) { /* what we read may be of a step that has ended meanwhile: look again */
        u->dirty = true;
        p->due.n = 0;
    }
    for (size_t i = 0; i < p->due.n; i++) {
        if (is_running(u, &p->due.v[i]))
            continue;
        if (found) {
            u->dirty = true;
            break;
        }
        found = true;
        *ret_r = (Running){.work = p->due.v[i]};
    }
    if (found) {
        ret_r->next = u->first;
        u->first = ret_r;
        u->running++;
        e->n_steps++;
    }
    u->next = SW_MIN(u->next, p->r < 0 ? p->now + SW_S : p->next);
    unlock_after_looking(u);
    return found;
}

static void end_step(void *arg) {
    Piece *p = arg;
    _sw_tx_ SwTx *tx = NULL;
    p->r = -1;
    if (sw_tx_begin(p->u->engine->o.store, p->look, SW_WRITE, SW_STR(""), SW_STR(""), &tx, &p->err) < 0 ||
        sw_work_end(tx, p->u->controller->name, &p->running->work, &p->end, &p->ends_due, &p->err) < 0)
        return;
    p->r = sw_tx_commit(&tx, &p->err);
}

/* stored: the step's end is; else its row is still due, and is not looked at again at once. */
static void leave(Unit *u, Running *r, bool failed, bool stored, SwTime due) {
    SwEngine *e = u->engine;
    pthread_mutex_lock(&e->lock);
    Running **at = &u->first;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    u->running--;
    u->ended++;
    e->n_steps--;
    e->steps++;
    e->failures += failed;
    if (due)
        u->next = SW_MIN(u->next, due);
    /* Others may have waited for the room, or for this item: a look in between passed over its row. */
    u->dirty |= stored;
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
}

static void take_step(void *arg) {
    Piece *p = arg;
    const SwWork *w = &p->running->work;
    p->cx = make_ctx(p->u->engine, p->step, w->account, w->region, p->u->controller->name);
    SW_CRASH_POINT("engine.step.before");
    p->r = p->u->controller->step(p->cx, w->id, &p->said, &p->err);
    SW_CRASH_POINT("engine.step.after_effect");
    sw_ctx_rollback(p->cx); /* of a step that failed half way */
}

static void give_up(void *arg) {
    Piece *p = arg;
    const SwWork *w = &p->running->work;
    p->cx = make_ctx(p->u->engine, p->step, w->account, w->region, p->u->controller->name);
    p->r = p->u->controller->failed(p->cx, w->id, "It needs more memory than one step may use.", &p->err);
    sw_ctx_rollback(p->cx);
}

/* A part that was left in the middle. */
static void tidy(Piece *p) {
    if (p->cx && p->cx->tx)
        (void)sw_guard_spare(roll_back, p);
    p->cx = NULL;
    sw_arena_reset(p->step);
}

/* The step; false: it failed, and is to be tried again. */
static bool step_or_end(Piece *p) {
    const SwWork *w = &p->running->work;
    const SwController *c = p->u->controller;
    if (guarded(p, take_step, p->step) == 0)
        return true;
    log_failure("step failed", c->name, w->id, w->attempts, &p->err);
    p->hopeless = p->lack == SW_LACK_LIMIT && w->attempts + 1 >= TRIES_MOST;
    tidy(p);
    if (!p->hopeless || !c->failed)
        return false;
    bool given_up = guarded(p, give_up, p->step) == 0;
    if (given_up)
        sw_log(SW_ERROR, "a resource was given up", SW_F("name", c->name), SW_F("id", w->id), SW_F("cause", "memory"));
    else
        log_failure("a resource could not be given up", c->name, w->id, w->attempts, &p->err);
    tidy(p);
    p->said = (SwStep){0};
    return given_up;
}

static void run_controller(Unit *u, const SwWorker *worker) {
    SwEngine *e = u->engine;
    Running r;
    Piece p = {.u = u, .look = worker->look, .step = worker->step, .running = &r};
    if (!claim(&p, &r))
        return;
    bool failed = !step_or_end(&p);
    SwTime now = sw_clock_now(e->o.clock);
    SwTime pause = p.hopeless && !u->controller->failed ? RETRY_HOPELESS : backoff(r.work.attempts);
    p.end = (SwWorkEnd){.again = failed ? now + pause : p.said.again,
                        .now = now,
                        .failed = failed,
                        .waiting = !failed && p.said.waiting};
    pthread_mutex_lock(&e->lock);
    p.end.woken = r.woken;
    p.end.woken_count = r.woken_count;
    pthread_mutex_unlock(&e->lock);
    bool stored = guarded(&p, end_step, p.look) == 0;
    if (!stored) {
        log_failure("the end of a step could not be stored", u->controller->name, r.work.id, r.work.attempts, &p.err);
        p.ends_due = now + SW_S; /* its row is as before the step: it runs again */
    }
    leave(u, &r, failed, stored, p.ends_due);
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
    p->cx = make_ctx(e, a, row->account, row->region, u->listener->name);
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
    if (guarded(p, deliver, p->step) == 0)
        return 0;
    log_failure("delivery failed", u->listener->name, p->row.id, u->attempts, &p->err);
    bool hopeless = p->lack == SW_LACK_LIMIT && u->attempts + 1 >= TRIES_MOST;
    tidy(p);
    if (!hopeless || guarded(p, leave_out, p->step) < 0)
        return -1;
    sw_log(SW_ERROR, "an event was left out", SW_F("name", u->listener->name), SW_F("id", p->row.id), SW_F("cause", "memory"));
    return 0;
}

static void run_listener(Unit *u, const SwWorker *worker) {
    SwEngine *e = u->engine;
    Piece p = {.u = u, .look = worker->look, .step = worker->step};
    int r = guarded(&p, find_event, p.look);
    if (r < 0)
        log_failure("events could not be read", u->listener->name, SW_STR(""), u->attempts, &p.err);
    else if (p.found)
        r = deliver_or_leave_out(&p);
    SwTime now = sw_clock_now(e->o.clock);
    pthread_mutex_lock(&e->lock);
    if (r < 0) {
        e->failures++;
        SwTime retry = now + backoff(u->attempts++);
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
    unlock_after_looking(u);
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
    if (guarded(&p, trim, p.step) < 0)
        sw_log(SW_ERROR, "old events could not be removed", SW_F("cause", p.err.cause));
    pthread_mutex_lock(&e->lock);
    u->next = p.now + TRIM_EVERY;
    unlock_after_looking(u);
}

void sw_unit_run(Unit *u, const SwWorker *w) {
    switch (u->kind) {
    case UNIT_CONTROLLER: run_controller(u, w); return;
    case UNIT_LISTENER: run_listener(u, w); return;
    case UNIT_TRIM: run_trim(u, w); return;
    }
}
