/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Patterns over JSON: EventBridge's event patterns and SNS's filter policies (EventBridge User Guide, "Content filtering in
 * event patterns"; SNS Developer Guide, "Filter policy constraints").
 *
 *   {"source": ["aws.ecs"], "detail": {"state": [{"anything-but": "OK"}], "n": [{"numeric": [">", 1, "<=", 5]}]}}
 *
 * An object matches when each of its names does; a list when one of its entries does: a literal, or an object with one
 * of prefix, suffix, anything-but, numeric, exists, equals-ignore-case, wildcard, cidr. "$or": [patterns]. A value that is
 * a list matches when one of its elements does; an empty one is as if it were not there. {"a.b": [1]} is {"a": {"b": [1]}},
 * in patterns and documents; of equal names the last counts. */

#include "base/json.h"

#define SW_MATCH_STEPS_MAX 100 /* levels that a pattern may have beyond those of parsed JSON: SNS takes dots for them */

/* Whether a pattern can be used. The message says what is wrong in AWS's words, behind `before`, and where in `text`, from
 * which the pattern was parsed. */
int sw_match_check(const SwValue *pattern, SwStr text, const char *before, const SwErrorKind *kind, SwError *err) sw_must_check;
/* For a pattern that was checked. */
bool sw_match(const SwValue *pattern, const SwValue *document);
