/* SPDX-License-Identifier: Apache-2.0 */
/* Listing documents: one query text per form of question (few dozens, all kept prepared), in the order of the primary
 * key that serves it, so that a page costs what it returns. A cursor is the key of the last row of a page. */

#include "store/internal.h"

#include <stdio.h>

#include "base/digest.h"

typedef struct Columns { /* ordering columns after what is fixed, in order */
    const char *name[6];
    size_t n, first_free; /* name[first_free] is the member that prefix, from, below speak of */
} Columns;

/* Parameters are numbered: 1 collection, 2 index, 3 account, 4 region, 5-7 equals, 8 from, 9 below, 10-15 cursor, 16 limit. */
enum { P_EQUALS = 5, P_FROM = 8, P_BELOW = 9, P_CURSOR = 10, P_LIMIT = 16 };

static size_t count_equals(const SwDocQuery *q) {
    size_t n = 0;
    while (q->index && n < 3 && q->equals[n].p)
        n++;
    return n;
}

static Columns columns_of(const SwDocQuery *q) {
    static const char *const by_index[] = {"i.v0", "i.v1", "i.v2"};
    Columns k = {0};
    if (q->any_scope) {
        k.name[k.n++] = "i.account";
        k.name[k.n++] = "i.region";
    }
    k.first_free = k.n;
    for (size_t i = count_equals(q); q->index && i < 3; i++)
        k.name[k.n++] = by_index[i];
    k.name[k.n++] = "i.id";
    return k;
}

/* The smallest text above all that begin with `prefix`; absent when there is none. */
static SwStr above_prefix(SwArena *a, SwStr prefix) {
    size_t n = prefix.n;
    while (n > 0 && (uint8_t)prefix.p[n - 1] == 0xff)
        n--;
    if (n == 0)
        return SW_NO_STR;
    char *p = sw_arena_alloc(a, n + 1);
    memcpy(p, prefix.p, n);
    p[n - 1] = (char)((uint8_t)p[n - 1] + 1);
    return sw_str_n(p, n);
}

typedef struct Plan {
    SwStr from, below;
    SwStr cursor[6];
    Columns k;
} Plan;

static int make_plan(SwTx *tx, const SwDocQuery *q, Plan *ret, SwError *err) {
    SwArena *a = tx->arena;
    *ret = (Plan){.from = q->from, .below = q->below, .k = columns_of(q)};
    if (sw_str_is(q->prefix)) {
        SwStr above = above_prefix(a, q->prefix);
        if (!ret->from.p || sw_str_cmp(ret->from, q->prefix) < 0)
            ret->from = q->prefix;
        if (above.p && (!ret->below.p || sw_str_cmp(above, ret->below) < 0))
            ret->below = above;
    }
    if (!q->after.p)
        return 0;
    SwStr rest;
    bool good = sw_unbase64url(a, q->after, &rest);
    for (size_t i = 0; good && i < ret->k.n; i++)
        good = sw_pack_next(&rest, &ret->cursor[i]);
    if (good && rest.n == 0)
        return 0;
    return sw_fail(err, &SW_VALIDATION_EXCEPTION, "The specified pagination token is not valid.");
}

static void add_where(SwBuf *b, const SwDocQuery *q, const Plan *p) {
    const char *subject = p->k.name[p->k.first_free];
    sw_buf_addz(b, q->index ? " WHERE i.collection=?1 AND i.name=?2" : " WHERE i.collection=?1");
    if (!q->any_scope)
        sw_buf_addz(b, " AND i.account=?3 AND i.region=?4");
    for (size_t i = 0; i < count_equals(q); i++)
        sw_buf_addf(b, " AND i.v%zu=?%zu", i, P_EQUALS + i);
    if (p->from.p)
        sw_buf_addf(b, " AND %s>=?%d", subject, P_FROM);
    if (p->below.p)
        sw_buf_addf(b, " AND %s<?%d", subject, P_BELOW);
    if (!q->after.p)
        return;
    for (size_t i = 0; i < p->k.n; i++)
        sw_buf_addf(b, "%s%s", i ? "," : " AND (", p->k.name[i]);
    for (size_t i = 0; i < p->k.n; i++)
        sw_buf_addf(b, "%s?%zu", i ? "," : q->descending ? ")<(" : ")>(", P_CURSOR + i);
    sw_buf_addz(b, ")");
}

