/* SPDX-License-Identifier: Apache-2.0 */
/* A type's tables: its shapes by name, its bindings, itself. */

#include "resources.h"

/* "string", "Tag", ["T"], {"*": "T"} to the C name of its table. */
static SwStr shape_name(SwArena *a, CfnType *t, const SwValue *type) {
    static const char *const scalars[] = {"string", "integer", "number", "boolean", "json"};
    for (size_t i = 0; i < SW_N(scalars); i++)
        if (sw_str_eqz(sw_value_str(type), scalars[i]))
            return sw_strf(a, "cfn_%s", scalars[i]);
    if (type->kind == SW_VSTRING) {
        const char *name = name_snake(a, type->s);
        return sw_strf(a, "%s_has_%s", t->c_name, name); /* a role has policies, and there are role policies */
    }
    SwStr of = shape_name(a, t, &type->v[0]);
    return sw_strf(a, "%.*s_%s", SW_FMT(of), type->kind == SW_VARRAY ? "list" : "map");
}

static bool written(SwMap *done, SwArena *a, SwStr name) {
    if (sw_map_find(done, name))
        return true;
    sw_map_put(done, sw_str_dup(a, name), done);
    return false;
}

/* Lists and maps of what is declared already. */
static void write_container(SwArena *a, CfnType *t, const SwValue *type, SwMap *done, SwBuf *b) {
    if (type->kind == SW_VSTRING)
        return;
    write_container(a, t, &type->v[0], done, b);
    SwStr name = shape_name(a, t, type), of = shape_name(a, t, &type->v[0]);
    if (!written(done, a, name))
        sw_buf_addf(b, "static const SwCfnShape %.*s = {.kind = %s, .of = &%.*s};\n", SW_FMT(name),
                    type->kind == SW_VARRAY ? "SW_CFN_LIST" : "SW_CFN_MAP", SW_FMT(of));
}

static bool requires(const SwValue *object, SwStr name) {
    const SwValue *required = sw_value_getz(object, "required");
    for (size_t i = 0; required && i < required->n; i++)
        if (sw_str_eq(required->v[i].s, name))
            return true;
    return false;
}

static void write_fields(SwArena *a, CfnType *t, SwStr definition, const SwValue *properties, const SwValue *object, SwBuf *b) {
    for (size_t i = 0; properties && i < properties->n; i++) {
        SwStr key = properties->keys[i], shape = shape_name(a, t, &properties->v[i]);
        SwStr full = sw_strf(a, "%.*s.%.*s", SW_FMT(definition), SW_FMT(key));
        SwStr member = sw_value_str(sw_value_get(sw_value_getz(t->json, "members"), full));
        sw_buf_addz(b, "    {.name = ");
        add_quoted(b, key);
        sw_buf_addf(b, ", .shape = &%.*s", SW_FMT(shape));
        if (requires(object, key))
            sw_buf_addz(b, ", .required = true");
        if (member.p) {
            sw_buf_addz(b, ", .member = ");
            add_quoted(b, member);
        }
        sw_buf_addz(b, "},\n");
    }
}

static void write_object(SwArena *a, CfnType *t, SwStr name, SwStr definition, const SwValue *object, SwMap *done, SwBuf *b) {
    const SwValue *properties = sw_value_getz(object, "properties"),
                  *attributes = definition.n ? NULL : sw_value_getz(object, "attributes");
    for (size_t i = 0; properties && i < properties->n; i++)
        write_container(a, t, &properties->v[i], done, b);
    for (size_t i = 0; attributes && i < attributes->n; i++)
        write_container(a, t, &attributes->v[i], done, b);
    size_t n = (properties ? properties->n : 0) + (attributes ? attributes->n : 0);
    if (n) {
        sw_buf_addf(b, "static const SwCfnField f_%.*s[] = {\n", SW_FMT(name));
        write_fields(a, t, definition, properties, object, b);
        for (size_t i = 0; attributes && i < attributes->n; i++)
            if (!sw_value_get(properties, attributes->keys[i])) {
                SwStr shape = shape_name(a, t, &attributes->v[i]);
                sw_buf_addz(b, "    {.name = ");
                add_quoted(b, attributes->keys[i]);
                sw_buf_addf(b, ", .shape = &%.*s},\n", SW_FMT(shape));
            }
        sw_buf_addz(b, "};\n");
    }
    sw_buf_addf(b, "static const SwCfnShape %.*s = {.kind = SW_CFN_OBJECT", SW_FMT(name));
    if (n)
        sw_buf_addf(b, ", .field = f_%.*s, .n_field = SW_N(f_%.*s)", SW_FMT(name), SW_FMT(name));
    sw_buf_addz(b, "};\n");
}

static void add_op(SwBuf *b, const char *field, Operation *op) {
    if (op)
        sw_buf_addf(b, ", .%s = %s", field, op->c_index);
    else
        sw_buf_addf(b, ", .%s = SW_NO_OPERATION", field);
}

static void add_way(SwBuf *b, const char *field, const Path *p) {
    if (!p->n)
        return;
    sw_buf_addf(b, ", .%s = ", field);
    write_path(b, p);
}

static void add_field(SwBuf *b, const char *field, SwStr s) {
    if (!s.p)
        return;
    sw_buf_addf(b, ", .%s = ", field);
    add_quoted(b, s);
}

