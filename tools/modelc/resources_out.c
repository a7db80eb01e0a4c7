/* SPDX-License-Identifier: Apache-2.0 */
/* <api>_resources.gen.h and .gen.c: a constant and typed accessors for each resource, the tag operations, and what the
 * service's declarations say as a whole. */

#include "resources.h"

#include <ctype.h>

static const char *record_type(Resource *r) {
    return r->record->c_type;
}

void write_path(SwBuf *b, const Path *p) {
    sw_buf_addf(b, "{.n = %zu, .at = {", p->n);
    for (size_t i = 0; i < p->n; i++)
        sw_buf_addf(b, "%s%u", i ? ", " : "", p->at[i]);
    sw_buf_addz(b, "}");
    if (p->key.p) {
        sw_buf_addz(b, ", .key = ");
        add_quoted(b, p->key);
    }
    sw_buf_addz(b, "}");
}

static void add_path_field(SwBuf *b, const char *field, const Path *p) {
    if (!p->n)
        return;
    sw_buf_addf(b, "    .%s = ", field);
    write_path(b, p);
    sw_buf_addz(b, ",\n");
}

/* --- the header ------------------------------------------------------------------------------------------------- */

/* Accessors of records ask for what the id says, ARNs for all parts. */
static bool is_asked(Resource *r, size_t part, bool id_alone) {
    SwStr rest = r->id, before, field;
    if (!id_alone)
        return true;
    while (sw_str_cut(&rest, '{', &before) && sw_str_cut(&rest, '}', &field))
        if (sw_str_eq(resource_field_name(field), r->part[part].name))
            return true;
    return false;
}

static void part_parameters(Declarations *d, Resource *r, SwBuf *b, bool id_alone) {
    for (size_t i = 0; i < r->n_part; i++)
        if (is_asked(r, i, id_alone))
            sw_buf_addf(b, "SwStr %s, ", name_member(d->api->arena, r->part[i].name));
}

static void part_values(Declarations *d, Resource *r, SwBuf *b, bool id_alone) {
    bool any = false;
    sw_buf_addz(b, "&(SwParts){.v = {");
    for (size_t i = 0; i < r->n_part; i++) {
        if (!is_asked(r, i, id_alone))
            continue;
        sw_buf_addf(b, "%s[%zu] = %s", any ? ", " : "", i, name_member(d->api->arena, r->part[i].name));
        any = true;
    }
    sw_buf_addz(b, "}}");
}

static void accessor(Declarations *d, Resource *r, SwBuf *b, const char *verb, const char *more, const char *arguments) {
    sw_buf_addf(b, "sw_must_check static inline int %s_%s_%s(SwCtx *cx, ", d->api->lower, r->c_name, verb);
    part_parameters(d, r, b, true);
    sw_buf_addf(b, "%sSwError *err) {\n    return sw_resource_%s_parts(cx, &%s_%s_resource, ", more, verb, d->api->lower,
                r->c_name);
    part_values(d, r, b, true);
    sw_buf_addf(b, ", %serr);\n}\n", arguments);
}

/* By a text of the caller's: what finds it, and what is checked before. */
static void text_accessor(Declarations *d, Resource *r, SwBuf *b, const char *verb, const char *before, const char *call) {
    SwStr resource = sw_strf(d->api->arena, "&%s_%s_resource", d->api->lower, r->c_name);
    sw_buf_addf(b, "sw_must_check static inline int %s_%s_%s(SwCtx *cx, SwStr reference, %s **ret, SwError *err) {\n",
                d->api->lower, r->c_name, verb, record_type(r));
    sw_buf_addf(b, "    SwFound f;\n    const SwResource *const among[] = {%.*s, NULL};\n", SW_FMT(resource));
    sw_buf_addf(b, "    if (%s%s)\n        return -1;\n    *ret = f.record;\n    return 0;\n}\n", before, call);
}

/* Under the id that its own ARN says. */
static void own_accessor(Declarations *d, Resource *r, SwBuf *b, const char *verb) {
    sw_buf_addf(b,
                "sw_must_check static inline int %s_%s_%s(SwCtx *cx, const %s *record, SwError *err) {\n"
                "    return sw_resource_%s(cx, &%s_%s_resource, record, err);\n}\n",
                d->api->lower, r->c_name, verb, record_type(r), verb, d->api->lower, r->c_name);
}

