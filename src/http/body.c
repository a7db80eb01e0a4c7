/* SPDX-License-Identifier: Apache-2.0 */

/* A request's body: pieces come out of the transfer coding (or a length), pass the content coding, and end in memory or
 * in the handler's sink. Memory grows with what has arrived, not with what was announced. */

#include "http/conn.h"

#define BODY_KEEP (64 * SW_KIB) /* room that a connection keeps between requests */

bool sw_body_expected(const SwConn *c) {
    return c->head.chunked || c->head.length > 0;
}

/* Say 100 Continue to who waits for it, whatever the body's length: a client may take its absence before a final answer
 * for a refusal, and what comes next for part of that answer. Not to one whose body is here already. */
static bool invite(SwConn *c) {
    if (!c->head.expect_continue || (sw_body_expected(c) && c->beg < c->end))
        return true;
    c->continued = true;
    return sw_reply_continue(c);
}

/* The next piece of the body, a view of the buffer. 1: *ret_p is set, 0: the end, else SwBodyEnd negated. */
static int next_piece(SwConn *c, SwStr *ret_p) {
    for (;;) {
        if (c->head.chunked ? sw_chunked_ended(&c->chunked) : c->left == 0)
            return 0;
        if (c->beg == c->end) {
            ssize_t k = sw_conn_fill(c, 0);
            if (k <= 0)
                return k == SW_IO_TIMEOUT ? -SW_BODY_SLOW : -SW_BODY_LEFT;
        }
        size_t n = c->end - c->beg;
        if (c->head.chunked) {
            ssize_t used = sw_chunked_push(&c->chunked, c->buf + c->beg, n, ret_p);
            if (used < 0)
                return -SW_BODY_BAD;
            c->beg += (size_t)used;
        } else {
            *ret_p = sw_str_n(c->buf + c->beg, SW_MIN(n, (size_t)c->left));
            c->beg += ret_p->n;
            c->left -= (int64_t)ret_p->n;
        }
        if (ret_p->n)
            return 1;
    }
}

void sw_body_release(SwConn *c) {
    c->body_n = 0;
    if (c->body_cap <= BODY_KEEP)
        return;
    sw_arena_free(c->body_arena);
    c->body_arena = NULL;
    c->body_cap = 0;
}

typedef struct Growth {
    SwConn *c;
    size_t n;
} Growth;

/* Room for n bytes. A new arena each time, so that growth never holds more than old and new. */
static void grow(void *arg) {
    SwConn *c = ((Growth *)arg)->c;
    size_t n = ((Growth *)arg)->n;
    size_t cap = SW_MAX(c->body_cap * 2, 4 * SW_KIB);
    if (!c->head.chunked && !c->inflate)
        cap = SW_MIN(cap, (size_t)c->head.length + 1);
    cap = SW_MAX(cap, n + 1);
    _sw_arena_ SwArena *a = sw_arena_new(cap + SW_MIB);
    char *p = sw_arena_alloc(a, cap);
    if (c->body_n)
        memcpy(p, c->body, c->body_n);
    sw_arena_free(c->body_arena);
    c->body_arena = a;
    c->body = p;
    c->body_cap = cap - 1; /* one for a NUL */
    a = NULL;
}

static bool make_room(SwConn *c, size_t n) {
    Growth g = {c, n};
    if (n <= c->body_cap)
        return true;
    SwLack why = sw_guard(n > BODY_KEEP ? SW_POOL_BODIES : SW_POOL_REQUESTS, grow, &g);
    c->body_no_room = why == SW_LACK_MACHINE;
    return why == SW_LACK_NONE;
}

static int keep(void *arg, const void *p, size_t n, SwError *err) {
    SwConn *c = arg;
    if (n > c->rq.body_max - c->body_n)
        return -1;
    if (!make_room(c, c->body_n + n))
        return -1;
    memcpy(c->body + c->body_n, p, n);
    c->body_n += n;
    return 0;
}

static SwBodyEnd take(SwConn *c, SwStr piece, SwSink *sink, void *arg) {
    int rc;
    if (c->inflate) {
        sw_digest_add(c->digest, piece.p, piece.n);
        rc = sw_inflate_push(c->inflate, piece.p, piece.n, sink, arg, &c->rq.sink_error);
    } else {
        rc = sink(arg, piece.p, piece.n, &c->rq.sink_error);
    }
    if (rc >= 0)
        return rc == 0 ? SW_BODY_OK : SW_BODY_BAD;
    return c->rq.sink ? SW_BODY_SINK : c->body_no_room ? SW_BODY_NO_ROOM : SW_BODY_LARGE;
}

static SwBodyEnd finish(SwConn *c) {
    SwHttpRequest *rq = &c->rq;
    c->body_unread = false;
    if (c->inflate) {
        if (rq->received && !sw_inflate_ended(c->inflate))
            return SW_BODY_BAD;
        uint8_t *sha = sw_arena_alloc(rq->arena, SW_DIGEST_BYTES_MAX);
        rq->encoded_sha256 = sw_str_n((const char *)sha, sw_digest_end(c->digest, sha));
    }
    if (!rq->sink) {
        if (c->body_n)
            c->body[c->body_n] = 0;
        rq->m.body = c->body_n ? sw_str_n(c->body, c->body_n) : SW_STR("");
    }
    return SW_BODY_OK;
}

SwBodyEnd sw_body_read(SwConn *c) {
    SwHttpRequest *rq = &c->rq;
    if (c->head.coding.p && !rq->keep_encoding) {
        c->inflate = sw_inflate_new(rq->arena, c->head.coding);
        c->digest = sw_digest_new(rq->arena, SW_SHA256);
    }
    if (!rq->sink && !c->head.chunked && !c->inflate && c->head.length > 0 && (uint64_t)c->head.length > rq->body_max)
        return SW_BODY_LARGE;
    if (!invite(c))
        return SW_BODY_LEFT;
    SwSink *sink = rq->sink ? rq->sink : keep;
    void *arg = rq->sink ? rq->sink_arg : c;
    SwStr piece;
    int rc;
    while ((rc = next_piece(c, &piece)) > 0) {
        rq->received += (int64_t)piece.n;
        SwBodyEnd end = take(c, piece, sink, arg);
        if (end != SW_BODY_OK)
            return end;
    }
    return rc < 0 ? (SwBodyEnd)-rc : finish(c);
}

bool sw_body_skip(SwConn *c, int64_t max) {
    SwStr piece;
    int64_t n = 0;
    int rc = 1;
    if (!c->head.chunked && c->left > max)
        return false;
    while (n <= max && (rc = next_piece(c, &piece)) > 0)
        n += (int64_t)piece.n;
    c->body_unread = rc != 0;
    return rc == 0;
}
