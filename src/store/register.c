/* SPDX-License-Identifier: Apache-2.0 */
/* Collections are registered once the store is open: the declaration of each one's indexes is kept beside its rows, and
 * where it differs from the program's (a new version added an index) the whole collection is indexed anew, in one
 * transaction. */

#include "store/internal.h"

#define PAGE 200

static SwStr describe(SwArena *a, const SwCollection *c) {
    SwBuf b = sw_buf(a, 16 * SW_KIB);
    for (size_t i = 0; i < SW_INDEXES_MAX && c->indexes[i].name; i++) {
        const SwIndex *x = &c->indexes[i];
        sw_buf_addf(&b, "%s%s%s(", x->name, x->unique ? "!" : "", x->sparse ? "?" : "");
        for (int m = 0; m < 3 && x->member[m]; m++)
            sw_buf_addf(&b, "%s%s", m ? "," : "", x->member[m]);
        sw_buf_addz(&b, ");");
    }
    return sw_buf_str(&b);
}

typedef struct Row {
    SwStr account, region, id, body;
} Row;
typedef struct Rows {
    Row *v;
    size_t n;
} Rows;

static int next_page(SwTx *tx, SwArena *a, const SwCollection *c, const Row *after, Rows *ret, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               "SELECT account, region, id, body FROM document WHERE collection=?1"
               " AND (account, region, id)>(?2, ?3, ?4) ORDER BY account, region, id LIMIT ?5",
               err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(c->name));
    sw_sql_str(&q, 2, after->account);
    sw_sql_str(&q, 3, after->region);
    sw_sql_str(&q, 4, after->id);
    sw_sql_int(&q, 5, PAGE);
    for (bool row = true;;) {
        if (sw_sql_step(tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        *(Row *)sw_list_add(a, ret) =
            (Row){sw_sql_get(a, &q, 0), sw_sql_get(a, &q, 1), sw_sql_get(a, &q, 2), sw_sql_get(a, &q, 3)};
    }
}

static int index_row(SwTx *tx, SwArena *a, const SwCollection *c, const Row *r, SwError *err) {
    void *record;
    bool taken;
    if (sw_shape_from_json(a, c->shape, r->body, &record, err) < 0)
        return sw_fail_wrap(err, "store: indexing %s %.*s", c->name, SW_FMT(r->id));
    SwStr keys = sw_index_keys(a, c, record);
    if (sw_index_replace(tx, c, r->account, r->region, r->id, SW_STR(""), keys.p ? keys : SW_STR(""), &taken, err) < 0)
        return -1;
    if (taken) {
        sw_fail_cause(err, &SW_INTERNAL_FAILURE, "two records have one value of a unique index",
                      "The store could not complete the request.");
        return sw_fail_wrap(err, "store: indexing %s %.*s", c->name, SW_FMT(r->id));
    }
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "UPDATE document SET keys=?5 WHERE collection=?1 AND account=?2 AND region=?3 AND id=?4", err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(c->name));
    sw_sql_str(&q, 2, r->account);
    sw_sql_str(&q, 3, r->region);
    sw_sql_str(&q, 4, r->id);
    sw_sql_str(&q, 5, keys.p ? keys : SW_STR(""));
    return sw_sql_run(tx, &q, err);
}

static int reindex(SwTx *tx, const SwCollection *c, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "DELETE FROM document_index WHERE collection=?1", err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(c->name));
    if (sw_sql_run(tx, &q, err) < 0)
        return -1;
    _sw_arena_ SwArena *kept = sw_arena_new(0);
    _sw_arena_ SwArena *page = sw_arena_new(0);
    Row after = {SW_STR(""), SW_STR(""), SW_STR(""), SW_NO_STR};
    while (true) {
        Rows rows = {0};
        sw_arena_reset(page);
        if (next_page(tx, page, c, &after, &rows, err) < 0)
            return -1;
        for (size_t i = 0; i < rows.n; i++) {
            if (index_row(tx, page, c, &rows.v[i], err) < 0)
                return -1;
        }
        if (rows.n < PAGE)
            return 0;
        const Row *last = &rows.v[rows.n - 1];
        after = (Row){sw_str_dup(kept, last->account), sw_str_dup(kept, last->region), sw_str_dup(kept, last->id), SW_NO_STR};
    }
}

/* *ret_same: its rows are indexed as it declares. */
static int is_same(SwTx *tx, const SwCollection *c, SwStr declared, bool *ret_same, SwError *err) {
    _sw_sql_ SwSql q = {0};
    bool row;
    if (sw_sql(tx, &q, "SELECT indexes FROM collection WHERE name=?1", err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(c->name));
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    *ret_same = row && sw_str_eq(sw_sql_view(&q, 0), declared);
    return 0;
}

static int register_one(SwTx *tx, const SwCollection *c, SwError *err) {
    SwStr now = describe(tx->arena, c);
    bool same;
    if (is_same(tx, c, now, &same, err) < 0)
        return -1;
    if (same)
        return 0;
    if (!sw_tx_is_write(tx)) {
        tx->would_write = true;
        return 0;
    }
    if (reindex(tx, c, err) < 0)
        return -1;
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "INSERT INTO collection VALUES(?1, ?2) ON CONFLICT DO UPDATE SET indexes=excluded.indexes", err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(c->name));
    sw_sql_str(&q, 2, now);
    return sw_sql_run(tx, &q, err);
}

static int register_all(SwStore *s, SwTxMode mode, const SwCollection *const *c, bool *ret_more, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    _sw_tx_ SwTx *tx = NULL;
    if (sw_tx_begin(s, a, mode, SW_STR(""), SW_STR(""), &tx, err) < 0)
        return -1;
    for (; *c; c++) {
        if (register_one(tx, *c, err) < 0)
            return -1;
    }
    *ret_more = sw_tx_would_write(tx);
    return sw_tx_commit(&tx, err);
}

/* Most starts find all of it as it was, and write nothing. */
int sw_store_register(SwStore *s, const SwCollection *const *c, SwError *err) {
    bool more;
    if (register_all(s, SW_READ, c, &more, err) < 0)
        return -1;
    return more ? register_all(s, SW_WRITE, c, &more, err) : 0;
}
