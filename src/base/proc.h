/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Child processes: posix_spawn only, no shell, every descriptor close-on-exec, every child reaped. Threads: any. */

#include <sys/types.h>

#include "base/error.h"

typedef struct SwProcOpts {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *const *env;  /* NULL-terminated NAME=VALUE; NULL: ours */
    const char *cwd;         /* NULL: ours */
    int in, out, err;        /* descriptors for 0, 1, 2; -1: /dev/null (for out with `capture`: a pipe) */
    bool new_session;
    bool background; /* it and what it starts yield CPU and disk to all else: bulk work that nobody's traffic waits for */
} SwProcOpts;

/* Start and return its pid; the caller waits with sw_proc_wait. */
int sw_proc_spawn(const SwProcOpts *o, pid_t *ret_pid, SwError *err) sw_must_check;
/* Wait for the end; ret_status is the exit code, or 128 + signal. timeout_ms < 0: no limit; past it the child is
 * killed with SIGKILL, reaped, and -1 is returned. */
int sw_proc_wait(pid_t pid, int timeout_ms, int *ret_status, SwError *err) sw_must_check;
/* Run to the end. ret_out: standard output; ret_err_text: standard error; each may be NULL, both cut at max bytes.
 * A non-zero exit is no error: look at ret_status. */
int sw_proc_run(SwArena *a, const SwProcOpts *o, SwStr input, size_t max, int timeout_ms, int *ret_status, SwStr *ret_out,
                SwStr *ret_err_text, SwError *err) sw_must_check;
/* As sw_proc_run, and a non-zero exit is an error with the tool's standard error as its cause.
 *     sw_proc_must(a, (const char *[]){"ip", "link", "add", ..., NULL}, err)                      */
int sw_proc_must(SwArena *a, const char *const *argv, SwError *err) sw_must_check;
/* Start time of a live process from /proc/PID/stat (clock ticks), 0 if there is none: (pid, start) names a process. */
uint64_t sw_proc_start_time(pid_t pid);
