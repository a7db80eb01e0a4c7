/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* DORA's five metrics from stored events: docs/dora.md defines them. Deployments are documents, written by one listener
 * as events come; the metrics are calculated from them when asked for. */

#include "models/slipway_records.gen.h"
#include "services/slipway/slipway.h"

extern const SwListener slipway_dora_listeners[1];

/* The calculation: deployments of one service and environment, in the order of their starts. Those that ended in
 * from <= end < to count. Pure. */
void slipway_dora_calculate(SwArena *a, const SlipwayDeploymentList *all, SwTime from, SwTime to, SlipwayDoraMetrics *out);

/* Seconds from a commit to the end of the deployment that brought it, and from a failure to its recovery; absent: not known. */
SwOptDouble slipway_dora_lead_time(const SlipwayDeployment *d, const SlipwayDeploymentCommit *c);
SwOptDouble slipway_dora_recovery_time(const SlipwayDeployment *d);

/* The commits that `commit` has and `previous` (absent: nothing was deployed before, then `commit` alone) has not; by
 * CodeCommit's API, at most SLIPWAY_DORA_COMMITS_MAX. */
#define SLIPWAY_DORA_COMMITS_MAX 250
int slipway_dora_commits(SwCtx *cx, SwStr repository, SwStr commit, SwStr previous, SlipwayDeploymentCommitList *ret,
                         SwError *err) sw_must_check;
/* Numbers of one deployment that ended, and of a failed one that was recovered, to CloudWatch. */
void slipway_dora_publish_end(SwCtx *cx, const SlipwayDeployment *d);
void slipway_dora_publish_recovery(SwCtx *cx, const SlipwayDeployment *d);
