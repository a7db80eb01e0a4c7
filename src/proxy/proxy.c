/* SPDX-License-Identifier: Apache-2.0 */

/* Apply: from a model to an HAProxy that serves it.
 *
 *     structure differs from what was applied last -> check, replace haproxy.cfg, reload; on
 * failure put the old back else, per worker: servers, states and weights that differ from what it
 * has -> runtime commands
 *
 * What a worker has is asked each time, never remembered: so an adopted HAProxy needs no special
 * case, and a command that was lost is made up for by the next apply. Workers that a reload
 * replaced still serve open connections, so they get the same commands.
 *
 * Files in DIR: haproxy.cfg (what runs, servers too), applied (digest of the structure that the
 * last successful reload or start had; written after it, so that a crash between them costs one
 * reload more), weights.map, body-*. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/thread.h"
#include "proxy/internal.h"

#define APPLY_MEMORY (256 * SW_MIB)

int sw_proxy_open(const SwProxyOpts *o, SwProxy **ret_proxy, SwError *err) {
    SwArena *a;
    SwProxy *p;

    if (sw_mkdirs(o->dir, 0700, err) < 0)
        return -1;
    a = sw_arena_new(0);
    p = sw_new(a, SwProxy);
    p->arena = a;
    p->dir = sw_str_z(a, sw_str(o->dir));
    p->program = o->program ? sw_str_z(a, sw_str(o->program)) : "haproxy";
    p->dir_fd = open(p->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (p->dir_fd < 0) {
        sw_arena_free(a);
        return sw_fail_errno(err, errno, "open %s", o->dir);
    }
    pthread_mutex_init(&p->lock, NULL);
    *ret_proxy = p;
    return 0;
}

void sw_proxy_close(SwProxy *p) {
    if (!p)
        return;
    close(p->dir_fd);
    pthread_mutex_destroy(&p->lock);
    sw_arena_free(p->arena);
}

int sw_proxy_stop(SwProxy *p, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(APPLY_MEMORY);
    static const char *const left[] = {"applied", "haproxy.pid", "master.sock", "admin.sock"};
    _sw_lock_ pthread_mutex_t *held = sw_lock(&p->lock);
    int r = proxy_end(p, a, err);

    for (size_t i = 0; r == 0 && i < SW_N(left); i++)
        (void)unlinkat(p->dir_fd, left[i], 0);
    return r;
}

int64_t sw_proxy_pid(SwProxy *p) {
    _sw_arena_ SwArena *a = sw_arena_new(APPLY_MEMORY);
    SwError err = sw_error(a);
    ProxyState s;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&p->lock);

    return proxy_state(p, a, &s, &err) == 0 ? s.master : 0;
}

uint64_t sw_proxy_reloads(SwProxy *p) {
    pthread_mutex_lock(&p->lock);
    uint64_t n = p->reloads;
    pthread_mutex_unlock(&p->lock);
    return n;
}

/* ---- structure ---- */

typedef struct Plan {
    const SwProxyConfig *config;
    SwStr text, digest;
    SwProxyFiles files;
    bool listens;
} Plan;

static int make_plan(SwArena *a, const SwProxyConfig *c, Plan *ret, SwError *err) {
    SwStr structure;

    ret->config = c;
    if (proxy_render(a, c, /* with_servers= */ false, &structure, &ret->files, err) < 0 ||
        proxy_render(a, c, /* with_servers= */ true, &ret->text, &ret->files, err) < 0)
        return -1;
    ret->listens = sw_str_contains(structure, SW_STR("\nfrontend "));
    if (ret->listens) /* what has nothing to do at a start loads no library for it */
        ret->digest = sw_sha256_hex(a, structure);
    return 0;
}

static SwStr read_small(SwProxy *p, SwArena *a, const char *name) {
    SwError ignored = sw_error(a);
    SwStr text = SW_NO_STR;

    if (sw_file_read(a, proxy_file(p, a, name), PROXY_TEXT_MAX, &text, &ignored) < 0)
        return SW_NO_STR;
    return text;
}

