/* SPDX-License-Identifier: Apache-2.0 */

/* Scalars as text, the way XML, forms, headers and labels carry them; and the number conversions
 * that all codecs share. Times travel in milliseconds at most, as AWS sends them. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "wire/codec.h"

SwTimestampFormat wire_ts(const SwMember *m, SwTimestampFormat otherwise) {
    if (m->timestamp)
        return (SwTimestampFormat)m->timestamp;
    return m->shape->timestamp ? (SwTimestampFormat)m->shape->timestamp : otherwise;
}

static SwStr epoch_text(SwArena *a, SwTime t) {
    int64_t ms = t / SW_MS - (t % SW_MS < 0);
    bool negative = ms < 0;
    uint64_t u = negative ? -(uint64_t)ms : (uint64_t)ms;
    const char *sign = negative ? "-" : "";
    unsigned long long s = u / 1000;
    unsigned f = (unsigned)(u % 1000);
    if (f == 0)
        return sw_strf(a, "%s%llu", sign, s);
    if (f % 100 == 0)
        return sw_strf(a, "%s%llu.%u", sign, s, f / 100);
    if (f % 10 == 0)
        return sw_strf(a, "%s%llu.%02u", sign, s, f / 10);
    return sw_strf(a, "%s%llu.%03u", sign, s, f);
}

SwStr wire_time_text(SwArena *a, SwTimestampFormat f, SwTime t) {
    switch (f) {
    case SW_TS_UNIX: return epoch_text(a, t);
    case SW_TS_RFC822: return sw_time_http(a, t);
    case SW_TS_DEFAULT:
    case SW_TS_ISO8601: break;
    }
    return sw_time_iso8601(a, t);
}

SwStr wire_text(Wire *w, const SwMember *m, SwTimestampFormat ts, const void *v) {
    switch (m->shape->kind) {
    case SW_STRING: return *(const SwStr *)v;
    case SW_BOOLEAN: return *(const bool *)v ? SW_STR("true") : SW_STR("false");
    case SW_INTEGER:
    case SW_LONG: return sw_strf(w->a, "%lld", (long long)*(const int64_t *)v);
    case SW_FLOAT:
    case SW_DOUBLE: return sw_double_text(w->a, *(const double *)v);
    case SW_TIMESTAMP:
        if (wire_is_s3(w->api) && wire_ts(m, ts) == SW_TS_ISO8601)
            return wire_s3_time(w->a, *(const SwTime *)v);
        return wire_time_text(w->a, wire_ts(m, ts), *(const SwTime *)v);
    case SW_BLOB: return sw_base64(w->a, *(const SwStr *)v);
    case SW_DOCUMENT: return sw_json_text(w->a, *(const SwValue *const *)v);
    case SW_STREAM:
    case SW_LIST:
    case SW_MAP:
    case SW_STRUCTURE:
    case SW_UNION:
    case _SW_KIND_MAX: break;
    }
    return SW_STR("");
}

bool wire_int_fits(const SwShape *s, int64_t i) {
    return s->kind == SW_LONG || (i >= INT32_MIN && i <= INT32_MAX);
}

bool wire_double_to_int(double d, int64_t *ret) {
    if (!(d >= -0x1p63 && d < 0x1p63) || d != trunc(d))
        return false;
    *ret = (int64_t)d;
    return true;
}

bool wire_seconds_to_time(double seconds, SwTime *ret) {
    if (!(fabs(seconds) < 9.2e9)) /* what 64 bits of nanoseconds hold */
        return false;
    double whole = floor(seconds);
    *ret = (SwTime)whole * SW_S + (SwTime)llround((seconds - whole) * 1e6) * SW_US;
    return true;
}

static int int_from_text(Wire *w, const SwMember *m, SwStr text, int64_t *ret) {
    double d;
    if (!sw_str_to_i64(text, ret) && !(sw_str_to_double(text, &d) && wire_double_to_int(d, ret)))
        return wire_malformed(w, "Value '%.*s' at '%s' is not a valid integer", SW_FMT(text), m->name);
    if (!wire_int_fits(m->shape, *ret))
        return wire_malformed(w, "Value '%.*s' at '%s' is out of range", SW_FMT(text), m->name);
    return 0;
}

static int bool_from_text(Wire *w, const SwMember *m, SwStr text, bool *ret) {
    if (!sw_str_ieq(text, SW_STR("true")) && !sw_str_ieq(text, SW_STR("false")))
        return wire_malformed(w, "Value '%.*s' at '%s' is not a valid boolean", SW_FMT(text), m->name);
    *ret = text.n == 4;
    return 0;
}

static int document_from_text(Wire *w, const SwMember *m, SwStr text, const SwValue **ret) {
    SwValue *j = sw_new(w->a, SwValue);
    SwError sub = sw_error(w->a);
    if (sw_json_parse(w->a, text, j, &sub) < 0)
        return wire_malformed(w, "Value at '%s' is not valid JSON: %s", m->name, sub.message);
    *ret = j;
    return 0;
}

int wire_from_text(Wire *w, const SwMember *m, SwStr text, void *v) {
    SwStr trimmed = sw_str_trim(text);
    int r = 0;
    switch (m->shape->kind) {
    case SW_STRING:
        if (!sw_str_is_utf8(text))
            return wire_malformed(w, "Value at '%s' is not valid UTF-8", m->name);
        *(SwStr *)v = sw_str_n(text.p ? text.p : "", text.n);
        break;
    case SW_BOOLEAN: r = bool_from_text(w, m, trimmed, v); break;
    case SW_INTEGER:
    case SW_LONG: r = int_from_text(w, m, trimmed, v); break;
    case SW_FLOAT:
    case SW_DOUBLE:
        if (!sw_str_to_double(trimmed, v))
            return wire_malformed(w, "Value '%.*s' at '%s' is not a valid number", SW_FMT(text), m->name);
        break;
    case SW_TIMESTAMP:
        if (!sw_time_parse(trimmed, v))
            return wire_malformed(w, "Value '%.*s' at '%s' is not a valid timestamp", SW_FMT(text), m->name);
        break;
    case SW_BLOB:
        if (!sw_unbase64(w->a, trimmed, v))
            return wire_malformed(w, "Value at '%s' is not valid base64", m->name);
        break;
    case SW_DOCUMENT: r = document_from_text(w, m, text, v); break;
    case SW_STREAM:
    case SW_LIST:
    case SW_MAP:
    case SW_STRUCTURE:
    case SW_UNION:
    case _SW_KIND_MAX: return wire_malformed(w, "Value at '%s' cannot be text", m->name);
    }
    if (r == 0)
        wire_mark(m->shape, v);
    return r;
}
