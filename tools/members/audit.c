/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the input of every operation that has a handler. A member is accounted for when code of its service reads it,
 * or reads the member of the same name in the structure that sw_shape_move copies it to; when the model refuses it
 * (sw_refuse_unsupported does the work then); or when models/members/<service>.json says under `unread` why nobody
 * looks at it. Below a member that is not read nothing more is asked. */

#include <stdio.h>

#include "api/service.h"
#include "resource/resource.h"
#include "base/file.h"
#include "members.h"

typedef struct Audit {
    SwArena *arena;
    const Question *question;
    const Reads *reads;
    const SwService *service;
    const SwOperation *op;
    SwMap done;   /* structures of this service: SwShape by address in text */
    SwMap unread; /* "Shape.member", "Shape.*", "*.member" -> Entry */
    int faults;
} Audit;

typedef struct Entry {
    SwStr text;
    bool used;
} Entry;

static void say(Audit *x, SwStr line) {
    printf("%.*s\n", SW_FMT(line));
    x->faults++;
}

/* --- tables ----------------------------------------------------------------------------------------------------- */

static void add_entry(SwArena *a, SwMap *m, SwStr text) {
    Entry *e = sw_new(a, Entry);
    e->text = text;
    sw_map_put(m, text, e);
}

static bool take(const SwMap *m, SwStr text) {
    Entry *e = sw_map_find(m, text);
    if (e)
        e->used = true;
    return e != NULL;
}

static void add_entries(SwArena *a, SwMap *m, const SwValue *list) {
    for (size_t i = 0; list && i < list->n; i++)
        add_entry(a, m, sw_value_str(&list->v[i]));
}

static void load_table(Audit *x) {
    SwArena *a = x->arena;
    SwError err = sw_error(a);
    SwStr text;
    SwValue json;
    x->unread = sw_map(a);
    const char *file = sw_str_z(a, sw_strf(a, "models/members/%s.json", x->service->name));
    if (sw_file_read(a, file, SW_MIB, &text, &err) < 0 || sw_json_parse(a, text, &json, &err) < 0) {
        say(x, sw_strf(a, "%s: %s", file, err.message));
        return;
    }
    const SwValue *reasons = sw_value_getz(&json, "unread");
    for (size_t i = 0; reasons && i < reasons->n; i++)
        add_entries(a, &x->unread, &reasons->v[i]);
}

static void report_stale(Audit *x, const SwMap *m) {
    for (size_t i = 0; i < m->n; i++) {
        const Entry *e = m->slots[i].value;
        if (e && !e->used)
            say(x,
                sw_strf(x->arena, "models/members/%s.json: %.*s: said in vain: it is read, refused, or no operation reaches it",
                        x->service->name, SW_FMT(e->text)));
    }
}

/* --- the walk --------------------------------------------------------------------------------------------------- */

static bool is_read(Audit *x, SwStr type, SwStr member, int depth) {
    SwArena *a = x->arena;
    if (sw_map_find(&x->reads->seen, sw_strf(a, "%s %.*s.%.*s", x->service->name, SW_FMT(type), SW_FMT(member))))
        return true;
    const Moves *m = sw_map_find(&x->reads->moved, sw_strf(a, "%s %.*s", x->service->name, SW_FMT(type)));
    for (size_t i = 0; depth < 4 && m && i < m->to.n; i++)
        if (is_read(x, m->to.v[i], member, depth + 1))
            return true;
    return false;
}

static void walk_shape(Audit *x, const SwShape *s, SwStr path);

static bool is_explained(Audit *x, const SwShape *s, const SwMember *m) {
    SwArena *a = x->arena;
    return m->refused || take(&x->unread, sw_strf(a, "%s.%s", s->name, m->name)) ||
           take(&x->unread, sw_strf(a, "%s.*", s->name)) || take(&x->unread, sw_strf(a, "*.%s", m->name));
}

/* A structure of which nothing may be said needs no reader. */
static bool refuses_all(const SwShape *s) {
    while (s->kind == SW_LIST || s->kind == SW_MAP)
        s = s->member[s->kind == SW_MAP].shape;
    size_t refused = 0;
    for (size_t i = 0; i < s->n_member && (s->kind == SW_STRUCTURE || s->kind == SW_UNION); i++)
        refused += s->member[i].refused || refuses_all(s->member[i].shape);
    return refused && refused == s->n_member;
}

