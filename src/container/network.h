/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Networks of containers: one network namespace each, kept under
 * /run/slipway/<instance>/netns/<id>, joined to the instance's bridge by a veth pair, with an
 * address of the instance's own /22. All containers of a task share one.
 *
 * Inside every network Slipway itself listens where the runtime's options say (SwNetServe), on
 * sockets made inside the namespace and served outside it: no NAT, and the listener tells who
 * calls. Port mappings are kernel rules in the table `slipway_<instance>`, so that connections
 * outlive Slipway. Threads: any. */

#include "base/error.h"

typedef struct SwRuntime SwRuntime;

typedef struct SwPortMapping {
    uint16_t container_port;
    uint16_t host_port; /* 0: one is picked, and kept over restarts */
    bool udp;
} SwPortMapping;

typedef struct SwNetSpec {
    SwStr id;                   /* [A-Za-z0-9_.-]{1,64} */
    const SwPortMapping *ports; /* on all of the host's addresses, 127.0.0.1 included */
    size_t n_ports;
} SwNetSpec;

typedef struct SwNet {
    SwStr id;
    SwStr address; /* "10.203.4.7" */
    /* the bridge's address: the host as the container sees it */
    SwStr gateway;
    unsigned prefix; /* of the address: 22 */
    SwStr mac;
    const char *netns;    /* path for setns */
    SwPortMapping *ports; /* host_port filled */
    size_t n_ports;
} SwNet;

/* Idempotent by id: the same id gives the same network, address and ports. */
int sw_net_create(SwRuntime *rt, SwArena *a, const SwNetSpec *spec, SwNet *ret_net, SwError *err) sw_must_check;
bool sw_net_find(SwRuntime *rt, SwArena *a, SwStr id, SwNet *ret_net);
int sw_net_list(SwRuntime *rt, SwArena *a, SwStrList *ret_ids, SwError *err) sw_must_check;
int sw_net_delete(SwRuntime *rt, SwStr id, SwError *err) sw_must_check; /* absent is success */
/* The bridge's address, for names such as *.elb.localhost. */
SwStr sw_net_gateway(SwRuntime *rt);
/* The same where the bridge is up already; absent: there is none, and so nobody at its address. */
SwStr sw_net_gateway_find(SwRuntime *rt);
/* Bytes through the network's interface since it was made, as the container sees them. */
int sw_net_stats(SwRuntime *rt, SwStr id, uint64_t *ret_rx, uint64_t *ret_tx, SwError *err) sw_must_check;
/* Whether a TCP port on the host is free to map. */
bool sw_net_host_port_free(SwRuntime *rt, uint16_t port);

/* A socket made inside the namespace at `netns`, bound to addr:port and (SOCK_STREAM) listening;
 * SOCK_DGRAM: bound. An address of 169.254.0.0/16 is first added to the namespace's lo.
 * Non-blocking, close-on-exec. Returns the fd or -1. */
int sw_netns_listen(const char *netns, const char *addr, uint16_t port, int type, SwError *err) sw_must_check;
/* A connection made from inside the namespace: health checks of awsvpc tasks, local proxies.
 * timeout_ms bounds it. */
int sw_netns_connect(const char *netns, const char *addr, uint16_t port, int timeout_ms, SwError *err) sw_must_check;
