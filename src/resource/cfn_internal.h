/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What reading and changing by type share. */

#include "resource/cfn.h"
#include "resource/internal.h"

/* A new input of an operation, which names the resource as the declaration says. fixed: JSON that it holds besides, its texts
 * over the parts and {arn}; or NULL. */
int sw_cfn_input(SwCtx *cx, const SwResource *r, unsigned op, const SwFound *f, const char *fixed, void **ret_in,
                 SwError *err) sw_must_check;
/* cfn_check.c. Whether a document is one of the type: required and unknown properties, kinds; read-only and refused ones may
 * not be said. *ret: it without what says nothing. */
int sw_cfn_check(SwCtx *cx, const SwResource *r, const SwValue *properties, SwValue *ret, SwError *err) sw_must_check;
/* An empty list or map, where the API's needs an element: it is left out. */
bool sw_cfn_says_nothing(const SwValue *v, const SwShape *s);
const SwCfnField *sw_cfn_field(const SwCfnShape *c, SwStr name); /* cfn_convert.c; NULL: none */
/* cfn_apply.c. What is at the end of a way. */
const SwShape *sw_cfn_end(const SwShape *s, const SwPath *at);
/* A property's value at a way in an input; what it is where it is left out, or NULL. */
int sw_cfn_put_at(SwCtx *cx, const SwCfnBinding *b, const SwPath *at, const SwValue *v, const SwShape *s, void *in,
                  SwError *err) sw_must_check;
const SwValue *sw_cfn_absent(SwCtx *cx, const SwCfnBinding *b);
/* cfn_each.c. From what `was` says to what `want` says: take what is not wanted any more, put what is new. */
int sw_cfn_each(SwCtx *cx, const SwFound *f, const SwCfnBinding *b, const SwValue *was, const SwValue *want,
                SwError *err) sw_must_check;
/* What each element's call is told besides changes. */
bool sw_cfn_each_differs(const SwCfnBinding *b, const SwValue *was, const SwValue *want);
/* Names become what `show` shows of them. */
int sw_cfn_each_shown(SwCtx *cx, const SwFound *f, const SwCfnBinding *b, SwValue *list, SwError *err) sw_must_check;
/* Of SwCfnType.kept: made (was NULL), changed, ended (want NULL); read. */
int sw_cfn_keep(SwCtx *cx, const SwResource *r, SwStr id, const SwValue *was, const SwValue *want, SwError *err) sw_must_check;
int sw_cfn_kept(SwCtx *cx, const SwFound *f, SwValue *ret, SwError *err) sw_must_check;

/* The value at a way, of lists on it the first element (element: of one at its end, too); NULL: absent. */
const void *sw_cfn_first(const SwShape *s, const void *v, const SwPath *p, bool element, const SwShape **ret_shape);
/* Whether there is one; where it has no record, `read` says so. */
int sw_cfn_is_there(SwCtx *cx, const SwFound *f, bool *ret_there, SwError *err) sw_must_check;
/* What an identifier names, whether it exists or not (ret->record NULL). Fails where it is no identifier at all. */
int sw_cfn_found(SwCtx *cx, const SwResource *r, SwStr identifier, SwFound *ret, SwError *err) sw_must_check;
