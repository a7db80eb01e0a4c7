/* SPDX-License-Identifier: Apache-2.0 */
/* The clock: read, set, advanced. How it is set is kept in <data>/clock, so that the next start shows what this one
 * would: a clock that stands stands where it was, one that runs has gone on. */

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/file.h"
#include "base/thread.h"
#include "services/slipway/slipway.h"

#define LATEST (INT64_C(7258118400) * SW_S) /* the year 2200: what is reckoned from it still fits */

static const char *const modes[] = {[SW_CLOCK_REAL] = "real", [SW_CLOCK_SCALED] = "scaled", [SW_CLOCK_STEPPED] = "stepped"};
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER; /* one change at a time: read, kept, done */

static const char *clock_file(SwHost *h, SwArena *a) {
    return sw_path(a, h->config->data, "clock");
}

/* Kept before it is so: what has happened at a time is never in the future of the next start. */
static int change(SwCtx *cx, const SwClockSetting *s, SwError *err) {
    SwStr scale = sw_double_text(cx->arena, s->scale);
    SwStr text =
        sw_strf(cx->arena, "%s %.*s %lld %lld\n", modes[s->mode], SW_FMT(scale), (long long)s->shown, (long long)s->system);
    if (s->shown > LATEST)
        return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "time: is after the year 2200");
    if (!cx->host->config->ephemeral && sw_file_write_durable(clock_file(cx->host, cx->arena), text, 0600, err) < 0)
        return -1;
    sw_clock_put(cx->host->clock, s);
    return 0;
}

static bool parse_mode(SwStr s, SwClockMode *ret) {
    for (size_t i = 0; i < SW_N(modes); i++)
        if (sw_str_eqz(s, modes[i])) {
            *ret = (SwClockMode)i;
            return true;
        }
    return false;
}

static bool parse_setting(SwStr text, SwClockSetting *ret) {
    SwStr mode, scale, shown;
    return sw_str_cut(&text, ' ', &mode) && sw_str_cut(&text, ' ', &scale) && sw_str_cut(&text, ' ', &shown) &&
           parse_mode(mode, &ret->mode) && sw_str_to_double(scale, &ret->scale) && sw_str_to_i64(shown, &ret->shown) &&
           sw_str_to_i64(text, &ret->system);
}

int slipway_clock_restore(SwHost *h, SwError *err) {
    const char *path = clock_file(h, err->arena);
    SwClockSetting s;
    SwStr text;
    if (h->config->ephemeral || !sw_exists(path))
        return 0;
    if (sw_file_read(err->arena, path, 256, &text, err) < 0)
        return -1;
    if (!parse_setting(sw_str_trim(text), &s))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "%s cannot be understood; remove it to run on the system's time", path);
    sw_clock_put(h->clock, &s);
    return 0;
}

/* The host sets the clock itself. */
int slipway_clock_reset(SwHost *h, SwError *err) {
    const char *path = clock_file(h, err->arena);
    return unlink(path) < 0 && errno != ENOENT ? sw_fail_errno(err, errno, "removing %s", path) : 0;
}

static void show(SwCtx *cx, SlipwayClock *out) {
    SwClockSetting s;
    sw_clock_setting(cx->host->clock, &s);
    out->time = SW_SOME_TIME(s.shown);
    out->mode = sw_str(modes[s.mode]);
    out->scale = SW_SOME_DOUBLE(s.scale);
    out->offset_seconds = SW_SOME_DOUBLE((double)(s.shown - s.system) / (double)SW_S);
}

int slipway_get_clock(SwCtx *cx, const void *in, SlipwayClock *out, SwError *err) {
    show(cx, out);
    return 0;
}

static int set_clock(SwCtx *cx, const SlipwaySetClockRequest *in, SwError *err) {
    SwClockSetting s;
    sw_clock_setting(cx->host->clock, &s);
    parse_mode(in->mode, &s.mode); /* the model's limits have refused all others */
    s.scale = s.mode == SW_CLOCK_SCALED ? in->scale.v : 1;
    if (in->time.set && in->time.v < s.shown)
        return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION,
                       "time: is before the present time; time does not run backwards");
    s.shown = SW_OR(in->time, s.shown);
    return change(cx, &s, err);
}

int slipway_set_clock(SwCtx *cx, const SlipwaySetClockRequest *in, SlipwayClock *out, SwError *err) {
    bool scaled = sw_str_eqz(in->mode, modes[SW_CLOCK_SCALED]);
    if (scaled && !in->scale.set)
        return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "scale: needed with mode scaled");
    if (!scaled && in->scale.set && in->scale.v != 1)
        return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "scale: only with mode scaled");
    _sw_lock_ pthread_mutex_t *held = sw_lock(&changing);
    int r = set_clock(cx, in, err);
    sw_unlock(&held);
    show(cx, out);
    return r;
}

int slipway_advance_clock(SwCtx *cx, const SlipwayAdvanceClockRequest *in, SlipwayClock *out, SwError *err) {
    SwClockSetting s;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&changing);
    sw_clock_setting(cx->host->clock, &s);
    s.shown += (SwTime)(in->seconds.v * (double)SW_S);
    int r = change(cx, &s, err);
    sw_unlock(&held);
    show(cx, out);
    return r;
}
