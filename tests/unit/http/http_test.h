/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A server with a handler for tests, and a raw client that says exactly the bytes it is given. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/time.h"
#include "http/server.h"

typedef struct TestServer {
    SwArena *arena;
    SwHttpServer *server;
    uint16_t port;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int complete, incomplete, handled, waiting;
    bool released;
    int live[2]; /* pipe: what a test writes, /live replies */
    int file;    /* of /file */
    int64_t file_size;
} TestServer;

static inline int count_sink(void *arg, const void *p, size_t n, SwError *err) {
    *(int64_t *)arg += (int64_t)n;
    return 0;
}

static inline int failing_sink(void *arg, const void *p, size_t n, SwError *err) {
    return sw_fail(err, &SW_VALIDATION_EXCEPTION, "enough");
}

static inline ssize_t read_live(void *arg, void *p, size_t n) {
    return read(((TestServer *)arg)->live[0], p, n);
}

static inline ssize_t read_endless(void *arg, void *p, size_t n) {
    memset(p, 'e', n);
    return (ssize_t)n;
}

static inline ssize_t read_broken(void *arg, void *p, size_t n) {
    int *calls = arg;
    memset(p, 'b', 3);
    return (*calls)++ ? -1 : 3;
}

static inline bool test_begin(void *arg, SwHttpRequest *rq) {
    SwStr path = rq->m.path;
    if (sw_str_eqz(path, "/refuse")) {
        rq->reply.status = 403;
        rq->reply.body = SW_STR("no");
        return false;
    }
    if (sw_str_eqz(path, "/small"))
        rq->body_max = 100;
    if (sw_str_eqz(path, "/kept"))
        rq->keep_encoding = true;
    if (sw_str_eqz(path, "/sink")) {
        rq->user = sw_new(rq->arena, int64_t);
        rq->sink = count_sink;
        rq->sink_arg = rq->user;
    }
    if (sw_str_eqz(path, "/sinkfail"))
        rq->sink = failing_sink;
    return true;
}

static inline void test_wait(TestServer *t, SwHttpRequest *rq, bool until_ended) {
    pthread_mutex_lock(&t->lock);
    t->waiting++;
    pthread_cond_broadcast(&t->changed);
    while (!t->released && !(until_ended && sw_http_ended(rq))) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        ts.tv_nsec += 5000000;
        if (ts.tv_nsec >= 1000000000)
            ts.tv_sec++, ts.tv_nsec -= 1000000000;
        pthread_cond_timedwait(&t->changed, &t->lock, &ts);
    }
    t->waiting--;
    pthread_mutex_unlock(&t->lock);
}

static inline SwStr describe(SwHttpRequest *rq) {
    SwBuf b = sw_buf(rq->arena, SW_MIB);
    sw_buf_addf(&b, "[%.*s %.*s ", SW_FMT(rq->m.method), SW_FMT(rq->m.path));
    sw_buf_addf(&b, rq->m.query.p ? "?%.*s" : "-", SW_FMT(rq->m.query));
    for (size_t i = 0; i < rq->m.headers.n; i++)
        if (sw_str_ieq(rq->m.headers.v[i].name, SW_STR("x")) || sw_str_ieq(rq->m.headers.v[i].name, SW_STR("host")))
            sw_buf_addf(&b, " %.*s=%.*s", SW_FMT(rq->m.headers.v[i].name), SW_FMT(rq->m.headers.v[i].value));
    sw_buf_addf(&b, " body=%.*s]", SW_FMT(rq->m.body));
    return sw_buf_str(&b);
}

static inline void test_stream(TestServer *t, SwHttpRequest *rq, SwStr path) {
    SwStream *s = &rq->reply.stream;
    *s = (SwStream){.set = true, .size = -1, .arg = t};
    if (sw_str_eqz(path, "/file")) {
        s->file = t->file;
        s->size = t->file_size;
    } else if (sw_str_eqz(path, "/live")) {
        s->read = read_live;
    } else if (sw_str_eqz(path, "/endless")) {
        s->read = read_endless;
    } else if (sw_str_eqz(path, "/broken")) {
        s->read = read_broken;
        s->arg = sw_new(rq->arena, int);
    } else {
        s->set = false;
        rq->reply.body = describe(rq);
    }
}

