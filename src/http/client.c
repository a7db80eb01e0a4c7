/* SPDX-License-Identifier: Apache-2.0 */

/* libcurl's easy interface with a pool of handles. A handle keeps its connections, so that a health check every few
 * seconds and a command line's second call cost no handshake; the one used last is taken first. */

#include "http/client.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/lazy_curl.h"
#include "base/outside.h"
#include "http/guard.h"

#define POOL_MAX    16
#define BODY_MAX    (16 * SW_MIB)
#define ANCHORS_MAX (4 * SW_MIB)

static struct {
    pthread_mutex_t lock;
    CURL *idle[POOL_MAX];
    unsigned n;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global_init(void) {
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows in curl_easy_init */
}

static CURL *handle_take(void) {
    CURL *h = NULL;
    pthread_once(&once, global_init);
    pthread_mutex_lock(&pool.lock);
    if (pool.n)
        h = pool.idle[--pool.n];
    pthread_mutex_unlock(&pool.lock);
    return h ? h : curl_easy_init();
}

static void handle_give(CURL *h) {
    curl_easy_reset(h); /* keeps connections and name cache */
    pthread_mutex_lock(&pool.lock);
    bool room = pool.n < POOL_MAX;
    if (room)
        pool.idle[pool.n++] = h;
    pthread_mutex_unlock(&pool.lock);
    if (!room)
        curl_easy_cleanup(h);
}

typedef struct Call {
    SwArena *arena;
    const SwHttpCall *c;
    SwWireMessage *m;
    SwBuf body;
    size_t got, max;
    bool too_large, refused;
    uint16_t own_port;
    SwLack lack; /* memory ended in a callback */
    SwError sink_error;
    char text[CURL_ERROR_SIZE];
} Call;

/* A piece of the reply. What takes it is guarded: libcurl's frames are not to be unwound. */
typedef struct Piece {
    Call *call;
    SwStr data;
    bool refused;
} Piece;

static void take_body(void *arg) {
    Piece *p = arg;
    Call *k = p->call;
    if (k->c->sink)
        p->refused = k->c->sink(k->c->sink_arg, p->data.p, p->data.n, &k->sink_error) < 0;
    else
        sw_buf_adds(&k->body, p->data);
}

static size_t on_body(char *p, size_t size, size_t n, void *arg) {
    Call *k = arg;
    Piece piece = {k, sw_str_n(p, n * size), false};
    k->got += piece.data.n;
    k->too_large = k->got > k->max;
    if (k->too_large)
        return 0;
    k->lack = sw_guard(SW_POOL_NONE, take_body, &piece);
    return piece.refused || k->lack != SW_LACK_NONE ? 0 : piece.data.n;
}

static void take_header(void *arg) {
    Call *k = ((Piece *)arg)->call;
    SwStr line = sw_str_trim(((Piece *)arg)->data), name;
    if (sw_str_starts(line, SW_STR("HTTP/"))) /* of 100 Continue, a redirect, then of the reply itself */
        k->m->headers = (SwHeaderList){0};
    else if (sw_str_cut(&line, ':', &name))
        sw_header_add(k->arena, &k->m->headers, sw_str_dup(k->arena, name), sw_str_dup(k->arena, sw_str_trim(line)));
}

static size_t on_header(char *p, size_t size, size_t n, void *arg) {
    Call *k = arg;
    Piece piece = {k, sw_str_n(p, n * size), false};
    k->lack = sw_guard(SW_POOL_NONE, take_header, &piece);
    return k->lack == SW_LACK_NONE ? n * size : 0;
}

static bool has_line_break(SwStr s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0)
            return true;
    return false;
}

/* -1: a header that cannot be sent. *ret_l is the caller's to free in any case. */
static int header_lines(SwArena *a, const SwHttpCall *c, struct curl_slist **ret_l, SwError *err) {
    struct curl_slist *l = *ret_l = curl_slist_append(NULL, "Expect:");
    if (!sw_header_find(&c->headers, "Content-Type").p)
        l = curl_slist_append(l, "Content-Type:");
    for (size_t i = 0; i < c->headers.n; i++) {
        SwHeader h = c->headers.v[i];
        if (h.name.n == 0 || has_line_break(h.name) || has_line_break(h.value))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION, "A header of the request is malformed: %.*s", SW_FMT(h.name));
        SwStr line =
            h.value.n ? sw_strf(a, "%.*s: %.*s", SW_FMT(h.name), SW_FMT(h.value)) : sw_strf(a, "%.*s;", SW_FMT(h.name));
        l = curl_slist_append(l, sw_str_z(a, line));
    }
    if (!l)
        sw_no_memory(SW_LACK_MACHINE);
    return 0;
}

static void set_method(CURL *h, SwArena *a, const SwHttpCall *c) {
    bool get = sw_str_eqz(c->method, "GET") || !c->method.n, head = sw_str_eqz(c->method, "HEAD");
    if (head)
        curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
    else if (get && !c->body.n)
        curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
    if (!head &&
        (c->body.n || sw_str_eqz(c->method, "POST") || sw_str_eqz(c->method, "PUT") || sw_str_eqz(c->method, "PATCH"))) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.n);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, c->body.n ? c->body.p : "");
    }
    if (!head && !(get && !c->body.n) && !sw_str_eqz(c->method, "POST"))
        curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, sw_str_z(a, c->method));
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to) {
    Call *k = arg;
    curl_socket_t fd = sw_guard_open_socket(&k->own_port, (int)purpose, to);
    k->refused |= fd == CURL_SOCKET_BAD;
    return fd;
}

