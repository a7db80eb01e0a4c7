/* SPDX-License-Identifier: Apache-2.0 */

/* Metric math over a small grid. What is refused has a reason; what is accepted has values for each period. */

#include <math.h>
#include <stdlib.h>

#include "services/cloudwatch/math.h"

#define PERIODS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void series(CloudwatchMath *m, CloudwatchMathKind kind, size_t n, CloudwatchValue *ret) {
    static const double points[PERIODS] = {1, NAN, -3.5, 1e300};
    *ret = (CloudwatchValue){.kind = kind, .n_series = n, .period = 60};
    ret->series = sw_new_n(m->arena, double *, n + 1);
    ret->label = sw_new_n(m->arena, SwStr, n + 1);
    for (size_t k = 0; k < n; k++) {
        ret->series[k] = sw_new_n(m->arena, double, PERIODS);
        ret->label[k] = SW_STR("m");
        for (size_t i = 0; i < PERIODS; i++)
            ret->series[k][i] = points[(i + k) % PERIODS];
    }
}

/* a, b: series; l: a list of two; e: an empty one. */
static int look_up(void *arg, SwStr id, CloudwatchValue *ret, SwError *err) {
    if (sw_str_eqz(id, "l") || sw_str_eqz(id, "e"))
        series(arg, CLOUDWATCH_LIST, sw_str_eqz(id, "l") ? 2 : 0, ret);
    else if (sw_str_eqz(id, "a") || sw_str_eqz(id, "b"))
        series(arg, CLOUDWATCH_SERIES, 1, ret);
    else
        return sw_fail(err, &SW_VALIDATION_ERROR, "nothing is called so");
    return 0;
}

static int metrics(void *arg, SwStr part, CloudwatchValue *ret, SwError *err) {
    series(arg, CLOUDWATCH_LIST, part.n % 3, ret);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 2048) /* the API's limit */
        return 0;
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    CloudwatchMath m = {.arena = a, .n = PERIODS, .period = 60, .look_up = look_up, .metrics = metrics};
    m.arg = &m;
    CloudwatchValue v;
    if (cloudwatch_math(&m, sw_str_n((const char *)data, size), &v, &err) < 0) {
        if (!err.kind || !err.message || !*err.message)
            abort();
    } else {
        volatile double all = v.number;
        for (size_t k = 0; k < v.n_series; k++)
            for (size_t i = 0; i < PERIODS; i++)
                all += v.series[k][i];
    }
    sw_arena_free(a);
    return 0;
}
