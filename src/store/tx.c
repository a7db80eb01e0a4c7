/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions and group commit.
 *
 * There is one writer connection and a queue for it, first come first served. Who has the turn works in a savepoint
 * inside the batch's transaction. At the end of a turn:
 *   1. RELEASE (or ROLLBACK TO) the savepoint: the batch now holds this member's changes whole, or none of them.
 *   2. If others wait for the writer, and the batch is neither full nor old: pass the turn on, and wait for the batch.
 *      A waiter always takes its turn, and so comes to this same place: some member always gets to 3.
 *   3. Else COMMIT (one fsync for all members), tell the members, pass the turn on.
 * Nobody returns success before the COMMIT of its batch did. A member may have read what an earlier member of the same
 * batch wrote: they become durable together or fail together, so nothing that was answered can be taken back.
 * If COMMIT fails, or SQLite rolls the transaction back by itself (full disk), all members fail.
 * While one batch is in its fsync the next members queue up: the busier the store, the larger the batches. */

#include "store/internal.h"

#include <stdio.h>

#include "base/thread.h"
#include "base/time.h"
#include "store/fault.h"

#define BATCH_MEMBERS_MAX 256
#define BATCH_AGE_MAX_NS  (5 * SW_MS)

static int out_of_turn(SwError *err) {
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "store: this thread already has a write transaction open",
                         "The store could not complete the request.");
}

/* --- the writer's turn --------------------------------------------------------------------------------------- */

static int turn_take(SwStore *s, SwError *err) {
    pthread_mutex_lock(&s->lock);
    if (s->writing && pthread_equal(s->writer_thread, pthread_self())) {
        pthread_mutex_unlock(&s->lock);
        return out_of_turn(err);
    }
    if (s->writing) {
        SwTurn me = {.come = PTHREAD_COND_INITIALIZER};
        if (s->last)
            s->last->next = &me;
        else
            s->first = &me;
        s->last = &me;
        while (!me.yours)
            pthread_cond_wait(&me.come, &s->lock);
        pthread_cond_destroy(&me.come);
    }
    s->writing = true;
    s->turns++;
    s->writer_thread = pthread_self();
    pthread_mutex_unlock(&s->lock);
    return 0;
}

/* With the lock held. */
static void turn_pass(SwStore *s) {
    SwTurn *t = s->first;
    if (!t) {
        s->writing = false;
        return;
    }
    s->first = t->next;
    if (!s->first)
        s->last = NULL;
    /* Until it wakes and says who it is, the writer is nobody: not the thread that leaves. */
    s->writer_thread = (pthread_t){0};
    t->yours = true;
    pthread_cond_signal(&t->come);
}

/* --- batches --------------------------------------------------------------------------------------------------- */

static SwBatch *batch_new(SwStore *s) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&s->lock);
    SwBatch *b = s->free_batches;
    if (b) {
        s->free_batches = b->next;
    } else {
        b = sw_new(s->arena, SwBatch);
        pthread_cond_init(&b->ended, NULL);
    }
    b->members = b->holders = 0;
    b->done = b->failed = false;
    b->since_ns = sw_monotonic_ns();
    return b;
}

/* COMMIT failed, or SQLite ended the transaction by itself: all of it is gone. */
static void batch_fail(SwStore *s, SwBatch *b) {
    sqlite3 *db = s->writer->db;
    b->failed = true;
    snprintf(b->cause, sizeof(b->cause), "store: commit: %s (%d)", sqlite3_errmsg(db), sqlite3_extended_errcode(db));
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

/* Holding the turn, not the lock: make durable what the members did. */
static void batch_commit(SwStore *s, SwBatch *b) {
    sqlite3 *db = s->writer->db;
    if (sqlite3_get_autocommit(db)) {
        batch_fail(s, b);
    } else if (b->members == 0) {
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    } else {
        int64_t from = sw_monotonic_ns();
        SW_CRASH_POINT("store.commit.before");
        if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            batch_fail(s, b);
        SW_CRASH_POINT("store.commit.after");
        int64_t took = sw_monotonic_ns() - from;
        pthread_mutex_lock(&s->lock);
        s->fsync_ns += took;
        s->commits += !b->failed;
        s->transactions += b->failed ? 0 : b->members;
        pthread_mutex_unlock(&s->lock);
    }
}

/* The end of a turn. member: this thread's changes are in the batch, and it waits for the outcome. */
static int turn_end(SwStore *s, bool member, SwError *err) {
    SwBatch *b = s->open;
    b->members += member;
    bool alive = !sqlite3_get_autocommit(s->writer->db);
    bool young = b->members < BATCH_MEMBERS_MAX && sw_monotonic_ns() - b->since_ns < BATCH_AGE_MAX_NS;
    pthread_mutex_lock(&s->lock);
    b->holders++;
    if (alive && young && s->first) {
        turn_pass(s);
        while (member && !b->done)
            pthread_cond_wait(&b->ended, &s->lock);
    } else {
        pthread_mutex_unlock(&s->lock);
        batch_commit(s, b);
        pthread_mutex_lock(&s->lock);
        s->open = NULL;
        b->done = true;
        pthread_cond_broadcast(&b->ended);
        turn_pass(s);
    }
    bool failed = member && b->failed;
    char cause[sizeof(b->cause)];
    memcpy(cause, b->cause, sizeof(cause));
    if (--b->holders == 0 && b->done) {
        b->next = s->free_batches;
        s->free_batches = b;
    }
    pthread_mutex_unlock(&s->lock);
    if (!failed)
        return 0;
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, cause, "The store could not complete the request.");
}

