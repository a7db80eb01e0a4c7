/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: storing, finding, paging, indexes, scopes, migrations. */

#include "../cpu.h"
#include "fixture.h"

#include "store/work.h"

#include <sqlite3.h>

/* A store of today becomes one whose listeners have positions: schema 5. */
#define POSITIONS \
    "DROP TABLE event_due; CREATE TABLE listener(name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

static void document_reads_as_it_was_put_and_survives_a_restart(void **state) {
    Fixture *f = *state;
    Status st = {SW_STR("ACTIVE")};
    put(f, "a", (Record){.name = SW_STR("n"), .number = SW_SOME_INT(-7), .status = &st});
    reopen(f);
    Record *r = get(f, "a");
    assert_non_null(r);
    assert_str(r->name, "n");
    assert_str(r->status->code, "ACTIVE");
    assert_int_equal(r->number.v, -7);
    assert_null(r->group.p);
    assert_null(get(f, "b"));
}

static void insert_refuses_a_taken_id_and_a_taken_unique_value(void **state) {
    Fixture *f = *state;
    put(f, "a", (Record){.name = SW_STR("one")});
    SwTx *tx = begin(f, SW_WRITE);
    bool in;
    OK(f, sw_doc_insert(tx, &things, SW_STR("a"), &(Record){.name = SW_STR("two")}, &in, &f->err));
    assert_false(in);
    OK(f, sw_doc_insert(tx, &things, SW_STR("b"), &(Record){.name = SW_STR("one")}, &in, &f->err));
    assert_false(in);
    OK(f, sw_doc_insert(tx, &things, SW_STR("b"), &(Record){.name = SW_STR("two")}, &in, &f->err));
    assert_true(in);
    OK(f, sw_doc_insert(tx, &things, SW_STR("c"), &(Record){0}, &in, &f->err));
    assert_true(in);
    OK(f, sw_doc_insert(tx, &things, SW_STR("d"), &(Record){0}, &in, &f->err));
    assert_true(in); /* without a name nothing collides */
    OK(f, sw_tx_commit(&tx, &f->err));
    assert_str(get(f, "a")->name, "one");
}

