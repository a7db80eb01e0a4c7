/* SPDX-License-Identifier: Apache-2.0 */
/* Guards and pools: see memory.h. The way out of a guard is a forced unwind, as pthread_cancel does it, which needs
 * -fexceptions and calls nothing that allocates. */

#include "base/thread.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unwind.h>

#include "base/memory.h"

#define TRIM_FALL (32 * (int64_t)SW_MIB) /* a fall of a pool by this, and by half, is worth a trim */

/* --- guards ------------------------------------------------------------------------------------------------------- */

typedef struct Guard {
    struct Guard *outer;
    sigjmp_buf at;
    uintptr_t frame;
    SwPool pool;
    SwLack why;
    bool spare; /* also while it is unwound: what runs then ends something */
    struct _Unwind_Exception exception;
} Guard;

static _Thread_local Guard *guard;

static _Unwind_Reason_Code at_frame(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                                    struct _Unwind_Exception *e, struct _Unwind_Context *context, void *arg) {
    Guard *g = arg;
    if ((actions & _UA_END_OF_STACK) || (uintptr_t)_Unwind_GetCFA(context) > g->frame)
        siglongjmp(g->at, 1);
    return _URC_NO_REASON;
}

#ifdef SW_ASAN
void __asan_handle_no_return(void);
#define FRAMES_END() __asan_handle_no_return()
#else
#define FRAMES_END() (void)0
#endif

_Noreturn __attribute__((noinline)) void sw_no_memory(SwLack why) {
    Guard *g = guard;
    if (!g) {
        static const char text[] = "slipway: out of memory\n";
        if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
            abort();
        _Exit(1);
    }
    g->why = why;
    g->spare = true;
    g->exception = (struct _Unwind_Exception){0};
    FRAMES_END();
    _Unwind_ForcedUnwind(&g->exception, at_frame, g);
    abort(); /* a frame without unwind tables: built without -fexceptions */
}

static __attribute__((noinline)) SwLack run(Guard *g, void (*fn)(void *), void *arg) {
    g->frame = (uintptr_t)__builtin_frame_address(0);
    g->outer = guard;
    guard = g;
    if (sigsetjmp(g->at, 0) == 0)
        fn(arg);
    guard = g->outer;
    return g->why;
}

SwLack sw_guard(SwPool pool, void (*fn)(void *arg), void *arg) {
    Guard g = {.pool = pool == SW_POOL_NONE ? sw_pool_here() : pool};
    return run(&g, fn, arg);
}

SwLack sw_guard_spare(void (*fn)(void *arg), void *arg) {
    Guard g = {.pool = sw_pool_here(), .spare = true};
    return run(&g, fn, arg);
}

bool sw_guard_is_spare(void) {
    return guard && guard->spare;
}

SwPool sw_pool_here(void) {
    return guard ? guard->pool : SW_POOL_NONE;
}

/* --- threads -------------------------------------------------------------------------------------------------------- */

typedef struct Errand {
    void (*fn)(void *);
    void *arg;
    SwPool pool;
    SwLack why;
} Errand;

static void *run_errand(void *arg) {
    Errand *e = arg;
    e->why = sw_guard(e->pool, e->fn, e->arg);
    return NULL;
}

int sw_thread_run(void (*fn)(void *arg), void *arg) {
    Errand e = {fn, arg, sw_pool_here(), SW_LACK_NONE};
    pthread_t thread;
    int r = pthread_create(&thread, NULL, run_errand, &e);
    if (r != 0)
        return r;
    pthread_join(thread, NULL);
    if (e.why != SW_LACK_NONE)
        sw_no_memory(e.why);
    return 0;
}

/* --- pools ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned quarters; /* of the budget */
} shares[SW_POOL_MAX_] = {
    [SW_POOL_NONE] = {"none", 0},
    [SW_POOL_REQUESTS] = {"requests", 1},
    [SW_POOL_BODIES] = {"bodies", 2},
    [SW_POOL_ENGINE] = {"engine", 1},
};

