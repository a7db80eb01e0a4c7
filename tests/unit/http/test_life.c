/* SPDX-License-Identifier: Apache-2.0 */

/* What befalls connections: slow clients, clients that leave, too many of them, listeners that go, the end. */

#include "http_test.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#define GET(p) "GET " p " HTTP/1.1\r\nHost: x\r\n\r\n"
#define MANY   256

static void a_head_that_never_ends_is_cut_however_it_drips(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){.idle_timeout_ms = 60000, .header_timeout_ms = 300});
    SwArena *a = sw_arena_new(0);
    int fd = test_connect(t->port);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t since = sw_monotonic_ns();
    test_say(fd, "GET / HTTP/1.1\r\nX: ");
    do
        (void)send(fd, "y", 1, MSG_NOSIGNAL);
    while (poll(&p, 1, 20) == 0); /* a byte every 20 ms */
    int64_t took = sw_monotonic_ns() - since;
    assert_true(took >= 250 * SW_MS && took < 30 * SW_S); /* by the head's time; the idle one begins anew with each byte */
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, fd, NULL)), "408"));
    close(fd);
    test_server_free(t);
    sw_arena_free(a);
}

static void who_says_nothing_is_cut(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){.idle_timeout_ms = 200});
    SwArena *a = sw_arena_new(0);
    int silent = test_connect(t->port), between = test_connect(t->port), body = test_connect(t->port);
    test_say(between, GET("/"));
    test_say(body, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
    assert_int_equal(test_hear(a, silent, NULL).n, 0);
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, between, NULL)), "200"));
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, body, NULL)), "408"));
    close(silent), close(between), close(body);
    test_server_free(t);
    sw_arena_free(a);
}

static void a_body_that_drips_is_cut(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){.idle_timeout_ms = 1000});
    SwArena *a = sw_arena_new(0);
    int fd = test_connect(t->port);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    test_say(fd, "POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n");
    int sent = 0;
    for (bool cut = false; !cut; sent++) {
        (void)send(fd, "y", 1, MSG_NOSIGNAL);
        cut = poll(&p, 1, 20) != 0;
    }
    assert_in_range(sent, 1, 999); /* long before it was whole */
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, fd, NULL)), "408"));
    close(fd);
    test_server_free(t);
    sw_arena_free(a);
}

static void who_does_not_read_the_reply_is_cut(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){.idle_timeout_ms = 200});
    int fd = test_connect(t->port);
    test_say(fd, GET("/endless"));
    test_await(t, &t->incomplete, 1);
    close(fd);
    test_server_free(t);
}

static void leaving_in_the_middle_of_a_body_ends_the_request_without_handle(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    static const char *const requests[] = {
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhello",
        "POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhello",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
    };
    for (size_t i = 0; i < SW_N(requests); i++) {
        int fd = test_connect(t->port);
        test_say(fd, requests[i]);
        close(fd);
    }
    test_await(t, &t->incomplete, SW_N(requests));
    assert_int_equal(t->handled, 0);
    assert_int_equal(t->complete, 0);
    test_server_free(t);
}

static void leaving_in_the_middle_of_a_reply_is_incomplete(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    char p[1000];
    int fd = test_connect(t->port);
    test_say(fd, GET("/endless"));
    assert_true(recv(fd, p, sizeof p, MSG_WAITALL) == sizeof p);
    close(fd);
    test_await(t, &t->incomplete, 1);
    assert_int_equal(t->complete, 0);
    test_server_free(t);
}

static void a_waiting_handler_can_tell_that_its_client_left(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    int fd = test_connect(t->port);
    test_say(fd, GET("/until-ended"));
    test_await(t, &t->waiting, 1);
    close(fd);
    pthread_mutex_lock(&t->lock);
    while (t->complete + t->incomplete < 1)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
    test_server_free(t);
}

