/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tags of resources, by AWS's common limits: 50 a resource, keys unlike each other, `aws:` in any case reserved for AWS
 * itself (such tags do not count). How a service says no is its own: a constant of rules.
 *
 *     static const SwTagRules rules = {.max = 50, .too_many = {&ECR_TOO_MANY_TAGS_EXCEPTION, "..."}, ...};
 *     if (sw_tags_merge(cx->arena, &rules, arn, SW_TAGS(&r->tags), SW_GIVEN_TAGS(&in->tags), err) < 0)
 *
 * Any generated list of { SwStr key; SwStr value; } is seen as the SwStrMap that it looks like. The order in which tags
 * were set is kept: a new value takes the old one's place. */

#include <stddef.h>

#include "shape/shape.h"

#define SW_IS_TAGS_(l) \
    sizeof( \
        char[sizeof(*(l)->v) == sizeof(SwStrPair) && offsetof(__typeof__(*(l)->v), value) == offsetof(SwStrPair, value) ? 1 \
                                                                                                                        : -1])
#define SW_TAGS(l)       ((void)SW_IS_TAGS_(l), (SwStrMap *)(void *)(l))
#define SW_GIVEN_TAGS(l) ((void)SW_IS_TAGS_(l), (const SwStrMap *)(const void *)(l))

typedef struct SwTagFault {
    const SwErrorKind *kind; /* NULL: allowed; a key given twice has its last value then */
    const char *text;        /* "{key}" and "{resource}" stand for theirs */
    const char *fact;        /* the error's detail that holds the bad key or value, where it has one ("TagKey"), or NULL */
} SwTagFault;

typedef struct SwTagRules {
    unsigned max;
    bool any_case;                            /* keys that differ in case alone are the same (IAM) */
    bool by_id;                               /* a declared resource's {resource} is its id, not its ARN */
    SwTagFault too_many, reserved, duplicate; /* reserved NULL: for Slipway's own, who may set them */
    SwTagFault bad_key, bad_value;            /* 1 to 128, 0 to 256 characters; NULL where the model says so */
    SwTagFault bad_arn; /* a text that names nothing that has tags; {ref}: the text. NULL: as the resources have it */
    SwTagFault missing; /* tags of nothing, where that is another error than the resource's own (its text as it is) */
} SwTagRules;

/* "aws:", in any case. */
bool sw_tag_is_reserved(SwStr key);
/* Keys that a caller may take away. */
int sw_tags_check_keys(const SwTagRules *r, SwStr resource, const SwStrList *keys, SwError *err) sw_must_check;
/* What a caller may give. Linear: more than `max` are refused before any are compared. */
int sw_tags_check(const SwTagRules *r, SwStr resource, const SwStrMap *given, SwError *err) sw_must_check;
/* The same, then into what there is, if all of it together is not too many; else `tags` is unchanged. */
int sw_tags_merge(SwArena *a, const SwTagRules *r, SwStr resource, SwStrMap *tags, const SwStrMap *given,
                  SwError *err) sw_must_check;
void sw_tags_remove(SwArena *a, const SwTagRules *r, SwStrMap *tags, const SwStrList *keys);
