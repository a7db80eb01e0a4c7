/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing, emptying the store. One process at a time may have it open: <dir>/store.lock is locked while it
 * does. In memory means a folder of our own under /dev/shm (else /tmp), without fsync, removed at the end; what a
 * killed process left there is removed by the next one that opens such a store. */

#include "store/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/time.h"
#include "store/room.h"

#define MEMORY_PREFIX "slipway-store-"

static const char *memory_root(void) {
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

/* A folder whose lock can be had belongs to no living process. One without a lock file is just being made. */
static void sweep_memory(SwArena *a) {
    const char *root = memory_root();
    DIR *d = opendir(root);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        if (strncmp(e->d_name, MEMORY_PREFIX, sizeof(MEMORY_PREFIX) - 1) != 0)
            continue;
        const char *dir = sw_path(a, root, e->d_name);
        _sw_close_ int fd = open(sw_path(a, dir, "store.lock"), O_RDWR | O_CLOEXEC);
        SwError ignored = sw_error(a);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            (void)!sw_rm_tree(dir, &ignored); /* left over; the next one tries again */
    }
    closedir(d);
}

static int make_memory(SwStore *s, SwError *err) {
    sweep_memory(s->arena);
    char *dir = sw_arena_alloc(s->arena, 64);
    snprintf(dir, 64, "%s/" MEMORY_PREFIX "XXXXXX", memory_root());
    if (!mkdtemp(dir))
        return sw_fail_errno(err, errno, "making %s", dir);
    s->dir = dir;
    return 0;
}

static int take_lock(SwStore *s, SwError *err) {
    const char *path = sw_path(s->arena, s->dir, "store.lock");
    s->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_file < 0)
        return sw_fail_errno(err, errno, "opening %s", path);
    if (flock(s->lock_file, LOCK_EX | LOCK_NB) < 0)
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "store.lock is held",
                             "Another Slipway is running on the data folder %s.", s->dir);
    return 0;
}

/* What a start writes is one transaction, and is there whole or not at all: the tables of this program, then which opening
 * this is. */
static int bring_up(SwStore *s, SwError *err) {
    if (sw_sql_exec(s->writer, "BEGIN EXCLUSIVE", err) < 0)
        return -1;
    if (sw_store_migrate(s, err) < 0 || (!s->ephemeral && sw_identity_begin(s, err) < 0) ||
        sw_sql_exec(s->writer, "COMMIT", err) < 0) {
        sqlite3_exec(s->writer->db, "ROLLBACK", NULL, NULL, NULL);
        return -1;
    }
    return 0;
}

/* Opens the database; its tables are those of this program afterwards. */
static int open_database(SwStore *s, SwError *err) {
    if (s->ephemeral)
        return sw_conn_open(s, true, &s->writer, err) < 0 ? -1 : bring_up(s, err);
    sw_store_room_give(s);
    if (sw_identity_check_files(s, err) < 0 || sw_conn_open(s, true, &s->writer, err) < 0 ||
        sw_identity_check_store(s, err) < 0 || bring_up(s, err) < 0 || sw_fsync_dir(s->dir, err) < 0 ||
        sw_identity_note(s, err) < 0)
        return -1;
    sw_store_room_take(s);
    return 0;
}

static int open_store(const char *dir, bool accept_loss, SwStore **ret_s, SwError *err) {
    SwArena *a = sw_arena_new(0);
    SwStore *s = sw_new(a, SwStore);
    *s = (SwStore){.arena = a,
                   .ephemeral = !dir,
                   .accept_loss = accept_loss,
                   .lock_file = -1,
                   .batch_age_ns = 5 * SW_MS,
                   .lock = PTHREAD_MUTEX_INITIALIZER,
                   .reader_free = PTHREAD_COND_INITIALIZER};
    int r;
    if (dir) {
        s->dir = sw_str_z(a, sw_str(dir));
        r = sw_mkdirs(dir, 0700, err);
    } else {
        r = make_memory(s, err);
    }
    if (r < 0 || take_lock(s, err) < 0 || open_database(s, err) < 0) {
        sw_store_close(s);
        return -1;
    }
    *ret_s = s;
    return 0;
}

/* Its count of memory has a lock of its own, which every thread that reads waits for. Too late where another has begun. */
__attribute__((constructor)) static void without_statistics(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int sw_store_open(const char *dir, SwStore **ret_s, SwError *err) {
    return open_store(dir, false, ret_s, err);
}

int sw_store_open_accepting_loss(const char *dir, SwStore **ret_s, SwError *err) {
    return open_store(dir, true, ret_s, err);
}

void sw_store_close(SwStore *s) {
    if (!s)
        return;
    (void)SW_NEVER(s->writing);
    while (s->readers) {
        SwConn *c = s->readers;
        s->readers = c->next;
        sw_conn_close(c);
    }
    sw_identity_end(s);
    sw_conn_close(s->writer);
    SwError ignored = sw_error(s->arena);
    if (s->ephemeral && s->dir)
        (void)!sw_rm_tree(s->dir, &ignored); /* swept later otherwise */
    sw_closep(&s->lock_file);
    sw_arena_free(s->arena);
}

int sw_store_reset(SwStore *s, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    _sw_tx_ SwTx *tx = NULL;
    if (sw_tx_begin(s, a, SW_WRITE, SW_STR(""), SW_STR(""), &tx, err) < 0 || sw_store_clear(tx->conn, err) < 0)
        return -1;
    return sw_tx_commit(&tx, err);
}

void sw_store_stats(SwStore *s, SwStoreStats *ret) {
    pthread_mutex_lock(&s->lock);
    *ret = (SwStoreStats){.turns = s->turns, .commits = s->commits, .transactions = s->transactions, .fsync_ns = s->fsync_ns};
    pthread_mutex_unlock(&s->lock);
    _sw_arena_ SwArena *a = sw_arena_new(0);
    static const char *const files[] = {"store.db", "store.db-wal"};
    for (size_t i = 0; i < SW_N(files); i++) {
        struct stat st;
        if (stat(sw_path(a, s->dir, files[i]), &st) == 0)
            ret->bytes += st.st_size;
    }
}

const char *sw_store_dir(const SwStore *s) {
    return s->dir;
}
