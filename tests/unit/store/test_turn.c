/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's turn: what waits for it is carried out by who has it, in one batch, and everybody gets the outcome of what
 * is its own. A transaction holds the turn until all have queued up, so that each test's batch is known. */

#include "fixture.h"

#include <pthread.h>
#include <sched.h>

#include "base/outside.h"
#include "store/internal.h"

#define MANY 40

typedef struct Client {
    Fixture *f;
    SwArena *a;
    SwError err;
    pthread_t thread, ran_on;
    int number, result, called;
    bool fails, starves, nests, undone_after; /* what its job does */
    bool direct;                              /* it is no job, but a transaction of its own */
    SwLack lack;
    int open_inside, open_after; /* the mark of the thread that did it, and of its own at the end */
} Client;

static void count_call(void *arg) {
    ++*(int *)arg;
}

/* In the order in which they were taken back, which the turn makes one. */
static int undone[MANY];
static size_t n_undone;

static void note_undone(void *arg) {
    if (n_undone < SW_N(undone))
        undone[n_undone++] = ((Client *)arg)->number;
}

static int work(SwTx *tx, void *arg, SwError *err) {
    Client *c = arg;
    void *r;
    sw_tx_on_undo(tx, note_undone, c);
    c->ran_on = pthread_self();
    c->open_inside = sw_open_tx;
    sw_tx_after_commit(tx, count_call, &c->called);
    if (sw_doc_find(tx, &things, SW_STR("common"), &r, err) < 0)
        return -1;
    Record common = {.number = SW_SOME_INT(r ? ((Record *)r)->number.v + 1 : 1)};
    Record own = {.number = SW_SOME_INT(c->number)};
    if (sw_doc_put(tx, &things, SW_STR("common"), &common, err) < 0 ||
        sw_doc_put(tx, &things, sw_strf(c->a, "own-%d", c->number), &own, err) < 0)
        return -1;
    if (c->fails)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "client %d", c->number);
    while (c->starves)
        sw_arena_alloc(c->a, SW_KIB);
    SwTx *second;
    return c->nests ? sw_tx_begin(c->f->s, c->a, SW_WRITE, SW_STR("1"), SW_STR("r"), &second, err) : 0;
}

static int in_one_of_its_own(Client *c) {
    _sw_tx_ SwTx *tx = NULL;
    if (sw_tx_begin(c->f->s, c->a, SW_WRITE, SW_STR("1"), SW_STR("r"), &tx, &c->err) < 0 || work(tx, c, &c->err) < 0)
        return -1;
    return sw_tx_commit(&tx, &c->err);
}

static void write_guarded(void *arg) {
    Client *c = arg;
    c->result = c->direct ? in_one_of_its_own(c) : sw_tx_write(c->f->s, c->a, SW_STR("1"), SW_STR("r"), work, c, &c->err);
}

static void *client_main(void *arg) {
    Client *c = arg;
    c->result = -1;
    c->lack = sw_guard(SW_POOL_NONE, write_guarded, c);
    c->open_after = sw_open_tx;
    return NULL;
}

