/* SPDX-License-Identifier: Apache-2.0 */
/* See script.h. */

#include "script.h"

#include <stdio.h>

#include "../wire/generate.h"
#include "base/json.h"

/* --- what is written --------------------------------------------------------------------------------------------------- */

static const SwValue *load(Script *k) {
    SwStr folder = sw_str(__FILE__), text;
    SwError err = sw_error(k->a);
    SwValue *v = sw_new(k->a, SwValue);
    size_t slash;
    assert_true(sw_str_rfind(folder, '/', &slash));
    folder.n = slash;
    const char *path = sw_strf(k->a, "%.*s/calls/%s.json", SW_FMT(folder), k->s->name).p;
    if (sw_file_read(k->a, path, SW_MIB, &text, &err) < 0 || sw_json_parse(k->a, text, v, &err) < 0)
        fail_msg("%s: %s", path, err.message);
    return v;
}

void script_wrong(Script *k, const Call *c, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr text = sw_strfv(k->a, fmt, ap);
    va_end(ap);
    k->wrong++;
    print_error("%s %s: %.*s\n", c->s->name, c->op->name, SW_FMT(text));
}

/* A text with $(name.path) in it. A text that is one such place is that place's value, of whatever kind. */
static SwValue filled_text(Script *k, SwStr text) {
    SwBuf b = sw_buf(k->a, SW_MIB);
    SwStr rest = text;
    while (rest.n) {
        size_t n = 0;
        while (n < rest.n && !(rest.p[n] == '$' && n + 1 < rest.n && rest.p[n + 1] == '('))
            n++;
        sw_buf_adds(&b, sw_str_n(rest.p, n));
        if (n == rest.n)
            break;
        SwStr name = sw_str_n(rest.p + n + 2, rest.n - n - 2);
        size_t end = 0;
        while (end < name.n && name.p[end] != ')')
            end++;
        bool whole = n == 0 && rest.n == text.n && end + 3 == rest.n;
        rest = sw_str_n(name.p + SW_MIN(end + 1, name.n), name.n - SW_MIN(end + 1, name.n));
        name.n = end;
        const SwValue *v = sw_value_path(&k->answers, sw_str_z(k->a, name));
        if (!v)
            fail_msg("%s: no answer has %.*s", k->s->name, SW_FMT(name));
        if (whole)
            return *v;
        sw_buf_adds(&b, v->s);
    }
    return sw_value_string(sw_buf_str(&b));
}

static SwValue filled(Script *k, const SwValue *v) {
    SwValue made = *v;
    if (v->kind == SW_VSTRING)
        return filled_text(k, v->s);
    if (v->n)
        made.v = sw_new_n(k->a, SwValue, v->n);
    for (size_t i = 0; i < v->n; i++)
        made.v[i] = filled(k, &v->v[i]);
    return made;
}

/* --- inputs -------------------------------------------------------------------------------------------------------------- */

void *script_input(Script *k, const Call *c, SwArena *a) {
    const SwShape *s = c->op->input;
    Generator g = {.a = a, .protocol = c->s->api->protocol};
    SwError err = sw_error(a);
    SwValue json;
    void *in;
    if (!s)
        return NULL;
    SwBuf b = sw_buf(a, SW_MIB);
    sw_shape_to_json(&b, s, generate(&g, s));
    assert_int_equal(sw_json_parse(a, sw_str_dup(a, sw_buf_str(&b)), &json, &err), 0);
    const SwValue *means = sw_value_getz(k->file, "means");
    for (size_t i = 0; i < json.n; i++) {
        const SwValue *v = c->prepares ? NULL : sw_value_get(means, json.keys[i]);
        if (v && !sw_value_get(c->own, json.keys[i]))
            json.v[i] = filled(k, v);
    }
    for (size_t i = 0; c->own && i < c->own->n; i++) {
        if (!sw_shape_member(s, c->own->keys[i]))
            script_wrong(k, c, "has no member %.*s", SW_FMT(c->own->keys[i]));
        sw_value_set(a, &json, c->own->keys[i], filled(k, &c->own->v[i]));
    }
    if (sw_shape_from_value(a, s, &json, &in, &err) < 0)
        fail_msg("%s %s: %s", c->s->name, c->op->name, err.message);
    for (size_t i = 0; i < s->n_member; i++)
        if (s->member[i].shape->kind == SW_STREAM)
            *(SwStream *)sw_member_make(a, &s->member[i], in) =
                (SwStream){.set = true, .data = SW_STR("stream"), .file = -1, .size = 6};
    return in;
}

