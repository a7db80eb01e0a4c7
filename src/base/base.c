/* SPDX-License-Identifier: Apache-2.0 */
/* Beliefs that failed, marks of threads, and crash points. */

#include "base/base.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/outside.h"

_Thread_local int sw_open_tx;
_Thread_local bool sw_common_thread;

bool sw_never_failed(const char *text, const char *file, int line) {
    const char *want = getenv("SLIPWAY_NEVER");
    sw_log(SW_ERROR, "a belief failed", SW_F("belief", text), SW_F("file", file), SW_FN("line", line));
    if (want && strcmp(want, "abort") == 0)
        abort();
    return true;
}

/* SLIPWAY_CRASH_AT=name[:n], read before main so that the fast path is one load. */
bool sw_crash_points_armed;
static char crash_name[128];
static long crash_left = 1;
static pthread_mutex_t crash_lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void arm_crash_points(void) {
    const char *at = getenv("SLIPWAY_CRASH_AT");
    if (!at || !*at)
        return;
    snprintf(crash_name, sizeof crash_name, "%s", at);
    char *colon = strchr(crash_name, ':');
    if (colon) {
        *colon = 0;
        crash_left = strtol(colon + 1, NULL, 10);
    }
    sw_crash_points_armed = true;
}

void sw_crash_point_hit(const char *name) {
    if (strcmp(name, crash_name) != 0)
        return;
    pthread_mutex_lock(&crash_lock);
    bool now = --crash_left == 0;
    pthread_mutex_unlock(&crash_lock);
    if (now)
        kill(getpid(), SIGKILL);
}
