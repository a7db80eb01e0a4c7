/* SPDX-License-Identifier: Apache-2.0 */
/* Shows the data plane the whole picture: all load balancers of all accounts and regions, in one
 * work item, so that what many requests changed is applied once.
 *
 *   load balancer: provisioning -> active <-> active_impaired     impaired: a listener's port is
 * another program's
 *
 * What was applied is written down: load balancers are active, draining targets get no more
 * requests. */

#include <stdio.h>

#include "base/log.h"
#include "container/network.h"
#include "services/elbv2/elbv2.h"

#define LOOK_AGAIN (10 * SW_S) /* an HAProxy that died is started again */

typedef struct Picture {
    SwCtx *cx;
    Elbv2LoadBalancerRecords lbs;
    Elbv2ListenerRecords listeners;
    Elbv2RuleRecords rules;
    Elbv2TargetGroupRecords groups;
    Elbv2TargetRecords targets;
    SwProxyConfig config;
    SwStrList blocked;     /* listeners (hex) whose port another program has */
    SwStrList blocked_lbs; /* ARNs */
    SwStrMap why;          /* by ARN */
} Picture;

int elbv2_wake_proxy(SwCtx *cx, SwError *err) {
    SwCtx one = *cx;
    one.account = cx->host->config->account;
    one.region = cx->host->config->region;
    return sw_wake(&one, &elbv2_proxy, SW_STR("all"), 0, err);
}

SwStr elbv2_proxy_lb_id(SwArena *a, SwStr account, SwStr region, const Elbv2LoadBalancerRecord *r) {
    return sw_strf(a, "%.*s.%.*s.%s.%.*s.%.*s", SW_FMT(account), SW_FMT(region),
                   elbv2_is(r->load_balancer->type, "network") ? "net" : "app", SW_FMT(r->load_balancer->load_balancer_name),
                   SW_FMT(r->hex));
}

SwStr elbv2_proxy_group_id(SwArena *a, SwStr account, SwStr region, const Elbv2TargetGroupRecord *r) {
    return sw_strf(a, "%.*s.%.*s.%.*s.%.*s", SW_FMT(account), SW_FMT(region), SW_FMT(r->group->target_group_name),
                   SW_FMT(r->hex));
}

/* ---- ports ---- */

int elbv2_port_check(SwCtx *cx, SwStr listener_arn, SwStr lb_arn, int64_t port, SwStr protocol, SwError *err) {
    const SwDocQuery q = {.index = "by_port", .equals = {sw_index_number(cx->arena, port)}, .any_scope = true};
    Elbv2ListenerRecords l;
    if (elbv2_listeners_list(cx->tx, &q, &l, err) < 0)
        return -1;
    bool shared = false;
    for (size_t i = 0; i < l.n; i++) {
        const Elbv2ListenerRecord *r = l.v[i].record;
        if (sw_str_eq(r->listener->listener_arn, listener_arn))
            continue;
        shared = true;
        if (!elbv2_is(r->listener->protocol, "HTTP") || !elbv2_is(protocol, "HTTP"))
            return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                           "Port: %lld is taken by listener %.*s; on one machine a TCP listener "
                           "needs a port of its own",
                           (long long)port, SW_FMT(r->listener->listener_arn));
    }
    if (shared || elbv2_port_ours(cx->host, (uint16_t)port) || elbv2_port_free(cx->host, (uint16_t)port))
        return 0;
    return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                   "Port: %lld on this machine is in use by another program, or needs privileges "
                   "that Slipway does not have",
                   (long long)port);
}

/* ---- reading ---- */

static int read_all(Picture *p, SwError *err) {
    const SwDocQuery all = {.any_scope = true}, in_order = {.index = "by_listener", .any_scope = true};
    SwTx *tx = p->cx->tx;
    if (elbv2_load_balancers_list(tx, &all, &p->lbs, err) < 0 || elbv2_listeners_list(tx, &all, &p->listeners, err) < 0 ||
        elbv2_rules_list(tx, &in_order, &p->rules, err) < 0 || elbv2_target_groups_list(tx, &all, &p->groups, err) < 0)
        return -1;
    return elbv2_targets_list(tx, &all, &p->targets, err);
}

