/* SPDX-License-Identifier: Apache-2.0 */
/* Times as text, in the forms that the AWS protocols and HTTP use. */

#include "base/time.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Whole seconds, rounded down also before 1970; the rest in ns. */
static void split(SwTime t, struct tm *ret_tm, SwTime *ret_ns) {
    time_t s = (time_t)(t / SW_S);
    SwTime ns = t % SW_S;
    if (ns < 0) {
        s--;
        ns += SW_S;
    }
    gmtime_r(&s, ret_tm);
    *ret_ns = ns;
}

/* `n` digits at p; gives what is behind them. */
static char *put(char *p, size_t n, int v, char behind) {
    for (size_t i = n; i-- > 0; v /= 10)
        p[i] = (char)('0' + v % 10);
    p[n] = behind;
    return p + n + 1;
}

/* Without printf, as each request has one: SwTime's years, 1677 to 2262, have four digits. */
SwStr sw_time_iso8601(SwArena *a, SwTime t) {
    struct tm tm;
    SwTime ns;
    split(t, &tm, &ns);
    int ms = (int)(ns / SW_MS);
    char *text = sw_arena_alloc(a, sizeof("2026-01-01T00:00:00.000Z")), *p = text;
    p = put(p, 4, tm.tm_year + 1900, '-');
    p = put(p, 2, tm.tm_mon + 1, '-');
    p = put(p, 2, tm.tm_mday, 'T');
    p = put(p, 2, tm.tm_hour, ':');
    p = put(p, 2, tm.tm_min, ':');
    p = put(p, 2, tm.tm_sec, ms ? '.' : 'Z');
    if (ms)
        p = put(p, 3, ms, 'Z');
    *p = 0;
    return sw_str_n(text, (size_t)(p - text));
}

SwStr sw_time_http(SwArena *a, SwTime t) {
    struct tm tm;
    SwTime ns;
    split(t, &tm, &ns);
    return sw_strf(a, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                   tm.tm_hour, tm.tm_min, tm.tm_sec);
}

