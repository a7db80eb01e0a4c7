/* SPDX-License-Identifier: Apache-2.0 */
/* The clock: shown = base + (system - set_at) * scale, where scale is 1 (real) or 0 (stepped). One mutex; a reading
 * costs a few tens of nanoseconds. */

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"

#define SCALE_MIN 1e-3 /* beyond these, what sw_clock_until computes would not fit */
#define SCALE_MAX 1e6

struct SwClock {
    SwArena *arena;
    pthread_mutex_t lock; /* guards all below */
    SwClockMode mode;
    double scale;
    SwTime base, set_at; /* what it showed, at which system time */
    void (*on_change)(void *);
    void *arg;
};

static SwTime system_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * SW_S + t.tv_nsec;
}

SwClock *sw_clock_new(void) {
    SwArena *a = sw_arena_new(0);
    SwClock *c = sw_new(a, SwClock);
    c->arena = a;
    c->scale = 1;
    c->base = c->set_at = system_now();
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void sw_clock_free(SwClock *c) {
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    sw_arena_free(c->arena);
}

static SwTime shown(const SwClock *c, SwTime system) {
    switch (c->mode) {
    case SW_CLOCK_REAL: return c->base + (system - c->set_at);
    case SW_CLOCK_SCALED: return c->base + (SwTime)((double)(system - c->set_at) * c->scale);
    case SW_CLOCK_STEPPED: return c->base;
    }
    return c->base;
}

SwTime sw_clock_now(SwClock *c) {
    pthread_mutex_lock(&c->lock);
    SwTime t = shown(c, system_now());
    pthread_mutex_unlock(&c->lock);
    return t;
}

void sw_clock_get(SwClock *c, SwClockMode *ret_mode, double *ret_scale, SwTime *ret_offset) {
    pthread_mutex_lock(&c->lock);
    SwTime system = system_now();
    *ret_mode = c->mode;
    *ret_scale = c->scale;
    *ret_offset = shown(c, system) - system;
    pthread_mutex_unlock(&c->lock);
}

/* The listener is called without the lock: it may read the clock. */
static void tell(SwClock *c) {
    pthread_mutex_lock(&c->lock);
    void (*fn)(void *) = c->on_change;
    void *arg = c->arg;
    pthread_mutex_unlock(&c->lock);
    if (fn)
        fn(arg);
}

void sw_clock_setting(SwClock *c, SwClockSetting *ret) {
    pthread_mutex_lock(&c->lock);
    SwTime system = system_now();
    *ret = (SwClockSetting){c->mode, c->scale, shown(c, system), system};
    pthread_mutex_unlock(&c->lock);
}

void sw_clock_put(SwClock *c, const SwClockSetting *s) {
    pthread_mutex_lock(&c->lock);
    c->mode = s->mode;
    c->scale = s->mode == SW_CLOCK_SCALED && s->scale >= SCALE_MIN && s->scale <= SCALE_MAX ? s->scale : 1;
    c->set_at = s->system;
    c->base = s->shown;
    pthread_mutex_unlock(&c->lock);
    tell(c);
}

void sw_clock_set(SwClock *c, SwClockMode mode, double scale, SwTime offset) {
    SwTime system = system_now();
    const SwClockSetting s = {mode, scale, system + offset, system};
    sw_clock_put(c, &s);
}

void sw_clock_advance(SwClock *c, SwTime by) {
    pthread_mutex_lock(&c->lock);
    c->base += by;
    pthread_mutex_unlock(&c->lock);
    tell(c);
}

int64_t sw_clock_until(SwClock *c, SwTime t) {
    pthread_mutex_lock(&c->lock);
    SwTime left = t - shown(c, system_now());
    SwClockMode mode = c->mode;
    double scale = c->scale;
    pthread_mutex_unlock(&c->lock);
    if (left <= 0)
        return 0;
    if (mode == SW_CLOCK_STEPPED)
        return INT64_MAX;
    if (mode == SW_CLOCK_REAL)
        return left;
    double wait = (double)left / scale;
    return wait < 9e18 ? (int64_t)wait + 1 : INT64_MAX;
}

void sw_clock_on_change(SwClock *c, void (*fn)(void *), void *arg) {
    pthread_mutex_lock(&c->lock);
    c->on_change = fn;
    c->arg = arg;
    pthread_mutex_unlock(&c->lock);
}