static SwProxyStickiness stickiness_of(const Elbv2TargetGroupRecord *r) {
    if (!elbv2_is(elbv2_attribute(elbv2_group_attributes, &r->attributes, "stickiness.enabled"), "true"))
        return SW_STICKY_OFF;
    return elbv2_is(elbv2_attribute(elbv2_group_attributes, &r->attributes, "stickiness.type"), "app_cookie")
               ? SW_STICKY_APP_COOKIE
               : SW_STICKY_LB_COOKIE;
}

static void draw_target(Picture *p, SwProxyTargetGroup *g, const Elbv2TargetRecord *t) {
    *sw_list_add(p->cx->arena, &g->targets) =
        (SwProxyTarget){.address = t->target->id, .port = (uint16_t)t->target->port.v, .state = elbv2_target_health(t).state};
}

static void draw_group(Picture *p, const Elbv2TargetGroupRecordRow *row) {
    const Elbv2TargetGroupRecord *r = row->record;
    const SwStrMap *m = &r->attributes;
    const Elbv2AttributeSpec *specs = elbv2_group_specs(r->group);
    SwProxyTargetGroup *g = sw_list_add(p->cx->arena, &p->config.groups);
    g->id = elbv2_proxy_group_id(p->cx->arena, row->account, row->region, r);
    g->protocol = elbv2_is(r->group->protocol, "HTTP")    ? SW_PROXY_HTTP
                  : elbv2_is(r->group->protocol, "HTTPS") ? SW_PROXY_HTTPS
                  : elbv2_is(r->group->protocol, "TLS")   ? SW_PROXY_TLS
                                                          : SW_PROXY_TCP;
    g->proxy_protocol_v2 = elbv2_is(elbv2_attribute(specs, m, "proxy_protocol_v2.enabled"), "true");
    SwStr algorithm = elbv2_attribute(specs, m, "load_balancing.algorithm.type");
    g->algorithm = elbv2_is(algorithm, "least_outstanding_requests") ? SW_PROXY_LEAST_OUTSTANDING
                   : elbv2_is(algorithm, "weighted_random")          ? SW_PROXY_RANDOM
                                                                     : SW_PROXY_ROUND_ROBIN;
    if (!elbv2_group_is_network(r->group)) {
        g->stickiness = stickiness_of(r);
        g->app_cookie = elbv2_attribute(specs, m, "stickiness.app_cookie.cookie_name");
        g->stickiness_seconds =
            elbv2_attribute_number(specs, m,
                                   g->stickiness == SW_STICKY_APP_COOKIE ? "stickiness.app_cookie.duration_seconds"
                                                                         : "stickiness.lb_cookie.duration_seconds");
    }
    SwStr prefix = sw_strf(p->cx->arena, "%.*s/", SW_FMT(r->hex));
    for (size_t i = 0; i < p->targets.n; i++)
        if (sw_str_starts(p->targets.v[i].id, prefix))
            draw_target(p, g, p->targets.v[i].record);
}

/* ---- rules ---- */

static void draw_condition(SwArena *a, const Elbv2RuleCondition *c, SwProxyCondition *to) {
    if (elbv2_is(c->field, "host-header")) {
        to->field = SW_MATCH_HOST;
        to->values = c->values;
    } else if (elbv2_is(c->field, "path-pattern")) {
        to->field = SW_MATCH_PATH;
        to->values = c->values;
    } else if (c->http_header_config) {
        to->field = SW_MATCH_HEADER;
        to->header = c->http_header_config->http_header_name;
        to->values = c->http_header_config->values;
    } else if (c->http_request_method_config) {
        to->field = SW_MATCH_METHOD;
        to->values = c->http_request_method_config->values;
    } else if (c->source_ip_config) {
        to->field = SW_MATCH_SOURCE_IP;
        to->values = c->source_ip_config->values;
    } else {
        to->field = SW_MATCH_QUERY;
        for (size_t i = 0; c->query_string_config && i < c->query_string_config->values.n; i++) {
            __typeof__(to->query.v) kv = sw_list_add(a, &to->query);
            kv->key = c->query_string_config->values.v[i].key;
            kv->value = c->query_string_config->values.v[i].value;
        }
    }
}

