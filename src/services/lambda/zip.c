/* SPDX-License-Identifier: Apache-2.0 */
/* Archives of functions: strangers' bytes. libarchive reads them; every entry is opened beneath the folder by the kernel
 * (openat2), is a file or a folder and nothing else, and all of them together stay within Lambda's limit, counted as they are
 * written and not as they say. */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/lazy_archive.h"
#include "services/lambda/lambda.h"

#define ENTRIES_MAX 50000 /* beyond it making the files costs more than a start may */

static int bad_zip(SwError *err) {
    return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                   "Could not unzip uploaded file. Please check your file, then try to upload again.");
}

static int too_large(SwError *err) {
    return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION, "Unzipped size must be smaller than %d bytes",
                   LAMBDA_UNZIPPED_MAX);
}

static bool path_ok(SwStr path) {
    SwStr part;
    if (!path.n || path.p[0] == '/' || sw_str_contains(path, SW_STR("\\")))
        return false;
    while (sw_str_next(&path, '/', &part))
        if (part.n && !sw_str_eqz(part, ".") && !sw_path_is_component(part))
            return false;
    return true;
}

static int make_folders(int root, char *path) {
    for (char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        int made = *path ? mkdirat(root, path, 0755) : 0;
        *at = '/';
        if (made < 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

/* `path` has no ".." and there are no links below root, for none is made; the kernel sees to it all the same. */
static int open_file(int root, const char *path) {
    struct open_how how = {.flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                           .mode = 0600,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* -1: the archive is at fault; -2: it is too large. */
static int write_entry(struct archive *z, struct archive_entry *e, int root, char *path, bool folder, int64_t *left) {
    char part[64 * 1024];
    la_ssize_t n;
    SwError ignored = {0};
    if (make_folders(root, path) < 0)
        return -1;
    if (folder)
        return mkdirat(root, path, 0755) == 0 || errno == EEXIST ? 0 : -1;
    _sw_close_ int fd = open_file(root, path);
    if (fd < 0)
        return -1;
    while ((n = archive_read_data(z, part, sizeof part)) > 0) {
        if ((*left -= n) < 0)
            return -2;
        if (sw_write_all(fd, part, (size_t)n, &ignored) < 0)
            return -1;
    }
    /* it is run by another user than the one who unpacks it */
    unsigned mode = archive_entry_perm(e) & 0777;
    return n < 0 || fchmod(fd, (mode ? mode : 0644) | 0444) < 0 ? -1 : 0;
}

static int one(SwArena *a, struct archive *z, struct archive_entry *e, int root, int64_t *left) {
    SwStr path = sw_str_dup(a, sw_str(archive_entry_pathname(e)));
    bool folder = archive_entry_filetype(e) == AE_IFDIR || sw_str_ends(path, SW_STR("/"));
    if (!path_ok(path) || (!folder && archive_entry_filetype(e) != AE_IFREG))
        return -1;
    if (root >= 0) {
        while (path.n > 1 && path.p[path.n - 1] == '/')
            path.n--;
        char *name = sw_arena_alloc(a, path.n + 1);
        memcpy(name, path.p, path.n);
        return write_entry(z, e, root, name, folder, left);
    }
    *left -= folder ? 0 : SW_MAX(archive_entry_size(e), 0);
    return *left < 0 ? -2 : 0;
}

static void read_freep(struct archive **z) {
    if (*z)
        archive_read_free(*z);
}

/* root -1: looks only. */
static int walk(int fd, int root, SwError *err) {
    __attribute__((cleanup(read_freep))) struct archive *z = archive_read_new();
    struct archive_entry *e;
    int64_t left = LAMBDA_UNZIPPED_MAX;
    int r = ARCHIVE_OK, entries = 0, is = 0;
    _sw_arena_ SwArena *names = sw_arena_new(0);
    archive_read_support_format_zip_seekable(z); /* by its directory: what has none is no archive */
    if (lseek(fd, 0, SEEK_SET) < 0 || archive_read_open_fd(z, fd, 64 * 1024) != ARCHIVE_OK)
        return bad_zip(err);
    while (is == 0 && (r = archive_read_next_header(z, &e)) == ARCHIVE_OK) {
        is = ++entries > ENTRIES_MAX ? -2 : one(names, z, e, root, &left);
        sw_arena_reset(names);
    }
    if (is == -2)
        return too_large(err);
    return is < 0 || r != ARCHIVE_EOF ? bad_zip(err) : 0;
}

int lambda_zip_check(int fd, SwError *err) {
    return walk(fd, -1, err);
}

int lambda_zip_unpack(int fd, const char *folder, SwError *err) {
    if (sw_mkdirs(folder, 0755, err) < 0)
        return -1;
    _sw_close_ int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? sw_fail_errno(err, errno, "open %s", folder) : walk(fd, root, err);
}
