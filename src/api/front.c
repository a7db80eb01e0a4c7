/* SPDX-License-Identifier: Apache-2.0 */
/* The front door. A request passes `begin` (headers) and `handle` (body in full) on one thread; between them its state
 * is a Visit in its arena. Each runs under a guard: a request that runs out of memory is rolled back and answered in its
 * client's protocol, out of what its arena holds back, and when that does not suffice by a text made beforehand. */

#include "api/front.h"

#include "api/access.h"
#include "api/access_log.h"
#include "api/authenticate.h"
#include "api/body.h"
#include "api/identify.h"
#include "api/operation.h"
#include "base/digest.h"
#include "base/id.h"
#include "base/log.h"
#include "models/apis.h"

#define SETTLE_MAX_MS  30000
#define SETTLE_LOOK_MS 100

typedef struct Visit {
    SwCtx *cx;
    SwSignature signature;
    SwStr secret;
    SwIdentity id;
    bool known;    /* identified; else the body must tell */
    bool decoded;  /* its input was read in full */
    SwBody *body;  /* of a streaming operation */
    SwError error; /* what it ended with, for the log */
} Visit;

/* The API whose error form the client understands: the service's, or that of a model nobody serves here. */
static const SwApi *api_of(const Visit *v) {
    if (v->id.service)
        return v->id.service->api;
    for (const SwApi *const *api = sw_apis; *api; api++)
        if (sw_str_is(v->signature.service) && sw_str_eqz(v->signature.service, (*api)->sign_name))
            return *api;
    return NULL;
}

static void answer_error(Visit *v, SwHttpRequest *rq, const SwError *e) {
    v->error = *e;
    const SwApi *api = api_of(v);
    uint32_t protocol = v->id.protocol ? v->id.protocol
                        : api          ? api->protocol
                                       : sw_identify_protocol(rq->arena, &rq->m, &v->signature);
    rq->reply = (SwWireMessage){0};
    sw_wire_encode_error(rq->arena, api, v->id.op, protocol, e, v->cx->request_id, &rq->reply);
}

static SwCtx *make_ctx(SwHost *h, SwHttpRequest *rq) {
    SwCtx *cx = sw_new(rq->arena, SwCtx);
    cx->arena = rq->arena;
    cx->host = h;
    cx->account = h->config->account;
    cx->region = h->config->region;
    cx->request_id = sw_id_uuid(rq->arena);
    cx->http = rq;
    const SwNetListener *net = rq->listener_arg;
    if (net)
        cx->net_id = net->net_id;
    return cx;
}

static const char *listener_of(const SwHttpRequest *rq) {
    const SwNetListener *net = rq->listener_arg;
    return net ? net->address : NULL;
}

/* Headers of a streaming operation are enough to verify its signature: they declare the payload's hash. */
static int begin_stream(Visit *v, SwHttpRequest *rq, SwError *err) {
    SwStr declared = sw_str_or(sw_header_find(&rq->m.headers, "x-amz-content-sha256"), SW_STR("UNSIGNED-PAYLOAD"));
    v->signature.resource = v->id.m.path;
    if (sw_authenticate_verify(v->cx, &rq->m, &v->signature, v->secret, declared, err) < 0)
        return -1;
    SwChunkCheck *check;
    void *check_arg;
    sw_authenticate_chunks(v->cx, &v->signature, v->secret, &check, &check_arg);
    return sw_body_begin(v->cx, rq, check, check_arg, &v->body, err);
}

static int begin(Visit *v, SwHttpRequest *rq, SwError *err) {
    SwHost *h = v->cx->host;
    if (sw_access_not_a_delivery(&rq->m, err) < 0 || sw_authenticate_begin(v->cx, &rq->m, &v->signature, &v->secret, err) < 0)
        return -1;
    if (sw_identify(h, rq->arena, &rq->m, &v->signature, listener_of(rq), false, &v->id, &v->known, err) < 0)
        return -1;
    if (!v->known)
        return 0;
    const SwRoute *route = v->id.route;
    if (route && route->begin && sw_access_route(v->cx, route, &rq->m, &v->signature, v->secret, SW_NO_STR, err) < 0)
        return -1;
    if (route) {
        rq->m.path = v->id.m.path; /* of a bucket's own host: with the bucket */
        return route->begin && !route->begin(v->cx, err) ? (err->kind ? -1 : 1) : 0;
    }
    if (v->id.op->flags & SW_OP_STREAM_IN)
        return begin_stream(v, rq, err);
    if (v->id.service->body_max)
        rq->body_max = v->id.service->body_max;
    return 0;
}

static void finish(Visit *v) {
    if (v->id.service && v->id.service->finish)
        v->id.service->finish(v->cx, &v->id.m);
}

/* --- without memory ------------------------------------------------------------------------------------------------ */

typedef struct Pass { /* what a guarded function is given, and gives back */
    SwHost *host;
    SwHttpRequest *rq;
    const SwErrorKind *kind;
    const char *message;
    bool go, complete;
} Pass;

