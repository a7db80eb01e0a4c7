/* SPDX-License-Identifier: Apache-2.0 */
/* See multipart.h. A part ends at CR LF "--" boundary. CR is nowhere else in that, so a match that fails at its k-th byte
 * was data, and only the byte at hand can begin another: no table is needed, and each byte is looked at once. */

#include "http/multipart.h"

#define BOUNDARY_MAX 70           /* RFC 2046, 5.1.1 */
#define HEAD_MAX     (8 * SW_KIB) /* of one part */
#define PARTS_MAX    200

const SwErrorKind SW_MULTIPART_MALFORMED = {.code = "MalformedPOSTRequest", .http = 400};

typedef enum State {
    PREAMBLE,
    DATA,
    DELIMITER /* behind one */,
    DASH /* one of the closing two */,
    PADDING /* to the line's end */,
    HEAD,
    EPILOGUE
} State;

struct SwMultipart {
    SwArena *arena;
    SwMultipartEvents events;
    char delimiter[4 + BOUNDARY_MAX];
    size_t n_delimiter, matched, parts;
    State state;
    SwBuf head;
};

static int malformed(SwError *err) {
    return sw_fail(err, &SW_MULTIPART_MALFORMED, "The body of your POST request is not well-formed multipart/form-data.");
}

/* The next `name=value` or `name="value"` of a header's parameters; in quotes '\' takes the next character as it is. */
static bool next_parameter(SwArena *a, SwStr *rest, SwStr *ret_name, SwStr *ret_value) {
    SwStr head;
    *rest = sw_str_trim(*rest);
    while (sw_str_starts(*rest, SW_STR(";")))
        *rest = sw_str_trim(sw_str_skip(*rest, 1));
    if (!sw_str_cut(rest, '=', &head))
        return false;
    *ret_name = sw_str_lower(a, sw_str_trim(head));
    *rest = sw_str_trim(*rest);
    if (!sw_str_starts(*rest, SW_STR("\""))) {
        *ret_value = *rest;
        if (sw_str_cut(rest, ';', &head))
            *ret_value = head;
        else
            *rest = SW_STR("");
        *ret_value = sw_str_trim(*ret_value);
        return true;
    }
    SwBuf b = sw_buf(a, rest->n);
    size_t i = 1;
    for (; i < rest->n && rest->p[i] != '"'; i++) {
        bool escaped = rest->p[i] == '\\' && i + 1 < rest->n && (rest->p[i + 1] == '"' || rest->p[i + 1] == '\\');
        i += escaped; /* a lone backslash is a path of Windows */
        sw_buf_addc(&b, rest->p[i]);
    }
    *ret_value = sw_buf_str(&b);
    *rest = sw_str_skip(*rest, i + 1);
    return true;
}

bool sw_multipart_boundary(SwArena *a, SwStr content_type, SwStr *ret_boundary) {
    SwStr rest = content_type, type, name, value;
    if (!sw_str_cut(&rest, ';', &type) || !sw_str_ieq(sw_str_trim(type), SW_STR("multipart/form-data")))
        return false;
    while (next_parameter(a, &rest, &name, &value)) {
        if (!sw_str_eqz(name, "boundary"))
            continue;
        *ret_boundary = value;
        size_t at;
        return value.n > 0 && value.n <= BOUNDARY_MAX && !sw_str_find(value, '\r', &at) && !sw_str_find(value, '\n', &at);
    }
    return false;
}

SwMultipart *sw_multipart_new(SwArena *a, SwStr boundary, const SwMultipartEvents *e) {
    SwMultipart *m = sw_new(a, SwMultipart);
    m->arena = a;
    m->events = *e;
    memcpy(m->delimiter, "\r\n--", 4);
    m->n_delimiter = 4 + SW_MIN(boundary.n, (size_t)BOUNDARY_MAX);
    memcpy(m->delimiter + 4, boundary.p, m->n_delimiter - 4);
    m->matched = 2; /* the first boundary may stand at the very beginning */
    m->head = sw_buf(a, HEAD_MAX);
    return m;
}

