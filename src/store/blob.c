/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs on the file system. Under <dir>/blobs:
 *   sha256/ab/abcd..   finished: complete, fsynced, never changed
 *   tmp/               being written; emptied at open
 *   parked/KEY/SIZE    uploads that pause: one folder each (KEY: SHA-256 of the name), one file in it, whose name says how
 *                      many of its bytes count. A writer that takes it up appends; parking again fsyncs and renames, so
 *                      that after a crash, or when the writer is dropped, the upload is what it was when last parked.
 *                      A finished one keeps its file, by a second link, until it is discarded: what is made of the blob may
 *                      fail, and be tried again. Whoever takes it up then gets a file of its own.
 *   trash/             on its way out
 *
 * To finish a blob: 1. fsync the file  2. rename to its digest's name  3. fsync the folder. Before 2 nothing can be seen;
 * after a crash between 2 and 3 it is either there whole, or not.
 *
 * Digests of parked uploads are kept in memory, so that an upload in many parts is not hashed from its beginning for
 * each; after a restart they are computed from the file once. `lock` guards the table and makes "exists, so keep it" and
 * "is old and unused, so remove it" exclude each other. */

#include "store/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/blob_internal.h"
#include "store/fault.h"

#define CHUNK  (256 * SW_KIB)
#define GATHER (16 * SW_KIB) /* of small pieces in one write */

struct SwBlobWriter {
    SwBlobs *blobs;
    SwArena *arena;
    int fd; /* -1: no more came than is held */
    const char *path;
    int64_t size, parked_size; /* parked_size -1: not a parked one */
    char key[65];
    SwHashes hashes;
    char *held;    /* of small pieces, until they are worth a write; NULL: there was none */
    size_t n_held; /* counted in size */
};

/* --- digests ------------------------------------------------------------------------------------------------------ */

static SwHashes hashes_new(unsigned extra) {
    _sw_arena_ SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    SwHashes h = {.arena = a, .extra = extra};
    for (int k = 0; k < _SW_DIGEST_KIND_MAX; k++) {
        if (k == SW_SHA256 || extra & (1u << k))
            h.d[k] = sw_digest_new(h.arena, (SwDigestKind)k);
    }
    a = NULL;
    return h;
}

static void hashes_add(SwHashes *h, const void *p, size_t n) {
    for (int k = 0; k < _SW_DIGEST_KIND_MAX; k++) {
        if (h->d[k])
            sw_digest_add(h->d[k], p, n);
    }
}

static void hashes_done(SwHashes *h) {
    sw_arena_free(h->arena);
    *h = (SwHashes){0};
}

static void hashes_end(SwHashes *h, SwArena *a, SwBlobInfo *ret) {
    for (int k = 0; k < _SW_DIGEST_KIND_MAX; k++) {
        uint8_t out[SW_DIGEST_BYTES_MAX];
        size_t n = h->d[k] ? sw_digest_end(h->d[k], out) : 0;
        if (k == SW_SHA256)
            ret->digest = sw_hex(a, out, n);
        if (h->d[k] && h->extra & (1u << k))
            ret->extra[k] = sw_str_dup(a, sw_str_n((char *)out, n));
    }
    hashes_done(h);
}

/* --- opening -------------------------------------------------------------------------------------------------------- */

static int make_dirs(SwBlobs *b, SwError *err) {
    const char *sha = sw_path(b->arena, b->dir, "sha256");
    if (sw_mkdirs(sha, 0700, err) < 0 || sw_mkdirs(b->tmp, 0700, err) < 0 || sw_mkdirs(b->parked, 0700, err) < 0 ||
        sw_mkdirs(b->trash, 0700, err) < 0)
        return -1;
    return sw_fsync_dir(b->dir, err);
}

static void empty_trash(void *arg) {
    SwBlobs *b = arg;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError ignored = sw_error(a);
    (void)!sw_rm_tree(b->trash, &ignored);
    (void)!sw_mkdirs(b->trash, 0700, &ignored);
}

