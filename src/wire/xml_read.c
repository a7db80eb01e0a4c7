/* SPDX-License-Identifier: Apache-2.0 */

/* XML 1.0 read into a small tree: what AWS's clients send, and nothing that is dangerous.
 *
 * UTF-8 only; elements, attributes, text, CDATA, comments and processing instructions; the five entities and character
 * references. No document type, so nothing to expand or fetch. Names lose their prefixes; declarations of namespaces are
 * no attributes.
 *
 * One pass: each byte is looked at a bounded number of times, whatever the text is. What is searched for (the end of a
 * comment, of a value) is searched once: where it is missing the text is malformed. Depth, the attributes of an element
 * and the number of elements are bounded. */

#include "wire/codec.h"

#define ATTRIBUTES_MAX 32 /* of one element: equal names are found by comparing all */
#define ELEMENTS_MAX   200000

typedef struct XmlReader {
    Wire *w;
    const char *p, *end;
    XmlNode *stack[WIRE_DEPTH_MAX]; /* the document, then the open elements */
    SwStr open[WIRE_DEPTH_MAX];     /* their names with prefixes, which the end tags repeat */
    unsigned depth;
    size_t elements;
} XmlReader;

static int malformed(XmlReader *r) {
    return wire_malformed(r->w, WIRE_XML_MALFORMED);
}

static bool starts(const XmlReader *r, SwStr s) {
    return (size_t)(r->end - r->p) >= s.n && memcmp(r->p, s.p, s.n) == 0;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool skip_space(XmlReader *r) {
    const char *from = r->p;
    while (r->p < r->end && is_space(*r->p))
        r->p++;
    return r->p > from;
}

static bool is_name_char(unsigned char c, bool first) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || c >= 0x80)
        return true;
    return !first && ((c >= '0' && c <= '9') || c == '-' || c == '.');
}

static int read_name(XmlReader *r, SwStr *ret) {
    const char *from = r->p;
    while (r->p < r->end && is_name_char((unsigned char)*r->p, r->p == from))
        r->p++;
    *ret = sw_str_n(from, (size_t)(r->p - from));
    return ret->n ? 0 : malformed(r);
}

/* "b" of "a:b". */
static int local_name(XmlReader *r, SwStr name, SwStr *ret) {
    SwStr prefix;
    *ret = name;
    if (!sw_str_cut(ret, ':', &prefix))
        return 0;
    return prefix.n && ret->n && !memchr(ret->p, ':', ret->n) ? 0 : malformed(r);
}

/* Behind the text that ends a comment, a CDATA section or an instruction; *ret_inside is what stood before it. */
static int read_until(XmlReader *r, SwStr what, SwStr *ret_inside) {
    const char *at = memmem(r->p, (size_t)(r->end - r->p), what.p, what.n);
    if (!at)
        return malformed(r);
    *ret_inside = sw_str_n(r->p, (size_t)(at - r->p));
    r->p = at + what.n;
    return 0;
}

/* ---- characters ---- */

static bool is_char(uint32_t c) {
    return c >= 0x20 ? !(c >= 0xd800 && c < 0xe000) && c != 0xfffe && c != 0xffff && c <= 0x10ffff
                     : c == '\t' || c == '\n' || c == '\r';
}

/* The whole text, once: UTF-8 was checked before. */
static bool are_chars(SwStr text) {
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 && !is_space((char)c))
            return false;
        if (c == 0xef && i + 2 < text.n && (unsigned char)text.p[i + 1] == 0xbf && (unsigned char)text.p[i + 2] >= 0xbe)
            return false;
    }
    return true;
}

/* What stands between '&' and ';', as bytes. Returns how many, 0: it is none that may be. */
static size_t decode_reference(SwStr name, char out[4]) {
    static const struct {
        const char *name;
        char c;
    } entity[] = {
        {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''},
    };
    for (size_t i = 0; i < SW_N(entity); i++)
        if (sw_str_eqz(name, entity[i].name)) {
            out[0] = entity[i].c;
            return 1;
        }
    bool hex = name.n > 1 && name.p[1] == 'x';
    if (name.n < 2u + hex || name.p[0] != '#')
        return 0;
    uint32_t c = 0;
    for (size_t i = 1u + hex; i < name.n; i++) {
        char d = name.p[i];
        unsigned v = d >= '0' && d <= '9'                        ? (unsigned)(d - '0')
                     : hex && (d | 32) >= 'a' && (d | 32) <= 'f' ? (unsigned)((d | 32) - 'a' + 10)
                                                                 : 16;
        if (v >= (hex ? 16 : 10) || c > 0x10ffff)
            return 0;
        c = c * (hex ? 16 : 10) + v;
    }
    if (!is_char(c))
        return 0;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)((0xf0 << (4 - n)) | c);
    return n;
}

