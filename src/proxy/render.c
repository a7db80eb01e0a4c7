/* SPDX-License-Identifier: Apache-2.0 */

/* A model to HAProxy's configuration. One frontend a port; one backend a target group. A request's
 * way:
 *
 *     frontend http-80   Host -> txn.lb, txn.li (listener); its rules in order -> txn.rule; that
 * rule's action backend  g:<id>    sticky target, time stamps, the target's status; what HAProxy
 * itself answers instead log-format         one line a request, columns as record.c reads them
 *
 * Order is made stable (load balancers and groups by id), so that equal models give equal text and
 * no reload. */

#include <stdlib.h>

#include "base/digest.h"
#include "proxy/internal.h"

/* Columns, tab-separated; record.c has the same order. Values of clients come last and
 * percent-encoded, since HAProxy cuts a line at its end. */
#define COLUMNS_HTTP \
    "%[date(0,us)]\\t%Ta\\t%[var(txn.t0)]\\t%[var(txn.t1)]\\t%[var(txn.lb)]\\t%[var(txn.li)]\\t%[" \
    "var(txn.rule)]\\t%b\\t%s\\t%ST\\t" \
    "%[var(txn.tst)]\\t%U\\t%B\\t%rc\\t%ts\\t%ci:%cp\\t%HM\\t%HV\\t%[var(txn.trace),url_enc]\\t%[" \
    "var(txn.host),url_enc]\\t" \
    "%[var(txn.uri),url_enc]\\t%[var(txn.ua),url_enc]"
#define COLUMNS_TCP_HEAD "%[date(0,us)]\\t%Tt\\t-\\t-\\t"
#define COLUMNS_TCP_TAIL "\\t%b\\t%s\\t0\\t-\\t%U\\t%B\\t%rc\\t%ts\\t%ci:%cp\\t-\\t-\\t-\\t-\\t-\\t-"

#define CONNECT_MS       10000 /* ALB: 10 s to connect, then 504 */

typedef struct Member {
    const SwProxyLoadBalancer *lb;
    const SwProxyListener *li;
} Member;
typedef struct Port {
    uint16_t port;
    SwProxyProtocol protocol;
    struct {
        Member *v;
        size_t n;
    } members;
} Port;
typedef struct Ports {
    Port *v;
    size_t n;
} Ports;

SwStr proxy_backend_name(SwArena *a, SwStr group) {
    return sw_strf(a, "g:%.*s", SW_FMT(group));
}

SwStr proxy_server_name(SwArena *a, const SwProxyTarget *t) {
    return sw_strf(a, "%.*s_%u", SW_FMT(t->address), t->port);
}

SwStr proxy_server_address(SwArena *a, const SwProxyTarget *t) {
    bool v6 = memchr(t->address.p, ':', t->address.n);
    return sw_strf(a, v6 ? "[%.*s]:%u" : "%.*s:%u", SW_FMT(t->address), t->port);
}

int proxy_server_weight(const SwProxyTarget *t) {
    return t->weight ? t->weight : 1;
}

static bool has_state(const SwProxyTargetGroup *g, SwTargetState s) {
    for (size_t i = 0; i < g->targets.n; i++)
        if (g->targets.v[i].state == s)
            return true;
    return false;
}

bool proxy_target_ready(const SwProxyTargetGroup *g, const SwProxyTarget *t) {
    if (t->state == SW_TARGET_HEALTHY)
        return true;
    return t->state == SW_TARGET_UNHEALTHY && !has_state(g, SW_TARGET_HEALTHY);
}

SwStr proxy_server_options(SwArena *a, const SwProxyTargetGroup *g) {
    bool tls = g->protocol == SW_PROXY_HTTPS || g->protocol == SW_PROXY_TLS;
    SwBuf b = sw_buf(a, SW_KIB);

    if (tls)
        sw_buf_addz(&b, " ssl verify none");
    if (g->http2)
        sw_buf_addz(&b, tls ? " alpn h2" : " proto h2");
    if (g->proxy_protocol_v2)
        sw_buf_addz(&b, " send-proxy-v2");
    return sw_buf_str(&b);
}

