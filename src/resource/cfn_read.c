/* SPDX-License-Identifier: Apache-2.0 */
/* A resource read as properties: one operation that shows it, and those that show a property which lies apart. */

#include "resource/cfn_internal.h"

const SwResource *sw_resource_of_type(const SwHost *h, SwStr type) {
    for (const SwResource *const *r = sw_resource_all(h); *r; r++)
        if ((*r)->cfn && sw_str_eqz(type, (*r)->cfn->name))
            return *r;
    return NULL;
}

/* --- naming it in inputs ---------------------------------------------------------------------------------------- */

static int fill(SwCtx *cx, const SwFound *f, const SwShape *s, const char *fixed, void **ret_in, SwError *err) {
    SwParts p;
    SwValue v;
    if (sw_json_parse(cx->arena, sw_str(fixed), &v, err) < 0)
        return -1;
    sw_resource_parts_of(cx, f, &p);
    v = sw_resource_filled(cx, f, &p, &v);
    return sw_shape_from_json(cx->arena, s, sw_json_text(cx->arena, &v), ret_in, err);
}

int sw_cfn_input(SwCtx *cx, const SwResource *r, unsigned op, const SwFound *f, const char *fixed, void **ret_in,
                 SwError *err) {
    const SwShape *s = r->api->op[op].input;
    if (!s) {
        *ret_in = NULL;
        return 0;
    }
    *ret_in = sw_arena_alloc(cx->arena, s->size);
    if (fixed && f && fill(cx, f, s, fixed, ret_in, err) < 0)
        return -1;
    return f ? sw_resource_name_in(cx, f, &r->api->op[op], *ret_in, err) : 0;
}

/* --- identifiers ------------------------------------------------------------------------------------------------ */

/* A name may hold a '|' itself: the last one takes the rest. */
static SwStrList split(SwCtx *cx, const SwCfnType *t, SwStr identifier) {
    SwStrList l = {0};
    SwStr one;
    while (l.n + 1 < t->n_identifier && sw_str_find(identifier, '|', &(size_t){0})) {
        (void)sw_str_cut(&identifier, '|', &one);
        sw_str_list_add(cx->arena, &l, one);
    }
    sw_str_list_add(cx->arena, &l, identifier);
    return l;
}

/* Whether what a reference found is called as the identifier's other parts say, by name or by ARN. */
static bool is_called(SwCtx *cx, const SwFound *f, const SwStrList *said) {
    SwParts p;
    sw_resource_parts_of(cx, f, &p);
    for (size_t i = 0; i < said->n; i++) {
        int part = f->r->cfn->identifier[i].part;
        SwStr one = said->v[i], is = part >= 0 ? p.v[part] : SW_NO_STR;
        if (part < 0 || sw_str_eq(one, is))
            continue;
        if (!sw_str_starts(one, SW_STR("arn:")) || !sw_str_ends(one, sw_cat(cx->arena, SW_STR("/"), is)))
            return false;
    }
    return true;
}

int sw_cfn_found(SwCtx *cx, const SwResource *r, SwStr identifier, SwFound *ret, SwError *err) {
    const SwCfnType *t = r->cfn;
    SwStrList said = split(cx, t, identifier);
    SwParts p = {0};
    if (said.n != t->n_identifier || !sw_str_is(identifier))
        return sw_fail(err, &SW_CFN_INVALID_REQUEST, "Identifier %.*s is not valid for identifier [/properties/%s]",
                       SW_FMT(identifier), t->identifier[0].property);
    for (size_t i = 0; i < said.n; i++) {
        SwStr one = said.v[i];
        if (t->identifier[i].part >= 0) {
            p.v[t->identifier[i].part] = one;
            continue;
        }
        SwError missing = sw_error(err->arena);
        if (sw_resource_by_reference(cx, (const SwResource *const[]){r, NULL}, one, ret, &missing) == 0) {
            if (!is_called(cx, ret, &said))
                ret->record = NULL;
            return 0;
        }
        if (sw_error_is(&missing, &SW_INTERNAL_FAILURE))
            return *err = missing, -1;
        *ret = (SwFound){.r = r, .id = sw_str_or(sw_resource_id(cx, r, one), one)};
        return 0;
    }
    return sw_resource_find(cx, r, sw_resource_write(cx, r, r->id, &p), ret, err);
}