typedef enum Space { SPACE_TEXT, SPACE_ATTRIBUTE, SPACE_CDATA } Space;

/* Character data as it is meant: references resolved (but in CDATA), line ends as one '\n', in attributes as spaces. It
 * never gets longer than `s`; out has that room. Returns its length, or -1. */
static ssize_t decode_chars(SwStr s, Space kind, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '&' && kind != SPACE_CDATA) {
            const char *semicolon = memchr(s.p + i, ';', SW_MIN(s.n - i, 16));
            size_t k = semicolon ? decode_reference(sw_str_n(s.p + i + 1, (size_t)(semicolon - (s.p + i)) - 1), out + n) : 0;
            if (k == 0)
                return -1;
            n += k;
            i = (size_t)(semicolon - s.p);
        } else if (c == '\r') {
            i += i + 1 < s.n && s.p[i + 1] == '\n';
            out[n++] = kind == SPACE_ATTRIBUTE ? ' ' : '\n';
        } else {
            out[n++] = kind == SPACE_ATTRIBUTE && is_space(c) ? ' ' : c;
        }
    }
    return (ssize_t)n;
}

/* Text may come in many pieces (CDATA, comments between): room doubles, so that joining stays linear. */
static int append_text(XmlReader *r, SwStr piece, Space kind) {
    XmlNode *n = r->stack[r->depth];
    if (n->text.n + piece.n + 1 > n->text_room) {
        size_t room = SW_MAX(2 * n->text_room, n->text.n + piece.n + 1);
        char *p = sw_arena_alloc(r->w->a, room);
        memcpy(p, n->text.p, n->text.n);
        n->text.p = p;
        n->text_room = room;
    }
    char *out = (char *)(uintptr_t)n->text.p + n->text.n;
    ssize_t k = decode_chars(piece, kind, out);
    if (k < 0)
        return malformed(r);
    n->text.n += (size_t)k;
    out[k] = 0;
    return 0;
}

/* ---- elements ---- */

static int read_attribute_value(XmlReader *r, SwStr *ret) {
    skip_space(r);
    if (!starts(r, SW_STR("=")))
        return malformed(r);
    r->p++;
    skip_space(r);
    if (r->p == r->end || (*r->p != '"' && *r->p != '\''))
        return malformed(r);
    SwStr quote = sw_str_n(r->p++, 1), raw;
    if (read_until(r, quote, &raw) < 0)
        return -1;
    char *out = sw_arena_alloc(r->w->a, raw.n + 1);
    ssize_t n = memchr(raw.p, '<', raw.n) ? -1 : decode_chars(raw, SPACE_ATTRIBUTE, out);
    *ret = sw_str_n(out, (size_t)SW_MAX(n, 0));
    return n < 0 ? malformed(r) : 0;
}

/* Up to the '>' or '/' that ends the tag. */
static int read_attributes(XmlReader *r, XmlNode *node) {
    SwStr seen[ATTRIBUTES_MAX];
    for (size_t n = 0;;) {
        bool space = skip_space(r);
        if (r->p == r->end)
            return malformed(r);
        if (*r->p == '>' || *r->p == '/')
            return 0;
        XmlAttr attr;
        SwStr name;
        if (!space || n == ATTRIBUTES_MAX || read_name(r, &name) < 0 || local_name(r, name, &attr.name) < 0 ||
            read_attribute_value(r, &attr.value) < 0)
            return malformed(r);
        for (size_t i = 0; i < n; i++)
            if (sw_str_eq(seen[i], name))
                return malformed(r);
        seen[n++] = name;
        if (sw_str_eqz(name, "xmlns") || sw_str_starts(name, SW_STR("xmlns:")))
            continue;
        if (!node->attr)
            node->attr = sw_new_n(r->w->a, XmlAttr, ATTRIBUTES_MAX);
        node->attr[node->n_attr++] = attr;
    }
}

