/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees of the demo: a line for each step, a summary at the end; or one JSON document. */

#include "base/file.h"
#include "base/time.h"
#include "cli/demo.h"

#define TITLE_COLUMNS 52
#define STEP_COLUMNS \
    (sizeof "[ 1/13] " - 1 + TITLE_COLUMNS + sizeof " FAILED   123.4 s" - 1) /* a whole line, when there is room */

static FILE *told(const Demo *d) {
    return d->cli->json ? stderr : stdout;
}

static bool is_live(const Demo *d) {
    return d->cli->terminal && !d->cli->dumb && !d->cli->json;
}

/* Columns that a line may have: one less than the terminal, whose cursor would else wrap. */
static size_t columns(const Demo *d) {
    unsigned n = is_live(d) ? sw_cli_columns() : 0;
    return n > 20 ? n - 1 : STEP_COLUMNS;
}

/* At most n columns of plain ASCII. */
static int fit(SwStr s, size_t n) {
    return (int)SW_MIN(s.n, n);
}

/* ---- steps ---- */

static void draw_doing(Demo *d) {
    if (!is_live(d) || !d->step_open)
        return;
    double s = (double)(sw_monotonic_ns() - d->step_began_ns) / 1e9;
    SwStr line = sw_strf(d->arena, "%11.0f s  %.*s", s, SW_FMT(d->doing));
    printf("\r%.*s\033[K", fit(line, columns(d)), line.p);
    fflush(stdout);
}

void demo_progress(Demo *d, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    d->doing = sw_strfv(d->arena, fmt, ap);
    va_end(ap);
    draw_doing(d);
}

/* Until the step says what it is about: the client's command. */
void demo_show_command(Demo *d, const char *const *argv) {
    const char *const *at = argv + 1;
    bool step_told = d->doing.p;
    while (at[0] && at[0][0] == '-' && at[1])
        at += 2; /* the options that every call has, and their values */
    if (!step_told)
        d->doing = sw_strf(d->arena, "%s %s %s", argv[0], at[0] ? at[0] : "", at[0] && at[1] ? at[1] : "");
    draw_doing(d);
    if (!step_told)
        d->doing = SW_NO_STR;
}

void demo_show_begin(Demo *d) {
    if (!is_live(d))
        return;
    SwStr line = sw_strf(d->arena, "[%2zu/%zu] %s", d->number, d->n_steps, d->step->title);
    printf("%.*s\n", fit(line, columns(d)), line.p);
    d->step_open = true;
    draw_doing(d);
}

void demo_show_end(Demo *d, bool ok) {
    bool color = d->cli->color && is_live(d);
    const char *on = !color ? "" : ok ? "\033[32m" : "\033[31m", *off = color ? "\033[0m" : "";
    double took = (double)(sw_monotonic_ns() - d->step_began_ns) / 1e9;
    size_t all = SW_MIN(columns(d), STEP_COLUMNS), rest = STEP_COLUMNS - TITLE_COLUMNS, room = all > rest ? all - rest : 1;
    if (d->step_open)
        printf("\r\033[K\033[A\033[K"); /* both lines of the step that ran */
    d->step_open = false;
    SwStr title = sw_str(d->step->title);
    fprintf(told(d), "[%2zu/%zu] %-*.*s %s%-6s%s %7.1f s\n", d->number, d->n_steps, (int)room, fit(title, room), title.p, on,
            ok                    ? "ok"
            : demo_interrupted(d) ? "ended"
                                  : "FAILED",
            off, took);
    fflush(told(d));
}

/* ---- the end ---- */

void demo_show_failure(Demo *d, const SwError *err) {
    const char *reason = sw_cli_reason(err);
    if (!d->step) { /* it did not even begin */
        (void)sw_cli_fail(err, NULL);
        return;
    }
    fprintf(stderr, "\nThe demo failed in step %zu, \"%s\":\n  %s\n", d->number, d->step->title, reason);
    if (err->cause && err->cause != reason)
        fprintf(stderr, "  cause: %s\n", err->cause);
    if (d->why.n)
        fprintf(stderr, "  %.*s\n", SW_FMT(d->why));
    SwStr rest = d->why_log, line;
    if (rest.n)
        fprintf(stderr, "  the end of its log:\n");
    while (sw_str_next(&rest, '\n', &line))
        fprintf(stderr, "    | %.*s\n", SW_FMT(line));
    fprintf(stderr, "\n  every command and answer: %s\n  the server's log:         %s\n", d->log_path,
            sw_path(d->arena, d->work, "server.log"));
    if (d->why_log.n)
        fprintf(stderr, "  the build's log:          %s\n", sw_path(d->arena, d->work, "build.log"));
    fprintf(stderr, "Nothing is left running; `rm -r %s` removes the logs.\n", d->work);
}

double demo_overhead_s(const DemoRelease *r) {
    double all = (double)(r->live_ns - r->pushed_ns) / 1e9;
    return all - r->commands_s - (r->approve_s > 0 ? r->approve_s : 0);
}

static double live_s(const DemoRelease *r) {
    return r->live_ns ? (double)(r->live_ns - r->pushed_ns) / 1e9 : -1;
}

static double commands_s(const DemoRelease *r) {
    return r->live_ns ? r->commands_s : -1;
}

static double platform_s(const DemoRelease *r) {
    return r->live_ns ? demo_overhead_s(r) : -1;
}

