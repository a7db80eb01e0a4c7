/* SPDX-License-Identifier: Apache-2.0 */
/* What a model whose references all resolve may still get wrong. Every complaint names the line where the author will
 * look: the member's, the shape's or the operation's. Unknown fields are refused too: a misspelt "requried" must not
 * become a rule that is never enforced. */

#include "modelc.h"

#include <stdlib.h>

typedef const char *const Words[];

static Words shape_words = {
    "type",        "members",   "member",    "key",          "value",        "required",        "enum",    "min",   "max",
    "pattern",     "sensitive", "flattened", "locationName", "xmlNamespace", "timestampFormat", "payload", "union", "document",
    "eventstream", "event",     "exception", "error",        "fault",        "streaming",       NULL,
};
static Words member_words = {
    "shape",     "location",        "locationName", "queryName",    "flattened",    "streaming", "idempotencyToken",
    "jsonvalue", "timestampFormat", "xmlAttribute", "xmlNamespace", "eventpayload", NULL,
};
static Words operation_words = {"http", "input", "output", "errors", "authtype", "httpChecksum", "paging", NULL};
static Words model_words = {"metadata", "operations", "shapes", "others", "events", "collections", NULL};
static Words locations = {"header", "headers", "querystring", "uri", "statusCode", NULL};
static Words formats = {"iso8601", "rfc822", "unixTimestamp", NULL};
static Words protocols = {"json", "query", "ec2", "rest-json", "rest-xml", "smithy-rpc-v2-cbor", NULL};

bool is_word(const char *const *words, SwStr s) {
    for (size_t i = 0; words[i]; i++)
        if (sw_str_eqz(s, words[i]))
            return true;
    return false;
}

static void check_words(Model *m, const SwValue *json, Words words, const char *what) {
    for (size_t i = 0; json && json->kind == SW_VOBJECT && i < json->n; i++)
        if (!is_word(words, json->keys[i]))
            model_error(m, &json->v[i], "unknown field '%.*s' of a %s", SW_FMT(json->keys[i]), what);
}

static void check_word(Model *m, const SwValue *json, const char *field, Words words) {
    SwStr s = sw_value_str(sw_value_getz(json, field));
    if (s.p && !is_word(words, s))
        model_error(m, json, "unknown %s '%.*s'", field, SW_FMT(s));
}

/* --- constraints ------------------------------------------------------------------------------------------------ */

static void check_bounds(Model *m, const Shape *s) {
    const SwValue *min = sw_value_getz(s->json, "min"), *max = sw_value_getz(s->json, "max");
    double lo = 0, hi = 0;
    bool counts = s->kind == SW_STRING || s->kind == SW_BLOB || s->kind == SW_LIST || s->kind == SW_MAP;
    bool number = s->kind == SW_INTEGER || s->kind == SW_LONG || s->kind == SW_FLOAT || s->kind == SW_DOUBLE;
    if ((min || max) && !counts && !number)
        model_error(m, s->json, "'%.*s' has min or max, but no length, count or value", SW_FMT(s->name));
    if ((min && !sw_value_double(min, &lo)) || (max && !sw_value_double(max, &hi)))
        model_error(m, s->json, "min and max of '%.*s' must be numbers", SW_FMT(s->name));
    else if (min && max && lo > hi)
        model_error(m, s->json, "min of '%.*s' is greater than its max", SW_FMT(s->name));
    else if (counts && ((min && lo < 0) || (max && hi < 0)))
        model_error(m, s->json, "a length of '%.*s' is negative", SW_FMT(s->name));
}

static void check_enum(Model *m, const Shape *s) {
    const SwValue *values = sw_value_getz(s->json, "enum");
    if (!values)
        return;
    if (s->kind != SW_STRING || values->kind != SW_VARRAY || values->n == 0) {
        model_error(m, values, "enum of '%.*s' must be a list of strings on a string", SW_FMT(s->name));
        return;
    }
    for (size_t i = 0; i < values->n; i++) {
        if (values->v[i].kind != SW_VSTRING)
            model_error(m, &values->v[i], "enum value of '%.*s' is not a string", SW_FMT(s->name));
        for (size_t j = 0; j < i; j++)
            if (sw_str_eq(values->v[i].s, values->v[j].s))
                model_error(m, &values->v[i], "duplicate enum value '%.*s'", SW_FMT(values->v[i].s));
    }
}

/* --- containment ------------------------------------------------------------------------------------------------ */

enum { UNSEEN, OPEN, DONE };

/* C needs a structure between a list and itself; values need an optional member or a list between a structure and
 * itself, or none of them could ever be complete. Union members are choices, so they end the walk. */
