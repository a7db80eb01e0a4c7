/* SPDX-License-Identifier: Apache-2.0 */

/* Listeners, the list of connections, and the end of all.
 *
 * One thread accepts for all listeners (epoll over them and an eventfd) and starts a thread per connection; nothing it
 * does waits for a client. `lock` guards lists, `gone` tells sw_http_server_stop that a connection ended. A connection
 * that waits for a request is woken by shutdown(SHUT_RD): a request that already arrived is still served.
 *
 * Past `max_connections` somebody makes room (`evict`): no number of idle, half-open or stalled connections keeps a live
 * client out. */

#include "http/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/lazy_crypto.h"
#include "base/lazy_ssl.h"
#include "base/log.h"
#include "base/thread.h"

#define STACK_BYTES   (2 * SW_MIB) /* address space; pages come as they are touched */
#define OLD_HEAD_MS   1000
#define STALLED_MS    2000
#define FORCE_WAIT_MS 5000 /* for handlers, after their connections were cut */

typedef struct SwListener SwListener;
struct SwListener {
    SwListener *next;
    SwArena *arena;
    int id, fd;
    void *arg;
};

/* ---- TLS ---- */

static int alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in, unsigned inlen,
                void *arg) {
    static const unsigned char http11[] = "\x08http/1.1";
    unsigned char *sel;
    if (SSL_select_next_proto(&sel, outlen, http11, sizeof http11 - 1, in, inlen) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = sel;
    return SSL_TLSEXT_ERR_OK;
}

static X509 *read_cert(BIO *b) {
    return PEM_read_bio_X509(b, NULL, NULL, NULL);
}

/* The first certificate is ours, the others are the chain. */
static bool use_pem(SSL_CTX *ctx, const char *cert_pem, const char *key_pem) {
    BIO *cb = BIO_new_mem_buf(cert_pem, -1), *kb = BIO_new_mem_buf(key_pem, -1);
    X509 *cert = cb ? read_cert(cb) : NULL, *more;
    EVP_PKEY *key = kb ? PEM_read_bio_PrivateKey(kb, NULL, NULL, NULL) : NULL;
    bool ok = cert && key && SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    while (ok && (more = read_cert(cb)))
        if (SSL_CTX_add0_chain_cert(ctx, more) != 1)
            X509_free(more);
    ok = ok && SSL_CTX_check_private_key(ctx) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    BIO_free(cb);
    BIO_free(kb);
    ERR_clear_error();
    return ok;
}

int sw_http_server_tls(SwHttpServer *s, const char *cert_pem, const char *key_pem, SwError *err) {
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || !use_pem(ctx, cert_pem, key_pem)) {
        SSL_CTX_free(ctx);
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "certificate or key cannot be used", "TLS cannot be set up");
    }
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_alpn_select_cb(ctx, alpn, NULL);
    pthread_mutex_lock(&s->lock);
    SSL_CTX *old = s->tls;
    s->tls = ctx;
    pthread_mutex_unlock(&s->lock);
    SSL_CTX_free(old);
    return 0;
}

static SSL_CTX *tls_ref(SwHttpServer *s) {
    pthread_mutex_lock(&s->lock);
    SSL_CTX *ctx = s->tls;
    if (ctx)
        SSL_CTX_up_ref(ctx);
    pthread_mutex_unlock(&s->lock);
    return ctx;
}

/* Certificates are read when they are first needed: that, and OpenSSL's own beginning, are much of what a start would be. */
SSL_CTX *sw_server_tls_ref(SwHttpServer *s) {
    SSL_CTX *ctx = tls_ref(s);
    if (ctx || !s->o.certificate)
        return ctx;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    _sw_lock_ pthread_mutex_t *held = sw_lock(&s->tls_lock);
    ctx = tls_ref(s);
    if (ctx)
        return ctx;
    if (s->o.certificate(s->o.certificate_arg, &err) < 0)
        sw_log(SW_ERROR, "TLS cannot be set up", SW_F("cause", err.cause ? err.cause : err.message));
    return tls_ref(s);
}

bool sw_http_server_has_tls(SwHttpServer *s) {
    pthread_mutex_lock(&s->lock);
    bool has = s->tls;
    pthread_mutex_unlock(&s->lock);
    return has;
}

/* ---- connections ---- */

static void wake(SwConn *c) { /* with the lock held, so that the socket is still its own */
    (void)shutdown(c->io.fd, SHUT_RD);
}

static void conn_unlink(SwConn *c) {
    SwHttpServer *s = c->server;
    if (c->prev)
        c->prev->next = c->next;
    else
        s->first = c->next;
    if (c->next)
        c->next->prev = c->prev;
    s->n--;
}