static bool is_http(SwProxyProtocol p) {
    return p == SW_PROXY_HTTP || p == SW_PROXY_HTTPS;
}

static bool is_tls(SwProxyProtocol p) {
    return p == SW_PROXY_HTTPS || p == SW_PROXY_TLS;
}

/* ---- order ---- */

static int by_port(const void *x, const void *y) {
    return (int)((const Port *)x)->port - (int)((const Port *)y)->port;
}

static int by_lb(const void *x, const void *y) {
    return sw_str_cmp(((const Member *)x)->lb->id, ((const Member *)y)->lb->id);
}

static int by_group(const void *x, const void *y) {
    return sw_str_cmp((*(const SwProxyTargetGroup *const *)x)->id, (*(const SwProxyTargetGroup *const *)y)->id);
}

static Port *find_port(SwArena *a, Ports *ports, const SwProxyListener *li) {
    for (size_t i = 0; i < ports->n; i++)
        if (ports->v[i].port == li->port)
            return &ports->v[i];
    Port *p = sw_list_add(a, ports);
    p->port = li->port;
    p->protocol = li->protocol;
    return p;
}

static int collect_ports(SwArena *a, const SwProxyConfig *c, Ports *ret, SwError *err) {
    *ret = (Ports){0};
    for (size_t i = 0; i < c->lbs.n; i++) {
        for (size_t k = 0; k < c->lbs.v[i].listeners.n; k++) {
            const SwProxyListener *li = &c->lbs.v[i].listeners.v[k];
            Port *p = find_port(a, ret, li);
            bool shared = p->members.n > 0;
            if (shared && (p->protocol != li->protocol || !is_http(li->protocol)))
                return sw_fail(err, &SW_PROXY_PORT_CONFLICT,
                               "Port %u is in use by a listener of load balancer '%.*s' with "
                               "another protocol; "
                               "only HTTP with HTTP and HTTPS with HTTPS can share a port",
                               li->port, SW_FMT(p->members.v[0].lb->id));
            for (size_t m = 0; m < p->members.n; m++)
                if (sw_str_eq(p->members.v[m].lb->id, c->lbs.v[i].id))
                    return sw_fail(err, &SW_PROXY_PORT_CONFLICT, "Load balancer '%.*s' has two listeners on port %u",
                                   SW_FMT(c->lbs.v[i].id), li->port);
            *sw_list_add(a, &p->members) = (Member){&c->lbs.v[i], li};
        }
    }
    for (size_t i = 0; i < ret->n; i++)
        qsort(ret->v[i].members.v, ret->v[i].members.n, sizeof(Member), by_lb);
    if (ret->n)
        qsort(ret->v, ret->n, sizeof(Port), by_port);
    return 0;
}

/* ---- weights ---- */

static SwStr weight_sums(SwArena *a, const SwProxyAction *x) {
    SwBuf b = sw_buf(a, SW_KIB);
    int64_t sum = 0;

    for (size_t g = 0; g < x->forward.n; g++) {
        sum += SW_MAX(x->forward.v[g].weight, 0);
        sw_buf_addf(&b, "%s%lld", g ? ":" : "", (long long)sum);
    }
    return sw_buf_str(&b);
}

void proxy_weights(SwArena *a, const SwProxyConfig *c, ProxyWeights *ret) {
    *ret = (ProxyWeights){0};
    for (size_t i = 0; i < c->lbs.n; i++)
        for (size_t k = 0; k < c->lbs.v[i].listeners.n; k++)
            for (size_t r = 0; r < c->lbs.v[i].listeners.v[k].rules.n; r++) {
                const SwProxyRule *rule = &c->lbs.v[i].listeners.v[k].rules.v[r];
                if (rule->action.kind != SW_ACT_FORWARD || rule->action.forward.n < 2)
                    continue;
                __typeof__(ret->v) w = sw_list_add(a, ret);
                w->rule = rule->id;
                w->sums = weight_sums(a, &rule->action);
            }
}

/* ---- actions ---- */

