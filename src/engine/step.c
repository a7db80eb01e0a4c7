/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of controllers.
 *
 * One that acts outside (quick, slow):
 *   1. The item's row is found due. Nothing is written: a crash from here on finds it due again.
 *   2. The controller's step runs, with transactions of its own.
 *   3. One transaction sets when the row is due again, or deletes it; if the row was woken since 1, it stays due.
 * A crash between 2 and 3 repeats a step whose effects are there: steps are written for that.
 *
 * A round of store steps:
 *   1. As above, for several items.
 *   2. Where the controller looks first: each step runs in a snapshot. One that would write is marked.
 *   3. One write transaction: the steps that were marked, and what 3 above says for all items. Its time is bounded: what
 *      does not fit goes into the next one.
 * A crash anywhere leaves all of the transaction or nothing of it. What fails in company runs again alone, so that only
 * the one that is at fault is counted as failed.
 *
 * The step has an arena of its own, which is emptied before its end is written, but for a round: what runs after its
 * commit lies there. */

#include "base/log.h"
#include "engine/internal.h"

#define RETRY_HOPELESS SW_HOUR /* of a step that needs more memory than one may use, where nothing ends it */

/* --- finding what is due -------------------------------------------------------------------------------------------- */

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
    if (p->r == 0)
        p->r = sw_work_due(tx, p->u->controller->name, p->now, p->n, &p->due, &p->next, &p->err);
}

/* With the lock held. The first `most` of what is due and does not run; one that has failed before comes alone. */
static size_t enter(Unit *u, const SwWorkList *due, Running *ret, size_t most) {
    size_t n = 0;
    for (size_t i = 0; i < due->n; i++) {
        if (is_running(u, &due->v[i]))
            continue;
        if (n == most || (n && (due->v[i].attempts || ret[0].work.attempts))) {
            u->dirty = true; /* there is another */
            break;
        }
        ret[n] = (Running){.work = due->v[i], .next = u->first};
        u->first = &ret[n++];
        u->running++;
    }
    return n;
}

size_t sw_claim(Unit *u, SwArena *look, Running *ret, size_t most) {
    SwEngine *e = u->engine;
    Piece p = {.u = u, .look = look, .now = sw_clock_now(e->o.clock), .next = INT64_MAX};
    pthread_mutex_lock(&e->lock);
    if (u->controller->parallel)
        most = SW_MIN(most, u->controller->parallel - u->running); /* there was room for one */
    /* Rows of running steps are due as well: one more than those and ours shows whether there is another. `running`
     * cannot grow while we look. */
    p.n = u->running + most + 1;
    int64_t ended = u->ended;
    pthread_mutex_unlock(&e->lock);
    if (sw_piece_run(&p, list_due, look) < 0) {
        p.due.n = 0;
        sw_log(SW_ERROR, "work could not be read", SW_F("controller", u->controller->name), SW_F("cause", p.err.cause));
    }
    pthread_mutex_lock(&e->lock);
    size_t n = 0;
    if (u->ended != ended) /* what we read may be of a step that has ended meanwhile: look again */
        u->dirty = true;
    else
        n = enter(u, &p.due, ret, most);
    u->next = SW_MIN(u->next, p.r < 0 ? p.now + SW_S : p.next);
    sw_unit_looked(u);
    return n;
}

/* --- ends ---------------------------------------------------------------------------------------------------------------- */

/* stored: the step's end is; else its row is still due, and is not looked at again at once. */
static void leave(Unit *u, Running *r, bool failed, bool stored) {
    SwEngine *e = u->engine;
    pthread_mutex_lock(&e->lock);
    Running **at = &u->first;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    u->running--;
    u->ended++;
    e->steps++;
    e->failures += failed;
    if (r->ends_due)
        u->next = SW_MIN(u->next, r->ends_due);
    /* Others may have waited for the room, or for this item: a look in between passed over its row. */
    u->dirty |= stored;
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
}

void sw_step_drop(Unit *u, Running *r, SwTime until) {
    r->ends_due = until;
    leave(u, r, true, false);
}

/* When the item is due again, after what its step said. */
static SwWorkEnd end_of(Unit *u, const Running *r) {
    SwEngine *e = u->engine;
    SwWorkEnd end = {.again = r->said.again, .now = sw_clock_now(e->o.clock), .waiting = r->said.waiting};
    pthread_mutex_lock(&e->lock);
    end.woken_count = r->woken.n + r->self.n;
    end.woken = r->woken.n && r->self.n ? SW_MIN(r->woken.at, r->self.at) : r->woken.n ? r->woken.at : r->self.at;
    pthread_mutex_unlock(&e->lock);
    return end;
}