static void *conn_main(void *arg) {
    SwConn *c = arg;
    SwHttpServer *s = c->server;
    sw_conn_run(c);
    sw_arena_free(c->rq.arena);
    sw_arena_free(c->out);
    sw_arena_free(c->body_arena);
    pthread_mutex_lock(&s->lock);
    conn_unlink(c);
    close(c->io.fd); /* under the lock: `wake` must not meet another socket of that number */
    sw_arena_free(c->arena);
    pthread_cond_broadcast(&s->gone);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static SwStr peer_text(SwArena *a, const struct sockaddr_storage *ss) {
    char ip[INET6_ADDRSTRLEN] = "";
    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)ss;
        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        return sw_strf(a, "%s:%u", ip, ntohs(in->sin_port));
    }
    if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const void *)ss;
        inet_ntop(AF_INET6, &in->sin6_addr, ip, sizeof ip);
        return sw_strf(a, "[%s]:%u", ip, ntohs(in->sin6_port));
    }
    return SW_STR("local");
}

typedef struct Accepted {
    SwHttpServer *server;
    int fd;
    const SwListener *listener;
    const struct sockaddr_storage *from;
    SwConn *conn;
} Accepted;

static void conn_new(void *arg) {
    Accepted *n = arg;
    _sw_arena_ SwArena *a = sw_arena_new(0), *out = sw_arena_new(SW_MIB), *request = sw_arena_new(0);
    SwConn *c = sw_new(a, SwConn);
    int one = 1, idle = 60;
    c->server = n->server;
    c->listener_id = n->listener->id;
    c->rq.listener_arg = n->listener->arg;
    c->rq.peer = peer_text(a, n->from);
    c->since = sw_monotonic_ns();
    c->cap = SW_CONN_BUF_SMALL;
    c->buf = sw_arena_alloc(a, c->cap);
    sw_io_init(&c->io, n->fd, (int)n->server->o.idle_timeout_ms);
    (void)setsockopt(n->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(n->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    (void)setsockopt(n->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    c->arena = a;
    c->out = out;
    c->rq.arena = request;
    a = out = request = NULL;
    n->conn = c;
}

/* Who makes room, the higher rank first, and within a rank who waits longest. None: a request that is served, whose
 * client does its part. */
typedef enum Room { ROOM_NONE, ROOM_STALLED, ROOM_YOUNG_HEAD, ROOM_IDLE, ROOM_OLD_HEAD } Room;

static Room room_of(const SwConn *c, int64_t now, int64_t *ret_since) {
    *ret_since = c->since;
    if (c->last)
        return ROOM_NONE;
    if (c->state == SW_CONN_IDLE)
        return ROOM_IDLE;
    if (c->state == SW_CONN_HEAD) /* one comes in a packet or two: who takes a second is slow, or means harm */
        return now - c->since > OLD_HEAD_MS * SW_MS ? ROOM_OLD_HEAD : ROOM_YOUNG_HEAD;
    *ret_since = c->io.waits_since; /* for a body's next byte, or that a reply is read */
    return *ret_since && now - *ret_since > STALLED_MS * SW_MS ? ROOM_STALLED : ROOM_NONE;
}

/* Too many: a connection that is idle, half open or stalled makes room. False when all are at work. */
static bool evict(SwHttpServer *s) {
    int64_t now = sw_monotonic_ns(), oldest = 0;
    SwConn *best = NULL;
    Room best_room = ROOM_NONE;
    for (SwConn *c = s->first; c; c = c->next) {
        int64_t since;
        Room room = room_of(c, now, &since);
        if (room > best_room || (room == best_room && room != ROOM_NONE && since < oldest)) {
            best = c;
            best_room = room;
            oldest = since;
        }
    }
    if (!best)
        return false;
    best->last = true;
    if (best_room == ROOM_STALLED)
        (void)shutdown(best->io.fd, SHUT_RDWR);
    else
        wake(best);
    return true;
}

static void turn_away(SwHttpServer *s, int fd) {
    static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
                               "Connection: close\r\n\r\n";
    s->refused++;
    (void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* a courtesy */
    close(fd);
}

/* With the lock held. */
static void conn_start(SwHttpServer *s, int fd, const SwListener *l, const struct sockaddr_storage *ss) {
    bool full = s->n >= s->o.max_connections || sw_pool_is_tight(SW_POOL_REQUESTS);
    Accepted n = {.server = s, .fd = fd, .listener = l, .from = ss};
    if (s->stopping || (full && !evict(s)) || sw_guard(SW_POOL_REQUESTS, conn_new, &n) != SW_LACK_NONE) {
        turn_away(s, fd);
        return;
    }
    SwConn *c = n.conn;
    pthread_attr_t attr;
    pthread_t thread;
    c->next = s->first;
    if (c->next)
        c->next->prev = c;
    s->first = c;
    s->n++;
    s->connections++;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, conn_main, c);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        return;
    sw_log(SW_WARN, "no thread for a connection", SW_FN("errno", rc));
    conn_unlink(c);
    (void)evict(s);
    turn_away(s, fd);
    sw_arena_free(c->rq.arena);
    sw_arena_free(c->out);
    sw_arena_free(c->arena);
}

/* ---- accepting ---- */

static SwListener *find(SwHttpServer *s, int id) {
    SwListener *l = s->listeners;
    while (l && l->id != id)
        l = l->next;
    return l;
}

/* Take what is waiting at one listener. True when descriptors ran out: to be tried again a little later. */
static bool accept_all(SwHttpServer *s, int id) {
    bool starved = false;
    pthread_mutex_lock(&s->lock);
    SwListener *l = find(s, id);
    for (int i = 0; l && i < 64; i++) {
        struct sockaddr_storage ss = {0};
        socklen_t n = sizeof ss;
        int fd = accept4(l->fd, (void *)&ss, &n, SOCK_CLOEXEC);
        if (fd >= 0) {
            conn_start(s, fd, l, &ss);
            continue;
        }
        starved = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (errno != EINTR && errno != ECONNABORTED)
            break;
    }
    if (starved)
        (void)evict(s);
    pthread_mutex_unlock(&s->lock);
    return starved;
}

static void *accept_main(void *arg) {
    SwHttpServer *s = arg;
    struct epoll_event ev[32];
    while (!s->stopping) {
        int n = epoll_wait(s->epoll, ev, SW_N(ev), -1);
        bool starved = false;
        for (int i = 0; i < n; i++)
            if (ev[i].data.u32 != 0)
                starved |= accept_all(s, (int)ev[i].data.u32);
        if (starved) { /* until a connection ends, a stop, or a moment has passed */
            struct pollfd p = {.fd = s->wake, .events = POLLIN};
            (void)poll(&p, 1, 50);
        }
    }
    return NULL;
}

int sw_http_listen_fd(SwHttpServer *s, int fd, void *listener_arg, int *ret_id, SwError *err) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        int e = errno;
        close(fd);
        return sw_fail_errno(err, e, "listening socket");
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    SwArena *a = sw_arena_new(SW_MIB);
    SwListener *l = sw_new(a, SwListener);
    *l = (SwListener){.arena = a, .fd = fd, .arg = listener_arg};
    pthread_mutex_lock(&s->lock);
    l->id = ++s->last_id;
    l->next = s->listeners;
    s->listeners = l;
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = (uint32_t)l->id};
    int rc = epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev), e = errno;
    pthread_mutex_unlock(&s->lock);
    if (ret_id)
        *ret_id = l->id;
    if (rc == 0)
        return 0;
    sw_http_unlisten(s, l->id);
    return sw_fail_errno(err, e, "epoll_ctl");
}

