/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* `slipway demo`: the main job, from git push to production, driven by stock clients alone (AWS CLI, git; the build uses
 * docker; the load is HTTP). demo.c runs a table of steps and cleans up; demo_show.c tells a person how it goes;
 * demo_steps.c and demo_release.c are what the steps do; demo_client.c runs the clients; demo_load.c is the constant load;
 * demo_diagnose.c finds out what failed.
 *
 * Everything lies in one temporary folder, which is removed at the end unless a step failed: then `demo.log` there has
 * every command with what it answered, `server.log` what the server said, and `build.log` what a failed build said.
 *
 * SIGINT, SIGTERM and SIGHUP are blocked and looked for between two commands: the step ends, all is cleaned up, nothing
 * stays. (A client in the foreground gets a terminal's Ctrl-C itself, and ends by it.) */

#include <signal.h>

#include "cli/cli.h"

#define DEMO_RELEASES_MAX 8
#define DEMO_VERSIONS     10 /* v0 .. v9 */

typedef struct DemoLoad DemoLoad;
typedef struct DemoLoadCounts {
    int64_t requests, failed;
    char failure[256]; /* the first one */
} DemoLoadCounts;

typedef struct DemoRelease {
    const char *version;
    SwStr commit, execution;
    SwStr outcome;                                         /* "Succeeded", or "Failed in ACTION" */
    int64_t pushed_ns, live_ns;                            /* monotonic; live 0: never seen */
    double source_s, test_s, build_s, approve_s, deploy_s; /* of the pipeline's actions; < 0: did not run */
    double commands_s;                                     /* of the buildspecs, on the longer of the parallel branches */
    bool loaded;
    DemoLoadCounts load;
} DemoRelease;

typedef struct Demo {
    SwCli *cli;
    SwArena *arena;
    const char *example, *work, *data, *repo, *log_path;
    int log_fd;
    const char *const *env; /* of every client */
    pid_t server;           /* 0: none */
    uint16_t port, web_port;
    const char *endpoint, *url; /* the server's, the load balancer's */
    SwStr repository_uri, clone_url, target_group, load_balancer, load_balancer_suffix;
    SwStr bucket, test_role, deploy_role, task_role, subnets;
    DemoRelease release[DEMO_RELEASES_MAX];
    size_t n_release;
    DemoLoad *load;
    SwValue dora;       /* GetDoraMetrics's answer, as `slipway dora --json` gives it */
    double recovered_s; /* kill -9 to ready again */
    bool restarted;
    const struct DemoStep *step; /* the one that runs, or ran last */
    size_t number, n_steps;      /* it is the number-th */
    int64_t step_began_ns;
    bool step_open;     /* its lines are on the terminal, to be written over */
    SwStr doing;        /* what is going on within it */
    sigset_t end;       /* signals that end the demo */
    bool interrupted;   /* one of them came */
    bool ending;        /* cleaning up, which nothing interrupts */
    SwStr why, why_log; /* of a failure, as far as the services tell: a sentence, the end of a build's log */
} Demo;

typedef struct DemoStep {
    const char *name, *title;
    int (*run)(Demo *d, SwError *err);
} DemoStep;
extern const DemoStep demo_steps[]; /* ends with name NULL */

/* What a person sees (demo_show.c). Progress goes to standard output, with --json to standard error. On a terminal a step
 * that runs has a second line, written over, with its time and what it does. */
void demo_show_begin(Demo *d);
void demo_show_end(Demo *d, bool ok);
void demo_show_command(Demo *d, const char *const *argv);
void demo_show_failure(Demo *d, const SwError *err);
void demo_show_summary(Demo *d, double took_s, bool kept);
void demo_show_json(Demo *d, const SwError *err); /* err->kind set: it failed */
/* Into `why` and `why_log`: which action failed and what it said; into demo.log what else a reader wants to know. */
void demo_diagnose(Demo *d);
/* Platform's part of push to live: without the buildspecs' commands and the wait for the approval. */
double demo_overhead_s(const DemoRelease *r);
/* True once a signal came that ends the demo. */
bool demo_interrupted(Demo *d);

/* Runs a client to its end; everything goes to the log; a non-zero exit fails with what it said. */
int demo_run(Demo *d, const char *cwd, SwStr *ret_out, SwError *err, const char *const *argv) sw_must_check;
#define DEMO_RUN(d, cwd, ret_out, err, ...) demo_run((d), (cwd), (ret_out), (err), (const char *const[]){__VA_ARGS__, NULL})
/* The AWS CLI; *ret_v (may be NULL) is its answer. */
int demo_aws(Demo *d, SwValue *ret_v, SwError *err, const char *const *argv) sw_must_check;
#define DEMO_AWS(d, ret_v, err, ...) demo_aws((d), (ret_v), (err), (const char *const[]){__VA_ARGS__, NULL})
const char *demo_strf(Demo *d, const char *fmt, ...) sw_printf(2, 3);
/* What the page says now, by curl. */
int demo_curl(Demo *d, SwStr *ret_text, SwError *err) sw_must_check;
/* What is going on within a step, on a terminal. */
void demo_progress(Demo *d, const char *fmt, ...) sw_printf(2, 3);
int demo_server_start(Demo *d, SwError *err) sw_must_check;
int demo_server_kill9(Demo *d, SwError *err) sw_must_check;
/* Between two looks at something that a client shows; a signal ends it early. */
void demo_pause(Demo *d);

DemoLoad *demo_load_start(const char *url);
DemoLoadCounts demo_load_stop(DemoLoad *l);             /* waits for the requests in flight */
int64_t demo_load_seen(const DemoLoad *l, int version); /* when a page first said so, monotonic; 0: never */
int64_t demo_load_requests(const DemoLoad *l);
