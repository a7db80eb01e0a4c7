/* SPDX-License-Identifier: Apache-2.0 */

/* Large bodies in constant memory, both ways, plain and TLS; content codings and their bombs. */

#include "http_test.h"

#include <zlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "../folder.h"
#include "base/file.h"
#include "http/ca.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define LARGE     (64 * (int64_t)SW_MIB)
#define CHECK_RSS 0 /* sanitizers keep what was freed */
#else
#define LARGE     (1024 * (int64_t)SW_MIB)
#define CHECK_RSS 1
#endif
#define RSS_MAX_KB (48 * 1024) /* more than the server, the test and libc need; far less than a body */

static long status_kb(const char *field) {
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "re");
    assert_non_null(f);
    while (kb < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, field, strlen(field)) == 0)
            kb = strtol(line + strlen(field) + 1, NULL, 10);
    fclose(f);
    return kb;
}

/* Peak memory is measured afresh from here. */
static long rss_mark(void) {
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, "5", 1);
        close(fd);
    }
    return status_kb("VmRSS");
}

static void check_rss(long mark) {
    long peak = status_kb("VmHWM");
    if (CHECK_RSS && peak - mark > RSS_MAX_KB)
        fail_msg("memory grew from %ld to %ld KiB", mark, peak);
}

static void a_large_upload_streams_in_constant_memory(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    SwArena *a = sw_arena_new(0);
    char *mib = sw_arena_alloc(a, SW_MIB);
    SwStr want = sw_strf(a, "\r\n\r\n%lld", (long long)LARGE);
    long mark = rss_mark();
    for (int chunked = 0; chunked < 2; chunked++) {
        int fd = test_connect(t->port);
        SwStr head = chunked ? SW_STR("POST /sink HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                             : sw_strf(a, "POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: %lld\r\n\r\n", (long long)LARGE);
        test_send(fd, head.p, head.n);
        for (int64_t i = 0; i < LARGE; i += (int64_t)SW_MIB) {
            if (chunked)
                test_say(fd, "100000\r\n");
            test_send(fd, mib, SW_MIB);
            if (chunked)
                test_say(fd, "\r\n");
        }
        if (chunked)
            test_say(fd, "0\r\n\r\n");
        shutdown(fd, SHUT_WR);
        assert_true(sw_str_ends(test_hear(a, fd, NULL), want));
        close(fd);
    }
    check_rss(mark);
    test_server_free(t);
    sw_arena_free(a);
}

/* Reads to the end, keeping nothing: how many bytes there were. */
static int64_t drain(int fd, char *p, size_t n) {
    int64_t got = 0;
    ssize_t k;
    while ((k = recv(fd, p, n, 0)) > 0)
        got += k;
    return got;
}

static void a_large_file_streams_in_constant_memory(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    SwArena *a = sw_arena_new(0);
    char *mib = sw_arena_alloc(a, SW_MIB);
    char name[] = "/tmp/slipway-http-XXXXXX";
    t->file = mkostemp(name, O_CLOEXEC);
    assert_true(t->file >= 0);
    unlink(name);
    assert_int_equal(ftruncate(t->file, LARGE), 0);
    t->file_size = LARGE;
    long mark = rss_mark();
    int fd = test_connect(t->port);
    test_say(fd, "GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    int64_t got = drain(fd, mib, SW_MIB);
    assert_true(got > LARGE && got < LARGE + 500);
    close(fd);
    check_rss(mark);
    assert_int_equal(ftruncate(t->file, 1000), 0); /* shorter than promised: broken off, not padded */
    fd = test_connect(t->port);
    test_say(fd, "GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(drain(fd, mib, SW_MIB) < 1500);
    close(fd);
    test_await(t, &t->incomplete, 1);
    test_server_free(t);
    sw_arena_free(a);
}

static void large_bodies_pass_through_tls(void **state) {
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwCa ca;
    char dir[TEST_FOLDER];
    assert_non_null(test_folder(dir));
    assert_int_equal(sw_ca_open(a, dir, NULL, 0, (SwTime)time(NULL) * SW_S, &ca, &err), 0);
    TestServer *t = test_server((SwHttpServerOptions){.tls_cert = ca.cert_pem.p, .tls_key = ca.key_pem.p});
    int64_t size = LARGE / 8;
    t->file = memfd_create("file", MFD_CLOEXEC);
    assert_int_equal(ftruncate(t->file, 16 * (off_t)SW_MIB), 0);
    t->file_size = 16 * (int64_t)SW_MIB;
    char *p = sw_arena_alloc(a, SW_MIB);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    int fd = test_connect(t->port);
    SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    SwStr head = sw_strf(a, "POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: %lld\r\n\r\n", (long long)size);
    assert_int_equal(SSL_write(ssl, head.p, (int)head.n), (int)head.n);
    long mark = rss_mark();
    for (int64_t i = 0; i < size; i += (int64_t)SW_MIB)
        assert_int_equal(SSL_write(ssl, p, (int)SW_MIB), (int)SW_MIB);
    static const char get[] = "GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_int_equal(SSL_write(ssl, get, sizeof get - 1), (int)sizeof get - 1);
    int64_t got = 0;
    int k;
    while ((k = SSL_read(ssl, p, (int)SW_MIB)) > 0)
        got += k;
    assert_true(got > t->file_size && got < t->file_size + 1000);
    check_rss(mark);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    test_server_free(t);
    assert_int_equal(sw_rm_tree(dir, &err), 0);
    sw_arena_free(a);
}

/* wbits: 31 gzip, 15 zlib, -15 raw */
static SwStr squeeze(SwArena *a, int wbits, const void *p, size_t n) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, wbits, 9, Z_DEFAULT_STRATEGY), Z_OK);
    size_t cap = deflateBound(&z, n) + 64;
    unsigned char *out = sw_arena_alloc(a, cap);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (unsigned)n;
    z.next_out = out;
    z.avail_out = (unsigned)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t made = cap - z.avail_out;
    deflateEnd(&z);
    return sw_str_n((char *)out, made);
}

