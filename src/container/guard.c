/* SPDX-License-Identifier: Apache-2.0 */

/* Folders of the host that a client names and a container gets, and the data folder, which none gets.
 *
 * A path says little: links, "..", bind mounts and /proc/PID/root give one folder many names. So the
 * source is opened, and what counts is its place: the file system that the kernel finds it on, and the
 * path within that (mount table: device and root of the mount, and what lies behind the mount point).
 *
 *  - the data folder, or what is in it: refused
 *  - a folder that holds the data folder, or a mount of it: shown with an empty folder in its place;
 *    refused to a container that could take that away again (it may unmount)
 *  - a folder of another mount namespace, whose table is not ours to read: refused
 *
 * Between check and use nobody can change what the name means: the container gets a bind mount of what
 * was opened, made in the mount namespace that start.c gives each container. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "container/room.h"

typedef struct Mount {
    int64_t id;
    SwStr dev, root, at; /* at: mount point */
} Mount;
typedef struct MountList {
    Mount *v;
    size_t n;
} MountList;

typedef struct Place { /* of a file: where it is, whatever it is called */
    SwStr dev, path;
} Place;

/* "\040": a space, as the kernel writes it. */
static SwStr unescape(SwArena *a, SwStr s) {
    char *p = sw_arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        bool octal = s.p[i] == '\\' && i + 3 < s.n;
        for (size_t k = 1; octal && k <= 3; k++)
            octal = s.p[i + k] >= '0' && s.p[i + k] <= '7';
        p[n++] = octal ? (char)((s.p[i + 1] - '0') * 64 + (s.p[i + 2] - '0') * 8 + s.p[i + 3] - '0') : s.p[i];
        i += octal ? 3 : 0;
    }
    return sw_str_n(p, n);
}

static int read_mounts(SwArena *a, MountList *ret, SwError *err) {
    SwStr text, line;

    *ret = (MountList){0};
    if (sw_file_read(a, "/proc/thread-self/mountinfo", SW_FILE_MAX, &text, err) < 0)
        return -1;
    while (sw_str_next(&text, '\n', &line)) {
        SwStrList f = sw_str_split(a, line, ' ');
        Mount m = {0};
        if (f.n < 6 || !sw_str_to_i64(f.v[0], &m.id))
            continue;
        m.dev = f.v[2];
        m.root = unescape(a, f.v[3]);
        m.at = unescape(a, f.v[4]);
        *sw_list_add(a, ret) = m;
    }
    return 0;
}

bool sw_path_below(SwStr path, SwStr dir) {
    if (dir.n == 1) /* "/" */
        return path.n > 0 && path.p[0] == '/';
    return sw_str_starts(path, dir) && (path.n == dir.n || path.p[dir.n] == '/');
}

/* What of `path` lies behind `dir`, which it is below: "" or "/...". */
static SwStr behind(SwStr path, SwStr dir) {
    return sw_str_eqz(dir, "/") ? (path.n == 1 ? SW_STR("") : path) : sw_str_skip(path, dir.n);
}

static SwStr joined(SwArena *a, SwStr dir, SwStr rest) {
    if (sw_str_eqz(dir, "/"))
        return rest.n ? rest : dir;
    return sw_strf(a, "%.*s%.*s", SW_FMT(dir), SW_FMT(rest));
}

/* False: it is in another mount namespace, or gone. */
static bool place_of(SwArena *a, const MountList *mounts, int fd, Place *ret, SwStr *ret_name) {
    struct statx st;
    char path[PATH_MAX];

    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
        return false;
    ssize_t n = readlink(sw_strf(a, "/proc/self/fd/%d", fd).p, path, sizeof(path) - 1);
    if (n <= 0)
        return false;
    *ret_name = sw_str_dup(a, sw_str_n(path, (size_t)n));
    for (size_t i = 0; i < mounts->n; i++) {
        const Mount *m = &mounts->v[i];
        if (m->id != (int64_t)st.stx_mnt_id || !sw_path_below(*ret_name, m->at))
            continue;
        *ret = (Place){m->dev, joined(a, m->root, behind(*ret_name, m->at))};
        return true;
    }
    return false;
}

static int open_place(SwArena *a, const char *path, MountList *mounts, Place *ret, SwStr *ret_name, SwError *err) {
    int fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0)
        return sw_fail_cause(err, &SW_CONTAINER_START_FAILED, strerror(errno), "mount source %s does not exist", path);
    if (read_mounts(a, mounts, err) == 0) {
        if (place_of(a, mounts, fd, ret, ret_name))
            return fd;
        sw_fail(err, &SW_CONTAINER_START_FAILED, "mount source %s cannot be mounted: it is no folder of this host's own", path);
    }
    close(fd);
    return -1;
}

/* Names, relative to the host's root, under which `secret` shows below the folder `name` at `from`
 * when that is mounted with all that is mounted in it. Absolute names of this mount namespace. */