SwCtx *script_ctx(Script *k, const Call *c, SwArena *a) {
    SwCtx *cx = sw_ctx_new(k->w->host, a, SW_NO_STR, SW_NO_STR, "test");
    cx->principal = (SwPrincipal){.kind = SW_PRINCIPAL_ROOT,
                                  .arn = sw_strf(a, "arn:aws:iam::%.*s:root", SW_FMT(cx->account)),
                                  .id = cx->account,
                                  .access_key = SW_STR("test")};
    cx->api = c->s->api;
    cx->op = c->op;
    return cx;
}

bool script_says(const SwValue *v, SwStr name, SwStr arn) {
    bool text = v->kind == SW_VSTRING, ends = text && name.n < v->s.n && sw_str_ends(v->s, name);
    if (text && (sw_str_eq(v->s, name) || (arn.p && sw_str_eq(v->s, arn)) || (ends && v->s.p[v->s.n - name.n - 1] == '/')))
        return true;
    for (size_t i = 0; (v->kind == SW_VOBJECT || v->kind == SW_VARRAY) && i < v->n; i++)
        if (script_says(&v->v[i], name, arn))
            return true;
    return false;
}

SwValue script_document(SwArena *a, const SwShape *s, const void *v) {
    SwError err = sw_error(a);
    SwBuf b = sw_buf(a, 4 * SW_MIB);
    SwValue json = {0};
    if (!s || !v)
        return json;
    sw_shape_to_json(&b, s, v);
    assert_int_equal(sw_json_parse(a, sw_str_dup(a, sw_buf_str(&b)), &json, &err), 0);
    return json;
}

void script_answer(Script *k, const Call *c, const void *out) {
    if (out)
        sw_value_set(k->a, &k->answers, c->as, script_document(k->a, c->op->output, out));
}

/* --- records ------------------------------------------------------------------------------------------------------------ */

static const SwCollection *collection_of(Script *k, SwStr name) {
    for (const SwService *const *s = k->w->host->config->services; *s; s++)
        for (const SwCollection *const *c = (*s)->collections; c && *c; c++)
            if (sw_str_eqz(name, (*c)->name))
                return *c;
    fail_msg("%s: there is no collection %.*s", k->s->name, SW_FMT(name));
    return NULL;
}

/* `more` laid over `to`, structures member by member. */
static void lay_over(SwArena *a, SwValue *to, const SwValue *more) {
    for (size_t i = 0; i < more->n; i++) {
        SwValue *old = (SwValue *)(uintptr_t)sw_value_get(to, more->keys[i]);
        if (old && old->kind == SW_VOBJECT && more->v[i].kind == SW_VOBJECT)
            lay_over(a, old, &more->v[i]);
        else
            sw_value_set(a, to, more->keys[i], more->v[i]);
    }
}

static void write_record(Script *k, SwTx *tx, const SwCollection *in, SwStr id, const void *old, const SwValue *members) {
    SwError err = sw_error(k->a);
    SwBuf b = sw_buf(k->a, SW_MIB);
    SwValue json = sw_value_object();
    void *record;
    if (old) {
        sw_shape_to_json(&b, in->shape, old);
        assert_int_equal(sw_json_parse(k->a, sw_buf_str(&b), &json, &err), 0);
    }
    lay_over(k->a, &json, members);
    if (sw_shape_from_value(k->a, in->shape, &json, &record, &err) < 0 || sw_doc_put(tx, in, id, record, &err) < 0)
        fail_msg("%s %.*s: %s", in->name, SW_FMT(id), err.message);
}

static void write_records(Script *k, const SwValue *row) {
    const SwCollection *in = collection_of(k, sw_value_str(&row->v[0]));
    SwValue members = filled(k, &row->v[1]);
    const SwValue *said = row->n > 2 ? sw_value_getz(&row->v[2], "id") : NULL;
    SwError err = sw_error(k->a);
    SwDocList l;
    _sw_tx_ SwTx *tx = NULL;
    assert_int_equal(sw_tx_begin(k->w->host->store, k->a, SW_WRITE, k->w->config.account, k->w->config.region, &tx, &err), 0);
    if (said) {
        SwStr id = filled(k, said).s;
        void *old;
        assert_int_equal(sw_doc_find(tx, in, id, &old, &err), 0);
        write_record(k, tx, in, id, old, &members);
    } else {
        assert_int_equal(sw_doc_list(tx, in, &(SwDocQuery){0}, &l, &err), 0);
        assert_true(l.n > 0);
        for (size_t i = 0; i < l.n; i++)
            write_record(k, tx, in, l.v[i].id, l.v[i].record, &members);
    }
    assert_int_equal(sw_tx_commit(&tx, &err), 0);
}

