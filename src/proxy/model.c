/* SPDX-License-Identifier: Apache-2.0 */

/* Is a model sound? Checked before a byte of configuration is written, so that HAProxy's own parser
 * only ever refuses what lies outside the model (a certificate's content, say). */

#include <arpa/inet.h>
#include <ctype.h>

#include "proxy/internal.h"

const SwErrorKind SW_PROXY_PORT_IN_USE = {.code = "ProxyPortInUse", .http = 400};
const SwErrorKind SW_PROXY_PORT_CONFLICT = {.code = "ProxyPortConflict", .http = 400};
const SwErrorKind SW_PROXY_INVALID = {.code = "ProxyInvalid", .http = 400};
const SwErrorKind SW_PROXY_UNAVAILABLE = {.code = "ProxyUnavailable", .http = 500, .retryable = true};

static int check_id(const char *what, SwStr id, SwError *err) {
    bool good = id.n >= 1 && id.n <= 96 && sw_str_all(id, "a-zA-Z0-9_.-");

    return good ? 0 : sw_fail(err, &SW_PROXY_INVALID, "The %s id '%.*s' is not valid", what, SW_FMT(id));
}

static bool is_address(SwStr s) {
    char z[INET6_ADDRSTRLEN];
    struct in6_addr bin;

    if (s.n == 0 || s.n >= sizeof(z))
        return false;
    memcpy(z, s.p, s.n);
    z[s.n] = 0;
    return inet_pton(AF_INET, z, &bin) == 1 || inet_pton(AF_INET6, z, &bin) == 1;
}

static bool is_host(SwStr s) {
    return s.n >= 1 && s.n <= 255 && s.p[0] != '-' && sw_str_all(s, "a-zA-Z0-9._-");
}

static int check_group(const SwProxyTargetGroup *g, SwError *err) {
    if (check_id("target group", g->id, err) < 0)
        return -1;
    if (g->stickiness == SW_STICKY_APP_COOKIE &&
        (!proxy_is_token(g->app_cookie) || sw_str_contains(g->app_cookie, SW_STR("'")) ||
         sw_str_contains(g->app_cookie, SW_STR("#"))))
        return sw_fail(err, &SW_PROXY_INVALID, "Cookie name '%.*s' is not valid", SW_FMT(g->app_cookie));
    for (size_t i = 0; i < g->targets.n; i++) {
        const SwProxyTarget *t = &g->targets.v[i];
        if (!is_address(t->address) || t->port == 0 || t->weight > 256)
            return sw_fail(err, &SW_PROXY_INVALID, "Target '%.*s:%u' is not valid", SW_FMT(t->address), t->port);
        for (size_t k = 0; k < i; k++)
            if (g->targets.v[k].port == t->port && sw_str_eq(g->targets.v[k].address, t->address))
                return sw_fail(err, &SW_PROXY_INVALID, "Target '%.*s:%u' is registered twice", SW_FMT(t->address), t->port);
    }
    return 0;
}

static const SwProxyTargetGroup *find_group(const SwProxyConfig *c, SwStr id) {
    for (size_t i = 0; i < c->groups.n; i++)
        if (sw_str_eq(c->groups.v[i].id, id))
            return &c->groups.v[i];
    return NULL;
}

static bool carries(SwProxyProtocol listener, SwProxyProtocol group) {
    bool li = listener == SW_PROXY_HTTP || listener == SW_PROXY_HTTPS;
    bool tg = group == SW_PROXY_HTTP || group == SW_PROXY_HTTPS;
    return li == tg;
}

static int check_forward(const SwProxyConfig *c, const SwProxyListener *li, const SwProxyRule *r, SwError *err) {
    for (size_t i = 0; r->action.kind == SW_ACT_FORWARD && i < r->action.forward.n; i++) {
        const SwProxyTargetGroup *g = find_group(c, r->action.forward.v[i].group);
        if (!g)
            return sw_fail(err, &SW_PROXY_INVALID, "Rule '%.*s' forwards to target group '%.*s', which does not exist",
                           SW_FMT(r->id), SW_FMT(r->action.forward.v[i].group));
        if (!carries(li->protocol, g->protocol))
            return sw_fail(err, &SW_PROXY_INVALID, "The protocols of listener '%.*s' and target group '%.*s' do not match",
                           SW_FMT(li->id), SW_FMT(g->id));
    }
    return 0;
}

static int check_certs(SwArena *a, const SwProxyListener *li, SwError *err) {
    bool tls = li->protocol == SW_PROXY_HTTPS || li->protocol == SW_PROXY_TLS;

    if (tls && li->certs.n == 0)
        return sw_fail(err, &SW_PROXY_INVALID, "Listener '%.*s' has no certificate", SW_FMT(li->id));
    if (tls && sw_str_is(li->tls_min) && !sw_str_eqz(li->tls_min, "TLSv1.2") && !sw_str_eqz(li->tls_min, "TLSv1.3"))
        return sw_fail(err, &SW_PROXY_INVALID, "TLS version '%.*s' is not valid", SW_FMT(li->tls_min));
    for (size_t i = 0; tls && i < li->certs.n; i++)
        if (!proxy_is_text(li->certs.v[i]) || access(sw_str_z(a, li->certs.v[i]), R_OK) < 0)
            return sw_fail(err, &SW_PROXY_INVALID, "Certificate '%.*s' cannot be read", SW_FMT(li->certs.v[i]));
    return 0;
}

static int check_listener(SwArena *a, const SwProxyConfig *c, const SwProxyListener *li, SwError *err) {
    bool tcp = li->protocol == SW_PROXY_TCP || li->protocol == SW_PROXY_TLS;

    if (check_id("listener", li->id, err) < 0 || check_certs(a, li, err) < 0)
        return -1;
    if (li->port == 0)
        return sw_fail(err, &SW_PROXY_INVALID, "Port 0 is not valid");
    if (tcp && (li->rules.n != 1 || li->rules.v[0].conditions.n || li->rules.v[0].action.kind != SW_ACT_FORWARD ||
                li->rules.v[0].action.forward.n != 1))
        return sw_fail(err, &SW_PROXY_INVALID, "Listener '%.*s' must forward to exactly one target group", SW_FMT(li->id));
    for (size_t r = 0; r < li->rules.n; r++)
        if (check_id("rule", li->rules.v[r].id, err) < 0 || proxy_check_rule(&li->rules.v[r], err) < 0 ||
            check_forward(c, li, &li->rules.v[r], err) < 0)
            return -1;
    return 0;
}

int proxy_check_model(SwArena *a, const SwProxyConfig *c, SwError *err) {
    for (size_t i = 0; i < c->bind.n; i++)
        if (!is_address(c->bind.v[i]))
            return sw_fail(err, &SW_PROXY_INVALID, "Address '%.*s' is not valid", SW_FMT(c->bind.v[i]));
    for (size_t i = 0; i < c->groups.n; i++)
        if (check_group(&c->groups.v[i], err) < 0)
            return -1;
    for (size_t i = 0; i < c->lbs.n; i++) {
        const SwProxyLoadBalancer *lb = &c->lbs.v[i];
        if (check_id("load balancer", lb->id, err) < 0)
            return -1;
        for (size_t h = 0; h < lb->hosts.n; h++)
            if (!is_host(lb->hosts.v[h]))
                return sw_fail(err, &SW_PROXY_INVALID, "Host name '%.*s' is not valid", SW_FMT(lb->hosts.v[h]));
        for (size_t k = 0; k < lb->listeners.n; k++)
            if (check_listener(a, c, &lb->listeners.v[k], err) < 0)
                return -1;
    }
    return 0;
}
