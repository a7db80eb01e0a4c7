/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: isolation, savepoints, group commit under many threads. */

#include "fixture.h"

#include <pthread.h>

#include "base/outside.h"
#include "store/blob.h"
#include "store/fault.h"

static void reader_keeps_its_snapshot_while_others_write(void **state) {
    Fixture *f = *state;
    put(f, "a", (Record){.name = SW_STR("old")});
    SwTx *reader = begin(f, SW_READ);
    put(f, "a", (Record){.name = SW_STR("new")});
    void *r;
    OK(f, sw_doc_find(reader, &things, SW_STR("a"), &r, &f->err));
    assert_str(((Record *)r)->name, "old");
    OK(f, sw_tx_commit(&reader, &f->err));
    assert_str(get(f, "a")->name, "new");
}

static void uncommitted_writes_are_seen_by_their_own_transaction_only(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE);
    void *r;
    OK(f, sw_doc_put(tx, &things, SW_STR("a"), &(Record){.name = SW_STR("n")}, &f->err));
    OK(f, sw_doc_find(tx, &things, SW_STR("a"), &r, &f->err));
    assert_non_null(r);
    assert_null(get(f, "a"));
    sw_tx_rollback(tx);
    assert_null(get(f, "a"));
}

static void count_call(void *arg) {
    ++*(int *)arg;
}

static void undone_savepoint_takes_its_writes_and_callbacks_along(void **state) {
    Fixture *f = *state;
    int outer = 0, kept = 0, undone = 0;
    SwTx *tx = begin(f, SW_WRITE);
    sw_tx_after_commit(tx, count_call, &outer);
    OK(f, sw_tx_savepoint(tx, &f->err));
    OK(f, sw_doc_put(tx, &things, SW_STR("kept"), &(Record){0}, &f->err));
    sw_tx_after_commit(tx, count_call, &kept);
    OK(f, sw_tx_savepoint(tx, &f->err));
    OK(f, sw_doc_put(tx, &things, SW_STR("undone"), &(Record){0}, &f->err));
    sw_tx_after_commit(tx, count_call, &undone);
    sw_tx_undo(tx);
    OK(f, sw_tx_release(tx, &f->err));
    assert_int_equal(outer, 0);
    OK(f, sw_tx_commit(&tx, &f->err));
    assert_int_equal(outer + kept, 2);
    assert_int_equal(undone, 0);
    assert_non_null(get(f, "kept"));
    assert_null(get(f, "undone"));
    tx = begin(f, SW_WRITE);
    sw_tx_after_commit(tx, count_call, &undone);
    sw_tx_rollback(tx);
    assert_int_equal(undone, 0);
}

/* Each is run once, the newest first. */
static char order[8];
static void take_back(void *arg) {
    strcat(order, arg);
}

static void what_was_done_outside_is_taken_back_with_its_savepoint_or_transaction(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE);
    *order = 0;
    sw_tx_on_undo(tx, take_back, "a");
    OK(f, sw_tx_savepoint(tx, &f->err));
    sw_tx_on_undo(tx, take_back, "b");
    OK(f, sw_tx_savepoint(tx, &f->err));
    sw_tx_on_undo(tx, take_back, "c");
    sw_tx_on_undo(tx, take_back, "d");
    sw_tx_undo(tx);
    assert_string_equal(order, "dc");
    OK(f, sw_tx_release(tx, &f->err));
    sw_tx_rollback(tx);
    assert_string_equal(order, "dcba");
    tx = begin(f, SW_WRITE);
    sw_tx_on_undo(tx, take_back, "e");
    OK(f, sw_tx_commit(&tx, &f->err));
    assert_string_equal(order, "dcba");
    tx = begin(f, SW_WRITE);
    sw_tx_on_undo(tx, take_back, "f");
    sw_fault_at(1);
    assert_int_equal(sw_tx_commit(&tx, &f->err), -1);
    sw_fault_at(0);
    assert_string_equal(order, "dcbaf");
}

