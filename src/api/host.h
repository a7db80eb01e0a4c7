/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The process's one of each: store, engine, container runtime, proxy, server. Made by host.c in the order of the
 * floors, ended in reverse. Passed down in SwCtx; there are no globals. */

#include "api/service.h"

typedef struct SwRuntime SwRuntime; /* container/container.h */
typedef struct SwProxy SwProxy;     /* proxy/proxy.h */

typedef struct SwConfig {
    const char *data;                 /* data folder */
    const char *address;              /* listen address, "127.0.0.1" */
    uint16_t port;                    /* 4566; 0: any free */
    SwStr account;                    /* default account id, "000000000000" */
    SwStr region;                     /* default region, "us-east-1" */
    bool strict;                      /* --auth strict: signatures verified, policies evaluated */
    bool settle;                      /* --settle */
    bool ephemeral;                   /* --ephemeral */
    bool accept_data_loss;            /* --accept-data-loss */
    SwTime warm_builds;               /* --warm-builds: how long a build's environment is kept ready; 0: none is */
    const SwService *const *services; /* sw_services, or a test's own few */
} SwConfig;

/* What a web identity token says, once it is verified against its provider's keys. */
typedef struct SwWebIdentity {
    SwStr provider; /* the provider's ARN */
    SwStr url;      /* the same without "https://": what its condition keys begin with */
    SwStr audience, subject;
    SwStrList audiences, methods; /* aud, amr */
    SwStr source_identity;
    SwStrMap tags;
    SwStrList transitive;
} SwWebIdentity;

/* Temporary credentials, as STS issues them. */
typedef struct SwSessionSpec {
    SwStr role_arn; /* absent: for the caller itself (GetSessionToken) */
    SwStr session;  /* the role session's name */
    SwStr external_id, source_identity;
    SwStr policy;          /* session policy: a document */
    SwStrList policy_arns; /* managed session policies */
    SwStrMap tags;
    SwStrList transitive;     /* keys of tags that go on to sessions made from this one */
    SwStr federated;          /* the name of a federated user, for whom the caller speaks; absent: for itself */
    const SwWebIdentity *web; /* who wants it, in place of the caller; or NULL */
    SwTime lifetime;
} SwSessionSpec;
typedef struct SwSession {
    SwStr key, secret, token, account;
    SwTime expires;
    SwPrincipal principal;
} SwSession;

/* Who holds a key and what a principal may do: filled in by the IAM service when it opens. */
typedef struct SwAuth {
    /* *ret_found false: no such key. Reads in a transaction of its own. */
    int (*key)(SwHost *h, SwArena *a, SwStr access_key, SwStr *ret_secret, SwStr *ret_token, SwStr *ret_account,
               SwPrincipal *ret_p, bool *ret_found, SwError *err);
    /* The key signed a request to this service and region. No transaction is open. */
    void (*used)(SwHost *h, SwStr access_key, SwStr account, SwStr service, SwStr region);
    /* In cx->tx. resource: ARN or "*". conditions: context keys. Fails with the service's access-denied kind. */
    int (*authorise)(SwCtx *cx, const char *action, SwStr resource, SwError *err);
    /* Whoever gives a service a role to act under needs iam:PassRole for it. In cx->tx. */
    int (*pass_roles)(SwCtx *cx, const SwOperation *op, const void *in, SwError *err);
    /* A session of a role for Slipway's own work; checks existence and trust. */
    int (*assume)(SwCtx *cx, SwStr role_arn, SwStr service_principal, SwPrincipal *ret_p, SwError *err);
    /* Temporary credentials of a role for a task or build: its endpoint answers these. */
    int (*credentials)(SwCtx *cx, SwStr role_arn, SwStr session, SwTime lifetime, SwStr *ret_key, SwStr *ret_secret,
                       SwStr *ret_token, SwTime *ret_expires, SwError *err);
    /* In cx->tx, a write one: checks existence, the trust policy where the server is strict, and duration. */
    int (*session)(SwCtx *cx, const SwSessionSpec *spec, SwSession *ret_s, SwError *err);
    /* No transaction is open: the token is verified against the keys of its provider, in the account of the role. */
    int (*web_identity)(SwCtx *cx, SwStr role_arn, SwStr token, SwWebIdentity *ret_w, SwError *err);
    /* A password that IAM made for one service (git over HTTPS: "codecommit.amazonaws.com"). As `key`. */
    int (*password)(SwHost *h, SwArena *a, const char *service, SwStr user, SwStr password, SwStr *ret_account,
                    SwPrincipal *ret_p, bool *ret_found, SwError *err);
} SwAuth;

struct SwHost {
    const SwConfig *config;
    SwArena *arena; /* lives as long as the host */
    SwClock *clock;
    SwStore *store;
    SwBlobs *blobs;
    SwEngine *engine;
    SwRuntime *runtime;
    SwProxy *proxy;
    SwHttpServer *http;
    struct SwAccessLog *access_log;
    struct SwMeter *meter; /* api/meter.h */
    SwAuth auth;
    const struct SwResource *const *resources; /* of all services: sw_resource_all */
    int64_t started_ns;                        /* sw_monotonic_ns at the start */
    uint16_t port;                             /* that is really listened on */
    SwStr instance;                            /* 8 hexadecimal digits; names what lies outside the data folder */
    SwStr registry;                            /* "127.0.0.1:4566": host of image names */
    void *elbv2;                               /* services/elbv2: health checks under way */
    void *iam;                                 /* services/iam: when keys were last used */
    void *lambda;                              /* services/lambda: sandboxes */
    void *net_listeners;                       /* host.c's: sockets inside containers' networks */
    int lock_fd;                               /* holds <data>/lock */
    bool down;                                 /* asked to leave nothing behind when it ends */
};

int sw_host_open(const SwConfig *c, SwHost **ret_h, SwError *err) sw_must_check;
void sw_host_close(SwHost *h);                            /* drains; containers and proxy go on, to be adopted again */
int sw_host_down(SwHost *h, SwError *err) sw_must_check;  /* the same, and nothing is left running */
int sw_host_reset(SwHost *h, SwError *err) sw_must_check; /* everything gone */
/* The server's certificate is made anew when it is near its end; connections from now on have what is there. */
int sw_host_renew_certificate(SwHost *h, SwArena *a, SwError *err) sw_must_check;
/* The certificate of our own authority, for clients to trust. */
int sw_host_authority(SwHost *h, SwArena *a, SwStr *ret_pem, SwError *err) sw_must_check;
const SwService *sw_host_service(const SwHost *h, SwStr name_or_sign_name);
