/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway demo`: runs the table of steps, shows them as they go, sums up, cleans up. */

#include "cli/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/time.h"

extern char **environ;

/* Progress goes to standard output, with --json to standard error. */
static FILE *told(const Demo *d) {
    return d->cli->json ? stderr : stdout;
}

static bool live(const Demo *d) {
    return d->cli->terminal && !d->cli->json;
}

void demo_progress(Demo *d, const char *fmt, ...) {
    if (!live(d) || !d->step_open)
        return;
    va_list ap;
    va_start(ap, fmt);
    SwStr s = sw_strfv(d->arena, fmt, ap);
    va_end(ap);
    printf("\033[s  %.*s\033[K\033[u", SW_FMT(s));
    fflush(stdout);
}

static int run_step(Demo *d, const DemoStep *s, size_t i, size_t n, SwError *err) {
    const char *green = d->cli->color && !d->cli->json ? "\033[32m" : "", *red = *green ? "\033[31m" : "", *off = *green ? "\033[0m" : "";
    if (live(d)) {
        printf("[%2zu/%zu] %-52s", i + 1, n, s->title);
        fflush(stdout);
    }
    d->step_open = true;
    int64_t began = sw_monotonic_ns();
    int r = s->run(d, err);
    double took = (double)(sw_monotonic_ns() - began) / 1e9;
    d->step_open = false;
    if (live(d))
        printf("\r\033[K");
    fprintf(told(d), "[%2zu/%zu] %-52s %s%s%s %6.1f s\n", i + 1, n, s->title, r < 0 ? red : green, r < 0 ? "FAILED" : "ok    ", off, took);
    fflush(told(d));
    return r;
}

/* What a reader of the log wants to know next. */
static void diagnose(Demo *d) {
    SwError e = sw_error(d->arena);
    SwValue v;
    if (!d->server || !d->endpoint)
        return;
    int ignored = DEMO_AWS(d, NULL, &e, "codepipeline", "list-action-executions", "--pipeline-name", "hello-web");
    ignored |= DEMO_AWS(d, NULL, &e, "ecs", "describe-services", "--cluster", "production", "--services", "hello-web");
    if (d->target_group.n)
        ignored |= DEMO_AWS(d, NULL, &e, "elbv2", "describe-target-health", "--target-group-arn", sw_str_z(d->arena, d->target_group));
    static const char *const projects[] = {"hello-test", "hello-build"};
    for (size_t i = 0; i < SW_N(projects); i++) {
        if (DEMO_AWS(d, &v, &e, "codebuild", "list-builds-for-project", "--project-name", projects[i]) < 0)
            continue;
        SwStr id = sw_value_str(sw_value_path(&v, "ids.0"));
        if (!sw_str_is(id))
            continue;
        ignored |= DEMO_AWS(d, NULL, &e, "codebuild", "batch-get-builds", "--ids", sw_str_z(d->arena, id));
        size_t at;
        if (sw_str_find(id, ':', &at))
            ignored |= DEMO_AWS(d, NULL, &e, "logs", "get-log-events", "--log-group-name", demo_strf(d, "/aws/codebuild/%s", projects[i]),
                                "--log-stream-name", sw_str_z(d->arena, sw_str_skip(id, at + 1)), "--start-from-head");
    }
    (void)ignored;                      /* each is in the log, whatever came of it */
}

static void tell_failure(Demo *d, const DemoStep *s, const SwError *err) {
    FILE *to = stderr;
    fprintf(to, "\nThe demo failed at \"%s\":\n  %s\n", s->title, err->message ? err->message : "unknown");
    if (err->cause)
        fprintf(to, "  cause: %s\n", err->cause);
    fprintf(to, "  every command and answer: %s\n  the server's log:         %s\n", d->log_path, sw_path(d->arena, d->work, "server.log"));
}

static void cell(FILE *to, double s) {
    if (s < 0)
        fprintf(to, "%9s", "-");
    else
        fprintf(to, "%7.1f s", s);
}

static double overhead(const DemoRelease *r) {
    double all = (double)(r->live_ns - r->pushed_ns) / 1e9;
    return all - r->commands_s - (r->approve_s > 0 ? r->approve_s : 0);
}

static void print_releases(Demo *d) {
    printf("\n%-8s %-10s%9s%9s%9s%9s%9s%13s%14s%10s\n", "Release", "Pipeline", "Source", "Test", "Build", "Approve", "Deploy", "push to live",
           "of it, own*", "platform");
    for (size_t i = 0; i < d->n_release; i++) {
        const DemoRelease *r = &d->release[i];
        printf("%-8s %-10.*s", r->version, SW_FMT(r->outcome));
        const double parts[] = {r->source_s, r->test_s, r->build_s, r->approve_s, r->deploy_s};
        for (size_t k = 0; k < SW_N(parts); k++)
            cell(stdout, parts[k]);
        if (r->live_ns)
            printf("%11.1f s%12.1f s%8.1f s", (double)(r->live_ns - r->pushed_ns) / 1e9, r->commands_s, overhead(r));
        printf("\n");
    }
    printf("* the commands of the buildspecs; the platform's part is without them and without waiting for the approval\n\n");
    for (size_t i = 0; i < d->n_release; i++)
        if (d->release[i].loaded)
            printf("Requests while %s was released: %lld, failed: %lld\n", d->release[i].version, (long long)d->release[i].load.requests,
                   (long long)d->release[i].load.failed);
    if (d->restarted)
        printf("Server killed with -9 while v5 was deployed; ready again after %.1f s\n", d->recovered_s);
}

static SwValue release_json(Demo *d, const DemoRelease *r) {
    SwArena *a = d->arena;
    SwValue v = sw_value_object();
    sw_value_sets(a, &v, "version", sw_str(r->version));
    sw_value_sets(a, &v, "commitId", r->commit);
    sw_value_sets(a, &v, "pipelineExecutionId", r->execution);
    sw_value_sets(a, &v, "outcome", r->outcome);
    const struct { const char *name; double s; } parts[] = {{"sourceSeconds", r->source_s}, {"testSeconds", r->test_s},
        {"buildSeconds", r->build_s}, {"approveSeconds", r->approve_s}, {"deploySeconds", r->deploy_s}};
    for (size_t i = 0; i < SW_N(parts); i++)
        if (parts[i].s >= 0)
            sw_value_set(a, &v, sw_str(parts[i].name), sw_value_num(a, parts[i].s));
    if (r->live_ns) {
        sw_value_set(a, &v, SW_STR("pushToLiveSeconds"), sw_value_num(a, (double)(r->live_ns - r->pushed_ns) / 1e9));
        sw_value_set(a, &v, SW_STR("commandSeconds"), sw_value_num(a, r->commands_s));
        sw_value_set(a, &v, SW_STR("platformSeconds"), sw_value_num(a, overhead(r)));
    }
    if (r->loaded) {
        sw_value_set(a, &v, SW_STR("requests"), sw_value_int(a, r->load.requests));
        sw_value_set(a, &v, SW_STR("failedRequests"), sw_value_int(a, r->load.failed));
    }
    return v;
}

static void print_json(Demo *d, const DemoStep *failed, const SwError *err) {
    SwArena *a = d->arena;
    SwValue v = sw_value_object(), releases = sw_value_array();
    SwBuf b = sw_buf(a, SW_MIB);
    sw_value_set(a, &v, SW_STR("succeeded"), sw_value_bool(!failed));
    if (failed) {
        sw_value_sets(a, &v, "failedStep", sw_str(failed->name));
        sw_value_sets(a, &v, "message", sw_str(err->message));
        sw_value_sets(a, &v, "log", sw_str(d->log_path));
    }
    for (size_t i = 0; i < d->n_release; i++)
        sw_value_add(a, &releases, release_json(d, &d->release[i]));
    sw_value_set(a, &v, SW_STR("releases"), releases);
    if (d->restarted)
        sw_value_set(a, &v, SW_STR("recoveredSeconds"), sw_value_num(a, d->recovered_s));
    if (d->dora.kind == SW_VOBJECT)
        sw_value_set(a, &v, SW_STR("dora"), d->dora);
    sw_json_write_pretty(&b, &v, 2);
    printf("%.*s\n", SW_FMT(sw_buf_str(&b)));
}

/* The clients see this server alone: no profile, no other endpoint, no configuration of git's. */
static const char *const *client_env(Demo *d) {
    static const char *const set[] = {
        "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=",
        "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "GIT_TERMINAL_PROMPT=0",
        "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C.UTF-8",
    };
    size_t n = 0, k = 0;
    while (environ[n])
        n++;
    const char **env = sw_new_n(d->arena, const char *, n + SW_N(set) + 1);
    for (size_t i = 0; i < n; i++)
        if (strncmp(environ[i], "AWS_", 4) != 0 && strncmp(environ[i], "GIT_", 4) != 0 && strncmp(environ[i], "LC_ALL=", 7) != 0)
            env[k++] = environ[i];
    for (size_t i = 0; i < SW_N(set); i++)
        env[k++] = set[i];
    return env;
}

static int prepare(Demo *d, SwError *err) {
    static const char *const needed[] = {"aws", "git", "curl"};
    const char *tmp = getenv("TMPDIR");
    char *work = (char *)(uintptr_t)demo_strf(d, "%s/slipway-demo-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
    if (!sw_exists(sw_path(d->arena, d->example, "buildspec.yml")))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "there is no example in %s: name its folder with --example", d->example);
    if (geteuid() != 0)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "containers need root: run it as root or with sudo");
    if (!mkdtemp(work))
        return sw_fail_errno(err, errno, "no temporary folder can be made");
    d->work = work;
    d->data = sw_path(d->arena, work, "data");
    d->repo = sw_path(d->arena, work, "hello-web");
    d->log_path = sw_path(d->arena, work, "demo.log");
    d->log_fd = open(d->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (d->log_fd < 0)
        return sw_fail_errno(err, errno, "%s cannot be written", d->log_path);
    d->env = client_env(d);
    for (size_t i = 0; i < SW_N(needed); i++)
        if (DEMO_RUN(d, NULL, NULL, err, needed[i], "--version") < 0)
            return sw_fail_wrap(err, "%s is needed", needed[i]);
    return 0;
}

/* Nothing stays running; after a success the folder goes too. */
static int clean_up(Demo *d, bool keep, SwError *err) {
    int status, r = 0;
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

static void interrupted(int signal_number) {
    (void)signal_number;                /* the client that runs ends by it, and so its step fails: all is cleaned up */
}

static int run_steps(Demo *d, const DemoStep **ret_failed, SwError *err) {
    size_t n = 0;
    while (demo_steps[n].name)
        n++;
    for (size_t i = 0; i < n; i++)
        if (run_step(d, &demo_steps[i], i, n, err) < 0) {
            *ret_failed = &demo_steps[i];
            return -1;
        }
    return 0;
}

static int summary(Demo *d, bool keep, double took) {
    print_releases(d);
    if (d->dora.kind == SW_VOBJECT) {
        printf("\n");
        sw_cli_print_dora(d->cli, &d->dora);
    }
    printf("\nThe main job passed in %.0f s.%s%s\n", took, keep ? " Everything is kept in " : "", keep ? d->work : "");
    return 0;
}

int sw_cli_demo(SwCli *cli) {
    SwArena *a = sw_arena_new(2 * SW_GIB);
    Demo d = {.cli = cli, .arena = a, .log_fd = -1, .example = "examples/hello-web"};
    bool keep = false;
    const SwOption options[] = {{"--example", SW_OPTION_TEXT, &d.example}, {"--keep", SW_OPTION_FLAG, &keep}};
    const struct sigaction on_end = {.sa_handler = interrupted};
    SwError err = sw_error(a), end_err = sw_error(a);
    const DemoStep *failed = NULL;
    int r = 1;
    if (!sw_cli_options(cli, options, SW_N(options)) || (cli->argc > 1 && (r = sw_cli_usage(cli, "takes no further arguments")))) {
        sw_arena_free(a);
        return 2;
    }
    sigaction(SIGINT, &on_end, NULL);
    sigaction(SIGTERM, &on_end, NULL);
    signal(SIGPIPE, SIG_IGN);
    int64_t began = sw_monotonic_ns();
    if (prepare(&d, &err) < 0) {
        sw_cli_fail(&err, NULL);
    } else if (run_steps(&d, &failed, &err) < 0) {
        diagnose(&d);
        tell_failure(&d, failed, &err);
    } else {
        r = cli->json ? 0 : summary(&d, keep, (double)(sw_monotonic_ns() - began) / 1e9);
    }
    if (clean_up(&d, failed || keep || r, &end_err) < 0)
        r = sw_cli_fail(&end_err, "Something may still run: `slipway down --data` with the folder's name removes it.");
    if (cli->json)
        print_json(&d, failed, &err);
    sw_arena_free(a);
    return r;
}