/* The last resort. Retried by every client, for its status alone. */
static void answer_by_rote(SwHttpRequest *rq) {
#define SLOW_DOWN_XML "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
    static const struct {
        SwHeader header;
        SwStr body;
    } json = {{SW_STR_C("content-type"), SW_STR_C("application/json")},
              SW_STR_C("{\"__type\":\"SlowDown\",\"message\":\"Please reduce your request rate.\"}")};
    static const struct {
        SwHeader header;
        SwStr body;
    } xml[] = {{{SW_STR_C("content-type"), SW_STR_C("text/xml")}, SW_STR_C("<ErrorResponse>" SLOW_DOWN_XML "</ErrorResponse>")},
               {{SW_STR_C("content-type"), SW_STR_C("application/xml")}, SW_STR_C(SLOW_DOWN_XML)},
               {{SW_STR_C("content-type"), SW_STR_C("text/xml")},
                SW_STR_C("<Response><Errors>" SLOW_DOWN_XML "</Errors></Response>")}};
    const Visit *v = rq->user;
    const SwApi *api = v ? api_of(v) : NULL;
    uint32_t p = v && v->id.protocol ? v->id.protocol : api ? api->protocol : 0;
    const SwHeader *header = &json.header;
    SwStr body = json.body;
    for (size_t i = 0; i < SW_N(xml); i++)
        if (p == (const uint32_t[]){SW_QUERY, SW_REST_XML, SW_EC2_QUERY}[i]) {
            header = &xml[i].header;
            body = xml[i].body;
        }
    rq->reply = (SwWireMessage){.status = 503, .body = body};
    rq->reply.headers.v = (SwHeader *)(uintptr_t)header;
    rq->reply.headers.n = 1;
}

static void answer_refusal(void *arg) {
    Pass *p = arg;
    Visit *v = p->rq->user;
    SwError err = sw_error(p->rq->arena);
    (void)sw_fail(&err, p->kind, "%s", p->message);
    answer_error(v, p->rq, &err);
}

static void roll_back(void *arg) {
    sw_ctx_rollback(arg);
}

/* A request that asks for too much is refused for good; where memory is short just now it is to come again. */
static void answer_lack(SwHttpRequest *rq, SwLack why) {
    Visit *v = rq->user;
    Pass p = {.rq = rq, .kind = &SW_SLOW_DOWN, .message = "Please reduce your request rate."};
    if (why == SW_LACK_LIMIT) {
        p.kind = v && v->decoded ? &SW_INTERNAL_FAILURE : &SW_REQUEST_ENTITY_TOO_LARGE;
        p.message = "The request needs more memory than one request may use";
    }
    if (v)
        (void)sw_guard_spare(roll_back, v->cx);
    if (!v || sw_guard_spare(answer_refusal, &p) != SW_LACK_NONE)
        answer_by_rote(rq);
    rq->close = true;
}

static void front_refuse(void *arg, SwHttpRequest *rq, const SwErrorKind *kind, const char *message) {
    Pass p = {.host = arg, .rq = rq, .kind = kind, .message = message};
    if (!rq->user || sw_guard_spare(answer_refusal, &p) != SW_LACK_NONE)
        answer_by_rote(rq);
    rq->close = true;
}

static void begin_guarded(void *arg) {
    Pass *p = arg;
    SwHttpRequest *rq = p->rq;
    Visit *v = sw_new(rq->arena, Visit);
    v->cx = make_ctx(p->host, rq);
    rq->user = v;
    SwError err = sw_error(rq->arena);
    int r = begin(v, rq, &err);
    if (r < 0)
        answer_error(v, rq, &err);
    if (r != 0)
        finish(v);
    p->go = r == 0;
}

static bool front_begin(void *arg, SwHttpRequest *rq) {
    Pass p = {.host = arg, .rq = rq};
    SwLack why = sw_guard(SW_POOL_REQUESTS, begin_guarded, &p);
    if (why != SW_LACK_NONE)
        answer_lack(rq, why);
    return why == SW_LACK_NONE && p.go;
}

static SwStr payload_hash(SwArena *a, const SwHttpRequest *rq, const SwSignature *s) {
    SwStr declared = sw_header_find(&rq->m.headers, "x-amz-content-sha256");
    if (sw_str_eqz(declared, "UNSIGNED-PAYLOAD") && sw_str_eqz(s->service, "s3")) /* no other service here has that */
        return declared;
    if (rq->encoded_sha256.p) /* a client signs what it sends: the compressed bytes */
        return sw_hex(a, rq->encoded_sha256.p, rq->encoded_sha256.n);
    return sw_sha256_hex(a, rq->m.body.p ? rq->m.body : SW_STR(""));
}

