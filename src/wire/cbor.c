/* SPDX-License-Identifier: Apache-2.0 */

/* CBOR (RFC 8949), as much of it as smithy-rpc-v2-cbor uses, straight between bytes and shapes.
 *
 * Read: integers, floats of all three widths, definite and indefinite strings, arrays and maps, tag
 * 1, null and undefined as absent; unknown members are skipped. Declared lengths are never trusted:
 * nothing is allocated before its bytes were seen. Written: definite lengths, shortest heads,
 * doubles, tag 1 for times. */

#include <math.h>

#include "wire/codec.h"

enum { UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };
#define BREAK 0xff

typedef struct In {
    Wire *w;
    const uint8_t *p, *end;
} In;

typedef struct Head {
    uint8_t major, info;
    bool indefinite;
    uint64_t n; /* value, length, tag or the bits of a float */
} Head;

static int cut_short(In *in) {
    return wire_malformed(in->w, "The CBOR body ends too early");
}

static int read_head(In *in, Head *h) {
    if (in->p >= in->end)
        return cut_short(in);
    uint8_t first = *in->p++;
    *h = (Head){.major = first >> 5, .info = first & 31};
    if (h->info < 24) {
        h->n = h->info;
        return 0;
    }
    if (h->info == 31) {
        h->indefinite = true;
        return (h->major >= BYTES && h->major <= MAP) || h->major == SIMPLE
                   ? 0
                   : wire_malformed(in->w, "The CBOR body is not well-formed");
    }
    if (h->info > 27)
        return wire_malformed(in->w, "The CBOR body is not well-formed");
    size_t bytes = (size_t)1 << (h->info - 24);
    if ((size_t)(in->end - in->p) < bytes)
        return cut_short(in);
    for (size_t i = 0; i < bytes; i++)
        h->n = h->n << 8 | *in->p++;
    return 0;
}

static bool at_break(const In *in) {
    return in->p < in->end && *in->p == BREAK;
}

/* Steps over the end of a container; true while there is one more item in it. */
static bool another(In *in, const Head *h, uint64_t done) {
    if (!h->indefinite)
        return done < h->n;
    if (!at_break(in))
        return true;
    in->p++;
    return false;
}

static int take(In *in, uint64_t n, SwStr *ret) {
    if (n > (uint64_t)(in->end - in->p))
        return cut_short(in);
    *ret = sw_str_n((const char *)in->p, (size_t)n);
    in->p += n;
    return 0;
}

static int read_string(In *in, const Head *h, SwStr *ret) {
    if (!h->indefinite) {
        if (take(in, h->n, ret) < 0)
            return -1;
    } else {
        SwBuf b = sw_buf(in->w->a, (size_t)(in->end - in->p) + 1);
        for (uint64_t i = 0; another(in, h, i); i++) {
            Head piece = {0};
            SwStr part;
            if (read_head(in, &piece) < 0)
                return -1;
            if (piece.major != h->major || piece.indefinite)
                return wire_malformed(in->w, "The CBOR body is not well-formed");
            if (take(in, piece.n, &part) < 0)
                return -1;
            sw_buf_adds(&b, part);
        }
        *ret = sw_buf_str(&b);
    }
    return h->major == TEXT && !sw_str_is_utf8(*ret) ? wire_malformed(in->w, "Text is not valid UTF-8") : 0;
}

static int skip(In *in) {
    Head h;
    SwStr ignored;
    if (wire_enter(in->w) < 0 || read_head(in, &h) < 0)
        return -1;
    if (h.major == BYTES || h.major == TEXT) {
        if (read_string(in, &h, &ignored) < 0)
            return -1;
    } else if (h.major == ARRAY || h.major == MAP) {
        for (uint64_t i = 0; another(in, &h, i); i++)
            if (skip(in) < 0 || (h.major == MAP && skip(in) < 0))
                return -1;
    } else if (h.major == TAG) {
        if (skip(in) < 0)
            return -1;
    } else if (h.major == SIMPLE && h.indefinite) {
        return wire_malformed(in->w, "The CBOR body is not well-formed");
    }
    wire_leave(in->w);
    return 0;
}