static SwStr post(SwArena *a, TestServer *t, const char *path, const char *coding, SwStr body) {
    SwBuf b = sw_buf(a, 16 * SW_MIB);
    sw_buf_addf(&b, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Encoding: %s\r\nContent-Length: %zu\r\n\r\n", path, coding, body.n);
    sw_buf_adds(&b, body);
    return test_exchange(a, t->port, b.p, b.n);
}

static void codings_are_undone_and_their_digest_told(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    static const struct {
        const char *coding;
        int wbits;
    } cases[] = {
        {"gzip", 31}, {"x-gzip", 31}, {"GZIP", 31}, {"deflate", 15}, {"deflate", -15},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwArena *a = sw_arena_new(0);
        SwStr body = squeeze(a, cases[i].wbits, "hello hello hello", 17);
        SwStr got = post(a, t, "/echo", cases[i].coding, body);
        if (!sw_str_ends(got, SW_STR("\r\n\r\nhello hello hello")))
            fail_msg("%s %d: %.*s", cases[i].coding, cases[i].wbits, SW_FMT(got));
        assert_true(sw_str_contains(got, sw_sha256_hex(a, body)));
        assert_true(sw_str_ends(post(a, t, "/kept", cases[i].coding, body), body));
        assert_true(sw_str_eqz(test_statuses(a, post(a, t, "/echo", cases[i].coding, sw_str_drop(body, 1))), "400"));
        sw_arena_free(a);
    }
    test_server_free(t);
}

static void gzip_members_may_follow_one_another_but_nothing_else(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    SwArena *a = sw_arena_new(0);
    SwStr one = squeeze(a, 31, "one", 3), two = squeeze(a, 31, "two", 3);
    SwStr both[] = {one, two}, junk[] = {one, SW_STR("junk")};
    assert_true(sw_str_ends(post(a, t, "/echo", "gzip", sw_str_join(a, both, 2, SW_STR(""))), SW_STR("\r\n\r\nonetwo")));
    assert_true(sw_str_eqz(test_statuses(a, post(a, t, "/echo", "gzip", sw_str_join(a, junk, 2, SW_STR("")))), "400"));
    test_server_free(t);
    sw_arena_free(a);
}

static void a_bomb_is_refused_in_memory_and_passes_a_sink_in_constant_memory(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    SwArena *a = sw_arena_new(256 * SW_MIB);
    size_t n = 64 * SW_MIB;
    char *zeros = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(zeros != MAP_FAILED);
    SwStr bomb = squeeze(a, 31, zeros, n);
    munmap(zeros, n);
    long mark = rss_mark();
    assert_true(sw_str_eqz(test_statuses(a, post(a, t, "/small", "gzip", bomb)), "413"));
    assert_true(sw_str_ends(post(a, t, "/sink", "gzip", bomb), SW_STR("\r\n\r\n67108864")));
    check_rss(mark);
    assert_true(sw_str_eqz(test_statuses(a, post(a, t, "/echo", "gzip", bomb)), "413")); /* 16 MiB, by default */
    test_server_free(t);
    sw_arena_free(a);
}

static void a_body_in_memory_arrives_whole_whatever_its_size(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    static const size_t sizes[] = {1, 4095, 4096, 8192, 65535, 65537, 1000000, 16 * SW_MIB};
    for (size_t i = 0; i < SW_N(sizes); i++) {
        SwArena *a = sw_arena_new(256 * SW_MIB);
        char *p = sw_arena_alloc(a, sizes[i]);
        for (size_t j = 0; j < sizes[i]; j++)
            p[j] = (char)(j * 7 + j / 251);
        int fd = test_connect(t->port);
        SwStr head = sw_strf(a, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", sizes[i]);
        test_send(fd, head.p, head.n);
        test_send(fd, p, sizes[i]);
        shutdown(fd, SHUT_WR);
        SwBuf b = sw_buf(a, 32 * SW_MIB);
        char part[16384];
        ssize_t k;
        while ((k = recv(fd, part, sizeof part, 0)) > 0)
            sw_buf_add(&b, part, (size_t)k);
        assert_true(b.n > sizes[i] && memcmp(b.p + b.n - sizes[i], p, sizes[i]) == 0);
        close(fd);
        sw_arena_free(a);
    }
    test_server_free(t);
}

static void idle_connections_keep_little_of_what_requests_held(void **state) {
    TestServer *t = test_server((SwHttpServerOptions){0});
    SwArena *a = sw_arena_new(0);
    int fd[32];
    char *mib = sw_arena_alloc(a, 4 * SW_MIB);
    long mark = rss_mark();
    for (size_t i = 0; i < SW_N(fd); i++) {
        fd[i] = test_connect(t->port);
        test_say(fd[i], "POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: 4194304\r\n\r\n");
        test_send(fd[i], mib, 4 * SW_MIB);
        (void)test_hear(a, fd[i], "held");
        test_await(t, &t->complete, (int)i + 1);
    }
    check_rss(mark);
    for (size_t i = 0; i < SW_N(fd); i++)
        close(fd[i]);
    test_server_free(t);
    sw_arena_free(a);
}

int main(void) {
    sw_log_level(SW_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_upload_streams_in_constant_memory),
        cmocka_unit_test(a_large_file_streams_in_constant_memory),
        cmocka_unit_test(large_bodies_pass_through_tls),
        cmocka_unit_test(codings_are_undone_and_their_digest_told),
        cmocka_unit_test(gzip_members_may_follow_one_another_but_nothing_else),
        cmocka_unit_test(a_bomb_is_refused_in_memory_and_passes_a_sink_in_constant_memory),
        cmocka_unit_test(idle_connections_keep_little_of_what_requests_held),
        cmocka_unit_test(a_body_in_memory_arrives_whole_whatever_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
