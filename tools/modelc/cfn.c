/* SPDX-License-Identifier: Apache-2.0 */
/* "cfn" of a resource: AWS's schema of the type (schemas/<api>.json) bound to the service's operations. A property of the same
 * name as a member, whatever the case, binds itself; "bind" says the rest. A property that nothing takes is refused by name. */

#include "resources.h"

/* The member of the same name, whatever the case, or one below it. */
static bool member_path(Shape *s, SwStr name, Path *ret) {
    SwStr rest = name, head, tail;
    Path below;
    bool deeper = sw_str_cut(&rest, '.', &head);
    tail = rest;
    for (size_t i = 0; s && is_structure(s) && i < s->n_member; i++) {
        if (!sw_str_ieq(s->member[i].name, deeper ? head : name) || !resource_path(s, s->member[i].name, ret))
            continue;
        if (!deeper)
            return true;
        if (!member_path(s->member[i].shape, tail, &below))
            return false;
        *ret = path_join(ret, &below);
        return true;
    }
    *ret = (Path){0};
    return false;
}

static Shape *shown_by(Operation *op, const Path *at) {
    Shape *s = at->n ? at->end : op ? op->output : NULL;
    while (s && s->kind == SW_LIST)
        s = s->member[0].shape;
    return s;
}

/* "Operation.member.below" */
static Operation *way(Declarations *d, const SwValue *at, bool output, Path *ret) {
    SwStr rest, head;
    *ret = (Path){0};
    if (!at)
        return NULL;
    rest = at->s;
    SwValue name = *at;
    if (!sw_str_cut(&rest, '.', &head)) {
        file_error(d->api, d->file, at, "not Operation.member");
        return NULL;
    }
    name.s = head;
    Operation *op = resource_operation(d, &name);
    if (op && (!(output ? op->output : op->input) || !resource_path(output ? op->output : op->input, rest, ret)))
        file_error(d->api, d->file, at, "'%.*s' has no '%.*s'", SW_FMT(head), SW_FMT(rest));
    return op;
}

static const char *bind_words[] = {"create",  "set",   "unset",     "take",    "get",    "delete", "absent", "none",
                                   "refused", "stays", "text",      "kept",    "later",  "put",    "each",   "input",
                                   "hook",    "told",  "attribute", "without", "unless", NULL};

void resource_told(Declarations *d, Resource *r, const SwValue *v) {
    for (size_t i = 0; (v->kind == SW_VOBJECT || v->kind == SW_VARRAY) && i < v->n; i++)
        resource_told(d, r, &v->v[i]);
    bool record = v->kind == SW_VSTRING && sw_str_starts(v->s, SW_STR("{record."));
    Path p;
    if (record && (!r->record || !resource_path(r->record, sw_str_drop(sw_str_skip(v->s, 8), 1), &p) || p.n > 1))
        file_error(d->api, d->file, v, "'%.*s' keeps no '%.*s'", SW_FMT(r->name), SW_FMT(v->s));
    if (v->kind == SW_VSTRING && !record && !sw_str_eqz(v->s, "{arn}"))
        resource_template(d, r, v);
}

static SwStr read_input(Declarations *d, CfnType *t, Operation *op, const SwValue *said) {
    const SwValue *in = sw_value_getz(said, "input");
    Path p;
    for (size_t i = 0; in && in->kind == SW_VOBJECT && i < in->n; i++)
        if (!op->input || !resource_path(op->input, in->keys[i], &p))
            file_error(d->api, d->file, &in->v[i], "'%.*s' takes no '%.*s'", SW_FMT(op->name), SW_FMT(in->keys[i]));
    if (!in)
        return SW_NO_STR;
    resource_told(d, t->of, in);
    return sw_json_text(d->api->arena, in);
}

/* Of an operation's input: "Operation.member", or "Operation" where an element's properties are members. */
static Operation *each_way(Declarations *d, const SwValue *at, Path *ret) {
    size_t dot;
    *ret = (Path){0};
    return at && sw_str_find(at->s, '.', &dot) ? way(d, at, false, ret) : resource_operation(d, at);
}

static bool lists(const SwValue *list, SwStr name) {
    for (size_t i = 0; list && i < list->n; i++)
        if (sw_str_eq(list->v[i].s, name))
            return true;
    return false;
}

