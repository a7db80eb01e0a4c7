/* SPDX-License-Identifier: Apache-2.0 */
/* Actions and conditions of rules: checked before they are stored, and completed with AWS's
 * defaults, so that what is described is what is served. */

#include <stdio.h>

#include "services/elbv2/elbv2.h"

#define GROUPS_MAX 5
#define WEIGHT_MAX 999
#define STICKY_MAX 604800
#define VALUES_MAX 5 /* of all conditions of a rule */

static const SwErrorKind *const invalid = &SW_VALIDATION_ERROR;

/* ---- actions ---- */

static int check_group(SwCtx *cx, const Elbv2LoadBalancerRecord *lb, SwStr protocol, SwStr arn, SwError *err) {
    Elbv2TargetGroupRecord *g;
    SwStrList lbs;
    if (elbv2_target_group_by_arn(cx, arn, &g, err) < 0 || elbv2_group_lbs(cx, arn, &lbs, err) < 0)
        return -1;
    bool network = elbv2_is(protocol, "TCP");
    if (network != elbv2_group_is_network(g->group))
        return sw_fail(err, &ELBV2_INCOMPATIBLE_PROTOCOLS_EXCEPTION,
                       "Listener protocol '%.*s' is not supported with a target group with the "
                       "protocol '%.*s'",
                       SW_FMT(protocol), SW_FMT(g->group->protocol));
    for (size_t i = 0; i < lbs.n; i++)
        if (!sw_str_eq(lbs.v[i], lb->load_balancer->load_balancer_arn))
            return sw_fail(err, &ELBV2_TARGET_GROUP_ASSOCIATION_LIMIT_EXCEPTION,
                           "The following target groups cannot be associated with more than one "
                           "load balancer: %.*s",
                           SW_FMT(arn));
    return 0;
}

static int tuples(SwCtx *cx, const Elbv2ForwardActionConfig *f, Elbv2ForwardActionConfig *to, SwError *err) {
    for (size_t i = 0; f && i < f->target_groups.n; i++) {
        const Elbv2TargetGroupTuple *t = &f->target_groups.v[i];
        int64_t weight = SW_OR(t->weight, 1);
        if (weight < 0 || weight > WEIGHT_MAX)
            return sw_fail(err, invalid, "Weight: '%lld' is not between 0 and 999", (long long)weight);
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(f->target_groups.v[k].target_group_arn, t->target_group_arn))
                return sw_fail(err, &ELBV2_INVALID_LOAD_BALANCER_ACTION_EXCEPTION,
                               "The target group '%.*s' is specified twice in a forward action", SW_FMT(t->target_group_arn));
        *sw_list_add(cx->arena, &to->target_groups) = (Elbv2TargetGroupTuple){t->target_group_arn, SW_SOME_INT(weight)};
    }
    if (to->target_groups.n > GROUPS_MAX)
        return sw_fail(err, &ELBV2_TOO_MANY_UNIQUE_TARGET_GROUPS_PER_LOAD_BALANCER_EXCEPTION,
                       "A forward action can have at most 5 target groups");
    return 0;
}

static int stickiness(SwCtx *cx, const Elbv2ForwardActionConfig *f, Elbv2ForwardActionConfig *to, SwError *err) {
    const Elbv2TargetGroupStickinessConfig *s = f ? f->target_group_stickiness_config : NULL;
    Elbv2TargetGroupStickinessConfig *t = to->target_group_stickiness_config =
        sw_new(cx->arena, Elbv2TargetGroupStickinessConfig);
    t->enabled = SW_SOME_BOOL(s && SW_OR(s->enabled, false));
    if (!t->enabled.v)
        return 0;
    t->duration_seconds = s->duration_seconds;
    if (!t->duration_seconds.set || t->duration_seconds.v < 1 || t->duration_seconds.v > STICKY_MAX)
        return sw_fail(err, invalid,
                       "DurationSeconds: target group stickiness needs a duration between 1 and "
                       "604800 seconds");
    return 0;
}

