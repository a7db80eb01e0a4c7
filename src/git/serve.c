/* SPDX-License-Identifier: Apache-2.0 */

/* Smart HTTP without HTTP: stock git does the protocol (--stateless-rpc), we give it a clean
 * environment, its input as a file and its output as a stream. Configuration comes from here alone,
 * by environment, so that a repository made by an older Slipway behaves as one made today. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/proc.h"
#include "git/internal.h"

#define ADVERTISEMENT_MAX (48 * SW_MIB)
#define COMMANDS_MAX      (16 * SW_MIB)
#define COMMANDS_COUNT    4000 /* of one push, as CodeCommit allows */
#define PUSH_BYTES        ((int64_t)(2 * SW_GIB))

static const SwStr service_name[] = {
    [SW_GIT_UPLOAD_PACK] = SW_STR_C("upload-pack"), [SW_GIT_RECEIVE_PACK] = SW_STR_C("receive-pack")};

bool sw_git_service_from_name(SwStr name, SwGitService *ret) {
    for (size_t i = 0; i < SW_N(service_name); i++)
        if (sw_str_starts(name, SW_STR("git-")) && sw_str_eq(sw_str_skip(name, 4), service_name[i])) {
            *ret = (SwGitService)i;
            return true;
        }
    return false;
}

SwStr sw_git_content_type(SwGitService s, bool advertisement) {
    if (s == SW_GIT_UPLOAD_PACK)
        return advertisement ? SW_STR("application/x-git-upload-pack-advertisement")
                             : SW_STR("application/x-git-upload-pack-result");
    return advertisement ? SW_STR("application/x-git-receive-pack-advertisement")
                         : SW_STR("application/x-git-receive-pack-result");
}

/* ---- environment ---- */

static const struct {
    const char *key, *value;
} setting[] = {
    {"safe.directory", "*"},
    {"core.fsync", "all"}, /* an acknowledged push is on disk */
    {"core.fsyncMethod", "fsync"},
    {"receive.unpackLimit", "1"}, /* keep a pack: two files to fsync, not one an object */
    {"receive.fsckObjects", "true"},
    {"receive.fsck.zeroPaddedFilemode", "warn"}, /* in old histories that git itself accepts */
    {"receive.fsck.badTimezone", "warn"},
    {"receive.autogc", "false"}, /* sw_git_maintain does it; nothing may stay behind a request */
    {"gc.auto", "2000"},
    {"gc.autoDetach", "false"},
    {"uploadpack.allowFilter", "true"},
    {"uploadpack.allowTipSHA1InWant", "true"},
    {"uploadpack.allowReachableSHA1InWant", "true"},
    {"transfer.hideRefs", "refs/slipway"},
    {"core.hooksPath", "/dev/null"},
};

static bool protocol_is_clean(SwStr p) {
    return p.n <= 256 && sw_str_all(p, "a-zA-Z0-9=:._-");
}

static const char **make_env(SwArena *a, SwStr protocol, int64_t max_bytes) {
    const size_t n_set = SW_N(setting) + 1;
    const char **env = sw_new_n(a, const char *, 2 * n_set + 9);
    const char *path = getenv("PATH");
    size_t n = 0;

    env[n++] = sw_str_z(a, sw_strf(a, "PATH=%s", path ? path : "/usr/bin:/bin"));
    env[n++] = "HOME=/nonexistent";
    env[n++] = "LC_ALL=C";
    env[n++] = "GIT_CONFIG_NOSYSTEM=1";
    env[n++] = "GIT_CONFIG_GLOBAL=/dev/null";
    /* refs/replace/ may be pushed and fetched, as with other hosts, but is not obeyed: an object that was replaced by
     * another would fail the check of every later push. libgit2 does not know them. */
    env[n++] = "GIT_NO_REPLACE_OBJECTS=1";
    env[n++] = sw_str_z(a, sw_strf(a, "GIT_CONFIG_COUNT=%zu", n_set));
    for (size_t i = 0; i < SW_N(setting); i++) {
        env[n++] = sw_str_z(a, sw_strf(a, "GIT_CONFIG_KEY_%zu=%s", i, setting[i].key));
        env[n++] = sw_str_z(a, sw_strf(a, "GIT_CONFIG_VALUE_%zu=%s", i, setting[i].value));
    }
    env[n++] = sw_str_z(a, sw_strf(a, "GIT_CONFIG_KEY_%zu=receive.maxInputSize", SW_N(setting)));
    env[n++] = sw_str_z(a, sw_strf(a, "GIT_CONFIG_VALUE_%zu=%lld", SW_N(setting), (long long)max_bytes));
    if (sw_str_is(protocol) && protocol_is_clean(protocol))
        env[n++] = sw_str_z(a, sw_strf(a, "GIT_PROTOCOL=%.*s", SW_FMT(protocol)));
    return env;
}

