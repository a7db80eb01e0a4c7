/* SPDX-License-Identifier: Apache-2.0 */
/* Secondary indexes. The entries of a record are computed from its shape; the document's row keeps them as one text,
 * so that an update writes only those that changed, and never has to read the old record's body.
 *
 * keys: for each entry the index's name and its three values, each packed as LENGTH:BYTES. A member that is absent
 * gives "", or no entry in a sparse index. A member that is a list (or lies in one) gives an entry for each element; an empty
 * list one with "". */

#include "store/internal.h"

#include <stdio.h>

#define KEYS_MAX    (256 * SW_KIB)
#define ENTRIES_MAX 1024 /* of one record in one index */

typedef struct Values {
    SwStr *v;
    size_t n;
} Values;

void sw_pack_add(SwBuf *b, SwStr s) {
    sw_buf_addf(b, "%zu:", s.n);
    sw_buf_adds(b, s);
}

bool sw_pack_next(SwStr *rest, SwStr *ret_s) {
    SwStr r = *rest, head;
    uint64_t n;
    if (!sw_str_cut(&r, ':', &head) || !sw_str_to_u64(head, &n) || n > r.n)
        return false;
    *ret_s = sw_str_n(r.p, n);
    *rest = sw_str_skip(r, n);
    return true;
}

SwStr sw_index_number(SwArena *a, int64_t v) {
    return sw_strf(a, "%020llu", (unsigned long long)((uint64_t)v ^ (UINT64_C(1) << 63)));
}

SwStr sw_scope_account(const SwTx *tx, SwScope scope) {
    return scope == SW_SCOPE_GLOBAL || !tx->account.p ? SW_STR("") : tx->account;
}

SwStr sw_scope_region(const SwTx *tx, SwScope scope) {
    return scope != SW_SCOPE_REGION || !tx->region.p ? SW_STR("") : tx->region;
}

/* --- extraction --------------------------------------------------------------------------------------------------- */

static void collect(SwArena *a, const SwShape *s, const void *v, SwStr path, Values *ret);

/* Doubles ordered as text: sign bit flipped for positives, all bits for negatives. */
static SwStr double_key(SwArena *a, double d) {
    uint64_t u;
    memcpy(&u, &d, sizeof(u));
    u = u >> 63 ? ~u : u | (UINT64_C(1) << 63);
    return sw_strf(a, "%016llx", (unsigned long long)u);
}

static void collect_member(SwArena *a, const SwShape *s, const void *v, SwStr path, Values *ret) {
    SwStr name = path, rest = SW_NO_STR;
    size_t dot;
    if (sw_str_find(path, '.', &dot)) {
        name = sw_str_n(path.p, dot);
        rest = sw_str_skip(path, dot + 1);
    }
    const SwMember *m = sw_shape_member(s, name);
    if (SW_NEVER(!m))
        return;
    const void *at = sw_member_at(m, v);
    if (at)
        collect(a, m->shape, at, rest, ret);
}

static void collect_list(SwArena *a, const SwShape *s, const void *v, SwStr path, Values *ret) {
    const struct {
        const char *v;
        size_t n;
    } *list = v;
    const SwShape *element = s->member[0].shape;
    for (size_t i = 0; i < list->n && ret->n < ENTRIES_MAX; i++)
        collect(a, element, list->v + i * element->size, path, ret);
}

/* v: the value as a list's element lies; scalars with their `set` before or after make no difference to reading. */
static void collect(SwArena *a, const SwShape *s, const void *v, SwStr path, Values *ret) {
    switch (s->kind) {
    case SW_STRUCTURE:
    case SW_UNION: collect_member(a, s, v, path, ret); return;
    case SW_LIST: collect_list(a, s, v, path, ret); return;
    case SW_STRING:
        if (((const SwStr *)v)->p)
            *(SwStr *)sw_list_add(a, ret) = *(const SwStr *)v;
        return;
    case SW_BOOLEAN: *(SwStr *)sw_list_add(a, ret) = ((const SwOptBool *)v)->v ? SW_STR("true") : SW_STR("false"); return;
    case SW_INTEGER:
    case SW_LONG: *(SwStr *)sw_list_add(a, ret) = sw_index_number(a, ((const SwOptInt *)v)->v); return;
    case SW_TIMESTAMP: *(SwStr *)sw_list_add(a, ret) = sw_index_number(a, ((const SwOptTime *)v)->v); return;
    case SW_FLOAT:
    case SW_DOUBLE: *(SwStr *)sw_list_add(a, ret) = double_key(a, ((const SwOptDouble *)v)->v); return;
    case SW_BLOB:
    case SW_DOCUMENT:
    case SW_STREAM:
    case SW_MAP:
    case _SW_KIND_MAX:
        (void)SW_NEVER(true); /* an index on what has no order */
        return;
    }
}

static void add_entries(SwArena *a, SwBuf *keys, const SwIndex *x, const SwShape *shape, const void *record) {
    Values value[3] = {0};
    for (int i = 0; i < 3; i++) {
        if (x->member[i])
            collect_member(a, shape, record, sw_str(x->member[i]), &value[i]);
        if (value[i].n == 0 && x->member[i] && x->sparse)
            return;
        if (value[i].n == 0)
            *(SwStr *)sw_list_add(a, &value[i]) = SW_STR("");
    }
    size_t n = 0;
    for (size_t i = 0; i < value[0].n; i++)
        for (size_t j = 0; j < value[1].n; j++)
            for (size_t k = 0; k < value[2].n && n < ENTRIES_MAX; k++, n++) {
                sw_pack_add(keys, sw_str(x->name));
                sw_pack_add(keys, value[0].v[i]);
                sw_pack_add(keys, value[1].v[j]);
                sw_pack_add(keys, value[2].v[k]);
            }
}