static void end_step(void *arg) {
    Piece *p = arg;
    _sw_tx_ SwTx *tx = NULL;
    p->r = -1;
    if (sw_tx_begin(p->u->engine->o.store, p->look, SW_WRITE, SW_STR(""), SW_STR(""), &tx, &p->err) < 0 ||
        sw_work_end(tx, p->u->controller->name, &p->running->work, &p->end, &p->running->ends_due, &p->err) < 0)
        return;
    p->r = sw_tx_commit(&tx, &p->err);
}

/* In a transaction of its own. */
static void end_alone(Piece *p, bool failed) {
    Running *r = p->running;
    const SwController *c = p->u->controller;
    p->end = end_of(p->u, r);
    if (failed) {
        SwTime pause = p->hopeless && !c->failed ? RETRY_HOPELESS : sw_backoff(r->work.attempts);
        p->end.again = p->end.now + pause;
        p->end.failed = true;
        p->end.waiting = false;
    }
    bool stored = sw_piece_run(p, end_step, p->look) == 0;
    if (!stored) {
        sw_piece_log(p, "the end of a step could not be stored", c->name, r->work.id, r->work.attempts);
        r->ends_due = p->end.now + SW_S; /* its row is as before the step: it runs again */
    }
    leave(p->u, r, failed, stored);
}

/* --- a step that acts outside --------------------------------------------------------------------------------------------- */

static SwCtx *ctx_for(Piece *p, const Running *r) {
    return sw_piece_ctx(p, r->work.account, r->work.region, p->u->controller->name);
}

static SwStep said_before(const Running *r) {
    return (SwStep){.due = r->work.due, .attempts = r->work.attempts};
}

static void take_step(void *arg) {
    Piece *p = arg;
    Running *r = p->running;
    p->cx = ctx_for(p, r);
    r->said = said_before(r);
    SW_CRASH_POINT("engine.step.before");
    p->r = p->u->controller->step(p->cx, r->work.id, &r->said, &p->err);
    SW_CRASH_POINT("engine.step.after_effect");
    sw_ctx_rollback(p->cx); /* of a step that failed half way */
}

static void give_up(void *arg) {
    Piece *p = arg;
    p->cx = ctx_for(p, p->running);
    p->r = p->u->controller->failed(p->cx, p->running->work.id, "It needs more memory than one step may use.", &p->err);
    sw_ctx_rollback(p->cx);
}

/* After a step that failed. True: its resource was ended, so that it need not be tried again. */
static bool ended_otherwise(Piece *p) {
    Running *r = p->running;
    const SwController *c = p->u->controller;
    sw_piece_log(p, "step failed", c->name, r->work.id, r->work.attempts);
    p->hopeless = p->lack == SW_LACK_LIMIT && r->work.attempts + 1 >= SW_TRIES_MOST;
    sw_piece_tidy(p);
    r->said = (SwStep){0};
    if (!p->hopeless || !c->failed)
        return false;
    bool given_up = sw_piece_run(p, give_up, p->step) == 0;
    if (given_up)
        sw_log(SW_ERROR, "a resource was given up", SW_F("name", c->name), SW_F("id", r->work.id), SW_F("cause", "memory"));
    else
        sw_piece_log(p, "a resource could not be given up", c->name, r->work.id, r->work.attempts);
    sw_piece_tidy(p);
    return given_up;
}

void sw_step_run(Unit *u, const SwWorker *w, Running *r) {
    Piece p = {.u = u, .look = w->look, .step = w->step, .running = r};
    bool done = sw_piece_run(&p, take_step, p.step) == 0 || ended_otherwise(&p);
    end_alone(&p, !done);
}

/* --- a round of store steps ----------------------------------------------------------------------------------------------- */

static void look_first(void *arg) {
    Piece *p = arg;
    Running *r = p->running;
    const SwWork *w = &r->work;
    p->cx = ctx_for(p, r);
    p->r = sw_tx_begin(p->u->engine->o.store, p->step, SW_READ, w->account, w->region, &p->cx->tx, &p->err);
    if (p->r < 0)
        return;
    r->said = said_before(r);
    p->r = p->u->controller->step(p->cx, w->id, &r->said, &p->err);
    r->looked = p->r == 0 && !sw_tx_would_write(p->cx->tx);
    sw_ctx_rollback(p->cx);
}

