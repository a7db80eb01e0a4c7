/* SPDX-License-Identifier: Apache-2.0 */

/* A rule's conditions in HAProxy's words. Every wildcard becomes an anchored regular expression in
 * which all but letters and digits is escaped, inside single quotes, so that no value can be read
 * as configuration. */

#include <arpa/inet.h>
#include <ctype.h>

#include "proxy/internal.h"

bool proxy_is_token(SwStr s) {
    return s.n > 0 && sw_str_all(s, "a-zA-Z0-9!#$%&'*+.^_`|~-");
}

bool proxy_is_text(SwStr s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return true;
}

static void quote(SwBuf *b, SwStr s, bool format) {
    sw_buf_addc(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            sw_buf_addz(b, "'\\''");
        else if (s.p[i] == '%' && format)
            sw_buf_addz(b, "%%");
        else
            sw_buf_addc(b, s.p[i]);
    }
    sw_buf_addc(b, '\'');
}

void proxy_quote(SwBuf *b, SwStr s) {
    quote(b, s, false);
}

void proxy_quote_format(SwBuf *b, SwStr s) {
    quote(b, s, true);
}

/* Wildcards to a regular expression without anchors; `any` is what '*' and '?' stand for. Nothing
 * that it writes needs quoting beyond single quotes. */
static void add_wildcard(SwBuf *b, SwStr s, const char *any) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '*')
            sw_buf_addf(b, "%s*", any);
        else if (c == '?')
            sw_buf_addz(b, any);
        else if (isalnum(c) || c == '/' || c == '_' || c == '-')
            sw_buf_addc(b, (char)c);
        else
            sw_buf_addf(b, "\\x%02x", c);
    }
}

static void add_wildcards(SwBuf *b, const char *fetch, const char *flags, const SwStrList *values) {
    sw_buf_addf(b, " { %s -m reg%s --", fetch, flags);
    for (size_t i = 0; i < values->n; i++) {
        sw_buf_addz(b, " '^");
        add_wildcard(b, values->v[i], ".");
        sw_buf_addz(b, "$'");
    }
    sw_buf_addz(b, " }");
}

static void add_query(SwBuf *b, const SwProxyCondition *c) {
    sw_buf_addz(b, " { query -m reg -i --");
    for (size_t i = 0; i < c->query.n; i++) {
        sw_buf_addz(b, " '(^|&)");
        if (sw_str_is(c->query.v[i].key)) {
            add_wildcard(b, c->query.v[i].key, "[^&=]");
            sw_buf_addc(b, '=');
        } else {
            sw_buf_addz(b, "([^&=]*=)?");
        }
        add_wildcard(b, c->query.v[i].value, "[^&]");
        sw_buf_addz(b, "(&|$)'");
    }
    sw_buf_addz(b, " }");
}

static void add_words(SwBuf *b, const char *fetch, const SwStrList *values) {
    sw_buf_addf(b, " { %s --", fetch);
    for (size_t i = 0; i < values->n; i++) {
        sw_buf_addc(b, ' ');
        proxy_quote(b, values->v[i]);
    }
    sw_buf_addz(b, " }");
}

void proxy_conditions(SwBuf *b, const SwProxyRule *r) {
    for (size_t i = 0; i < r->conditions.n; i++) {
        const SwProxyCondition *c = &r->conditions.v[i];
        switch (c->field) {
        case SW_MATCH_HOST: add_wildcards(b, "req.hdr(host),field(1,:)", " -i", &c->values); break;
        case SW_MATCH_PATH: add_wildcards(b, "path", "", &c->values); break;
        case SW_MATCH_HEADER:
            add_wildcards(b, sw_str_z(b->arena, sw_strf(b->arena, "'req.fhdr(%.*s)'", SW_FMT(c->header))), " -i", &c->values);
            break;
        case SW_MATCH_METHOD: add_words(b, "method -m str", &c->values); break;
        case SW_MATCH_QUERY: add_query(b, c); break;
        case SW_MATCH_SOURCE_IP: add_words(b, "src", &c->values); break;
        }
    }
}

