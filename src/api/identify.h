/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which service and operation a request means, from what clients really send:
 *   signed             the credential scope's service, whatever the path
 *   X-Amz-Target       the prefix before the last dot
 *   /service/X/...     smithy-rpc-v2-cbor
 *   a service's route  /v2/, /v1/repos/, /_slipway/ ...
 *   Action=, Version=  unsigned Query requests, in the query or a form body
 *   else               S3: anonymous, or a path that only a bucket can have */

#include "api/registry.h"
#include "api/sigv4.h"

typedef struct SwIdentity {
    const SwService *service;
    const SwRoute *route; /* or an operation: */
    uint32_t protocol;
    const SwOperation *op;
    SwWireMessage m; /* as the service's model sees it: virtual-host buckets are in the path */
} SwIdentity;

/* Which protocol a request speaks when no service here is meant by it: what its error is written in, so that the client
 * of a service that Slipway does not have can read it. Each form is a protocol's own; what has none is REST. */
uint32_t sw_identify_protocol(SwArena *a, const SwWireMessage *m, const SwSignature *s);

/* listener: the address inside a container's network that the request came to ("169.254.170.2"), or NULL.
 * false in *ret_known: only the body can tell (an unsigned form); call again with it. */
int sw_identify(const SwHost *h, SwArena *a, const SwWireMessage *m, const SwSignature *s, const char *listener, bool have_body,
                SwIdentity *ret_i, bool *ret_known, SwError *err) sw_must_check;
