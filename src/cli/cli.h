/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The command line: one function a subcommand, in a table (cli.c). `up` runs the server; all others are clients of its
 * API, nothing more. Results go to standard output, everything else to standard error; exit status 0, 1 when the
 * command failed, 2 when it was called wrongly.
 *
 * Common options, before the subcommand or behind it, taken off before it sees its arguments:
 *   --endpoint URL   the server; default $SLIPWAY_ENDPOINT, then $AWS_ENDPOINT_URL, then http://127.0.0.1:4566
 *   --region NAME, --account ID   of the question
 *   --json           print the API's answer as JSON */

#include <stdio.h>

#include "base/error.h"
#include "base/json.h"

typedef struct SwCli {
    SwArena *arena;
    const char *endpoint;
    bool endpoint_named;          /* by option or SLIPWAY_ENDPOINT: this server is meant and no other */
    const char *account, *region; /* of the calls: AWS_REGION; account by --account */
    bool json;
    bool terminal, color; /* of standard output */
    bool dumb;            /* TERM says that it knows no sequences */
    unsigned columns;     /* of that terminal; 0: unknown */
    int argc;             /* what is left: argv[0] is the subcommand */
    char **argv;
} SwCli;

typedef struct SwCommand {
    const char *name, *arguments, *summary;
    int (*run)(SwCli *cli); /* the exit status */
    const char *details;    /* shown by `slipway help NAME`; NULL: summary is enough */
} SwCommand;
extern const SwCommand sw_cli_commands[]; /* ends with name NULL */

int sw_cli_main(int argc, char **argv);
/* Of a terminal at standard output now, for it may be resized; 0: unknown. */
unsigned sw_cli_columns(void);
/* What a person should read of an error: one of our own system calls is told by its cause. */
const char *sw_cli_reason(const SwError *err);
/* "slipway: reason" and what to do next, to standard error; returns 1. */
int sw_cli_fail(const SwError *err, const char *next);
int sw_cli_usage(const SwCli *cli, const char *what); /* returns 2 */

/* Options of a subcommand: a table, parsed by one function. Values are views of argv. A text is said once; of the
 * common ones, which an alias may say too, the last counts. */
typedef enum SwOptionKind { SW_OPTION_FLAG, SW_OPTION_TEXT, SW_OPTION_LIST } SwOptionKind;
typedef struct SwOption {
    const char *name; /* "--data" */
    SwOptionKind kind;
    void *to; /* bool *, const char ** or SwStrList * */
} SwOption;
/* Removes options from cli->argv; false (after a message) for unknown ones. */
bool sw_cli_options(SwCli *cli, const SwOption *o, size_t n);

/* Subcommands, one file each. */
int sw_cli_up(SwCli *cli);
int sw_cli_down(SwCli *cli);
int sw_cli_status(SwCli *cli);
int sw_cli_resources(SwCli *cli);
int sw_cli_env(SwCli *cli);
int sw_cli_hosts(SwCli *cli);
int sw_cli_demo(SwCli *cli);
int sw_cli_dora(SwCli *cli);
int sw_cli_clock(SwCli *cli);
int sw_cli_coverage(SwCli *cli);
int sw_cli_ca(SwCli *cli);
/* GetDoraMetrics's answer as tables. */
void sw_cli_print_dora(SwCli *cli, const SwValue *answer);
/* The data folder named by --data (made absolute), or the default one by the XDG rules (NULL). */
const char *sw_cli_data_folder(SwCli *cli, const char *named);