static int forward(SwCtx *cx, const Elbv2LoadBalancerRecord *lb, SwStr protocol, const Elbv2Action *in, Elbv2Action *to,
                   SwStrList *groups, SwError *err) {
    Elbv2ForwardActionConfig *f = to->forward_config = sw_new(cx->arena, Elbv2ForwardActionConfig);
    if (tuples(cx, in->forward_config, f, err) < 0 || stickiness(cx, in->forward_config, f, err) < 0)
        return -1;
    if (sw_str_is(in->target_group_arn) &&
        (f->target_groups.n > 1 ||
         (f->target_groups.n == 1 && !sw_str_eq(f->target_groups.v[0].target_group_arn, in->target_group_arn))))
        return sw_fail(err, invalid, "TargetGroupArn and ForwardConfig name different target groups");
    if (!f->target_groups.n && sw_str_is(in->target_group_arn))
        *sw_list_add(cx->arena, &f->target_groups) = (Elbv2TargetGroupTuple){in->target_group_arn, SW_SOME_INT(1)};
    if (!f->target_groups.n)
        return sw_fail(err, invalid, "A target group ARN must be specified");
    if (elbv2_is(protocol, "TCP") && (f->target_groups.n > 1 || f->target_group_stickiness_config->enabled.v))
        return sw_fail(err, &ELBV2_INVALID_LOAD_BALANCER_ACTION_EXCEPTION,
                       "ForwardConfig: a TCP listener forwards to one target group, without target "
                       "group stickiness");
    for (size_t i = 0; i < f->target_groups.n; i++) {
        if (check_group(cx, lb, protocol, f->target_groups.v[i].target_group_arn, err) < 0)
            return -1;
        if (!sw_str_list_has(groups, f->target_groups.v[i].target_group_arn))
            sw_str_list_add(cx->arena, groups, f->target_groups.v[i].target_group_arn);
    }
    if (f->target_groups.n == 1)
        to->target_group_arn = f->target_groups.v[0].target_group_arn;
    return 0;
}

static int check_redirect_port(SwStr port, SwError *err) {
    int64_t n;
    if (elbv2_is(port, "#{port}") || (sw_str_to_i64(port, &n) && n >= 1 && n <= 65535))
        return 0;
    return sw_fail(err, invalid, "Port '%.*s' of a redirect is not valid", SW_FMT(port));
}

static int check_redirect_text(const char *field, SwStr s, SwError *err) {
    for (size_t i = 0; i < s.n; i++)
        if (s.n > 128 || s.p[i] <= ' ' || s.p[i] > '~')
            return sw_fail(err, invalid, "%s '%.*s' of a redirect must be at most 128 visible characters", field, SW_FMT(s));
    return 0;
}

static int redirect(SwCtx *cx, const Elbv2Action *in, Elbv2Action *to, SwError *err) {
    const Elbv2RedirectActionConfig *r = in->redirect_config;
    if (!r)
        return sw_fail(err, invalid, "A redirect action needs RedirectConfig");
    Elbv2RedirectActionConfig *t = to->redirect_config = sw_new(cx->arena, Elbv2RedirectActionConfig);
    t->protocol = sw_str_or(r->protocol, SW_STR("#{protocol}"));
    t->host = sw_str_or(r->host, SW_STR("#{host}"));
    t->port = sw_str_or(r->port, SW_STR("#{port}"));
    t->path = sw_str_or(r->path, SW_STR("/#{path}"));
    t->query = r->query.p ? r->query : SW_STR("#{query}");
    t->status_code = r->status_code;
    if (!elbv2_is(t->protocol, "#{protocol}") && !elbv2_is(t->protocol, "HTTP") && !elbv2_is(t->protocol, "HTTPS"))
        return sw_fail(err, invalid, "Protocol '%.*s' of a redirect is not valid", SW_FMT(t->protocol));
    if (check_redirect_port(t->port, err) < 0 || check_redirect_text("Host", t->host, err) < 0 ||
        check_redirect_text("Path", t->path, err) < 0 || check_redirect_text("Query", t->query, err) < 0)
        return -1;
    if (t->path.p[0] != '/')
        return sw_fail(err, invalid, "Path '%.*s' of a redirect must start with '/'", SW_FMT(t->path));
    if (elbv2_is(t->protocol, "#{protocol}") && elbv2_is(t->host, "#{host}") && elbv2_is(t->port, "#{port}") &&
        elbv2_is(t->path, "/#{path}"))
        return sw_fail(err, &ELBV2_INVALID_LOAD_BALANCER_ACTION_EXCEPTION,
                       "The redirect configuration is not valid because it creates a loop.");
    return 0;
}