int sw_git_maintain(const char *path, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const SwProcOpts o = {.argv = (const char *[]){"git", "-C", path, "gc", "--auto", "--quiet", NULL},
                          .env = make_env(a, SW_NO_STR, PUSH_BYTES),
                          .in = -1,
                          .out = -1,
                          .err = -1};
    SwStr text = SW_NO_STR;
    int status;

    if (sw_proc_run(a, &o, SW_NO_STR, 64 * SW_KIB, 3600 * 1000, &status, NULL, &text, err) < 0)
        return sw_fail_wrap(err, "git gc");
    if (status != 0)
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, sw_str_z(err->arena, text), "The repository cannot be packed");
    return 0;
}

static int need_repository(const char *path, SwError *err) {
    return sw_git_exists(path) ? 0 : sw_fail(err, &SW_GIT_REPOSITORY_NOT_FOUND, "The repository does not exist");
}

/* ---- advertisement ---- */

static bool wants_v2(SwStr protocol) {
    SwStr word;

    while (sw_str_next(&protocol, ':', &word))
        if (sw_str_eqz(word, "version=2"))
            return true;
    return false;
}

int sw_git_advertise(SwArena *a, const char *path, SwGitService s, SwStr protocol, SwStream *ret, SwError *err) {
    const char *argv[] = {"git", service_name[s].p, "--stateless-rpc", "--http-backend-info-refs", path, NULL};
    const SwProcOpts o = {.argv = argv, .env = make_env(a, protocol, PUSH_BYTES), .in = -1, .out = -1, .err = -1};
    SwStr out = SW_NO_STR, text = SW_NO_STR, head;
    SwBuf b = sw_buf(a, ADVERTISEMENT_MAX + SW_KIB);
    int status;

    if (need_repository(path, err) < 0)
        return -1;
    if (sw_proc_run(a, &o, SW_NO_STR, ADVERTISEMENT_MAX, 60000, &status, &out, &text, err) < 0)
        return sw_fail_wrap(err, "git %s", service_name[s].p);
    if (status != 0)
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, sw_str_z(a, text), "The repository cannot be read");
    head = sw_strf(a, "# service=git-%s\n", service_name[s].p);
    if (!(wants_v2(protocol) && protocol_is_clean(protocol)))
        sw_buf_addf(&b, "%04zx%.*s0000", head.n + 4, SW_FMT(head));
    sw_buf_adds(&b, out); /* holds NUL bytes */
    out = sw_buf_str(&b);
    *ret = (SwStream){.set = true, .data = out, .file = -1, .size = (int64_t)out.n};
    return 0;
}

/* ---- fetch ---- */

typedef struct Fetch {
    pid_t pid; /* 0: reaped */
    int out;
} Fetch;

static int reap_fetch(Fetch *f, int *ret_status) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError ignored = sw_error(a);
    int r = sw_proc_wait(f->pid, 10000, ret_status, &ignored);

    f->pid = 0;
    return r;
}

static void end_fetch(void *arg) {
    Fetch *f = arg;
    int status;

    if (f->out >= 0)
        close(f->out);
    if (f->pid) { /* the client left before the end: nobody wants the rest */
        (void)kill(f->pid, SIGKILL);
        (void)reap_fetch(f, &status);
    }
    f->out = -1;
}

/* git tells of its own errors inside the stream, so only a violent end breaks it off. */
static ssize_t read_fetch(void *arg, void *buf, size_t n) {
    Fetch *f = arg;
    ssize_t got;
    int status = 0;

    if (f->out < 0)
        return 0;
    do
        got = read(f->out, buf, n);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return got;
    close(f->out);
    f->out = -1;
    if (got < 0 || reap_fetch(f, &status) < 0 || status > 128)
        return -1;
    return 0;
}

