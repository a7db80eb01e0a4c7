/* SPDX-License-Identifier: Apache-2.0 */
/* awslogs: what a container writes becomes events of a log stream. The position in the container's
 * log file is stored in the transaction that stores the events, so that over crashes no line is
 * lost and none comes twice.
 *
 *   (made when the container was started) -> stream made -> events, batch by batch -> container
 * ended and all read: done
 */

#include "ecs.h"

#include "base/log.h"
#include "models/logs.gen.h"

#define BATCH       1000
#define BATCH_BYTES (900 * SW_KIB) /* PutLogEvents takes 1 MiB, 26 bytes of it for each event */
#define EVENT_BYTES (256 * SW_KIB)

static int load(SwCtx *cx, SwStr id, EcsLogRecord **ret, SwError *err) {
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int n = ecs_log_records_find(cx->tx, id, ret, err);
    sw_ctx_rollback(cx);
    return n;
}

static int make_stream(SwCtx *cx, const EcsLogRecord *r, SwError *err) {
    if (SW_OR(r->create_group, false)) {
        LogsCreateLogGroupRequest in = {.log_group_name = r->group};
        if (sw_call(cx, &logs_api, LOGS_CREATE_LOG_GROUP, &in, &(void *){0}, err) < 0) {
            if (!sw_error_is(err, &LOGS_RESOURCE_ALREADY_EXISTS_EXCEPTION))
                return -1;
            sw_error_reset(err);
        }
    }
    LogsCreateLogStreamRequest in = {.log_group_name = r->group, .log_stream_name = r->stream};
    if (sw_call(cx, &logs_api, LOGS_CREATE_LOG_STREAM, &in, &(void *){0}, err) == 0)
        return 0;
    if (!sw_error_is(err, &LOGS_RESOURCE_ALREADY_EXISTS_EXCEPTION))
        return -1;
    sw_error_reset(err);
    return 0;
}

/* Entries that make whole lines: those of a line that still goes on are left for the next time,
 * unless it will not. */
static size_t whole(const SwContainerLog *l, size_t n, bool ended) {
    size_t end = n;
    while (end > 0 && l[end - 1].partial)
        end--;
    return ended || (end == 0 && n == BATCH) ? n : end;
}

static SwTime real_offset(SwCtx *cx) {
    SwTime real = 0;
    SwClock *c = sw_clock_new(); /* the system's time, which conmon writes */
    real = sw_clock_now(c);
    sw_clock_free(c);
    return sw_now(cx) - real;
}

/* Events out of entries; *ret_used: how many entries they took. */
static void make_events(SwCtx *cx, const SwContainerLog *l, size_t n, LogsInputLogEventList *ret, size_t *ret_used) {
    SwTime shift = real_offset(cx), last = 0, now = sw_now(cx);
    size_t bytes = 0, i = 0;
    while (i < n) {
        SwBuf b = sw_buf(cx->arena, EVENT_BYTES);
        size_t first = i;
        for (bool more = true; more && i < n; i++) {
            sw_buf_adds(&b, l[i].text);
            more = l[i].partial;
        }
        if (bytes && bytes + b.n + 26 > BATCH_BYTES) {
            i = first;
            break;
        }
        bytes += b.n + 26;
        if (!b.n)
            continue; /* CloudWatch Logs takes no empty message */
        SwTime at = SW_MIN(SW_MAX(l[first].at + shift, last), now);
        last = SW_MAX(at, last);
        LogsInputLogEvent *e = sw_list_add(cx->arena, ret);
        e->timestamp = SW_SOME_INT(at / SW_MS);
        e->message = sw_buf_str(&b);
    }
    *ret_used = i;
}

/* Once more from the same place, for exactly n entries: gives the offset behind them. */
static int offset_behind(SwCtx *cx, SwStr id, uint64_t from, SwContainerLog *l, size_t n, uint64_t *ret, SwError *err) {
    *ret = from;
    return n && sw_container_logs(cx->host->runtime, cx->arena, id, ret, l, n, err) < 0 ? -1 : 0;
}

