/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: model and manifest become Model, Shape, Member and Operation with every reference linked. References to
 * another API's shapes, "ecs#Container", load that model beside this one; its structures stay its own, and its lists,
 * maps and scalars are described again in this model's tables. */

#include "modelc.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *type;
    SwKind kind;
} kinds[] = {
    {"string", SW_STRING}, {"boolean", SW_BOOLEAN},     {"integer", SW_INTEGER}, {"long", SW_LONG},         {"float", SW_FLOAT},
    {"double", SW_DOUBLE}, {"timestamp", SW_TIMESTAMP}, {"blob", SW_BLOB},       {"document", SW_DOCUMENT}, {"list", SW_LIST},
    {"map", SW_MAP},       {"structure", SW_STRUCTURE},
};

static void say_error(Model *m, const char *file, const SwValue *at, const char *fmt, va_list ap) {
    SwStr text = sw_strfv(m->arena, fmt, ap);
    fprintf(stderr, "%s:%d: %.*s\n", file, at ? (int)at->line : 1, SW_FMT(text));
    m->errors++;
}

void model_error(Model *m, const SwValue *at, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    say_error(m, m->file, at, fmt, ap);
    va_end(ap);
}

void file_error(Model *m, const char *file, const SwValue *at, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    say_error(m, file, at, fmt, ap);
    va_end(ap);
}

bool is_structure(const Shape *s) {
    return s->kind == SW_STRUCTURE || s->kind == SW_UNION;
}

Member *member_named(const Shape *s, SwStr name, size_t *ret_at) {
    for (size_t i = 0; s && is_structure(s) && i < s->n_member; i++)
        if (sw_str_eq(s->member[i].name, name)) {
            *ret_at = i;
            return &s->member[i];
        }
    return NULL;
}

Shape *shape_of(Model *m, const char *name) {
    return sw_map_find(&m->shapes, sw_str(name));
}

static void read_json(Model *m, const char *file, SwValue *ret) {
    SwError err = sw_error(m->arena);
    SwStr text;
    if (sw_file_read(m->arena, file, 64 * SW_MIB, &text, &err) < 0) {
        fprintf(stderr, "%s: %s\n", file, err.cause ? err.cause : err.message);
        exit(1);
    }
    if (sw_json_parse(m->arena, text, ret, &err) < 0) {
        const char *line = strstr(err.message, "line ");
        fprintf(stderr, "%s:%d: %s\n", file, line ? atoi(line + 5) : 1, err.message);
        exit(1);
    }
    sw_str_list_add(m->arena, m->read, sw_str(file));
}

const char *read_beside(Model *m, const char *dir, const char *folder, SwValue *ret) {
    const char *file = sw_str_z(m->arena, sw_strf(m->arena, "%s/%s/%s.json", dir, folder, m->api));
    if (!sw_exists(file))
        return NULL;
    read_json(m, file, ret);
    return file;
}

static SwKind kind_of(Model *m, const SwValue *json) {
    SwStr type = sw_value_str(sw_value_getz(json, "type"));
    for (size_t i = 0; i < SW_N(kinds); i++) {
        if (!sw_str_eqz(type, kinds[i].type))
            continue;
        if (kinds[i].kind != SW_STRUCTURE)
            return kinds[i].kind;
        if (sw_value_is_true(sw_value_getz(json, "document")))
            return SW_DOCUMENT;
        return sw_value_is_true(sw_value_getz(json, "union")) ? SW_UNION : SW_STRUCTURE;
    }
    model_error(m, json, "%s: '%.*s'", type.p ? "unknown type" : "shape without a type", SW_FMT(type));
    return SW_STRING;
}

static Shape *add_shape(Model *m, SwStr name, const SwValue *json) {
    SwArena *a = m->arena;
    Shape *s = sw_new(a, Shape);
    *s = (Shape){.model = m, .name = name, .json = json, .kind = kind_of(m, json)};
    const char *snake = name_snake(a, name);
    if (is_structure(s)) {
        s->c_type = name_unique(m, sw_str_z(a, sw_strf(a, "%s%s", m->prefix, name_camel(a, name))));
        s->c_table = name_unique(m, sw_str_z(a, sw_strf(a, "%s_shape_%s", m->lower, snake)));
    } else {
        /* Records and their API have the same prefix, and the records' tables may hold both. */
        s->c_table = name_unique(m, sw_str_z(a, sw_strf(a, "%c_%s_%s", m->records ? 'r' : 's', m->lower, snake)));
    }
    return s;
}