/* One of the members on a way. */
static bool is_on(const SwShape *from, const SwPath *p, const SwShape *s, const SwMember *m) {
    for (unsigned i = 0; i < p->n; i++) {
        while (from->kind == SW_LIST)
            from = from->member[0].shape;
        const SwMember *step = &from->member[p->at[i]];
        if (from == s && step == m)
            return true;
        from = step->shape;
    }
    return false;
}

/* What a setting's operation is told: which one is meant, and what is put (given). */
static bool is_of_setting(const Audit *x, const SwShape *s, const SwMember *m, bool given) {
    const SwDeclarations *d = x->service->declares;
    bool is = false;
    for (size_t i = 0; d && d->resource[i]; i++)
        for (size_t k = 0; k < d->resource[i]->n_settings; k++) {
            const SwSetting *t = &d->resource[i]->settings[k];
            const SwSettingOperation *const all[] = {&t->put, &t->get, &t->take};
            for (size_t v = 0; v < SW_N(all); v++)
                is |= all[v]->op == x->op->index && is_on(x->op->input, given ? &all[v]->given : &all[v]->of, s, m);
        }
    return is;
}

/* What the pager, the tag operations, those of settings and the front door read by what is declared (api/page.h,
 * resource/resource.h, api/idempotency.h). */
static bool is_declared(const Audit *x, const SwShape *s, const SwMember *m) {
    const SwPaging *page = x->op->page;
    const SwDeclarations *d = x->service->declares;
    const SwToken *token = x->service->handlers[x->op->index].token;
    if (page && (m == page->token || m == page->limit))
        return true;
    if (token && m == &x->op->input->member[token->at])
        return true;
    for (size_t i = 0; d && s == x->op->input && i < d->n_tagging; i++) {
        const SwTagOperation *t = &d->tagging[i];
        if (t->op == x->op->index && (m == &s->member[t->of.at[0]] || (t->verb != SW_TAG_SHOW && m == &s->member[t->at.at[0]])))
            return true;
    }
    return is_of_setting(x, s, m, false);
}

static void walk_member(Audit *x, const SwShape *s, const SwMember *m, SwStr path) {
    SwArena *a = x->arena;
    SwStr type = key_of(a, sw_strf(a, "%s%s", x->service->api->name, s->name)), member = key_of(a, sw_str(m->name));
    SwStr name = sw_strf(a, "%s.%s", s->name, m->name);
    SwStr at = sw_strf(a, "%.*s%s%s", SW_FMT(path), path.n ? "." : "", m->name);
    if (is_declared(x, s, m))
        return;
    if (!m->refused && (is_read(x, type, member, 0) || is_of_setting(x, s, m, true)))
        walk_shape(x, m->shape, at);
    else if (!is_explained(x, s, m) && !refuses_all(m->shape))
        say(x, sw_strf(a, "%s %.*s  # %s: %.*s", x->service->name, SW_FMT(name), x->op->name, SW_FMT(at)));
}

static void walk_shape(Audit *x, const SwShape *s, SwStr path) {
    while (s->kind == SW_LIST || s->kind == SW_MAP)
        s = s->member[s->kind == SW_MAP].shape;
    if (s->kind != SW_STRUCTURE && s->kind != SW_UNION)
        return;
    SwStr key = sw_str(s->name);
    if (sw_map_find(&x->done, key))
        return;
    sw_map_put(&x->done, key, x);
    for (size_t i = 0; i < s->n_member; i++)
        walk_member(x, s, &s->member[i], path);
}

static void walk_service(Audit *x) {
    x->done = sw_map(x->arena);
    load_table(x);
    for (size_t i = 0; i < x->service->api->n_op; i++) {
        x->op = &x->service->api->op[i];
        if (x->op->input)
            walk_shape(x, x->op->input, SW_NO_STR);
    }
    report_stale(x, &x->unread);
}

int audit(SwArena *a, const Question *q, const Reads *reads) {
    Audit x = {.arena = a, .question = q, .reads = reads};
    for (const SwService *const *s = sw_services; *s; s++) {
        if (!(*s)->api || (q->service && !sw_str_eqz(sw_str(q->service), (*s)->name)))
            continue;
        x.service = *s;
        walk_service(&x);
    }
    return x.faults;
}
