/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the subcommand, common options, help. */

#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define NAME_MOST 31 /* letters of a command that is compared with those that exist */
#define NEAR      2

static int help(SwCli *cli);

static int version(SwCli *cli) {
    if (!sw_cli_options(cli, NULL, 0))
        return 2;
    if (cli->argc > 1)
        return sw_cli_usage(cli, "takes no further arguments");
    if (cli->json)
        printf("{\"version\":\"%s\"}\n", SLIPWAY_VERSION);
    else
        printf("slipway %s\n", SLIPWAY_VERSION);
    return 0;
}

const SwCommand sw_cli_commands[] = {
    {"up", "[options]", "run the server in the foreground", sw_cli_up,
     "  --data DIR         data folder (default $XDG_DATA_HOME/slipway, else ~/.local/share/slipway)\n"
     "  --port N           port to listen on (default 4566; 0: any free one)\n"
     "  --address ADDR     address to listen on (default 127.0.0.1); another than loopback needs --auth strict\n"
     "  --auth MODE        relaxed (default: any credentials are accepted) or strict (signatures and policies)\n"
     "  --account ID       default account, twelve digits (default 000000000000)\n"
     "  --region NAME      default region (default us-east-1)\n"
     "  --accept-data-loss start although the folder's store or blobs are lost, with what is there\n"
     "  --ephemeral        keep nothing: state in memory, everything removed at the end; a folder of --data has no store yet\n"
     "  --settle           answers wait until nothing is left to do, so that tests never poll\n"
     "  --warm-builds TIME how long a build's environment is kept ready for the next, such as 2h; 0: none (default: 15m)\n"
     "  --memory SIZE      what requests and the engine may hold at once, such as 512M or 2G (default: a quarter of the\n"
     "                     machine's or control group's memory); beyond it requests are answered 503 SlowDown\n"},
    {"down", "[--data DIR]", "stop the server and everything that it runs; what is stored stays", sw_cli_down,
     "  --data DIR         the server's data folder (default: that of the server at the endpoint, else the default folder)\n"},
    {"status", "", "show what runs and what was made", sw_cli_status, NULL},
    {"resources", "[options]", "list what exists in the region, of all services", sw_cli_resources,
     "  --service NAME     of this service alone: ecr, s3, elasticloadbalancing\n"
     "  --type TYPE        of this type alone: repository, ecr:repository or AWS::ECR::Repository\n"
     "  --tag KEY[=VALUE]  with this tag; several: with all of them\n"},
    {"env", "[--shell NAME]", "print exports for the shell: eval \"$(slipway env)\"", sw_cli_env,
     "  --shell NAME       sh, bash, zsh or fish (default: by $SHELL)\n"
     "Defines a function `aws` too, which adds --endpoint-url: AWS CLI v1 sends `aws sqs` to AWS whatever AWS_ENDPOINT_URL "
     "says, and\n"
     "v2 before 2.13 does not read it. Credentials of the shell are kept only when a strict server knows them; else they "
     "become\n"
     "test, which AWS never accepts.\n"},
    {"hosts", "[options]", "print names of load balancers and buckets for /etc/hosts", sw_cli_hosts,
     "  --write            bring the marked block of the account and region in the file up to date (as root)\n"
     "  --remove           take all marked blocks out of it; needs no server\n"
     "  --file PATH        another file than /etc/hosts\n"
     "curl and browsers find *.localhost by themselves; most other clients find only what the file names.\n"},
    {"demo", "[options]", "from git push to production: the main job, shown step by step", sw_cli_demo,
     "  --example DIR      what is released (default examples/hello-web)\n"
     "  --keep             keep the temporary folder with its logs\n"
     "Runs a server of its own in a temporary folder; needs root, the AWS CLI, git, curl, docker and haproxy.\n"},
    {"dora", "[options]", "show DORA's five metrics of deployments", sw_cli_dora,
     "  --service NAME     of this ECS service alone\n"
     "  --environment NAME of this environment (ECS cluster, or the service's tag slipway:environment)\n"
     "  --from, --to TIME  deployments that ended in this time (default: the last 30 days)\n"},
    {"clock", "[VERB]", "show or change what time the server thinks it is", sw_cli_clock,
     "  show                                 (default)\n"
     "  advance DURATION                     90s, 15m, 1h30m, 2d\n"
     "  set real | stepped | scaled FACTOR   as fast as the system's, standing still, or FACTOR times as fast\n"
     "Time never runs backwards: `set real` does not undo `advance`, it goes on from there.\n"},
    {"coverage", "[SERVICE]", "show which operations are implemented", sw_cli_coverage,
     "  --types            which CloudFormation types instead, as Cloud Control makes them\n"},
    {"ca", "", "print the certificate of the server's own authority (PEM)", sw_cli_ca, NULL},
    {"version", "", "print the version", version, NULL},
    {"help", "[COMMAND]", "explain a command", help, NULL},
    {0},
};

