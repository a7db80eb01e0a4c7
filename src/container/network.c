/* SPDX-License-Identifier: Apache-2.0 */

/* Networks: record, namespace, veth pair, addresses, rules, listeners, in this order. The record
 * on disk comes first and every later step may be repeated, so after a crash opening the runtime
 * simply raises each recorded network again; a record whose namespace is gone (the machine was
 * restarted) is dropped. */

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/outside.h"
#include "container/subnet.h"
#include "base/thread.h"

#define PORT_FIRST 49153U
#define PORT_LAST  65535U

static SwNetEntry *find(SwRuntime *rt, SwStr id) {
    for (SwNetEntry *e = rt->net.list; e; e = e->next)
        if (sw_str_eq(e->net.id, id))
            return e;
    return NULL;
}

static SwNet copy(SwArena *a, const SwNet *n) {
    SwNet r = *n;

    r.id = sw_str_dup(a, n->id);
    r.address = sw_str_dup(a, n->address);
    r.gateway = sw_str_dup(a, n->gateway);
    r.mac = sw_str_dup(a, n->mac);
    r.netns = sw_str_z(a, sw_str_dup(a, sw_str(n->netns)));
    r.ports = sw_new_n(a, SwPortMapping, n->n_ports + 1);
    if (n->n_ports)
        memcpy(r.ports, n->ports, n->n_ports * sizeof(*r.ports));
    return r;
}

/* ---- host ports ---- */

static int hold_port(uint16_t port, bool udp) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    _sw_close_ int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

    return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ? SW_TAKE_FD(fd) : -1;
}

static bool port_mapped(SwRuntime *rt, uint16_t port, bool udp) {
    for (const SwNetEntry *e = rt->net.list; e; e = e->next)
        for (size_t i = 0; i < e->net.n_ports; i++)
            if (e->net.ports[i].host_port == port && e->net.ports[i].udp == udp)
                return true;
    return false;
}

bool sw_net_host_port_free(SwRuntime *rt, uint16_t port) {
    pthread_mutex_lock(&rt->net.lock);
    bool mapped = port_mapped(rt, port, false);
    pthread_mutex_unlock(&rt->net.lock);
    _sw_close_ int fd = mapped ? -1 : hold_port(port, false);
    return fd >= 0;
}

/* Fills host_port and holds it. */
static int take_port(SwRuntime *rt, SwPortMapping *p, uint32_t seed, int *ret_fd, SwError *err) {
    uint32_t n = PORT_LAST - PORT_FIRST + 1;

    if (p->host_port) {
        *ret_fd = port_mapped(rt, p->host_port, p->udp) ? -1 : hold_port(p->host_port, p->udp);
        return *ret_fd >= 0 ? 0 : sw_fail(err, &SW_CONTAINER_PORT_IN_USE, "Host port %u is already in use", p->host_port);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + (seed + i) % n);
        if (port_mapped(rt, port, p->udp) || (*ret_fd = hold_port(port, p->udp)) < 0)
            continue;
        p->host_port = port;
        return 0;
    }
    return sw_fail(err, &SW_CONTAINER_PORT_IN_USE, "No host port is free");
}

static int take_ports(SwRuntime *rt, SwNetEntry *e, SwError *err) {
    for (size_t i = 0; i < e->net.n_ports; i++)
        if (take_port(rt, &e->net.ports[i], sw_fnv(e->net.id.p, e->net.id.n) + (uint32_t)i, &e->hold[i], err) < 0)
            return -1;
    return 0;
}

static void entry_free(SwNetEntry *e) {
    for (size_t i = 0; i < e->net.n_ports; i++)
        if (e->hold[i] >= 0)
            close(e->hold[i]);
    sw_arena_free(e->arena);
}

static SwNetEntry *entry_new(SwRuntime *rt, SwStr id, uint32_t ip, const SwPortMapping *ports, size_t n) {
    SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    SwNetEntry *e = sw_new(a, SwNetEntry);
    char text[16];

    sw_ip_text(ip, text);
    e->arena = a;
    e->ip = ip;
    e->net = (SwNet){.id = id,
                     .address = sw_str(text),
                     .gateway = sw_str(rt->net.gateway),
                     .prefix = 22,
                     .mac = sw_strf(a, "02:42:%02x:%02x:%02x:%02x", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255),
                     .netns = sw_strf(a, "%s/%.*s", rt->netns, SW_FMT(id)).p,
                     .n_ports = n};
    for (size_t i = 0; i < n; i++) {
        if (!e->net.ports)
            e->net.ports = sw_new_n(a, SwPortMapping, n);
        e->net.ports[i] = ports[i];
    }
    e->net = copy(a, &e->net);
    e->hold = sw_new_n(a, int, n + 1);
    memset(e->hold, 0xff, (n + 1) * sizeof(int));
    return e;
}

