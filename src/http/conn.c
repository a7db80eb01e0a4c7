/* SPDX-License-Identifier: Apache-2.0 */

/* A connection's life, on its own thread: the first byte tells plain from TLS, then one request after the other until
 * either side wants no more. Bytes that came early stay in the buffer, which is all that pipelining needs. */

#include "http/conn.h"

#include <poll.h>

#define SKIP_MAX      (64 * (int64_t)SW_KIB) /* of a refused body that is read to keep the connection */
#define LINGER_MS     2000
#define LINGER_MID_MS 5000 /* while the client may still be sending */

ssize_t sw_conn_fill(SwConn *c, int64_t deadline_ns) {
    if (c->beg == c->end)
        c->beg = c->end = 0;
    bool large = c->end == c->cap || c->left > (int64_t)c->cap || c->rq.received > (int64_t)c->cap;
    if (large && c->cap < SW_CONN_BUF_LARGE) {
        char *p = sw_arena_alloc(c->arena, SW_CONN_BUF_LARGE);
        if (c->end > c->beg)
            memcpy(p, c->buf + c->beg, c->end - c->beg);
        c->buf = p;
        c->cap = SW_CONN_BUF_LARGE;
        c->end -= c->beg;
        c->beg = 0;
    }
    if (c->end == c->cap) {
        memmove(c->buf, c->buf + c->beg, c->end - c->beg);
        c->end -= c->beg;
        c->beg = 0;
    }
    if (c->end == c->cap)
        return SW_IO_FAILED;
    ssize_t k = sw_io_read(&c->io, c->buf + c->end, c->cap - c->end, deadline_ns);
    if (k > 0)
        c->end += (size_t)k;
    return k;
}

static bool is_ending(const SwConn *c) {
    return c->server->stopping || c->last;
}

static void set_state(SwConn *c, int state) {
    c->since = sw_monotonic_ns();
    c->state = state;
}

/* Wait for a request's first byte. Empty lines before it are skipped, as RFC 9112 2.2 wants. */
static bool wait_for_request(SwConn *c) {
    for (int lines = 0; lines < 8;) {
        if (c->beg == c->end) {
            set_state(c, SW_CONN_IDLE);
            if (is_ending(c) || sw_conn_fill(c, 0) <= 0)
                return false;
        }
        set_state(c, SW_CONN_HEAD);
        if (c->buf[c->beg] != '\r')
            return true;
        if (c->end - c->beg < 2 && sw_conn_fill(c, 0) <= 0)
            return false;
        if (c->buf[c->beg + 1] != '\n')
            return true; /* the parser refuses it */
        c->beg += 2;
        lines++;
    }
    return true;
}

/* The text of a head, copied to the request's arena. Returns 0, a status to refuse with, or -1: just close. */
static int read_head(SwConn *c, SwStr *ret_text, const char **ret_why) {
    size_t scan = 0;
    int64_t deadline = 0;
    for (;;) {
        ssize_t n = sw_head_end(c->buf + c->beg, c->end - c->beg, &scan);
        if (n > 0) {
            *ret_text = sw_str_dup(c->rq.arena, sw_str_n(c->buf + c->beg, (size_t)n));
            c->beg += (size_t)n;
            return 0;
        }
        if (n < 0) {
            bool large = c->end - c->beg > SW_HEAD_MAX;
            *ret_why = large ? "the head is larger than 64 KiB" : "malformed head: lines end with CR LF";
            return large ? 431 : 400;
        }
        if (!deadline)
            deadline = sw_monotonic_ns() + c->server->o.header_timeout_ms * SW_MS;
        *ret_why = "the head took too long";
        ssize_t k = sw_conn_fill(c, deadline);
        if (k <= 0)
            return k == SW_IO_TIMEOUT ? 408 : -1;
    }
}

static void request_init(SwConn *c) {
    SwHttpRequest *rq = &c->rq;
    SwArena *a = rq->arena;
    SwHttpRequest fresh = {
        .arena = a,
        .peer = rq->peer,
        .tls = rq->tls,
        .listener_arg = rq->listener_arg,
        .started_ns = sw_monotonic_ns(),
        .body_max = 16 * SW_MIB,
        .sink_error = sw_error(a),
    };
    *rq = fresh;
    c->head = (SwHead){.length = -1, .minor = 1};
    c->left = 0;
    c->chunked = (SwChunked){0};
    c->inflate = NULL;
    c->digest = NULL;
    c->body_unread = c->body_no_room = c->continued = c->replying = false;
    sw_io_request(&c->io);
}

static bool refuse_head(SwConn *c, int status, const char *why) {
    c->server->refused++;
    c->body_unread = true;
    sw_reply_refusal(c, (uint16_t)status, why);
    (void)sw_reply_send(c, false); /* the client may be gone: nothing is left to do for it either way */
    return false;
}

/* All requests together hold as much memory as they may. */
static void refuse_busy(SwConn *c) {
    const SwHttpHandler *h = &c->server->o.handler;
    c->rq.close = true;
    if (h->refuse)
        h->refuse(h->arg, &c->rq, &SW_SLOW_DOWN, "Please reduce your request rate.");
    else
        sw_reply_refusal(c, 503, "please reduce your request rate");
}

