/* SPDX-License-Identifier: Apache-2.0 */

/* The instance's own nftables table: port mappings as two maps (port -> address . port) that
 * hooks look up, masquerade for what leaves the bridge, and a guard: route_localnet, which
 * 127.0.0.1:hostPort needs, would otherwise let a container reach the host's loopback services; and
 * link-local addresses are the host's own, above all the one where a cloud gives out the machine's
 * credentials (169.254.169.254). A container's 169.254.170.2 is in its own namespace.
 * One `nft` per change; the whole table goes in one command. */

#include <errno.h>

#include "container/room.h"

static int nft(SwArena *a, SwStr script, SwError *err) {
    SwStr text = SW_NO_STR;
    int status = 0;
    SwProcOpts o = {.argv = (const char *const[]){"nft", "-f", "-", NULL}, .in = -1, .out = -1, .err = -1};

    if (sw_proc_run(a, &o, script, 64 * SW_KIB, 30000, &status, NULL, &text, err) < 0)
        return -1;
    return status ? sw_fail_cause(err, &SW_INTERNAL_FAILURE, sw_str_z(a, text), "the network rules could not be set") : 0;
}

bool sw_nat_exists(const char *instance) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    int status = 1;
    const char *name = sw_strf(a, "slipway_%s", instance).p;
    SwProcOpts o = {.argv = (const char *const[]){"nft", "list", "table", "ip", name, NULL}, .in = -1, .out = -1, .err = -1};

    return sw_proc_run(a, &o, SW_NO_STR, 64 * SW_KIB, 30000, &status, NULL, NULL, &err) == 0 && status == 0;
}

void sw_nat_down(const char *instance) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);

    /* `add` first makes `delete` succeed whether or not it was there */
    if (nft(a, sw_strf(a, "add table ip slipway_%s\ndelete table ip slipway_%s\n", instance, instance), &err) < 0)
        sw_log(SW_WARN, "network rules not removed", SW_F("cause", err.cause));
}

int sw_nat_up(SwRuntime *rt, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwBuf b = sw_buf(a, 64 * SW_KIB);
    const char *i = rt->o.instance, *br = rt->net.bridge;
    char net[16];

    sw_ip_text(rt->net.subnet, net);
    sw_buf_addf(&b, "add table ip slipway_%s\ndelete table ip slipway_%s\ntable ip slipway_%s {\n", i, i, i);
    for (int udp = 0; udp < 2; udp++) {
        sw_buf_addf(&b, " map %s { type inet_service : ipv4_addr . inet_service\n", udp ? "udp_ports" : "tcp_ports");
        size_t n = 0;
        for (const SwNetEntry *e = rt->net.list; e; e = e->next)
            for (size_t p = 0; p < e->net.n_ports; p++)
                if (e->net.ports[p].udp == udp)
                    sw_buf_addf(&b, "%s%u : %.*s . %u", n++ ? ", " : " elements = { ", e->net.ports[p].host_port,
                                SW_FMT(e->net.address), e->net.ports[p].container_port);
        sw_buf_addz(&b, n ? " }\n }\n" : " }\n");
    }
    const char *dnat = "  fib daddr type local dnat ip to tcp dport map @tcp_ports\n"
                       "  fib daddr type local dnat ip to udp dport map @udp_ports\n }\n";
    sw_buf_addf(&b, " chain prerouting { type nat hook prerouting priority -100\n%s", dnat);
    sw_buf_addf(&b, " chain output { type nat hook output priority -100\n%s", dnat);
    sw_buf_addf(&b,
                " chain postrouting { type nat hook postrouting priority 100\n"
                "  oifname \"%s\" ip saddr 127.0.0.0/8 masquerade\n"
                "  oifname \"%s\" ip saddr %s/22 ct status dnat masquerade\n",
                br, br, net);
    if (rt->o.outbound)
        sw_buf_addf(&b, "  oifname != \"%s\" ip saddr %s/22 masquerade\n", br, net);
    sw_buf_addf(&b,
                " }\n chain guard { type filter hook prerouting priority -300\n"
                "  iifname \"%s\" ip daddr { 127.0.0.0/8, 169.254.0.0/16 } drop\n }\n}\n",
                br);
    return b.full ? sw_fail_errno(err, ENOSPC, "network rules") : nft(a, sw_buf_str(&b), err);
}

int sw_nat_set(SwRuntime *rt, const SwNet *n, bool add, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwBuf b = sw_buf(a, 64 * SW_KIB);

    for (size_t i = 0; rt->net.nat && i < n->n_ports; i++) {
        const SwPortMapping *p = &n->ports[i];
        const char *map = p->udp ? "udp_ports" : "tcp_ports";

        /* added first, so that a deletion that is repeated succeeds */
        sw_buf_addf(&b, "add element ip slipway_%s %s { %u : %.*s . %u }\n", rt->o.instance, map, p->host_port,
                    SW_FMT(n->address), p->container_port);
        if (!add)
            sw_buf_addf(&b, "delete element ip slipway_%s %s { %u }\n", rt->o.instance, map, p->host_port);
    }
    return b.n ? nft(a, sw_buf_str(&b), err) : 0;
}
