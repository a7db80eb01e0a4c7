/* SPDX-License-Identifier: Apache-2.0 */
/* Git's smart HTTP on /v1/repos/NAME. Bodies are spooled into a file without a name; git itself
 * speaks the protocol.
 *
 * Who calls: Basic credentials, asked for by 401. The user is an access key ("KEY" or "KEY%TOKEN")
 * with a password that the AWS CLI's credential helper signed; or it is an IAM user with git
 * credentials. Relaxed, any user and password do; strict, signature or password must be right. The
 * URL names no region: a repository is looked for in the server's own region, then in others of the
 * account. */

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "api/authenticate.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "services/codecommit/codecommit.h"

#define BODY_MAX ((int64_t)(2 * SW_GIB))
#define SKEW_MAX (15 * SW_MINUTE)

typedef struct Visit {
    SwCtx *cx;
    SwStr name, signed_path, rest;
    const char *path; /* the repository's folder */
    int spool;
    int64_t received;
} Visit;

static void reply_text(SwCtx *cx, uint16_t status, SwStr text) {
    SwWireMessage *m = &cx->http->reply;
    *m = (SwWireMessage){.status = status, .body = text};
    sw_header_set(cx->arena, &m->headers, SW_STR("Content-Type"), SW_STR("text/plain; charset=utf-8"));
}

static void reply_failure(SwCtx *cx, const SwError *e) {
    bool client = e->kind->http < 500;
    if (!client)
        sw_log(SW_ERROR, "git request failed", SW_F("path", cx->http->m.path), SW_F("message", e->message),
               SW_F("cause", e->cause));
    reply_text(cx, sw_error_is(e, &CODECOMMIT_REPOSITORY_DOES_NOT_EXIST_EXCEPTION) ? 404 : e->kind->http,
               sw_strf(cx->arena, "%s\n", e->message));
}

static bool challenge(SwCtx *cx, const char *why) {
    reply_text(cx, 401, sw_strf(cx->arena, "%s\n", why));
    sw_header_set(cx->arena, &cx->http->reply.headers, SW_STR("WWW-Authenticate"), SW_STR("Basic realm=\"AWS CodeCommit\""));
    return false;
}

/* ---- who ---- */

/* The helper signs the host without its port, git-remote-codecommit with it. git drops a slash at
 * the URL's end. */
static bool signature_fits(const Visit *v, SwStr password, SwStr secret, SwStr region) {
    SwArena *a = v->cx->arena;
    SwStr with_port = sw_header_find(&v->cx->http->m.headers, "host"), without = with_port;
    size_t colon;
    if (sw_str_rfind(with_port, ':', &colon))
        without.n = colon;
    const SwStr hosts[] = {without, with_port};
    const SwStr paths[] = {v->signed_path, sw_strf(a, "%.*s/", SW_FMT(v->signed_path))};
    for (size_t h = 0; h < 2; h++)
        for (size_t p = 0; p < 2; p++)
            if (codecommit_password_matches(a, password, secret, region, paths[p], hosts[h]))
                return true;
    return false;
}

static bool is_recent(SwTime at) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    SwTime now = t.tv_sec * SW_S + t.tv_nsec;
    return at <= now + SKEW_MAX && at >= now - SKEW_MAX;
}

/* *ret_secret absent: nobody's key. */
static int find_key(SwCtx *cx, SwStr key, SwStr token, SwStr *ret_secret, SwError *err) {
    SwHost *h = cx->host;
    SwPrincipal p = {0};
    SwStr account = SW_NO_STR, want_token = SW_NO_STR;
    bool found = false;
    *ret_secret = SW_NO_STR;
    if (h->auth.key && h->auth.key(h, cx->arena, key, ret_secret, &want_token, &account, &p, &found, err) < 0)
        return -1;
    if (!found || (h->config->strict && sw_str_is(want_token) && !sw_equal_constant_time(want_token, token))) {
        *ret_secret = SW_NO_STR;
        return 0;
    }
    cx->account = account;
    cx->principal = p;
    cx->principal.access_key = key;
    return 0;
}

static bool is_account(SwStr s) {
    uint64_t n;
    return s.n == 12 && s.p[0] >= '0' && s.p[0] <= '9' && sw_str_to_u64(s, &n);
}

static void act_as_root(SwCtx *cx, SwStr user) {
    cx->account = is_account(user) ? user : cx->host->config->account;
    cx->principal = (SwPrincipal){
        .kind = SW_PRINCIPAL_ROOT,
        .arn = sw_root_arn(cx->arena, cx->account),
        .id = cx->account,
    };
}