/* Read the body and answer; *ret_left: the client is gone. */
static void handle_body(SwConn *c, bool *ret_left) {
    const SwHttpHandler *h = &c->server->o.handler;
    if (c->head.coding_unknown && !c->rq.keep_encoding && sw_body_expected(c)) {
        sw_reply_refusal(c, 415, "Content-Encoding must be gzip or deflate");
        return;
    }
    switch (sw_body_read(c)) {
    case SW_BODY_OK:
    case SW_BODY_SINK: h->handle(h->arg, &c->rq); return;
    case SW_BODY_LEFT: *ret_left = true; return;
    case SW_BODY_SLOW: sw_reply_refusal(c, 408, "the body took too long"); return;
    case SW_BODY_BAD: sw_reply_refusal(c, 400, "the body is not what its encoding says"); return;
    case SW_BODY_LARGE: sw_reply_refusal(c, 413, "the body is too large"); return;
    case SW_BODY_NO_ROOM: refuse_busy(c); return;
    }
}

/* A body that was not read in full: short rests are thrown away after the reply, others end the connection. So does a
 * final answer in place of the 100 Continue that a client waits for: it may send the body, or not, and some clients
 * (botocore) take the next reply on that connection for this one. */
static bool can_keep(SwConn *c) {
    if (c->rq.close || c->head.close || is_ending(c))
        return false;
    if (c->head.expect_continue && (c->body_unread || (!sw_body_expected(c) && !c->continued)))
        return false;
    return !c->body_unread || (!c->head.chunked && c->left <= SKIP_MAX);
}

/* What a request held goes now, not when the next one comes: an idle connection keeps a few pages. */
static void request_end(SwConn *c) {
    sw_arena_reset(c->rq.arena);
    sw_arena_reset(c->out);
    sw_body_release(c);
    c->rq.user = NULL;
    c->replying = false;
}

/* One request; false ends the connection. */
static bool serve_one(SwConn *c) {
    const SwHttpHandler *h = &c->server->o.handler;
    SwStr text;
    const char *why = "";
    request_init(c);
    int status = read_head(c, &text, &why);
    if (status < 0)
        return false;
    if (status == 0)
        status = sw_head_parse(c->rq.arena, text, &c->head, &why);
    set_state(c, SW_CONN_BUSY);
    c->rq.m.method = c->head.method;
    if (status)
        return refuse_head(c, status, why);
    c->server->requests++;
    c->rq.m.path = c->head.path;
    c->rq.m.query = c->head.query;
    c->rq.m.headers = c->head.headers;
    c->left = SW_MAX(c->head.length, 0);
    c->body_unread = sw_body_expected(c);
    bool left = false;
    if (h->begin(h->arg, &c->rq))
        handle_body(c, &left);
    c->replying = true;
    bool sent = !left && sw_reply_send(c, can_keep(c));
    if (h->done)
        h->done(h->arg, &c->rq, sent);
    if (!sent)
        c->body_unread = false; /* no reply that a reset could overtake */
    if (!sent || c->rq.close)
        return false;
    return !c->body_unread || sw_body_skip(c, SKIP_MAX);
}

static bool start_tls(SwConn *c) {
    SSL_CTX *ctx = sw_server_tls_ref(c->server);
    int64_t deadline = sw_monotonic_ns() + c->server->o.header_timeout_ms * SW_MS;
    bool ok = ctx && sw_io_accept_tls(&c->io, ctx, deadline) == 0;
    SSL_CTX_free(ctx);
    c->rq.tls = ok;
    return ok;
}

typedef struct Hello {
    SwConn *c;
    bool ok;
} Hello;

static void take_hello(void *arg) {
    Hello *h = arg;
    h->ok = start_tls(h->c);
}

typedef struct Turn {
    SwConn *c;
    bool served, more; /* a request came; another may */
} Turn;

static void take_turn(void *arg) {
    Turn *t = arg;
    if (!wait_for_request(t->c))
        return;
    t->served = true;
    t->more = serve_one(t->c);
}

/* What no guard further in could answer: a head that has no room, a reply that has none. */
static void turn_failed(SwConn *c) {
    static const char text[] = "HTTP/1.1 503 Slow Down\r\nRetry-After: 1\r\nContent-Type: application/json\r\n"
                               "Content-Length: 66\r\nConnection: close\r\n\r\n"
                               "{\"__type\":\"SlowDown\",\"message\":\"Please reduce your request rate.\"}";
    struct iovec v = {(void *)(uintptr_t)text, sizeof text - 1};
    const SwHttpHandler *h = &c->server->o.handler;
    if (!c->replying)
        (void)sw_io_writev(&c->io, &v, 1, false);
    c->rq.reply.status = 503;
    if (c->rq.user && h->done)
        h->done(h->arg, &c->rq, false);
    c->server->refused++;
}

void sw_conn_run(SwConn *c) {
    unsigned char first;
    bool ok = !is_ending(c) && sw_io_peek(&c->io, &first) > 0;
    if (ok && first == 0x16) {
        set_state(c, SW_CONN_HEAD);
        Hello h = {.c = c};
        ok = sw_guard(SW_POOL_REQUESTS, take_hello, &h) == SW_LACK_NONE && h.ok;
    }
    bool served = false;
    while (ok) {
        Turn t = {.c = c};
        if (sw_guard(SW_POOL_REQUESTS, take_turn, &t) != SW_LACK_NONE)
            turn_failed(c);
        ok = t.more;
        served |= t.served;
        request_end(c);
    }
    bool stopping = c->server->stopping;
    set_state(c, SW_CONN_BUSY);
    sw_io_end(&c->io, !served ? 0 : stopping ? 200 : c->body_unread ? LINGER_MID_MS : LINGER_MS);
}

bool sw_http_ended(const SwHttpRequest *rq) {
    const SwConn *c = (const SwConn *)(const void *)rq;
    struct pollfd p = {.fd = c->io.fd, .events = POLLRDHUP};
    return c->server->stopping || (poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)));
}
