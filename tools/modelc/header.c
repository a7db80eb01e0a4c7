/* SPDX-License-Identifier: Apache-2.0 */
/* The generated header: types in an order that C accepts (names, containers, structures, map entries), then values of
 * enums, tables, errors, and for each operation its handler's prototype and its in-process call. */

#include "modelc.h"

static void forward_types(Model *m, SwBuf *b) {
    for (size_t i = 0; i < m->n_shape; i++)
        if (is_structure(m->shape[i]))
            sw_buf_addf(b, "typedef struct %s %s;\n", m->shape[i]->c_type, m->shape[i]->c_type);
    for (size_t i = 0; i < m->types.n; i++) {
        SwStr name = m->types.slots[i].key;
        sw_buf_addf(b, "typedef struct %.*s %.*s;\n", SW_FMT(name), SW_FMT(name));
        if (has_entry_type(m->types.slots[i].value))
            sw_buf_addf(b, "typedef struct %.*sEntry %.*sEntry;\n", SW_FMT(name), SW_FMT(name));
    }
    sw_buf_addc(b, '\n');
    for (size_t i = 0; i < m->types.n; i++) {
        SwStr name = m->types.slots[i].key;
        Shape *s = m->types.slots[i].value;
        if (s->kind == SW_MAP)
            sw_buf_addf(b, "struct %.*s { %.*sEntry *v; size_t n; };\n", SW_FMT(name), SW_FMT(name));
        else
            sw_buf_addf(b, "struct %.*s { %s *v; size_t n; };\n", SW_FMT(name), c_type(m, s->member[0].shape));
    }
}

static void add_field(SwBuf *b, const char *type, const char *star, const char *name) {
    size_t n = strlen(type);
    sw_buf_addf(b, "    %s%s%s%s;\n", type, n && type[n - 1] == '*' ? "" : " ", star, name);
}

static void structures(Model *m, SwBuf *b) {
    for (size_t i = 0; i < m->n_shape; i++) {
        Shape *s = m->shape[i];
        if (!is_structure(s))
            continue;
        sw_buf_addf(b, "\nstruct %s {\n", s->c_type);
        for (size_t j = 0; j < s->n_member; j++) {
            Shape *e = s->member[j].shape;
            add_field(b, c_type(m, e), is_structure(e) ? "*" : "", s->member[j].c_name);
        }
        sw_buf_addz(b, s->n_member ? "};\n" : "    char none_;                         /* the model has no members */\n};\n");
    }
    for (size_t i = 0; i < m->types.n; i++) {
        SwStr name = m->types.slots[i].key;
        Shape *s = m->types.slots[i].value;
        if (!has_entry_type(s))
            continue;
        sw_buf_addf(b, "\nstruct %.*sEntry {\n    SwStr key;\n", SW_FMT(name));
        add_field(b, c_type(m, s->member[1].shape), "", "value");
        sw_buf_addz(b, "};\n");
    }
}

static void enum_values(Model *m, SwBuf *b) {
    for (size_t i = 0; i < m->n_every; i++) { /* of what is left out, only to name the others as always */
        const Shape *s = m->every[i];
        const SwValue *values = sw_value_getz(s->json, "enum");
        if (!values)
            continue;
        if (s->kept)
            sw_buf_addc(b, '\n');
        const char *prefix = name_upper(m->arena, s->name);
        for (size_t j = 0; j < values->n; j++) {
            const char *value = name_upper(m->arena, values->v[j].s);
            SwStr name = sw_strf(m->arena, "%s_%s_%s", m->upper, prefix, value);
            const char *macro = name_unique(m, sw_str_z(m->arena, name));
            if (!s->kept)
                continue;
            sw_buf_addf(b, "#define %s SW_STR(", macro);
            add_quoted(b, values->v[j].s);
            sw_buf_addz(b, ")\n");
        }
    }
}

static void tables(Model *m, SwBuf *b) {
    sw_buf_addc(b, '\n');
    for (size_t i = 0; i < m->n_shape; i++)
        if (is_structure(m->shape[i]))
            sw_buf_addf(b, "extern const SwShape %s;\n", m->shape[i]->c_table);
    sw_buf_addc(b, '\n');
    for (size_t i = 0; i < m->n_shape; i++)
        if (m->shape[i]->c_error)
            sw_buf_addf(b, "extern const SwErrorKind %s;\n", m->shape[i]->c_error);
    const SwValue *more = sw_value_getz(m->spec, "errors");
    for (size_t i = 0; !m->records && more && i < more->n; i++)
        if (!sw_map_find(&m->shapes, more->keys[i]))
            sw_buf_addf(b, "extern const SwErrorKind %s_%s;\n", m->upper, name_upper(m->arena, more->keys[i]));
}

static const char *type_or_void(const Shape *s) {
    return s ? s->c_type : "void";
}

static void operations(Model *m, SwBuf *b) {
    sw_buf_addz(b, "\nenum {\n");
    for (size_t i = 0; i < m->n_op; i++)
        sw_buf_addf(b, "    %s%s,\n", m->op[i].c_index, i ? "" : " = 0");
    sw_buf_addf(b, "    %s_OP_MAX\n};\n\nextern const SwApi %s_api;\n\n/* Handlers, in services/%s/. */\n", m->upper, m->lower,
                m->api);
    sw_buf_addf(b, "extern const SwHandler %s_handlers[]; /* by operation */\n", m->lower);
    for (size_t i = 0; i < m->n_op; i++) {
        const Operation *op = &m->op[i];
        sw_buf_addf(b, "int %s_%s(SwCtx *cx, const %s *in, %s *out, SwError *err);\n", m->lower, op->c_name,
                    type_or_void(op->input), type_or_void(op->output));
    }
    sw_buf_addz(b, "\n/* In-process calls. */\n");
    for (size_t i = 0; i < m->n_op; i++) {
        const Operation *op = &m->op[i];
        sw_buf_addf(b, "static inline int %s_call_%s(SwCtx *cx, const %s *in, %s **ret_out, SwError *err) {\n", m->lower,
                    op->c_name, type_or_void(op->input), type_or_void(op->output));
        sw_buf_addf(b, "    return sw_call(cx, &%s_api, %s, in, (void **)ret_out, err);\n}\n", m->lower, op->c_index);
    }
}

void write_header(Model *m, SwBuf *b) {
    sw_buf_addf(
        b,
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by modelc from the model of %s%s; changes belong there. */\n"
        "#pragma once\n\n#include \"shape/call.h\"\n",
        m->api, m->records ? "'s records" : "");
    if (m->collections.n)
        sw_buf_addz(b, "#include \"store/store.h\"\n");
    for (size_t i = 0; i < m->n_import; i++)
        sw_buf_addf(b, "#include \"models/%s.gen.h\"\n", m->import[i]->api);
    sw_buf_addc(b, '\n');
    forward_types(m, b);
    structures(m, b);
    enum_values(m, b);
    tables(m, b);
    events_header(m, b);
    collections_header(m, b);
    if (!m->records)
        operations(m, b);
}
