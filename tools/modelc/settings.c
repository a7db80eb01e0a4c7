/* SPDX-License-Identifier: Apache-2.0 */
/* "settings" of a resource: parts of its record that operations of their own put, show and take away. Their handlers are
 * written out, and call the one walker of src/resource/settings.c. models/README.md, "Settings", has the fields. */

#include "resources.h"

static const char *const kinds[] = {"put", "get", "delete"}; /* by SettingVerb */
_Static_assert(SW_N(kinds) == SETTING_VERB_MAX, "a verb has a name");

/* --- reading ---------------------------------------------------------------------------------------------------- */

static bool is_whole_number(const Shape *s) {
    return s->kind == SW_INTEGER || s->kind == SW_LONG;
}

/* The same in C: a structure of a record's is the API's own. */
static bool is_same(Shape *a, Shape *b) {
    if (is_whole_number(a) && is_whole_number(b))
        return true;
    if (a->kind != b->kind || (is_structure(a) && !sw_str_eq(a->name, b->name)))
        return false;
    size_t n = a->kind == SW_LIST ? 1 : a->kind == SW_MAP ? 2 : 0;
    for (size_t i = 0; i < n; i++)
        if (!is_same(a->member[i].shape, b->member[i].shape))
            return false;
    return true;
}

static bool shares_member(const Shape *a, const Shape *b) {
    for (size_t i = 0; i < a->n_member; i++) {
        size_t at;
        Member *m = member_named(b, a->member[i].name, &at);
        if (m && is_same(m->shape, a->member[i].shape))
            return true;
    }
    return false;
}

/* What lies at the end of `down` in a structure is what the record keeps. */
static void read_place(Declarations *d, Setting *s, Shape *from, SwStr down, const SwValue *at, Path *ret) {
    if (!from || !resource_path(from, down, ret))
        file_error(d->api, d->file, at, "'%.*s' has no such member", SW_FMT(at->s));
    else if (s->at.n && !is_same(ret->end, s->at.end))
        file_error(d->api, d->file, at, "'%.*s' is not of the type that is kept", SW_FMT(at->s));
}

/* Where put's and delete's outputs have the member that get shows, they show it, too. */
static void read_shown(Setting *s, SettingOperation *o, SwStr member) {
    Path p;
    if (o->op && o->op->output && s->at.n && resource_path(o->op->output, member, &p) && is_same(p.end, s->at.end))
        o->shown = p;
}

/* "Operation", "Operation.member" */
static void read_operation(Declarations *d, Resource *r, Setting *s, SettingVerb verb, const SwValue *at) {
    SettingOperation *o = &s->does[verb];
    SwStr down = sw_value_str(at), name = down;
    bool member = sw_str_cut(&down, '.', &name);
    const SwValue named = {.kind = SW_VSTRING, .s = member ? name : sw_value_str(at), .line = at->line};
    o->op = resource_operation(d, &named);
    if (!o->op)
        return;
    if (!o->op->handler_flags.p)
        file_error(d->api, d->file, at, "'%.*s' is not implemented", SW_FMT(o->op->name));
    if (!o->op->input || !resource_named_at(r, o->op, &o->of))
        file_error(d->api, d->file, at, "'%.*s' does not name '%.*s'", SW_FMT(o->op->name), SW_FMT(r->name));
    else if (o->of.end->kind != SW_STRING && !r->hooks) /* of_setting may find it otherwise */
        file_error(d->api, d->file, at, "'%.*s' names '%.*s' by no text", SW_FMT(o->op->name), SW_FMT(r->name));
    if (verb == SETTING_PUT && !member)
        file_error(d->api, d->file, at, "\"put\" is Operation.member");
    else if (verb == SETTING_DELETE && member)
        file_error(d->api, d->file, at, "\"delete\" is an operation");
    else if (member)
        read_place(d, s, verb == SETTING_PUT ? o->op->input : o->op->output, down, at,
                   verb == SETTING_PUT ? &o->given : &o->shown);
    else if (verb == SETTING_GET && s->at.n)
        s->whole = true;
    if (s->whole && (!o->op->output || !is_structure(s->at.end) || !shares_member(o->op->output, s->at.end)) &&
        verb == SETTING_GET)
        file_error(d->api, d->file, at, "'%.*s' shows no member of what is kept", SW_FMT(at->s));
}

