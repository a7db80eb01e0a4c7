/* SPDX-License-Identifier: Apache-2.0 */
/* A web server small enough for an image FROM scratch: one thread a connection, HTTP/1.1 with keep-alive. SIGTERM drains:
 * no new connections, each open one is closed after the request that it is at. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "page.h"

#define REQUEST_MAX 8192

static atomic_bool draining;
static atomic_int connections;

static const char *reason(int status) {
    return status == 200 ? "OK" : status == 404 ? "Not Found" : status == 405 ? "Method Not Allowed" : "Service Unavailable";
}

static int send_all(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

static int answer(int fd, char *request, int close_after) {
    char method[16] = "", path[256] = "", body[256], reply[640];
    if (sscanf(request, "%15s %255s", method, path) != 2)
        return -1;
    int status = page(method, path, body, sizeof body);
    int n = snprintf(reply, sizeof reply, "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n%s", status,
                     reason(status), strlen(body), close_after ? "Connection: close\r\n" : "", strcmp(method, "HEAD") == 0 ? "" : body);
    return send_all(fd, reply, (size_t)n);
}

/* One request's head, from what is left of the last read on. 1: there is one, 0: the peer is done or the server drains. */
static int read_head(int fd, char *buf, size_t *have, char **end) {
    for (;;) {
        buf[*have] = '\0';
        if ((*end = strstr(buf, "\r\n\r\n")))
            return 1;
        if (*have == REQUEST_MAX)
            return 0;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, 200);
        if (ready == 0 && atomic_load(&draining) && *have == 0)
            return 0;
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        ssize_t n = recv(fd, buf + *have, REQUEST_MAX - *have, 0);
        if (n <= 0)
            return 0;
        *have += (size_t)n;
    }
}

static void *serve(void *arg) {
    int fd = (int)(long)arg, go_on = 1;
    char buf[REQUEST_MAX + 1], *end;
    size_t have = 0;
    while (go_on && read_head(fd, buf, &have, &end)) {
        int close_after = atomic_load(&draining) || strcasestr(buf, "connection: close") || strstr(buf, " HTTP/1.0\r\n");
        size_t used = (size_t)(end + 4 - buf);
        go_on = answer(fd, buf, close_after) == 0 && !close_after;
        have -= used;
        memmove(buf, buf + used, have);
    }
    shutdown(fd, SHUT_WR);
    close(fd);
    atomic_fetch_sub(&connections, 1);
    return NULL;
}

static int listen_on(int port) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 256) < 0) {
        perror("hello: listen");
        exit(1);
    }
    return fd;
}

static void accept_one(int fd) {
    pthread_t thread;
    int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (c < 0)
        return;
    atomic_fetch_add(&connections, 1);
    if (pthread_create(&thread, NULL, serve, (void *)(long)c) != 0) {
        close(c);
        atomic_fetch_sub(&connections, 1);
        return;
    }
    pthread_detach(thread);
}

int main(void) {
    const char *port = getenv("PORT");
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigaddset(&end, SIGINT);
    sigprocmask(SIG_BLOCK, &end, NULL);
    int signals = signalfd(-1, &end, SFD_CLOEXEC);
    struct pollfd warm_up = {.fd = signals, .events = POLLIN};
    if (poll(&warm_up, 1, WARM_UP_S * 1000) > 0)        /* what a larger program does before it serves */
        return 0;
    int fd = listen_on(port ? atoi(port) : 8080);
    printf("hello %s listens on %s\n", VERSION, port ? port : "8080");
    fflush(stdout);
    struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    while (poll(p, 2, -1) >= 0 || errno == EINTR) {
        if (p[1].revents)
            break;
        if (p[0].revents)
            accept_one(fd);
    }
    close(fd);
    atomic_store(&draining, 1);
    printf("draining %d connections\n", atomic_load(&connections));
    fflush(stdout);
    while (atomic_load(&connections) > 0)
        poll(NULL, 0, 20);
    return 0;
}