static void thread_is_marked_while_it_has_one_open(void **state) {
    Fixture *f = *state;
    assert_int_equal(sw_open_tx, 0);
    SwTx *tx = begin(f, SW_WRITE), *reader = begin(f, SW_READ), *second;
    assert_int_equal(sw_open_tx, 2);
    assert_int_equal(sw_tx_begin(f->s, f->a, SW_WRITE, SW_STR("1"), SW_STR("r"), &second, &f->err), -1);
    OK(f, sw_tx_commit(&reader, &f->err));
    assert_int_equal(sw_open_tx, 1);
    sw_tx_rollback(NULL);
    sw_tx_rollback(tx);
    assert_int_equal(sw_open_tx, 0);
    reader = begin(f, SW_READ);
    sw_tx_rollback(reader);
    tx = begin(f, SW_WRITE);
    assert_int_equal(sw_open_tx, 1);
    OK(f, sw_tx_commit(&tx, &f->err));
    assert_int_equal(sw_open_tx, 0);
}

static void second_write_transaction_of_a_thread_fails_instead_of_hanging(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE), *second;
    assert_int_equal(sw_tx_begin(f->s, f->a, SW_WRITE, SW_STR("1"), SW_STR("r"), &second, &f->err), -1);
    sw_tx_rollback(tx);
    put(f, "a", (Record){0});
}

static void write_in_a_read_transaction_is_refused(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_READ);
    assert_false(sw_tx_would_write(tx));
    assert_int_equal(sw_doc_put(tx, &things, SW_STR("a"), &(Record){0}, &f->err), -1);
    assert_true(sw_tx_would_write(tx));
    sw_tx_rollback(tx);
}

/* Documents say so before SQL is reached, everything else by what SQLite answers; reading alone says nothing. */
static void read_transaction_knows_that_it_would_have_written(void **state) {
    Fixture *f = *state;
    int64_t n;
    void *r;
    SwTx *tx = begin(f, SW_READ);
    OK(f, sw_doc_find(tx, &things, SW_STR("a"), &r, &f->err));
    assert_false(sw_tx_would_write(tx));
    assert_int_equal(sw_doc_delete(tx, &things, SW_STR("a"), NULL, &f->err), -1);
    assert_true(sw_tx_would_write(tx));
    sw_tx_rollback(tx);
    tx = begin(f, SW_READ);
    assert_int_equal(sw_blob_ref(tx, SW_STR("d"), SW_STR("o"), &f->err), -1);
    assert_true(sw_tx_would_write(tx));
    sw_tx_rollback(tx);
    tx = begin(f, SW_READ);
    assert_int_equal(sw_doc_next(tx, SW_SCOPE_REGION, SW_STR("s"), &n, &f->err), -1);
    assert_true(sw_tx_would_write(tx));
    sw_tx_rollback(tx);
    tx = begin(f, SW_WRITE);
    OK(f, sw_doc_put(tx, &things, SW_STR("a"), &(Record){0}, &f->err));
    assert_false(sw_tx_would_write(tx));
    sw_tx_rollback(tx);
}

typedef struct Starved {
    Fixture *f;
    SwArena *a;
    SwTxMode mode;
    SwTx *tx;
} Starved;

static void list_for_ever(void *arg) {
    Starved *s = arg;
    Fixture *f = s->f;
    SwDocList l;
    OK(f, sw_tx_begin(f->s, s->a, s->mode, SW_STR("111111111111"), SW_STR("us-east-1"), &s->tx, &f->err));
    while (true)
        OK(f, sw_doc_list(s->tx, &things, &(SwDocQuery){.index = "by_group"}, &l, &f->err));
}

/* Who answers for a request that ran out of memory rolls its transaction back. */
static void transaction_left_for_want_of_memory_can_be_rolled_back(void **state) {
    Fixture *f = *state;
    for (int i = 0; i < 50; i++)
        put(f, sw_strf(f->a, "%d", i).p, (Record){.group = SW_STR("g")});
    for (int mode = SW_READ; mode <= SW_WRITE; mode++) {
        Starved s = {.f = f, .a = sw_arena_new(40 * SW_KIB), .mode = (SwTxMode)mode};
        assert_int_equal(sw_guard(SW_POOL_NONE, list_for_ever, &s), SW_LACK_LIMIT);
        assert_non_null(s.tx);
        sw_tx_rollback(s.tx);
        sw_arena_free(s.a);
        put(f, "new", (Record){.name = SW_STR("n")});
        assert_str(get(f, "new")->name, "n");
        SwTx *w = begin(f, SW_WRITE);
        OK(f, sw_doc_delete(w, &things, SW_STR("new"), NULL, &f->err));
        OK(f, sw_tx_commit(&w, &f->err));
        assert_null(get(f, "new")); /* no reader is stuck in an old snapshot */
    }
}

