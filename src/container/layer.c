/* SPDX-License-Identifier: Apache-2.0 */

/* One image layer: a tar, perhaps compressed, made a folder that overlayfs can stack.
 *
 * A layer is somebody else's file. Each entry is opened relative to the folder with
 * RESOLVE_IN_ROOT semantics turned into refusal: no component on the way may be a symbolic link
 * that leads out, "..", or absolute. libarchive writes the entries with its secure flags from
 * inside a thread whose root (unshare, chroot) is the folder, so that even a mistake in those
 * checks cannot reach beyond it.
 *
 * Whiteouts: `.wh.NAME` becomes a character device 0/0 NAME, `.wh..wh..opq` the attribute
 * trusted.overlay.opaque=y. A whiteout speaks of the layers below: beside an entry of the same name
 * in its own layer, whichever comes first, the entry stays, a folder as an opaque one. What a layer
 * brings of overlayfs's own attributes is left out: it would be believed. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/digest.h"
#include "base/lazy_archive.h"
#include "base/thread.h"
#include "container/room.h"

#define ENTRIES_MAX 2000000
#define BYTES_MAX   (256 * (int64_t)SW_GIB)

typedef struct Layer {
    const char *dir;
    int blob_fd;
    SwArena *arena;
    SwError *err;
    int result;
} Layer;

static int bad(Layer *l, const char *what, const char *detail) {
    return sw_fail_cause(l->err, &SW_CONTAINER_IMAGE_INVALID, detail ? detail : "", "image layer cannot be unpacked: %s", what);
}

/* "./a//b/" -> "a/b"; NULL when it names a way out or is longer than a path can be; "" for the
 * layer's own root. */
static const char *clean(SwArena *a, const char *path) {
    SwBuf b = sw_buf(a, PATH_MAX - 2);
    SwStr rest = sw_str(path), part;

    while (sw_str_next(&rest, '/', &part)) {
        if (part.n == 0 || sw_str_eqz(part, "."))
            continue;
        if (sw_str_eqz(part, ".."))
            return NULL;
        if (b.n)
            sw_buf_addc(&b, '/');
        sw_buf_adds(&b, part);
    }
    return b.full ? NULL : sw_buf_str(&b).p;
}

static bool is_whiteout(int dir, const char *name) {
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

/* The folder `name` hides those of the same name below. */
static int make_opaque(int dir, const char *name) {
    _sw_close_ int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -1 : fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0);
}

/* A folder where this layer had a whiteout. */
static int folder_for_whiteout(int dir, const char *name) {
    return unlinkat(dir, name, 0) == 0 && mkdirat(dir, name, 0755) == 0 ? make_opaque(dir, name) : -1;
}

/* The folder an entry lies in must consist of folders: a link made by an earlier entry is
 * refused, as tar does. */
static int open_parent(Layer *l, const char *path, const char **ret_name) {
    SwStr rest = sw_str(path), part;
    _sw_close_ int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    while (fd >= 0 && sw_str_cut(&rest, '/', &part)) {
        const char *name = sw_str_z(l->arena, sw_str_dup(l->arena, part));
        int next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool made = next < 0 && ((errno == ENOENT && mkdirat(fd, name, 0755) == 0) ||
                                 (is_whiteout(fd, name) && folder_for_whiteout(fd, name) == 0));
        if (made)
            next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(fd);
        fd = next;
    }
    *ret_name = rest.p;
    return SW_TAKE_FD(fd);
}

/* `name` is ".wh.SOMETHING" in `dir`. */
static int whiteout(Layer *l, int dir, const char *name) {
    const char *hidden = name + 4;

    if (strcmp(name, ".wh..wh..opq") == 0)
        return make_opaque(dir, ".") < 0 ? bad(l, "opaque folder", strerror(errno)) : 0;
    if (strncmp(name, ".wh..wh.", 8) == 0)
        return 0; /* aufs's own bookkeeping */
    if (!sw_path_is_component(sw_str(hidden)))
        return bad(l, "a whiteout without a name", name);
    if (mknodat(dir, hidden, S_IFCHR, makedev(0, 0)) == 0)
        return 0;
    if (errno != EEXIST)
        return bad(l, "whiteout", strerror(errno));
    return make_opaque(dir, hidden) < 0 && errno != ENOTDIR && errno != ELOOP ? bad(l, "whiteout", strerror(errno)) : 0;
}