/* ---- the record ---- */

static const char *record_path(SwRuntime *rt, SwArena *a, SwStr id) {
    return sw_strf(a, "%s/%.*s.json", rt->nets, SW_FMT(id)).p;
}

static int record(SwRuntime *rt, const SwNetEntry *e, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwValue v = sw_value_object();

    sw_value_set(a, &v, SW_STR("ip"), sw_value_int(a, e->ip));
    SwValue *ports = sw_value_set(a, &v, SW_STR("ports"), sw_value_array());
    for (size_t i = 0; i < e->net.n_ports; i++) {
        SwValue *p = sw_value_add(a, ports, sw_value_object());
        sw_value_set(a, p, SW_STR("container"), sw_value_int(a, e->net.ports[i].container_port));
        sw_value_set(a, p, SW_STR("host"), sw_value_int(a, e->net.ports[i].host_port));
        sw_value_set(a, p, SW_STR("udp"), sw_value_bool(e->net.ports[i].udp));
    }
    return sw_file_write(record_path(rt, a, e->net.id), sw_json_text(a, &v), 0600, err);
}

static SwNetEntry *read_record(SwRuntime *rt, SwArena *a, SwStr id) {
    SwError err = sw_error(a);
    SwStr text;
    SwValue v;
    int64_t ip = 0, c = 0, h = 0;

    if (sw_file_read(a, record_path(rt, a, id), SW_FILE_MAX, &text, &err) < 0 || sw_json_parse(a, text, &v, &err) < 0 ||
        !sw_value_i64(sw_value_getz(&v, "ip"), &ip) || ((uint32_t)ip & SW_NET_MASK) != rt->net.subnet)
        return NULL;
    const SwValue *list = sw_value_getz(&v, "ports");
    SwPortMapping *p = sw_new_n(a, SwPortMapping, (list ? list->n : 0) + 1);
    for (size_t i = 0; list && i < list->n; i++) {
        if (!sw_value_i64(sw_value_getz(&list->v[i], "container"), &c) || !sw_value_i64(sw_value_getz(&list->v[i], "host"), &h))
            return NULL;
        p[i] = (SwPortMapping){(uint16_t)c, (uint16_t)h, sw_value_is_true(sw_value_getz(&list->v[i], "udp"))};
    }
    return entry_new(rt, id, (uint32_t)ip, p, list ? list->n : 0);
}

/* ---- raising ---- */

typedef struct Inside {
    const SwNetEntry *e;
    uint32_t gateway;
    SwError *err;
} Inside;

static int set_up_inside(void *arg) {
    const Inside *in = arg;
    _sw_close_ int nl = sw_nl_open();
    int eth0 = (int)if_nametoindex("eth0");

    if (nl < 0 || eth0 == 0)
        return sw_fail_errno(in->err, errno, "find eth0");
    /* No address of IPv6: the rules that keep the host's own addresses from containers are IPv4's. Where
     * the kernel has none, there is no such file. */
    _sw_close_ int v6 = open("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", O_WRONLY | O_CLOEXEC);
    if (v6 >= 0 && write(v6, "1", 1) != 1)
        return sw_fail_errno(in->err, errno, "turn IPv6 off");
    if (sw_nl_link_up(nl, 1, in->err) < 0 || sw_nl_addr_add(nl, eth0, in->e->ip, in->e->net.prefix, in->err) < 0 ||
        sw_nl_link_up(nl, eth0, in->err) < 0 || sw_nl_route_default(nl, in->gateway, in->err) < 0)
        return -1;
    /* as container engines do: a server may listen on port 80 without root */
    _sw_close_ int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "0", 1) != 1)
        return sw_fail_errno(in->err, errno, "set the first unprivileged port");
    return 0;
}

static int join_bridge(SwRuntime *rt, const SwNetEntry *e, SwError *err) {
    char veth[16];
    uint8_t mac[6];
    _sw_close_ int ns = open(e->net.netns, O_RDONLY | O_CLOEXEC), nl = sw_nl_open();

    if (ns < 0 || nl < 0)
        return sw_fail_errno(err, errno, "open %s", e->net.netns);
    sw_ip_mac(e->ip, mac);
    sw_veth_name(rt->o.instance, e->net.id, veth);
    if (sw_nl_veth_add(nl, veth, rt->net.bridge_index, "eth0", ns, mac, err) < 0)
        return -1;
    SW_CRASH_POINT("container.net_linked");
    Inside in = {e, rt->net.subnet + 1, err};
    if (sw_in_netns(ns, set_up_inside, &in) < 0)
        return err->kind ? -1 : sw_fail_errno(err, errno, "enter %s", e->net.netns);
    return 0;
}

