/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A service is a table: its model, its operations, its controllers, and what it plugs into others. The engines that
 * use the plugs (CodePipeline, EventBridge, CloudWatch alarms, CloudFormation) know only these types. To add a
 * service: a model, a folder, one line in services/services.c. */

#include "api/ctx.h"
#include "api/page.h"
#include "engine/engine.h"

typedef struct SwDeclarations SwDeclarations;
typedef int SwOperationFn(SwCtx *cx, const void *in, void *out, SwError *err);

/* Who may call a route where the server is strict. Enforced in one place (access.c) before the route's own code; the first
 * one is what a route has that declares none: nobody may call it, and it fails a test. docs/security.md lists them all. */
typedef enum SwRouteAccess {
    SW_ACCESS_UNDECLARED,
    SW_ACCESS_PUBLIC,    /* everybody: it tells nothing that is worth hiding and changes nothing */
    SW_ACCESS_SIGNED,    /* whose request is signed, or who proves the same key by HTTP Basic, and may do `action` */
    SW_ACCESS_OWN,       /* whom the route itself finds out and asks IAM about: git, the registry, tokens */
    SW_ACCESS_CONTAINER, /* what runs in a container's network, whose address and token the route looks at */
    _SW_ACCESS_MAX
} SwRouteAccess;

/* Raw HTTP beside the API: git's smart HTTP, the registry, health pages. */
typedef struct SwRoute {
    const char *method;   /* NULL: any */
    const char *path;     /* prefix when it ends with '/', or "*" at its end; else whole */
    const char *listener; /* only where a container calls this address ("169.254.170.2"); NULL: any */
    SwRouteAccess access;
    const char *action;                     /* of SW_ACCESS_SIGNED: "slipway:Reset" */
    bool (*begin)(SwCtx *cx, SwError *err); /* as SwHttpHandler.begin, without transaction; may be NULL */
    void (*handle)(SwCtx *cx);              /* fills cx->http->reply; opens transactions itself */
} SwRoute;

/* What an ARN of this service can receive: EventBridge targets, alarm actions, SNS subscriptions. */
typedef struct SwTarget {
    const char *service;  /* third part of the ARN: "sqs", "sns", "codebuild" */
    const char *resource; /* prefix of the resource part, or NULL: any */
    /* Deliver inside cx->tx. `parameters`: the target's own settings as JSON (SqsParameters, EcsParameters ...), or NULL. */
    int (*deliver)(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err);
    const char *action; /* what a delivery needs permission for: "sqs:SendMessage"; NULL: deliver calls
                           operations, which ask for themselves */
} SwTarget;

/* CodePipeline's action types. An action moves by steps, like a controller: start, then look, until it has ended. */
typedef struct SwArtifact {
    SwStr name, bucket, key; /* an output's key is chosen by the pipeline */
    SwStr revision;          /* commit id, image digest: for sources */
} SwArtifact;
typedef struct SwAction {
    SwStr pipeline, pipeline_arn, execution_id, stage, name, action_execution_id;
    SwStr region, role_arn; /* role: the action's, else the pipeline's */
    SwStrMap configuration; /* variables already resolved */
    SwArtifact *input;
    size_t n_input;
    SwArtifact *output;
    size_t n_output; /* the action writes the objects before it succeeds */
    SwStr token;     /* unique and stable over crashes: use as client request token */
    /* Kept by the pipeline between steps, set by the action. */
    SwStr state; /* the action's own, any text; absent at the first step */
    SwStr external_id, external_url, summary;
    SwStr revision, revision_summary; /* of a source: what it fetched */
    SwStrMap variables;               /* output variables */
} SwAction;
typedef enum SwActionOutcome { SW_ACTION_RUNNING, SW_ACTION_SUCCEEDED, SW_ACTION_FAILED } SwActionOutcome;
typedef struct SwActionType {
    const char *category, *owner, *provider, *version; /* "Build", "AWS", "CodeBuild", "1" */
    int min_inputs, max_inputs, min_outputs, max_outputs;
    const char *const *required, *const *optional; /* configuration keys, NULL-terminated */
    /* What the configuration's values must be, when a pipeline is declared: its names, artifacts (names only) and
     * configuration are filled, variables not yet resolved. Fails with a message alone. May be NULL. */
    int (*check)(const SwAction *a, SwError *err);
    /* Without transaction open: may act outside and open its own. On SW_ACTION_FAILED *err holds code and message. */
    int (*step)(SwCtx *cx, SwAction *a, SwActionOutcome *ret_outcome, SwTime *ret_again, SwError *err);
    int (*stop)(SwCtx *cx, SwAction *a, SwError *err); /* abandon or stop: may be NULL */
    /* An event of this source and type wakes the action whose external_id equals detail.<path>; NULL: none. */
    const char *event_source, *event_type, *event_path;
} SwActionType;

