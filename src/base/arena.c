/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation out of blocks that double from 16 KiB to 1 MiB; a larger request gets a block of its own. The only
 * place in the house that calls malloc. Pools are asked once a block, never once an allocation. */

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#ifdef SW_ASAN
#include <sanitizer/asan_interface.h>
#endif

#define FIRST_BLOCK (16 * SW_KIB)
#define RESERVE     (4 * SW_KIB)   /* of the first block, kept for the answer that there is no memory */
#define OVERDRAFT   (512 * SW_KIB) /* past the limit, for the same */
#define BLOCK_MAX   SW_MIB
#define CLEAN_FROM  (512 * SW_KIB) /* as malloc's bound for memory of its own (memory.c): the system gives that zeroed */
#define ALIGN(n)    (((n) + 15) & ~(size_t)15)

typedef struct Block {
    struct Block *next;
    size_t size, used; /* of data */
    _Alignas(16) char data[];
} Block;

typedef struct Deferred {
    struct Deferred *next;
    void (*fn)(void *);
    void *arg;
} Deferred;

struct SwArena {
    Block *block; /* the current one, first in the list */
    Deferred *deferred;
    size_t limit, used, next_size;
    size_t fail_nth; /* counts down to the allocation that a test lets fail; 0: none */
    SwPool pool;     /* its blocks count there */
    char *reserve;   /* the first block's last piece; what is left of it */
    size_t reserve_left;
};

/* A block, counted; NULL: the pool or the machine has none. */
static Block *new_block(SwArena *a, size_t size) {
    size_t n = sizeof(Block) + size;
    if (!sw_pool_take(a->pool, n))
        return NULL;
    Block *b = n >= CLEAN_FROM ? calloc(1, n) : malloc(n);
    if (!b) {
        sw_pool_give(a->pool, n);
        return NULL;
    }
    *b = (Block){.size = size};
    return b;
}

static void free_block(const SwArena *a, Block *b) {
    size_t n = sizeof(Block) + b->size;
    free(b);
    sw_pool_give(a->pool, n);
}

/* The state of an arena with nothing but its first block. */
static void begin(SwArena *a, Block *first) {
    first->next = NULL;
    first->used = 0;
    first->size = FIRST_BLOCK - RESERVE;
    a->block = first;
    a->reserve = first->data + first->size;
    a->reserve_left = RESERVE;
    a->used = 0;
    a->next_size = 2 * FIRST_BLOCK;
}

SwArena *sw_arena_new_in(SwPool pool, size_t limit) {
    SwArena *a = malloc(sizeof *a);
    if (!a)
        sw_no_memory(SW_LACK_MACHINE);
    *a = (SwArena){.pool = pool, .limit = SW_MIN(limit ? limit : SW_ARENA_LIMIT_DEFAULT, sw_pool_share(pool))};
    Block *first = new_block(a, FIRST_BLOCK);
    if (!first) {
        free(a);
        sw_no_memory(SW_LACK_MACHINE);
    }
    begin(a, first);
    return a;
}

SwArena *sw_arena_new(size_t limit) {
    return sw_arena_new_in(sw_pool_here(), limit);
}

/* Each under a guard: one that asks for memory and gets none hinders neither the others nor who frees. */
static void run_deferred(SwArena *a) {
    while (a->deferred) {
        Deferred *d = a->deferred;
        a->deferred = d->next;
        (void)sw_guard_spare(d->fn, d->arg);
    }
}

void sw_arena_reset(SwArena *a) {
    run_deferred(a);
    Block *first = NULL; /* the only one of its size; blocks of one large piece may lie behind it */
    for (Block *b = a->block, *next; b; b = next) {
        next = b->next;
        if (b->size == FIRST_BLOCK - RESERVE)
            first = b;
        else
            free_block(a, b);
    }
#ifdef SW_ASAN
    __asan_unpoison_memory_region(first->data, FIRST_BLOCK); /* lists' room: str.c */
#endif
    begin(a, first);
}

