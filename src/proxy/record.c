/* SPDX-License-Identifier: Apache-2.0 */

/* The request log. HAProxy's workers append whole lines to requests.log through the standard output
 * that they got at birth, so a record exists before and without us; a position is a byte offset in
 * that file, which never shrinks: what was read is given back to the disk as a hole at its
 * beginning. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "proxy/internal.h"

#define WINDOW         (256 * SW_KIB)
#define LINE_MAX_BYTES (16 * SW_KIB) /* HAProxy writes at most 8 KiB */

/* ---- one line ---- */

enum { /* columns, as render.c writes them */
       C_END_US,
       C_TOTAL_MS,
       C_T0,
       C_T1,
       C_LB,
       C_LISTENER,
       C_RULE,
       C_BACKEND,
       C_SERVER,
       C_STATUS,
       C_TARGET_STATUS,
       C_RECEIVED,
       C_SENT,
       C_RETRIES,
       C_END,
       C_CLIENT,
       C_METHOD,
       C_VERSION,
       C_TRACE,
       C_HOST,
       C_URI,
       C_AGENT,
       _C_MAX
};

static SwStr word(SwStr s) {
    return sw_str_eqz(s, "-") ? SW_STR("") : s;
}

static int64_t number(SwStr s, int64_t otherwise) {
    int64_t v;

    if (sw_str_starts(s, SW_STR("+"))) /* HAProxy marks a number that was still growing, and redispatched retries */
        s = sw_str_skip(s, 1);
    return sw_str_to_i64(s, &v) ? v : otherwise;
}

/* Percent-encoded by HAProxy; a line that it cut may end within an escape. */
static SwStr text(SwArena *a, SwStr s) {
    SwStr out;

    s = word(s);
    for (size_t cut = 0; cut < 3 && cut <= s.n; cut++)
        if (sw_percent_decode(a, sw_str_drop(s, cut), false, &out))
            return out;
    return SW_STR("");
}

/* "10.1.2.3_8080" to "10.1.2.3:8080". */
static SwStr target_of(SwArena *a, SwStr server) {
    size_t at;

    if (!sw_str_rfind(server, '_', &at))
        return SW_STR("");
    return sw_strf(a, "%.*s:%.*s", (int)at, server.p, SW_FMT(sw_str_skip(server, at + 1)));
}

static size_t split(SwStr line, SwStr f[static _C_MAX]) {
    size_t n = 0;

    while (n < _C_MAX - 1 && sw_str_cut(&line, '\t', &f[n]))
        n++;
    f[n++] = line;
    return n;
}

bool sw_proxy_record_parse(SwArena *a, SwStr line, SwProxyRecord *ret) {
    SwStr f[_C_MAX] = {{0}};
    int64_t end_us, t0, t1;

    if (line.n > LINE_MAX_BYTES || split(line, f) <= C_CLIENT || !sw_str_to_i64(f[C_END_US], &end_us) || end_us <= 0 ||
        end_us > INT64_MAX / SW_US)
        return false;
    *ret = (SwProxyRecord){.ended = end_us * SW_US, .target_us = -1};
    ret->total_us = SW_MIN(SW_MAX(number(f[C_TOTAL_MS], 0), 0), INT64_MAX / 1000) * 1000;
    t0 = number(f[C_T0], 0);
    t1 = number(f[C_T1], 0);
    if (t0 > 0 && t1 >= t0)
        ret->target_us = t1 - t0;
    ret->lb = word(f[C_LB]);
    ret->listener = word(f[C_LISTENER]);
    ret->rule = word(f[C_RULE]);
    if (sw_str_starts(f[C_BACKEND], SW_STR("g:"))) {
        ret->group = sw_str_skip(f[C_BACKEND], 2);
        ret->target = target_of(a, f[C_SERVER]);
    }
    ret->status = (int)SW_MIN(SW_MAX(number(f[C_STATUS], 0), 0), 999);
    ret->target_status = (int)SW_MIN(SW_MAX(number(f[C_TARGET_STATUS], 0), 0), 999);
    ret->received = number(f[C_RECEIVED], 0);
    ret->sent = number(f[C_SENT], 0);
    ret->retries = (int)SW_MIN(SW_MAX(number(f[C_RETRIES], 0), 0), 999);
    memcpy(ret->end, f[C_END].p, SW_MIN(f[C_END].n, 2));
    ret->client = f[C_CLIENT];
    ret->method = word(f[C_METHOD]);
    ret->version = word(f[C_VERSION]);
    ret->trace_id = text(a, f[C_TRACE]);
    ret->host = text(a, f[C_HOST]);
    ret->uri = text(a, f[C_URI]);
    ret->user_agent = text(a, f[C_AGENT]);
    return true;
}

