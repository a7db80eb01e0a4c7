/* SPDX-License-Identifier: Apache-2.0 */
/* Log events, ordered by (timestamp, sequence) within their group, and by an index within their stream: a page of either
 * costs what it returns. A few streams out of many are picked through the index and merged. */

#include "store/series.h"

#include "store/internal.h"

#include "base/time.h"

typedef enum Make { FIND, MAKE } Make;

static int name_id(SwTx *tx, const char *find, const char *insert, int64_t group, SwStr name, Make make, int64_t *ret_id,
                   SwError *err) {
    *ret_id = 0;
    const char *sql[] = {find, insert};
    for (int i = 0; i <= (make == MAKE); i++) {
        _sw_sql_ SwSql q = {0};
        bool row;
        if (sw_sql(tx, &q, sql[i], err) < 0)
            return -1;
        sw_sql_str(&q, 1, name);
        if (group)
            sw_sql_int(&q, 2, group);
        if (sw_sql_step(tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            continue;
        *ret_id = sqlite3_column_int64(q.stmt, 0);
        return sw_sql_run(tx, &q, err);
    }
    return 0;
}

static int group_id(SwTx *tx, SwStr name, Make make, int64_t *ret_id, SwError *err) {
    return name_id(tx, "SELECT id FROM log_group WHERE name=?1", "INSERT INTO log_group(name) VALUES(?1) RETURNING id", 0, name,
                   make, ret_id, err);
}

static int stream_id(SwTx *tx, int64_t group, SwStr name, Make make, int64_t *ret_id, SwError *err) {
    return name_id(tx, "SELECT id FROM log_stream WHERE name=?1 AND log_group=?2",
                   "INSERT INTO log_stream(name, log_group) VALUES(?1, ?2) RETURNING id", group, name, make, ret_id, err);
}

/* The first of n sequence numbers. */
static int take_sequence(SwTx *tx, size_t n, int64_t *ret_first, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q,
               "INSERT INTO sequence VALUES('', '', 'store/logs', ?1)"
               " ON CONFLICT DO UPDATE SET value=value+?1 RETURNING value",
               err) < 0)
        return -1;
    sw_sql_int(&q, 1, (int64_t)n);
    bool row;
    if (sw_sql_step(tx, &q, &row, err) < 0)
        return -1;
    *ret_first = sqlite3_column_int64(q.stmt, 0) - (int64_t)n + 1;
    return sw_sql_run(tx, &q, err);
}