/* A look that fails for another reason than that it would write is not told of: the step fails again. */
static void look_at_all(Piece *p, Running *r, size_t n) {
    for (size_t i = 0; i < n; i++) {
        p->running = &r[i];
        (void)sw_piece_run(p, look_first, p->step);
        sw_piece_tidy(p);
    }
}

static void set_tx(Unit *u, Running *r, SwTx *tx) {
    pthread_mutex_lock(&u->engine->lock);
    r->tx = tx;
    r->self = (Woken){0};
    pthread_mutex_unlock(&u->engine->lock);
}

static int step_in(Piece *p, SwTx *tx, Running *r) {
    const SwWork *w = &r->work;
    if (!r->looked) {
        SwCtx *cx = ctx_for(p, r);
        r->said = said_before(r);
        sw_tx_scope(tx, w->account, w->region);
        cx->tx = tx;
        set_tx(p->u, r, tx);
        if (p->u->controller->step(cx, w->id, &r->said, &p->err) < 0)
            return -1;
    }
    SwWorkEnd end = end_of(p->u, r);
    return sw_work_end(tx, p->u->controller->name, w, &end, &r->ends_due, &p->err);
}

/* p->did: of how many; as many as the turn's time allows. */
static void write_steps(void *arg) {
    Piece *p = arg;
    _sw_tx_ SwTx *tx = NULL;
    p->r = -1;
    p->did = 0;
    if (sw_tx_begin(p->u->engine->o.store, p->step, SW_WRITE, SW_STR(""), SW_STR(""), &tx, &p->err) < 0)
        return;
    int64_t until = sw_turn_until(p->u->engine);
    do {
        if (step_in(p, tx, &p->running[p->did]) < 0)
            return;
    } while (++p->did < p->n && sw_monotonic_ns() < until);
    SW_CRASH_POINT("engine.store_step.before_commit");
    p->r = sw_tx_commit(&tx, &p->err);
}

static bool written(Piece *p, size_t n) {
    p->n = n;
    bool ok = sw_piece_run(p, write_steps, p->step) == 0;
    for (size_t i = 0; i < n; i++)
        set_tx(p->u, &p->running[i], NULL);
    if (ok || n > 1)
        sw_piece_tidy(p);
    return ok;
}

static void run_items(Piece *p, Running *r, size_t n) {
    bool alone = false;
    for (size_t at = 0; at < n;) {
        p->running = &r[at];
        p->hopeless = false;
        if (written(p, alone ? 1 : n - at)) {
            for (size_t i = 0; i < p->did; i++)
                leave(p->u, &r[at + i], false, true);
            at += p->did;
        } else if (!alone && n - at > 1) {
            alone = true;
        } else {
            end_alone(p, !ended_otherwise(p));
            at++;
        }
    }
}

static void prepare(void *arg) {
    Piece *p = arg;
    p->cx = ctx_for(p, p->running);
    p->r = p->u->controller->before(p->cx, &p->err);
    sw_ctx_rollback(p->cx);
}

static bool prepared(Piece *p) {
    bool ok = !p->u->controller->before || sw_piece_run(p, prepare, p->step) == 0;
    if (!ok)
        sw_piece_log(p, "steps could not be prepared", p->u->controller->name, p->running->work.id, p->running->work.attempts);
    sw_piece_tidy(p);
    return ok;
}

static void run_round(Unit *u, const SwWorker *w) {
    Running r[SW_ROUND_MOST];
    size_t n = sw_claim(u, w->look, r, SW_ROUND_MOST);
    Piece p = {.u = u, .look = w->look, .step = w->step, .running = r};
    if (n && !prepared(&p)) {
        for (size_t i = 0; i < n; i++) {
            p.running = &r[i];
            end_alone(&p, true);
        }
        return;
    }
    if (u->controller->looks)
        look_at_all(&p, r, n);
    run_items(&p, r, n);
}

void sw_controller_run(Unit *u, const SwWorker *w) {
    Running r;
    if (u->controller->kind == SW_STEP_STORE)
        run_round(u, w);
    else if (u->controller->kind == SW_STEP_SLOW)
        sw_slow_run(u);
    else if (sw_claim(u, w->look, &r, 1))
        sw_step_run(u, w, &r);
}