static int fixed(SwCtx *cx, const Elbv2Action *in, Elbv2Action *to, SwError *err) {
    static const char *const types[] = {"text/plain", "text/css", "text/html", "application/javascript", "application/json"};
    const Elbv2FixedResponseActionConfig *r = in->fixed_response_config;
    int64_t status;
    bool known = false;
    if (!r)
        return sw_fail(err, invalid, "A fixed-response action needs FixedResponseConfig");
    if (r->status_code.n != 3 || !sw_str_to_i64(r->status_code, &status) || !strchr("245", r->status_code.p[0]))
        return sw_fail(err, invalid, "StatusCode '%.*s' of a fixed response must be 2XX, 4XX or 5XX", SW_FMT(r->status_code));
    for (size_t i = 0; i < SW_N(types); i++)
        known |= sw_str_eqz(r->content_type, types[i]);
    if (sw_str_is(r->content_type) && !known)
        return sw_fail(err, invalid, "ContentType '%.*s' of a fixed response is not valid", SW_FMT(r->content_type));
    Elbv2FixedResponseActionConfig *t = to->fixed_response_config = sw_new(cx->arena, Elbv2FixedResponseActionConfig);
    *t = *r;
    if (sw_str_is(t->message_body))
        t->content_type = sw_str_or(t->content_type, SW_STR("text/plain"));
    return 0;
}

/* Configurations of other types than the action's own would be dropped. */
static int check_configs(const Elbv2Action *a, SwError *err) {
    const struct {
        const char *type, *field;
        bool set;
    } own[] = {
        {"forward", "TargetGroupArn", sw_str_is(a->target_group_arn)},
        {"forward", "ForwardConfig", a->forward_config},
        {"redirect", "RedirectConfig", a->redirect_config},
        {"fixed-response", "FixedResponseConfig", a->fixed_response_config},
    };
    for (size_t i = 0; i < SW_N(own); i++)
        if (own[i].set && !elbv2_is(a->type, own[i].type))
            return sw_fail(err, &ELBV2_INVALID_LOAD_BALANCER_ACTION_EXCEPTION,
                           "%s is not valid for an action of the type '%.*s'", own[i].field, SW_FMT(a->type));
    return 0;
}

int elbv2_actions(SwCtx *cx, const Elbv2LoadBalancerRecord *lb, SwStr protocol, const Elbv2ActionList *in,
                  Elbv2ActionList *ret_l, SwStrList *ret_groups, SwError *err) {
    *ret_l = (Elbv2ActionList){0};
    *ret_groups = (SwStrList){0};
    if (!in->n)
        return sw_fail(err, invalid, "At least one action must be specified");
    for (size_t i = 0; i < in->n; i++) {
        SwStr type = in->v[i].type;
        if (!elbv2_is(type, "forward") && !elbv2_is(type, "redirect") && !elbv2_is(type, "fixed-response"))
            return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, "Actions.Type: '%.*s' is not supported",
                           SW_FMT(type));
    }
    if (check_configs(&in->v[0], err) < 0)
        return -1;
    if (in->n > 1)
        return sw_fail(err, &ELBV2_INVALID_LOAD_BALANCER_ACTION_EXCEPTION,
                       "You can specify only one forward, redirect or fixed-response action");
    const Elbv2Action *a = &in->v[0];
    if (elbv2_is(protocol, "TCP") && !elbv2_is(a->type, "forward"))
        return sw_fail(err, &ELBV2_INVALID_LOAD_BALANCER_ACTION_EXCEPTION, "A TCP listener can only forward");
    Elbv2Action *to = sw_list_add(cx->arena, ret_l);
    to->type = a->type;
    to->order = a->order;
    if (elbv2_is(a->type, "forward"))
        return forward(cx, lb, protocol, a, to, ret_groups, err);
    return elbv2_is(a->type, "redirect") ? redirect(cx, a, to, err) : fixed(cx, a, to, err);
}