static int decode(Visit *v, SwHttpRequest *rq, void **ret_in, SwError *err) {
    SwIdentity *id = &v->id;
    v->signature.resource = id->m.path;
    id->m.body = rq->m.body;
    if (v->body) {
        SwStr hash;
        if (sw_body_end(v->body, rq, &id->m.stream, &hash, err) < 0)
            return -1;
        id->m.headers = rq->m.headers;
    } else if (v->cx->host->config->strict && /* else nobody asks for the hash */
               sw_authenticate_verify(v->cx, &rq->m, &v->signature, v->secret, payload_hash(rq->arena, rq, &v->signature),
                                      err) < 0) {
        return -1;
    }
    sw_authenticate_used(v->cx, &v->signature);
    if (!v->body && (id->op->flags & SW_OP_CHECKSUM) && sw_body_check(rq->arena, &rq->m, err) < 0)
        return -1;
    if (id->protocol == SW_REST_XML)
        sw_presigned_headers(rq->arena, &v->signature, &id->m);
    return sw_wire_decode_request(rq->arena, id->service->api, id->op, id->protocol, &id->m, ret_in, err);
}

static int run(Visit *v, const void *in, void **ret_out, SwError *err) {
    const SwHandler *handler = sw_registry_handler(v->id.service, v->id.op);
    return sw_operation_run_alone(v->cx, v->id.service, v->id.op, handler, in, ret_out, err);
}

/* In pieces: for a client that has left, or while the server stops, nothing is waited for. */
static void settle(SwCtx *cx) {
    for (int ms = 0; ms < SETTLE_MAX_MS; ms += SETTLE_LOOK_MS)
        if (sw_engine_settle(cx->host->engine, SETTLE_LOOK_MS) || sw_http_ended(cx->http))
            return;
}

static int handle_operation(Visit *v, SwHttpRequest *rq, SwError *err) {
    SwCtx *cx = v->cx;
    void *in = NULL, *out = NULL;
    cx->api = v->id.service->api;
    cx->op = v->id.op;
    if (!sw_registry_handler(v->id.service, v->id.op)) /* whatever the input is: it would never be right */
        return sw_wire_not_implemented(v->id.service->api, sw_str(v->id.op->name), err);
    if (decode(v, rq, &in, err) < 0)
        return -1;
    v->decoded = true;
    /* A handler without inputs still gets a structure to read absent members from. */
    if (!in && v->id.op->input)
        in = sw_arena_alloc(rq->arena, v->id.op->input->size);
    bool wants_settled = cx->host->config->settle;
    if (wants_settled && (v->id.op->flags & SW_OP_READ))
        settle(cx);
    if (run(v, in, &out, err) < 0)
        return -1;
    if (wants_settled && !(v->id.op->flags & SW_OP_READ))
        settle(cx);
    if (sw_wire_encode_response(rq->arena, v->id.service->api, v->id.op, v->id.protocol, out, cx->request_id, &rq->reply, err) <
        0)
        return -1;
    if (cx->status)
        rq->reply.status = cx->status;
    return 0;
}

static int handle(Visit *v, SwHttpRequest *rq, SwError *err) {
    if (!v->known &&
        sw_identify(v->cx->host, rq->arena, &rq->m, &v->signature, listener_of(rq), true, &v->id, &v->known, err) < 0)
        return -1;
    if (v->id.route) {
        if (!v->id.route->begin && sw_access_route(v->cx, v->id.route, &rq->m, &v->signature, v->secret,
                                                   payload_hash(rq->arena, rq, &v->signature), err) < 0)
            return -1;
        v->id.route->handle(v->cx);
        sw_ctx_rollback(v->cx);
        return 0;
    }
    return handle_operation(v, rq, err);
}

static void handle_guarded(void *arg) {
    SwHttpRequest *rq = arg;
    Visit *v = rq->user;
    SwError err = sw_error(rq->arena);
    if (handle(v, rq, &err) < 0) {
        sw_ctx_rollback(v->cx);
        answer_error(v, rq, &err);
    }
    finish(v);
}

static void front_handle(void *arg, SwHttpRequest *rq) {
    (void)arg;
    SwLack why = sw_guard(SW_POOL_REQUESTS, handle_guarded, rq);
    if (why != SW_LACK_NONE)
        answer_lack(rq, why);
}

static void log_guarded(void *arg) {
    const Pass *p = arg;
    const Visit *v = p->rq->user;
    sw_access_log(p->host, &(SwAccess){
                               .cx = v->cx,
                               .rq = p->rq,
                               .complete = p->complete,
                               .service = v->id.service ? v->id.service->name : NULL,
                               .operation = v->id.op ? v->id.op->name : NULL,
                               .error = v->error.kind ? &v->error : NULL,
                           });
}

static void front_done(void *arg, SwHttpRequest *rq, bool complete) {
    Pass p = {.host = arg, .rq = rq, .complete = complete};
    if (!rq->user)
        sw_log(SW_WARN, "a request was refused for lack of memory", SW_F("peer", rq->peer));
    else if (sw_guard_spare(log_guarded, &p) != SW_LACK_NONE)
        sw_log(SW_WARN, "a request could not be logged for lack of memory", SW_FN("status", rq->reply.status));
}

SwHttpHandler sw_front_handler(SwHost *h) {
    return (SwHttpHandler){.arg = h, .begin = front_begin, .handle = front_handle, .refuse = front_refuse, .done = front_done};
}