/* All that the kernel's overlayfs would take for its own word. */
static void drop_overlay_attributes(struct archive_entry *e) {
    const char *name;
    const void *value;
    size_t n;
    struct archive_entry *copy = archive_entry_clone(e);

    archive_entry_xattr_clear(e);
    for (int left = archive_entry_xattr_reset(copy); left > 0; left--)
        if (archive_entry_xattr_next(copy, &name, &value, &n) == ARCHIVE_OK && name && strncmp(name, "trusted.", 8) != 0)
            archive_entry_xattr_add_entry(e, name, value, n);
    archive_entry_free(copy);
}

static int copy_data(Layer *l, struct archive *in, struct archive *out, int64_t *total) {
    const void *p;
    size_t n;
    la_int64_t at;
    int r;

    while ((r = archive_read_data_block(in, &p, &n, &at)) == ARCHIVE_OK) {
        if ((*total += (int64_t)n) > BYTES_MAX)
            return bad(l, "it is too large", NULL);
        if (archive_write_data_block(out, p, n, at) < ARCHIVE_WARN)
            return sw_fail_errno(l->err, archive_errno(out), "write: %s", archive_error_string(out));
    }
    return r == ARCHIVE_EOF ? 0 : bad(l, "damaged file data", archive_error_string(in));
}

/* Entries get absolute names below the new root; hard links too. */
static int entry(Layer *l, struct archive *in, struct archive *out, struct archive_entry *e, int64_t *total) {
    const char *given = archive_entry_pathname(e), *link = archive_entry_hardlink(e), *target = NULL;
    const char *path = given ? clean(l->arena, given) : NULL, *name;

    if (!path || (link && !(target = clean(l->arena, link))))
        return bad(l, "an entry's name leads out of the layer or is too long", given);
    if (*path == '\0')
        return 0;
    _sw_close_ int dir = open_parent(l, path, &name);
    if (dir < 0)
        return bad(l, "an entry's folder is not a folder", path);
    if (strncmp(name, ".wh.", 4) == 0)
        return whiteout(l, dir, name);
    if (archive_entry_filetype(e) == AE_IFDIR && !link && is_whiteout(dir, name) && folder_for_whiteout(dir, name) < 0)
        return bad(l, "a folder in the place of a whiteout", strerror(errno));
    if (archive_entry_xattr_count(e) > 0)
        drop_overlay_attributes(e);
    if (target) {
        const char *last;
        _sw_close_ int at = open_parent(l, target, &last);
        if (at < 0)
            return bad(l, "a hard link's target is not within the layer", target);
        archive_entry_set_hardlink(e, sw_strf(l->arena, "/%s", target).p);
    }
    archive_entry_set_pathname(e, sw_strf(l->arena, "/%s", path).p);
    int r = archive_write_header(out, e);
    if (r < ARCHIVE_WARN)
        return bad(l, "an entry cannot be made", archive_error_string(out));
    if (!target && archive_entry_size(e) > 0 && copy_data(l, in, out, total) < 0)
        return -1;
    return archive_write_finish_entry(out) < ARCHIVE_WARN ? bad(l, "an entry cannot be finished", archive_error_string(out))
                                                          : 0;
}

static int unpack_all(Layer *l, struct archive *in, struct archive *out) {
    struct archive_entry *e;
    int64_t total = 0;
    size_t used = 0;
    int r;

    for (long n = 0; (r = archive_read_next_header(in, &e)) >= ARCHIVE_WARN && r != ARCHIVE_EOF; n++) {
        if (n == ENTRIES_MAX)
            return bad(l, "it has too many entries", NULL);
        if (entry(l, in, out, e, &total) < 0)
            return -1;
        if (sw_arena_used(l->arena) - used > SW_MIB) {
            sw_arena_reset(l->arena);
            used = sw_arena_used(l->arena);
        }
    }
    return r == ARCHIVE_EOF ? 0 : bad(l, "not a tar archive", archive_error_string(in));
}

