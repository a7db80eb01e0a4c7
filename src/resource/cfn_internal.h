/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What reading and changing by type share. */

#include "resource/cfn.h"
#include "resource/internal.h"

/* A new input of an operation, which names the resource as the declaration says. fixed: JSON that it holds besides, or NULL. */
int sw_cfn_input(SwCtx *cx, const SwResource *r, unsigned op, const SwFound *f, const char *fixed, void **ret_in,
                 SwError *err) sw_must_check;
/* cfn_apply.c. What `want` says and create did not take; what changed; what is said of one it lies on no more. */
int sw_cfn_set_rest(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *want, SwError *err) sw_must_check;
int sw_cfn_change(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *was, const SwValue *want,
                  SwError *err) sw_must_check;
/* A name of the type's: its last word and twelve letters. */
SwStr sw_cfn_name(SwCtx *cx, const SwCfnType *t, const SwValue *want);

/* cfn_on.c: settings of others (SwCfnType.on). What they lie on, of which some may be gone. */
SwStrList sw_cfn_owners(const SwFound *f);
/* The first that is there; ret->record NULL: none. */
int sw_cfn_owner(SwCtx *cx, const SwFound *f, SwFound *ret, SwError *err) sw_must_check;
int sw_cfn_create_on(SwCtx *cx, const SwResource *r, const SwValue *want, SwApplied *ret, SwError *err) sw_must_check;
/* want NULL: end it. */
int sw_cfn_change_on(SwCtx *cx, const SwFound *f, const SwValue *was, const SwValue *want, SwError *err) sw_must_check;

/* The value at a way, of lists on it the first element (element: of one at its end, too); NULL: absent. */
const void *sw_cfn_first(const SwShape *s, const void *v, const SwPath *p, bool element, const SwShape **ret_shape);
/* What an identifier names, whether it exists or not (ret->record NULL). Fails where it is no identifier at all. */
int sw_cfn_found(SwCtx *cx, const SwResource *r, SwStr identifier, SwFound *ret, SwError *err) sw_must_check;
