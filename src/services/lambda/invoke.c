/* SPDX-License-Identifier: Apache-2.0 */
/* Invoke: who asks waits in its own thread, without a transaction, until the function has answered.
 *
 *   a sandbox is taken --it is ready--> the work is given --answered, and asks for more--> reply
 *
 * It reads what is printed meanwhile. Time is the machine's: a function runs as long as it runs, whatever the clock says. */

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "base/thread.h"
#include "services/lambda/pool.h"

#define INIT_MAX    (10 * SW_S) /* beyond its own time, for a function to begin */
#define ASK_AGAIN   (SW_S / 2)  /* after an answer, for the runtime to ask for more: what it still prints is part of it */
#define LOG_TAIL    (4 * SW_KIB)
#define LOG_PIECE   (512 * SW_KIB)
#define CONTEXT_MAX 3583

typedef struct Run {
    SwCtx *cx;
    const LambdaVersion *v;
    const LambdaInvocationRequest *in;
    LambdaSandbox *s;
    LambdaLog log;
    SwStr request_id, context, trace, tail;
    bool cold;
    int64_t began_ns, timeout_ns;
    SwStr answer;     /* what the caller is told */
    SwStr error_type; /* present: it failed */
    bool usable, timed_out;
} Run;

/* ---- what is printed ---- */

static void keep_tail(Run *r) {
    SwStr now = sw_str_skip(sw_buf_str(&r->log.text), r->log.from);
    SwStr all = r->tail.n ? sw_cat(r->cx->arena, r->tail, now) : now;
    r->tail = all.n > LOG_TAIL ? sw_str_dup(r->cx->arena, sw_str_skip(all, all.n - LOG_TAIL)) : sw_str_dup(r->cx->arena, all);
}

static void flush(Run *r) {
    keep_tail(r);
    lambda_log_write(r->cx, &r->log);
    sw_buf_reset(&r->log.text);
    r->log.from = 0;
}

static void drain(Run *r, int pipe) {
    char part[16 * SW_KIB];
    ssize_t n;
    while (pipe >= 0 && (n = read(pipe, part, sizeof part)) > 0) {
        sw_buf_add(&r->log.text, part, (size_t)n);
        if (r->log.text.n > LOG_PIECE)
            flush(r);
    }
}

static void end_line(Run *r) {
    SwStr t = sw_buf_str(&r->log.text);
    if (t.n && t.p[t.n - 1] != '\n')
        sw_buf_addc(&r->log.text, '\n');
}

static void say(Run *r, SwStr line) {
    end_line(r);
    sw_buf_adds(&r->log.text, line);
    sw_buf_addc(&r->log.text, '\n');
}

/* ---- failures in AWS's form ---- */

static void fail(Run *r, SwStr type, SwStr message) {
    SwValue v = sw_value_object();
    sw_value_sets(r->cx->arena, &v, "errorType", type);
    sw_value_sets(r->cx->arena, &v, "errorMessage", message);
    r->answer = sw_json_text(r->cx->arena, &v);
    r->error_type = type;
}

static void fail_named(Run *r, SwStr type, SwStr what) {
    fail(r, type, sw_strf(r->cx->arena, "RequestId: %.*s Error: %.*s", SW_FMT(r->request_id), SW_FMT(what)));
}

static void fail_timeout(Run *r) {
    SwArena *a = r->cx->arena;
    SwStr what = sw_strf(a, "Task timed out after %.2f seconds", (double)r->timeout_ns / 1e9);
    SwStr at = sw_time_iso8601(a, sw_now(r->cx));
    r->timed_out = true;
    fail_named(r, SW_STR("Sandbox.Timedout"), what);
    say(r, sw_strf(a, "%.*s %.*s %.*s\n", SW_FMT(at), SW_FMT(r->request_id), SW_FMT(what)));
}

static void fail_exit(Run *r) {
    SwArena *a = r->cx->arena;
    SwContainerInfo info = {0};
    bool known = sw_container_find(r->cx->host->runtime, a, sw_str(r->s->id), &info) && info.state == SW_CONTAINER_EXITED;
    int code = known ? info.exit_code : -1;
    bool oom = r->s->oom || (known && info.oom_killed);
    SwStr how = code > 128 ? sw_strf(a, "Runtime exited with error: signal: %s", code == 137 ? "killed" : strsignal(code - 128))
                : code > 0 ? sw_strf(a, "Runtime exited with error: exit status %d", code)
                           : SW_STR("Runtime exited without providing a reason");
    fail_named(r, oom ? SW_STR("Runtime.OutOfMemory") : SW_STR("Runtime.ExitError"), how);
    say(r, sw_strf(a, "RequestId: %.*s Error: %.*s\n%.*s", SW_FMT(r->request_id), SW_FMT(how), SW_FMT(r->error_type)));
}