/* Each member is in some output, and its text is over the parts, or the record keeps the same. */
static void read_says(Declarations *d, Resource *r, const Setting *s, const SwValue *says) {
    for (size_t i = 0; says && i < says->n; i++) {
        SwStr text = sw_value_str(&says->v[i]);
        bool kept = sw_str_starts(text, SW_STR("{record."));
        Path from = {0}, to;
        if (kept && (!r->record || !resource_path(r->record, sw_str_drop(sw_str_skip(text, 8), 1), &from) || from.n > 1)) {
            file_error(d->api, d->file, &says->v[i], "'%.*s' keeps no '%.*s'", SW_FMT(r->name), SW_FMT(text));
            continue;
        }
        if (!kept)
            resource_template(d, r, &says->v[i]);
        bool found = false;
        for (size_t k = 0; k < SETTING_VERB_MAX; k++) {
            const Operation *op = s->does[k].op;
            if (op && op->output && resource_path(op->output, says->keys[i], &to) && to.n == 1)
                found |= kept ? is_same(to.end, from.end) : to.end->kind == SW_STRING;
        }
        if (!found)
            file_error(d->api, d->file, &says->v[i], "no output has such a '%.*s'", SW_FMT(says->keys[i]));
    }
}

/* A document has no member that the shape has not. */
static void check_document(Declarations *d, Shape *s, const SwValue *v) {
    if (is_structure(s) && v->kind == SW_VOBJECT) {
        for (size_t i = 0; i < v->n; i++) {
            size_t at;
            Member *m = member_named(s, v->keys[i], &at);
            if (m)
                check_document(d, m->shape, &v->v[i]);
            else
                file_error(d->api, d->file, &v->v[i], "%.*s has no '%.*s'", SW_FMT(s->name), SW_FMT(v->keys[i]));
        }
    } else if (s->kind == SW_LIST && v->kind == SW_VARRAY) {
        for (size_t i = 0; i < v->n; i++)
            check_document(d, s->member[0].shape, &v->v[i]);
    } else if (!((s->kind == SW_STRING && v->kind == SW_VSTRING) || (s->kind == SW_BOOLEAN && v->kind == SW_VBOOL))) {
        file_error(d->api, d->file, v, "no %.*s", SW_FMT(s->name));
    }
}

static void read_otherwise(Declarations *d, Setting *s, const SwValue *json) {
    const SettingOperation *get = &s->does[SETTING_GET];
    s->otherwise = json;
    if (json && (!get->shown.n || s->none.kind))
        file_error(d->api, d->file, json, "\"otherwise\" is for a member that \"get\" shows where there is no \"none\"");
    else if (json)
        check_document(d, get->shown.end, json);
}

static void read_kept(Declarations *d, Resource *r, Setting *s, const SwValue *at, const SwValue *json) {
    if (!at) {
        if (sw_value_getz(json, "put") || sw_value_getz(json, "delete"))
            file_error(d->api, d->file, json, "'%.*s' is kept nowhere: \"at\"", SW_FMT(s->name));
        return;
    }
    Shape *step = r->record;
    if (!step || !resource_path(step, at->s, &s->at)) {
        file_error(d->api, d->file, at, "'%.*s' keeps no '%.*s'", SW_FMT(r->name), SW_FMT(at->s));
        return;
    }
    for (size_t i = 0; i < s->at.n; i++) {
        if (step->kind == SW_LIST)
            file_error(d->api, d->file, at, "a list is on the way to '%.*s'", SW_FMT(at->s));
        step = step->kind == SW_LIST ? step : step->member[s->at.at[i]].shape;
    }
}