/* A text of anchors takes the place of libcurl's file of them, so that the system's are put before it. */
static SwStr anchors(SwArena *a, SwStr own) {
    const char *const places[] = {getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt" /* Debian, Arch */,
                                  "/etc/pki/tls/certs/ca-bundle.crt" /* Fedora */, "/etc/ssl/ca-bundle.pem" /* SUSE */,
                                  "/etc/ssl/cert.pem" /* Alpine, BSD */};
    SwError ignored = sw_error(a);
    SwStr system;
    for (size_t i = 0; i < SW_N(places); i++)
        if (places[i] && sw_exists(places[i]) && sw_file_read(a, places[i], ANCHORS_MAX, &system, &ignored) == 0)
            return sw_cat(a, system, SW_STR("\n"), own);
    return own;
}

static void set_options(CURL *h, SwArena *a, const SwHttpCall *c, Call *k) {
    curl_easy_setopt(h, CURLOPT_URL, sw_str_z(a, c->url));
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, k->text);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)(c->connect_timeout_ms ? c->connect_timeout_ms : 5000));
    if (c->timeout_ms >= 0)
        curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)(c->timeout_ms ? c->timeout_ms : 30000));
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, k);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, k);
    if (c->guarded_port) {
        k->own_port = c->guarded_port;
        curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, k);
        curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L); /* none that was made without the question */
        curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L);
    }
    if (c->follow) {
        curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(h, CURLOPT_MAXREDIRS, 5L);
        curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    }
    if (c->any_certificate) {
        curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (c->ca_pem) {
        SwStr all = anchors(a, sw_str(c->ca_pem));
        struct curl_blob blob = {.data = (void *)(uintptr_t)all.p, .len = all.n, .flags = CURL_BLOB_NOCOPY};
        curl_easy_setopt(h, CURLOPT_CAINFO_BLOB, &blob);
    }
}

static int explain(const Call *k, CURLcode rc, SwError *err) {
    const char *cause = k->text[0] ? k->text : curl_easy_strerror(rc);
    const char *what = "The peer failed";
    switch ((int)rc) {
    case CURLE_COULDNT_RESOLVE_HOST: what = "The name cannot be resolved"; break;
    case CURLE_COULDNT_CONNECT: what = "The connection failed"; break;
    case CURLE_OPERATION_TIMEDOUT: what = "The time-out elapsed"; break;
    case CURLE_PEER_FAILED_VERIFICATION: what = "The peer's certificate is not trusted"; break;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: what = "The URL cannot be used"; break;
    case CURLE_TOO_MANY_REDIRECTS: what = "There were too many redirects"; break;
    default: break;
    }
    return sw_fail_cause(err, &SW_SERVICE_UNAVAILABLE, cause, "%s: %.*s", what, SW_FMT(k->c->url));
}

static void lines_freep(struct curl_slist **l) {
    curl_slist_free_all(*l);
}

static void handle_dropp(CURL **h) {
    if (*h)
        curl_easy_cleanup(*h);
}

int sw_http_fetch(SwArena *a, const SwHttpCall *c, SwWireMessage *ret_m, bool *ret_timeout, SwError *err) {
    __attribute__((cleanup(lines_freep))) struct curl_slist *lines = NULL;
    __attribute__((cleanup(handle_dropp))) CURL *h = NULL;
    SW_ACTS_OUTSIDE();
    Call *k = sw_new(a, Call);
    *ret_m = (SwWireMessage){0};
    if (ret_timeout)
        *ret_timeout = false;
    if (has_line_break(c->url) || has_line_break(c->method) || !c->url.n)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "The URL or method is malformed");
    if (header_lines(a, c, &lines, err) < 0)
        return -1;
    k->arena = a;
    k->c = c;
    k->m = ret_m;
    k->max = c->max ? c->max : c->sink ? SIZE_MAX : BODY_MAX;
    k->body = sw_buf(a, k->max);
    k->sink_error = sw_error(a);
    h = handle_take();
    if (!h)
        return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "The HTTP client cannot be set up");
    set_options(h, a, c, k);
    set_method(h, a, c);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, lines);
    CURLcode rc = curl_easy_perform(h);
    long status = 0;
    (void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    handle_give(h);
    h = NULL;
    if (k->lack != SW_LACK_NONE)
        sw_no_memory(k->lack);
    ret_m->status = (uint16_t)status;
    ret_m->body = c->sink ? SW_NO_STR : sw_buf_str(&k->body);
    if (rc == CURLE_OK)
        return 0;
    if (ret_timeout)
        *ret_timeout = rc == CURLE_OPERATION_TIMEDOUT;
    if (k->too_large)
        return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "The reply is larger than %zu bytes: %.*s", k->max, SW_FMT(c->url));
    if (k->sink_error.kind) {
        *err = k->sink_error;
        return -1;
    }
    if (k->refused)
        return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "The address is one that Slipway does not connect to for others: %.*s",
                       SW_FMT(c->url));
    return explain(k, rc, err);
}
