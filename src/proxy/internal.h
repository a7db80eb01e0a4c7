/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share: rendering, the process, the paths. Not for others. */

#include <pthread.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "proxy/proxy.h"

#define PROXY_TEXT_MAX (16 * SW_MIB) /* of a configuration, and of an answer of HAProxy */

struct SwProxy {
    SwArena *arena;
    const char *dir, *program;
    int dir_fd;           /* sockets are reached through it: a socket's path has a limit, DIR has none */
    pthread_mutex_t lock; /* guards all below and HAProxy's configuration */
    pid_t child;          /* the master, if this process started it: reaped by us; 0 otherwise */
    uint64_t reloads;
};

/* ---- render.c: a model to text ---- */

/* Names of a group and a target in HAProxy. */
SwStr proxy_backend_name(SwArena *a, SwStr group);
SwStr proxy_server_name(SwArena *a, const SwProxyTarget *t);
SwStr proxy_server_address(SwArena *a, const SwProxyTarget *t);
SwStr proxy_server_options(SwArena *a, const SwProxyTargetGroup *g);
int proxy_server_weight(const SwProxyTarget *t);
bool proxy_target_ready(const SwProxyTargetGroup *g, const SwProxyTarget *t); /* fail open included */
/* Everything but servers: what needs a reload when it differs. */
int proxy_render(SwArena *a, const SwProxyConfig *c, bool with_servers, SwStr *ret_text, SwProxyFiles *ret_files,
                 SwError *err) sw_must_check;
/* Sums of weights up to each group of a rule with several, "90:100": one value, so that a change of them is one step. */
typedef struct ProxyWeights {
    struct {
        SwStr rule, sums;
    } * v;
    size_t n;
} ProxyWeights;
void proxy_weights(SwArena *a, const SwProxyConfig *c, ProxyWeights *ret);
int proxy_check_model(SwArena *a, const SwProxyConfig *c, SwError *err) sw_must_check;

/* ---- condition.c ---- */
void proxy_quote(SwBuf *b, SwStr s);        /* one word of HAProxy's configuration */
void proxy_quote_format(SwBuf *b, SwStr s); /* the same where '%' means something */
void proxy_conditions(SwBuf *b, const SwProxyRule *r);
/* header.c: lines of a frontend */
void proxy_trace_header(SwBuf *b);
void proxy_lb_headers(SwBuf *b, const SwProxyLoadBalancer *lb, SwStr listener);
void proxy_forwarded_headers(SwBuf *b, bool tls, uint16_t port);
int proxy_check_rule(const SwProxyRule *r, SwError *err) sw_must_check;
bool proxy_is_token(SwStr s); /* RFC 9110: a header's name, a method */
bool proxy_is_text(SwStr s);  /* no control characters */

/* ---- process.c: the HAProxy that runs ---- */
typedef struct ProxyWorker {
    pid_t pid;
    bool current;
} ProxyWorker;
typedef struct ProxyState {
    pid_t master; /* 0: none runs */
    int64_t reloads, failed;
    struct {
        ProxyWorker *v;
        size_t n;
    } workers; /* the current one first */
} ProxyState;
int proxy_state(SwProxy *p, SwArena *a, ProxyState *ret, SwError *err) sw_must_check;
/* One command to the master (worker 0) or a worker; its answer's text. */
int proxy_command(SwProxy *p, SwArena *a, pid_t worker, SwStr command, SwStr *ret, SwError *err) sw_must_check;
/* Whether a worker is still there to be asked: a command to one that has ended costs HAProxy's master a seat. */
bool proxy_worker_runs(pid_t worker);
int proxy_start(SwProxy *p, SwArena *a, SwError *err) sw_must_check;
int proxy_reload(SwProxy *p, SwArena *a, SwError *err) sw_must_check;
int proxy_end(SwProxy *p, SwArena *a, SwError *err) sw_must_check; /* also what a killed master left behind */
int proxy_check_config(SwProxy *p, SwArena *a, const char *file, SwError *err) sw_must_check;
void proxy_pause_ms(long ms);
const char *proxy_file(SwProxy *p, SwArena *a, const char *name);