/* The repository in the account: in the server's region, else wherever it is. */
static int find_repository(Visit *v, SwError *err) {
    SwCtx *cx = v->cx;
    CodecommitRepositoryRecord *r;
    CodecommitRepositoryRecords l;
    SwDocQuery q = {.prefix = v->name, .any_scope = true};
    if (codecommit_repositories_list(cx->tx, &q, &l, err) < 0)
        return -1;
    const CodecommitRepositoryRecordRow *best = NULL;
    for (size_t i = 0; i < l.n; i++)
        if (sw_str_eq(l.v[i].id, v->name) && sw_str_eq(l.v[i].account, cx->account) &&
            (!best || sw_str_eq(l.v[i].region, cx->region)))
            best = &l.v[i];
    if (best)
        cx->region = best->region;
    sw_tx_scope(cx->tx, cx->account, cx->region);
    return codecommit_open(cx, v->name, &r, &v->path, err);
}

static bool allowed(const Visit *v, SwError *err) {
    SwCtx *cx = v->cx;
    bool push =
        sw_str_contains(v->rest, SW_STR("git-receive-pack")) || sw_str_contains(cx->http->m.query, SW_STR("git-receive-pack"));
    if (!cx->host->config->strict)
        return true;
    return cx->host->auth.authorise && cx->host->auth.authorise(cx, push ? "codecommit:GitPush" : "codecommit:GitPull",
                                                                codecommit_repository_arn(cx, v->name), err) == 0;
}

/* Git credentials of an IAM user: CreateServiceSpecificCredential. */
static int find_user(SwCtx *cx, SwStr user, SwStr password, bool *ret_found, SwError *err) {
    SwHost *h = cx->host;
    SwPrincipal p = {0};
    SwStr account = SW_NO_STR;
    *ret_found = false;
    if (!h->auth.password ||
        h->auth.password(h, cx->arena, "codecommit.amazonaws.com", user, password, &account, &p, ret_found, err) < 0)
        return h->auth.password ? -1 : 0;
    if (*ret_found) {
        cx->account = account;
        cx->principal = p;
    }
    return 0;
}

typedef struct Proof {
    SwStr password, secret; /* of a key; secret absent: nobody's */
    bool signature;         /* the password is one, made at `at` */
    SwTime at;
    bool user; /* an IAM user's own password, verified */
} Proof;

static int identify(Visit *v, SwStr user, Proof *p, SwError *err) {
    SwStr token = user, key;
    if (!sw_str_cut(&token, '%', &key)) {
        key = user;
        token = SW_NO_STR;
    }
    act_as_root(v->cx, key);
    p->signature = codecommit_password_is_signature(p->password, &p->at);
    return p->signature ? find_key(v->cx, key, token, &p->secret, err) : find_user(v->cx, user, p->password, &p->user, err);
}

static bool proven(const Visit *v, const Proof *p) {
    if (!v->cx->host->config->strict || p->user)
        return true;
    return p->signature && sw_str_is(p->secret) && is_recent(p->at) && signature_fits(v, p->password, p->secret, v->cx->region);
}

/* In a read transaction. False when it has answered. */
static bool admitted(Visit *v, SwError *err) {
    SwCtx *cx = v->cx;
    Proof p = {0};
    SwStr user;
    if (!sw_basic_credentials(cx->arena, &cx->http->m, &user, &p.password))
        return challenge(cx, "Credentials are needed");
    if (identify(v, user, &p, err) < 0) {
        reply_failure(cx, err);
        return false;
    }
    bool there = find_repository(v, err) == 0;
    if (!proven(v, &p))
        return challenge(cx, "The credentials are not valid");
    if (!there) {
        reply_failure(cx, err);
        return false;
    }
    if (allowed(v, err))
        return true;
    reply_text(cx, 403, SW_STR("You do not have the permission for this on the repository\n"));
    return false;
}

/* ---- requests ---- */

static void close_spool(void *arg) {
    sw_closep(arg);
}

static int spool_bytes(void *arg, const void *p, size_t n, SwError *err) {
    Visit *v = arg;
    if ((int64_t)n > BODY_MAX - v->received)
        return sw_fail(err, &SW_REQUEST_ENTITY_TOO_LARGE, "The push is larger than 2 GiB");
    v->received += (int64_t)n;
    return sw_write_all(v->spool, p, n, err);
}

