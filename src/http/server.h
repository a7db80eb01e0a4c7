/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* HTTP server: plain and TLS on one port, bodies of any size in constant memory both ways. Nothing outside this room
 * sees what is behind it.
 *
 * A request goes through three calls of its handler, all on one thread:
 *   begin   headers are in: may answer at once (return false), else says where the body goes (rq->body_max, rq->sink)
 *   handle  the body is in full: fill rq->reply; its stream is sent while it is read
 *   done    the last byte went out, or the client left (then handle may not have run): for the access log. Then the
 *           arena ends.
 *
 * The server itself: keep-alive, Expect: 100-continue (answered after `begin`), Content-Encoding: gzip and deflate of
 * request bodies, chunked both ways, HEAD, lengths that contradict refused with 400, slow and half-open clients cut
 * after a time, at most `max_connections`, header block at most 64 KiB. Requests whose head is refused never reach the
 * handler; a body that is too large (413), malformed (400) or of an unknown coding (415) is answered between `begin`
 * and `done`, without `handle`.
 *
 * Of a reply, the server writes Content-Length, Transfer-Encoding and Connection, and Date unless it is set. With HEAD
 * and 304 a Content-Length that the handler set is kept, so that it need not make the body.
 *
 * Memory (base/memory.h): a request is served under a guard in SW_POOL_REQUESTS; a body of more than 64 KiB that is kept
 * in memory counts in SW_POOL_BODIES. Where a pool has no more, the answer is 503 SlowDown.
 *
 * Threads: a thread per connection; handler functions run on many at once. */

#include "wire/wire.h"

typedef struct SwHttpServer SwHttpServer;

typedef struct SwHttpRequest {
    SwArena *arena;
    SwWireMessage m; /* method, raw path, raw query, headers; body once `handle` runs and no sink was set */
    SwStr peer;      /* "127.0.0.1:51234" */
    bool tls;
    void *listener_arg;     /* of the listener that accepted it: which container calls, say */
    SwTime started_ns;      /* sw_monotonic_ns */
    int64_t received, sent; /* body bytes, as they were on the wire, without chunk framing */

    /* Set by `begin`. */
    size_t body_max; /* of a body kept in memory; larger is answered 413. Default 16 MiB */
    SwSink *sink;    /* takes the body's bytes after content decoding instead of m.body */
    void *sink_arg;
    bool keep_encoding; /* leave Content-Encoding to the handler: an S3 object keeps its own */

    /* Set by `begin` (when it returns false) or `handle`. status, headers, body or stream. */
    SwWireMessage reply;
    bool close;         /* end the connection after the reply */
    SwError sink_error; /* why the sink failed, when it did: `handle` is still called, to answer */

    SwStr encoded_sha256; /* of the body before its content coding was undone, raw: that is what a client
                           * signs. Absent where there was no coding */
    void *user;           /* the handler's own */
} SwHttpRequest;

typedef struct SwHttpHandler {
    void *arg;
    bool (*begin)(void *arg, SwHttpRequest *rq);
    void (*handle)(void *arg, SwHttpRequest *rq);
    /* After `begin`, instead of `handle`: make rq->reply this refusal, in the client's own protocol. */
    void (*refuse)(void *arg, SwHttpRequest *rq, const SwErrorKind *kind, const char *message);
    void (*done)(void *arg, SwHttpRequest *rq, bool complete);
} SwHttpHandler;

typedef struct SwHttpServerOptions {
    SwHttpHandler handler;
    unsigned max_connections;       /* 0: 4096. Past it one that is idle, in a head, or stalled for 2 s is ended; none: 503 */
    unsigned idle_timeout_s;        /* 0: 120; between requests and between bytes */
    const char *tls_cert, *tls_key; /* PEM text; NULL: plain only, or as the next says */
    /* Called when the first TLS connection comes and there is no certificate yet: calls sw_http_server_tls. A failure ends
     * that connection, and the next one asks again. NULL: there is none to be had. */
    int (*certificate)(void *arg, SwError *err);
    void *certificate_arg;
    unsigned idle_timeout_ms;   /* instead of idle_timeout_s where not 0 */
    unsigned header_timeout_ms; /* 0: 20,000; from a head's first byte to its last, and for the TLS handshake */
    bool paused;                /* listen and let connections queue, but accept none before sw_http_server_start */
    SwClock *clock;             /* of the Date header; NULL: the system's */
} SwHttpServerOptions;

int sw_http_server_new(const SwHttpServerOptions *o, SwHttpServer **ret_s, SwError *err) sw_must_check;
/* Another certificate for connections from now on: after the authority renewed it. */
int sw_http_server_tls(SwHttpServer *s, const char *cert_pem, const char *key_pem, SwError *err) sw_must_check;
bool sw_http_server_has_tls(SwHttpServer *s);
/* Another program listens there already. */
extern const SwErrorKind SW_HTTP_PORT_TAKEN;
/* Listen on a numeric address; port 0: any free. A first byte of 0x16 makes the connection TLS. Returns the port. */
int sw_http_listen(SwHttpServer *s, const char *address, uint16_t port, void *listener_arg, uint16_t *ret_port,
                   SwError *err) sw_must_check;
/* Serve a listening socket that somebody else made (in a container's network namespace). Takes it over.
 * ret_id names it for sw_http_unlisten, which stops accepting; connections in flight end by themselves after the
 * request they are at, so that listener_arg must outlive them. */
int sw_http_listen_fd(SwHttpServer *s, int fd, void *listener_arg, int *ret_id, SwError *err) sw_must_check;
void sw_http_unlisten(SwHttpServer *s, int id);
/* Begin to accept, once: for a server made with `paused`. */
int sw_http_server_start(SwHttpServer *s, SwError *err) sw_must_check;
/* Stop accepting; connections end after the request they are at, as when the server stops. */
void sw_http_server_pause(SwHttpServer *s);
/* Stop accepting, let requests in flight finish (at most drain_ms), close, free. */
void sw_http_server_stop(SwHttpServer *s, int drain_ms);

/* For handlers that wait and replies that go on forever: true once the client has left (or will send no more) or the
 * server drains. */
bool sw_http_ended(const SwHttpRequest *rq);

typedef struct SwHttpStats {
    int64_t connections, requests, open, idle; /* idle: open, and waiting for a request */
    int64_t refused;                           /* heads that were no HTTP, connections past the limit */
} SwHttpStats;
void sw_http_server_stats(SwHttpServer *s, SwHttpStats *ret);