static struct {
    _Atomic int64_t limit; /* 0: none */
    _Atomic int64_t used, refused;
    _Atomic int64_t high; /* of used, since the last trim; about */
} pools[SW_POOL_MAX_];

/* Large blocks go back to the system when they are freed. Left alone, glibc raises this bound to 32 MiB with the first of
 * them and then keeps what each thread once needed. */
static __attribute__((constructor)) void tune_malloc(void) {
    struct rlimit space;
    (void)mallopt(M_MMAP_THRESHOLD, 512 * 1024);
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        (void)mallopt(M_ARENA_MAX, 2); /* each reserves 64 MiB of address space */
}

bool sw_pool_take(SwPool p, size_t n) {
    int64_t limit = pools[p].limit, now = atomic_fetch_add(&pools[p].used, (int64_t)n) + (int64_t)n;
    if (limit && now > limit && !sw_guard_is_spare()) {
        pools[p].used -= (int64_t)n;
        pools[p].refused++;
        return false;
    }
    if (now > pools[p].high)
        pools[p].high = now;
    return true;
}

/* Blocks below the mmap bound stay in malloc's heaps until they are trimmed: after a pool fell from a height. */
void sw_pool_give(SwPool p, size_t n) {
    int64_t now = atomic_fetch_sub(&pools[p].used, (int64_t)n) - (int64_t)n, high = pools[p].high;
    if (high - now > TRIM_FALL && now < high / 2 && atomic_compare_exchange_strong(&pools[p].high, &high, now))
        malloc_trim(0);
}

size_t sw_pool_share(SwPool p) {
    int64_t limit = pools[p].limit;
    return limit ? (size_t)limit / 2 : SIZE_MAX;
}

bool sw_pool_is_tight(SwPool p) {
    int64_t limit = pools[p].limit;
    return limit && pools[p].used > limit - limit / 8;
}

void sw_pool_stats(SwPool p, SwPoolStats *ret) {
    int64_t limit = pools[p].limit;
    *ret = (SwPoolStats){.limit = limit ? limit : INT64_MAX, .used = pools[p].used, .refused = pools[p].refused};
}

const char *sw_pool_name(SwPool p) {
    return shares[p].name;
}

void sw_memory_set(size_t bytes) {
    int64_t quarter = (int64_t)(bytes ? bytes : sw_memory_default()) / 4;
    for (int p = 0; p < SW_POOL_MAX_; p++)
        pools[p].limit = quarter * shares[p].quarters;
}

/* --- what there is ----------------------------------------------------------------------------------------------------- */

/* A number in a file; SIZE_MAX: none ("max"). */
static size_t number_in(const char *path) {
    unsigned long long v = 0;
    FILE *f = fopen(path, "re");
    bool ok = f && fscanf(f, "%llu", &v) == 1;
    if (f)
        fclose(f);
    return ok ? (size_t)v : SIZE_MAX;
}

/* The tightest memory.max between our control group and the root. */
static size_t group_memory(void) {
    char group[1024] = "", path[1200];
    FILE *f = fopen("/proc/self/cgroup", "re");
    for (char line[1024]; f && fgets(line, sizeof line, f);) {
        if (strncmp(line, "0::", 3) != 0)
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(group, sizeof group, "%s", line + 3);
    }
    if (f)
        fclose(f);
    size_t least = number_in("/sys/fs/cgroup/memory.max"); /* inside a container: ours */
    for (char *slash; (slash = strrchr(group, '/')) != NULL; *slash = 0) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
        least = SW_MIN(least, number_in(path));
    }
    return SW_MIN(least, number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
}

size_t sw_memory_default(void) {
    struct rlimit space;
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    size_t all = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SW_GIB;
    all = SW_MIN(all, group_memory());
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        all = SW_MIN(all, (size_t)space.rlim_cur);
    return SW_MAX(all / 4, SW_MEMORY_LEAST);
}