void sw_http_unlisten(SwHttpServer *s, int id) {
    pthread_mutex_lock(&s->lock);
    SwListener **at = &s->listeners;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    SwListener *l = *at;
    if (l) {
        *at = l->next;
        (void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, l->fd, NULL);
        close(l->fd);
        sw_arena_free(l->arena);
    }
    for (SwConn *c = s->first; l && c; c = c->next)
        if (c->listener_id == id) {
            c->last = true;
            if (c->state == SW_CONN_IDLE)
                wake(c);
        }
    pthread_mutex_unlock(&s->lock);
}

const SwErrorKind SW_HTTP_PORT_TAKEN = {.code = "PortTaken", .http = 500};

int sw_http_listen(SwHttpServer *s, const char *address, uint16_t port, void *listener_arg, uint16_t *ret_port, SwError *err) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    if (!is4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Not a numeric address: %s", address);
    struct sockaddr *sa = is4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t n = is4 ? sizeof v4 : sizeof v6;
    _sw_close_ int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd < 0)
        return sw_fail_errno(err, errno, "socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (!is4)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    bool bound = bind(fd, sa, n) == 0;
    if (!bound && errno == EADDRINUSE)
        return sw_fail(err, &SW_HTTP_PORT_TAKEN, "Port %u of %s is taken by another program", port, address);
    if (!bound || listen(fd, 1024) < 0 || getsockname(fd, sa, &n) < 0)
        return sw_fail_errno(err, errno, "cannot listen on %s port %u", address, port);
    if (ret_port)
        *ret_port = ntohs(is4 ? v4.sin_port : v6.sin6_port);
    return sw_http_listen_fd(s, SW_TAKE_FD(fd), listener_arg, NULL, err);
}