/* ---- waiting ---- */

static void hear(const Run *r, int pipe, int64_t left_ns) {
    uint64_t rung;
    struct pollfd p[2] = {{.fd = r->s->bell, .events = POLLIN}, {.fd = pipe, .events = POLLIN}};
    int ms = (int)(SW_MIN(SW_MAX(left_ns, (int64_t)0), (int64_t)SW_S) / SW_MS) + 1; /* the caller may leave */
    (void)poll(p, pipe >= 0 ? 2 : 1, ms);
    (void)!read(r->s->bell, &rung, sizeof rung);
}

typedef enum Heard { NOTHING, YES, ENDED } Heard;

static Heard look(Run *r, bool (*is)(const LambdaSandbox *), int *ret_pipe) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(r->cx->host));
    *ret_pipe = r->s->pipe;
    if (is(r->s))
        return YES;
    return r->s->exited || r->s->cannot.p || r->s->init_error.p || r->s->state == LAMBDA_ENDING ? ENDED : NOTHING;
}

/* Until it is so, the sandbox has ended, or the time is over. */
static Heard wait_until(Run *r, bool (*is)(const LambdaSandbox *), int64_t end_ns) {
    int pipe;
    for (;;) {
        Heard h = look(r, is, &pipe);
        drain(r, pipe);
        int64_t left = end_ns - sw_monotonic_ns();
        if (h != NOTHING || left <= 0)
            return h;
        if (r->cx->http && sw_http_ended(r->cx->http))
            return ENDED;
        hear(r, pipe, left);
    }
}

static bool is_ready(const LambdaSandbox *s) {
    return s->state == LAMBDA_IDLE_STATE;
}

static bool is_answered(const LambdaSandbox *s) {
    return s->answered;
}

static bool asks_again(const LambdaSandbox *s) {
    return s->answered && s->asked;
}

/* ---- one invocation ---- */

static void init_failed(Run *r, Heard h) {
    LambdaSandbox *s = r->s;
    if (h == NOTHING) {
        fail_timeout(r);
    } else if (s->cannot.p) {
        fail_named(r, s->error_type, s->cannot);
    } else if (s->init_error.p) {
        r->answer = sw_str_dup(r->cx->arena, s->init_error);
        r->error_type = sw_str_dup(r->cx->arena, s->error_type);
    } else {
        fail_exit(r);
    }
}

static void give(Run *r) {
    LambdaSandbox *s = r->s;
    struct timespec now;
    SwError err = sw_error(r->cx->arena);
    clock_gettime(CLOCK_REALTIME, &now);
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(r->cx->host));
    s->request_id = r->request_id;
    s->payload = r->in->payload.n ? r->in->payload : SW_STR("{}");
    s->arn = r->v->configuration->function_arn;
    s->client_context = r->context;
    s->trace = r->trace;
    s->deadline_ms = (now.tv_sec * SW_S + now.tv_nsec + r->timeout_ns) / SW_MS;
    s->answered = s->taken = false;
    s->has_work = true;
    if (s->frozen && sw_container_freeze(r->cx->host->runtime, sw_str(s->id), false, &err) < 0)
        sw_log(SW_WARN, "a sandbox is not thawed", SW_F("cause", err.cause));
    s->frozen = false;
    pthread_cond_broadcast(&s->given);
}

static void take_answer(Run *r) {
    int pipe = r->s->pipe;
    Heard h = wait_until(r, asks_again, SW_MIN(sw_monotonic_ns() + ASK_AGAIN, r->began_ns + r->timeout_ns));
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(r->cx->host));
    LambdaSandbox *s = r->s;
    r->answer = sw_str_dup(r->cx->arena, s->answer);
    r->error_type = s->failed ? sw_str_dup(r->cx->arena, s->error_type) : SW_NO_STR;
    sw_arena_free(s->answer_arena);
    s->answer_arena = NULL;
    s->answer = s->error_type = SW_NO_STR;
    s->failed = false;
    r->usable = h != ENDED;
    sw_unlock(&held);
    drain(r, pipe);
}

