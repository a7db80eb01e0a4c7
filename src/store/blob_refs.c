/* SPDX-License-Identifier: Apache-2.0 */
/* Who keeps a blob alive, in rows of the store, and the collection of what nobody does. */

#include "store/blob_internal.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"

#define COLLECT_AGE_S 3600

/* --- references ------------------------------------------------------------------------------------------------------ */

static int ref_row(SwTx *tx, const char *sql, SwStr digest, SwStr owner, bool *ret_row, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, sql, err) < 0)
        return -1;
    sw_sql_str(&q, 1, digest);
    if (owner.p)
        sw_sql_str(&q, 2, owner);
    return sw_sql_step(tx, &q, ret_row, err);
}

int sw_blob_ref(SwTx *tx, SwStr digest, SwStr owner, SwError *err) {
    bool row;
    /* The collector removes only while it has the writer's turn, as we have now: what is here stays. */
    if (tx->store->blobs && !sw_blob_exists(tx->store->blobs, digest, NULL))
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "blob: a reference to a blob that is not there",
                             "The data is not in the store.");
    return ref_row(tx, "INSERT OR IGNORE INTO blob_reference VALUES(?1, ?2)", digest, owner, &row, err);
}

int sw_blob_unref(SwTx *tx, SwStr digest, SwStr owner, SwError *err) {
    bool row;
    return ref_row(tx, "DELETE FROM blob_reference WHERE digest=?1 AND owner=?2", digest, owner, &row, err);
}

/* --- collection ------------------------------------------------------------------------------------------------------ */

/* Removes one if it is still old and unused. */
static int collect_one(SwBlobs *b, SwTx *tx, SwStr digest, int64_t before_s, int64_t *removed, SwError *err) {
    const char *path = sw_blob_path(b, tx->arena, digest);
    bool used;
    struct stat st;
    if (ref_row(tx, "SELECT 1 FROM blob_reference WHERE digest=?1", digest, SW_NO_STR, &used, err) < 0)
        return -1;
    if (used)
        return 0;
    pthread_mutex_lock(&b->lock);
    if (stat(path, &st) == 0 && st.st_mtime < before_s && unlink(path) == 0)
        (*removed)++;
    pthread_mutex_unlock(&b->lock);
    return 0;
}

static void list_old(SwBlobs *b, SwArena *a, const char *part, int64_t before_s, SwStrList *ret) {
    const char *dir = sw_strf(a, "%s/sha256/%s", b->dir, part).p;
    _sw_dir_ DIR *d = opendir(dir);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (sw_blob_is_digest(sw_str(e->d_name)) && fstatat(dirfd(d), e->d_name, &st, 0) == 0 && st.st_mtime < before_s)
            sw_str_list_add(a, ret, sw_str_dup(a, sw_str(e->d_name)));
    }
}

int sw_blob_collect(SwBlobs *b, int64_t *ret_removed, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    struct timespec now;
    int64_t removed = 0;
    clock_gettime(CLOCK_REALTIME, &now); /* files' times are real ones, whatever our clock shows */
    int64_t before_s = now.tv_sec - COLLECT_AGE_S;
    for (int i = 0; i < 256; i++) {
        sw_arena_reset(a);
        SwStrList old = {0};
        char part[3] = {"0123456789abcdef"[i >> 4], "0123456789abcdef"[i & 15], 0};
        list_old(b, a, part, before_s, &old);
        if (old.n == 0)
            continue;
        _sw_tx_ SwTx *tx = NULL; /* rolled back: it only holds the turn */
        if (sw_tx_begin(b->store, a, SW_WRITE, SW_STR(""), SW_STR(""), &tx, err) < 0)
            return -1;
        for (size_t n = 0; n < old.n; n++) {
            if (collect_one(b, tx, old.v[n], before_s, &removed, err) < 0)
                return -1;
        }
    }
    if (ret_removed)
        *ret_removed = removed;
    return 0;
}