/* ---- conditions ---- */

static int check_values(const char *field, const SwStrList *values, const char *allowed, size_t max, SwError *err) {
    if (!values->n)
        return sw_fail(err, invalid, "A condition value must be specified for '%s'", field);
    for (size_t i = 0; i < values->n; i++) {
        SwStr v = values->v[i];
        if (!v.n || v.n > max)
            return sw_fail(err, invalid, "The condition value '%.*s' must be between 1 and %zu characters long", SW_FMT(v),
                           max);
        for (size_t k = 0; k < v.n; k++)
            if (v.p[k] < ' ' || v.p[k] > '~' || (allowed && !strchr(allowed, v.p[k])))
                return sw_fail(err, invalid, "The condition value '%.*s' contains a character that is not valid", SW_FMT(v));
    }
    return 0;
}

#define LETTERS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int check_cidrs(const SwStrList *l, SwError *err) {
    for (size_t i = 0; i < l->n; i++) {
        unsigned a, b, c, d, bits;
        char z[32], rest;
        bool short_enough = l->v[i].n < sizeof z;
        if (short_enough) {
            memcpy(z, l->v[i].p, l->v[i].n);
            z[l->v[i].n] = 0;
        }
        if (!short_enough || sscanf(z, "%u.%u.%u.%u/%u%c", &a, &b, &c, &d, &bits, &rest) != 5 || a > 255 || b > 255 ||
            c > 255 || d > 255 || bits > 32)
            return sw_fail(err, invalid, "The IPv4 CIDR block '%.*s' is not valid", SW_FMT(l->v[i]));
    }
    return 0;
}

static int refuse_regex(const SwStrList *l, SwError *err) {
    return l->n ? sw_refuse_field(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, "RegexValues",
                                  "regular expressions are not supported; use Values")
                : 0;
}

/* Old clients put host and path values beside the field; both forms are shown, as AWS does. */
static SwStrList values_of(const Elbv2RuleCondition *in, const SwStrList *config) {
    return config && config->n ? *config : in->values;
}

static int host_or_path(SwCtx *cx, const Elbv2RuleCondition *in, Elbv2RuleCondition *to, SwError *err) {
    bool host = elbv2_is(in->field, "host-header");
    if (host) {
        to->host_header_config = sw_new(cx->arena, Elbv2HostHeaderConditionConfig);
        if (in->host_header_config && refuse_regex(&in->host_header_config->regex_values, err) < 0)
            return -1;
        to->values = to->host_header_config->values =
            values_of(in, in->host_header_config ? &in->host_header_config->values : NULL);
        return check_values("host-header", &to->values, LETTERS "-.*?", 128, err);
    }
    to->path_pattern_config = sw_new(cx->arena, Elbv2PathPatternConditionConfig);
    if (in->path_pattern_config && refuse_regex(&in->path_pattern_config->regex_values, err) < 0)
        return -1;
    to->values = to->path_pattern_config->values =
        values_of(in, in->path_pattern_config ? &in->path_pattern_config->values : NULL);
    return check_values("path-pattern", &to->values, LETTERS "_-.$/~\"'@:+&*?", 128, err);
}

static int header(SwCtx *cx, const Elbv2RuleCondition *in, Elbv2RuleCondition *to, SwError *err) {
    const Elbv2HttpHeaderConditionConfig *h = in->http_header_config;
    if (!h || !sw_str_is(h->http_header_name) || h->http_header_name.n > 40)
        return sw_fail(err, invalid, "HttpHeaderName: a name of at most 40 characters must be specified");
    if (sw_str_ieq(h->http_header_name, SW_STR("host")))
        return sw_fail(err, invalid, "HttpHeaderName: use a host-header condition for the Host header");
    to->http_header_config = sw_new(cx->arena, Elbv2HttpHeaderConditionConfig);
    *to->http_header_config = *h;
    SwStrList name = {(SwStr[]){h->http_header_name}, 1};
    if (refuse_regex(&h->regex_values, err) < 0 || check_values("http-header", &name, LETTERS "!#$%&'*+-.^_`|~", 40, err) < 0)
        return -1;
    return check_values("http-header", &h->values, NULL, 128, err);
}

