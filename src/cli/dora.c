/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway dora`: the five metrics for each service and environment; docs/dora.md defines them. */

#include "cli/client.h"
#include "cli/table.h"
#include "models/slipway.gen.h"

static SwStr text_of(SwArena *a, const SlipwayDoraNumber *n) {
    if (!n || !n->value.set)
        return SW_STR("no data");
    if (sw_str_eq(n->unit, SLIPWAY_DORA_UNIT_SECONDS))
        return sw_table_duration(a, n->value.v);
    if (sw_str_eq(n->unit, SLIPWAY_DORA_UNIT_SHARE))
        return sw_strf(a, "%.1f %%", 100 * n->value.v);
    return n->value.v >= 1 ? sw_strf(a, "%.1f a day", n->value.v) : sw_strf(a, "%.1f a week", 7 * n->value.v);
}

/* The first of them and how many more: --json has all. */
static SwStr first_id(SwArena *a, const SwStrList *l) {
    if (!l->n)
        return SW_NO_STR;
    SwStr first = sw_str_n(l->v[0].p, SW_MIN(l->v[0].n, (size_t)12));
    return l->n == 1 ? first : sw_strf(a, "%.*s +%zu", SW_FMT(first), l->n - 1);
}

static SwStr all_ids(SwArena *a, const SwStrList *l) {
    return l->n ? sw_str_join(a, l->v, l->n, SW_STR(" ")) : SW_NO_STR;
}

/* On a terminal the title says whose numbers they are; in a pipe each line does, and names every deployment and commit. */
static void print_one(SwCli *cli, const SlipwayDoraMetrics *m) {
    SwArena *a = cli->arena;
    int all = SW_OR(m->deployments, 0);
    SwStr title = sw_strf(a, "%.*s in %.*s: %d deployment%s, %d failed", SW_FMT(m->service), SW_FMT(m->environment), all,
                          all == 1 ? "" : "s", (int)SW_OR(m->failed_deployments, 0));
    SwTable t = cli->terminal ? SW_TABLE(cli, sw_str_z(a, title), "Metric", "Value", "Deployments", "Commits")
                              : SW_TABLE(cli, NULL, "Service", "Environment", "Metric", "Value", "Deployments", "Commits");
    const struct {
        SwStr name;
        const SlipwayDoraNumber *n;
    } rows[] = {
        {SW_STR("Change lead time"), m->change_lead_time},
        {SW_STR("Deployment frequency"), m->deployment_frequency},
        {SW_STR("Change fail rate"), m->change_fail_rate},
        {SW_STR("Failed deployment recovery time"), m->failed_deployment_recovery_time},
        {SW_STR("Rework rate"), m->rework_rate},
    };
    for (size_t k = 0; k < SW_N(rows); k++) {
        const SlipwayDoraNumber *n = rows[k].n;
        if (cli->terminal)
            SW_ROW(&t, rows[k].name, text_of(a, n), n ? first_id(a, &n->deployment_ids) : SW_NO_STR,
                   n ? first_id(a, &n->commit_ids) : SW_NO_STR);
        else
            SW_ROW(&t, m->service, m->environment, rows[k].name, text_of(a, n), n ? all_ids(a, &n->deployment_ids) : SW_NO_STR,
                   n ? all_ids(a, &n->commit_ids) : SW_NO_STR);
    }
    sw_table_print(&t);
}

static void print(SwCli *cli, const SlipwayGetDoraMetricsResponse *out) {
    if (!out->metrics.n && cli->terminal)
        printf("No deployments yet: they are recorded when an ECS service is deployed.\n");
    for (size_t i = 0; i < out->metrics.n; i++) {
        if (i && cli->terminal)
            printf("\n");
        print_one(cli, &out->metrics.v[i]);
    }
}

void sw_cli_print_dora(SwCli *cli, const SwValue *answer) {
    void *out;
    SwError err = sw_error(cli->arena);
    if (sw_shape_from_value(cli->arena, slipway_api.op[SLIPWAY_GET_DORA_METRICS].output, answer, &out, &err) == 0)
        print(cli, out);
}

static bool parse_time(const char *text, SwOptTime *ret) {
    ret->set = text != NULL;
    return !text || sw_time_parse(sw_str(text), &ret->v);
}

int sw_cli_dora(SwCli *cli) {
    const char *service = NULL, *environment = NULL, *from = NULL, *to = NULL;
    const SwOption options[] = {
        {"--service", SW_OPTION_TEXT, &service},
        {"--environment", SW_OPTION_TEXT, &environment},
        {"--from", SW_OPTION_TEXT, &from},
        {"--to", SW_OPTION_TEXT, &to},
    };
    SlipwayGetDoraMetricsRequest in = {0};
    void *out;
    if (!sw_cli_options(cli, options, SW_N(options)))
        return 2;
    if (cli->argc > 1)
        return sw_cli_usage(cli, "takes no further arguments");
    in.service = sw_str(service);
    in.environment = sw_str(environment);
    if (!parse_time(from, &in.from) || !parse_time(to, &in.to))
        return sw_cli_usage(cli, "--from and --to take times such as 2026-11-21T00:00:00Z");
    int r = sw_client_ask(cli, &slipway_api, SLIPWAY_GET_DORA_METRICS, &in, &out);
    if (!r && out)
        print(cli, out);
    return r;
}
