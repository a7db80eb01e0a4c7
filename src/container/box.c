/* SPDX-License-Identifier: Apache-2.0 */

/* Containers in memory, and their files:
 *
 *   meta.json  what the box remembers of its spec. A folder without it is not a container, and is
 *              removed at opening
 *   base.json  OCI configuration without what depends on the mounted root
 *   starting   a start is under way; with it and without `init`, nothing of the container ever
 *              ran: wiped, CREATED again
 *   init       "pid start-time started-at" of its first process
 *   ended      "finished-at"; the code itself is <data>/exits/<id>, written by conmon before
 *   kill_at    when SIGKILL is due, ns of CLOCK_REALTIME */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "container/room.h"
#include "base/thread.h"

/* ---- the list ---- */

SwBox *sw_box_find(SwRuntime *rt, SwStr id) {
    SwBox *b;

    pthread_mutex_lock(&rt->lock);
    for (b = rt->boxes; b && !sw_str_eqz(id, b->id); b = b->next)
        ;
    if (b)
        b->refs++;
    pthread_mutex_unlock(&rt->lock);
    return b;
}

SwBox *sw_box_at_watch(SwRuntime *rt, int watch) {
    SwBox *b;

    pthread_mutex_lock(&rt->lock);
    for (b = rt->boxes; b && b->watch != watch; b = b->next)
        ;
    if (b)
        b->refs++;
    pthread_mutex_unlock(&rt->lock);
    return b;
}

static void box_free(SwBox *b) {
    pthread_mutex_destroy(&b->lock);
    pthread_mutex_destroy(&b->end_lock);
    sw_arena_free(b->arena);
}

void sw_box_unref(SwRuntime *rt, SwBox *b) {
    pthread_mutex_lock(&rt->lock);
    bool last = --b->refs == 0;
    pthread_mutex_unlock(&rt->lock);
    if (last)
        box_free(b);
}

SwBox *sw_box_new(SwRuntime *rt, SwStr id) {
    SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    SwBox *b = sw_new(a, SwBox);

    b->rt = rt;
    b->arena = a;
    snprintf(b->id, sizeof(b->id), "%.*s", SW_FMT(id));
    b->dir = sw_path(a, rt->containers, b->id);
    b->watch = -1;
    b->refs = 1;
    pthread_mutex_init(&b->lock, NULL);
    pthread_mutex_init(&b->end_lock, NULL);
    return b;
}

SwBox *sw_box_link(SwRuntime *rt, SwBox *b) {
    SwBox *there = sw_box_find(rt, sw_str(b->id));

    if (there) {
        box_free(b);
        return there;
    }
    pthread_mutex_lock(&rt->lock);
    b->refs++;
    b->next = rt->boxes;
    rt->boxes = b;
    pthread_mutex_unlock(&rt->lock);
    return b;
}

void sw_box_unlink(SwRuntime *rt, SwBox *b) {
    bool was = false;

    pthread_mutex_lock(&rt->lock);
    for (SwBox **at = &rt->boxes; *at && !was; at = was ? at : &(*at)->next)
        if (*at == b) {
            *at = b->next;
            was = true;
        }
    pthread_mutex_unlock(&rt->lock);
    if (was)
        sw_box_unref(rt, b);
}

bool sw_box_alive(const SwBox *b) {
    return b->pid > 0 && sw_proc_start_time(b->pid) == b->pid_start;
}

bool sw_box_group(SwRuntime *rt, const SwBox *b, char ret[static 128]) {
    return snprintf(ret, 128, "/slipway-%s/%s", rt->o.instance, b->id) < 128;
}

/* ---- supervisors ---- */

/* Whose process is it? conmon's command line holds `--exit-dir EXITS` and `-c ID`; that of a
 * `runc create` under way `--root RUNC` and ID. id NULL: any. */