static void many_connections_at_once_are_served_beside_silent_ones(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    SwArena *a = sw_arena_new(0);
    int silent[16], fd[MANY];
    SwHttpStats stats;
    for (size_t i = 0; i < SW_N(silent); i++)
        silent[i] = test_connect(t->port);
    for (int i = 0; i < MANY; i++)
        fd[i] = test_connect(t->port);
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < MANY; i++)
            test_say(fd[i], "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        for (int i = 0; i < MANY; i++)
            assert_true(sw_str_ends(test_hear(a, fd[i], "hello"), SW_STR("\r\n\r\nhello")));
        sw_arena_reset(a);
    }
    sw_http_server_stats(t->server, &stats);
    assert_int_equal(stats.requests, 8 * MANY);
    assert_int_equal(stats.connections, MANY + (int)SW_N(silent));
    assert_int_equal(stats.open, MANY + (int)SW_N(silent));
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
    for (size_t i = 0; i < SW_N(silent); i++)
        close(silent[i]);
    test_server_free(t);
    sw_arena_free(a);
}

/* A client has its reply an instant before the server waits for its next request. */
static void await_idle(TestServer *t, int n) {
    SwHttpStats stats;
    do
        sw_http_server_stats(t->server, &stats);
    while (stats.idle != n);
}

static void await_open(TestServer *t, size_t n) {
    SwHttpStats stats;
    do
        sw_http_server_stats(t->server, &stats);
    while ((size_t)stats.open != n);
}

static void past_the_limit_an_idle_connection_makes_room(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){.max_connections = 2});
    SwArena *a = sw_arena_new(0);
    int fd[3];
    for (int i = 0; i < 3; i++) {
        fd[i] = test_connect(t->port);
        test_say(fd[i], GET("/"));
        assert_true(sw_str_eqz(test_statuses(a, test_hear(a, fd[i], "]")), "200"));
        await_idle(t, i < 2 ? i + 1 : 2);
    }
    assert_int_equal(test_hear(a, fd[0], NULL).n, 0); /* the one that was idle longest */
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    test_server_free(t);
    sw_arena_free(a);
}

/* Whatever fills the server without being a request: a new client is served at once. */
static void past_the_limit_half_open_connections_make_room(void **state) {
    static const char *const half[] = {
        "", "\r", "G", "GET / HTTP/1.1\r\nHost: x\r\n", "\x16", "\x16\x03\x01\x02\x00\x01",
    };
    for (size_t i = 0; i < SW_N(half); i++) {
        TestServer *t = test_server((SwHttpServerOptions){.max_connections = 8, .header_timeout_ms = 60000});
        SwArena *a = sw_arena_new(0);
        int fd[8], wait = test_connect(t->port);
        test_say(wait, GET("/wait"));
        test_await(t, &t->waiting, 1);
        for (size_t k = 0; k < SW_N(fd); k++) {
            fd[k] = test_connect(t->port);
            test_say(fd[k], half[i]);
        }
        int64_t since = sw_monotonic_ns();
        for (int k = 0; k < 3; k++) {
            int live = test_connect(t->port);
            test_say(live, GET("/"));
            if (!sw_str_eqz(test_statuses(a, test_hear(a, live, "]")), "200"))
                fail_msg("kept out by '%s'", half[i]);
            close(live);
        }
        assert_true(sw_monotonic_ns() - since < 10 * SW_S);
        test_release(t); /* and who is served was not cut for it */
        assert_true(sw_str_eqz(test_statuses(a, test_hear(a, wait, "waited")), "200"));
        for (size_t k = 0; k < SW_N(fd); k++)
            close(fd[k]);
        close(wait);
        test_server_free(t);
        sw_arena_free(a);
    }
}

