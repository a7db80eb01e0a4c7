/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: what operations of their own put into a record, show and take away, over whatever its declaration says. */

#include "resource/internal.h"

#include "api/service.h"

static const SwShape *input_of(const SwResource *r, const SwSettingOperation *o) {
    return r->api->op[o->op].input;
}

static int find(SwCtx *cx, const SwResource *r, const SwSettingOperation *o, const void *in, SwFound *ret, SwError *err) {
    const SwResource *const among[] = {r, NULL};
    if (!r->hooks || !r->hooks->of_setting)
        return sw_resource_by_reference(cx, among, sw_path_text(input_of(r, o), in, &o->of), ret, err);
    *ret = (SwFound){.r = r};
    return r->hooks->of_setting(cx, in, ret, err);
}

/* A text that is empty is none. */
static bool is_there(const SwShape *s, const void *v) {
    return v && (s->kind != SW_STRING || sw_str_is(*(const SwStr *)v));
}

const void *sw_setting_of(const SwFound *f, const SwSetting *s, const SwShape **ret_shape) {
    const void *v = s->at.n ? sw_path_value(f->r->in->shape, f->record, &s->at, ret_shape) : NULL;
    return v && is_there(*ret_shape, v) ? v : NULL;
}

/* --- what is answered ------------------------------------------------------------------------------------------------ */

/* Deep parts are shared. */
static void write_to(SwCtx *cx, const SwShape *s, void *to, const SwPath *at, const SwShape *shape, const void *v) {
    memcpy(sw_path_make(cx->arena, s, to, at), v, shape->size);
}

static void say(SwCtx *cx, const SwFound *f, const SwSaid *said, const SwParts *p, const SwShape *s, void *out) {
    const SwMember *m = sw_shape_member(s, sw_str(said->member));
    SwStr text = sw_str(said->text);
    if (!m)
        return;
    if (!sw_str_starts(text, SW_STR("{record."))) {
        *(SwStr *)sw_member_make(cx->arena, m, out) = sw_resource_write(cx, f->r, said->text, p);
        return;
    }
    const SwMember *from = sw_shape_member(f->r->in->shape, sw_str_drop(sw_str_skip(text, 8), 1));
    const void *v = sw_member_at(from, f->record);
    if (v)
        memcpy(sw_member_make(cx->arena, m, out), v, m->shape->size);
}

/* As the record has it now. */
static void show(SwCtx *cx, const SwFound *f, const SwSetting *s, const SwSettingOperation *o, void *out) {
    const SwShape *to = f->r->api->op[o->op].output, *shape;
    const void *v = sw_setting_of(f, s, &shape);
    SwParts p;
    if (v && o->shown.n)
        write_to(cx, to, out, &o->shown, shape, v);
    else if (v && o == &s->get && s->whole)
        sw_shape_move(cx->arena, to, out, shape, v);
    if (!s->says || !to)
        return;
    sw_resource_parts_of(cx, f, &p);
    for (const SwSaid *said = s->says; said->member; said++)
        say(cx, f, said, &p, to, out);
}

/* What everyone has who never put one. */
static int show_otherwise(SwCtx *cx, const SwResource *r, const SwSetting *s, void *out, SwError *err) {
    const SwShape *to = r->api->op[s->get.op].output;
    SwValue json, whole = sw_value_object(), *in = &whole;
    void *v;
    if (sw_json_parse(cx->arena, sw_str(s->otherwise), &json, err) < 0)
        return -1;
    const SwPath *at = &s->get.shown;
    for (unsigned i = 0; i < at->n; i++) {
        const SwMember *m = &to->member[at->at[i]];
        in = sw_value_set(cx->arena, in, sw_str(m->name), i + 1 == at->n ? json : sw_value_object());
        to = m->shape;
    }
    to = r->api->op[s->get.op].output;
    if (sw_shape_from_value(cx->arena, to, &whole, &v, err) < 0)
        return -1;
    sw_shape_move(cx->arena, to, out, to, v);
    return 0;
}

/* --- operations ------------------------------------------------------------------------------------------------------ */

static int store(SwCtx *cx, const SwFound *f, const SwSetting *s, const void *in, SwError *err) {
    if (sw_resource_put(cx, f, err) < 0)
        return -1;
    return s->hooks && s->hooks->changed ? s->hooks->changed(cx, f, in, err) : 0;
}

int sw_op_setting_put(SwCtx *cx, const SwResource *r, size_t at, const void *in, void *out, SwError *err) {
    const SwSetting *s = &r->settings[at];
    const SwShape *shape;
    SwFound f;
    const SwSettingHooks none = {0}, *hooks = s->hooks ? s->hooks : &none;
    if ((hooks->valid && hooks->valid(cx, in, err) < 0) || find(cx, r, &s->put, in, &f, err) < 0 ||
        (hooks->check && hooks->check(cx, &f, in, err) < 0))
        return -1;
    const void *v = sw_path_first(input_of(r, &s->put), in, &s->put.given, &shape);
    if (v)
        write_to(cx, r->in->shape, f.record, &s->at, shape, v);
    else
        sw_path_clear(r->in->shape, f.record, &s->at);
    show(cx, &f, s, &s->put, out);
    return store(cx, &f, s, in, err);
}

int sw_op_setting_get(SwCtx *cx, const SwResource *r, size_t at, const void *in, void *out, SwError *err) {
    const SwSetting *s = &r->settings[at];
    const SwShape *shape;
    SwFound f;
    if (find(cx, r, &s->get, in, &f, err) < 0)
        return -1;
    bool there = sw_setting_of(&f, s, &shape) != NULL;
    if (!there && s->none.kind)
        return sw_resource_fail(cx, r, &s->none, f.id, err);
    if (!there && s->otherwise && show_otherwise(cx, r, s, out, err) < 0)
        return -1;
    show(cx, &f, s, &s->get, out);
    if (s->hooks && s->hooks->shown)
        s->hooks->shown(cx, &f, out);
    return 0;
}

int sw_op_setting_delete(SwCtx *cx, const SwResource *r, size_t at, const void *in, void *out, SwError *err) {
    const SwSetting *s = &r->settings[at];
    const SwShape *shape;
    SwFound f;
    if (find(cx, r, &s->take, in, &f, err) < 0)
        return -1;
    if (s->strict && !sw_setting_of(&f, s, &shape))
        return sw_resource_fail(cx, r, &s->none, f.id, err);
    show(cx, &f, s, &s->take, out);
    sw_path_clear(r->in->shape, f.record, &s->at);
    if (s->hooks && s->hooks->taken)
        s->hooks->taken(cx, &f);
    return store(cx, &f, s, NULL, err);
}
