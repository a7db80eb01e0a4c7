/* SPDX-License-Identifier: Apache-2.0 */
/* resources/<api>.json: what of a service AWS names by an ARN. Read, checked against the API's and the records' models, and
 * written as the constants of src/resource/resource.h; a name that is nowhere is a fault at its line.
 *
 *   resources.c    reading and checking    resources_out.c    writing    verbs.c    its operations    settings.c    its
 * settings
 *
 * models/README.md, "Resources", has the fields. */

#include "resources.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

/* --- ways through structures ------------------------------------------------------------------------------------ */

static Shape *below_lists(Shape *s) {
    while (s->kind == SW_LIST)
        s = s->member[0].shape;
    return s;
}

bool resource_path(Shape *from, SwStr text, Path *ret) {
    SwStr rest = text, name, key;
    *ret = (Path){.text = text, .end = from};
    size_t open;
    if (sw_str_ends(text, SW_STR("]")) && sw_str_find(text, '[', &open)) {
        key = sw_str_n(text.p + open + 1, text.n - open - 2);
        rest = sw_str_n(text.p, open);
        ret->key = key;
    }
    while (sw_str_next(&rest, '.', &name)) {
        size_t index;
        Member *e = ret->n < SW_N(ret->at) && ret->end ? member_named(below_lists(ret->end), name, &index) : NULL;
        if (!e)
            return false;
        ret->at[ret->n++] = (unsigned)index;
        ret->end = e->shape;
    }
    return ret->n > 0 && (!ret->key.p || ret->end->kind == SW_MAP);
}

Path path_join(const Path *a, const Path *b) {
    Path p = *a;
    for (size_t i = 0; i < b->n && p.n < SW_N(p.at); i++)
        p.at[p.n++] = b->at[i];
    p.key = b->key;
    p.end = b->end;
    return p;
}

static bool is_text(Shape *s) {
    return below_lists(s)->kind == SW_STRING;
}

/* {SwStr key; SwStr value} in a list, or a map of strings. */
static bool is_tags(Shape *s) {
    if (s->kind == SW_MAP)
        return s->member[1].shape->kind == SW_STRING;
    Shape *e = s->kind == SW_LIST ? s->member[0].shape : NULL;
    return e && is_structure(e) && e->n_member == 2 && e->member[0].shape->kind == SW_STRING &&
           e->member[1].shape->kind == SW_STRING;
}

Operation *resource_operation(Declarations *d, const SwValue *at) {
    Operation *op = at ? operation_named(d->api, at->s) : NULL;
    if (at && !op)
        file_error(d->api, d->file, at, "no operation '%.*s'", SW_FMT(at->s));
    return op;
}

static Path record_path(Declarations *d, Resource *r, const SwValue *at, bool (*good)(Shape *)) {
    Path p = {0};
    if (!at)
        return p;
    if (!r->record)
        file_error(d->api, d->file, at, "'%.*s' has no record", SW_FMT(r->name));
    else if (!resource_path(r->record, at->s, &p))
        file_error(d->api, d->file, at, "%.*s has no '%.*s'", SW_FMT(r->record->name), SW_FMT(at->s));
    else if (good && !p.key.p && !good(p.end))
        file_error(d->api, d->file, at, "'%.*s' is of the wrong type", SW_FMT(at->s));
    return p;
}

/* --- errors ----------------------------------------------------------------------------------------------------- */

/* An exception of the model, an error of the manifest, or a constant of C: SW_..., or the service's own in small letters. */
const char *resource_error_name(Declarations *d, const SwValue *at) {
    Model *m = d->api;
    Shape *s = sw_map_find(&m->shapes, at->s);
    if (s && s->c_error)
        return s->c_error;
    if (sw_value_get(sw_value_getz(m->spec, "errors"), at->s))
        return sw_str_z(m->arena, sw_strf(m->arena, "%s_%s", m->upper, name_upper(m->arena, at->s)));
    if (sw_str_starts(at->s, SW_STR("SW_")) || sw_str_starts(at->s, sw_strf(m->arena, "%s_", m->lower)))
        return sw_str_z(m->arena, at->s);
    file_error(d->api, d->file, at, "no error '%.*s'", SW_FMT(at->s));
    return "SW_INTERNAL_FAILURE";
}

