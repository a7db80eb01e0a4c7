/* SPDX-License-Identifier: Apache-2.0 */
/* Log events: put and get. */

#include "services/logs/logs.h"

#define BATCH_BYTES_MAX (1024 * 1024)
#define EVENT_OVERHEAD  26 /* bytes that AWS counts for each event beside its message */
#define PAGE_BYTES_MAX  (1024 * 1024)

static int check_batch(const LogsInputLogEventList *l, SwError *err) {
    size_t bytes = 0;
    for (size_t i = 0; i < l->n; i++) {
        bytes += l->v[i].message.n + EVENT_OVERHEAD;
        if (i && l->v[i].timestamp.v < l->v[i - 1].timestamp.v)
            return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION,
                           "Log events in a single PutLogEvents request must be in chronological order.");
    }
    if (l->n && l->v[l->n - 1].timestamp.v - l->v[0].timestamp.v > SW_DAY / SW_MS)
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION,
                       "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
    if (bytes > BATCH_BYTES_MAX)
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "Upload too large: %zu bytes exceeds limit of %d", bytes,
                       BATCH_BYTES_MAX);
    return 0;
}

/* Events older than 14 days (or the retention) or more than 2 hours ahead are left out and reported: [from, to) stays. */
static void reject(SwCtx *cx, const LogsGroupRecord *g, const LogsInputLogEventList *l, size_t *ret_from, size_t *ret_to,
                   LogsPutLogEventsResponse *out) {
    int64_t now = logs_now_ms(cx);
    int64_t old = now - 14 * (SW_DAY / SW_MS);
    int64_t expired = g->retention_in_days.set ? now - g->retention_in_days.v * (SW_DAY / SW_MS) : INT64_MIN;
    size_t from_old = 0, from_expired = 0, to = l->n;
    while (from_old < l->n && l->v[from_old].timestamp.v < old)
        from_old++;
    while (from_expired < l->n && l->v[from_expired].timestamp.v < expired)
        from_expired++;
    while (to > 0 && l->v[to - 1].timestamp.v > now + 2 * (SW_HOUR / SW_MS))
        to--;
    *ret_from = SW_MIN(SW_MAX(from_old, from_expired), to);
    *ret_to = to;
    if (from_old == 0 && from_expired == 0 && to == l->n)
        return;
    LogsRejectedLogEventsInfo *r = out->rejected_log_events_info = sw_new(cx->arena, LogsRejectedLogEventsInfo);
    if (from_old)
        r->too_old_log_event_end_index = SW_SOME_INT((int64_t)from_old);
    if (from_expired)
        r->expired_log_event_end_index = SW_SOME_INT((int64_t)from_expired);
    if (to < l->n)
        r->too_new_log_event_start_index = SW_SOME_INT((int64_t)to);
}

static int note_events(SwCtx *cx, LogsGroupRecord *g, LogsStreamRecord *s, const SwLogEvent *v, size_t n, SwError *err) {
    int64_t bytes = SW_OR(g->stored_bytes, 0);
    for (size_t i = 0; i < n; i++) {
        int64_t t = v[i].timestamp / SW_MS;
        bytes += (int64_t)v[i].message.n + EVENT_OVERHEAD;
        if (!s->first_event.set || t < s->first_event.v)
            s->first_event = SW_SOME_INT(t);
        if (!s->last_event.set || t > s->last_event.v)
            s->last_event = SW_SOME_INT(t);
    }
    if (n)
        logs_count_incoming(cx, g->name, n, (size_t)(bytes - SW_OR(g->stored_bytes, 0)));
    g->stored_bytes = SW_SOME_INT(bytes);
    s->last_ingestion = SW_SOME_INT(logs_now_ms(cx));
    s->order_key = sw_index_number(cx->arena, SW_OR(s->last_event, 0));
    s->sequence = SW_SOME_INT(SW_OR(s->sequence, 0) + 1);
    if (logs_log_group_put(cx, g->name, g, err) < 0)
        return -1;
    return logs_log_stream_put(cx, s->group, s->name, s, err);
}

