/* SPDX-License-Identifier: Apache-2.0 */
/* The last generation is looked into; those before it only wait for their users to go. */

#include "base/parsed.h"

#include <stdatomic.h>

#include "base/map.h"
#include "base/thread.h"

#define TEXT_MAX       (64 * SW_KIB)
#define GENERATION_MAX (8 * SW_MIB) /* what is used of its arena, after which it takes no more */

/* Where forms lie. One thread parses into it at a time, without the lock, so there are as many as ever parsed at once. */
typedef struct Shelf {
    SwArena *arena;
    struct Shelf *next_free, *next;
} Shelf;

typedef struct Generation {
    SwArena *arena;        /* the generation itself lies in it, and the map */
    SwMap forms;           /* by Key */
    Shelf *free, *shelves; /* those that nobody parses into, and all */
    size_t used;           /* of the shelves */
    int64_t users;         /* arenas that hold one of its forms, and those who parse into a shelf */
    bool left;             /* it is looked into no more: the last user frees it */
} Generation;

typedef struct Form {
    SwStr text;
    const void *form;
} Form;

/* Texts that are different and have one key keep each other out of the cache, and do no other harm. */
typedef struct Key {
    const SwParser *parser;
    uint64_t n, hash;
} Key;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the generations, not what lies on their shelves */
static Generation *newest;
static _Atomic int64_t n_found, n_parsed, n_generations;

static Key key_of(const SwParser *p, SwStr text) {
    uint64_t h = text.n, w;
    const char *at = text.p;
    size_t n = text.n;
    for (; n >= sizeof w; n -= sizeof w, at += sizeof w) {
        memcpy(&w, at, sizeof w);
        h = (h ^ w) * 0x9E3779B97F4A7C15U;
        h ^= h >> 32;
    }
    for (; n; n--)
        h = (h ^ (unsigned char)*at++) * 0x100000001B3U;
    return (Key){p, text.n, h};
}

static SwStr key_text(const Key *k) {
    return sw_str_n((const char *)k, sizeof *k);
}

static Form *find(const Generation *g, const Key *k) {
    return sw_map_find(&g->forms, key_text(k));
}

/* --- users ---------------------------------------------------------------------------------------------------------------- */

typedef struct Hold {
    Generation *of; /* NULL: nothing is held yet */
} Hold;

static void free_generation(Generation *g) {
    n_generations--;
    for (const Shelf *s = g->shelves; s; s = s->next)
        sw_arena_free(s->arena);
    sw_arena_free(g->arena);
}

/* One user less. With a shelf: that is free again. */
static void leave(Generation *g, Shelf *s, size_t used_before) {
    pthread_mutex_lock(&lock);
    if (s) {
        g->used += sw_arena_used(s->arena) - used_before;
        s->next_free = g->free;
        g->free = s;
    }
    bool last = --g->users == 0 && g->left;
    pthread_mutex_unlock(&lock);
    if (last)
        free_generation(g);
}

static void release(void *arg) {
    Generation *g = ((Hold *)arg)->of;
    if (g)
        leave(g, NULL, 0);
}

/* With the lock held. */
static const void *hold(Hold *h, Generation *g, const Form *f) {
    g->users++;
    h->of = g;
    return f->form;
}

/* --- generations ---------------------------------------------------------------------------------------------------------- */

/* With the lock held, like the next two. */
static Generation *begin_generation(void) {
    SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    Generation *g = sw_new(a, Generation);
    *g = (Generation){.arena = a, .forms = sw_map(a)};
    n_generations++;
    return g;
}

/* The generation that a new form goes into. */
static Generation *with_room(void) {
    if (newest && newest->used + sw_arena_used(newest->arena) < GENERATION_MAX)
        return newest;
    Generation *gone = newest, *g = begin_generation();
    newest = g;
    if (gone) {
        gone->left = true;
        if (gone->users == 0)
            free_generation(gone);
    }
    return newest;
}

/* A shelf that one thread has. */
typedef struct Taken {
    Generation *g; /* NULL: none yet */
    Shelf *shelf;
    size_t used; /* of the shelf when it was taken */
} Taken;

static void take_shelf(Taken *ret) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&lock);
    Generation *g = with_room();
    Shelf *s = g->free;
    if (s) {
        g->free = s->next_free;
    } else {
        s = sw_new(g->arena, Shelf);
        s->arena = sw_arena_new_in(SW_POOL_NONE, 0);
        s->next = g->shelves;
        g->shelves = s;
    }
    g->users++;
    *ret = (Taken){g, s, sw_arena_used(s->arena)};
}

static void put_back(Taken *t) {
    if (t->g)
        leave(t->g, t->shelf, t->used);
}

/* The form that is kept: the first of those who parsed the text at once. NULL: another text has the key. */
static const void *keep(Generation *g, const Key *k, const Form *made, Hold *h) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&lock);
    const Form *f = find(g, k);
    if (f)
        return sw_str_eq(f->text, made->text) ? hold(h, g, f) : NULL;
    Key *key = sw_new(g->arena, Key);
    *key = *k;
    Form *mine = sw_new(g->arena, Form);
    *mine = *made;
    sw_map_put(&g->forms, key_text(key), mine);
    return hold(h, g, mine);
}

static const void *look_up(const Key *k, SwStr text, Hold *h) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&lock);
    const Form *f = newest ? find(newest, k) : NULL;
    return f && sw_str_eq(f->text, text) ? hold(h, newest, f) : NULL;
}

static const void *parse_to_keep(const Key *k, SwStr text, Hold *h) {
    __attribute__((cleanup(put_back))) Taken t = {0};
    take_shelf(&t);
    SwArena *a = t.shelf->arena;
    SwError ignored = sw_error(a); /* it was parsed before */
    Form f = {.text = sw_str_dup(a, text)};
    if (k->parser->parse(a, f.text, &f.form, &ignored) < 0)
        return NULL;
    return keep(t.g, k, &f, h);
}

int sw_parsed(SwArena *a, const SwParser *p, SwStr text, const void **ret_form, SwError *err) {
    if (text.n > TEXT_MAX)
        return p->parse(a, text, ret_form, err);
    Key k = key_of(p, text);
    Hold *h = sw_new(a, Hold);
    sw_arena_defer(a, release, h);
    *ret_form = look_up(&k, text, h);
    n_found += *ret_form != NULL;
    if (*ret_form)
        return 0;
    n_parsed++;
    /* First where it may fail, or be too much: what is kept can be parsed. */
    if (p->parse(a, text, ret_form, err) < 0)
        return -1;
    const void *kept = parse_to_keep(&k, text, h);
    *ret_form = kept ? kept : *ret_form;
    return 0;
}

void sw_parsed_stats(SwParsedStats *ret) {
    *ret = (SwParsedStats){n_found, n_parsed, n_generations};
}

/* --- JSON ----------------------------------------------------------------------------------------------------------------- */

static int parse_json(SwArena *a, SwStr text, const void **ret_form, SwError *err) {
    SwValue *v = sw_new(a, SwValue);
    *ret_form = v;
    return sw_json_parse(a, text, v, err);
}

const SwParser sw_parser_json = {parse_json};

int sw_parsed_json(SwArena *a, SwStr text, const SwValue **ret_v, SwError *err) {
    const void *form;
    if (sw_parsed(a, &sw_parser_json, text, &form, err) < 0)
        return -1;
    *ret_v = form;
    return 0;
}