int sw_git_upload_pack(SwArena *a, const char *path, SwStr protocol, int body, SwStream *ret, SwError *err) {
    _sw_close_ int in = body;
    const char *argv[] = {"git", "upload-pack", "--stateless-rpc", path, NULL};
    SwProcOpts o = {.argv = argv, .env = make_env(a, protocol, PUSH_BYTES), .in = in, .out = -1, .err = -1, .background = true};
    int ends[2];
    Fetch *f;

    if (need_repository(path, err) < 0)
        return -1;
    f = sw_new(a, Fetch);
    f->out = -1;
    sw_arena_defer(a, end_fetch, f);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return sw_fail_errno(err, errno, "pipe");
    f->out = ends[0];
    _sw_close_ int out = ends[1];
    (void)fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
    o.out = out;
    if (sw_proc_spawn(&o, &f->pid, err) < 0)
        return sw_fail_wrap(err, "git upload-pack");
    *ret = (SwStream){.set = true, .file = -1, .size = -1, .read = read_fetch, .arg = f};
    return 0;
}

/* ---- push: its commands ---- */

static int bad(SwError *err, const char *why) {
    return sw_fail(err, &SW_GIT_BAD_REQUEST, "The push is malformed: %s", why);
}

/* One pkt-line: false at the end of what there is. A flush has n == 0 and p == NULL. */
static int next_packet(SwStr *rest, SwStr *ret, SwError *err) {
    char hex[5] = {0};
    char *end;
    unsigned long n;

    if (rest->n < 4)
        return bad(err, "it ends within a packet");
    memcpy(hex, rest->p, 4);
    if (!isxdigit((unsigned char)hex[0]))
        return bad(err, "a packet has no length");
    n = strtoul(hex, &end, 16);
    if (*end || (n > 0 && n < 4) || n > 65520 || n > rest->n)
        return bad(err, "a packet has a wrong length");
    *ret = n ? sw_str_n(rest->p + 4, n - 4) : SW_NO_STR;
    *rest = sw_str_skip(*rest, n ? n : 4);
    return 0;
}

static SwStr id_or_absent(SwStr id) {
    return sw_str_eqz(id, "0000000000000000000000000000000000000000") ? SW_NO_STR : id;
}

/* "<old> <new> <ref>" */
static int parse_command(SwArena *a, SwStr line, SwGitRefChange *ret, SwError *err) {
    git_oid oid;

    if (line.n < 2 * (GIT_OID_HEXSZ + 1) + 1 || line.n > 2 * (GIT_OID_HEXSZ + 1) + 1024)
        return bad(err, "a command has a wrong length");
    SwStr old_id = sw_str_n(line.p, GIT_OID_HEXSZ), new_id = sw_str_n(line.p + GIT_OID_HEXSZ + 1, GIT_OID_HEXSZ);
    if (line.p[GIT_OID_HEXSZ] != ' ' || line.p[2 * GIT_OID_HEXSZ + 1] != ' ' || repo_parse_oid(old_id, &oid, err) < 0 ||
        repo_parse_oid(new_id, &oid, err) < 0)
        return bad(err, "a command has no ids");
    ret->old_id = id_or_absent(sw_str_dup(a, old_id));
    ret->new_id = id_or_absent(sw_str_dup(a, new_id));
    ret->ref = sw_str_dup(a, sw_str_skip(line, 2 * (GIT_OID_HEXSZ + 1)));
    if (!sw_str_is_utf8(ret->ref) || memchr(ret->ref.p, '\n', ret->ref.n))
        return bad(err, "a ref name is not text");
    return 0;
}

int sw_git_parse_commands(SwArena *a, SwStr body, SwGitRefChangeList *ret, SwStr *ret_caps, SwError *err) {
    SwStr line, rest = body;

    *ret = (SwGitRefChangeList){0};
    *ret_caps = SW_STR("");
    for (;;) {
        size_t nul;
        if (next_packet(&rest, &line, err) < 0)
            return -1;
        if (!line.p)
            return 0;
        if (ret->n >= COMMANDS_COUNT)
            return bad(err, "it has too many reference update commands");
        if (line.n && line.p[line.n - 1] == '\n')
            line = sw_str_drop(line, 1);
        if (sw_str_starts(line, SW_STR("shallow ")))
            continue;
        if (sw_str_starts(line, SW_STR("push-cert")))
            return bad(err, "signed pushes are not offered");
        if (sw_str_find(line, 0, &nul)) {
            *ret_caps = sw_str_dup(a, sw_str_skip(line, nul + 1));
            line = sw_str_n(line.p, nul);
        }
        if (parse_command(a, line, sw_list_add(a, ret), err) < 0)
            return -1;
    }
}