static double half(uint64_t bits) {
    int exponent = (int)(bits >> 10 & 31);
    double mantissa = (double)(bits & 1023), d;
    if (exponent == 0)
        d = ldexp(mantissa, -24);
    else if (exponent != 31)
        d = ldexp(mantissa + 1024, exponent - 25);
    else
        d = mantissa != 0 ? NAN : INFINITY;
    return bits & 0x8000 ? -d : d;
}

static double float_of(const Head *h) {
    if (h->info == 25)
        return half(h->n);
    if (h->info == 26) {
        uint32_t bits = (uint32_t)h->n;
        float f;
        memcpy(&f, &bits, sizeof f);
        return (double)f;
    }
    double d;
    memcpy(&d, &h->n, sizeof d);
    return d;
}

static bool is_float(const Head *h) {
    return h->major == SIMPLE && h->info >= 25 && h->info <= 27;
}

static int misfit(In *in, const SwMember *m, const Head *h) {
    static const char *const names[] = {"an integer",    "a negative integer", "a byte string",
                                        "a text string", "an array",           "a map",
                                        "a tag",         "a simple value"};
    return wire_malformed(in->w, "Unexpected %s at '%s'", names[h->major], m->name);
}

static int get_int(In *in, const SwMember *m, const Head *h, int64_t *ret) {
    if (h->major <= NINT) {
        if (h->n > INT64_MAX)
            return wire_malformed(in->w, "Number at '%s' is out of range", m->name);
        *ret = h->major == UINT ? (int64_t)h->n : -1 - (int64_t)h->n;
    } else if (!is_float(h) || !wire_double_to_int(float_of(h), ret)) {
        return misfit(in, m, h);
    }
    return wire_int_fits(m->shape, *ret) ? 0 : wire_malformed(in->w, "Number at '%s' is out of range", m->name);
}

static int get_double(In *in, const SwMember *m, const Head *h, double *ret) {
    if (h->major == UINT)
        *ret = (double)h->n;
    else if (h->major == NINT)
        *ret = -1.0 - (double)h->n;
    else if (is_float(h))
        *ret = float_of(h);
    else
        return misfit(in, m, h);
    return 0;
}

static int get_time(In *in, const SwMember *m, Head h, SwTime *ret) {
    double seconds;
    if (h.major == TAG) {
        if (h.n != 1)
            return wire_malformed(in->w, "Unexpected tag %llu at '%s'", (unsigned long long)h.n, m->name);
        if (read_head(in, &h) < 0)
            return -1;
    }
    if (get_double(in, m, &h, &seconds) < 0)
        return -1;
    return wire_seconds_to_time(seconds, ret) ? 0 : wire_malformed(in->w, "Time at '%s' is out of range", m->name);
}

static int get_item(In *in, const SwMember *m, void *v) sw_must_check;
static int get_members(In *in, const SwShape *s, const Head *h, void *v) sw_must_check;

static bool skip_null(In *in) {
    if (in->p >= in->end || (*in->p != 0xf6 && *in->p != 0xf7))
        return false;
    in->p++;
    return true;
}

static int get_list(In *in, const SwMember *m, const Head *h, void *v) {
    for (uint64_t i = 0; another(in, h, i); i++) {
        if (in->p >= in->end)
            return cut_short(in);
        void *element = sw_list_push(in->w->a, m->shape, v);
        if (!skip_null(in) && get_item(in, &m->shape->member[0], element) < 0)
            return -1;
    }
    return 0;
}

static int read_key(In *in, SwStr *ret) {
    Head h;
    if (read_head(in, &h) < 0)
        return -1;
    return h.major == TEXT ? read_string(in, &h, ret) : wire_malformed(in->w, "A map's key is not text");
}