static SwStrList shown_at(SwArena *a, const MountList *mounts, const Place *from, SwStr name, const Place *secret) {
    SwStrList r = {0};

    if (sw_str_eq(from->dev, secret->dev) && sw_path_below(secret->path, from->path))
        sw_str_list_add(a, &r, joined(a, name, behind(secret->path, from->path)));
    for (size_t i = 0; i < mounts->n; i++) {
        const Mount *m = &mounts->v[i];
        if (!sw_str_eq(m->dev, secret->dev) || !sw_path_below(m->at, name))
            continue;
        SwStr at = sw_path_below(m->root, secret->path)   ? m->at
                   : sw_path_below(secret->path, m->root) ? joined(a, m->at, behind(secret->path, m->root))
                                                          : SW_NO_STR;
        if (at.n && !sw_str_list_has(&r, at))
            sw_str_list_add(a, &r, at);
    }
    return r;
}

static int refused(SwError *err, const char *path, const char *why) {
    return sw_fail(err, &SW_CONTAINER_START_FAILED, "mount source %s cannot be mounted: %s", path, why);
}

/* What no container gets: the data folder, and what all instances keep under /run. */
static size_t kept(const SwRuntime *rt, const char *ret[static 2]) {
    ret[0] = rt->data;
    ret[1] = "/run/slipway";
    return sw_exists(ret[1]) ? 2 : 1;
}

/* The source's descriptor, its name, and what of it must be hidden. */
static int open_checked(SwRuntime *rt, SwArena *a, const char *path, bool can_unmount, SwStr *ret_name, SwStrList *ret_hide,
                        SwError *err) {
    MountList mounts;
    Place place, secret;
    SwStr ignored;
    const char *keep[2];
    size_t n = kept(rt, keep);
    _sw_close_ int fd = open_place(a, path, &mounts, &place, ret_name, err);

    *ret_hide = (SwStrList){0};
    for (size_t i = 0; fd >= 0 && i < n; i++) {
        _sw_close_ int keep_fd = open_place(a, keep[i], &mounts, &secret, &ignored, err);
        if (keep_fd < 0)
            return -1;
        if (sw_str_eq(place.dev, secret.dev) && sw_path_below(place.path, secret.path))
            return refused(err, path, "it is in Slipway's own data folder");
        SwStrList more = shown_at(a, &mounts, &place, *ret_name, &secret);
        for (size_t k = 0; k < more.n; k++)
            sw_str_list_add(a, ret_hide, more.v[k]);
    }
    if (fd >= 0 && ret_hide->n && can_unmount)
        return refused(err, path,
                       "it holds Slipway's data folder, which a container with such rights could "
                       "uncover");
    return SW_TAKE_FD(fd);
}

/* Of a path that is not there yet, the nearest folder that is. */
static const char *nearest(SwArena *a, SwStr path) {
    size_t at;

    while (!sw_exists(sw_str_z(a, path)) && sw_str_rfind(path, '/', &at) && at > 0)
        path = sw_str_n(path.p, at);
    return sw_exists(sw_str_z(a, path)) ? sw_str_z(a, sw_str_dup(a, path)) : "/";
}

int sw_container_host_path_check(SwRuntime *rt, SwStr path, bool can_unmount, SwError *err) {
    SwArena *a = err->arena;
    SwStr name;
    SwStrList hide;
    const char *at = nearest(a, path);
    /* A folder above one that is to be made holds more than that will. */
    bool there = sw_str_eqz(path, at);
    _sw_close_ int fd = open_checked(rt, a, at, there && can_unmount, &name, &hide, err);

    return fd < 0 ? -1 : 0;
}

SwStrList sw_guard_names(SwRuntime *rt, SwArena *a) {
    SwStr name;
    SwStrList r = {0};
    SwError err = sw_error(a);
    _sw_close_ int fd = open_checked(rt, a, "/", false, &name, &r, &err);

    return r;
}

/* An empty folder over `rel` of the mount at `at`. */
static int hide(SwArena *a, const char *at, SwStr rel, SwError *err) {
    const char *inner = rel.n > 1 ? sw_str_z(a, sw_str_dup(a, sw_str_skip(rel, 1))) : ".";
    _sw_close_ int root = open(at, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _sw_close_ int fd = root < 0 ? -1 : sw_open_in_root(root, inner, O_PATH, 0);

    if (fd < 0 || mount("tmpfs", sw_strf(a, "/proc/thread-self/fd/%d", fd).p, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                        "mode=700,size=64k") < 0)
        return sw_fail_errno(err, errno, "hide the data folder below %s", at);
    return 0;
}

int sw_guard_mount(SwRuntime *rt, SwArena *a, const char *source, const char *at, bool can_unmount, SwError *err) {
    SwStr name;
    SwStrList covered;
    struct stat st;
    _sw_close_ int fd = open_checked(rt, a, source, can_unmount, &name, &covered, err);

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0)
        return sw_fail_errno(err, errno, "look at %s", source);
    if (S_ISDIR(st.st_mode) ? sw_mkdirs(at, 0700, err) < 0 : sw_file_write(at, SW_STR(""), 0600, err) < 0)
        return -1;
    if (mount(sw_strf(a, "/proc/thread-self/fd/%d", fd).p, at, NULL, MS_BIND | MS_REC, NULL) < 0)
        return sw_fail_errno(err, errno, "bind %s", source);
    for (size_t i = 0; i < covered.n; i++) {
        bool gone = false; /* below what is hidden already */
        for (size_t k = 0; k < i; k++)
            gone |= sw_path_below(covered.v[i], covered.v[k]);
        if (!gone && hide(a, at, behind(covered.v[i], name), err) < 0)
            return -1;
    }
    return 0;
}