static void record_accessors(Declarations *d, Resource *r, SwBuf *b) {
    SwArena *a = d->api->arena;
    sw_buf_addf(b, "static inline %s *%s_%s_found(const SwFound *f) {\n    return f->record;\n}\n", record_type(r),
                d->api->lower, r->c_name);
    const char *back = sw_str_z(a, sw_strf(a, "%s **ret, ", record_type(r)));
    const char *record = sw_str_z(a, sw_strf(a, "%s *record, ", record_type(r)));
    const char *whole = sw_str_z(a, sw_cat(a, SW_STR("const "), sw_str(record)));
    const char *given = sw_str_z(a, sw_strf(a, "%sconst SwStrMap *given, ", record));
    accessor(d, r, b, "find", back, "(void **)ret, ");
    accessor(d, r, b, "get", back, "(void **)ret, ");
    accessor(d, r, b, "put", whole, "record, ");
    accessor(d, r, b, "insert", whole, "record, ");
    accessor(d, r, b, "delete", "", "");
    if (r->tags.n) {
        accessor(d, r, b, "set_tags", given, "record, given, ");
        accessor(d, r, b, "replace_tags", given, "record, given, ");
    }
    if (r->arn_at.n) {
        own_accessor(d, r, b, "save");
        own_accessor(d, r, b, "drop");
    }
    text_accessor(d, r, b, "find_reference", "", "sw_resource_find_reference(cx, among[0], reference, &f, err) < 0");
    text_accessor(d, r, b, "by_reference", "", "sw_resource_by_reference(cx, among, reference, &f, err) < 0");
    if (r->bad_arn.kind)
        text_accessor(d, r, b, "by_arn", "sw_resource_check_arns(cx, among, SW_ONE(reference), err) < 0 || ",
                      "sw_resource_by_reference(cx, among, reference, &f, err) < 0");
}

static void arn_accessor(Declarations *d, Resource *r, SwBuf *b) {
    SwBuf parts = sw_buf(d->api->arena, SW_KIB);
    part_parameters(d, r, &parts, false);
    SwStr p = sw_str_drop(sw_buf_str(&parts), 2);
    sw_buf_addf(b, "static inline SwStr %s_%s_arn(SwCtx *cx%s%.*s) {\n    return sw_resource_write_arn(cx, &%s_%s_resource, ",
                d->api->lower, r->c_name, p.n ? ", " : "", SW_FMT(p), d->api->lower, r->c_name);
    part_values(d, r, b, false);
    sw_buf_addz(b, ");\n}\n");
}

static const char *rules_name(Declarations *d, Resource *r) {
    Model *m = d->api;
    return sw_str_z(m->arena, r->rules == d->rules ? sw_strf(m->arena, "%s_tag_rules", m->lower)
                                                   : sw_strf(m->arena, "%s_%s_tag_rules", m->lower, r->c_name));
}

void write_resources_header(Declarations *d, SwBuf *b) {
    Model *m = d->api;
    sw_buf_addf(
        b,
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by modelc from models/resources/%s.json; changes belong there. */\n"
        "#pragma once\n\n#include \"models/%s.gen.h\"\n#include \"models/%s_records.gen.h\"\n"
        "#include \"resource/resource.h\"\n\nextern const SwDeclarations %s_declarations;\n",
        m->api, m->api, m->api, m->lower);
    for (size_t i = 0; i < d->resources.n; i++) {
        Resource *r = &d->resources.v[i];
        sw_buf_addf(b, "\nextern const SwResource %s_%s_resource;\n", m->lower, r->c_name);
        if (r->hooks)
            sw_buf_addf(b, "extern const SwResourceHooks %s_%s_hooks;\n", m->lower, r->c_name);
        settings_header(d, r, b);
        if (r->rules && !r->record)
            sw_buf_addf(b, "extern const SwTagRules %s;\n", rules_name(d, r));
        if (r->arn.n)
            arn_accessor(d, r, b);
        if (r->record)
            record_accessors(d, r, b);
    }
}