static void read_setting(Declarations *d, Resource *r, SwStr name, const SwValue *json) {
    static const char *const words[] = {"put", "get", "delete", "at", "none", "otherwise", "says", "strict", "hooks", NULL};
    SwArena *a = d->api->arena;
    Setting *s = sw_list_add(a, &r->settings);
    const SwValue *get = sw_value_getz(json, "get"), *strict = sw_value_getz(json, "strict");
    *s = (Setting){.name = name,
                   .c_name = sw_str_z(a, sw_strf(a, "%s_%s", r->c_name, name_snake(a, name))),
                   .says = sw_value_getz(json, "says"),
                   .strict = sw_value_is_true(strict),
                   .hooks = sw_value_is_true(sw_value_getz(json, "hooks")),
                   .none = resource_text(d, sw_value_getz(json, "none"))};
    resource_words(d, json, words, "a setting");
    read_kept(d, r, s, sw_value_getz(json, "at"), json);
    for (size_t i = 0; i < SETTING_VERB_MAX; i++)
        if (sw_value_getz(json, kinds[i]))
            read_operation(d, r, s, (SettingVerb)i, sw_value_getz(json, kinds[i]));
    SwStr shown = s->does[SETTING_GET].shown.n ? s->does[SETTING_GET].shown.text : s->does[SETTING_PUT].given.text;
    read_shown(s, &s->does[SETTING_PUT], shown);
    read_shown(s, &s->does[SETTING_DELETE], shown);
    if (!get && !s->does[SETTING_PUT].op)
        file_error(d->api, d->file, json, "'%.*s' is neither put nor shown", SW_FMT(name));
    if (s->none.kind && !get)
        file_error(d->api, d->file, json, "\"none\" is for what \"get\" shows");
    if (strict && (!s->none.kind || !s->does[SETTING_DELETE].op))
        file_error(d->api, d->file, strict, "\"strict\" is for a \"delete\" that fails with \"none\"");
    read_otherwise(d, s, sw_value_getz(json, "otherwise"));
    read_says(d, r, s, s->says);
}

static bool does(const Setting *s, const Operation *op) {
    bool is = false;
    for (size_t i = 0; i < SETTING_VERB_MAX; i++)
        is |= op && s->does[i].op == op;
    return is;
}

/* An operation has one handler. */
static void check_once(Declarations *d, const Setting *s, const SwValue *json) {
    for (size_t v = 0; v < SETTING_VERB_MAX; v++) {
        const Operation *op = s->does[v].op;
        for (size_t i = 0; i < d->resources.n; i++)
            for (size_t k = 0; k < d->resources.v[i].settings.n; k++)
                if (&d->resources.v[i].settings.v[k] != s && does(&d->resources.v[i].settings.v[k], op))
                    file_error(d->api, d->file, json, "'%.*s' is another setting's, too", SW_FMT(op->name));
    }
}

