/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners. Each has a default rule, a document like other rules, so that what uses a target group
 * is found in one place. */

#include "base/id.h"
#include "services/elbv2/elbv2.h"

static int refuse(const char *field, const char *why, SwError *err) {
    return sw_refuse_field(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, field, why);
}

static int check_protocol(const Elbv2LoadBalancerRecord *lb, SwStr protocol, SwError *err) {
    bool network = elbv2_is(lb->load_balancer->type, "network");
    if (elbv2_is(protocol, network ? "TLS" : "HTTPS"))
        return refuse("Certificates",
                      network ? "there is no certificate service, so TLS listeners are not supported"
                              : "there is no certificate service, so HTTPS listeners are not supported",
                      err);
    if (network && !elbv2_is(protocol, "TCP"))
        return sw_fail(err, &ELBV2_UNSUPPORTED_PROTOCOL_EXCEPTION,
                       "Protocol: a listener of a Network Load Balancer can only be TCP here, not '%.*s'", SW_FMT(protocol));
    if (!network && !elbv2_is(protocol, "HTTP"))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Protocol '%.*s' must be one of 'HTTP, HTTPS'", SW_FMT(protocol));
    return 0;
}

static int listener_on(SwCtx *cx, SwStr lb_arn, int64_t port, Elbv2ListenerRecord **ret_r, SwError *err) {
    Elbv2ListenerRecords l;
    *ret_r = NULL;
    if (elbv2_listeners_of(cx, lb_arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].record->listener->port.v == port)
            *ret_r = l.v[i].record;
    return 0;
}

/* The one on the same port (SwResourceHooks.cfn_like). */
static int listener_like(SwCtx *cx, const void *input, SwFound *ret, SwError *err) {
    const Elbv2CreateListenerInput *in = input;
    Elbv2ListenerRecord *old;
    *ret = (SwFound){0};
    if (!in->port.set)
        return 0;
    if (listener_on(cx, in->load_balancer_arn, in->port.v, &old, err) < 0)
        return -1;
    return old ? sw_resource_by_arn(cx, old->listener->listener_arn, ret, err) : 0;
}

const SwResourceHooks elbv2_listener_hooks = {.cfn_like = listener_like};

static int duplicate(SwStr lb_arn, SwError *err) {
    return sw_fail(err, &ELBV2_DUPLICATE_LISTENER_EXCEPTION,
                   "A listener already exists on this port for this load balancer '%.*s'", SW_FMT(lb_arn));
}

int elbv2_create_listener(SwCtx *cx, const Elbv2CreateListenerInput *in, Elbv2CreateListenerOutput *out, SwError *err) {
    Elbv2LoadBalancerRecord *lb;
    Elbv2ListenerRecord r = {.hex = sw_id_hex(cx->arena, 16), .load_balancer_arn = in->load_balancer_arn}, *old;
    SwStrList groups;
    if (elbv2_listener_set_tags(cx, SW_NO_STR, r.hex, &r, SW_GIVEN_TAGS(&in->tags), err) < 0 ||
        elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &lb, err) < 0)
        return -1;
    if (!in->port.set || !sw_str_is(in->protocol))
        return sw_fail(err, &SW_VALIDATION_ERROR, "A listener %s must be specified", in->port.set ? "protocol" : "port");
    Elbv2Listener *li = r.listener = sw_new(cx->arena, Elbv2Listener);
    *li = (Elbv2Listener){.load_balancer_arn = in->load_balancer_arn, .port = in->port, .protocol = in->protocol};
    r.port = in->port;
    if (check_protocol(lb, in->protocol, err) < 0 ||
        elbv2_actions(cx, lb, in->protocol, &in->default_actions, &li->default_actions, &groups, err) < 0 ||
        listener_on(cx, in->load_balancer_arn, in->port.v, &old, err) < 0)
        return -1;
    if (old) { /* the same request again succeeds */
        li->listener_arn = old->listener->listener_arn;
        *sw_list_add(cx->arena, &out->listeners) = *old->listener;
        return sw_shape_equal(&elbv2_shape_listener, li, old->listener) ? 0 : duplicate(in->load_balancer_arn, err);
    }
    SwStr kind = elbv2_kind(lb->load_balancer->type), name = lb->load_balancer->load_balancer_name;
    li->listener_arn = elbv2_listener_arn(cx, sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(kind), SW_FMT(name)), lb->hex, r.hex);
    *sw_list_add(cx->arena, &out->listeners) = *li;
    if (elbv2_port_check(cx, li->listener_arn, in->load_balancer_arn, in->port.v, in->protocol, err) < 0 ||
        elbv2_listener_save(cx, &r, err) < 0 || elbv2_rule_put_default(cx, &r, &groups, err) < 0)
        return -1;
    return elbv2_wake_proxy(cx, err);
}