/* ---- the file ---- */

static int open_log(SwProxy *p, int flags) {
    return openat(p->dir_fd, "requests.log", flags | O_CLOEXEC);
}

/* Data begins after the hole that sw_proxy_forget made. */
static int64_t skip_hole(int fd, int64_t from) {
    off_t at = lseek(fd, from, SEEK_DATA);
    return at < 0 ? from : SW_MAX((int64_t)at, from);
}

/* Whole lines of one window; returns how many bytes they take. */
static size_t take_lines(SwArena *a, SwStr window, size_t max, SwProxyRecordList *ret) {
    SwStr rest = window, line;

    while (ret->n < max && sw_str_cut(&rest, '\n', &line)) {
        SwProxyRecord r;
        while (line.n && line.p[0] == 0) /* the tail of a block that was freed only in part */
            line = sw_str_skip(line, 1);
        if (sw_proxy_record_parse(a, line, &r))
            *sw_list_add(a, ret) = r;
    }
    return window.n - rest.n;
}

int sw_proxy_records(SwProxy *p, SwArena *a, int64_t from, size_t max, SwProxyRecordList *ret, int64_t *ret_next,
                     SwError *err) {
    _sw_close_ int fd = open_log(p, O_RDONLY);

    *ret = (SwProxyRecordList){0};
    *ret_next = from;
    if (fd < 0)
        return errno == ENOENT ? 0 : sw_fail_errno(err, errno, "open the request log");
    from = skip_hole(fd, SW_MAX(from, 0));
    while (ret->n < max) {
        char *window = sw_arena_alloc(a, WINDOW);
        ssize_t n = pread(fd, window, WINDOW, from);
        if (n < 0)
            return sw_fail_errno(err, errno, "read the request log");
        size_t used = take_lines(a, sw_str_n(window, (size_t)n), max, ret);
        if (used == 0 && n == (ssize_t)WINDOW) /* no line is so long: not ours, skip it */
            used = WINDOW;
        if (used == 0)
            break;
        from += (int64_t)used;
        *ret_next = from;
        if (n < (ssize_t)WINDOW)
            break;
    }
    return 0;
}

int sw_proxy_forget(SwProxy *p, int64_t before, SwError *err) {
    _sw_close_ int fd = open_log(p, O_RDWR);
    const int64_t block = 64 * (int64_t)SW_KIB; /* whole blocks only: a part would be written as zeros */

    before -= before % block;
    if (before <= 0)
        return 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : sw_fail_errno(err, errno, "open the request log");
    if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, before) < 0 && errno != EOPNOTSUPP)
        return sw_fail_errno(err, errno, "free the request log's beginning");
    return 0;
}

static bool longer_than(SwProxy *p, int64_t from) {
    struct stat st;
    return fstatat(p->dir_fd, "requests.log", &st, 0) == 0 && st.st_size > from;
}

bool sw_proxy_wait_record(SwProxy *p, int64_t from, int timeout_ms) {
    int64_t until = sw_monotonic_ns() + (int64_t)timeout_ms * SW_MS;
    _sw_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    char path[64], events[4096];

    snprintf(path, sizeof(path), "/proc/self/fd/%d/", p->dir_fd);
    if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY | IN_CREATE) < 0)
        return longer_than(p, from);
    while (!longer_than(p, from)) {
        int64_t left = (until - sw_monotonic_ns()) / SW_MS;
        struct pollfd pf = {.fd = fd, .events = POLLIN};
        if (left <= 0 || (poll(&pf, 1, (int)left) < 0 && errno != EINTR))
            return longer_than(p, from);
        while (read(fd, events, sizeof(events)) > 0)
            ;
    }
    return true;
}
