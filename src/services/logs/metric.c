/* SPDX-License-Identifier: Apache-2.0 */
/* AWS/Logs (CloudWatch Logs User Guide, "Monitoring usage with CloudWatch metrics"): what comes in, of each group and of all.
 */

#include "api/meter.h"
#include "services/logs/logs.h"

void logs_count_incoming(SwCtx *cx, SwStr group, size_t events, size_t bytes) {
    static const SwMetric incoming[] = {{"AWS/Logs", "IncomingLogEvents", "Count"}, {"AWS/Logs", "IncomingBytes", "Bytes"}};
    const double values[] = {(double)events, (double)bytes};
    const SwDimension d = {"LogGroupName", group};
    for (size_t i = 0; i < SW_N(incoming); i++) {
        sw_meter(cx, &incoming[i], values[i], NULL, 0);
        sw_meter(cx, &incoming[i], values[i], &d, 1);
    }
}
