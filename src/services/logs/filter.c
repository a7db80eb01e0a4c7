/* SPDX-License-Identifier: Apache-2.0 */
/* FilterLogEvents: events of many streams in order of time, through a pattern. A call looks at a bounded number of
 * events; its token goes on behind the last that it looked at, so a page may be empty though more follow, as on AWS. */

#include "services/logs/logs.h"
#include "services/logs/pattern.h"

#define LOOK_AT_ONCE   1000
#define LOOK_AT_MOST   20000
#define PAGE_BYTES_MAX (1024 * 1024)

static int streams_of(SwCtx *cx, const LogsFilterLogEventsRequest *in, SwStr group, SwStrList *ret, SwError *err) {
    LogsStreamRecord *s;
    LogsStreamRecords l;
    *ret = in->log_stream_names;
    if (in->log_stream_names.n && sw_str_is(in->log_stream_name_prefix))
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION,
                       "logStreamNames and logStreamNamePrefix cannot be specified together");
    for (size_t i = 0; i < in->log_stream_names.n; i++)
        if (logs_log_stream_get(cx, group, in->log_stream_names.v[i], &s, err) < 0)
            return -1;
    if (!sw_str_is(in->log_stream_name_prefix))
        return 0;
    SwDocQuery q = {.index = "by_group", .equals = {group}, .prefix = in->log_stream_name_prefix};
    if (logs_streams_list(cx->tx, &q, &l, err) < 0)
        return -1;
    sw_list_present(cx->arena, ret);
    for (size_t i = 0; i < l.n; i++)
        sw_str_list_add(cx->arena, ret, l.v[i].record->name);
    return 0;
}

static int read_token(SwCtx *cx, SwLogQuery *q, SwError *err) {
    SwStr rest, time;
    if (sw_page_place(cx, NULL, &rest, err) < 0)
        return -1;
    if (!rest.p ||
        (sw_str_cut(&rest, '/', &time) && sw_str_to_i64(time, &q->after_time) && sw_str_to_i64(rest, &q->after_sequence)))
        return 0;
    return sw_page_bad_token(cx, NULL, err);
}

static void show(SwCtx *cx, const SwLogEvent *e, LogsFilteredLogEvent *to) {
    *to = (LogsFilteredLogEvent){.log_stream_name = e->stream,
                                 .timestamp = SW_SOME_INT(e->timestamp / SW_MS),
                                 .message = e->message,
                                 .ingestion_time = SW_SOME_INT(e->ingested / SW_MS),
                                 .event_id = sw_strf(cx->arena, "%020lld%036lld", (long long)(e->timestamp / SW_MS),
                                                     (long long)e->sequence)};
}

/* Until the page is full, enough was looked at or nothing is left. */
static int look(SwCtx *cx, const LogsPattern *p, SwLogQuery *q, size_t limit, LogsFilterLogEventsResponse *out, SwError *err) {
    _sw_arena_ SwArena *scratch = sw_arena_new(0);
    size_t looked = 0, bytes = 0;
    SwLogEventList l;
    do {
        if (sw_logs_read(cx->tx, q, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n; i++) {
            const SwLogEvent *e = &l.v[i];
            bool match = logs_pattern_matches(p, scratch, e->message);
            sw_arena_reset(scratch);
            if (match && out->events.n && bytes + e->message.n > PAGE_BYTES_MAX)
                goto full;
            q->after_time = e->timestamp;
            q->after_sequence = e->sequence;
            if (!match)
                continue;
            show(cx, e, sw_list_add(cx->arena, &out->events));
            bytes += e->message.n;
            if (out->events.n == limit)
                goto full;
        }
        looked += l.n;
        if (l.n < LOOK_AT_ONCE)
            return 0;
    } while (looked < LOOK_AT_MOST);
full:
    sw_page_next(cx, out, sw_strf(cx->arena, "%lld/%lld", (long long)q->after_time, (long long)q->after_sequence));
    return 0;
}

int logs_filter_log_events(SwCtx *cx, const LogsFilterLogEventsRequest *in, LogsFilterLogEventsResponse *out, SwError *err) {
    LogsGroupRecord *g;
    SwStrList streams;
    const char *why;
    if (logs_group_named(cx, in->log_group_name, in->log_group_identifier, &g, err) < 0 ||
        streams_of(cx, in, g->name, &streams, err) < 0)
        return -1;
    const LogsPattern *p = logs_pattern_parse(cx->arena, sw_str_or(in->filter_pattern, SW_STR("")), &why);
    if (!p)
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "Invalid filter pattern: %s", why);
    if (in->start_time.set && in->end_time.set && in->start_time.v > in->end_time.v)
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "The startTime must not be later than the endTime.");
    SwLogQuery q = {.group = logs_series(cx, g->name),
                    .stream = streams.v,
                    .n_stream = streams.n,
                    .from = SW_MIN(SW_OR(in->start_time, 0), INT64_MAX / SW_MS) * SW_MS,
                    .to = in->end_time.set && in->end_time.v < INT64_MAX / SW_MS - 1 ? (in->end_time.v + 1) * SW_MS : 0,
                    .after_time = -1,
                    .after_sequence = -1,
                    .limit = LOOK_AT_ONCE};
    if (read_token(cx, &q, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->events);
    sw_list_present(cx->arena, &out->searched_log_streams);
    return look(cx, p, &q, (size_t)SW_OR(in->limit, 10000), out, err);
}
