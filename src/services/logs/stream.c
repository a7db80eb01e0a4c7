/* SPDX-License-Identifier: Apache-2.0 */
/* Log streams. The newest event's time is part of an index, so that the most recent streams come first. */

#include "api/operation.h"
#include "services/logs/logs.h"

/* Of a group that an ARN names: its stream, or the group itself as a stream without name, as AWS asks. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    SwParts p;
    for (const char *const *arn = logs_log_group_resource.arn; *arn; arn++)
        if (sw_resource_read(&logs_log_group_resource, *arn, ref, &p))
            return sw_cat(cx->arena, sw_resource_write(cx, &logs_log_group_resource, logs_log_group_resource.arn[0], &p),
                          SW_STR(":log-stream:"), sw_operation_text(op, in, "logStreamName"));
    return SW_NO_STR;
}

const SwResourceHooks logs_log_stream_hooks = {.named = named, .any_policy = logs_policy};

int logs_create_log_stream(SwCtx *cx, const LogsCreateLogStreamRequest *in, void *out, SwError *err) {
    LogsGroupRecord *g;
    if (logs_log_group_get(cx, in->log_group_name, &g, err) < 0)
        return -1;
    LogsStreamRecord s = {
        .group = in->log_group_name,
        .name = in->log_stream_name,
        .created_at = SW_SOME_INT(logs_now_ms(cx)),
        .order_key = sw_index_number(cx->arena, 0),
        .sequence = SW_SOME_INT(0),
    };
    return logs_log_stream_insert(cx, s.group, s.name, &s, err);
}

int logs_delete_log_stream(SwCtx *cx, const LogsDeleteLogStreamRequest *in, void *out, SwError *err) {
    LogsGroupRecord *g;
    LogsStreamRecord *s;
    if (logs_log_group_get(cx, in->log_group_name, &g, err) < 0 ||
        logs_log_stream_get(cx, g->name, in->log_stream_name, &s, err) < 0)
        return -1;
    if (logs_log_stream_delete(cx, s->group, s->name, err) < 0)
        return -1;
    return sw_logs_delete(cx->tx, logs_series(cx, s->group), s->name, 0, err);
}

static void show(SwCtx *cx, const LogsStreamRecord *s, LogsLogStream *to) {
    to->log_stream_name = s->name;
    to->creation_time = s->created_at;
    to->first_event_timestamp = s->first_event;
    to->last_event_timestamp = s->last_event;
    to->last_ingestion_time = s->last_ingestion;
    if (SW_OR(s->sequence, 0))
        to->upload_sequence_token = sw_strf(cx->arena, "%056lld", (long long)SW_OR(s->sequence, 0));
    to->arn = logs_log_stream_arn(cx, s->group, s->name);
    to->stored_bytes = SW_SOME_INT(0); /* AWS answers 0 since June 2019 */
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    show(cx, logs_streams_row(row), to);
    return 0;
}

int logs_describe_log_streams(SwCtx *cx, const LogsDescribeLogStreamsRequest *in, LogsDescribeLogStreamsResponse *out,
                              SwError *err) {
    LogsGroupRecord *g;
    if (logs_group_named(cx, in->log_group_name, in->log_group_identifier, &g, err) < 0)
        return -1;
    bool by_time = sw_str_eq(in->order_by, LOGS_ORDER_BY_LAST_EVENT_TIME);
    if (by_time && sw_str_is(in->log_stream_name_prefix))
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "Cannot order by LastEventTime with a logStreamNamePrefix.");
    SwDocQuery q = {.index = by_time ? "by_last_event" : "by_group",
                    .equals = {g->name},
                    .prefix = in->log_stream_name_prefix,
                    .descending = SW_OR(in->descending, false)};
    return sw_page(cx, &(SwPage){.of = &logs_streams, .q = q, .show = show_row, .usual = 50}, out, err);
}
