/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The front door: what the HTTP server calls for each request. identify -> authenticate -> decode -> authorise ->
 * handler in one transaction -> encode; after the commit the engine is awake. */

#include "api/host.h"

SwHttpHandler sw_front_handler(SwHost *h);

/* listener_arg of listeners inside containers' networks. */
typedef struct SwNetListener {
    SwStr net_id;
    const char *address;
    int id; /* of the HTTP server's listener */
} SwNetListener;
