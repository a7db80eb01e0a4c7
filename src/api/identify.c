/* SPDX-License-Identifier: Apache-2.0 */
/* Identification: see identify.h. */

#include "api/identify.h"

#include "base/digest.h"

static SwStr query_value(SwArena *a, SwStr form, const char *want) {
    SwStr rest = form, part;
    while (sw_str_next(&rest, '&', &part)) {
        SwStr name, value = part, raw;
        if (sw_str_cut(&value, '=', &name) && sw_str_eqz(name, want) && sw_percent_decode(a, value, true, &raw))
            return raw;
    }
    return SW_NO_STR;
}

static const SwService *by_action(const SwHost *h, SwArena *a, SwStr path, SwStr form) {
    SwStr action = query_value(a, form, "Action"), version = query_value(a, form, "Version"), url;
    if (!sw_str_is(action))
        return NULL;
    if (sw_wire_queue_path(path, &url)) /* some actions are other services' too: AddPermission */
        return sw_host_service(h, SW_STR("sqs"));
    for (const SwService *const *s = h->config->services; *s; s++)
        if ((*s)->api && ((*s)->api->protocols & (SW_QUERY | SW_EC2_QUERY)) &&
            (!sw_str_is(version) || sw_str_eqz(version, (*s)->api->version)) && sw_api_operation((*s)->api, action))
            return *s;
    return NULL;
}

/* "s3" and "s3.us-east-1": the service's own names, which no bucket has. */
static bool is_s3_itself(SwStr name) {
    size_t at;
    if (sw_str_eqz(name, "s3"))
        return true;
    if (!sw_str_starts(name, SW_STR("s3.")))
        return false;
    SwStr region = sw_str_skip(name, 3);
    return !sw_str_find(region, '.', &at) && region.n > 2 && region.p[region.n - 2] == '-' && region.p[region.n - 1] >= '1' &&
           region.p[region.n - 1] <= '9';
}

/* "bucket" of "bucket.s3.us-east-1.amazonaws.com", "bucket.s3.localhost:4566", "bucket.localhost:4566"; absent for
 * hosts that are not a bucket's. */
static SwStr bucket_of_host(SwStr host) {
    size_t at;
    if (sw_str_rfind(host, ':', &at))
        host.n = at;
    for (size_t i = 0; i + 4 <= host.n; i++)
        if (memcmp(host.p + i, ".s3.", 4) == 0 || memcmp(host.p + i, ".s3-", 4) == 0)
            return sw_str_n(host.p, i);
    if (!sw_str_ends(host, SW_STR(".localhost")))
        return SW_NO_STR;
    SwStr name = sw_str_drop(host, sizeof(".localhost") - 1);
    return is_s3_itself(name) ? SW_NO_STR : name;
}

static void to_path_style(SwArena *a, SwWireMessage *m) {
    SwStr bucket = bucket_of_host(sw_header_find(&m->headers, "host"));
    if (sw_str_is(bucket))
        m->path = sw_strf(a, "/%.*s%.*s", SW_FMT(bucket), SW_FMT(m->path));
}

static const SwService *by_headers(const SwHost *h, SwArena *a, const SwWireMessage *m, const SwSignature *s) {
    if (sw_str_is(s->service))
        return sw_registry_by_sign_name(h, s->service, query_value(a, m->query, "Version"));
    SwStr target = sw_header_find(&m->headers, "x-amz-target");
    if (sw_str_is(target))
        return sw_registry_by_target(h, target);
    if (sw_str_starts(m->path, SW_STR("/service/"))) {
        SwStr rest = sw_str_skip(m->path, 9), name;
        if (sw_str_cut(&rest, '/', &name))
            return sw_registry_by_target(h, sw_strf(a, "%.*s.", SW_FMT(name)));
    }
    return by_action(h, a, m->path, m->query);
}

static bool is_form(const SwWireMessage *m) {
    return sw_str_eqz(m->method, "POST") &&
           sw_str_starts(sw_header_find(&m->headers, "content-type"), SW_STR("application/x-www-form-urlencoded"));
}

/* The REST services that speak XML; all others speak JSON. (s3control signs as s3.) */
static const char *const rest_xml[] = {"cloudfront", "route53", "s3"};

uint32_t sw_identify_protocol(SwArena *a, const SwWireMessage *m, const SwSignature *s) {
    SwStr type = sw_header_find(&m->headers, "content-type");
    if (sw_str_eqz(sw_header_find(&m->headers, "smithy-protocol"), "rpc-v2-cbor") ||
        sw_str_starts(type, SW_STR("application/cbor")))
        return SW_RPC_V2_CBOR;
    if (sw_str_is(sw_header_find(&m->headers, "x-amz-target")))
        return sw_str_starts(type, SW_STR("application/x-amz-json-1.0")) ? SW_JSON_1_0 : SW_JSON_1_1;
    if (is_form(m) || sw_str_is(query_value(a, m->query, "Action")))
        return sw_str_eqz(s->service, "ec2") ? SW_EC2_QUERY : SW_QUERY;
    for (size_t i = 0; i < SW_N(rest_xml); i++)
        if (sw_str_eqz(s->service, rest_xml[i]))
            return SW_REST_XML;
    return SW_REST_JSON;
}