static void report(Run *r) {
    SwArena *a = r->cx->arena;
    SwContainerStats st = {0};
    SwError ignored = sw_error(a);
    int64_t ns = r->timed_out ? r->timeout_ns : sw_monotonic_ns() - r->began_ns;
    int64_t memory = r->v->configuration->memory_size.v;
    double ms = (double)ns / 1e6, init = (double)(r->s->init_ended_ns - r->s->init_began_ns) / 1e6;
    int64_t used = sw_container_stats(r->cx->host->runtime, sw_str(r->s->id), &st, &ignored) < 0
                       ? memory
                       : SW_MIN((int64_t)((st.memory_max_used + SW_MIB - 1) / SW_MIB), memory);
    say(r, sw_strf(a, "END RequestId: %.*s", SW_FMT(r->request_id)));
    SwBuf b = sw_buf(a, 4096);
    sw_buf_addf(
        &b,
        "REPORT RequestId: %.*s\tDuration: %.2f ms\tBilled Duration: %lld ms\tMemory Size: %lld MB\tMax Memory Used: %lld "
        "MB\t",
        SW_FMT(r->request_id), ms, (long long)((ns + SW_MS - 1) / SW_MS), (long long)memory, (long long)used);
    if (r->cold && r->s->init_ended_ns)
        sw_buf_addf(&b, "Init Duration: %.2f ms\t", init);
    if (r->timed_out)
        sw_buf_addz(&b, "Status: timeout");
    else if (r->error_type.p && !r->usable)
        sw_buf_addf(&b, "Status: error\tError Type: %.*s", SW_FMT(r->error_type));
    say(r, sw_buf_str(&b));
    lambda_count(r->cx, r->v, &lambda_duration, ms);
}

static void run(Run *r) {
    Heard h = YES;
    r->log.text = sw_buf(r->cx->arena, 16 * SW_MIB);
    if (r->cold)
        h = wait_until(r, is_ready, sw_monotonic_ns() + INIT_MAX + r->timeout_ns);
    r->log.from = r->log.text.n;
    say(r, sw_strf(r->cx->arena, "START RequestId: %.*s Version: %.*s", SW_FMT(r->request_id),
                   SW_FMT(r->v->configuration->version)));
    r->began_ns = sw_monotonic_ns();
    if (h != YES) {
        init_failed(r, h);
    } else {
        give(r);
        h = wait_until(r, is_answered, r->began_ns + r->timeout_ns);
        if (h == YES)
            take_answer(r);
        else if (h == ENDED)
            fail_exit(r);
        else
            fail_timeout(r);
    }
    report(r);
}

/* ---- around it ---- */

static int wake(SwCtx *cx, SwStr id, SwError *err) {
    return sw_wake(cx, &lambda_sandbox_controller, id, 0, err);
}

/* Its controller stores the work item before it makes anything. */
static int take(Run *r, SwError *err) {
    SwStr evicted;
    if (lambda_acquire(r->cx, r->v, &r->s, &r->cold, &evicted, err) < 0) {
        lambda_count(r->cx, r->v, &lambda_throttles, 1);
        return -1;
    }
    if (r->cold)
        r->s->init_began_ns = sw_monotonic_ns();
    if ((evicted.p && wake(r->cx, evicted, err) < 0) || (r->cold && wake(r->cx, sw_str(r->s->id), err) < 0)) {
        lambda_release(r->cx->host, r->s, false);
        return -1;
    }
    return 0;
}

static int perform(Run *r, SwError *err) {
    if (take(r, err) < 0)
        return -1;
    int64_t at_once = lambda_running(r->cx->host, r->v->configuration, r->cx->account, r->cx->region);
    r->log.group = r->s->group;
    r->log.stream = r->s->stream;
    r->log.role = r->v->configuration->role;
    run(r);
    flush(r);
    lambda_count(r->cx, r->v, &lambda_invocations, 1);
    lambda_count(r->cx, r->v, &lambda_errors, r->error_type.p ? 1 : 0);
    lambda_count(r->cx, r->v, &lambda_concurrent, (double)at_once);
    SwStr id = sw_str_dup(r->cx->arena, sw_str(r->s->id));
    lambda_release(r->cx->host, r->s, r->usable);
    return r->usable ? 0 : wake(r->cx, id, err);
}

