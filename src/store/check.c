/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what is stored agrees with itself. Most of it is a query that should have no row; documents are read one by
 * one, as only their shapes tell what their index entries should be. */

#include "store/check.h"

#include <unistd.h>

#include "base/digest.h"
#include "store/internal.h"

#define CHUNK (256 * SW_KIB)

typedef struct Check {
    SwTx *tx;
    SwBlobs *blobs;
    const SwStoreKnown *known;
    SwStrList *found;
} Check;

#define FOUND(k, ...) sw_str_list_add((k)->tx->arena, (k)->found, sw_strf((k)->tx->arena, __VA_ARGS__))

/* --- queries that should find nothing ------------------------------------------------------------------------------ */

/* Each row's one text is a finding. */
static const char *const wrong[] = {
    "SELECT 'the database: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check<>'ok'",
    "SELECT 'an entry of index ' || i.collection || ' ' || i.name || ' for ' || i.id || ' has no document'"
    " FROM document_index i LEFT JOIN document d"
    " ON d.collection=i.collection AND d.account=i.account AND d.region=i.region AND d.id=i.id WHERE d.id IS NULL",
    "SELECT 'listener ' || listener || ' waits for event ' || seq || ', which there is not' FROM event_due"
    " WHERE seq NOT IN (SELECT seq FROM event)",
    "SELECT 'a bucket has no series ' || series FROM series_bucket WHERE series NOT IN (SELECT id FROM series)",
    "SELECT 'a log event has no stream ' || stream FROM log_event e WHERE NOT EXISTS"
    " (SELECT 1 FROM log_stream s WHERE s.id=e.stream AND s.log_group=e.log_group)",
    "SELECT 'log stream ' || name || ' has no group' FROM log_stream WHERE log_group NOT IN (SELECT id FROM log_group)",
};