static int get_map(In *in, const SwMember *m, const Head *h, void *v) {
    for (uint64_t i = 0; another(in, h, i); i++) {
        SwStr key;
        if (read_key(in, &key) < 0)
            return -1;
        void *value = wire_map_add(in->w, m->shape, v, key);
        if (!skip_null(in) && get_item(in, &m->shape->member[1], value) < 0)
            return -1;
    }
    if (sw_list_count(v) > 1)
        wire_map_unique(in->w, m->shape, v);
    return 0;
}

static int get_value(In *in, const SwMember *m, const Head *h, void *v) {
    switch (m->shape->kind) {
    case SW_STRING: return h->major == TEXT ? read_string(in, h, v) : misfit(in, m, h);
    case SW_BLOB: return h->major == BYTES ? read_string(in, h, v) : misfit(in, m, h);
    case SW_BOOLEAN:
        if (h->major != SIMPLE || (h->info != 20 && h->info != 21))
            return misfit(in, m, h);
        *(bool *)v = h->info == 21;
        return 0;
    case SW_INTEGER:
    case SW_LONG: return get_int(in, m, h, v);
    case SW_FLOAT:
    case SW_DOUBLE: return get_double(in, m, h, v);
    case SW_TIMESTAMP: return get_time(in, m, *h, v);
    case SW_LIST: return h->major == ARRAY ? get_list(in, m, h, v) : misfit(in, m, h);
    case SW_MAP: return h->major == MAP ? get_map(in, m, h, v) : misfit(in, m, h);
    case SW_STRUCTURE:
    case SW_UNION: return h->major == MAP ? get_members(in, m->shape, h, v) : misfit(in, m, h);
    case SW_DOCUMENT:
    case SW_STREAM:
    case _SW_KIND_MAX: break;
    }
    return wire_malformed(in->w, "'%s' can not be in a CBOR body", m->name);
}

static int get_item(In *in, const SwMember *m, void *v) {
    Head h;
    if (wire_enter(in->w) < 0 || read_head(in, &h) < 0)
        return -1;
    wire_begin(in->w, m->shape, v);
    if (get_value(in, m, &h, v) < 0)
        return -1;
    wire_mark(m->shape, v);
    wire_leave(in->w);
    return 0;
}

static int get_members(In *in, const SwShape *s, const Head *h, void *v) {
    for (uint64_t i = 0; another(in, h, i); i++) {
        SwStr key;
        const SwMember *m = NULL;
        if (read_key(in, &key) < 0)
            return -1;
        for (uint32_t k = 0; k < s->n_member && !m; k++)
            if (wire_key_is(s->member[k].name, key))
                m = &s->member[k];
        if (skip_null(in))
            continue;
        if ((m ? get_item(in, m, sw_member_make(in->w->a, m, v)) : skip(in)) < 0)
            return -1;
    }
    return wire_union_check(in->w, s, v);
}

int wire_cbor_get(Wire *w, const SwShape *s, SwStr body, void *v) {
    In in = {.w = w, .p = (const uint8_t *)body.p, .end = (const uint8_t *)body.p + body.n};
    Head h;
    if (body.n == 0)
        return 0;
    if (read_head(&in, &h) < 0)
        return -1;
    if (h.major != MAP)
        return wire_malformed(w, "The CBOR body is not a map");
    if (get_members(&in, s, &h, v) < 0)
        return -1;
    return in.p == in.end ? 0 : wire_malformed(w, "Bytes follow the CBOR body");
}

void wire_cbor_head(SwBuf *b, unsigned major, uint64_t n) {
    uint8_t head[9];
    unsigned bytes = n < 24 ? 0 : n <= UINT8_MAX ? 1 : n <= UINT16_MAX ? 2 : n <= UINT32_MAX ? 4 : 8;
    unsigned info = bytes == 0 ? (unsigned)n : bytes == 1 ? 24 : bytes == 2 ? 25 : bytes == 4 ? 26 : 27;
    head[0] = (uint8_t)(major << 5 | info);
    for (unsigned i = 0; i < bytes; i++)
        head[1 + i] = (uint8_t)(n >> 8 * (bytes - 1 - i));
    sw_buf_add(b, head, 1 + bytes);
}

