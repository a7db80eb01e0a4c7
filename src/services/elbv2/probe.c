/* SPDX-License-Identifier: Apache-2.0 */
/* What the service keeps in memory: probes under way and the ports that are served.
 *
 * A probe runs on a thread of its own, so a target that does not answer costs a thread that sleeps
 * and nothing else. Its step waits a moment, in which nearly all targets answer; else it ends, and
 * the thread wakes it with the result. A probe never touches the store, and after a reset or the
 * end nothing of SwHost: the state goes with its last probe. */

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "base/log.h"
#include "base/thread.h"
#include "container/network.h"
#include "services/elbv2/elbv2.h"

#define PROBES_MAX 256
#define MOMENT_MS  200
#define STACK      (512 * SW_KIB)

typedef struct Probe {
    struct Probe *next;
    Elbv2State *state;
    SwArena *arena;
    SwStr account, region, id, address;
    SwHealthCheck check;
    uint16_t port;
    SwProbe result;
    bool done, awaited, stale; /* stale: a reset came meanwhile */
} Probe;

struct Elbv2State {
    SwArena *arena;
    SwHost *host; /* NULL: closed */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    Probe *first;
    size_t running;
    uint64_t ours[65536 / 64];
};

int elbv2_state_open(SwHost *h, SwError *err) {
    SwArena *a = sw_arena_new(0);
    Elbv2State *s = sw_new(a, Elbv2State);
    pthread_condattr_t monotonic;
    s->arena = a;
    s->host = h;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    h->elbv2 = s;
    return 0;
}

static void probe_free(Elbv2State *s, Probe *p) {
    Probe **at = &s->first;
    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    sw_arena_free(p->arena);
}

/* Running probes free themselves. */
static void drop_all(Elbv2State *s) {
    for (Probe *p = s->first, *next; p; p = next) {
        next = p->next;
        if (p->done && !p->awaited)
            probe_free(s, p);
        else
            p->stale = true;
    }
}

static void end(Elbv2State *s) {
    pthread_mutex_unlock(&s->lock);
    pthread_cond_destroy(&s->ended);
    pthread_mutex_destroy(&s->lock);
    sw_arena_free(s->arena);
}

void elbv2_state_close(SwHost *h) {
    Elbv2State *s = h->elbv2;
    if (!s)
        return;
    h->elbv2 = NULL;
    pthread_mutex_lock(&s->lock);
    s->host = NULL;
    drop_all(s);
    if (s->running)
        pthread_mutex_unlock(&s->lock);
    else
        end(s);
}

void elbv2_state_reset(SwHost *h) {
    Elbv2State *s = h->elbv2;
    pthread_mutex_lock(&s->lock);
    drop_all(s);
    memset(s->ours, 0, sizeof s->ours);
    pthread_mutex_unlock(&s->lock);
}

static void probe(void *arg) {
    Probe *p = arg;
    sw_health_probe(p->arena, &p->check, p->address, p->port, &p->result);
}

static void wake_engine(void *arg) {
    Probe *p = arg;
    SwError err = sw_error(p->arena);
    if (sw_engine_wake(p->state->host->engine, &elbv2_health, p->account, p->region, p->id, &err) < 0)
        sw_log(SW_WARN, "a health check's result waits for the next check", SW_F("target", p->id), SW_F("cause", err.cause));
}

/* The lock is held while the engine is woken: so a reset that has begun is never followed by a wake
 * from before it. */
static void *run(void *arg) {
    Probe *p = arg;
    Elbv2State *s = p->state;
    p->result = (SwProbe){SW_PROBE_FAILED, 0};
    (void)sw_guard(SW_POOL_ENGINE, probe, p);
    pthread_mutex_lock(&s->lock);
    p->done = true;
    s->running--;
    if (p->awaited)
        pthread_cond_broadcast(&s->ended);
    else if (p->stale || !s->host)
        probe_free(s, p);
    else
        (void)sw_guard(SW_POOL_ENGINE, wake_engine, p);
    if (!s->host && !s->running)
        end(s);
    else
        pthread_mutex_unlock(&s->lock);
    return NULL;
}

static Probe *find(Elbv2State *s, SwCtx *cx, SwStr id) {
    for (Probe *p = s->first; p; p = p->next)
        if (!p->stale && sw_str_eq(p->id, id) && sw_str_eq(p->account, cx->account) && sw_str_eq(p->region, cx->region))
            return p;
    return NULL;
}

static Probe *start(Elbv2State *s, SwCtx *cx, SwStr id, const SwHealthCheck *c, SwStr address, uint16_t port) {
    pthread_attr_t detached;
    pthread_t thread;
    if (s->running >= PROBES_MAX)
        return NULL;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    Probe *p = sw_new(a, Probe);
    *p = (Probe){.next = s->first,
                 .state = s,
                 .arena = a,
                 .account = sw_str_dup(a, cx->account),
                 .region = sw_str_dup(a, cx->region),
                 .id = sw_str_dup(a, id),
                 .address = sw_str_dup(a, address),
                 .check = *c,
                 .port = port};
    p->check.guarded_port = cx->host->port;
    p->check.path = c->path.p ? sw_str_dup(a, c->path) : SW_NO_STR;
    p->check.matcher = c->matcher.p ? sw_str_dup(a, c->matcher) : SW_NO_STR;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, STACK);
    s->running++;
    s->first = p;
    a = NULL;
    if (pthread_create(&thread, &detached, run, p) != 0) {
        s->running--;
        probe_free(s, p);
        p = NULL;
    }
    pthread_attr_destroy(&detached);
    return p;
}

bool elbv2_probe(SwCtx *cx, SwStr id, const SwHealthCheck *c, SwStr address, uint16_t port, SwProbe *ret) {
    Elbv2State *s = cx->host->elbv2;
    struct timespec until;
    int waited = 0;
    bool done = false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += MOMENT_MS * SW_MS;
    until.tv_sec += until.tv_nsec / SW_S;
    until.tv_nsec %= SW_S;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&s->lock);
    Probe *p = find(s, cx, id);
    if (!p)
        p = start(s, cx, id, c, address, port);
    if (p) {
        p->awaited = true;
        while (!p->done && waited != ETIMEDOUT)
            waited = pthread_cond_timedwait(&s->ended, &s->lock, &until);
        p->awaited = false;
        done = p->done;
        *ret = p->result;
        if (done)
            probe_free(s, p);
    }
    return done;
}

/* ---- ports ---- */

void elbv2_ports_set(SwHost *h, const uint16_t *port, size_t n) {
    Elbv2State *s = h->elbv2;
    pthread_mutex_lock(&s->lock);
    memset(s->ours, 0, sizeof s->ours);
    for (size_t i = 0; i < n; i++)
        s->ours[port[i] / 64] |= (uint64_t)1 << (port[i] % 64);
    pthread_mutex_unlock(&s->lock);
}

bool elbv2_port_ours(SwHost *h, uint16_t port) {
    Elbv2State *s = h->elbv2;
    pthread_mutex_lock(&s->lock);
    bool ours = s->ours[port / 64] >> (port % 64) & 1;
    pthread_mutex_unlock(&s->lock);
    return ours;
}

static bool can_bind(const char *address, uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int on = 1;
    _sw_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
        return false;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 || bind(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return false;
    return listen(fd, 1) == 0;
}

bool elbv2_port_free(SwHost *h, uint16_t port) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr gateway = sw_net_gateway_find(h->runtime); /* in a transaction: no time to make one */
    return can_bind("127.0.0.1", port) && (!gateway.p || can_bind(sw_str_z(a, gateway), port));
}
