/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The context that every operation, controller step and listener runs in: whose account and region, under which
 * principal, in which transaction, with which memory. It is passed down; nothing is ambient. */

#include "http/server.h"
#include "shape/call.h"
#include "store/blob.h"
#include "store/series.h"

typedef struct SwHost SwHost;

typedef enum SwPrincipalKind {
    SW_PRINCIPAL_ANONYMOUS,
    SW_PRINCIPAL_ROOT,
    SW_PRINCIPAL_USER,
    SW_PRINCIPAL_ROLE /* an assumed role's session */,
    SW_PRINCIPAL_SERVICE /* Slipway itself, as a service: "ecs.amazonaws.com" */
} SwPrincipalKind;

typedef struct SwPrincipal {
    SwPrincipalKind kind;
    SwStr arn;     /* "arn:aws:iam::000000000000:root", "arn:aws:sts::..:assumed-role/NAME/SESSION" */
    SwStr id;      /* unique id: AIDA.., AROA..:SESSION, or the account for root */
    SwStr name;    /* user or role name; a service's principal name */
    SwStr session; /* session name */
    SwStr access_key;
    bool verified; /* a signature was checked */
} SwPrincipal;

struct SwCtx {
    SwArena *arena;
    SwHost *host;
    SwStr account, region;
    SwPrincipal principal;
    SwStr source;        /* ARN of the resource for which a service acts (aws:SourceArn); or absent */
    const char *via;     /* service that calls another under the caller's own rights ("sqs": kms:ViaService); or NULL */
    SwStr request_id;    /* UUID */
    SwTx *tx;            /* a handler's transaction; NULL in a controller step between transactions */
    SwHttpRequest *http; /* NULL when called in process */
    SwStr net_id;        /* container network that the request came from; absent: from outside */
    uint16_t status;     /* of the reply where the model's is not the one: 206, 304; else 0 */
    const SwApi *api;    /* what is being served, or NULL */
    const SwOperation *op;
    const void *in; /* its input */
    bool paged;     /* the pager has read its token */
};

/* A context for work of Slipway's own: controllers, listeners, timers. `service`: "ecs" acts as ecs.amazonaws.com. */
SwCtx *sw_ctx_new(SwHost *host, SwArena *a, SwStr account, SwStr region, const char *service);
/* The same under a role, by its ARN: authorisation is evaluated for it when the server is strict. Fails with
 * AccessDenied when the role does not exist or does not trust `service`. */
int sw_ctx_assume(SwCtx *cx, SwStr role_arn, SwCtx **ret_cx, SwError *err) sw_must_check;

/* The same context, in the same transaction, under a service's own principal: "sns". */
SwCtx *sw_ctx_as_service(SwCtx *cx, const char *service);
/* May the caller do this to that? The question that the front door has asked already about an operation's own resource,
 * for handlers that touch others as well. Always yes where the server is not strict, and for Slipway's own work. */
int sw_authorise(SwCtx *cx, const char *action, SwStr resource, SwError *err) sw_must_check;
/* Containers that give access to the host they run on: tasks and builds that are privileged, mount its folders .. */
#define SW_HOST_ACCESS "slipway:HostAccess"

SwTime sw_now(const SwCtx *cx);

/* Controllers and listeners open transactions themselves; handlers find theirs in cx->tx. */
int sw_ctx_begin(SwCtx *cx, SwTxMode mode, SwError *err) sw_must_check;
int sw_ctx_commit(SwCtx *cx, SwError *err) sw_must_check;
void sw_ctx_rollback(SwCtx *cx); /* nothing when none is open */

/* arn:aws:<service>:<region>:<account>:<resource>, in the context's region and account. */
SwStr sw_arn(SwCtx *cx, const char *service, const char *resource_fmt, ...) sw_printf(3, 4);
SwStr sw_arn_global(SwCtx *cx, const char *service, const char *resource_fmt, ...) sw_printf(3, 4); /* no region: iam */
SwStr sw_root_arn(SwArena *a, SwStr account);                                                       /* of an account's root */
typedef struct SwArn {
    SwStr partition, service, region, account, resource;
} SwArn;
bool sw_arn_parse(SwStr s, SwArn *ret_arn);
bool sw_arn_is_here(const SwCtx *cx, const SwArn *arn,
                    const char *service); /* of that service, in the context's region and account */

/* The words for what is refused: one place, one wording. */
int sw_refuse_field(SwError *err, const SwErrorKind *kind, const char *field, const char *why); /* "<field>: <why>" */

/* Run one operation of any service in process: typed wrappers are generated (ecs_call_create_service). Runs in a
 * savepoint of cx->tx, or in a transaction of its own when none is open; limits are checked and the principal
 * authorised as from outside. *ret_out lives in cx->arena. (int sw_call(...) is declared in shape/call.h.) */