/* --- beginning and ending ------------------------------------------------------------------------------------------ */

static int conn_do(SwConn *c, const char *sql, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql_on(c, &q, sql, err) < 0)
        return -1;
    int r = sqlite3_step(q.stmt);
    return r == SQLITE_DONE || r == SQLITE_ROW ? 0 : sw_sql_fail(c, sql, err);
}

/* Ends a turn that came to nothing, however its scope is left. */
static void turn_dropp(SwStore **s) {
    SwError ignored = {0};
    if (!*s)
        return;
    if ((*s)->open) {
        (void)turn_end(*s, false, &ignored); /* not a member: has no outcome */
        return;
    }
    if (!sqlite3_get_autocommit((*s)->writer->db))
        sqlite3_exec((*s)->writer->db, "ROLLBACK", NULL, NULL, NULL);
    pthread_mutex_lock(&(*s)->lock);
    turn_pass(*s);
    pthread_mutex_unlock(&(*s)->lock);
}

static int begin_write(SwStore *s, SwError *err) {
    if (turn_take(s, err) < 0)
        return -1;
    __attribute__((cleanup(turn_dropp))) SwStore *turn = s;
    if (!s->open) {
        if (conn_do(s->writer, "BEGIN IMMEDIATE", err) < 0)
            return -1;
        s->open = batch_new(s);
    }
    if (conn_do(s->writer, "SAVEPOINT t", err) < 0)
        return -1;
    turn = NULL;
    return 0;
}

static void reader_uncountp(SwStore **s) {
    if (!*s)
        return;
    pthread_mutex_lock(&(*s)->lock);
    (*s)->n_readers--;
    pthread_cond_signal(&(*s)->reader_free);
    pthread_mutex_unlock(&(*s)->lock);
}

static int reader_take(SwStore *s, SwConn **ret_c, SwError *err) {
    pthread_mutex_lock(&s->lock);
    while (!s->readers && s->n_readers >= SW_READERS_MAX)
        pthread_cond_wait(&s->reader_free, &s->lock);
    SwConn *c = s->readers;
    if (c) {
        s->readers = c->next;
        s->n_idle--;
    } else {
        s->n_readers++;
    }
    pthread_mutex_unlock(&s->lock);
    __attribute__((cleanup(reader_uncountp))) SwStore *counted = s;
    if (!c && sw_conn_open(s, false, &c, err) < 0)
        return -1;
    *ret_c = c;
    counted = NULL;
    return 0;
}

static void reader_give(SwStore *s, SwConn *c) {
    if (!sqlite3_get_autocommit(c->db)) {
        SwError ignored = sw_error(c->arena);
        _sw_sql_ SwSql q = {0};
        if (sw_sql_on(c, &q, "COMMIT", &ignored) == 0)
            sqlite3_step(q.stmt);
    }
    pthread_mutex_lock(&s->lock);
    bool keep = s->n_idle < SW_READERS_IDLE;
    if (keep) {
        c->next = s->readers;
        s->readers = c;
        s->n_idle++;
    } else {
        s->n_readers--;
    }
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->lock);
    if (!keep)
        sw_conn_close(c);
}

static void reader_givep(SwConn **c) {
    if (*c)
        reader_give((*c)->store, *c);
}

static int begin_read(SwStore *s, SwConn **ret_c, SwError *err) {
    __attribute__((cleanup(reader_givep))) SwConn *c = NULL;
    /* BEGIN alone takes no snapshot; the first read does. */
    if (reader_take(s, &c, err) < 0 || conn_do(c, "BEGIN", err) < 0 ||
        conn_do(c, "SELECT name FROM collection LIMIT 1", err) < 0)
        return -1;
    *ret_c = c;
    c = NULL;
    return 0;
}

int sw_tx_begin(SwStore *s, SwArena *a, SwTxMode mode, SwStr account, SwStr region, SwTx **ret_tx, SwError *err) {
    SwConn *c = s->writer;
    *ret_tx = NULL;
    SwTx *tx = sw_new(a, SwTx); /* before the turn is taken: it may not return */
    if (sw_fault(err) < 0 || (mode == SW_WRITE ? begin_write(s, err) : begin_read(s, &c, err)) < 0)
        return -1;
    *tx = (SwTx){.store = s, .arena = a, .conn = c, .mode = mode, .account = account, .region = region};
    tx->after_end = &tx->after;
    *ret_tx = tx;
    return 0;
}