static void past_the_limit_a_stalled_body_and_an_unread_reply_make_room(void **state) {
    static const char *const stalled[] = {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx", GET("/endless")};
    for (size_t i = 0; i < SW_N(stalled); i++) {
        TestServer *t = test_server((SwHttpServerOptions){.max_connections = 1});
        SwArena *a = sw_arena_new(0);
        SwStr statuses = SW_NO_STR;
        int fd = test_connect(t->port);
        test_say(fd, stalled[i]);
        int64_t since = sw_monotonic_ns();
        while (!sw_str_eqz(statuses, "200") && sw_monotonic_ns() - since < 15 * SW_S) {
            int live = test_connect(t->port); /* turned away until the other has stalled for a while */
            (void)send(live, GET("/"), strlen(GET("/")), MSG_NOSIGNAL);
            statuses = test_statuses(a, test_hear(a, live, "]"));
            close(live);
        }
        assert_true(sw_str_eqz(statuses, "200"));
        close(fd);
        test_server_free(t);
        sw_arena_free(a);
    }
}

static void stopping_waits_for_no_half_open_connection(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    static const char *const half[] = {"", "G", "GET / HTTP/1.1\r\nHost:"};
    int fd[SW_N(half)];
    for (size_t i = 0; i < SW_N(half); i++) {
        fd[i] = test_connect(t->port);
        test_say(fd[i], half[i]);
    }
    await_open(t, SW_N(half));
    int64_t since = sw_monotonic_ns();
    sw_http_server_stop(t->server, 20000);
    assert_true(sw_monotonic_ns() - since < 10 * SW_S);
    t->server = NULL;
    for (size_t i = 0; i < SW_N(half); i++)
        close(fd[i]);
    test_server_free(t);
}

static void past_the_limit_with_all_busy_the_answer_is_503(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){.max_connections = 2});
    SwArena *a = sw_arena_new(0);
    int one = test_connect(t->port), two = test_connect(t->port);
    test_say(one, GET("/wait"));
    test_say(two, GET("/wait"));
    test_await(t, &t->waiting, 2);
    int three = test_connect(t->port);
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, three, NULL)), "503"));
    test_release(t);
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, one, "waited")), "200"));
    close(one), close(two), close(three);
    test_server_free(t);
    sw_arena_free(a);
}

static void *release_soon(void *arg) {
    TestServer *t = arg;
    struct pollfd p = {.fd = t->live[0], .events = POLLIN};
    (void)poll(&p, 1, 50); /* while the server drains */
    test_release(t);
    return NULL;
}

static void stopping_drains_requests_in_flight(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    SwArena *a = sw_arena_new(0);
    pthread_t thread;
    int busy = test_connect(t->port), idle = test_connect(t->port);
    test_say(idle, GET("/"));
    (void)test_hear(a, idle, "]");
    test_say(busy, GET("/wait"));
    test_await(t, &t->waiting, 1);
    assert_int_equal(pthread_create(&thread, NULL, release_soon, t), 0);
    int64_t since = sw_monotonic_ns();
    sw_http_server_stop(t->server, 10000);
    assert_true(sw_monotonic_ns() - since < 5 * SW_S);
    t->server = NULL;
    SwStr s = test_hear(a, busy, NULL);
    assert_true(sw_str_starts(s, SW_STR("HTTP/1.1 200 OK")) && sw_str_ends(s, SW_STR("waited")));
    assert_true(sw_str_contains(s, SW_STR("Connection: close")));
    assert_int_equal(test_hear(a, idle, NULL).n, 0);
    pthread_join(thread, NULL);
    close(busy), close(idle);
    test_server_free(t);
    sw_arena_free(a);
}

static void stopping_cuts_what_does_not_end(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    char p[100];
    int endless = test_connect(t->port), waiting = test_connect(t->port), half = test_connect(t->port);
    test_say(endless, GET("/endless"));
    assert_true(recv(endless, p, sizeof p, 0) > 0);
    test_say(waiting, GET("/until-ended"));
    test_await(t, &t->waiting, 1);
    test_say(half, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx");
    int64_t since = sw_monotonic_ns();
    sw_http_server_stop(t->server, 100);
    assert_true(sw_monotonic_ns() - since < 5 * SW_S);
    t->server = NULL;
    close(endless), close(waiting), close(half);
    test_server_free(t);
}

static void unlisten_stops_accepting_and_keeps_others(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    int id, l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l, (struct sockaddr *)&in, n), 0);
    assert_int_equal(listen(l, 8), 0);
    assert_int_equal(getsockname(l, (struct sockaddr *)&in, &n), 0);
    assert_int_equal(sw_http_listen_fd(t->server, l, NULL, &id, &err), 0);
    int fd = test_connect(ntohs(in.sin_port));
    test_say(fd, GET("/"));
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, fd, "]")), "200"));
    sw_http_unlisten(t->server, id);
    assert_int_equal(test_hear(a, fd, NULL).n, 0);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, n), -1);
    close(fd);
    assert_true(sw_str_eqz(test_statuses(a, test_exchange(a, t->port, GET("/"), strlen(GET("/")))), "200"));
    test_server_free(t);
    sw_arena_free(a);
}