static int read_commands(SwArena *a, int fd, int64_t size, SwGitRefChangeList *ret, SwStr *ret_caps, SwError *err) {
    size_t n = (size_t)SW_MIN(size, (int64_t)COMMANDS_MAX);
    void *map;
    int r;

    if (n == 0)
        return bad(err, "it is empty");
    map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return sw_fail_errno(err, errno, "map a push");
    r = sw_git_parse_commands(a, sw_str_n(map, n), ret, ret_caps, err);
    munmap(map, n);
    return r;
}

/* ---- push: refused by the caller ---- */

static bool has_cap(SwStr caps, const char *name) {
    SwStr word;

    while (sw_str_next(&caps, ' ', &word))
        if (sw_str_eqz(word, name))
            return true;
    return false;
}

static void add_packet(SwBuf *b, int band, SwStr data) {
    sw_buf_addf(b, "%04zx", data.n + 4 + (band ? 1 : 0));
    if (band)
        sw_buf_addc(b, (char)band);
    sw_buf_adds(b, data);
}

/* The report that git would give if a hook had declined. */
static SwStr refusal(SwArena *a, const SwGitRefChangeList *l, SwStr caps, SwStr reason) {
    SwBuf report = sw_buf(a, 32 * SW_MIB), b = sw_buf(a, 32 * SW_MIB);
    bool banded = has_cap(caps, "side-band-64k");
    SwStr rest;

    if (!has_cap(caps, "report-status") && !has_cap(caps, "report-status-v2"))
        return SW_STR("");
    add_packet(&report, 0, SW_STR("unpack ok\n"));
    for (size_t i = 0; i < l->n; i++)
        add_packet(&report, 0, sw_strf(a, "ng %.*s %.*s\n", SW_FMT(l->v[i].ref), SW_FMT(reason)));
    sw_buf_addz(&report, "0000");
    if (!banded)
        return sw_buf_str(&report);
    for (rest = sw_buf_str(&report); rest.n; rest = sw_str_skip(rest, 65000))
        add_packet(&b, 1, sw_str_n(rest.p, SW_MIN(rest.n, (size_t)65000)));
    sw_buf_addz(&b, "0000");
    return sw_buf_str(&b);
}

/* A new branch whose name is a commit's id could not be told from it: CodeCommit's rule. One that is there may go. */
static bool is_named_as_id(const SwGitRefChange *c) {
    git_oid oid;
    SwStr branch = sw_str_starts(c->ref, SW_STR("refs/heads/")) ? sw_str_skip(c->ref, 11) : SW_NO_STR;

    return sw_str_is(c->new_id) && branch.n == GIT_OID_HEXSZ && git_oid_fromstrn(&oid, branch.p, branch.n) == 0;
}

static SwStr ask(SwArena *a, const SwGitPush *p, const SwGitRefChangeList *l) {
    for (size_t i = 0; i < l->n; i++)
        if (is_named_as_id(&l->v[i]))
            return SW_STR("a branch's name cannot be 40 hexadecimal digits");
    for (size_t i = 0; p->refuse && i < l->n; i++) {
        SwStr why = p->refuse(p->arg, a, &l->v[i]);
        if (why.p) {
            char *line = sw_arena_alloc(a, SW_MIN(why.n, (size_t)512) + 1);
            for (size_t k = 0; k < SW_MIN(why.n, (size_t)512); k++) /* it stands in one line of the report */
                line[k] = (unsigned char)why.p[k] < ' ' ? ' ' : why.p[k];
            return why.n ? sw_str(line) : SW_STR("refused");
        }
    }
    return SW_NO_STR;
}

/* ---- push: done by git ---- */

static void close_fd(void *arg) {
    close((int)(intptr_t)arg);
}