int elbv2_modify_listener(SwCtx *cx, const Elbv2ModifyListenerInput *in, Elbv2ModifyListenerOutput *out, SwError *err) {
    Elbv2ListenerRecord *r, *other;
    Elbv2LoadBalancerRecord *lb;
    SwStrList groups = {0};
    if (elbv2_listener_by_arn(cx, in->listener_arn, &r, err) < 0 ||
        elbv2_load_balancer_by_arn(cx, r->load_balancer_arn, &lb, err) < 0)
        return -1;
    if (sw_str_is(in->protocol)) {
        if (check_protocol(lb, in->protocol, err) < 0)
            return -1;
        r->listener->protocol = in->protocol;
    }
    if (in->port.set && in->port.v != r->listener->port.v) {
        if (listener_on(cx, r->load_balancer_arn, in->port.v, &other, err) < 0)
            return -1;
        if (other)
            return duplicate(r->load_balancer_arn, err);
        r->port = r->listener->port = in->port;
        if (elbv2_port_check(cx, in->listener_arn, r->load_balancer_arn, in->port.v, r->listener->protocol, err) < 0)
            return -1;
    }
    if (in->default_actions.n &&
        (elbv2_actions(cx, lb, r->listener->protocol, &in->default_actions, &r->listener->default_actions, &groups, err) < 0 ||
         elbv2_rule_put_default(cx, r, &groups, err) < 0))
        return -1;
    *sw_list_add(cx->arena, &out->listeners) = *r->listener;
    return elbv2_listener_save(cx, r, err) < 0 ? -1 : elbv2_wake_proxy(cx, err);
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(Elbv2Listener *)to = *elbv2_listeners_row(row)->listener;
    return 0;
}

int elbv2_describe_listeners(SwCtx *cx, const Elbv2DescribeListenersInput *in, Elbv2DescribeListenersOutput *out,
                             SwError *err) {
    sw_list_present(cx->arena, &out->listeners);
    if (!sw_str_is(in->load_balancer_arn) && !in->listener_arns.n)
        return sw_fail(err, &SW_VALIDATION_ERROR, "You must specify either listener ARNs or a load balancer ARN");
    for (size_t i = 0; i < in->listener_arns.n; i++) {
        Elbv2ListenerRecord *r;
        if (elbv2_listener_by_arn(cx, in->listener_arns.v[i], &r, err) < 0)
            return -1;
        *sw_list_add(cx->arena, &out->listeners) = *r->listener;
    }
    if (in->listener_arns.n)
        return 0;
    Elbv2LoadBalancerRecord *lb;
    SwDocQuery q = {.index = "by_lb", .equals = {in->load_balancer_arn}};
    if (elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &lb, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.of = &elbv2_listeners, .q = q, .show = show_row, .usual = ELBV2_PAGE}, out, err);
}

int elbv2_listener_end(SwCtx *cx, const Elbv2ListenerRecord *li, SwError *err) {
    return elbv2_rules_end(cx, li->listener->listener_arn, err) < 0 ? -1 : elbv2_listener_drop(cx, li, err);
}

int elbv2_delete_listener(SwCtx *cx, const Elbv2DeleteListenerInput *in, Elbv2DeleteListenerOutput *out, SwError *err) {
    Elbv2ListenerRecord *r;
    if (elbv2_listener_by_arn(cx, in->listener_arn, &r, err) < 0 || elbv2_listener_end(cx, r, err) < 0)
        return -1;
    return elbv2_wake_proxy(cx, err);
}

/* ---- attributes: nothing but what is so can be set ---- */

static void show_attributes(SwCtx *cx, const Elbv2ListenerRecord *r, Elbv2ListenerAttributeList *to) {
    sw_list_present(cx->arena, to);
    if (elbv2_is(r->listener->protocol, "TCP"))
        *sw_list_add(cx->arena, to) = (Elbv2ListenerAttribute){SW_STR("tcp.idle_timeout.seconds"), SW_STR("350")};
}

int elbv2_describe_listener_attributes(SwCtx *cx, const Elbv2DescribeListenerAttributesInput *in,
                                       Elbv2DescribeListenerAttributesOutput *out, SwError *err) {
    Elbv2ListenerRecord *r;
    if (elbv2_listener_by_arn(cx, in->listener_arn, &r, err) < 0)
        return -1;
    show_attributes(cx, r, &out->attributes);
    return 0;
}

int elbv2_modify_listener_attributes(SwCtx *cx, const Elbv2ModifyListenerAttributesInput *in,
                                     Elbv2ModifyListenerAttributesOutput *out, SwError *err) {
    Elbv2ListenerRecord *r;
    if (elbv2_listener_by_arn(cx, in->listener_arn, &r, err) < 0)
        return -1;
    show_attributes(cx, r, &out->attributes);
    for (size_t i = 0; i < in->attributes.n; i++) {
        bool so = false;
        for (size_t k = 0; k < out->attributes.n; k++)
            so |= sw_shape_equal(&elbv2_shape_listener_attribute, &in->attributes.v[i], &out->attributes.v[k]);
        if (!so)
            return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, "%.*s: the value '%.*s' is not supported",
                           SW_FMT(in->attributes.v[i].key), SW_FMT(in->attributes.v[i].value));
    }
    return 0;
}