/* A condition key of IAM whose value no member of an input is: absent where a request has none. */
typedef struct SwContextKey {
    const char *name; /* "kms:ViaService" */
    SwStr (*value)(SwCtx *cx);
} SwContextKey;

typedef struct SwService SwService;
struct SwService {
    const char *name;          /* folder's name */
    const SwApi *api;          /* NULL: routes only */
    const SwHandler *handlers; /* <api>_handlers; NULL without an API */
    /* The input's limits in the service's own words; NULL: in those that AWS's services share (sw_validate). */
    int (*validate)(SwCtx *cx, const SwOperation *op, const void *in, SwError *err);
    const SwErrorKind *invalid;       /* what a broken limit of the model fails with; NULL: the protocol's usual one */
    const SwErrorKind *unsupported;   /* what a member that models/members refuses fails with; NULL: as `invalid` */
    const SwErrorKind *denied;        /* what a missing permission fails with; NULL: the protocol's usual one */
    SwPageFault bad_token, bad_limit; /* of lists: a token that is not one of this list; a limit out of bounds, which without
                                         a text of its own becomes the nearest that is not */
    bool loose_tokens;                /* one goes on whatever else is asked meanwhile, as S3's do */
    size_t body_max;                  /* of a request that does not stream; 0: 16 MiB */
    const SwDeclarations *declares;   /* its resources: models/resources (resource/resource.h) */
    /* IAM's name of what a request does where the input decides ("s3:GetObjectVersion"); NULL, or returning NULL: the
     * operation's own. */
    const char *(*action)(SwCtx *cx, const SwOperation *op, const void *in);
    const SwContextKey *context_keys;
    size_t n_context_keys;
    const SwRoute *routes;
    size_t n_routes;
    /* A request to this service that is none of its model's operations: S3's forms and preflights. NULL: it is no such. */
    const SwRoute *(*beside)(const SwWireMessage *m);
    /* Adds to cx->http->reply, errors too, what is not of one operation: CORS. m: the request as the model sees it. */
    void (*finish)(SwCtx *cx, const SwWireMessage *m);
    const SwController *const *controllers; /* NULL-terminated, as the next ones */
    const SwCollection *const *collections;
    const SwListener *listeners;
    size_t n_listeners;
    const SwTarget *targets;
    size_t n_targets;
    const SwActionType *actions;
    size_t n_actions;
    /* Numbers that are looked at, not counted (api/meter.h): sw_meter_at for each minute of the clock that began in
     * (from, until], in a read transaction of any scope. *ret_next: when to look again; left alone: not before something
     * is counted. */
    int (*gauge)(SwCtx *cx, SwTime from, SwTime until, SwTime *ret_next, SwError *err);
    int (*open)(SwHost *host, SwError *err); /* after the store is open, before the first request: what it keeps in memory */
    /* At a start, after all are open: wakes whatever looks after what ran before, in one write transaction of all services,
     * of any scope; cx->account and region are the configuration's, and may be changed. */
    int (*resume)(SwCtx *cx, SwError *err);
    void (*close)(SwHost *host);
    int (*reset)(SwHost *host, SwError *err); /* what is outside the store: processes, mounts */
    /* From the container runtime's thread, for every container of every service: look at the id's prefix, wake a
     * controller, return. `event` is a SwContainerEvent. */
    void (*on_container)(SwHost *host, SwStr container_id, int event);
    /* A name asked for inside a container's network: as SwRuntimeOpts.resolve. */
    int (*resolve)(SwHost *host, SwStr net_id, SwStr name, uint32_t *ret_ip);
};

extern const SwService *const sw_services[]; /* services/services.c, NULL-terminated */
