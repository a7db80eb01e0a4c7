/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway up`: the server in the foreground. SIGINT and SIGTERM drain and stop it; containers and the load balancer go
 * on and are found again by the next start. With --ephemeral nothing goes on. */

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "api/host.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "http/server.h"
#include "store/store.h"

#define REGION_MOST 32

typedef struct Options {
    const char *data, *port, *address, *auth, *memory, *warm_builds;
    bool ephemeral, settle, accept_data_loss;
} Options;

static bool is_address(const char *s) {
    struct in6_addr any;
    return inet_pton(AF_INET, s, &any) == 1 || inet_pton(AF_INET6, s, &any) == 1;
}

/* "512M", "2G", or a number of bytes. */
static bool parse_size(SwStr s, uint64_t *ret) {
    static const struct {
        char unit;
        unsigned shift;
    } units[] = {{'K', 10}, {'M', 20}, {'G', 30}, {'T', 40}};
    unsigned shift = 0;
    for (size_t i = 0; i < SW_N(units); i++)
        if (s.n && (s.p[s.n - 1] & ~0x20) == units[i].unit)
            shift = units[i].shift;
    if (!sw_str_to_u64(shift ? sw_str_drop(s, 1) : s, ret) || *ret > (uint64_t)INT64_MAX >> shift)
        return false;
    *ret <<= shift;
    return true;
}

static int configure(SwCli *cli, const Options *o, SwConfig *c) {
    uint64_t port = 4566, memory = 0;
    if (o->memory && (!parse_size(sw_str(o->memory), &memory) || memory < SW_MEMORY_LEAST))
        return sw_cli_usage(cli, "--memory takes a size of at least 32M, such as 512M or 2G");
    sw_memory_set((size_t)memory);
    if (o->port && (!sw_str_to_u64(sw_str(o->port), &port) || port > 65535))
        return sw_cli_usage(cli, "--port takes a number from 0 to 65535");
    if (o->auth && strcmp(o->auth, "strict") != 0 && strcmp(o->auth, "relaxed") != 0)
        return sw_cli_usage(cli, "--auth takes relaxed or strict");
    SwTime warm_builds = 15 * SW_MINUTE;
    if (o->warm_builds && strcmp(o->warm_builds, "0") == 0)
        warm_builds = 0;
    else if (o->warm_builds && !sw_duration_parse(sw_str(o->warm_builds), &warm_builds))
        return sw_cli_usage(cli, "--warm-builds takes a duration such as 15m or 2h, or 0");
    bool local = !o->address || strcmp(o->address, "localhost") == 0;
    if (!local && !is_address(o->address))
        return sw_cli_usage(cli, "--address takes a numeric address, such as 127.0.0.1 or 0.0.0.0");
    SwStr region = sw_str(cli->region);
    if (!sw_str_all(region, "a-z0-9-") || region.n > REGION_MOST)
        return sw_cli_usage(cli, "--region (or AWS_REGION) takes a name such as us-east-1");
    *c = (SwConfig){
        .address = local ? "127.0.0.1" : o->address,
        .port = (uint16_t)port,
        .account = sw_str(cli->account ? cli->account : "000000000000"),
        .region = region,
        .strict = o->auth && strcmp(o->auth, "strict") == 0,
        .settle = o->settle,
        .ephemeral = o->ephemeral,
        .accept_data_loss = o->accept_data_loss,
        .warm_builds = warm_builds,
        .services = sw_services,
    };
    if (!o->data && o->ephemeral) {
        const char *tmp = getenv("TMPDIR");
        char *dir = (char *)(uintptr_t)sw_strf(cli->arena, "%s/slipway-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp").p;
        c->data = mkdtemp(dir);
        if (!c->data) {
            fprintf(stderr,
                    "slipway: no temporary folder can be made as %s\n  Set TMPDIR to a folder that can be written, or name one "
                    "with --data.\n",
                    dir);
            return 1;
        }
    } else {
        c->data = sw_cli_data_folder(cli, o->data);
        if (o->ephemeral && sw_exists(sw_path(cli->arena, c->data, "store")))
            return sw_cli_usage(cli,
                                "with --ephemeral what is stored in the folder of --data would not be there; name an empty "
                                "folder, or leave one of the two out");
    }
    return 0;
}

/* Signals are waited for, not handled: nothing is interrupted. */
static void wait_for_end(const sigset_t *end) {
    int signal_number;
    while (sigwait(end, &signal_number) != 0)
        continue;
    sw_log(SW_INFO, "stopping", SW_FN("signal", signal_number));
}

static const char *advice(const SwError *err) {
    static const struct {
        const SwErrorKind *kind;
        const char *text;
    } table[] = {
        {&SW_HTTP_PORT_TAKEN, "End that program, or choose another port with --port (0: any free one)."},
        {&SW_STORE_LOST, "Put back what is missing, from a backup of the whole data folder. Nothing was changed.\n"
                         "  Or go on without it: --accept-data-loss starts with what is there, and what only the lost part "
                         "knew is gone for ever."},
    };
    for (size_t i = 0; i < SW_N(table); i++)
        if (err->kind == table[i].kind)
            return table[i].text;
    return NULL;
}

/* Where a start failed, and the disk may be why. */
static const char *next_step(SwCli *cli, const SwConfig *c, const SwError *err) {
    struct statvfs fs;
    const char *known = advice(err);
    if (known || statvfs(c->data, &fs) < 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= SW_MIB)
        return known;
    return sw_strf(cli->arena,
                   "The file system of %s is full: %llu KiB of %llu MiB are free. Make room on it and start again; nothing is "
                   "lost.",
                   c->data, (unsigned long long)(fs.f_bavail * fs.f_frsize / SW_KIB),
                   (unsigned long long)(fs.f_blocks * fs.f_frsize / SW_MIB))
        .p;
}

static int run(SwCli *cli, const SwConfig *c, const sigset_t *end) {
    SwHost *h;
    SwError err = sw_error(cli->arena);
    if (sw_host_open(c, &h, &err) < 0)
        return sw_cli_fail(&err, next_step(cli, c, &err));
    bool v6 = strchr(c->address, ':');
    SwStr url = sw_strf(cli->arena, "http://%s%s%s:%u", v6 ? "[" : "", c->address, v6 ? "]" : "", h->port);
    /* Where this folder's server is, for `slipway down`. */
    SwStr where = sw_strf(cli->arena, "%d %.*s\n", getpid(), SW_FMT(url));
    if (sw_file_write(sw_path(cli->arena, c->data, "endpoint"), where, 0644, &err) < 0) {
        sw_host_close(h);
        return sw_cli_fail(&err, next_step(cli, c, &err));
    }
    printf("Slipway listens on %.*s, data in %s\n", SW_FMT(url), c->ephemeral ? "memory" : c->data);
    printf("Ready.\n");
    if (fflush(stdout) != 0) { /* a server that says nothing still serves */
        sw_log(SW_WARN, "standard output cannot be written");
        clearerr(stdout);
    }
    wait_for_end(end);
    bool down = c->ephemeral || h->down;
    if (!down) {
        sw_host_close(h);
        return 0;
    }
    if (sw_host_down(h, &err) < 0)
        return sw_cli_fail(&err, "Run `slipway down` again to remove what is left.");
    return 0;
}

int sw_cli_up(SwCli *cli) {
    Options o = {0};
    const SwOption options[] = {
        {"--data", SW_OPTION_TEXT, &o.data},
        {"--port", SW_OPTION_TEXT, &o.port},
        {"--address", SW_OPTION_TEXT, &o.address},
        {"--auth", SW_OPTION_TEXT, &o.auth},
        {"--ephemeral", SW_OPTION_FLAG, &o.ephemeral},
        {"--settle", SW_OPTION_FLAG, &o.settle},
        {"--accept-data-loss", SW_OPTION_FLAG, &o.accept_data_loss},
        {"--memory", SW_OPTION_TEXT, &o.memory},
        {"--warm-builds", SW_OPTION_TEXT, &o.warm_builds},
    };
    SwConfig c;
    sigset_t end;
    if (!sw_cli_options(cli, options, SW_N(options)))
        return 2;
    if (cli->argc > 1)
        return sw_cli_usage(cli, "takes no further arguments");
    int r = configure(cli, &o, &c);
    if (r)
        return r;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&end);
    sigaddset(&end, SIGINT);
    sigaddset(&end, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &end, NULL); /* before any thread is made: all inherit it */
    r = run(cli, &c, &end);
    if (o.ephemeral && !o.data) {
        SwError err = sw_error(cli->arena);
        if (sw_rm_tree(c.data, &err) < 0)
            return sw_cli_fail(&err, NULL);
    }
    return r;
}
