/* SPDX-License-Identifier: Apache-2.0 */
/* The data plane's records as CloudWatch metrics, minute by minute. The position up to which
 * records were read is written in the transaction that stores their metrics, so that a request
 * counts once over restarts and crashes. Names in the records carry account, region, load balancer
 * and group: nothing but the number of a group's targets is looked up, and what was deleted
 * meanwhile counts.
 *
 * The numbers of healthy and unhealthy targets are written once a minute. */

#include <math.h>

#include "base/log.h"
#include "base/map.h"
#include "models/cloudwatch.gen.h"
#include "services/elbv2/elbv2.h"

#define READ_EVERY  (5 * SW_S)
#define RECORDS_MAX 4000 /* of one step */
#define VALUES_MAX  150  /* of one datum, as PutMetricData has it */
#define DATA_MAX    500  /* of one call */

typedef struct Metric { /* one name, dimensions and minute */
    SwStr lb, group;    /* dimensions' values; either may be absent */
    SwTime minute;
    const char *name, *unit;
    CloudwatchMetricDatumList data;
} Metric;

typedef struct Scope { /* an account's region and namespace: one call */
    SwStr account, region;
    const char *space;
    SwMap metrics;
} Scope;

typedef struct Pass {
    SwCtx *cx;
    SwMap scopes;
    SwMap targets; /* of the groups that records name: a double, how many share the requests */
    SwTime offset; /* of the clock from the system's time, which records have */
    bool real;
} Pass;

typedef struct Owner { /* what a name in the data plane says */
    SwStr account, region, dimension;
    bool network;
} Owner;

/* "ACCOUNT.REGION.app.NAME.HEX" -> "app/NAME/HEX"; "ACCOUNT.REGION.NAME.HEX" ->
 * "targetgroup/NAME/HEX" */
static bool parse_name(SwArena *a, SwStr id, Owner *ret) {
    SwStrList p = sw_str_split(a, id, '.');
    if (p.n != 4 && p.n != 5)
        return false;
    *ret = (Owner){.account = p.v[0], .region = p.v[1], .network = p.n == 5 && elbv2_is(p.v[2], "net")};
    ret->dimension = p.n == 5 ? sw_strf(a, "%.*s/%.*s/%.*s", SW_FMT(p.v[2]), SW_FMT(p.v[3]), SW_FMT(p.v[4]))
                              : sw_strf(a, "targetgroup/%.*s/%.*s", SW_FMT(p.v[2]), SW_FMT(p.v[3]));
    return true;
}

/* ---- adding up ---- */

static Scope *scope_of(Pass *p, const Owner *o) {
    SwArena *a = p->cx->arena;
    const char *space = o->network ? "AWS/NetworkELB" : "AWS/ApplicationELB";
    SwStr key = sw_strf(a, "%.*s %.*s %s", SW_FMT(o->account), SW_FMT(o->region), space);
    Scope *s = sw_map_find(&p->scopes, key);
    if (!s) {
        s = sw_new(a, Scope);
        *s = (Scope){o->account, o->region, space, sw_map(a)};
        sw_map_put(&p->scopes, key, s);
    }
    return s;
}

static Metric *metric_of(Pass *p, Scope *s, SwStr lb, SwStr group, SwTime minute, const char *name, const char *unit) {
    SwArena *a = p->cx->arena;
    SwStr key = sw_strf(a, "%.*s %.*s %lld %s", SW_FMT(lb), SW_FMT(group), (long long)minute, name);
    Metric *m = sw_map_find(&s->metrics, key);
    if (!m) {
        m = sw_new(a, Metric);
        *m = (Metric){lb, group, minute, name, unit, {0}};
        sw_map_put(&s->metrics, key, m);
    }
    return m;
}

static void dimension(SwArena *a, CloudwatchMetricDatum *d, const char *name, SwStr value) {
    CloudwatchDimension *x = sw_list_add(a, &d->dimensions);
    x->name = sw_str(name);
    x->value = value;
}

static CloudwatchMetricDatum *new_datum(Pass *p, Metric *m) {
    SwArena *a = p->cx->arena;
    CloudwatchMetricDatum *d = sw_list_add(a, &m->data);
    d->metric_name = sw_str(m->name);
    d->unit = sw_str(m->unit);
    d->timestamp = SW_SOME_TIME(m->minute);
    if (m->group.p)
        dimension(a, d, "TargetGroup", m->group);
    if (m->lb.p)
        dimension(a, d, "LoadBalancer", m->lb);
    return d;
}

