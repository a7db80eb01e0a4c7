/* SPDX-License-Identifier: Apache-2.0 */

/* Strict parsing of request heads. The text is first cut into lines at CR LF (nothing else ends one), each line is
 * checked byte by byte, and only then do the few headers that govern framing get a meaning. */

#include "http/head.h"

ssize_t sw_head_end(const char *p, size_t n, size_t *scan) {
    for (;;) {
        const char *lf = *scan < n ? memchr(p + *scan, '\n', n - *scan) : NULL;
        if (!lf) {
            *scan = n;
            return n > SW_HEAD_MAX ? -1 : 0;
        }
        size_t at = (size_t)(lf - p);
        if (at == 0 || p[at - 1] != '\r')
            return -1;
        *scan = at + 1;
        if (at + 1 > SW_HEAD_MAX)
            return -1;
        if (at >= 3 && p[at - 2] == '\n')
            return (ssize_t)(at + 1);
    }
}

bool sw_http_is_token(SwStr s) {
    return s.n > 0 && sw_str_all(s, "a-zA-Z0-9!#$%&'*+.^_`|~-");
}

bool sw_http_list_has(SwStr list, const char *word) {
    SwStr part;
    while (sw_str_next(&list, ',', &part))
        if (sw_str_ieq(sw_str_trim(part), sw_str(word)))
            return true;
    return false;
}

static SwStr trim_ows(SwStr s) {
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s.p++, s.n--;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static bool next_line(SwStr *rest, SwStr *ret_line) {
    const char *lf = memchr(rest->p, '\n', rest->n);
    if (!lf || lf == rest->p || lf[-1] != '\r')
        return false;
    size_t n = (size_t)(lf - rest->p);
    *ret_line = sw_str_n(rest->p, n - 1);
    rest->p += n + 1;
    rest->n -= n + 1;
    return true;
}

/* origin-form "/path?query", or absolute-form, whose authority then stands for Host. */
static int parse_target(SwStr t, SwHead *h, SwStr *ret_authority, const char **ret_why) {
    *ret_why = "malformed request target";
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c <= 0x20 || c == 0x7f || c == '#')
            return 400;
    }
    *ret_authority = SW_NO_STR;
    if (t.n && t.p[0] != '/') {
        size_t skip = t.n > 7 && sw_str_ieq(sw_str_n(t.p, 7), SW_STR("http://"))    ? 7
                      : t.n > 8 && sw_str_ieq(sw_str_n(t.p, 8), SW_STR("https://")) ? 8
                                                                                    : 0;
        if (!skip)
            return 400;
        t.p += skip, t.n -= skip;
        size_t n = 0;
        while (n < t.n && t.p[n] != '/' && t.p[n] != '?')
            n++;
        *ret_authority = sw_str_n(t.p, n);
        t.p += n, t.n -= n;
        if (n == 0)
            return 400;
    }
    size_t q = t.n;
    if (sw_str_find(t, '?', &q))
        h->query = sw_str_n(t.p + q + 1, t.n - q - 1);
    h->path = q ? sw_str_n(t.p, q) : SW_STR("/");
    return 0;
}

static int parse_request_line(SwStr line, SwHead *h, SwStr *ret_authority, const char **ret_why) {
    size_t a, b;
    *ret_why = "malformed request line";
    if (!sw_str_find(line, ' ', &a) || !sw_str_rfind(line, ' ', &b) || b == a)
        return 400;
    h->method = sw_str_n(line.p, a);
    SwStr version = sw_str_skip(line, b + 1);
    if (!sw_http_is_token(h->method) || h->method.n > 32)
        return 400;
    if (version.n != 8 || memcmp(version.p, "HTTP/", 5) != 0 || version.p[6] != '.')
        return 400;
    if (version.p[5] != '1' || (version.p[7] != '0' && version.p[7] != '1')) {
        *ret_why = "a version of HTTP that is not spoken here";
        return 505;
    }
    h->minor = version.p[7] - '0';
    return parse_target(sw_str_n(line.p + a + 1, b - a - 1), h, ret_authority, ret_why);
}

static int parse_header(SwStr line, SwHeader *ret, const char **ret_why) {
    size_t colon;
    *ret_why = "malformed header line";
    if (line.p[0] == ' ' || line.p[0] == '\t') {
        *ret_why = "folded header line";
        return 400;
    }
    if (!sw_str_find(line, ':', &colon))
        return 400;
    ret->name = sw_str_n(line.p, colon);
    ret->value = trim_ows(sw_str_skip(line, colon + 1));
    if (!sw_http_is_token(ret->name))
        return 400;
    for (size_t i = 0; i < ret->value.n; i++) {
        unsigned char c = (unsigned char)ret->value.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            *ret_why = "control character in a header";
            return 400;
        }
    }
    return 0;
}

/* The only line of that name; false when there are several. */
static bool single(const SwHeaderList *l, const char *name, SwStr *ret) {
    SwStr n = sw_str(name);
    int seen = 0;
    *ret = SW_NO_STR;
    for (size_t i = 0; i < l->n; i++)
        if (sw_str_ieq(l->v[i].name, n)) {
            *ret = l->v[i].value;
            seen++;
        }
    return seen < 2;
}

