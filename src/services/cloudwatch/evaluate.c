/* SPDX-License-Identifier: Apache-2.0 */
/* Datapoints to a state. */

#include "services/cloudwatch/evaluate.h"

bool cloudwatch_breaches(const CloudwatchJudge *j, double v) {
    if (sw_str_eqz(j->comparison, "GreaterThanThreshold"))
        return v > j->threshold;
    if (sw_str_eqz(j->comparison, "GreaterThanOrEqualToThreshold"))
        return v >= j->threshold;
    if (sw_str_eqz(j->comparison, "LessThanThreshold"))
        return v < j->threshold;
    return v <= j->threshold;
}

/* Too few datapoints, and those there are do not decide. AWS goes to ALARM when all that is known breaches and the
 * oldest of it is at least M periods old; a single new one may yet be followed by better. */
static CloudwatchOutcome sparse(const CloudwatchJudge *j, size_t used, size_t breaching, size_t oldest_age) {
    bool ignore = sw_str_eqz(j->missing, "ignore");
    if (used == 0)
        return ignore ? CLOUDWATCH_RETAIN : CLOUDWATCH_INSUFFICIENT;
    if (breaching < used)
        return CLOUDWATCH_OK;
    if (ignore)
        return CLOUDWATCH_RETAIN;
    return oldest_age >= j->needed ? CLOUDWATCH_ALARM : CLOUDWATCH_OK;
}

CloudwatchOutcome cloudwatch_judge(const CloudwatchJudge *j, const CloudwatchPoint *points, size_t n, size_t *ret_used,
                                   size_t *ret_breaching) {
    size_t used = 0, breaching = 0, oldest_age = 0;
    for (size_t i = 0; i < n && used < j->periods; i++) {
        if (!points[i].known)
            continue;
        used++;
        oldest_age = i + 1;
        breaching += cloudwatch_breaches(j, points[i].value);
    }
    *ret_used = used;
    *ret_breaching = breaching;
    if (breaching >= j->needed)
        return CLOUDWATCH_ALARM;
    if (used == j->periods || sw_str_eqz(j->missing, "notBreaching"))
        return CLOUDWATCH_OK;
    if (sw_str_eqz(j->missing, "breaching"))
        return breaching + (j->periods - used) >= j->needed ? CLOUDWATCH_ALARM : CLOUDWATCH_OK;
    return sparse(j, used, breaching, oldest_age);
}