static void walk_containment(Model *m, Shape *s, bool through_structures) {
    if (s->mark == DONE || s->model != m)
        return;
    if (s->mark == OPEN) {
        model_error(m, s->json,
                    through_structures ? "structure '%.*s' requires itself, so no value of it can exist"
                                       : "'%.*s' contains itself without a structure between",
                    SW_FMT(s->name));
        s->mark = DONE;
        return;
    }
    s->mark = OPEN;
    for (size_t i = 0; i < s->n_member; i++) {
        Shape *e = s->member[i].shape;
        bool go = through_structures ? s->member[i].required && is_structure(e) : e->kind == SW_LIST || e->kind == SW_MAP;
        if (go)
            walk_containment(m, e, through_structures);
    }
    s->mark = DONE;
}

static void check_containment(Model *m) {
    for (int structures = 0; structures < 2; structures++) {
        for (size_t i = 0; i < m->n_shape; i++)
            m->shape[i]->mark = UNSEEN;
        for (size_t i = 0; i < m->n_shape; i++)
            if ((m->shape[i]->kind == SW_STRUCTURE) == (structures == 1))
                walk_containment(m, m->shape[i], structures == 1);
    }
    for (size_t i = 0; i < m->n_shape; i++)
        m->shape[i]->mark = UNSEEN;
}

/* --- shapes ----------------------------------------------------------------------------------------------------- */

static const Member *member_of(const Shape *s, SwStr name) {
    for (size_t i = 0; s && i < s->n_member; i++)
        if (sw_str_eq(s->member[i].name, name))
            return &s->member[i];
    return NULL;
}

static void check_shape(Model *m, const Shape *s) {
    SwStr payload = sw_value_str(sw_value_getz(s->json, "payload"));
    check_words(m, s->json, shape_words, "shape");
    check_word(m, s->json, "timestampFormat", formats);
    check_bounds(m, s);
    check_enum(m, s);
    if (sw_value_getz(s->json, "pattern") && s->kind != SW_STRING)
        model_error(m, s->json, "'%.*s' has a pattern, but is not a string", SW_FMT(s->name));
    if (payload.p && !member_of(s, payload))
        model_error(m, s->json, "payload '%.*s' of '%.*s' is not a member", SW_FMT(payload), SW_FMT(s->name));
    if (s->kind == SW_MAP && s->member[0].shape->kind != SW_STRING)
        model_error(m, s->json, "keys of map '%.*s' must be strings", SW_FMT(s->name));
    if (s->c_error && !is_structure(s))
        model_error(m, s->json, "exception '%.*s' must be a structure", SW_FMT(s->name));
    for (size_t i = 0; i < s->n_member; i++) {
        const Member *e = &s->member[i];
        check_words(m, e->json, member_words, "member");
        check_word(m, e->json, "location", locations);
        check_word(m, e->json, "timestampFormat", formats);
        if (e->required && s->kind == SW_UNION)
            model_error(m, e->json, "member '%.*s' of a union cannot be required", SW_FMT(e->name));
        if (e->shape->kind == SW_STREAM && !is_structure(s))
            model_error(m, e->json, "only a structure's member can stream");
    }
}

/* --- operations ------------------------------------------------------------------------------------------------- */

static bool has_rest(Model *m) {
    return sw_str_starts(sw_value_str(sw_value_getz(m->metadata, "protocol")), SW_STR("rest-"));
}

/* Every {label} of the URI is a required member in the URI, and the other way round. */
static void check_uri(Model *m, const Operation *op) {
    SwStr uri = sw_value_str(sw_value_path(op->json, "http.requestUri")), rest = uri, head, label;
    if (!sw_str_starts(uri, SW_STR("/")) || !sw_value_path(op->json, "http.method"))
        model_error(m, op->json, "operation '%.*s' needs http.method and http.requestUri", SW_FMT(op->name));
    while (sw_str_cut(&rest, '{', &head) && sw_str_cut(&rest, '}', &label)) {
        if (sw_str_ends(label, SW_STR("+")))
            label = sw_str_drop(label, 1);
        bool found = false;
        for (size_t i = 0; op->input && i < op->input->n_member; i++) {
            const Member *e = &op->input->member[i];
            SwStr wire = sw_str_or(sw_value_str(sw_value_getz(e->json, "locationName")), e->name);
            found |=
                sw_str_eq(wire, label) && e->required && sw_str_eqz(sw_value_str(sw_value_getz(e->json, "location")), "uri");
        }
        if (!found)
            model_error(m, op->json, "URI label '{%.*s}' of '%.*s' has no required member", SW_FMT(label), SW_FMT(op->name));
    }
    for (size_t i = 0; op->input && i < op->input->n_member; i++) {
        const Member *e = &op->input->member[i];
        SwStr wire = sw_str_or(sw_value_str(sw_value_getz(e->json, "locationName")), e->name);
        bool in_uri = sw_str_eqz(sw_value_str(sw_value_getz(e->json, "location")), "uri");
        if (in_uri && !sw_str_contains(uri, sw_strf(m->arena, "{%.*s}", SW_FMT(wire))) &&
            !sw_str_contains(uri, sw_strf(m->arena, "{%.*s+}", SW_FMT(wire))))
            model_error(m, e->json, "member '%.*s' is not in the URI of '%.*s'", SW_FMT(e->name), SW_FMT(op->name));
    }
}

