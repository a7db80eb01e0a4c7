/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of each deployment as CloudWatch metrics: namespace Slipway/DORA, dimensions Service and Environment. */

#include "base/log.h"
#include "models/cloudwatch.gen.h"
#include "services/slipway/dora.h"

#define VALUES_MAX 150 /* of one datum: CloudWatch's limit */

static CloudwatchMetricDatum *datum(SwCtx *cx, CloudwatchPutMetricDataInput *in, const SlipwayDeployment *d, SwStr name,
                                    SwStr unit, SwTime at) {
    CloudwatchMetricDatum *m = sw_list_add(cx->arena, &in->metric_data);
    m->metric_name = name;
    m->unit = unit;
    m->timestamp = SW_SOME_TIME(at);
    *sw_list_add(cx->arena, &m->dimensions) = (CloudwatchDimension){SW_STR("Service"), d->service};
    *sw_list_add(cx->arena, &m->dimensions) = (CloudwatchDimension){SW_STR("Environment"), d->environment};
    return m;
}

/* A metric that cannot be stored must not keep the deployment from being recorded. */
static void put(SwCtx *cx, const CloudwatchPutMetricDataInput *in) {
    SwError err = sw_error(cx->arena);
    void *none;
    if (in->metric_data.n && cloudwatch_call_put_metric_data(cx, in, &none, &err) < 0)
        sw_log(SW_DEBUG, "dora metric not published", SW_F("error", err.message));
}

void slipway_dora_publish_end(SwCtx *cx, const SlipwayDeployment *d) {
    CloudwatchPutMetricDataInput in = {.namespace = SW_STR("Slipway/DORA")};
    bool failed = sw_str_eq(d->status, SLIPWAY_DEPLOYMENT_STATUS_FAILED);
    SwTime at = d->ended_at.v;
    datum(cx, &in, d, SW_STR("Deployments"), SW_STR("Count"), at)->value = SW_SOME_DOUBLE(1);
    datum(cx, &in, d, SW_STR("FailedDeployments"), SW_STR("Count"), at)->value = SW_SOME_DOUBLE(failed);
    datum(cx, &in, d, SW_STR("ReworkDeployments"), SW_STR("Count"), at)->value = SW_SOME_DOUBLE(SW_OR(d->rework, false));
    CloudwatchMetricDatum *lead = NULL;
    for (size_t i = 0; !failed && i < d->commits.n; i++) {
        SwOptDouble seconds = slipway_dora_lead_time(d, &d->commits.v[i]);
        if (!seconds.set)
            continue;
        if (!lead || lead->values.n == VALUES_MAX)
            lead = datum(cx, &in, d, SW_STR("ChangeLeadTime"), SW_STR("Seconds"), at);
        *sw_list_add(cx->arena, &lead->values) = seconds;
    }
    put(cx, &in);
}

void slipway_dora_publish_recovery(SwCtx *cx, const SlipwayDeployment *d) {
    CloudwatchPutMetricDataInput in = {.namespace = SW_STR("Slipway/DORA")};
    datum(cx, &in, d, SW_STR("FailedDeploymentRecoveryTime"), SW_STR("Seconds"), d->recovered_at.v)->value =
        slipway_dora_recovery_time(d);
    put(cx, &in);
}
