/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What happens when memory ends, and how much of it there may be.
 *
 * Guards. Whoever serves input (a request, a step, a delivery, a thread of a driver) runs it under sw_guard. When an
 * allocation fails in it, however deep, the stack is unwound to the guard: what carries a cleanup attribute on the way
 * (locks by sw_lock, transactions, statements, descriptors, arenas) is given back as at the end of its scope, and the
 * guard returns why. So between taking something and naming it to a cleanup attribute or an arena, nothing may ask for
 * memory. Guards nest. Code that a library calls back has a guard of its own and tells the library of a failure in the
 * library's way: no library's frames are unwound. Without a guard the process ends with a message.
 *
 * Pools. The memory of all arenas made under a guard counts in the guard's pool, a block at a time. The pools' limits
 * are shares of one budget (`slipway up --memory`): what requests hold, what large bodies hold, and what the engine
 * holds, so that half-sent bodies refuse only other large bodies, and requests do not stop the engine.
 *
 * Threads: any; a guard belongs to its thread. */

#include "base/base.h"

typedef enum SwPool { SW_POOL_NONE, SW_POOL_REQUESTS, SW_POOL_BODIES, SW_POOL_ENGINE, SW_POOL_MAX_ } SwPool;

typedef enum SwLack {
    SW_LACK_NONE,
    SW_LACK_LIMIT,   /* an arena's own limit: the same input will meet it again */
    SW_LACK_MACHINE, /* the pool's or the machine's: it may pass by itself */
} SwLack;

/* Runs fn(arg). SW_LACK_NONE: it returned; else it was left for lack of memory. pool SW_POOL_NONE: the outer guard's. */
SwLack sw_guard(SwPool pool, void (*fn)(void *arg), void *arg);
/* The same for what must still be said when there is no memory: may overdraw limits and pools a little, and use what
 * each arena holds back. It can still fail. */
SwLack sw_guard_spare(void (*fn)(void *arg), void *arg);
/* For what allocates by a library: ends as an arena without memory does. */
_Noreturn void sw_no_memory(SwLack why);

/* The budget of all pools; 0: sw_memory_default. Before it is set, pools have no limit. */
void sw_memory_set(size_t bytes);
/* A quarter of what the machine, the control group and the address space's limit leave. */
size_t sw_memory_default(void);
#define SW_MEMORY_LEAST (32 * SW_MIB)

typedef struct SwPoolStats {
    int64_t limit, used, refused; /* limit INT64_MAX: none */
} SwPoolStats;
void sw_pool_stats(SwPool p, SwPoolStats *ret);
const char *sw_pool_name(SwPool p);
/* Seven eighths are used: begin nothing new. */
bool sw_pool_is_tight(SwPool p);

/* For arenas. */
SwPool sw_pool_here(void);      /* of the guard around this */
size_t sw_pool_share(SwPool p); /* the most that one arena may have of it */
bool sw_pool_take(SwPool p, size_t n);
void sw_pool_give(SwPool p, size_t n);
bool sw_guard_is_spare(void);
