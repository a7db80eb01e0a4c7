/* SPDX-License-Identifier: Apache-2.0 */

/* The five rtnetlink requests that networks need, so that a task start spawns no `ip`. Each
 * request is one message with attributes, acknowledged by the kernel; "exists already" is
 * success, since every step may be repeated. */

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "container/room.h"

typedef struct NlMsg {
    _Alignas(NLMSG_ALIGNTO) uint8_t p[1024];
} NlMsg;

static struct nlmsghdr *head(NlMsg *m) {
    return (struct nlmsghdr *)(void *)m->p;
}

/* Starts a request whose fixed part has `size` bytes, and returns that part. */
static void *begin(NlMsg *m, unsigned type, unsigned flags, size_t size) {
    memset(m, 0, sizeof(*m));
    head(m)->nlmsg_len = NLMSG_LENGTH(size);
    head(m)->nlmsg_type = (uint16_t)type;
    head(m)->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    return NLMSG_DATA(head(m));
}

static struct rtattr *attr(NlMsg *m, unsigned type, const void *data, size_t n) {
    struct rtattr *r = (struct rtattr *)(void *)(m->p + NLMSG_ALIGN(head(m)->nlmsg_len));

    assert(NLMSG_ALIGN(head(m)->nlmsg_len) + RTA_SPACE(n) <= sizeof(m->p));
    r->rta_type = (unsigned short)type;
    r->rta_len = (unsigned short)RTA_LENGTH(n);
    if (n > 0)
        memcpy(RTA_DATA(r), data, n);
    head(m)->nlmsg_len = NLMSG_ALIGN(head(m)->nlmsg_len) + (uint32_t)RTA_SPACE(n);
    return r;
}

static void nest_end(NlMsg *m, struct rtattr *r) {
    r->rta_len = (unsigned short)(m->p + head(m)->nlmsg_len - (uint8_t *)r);
}

/* Returns 0 or a positive errno. */
static int talk(int nl, NlMsg *m) {
    _Alignas(NLMSG_ALIGNTO) uint8_t in[4096];
    const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)in;
    ssize_t n;

    if (send(nl, m->p, head(m)->nlmsg_len, 0) < 0)
        return errno;
    do {
        n = recv(nl, in, sizeof(in), 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno;
    if (!NLMSG_OK(h, (size_t)n) || h->nlmsg_type != NLMSG_ERROR)
        return EPROTO;
    return -((const struct nlmsgerr *)NLMSG_DATA(h))->error;
}

static int finish(int nl, NlMsg *m, int also_ok, const char *what, SwError *err) {
    int e = talk(nl, m);

    return e == 0 || e == also_ok ? 0 : sw_fail_errno(err, e, "%s", what);
}

int sw_nl_open(void) {
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

/* Without an address of its own a bridge takes the lowest of its ports', so that it would change as
 * containers come and go; those that know the old one would send into the void for a minute. */
int sw_nl_bridge_add(int nl, const char *name, const uint8_t mac[6], SwError *err) {
    NlMsg m;
    begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    attr(&m, IFLA_IFNAME, name, strlen(name) + 1);
    attr(&m, IFLA_ADDRESS, mac, 6);
    struct rtattr *info = attr(&m, IFLA_LINKINFO, NULL, 0);
    attr(&m, IFLA_INFO_KIND, "bridge", 6);
    nest_end(&m, info);
    return finish(nl, &m, EEXIST, "make bridge", err);
}

int sw_nl_veth_add(int nl, const char *name, int master, const char *peer, int netns_fd, const uint8_t mac[6], SwError *err) {
    NlMsg m;
    uint32_t fd = (uint32_t)netns_fd, up = (uint32_t)master;

    struct ifinfomsg *i = begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    i->ifi_flags = i->ifi_change = IFF_UP;
    attr(&m, IFLA_IFNAME, name, strlen(name) + 1);
    attr(&m, IFLA_MASTER, &up, sizeof(up));
    struct rtattr *info = attr(&m, IFLA_LINKINFO, NULL, 0);
    attr(&m, IFLA_INFO_KIND, "veth", 4);
    struct rtattr *data = attr(&m, IFLA_INFO_DATA, NULL, 0);
    struct ifinfomsg none = {0};
    struct rtattr *p = attr(&m, VETH_INFO_PEER, &none, sizeof(none));
    attr(&m, IFLA_IFNAME, peer, strlen(peer) + 1);
    attr(&m, IFLA_ADDRESS, mac, 6);
    attr(&m, IFLA_NET_NS_FD, &fd, sizeof(fd));
    nest_end(&m, p);
    nest_end(&m, data);
    nest_end(&m, info);
    return finish(nl, &m, EEXIST, "make veth pair", err);
}

int sw_nl_link_up(int nl, int index, SwError *err) {
    NlMsg m;
    struct ifinfomsg *i = begin(&m, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));

    i->ifi_index = index;
    i->ifi_flags = i->ifi_change = IFF_UP;
    return finish(nl, &m, 0, "set link up", err);
}

int sw_nl_link_del(int nl, int index) {
    NlMsg m;
    struct ifinfomsg *i = begin(&m, RTM_DELLINK, 0, sizeof(struct ifinfomsg));

    i->ifi_index = index;
    int e = talk(nl, &m);
    return e == 0 || e == ENODEV ? 0 : -1;
}

int sw_nl_addr_add(int nl, int index, uint32_t ip, unsigned prefix, SwError *err) {
    NlMsg m;
    uint32_t be = htonl(ip), broadcast = htonl(ip | (prefix < 32 ? (1U << (32 - prefix)) - 1 : 0));
    struct ifaddrmsg *i = begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifaddrmsg));

    i->ifa_family = AF_INET;
    i->ifa_prefixlen = (uint8_t)prefix;
    i->ifa_index = (uint32_t)index;
    attr(&m, IFA_LOCAL, &be, sizeof(be));
    attr(&m, IFA_ADDRESS, &be, sizeof(be));
    if (prefix < 31)
        attr(&m, IFA_BROADCAST, &broadcast, sizeof(broadcast));
    return finish(nl, &m, EEXIST, "add address", err);
}

int sw_nl_route_default(int nl, uint32_t gateway, SwError *err) {
    NlMsg m;
    uint32_t be = htonl(gateway);
    struct rtmsg *r = begin(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct rtmsg));

    r->rtm_family = AF_INET;
    r->rtm_table = RT_TABLE_MAIN;
    r->rtm_protocol = RTPROT_STATIC;
    r->rtm_scope = RT_SCOPE_UNIVERSE;
    r->rtm_type = RTN_UNICAST;
    attr(&m, RTA_GATEWAY, &be, sizeof(be));
    return finish(nl, &m, EEXIST, "add default route", err);
}
