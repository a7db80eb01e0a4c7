/* SPDX-License-Identifier: Apache-2.0 */
/* Running operations. Services meet only here: a call in process goes through the same limits and the same
 * authorisation as one from outside, without a socket. */

#include <stdio.h>
#include <stdlib.h>

#include "api/idempotency.h"
#include "api/operation.h"
#include "base/log.h"
#include "resource/resource.h"
#include "store/room.h"

SwStr sw_operation_text(const SwOperation *op, const void *in, const char *name) {
    const SwMember *m = op->input ? sw_shape_member(op->input, sw_str(name)) : NULL;
    if (!m || !sw_member_is_set(m, in))
        return SW_NO_STR;
    if (m->shape->kind == SW_STRING)
        return *(const SwStr *)sw_member_at(m, in);
    if (m->shape->kind != SW_LIST || m->shape->member[0].shape->kind != SW_STRING)
        return SW_NO_STR;
    const void *list = sw_member_at(m, in);
    return sw_list_count(list) ? *(const SwStr *)sw_list_at(m->shape, list, 0) : SW_NO_STR;
}

SwStrList sw_operation_texts(const SwOperation *op, const void *in, const char *name) {
    const SwMember *m = op->input ? sw_shape_member(op->input, sw_str(name)) : NULL;
    bool texts = m && m->shape->kind == SW_LIST && m->shape->member[0].shape->kind == SW_STRING && sw_member_is_set(m, in);
    return texts ? *(const SwStrList *)sw_member_at(m, in) : (SwStrList){0};
}

int sw_authorise(SwCtx *cx, const char *action, SwStr resource, SwError *err) {
    const SwService *s = cx->api ? sw_registry_by_api(cx->host, cx->api) : NULL;
    const SwErrorKind *denied = s ? sw_registry_denied(s) : &SW_ACCESS_DENIED;
    if (!cx->host->config->strict || cx->principal.kind == SW_PRINCIPAL_SERVICE)
        return 0;
    if (!cx->host->auth.authorise)
        return sw_fail(err, denied, "No service evaluates policies; %s is denied", action);
    if (cx->host->auth.authorise(cx, action, resource, err) == 0)
        return 0;
    if (sw_error_is(err, &SW_ACCESS_DENIED))
        err->kind = denied;
    return -1;
}

static int authorise(SwCtx *cx, const SwService *s, const SwOperation *op, const SwHandler *handler, const void *in,
                     SwError *err) {
    if (!cx->host->config->strict || (op->flags & SW_OP_NO_AUTH) || (handler->flags & SW_AUTHORISES))
        return 0;
    const char *action = s->action ? s->action(cx, op, in) : NULL;
    if (sw_resource_authorise(cx, s, op, action ? action : op->iam_action, in, err) < 0)
        return -1;
    if (!cx->host->auth.pass_roles || cx->principal.kind == SW_PRINCIPAL_SERVICE ||
        cx->host->auth.pass_roles(cx, op, in, err) == 0)
        return 0;
    if (sw_error_is(err, &SW_ACCESS_DENIED))
        err->kind = sw_registry_denied(s);
    return -1;
}

static bool token_left_aside(const SwCtx *cx, const SwOperation *op, const void *in) {
    return op->page && sw_member_is_set(op->page->token, in) && !cx->paged;
}

/* Tests run with SLIPWAY_REPLIES=abort (or log): every reply keeps the limits that its model states, as AWS's do, and no page's
 * token is left aside. */
static void check_reply(SwCtx *cx, const SwOperation *op, const void *in, const void *out) {
    const char *want = getenv("SLIPWAY_REPLIES");
    SwError err = sw_error(cx->arena);
    if (!want || !out)
        return;
    if (token_left_aside(cx, op, in))
        sw_fail(&err, &SW_INTERNAL_FAILURE, "%s was not read", op->page->token->name);
    else if (sw_validate_reply(op->output, out, &SW_INTERNAL_FAILURE, &err) == 0)
        return;
    sw_log(SW_ERROR, "a reply breaks its model", SW_F("operation", op->iam_action), SW_F("cause", err.message));
    if (strcmp(want, "abort") == 0)
        abort();
}

/* What can be said of the input without the store. */
static int check_input(SwCtx *cx, const SwService *s, const SwOperation *op, const void *in, SwError *err) {
    if (!op->input)
        return 0;
    if ((s->validate ? s->validate(cx, op, in, err) : sw_validate(op->input, in, sw_registry_invalid(s), err)) < 0)
        return -1;
    return sw_refuse_unsupported(op->input, in, sw_registry_unsupported(s), err);
}

static int run_checked(SwCtx *cx, const SwService *s, const SwOperation *op, const SwHandler *handler, const void *in,
                       void **ret_out, SwError *err) {
    cx->in = in;
    cx->paged = false;
    bool own_tx = (handler->flags & SW_OWN_TX) && !(cx->tx && (handler->flags & SW_ANY_TX));
    if (!own_tx && authorise(cx, s, op, handler, in, err) < 0)
        return -1;
    if (own_tx) {
        if (SW_NEVER(cx->tx != NULL))
            return sw_fail(err, &SW_INTERNAL_FAILURE, "%s cannot run inside a transaction", op->name);
        if (cx->host->config->strict) {
            if (sw_ctx_begin(cx, SW_READ, err) < 0)
                return -1;
            int allowed = authorise(cx, s, op, handler, in, err);
            sw_ctx_rollback(cx);
            if (allowed < 0)
                return -1;
        }
    }
    if (handler->token && sw_token_find(cx, handler->token, in, ret_out, err) < 0)
        return -1;
    if (handler->token && *ret_out)
        return 0;
    void *out = op->output ? sw_arena_alloc(cx->arena, op->output->size) : NULL;
    if (((SwOperationFn *)handler->fn)(cx, in, out, err) < 0 ||
        (handler->token && sw_token_keep(cx, handler->token, in, out, err) < 0))
        return -1;
    check_reply(cx, op, in, out);
    *ret_out = out;
    return 0;
}

