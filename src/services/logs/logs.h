/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CloudWatch Logs: what its files share. Times are milliseconds since 1970, as in the API.
 *
 * Documents: a record a group (by name) and a stream (by group + "\n" + stream). Events are in the store's log series,
 * under the group's key. */

#include "api/host.h"
#include "models/logs_resources.gen.h"

extern const SwController logs_retention; /* drops events older than their group keeps them */

/* Key of a group's events in the store: groups of one name in two regions are two. */
SwStr logs_series(SwCtx *cx, SwStr group);
int64_t logs_now_ms(const SwCtx *cx);

/* By name, or by name or ARN in `identifier`: exactly one may be given. Fails with ResourceNotFoundException. */
int logs_group_named(SwCtx *cx, SwStr name, SwStr identifier, LogsGroupRecord **ret_g, SwError *err) sw_must_check;

/* metric.c: bytes as PutLogEvents counts them. */
void logs_count_incoming(SwCtx *cx, SwStr group, size_t events, size_t bytes);

/* SwResourceHooks.any_policy of groups and streams */
int logs_policy(SwCtx *cx, SwStr id, SwStr *ret_document, SwError *err);
int logs_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err); /* SwTarget.deliver */