static int parse_length(SwHead *h, const char **ret_why) {
    SwStr v;
    h->length = -1;
    *ret_why = "several Content-Length headers";
    if (!single(&h->headers, "Content-Length", &v))
        return 400;
    if (!v.p)
        return 0;
    *ret_why = "malformed Content-Length";
    if (v.n == 0 || v.n > 18)
        return 400;
    h->length = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return 400;
        h->length = h->length * 10 + (v.p[i] - '0');
    }
    return 0;
}

static int parse_framing(SwHead *h, const char **ret_why) {
    int status = parse_length(h, ret_why);
    if (status)
        return status;
    SwStr te;
    bool one = single(&h->headers, "Transfer-Encoding", &te);
    if (!te.p)
        return 0;
    *ret_why = "Transfer-Encoding beside Content-Length, in HTTP/1.0, or twice";
    if (!one || h->length >= 0 || h->minor == 0)
        return 400;
    *ret_why = "the only transfer coding known here is chunked";
    if (!sw_str_ieq(te, SW_STR("chunked")))
        return 501;
    h->chunked = true;
    return 0;
}

/* Several lines of one list are one line (RFC 9110 5.3), for whoever reads it later too. Joined without a space, as a
 * signature has them. */
static SwStr join_lines(SwArena *a, SwHeaderList *l, const char *name) {
    SwBuf joined = sw_buf(a, SW_MIB);
    size_t kept = 0, first = 0, lines = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (sw_str_ieq(l->v[i].name, sw_str(name))) {
            if (lines++)
                sw_buf_addc(&joined, ',');
            sw_buf_adds(&joined, l->v[i].value);
            if (lines > 1)
                continue;
            first = kept;
        }
        l->v[kept++] = l->v[i];
    }
    sw_list_cut(l, kept);
    if (lines > 1)
        l->v[first].value = sw_buf_str(&joined);
    return lines ? l->v[first].value : SW_NO_STR;
}

/* Undone is one coding of those zlib knows. aws-chunked is the wire's business: with it nothing is touched here. */
static void parse_coding(SwArena *a, SwHead *h) {
    SwStr ce = join_lines(a, &h->headers, "Content-Encoding"), rest = ce, part;
    SwStr coding = SW_NO_STR;
    if (sw_http_list_has(ce, "aws-chunked"))
        return;
    while (sw_str_next(&rest, ',', &part)) {
        part = sw_str_trim(part);
        if (part.n == 0 || sw_str_ieq(part, SW_STR("identity")))
            continue;
        h->coding_unknown |= coding.p != NULL;
        coding = part;
    }
    if (sw_str_ieq(coding, SW_STR("gzip")) || sw_str_ieq(coding, SW_STR("x-gzip")) || sw_str_ieq(coding, SW_STR("deflate")))
        h->coding = coding;
    else
        h->coding_unknown |= coding.p != NULL;
    if (h->coding_unknown)
        h->coding = SW_NO_STR;
}

static int parse_connection(SwHead *h, const char **ret_why) {
    bool keep = h->minor == 1;
    for (size_t i = 0; i < h->headers.n; i++) {
        const SwHeader *l = &h->headers.v[i];
        if (!sw_str_ieq(l->name, SW_STR("Connection")))
            continue;
        if (sw_http_list_has(l->value, "close"))
            h->close = true;
        if (sw_http_list_has(l->value, "keep-alive"))
            keep = true;
    }
    h->close = h->close || !keep;
    SwStr expect = sw_header_find(&h->headers, "Expect");
    if (!expect.p || h->minor == 0)
        return 0;
    *ret_why = "the only expectation known here is 100-continue";
    h->expect_continue = sw_str_ieq(expect, SW_STR("100-continue"));
    return h->expect_continue ? 0 : 417;
}

static int parse_host(SwArena *a, SwHead *h, SwStr authority, const char **ret_why) {
    SwStr host;
    *ret_why = "there must be one Host header";
    if (!single(&h->headers, "Host", &host))
        return 400;
    if (authority.p) /* RFC 9112 3.2.2: the target's authority replaces what Host says */
        sw_header_set(a, &h->headers, SW_STR("Host"), authority);
    else if (!host.p && h->minor == 1)
        return 400;
    return 0;
}

static size_t count_lines(SwStr text) {
    size_t n = 0;
    for (const char *p = text.p, *end = text.p + text.n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        n++;
    return n;
}

int sw_head_parse(SwArena *a, SwStr text, SwHead *ret_h, const char **ret_why) {
    SwStr line, authority;
    *ret_h = (SwHead){.length = -1};
    *ret_why = "malformed request";
    size_t lines = count_lines(text);
    if (lines > SW_HEAD_LINES_MAX + 2) {
        *ret_why = "too many header lines";
        return 431;
    }
    if (!next_line(&text, &line))
        return 400;
    int status = parse_request_line(line, ret_h, &authority, ret_why);
    while (!status && next_line(&text, &line) && line.n)
        status = parse_header(line, sw_list_add(a, &ret_h->headers), ret_why);
    if (!status)
        status = parse_host(a, ret_h, authority, ret_why);
    if (!status)
        status = parse_framing(ret_h, ret_why);
    if (!status)
        parse_coding(a, ret_h);
    if (!status)
        status = parse_connection(ret_h, ret_why);
    return status;
}