int sw_logs_append(SwTx *tx, SwStr group, SwStr stream, const SwLogEvent *v, size_t n, SwError *err) {
    int64_t g, s, sequence;
    if (group_id(tx, group, MAKE, &g, err) < 0 || stream_id(tx, g, stream, MAKE, &s, err) < 0 ||
        take_sequence(tx, n, &sequence, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        _sw_sql_ SwSql q = {0};
        if (sw_sql(tx, &q, "INSERT INTO log_event VALUES(?1, ?2, ?3, ?4, ?5, ?6)", err) < 0)
            return -1;
        sw_sql_int(&q, 1, g);
        sw_sql_int(&q, 2, v[i].timestamp);
        sw_sql_int(&q, 3, sequence + (int64_t)i);
        sw_sql_int(&q, 4, s);
        sw_sql_int(&q, 5, v[i].ingested);
        sw_sql_str(&q, 6, v[i].message.p ? v[i].message : SW_STR(""));
        if (sw_sql_run(tx, &q, err) < 0)
            return -1;
    }
    return 0;
}

/* The streams as a JSON array of their ids; *ret_n those that exist. */
static int stream_ids(SwTx *tx, int64_t group, const SwLogQuery *q, SwStr *ret_json, size_t *ret_n, int64_t *ret_one,
                      SwError *err) {
    SwBuf b = sw_buf(tx->arena, SW_MIB);
    *ret_n = 0;
    sw_buf_addc(&b, '[');
    for (size_t i = 0; i < q->n_stream; i++) {
        int64_t id;
        if (stream_id(tx, group, q->stream[i], FIND, &id, err) < 0)
            return -1;
        if (!id)
            continue;
        sw_buf_addf(&b, "%s%lld", (*ret_n)++ ? "," : "", (long long)id);
        *ret_one = id;
    }
    sw_buf_addc(&b, ']');
    *ret_json = sw_buf_str(&b);
    return 0;
}

static const char *read_sql(SwArena *a, const SwLogQuery *q, size_t n_stream) {
    SwBuf b = sw_buf(a, 2048);
    sw_buf_addz(&b, "SELECT e.timestamp, e.sequence, e.ingested, e.message, s.name FROM log_event e"
                    " CROSS JOIN log_stream s ON s.id=e.stream WHERE ");
    sw_buf_addz(&b, !q->stream      ? "e.log_group=?1"
                    : n_stream == 1 ? "e.stream=?1"
                                    : "e.stream IN (SELECT value FROM json_each(?1))");
    sw_buf_addz(&b, " AND e.timestamp>=?2 AND e.timestamp<?3");
    if (q->after_sequence > 0)
        sw_buf_addf(&b, " AND (e.timestamp, e.sequence)%s(?4, ?5)", q->backward ? "<" : ">");
    sw_buf_addf(&b, " ORDER BY e.timestamp%s, e.sequence%s LIMIT ?6", q->backward ? " DESC" : "", q->backward ? " DESC" : "");
    return sw_buf_str(&b).p;
}

int sw_logs_read(SwTx *tx, const SwLogQuery *query, SwLogEventList *ret, SwError *err) {
    int64_t group, one = 0;
    SwStr ids = SW_NO_STR;
    size_t n_stream = 0;
    *ret = (SwLogEventList){0};
    if (group_id(tx, query->group, FIND, &group, err) < 0)
        return -1;
    if (!group)
        return 0;
    if (query->stream && stream_ids(tx, group, query, &ids, &n_stream, &one, err) < 0)
        return -1;
    if (query->stream && n_stream == 0)
        return 0;
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, read_sql(tx->arena, query, n_stream), err) < 0)
        return -1;
    if (query->stream && n_stream > 1)
        sw_sql_str(&q, 1, ids);
    else
        sw_sql_int(&q, 1, query->stream ? one : group);
    sw_sql_int(&q, 2, query->from);
    sw_sql_int(&q, 3, query->to ? query->to : INT64_MAX);
    if (query->after_sequence > 0) {
        sw_sql_int(&q, 4, query->after_time);
        sw_sql_int(&q, 5, query->after_sequence);
    }
    sw_sql_int(&q, 6, query->limit ? (int64_t)query->limit : -1);
    for (bool row = true;;) {
        if (sw_sql_step(tx, &q, &row, err) < 0)
            return -1;
        if (!row)
            return 0;
        *(SwLogEvent *)sw_list_add(tx->arena, ret) = (SwLogEvent){.timestamp = sqlite3_column_int64(q.stmt, 0),
                                                                  .sequence = sqlite3_column_int64(q.stmt, 1),
                                                                  .ingested = sqlite3_column_int64(q.stmt, 2),
                                                                  .message = sw_sql_get(tx->arena, &q, 3),
                                                                  .stream = sw_sql_get(tx->arena, &q, 4)};
    }
}

static int delete_where(SwTx *tx, const char *sql, int64_t id, SwTime before, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, sql, err) < 0)
        return -1;
    sw_sql_int(&q, 1, id);
    if (before)
        sw_sql_int(&q, 2, before);
    return sw_sql_run(tx, &q, err);
}

int sw_logs_delete(SwTx *tx, SwStr group, SwStr stream, SwTime before, SwError *err) {
    int64_t g, s = 0;
    if (group_id(tx, group, FIND, &g, err) < 0 || (g && stream.p && stream_id(tx, g, stream, FIND, &s, err) < 0))
        return -1;
    if (!g || (stream.p && !s))
        return 0;
    if (stream.p && before)
        return delete_where(tx, "DELETE FROM log_event WHERE stream=?1 AND timestamp<?2", s, before, err);
    if (before)
        return delete_where(tx, "DELETE FROM log_event WHERE log_group=?1 AND timestamp<?2", g, before, err);
    if (stream.p)
        return delete_where(tx, "DELETE FROM log_event WHERE stream=?1", s, 0, err) < 0
                   ? -1
                   : delete_where(tx, "DELETE FROM log_stream WHERE id=?1", s, 0, err);
    if (delete_where(tx, "DELETE FROM log_event WHERE log_group=?1", g, 0, err) < 0 ||
        delete_where(tx, "DELETE FROM log_stream WHERE log_group=?1", g, 0, err) < 0)
        return -1;
    return delete_where(tx, "DELETE FROM log_group WHERE id=?1", g, 0, err);
}