static int store(SwCtx *cx, SwStr id, const EcsLogRecord *seen, const LogsInputLogEventList *events, uint64_t offset, bool done,
                 SwError *err) {
    EcsLogRecord *rec;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (ecs_log_records_find(cx->tx, id, &rec, err) < 0)
        goto failed;
    if (!rec || rec->offset.v != seen->offset.v) {
        sw_ctx_rollback(cx);
        return 0;
    }
    LogsPutLogEventsRequest in = {.log_group_name = rec->group, .log_stream_name = rec->stream, .log_events = *events};
    if (events->n && sw_call(cx, &logs_api, LOGS_PUT_LOG_EVENTS, &in, &(void *){0}, err) < 0)
        goto failed;
    rec->ready = SW_SOME_BOOL(true);
    rec->offset = SW_SOME_INT((int64_t)offset);
    rec->done = SW_SOME_BOOL(done);
    if (ecs_log_records_put(cx->tx, id, rec, err) < 0 || (done && sw_wake(cx, &ecs_task_controller, rec->task_id, 0, err) < 0))
        goto failed;
    SW_CRASH_POINT("ecs.log.before_commit");
    return sw_ctx_commit(cx, err);
failed:
    sw_ctx_rollback(cx);
    return -1;
}

static int pass(SwCtx *cx, SwStr id, const EcsLogRecord *r, bool *ret_again, SwError *err) {
    SwContainerInfo info;
    bool there = sw_container_find(cx->host->runtime, cx->arena, id, &info);
    bool ended = !there || info.state == SW_CONTAINER_EXITED; /* looked at before its log, so that nothing comes after */
    if (!SW_OR(r->ready, false) && make_stream(cx, r, err) < 0)
        return -1;
    SwContainerLog *l = sw_new_n(cx->arena, SwContainerLog, BATCH);
    uint64_t from = (uint64_t)SW_OR(r->offset, 0), to = from;
    long n = there ? sw_container_logs(cx->host->runtime, cx->arena, id, &to, l, BATCH, err) : 0;
    if (n < 0)
        return -1;
    LogsInputLogEventList events = {0};
    size_t use = whole(l, (size_t)n, ended && n < BATCH), used;
    make_events(cx, l, use, &events, &used);
    bool all = used == (size_t)n && n < BATCH;
    if (used < (size_t)n && offset_behind(cx, id, from, l, used, &to, err) < 0)
        return -1;
    *ret_again = !all && used > 0;
    if (!events.n && to == from && SW_OR(r->ready, false) && !(ended && all))
        return 0;
    return store(cx, id, r, &events, to, ended && all, err);
}

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    ret->waiting = true;
    for (bool again = true; again;) {
        EcsLogRecord *r;
        SwCtx *role;
        again = false;
        if (load(cx, id, &r, err) < 0)
            return -1;
        if (!r || SW_OR(r->done, false))
            return 0;
        if (ecs_role_ctx(cx, r->role_arn, &role, err) == 0 && pass(role, id, r, &again, err) == 0)
            continue;
        bool refused = sw_error_is(err, &LOGS_RESOURCE_NOT_FOUND_EXCEPTION) || err->kind == NULL || err->kind->http == 403 ||
                       sw_error_is(err, &SW_NOT_IMPLEMENTED);
        if (!refused)
            return -1;
        /* The group is gone or may not be written. As with the awslogs driver in non-blocking mode
         * the container goes on; when it has ended, what could not be stored must not keep the
         * task. */
        SwContainerInfo info;
        sw_log(SW_WARN, "a container's log cannot be stored", SW_F("container", id), SW_F("message", err->message));
        sw_error_reset(err);
        if (sw_container_find(cx->host->runtime, cx->arena, id, &info) && info.state != SW_CONTAINER_EXITED) {
            ret->again = sw_now(cx) + 30 * SW_S;
            return 0;
        }
        return store(cx, id, r, &(LogsInputLogEventList){0}, (uint64_t)r->offset.v, true, err);
    }
    return 0;
}

const SwController ecs_log_controller = {
    .name = "ecs/log",
    .step = step,
    .parallel = 4,
    .unfailing = "it reads a bounded piece of a log at a time; the container goes on",
};
