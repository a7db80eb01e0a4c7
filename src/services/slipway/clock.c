/* SPDX-License-Identifier: Apache-2.0 */
/* The clock: read, set, advanced. Its mode and offset are kept in <data>/clock, so that time never jumps back over a
 * restart. */

#include <stdio.h>

#include "base/file.h"
#include "services/slipway/slipway.h"

static const char *const modes[] = {[SW_CLOCK_REAL] = "real", [SW_CLOCK_SCALED] = "scaled", [SW_CLOCK_STEPPED] = "stepped"};

static const char *clock_file(SwHost *h, SwArena *a) {
    return sw_path(a, h->config->data, "clock");
}

static int keep(SwCtx *cx, SwError *err) {
    SwClockMode mode;
    double scale;
    SwTime offset;
    sw_clock_get(cx->host->clock, &mode, &scale, &offset);
    SwStr text = sw_strf(cx->arena, "%s %.*s %lld\n", modes[mode], SW_FMT(sw_double_text(cx->arena, scale)), (long long)offset);
    return sw_file_write_durable(clock_file(cx->host, cx->arena), text, 0600, err);
}

static bool parse_mode(SwStr s, SwClockMode *ret) {
    for (size_t i = 0; i < SW_N(modes); i++)
        if (sw_str_eqz(s, modes[i])) {
            *ret = (SwClockMode)i;
            return true;
        }
    return false;
}

int slipway_clock_restore(SwHost *h, SwError *err) {
    const char *path = clock_file(h, err->arena);
    SwStr text, mode_name, scale_text;
    SwClockMode mode;
    double scale;
    int64_t offset;
    if (h->config->ephemeral || !sw_exists(path))
        return 0;
    if (sw_file_read(err->arena, path, 256, &text, err) < 0)
        return -1;
    text = sw_str_trim(text);
    if (!sw_str_cut(&text, ' ', &mode_name) || !sw_str_cut(&text, ' ', &scale_text) || !parse_mode(mode_name, &mode) ||
        !sw_str_to_double(scale_text, &scale) || !sw_str_to_i64(text, &offset))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "%s cannot be understood; remove it to run on the system's time", path);
    sw_clock_set(h->clock, mode, scale, offset);
    return 0;
}

static void show(SwCtx *cx, SlipwayClock *out) {
    SwClockMode mode;
    double scale;
    SwTime offset;
    sw_clock_get(cx->host->clock, &mode, &scale, &offset);
    out->time = SW_SOME_TIME(sw_clock_now(cx->host->clock));
    out->mode = sw_str(modes[mode]);
    out->scale = SW_SOME_DOUBLE(scale);
    out->offset_seconds = SW_SOME_DOUBLE((double)offset / (double)SW_S);
}

int slipway_get_clock(SwCtx *cx, const void *in, SlipwayClock *out, SwError *err) {
    show(cx, out);
    return 0;
}

int slipway_set_clock(SwCtx *cx, const SlipwaySetClockRequest *in, SlipwayClock *out, SwError *err) {
    SwClockMode mode = SW_CLOCK_REAL, was;
    double scale = 1, was_scale;
    SwTime offset;
    parse_mode(in->mode, &mode);        /* the model's limits have refused all others */
    sw_clock_get(cx->host->clock, &was, &was_scale, &offset);
    if (mode == SW_CLOCK_SCALED) {
        if (!in->scale.set)
            return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "scale: needed with mode scaled");
        scale = in->scale.v;
    } else if (in->scale.set && in->scale.v != 1) {
        return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "scale: only with mode scaled");
    }
    SwTime now = sw_clock_now(cx->host->clock);
    if (in->time.set) {
        if (in->time.v < now)
            return sw_fail(err, &SLIPWAY_INVALID_PARAMETER_EXCEPTION, "time: is before the present time; time does not run backwards");
        offset += in->time.v - now;
    }
    sw_clock_set(cx->host->clock, mode, scale, offset);
    show(cx, out);
    return keep(cx, err);
}

int slipway_advance_clock(SwCtx *cx, const SlipwayAdvanceClockRequest *in, SlipwayClock *out, SwError *err) {
    sw_clock_advance(cx->host->clock, (SwTime)(in->seconds.v * (double)SW_S));
    show(cx, out);
    return keep(cx, err);
}
