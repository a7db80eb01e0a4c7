/* SPDX-License-Identifier: Apache-2.0 */
/* ZIP archives of strangers: every entry is opened beneath the folder by the kernel (openat2), so that neither ".." nor
 * a link, not even one that the archive itself brought, leads out of it. */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/lazy_archive.h"
#include "services/codebuild/codebuild.h"

#define BYTES_MAX   (8 * (int64_t)SW_GIB)
#define ENTRIES_MAX 500000

static const SwErrorKind bad_zip = {.code = "CLIENT_ERROR", .http = 400};

static int beneath(int root, const char *path, int flags, unsigned mode) {
    struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC,
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* Makes the folders that `path` names, all but its last part if `file`. Returns the last folder's descriptor, or -1. */
static int folders(int root, SwStr path, bool file, SwStr *ret_last) {
    SwStr part;
    int at = beneath(root, ".", O_RDONLY | O_DIRECTORY, 0);
    while (at >= 0 && sw_str_next(&path, '/', &part)) {
        char name[256];
        if (part.n == 0 || sw_str_eqz(part, "."))
            continue;
        if (!sw_path_is_component(part)) {
            close(at);
            return -1;
        }
        memcpy(name, part.p, part.n);
        name[part.n] = '\0';
        *ret_last = part;
        if (file && !path.p)
            return at;
        (void)mkdirat(at, name, 0755);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(at);
        at = next;
    }
    return at;
}

static int copy_data(struct archive *z, int fd, int64_t *left) {
    char buf[64 * 1024];
    la_ssize_t n;
    SwError ignored = {0};
    while ((n = archive_read_data(z, buf, sizeof buf)) > 0) {
        if ((*left -= n) < 0 || sw_write_all(fd, buf, (size_t)n, &ignored) < 0)
            return -1;
    }
    return n < 0 ? -1 : 0;
}

static int put_entry(SwArena *a, struct archive *z, struct archive_entry *e, int root, int64_t *left) {
    SwStr path = sw_str_dup(a, sw_str(archive_entry_pathname(e))), last = SW_NO_STR;
    bool folder = archive_entry_filetype(e) == AE_IFDIR || sw_str_ends(path, SW_STR("/"));
    if (!path.n || path.p[0] == '/' || sw_str_contains(path, SW_STR("\\")))
        return -1;
    if (folder && sw_str_ends(path, SW_STR("/")))
        path = sw_str_drop(path, 1);
    _sw_close_ int at = folders(root, path, !folder, &last);
    if (at < 0)
        return -1;
    if (folder)
        return 0;
    const char *name = sw_str_z(a, sw_str_dup(a, last));
    (void)unlinkat(at, name, 0);
    if (archive_entry_filetype(e) == AE_IFLNK)
        return archive_entry_symlink(e) && symlinkat(archive_entry_symlink(e), at, name) == 0 ? 0 : -1;
    unsigned mode = archive_entry_perm(e) & 0777;
    _sw_close_ int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || copy_data(z, fd, left) < 0)
        return -1;
    return fchmod(fd, mode ? mode : 0644);
}

typedef struct Reader {
    SwStream *s;
    ssize_t n;
    SwLack lack; /* memory ended in a callback */
    char buf[64 * 1024];
} Reader;

static void read_guarded(void *arg) {
    Reader *r = arg;
    r->n = r->s->read(r->s->arg, r->buf, sizeof r->buf);
}

/* libarchive's frames are not to be unwound. */
static ssize_t read_stream(struct archive *z, void *arg, const void **ret) {
    Reader *r = arg;
    *ret = r->buf;
    r->lack = sw_guard(SW_POOL_NONE, read_guarded, r);
    return r->lack == SW_LACK_NONE ? r->n : -1;
}

static void read_freep(struct archive **z) {
    if (*z)
        archive_read_free(*z);
}

static int open_zip(struct archive *z, SwStream *s, Reader *r) {
    if (s->data.p)
        return archive_read_open_memory(z, s->data.p, s->data.n);
    if (!s->read)
        return lseek(s->file, s->offset, SEEK_SET) < 0 ? ARCHIVE_FATAL : archive_read_open_fd(z, s->file, 64 * 1024);
    r->s = s;
    return archive_read_open(z, r, NULL, read_stream, NULL);
}

int codebuild_unzip(SwArena *a, SwStream *s, const char *folder, SwError *err) {
    if (sw_mkdirs(folder, 0755, err) < 0)
        return -1;
    _sw_close_ int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return sw_fail_errno(err, errno, "open %s", folder);
    Reader *reader = sw_new(a, Reader);
    __attribute__((cleanup(read_freep))) struct archive *z = archive_read_new();
    struct archive_entry *e;
    int64_t left = BYTES_MAX;
    int r = ARCHIVE_OK, entries = 0, bad = 0;
    archive_read_support_format_zip(z);
    if (open_zip(z, s, reader) != ARCHIVE_OK)
        bad = 1;
    _sw_arena_ SwArena *names = sw_arena_new(0);
    while (!bad && (r = archive_read_next_header(z, &e)) == ARCHIVE_OK) {
        bad = ++entries > ENTRIES_MAX || put_entry(names, z, e, root, &left) < 0;
        sw_arena_reset(names);
    }
    if (!bad && r != ARCHIVE_EOF)
        bad = 1;
    if (reader->lack != SW_LACK_NONE)
        sw_no_memory(reader->lack);
    return bad ? sw_fail(err, &bad_zip, "The source is not a valid ZIP file, or has entries that lead out of it") : 0;
}
