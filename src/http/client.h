/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* HTTP client: health checks, SNS deliveries, the command line. libcurl behind it. Blocking; any thread.
 *
 * The system's anchors are those of libcurl's build; beside anchors of one's own they are the first of $SSL_CERT_FILE and the
 * places where distributions have them that can be read, and libcurl's folder of them where it was built with one. */

#include "wire/wire.h"

typedef struct SwHttpCall {
    SwStr method, url; /* http, https */
    SwHeaderList headers;
    SwStr body;
    int connect_timeout_ms, timeout_ms; /* 0: 5 s and 30 s; timeout_ms < 0: no limit */
    size_t max;                         /* of the reply's body; 0: 16 MiB, with a sink no limit */
    const char *ca_pem;                 /* anchors that are trusted beside the system's; NULL: the system's alone */
    bool any_certificate;               /* do not verify */
    bool follow;                        /* redirects, at most 5 */
    uint16_t guarded_port; /* the address is a user's choice: guard.h is asked about each connection; 0: it is ours */
    SwSink *sink;          /* takes the reply's body as it comes */
    void *sink_arg;
} SwHttpCall;

/* An error (kind SW_SERVICE_UNAVAILABLE) says in its message whether the name, the connection, the time or the peer failed;
 * `*ret_timeout` (may be NULL) tells a time-out apart. Any HTTP status is success here. */
int sw_http_fetch(SwArena *a, const SwHttpCall *c, SwWireMessage *ret_m, bool *ret_timeout, SwError *err) sw_must_check;
