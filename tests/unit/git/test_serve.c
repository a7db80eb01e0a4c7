/* SPDX-License-Identifier: Apache-2.0 */

/* The stock git client against the transport, through a web server of forty lines. */

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/proc.h"

/* ---- web server ---- */

typedef struct Web {
    Bench *b;
    int fd;
    uint16_t port;
    pthread_t thread;
    const char *refuse; /* this ref */
    char pushed[512];   /* refs of the last push that changed */
} Web;

static SwStr refuse(void *arg, SwArena *a, const SwGitRefChange *c) {
    const Web *w = arg;
    return w->refuse && sw_str_eqz(c->ref, w->refuse) ? SW_STR("protected by\na rule") : SW_NO_STR;
}

static SwStr header(SwArena *a, const char *head, const char *name) {
    const char *at = strcasestr(head, name);
    return at ? sw_str_dup(a, sw_str_n(at + strlen(name), strcspn(at + strlen(name), "\r"))) : SW_NO_STR;
}

static int respond(Web *w, SwArena *a, const char *head, int body, SwStream *ret, SwStr *ret_type, SwError *err) {
    SwStr protocol = header(a, head, "\r\nGit-Protocol: ");
    SwGitPush p = {.path = w->b->repo, .protocol = protocol, .body = body, .refuse = refuse, .arg = w};
    SwGitRefChangeList l = {0};
    SwGitService s = strstr(head, "git-receive-pack") ? SW_GIT_RECEIVE_PACK : SW_GIT_UPLOAD_PACK;
    bool advertise = strncmp(head, "GET", 3) == 0;

    *ret_type = sw_git_content_type(s, advertise);
    if (advertise) {
        close(body);
        return sw_git_advertise(a, w->b->repo, s, protocol, ret, err);
    }
    if (s == SW_GIT_UPLOAD_PACK)
        return sw_git_upload_pack(a, w->b->repo, protocol, body, ret, err);
    int r = sw_git_receive_pack(a, &p, &l, ret, err);
    w->pushed[0] = 0;
    for (size_t i = 0; i < l.n; i++)
        snprintf(w->pushed + strlen(w->pushed), sizeof(w->pushed) - strlen(w->pushed), "%.*s ", SW_FMT(l.v[i].ref));
    return r;
}

static void send_stream(int fd, SwStream *s) {
    char buf[65536];
    ssize_t n;

    if (s->data.p)
        n = write(fd, s->data.p, s->data.n);
    else if (s->read)
        while ((n = s->read(s->arg, buf, sizeof(buf))) > 0)
            assert_int_equal(write(fd, buf, (size_t)n), n);
    else
        for (int64_t at = s->offset; (n = pread(s->file, buf, sizeof(buf), at)) > 0; at += n)
            assert_int_equal(write(fd, buf, (size_t)n), n);
}

static void serve_one(Web *w, int fd) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char head[8192] = "";
    size_t n = 0;
    SwStream s;
    SwStr type;

    while (!strstr(head, "\r\n\r\n") && read(fd, head + n, 1) == 1)
        head[++n] = 0;
    int64_t length = 0;
    (void)sw_str_to_i64(header(a, head, "\r\nContent-Length: "), &length);
    int body = memfd_create("body", MFD_CLOEXEC);
    while (length > 0) {
        char buf[65536];
        ssize_t got = read(fd, buf, (size_t)SW_MIN(length, (int64_t)sizeof(buf)));
        if (got <= 0)
            break;
        assert_int_equal(write(body, buf, (size_t)got), got);
        length -= got;
    }
    lseek(body, 0, SEEK_SET);
    if (respond(w, a, head, body, &s, &type, &err) < 0) {
        dprintf(fd, "HTTP/1.1 500 X\r\nConnection: close\r\n\r\n%s", err.message);
    } else {
        dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Type: %.*s\r\nConnection: close\r\n\r\n", SW_FMT(type));
        send_stream(fd, &s);
    }
}

static void *web_run(void *arg) {
    Web *w = arg;
    int fd;

    while ((fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        serve_one(w, fd);
        close(fd);
    }
    return NULL;
}

static void web_start(Web *w, Bench *b) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(in);

    memset(w, 0, sizeof(*w));
    w->b = b;
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w->fd, (struct sockaddr *)&in, n), 0);
    assert_int_equal(listen(w->fd, 16), 0);
    getsockname(w->fd, (struct sockaddr *)&in, &n);
    w->port = ntohs(in.sin_port);
    pthread_create(&w->thread, NULL, web_run, w);
}

static void web_stop(Web *w) {
    shutdown(w->fd, SHUT_RDWR);
    pthread_join(w->thread, NULL);
    close(w->fd);
}