SwStr sw_time_compact(SwArena *a, SwTime t) {
    struct tm tm;
    SwTime ns;
    split(t, &tm, &ns);
    return sw_strf(a, "%04d%02d%02dT%02d%02d%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                   tm.tm_sec);
}

/* `n` digits at *s, moved past. */
static bool take(SwStr *s, size_t n, int *ret) {
    int v = 0;
    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    *s = sw_str_skip(*s, n);
    *ret = v;
    return true;
}

static bool take_char(SwStr *s, const char *any) {
    if (!s->n || !strchr(any, s->p[0]))
        return false;
    *s = sw_str_skip(*s, 1);
    return true;
}

static bool make(int y, int mo, int d, int h, int mi, int sec, SwTime *ret) {
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (y < 1678 || y > 2261 || mo < 1 || mo > 12 || d < 1 || d > month_days[mo - 1] || h > 23 || mi > 59 || sec > 60)
        return false; /* the years that 64 bits of nanoseconds hold */
    struct tm tm = {.tm_year = y - 1900, .tm_mon = mo - 1, .tm_mday = d, .tm_hour = h, .tm_min = mi, .tm_sec = sec};
    *ret = (SwTime)timegm(&tm) * SW_S;
    return tm.tm_mday == d; /* 29 February of another year moved on */
}

/* 2026-11-21[T ]03:38:00[.123456789](Z|+hh:mm|+hhmm), or the date alone. */
static bool parse_iso(SwStr s, SwTime *ret) {
    int y, mo, d, h = 0, mi = 0, sec = 0, oh, om;
    SwTime ns = 0, t;
    if (!take(&s, 4, &y) || !take_char(&s, "-") || !take(&s, 2, &mo) || !take_char(&s, "-") || !take(&s, 2, &d))
        return false;
    if (take_char(&s, "Tt ")) {
        if (!take(&s, 2, &h) || !take_char(&s, ":") || !take(&s, 2, &mi))
            return false;
        if (take_char(&s, ":") && !take(&s, 2, &sec))
            return false;
        if (take_char(&s, ".,")) {
            SwTime unit = SW_S / 10;
            int digit;
            if (!s.n || s.p[0] < '0' || s.p[0] > '9')
                return false;
            for (; take(&s, 1, &digit); unit /= 10)
                ns += unit * digit;
        }
    }
    if (!make(y, mo, d, h, mi, sec, &t))
        return false;
    if (s.n && !take_char(&s, "Zz")) {
        bool minus = s.p[0] == '-';
        if (!take_char(&s, "+-") || !take(&s, 2, &oh))
            return false;
        take_char(&s, ":");
        if (!take(&s, 2, &om) || oh > 23 || om > 59)
            return false;
        SwTime off = oh * SW_HOUR + om * SW_MINUTE;
        t += minus ? off : -off;
    }
    *ret = t + ns;
    return s.n == 0;
}

/* Sat, 21 Nov 2026 03:38:00 GMT */
static bool parse_http(SwStr s, SwTime *ret) {
    int d, y, h, mi, sec, mo = 0;
    SwStr day;
    if (!sw_str_cut(&s, ',', &day))
        return false;
    s = sw_str_trim(s);
    if (!take(&s, 2, &d) && !take(&s, 1, &d))
        return false;
    if (!take_char(&s, " -") || s.n < 3)
        return false;
    while (mo < 12 && memcmp(s.p, months[mo], 3) != 0)
        mo++;
    s = sw_str_skip(s, 3);
    if (mo == 12 || !take_char(&s, " -") || !take(&s, 4, &y) || !take_char(&s, " ") || !take(&s, 2, &h) ||
        !take_char(&s, ":") || !take(&s, 2, &mi) || !take_char(&s, ":") || !take(&s, 2, &sec))
        return false;
    s = sw_str_trim(s);
    if (!sw_str_eqz(s, "GMT") && !sw_str_eqz(s, "UTC") && !sw_str_eqz(s, "+0000"))
        return false;
    return make(y, mo + 1, d, h, mi, sec, ret);
}

/* Seconds since 1970, with a fraction kept exactly to the nanosecond when it is written in full. */
static bool parse_epoch(SwStr s, SwTime *ret) {
    int64_t whole;
    double d;
    SwStr left = s;
    if (sw_str_cut(&s, '.', &left)) {
        uint64_t fraction;
        bool minus = left.n && left.p[0] == '-';
        if (s.n <= 9 && sw_str_to_u64(s, &fraction) && sw_str_to_i64(left, &whole) && whole > -9000000000 &&
            whole < 9000000000) {
            for (size_t i = s.n; i < 9; i++)
                fraction *= 10;
            *ret = whole * SW_S + (minus ? -(SwTime)fraction : (SwTime)fraction);
            return true;
        }
        s = sw_str_n(left.p, left.n + 1 + s.n);
    }
    if (sw_str_to_i64(s, &whole) && whole > -9000000000 && whole < 9000000000) {
        *ret = whole * SW_S;
        return true;
    }
    if (!sw_str_to_double(s, &d) || !(fabs(d) < 9e9))
        return false;
    *ret = (SwTime)llround(d * 1e6) * SW_US;
    return true;
}

bool sw_time_parse(SwStr s, SwTime *ret_t) {
    return parse_epoch(s, ret_t) || parse_iso(s, ret_t) || parse_http(s, ret_t);
}

int64_t sw_monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SW_S + t.tv_nsec;
}

bool sw_duration_parse(SwStr s, SwTime *ret_t) {
    static const struct {
        const char *unit;
        SwTime ns;
    } units[] = {{"ms", SW_MS}, {"us", SW_US}, {"d", SW_DAY}, {"h", SW_HOUR}, {"m", SW_MINUTE}, {"s", SW_S}};
    SwTime total = 0;
    if (!s.n)
        return false;
    while (s.n) {
        size_t digits = 0, u = 0;
        uint64_t v;
        while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
            digits++;
        if (!sw_str_to_u64(sw_str_n(s.p, digits), &v))
            return false;
        s = sw_str_skip(s, digits);
        while (u < SW_N(units) && !sw_str_starts(s, sw_str(units[u].unit)))
            u++;
        if (u == SW_N(units) || v > (uint64_t)(INT64_MAX / units[u].ns) || total > INT64_MAX - (SwTime)v * units[u].ns)
            return false;
        total += (SwTime)v * units[u].ns;
        s = sw_str_skip(s, strlen(units[u].unit));
    }
    *ret_t = total;
    return true;
}
