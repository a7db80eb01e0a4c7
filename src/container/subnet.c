/* SPDX-License-Identifier: Apache-2.0 */

/* The instance's bridge and its /22 out of 10.200.0.0/13: chosen once, so that it meets no route
 * of this machine and no other instance's choice, and kept in the data folder. Everything the
 * bridge changes on the host is undone by sw_net_purge: interfaces, namespaces, rules, and the
 * forwarding flags of other interfaces, whose earlier values are kept in
 * /run/slipway/forwarding until the last instance goes. */

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/file.h>

#include "container/subnet.h"

#define POOL_BASE  0x0ac80000U /* 10.200.0.0/13 */
#define POOL_NETS  512U        /* of 1024 addresses */
#define FORWARDING "/run/slipway/forwarding"

void sw_ip_mac(uint32_t ip, uint8_t ret[static 6]) {
    ret[0] = 0x02;
    ret[1] = 0x42;
    for (int i = 0; i < 4; i++)
        ret[2 + i] = (uint8_t)(ip >> (24 - 8 * i));
}

void sw_ip_text(uint32_t ip, char ret[static 16]) {
    snprintf(ret, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

uint32_t sw_fnv(const char *p, size_t n) {
    uint32_t h = 2166136261U;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)p[i]) * 16777619U;
    return h;
}

void sw_veth_prefix(const char *instance, char ret[static 16]) {
    snprintf(ret, 16, "sw%04x", sw_fnv(instance, strlen(instance)) & 0xffff);
}

void sw_veth_name(const char *instance, SwStr id, char ret[static 16]) {
    sw_veth_prefix(instance, ret);
    snprintf(ret + 6, 10, "%08x", sw_fnv(id.p, id.n));
}

/* Does a route of the host, other than the default and our bridge's, meet net/22? */
static bool routed(uint32_t net, const char *bridge) {
    char line[256], dev[32];
    unsigned dest, mask;
    bool hit = false;
    FILE *f = fopen("/proc/net/route", "re");

    while (f && !hit && fgets(line, sizeof(line), f))
        if (sscanf(line, "%31s %x %*x %*x %*d %*d %*d %x", dev, &dest, &mask) == 3 && mask != 0 && strcmp(dev, bridge) != 0)
            hit = ((ntohl(dest) ^ net) & ntohl(mask) & SW_NET_MASK) == 0;
    if (f)
        fclose(f);
    return hit;
}

static uint32_t read_ip(SwArena *a, const char *path) {
    SwError err = sw_error(a);
    SwStr s;
    struct in_addr in;

    if (sw_file_read(a, path, 64, &s, &err) < 0 || inet_pton(AF_INET, sw_str_z(a, sw_str_trim(s)), &in) != 1)
        return 0;
    return ntohl(in.s_addr);
}

static bool claimed(SwArena *a, uint32_t net, const char *instance) {
    _sw_dir_ DIR *d = opendir("/run/slipway");
    const struct dirent *e;
    bool hit = false;

    while (d && !hit && (e = readdir(d)))
        hit = e->d_name[0] != '.' && strcmp(e->d_name, instance) != 0 &&
              read_ip(a, sw_strf(a, "/run/slipway/%s/subnet", e->d_name).p) == net;
    return hit;
}

int sw_subnet_choose(SwRuntime *rt, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const char *kept = sw_strf(a, "%s/subnet", rt->nets).p;
    uint32_t net = read_ip(a, kept), first = sw_fnv(rt->o.instance, strlen(rt->o.instance)) % POOL_NETS;
    char text[16];

    _sw_close_ int lock = open("/run/slipway/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX) < 0)
        return sw_fail_errno(err, errno, "lock /run/slipway/lock");
    for (uint32_t i = 0; net == 0 || routed(net, rt->net.bridge) || claimed(a, net, rt->o.instance); i++) {
        if (i == POOL_NETS)
            return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "10.200.0.0/13 is used up", "no network is free for containers");
        net = POOL_BASE + (first + i) % POOL_NETS * 1024;
    }
    sw_ip_text(net, text);
    if (sw_file_write(kept, sw_str(text), 0644, err) < 0 ||
        sw_file_write(sw_strf(a, "%s/subnet", rt->run).p, sw_str(text), 0644, err) < 0)
        return -1;
    rt->net.subnet = net;
    sw_ip_text(net + 1, rt->net.gateway);
    return 0;
}

static bool put(const char *path, const char *value) {
    _sw_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

/* Lets replies from outside come back to containers: forwarding on the interfaces of default
 * routes. */
static void forward_outside(SwArena *a) {
    char line[256], dev[32];
    unsigned dest, mask;
    SwError err = sw_error(a);
    FILE *f = fopen("/proc/net/route", "re");

    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%31s %x %*x %*x %*d %*d %*d %x", dev, &dest, &mask) != 3 || dest != 0 || mask != 0)
            continue;
        const char *flag = sw_strf(a, "/proc/sys/net/ipv4/conf/%s/forwarding", dev).p;
        const char *kept = sw_strf(a, FORWARDING "/%s", dev).p;
        SwStr was;
        if (sw_file_read(a, flag, 16, &was, &err) < 0 || sw_str_starts(was, SW_STR("1")))
            continue;
        if (sw_mkdirs(FORWARDING, 0700, &err) < 0 || sw_file_write(kept, was, 0600, &err) < 0 || !put(flag, "1"))
            sw_log(SW_WARN, "forwarding not enabled", SW_F("interface", dev), SW_F("cause", err.cause));
    }
    if (f)
        fclose(f);
}