/* Equal values share an entry; a full datum is followed by another. */
static void add_value(Pass *p, Metric *m, double value, double count) {
    CloudwatchMetricDatum *d = m->data.n ? &m->data.v[m->data.n - 1] : new_datum(p, m);
    for (size_t i = 0; i < d->values.n; i++)
        if (d->values.v[i].v == value) {
            d->counts.v[i].v += count;
            return;
        }
    if (d->values.n == VALUES_MAX)
        d = new_datum(p, m);
    *sw_list_add(p->cx->arena, &d->values) = SW_SOME_DOUBLE(value);
    *sw_list_add(p->cx->arena, &d->counts) = SW_SOME_DOUBLE(count);
}

typedef struct Sum { /* where one record's numbers go */
    Pass *p;
    Scope *s;
    SwStr lb, group;
    SwTime minute;
    double targets; /* of the group */
} Sum;

static void add(const Sum *x, bool with_group, const char *name, const char *unit, double value, double count) {
    add_value(x->p, metric_of(x->p, x->s, x->lb, SW_NO_STR, x->minute, name, unit), value, count);
    if (with_group && x->group.p)
        add_value(x->p, metric_of(x->p, x->s, x->lb, x->group, x->minute, name, unit), value, count);
}

/* A group's requests, each a share: their sum is the average of its targets. AWS has it without the
 * load balancer, too. */
static void add_share(const Sum *x) {
    const char *name = "RequestCountPerTarget";
    if (!x->group.p)
        return;
    add_value(x->p, metric_of(x->p, x->s, SW_NO_STR, x->group, x->minute, name, "Count"), 1 / x->targets, 1);
    add_value(x->p, metric_of(x->p, x->s, x->lb, x->group, x->minute, name, "Count"), 1 / x->targets, 1);
}

static const char *code_metric(bool target, int status) {
    static const char *const of_target[] = {"HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count",
                                            "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count"};
    static const char *const of_lb[] = {NULL, "HTTPCode_ELB_3XX_Count", "HTTPCode_ELB_4XX_Count", "HTTPCode_ELB_5XX_Count"};
    int class = status / 100 - 2;
    return class < 0 || class > 3 ? NULL : target ? of_target[class] : of_lb[class];
}

static void add_http(const Sum *x, const SwProxyRecord *r) {
    const char *code = code_metric(r->target_status > 0, r->target_status > 0 ? r->target_status : r->status);
    int refused = r->retries + (r->end[0] == 'S' && r->end[1] == 'C' ? 1 : 0);
    if (sw_str_is(r->target)) {
        add(x, true, "RequestCount", "Count", 1, 1);
        add_share(x);
    }
    if (code)
        add(x, r->target_status > 0, code, "Count", 1, 1);
    if (sw_str_is(r->rule) && !sw_str_is(r->group)) /* the rule's own answer */
        add(x, false, r->status / 100 == 3 ? "HTTP_Redirect_Count" : "HTTP_Fixed_Response_Count", "Count", 1, 1);
    if (r->target_status == 0 && r->status == 502)
        add(x, false, "HTTPCode_ELB_502_Count", "Count", 1, 1);
    if (r->target_status == 0 && r->status == 503)
        add(x, false, "HTTPCode_ELB_503_Count", "Count", 1, 1);
    if (r->target_status == 0 && r->status == 504)
        add(x, false, "HTTPCode_ELB_504_Count", "Count", 1, 1);
    /* Three digits are kept, so that equal times share an entry. */
    if (r->target_us >= 0) {
        double s = (double)r->target_us / 1e6, unit = s > 0 ? pow(10, floor(log10(s)) - 2) : 1;
        add(x, true, "TargetResponseTime", "Seconds", round(s / unit) * unit, 1);
    }
    if (refused)
        add(x, true, "TargetConnectionErrorCount", "Count", 1, refused);
    add(x, false, "ProcessedBytes", "Bytes", (double)(r->received + r->sent), 1);
}

static void add_record(Pass *p, const SwProxyRecord *r) {
    Owner lb, group = {0};
    if (!parse_name(p->cx->arena, r->lb, &lb))
        return;
    if (sw_str_is(r->group) && !parse_name(p->cx->arena, r->group, &group))
        return;
    SwTime at = p->real ? r->ended + p->offset : sw_now(p->cx);
    const double *targets = sw_map_find(&p->targets, r->group);
    const Sum x = {p, scope_of(p, &lb), lb.dimension, group.dimension, at - at % SW_MINUTE, targets ? *targets : 1};
    if (!lb.network) {
        add_http(&x, r);
        return;
    }
    add(&x, false, "NewFlowCount", "Count", 1, 1);
    add(&x, false, "ProcessedBytes", "Bytes", (double)(r->received + r->sent), 1);
}

