/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of damage that sw_store_check promises to find is found, and a sound store has no finding. */

#include "fixture.h"

#include <sqlite3.h>
#include <unistd.h>

#include "store/check.h"

static const SwStoreKnown known = {.collections = (const SwCollection *const[]){&things, NULL},
                                   .controllers = (const char *const[]){"test/controller", NULL},
                                   .listeners = (const char *const[]){"test/listener", NULL}};

static SwStr fill(Fixture *f, SwBlobs *b) {
    SwBlobInfo info;
    for (int i = 0; i < 3; i++) {
        SwStr name = sw_strf(f->a, "name-%d", i);
        Record r = {.name = name, .group = SW_STR("g"), .number = SW_SOME_INT(i)};
        sw_str_list_add(f->a, &r.tags, SW_STR("x"));
        sw_str_list_add(f->a, &r.tags, SW_STR("x"));
        put(f, sw_strf(f->a, "id-%d", i).p, r);
    }
    OK(f, sw_blob_put(b, f->a, SW_STR("bytes"), &info, &f->err));
    SwTx *tx = begin(f, SW_WRITE);
    OK(f, sw_blob_ref(tx, info.digest, SW_STR("id-0"), &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    return info.digest;
}

static SwStrList check(Fixture *f, SwBlobs *b) {
    SwStrList found;
    SwTx *tx = begin(f, SW_READ);
    OK(f, sw_store_check(tx, b, &known, &found, &f->err));
    sw_tx_rollback(tx);
    return found;
}

/* Behind the store's back. */
static void damage(Fixture *f, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(sw_path(f->a, f->dir, "store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void assert_found(const char *what, SwStrList found, const char *finding) {
    for (size_t i = 0; i < found.n; i++)
        if (sw_str_contains(found.v[i], sw_str(finding)))
            return;
    for (size_t i = 0; i < found.n; i++)
        print_error("%.*s\n", SW_FMT(found.v[i]));
    fail_msg("%s: not found among %zu: %s", what, found.n, finding);
}

static void sound_store_has_no_finding(void **state) {
    Fixture *f = *state;
    SwBlobs *b;
    OK(f, sw_blobs_open(f->dir, f->s, &b, &f->err));
    fill(f, b);
    SwTx *tx = begin(f, SW_WRITE);
    OK(f, sw_doc_delete(tx, &things, SW_STR("id-2"), NULL, &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    SwStrList found = check(f, b);
    assert_int_equal(found.n, 0);
    sw_blobs_close(b);
}

static void each_damage_is_found(void **state) {
    static const struct {
        const char *sql, *finding;
    } cases[] = {
        {"DELETE FROM document WHERE id='id-0'", "an entry of index test/thing by_group for id-0 has no document"},
        {"DELETE FROM document_index WHERE name='by_tag' AND id='id-1'", "test/thing id-1 is missing in an index"},
        {"UPDATE document SET body=replace(body, 'name-1', 'other') WHERE id='id-1'", "keeps other index entries"},
        {"UPDATE document SET body='{' WHERE id='id-1'", "test/thing id-1 cannot be read"},
        {"INSERT INTO document_index VALUES('test/thing','by_tag','111111111111','us-east-1','y','','','id-1')",
         "index rows and should have"},
        {"UPDATE document_index SET v0='name-0' WHERE name='by_name' AND id='id-1'",
         "more than once in its unique index by_name"},
        {"INSERT INTO document VALUES('test/other','','','x','{}','')", "a document is of test/other, which nobody knows"},
        {"INSERT INTO work VALUES('test/gone','','','x',0,1,0,0)", "work is for test/gone, which nobody knows"},
        {"INSERT INTO event_due VALUES('test/listener', 7)", "listener test/listener waits for event 7, which there is not"},
        {"INSERT INTO event_due VALUES('test/gone', 7)", "events wait for test/gone, which nobody knows"},
        {"INSERT INTO series_bucket VALUES(5, 60, 0, 1, 1, 1, 1, NULL)", "a bucket has no series 5"},
        {"INSERT INTO log_event VALUES(1, 0, 0, 9, 0, 'm')", "a log event has no stream 9"},
        {"INSERT INTO log_stream VALUES(1, 9, 's')", "log stream s has no group"},
    };
    Fixture *f = *state;
    SwBlobs *b;
    OK(f, sw_blobs_open(f->dir, f->s, &b, &f->err));
    for (size_t i = 0; i < SW_N(cases); i++) {
        fill(f, b);
        damage(f, cases[i].sql);
        assert_found(cases[i].sql, check(f, b), cases[i].finding);
        OK(f, sw_store_reset(f->s, &f->err));
    }
    sw_blobs_close(b);
}

static void blob_that_is_changed_or_gone_is_found(void **state) {
    Fixture *f = *state;
    SwBlobs *b;
    OK(f, sw_blobs_open(f->dir, f->s, &b, &f->err));
    SwStr digest = fill(f, b);
    const char *path = sw_blob_path(b, f->a, digest);
    OK(f, sw_file_write(path, SW_STR("bytez"), 0600, &f->err));
    assert_found("changed", check(f, b), "of id-0 has other bytes");
    assert_int_equal(unlink(path), 0);
    assert_found("gone", check(f, b), "of id-0 is not there");
    sw_blobs_close(b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(sound_store_has_no_finding),
        T(each_damage_is_found),
        T(blob_that_is_changed_or_gone_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