/* {"put", "take": an operation for each element, "show": where names are listed, "with": [properties of the type]} */
static CfnEach *read_each(Declarations *d, CfnType *t, const SwValue *said) {
    static const char *const words[] = {"put", "take", "show", "with", NULL};
    CfnEach *e = said ? sw_new(d->api->arena, CfnEach) : NULL;
    if (!e)
        return NULL;
    resource_words(d, said, words, "each");
    e->put = each_way(d, sw_value_getz(said, "put"), &e->put_at);
    e->take = each_way(d, sw_value_getz(said, "take"), &e->take_at);
    e->show = sw_value_getz(said, "show") ? way(d, sw_value_getz(said, "show"), false, &e->show_at) : NULL;
    e->with = sw_value_getz(said, "with");
    for (size_t i = 0; e->with && i < e->with->n; i++)
        if (!sw_value_get(sw_value_getz(t->schema, "properties"), e->with->v[i].s))
            file_error(d->api, d->file, e->with, "%.*s has no property '%.*s'", SW_FMT(t->name), SW_FMT(e->with->v[i].s));
    if (e->put && e->take)
        return e;
    file_error(d->api, d->file, said, "\"each\" needs \"put\" and \"take\"");
    return NULL;
}

/* One of those that each element's call is told besides. */
static bool carried(CfnType *t, SwStr property) {
    const SwValue *said = sw_value_getz(t->json, "bind");
    for (size_t i = 0; said && i < said->n; i++)
        if (lists(sw_value_getz(sw_value_getz(&said->v[i], "each"), "with"), property))
            return true;
    return false;
}

/* The properties of one that is an object; NULL: it is none. */
static const SwValue *below(CfnType *t, const SwValue *type) {
    return sw_value_getz(sw_value_get(sw_value_getz(t->schema, "definitions"), sw_value_str(type)), "properties");
}

/* What is put is a property of it: of that type, then. */
static SwStr put_property(Declarations *d, CfnType *t, CfnBinding *b, const SwValue *said) {
    if (said && !sw_value_get(below(t, b->type), sw_value_str(said)))
        file_error(d->api, d->file, said, "%.*s has no '%.*s'", SW_FMT(b->property), SW_FMT(said->s));
    return sw_value_str(said);
}

static bool is_scalar(const SwValue *type) {
    static const char *const scalars[] = {"string", "integer", "number", "boolean", "json", NULL};
    return type->kind == SW_VSTRING && is_word(scalars, type->s);
}

/* A property that is an entry of a map of attributes: where create takes it, `read` shows it and one operation sets it. */
static void bind_attribute(Declarations *d, CfnType *t, CfnBinding *b, SwStr name) {
    SwArena *a = d->api->arena;
    SwStr way = sw_strf(a, "%.*s[%.*s]", SW_FMT(t->attributes_at), SW_FMT(name));
    Shape *shown = shown_by(t->read, &t->read_at);
    Path p;
    if (!b->read_only && !b->create.n && t->create && resource_path(t->create->input, way, &p))
        b->create = p;
    if (!b->get_at.n && shown && resource_path(shown, way, &p))
        b->get_at = p;
    if (b->set || b->create_only || b->read_only || !t->attribute_set)
        return;
    b->set = t->attribute_set;
    bool map = !t->attribute_name_at.p;
    SwStr at = map ? sw_strf(a, "%.*s[%.*s]", SW_FMT(t->attribute_set_at), SW_FMT(name)) : t->attribute_set_at;
    (void)resource_path(b->set->input, at, &b->set_at);
    if (!map && resource_path(b->set->input, t->attribute_name_at, &b->name_at))
        b->name_at.key = name;
}

static bool is_of(const SwValue *type, const SwValue *v) {
    static const char *const texts[] = {"string", NULL}, *const numbers[] = {"integer", "number", NULL},
                             *const truths[] = {"boolean", NULL};
    SwStr kind = sw_value_str(type);
    return is_word(texts, kind)     ? v->kind == SW_VSTRING
           : is_word(numbers, kind) ? v->kind == SW_VNUMBER
           : is_word(truths, kind)  ? v->kind == SW_VBOOL
                                    : v->kind == (type->kind == SW_VARRAY ? SW_VARRAY : SW_VOBJECT);
}

