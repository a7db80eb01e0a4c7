/* SPDX-License-Identifier: Apache-2.0 */
/* Pages: full, exact at their end, right while others write, and bound to what was asked; and every list has them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/registry.h"

/* ---- an operation of the test's own ---- */

typedef struct Thing {
    SwStr name, group;
} Thing;
typedef struct ListIn {
    SwStr token, group;
    SwOptInt limit;
} ListIn;
typedef struct ListOut {
    SwStrList names;
    SwStr token;
    SwOptBool more;
} ListOut;

static const SwShape text = {.name = "Text", .kind = SW_STRING, .size = sizeof(SwStr)};
static const SwShape number = {.name = "Number", .kind = SW_INTEGER, .size = sizeof(SwOptInt)};
static const SwShape flag = {.name = "Flag", .kind = SW_BOOLEAN, .size = sizeof(SwOptBool)};
static const SwMember element[] = {{.name = "member", .shape = &text}};
static const SwShape texts = {.name = "Texts", .kind = SW_LIST, .size = sizeof(SwStrList), .member = element, .n_member = 1};
static const SwMember thing_members[] = {
    {.name = "name", .shape = &text, .offset = offsetof(Thing, name)},
    {.name = "group", .shape = &text, .offset = offsetof(Thing, group)},
};
static const SwShape thing = {
    .name = "Thing", .kind = SW_STRUCTURE, .size = sizeof(Thing), .member = thing_members, .n_member = 2};
static const SwMember in_members[] = {
    {.name = "Token", .shape = &text, .offset = offsetof(ListIn, token)},
    {.name = "Group", .shape = &text, .offset = offsetof(ListIn, group)},
    {.name = "Limit", .shape = &number, .offset = offsetof(ListIn, limit)},
};
static const SwShape in_shape = {
    .name = "In", .kind = SW_STRUCTURE, .size = sizeof(ListIn), .member = in_members, .n_member = 3};
static const SwMember out_members[] = {
    {.name = "Names", .shape = &texts, .offset = offsetof(ListOut, names)},
    {.name = "Token", .shape = &text, .offset = offsetof(ListOut, token)},
    {.name = "More", .shape = &flag, .offset = offsetof(ListOut, more)},
};
static const SwShape out_shape = {
    .name = "Out", .kind = SW_STRUCTURE, .size = sizeof(ListOut), .member = out_members, .n_member = 3};
static const SwPaging paging = {.token = &in_members[0],
                                .limit = &in_members[2],
                                .next = &out_members[1],
                                .more = &out_members[2],
                                .result = {&out_members[0]}};
static const SwErrorKind bad_token = {.code = "BadToken", .http = 400}, bad_limit = {.code = "BadLimit", .http = 400};
static const SwOperation list_things = {.name = "ListThings", .input = &in_shape, .output = &out_shape, .page = &paging};
static const SwOperation list_others = {.name = "ListOthers", .input = &in_shape, .output = &out_shape, .page = &paging};
static const SwApi api = {.name = "test"};
static const SwCollection things = {.name = "test/thing",
                                    .shape = &thing,
                                    .indexes = {{.name = "by_group", .member = {"group", "name"}}}};
static const SwService service = {.name = "test",
                                  .api = &api,
                                  .bad_token = {&bad_token, "{operation} knows no {token}"},
                                  .bad_limit = {&bad_limit, "1 to 5"}};

typedef struct Fixture {
    SwArena *a;
    SwConfig config;
    const SwService *services[2];
    SwHost host;
    SwCtx cx;
    SwError err;
} Fixture;

static void set_up(Fixture *f) {
    *f = (Fixture){.a = sw_arena_new(0), .services = {&service, NULL}};
    f->err = sw_error(f->a);
    f->config.services = f->services;
    f->host.config = &f->config;
    f->cx = (SwCtx){.arena = f->a, .host = &f->host, .api = &api, .op = &list_things};
    assert_int_equal(sw_store_open(NULL, &f->host.store, &f->err), 0);
    const SwCollection *all[] = {&things, NULL};
    assert_int_equal(sw_store_register(f->host.store, all, &f->err), 0);
}

static void tear_down(Fixture *f) {
    sw_store_close(f->host.store);
    sw_arena_free(f->a);
}

