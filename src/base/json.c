/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259) text to tree and back. A look over the text counts the members of each array and object, so that each
 * list is made once, and a tree that is too large is refused before any of it is made. The pass that
 * makes the tree is recursive, bounded by SW_JSON_DEPTH_MAX. */

#include "base/json.h"

typedef struct Parser {
    SwArena *arena;
    const char *p, *end, *start, *line_start;
    int32_t line;
    int depth;
    const uint32_t *members; /* of each array and object, in the order of their beginnings */
    size_t n_lists, next_list;
    const char *fault; /* what was wrong, at p */
} Parser;

static bool wrong(Parser *ps, const char *what) {
    if (!ps->fault)
        ps->fault = what;
    return false;
}

static void skip_space(Parser *ps) {
    for (; ps->p < ps->end; ps->p++) {
        char c = *ps->p;
        if (c == '\n') {
            ps->line++;
            ps->line_start = ps->p + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

static bool hex4(Parser *ps, unsigned *ret) {
    unsigned v = 0;
    if (ps->end - ps->p < 4)
        return wrong(ps, "a \\u escape is cut short");
    for (int i = 0; i < 4; i++) {
        char c = ps->p[i];
        unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                            : 16;
        if (d == 16)
            return wrong(ps, "a \\u escape has a character that is not hexadecimal");
        v = v * 16 + d;
    }
    ps->p += 4;
    *ret = v;
    return true;
}

static char *put_utf8(char *to, unsigned c) {
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *to++ = (char)(0xE0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
        *to++ = (char)(0x80 | (c & 0x3F));
    } else {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
        *to++ = (char)(0x80 | (c & 0x3F));
    }
    return to;
}

/* p is behind the 'u'. A lone surrogate becomes U+FFFD: no UTF-8 can hold it. */
static bool unicode_escape(Parser *ps, char **to) {
    unsigned c, low;
    if (!hex4(ps, &c))
        return false;
    if (c >= 0xD800 && c <= 0xDBFF && ps->end - ps->p >= 6 && ps->p[0] == '\\' && ps->p[1] == 'u') {
        const char *back = ps->p;
        ps->p += 2;
        if (!hex4(ps, &low))
            return false;
        if (low >= 0xDC00 && low <= 0xDFFF)
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        else
            ps->p = back;
    }
    if (c >= 0xD800 && c <= 0xDFFF)
        c = 0xFFFD;
    *to = put_utf8(*to, c);
    return true;
}

static bool escape(Parser *ps, char **to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    if (ps->p == ps->end)
        return wrong(ps, "a string has no end");
    char c = *ps->p++;
    if (c == 'u')
        return unicode_escape(ps, to);
    const char *at = memchr(from, c, sizeof from - 1);
    if (!at) {
        ps->p--;
        return wrong(ps, "a string has an unknown escape");
    }
    *(*to)++ = into[at - from];
    return true;
}

/* p is behind the opening quote. Strings without escapes are views of the text. */
static bool string(Parser *ps, SwStr *ret) {
    const char *from = ps->p, *q = from;
    while (q < ps->end && *q != '"' && *q != '\\' && (unsigned char)*q >= ' ')
        q++;
    if (q < ps->end && *q == '"') {
        ps->p = q + 1;
        *ret = (SwStr){from, (size_t)(q - from)};
    } else {
        const char *close = q; /* how long can it be? */
        while (close < ps->end && *close != '"')
            close += *close == '\\' && close + 1 < ps->end ? 2 : 1;
        char *out = sw_arena_alloc(ps->arena, (size_t)(SW_MIN(close, ps->end) - from) + 1), *to = out;
        ps->p = from;
        for (;;) {
            if (ps->p >= ps->end)
                return wrong(ps, "a string has no end");
            char c = *ps->p;
            if ((unsigned char)c < ' ')
                return wrong(ps, "a string has a control character");
            ps->p++;
            if (c == '"')
                break;
            if (c != '\\')
                *to++ = c;
            else if (!escape(ps, &to))
                return false;
        }
        *ret = (SwStr){out, (size_t)(to - out)};
    }
    return sw_str_is_utf8(*ret) ? true : wrong(ps, "a string is not valid UTF-8");
}

static bool digits(Parser *ps) {
    const char *from = ps->p;
    while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
        ps->p++;
    return ps->p > from ? true : wrong(ps, "a number lacks digits");
}

static bool number(Parser *ps, SwValue *v) {
    const char *from = ps->p;
    if (*ps->p == '-')
        ps->p++;
    if (ps->p < ps->end && *ps->p == '0')
        ps->p++;
    else if (!digits(ps))
        return false;
    if (ps->p < ps->end && *ps->p == '.') {
        ps->p++;
        if (!digits(ps))
            return false;
    }
    if (ps->p < ps->end && (*ps->p == 'e' || *ps->p == 'E')) {
        ps->p++;
        if (ps->p < ps->end && (*ps->p == '+' || *ps->p == '-'))
            ps->p++;
        if (!digits(ps))
            return false;
    }
    v->kind = SW_VNUMBER;
    v->s = (SwStr){from, (size_t)(ps->p - from)};
    return true;
}

static bool word(Parser *ps, const char *z) {
    size_t n = strlen(z);
    if ((size_t)(ps->end - ps->p) < n || memcmp(ps->p, z, n) != 0)
        return wrong(ps, "a value was expected");
    ps->p += n;
    return true;
}

/* What a look over the text finds. It follows the text as the parser does up to the first fault, and counts no less. */
typedef struct Census {
    size_t values, lists;
    uint32_t *members; /* NULL: only count */
} Census;

static const char *string_end(const char *p, const char *end) {
    while (p < end && *p != '"')
        p += *p == '\\' ? 2 : 1;
    return p;
}

static void take_census(const char *p, const char *end, Census *c) {
    size_t open[SW_JSON_DEPTH_MAX], depth = 0;
    c->values = 1;
    c->lists = 0;
    for (; p < end; p++) {
        switch (*p) {
        case '"': p = string_end(p + 1, end); break;
        case '[':
        case '{':
            if (depth == SW_N(open)) /* the parser ends there, too */
                return;
            if (c->members)
                c->members[c->lists] = 1;
            open[depth++] = c->lists++;
            c->values++;
            break;
        case ',':
            if (c->members && depth)
                c->members[open[depth - 1]]++;
            c->values++;
            break;
        case ']':
        case '}':
            if (depth)
                depth--;
            break;
        default: break;
        }
    }
}

static bool value(Parser *ps, SwValue *v);

/* One more member, at its list's end. room: how many the list has. */
static SwValue *add(Parser *ps, SwValue *list, size_t room) {
    if (!list->v)
        list->v = sw_new_n(ps->arena, SwValue, room);
    return list->n < room ? &list->v[list->n] : NULL;
}

/* A power of two, as sw_list_add expects to find: what was parsed may be added to. */
static size_t list_room(Parser *ps) {
    size_t n = ps->next_list < ps->n_lists ? ps->members[ps->next_list++] : 0, room = 1;
    while (room < n)
        room *= 2;
    return room;
}

static bool member(Parser *ps, SwValue *v, const SwStr *key, size_t room) {
    SwValue *to = add(ps, v, room);
    if (!v->keys)
        v->keys = sw_new_n(ps->arena, SwStr, room);
    if (SW_NEVER(!to))
        return wrong(ps, "there are more values than were counted");
    v->keys[v->n] = *key;
    if (!value(ps, to))
        return false;
    v->n++;
    return true;
}

static bool object(Parser *ps, SwValue *v) {
    size_t room = list_room(ps);
    v->kind = SW_VOBJECT;
    ps->p++;
    skip_space(ps);
    if (ps->p < ps->end && *ps->p == '}') {
        ps->p++;
        return true;
    }
    for (;;) {
        SwStr key;
        skip_space(ps);
        if (ps->p >= ps->end || *ps->p != '"')
            return wrong(ps, "a name in quotes was expected");
        ps->p++;
        if (!string(ps, &key))
            return false;
        skip_space(ps);
        if (ps->p >= ps->end || *ps->p != ':')
            return wrong(ps, "':' was expected");
        ps->p++;
        if (!member(ps, v, &key, room))
            return false;
        if (ps->p < ps->end && *ps->p == ',') {
            ps->p++;
            continue;
        }
        if (ps->p >= ps->end || *ps->p != '}')
            return wrong(ps, "',' or '}' was expected");
        ps->p++;
        sw_list_seal(v->v, v->n, sizeof(SwValue));
        sw_list_seal(v->keys, v->n, sizeof(SwStr));
        return true;
    }
}

static bool array(Parser *ps, SwValue *v) {
    size_t room = list_room(ps);
    v->kind = SW_VARRAY;
    ps->p++;
    skip_space(ps);
    if (ps->p < ps->end && *ps->p == ']') {
        ps->p++;
        return true;
    }
    for (;;) {
        SwValue *to = add(ps, v, room);
        if (SW_NEVER(!to))
            return wrong(ps, "there are more values than were counted");
        if (!value(ps, to))
            return false;
        v->n++;
        if (ps->p < ps->end && *ps->p == ',') {
            ps->p++;
            continue;
        }
        if (ps->p >= ps->end || *ps->p != ']')
            return wrong(ps, "',' or ']' was expected");
        ps->p++;
        sw_list_seal(v->v, v->n, sizeof(SwValue));
        return true;
    }
}

/* One value and the white space around it. */
static bool value(Parser *ps, SwValue *v) {
    bool ok = false;
    skip_space(ps);
    if (ps->p >= ps->end)
        return wrong(ps, "the text ends where a value was expected");
    if (++ps->depth > SW_JSON_DEPTH_MAX)
        return wrong(ps, "values are nested too deep");
    v->line = ps->line;
    switch (*ps->p) {
    case '{': ok = object(ps, v); break;
    case '[': ok = array(ps, v); break;
    case '"':
        ps->p++;
        v->kind = SW_VSTRING;
        ok = string(ps, &v->s);
        break;
    case 't':
        v->kind = SW_VBOOL;
        v->b = true;
        ok = word(ps, "true");
        break;
    case 'f':
        v->kind = SW_VBOOL;
        ok = word(ps, "false");
        break;
    case 'n':
        v->kind = SW_VNULL;
        ok = word(ps, "null");
        break;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': ok = number(ps, v); break;
    default: ok = wrong(ps, "a value was expected");
    }
    ps->depth--;
    if (ok)
        skip_space(ps);
    return ok;
}

int sw_json_parse(SwArena *a, SwStr text, SwValue *ret_v, SwError *err) {
    const char *p = text.p ? text.p : "";
    Parser ps = {.arena = a, .p = p, .start = p, .line_start = p, .end = p + text.n, .line = 1};
    SwValue v = {0};
    Census census = {0};
    take_census(p, ps.end, &census);
    if (census.values > SW_JSON_VALUES_MAX)
        return sw_fail(err, &SW_SERIALIZATION_EXCEPTION, "there are more than %d values", SW_JSON_VALUES_MAX);
    if (census.lists) {
        ps.n_lists = census.lists;
        ps.members = census.members = sw_new_n(a, uint32_t, census.lists);
        take_census(p, ps.end, &census);
    }
    if (value(&ps, &v) && ps.p == ps.end) {
        *ret_v = v;
        return 0;
    }
    const char *what = ps.fault ? ps.fault : "there is more after the value";
    return sw_fail(err, &SW_SERIALIZATION_EXCEPTION, "line %d, column %td: %s", ps.line, ps.p - ps.line_start + 1, what);
}

void sw_json_write_string(SwBuf *b, SwStr s) {
    static const char hex[] = "0123456789abcdef";
    size_t from = 0;
    sw_buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= ' ' && c != '"' && c != '\\')
            continue;
        sw_buf_add(b, s.p + from, i - from);
        from = i + 1;
        static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
        const char *at = memchr(special, c, sizeof special - 1);
        if (at) {
            char two[2] = {'\\', letter[at - special]};
            sw_buf_add(b, two, 2);
        } else {
            char six[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            sw_buf_add(b, six, 6);
        }
    }
    sw_buf_add(b, s.p + from, s.n - from);
    sw_buf_addc(b, '"');
}

static void new_line(SwBuf *b, int indent, int depth) {
    if (indent < 0)
        return;
    sw_buf_addc(b, '\n');
    for (int i = 0; i < indent * depth; i++)
        sw_buf_addc(b, ' ');
}

static void write_value(SwBuf *b, const SwValue *v, int indent, int depth);

static void write_members(SwBuf *b, const SwValue *v, int indent, int depth) {
    bool object = v->kind == SW_VOBJECT;
    sw_buf_addc(b, object ? '{' : '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            sw_buf_addc(b, ',');
        new_line(b, indent, depth + 1);
        if (object) {
            sw_json_write_string(b, v->keys[i]);
            sw_buf_addz(b, indent < 0 ? ":" : ": ");
        }
        write_value(b, &v->v[i], indent, depth + 1);
    }
    if (v->n)
        new_line(b, indent, depth);
    sw_buf_addc(b, object ? '}' : ']');
}

static void write_value(SwBuf *b, const SwValue *v, int indent, int depth) {
    switch (v->kind) {
    case SW_VNULL: sw_buf_addz(b, "null"); break;
    case SW_VBOOL: sw_buf_addz(b, v->b ? "true" : "false"); break;
    case SW_VNUMBER: sw_buf_adds(b, v->s); break;
    case SW_VSTRING: sw_json_write_string(b, v->s); break;
    case SW_VARRAY:
    case SW_VOBJECT: write_members(b, v, indent, depth); break;
    }
}

void sw_json_write(SwBuf *b, const SwValue *v) {
    write_value(b, v, -1, 0);
}

void sw_json_write_pretty(SwBuf *b, const SwValue *v, int indent) {
    write_value(b, v, indent, 0);
}

SwStr sw_json_text(SwArena *a, const SwValue *v) {
    SwBuf b = sw_buf(a, SW_ARENA_LIMIT_DEFAULT);
    sw_json_write(&b, v);
    return sw_buf_str(&b);
}
