/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map: open addressing over indexes into slots that keep insertion order. The hash is seeded once per process, so
 * that nobody outside can choose colliding keys. */

#include "base/map.h"

#include <pthread.h>
#include <sys/random.h>

static uint64_t seed;

static void make_seed(void) {
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        seed = 0x9E3779B97F4A7C15u;
}

static uint64_t hash(SwStr s) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_seed);
    uint64_t h = seed ^ 0xCBF29CE484222325u;
    for (size_t i = 0; i < s.n; i++) {
        h ^= (unsigned char)s.p[i];
        h *= 0x100000001B3u;
        h ^= h >> 29;
    }
    return h ^ (h >> 32);
}

SwMap sw_map(SwArena *a) {
    return (SwMap){.arena = a};
}

static SwMapSlot *find(const SwMap *m, SwStr key, uint64_t h) {
    if (!m->table_size)
        return NULL;
    for (size_t i = h & (m->table_size - 1);; i = (i + 1) & (m->table_size - 1)) {
        if (!m->table[i])
            return NULL;
        SwMapSlot *s = &m->slots[m->table[i] - 1];
        if (s->hash == h && sw_str_eq(s->key, key))
            return s;
    }
}

static void place(SwMap *m, uint32_t index) {
    size_t i = m->slots[index].hash & (m->table_size - 1);
    while (m->table[i])
        i = (i + 1) & (m->table_size - 1);
    m->table[i] = index + 1;
}

void *sw_map_find(const SwMap *m, SwStr key) {
    const SwMapSlot *s = find(m, key, hash(key));
    return s ? s->value : NULL;
}

/* Room for one more: removed slots are dropped before anything grows. */
static void make_room(SwMap *m) {
    size_t live = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->slots[i].value)
            m->slots[live++] = m->slots[i];
    m->n = live;
    if (live * 2 > m->cap || !m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 8;
        m->slots = sw_arena_grow(m->arena, m->slots, m->cap * sizeof *m->slots, cap * sizeof *m->slots);
        m->cap = cap;
        m->table_size = cap * 2;
        m->table = sw_new_n(m->arena, uint32_t, m->table_size);
    } else {
        memset(m->table, 0, m->table_size * sizeof *m->table);
    }
    for (uint32_t i = 0; i < m->n; i++)
        place(m, i);
}

void sw_map_put(SwMap *m, SwStr key, void *value) {
    uint64_t h = hash(key);
    SwMapSlot *s = find(m, key, h);
    if (s) {
        s->value = value;
        return;
    }
    if (!value)
        return;
    if (m->n == m->cap)
        make_room(m);
    m->slots[m->n] = (SwMapSlot){key, value, h};
    place(m, (uint32_t)m->n++);
}
