/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Arenas: memory whose lifetimes form a tree; whole branches are freed, never leaves.
 *
 * Every function that allocates takes an arena, and its result lives as long as that arena. A request has one arena
 * with a limit; nothing in it is freed by hand. Other resources hang on an arena by sw_arena_defer.
 *
 * Threads: an arena belongs to one thread at a time; it has no lock.
 * Invariants: memory is zeroed; every pointer is aligned to 16 bytes. */

#include "base/memory.h"

typedef struct SwArena SwArena;

/* limit  bytes in all after which allocation fails; 0: SW_ARENA_LIMIT_DEFAULT; never more than half of its pool.
 * Its blocks count in the pool of the guard that it is made under. */
#define SW_ARENA_LIMIT_DEFAULT (64 * SW_MIB)
SwArena *sw_arena_new(size_t limit);
SwArena *sw_arena_new_in(SwPool pool, size_t limit); /* in another: SW_POOL_NONE for what outlives requests */
void sw_arena_free(SwArena *a);                      /* runs what was deferred, last first; accepts NULL */
void sw_arena_reset(SwArena *a);                     /* as free, but keeps the first block for reuse */
size_t sw_arena_used(const SwArena *a);

/* Never returns NULL: past the limit or without memory it leaves for the guard around it (base/memory.h). */
void *sw_arena_alloc(SwArena *a, size_t size);
void *sw_arena_array(SwArena *a, size_t n, size_t size); /* n * size must not overflow: ends as without memory */
void *sw_arena_grow(SwArena *a, void *p, size_t old_size, size_t new_size); /* realloc; in place for the last block */
/* Tests: the n-th allocation from now on ends as without memory, once; 0: none does. Returns how many were still to go. */
size_t sw_arena_fail_nth(SwArena *a, size_t n);
void sw_arena_defer(SwArena *a, void (*fn)(void *), void *arg);

#define sw_new(a, T)      ((T *)sw_arena_alloc((a), sizeof(T)))
#define sw_new_n(a, T, n) ((T *)sw_arena_array((a), (n), sizeof(T)))

static inline void sw_arena_freep(SwArena **a) {
    sw_arena_free(*a);
}
#define _sw_arena_ __attribute__((cleanup(sw_arena_freep)))
