/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway env`: what a shell must be told so that clients reach this server, and nothing leaves for AWS.
 *
 * Exports alone would not do. AWS CLI v1, in every version, replaces the endpoint of `aws sqs` (and of emr, rds, docdb,
 * neptune and health) by AWS's own name in each region that it knows, unless --endpoint-url is on the command line: its
 * customisation overridesslcommonname looks at that option alone, neither at AWS_ENDPOINT_URL nor at AWS_ENDPOINT_URL_SQS
 * nor at the configuration. CLI v2 before 2.13 and v1 before 1.29 do not read AWS_ENDPOINT_URL for any service. So `aws`
 * becomes a function that adds the option; what is typed on the command line still goes before. What cannot see that function
 * (a Makefile, a program) may go to AWS, but with credentials that AWS cannot know: those of this shell are kept only when a
 * strict server says that they are its own, whatever they may do there. What would lead a client past the exports is unset. */

#include <ctype.h>
#include <stdlib.h>

#include "base/proc.h"
#include "cli/client.h"
#include "models/slipway.gen.h"

typedef enum Shell { SHELL_SH, SHELL_FISH } Shell;

typedef struct Var {
    const char *name;
    SwStr value; /* absent: unset */
} Var;
typedef struct Vars {
    Var *v;
    size_t n;
} Vars;

static void add(SwCli *cli, Vars *to, const char *name, SwStr value) {
    *sw_list_add(cli->arena, to) = (Var){name, value};
}

static void export(Shell shell, const Var *v) {
    if (!v->value.p) {
        printf(shell == SHELL_FISH ? "set -e %s;\n" : "unset %s\n", v->name);
        return;
    }
    printf(shell == SHELL_FISH ? "set -gx %s '" : "export %s='", v->name);
    for (size_t i = 0; i < v->value.n; i++) {
        if (v->value.p[i] == '\'')
            fputs(shell == SHELL_FISH ? "\\'" : "'\\''", stdout);
        else if (v->value.p[i] == '\\' && shell == SHELL_FISH)
            fputs("\\\\", stdout);
        else
            putchar(v->value.p[i]);
    }
    fputs(shell == SHELL_FISH ? "';\n" : "'\n", stdout);
}

/* An alias of that name goes first, and the inner eval keeps it from being expanded where a shell reads all lines at once.
 * bash hands the function on to its scripts. */
static void define_aws(Shell shell) {
    if (shell == SHELL_FISH) {
        puts("function aws; command aws --endpoint-url=$AWS_ENDPOINT_URL $argv; end;");
        return;
    }
    puts("unalias aws 2>/dev/null || :\n"
         "eval 'aws() { command aws ${AWS_ENDPOINT_URL:+\"--endpoint-url=$AWS_ENDPOINT_URL\"} \"$@\"; }'\n"
         "[ -z \"${BASH_VERSION:-}\" ] || export -f aws");
}

static const char *set(const char *name) {
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

typedef enum Answer {
    NO_SERVER,
    RELAXED, /* or something else that answers */
    KNOWN,   /* strict, and the shell's credentials are its own */
    UNKNOWN  /* strict, and they are not */
} Answer;

/* Only a strict server can tell. One that does not allow GetHealth knows who asked, and is Slipway by the action's name. */
static Answer ask_server(SwCli *cli) {
    SwError err = sw_error(cli->arena);
    void *out = NULL;
    SwStr action = SW_NO_STR, account;
    bool own = !cli->account && set("AWS_ACCESS_KEY_ID") && set("AWS_SECRET_ACCESS_KEY"), strict = false;
    if (sw_client_call(cli, &slipway_api, SLIPWAY_GET_HEALTH, NULL, &out, &err) == 0)
        strict = sw_str_eqz(((const SlipwayGetHealthResponse *)out)->auth, "strict");
    else if (sw_client_is_absent(&err))
        return NO_SERVER;
    else if (sw_client_is_denied(&err, &action))
        strict = sw_str_eqz(action, "slipway:GetHealth");
    else
        return sw_client_is_about_credentials(err.kind) ? UNKNOWN : RELAXED;
    if (!strict)
        return RELAXED;
    return own && sw_client_account(cli, &account, &err) == 0 ? KNOWN : UNKNOWN;
}

static void add_credentials(SwCli *cli, Vars *to) {
    const char *before = set("AWS_ACCESS_KEY_ID");
    Answer answer = ask_server(cli);
    if (answer == NO_SERVER)
        fprintf(stderr, "slipway env: no server answers at %s yet. Start it with `slipway up`.\n", cli->endpoint);
    if (answer == KNOWN) {
        add(cli, to, "AWS_ACCESS_KEY_ID", sw_str(before));
        add(cli, to, "AWS_SECRET_ACCESS_KEY", sw_str(set("AWS_SECRET_ACCESS_KEY")));
        if (set("AWS_SESSION_TOKEN"))
            add(cli, to, "AWS_SESSION_TOKEN", sw_str(set("AWS_SESSION_TOKEN")));
        return;
    }
    const char *key = cli->account ? cli->account : "test";
    if (before && strcmp(before, key) != 0)
        fprintf(stderr,
                "slipway env: AWS_ACCESS_KEY_ID becomes %s in this shell: a strict server has not said that %s is its own.\n",
                key, before);
    if (answer == UNKNOWN)
        fprintf(stderr,
                "slipway env: %s is strict and does not know these credentials. Export the root's, which are in its data\n"
                "  folder in root-credentials, and do this again.\n",
                cli->endpoint);
    add(cli, to, "AWS_ACCESS_KEY_ID", sw_str(key));
    add(cli, to, "AWS_SECRET_ACCESS_KEY", SW_STR("test"));
    if (set("AWS_SESSION_TOKEN"))
        add(cli, to, "AWS_SESSION_TOKEN", SW_NO_STR);
}

/* What leads clients past AWS_ENDPOINT_URL or past the credentials. */
static void add_unset(SwCli *cli, Vars *to) {
    static const char *const names[] = {"AWS_SECURITY_TOKEN",         "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_USE_FIPS_ENDPOINT",      "AWS_USE_DUALSTACK_ENDPOINT",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE"};
    static const char of_service[] = "AWS_ENDPOINT_URL_";
    for (size_t i = 0; i < SW_N(names); i++)
        if (set(names[i]))
            add(cli, to, names[i], SW_NO_STR);
    for (char **e = environ; *e; e++) {
        SwStr name, rest = sw_str(*e);
        if (!sw_str_starts(rest, sw_str(of_service)) || !sw_str_cut(&rest, '=', &name))
            continue;
        if (sw_str_all(name, "a-zA-Z0-9_"))
            add(cli, to, sw_str_z(cli->arena, name), SW_NO_STR);
    }
}

/* "aws-cli/2.9.19 Python/..." */
static bool aws_version(SwCli *cli, SwStr *ret_text, unsigned long *ret_major, unsigned long *ret_minor) {
    SwProcOpts o = {.argv = (const char *[]){"aws", "--version", NULL}, .in = -1, .out = -1, .err = -1};
    SwError err = sw_error(cli->arena);
    SwStr out, said, word, product;
    int status;
    if (sw_proc_run(cli->arena, &o, SW_NO_STR, 4096, 10000, &status, &out, &said, &err) < 0 || status != 0)
        return false;
    out = sw_str_trim(sw_str_or(out, said)); /* old ones write it to standard error */
    if (!sw_str_cut(&out, ' ', &word) || !sw_str_cut(&word, '/', &product) || !sw_str_eqz(product, "aws-cli"))
        return false;
    char *end;
    *ret_text = word;
    *ret_major = strtoul(sw_str_z(cli->arena, word), &end, 10);
    *ret_minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return true;
}

/* To a person, for looking takes a moment: what `aws` without the function would do. */
static void warn(SwCli *cli) {
    SwStr version;
    unsigned long major, minor;
    if (!isatty(STDERR_FILENO) || !aws_version(cli, &version, &major, &minor) || (major == 2 ? minor >= 13 : major != 1))
        return;
    bool reads = major == 1 && minor >= 29;
    fprintf(stderr,
            "slipway env: `aws` is version %.*s, which %s. The shell function `aws` adds --endpoint-url;\n"
            "  where that function is not known (a Makefile, a program), add the option yourself.\n",
            SW_FMT(version),
            reads ? "sends `aws sqs` to AWS whatever AWS_ENDPOINT_URL says" : "does not read AWS_ENDPOINT_URL");
}

int sw_cli_env(SwCli *cli) {
    const char *named = NULL, *login = getenv("SHELL");
    const SwOption options[] = {{"--shell", SW_OPTION_TEXT, &named}};
    Vars vars = {0};
    if (!sw_cli_options(cli, options, SW_N(options)))
        return 2;
    if (cli->argc > 1)
        return sw_cli_usage(cli, "takes no further arguments");
    Shell shell = !named && login && sw_str_ends(sw_str(login), SW_STR("/fish")) ? SHELL_FISH : SHELL_SH;
    if (named && strcmp(named, "fish") == 0)
        shell = SHELL_FISH;
    else if (named && strcmp(named, "sh") != 0 && strcmp(named, "bash") != 0 && strcmp(named, "zsh") != 0)
        return sw_cli_usage(cli, "--shell takes sh, bash, zsh or fish");
    add(cli, &vars, "AWS_ENDPOINT_URL", sw_str(cli->endpoint));
    add_credentials(cli, &vars);
    add(cli, &vars, "AWS_REGION", sw_str(cli->region));
    add(cli, &vars, "AWS_DEFAULT_REGION", sw_str(cli->region));
    add(cli, &vars, "AWS_EC2_METADATA_DISABLED", SW_STR("true"));
    /* botocore (boto3, the AWS CLI) would put a word before the endpoint's name for some operations, as in
     * streaming-logs.127.0.0.1, and fail with a name that nothing resolves before this server could answer. */
    add(cli, &vars, "AWS_DISABLE_HOST_PREFIX_INJECTION", SW_STR("true"));
    add_unset(cli, &vars);
    if (cli->json) {
        SwValue v = sw_value_object();
        for (size_t i = 0; i < vars.n; i++)
            if (vars.v[i].value.p)
                sw_value_sets(cli->arena, &v, vars.v[i].name, vars.v[i].value);
        SwStr text = sw_json_text(cli->arena, &v);
        printf("%.*s\n", SW_FMT(text));
        return 0;
    }
    for (size_t i = 0; i < vars.n; i++)
        export(shell, &vars.v[i]);
    define_aws(shell);
    warn(cli);
    return 0;
}