static void load_shapes(Model *m) {
    const SwValue *shapes = sw_value_getz(m->json, "shapes");
    if (!shapes || shapes->kind != SW_VOBJECT) {
        model_error(m, m->json, "a model needs \"shapes\"");
        return;
    }
    m->shape = sw_new_n(m->arena, Shape *, shapes->n + 1);
    for (size_t i = 0; i < shapes->n; i++) {
        if (sw_map_find(&m->shapes, shapes->keys[i])) {
            model_error(m, &shapes->v[i], "duplicate shape '%.*s'", SW_FMT(shapes->keys[i]));
            continue;
        }
        Shape *s = add_shape(m, shapes->keys[i], &shapes->v[i]);
        m->shape[m->n_shape++] = s;
        sw_map_put(&m->shapes, s->name, s);
    }
}

static Model *load_api(Model *m, SwStr api) {
    for (size_t i = 0; i < m->n_import; i++)
        if (sw_str_eqz(api, m->import[i]->api))
            return m->import[i];
    const char *file = sw_str_z(m->arena, sw_strf(m->arena, "%s/%.*s.json", m->dir, SW_FMT(api)));
    if (m->n_import == 8 || !sw_exists(file))
        return NULL;
    const char *manifest = sw_str_z(m->arena, sw_strf(m->arena, "%s/manifest.json", m->dir));
    if (!m->import)
        m->import = sw_new_n(m->arena, Model *, 8);
    Model *other = model_load(m->arena, file, manifest, m->read);
    m->errors += other->errors;
    return m->import[m->n_import++] = other;
}

/* The shape that `ref` names: of this model, or of another API's ("ecs#Container"). NULL after complaining. */
Shape *link_shape(Model *m, const SwValue *ref) {
    SwStr name = sw_value_str(sw_value_getz(ref, "shape")), api, rest = name;
    if (!name.p) {
        model_error(m, ref, "reference without \"shape\"");
        return NULL;
    }
    Model *from = sw_str_cut(&rest, '#', &api) ? load_api(m, api) : m;
    Shape *s = from ? sw_map_find(&from->shapes, rest) : NULL;
    if (!from)
        model_error(m, ref, "no API model '%.*s'", SW_FMT(api));
    else if (!s)
        model_error(m, ref, "unknown shape '%.*s'", SW_FMT(name));
    return s;
}

/* A streaming member's shape is a twin of its blob with the kind SW_STREAM. */
static Shape *stream_twin(Model *m, Shape *s) {
    if (s->stream)
        return s->stream;
    Shape *twin = sw_new(m->arena, Shape);
    *twin = (Shape){.model = s->model, .name = s->name, .json = s->json, .kind = SW_STREAM};
    twin->c_table = name_unique(m, sw_str_z(m->arena, sw_strf(m->arena, "%s_stream", s->c_table)));
    return s->stream = twin;
}

static void add_member(Model *m, Shape *s, SwStr name, const SwValue *json) {
    Shape *shape = link_shape(m, json);
    if (shape &&
        (sw_value_is_true(sw_value_getz(json, "streaming")) || sw_value_is_true(sw_value_getz(shape->json, "streaming"))))
        shape = stream_twin(m, shape);
    Member *e = &s->member[s->n_member];
    *e = (Member){.name = name, .c_name = name_member(m->arena, name), .shape = shape, .json = json};
    for (size_t i = 0; i < s->n_member; i++) {
        if (sw_str_eq(s->member[i].name, name))
            model_error(m, json, "duplicate member '%.*s'", SW_FMT(name));
        else if (strcmp(s->member[i].c_name, e->c_name) == 0)
            model_error(m, json, "members '%.*s' and '%.*s' are both %s in C", SW_FMT(s->member[i].name), SW_FMT(name),
                        e->c_name);
    }
    if (shape)
        s->n_member++;
}

static void link_members(Model *m, Shape *s) {
    static const char *const parts[] = {"member", "key", "value"};
    const SwValue *members = sw_value_getz(s->json, "members");
    s->member = sw_new_n(m->arena, Member, members ? members->n + 2 : 2);
    if (is_structure(s)) {
        if (!members || members->kind != SW_VOBJECT)
            model_error(m, s->json, "structure '%.*s' without \"members\"", SW_FMT(s->name));
        for (size_t i = 0; members && i < members->n; i++)
            add_member(m, s, members->keys[i], &members->v[i]);
        return;
    }
    size_t first = s->kind == SW_LIST ? 0 : 1, end = s->kind == SW_LIST ? 1 : s->kind == SW_MAP ? 3 : 0;
    for (size_t i = first; i < end; i++) {
        const SwValue *json = sw_value_getz(s->json, parts[i]);
        if (json)
            add_member(m, s, sw_str(parts[i]), json);
        else
            model_error(m, s->json, "%s '%.*s' without \"%s\"", s->kind == SW_LIST ? "list" : "map", SW_FMT(s->name), parts[i]);
    }
}

