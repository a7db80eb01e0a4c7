/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Schedule expressions: rate(5 minutes), cron(0 10 * * ? *) (EventBridge User Guide, "Setting a schedule pattern"). Pure
 * functions over the clock's times, in UTC as for rules. */

#include "base/error.h"
#include "base/time.h"

typedef struct EventsSchedule {
    SwTime rate;                     /* 0: cron, then: */
    uint64_t minutes, hours, months; /* bit sets */
    uint64_t days, weekdays;         /* of the month from 1; of the week from 1, Sunday */
    uint64_t years[4];               /* from 1970 */
    bool by_weekday;                 /* else by day of the month */
    bool last_day;                   /* L: of the month */
    int near_day;                    /* nW: the weekday nearest to the n-th; 32: LW, the month's last weekday */
    int last_weekday;                /* nL: the last such day of the month */
    int nth_weekday, nth;            /* n#k: the k-th such day of the month */
} EventsSchedule;

/* Fails with ValidationException. */
int events_schedule_parse(SwStr text, EventsSchedule *ret_s, SwError *err) sw_must_check;
/* First time behind `after`; a rate counts from `from`. False: never again. */
bool events_schedule_next(const EventsSchedule *s, SwTime from, SwTime after, SwTime *ret_t);
