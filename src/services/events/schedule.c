/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules. A cron field becomes a bit set; the next time is found by walking days, then the bits of a matching day. */

#include "services/events/schedule.h"

#include <time.h>

#define YEAR_FIRST 1970
#define YEAR_LAST  2199

static int invalid(SwError *err) {
    return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter ScheduleExpression is not valid.");
}

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
                                          "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekday_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

typedef struct Field {
    int least, most;
    const char *const *names; /* of least, least + 1, ...; or NULL */
} Field;

static bool number(const Field *f, SwStr s, int *ret) {
    int64_t v;
    for (int i = 0; f->names && f->names[i]; i++)
        if (sw_str_ieq(s, sw_str(f->names[i]))) {
            *ret = f->least + i;
            return true;
        }
    if (s.n > 4 || !sw_str_to_i64(s, &v) || s.p[0] == '+' || v < f->least || v > f->most)
        return false;
    *ret = (int)v;
    return true;
}

/* One of a comma's parts: "*", "a", "a-b", each with "/step"; "a/step" goes on to the end. Ranges may wrap: FRI-MON. */
static bool part(const Field *f, SwStr s, uint64_t *bits) {
    int a = f->least, b = f->most;
    int64_t step = 1;
    SwStr range, low;
    bool stepped = sw_str_cut(&s, '/', &range);
    if (stepped && (!sw_str_to_i64(s, &step) || step < 1 || step > f->most))
        return false;
    if (!stepped)
        range = s;
    if (!sw_str_eqz(range, "*")) {
        if (sw_str_cut(&range, '-', &low)) {
            if (!number(f, low, &a) || !number(f, range, &b))
                return false;
        } else {
            if (!number(f, range, &a))
                return false;
            b = stepped ? f->most : a;
        }
    }
    int size = f->most - f->least + 1, span = a <= b ? b - a : b + size - a;
    for (int64_t i = 0; i <= span; i += step) {
        int v = f->least + (a - f->least + (int)i) % size, bit = f->least >= YEAR_FIRST ? v - YEAR_FIRST : v;
        bits[bit / 64] |= UINT64_C(1) << bit % 64;
    }
    return true;
}

static bool field(const Field *f, SwStr s, uint64_t *bits) {
    SwStr one;
    if (!sw_str_is(s) || sw_str_ends(s, SW_STR(",")))
        return false;
    while (sw_str_next(&s, ',', &one))
        if (!part(f, one, bits))
            return false;
    return true;
}

static bool days(SwStr s, EventsSchedule *r) {
    static const Field f = {1, 31, NULL};
    if (sw_str_eqz(s, "L"))
        return r->last_day = true;
    if (sw_str_eqz(s, "LW"))
        return (r->near_day = 32) != 0;
    if (sw_str_ends(s, SW_STR("W")))
        return number(&f, sw_str_drop(s, 1), &r->near_day);
    return field(&f, s, &r->days);
}

static bool weekdays(SwStr s, EventsSchedule *r) {
    static const Field f = {1, 7, weekday_names}, nth = {1, 5, NULL};
    SwStr rest = s, day;
    if (sw_str_eqz(s, "L"))
        return (r->weekdays = 1 << 7) != 0;
    if (sw_str_ends(s, SW_STR("L")))
        return number(&f, sw_str_drop(s, 1), &r->last_weekday);
    if (sw_str_cut(&rest, '#', &day))
        return number(&f, day, &r->nth_weekday) && number(&nth, rest, &r->nth);
    return field(&f, s, &r->weekdays);
}

static bool cron(SwStr s, EventsSchedule *r) {
    static const Field minute = {0, 59, NULL}, hour = {0, 23, NULL}, month = {1, 12, month_names},
                       year = {YEAR_FIRST, YEAR_LAST, NULL};
    SwStr f[6], one;
    size_t n = 0;
    while (sw_str_next(&s, ' ', &one)) {
        if (!sw_str_is(one))
            continue;
        if (n == SW_N(f))
            return false;
        f[n++] = one;
    }
    if (n != SW_N(f) || sw_str_eqz(f[2], "?") == sw_str_eqz(f[4], "?"))
        return false; /* one of both says which days, the other is "?" */
    r->by_weekday = sw_str_eqz(f[2], "?");
    return field(&minute, f[0], &r->minutes) && field(&hour, f[1], &r->hours) && field(&month, f[3], &r->months) &&
           (r->by_weekday ? weekdays(f[4], r) : days(f[2], r)) && field(&year, f[5], r->years);
}

