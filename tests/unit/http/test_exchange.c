/* SPDX-License-Identifier: Apache-2.0 */

/* Raw exchanges, a row each: the bytes sent, the statuses that must come back, and a text that must (or, after '!',
 * must not) be among the reply. The client closes its half after the bytes. */

#include "http_test.h"

#define H                      "Host: x\r\n"
#define GET(p)                 "GET " p " HTTP/1.1\r\n" H "\r\n"
#define POST(p, headers, body) "POST " p " HTTP/1.1\r\n" H headers "\r\n" body

static const struct {
    const char *label, *send, *statuses, *text;
} cases[] = {
    {"plain", GET("/a"), "200", "[GET /a - Host=x body=]"},
    {"raw path and query", GET("/a%2Fb//../c%20?x=%2f&y"), "200", "[GET /a%2Fb//../c%20 ?x=%2f&y Host"},
    {"empty query", GET("/a?"), "200", "[GET /a ? Host"},
    {"absolute form", "GET http://h:1/p?q HTTP/1.1\r\n" H "\r\n", "200", "[GET /p ?q Host=h:1 "},
    {"absolute form, no path", "GET http://h HTTP/1.1\r\n" H "\r\n", "200", "[GET / - Host=h "},
    {"equal names stay apart", "GET / HTTP/1.1\r\n" H "X: 1\r\nx:  2 \r\nX:\r\n\r\n", "200", "Host=x X=1 x=2 X= body"},
    {"UTF-8 in a value", "GET / HTTP/1.1\r\n" H "X: \xc3\xa4\r\n\r\n", "200", "X=\xc3\xa4 "},
    {"empty lines before", "\r\n\r\n" GET("/"), "200", "[GET / "},
    {"two in a row", GET("/1") GET("/2"), "200 200", "[GET /2 "},
    {"pipelined with bodies", POST("/echo", "Content-Length: 3\r\n", "abc") POST("/echo", "Content-Length: 3\r\n", "def"),
     "200 200", "def"},
    {"keep-alive is 1.1's default", GET("/"), "200", "!Connection:"},
    {"close is honoured", "GET / HTTP/1.1\r\n" H "Connection: foo, Close\r\n\r\n" GET("/2"), "200", "Connection: close"},
    {"1.0 closes", "GET / HTTP/1.0\r\n\r\n" GET("/2"), "200", "Connection: close"},
    {"1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET("/2"), "200 200", "Connection: keep-alive"},

    {"length", POST("/echo", "Content-Length: 5\r\n", "hello"), "200", "\r\n\r\nhello"},
    {"chunked", POST("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n") GET("/2"), "200 200",
     "hello!"},
    {"chunk extensions and trailers",
     POST("/echo", "Transfer-Encoding: Chunked\r\n",
          "5;a=b;c=\"d\"\r\nhello\r\n00A ; x\r\n0123456789\r\n0;z\r\nT: v\r\nU: w\r\n\r\n") GET("/2"),
     "200 200", "hello0123456789"},
    {"chunk without its end", POST("/echo", "Transfer-Encoding: chunked\r\n", "5\r\nhelloX"), "400", "Connection: close"},
    {"chunk size is no number", POST("/echo", "Transfer-Encoding: chunked\r\n", "g\r\n"), "400", ""},
    {"chunk size is empty", POST("/echo", "Transfer-Encoding: chunked\r\n", "\r\n"), "400", ""},
    {"chunk size overflows", POST("/echo", "Transfer-Encoding: chunked\r\n", "10000000000000000\r\n"), "400", ""},
    {"chunk with bare LF", POST("/echo", "Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"), "400", ""},
    {"sink", POST("/sink", "Content-Length: 5\r\n", "hello"), "200", "\r\n\r\n5"},
    {"sink fails, handler answers", POST("/sinkfail", "Content-Length: 5\r\n", "hello"), "422", "enough"},

    {"two lengths", POST("/echo", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello") GET("/2"), "400", "Connection: close"},
    {"two equal lengths", POST("/echo", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "400", ""},
    {"length list", POST("/echo", "Content-Length: 5, 5\r\n", "hello"), "400", ""},
    {"negative length", POST("/echo", "Content-Length: -5\r\n", ""), "400", ""},
    {"signed length", POST("/echo", "Content-Length: +5\r\n", "hello"), "400", ""},
    {"length too long", POST("/echo", "Content-Length: 99999999999999999999\r\n", ""), "400", ""},
    {"length and chunked", POST("/echo", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") GET("/2"), "400",
     "Connection: close"},
    {"two transfer codings", POST("/echo", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""), "400", ""},
    {"unknown transfer coding", POST("/echo", "Transfer-Encoding: gzip, chunked\r\n", ""), "501", ""},
    {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400", ""},
    {"folded header", "GET / HTTP/1.1\r\n" H "X: 1\r\n 2\r\n\r\n", "400", "folded"},
    {"bare LF", "GET / HTTP/1.1\nHost: x\n\n", "400", "CR LF"},
    {"bare CR in a value", "GET / HTTP/1.1\r\n" H "X: 1\rY\r\n\r\n", "400", "control"},
    {"space before colon", "GET / HTTP/1.1\r\n" H "X : 1\r\n\r\n", "400", ""},
    {"no colon", "GET / HTTP/1.1\r\n" H "X\r\n\r\n", "400", ""},
    {"no name", "GET / HTTP/1.1\r\n" H ": 1\r\n\r\n", "400", ""},
    {"no host", "GET / HTTP/1.1\r\n\r\n", "400", "Host"},
    {"two hosts", "GET / HTTP/1.1\r\n" H H "\r\n", "400", "Host"},
    {"space in target", "GET /a b HTTP/1.1\r\n" H "\r\n", "400", ""},
    {"control in target", "GET /a\x01 HTTP/1.1\r\n" H "\r\n", "400", ""},
    {"no target", "GET HTTP/1.1\r\n" H "\r\n", "400", ""},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505", ""},
    {"no version", "GET /\r\n\r\n", "400", ""},
    {"method is no token", "G@T / HTTP/1.1\r\n" H "\r\n", "400", ""},
    {"unknown expectation", POST("/echo", "Expect: tea\r\nContent-Length: 1\r\n", "x"), "417", ""},

    /* Who asks hears it before any other answer, or the connection ends: else the next reply is mistaken for this one. */
    {"expectation, empty body", POST("/echo", "Expect: 100-continue\r\nContent-Length: 0\r\n", "") GET("/2"), "100 200 200",
     "[GET /2"},
    {"expectation, no body at all", POST("/echo", "Expect: 100-continue\r\n", "") GET("/2"), "100 200 200", "[GET /2"},
    {"expectation twice on a connection",
     POST("/echo", "Expect: 100-continue\r\nContent-Length: 0\r\n", "")
         POST("/echo", "Expect: 100-continue\r\nContent-Length: 0\r\n", "") GET("/3"),
     "100 200 100 200 200", "[GET /3"},
    {"expectation, sink and empty body", POST("/sink", "Expect: 100-continue\r\nContent-Length: 0\r\n", "") GET("/2"),
     "100 200 200", "[GET /2"},
    {"expectation refused, empty body", POST("/refuse", "Expect: 100-continue\r\nContent-Length: 0\r\n", "") GET("/2"), "403",
     "Connection: close"},
    {"expectation refused, no body at all", POST("/refuse", "Expect: 100-continue\r\n", "") GET("/2"), "403",
     "Connection: close"},
    {"expectation refused, body to come", POST("/refuse", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""), "403",
     "Connection: close"},
    {"expectation refused, chunks to come", POST("/refuse", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", ""),
     "403", "Connection: close"},
    {"expectation, body too large", POST("/small", "Expect: 100-continue\r\nContent-Length: 101\r\n", "") GET("/2"), "413",
     "Connection: close"},
    {"expectation, unknown coding", POST("/echo", "Expect: 100-continue\r\nContent-Encoding: br\r\nContent-Length: 1\r\n", ""),
     "415", "Connection: close"},
    {"expectation, sink fails", POST("/sinkfail", "Expect: 100-continue\r\nContent-Length: 0\r\n", "") GET("/2"), "100 200 200",
     "[GET /2"},
    {"expectation of HTTP/1.0 is none", "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", "200",
     "!100 Continue"},
    {"refused, short body skipped", POST("/refuse", "Content-Length: 5\r\n", "hello") GET("/2"), "403 200", "[GET /2"},
    {"refused chunked body closes", POST("/refuse", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n") GET("/2"),
     "403", "Connection: close"},
    {"too large by its length", POST("/small", "Content-Length: 101\r\n", "x"), "413", "RequestEntityTooLargeException"},
    {"as large as allowed", POST("/small", "Content-Length: 4\r\n", "four"), "200", "four"},
    {"unknown content coding", POST("/echo", "Content-Encoding: br\r\nContent-Length: 1\r\n", "x"), "415", ""},
    {"content coding kept", POST("/kept", "Content-Encoding: br\r\nContent-Length: 1\r\n", "x"), "200", "\r\n\r\nx"},
    {"codings on two lines are one list",
     POST("/kept", "Content-Encoding: gzip\r\nContent-Encoding: aws-chunked\r\nContent-Length: 1\r\n", "x"), "200",
     "\r\n\r\nx"},
    {"the list is joined for all who read it",
     POST("/coding", "Content-Encoding: gzip\r\nX: 1\r\nContent-Encoding: aws-chunked\r\nContent-Length: 1\r\n", "x"), "200",
     "<gzip,aws-chunked>"},
    {"two codings at once", POST("/echo", "Content-Encoding: gzip\r\nContent-Encoding: deflate\r\nContent-Length: 1\r\n", "x"),
     "415", ""},
    {"identity is no coding",
     POST("/echo", "Content-Encoding: identity\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n", "x"), "200",
     "\r\n\r\nx"},
    {"aws-chunked is left alone", POST("/echo", "Content-Encoding: aws-chunked,gzip\r\nContent-Length: 1\r\n", "x"), "200",
     "\r\n\r\nx"},
    {"not gzip at all", POST("/echo", "Content-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"), "400", ""},

    {"HEAD has no body", "HEAD /echo HTTP/1.1\r\n" H "\r\n" GET("/2"), "200 200", "[GET /2"},
    {"HEAD keeps the handler's length", "HEAD /head HTTP/1.1\r\n" H "\r\n", "200", "Content-Length: 123456"},
    {"GET does not", GET("/head"), "200", "Content-Length: 0"},
    {"HEAD of a stream", "HEAD /endless HTTP/1.1\r\n" H "\r\n" GET("/2"), "200 200", "!eee"},
    {"204 has neither body nor length", GET("/204"), "204", "!Content-Length"},
    {"callback breaks off", GET("/broken") GET("/2"), "200", "3\r\nbbb\r\n"},
    {"callback breaks off, no end", GET("/broken"), "200", "!\r\n0\r\n"},
    {"nothing to inject", GET("/inject"), "200", "!\r\nX-Evil"},
};

static TestServer *server;

static void each_exchange_ends_as_its_row_says(void **state) {
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwArena *a = sw_arena_new(0);
        SwStr got = test_exchange(a, server->port, cases[i].send, strlen(cases[i].send));
        SwStr statuses = test_statuses(a, got);
        bool not = cases[i].text[0] == '!';
        bool has = sw_str_contains(got, sw_str(cases[i].text + not ));
        if (!sw_str_eqz(statuses, cases[i].statuses) || has == not )
            fail_msg("%s: want %s and '%s', got %.*s:\n%.*s", cases[i].label, cases[i].statuses, cases[i].text,
                     SW_FMT(statuses), SW_FMT(got));
        sw_arena_free(a);
    }
}

/* The same rows, byte by byte: what the server makes of a request does not depend on how it is cut. */
static void exchanges_do_not_depend_on_how_bytes_arrive(void **state) {
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwArena *a = sw_arena_new(0);
        int fd = test_connect(server->port), rc = 1;
        for (const char *p = cases[i].send; *p && rc > 0; p++)
            rc = (int)send(fd, p, 1, MSG_NOSIGNAL); /* a refusal may come before the last byte */
        shutdown(fd, SHUT_WR);
        SwStr statuses = test_statuses(a, test_hear(a, fd, NULL));
        close(fd);
        if (!sw_str_eqz(statuses, cases[i].statuses))
            fail_msg("%s: want %s, got %.*s", cases[i].label, cases[i].statuses, SW_FMT(statuses));
        sw_arena_free(a);
    }
}

static void a_nul_in_the_head_is_refused(void **state) {
    SwArena *a = sw_arena_new(0);
    static const char nul_value[] = "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n", nul_target[] = "GET /\0 HTTP/1.1\r\n" H "\r\n";
    assert_true(sw_str_eqz(test_statuses(a, test_exchange(a, server->port, nul_value, sizeof nul_value - 1)), "400"));
    assert_true(sw_str_eqz(test_statuses(a, test_exchange(a, server->port, nul_target, sizeof nul_target - 1)), "400"));
    sw_arena_free(a);
}

static void a_large_head_is_taken_and_a_huge_one_refused(void **state) {
    SwArena *a = sw_arena_new(0);
    SwBuf b = sw_buf(a, SW_MIB);
    char *fill = sw_arena_alloc(a, 70000);
    memset(fill, 'f', 70000);
    sw_buf_addf(&b, "GET / HTTP/1.1\r\n" H "Y: %.*s\r\n\r\n", 60000, fill);
    assert_true(sw_str_eqz(test_statuses(a, test_exchange(a, server->port, b.p, b.n)), "200"));
    sw_buf_reset(&b);
    sw_buf_addf(&b, "GET / HTTP/1.1\r\n" H "Y: %.*s\r\n\r\n", 70000, fill);
    assert_true(sw_str_eqz(test_statuses(a, test_exchange(a, server->port, b.p, b.n)), "431"));
    sw_buf_reset(&b);
    sw_buf_addz(&b, "GET / HTTP/1.1\r\n" H);
    for (int i = 0; i < 300; i++)
        sw_buf_addf(&b, "H%d: 1\r\n", i);
    sw_buf_addz(&b, "\r\n");
    assert_true(sw_str_eqz(test_statuses(a, test_exchange(a, server->port, b.p, b.n)), "431"));
    sw_arena_free(a);
}

static void continue_is_said_after_begin_and_before_the_body(void **state) {
    SwArena *a = sw_arena_new(0);
    int fd = test_connect(server->port);
    test_say(fd, POST("/echo", "Expect: 100-Continue\r\nContent-Length: 5\r\n", ""));
    SwStr s = test_hear(a, fd, "\r\n\r\n");
    assert_true(sw_str_eqz(s, "HTTP/1.1 100 Continue\r\n\r\n"));
    test_say(fd, "hello");
    s = test_hear(a, fd, "hello");
    assert_true(sw_str_starts(s, SW_STR("HTTP/1.1 200 OK\r\n")));
    close(fd);
    sw_arena_free(a);
}

/* The client says a head, hears 100, says the rest, hears the answer; twice on one connection. */
static void continue_is_said_for_every_kind_of_body_on_one_connection(void **state) {
    static const struct {
        const char *headers, *body, *echo;
    } rows[] = {
        {"Content-Length: 0\r\n", "", "\r\n\r\n"},
        {"Content-Length: 5\r\n", "hello", "\r\n\r\nhello"},
        {"Transfer-Encoding: chunked\r\n", "0\r\n\r\n", "\r\n\r\n"},
        {"Transfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n", "\r\n\r\nhi"},
    };
    SwArena *a = sw_arena_new(0);
    int fd = test_connect(server->port);
    for (size_t i = 0; i < 2 * SW_N(rows); i++) {
        const size_t row = i % SW_N(rows);
        test_say(fd, sw_str_z(a, sw_strf(a, "PUT /echo HTTP/1.1\r\n" H "Expect: 100-continue\r\n%s\r\n", rows[row].headers)));
        char heard[25];
        assert_int_equal(recv(fd, heard, sizeof heard, MSG_WAITALL), sizeof heard);
        assert_memory_equal(heard, "HTTP/1.1 100 Continue\r\n\r\n", sizeof heard);
        test_say(fd, rows[row].body);
        SwStr s = test_hear(a, fd, rows[row].echo);
        assert_true(sw_str_starts(s, SW_STR("HTTP/1.1 200 OK\r\n")));
        assert_true(sw_str_ends(s, sw_str(rows[row].echo)));
    }
    close(fd);
    sw_arena_free(a);
}

static void a_refusal_comes_before_a_byte_of_the_body(void **state) {
    SwArena *a = sw_arena_new(0);
    int fd = test_connect(server->port);
    test_say(fd, POST("/refuse", "Expect: 100-continue\r\nContent-Length: 5000000000\r\n", ""));
    SwStr s = test_hear(a, fd, NULL);
    assert_true(sw_str_eqz(test_statuses(a, s), "403"));
    assert_true(sw_str_contains(s, SW_STR("Connection: close")));
    close(fd);
    fd = test_connect(server->port);
    test_say(fd, POST("/small", "Expect: 100-continue\r\nContent-Length: 5000\r\n", ""));
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, fd, NULL)), "413"));
    close(fd);
    sw_arena_free(a);
}

/* A client that sends on after the refusal still gets to read it. */
static void a_refusal_is_not_lost_to_a_client_that_still_sends(void **state) {
    SwArena *a = sw_arena_new(0);
    int fd = test_connect(server->port);
    char *mib = sw_arena_alloc(a, SW_MIB);
    test_say(fd, POST("/refuse", "Content-Length: 5000000000\r\n", ""));
    for (int i = 0; i < 8; i++)
        test_send(fd, mib, SW_MIB);
    shutdown(fd, SHUT_WR);
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, fd, NULL)), "403"));
    close(fd);
    sw_arena_free(a);
}

