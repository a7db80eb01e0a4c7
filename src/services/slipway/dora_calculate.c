/* SPDX-License-Identifier: Apache-2.0 */
/* The five numbers. A number that nothing is known about has no value; each names what it is made of. */

#include <stdlib.h>

#include "services/slipway/dora.h"

typedef struct Sample {
    double *v;
    size_t n;
} Sample;

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static SwOptDouble median(Sample s) {
    if (!s.n)
        return (SwOptDouble){0};
    qsort(s.v, s.n, sizeof *s.v, by_size);
    return SW_SOME_DOUBLE(s.n % 2 ? s.v[s.n / 2] : (s.v[s.n / 2 - 1] + s.v[s.n / 2]) / 2);
}

static double seconds(SwTime t) {
    return (double)t / (double)SW_S;
}

/* Clocks of committers differ from ours: nothing took less than no time. */
static SwOptDouble between(SwOptTime from, SwOptTime to) {
    return from.set && to.set ? SW_SOME_DOUBLE(seconds(SW_MAX(to.v - from.v, 0))) : (SwOptDouble){0};
}

SwOptDouble slipway_dora_lead_time(const SlipwayDeployment *d, const SlipwayDeploymentCommit *c) {
    return between(c->committed_at, d->ended_at);
}

SwOptDouble slipway_dora_recovery_time(const SlipwayDeployment *d) {
    return between(d->ended_at, d->recovered_at);
}

static SlipwayDoraNumber *number(SwArena *a, SwStr unit) {
    SlipwayDoraNumber *n = sw_new(a, SlipwayDoraNumber);
    n->unit = unit;
    sw_list_present(a, &n->deployment_ids);
    return n;
}

static SwOptDouble share(int64_t part, int64_t whole) {
    return whole ? SW_SOME_DOUBLE((double)part / (double)whole) : (SwOptDouble){0};
}

static void add_lead_times(SwArena *a, const SlipwayDeployment *d, SlipwayDoraNumber *n, Sample *times) {
    bool named = false;
    for (size_t i = 0; i < d->commits.n; i++) {
        const SlipwayDeploymentCommit *c = &d->commits.v[i];
        SwOptDouble lead = slipway_dora_lead_time(d, c);
        if (!lead.set)
            continue;
        *sw_list_add(a, times) = lead.v;
        sw_str_list_add(a, &n->commit_ids, c->commit_id);
        named = true;
    }
    if (named)
        sw_str_list_add(a, &n->deployment_ids, d->deployment_id);
}

void slipway_dora_calculate(SwArena *a, const SlipwayDeploymentList *all, SwTime from, SwTime to, SlipwayDoraMetrics *out) {
    Sample lead = {0}, recovery = {0};
    int64_t ended = 0, failed = 0, rework = 0;
    out->change_lead_time = number(a, SW_STR("Seconds"));
    out->deployment_frequency = number(a, SW_STR("PerDay"));
    out->change_fail_rate = number(a, SW_STR("Share"));
    out->failed_deployment_recovery_time = number(a, SW_STR("Seconds"));
    out->rework_rate = number(a, SW_STR("Share"));
    sw_list_present(a, &out->change_lead_time->commit_ids);
    for (size_t i = 0; i < all->n; i++) {
        const SlipwayDeployment *d = &all->v[i];
        if (!d->ended_at.set || d->ended_at.v < from || d->ended_at.v >= to)
            continue;
        ended++;
        if (sw_str_eq(d->status, SLIPWAY_DEPLOYMENT_STATUS_FAILED)) {
            failed++;
            sw_str_list_add(a, &out->change_fail_rate->deployment_ids, d->deployment_id);
            SwOptDouble took = slipway_dora_recovery_time(d);
            if (took.set) {
                *sw_list_add(a, &recovery) = took.v;
                sw_str_list_add(a, &out->failed_deployment_recovery_time->deployment_ids, d->deployment_id);
            }
        } else {
            add_lead_times(a, d, out->change_lead_time, &lead);
            sw_str_list_add(a, &out->deployment_frequency->deployment_ids, d->deployment_id);
        }
        if (SW_OR(d->rework, false)) {
            rework++;
            sw_str_list_add(a, &out->rework_rate->deployment_ids, d->deployment_id);
        }
    }
    out->deployments = SW_SOME_INT(ended);
    out->failed_deployments = SW_SOME_INT(failed);
    out->change_lead_time->value = median(lead);
    if (ended > failed && to > from)
        out->deployment_frequency->value = SW_SOME_DOUBLE((double)(ended - failed) / (seconds(to - from) / 86400));
    out->change_fail_rate->value = share(failed, ended);
    out->failed_deployment_recovery_time->value = median(recovery);
    out->rework_rate->value = share(rework, ended);
}
