/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the server share. Private to this room.
 *
 *   server.c  listeners, the list of connections, stop
 *   conn.c    a connection's life: heads, one request after the other
 *   body.c    a request's body, from the socket to memory or sink
 *   reply.c   a reply, from memory, file or callback to the socket
 *   head.c, coding.c  parsing, without I/O
 *   io.c      bytes, without HTTP                                        */

#include <pthread.h>
#include <stdatomic.h>

#include "base/digest.h"
#include "http/coding.h"
#include "http/head.h"
#include "http/io.h"
#include "http/server.h"

#define SW_CONN_BUF_SMALL (8 * SW_KIB)
#define SW_CONN_BUF_LARGE (SW_HEAD_MAX + 2 * SW_KIB)

/* SwConn.state. HEAD: within a TLS handshake or a request's head. BUSY: a request is served, or the connection ends. */
enum { SW_CONN_IDLE, SW_CONN_HEAD, SW_CONN_BUSY };

typedef struct SwConn SwConn;
struct SwConn {
    SwHttpRequest rq; /* first: sw_http_ended finds the connection by it */
    SwHttpServer *server;
    SwConn *prev, *next; /* server's list, under its lock */
    SwArena *arena;      /* of the connection; holds this struct */
    SwArena *out;        /* of one reply's head */
    SwIo io;
    int listener_id;
    atomic_int state;
    atomic_bool last;      /* no further request: its listener is gone, or it makes room for others */
    _Atomic int64_t since; /* when it became IDLE or HEAD */
    char *buf;             /* bytes read and not yet used: [beg, end) */
    size_t cap, beg, end;
    SwHead head;

    SwArena *body_arena; /* of a body kept in memory */
    char *body;
    size_t body_n, body_cap;
    int64_t left; /* of Content-Length */
    SwChunked chunked;
    SwInflate *inflate;
    SwDigest *digest;  /* of the encoded body */
    bool body_no_room; /* memory ended while it was kept */
    bool replying;     /* something of the reply may be on the wire */
    bool body_unread;  /* something of it is still to come: the next head is not there */
    bool continued;    /* 100 Continue was said */
    time_t date_s;
    char date[32];
};

struct SwHttpServer {
    SwArena *arena;
    SwHttpServerOptions o;
    pthread_t acceptor;
    bool started; /* the acceptor runs */
    int epoll, wake;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t gone;  /* a connection ended */
    SwConn *first;
    unsigned n;
    struct SwListener *listeners;
    int last_id;
    SSL_CTX *tls;
    pthread_mutex_t tls_lock; /* held while the first connection that needs it makes it */
    atomic_bool stopping;
    _Atomic int64_t connections, requests, refused;
};

void sw_conn_run(SwConn *c); /* conn.c: to the end of the connection */
/* Read more into the buffer, making room; as sw_io_read. */
ssize_t sw_conn_fill(SwConn *c, int64_t deadline_ns);
SSL_CTX *sw_server_tls_ref(SwHttpServer *s); /* NULL: plain only */

typedef enum SwBodyEnd {
    SW_BODY_OK,
    SW_BODY_LEFT,
    SW_BODY_SLOW,
    SW_BODY_BAD,
    SW_BODY_LARGE,
    SW_BODY_SINK,
    SW_BODY_NO_ROOM
} SwBodyEnd;
SwBodyEnd sw_body_read(SwConn *c); /* body.c: all of it, to rq.m.body or rq.sink */
void sw_body_release(SwConn *c);   /* give back what a large one held */
bool sw_body_expected(const SwConn *c);
bool sw_body_skip(SwConn *c, int64_t max); /* throw the rest away; false: it is longer, or broken */

/* reply.c: rq.reply goes out; false when it did not go out in full. keep: the connection stays open. */
bool sw_reply_send(SwConn *c, bool keep);
bool sw_reply_continue(SwConn *c); /* 100 Continue */
/* Make rq.reply a short answer of the server's own. */
void sw_reply_refusal(SwConn *c, uint16_t status, const char *why);
