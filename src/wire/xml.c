/* SPDX-License-Identifier: Apache-2.0 */

/* XML as bytes: an escaping writer, and questions to a tree that was read (xml_read.c). Control characters go out as
 * references, as AWS writes them. */

#include "wire/codec.h"

void wire_xml_escape(SwBuf *b, SwStr s) {
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char *entity = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
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
