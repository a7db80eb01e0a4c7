/* SPDX-License-Identifier: Apache-2.0 */

/* The containers' name server: one thread, one epoll, sockets made inside every network. Names
 * that the runtime's `resolve` knows are answered at once; others go to the host's resolvers over
 * a socket a query, at most IN_FLIGHT of them, each for at most five seconds. TCP serves clients
 * whose answer did not fit: one message a connection.
 *
 * The lock guards the list of listeners (added and removed by other threads); queries belong to
 * the thread. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "container/room.h"
#include "base/log.h"
#include "base/thread.h"

#define IN_FLIGHT   256
#define TIMEOUT_NS  (5 * SW_S)
#define MESSAGE_MAX 4096
#define UPSTREAMS   3

typedef struct Listener {
    SwStr net_id;
    SwArena *arena;
    int fd;
    bool tcp, used;
} Listener;

typedef enum WaitFor { FREE, CLIENT_TCP, UPSTREAM_UDP, UPSTREAM_TCP } WaitFor;

/* One query: a client's connection being read, or an upstream being waited for. */
typedef struct Query {
    WaitFor state;
    int fd;     /* what is waited for */
    int client; /* TCP: the connection; UDP: a duplicate of the listener */
    struct sockaddr_in from;
    bool tcp;
    int64_t deadline;
    uint16_t id;
    SwStr net_id;
    char net_text[SW_ID_MAX + 1];
    unsigned upstream;
    size_t n, want;
    uint8_t p[MESSAGE_MAX + 2];
} Query;

struct SwDns {
    SwRuntime *rt;
    SwArena *arena;
    pthread_mutex_t lock;
    pthread_t thread;
    bool running;
    int epoll, wake;
    Listener *listeners;
    size_t n_listeners;
    Query *queries;
    size_t top; /* of the queries that were ever used: the pages of others are never touched */
    struct sockaddr_in upstream[UPSTREAMS];
    size_t n_upstream;
};

#define TAG_WAKE     UINT64_MAX
#define TAG_LISTENER ((uint64_t)1 << 32)

static int watch(SwDns *d, int fd, uint32_t events, uint64_t tag) {
    struct epoll_event e = {.events = events, .data.u64 = tag};

    return epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &e);
}

static void finish(Query *q) {
    if (q->fd >= 0 && q->fd != q->client)
        close(q->fd);
    if (q->client >= 0)
        close(q->client);
    q->fd = q->client = -1;
    q->state = FREE;
}

static Query *new_query(SwDns *d) {
    for (size_t i = 0; i < IN_FLIGHT; i++)
        if (d->queries[i].state == FREE) {
            Query *q = &d->queries[i];
            d->top = SW_MAX(d->top, i + 1);
            q->fd = q->client = -1;
            q->n = 0;
            q->upstream = 0;
            q->deadline = sw_monotonic_ns() + TIMEOUT_NS;
            return q;
        }
    return NULL;
}