static bool is_cidr(SwStr s) {
    SwStr addr = s, rest = s;
    uint64_t bits = 0;
    char z[INET6_ADDRSTRLEN];
    struct in6_addr bin;
    bool has_bits = sw_str_cut(&rest, '/', &addr);

    if (addr.n >= sizeof(z) || (has_bits && !sw_str_to_u64(rest, &bits)))
        return false;
    memcpy(z, addr.p, addr.n);
    z[addr.n] = 0;
    if (inet_pton(AF_INET, z, &bin) == 1)
        return bits <= 32;
    return inet_pton(AF_INET6, z, &bin) == 1 && bits <= 128;
}

static int check_value(const SwProxyCondition *c, SwStr v, SwError *err) {
    if (!sw_str_is(v) || v.n > 256 || !proxy_is_text(v))
        return sw_fail(err, &SW_PROXY_INVALID, "Condition value '%.*s' is not valid", SW_FMT(v));
    if (c->field == SW_MATCH_METHOD && !proxy_is_token(v))
        return sw_fail(err, &SW_PROXY_INVALID, "HTTP request method '%.*s' is not valid", SW_FMT(v));
    if (c->field == SW_MATCH_SOURCE_IP && !is_cidr(v))
        return sw_fail(err, &SW_PROXY_INVALID, "'%.*s' is not a CIDR block", SW_FMT(v));
    return 0;
}

static int check_condition(const SwProxyCondition *c, SwError *err) {
    if ((c->field == SW_MATCH_QUERY ? c->query.n : c->values.n) == 0)
        return sw_fail(err, &SW_PROXY_INVALID, "A condition must have at least one value");
    if (c->field == SW_MATCH_HEADER && (!proxy_is_token(c->header) || sw_str_contains(c->header, SW_STR("'"))))
        return sw_fail(err, &SW_PROXY_INVALID, "HTTP header name '%.*s' is not valid", SW_FMT(c->header));
    for (size_t i = 0; c->field != SW_MATCH_QUERY && i < c->values.n; i++)
        if (check_value(c, c->values.v[i], err) < 0)
            return -1;
    for (size_t i = 0; c->field == SW_MATCH_QUERY && i < c->query.n; i++) {
        if (check_value(c, c->query.v[i].value, err) < 0)
            return -1;
        if (sw_str_is(c->query.v[i].key) && check_value(c, c->query.v[i].key, err) < 0)
            return -1;
    }
    return 0;
}

static int check_action(const SwProxyRule *r, SwError *err) {
    const SwProxyAction *x = &r->action;
    const SwStr text[] = {x->protocol, x->host, x->port, x->path, x->query, x->content_type};

    for (size_t i = 0; i < SW_N(text); i++)
        if (!proxy_is_text(text[i]) || text[i].n > 1024)
            return sw_fail(err, &SW_PROXY_INVALID, "An action of rule '%.*s' holds a value that is not valid", SW_FMT(r->id));
    if (x->kind == SW_ACT_FORWARD && x->forward.n == 0)
        return sw_fail(err, &SW_PROXY_INVALID, "The forward action of rule '%.*s' names no target group", SW_FMT(r->id));
    if (x->kind == SW_ACT_REDIRECT && x->status != 301 && x->status != 302)
        return sw_fail(err, &SW_PROXY_INVALID, "Redirect status %d is not valid", x->status);
    if (x->kind == SW_ACT_FIXED && (x->status < 200 || x->status > 599 || x->body.n > 8 * SW_KIB))
        return sw_fail(err, &SW_PROXY_INVALID, "The fixed response of rule '%.*s' is not valid", SW_FMT(r->id));
    return 0;
}

int proxy_check_rule(const SwProxyRule *r, SwError *err) {
    for (size_t i = 0; i < r->conditions.n; i++)
        if (check_condition(&r->conditions.v[i], err) < 0)
            return -1;
    return check_action(r, err);
}
