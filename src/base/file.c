/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are still there after a power cut: see file.h. */

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"

int sw_write_all(int fd, const void *p, size_t n, SwError *err) {
    const char *at = p;
    while (n) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return sw_fail_errno(err, errno, "Writing failed");
        at += done;
        n -= (size_t)done;
    }
    return 0;
}

int sw_file_read(SwArena *a, const char *path, size_t max, SwStr *ret_data, SwError *err) {
    _sw_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, errno, "%s cannot be read", path);
    struct stat st;
    size_t cap = fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 4096, n = 0;
    cap = SW_MIN(cap, max);
    char *p = sw_arena_alloc(a, cap + 1);
    for (;;) {
        ssize_t got = read(fd, p + n, cap - n + 1); /* the byte for the NUL shows that there is more */
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return sw_fail_errno(err, errno, "%s cannot be read", path);
        if (got == 0)
            break;
        n += (size_t)got;
        if (n > max)
            return sw_fail_errno(err, EFBIG, "%s is larger than %zu bytes", path, max);
        if (n > cap) { /* /proc says 0, and a file may grow while it is read */
            p = sw_arena_grow(a, p, cap + 1, SW_MIN(cap * 2, max) + 1);
            cap = SW_MIN(cap * 2, max);
        }
    }
    p[n] = 0;
    *ret_data = (SwStr){p, n};
    return 0;
}

static int write_file(const char *path, SwStr data, unsigned mode, bool durable, SwError *err) {
    _sw_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return sw_fail_errno(err, errno, "%s cannot be written", path);
    if (sw_write_all(fd, data.p, data.n, err) < 0)
        return sw_fail_wrap(err, "%s", path);
    if (durable && fsync(fd) < 0)
        return sw_fail_errno(err, errno, "%s cannot be written", path);
    return 0;
}

int sw_file_write(const char *path, SwStr data, unsigned mode, SwError *err) {
    return write_file(path, data, mode, false, err);
}

int sw_file_write_durable(const char *path, SwStr data, unsigned mode, SwError *err) {
    char tmp[PATH_MAX], dir[PATH_MAX];
    if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp)
        return sw_fail_errno(err, ENAMETOOLONG, "%s cannot be written", path);
    if (write_file(tmp, data, mode, true, err) < 0)
        return -1;
    if (rename(tmp, path) < 0)
        return sw_fail_errno(err, errno, "%s cannot be written", path);
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (!slash)
        return sw_fsync_dir(".", err);
    slash[slash == dir ? 1 : 0] = 0;
    return sw_fsync_dir(dir, err);
}

int sw_fsync_dir(const char *path, SwError *err) {
    _sw_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return sw_fail_errno(err, errno, "The folder %s cannot be synced", path);
    return 0;
}

int sw_mkdirs(const char *path, unsigned mode, SwError *err) {
    char p[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof p)
        return sw_fail_errno(err, n ? ENAMETOOLONG : ENOENT, "The folder %s cannot be made", path);
    memcpy(p, path, n + 1);
    for (char *q = p + 1;; q++) {
        if (*q && *q != '/')
            continue;
        char c = *q;
        *q = 0;
        if (mkdir(p, mode) < 0 && errno != EEXIST)
            return sw_fail_errno(err, errno, "The folder %s cannot be made", path);
        if (!c)
            break;
        *q = c;
    }
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return sw_fail_errno(err, ENOTDIR, "The folder %s cannot be made", path);
    return 0;
}

/* Which mount a file is on. The device number alone would not do: a bind mount of the same file system has it too. */
static int mount_of(int at, const char *name, unsigned flags, struct statx *ret) {
    if (statx(at, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_MNT_ID, ret) < 0)
        return -1;
    if (!(ret->stx_mask & STATX_MNT_ID)) /* before Linux 5.8 */
        ret->stx_mnt_id = (uint64_t)ret->stx_dev_major << 32 | ret->stx_dev_minor;
    return 0;
}

/* Deeper folders are moved up here first, so that neither descriptors nor the stack bound how deep a tree can be. */
#define RM_DEPTH_MAX 64

typedef struct Removal {
    int top;
    uint64_t mount;
    unsigned moved; /* folders moved up into top, to be found there in another pass */
} Removal;

static int empty_dir(Removal *r, int fd, int depth);

static int remove_dir(Removal *r, int fd, const char *name, int depth) {
    if (depth >= RM_DEPTH_MAX) {
        char to[64];
        snprintf(to, sizeof to, ".slipway-rm-%u", r->moved++);
        while (renameat2(fd, name, r->top, to, RENAME_NOREPLACE) < 0) {
            if (errno != EEXIST)
                return errno == ENOENT ? 0 : -1;
            snprintf(to, sizeof to, ".slipway-rm-%u", r->moved++);
        }
        return 0;
    }
    int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (sub < 0)
        return errno == ENOENT ? 0 : -1;
    if (empty_dir(r, sub, depth + 1) < 0)
        return -1;
    return unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

/* Removes what is below `fd`, without leaving its mount; takes over fd. Goes on after a failure, and keeps its errno. */
static int empty_dir(Removal *r, int fd, int depth) {
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -1;
    }
    int failed = 0;
    for (struct dirent *e; (e = readdir(d));) {
        struct statx st;
        int done;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (mount_of(fd, e->d_name, 0, &st) < 0)
            done = -1;
        else if (!S_ISDIR(st.stx_mode))
            done = unlinkat(fd, e->d_name, 0);
        else if (st.stx_mnt_id != r->mount)
            done = (errno = EBUSY, -1); /* something is mounted here: it is not ours */
        else
            done = remove_dir(r, fd, e->d_name, depth);
        if (done < 0 && errno != ENOENT) /* what somebody else removed is gone too */
            failed = errno;
    }
    closedir(d);
    errno = failed;
    return failed ? -1 : 0;
}

int sw_rm_tree(const char *path, SwError *err) {
    struct statx st;
    if (mount_of(AT_FDCWD, path, 0, &st) < 0)
        return errno == ENOENT ? 0 : sw_fail_errno(err, errno, "%s cannot be removed", path);
    if (!S_ISDIR(st.stx_mode))
        return unlink(path) == 0 || errno == ENOENT ? 0 : sw_fail_errno(err, errno, "%s cannot be removed", path);
    _sw_close_ int top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (top < 0)
        return errno == ENOENT ? 0 : sw_fail_errno(err, errno, "%s cannot be removed", path);
    Removal r = {.top = top, .mount = st.stx_mnt_id};
    unsigned before;
    do {
        before = r.moved;
        int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || empty_dir(&r, fd, 0) < 0)
            return sw_fail_errno(err, errno, "%s cannot be removed", path);
    } while (r.moved != before);
    return rmdir(path) == 0 || errno == ENOENT ? 0 : sw_fail_errno(err, errno, "%s cannot be removed", path);
}

bool sw_exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

const char *sw_path(SwArena *a, const char *dir, const char *name) {
    size_t n = strlen(dir);
    return sw_strf(a, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name).p;
}

bool sw_path_is_component(SwStr name) {
    if (name.n == 0 || name.n > 255 || sw_str_eqz(name, ".") || sw_str_eqz(name, ".."))
        return false;
    return !memchr(name.p, '/', name.n) && !memchr(name.p, 0, name.n);
}