static void write_each(CfnEach *e, SwBuf *b) {
    sw_buf_addf(b, ", .each = &(const SwCfnEach){.put = %s, .take = %s", e->put->c_index, e->take->c_index);
    add_way(b, "put_at", &e->put_at);
    add_way(b, "take_at", &e->take_at);
    add_op(b, "show", e->show);
    add_way(b, "show_at", &e->show_at);
    if (e->with) {
        sw_buf_addz(b, ", .with = (const char *const[]){");
        for (size_t i = 0; i < e->with->n; i++) {
            add_quoted(b, e->with->v[i].s);
            sw_buf_addz(b, ", ");
        }
        sw_buf_addz(b, "NULL}");
    }
    sw_buf_addc(b, '}');
}

static void write_binding(SwArena *a, CfnType *t, CfnBinding *x, SwBuf *b) {
    SwStr shape = shape_name(a, t, x->type);
    sw_buf_addz(b, "    {.property = ");
    add_quoted(b, x->property);
    sw_buf_addf(b, ", .shape = &%.*s%s%s%s", SW_FMT(shape), x->create_only ? ", .create_only = true" : "",
                x->read_only ? ", .read_only = true" : "", x->tags ? ", .tags = true" : "");
    add_way(b, "create", &x->create);
    add_op(b, "set", x->set);
    add_op(b, "unset", x->unset);
    add_op(b, "get", x->get);
    add_op(b, "take", x->take);
    add_way(b, "set_at", &x->set_at);
    add_way(b, "get_at", &x->get_at);
    add_way(b, "delete_at", &x->remove);
    add_way(b, "take_at", &x->take_at);
    add_way(b, "name_at", &x->name_at);
    add_field(b, "text", x->text);
    add_field(b, "stays", x->stays);
    add_field(b, "without", x->without);
    add_field(b, "absent", x->absent);
    add_field(b, "refused", x->refused);
    add_field(b, "unless", x->unless);
    add_field(b, "put", x->put);
    add_field(b, "get_input", x->get_input);
    add_way(b, "told", &x->told);
    if (x->each)
        write_each(x->each, b);
    sw_buf_addf(b, "%s%s%s%s%s", x->kept ? ", .kept = true" : "", x->keeps ? ", .keeps = true" : "",
                x->later ? ", .later = true" : "", x->carried ? ", .carried = true" : "", x->hook ? ", .hook = true" : "");
    if (x->none)
        sw_buf_addf(b, ", .none = &%s", x->none);
    sw_buf_addz(b, "},\n");
}

static void write_type(CfnType *t, SwBuf *b) {
    sw_buf_addf(b, "static const SwCfnType %s_type = {.name = ", t->c_name);
    add_quoted(b, t->name);
    sw_buf_addf(b, ", .shape = &%s, .identifier = {", t->c_name);
    for (size_t i = 0; i < t->n_identifier; i++) {
        sw_buf_addz(b, "{");
        add_quoted(b, t->identifier[i].property);
        sw_buf_addf(b, ", %d}, ", t->identifier[i].part);
    }
    sw_buf_addf(b, "}, .n_identifier = %zu", t->n_identifier);
    add_op(b, "create", t->create);
    add_op(b, "read", t->read);
    add_op(b, "list", t->list);
    add_op(b, "remove", t->remove);
    add_way(b, "kept", &t->kept);
    add_way(b, "made", &t->made);
    add_way(b, "read_at", &t->read_at);
    add_field(b, "create_input", t->create_input);
    add_field(b, "read_input", t->read_input);
    add_field(b, "remove_input", t->remove_input);
    add_way(b, "read_is", &t->read_is);
    add_field(b, "read_is_text", t->read_is_text);
    add_field(b, "name_end", t->name_end);
    add_field(b, "name_end_if", t->name_end_if);
    add_field(b, "name_property", t->name_property);
    sw_buf_addf(b, "%s, .bind = bind_%s, .n_bind = SW_N(bind_%s)};\n", t->name_lower ? ", .name_lower = true" : "", t->c_name,
                t->c_name);
}

void cfn_write_scalars(Declarations *d, SwBuf *b) {
    static const char *const scalars[][2] = {
        {"string", "STRING"}, {"integer", "INTEGER"}, {"number", "NUMBER"}, {"boolean", "BOOLEAN"}, {"json", "JSON"}};
    d->shapes = sw_map(d->api->arena);
    for (size_t i = 0; i < SW_N(scalars); i++)
        sw_buf_addf(b, "__attribute__((unused)) static const SwCfnShape cfn_%s = {.kind = SW_CFN_%s};\n", scalars[i][0],
                    scalars[i][1]);
}

void cfn_write(Declarations *d, Resource *r, SwBuf *b) {
    SwArena *a = d->api->arena;
    CfnType *t = r->cfn;
    const SwValue *definitions = sw_value_getz(t->schema, "definitions");
    t->c_name = sw_str_z(a, sw_strf(a, "cfn_%s", r->c_name));
    for (size_t i = 0; definitions && i < definitions->n; i++) { /* they may refer to each other */
        SwValue type = sw_value_string(definitions->keys[i]);
        SwStr name = shape_name(a, t, &type);
        sw_buf_addf(b, "static const SwCfnShape %.*s;\n", SW_FMT(name));
    }
    for (size_t i = 0; definitions && i < definitions->n; i++) {
        SwValue type = sw_value_string(definitions->keys[i]);
        write_object(a, t, shape_name(a, t, &type), definitions->keys[i], &definitions->v[i], &d->shapes, b);
    }
    write_object(a, t, sw_str(t->c_name), SW_STR(""), t->schema, &d->shapes, b);
    sw_buf_addf(b, "static const SwCfnBinding bind_%s[] = {\n", t->c_name);
    for (size_t i = 0; i < t->bind.n; i++)
        write_binding(a, t, &t->bind.v[i], b);
    sw_buf_addz(b, "};\n");
    write_type(t, b);
}
