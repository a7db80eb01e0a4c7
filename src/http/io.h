/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One connection's bytes, plain or TLS, never waiting without end. Private to this room.
 *
 * Plain sockets block in the kernel with SO_RCVTIMEO and SO_SNDTIMEO: one system call a read. TLS sockets are
 * non-blocking with poll, since one record may take many reads. Threads: the connection's own. */

#include <sys/uio.h>

#include "base/base.h"
#include "base/lazy_crypto.h"
#include "base/lazy_ssl.h"

#define SW_IO_FAILED  (-1)
#define SW_IO_TIMEOUT (-2)

typedef struct SwIo {
    int fd;
    SSL *ssl; /* NULL: plain */
    int idle_ms;
    _Atomic int64_t waits_since;   /* when the wait for the peer began that is on now; 0: none. Others look at it */
    int64_t waited_in, waited_out; /* ns spent waiting for the peer, and bytes it moved meanwhile: who moves fewer */
    int64_t bytes_in, bytes_out;   /* than SW_IO_RATE_MIN a second for longer than idle_ms is cut off */
} SwIo;
#define SW_IO_RATE_MIN 256

void sw_io_init(SwIo *io, int fd, int idle_ms);
void sw_io_request(SwIo *io); /* a new request: rates are measured afresh */
int sw_io_accept_tls(SwIo *io, SSL_CTX *ctx, int64_t deadline_ns);
/* deadline: by sw_monotonic_ns, 0: only the idle time-out. Returns bytes, 0 at the end, SW_IO_FAILED, SW_IO_TIMEOUT. */
ssize_t sw_io_read(SwIo *io, void *p, size_t n, int64_t deadline_ns);
/* First byte without taking it; as sw_io_read otherwise. Plain sockets only. */
ssize_t sw_io_peek(SwIo *io, unsigned char *ret_c);
/* Write all of it. more: something follows at once. 0 or < 0. The vector is changed. */
int sw_io_writev(SwIo *io, struct iovec *v, int n, bool more);
/* Send a part of a file. *ret_sent counts even on failure. */
int sw_io_send_file(SwIo *io, int file, int64_t offset, int64_t size, int64_t *ret_sent);
/* End it: the peer sees the end of our bytes; what it still sends is thrown away for at most linger_ms, so that no reset
 * overtakes our last reply. The socket itself stays open, for whoever may still shut it down. */
void sw_io_end(SwIo *io, int linger_ms);
