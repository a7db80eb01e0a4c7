/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The data plane of load balancers: one HAProxy per data folder, told what should be.
 *
 *     SwProxyConfig c = {...everything that should be served...};
 *     sw_proxy_apply(proxy, &c, &err);
 *
 * apply is idempotent and cheap when nothing changed; call it with the whole picture after every change. What are only
 * targets, target states and weights goes over HAProxy's runtime API; the rest becomes a new configuration and a reload
 * in which no connection is lost. A configuration that HAProxy refuses never replaces a working one.
 *
 * HAProxy outlives Slipway: it runs in a session of its own, and sw_proxy_open finds it again by its master socket in
 * DIR. sw_proxy_stop ends it.
 *
 * Health checks are not made here: the caller makes them (health.h, on its clock, with AWS's thresholds and reasons)
 * and says each target's state. Draining: requests in flight end, no new ones are sent, client connections stay open.
 *
 * Every request that ends is one line in DIR/requests.log, written by HAProxy itself, also while Slipway is down. The
 * reader's position is the caller's to keep, best in the same transaction as the metrics made of the records: then
 * every request counts exactly once, over restarts.
 *
 * Threads: any; calls on one proxy take turns. */

#include "base/error.h"
#include "base/time.h"

/* Ids name things in HAProxy's configuration, its statistics and the records: 1..96 of [A-Za-z0-9_.-], chosen by the
 * caller, stable over the life of the resource, unique over load balancers, listeners, rules and groups each. */

typedef enum SwTargetState {
    SW_TARGET_INITIAL, /* registered, not yet healthy: no requests */
    SW_TARGET_HEALTHY,
    SW_TARGET_UNHEALTHY, /* no requests, unless no target of its group is healthy (fail open, as AWS) */
    SW_TARGET_DRAINING,  /* no new requests, sticky ones neither; those in flight end */
} SwTargetState;

typedef struct SwProxyTarget {
    SwStr address; /* IPv4 or IPv6 */
    uint16_t port;
    uint16_t weight; /* 1..256; 0: 1 */
    SwTargetState state;
} SwProxyTarget;

typedef enum SwProxyProtocol { SW_PROXY_HTTP, SW_PROXY_HTTPS, SW_PROXY_TCP, SW_PROXY_TLS } SwProxyProtocol;
typedef enum SwProxyAlgorithm { SW_PROXY_ROUND_ROBIN, SW_PROXY_LEAST_OUTSTANDING, SW_PROXY_RANDOM } SwProxyAlgorithm;
typedef enum SwProxyStickiness { SW_STICKY_OFF, SW_STICKY_LB_COOKIE /* AWSALB */, SW_STICKY_APP_COOKIE } SwProxyStickiness;

typedef struct SwProxyTargetGroup {
    SwStr id;
    SwProxyProtocol protocol; /* to the targets; HTTPS and TLS: certificates are not verified, as AWS */
    bool http2;               /* ProtocolVersion HTTP2 or GRPC: HTTP/2 to the targets */
    bool proxy_protocol_v2;
    SwProxyAlgorithm algorithm;
    SwProxyStickiness stickiness;
    int64_t stickiness_seconds;
    SwStr app_cookie; /* SW_STICKY_APP_COOKIE: the application's cookie */
    struct {
        SwProxyTarget *v;
        size_t n;
    } targets;
} SwProxyTargetGroup;

typedef enum SwProxyField {
    SW_MATCH_HOST,
    SW_MATCH_PATH,
    SW_MATCH_HEADER,
    SW_MATCH_METHOD,
    SW_MATCH_QUERY,
    SW_MATCH_SOURCE_IP
} SwProxyField;

typedef struct SwProxyCondition { /* any of the values; wildcards '*' and '?' where AWS has them */
    SwProxyField field;
    SwStr header;     /* SW_MATCH_HEADER: its name */
    SwStrList values; /* all but SW_MATCH_QUERY; source IPs as CIDR */
    struct {
        struct {
            SwStr key, value;
        } * v;
        size_t n;
    } query; /* key absent: any key */
} SwProxyCondition;

typedef enum SwProxyActionKind { SW_ACT_FORWARD, SW_ACT_REDIRECT, SW_ACT_FIXED } SwProxyActionKind;

typedef struct SwProxyAction {
    SwProxyActionKind kind;
    struct {
        struct {
            SwStr group;
            int64_t weight;
        } * v;
        size_t n;
    } forward;         /* weights 0..999; changed at run time */
    bool group_sticky; /* TargetGroupStickinessConfig (cookie AWSALBTG) */
    int64_t group_sticky_seconds;
    /* Redirect, with #{protocol} #{host} #{port} #{path} #{query} as in ELBv2. Absent: unchanged. */
    SwStr protocol, host, port, path, query;
    int status;               /* redirect: 301 or 302; fixed: 200..599 */
    SwStr content_type, body; /* fixed */
} SwProxyAction;

typedef struct SwProxyRule {
    SwStr id;
    struct {
        SwProxyCondition *v;
        size_t n;
    } conditions; /* all; none: always (the default rule, last) */
    SwProxyAction action;
} SwProxyRule;

typedef struct SwProxyListener {
    SwStr id;
    uint16_t port;
    SwProxyProtocol protocol;
    SwStrList certs; /* HTTPS, TLS: PEM files with key and chain; the first is the default */
    SwStr tls_min;   /* "TLSv1.2" (absent), "TLSv1.3" */
    struct {
        SwProxyRule *v;
        size_t n;
    } rules; /* in order; TCP and TLS: one rule, forward to one group */
} SwProxyListener;

typedef enum SwProxyXff { SW_XFF_APPEND, SW_XFF_PRESERVE, SW_XFF_REMOVE } SwProxyXff;

typedef struct SwProxyLoadBalancer {
    SwStr id;
    SwStrList hosts;              /* DNS names it answers to: `<name>-<id>.<region>.elb.localhost`, aliases */
    int64_t idle_timeout_seconds; /* 0: 60 */
    SwProxyXff xff;
    bool xff_client_port; /* SW_XFF_APPEND: "ADDRESS:PORT" */
    bool drop_invalid_headers;
    struct {
        SwProxyListener *v;
        size_t n;
    } listeners;
} SwProxyLoadBalancer;

/* HTTP(S) listeners of several load balancers share a port and are told apart by Host (its port is ignored); one that
 * is alone on its port gets every host. TCP and TLS listeners have their port for themselves. */
typedef struct SwProxyConfig {
    SwStrList bind; /* addresses; absent: 127.0.0.1 */
    struct {
        SwProxyLoadBalancer *v;
        size_t n;
    } lbs;
    struct {
        SwProxyTargetGroup *v;
        size_t n;
    } groups; /* those that a rule names; others are left out */
} SwProxyConfig;

extern const SwErrorKind SW_PROXY_PORT_IN_USE;   /* another program has the port; the message names it */
extern const SwErrorKind SW_PROXY_PORT_CONFLICT; /* two listeners that cannot share a port */
extern const SwErrorKind SW_PROXY_INVALID;       /* an id, pattern, address or certificate; the message says which */
extern const SwErrorKind SW_PROXY_UNAVAILABLE;   /* HAProxy is not installed or does not start */

typedef struct SwProxy SwProxy;

typedef struct SwProxyOpts {
    const char *dir;     /* <data>/proxy; made if absent; any length */
    const char *program; /* NULL: haproxy */
} SwProxyOpts;

/* Opens, and adopts an HAProxy that runs already. Starts none: the first apply with a listener does. */
int sw_proxy_open(const SwProxyOpts *o, SwProxy **ret_proxy, SwError *err) sw_must_check;
void sw_proxy_close(SwProxy *p);                           /* HAProxy goes on; accepts NULL */
int sw_proxy_stop(SwProxy *p, SwError *err) sw_must_check; /* ends HAProxy and all its processes; connections are cut */
int sw_proxy_apply(SwProxy *p, const SwProxyConfig *c, SwError *err) sw_must_check;
/* Process id of the master; 0 if none runs. An HAProxy that died is started again by the next apply. */
int64_t sw_proxy_pid(SwProxy *p);
uint64_t sw_proxy_reloads(SwProxy *p); /* starts and reloads that this process asked for */

/* One request that ended (HTTP), or one connection (TCP: status 0). Times are the system's, not the clock's. */
typedef struct SwProxyRecord {
    SwTime ended;             /* when the last byte was sent to the client */
    int64_t total_us;         /* since the request's first byte */
    int64_t target_us;        /* from sending to a target until its headers; -1: no response from a target */
    SwStr lb, listener, rule; /* ids; empty where none applied */
    SwStr group;              /* target group; empty: answered by the load balancer */
    SwStr target;             /* "10.1.2.3:8080"; empty: none was chosen */
    int status;               /* as the client saw it; 0: client left before, or TCP */
    int target_status;        /* as the target sent it; 0: none. 5xx with 0 here are the load balancer's own */
    int64_t received, sent;   /* bytes from and to the client */
    int retries;              /* connection attempts beyond the first */
    char end[3];              /* HAProxy's termination state: "--" normal */
    SwStr client;             /* "127.0.0.1:54321" */
    SwStr method, version, trace_id, host, uri, user_agent;
} SwProxyRecord;

typedef struct SwProxyRecordList {
    SwProxyRecord *v;
    size_t n;
} SwProxyRecordList;

/* Records from a position on (0: the first kept), at most `max`. ret_next is where the next call goes on; equal to
 * `from` when there was nothing. Lines that make no sense are skipped. */
int sw_proxy_records(SwProxy *p, SwArena *a, int64_t from, size_t max, SwProxyRecordList *ret, int64_t *ret_next,
                     SwError *err) sw_must_check;
/* Give back the disk space of everything before a position (positions do not change). */
int sw_proxy_forget(SwProxy *p, int64_t before, SwError *err) sw_must_check;
/* Wait until there is a record after `from`; false when the time is over. */
bool sw_proxy_wait_record(SwProxy *p, int64_t from, int timeout_ms);
/* One line as HAProxy wrote it, without its newline; false: not a record. Views into `a`. */
bool sw_proxy_record_parse(SwArena *a, SwStr line, SwProxyRecord *ret);

/* What is going on now. Counters start again with each reload: count requests with records. */
typedef struct SwProxyStat {
    SwStr group, target; /* target empty: sum over the group */
    int64_t active;      /* requests (TCP: connections) in flight, also in processes that a reload replaced */
    int64_t requests, connection_errors, response_errors;
    bool ready; /* gets requests */
} SwProxyStat;
typedef struct SwProxyStatList {
    SwProxyStat *v;
    size_t n;
} SwProxyStatList;
int sw_proxy_stats(SwProxy *p, SwArena *a, SwProxyStatList *ret, SwError *err) sw_must_check;

/* HAProxy's configuration text for a model, without running anything: for tests. `files` gets what the configuration
 * refers to (maps, bodies of fixed responses), by name in the folder. */
typedef struct SwProxyFile {
    SwStr name, text;
} SwProxyFile;
typedef struct SwProxyFiles {
    SwProxyFile *v;
    size_t n;
} SwProxyFiles;
int sw_proxy_render(SwArena *a, const SwProxyConfig *c, SwStr *ret_text, SwProxyFiles *ret_files, SwError *err) sw_must_check;
