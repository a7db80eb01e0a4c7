/* SPDX-License-Identifier: Apache-2.0 */
/* Counts by account, region, metric, dimensions and minute. What is counted outlives the request that counts: its arenas are in
 * no request's pool, and where memory ends while counting, the request goes on and the count is lost. */

#include "api/meter.h"

#include <pthread.h>

#include "api/host.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/thread.h"

#define BATCH_BYTES_MAX (24 * SW_MIB) /* then new metrics wait for the next batch to be counted: some 10,000 of them */
#define USED_BYTES_MAX  (4 * SW_MIB)

struct SwMeter {
    SwArena *arena;                /* its own; nothing is added to it */
    pthread_mutex_t publishing;    /* outermost: held while a batch is published */
    SwTime gauged;                 /* guarded by publishing */
    pthread_mutex_t lock;          /* guards what follows */
    const SwController *publisher; /* NULL: no CloudWatch here */
    SwMeterBatch *counting, *taken;
    SwArena *used_arena;
    SwMap used; /* "account region space dimensions" -> when last counted */
    bool armed; /* the publisher's step is due at the next minute */
    bool full;  /* and said so */
};

static SwMeterBatch *batch_new(void) {
    SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    SwMeterBatch *b = sw_new(a, SwMeterBatch);
    *b = (SwMeterBatch){.arena = a, .entries = sw_map(a)};
    return b;
}

SwMeter *sw_meter_new(void) {
    SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    SwMeter *m = sw_new(a, SwMeter);
    m->arena = a;
    pthread_mutex_init(&m->publishing, NULL);
    pthread_mutex_init(&m->lock, NULL);
    m->counting = batch_new();
    m->used_arena = sw_arena_new_in(SW_POOL_NONE, 0);
    m->used = sw_map(m->used_arena);
    return m;
}

void sw_meter_free(SwMeter *m) {
    if (!m)
        return;
    sw_arena_free(m->counting->arena);
    if (m->taken)
        sw_arena_free(m->taken->arena);
    sw_arena_free(m->used_arena);
    pthread_mutex_destroy(&m->publishing);
    pthread_mutex_destroy(&m->lock);
    sw_arena_free(m->arena);
}

void sw_meter_open(SwHost *h, const SwController *publisher) {
    h->meter->publisher = publisher;
}

SwTime sw_meter_next_minute(SwTime t) {
    return t - t % SW_MINUTE + SW_MINUTE;
}

/* --- counting ----------------------------------------------------------------------------------------------------------- */

typedef struct Count {
    SwMeter *meter;
    SwStr account, region;
    const SwMetric *metric;
    SwDimension dimension[SW_DIMENSIONS_MAX];
    size_t n;
    SwTime at;
    double value;
    SwStr place, key; /* whose count; and of which metric and minute */
} Count;

static SwStr place_of(SwCtx *cx, const char *space, const SwDimension *d, size_t n) {
    SwBuf b = sw_buf(cx->arena, 64 * SW_KIB);
    sw_buf_addf(&b, "%.*s\n%.*s\n%s\n", SW_FMT(cx->account), SW_FMT(cx->region), space);
    for (size_t i = 0; i < n; i++)
        sw_buf_addf(&b, "%s=%.*s\n", d[i].name, SW_FMT(d[i].value));
    return sw_buf_str(&b);
}

static SwMeterEntry *entry_new(SwMeterBatch *b, const Count *c) {
    SwMeterEntry *e = sw_new(b->arena, SwMeterEntry);
    e->account = sw_str_dup(b->arena, c->account);
    e->region = sw_str_dup(b->arena, c->region);
    e->metric = c->metric;
    e->minute = c->at - c->at % SW_MINUTE;
    for (e->n_dimension = 0; e->n_dimension < c->n; e->n_dimension++)
        e->dimension[e->n_dimension] =
            (SwDimension){c->dimension[e->n_dimension].name, sw_str_dup(b->arena, c->dimension[e->n_dimension].value)};
    sw_map_put(&b->entries, sw_str_dup(b->arena, c->key), e);
    return e;
}

static void add_value(SwMeterEntry *e, double value) {
    for (size_t i = 0; i < e->n_value; i++)
        if (e->value[i].value == value) {
            e->value[i].count++;
            return;
        }
    if (e->n_value < SW_METER_VALUES_MAX) {
        e->value[e->n_value++] = (SwSample){value, 1};
        return;
    }
    e->min = e->count > 0 ? SW_MIN(e->min, value) : value;
    e->max = e->count > 0 ? SW_MAX(e->max, value) : value;
    e->count++;
    e->sum += value;
}

static void forget_use(SwMeter *m) {
    SwArena *next = sw_arena_new_in(SW_POOL_NONE, 0);
    sw_arena_free(m->used_arena);
    m->used_arena = next;
    m->used = sw_map(next);
}

static void note_use(SwMeter *m, const Count *c) {
    SwTime *at = sw_map_find(&m->used, c->place);
    if (!at && sw_arena_used(m->used_arena) > USED_BYTES_MAX)
        forget_use(m);
    if (!at) {
        at = sw_new(m->used_arena, SwTime);
        sw_map_put(&m->used, sw_str_dup(m->used_arena, c->place), at);
    }
    *at = SW_MAX(*at, c->at);
}

/* Under the lock. */
static void add(SwMeter *m, const Count *c) {
    SwMeterEntry *e = sw_map_find(&m->counting->entries, c->key);
    if (!e && sw_arena_used(m->counting->arena) > BATCH_BYTES_MAX) {
        if (!m->full)
            sw_log(SW_WARN, "too many metrics in one minute: new ones are not counted");
        m->full = true;
        return;
    }
    add_value(e ? e : entry_new(m->counting, c), c->value);
}