static void change(Fixture *f, const char *name, const char *group) { /* NULL: it goes */
    SwTx *tx;
    Thing t = {sw_str(name), sw_str(group)};
    assert_int_equal(sw_tx_begin(f->host.store, f->a, SW_WRITE, SW_STR("1"), SW_STR("r"), &tx, &f->err), 0);
    if (group)
        assert_int_equal(sw_doc_put(tx, &things, t.name, &t, &f->err), 0);
    else
        assert_int_equal(sw_doc_delete(tx, &things, t.name, NULL, &f->err), 0);
    assert_int_equal(sw_tx_commit(&tx, &f->err), 0);
}

static int is_of_group(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    *ret_wanted = sw_str_eq(((const Thing *)row->record)->group, ((const ListIn *)arg)->group);
    return 0;
}

static int ask(Fixture *f, const SwPage *p, const ListIn *in, ListOut *out) {
    *out = (ListOut){0};
    f->err = sw_error(f->a);
    f->cx.in = in;
    assert_int_equal(sw_tx_begin(f->host.store, f->a, SW_READ, SW_STR("1"), SW_STR("r"), &f->cx.tx, &f->err), 0);
    int r = sw_page(&f->cx, p, out, &f->err);
    sw_tx_rollback(f->cx.tx);
    f->cx.tx = NULL;
    return r;
}

static void assert_names(Fixture *f, const ListOut *out, const char *want, bool more) {
    SwStr got = sw_str_join(f->a, out->names.v, out->names.n, SW_STR(" "));
    assert_string_equal(sw_str_z(f->a, got), want);
    assert_true(out->more.set && out->more.v == more);
    assert_true((out->token.p != NULL) == more);
}

static void a_page_is_full_whatever_was_filtered_out_and_the_last_has_no_token(void **state) {
    Fixture f;
    (void)state;
    set_up(&f);
    for (int i = 0; i < 400; i++)
        change(&f, sw_str_z(f.a, sw_strf(f.a, "t%03d", i)), i % 100 == 50 ? "few" : "many");
    ListIn in = {.group = SW_STR("few"), .limit = SW_SOME_INT(2)};
    ListOut out;
    const SwPage p = {.of = &things, .want = is_of_group, .arg = &in};
    assert_int_equal(ask(&f, &p, &in, &out), 0);
    assert_names(&f, &out, "t050 t150", true);
    in.token = out.token;
    assert_int_equal(ask(&f, &p, &in, &out), 0);
    assert_names(&f, &out, "t250 t350", false);
    tear_down(&f);
}

static void what_is_there_throughout_is_listed_once_while_others_come_and_go(void **state) {
    Fixture f;
    (void)state;
    set_up(&f);
    for (int i = 0; i < 6; i++)
        change(&f, sw_str_z(f.a, sw_strf(f.a, "t%d", i)), "g");
    for (int filtered = 0; filtered < 2; filtered++) {
        ListIn in = {.group = SW_STR("g"), .limit = SW_SOME_INT(2)};
        ListOut out;
        const SwPage p = {.of = &things, .want = filtered ? is_of_group : NULL, .arg = &in};
        assert_int_equal(ask(&f, &p, &in, &out), 0);
        assert_names(&f, &out, "t0 t1", true);
        change(&f, "t0", NULL);
        change(&f, "t1", NULL); /* where the token stands */
        change(&f, "t15", "g");
        in.token = out.token;
        assert_int_equal(ask(&f, &p, &in, &out), 0);
        assert_names(&f, &out, "t15 t2", true);
        change(&f, "t15", NULL);
        change(&f, "t2", NULL);
        in.token = out.token;
        assert_int_equal(ask(&f, &p, &in, &out), 0);
        assert_names(&f, &out, "t3 t4", true);
        change(&f, "t0", "g");
        change(&f, "t1", "g");
        change(&f, "t2", "g");
    }
    tear_down(&f);
}

static void items_go_on_by_order_behind_one_that_is_gone(void **state) {
    Fixture f;
    (void)state;
    set_up(&f);
    SwPageItem some[] = {{SW_STR_C("c"), NULL}, {SW_STR_C("a"), NULL}, {SW_STR_C("b"), NULL}, {SW_STR_C("d"), NULL}};
    ListIn in = {.limit = SW_SOME_INT(2)};
    ListOut out;
    SwPage p = {.items = {some, 4}};
    assert_int_equal(ask(&f, &p, &in, &out), 0);
    assert_names(&f, &out, "a b", true);
    SwPageItem left[] = {{SW_STR_C("d"), NULL}, {SW_STR_C("c"), NULL}, {SW_STR_C("aa"), NULL}};
    in.token = out.token;
    p.items = (SwPageItems){left, 3};
    assert_int_equal(ask(&f, &p, &in, &out), 0);
    assert_names(&f, &out, "c d", false);
    tear_down(&f);
}

