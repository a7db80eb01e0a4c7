/* SPDX-License-Identifier: Apache-2.0 */
/* Running the clients and the server; every command and its answer goes to demo.log. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/time.h"
#include "cli/demo.h"

#define COMMAND_MS 120000
#define OUTPUT_MAX (8 * SW_MIB)
#define READY_MS   30000

const char *demo_strf(Demo *d, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr s = sw_strfv(d->arena, fmt, ap);
    va_end(ap);
    return sw_str_z(d->arena, s);
}

static void log_text(Demo *d, SwStr s) {
    SwError ignored = sw_error(d->arena);
    if (s.n && sw_write_all(d->log_fd, s.p, s.n, &ignored) < 0)
        return; /* the log is a help, not the job */
}

/* The last line that says something. */
static SwStr last_line(SwStr text) {
    size_t at;
    text = sw_str_trim(text);
    return sw_str_rfind(text, '\n', &at) ? sw_str_skip(text, at + 1) : text;
}

int demo_run(Demo *d, const char *cwd, SwStr *ret_out, SwError *err, const char *const *argv) {
    SwStr out, said;
    int status;
    /* Cleaning up is not for a terminal's Ctrl-C to end: it gets a session of its own. */
    const SwProcOpts o = {.argv = argv, .env = d->env, .cwd = cwd, .in = -1, .out = -1, .err = -1, .new_session = d->ending};
    SwBuf line = sw_buf(d->arena, SW_MIB);
    sw_buf_addz(&line, "$");
    for (const char *const *w = argv; *w; w++)
        sw_buf_addf(&line, strpbrk(*w, " {\"$") ? " '%s'" : " %s", *w);
    log_text(d, sw_buf_str(&line));
    log_text(d, SW_STR("\n"));
    if (!d->ending && demo_interrupted(d))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "interrupted");
    demo_show_command(d, argv);
    int64_t began = sw_monotonic_ns();
    if (sw_proc_run(d->arena, &o, SW_NO_STR, OUTPUT_MAX, COMMAND_MS, &status, &out, &said, err) < 0)
        return -1;
    log_text(d, out);
    log_text(d, said);
    log_text(d, sw_strf(d->arena, "[status %d after %.2f s]\n\n", status, (double)(sw_monotonic_ns() - began) / 1e9));
    if (status != 0) {
        SwStr why = last_line(said.n ? said : out);
        return sw_fail(err, &SW_INTERNAL_FAILURE, "%s %s: %.*s", argv[0],
                       argv[1] && sw_str_eqz(sw_str(argv[0]), "aws") ? argv[7]
                       : argv[1]                                     ? argv[1]
                                                                     : "",
                       SW_FMT(why));
    }
    if (ret_out)
        *ret_out = out;
    return 0;
}

int demo_aws(Demo *d, SwValue *ret_v, SwError *err, const char *const *argv) {
    const char *all[64] = {"aws", "--endpoint-url", d->endpoint, "--region", "us-east-1", "--output", "json"};
    size_t n = 7;
    SwStr out;
    for (size_t i = 0; argv[i] && n + 1 < SW_N(all); i++)
        all[n++] = argv[i];
    if (demo_run(d, NULL, &out, err, all) < 0)
        return -1;
    if (!ret_v)
        return 0;
    if (!sw_str_trim(out).n) {
        *ret_v = sw_value_object();
        return 0;
    }
    return sw_json_parse(d->arena, out, ret_v, err);
}

int demo_curl(Demo *d, SwStr *ret_text, SwError *err) {
    if (DEMO_RUN(d, NULL, ret_text, err, "curl", "--silent", "--show-error", "--fail", "--max-time", "10", d->url) < 0)
        return -1;
    *ret_text = sw_str_trim(*ret_text);
    return 0;
}

/* Reads the server's standard output until it is ready, and learns its port. */
static int wait_ready(Demo *d, int fd, SwError *err) {
    SwBuf b = sw_buf(d->arena, 64 * SW_KIB);
    int64_t end = sw_monotonic_ns() + READY_MS * SW_MS;
    char part[512];
    while (sw_monotonic_ns() < end && !demo_interrupted(d)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t n = read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        sw_buf_add(&b, part, (size_t)n);
        unsigned port;
        const char *url = strstr(b.p, "http://127.0.0.1:");
        if (strstr(b.p, "\nReady.\n") && url && sscanf(url, "http://127.0.0.1:%u", &port) == 1) {
            d->port = (uint16_t)port;
            d->endpoint = demo_strf(d, "http://127.0.0.1:%u", port);
            return 0;
        }
    }
    SwStr said;
    if (sw_file_read(d->arena, sw_path(d->arena, d->work, "server.log"), OUTPUT_MAX, &said, err) < 0)
        return -1;
    said = last_line(said);
    return sw_fail(err, &SW_INTERNAL_FAILURE, "the server did not become ready: %.*s", SW_FMT(said));
}

int demo_server_start(Demo *d, SwError *err) {
    int out[2];
    _sw_close_ int log = open(sw_path(d->arena, d->work, "server.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0 || pipe2(out, O_CLOEXEC) < 0)
        return sw_fail_errno(err, errno, "the server cannot be started");
    const SwProcOpts o = {
        .argv = (const char *const[]){"/proc/self/exe", "up", "--port", demo_strf(d, "%u", d->port), "--data", d->data, NULL},
        .env = d->env,
        .in = -1,
        .out = out[1],
        .err = log,
        .new_session = true,
    };
    int r = sw_proc_spawn(&o, &d->server, err);
    close(out[1]);
    if (r == 0)
        r = wait_ready(d, out[0], err);
    close(out[0]);
    return r;
}

int demo_server_kill9(Demo *d, SwError *err) {
    int status;
    log_text(d, sw_strf(d->arena, "$ kill -9 %d\n\n", d->server));
    if (kill(d->server, SIGKILL) < 0)
        return sw_fail_errno(err, errno, "the server cannot be killed");
    if (sw_proc_wait(d->server, 10000, &status, err) < 0)
        return -1;
    d->server = 0;
    return 0;
}