static SwStr group_id_of_arn(Picture *p, SwStr arn) {
    for (size_t i = 0; i < p->groups.n; i++) {
        const Elbv2TargetGroupRecord *r = p->groups.v[i].record;
        if (sw_str_eq(r->group->target_group_arn, arn))
            return elbv2_proxy_group_id(p->cx->arena, p->groups.v[i].account, p->groups.v[i].region, r);
    }
    return SW_NO_STR;
}

static void draw_forward(Picture *p, const Elbv2ForwardActionConfig *f, SwProxyAction *to) {
    to->kind = SW_ACT_FORWARD;
    for (size_t i = 0; f && i < f->target_groups.n; i++) {
        __typeof__(to->forward.v) g = sw_list_add(p->cx->arena, &to->forward);
        g->group = group_id_of_arn(p, f->target_groups.v[i].target_group_arn);
        g->weight = SW_OR(f->target_groups.v[i].weight, 1);
    }
    const Elbv2TargetGroupStickinessConfig *s = f ? f->target_group_stickiness_config : NULL;
    to->group_sticky = s && SW_OR(s->enabled, false);
    to->group_sticky_seconds = to->group_sticky ? SW_OR(s->duration_seconds, 0) : 0;
}

static void draw_action(Picture *p, const Elbv2Action *a, SwProxyAction *to) {
    const Elbv2RedirectActionConfig *r = a->redirect_config;
    const Elbv2FixedResponseActionConfig *f = a->fixed_response_config;
    int64_t status = 0;
    if (r) {
        *to = (SwProxyAction){.kind = SW_ACT_REDIRECT,
                              .protocol = r->protocol,
                              .host = r->host,
                              .port = r->port,
                              .path = r->path,
                              .query = elbv2_is(r->query, "#{query}") ? SW_NO_STR : r->query,
                              .status = elbv2_is(r->status_code, "HTTP_301") ? 301 : 302};
    } else if (f) {
        if (sw_str_to_i64(f->status_code, &status))
            *to = (SwProxyAction){.kind = SW_ACT_FIXED,
                                  .status = (int)status,
                                  .content_type = f->content_type,
                                  .body = f->message_body};
    } else {
        draw_forward(p, a->forward_config, to);
    }
}

/* The store lists them by listener and order. */
static void draw_rules(Picture *p, SwStr listener_arn, SwProxyListener *to) {
    for (size_t i = 0; i < p->rules.n; i++) {
        const Elbv2RuleRecord *r = p->rules.v[i].record;
        if (!sw_str_eq(r->listener_arn, listener_arn))
            continue;
        SwProxyRule *x = sw_list_add(p->cx->arena, &to->rules);
        x->id = r->hex;
        for (size_t k = 0; k < r->rule->conditions.n; k++)
            draw_condition(p->cx->arena, &r->rule->conditions.v[k], sw_list_add(p->cx->arena, &x->conditions));
        if (r->rule->actions.n)
            draw_action(p, &r->rule->actions.v[r->rule->actions.n - 1], &x->action);
    }
}