Text resource_text(Declarations *d, const SwValue *at) {
    Text t = {0};
    if (!at)
        return t;
    if (at->kind != SW_VARRAY || at->n < 2 || at->n > 3) {
        file_error(d->api, d->file, at, "not [error, text]");
        return t;
    }
    t.kind = resource_error_name(d, &at->v[0]);
    t.text = at->v[1].s;
    t.fact = at->n > 2 ? at->v[2].s : SW_NO_STR;
    return t;
}

/* Of the service; of one resource, what it says of its own (null: not that), else as the service's. */
static TagRules *read_rules(Declarations *d, const SwValue *json, const TagRules *service) {
    static const char *const faults[] = {"too_many", "reserved", "duplicate", "bad_key", "bad_value", "missing", "bad_arn"};
    TagRules *t = sw_new(d->api->arena, TagRules);
    if (service)
        *t = *service;
    int64_t max = t->max;
    if ((sw_value_getz(json, "max") && !sw_value_i64(sw_value_getz(json, "max"), &max)) || max < 1)
        file_error(d->api, d->file, json, "tags need \"max\"");
    t->max = (unsigned)max;
    t->any_case |= sw_value_is_true(sw_value_getz(json, "any_case"));
    t->by_id |= sw_value_is_true(sw_value_getz(json, "by_id"));
    for (size_t i = 0; i < SW_N(faults); i++) {
        const SwValue *fault = sw_value_getz(json, faults[i]);
        if (fault)
            t->fault[i] = fault->kind == SW_VNULL ? (Text){0} : resource_text(d, fault);
    }
    if (!t->fault[0].kind || !t->fault[1].kind)
        file_error(d->api, d->file, json, "tags need \"too_many\" and \"reserved\"");
    return t;
}

/* --- templates -------------------------------------------------------------------------------------------------- */

static bool has_part(Resource *r, SwStr name) {
    for (size_t i = 0; i < r->n_part; i++)
        if (sw_str_eq(r->part[i].name, name))
            return true;
    return sw_str_eqz(name, "account") || sw_str_eqz(name, "region");
}

SwStr resource_field_name(SwStr field) {
    static const char *const ways[] = {"*", ":lower", ":path", ":folder"};
    for (size_t i = 0; i < SW_N(ways); i++)
        if (sw_str_ends(field, sw_str(ways[i])))
            return sw_str_drop(field, strlen(ways[i]));
    return field;
}

void resource_template(Declarations *d, Resource *r, const SwValue *at) {
    SwStr rest = at->s, before, name;
    unsigned any = 0;
    while (sw_str_cut(&rest, '{', &before)) {
        if (!sw_str_cut(&rest, '}', &name)) {
            file_error(d->api, d->file, at, "'{' without '}'");
            return;
        }
        any += sw_str_ends(name, SW_STR("*")) || sw_str_ends(name, SW_STR(":folder"));
        name = resource_field_name(name);
        if (name.n && !has_part(r, name))
            file_error(d->api, d->file, at, "'%.*s' has no part '%.*s'", SW_FMT(r->name), SW_FMT(name));
    }
    if (any > 1)
        file_error(d->api, d->file, at, "two parts of any text");
}

static SwStrList read_templates(Declarations *d, Resource *r, const SwValue *json) {
    SwStrList l = {0};
    bool one = json && json->kind == SW_VSTRING;
    for (size_t i = 0; json && i < (one ? 1 : json->n); i++) {
        const SwValue *v = one ? json : &json->v[i];
        resource_template(d, r, v);
        sw_str_list_add(d->api->arena, &l, v->s);
    }
    return l;
}

/* --- where inputs name it --------------------------------------------------------------------------------------- */

static bool lists_word(SwStr words, SwStr word) {
    SwStr w;
    while (sw_str_next(&words, ' ', &w))
        if (sw_str_eq(w, word))
            return true;
    return false;
}

/* Of the parts that `says` names: where the operation's input has them, if it has. */
static void read_part_ways(Resource *r, Operation *op, const SwValue *says, Path *ways) {
    for (size_t i = 0; says && i < says->n; i++)
        for (size_t k = 0; k < r->n_part; k++)
            if (sw_str_eq(r->part[k].name, says->keys[i]) && !resource_path(op->input, says->v[i].s, &ways[k]))
                ways[k] = (Path){0};
}

