/* SPDX-License-Identifier: Apache-2.0 */
/* Looking services up. The list is short (tens), so a walk is enough: nothing is cached, nothing can be stale. */

#include "api/registry.h"

const SwHandler *sw_registry_handler(const SwService *s, const SwOperation *op) {
    return op->index < s->api->n_op ? &s->handlers[op->index] : NULL;
}

#define EACH_SERVICE(h, s) for (const SwService *const *at_ = (h)->config->services, *s = *at_; s; s = *++at_)

const SwService *sw_registry_by_api(const SwHost *h, const SwApi *api) {
    EACH_SERVICE(h, s)
    if (s->api == api)
        return s;
    return NULL;
}

const SwService *sw_host_service(const SwHost *h, SwStr name) {
    EACH_SERVICE(h, s)
    if (sw_str_eqz(name, s->name) || (s->api && sw_str_eqz(name, s->api->sign_name)))
        return s;
    return NULL;
}

const SwService *sw_registry_by_sign_name(const SwHost *h, SwStr sign_name, SwStr version) {
    const SwService *found = NULL;
    EACH_SERVICE(h, s) {
        if (!s->api || !sw_str_eqz(sign_name, s->api->sign_name))
            continue;
        if (sw_str_is(version) && sw_str_eqz(version, s->api->version))
            return s;
        if (!found)
            found = s;
    }
    return found;
}

const SwService *sw_registry_by_target(const SwHost *h, SwStr target) {
    size_t dot;
    if (!sw_str_rfind(target, '.', &dot))
        return NULL;
    SwStr prefix = sw_str_n(target.p, dot), operation = sw_str_skip(target, dot + 1);
    const SwService *only = NULL;
    size_t n = 0;
    EACH_SERVICE(h, s) {
        if (!s->api)
            continue;
        if (s->api->target_prefix && sw_str_ends(prefix, sw_str(s->api->target_prefix)))
            return s;
        if (sw_api_operation(s->api, operation)) {
            only = s;
            n++;
        }
    }
    return n == 1 ? only : NULL;
}

static bool route_matches(const SwRoute *r, const char *listener, SwStr method, SwStr path) {
    if (r->listener && (!listener || strcmp(r->listener, listener) != 0))
        return false;
    if (r->method && !sw_str_eqz(method, r->method))
        return false;
    SwStr want = sw_str(r->path);
    if (sw_str_ends(want, SW_STR("*")))
        return sw_str_starts(path, sw_str_drop(want, 1));
    if (sw_str_ends(want, SW_STR("/")))
        return sw_str_starts(path, want) || sw_str_eq(path, sw_str_drop(want, 1));
    return sw_str_eq(path, want);
}

const SwRoute *sw_registry_route(const SwHost *h, const char *listener, SwStr method, SwStr path, const SwService **ret_s) {
    const SwRoute *found = NULL;
    EACH_SERVICE(h, s)
    for (size_t i = 0; i < s->n_routes; i++) {
        const SwRoute *r = &s->routes[i];
        /* The metadata address has paths of its own ("/v2/credentials/") below those that are everywhere ("/v2/"). */
        if (route_matches(r, listener, method, path) && (!found || (r->listener && !found->listener))) {
            *ret_s = s;
            found = r;
        }
    }
    return found;
}

const SwTarget *sw_registry_target(const SwHost *h, SwStr text) {
    SwArn arn;
    if (!sw_arn_parse(text, &arn))
        return NULL;
    EACH_SERVICE(h, s)
    for (size_t i = 0; i < s->n_targets; i++)
        if (sw_str_eqz(arn.service, s->targets[i].service) &&
            (!s->targets[i].resource || sw_str_starts(arn.resource, sw_str(s->targets[i].resource))))
            return &s->targets[i];
    return NULL;
}

const SwActionType *sw_registry_action(const SwHost *h, SwStr category, SwStr owner, SwStr provider, SwStr version) {
    EACH_SERVICE(h, s)
    for (size_t i = 0; i < s->n_actions; i++) {
        const SwActionType *t = &s->actions[i];
        if (sw_str_eqz(category, t->category) && sw_str_eqz(owner, t->owner) && sw_str_eqz(provider, t->provider) &&
            sw_str_eqz(version, t->version))
            return t;
    }
    return NULL;
}

static bool speaks_xml(const SwService *s) {
    return s->api && (s->api->protocol & (SW_QUERY | SW_EC2_QUERY | SW_REST_XML));
}

const SwErrorKind *sw_registry_invalid(const SwService *s) {
    if (s->invalid)
        return s->invalid;
    return speaks_xml(s) ? &SW_VALIDATION_ERROR : &SW_VALIDATION_EXCEPTION;
}

const SwErrorKind *sw_registry_unsupported(const SwService *s) {
    return s->unsupported ? s->unsupported : sw_registry_invalid(s);
}

const SwErrorKind *sw_registry_denied(const SwService *s) {
    if (s->denied)
        return s->denied;
    return speaks_xml(s) ? &SW_ACCESS_DENIED : &SW_ACCESS_DENIED_EXCEPTION;
}
