/* SPDX-License-Identifier: Apache-2.0 */
/* The access log. A line is built in the request's arena and written with one write(2), so lines never mix. No lock is held
 * for that: 64 connections spent more time waiting for it than writing. */

#include "api/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"

#define ROTATE_AT (64 * SW_MIB)

struct SwAccessLog {
    pthread_mutex_t lock; /* of who rotates */
    int fd;               /* stays the same number */
    _Atomic size_t size;
    const char *path, *old_path;
    _Atomic int64_t by_class[6], bytes_in, bytes_out, duration_ns;
};

static int open_file(const char *path) {
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

int sw_access_log_open(SwArena *a, const char *dir, SwAccessLog **ret_l, SwError *err) {
    SwAccessLog *l = sw_new(a, SwAccessLog);
    pthread_mutex_init(&l->lock, NULL);
    l->path = sw_path(a, dir, "access.log");
    l->old_path = sw_path(a, dir, "access.log.1");
    l->fd = open_file(l->path);
    if (l->fd < 0)
        return sw_fail_errno(err, errno, "The access log %s cannot be opened", l->path);
    off_t end = lseek(l->fd, 0, SEEK_END);
    l->size = end > 0 ? (size_t)end : 0;
    *ret_l = l;
    return 0;
}

void sw_access_log_close(SwAccessLog *l) {
    if (!l)
        return;
    close(l->fd);
    pthread_mutex_destroy(&l->lock);
}

/* The new file takes the place of the old under the same number; what is being written ends up in the one or the other. */
static void rotate(SwAccessLog *l) {
    pthread_mutex_lock(&l->lock);
    if (l->size > ROTATE_AT && rename(l->path, l->old_path) == 0) {
        _sw_close_ int fresh = open_file(l->path);
        if (fresh >= 0 && dup3(fresh, l->fd, O_CLOEXEC) >= 0)
            l->size = 0;
    }
    pthread_mutex_unlock(&l->lock);
}

static void write_line(SwAccessLog *l, SwStr line) {
    if (l->size > ROTATE_AT)
        rotate(l);
    ssize_t n = write(l->fd, line.p, line.n);
    if (n > 0)
        l->size += (size_t)n;
}

static void name_of(SwBuf *b, const char *name) {
    sw_buf_addz(b, ",\""); /* not a format: ten of these a request were a tenth of a read's time */
    sw_buf_addz(b, name);
    sw_buf_addz(b, "\":");
}

static void field(SwBuf *b, const char *name, SwStr value) {
    if (!value.p)
        return;
    name_of(b, name);
    sw_json_write_string(b, value);
}

static void number(SwBuf *b, const char *name, int64_t value) {
    name_of(b, name);
    sw_buf_addi(b, value);
}

static SwStr line_of(SwHost *h, const SwAccess *x, int64_t duration_ns) {
    const SwHttpRequest *rq = x->rq;
    SwBuf b = sw_buf(rq->arena, 64 * SW_KIB);
    sw_buf_addz(&b, "{\"time\":\"");
    sw_buf_adds(&b, sw_time_iso8601(rq->arena, sw_clock_now(h->clock)));
    sw_buf_addc(&b, '"');
    field(&b, "requestId", x->cx->request_id);
    field(&b, "peer", rq->peer);
    field(&b, "network", x->cx->net_id);
    field(&b, "method", rq->m.method);
    field(&b, "path", rq->m.path); /* the query may hold a presigned URL's signature: left out */
    field(&b, "service", sw_str(x->service));
    field(&b, "operation", sw_str(x->operation));
    field(&b, "account", x->cx->account);
    field(&b, "region", x->cx->region);
    field(&b, "principal", x->cx->principal.arn);
    field(&b, "userAgent", sw_header_find(&rq->m.headers, "user-agent"));
    number(&b, "status", rq->reply.status);
    number(&b, "bytesIn", rq->received);
    number(&b, "bytesOut", rq->sent);
    number(&b, "durationMicros", duration_ns / SW_US);
    if (x->error)
        field(&b, "error", sw_str(x->error->kind->code));
    if (!x->complete)
        sw_buf_addz(&b, ",\"aborted\":true");
    sw_buf_addz(&b, "}\n");
    return sw_buf_str(&b);
}

void sw_access_log(SwHost *h, const SwAccess *x) {
    SwAccessLog *l = h->access_log;
    if (!l)
        return;
    int64_t ns = sw_monotonic_ns() - x->rq->started_ns;
    unsigned class = x->rq->reply.status / 100;
    atomic_fetch_add(&l->by_class[class < 6 ? class : 5], 1);
    atomic_fetch_add(&l->bytes_in, x->rq->received);
    atomic_fetch_add(&l->bytes_out, x->rq->sent);
    atomic_fetch_add(&l->duration_ns, ns);
    write_line(l, line_of(h, x, ns));
    if (x->error && x->error->kind->http >= 500)
        sw_log(SW_ERROR, "request failed", SW_F("request_id", x->cx->request_id), SW_F("service", x->service),
               SW_F("operation", x->operation), SW_F("code", x->error->kind->code), SW_F("message", x->error->message),
               SW_F("cause", x->error->cause ? x->error->cause : ""));
}

void sw_access_counts(SwHost *h, SwAccessCounts *ret) {
    *ret = (SwAccessCounts){0};
    const SwAccessLog *l = h->access_log;
    if (!l)
        return;
    for (size_t i = 0; i < 6; i++)
        ret->by_class[i] = atomic_load(&l->by_class[i]);
    ret->bytes_in = atomic_load(&l->bytes_in);
    ret->bytes_out = atomic_load(&l->bytes_out);
    ret->duration_ns = atomic_load(&l->duration_ns);
}