static void add_named(Declarations *d, Resource *r, Operation *op, Path at, const SwValue *json) {
    Named *n = sw_list_add(d->api->arena, &r->named);
    n->op = op;
    n->at = at;
    if (json->kind != SW_VOBJECT)
        return;
    read_part_ways(r, op, sw_value_getz(json, "with"), n->with);
    read_part_ways(r, op, sw_value_getz(json, "becomes"), n->becomes);
    n->asks = sw_value_getz(json, "asks");
}

static void check_parts(Declarations *d, Resource *r, const SwValue *says) {
    for (size_t i = 0; says && i < says->n; i++)
        if (!has_part(r, says->keys[i]))
            file_error(d->api, d->file, &says->v[i], "'%.*s' has no part '%.*s'", SW_FMT(r->name), SW_FMT(says->keys[i]));
}

/* Some of the operations, from the first that this added, have each member. */
static void check_found(Declarations *d, Resource *r, size_t first, const SwValue *says) {
    Path p;
    for (size_t i = 0; says && i < says->n; i++) {
        bool found = false;
        for (size_t k = first; k < r->named.n; k++)
            found |= resource_path(r->named.v[k].op->input, says->v[i].s, &p);
        if (!found)
            file_error(d->api, d->file, &says->v[i], "no input that names '%.*s' has '%.*s'", SW_FMT(r->name),
                       SW_FMT(says->v[i].s));
    }
}

static const char *const fields_of_named[] = {"in", "with", "becomes", "asks", NULL};

/* "*", "* but A B", "* without Member" or "A B": operations, of which each has the member. */
static void read_named(Declarations *d, Resource *r, SwStr member, const SwValue *json) {
    const SwValue *in = json->kind == SW_VOBJECT ? sw_value_getz(json, "in") : json;
    SwStr words = sw_value_str(in), word;
    bool all = sw_str_starts(words, SW_STR("*"));
    SwStr but = sw_str_starts(words, SW_STR("* but ")) ? sw_str_skip(words, 6) : SW_NO_STR, each = all ? but : words,
          without = sw_str_starts(words, SW_STR("* without ")) ? sw_str_skip(words, 10) : SW_NO_STR;
    Path p;
    size_t first = r->named.n;
    if (json->kind == SW_VOBJECT) {
        resource_words(d, json, fields_of_named, "what names it");
        check_parts(d, r, sw_value_getz(json, "with"));
        check_parts(d, r, sw_value_getz(json, "becomes"));
    }
    while (sw_str_next(&each, ' ', &word)) {
        Operation *op = operation_named(d->api, word);
        if (!op)
            file_error(d->api, d->file, in, "no operation '%.*s'", SW_FMT(word));
        else if (!op->input || !resource_path(op->input, member, &p) || !is_text(p.end))
            file_error(d->api, d->file, in, "'%.*s' has no text '%.*s'", SW_FMT(word), SW_FMT(member));
        else if (!all)
            add_named(d, r, op, p, json);
    }
    bool found = !all;
    for (size_t i = 0; all && i < d->api->n_op; i++) {
        Operation *op = &d->api->op[i];
        if (!op->input || lists_word(but, op->name) || (without.p && resource_path(op->input, without, &p)) ||
            !resource_path(op->input, member, &p) || !is_text(p.end))
            continue;
        found = true;
        add_named(d, r, op, p, json);
    }
    if (!found)
        file_error(d->api, d->file, in, "no operation has '%.*s'", SW_FMT(member));
    if (json->kind == SW_VOBJECT) {
        check_found(d, r, first, sw_value_getz(json, "with"));
        check_found(d, r, first, sw_value_getz(json, "becomes"));
    }
}

/* --- a resource ------------------------------------------------------------------------------------------------- */

static const char *const fields_of_resource[] = {"collection", "parts",     "id",         "arn",    "reference", "named",
                                                 "arn_at",     "arn_index", "account",    "region", "state",     "created",
                                                 "tags",       "policy",    "missing",    "exists", "bad_arn",   "elsewhere",
                                                 "hooks",      "cfn",       "operations", "names",  "settings",  NULL};

