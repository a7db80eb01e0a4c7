/* SPDX-License-Identifier: Apache-2.0 */

/* XML as bytes: an escaping writer, and a reader that turns a body into a small tree.
 *
 * The reader is libxml2's pull parser with everything dangerous off: UTF-8 only, no document type,
 * so no entities beyond the five, no network, no huge nodes, a depth bound. It hangs on the arena,
 * so that leaving by any way frees it. Control characters go out as references, as AWS writes them.
 */

#include <libxml/parser.h>
#include <libxml/xmlreader.h>
#include <pthread.h>

#include "wire/codec.h"

void wire_xml_escape(SwBuf *b, SwStr s) {
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char *entity = c == '&'   ? "&amp;"
                             : c == '<' ? "&lt;"
                             : c == '>' ? "&gt;"
                             : c == '"' ? "&quot;"
                                        : NULL;
        if (!entity && (c >= 0x20 || c == '\n' || c == '\t'))
            continue;
        sw_buf_add(b, s.p + from, i - from);
        if (entity)
            sw_buf_addz(b, entity);
        else
            sw_buf_addf(b, "&#x%X;", c);
        from = i + 1;
    }
    if (s.n > from)
        sw_buf_add(b, s.p + from, s.n - from);
}

void wire_xml_open(SwBuf *b, const char *name, const char *xml_ns) {
    sw_buf_addc(b, '<');
    sw_buf_addz(b, name);
    if (xml_ns) {
        sw_buf_addz(b, " xmlns=\"");
        wire_xml_escape(b, sw_str(xml_ns));
        sw_buf_addc(b, '"');
    }
    sw_buf_addc(b, '>');
}

void wire_xml_close(SwBuf *b, const char *name) {
    sw_buf_addz(b, "</");
    sw_buf_addz(b, name);
    sw_buf_addc(b, '>');
}

void wire_xml_element(SwBuf *b, const char *name, SwStr text) {
    wire_xml_open(b, name, NULL);
    wire_xml_escape(b, text);
    wire_xml_close(b, name);
}

static void reader_free(void *reader) {
    xmlFreeTextReader(reader);
}

static SwStr xml_dup(SwArena *a, const xmlChar *s) {
    return sw_str_dup(a, s ? sw_str((const char *)s) : SW_STR(""));
}

static void read_attributes(SwArena *a, xmlTextReaderPtr r, XmlNode *n) {
    int count = xmlTextReaderAttributeCount(r);
    if (count <= 0)
        return;
    n->attr = sw_new_n(a, XmlAttr, (size_t)count);
    while (xmlTextReaderMoveToNextAttribute(r) == 1 && n->n_attr < (size_t)count)
        if (xmlTextReaderIsNamespaceDecl(r) != 1)
            n->attr[n->n_attr++] = (XmlAttr){
                .name = xml_dup(a, xmlTextReaderConstLocalName(r)),
                .value = xml_dup(a, xmlTextReaderConstValue(r)),
            };
    xmlTextReaderMoveToElement(r);
}

static void append_child(XmlNode *parent, XmlNode *child) {
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

/* Text may come in many pieces (CDATA, references): room doubles, so that joining stays linear. */
static void append_text(SwArena *a, XmlNode *n, xmlTextReaderPtr r) {
    const xmlChar *value = xmlTextReaderConstValue(r);
    size_t more = value ? strlen((const char *)value) : 0;
    if (n->text.n + more + 1 > n->text_room) {
        size_t room = SW_MAX(2 * n->text_room, n->text.n + more + 1);
        char *p = sw_arena_alloc(a, room);
        memcpy(p, n->text.p, n->text.n);
        n->text.p = p;
        n->text_room = room;
    }
    memcpy((char *)(uintptr_t)n->text.p + n->text.n, value ? (const char *)value : "", more);
    n->text.n += more;
}

/* One step of the reader into the tree; stack[depth] is the element that is open. */
static int read_node(Wire *w, xmlTextReaderPtr r, XmlNode **stack, unsigned *depth) {
    int type = xmlTextReaderNodeType(r);
    if (type == XML_READER_TYPE_ELEMENT) {
        if (*depth + 1 >= WIRE_DEPTH_MAX)
            return wire_malformed(w, "The XML is nested deeper than %d levels", WIRE_DEPTH_MAX);
        XmlNode *n = sw_new(w->a, XmlNode);
        bool empty = xmlTextReaderIsEmptyElement(r) == 1;
        n->name = xml_dup(w->a, xmlTextReaderConstLocalName(r));
        n->text = SW_STR("");
        read_attributes(w->a, r, n);
        append_child(stack[*depth], n);
        if (!empty)
            stack[++*depth] = n;
    } else if (type == XML_READER_TYPE_END_ELEMENT) {
        if (*depth > 0)
            --*depth;
    } else if (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA ||
               type == XML_READER_TYPE_SIGNIFICANT_WHITESPACE) {
        append_text(w->a, stack[*depth], r);
    } else if (type == XML_READER_TYPE_DOCUMENT_TYPE || type == XML_READER_TYPE_ENTITY_REFERENCE) {
        return wire_malformed(
            w, "The XML you provided declares a document type, which is not allowed");
    }
    return 0;
}

int wire_xml_parse(Wire *w, SwStr text, XmlNode **ret_root) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, xmlInitParser);
    if (text.n == 0 || text.n > INT32_MAX || !sw_str_is_utf8(text) ||
        sw_str_contains(text, SW_STR("<!DOCTYPE")))
        return wire_malformed(w, WIRE_XML_MALFORMED);
    xmlTextReaderPtr r =
        xmlReaderForMemory(text.p, (int)text.n, NULL, "UTF-8",
                           XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!r)
        return sw_fail(w->err, &SW_INTERNAL_FAILURE, "The XML reader could not be made");
    sw_arena_defer(w->a, reader_free, r);

    XmlNode document = {0}, *stack[WIRE_DEPTH_MAX] = {&document};
    unsigned depth = 0;
    int more;
    while ((more = xmlTextReaderRead(r)) == 1)
        if (read_node(w, r, stack, &depth) < 0)
            return -1;
    if (more < 0 || depth != 0 || !document.first)
        return wire_malformed(w, WIRE_XML_MALFORMED);
    *ret_root = document.first;
    return 0;
}

const XmlNode *wire_xml_child(const XmlNode *n, const char *name) {
    for (const XmlNode *c = n ? n->first : NULL; c; c = c->next)
        if (wire_key_is(name, c->name))
            return c;
    return NULL;
}

SwStr wire_xml_child_text(const XmlNode *n, const char *name) {
    const XmlNode *c = wire_xml_child(n, name);
    return c ? c->text : SW_NO_STR;
}
