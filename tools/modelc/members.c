/* SPDX-License-Identifier: Apache-2.0 */
/* members/<api>.json beside an API's model: which members Slipway refuses, and which it accepts although no code reads
 * them (that half is for tools/members; here its names are only checked).
 *
 *   {"refused": {"WHY": ["Shape.member", "Shape.member unless VALUE or VALUE", "*.member", "Shape.*"]},
 *    "unread":  {"WHY": ["Shape.member", "*.member", "Shape.*"]}}
 *
 * An asterisk stands for every structure that has the member, or for all members of the structure. */

#include "modelc.h"

typedef struct Table {
    Model *m;
    const char *file;
} Table;

static void table_error(const Table *t, const SwValue *at, const char *what, SwStr text) {
    file_error(t->m, t->file, at, "%s '%.*s'", what, SW_FMT(text));
}

/* "A or B" to {"A", "B"} */
static SwStrList values_of(SwArena *a, const char *text) {
    SwStrList l = {0};
    const char * or ;
    for (; (or = strstr(text, " or ")) != NULL; text = or +4)
        sw_str_list_add(a, &l, sw_str_n(text, (size_t)(or -text)));
    sw_str_list_add(a, &l, sw_str(text));
    return l;
}

static bool mark(const Table *t, const SwValue *at, Shape *s, SwStr name, const char *why, SwStrList unless) {
    bool found = false;
    for (size_t i = 0; i < s->n_member; i++) {
        Member *e = &s->member[i];
        if (!sw_str_eq(e->name, name) && !sw_str_eqz(name, "*"))
            continue;
        if (e->refused && why)
            table_error(t, at, "refused twice:", at->s);
        found = true;
        e->refused = why ? why : e->refused;
        e->unless = why ? unless : e->unless;
    }
    return found;
}

static void read_entry(const Table *t, const SwValue *at, const char *why) {
    SwArena *a = t->m->arena;
    const char *text = sw_str_z(a, sw_value_str(at)), *unless = strstr(text, " unless ");
    SwStr rest = unless ? sw_str_n(text, (size_t)(unless - text)) : sw_str(text), shape;
    SwStrList values = unless ? values_of(a, unless + 8) : (SwStrList){0};
    bool found = false;
    if (at->kind != SW_VSTRING || !sw_str_cut(&rest, '.', &shape)) {
        table_error(t, at, "not Shape.member:", at->s);
        return;
    }
    for (size_t i = 0; i < t->m->n_shape; i++) {
        Shape *s = t->m->shape[i];
        if (is_structure(s) && (sw_str_eqz(shape, "*") || sw_str_eq(shape, s->name)))
            found |= mark(t, at, s, rest, why, values);
    }
    if (!found)
        table_error(t, at, "no member", at->s);
}

static void read_list(const Table *t, const SwValue *list, const char *why) {
    if (list->kind != SW_VARRAY)
        table_error(t, list, "not a list of members:", list->s);
    for (size_t i = 0; i < list->n; i++)
        read_entry(t, &list->v[i], why);
}

static void read_table(const Table *t, SwStr name, const SwValue *json) {
    bool refused = sw_str_eqz(name, "refused");
    if (refused || sw_str_eqz(name, "unread"))
        for (size_t i = 0; i < json->n; i++)
            read_list(t, &json->v[i], refused ? sw_str_z(t->m->arena, json->keys[i]) : NULL);
    else
        table_error(t, json, "unknown field", name);
}

/* A shape refuses when a member of it does, however deep; shapes contain each other, so until nothing changes. */
static void spread(Model *m) {
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < m->n_shape; i++) {
            Shape *s = m->shape[i];
            for (size_t k = 0; !s->refuses && k < s->n_member; k++)
                s->refuses = s->member[k].refused || s->member[k].shape->refuses;
            changed |= s->refuses && !s->spread;
            s->spread = s->refuses;
        }
    }
}

void members_load(Model *m, const char *dir) {
    SwValue json;
    Table t = {.m = m, .file = read_beside(m, dir, "members", &json)};
    for (size_t i = 0; t.file && i < json.n; i++)
        read_table(&t, json.keys[i], &json.v[i]);
    spread(m);
}
