/* SPDX-License-Identifier: Apache-2.0 */

/* Opening, adopting, purging: the life of a runtime. Opening costs nothing when there is nothing:
 * bridge and rules are made with the first network, so a Slipway that runs no container needs
 * no privilege and leaves no trace. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "container/subnet.h"
#include "base/thread.h"

static const char *find_program(SwArena *a, const char *name) {
    SwStr path = sw_str(getenv("PATH")), dir;
    const char *usual[] = {"/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/libexec/podman"};

    while (sw_str_next(&path, ':', &dir)) {
        const char *p = sw_strf(a, "%.*s/%s", SW_FMT(dir), name).p;
        if (dir.n && dir.p[0] == '/' && access(p, X_OK) == 0)
            return p;
    }
    for (size_t i = 0; i < SW_N(usual); i++) {
        const char *p = sw_path(a, usual[i], name);
        if (access(p, X_OK) == 0)
            return p;
    }
    return sw_path(a, "/usr/bin", name); /* starting a container names it as missing */
}

static bool instance_ok(const char *i) {
    size_t n = strlen(i);

    return n >= 1 && n <= 8 && strspn(i, "abcdefghijklmnopqrstuvwxyz0123456789") == n;
}

static void set_paths(SwRuntime *rt, const SwRuntimeOpts *o) {
    SwArena *a = rt->arena;

    rt->o = *o;
    rt->o.data_dir = rt->data = sw_strf(a, "%s", o->data_dir).p;
    rt->o.instance = sw_strf(a, "%s", o->instance).p;
    rt->layers = sw_path(a, rt->data, "layers");
    rt->containers = sw_path(a, rt->data, "containers");
    rt->exits = sw_path(a, rt->data, "exits");
    rt->nets = sw_path(a, rt->data, "net");
    rt->run = sw_path(a, "/run/slipway", rt->o.instance);
    rt->netns = sw_path(a, rt->run, "netns");
    rt->runc = sw_path(a, rt->run, "runc");
    rt->pids = sw_path(a, rt->run, "pids");
    rt->runc_bin = find_program(a, "runc");
    rt->conmon_bin = find_program(a, "conmon");
    rt->driver = &sw_container_driver_oci;
}

static int open_parts(SwRuntime *rt, SwError *err) {
    const char *const dirs[] = {rt->layers, rt->containers, rt->exits, rt->nets};

    for (size_t i = 0; i < SW_N(dirs); i++)
        if (sw_mkdirs(dirs[i], 0700, err) < 0)
            return -1;
    rt->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    rt->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (rt->inotify < 0 || rt->wake < 0)
        return sw_fail_errno(err, errno, "watch containers");
    /* before anything is read from there, so that no end falls between */
    rt->exits_watch = inotify_add_watch(rt->inotify, rt->exits, IN_MOVED_TO | IN_CLOSE_WRITE);
    if (rt->exits_watch < 0)
        return sw_fail_errno(err, errno, "watch %s", rt->exits);
    if (rt->o.resolve && sw_dns_open(rt, &rt->dns, err) < 0)
        return -1;
    return sw_net_open(rt, err);
}

static SwStrList ids_of(SwRuntime *rt, SwArena *a) {
    SwStrList ids = {0};

    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->lock);
    for (const SwBox *b = rt->boxes; b; b = b->next)
        sw_str_list_add(a, &ids, sw_str_dup(a, sw_str(b->id)));
    return ids;
}

/* A start that was recorded but not released goes on. */
static void finish_starts(SwRuntime *rt) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrList ids = ids_of(rt, a);

    for (size_t i = 0; i < ids.n; i++) {
        _sw_box_ SwBox *b = sw_box_find(rt, ids.v[i]);
        SwError err = sw_error(a);
        if (b && b->pid && !b->ended && sw_box_start(rt, b, &err) < 0)
            sw_log(SW_WARN, "start not finished", SW_F("container", ids.v[i]), SW_F("cause", err.cause));
    }
}

int sw_runtime_open(const SwRuntimeOpts *o, SwRuntime **ret_rt, SwError *err) {
    SwArena *a = sw_arena_new(0);
    SwRuntime *rt = sw_new(a, SwRuntime);
    pthread_condattr_t mono;

    *ret_rt = NULL;
    if (!instance_ok(o->instance) || o->data_dir[0] != '/') {
        sw_arena_free(a);
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "instance or data folder is not valid");
    }
    rt->arena = a;
    rt->inotify = rt->wake = -1;
    pthread_mutex_init(&rt->lock, NULL);
    pthread_mutex_init(&rt->layer_lock, NULL);
    pthread_mutex_init(&rt->net.lock, NULL);
    pthread_mutex_init(&rt->sealed.lock, NULL);
    pthread_condattr_init(&mono);
    pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
    pthread_cond_init(&rt->ended, &mono);
    pthread_condattr_destroy(&mono);
    set_paths(rt, o);
    if (open_parts(rt, err) < 0) {
        sw_runtime_close(rt);
        return -1;
    }
    sw_box_load_all(rt);
    finish_starts(rt);
    if (sw_watch_start(rt, err) < 0) {
        sw_runtime_close(rt);
        return -1;
    }
    *ret_rt = rt;
    return 0;
}