static void restore_forwarding(SwArena *a) {
    _sw_dir_ DIR *d = opendir(FORWARDING);
    const struct dirent *e;
    SwError err = sw_error(a);
    SwStr was;

    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.' && sw_file_read(a, sw_strf(a, FORWARDING "/%s", e->d_name).p, 16, &was, &err) == 0)
            (void)put(sw_strf(a, "/proc/sys/net/ipv4/conf/%s/forwarding", e->d_name).p, sw_str_z(a, was));
    if (sw_rm_tree(FORWARDING, &err) < 0)
        sw_log(SW_WARN, "forwarding record not removed", SW_F("cause", err.cause));
}

int sw_bridge_up(SwRuntime *rt, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const char *conf = sw_strf(a, "/proc/sys/net/ipv4/conf/%s", rt->net.bridge).p;
    _sw_close_ int nl = sw_nl_open();

    if (nl < 0)
        return sw_fail_errno(err, errno, "open a route socket");
    uint8_t mac[6];
    sw_ip_mac(rt->net.subnet + 1, mac);
    if (sw_nl_bridge_add(nl, rt->net.bridge, mac, err) < 0)
        return -1;
    rt->net.bridge_index = (int)if_nametoindex(rt->net.bridge);
    if (sw_nl_addr_add(nl, rt->net.bridge_index, rt->net.subnet + 1, 22, err) < 0 ||
        sw_nl_link_up(nl, rt->net.bridge_index, err) < 0)
        return -1;
    if (!put(sw_strf(a, "%s/route_localnet", conf).p, "1") || !put(sw_strf(a, "%s/forwarding", conf).p, "1"))
        return sw_fail_errno(err, errno, "set the bridge's flags");
    if (rt->o.outbound)
        forward_outside(a);
    rt->net.nat = sw_nat_up(rt, err) == 0;
    if (!rt->net.nat) {
        sw_log(SW_WARN, "no port mappings and no way out for containers: nftables is missing", SW_F("cause", err->cause));
        sw_error_reset(err);
    }
    return 0;
}

/* A veth's name has room for a short hash of the instance only, which another instance may share: so
 * it must be a port of our bridge, or of none (the bridge went first). */
static bool of_instance(const char *name, const char *veth_prefix, const char *bridge) {
    char path[64], master[64];

    if (strncmp(name, veth_prefix, 6) != 0)
        return false;
    snprintf(path, sizeof(path), "/sys/class/net/%.16s/master", name);
    ssize_t n = readlink(path, master, sizeof(master) - 1);
    if (n < 0)
        return true;
    master[n] = '\0';
    const char *last = strrchr(master, '/');
    return strcmp(last ? last + 1 : master, bridge) == 0;
}

/* Interfaces of an instance, by name; its bridge is the last. */
void sw_each_link(const char *instance, void (*fn)(void *arg, const char *name), void *arg) {
    char veth[16], bridge[16];
    struct if_nameindex *all = if_nameindex();

    sw_veth_prefix(instance, veth);
    snprintf(bridge, sizeof(bridge), "swb-%s", instance);
    for (struct if_nameindex *i = all; i && i->if_index; i++)
        if (of_instance(i->if_name, veth, bridge))
            fn(arg, i->if_name);
    if (all)
        if_freenameindex(all);
    if (if_nametoindex(bridge))
        fn(arg, bridge);
}

static void delete_link(void *arg, const char *name) {
    (void)sw_nl_link_del(*(int *)arg, (int)if_nametoindex(name)); /* shown by leftovers if it stays */
}

void sw_net_purge(const char *instance) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const char *dir = sw_strf(a, "/run/slipway/%s/netns", instance).p;
    _sw_close_ int nl = sw_nl_open();
    _sw_dir_ DIR *d = opendir(dir);
    const struct dirent *e;

    if (nl >= 0)
        sw_each_link(instance, delete_link, &nl);
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.')
            sw_netns_remove(sw_path(a, dir, e->d_name));
    if (d || sw_nat_exists(instance)) /* the folder exists if ever a network did */
        sw_nat_down(instance);
}

void sw_forwarding_restore_if_last(void) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    _sw_dir_ DIR *d = opendir("/run/slipway");
    const struct dirent *e;
    bool others = false;

    while (d && (e = readdir(d)))
        others |= e->d_name[0] != '.' && strcmp(e->d_name, "lock") != 0 && strcmp(e->d_name, "forwarding") != 0;
    if (!others)
        restore_forwarding(a);
}
