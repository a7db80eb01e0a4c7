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
 * event again, and nothing of the first time is left in the store. */

#include "engine/internal.h"

#include "base/json.h"
#include "base/log.h"

#define RETRY_FIRST (100 * SW_MS)
#define RETRY_MOST  (30 * SW_S)
#define TRIM_EVERY  SW_HOUR

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
    SwStr service = sw_str(name);       /* "ecs/service" acts as ecs */
    size_t slash;
    if (sw_str_find(service, '/', &slash))
        service.n = slash;
    return e->o.make_ctx(e->o.host, a, account, region, sw_str_z(a, service));
}

static void log_failure(const char *what, const char *name, SwStr id, int64_t attempts, const SwError *err) {
    sw_log(SW_WARN, what, SW_F("name", name), SW_F("id", id), SW_FN("attempt", attempts + 1),
           SW_F("code", err->kind ? err->kind->code : ""), SW_F("message", err->message), SW_F("cause", err->cause));
}

/* --- controllers ------------------------------------------------------------------------------------------------------ */

static bool is_running(const Unit *u, const SwWork *w) {
    for (const Running *r = u->first; r; r = r->next) {
        if (sw_str_eq(r->work.id, w->id) && sw_str_eq(r->work.account, w->account)
            && sw_str_eq(r->work.region, w->region))
            return true;
    }
    return false;
}

static int list_due(Unit *u, SwArena *a, SwTime now, size_t limit, SwWorkList *ret, SwTime *ret_next, SwError *err) {
    _sw_tx_ SwTx *tx = NULL;
    if (sw_tx_begin(u->engine->o.store, a, SW_READ, SW_STR(""), SW_STR(""), &tx, err) < 0)
        return -1;
    return sw_work_due(tx, u->controller->name, now, limit, ret, ret_next, err);
}

/* Ends the looking. True: *ret_r is to be run, and entered as running. */
static bool claim(Unit *u, SwArena *a, Running *ret_r) {
    SwEngine *e = u->engine;
    SwTime now = sw_clock_now(e->o.clock), next = INT64_MAX;
    SwWorkList l = {0};
    SwError err = sw_error(a);
    /* Rows of running steps are due as well: two more than those show one to run and whether there is another. `running`
     * cannot grow while we look. */
    pthread_mutex_lock(&e->lock);
    size_t limit = u->running + 2;
    int64_t ended = u->ended;
    pthread_mutex_unlock(&e->lock);
    int r = list_due(u, a, now, limit, &l, &next, &err);
    if (r < 0)
        sw_log(SW_ERROR, "work could not be read", SW_F("controller", u->controller->name), SW_F("cause", err.cause));
    pthread_mutex_lock(&e->lock);
    bool found = false;
    if (u->ended != ended) {            /* what we read may be of a step that has ended meanwhile: look again */
        u->dirty = true;
        l.n = 0;
    }
    for (size_t i = 0; i < l.n; i++) {
        if (is_running(u, &l.v[i]))
            continue;
        if (found) {
            u->dirty = true;
            break;
        }
        found = true;
        *ret_r = (Running){.work = l.v[i]};
    }
    if (found) {
        ret_r->next = u->first;
        u->first = ret_r;
        u->running++;
        e->n_steps++;
    }
    u->next = SW_MIN(u->next, r < 0 ? now + SW_S : next);
    unlock_after_looking(u);
    return found;
}

