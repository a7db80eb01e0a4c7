/* SPDX-License-Identifier: Apache-2.0 */
/* The store's tables, as numbered migrations. PRAGMA user_version counts those that were done. A migration, once
 * released, is never changed: the next change is a new one at the end. A store whose number is above ours was written
 * by a newer program and is left alone. */

#include "store/internal.h"

#include <stdio.h>

static const char *const migrations[] = {
    /* 1: documents and their indexes, sequences, blob references, series, logs, work, events */
    "CREATE TABLE collection(name TEXT PRIMARY KEY, indexes TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    /* keys: the index entries that this row has, see index.c */
    "CREATE TABLE document(collection TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL,"
    " body TEXT NOT NULL, keys TEXT NOT NULL, PRIMARY KEY(collection, account, region, id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE document_index(collection TEXT NOT NULL, name TEXT NOT NULL, account TEXT NOT NULL,"
    " region TEXT NOT NULL, v0 TEXT NOT NULL, v1 TEXT NOT NULL, v2 TEXT NOT NULL, id TEXT NOT NULL,"
    " PRIMARY KEY(collection, name, account, region, v0, v1, v2, id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sequence(account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,"
    " PRIMARY KEY(account, region, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE blob_reference(digest TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY(digest, owner))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    /* samples: pairs of doubles (value, count), ascending; NULL when they are not known */
    "CREATE TABLE series_bucket(series INTEGER NOT NULL, resolution INTEGER NOT NULL, start INTEGER NOT NULL,"
    " count REAL NOT NULL, sum REAL NOT NULL, min REAL NOT NULL, max REAL NOT NULL, samples BLOB,"
    " PRIMARY KEY(series, resolution, start)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE log_group(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE log_stream(id INTEGER PRIMARY KEY, log_group INTEGER NOT NULL, name TEXT NOT NULL,"
    " UNIQUE(log_group, name)) STRICT;"
    "CREATE TABLE log_event(log_group INTEGER NOT NULL, timestamp INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " stream INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL,"
    " PRIMARY KEY(log_group, timestamp, sequence)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX log_event_by_stream ON log_event(stream, timestamp, sequence);"
    "CREATE TABLE work(controller TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL,"
    " due INTEGER NOT NULL, wakes INTEGER NOT NULL, attempts INTEGER NOT NULL, waiting INTEGER NOT NULL,"
    " PRIMARY KEY(controller, account, region, id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX work_by_due ON work(controller, due);"
    "CREATE TABLE event(seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, source TEXT NOT NULL,"
    " detail_type TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, bus TEXT NOT NULL, id TEXT NOT NULL,"
    " resources TEXT NOT NULL, detail TEXT NOT NULL) STRICT;"
    "CREATE TABLE listener(name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
    /* 2: which store this is, and how often it was opened: identity.c */
    "CREATE TABLE identity(one INTEGER PRIMARY KEY CHECK(one=1), name TEXT NOT NULL, opens INTEGER NOT NULL) STRICT;",
    /* 3: messages in flight of queues are counted by a key of their own; those that were received before have none yet */
    "UPDATE document SET body=json_set(body,'$.leaseKey',json_extract(body,'$.visibleKey'))"
    " WHERE collection='sqs/message' AND json_extract(body,'$.receives')>0;",
    /* 4: pipelines are found by the repositories of their source actions */
    "UPDATE document SET body=json_set(body,'$.repositories',(SELECT json_group_array(DISTINCT"
    " json_extract(a.value,'$.configuration.RepositoryName'))"
    " FROM json_each(document.body,'$.declaration.stages[0].actions') a"
    " WHERE json_extract(a.value,'$.actionTypeId.provider')='CodeCommit'"
    " AND json_extract(a.value,'$.configuration.RepositoryName') IS NOT NULL))"
    " WHERE collection='codepipeline/pipeline';",
    /* 5: FIFO queues find groups by their first messages; of what is there any may be the first */
    "UPDATE document SET body=json_set(body,'$.headKey',json_extract(body,'$.visibleKey'))"
    " WHERE collection='sqs/message' AND json_extract(body,'$.deduplication') IS NOT NULL;",
    /* 6: each event says whom it is still due to, in place of how far each listener has come */
    "CREATE TABLE event_due(listener TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(listener, seq)) STRICT, WITHOUT ROWID;"
    "INSERT INTO event_due SELECT l.name, e.seq FROM listener l JOIN event e ON e.seq>l.position;"
    "DROP TABLE listener;",
    /* 7: messages are named by queue and order of sending, which ascends; before, by their random ids. Their indexes are
     * declared otherwise since then, and made anew */
    "UPDATE document SET id=json_extract(body,'$.queue')||'/'||json_extract(body,'$.sentKey')"
    " WHERE collection='sqs/message' AND json_extract(body,'$.sentKey') IS NOT NULL;",
};

/* `collection` says how to read the rest: it stays; so does `identity`. */
static const char clear_all[] =
    "DELETE FROM document; DELETE FROM document_index; DELETE FROM sequence; DELETE FROM blob_reference;"
    "DELETE FROM series; DELETE FROM series_bucket; DELETE FROM log_group; DELETE FROM log_stream;"
    "DELETE FROM log_event; DELETE FROM work; DELETE FROM event; DELETE FROM event_due;";

int sw_store_clear(SwConn *c, SwError *err) {
    return sw_sql_exec(c, clear_all, err);
}

static int version_of(SwConn *c, int64_t *ret_version, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql_on(c, &q, "PRAGMA user_version", err) < 0)
        return -1;
    if (sqlite3_step(q.stmt) != SQLITE_ROW)
        return sw_sql_fail(c, "reading the schema's version", err);
    *ret_version = sqlite3_column_int64(q.stmt, 0);
    return 0;
}

/* In the caller's transaction. */
static int migrate_all(SwConn *c, size_t from, SwError *err) {
    char version[64];
    for (size_t n = from; n < SW_N(migrations); n++)
        if (sw_sql_exec(c, migrations[n], err) < 0)
            return -1;
    snprintf(version, sizeof(version), "PRAGMA user_version=%zu", SW_N(migrations));
    return sw_sql_exec(c, version, err);
}

int sw_store_migrate(SwStore *s, SwError *err) {
    int64_t version;
    if (version_of(s->writer, &version, err) < 0)
        return -1;
    if (version > (int64_t)SW_N(migrations))
        return sw_fail(err, &SW_INTERNAL_FAILURE,
                       "The store in %s was written by a newer Slipway (schema %lld; this program knows up to %d). "
                       "Run the newer program, or choose another data folder.",
                       s->dir, (long long)version, (int)SW_N(migrations));
    if (version == (int64_t)SW_N(migrations))
        return 0;
    if (migrate_all(s->writer, (size_t)version, err) < 0)
        return -1;
    SW_CRASH_POINT("store.migrate.before_commit");
    return 0;
}
