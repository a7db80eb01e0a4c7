/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Cloud Control: every declared CloudFormation type by one API. A request is carried out where it is made, in a savepoint of
 * its transaction; what became of it is kept for seven days. */

#include "api/host.h"
#include "api/page.h"
#include "models/cloudcontrol.gen.h"
#include "models/cloudcontrol_records.gen.h"
#include "resource/cfn.h"

/* status.c. Its time is over: it is not shown any more, and forgotten by one that comes later. */
bool cloudcontrol_is_old(SwCtx *cx, const CloudcontrolRequestRecord *r);
/* resource.c. Fails with TypeNotFoundException. */
int cloudcontrol_type(SwCtx *cx, SwStr name, const SwResource **ret_r, SwError *err) sw_must_check;
int cloudcontrol_not_found(SwStr type, SwStr identifier, SwError *err);
/* Whether the type's service refused the caller, whatever it calls that. */
bool cloudcontrol_denied(const SwCtx *cx, const SwResource *r, const SwError *e);

/* patch.c: RFC 6902 on *doc, which is changed in place; afterwards of no use where it fails (InvalidRequestException). What is
 * read only by the type (NULL: nothing) is seen, and left as it is. */
int cloudcontrol_patch(SwArena *a, const SwCfnType *t, SwValue *doc, SwStr patch, SwError *err) sw_must_check;
bool cloudcontrol_is_read_only(const SwCfnType *t, SwStr property);
