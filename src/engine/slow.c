/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for slow steps. A common thread looks for what is due, as for every controller; what it finds it hands to a
 * thread of the controller's own, which runs the step and ends it. Such a thread is made when all that there are have a
 * step, waits a while for the next one, and ends.
 *
 *   place    free -- looked for --> taken -- found --> given -- the thread has it --> taken -- it ended --> free
 *   thread   none -- given --> made -- idle for long --> left -- given, or the engine's stop: joined --> none */

#include <errno.h>
#include <time.h>

#include "base/log.h"
#include "engine/internal.h"

#define IDLE_MS 30000

bool sw_slow_has_room(const Unit *u) {
    return u->n_slow < SW_SLOW_MOST;
}

/* With the lock held: one whose thread waits before one that needs a thread. */
static SwSlow *take(Unit *u) {
    SwSlow *found = NULL;
    for (size_t i = 0; i < SW_SLOW_MOST; i++) {
        SwSlow *s = &u->slow[i];
        if (!s->taken && (!found || (!found->w.look && s->w.look)))
            found = s;
    }
    found->taken = true;
    u->n_slow++;
    return found;
}

/* With the lock held. The room is free again: someone may have waited for it. */
static void give_back(SwSlow *s) {
    SwEngine *e = s->u->engine;
    s->taken = false;
    s->u->n_slow--;
    pthread_cond_signal(&e->work);
    pthread_cond_broadcast(&e->idle);
}

/* With the lock held. False: nothing came for long, or the engine stops. */
static bool wait_for_step(SwSlow *s) {
    SwEngine *e = s->u->engine;
    int64_t idle = (e->o.slow_idle_ms ? e->o.slow_idle_ms : IDLE_MS) * SW_MS, until = sw_monotonic_ns() + idle;
    struct timespec t = {.tv_sec = until / SW_S, .tv_nsec = until % SW_S};
    int r = 0;
    while (!s->given && (s->taken || (!e->stopping && r != ETIMEDOUT)))
        r = s->taken ? pthread_cond_wait(&s->come, &e->lock) : pthread_cond_timedwait(&s->come, &e->lock, &t);
    return s->given;
}

static void *work_slowly(void *arg) {
    SwSlow *s = arg;
    SwEngine *e = s->u->engine;
    pthread_mutex_lock(&e->lock);
    while (wait_for_step(s)) {
        s->given = false;
        pthread_mutex_unlock(&e->lock);
        sw_step_run(s->u, &s->w, &s->running);
        sw_arena_reset(s->w.step);
        sw_arena_reset(s->w.look);
        pthread_mutex_lock(&e->lock);
        e->n_busy--;
        give_back(s);
    }
    sw_worker_close(&s->w);
    e->n_slow--;
    s->left = true;
    pthread_cond_broadcast(&e->idle);
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

static void open_worker(void *arg) {
    SwSlow *s = arg;
    sw_worker_open(&s->w, s->u->engine);
}

/* Under the lock; the thread of before has left, and only returns. Returns errno. */
static int make_thread(SwSlow *s) {
    if (s->made)
        pthread_join(s->thread, NULL);
    s->left = false;
    int r = pthread_create(&s->thread, NULL, work_slowly, s);
    s->made = r == 0;
    s->u->engine->n_slow += s->made;
    return r;
}

/* The step is claimed. */
static void hand_over(SwSlow *s) {
    SwEngine *e = s->u->engine;
    int r = 0;
    pthread_mutex_lock(&e->lock);
    if (!s->made || s->left)
        r = make_thread(s);
    if (r == 0) {
        e->n_busy++;
        s->given = true;
        pthread_cond_signal(&s->come);
    }
    pthread_mutex_unlock(&e->lock);
    if (r == 0)
        return;
    sw_log(SW_ERROR, "no thread for a slow step", SW_F("controller", s->u->controller->name), SW_F("cause", strerror(r)));
    sw_step_drop(s->u, &s->running, sw_clock_now(e->o.clock) + SW_S);
    pthread_mutex_lock(&e->lock);
    give_back(s);
    pthread_mutex_unlock(&e->lock);
}

void sw_slow_run(Unit *u) {
    SwEngine *e = u->engine;
    pthread_mutex_lock(&e->lock);
    SwSlow *s = take(u);
    pthread_mutex_unlock(&e->lock);
    if (!s->w.look && sw_guard(SW_POOL_ENGINE, open_worker, s) != SW_LACK_NONE) {
        sw_worker_close(&s->w);
        pthread_mutex_lock(&e->lock);
        u->next = sw_clock_now(e->o.clock) + SW_S;
        give_back(s);
        sw_unit_looked(u);
        return;
    }
    if (sw_claim(u, s->w.look, &s->running, 1)) {
        hand_over(s);
        return;
    }
    sw_arena_reset(s->w.look);
    pthread_mutex_lock(&e->lock);
    if (!s->made || s->left)
        sw_worker_close(&s->w);
    give_back(s);
    pthread_cond_signal(&s->come); /* its thread may wait no longer for what it was taken for */
    pthread_mutex_unlock(&e->lock);
}

void sw_slow_stop(SwEngine *e) {
    for (size_t i = 0; i < e->n_unit; i++) {
        for (size_t k = 0; e->unit[i].slow && k < SW_SLOW_MOST; k++) {
            SwSlow *s = &e->unit[i].slow[k];
            pthread_mutex_lock(&e->lock);
            pthread_cond_signal(&s->come);
            bool made = s->made;
            s->made = false;
            pthread_mutex_unlock(&e->lock);
            if (made)
                pthread_join(s->thread, NULL);
        }
    }
}