static void put_that_breaks_a_unique_index_fails_and_a_freed_value_can_be_used(void **state) {
    Fixture *f = *state;
    put(f, "a", (Record){.name = SW_STR("one")});
    put(f, "b", (Record){.name = SW_STR("two")});
    SwTx *tx = begin(f, SW_WRITE);
    assert_int_equal(sw_doc_put(tx, &things, SW_STR("b"), &(Record){.name = SW_STR("one")}, &f->err), -1);
    bool existed;
    OK(f, sw_doc_delete(tx, &things, SW_STR("a"), &existed, &f->err));
    assert_true(existed);
    OK(f, sw_doc_delete(tx, &things, SW_STR("a"), &existed, &f->err));
    assert_false(existed);
    OK(f, sw_doc_put(tx, &things, SW_STR("b"), &(Record){.name = SW_STR("one")}, &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    assert_str(get(f, "b")->name, "one");
}

static const char *page_ids(Fixture *f, const SwDocQuery *base, size_t limit) {
    SwBuf b = sw_buf(f->a, SW_MIB);
    SwDocQuery q = *base;
    q.limit = limit;
    SwTx *tx = begin(f, SW_READ);
    do {
        SwDocList l;
        OK(f, sw_doc_list(tx, &things, &q, &l, &f->err));
        assert_true(!limit || l.n <= limit);
        for (size_t i = 0; i < l.n; i++)
            sw_buf_addf(&b, "%s%.*s", b.n ? " " : "", SW_FMT(l.v[i].id));
        q.after = l.next;
    } while (q.after.p);
    sw_tx_rollback(tx);
    return sw_buf_str(&b).p;
}

static void lists_come_in_order_whatever_the_page_size(void **state) {
    Fixture *f = *state;
    static const char *const group[] = {"x", "y", "x", "y", "x", "xx", "x"};
    Status active = {SW_STR("ACTIVE")};
    for (int i = 0; i < 7; i++) {
        char id[2] = {(char)('a' + i), 0};
        put(f, id, (Record){.group = sw_str(group[i]), .number = SW_SOME_INT(100 - 60 * i), .status = i % 2 ? &active : NULL});
    }
    static const struct {
        const char *label;
        SwDocQuery q;
        const char *want;
    } cases[] = {
        {"by id", {0}, "a b c d e f g"},
        {"by id, back", {.descending = true}, "g f e d c b a"},
        {"ids from b below e", {.from = SW_STR_C("b"), .below = SW_STR_C("e")}, "b c d"},
        {"whole index", {.index = "by_group"}, "g e c a f d b"},
        {"one group, by number", {.index = "by_group", .equals = {SW_STR_C("x")}}, "g e c a"},
        {"one group, back", {.index = "by_group", .equals = {SW_STR_C("x")}, .descending = true}, "a c e g"},
        {"group prefix", {.index = "by_group", .prefix = SW_STR_C("x")}, "g e c a f"},
        {"nested member", {.index = "by_status", .equals = {SW_STR_C("ACTIVE")}}, "b d f"},
        {"absent member", {.index = "by_status", .equals = {SW_STR_C("")}}, "a c e g"},
        {"nothing", {.index = "by_group", .equals = {SW_STR_C("z")}}, ""},
    };
    for (size_t c = 0; c < SW_N(cases); c++) {
        for (size_t limit = 0; limit < 9; limit++)
            assert_string_equal(page_ids(f, &cases[c].q, limit), cases[c].want);
    }
    SwDocQuery range = {.index = "by_group",
                        .equals = {SW_STR("x")},
                        .from = sw_index_number(f->a, -140),
                        .below = sw_index_number(f->a, 100)};
    assert_string_equal(page_ids(f, &range, 1), "e c");
    int64_t n;
    SwTx *tx = begin(f, SW_READ);
    OK(f, sw_doc_count(tx, &things, &range, &n, &f->err));
    assert_int_equal(n, 2);
    range.limit = 1; /* is there any? */
    OK(f, sw_doc_count(tx, &things, &range, &n, &f->err));
    assert_int_equal(n, 1);
    SwDocList l;
    SwDocQuery forged = {.after = SW_STR("AAAA")};
    assert_int_equal(sw_doc_list(tx, &things, &forged, &l, &f->err), -1);
    assert_true(sw_error_is(&f->err, &SW_VALIDATION_EXCEPTION));
    sw_tx_rollback(tx);
}

static void list_member_finds_the_record_by_each_element(void **state) {
    Fixture *f = *state;
    SwStr ab[] = {SW_STR("a"), SW_STR("b")}, bc[] = {SW_STR("b"), SW_STR("c")};
    put(f, "1", (Record){.tags = {ab, 2}});
    put(f, "2", (Record){.tags = {bc, 2}});
    assert_string_equal(page_ids(f, &(SwDocQuery){.index = "by_tag", .equals = {SW_STR("b")}}, 1), "1 2");
    put(f, "1", (Record){.tags = {bc + 1, 1}});
    assert_string_equal(page_ids(f, &(SwDocQuery){.index = "by_tag", .equals = {SW_STR("b")}}, 1), "2");
    assert_string_equal(page_ids(f, &(SwDocQuery){.index = "by_tag", .equals = {SW_STR("a")}}, 1), "");
    assert_string_equal(page_ids(f, &(SwDocQuery){.index = "by_tag", .equals = {SW_STR("c")}}, 0), "1 2");
}

static void accounts_and_regions_do_not_see_each_other(void **state) {
    Fixture *f = *state;
    static SwCollection account_wide, global;
    account_wide = things, account_wide.scope = SW_SCOPE_ACCOUNT, account_wide.name = "test/account";
    global = things, global.scope = SW_SCOPE_GLOBAL, global.name = "test/global";
    const SwCollection *const c[] = {&things, &account_wide, &global};
    SwTx *tx = begin(f, SW_WRITE);
    for (int i = 0; i < 3; i++)
        OK(f, sw_doc_put(tx, c[i], SW_STR("id"), &(Record){.group = SW_STR("g")}, &f->err));
    static const struct {
        const char *account, *region;
        bool seen[3];
    } cases[] = {
        {"111111111111", "us-east-1", {true, true, true}},
        {"111111111111", "eu-west-1", {false, true, true}},
        {"222222222222", "us-east-1", {false, false, true}},
    };
    for (size_t k = 0; k < SW_N(cases); k++) {
        sw_tx_scope(tx, sw_str(cases[k].account), sw_str(cases[k].region));
        for (int i = 0; i < 3; i++) {
            void *r;
            SwDocList l;
            OK(f, sw_doc_find(tx, c[i], SW_STR("id"), &r, &f->err));
            assert_int_equal(r != NULL, cases[k].seen[i]);
            OK(f, sw_doc_list(tx, c[i], &(SwDocQuery){.index = "by_group", .equals = {SW_STR("g")}}, &l, &f->err));
            assert_int_equal(l.n, cases[k].seen[i]);
        }
    }
    OK(f, sw_doc_put(tx, &things, SW_STR("id2"), &(Record){0}, &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    assert_string_equal(page_ids(f, &(SwDocQuery){.any_scope = true}, 1), "id id2");
    assert_string_equal(page_ids(f, &(SwDocQuery){.any_scope = true, .index = "by_group"}, 1), "id id2");
}

static void sequences_count_from_one_in_their_scope_and_never_again(void **state) {
    Fixture *f = *state;
    for (int64_t want = 1; want < 4; want++) {
        int64_t v;
        SwTx *tx = begin(f, SW_WRITE);
        OK(f, sw_doc_next(tx, SW_SCOPE_REGION, SW_STR("revision"), &v, &f->err));
        assert_int_equal(v, want);
        OK(f, sw_tx_commit(&tx, &f->err));
        reopen(f);
    }
}

static void changed_index_declaration_is_indexed_anew_at_open(void **state) {
    Fixture *f = *state;
    static SwCollection before, after;
    before = things, memset(before.indexes, 0, sizeof(before.indexes));
    after = things;
    OK(f, sw_store_register(f->s, (const SwCollection *[]){&before, NULL}, &f->err));
    SwTx *tx = begin(f, SW_WRITE);
    for (int i = 0; i < 450; i++)
        OK(f,
           sw_doc_put(tx, &before, sw_strf(f->a, "%03d", i), &(Record){.group = i % 3 ? SW_STR("g") : SW_STR("h")}, &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    reopen(f);
    OK(f, sw_store_register(f->s, (const SwCollection *[]){&after, NULL}, &f->err));
    int64_t n;
    tx = begin(f, SW_READ);
    OK(f, sw_doc_count(tx, &after, &(SwDocQuery){.index = "by_group", .equals = {SW_STR("g")}}, &n, &f->err));
    assert_int_equal(n, 300);
    sw_tx_rollback(tx);
    put(f, "001", (Record){.group = SW_STR("h")}); /* its keys were written too: the old entry goes */
    tx = begin(f, SW_READ);
    OK(f, sw_doc_count(tx, &after, &(SwDocQuery){.index = "by_group", .equals = {SW_STR("g")}}, &n, &f->err));
    assert_int_equal(n, 299);
    sw_tx_rollback(tx);
}

static void sparse_index_has_only_what_has_all_of_its_members(void **state) {
    static const SwCollection some = {.name = "test/some",
                                      .shape = &shape_record,
                                      .indexes = {{.name = "by_group", .member = {"group", "number"}, .sparse = true},
                                                  {.name = "by_name", .member = {"name", "number"}}}};
    Fixture *f = *state;
    SwDocList l;
    int64_t all, few;
    SwTx *tx = begin(f, SW_WRITE);
    Record has = {.group = SW_STR("g"), .number = SW_SOME_INT(1)}, has_one = {.group = SW_STR("g")}, has_none = {0};
    OK(f, sw_doc_put(tx, &some, SW_STR("has"), &has, &f->err));
    OK(f, sw_doc_put(tx, &some, SW_STR("one"), &has_one, &f->err));
    OK(f, sw_doc_put(tx, &some, SW_STR("none"), &has_none, &f->err));
    OK(f, sw_doc_list(tx, &some, &(SwDocQuery){.index = "by_group"}, &l, &f->err));
    assert_int_equal(l.n, 1);
    assert_str(l.v[0].id, "has");
    OK(f, sw_doc_put(tx, &some, SW_STR("one"), &has, &f->err)); /* it comes and goes with the member */
    OK(f, sw_doc_put(tx, &some, SW_STR("has"), &has_one, &f->err));
    OK(f, sw_doc_list(tx, &some, &(SwDocQuery){.index = "by_group"}, &l, &f->err));
    assert_int_equal(l.n, 1);
    assert_str(l.v[0].id, "one");
    OK(f, sw_doc_count(tx, &some, &(SwDocQuery){.index = "by_name"}, &all, &f->err));
    OK(f, sw_doc_count(tx, &some, &(SwDocQuery){.index = "by_group"}, &few, &f->err));
    assert_int_equal(all * 10 + few, 31);
    sw_tx_rollback(tx);
}

static void newer_store_and_second_process_are_refused(void **state) {
    Fixture *f = *state;
    SwStore *other;
    assert_int_equal(sw_store_open(f->dir, &other, &f->err), -1);
    assert_non_null(strstr(f->err.message, "Another Slipway"));
    sw_store_close(f->s);
    f->s = NULL;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(sw_path(f->a, f->dir, "store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=999", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    f->err = sw_error(f->a);
    assert_int_equal(sw_store_open(f->dir, &f->s, &f->err), -1);
    assert_non_null(strstr(f->err.message, "newer Slipway"));
}

/* What the first schema's program left: no identity, and messages in flight without the key that they are counted by. */
static void store_of_the_first_schema_is_brought_up_to_date(void **state) {
    typedef struct Message {
        SwStr queue, visible_key, lease_key;
        SwOptInt receives;
    } Message;
    static const SwMember members[] = {
        {.name = "queue", .shape = &shape_text, .offset = offsetof(Message, queue)},
        {.name = "visibleKey", .shape = &shape_text, .offset = offsetof(Message, visible_key)},
        {.name = "leaseKey", .shape = &shape_text, .offset = offsetof(Message, lease_key)},
        {.name = "receives", .shape = &shape_int, .offset = offsetof(Message, receives)},
    };
    static const SwShape shape = {
        .name = "Message", .kind = SW_STRUCTURE, .size = sizeof(Message), .member = members, .n_member = SW_N(members)};
    static SwCollection before = {.name = "sqs/message",
                                  .shape = &shape,
                                  .indexes = {{.name = "by_visible", .member = {"queue", "visibleKey"}}}};
    static SwCollection after = {.name = "sqs/message",
                                 .shape = &shape,
                                 .indexes = {{.name = "by_visible", .member = {"queue", "visibleKey"}},
                                             {.name = "by_lease", .member = {"queue", "leaseKey"}}}};
    Fixture *f = *state;
    OK(f, sw_store_register(f->s, (const SwCollection *[]){&before, NULL}, &f->err));
    SwTx *tx = begin(f, SW_WRITE);
    for (int i = 0; i < 5; i++)
        OK(f, sw_doc_put(tx, &before, sw_strf(f->a, "%d", i),
                         &(Message){.queue = SW_STR("q"),
                                    .visible_key = sw_strf(f->a, "k%d", i),
                                    .receives = SW_SOME_INT(i < 3 ? 0 : i)},
                         &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    sw_store_close(f->s);
    f->s = NULL;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(sw_path(f->a, f->dir, "store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE identity;" POSITIONS "PRAGMA user_version=1", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(unlink(sw_strf(f->a, "%s.id", f->dir).p), 0);
    OK(f, sw_store_open(f->dir, &f->s, &f->err));
    OK(f, sw_store_register(f->s, (const SwCollection *[]){&after, NULL}, &f->err));
    SwDocList l;
    tx = begin(f, SW_READ);
    OK(f,
       sw_doc_list(tx, &after, &(SwDocQuery){.index = "by_lease", .equals = {SW_STR("q")}, .from = SW_STR("k")}, &l, &f->err));
    assert_int_equal(l.n, 2);
    assert_string_equal(l.v[0].id.p, "3");
    assert_string_equal(l.v[1].id.p, "4");
    sw_tx_rollback(tx);
}

/* Of two events the older store's listener has had the first. */
static void events_of_an_older_store_are_due_to_who_has_not_had_them(void **state) {
    Fixture *f = *state;
    SwEventRows l;
    int64_t seq;
    SwTx *tx = begin(f, SW_WRITE);
    for (int i = 0; i < 2; i++)
        OK(f, sw_events_append(tx, &(SwEventRow){.id = sw_strf(f->a, "e%d", i)}, &seq, &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    sw_store_close(f->s);
    f->s = NULL;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(sw_path(f->a, f->dir, "store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, POSITIONS "INSERT INTO listener VALUES('test/listener', 1); PRAGMA user_version=5", NULL,
                                  NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    OK(f, sw_store_open(f->dir, &f->s, &f->err));
    tx = begin(f, SW_READ);
    OK(f, sw_events_due(tx, "test/listener", 10, SW_MIB, &l, &f->err));
    assert_int_equal(l.n, 1);
    assert_string_equal(l.v[0].id.p, "e1");
    assert_false(l.more);
    sw_tx_rollback(tx);
}

static void reset_removes_everything_much_faster_than_it_was_written(void **state) {
    Fixture *f = *state;
    int64_t from = cpu_process_ns();
    SwTx *tx = begin(f, SW_WRITE);
    for (int i = 0; i < 5000; i++)
        OK(f, sw_doc_put(tx, &things, sw_strf(f->a, "%d", i), &(Record){.group = SW_STR("g")}, &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    int64_t wrote = cpu_process_ns() - from;
    from = cpu_process_ns();
    OK(f, sw_store_reset(f->s, &f->err));
    int64_t reset = cpu_process_ns() - from;
    print_message("wrote in %lld us, reset in %lld us\n", (long long)wrote / 1000, (long long)reset / 1000);
    assert_true(reset * 4 < wrote);
    assert_string_equal(page_ids(f, &(SwDocQuery){0}, 0), "");
    assert_string_equal(page_ids(f, &(SwDocQuery){.index = "by_group"}, 0), "");
}

static void store_in_memory_works_alike_and_leaves_nothing(void **state) {
    Fixture *f = *state;
    sw_store_close(f->s);
    OK(f, sw_store_open(NULL, &f->s, &f->err));
    const char *dir = sw_str_dup(f->a, sw_str(sw_store_dir(f->s))).p;
    SwTx *before = begin(f, SW_READ);
    put(f, "a", (Record){.name = SW_STR("n")});
    void *r;
    OK(f, sw_doc_find(before, &things, SW_STR("a"), &r, &f->err));
    assert_null(r);
    sw_tx_rollback(before);
    assert_str(get(f, "a")->name, "n");
    sw_store_close(f->s);
    f->s = NULL;
    assert_false(sw_exists(dir));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(document_reads_as_it_was_put_and_survives_a_restart),
        T(insert_refuses_a_taken_id_and_a_taken_unique_value),
        T(put_that_breaks_a_unique_index_fails_and_a_freed_value_can_be_used),
        T(lists_come_in_order_whatever_the_page_size),
        T(list_member_finds_the_record_by_each_element),
        T(accounts_and_regions_do_not_see_each_other),
        T(sequences_count_from_one_in_their_scope_and_never_again),
        T(changed_index_declaration_is_indexed_anew_at_open),
        T(sparse_index_has_only_what_has_all_of_its_members),
        T(newer_store_and_second_process_are_refused),
        T(store_of_the_first_schema_is_brought_up_to_date),
        T(events_of_an_older_store_are_due_to_who_has_not_had_them),
        T(reset_removes_everything_much_faster_than_it_was_written),
        T(store_in_memory_works_alike_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