/* --- the order ------------------------------------------------------------------------------------------------------------ */

static const SwService *service_of(Script *k, SwStr name) {
    for (const SwService *const *s = k->w->host->config->services; *s; s++)
        if (sw_str_eqz(name, (*s)->name))
            return *s;
    fail_msg("%s: there is no service %.*s", k->s->name, SW_FMT(name));
    return NULL;
}

static Call read_row(Script *k, const SwValue *row) {
    SwStr name = row->kind == SW_VSTRING ? row->s : sw_value_str(&row->v[0]), service;
    Call c = {.s = k->s, .named = true};
    if (row->kind == SW_VARRAY && row->n > 1)
        c.own = &row->v[1];
    if (sw_str_cut(&name, ':', &service)) {
        c.s = service_of(k, service);
        c.prepares = true;
    }
    c.op = sw_api_operation(c.s->api, name);
    if (!c.op || !sw_registry_handler(c.s, c.op))
        fail_msg("%s: %.*s has no handler", c.s->name, SW_FMT(name));
    const SwValue *said = row->kind == SW_VARRAY && row->n > 2 ? &row->v[2] : NULL;
    SwStr fails = sw_value_str(sw_value_getz(said, "fails"));
    c.fails = fails.p ? sw_str_z(k->a, fails) : NULL;
    c.as = sw_str_or(sw_value_str(sw_value_getz(said, "as")), sw_str(c.op->name));
    return c;
}

static bool removes(const SwOperation *op) {
    static const char *const verbs[] = {"Delete", "Remove", "Untag", "Deregister", "Detach", "BatchDelete", "Abort"};
    for (size_t i = 0; i < SW_N(verbs); i++)
        if (sw_str_starts(sw_str(op->name), sw_str(verbs[i])))
            return true;
    return false;
}

static bool is_named(Script *k, const SwValue *rows, const SwOperation *op) {
    for (size_t i = 0; rows && i < rows->n; i++) {
        SwStr name = rows->v[i].kind == SW_VSTRING ? rows->v[i].s : sw_value_str(&rows->v[i].v[0]);
        if (sw_str_eqz(name, op->name))
            return true;
    }
    return false;
}

Call script_call(Script *k, const SwOperation *op) {
    const SwValue *rows = sw_value_getz(k->file, "calls");
    for (size_t i = 0; rows && i < rows->n; i++) {
        SwStr name = rows->v[i].kind == SW_VSTRING ? rows->v[i].s : sw_value_str(&rows->v[i].v[0]);
        if (sw_str_eqz(name, op->name))
            return read_row(k, &rows->v[i]);
    }
    return (Call){.s = k->s, .op = op, .as = sw_str(op->name)};
}

static void run_rest(Script *k, const SwValue *rows, bool removing, void (*fn)(Script *k, const Call *c)) {
    for (size_t i = 0; i < k->s->api->n_op; i++) {
        const SwOperation *op = &k->s->api->op[i];
        Call c = {.s = k->s, .op = op, .as = sw_str(op->name)};
        if (removes(op) == removing && sw_registry_handler(k->s, op) && !is_named(k, rows, op))
            fn(k, &c);
    }
}

void script_run(Script *k, void (*fn)(Script *k, const Call *c)) {
    bool rest = false;
    k->answers = sw_value_object();
    k->file = load(k);
    const SwValue *rows = sw_value_getz(k->file, "calls");
    for (size_t i = 0; rows && i < rows->n; i++) {
        if (sw_str_eqz(rows->v[i].s, "*")) {
            run_rest(k, rows, false, fn);
            rest = true;
        } else if (rows->v[i].n && sw_str_contains(sw_value_str(&rows->v[i].v[0]), SW_STR("/"))) {
            write_records(k, &rows->v[i]);
        } else {
            Call c = read_row(k, &rows->v[i]);
            fn(k, &c);
        }
    }
    if (!rest)
        run_rest(k, rows, false, fn);
    run_rest(k, rows, true, fn);
}

World *script_world(void) {
    World *w = world_open(sw_services);
    if (w)
        sw_engine_stop(w->host->engine);
    return w;
}

int script_main(const char *name, int argc, char **argv, bool (*takes)(const SwService *s), CMUnitTestFunction test) {
    struct CMUnitTest tests[64];
    size_t n = 0;
    for (const SwService *const *s = sw_services; *s; s++)
        if (takes(*s) && (argc < 2 || strcmp(argv[1], (*s)->name) == 0))
            tests[n++] = (struct CMUnitTest){.name = (*s)->name, .test_func = test, .initial_state = (void *)(uintptr_t)*s};
    return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}