/* ---- client ---- */

/* Run a line of git in a folder; its exit code, and what it said on both outputs. */
static int git(Bench *b, const char *folder, const char *line, SwStr *ret_said) {
    const char *argv[24] = {
        "git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "http.postBuffer=100000000"};
    const char *env[] = {"PATH=/usr/bin:/bin",    "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1",
                         "GIT_TERMINAL_PROMPT=0", "no_proxy=*",        NULL};
    SwProcOpts o = {.argv = argv, .env = env, .cwd = sw_path(b->a, b->dir, folder), .in = -1, .out = -1, .err = -1};
    SwStr words = sw_str(line), word, out, text;
    size_t n = 7;
    int status;

    while (n < SW_N(argv) - 1 && sw_str_next(&words, ' ', &word))
        argv[n++] = sw_str_z(b->a, sw_str_dup(b->a, word));
    must(b, sw_proc_run(b->a, &o, SW_NO_STR, SW_MIB, 30000, &status, &out, &text, &b->err));
    if (ret_said)
        *ret_said = sw_strf(b->a, "%.*s%.*s", SW_FMT(out), SW_FMT(text));
    else if (status != 0)
        print_error("git %s: %.*s%.*s\n", line, SW_FMT(out), SW_FMT(text));
    return status;
}

static void write_file(Bench *b, const char *name, const char *text) {
    must(b, sw_file_write(sw_path(b->a, b->dir, name), sw_str(text), 0644, &b->err));
}

static void start_work(Bench *b, Web *w) {
    assert_int_equal(git(b, ".", "init -q -b trunk work", NULL), 0);
    assert_int_equal(git(b, "work", sw_str_z(b->a, sw_strf(b->a, "remote add origin http://127.0.0.1:%u/v1/repos/r", w->port)),
                         NULL),
                     0);
    write_file(b, "work/a", "1\n");
    assert_int_equal(git(b, "work", "add .", NULL), 0);
    assert_int_equal(git(b, "work", "commit -q -m one", NULL), 0);
}

/* ---- tests ---- */

static void push_and_clone_in_every_protocol(void **state) {
    Bench *b = *state;
    Web w;
    SwStr head, said;

    web_start(&w, b);
    start_work(b, &w);
    assert_int_equal(git(b, "work", "push -q origin trunk", NULL), 0);
    assert_string_equal(w.pushed, "refs/heads/trunk ");
    must(b, sw_git_head(b->a, b->repo, &head, &b->err));
    assert_true(sw_str_eqz(head, "trunk"));
    for (int v = 0; v <= 2; v++) {
        assert_int_equal(git(b, ".",
                             sw_str_z(b->a,
                                      sw_strf(b->a, "-c protocol.version=%d clone -q http://127.0.0.1:%u/v1/repos/r clone%d", v,
                                              w.port, v)),
                             NULL),
                         0);
        assert_true(sw_exists(sw_path(b->a, b->dir, sw_str_z(b->a, sw_strf(b->a, "clone%d/a", v)))));
    }
    write_file(b, "work/a", "2\n");
    assert_int_equal(git(b, "work", "commit -q -a -m two", NULL), 0);
    assert_int_equal(git(b, "work", "tag v1", NULL), 0);
    assert_int_equal(git(b, "work", "push -q --force origin trunk HEAD:refs/heads/x/y v1", NULL), 0);
    assert_string_equal(w.pushed, "refs/heads/trunk refs/heads/x/y refs/tags/v1 ");
    assert_int_equal(git(b, "clone2", "pull -q", NULL), 0);
    assert_int_equal(git(b, "work", "push -q origin :x/y", NULL), 0);
    assert_string_equal(w.pushed, "refs/heads/x/y ");
    assert_int_equal(git(b, ".", "-C r.git fsck --full --strict", &said), 0);
    must(b, sw_git_maintain(b->repo, &b->err));
    web_stop(&w);
}

static void refused_push_shows_the_reason_and_changes_nothing(void **state) {
    Bench *b = *state;
    Web w;
    SwStr said, id;

    web_start(&w, b);
    start_work(b, &w);
    w.refuse = "refs/heads/trunk";
    assert_int_not_equal(git(b, "work", "push origin trunk trunk:other", &said), 0);
    assert_true(sw_str_contains(said, SW_STR("[remote rejected] trunk -> trunk (protected by a rule)")));
    assert_string_equal(w.pushed, "");
    must_fail(b, sw_git_resolve(b->a, b->repo, SW_STR("other"), &id, &b->err), &SW_GIT_NOT_FOUND);
    w.refuse = NULL;
    assert_int_equal(git(b, "work", "push -q origin trunk", NULL), 0);
    web_stop(&w);
}

static const char *url_line(Bench *b, const Web *w, const char *fmt) {
    const char *at = strstr(fmt, "URL");
    return sw_str_z(b->a, sw_strf(b->a, "%.*shttp://127.0.0.1:%u/v1/repos/r%s", (int)(at - fmt), fmt, w->port, at + 3));
}

/* Refs of every kind are kept and given back; none of them changes what the repository is to others. */
static void strange_refs_do_not_stand_in_the_way_of_later_pushes(void **state) {
    static const char *const refs[] = {"refs/replace/", "refs/notes/x", "refs/pull/1/head", "refs/stash/x",
                                       "refs/original/refs/heads/trunk"};
    Bench *b = *state;
    Web w;
    SwStr said, id, replaced;

    web_start(&w, b);
    start_work(b, &w);
    assert_int_equal(git(b, "work", "push -q origin trunk", NULL), 0);
    must(b, sw_git_resolve(b->a, b->repo, SW_STR("trunk"), &replaced, &b->err));
    write_file(b, "work/a", "2\n");
    assert_int_equal(git(b, "work", "commit -q -a -m two", NULL), 0);
    for (size_t i = 0; i < SW_N(refs); i++) {
        SwStr name = i ? sw_str(refs[i]) : sw_strf(b->a, "%s%.*s", refs[i], SW_FMT(replaced));
        assert_int_equal(git(b, "work", sw_str_z(b->a, sw_strf(b->a, "push -q origin HEAD:%.*s", SW_FMT(name))), NULL), 0);
        assert_string_equal(w.pushed, sw_str_z(b->a, sw_strf(b->a, "%.*s ", SW_FMT(name))));
    }
    write_file(b, "work/a", "3\n");
    assert_int_equal(git(b, "work", "commit -q -a -m three", NULL), 0);
    assert_int_equal(git(b, "work", "push -q origin trunk", NULL), 0);
    assert_int_equal(git(b, ".", url_line(b, &w, "clone -q URL after"), NULL), 0);
    write_file(b, "after/new", "4\n");
    assert_int_equal(git(b, "after", "add .", NULL), 0);
    assert_int_equal(git(b, "after", "commit -q -m four", NULL), 0);
    assert_int_equal(git(b, "after", "push -q origin trunk", NULL), 0);
    must(b, sw_git_maintain(b->repo, &b->err));
    assert_int_equal(git(b, "work", "ls-remote origin refs/replace/*", &said), 0);
    assert_true(sw_str_contains(said, replaced));
    must(b, sw_git_resolve(b->a, b->repo, SW_STR("trunk"), &id, &b->err));
    web_stop(&w);
}

static void names_that_no_branch_may_have_are_refused(void **state) {
    static const struct {
        const char *ref, *says;
    } rows[] = {
        {"HEAD:refs/heads/0123456789abcdef0123456789abcdef01234567", "40 hexadecimal"},
        {"HEAD:refs/x", "funny refname"},
        {"HEAD:refs/slipway/x", "hidden"},
        {":trunk", "current branch"},
    };
    Bench *b = *state;
    Web w;
    SwStr said, was, is;

    web_start(&w, b);
    start_work(b, &w);
    assert_int_equal(git(b, "work", "push -q origin trunk", NULL), 0);
    must(b, sw_git_snapshot(b->a, b->repo, &was, &b->err));
    for (size_t i = 0; i < SW_N(rows); i++) {
        if (git(b, "work", sw_str_z(b->a, sw_strf(b->a, "push origin %s", rows[i].ref)), &said) == 0 ||
            !sw_str_contains(said, sw_str(rows[i].says)))
            fail_msg("%s: want '%s', got %.*s", rows[i].ref, rows[i].says, SW_FMT(said));
        must(b, sw_git_snapshot(b->a, b->repo, &is, &b->err));
        assert_true(sw_str_eq(was, is));
    }
    web_stop(&w);
}

static void a_push_has_at_most_4000_commands(void **state) {
    Bench *b = *state;
    for (int n = 4000; n <= 4001; n++) {
        SwBuf text = sw_buf(b->a, SW_MIB);
        SwGitRefChangeList l;
        SwStr caps;
        for (int i = 0; i < n; i++)
            sw_buf_addf(&text, "0069%040d %040d refs/heads/%08d", 0, 1, i);
        sw_buf_addz(&text, "0000");
        if (n == 4000)
            must(b, sw_git_parse_commands(b->a, sw_buf_str(&text), &l, &caps, &b->err));
        else
            must_fail(b, sw_git_parse_commands(b->a, sw_buf_str(&text), &l, &caps, &b->err), &SW_GIT_BAD_REQUEST);
    }
}

static void stale_push_is_rejected_by_git_and_told_as_no_change(void **state) {
    Bench *b = *state;
    Web w;
    SwStr said;

    web_start(&w, b);
    start_work(b, &w);
    assert_int_equal(git(b, "work", "push -q origin trunk", NULL), 0);
    assert_int_equal(git(b, ".", sw_str_z(b->a, sw_strf(b->a, "clone -q http://127.0.0.1:%u/v1/repos/r two", w.port)), NULL),
                     0);
    write_file(b, "work/a", "2\n");
    assert_int_equal(git(b, "work", "commit -q -a -m two", NULL), 0);
    assert_int_equal(git(b, "work", "push -q origin trunk", NULL), 0);
    write_file(b, "two/a", "3\n");
    assert_int_equal(git(b, "two", "commit -q -a -m three", NULL), 0);
    w.pushed[0] = 0;
    assert_int_not_equal(git(b, "two", "push origin trunk", &said), 0);
    assert_true(sw_str_contains(said, SW_STR("rejected")));
    assert_string_equal(w.pushed, "");
    web_stop(&w);
}

static int body_of(const char *text) {
    int fd = memfd_create("body", MFD_CLOEXEC);

    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static void malformed_pushes_are_refused(void **state) {
    Bench *b = *state;
    static const char *const bad[] = {"",
                                      "00",
                                      "zzzz",
                                      "0003",
                                      "ffff",
                                      "0005x",
                                      "-001",
                                      "0x01",
                                      "0032push-cert\0012345678901234567890123456789012345",
                                      "000ahello!0000"};
    SwGitRefChangeList l;
    SwStream s;
    SwStr caps;

    for (size_t i = 0; i < SW_N(bad); i++) {
        SwGitPush p = {.path = b->repo, .body = body_of(bad[i])};
        must_fail(b, sw_git_receive_pack(b->a, &p, NULL, &s, &b->err), &SW_GIT_BAD_REQUEST);
    }
    must(b, sw_git_parse_commands(b->a, SW_STR("0000"), &l, &caps, &b->err));
    SwGitPush probe = {.path = b->repo, .body = body_of("0000")}; /* the client's question before a large push */
    must(b, sw_git_receive_pack(b->a, &probe, NULL, &s, &b->err));
    SwGitPush large = {.path = b->repo, .body = body_of("0000"), .max_bytes = 2};
    must_fail(b, sw_git_receive_pack(b->a, &large, NULL, &s, &b->err), &SW_GIT_TOO_LARGE);
    SwGitPush nowhere = {.path = "/nonexistent", .body = body_of("0000")};
    must_fail(b, sw_git_receive_pack(b->a, &nowhere, NULL, &s, &b->err), &SW_GIT_REPOSITORY_NOT_FOUND);
}

static void fetch_leaves_no_child_when_the_client_goes(void **state) {
    Bench *b = *state;
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char *big = malloc(1 << 20);
    SwStr c1;
    SwStream s;
    char buf[16];

    for (int i = 0; i < (1 << 20) - 1; i++)
        big[i] = (char)('!' + random() % 90);
    big[(1 << 20) - 1] = 0;
    c1 = put(b, "main", SW_NO_STR, "big", big, 1000);
    free(big);
    SwStr want = sw_strf(b->a, "0032want %.*s\n00000009done\n", SW_FMT(c1));
    must(b, sw_git_upload_pack(a, b->repo, SW_NO_STR, body_of(want.p), &s, &err));
    assert_true(s.read(s.arg, buf, sizeof(buf)) > 0);
    sw_arena_free(a);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void service_names_are_git_s(void **state) {
    SwGitService s;

    assert_true(sw_git_service_from_name(SW_STR("git-upload-pack"), &s) && s == SW_GIT_UPLOAD_PACK);
    assert_true(sw_git_service_from_name(SW_STR("git-receive-pack"), &s) && s == SW_GIT_RECEIVE_PACK);
    assert_false(sw_git_service_from_name(SW_STR("git-upload-archive"), &s));
    assert_false(sw_git_service_from_name(SW_STR("upload-pack"), &s));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(push_and_clone_in_every_protocol),
        TEST(refused_push_shows_the_reason_and_changes_nothing),
        TEST(stale_push_is_rejected_by_git_and_told_as_no_change),
        TEST(strange_refs_do_not_stand_in_the_way_of_later_pushes),
        TEST(names_that_no_branch_may_have_are_refused),
        TEST(a_push_has_at_most_4000_commands),
        TEST(malformed_pushes_are_refused),
        TEST(fetch_leaves_no_child_when_the_client_goes),
        cmocka_unit_test(service_names_are_git_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