int sw_operation_run(SwCtx *cx, const SwService *s, const SwOperation *op, const SwHandler *handler, const void *in,
                     void **ret_out, SwError *err) {
    return check_input(cx, s, op, in, err) < 0 ? -1 : run_checked(cx, s, op, handler, in, ret_out, err);
}

static int call_in_savepoint(SwCtx *cx, const SwService *s, const SwOperation *op, const SwHandler *handler, const void *in,
                             void **ret_out, SwError *err) {
    bool undoable = sw_tx_is_write(cx->tx);
    if (undoable && sw_tx_savepoint(cx->tx, err) < 0)
        return -1;
    if (sw_operation_run(cx, s, op, handler, in, ret_out, err) < 0) {
        if (undoable)
            sw_tx_undo(cx->tx);
        return -1;
    }
    return undoable ? sw_tx_release(cx->tx, err) : 0;
}

typedef struct Run {
    SwCtx *cx;
    const SwService *s;
    const SwOperation *op;
    const SwHandler *handler;
    const void *in;
    void **ret_out;
} Run;

static void forget_txp(SwCtx **cx) {
    (*cx)->tx = NULL;
}

/* Perhaps in the thread of another request (sw_tx_write), while this request's waits. */
static int run_in_write(SwTx *tx, void *arg, SwError *err) {
    const Run *r = arg;
    __attribute__((cleanup(forget_txp))) SwCtx *cx = r->cx;
    cx->tx = tx;
    return run_checked(cx, r->s, r->op, r->handler, r->in, r->ret_out, err);
}

static int run_alone(SwCtx *cx, const SwService *s, const SwOperation *op, const SwHandler *handler, const void *in,
                     void **ret_out, SwError *err) {
    if (handler->flags & SW_OWN_TX)
        return sw_operation_run(cx, s, op, handler, in, ret_out, err);
    if (check_input(cx, s, op, in, err) < 0)
        return -1;
    if (!(op->flags & SW_OP_READ) || (handler->flags & SW_WRITES)) {
        Run r = {cx, s, op, handler, in, ret_out};
        return sw_tx_write(cx->host->store, cx->arena, cx->account, cx->region, run_in_write, &r, err);
    }
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = run_checked(cx, s, op, handler, in, ret_out, err);
    sw_ctx_rollback(cx);
    return r;
}

/* What makes room, and must succeed on a full disk. */
static bool is_removal(const SwOperation *op) {
    static const char *const verbs[] = {"Delete", "BatchDelete", "Remove", "Purge", "Terminate", "Deregister", "Abort"};
    for (size_t i = 0; i < SW_N(verbs); i++)
        if (sw_str_starts(sw_str(op->name), sw_str(verbs[i])))
            return true;
    return false;
}

int sw_operation_run_alone(SwCtx *cx, const SwService *s, const SwOperation *op, const SwHandler *handler, const void *in,
                           void **ret_out, SwError *err) {
    if (!is_removal(op))
        return run_alone(cx, s, op, handler, in, ret_out, err);
    sw_store_room_give(cx->host->store);
    int r = run_alone(cx, s, op, handler, in, ret_out, err);
    sw_store_room_take(cx->host->store);
    return r;
}

/* What a context serves. The callee sees what is being served; the context stays one, so that whoever unwinds finds its
 * transaction. */
typedef struct Serving {
    const SwApi *api;
    const SwOperation *op;
    const void *in;
    SwHttpRequest *http;
    bool paged;
} Serving;

static Serving serve(SwCtx *cx, const SwApi *api, const SwOperation *op) {
    Serving outer = {cx->api, cx->op, cx->in, cx->http, cx->paged};
    cx->api = api;
    cx->op = op;
    cx->http = NULL;
    return outer;
}

static void serve_again(SwCtx *cx, const Serving *outer) {
    cx->api = outer->api;
    cx->op = outer->op;
    cx->in = outer->in;
    cx->http = outer->http;
    cx->paged = outer->paged;
}

int sw_call_ask(SwCtx *cx, const SwApi *api, unsigned index, const void *in, SwError *err) {
    const SwService *s = sw_registry_by_api(cx->host, api);
    const SwOperation *op = &api->op[index];
    const SwHandler *handler = s ? sw_registry_handler(s, op) : NULL;
    if (!handler)
        return sw_wire_not_implemented(api, sw_str(op->name), err);
    Serving outer = serve(cx, api, op);
    cx->in = in;
    int r = authorise(cx, s, op, handler, in, err);
    serve_again(cx, &outer);
    return r;
}

int sw_call(SwCtx *cx, const SwApi *api, unsigned index, const void *in, void **ret_out, SwError *err) {
    const SwService *s = sw_registry_by_api(cx->host, api);
    const SwOperation *op = &api->op[index];
    if (!s)
        return sw_fail(err, &SW_NOT_IMPLEMENTED, "The service %s is not part of this server", api->name);
    const SwHandler *handler = sw_registry_handler(s, op);
    if (!handler)
        return sw_wire_not_implemented(api, sw_str(op->name), err);
    Serving outer = serve(cx, api, op);
    int r = cx->tx ? call_in_savepoint(cx, s, op, handler, in, ret_out, err)
                   : sw_operation_run_alone(cx, s, op, handler, in, ret_out, err);
    serve_again(cx, &outer);
    return r;
}
