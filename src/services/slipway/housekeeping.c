/* SPDX-License-Identifier: Apache-2.0 */
/* Once an hour of the clock: blobs that nothing refers to go, metrics older than CloudWatch keeps them go, and a
 * certificate that is near its end is made anew. */

#include "base/log.h"
#include "services/slipway/slipway.h"

#define METRICS_KEPT (455 * SW_DAY) /* CloudWatch User Guide, "Metrics retention": 15 months */

static int tidy(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    int64_t removed;
    if (sw_host_renew_certificate(cx->host, cx->arena, err) < 0)
        return -1;
    if (sw_blob_collect(cx->host->blobs, &removed, err) < 0)
        return -1;
    if (removed > 0)
        sw_log(SW_INFO, "removed blobs without a reference", SW_FN("count", removed));
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || sw_series_trim(cx->tx, sw_now(cx) - METRICS_KEPT, err) < 0)
        return -1;
    ret_step->again = sw_now(cx) + SW_HOUR;
    ret_step->waiting = true;
    return sw_ctx_commit(cx, err);
}

const SwController slipway_housekeeping = {
    .name = "slipway/housekeeping",
    .step = tidy,
    .parallel = 1,
    .unfailing = "it belongs to no resource; the next hour's step tidies",
};

int slipway_housekeeping_resume(SwCtx *cx, SwError *err) {
    return sw_wake(cx, &slipway_housekeeping, SW_STR("all"), 0, err);
}
