/* SPDX-License-Identifier: Apache-2.0 */
/* Collections that a service keeps its records in: a constant each (SwCollection, src/store/store.h), typed accessors, and
 * the list of all of them. Declared beside the records:
 *
 *     "collections": {"messages": {"name": "sqs/message", "record": "MessageRecord", "about": "by queue and time of sending",
 *         "indexes": {"by_visible": ["queue", "visibleKey"], "by_head": {"members": ["queue", "headKey"], "sparse": true}}}}
 *
 * Names, order and members of indexes are stored: where they change, the next start indexes the collection anew. */

#include "resources.h"

enum { INDEXES_MAX = 8, MEMBERS_MAX = 3 }; /* SW_INDEXES_MAX and members of a SwIndex */

static void check_words(Model *m, const SwValue *json, const char *const *words, const char *what) {
    for (size_t i = 0; json->kind == SW_VOBJECT && i < json->n; i++)
        if (!is_word(words, json->keys[i]))
            model_error(m, &json->v[i], "unknown field '%.*s' of %s", SW_FMT(json->keys[i]), what);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* What is compared as text: lists stand for each of their elements. */
static bool has_order(const Shape *s) {
    while (s->kind == SW_LIST)
        s = s->member[0].shape;
    return s->kind == SW_STRING || s->kind == SW_BOOLEAN || s->kind == SW_INTEGER || s->kind == SW_LONG ||
           s->kind == SW_FLOAT || s->kind == SW_DOUBLE || s->kind == SW_TIMESTAMP;
}

static void load_index(Model *m, Collection *c, SwStr name, const SwValue *json) {
    static const char *const words[] = {"members", "unique", "sparse", NULL};
    const SwValue *members = json->kind == SW_VOBJECT ? sw_value_getz(json, "members") : json;
    Index *x = sw_list_add(m->arena, &c->index);
    *x = (Index){.name = name,
                 .unique = sw_value_is_true(sw_value_getz(json, "unique")),
                 .sparse = sw_value_is_true(sw_value_getz(json, "sparse"))};
    check_words(m, json, words, "an index");
    for (size_t i = 0; i + 1 < c->index.n; i++)
        if (sw_str_eq(c->index.v[i].name, name))
            model_error(m, json, "duplicate index '%.*s'", SW_FMT(name));
    if (!members || members->kind != SW_VARRAY || members->n < 1 || members->n > MEMBERS_MAX) {
        model_error(m, json, "index '%.*s' is of one to %d members", SW_FMT(name), MEMBERS_MAX);
        return;
    }
    for (size_t i = 0; i < members->n; i++) {
        SwStr member = sw_value_str(&members->v[i]);
        Path p;
        if (!resource_path(c->record, sw_str_or(member, SW_STR("")), &p))
            model_error(m, &members->v[i], "%.*s has no '%.*s'", SW_FMT(c->record->name), SW_FMT(member));
        else if (p.key.p || !has_order(p.end))
            model_error(m, &members->v[i], "'%.*s' has no order", SW_FMT(member));
        sw_str_list_add(m->arena, &x->member, member);
    }
}

static void check_collection(Model *m, const Collection *c, SwStr key, const SwValue *json) {
    if (!sw_str_all(key, "a-z0-9_"))
        model_error(m, json, "'%.*s' is no name in C", SW_FMT(key));
    for (size_t i = 0; i + 1 < m->collections.n; i++) {
        const Collection *other = &m->collections.v[i];
        if (strcmp(other->c_name, c->c_name) == 0)
            model_error(m, json, "duplicate collection '%.*s'", SW_FMT(key));
        else if (sw_str_eq(other->stored, c->stored))
            model_error(m, json, "'%.*s' is the name of %s, too", SW_FMT(c->stored), other->c_name);
    }
}

static const char *read_scope(Model *m, const SwValue *json) {
    static const char *const scopes[] = {"region", "account", "global", NULL};
    const SwValue *scope = sw_value_getz(json, "scope");
    if (!scope)
        return "SW_SCOPE_REGION";
    if (!is_word(scopes, scope->s))
        model_error(m, scope, "unknown scope '%.*s'", SW_FMT(scope->s));
    return sw_str_z(m->arena, sw_strf(m->arena, "SW_SCOPE_%s", name_upper(m->arena, scope->s)));
}

static void load_collection(Model *m, SwStr key, const SwValue *json) {
    static const char *const words[] = {"name", "record", "about", "scope", "indexes", NULL};
    const SwValue *record = sw_value_getz(json, "record"), *indexes = sw_value_getz(json, "indexes");
    Collection *c = sw_list_add(m->arena, &m->collections);
    *c = (Collection){.name = key,
                      .stored = sw_value_str(sw_value_getz(json, "name")),
                      .about = sw_value_str(sw_value_getz(json, "about")),
                      .c_name = sw_str_z(m->arena, sw_strf(m->arena, "%s_%.*s", m->lower, SW_FMT(key))),
                      .scope = read_scope(m, json)};
    check_words(m, json, words, "a collection");
    if (!sw_str_is(c->stored) || !record)
        model_error(m, json, "'%.*s' needs \"name\" and \"record\"", SW_FMT(key));
    check_collection(m, c, key, json);
    c->record = record ? sw_map_find(&m->shapes, record->s) : NULL;
    if (record && (!c->record || !is_structure(c->record))) {
        model_error(m, record, "no record '%.*s'", SW_FMT(record->s));
        c->record = NULL;
    }
    if (indexes && (indexes->kind != SW_VOBJECT || indexes->n > INDEXES_MAX))
        model_error(m, indexes, "\"indexes\" are at most %d, by name", INDEXES_MAX);
    for (size_t i = 0; c->record && indexes && indexes->kind == SW_VOBJECT && i < indexes->n; i++)
        load_index(m, c, indexes->keys[i], &indexes->v[i]);
}

void collections_load(Model *m) {
    const SwValue *json = sw_value_getz(m->json, "collections");
    if (!json)
        return;
    if (!m->records || json->kind != SW_VOBJECT) {
        model_error(m, json, "\"collections\" is an object, beside a service's records");
        return;
    }
    for (size_t i = 0; i < json->n; i++)
        load_collection(m, json->keys[i], &json->v[i]);
}

Collection *collection_named(Model *m, SwStr name) {
    for (size_t i = 0; i < m->collections.n; i++)
        if (sw_str_eq(m->collections.v[i].name, name))
            return &m->collections.v[i];
    return NULL;
}

bool collection_has_index(const Collection *c, SwStr name) {
    for (size_t i = 0; i < c->index.n; i++)
        if (sw_str_eq(c->index.v[i].name, name))
            return true;
    return false;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* The first of those that keep this record: what is made once a record is made there. */
static bool is_first(Model *m, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (m->collections.v[i].record == m->collections.v[at].record)
            return false;
    return true;
}

/* A SwDocRow and SwDocList whose record has its type. Rows are the store's, so that they alias SwDocRow. */
static void write_rows(SwBuf *b, const char *type) {
    sw_buf_addf(b,
                "\ntypedef struct __attribute__((may_alias)) %sRow {\n    SwStr id, account, region, cursor;\n    %s *record;\n"
                "} %sRow;\n",
                type, type, type);
    sw_buf_addf(b, "typedef struct %ss {\n    %sRow *v;\n    size_t n;\n    SwStr next;\n} %ss;\n", type, type, type);
}

static void accessor(SwBuf *b, const Collection *c, const char *verb, const char *parameters, const char *arguments) {
    sw_buf_addf(b,
                "sw_must_check static inline int %s_%s(SwTx *tx, %s, SwError *err) {\n"
                "    return sw_doc_%s(tx, &%s, %s, err);\n}\n",
                c->c_name, verb, parameters, verb, c->c_name, arguments);
}

static void record_accessor(Model *m, SwBuf *b, const Collection *c, const char *verb, const char *before, const char *after,
                            const char *arguments) {
    SwStr parameters = sw_strf(m->arena, "SwStr id, %s%s %s", before, c->record->c_type, after);
    accessor(b, c, verb, sw_str_z(m->arena, parameters), arguments);
}

static void write_accessors(Model *m, SwBuf *b, const Collection *c) {
    const char *type = c->record->c_type;
    sw_buf_addf(b, "\n/* \"%.*s\"%s%.*s */\nextern const SwCollection %s;\n", SW_FMT(c->stored), c->about.p ? ": " : "",
                SW_FMT(c->about), c->c_name);
    record_accessor(m, b, c, "find", "", "**ret", "id, (void **)ret");
    record_accessor(m, b, c, "put", "const ", "*record", "id, record");
    record_accessor(m, b, c, "insert", "const ", "*record, bool *ret_inserted", "id, record, ret_inserted");
    accessor(b, c, "delete", "SwStr id, bool *ret_existed", "id, ret_existed");
    accessor(b, c, "delete_all", "const SwDocQuery *q", "q");
    accessor(b, c, "count", "const SwDocQuery *q, int64_t *ret_n", "q, ret_n");
    sw_buf_addf(b,
                "sw_must_check static inline int %s_list(SwTx *tx, const SwDocQuery *q, %ss *ret, SwError *err) {\n"
                "    SwDocList l;\n    if (sw_doc_list(tx, &%s, q, &l, err) < 0)\n        return -1;\n"
                "    *ret = (%ss){(%sRow *)l.v, l.n, l.next};\n    return 0;\n}\n",
                c->c_name, type, c->c_name, type, type);
    sw_buf_addf(b, "static inline %s *%s_row(const SwDocRow *row) {\n    return row->record;\n}\n", type, c->c_name);
}

void collections_header(Model *m, SwBuf *b) {
    if (!m->collections.n)
        return;
    sw_buf_addf(b, "\nextern const SwCollection *const %s_collections[]; /* NULL-terminated */\n", m->lower);
    for (size_t i = 0; i < m->collections.n; i++) {
        const Collection *c = &m->collections.v[i];
        if (is_first(m, i))
            write_rows(b, c->record->c_type);
        write_accessors(m, b, c);
    }
}

static void write_index(SwBuf *b, const Index *x) {
    sw_buf_addz(b, "        {.name = ");
    add_quoted(b, x->name);
    sw_buf_addz(b, ", .member = {");
    for (size_t i = 0; i < x->member.n; i++) {
        sw_buf_addz(b, i ? ", " : "");
        add_quoted(b, x->member.v[i]);
    }
    sw_buf_addf(b, "}%s%s},\n", x->unique ? ", .unique = true" : "", x->sparse ? ", .sparse = true" : "");
}

void collections_source(Model *m, SwBuf *b) {
    if (!m->collections.n)
        return;
    for (size_t i = 0; i < m->collections.n; i++) {
        const Collection *c = &m->collections.v[i];
        if (is_first(m, i))
            sw_buf_addf(b,
                        "_Static_assert(sizeof(%sRow) == sizeof(SwDocRow) &&\n"
                        "                   offsetof(%sRow, record) == offsetof(SwDocRow, record),\n"
                        "               \"rows are SwDocRow\");\n",
                        c->record->c_type, c->record->c_type);
        sw_buf_addf(b, "const SwCollection %s = {\n    .name = ", c->c_name);
        add_quoted(b, c->stored);
        sw_buf_addf(b, ",\n    .scope = %s,\n    .shape = &%s,\n", c->scope, c->record->c_table);
        if (c->index.n)
            sw_buf_addz(b, "    .indexes = {\n");
        for (size_t k = 0; k < c->index.n; k++)
            write_index(b, &c->index.v[k]);
        sw_buf_addf(b, "%s};\n", c->index.n ? "    },\n" : "");
    }
    sw_buf_addf(b, "const SwCollection *const %s_collections[] = {", m->lower);
    for (size_t i = 0; i < m->collections.n; i++)
        sw_buf_addf(b, "&%s, ", m->collections.v[i].c_name);
    sw_buf_addz(b, "NULL};\n");
}