static int query(SwCtx *cx, const Elbv2RuleCondition *in, Elbv2RuleCondition *to, SwError *err) {
    const Elbv2QueryStringConditionConfig *q = in->query_string_config;
    SwStrList all = {0};
    if (!q || !q->values.n)
        return sw_fail(err, invalid, "A condition value must be specified for 'query-string'");
    for (size_t i = 0; i < q->values.n; i++) {
        if (q->values.v[i].key.p)
            sw_str_list_add(cx->arena, &all, q->values.v[i].key);
        sw_str_list_add(cx->arena, &all, q->values.v[i].value);
    }
    to->query_string_config = sw_new(cx->arena, Elbv2QueryStringConditionConfig);
    *to->query_string_config = *q;
    return check_values("query-string", &all, NULL, 128, err);
}

static int condition(SwCtx *cx, const Elbv2RuleCondition *in, Elbv2RuleCondition *to, SwError *err) {
    to->field = in->field;
    if (refuse_regex(&in->regex_values, err) < 0)
        return -1;
    if (elbv2_is(in->field, "host-header") || elbv2_is(in->field, "path-pattern"))
        return host_or_path(cx, in, to, err);
    if (elbv2_is(in->field, "http-header"))
        return header(cx, in, to, err);
    if (elbv2_is(in->field, "query-string"))
        return query(cx, in, to, err);
    if (elbv2_is(in->field, "http-request-method") && in->http_request_method_config) {
        to->http_request_method_config = in->http_request_method_config;
        return check_values("http-request-method", &in->http_request_method_config->values, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", 40,
                            err);
    }
    if (elbv2_is(in->field, "source-ip") && in->source_ip_config) {
        to->source_ip_config = in->source_ip_config;
        return check_values("source-ip", &in->source_ip_config->values, NULL, 64, err) < 0
                   ? -1
                   : check_cidrs(&in->source_ip_config->values, err);
    }
    return sw_fail(err, invalid,
                   "Condition field '%.*s' must be one of '[path-pattern, host-header, "
                   "http-header, http-request-method, "
                   "query-string, source-ip]', with its configuration",
                   SW_FMT(in->field));
}

static size_t count_values(const Elbv2RuleCondition *c) {
    if (c->http_header_config)
        return c->http_header_config->values.n;
    if (c->query_string_config)
        return c->query_string_config->values.n;
    if (c->http_request_method_config)
        return c->http_request_method_config->values.n;
    return c->source_ip_config ? c->source_ip_config->values.n : c->values.n;
}

int elbv2_conditions(SwCtx *cx, const Elbv2RuleConditionList *in, Elbv2RuleConditionList *ret_l, SwError *err) {
    size_t values = 0;
    *ret_l = (Elbv2RuleConditionList){0};
    if (!in->n)
        return sw_fail(err, invalid, "A rule must have at least one condition");
    for (size_t i = 0; i < in->n; i++) {
        Elbv2RuleCondition *to = sw_list_add(cx->arena, ret_l);
        if (condition(cx, &in->v[i], to, err) < 0)
            return -1;
        values += count_values(to);
        bool repeatable = elbv2_is(to->field, "http-header") || elbv2_is(to->field, "query-string");
        for (size_t k = 0; k < i && !repeatable; k++)
            if (sw_str_eq(ret_l->v[k].field, to->field))
                return sw_fail(err, invalid, "A rule can only have one '%.*s' condition", SW_FMT(to->field));
    }
    if (values > VALUES_MAX)
        return sw_fail(err, invalid, "A rule can have at most %d condition values", VALUES_MAX);
    return 0;
}