/* HAProxy's expression for a redirect's template. */
static void add_template(SwBuf *b, SwStr s, const Port *port) {
    static const struct {
        SwStr name;
        const char *expr;
    } word[] = {
        {SW_STR_C("#{host}"), "%[req.hdr(host),field(1,:)]"},
        {SW_STR_C("#{path}"), "%[path,bytes(1)]"},
        {SW_STR_C("#{query}"), "%[query]"},
        {SW_STR_C("#{protocol}"), NULL},
        {SW_STR_C("#{port}"), "%[dst_port]"},
    };
    while (s.n) {
        size_t w = 0;
        while (w < SW_N(word) && !sw_str_starts(s, word[w].name))
            w++;
        if (w < SW_N(word)) {
            sw_buf_addz(b, word[w].expr ? word[w].expr : port->protocol == SW_PROXY_HTTPS ? "https" : "http");
            s = sw_str_skip(s, word[w].name.n);
            continue;
        }
        if (*s.p == '%')
            sw_buf_addz(b, "%%");
        else if (*s.p == '\'')
            sw_buf_addz(b, "'\\''");
        else
            sw_buf_addc(b, *s.p);
        s = sw_str_skip(s, 1);
    }
}

static SwStr lower_protocol(SwArena *a, SwStr p) {
    return sw_str_starts(p, SW_STR("#")) ? p : sw_str_lower(a, p);
}

static void add_redirect(SwBuf *b, const SwProxyRule *r, const Port *port, bool with_query) {
    const SwProxyAction *x = &r->action;

    sw_buf_addz(b, "    http-request redirect location '");
    add_template(b, lower_protocol(b->arena, sw_str_or(x->protocol, SW_STR("#{protocol}"))), port);
    sw_buf_addz(b, "://");
    add_template(b, sw_str_or(x->host, SW_STR("#{host}")), port);
    sw_buf_addc(b, ':');
    add_template(b, sw_str_or(x->port, SW_STR("#{port}")), port);
    add_template(b, sw_str_or(x->path, SW_STR("/#{path}")), port);
    if (with_query) {
        sw_buf_addc(b, '?');
        add_template(b, x->query.p ? x->query : SW_STR("#{query}"), port);
    }
    sw_buf_addf(b, "' code %d if { var(txn.rule) -m str %.*s }", x->status, SW_FMT(r->id));
    sw_buf_addz(b, !x->query.p && with_query ? " { query -m found }\n" : "\n");
}

static SwStr body_name(SwArena *a, SwStr body) {
    SwStr hex = sw_sha256_hex(a, body);
    return sw_strf(a, "body-%.*s", 16, hex.p);
}

static void add_fixed(SwBuf *b, const SwProxyRule *r, SwProxyFiles *files) {
    const SwProxyAction *x = &r->action;

    sw_buf_addf(b, "    http-request return status %d", x->status);
    if (sw_str_is(x->body)) {
        SwStr name = body_name(b->arena, x->body);
        *sw_list_add(b->arena, files) = (SwProxyFile){name, x->body};
        sw_buf_addz(b, " content-type ");
        proxy_quote(b, sw_str_or(x->content_type, SW_STR("text/plain")));
        sw_buf_addf(b, " file %.*s", SW_FMT(name));
    }
    sw_buf_addf(b, " if { var(txn.rule) -m str %.*s }\n", SW_FMT(r->id));
}

/* Several groups: a random number below the sum of weights against the sums up to each; the sums of
 * a rule are one entry of a map, which changes at run time in one step. */
static void add_weighted(SwBuf *b, const SwProxyRule *r) {
    sw_buf_addf(b,
                "    http-request set-var(txn.sums) str(%.*s),map_str(weights.map) if { "
                "var(txn.rule) -m str %.*s }\n",
                SW_FMT(r->id), SW_FMT(r->id));
    sw_buf_addf(b,
                "    http-request set-var(txn.all) var(txn.sums),field(%zu,:),add(0) if { "
                "var(txn.rule) -m str %.*s }\n",
                r->action.forward.n, SW_FMT(r->id));
    sw_buf_addf(b,
                "    http-request set-var(txn.r) rand(1000000),mod(txn.all) if { var(txn.rule) -m "
                "str %.*s }\n",
                SW_FMT(r->id));
}

