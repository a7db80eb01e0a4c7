/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the store's own files share: connections with their statement caches, the writer's queue, transactions.
 * Nothing outside src/store includes this.
 *
 * Threads: a connection is used by one thread at a time. `lock` guards everything in SwStore that changes after open;
 * the writer connection belongs to whoever has the turn (`writing`). */

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>

#include "store/blob.h"
#include "store/store.h"

#define SW_STATEMENTS_MAX 256 /* a power of two */
#define SW_READERS_IDLE   16  /* more are closed when they come back */
#define SW_READERS_MAX    128 /* at once; the next waits */

typedef struct SwCached {
    sqlite3_stmt *stmt;
    uint32_t hash;
    bool busy;
} SwCached;

typedef struct SwConn {
    SwStore *store;
    SwArena *arena; /* holds this struct */
    sqlite3 *db;
    struct SwConn *next; /* in the pool */
    unsigned n_uncached; /* statements in use that are not kept */
    SwCached cached[SW_STATEMENTS_MAX];
} SwConn;

/* A statement in use. sw_sql_done gives it back, rewound and with nothing bound; also at the end of a scope. */
typedef struct SwSql {
    sqlite3_stmt *stmt;
    SwConn *conn;
    SwCached *slot; /* NULL: finalise it */
} SwSql;
#define _sw_sql_ __attribute__((cleanup(sw_sql_done)))

/* turn.c: what waits for the writer, on the stack of its thread. */
typedef enum SwTurnState { SW_TURN_WAITS, SW_TURN_YOURS, SW_TURN_ENDED } SwTurnState;
typedef struct SwTurn {
    struct SwTurn *next;
    /* What a job does in the turn, in whoever's thread; true: it is a member of the batch. NULL: the thread wants the turn. */
    bool (*run)(struct SwTurn *t);
    void (*stored)(struct SwTurn *t); /* after the commit that it is part of, where a job's thread ended the batch */
    SwTx *undo;                       /* whose sw_tx_on_undo is called where that commit fails; or NULL */
    sem_t told;                       /* posted once the state is another */
    SwTurnState state;
    bool failed; /* with its batch */
    char cause[256];
} SwTurn;

typedef struct SwBatch { /* what shares one COMMIT; only the turn's holder looks */
    bool open, failed;
    unsigned members; /* released their savepoint, wait for the commit */
    SwTurn *first, **end;
    int64_t since_ns;
    char cause[256];
} SwBatch;

struct SwStore {
    SwArena *arena;
    const char *dir;
    bool ephemeral;
    bool accept_loss; /* go on where the folder's store is lost or not its own */
    SwStr name;       /* identity.c; absent in memory */
    int64_t opens;
    int lock_file;
    pthread_mutex_t lock;
    SwConn *writer;
    bool writing; /* someone has the writer's turn */
    pthread_t writer_thread;
    SwTurn *first, *last; /* who waits for it */
    SwBatch batch;
    int64_t batch_age_ns; /* at which it takes no more members */
    SwConn *readers;      /* idle */
    unsigned n_readers, n_idle;
    pthread_cond_t reader_free;
    SwBlobs *blobs;
    int64_t turns, commits, transactions, fsync_ns;
};

typedef struct SwAfter {
    struct SwAfter *next;
    void (*fn)(void *);
    void *arg;
} SwAfter;

struct SwTx {
    SwStore *store;
    SwArena *arena;
    SwConn *conn;
    SwTxMode mode;
    SwStr account, region;
    bool would_write; /* a read one that met a statement that writes */
    bool is_job;      /* of sw_tx_write, which ends it */
    unsigned depth;   /* open savepoints */
    SwAfter *after, **after_end;
    SwAfter **mark[16]; /* after_end at each savepoint: what is undone is not called */
    SwAfter *undo;      /* newest first */
    SwAfter *undo_mark[16];
};

