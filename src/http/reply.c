/* SPDX-License-Identifier: Apache-2.0 */

/* Replies. A small one leaves in one system call, head and body together; a file by sendfile; a callback's bytes as soon
 * as it hands them over, so that live output reaches the client promptly. */

#include "http/conn.h"

#include <stdio.h>
#include <time.h>

#define HEAD_OUT_MAX (256 * SW_KIB)
#define PIECE        (32 * SW_KIB)

static const char *reason(unsigned status) {
    static const struct {
        uint16_t status;
        const char *text;
    } table[] = {
        {100, "Continue"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < SW_N(table); i++)
        if (table[i].status == status)
            return table[i].text;
    return "Status";
}

bool sw_reply_continue(SwConn *c) {
    struct iovec v = {(void *)(uintptr_t) "HTTP/1.1 100 Continue\r\n\r\n", 25};
    return sw_io_writev(&c->io, &v, 1, false) == 0;
}

void sw_reply_refusal(SwConn *c, uint16_t status, const char *why) {
    SwHttpRequest *rq = &c->rq;
    const char *type = status == 413 ? "RequestEntityTooLargeException" : status >= 500 ? "NotImplemented" : "BadRequest";
    rq->reply = (SwWireMessage){.status = status};
    rq->reply.body = sw_strf(rq->arena, "{\"__type\":\"%s\",\"message\":\"%s\"}\n", type, why);
    sw_header_add(rq->arena, &rq->reply.headers, SW_STR("Content-Type"), SW_STR("application/json"));
    rq->close = true;
}

/* The clock's second as a header value, made once a second. */
static const char *date(SwConn *c) {
    SwClock *clock = c->server->o.clock;
    struct timespec ts;
    if (clock)
        ts.tv_sec = (time_t)(sw_clock_now(clock) / SW_S);
    else
        clock_gettime(CLOCK_REALTIME_COARSE, &ts);
    if (ts.tv_sec != c->date_s || !c->date[0]) {
        static const char *const day[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        struct tm t;
        gmtime_r(&ts.tv_sec, &t);
        (void)snprintf(c->date, sizeof c->date, "%s, %02d %s %04d %02d:%02d:%02d GMT", day[t.tm_wday], t.tm_mday,
                       month[t.tm_mon], (t.tm_year + 1900) % 10000, t.tm_hour, t.tm_min, t.tm_sec);
        c->date_s = ts.tv_sec;
    }
    return c->date;
}

/* A value from a handler may come from a client: nothing in it may end the line. */
static void add_line(SwBuf *b, SwStr name, SwStr value) {
    if (!sw_http_is_token(name))
        return;
    sw_buf_adds(b, name);
    sw_buf_add(b, ": ", 2);
    size_t at = b->n;
    sw_buf_adds(b, value);
    for (size_t i = at; i < b->n; i++)
        if (((unsigned char)b->p[i] < 0x20 && b->p[i] != '\t') || b->p[i] == 0x7f)
            b->p[i] = ' ';
    sw_buf_add(b, "\r\n", 2);
}

static bool is_bodyless(unsigned status) {
    return status < 200 || status == 204 || status == 304;
}

/* Length of the reply's body as far as it is known, else -1. */
static int64_t known_length(const SwWireMessage *r) {
    if (!r->stream.set)
        return (int64_t)r->body.n;
    if (!r->stream.read && r->stream.data.p)
        return (int64_t)r->stream.data.n;
    return r->stream.size;
}

static bool is_own_header(SwStr name, bool keep_length) {
    return sw_str_ieq(name, SW_STR("Connection")) || sw_str_ieq(name, SW_STR("Transfer-Encoding")) ||
           (!keep_length && sw_str_ieq(name, SW_STR("Content-Length")));
}

static void add_length(SwBuf *b, int64_t length) {
    sw_buf_addz(b, "Content-Length: ");
    sw_buf_addi(b, length);
    sw_buf_addz(b, "\r\n");
}

static void build_head(SwConn *c, SwBuf *b, bool head_only, bool keep, int64_t length, bool chunked) {
    const SwWireMessage *r = &c->rq.reply;
    bool own_date = false, own_length = false;
    sw_buf_addz(b, "HTTP/1.1 ");
    sw_buf_addi(b, r->status);
    sw_buf_addc(b, ' ');
    sw_buf_addz(b, reason(r->status));
    sw_buf_addz(b, "\r\n");
    for (size_t i = 0; i < r->headers.n; i++) {
        SwStr name = r->headers.v[i].name;
        if (is_own_header(name, head_only && r->status != 204))
            continue;
        own_date |= sw_str_ieq(name, SW_STR("Date"));
        own_length |= sw_str_ieq(name, SW_STR("Content-Length"));
        add_line(b, name, r->headers.v[i].value);
    }
    if (!own_date)
        add_line(b, SW_STR("Date"), sw_str(date(c)));
    if (chunked)
        sw_buf_addz(b, "Transfer-Encoding: chunked\r\n");
    else if (length >= 0 && !own_length && !is_bodyless(r->status))
        add_length(b, length);
    if (!keep)
        sw_buf_addz(b, "Connection: close\r\n");
    else if (c->head.minor == 0)
        sw_buf_addz(b, "Connection: keep-alive\r\n");
    sw_buf_add(b, "\r\n", 2);
}

static bool send_two(SwConn *c, SwStr head, SwStr body) {
    struct iovec v[] = {{(void *)(uintptr_t)head.p, head.n}, {(void *)(uintptr_t)body.p, body.n}};
    c->rq.sent += (int64_t)body.n;
    return sw_io_writev(&c->io, v, 2, false) == 0;
}

/* What `read` makes, piece by piece: with a length, in chunks, or up to the end of the connection. */
static bool send_callback(SwConn *c, int64_t length, bool chunked) {
    const SwStream *s = &c->rq.reply.stream;
    char *p = sw_arena_alloc(c->out, PIECE), size[24];
    for (;;) {
        ssize_t k = s->read(s->arg, p, PIECE);
        if (k < 0 || (length >= 0 && c->rq.sent + SW_MAX(k, 0) > length))
            return false;
        if (k == 0)
            break;
        int n = chunked ? snprintf(size, sizeof size, "%zx\r\n", (size_t)k) : 0;
        struct iovec v[] = {{size, (size_t)n}, {p, (size_t)k}, {(void *)(uintptr_t) "\r\n", chunked ? 2 : 0}};
        if (sw_io_writev(&c->io, v, 3, false) != 0)
            return false;
        c->rq.sent += k;
    }
    if (length >= 0)
        return c->rq.sent == length;
    struct iovec end = {(void *)(uintptr_t) "0\r\n\r\n", 5};
    return !chunked || sw_io_writev(&c->io, &end, 1, false) == 0;
}

static bool send_stream(SwConn *c, SwStr head, int64_t length, bool chunked) {
    const SwStream *s = &c->rq.reply.stream;
    if (!s->read && s->data.p)
        return send_two(c, head, s->data);
    struct iovec v = {(void *)(uintptr_t)head.p, head.n};
    if (sw_io_writev(&c->io, &v, 1, !s->read && length > 0) != 0)
        return false;
    if (s->read)
        return send_callback(c, length, chunked);
    int64_t sent;
    int rc = sw_io_send_file(&c->io, s->file, s->offset, length, &sent);
    c->rq.sent += sent;
    return rc == 0;
}

bool sw_reply_send(SwConn *c, bool keep) {
    SwWireMessage *r = &c->rq.reply;
    if (r->status < 200 || r->status > 999)
        sw_reply_refusal(c, 500, "no reply was made");
    bool head_only = sw_str_eqz(c->rq.m.method, "HEAD") || is_bodyless(r->status);
    int64_t length = known_length(r);
    bool chunked = length < 0 && c->head.minor > 0 && !head_only;
    keep = keep && !c->rq.close && (length >= 0 || chunked || head_only);
    c->rq.close = !keep;
    sw_arena_reset(c->out);
    SwBuf b = sw_buf(c->out, HEAD_OUT_MAX);
    build_head(c, &b, head_only, keep, length, chunked);
    if (b.full) {
        sw_reply_refusal(c, 500, "the reply's head is too large");
        sw_buf_reset(&b);
        b.full = false;
        length = (int64_t)r->body.n;
        build_head(c, &b, head_only, false, length, false);
    }
    if (head_only)
        return send_two(c, sw_buf_str(&b), SW_NO_STR);
    return r->stream.set ? send_stream(c, sw_buf_str(&b), length, chunked) : send_two(c, sw_buf_str(&b), r->body);
}