static int end_step(Unit *u, SwArena *a, const SwWork *w, SwWorkEnd *end, SwTime *ret_due, SwError *err) {
    _sw_tx_ SwTx *tx = NULL;
    if (sw_tx_begin(u->engine->o.store, a, SW_WRITE, SW_STR(""), SW_STR(""), &tx, err) < 0
        || sw_work_end(tx, u->controller->name, w, end, ret_due, err) < 0)
        return -1;
    return sw_tx_commit(&tx, err);
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

static void run_controller(Unit *u, SwArena *a) {
    SwEngine *e = u->engine;
    Running r;
    if (!claim(u, a, &r))
        return;
    SwStep step = {0};
    SwError err = sw_error(a);
    SwCtx *cx = make_ctx(e, a, r.work.account, r.work.region, u->controller->name);
    SW_CRASH_POINT("engine.step.before");
    bool failed = u->controller->step(cx, r.work.id, &step, &err) < 0;
    SW_CRASH_POINT("engine.step.after_effect");
    sw_tx_rollback(cx->tx);             /* of a step that failed half way */
    if (failed)
        log_failure("step failed", u->controller->name, r.work.id, r.work.attempts, &err);
    SwTime now = sw_clock_now(e->o.clock), due = 0;
    SwWorkEnd end = {.again = failed ? now + backoff(r.work.attempts) : step.again, .now = now, .failed = failed,
                     .waiting = !failed && step.waiting};
    pthread_mutex_lock(&e->lock);
    end.woken = r.woken;
    end.woken_count = r.woken_count;
    pthread_mutex_unlock(&e->lock);
    SwError end_err = sw_error(a);
    bool stored = end_step(u, a, &r.work, &end, &due, &end_err) == 0;
    if (!stored) {
        log_failure("the end of a step could not be stored", u->controller->name, r.work.id, r.work.attempts, &end_err);
        due = now + SW_S;               /* its row is as before the step: it runs again */
    }
    leave(u, &r, failed, stored, due);
}

/* --- listeners ---------------------------------------------------------------------------------------------------------- */

static int find_event(Unit *u, SwArena *a, SwEventRow *ret, bool *ret_found, int64_t *ret_last, SwError *err) {
    _sw_tx_ SwTx *tx = NULL;
    if (sw_tx_begin(u->engine->o.store, a, SW_READ, SW_STR(""), SW_STR(""), &tx, err) < 0)
        return -1;
    return sw_events_next(tx, u->seen, u->listener->source, u->listener->detail_type, ret, ret_found, ret_last, err);
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

static int deliver(Unit *u, SwArena *a, const SwEventRow *row, SwError *err) {
    SwEngine *e = u->engine;
    SwCtx *cx = make_ctx(e, a, row->account, row->region, u->listener->name);
    SwEvent ev = {.id = row->id, .source = row->source, .detail_type = row->detail_type, .account = row->account,
                  .region = row->region, .time = row->time, .resources = strings_of(a, row->resources),
                  .detail = row->detail, .bus = row->bus};
    if (sw_tx_begin(e->o.store, a, SW_WRITE, row->account, row->region, &cx->tx, err) < 0)
        return -1;
    if (u->listener->on_event(cx, &ev, err) < 0 || sw_events_mark(cx->tx, u->listener->name, row->seq, err) < 0) {
        sw_tx_rollback(cx->tx);
        return -1;
    }
    SW_CRASH_POINT("engine.event.delivered_not_marked");
    return sw_tx_commit(&cx->tx, err);
}

static void run_listener(Unit *u, SwArena *a) {
    SwEngine *e = u->engine;
    SwEventRow row;
    bool found;
    int64_t last;
    SwError err = sw_error(a);
    int r = find_event(u, a, &row, &found, &last, &err);
    if (r == 0 && found)
        r = deliver(u, a, &row, &err);
    SwTime now = sw_clock_now(e->o.clock);
    if (r < 0)
        log_failure("delivery failed", u->listener->name, found ? row.id : SW_STR(""), u->attempts, &err);
    pthread_mutex_lock(&e->lock);
    if (r < 0) {
        e->failures++;
        SwTime retry = now + backoff(u->attempts++);
        u->next = SW_MIN(u->next, retry);
        u->dirty = false;               /* news does not shorten the wait: the queue is in order */
    } else if (found) {
        e->events++;
        u->attempts = 0;
        u->seen = row.seq;
        u->dirty = true;                /* the next one */
    } else {
        u->seen = last;
    }
    unlock_after_looking(u);
}

/* --- trimming ------------------------------------------------------------------------------------------------------------- */

static int trim(SwEngine *e, SwArena *a, SwTime before, int64_t upto, SwError *err) {
    _sw_tx_ SwTx *tx = NULL;
    if (sw_tx_begin(e->o.store, a, SW_WRITE, SW_STR(""), SW_STR(""), &tx, err) < 0
        || sw_events_trim(tx, before, upto, err) < 0)
        return -1;
    return sw_tx_commit(&tx, err);
}

/* Old events that every listener has behind it. A listener that heard of none for long is told to look, so that it has
 * seen them when the next hour comes. */
static void run_trim(Unit *u, SwArena *a) {
    SwEngine *e = u->engine;
    SwError err = sw_error(a);
    int64_t upto = INT64_MAX;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->n_unit; i++) {
        if (e->unit[i].kind != UNIT_LISTENER)
            continue;
        upto = SW_MIN(upto, e->unit[i].seen);
        e->unit[i].dirty |= e->unit[i].attempts == 0;
    }
    pthread_mutex_unlock(&e->lock);
    SwTime now = sw_clock_now(e->o.clock);
    if (trim(e, a, now - SW_EVENTS_KEPT, upto, &err) < 0)
        sw_log(SW_ERROR, "old events could not be removed", SW_F("cause", err.cause));
    pthread_mutex_lock(&e->lock);
    u->next = now + TRIM_EVERY;
    unlock_after_looking(u);
}

void sw_unit_run(Unit *u, SwArena *a) {
    switch (u->kind) {
    case UNIT_CONTROLLER: run_controller(u, a); return;
    case UNIT_LISTENER: run_listener(u, a); return;
    case UNIT_TRIM: run_trim(u, a); return;
    }
}