static void a_paused_server_lets_callers_queue_until_it_starts(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){.paused = true});
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwHttpStats stats;
    int fd = test_connect(t->port);
    test_say(fd, GET("/"));
    sw_http_server_stats(t->server, &stats);
    assert_int_equal(stats.connections, 0);
    assert_int_equal(sw_http_server_start(t->server, &err), 0);
    assert_true(sw_str_eqz(test_statuses(a, test_hear(a, fd, "]")), "200"));
    close(fd);
    test_server_free(t);
    sw_arena_free(a);
}

typedef struct Elsewhere {
    TestServer *server;
    bool denied;
    char got[64];
} Elsewhere;

/* In a network namespace of this thread's own: listen, hand the socket over, and call it. */
static void *live_elsewhere(void *arg) {
    Elsewhere *e = arg;
    struct ifreq lo;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memset(&lo, 0, sizeof lo);
    strcpy(lo.ifr_name, "lo");
    lo.ifr_flags = IFF_UP | IFF_RUNNING;
    e->denied = unshare(CLONE_NEWNET) != 0;
    if (e->denied)
        return NULL;
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    _sw_close_ int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), id;
    if (ioctl(s, SIOCSIFFLAGS, &lo) == 0 && bind(l, (struct sockaddr *)&in, sizeof in) == 0 && listen(l, 8) == 0 &&
        sw_http_listen_fd(e->server->server, l, NULL, &id, &err) == 0 && connect(s, (struct sockaddr *)&in, sizeof in) == 0) {
        static const char request[] = "GET /netns HTTP/1.0\r\n\r\n";
        (void)send(s, request, sizeof request - 1, MSG_NOSIGNAL);
        SwStr got = test_hear(a, s, NULL);
        (void)snprintf(e->got, sizeof e->got, "%.*s", (int)SW_MIN(got.n, 15), got.p);
    }
    sw_arena_free(a);
    return NULL;
}

static void a_socket_of_another_network_namespace_is_served(void **state) {
    Elsewhere e = {0};
    pthread_t thread;
    e.server = test_server((SwHttpServerOptions){0});
    assert_int_equal(pthread_create(&thread, NULL, live_elsewhere, &e), 0);
    pthread_join(thread, NULL);
    test_server_free(e.server);
    if (e.denied)
        skip(); /* unshare needs root */
    assert_string_equal(e.got, "HTTP/1.1 200 OK");
}

int main(void) {
    sw_log_level(SW_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_that_never_ends_is_cut_however_it_drips),
        cmocka_unit_test(who_says_nothing_is_cut),
        cmocka_unit_test(a_body_that_drips_is_cut),
        cmocka_unit_test(who_does_not_read_the_reply_is_cut),
        cmocka_unit_test(leaving_in_the_middle_of_a_body_ends_the_request_without_handle),
        cmocka_unit_test(leaving_in_the_middle_of_a_reply_is_incomplete),
        cmocka_unit_test(a_waiting_handler_can_tell_that_its_client_left),
        cmocka_unit_test(many_connections_at_once_are_served_beside_silent_ones),
        cmocka_unit_test(past_the_limit_an_idle_connection_makes_room),
        cmocka_unit_test(past_the_limit_half_open_connections_make_room),
        cmocka_unit_test(past_the_limit_a_stalled_body_and_an_unread_reply_make_room),
        cmocka_unit_test(stopping_waits_for_no_half_open_connection),
        cmocka_unit_test(past_the_limit_with_all_busy_the_answer_is_503),
        cmocka_unit_test(stopping_drains_requests_in_flight),
        cmocka_unit_test(stopping_cuts_what_does_not_end),
        cmocka_unit_test(a_paused_server_lets_callers_queue_until_it_starts),
        cmocka_unit_test(unlisten_stops_accepting_and_keeps_others),
        cmocka_unit_test(a_socket_of_another_network_namespace_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