/* --- the source ------------------------------------------------------------------------------------------------- */

void write_text(SwBuf *b, const char *field, const Text *t) {
    if (!t->kind)
        return;
    sw_buf_addf(b, "    .%s = {&%s, ", field, t->kind);
    add_quoted(b, t->text);
    if (t->fact.p) {
        sw_buf_addz(b, ", ");
        add_quoted(b, t->fact);
    }
    sw_buf_addz(b, "},\n");
}

/* A constant of the service itself, in small letters, is declared in its folder only. */
static void declare_error(SwBuf *b, const Text *t) {
    if (t->kind && (t->kind[0] < 'A' || t->kind[0] > 'Z'))
        sw_buf_addf(b, "extern const SwErrorKind %s;\n", t->kind);
}

static void write_rules(SwBuf *b, const char *name, TagRules *t) {
    static const char *const faults[] = {"too_many", "reserved", "duplicate", "bad_key", "bad_value", "missing", "bad_arn"};
    for (size_t i = 0; i < SW_N(faults); i++)
        declare_error(b, &t->fault[i]);
    sw_buf_addf(b, "const SwTagRules %s = {\n    .max = %u,\n", name, t->max);
    if (t->any_case)
        sw_buf_addz(b, "    .any_case = true,\n");
    if (t->by_id)
        sw_buf_addz(b, "    .by_id = true,\n");
    for (size_t i = 0; i < SW_N(faults); i++)
        write_text(b, faults[i], &t->fault[i]);
    sw_buf_addz(b, "};\n");
}

static void write_part_ways(const Resource *r, const char *what, const Path *ways, SwBuf *b) {
    for (size_t k = 0; k < r->n_part; k++)
        if (ways[k].n) {
            sw_buf_addf(b, ", .%s[%zu] = ", what, k);
            write_path(b, &ways[k]);
        }
}

static void write_asks(const SwValue *asks, SwBuf *b) {
    sw_buf_addz(b, ", .asks = (const char *const[]){");
    for (size_t k = 0; k < asks->n; k++) {
        add_quoted(b, asks->v[k].s);
        sw_buf_addz(b, ", ");
    }
    sw_buf_addz(b, "NULL}");
}

static void write_named(Declarations *d, Resource *r, SwBuf *b) {
    if (!r->named.n)
        return;
    sw_buf_addf(b, "static const SwNamed %s_named[] = {\n", r->c_name);
    for (size_t i = 0; i < r->named.n; i++) {
        Named *n = &r->named.v[i];
        sw_buf_addf(b, "    {%s, ", n->op->c_index);
        write_path(b, &n->at);
        write_part_ways(r, "with", n->with, b);
        write_part_ways(r, "becomes", n->becomes, b);
        if (n->asks)
            write_asks(n->asks, b);
        sw_buf_addz(b, "},\n");
    }
    sw_buf_addz(b, "};\n");
}

static void add_texts(SwBuf *b, const char *field, const SwStrList *l) {
    sw_buf_addf(b, "    .%s = (const char *const[]){", field);
    for (size_t i = 0; i < l->n; i++) {
        add_quoted(b, l->v[i]);
        sw_buf_addz(b, ", ");
    }
    sw_buf_addz(b, "NULL},\n");
}

static void add_parts(SwBuf *b, Resource *r) {
    sw_buf_addz(b, "    .part = {");
    for (size_t i = 0; i < r->n_part; i++) {
        sw_buf_addz(b, "{");
        add_quoted(b, r->part[i].name);
        if (r->part[i].otherwise.p) {
            sw_buf_addz(b, ", ");
            add_quoted(b, r->part[i].otherwise);
        }
        sw_buf_addz(b, i + 1 < r->n_part ? "}, " : "}");
    }
    sw_buf_addf(b, "},\n    .n_part = %zu,\n", r->n_part);
}

