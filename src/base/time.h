/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Time is SwTime: nanoseconds since 1970-01-01T00:00:00Z, UTC, no leap seconds. It comes from one clock that can run
 * real, scaled or stepped; nothing else asks the system what time it is, except to measure durations of its own work
 * (sw_monotonic_ns). */

#include "base/arena.h"
#include "base/str.h"

typedef int64_t SwTime;

#define SW_US     ((SwTime)1000)
#define SW_MS     (1000 * SW_US)
#define SW_S      (1000 * SW_MS)
#define SW_MINUTE (60 * SW_S)
#define SW_HOUR   (3600 * SW_S)
#define SW_DAY    (24 * SW_HOUR)

SwStr sw_time_iso8601(SwArena *a, SwTime t); /* 2026-11-21T03:38:00.123Z; no fraction when 0 ms */
SwStr sw_time_http(SwArena *a, SwTime t);    /* RFC 9110 IMF-fixdate: Sat, 21 Nov 2026 03:38:00 GMT */
SwStr sw_time_compact(SwArena *a, SwTime t); /* SigV4: 20261121T033800Z */
bool sw_time_parse(SwStr s, SwTime *ret_t);  /* any of: ISO 8601 with Z or offset, IMF-fixdate, epoch seconds with fraction */
int64_t sw_monotonic_ns(void);
bool sw_duration_parse(SwStr s, SwTime *ret_t); /* "15m", "1h30m", "250ms", "2d" */

/* The clock.
 *   real     the system's
 *   scaled   runs `scale` times as fast from the moment it was set
 *   stepped  stands still until advanced
 * Threads: any. Waiters are woken when time is advanced or the mode changes. */
typedef enum SwClockMode { SW_CLOCK_REAL, SW_CLOCK_SCALED, SW_CLOCK_STEPPED } SwClockMode;
typedef struct SwClock SwClock;

SwClock *sw_clock_new(void); /* real */
void sw_clock_free(SwClock *c);
SwTime sw_clock_now(SwClock *c);
void sw_clock_get(SwClock *c, SwClockMode *ret_mode, double *ret_scale, SwTime *ret_offset);
/* scale: 0.001 to 1000000, anything else counts as 1. */
void sw_clock_set(SwClock *c, SwClockMode mode, double scale, SwTime offset); /* offset from the system's time */
void sw_clock_advance(SwClock *c, SwTime by);                                 /* any mode: adds to the offset */
/* How it is set: it showed `shown` when the system's time was `system`, and went on from there in its mode. Put into a
 * clock of another process, that one shows what this one would. */
typedef struct SwClockSetting {
    SwClockMode mode;
    double scale;
    SwTime shown, system;
} SwClockSetting;
void sw_clock_setting(SwClock *c, SwClockSetting *ret); /* as of now */
void sw_clock_put(SwClock *c, const SwClockSetting *s);
/* Real time to wait until the clock shows `t`, in ns; INT64_MAX when stepped and t is ahead; 0 when it is past. */
int64_t sw_clock_until(SwClock *c, SwTime t);
void sw_clock_on_change(SwClock *c, void (*fn)(void *), void *arg); /* one listener: the engine */