static void add_group_cookie(SwBuf *b, const SwProxyRule *r) {
    if (r->action.kind == SW_ACT_FORWARD && r->action.group_sticky)
        sw_buf_addf(b,
                    "    http-response add-header Set-Cookie 'AWSALBTG=%%[be_name,base64]; "
                    "Max-Age=%lld; Path=/' "
                    "if { var(txn.rule) -m str %.*s } { var(txn.tst) -m found }\n",
                    (long long)r->action.group_sticky_seconds, SW_FMT(r->id));
}

static void add_use_backend(SwBuf *b, const SwProxyRule *r) {
    const SwProxyAction *x = &r->action;

    for (size_t i = 0; x->group_sticky && i < x->forward.n; i++)
        sw_buf_addf(b,
                    "    use_backend g:%.*s if { var(txn.rule) -m str %.*s } { "
                    "req.cook(AWSALBTG),b64dec -m str g:%.*s }\n",
                    SW_FMT(x->forward.v[i].group), SW_FMT(r->id), SW_FMT(x->forward.v[i].group));
    if (x->forward.n == 1) {
        sw_buf_addf(b, "    use_backend g:%.*s if { var(txn.rule) -m str %.*s }\n", SW_FMT(x->forward.v[0].group),
                    SW_FMT(r->id));
        return;
    }
    for (size_t i = 0; i < x->forward.n; i++)
        sw_buf_addf(b,
                    "    use_backend g:%.*s if { var(txn.rule) -m str %.*s } "
                    "{ var(txn.sums),field(%zu,:),sub(txn.r) gt 0 }\n",
                    SW_FMT(x->forward.v[i].group), SW_FMT(r->id), i + 1);
}

/* ---- frontends ---- */

static int64_t idle_ms(const SwProxyLoadBalancer *lb) {
    return 1000 * (lb->idle_timeout_seconds > 0 ? lb->idle_timeout_seconds : 60);
}

static void add_binds(SwBuf *b, const SwProxyConfig *c, const Port *port) {
    const SwStrList loopback = {(SwStr[]){SW_STR("127.0.0.1")}, 1};
    const SwStrList *bind = c->bind.n ? &c->bind : &loopback;
    SwStr tls_min = SW_NO_STR;

    for (size_t i = 0; i < bind->n; i++) {
        bool v6 = memchr(bind->v[i].p, ':', bind->v[i].n);
        sw_buf_addf(b, v6 ? "    bind [%.*s]:%u" : "    bind %.*s:%u", SW_FMT(bind->v[i]), port->port);
        for (size_t m = 0; is_tls(port->protocol) && m < port->members.n; m++) {
            const SwProxyListener *li = port->members.v[m].li;
            tls_min = sw_str_or(tls_min, li->tls_min);
            sw_buf_addz(b, m == 0 ? " ssl" : "");
            for (size_t k = 0; k < li->certs.n; k++) {
                sw_buf_addz(b, " crt ");
                proxy_quote(b, li->certs.v[k]);
            }
        }
        if (is_tls(port->protocol))
            sw_buf_addf(b, " ssl-min-ver %.*s%s", SW_FMT(sw_str_or(tls_min, SW_STR("TLSv1.2"))),
                        is_http(port->protocol) ? " alpn h2,http/1.1" : "");
        sw_buf_addc(b, '\n');
    }
}

static void add_host_choice(SwBuf *b, const Port *port) {
    for (size_t m = 0; m < port->members.n; m++) {
        const Member *x = &port->members.v[m];
        for (size_t h = 0; port->members.n > 1 && h < x->lb->hosts.n; h++) {
            SwStr host = sw_str_lower(b->arena, x->lb->hosts.v[h]);
            sw_buf_addf(b,
                        "    http-request set-var(txn.li) str(%.*s) if { "
                        "req.hdr(host),field(1,:),lower -m str %.*s }\n",
                        SW_FMT(x->li->id), SW_FMT(host));
        }
        if (port->members.n == 1)
            sw_buf_addf(b, "    http-request set-var(txn.li) str(%.*s)\n", SW_FMT(x->li->id));
        sw_buf_addf(b, "    http-request set-var(txn.lb) str(%.*s) if { var(txn.li) -m str %.*s }\n", SW_FMT(x->lb->id),
                    SW_FMT(x->li->id));
        sw_buf_addf(b, "    http-request set-var(txn.idle) int(%lld) if { var(txn.li) -m str %.*s }\n",
                    (long long)idle_ms(x->lb), SW_FMT(x->li->id));
    }
    if (port->members.n > 1)
        sw_buf_addz(b, "    http-request return status 404 content-type text/plain string 'Several "
                       "load balancers listen on this "
                       "port, and none has this host name.\\n' unless { var(txn.li) -m found }\n");
}