static double source_s(const DemoRelease *r) {
    return r->source_s;
}
static double test_s(const DemoRelease *r) {
    return r->test_s;
}
static double build_s(const DemoRelease *r) {
    return r->build_s;
}
static double approve_s(const DemoRelease *r) {
    return r->approve_s;
}
static double deploy_s(const DemoRelease *r) {
    return r->deploy_s;
}

/* A column for each release: five of them fit into 80 columns. */
static void print_times(Demo *d) {
    static const struct {
        const char *name;
        double (*of)(const DemoRelease *r);
    } rows[] = {
        {"Source", source_s},
        {"Test", test_s},
        {"Build", build_s},
        {"Approve", approve_s},
        {"Deploy", deploy_s},
        {"Push to live", live_s},
        {"  own commands*", commands_s},
        {"  platform*", platform_s},
    };
    for (size_t k = 0; k < SW_N(rows); k++) {
        printf("%-16s", rows[k].name);
        for (size_t i = 0; i < d->n_release; i++) {
            double s = rows[k].of(&d->release[i]);
            if (s < 0)
                printf("%12s", "-");
            else
                printf("%10.1f s", s);
        }
        printf("\n");
    }
}

static void print_load(Demo *d) {
    for (int failed = 0; failed < 2; failed++) {
        printf("%-16s", failed ? "  failed" : "Requests");
        for (size_t i = 0; i < d->n_release; i++)
            if (d->release[i].loaded)
                printf("%12lld", (long long)(failed ? d->release[i].load.failed : d->release[i].load.requests));
            else
                printf("%12s", "-");
        printf("\n");
    }
}

void demo_show_summary(Demo *d, double took_s, bool kept) {
    SwCli table = *d->cli;
    table.terminal = true; /* also in a log, columns are easier to read */
    printf("\n%-16s", "Release");
    for (size_t i = 0; i < d->n_release; i++)
        printf("%12s", d->release[i].version);
    printf("\n%-16s", "Pipeline");
    for (size_t i = 0; i < d->n_release; i++)
        printf("%12.*s", SW_FMT(d->release[i].outcome));
    printf("\n");
    print_times(d);
    print_load(d);
    printf("* own: the commands of the buildspecs. platform: push to live without them and\n"
           "  without the wait for the approval.\n");
    if (d->restarted)
        printf("The server was killed with -9 while v5 was deployed; ready again after %.1f s.\n", d->recovered_s);
    if (d->dora.kind == SW_VOBJECT) {
        printf("\n");
        sw_cli_print_dora(&table, &d->dora);
    }
    printf("\nThe main job passed in %.0f s.%s%s\n", took_s, kept ? " Everything is kept in " : "", kept ? d->work : "");
    fflush(stdout);
}

/* ---- JSON ---- */

static SwValue release_json(SwArena *a, const DemoRelease *r) {
    SwValue v = sw_value_object();
    sw_value_sets(a, &v, "version", sw_str(r->version));
    sw_value_sets(a, &v, "commitId", r->commit);
    sw_value_sets(a, &v, "pipelineExecutionId", r->execution);
    sw_value_sets(a, &v, "outcome", r->outcome);
    const struct {
        const char *name;
        double s;
    } parts[] = {
        {"sourceSeconds", r->source_s},    {"testSeconds", r->test_s},         {"buildSeconds", r->build_s},
        {"approveSeconds", r->approve_s},  {"deploySeconds", r->deploy_s},     {"pushToLiveSeconds", live_s(r)},
        {"commandSeconds", commands_s(r)}, {"platformSeconds", platform_s(r)},
    };
    for (size_t i = 0; i < SW_N(parts); i++)
        if (parts[i].s >= 0)
            sw_value_set(a, &v, sw_str(parts[i].name), sw_value_num(a, parts[i].s));
    if (r->loaded) {
        sw_value_set(a, &v, SW_STR("requests"), sw_value_int(a, r->load.requests));
        sw_value_set(a, &v, SW_STR("failedRequests"), sw_value_int(a, r->load.failed));
    }
    return v;
}

void demo_show_json(Demo *d, const SwError *err) {
    SwArena *a = d->arena;
    SwValue v = sw_value_object(), releases = sw_value_array();
    SwBuf b = sw_buf(a, SW_MIB);
    sw_value_set(a, &v, SW_STR("succeeded"), sw_value_bool(!err->kind));
    if (err->kind) {
        sw_value_sets(a, &v, "failedStep", sw_str(d->step ? d->step->name : NULL));
        sw_value_sets(a, &v, "message", sw_str(sw_cli_reason(err)));
        sw_value_sets(a, &v, "reason", d->why);
        sw_value_sets(a, &v, "log", sw_str(d->log_path));
    }
    for (size_t i = 0; i < d->n_release; i++)
        sw_value_add(a, &releases, release_json(a, &d->release[i]));
    sw_value_set(a, &v, SW_STR("releases"), releases);
    if (d->restarted)
        sw_value_set(a, &v, SW_STR("recoveredSeconds"), sw_value_num(a, d->recovered_s));
    if (d->dora.kind == SW_VOBJECT)
        sw_value_set(a, &v, SW_STR("dora"), d->dora);
    sw_json_write_pretty(&b, &v, 2);
    SwStr text = sw_buf_str(&b);
    printf("%.*s\n", SW_FMT(text));
}