/* How many targets share the requests of a group: the healthy ones, or all where none is; at least
 * one, and one where the group is gone. */
static int count_targets(Pass *p, SwStr name_in_records, double *ret, SwError *err) {
    SwCtx *cx = p->cx;
    SwStrList parts = sw_str_split(cx->arena, name_in_records, '.');
    Elbv2TargetRecords targets;
    double healthy = 0;
    Elbv2TargetGroupRecord *group;
    *ret = 1;
    if (parts.n != 4)
        return 0;
    sw_tx_scope(cx->tx, parts.v[0], parts.v[1]);
    if (elbv2_target_group_find(cx, parts.v[2], &group, err) < 0)
        return -1;
    if (!group)
        return 0;
    if (elbv2_targets_of(cx, group, &targets, err) < 0)
        return -1;
    for (size_t i = 0; i < targets.n; i++)
        healthy += elbv2_is(targets.v[i].record->state, "healthy");
    *ret = SW_MAX(healthy > 0 ? healthy : (double)targets.n, 1);
    return 0;
}

static int look_at_groups(Pass *p, const SwProxyRecordList *l, SwError *err) {
    int r = 0;
    if (!l->n)
        return 0;
    if (sw_ctx_begin(p->cx, SW_READ, err) < 0)
        return -1;
    for (size_t i = 0; r == 0 && i < l->n; i++) {
        if (!sw_str_is(l->v[i].group) || sw_map_find(&p->targets, l->v[i].group))
            continue;
        double *n = sw_new(p->cx->arena, double);
        r = count_targets(p, l->v[i].group, n, err);
        sw_map_put(&p->targets, l->v[i].group, n);
    }
    sw_ctx_rollback(p->cx);
    return r;
}

/* ---- targets' health, once a minute ---- */

static SwStr dimension_of_arn(SwArena *a, SwStr arn) {
    SwArn parsed;
    if (!sw_arn_parse(arn, &parsed))
        return SW_NO_STR;
    return sw_str_starts(parsed.resource, SW_STR("loadbalancer/")) ? sw_str_skip(parsed.resource, 13) : parsed.resource;
}

static int add_group_health(Pass *p, const Elbv2TargetGroupRecordRow *row, SwTime minute, SwError *err) {
    SwCtx *cx = p->cx;
    const Elbv2TargetGroupRecord *g = row->record;
    SwStrList lbs;
    Elbv2TargetRecords targets;
    double healthy = 0, unhealthy = 0;
    sw_tx_scope(cx->tx, row->account, row->region);
    if (elbv2_group_lbs(cx, g->group->target_group_arn, &lbs, err) < 0 || elbv2_targets_of(cx, g, &targets, err) < 0)
        return -1;
    for (size_t i = 0; i < targets.n; i++) {
        SwStr state = targets.v[i].record->state;
        healthy += elbv2_is(state, "healthy");
        unhealthy += elbv2_is(state, "unhealthy");
    }
    for (size_t i = 0; i < lbs.n; i++) {
        const Owner o = {row->account, row->region, dimension_of_arn(cx->arena, lbs.v[i]), elbv2_group_is_network(g->group)};
        Scope *s = scope_of(p, &o);
        SwStr group = dimension_of_arn(cx->arena, g->group->target_group_arn);
        add_value(p, metric_of(p, s, o.dimension, group, minute, "HealthyHostCount", "Count"), healthy, 1);
        add_value(p, metric_of(p, s, o.dimension, group, minute, "UnHealthyHostCount", "Count"), unhealthy, 1);
    }
    return 0;
}

static int add_health(Pass *p, SwTime minute, SwError *err) {
    const SwDocQuery all = {.any_scope = true};
    Elbv2TargetGroupRecords groups;
    if (elbv2_target_groups_list(p->cx->tx, &all, &groups, err) < 0)
        return -1;
    for (size_t i = 0; i < groups.n; i++)
        if (add_group_health(p, &groups.v[i], minute, err) < 0)
            return -1;
    return 0;
}

/* ---- writing ---- */

