/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Small HTTP backends in threads, and clients, for tests of the proxy. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"

typedef struct Backend {
    int fd;
    uint16_t port;
    char name[16];
    atomic_int status; /* it answers with */
    atomic_int served;
    atomic_bool hold;   /* hold answers while set */
    atomic_int holding; /* requests being held */
    pthread_t thread;
} Backend;

typedef struct Conversation {
    Backend *b;
    int fd;
} Conversation;

static inline void answer(Backend *b, int fd, const char *request) {
    char body[512], head[256], out[1024];
    const char *trace = strcasestr(request, "\r\nx-amzn-trace-id: "), *xff = strcasestr(request, "\r\nx-forwarded-for: ");
    int n = snprintf(body, sizeof(body), "%s trace=%.*s xff=%.12s\n", b->name, trace ? (int)strcspn(trace + 19, "\r") : 1,
                     trace ? trace + 19 : "-", xff ? xff + 19 : "-");
    int status = atomic_load(&b->status);

    if (atomic_load(&b->hold)) {
        atomic_fetch_add(&b->holding, 1);
        while (atomic_load(&b->hold))
            usleep(1000);
        atomic_fetch_sub(&b->holding, 1);
    }
    snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %d\r\nSet-Cookie: APP=1\r\n\r\n", status, n);
    snprintf(out, sizeof(out), "%s%s", head, body);
    atomic_fetch_add(&b->served, 1);
    (void)!write(fd, out, strlen(out));
}

static inline void *converse(void *arg) {
    Conversation c = *(Conversation *)arg;
    char buf[8192];
    size_t have = 0;
    ssize_t n;

    free(arg);
    while ((n = read(c.fd, buf + have, sizeof(buf) - 1 - have)) > 0) {
        char *end;
        have += (size_t)n;
        buf[have] = 0;
        while ((end = strstr(buf, "\r\n\r\n"))) {
            size_t used = (size_t)(end + 4 - buf);
            answer(c.b, c.fd, buf);
            memmove(buf, buf + used, have - used + 1);
            have -= used;
        }
    }
    close(c.fd);
    return NULL;
}

static inline void *serve(void *arg) {
    Backend *b = arg;
    int fd;

    while ((fd = accept4(b->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        Conversation *c = malloc(sizeof(*c));
        pthread_t t;
        *c = (Conversation){b, fd};
        pthread_create(&t, NULL, converse, c);
        pthread_detach(t);
    }
    return NULL;
}

static inline int listen_any(uint16_t *ret_port) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
    assert_int_equal(listen(fd, 256), 0);
    getsockname(fd, (struct sockaddr *)&in, &n);
    *ret_port = ntohs(in.sin_port);
    return fd;
}

static inline uint16_t free_port(void) {
    uint16_t port;
    close(listen_any(&port));
    return port;
}

static inline void backend_start(Backend *b, const char *name) {
    memset(b, 0, sizeof(*b));
    snprintf(b->name, sizeof(b->name), "%s", name);
    atomic_store(&b->status, 200);
    b->fd = listen_any(&b->port);
    pthread_create(&b->thread, NULL, serve, b);
}

static inline void backend_stop(Backend *b) {
    shutdown(b->fd, SHUT_RDWR);
    close(b->fd);
    pthread_join(b->thread, NULL);
}

/* ---- client ---- */

typedef struct Reply {
    long status;
    char head[4096], body[4096];
} Reply;

static inline size_t keep(char *p, size_t size, size_t n, void *arg) {
    size_t have = strlen(arg), take = size * n;
    if (have + take < 4096) {
        memcpy((char *)arg + have, p, take);
        ((char *)arg)[have + take] = 0;
    }
    return size * n;
}

static inline long get_with(CURL *h, uint16_t port, const char *path, const char *host, const char *header, Reply *r) {
    char url[256], line[512];
    struct curl_slist *l = NULL;

    memset(r, 0, sizeof(*r));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    snprintf(line, sizeof(line), "Host: %s", host ? host : "");
    if (host)
        l = curl_slist_append(l, line);
    if (header)
        l = curl_slist_append(l, header);
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(h, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, l);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, (void *)r->body);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, (void *)r->head);
    if (curl_easy_perform(h) == CURLE_OK)
        curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &r->status);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(l);
    return r->status;
}

static inline long get(uint16_t port, const char *path, const char *host, const char *header, Reply *r) {
    CURL *h = curl_easy_init();
    long status = get_with(h, port, path, host, header, r);
    curl_easy_cleanup(h);
    return status;
}