static void rows_and_items_are_one_list(void **state) {
    static const char *const pages[2][3] = {{"r1 r2", "r3 i1", "i2"}, {"i1 i2", "r1 r2", "r3"}};
    Fixture f;
    (void)state;
    set_up(&f);
    change(&f, "r1", "g");
    change(&f, "r2", "g");
    change(&f, "r3", "g");
    for (int first = 0; first < 2; first++) {
        SwPageItem some[] = {{SW_STR_C("i1"), NULL}, {SW_STR_C("i2"), NULL}};
        SwPage p = {.of = &things, .items = {some, 2}, .items_first = first};
        ListIn in = {.limit = SW_SOME_INT(2)};
        ListOut out;
        for (int i = 0; i < 3; i++) {
            assert_int_equal(ask(&f, &p, &in, &out), 0);
            assert_names(&f, &out, pages[first][i], i < 2);
            in.token = out.token;
        }
    }
    tear_down(&f);
}

static void each_family_is_shown_once_however_many_rows_it_has(void **state) {
    Fixture f;
    (void)state;
    set_up(&f);
    for (int i = 0; i < 30; i++)
        change(&f, sw_str_z(f.a, sw_strf(f.a, "t%02d", i)), sw_str_z(f.a, sw_strf(f.a, "g%d", i / 10)));
    for (int down = 0; down < 2; down++) {
        const SwPage p = {.of = &things, .q = {.index = "by_group", .distinct = true, .descending = down}};
        ListIn in = {.limit = SW_SOME_INT(2)};
        ListOut out;
        assert_int_equal(ask(&f, &p, &in, &out), 0);
        assert_names(&f, &out, down ? "t29 t19" : "t00 t10", true);
        in.token = out.token;
        assert_int_equal(ask(&f, &p, &in, &out), 0);
        assert_names(&f, &out, down ? "t09" : "t20", false);
    }
    tear_down(&f);
}

static void a_token_is_good_for_the_same_question_alone(void **state) {
    Fixture f;
    (void)state;
    set_up(&f);
    change(&f, "t1", "g");
    change(&f, "t2", "g");
    ListIn in = {.group = SW_STR("g"), .limit = SW_SOME_INT(1)}, other;
    ListOut out;
    const SwPage p = {.of = &things};
    assert_int_equal(ask(&f, &p, &in, &out), 0);
    other = (ListIn){.group = SW_STR("h"), .token = out.token};
    assert_int_equal(ask(&f, &p, &other, &out), -1);
    assert_ptr_equal(f.err.kind, &bad_token);
    in.token = SW_STR("made-up");
    assert_int_equal(ask(&f, &p, &in, &out), -1);
    assert_string_equal(f.err.message, "ListThings knows no made-up");
    in.token = other.token;
    in.limit = SW_SOME_INT(5); /* may change */
    assert_int_equal(ask(&f, &p, &in, &out), 0);
    assert_names(&f, &out, "t2", false);
    f.cx.op = &list_others;
    assert_int_equal(ask(&f, &p, &in, &out), -1);
    tear_down(&f);
}

static void a_limit_out_of_bounds_is_refused_in_the_services_words(void **state) {
    Fixture f;
    (void)state;
    set_up(&f);
    ListOut out;
    const SwPage p = {.of = &things, .most = 5};
    assert_int_equal(ask(&f, &p, &(ListIn){.limit = SW_SOME_INT(6)}, &out), -1);
    assert_ptr_equal(f.err.kind, &bad_limit);
    assert_int_equal(ask(&f, &p, &(ListIn){.limit = SW_SOME_INT(0)}, &out), -1);
    assert_int_equal(ask(&f, &p, &(ListIn){.limit = SW_SOME_INT(5)}, &out), 0);
    assert_names(&f, &out, "", false);
    tear_down(&f);
}

/* ---- every operation ---- */

