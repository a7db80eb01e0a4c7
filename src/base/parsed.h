/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Texts of users that are read again and again (policies, patterns of rules) are parsed once: a cache of parsed forms by
 * the text itself, so that nothing need be told when a text changes, and what is found is always right.
 *
 * Bounded: forms lie in the arena of a generation. When it is full a new one begins, and the old one is freed once nobody
 * uses it; what is still asked for is parsed anew. Large texts are not kept.
 * Threads: any; a form is constant. */

#include "base/error.h"
#include "base/json.h"

/* One way to read a text, a constant each. What `parse` gives depends on the text alone, and is not changed from then on. */
typedef struct SwParser {
    int (*parse)(SwArena *a, SwStr text, const void **ret_form, SwError *err);
} SwParser;
extern const SwParser sw_parser_json; /* const SwValue */

/* *ret_form is good for as long as the arena lives. Fails as `parse` does; that is not kept. */
int sw_parsed(SwArena *a, const SwParser *p, SwStr text, const void **ret_form, SwError *err) sw_must_check;
int sw_parsed_json(SwArena *a, SwStr text, const SwValue **ret_v, SwError *err) sw_must_check;

typedef struct SwParsedStats {
    int64_t found, parsed; /* asked for: there already, and not */
    int64_t generations;   /* not freed yet */
} SwParsedStats;
void sw_parsed_stats(SwParsedStats *ret);