#define THREADS 64
#define ROUNDS  20
typedef struct Writer {
    Fixture *f;
    int number, done, undone;
    pthread_barrier_t *together;
} Writer;

/* Every thread adds one to a common number and writes a record of its own; each fifth round it changes its mind. */
static int round_of(Writer *w, SwArena *a, int round, SwError *err) {
    _sw_tx_ SwTx *tx = NULL;
    void *r;
    if (sw_tx_begin(w->f->s, a, SW_WRITE, SW_STR("1"), SW_STR("r"), &tx, err) < 0 ||
        sw_doc_find(tx, &things, SW_STR("common"), &r, err) < 0)
        return -1;
    Record common = {.number = SW_SOME_INT(r ? ((Record *)r)->number.v + 1 : 1)};
    if (sw_doc_put(tx, &things, SW_STR("common"), &common, err) < 0 ||
        sw_doc_put(tx, &things, sw_strf(a, "%d-%d", w->number, round), &common, err) < 0)
        return -1;
    if (round % 5 == 4) {
        w->undone++;
        return 0;
    }
    w->done++;
    return sw_tx_commit(&tx, err);
}

static void *write_many(void *arg) {
    Writer *w = arg;
    SwArena *a = sw_arena_new(0);
    int bad = 0;
    pthread_barrier_wait(w->together);
    for (int i = 0; i < ROUNDS; i++) {
        SwError err = sw_error(a);
        bad += round_of(w, a, i, &err) < 0;
        sw_arena_reset(a);
    }
    sw_arena_free(a);
    return bad ? arg : NULL;
}

static void threads_share_commits_and_lose_no_update(void **state) {
    Fixture *f = *state;
    static Writer w[THREADS];
    pthread_t t[THREADS];
    pthread_barrier_t together;
    SwStoreStats before, after;
    sw_store_stats(f->s, &before);
    pthread_barrier_init(&together, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        w[i] = (Writer){.f = f, .number = i, .together = &together};
        assert_int_equal(pthread_create(&t[i], NULL, write_many, &w[i]), 0);
    }
    int done = 0;
    for (int i = 0; i < THREADS; i++) {
        void *bad;
        pthread_join(t[i], &bad);
        assert_null(bad);
        done += w[i].done;
    }
    pthread_barrier_destroy(&together);
    sw_store_stats(f->s, &after);
    reopen(f);
    SwTx *tx;
    void *r;
    int64_t n;
    OK(f, sw_tx_begin(f->s, f->a, SW_READ, SW_STR("1"), SW_STR("r"), &tx, &f->err));
    OK(f, sw_doc_find(tx, &things, SW_STR("common"), &r, &f->err));
    OK(f, sw_doc_count(tx, &things, &(SwDocQuery){0}, &n, &f->err));
    assert_int_equal(((Record *)r)->number.v, done);
    assert_int_equal(n, done + 1); /* what was rolled back inside a batch is not there */
    sw_tx_rollback(tx);
    int64_t commits = after.commits - before.commits;
    print_message("%d transactions in %lld commits\n", done, (long long)commits);
    assert_int_equal(after.transactions - before.transactions, done);
    assert_true(commits * 2 < done);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(reader_keeps_its_snapshot_while_others_write),
        T(uncommitted_writes_are_seen_by_their_own_transaction_only),
        T(undone_savepoint_takes_its_writes_and_callbacks_along),
        T(what_was_done_outside_is_taken_back_with_its_savepoint_or_transaction),
        T(thread_is_marked_while_it_has_one_open),
        T(second_write_transaction_of_a_thread_fails_instead_of_hanging),
        T(write_in_a_read_transaction_is_refused),
        T(read_transaction_knows_that_it_would_have_written),
        T(transaction_left_for_want_of_memory_can_be_rolled_back),
        T(threads_share_commits_and_lose_no_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