static const SwCommand *find(const char *name) {
    for (const SwCommand *c = sw_cli_commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* Letters to add, take away or change to make one of the other. */
static size_t distance(const char *a, const char *b) {
    size_t row[NAME_MOST + 1], n = strlen(b);
    if (strlen(a) > NAME_MOST || n > NAME_MOST)
        return NAME_MOST;
    for (size_t k = 0; k <= n; k++)
        row[k] = k;
    for (size_t i = 0; a[i]; i++) {
        size_t above = row[0]; /* and to the left */
        row[0] = i + 1;
        for (size_t k = 1; k <= n; k++) {
            size_t here = SW_MIN(above + (a[i] != b[k - 1]), SW_MIN(row[k - 1], row[k]) + 1);
            above = row[k];
            row[k] = here;
        }
    }
    return row[n];
}

static void say_nearest(const char *name) {
    const SwCommand *best = sw_cli_commands;
    for (const SwCommand *c = sw_cli_commands; c->name; c++)
        if (distance(name, c->name) < distance(name, best->name))
            best = c;
    if (distance(name, best->name) <= NEAR && distance(name, best->name) < strlen(best->name))
        fprintf(stderr, "  Did you mean `slipway %s`?\n", best->name);
}

static void print_help(FILE *to) {
    fputs("slipway - DevOps on AWS, on one machine\n\nUsage: slipway COMMAND [options]\n\nCommands:\n", to);
    for (const SwCommand *c = sw_cli_commands; c->name; c++)
        fprintf(to, "  %-10s %-21s %s\n", c->name, c->arguments, c->summary);
    fputs("\nCommon options, before the command or behind it:\n"
          "  --endpoint URL     the server (default $SLIPWAY_ENDPOINT, $AWS_ENDPOINT_URL, http://127.0.0.1:4566)\n"
          "  --region NAME      region of the question (default $AWS_REGION, else us-east-1)\n"
          "  --account ID       account of the question (default: the server's)\n"
          "  --json             the API's own answer\n"
          "\nBegin with `slipway up`. Then, in another shell:\n"
          "  eval \"$(slipway env)\"\n"
          "  aws s3 mb s3://first\n"
          "  slipway status\n"
          "`slipway demo` shows what it is for; `man slipway` has the details.\n",
          to);
}

static int help(SwCli *cli) {
    const SwCommand *c = cli->argc > 1 ? find(cli->argv[1]) : NULL;
    if (cli->argc > 2)
        return sw_cli_usage(cli, "takes one command at most");
    if (cli->argc > 1 && !c) {
        fprintf(stderr, "slipway help: no such command: %s\n", cli->argv[1]);
        say_nearest(cli->argv[1]);
        fputs("  `slipway help` lists them.\n", stderr);
        return 2;
    }
    if (!c) {
        print_help(stdout);
        return 0;
    }
    printf("Usage: slipway %s %s\n\n%s\n", c->name, c->arguments, c->summary);
    if (c->details)
        printf("\n%s", c->details);
    if (c->run != sw_cli_up)
        puts("\nCommon options: --endpoint URL, --region NAME, --account ID, --json; `slipway help` explains them.");
    return 0;
}

const char *sw_cli_reason(const SwError *err) {
    bool ours = err->kind == &SW_INTERNAL_FAILURE && err->cause;
    return ours ? err->cause : err->message ? err->message : "failed";
}

int sw_cli_fail(const SwError *err, const char *next) {
    const char *reason = sw_cli_reason(err);
    fprintf(stderr, "slipway: %s\n", reason);
    if (err->cause && err->cause != reason)
        fprintf(stderr, "  cause: %s\n", err->cause);
    if (next)
        fprintf(stderr, "  %s\n", next);
    return 1;
}

int sw_cli_usage(const SwCli *cli, const char *what) {
    const char *name = cli->argc > 0 ? cli->argv[0] : "";
    fprintf(stderr, "slipway %s: %s\n  See `slipway help%s%s`.\n", name, what, find(name) ? " " : "", find(name) ? name : "");
    return 2;
}

/* Takes one option with its value at argv[i]; returns how many arguments it was, 0: not this one, -1: value missing. */
static int take(SwCli *cli, int i, const SwOption *o) {
    const char *arg = cli->argv[i];
    size_t n = strlen(o->name);
    if (strncmp(arg, o->name, n) != 0 || (arg[n] && arg[n] != '='))
        return 0;
    if (o->kind == SW_OPTION_FLAG) {
        *(bool *)o->to = true;
        return arg[n] ? 0 : 1;
    }
    const char *value = arg[n] == '=' ? arg + n + 1 : i + 1 < cli->argc ? cli->argv[i + 1] : "";
    if (!*value)
        return -1;
    if (o->kind == SW_OPTION_LIST)
        sw_str_list_add(cli->arena, o->to, sw_str(value));
    else
        *(const char **)o->to = value;
    return arg[n] == '=' ? 1 : 2;
}

/* "-1" is a number. */
static bool is_option(const char *arg) {
    return arg[0] == '-' && arg[1] && !(arg[1] >= '0' && arg[1] <= '9');
}

static void say_missing(const SwCli *cli, const char *option) {
    bool known = find(cli->argv[0]);
    fprintf(stderr, "slipway%s%s: a value is missing after %s\n  See `slipway help%s%s`.\n", known ? " " : "",
            known ? cli->argv[0] : "", option, known ? " " : "", known ? cli->argv[0] : "");
}

/* own: the subcommand's, the last that are looked for. */
static bool parse(SwCli *cli, const SwOption *o, size_t n, bool own) {
    int kept = 1;
    uint64_t said = 0;
    for (int i = 1; i < cli->argc;) {
        int used = 0;
        size_t k = 0;
        for (; k < n && used == 0; k++)
            used = take(cli, i, &o[k]);
        if (used > 0 && own && o[k - 1].kind == SW_OPTION_TEXT && (said & UINT64_C(1) << (k - 1))) {
            (void)sw_cli_usage(cli, sw_strf(cli->arena, "%s is there twice", o[k - 1].name).p);
            return false;
        }
        said |= used > 0 ? UINT64_C(1) << (k - 1) : 0;
        if (used < 0) {
            say_missing(cli, cli->argv[i]);
            return false;
        }
        if (used == 0 && own && is_option(cli->argv[i])) {
            (void)sw_cli_usage(cli, sw_strf(cli->arena, "unknown option %s", cli->argv[i]).p);
            return false;
        }
        if (used == 0)
            cli->argv[kept++] = cli->argv[i++];
        i += used;
    }
    cli->argc = kept;
    return true;
}

bool sw_cli_options(SwCli *cli, const SwOption *o, size_t n) {
    return parse(cli, o, n, true);
}

unsigned sw_cli_columns(void) {
    struct winsize w = {0};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

static const char *first_set(const char *a, const char *b, const char *otherwise) {
    return a && *a ? a : b && *b ? b : otherwise;
}

/* Common options before the command go behind it. False (after a message) where one has no value. */
static bool put_command_first(SwCli *cli, const SwOption *common, size_t n) {
    int at = 0, used = 1;
    while (at < cli->argc && used > 0) {
        used = 0;
        for (size_t k = 0; k < n && used == 0; k++)
            used = take(cli, at, &common[k]);
        if (used < 0) {
            say_missing(cli, cli->argv[at]);
            return false;
        }
        at += used;
    }
    if (at == 0 || at >= cli->argc)
        return true;
    char *name = cli->argv[at];
    memmove(cli->argv + 1, cli->argv, (size_t)at * sizeof(*cli->argv));
    cli->argv[0] = name;
    return true;
}

/* us-east-1, us-gov-west-1 */
static bool is_region(SwStr s) {
    SwStr word;
    size_t words = 0;
    while (sw_str_cut(&s, '-', &word))
        if (!word.n || !sw_str_all(word, "a-z") || (words++ == 0 && word.n != 2))
            return false;
    return words >= 2 && s.n == 1 && sw_str_all(s, "0-9");
}

static void look_at_terminal(SwCli *cli) {
    const char *term = getenv("TERM");
    cli->terminal = isatty(STDOUT_FILENO);
    cli->columns = cli->terminal ? sw_cli_columns() : 0;
    cli->dumb = term && strcmp(term, "dumb") == 0;
    cli->color = cli->terminal && !cli->dumb && !first_set(getenv("NO_COLOR"), NULL, NULL); /* no-color.org: set, not empty */
}

static int run(int argc, char **argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwCli cli = {.arena = a, .argc = argc - 1, .argv = argv + 1};
    bool want_help = false;
    const SwOption common[] = {
        {"--endpoint", SW_OPTION_TEXT, &cli.endpoint}, {"--region", SW_OPTION_TEXT, &cli.region},
        {"--account", SW_OPTION_TEXT, &cli.account},   {"--json", SW_OPTION_FLAG, &cli.json},
        {"--help", SW_OPTION_FLAG, &want_help},        {"-h", SW_OPTION_FLAG, &want_help},
    };
    if (!put_command_first(&cli, common, SW_N(common)))
        return 2;
    const SwCommand *c = find(strcmp(cli.argv[0], "--version") == 0 ? "version" : cli.argv[0]);
    if (!c && want_help) {
        print_help(stdout);
        return 0;
    }
    if (!c) {
        (void)sw_cli_usage(&cli, is_option(cli.argv[0]) ? "no such option, or no command behind it" : "no such command");
        say_nearest(cli.argv[0]);
        return 2;
    }
    if (!parse(&cli, common, SW_N(common), false))
        return 2;
    if (want_help) {
        SwCli about = {.arena = a, .argc = 2, .argv = (char *[]){argv[0], cli.argv[0]}};
        return help(&about);
    }
    const char *meant = first_set(cli.endpoint, getenv("SLIPWAY_ENDPOINT"), NULL);
    cli.endpoint_named = meant;
    cli.endpoint = first_set(meant, getenv("AWS_ENDPOINT_URL"), "http://127.0.0.1:4566");
    if (cli.account && (strlen(cli.account) != 12 || strspn(cli.account, "0123456789") != 12))
        return sw_cli_usage(&cli, "--account takes twelve digits");
    if (cli.region && !is_region(sw_str(cli.region)))
        return sw_cli_usage(&cli, "--region takes a region, such as us-east-1");
    cli.region = first_set(cli.region, getenv("AWS_REGION"), first_set(getenv("AWS_DEFAULT_REGION"), NULL, "us-east-1"));
    look_at_terminal(&cli);
    return c->run(&cli);
}

int sw_cli_main(int argc, char **argv) {
    int r = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return r;
    fputs("slipway: what it says could not be written to standard output.\n", stderr);
    return r ? r : 1;
}