void resource_words(Declarations *d, const SwValue *json, const char *const *words, const char *what) {
    for (size_t i = 0; json && i < json->n; i++)
        if (!is_word(words, json->keys[i]))
            file_error(d->api, d->file, &json->v[i], "unknown field '%.*s' of %s", SW_FMT(json->keys[i]), what);
}

static void read_parts(Declarations *d, Resource *r, const SwValue *parts, const SwValue *json) {
    if (!parts || parts->n == 0 || parts->n > SW_N(r->part))
        file_error(d->api, d->file, parts ? parts : json, "'%.*s' needs one to %zu parts", SW_FMT(r->name), SW_N(r->part));
    for (size_t i = 0; parts && i < parts->n && i < SW_N(r->part); i++)
        r->part[r->n_part++] = (Part){parts->keys[i], parts->v[i].kind == SW_VSTRING ? parts->v[i].s : SW_NO_STR};
}

static void read_record(Declarations *d, Resource *r, const SwValue *json) {
    const SwValue *collection = sw_value_getz(json, "collection"), *arn_index = sw_value_getz(json, "arn_index");
    r->collection = collection ? collection_named(d->records, collection->s) : NULL;
    r->record = r->collection ? r->collection->record : NULL;
    if (collection && !r->collection)
        file_error(d->api, d->file, collection, "no collection '%.*s'", SW_FMT(collection->s));
    r->arn_index = sw_value_str(arn_index);
    if (arn_index && !(r->collection && collection_has_index(r->collection, arn_index->s)))
        file_error(d->api, d->file, arn_index, "'%.*s' has no index '%.*s'", SW_FMT(r->name), SW_FMT(arn_index->s));
}

static void read_resource(Declarations *d, SwStr name, const SwValue *json) {
    SwArena *a = d->api->arena;
    Resource *r = sw_list_add(a, &d->resources);
    *r = (Resource){.name = name, .json = json, .c_name = name_snake(a, name)};
    resource_words(d, json, fields_of_resource, "a resource");
    read_parts(d, r, sw_value_getz(json, "parts"), json);
    read_record(d, r, json);
    const SwValue *id = sw_value_getz(json, "id"), *named = sw_value_getz(json, "named"), *tags = sw_value_getz(json, "tags");
    r->id = id ? id->s : sw_strf(a, "{%.*s*}", SW_FMT(r->part[0].name));
    if (id)
        resource_template(d, r, id);
    r->arn = read_templates(d, r, sw_value_getz(json, "arn"));
    r->reference = read_templates(d, r, sw_value_getz(json, "reference"));
    const SwValue *arn = sw_value_getz(json, "arn");
    if (!r->arn.n && (!arn || arn->kind != SW_VARRAY || tags))
        file_error(d->api, d->file, json, "'%.*s' has no \"arn\"", SW_FMT(name));
    if (!sw_value_getz(json, "reference") && r->n_part)
        sw_str_list_add(a, &r->reference, sw_strf(a, "{%.*s*}", SW_FMT(r->part[r->n_part - 1].name)));
    for (size_t i = 0; named && i < named->n; i++)
        if (named->v[i].kind == SW_VARRAY)
            for (size_t k = 0; k < named->v[i].n; k++)
                read_named(d, r, named->keys[i], &named->v[i].v[k]);
        else
            read_named(d, r, named->keys[i], &named->v[i]);
    r->arn_at = record_path(d, r, sw_value_getz(json, "arn_at"), is_text);
    r->account = record_path(d, r, sw_value_getz(json, "account"), is_text);
    r->region = record_path(d, r, sw_value_getz(json, "region"), is_text);
    r->state = record_path(d, r, sw_value_getz(json, "state"), is_text);
    r->created = record_path(d, r, sw_value_getz(json, "created"), NULL);
    const SwValue *policy = sw_value_getz(json, "policy");
    bool itself = policy && policy->kind == SW_VOBJECT;
    r->policy = record_path(d, r, itself ? sw_value_getz(policy, "at") : policy, is_text);
    r->policy_itself = itself && sw_value_is_true(sw_value_getz(policy, "itself"));
    r->policy_decides = itself && sw_value_is_true(sw_value_getz(policy, "decides"));
    r->hooks = sw_value_is_true(sw_value_getz(json, "hooks"));
    r->missing = resource_text(d, sw_value_getz(json, "missing"));
    r->exists = resource_text(d, sw_value_getz(json, "exists"));
    r->bad_arn = resource_text(d, sw_value_getz(json, "bad_arn"));
    r->elsewhere = resource_text(d, sw_value_getz(json, "elsewhere"));
    if (r->record && !r->missing.kind)
        file_error(d->api, d->file, json, "'%.*s' has no \"missing\"", SW_FMT(name));
    resource_verbs(d, r, json);
    if (r->record && r->arn.n && !r->verb[VERB_LIST].n)
        file_error(d->api, d->file, json, "'%.*s': what has records and an ARN has a \"list\" operation", SW_FMT(name));
    settings_load(d, r, sw_value_getz(json, "settings"));
    if (sw_value_getz(json, "cfn"))
        r->cfn = cfn_load(d, r, sw_value_getz(json, "cfn"));
    if (!tags)
        return;
    bool plain = tags->kind == SW_VSTRING;
    if (r->record)
        r->tags = record_path(d, r, plain ? tags : sw_value_getz(tags, "at"), is_tags);
    r->rules = plain ? d->rules : read_rules(d, tags, d->rules);
    if (!r->rules)
        file_error(d->api, d->file, tags, "no rules of tags");
}