static void check_operation(Model *m, const Operation *op) {
    const SwValue *errors = sw_value_getz(op->json, "errors");
    check_words(m, op->json, operation_words, "operation");
    if ((op->input && !is_structure(op->input)) || (op->output && !is_structure(op->output)))
        model_error(m, op->json, "input and output of '%.*s' must be structures", SW_FMT(op->name));
    else if (has_rest(m))
        check_uri(m, op);
    paging_check(m, op);
    for (size_t i = 0; errors && i < errors->n; i++) {
        SwStr name = sw_value_str(sw_value_getz(&errors->v[i], "shape"));
        const Shape *s = sw_map_find(&m->shapes, name);
        if (!s)
            model_error(m, &errors->v[i], "unknown shape '%.*s'", SW_FMT(name));
        else if (!s->c_error)
            model_error(m, &errors->v[i], "error '%.*s' is not an exception", SW_FMT(name));
    }
}

static void check_protocols(Model *m) {
    const SwValue *all = sw_value_getz(m->metadata, "protocols"), *extra = sw_value_getz(m->spec, "extra_protocols");
    const SwValue *main_one = sw_value_getz(m->metadata, "protocol");
    SwStr name = sw_value_str(main_one);
    if (!main_one || !is_word(protocols, name))
        model_error(m, main_one ? main_one : m->metadata, "unknown protocol '%.*s'", SW_FMT(name));
    for (size_t i = 0; all && i < all->n; i++)
        if (!is_word(protocols, all->v[i].s))
            model_error(m, &all->v[i], "unknown protocol '%.*s'", SW_FMT(all->v[i].s));
    for (size_t i = 0; extra && i < extra->n; i++)
        if (!is_word(protocols, extra->v[i].s))
            model_error(m, m->metadata, "unknown protocol '%.*s' in the manifest", SW_FMT(extra->v[i].s));
}

/* The manifest's exceptions must name operations that exist, or a renamed one would silently lose its rule. */
static void check_manifest(Model *m) {
    static const char *const lists[] = {"reads", "writes"};
    SwMap names = sw_map(m->arena);
    for (size_t i = 0; i < m->n_op; i++)
        sw_map_put(&names, m->op[i].name, &m->op[i]);
    for (size_t k = 0; k < SW_N(lists); k++) {
        const SwValue *list = sw_value_getz(m->spec, lists[k]);
        for (size_t i = 0; list && i < list->n; i++)
            if (!sw_map_find(&names, list->v[i].s))
                model_error(m, m->metadata, "manifest: no operation '%.*s'", SW_FMT(list->v[i].s));
    }
    const SwValue *actions = sw_value_getz(m->spec, "iam_actions"), *codes = sw_value_getz(m->spec, "query_codes");
    for (size_t i = 0; actions && i < actions->n; i++)
        if (!sw_map_find(&names, actions->keys[i]))
            model_error(m, m->metadata, "manifest: no operation '%.*s'", SW_FMT(actions->keys[i]));
    for (size_t i = 0; codes && i < codes->n; i++)
        if (!sw_map_find(&m->shapes, codes->keys[i]))
            model_error(m, m->metadata, "manifest: no error '%.*s'", SW_FMT(codes->keys[i]));
}

/* Records often share their API's prefix: EcsServiceRecord must not be a name that the API has. */
static void check_names(Model *m) {
    for (size_t i = 0; i < m->n_import; i++)
        for (size_t j = 0; j < m->n_shape; j++)
            if (is_structure(m->shape[j]) && sw_map_find(&m->import[i]->c_names, sw_str(m->shape[j]->c_type)))
                model_error(m, m->shape[j]->json, "%s is also a type of the %s API", m->shape[j]->c_type, m->import[i]->api);
}

void model_check(Model *m) {
    check_words(m, m->json, model_words, "model");
    check_containment(m);
    for (size_t i = 0; i < m->n_shape; i++)
        check_shape(m, m->shape[i]);
    check_names(m);
    if (m->records)
        return;
    check_protocols(m);
    for (size_t i = 0; i < m->n_op; i++)
        check_operation(m, &m->op[i]);
    if (m->errors == 0)
        check_manifest(m);
}
