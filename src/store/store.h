/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Store: typed documents in one transactional store. An answer that says "stored" means fsynced.
 *
 * A collection holds records of one shape (a model in models/records/), named by an id within a scope: account and
 * region, account alone, or the whole installation. Declared secondary indexes find them by member values. Records are
 * serialised by their shape tables as JSON, so an older record reads in a newer program: unknown names are skipped,
 * new members are absent.
 *
 * SQLite, WAL, synchronous=FULL. One writer at a time; what several writers do meanwhile shares one fsync (group
 * commit). Readers have snapshots of their own and never wait. Behind this header PostgreSQL can take its place.
 *
 * Threads: SwStore any; a SwTx belongs to the thread that began it, in sw_tx_write to the one that runs its function. */

#include "shape/shape.h"

typedef struct SwStore SwStore;
typedef struct SwTx SwTx;

typedef enum SwScope {
    SW_SCOPE_REGION,  /* account + region: most resources */
    SW_SCOPE_ACCOUNT, /* account: IAM */
    SW_SCOPE_GLOBAL,  /* bucket names, engine's own rows */
} SwScope;

typedef struct SwIndex {
    const char *name;      /* "by_cluster" */
    const char *member[3]; /* members of the record (dotted for nested: "status.code"), in order */
    bool unique;           /* among records of a scope that have at least one of the members */
    bool sparse;           /* only of records that have all of the members: what few have costs the others nothing */
} SwIndex;
/* Unless sparse, an absent member is indexed as "". A member that is a list, or lies in one, is indexed by each of its
 * elements, so that a record can be found by any of them (and is listed once for each). */
#define SW_INDEXES_MAX 8

/* A constant per collection, made from its service's models/records with typed accessors in place of the calls below:
 *     "services": {"name": "ecs/service", "record": "ServiceRecord", "indexes": {"by_cluster": ["clusterArn"]}} */
typedef struct SwCollection {
    const char *name;
    SwScope scope;
    const SwShape *shape;
    SwIndex indexes[SW_INDEXES_MAX];
} SwCollection;

/* dir NULL: in memory (--ephemeral). Runs migrations; a store newer than this program is refused. */
int sw_store_open(const char *dir, SwStore **ret_s, SwError *err) sw_must_check;
/* A folder that had a store which is gone, cut, another's or an older copy fails with this, and nothing is changed. */
extern const SwErrorKind SW_STORE_LOST;
/* The same, but with what is there: an empty store where there is none. */
int sw_store_open_accepting_loss(const char *dir, SwStore **ret_s, SwError *err) sw_must_check;
void sw_store_close(SwStore *s); /* accepts NULL; no transaction may be open */
/* Tell which collections there are (NULL-terminated), after opening and before use: where a collection's indexes are
 * declared otherwise than when its rows were written, it is indexed anew. */
int sw_store_register(SwStore *s, const SwCollection *const *c, SwError *err) sw_must_check;
const char *sw_store_dir(const SwStore *s);
/* Everything gone, schema kept; a few milliseconds. No transaction may be open. */
int sw_store_reset(SwStore *s, SwError *err) sw_must_check;
/* Group-commit and file figures for metrics. turns: how often the writer's turn was taken, also for what was then rolled
 * back; transactions: of those, what was committed. */
typedef struct SwStoreStats {
    int64_t turns, commits, transactions, fsync_ns, bytes;
} SwStoreStats;
void sw_store_stats(SwStore *s, SwStoreStats *ret);

/* Transactions. A read one sees one snapshot. A write one sees its own writes; others see them after commit.
 * account and region scope all calls on it; they may be changed with sw_tx_scope (an engine that works for all).
 * Commit returns when the changes are on disk. Unless committed, sw_tx_rollback undoes all (accepts NULL). */
typedef enum SwTxMode { SW_READ, SW_WRITE } SwTxMode;
int sw_tx_begin(SwStore *s, SwArena *a, SwTxMode mode, SwStr account, SwStr region, SwTx **ret_tx, SwError *err) sw_must_check;
int sw_tx_commit(SwTx **tx, SwError *err) sw_must_check; /* NULLs *tx, also on failure */
void sw_tx_rollback(SwTx *tx);
/* A write one around fn, in one call: committed when fn returns 0, else undone. fn may run in the thread of another that
 * does the same at the time, while this one waits: what it uses of its caller's (arena, err, arg) is its own meanwhile, it
 * neither ends tx nor keeps it, and depends on nothing that belongs to a thread. Many of these at once cost much less than
 * as many begins and commits. Where memory ends in fn, it does so here. */
