/* SPDX-License-Identifier: Apache-2.0 */
/* Loading libraries when they are needed: see lazy.h. */

#include "base/lazy.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

_Noreturn static void missing(void) {
    fprintf(stderr, "slipway: %s\n", dlerror());
    _Exit(127);
}

static void load(SwLibrary *l) {
    void *library = dlopen(l->file, RTLD_NOW | RTLD_LOCAL); /* never closed */
    if (!library)
        missing();
    for (size_t i = 0; i < l->n; i++) {
        l->function[i] = dlsym(library, l->name[i]);
        if (!l->function[i])
            missing();
    }
    atomic_store_explicit(&l->ready, l->function, memory_order_release);
}

void *const *sw_library(SwLibrary *l) {
    void **ready = atomic_load_explicit(&l->ready, memory_order_acquire);
    if (ready)
        return ready;
    pthread_mutex_lock(&loading);
    if (!atomic_load_explicit(&l->ready, memory_order_acquire))
        load(l);
    pthread_mutex_unlock(&loading);
    return l->function;
}