/* ---- the request ---- */

static int bad_content(SwError *err, const char *why) {
    return sw_fail(err, &LAMBDA_INVALID_REQUEST_CONTENT_EXCEPTION, "%s", why);
}

#define PARSED_MAX SW_MIB /* what is larger is the function's to judge */

static int check_payload(SwStr payload, SwError *err) {
    SwValue ignored;
    if (payload.n > LAMBDA_PAYLOAD_MAX)
        return sw_fail(err, &LAMBDA_REQUEST_TOO_LARGE_EXCEPTION,
                       "Request must be smaller than %d bytes for the InvokeFunction operation", LAMBDA_PAYLOAD_MAX);
    if (!payload.n || payload.n > PARSED_MAX)
        return 0;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError why = sw_error(a);
    if (sw_json_parse(a, payload, &ignored, &why) == 0)
        return 0;
    return sw_fail(err, &LAMBDA_INVALID_REQUEST_CONTENT_EXCEPTION, "Could not parse request body into json: %s", why.message);
}

static int read_context(SwArena *a, SwStr given, SwStr *ret, SwError *err) {
    SwValue v;
    SwError why = sw_error(a);
    *ret = SW_NO_STR;
    if (!sw_str_is(given))
        return 0;
    if (given.n > CONTEXT_MAX)
        return bad_content(err, "Client context must be at most 3583 bytes.");
    if (!sw_unbase64(a, given, ret) || sw_json_parse(a, *ret, &v, &why) < 0 || v.kind != SW_VOBJECT)
        return bad_content(err, "Client context must be a valid Base64-encoded JSON object.");
    *ret = sw_json_text(a, &v);
    return 0;
}

static SwStr trace_of(SwCtx *cx) {
    SwStr given = cx->http ? sw_header_find(&cx->http->m.headers, "x-amzn-trace-id") : SW_NO_STR;
    if (sw_str_is(given))
        return given;
    return sw_strf(cx->arena, "Root=1-%08llx-%.*s;Parent=%.*s;Sampled=0", (unsigned long long)(sw_now(cx) / SW_S), 24,
                   sw_id_hex(cx->arena, 24).p, 16, sw_id_hex(cx->arena, 16).p);
}

static int check_state(const LambdaFunctionConfiguration *c, SwError *err) {
    if (sw_str_eq(c->state, LAMBDA_STATE_ACTIVE))
        return 0;
    return sw_fail(err, &LAMBDA_RESOURCE_CONFLICT_EXCEPTION,
                   "The operation cannot be performed at this time. The function is currently in the following state: %.*s",
                   SW_FMT(c->state));
}

static int find(SwCtx *cx, const LambdaInvocationRequest *in, LambdaVersion *ret, SwError *err) {
    LambdaName n;
    if (lambda_name(cx, in->function_name, in->qualifier, &n, err) < 0 || sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = lambda_route(cx, &n, ret, err);
    sw_ctx_rollback(cx);
    return r < 0 ? -1 : check_state(ret->configuration, err);
}

static void tell(const Run *r, LambdaInvocationResponse *out) {
    out->status_code = SW_SOME_INT(200);
    out->payload = r->answer;
    out->executed_version = r->v->configuration->version;
    if (r->error_type.p)
        out->function_error = SW_STR("Unhandled");
    if (sw_str_eqz(r->in->log_type, "Tail"))
        out->log_result = sw_base64(r->cx->arena, r->tail);
}

int lambda_invoke(SwCtx *cx, const LambdaInvocationRequest *in, LambdaInvocationResponse *out, SwError *err) {
    LambdaVersion v;
    Run r = {.cx = cx, .v = &v, .in = in, .request_id = cx->request_id};
    if (check_payload(in->payload, err) < 0 || read_context(cx->arena, in->client_context, &r.context, err) < 0 ||
        find(cx, in, &v, err) < 0)
        return -1;
    if (sw_str_eqz(in->invocation_type, "DryRun")) {
        cx->status = 204;
        out->status_code = SW_SOME_INT(204);
        return 0;
    }
    r.trace = trace_of(cx);
    r.timeout_ns = v.configuration->timeout.v * SW_S;
    if (perform(&r, err) < 0)
        return -1;
    tell(&r, out);
    return 0;
}
