/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Health checks of targets with AWS's meaning: one probe, and the thresholds that make a state of many. Both know no
 * clock: the caller probes every interval of its own clock and keeps SwHealth in its record of the target.
 *
 *     SwProbe r;
 *     sw_health_probe(arena, &check, address, port, &r);
 *     if (sw_health_step(&check, &health, &r)) ... the state changed: sw_proxy_apply */

#include "proxy/proxy.h"

typedef enum SwCheckProtocol { SW_CHECK_HTTP, SW_CHECK_HTTPS, SW_CHECK_TCP } SwCheckProtocol;

typedef struct SwHealthCheck {
    SwCheckProtocol protocol;
    SwStr path;                  /* absent: "/" */
    SwStr matcher;               /* "200", "200,202", "200-299"; absent: "200" */
    int64_t timeout_ms;          /* real time; 0: 5000 */
    uint16_t guarded_port;       /* as SwHttpCall's: Slipway's own, which no check reaches; 0: none */
    int64_t healthy_threshold;   /* 0: 5 */
    int64_t unhealthy_threshold; /* 0: 2 */
} SwHealthCheck;

typedef enum SwProbeResult { SW_PROBE_OK, SW_PROBE_MISMATCH, SW_PROBE_TIMEOUT, SW_PROBE_FAILED } SwProbeResult;
typedef struct SwProbe {
    SwProbeResult result;
    int status; /* HTTP status; 0: none */
} SwProbe;

typedef struct SwHealth { /* zeroed: a new target, state initial */
    SwTargetState state;
    int64_t passes, fails; /* in a row */
    SwProbe last;
} SwHealth;

/* Connect, ask, compare; blocks at most timeout_ms. Redirects are not followed, certificates not verified. */
void sw_health_probe(SwArena *a, const SwHealthCheck *c, SwStr address, uint16_t port, SwProbe *ret);
/* Count one result. A new target is healthy after its first success, as in AWS, and unhealthy after unhealthy_threshold
 * failures; later changes take the thresholds. True when the state changed. */
bool sw_health_step(const SwHealthCheck *c, SwHealth *h, const SwProbe *r);
/* TargetHealth's Reason and Description: "Target.ResponseCodeMismatch" / "Health checks failed with these codes: [500]",
 * "Target.Timeout" / "Request timed out", "Target.FailedHealthChecks" / "Health checks failed",
 * "Elb.InitialHealthChecking", "Elb.RegistrationInProgress", "Target.DeregistrationInProgress"; absent when healthy. */
SwStr sw_health_reason(const SwHealth *h);
SwStr sw_health_description(SwArena *a, const SwHealth *h);
/* Is `matcher` well-formed, and does it hold a status? Codes 200..499 (ALB) in lists and ranges. */
bool sw_health_matcher_valid(SwStr matcher);
bool sw_health_matches(SwStr matcher, int status);