/* --- the file --------------------------------------------------------------------------------------------------- */

/* "Operation.way.down" or "*.member" */
static void read_way(Declarations *d, const SwValue *at, SwStr value, Resource *arn_of, WayList *into) {
    SwStr rest = at->s, op_name;
    bool all, found = false;
    if (at->kind != SW_VSTRING || !sw_str_cut(&rest, '.', &op_name)) {
        file_error(d->api, d->file, at, "not Operation.member");
        return;
    }
    all = sw_str_eqz(op_name, "*");
    for (size_t i = 0; i < d->api->n_op; i++) {
        Operation *op = &d->api->op[i];
        Path p;
        if ((!all && !sw_str_eq(op->name, op_name)) || !op->input || !resource_path(op->input, rest, &p))
            continue;
        found = true;
        *(Way *)sw_list_add(d->api->arena, into) = (Way){op, p, value, arn_of};
    }
    if (!found)
        file_error(d->api, d->file, at, "no input has '%.*s'", SW_FMT(at->s));
}

static Resource *resource_of(Declarations *d, const SwValue *at) {
    SwStr name = sw_value_str(at);
    for (size_t i = 0; i < d->resources.n; i++)
        if (sw_str_eq(d->resources.v[i].name, name))
            return &d->resources.v[i];
    file_error(d->api, d->file, at, "no resource '%.*s'", SW_FMT(name));
    return NULL;
}

/* [ways], or of a condition {"arn_of": resource, "in": [ways]} */
static void read_ways(Declarations *d, const SwValue *json, bool conditions, WayList *into) {
    static const char *const words[] = {"arn_of", "in", NULL};
    for (size_t i = 0; json && i < json->n; i++) {
        const SwValue *ways = &json->v[i];
        Resource *arn_of = NULL;
        if (conditions && ways->kind == SW_VOBJECT) {
            resource_words(d, ways, words, "a condition");
            arn_of = resource_of(d, sw_value_getz(ways, "arn_of"));
            ways = sw_value_getz(ways, "in");
        }
        if (!ways || ways->kind != SW_VARRAY || !ways->n)
            file_error(d->api, d->file, &json->v[i], "'%.*s' has no ways", SW_FMT(json->keys[i]));
        for (size_t k = 0; ways && ways->kind == SW_VARRAY && k < ways->n; k++)
            read_way(d, &ways->v[k], json->keys[i], arn_of, into);
    }
}

