/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation out of blocks that double from 16 KiB to 1 MiB; a larger request gets a block of its own. The only
 * place in the house that calls malloc. */

#include "base/arena.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK (16 * SW_KIB)
#define BLOCK_MAX   SW_MIB
#define ALIGN(n)    (((n) + 15) & ~(size_t)15)

typedef struct Block {
    struct Block *next;
    size_t        size, used;           /* of data */
    _Alignas(16) char data[];
} Block;

typedef struct Deferred {
    struct Deferred *next;
    void (*fn)(void *);
    void *arg;
} Deferred;

struct SwArena {
    Block    *block;                    /* the current one, first in the list */
    Deferred *deferred;
    size_t    limit, used, next_size;
    size_t    fail_nth;                 /* counts down to the allocation that a test lets fail; 0: none */
    void    (*on_oom)(void *);
    void     *oom_arg;
};

/* Large blocks go back to the system when they are freed. Left alone, glibc raises this bound to 32 MiB with the first of
 * them and then keeps what each thread once needed. */
static __attribute__((constructor)) void tune_malloc(void) {
    (void)mallopt(M_MMAP_THRESHOLD, 512 * 1024);
}

static void no_memory(SwArena *a) {
    if (a->on_oom)
        a->on_oom(a->oom_arg);
    fputs("slipway: out of memory\n", stderr);
    abort();
}

static Block *add_block(SwArena *a, size_t size) {
    Block *b = malloc(sizeof(Block) + size);
    if (!b)
        return NULL;
    *b = (Block){.next = a->block, .size = size};
    a->block = b;
    return b;
}

SwArena *sw_arena_new(size_t limit) {
    SwArena *a = malloc(sizeof *a);
    if (!a)
        abort();
    *a = (SwArena){.limit = limit ? limit : SW_ARENA_LIMIT_DEFAULT, .next_size = 2 * FIRST_BLOCK};
    if (!add_block(a, FIRST_BLOCK))
        abort();
    return a;
}

static void run_deferred(SwArena *a) {
    while (a->deferred) {
        Deferred *d = a->deferred;
        a->deferred = d->next;
        d->fn(d->arg);
    }
}

void sw_arena_reset(SwArena *a) {
    run_deferred(a);
    Block *first = NULL;                /* the only one of its size; blocks of one large piece may lie behind it */
    for (Block *b = a->block, *next; b; b = next) {
        next = b->next;
        if (b->size == FIRST_BLOCK)
            first = b;
        else
            free(b);
    }
    first->next = NULL;
    first->used = 0;
    a->block = first;
    a->used = 0;
    a->next_size = 2 * FIRST_BLOCK;
}

void sw_arena_free(SwArena *a) {
    if (!a)
        return;
    run_deferred(a);
    for (Block *b = a->block, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

size_t sw_arena_used(const SwArena *a) {
    return a->used;
}

/* NULL past the limit, without memory, or where a test wants it. */
static void *try_alloc(SwArena *a, size_t size) {
    size_t n = ALIGN(size ? size : 1);
    Block *b = a->block;
    bool fails = a->fail_nth && --a->fail_nth == 0;
    if (fails || n < size || n > a->limit || a->used > a->limit - n)
        return NULL;
    if (b->size - b->used < n) {
        if (n > a->next_size / 2) {     /* its own block, behind the current one, so that what is left stays in use */
            Block *own = malloc(sizeof(Block) + n);
            if (!own)
                return NULL;
            *own = (Block){.next = b->next, .size = n, .used = n};
            b->next = own;
            a->used += n;
            return memset(own->data, 0, n);
        }
        b = add_block(a, a->next_size);
        if (!b)
            return NULL;
        a->next_size = SW_MIN(a->next_size * 2, BLOCK_MAX);
    }
    void *p = b->data + b->used;
    b->used += n;
    a->used += n;
    return memset(p, 0, n);
}

void *sw_arena_alloc(SwArena *a, size_t size) {
    void *p = try_alloc(a, size);
    if (!p)
        no_memory(a);
    return p;
}

void *sw_arena_array(SwArena *a, size_t n, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(n, size, &total))
        no_memory(a);
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

void sw_arena_on_oom(SwArena *a, void (*fn)(void *), void *arg) {
    a->on_oom = fn;
    a->oom_arg = arg;
}

size_t sw_arena_fail_nth(SwArena *a, size_t n) {
    size_t left = a->fail_nth;
    a->fail_nth = n;
    return left;
}

void sw_arena_defer(SwArena *a, void (*fn)(void *), void *arg) {
    Deferred *d = try_alloc(a, sizeof *d);
    if (!d) {                           /* nobody else knows of it any more */
        fn(arg);
        no_memory(a);
    }
    *d = (Deferred){.next = a->deferred, .fn = fn, .arg = arg};
    a->deferred = d;
}