static void add_and_note(void *arg) {
    const Count *c = arg;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&c->meter->lock);
    add(c->meter, c);
    note_use(c->meter, c);
}

/* After the commit: what was done is done, counted or not. */
static void counted(void *arg) {
    if (sw_guard(SW_POOL_NONE, add_and_note, arg) != SW_LACK_NONE)
        sw_log(SW_WARN, "a metric was not counted for lack of memory");
}

static bool make_count(SwCtx *cx, const SwMetric *metric, SwTime at, double value, const SwDimension *d, size_t n, Count *ret) {
    SwMeter *m = cx->host ? cx->host->meter : NULL;
    if (!m || !m->publisher || SW_NEVER(n > SW_DIMENSIONS_MAX))
        return false;
    *ret = (Count){.meter = m,
                   .account = cx->account,
                   .region = cx->region,
                   .metric = metric,
                   .n = n,
                   .at = at,
                   .value = value,
                   .place = place_of(cx, metric->space, d, n)};
    for (size_t i = 0; i < n; i++)
        ret->dimension[i] = d[i];
    ret->key = sw_strf(cx->arena, "%.*s%s\n%s\n%lld", SW_FMT(ret->place), metric->name, metric->unit,
                       (long long)(at - at % SW_MINUTE));
    return true;
}

void sw_meter(SwCtx *cx, const SwMetric *metric, double value, const SwDimension *d, size_t n) {
    Count c;
    if (!make_count(cx, metric, sw_now(cx), value, d, n, &c))
        return;
    if (!cx->tx || !sw_tx_is_write(cx->tx)) { /* there is nothing to commit */
        if (!cx->tx)
            sw_meter_arm(cx);
        counted(&c);
        return;
    }
    Count *kept = sw_new(cx->arena, Count);
    *kept = c;
    sw_meter_arm(cx);
    sw_tx_after_commit(cx->tx, counted, kept);
}

void sw_meter_at(SwCtx *cx, const SwMetric *metric, SwTime at, double value, const SwDimension *d, size_t n) {
    Count c;
    if (!make_count(cx, metric, at, value, d, n, &c))
        return;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&c.meter->lock);
    add(c.meter, &c);
}

bool sw_meter_used(SwCtx *cx, const char *space, const SwDimension *d, size_t n, SwTime since) {
    SwMeter *m = cx->host->meter;
    SwStr place = place_of(cx, space, d, n);
    pthread_mutex_lock(&m->lock);
    const SwTime *at = sw_map_find(&m->used, place);
    bool used = at && *at >= since;
    pthread_mutex_unlock(&m->lock);
    return used;
}

/* --- the publisher's row -------------------------------------------------------------------------------------------------- */

static void armed(void *arg) {
    SwMeter *m = arg;
    pthread_mutex_lock(&m->lock);
    m->armed = true;
    pthread_mutex_unlock(&m->lock);
}

/* One row a minute, written with whoever counts first; in a transaction of its own where there is none. A failure fails the
 * transaction by itself. */
void sw_meter_arm(SwCtx *cx) {
    SwMeter *m = cx->host->meter;
    SwError ignored = sw_error(cx->arena);
    if (!m || !m->publisher)
        return;
    pthread_mutex_lock(&m->lock);
    bool needless = m->armed;
    pthread_mutex_unlock(&m->lock);
    if (needless)
        return;
    SwStr account = cx->account, region = cx->region;
    cx->account = cx->host->config->account;
    cx->region = cx->host->config->region;
    if (sw_wake(cx, m->publisher, SW_STR("minute"), sw_meter_next_minute(sw_now(cx)), &ignored) == 0) {
        if (cx->tx)
            sw_tx_after_commit(cx->tx, armed, m);
        else
            armed(m);
    }
    cx->account = account;
    cx->region = region;
}

/* --- publishing ------------------------------------------------------------------------------------------------------------
 */

pthread_mutex_t *sw_meter_lock(SwHost *h) {
    return sw_lock(&h->meter->publishing);
}

SwTime *sw_meter_gauged(SwHost *h) {
    return &h->meter->gauged;
}

SwMeterBatch *sw_meter_take(SwHost *h) {
    SwMeter *m = h->meter;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&m->lock);
    if (!m->taken && m->counting->entries.n) {
        SwMeterBatch *next = batch_new();
        m->taken = m->counting;
        m->counting = next;
        m->full = false;
    }
    return m->taken;
}

void sw_meter_done(SwHost *h) {
    SwMeter *m = h->meter;
    pthread_mutex_lock(&m->lock);
    SwMeterBatch *b = m->taken;
    m->taken = NULL;
    pthread_mutex_unlock(&m->lock);
    if (b)
        sw_arena_free(b->arena);
}

/* Who saw that the row was there may commit after the step that found nothing: so one more step before it rests. */
bool sw_meter_goes_on(SwHost *h, bool published) {
    SwMeter *m = h->meter;
    pthread_mutex_lock(&m->lock);
    bool on = published || m->armed;
    m->armed = published;
    pthread_mutex_unlock(&m->lock);
    return on;
}

void sw_meter_clear(SwHost *h) {
    SwMeter *m = h->meter;
    _sw_lock_ pthread_mutex_t *publishing = sw_meter_lock(h);
    while (sw_meter_take(h)) /* one that was taken already, then the present one */
        sw_meter_done(h);
    m->gauged = 0;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&m->lock);
    m->armed = false;
    forget_use(m);
}