typedef int SwTxFn(SwTx *tx, void *arg, SwError *err);
int sw_tx_write(SwStore *s, SwArena *a, SwStr account, SwStr region, SwTxFn *fn, void *arg, SwError *err) sw_must_check;
void sw_tx_scope(SwTx *tx, SwStr account, SwStr region);
bool sw_tx_is_write(const SwTx *tx);
/* Of a read transaction: something was tried in it that only a write one can do (it failed). The engine's look. */
bool sw_tx_would_write(const SwTx *tx);
SwArena *sw_tx_arena(SwTx *tx);
SwStr sw_tx_account(const SwTx *tx);
SwStr sw_tx_region(const SwTx *tx);
/* fn runs after the commit and before that returns, on a thread that is committing, in the order they were added; not at
 * all after a rollback. Others may wait meanwhile: it is to be quick. */
void sw_tx_after_commit(SwTx *tx, void (*fn)(void *), void *arg);
/* fn takes back what was done outside the store (a git ref): it runs once where the transaction, or the savepoint that is open
 * now, comes to nothing, on that thread, the newest first. Others may have had their turn by then: look before. */
void sw_tx_on_undo(SwTx *tx, void (*fn)(void *), void *arg);
/* A part that can be undone alone: in-process operation calls run in one. */
int sw_tx_savepoint(SwTx *tx, SwError *err) sw_must_check;
int sw_tx_release(SwTx *tx, SwError *err) sw_must_check;
void sw_tx_undo(SwTx *tx); /* back to the last savepoint, and drops it */
static inline void sw_tx_rollbackp(SwTx **tx) {
    sw_tx_rollback(*tx);
}
#define _sw_tx_ __attribute__((cleanup(sw_tx_rollbackp)))

/* Documents. Records are structures of the collection's shape, in the transaction's arena. */
int sw_doc_find(SwTx *tx, const SwCollection *c, SwStr id, void **ret_record,
                SwError *err) sw_must_check; /* *ret_record NULL: absent */
int sw_doc_put(SwTx *tx, const SwCollection *c, SwStr id, const void *record,
               SwError *err) sw_must_check; /* insert or replace */
/* Insert; *ret_inserted false (and nothing written) when the id, or a unique index's value, is taken. */
int sw_doc_insert(SwTx *tx, const SwCollection *c, SwStr id, const void *record, bool *ret_inserted,
                  SwError *err) sw_must_check;
int sw_doc_delete(SwTx *tx, const SwCollection *c, SwStr id, bool *ret_existed,
                  SwError *err) sw_must_check; /* ret_existed may be NULL */
/* Listing, ordered by (index values, id), or by id without an index; bytewise. With any_scope: by account and region
 * before that. */
typedef struct SwDocQuery {
    const char *index; /* NULL: by id */
    SwStr equals[3];   /* leading index members; absent ends them */
    SwStr prefix;      /* of the first member after those (or of the id); absent: any */
    SwStr from, below; /* the same member's bounds: from <= x < below; absent: none. Numbers and times
                          are indexed as fixed-width text: sw_index_number */
    SwStr after;       /* start behind this cursor, SwDocList.next of an earlier call; absent: at the
                          start. One that no listing made: SW_VALIDATION_EXCEPTION */
    size_t limit;      /* 0: all */
    bool descending;
    bool any_scope; /* all accounts and regions: controllers at start, `slipway status` */
    bool cursors;   /* each row has its own cursor, for those who stop within a page */
    bool distinct;  /* the first row alone of each value of the member that prefix speaks of; costs a look-up a row, however
                       many are passed over. Not with any_scope */
} SwDocQuery;

typedef struct SwDocRow {
    SwStr id, account, region;
    SwStr cursor; /* absent unless the query asked for them */
    void *record;
} SwDocRow;
typedef struct SwDocList {
    SwDocRow *v;
    size_t n;
    SwStr next; /* cursor when there is more, else absent */
} SwDocList;
int sw_doc_list(SwTx *tx, const SwCollection *c, const SwDocQuery *q, SwDocList *ret_l, SwError *err) sw_must_check;
/* All that a listing shows (of the transaction's own scope): what is too old is swept by a limit at a time. */
int sw_doc_delete_all(SwTx *tx, const SwCollection *c, const SwDocQuery *q, SwError *err) sw_must_check;
/* Counts no further than the query's limit: with 1 it tells whether there is any. */
int sw_doc_count(SwTx *tx, const SwCollection *c, const SwDocQuery *q, int64_t *ret_n, SwError *err) sw_must_check;
/* Index text of a number or time, ordered as the numbers are (20 digits, offset so that negatives sort first). */
SwStr sw_index_number(SwArena *a, int64_t v);

/* Counters: next value of a named sequence in the scope, from 1: revisions, build numbers. Never reused. */
int sw_doc_next(SwTx *tx, SwScope scope, SwStr sequence, int64_t *ret_v, SwError *err) sw_must_check;
