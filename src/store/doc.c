/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: one row each, with the record as JSON and the index entries it has. */

#include "store/internal.h"

#define BODY_MAX (16 * SW_MIB)

static int too_large(const SwCollection *c, SwError *err) {
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, c->name, "The resource's description is too large to be stored.");
}

static int read_only(SwTx *tx, SwError *err) {
    tx->would_write = true;
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "store: a write in a read transaction",
                         "The store could not complete the request.");
}

static void bind_key(SwTx *tx, SwSql *q, const SwCollection *c, SwStr id) {
    sw_sql_str(q, 1, sw_str(c->name));
    sw_sql_str(q, 2, sw_scope_account(tx, c->scope));
    sw_sql_str(q, 3, sw_scope_region(tx, c->scope));
    sw_sql_str(q, 4, id.p ? id : SW_STR(""));
}

int sw_doc_find(SwTx *tx, const SwCollection *c, SwStr id, void **ret_record, SwError *err) {
    *ret_record = NULL;
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "SELECT body FROM document WHERE collection=?1 AND account=?2 AND region=?3 AND id=?4", err) < 0)
        return -1;
    bind_key(tx, &q, c, id);
    bool row;
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    if (!row)
        return 0;
    SwStr body = sw_sql_get(tx->arena, &q, 0); /* strings of the record may point into it */
    if (sw_shape_from_json(tx->arena, c->shape, body, ret_record, err) < 0)
        return sw_fail_wrap(err, "store: %s %.*s", c->name, SW_FMT(id));
    return 0;
}

static int old_keys(SwTx *tx, const SwCollection *c, SwStr id, SwStr *ret_keys, SwError *err) {
    _sw_sql_ SwSql q = {0};
    *ret_keys = SW_NO_STR;
    if (sw_sql(tx, &q, "SELECT keys FROM document WHERE collection=?1 AND account=?2 AND region=?3 AND id=?4", err) < 0)
        return -1;
    bind_key(tx, &q, c, id);
    bool row;
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    if (row)
        *ret_keys = sw_sql_get(tx->arena, &q, 0);
    return 0;
}

static int write_row(SwTx *tx, const SwCollection *c, SwStr id, SwStr body, SwStr keys, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               "INSERT INTO document VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
               " ON CONFLICT DO UPDATE SET body=excluded.body, keys=excluded.keys",
               err) < 0)
        return -1;
    bind_key(tx, &q, c, id);
    sw_sql_str(&q, 5, body);
    sw_sql_str(&q, 6, keys);
    return sw_sql_run(tx, &q, err);
}

/* *ret_taken: the id (when `fresh`) or a unique value is another's; nothing was written. */
static int put(SwTx *tx, const SwCollection *c, SwStr id, const void *record, bool fresh, bool *ret_taken, SwError *err) {
    if (tx->mode != SW_WRITE)
        return read_only(tx, err);
    SwStr old;
    if (old_keys(tx, c, id, &old, err) < 0)
        return -1;
    *ret_taken = fresh && old.p;
    if (*ret_taken)
        return 0;
    SwStr keys = sw_index_keys(tx->arena, c, record);
    SwBuf body = sw_buf(tx->arena, BODY_MAX);
    sw_shape_to_json(&body, c->shape, record);
    if (body.full || !keys.p)
        return too_large(c, err);
    if (sw_index_replace(tx, c, sw_scope_account(tx, c->scope), sw_scope_region(tx, c->scope), id, old, keys, ret_taken, err) <
        0)
        return -1;
    return *ret_taken ? 0 : write_row(tx, c, id, sw_buf_str(&body), keys, err);
}

int sw_doc_put(SwTx *tx, const SwCollection *c, SwStr id, const void *record, SwError *err) {
    bool taken = false;
    if (put(tx, c, id, record, false, &taken, err) < 0)
        return -1;
    if (!taken)
        return 0;
    sw_fail_cause(err, &SW_INTERNAL_FAILURE, "a unique index's value is taken", "The store could not complete the request.");
    return sw_fail_wrap(err, "store: %s %.*s", c->name, SW_FMT(id));
}

int sw_doc_insert(SwTx *tx, const SwCollection *c, SwStr id, const void *record, bool *ret_inserted, SwError *err) {
    bool taken = false;
    *ret_inserted = false;
    if (put(tx, c, id, record, true, &taken, err) < 0)
        return -1;
    *ret_inserted = !taken;
    return 0;
}

int sw_doc_delete(SwTx *tx, const SwCollection *c, SwStr id, bool *ret_existed, SwError *err) {
    if (ret_existed)
        *ret_existed = false;
    if (tx->mode != SW_WRITE)
        return read_only(tx, err);
    SwStr old;
    if (old_keys(tx, c, id, &old, err) < 0)
        return -1;
    if (!old.p)
        return 0;
    bool taken;
    if (sw_index_replace(tx, c, sw_scope_account(tx, c->scope), sw_scope_region(tx, c->scope), id, old, SW_STR(""), &taken,
                         err) < 0)
        return -1;
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "DELETE FROM document WHERE collection=?1 AND account=?2 AND region=?3 AND id=?4", err) < 0)
        return -1;
    bind_key(tx, &q, c, id);
    if (ret_existed)
        *ret_existed = true;
    return sw_sql_run(tx, &q, err);
}

int sw_doc_next(SwTx *tx, SwScope scope, SwStr sequence, int64_t *ret_v, SwError *err) {
    if (tx->mode != SW_WRITE)
        return read_only(tx, err);
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               "INSERT INTO sequence VALUES(?1, ?2, ?3, 1) ON CONFLICT DO UPDATE SET value=value+1"
               " RETURNING value",
               err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_scope_account(tx, scope));
    sw_sql_str(&q, 2, sw_scope_region(tx, scope));
    sw_sql_str(&q, 3, sequence);
    bool row;
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    *ret_v = sqlite3_column_int64(q.stmt, 0);
    return sw_sql_run(tx, &q, err);
}
