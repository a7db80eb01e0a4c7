/* SPDX-License-Identifier: Apache-2.0 */
/* Work items and events as rows; see work.h. */

#include "store/work.h"

#include "store/internal.h"

static SwStr text(SwStr s) {
    return s.p ? s : SW_STR("");
}

static void bind_key(SwSql *q, const char *controller, SwStr account, SwStr region, SwStr id) {
    sw_sql_str(q, 1, sw_str(controller));
    sw_sql_str(q, 2, text(account));
    sw_sql_str(q, 3, text(region));
    sw_sql_str(q, 4, text(id));
}

int sw_work_wake(SwTx *tx, const char *controller, SwStr account, SwStr region, SwStr id, SwTime at, int64_t *ret_wakes,
                 SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               "INSERT INTO work VALUES(?1, ?2, ?3, ?4, ?5, 1, 0, 0)"
               " ON CONFLICT DO UPDATE SET due=min(due, ?5), wakes=wakes+1, waiting=0"
               " RETURNING wakes",
               err) < 0)
        return -1;
    bind_key(&q, controller, account, region, id);
    sw_sql_int(&q, 5, at);
    bool row;
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    *ret_wakes = sqlite3_column_int64(q.stmt, 0);
    return sw_sql_run(tx, &q, err);
}

static int next_due(SwTx *tx, const char *controller, SwTime now, SwTime *ret_next, SwError *err) {
    _sw_sql_ SwSql q = {0};
    bool row;
    *ret_next = INT64_MAX;
    if (sw_sql(tx, &q, "SELECT due FROM work WHERE controller=?1 AND due>?2 ORDER BY due LIMIT 1", err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(controller));
    sw_sql_int(&q, 2, now);
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    if (row)
        *ret_next = sqlite3_column_int64(q.stmt, 0);
    return 0;
}

int sw_work_due(SwTx *tx, const char *controller, SwTime now, size_t limit, SwWorkList *ret, SwTime *ret_next, SwError *err) {
    _sw_sql_ SwSql q = {0};
    *ret = (SwWorkList){0};
    if (sw_sql(tx, &q,
               "SELECT account, region, id, due, wakes, attempts FROM work WHERE controller=?1 AND due<=?2"
               " ORDER BY due LIMIT ?3",
               err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(controller));
    sw_sql_int(&q, 2, now);
    sw_sql_int(&q, 3, (int64_t)limit);
    for (bool row = true;;) {
        if (sw_sql_step(tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            break;
        *(SwWork *)sw_list_add(tx->arena, ret) = (SwWork){.account = sw_sql_get(tx->arena, &q, 0),
                                                          .region = sw_sql_get(tx->arena, &q, 1),
                                                          .id = sw_sql_get(tx->arena, &q, 2),
                                                          .due = sqlite3_column_int64(q.stmt, 3),
                                                          .wakes = sqlite3_column_int64(q.stmt, 4),
                                                          .attempts = sqlite3_column_int64(q.stmt, 5)};
    }
    return next_due(tx, controller, now, ret_next, err);
}

/* The wakes of a row now; -1: there is no row (the store was emptied meanwhile). */
static int wakes_of(SwTx *tx, const char *controller, const SwWork *w, int64_t *ret_wakes, SwError *err) {
    _sw_sql_ SwSql q = {0};
    bool row;
    if (sw_sql(tx, &q, "SELECT wakes FROM work WHERE controller=?1 AND account=?2 AND region=?3 AND id=?4", err) < 0)
        return -1;
    bind_key(&q, controller, w->account, w->region, w->id);
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    *ret_wakes = row ? sqlite3_column_int64(q.stmt, 0) : -1;
    return 0;
}

int sw_work_end(SwTx *tx, const char *controller, const SwWork *w, const SwWorkEnd *e, SwTime *ret_due, SwError *err) {
    int64_t wakes;
    *ret_due = 0;
    if (wakes_of(tx, controller, w, &wakes, err) < 0)
        return -1;
    if (wakes < 0)
        return 0;
    bool woken = wakes != w->wakes;
    SwTime due = e->again;
    if (woken) {
        SwTime at = e->woken_count == wakes - w->wakes ? e->woken : e->now;
        due = due ? SW_MIN(due, at) : at;
    }
    *ret_due = due;
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               due ? "UPDATE work SET due=?5, attempts=?6, waiting=?7"
                     " WHERE controller=?1 AND account=?2 AND region=?3 AND id=?4"
                   : "DELETE FROM work WHERE controller=?1 AND account=?2 AND region=?3 AND id=?4",
               err) < 0)
        return -1;
    bind_key(&q, controller, w->account, w->region, w->id);
    if (due) {
        sw_sql_int(&q, 5, due);
        sw_sql_int(&q, 6, e->failed ? w->attempts + 1 : 0);
        sw_sql_int(&q, 7, e->waiting && !woken);
    }
    return sw_sql_run(tx, &q, err);
}

int sw_work_count(SwTx *tx, SwTime now, int64_t *ret_due, int64_t *ret_waiting, SwError *err) {
    _sw_sql_ SwSql q = {0};
    bool row;
    if (sw_sql(tx, &q, "SELECT coalesce(sum(due<=?1 AND NOT waiting), 0), coalesce(sum(waiting), 0) FROM work", err) < 0)
        return -1;
    sw_sql_int(&q, 1, now);
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    *ret_due = sqlite3_column_int64(q.stmt, 0);
    *ret_waiting = sqlite3_column_int64(q.stmt, 1);
    return 0;
}

int sw_events_append(SwTx *tx, const SwEventRow *e, int64_t *ret_seq, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               "INSERT INTO event(time, source, detail_type, account, region, bus, id, resources, detail)"
               " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
               err) < 0)
        return -1;
    sw_sql_int(&q, 1, e->time);
    const SwStr *const v[] = {&e->source, &e->detail_type, &e->account, &e->region, &e->bus, &e->id, &e->resources, &e->detail};
    for (size_t i = 0; i < SW_N(v); i++)
        sw_sql_str(&q, (int)i + 2, text(*v[i]));
    if (sw_sql_run(tx, &q, err) < 0)
        return -1;
    *ret_seq = sqlite3_last_insert_rowid(tx->conn->db);
    return 0;
}