/* What has a token in its model and yet no pages, and why. */
static const struct {
    const char *operation, *why;
} own_way[] = {
    {"logs:GetLogEvents", "its two tokens lead forwards and backwards, and never end"},
    {"s3:GetObjectAttributes", "goes on behind a part's number"},
    {"s3:ListMultipartUploads", "goes on behind a key and an upload's id, which the client may make up"},
    {"s3:ListObjectVersions", "goes on behind a key and a version's id, which the client may make up"},
    {"s3:ListObjects", "goes on behind a key, which the client may make up"},
    {"s3:ListParts", "goes on behind a part's number"},
};

static bool is_own_way(const SwService *s, const SwOperation *op, bool *found) {
    for (size_t i = 0; i < SW_N(own_way); i++) {
        SwStr api_name = sw_str(own_way[i].operation), head;
        if (!sw_str_cut(&api_name, ':', &head) || !sw_str_eqz(head, s->name) || !sw_str_eqz(api_name, op->name))
            continue;
        found[i] = true;
        return true;
    }
    return false;
}

static bool has_token(const SwOperation *op) {
    static const char *const ends[] = {"nexttoken", "marker", "continuationtoken", "pagetoken"};
    char low[100];
    for (uint32_t i = 0; op->input && i < op->input->n_member; i++) {
        size_t n = strlen(op->input->member[i].name);
        assert_true(n < sizeof(low));
        for (size_t k = 0; k <= n; k++)
            low[k] = (char)(op->input->member[i].name[k] | (k < n ? 0x20 : 0));
        for (size_t k = 0; k < SW_N(ends); k++)
            if (sw_str_ends(sw_str(low), sw_str(ends[k])))
                return true;
    }
    return false;
}

static void every_operation_whose_model_has_a_token_has_pages(void **state) {
    bool found[SW_N(own_way)] = {0};
    size_t n = 0;
    (void)state;
    for (const SwService *const *s = sw_services; *s; s++)
        for (size_t i = 0; (*s)->api && i < (*s)->api->n_op; i++) {
            const SwOperation *op = &(*s)->api->op[i];
            if (!sw_registry_handler(*s, op) || !has_token(op) || is_own_way(*s, op, found))
                continue;
            if (!op->page)
                fail_msg("%s %s has a token and no \"paging\" in its model", (*s)->name, op->name);
            n++;
        }
    for (size_t i = 0; i < SW_N(own_way); i++)
        assert_true(found[i]);
    assert_true(n >= 79);
}

/* An index on a member that is misspelt would hold nothing, and the list that reads it would be empty. */
static bool has_member(const SwShape *s, SwStr path) {
    SwStr name = path;
    const SwMember *m = NULL;
    while (s && sw_str_next(&path, '.', &name)) {
        while (s->kind == SW_LIST)
            s = s->member[0].shape;
        m = s->kind == SW_STRUCTURE || s->kind == SW_UNION ? sw_shape_member(s, name) : NULL;
        s = m ? m->shape : NULL;
    }
    return m != NULL;
}

static void every_index_is_on_members_that_there_are(void **state) {
    size_t n = 0;
    (void)state;
    for (const SwService *const *s = sw_services; *s; s++)
        for (const SwCollection *const *c = (*s)->collections; c && *c; c++)
            for (size_t i = 0; i < SW_INDEXES_MAX && (*c)->indexes[i].name; i++)
                for (size_t k = 0; k < 3 && (*c)->indexes[i].member[k]; k++, n++)
                    if (!has_member((*c)->shape, sw_str((*c)->indexes[i].member[k])))
                        fail_msg("%s %s: no member %s", (*c)->name, (*c)->indexes[i].name, (*c)->indexes[i].member[k]);
    assert_true(n >= 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_full_whatever_was_filtered_out_and_the_last_has_no_token),
        cmocka_unit_test(what_is_there_throughout_is_listed_once_while_others_come_and_go),
        cmocka_unit_test(items_go_on_by_order_behind_one_that_is_gone),
        cmocka_unit_test(rows_and_items_are_one_list),
        cmocka_unit_test(each_family_is_shown_once_however_many_rows_it_has),
        cmocka_unit_test(a_token_is_good_for_the_same_question_alone),
        cmocka_unit_test(a_limit_out_of_bounds_is_refused_in_the_services_words),
        cmocka_unit_test(every_operation_whose_model_has_a_token_has_pages),
        cmocka_unit_test(every_index_is_on_members_that_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
