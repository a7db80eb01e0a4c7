/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the store that is opened is the one that this data folder had, and all of it.
 *
 * The store has a name of its own and counts how often it was opened (table `identity`). Beside its folder lies
 * <dir>.id, "NAME OPENS running|closed": what it last was.
 *   at a start   1. the file is compared with what is there  2. OPENS is counted up and committed  3. the file says
 *                so, and `running`
 *   at an end    4. all of the write-ahead log goes into the database  5. the file says `closed`  6. SQLite closes
 * A crash between 2 and 3 leaves a store that is one ahead: well. Between 5 and 6: nothing was written since. The log
 * (store.db-wal) is never removed by SQLite itself, so that without 5 its absence is a loss.
 *
 * What is found so: no database, an empty one, a lost log, another store's files, an older copy of this one's. A folder
 * without the file is new, or was made before there was one. */

#include "store/internal.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/id.h"
#include "base/log.h"

const SwErrorKind SW_STORE_LOST = {.code = "StoreLost", .http = 500};

typedef struct Known {
    SwStr name;
    int64_t opens;
    bool running;
} Known;

static const char *file_of(SwStore *s) {
    return sw_strf(s->arena, "%s.id", s->dir).p;
}

static int read_known(SwStore *s, Known *ret, bool *ret_any, SwError *err) {
    SwStr text, opens;
    *ret_any = sw_exists(file_of(s));
    if (!*ret_any)
        return 0;
    if (sw_file_read(s->arena, file_of(s), 256, &text, err) < 0)
        return -1;
    text = sw_str_trim(text);
    if (!sw_str_cut(&text, ' ', &ret->name) || !sw_str_cut(&text, ' ', &opens) || !sw_str_to_i64(opens, &ret->opens))
        return sw_fail(err, &SW_STORE_LOST, "%s is not what a Slipway wrote.", file_of(s));
    ret->running = sw_str_eqz(text, "running");
    return 0;
}

static int write_known(SwStore *s, const char *state, SwError *err) {
    SwStr text = sw_strf(s->arena, "%.*s %lld %s\n", SW_FMT(s->name), (long long)s->opens, state);
    return sw_file_write_durable(file_of(s), text, 0600, err);
}

static int lost(SwStore *s, const char *what, SwError *err) {
    if (!s->accept_loss)
        return sw_fail(err, &SW_STORE_LOST, "The data folder was in use, and its store is not whole: %s/%s.", s->dir, what);
    sw_log(SW_WARN, "going on with a store that is not whole", SW_F("store", s->dir), SW_F("what", what));
    return 0;
}

static int64_t size_of(SwStore *s, const char *name) {
    struct stat st;
    return stat(sw_path(s->arena, s->dir, name), &st) == 0 ? st.st_size : -1;
}

int sw_identity_check_files(SwStore *s, SwError *err) {
    Known known = {0};
    bool any;
    if (read_known(s, &known, &any, err) < 0)
        return s->accept_loss ? 0 : -1;
    if (!any)
        return 0;
    if (size_of(s, "store.db") < 0)
        return lost(s, "store.db is missing", err);
    if (size_of(s, "store.db") == 0) /* its first page is written when it is made */
        return lost(s, "store.db is empty", err);
    if (known.running && size_of(s, "store.db-wal") < 0)
        return lost(s, "store.db-wal, which holds the last changes, is missing", err);
    return 0;
}

/* The row of `identity`; absent name: a store without one. */
static int read_row(SwConn *c, SwArena *a, Known *ret, SwError *err) {
    _sw_sql_ SwSql table = {0}, q = {0};
    if (sw_sql_on(c, &table, "SELECT 1 FROM sqlite_schema WHERE name='identity'", err) < 0)
        return -1;
    int r = sqlite3_step(table.stmt);
    if (r != SQLITE_ROW)
        return r == SQLITE_DONE ? 0 : sw_sql_fail(c, "reading the store's identity", err);
    if (sw_sql_on(c, &q, "SELECT name, opens FROM identity", err) < 0)
        return -1;
    r = sqlite3_step(q.stmt);
    if (r == SQLITE_ROW)
        *ret = (Known){.name = sw_sql_get(a, &q, 0), .opens = sqlite3_column_int64(q.stmt, 1)};
    return r == SQLITE_ROW || r == SQLITE_DONE ? 0 : sw_sql_fail(c, "reading the store's identity", err);
}

int sw_identity_check_store(SwStore *s, SwError *err) {
    Known known = {0}, row = {0};
    bool any;
    if (read_known(s, &known, &any, err) < 0)
        return s->accept_loss ? 0 : -1;
    if (!any)
        return 0;
    if (read_row(s->writer, s->arena, &row, err) < 0)
        return -1;
    if (!sw_str_is(row.name))
        return lost(s, "store.db holds nothing, or is older than this folder", err);
    if (!sw_str_eq(row.name, known.name))
        return lost(s, "store.db is another folder's", err);
    return row.opens < known.opens ? lost(s, "store.db is an older copy", err) : 0;
}

/* In the transaction that opens the store. */
int sw_identity_begin(SwStore *s, SwError *err) {
    Known row = {0};
    if (read_row(s->writer, s->arena, &row, err) < 0)
        return -1;
    s->name = sw_str_is(row.name) ? row.name : sw_id_hex(s->arena, 16);
    s->opens = row.opens + 1;
    const char *sql = sw_strf(s->arena, "REPLACE INTO identity(one, name, opens) VALUES(1, '%.*s', %lld)", SW_FMT(s->name),
                              (long long)s->opens)
                          .p;
    return sw_sql_exec(s->writer, sql, err);
}

int sw_identity_note(SwStore *s, SwError *err) {
    SW_CRASH_POINT("store.opened_not_noted");
    return write_known(s, "running", err);
}

void sw_identity_end(SwStore *s) {
    SwError err = sw_error(s->arena);
    if (!s->opens)
        return;
    int log_frames = -1, done = -1;
    int r = sqlite3_wal_checkpoint_v2(s->writer->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log_frames, &done);
    if (r != SQLITE_OK || write_known(s, "closed", &err) < 0) /* then the log stays, and is asked for at the next start */
        sw_log(SW_WARN, "the store was not closed in full", SW_F("store", s->dir), SW_FN("sqlite", r));
}