static void put_string(SwBuf *b, unsigned major, SwStr s) {
    wire_cbor_head(b, major, s.n);
    if (s.n)
        sw_buf_adds(b, s);
}

void wire_cbor_text(SwBuf *b, SwStr s) {
    put_string(b, TEXT, s);
}

static void put_int(SwBuf *b, int64_t i) {
    if (i >= 0)
        wire_cbor_head(b, UINT, (uint64_t)i);
    else
        wire_cbor_head(b, NINT, (uint64_t)(-1 - i));
}

static void put_double(SwBuf *b, double d) {
    uint8_t bytes[9] = {0xfb};
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    for (unsigned i = 0; i < 8; i++)
        bytes[1 + i] = (uint8_t)(bits >> (56 - 8 * i));
    sw_buf_add(b, bytes, sizeof bytes);
}

static void put_time(SwBuf *b, SwTime t) {
    int64_t ms = t / SW_MS - (t % SW_MS < 0);
    wire_cbor_head(b, TAG, 1);
    if (ms % 1000 == 0)
        put_int(b, ms / 1000);
    else
        put_double(b, (double)ms / 1000);
}

static void put_value(Wire *w, SwBuf *b, const SwShape *s, const void *v) {
    if (!sw_value_is_set(s, v)) {
        sw_buf_addc(b, (char)0xf6);
        return;
    }
    switch (s->kind) {
    case SW_STRING: put_string(b, TEXT, *(const SwStr *)v); break;
    case SW_BLOB: put_string(b, BYTES, *(const SwStr *)v); break;
    case SW_BOOLEAN: sw_buf_addc(b, (char)(*(const bool *)v ? 0xf5 : 0xf4)); break;
    case SW_INTEGER:
    case SW_LONG: put_int(b, *(const int64_t *)v); break;
    case SW_FLOAT:
    case SW_DOUBLE: put_double(b, *(const double *)v); break;
    case SW_TIMESTAMP: put_time(b, *(const SwTime *)v); break;
    case SW_LIST:
        wire_cbor_head(b, ARRAY, sw_list_count(v));
        for (size_t i = 0; i < sw_list_count(v); i++)
            put_value(w, b, s->member[0].shape, sw_list_at(s, v, i));
        break;
    case SW_MAP:
        wire_cbor_head(b, MAP, sw_list_count(v));
        for (size_t i = 0; i < sw_list_count(v); i++) {
            wire_cbor_text(b, *sw_map_key_at(s, v, i));
            put_value(w, b, s->member[1].shape, sw_map_value_at(s, v, i));
        }
        break;
    case SW_STRUCTURE:
    case SW_UNION: wire_cbor_put(w, b, s, v); break;
    case SW_DOCUMENT:
    case SW_STREAM:
    case _SW_KIND_MAX: sw_buf_addc(b, (char)0xf6); break;
    }
}

size_t wire_cbor_member_count(const SwShape *s, const void *v) {
    size_t n = 0;
    for (uint32_t i = 0; s && v && i < s->n_member; i++)
        n += sw_member_at(&s->member[i], v) != NULL;
    return n;
}

void wire_cbor_put_members(Wire *w, SwBuf *b, const SwShape *s, const void *v) {
    for (uint32_t i = 0; s && v && i < s->n_member; i++) {
        const void *value = sw_member_at(&s->member[i], v);
        if (!value)
            continue;
        wire_cbor_text(b, sw_str(s->member[i].name));
        put_value(w, b, s->member[i].shape, value);
    }
}

void wire_cbor_put(Wire *w, SwBuf *b, const SwShape *s, const void *v) {
    wire_cbor_head(b, MAP, wire_cbor_member_count(s, v));
    wire_cbor_put_members(w, b, s, v);
}