/* As the Tagging API calls it: the last word of its ARN ("log-group"), else its own name in dashes. */
static SwStr type_name(SwArena *a, Resource *r) {
    SwStr arn = r->arn.n ? r->arn.v[0] : SW_NO_STR, part, word = SW_NO_STR;
    SwBuf b = sw_buf(a, SW_KIB);
    for (unsigned i = 0; i < 5; i++)
        (void)sw_str_cut(&arn, ':', &part);
    while (sw_str_cut(&arn, '{', &part)) {
        while (part.n && strchr("/:", part.p[part.n - 1]))
            part = sw_str_drop(part, 1);
        while (part.n && strchr("/:", *part.p))
            part = sw_str_skip(part, 1);
        word = part.n ? part : word;
        (void)sw_str_cut(&arn, '}', &part);
    }
    sw_buf_adds(&b, word);
    for (const char *c = b.n ? "" : r->c_name; *c; c++)
        sw_buf_addc(&b, *c == '_' ? '-' : *c);
    return sw_buf_str(&b);
}

/* LoadBalancer: "load balancers"; Repository: "repositories"; EventBus: "event buses" */
static void add_names(SwArena *a, const Resource *r, SwBuf *b) {
    SwBuf words = sw_buf(a, 1024);
    for (size_t i = 0; i < r->name.n; i++) {
        char c = r->name.p[i];
        if (i && isupper((unsigned char)c))
            sw_buf_addc(&words, ' ');
        sw_buf_addc(&words, (char)tolower((unsigned char)c));
    }
    SwStr name = sw_buf_str(&words);
    bool y = sw_str_ends(name, SW_STR("y")), s = sw_str_ends(name, SW_STR("s"));
    sw_buf_addf(b, "    .plural = \"%.*s%s\",\n", (int)(name.n - y), name.p, y ? "ies" : s ? "es" : "s");
}

static void add_verbs(SwArena *a, const Resource *r, SwBuf *b) {
    bool any = false;
    for (size_t verb = 0; verb < VERB_MAX; verb++) {
        const OperationList *l = &r->verb[verb];
        if (!l->n)
            continue;
        sw_buf_addf(b, "%s        [SW_VERB_%s] = (const uint16_t[]){", any ? "" : "    .does = {\n",
                    name_upper(a, sw_str(verb_names[verb])));
        for (size_t i = 0; i < l->n; i++)
            sw_buf_addf(b, "%s, ", l->v[i]->c_index);
        sw_buf_addz(b, "SW_NO_OPERATION},\n");
        any = true;
    }
    if (any)
        sw_buf_addz(b, "    },\n");
}

static void write_resource(Declarations *d, Resource *r, SwBuf *b) {
    Model *m = d->api;
    write_named(d, r, b);
    if (r->rules && r->rules != d->rules)
        write_rules(b, rules_name(d, r), r->rules);
    settings_table(d, r, b);
    if (r->cfn)
        cfn_write(d, r, b);
    declare_error(b, &r->missing);
    declare_error(b, &r->exists);
    declare_error(b, &r->bad_arn);
    declare_error(b, &r->elsewhere);
    sw_buf_addf(b, "const SwResource %s_%s_resource = {\n    .name = ", m->lower, r->c_name);
    add_quoted(b, type_name(m->arena, r));
    sw_buf_addz(b, ",\n    .service = ");
    add_quoted(b, d->service);
    sw_buf_addf(b, ",\n    .api = &%s_api,\n", m->lower);
    if (r->record)
        sw_buf_addf(b, "    .in = &%s,\n", r->collection->c_name);
    add_names(m->arena, r, b);
    add_verbs(m->arena, r, b);
    if (r->names) {
        sw_buf_addz(b, "    .names = ");
        add_quoted(b, sw_json_text(m->arena, r->names));
        sw_buf_addz(b, ",\n");
    }
    add_parts(b, r);
    sw_buf_addz(b, "    .id = ");
    add_quoted(b, r->id);
    sw_buf_addz(b, ",\n");
    add_texts(b, "arn", &r->arn);
    add_texts(b, "reference", &r->reference);
    if (r->arn_index.p) {
        sw_buf_addz(b, "    .arn_index = ");
        add_quoted(b, r->arn_index);
        sw_buf_addz(b, ",\n");
    }
    add_path_field(b, "arn_at", &r->arn_at);
    add_path_field(b, "account_at", &r->account);
    add_path_field(b, "region_at", &r->region);
    add_path_field(b, "state_at", &r->state);
    add_path_field(b, "created_at", &r->created);
    add_path_field(b, "tags_at", &r->tags);
    add_path_field(b, "policy_at", &r->policy);
    if (r->policy_itself)
        sw_buf_addz(b, "    .policy_itself = true,\n");
    if (r->policy_decides)
        sw_buf_addz(b, "    .policy_decides = true,\n");
    if (r->rules && r->record)
        sw_buf_addf(b, "    .tag_rules = &%s,\n", rules_name(d, r));
    write_text(b, "missing", &r->missing);
    write_text(b, "exists", &r->exists);
    write_text(b, "bad_arn", &r->bad_arn);
    write_text(b, "elsewhere", &r->elsewhere);
    if (r->named.n)
        sw_buf_addf(b, "    .named = %s_named,\n    .n_named = SW_N(%s_named),\n", r->c_name, r->c_name);
    if (r->settings.n)
        sw_buf_addf(b, "    .settings = %s_settings,\n    .n_settings = SW_N(%s_settings),\n", r->c_name, r->c_name);
    if (r->cfn)
        sw_buf_addf(b, "    .cfn = &%s_type,\n", r->cfn->c_name);
    if (r->hooks)
        sw_buf_addf(b, "    .hooks = &%s_%s_hooks,\n", m->lower, r->c_name);
    sw_buf_addz(b, "};\n\n");
}