int logs_put_log_events(SwCtx *cx, const LogsPutLogEventsRequest *in, LogsPutLogEventsResponse *out, SwError *err) {
    LogsGroupRecord *g;
    LogsStreamRecord *s;
    size_t from, to;
    if (logs_log_group_get(cx, in->log_group_name, &g, err) < 0 ||
        logs_log_stream_get(cx, g->name, in->log_stream_name, &s, err) < 0)
        return -1;
    if (check_batch(&in->log_events, err) < 0)
        return -1;
    reject(cx, g, &in->log_events, &from, &to, out);
    SwLogEvent *v = sw_new_n(cx->arena, SwLogEvent, to - from + 1);
    for (size_t i = from; i < to; i++)
        v[i - from] = (SwLogEvent){.timestamp = in->log_events.v[i].timestamp.v * SW_MS,
                                   .ingested = sw_now(cx),
                                   .message = in->log_events.v[i].message};
    if (sw_logs_append(cx->tx, logs_series(cx, g->name), s->name, v, to - from, err) < 0 ||
        note_events(cx, g, s, v, to - from, err) < 0)
        return -1;
    out->next_sequence_token = sw_strf(cx->arena, "%056lld", (long long)s->sequence.v);
    return 0;
}

/* A token names an event and a side of it: "f/TIME/SEQUENCE" goes on behind it, "b/TIME/SEQUENCE" before it. */
static SwStr token(SwCtx *cx, char side, SwTime t, int64_t sequence) {
    return sw_strf(cx->arena, "%c/%020lld/%020lld", side, (long long)t, (long long)sequence);
}

static bool read_token(SwStr s, SwLogQuery *q) {
    SwStr side, time;
    if (!sw_str_cut(&s, '/', &side) || !sw_str_cut(&s, '/', &time))
        return false;
    if (!sw_str_eqz(side, "f") && !sw_str_eqz(side, "b"))
        return false;
    q->backward = sw_str_eqz(side, "b");
    return sw_str_to_i64(time, &q->after_time) && sw_str_to_i64(s, &q->after_sequence);
}

/* Oldest first in the reply, whichever way they were read. */
static void show_events(SwCtx *cx, const SwLogEventList *l, bool backward, LogsGetLogEventsResponse *out) {
    size_t n = 0, bytes = 0;
    while (n < l->n && (n == 0 || bytes + l->v[n].message.n <= PAGE_BYTES_MAX))
        bytes += l->v[n++].message.n;
    sw_list_present(cx->arena, &out->events);
    for (size_t i = 0; i < n; i++) {
        const SwLogEvent *e = &l->v[backward ? n - 1 - i : i];
        LogsOutputLogEvent *to = sw_list_add(cx->arena, &out->events);
        to->timestamp = SW_SOME_INT(e->timestamp / SW_MS);
        to->ingestion_time = SW_SOME_INT(e->ingested / SW_MS);
        to->message = e->message;
    }
    if (!n)
        return;
    const SwLogEvent *first = &l->v[backward ? n - 1 : 0], *last = &l->v[backward ? 0 : n - 1];
    out->next_backward_token = token(cx, 'b', first->timestamp, first->sequence);
    out->next_forward_token = token(cx, 'f', last->timestamp, last->sequence);
}

int logs_get_log_events(SwCtx *cx, const LogsGetLogEventsRequest *in, LogsGetLogEventsResponse *out, SwError *err) {
    LogsGroupRecord *g;
    LogsStreamRecord *s;
    SwLogEventList l;
    if (logs_group_named(cx, in->log_group_name, in->log_group_identifier, &g, err) < 0 ||
        logs_log_stream_get(cx, g->name, in->log_stream_name, &s, err) < 0)
        return -1;
    SwLogQuery q = {.group = logs_series(cx, g->name),
                    .stream = &s->name,
                    .n_stream = 1,
                    .from = SW_OR(in->start_time, 0) * SW_MS,
                    .to = SW_OR(in->end_time, 0) * SW_MS,
                    .backward = !SW_OR(in->start_from_head, false),
                    .after_time = -1,
                    .after_sequence = -1,
                    .limit = (size_t)SW_OR(in->limit, 10000)};
    if (sw_str_is(in->next_token) && !read_token(in->next_token, &q))
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "The specified nextToken is invalid.");
    if (sw_logs_read(cx->tx, &q, &l, err) < 0)
        return -1;
    show_events(cx, &l, q.backward, out);
    /* At the end the same token comes back: that is how clients see it. */
    if (!l.n) {
        SwTime at = q.after_sequence < 0 ? 0 : q.after_time;
        out->next_forward_token = token(cx, 'f', at, SW_MAX(q.after_sequence, 0));
        out->next_backward_token = token(cx, 'b', at, SW_MAX(q.after_sequence, 0));
    }
    return 0;
}
