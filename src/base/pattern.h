/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Regular expressions (PCRE2) with match, depth and heap limits, compiled once per process and cached by text
 * where the text is the program's.
 * Model patterns are Java's or ECMAScript's dialect: `\p{..}` and friends work, and what PCRE2 cannot compile makes
 * sw_pattern_compile return NULL, which callers treat as "AWS does not enforce it". Threads: any. */

#include <stdatomic.h>

#include "base/str.h"

typedef struct SwPattern SwPattern;
const SwPattern *sw_pattern_compile(const char *text); /* cached for the life of the process; NULL: not compilable */
/* One that a user wrote, for as long as the arena lives: users have texts without end, which must not fill the cache. */
const SwPattern *sw_pattern_once(SwArena *a, const char *text);
/* As the first, for a text that never changes, without a lock from the second time on: the slot keeps what was found. */
typedef struct SwPatternSlot {
    _Atomic(const SwPattern *) kept; /* NULL: not looked for yet */
} SwPatternSlot;
const SwPattern *sw_pattern_kept(SwPatternSlot *slot, const char *text);
int64_t sw_pattern_asked(void); /* how often one was compiled, or looked for under the lock: tests see that requests do not */
bool sw_pattern_matches(const SwPattern *p, SwStr s); /* the whole string */
bool sw_pattern_finds(const SwPattern *p, SwStr s);   /* anywhere */
/* Capture groups of the first find: group[0] is the whole match. Returns how many were set, 0: no match. */
size_t sw_pattern_groups(const SwPattern *p, SwStr s, SwStr *ret_group, size_t max);