/* Could HAProxy listen there? Asked only for what it does not have yet; so that the answer names
 * the port. */
static int check_port(SwArena *a, SwStr address, SwStr port, SwError *err) {
    struct addrinfo hint = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *ai;
    const int on = 1;
    int e = 0;

    if (getaddrinfo(sw_str_z(a, address), sw_str_z(a, port), &hint, &ai) != 0)
        return sw_fail(err, &SW_PROXY_INVALID, "Address '%.*s' is not valid", SW_FMT(address));
    _sw_close_ int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 || bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
        listen(fd, 1) < 0)
        e = errno;
    freeaddrinfo(ai);
    if (e == EADDRINUSE)
        return sw_fail(err, &SW_PROXY_PORT_IN_USE, "Port %.*s on %.*s is in use by another program", SW_FMT(port),
                       SW_FMT(address));
    if (e == EACCES)
        return sw_fail(err, &SW_PROXY_PORT_IN_USE, "Port %.*s needs privileges that Slipway does not have", SW_FMT(port));
    if (e == EADDRNOTAVAIL)
        return sw_fail(err, &SW_PROXY_INVALID, "Address '%.*s' is not one of this machine", SW_FMT(address));
    return e ? sw_fail_errno(err, e, "try port %.*s", SW_FMT(port)) : 0;
}

/* `    bind ADDRESS:PORT ...` lines of a configuration, as "ADDRESS:PORT". */
static SwStrList binds_of(SwArena *a, SwStr config) {
    SwStrList l = {0};
    SwStr line, word;

    while (sw_str_next(&config, '\n', &line)) {
        if (!sw_str_starts(line, SW_STR("    bind ")))
            continue;
        line = sw_str_skip(line, 9);
        if (sw_str_next(&line, ' ', &word))
            sw_str_list_add(a, &l, word);
    }
    return l;
}

static int check_ports(SwArena *a, SwStr new_config, SwStr running, SwError *err) {
    SwStrList want = binds_of(a, new_config), have = binds_of(a, running);

    for (size_t i = 0; i < want.n; i++) {
        size_t at;
        if (sw_str_list_has(&have, want.v[i]) || !sw_str_rfind(want.v[i], ':', &at))
            continue;
        SwStr address = sw_str_n(want.v[i].p, at);
        if (sw_str_starts(address, SW_STR("[")))
            address = sw_str_drop(sw_str_skip(address, 1), 1);
        if (check_port(a, address, sw_str_skip(want.v[i], at + 1), err) < 0)
            return -1;
    }
    return 0;
}

/* A killed HAProxy's threads let go of its ports a moment after it counts as gone. */
static int await_ports(SwProxy *p, SwArena *a, SwStr new_config, SwError *err) {
    SwStrList had = binds_of(a, read_small(p, a, "haproxy.cfg")), want = binds_of(a, new_config);
    int64_t until = sw_monotonic_ns() + 2 * SW_S;
    bool ours = false;

    for (size_t i = 0; i < want.n; i++)
        ours |= sw_str_list_has(&had, want.v[i]);
    for (;; proxy_pause_ms(5)) {
        if (check_ports(a, new_config, SW_NO_STR, err) == 0)
            return 0;
        if (!ours || !sw_error_is(err, &SW_PROXY_PORT_IN_USE) || sw_monotonic_ns() > until)
            return -1;
        sw_error_reset(err);
    }
}

static int write_files(SwProxy *p, SwArena *a, const Plan *plan, SwError *err) {
    for (size_t i = 0; i < plan->files.n; i++)
        if (sw_file_write(proxy_file(p, a, sw_str_z(a, plan->files.v[i].name)), plan->files.v[i].text, 0600, err) < 0)
            return -1;
    return 0;
}

static void remove_old_bodies(SwProxy *p, SwArena *a, const Plan *plan) {
    _sw_dir_ DIR *d = opendir(p->dir);
    const struct dirent *e;

    while (d && (e = readdir(d))) {
        bool used = false;
        for (size_t i = 0; i < plan->files.n; i++)
            used |= sw_str_eqz(plan->files.v[i].name, e->d_name);
        if (!used && strncmp(e->d_name, "body-", 5) == 0)
            (void)unlinkat(p->dir_fd, e->d_name, 0);
    }
}