static void live_output_reaches_the_client_as_it_is_made(void **state) {
    SwArena *a = sw_arena_new(0);
    int fd = test_connect(server->port);
    test_say(fd, GET("/live"));
    for (int i = 0; i < 3; i++) {
        char line[16];
        int n = snprintf(line, sizeof line, "line %d\n", i);
        assert_int_equal(write(server->live[1], line, (size_t)n), n);
        SwStr s = test_hear(a, fd, line);
        assert_true(sw_str_contains(s, sw_str(line)));
    }
    close(server->live[1]);
    server->live[1] = -1;
    assert_true(sw_str_contains(test_hear(a, fd, "0\r\n\r\n"), SW_STR("0\r\n\r\n")));
    close(fd);
    sw_arena_free(a);
}

static void a_callback_without_length_ends_a_1_0_reply_by_closing(void **state) {
    SwArena *a = sw_arena_new(0);
    TestServer *t = test_server((SwHttpServerOptions){0});
    assert_int_equal(write(t->live[1], "abc", 3), 3);
    close(t->live[1]);
    t->live[1] = -1;
    int fd = test_connect(t->port);
    test_say(fd, "GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    SwStr s = test_hear(a, fd, NULL);
    assert_true(sw_str_ends(s, SW_STR("Connection: close\r\n\r\nabc")));
    close(fd);
    test_server_free(t);
    sw_arena_free(a);
}

static int setup(void **state) {
    sw_log_level(SW_ERROR);
    server = test_server((SwHttpServerOptions){0});
    return 0;
}

static int teardown(void **state) {
    test_server_free(server);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_exchange_ends_as_its_row_says),
        cmocka_unit_test(exchanges_do_not_depend_on_how_bytes_arrive),
        cmocka_unit_test(a_nul_in_the_head_is_refused),
        cmocka_unit_test(a_large_head_is_taken_and_a_huge_one_refused),
        cmocka_unit_test(continue_is_said_after_begin_and_before_the_body),
        cmocka_unit_test(continue_is_said_for_every_kind_of_body_on_one_connection),
        cmocka_unit_test(a_refusal_comes_before_a_byte_of_the_body),
        cmocka_unit_test(a_refusal_is_not_lost_to_a_client_that_still_sends),
        cmocka_unit_test(live_output_reaches_the_client_as_it_is_made),
        cmocka_unit_test(a_callback_without_length_ends_a_1_0_reply_by_closing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