SwStr sw_resource_identifier(SwCtx *cx, const SwFound *f) {
    const SwCfnType *t = f->r->cfn;
    SwStrList all = {0};
    SwParts p;
    if (f->r->hooks && f->r->hooks->identifier)
        return f->r->hooks->identifier(cx, f);
    sw_resource_parts_of(cx, f, &p);
    for (size_t i = 0; i < t->n_identifier; i++) {
        int part = t->identifier[i].part;
        bool arn = part < 0 &&
                   (!f->r->reference[0] || (f->r->arn[0] && sw_str_ends(sw_str(t->identifier[i].property), SW_STR("Arn"))));
        sw_str_list_add(cx->arena, &all,
                        part >= 0 ? p.v[part]
                        : arn     ? sw_resource_arn(cx, f->r, f->id, f->record)
                                  : sw_resource_write(cx, f->r, f->r->reference[0], &p));
    }
    return sw_str_join(cx->arena, all.v, all.n, SW_STR("|"));
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

const void *sw_cfn_first(const SwShape *s, const void *v, const SwPath *p, bool element, const SwShape **ret_shape) {
    for (unsigned i = 0; v && i < p->n; i++) {
        const SwMember *m = &s->member[p->at[i]];
        v = sw_member_at(m, v);
        s = m->shape;
        while (v && s->kind == SW_LIST && (element || i + 1 < p->n)) {
            v = sw_list_count(v) ? sw_list_at(s, v, 0) : NULL;
            s = s->member[0].shape;
        }
    }
    *ret_shape = s;
    return v;
}

/* "A.B" in a document that is being made. */
static void set_property(SwArena *a, SwValue *into, const char *property, SwValue v) {
    SwStr rest = sw_str(property), head;
    while (sw_str_cut(&rest, '.', &head)) {
        const SwValue *there = sw_value_get(into, head);
        into = there ? (SwValue *)(uintptr_t)there : sw_value_set(a, into, head, sw_value_object());
    }
    sw_value_set(a, into, rest, v);
}

typedef struct Reading {
    const SwShape *shape; /* of what `read` shows */
    const void *shown;
} Reading;

/* All that lies at a way through lists, in one list. */
static void gather(SwCtx *cx, const SwCfnBinding *b, const SwShape *s, const void *at, unsigned depth, SwValue *all) {
    SwValue v;
    if (s->kind == SW_LIST) {
        for (size_t i = 0; i < sw_list_count(at); i++)
            gather(cx, b, s->member[0].shape, sw_list_at(s, at, i), depth, all);
    } else if (depth == b->get_at.n) {
        if (sw_cfn_get(cx, b->shape->of, s, at, NULL, &v))
            sw_value_add(cx->arena, all, v);
    } else {
        const SwMember *m = &s->member[b->get_at.at[depth]];
        const void *below = sw_member_at(m, at);
        if (below)
            gather(cx, b, m->shape, below, depth + 1, all);
    }
}

static bool through_lists(const SwShape *s, const SwPath *p) {
    for (unsigned i = 0; i + 1 < p->n; i++) {
        s = s->member[p->at[i]].shape;
        if (s->kind == SW_LIST)
            return true;
    }
    return false;
}

static bool read_value(SwCtx *cx, const SwCfnBinding *b, const Reading *from, SwValue *ret) {
    const SwShape *s;
    if (from->shown && b->shape->kind == SW_CFN_LIST && through_lists(from->shape, &b->get_at)) {
        *ret = sw_value_array();
        gather(cx, b, from->shape, from->shown, 0, ret);
        return ret->n > 0;
    }
    const void *at = from->shown ? sw_cfn_first(from->shape, from->shown, &b->get_at, false, &s) : NULL;
    return at && sw_cfn_get(cx, b->shape, s, at, b->get_at.key, ret);
}

/* Asks for the next page; false: there is none. */
static bool next_page(SwCtx *cx, const SwOperation *op, const void *out, void *in) {
    const SwStr *next = op->page ? sw_member_at(op->page->next, out) : NULL;
    if (!next || !sw_str_is(*next))
        return false;
    *(SwStr *)sw_member_make(cx->arena, op->page->token, in) = *next;
    return true;
}

/* A property that an operation of its own shows, in however many pages. */
static int read_apart(SwCtx *cx, const SwResource *r, const SwCfnBinding *b, const SwFound *f, SwValue *ret, SwError *err) {
    const SwOperation *op = &r->api->op[b->get];
    SwError none = sw_error(err->arena);
    void *in, *out;
    *ret = (SwValue){0};
    if (sw_cfn_input(cx, r, b->get, f, b->get_input, &in, err) < 0)
        return -1;
    do {
        SwValue v;
        out = NULL;
        if (sw_call(cx, r->api, b->get, in, &out, &none) < 0)
            return b->none && sw_error_is(&none, b->none) ? 0 : (*err = none, -1);
        if (!read_value(cx, b, &(Reading){op->output, out}, &v))
            continue;
        if (ret->kind != SW_VARRAY)
            *ret = v;
        for (size_t i = 0; ret->v != v.v && i < v.n; i++)
            sw_value_add(cx->arena, ret, v.v[i]);
    } while (next_page(cx, op, out, in));
    return b->each && b->each->show != SW_NO_OPERATION ? sw_cfn_each_shown(cx, f, b, ret, err) : 0;
}

/* The ARN, or without one the id, in other words. */
static void read_text(SwCtx *cx, const SwCfnBinding *b, const SwFound *f, SwValue *into) {
    SwParts p;
    sw_resource_parts_of(cx, f, &p);
    set_property(cx->arena, into, b->property, sw_value_string(sw_resource_write(cx, f->r, b->text, &p)));
}

static int read_property(SwCtx *cx, const SwResource *r, const SwCfnBinding *b, const Reading *main, const SwFound *f,
                         SwValue *into, SwError *err) {
    const SwShape *s;
    SwValue v = {0};
    if (b->tags && f->record && r->tags_at.n) {
        s = r->in->shape;
        const void *tags = sw_path_value(s, f->record, &r->tags_at, &s);
        if (sw_resource_ask_tags(cx, f, err) < 0)
            return -1;
        if (tags && sw_cfn_get(cx, b->shape, s, tags, NULL, &v))
            set_property(cx->arena, into, b->property, v);
        return 0;
    }
    if (b->text) {
        read_text(cx, b, f, into);
        return 0;
    }
    if (b->hook && r->hooks->cfn_get(cx, f, b->property, &v, err) < 0)
        return -1;
    if (b->get_at.n && b->get != SW_NO_OPERATION && read_apart(cx, r, b, f, &v, err) < 0)
        return -1;
    if (b->get_at.n && b->get == SW_NO_OPERATION && !read_value(cx, b, main, &v))
        return 0;
    if (v.kind != SW_VNULL && !(v.kind == SW_VARRAY && v.n == 0))
        set_property(cx->arena, into, b->property, v);
    return 0;
}

/* Of a list, the one that says what it is. */
static const void *meant(SwCtx *cx, const SwFound *f, const void *out, const SwShape **ret_shape) {
    const SwCfnType *t = f->r->cfn;
    const SwShape *s = f->r->api->op[t->read].output;
    const void *at = t->read_at.n ? sw_cfn_first(s, out, &t->read_at, !t->read_is_text, &s) : out;
    SwParts p;
    *ret_shape = s->kind == SW_LIST ? s->member[0].shape : s;
    if (!at || !t->read_is_text)
        return at;
    sw_resource_parts_of(cx, f, &p);
    SwStr want = sw_resource_write(cx, f->r, t->read_is_text, &p);
    for (size_t i = 0; i < (s->kind == SW_LIST ? sw_list_count(at) : 1); i++) {
        const void *one = s->kind == SW_LIST ? sw_list_at(s, at, i) : at;
        if (sw_str_eq(sw_path_text(*ret_shape, one, &t->read_is), want))
            return one;
    }
    return NULL;
}

/* What the type's `read` shows of it; fails with `missing` where that is nothing. */
static int read_main(SwCtx *cx, const SwResource *r, const SwFound *f, SwStr identifier, Reading *ret, SwError *err) {
    const SwCfnType *t = r->cfn;
    void *in, *out = NULL;
    if (sw_cfn_input(cx, r, t->read, f, t->read_input, &in, err) < 0)
        return -1;
    if (!f->record && r->in) /* told to who may read it, were it there */
        return sw_call_ask(cx, r->api, t->read, in, err) < 0 ? -1 : sw_resource_fail(cx, r, &r->missing, identifier, err);
    if (sw_call(cx, r->api, t->read, in, &out, err) < 0)
        return -1;
    ret->shown = meant(cx, f, out, &ret->shape);
    return ret->shown ? 0 : sw_resource_fail(cx, r, &r->missing, identifier, err);
}

int sw_cfn_is_there(SwCtx *cx, const SwFound *f, bool *ret_there, SwError *err) {
    SwError missing = sw_error(err->arena);
    Reading shown;
    *ret_there = f->record != NULL;
    if (f->r->in && !(f->record && f->r->cfn->read_is_text)) /* what is on its way out is not shown any more */
        return 0;
    *ret_there = read_main(cx, f->r, f, f->id, &shown, &missing) == 0;
    return *ret_there || sw_error_is(&missing, f->r->missing.kind) ? 0 : (*err = missing, -1);
}

/* What nothing shows, since it is what it is known by. */
static void read_identifier(SwCtx *cx, const SwFound *f, SwValue *into) {
    const SwCfnType *t = f->r->cfn;
    SwStr all = sw_resource_identifier(cx, f);
    SwStrList said = split(cx, t, all);
    for (size_t i = 0; i < t->n_identifier && i < said.n; i++)
        if (!sw_value_getz(into, t->identifier[i].property))
            sw_value_set(cx->arena, into, sw_str(t->identifier[i].property), sw_value_string(said.v[i]));
}

/* What it was told, and what it is known by. */
static int read_kept(SwCtx *cx, const SwFound *f, SwStr identifier, SwValue *ret, SwError *err) {
    if (!f->record)
        return sw_resource_fail(cx, f->r, &f->r->missing, identifier, err);
    if (sw_cfn_kept(cx, f, ret, err) < 0)
        return -1;
    read_identifier(cx, f, ret);
    return 0;
}

int sw_resource_model(SwCtx *cx, const SwResource *r, SwStr identifier, SwValue *ret_properties, SwError *err) {
    SwFound f;
    if (sw_cfn_found(cx, r, identifier, &f, err) < 0)
        return -1;
    return sw_resource_model_of(cx, &f, identifier, ret_properties, err);
}

int sw_resource_model_of(SwCtx *cx, const SwFound *f, SwStr identifier, SwValue *ret_properties, SwError *err) {
    const SwResource *r = f->r;
    const SwCfnType *t = r->cfn;
    Reading main = {0};
    SwValue arn;
    *ret_properties = sw_value_object();
    if (r->hooks && r->hooks->cfn_ended && f->record && r->hooks->cfn_ended(cx, f->record))
        return sw_resource_fail(cx, r, &r->missing, f->id, err);
    if (t->kept.n)
        return read_kept(cx, f, identifier, ret_properties, err);
    if (read_main(cx, r, f, identifier, &main, err) < 0)
        return -1;
    for (size_t i = 0; i < t->n_bind; i++)
        if (read_property(cx, r, &t->bind[i], &main, f, ret_properties, err) < 0)
            return -1;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        arn = sw_value_string(sw_resource_arn(cx, r, f->id, f->record));
        if (b->read_only && strcmp(b->property, "Arn") == 0 && !sw_value_getz(ret_properties, "Arn"))
            sw_value_set(cx->arena, ret_properties, SW_STR("Arn"), arn);
    }
    read_identifier(cx, f, ret_properties);
    return 0;
}