static struct archive *open_tar(int fd, bool raw) {
    struct archive *in = archive_read_new();

    archive_read_support_filter_gzip(in);
    archive_read_support_filter_zstd(in);
    if (raw) {
        archive_read_support_format_raw(in);
        archive_read_support_format_empty(in);
    } else {
        archive_read_support_format_tar(in);
        archive_read_support_format_empty(in);
    }
    if (lseek(fd, 0, SEEK_SET) == 0 && archive_read_open_fd(in, fd, 128 * SW_KIB) == ARCHIVE_OK)
        return in;
    archive_read_free(in);
    return NULL;
}

static void read_freep(struct archive **in) {
    if (*in)
        archive_read_free(*in);
}

static void write_freep(struct archive **out) {
    if (*out)
        archive_write_free(*out);
}

/* Runs in its own thread: its root is the layer's folder. */
static void unpack_thread(void *arg) {
    Layer *l = arg;
    const int flags = ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_XATTR |
                      ARCHIVE_EXTRACT_UNLINK | ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS;
    __attribute__((cleanup(read_freep))) struct archive *in = open_tar(l->blob_fd, false);
    __attribute__((cleanup(write_freep))) struct archive *out = archive_write_disk_new();

    if (!in)
        l->result = bad(l, "not a tar archive", NULL);
    else if (unshare(CLONE_FS) < 0 || chroot(l->dir) < 0 || chdir("/") < 0)
        l->result = sw_fail_errno(l->err, errno, "enter %s", l->dir);
    else if (archive_write_disk_set_options(out, flags) != ARCHIVE_OK)
        l->result = sw_fail_errno(l->err, archive_errno(out), "archive options");
    else
        l->result = unpack_all(l, in, out);
    if (archive_write_close(out) < ARCHIVE_WARN && l->result == 0)
        l->result = bad(l, "it cannot be finished", archive_error_string(out));
}

/* The digest of the uncompressed bytes names the layer. */
static int check_diff_id(SwArena *a, int fd, SwStr diff_id, SwError *err) {
    uint8_t sum[SW_DIGEST_BYTES_MAX];
    const void *p;
    size_t n;
    la_int64_t at;
    struct archive_entry *e;
    __attribute__((cleanup(read_freep))) struct archive *in = open_tar(fd, true);
    SwDigest *d = sw_digest_new(a, SW_SHA256);
    int r = in ? archive_read_next_header(in, &e) : ARCHIVE_FATAL;

    while (r == ARCHIVE_OK && (r = archive_read_data_block(in, &p, &n, &at)) == ARCHIVE_OK)
        sw_digest_add(d, p, n);
    if (r != ARCHIVE_EOF)
        return sw_fail(err, &SW_CONTAINER_IMAGE_INVALID, "image layer cannot be unpacked: damaged compression");
    n = sw_digest_end(d, sum);
    SwStr hex = sw_hex(a, sum, n);
    if (!sw_str_eq(hex, sw_str_skip(diff_id, 7)))
        return sw_fail(err, &SW_CONTAINER_IMAGE_INVALID, "image layer %.*s has another content: sha256:%.*s", SW_FMT(diff_id),
                       SW_FMT(hex));
    return 0;
}

int sw_layer_unpack(SwArena *a, const char *blob, SwStr diff_id, const char *dir, SwError *err) {
    _sw_arena_ SwArena *own = sw_arena_new(0);
    _sw_close_ int fd = open(blob, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, errno, "open %s", blob);
    if (check_diff_id(a, fd, diff_id, err) < 0 || sw_rm_tree(dir, err) < 0 || sw_mkdirs(dir, 0755, err) < 0)
        return -1;
    Layer l = {.dir = dir, .blob_fd = fd, .arena = own, .err = err, .result = -1};
    int e = sw_thread_run(unpack_thread, &l);
    if (e)
        return sw_fail_errno(err, e, "start a thread");
    if (l.result < 0)
        return -1;
    _sw_close_ int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return top < 0 || syncfs(top) < 0 ? sw_fail_errno(err, errno, "sync %s", dir) : 0;
}
