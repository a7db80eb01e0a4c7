/* SPDX-License-Identifier: Apache-2.0 */
/* Pages beside the API: what wrappers of other emulators look for, and metrics for Prometheus. */

#include "api/access_log.h"
#include "base/parsed.h"
#include "services/slipway/slipway.h"

static void reply(SwCtx *cx, uint16_t status, const char *type, SwStr body) {
    SwWireMessage *m = &cx->http->reply;
    m->status = status;
    m->body = body;
    sw_header_set(cx->arena, &m->headers, SW_STR("content-type"), sw_str(type));
}

/* {"services": {"s3": "running", ...}, "edition": ..., "version": ...}: what LocalStack's wrappers wait for. */
static void localstack_health(SwCtx *cx) {
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    const char *between = "";
    sw_buf_addz(&b, "{\"services\":{");
    for (const SwService *const *s = cx->host->config->services; *s; s++)
        if ((*s)->api && (*s)->handlers) {
            sw_buf_addf(&b, "%s\"%s\":\"running\"", between, (*s)->name);
            between = ",";
        }
    sw_buf_addz(&b, "},\"edition\":\"slipway\",\"version\":\"" SLIPWAY_VERSION "\"}");
    reply(cx, 200, "application/json", sw_buf_str(&b));
}

static void localstack_info(SwCtx *cx) {
    SwHost *h = cx->host;
    double up = (double)(sw_monotonic_ns() - h->started_ns) / (double)SW_S;
    reply(cx, 200, "application/json",
          sw_strf(cx->arena,
                  "{\"version\":\"" SLIPWAY_VERSION "\",\"edition\":\"slipway\",\"is_license_activated\":false,"
                  "\"session_id\":\"%.*s\",\"uptime\":%.0f}",
                  SW_FMT(h->instance), up));
}

static void metric(SwBuf *b, const char *name, const char *kind, const char *help, double v) {
    sw_buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", name, help, name, kind, name, v);
}

/* Prometheus text exposition format 0.0.4. */
static void metrics(SwCtx *cx) {
    SwHost *h = cx->host;
    SwHttpStats http;
    SwStoreStats store;
    SwEngineStats engine;
    SwAccessCounts access;
    SwParsedStats parsed;
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    sw_http_server_stats(h->http, &http);
    sw_store_stats(h->store, &store);
    sw_engine_stats(h->engine, &engine);
    sw_access_counts(h, &access);
    sw_parsed_stats(&parsed);
    metric(&b, "slipway_uptime_seconds", "gauge", "Seconds since the start.",
           (double)(sw_monotonic_ns() - h->started_ns) / 1e9);
    metric(&b, "slipway_http_connections_total", "counter", "Connections accepted.", (double)http.connections);
    metric(&b, "slipway_http_connections_open", "gauge", "Connections open now.", (double)http.open);
    sw_buf_addz(
        &b,
        "# HELP slipway_http_requests_total Requests answered, by status class.\n# TYPE slipway_http_requests_total counter\n");
    for (int i = 1; i < 6; i++)
        sw_buf_addf(&b, "slipway_http_requests_total{status=\"%dxx\"} %lld\n", i, (long long)access.by_class[i]);
    metric(&b, "slipway_http_request_seconds_total", "counter", "Time spent on requests.", (double)access.duration_ns / 1e9);
    metric(&b, "slipway_http_received_bytes_total", "counter", "Bytes of request bodies.", (double)access.bytes_in);
    metric(&b, "slipway_http_sent_bytes_total", "counter", "Bytes of reply bodies.", (double)access.bytes_out);
    metric(&b, "slipway_store_turns_total", "counter", "Write transactions begun: turns of the one writer.",
           (double)store.turns);
    metric(&b, "slipway_store_transactions_total", "counter", "Write transactions committed.", (double)store.transactions);
    metric(&b, "slipway_store_commits_total", "counter", "Commits with an fsync; fewer than transactions when they share one.",
           (double)store.commits);
    metric(&b, "slipway_store_fsync_seconds_total", "counter", "Time spent in commits.", (double)store.fsync_ns / 1e9);
    metric(&b, "slipway_store_bytes", "gauge", "Size of the store.", (double)store.bytes);
    metric(&b, "slipway_engine_steps_total", "counter", "Controller steps run.", (double)engine.steps);
    metric(&b, "slipway_engine_step_failures_total", "counter", "Controller steps that failed and are repeated.",
           (double)engine.failures);
    metric(&b, "slipway_engine_events_total", "counter", "Events delivered to a listener.", (double)engine.events);
    metric(&b, "slipway_engine_event_rounds_total", "counter", "Rounds of deliveries: one write transaction each.",
           (double)engine.rounds);
    metric(&b, "slipway_engine_events_due", "gauge", "Deliveries of events that are still to be made.",
           (double)engine.events_due);
    metric(&b, "slipway_engine_items_due", "gauge", "Work items due now.", (double)engine.due);
    metric(&b, "slipway_engine_items_waiting", "gauge", "Work items that wait for a time or an outside event.",
           (double)engine.waiting);
    metric(&b, "slipway_parsed_texts_total", "counter", "Policies and patterns that were parsed.", (double)parsed.parsed);
    metric(&b, "slipway_parsed_found_total", "counter", "Policies and patterns that had been parsed before.",
           (double)parsed.found);
    sw_buf_addz(&b, "# HELP slipway_memory_bytes Memory held.\n# TYPE slipway_memory_bytes gauge\n");
    for (SwPool p = SW_POOL_NONE; p < SW_POOL_MAX_; p++) {
        SwPoolStats pool;
        sw_pool_stats(p, &pool);
        sw_buf_addf(&b, "slipway_memory_bytes{pool=\"%s\"} %lld\n", sw_pool_name(p), (long long)pool.used);
    }
    sw_buf_addz(
        &b,
        "# HELP slipway_memory_refused_total Times that a pool had no more.\n# TYPE slipway_memory_refused_total counter\n");
    for (SwPool p = SW_POOL_NONE; p < SW_POOL_MAX_; p++) {
        SwPoolStats pool;
        sw_pool_stats(p, &pool);
        sw_buf_addf(&b, "slipway_memory_refused_total{pool=\"%s\"} %lld\n", sw_pool_name(p), (long long)pool.refused);
    }
    reply(cx, 200, "text/plain; version=0.0.4; charset=utf-8", sw_buf_str(&b));
}

static void moto_reset(SwCtx *cx) {
    SwError err = sw_error(cx->arena);
    if (slipway_reset_all(cx->host, &err) < 0)
        reply(cx, 500, "application/json", sw_strf(cx->arena, "{\"status\":\"failed\",\"message\":\"%s\"}", err.message));
    else
        reply(cx, 200, "application/json", SW_STR("{\"status\":\"ok\"}"));
}

const SwRoute slipway_routes[4] = {
    {.method = "GET", .path = "/_localstack/health", .access = SW_ACCESS_PUBLIC, .handle = localstack_health},
    {.method = "GET", .path = "/_localstack/info", .access = SW_ACCESS_PUBLIC, .handle = localstack_info},
    {.method = "GET",
     .path = "/_slipway/metrics",
     .access = SW_ACCESS_SIGNED,
     .action = "slipway:GetMetrics",
     .handle = metrics},
    {.method = "POST", .path = "/moto-api/reset", .access = SW_ACCESS_SIGNED, .action = "slipway:Reset", .handle = moto_reset},
};
