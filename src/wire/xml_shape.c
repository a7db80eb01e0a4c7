/* SPDX-License-Identifier: Apache-2.0 */

/* Shapes as XML: bodies of REST-XML both ways, replies of Query and EC2 Query.
 *
 * A list is `<Name><member/>..</Name>`, or, flattened, its elements in the parent under the
 * element's own name where it has one. A map is `<Name><entry><key/><value/></entry>..</Name>`, or
 * flattened `<Name><key/><value/></Name>..`. */

#include "wire/codec.h"

static const char *element_name(const SwMember *m, const char *otherwise) {
    return m->wire ? m->wire : otherwise;
}

/* The element that a member appears as in its parent. */
static const char *member_name(const SwMember *m) {
    const char *own = element_name(m, m->name);
    if (m->shape->kind == SW_LIST && wire_is_flat(m))
        return element_name(&m->shape->member[0], own);
    return own;
}

static void put_attributes(Wire *w, SwBuf *b, const SwMember *m, const void *v) {
    const SwShape *s = m->shape;
    if (m->xml_ns)
        sw_buf_addf(b, m->xml_prefix ? " xmlns:%s=\"" : " xmlns%s=\"", m->xml_prefix ? m->xml_prefix : "");
    if (m->xml_ns) {
        wire_xml_escape(b, sw_str(m->xml_ns));
        sw_buf_addc(b, '"');
    }
    if (s->kind != SW_STRUCTURE && s->kind != SW_UNION)
        return;
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *am = &s->member[i];
        const void *value = am->flags & SW_XML_ATTRIBUTE ? sw_member_at(am, v) : NULL;
        SwStr name = sw_str(element_name(am, am->name)), prefix;
        if (!value)
            continue;
        if (!m->xml_ns && s->xml_ns && sw_str_cut(&name, ':', &prefix)) {
            sw_buf_addf(b, " xmlns:%.*s=\"", SW_FMT(prefix));
            wire_xml_escape(b, sw_str(s->xml_ns));
            sw_buf_addc(b, '"');
        }
        sw_buf_addf(b, " %s=\"", element_name(am, am->name));
        wire_xml_escape(b, wire_text(w, am, SW_TS_ISO8601, value));
        sw_buf_addc(b, '"');
    }
}

static void put_entry(Wire *w, SwBuf *b, const SwShape *s, const void *v, size_t i) {
    const SwMember *km = &s->member[0], *vm = &s->member[1];
    wire_xml_element(b, element_name(km, "key"), *sw_map_key_at(s, v, i));
    wire_xml_put(w, b, vm, element_name(vm, "value"), sw_map_value_at(s, v, i));
}

static void put_map(Wire *w, SwBuf *b, const SwMember *m, const char *name, const void *v) {
    bool flat = wire_is_flat(m);
    if (!flat)
        wire_xml_open(b, name, m->xml_ns);
    for (size_t i = 0; i < sw_list_count(v); i++) {
        wire_xml_open(b, flat ? name : "entry", NULL);
        put_entry(w, b, m->shape, v, i);
        wire_xml_close(b, flat ? name : "entry");
    }
    if (!flat)
        wire_xml_close(b, name);
}

static void put_list(Wire *w, SwBuf *b, const SwMember *m, const char *name, const void *v) {
    const SwMember *e = &m->shape->member[0];
    bool flat = wire_is_flat(m);
    if (!flat)
        wire_xml_open(b, name, m->xml_ns);
    for (size_t i = 0; i < sw_list_count(v); i++)
        wire_xml_put(w, b, e, flat ? name : element_name(e, "member"), sw_list_at(m->shape, v, i));
    if (!flat)
        wire_xml_close(b, name);
}

void wire_xml_put_members(Wire *w, SwBuf *b, const SwShape *s, const void *v, bool top) {
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *value = sw_member_at(m, v);
        if (!value || (m->flags & SW_XML_ATTRIBUTE) || (top && m->location != SW_IN_BODY) || m->shape->kind == SW_STREAM)
            continue;
        wire_xml_put(w, b, m, member_name(m), value);
    }
}

void wire_xml_put(Wire *w, SwBuf *b, const SwMember *m, const char *name, const void *v) {
    const SwShape *s = m->shape;
    if (s->kind == SW_LIST) {
        put_list(w, b, m, name, v);
        return;
    }
    if (s->kind == SW_MAP) {
        put_map(w, b, m, name, v);
        return;
    }
    sw_buf_addc(b, '<');
    sw_buf_addz(b, name);
    put_attributes(w, b, m, v);
    sw_buf_addc(b, '>');
    if (s->kind == SW_STRUCTURE || s->kind == SW_UNION)
        wire_xml_put_members(w, b, s, v, /* top= */ false);
    else
        wire_xml_escape(b, wire_text(w, m, SW_TS_ISO8601, v));
    wire_xml_close(b, name);
}

