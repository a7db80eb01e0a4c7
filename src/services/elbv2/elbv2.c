/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table, its documents, and what happens at its start and end. */

#include <errno.h>

#include "base/file.h"
#include "base/log.h"
#include "container/network.h"
#include "services/elbv2/elbv2.h"

static const SwController *const controllers[] = {&elbv2_proxy, &elbv2_health, &elbv2_metrics, NULL};

/* A new one is asked about before it has its random end. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    const Elbv2CreateLoadBalancerInput *lb = in;
    if (op->index != ELBV2_CREATE_LOAD_BALANCER)
        return SW_NO_STR;
    return elbv2_load_balancer_arn(cx, elbv2_kind(lb->type), lb->name, SW_NO_STR);
}

const SwResourceHooks elbv2_load_balancer_hooks = {.named = named};

int elbv2_wake_metrics(SwCtx *cx, SwError *err) {
    SwCtx one = *cx;
    one.account = cx->host->config->account;
    one.region = cx->host->config->region;
    return sw_wake(&one, &elbv2_metrics, SW_STR("all"), 0, err);
}

/* Records of a store that is gone count for nobody. */
static void drop_records(SwHost *h, SwArena *a) {
    const char *log = sw_path(a, h->config->data, "proxy/requests.log");
    if (unlink(log) < 0 && errno != ENOENT)
        sw_log(SW_WARN, "old records of load balancers could not be removed", SW_F("file", log));
}

/* What is stored is served again, and all targets are checked anew: results of checks that were
 * under way are lost. */
static int resume(SwCtx *cx, SwError *err) {
    const SwDocQuery all = {.any_scope = true};
    Elbv2TargetRecords targets;
    Elbv2PositionRecord *position;
    if (elbv2_targets_list(cx->tx, &all, &targets, err) < 0 ||
        elbv2_positions_find(cx->tx, SW_STR("metrics"), &position, err) < 0)
        return -1;
    if (!position && !sw_proxy_pid(cx->host->proxy))
        drop_records(cx->host, cx->arena);
    for (size_t i = 0; i < targets.n; i++) {
        SwCtx of = *cx;
        of.account = targets.v[i].account;
        of.region = targets.v[i].region;
        if (sw_wake(&of, &elbv2_health, targets.v[i].id, 0, err) < 0)
            return -1;
    }
    return elbv2_wake_metrics(cx, err) < 0 ? -1 : elbv2_wake_proxy(cx, err);
}

static int reset(SwHost *h, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    elbv2_state_reset(h);
    drop_records(h, a);
    return 0;
}

/* Containers reach load balancers at the bridge's address; the data plane tells them apart by Host.
 */
static int resolve(SwHost *h, SwStr net_id, SwStr name, uint32_t *ret_ip) {
    if (sw_str_ends(name, SW_STR(".")))
        name = sw_str_drop(name, 1);
    _sw_arena_ SwArena *a = sw_arena_new(0);
    if (!sw_str_ends(sw_str_lower(a, name), SW_STR(".elb.localhost")))
        return -1;
    SwStr gateway = sw_net_gateway(h->runtime), part;
    uint32_t ip = 0;
    while (sw_str_next(&gateway, '.', &part)) {
        int64_t n = 0;
        if (!sw_str_to_i64(part, &n))
            return 0;
        ip = ip << 8 | (uint32_t)n;
    }
    *ret_ip = ip;
    return 1;
}

const SwService sw_service_elbv2 = {
    .name = "elbv2",
    .api = &elbv2_api,
    .declares = &elbv2_declarations,
    .handlers = elbv2_handlers,
    .bad_token = {&SW_VALIDATION_ERROR, "Marker: the marker is not valid"},
    .invalid = &SW_VALIDATION_ERROR,
    .unsupported = &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
    .controllers = controllers,
    .collections = elbv2_collections,
    .open = elbv2_state_open,
    .resume = resume,
    .close = elbv2_state_close,
    .reset = reset,
    .resolve = resolve,
};
