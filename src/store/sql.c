/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and statements. Every statement is prepared once per connection and kept; a statement that is running
 * when it is asked for again (nested listing) gets a second, uncached copy. All SQLite failures come out here as
 * SW_INTERNAL_FAILURE with SQLite's own words as the cause. */

#include "store/internal.h"

#include <stdio.h>

#include "base/file.h"
#include "store/fault.h"

static const char writer_setup[] = "PRAGMA journal_mode=WAL;"
                                   "PRAGMA synchronous=FULL;"
                                   "PRAGMA secure_delete=OFF;"
                                   "PRAGMA wal_autocheckpoint=2000;"
                                   "PRAGMA journal_size_limit=67108864;"
                                   "PRAGMA temp_store=MEMORY;"
                                   "PRAGMA cache_size=-16000;";
static const char reader_setup[] = "PRAGMA temp_store=MEMORY; PRAGMA query_only=ON;";

static void conn_closep(SwConn **c) {
    sw_conn_close(*c);
}

int sw_conn_open(SwStore *s, bool writer, SwConn **ret_c, SwError *err) {
    SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    __attribute__((cleanup(conn_closep))) SwConn *c = sw_new(a, SwConn);
    c->store = s;
    c->arena = a;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writer ? SQLITE_OPEN_CREATE : 0);
    int r = sqlite3_open_v2(sw_path(a, s->dir, "store.db"), &c->db, flags, NULL);
    if (r == SQLITE_OK) {
        sqlite3_extended_result_codes(c->db, 1);
        sqlite3_busy_timeout(c->db, 10000);
        r = sqlite3_exec(c->db, writer ? writer_setup : reader_setup, NULL, NULL, NULL);
    }
    if (r == SQLITE_OK && writer && !s->ephemeral) { /* identity.c empties the log, and asks for it */
        int on = 1;
        sqlite3_file_control(c->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    if (r == SQLITE_OK && s->ephemeral)
        r = sqlite3_exec(c->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
    if (r != SQLITE_OK)
        return sw_sql_fail(c, "opening the store", err);
    *ret_c = c;
    c = NULL;
    return 0;
}

void sw_conn_close(SwConn *c) {
    if (!c)
        return;
    for (size_t i = 0; i < SW_STATEMENTS_MAX; i++)
        sqlite3_finalize(c->cached[i].stmt);
    int r = sqlite3_close(c->db);
    (void)SW_NEVER(r != SQLITE_OK); /* a statement was left open */
    sw_arena_free(c->arena);
}

int sw_sql_fail(SwConn *c, const char *doing, SwError *err) {
    char cause[400];
    snprintf(cause, sizeof(cause), "store: %s: %s (%d)", doing, c->db ? sqlite3_errmsg(c->db) : "out of memory",
             c->db ? sqlite3_extended_errcode(c->db) : SQLITE_NOMEM);
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, cause, "The store could not complete the request.");
}

int sw_sql_exec(SwConn *c, const char *sql, SwError *err) {
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sw_sql_fail(c, sql, err);
}

int sw_sql_exec_kept(SwConn *c, const char *sql, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql_on(c, &q, sql, err) < 0)
        return -1;
    int r = sqlite3_step(q.stmt);
    return r == SQLITE_DONE || r == SQLITE_ROW ? 0 : sw_sql_fail(c, sql, err);
}

static uint32_t hash_text(const char *z) {
    uint32_t h = 2166136261u;
    for (; *z; z++)
        h = (h ^ (uint8_t)*z) * 16777619u;
    return h;
}

/* The slot that holds `sql`, or one to prepare it in; NULL when all near ones are in use. */
static SwCached *find_slot(SwConn *c, const char *sql, uint32_t hash) {
    SwCached *idle = NULL;
    for (unsigned i = 0; i < 8; i++) {
        SwCached *slot = &c->cached[(hash + i) & (SW_STATEMENTS_MAX - 1)];
        if (slot->stmt && slot->hash == hash && strcmp(sqlite3_sql(slot->stmt), sql) == 0) {
            if (!slot->busy)
                return slot;
        } else if (!slot->busy && (!idle || !slot->stmt)) {
            idle = slot;
        }
    }
    return idle;
}