/* "1 minute", "5 minutes": the unit is singular for one, plural otherwise. */
static bool rate(SwStr s, EventsSchedule *r) {
    static const struct {
        const char *one, *many;
        SwTime unit;
    } units[] = {{"minute", "minutes", SW_MINUTE}, {"hour", "hours", SW_HOUR}, {"day", "days", SW_DAY}};
    SwStr count;
    int64_t n;
    s = sw_str_trim(s);
    if (!sw_str_cut(&s, ' ', &count) || !sw_str_to_i64(count, &n) || n < 1 || n > 50000)
        return false;
    for (size_t i = 0; i < SW_N(units); i++)
        if (sw_str_eqz(s, n == 1 ? units[i].one : units[i].many))
            return (r->rate = n * units[i].unit) != 0;
    return false;
}

int events_schedule_parse(SwStr text, EventsSchedule *ret_s, SwError *err) {
    bool is_rate = sw_str_starts(text, SW_STR("rate(")), is_cron = sw_str_starts(text, SW_STR("cron("));
    *ret_s = (EventsSchedule){0};
    if ((!is_rate && !is_cron) || !sw_str_ends(text, SW_STR(")")))
        return invalid(err);
    SwStr inner = sw_str_drop(sw_str_skip(text, 5), 1);
    return (is_rate ? rate(inner, ret_s) : cron(inner, ret_s)) ? 0 : invalid(err);
}

static int month_length(int year, int month) {
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return length[month - 1] + (month == 2 && leap);
}

/* Day of the month that nW or LW means, where day `d` has weekday `w` (from 1, Sunday): never leaves the month. */
static int nearest(int n, int length, int d, int w) {
    int last = n == 32;
    if (!last && n > length)
        return 0; /* 31W in April: not at all */
    if (last)
        n = length;
    int wn = ((w - 1 + n - d) % 7 + 7) % 7; /* weekday of the n-th, Sunday 0 */
    if (wn == 6)
        return n > 1 ? n - 1 : n + 2;
    if (wn == 0)
        return n < length ? n + 1 : n - 2;
    return n;
}

static bool day_matches(const EventsSchedule *s, const struct tm *t) {
    int year = t->tm_year + 1900, month = t->tm_mon + 1, d = t->tm_mday, w = t->tm_wday + 1, length = month_length(year, month);
    int y = year - YEAR_FIRST;
    if (!(s->years[y / 64] >> y % 64 & 1) || !(s->months >> month & 1))
        return false;
    if (s->by_weekday) {
        if (s->last_weekday)
            return w == s->last_weekday && d + 7 > length;
        if (s->nth)
            return w == s->nth_weekday && (d - 1) / 7 + 1 == s->nth;
        return s->weekdays >> w & 1;
    }
    if (s->last_day)
        return d == length;
    if (s->near_day)
        return d == nearest(s->near_day, length, d, w);
    return s->days >> d & 1;
}

bool events_schedule_next(const EventsSchedule *s, SwTime from, SwTime after, SwTime *ret_t) {
    if (s->rate) {
        *ret_t = after < from ? from + s->rate : from + ((after - from) / s->rate + 1) * s->rate;
        return true;
    }
    SwTime first = (after / SW_MINUTE + 1) * SW_MINUTE;
    for (SwTime day = first / SW_DAY * SW_DAY;; day += SW_DAY) {
        time_t seconds = (time_t)(day / SW_S);
        struct tm t;
        if (!gmtime_r(&seconds, &t) || t.tm_year + 1900 > YEAR_LAST)
            return false;
        if (!day_matches(s, &t))
            continue;
        for (int m = day < first ? (int)((first - day) / SW_MINUTE) : 0; m < 24 * 60; m++)
            if (s->hours >> m / 60 & 1 && s->minutes >> m % 60 & 1) {
                *ret_t = day + m * SW_MINUTE;
                return true;
            }
    }
}