static const char *list_sql(SwArena *a, const SwDocQuery *q, const Plan *p) {
    SwBuf b = sw_buf(a, 4096);
    sw_buf_addz(&b, q->index ? "SELECT i.id, i.account, i.region, d.body, i.v0, i.v1, i.v2 FROM document_index i"
                               " CROSS JOIN document d ON d.collection=i.collection AND d.account=i.account"
                               " AND d.region=i.region AND d.id=i.id"
                             : "SELECT i.id, i.account, i.region, i.body FROM document i");
    add_where(&b, q, p);
    for (size_t i = 0; i < p->k.n; i++)
        sw_buf_addf(&b, "%s%s%s", i ? ", " : " ORDER BY ", p->k.name[i], q->descending ? " DESC" : "");
    sw_buf_addf(&b, " LIMIT ?%d", P_LIMIT);
    return sw_buf_str(&b).p;
}

/* SQLite refuses a binding for a number that the text does not have; it is not an error here. */
static void bind(SwTx *tx, SwSql *s, const SwCollection *c, const SwDocQuery *q, const Plan *p) {
    sw_sql_str(s, 1, sw_str(c->name));
    if (q->index)
        sw_sql_str(s, 2, sw_str(q->index));
    if (!q->any_scope) {
        sw_sql_str(s, 3, sw_scope_account(tx, c->scope));
        sw_sql_str(s, 4, sw_scope_region(tx, c->scope));
    }
    for (size_t i = 0; i < count_equals(q); i++)
        sw_sql_str(s, P_EQUALS + (int)i, q->equals[i]);
    if (p->from.p)
        sw_sql_str(s, P_FROM, p->from);
    if (p->below.p)
        sw_sql_str(s, P_BELOW, p->below);
    for (size_t i = 0; q->after.p && i < p->k.n; i++)
        sw_sql_str(s, P_CURSOR + (int)i, p->cursor[i]);
}

static SwStr cursor_of(SwArena *a, const SwDocQuery *q, const SwDocRow *row, const SwStr value[3]) {
    SwBuf b = sw_buf(a, 64 * SW_KIB);
    if (q->any_scope) {
        sw_pack_add(&b, row->account);
        sw_pack_add(&b, row->region);
    }
    for (size_t i = count_equals(q); q->index && i < 3; i++)
        sw_pack_add(&b, value[i]);
    sw_pack_add(&b, row->id);
    return sw_base64url(a, sw_buf_str(&b));
}

static int check_index(const SwCollection *c, const char *index, SwError *err) {
    for (size_t i = 0; i < SW_INDEXES_MAX && index && c->indexes[i].name; i++) {
        if (strcmp(c->indexes[i].name, index) == 0)
            return 0;
    }
    if (!index)
        return 0;
    sw_fail_cause(err, &SW_INTERNAL_FAILURE, index, "The store could not complete the request.");
    return sw_fail_wrap(err, "store: %s has no index", c->name);
}

/* Behind all rows that have the same value as the one whose cursor this is: a cursor begins with it. */
static int pass_over(SwTx *tx, SwStr cursor, SwDocQuery *q, SwError *err) {
    SwStr rest, value;
    if (!sw_unbase64url(tx->arena, cursor, &rest) || !sw_pack_next(&rest, &value))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "The specified pagination token is not valid.");
    if (q->descending)
        q->below = value;
    else
        q->from = sw_str_n(sw_str_dup(tx->arena, value).p, value.n + 1); /* with the NUL: the smallest that is above */
    return 0;
}

