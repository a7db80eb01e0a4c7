/* SPDX-License-Identifier: Apache-2.0 */
#include "services/elbv2/elbv2.h"
static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) { return 0; }
const SwController elbv2_metrics = {.name = "elbv2/metrics", .step = step, .parallel = 1};