SwStr sw_index_keys(SwArena *a, const SwCollection *c, const void *record) {
    SwBuf keys = sw_buf(a, KEYS_MAX);
    for (size_t i = 0; i < SW_INDEXES_MAX && c->indexes[i].name; i++)
        add_entries(a, &keys, &c->indexes[i], c->shape, record);
    return keys.full ? SW_NO_STR : sw_buf_str(&keys);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

typedef struct Entry {
    SwStr name, value[3], all;
} Entry;

static bool next_entry(SwStr *rest, Entry *ret) {
    const char *from = rest->p;
    if (!sw_pack_next(rest, &ret->name))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!sw_pack_next(rest, &ret->value[i]))
            return false;
    }
    ret->all = sw_str_n(from, (size_t)(rest->p - from));
    return true;
}

static bool has_entry(SwStr keys, SwStr all) {
    Entry e;
    while (next_entry(&keys, &e)) {
        if (sw_str_eq(e.all, all))
            return true;
    }
    return false;
}

static void bind_entry(SwSql *q, const SwCollection *c, SwStr account, SwStr region, SwStr id, const Entry *e) {
    sw_sql_str(q, 1, sw_str(c->name));
    sw_sql_str(q, 2, e->name);
    sw_sql_str(q, 3, account);
    sw_sql_str(q, 4, region);
    for (int i = 0; i < 3; i++)
        sw_sql_str(q, 5 + i, e->value[i]);
    sw_sql_str(q, 8, id);
}

static int run_entry(SwTx *tx, const char *sql, const SwCollection *c, SwStr account, SwStr region, SwStr id, const Entry *e,
                     bool *ret_row, SwError *err) {
    _sw_sql_ SwSql q = {0};
    if (sw_sql(tx, &q, sql, err) < 0)
        return -1;
    bind_entry(&q, c, account, region, id, e);
    return sw_sql_step(tx, &q, ret_row, err);
}

static bool is_unique(const SwCollection *c, const Entry *e) {
    if (e->value[0].n + e->value[1].n + e->value[2].n == 0)
        return false; /* records that have none of the members do not collide */
    for (size_t i = 0; i < SW_INDEXES_MAX && c->indexes[i].name; i++) {
        if (sw_str_eqz(e->name, c->indexes[i].name))
            return c->indexes[i].unique;
    }
    return false;
}

/* Makes the rows of a document those of `keys`. *ret_taken: another document has a unique value; nothing was written. */
int sw_index_replace(SwTx *tx, const SwCollection *c, SwStr account, SwStr region, SwStr id, SwStr old_keys, SwStr keys,
                     bool *ret_taken, SwError *err) {
    Entry e;
    *ret_taken = false;
    for (SwStr rest = keys; next_entry(&rest, &e);) {
        if (!is_unique(c, &e) || has_entry(old_keys, e.all))
            continue;
        if (run_entry(tx,
                      "SELECT 1 FROM document_index WHERE collection=?1 AND name=?2 AND account=?3 AND region=?4"
                      " AND v0=?5 AND v1=?6 AND v2=?7 AND id<>?8",
                      c, account, region, id, &e, ret_taken, err) < 0)
            return -1;
        if (*ret_taken)
            return 0;
    }
    bool row;
    for (SwStr rest = old_keys; next_entry(&rest, &e);) {
        if (!has_entry(keys, e.all) &&
            run_entry(tx,
                      "DELETE FROM document_index WHERE collection=?1 AND name=?2 AND account=?3 AND region=?4"
                      " AND v0=?5 AND v1=?6 AND v2=?7 AND id=?8",
                      c, account, region, id, &e, &row, err) < 0)
            return -1;
    }
    for (SwStr rest = keys; next_entry(&rest, &e);) {
        if (!has_entry(old_keys, e.all) &&
            run_entry(tx, "INSERT OR IGNORE INTO document_index VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", c, account, region, id,
                      &e, &row, err) < 0)
            return -1;
    }
    return 0;
}

/* Whether each entry of `keys` has its row; *ret_n: how many different ones there are. */
int sw_index_has(SwTx *tx, const SwCollection *c, SwStr account, SwStr region, SwStr id, SwStr keys, bool *ret_all,
                 int64_t *ret_n, SwError *err) {
    Entry e;
    bool row;
    *ret_all = true;
    *ret_n = 0;
    for (SwStr rest = keys; next_entry(&rest, &e);) {
        if (has_entry(sw_str_n(keys.p, (size_t)(e.all.p - keys.p)), e.all))
            continue; /* a list that has an element twice */
        if (run_entry(tx,
                      "SELECT 1 FROM document_index WHERE collection=?1 AND name=?2 AND account=?3 AND region=?4"
                      " AND v0=?5 AND v1=?6 AND v2=?7 AND id=?8",
                      c, account, region, id, &e, &row, err) < 0)
            return -1;
        *ret_all &= row;
        (*ret_n)++;
    }
    return 0;
}
