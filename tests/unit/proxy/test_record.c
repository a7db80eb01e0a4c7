/* SPDX-License-Identifier: Apache-2.0 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "../folder.h"
#include "base/buf.h"
#include "base/file.h"
#include "proxy/proxy.h"

#define GOOD \
    "1795234262473425\t2\t1795234262471120\t1795234262473000\tlb\tli\tru\tg:tg\t10.0.0.1_" \
    "80\t200\t200\t82\t613\t+1\t--\t" \
    "127.0.0.1:5\tGET\tHTTP/1.1\tRoot%3D1\ta.b%3A80\t%2F%C3%A9\tcurl%2F7"

static void a_line_becomes_a_record(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwProxyRecord r;

    assert_true(sw_proxy_record_parse(a, SW_STR(GOOD), &r));
    assert_int_equal(r.ended, 1795234262473425 * SW_US);
    assert_int_equal(r.total_us, 2000);
    assert_int_equal(r.target_us, 1880);
    assert_int_equal(r.retries, 1);
    assert_true(sw_str_eqz(r.group, "tg") && sw_str_eqz(r.target, "10.0.0.1:80"));
    assert_true(sw_str_eqz(r.uri, "/\xc3\xa9") && sw_str_eqz(r.host, "a.b:80") && sw_str_eqz(r.user_agent, "curl/7"));
    assert_string_equal(r.end, "--");
}

static void every_cut_of_a_line_is_a_record_or_refused(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr line = SW_STR(GOOD);
    SwProxyRecord r;

    for (size_t n = 0; n < line.n; n++) {
        char *copy = malloc(n + 1); /* its end is guarded by the sanitizer */
        memcpy(copy, line.p, n);
        bool good = sw_proxy_record_parse(a, sw_str_n(copy, n), &r);
        free(copy);
        assert_int_equal(good,
                         n > strlen(GOOD) - strlen("127.0.0.1:5\tGET\tHTTP/1.1\tRoot%3D1\ta.b%3A80\t%2F%C3%A9\tcurl%2F7") - 1);
    }
    assert_true(sw_proxy_record_parse(a, SW_STR(GOOD "%2"), &r));
    assert_true(sw_str_eqz(r.user_agent, "curl/7"));
}

static void what_is_no_record_is_refused(void **state) {
    static const char *const bad[] = {"", "\t\t\t", "[NOTICE] (12) : New worker", "x\t2",
                                      "-5\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1\t1"};
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwProxyRecord r;

    for (size_t i = 0; i < SW_N(bad); i++)
        assert_false(sw_proxy_record_parse(a, sw_str(bad[i]), &r));
}

static void positions_survive_forgetting_and_foreign_lines(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char dir[TEST_FOLDER];
    SwProxy *p;
    SwProxyRecordList l;
    int64_t at = 0, next, n = 0;
    SwBuf b = sw_buf(a, 4 * SW_MIB);

    assert_non_null(test_folder(dir));
    assert_int_equal(sw_proxy_open(&(SwProxyOpts){.dir = dir}, &p, &err), 0);
    assert_int_equal(sw_proxy_records(p, a, 0, 10, &l, &next, &err), 0);
    assert_int_equal(next, 0);
    for (int i = 0; i < 5000; i++)
        sw_buf_addz(&b, i % 10 == 3 ? "not a record\n" : GOOD "\n");
    sw_buf_addz(&b, "1795234262473425\t2\tan unfinished");
    assert_int_equal(sw_file_write(sw_path(a, dir, "requests.log"), sw_buf_str(&b), 0600, &err), 0);
    for (;;) {
        _sw_arena_ SwArena *round = sw_arena_new(0);
        assert_int_equal(sw_proxy_records(p, round, at, 700, &l, &next, &err), 0);
        if (next == at)
            break;
        n += (int64_t)l.n;
        at = next;
        assert_int_equal(sw_proxy_forget(p, at, &err), 0);
    }
    assert_int_equal(n, 4500);
    assert_int_equal(at, (int64_t)(b.n - strlen("1795234262473425\t2\tan unfinished")));
    assert_int_equal(sw_proxy_records(p, a, 0, 10000, &l, &next, &err), 0); /* from before the hole: what is kept */
    assert_int_equal(next, at);
    assert_true(l.n < 400);
    sw_proxy_close(p);
    assert_int_equal(sw_rm_tree(dir, &err), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_becomes_a_record),
        cmocka_unit_test(every_cut_of_a_line_is_a_record_or_refused),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(positions_survive_forgetting_and_foreign_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
