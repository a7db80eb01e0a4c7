/* SPDX-License-Identifier: Apache-2.0 */

/* Network namespaces kept by a mount, and work done inside them. A socket belongs for ever to the
 * namespace it was made in, whoever holds it: so a short-lived thread enters the namespace, makes
 * the socket, and the rest of Slipway serves it from outside. Only that thread ever changes its
 * namespace. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "container/room.h"
#include "base/thread.h"

typedef struct InNetns {
    int fd, result, errnum;
    int (*fn)(void *);
    void *arg;
} InNetns;

static void in_netns(void *arg) {
    InNetns *w = arg;

    w->result = setns(w->fd, CLONE_NEWNET) == 0 ? w->fn(w->arg) : -1;
    w->errnum = errno;
}

int sw_in_netns(int netns_fd, int (*fn)(void *), void *arg) {
    InNetns w = {.fd = netns_fd, .result = -1, .fn = fn, .arg = arg};
    int e = sw_thread_run(in_netns, &w);

    errno = e ? e : w.errnum;
    return w.result;
}

typedef struct MakeNetns {
    const char *path;
    int errnum;
} MakeNetns;

static void make_netns(void *arg) {
    MakeNetns *m = arg;

    if (unshare(CLONE_NEWNET) < 0 || mount("/proc/thread-self/ns/net", m->path, "none", MS_BIND, NULL) < 0)
        m->errnum = errno;
}

static bool is_mounted_ns(const char *path) {
    struct stat a, self;

    return stat(path, &a) == 0 && stat("/proc/self/ns/net", &self) == 0 && a.st_dev == self.st_dev;
}

int sw_netns_make(const char *path, SwError *err) {
    MakeNetns m = {.path = path};

    if (is_mounted_ns(path))
        return 0;
    _sw_close_ int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
    if (fd < 0)
        return sw_fail_errno(err, errno, "make %s", path);
    int e = sw_thread_run(make_netns, &m);
    if (e)
        return sw_fail_errno(err, e, "start a thread");
    return m.errnum ? sw_fail_errno(err, m.errnum, "make a network namespace at %s", path) : 0;
}

void sw_netns_remove(const char *path) {
    while (umount2(path, MNT_DETACH) == 0)
        ;
    (void)unlink(path); /* absent is what we want */
}

typedef struct Listen {
    struct sockaddr_in at;
    int type, timeout_ms;
} Listen;

static int add_lo_address(uint32_t ip) {
    _sw_close_ int nl = sw_nl_open();
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);

    return nl < 0 ? -1 : sw_nl_addr_add(nl, 1, ip, 32, &err); /* lo is 1 in every namespace */
}

static int do_listen(void *arg) {
    const Listen *l = arg;
    int one = 1;
    uint32_t ip = ntohl(l->at.sin_addr.s_addr);

    if (ip >> 16 == 0xa9fe && add_lo_address(ip) < 0)
        return -1;
    _sw_close_ int fd = socket(AF_INET, l->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, (const struct sockaddr *)&l->at, sizeof(l->at)) < 0 || (l->type == SOCK_STREAM && listen(fd, 256) < 0))
        return -1;
    return SW_TAKE_FD(fd);
}

static int do_connect(void *arg) {
    const Listen *l = arg;
    int e = 0;
    socklen_t n = sizeof(e);
    _sw_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&l->at, sizeof(l->at)) < 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (errno != EINPROGRESS)
            return -1;
        if (poll(&p, 1, l->timeout_ms) != 1) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0 || e) {
            errno = e ? e : errno;
            return -1;
        }
    }
    return SW_TAKE_FD(fd);
}

static int socket_inside(const char *netns, const char *addr, Listen *l, uint16_t port, int (*fn)(void *), SwError *err) {
    l->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, addr, &l->at.sin_addr) != 1)
        return sw_fail_errno(err, EINVAL, "address %s", addr);
    _sw_close_ int ns = open(netns, O_RDONLY | O_CLOEXEC);
    if (ns < 0)
        return sw_fail_errno(err, errno, "open %s", netns);
    int fd = sw_in_netns(ns, fn, l);
    return fd < 0 ? sw_fail_errno(err, errno, "socket %s:%u inside %s", addr, port, netns) : fd;
}

int sw_netns_listen(const char *netns, const char *addr, uint16_t port, int type, SwError *err) {
    return socket_inside(netns, addr, &(Listen){.type = type}, port, do_listen, err);
}

int sw_netns_connect(const char *netns, const char *addr, uint16_t port, int timeout_ms, SwError *err) {
    return socket_inside(netns, addr, &(Listen){.timeout_ms = timeout_ms}, port, do_connect, err);
}
