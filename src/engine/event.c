/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers and steps call to tell of something: a row for the event in the caller's transaction, and one for each
 * listener whom it concerns. If there is none, that is all that it costs; else the bus is stirred after the commit. */

#include <stdlib.h>

#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/internal.h"

/* Of one event: the listeners whom it concerns. */
typedef struct News {
    SwEngine *engine;
    Ear **ear;
    size_t n;
} News;

/* All at once, so that one round takes it to all of them. */
static void have_news(void *arg) {
    const News *news = arg;
    SwEngine *e = news->engine;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < news->n; i++) {
        news->ear[i]->news = true;
        e->bus->dirty |= news->ear[i]->attempts == 0; /* else it waits for its next try */
    }
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
}

bool sw_event_is_of(const SwEvent *ev, const SwEventKind *k) {
    for (; k && k->source; k++)
        if (sw_str_eqz(ev->source, k->source) && (!k->detail_type || sw_str_eqz(ev->detail_type, k->detail_type)))
            return true;
    return !k;
}

static SwStr resources_json(SwArena *a, const SwStrList *l) {
    SwBuf b = sw_buf(a, SW_MIB);
    sw_buf_addc(&b, '[');
    for (size_t i = 0; i < l->n; i++) {
        if (i)
            sw_buf_addc(&b, ',');
        sw_json_write_string(&b, l->v[i]);
    }
    sw_buf_addc(&b, ']');
    return sw_buf_str(&b);
}

/* cx->tx has the event's account and region. */
static int tell(SwCtx *cx, const SwEvent *ev, int64_t seq, SwError *err) {
    SwEngine *e = cx->host->engine;
    SwArena *a = sw_tx_arena(cx->tx);
    News *news = sw_new(a, News);
    *news = (News){.engine = e, .ear = sw_new_n(a, Ear *, e->o.n_listeners + 1)};
    for (size_t i = 0; i < e->o.n_listeners; i++) {
        const SwListener *l = e->ear[i].listener;
        bool concerned = sw_event_is_of(ev, l->kinds);
        if (concerned && l->concerns && l->concerns(cx, ev, &concerned, err) < 0)
            return -1;
        if (!concerned)
            continue;
        if (sw_events_owe(cx->tx, l->name, seq, err) < 0)
            return -1;
        news->ear[news->n++] = &e->ear[i];
    }
    if (news->n)
        sw_tx_after_commit(cx->tx, have_news, news);
    return 0;
}

int sw_event_put(SwCtx *cx, SwEvent *ev, SwError *err) {
    SwEngine *e = cx->host->engine;
    SwArena *a = cx->arena;
    if (!ev->id.p)
        ev->id = sw_id_uuid(a);
    ev->account = sw_str_or(ev->account, cx->account);
    ev->region = sw_str_or(ev->region, cx->region);
    ev->bus = sw_str_or(ev->bus, SW_STR("default"));
    ev->detail = sw_str_or(ev->detail, SW_STR("{}"));
    if (!ev->time)
        ev->time = sw_clock_now(e->o.clock);
    SwEventRow row = {.time = ev->time,
                      .id = ev->id,
                      .source = ev->source,
                      .detail_type = ev->detail_type,
                      .account = ev->account,
                      .region = ev->region,
                      .bus = ev->bus,
                      .detail = ev->detail,
                      .resources = resources_json(a, &ev->resources)};
    if (SW_NEVER(!cx->tx))
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, "an event outside a transaction", "The event could not be stored.");
    int64_t seq;
    SwStr account = sw_tx_account(cx->tx), region = sw_tx_region(cx->tx);
    if (sw_events_append(cx->tx, &row, &seq, err) < 0)
        return -1;
    sw_tx_scope(cx->tx, ev->account, ev->region);
    int r = tell(cx, ev, seq, err);
    sw_tx_scope(cx->tx, account, region);
    return r;
}

/* --- declared events ------------------------------------------------------------------------------------------------------ */

#define DETAIL_MAX SW_MIB

/* Tests run with SLIPWAY_REPLIES=abort (or log): a detail keeps the limits that its shape states. */
static void check_detail(SwCtx *cx, const SwEventType *t, const void *detail) {
    const char *want = getenv("SLIPWAY_REPLIES");
    SwError err = sw_error(cx->arena);
    if (!want || sw_validate_reply(t->detail, detail, &SW_INTERNAL_FAILURE, &err) == 0)
        return;
    sw_log(SW_ERROR, "an event breaks its model", SW_F("event", t->detail_type), SW_F("cause", err.message));
    if (strcmp(want, "abort") == 0)
        abort();
}

int sw_event_as(SwCtx *cx, const SwEventType *t, SwEvent *e, const void *detail, SwError *err) {
    SwBuf b = sw_buf(cx->arena, DETAIL_MAX);
    check_detail(cx, t, detail);
    sw_shape_to_detail(&b, t->detail, detail);
    e->source = sw_str(t->source);
    e->detail_type = sw_str(t->detail_type);
    e->detail = sw_buf_str(&b);
    if (SW_NEVER(b.full))
        return sw_fail_cause(err, &SW_INTERNAL_FAILURE, t->detail_type, "The event is too large to be stored.");
    return sw_event_put(cx, e, err);
}

int sw_event(SwCtx *cx, const SwEventType *t, SwStr resource, const void *detail, SwError *err) {
    SwEvent e = {.resources = {&resource, sw_str_is(resource)}};
    return sw_event_as(cx, t, &e, detail, err);
}

SwStr sw_event_json(SwArena *a, const SwEvent *ev) {
    SwBuf b = sw_buf(a, 4 * SW_MIB);
    const struct {
        const char *key;
        SwStr v;
    } member[] = {
        {"id", ev->id},
        {"detail-type", ev->detail_type},
        {"source", ev->source},
        {"account", ev->account},
        {"time", sw_time_iso8601(a, ev->time - ev->time % SW_S)},
        {"region", ev->region},
    };
    sw_buf_addz(&b, "{\"version\":\"0\"");
    for (size_t i = 0; i < SW_N(member); i++) {
        sw_buf_addf(&b, ",\"%s\":", member[i].key);
        sw_json_write_string(&b, sw_str_or(member[i].v, SW_STR("")));
    }
    sw_buf_addz(&b, ",\"resources\":");
    sw_buf_adds(&b, resources_json(a, &ev->resources));
    sw_buf_addz(&b, ",\"detail\":");
    sw_buf_adds(&b, sw_str_or(ev->detail, SW_STR("{}")));
    sw_buf_addc(&b, '}');
    return sw_buf_str(&b);
}
