/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Threads and locks that stay right when memory ends (base/memory.h).
 *
 * A lock that is given back at the end of its scope, however that is left:
 *     _sw_lock_ pthread_mutex_t *held = sw_lock(&x->lock);
 * To be used wherever something under the lock may ask an arena. */

#include <pthread.h>

static inline pthread_mutex_t *sw_lock(pthread_mutex_t *m) {
    pthread_mutex_lock(m);
    return m;
}

/* Before the scope's end. */
static inline void sw_unlock(pthread_mutex_t **held) {
    if (*held)
        pthread_mutex_unlock(*held);
    *held = NULL;
}
#define _sw_lock_ __attribute__((cleanup(sw_unlock), unused))

/* Runs fn(arg) on a thread of its own and waits for it: for what must enter a namespace or another root. Memory that
 * ends there ends here, in the caller's guard. Returns 0, or why there is no thread (errno). */
int sw_thread_run(void (*fn)(void *arg), void *arg);
