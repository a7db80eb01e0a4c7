/* SPDX-License-Identifier: Apache-2.0 */
/* The process's one of each, opened in the order of the floors and closed in reverse. A step that fails closes what was
 * opened before it, so that a half-open host is never left. */

#include "api/host.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>

#include "api/access_log.h"
#include "api/front.h"
#include "api/meter.h"
#include "api/registry.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/thread.h"
#include "container/container.h"
#include "http/ca.h"
#include "proxy/proxy.h"
#include "resource/resource.h"

#define DRAIN_MS 10000

/* Where Slipway answers inside every container's network: its API under the address that clients use outside, and the
 * task metadata and credentials endpoints (ECS Developer Guide, "Task metadata endpoint version 4"). */
#define METADATA_ADDRESS "169.254.170.2"

/* Listeners inside containers' networks, one entry a listener. */
typedef struct NetListeners {
    pthread_mutex_t lock; /* guards all below, and the server's life as the runtime's and the engine's threads see it */
    bool closed;          /* the server stops: nothing is served or taken away any more */
    struct NetEntry {
        SwNetListener listener;
        struct NetEntry *next;
        SwArena *arena;
    } * first;
} NetListeners;

static NetListeners *net_listeners(SwHost *h) {
    return h->net_listeners;
}

static void serve_in_network(void *arg, SwStr net_id, const SwNetServe *at, int fd) {
    SwHost *h = arg;
    _sw_close_ int mine = fd;
    _sw_arena_ SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    struct NetEntry *e = sw_new(a, struct NetEntry);
    e->arena = a;
    e->listener.net_id = sw_str_dup(a, net_id);
    e->listener.address = sw_str_z(a, sw_str(at->addr));
    SwError err = sw_error(a);
    NetListeners *l = net_listeners(h);
    _sw_lock_ pthread_mutex_t *held = sw_lock(&l->lock);
    if (l->closed) /* the next start makes this listener again */
        return;
    if (sw_http_listen_fd(h->http, SW_TAKE_FD(mine), &e->listener, &e->listener.id, &err) < 0) {
        sw_log(SW_ERROR, "cannot serve inside a container network", SW_F("network", net_id), SW_F("cause", err.message));
        return;
    }
    e->next = l->first;
    l->first = e;
    a = NULL;
}

/* The entries themselves live on until the host ends: a request in flight may still point to one. */
static void unserve_network(void *arg, SwStr net_id) {
    SwHost *h = arg;
    NetListeners *l = net_listeners(h);
    pthread_mutex_lock(&l->lock);
    for (struct NetEntry *e = l->closed ? NULL : l->first; e; e = e->next)
        if (e->listener.id >= 0 && sw_str_eq(e->listener.net_id, net_id)) {
            sw_http_unlisten(h->http, e->listener.id);
            e->listener.id = -1;
        }
    pthread_mutex_unlock(&l->lock);
}

static void on_container(void *arg, SwStr id, SwContainerEvent event) {
    SwHost *h = arg;
    for (const SwService *const *s = h->config->services; *s; s++)
        if ((*s)->on_container)
            (*s)->on_container(h, id, (int)event);
}

static int resolve(void *arg, SwStr net_id, SwStr name, uint32_t *ret_ip) {
    SwHost *h = arg;
    for (const SwService *const *s = h->config->services; *s; s++) {
        int n = (*s)->resolve ? (*s)->resolve(h, net_id, name, ret_ip) : -1;
        if (n >= 0)
            return n;
    }
    return -1;
}