static int listen_inside(SwRuntime *rt, const SwNetEntry *e, SwError *err) {
    static const char *const dns_at[] = {"127.0.0.11", "169.254.170.2"};

    for (size_t i = 0; rt->o.serve && i < rt->o.n_serve_at; i++) {
        const SwNetServe *at = &rt->o.serve_at[i];
        int fd = sw_netns_listen(e->net.netns, at->addr, at->port, SOCK_STREAM, err);
        if (fd < 0)
            return -1;
        rt->o.serve(rt->o.arg, e->net.id, at, fd);
    }
    for (size_t i = 0; rt->dns && i < SW_N(dns_at); i++) {
        _sw_close_ int udp = sw_netns_listen(e->net.netns, dns_at[i], 53, SOCK_DGRAM, err);
        _sw_close_ int tcp = udp < 0 ? -1 : sw_netns_listen(e->net.netns, dns_at[i], 53, SOCK_STREAM, err);
        if (tcp < 0 || sw_dns_add(rt->dns, e->net.id, SW_TAKE_FD(udp), SW_TAKE_FD(tcp), err) < 0)
            return -1;
    }
    return 0;
}

static void lower(SwRuntime *rt, const SwNetEntry *e) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char veth[16];
    _sw_close_ int nl = sw_nl_open();

    if (rt->o.unserve)
        rt->o.unserve(rt->o.arg, e->net.id);
    if (rt->dns)
        sw_dns_remove(rt->dns, e->net.id);
    if (sw_nat_set(rt, &e->net, false, &err) < 0)
        sw_log(SW_WARN, "port mappings not removed", SW_F("network", e->net.id), SW_F("cause", err.cause));
    sw_veth_name(rt->o.instance, e->net.id, veth);
    int index = (int)if_nametoindex(veth);
    if (nl >= 0 && index > 0)
        (void)sw_nl_link_del(nl, index); /* goes with the namespace at the latest */
    sw_netns_remove(e->net.netns);
    (void)unlink(record_path(rt, a, e->net.id));
}

static int up(SwRuntime *rt, SwError *err) {
    if (rt->net.up)
        return 0;
    if (sw_mkdirs(rt->netns, 0700, err) < 0 || sw_subnet_choose(rt, err) < 0 || sw_bridge_up(rt, err) < 0)
        return sw_fail_wrap(err, "bring up the bridge");
    rt->net.up = true;
    return 0;
}

static uint32_t free_ip(SwRuntime *rt, SwStr id) {
    uint32_t first = sw_fnv(id.p, id.n) % (SW_NET_HOSTS - 1);

    for (uint32_t i = 0; i < SW_NET_HOSTS - 1; i++) {
        uint32_t ip = rt->net.subnet + 2 + (first + i) % (SW_NET_HOSTS - 1);
        const SwNetEntry *e = rt->net.list;
        while (e && e->ip != ip)
            e = e->next;
        if (!e)
            return ip;
    }
    return 0;
}

static void entry_dropp(SwNetEntry **e) {
    if (*e)
        entry_free(*e);
}

static int create(SwRuntime *rt, const SwNetSpec *spec, SwNetEntry **ret_e, SwError *err) {
    uint32_t ip;

    if (up(rt, err) < 0)
        return -1;
    if ((*ret_e = find(rt, spec->id)))
        return 0;
    if (spec->n_ports && !rt->net.nat)
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "host ports cannot be mapped: the host lacks nftables with NAT");
    if ((ip = free_ip(rt, spec->id)) == 0)
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "the /22 is used up", "no address is free for a container");
    __attribute__((cleanup(entry_dropp))) SwNetEntry *e = entry_new(rt, spec->id, ip, spec->ports, spec->n_ports);
    if (take_ports(rt, e, err) < 0 || record(rt, e, err) < 0)
        return -1;
    SW_CRASH_POINT("container.net_recorded");
    if (sw_netns_make(e->net.netns, err) < 0 || join_bridge(rt, e, err) < 0 || sw_nat_set(rt, &e->net, true, err) < 0 ||
        listen_inside(rt, e, err) < 0) {
        lower(rt, e);
        return -1;
    }
    SW_CRASH_POINT("container.net_created");
    e->next = rt->net.list;
    rt->net.list = *ret_e = e;
    e = NULL;
    return 0;
}

int sw_net_create(SwRuntime *rt, SwArena *a, const SwNetSpec *spec, SwNet *ret_net, SwError *err) {
    SwNetEntry *e = NULL;

    SW_ACTS_OUTSIDE();
    if (!sw_container_id_ok(spec->id))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Network id %.*s is not valid", SW_FMT(spec->id));
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->net.lock);
    int r = create(rt, spec, &e, err);
    if (r == 0)
        *ret_net = copy(a, &e->net);
    return r;
}