static int ask(Check *k, const char *sql, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(k->tx, &q, sql, err) < 0)
        return -1;
    for (bool row = true;;) {
        if (sw_sql_step(k->tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        SwStr text = sw_sql_view(&q, 0);
        FOUND(k, "%.*s", SW_FMT(text));
    }
}

/* --- names that the program knows ------------------------------------------------------------------------------------ */

static bool has_name(const char *const *names, SwStr name) {
    for (; *names; names++)
        if (sw_str_eqz(name, *names))
            return true;
    return false;
}

/* sql: names, each of which must be among `names`. */
static int check_names(Check *k, const char *sql, const char *what, const char *const *names, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(k->tx, &q, sql, err) < 0)
        return -1;
    for (bool row = true;;) {
        if (sw_sql_step(k->tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        SwStr name = sw_sql_view(&q, 0);
        if (!has_name(names, name))
            FOUND(k, "%s %.*s, which nobody knows", what, SW_FMT(name));
    }
}

/* --- documents ------------------------------------------------------------------------------------------------------- */

/* The row that q is at. page: memory for this row. */
static int check_document(Check *k, SwArena *page, SwSql *q, const SwCollection *c, int64_t *entries, SwError *err) {
    SwStr account = sw_sql_get(page, q, 0), region = sw_sql_get(page, q, 1), id = sw_sql_get(page, q, 2);
    SwStr body = sw_sql_get(page, q, 3), kept = sw_sql_get(page, q, 4);
    SwError bad = sw_error(page);
    void *record;
    bool all;
    int64_t n;
    if (sw_shape_from_json(page, c->shape, body, &record, &bad) < 0) {
        FOUND(k, "%s %.*s cannot be read: %s", c->name, SW_FMT(id), bad.message);
        return 0;
    }
    SwStr keys = sw_index_keys(page, c, record);
    if (!sw_str_eq(keys, kept))
        FOUND(k, "%s %.*s keeps other index entries than its record has", c->name, SW_FMT(id));
    if (sw_index_has(k->tx, c, account, region, id, kept, &all, &n, err) < 0)
        return -1;
    if (!all)
        FOUND(k, "%s %.*s is missing in an index", c->name, SW_FMT(id));
    *entries += n;
    return 0;
}

static int count_entries(Check *k, const SwCollection *c, int64_t expected, SwError *err) {
    _sw_sql_ SwSql q = {0};
    bool row;
    if (sw_sql(k->tx, &q, "SELECT count(*) FROM document_index WHERE collection=?1", err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(c->name));
    if (sw_sql_step(k->tx, &q, &row, err) < 0)
        return -1;
    int64_t n = sqlite3_column_int64(q.stmt, 0);
    if (n != expected)
        FOUND(k, "%s has %lld index rows and should have %lld", c->name, (long long)n, (long long)expected);
    return 0;
}

/* No two documents of a scope with one value. A record that has none of the members does not count. */
static int check_unique(Check *k, const SwCollection *c, const SwIndex *x, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(k->tx, &q,
               "SELECT v0, count(DISTINCT id) FROM document_index WHERE collection=?1 AND name=?2"
               " AND v0||v1||v2<>'' GROUP BY account, region, v0, v1, v2 HAVING count(DISTINCT id)>1",
               err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(c->name));
    sw_sql_str(&q, 2, sw_str(x->name));
    for (bool row = true;;) {
        if (sw_sql_step(k->tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        SwStr key = sw_sql_view(&q, 0);
        FOUND(k, "%s has %.*s more than once in its unique index %s", c->name, SW_FMT(key), x->name);
    }
}

static int check_collection(Check *k, const SwCollection *c, SwError *err) {
    _sw_arena_ SwArena *page = sw_arena_new(0);
    int64_t entries = 0;
    {
        _sw_sql_ SwSql q = {0};
        if (sw_sql(k->tx, &q, "SELECT account, region, id, body, keys FROM document WHERE collection=?1", err) < 0)
            return -1;
        sw_sql_str(&q, 1, sw_str(c->name));
        for (bool row = true;;) {
            if (sw_sql_step(k->tx, &q, &row, err) < 0)
                return -1;
            if (!row)
                break;
            if (check_document(k, page, &q, c, &entries, err) < 0)
                return -1;
            sw_arena_reset(page);
        }
    }
    for (size_t i = 0; i < SW_INDEXES_MAX && c->indexes[i].name; i++)
        if (c->indexes[i].unique && check_unique(k, c, &c->indexes[i], err) < 0)
            return -1;
    return count_entries(k, c, entries, err);
}

/* --- blobs ------------------------------------------------------------------------------------------------------------ */

static bool has_digest(int fd, SwStr digest) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwDigest *d = sw_digest_new(a, SW_SHA256);
    uint8_t *chunk = sw_arena_alloc(a, CHUNK), out[SW_DIGEST_BYTES_MAX];
    for (ssize_t n; (n = read(fd, chunk, CHUNK)) != 0;) {
        if (n < 0)
            return false;
        sw_digest_add(d, chunk, (size_t)n);
    }
    return sw_str_eq(sw_hex(a, out, sw_digest_end(d, out)), digest);
}

static int check_blobs(Check *k, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(k->tx, &q, "SELECT digest, min(owner) FROM blob_reference GROUP BY digest", err) < 0)
        return -1;
    for (bool row = true;;) {
        if (sw_sql_step(k->tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        SwStr digest = sw_sql_get(k->tx->arena, &q, 0), owner = sw_sql_view(&q, 1);
        int64_t size;
        _sw_close_ int fd = -1;
        if (sw_blob_open(k->blobs, digest, &fd, &size, err) < 0)
            return -1;
        if (fd < 0)
            FOUND(k, "blob %.*s of %.*s is not there", SW_FMT(digest), SW_FMT(owner));
        else if (!has_digest(fd, digest))
            FOUND(k, "blob %.*s of %.*s has other bytes", SW_FMT(digest), SW_FMT(owner));
    }
}

/* ---------------------------------------------------------------------------------------------------------------------- */

int sw_store_check(SwTx *tx, SwBlobs *b, const SwStoreKnown *known, SwStrList *ret_findings, SwError *err) {
    Check k = {.tx = tx, .blobs = b, .known = known, .found = ret_findings};
    SwArena *a = tx->arena;
    size_t n = 0;
    *ret_findings = (SwStrList){0};
    while (known->collections[n])
        n++;
    const char **names = sw_new_n(a, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = known->collections[i]->name;
    for (size_t i = 0; i < SW_N(wrong); i++)
        if (ask(&k, wrong[i], err) < 0)
            return -1;
    if (check_names(&k, "SELECT DISTINCT collection FROM document", "a document is of", names, err) < 0 ||
        check_names(&k, "SELECT DISTINCT controller FROM work", "work is for", known->controllers, err) < 0 ||
        check_names(&k, "SELECT DISTINCT listener FROM event_due", "events wait for", known->listeners, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (check_collection(&k, known->collections[i], err) < 0)
            return -1;
    return check_blobs(&k, err);
}