static int rename_in(SwProxy *p, const char *from, const char *to, SwError *err) {
    if (renameat(p->dir_fd, from, p->dir_fd, to) < 0)
        return sw_fail_errno(err, errno, "rename %s to %s", from, to);
    return 0;
}

/* New structure: nothing that runs is touched until HAProxy found the new configuration good. */
static int apply_structure(SwProxy *p, SwArena *a, const Plan *plan, bool runs, SwError *err) {
    SwStr running = runs ? read_small(p, a, "haproxy.cfg") : SW_NO_STR;
    SwError ignored = sw_error(a);
    int r;

    if (!runs && proxy_end(p, a, err) < 0) /* workers whose master was killed still have the ports */
        return -1;
    if ((runs ? check_ports(a, plan->text, running, err) : await_ports(p, a, plan->text, err)) < 0 ||
        write_files(p, a, plan, err) < 0)
        return -1;
    if (sw_file_write(proxy_file(p, a, "haproxy.new"), plan->text, 0600, err) < 0 ||
        proxy_check_config(p, a, "haproxy.new", err) < 0)
        return -1;
    (void)unlinkat(p->dir_fd, "applied", 0);
    if (rename_in(p, "haproxy.new", "haproxy.cfg", err) < 0)
        return -1;
    SW_CRASH_POINT("proxy.config_written_not_loaded");
    r = runs ? proxy_reload(p, a, err) : proxy_start(p, a, err);
    if (r < 0) {
        if (runs && sw_file_write(proxy_file(p, a, "haproxy.cfg"), running, 0600, &ignored) < 0)
            sw_log(SW_WARN, "cannot put back the load balancer's configuration", SW_F("cause", ignored.cause));
        return -1;
    }
    remove_old_bodies(p, a, plan);
    SW_CRASH_POINT("proxy.loaded_not_noted");
    return sw_file_write(proxy_file(p, a, "applied"), plan->digest, 0600, err);
}

/* ---- servers ---- */

/* One server as a worker has it. Columns of `show servers state`, version 1. ADMIN_WAS_DISABLED
 * tells only how the configuration had it. */
enum { COL_BACKEND = 1, COL_SERVER = 3, COL_ADMIN = 6, COL_WEIGHT = 7, COL_ENOUGH = 9, ADMIN_WAS_DISABLED = 4 };

typedef struct Live {
    SwStr backend, server;
    bool ready;
    int64_t weight;
    bool wanted;
} Live;
typedef struct LiveList {
    Live *v;
    size_t n;
} LiveList;

static void parse_servers(SwArena *a, SwStr text, LiveList *ret) {
    SwStr line;

    *ret = (LiveList){0};
    while (sw_str_next(&text, '\n', &line)) {
        SwStrList f = sw_str_split(a, line, ' ');
        int64_t admin, weight;
        if (f.n < COL_ENOUGH || !sw_str_starts(f.v[COL_BACKEND], SW_STR("g:")) || !sw_str_to_i64(f.v[COL_ADMIN], &admin) ||
            !sw_str_to_i64(f.v[COL_WEIGHT], &weight))
            continue;
        *sw_list_add(a, ret) = (Live){f.v[COL_BACKEND], f.v[COL_SERVER], (admin & ~ADMIN_WAS_DISABLED) == 0, weight, false};
    }
}

static Live *find_live(LiveList *l, SwStr backend, SwStr server) {
    for (size_t i = 0; i < l->n; i++)
        if (sw_str_eq(l->v[i].backend, backend) && sw_str_eq(l->v[i].server, server))
            return &l->v[i];
    return NULL;
}

typedef struct Worker {
    SwProxy *p;
    SwArena *a;
    pid_t pid;
    bool current;
} Worker;

