/* SPDX-License-Identifier: Apache-2.0 */
/* A log group as EventBridge's target: an event becomes a log event, in a stream of the rule's day. */

#include "api/target.h"
#include "services/logs/logs.h"

/* "<rule>/2026/11/21" */
static SwStr stream_name(SwCtx *cx) {
    SwArn rule;
    SwStr day = sw_str_n(sw_time_iso8601(cx->arena, sw_now(cx)).p, 10), name = SW_STR("events");
    size_t slash;
    if (sw_arn_parse(cx->source, &rule) && sw_str_rfind(rule.resource, '/', &slash))
        name = sw_str_skip(rule.resource, slash + 1);
    SwStr s = sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(name), SW_FMT(day));
    char *p = (char *)(uintptr_t)s.p;
    for (size_t i = name.n; i < s.n; i++)
        if (p[i] == '-')
            p[i] = '/';
    return s;
}

int logs_deliver(SwCtx *cx, SwStr text, SwStr payload, const SwValue *parameters, SwError *err) {
    LogsGroupRecord *g;
    LogsStreamRecord *stream;
    if (logs_log_group_by_reference(cx, text, &g, err) < 0)
        return -1;
    SwStr name = stream_name(cx);
    SwStr resource = logs_log_stream_arn(cx, g->name, name);
    if (sw_target_allow(cx, "logs:PutLogEvents", resource, cx->source, err) < 0 ||
        logs_log_stream_find(cx, g->name, name, &stream, err) < 0)
        return -1;
    SwCtx *as = sw_ctx_as_service(cx, "events"); /* allowed above */
    LogsCreateLogStreamRequest make = {.log_group_name = g->name, .log_stream_name = name};
    void *none;
    if (!stream && logs_call_create_log_stream(as, &make, &none, err) < 0)
        return -1;
    LogsInputLogEvent event = {.timestamp = SW_SOME_INT(logs_now_ms(cx)), .message = payload};
    LogsPutLogEventsRequest put = {.log_group_name = g->name, .log_stream_name = name, .log_events = {&event, 1}};
    LogsPutLogEventsResponse *out;
    return logs_call_put_log_events(as, &put, &out, err);
}
