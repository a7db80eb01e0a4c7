/* SPDX-License-Identifier: Apache-2.0 */
/* What the services counted and look at (api/meter.h), as values of metrics: after each minute of the clock in which there
 * was anything, and before an alarm is judged.
 *
 *   1. gauges are looked at, for each minute that began since the last time       a read transaction
 *   2. the batch is stored                                                        a write transaction
 *   3. the batch goes                                                             a crash before: it is lost with the process
 *
 * A failure between 1 and 3 leaves the batch: the next step stores it. */

#include "api/meter.h"
#include "base/log.h"
#include "base/thread.h"
#include "services/cloudwatch/cloudwatch.h"

#define DATA_MAX 1000 /* of one call */

/* --- gauges -------------------------------------------------------------------------------------------------------------- */

/* A jump of the clock is looked at minute by minute; the time before the start is not. */
static int look(SwCtx *cx, SwTime *ret_next, SwError *err) {
    SwTime *gauged = sw_meter_gauged(cx->host), until = sw_now(cx) - sw_now(cx) % SW_MINUTE;
    SwTime from = *gauged && *gauged <= until ? *gauged : until - SW_MINUTE;
    for (const SwService *const *s = cx->host->config->services; *s; s++) {
        SwTime next = 0;
        if ((*s)->gauge && (*s)->gauge(cx, from, until, &next, err) < 0)
            return -1;
        if (next && (!*ret_next || next < *ret_next))
            *ret_next = next;
    }
    *gauged = until;
    return 0;
}

/* --- storing ------------------------------------------------------------------------------------------------------------- */

static CloudwatchMetricDatum *new_datum(SwCtx *cx, CloudwatchMetricDatumList *l, const SwMeterEntry *e) {
    CloudwatchMetricDatum *d = sw_list_add(cx->arena, l);
    *d = (CloudwatchMetricDatum){.metric_name = sw_str(e->metric->name),
                                 .unit = sw_str(e->metric->unit),
                                 .timestamp = SW_SOME_TIME(e->minute)};
    for (size_t i = 0; i < e->n_dimension; i++)
        *sw_list_add(cx->arena, &d->dimensions) = (CloudwatchDimension){sw_str(e->dimension[i].name), e->dimension[i].value};
    return d;
}

static void add_entry(SwCtx *cx, CloudwatchMetricDatumList *l, const SwMeterEntry *e) {
    CloudwatchMetricDatum *d = new_datum(cx, l, e);
    for (size_t i = 0; i < e->n_value; i++) {
        *sw_list_add(cx->arena, &d->values) = SW_SOME_DOUBLE(e->value[i].value);
        *sw_list_add(cx->arena, &d->counts) = SW_SOME_DOUBLE(e->value[i].count);
    }
    if (e->count == 0)
        return;
    CloudwatchStatisticSet *s = sw_new(cx->arena, CloudwatchStatisticSet);
    *s = (CloudwatchStatisticSet){SW_SOME_DOUBLE(e->count), SW_SOME_DOUBLE(e->sum), SW_SOME_DOUBLE(e->min),
                                  SW_SOME_DOUBLE(e->max)};
    new_datum(cx, l, e)->statistic_values = s;
}

/* One call's: entries of one account, region and namespace. */
static bool together(const SwMeterEntry *a, const SwMeterEntry *b) {
    return sw_str_eq(a->account, b->account) && sw_str_eq(a->region, b->region) &&
           strcmp(a->metric->space, b->metric->space) == 0;
}

static int put(SwCtx *cx, const SwMeterEntry *first, CloudwatchMetricDatumList *l, SwError *err) {
    const CloudwatchPutMetricDataInput in = {.namespace = sw_str(first->metric->space), .metric_data = *l};
    void *out;
    *l = (CloudwatchMetricDatumList){0};
    cx->account = first->account;
    cx->region = first->region;
    sw_tx_scope(cx->tx, cx->account, cx->region);
    return in.metric_data.n ? cloudwatch_call_put_metric_data(cx, &in, &out, err) : 0;
}

/* Entries lie as they were counted: those that belong together follow one another often enough. */
static int put_batch(SwCtx *cx, const SwMeterBatch *b, SwError *err) {
    CloudwatchMetricDatumList l = {0};
    const SwMeterEntry *first = NULL;
    for (size_t i = 0; i < b->entries.n; i++) {
        const SwMeterEntry *e = b->entries.slots[i].value;
        if (first && (!together(first, e) || l.n + 2 > DATA_MAX) && put(cx, first, &l, err) < 0)
            return -1;
        first = e;
        add_entry(cx, &l, e);
    }
    return first ? put(cx, first, &l, err) : 0;
}

static int store(SwCtx *cx, const SwMeterBatch *b, SwError *err) {
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (put_batch(cx, b, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    return sw_ctx_commit(cx, err);
}

static int publish(SwCtx *cx, bool *ret_published, SwTime *ret_next, SwError *err) {
    const SwMeterBatch *b;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = look(cx, ret_next, err);
    sw_ctx_rollback(cx);
    while (r == 0 && (b = sw_meter_take(cx->host))) {
        *ret_published = true;
        r = store(cx, b, err);
        if (r == 0)
            sw_meter_done(cx->host);
    }
    return r;
}

int cloudwatch_publish(SwCtx *cx, bool *ret_published, SwTime *ret_next, SwError *err) {
    SwStr account = cx->account, region = cx->region;
    *ret_published = false;
    *ret_next = 0;
    _sw_lock_ pthread_mutex_t *publishing = sw_meter_lock(cx->host);
    int r = publish(cx, ret_published, ret_next, err);
    cx->account = account;
    cx->region = region;
    return r;
}

/* --- when
 * --------------------------------------------------------------------------------------------------------------------- */

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    bool published;
    SwTime next;
    if (cloudwatch_publish(cx, &published, &next, err) < 0)
        return -1;
    ret_step->again = sw_meter_goes_on(cx->host, published) ? sw_meter_next_minute(sw_now(cx)) : next;
    return 0;
}

/* A batch that is too large to be stored is given up: the next one has the metrics again. */
static int failed(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    _sw_lock_ pthread_mutex_t *publishing = sw_meter_lock(cx->host);
    if (sw_meter_take(cx->host))
        sw_meter_done(cx->host);
    return 0;
}

const SwController cloudwatch_publisher = {.name = "cloudwatch/publish", .step = step, .parallel = 1, .failed = failed};

int cloudwatch_publish_open(SwHost *h, SwError *err) {
    sw_meter_open(h, &cloudwatch_publisher);
    return 0;
}

int cloudwatch_publish_resume(SwCtx *cx, SwError *err) {
    return sw_wake(cx, &cloudwatch_publisher, SW_STR("minute"), 0, err);
}

/* A stop loses nothing that was counted. */
void cloudwatch_publish_close(SwHost *h) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    bool published;
    SwTime next;
    SwCtx *cx = sw_ctx_new(h, a, h->config->account, h->config->region, "cloudwatch");
    if (cloudwatch_publish(cx, &published, &next, &err) < 0)
        sw_log(SW_WARN, "the last minute's metrics are lost", SW_F("error", sw_str(err.message)));
}

int cloudwatch_publish_reset(SwHost *h, SwError *err) {
    sw_meter_clear(h);
    return 0;
}