/* The values of what is refused that ask for what is so anyway, as JSON. */
static SwStr unless(Declarations *d, CfnType *t, CfnBinding *b, const SwValue *said) {
    if (!said)
        return SW_NO_STR;
    if (said->kind != SW_VARRAY || !said->n || !b->refused.p)
        file_error(d->api, d->file, said, "\"unless\" is a list of values of what is \"refused\"");
    for (size_t i = 0; said->kind == SW_VARRAY && i < said->n; i++) {
        if (!is_of(b->type, &said->v[i]))
            file_error(d->api, d->file, &said->v[i], "no value of %.*s.%.*s", SW_FMT(t->name), SW_FMT(b->property));
        if (said->v[i].kind == SW_VSTRING)
            resource_template(d, t->of, &said->v[i]);
    }
    return sw_json_text(d->api->arena, said);
}

static void bind_explicit(Declarations *d, CfnType *t, CfnBinding *b, const SwValue *said) {
    const SwValue *create = sw_value_getz(said, "create"), *get = sw_value_getz(said, "get"),
                  *remove = sw_value_getz(said, "delete"), *none = sw_value_getz(said, "none");
    resource_words(d, said, bind_words, "a binding");
    if (sw_value_getz(said, "attribute") && (t->attributes_at.p || t->attribute_set))
        bind_attribute(d, t, b, sw_value_str(sw_value_getz(said, "attribute")));
    if (create && create->kind == SW_VSTRING && (!t->create || !resource_path(t->create->input, create->s, &b->create)))
        file_error(d->api, d->file, create, "create takes no '%.*s'", SW_FMT(create->s));
    if (create && create->kind == SW_VNULL)
        b->create = (Path){0};
    if (sw_value_getz(said, "set"))
        b->set = way(d, sw_value_getz(said, "set"), false, &b->set_at);
    b->unset = resource_operation(d, sw_value_getz(said, "unset"));
    Shape *shown = shown_by(t->read, &t->read_at);
    if (get && get->kind == SW_VSTRING && shown && resource_path(shown, get->s, &b->get_at))
        b->get = NULL;
    else if (get) /* null is no way either: what nothing shows is refused */
        b->get = way(d, get, true, &b->get_at);
    if (remove && (!t->remove || !resource_path(t->remove->input, remove->s, &b->remove)))
        file_error(d->api, d->file, remove, "delete takes no '%.*s'", SW_FMT(remove->s));
    if (sw_value_getz(said, "absent"))
        b->absent = sw_json_text(d->api->arena, sw_value_getz(said, "absent"));
    if (none)
        b->none = resource_error_name(d, none->kind == SW_VARRAY && none->n ? &none->v[0] : none);
    if (sw_value_getz(said, "take"))
        b->take = way(d, sw_value_getz(said, "take"), false, &b->take_at);
    b->refused = sw_value_str(sw_value_getz(said, "refused"));
    b->unless = unless(d, t, b, sw_value_getz(said, "unless"));
    b->stays = sw_value_str(sw_value_getz(said, "stays"));
    b->kept = sw_value_is_true(sw_value_getz(said, "kept"));
    b->hook = sw_value_is_true(sw_value_getz(said, "hook"));
    if (b->hook && !sw_value_is_true(sw_value_getz(t->of->json, "hooks")))
        file_error(d->api, d->file, said, "'%.*s' has no hooks", SW_FMT(t->of->name));
    SwStr told = sw_value_str(sw_value_getz(said, "told"));
    if (told.p && (!t->create || !t->create->output || !resource_path(t->create->output, told, &b->told)))
        file_error(d->api, d->file, said, "create answers no '%.*s'", SW_FMT(told));
    if (b->get)
        b->get_input = read_input(d, t, b->get, said);
    b->each = read_each(d, t, sw_value_getz(said, "each"));
    b->later = sw_value_is_true(sw_value_getz(said, "later"));
    b->put = put_property(d, t, b, sw_value_getz(said, "put"));
    b->without = sw_value_str(sw_value_getz(said, "without"));
    if (b->without.p && !sw_value_get(sw_value_getz(t->schema, "properties"), b->without))
        file_error(d->api, d->file, said, "%.*s has no property '%.*s'", SW_FMT(t->name), SW_FMT(b->without));
    if (sw_value_getz(said, "text"))
        resource_template(d, t->of, sw_value_getz(said, "text"));
    b->text = sw_value_str(sw_value_getz(said, "text"));
}

