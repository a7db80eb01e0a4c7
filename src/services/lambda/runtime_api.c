/* SPDX-License-Identifier: Apache-2.0 */
/* The Runtime API (Developer Guide, "Using the Lambda runtime API for custom runtimes"), for what runs in a sandbox: whose it
 * is is told by the network that the call came from. A call for work waits until there is some; meanwhile the sandbox is
 * frozen. */

#include "base/log.h"
#include "base/thread.h"
#include "services/lambda/pool.h"

#define PREFIX "/2018-06-01/runtime/invocation/"

static void answer(SwCtx *cx, uint16_t status, SwStr body) {
    SwWireMessage *m = &cx->http->reply;
    m->status = status;
    sw_header_set(cx->arena, &m->headers, SW_STR("Content-Type"), SW_STR("application/json"));
    m->body = body;
}

static void refuse(SwCtx *cx, uint16_t status, const char *type, const char *message) {
    SwValue v = sw_value_object();
    sw_value_sets(cx->arena, &v, "errorMessage", sw_str(message));
    sw_value_sets(cx->arena, &v, "errorType", sw_str(type));
    answer(cx, status, sw_json_text(cx->arena, &v));
}

static LambdaSandbox *caller(SwCtx *cx) {
    LambdaSandbox *s = cx->net_id.n ? lambda_pool_find(cx->host, cx->net_id) : NULL;
    return s && s->state != LAMBDA_ENDING ? s : NULL;
}

static void nobody(SwCtx *cx) {
    refuse(cx, 403, "InvalidSandbox", "No sandbox is known for this network");
}

/* ---- next ---- */

static void header(SwCtx *cx, const char *name, SwStr value) {
    if (sw_str_is(value))
        sw_header_set(cx->arena, &cx->http->reply.headers, sw_str(name), sw_str_dup(cx->arena, value));
}

static void give_work(SwCtx *cx, LambdaSandbox *s) {
    s->taken = true;
    s->asked = false;
    s->state = LAMBDA_BUSY;
    answer(cx, 200, sw_str_dup(cx->arena, s->payload));
    header(cx, "Lambda-Runtime-Aws-Request-Id", s->request_id);
    header(cx, "Lambda-Runtime-Deadline-Ms", sw_strf(cx->arena, "%lld", (long long)s->deadline_ms));
    header(cx, "Lambda-Runtime-Invoked-Function-Arn", s->arn);
    header(cx, "Lambda-Runtime-Trace-Id", s->trace);
    header(cx, "Lambda-Runtime-Client-Context", s->client_context);
}

static void ready(LambdaSandbox *s) {
    if (s->state == LAMBDA_STARTING)
        s->init_ended_ns = sw_monotonic_ns();
    s->state = LAMBDA_IDLE_STATE;
    s->asked = true;
    lambda_ring(s);
}

static void freeze(SwCtx *cx, LambdaSandbox *s, bool frozen) {
    SwError err = sw_error(cx->arena);
    if (sw_container_freeze(cx->host->runtime, sw_str(s->id), frozen, &err) < 0)
        sw_log(SW_WARN, frozen ? "a sandbox is not frozen" : "a sandbox is not thawed", SW_F("cause", err.cause));
    s->frozen = frozen;
}

static void wait_for_work(SwCtx *cx, LambdaSandbox *s) {
    while (s->state != LAMBDA_ENDING && !(s->has_work && !s->taken) && !sw_http_ended(cx->http)) {
        int64_t until = sw_monotonic_ns() + SW_S; /* the server may stop */
        struct timespec t = {.tv_sec = until / SW_S, .tv_nsec = until % SW_S};
        if (!s->owned && !s->frozen)
            freeze(cx, s, true);
        pthread_cond_timedwait(&s->given, lambda_pool_lock(cx->host), &t);
    }
}

void lambda_runtime_next(SwCtx *cx) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(cx->host));
    LambdaSandbox *s = caller(cx);
    if (!s) {
        nobody(cx);
        return;
    }
    s->refs++;
    ready(s);
    wait_for_work(cx, s);
    if (s->state != LAMBDA_ENDING && s->has_work && !s->taken) {
        give_work(cx, s);
    } else {
        if (s->frozen) /* it is to hear it, and leave */
            freeze(cx, s, false);
        nobody(cx);
    }
    lambda_unref(cx->host, s);
}

/* ---- response and error ---- */

static void put_answer(LambdaSandbox *s, SwStr body, SwStr error_type, bool failed) {
    s->answer_arena = sw_arena_new_in(SW_POOL_NONE, 0);
    s->answer = sw_str_dup(s->answer_arena, body);
    s->error_type = failed ? sw_str_dup(s->answer_arena, sw_str_or(error_type, SW_STR("Unhandled"))) : SW_NO_STR;
    s->failed = failed;
    s->answered = true;
    lambda_ring(s);
}

static void too_large(SwCtx *cx, LambdaSandbox *s) {
    SwValue v = sw_value_object();
    sw_value_sets(cx->arena, &v, "errorType", SW_STR("Function.ResponseSizeTooLarge"));
    sw_value_sets(cx->arena, &v, "errorMessage",
                  sw_strf(cx->arena, "Response payload size (%zu bytes) exceeded maximum allowed payload size (%d bytes).",
                          cx->http->m.body.n, LAMBDA_PAYLOAD_MAX));
    put_answer(s, sw_json_text(cx->arena, &v), SW_STR("Function.ResponseSizeTooLarge"), true);
    refuse(cx, 413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291456 bytes).");
}

void lambda_runtime_answer(SwCtx *cx) {
    SwStr what = sw_str_skip(cx->http->m.path, strlen(PREFIX)), id;
    bool named = sw_str_cut(&what, '/', &id), failed = sw_str_eqz(what, "error");
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(cx->host));
    LambdaSandbox *s = caller(cx);
    if (!s)
        nobody(cx);
    else if (!named || (!failed && !sw_str_eqz(what, "response")))
        refuse(cx, 404, "InvalidPath", "The Runtime API has no such path");
    else if (!s->has_work || !s->taken || s->answered || !sw_str_eq(id, s->request_id))
        refuse(cx, 400, "InvalidRequestID", "Invalid request ID");
    else if (cx->http->m.body.n > LAMBDA_PAYLOAD_MAX)
        too_large(cx, s);
    else {
        put_answer(s, cx->http->m.body, sw_header_find(&cx->http->m.headers, "lambda-runtime-function-error-type"), failed);
        answer(cx, 202, SW_STR("{\"status\":\"OK\"}"));
    }
}

void lambda_runtime_init_error(SwCtx *cx) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(cx->host));
    LambdaSandbox *s = caller(cx);
    if (!s) {
        nobody(cx);
        return;
    }
    if (s->state != LAMBDA_STARTING) {
        refuse(cx, 403, "InvalidStateTransition", "The runtime is initialised");
        return;
    }
    s->init_error = sw_str_dup(s->arena, sw_str_or(cx->http->m.body, SW_STR("{}")));
    s->error_type = sw_str_dup(s->arena, sw_str_or(sw_header_find(&cx->http->m.headers, "lambda-runtime-function-error-type"),
                                                   SW_STR("Unhandled")));
    lambda_ring(s);
    answer(cx, 202, SW_STR("{\"status\":\"OK\"}"));
}