static const char *type_or_void(Shape *s) {
    return s ? s->c_type : "void";
}

static const char *member_name(Shape *s, const Path *p) {
    return s->member[p->at[0]].c_name;
}

/* The service's own handlers, written out: ecr_tag_resource and its like. */
static void write_tag_operation(Declarations *d, TagOperation *t, SwBuf *b) {
    Model *m = d->api;
    Shape *in = t->op->input, *out = t->op->output;
    const char *of = member_name(in, &t->of);
    SwStr among = t->resource
                      ? sw_strf(m->arena, "(const SwResource *const[]){&%s_%s_resource, NULL}", m->lower, t->resource->c_name)
                      : sw_strf(m->arena, "%s_declarations.resource", m->lower);
    const char *refs = sw_str_z(m->arena, t->of.end->kind == SW_LIST ? sw_strf(m->arena, "in->%s", of)
                                                                     : sw_strf(m->arena, "SW_ONE(in->%s)", of));
    sw_buf_addf(b, "int %s_%s(SwCtx *cx, const %s *in, %s *out, SwError *err) {\n", m->lower, t->op->c_name, in->c_type,
                type_or_void(out));
    if (sw_str_ends(sw_str_lower(m->arena, t->of.text), SW_STR("arn")) || sw_str_ends(t->of.text, SW_STR("Arns")))
        sw_buf_addf(b, "    if (sw_op_check_arns(cx, %.*s, %s, err) < 0)\n        return -1;\n", SW_FMT(among), refs);
    if (t->tags.n)
        sw_buf_addf(b, "    return sw_op_tag(cx, %.*s, %s, SW_GIVEN_TAGS(&in->%s), err);\n}\n", SW_FMT(among), refs,
                    member_name(in, &t->tags));
    else if (t->keys.n)
        sw_buf_addf(b, "    return sw_op_untag(cx, %.*s, %s, &in->%s, err);\n}\n", SW_FMT(among), refs,
                    member_name(in, &t->keys));
    else if (t->page)
        sw_buf_addf(b, "    return sw_op_tags_page(cx, %.*s, in->%s, %zu, out, err);\n}\n", SW_FMT(among), of, t->page);
    else
        sw_buf_addf(b,
                    "    SwStrMap *tags;\n    if (sw_op_tags(cx, %.*s, in->%s, &tags, err) < 0)\n        return -1;\n"
                    "    *SW_TAGS(&out->%s) = *tags;\n    sw_list_present(cx->arena, &out->%s);\n    return 0;\n}\n",
                    SW_FMT(among), of, member_name(out, &t->list), member_name(out, &t->list));
}

