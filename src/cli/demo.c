/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway demo`: prepares, runs the table of steps, cleans up. */

#include "cli/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/time.h"

extern char **environ;

bool demo_interrupted(Demo *d) {
    const struct timespec now = {0};
    if (!d->interrupted && sigtimedwait(&d->end, NULL, &now) > 0)
        d->interrupted = true;
    return d->interrupted;
}

void demo_pause(Demo *d) {
    const struct timespec a_moment = {.tv_nsec = 200 * SW_MS};
    if (sigtimedwait(&d->end, NULL, &a_moment) > 0)
        d->interrupted = true;
}

static int run_step(Demo *d, SwError *err) {
    d->doing = SW_NO_STR;
    d->step_began_ns = sw_monotonic_ns();
    demo_show_begin(d);
    int r = d->step->run(d, err);
    if (r == 0 && demo_interrupted(d))
        r = sw_fail(err, &SW_INTERNAL_FAILURE, "interrupted");
    demo_show_end(d, r == 0);
    return r;
}

/* The clients see this server alone: no profile, no other endpoint, no configuration of git's. */
static const char *const *client_env(Demo *d) {
    static const char *const set[] = {
        "AWS_ACCESS_KEY_ID=test",
        "AWS_SECRET_ACCESS_KEY=test",
        "AWS_REGION=us-east-1",
        "AWS_DEFAULT_REGION=us-east-1",
        "AWS_PAGER=",
        "AWS_EC2_METADATA_DISABLED=true",
        "AWS_CONFIG_FILE=/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
        "GIT_TERMINAL_PROMPT=0",
        "GIT_CONFIG_GLOBAL=/dev/null",
        "GIT_CONFIG_NOSYSTEM=1",
        "LC_ALL=C.UTF-8",
    };
    size_t n = 0, k = 0;
    while (environ[n])
        n++;
    const char **env = sw_new_n(d->arena, const char *, n + SW_N(set) + 1);
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "AWS_", 4) != 0 && strncmp(environ[i], "GIT_", 4) != 0 &&
            strncmp(environ[i], "LC_ALL=", 7) != 0)
            env[k++] = environ[i];
    for (size_t i = 0; i < SW_N(set); i++)
        env[k++] = set[i];
    return env;
}

/* Programs of the clients and of the platform, and the Debian package that has each. */
static const struct {
    const char *program, *package;
} needed[] = {
    {"aws", "awscli"},        {"git", "git"},           {"curl", "curl"}, {"docker", "docker.io"},
    {"dockerd", "docker.io"}, {"haproxy", "haproxy"},   {"runc", "runc"}, {"conmon", "conmon"},
    {"ip", "iproute2"},       {"iptables", "iptables"}, {"gcc", "gcc"},   {"make", "make"},
};

static bool is_installed(Demo *d, const char *program) {
    SwStr path = sw_strf(d->arena, "%s:/usr/sbin:/sbin", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), dir;
    while (sw_str_next(&path, ':', &dir))
        if (dir.n && access(sw_path(d->arena, sw_str_z(d->arena, dir), program), X_OK) == 0)
            return true;
    return false;
}

static int check_machine(Demo *d, SwError *err) {
    if (!sw_exists(sw_path(d->arena, d->example, "buildspec.yml")))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "there is no example in %s: name its folder with --example", d->example);
    if (geteuid() != 0)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "containers need root: run it as root or with sudo");
    for (size_t i = 0; i < SW_N(needed); i++)
        if (!is_installed(d, needed[i].program))
            return sw_fail(err, &SW_INTERNAL_FAILURE, "%s is needed and not installed: apt-get install %s", needed[i].program,
                           needed[i].package);
    return 0;
}

static int prepare(Demo *d, SwError *err) {
    const char *tmp = getenv("TMPDIR");
    char *work = (char *)(uintptr_t)demo_strf(d, "%s/slipway-demo-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
    if (check_machine(d, err) < 0)
        return -1;
    if (!mkdtemp(work))
        return sw_fail_errno(err, errno, "no temporary folder can be made in %s", tmp && tmp[0] == '/' ? tmp : "/tmp");
    d->work = work;
    d->data = sw_path(d->arena, work, "data");
    d->repo = sw_path(d->arena, work, "hello-web");
    d->log_path = sw_path(d->arena, work, "demo.log");
    d->log_fd = open(d->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (d->log_fd < 0)
        return sw_fail_errno(err, errno, "%s cannot be written", d->log_path);
    d->env = client_env(d);
    /* Which versions of the clients these were, for a reader of the log. */
    return DEMO_RUN(d, NULL, NULL, err, "aws", "--version") < 0 || DEMO_RUN(d, NULL, NULL, err, "git", "--version") < 0 ? -1
                                                                                                                        : 0;
}

/* Nothing stays running; after a success or an interruption the folder goes too. */
static int clean_up(Demo *d, bool keep, SwError *err) {
    int status, r = 0;
    d->ending = true;
    if (d->load)
        (void)demo_load_stop(d->load);
    if (d->data && sw_exists(d->data))
        r = DEMO_RUN(d, NULL, NULL, err, "/proc/self/exe", "down", "--data", d->data);
    if (d->server && sw_proc_wait(d->server, 10000, &status, err) < 0)
        r = -1;
    if (d->log_fd >= 0)
        close(d->log_fd);
    if (r == 0 && !keep && d->work)
        r = sw_rm_tree(d->work, err);
    return r;
}

static int run_steps(Demo *d, SwError *err) {
    while (demo_steps[d->n_steps].name)
        d->n_steps++;
    for (d->number = 1; d->number <= d->n_steps; d->number++) {
        d->step = &demo_steps[d->number - 1];
        if (run_step(d, err) < 0)
            return -1;
    }
    return 0;
}

/* The exit status: of a shell's command that a signal ended, when it was interrupted. */
static int run_demo(Demo *d, bool keep, SwError *err) {
    SwError end_err = sw_error(d->arena);
    int64_t began = sw_monotonic_ns();
    int r = prepare(d, err) < 0 || run_steps(d, err) < 0 ? 1 : 0;
    bool interrupted = demo_interrupted(d);
    if (r && d->step && !interrupted)
        demo_diagnose(d);
    if (interrupted)
        fprintf(stderr, "\nInterrupted; everything is removed.\n");
    else if (r)
        demo_show_failure(d, err);
    else if (!d->cli->json)
        demo_show_summary(d, (double)(sw_monotonic_ns() - began) / 1e9, keep);
    if (clean_up(d, keep || (r && !interrupted), &end_err) < 0)
        r = sw_cli_fail(&end_err, demo_strf(d, "Something may still run: `slipway down --data %s` removes it.", d->data));
    return interrupted ? 130 : r;
}

int sw_cli_demo(SwCli *cli) {
    SwArena *a = sw_arena_new(2 * SW_GIB);
    Demo d = {.cli = cli, .arena = a, .log_fd = -1, .example = "examples/hello-web"};
    bool keep = false;
    const SwOption options[] = {{"--example", SW_OPTION_TEXT, &d.example}, {"--keep", SW_OPTION_FLAG, &keep}};
    SwError err = sw_error(a);
    int r = 2;
    if (sw_cli_options(cli, options, SW_N(options)) && (cli->argc <= 1 || !sw_cli_usage(cli, "takes no further arguments"))) {
        sigemptyset(&d.end);
        sigaddset(&d.end, SIGINT);
        sigaddset(&d.end, SIGTERM);
        sigaddset(&d.end, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &d.end, NULL); /* before a thread is made: all inherit it, programs that we run do not */
        signal(SIGPIPE, SIG_IGN);
        r = run_demo(&d, keep, &err);
        if (cli->json)
            demo_show_json(&d, &err);
    }
    sw_arena_free(a);
    return r;
}