void sw_runtime_close(SwRuntime *rt) {
    if (!rt)
        return;
    sw_watch_stop(rt);
    sw_net_close(rt);
    sw_dns_close(rt->dns);
    while (rt->boxes)
        sw_box_unlink(rt, rt->boxes);
    sw_closep(&rt->inotify);
    sw_closep(&rt->wake);
    pthread_mutex_destroy(&rt->lock);
    pthread_mutex_destroy(&rt->layer_lock);
    pthread_mutex_destroy(&rt->net.lock);
    sw_runc_close(rt);
    pthread_cond_destroy(&rt->ended);
    sw_arena_free(rt->arena);
}

int sw_runtime_adopt(SwRuntime *rt, SwArena *a, SwStrList *ret_ids, SwError *err) {
    *ret_ids = ids_of(rt, a);
    return 0;
}

/* ---- purging ---- */

int sw_runtime_reset(SwRuntime *rt, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrList ids = ids_of(rt, a), nets;
    SwError ignored = sw_error(a);
    int r = 0;

    for (size_t i = 0; i < ids.n; i++) /* all at once, so that deleting waits for none in turn */
        if (sw_container_signal(rt, ids.v[i], 9, &ignored) < 0)
            sw_error_reset(&ignored); /* not running: nothing to wait for */
    for (size_t i = 0; i < ids.n; i++)
        if (sw_container_delete(rt, ids.v[i], err) < 0)
            r = -1;
    if (sw_net_list(rt, a, &nets, err) < 0)
        return -1;
    for (size_t i = 0; i < nets.n; i++)
        if (sw_net_delete(rt, nets.v[i], err) < 0)
            r = -1;
    return r;
}

int sw_runtime_purge(SwRuntime *rt, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    int r = sw_runtime_reset(rt, err);

    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->net.lock);
    if (rt->net.up)
        sw_net_purge(rt->o.instance);
    rt->net.up = false;
    sw_unlock(&held);
    sw_cgroup_end(SW_CGROUP_ROOT, sw_strf(a, "/slipway-%s", rt->o.instance).p, SW_CGROUP_END_MS);
    if (sw_rm_tree(rt->run, err) < 0)
        r = -1;
    sw_forwarding_restore_if_last();
    return r;
}

int sw_runtime_purge_at(const char *data_dir, const char *instance, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    static const char *const ours[] = {"containers", "exits", "net", "layers"};

    if (!instance_ok(instance) || data_dir[0] != '/')
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "instance or data folder is not valid");
    sw_supervisors_kill(sw_path(a, data_dir, "exits"), sw_strf(a, "/run/slipway/%s/runc", instance).p, NULL);
    sw_cgroup_end(SW_CGROUP_ROOT, sw_strf(a, "/slipway-%s", instance).p, SW_CGROUP_END_MS);
    sw_net_purge(instance);
    for (size_t i = 0; i < SW_N(ours); i++)
        if (sw_rm_tree(sw_path(a, data_dir, ours[i]), err) < 0)
            return -1;
    if (sw_rm_tree(sw_path(a, "/run/slipway", instance), err) < 0)
        return -1;
    sw_forwarding_restore_if_last();
    return 0;
}

/* ---- what is left ---- */

typedef struct Found {
    SwArena *a;
    SwStrList *l;
} Found;

static void found_link(void *arg, const char *name) {
    Found *f = arg;

    sw_str_list_add(f->a, f->l, sw_strf(f->a, "link %s", name));
}

static void left_mounts(SwArena *a, const char *data_dir, const char *run, SwStrList *ret) {
    SwError err = sw_error(a);
    SwStr text, line;
    SwStr in_data = sw_strf(a, "%s/", data_dir), in_run = sw_strf(a, "%s/", run);

    if (sw_file_read(a, "/proc/self/mountinfo", SW_FILE_MAX, &text, &err) < 0)
        return;
    while (sw_str_next(&text, '\n', &line)) {
        SwStrList f = sw_str_split(a, line, ' ');
        if (f.n > 4 && (sw_str_starts(f.v[4], in_data) || sw_str_starts(f.v[4], in_run)))
            sw_str_list_add(a, ret, sw_strf(a, "mount %.*s", SW_FMT(f.v[4])));
    }
}

int sw_runtime_leftovers(const char *data_dir, const char *instance, SwArena *a, SwStrList *ret, SwError *err) {
    const char *run = sw_path(a, "/run/slipway", instance), *group = sw_strf(a, "/slipway-%s", instance).p;
    Found f = {a, ret};

    *ret = (SwStrList){0};
    left_mounts(a, data_dir, run, ret);
    sw_each_link(instance, found_link, &f);
    if (sw_nat_exists(instance))
        sw_str_list_add(a, ret, sw_strf(a, "rule table slipway_%s", instance));
    sw_supervisors_list(sw_path(a, data_dir, "exits"), sw_path(a, run, "runc"), a, ret);
    if (sw_cgroup_exists(SW_CGROUP_ROOT, group))
        sw_str_list_add(a, ret, sw_strf(a, "cgroup %s", group));
    if (sw_exists(run))
        sw_str_list_add(a, ret, sw_strf(a, "run %s", run));
    return 0;
}