static void add_rules(SwBuf *b, const Port *port, SwProxyFiles *files) {
    for (size_t m = 0; m < port->members.n; m++) {
        const SwProxyListener *li = port->members.v[m].li;
        for (size_t r = 0; r < li->rules.n; r++) {
            sw_buf_addf(b,
                        "    http-request set-var(txn.rule) str(%.*s) if { var(txn.li) -m str %.*s "
                        "} !{ var(txn.rule) -m found }",
                        SW_FMT(li->rules.v[r].id), SW_FMT(li->id));
            proxy_conditions(b, &li->rules.v[r]);
            sw_buf_addc(b, '\n');
        }
    }
    for (size_t m = 0; m < port->members.n; m++) {
        const SwProxyListener *li = port->members.v[m].li;
        for (size_t r = 0; r < li->rules.n; r++) {
            const SwProxyRule *x = &li->rules.v[r];
            bool no_query = x->action.query.p && x->action.query.n == 0;
            if (x->action.kind == SW_ACT_FIXED)
                add_fixed(b, x, files);
            if (x->action.kind == SW_ACT_REDIRECT && !no_query)
                add_redirect(b, x, port, true);
            if (x->action.kind == SW_ACT_REDIRECT && !sw_str_is(x->action.query))
                add_redirect(b, x, port, false);
            if (x->action.kind == SW_ACT_FORWARD && x->action.forward.n > 1)
                add_weighted(b, x);
        }
    }
}

static void add_http_frontend(SwBuf *b, const SwProxyConfig *c, const Port *port, SwProxyFiles *files) {
    int64_t idle = 0;

    for (size_t m = 0; m < port->members.n; m++)
        idle = SW_MAX(idle, idle_ms(port->members.v[m].lb));
    sw_buf_addf(b, "\nfrontend http-%u\n    mode http\n", port->port);
    add_binds(b, c, port);
    sw_buf_addf(b,
                "    timeout client %lld\n    timeout http-keep-alive %lld\n    option "
                "idle-close-on-response\n",
                (long long)idle, (long long)idle);
    sw_buf_addz(b, "    log-format \"" COLUMNS_HTTP "\"\n"
                   "    http-request set-var(txn.host) req.hdr(host)\n"
                   "    http-request set-var(txn.uri) pathq\n"
                   "    http-request set-var(txn.ua) req.fhdr(user-agent)\n");
    proxy_trace_header(b);
    add_host_choice(b, port);
    add_rules(b, port, files);
    for (size_t m = 0; m < port->members.n; m++)
        proxy_lb_headers(b, port->members.v[m].lb, port->members.v[m].li->id);
    proxy_forwarded_headers(b, is_tls(port->protocol), port->port);
    sw_buf_addz(b, "    http-request set-var(txn.t0) date(0,us)\n");
    for (size_t m = 0; m < port->members.n; m++)
        for (size_t r = 0; r < port->members.v[m].li->rules.n; r++)
            add_group_cookie(b, &port->members.v[m].li->rules.v[r]);
    for (size_t m = 0; m < port->members.n; m++)
        for (size_t r = 0; r < port->members.v[m].li->rules.n; r++)
            if (port->members.v[m].li->rules.v[r].action.kind == SW_ACT_FORWARD)
                add_use_backend(b, &port->members.v[m].li->rules.v[r]);
}

