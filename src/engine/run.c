/* SPDX-License-Identifier: Apache-2.0 */
/* One piece of a unit's work: what all kinds of it share. A step is in step.c, a round of deliveries in bus.c.
 *
 * Memory: each part that asks for some is a function of a Piece that runs under a guard, and what an end needs (the
 * unit's flags, the item's row) is outside of it. */

#include "engine/internal.h"

#include "base/log.h"

#define TURN_MS     5
#define RETRY_FIRST (100 * SW_MS)
#define RETRY_MOST  (30 * SW_S)

SwTime sw_backoff(int64_t attempts) {
    return attempts >= 9 ? RETRY_MOST : SW_MIN(RETRY_FIRST << attempts, RETRY_MOST);
}

int64_t sw_turn_until(const SwEngine *e) {
    return sw_monotonic_ns() + (e->o.turn_ms ? e->o.turn_ms : TURN_MS) * SW_MS;
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
    sw_failure_log(&p->err, what, name, id, attempts);
}

void sw_failure_log(const SwError *err, const char *what, const char *name, SwStr id, int64_t attempts) {
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

void sw_unit_run(Unit *u, const SwWorker *w) {
    switch (u->kind) {
    case UNIT_CONTROLLER: sw_controller_run(u, w); return;
    case UNIT_BUS: sw_bus_run(u, w); return;
    case UNIT_TRIM: sw_trim_run(u, w); return;
    }
}