static int run_receive(SwArena *a, const SwGitPush *p, int64_t max_bytes, int in, SwStream *ret, SwError *err) {
    const char *argv[] = {"git", "receive-pack", "--stateless-rpc", p->path, NULL};
    SwProcOpts o = {.argv = argv, .env = make_env(a, p->protocol, max_bytes), .in = in, .out = -1, .err = -1};
    _sw_close_ int out = memfd_create("git-report", MFD_CLOEXEC);
    struct stat st;
    pid_t pid;
    int status;

    if (out < 0)
        return sw_fail_errno(err, errno, "memfd_create");
    o.out = out;
    if (sw_proc_spawn(&o, &pid, err) < 0 || sw_proc_wait(pid, 3600 * 1000, &status, err) < 0)
        return sw_fail_wrap(err, "git receive-pack");
    if (fstat(out, &st) < 0)
        return sw_fail_errno(err, errno, "fstat");
    if (status != 0 && st.st_size == 0)
        return bad(err, "git refused it");
    *ret = (SwStream){.set = true, .file = out, .offset = 0, .size = st.st_size};
    sw_arena_defer(a, close_fd, (void *)(intptr_t)out);
    out = -1;
    return 0;
}

/* git fsyncs its files before it renames them, but not the folders that the new names are in. */
static int settle(SwArena *a, const char *path, const SwGitRefChangeList *done, SwError *err) {
    if (sw_fsync_dir(sw_path(a, path, "objects/pack"), err) < 0 || sw_fsync_dir(sw_path(a, path, "objects"), err) < 0)
        return -1;
    for (size_t i = 0; i < done->n; i++) {
        SwStr ref = done->v[i].ref;
        size_t at;
        while (sw_str_rfind(ref, '/', &at)) { /* each folder on the way: git makes and removes them */
            ref = sw_str_n(ref.p, at);
            const char *folder = sw_path(a, path, sw_str_z(a, sw_str_dup(a, ref)));
            if (sw_exists(folder) && sw_fsync_dir(folder, err) < 0)
                return -1;
        }
    }
    return sw_fsync_dir(path, err); /* packed-refs */
}

/* What the client asked for and is so now. */
static int keep_done(SwArena *a, const char *path, const SwGitRefChangeList *asked, SwGitRefChangeList *ret, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;

    if (repo_open(path, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < asked->n; i++) {
        const SwGitRefChange *c = &asked->v[i];
        git_oid oid;
        int rc = git_reference_name_to_id(&oid, r, sw_str_z(a, c->ref));
        bool done = sw_str_is(c->new_id) ? rc == 0 && sw_str_eq(repo_oid_text(a, &oid), c->new_id) : rc == GIT_ENOTFOUND;
        if (!done)
            continue;
        *sw_list_add(a, ret) = *c;
        if (sw_str_is(c->new_id) && repo_adopt_head(r, c->ref, err) < 0)
            return -1;
    }
    return ret->n ? settle(a, path, ret, err) : 0;
}

int sw_git_receive_pack(SwArena *a, const SwGitPush *p, SwGitRefChangeList *ret_changes, SwStream *ret, SwError *err) {
    _sw_close_ int in = p->body;
    int64_t max_bytes = p->max_bytes > 0 ? p->max_bytes : PUSH_BYTES;
    SwGitRefChangeList asked, done = {0};
    SwStr caps, why;
    struct stat st;

    if (need_repository(p->path, err) < 0)
        return -1;
    if (fstat(in, &st) < 0)
        return sw_fail_errno(err, errno, "fstat a push");
    if (st.st_size > max_bytes)
        return sw_fail(err, &SW_GIT_TOO_LARGE, "The push is larger than %lld bytes", (long long)max_bytes);
    if (read_commands(a, in, st.st_size, &asked, &caps, err) < 0)
        return -1;
    why = ask(a, p, &asked);
    if (why.p) {
        SwStr text = refusal(a, &asked, caps, why);
        *ret = (SwStream){.set = true, .data = text, .file = -1, .size = (int64_t)text.n};
    } else if (run_receive(a, p, max_bytes, in, ret, err) < 0 || keep_done(a, p->path, &asked, &done, err) < 0) {
        return -1;
    }
    SW_CRASH_POINT("git.pushed_not_told");
    if (ret_changes)
        *ret_changes = done;
    return 0;
}