static void add_tcp_frontend(SwBuf *b, const SwProxyConfig *c, const Port *port) {
    const Member *m = &port->members.v[0];
    const SwProxyRule *r = &m->li->rules.v[0];

    sw_buf_addf(b, "\nfrontend tcp-%u\n    mode tcp\n    option tcplog\n", port->port);
    add_binds(b, c, port);
    sw_buf_addf(b, "    timeout client %lld\n", (long long)(m->lb->idle_timeout_seconds > 0 ? idle_ms(m->lb) : 350000));
    sw_buf_addz(b, "    log-format \"" COLUMNS_TCP_HEAD);
    sw_buf_addf(b, "%.*s\\t%.*s\\t%.*s", SW_FMT(m->lb->id), SW_FMT(m->li->id), SW_FMT(r->id));
    sw_buf_addz(b, COLUMNS_TCP_TAIL "\"\n");
    sw_buf_addf(b, "    default_backend g:%.*s\n", SW_FMT(r->action.forward.v[0].group));
}

/* ---- backends ---- */

static void add_stickiness(SwBuf *b, const SwProxyTargetGroup *g) {
    const char *cookie = g->stickiness == SW_STICKY_LB_COOKIE ? "AWSALB" : "AWSALBAPP-0";

    if (g->stickiness == SW_STICKY_OFF)
        return;
    sw_buf_addf(b, "    http-request set-var(txn.sticky) req.cook(%s),b64dec\n", cookie);
    sw_buf_addz(b, "    use-server %[var(txn.sticky)] if { var(txn.sticky) -m found }\n");
    sw_buf_addf(b, "    http-response add-header Set-Cookie '%s=%%[srv_name,base64]; Max-Age=%lld; Path=/'", cookie,
                (long long)g->stickiness_seconds);
    if (g->stickiness == SW_STICKY_APP_COOKIE)
        sw_buf_addf(b, " if { res.cook(%.*s) -m found }", SW_FMT(g->app_cookie));
    sw_buf_addc(b, '\n');
}

static void add_servers(SwBuf *b, const SwProxyTargetGroup *g) {
    SwStr options = proxy_server_options(b->arena, g);

    for (size_t i = 0; i < g->targets.n; i++) {
        const SwProxyTarget *t = &g->targets.v[i];
        SwStr name = proxy_server_name(b->arena, t), address = proxy_server_address(b->arena, t);
        sw_buf_addf(b, "    server %.*s %.*s weight %d%.*s%s\n", SW_FMT(name), SW_FMT(address), proxy_server_weight(t),
                    SW_FMT(options), proxy_target_ready(g, t) ? "" : " disabled");
    }
}

static void add_backend(SwBuf *b, const SwProxyTargetGroup *g, bool with_servers) {
    static const char *const balance[] = {
        [SW_PROXY_ROUND_ROBIN] = "roundrobin", [SW_PROXY_LEAST_OUTSTANDING] = "leastconn", [SW_PROXY_RANDOM] = "random(1)"};
    bool http = is_http(g->protocol);
    SwStr options = proxy_server_options(b->arena, g);

    sw_buf_addf(b, "\nbackend g:%.*s\n    mode %s\n    balance %s\n", SW_FMT(g->id), http ? "http" : "tcp",
                balance[g->algorithm]);
    sw_buf_addf(b, "    # servers:%.*s\n", SW_FMT(options));
    if (http) {
        sw_buf_addz(b, "    retry-on conn-failure empty-response\n"
                       "    http-request disable-l7-retry unless { method GET HEAD OPTIONS PUT DELETE }\n"
                       "    http-request set-timeout server var(txn.idle)\n"
                       "    http-request set-timeout tunnel var(txn.idle)\n"
                       "    http-request set-var(txn.n) nbsrv\n");
        add_stickiness(b, g);
        sw_buf_addz(b, "    http-response set-var(txn.t1) date(0,us)\n"
                       "    http-response set-var(txn.tst) status\n"
                       "    http-after-response set-var(txn.took) date(0,us),sub(txn.t0) if !{ "
                       "var(txn.tst) -m found }\n");
        sw_buf_addf(b,
                    "    http-after-response set-status 504 if !{ var(txn.tst) -m found } { status "
                    "503 } { var(txn.n) -m int gt 0 } "
                    "{ var(txn.took) -m int ge %d }\n",
                    CONNECT_MS * 1000);
        sw_buf_addz(b, "    http-after-response set-status 502 if !{ var(txn.tst) -m found } { "
                       "status 503 } { var(txn.n) -m int gt 0 }\n");
    }
    if (with_servers)
        add_servers(b, g);
}

