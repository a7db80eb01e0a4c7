/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway down`: nothing is left running, with a server or after one crashed. What is stored stays.
 *
 * The data folder says which server has it: `lock` is held by it, `endpoint` ("PID URL") says where it listens. A
 * server that runs is asked to end and leave nothing; one that does not answer is told by signal. Then, also when there
 * was none, what carries the folder's instance name is removed from the machine. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "cli/client.h"
#include "container/container.h"
#include "models/slipway.gen.h"
#include "proxy/proxy.h"

#define END_MS 120000

const char *sw_cli_data_folder(SwCli *cli, const char *named) {
    if (named && named[0] == '/')
        return named;
    if (named) {
        char *cwd = getcwd(NULL, 0); /* library: getcwd allocates what it returns */
        const char *path = cwd ? sw_path(cli->arena, cwd, named) : named;
        free(cwd); /* library: the same */
        return path;
    }
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (xdg && xdg[0] == '/')
        return sw_path(cli->arena, xdg, "slipway");
    return sw_path(cli->arena, home && home[0] == '/' ? home : "/root", ".local/share/slipway");
}

static pid_t read_pid(SwCli *cli, const char *path) {
    SwError err = sw_error(cli->arena);
    SwStr text, first;
    int64_t pid = 0;
    if (sw_file_read(cli->arena, path, 4096, &text, &err) < 0)
        return 0;
    text = sw_str_trim(text);
    if (sw_str_cut(&text, ' ', &first))
        text = first;
    return sw_str_to_i64(text, &pid) && pid > 1 ? (pid_t)pid : 0;
}

/* The process that holds the folder's lock; 0: none. */
static int holder(SwCli *cli, const char *data, pid_t *ret_pid, SwError *err) {
    const char *path = sw_path(cli->arena, data, "lock");
    _sw_close_ int fd = open(path, O_RDWR | O_CLOEXEC);
    *ret_pid = 0;
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return sw_fail_errno(err, errno, "Whether a server runs on %s cannot be seen", data);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
        *ret_pid = read_pid(cli, path);
    return 0;
}

/* Where that process listens; absent while it starts. */
static const char *endpoint_of(SwCli *cli, const char *data, pid_t pid) {
    const char *path = sw_path(cli->arena, data, "endpoint");
    SwError err = sw_error(cli->arena);
    SwStr text, first;
    if (read_pid(cli, path) != pid || sw_file_read(cli->arena, path, 4096, &text, &err) < 0)
        return NULL;
    text = sw_str_trim(text);
    return sw_str_cut(&text, ' ', &first) ? sw_str_z(cli->arena, text) : NULL;
}

static bool ask(SwCli *cli, const char *endpoint) {
    const SlipwayShutdownRequest in = {.leave_nothing = SW_SOME_BOOL(true)};
    SwError err = sw_error(cli->arena);
    if (!endpoint)
        return false;
    cli->endpoint = endpoint;
    return sw_client_call(cli, &slipway_api, SLIPWAY_SHUTDOWN, &in, NULL, &err) == 0;
}

static int end_server(SwCli *cli, const char *data, pid_t pid, SwError *err) {
    _sw_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return 0; /* it ended meanwhile */
    if (!ask(cli, endpoint_of(cli, data, pid)) && kill(pid, SIGTERM) < 0 && errno != ESRCH)
        return sw_fail_errno(err, errno, "The server (process id %d) cannot be told to end", pid);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    do {
        n = poll(&p, 1, END_MS);
    } while (n < 0 && errno == EINTR);
    if (n == 0)
        return sw_fail(err, &SW_SERVICE_UNAVAILABLE, "The server (process id %d) has not ended within %d seconds", pid,
                       END_MS / 1000);
    return 0;
}

static int remove_rest(SwCli *cli, const char *data, SwError *err) {
    SwStr instance;
    const char *path = sw_path(cli->arena, data, "instance");
    SwProxyOpts opts = {.dir = sw_path(cli->arena, data, "proxy")};
    SwProxy *proxy = NULL;
    if (!sw_exists(path))
        return 0; /* no server ever ran here */
    if (sw_file_read(cli->arena, path, 64, &instance, err) < 0)
        return -1;
    int containers = sw_runtime_purge_at(data, sw_str_z(cli->arena, sw_str_trim(instance)), err);
    int stopped = sw_exists(opts.dir) ? sw_proxy_open(&opts, &proxy, err) : 0;
    if (proxy) {
        stopped = sw_proxy_stop(proxy, err);
        sw_proxy_close(proxy);
    }
    return containers < 0 || stopped < 0 ? -1 : 0;
}

/* Whether the default folder's server is the one at the endpoint. */
static bool is_own(SwCli *cli, const char *own) {
    SwError err = sw_error(cli->arena);
    pid_t pid;
    const char *at = holder(cli, own, &pid, &err) == 0 && pid ? endpoint_of(cli, own, pid) : NULL;
    return at && strcmp(at, cli->endpoint) == 0;
}

/* Without --data: the folder of the server at the endpoint; the default one where none answers and none was named. Fails
 * where a server is meant whose folder is not known. *ret_told: a server said so. */
static int choose_folder(SwCli *cli, const char **ret_data, bool *ret_told, SwError *err) {
    void *out = NULL;
    *ret_data = sw_cli_data_folder(cli, NULL);
    *ret_told = false;
    if (sw_client_call(cli, &slipway_api, SLIPWAY_GET_HEALTH, NULL, &out, err) == 0) {
        const SlipwayGetHealthResponse *health = out;
        *ret_told = sw_str_is(health->data_folder);
        if (*ret_told)
            *ret_data = sw_str_z(cli->arena, health->data_folder);
        return 0;
    }
    return is_own(cli, *ret_data) || (sw_client_is_absent(err) && !cli->endpoint_named) ? 0 : -1;
}

static int fail_unknown(SwCli *cli, const SwError *err) {
    bool absent = sw_client_is_absent(err);
    return sw_cli_fail(err,
                       sw_strf(cli->arena, "%s at %s, so nothing was stopped. Name its data folder: `slipway down --data DIR`.",
                               absent ? "No server answers" : "It is not known which data folder has the server", cli->endpoint)
                           .p);
}

/* To a person: what became of it. */
static void report(SwCli *cli, const char *data, bool ran) {
    SwValue v = sw_value_object();
    if (cli->json) {
        sw_value_sets(cli->arena, &v, "dataFolder", sw_str(data));
        sw_value_set(cli->arena, &v, SW_STR("wasRunning"), sw_value_bool(ran));
        SwStr text = sw_json_text(cli->arena, &v);
        printf("%.*s\n", SW_FMT(text));
    } else if (ran) {
        printf("Stopped; nothing is left running. What was stored is in %s.\n", data);
    } else {
        printf("No server ran on %s; nothing is left running.\n", data);
    }
}

int sw_cli_down(SwCli *cli) {
    const char *data = NULL;
    bool told = false;
    pid_t pid;
    const SwOption options[] = {{"--data", SW_OPTION_TEXT, &data}};
    SwError err = sw_error(cli->arena);
    if (!sw_cli_options(cli, options, SW_N(options)))
        return 2;
    if (cli->argc > 1)
        return sw_cli_usage(cli, "takes no further arguments");
    if (data)
        data = sw_cli_data_folder(cli, data);
    else if (choose_folder(cli, &data, &told, &err) < 0)
        return fail_unknown(cli, &err);
    if (holder(cli, data, &pid, &err) < 0)
        return sw_cli_fail(&err, geteuid() == 0 ? NULL : "Run it as root, as the server ran.");
    if (told && !pid) {
        fprintf(stderr,
                "slipway: the server at %s runs on another machine, or in a container: no process here has %s\n"
                "  Run `slipway down` there.\n",
                cli->endpoint, data);
        return 1;
    }
    if (pid && end_server(cli, data, pid, &err) < 0)
        return sw_cli_fail(&err, "End that process, then run `slipway down` again.");
    if (remove_rest(cli, data, &err) < 0)
        return sw_cli_fail(&err, geteuid() == 0 ? "Run `slipway down` again to remove what is left."
                                                : "Run it as root, as the server ran.");
    report(cli, data, pid != 0);
    return 0;
}