static void draw_lb(Picture *p, const Elbv2LoadBalancerRecordRow *row) {
    SwArena *a = p->cx->arena;
    const Elbv2LoadBalancerRecord *r = row->record;
    const SwStrMap *m = &r->attributes;
    SwProxyLoadBalancer *lb = sw_list_add(a, &p->config.lbs);
    SwStr xff = elbv2_attribute(elbv2_application_attributes, m, "routing.http.xff_header_processing.mode");
    lb->id = elbv2_proxy_lb_id(a, row->account, row->region, r);
    sw_str_list_add(a, &lb->hosts, r->load_balancer->dns_name);
    lb->idle_timeout_seconds = elbv2_is(r->load_balancer->type, "network")
                                   ? 350
                                   : elbv2_attribute_number(elbv2_application_attributes, m, "idle_timeout.timeout_seconds");
    lb->xff = elbv2_is(xff, "preserve") ? SW_XFF_PRESERVE : elbv2_is(xff, "remove") ? SW_XFF_REMOVE : SW_XFF_APPEND;
    lb->xff_client_port =
        elbv2_is(elbv2_attribute(elbv2_application_attributes, m, "routing.http.xff_client_port.enabled"), "true");
    lb->drop_invalid_headers =
        elbv2_is(elbv2_attribute(elbv2_application_attributes, m, "routing.http.drop_invalid_header_fields.enabled"), "true");
    for (size_t i = 0; i < p->listeners.n; i++) {
        const Elbv2ListenerRecord *li = p->listeners.v[i].record;
        if (!sw_str_eq(li->load_balancer_arn, r->load_balancer->load_balancer_arn) || sw_str_list_has(&p->blocked, li->hex))
            continue;
        SwProxyListener *to = sw_list_add(a, &lb->listeners);
        to->id = li->hex;
        to->port = (uint16_t)li->listener->port.v;
        to->protocol = elbv2_is(li->listener->protocol, "TCP") ? SW_PROXY_TCP : SW_PROXY_HTTP;
        draw_rules(p, li->listener->listener_arn, to);
    }
}

static void draw(Picture *p) {
    p->config.lbs.v = NULL;
    p->config.groups.v = NULL;
    p->config.lbs.n = p->config.groups.n = 0;
    for (size_t i = 0; i < p->groups.n; i++)
        draw_group(p, &p->groups.v[i]);
    for (size_t i = 0; i < p->lbs.n; i++)
        draw_lb(p, &p->lbs.v[i]);
}

/* ---- applying ---- */

/* Leaves out listeners on a port that is another program's: the others go on. False: there was
 * none. */
static bool block(Picture *p, const SwError *err) {
    unsigned port;
    bool found = false;
    if (sscanf(err->message, "Port %u", &port) != 1)
        return false;
    for (size_t i = 0; i < p->listeners.n; i++) {
        const Elbv2ListenerRecord *li = p->listeners.v[i].record;
        if (li->listener->port.v != port || sw_str_list_has(&p->blocked, li->hex))
            continue;
        found = true;
        sw_str_list_add(p->cx->arena, &p->blocked, li->hex);
        sw_str_map_set(p->cx->arena, &p->why, li->load_balancer_arn, sw_strf(p->cx->arena, "%s", err->message));
    }
    return found;
}

static int apply(Picture *p, SwError *err) {
    SwHost *h = p->cx->host;
    SwStr loopback = SW_STR("127.0.0.1"), gateway = p->listeners.n ? sw_net_gateway(h->runtime) : loopback;
    sw_str_list_add(p->cx->arena, &p->config.bind, loopback);
    if (!sw_str_eq(gateway, loopback))
        sw_str_list_add(p->cx->arena, &p->config.bind, gateway);
    for (;;) {
        draw(p);
        if (sw_proxy_apply(h->proxy, &p->config, err) == 0)
            return 0;
        if (!sw_error_is(err, &SW_PROXY_PORT_IN_USE) || !block(p, err))
            return -1;
        sw_log(SW_WARN, "a listener's port is in use by another program", SW_F("cause", err->message));
        sw_error_reset(err);
    }
}

static void note_ports(Picture *p) {
    uint16_t *port = sw_new_n(p->cx->arena, uint16_t, p->listeners.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < p->listeners.n; i++) {
        const Elbv2ListenerRecord *li = p->listeners.v[i].record;
        if (!sw_str_list_has(&p->blocked, li->hex))
            port[n++] = (uint16_t)li->listener->port.v;
    }
    elbv2_ports_set(p->cx->host, port, n);
}

/* ---- writing what is so now ---- */

static void scope(SwCtx *cx, SwStr account, SwStr region) {
    cx->account = account;
    cx->region = region;
    sw_tx_scope(cx->tx, account, region);
}

