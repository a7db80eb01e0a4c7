/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for a message is told of each commit that may have made one of that queue visible: sent, moved to it, given
 * back, or its group set free. Process-wide and without content: a waiter looks into the store itself. A wait costs nothing
 * while nothing happens, and others' queues do not wake it.
 *
 * Waiters stand in lists by their queue's hash, each with a condition of its own. */

#include "services/sqs/bell.h"

#include "services/sqs/sqs.h"

#define LISTS 64

typedef struct List {
    pthread_mutex_t lock; /* guards the list, and what its waiters have heard */
    SqsWaiter *first;
} List;

static List lists[LISTS] = {[0 ... LISTS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static List *list_of(SwStr queue) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < queue.n; i++)
        h = (h ^ (uint8_t)queue.p[i]) * 16777619u;
    return &lists[h % LISTS];
}

void sqs_waiter_join(SqsWaiter *w, SwStr queue) {
    List *l = list_of(queue);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->rung, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->queue = queue;
    w->heard = false;
    pthread_mutex_lock(&l->lock);
    w->next = l->first;
    l->first = w;
    w->in = true;
    pthread_mutex_unlock(&l->lock);
}

void sqs_waiter_leave(SqsWaiter *w) {
    if (!w->in)
        return;
    List *l = list_of(w->queue);
    pthread_mutex_lock(&l->lock);
    SqsWaiter **at = &l->first;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    w->in = false;
    pthread_mutex_unlock(&l->lock);
    pthread_cond_destroy(&w->rung);
}

bool sqs_waiter_wait(SqsWaiter *w, int64_t until_ns) {
    List *l = list_of(w->queue);
    struct timespec t = {.tv_sec = until_ns / SW_S, .tv_nsec = until_ns % SW_S};
    pthread_mutex_lock(&l->lock);
    while (!w->heard && pthread_cond_timedwait(&w->rung, &l->lock, &t) == 0)
        continue;
    bool heard = w->heard;
    w->heard = false;
    pthread_mutex_unlock(&l->lock);
    return heard;
}

static void ring(void *arg) {
    const SwStr *queue = arg;
    List *l = list_of(*queue);
    pthread_mutex_lock(&l->lock);
    for (SqsWaiter *w = l->first; w; w = w->next) {
        if (!sw_str_eq(w->queue, *queue))
            continue;
        w->heard = true;
        pthread_cond_signal(&w->rung);
    }
    pthread_mutex_unlock(&l->lock);
}

void sqs_ring(SwCtx *cx, SwStr queue) {
    SwStr *name = sw_new(sw_tx_arena(cx->tx), SwStr);
    *name = sw_str_dup(sw_tx_arena(cx->tx), queue);
    sw_tx_after_commit(cx->tx, ring, name);
}
