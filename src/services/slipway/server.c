/* SPDX-License-Identifier: Apache-2.0 */
/* The server about itself: health, coverage, its authority's certificate; and its end. */

#include <signal.h>

#include "api/registry.h"
#include "models/apis.h"
#include "resource/cfn.h"
#include "services/slipway/slipway.h"

int slipway_get_health(SwCtx *cx, const void *in, SlipwayGetHealthResponse *out, SwError *err) {
    const SwHost *h = cx->host;
    out->status = SW_STR("running");
    out->version = SW_STR(SLIPWAY_VERSION);
    out->instance = h->instance;
    out->account = h->config->account;
    out->region = h->config->region;
    out->auth = h->config->strict ? SW_STR("strict") : SW_STR("relaxed");
    out->data_folder = sw_str(h->config->data);
    out->uptime_seconds = SW_SOME_DOUBLE((double)(sw_monotonic_ns() - h->started_ns) / (double)SW_S);
    for (const SwService *const *s = h->config->services; *s; s++)
        if ((*s)->api && (*s)->handlers)
            sw_str_map_set(cx->arena, &out->services, sw_str((*s)->name), SW_STR("running"));
    return 0;
}

static void cover(SwCtx *cx, const SwApi *api, SlipwayServiceCoverageList *to) {
    const SwService *s = sw_registry_by_api(cx->host, api);
    SlipwayServiceCoverage *c = sw_list_add(cx->arena, to);
    c->service = sw_str(api->name);
    sw_list_present(cx->arena, &c->implemented);
    sw_list_present(cx->arena, &c->absent);
    for (size_t i = 0; i < api->n_op; i++)
        sw_str_list_add(cx->arena, s ? &c->implemented : &c->absent, sw_str(api->op[i].name));
    for (size_t i = 0; i < api->n_other; i++)
        sw_str_list_add(cx->arena, &c->absent, sw_str(api->other[i].name));
    sw_list_present(cx->arena, &c->types);
    for (size_t i = 0; s && s->declares && s->declares->resource[i]; i++)
        if (s->declares->resource[i]->cfn)
            sw_str_list_add(cx->arena, &c->types, sw_str(s->declares->resource[i]->cfn->name));
}

int slipway_get_coverage(SwCtx *cx, const SlipwayGetCoverageRequest *in, SlipwayGetCoverageResponse *out, SwError *err) {
    for (const SwApi *const *api = sw_apis; *api; api++)
        if (!sw_str_is(in->service) || sw_str_eqz(in->service, (*api)->name))
            cover(cx, *api, &out->services);
    if (!out->services.n)
        return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "service: there is no model of '%.*s'", SW_FMT(in->service));
    return 0;
}

int slipway_get_certificate_authority(SwCtx *cx, const void *in, SlipwayGetCertificateAuthorityResponse *out, SwError *err) {
    return sw_host_authority(cx->host, cx->arena, &out->certificate, err);
}

int slipway_reset_all(SwHost *h, SwError *err) {
    if (sw_host_reset(h, err) < 0)
        return -1;
    return sw_engine_wake(h->engine, &slipway_housekeeping, h->config->account, h->config->region, SW_STR("all"), err);
}

int slipway_reset(SwCtx *cx, const void *in, void *out, SwError *err) {
    return slipway_reset_all(cx->host, err);
}

/* The program waits for this signal; the reply goes out while it drains. */
int slipway_shutdown(SwCtx *cx, const SlipwayShutdownRequest *in, void *out, SwError *err) {
    cx->host->down = SW_OR(in->leave_nothing, false);
    kill(getpid(), SIGTERM);
    return 0;
}
