/* SPDX-License-Identifier: Apache-2.0 */
/* The front door. A request passes `begin` (headers) and `handle` (body in full) on one thread; between them its state
 * is a Visit in its arena. */

#include "api/front.h"

#include <setjmp.h>
#include <stdlib.h>

#include "api/access.h"
#include "api/access_log.h"
#include "api/authenticate.h"
#include "api/body.h"
#include "api/identify.h"
#include "api/operation.h"
#include "base/digest.h"
#include "base/id.h"
#include "models/apis.h"

#define SETTLE_MAX_MS  30000
#define SETTLE_LOOK_MS 100

typedef struct Visit {
    SwCtx      *cx;
    SwSignature signature;
    SwStr       secret;
    SwIdentity  id;
    bool        known;                  /* identified; else the body must tell */
    SwBody     *body;                   /* of a streaming operation */
    SwError     error;                  /* what it ended with, for the log */
    sigjmp_buf  no_memory;
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
    uint32_t protocol = v->id.protocol ? v->id.protocol : api ? api->protocol : sw_identify_protocol(rq->arena, &rq->m, &v->signature);
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
    SwStr declared = sw_str_or(sw_header_get(&rq->m.headers, "x-amz-content-sha256"), SW_STR("UNSIGNED-PAYLOAD"));
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
        rq->m.path = v->id.m.path;      /* of a bucket's own host: with the bucket */
        return route->begin && !route->begin(v->cx, err) ? (err->kind ? -1 : 1) : 0;
    }
    if (v->id.op->flags & SW_OP_STREAM_IN)
        return begin_stream(v, rq, err);
    return 0;
}

static void finish(Visit *v) {
    if (v->id.service && v->id.service->finish)
        v->id.service->finish(v->cx, &v->id.m);
}

static bool front_begin(void *arg, SwHttpRequest *rq) {
    Visit *v = sw_new(rq->arena, Visit);
    v->cx = make_ctx(arg, rq);
    rq->user = v;
    SwError err = sw_error(rq->arena);
    int r = begin(v, rq, &err);
    if (r < 0)
        answer_error(v, rq, &err);
    if (r != 0)
        finish(v);
    return r == 0;
}

static SwStr payload_hash(SwArena *a, const SwHttpRequest *rq, const SwSignature *s) {
    SwStr declared = sw_header_get(&rq->m.headers, "x-amz-content-sha256");
    if (sw_str_eqz(declared, "UNSIGNED-PAYLOAD") && sw_str_eqz(s->service, "s3"))     /* no other service here has that */
        return declared;
    if (rq->encoded_sha256.p)           /* a client signs what it sends: the compressed bytes */
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
    } else if (sw_authenticate_verify(v->cx, &rq->m, &v->signature, v->secret, payload_hash(rq->arena, rq, &v->signature), err) < 0) {
        return -1;
    }
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
    if (!sw_registry_handler(v->id.service, v->id.op))      /* whatever the input is: it would never be right */
        return sw_wire_not_implemented(v->id.service->api, sw_str(v->id.op->name), err);
    if (decode(v, rq, &in, err) < 0)
        return -1;
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
    if (sw_wire_encode_response(rq->arena, v->id.service->api, v->id.op, v->id.protocol, out, cx->request_id,
                                &rq->reply, err) < 0)
        return -1;
    if (cx->status)
        rq->reply.status = cx->status;
    return 0;
}

static int handle(Visit *v, SwHttpRequest *rq, SwError *err) {
    if (!v->known && sw_identify(v->cx->host, rq->arena, &rq->m, &v->signature, listener_of(rq), true, &v->id, &v->known, err) < 0)
        return -1;
    if (v->id.route) {
        if (!v->id.route->begin && sw_access_route(v->cx, v->id.route, &rq->m, &v->signature, v->secret, payload_hash(rq->arena, rq, &v->signature), err) < 0)
            return -1;
        v->id.route->handle(v->cx);
        sw_ctx_rollback(v->cx);
        return 0;
    }
    return handle_operation(v, rq, err);
}

static void give_up(void *arg) {
    siglongjmp(((Visit *)arg)->no_memory, 1);
}

static void front_handle(void *arg, SwHttpRequest *rq) {
    (void)arg;
    Visit *v = rq->user;
    SwError err = sw_error(rq->arena);
    sw_arena_on_oom(rq->arena, give_up, v);
    if (sigsetjmp(v->no_memory, 0) != 0) {
        sw_arena_on_oom(rq->arena, NULL, NULL);
        sw_ctx_rollback(v->cx);
        rq->reply = (SwWireMessage){
            .status = 500,
            .body = SW_STR("{\"__type\":\"InternalFailure\",\"message\":\"The request needs more memory than one request may use\"}"),
        };
        rq->close = true;
        return;
    }
    if (handle(v, rq, &err) < 0) {
        sw_ctx_rollback(v->cx);
        answer_error(v, rq, &err);
    }
    finish(v);
    sw_arena_on_oom(rq->arena, NULL, NULL);
}

static void front_done(void *arg, SwHttpRequest *rq, bool complete) {
    SwHost *h = arg;
    Visit *v = rq->user;
    if (!v)
        return;
    sw_access_log(h, &(SwAccess){
        .cx = v->cx, .rq = rq, .complete = complete,
        .service = v->id.service ? v->id.service->name : NULL,
        .operation = v->id.op ? v->id.op->name : NULL,
        .error = v->error.kind ? &v->error : NULL,
    });
}

SwHttpHandler sw_front_handler(SwHost *h) {
    return (SwHttpHandler){.arg = h, .begin = front_begin, .handle = front_handle, .done = front_done};
}