static int call(SwCtx *cx, const Scope *s, CloudwatchMetricDatumList *data, SwError *err) {
    const CloudwatchPutMetricDataInput in = {.namespace = sw_str(s->space), .metric_data = *data};
    void *out;
    *data = (CloudwatchMetricDatumList){0};
    return in.metric_data.n ? cloudwatch_call_put_metric_data(cx, &in, &out, err) : 0;
}

static int put_scope(SwCtx *cx, const Scope *s, SwError *err) {
    CloudwatchMetricDatumList data = {0};
    cx->account = s->account;
    cx->region = s->region;
    sw_tx_scope(cx->tx, s->account, s->region);
    for (size_t i = 0; i < s->metrics.n; i++) {
        const Metric *m = s->metrics.slots[i].value;
        for (size_t k = 0; k < m->data.n; k++) {
            *sw_list_add(cx->arena, &data) = m->data.v[k];
            if (data.n == DATA_MAX && call(cx, s, &data, err) < 0)
                return -1;
        }
    }
    return call(cx, s, &data, err);
}

static int put_all(Pass *p, const Elbv2PositionRecord *position, SwError *err) {
    for (size_t i = 0; i < p->scopes.n; i++)
        if (put_scope(p->cx, p->scopes.slots[i].value, err) < 0)
            return -1;
    return elbv2_positions_put(p->cx->tx, SW_STR("metrics"), position, err);
}

/* ---- the step ---- */

typedef struct Seen {
    Elbv2PositionRecord position;
    SwTime minute; /* to write targets' health for; 0: written already */
    int64_t lbs;
} Seen;

static int look(Pass *p, Seen *ret, SwError *err) {
    const SwDocQuery all = {.any_scope = true};
    SwTime now = sw_now(p->cx);
    Elbv2PositionRecord *r;
    if (elbv2_positions_find(p->cx->tx, SW_STR("metrics"), &r, err) < 0 ||
        elbv2_load_balancers_count(p->cx->tx, &all, &ret->lbs, err) < 0)
        return -1;
    if (r)
        ret->position = *(Elbv2PositionRecord *)r;
    ret->minute = now - now % SW_MINUTE;
    if (!ret->lbs || SW_OR(ret->position.hosts_counted, 0) >= ret->minute)
        ret->minute = 0;
    if (ret->minute && add_health(p, ret->minute, err) < 0)
        return -1;
    if (p->scopes.n)
        ret->position.hosts_counted = SW_SOME_TIME(ret->minute);
    else
        ret->minute = 0; /* no group is in use yet: look again */
    return 0;
}

static int commit(Pass *p, const Seen *seen, SwError *err) {
    SwCtx *cx = p->cx;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (put_all(p, &seen->position, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    if (sw_ctx_commit(cx, err) < 0)
        return -1;
    return sw_proxy_forget(cx->host->proxy, seen->position.position.v, err);
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    Pass p = {.cx = cx, .scopes = sw_map(cx->arena), .targets = sw_map(cx->arena)};
    Seen seen = {0};
    SwProxyRecordList l;
    SwClockMode mode;
    double scale;
    int64_t next;
    sw_clock_get(cx->host->clock, &mode, &scale, &p.offset);
    p.real = mode == SW_CLOCK_REAL;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = look(&p, &seen, err);
    sw_ctx_rollback(cx);
    int64_t from = SW_OR(seen.position.position, 0);
    if (r < 0 || sw_proxy_records(cx->host->proxy, cx->arena, from, RECORDS_MAX, &l, &next, err) < 0 ||
        look_at_groups(&p, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        add_record(&p, &l.v[i]);
    seen.position.position = SW_SOME_INT(next);
    if (seen.lbs || next != from) {
        ret_step->again = sw_now(cx) + (l.n < RECORDS_MAX ? READ_EVERY : 0);
        ret_step->waiting = l.n < RECORDS_MAX;
    }
    if ((next == from && !seen.minute) || commit(&p, &seen, err) == 0)
        return 0;
    if (!sw_error_is(err, &SW_NOT_IMPLEMENTED))
        return -1;
    sw_error_reset(err); /* a server without CloudWatch: the position stays */
    ret_step->again = sw_now(cx) + SW_MINUTE;
    ret_step->waiting = true;
    return 0;
}

const SwController elbv2_metrics = {
    .name = "elbv2/metrics",
    .step = step,
    .parallel = 1,
    .unfailing = "a minute without figures is all that is lost; the proxy counts on",
};
