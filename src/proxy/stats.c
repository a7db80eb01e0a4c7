/* SPDX-License-Identifier: Apache-2.0 */

/* What HAProxy counts now, from `show stat` of all its workers: connections in flight matter most,
 * for draining. */

#include "proxy/internal.h"
#include "base/thread.h"

typedef struct Columns {
    size_t group, target, active, total, requests, con_err, resp_err, status;
} Columns;

static void find_columns(SwStr header, Columns *ret) {
    const struct {
        const char *name;
        size_t *at;
    } want[] = {
        {"# pxname", &ret->group},   {"svname", &ret->target}, {"scur", &ret->active},    {"stot", &ret->total},
        {"req_tot", &ret->requests}, {"econ", &ret->con_err},  {"eresp", &ret->resp_err}, {"status", &ret->status},
    };
    SwStr name;

    *ret = (Columns){0};
    for (size_t i = 0; sw_str_next(&header, ',', &name); i++)
        for (size_t k = 0; k < SW_N(want); k++)
            if (sw_str_eqz(name, want[k].name))
                *want[k].at = i;
}

static int64_t number_at(const SwStrList *f, size_t at) {
    int64_t v;
    return at < f->n && sw_str_to_i64(f->v[at], &v) ? v : 0;
}

static SwProxyStat *row_for(SwArena *a, SwProxyStatList *l, SwStr group, SwStr target) {
    for (size_t i = 0; i < l->n; i++)
        if (sw_str_eq(l->v[i].group, group) && sw_str_eq(l->v[i].target, target))
            return &l->v[i];
    SwProxyStat *s = sw_list_add(a, l);
    s->group = group;
    s->target = target;
    return s;
}

static SwStr target_name(SwArena *a, SwStr server) {
    size_t at;

    if (!sw_str_rfind(server, '_', &at))
        return SW_STR(""); /* BACKEND: the group itself */
    return sw_strf(a, "%.*s:%.*s", (int)at, server.p, SW_FMT(sw_str_skip(server, at + 1)));
}

/* false: it is no table, but what the master says of a worker that it does not reach. */
static bool add_rows(SwArena *a, SwStr csv, bool current, SwProxyStatList *ret) {
    Columns c = {0};
    SwStr line;

    if (!sw_str_starts(csv, SW_STR("# pxname")) || !sw_str_next(&csv, '\n', &line))
        return false;
    find_columns(line, &c);
    while (sw_str_next(&csv, '\n', &line)) {
        SwStrList f = sw_str_split(a, line, ',');
        if (f.n <= c.target || !sw_str_starts(f.v[c.group], SW_STR("g:")))
            continue;
        SwProxyStat *s = row_for(a, ret, sw_str_skip(f.v[c.group], 2), target_name(a, f.v[c.target]));
        s->active += number_at(&f, c.active);
        s->requests += s->target.n ? number_at(&f, c.total) : SW_MAX(number_at(&f, c.requests), number_at(&f, c.total));
        s->connection_errors += number_at(&f, c.con_err);
        s->response_errors += number_at(&f, c.resp_err);
        s->ready |=
            current && c.status < f.n && (sw_str_starts(f.v[c.status], SW_STR("UP")) || sw_str_eqz(f.v[c.status], "no check"));
    }
    return true;
}

static int collect(SwProxy *p, SwArena *a, SwProxyStatList *ret, SwError *err) {
    ProxyState s;

    if (proxy_state(p, a, &s, err) < 0)
        return -1;
    if (s.master && !s.workers.n)
        return sw_fail(err, &SW_PROXY_UNAVAILABLE, "The load balancer's data plane has no worker");
    for (size_t i = 0; i < s.workers.n; i++) {
        SwStr csv;
        bool current = s.workers.v[i].current;
        int r = proxy_command(p, a, s.workers.v[i].pid, SW_STR("show stat -1 6 -1"), &csv, err);
        if (r == 0 && !add_rows(a, csv, current, ret))
            r = sw_fail_cause(err, &SW_PROXY_UNAVAILABLE, sw_str_z(a, csv), "The load balancer's data plane does not answer");
        if (r < 0 && current)
            return -1;
        sw_error_reset(err); /* an old worker that ended meanwhile has nothing in flight */
    }
    return 0;
}

int sw_proxy_stats(SwProxy *p, SwArena *a, SwProxyStatList *ret, SwError *err) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&p->lock);

    *ret = (SwProxyStatList){0};
    return collect(p, a, ret, err);
}