int sw_sql_on(SwConn *c, SwSql *ret_q, const char *sql, SwError *err) {
    uint32_t hash = hash_text(sql);
    SwCached *slot = find_slot(c, sql, hash);
    if (slot && slot->stmt && slot->hash == hash && strcmp(sqlite3_sql(slot->stmt), sql) == 0) {
        slot->busy = true;
        *ret_q = (SwSql){slot->stmt, c, slot};
        return 0;
    }
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v3(c->db, sql, -1, slot ? SQLITE_PREPARE_PERSISTENT : 0, &stmt, NULL) != SQLITE_OK)
        return sw_sql_fail(c, sql, err);
    if (slot) {
        sqlite3_finalize(slot->stmt);
        *slot = (SwCached){.stmt = stmt, .hash = hash, .busy = true};
    }
    c->n_uncached += !slot;
    *ret_q = (SwSql){stmt, c, slot};
    return 0;
}

/* After a full disk or a failed write SQLite may have rolled the whole transaction back by itself; what followed would
 * then run, and be committed, alone. */
static int check_alive(SwTx *tx, SwError *err) {
    if (!sqlite3_get_autocommit(tx->conn->db))
        return 0;
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "store: the transaction was rolled back by an earlier failure",
                         "The store could not complete the request.");
}

int sw_sql(SwTx *tx, SwSql *ret_q, const char *sql, SwError *err) {
    if (check_alive(tx, err) < 0 || sw_fault(err) < 0)
        return -1;
    return sw_sql_on(tx->conn, ret_q, sql, err);
}

void sw_sql_done(SwSql *q) {
    if (!q->stmt)
        return;
    if (q->slot) {
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
        q->slot->busy = false;
    } else {
        q->conn->n_uncached--;
        sqlite3_finalize(q->stmt);
    }
    *q = (SwSql){0};
}

static bool is_cached(const SwConn *c, const sqlite3_stmt *stmt) {
    for (size_t i = 0; i < SW_STATEMENTS_MAX; i++) {
        if (c->cached[i].stmt == stmt)
            return true;
    }
    return false;
}

/* A request that runs out of memory leaves its functions by a jump, and no scope ends there. Its transaction is rolled
 * back by who caught it; until its statements are rewound they would hold the snapshot. */
void sw_conn_tidy(SwConn *c) {
    for (size_t i = 0; i < SW_STATEMENTS_MAX; i++) {
        SwSql q = {c->cached[i].stmt, c, &c->cached[i]};
        if (c->cached[i].busy)
            sw_sql_done(&q);
    }
    sqlite3_stmt *next = c->n_uncached ? sqlite3_next_stmt(c->db, NULL) : NULL;
    for (sqlite3_stmt *stmt; (stmt = next);) {
        next = sqlite3_next_stmt(c->db, stmt);
        if (!is_cached(c, stmt))
            sqlite3_finalize(stmt);
    }
    c->n_uncached = 0;
}

void sw_sql_str(SwSql *q, int at, SwStr s) {
    if (s.p)
        sqlite3_bind_text64(q->stmt, at, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_bind_null(q->stmt, at);
}

void sw_sql_int(SwSql *q, int at, int64_t v) {
    sqlite3_bind_int64(q->stmt, at, v);
}

void sw_sql_double(SwSql *q, int at, double v) {
    sqlite3_bind_double(q->stmt, at, v);
}

void sw_sql_blob(SwSql *q, int at, const void *p, size_t n) {
    if (p)
        sqlite3_bind_blob64(q->stmt, at, p, n, SQLITE_STATIC);
    else
        sqlite3_bind_null(q->stmt, at);
}

int sw_sql_step(SwTx *tx, SwSql *q, bool *ret_row, SwError *err) {
    int r = sqlite3_step(q->stmt);
    *ret_row = r == SQLITE_ROW;
    if (r == SQLITE_ROW || r == SQLITE_DONE)
        return 0;
    tx->would_write |= (r & 0xff) == SQLITE_READONLY && tx->mode == SW_READ;
    return sw_sql_fail(tx->conn, sqlite3_sql(q->stmt), err);
}

int sw_sql_run(SwTx *tx, SwSql *q, SwError *err) {
    bool row = true;
    while (row) {
        if (sw_sql_step(tx, q, &row, err) < 0)
            return -1;
    }
    return 0;
}

SwStr sw_sql_view(SwSql *q, int column) {
    if (sqlite3_column_type(q->stmt, column) == SQLITE_NULL)
        return SW_NO_STR;
    const char *p = sqlite3_column_blob(q->stmt, column);
    return (SwStr){p ? p : "", (size_t)sqlite3_column_bytes(q->stmt, column)};
}

SwStr sw_sql_get(SwArena *a, SwSql *q, int column) {
    SwStr s = sw_sql_view(q, column);
    return s.p ? sw_str_dup(a, s) : s;
}