bool sw_net_find(SwRuntime *rt, SwArena *a, SwStr id, SwNet *ret_net) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->net.lock);
    const SwNetEntry *e = find(rt, id);
    if (e)
        *ret_net = copy(a, &e->net);
    return e != NULL;
}

int sw_net_list(SwRuntime *rt, SwArena *a, SwStrList *ret_ids, SwError *err) {
    *ret_ids = (SwStrList){0};
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->net.lock);
    for (const SwNetEntry *e = rt->net.list; e; e = e->next)
        sw_str_list_add(a, ret_ids, sw_str_dup(a, e->net.id));
    return 0;
}

int sw_net_delete(SwRuntime *rt, SwStr id, SwError *err) {
    SW_ACTS_OUTSIDE();
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->net.lock);
    SwNetEntry **at = &rt->net.list;

    while (*at && !sw_str_eq((*at)->net.id, id))
        at = &(*at)->next;
    SwNetEntry *e = *at;
    if (!e)
        return 0;
    lower(rt, e); /* again by the next call, should memory end in it */
    *at = e->next;
    entry_free(e);
    return 0;
}

SwStr sw_net_gateway(SwRuntime *rt) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);

    SW_ACTS_OUTSIDE();
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->net.lock);
    int r = up(rt, &err);
    return r == 0 ? sw_str(rt->net.gateway) : SW_STR("127.0.0.1");
}

SwStr sw_net_gateway_find(SwRuntime *rt) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->net.lock);
    return rt->net.up ? sw_str(rt->net.gateway) : SW_NO_STR;
}

static int read_counter(SwArena *a, const char *veth, const char *which, uint64_t *ret, SwError *err) {
    SwStr s;

    if (sw_file_read(a, sw_strf(a, "/sys/class/net/%s/statistics/%s", veth, which).p, 8 * SW_KIB, &s, err) < 0)
        return -1;
    return sw_str_to_u64(sw_str_trim(s), ret) ? 0 : sw_fail_errno(err, EPROTO, "counter of %s", veth);
}

int sw_net_stats(SwRuntime *rt, SwStr id, uint64_t *ret_rx, uint64_t *ret_tx, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    char veth[16];

    /* the host's end: what it sent, the container received */
    sw_veth_name(rt->o.instance, id, veth);
    if (read_counter(a, veth, "tx_bytes", ret_rx, err) < 0)
        return -1;
    return read_counter(a, veth, "rx_bytes", ret_tx, err);
}

/* ---- opening and closing ---- */

static void adopt(SwRuntime *rt, SwStr id) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    const char *path = sw_strf(a, "%s/%.*s", rt->netns, SW_FMT(id)).p;
    SwNetEntry *e = sw_exists(path) ? read_record(rt, a, id) : NULL;

    if (!e) {
        sw_netns_remove(path);
        (void)unlink(record_path(rt, a, id));
        return;
    }
    for (size_t i = 0; i < e->net.n_ports; i++)
        e->hold[i] = hold_port(e->net.ports[i].host_port, e->net.ports[i].udp);
    if (sw_netns_make(e->net.netns, &err) < 0 || join_bridge(rt, e, &err) < 0 || listen_inside(rt, e, &err) < 0) {
        sw_log(SW_WARN, "network not adopted", SW_F("network", id), SW_F("cause", err.cause));
        lower(rt, e);
        entry_free(e);
        return;
    }
    e->next = rt->net.list;
    rt->net.list = e;
}

int sw_net_open(SwRuntime *rt, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrList ids = {0};
    const struct dirent *f;
    _sw_dir_ DIR *d = opendir(rt->nets);

    while (d && (f = readdir(d))) {
        SwStr name = sw_str(f->d_name);
        if (sw_str_ends(name, SW_STR(".json")))
            sw_str_list_add(a, &ids, sw_str_dup(a, sw_str_drop(name, 5)));
    }
    snprintf(rt->net.bridge, sizeof(rt->net.bridge), "swb-%s", rt->o.instance);
    if (ids.n == 0)
        return 0;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->net.lock);
    int r = up(rt, err);
    for (size_t i = 0; r == 0 && i < ids.n; i++)
        adopt(rt, ids.v[i]);
    if (r == 0 && rt->net.nat)
        r = sw_nat_up(rt, err); /* the table anew, with exactly the mappings that were adopted */
    return r;
}

void sw_net_close(SwRuntime *rt) {
    while (rt->net.list) {
        SwNetEntry *e = rt->net.list;
        rt->net.list = e->next;
        if (rt->o.unserve)
            rt->o.unserve(rt->o.arg, e->net.id);
        entry_free(e);
    }
    rt->net.up = false;
}