static size_t queued(SwStore *s) {
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (const SwTurn *t = s->first; t; t = t->next)
        n++;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* All of them at once: each is in the queue, in their order, before the first may go. */
static void run_together(Fixture *f, Client *c, size_t n) {
    f->s->batch_age_ns = INT64_MAX; /* however slow this machine is */
    SwTx *holder = begin(f, SW_WRITE);
    for (size_t i = 0; i < n; i++) {
        c[i].f = f;
        c[i].number = (int)i;
        c[i].a = sw_arena_new(SW_MIB);
        c[i].err = sw_error(c[i].a);
        assert_int_equal(pthread_create(&c[i].thread, NULL, client_main, &c[i]), 0);
        while (queued(f->s) < i + 1)
            sched_yield();
    }
    sw_tx_rollback(holder);
    for (size_t i = 0; i < n; i++) {
        pthread_join(c[i].thread, NULL);
        assert_int_equal(c[i].open_inside, 1);
        assert_int_equal(c[i].open_after, 0);
    }
}

static void free_all(Client *c, size_t n) {
    for (size_t i = 0; i < n; i++)
        sw_arena_free(c[i].a);
}

static int64_t common_number(Fixture *f) {
    SwTx *tx;
    void *r;
    OK(f, sw_tx_begin(f->s, f->a, SW_READ, SW_STR("1"), SW_STR("r"), &tx, &f->err));
    OK(f, sw_doc_find(tx, &things, SW_STR("common"), &r, &f->err));
    sw_tx_rollback(tx);
    return r ? ((Record *)r)->number.v : 0;
}

static bool has_own(Fixture *f, int number) {
    SwTx *tx;
    void *r;
    OK(f, sw_tx_begin(f->s, f->a, SW_READ, SW_STR("1"), SW_STR("r"), &tx, &f->err));
    OK(f, sw_doc_find(tx, &things, sw_strf(f->a, "own-%d", number), &r, &f->err));
    sw_tx_rollback(tx);
    return r;
}

static void jobs_that_wait_are_carried_out_by_one_thread_in_one_commit(void **state) {
    Fixture *f = *state;
    Client c[MANY] = {0};
    SwStoreStats before, after;
    sw_store_stats(f->s, &before);
    run_together(f, c, MANY);
    sw_store_stats(f->s, &after);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(c[i].result, 0);
        assert_int_equal(c[i].called, 1);
        assert_true(pthread_equal(c[i].ran_on, c[0].thread));
    }
    assert_int_equal(after.commits - before.commits, 1);
    assert_int_equal(after.transactions - before.transactions, MANY);
    assert_int_equal(after.turns - before.turns, MANY + 1); /* and the one that held them up */
    reopen(f);
    assert_int_equal(common_number(f), MANY);
    free_all(c, MANY);
}

static void jobs_error_is_its_own(void **state) {
    Fixture *f = *state;
    Client c[6] = {[0] = {.fails = true}, [3] = {.fails = true}, [4] = {.nests = true}};
    run_together(f, c, 6);
    for (int i = 0; i < 6; i++) {
        bool failed = i == 0 || i == 3 || i == 4;
        assert_int_equal(c[i].result, failed ? -1 : 0);
        assert_int_equal(c[i].called, failed ? 0 : 1);
        assert_int_equal(has_own(f, i), !failed);
    }
    assert_string_equal(c[0].err.message, "client 0");
    assert_string_equal(c[3].err.message, "client 3");
    assert_true(strstr(c[4].err.cause, "already has a write transaction open") != NULL);
    assert_int_equal(common_number(f), 3);
    free_all(c, 6);
}

/* Also of the first, in whose thread the others are. */
static void memory_that_ends_in_a_job_ends_where_it_came_from(void **state) {
    Fixture *f = *state;
    Client c[6] = {[0] = {.starves = true}, [3] = {.starves = true}};
    run_together(f, c, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(c[i].lack, i % 3 == 0 ? SW_LACK_LIMIT : SW_LACK_NONE);
        assert_int_equal(c[i].result, i % 3 == 0 ? -1 : 0);
        assert_int_equal(has_own(f, i), i % 3 != 0);
    }
    assert_int_equal(common_number(f), 4);
    free_all(c, 6);
}

/* Its thread carries out nobody's job, and nobody carries out what is its. */
static void transaction_of_its_own_shares_the_batch(void **state) {
    Fixture *f = *state;
    Client c[9] = {[0] = {.direct = true}, [4] = {.direct = true}, [8] = {.direct = true}};
    SwStoreStats before, after;
    sw_store_stats(f->s, &before);
    run_together(f, c, 9);
    sw_store_stats(f->s, &after);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(c[i].result, 0);
        assert_int_equal(c[i].called, 1);
        assert_true(pthread_equal(c[i].ran_on, c[i % 4 == 0 ? i : i < 4 ? 1 : 5].thread));
    }
    assert_int_equal(after.commits - before.commits, 1);
    assert_int_equal(common_number(f), 9);
    free_all(c, 9);
}