void settings_load(Declarations *d, Resource *r, const SwValue *json) {
    for (size_t i = 0; json && i < json->n; i++) {
        read_setting(d, r, json->keys[i], &json->v[i]);
        check_once(d, &r->settings.v[i], &json->v[i]);
    }
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

void settings_header(Declarations *d, Resource *r, SwBuf *b) {
    SwArena *a = d->api->arena;
    const char *upper = name_upper(a, sw_str(r->c_name));
    if (!r->settings.n)
        return;
    sw_buf_addz(b, "enum { /* in its settings */\n");
    for (size_t i = 0; i < r->settings.n; i++)
        sw_buf_addf(b, "    %s_%s_SETTING_%s,\n", d->api->upper, upper, name_upper(a, r->settings.v[i].name));
    sw_buf_addz(b, "};\n");
    for (size_t i = 0; i < r->settings.n; i++)
        if (r->settings.v[i].hooks)
            sw_buf_addf(b, "extern const SwSettingHooks %s_%s_setting;\n", d->api->lower, r->settings.v[i].c_name);
}

static void write_place(SwBuf *b, const char *field, const Path *p) {
    if (!p->n)
        return;
    sw_buf_addf(b, ", .%s = ", field);
    write_path(b, p);
}

static void write_operation(SwBuf *b, const char *field, const SettingOperation *o) {
    if (!o->op) {
        sw_buf_addf(b, "    .%s = {SW_NO_OPERATION},\n", field);
        return;
    }
    sw_buf_addf(b, "    .%s = {%s", field, o->op->c_index);
    write_place(b, "of", &o->of);
    write_place(b, "given", &o->given);
    write_place(b, "shown", &o->shown);
    sw_buf_addz(b, "},\n");
}

static void write_says(SwBuf *b, const SwValue *says) {
    sw_buf_addz(b, "    .says = (const SwSaid[]){");
    for (size_t i = 0; i < says->n; i++) {
        sw_buf_addz(b, "{");
        add_quoted(b, says->keys[i]);
        sw_buf_addz(b, ", ");
        add_quoted(b, says->v[i].s);
        sw_buf_addz(b, "}, ");
    }
    sw_buf_addz(b, "{NULL, NULL}},\n");
}

static void write_setting(Declarations *d, const Setting *s, SwBuf *b) {
    sw_buf_addz(b, "    {\n    .name = ");
    add_quoted(b, s->name);
    sw_buf_addz(b, ",\n");
    write_operation(b, "put", &s->does[SETTING_PUT]);
    write_operation(b, "get", &s->does[SETTING_GET]);
    write_operation(b, "take", &s->does[SETTING_DELETE]);
    if (s->at.n) {
        sw_buf_addz(b, "    .at = ");
        write_path(b, &s->at);
        sw_buf_addz(b, ",\n");
    }
    if (s->whole)
        sw_buf_addz(b, "    .whole = true,\n");
    if (s->strict)
        sw_buf_addz(b, "    .strict = true,\n");
    write_text(b, "none", &s->none);
    if (s->otherwise) {
        sw_buf_addz(b, "    .otherwise = ");
        add_quoted(b, sw_json_text(d->api->arena, s->otherwise));
        sw_buf_addz(b, ",\n");
    }
    if (s->says)
        write_says(b, s->says);
    if (s->hooks)
        sw_buf_addf(b, "    .hooks = &%s_%s_setting,\n", d->api->lower, s->c_name);
    sw_buf_addz(b, "    },\n");
}

void settings_table(Declarations *d, Resource *r, SwBuf *b) {
    if (!r->settings.n)
        return;
    sw_buf_addf(b, "static const SwSetting %s_settings[] = {\n", r->c_name);
    for (size_t i = 0; i < r->settings.n; i++)
        write_setting(d, &r->settings.v[i], b);
    sw_buf_addz(b, "};\n");
}

void settings_handlers(Declarations *d, Resource *r, SwBuf *b) {
    Model *m = d->api;
    for (size_t i = 0; i < r->settings.n; i++)
        for (size_t v = 0; v < SETTING_VERB_MAX; v++) {
            const Operation *op = r->settings.v[i].does[v].op;
            if (op)
                sw_buf_addf(b,
                            "\nint %s_%s(SwCtx *cx, const %s *in, %s *out, SwError *err) {\n"
                            "    return sw_op_setting_%s(cx, &%s_%s_resource, %s_%s_SETTING_%s, in, out, err);\n}\n",
                            m->lower, op->c_name, op->input->c_type, op->output ? op->output->c_type : "void", kinds[v],
                            m->lower, r->c_name, m->upper, name_upper(m->arena, sw_str(r->c_name)),
                            name_upper(m->arena, r->settings.v[i].name));
        }
}