static void reply(Query *q, const uint8_t *p, size_t n) {
    uint8_t out[MESSAGE_MAX + 2];

    if (!q->tcp) {
        (void)sendto(q->client, p, n, MSG_DONTWAIT, (struct sockaddr *)&q->from, sizeof(q->from)); /* lost: asked again */
    } else if (n <= MESSAGE_MAX) {
        out[0] = (uint8_t)(n >> 8);
        out[1] = (uint8_t)n;
        memcpy(out + 2, p, n);
        (void)send(q->client, out, n + 2, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    finish(q);
}

static void reply_own(Query *q, const SwDnsQuestion *question, const uint32_t *ip, size_t n, unsigned rcode) {
    uint8_t out[1024];

    reply(q, out, sw_dns_answer(q->p, question, ip, n, rcode, 5, out, q->tcp ? sizeof(out) : 512));
}

/* Sends the query on, to the next upstream. */
static void forward(SwDns *d, Query *q, const SwDnsQuestion *question) {
    if (q->upstream >= d->n_upstream) {
        reply_own(q, question, NULL, 0, 2); /* SERVFAIL */
        return;
    }
    const struct sockaddr_in *to = &d->upstream[q->upstream++];
    if (q->fd >= 0 && q->fd != q->client)
        close(q->fd);
    q->fd = socket(AF_INET, (q->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    q->id = question->id;
    q->state = q->tcp ? UPSTREAM_TCP : UPSTREAM_UDP;
    bool ok = q->fd >= 0 && (connect(q->fd, (const struct sockaddr *)to, sizeof(*to)) == 0 || errno == EINPROGRESS);
    if (ok && !q->tcp)
        ok = send(q->fd, q->p, q->n, MSG_DONTWAIT) == (ssize_t)q->n;
    if (!ok || watch(d, q->fd, q->tcp ? EPOLLOUT : EPOLLIN, (uint64_t)(q - d->queries)) < 0)
        forward(d, q, question); /* at most UPSTREAMS deep */
}

static void ask(SwDns *d, Query *q) {
    SwDnsQuestion question;
    uint32_t ip[SW_DNS_ANSWERS_MAX];

    if (!sw_dns_parse(q->p, q->n, &question)) {
        finish(q);
        return;
    }
    int n = question.class_ == 1 ? d->rt->o.resolve(d->rt->o.arg, q->net_id, sw_str(question.name), ip) : -1;
    if (n < 0)
        forward(d, q, &question);
    else if (n == 0)
        reply_own(q, &question, NULL, 0, 3); /* NXDOMAIN */
    else
        reply_own(q, &question, ip, question.type == 1 || question.type == 255 ? (size_t)SW_MIN(n, SW_DNS_ANSWERS_MAX) : 0, 0);
}

static void set_net(Query *q, SwStr id) {
    memcpy(q->net_text, id.p, SW_MIN(id.n, (size_t)SW_ID_MAX));
    q->net_id = sw_str_n(q->net_text, SW_MIN(id.n, (size_t)SW_ID_MAX));
}

/* Called with the lock held; the query goes on without it. */
static Query *from_listener(SwDns *d, const Listener *l) {
    Query *q = new_query(d);
    socklen_t len = sizeof(q->from);

    if (!q) { /* full: drop, the client asks again */
        uint8_t drop[1];
        int fd = l->tcp ? accept4(l->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0)
            close(fd);
        else if (!l->tcp)
            (void)!recv(l->fd, drop, sizeof(drop), MSG_DONTWAIT);
        return NULL;
    }
    set_net(q, l->net_id);
    q->tcp = l->tcp;
    if (l->tcp) {
        q->fd = q->client = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (q->fd < 0)
            return NULL;
        q->state = CLIENT_TCP;
        q->want = 2;
        if (watch(d, q->fd, EPOLLIN, (uint64_t)(q - d->queries)) < 0)
            finish(q);
        return NULL;
    }
    ssize_t n = recvfrom(l->fd, q->p, MESSAGE_MAX, MSG_DONTWAIT, (struct sockaddr *)&q->from, &len);
    if (n <= 0 || (q->client = dup(l->fd)) < 0)
        return NULL;
    q->n = (size_t)n;
    q->state = UPSTREAM_UDP;
    return q;
}

/* Reads a message with its two bytes of length; true when whole. The length is dropped from
 * q->p. */
static bool read_framed(Query *q, uint8_t *p, size_t *n) {
    ssize_t got = recv(q->fd, p + *n, q->want - *n, MSG_DONTWAIT);

    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            finish(q);
        return false;
    }
    *n += (size_t)got;
    if (*n == 2 && q->want == 2) {
        q->want = 2 + ((size_t)p[0] << 8 | p[1]);
        if (q->want <= 2 + 12 || q->want > MESSAGE_MAX) {
            finish(q);
            return false;
        }
        return read_framed(q, p, n);
    }
    if (*n < q->want)
        return false;
    *n -= 2;
    memmove(p, p + 2, *n);
    return true;
}

static void tcp_upstream(SwDns *d, Query *q, uint32_t events) {
    uint64_t tag = (uint64_t)(q - d->queries);

    if (events & EPOLLOUT) { /* connected: send the framed query, then wait for the answer */
        uint8_t out[MESSAGE_MAX + 2] = {(uint8_t)(q->n >> 8), (uint8_t)q->n};
        memcpy(out + 2, q->p, q->n);
        struct epoll_event e = {.events = EPOLLIN, .data.u64 = tag};
        if (send(q->fd, out, q->n + 2, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 || epoll_ctl(d->epoll, EPOLL_CTL_MOD, q->fd, &e) < 0)
            finish(q);
        q->n = 0;
        q->want = 2;
        return;
    }
    if (read_framed(q, q->p, &q->n))
        reply(q, q->p, q->n);
}

static void on_query(SwDns *d, Query *q, uint32_t events) {
    uint8_t in[MESSAGE_MAX];

    if (q->state == CLIENT_TCP) {
        if (read_framed(q, q->p, &q->n)) {
            (void)epoll_ctl(d->epoll, EPOLL_CTL_DEL, q->fd, NULL);
            q->fd = -1;
            ask(d, q);
        }
    } else if (q->state == UPSTREAM_TCP) {
        tcp_upstream(d, q, events);
    } else if (q->state == UPSTREAM_UDP) {
        ssize_t n = recv(q->fd, in, sizeof(in), MSG_DONTWAIT);
        SwDnsQuestion question;
        if (n >= 12 && (in[0] << 8 | in[1]) == q->id && (in[2] & 0x80))
            reply(q, in, (size_t)n);
        else if (n < 0 && errno != EAGAIN && errno != EINTR && sw_dns_parse(q->p, q->n, &question))
            forward(d, q, &question); /* refused: the next one */
    }
}

static int expire(SwDns *d) {
    int64_t now = sw_monotonic_ns(), next = INT64_MAX;
    SwDnsQuestion question;

    for (size_t i = 0; i < d->top; i++) {
        Query *q = &d->queries[i];
        if (q->state == FREE)
            continue;
        if (q->deadline > now)
            next = SW_MIN(next, q->deadline);
        else if (q->state == UPSTREAM_UDP && sw_dns_parse(q->p, q->n, &question))
            reply_own(q, &question, NULL, 0, 2);
        else
            finish(q);
    }
    return next == INT64_MAX ? -1 : (int)((next - now) / SW_MS + 1);
}

typedef struct Ready {
    SwDns *d;
    const struct epoll_event *event;
} Ready;

static void on_ready(void *arg) {
    SwDns *d = ((Ready *)arg)->d;
    const struct epoll_event *e = ((Ready *)arg)->event;
    uint64_t tag = e->data.u64;

    if (tag < IN_FLIGHT) {
        on_query(d, &d->queries[tag], e->events);
        return;
    }
    _sw_lock_ pthread_mutex_t *held = sw_lock(&d->lock);
    const Listener *l = &d->listeners[tag - TAG_LISTENER];
    Query *q = l->used ? from_listener(d, l) : NULL;
    sw_unlock(&held);
    if (q)
        ask(d, q);
}

static void *serve(void *arg) {
    SwDns *d = arg;
    struct epoll_event e[32];

    for (;;) {
        int n = epoll_wait(d->epoll, e, SW_N(e), expire(d));
        for (int i = 0; i < n; i++) {
            Ready r = {d, &e[i]};
            if (e[i].data.u64 == TAG_WAKE)
                return NULL;
            if (sw_guard(SW_POOL_ENGINE, on_ready, &r) != SW_LACK_NONE)
                sw_log(SW_WARN, "a name was not answered for lack of memory");
        }
    }
}

static void read_resolvers(SwDns *d) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwStr text, line, word;

    if (sw_file_read(a, "/etc/resolv.conf", SW_MIB, &text, &err) < 0)
        return;
    while (d->n_upstream < UPSTREAMS && sw_str_next(&text, '\n', &line)) {
        struct sockaddr_in *to = &d->upstream[d->n_upstream];
        if (!sw_str_cut(&line, ' ', &word) || !sw_str_eqz(word, "nameserver"))
            continue;
        *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(53)};
        if (inet_pton(AF_INET, sw_str_z(a, sw_str_dup(a, sw_str_trim(line))), &to->sin_addr) == 1)
            d->n_upstream++;
    }
}

int sw_dns_open(SwRuntime *rt, SwDns **ret, SwError *err) {
    SwArena *a = sw_arena_new(0);
    SwDns *d = sw_new(a, SwDns);

    d->rt = rt;
    d->arena = a;
    d->queries = sw_new_n(a, Query, IN_FLIGHT);
    pthread_mutex_init(&d->lock, NULL);
    read_resolvers(d);
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->epoll < 0 || d->wake < 0 || watch(d, d->wake, EPOLLIN, TAG_WAKE) < 0) {
        int e = errno;
        sw_dns_close(d);
        return sw_fail_errno(err, e, "make the name server");
    }
    int e = pthread_create(&d->thread, NULL, serve, d);
    d->running = e == 0;
    if (e) {
        sw_dns_close(d);
        return sw_fail_errno(err, e, "start the name server");
    }
    *ret = d;
    return 0;
}

static void drop_listener(SwDns *d, Listener *l) {
    (void)epoll_ctl(d->epoll, EPOLL_CTL_DEL, l->fd, NULL);
    close(l->fd);
    sw_arena_free(l->arena);
    *l = (Listener){.fd = -1};
}

void sw_dns_close(SwDns *d) {
    uint64_t one = 1;

    if (!d)
        return;
    if (d->running && write(d->wake, &one, sizeof(one)) == sizeof(one))
        pthread_join(d->thread, NULL);
    for (size_t i = 0; i < d->n_listeners; i++)
        if (d->listeners[i].used)
            drop_listener(d, &d->listeners[i]);
    for (size_t i = 0; i < d->top; i++)
        if (d->queries[i].state != FREE)
            finish(&d->queries[i]);
    sw_closep(&d->epoll);
    sw_closep(&d->wake);
    pthread_mutex_destroy(&d->lock);
    sw_arena_free(d->arena);
}

static int add_one(SwDns *d, SwStr net_id, int fd, bool tcp) {
    size_t i = 0;

    while (i < d->n_listeners && d->listeners[i].used)
        i++;
    if (i == d->n_listeners) {
        Listener *more = sw_arena_grow(d->arena, d->listeners, i * sizeof(*more), (i + 1) * 2 * sizeof(*more));
        d->listeners = more;
        d->n_listeners = (i + 1) * 2;
    }
    _sw_arena_ SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    d->listeners[i] = (Listener){.net_id = sw_str_dup(a, net_id), .arena = a, .fd = fd, .tcp = tcp, .used = true};
    a = NULL;
    return watch(d, fd, EPOLLIN, TAG_LISTENER + i);
}

int sw_dns_add(SwDns *d, SwStr net_id, int udp_fd, int tcp_fd, SwError *err) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&d->lock);
    int r = add_one(d, net_id, udp_fd, false) < 0 || add_one(d, net_id, tcp_fd, true) < 0 ? -1 : 0;
    int e = errno;
    sw_unlock(&held);
    return r < 0 ? sw_fail_errno(err, e, "watch name server sockets") : 0;
}

void sw_dns_remove(SwDns *d, SwStr net_id) {
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->n_listeners; i++)
        if (d->listeners[i].used && sw_str_eq(d->listeners[i].net_id, net_id))
            drop_listener(d, &d->listeners[i]);
    pthread_mutex_unlock(&d->lock);
}
