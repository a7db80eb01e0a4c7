/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries between services: see target.h. */

#include "api/target.h"

int sw_target_allow(SwCtx *cx, const char *action, SwStr arn, SwStr source, SwError *err) {
    if (!cx->host->config->strict)
        return 0;
    if (!cx->host->auth.authorise)
        return sw_fail(err, &SW_ACCESS_DENIED, "No service evaluates policies; %s is denied", action);
    SwStr outer = cx->source;
    cx->source = source;
    int r = cx->host->auth.authorise(cx, action, arn, err);
    cx->source = outer;
    return r;
}

int sw_target_deliver(SwCtx *cx, SwStr arn, SwStr source, SwStr payload, const SwValue *parameters, SwError *err) {
    static const SwErrorKind nobody = {.code = "ResourceNotFoundException", .http = 400};
    const SwTarget *target = sw_registry_target(cx->host, arn);
    if (!target)
        return sw_fail(err, &nobody, "No service receives deliveries under %.*s", SW_FMT(arn));
    if (target->action && sw_target_allow(cx, target->action, arn, source, err) < 0)
        return -1;
    SwStr outer = cx->source;
    cx->source = source;
    int r = target->deliver(cx, arn, payload, parameters, err);
    cx->source = outer;
    return r;
}
