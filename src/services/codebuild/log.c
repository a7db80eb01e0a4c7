/* SPDX-License-Identifier: Apache-2.0 */
/* Live logs. What was read of the container's output and what went to the stream are one transaction, so that no line is
 * lost or doubled, whatever is killed when. Two threads may drain one build: the later finds the offset moved and looks
 * again. */

#include <poll.h>
#include <time.h>

#include "models/logs.gen.h"
#include "services/codebuild/codebuild.h"

#define BATCH             1000
#define BATCH_BYTES       (900 * 1024) /* CloudWatch Logs takes 1 MiB */
#define LINE_BYTES        (200 * 1024) /* and 256 KiB an event */
#define OVERHEAD          26
#define LAST_LINE_MS      5000 /* of real time, for a line to come through its pipe */
#define LAST_LINE_STEP_MS 5

static bool logged(const CodebuildBuildRecord *r) {
    return sw_str_is(r->build->logs->group_name);
}

int codebuild_log_open(SwCtx *cx, CodebuildBuildRecord *r, SwError *err) {
    SwCtx *role;
    void *ignored;
    if (codebuild_as_role(cx, r, &role, err) < 0)
        return -1;
    if (!logged(r))
        return 0;
    LogsCreateLogGroupRequest group = {.log_group_name = r->build->logs->group_name};
    LogsCreateLogStreamRequest stream = {.log_group_name = r->build->logs->group_name,
                                         .log_stream_name = r->build->logs->stream_name};
    if (logs_call_create_log_group(role, &group, &ignored, err) < 0 &&
        !sw_error_is(err, &LOGS_RESOURCE_ALREADY_EXISTS_EXCEPTION))
        return -1;
    sw_error_reset(err);
    if (logs_call_create_log_stream(role, &stream, &ignored, err) < 0 &&
        !sw_error_is(err, &LOGS_RESOURCE_ALREADY_EXISTS_EXCEPTION))
        return -1;
    sw_error_reset(err);
    return 0;
}

static SwStr clean(SwArena *a, SwStr s) { /* events are text */
    if (sw_str_is_utf8(s))
        return s;
    SwBuf b = sw_buf(a, SW_MIB);
    for (size_t i = 0; i < s.n;) {
        size_t n = 1;
        while (n < 4 && i + n <= s.n && !sw_str_is_utf8(sw_str_n(s.p + i, n)))
            n++;
        bool good = i + n <= s.n && sw_str_is_utf8(sw_str_n(s.p + i, n));
        if (good)
            sw_buf_add(&b, s.p + i, n);
        else
            sw_buf_addz(&b, "\xEF\xBF\xBD");
        i += good ? n : 1;
    }
    return sw_buf_str(&b);
}

static void add(SwCtx *cx, LogsPutLogEventsRequest *in, CodebuildLogRecord *l, SwTime at, SwStr text) {
    LogsInputLogEvent *e = sw_list_add(cx->arena, &in->log_events);
    l->last = SW_SOME_INT(SW_MAX(SW_OR(l->last, 0), at / SW_MS));
    e->timestamp = SW_SOME_INT(l->last.v);
    e->message = clean(cx->arena, text);
}

static int send(SwCtx *role, SwStr uuid, LogsPutLogEventsRequest *in, const CodebuildLogRecord *l, SwError *err) {
    LogsPutLogEventsResponse *out;
    if (in->log_events.n && logs_call_put_log_events(role, in, &out, err) < 0) {
        if (!sw_error_is(err, &LOGS_RESOURCE_NOT_FOUND_EXCEPTION))
            return -1;
        sw_error_reset(err); /* somebody deleted the group: the build goes on without */
    }
    return codebuild_logs_put(role->tx, uuid, l, err);
}

static int get(SwCtx *cx, SwStr uuid, CodebuildLogRecord **ret, SwError *err) {
    CodebuildLogRecord *l;
    if (codebuild_logs_find(cx->tx, uuid, &l, err) < 0)
        return -1;
    *ret = l ? l : sw_new(cx->arena, CodebuildLogRecord);
    return 0;
}