static CfnBinding *add_binding(Declarations *d, CfnType *t, SwStr property, const SwValue *type) {
    CfnBinding *b = sw_list_add(d->api->arena, &t->bind);
    *b = (CfnBinding){.property = property, .type = type, .tags = sw_str_eq(property, t->tags)};
    return b;
}

/* What takes and shows a property by its name alone. */
static void bind_by_name(Declarations *d, CfnType *t, CfnBinding *b, bool attribute) {
    const SwValue *updates = sw_value_getz(t->json, "update");
    Shape *in = t->create ? t->create->input : NULL;
    if (t->wrapper.n)
        in = t->wrapper.end;
    Path p;
    if (member_path(in, b->property, &p))
        b->create = path_join(&t->wrapper, &p);
    (void)member_path(shown_by(t->read, &t->read_at), b->property, &b->get_at);
    for (size_t i = 0; updates && !b->set && !b->tags && i < updates->n; i++) {
        Operation *op = resource_operation(d, &updates->v[i]);
        if (op && member_path(op->input, b->property, &b->set_at))
            b->set = op;
    }
    if (attribute && t->attributes_at.p && is_scalar(b->type))
        bind_attribute(d, t, b, b->property);
}

/* What is said of a binding, and whether anything takes it. */
static void bind_rest(Declarations *d, CfnType *t, CfnBinding *b, const SwValue *said) {
    const SwValue *keeps = sw_value_getz(t->json, "keeps");
    if (said)
        bind_explicit(d, t, b, said);
    b->keeps = b->set && lists(keeps, b->set->name);
    b->carried = carried(t, b->property);
    bool taken = b->create.n || b->set || b->remove.n || b->tags || b->each || b->hook || b->carried || b->later;
    if (!taken && !b->read_only && !b->refused.p)
        b->refused = SW_STR("no operation here takes it");
}

/* Each property of one that is an object is bound for itself. */
static void bind_below(Declarations *d, CfnType *t, SwStr name, const SwValue *type, bool create_only) {
    const SwValue *properties = below(t, type);
    for (size_t i = 0; properties && i < properties->n; i++) {
        SwStr full = sw_strf(d->api->arena, "%.*s.%.*s", SW_FMT(name), SW_FMT(properties->keys[i]));
        CfnBinding *b = add_binding(d, t, full, &properties->v[i]);
        b->create_only = create_only;
        bind_by_name(d, t, b, false);
        bind_rest(d, t, b, sw_value_get(sw_value_getz(t->json, "bind"), full));
    }
}

static void bind_property(Declarations *d, CfnType *t, SwStr name, const SwValue *type, bool read_only) {
    const SwValue *said = sw_value_getz(t->json, "bind");
    const SwValue *own = sw_value_get(said, name);
    SwStr prefix = sw_strf(d->api->arena, "%.*s.", SW_FMT(name));
    bool create_only = lists(sw_value_getz(t->schema, "createOnly"), name);
    for (size_t i = 0; said && i < said->n; i++)
        if (sw_str_starts(said->keys[i], prefix)) {
            bind_below(d, t, name, type, create_only);
            return;
        }
    CfnBinding *b = add_binding(d, t, name, type);
    b->read_only = read_only;
    b->create_only = create_only;
    bind_by_name(d, t, b, !sw_value_getz(own, "attribute") && !sw_value_getz(own, "refused"));
    bind_rest(d, t, b, own);
}

static void check_bound(Declarations *d, CfnType *t) {
    const SwValue *said = sw_value_getz(t->json, "bind");
    for (size_t i = 0; said && i < said->n; i++) {
        bool found = false;
        for (size_t k = 0; k < t->bind.n && !found; k++)
            found = sw_str_eq(t->bind.v[k].property, said->keys[i]);
        if (!found)
            file_error(d->api, d->file, &said->v[i], "%.*s has no property '%.*s'", SW_FMT(t->name), SW_FMT(said->keys[i]));
    }
}