static void mark_required(Model *m, Shape *s) {
    const SwValue *required = sw_value_getz(s->json, "required");
    for (size_t i = 0; required && i < required->n; i++) {
        Member *found = NULL;
        for (size_t j = 0; j < s->n_member; j++)
            if (sw_str_eq(s->member[j].name, required->v[i].s))
                found = &s->member[j];
        if (found)
            found->required = true;
        else
            model_error(m, &required->v[i], "required member '%.*s' of '%.*s' does not exist", SW_FMT(required->v[i].s),
                        SW_FMT(s->name));
    }
}

static int by_name(const void *a, const void *b) {
    return sw_str_cmp(((const Operation *)a)->name, ((const Operation *)b)->name);
}

static void load_operations(Model *m, const SwValue *ops) {
    m->op = sw_new_n(m->arena, Operation, ops->n + 1);
    for (size_t i = 0; i < ops->n; i++) {
        Operation *op = &m->op[m->n_op++];
        const SwValue *json = &ops->v[i], *in = sw_value_getz(json, "input"), *out = sw_value_getz(json, "output");
        *op = (Operation){.name = ops->keys[i], .json = json, .c_name = name_snake(m->arena, ops->keys[i])};
        op->input = in ? link_shape(m, in) : NULL;
        op->output = out ? link_shape(m, out) : NULL;
    }
    qsort(m->op, m->n_op, sizeof(*m->op), by_name);
    for (size_t i = 0; i < m->n_op; i++) {
        Operation *op = &m->op[i];
        if (i && sw_str_eq(m->op[i - 1].name, op->name))
            model_error(m, op->json, "duplicate operation '%.*s'", SW_FMT(op->name));
        op->c_index = name_unique(m, sw_str_z(m->arena, sw_strf(m->arena, "%s_%s", m->upper, name_upper(m->arena, op->name))));
    }
}

static void name_errors(Model *m) {
    for (size_t i = 0; i < m->n_shape; i++) {
        Shape *s = m->shape[i];
        if (sw_value_is_true(sw_value_getz(s->json, "exception")))
            s->c_error =
                name_unique(m, sw_str_z(m->arena, sw_strf(m->arena, "%s_%s", m->upper, name_upper(m->arena, s->name))));
    }
}

/* Prefix and other facts: an API's are in the manifest, a records model has its own in "metadata". */
static void find_prefix(Model *m) {
    m->spec = sw_value_getz(sw_value_getz(m->manifest, "services"), m->api);
    SwStr prefix = sw_value_str(sw_value_getz(m->metadata, "prefix"));
    if (!prefix.p)
        prefix = sw_value_str(sw_value_getz(m->spec, "prefix"));
    if (!prefix.p) {
        model_error(m, m->metadata ? m->metadata : m->json, "no C prefix for '%s' in metadata or manifest", m->api);
        prefix = SW_STR("X");
    }
    m->prefix = sw_str_z(m->arena, prefix);
    m->lower = sw_str_z(m->arena, sw_str_lower(m->arena, prefix));
    m->upper = sw_str_z(m->arena, sw_str_upper(m->arena, prefix));
}

static const char *base_name(SwArena *a, const char *file, const char **ret_dir) {
    SwStr s = sw_str(file);
    size_t slash;
    *ret_dir = ".";
    if (sw_str_rfind(s, '/', &slash)) {
        *ret_dir = sw_str_z(a, sw_str_n(s.p, slash));
        s = sw_str_skip(s, slash + 1);
    }
    return sw_str_z(a, sw_str_ends(s, SW_STR(".json")) ? sw_str_drop(s, 5) : s);
}

Model *model_load(SwArena *a, const char *file, const char *manifest_file, SwStrList *read) {
    Model *m = sw_new(a, Model);
    SwValue *json = sw_new_n(a, SwValue, 2);
    const char *dir;
    *m = (Model){.arena = a,
                 .file = file,
                 .json = &json[0],
                 .manifest = &json[1],
                 .shapes = sw_map(a),
                 .c_names = sw_map(a),
                 .types = sw_map(a),
                 .read = read};
    m->api = base_name(a, file, &dir);
    m->place = dir;
    (void)base_name(a, manifest_file, &m->dir);
    read_json(m, file, &json[0]);
    read_json(m, manifest_file, &json[1]);
    const SwValue *ops = sw_value_getz(m->json, "operations");
    m->metadata = sw_value_getz(m->json, "metadata");
    m->records = !ops;
    find_prefix(m);
    load_shapes(m);
    for (size_t i = 0; i < m->n_shape; i++) {
        link_members(m, m->shape[i]);
        mark_required(m, m->shape[i]);
    }
    if (ops)
        load_operations(m, ops);
    events_load(m);
    collections_load(m);
    name_errors(m);
    if (!m->records) {
        members_load(m, dir);
        operations_load(m, dir);
    }
    return m;
}