void sw_arena_free(SwArena *a) {
    if (!a)
        return;
    run_deferred(a);
    for (Block *b = a->block, *next; b; b = next) {
        next = b->next;
        if (b->size == FIRST_BLOCK - RESERVE)
            b->size = FIRST_BLOCK;
        free_block(a, b);
    }
    free(a);
}

size_t sw_arena_used(const SwArena *a) {
    return a->used;
}

/* Room of n bytes (aligned) in a block, old or new; NULL: no pool or machine gives one. *ret_clean: it is zeroed, and a page of
 * it that nobody touches takes no memory. */
static char *room(SwArena *a, size_t n, bool *ret_clean) {
    Block *b = a->block;
    if (b->size - b->used >= n) {
        b->used += n;
        return b->data + b->used - n;
    }
    bool own = n > a->next_size / 2; /* a block of its own, behind the current one: what is left stays in use */
    Block *made = new_block(a, own ? n : a->next_size);
    if (!made)
        return NULL;
    made->used = n;
    *ret_clean = sizeof(Block) + made->size >= CLEAN_FROM;
    if (own) {
        made->next = b->next;
        b->next = made;
    } else {
        made->next = b;
        a->block = made;
        a->next_size = SW_MIN(a->next_size * 2, BLOCK_MAX);
    }
    return made->data;
}

/* Out of what is kept for the answer. */
static char *reserved(SwArena *a, size_t n) {
    if (!sw_guard_is_spare() || n > a->reserve_left)
        return NULL;
    a->reserve += n;
    a->reserve_left -= n;
    return a->reserve - n;
}

/* NULL past the limit, without memory, or where a test wants it. */
static void *try_alloc(SwArena *a, size_t size, SwLack *ret_why) {
    size_t n = ALIGN(size ? size : 1), limit = a->limit + (sw_guard_is_spare() ? OVERDRAFT : 0);
    *ret_why = SW_LACK_MACHINE;
    if (a->fail_nth && --a->fail_nth == 0)
        return NULL;
    if (n < size || n > limit || a->used > limit - n) {
        *ret_why = SW_LACK_LIMIT;
        return NULL;
    }
    bool clean = false;
    char *p = room(a, n, &clean);
    if (!p)
        p = reserved(a, n);
    if (!p)
        return NULL;
    a->used += n;
    return clean ? p : memset(p, 0, n);
}

void *sw_arena_alloc(SwArena *a, size_t size) {
    SwLack why;
    void *p = try_alloc(a, size, &why);
    if (!p)
        sw_no_memory(why);
    return p;
}

void *sw_arena_array(SwArena *a, size_t n, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(n, size, &total))
        sw_no_memory(SW_LACK_LIMIT);
    return sw_arena_alloc(a, total);
}

void *sw_arena_grow(SwArena *a, void *p, size_t old_size, size_t new_size) {
    Block *b = a->block;
    size_t had = ALIGN(old_size ? old_size : 1), want = ALIGN(new_size ? new_size : 1);
    if (p && want <= had)
        return p;
    if (p && (char *)p + had == b->data + b->used && b->size - b->used >= want - had && want >= new_size &&
        a->used + (want - had) <= a->limit) {
        memset((char *)p + had, 0, want - had);
        b->used += want - had;
        a->used += want - had;
        return p;
    }
    void *q = sw_arena_alloc(a, new_size);
    if (p && old_size)
        memcpy(q, p, old_size);
    return q;
}

size_t sw_arena_fail_nth(SwArena *a, size_t n) {
    size_t left = a->fail_nth;
    a->fail_nth = n;
    return left;
}

void sw_arena_defer(SwArena *a, void (*fn)(void *), void *arg) {
    SwLack why;
    Deferred *d = try_alloc(a, sizeof *d, &why);
    if (!d) { /* nobody else knows of it any more */
        fn(arg);
        sw_no_memory(why);
    }
    *d = (Deferred){.next = a->deferred, .fn = fn, .arg = arg};
    a->deferred = d;
}