static void *sweep(void *arg) {
    (void)sw_guard(SW_POOL_ENGINE, empty_trash, arg); /* what stays is removed at the next open */
    return NULL;
}

static void end_sweep(SwBlobs *b) {
    if (b->sweeping)
        pthread_join(b->sweeper, NULL);
    b->sweeping = false;
}

#define LOOK_FOR 100

/* Some of those that the store refers to must be there: they were on the disk before the store knew them. */
static int check_there(SwBlobs *b, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    _sw_tx_ SwTx *tx = NULL;
    _sw_sql_ SwSql q = {0};
    int missing = 0, looked = 0;
    bool row;
    if (sw_tx_begin(b->store, a, SW_READ, SW_STR(""), SW_STR(""), &tx, err) < 0 ||
        sw_sql(tx, &q, "SELECT DISTINCT digest FROM blob_reference LIMIT ?1", err) < 0)
        return -1;
    sw_sql_int(&q, 1, LOOK_FOR);
    for (;; looked++) {
        if (sw_sql_step(tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            break;
        missing += !sw_exists(sw_blob_path(b, a, sw_sql_view(&q, 0)));
    }
    if (missing == 0)
        return 0;
    if (b->store->accept_loss) {
        sw_log(SW_WARN, "going on without blobs that the store refers to", SW_F("blobs", b->dir), SW_FN("missing", missing),
               SW_FN("looked for", looked));
        return 0;
    }
    return sw_fail(
        err, &SW_STORE_LOST,
        "The data folder was in use, and its blobs are not all there: of %d that were looked for in %s, %d are missing.",
        looked, b->dir, missing);
}

int sw_blobs_open(const char *dir, SwStore *s, SwBlobs **ret_b, SwError *err) {
    SwArena *a = sw_arena_new(0);
    SwBlobs *b = sw_new(a, SwBlobs);
    *b = (SwBlobs){.arena = a, .store = s, .lock = PTHREAD_MUTEX_INITIALIZER};
    for (size_t i = 0; i < SW_BLOB_FOLDERS; i++)
        b->made[i] = 1;
    b->dir = sw_path(a, dir, "blobs");
    b->tmp = sw_path(a, b->dir, "tmp");
    b->parked = sw_path(a, b->dir, "parked");
    b->trash = sw_path(a, b->dir, "trash");
    if (check_there(b, err) < 0 || sw_rm_tree(b->tmp, err) < 0 || sw_rm_tree(b->trash, err) < 0 || make_dirs(b, err) < 0) {
        sw_arena_free(a);
        return -1;
    }
    s->blobs = b;
    *ret_b = b;
    return 0;
}

void sw_blobs_close(SwBlobs *b) {
    if (!b)
        return;
    end_sweep(b);
    for (size_t i = 0; i < SW_PARKED_MAX; i++)
        hashes_done(&b->table[i].hashes);
    b->store->blobs = NULL;
    sw_arena_free(b->arena);
}

int sw_blobs_reset(SwBlobs *b, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    end_sweep(b);
    _sw_lock_ pthread_mutex_t *held = sw_lock(&b->lock);
    for (size_t i = 0; i < SW_PARKED_MAX; i++) {
        hashes_done(&b->table[i].hashes);
        b->table[i] = (SwParked){0};
    }
    static const char *const parts[] = {"sha256", "tmp", "parked"};
    int r = sw_mkdirs(b->trash, 0700, err);
    for (size_t i = 0; r == 0 && i < SW_N(parts); i++) {
        const char *to = sw_path(a, b->trash, sw_strf(a, "%s-%s", parts[i], sw_id_hex(a, 16).p).p);
        if (rename(sw_path(a, b->dir, parts[i]), to) < 0 && errno != ENOENT)
            r = sw_fail_errno(err, errno, "blobs: emptying %s", parts[i]);
    }
    if (r == 0)
        r = make_dirs(b, err);
    sw_unlock(&held);
    if (r == 0)
        b->sweeping = pthread_create(&b->sweeper, NULL, sweep, b) == 0;
    return r;
}

/* --- paths ----------------------------------------------------------------------------------------------------------- */

bool sw_blob_is_digest(SwStr d) {
    if (d.n != 64)
        return false;
    for (size_t i = 0; i < d.n; i++) {
        if (!(d.p[i] >= '0' && d.p[i] <= '9') && !(d.p[i] >= 'a' && d.p[i] <= 'f'))
            return false;
    }
    return true;
}

const char *sw_blob_path(SwBlobs *b, SwArena *a, SwStr digest) {
    if (!sw_blob_is_digest(digest)) /* from a client: a name that is nowhere */
        return sw_strf(a, "%s/sha256/none", b->dir).p;
    return sw_strf(a, "%s/sha256/%.2s/%.64s", b->dir, digest.p, digest.p).p;
}

static unsigned folder_of(SwStr digest) {
    const char pair[] = {digest.p[0], digest.p[1], 0};
    return (unsigned)strtoul(pair, NULL, 16);
}

static const char *folder_path(SwBlobs *b, SwArena *a, unsigned folder) {
    const char *sha = sw_path(a, b->dir, "sha256");
    return folder == SW_BLOB_ROOT ? sha : sw_strf(a, "%s/%02x", sha, folder).p;
}

/* Before a name is made: whoever finds it counts it. */
static void note_made(SwBlobs *b, unsigned folder) {
    pthread_mutex_lock(&b->lock);
    b->made[folder]++;
    pthread_mutex_unlock(&b->lock);
}

/* All names that were made in it up to now are on the disk. Who finds an equal blob asks for this, too: its writer's fsync may
 * be under way, or have failed. */
static int sync_folder(SwBlobs *b, SwArena *a, unsigned folder, SwError *err) {
    pthread_mutex_lock(&b->lock);
    uint64_t made = b->made[folder];
    bool done = b->synced[folder] >= made;
    pthread_mutex_unlock(&b->lock);
    if (done)
        return 0;
    if (sw_fsync_dir(folder_path(b, a, folder), err) < 0)
        return -1;
    pthread_mutex_lock(&b->lock);
    b->synced[folder] = SW_MAX(b->synced[folder], made);
    pthread_mutex_unlock(&b->lock);
    return 0;
}

static int make_parent(SwBlobs *b, SwArena *a, SwStr digest, SwError *err) {
    const char *dir = folder_path(b, a, folder_of(digest));
    if (sw_exists(dir))
        return 0;
    note_made(b, SW_BLOB_ROOT);
    return mkdir(dir, 0700) == 0 || errno == EEXIST ? 0 : sw_fail_errno(err, errno, "making %s", dir);
}

static int sync_blob(SwBlobs *b, SwArena *a, SwStr digest, SwError *err) {
    return sync_folder(b, a, folder_of(digest), err) < 0 ? -1 : sync_folder(b, a, SW_BLOB_ROOT, err);
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

static SwParked *find_parked(SwBlobs *b, const char *key) {
    for (size_t i = 0; i < SW_PARKED_MAX; i++) {
        if (strcmp(b->table[i].key, key) == 0)
            return &b->table[i];
    }
    return NULL;
}

/* With the lock held: the entry of `key`, or one to use for it; NULL when all are busy. */
static SwParked *take_parked(SwBlobs *b, const char *key) {
    SwParked *best = find_parked(b, key);
    if (best)
        return best;
    for (size_t i = 0; i < SW_PARKED_MAX; i++) {
        SwParked *p = &b->table[i];
        if (!p->busy && (!best || (best->key[0] && p->used_ns < best->used_ns)))
            best = p;
        if (best && !best->key[0])
            break;
    }
    if (!best)
        return NULL;
    hashes_done(&best->hashes);
    *best = (SwParked){0};
    memcpy(best->key, key, 64);
    return best;
}

static void writer_drop(void *arg) {
    SwBlobWriter *w = arg;
    hashes_done(&w->hashes);
    if (w->fd < 0)
        return;
    sw_closep(&w->fd);
    w->fd = -1;
    if (w->parked_size < 0) {
        unlink(w->path);
        return;
    }
    /* An upload that was taken up and not parked again: as it was. Its name still says how much counts. */
    pthread_mutex_lock(&w->blobs->lock);
    SwParked *p = find_parked(w->blobs, w->key);
    if (p) {
        hashes_done(&p->hashes);
        *p = (SwParked){0};
    }
    pthread_mutex_unlock(&w->blobs->lock);
}

void sw_blob_drop(SwBlobWriter *w) {
    writer_drop(w);
}

static SwBlobWriter *writer_new(SwBlobs *b, SwArena *a) {
    SwBlobWriter *w = sw_new(a, SwBlobWriter);
    *w = (SwBlobWriter){.blobs = b, .arena = a, .fd = -1, .parked_size = -1};
    sw_arena_defer(a, writer_drop, w);
    return w;
}

int sw_blob_begin(SwBlobs *b, SwArena *a, unsigned extra, SwBlobWriter **ret_w, SwError *err) {
    if (sw_fault(err) < 0)
        return -1;
    SwBlobWriter *w = writer_new(b, a);
    w->hashes = hashes_new(extra);
    *ret_w = w;
    return 0;
}

static int open_file(SwBlobWriter *w, SwError *err) {
    if (w->fd >= 0)
        return 0;
    w->path = sw_path(w->arena, w->blobs->tmp, sw_id_hex(w->arena, 32).p);
    w->fd = open(w->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return w->fd < 0 ? sw_fail_errno(err, errno, "making %s", w->path) : 0;
}

static int write_out(SwBlobWriter *w, const void *p, size_t n, SwError *err) {
    if (open_file(w, err) < 0 || sw_write_all(w->fd, p, n, err) < 0)
        return -1;
    hashes_add(&w->hashes, p, n);
    return 0;
}

static int write_held(SwBlobWriter *w, SwError *err) {
    size_t n = w->n_held;
    w->n_held = 0;
    return n ? write_out(w, w->held, n, err) : 0;
}

/* A client chooses its pieces, by chunks or by what looks like a form's boundary: a byte each must not be a write each. */
int sw_blob_add(SwBlobWriter *w, const void *p, size_t n, SwError *err) {
    w->size += (int64_t)n;
    if (sw_fault(err) < 0)
        return -1;
    if (n > GATHER - w->n_held && write_held(w, err) < 0)
        return -1;
    if (n >= GATHER)
        return write_out(w, p, n, err);
    if (!w->held)
        w->held = sw_arena_alloc(w->arena, GATHER);
    if (n)
        memcpy(w->held + w->n_held, p, n);
    w->n_held += n;
    return 0;
}

/* An equal blob is kept and made young. */
static int find_equal(SwBlobs *b, SwArena *a, SwStr digest, bool *ret_there, SwError *err) {
    const char *path = sw_blob_path(b, a, digest);
    pthread_mutex_lock(&b->lock);
    *ret_there = utimensat(AT_FDCWD, path, NULL, 0) == 0;
    pthread_mutex_unlock(&b->lock);
    return *ret_there ? sync_blob(b, a, digest, err) : 0;
}

/* Step 1 to 3 of the head comment, unless an equal blob is there. keep: what lies at `path` stays there, too. */
static int finish(SwBlobs *b, SwArena *a, int fd, const char *path, SwStr digest, bool keep, SwError *err) {
    const char *to = sw_blob_path(b, a, digest);
    bool there;
    if (find_equal(b, a, digest, &there, err) < 0)
        return -1;
    if (there) {
        if (!keep)
            unlink(path);
        return 0;
    }
    if (fsync(fd) < 0)
        return sw_fail_errno(err, errno, "writing %s to disk", path);
    SW_CRASH_POINT("blob.written_not_renamed");
    if (make_parent(b, a, digest, err) < 0)
        return -1;
    note_made(b, folder_of(digest));
    if (keep ? link(path, to) < 0 && errno != EEXIST : rename(path, to) < 0)
        return sw_fail_errno(err, errno, "renaming %s", path);
    SW_CRASH_POINT("blob.renamed_not_synced");
    return sync_blob(b, a, digest, err);
}

static void forget_parked(SwBlobs *b, const char *key) {
    pthread_mutex_lock(&b->lock);
    SwParked *p = find_parked(b, key);
    if (p) {
        hashes_done(&p->hashes);
        *p = (SwParked){0};
    }
    pthread_mutex_unlock(&b->lock);
}

int sw_blob_commit(SwBlobWriter *w, SwBlobInfo *ret_i, SwError *err) {
    SwBlobs *b = w->blobs;
    bool small = w->fd < 0, there = false; /* it needs no file where an equal one is there */
    if (sw_fault(err) < 0 || (!small && write_held(w, err) < 0))
        return -1;
    if (w->n_held)
        hashes_add(&w->hashes, w->held, w->n_held);
    *ret_i = (SwBlobInfo){.size = w->size};
    hashes_end(&w->hashes, w->arena, ret_i);
    if (small && find_equal(b, w->arena, ret_i->digest, &there, err) < 0)
        return -1;
    if (there)
        return 0;
    if (small && (open_file(w, err) < 0 || sw_write_all(w->fd, w->held, w->n_held, err) < 0))
        return -1;
    bool parked = w->parked_size >= 0;
    if (finish(b, w->arena, w->fd, w->path, ret_i->digest, parked, err) < 0)
        return -1; /* the arena's end discards it */
    sw_closep(&w->fd);
    w->fd = -1;
    if (parked)
        forget_parked(b, w->key);
    return 0;
}

int sw_blob_put(SwBlobs *b, SwArena *a, SwStr data, SwBlobInfo *ret_i, SwError *err) {
    SwBlobWriter *w;
    if (sw_blob_begin(b, a, 0, &w, err) < 0 || sw_blob_add(w, data.p, data.n, err) < 0)
        return -1;
    return sw_blob_commit(w, ret_i, err);
}

static int copy_file(SwBlobs *b, SwArena *a, const char *path, SwError *err) {
    _sw_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, errno, "opening %s", path);
    _sw_arena_ SwArena *own = sw_arena_new(0);
    SwBlobWriter *w;
    SwBlobInfo info;
    if (sw_blob_begin(b, own, 0, &w, err) < 0)
        return -1;
    char *buf = sw_arena_alloc(own, CHUNK);
    for (ssize_t n; (n = read(fd, buf, CHUNK)) != 0;) {
        if (n < 0)
            return sw_fail_errno(err, errno, "reading %s", path);
        if (sw_blob_add(w, buf, (size_t)n, err) < 0)
            return -1;
    }
    if (sw_blob_commit(w, &info, err) < 0)
        return -1;
    unlink(path);
    return 0;
}

int sw_blob_adopt(SwBlobs *b, const char *path, const SwBlobInfo *info, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    struct stat from, to;
    if (sw_fault(err) < 0)
        return -1;
    if (SW_NEVER(!sw_blob_is_digest(info->digest)))
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "blob: not a digest", "The data could not be stored.");
    if (stat(path, &from) < 0 || stat(b->tmp, &to) < 0)
        return sw_fail_errno(err, errno, "looking at %s", path);
    if (from.st_dev != to.st_dev)
        return copy_file(b, a, path, err);
    _sw_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, errno, "opening %s", path);
    return finish(b, a, fd, path, info->digest, /* keep= */ false, err);
}

/* --- parking ----------------------------------------------------------------------------------------------------------- */

static void key_of(SwStr name, char key[static 65]) {
    uint8_t sum[32];
    sw_sha256(name, sum);
    for (int i = 0; i < 32; i++) {
        key[2 * i] = "0123456789abcdef"[sum[i] >> 4];
        key[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
    }
    key[64] = 0;
}

int sw_blob_park(SwBlobWriter *w, SwStr name, int64_t *ret_size, SwError *err) {
    SwBlobs *b = w->blobs;
    SwArena *a = w->arena;
    char key[65];
    key_of(name, key);
    const char *dir = sw_path(a, b->parked, key);
    const char *to = sw_strf(a, "%s/%lld", dir, (long long)w->size).p;
    if (sw_fault(err) < 0 || open_file(w, err) < 0 || write_held(w, err) < 0)
        return -1;
    if (fsync(w->fd) < 0)
        return sw_fail_errno(err, errno, "writing %s to disk", w->path);
    if (w->parked_size < 0 && sw_rm_tree(dir, err) < 0) /* another upload of that name, which this one replaces */
        return -1;
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return sw_fail_errno(err, errno, "making %s", dir);
    SW_CRASH_POINT("blob.park.before_rename");
    if (strcmp(w->path, to) != 0 && rename(w->path, to) < 0)
        return sw_fail_errno(err, errno, "renaming %s", w->path);
    if (sw_fsync_dir(dir, err) < 0 || sw_fsync_dir(b->parked, err) < 0)
        return -1;
    pthread_mutex_lock(&b->lock);
    SwParked *p = take_parked(b, key);
    if (p) {
        if (p->hashes.arena)
            hashes_done(&p->hashes);
        p->hashes = w->hashes;
        p->size = w->size;
        p->used_ns = sw_monotonic_ns();
        p->busy = false;
    } else {
        hashes_done(&w->hashes);
    }
    pthread_mutex_unlock(&b->lock);
    w->hashes = (SwHashes){0};
    sw_closep(&w->fd);
    w->fd = -1;
    if (ret_size)
        *ret_size = w->size;
    return 0;
}

/* The one file in a parked upload's folder: its size is its name. A crash while it was parked for the first time can
 * leave the folder empty: then there is none. */
static bool parked_size(const char *dir, int64_t *ret_size) {
    _sw_dir_ DIR *d = opendir(dir);
    bool found = false;
    if (!d)
        return false;
    for (struct dirent *e; !found && (e = readdir(d));)
        found = sw_str_to_i64(sw_str(e->d_name), ret_size) && *ret_size >= 0;
    return found;
}

static int hash_file(SwBlobWriter *w, SwError *err) {
    char *buf = sw_arena_alloc(w->arena, CHUNK);
    for (int64_t at = 0; at < w->size;) {
        ssize_t n = pread(w->fd, buf, (size_t)SW_MIN((int64_t)CHUNK, w->size - at), at);
        if (n <= 0)
            return sw_fail_errno(err, n < 0 ? errno : EIO, "reading %s", w->path);
        hashes_add(&w->hashes, buf, (size_t)n);
        at += n;
    }
    return 0;
}

/* Marks the upload as taken and moves its digests, if they are known, to *ret; false: another writer has it. */
static bool claim_parked(SwBlobs *b, const char *key, int64_t size, unsigned extra, SwHashes *ret) {
    pthread_mutex_lock(&b->lock);
    SwParked *p = take_parked(b, key);
    bool mine = p && !p->busy;
    if (mine) {
        p->busy = true;
        if (p->hashes.arena && p->size == size && p->hashes.extra == extra) {
            *ret = p->hashes;
            p->hashes = (SwHashes){0};
        }
        hashes_done(&p->hashes);
    }
    pthread_mutex_unlock(&b->lock);
    return mine;
}

/* The first `size` bytes in a file of its own, where a finished blob shares this one. */
static int make_own(SwBlobs *b, SwArena *a, const char *path, int64_t size, SwError *err) {
    struct stat st;
    _sw_close_ int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat(from, &st) < 0)
        return sw_fail_errno(err, errno, "opening %s", path);
    if (st.st_nlink < 2)
        return 0;
    const char *tmp = sw_path(a, b->tmp, sw_id_hex(a, 32).p);
    _sw_close_ int to = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char *buf = sw_arena_alloc(a, CHUNK);
    bool ok = to >= 0;
    for (int64_t at = 0; ok && at < size;) {
        ssize_t n = pread(from, buf, (size_t)SW_MIN((int64_t)CHUNK, size - at), at);
        ok = n > 0 && sw_write_all(to, buf, (size_t)n, err) == 0;
        at += n;
    }
    if (ok && fsync(to) == 0 && rename(tmp, path) == 0)
        return 0;
    int why = errno;
    unlink(tmp);
    return err->kind ? -1 : sw_fail_errno(err, why, "copying %s", path);
}

int sw_blob_unpark(SwBlobs *b, SwArena *a, SwStr name, unsigned extra, SwBlobWriter **ret_w, int64_t *ret_size, SwError *err) {
    char key[65];
    int64_t size;
    SwHashes known = {0};
    *ret_w = NULL;
    if (sw_fault(err) < 0)
        return -1;
    key_of(name, key);
    const char *dir = sw_path(a, b->parked, key);
    if (!claim_parked(b, key, parked_size(dir, &size) ? size : -1, extra, &known))
        return 0;
    if (!parked_size(dir, &size)) {
        hashes_done(&known);
        forget_parked(b, key);
        return 0;
    }
    SwBlobWriter *w = writer_new(b, a);
    memcpy(w->key, key, sizeof(key));
    w->parked_size = w->size = size;
    w->path = sw_strf(a, "%s/%lld", dir, (long long)size).p;
    w->hashes = known.arena ? known : hashes_new(extra);
    w->fd = make_own(b, a, w->path, size, err) < 0 ? -1 : open(w->path, O_RDWR | O_CLOEXEC);
    if (w->fd < 0 || ftruncate(w->fd, size) < 0 || lseek(w->fd, size, SEEK_SET) < 0) {
        if (!err->kind)
            sw_fail_errno(err, errno, "opening %s", w->path);
        if (w->fd < 0)
            forget_parked(b, key);
        return -1;
    }
    if (!known.arena && hash_file(w, err) < 0)
        return -1;
    *ret_w = w;
    if (ret_size)
        *ret_size = size;
    return 0;
}

int64_t sw_blob_parked(SwBlobs *b, SwStr name, bool *ret_busy) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    char key[65];
    int64_t size;
    key_of(name, key);
    pthread_mutex_lock(&b->lock);
    const SwParked *p = find_parked(b, key);
    *ret_busy = p && p->busy;
    pthread_mutex_unlock(&b->lock);
    return parked_size(sw_path(a, b->parked, key), &size) ? size : -1;
}

int sw_blob_discard(SwBlobs *b, SwStr name, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    char key[65];
    if (sw_fault(err) < 0)
        return -1;
    key_of(name, key);
    forget_parked(b, key);
    return sw_rm_tree(sw_path(a, b->parked, key), err);
}

/* --- reading ------------------------------------------------------------------------------------------------------------- */

int sw_blob_open(SwBlobs *b, SwStr digest, int *ret_fd, int64_t *ret_size, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    struct stat st;
    *ret_fd = -1;
    if (sw_fault(err) < 0)
        return -1;
    if (!sw_blob_is_digest(digest))
        return 0;
    const char *path = sw_blob_path(b, a, digest);
    _sw_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return sw_fail_errno(err, errno, "opening %s", path);
    if (ret_size)
        *ret_size = st.st_size;
    *ret_fd = SW_TAKE_FD(fd);
    return 0;
}

bool sw_blob_exists(SwBlobs *b, SwStr digest, int64_t *ret_size) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    struct stat st;
    if (!sw_blob_is_digest(digest) || stat(sw_blob_path(b, a, digest), &st) < 0)
        return false;
    if (ret_size)
        *ret_size = st.st_size;
    return true;
}