static void write_ways(Declarations *d, SwBuf *b, const char *name, const WayList *l) {
    if (!l->n)
        return;
    sw_buf_addf(b, "static const SwInputWay %s[] = {\n", name);
    for (size_t i = 0; i < l->n; i++) {
        sw_buf_addf(b, "    {%s, ", l->v[i].op->c_index);
        write_path(b, &l->v[i].at);
        sw_buf_addz(b, ", ");
        add_quoted(b, l->v[i].value);
        if (l->v[i].arn_of)
            sw_buf_addf(b, ", &%s_%s_resource", d->api->lower, l->v[i].arn_of->c_name);
        sw_buf_addz(b, "},\n");
    }
    sw_buf_addz(b, "};\n");
}

static void write_tagging(Declarations *d, SwBuf *b) {
    if (!d->tag_operations.n)
        return;
    sw_buf_addz(b, "static const SwTagOperation tagging[] = {\n");
    for (size_t i = 0; i < d->tag_operations.n; i++) {
        TagOperation *t = &d->tag_operations.v[i];
        sw_buf_addf(b, "    {%s, %s, ", t->op->c_index, t->tags.n ? "SW_TAG_SET" : t->keys.n ? "SW_TAG_TAKE" : "SW_TAG_SHOW");
        write_path(b, &t->of);
        sw_buf_addz(b, ", ");
        write_path(b, t->tags.n ? &t->tags : t->keys.n ? &t->keys : &t->list);
        if (t->resource)
            sw_buf_addf(b, ", &%s_%s_resource", d->api->lower, t->resource->c_name);
        if (t->replaces)
            sw_buf_addz(b, ", .replaces = true");
        if (t->text.p) {
            sw_buf_addz(b, ", .says = ");
            write_path(b, &t->says);
            sw_buf_addz(b, ", .text = ");
            add_quoted(b, t->text);
        }
        sw_buf_addz(b, "},\n");
    }
    sw_buf_addz(b, "};\n");
}

static void write_declarations(Declarations *d, SwBuf *b) {
    Model *m = d->api;
    write_tagging(d, b);
    write_ways(d, b, "passes", &d->passes);
    write_ways(d, b, "conditions", &d->conditions);
    sw_buf_addf(b, "const SwDeclarations %s_declarations = {\n    .resource = (const SwResource *const[]){", m->lower);
    for (size_t i = 0; i < d->resources.n; i++)
        sw_buf_addf(b, "&%s_%s_resource, ", m->lower, d->resources.v[i].c_name);
    sw_buf_addz(b, "NULL},\n");
    if (d->passes.n)
        sw_buf_addz(b, "    .passes = passes,\n    .n_passes = SW_N(passes),\n");
    if (d->conditions.n)
        sw_buf_addz(b, "    .conditions = conditions,\n    .n_conditions = SW_N(conditions),\n");
    if (d->tag_operations.n)
        sw_buf_addz(b, "    .tagging = tagging,\n    .n_tagging = SW_N(tagging),\n");
    sw_buf_addz(b, "};\n");
}

void write_resources_source(Declarations *d, SwBuf *b, const char *name) {
    sw_buf_addf(
        b,
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by modelc from models/resources/%s.json; changes belong there. */\n"
        "#include \"models/%s\"\n#include \"resource/cfn.h\"\n\n",
        d->api->api, name);
    for (size_t i = 0, any = 0; i < d->resources.n && !any; i++)
        if (d->resources.v[i].cfn) {
            cfn_write_scalars(d, b);
            any = 1;
        }
    if (d->rules)
        write_rules(b, sw_str_z(d->api->arena, sw_strf(d->api->arena, "%s_tag_rules", d->api->lower)), d->rules);
    for (size_t i = 0; i < d->resources.n; i++)
        write_resource(d, &d->resources.v[i], b);
    write_declarations(d, b);
    for (size_t i = 0; i < d->resources.n; i++)
        settings_handlers(d, &d->resources.v[i], b);
    for (size_t i = 0; i < d->tag_operations.n; i++) {
        if (d->tag_operations.v[i].own)
            continue;
        sw_buf_addc(b, '\n');
        write_tag_operation(d, &d->tag_operations.v[i], b);
    }
}