/* What was done outside since `last` is taken back; NULL: all. */
static void run_undo(SwTx *tx, const SwAfter *last) {
    while (tx->undo != last) {
        SwAfter *u = tx->undo;
        tx->undo = u->next;
        u->fn(u->arg);
    }
}

static int commit_write(SwTx *tx, SwError *err) {
    _sw_tx_ SwTx *undo = tx;
    if (sw_fault(err) < 0 || (!sqlite3_get_autocommit(tx->conn->db) && conn_do(tx->conn, "RELEASE t", err) < 0))
        return -1;
    undo = NULL;
    if (turn_end(tx->store, true, err) == 0)
        return 0;
    run_undo(tx, NULL);
    return -1;
}

int sw_tx_commit(SwTx **txp, SwError *err) {
    SwTx *tx = *txp;
    *txp = NULL;
    if (tx->mode == SW_READ)
        reader_give(tx->store, tx->conn);
    else if (commit_write(tx, err) < 0)
        return -1;
    for (SwAfter *f = tx->after; f; f = f->next)
        f->fn(f->arg);
    return 0;
}

void sw_tx_rollback(SwTx *tx) {
    if (!tx)
        return;
    sw_conn_tidy(tx->conn);
    if (tx->mode == SW_READ) {
        reader_give(tx->store, tx->conn);
        return;
    }
    sqlite3 *db = tx->conn->db;
    int r = sqlite3_get_autocommit(db) ? SQLITE_OK : sqlite3_exec(db, "ROLLBACK TO t; RELEASE t", NULL, NULL, NULL);
    if (r != SQLITE_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* better all members fail than half of one stays */
    run_undo(tx, NULL);                                 /* before another has its turn */
    SwError ignored = sw_error(tx->arena);
    (void)turn_end(tx->store, false, &ignored); /* not a member: has no outcome */
}

void sw_tx_after_commit(SwTx *tx, void (*fn)(void *), void *arg) {
    SwAfter *f = sw_new(tx->arena, SwAfter);
    *f = (SwAfter){.fn = fn, .arg = arg};
    *tx->after_end = f;
    tx->after_end = &f->next;
}

void sw_tx_on_undo(SwTx *tx, void (*fn)(void *), void *arg) {
    SwAfter *u = sw_new(tx->arena, SwAfter);
    *u = (SwAfter){.next = tx->undo, .fn = fn, .arg = arg};
    tx->undo = u;
}

/* --- savepoints and plain answers ------------------------------------------------------------------------------- */

int sw_tx_savepoint(SwTx *tx, SwError *err) {
    if (tx->depth >= SW_N(tx->mark))
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "store: calls are nested too deep",
                             "The store could not complete the request.");
    if (tx->mode == SW_WRITE) {
        _sw_sql_ SwSql q = {0};
        if (sw_sql(tx, &q, "SAVEPOINT s", err) < 0 || sw_sql_run(tx, &q, err) < 0)
            return -1;
    }
    tx->undo_mark[tx->depth] = tx->undo;
    tx->mark[tx->depth++] = tx->after_end;
    return 0;
}

int sw_tx_release(SwTx *tx, SwError *err) {
    if (SW_NEVER(tx->depth == 0))
        return 0;
    tx->depth--;
    if (tx->mode == SW_READ)
        return 0;
    _sw_sql_ SwSql q = {0};
    return sw_sql(tx, &q, "RELEASE s", err) < 0 ? -1 : sw_sql_run(tx, &q, err);
}

void sw_tx_undo(SwTx *tx) {
    if (SW_NEVER(tx->depth == 0))
        return;
    tx->after_end = tx->mark[--tx->depth];
    *tx->after_end = NULL;
    run_undo(tx, tx->undo_mark[tx->depth]);
    sqlite3 *db = tx->conn->db;
    if (tx->mode == SW_READ || sqlite3_get_autocommit(db))
        return;
    if (sqlite3_exec(db, "ROLLBACK TO s; RELEASE s", NULL, NULL, NULL) != SQLITE_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

void sw_tx_scope(SwTx *tx, SwStr account, SwStr region) {
    tx->account = account;
    tx->region = region;
}

bool sw_tx_is_write(const SwTx *tx) {
    return tx->mode == SW_WRITE;
}

bool sw_tx_would_write(const SwTx *tx) {
    return tx->would_write;
}

SwArena *sw_tx_arena(SwTx *tx) {
    return tx->arena;
}

SwStr sw_tx_account(const SwTx *tx) {
    return tx->account;
}

SwStr sw_tx_region(const SwTx *tx) {
    return tx->region;
}