static bool supervisor_is(const char *pid_text, const char *exits, const char *runc, const char *id,
                          char ret_what[static 128]) {
    char path[64], line[4096];
    bool ours = false, of_id = id == NULL, conmon = false;
    const char *cid = "";

    snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid_text);
    _sw_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
    if (n <= 0)
        return false;
    line[n] = '\0';
    for (const char *p = line; p < line + n; p += strlen(p) + 1) {
        const char *next = p + strlen(p) + 1;
        of_id |= strcmp(p, id ? id : "") == 0;
        if (next >= line + n)
            break;
        conmon |= strcmp(p, "--exit-dir") == 0 && strcmp(next, exits) == 0;
        ours |= conmon || (strcmp(p, "--root") == 0 && strcmp(next, runc) == 0);
        if (strcmp(p, "-c") == 0)
            cid = next;
    }
    snprintf(ret_what, 128, "process %.20s %s %.64s", pid_text, conmon ? "conmon of" : "runc", cid);
    return ours && of_id;
}

static size_t each_supervisor(const char *exits, const char *runc, const char *id, bool end, SwArena *a, SwStrList *ret) {
    char what[128];
    const struct dirent *e;
    size_t n = 0;
    _sw_dir_ DIR *d = opendir("/proc");

    while (d && (e = readdir(d))) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9' || !supervisor_is(e->d_name, exits, runc, id, what))
            continue;
        n++;
        if (ret)
            sw_str_list_add(a, ret, sw_strf(a, "%s", what));
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        _sw_close_ int fd = end ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (fd >= 0 && supervisor_is(e->d_name, exits, runc, id, what) &&
            syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0)
            (void)poll(&p, 1, 5000); /* it is gone when readable; shown by leftovers if not */
    }
    return n;
}

void sw_supervisors_kill(const char *exits, const char *runc, const char *id) {
    /* again, for what the killed had just started */
    for (int i = 0; i < 10 && each_supervisor(exits, runc, id, true, NULL, NULL) > 0; i++)
        ;
}

void sw_supervisors_list(const char *exits, const char *runc, SwArena *a, SwStrList *ret) {
    (void)each_supervisor(exits, runc, NULL, false, a, ret);
}

void sw_box_wipe(SwRuntime *rt, const char *id) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);

    sw_supervisors_kill(rt->exits, rt->runc, id);
    sw_cgroup_end(SW_CGROUP_ROOT, sw_strf(a, "/slipway-%s/%s", rt->o.instance, id).p, SW_CGROUP_END_MS);
    if (sw_rm_tree(sw_path(a, rt->runc, id), &err) < 0)
        sw_log(SW_WARN, "runtime state not removed", SW_F("container", id), SW_F("cause", err.cause));
    (void)unlink(sw_path(a, rt->exits, id));
    (void)unlink(sw_path(a, rt->pids, id));
}

void sw_box_reap(SwBox *b) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    int status;

    if (b->conmon && sw_proc_wait(b->conmon, 2000, &status, &err) < 0)
        sw_log(SW_WARN, "container's supervisor did not end", SW_F("container", b->id), SW_F("cause", err.cause));
    b->conmon = 0;
}

/* ---- the end ---- */

static void box_ended(SwRuntime *rt, SwBox *b, int code, SwTime at) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char group[128];

    sw_box_group(rt, b, group);
    bool oom = b->oom || sw_exists(sw_path(a, b->dir, "oom")) || sw_cgroup_oom_killed(SW_CGROUP_ROOT, group);
    SwStr text = sw_strf(a, "%lld %d %d", (long long)at, code, oom);
    if (sw_file_write(sw_path(a, b->dir, "ended"), text, 0600, &err) < 0)
        sw_log(SW_WARN, "end of container not recorded", SW_F("container", b->id), SW_F("cause", err.cause));
    SW_CRASH_POINT("container.ended");
    sw_cgroup_end(SW_CGROUP_ROOT, group, SW_CGROUP_END_MS);
    if (sw_rm_tree(sw_path(a, rt->runc, b->id), &err) < 0)
        sw_log(SW_WARN, "runtime state not removed", SW_F("container", b->id), SW_F("cause", err.cause));
    (void)unlink(sw_path(a, b->dir, "kill_at"));
    sw_box_reap(b);
    pthread_mutex_lock(&rt->lock);
    b->oom = oom;
    b->exit_code = code;
    b->finished_at = at;
    b->kill_at_ns = 0;
    b->ended = true;
    pthread_cond_broadcast(&rt->ended);
    pthread_mutex_unlock(&rt->lock);
}