/* SQLite gives the whole transaction up in the middle of a batch, as on a full disk: nobody is told that he is stored. */
static int lose_all(SwTx *tx, void *arg, SwError *err) {
    return sqlite3_exec(tx->conn->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static void *lose_main(void *arg) {
    Client *c = arg;
    c->result = sw_tx_write(c->f->s, c->a, SW_STR("1"), SW_STR("r"), lose_all, c, &c->err);
    return NULL;
}

static void batch_that_is_lost_fails_all_of_its_members(void **state) {
    Fixture *f = *state;
    Client c[3] = {0}, loser = {.f = f, .a = sw_arena_new(0)}, later[2] = {0};
    loser.err = sw_error(loser.a);
    f->s->batch_age_ns = INT64_MAX;
    n_undone = 0;
    SwTx *holder = begin(f, SW_WRITE);
    for (size_t i = 0; i < 3; i++) {
        c[i] = (Client){.f = f, .number = (int)i, .a = sw_arena_new(0), .direct = i == 1};
        c[i].err = sw_error(c[i].a);
        assert_int_equal(pthread_create(&c[i].thread, NULL, client_main, &c[i]), 0);
        while (queued(f->s) < i + 1)
            sched_yield();
    }
    assert_int_equal(pthread_create(&loser.thread, NULL, lose_main, &loser), 0);
    while (queued(f->s) < 4)
        sched_yield();
    sw_tx_rollback(holder);
    pthread_join(loser.thread, NULL);
    assert_int_equal(loser.result, -1);
    for (int i = 0; i < 3; i++) {
        pthread_join(c[i].thread, NULL);
        assert_int_equal(c[i].result, -1);
        assert_int_equal(c[i].called, 0);
        assert_true(strstr(c[i].err.cause, "store: commit") != NULL);
    }
    /* what each did outside is taken back before anybody else has the turn, the latest first */
    assert_int_equal(n_undone, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(undone[i], 2 - i);
    assert_int_equal(common_number(f), 0);
    run_together(f, later, 2); /* and the next batch begins afresh */
    assert_int_equal(later[0].result + later[1].result, 0);
    assert_int_equal(common_number(f), 2);
    sw_arena_free(loser.a);
    free_all(c, 3);
    free_all(later, 2);
}

#define ROUNDS 50
static void *write_in_rounds(void *arg) {
    Client *c = arg;
    for (int i = 0; i < ROUNDS; i++) {
        c->err = sw_error(c->a);
        c->fails = i % 7 == 3;
        c->direct = (i + c->number) % 5 == 0;
        write_guarded(c);
        if ((c->result < 0) != c->fails)
            return arg;
        sw_arena_reset(c->a);
    }
    return NULL;
}

static void jobs_and_transactions_of_many_threads_lose_no_update(void **state) {
    Fixture *f = *state;
    Client c[MANY] = {0};
    int called = 0;
    for (int i = 0; i < MANY; i++) {
        c[i] = (Client){.f = f, .number = i, .a = sw_arena_new(0)};
        assert_int_equal(pthread_create(&c[i].thread, NULL, write_in_rounds, &c[i]), 0);
    }
    for (int i = 0; i < MANY; i++) {
        void *bad;
        pthread_join(c[i].thread, &bad);
        assert_null(bad);
        called += c[i].called;
    }
    assert_int_equal(common_number(f), called);
    assert_int_equal(called, MANY * (ROUNDS - ROUNDS / 7));
    free_all(c, MANY);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(jobs_that_wait_are_carried_out_by_one_thread_in_one_commit),
        T(jobs_error_is_its_own),
        T(memory_that_ends_in_a_job_ends_where_it_came_from),
        T(transaction_of_its_own_shares_the_batch),
        T(batch_that_is_lost_fails_all_of_its_members),
        T(jobs_and_transactions_of_many_threads_lose_no_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
