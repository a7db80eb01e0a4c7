/* SPDX-License-Identifier: Apache-2.0 */
/* Subcommands that are one question: clock, coverage, ca. */

#include "cli/client.h"
#include "cli/table.h"
#include "models/slipway.gen.h"

static int show_clock(SwCli *cli, const SlipwayClock *c) {
    if (!c)
        return 0; /* printed as JSON */
    SwStr time = sw_time_iso8601(cli->arena, c->time.v);
    int64_t offset = c->offset_seconds.v;
    SwStr apart = sw_table_duration(cli->arena, offset < 0 ? -offset : offset);
    printf("%.*s, %.*s", SW_FMT(time), SW_FMT(c->mode));
    if (sw_str_eqz(c->mode, "scaled"))
        printf(" (%g times as fast)", c->scale.v);
    if (c->offset_seconds.set && offset != 0)
        printf(", %s of the system's by %.*s", offset < 0 ? "behind" : "ahead", SW_FMT(apart));
    printf("\n");
    return 0;
}

int sw_cli_clock(SwCli *cli) {
    SlipwayAdvanceClockRequest advance = {0};
    SlipwaySetClockRequest set = {0};
    void *out;
    SwTime by;
    int r;
    if (!sw_cli_options(cli, NULL, 0))
        return 2;
    const char *verb = cli->argc > 1 ? cli->argv[1] : "show";
    if (strcmp(verb, "show") == 0 && cli->argc <= 2) {
        r = sw_client_ask(cli, &slipway_api, SLIPWAY_GET_CLOCK, NULL, &out);
    } else if (strcmp(verb, "advance") == 0 && cli->argc == 3) {
        if (!sw_duration_parse(sw_str(cli->argv[2]), &by))
            return sw_cli_usage(cli, "advance takes a duration such as 90s, 15m, 1h30m or 2d");
        advance.seconds = SW_SOME_DOUBLE((double)by / (double)SW_S);
        r = sw_client_ask(cli, &slipway_api, SLIPWAY_ADVANCE_CLOCK, &advance, &out);
    } else if (strcmp(verb, "set") == 0 && (cli->argc == 3 || cli->argc == 4)) {
        set.mode = sw_str(cli->argv[2]);
        bool scaled = sw_str_eqz(set.mode, "scaled");
        if (scaled && cli->argc == 4 && sw_str_to_double(sw_str(cli->argv[3]), &set.scale.v) &&
            !(set.scale.v >= 0.001 && set.scale.v <= 1000000))
            return sw_cli_usage(cli, "set scaled takes a factor from 0.001 to 1000000; set stepped makes time stand still");
        if (scaled != (cli->argc == 4) || (scaled && !sw_str_to_double(sw_str(cli->argv[3]), &set.scale.v)) ||
            (!scaled && !sw_str_eqz(set.mode, "real") && !sw_str_eqz(set.mode, "stepped")))
            return sw_cli_usage(cli, "set takes real, stepped, or scaled and a factor");
        set.scale.set = scaled;
        r = sw_client_ask(cli, &slipway_api, SLIPWAY_SET_CLOCK, &set, &out);
    } else {
        return sw_cli_usage(cli, "takes show, advance DURATION, or set real|stepped|scaled N");
    }
    return r ? r : show_clock(cli, out);
}

static int print_types(SwCli *cli, const SlipwayGetCoverageResponse *out) {
    SwTable t = SW_TABLE(cli, NULL, "Type");
    for (size_t i = 0; i < out->services.n; i++)
        for (size_t k = 0; k < out->services.v[i].types.n; k++)
            SW_ROW(&t, out->services.v[i].types.v[k]);
    sw_table_print(&t);
    return 0;
}

int sw_cli_coverage(SwCli *cli) {
    SlipwayGetCoverageRequest in = {0};
    SwError err = sw_error(cli->arena);
    void *answer = NULL;
    bool types = false;
    const SwOption options[] = {{"--types", SW_OPTION_FLAG, &types}};
    if (!sw_cli_options(cli, options, SW_N(options)))
        return 2;
    if (cli->argc > 2)
        return sw_cli_usage(cli, "takes one service at most");
    if (cli->argc == 2)
        in.service = sw_str(cli->argv[1]);
    if (sw_client_call(cli, &slipway_api, SLIPWAY_GET_COVERAGE, &in, &answer, &err) < 0)
        return sw_cli_fail(&err, sw_error_is(&err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION)
                                     ? "`slipway coverage` lists the services."
                                     : sw_client_advice(cli, &err));
    if (cli->json) {
        sw_cli_print_json(cli, slipway_api.op[SLIPWAY_GET_COVERAGE].output, answer);
        return 0;
    }
    const SlipwayGetCoverageResponse *out = answer;
    if (types)
        return print_types(cli, out);
    if (cli->argc == 2) {
        SwTable t = SW_TABLE(cli, NULL, "Operation", "State");
        for (size_t i = 0; i < out->services.v[0].implemented.n; i++)
            SW_ROW(&t, out->services.v[0].implemented.v[i], SW_STR("implemented"));
        for (size_t i = 0; i < out->services.v[0].absent.n; i++)
            SW_ROW(&t, out->services.v[0].absent.v[i], SW_STR("absent"));
        sw_table_print(&t);
        return 0;
    }
    SwTable t = SW_TABLE(cli, NULL, "Service", "Implemented", "Absent");
    for (size_t i = 0; i < out->services.n; i++) {
        const SlipwayServiceCoverage *c = &out->services.v[i];
        SW_ROW(&t, c->service, sw_strf(cli->arena, "%zu", c->implemented.n), sw_strf(cli->arena, "%zu", c->absent.n));
    }
    sw_table_print(&t);
    return 0;
}

int sw_cli_ca(SwCli *cli) {
    void *answer;
    if (!sw_cli_options(cli, NULL, 0))
        return 2;
    if (cli->argc > 1)
        return sw_cli_usage(cli, "takes no further arguments");
    int r = sw_client_ask(cli, &slipway_api, SLIPWAY_GET_CERTIFICATE_AUTHORITY, NULL, &answer);
    if (r || !answer)
        return r;
    printf("%.*s", SW_FMT(((SlipwayGetCertificateAuthorityResponse *)answer)->certificate));
    return 0;
}