/* When a file was written, by the clock's count. */
static SwTime written_at(SwRuntime *rt, const char *path) {
    struct stat st;
    SwClockMode mode;
    double scale;
    SwTime offset = 0, now = sw_clock_now(rt->o.clock);

    if (stat(path, &st) < 0)
        return now;
    sw_clock_get(rt->o.clock, &mode, &scale, &offset);
    SwTime t = (SwTime)st.st_mtim.tv_sec * SW_S + st.st_mtim.tv_nsec + offset;
    return SW_MIN(t, now);
}

static bool conmon_lives(SwRuntime *rt, const SwBox *b) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char what[128];
    SwStr pid;

    return sw_file_read(a, sw_path(a, b->dir, "conmon.pid"), 32, &pid, &err) == 0 &&
           supervisor_is(sw_str_z(a, sw_str_dup(a, sw_str_trim(pid))), rt->exits, rt->runc, b->id, what);
}

static bool exit_code(SwArena *a, const char *path, int64_t *ret) {
    SwError err = sw_error(a);
    SwStr text;

    return sw_exists(path) && sw_file_read(a, path, 32, &text, &err) == 0 && sw_str_to_i64(sw_str_trim(text), ret);
}

static bool check_exit(SwRuntime *rt, SwBox *b, bool late) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const char *path = sw_path(a, rt->exits, b->id);
    int64_t code = -1;

    if (b->ended || b->pid == 0)
        return false;
    if (!exit_code(a, path, &code)) {
        /* conmon writes the code after the process's death and before its own: so a dead conmon
         * has had its say */
        if (sw_box_alive(b) || conmon_lives(rt, b))
            return false;
        if (!exit_code(a, path, &code))
            sw_log(SW_WARN, "exit code lost: supervisor is gone", SW_F("container", b->id));
    }
    box_ended(rt, b, (int)code, late ? written_at(rt, path) : sw_clock_now(rt->o.clock));
    return true;
}

bool sw_box_check_exit(SwRuntime *rt, SwBox *b, bool late) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&b->end_lock);

    return check_exit(rt, b, late);
}

/* ---- on disk ---- */

int sw_box_save(SwRuntime *rt, const SwBox *b, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwValue v = sw_value_object();

    sw_value_sets(a, &v, "tag", b->tag);
    sw_value_sets(a, &v, "net", b->net_id);
    sw_value_sets(a, &v, "stopSignal", b->stop_signal);
    sw_value_sets(a, &v, "user", b->user);
    sw_value_set(a, &v, SW_STR("host"), sw_value_bool(b->host_root));
    sw_value_set(a, &v, SW_STR("tty"), sw_value_bool(b->tty));
    sw_value_set(a, &v, SW_STR("privileged"), sw_value_bool(b->privileged));
    sw_value_set(a, &v, SW_STR("canUnmount"), sw_value_bool(b->can_unmount));
    sw_value_set(a, &v, SW_STR("logMax"), sw_value_int(a, (int64_t)b->log_max));
    sw_value_set(a, &v, SW_STR("created"), sw_value_int(a, b->created_at));
    SwValue *l = sw_value_set(a, &v, SW_STR("layers"), sw_value_array());
    for (size_t i = 0; i < b->diff_ids.n; i++)
        sw_value_add(a, l, sw_value_string(b->diff_ids.v[i]));
    l = sw_value_set(a, &v, SW_STR("foreign"), sw_value_array());
    for (size_t i = 0; i < b->foreign.n; i++)
        sw_value_add(a, l, sw_value_string(b->foreign.v[i]));
    const char *tmp = sw_path(a, b->dir, "meta.json.tmp");
    if (sw_file_write(tmp, sw_json_text(a, &v), 0600, err) < 0)
        return -1;
    return rename(tmp, sw_path(a, b->dir, "meta.json")) < 0 ? sw_fail_errno(err, errno, "rename %s", tmp) : 0;
}

