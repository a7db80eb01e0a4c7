/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: a write one is a savepoint inside the transaction of a batch (turn.c), a read one has a connection and a
 * snapshot of its own.
 *
 *   sw_tx_begin  takes the writer's turn, SAVEPOINT
 *   ...          sees what earlier members of the batch wrote
 *   sw_tx_commit RELEASE; the turn ends, and this returns when the batch's COMMIT did
 *   rollback     ROLLBACK TO the savepoint; the others' changes stay
 * sw_tx_write does all of it around a function, which may run in the thread of another such caller.
 *
 * Nobody returns success before the COMMIT of its batch did. A member may have read what an earlier member of the same
 * batch wrote: they become durable together or fail together, so nothing that was answered can be taken back.
 * If COMMIT fails, or SQLite rolls the transaction back by itself (full disk), all members fail.
 * While one batch is in its fsync the next members queue up: the busier the store, the larger the batches. */

#include "base/outside.h"
#include "store/fault.h"
#include "store/internal.h"

/* --- beginning and ending ------------------------------------------------------------------------------------------ */

/* Ends a turn that came to nothing, however its scope is left. */
static void turn_dropp(SwStore **s) {
    SwError ignored = {0};
    if (*s)
        (void)!sw_turn_end(*s, NULL, &ignored); /* not a member: has no outcome */
}

static int begin_write(SwStore *s, SwError *err) {
    if (sw_turn_take(s, err) < 0)
        return -1;
    __attribute__((cleanup(turn_dropp))) SwStore *turn = s;
    if (sw_sql_exec_kept(s->writer, "SAVEPOINT t", err) < 0)
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
    if (reader_take(s, &c, err) < 0 || sw_sql_exec_kept(c, "BEGIN", err) < 0 ||
        sw_sql_exec_kept(c, "SELECT name FROM collection LIMIT 1", err) < 0)
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
    sw_open_tx++;
    return 0;
}

void sw_tx_run_undo(SwTx *tx, const SwAfter *last) {
    while (tx->undo != last) {
        SwAfter *u = tx->undo;
        tx->undo = u->next;
        (void)sw_guard_spare(u->fn, u->arg); /* the rest is taken back whatever becomes of one */
    }
}

/* What a write one did is gone, before another has its turn; the batch's transaction goes on. */
static void undo_write(SwTx *tx) {
    sw_conn_tidy(tx->conn);
    sqlite3 *db = tx->conn->db;
    int r = sqlite3_get_autocommit(db) ? SQLITE_OK : sqlite3_exec(db, "ROLLBACK TO t; RELEASE t", NULL, NULL, NULL);
    if (r != SQLITE_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* better all members fail than half of one stays */
    sw_tx_run_undo(tx, NULL);
}

static int keep_write(SwTx *tx, SwError *err) {
    if (sw_fault(err) < 0)
        return -1;
    return sqlite3_get_autocommit(tx->conn->db) ? 0 : sw_sql_exec_kept(tx->conn, "RELEASE t", err);
}

static void call_after(const SwTx *tx) {
    for (SwAfter *f = tx->after; f; f = f->next)
        f->fn(f->arg);
}

static int commit_write(SwTx *tx, SwError *err) {
    _sw_tx_ SwTx *undo = tx;
    if (keep_write(tx, err) < 0)
        return -1;
    undo = NULL;
    sw_open_tx--;
    return sw_turn_end(tx->store, tx, err);
}

int sw_tx_commit(SwTx **txp, SwError *err) {
    SwTx *tx = *txp;
    *txp = NULL;
    if (SW_NEVER(tx->is_job))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The store could not complete the request.");
    if (tx->mode == SW_WRITE && commit_write(tx, err) < 0)
        return -1;
    if (tx->mode == SW_READ) {
        sw_open_tx--;
        reader_give(tx->store, tx->conn);
    }
    call_after(tx);
    return 0;
}

void sw_tx_rollback(SwTx *tx) {
    if (!tx || SW_NEVER(tx->is_job))
        return;
    sw_open_tx--;
    if (tx->mode == SW_READ) {
        sw_conn_tidy(tx->conn);
        reader_give(tx->store, tx->conn);
        return;
    }
    undo_write(tx);
    SwError ignored = sw_error(tx->arena);
    (void)!sw_turn_end(tx->store, NULL, &ignored); /* not a member: has no outcome */
}

/* --- jobs ---------------------------------------------------------------------------------------------------------- */

typedef struct Job {
    SwTurn turn; /* first: run_job is given it */
    SwTx tx;
    SwTxFn *fn;
    void *arg;
    SwError *err;
    SwPool pool;
    SwLack lack; /* it ended for want of memory */
    bool called; /* what is called after the commit */
    int r;
} Job;

static void undo_writep(SwTx **tx) {
    if (*tx)
        undo_write(*tx);
}

static void job_guarded(void *arg) {
    Job *j = arg;
    _sw_in_tx_ bool counted = true;
    sw_open_tx++;
    j->r = -1;
    if (sw_fault(j->err) < 0 || sw_sql_exec_kept(j->tx.conn, "SAVEPOINT t", j->err) < 0)
        return;
    __attribute__((cleanup(undo_writep))) SwTx *undo = &j->tx;
    if (j->fn(&j->tx, j->arg, j->err) < 0 || keep_write(&j->tx, j->err) < 0)
        return;
    j->r = 0;
    undo = NULL;
}

/* In another's thread, whose memory and whose guards are not the job's: it has a guard of its own, in its own pool. */
static bool run_job(SwTurn *t) {
    Job *j = (Job *)t;
    j->lack = sw_guard(j->pool, job_guarded, j);
    return j->lack == SW_LACK_NONE && j->r == 0;
}

static void job_call_after(void *arg) {
    const Job *j = arg;
    call_after(&j->tx);
}

static void stored_job(SwTurn *t) {
    Job *j = (Job *)t;
    j->called = true;
    if (j->tx.after)
        j->lack = sw_guard(j->pool, job_call_after, j);
}

int sw_tx_write(SwStore *s, SwArena *a, SwStr account, SwStr region, SwTxFn *fn, void *arg, SwError *err) {
    Job j = {.turn = {.run = run_job, .stored = stored_job}, .fn = fn, .arg = arg, .err = err, .pool = sw_pool_here()};
    j.tx = (SwTx){
        .store = s, .arena = a, .conn = s->writer, .mode = SW_WRITE, .account = account, .region = region, .is_job = true};
    j.tx.after_end = &j.tx.after;
    j.turn.undo = &j.tx;
    int r = sw_turn_run(s, &j.turn, err);
    if (j.lack != SW_LACK_NONE)
        sw_no_memory(j.lack);
    if (r < 0 || j.r < 0)
        return -1;
    if (!j.called)
        call_after(&j.tx);
    return 0;
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
    sw_tx_run_undo(tx, tx->undo_mark[tx->depth]);
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