/* Old workers may end at any moment, so only the current one's silence is an error: theirs is an empty answer. */
static int ask(const Worker *w, SwStr command, SwStr *ret, SwError *err) {
    *ret = SW_NO_STR;
    if (!w->current && !proxy_worker_runs(w->pid))
        return 0;
    int r = proxy_command(w->p, w->a, w->pid, command, ret, err);
    if (r < 0 && !w->current)
        sw_error_reset(err);
    return w->current ? r : 0;
}

static int tell(const Worker *w, SwStr command, const char *good, SwError *err) {
    SwStr answer;

    if (ask(w, command, &answer, err) < 0)
        return -1;
    if (!w->current || answer.n == 0 || (good && sw_str_contains(answer, sw_str(good))))
        return 0;
    return sw_fail_cause(err, &SW_PROXY_UNAVAILABLE,
                         sw_str_z(w->a, sw_strf(w->a, "%.*s: %.*s", SW_FMT(command), SW_FMT(answer))),
                         "The load balancer's data plane refused a change");
}

static int add_server(const Worker *w, const SwProxyTargetGroup *g, const SwProxyTarget *t, SwError *err) {
    SwStr name = proxy_server_name(w->a, t), address = proxy_server_address(w->a, t), options = proxy_server_options(w->a, g);
    SwStr add = sw_strf(w->a, "add server g:%.*s/%.*s %.*s weight %d%.*s", SW_FMT(g->id), SW_FMT(name), SW_FMT(address),
                        proxy_server_weight(t), SW_FMT(options));

    if (tell(w, add, "New server registered", err) < 0)
        return -1;
    if (!proxy_target_ready(g, t))
        return 0;
    return tell(w, sw_strf(w->a, "enable server g:%.*s/%.*s", SW_FMT(g->id), SW_FMT(name)), NULL, err);
}

static int set_server(const Worker *w, const SwProxyTargetGroup *g, const SwProxyTarget *t, const Live *live, SwError *err) {
    bool ready = proxy_target_ready(g, t);
    SwStr name = sw_strf(w->a, "set server g:%.*s/%.*s", SW_FMT(g->id), SW_FMT(live->server));

    if (live->weight != proxy_server_weight(t) &&
        tell(w, sw_strf(w->a, "%.*s weight %d", SW_FMT(name), proxy_server_weight(t)), NULL, err) < 0)
        return -1;
    if (live->ready != ready)
        return tell(w, sw_strf(w->a, "%.*s state %s", SW_FMT(name), ready ? "ready" : "maint"), "is", err);
    return 0;
}

/* Gets no requests at once; goes for good when its last connection has ended, which a later apply
 * sees to. */
static int remove_server(const Worker *w, const Live *live, SwError *err) {
    SwStr name = sw_strf(w->a, "%.*s/%.*s", SW_FMT(live->backend), SW_FMT(live->server)), answer;

    if (live->ready && tell(w, sw_strf(w->a, "set server %.*s state maint", SW_FMT(name)), "is", err) < 0)
        return -1;
    if (ask(w, sw_strf(w->a, "del server %.*s", SW_FMT(name)), &answer, err) < 0)
        sw_error_reset(err);
    return 0;
}

static bool has_backend(SwStr map, SwArena *a, SwStr group) {
    return sw_str_contains(map, sw_strf(a, "\nbackend g:%.*s\n", SW_FMT(group)));
}

/* Those of the plan's servers that are to be ready, or those that are not. */
static int set_servers(const Worker *w, const Plan *plan, LiveList *live, bool ready, SwError *err) {
    for (size_t i = 0; i < plan->config->groups.n; i++) {
        const SwProxyTargetGroup *g = &plan->config->groups.v[i];
        SwStr backend = proxy_backend_name(w->a, g->id);
        for (size_t k = 0; has_backend(plan->text, w->a, g->id) && k < g->targets.n; k++) {
            const SwProxyTarget *t = &g->targets.v[k];
            Live *l = find_live(live, backend, proxy_server_name(w->a, t));
            if (l)
                l->wanted = true;
            if (proxy_target_ready(g, t) == ready && (l ? set_server(w, g, t, l, err) : add_server(w, g, t, err)) < 0)
                return -1;
        }
    }
    return 0;
}