static int open_spool(Visit *v, SwError *err) {
    v->spool = open(codecommit_folder(v->cx->host, v->cx->arena), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (v->spool < 0)
        return sw_fail_errno(err, errno, "making a file for a push");
    sw_arena_defer(v->cx->arena, close_spool, &v->spool);
    v->cx->http->sink = spool_bytes;
    return 0;
}

static bool is_rpc(const Visit *v) {
    return sw_str_eqz(v->rest, "git-upload-pack") || sw_str_eqz(v->rest, "git-receive-pack");
}

static bool begin(SwCtx *cx, SwError *ignored) {
    SwError err = sw_error(cx->arena);
    Visit *v = sw_new(cx->arena, Visit);
    *v = (Visit){.cx = cx, .spool = -1};
    cx->http->sink_arg = v;
    bool post = sw_str_eqz(cx->http->m.method, "POST");
    if (!codecommit_path_parse(cx->http->m.path, &v->name, &v->signed_path, &v->rest) ||
        (post ? !is_rpc(v) : !sw_str_eqz(v->rest, "info/refs") || !sw_str_eqz(cx->http->m.method, "GET"))) {
        reply_text(cx, 404, SW_STR("There is no such path: git's URL is /v1/repos/NAME\n"));
        return false;
    }
    if (sw_ctx_begin(cx, SW_READ, &err) < 0) {
        reply_failure(cx, &err);
        return false;
    }
    bool ok = admitted(v, &err);
    sw_ctx_rollback(cx);
    if (ok && post && open_spool(v, &err) < 0) {
        reply_failure(cx, &err);
        return false;
    }
    return ok;
}

static void reply_stream(SwCtx *cx, SwStr type, const SwStream *s) {
    SwWireMessage *m = &cx->http->reply;
    *m = (SwWireMessage){.status = 200, .stream = *s};
    sw_header_set(cx->arena, &m->headers, SW_STR("Content-Type"), type);
    sw_header_set(cx->arena, &m->headers, SW_STR("Cache-Control"), SW_STR("no-cache, max-age=0, must-revalidate"));
}

static SwStr asked_service(SwCtx *cx) {
    SwStr rest = cx->http->m.query, part, key;
    while (sw_str_next(&rest, '&', &part))
        if (sw_str_cut(&part, '=', &key) && sw_str_eqz(key, "service"))
            return part;
    return SW_NO_STR;
}

static int advertise(const Visit *v, SwStr protocol, SwError *err) {
    SwGitService s;
    SwStream stream;
    if (!sw_git_service_from_name(asked_service(v->cx), &s)) {
        reply_text(v->cx, 403, SW_STR("Only git's smart protocol is spoken here\n"));
        return 0;
    }
    if (sw_git_advertise(v->cx->arena, v->path, s, protocol, &stream, err) < 0)
        return -1;
    reply_stream(v->cx, sw_git_content_type(s, true), &stream);
    return 0;
}

/* The push's events are stored before its client hears of success. */
static int settle(const Visit *v, SwError *err) {
    SwCtx *cx = v->cx;
    CodecommitRepositoryRecord *r = NULL;
    SW_CRASH_POINT("codecommit.push.received_not_told");
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (codecommit_repositories_find(cx->tx, v->name, &r, err) < 0 ||
        (r && codecommit_settle(cx, r, cx->principal.arn, err) < 0)) {
        sw_ctx_rollback(cx);
        return -1;
    }
    return sw_ctx_commit(cx, err);
}

static int rpc(Visit *v, SwStr protocol, SwError *err) {
    SwStream stream;
    bool push = sw_str_eqz(v->rest, "git-receive-pack");
    if (v->cx->http->sink_error.kind) {
        *err = v->cx->http->sink_error;
        return -1;
    }
    if (lseek(v->spool, 0, SEEK_SET) < 0)
        return sw_fail_errno(err, errno, "reading a push again");
    int body = SW_TAKE_FD(v->spool);
    if (push) {
        SwGitPush p = {.path = v->path, .protocol = protocol, .body = body};
        if (sw_git_receive_pack(v->cx->arena, &p, NULL, &stream, err) < 0 || settle(v, err) < 0)
            return -1;
    } else if (sw_git_upload_pack(v->cx->arena, v->path, protocol, body, &stream, err) < 0) {
        return -1;
    }
    reply_stream(v->cx, sw_git_content_type(push ? SW_GIT_RECEIVE_PACK : SW_GIT_UPLOAD_PACK, false), &stream);
    return 0;
}

static void handle(SwCtx *cx) {
    SwError err = sw_error(cx->arena);
    Visit *v = cx->http->sink_arg;
    SwStr protocol = sw_header_find(&cx->http->m.headers, "git-protocol");
    if ((is_rpc(v) ? rpc(v, protocol, &err) : advertise(v, protocol, &err)) < 0)
        reply_failure(cx, &err);
}

const SwRoute codecommit_routes[1] = {
    {.path = "/v1/repos/", .access = SW_ACCESS_OWN, .begin = begin, .handle = handle},
};
