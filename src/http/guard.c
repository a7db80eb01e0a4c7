/* SPDX-License-Identifier: Apache-2.0 */
/* See guard.h. Whether an address is this machine's is told by the kernel, which knows all of them: the source that it
 * would choose for a datagram there is the address itself, or loopback. Nothing is sent. */

#include "http/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "base/lazy_curl.h"

typedef struct Address {
    struct in6_addr ip;
    uint16_t port;
} Address; /* IPv4 as ::ffff:a.b.c.d */

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void map(struct in6_addr *to, uint32_t v4) {
    memcpy(to->s6_addr, mapped, sizeof mapped);
    memcpy(to->s6_addr + 12, &v4, sizeof v4);
}

static bool read_address(const struct sockaddr *from, Address *ret) {
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        map(&ret->ip, in->sin_addr.s_addr);
        ret->port = ntohs(in->sin_port);
        return true;
    }
    const struct sockaddr_in6 *in = (const void *)from;
    if (from->sa_family != AF_INET6)
        return false;
    ret->ip = in->sin6_addr;
    ret->port = ntohs(in->sin6_port);
    return true;
}

/* Of the IPv4 address inside, for the ways of IPv6 to write one: mapped, compatible, NAT64's (RFC 6052), 6to4. */
static bool inner_v4(const struct in6_addr *ip, uint8_t ret[static 4]) {
    static const uint8_t zero[12] = {0}, nat64[12] = {0, 0x64, 0xff, 0x9b};
    const uint8_t *b = ip->s6_addr;
    bool low = memcmp(b, mapped, 12) == 0 || memcmp(b, nat64, 12) == 0 ||
               (memcmp(b, zero, 12) == 0 && !IN6_IS_ADDR_LOOPBACK(ip) && !IN6_IS_ADDR_UNSPECIFIED(ip));
    bool six_to_four = b[0] == 0x20 && b[1] == 0x02;
    memcpy(ret, low ? b + 12 : b + 2, 4);
    return low || six_to_four;
}

static bool is_loopback(const struct in6_addr *ip) {
    uint8_t v4[4];
    if (inner_v4(ip, v4))
        return v4[0] == 127 || v4[0] == 0;
    return IN6_IS_ADDR_LOOPBACK(ip) || IN6_IS_ADDR_UNSPECIFIED(ip);
}

/* 169.254/16 and fe80::/10, where clouds and containers have their metadata, and the one of EC2 that is outside of them. */
static bool is_link_local(const struct in6_addr *ip) {
    static const struct in6_addr ec2 = {.s6_addr = {0xfd, 0, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}};
    uint8_t v4[4];
    if (inner_v4(ip, v4))
        return v4[0] == 169 && v4[1] == 254;
    return IN6_IS_ADDR_LINKLOCAL(ip) || memcmp(ip, &ec2, sizeof ec2) == 0;
}

static bool is_this_machines(const struct sockaddr *to, socklen_t n, const Address *a) {
    struct sockaddr_storage source;
    socklen_t size = sizeof source;
    Address from;
    int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool own = false;
    if (fd < 0)
        return true; /* it cannot be told: no connection */
    if (connect(fd, to, n) == 0 && getsockname(fd, (struct sockaddr *)&source, &size) == 0 &&
        read_address((struct sockaddr *)&source, &from))
        own = is_loopback(&from.ip) || memcmp(&from.ip, &a->ip, sizeof a->ip) == 0;
    close(fd);
    return own;
}

bool sw_guard_refuses(const struct sockaddr *to, socklen_t n, uint16_t own_port) {
    Address a;
    if (!read_address(to, &a) || is_link_local(&a.ip))
        return true;
    return a.port == own_port && (is_loopback(&a.ip) || is_this_machines(to, n, &a));
}

int sw_guard_open_socket(void *own_port, int purpose, struct curl_sockaddr *to) {
    (void)purpose;
    if (sw_guard_refuses(&to->addr, to->addrlen, *(const uint16_t *)own_port))
        return CURL_SOCKET_BAD;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}
