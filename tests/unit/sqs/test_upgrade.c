/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a store whose program named them by their random ids: all are there in their order, and the receipt handles
 * that were given out for them still hold. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "../folder.h"
#include "api/host.h"
#include "base/file.h"
#include "services/sqs/sqs.h"

/* In the order of their ids it is the other way round. The second was received: until the year 2100. */
static const char old_rows[] =
    "INSERT INTO document VALUES('sqs/message', '111111111111', 'us-east-1', 'c0000000',"
    " '{\"id\":\"c0000000\",\"queue\":\"q\",\"body\":\"first\",\"sent\":1,\"number\":1,\"receives\":0,\"visible\":1,"
    "\"sentKey\":\"09223372036854775809/09223372036854775809\",\"visibleKey\":\"09223372036854775809/09223372036854775809\"}', "
    "'');"
    "INSERT INTO document VALUES('sqs/message', '111111111111', 'us-east-1', 'b0000000',"
    " '{\"id\":\"b0000000\",\"queue\":\"q\",\"body\":\"second\",\"sent\":2,\"number\":2,\"receives\":1,\"visible\":4102444800,"
    "\"sentKey\":\"09223372036854775810/09223372036854775810\",\"visibleKey\":\"19223372036854775810/09223372036854775810\","
    "\"leaseKey\":\"19223372036854775810/09223372036854775810\",\"receipt\":\"abcd\"}', '');"
    "INSERT INTO document VALUES('sqs/message', '111111111111', 'us-east-1', 'a0000000',"
    " '{\"id\":\"a0000000\",\"queue\":\"q\",\"body\":\"third\",\"sent\":3,\"number\":3,\"receives\":0,\"visible\":3,"
    "\"sentKey\":\"09223372036854775811/09223372036854775811\",\"visibleKey\":\"09223372036854775811/09223372036854775811\"}', "
    "'');"
    "PRAGMA user_version=6";

typedef struct Fixture {
    SwArena *a;
    SwHost host;
    SwConfig config;
    SwCtx cx;
    SwError err;
    char folder[TEST_FOLDER];
    const char *dir; /* the store's, in it */
} Fixture;

#define OK(f, call) \
    do { \
        if ((call) < 0) { \
            print_error("%s (%s)\n", (f)->err.message, (f)->err.cause ? (f)->err.cause : "no cause"); \
            fail(); \
        } \
    } while (0)

static const SqsQueueRecord queue = {.id = SW_STR_C("q"), .name = SW_STR_C("queue")};

static void open_store(Fixture *f) {
    OK(f, sw_store_open(f->dir, &f->host.store, &f->err));
    OK(f, sw_store_register(f->host.store, (const SwCollection *[]){&sqs_messages, NULL}, &f->err));
}

static int setup(void **state) {
    SwArena *a = sw_arena_new(0);
    Fixture *f = sw_new(a, Fixture);
    f->a = a;
    f->err = sw_error(a);
    if (!test_folder(f->folder))
        return -1;
    f->dir = sw_path(a, f->folder, "store");
    open_store(f);
    sw_store_close(f->host.store);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(sw_path(a, f->dir, "store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM collection", NULL, NULL, NULL), SQLITE_OK);
    if (sqlite3_exec(db, old_rows, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    open_store(f);
    f->host.clock = sw_clock_new();
    f->host.config = &f->config;
    f->cx = (SwCtx){.arena = a, .host = &f->host, .account = SW_STR("111111111111"), .region = SW_STR("us-east-1")};
    *state = f;
    return 0;
}

static int teardown(void **state) {
    Fixture *f = *state;
    sw_store_close(f->host.store);
    sw_clock_free(f->host.clock);
    int r = sw_rm_tree(f->folder, &f->err);
    sw_arena_free(f->a);
    return r;
}

/* The bodies in the order that the query gives, and the rows' names. */
static SwStr bodies(Fixture *f, const SwDocQuery *q) {
    SwBuf b = sw_buf(f->a, SW_KIB);
    SwDocList l;
    OK(f, sw_doc_list(f->cx.tx, &sqs_messages, q, &l, &f->err));
    for (size_t i = 0; i < l.n; i++)
        sw_buf_addf(&b, "%.*s ", SW_FMT(((SqsMessageRecord *)l.v[i].record)->body));
    return sw_buf_str(&b);
}

static void old_messages_are_there_in_the_order_of_sending(void **state) {
    Fixture *f = *state;
    OK(f, sw_ctx_begin(&f->cx, SW_READ, &f->err));
    SwDocQuery by_sending = sqs_by_sending(&f->cx, &queue);
    assert_string_equal(bodies(f, &by_sending).p, "first second third ");
    assert_string_equal(bodies(f, &(SwDocQuery){.index = "by_visible", .equals = {queue.id}}).p, "first third second ");
    assert_string_equal(bodies(f, &(SwDocQuery){.index = "by_lease", .equals = {queue.id}}).p, "second ");
    assert_string_equal(bodies(f, &(SwDocQuery){.index = "by_group", .equals = {queue.id}}).p, "");
    int64_t visible, leased, delayed;
    OK(f, sqs_queue_count(&f->cx, &queue, &visible, &leased, &delayed, &f->err));
    assert_int_equal(visible * 100 + leased * 10 + delayed, 210);
    sw_ctx_rollback(&f->cx);
}

static void handle_of_before_deletes_its_message(void **state) {
    Fixture *f = *state;
    OK(f, sw_ctx_begin(&f->cx, SW_WRITE, &f->err));
    OK(f, sqs_message_delete(&f->cx, &queue, sw_base64url(f->a, SW_STR("b0000000/other")), &f->err)); /* not the last one */
    SwDocQuery by_sending = sqs_by_sending(&f->cx, &queue);
    assert_string_equal(bodies(f, &by_sending).p, "first second third ");
    OK(f, sqs_message_delete(&f->cx, &queue, sw_base64url(f->a, SW_STR("b0000000/abcd")), &f->err));
    assert_string_equal(bodies(f, &by_sending).p, "first third ");
    assert_string_equal(bodies(f, &(SwDocQuery){.index = "by_lease", .equals = {queue.id}}).p, "");
    sw_ctx_rollback(&f->cx);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(old_messages_are_there_in_the_order_of_sending),
        T(handle_of_before_deletes_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
