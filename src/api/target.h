/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What one service sends to another's resource by its ARN: alarms and approvals to topics, rules to queues, topics to
 * queues. Where the server is strict the receiver is asked: a role by its policies, a service by the resource's policy,
 * with aws:SourceArn and aws:SourceAccount in the context. */

#include "api/registry.h"

/* Fails with AccessDenied when the principal of cx, on behalf of the resource `source` (absent: of none), may not do
 * `action` to `arn`. In cx->tx. */
int sw_target_allow(SwCtx *cx, const char *action, SwStr arn, SwStr source, SwError *err) sw_must_check;
/* The same, then the delivery. Fails with ResourceNotFoundException when no service receives under this ARN. */
int sw_target_deliver(SwCtx *cx, SwStr arn, SwStr source, SwStr payload, const SwValue *parameters, SwError *err) sw_must_check;
