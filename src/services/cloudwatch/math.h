/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Metric math ("Using metric math" in the CloudWatch User Guide) over series on one grid of periods. Pure: the caller
 * gives what an id stands for.
 *
 *   + - * / ^  < <= > >= == !=  && ||  unary -      numbers, series, lists of series; what is missing on one side is missing
 *   SUM AVG MIN MAX STDDEV                          of a series: a number; of a list: a series
 *   ABS CEIL FLOOR LOG LOG10 RATE DIFF RUNNING_SUM  of a series
 *   FILL(m, number | REPEAT | LINEAR)  IF(c, a[, b])  METRICS(["part of id"])  METRIC_COUNT  PERIOD  FIRST LAST
 *   DATAPOINT_COUNT  TIME_SERIES
 *
 * SEARCH, ANOMALY_DETECTION_BAND and whatever else is refused by its name. */

#include "base/error.h"

typedef enum CloudwatchMathKind { CLOUDWATCH_NUMBER, CLOUDWATCH_SERIES, CLOUDWATCH_LIST, CLOUDWATCH_TEXT } CloudwatchMathKind;

typedef struct CloudwatchValue {
    CloudwatchMathKind kind;
    double number;
    double **series; /* of `n_series`: one, or a list's; each of the grid's length, NAN: none */
    SwStr *label;    /* of each */
    size_t n_series;
    int64_t period; /* seconds */
    SwStr text;
} CloudwatchValue;

typedef struct CloudwatchMath {
    SwArena *arena;
    size_t n;       /* periods of the grid */
    int64_t period; /* seconds */
    void *arg;
    /* What an id stands for; fails when nothing has it, or it stands for itself in a circle. */
    int (*look_up)(void *arg, SwStr id, CloudwatchValue *ret, SwError *err);
    /* All metrics (not expressions) whose id contains `part`: METRICS(). */
    int (*metrics)(void *arg, SwStr part, CloudwatchValue *ret, SwError *err);
} CloudwatchMath;

/* Fails with ValidationError, saying where. */
int cloudwatch_math(const CloudwatchMath *m, SwStr expression, CloudwatchValue *ret, SwError *err) sw_must_check;
