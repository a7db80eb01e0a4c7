/* SPDX-License-Identifier: Apache-2.0 */
/* When users' keys were last used, and for what. Requests note it in memory, as reading must not write; a step stores it at a
 * key's first use and from then on at most every STORE_EVERY, so that a stop or a crash forgets no more than that of a key, and
 * so does a key that makes room. */

#include <pthread.h>
#include <stdio.h>

#include "base/thread.h"
#include "services/iam/iam.h"

#define STORE_EVERY (15 * SW_MINUTE)
#define SLOTS       1024
#define NEAR        8 /* slots that a key may have; of these the oldest makes room */

typedef struct Use {
    char key[32], service[64], region[64];
    SwTime at, stored;
} Use;

typedef struct Uses {
    pthread_mutex_t lock;
    Use use[SLOTS];
} Uses;

static size_t place(SwStr key) {
    size_t h = 0;
    for (size_t i = 0; i < key.n; i++)
        h = h * 31 + (unsigned char)key.p[i];
    return h % SLOTS;
}

static Use *find(Uses *u, SwStr key) {
    for (size_t i = 0; i < NEAR; i++) {
        Use *x = &u->use[(place(key) + i) % SLOTS];
        if (sw_str_eqz(key, x->key))
            return x;
    }
    return NULL;
}

static Use *room(Uses *u, SwStr key) {
    Use *oldest = &u->use[place(key)];
    for (size_t i = 1; i < NEAR; i++) {
        Use *x = &u->use[(place(key) + i) % SLOTS];
        if (x->at < oldest->at)
            oldest = x;
    }
    *oldest = (Use){0};
    (void)snprintf(oldest->key, sizeof oldest->key, "%.*s", SW_FMT(key));
    return oldest;
}

/* True: it is time to store it. */
static bool note(Uses *u, SwStr key, SwStr service, SwStr region, SwTime now) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&u->lock);
    Use *x = find(u, key);
    if (!x)
        x = room(u, key);
    x->at = now;
    (void)snprintf(x->service, sizeof x->service, "%.*s", SW_FMT(service));
    (void)snprintf(x->region, sizeof x->region, "%.*s", SW_FMT(region));
    bool due = now >= x->stored + STORE_EVERY;
    if (due)
        x->stored = now;
    return due;
}

void iam_key_used(SwHost *h, SwStr key, SwStr account, SwStr service, SwStr region) {
    Uses *u = h->iam;
    if (!u || key.n >= sizeof u->use[0].key || !note(u, key, service, region, sw_clock_now(h->clock)) || !h->engine)
        return;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    if (sw_engine_wake(h->engine, &iam_key_use_controller, account, h->config->region, key, &err) < 0)
        sw_error_reset(&err); /* it is noted, and stored another time */
}

void iam_key_use_of(SwCtx *cx, SwStr key, IamKeyRecord *r) {
    Uses *u = cx->host->iam;
    if (!u)
        return;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&u->lock);
    const Use *x = find(u, key);
    if (!x || x->at <= SW_OR(r->last_used, 0))
        return;
    r->last_used = SW_SOME_TIME(x->at);
    r->last_service = sw_str_dup(cx->arena, sw_str(x->service));
    r->last_region = sw_str_dup(cx->arena, sw_str(x->region));
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    IamKeyRecord *r;
    if (iam_keys_find(cx->tx, id, &r, err) < 0)
        return -1;
    if (!r)
        return 0;
    iam_key_use_of(cx, id, r);
    return iam_keys_put(cx->tx, id, r, err);
}

const SwController iam_key_use_controller = {.name = "iam/key-use",
                                             .step = step,
                                             .kind = SW_STEP_STORE,
                                             .unfailing = "it writes one small record"};

void iam_key_use_open(SwHost *h) {
    Uses *u = sw_new(h->arena, Uses);
    pthread_mutex_init(&u->lock, NULL);
    h->iam = u;
}