static void add_head(SwBuf *b, bool unprivileged) {
    sw_buf_addz(b, "# Made by Slipway from its load balancers; changes are overwritten.\n"
                   "global\n"
                   "    log stdout len 8192 format raw local0\n"
                   "    stats socket unix@admin.sock mode 600 level admin expose-fd listeners\n"
                   "    hard-stop-after 1h\n"
                   "    noreuseport\n");
    if (unprivileged)
        sw_buf_addz(b, "    user haproxy\n    group haproxy\n");
    sw_buf_addf(b,
                "\ndefaults\n"
                "    log global\n"
                "    timeout connect %d\n"
                "    timeout client 60s\n"
                "    timeout server 350s\n"
                "    timeout http-request 60s\n"
                "    timeout queue 10s\n"
                "    retries 3\n"
                "    option redispatch 1\n"
                "    http-reuse safe\n"
                "    http-error status 503 content-type text/html string '<html><body><h1>The load "
                "balancer got no answer from a target."
                "</h1></body></html>'\n",
                CONNECT_MS);
}

static bool group_in_use(const SwProxyConfig *c, SwStr id) {
    for (size_t i = 0; i < c->lbs.n; i++)
        for (size_t k = 0; k < c->lbs.v[i].listeners.n; k++)
            for (size_t r = 0; r < c->lbs.v[i].listeners.v[k].rules.n; r++) {
                const SwProxyAction *x = &c->lbs.v[i].listeners.v[k].rules.v[r].action;
                for (size_t g = 0; x->kind == SW_ACT_FORWARD && g < x->forward.n; g++)
                    if (sw_str_eq(x->forward.v[g].group, id))
                        return true;
            }
    return false;
}

static void add_backends(SwArena *a, SwBuf *b, const SwProxyConfig *c, bool with_servers) {
    const SwProxyTargetGroup **order = sw_new_n(a, const SwProxyTargetGroup *, c->groups.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < c->groups.n; i++)
        if (group_in_use(c, c->groups.v[i].id))
            order[n++] = &c->groups.v[i];
    qsort(order, n, sizeof(*order), by_group);
    for (size_t i = 0; i < n; i++)
        add_backend(b, order[i], with_servers);
}

static void add_weights_file(SwArena *a, const SwProxyConfig *c, SwProxyFiles *files) {
    ProxyWeights w;
    SwBuf b = sw_buf(a, PROXY_TEXT_MAX);

    proxy_weights(a, c, &w);
    for (size_t i = 0; i < w.n; i++)
        sw_buf_addf(&b, "%.*s %.*s\n", SW_FMT(w.v[i].rule), SW_FMT(w.v[i].sums));
    *sw_list_add(a, files) = (SwProxyFile){SW_STR("weights.map"), sw_buf_str(&b)};
}

int proxy_render(SwArena *a, const SwProxyConfig *c, bool with_servers, SwStr *ret_text, SwProxyFiles *ret_files,
                 SwError *err) {
    SwBuf b = sw_buf(a, PROXY_TEXT_MAX);
    Ports ports;

    if (proxy_check_model(a, c, err) < 0 || collect_ports(a, c, &ports, err) < 0)
        return -1;
    *ret_files = (SwProxyFiles){0};
    add_weights_file(a, c, ret_files);
    add_head(&b, geteuid() == 0 && access("/etc/haproxy", F_OK) == 0);
    for (size_t i = 0; i < ports.n; i++) {
        if (is_http(ports.v[i].protocol))
            add_http_frontend(&b, c, &ports.v[i], ret_files);
        else
            add_tcp_frontend(&b, c, &ports.v[i]);
    }
    add_backends(a, &b, c, with_servers);
    if (b.full)
        return sw_fail(err, &SW_PROXY_INVALID, "The load balancers' configuration is too large");
    *ret_text = sw_buf_str(&b);
    return 0;
}

int sw_proxy_render(SwArena *a, const SwProxyConfig *c, SwStr *ret_text, SwProxyFiles *ret_files, SwError *err) {
    return proxy_render(a, c, /* with_servers= */ true, ret_text, ret_files, err);
}
