/* SPDX-License-Identifier: Apache-2.0 */

/* Reading and writing with bounds. Every wait is charged to the peer: an idle time-out catches who sends nothing, a
 * minimum rate catches who sends one byte a minute. */

#include "http/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/time.h"

void sw_io_init(SwIo *io, int fd, int idle_ms) {
    *io = (SwIo){.fd = fd, .idle_ms = idle_ms};
    struct timeval tv = {idle_ms / 1000, (idle_ms % 1000) * 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

void sw_io_request(SwIo *io) {
    io->waited_in = io->waited_out = io->bytes_in = io->bytes_out = 0;
}

static bool too_slow(const SwIo *io, int64_t waited, int64_t bytes) {
    return waited > io->idle_ms * SW_MS && bytes < waited / SW_S * SW_IO_RATE_MIN;
}

/* Wait for `events`, at most to the deadline and the idle time-out. 0, or SW_IO_TIMEOUT, SW_IO_FAILED. */
static int wait_for(const SwIo *io, short events, int64_t deadline_ns) {
    for (;;) {
        int64_t ms = io->idle_ms;
        if (deadline_ns) {
            int64_t left = (deadline_ns - sw_monotonic_ns()) / SW_MS + 1;
            if (left <= 0)
                return SW_IO_TIMEOUT;
            ms = SW_MIN(ms, left);
        }
        struct pollfd p = {.fd = io->fd, .events = events};
        int rc = poll(&p, 1, (int)SW_MIN(ms, INT_MAX));
        if (rc > 0)
            return 0;
        if (rc == 0)
            return SW_IO_TIMEOUT;
        if (errno != EINTR)
            return SW_IO_FAILED;
    }
}

static int ssl_wait(const SwIo *io, int rc, int64_t deadline_ns) {
    switch (SSL_get_error(io->ssl, rc)) {
    case SSL_ERROR_WANT_READ: return wait_for(io, POLLIN, deadline_ns);
    case SSL_ERROR_WANT_WRITE: return wait_for(io, POLLOUT, deadline_ns);
    default: return SW_IO_FAILED;
    }
}

int sw_io_accept_tls(SwIo *io, SSL_CTX *ctx, int64_t deadline_ns) {
    int flags = fcntl(io->fd, F_GETFL);
    io->ssl = SSL_new(ctx);
    if (!io->ssl || flags < 0 || fcntl(io->fd, F_SETFL, flags | O_NONBLOCK) < 0 || SSL_set_fd(io->ssl, io->fd) != 1)
        return SW_IO_FAILED;
    for (;;) {
        ERR_clear_error();
        int rc = SSL_accept(io->ssl);
        if (rc == 1)
            return 0;
        rc = ssl_wait(io, rc, deadline_ns);
        if (rc < 0)
            return rc;
    }
}

static ssize_t read_tls(SwIo *io, void *p, size_t n, int64_t deadline_ns) {
    if (!deadline_ns) /* of one record: its parts may come in many pieces */
        deadline_ns = sw_monotonic_ns() + io->idle_ms * SW_MS;
    for (;;) {
        ERR_clear_error();
        int rc = SSL_read(io->ssl, p, (int)SW_MIN(n, INT_MAX));
        if (rc > 0)
            return rc;
        if (SSL_get_error(io->ssl, rc) == SSL_ERROR_ZERO_RETURN)
            return 0;
        rc = ssl_wait(io, rc, deadline_ns);
        if (rc < 0)
            return rc;
    }
}

static ssize_t read_plain(SwIo *io, void *p, size_t n, int64_t deadline_ns) {
    for (;;) {
        if (deadline_ns) {
            int rc = wait_for(io, POLLIN, deadline_ns);
            if (rc < 0)
                return rc;
        }
        ssize_t k = recv(io->fd, p, n, deadline_ns ? MSG_DONTWAIT : 0);
        if (k >= 0)
            return k;
        if (errno == EAGAIN && !deadline_ns)
            return SW_IO_TIMEOUT;
        if (errno != EINTR && errno != EAGAIN)
            return SW_IO_FAILED;
    }
}

static int64_t wait_begin(SwIo *io) {
    int64_t t = sw_monotonic_ns();
    io->waits_since = t;
    return t;
}

/* How long it was. */
static int64_t wait_end(SwIo *io, int64_t since) {
    io->waits_since = 0;
    return sw_monotonic_ns() - since;
}

ssize_t sw_io_read(SwIo *io, void *p, size_t n, int64_t deadline_ns) {
    int64_t t = wait_begin(io);
    ssize_t k = io->ssl ? read_tls(io, p, n, deadline_ns) : read_plain(io, p, n, deadline_ns);
    io->waited_in += wait_end(io, t);
    if (k > 0)
        io->bytes_in += k;
    return k > 0 && too_slow(io, io->waited_in, io->bytes_in) ? SW_IO_TIMEOUT : k;
}

ssize_t sw_io_peek(SwIo *io, unsigned char *ret_c) {
    for (;;) {
        ssize_t k = recv(io->fd, ret_c, 1, MSG_PEEK);
        if (k >= 0)
            return k;
        if (errno != EINTR)
            return errno == EAGAIN ? SW_IO_TIMEOUT : SW_IO_FAILED;
    }
}

/* Charge a piece of sending; < 0 when it must end. */
static int charge_out(SwIo *io, int64_t since, ssize_t k) {
    io->waited_out += wait_end(io, since);
    if (k > 0)
        io->bytes_out += k;
    return too_slow(io, io->waited_out, io->bytes_out) ? SW_IO_TIMEOUT : 0;
}

static ssize_t write_tls(SwIo *io, const void *p, size_t n) {
    int64_t deadline = sw_monotonic_ns() + io->idle_ms * SW_MS;
    for (;;) {
        ERR_clear_error();
        int rc = SSL_write(io->ssl, p, (int)SW_MIN(n, 16 * SW_KIB));
        if (rc > 0)
            return rc;
        rc = ssl_wait(io, rc, deadline);
        if (rc < 0)
            return rc;
    }
}

static ssize_t write_plain(SwIo *io, struct iovec *v, int n, bool more) {
    struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
    for (;;) {
        ssize_t k = sendmsg(io->fd, &m, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (k >= 0)
            return k;
        if (errno != EINTR)
            return errno == EAGAIN ? SW_IO_TIMEOUT : SW_IO_FAILED;
    }
}

int sw_io_writev(SwIo *io, struct iovec *v, int n, bool more) {
    for (;;) {
        while (n > 0 && v->iov_len == 0)
            v++, n--;
        if (n == 0)
            return 0;
        int64_t t = wait_begin(io);
        /* Not more than the peer can be charged for at once: one call may wait for as long as the idle time-out. */
        struct iovec one = {v->iov_base, SW_MIN(v->iov_len, 256 * SW_KIB)};
        bool whole = v->iov_len <= 64 * SW_KIB;
        ssize_t k = io->ssl ? write_tls(io, one.iov_base, one.iov_len)
                    : whole ? write_plain(io, v, n, more)
                            : write_plain(io, &one, 1, true);
        if (k < 0)
            return (int)k;
        if (charge_out(io, t, k) < 0)
            return SW_IO_TIMEOUT;
        for (size_t left = (size_t)k; left > 0;) {
            size_t d = SW_MIN(left, v->iov_len);
            v->iov_base = (char *)v->iov_base + d;
            v->iov_len -= d;
            left -= d;
            if (v->iov_len == 0 && n > 1)
                v++, n--;
        }
    }
}

static int send_file_tls(SwIo *io, int file, int64_t offset, int64_t size, int64_t *ret_sent) {
    char b[16 * SW_KIB];
    while (*ret_sent < size) {
        ssize_t k = pread(file, b, (size_t)SW_MIN((int64_t)sizeof b, size - *ret_sent), offset + *ret_sent);
        if (k <= 0)
            return SW_IO_FAILED;
        int rc = sw_io_writev(io, &(struct iovec){b, (size_t)k}, 1, false);
        if (rc < 0)
            return rc;
        *ret_sent += k;
    }
    return 0;
}

int sw_io_send_file(SwIo *io, int file, int64_t offset, int64_t size, int64_t *ret_sent) {
    *ret_sent = 0;
    if (io->ssl)
        return send_file_tls(io, file, offset, size, ret_sent);
    off_t at = offset;
    while (*ret_sent < size) {
        int64_t t = wait_begin(io);
        ssize_t k = sendfile(io->fd, file, &at, (size_t)SW_MIN(size - *ret_sent, (int64_t)SW_MIB));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) /* 0: the file is shorter than promised */
            return k < 0 && errno == EAGAIN ? SW_IO_TIMEOUT : SW_IO_FAILED;
        *ret_sent += k;
        if (charge_out(io, t, k) < 0)
            return SW_IO_TIMEOUT;
    }
    return 0;
}

void sw_io_end(SwIo *io, int linger_ms) {
    char b[4 * SW_KIB];
    int64_t deadline = sw_monotonic_ns() + linger_ms * SW_MS;
    if (io->ssl) {
        ERR_clear_error();
        if (linger_ms > 0 && SSL_is_init_finished(io->ssl))
            (void)SSL_shutdown(io->ssl); /* best effort: the peer may be gone */
        SSL_free(io->ssl);
        io->ssl = NULL;
    }
    if (linger_ms > 0 && shutdown(io->fd, SHUT_WR) == 0)
        while (read_plain(io, b, sizeof b, deadline) > 0)
            ;
}