static void read_identifier(Declarations *d, Resource *r, CfnType *t) {
    const SwValue *own = sw_value_getz(t->json, "identifier"), *schema = sw_value_getz(t->schema, "identifier");
    const SwValue *said = own ? own : schema;
    for (size_t i = 0; said && i < said->n && t->n_identifier < SW_N(t->identifier); i++) {
        CfnIdentifier *x = &t->identifier[t->n_identifier++];
        *x = (CfnIdentifier){.property = own ? own->keys[i] : schema->v[i].s, .part = -1};
        SwStr part = own ? sw_value_str(&own->v[i]) : SW_NO_STR;
        for (size_t k = 0; part.p && k < r->n_part; k++)
            if (sw_str_eq(r->part[k].name, part))
                x->part = (int)k;
        if (part.p && x->part < 0)
            file_error(d->api, d->file, &own->v[i], "'%.*s' has no part '%.*s'", SW_FMT(r->name), SW_FMT(part));
    }
    if (!t->n_identifier || (t->n_identifier > 1 && !own))
        file_error(d->api, d->file, t->json, "which parts identify %.*s?", SW_FMT(t->name));
}

/* {"operation", ..}, the operation alone, or where neither is said what the resource says. */
static Operation *operation_said(Declarations *d, CfnType *t, const char *field, Operation *otherwise) {
    const SwValue *said = sw_value_getz(t->json, field),
                  *name = said && said->kind == SW_VSTRING ? said : sw_value_getz(said, "operation");
    Operation *op = name ? resource_operation(d, name) : otherwise;
    if (name && op && op == otherwise)
        file_error(d->api, d->file, name, "'%.*s' is what the resource's operations say", SW_FMT(name->s));
    return op;
}

/* {"member": text} of the one that is meant. */
static void read_is(Declarations *d, CfnType *t, const SwValue *is) {
    Shape *s = shown_by(t->read, &t->read_at);
    if (!is)
        return;
    if (is->kind != SW_VOBJECT || is->n != 1 || !s || !resource_path(s, is->keys[0], &t->read_is) ||
        is->v[0].kind != SW_VSTRING) {
        file_error(d->api, d->file, is, "\"is\" is not one member of what read shows with its text");
        return;
    }
    resource_template(d, t->of, &is->v[0]);
    t->read_is_text = is->v[0].s;
}

static const char *cfn_words[] = {"type", "create",     "in",      "made", "read",  "list", "delete",     "update",
                                  "name", "identifier", "members", "bind", "keeps", "kept", "attributes", NULL};

/* The operations that make, show, list and end one. False after complaining. */
static bool read_operations(Declarations *d, CfnType *t) {
    const SwValue *list = sw_value_getz(t->json, "list"), *kept = sw_value_getz(t->json, "kept");
    if (kept) {
        if (!t->of->record || !resource_path(t->of->record, kept->s, &t->kept))
            file_error(d->api, d->file, kept, "'%.*s' keeps no '%.*s'", SW_FMT(t->of->name), SW_FMT(kept->s));
        return true;
    }
    Operation *make = resource_first(t->of, VERB_MAKE);
    t->create = operation_said(d, t, "create", make ? make : resource_first(t->of, VERB_PUT));
    t->remove = operation_said(d, t, "delete", resource_first(t->of, VERB_END));
    t->read = operation_said(d, t, "read", resource_first(t->of, VERB_SHOW));
    t->list = list ? NULL : resource_first(t->of, VERB_LIST);
    if (list && list->kind != SW_VNULL)
        file_error(d->api, d->file, list, "\"list\" of a type is null, or what the resource's operations say");
    if (t->create && t->create->input && t->remove && (list || t->list) && t->read)
        return true;
    file_error(d->api, d->file, t->json, "'%.*s' needs create, read and delete, its resource \"list\"", SW_FMT(t->name));
    return false;
}

/* {"at": map, not of what nothing reads; "set": Operation.member; "name": member that says which, where it takes one at a time}
 */
static void read_attributes(Declarations *d, CfnType *t) {
    static const char *const words[] = {"at", "set", "name", NULL};
    const SwValue *json = sw_value_getz(t->json, "attributes"), *set = sw_value_getz(json, "set"),
                  *name = sw_value_getz(json, "name");
    Shape *shown = shown_by(t->read, &t->read_at);
    Path p = {0};
    if (!json)
        return;
    resource_words(d, json, words, "attributes");
    t->attributes_at = sw_value_str(sw_value_getz(json, "at"));
    bool shows = shown && t->attributes_at.p && resource_path(shown, t->attributes_at, &p) && p.end->kind == SW_MAP;
    if (t->read ? !shows : t->attributes_at.p != NULL)
        file_error(d->api, d->file, json, "read shows no map of attributes");
    t->attribute_set = set ? way(d, set, false, &p) : NULL;
    t->attribute_set_at = p.text;
    t->attribute_name_at = sw_value_str(name);
    if (t->attribute_set && p.end && (p.end->kind == SW_MAP) == (name != NULL))
        file_error(d->api, d->file, json, "a map of attributes, or one text with its \"name\"");
    if (t->attribute_set && name && !resource_path(t->attribute_set->input, name->s, &p))
        file_error(d->api, d->file, name, "'%.*s' has no '%.*s'", SW_FMT(t->attribute_set->name), SW_FMT(name->s));
}