/* APIs that sign as one that is here, and differ from it by their version alone. (Versions are else not asked for: AWS
 * serves older ones.) */
static const struct {
    const char *sign_name, *version, *what;
} other_apis[] = {
    {"elasticloadbalancing", "2012-06-01", "Classic Load Balancers"},
};

static int check_version(SwArena *a, const SwIdentity *i, SwError *err) {
    SwStr form = is_form(&i->m) ? i->m.body : i->m.query, version = query_value(a, form, "Version");
    for (size_t k = 0; k < SW_N(other_apis); k++)
        if (strcmp(i->service->api->sign_name, other_apis[k].sign_name) == 0 && sw_str_eqz(version, other_apis[k].version))
            return sw_fail(err, &SW_NOT_IMPLEMENTED, "Slipway does not have %s (%s, version %s). It has %s, version %s.",
                           other_apis[k].what, other_apis[k].sign_name, other_apis[k].version, i->service->api->service_id,
                           i->service->api->version);
    return 0;
}

static int name_operation(SwArena *a, SwIdentity *i, SwError *err) {
    const SwService *s = i->service;
    if (s->api->protocol == SW_REST_XML && sw_str_eqz(sw_str(s->api->sign_name), "s3"))
        to_path_style(a, &i->m);
    i->route = s->beside ? s->beside(&i->m) : NULL;
    i->protocol = i->route ? s->api->protocol : sw_wire_protocol(s->api, &i->m);
    if (i->route)
        return 0;
    if (!i->protocol) {
        i->protocol = s->api->protocol;
        return sw_fail(err, &SW_UNKNOWN_OPERATION, "The request does not speak a protocol of %s", s->api->service_id);
    }
    if ((i->protocol & (SW_QUERY | SW_EC2_QUERY)) && check_version(a, i, err) < 0)
        return -1;
    i->op = sw_wire_operation(a, s->api, i->protocol, &i->m, err);
    if (!i->op)
        return -1;
    return i->protocol == SW_QUERY ? sw_wire_to_queue(a, s->api, i->op, &i->m, err) : 0;
}

int sw_identify(const SwHost *h, SwArena *a, const SwWireMessage *m, const SwSignature *s, const char *listener, bool have_body,
                SwIdentity *ret_i, bool *ret_known, SwError *err) {
    *ret_i = (SwIdentity){.m = *m};
    *ret_known = true;
    const SwService *route_of = NULL;
    /* A signature names its service: a bucket's path may be any. Routes that want one are Slipway's own. */
    bool own = sw_str_eqz(s->service, "slipway");
    const SwRoute *route = own || !sw_str_is(s->service) ? sw_registry_route(h, listener, m->method, m->path, &route_of) : NULL;
    if (route && (!own || route->access == SW_ACCESS_SIGNED)) {
        ret_i->service = route_of;
        ret_i->route = route;
        return 0;
    }
    ret_i->service = by_headers(h, a, m, s);
    if (!ret_i->service && !sw_str_is(s->service) && sw_str_starts(m->path, SW_STR("/_slipway/")))
        ret_i->service = sw_host_service(h, SW_STR("slipway"));
    if (!ret_i->service && is_form(m)) {
        if (!have_body) {
            *ret_known = false;
            return 0;
        }
        ret_i->service = by_action(h, a, m->path, m->body);
    }
    if (!ret_i->service && sw_str_is(s->service))
        return sw_fail(err, &SW_NOT_IMPLEMENTED,
                       "Slipway does not have the service '%.*s'. `slipway coverage` lists what it has.", SW_FMT(s->service));
    SwStr target = sw_header_find(&m->headers, "x-amz-target");
    if (!ret_i->service && sw_str_is(target)) /* never a bucket's */
        return sw_fail(err, &SW_UNKNOWN_OPERATION, "No service here has the target '%.*s'", SW_FMT(target));
    if (!ret_i->service)
        ret_i->service = sw_host_service(h, SW_STR("s3"));
    if (!ret_i->service || !ret_i->service->api)
        return sw_fail(err, &SW_UNKNOWN_OPERATION,
                       "The request names no service: it carries no signature, no X-Amz-Target and no Action");
    /* The body of a Query request names its operation; wait for it. */
    bool needs_body = is_form(m) && (ret_i->service->api->protocols & (SW_QUERY | SW_EC2_QUERY)) &&
                      !sw_str_is(sw_header_find(&m->headers, "x-amz-target"));
    if (needs_body && !have_body) {
        *ret_known = false;
        return 0;
    }
    return name_operation(a, ret_i, err);
}