static int get_entry(Wire *w, const SwMember *m, const XmlNode *entry, void *v) {
    const SwMember *km = &m->shape->member[0], *vm = &m->shape->member[1];
    const XmlNode *key = wire_xml_child(entry, element_name(km, "key"));
    const XmlNode *value = wire_xml_child(entry, element_name(vm, "value"));
    if (!key || !value)
        return wire_malformed(w, "An entry of '%s' lacks its key or value", m->name);
    return wire_xml_get(w, vm, value, wire_map_add(w, m->shape, v, key->text));
}

static int get_map(Wire *w, const SwMember *m, const XmlNode *n, void *v) {
    if (wire_is_flat(m))
        return get_entry(w, m, n, v);
    for (const XmlNode *c = n->first; c; c = c->next)
        if (sw_str_eqz(c->name, "entry") && get_entry(w, m, c, v) < 0)
            return -1;
    if (sw_list_count(v) > 1)
        wire_map_unique(w, m->shape, v);
    return 0;
}

static int get_list(Wire *w, const SwMember *m, const XmlNode *n, void *v) {
    const SwMember *e = &m->shape->member[0];
    if (wire_is_flat(m))
        return wire_xml_get(w, e, n, sw_list_push(w->a, m->shape, v));
    for (const XmlNode *c = n->first; c; c = c->next)
        if (wire_key_is(element_name(e, "member"), c->name) && wire_xml_get(w, e, c, sw_list_push(w->a, m->shape, v)) < 0)
            return -1;
    return 0;
}

static int get_attributes(Wire *w, const SwShape *s, const XmlNode *n, void *v) {
    for (size_t i = 0; i < n->n_attr; i++) {
        for (uint32_t k = 0; k < s->n_member; k++) {
            const SwMember *m = &s->member[k];
            SwStr name = sw_str(element_name(m, m->name)), prefix;
            sw_str_cut(&name, ':', &prefix);
            if ((m->flags & SW_XML_ATTRIBUTE) && sw_str_eq(name, n->attr[i].name) &&
                wire_from_text(w, m, n->attr[i].value, sw_member_make(w->a, m, v)) < 0)
                return -1;
        }
    }
    return 0;
}

static bool is_flat_collection(const SwMember *m) {
    return (m->shape->kind == SW_LIST || m->shape->kind == SW_MAP) && wire_is_flat(m);
}

static const SwMember *find_member(const SwShape *s, SwStr name, bool top) {
    for (uint32_t k = 0; k < s->n_member; k++) {
        const SwMember *m = &s->member[k];
        if ((m->flags & SW_XML_ATTRIBUTE) || (top && m->location != SW_IN_BODY))
            continue;
        if (wire_key_is(member_name(m), name))
            return m;
    }
    return NULL;
}

int wire_xml_get_members(Wire *w, const SwShape *s, const XmlNode *n, void *v, bool top) {
    if (get_attributes(w, s, n, v) < 0)
        return -1;
    for (const XmlNode *c = n->first; c; c = c->next) {
        const SwMember *m = find_member(s, c->name, top);
        if (!m)
            continue;
        bool more = is_flat_collection(m) && sw_member_is_set(m, v);
        void *value = more ? sw_member_at(m, v) : sw_member_make(w->a, m, v);
        if (!more)
            wire_begin(w, m->shape, value);
        if (wire_xml_get(w, m, c, value) < 0)
            return -1;
    }
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        void *map = m->shape->kind == SW_MAP && wire_is_flat(m) ? sw_member_at(m, v) : NULL;
        if (map && sw_list_count(map) > 1)
            wire_map_unique(w, m->shape, map);
    }
    return wire_union_check(w, s, v);
}

static int get_value(Wire *w, const SwMember *m, const XmlNode *n, void *v) {
    const SwShape *s = m->shape;
    if (s->kind == SW_STRUCTURE || s->kind == SW_UNION)
        return wire_xml_get_members(w, s, n, v, /* top= */ false);
    if (s->kind != SW_LIST && s->kind != SW_MAP)
        return wire_from_text(w, m, n->text, v);
    if (!sw_value_is_set(s, v))
        wire_begin(w, s, v);
    return s->kind == SW_LIST ? get_list(w, m, n, v) : get_map(w, m, n, v);
}

int wire_xml_get(Wire *w, const SwMember *m, const XmlNode *n, void *v) {
    if (wire_enter(w) < 0 || get_value(w, m, n, v) < 0)
        return -1;
    wire_leave(w);
    return 0;
}