/* Headers of a part are in m->head, each with its CR LF. */
static int begin_part(SwMultipart *m, SwError *err) {
    SwMultipartPart part = {0};
    if (++m->parts > PARTS_MAX)
        return malformed(err);
    SwStr rest = sw_buf_str(&m->head), line, name, value;
    while (sw_str_next(&rest, '\n', &line)) {
        SwStr field = line;
        if (!sw_str_cut(&field, ':', &name))
            continue;
        field = sw_str_trim(field);
        if (sw_str_ieq(sw_str_trim(name), SW_STR("content-type")))
            part.type = sw_str_dup(m->arena, field);
        if (!sw_str_ieq(sw_str_trim(name), SW_STR("content-disposition")) || !sw_str_cut(&field, ';', &name))
            continue;
        while (next_parameter(m->arena, &field, &name, &value)) {
            if (sw_str_eqz(name, "name"))
                part.name = sw_str_dup(m->arena, value);
            else if (sw_str_eqz(name, "filename"))
                part.filename = sw_str_dup(m->arena, value);
        }
    }
    sw_buf_reset(&m->head);
    m->state = DATA;
    m->matched = 0;
    return m->events.part(m->events.arg, &part, err);
}

static int add_head(SwMultipart *m, char c, SwError *err) {
    sw_buf_addc(&m->head, c);
    if (m->head.full)
        return malformed(err);
    SwStr head = sw_buf_str(&m->head);
    bool ended = sw_str_eqz(head, "\r\n") || sw_str_ends(head, SW_STR("\r\n\r\n"));
    return ended ? begin_part(m, err) : 0;
}

static int emit(SwMultipart *m, const char *p, size_t n, SwError *err) {
    return m->state == DATA && n > 0 ? m->events.data(m->events.arg, p, n, err) : 0;
}

/* Data up to the delimiter or the end of what there is; *ret_n: how much was taken. */
static int take_data(SwMultipart *m, const char *p, size_t n, size_t *ret_n, SwError *err) {
    size_t i = 0, from = 0;
    while (i < n && m->matched < m->n_delimiter) {
        if (p[i] == m->delimiter[m->matched]) {
            if (m->matched++ == 0 && emit(m, p + from, i - from, err) < 0)
                return -1;
            from = ++i;
            continue;
        }
        if (m->matched > 0) { /* it was data after all; what came before this piece is the delimiter's beginning */
            size_t was = m->matched;
            m->matched = 0;
            if (emit(m, m->delimiter, was, err) < 0)
                return -1;
            from = i;
            continue;
        }
        const char *cr = memchr(p + i, '\r', n - i);
        i = cr ? (size_t)(cr - p) : n;
    }
    if (m->matched == 0 && emit(m, p + from, i - from, err) < 0)
        return -1;
    if (m->matched == m->n_delimiter)
        m->state = DELIMITER;
    *ret_n = i;
    return 0;
}

static int take_byte(SwMultipart *m, char c, SwError *err) {
    switch (m->state) {
    case DELIMITER:
        m->state = c == '-' ? DASH : PADDING;
        if (c != '-' && c != ' ' && c != '\t' && c != '\r')
            return malformed(err);
        return 0;
    case DASH: m->state = EPILOGUE; return c == '-' ? 0 : malformed(err);
    case PADDING:
        if (c == '\n')
            m->state = HEAD;
        return c == '\n' || c == ' ' || c == '\t' || c == '\r' ? 0 : malformed(err);
    case HEAD: return add_head(m, c, err);
    case PREAMBLE:
    case DATA:
    case EPILOGUE: break;
    }
    return 0;
}

int sw_multipart_push(SwMultipart *m, const void *p, size_t n, SwError *err) {
    const char *at = p;
    while (n > 0 && m->state != EPILOGUE) {
        size_t taken = 1;
        bool data = m->state == PREAMBLE || m->state == DATA;
        if ((data ? take_data(m, at, n, &taken, err) : take_byte(m, *at, err)) < 0)
            return -1;
        at += taken;
        n -= taken;
    }
    return 0;
}

int sw_multipart_end(const SwMultipart *m, SwError *err) {
    return m->state == EPILOGUE ? 0 : malformed(err);
}
