/* SPDX-License-Identifier: Apache-2.0 */
/* One event a line on standard error, in logfmt. The line is built on the stack and written at once. */

#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LINE_MAX_BYTES 8192

static _Atomic int least = -1;
static const char *const names[] = {[SW_DEBUG] = "debug", [SW_INFO] = "info", [SW_WARN] = "warn", [SW_ERROR] = "error"};

void sw_log_level(SwLogLevel level) {
    atomic_store(&least, (int)level);
}

static int level_from_environment(void) {
    const char *want = getenv("SLIPWAY_LOG");
    for (int i = 0; want && i <= SW_ERROR; i++)
        if (strcmp(want, names[i]) == 0)
            return i;
    return SW_INFO;
}

typedef struct Line {
    char p[LINE_MAX_BYTES];
    size_t n;
} Line;

static void put(Line *l, char c) {
    if (l->n < sizeof l->p - 1)
        l->p[l->n++] = c;
}

/* Quoted when it holds anything but plain characters; control characters are escaped, so one event stays one line. */
static void put_value(Line *l, SwStr v) {
    bool plain = v.n > 0;
    for (size_t i = 0; i < v.n && plain; i++)
        plain = v.p[i] > ' ' && v.p[i] != '"' && v.p[i] != '=' && v.p[i] != '\\' && v.p[i] != 0x7F;
    if (!plain)
        put(l, '"');
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if (c == '"' || c == '\\') {
            put(l, '\\');
            put(l, (char)c);
        } else if (c < ' ' || c == 0x7F) {
            char hex[5];
            snprintf(hex, sizeof hex, "\\x%02x", c);
            for (const char *h = c == '\n' ? "\\n" : hex; *h; h++)
                put(l, *h);
        } else {
            put(l, (char)c);
        }
    }
    if (!plain)
        put(l, '"');
}

SwStr sw_log_num(char buf[static 32], int64_t v) {
    int n = snprintf(buf, 32, "%lld", (long long)v);
    return (SwStr){buf, (size_t)n};
}

void sw_log_fields(SwLogLevel level, const char *msg, const SwLogField *f, size_t n) {
    int at_least = atomic_load(&least);
    if (at_least < 0)
        atomic_store(&least, at_least = level_from_environment());
    if ((int)level < at_least)
        return;
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    Line l = {.n = 0};
    int head = snprintf(l.p, sizeof l.p, "time=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ level=%s msg=", tm.tm_year + 1900,
                        tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000, names[level]);
    l.n = (size_t)head;
    put_value(&l, sw_str(msg));
    for (size_t i = 0; i < n; i++) {
        put(&l, ' ');
        for (const char *k = f[i].key; *k; k++)
            put(&l, *k);
        put(&l, '=');
        put_value(&l, f[i].value);
    }
    l.p[l.n++] = '\n';
    ssize_t written = write(STDERR_FILENO, l.p, l.n);
    (void)written; /* there is nowhere left to complain to */
}