/* Servers that come before those that go: a group is never empty in between, even when much has
 * changed since it was last applied. */
static int apply_servers(const Worker *w, const Plan *plan, SwError *err) {
    LiveList live;
    SwStr text;

    if (ask(w, SW_STR("show servers state"), &text, err) < 0)
        return -1;
    if (!text.n && !w->current) /* ended: it has no servers to change */
        return 0;
    parse_servers(w->a, text, &live);
    if (set_servers(w, plan, &live, true, err) < 0 || set_servers(w, plan, &live, false, err) < 0)
        return -1;
    for (size_t i = 0; i < live.n; i++)
        if (!live.v[i].wanted && remove_server(w, &live.v[i], err) < 0)
            return -1;
    return 0;
}

/* ---- weights ---- */

static int apply_weights(const Worker *w, const Plan *plan, SwError *err) {
    ProxyWeights want;
    SwStr text;

    proxy_weights(w->a, plan->config, &want);
    if (!want.n)
        return 0;
    if (ask(w, SW_STR("show map weights.map"), &text, err) < 0)
        return -1;
    if (!text.n && !w->current)
        return 0;
    text = sw_strf(w->a, "%.*s\n", SW_FMT(text));
    for (size_t i = 0; i < want.n; i++) {
        SwStr entry = sw_strf(w->a, " %.*s %.*s\n", SW_FMT(want.v[i].rule), SW_FMT(want.v[i].sums));
        if (sw_str_contains(text, entry))
            continue;
        if (tell(w, sw_strf(w->a, "set map weights.map %.*s %.*s", SW_FMT(want.v[i].rule), SW_FMT(want.v[i].sums)), NULL, err) <
            0)
            return -1;
    }
    return 0;
}

/* ---- apply ---- */

static int apply_running(SwProxy *p, SwArena *a, const Plan *plan, const ProxyState *s, SwError *err) {
    for (size_t i = 0; i < s->workers.n; i++) {
        const Worker w = {p, a, s->workers.v[i].pid, s->workers.v[i].current};
        if (apply_servers(&w, plan, err) < 0 || apply_weights(&w, plan, err) < 0)
            return -1;
    }
    return 0;
}

static int apply_locked(SwProxy *p, SwArena *a, const SwProxyConfig *c, SwError *err) {
    Plan plan = {0};
    ProxyState s;
    bool same;

    if (make_plan(a, c, &plan, err) < 0 || proxy_state(p, a, &s, err) < 0)
        return -1;
    if (!plan.listens) { /* nothing to listen on: HAProxy would not start */
        (void)unlinkat(p->dir_fd, "applied", 0);
        return s.master ? proxy_end(p, a, err) : 0;
    }
    same = s.master && sw_str_eq(read_small(p, a, "applied"), plan.digest);
    if (!same && apply_structure(p, a, &plan, s.master != 0, err) < 0)
        return -1;
    if (!same && proxy_state(p, a, &s, err) < 0)
        return -1;
    if (apply_running(p, a, &plan, &s, err) < 0)
        return -1;
    if (same && !sw_str_eq(read_small(p, a, "haproxy.cfg"), plan.text))
        return sw_file_write(proxy_file(p, a, "haproxy.cfg"), plan.text, 0600, err) < 0 ? -1 : write_files(p, a, &plan, err);
    return 0;
}

int sw_proxy_apply(SwProxy *p, const SwProxyConfig *c, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(APPLY_MEMORY);
    SwError mine = sw_error(a);
    _sw_lock_ pthread_mutex_t *held = sw_lock(&p->lock);
    int r = apply_locked(p, a, c, &mine);

    sw_unlock(&held);
    if (r < 0) /* texts move to the caller's arena */
        sw_fail_cause(err, mine.kind, mine.cause ? sw_str_z(err->arena, sw_str(mine.cause)) : NULL, "%s",
                      mine.message ? mine.message : "");
    return r;
}