static int run_due(SwTx *tx, const char *sql, const char *listener, int64_t seq, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, sql, err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(listener));
    sw_sql_int(&q, 2, seq);
    return sw_sql_run(tx, &q, err);
}

int sw_events_owe(SwTx *tx, const char *listener, int64_t seq, SwError *err) {
    return run_due(tx, "INSERT INTO event_due VALUES(?1, ?2)", listener, seq, err);
}

int sw_events_heard(SwTx *tx, const char *listener, int64_t seq, SwError *err) {
    return run_due(tx, "DELETE FROM event_due WHERE listener=?1 AND seq=?2", listener, seq, err);
}

int sw_events_due(SwTx *tx, const char *listener, size_t limit, size_t bytes, SwEventRows *ret, SwError *err) {
    SwArena *a = tx->arena;
    _sw_sql_ SwSql q = {0};
    *ret = (SwEventRows){0};
    if (sw_sql(tx, &q,
               "SELECT seq, time, source, detail_type, account, region, bus, id, resources, detail"
               " FROM event_due JOIN event USING(seq) WHERE listener=?1 ORDER BY seq LIMIT ?2",
               err) < 0)
        return -1;
    sw_sql_str(&q, 1, sw_str(listener));
    sw_sql_int(&q, 2, (int64_t)limit);
    bool row = true;
    for (size_t size = 0; size < bytes;) {
        if (sw_sql_step(tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            break;
        SwEventRow *e = sw_list_add(a, ret);
        *e = (SwEventRow){.seq = sqlite3_column_int64(q.stmt, 0),
                          .time = sqlite3_column_int64(q.stmt, 1),
                          .source = sw_sql_get(a, &q, 2),
                          .detail_type = sw_sql_get(a, &q, 3),
                          .account = sw_sql_get(a, &q, 4),
                          .region = sw_sql_get(a, &q, 5),
                          .bus = sw_sql_get(a, &q, 6),
                          .id = sw_sql_get(a, &q, 7),
                          .resources = sw_sql_get(a, &q, 8),
                          .detail = sw_sql_get(a, &q, 9)};
        size += e->detail.n + e->resources.n;
    }
    ret->more = row || ret->n == limit;
    return 0;
}

static int count(SwTx *tx, const char *sql, int64_t *ret_n, SwError *err) {
    _sw_sql_ SwSql q = {0};
    bool row;
    if (sw_sql(tx, &q, sql, err) < 0 || sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    *ret_n = sqlite3_column_int64(q.stmt, 0);
    return 0;
}

int sw_events_count_due(SwTx *tx, int64_t *ret_n, SwError *err) {
    return count(tx, "SELECT count(*) FROM event_due", ret_n, err);
}

int sw_events_count_kept(SwTx *tx, int64_t *ret_n, SwError *err) {
    return count(tx, "SELECT count(*) FROM event", ret_n, err);
}

int sw_events_trim(SwTx *tx, SwTime before, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, "DELETE FROM event WHERE time<?1 AND seq NOT IN (SELECT seq FROM event_due)", err) < 0)
        return -1;
    sw_sql_int(&q, 1, before);
    return sw_sql_run(tx, &q, err);
}