/* sql.c */
int sw_conn_open(SwStore *s, bool writer, SwConn **ret_c, SwError *err) sw_must_check;
void sw_conn_close(SwConn *c);
void sw_conn_tidy(SwConn *c); /* gives back statements whose users were left by a jump */
int sw_sql_fail(SwConn *c, const char *doing, SwError *err);
int sw_sql_exec(SwConn *c, const char *sql, SwError *err) sw_must_check;
int sw_sql_exec_kept(SwConn *c, const char *sql, SwError *err) sw_must_check; /* one statement, from the cache */
int sw_sql_on(SwConn *c, SwSql *ret_q, const char *sql, SwError *err) sw_must_check;
int sw_sql(SwTx *tx, SwSql *ret_q, const char *sql, SwError *err) sw_must_check; /* prepared, from the cache */
void sw_sql_done(SwSql *q);
void sw_sql_str(SwSql *q, int at, SwStr s); /* absent: NULL. Not copied: must live until done */
void sw_sql_int(SwSql *q, int at, int64_t v);
void sw_sql_double(SwSql *q, int at, double v);
void sw_sql_blob(SwSql *q, int at, const void *p, size_t n);
int sw_sql_step(SwTx *tx, SwSql *q, bool *ret_row, SwError *err) sw_must_check;
int sw_sql_run(SwTx *tx, SwSql *q, SwError *err) sw_must_check; /* to its end; no rows wanted */
SwStr sw_sql_get(SwArena *a, SwSql *q, int column);             /* copied; absent for NULL */
SwStr sw_sql_view(SwSql *q, int column);                        /* valid until the next step */

/* tx.c. What was done outside since `last` is taken back, the newest first; NULL: all. */
void sw_tx_run_undo(SwTx *tx, const SwAfter *last);
/* turn.c. The turn is taken with a batch's transaction open, and ended when what was done is in it whole (member: its
 * transaction, which waits for the commit and fails with it) or not at all (NULL). */
int sw_turn_take(SwStore *s, SwError *err) sw_must_check;
int sw_turn_end(SwStore *s, SwTx *member, SwError *err) sw_must_check;
/* Both, with t->run(t) between them: here, or by the thread that has the turn. -1 also where it was not run at all; run()
 * tells its own failures in what it is part of. */
int sw_turn_run(SwStore *s, SwTurn *t, SwError *err) sw_must_check;

/* identity.c: before SQLite opens it; before migrations; in the transaction that opens it; once that is committed; when it is
 * to be closed */
int sw_identity_check_files(SwStore *s, SwError *err) sw_must_check;
int sw_identity_check_store(SwStore *s, SwError *err) sw_must_check;
int sw_identity_begin(SwStore *s, SwError *err) sw_must_check;
int sw_identity_note(SwStore *s, SwError *err) sw_must_check;
void sw_identity_end(SwStore *s);

/* migrate.c: in the transaction that opens the store */
int sw_store_migrate(SwStore *s, SwError *err) sw_must_check;
int sw_store_clear(SwConn *c, SwError *err) sw_must_check; /* deletes every row */

/* index.c: the index entries of a record as one text of "name" and values, each length-prefixed. */
SwStr sw_index_keys(SwArena *a, const SwCollection *c, const void *record);
int sw_index_replace(SwTx *tx, const SwCollection *c, SwStr account, SwStr region, SwStr id, SwStr old_keys, SwStr keys,
                     bool *ret_taken, SwError *err) sw_must_check;
int sw_index_has(SwTx *tx, const SwCollection *c, SwStr account, SwStr region, SwStr id, SwStr keys, bool *ret_all,
                 int64_t *ret_n, SwError *err) sw_must_check;
SwStr sw_scope_account(const SwTx *tx, SwScope scope);
SwStr sw_scope_region(const SwTx *tx, SwScope scope);
/* Texts in one: each as LENGTH:BYTES. */
void sw_pack_add(SwBuf *b, SwStr s);
bool sw_pack_next(SwStr *rest, SwStr *ret_s);
