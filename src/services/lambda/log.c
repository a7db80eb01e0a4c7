/* SPDX-License-Identifier: Apache-2.0 */
/* What functions print, and what Lambda says of them, in CloudWatch Logs; figures in CloudWatch. */

#include "models/logs.gen.h"
#include "services/lambda/lambda.h"

#define SPACE       "AWS/Lambda"
#define BATCH_BYTES (900 * 1024)
#define BATCH       5000
#define LINE_BYTES  (200 * 1024)
#define OVERHEAD    26

const SwMetric lambda_invocations = {SPACE, "Invocations", "Count"};
const SwMetric lambda_errors = {SPACE, "Errors", "Count"};
const SwMetric lambda_duration = {SPACE, "Duration", "Milliseconds"};
const SwMetric lambda_throttles = {SPACE, "Throttles", "Count"};
const SwMetric lambda_concurrent = {SPACE, "ConcurrentExecutions", "Count"};

void lambda_count(SwCtx *cx, const LambdaVersion *v, const SwMetric *m, double value) {
    SwStr function = v->configuration->function_name;
    SwArn arn;
    sw_meter(cx, m, value, &(SwDimension){"FunctionName", function}, 1);
    sw_meter(cx, m, value, NULL, 0);
    if (!sw_arn_parse(v->configuration->function_arn, &arn))
        return;
    SwStr resource = sw_str_skip(arn.resource, strlen("function:"));
    SwDimension both[] = {{"FunctionName", function}, {"Resource", resource}};
    sw_meter(cx, m, value, both, 2);
}

/* ---- logs ---- */

static int make_stream(SwCtx *cx, const LambdaLog *l, SwError *err) {
    LogsCreateLogGroupRequest group = {.log_group_name = l->group};
    LogsCreateLogStreamRequest stream = {.log_group_name = l->group, .log_stream_name = l->stream};
    void *ignored;
    if (logs_call_create_log_group(cx, &group, &ignored, err) < 0 && !sw_error_is(err, &LOGS_RESOURCE_ALREADY_EXISTS_EXCEPTION))
        return -1;
    sw_error_reset(err);
    return logs_call_create_log_stream(cx, &stream, &ignored, err);
}

static int put(SwCtx *cx, const LambdaLog *l, LogsPutLogEventsRequest *in, SwError *err) {
    LogsPutLogEventsResponse *out;
    in->log_group_name = l->group;
    in->log_stream_name = l->stream;
    if (logs_call_put_log_events(cx, in, &out, err) == 0)
        return 0;
    if (!sw_error_is(err, &LOGS_RESOURCE_NOT_FOUND_EXCEPTION))
        return -1;
    sw_error_reset(err);
    return make_stream(cx, l, err) < 0 ? -1 : logs_call_put_log_events(cx, in, &out, err);
}

static SwStr next_line(SwStr *rest) {
    size_t at, n = rest->n;
    if (sw_str_find(*rest, '\n', &at))
        n = at + 1;
    SwStr line = sw_str_n(rest->p, SW_MIN(n, (size_t)LINE_BYTES));
    *rest = sw_str_skip(*rest, line.n);
    return line;
}

/* Events are text: what is not becomes U+FFFD. */
static SwStr clean(SwArena *a, SwStr s) {
    if (sw_str_is_utf8(s))
        return s;
    SwBuf b = sw_buf(a, 4 * LINE_BYTES);
    for (size_t i = 0; i < s.n;) {
        size_t n = 1;
        while (n < 4 && i + n <= s.n && !sw_str_is_utf8(sw_str_n(s.p + i, n)))
            n++;
        bool good = i + n <= s.n && sw_str_is_utf8(sw_str_n(s.p + i, n));
        good ? sw_buf_add(&b, s.p + i, n) : sw_buf_addz(&b, "\xEF\xBF\xBD");
        i += good ? n : 1;
    }
    return sw_buf_str(&b);
}

static int write_all(SwCtx *cx, const LambdaLog *l, SwError *err) {
    SwStr rest = sw_buf_str(&l->text);
    while (rest.n) {
        LogsPutLogEventsRequest in = {0};
        size_t bytes = 0;
        while (rest.n && bytes < BATCH_BYTES - LINE_BYTES && in.log_events.n < BATCH) {
            SwStr line = next_line(&rest);
            LogsInputLogEvent *e = sw_list_add(cx->arena, &in.log_events);
            e->timestamp = SW_SOME_INT(sw_now(cx) / SW_MS);
            e->message = clean(cx->arena, line);
            bytes += line.n + OVERHEAD;
        }
        if (put(cx, l, &in, err) < 0)
            return -1;
    }
    return 0;
}

void lambda_log_write(SwCtx *cx, const LambdaLog *l) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError ignored = sw_error(a);
    SwCtx *own = sw_ctx_new(cx->host, a, cx->account, cx->region, "lambda"), *role;
    if (!l->text.n || sw_ctx_assume(own, l->role, &role, &ignored) < 0 || sw_ctx_begin(role, SW_WRITE, &ignored) < 0)
        return;
    if (write_all(role, l, &ignored) < 0 || sw_ctx_commit(role, &ignored) < 0)
        sw_ctx_rollback(role);
}