static inline void test_handle(void *arg, SwHttpRequest *rq) {
    TestServer *t = arg;
    SwStr path = rq->m.path;
    rq->reply.status = 200;
    pthread_mutex_lock(&t->lock);
    t->handled++;
    pthread_mutex_unlock(&t->lock);
    if (rq->sink_error.kind) {
        rq->reply.status = 422;
        rq->reply.body = sw_str(rq->sink_error.message);
    } else if (sw_str_eqz(path, "/echo") || sw_str_eqz(path, "/small") || sw_str_eqz(path, "/kept")) {
        rq->reply.body = rq->m.body;
        if (rq->encoded_sha256.p)
            sw_header_add(rq->arena, &rq->reply.headers, SW_STR("X-Sha"), sw_hex(rq->arena, rq->encoded_sha256.p, 32));
    } else if (sw_str_eqz(path, "/sink")) {
        rq->reply.body = sw_strf(rq->arena, "%lld", (long long)*(int64_t *)rq->user);
    } else if (sw_str_eqz(path, "/wait") || sw_str_eqz(path, "/until-ended")) {
        test_wait(t, rq, sw_str_eqz(path, "/until-ended"));
        rq->reply.body = SW_STR("waited");
    } else if (sw_str_eqz(path, "/head")) {
        sw_header_add(rq->arena, &rq->reply.headers, SW_STR("Content-Length"), SW_STR("123456"));
    } else if (sw_str_eqz(path, "/hold")) {
        memset(sw_arena_alloc(rq->arena, 4 * SW_MIB), 1, 4 * SW_MIB);
        rq->reply.body = SW_STR("held");
    } else if (sw_str_eqz(path, "/coding")) {
        rq->reply.body = sw_cat(rq->arena, SW_STR("<"), sw_header_find(&rq->m.headers, "content-encoding"), SW_STR(">"));
    } else if (sw_str_eqz(path, "/204")) {
        rq->reply.status = 204;
    } else if (sw_str_eqz(path, "/inject")) {
        sw_header_add(rq->arena, &rq->reply.headers, SW_STR("X-A"), SW_STR("1\r\nX-Evil: 2"));
        sw_header_add(rq->arena, &rq->reply.headers, SW_STR("X-B: y\r\nX-Evil"), SW_STR("2"));
    } else {
        test_stream(t, rq, path);
    }
}

static inline void test_done(void *arg, SwHttpRequest *rq, bool complete) {
    TestServer *t = arg;
    pthread_mutex_lock(&t->lock);
    if (complete)
        t->complete++;
    else
        t->incomplete++;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static inline TestServer *test_server(SwHttpServerOptions o) {
    SwArena *a = sw_arena_new(0);
    TestServer *t = sw_new(a, TestServer);
    SwError err = sw_error(a);
    *t = (TestServer){.arena = a, .live = {-1, -1}, .file = -1};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    o.handler = (SwHttpHandler){.arg = t, .begin = test_begin, .handle = test_handle, .done = test_done};
    assert_int_equal(sw_http_server_new(&o, &t->server, &err), 0);
    assert_int_equal(sw_http_listen(t->server, "127.0.0.1", 0, NULL, &t->port, &err), 0);
    assert_int_equal(pipe2(t->live, O_CLOEXEC), 0);
    return t;
}

static inline void test_release(TestServer *t) {
    pthread_mutex_lock(&t->lock);
    t->released = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

/* Wait until a counter reaches n. */
static inline void test_await(TestServer *t, const int *counter, int n) {
    pthread_mutex_lock(&t->lock);
    while (*counter < n)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

static inline void test_server_free(TestServer *t) {
    test_release(t);
    sw_http_server_stop(t->server, 2000);
    for (int i = 0; i < 2; i++)
        if (t->live[i] >= 0)
            close(t->live[i]);
    if (t->file >= 0)
        close(t->file);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->changed);
    sw_arena_free(t->arena);
}

static inline int test_connect(uint16_t port) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval tv = {20, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    return fd;
}

static inline void test_send(int fd, const void *p, size_t n) {
    const char *c = p;
    while (n > 0) {
        ssize_t k = send(fd, c, n, MSG_NOSIGNAL);
        assert_true(k > 0);
        c += k;
        n -= (size_t)k;
    }
}

static inline void test_say(int fd, const char *z) {
    test_send(fd, z, strlen(z));
}

/* All up to the end, or up to where `until` appears (NULL: the end). */
static inline SwStr test_hear(SwArena *a, int fd, const char *until) {
    SwBuf b = sw_buf(a, 16 * SW_MIB);
    char p[4096];
    while (!until || !sw_str_contains(sw_buf_str(&b), sw_str(until))) {
        ssize_t k = recv(fd, p, sizeof p, 0);
        if (k < 0 && errno == EAGAIN)
            fail_msg("nothing heard for 20 s");
        if (k <= 0)
            break;
        sw_buf_add(&b, p, (size_t)k);
    }
    return sw_buf_str(&b);
}

/* Say it, close our half, hear all. */
static inline SwStr test_exchange(SwArena *a, uint16_t port, const void *p, size_t n) {
    int fd = test_connect(port);
    test_send(fd, p, n);
    shutdown(fd, SHUT_WR);
    SwStr s = test_hear(a, fd, NULL);
    close(fd);
    return s;
}

/* "200 400": the status of each reply heard, in order. */
static inline SwStr test_statuses(SwArena *a, SwStr s) {
    SwBuf b = sw_buf(a, SW_KIB);
    for (size_t i = 0; i + 12 <= s.n; i++)
        if (memcmp(s.p + i, "HTTP/1.1 ", 9) == 0) {
            if (b.n)
                sw_buf_addc(&b, ' ');
            sw_buf_add(&b, s.p + i + 9, 3);
        }
    return sw_buf_str(&b);
}
