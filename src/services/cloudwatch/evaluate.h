/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Judging datapoints as an alarm does: M out of N, with AWS's treatment of missing data ("Configuring how CloudWatch
 * alarms treat missing data" in the CloudWatch User Guide). Pure: no store, no clock. */

#include "base/str.h"
#include "base/time.h"

typedef struct CloudwatchPoint {
    SwTime at;
    double value, count;
    bool known; /* there was a datapoint */
} CloudwatchPoint;

typedef enum CloudwatchOutcome {
    CLOUDWATCH_RETAIN,
    CLOUDWATCH_OK,
    CLOUDWATCH_ALARM,
    CLOUDWATCH_INSUFFICIENT
} CloudwatchOutcome;

typedef struct CloudwatchJudge {
    size_t periods, needed; /* N and M */
    SwStr comparison;       /* "GreaterThanThreshold" */
    double threshold;
    SwStr missing; /* "missing" (or absent), "ignore", "breaching", "notBreaching" */
} CloudwatchJudge;

/* Datapoints beyond N that are looked at when newer ones are missing. */
#define CLOUDWATCH_RANGE_BEYOND 2

bool cloudwatch_breaches(const CloudwatchJudge *j, double value);
/* points: newest first, N + CLOUDWATCH_RANGE_BEYOND of them. *ret_used: how many known ones were judged, the newest;
 * *ret_breaching: how many of those breach; N - used were filled. */
CloudwatchOutcome cloudwatch_judge(const CloudwatchJudge *j, const CloudwatchPoint *points, size_t n, size_t *ret_used,
                                   size_t *ret_breaching);