/* ---- beginning and end ---- */

static void server_free(SwHttpServer *s) {
    while (s->listeners)
        sw_http_unlisten(s, s->listeners->id);
    if (s->epoll >= 0)
        close(s->epoll);
    if (s->wake >= 0)
        close(s->wake);
    if (s->tls)
        SSL_CTX_free(s->tls);
    pthread_mutex_destroy(&s->tls_lock);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->gone);
    sw_arena_free(s->arena);
}

int sw_http_server_new(const SwHttpServerOptions *o, SwHttpServer **ret_s, SwError *err) {
    SwArena *a = sw_arena_new(SW_MIB);
    SwHttpServer *s = sw_new(a, SwHttpServer);
    s->arena = a;
    s->o = *o;
    if (!s->o.max_connections)
        s->o.max_connections = 4096;
    if (!s->o.idle_timeout_ms)
        s->o.idle_timeout_ms = (s->o.idle_timeout_s ? s->o.idle_timeout_s : 120) * 1000;
    if (!s->o.header_timeout_ms)
        s->o.header_timeout_ms = 20000;
    pthread_condattr_t ca;
    pthread_condattr_init(&ca);
    pthread_condattr_setclock(&ca, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->tls_lock, NULL);
    pthread_cond_init(&s->gone, &ca);
    pthread_condattr_destroy(&ca);
    struct sigaction sa; /* sendfile and OpenSSL have no MSG_NOSIGNAL */
    if (sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL)
        (void)signal(SIGPIPE, SIG_IGN);
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = 0};
    int rc = 0;
    if (s->epoll < 0 || s->wake < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->wake, &ev) < 0)
        rc = sw_fail_errno(err, errno, "epoll");
    if (rc == 0 && o->tls_cert && o->tls_key)
        rc = sw_http_server_tls(s, o->tls_cert, o->tls_key, err);
    s->o.tls_cert = s->o.tls_key = NULL;
    if (rc < 0) {
        server_free(s);
        return -1;
    }
    *ret_s = s;
    if (s->o.paused || sw_http_server_start(s, err) == 0)
        return 0;
    server_free(s);
    return -1;
}

int sw_http_server_start(SwHttpServer *s, SwError *err) {
    int e = pthread_create(&s->acceptor, NULL, accept_main, s);
    s->started = e == 0;
    return e == 0 ? 0 : sw_fail_errno(err, e, "The server cannot start a thread");
}

void sw_http_server_pause(SwHttpServer *s) {
    s->stopping = true;
    (void)eventfd_write(s->wake, 1);
    if (s->started)
        (void)pthread_join(s->acceptor, NULL);
    s->started = false;
    while (s->listeners)
        sw_http_unlisten(s, s->listeners->id);
}

/* Wait until no connection is left; with the lock held. False when time is up. */
static bool wait_gone(SwHttpServer *s, int ms) {
    int64_t until = sw_monotonic_ns() + ms * SW_MS;
    struct timespec ts = {.tv_sec = until / SW_S, .tv_nsec = until % SW_S};
    while (s->n > 0)
        if (pthread_cond_timedwait(&s->gone, &s->lock, &ts) == ETIMEDOUT)
            return s->n == 0;
    return true;
}

void sw_http_server_stop(SwHttpServer *s, int drain_ms) {
    if (!s)
        return;
    sw_http_server_pause(s);
    pthread_mutex_lock(&s->lock);
    for (SwConn *c = s->first; c; c = c->next)
        if (c->state != SW_CONN_BUSY)
            wake(c);
    bool gone = wait_gone(s, drain_ms);
    if (!gone) {
        for (SwConn *c = s->first; c; c = c->next)
            (void)shutdown(c->io.fd, SHUT_RDWR);
        gone = wait_gone(s, FORCE_WAIT_MS);
    }
    unsigned left = s->n;
    pthread_mutex_unlock(&s->lock);
    if (gone)
        server_free(s);
    else /* a handler that does not return still uses it */
        sw_log(SW_WARN, "http handlers did not end", SW_FN("connections", left));
}

void sw_http_server_stats(SwHttpServer *s, SwHttpStats *ret) {
    pthread_mutex_lock(&s->lock);
    *ret = (SwHttpStats){.connections = s->connections, .requests = s->requests, .refused = s->refused, .open = s->n};
    for (const SwConn *c = s->first; c; c = c->next)
        ret->idle += c->state == SW_CONN_IDLE;
    pthread_mutex_unlock(&s->lock);
}
