/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share. */

#include "api/host.h"
#include "resource/resource.h"

/* A request that names none means one all the same: each part says which. */
bool sw_resource_may_be_left_out(const SwResource *r);
/* Of whatever account and region. */
bool sw_resource_read_any_arn(const SwResource *r, SwStr arn, SwParts *ret_parts);
/* As sw_resource_by_reference and sw_resource_check_arns, with these words for what is no ARN of theirs. */
int sw_resource_among(SwCtx *cx, const SwResource *const *among, const SwText *bad_arn, SwStr reference, SwFound *ret,
                      SwError *err) sw_must_check;
int sw_resource_check_among(SwCtx *cx, const SwResource *const *among, const SwText *bad_arn, SwStrList refs,
                            SwError *err) sw_must_check;
/* As sw_resource_fail, of the parts that were asked for. */
int sw_resource_fail_parts(SwCtx *cx, const SwResource *r, const SwText *text, const SwParts *parts, SwStr reference,
                           SwError *err);
/* A record that is there for the context: its account's and region's, and not one that counts as gone. */
bool sw_resource_is_here(SwCtx *cx, const SwResource *r, const void *record);
/* What it is called: as its ARN says, which may say more than its id does and in the letters that it was given. */
void sw_resource_parts_of(SwCtx *cx, const SwFound *f, SwParts *ret);
/* A document over the parts of what is meant, its ARN and its record. */
SwValue sw_resource_filled(SwCtx *cx, const SwFound *f, const SwParts *p, const SwValue *v);
/* named.c. The resource that an operation's input names by declared members; ret->r NULL: it names none, or not all of its id.
 */
int sw_resource_named(SwCtx *cx, const SwResource *r, const SwOperation *op, const void *in, SwFound *ret,
                      SwError *err) sw_must_check;