static void append_child(XmlNode *parent, XmlNode *child) {
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

/* At the name behind '<'. */
static int read_start(XmlReader *r) {
    SwStr name;
    XmlNode *n = sw_new(r->w->a, XmlNode);
    n->text = SW_STR("");
    if (r->depth == 0 && r->stack[0]->first)
        return malformed(r); /* a second root */
    if (r->depth + 1 >= WIRE_DEPTH_MAX)
        return wire_malformed(r->w, "The XML is nested deeper than %d levels", WIRE_DEPTH_MAX);
    if (++r->elements > ELEMENTS_MAX)
        return wire_malformed(r->w, "The XML has more than %d elements", ELEMENTS_MAX);
    if (read_name(r, &name) < 0 || local_name(r, name, &n->name) < 0 || read_attributes(r, n) < 0)
        return -1;
    append_child(r->stack[r->depth], n);
    bool empty = *r->p == '/';
    r->p += empty;
    if (!starts(r, SW_STR(">")))
        return malformed(r);
    r->p++;
    if (!empty) {
        r->stack[++r->depth] = n;
        r->open[r->depth] = name;
    }
    return 0;
}

/* At the name behind '</'. */
static int read_end(XmlReader *r) {
    SwStr name;
    if (r->depth == 0 || read_name(r, &name) < 0 || !sw_str_eq(name, r->open[r->depth]))
        return malformed(r);
    skip_space(r);
    if (!starts(r, SW_STR(">")))
        return malformed(r);
    r->p++;
    r->depth--;
    return 0;
}

static int read_comment(XmlReader *r) {
    SwStr inside;
    if (read_until(r, SW_STR("--"), &inside) < 0 || !starts(r, SW_STR(">")))
        return malformed(r); /* "--" ends one, or is an error */
    r->p++;
    return 0;
}

/* `<?target ..?>`; the declaration is one that stands first. Its encoding is not asked for: the text was read as UTF-8. */
static int read_instruction(XmlReader *r, bool at_start) {
    SwStr target, rest;
    if (read_name(r, &target) < 0 || (sw_str_ieq(target, SW_STR("xml")) && !at_start))
        return malformed(r);
    return read_until(r, SW_STR("?>"), &rest);
}

static int read_text(XmlReader *r) {
    const char *lt = memchr(r->p, '<', (size_t)(r->end - r->p));
    SwStr piece = sw_str_n(r->p, (size_t)((lt ? lt : r->end) - r->p));
    r->p += piece.n;
    if (r->depth == 0)
        return sw_str_trim(piece).n ? malformed(r) : 0;
    return memmem(piece.p, piece.n, "]]>", 3) ? malformed(r) : append_text(r, piece, SPACE_TEXT);
}

static bool take(XmlReader *r, SwStr s) {
    bool is = starts(r, s);
    r->p += is ? s.n : 0;
    return is;
}

/* The next piece of markup or text. */
static int read_piece(XmlReader *r, bool at_start) {
    SwStr inside;
    if (take(r, SW_STR("<!--")))
        return read_comment(r);
    if (take(r, SW_STR("<![CDATA[")))
        return r->depth == 0 || read_until(r, SW_STR("]]>"), &inside) < 0 ? malformed(r) : append_text(r, inside, SPACE_CDATA);
    if (starts(r, SW_STR("<!")))
        return wire_malformed(r->w, "The XML you provided declares a document type, which is not allowed");
    if (take(r, SW_STR("<?")))
        return read_instruction(r, at_start);
    if (take(r, SW_STR("</")))
        return read_end(r);
    return take(r, SW_STR("<")) ? read_start(r) : read_text(r);
}

int wire_xml_parse(Wire *w, SwStr text, XmlNode **ret_root) {
    XmlNode document = {.text = SW_STR_C("")};
    XmlReader r = {.w = w, .p = text.p, .end = text.p + text.n, .stack = {&document}};
    if (text.n == 0 || !sw_str_is_utf8(text) || !are_chars(text))
        return malformed(&r);
    (void)take(&r, SW_STR("\xef\xbb\xbf"));
    for (bool first = true; r.p < r.end; first = false)
        if (read_piece(&r, first) < 0)
            return -1;
    if (r.depth != 0 || !document.first)
        return malformed(&r);
    *ret_root = document.first;
    return 0;
}

int sw_xml_read(SwArena *a, SwStr text, const XmlNode **ret_root, SwError *err) {
    Wire w = {.a = a, .protocol = SW_REST_XML, .malformed = &SW_VALIDATION_ERROR, .err = err};
    XmlNode *root;
    if (wire_xml_parse(&w, text, &root) < 0)
        return -1;
    *ret_root = root;
    return 0;
}

SwStr sw_xml_attribute(const XmlNode *n, const char *name) {
    for (size_t i = 0; n && i < n->n_attr; i++)
        if (sw_str_eqz(n->attr[i].name, name))
            return n->attr[i].value;
    return SW_NO_STR;
}