static bool lb_changes(Picture *p, const Elbv2LoadBalancerRecord *r, SwStr *ret_code, SwStr *ret_why) {
    *ret_why = sw_str_map_find(&p->why, r->load_balancer->load_balancer_arn);
    *ret_code = ret_why->p ? SW_STR("active_impaired") : SW_STR("active");
    const Elbv2LoadBalancerState *s = r->load_balancer->state;
    return !s || !sw_str_eq(s->code, *ret_code) || !sw_str_eq(s->reason, *ret_why);
}

static int write_lb(Picture *p, const Elbv2LoadBalancerRecordRow *row, SwStr code, SwStr why, SwError *err) {
    SwCtx *cx = p->cx;
    Elbv2LoadBalancerRecord *r;
    scope(cx, row->account, row->region);
    if (elbv2_load_balancer_find(cx, row->id, &r, err) < 0)
        return -1;
    if (!r || !sw_str_eq(r->hex, row->record->hex))
        return 0;
    r->load_balancer->state = sw_new(cx->arena, Elbv2LoadBalancerState);
    *r->load_balancer->state = (Elbv2LoadBalancerState){code, why};
    return elbv2_load_balancer_save(cx, r, err);
}

static bool drains(const Elbv2TargetRecord *t) {
    return t && elbv2_is(t->state, "draining") && !SW_OR(t->drain_applied, false);
}

static int write_target(Picture *p, const Elbv2TargetRecordRow *row, SwError *err) {
    SwCtx *cx = p->cx;
    Elbv2TargetRecord *t;
    Elbv2TargetGroupRecord *group;
    scope(cx, row->account, row->region);
    if (elbv2_targets_find(cx->tx, row->id, &t, err) < 0)
        return -1;
    if (!drains(t))
        return 0;
    if (elbv2_target_group_find(cx, t->group_name, &group, err) < 0)
        return -1;
    if (!group)
        return 0;
    elbv2_target_drained_from(group, t, sw_now(cx));
    if (elbv2_targets_put(cx->tx, row->id, t, err) < 0)
        return -1;
    return sw_wake(cx, &elbv2_health, row->id, 0, err);
}

static int write_all(Picture *p, SwError *err) {
    SwStr code, why;
    for (size_t i = 0; i < p->lbs.n; i++)
        if (lb_changes(p, p->lbs.v[i].record, &code, &why) && write_lb(p, &p->lbs.v[i], code, why, err) < 0)
            return -1;
    for (size_t i = 0; i < p->targets.n; i++)
        if (drains(p->targets.v[i].record) && write_target(p, &p->targets.v[i], err) < 0)
            return -1;
    return 0;
}

static bool anything_drains(const Picture *p) {
    bool any = false;
    for (size_t i = 0; i < p->targets.n; i++)
        any |= drains(p->targets.v[i].record);
    return any;
}

static bool anything_to_write(Picture *p) {
    SwStr code, why;
    bool any = anything_drains(p);
    for (size_t i = 0; i < p->lbs.n; i++)
        any |= lb_changes(p, p->lbs.v[i].record, &code, &why);
    return any;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    Picture p = {.cx = cx};
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = read_all(&p, err);
    sw_ctx_rollback(cx);
    if (r < 0)
        return -1;
    if (anything_drains(&p))
        SW_CRASH_POINT("elbv2.drain_not_applied");
    if (apply(&p, err) < 0)
        return -1;
    note_ports(&p);
    SW_CRASH_POINT("elbv2.proxy_applied_not_noted");
    if (p.listeners.n) {
        ret_step->again = sw_now(cx) + LOOK_AGAIN;
        ret_step->waiting = true;
    }
    if (!anything_to_write(&p))
        return 0;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (write_all(&p, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    return sw_ctx_commit(cx, err);
}

const SwController elbv2_proxy = {
    .name = "elbv2/proxy",
    .step = step,
    .parallel = 1,
    .unfailing = "the proxy goes on as it was drawn last; it belongs to all load balancers, none of which is at fault alone",
};