/* {"property", "lower", "end": {property: how it ends where that is true}} */
static void read_name(Declarations *d, CfnType *t) {
    const SwValue *name = sw_value_getz(t->json, "name"), *end = sw_value_getz(name, "end");
    t->name_property = sw_value_str(name && name->kind == SW_VSTRING ? name : sw_value_getz(name, "property"));
    t->name_lower = sw_value_is_true(sw_value_getz(name, "lower"));
    if (!end)
        return;
    if (end->n != 1 || !sw_value_get(sw_value_getz(t->schema, "properties"), end->keys[0])) {
        file_error(d->api, d->file, end, "\"end\" is not one property with the end of its name");
        return;
    }
    t->name_end_if = end->keys[0];
    t->name_end = sw_value_str(&end->v[0]);
}

/* Where they name and show it. */
static void read_places(Declarations *d, CfnType *t) {
    const SwValue *read = sw_value_getz(t->json, "read"), *made = sw_value_getz(t->json, "made"),
                  *in = sw_value_getz(t->json, "in");
    SwStr at = sw_value_str(sw_value_getz(read, "at"));
    if (t->kept.n)
        return;
    if (at.p && (!t->read->output || !resource_path(t->read->output, at, &t->read_at)))
        file_error(d->api, d->file, read, "read shows no '%.*s'", SW_FMT(at));
    t->create_input = read_input(d, t, t->create, sw_value_getz(t->json, "create"));
    t->read_input = read_input(d, t, t->read, read);
    t->remove_input = read_input(d, t, t->remove, sw_value_getz(t->json, "delete"));
    read_is(d, t, sw_value_getz(read, "is"));
    if (made && (!t->create->output || !resource_path(t->create->output, made->s, &t->made)))
        file_error(d->api, d->file, made, "create answers no '%.*s'", SW_FMT(made->s));
    if (in && !resource_path(t->create->input, in->s, &t->wrapper))
        file_error(d->api, d->file, in, "create takes no '%.*s'", SW_FMT(in->s));
    read_name(d, t);
}

/* What changes while another is absent comes before that. */
static bool comes_first(CfnType *t, SwStr property) {
    return sw_value_getz(sw_value_get(sw_value_getz(t->json, "bind"), property), "without") != NULL;
}

static void bind_all(Declarations *d, CfnType *t) {
    const SwValue *properties = sw_value_getz(t->schema, "properties"), *attributes = sw_value_getz(t->schema, "attributes");
    for (size_t turn = 0; turn < 2; turn++)
        for (size_t i = 0; properties && i < properties->n; i++)
            if (comes_first(t, properties->keys[i]) == (turn == 0))
                bind_property(d, t, properties->keys[i], &properties->v[i], false);
    for (size_t i = 0; attributes && i < attributes->n; i++)
        if (!sw_value_get(properties, attributes->keys[i]))
            bind_property(d, t, attributes->keys[i], &attributes->v[i], true);
    check_bound(d, t);
}

CfnType *cfn_load(Declarations *d, Resource *r, const SwValue *json) {
    CfnType *t = sw_new(d->api->arena, CfnType);
    *t = (CfnType){.of = r, .name = sw_value_str(sw_value_getz(json, "type")), .json = json};
    resource_words(d, json, cfn_words, "a type");
    t->schema = sw_value_get(d->schemas, t->name);
    if (!t->schema) {
        file_error(d->api, d->file, json, "no schema of '%.*s': tools/strip-schemas makes it", SW_FMT(t->name));
        return NULL;
    }
    t->tags = sw_value_str(sw_value_getz(t->schema, "tags"));
    if (!read_operations(d, t))
        return NULL;
    read_places(d, t);
    read_attributes(d, t);
    read_identifier(d, r, t);
    bind_all(d, t);
    return t;
}