/* What fits of `e` into one request; the offset of the entries after that is not told, so the rest is read again. */
static int batch(SwCtx *role, const CodebuildBuildRecord *r, bool all, bool *ret_more, SwError *err) {
    SwStr uuid = codebuild_uuid(r->build->id), id = codebuild_container_id(role->arena, r);
    CodebuildLogRecord *l;
    SwContainerLog *e = sw_new_n(role->arena, SwContainerLog, BATCH);
    size_t bytes = 0, max = BATCH;
    *ret_more = false;
    if (sw_ctx_begin(role, SW_WRITE, err) < 0)
        return -1;
    if (get(role, uuid, &l, err) < 0)
        return -1;
    uint64_t begin = (uint64_t)SW_OR(l->offset, 0), offset = begin;
    long n = sw_container_logs(role->host->runtime, role->arena, id, &offset, e, max, err);
    if (n < 0)
        return -1;
    for (long i = 0; i < n; i++) {
        bytes += e[i].text.n + OVERHEAD;
        if (bytes + l->partial.n > BATCH_BYTES && i > 0) { /* fewer: read that many again to learn the offset */
            offset = begin;
            n = sw_container_logs(role->host->runtime, role->arena, id, &offset, e, (size_t)i, err);
            break;
        }
    }
    if (n < 0)
        return -1;
    LogsPutLogEventsRequest in = {.log_group_name = r->build->logs->group_name, .log_stream_name = r->build->logs->stream_name};
    for (long i = 0; i < n; i++) {
        SwStr text = l->partial.n ? sw_strf(role->arena, "%.*s%.*s", SW_FMT(l->partial), SW_FMT(e[i].text)) : e[i].text;
        l->partial = SW_NO_STR;
        if (sw_str_eqz(text, CODEBUILD_LAST_LINE))
            l->over = SW_SOME_BOOL(true);
        else if (begin == 0 && i == 0 && sw_str_eqz(text, CODEBUILD_READY_LINE))
            continue; /* it was for us, before there was a build */
        else if (e[i].partial && text.n < LINE_BYTES)
            l->partial = text;
        else
            add(role, &in, l, codebuild_clock_of(role, e[i].at),
                e[i].partial ? text : sw_strf(role->arena, "%.*s\n", SW_FMT(text)));
    }
    if (all && n == 0 && l->partial.n) {
        add(role, &in, l, sw_now(role), l->partial);
        l->partial = SW_NO_STR;
    }
    if (n == 0 && !in.log_events.n) {
        sw_ctx_rollback(role);
        return 0;
    }
    l->partial = l->partial.n ? clean(role->arena, l->partial) : SW_NO_STR;
    l->offset = SW_SOME_INT((int64_t)offset);
    *ret_more = true;
    if (send(role, uuid, &in, l, err) < 0)
        return -1;
    SW_CRASH_POINT("codebuild.log_not_committed");
    return sw_ctx_commit(role, err);
}

int codebuild_log_drain(SwCtx *cx, const CodebuildBuildRecord *r, bool all, SwError *err) {
    SwCtx *role;
    bool more = true;
    if (!logged(r))
        return 0;
    if (codebuild_as_role(cx, r, &role, err) < 0)
        return -1;
    while (more) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwCtx c = *role;
        c.arena = a;
        c.tx = NULL;
        int result = batch(&c, r, all, &more, err);
        sw_ctx_rollback(&c);
        if (result < 0)
            return -1;
    }
    return 0;
}

static int is_over(SwCtx *cx, const CodebuildBuildRecord *r, bool *ret, SwError *err) {
    CodebuildLogRecord *l;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int result = get(cx, codebuild_uuid(r->build->id), &l, err);
    *ret = result == 0 && SW_OR(l->over, false);
    sw_ctx_rollback(cx);
    return result;
}

/* A line goes through a pipe and a supervisor before it is in the log, a marker does not. */
int codebuild_log_drain_commands(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) {
    bool over = !logged(r);
    for (unsigned waited = 0; !over && waited < LAST_LINE_MS; waited += LAST_LINE_STEP_MS) {
        SwContainerInfo info = {0};
        bool there = sw_container_find(cx->host->runtime, cx->arena, codebuild_container_id(cx->arena, r), &info);
        if (codebuild_log_drain(cx, r, false, err) < 0 || is_over(cx, r, &over, err) < 0)
            return -1;
        if (!there || info.state != SW_CONTAINER_RUNNING)
            break; /* it ended by force: there is no last line */
        if (!over)
            (void)poll(NULL, 0, LAST_LINE_STEP_MS);
    }
    return 0;
}

int codebuild_log_say(SwCtx *cx, const CodebuildBuildRecord *r, const SwStr *lines, size_t n, SwError *err) {
    SwStr uuid = codebuild_uuid(r->build->id);
    CodebuildLogRecord *l;
    SwCtx *role;
    struct tm tm;
    time_t s = (time_t)(sw_now(cx) / SW_S);
    gmtime_r(&s, &tm);
    if (!logged(r) || n == 0)
        return 0;
    if (codebuild_as_role(cx, r, &role, err) < 0 || get(cx, uuid, &l, err) < 0)
        return -1;
    role->tx = cx->tx;
    LogsPutLogEventsRequest in = {.log_group_name = r->build->logs->group_name, .log_stream_name = r->build->logs->stream_name};
    for (size_t i = 0; i < n; i++)
        add(cx, &in, l, sw_now(cx),
            sw_strf(cx->arena, "[Container] %04d/%02d/%02d %02d:%02d:%02d %.*s\n", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                    tm.tm_hour, tm.tm_min, tm.tm_sec, SW_FMT(lines[i])));
    return send(role, uuid, &in, l, err);
}

/* ---- the controller: woken by output ---- */

static int step(SwCtx *cx, SwStr uuid, SwStep *ret, SwError *err) {
    CodebuildBuildRecord *r;
    if (codebuild_load(cx, uuid, &r, err) < 0)
        return -1;
    if (!r) /* an environment that no build has yet */
        return codebuild_environment_wake(cx, uuid, err);
    /* What it prints comes behind the lines about the phases before, which its builder writes: that wakes us. */
    if (SW_OR(r->build->build_complete, false) || sw_str_eq(r->state, CODEBUILD_DOWNLOAD))
        return 0;
    if (codebuild_log_drain(cx, r, false, err) < 0)
        return -1;
    return codebuild_new_markers(cx, r) ? sw_wake(cx, &codebuild_build_controller, uuid, 0, err) : 0;
}

const SwController codebuild_log_controller = {
    .name = "codebuild/log",
    .step = step,
    .unfailing = "it reads a bounded piece of a log at a time; the build goes on",
};