static void read_tag_operation(Declarations *d, SwStr name, const SwValue *json) {
    static const char *const words[] = {"of", "tags", "keys", "list", "resource", "own", "replaces", "says", "page", NULL};
    TagOperation *t = sw_list_add(d->api->arena, &d->tag_operations);
    const SwValue *of = sw_value_getz(json, "of"), *tags = sw_value_getz(json, "tags"), *keys = sw_value_getz(json, "keys"),
                  *list = sw_value_getz(json, "list"), *resource = sw_value_getz(json, "resource"),
                  *says = sw_value_getz(json, "says");
    resource_words(d, json, words, "a tag operation");
    *t = (TagOperation){.op = operation_named(d->api, name),
                        .own = sw_value_is_true(sw_value_getz(json, "own")),
                        .replaces = sw_value_is_true(sw_value_getz(json, "replaces"))};
    if (!t->op || !t->op->input) {
        file_error(d->api, d->file, json, "no operation '%.*s'", SW_FMT(name));
        return;
    }
    if (!of || !resource_path(t->op->input, of->s, &t->of) || !is_text(t->of.end))
        file_error(d->api, d->file, of ? of : json, "\"of\" is no text of the input");
    if (tags && (!resource_path(t->op->input, tags->s, &t->tags) || !is_tags(t->tags.end)))
        file_error(d->api, d->file, tags, "\"tags\" are no tags of the input");
    if (keys && (!resource_path(t->op->input, keys->s, &t->keys) || t->keys.end->kind != SW_LIST || !is_text(t->keys.end)))
        file_error(d->api, d->file, keys, "\"keys\" are no list of texts of the input");
    if (list && (!t->op->output || !resource_path(t->op->output, list->s, &t->list) || !is_tags(t->list.end)))
        file_error(d->api, d->file, list, "\"list\" is no tags of the output");
    if (!!tags + !!keys + !!list != 1)
        file_error(d->api, d->file, json, "one of \"tags\", \"keys\" and \"list\"");
    if (t->replaces && (!tags || !t->own))
        file_error(d->api, d->file, json, "what \"replaces\" has \"tags\" and is \"own\"");
    if (says && says->n == 1 && resource_path(t->op->input, says->keys[0], &t->says) && is_text(t->says.end))
        t->text = sw_value_str(&says->v[0]);
    if (says && !t->text.p)
        file_error(d->api, d->file, says, "\"says\" is no text member of the input with its text");
    int64_t page = 0;
    if (sw_value_getz(json, "page") &&
        (!list || !sw_value_getz(t->op->json, "paging") || !sw_value_i64(sw_value_getz(json, "page"), &page) || page < 1))
        file_error(d->api, d->file, json, "\"page\" is of an operation that lists tags in pages");
    t->page = (size_t)page;
    if (resource)
        t->resource = resource_of(d, resource);
}

static void read_file(Declarations *d, const SwValue *json) {
    static const char *const words[] = {"service", "tags",       "resources", "tag_operations",
                                        "passes",  "conditions", "of_none",   NULL};
    const SwValue *resources = sw_value_getz(json, "resources"), *tags = sw_value_getz(json, "tags"),
                  *operations = sw_value_getz(json, "tag_operations");
    resource_words(d, json, words, "a service's resources");
    d->service = sw_value_str(sw_value_getz(json, "service"));
    if (!d->service.p)
        d->service = sw_str(d->api->api);
    d->rules = tags ? read_rules(d, tags, NULL) : NULL;
    for (size_t i = 0; resources && i < resources->n; i++)
        read_resource(d, resources->keys[i], &resources->v[i]);
    for (size_t i = 0; operations && i < operations->n; i++)
        read_tag_operation(d, operations->keys[i], &operations->v[i]);
    resource_verbs_check(d, json);
    read_ways(d, sw_value_getz(json, "passes"), false, &d->passes);
    read_ways(d, sw_value_getz(json, "conditions"), true, &d->conditions);
}

Declarations *resources_load(Model *api, Model *records, const char *file) {
    SwArena *a = api->arena;
    Declarations *d = sw_new(a, Declarations);
    SwValue *json = sw_new(a, SwValue);
    SwError err = sw_error(a);
    SwStr text;
    *d = (Declarations){.api = api, .records = records, .file = file};
    if (sw_file_read(a, file, SW_MIB, &text, &err) < 0 || sw_json_parse(a, text, json, &err) < 0) {
        const char *line = strstr(err.message, "line ");
        fprintf(stderr, "%s:%d: %s\n", file, line ? atoi(line + 5) : 1, err.message);
        api->errors++;
        return d;
    }
    sw_str_list_add(a, api->read, sw_str(file));
    SwValue *schemas = sw_new(a, SwValue);
    if (read_beside(api, api->dir, "schemas", schemas))
        d->schemas = schemas;
    read_file(d, json);
    return d;
}
