/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who may call what stands beside the API: the one place that looks at SwRoute.access. */

#include "api/authenticate.h"

/* Before a route's own code. payload_hash absent: the body is not there yet, which no signed route may do with. On success the
 * caller of a signed route is cx->principal. */
int sw_access_route(SwCtx *cx, const SwRoute *r, const SwWireMessage *m, const SwSignature *s, SwStr secret, SwStr payload_hash,
                    SwError *err) sw_must_check;
/* Slipway delivers to whatever address a user names; what comes back to it so, over a proxy or a name of its own, is refused
 * whatever it asks for, as the address is where it is seen to be Slipway's own (http/guard.h). */
int sw_access_not_a_delivery(const SwWireMessage *m, SwError *err) sw_must_check;
