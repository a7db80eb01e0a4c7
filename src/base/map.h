/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A hash map from strings to pointers, on an arena; keys are not copied. Insertion order is kept for iteration. */

#include "base/str.h"

typedef struct SwMapSlot {
    SwStr key;
    void *value;
    uint64_t hash;
} SwMapSlot;

typedef struct SwMap {
    SwArena *arena;
    SwMapSlot *slots; /* in insertion order; value NULL: removed */
    uint32_t *table;  /* index + 1 into slots; 0: free */
    size_t n, cap, table_size;
} SwMap;

SwMap sw_map(SwArena *a);
void *sw_map_find(const SwMap *m, SwStr key);      /* NULL if absent */
void sw_map_put(SwMap *m, SwStr key, void *value); /* value NULL removes */