static int list_distinct(SwTx *tx, const SwCollection *c, const SwDocQuery *q, SwDocList *ret_l, SwError *err) {
    SwDocQuery one = *q;
    SwDocList l;
    one.distinct = false;
    one.cursors = true;
    one.limit = 1;
    one.after = SW_NO_STR;
    if (q->after.p && pass_over(tx, q->after, &one, err) < 0)
        return -1;
    while (true) {
        if (sw_doc_list(tx, c, &one, &l, err) < 0)
            return -1;
        if (!l.n)
            return 0;
        if (q->limit && ret_l->n == q->limit) {
            ret_l->next = ret_l->v[ret_l->n - 1].cursor;
            return 0;
        }
        *(SwDocRow *)sw_list_add(tx->arena, ret_l) = l.v[0];
        if (pass_over(tx, l.v[0].cursor, &one, err) < 0)
            return -1;
    }
}

int sw_doc_list(SwTx *tx, const SwCollection *c, const SwDocQuery *q, SwDocList *ret_l, SwError *err) {
    SwArena *a = tx->arena;
    Plan p;
    *ret_l = (SwDocList){0};
    if (q->distinct)
        return list_distinct(tx, c, q, ret_l, err);
    if (check_index(c, q->index, err) < 0 || make_plan(tx, q, &p, err) < 0)
        return -1;
    _sw_sql_ SwSql s = {0};
    if (sw_sql(tx, &s, list_sql(a, q, &p), err) < 0)
        return -1;
    bind(tx, &s, c, q, &p);
    sw_sql_int(&s, P_LIMIT, q->limit ? (int64_t)q->limit + 1 : -1);
    SwStr value[3] = {0};
    bool more;
    while (true) {
        if (sw_sql_step(tx, &s, &more, err) < 0)
            return -1;
        if (!more || (q->limit && ret_l->n == q->limit))
            break;
        SwDocRow *row = sw_list_add(a, ret_l);
        *row = (SwDocRow){.id = sw_sql_get(a, &s, 0), .account = sw_sql_get(a, &s, 1), .region = sw_sql_get(a, &s, 2)};
        bool last = q->limit && ret_l->n == q->limit;
        for (int i = 0; (last || q->cursors) && q->index && i < 3; i++)
            value[i] = sw_sql_get(a, &s, 4 + i);
        if (q->cursors)
            row->cursor = cursor_of(a, q, row, value);
        if (sw_shape_from_json(a, c->shape, sw_sql_get(a, &s, 3), &row->record, err) < 0)
            return sw_fail_wrap(err, "store: %s %.*s", c->name, SW_FMT(row->id));
    }
    if (more)
        ret_l->next = cursor_of(a, q, &ret_l->v[ret_l->n - 1], value);
    return 0;
}

int sw_doc_count(SwTx *tx, const SwCollection *c, const SwDocQuery *q, int64_t *ret_n, SwError *err) {
    Plan p;
    if (check_index(c, q->index, err) < 0 || make_plan(tx, q, &p, err) < 0)
        return -1;
    SwBuf b = sw_buf(tx->arena, 4096);
    sw_buf_addf(&b, "SELECT count(*) FROM (SELECT 1 FROM %s i", q->index ? "document_index" : "document");
    add_where(&b, q, &p);
    sw_buf_addf(&b, " LIMIT ?%d)", P_LIMIT);
    _sw_sql_ SwSql s = {0};
    if (sw_sql(tx, &s, sw_buf_str(&b).p, err) < 0)
        return -1;
    bind(tx, &s, c, q, &p);
    sw_sql_int(&s, P_LIMIT, q->limit ? (int64_t)q->limit : -1);
    bool row;
    if (sw_sql_step(tx, &s, &row, err) < 0)
        return -1;
    *ret_n = sqlite3_column_int64(s.stmt, 0);
    return 0;
}

int sw_doc_delete_all(SwTx *tx, const SwCollection *c, const SwDocQuery *q, SwError *err) {
    SwDocList l;
    if (sw_doc_list(tx, c, q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (sw_doc_delete(tx, c, l.v[i].id, NULL, err) < 0)
            return -1;
    return 0;
}