static bool read_meta(SwBox *b) {
    SwError err = sw_error(b->arena);
    SwStr text;
    SwValue v;
    int64_t created = 0, log_max = 0;

    if (sw_file_read(b->arena, sw_path(b->arena, b->dir, "meta.json"), SW_FILE_MAX, &text, &err) < 0 ||
        sw_json_parse(b->arena, text, &v, &err) < 0)
        return false;
    b->tag = sw_value_str(sw_value_getz(&v, "tag"));
    b->net_id = sw_value_str(sw_value_getz(&v, "net"));
    b->stop_signal = sw_value_str(sw_value_getz(&v, "stopSignal"));
    b->user = sw_value_str(sw_value_getz(&v, "user"));
    b->host_root = sw_value_is_true(sw_value_getz(&v, "host"));
    b->tty = sw_value_is_true(sw_value_getz(&v, "tty"));
    b->privileged = sw_value_is_true(sw_value_getz(&v, "privileged"));
    b->can_unmount = sw_value_is_true(sw_value_getz(&v, "canUnmount"));
    if (sw_value_i64(sw_value_getz(&v, "created"), &created) && sw_value_i64(sw_value_getz(&v, "logMax"), &log_max)) {
        b->created_at = created;
        b->log_max = (uint64_t)log_max;
    }
    const SwValue *l = sw_value_getz(&v, "layers");
    for (size_t i = 0; l && i < l->n; i++)
        sw_str_list_add(b->arena, &b->diff_ids, l->v[i].s);
    l = sw_value_getz(&v, "foreign");
    for (size_t i = 0; l && i < l->n; i++)
        sw_str_list_add(b->arena, &b->foreign, l->v[i].s);
    return true;
}

/* Up to three numbers apart by blanks; how many there are. */
static size_t read_numbers(SwBox *b, const char *file, int64_t v[static 3]) {
    SwError err = sw_error(b->arena);
    SwStr text, word;
    size_t n = 0;

    v[0] = v[1] = v[2] = 0;
    if (sw_file_read(b->arena, sw_path(b->arena, b->dir, file), 128, &text, &err) < 0)
        return 0;
    while (n < 3 && sw_str_next(&text, ' ', &word) && sw_str_to_i64(word, &v[n]))
        n++;
    return n;
}

static void load(SwRuntime *rt, const char *id) {
    SwBox *b = sw_box_new(rt, sw_str(id));
    SwError err = sw_error(b->arena);
    int64_t v[3];

    if (!read_meta(b)) { /* its creation, or deletion, was cut short */
        sw_box_wipe(rt, id);
        if (sw_rm_tree(b->dir, &err) < 0)
            sw_log(SW_WARN, "container folder not removed", SW_F("container", id), SW_F("cause", err.cause));
        box_free(b);
        return;
    }
    if (read_numbers(b, "init", v) == 3) {
        b->pid = (pid_t)v[0];
        b->pid_start = (uint64_t)v[1];
        b->started_at = v[2];
        b->released = true; /* start releases again; that is harmless */
    } else if (sw_exists(sw_path(b->arena, b->dir, "starting"))) {
        sw_box_wipe(rt, id);
    }
    if (read_numbers(b, "ended", v) == 3) {
        b->ended = true;
        b->finished_at = v[0];
        b->exit_code = (int)v[1];
        b->oom = v[2] != 0;
    }
    if (!b->ended && read_numbers(b, "kill_at", v) == 1)
        b->kill_at_ns = v[0];
    sw_box_unref(rt, sw_box_link(rt, b));
    if (b->ended) {
        if (sw_exists(sw_path(b->arena, rt->runc, id)))
            sw_box_wipe(rt, id); /* the clean-up was cut short */
        return;
    }
    sw_watch_box(rt, b);
    (void)sw_box_check_exit(rt, b, true);
}

void sw_box_load_all(SwRuntime *rt) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrList ids = {0};
    const struct dirent *e;
    _sw_dir_ DIR *d = opendir(rt->containers);

    while (d && (e = readdir(d)))
        if (sw_container_id_ok(sw_str(e->d_name)))
            sw_str_list_add(a, &ids, sw_str_dup(a, sw_str(e->d_name)));
    for (size_t i = 0; i < ids.n; i++)
        load(rt, ids.v[i].p);
}
