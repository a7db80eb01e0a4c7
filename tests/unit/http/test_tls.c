/* SPDX-License-Identifier: Apache-2.0 */

/* The certificate authority, TLS beside plain on one port, and the client that trusts the one and uses the other. */

#include "http_test.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "../folder.h"
#include "base/file.h"
#include "http/ca.h"
#include "http/client.h"

static SwArena *arena;
static char dir[TEST_FOLDER];
static SwTime now;
static SwCa ca;
static const char *none; /* a file without anchors: to read the system's for each connection takes long */
static TestServer *server;

static SwCa open_ca(const SwStr *names, size_t n, SwTime at) {
    SwError err = sw_error(arena);
    SwCa c;
    if (sw_ca_open(arena, dir, names, n, at, &c, &err) < 0)
        fail_msg("%s: %s", err.message, err.cause);
    return c;
}

static X509 *parse(SwStr pem) {
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
    BIO_free(b);
    assert_non_null(x);
    return x;
}

static void the_authority_is_kept_and_its_keys_are_private(void **state) {
    struct stat st;
    SwCa again = open_ca(NULL, 0, now);
    assert_true(sw_str_eq(again.ca_pem, ca.ca_pem));
    assert_true(sw_str_eq(again.cert_pem, ca.cert_pem));
    assert_true(sw_str_eq(again.key_pem, ca.key_pem));
    static const char *const keys[] = {"tls/ca.key", "tls/server.key"};
    for (size_t i = 0; i < SW_N(keys); i++) {
        assert_int_equal(stat(sw_path(arena, dir, keys[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void the_certificate_carries_its_names(void **state) {
    SwStr names[] = {SW_STR("slipway.example"), SW_STR("10.1.2.3"), SW_STR("localhost")};
    X509 *x = parse(ca.cert_pem);
    assert_int_equal(X509_check_host(x, "localhost", 0, 0, NULL), 1);
    unsigned char *der = NULL; /* looked for as text: OpenSSL takes no wildcard right under a top-level name */
    int n = i2d_X509(x, &der);
    assert_true(sw_str_contains(sw_str_n((const char *)der, (size_t)n), SW_STR("*.localhost")));
    OPENSSL_free(der);
    assert_int_equal(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(x, "::1", 0), 1);
    assert_int_equal(X509_check_host(x, "slipway.example", 0, 0, NULL), 0);
    X509_free(x);
    SwCa other = open_ca(names, SW_N(names), now);
    assert_true(sw_str_eq(other.ca_pem, ca.ca_pem));
    x = parse(other.cert_pem);
    assert_int_equal(X509_check_host(x, "slipway.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(x, "10.1.2.3", 0), 1);
    X509_free(x);
    SwError err = sw_error(arena);
    SwStr bad = SW_STR("a,email:b");
    assert_int_equal(sw_ca_open(arena, dir, &bad, 1, now, &other, &err), -1);
    ca = open_ca(NULL, 0, now); /* as it was for the tests that follow */
}

static void certificates_are_renewed_before_they_end(void **state) {
    SwCa same = open_ca(NULL, 0, now + 300 * SW_DAY), later = open_ca(NULL, 0, now + 380 * SW_DAY);
    assert_true(sw_str_eq(same.cert_pem, ca.cert_pem));
    assert_false(sw_str_eq(later.cert_pem, ca.cert_pem));
    assert_true(sw_str_eq(later.ca_pem, ca.ca_pem));
    SwCa much_later = open_ca(NULL, 0, now + 3640 * SW_DAY);
    assert_false(sw_str_eq(much_later.ca_pem, ca.ca_pem));
    ca = open_ca(NULL, 0, now);
}

static void broken_files_are_made_anew(void **state) {
    SwError err = sw_error(arena);
    static const char *const files[] = {"tls/server.key", "tls/server.pem", "tls/ca.pem"};
    for (size_t i = 0; i < SW_N(files); i++) {
        assert_int_equal(sw_file_write(sw_path(arena, dir, files[i]), SW_STR("rubbish"), 0600, &err), 0);
        SwCa next = open_ca(NULL, 0, now);
        assert_false(sw_str_eq(next.cert_pem, ca.cert_pem));
        assert_true(sw_str_eq(next.ca_pem, ca.ca_pem) == (i < 2));
        X509 *a = parse(next.ca_pem), *c = parse(next.cert_pem);
        assert_int_equal(X509_verify(c, X509_get0_pubkey(a)), 1);
        X509_free(a);
        X509_free(c);
        ca = next;
    }
}

static int fetch(SwHttpCall c, SwWireMessage *m, bool *timeout, SwError *err) {
    *err = sw_error(arena);
    if (!c.method.p)
        c.method = SW_STR("GET");
    return sw_http_fetch(arena, &c, m, timeout, err);
}

static SwStr url(const char *scheme_host, const char *path) {
    return sw_strf(arena, "%s:%u%s", scheme_host, server->port, path);
}

static void plain_and_tls_share_a_port(void **state) {
    SwWireMessage m;
    SwError err;
    server = test_server((SwHttpServerOptions){.tls_cert = ca.cert_pem.p, .tls_key = ca.key_pem.p});
    assert_int_equal(fetch((SwHttpCall){.url = url("http://127.0.0.1", "/a%2Fb?c")}, &m, NULL, &err), 0);
    assert_int_equal(m.status, 200);
    assert_true(sw_str_contains(m.body, SW_STR("[GET /a%2Fb ?c ")));
    static const char *const hosts[] = {"https://127.0.0.1", "https://localhost"};
    for (size_t i = 0; i < SW_N(hosts); i++) {
        assert_int_equal(fetch((SwHttpCall){.url = url(hosts[i], "/x"), .ca_pem = ca.ca_pem.p}, &m, NULL, &err), 0);
        assert_int_equal(m.status, 200);
    }
    assert_int_equal(fetch((SwHttpCall){.url = url("https://127.0.0.1", "/x")}, &m, NULL, &err), -1);
    assert_non_null(strstr(err.message, "certificate"));
    assert_int_equal(fetch((SwHttpCall){.url = url("https://127.0.0.1", "/x"), .any_certificate = true}, &m, NULL, &err), 0);
}

/* The system's are those of a file here; libcurl's own know neither of the two. */
static void anchors_of_ones_own_stand_beside_the_systems(void **state) {
    char other_dir[TEST_FOLDER];
    const SwStr names[] = {SW_STR("localhost")};
    SwWireMessage m;
    SwError err = sw_error(arena);
    SwCa system;
    (void)state;
    assert_non_null(test_folder(other_dir));
    assert_int_equal(sw_ca_open(arena, other_dir, names, 1, now, &system, &err), 0);
    TestServer *of_system = test_server((SwHttpServerOptions){.tls_cert = system.cert_pem.p, .tls_key = system.key_pem.p});
    const char *file = sw_path(arena, other_dir, "anchors.pem");
    assert_int_equal(sw_file_write(file, system.ca_pem, 0600, &err), 0);
    SwHttpCall call = {.url = sw_strf(arena, "https://localhost:%u/x", of_system->port), .ca_pem = ca.ca_pem.p};
    assert_int_equal(fetch(call, &m, NULL, &err), -1);
    assert_non_null(strstr(err.message, "certificate"));
    setenv("SSL_CERT_FILE", file, 1);
    assert_int_equal(fetch(call, &m, NULL, &err), 0);
    call.url = url("https://localhost", "/x");
    assert_int_equal(fetch(call, &m, NULL, &err), 0);
    setenv("SSL_CERT_FILE", "/nonexistent", 1);
    assert_int_equal(fetch(call, &m, NULL, &err), 0);
    setenv("SSL_CERT_FILE", none, 1);
    test_server_free(of_system);
    assert_int_equal(sw_rm_tree(other_dir, &err), 0);
}

static atomic_int asked;

static int first_certificate(void *arg, SwError *err) {
    TestServer **of = arg;
    if (asked++ == 0)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "not yet");
    return sw_http_server_tls((*of)->server, ca.cert_pem.p, ca.key_pem.p, err);
}

/* A server that has none is asked for one by its first TLS connection, and again where that failed; then never more. */
static void certificate_is_asked_for_by_who_needs_it(void **state) {
    static TestServer *late;
    SwWireMessage m;
    SwError err;
    late = test_server((SwHttpServerOptions){.certificate = first_certificate, .certificate_arg = &late});
    SwStr plain = sw_strf(arena, "http://127.0.0.1:%u/x", late->port),
          tls = sw_strf(arena, "https://127.0.0.1:%u/x", late->port);
    assert_int_equal(fetch((SwHttpCall){.url = plain}, &m, NULL, &err), 0);
    assert_int_equal(asked, 0);
    assert_false(sw_http_server_has_tls(late->server));
    assert_int_equal(fetch((SwHttpCall){.url = tls, .ca_pem = ca.ca_pem.p}, &m, NULL, &err), -1);
    assert_int_equal(fetch((SwHttpCall){.url = tls, .ca_pem = ca.ca_pem.p}, &m, NULL, &err), 0);
    assert_int_equal(fetch((SwHttpCall){.url = tls, .ca_pem = ca.ca_pem.p}, &m, NULL, &err), 0);
    assert_int_equal(asked, 2);
    assert_true(sw_http_server_has_tls(late->server));
    test_server_free(late);
}

/* Files that are there as they were made need not be read at a start; any other are looked at. */
static void recent_files_can_wait(void **state) {
    static const char *const files[] = {"tls/ca.key", "tls/ca.pem", "tls/server.key", "tls/server.pem"};
    const struct timespec old[2] = {{.tv_sec = time(NULL) - 31 * 86400}, {.tv_sec = time(NULL) - 31 * 86400}};
    assert_true(sw_ca_is_recent(arena, dir));
    for (size_t i = 0; i < SW_N(files); i++) {
        const char *path = sw_path(arena, dir, files[i]), *away = sw_strf(arena, "%s.away", path).p;
        assert_int_equal(rename(path, away), 0);
        assert_false(sw_ca_is_recent(arena, dir));
        assert_int_equal(rename(away, path), 0);
    }
    assert_true(sw_ca_is_recent(arena, dir));
    const char *key = sw_path(arena, dir, "tls/server.key");
    assert_int_equal(chmod(key, 0640), 0);
    assert_false(sw_ca_is_recent(arena, dir));
    assert_int_equal(chmod(key, 0600), 0);
    assert_int_equal(utimensat(AT_FDCWD, key, old, 0), 0);
    assert_false(sw_ca_is_recent(arena, dir));
    assert_int_equal(utimensat(AT_FDCWD, key, NULL, 0), 0);
    assert_true(sw_ca_is_recent(arena, dir));
}

static void another_certificate_serves_new_connections(void **state) {
    SwStr name = SW_STR("renewed.example");
    SwError err = sw_error(arena);
    SwWireMessage m;
    SwCa renewed = open_ca(&name, 1, now);
    assert_int_equal(sw_http_server_tls(server->server, renewed.cert_pem.p, renewed.key_pem.p, &err), 0);
    assert_int_equal(sw_http_server_tls(server->server, "rubbish", "rubbish", &err), -1);
    assert_int_equal(fetch((SwHttpCall){.url = url("https://127.0.0.1", "/x"), .ca_pem = ca.ca_pem.p}, &m, NULL, &err), 0);
    ca = open_ca(NULL, 0, now);
}

static void the_client_sends_what_it_is_told(void **state) {
    SwWireMessage m;
    SwError err;
    SwHttpCall c = {.method = SW_STR("PUT"), .url = url("http://127.0.0.1", "/echo"), .body = SW_STR("hello")};
    assert_int_equal(fetch(c, &m, NULL, &err), 0);
    assert_true(sw_str_eqz(m.body, "hello"));
    c = (SwHttpCall){.method = SW_STR("HEAD"), .url = url("http://127.0.0.1", "/head")};
    assert_int_equal(fetch(c, &m, NULL, &err), 0);
    assert_true(sw_str_eqz(sw_header_find(&m.headers, "content-length"), "123456"));
    assert_int_equal(m.body.n, 0);
    c = (SwHttpCall){.method = SW_STR("POST"), .url = url("http://127.0.0.1", "/y")};
    sw_header_add(arena, &c.headers, SW_STR("X"), SW_STR("1"));
    sw_header_add(arena, &c.headers, SW_STR("X"), SW_STR(""));
    assert_int_equal(fetch(c, &m, NULL, &err), 0);
    assert_true(sw_str_contains(m.body, SW_STR("[POST /y - ")));
    assert_true(sw_str_contains(m.body, SW_STR("X=1 X= ")));
    sw_header_add(arena, &c.headers, SW_STR("X"), SW_STR("1\r\nEvil: 2"));
    assert_int_equal(fetch(c, &m, NULL, &err), -1);
    c = (SwHttpCall){.method = SW_STR("DELETE"), .url = url("http://127.0.0.1", "/refuse")};
    assert_int_equal(fetch(c, &m, NULL, &err), 0);
    assert_int_equal(m.status, 403);
}

static void the_client_keeps_its_connections(void **state) {
    SwHttpStats before, after;
    SwWireMessage m;
    SwError err;
    sw_http_server_stats(server->server, &before);
    for (int i = 0; i < 20; i++)
        assert_int_equal(fetch((SwHttpCall){.url = url("http://127.0.0.1", "/x")}, &m, NULL, &err), 0);
    sw_http_server_stats(server->server, &after);
    assert_true(after.connections - before.connections <= 1);
    assert_int_equal(after.requests - before.requests, 20);
}

static void the_client_tells_what_failed(void **state) {
    SwWireMessage m;
    SwError err;
    bool timeout;
    assert_int_equal(fetch((SwHttpCall){.url = url("http://127.0.0.1", "/wait"), .timeout_ms = 100}, &m, &timeout, &err), -1);
    assert_true(timeout);
    assert_non_null(strstr(err.message, "time-out"));
    assert_true(sw_error_is(&err, &SW_SERVICE_UNAVAILABLE));
    assert_int_equal(fetch((SwHttpCall){.url = SW_STR("http://127.0.0.1:1/")}, &m, &timeout, &err), -1);
    assert_false(timeout);
    assert_non_null(strstr(err.message, "connection"));
    assert_int_equal(fetch((SwHttpCall){.url = SW_STR("http://no-such-name.invalid/")}, &m, &timeout, &err), -1);
    assert_non_null(strstr(err.message, "name"));
    assert_int_equal(fetch((SwHttpCall){.url = SW_STR("file:///etc/passwd")}, &m, &timeout, &err), -1);
    assert_non_null(strstr(err.message, "URL"));
    assert_int_equal(fetch((SwHttpCall){.url = url("http://127.0.0.1", "/endless"), .max = 1000}, &m, &timeout, &err), -1);
    assert_non_null(strstr(err.message, "larger"));
    assert_int_equal(fetch((SwHttpCall){.url = url("http://127.0.0.1", "/broken")}, &m, &timeout, &err), -1);
    assert_non_null(strstr(err.message, "peer"));
    SwHttpCall c = {.url = url("http://127.0.0.1", "/x"), .sink = failing_sink};
    assert_int_equal(fetch(c, &m, &timeout, &err), -1);
    assert_string_equal(err.message, "enough");
    test_release(server);
}

static void *caller(void *arg) {
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwWireMessage m;
    intptr_t good = 0;
    SwHttpCall c = {.method = SW_STR("POST"), .body = SW_STR("hello"), .ca_pem = ca.ca_pem.p};
    for (int i = 0; i < 40; i++) {
        c.url = sw_strf(a, "%s://127.0.0.1:%u/echo", i % 4 ? "http" : "https", server->port);
        good += sw_http_fetch(a, &c, &m, NULL, &err) == 0 && sw_str_eqz(m.body, "hello");
    }
    sw_arena_free(a);
    return (void *)good;
}

static void many_threads_call_at_once(void **state) {
    pthread_t thread[24];
    for (size_t i = 0; i < SW_N(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, caller, NULL), 0);
    for (size_t i = 0; i < SW_N(thread); i++) {
        void *good;
        pthread_join(thread[i], &good);
        assert_int_equal((intptr_t)good, 40);
    }
}

static void a_tls_hello_that_never_ends_is_cut(void **state) {
    TestServer *t =
        test_server((SwHttpServerOptions){.tls_cert = ca.cert_pem.p, .tls_key = ca.key_pem.p, .header_timeout_ms = 200});
    int fd = test_connect(t->port);
    test_send(fd, "\x16\x03\x01\x02\x00", 5);
    assert_int_equal(test_hear(arena, fd, NULL).n, 0);
    close(fd);
    test_server_free(t);
}

static int setup(void **state) {
    sw_log_level(SW_ERROR);
    arena = sw_arena_new(0);
    now = (SwTime)time(NULL) * SW_S;
    if (!test_folder(dir))
        return -1;
    ca = open_ca(NULL, 0, now);
    SwError err = sw_error(arena);
    none = sw_path(arena, dir, "none.pem");
    setenv("SSL_CERT_FILE", none, 1);
    return sw_file_write(none, SW_STR("\n"), 0600, &err);
}

static int teardown(void **state) {
    SwError err = sw_error(arena);
    if (server)
        test_server_free(server);
    int rc = sw_rm_tree(dir, &err);
    sw_arena_free(arena);
    return rc;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_authority_is_kept_and_its_keys_are_private),
        cmocka_unit_test(the_certificate_carries_its_names),
        cmocka_unit_test(certificates_are_renewed_before_they_end),
        cmocka_unit_test(broken_files_are_made_anew),
        cmocka_unit_test(recent_files_can_wait),
        cmocka_unit_test(certificate_is_asked_for_by_who_needs_it),
        cmocka_unit_test(plain_and_tls_share_a_port),
        cmocka_unit_test(anchors_of_ones_own_stand_beside_the_systems),
        cmocka_unit_test(another_certificate_serves_new_connections),
        cmocka_unit_test(the_client_sends_what_it_is_told),
        cmocka_unit_test(the_client_keeps_its_connections),
        cmocka_unit_test(the_client_tells_what_failed),
        cmocka_unit_test(many_threads_call_at_once),
        cmocka_unit_test(a_tls_hello_that_never_ends_is_cut),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