/* One Slipway a data folder: a second one is told which process has it. */
static int lock_data(SwHost *h, SwError *err) {
    h->lock_fd = open(sw_path(h->arena, h->config->data, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (h->lock_fd < 0)
        return sw_fail_errno(err, errno, "The data folder %s cannot be written", h->config->data);
    if (flock(h->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        char pid[32] = {0};
        ssize_t n = read(h->lock_fd, pid, sizeof pid - 1);
        return sw_fail(
            err, &SW_SERVICE_UNAVAILABLE,
            "Another Slipway%s%.*s uses the data folder %s. Stop it with `slipway down`, or choose another folder with --data.",
            n > 0 ? " with process id " : "", (int)(n > 0 ? n : 0), pid, h->config->data);
    }
    char text[32];
    int n = snprintf(text, sizeof text, "%d", getpid());
    if (ftruncate(h->lock_fd, 0) < 0 || pwrite(h->lock_fd, text, (size_t)n, 0) < 0)
        return sw_fail_errno(err, errno, "The data folder %s cannot be written", h->config->data);
    return 0;
}

/* The instance's name is made once and kept: what runs outside the data folder carries it. */
static int open_instance(SwHost *h, SwError *err) {
    const char *path = sw_path(h->arena, h->config->data, "instance");
    if (sw_exists(path)) {
        if (sw_file_read(h->arena, path, 64, &h->instance, err) < 0)
            return -1;
        h->instance = sw_str_trim(h->instance);
        return 0;
    }
    h->instance = sw_id_hex(h->arena, 8);
    return sw_file_write_durable(path, h->instance, 0644, err);
}

/* A store in memory forgets with its server: what one that was killed left running has no owner any more. */
static int purge_forgotten(SwHost *h, SwError *err) {
    const char *instance = sw_str_z(h->arena, h->instance);
    if (!h->config->ephemeral)
        return 0;
    if (sw_proxy_stop(h->proxy, err) < 0)
        return -1;
    /* The folder is the last to go: where it is not, nothing is, and a start need not look. */
    return sw_exists(sw_path(h->arena, "/run/slipway", instance)) ? sw_runtime_purge_at(h->config->data, instance, err) : 0;
}

/* All at once: a new store gets them in one transaction. */
static int register_collections(SwHost *h, SwError *err) {
    const SwService *const *services = h->config->services;
    size_t n = 0;
    for (const SwService *const *s = services; *s; s++)
        for (const SwCollection *const *c = (*s)->collections; c && *c; c++)
            n++;
    const SwCollection **all = sw_new_n(h->arena, const SwCollection *, n + 1);
    n = 0;
    for (const SwService *const *s = services; *s; s++)
        for (const SwCollection *const *c = (*s)->collections; c && *c; c++)
            all[n++] = *c;
    return sw_store_register(h->store, all, err);
}

static int open_floor_2(SwHost *h, SwError *err) {
    const SwConfig *c = h->config;
    const char *dir = c->ephemeral ? NULL : sw_path(h->arena, c->data, "store");
    if ((c->accept_data_loss ? sw_store_open_accepting_loss : sw_store_open)(dir, &h->store, err) < 0)
        return -1;
    if (register_collections(h, err) < 0)
        return -1;
    if (sw_blobs_open(c->data, h->store, &h->blobs, err) < 0)
        return -1;
    SwProxyOpts proxy = {.dir = sw_path(h->arena, c->data, "proxy")};
    return sw_proxy_open(&proxy, &h->proxy, err) < 0 ? -1 : purge_forgotten(h, err);
}

/* Certificates are good by the system's time, as clients judge them, not by a clock that was advanced. */
static int open_ca(SwHost *h, SwArena *a, SwCa *ret_ca, SwError *err) {
    const SwStr names[] = {SW_STR("s3.localhost"), SW_STR("localhost.localstack.cloud")};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return sw_ca_open(a, h->config->data, names, SW_N(names), now.tv_sec * SW_S, ret_ca, err);
}

/* As the server's first TLS connection asks, or for connections from now on. */
static int use_certificate(SwHost *h, SwArena *a, SwError *err) {
    SwCa ca;
    if (open_ca(h, a, &ca, err) < 0)
        return -1;
    NetListeners *l = net_listeners(h);
    _sw_lock_ pthread_mutex_t *held = sw_lock(&l->lock);
    return l->closed ? 0 : sw_http_server_tls(h->http, sw_str_z(a, ca.cert_pem), sw_str_z(a, ca.key_pem), err);
}

static int first_certificate(void *arg, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    return use_certificate(arg, a, err);
}

/* The engine's threads outlive the server. */
static bool has_certificate(SwHost *h) {
    NetListeners *l = net_listeners(h);
    _sw_lock_ pthread_mutex_t *held = sw_lock(&l->lock);
    return !l->closed && sw_http_server_has_tls(h->http);
}

int sw_host_renew_certificate(SwHost *h, SwArena *a, SwError *err) {
    return has_certificate(h) ? use_certificate(h, a, err) : 0;
}

int sw_host_authority(SwHost *h, SwArena *a, SwStr *ret_pem, SwError *err) {
    return sw_file_read(a, sw_path(a, h->config->data, "tls/ca.pem"), 64 * SW_KIB, ret_pem, err);
}

/* The files that clients trust are there from the start on; what is in them waits for the first TLS connection, unless they
 * are so old that they may be near their end. */
static int open_http(SwHost *h, SwError *err) {
    SwCa ca;
    if (!sw_ca_is_recent(h->arena, h->config->data) && open_ca(h, h->arena, &ca, err) < 0)
        return -1;
    SwHttpServerOptions o = {.handler = sw_front_handler(h),
                             .paused = true,
                             .clock = h->clock,
                             .certificate = first_certificate,
                             .certificate_arg = h};
    return sw_http_server_new(&o, &h->http, err);
}

static int open_runtime(SwHost *h, SwError *err) {
    static const SwNetServe metadata = {METADATA_ADDRESS, 80};
    SwNetServe *at = sw_new_n(h->arena, SwNetServe, 2);
    at[0] = metadata;
    at[1] = (SwNetServe){"127.0.0.1", h->port};
    SwRuntimeOpts o = {
        .data_dir = h->config->data,
        .instance = sw_str_z(h->arena, h->instance),
        .clock = h->clock,
        .outbound = true,
        .arg = h,
        .on_event = on_container,
        .serve_at = at,
        .n_serve_at = 2,
        .serve = serve_in_network,
        .unserve = unserve_network,
        .resolve = resolve,
    };
    return sw_runtime_open(&o, &h->runtime, err);
}

static size_t count_controllers(const SwConfig *c, const SwController **into) {
    size_t n = 0;
    for (const SwService *const *s = c->services; *s; s++)
        for (const SwController *const *k = (*s)->controllers; k && *k; k++, n++)
            if (into)
                into[n] = *k;
    return n;
}

static int open_engine(SwHost *h, SwError *err) {
    const SwConfig *c = h->config;
    SwEngineOptions o = {.host = h, .store = h->store, .clock = h->clock, .make_ctx = sw_ctx_new};
    o.n_controllers = count_controllers(c, NULL);
    const SwController **all = sw_new_n(h->arena, const SwController *, o.n_controllers + 1);
    count_controllers(c, all);
    o.controllers = all;
    for (const SwService *const *s = c->services; *s; s++)
        o.n_listeners += (*s)->n_listeners;
    const SwListener **listeners = sw_new_n(h->arena, const SwListener *, o.n_listeners + 1);
    size_t n = 0;
    for (const SwService *const *s = c->services; *s; s++)
        for (size_t i = 0; i < (*s)->n_listeners; i++)
            listeners[n++] = &(*s)->listeners[i];
    o.listeners = listeners;
    return sw_engine_open(&o, &h->engine, err);
}

static int open_services(SwHost *h, SwError *err) {
    for (const SwService *const *s = h->config->services; *s; s++)
        if ((*s)->open && (*s)->open(h, err) < 0)
            return sw_fail_wrap(err, "opening the service %s", (*s)->name);
    return 0;
}

static int resume_in(SwCtx *cx, SwError *err) {
    for (const SwService *const *s = cx->host->config->services; *s; s++) {
        cx->account = cx->host->config->account;
        cx->region = cx->host->config->region;
        sw_tx_scope(cx->tx, cx->account, cx->region);
        if ((*s)->resume && (*s)->resume(cx, err) < 0)
            return sw_fail_wrap(err, "resuming the service %s", (*s)->name);
    }
    return 0;
}

static int resume_services(SwHost *h, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwCtx *cx = sw_ctx_new(h, a, SW_NO_STR, SW_NO_STR, "slipway");
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (resume_in(cx, err) < 0)
        return sw_ctx_rollback(cx), -1;
    return sw_ctx_commit(cx, err);
}

static int check_address(const SwConfig *c, SwError *err) {
    SwStr address = sw_str(c->address);
    bool loopback = sw_str_starts(address, SW_STR("127.")) || sw_str_eqz(address, "::1");
    if (loopback || c->strict)
        return 0;
    return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                   "Listening on %s lets others in: --auth strict is needed on any address but loopback.", c->address);
}

/* "localhost" is both, and a client may try one alone (Node 18: the first that it is told, which is ::1). Where there is no
 * IPv6, or the port is somebody's there, the other one has to do. */
static void listen_on_the_other_loopback(SwHost *h) {
    SwError why = sw_error(h->arena);
    if (strcmp(h->config->address, "127.0.0.1") == 0 && sw_http_listen(h->http, "::1", h->port, NULL, NULL, &why) < 0)
        sw_log(SW_DEBUG, "not listening on ::1", SW_F("why", why.message));
}

static int open_all(SwHost *h, SwError *err) {
    const SwConfig *c = h->config;
    if (check_address(c, err) < 0 || sw_mkdirs(c->data, 0700, err) < 0 || lock_data(h, err) < 0 || open_instance(h, err) < 0)
        return -1;
    if (sw_access_log_open(h->arena, c->data, &h->access_log, err) < 0)
        return -1;
    if (open_floor_2(h, err) < 0 || open_engine(h, err) < 0 || open_http(h, err) < 0)
        return -1;
    /* The port is known only once it is bound, and services need it; who connects before they are open waits in the
     * queue, for the server is paused. */
    if (sw_http_listen(h->http, c->address, c->port, NULL, &h->port, err) < 0)
        return -1;
    listen_on_the_other_loopback(h);
    h->registry = sw_strf(h->arena, "127.0.0.1:%u", h->port);
    if (open_runtime(h, err) < 0 || open_services(h, err) < 0 || resume_services(h, err) < 0 ||
        sw_engine_start(h->engine, err) < 0)
        return -1;
    return sw_http_server_start(h->http, err);
}

int sw_host_open(const SwConfig *c, SwHost **ret_h, SwError *err) {
    SwArena *a = sw_arena_new(0);
    SwHost *h = sw_new(a, SwHost);
    h->arena = a;
    h->config = c;
    h->lock_fd = -1;
    h->started_ns = sw_monotonic_ns();
    h->clock = sw_clock_new();
    h->meter = sw_meter_new();
    sw_resource_open(h);
    NetListeners *l = sw_new(a, NetListeners);
    pthread_mutex_init(&l->lock, NULL);
    h->net_listeners = l;
    if (open_all(h, err) < 0) {
        /* The message lives in the caller's arena already; only what was opened goes. */
        sw_host_close(h);
        return -1;
    }
    *ret_h = h;
    return 0;
}

static void close_services(SwHost *h) {
    size_t n = 0;
    while (h->config->services[n])
        n++;
    while (n-- > 0)
        if (h->config->services[n]->close)
            h->config->services[n]->close(h);
}

/* Everything but what runs outside: containers and the proxy go on. */
void sw_host_close(SwHost *h) {
    if (!h)
        return;
    pthread_mutex_lock(&net_listeners(h)->lock);
    net_listeners(h)->closed = true;
    pthread_mutex_unlock(&net_listeners(h)->lock);
    if (h->http)
        sw_http_server_stop(h->http, DRAIN_MS);
    if (h->engine)
        sw_engine_stop(h->engine);
    if (h->engine)
        close_services(h);
    sw_runtime_close(h->runtime);
    sw_proxy_close(h->proxy);
    if (h->engine)
        sw_engine_close(h->engine);
    if (h->blobs)
        sw_blobs_close(h->blobs);
    if (h->store)
        sw_store_close(h->store);
    sw_access_log_close(h->access_log);
    sw_meter_free(h->meter);
    if (h->lock_fd >= 0)
        close(h->lock_fd);
    sw_clock_free(h->clock);
    for (struct NetEntry *e = net_listeners(h)->first, *next; e; e = next) {
        next = e->next;
        sw_arena_free(e->arena);
    }
    sw_arena_free(h->arena);
}

int sw_host_down(SwHost *h, SwError *err) {
    sw_http_server_pause(h->http);
    sw_engine_stop(h->engine);
    int containers = sw_runtime_purge(h->runtime, err);
    int proxy = sw_proxy_stop(h->proxy, err);
    sw_host_close(h);
    return containers < 0 || proxy < 0 ? -1 : 0;
}

static int reset_all(void *arg, SwError *err) {
    SwHost *h = arg;
    if (sw_runtime_reset(h->runtime, err) < 0 || sw_proxy_stop(h->proxy, err) < 0)
        return -1;
    for (const SwService *const *s = h->config->services; *s; s++)
        if ((*s)->reset && (*s)->reset(h, err) < 0)
            return sw_fail_wrap(err, "resetting the service %s", (*s)->name);
    if (sw_store_reset(h->store, err) < 0 || sw_blobs_reset(h->blobs, err) < 0)
        return -1;
    sw_clock_set(h->clock, SW_CLOCK_REAL, 1, 0);
    return 0;
}

int sw_host_reset(SwHost *h, SwError *err) {
    return sw_engine_quiet(h->engine, reset_all, h, err);
}
