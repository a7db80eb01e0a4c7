/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway resources`: all that exists, whichever service's it is. */

#include <stdlib.h>

#include "cli/client.h"
#include "cli/table.h"
#include "models/slipway.gen.h"

#define PAGE 1000

static SwStr age(SwArena *a, SwOptTime created, SwOptTime now) {
    if (!created.set || !now.set)
        return SW_NO_STR;
    return sw_table_duration(a, SW_MAX((double)(now.v - created.v) / (double)SW_S, 0.0));
}

/* All pages, in one answer. */
static int ask(SwCli *cli, SlipwayListResourcesRequest *in, SlipwayListResourcesResponse *ret, SwError *err) {
    do {
        void *answer = NULL;
        if (sw_client_call(cli, &slipway_api, SLIPWAY_LIST_RESOURCES, in, &answer, err) < 0)
            return -1;
        const SlipwayListResourcesResponse *page = answer;
        for (size_t i = 0; i < page->resources.n; i++)
            *sw_list_add(cli->arena, &ret->resources) = page->resources.v[i];
        ret->time = page->time;
        in->next_token = page->next_token;
    } while (sw_str_is(in->next_token));
    return 0;
}

static int by_arn(const void *a, const void *b) {
    return sw_str_cmp(((const SlipwayResource *)a)->arn, ((const SlipwayResource *)b)->arn);
}

/* What has this tag, too. A question takes one tag. */
static int keep_tagged(SwCli *cli, SlipwayListResourcesRequest in, SwStr tag, SlipwayListResourcesResponse *all, SwError *err) {
    SlipwayListResourcesResponse with = {0};
    in.tag = tag;
    if (ask(cli, &in, &with, err) < 0)
        return -1;
    if (with.resources.n)
        qsort(with.resources.v, with.resources.n, sizeof(*with.resources.v), by_arn);
    size_t n = all->resources.n;
    all->resources.n = 0;
    for (size_t i = 0; i < n && with.resources.n; i++) {
        const SlipwayResource *r = &all->resources.v[i];
        if (bsearch(r, with.resources.v, with.resources.n, sizeof(*r), by_arn))
            all->resources.v[all->resources.n++] = *r;
    }
    return 0;
}

static void print(SwCli *cli, const SlipwayListResourcesResponse *all) {
    SwTable t = SW_TABLE(cli, NULL, "Type", "Name", "State", "Age", "ARN");
    for (size_t i = 0; i < all->resources.n; i++) {
        const SlipwayResource *r = &all->resources.v[i];
        SW_ROW(&t, r->type, r->name, r->state, age(cli->arena, r->created_at, all->time), r->arn);
    }
    if (all->resources.n)
        sw_table_print(&t);
    else if (cli->terminal)
        printf("Nothing of this kind was made in %s yet.\n", cli->region);
}

int sw_cli_resources(SwCli *cli) {
    const char *service = NULL, *type = NULL;
    SwStrList tags = {0};
    const SwOption options[] = {
        {"--service", SW_OPTION_TEXT, &service},
        {"--type", SW_OPTION_TEXT, &type},
        {"--tag", SW_OPTION_LIST, &tags},
    };
    SwError err = sw_error(cli->arena);
    SlipwayListResourcesResponse all = {0};
    if (!sw_cli_options(cli, options, SW_N(options)))
        return 2;
    if (cli->argc > 1)
        return sw_cli_usage(cli, "takes no further arguments");
    for (size_t i = 0; i < tags.n; i++)
        if (*tags.v[i].p == '=')
            return sw_cli_usage(cli, "--tag takes KEY or KEY=VALUE: the key is missing");
    SlipwayListResourcesRequest in = {.service = sw_str(service),
                                      .type = sw_str(type),
                                      .tag = tags.n ? tags.v[0] : SW_NO_STR,
                                      .max_results = SW_SOME_INT(PAGE)};
    int r = ask(cli, &in, &all, &err);
    for (size_t i = 1; r == 0 && i < tags.n; i++)
        r = keep_tagged(cli, in, tags.v[i], &all, &err);
    if (r < 0)
        return sw_cli_fail(&err, sw_client_advice(cli, &err));
    (void)sw_member_make(cli->arena, slipway_api.op[SLIPWAY_LIST_RESOURCES].page->result[0], &all); /* an empty list is one */
    if (cli->json)
        sw_cli_print_json(cli, slipway_api.op[SLIPWAY_LIST_RESOURCES].output, &all);
    else
        print(cli, &all);
    return 0;
}
