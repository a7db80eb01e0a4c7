/* SPDX-License-Identifier: Apache-2.0 */

/* HTTP bindings of REST-JSON and REST-XML: labels, query, headers, status and the body that is
 * left. */

#include "base/digest.h"
#include "wire/codec.h"

static const char *bound_name(const SwMember *m) {
    return m->wire ? m->wire : m->name;
}

/* A value that the label, query or header holds as text; lists take one element a call in a query.
 */
static int get_bound(Wire *w, const SwMember *m, SwStr text, void *v) {
    if (m->flags & SW_JSON_VALUE) {
        SwStr json;
        if (!sw_unbase64(w->a, sw_str_trim(text), &json))
            return wire_malformed(w, "Value at '%s' is not valid base64", m->name);
        return wire_from_text(w, m, json, v);
    }
    if (wire_from_text(w, m, text, v) == 0)
        return 0;
    if (wire_is_s3(w->api)) { /* S3 names the argument and shows its value */
        sw_fail_fact(w->err, "ArgumentName", sw_str(bound_name(m)));
        sw_fail_fact(w->err, "ArgumentValue", sw_str_is_utf8(text) ? text : SW_NO_STR);
    }
    return -1;
}

static SwStr put_bound(Wire *w, const SwMember *m, SwTimestampFormat ts, const void *v) {
    SwStr text = wire_text(w, m, ts, v);
    return m->flags & SW_JSON_VALUE ? sw_base64(w->a, text) : text;
}

static int get_labels(Wire *w, const SwOperation *op, SwStr path, void *v) {
    for (uint32_t i = 0; i < op->input->n_member; i++) {
        const SwMember *m = &op->input->member[i];
        SwStr value;
        if (m->location != SW_IN_URI)
            continue;
        SwStr raw = wire_rest_label(op, path, bound_name(m));
        if (!raw.p)
            continue;
        if (!sw_percent_decode(w->a, raw, /* plus_is_space= */ false, &value))
            return wire_malformed(w, "The path is not well encoded at '%s'", m->name);
        if (get_bound(w, m, value, sw_member_make(w->a, m, v)) < 0)
            return -1;
    }
    return 0;
}

static int get_query_value(Wire *w, const SwMember *m, SwStr value, void *v) {
    const SwShape *s = m->shape;
    if (s->kind != SW_LIST)
        return get_bound(w, m, value, sw_member_make(w->a, m, v));
    bool more = sw_member_is_set(m, v);
    void *list = more ? sw_member_at(m, v) : sw_member_make(w->a, m, v);
    if (!more)
        wire_begin(w, s, list);
    return get_bound(w, &s->member[0], value, sw_list_push(w->a, s, list));
}

/* A map in the query holds what no other member claims; a map of lists gathers repeated names. */
static int get_query_rest(Wire *w, const SwMember *m, SwStr name, SwStr value, void *v) {
    const SwShape *s = m->shape;
    bool more = sw_member_is_set(m, v);
    void *map = more ? sw_member_at(m, v) : sw_member_make(w->a, m, v);
    if (!more)
        wire_begin(w, s, map);
    const SwMember *vm = &s->member[1];
    size_t n = sw_list_count(map);
    if (vm->shape->kind != SW_LIST)
        return get_bound(w, vm, value, wire_map_add(w, s, map, name));
    bool same = n && sw_str_eq(*sw_map_key_at(s, map, n - 1), name);
    void *list = same ? (void *)(uintptr_t)sw_map_value_at(s, map, n - 1) : wire_map_add(w, s, map, name);
    if (!same)
        wire_begin(w, vm->shape, list);
    return get_bound(w, &vm->shape->member[0], value, sw_list_push(w->a, vm->shape, list));
}

static int get_query(Wire *w, const SwShape *s, SwStr query, void *v) {
    WirePair raw;
    while (wire_pair_next(&query, &raw)) {
        SwStr name, value;
        const SwMember *found = NULL, *rest = NULL;
        if (!sw_percent_decode(w->a, raw.name, true, &name) || !sw_percent_decode(w->a, raw.value, true, &value))
            return wire_malformed(w, "The query string is not well encoded");
        for (uint32_t i = 0; i < s->n_member && !found; i++) {
            const SwMember *m = &s->member[i];
            if (m->location != SW_IN_QUERY)
                continue;
            if (m->shape->kind == SW_MAP)
                rest = m;
            else if (wire_key_is(bound_name(m), name))
                found = m;
        }
        bool empty_number = found && value.n == 0 && found->shape->kind != SW_STRING && found->shape->kind != SW_LIST;
        if (empty_number)
            continue; /* `?max-keys=`: as if it were not there */
        if ((found && get_query_value(w, found, value, v) < 0) ||
            (!found && rest && get_query_rest(w, rest, name, value, v) < 0))
            return -1;
    }
    return 0;
}

/* One element of a comma-separated header; quoted elements may hold commas, HTTP dates hold one. */
static bool next_in_header(Wire *w, SwStr *rest, bool http_date, SwStr *ret) {
    *rest = sw_str_trim(*rest);
    if (rest->n == 0)
        return false;
    if (rest->p[0] == '"') {
        SwBuf b = sw_buf(w->a, rest->n + 1);
        size_t i = 1;
        for (; i < rest->n && rest->p[i] != '"'; i++) {
            i += rest->p[i] == '\\' && i + 1 < rest->n;
            sw_buf_addc(&b, rest->p[i]);
        }
        *ret = sw_buf_str(&b);
        *rest = sw_str_skip(*rest, i + 1);
        SwStr tail = *rest, ignored;
        *rest = sw_str_cut(&tail, ',', &ignored) ? tail : SW_STR("");
        return true;
    }
    size_t end = 0;
    for (int commas = http_date ? 2 : 1; end < rest->n; end++)
        if (rest->p[end] == ',' && --commas == 0)
            break;
    *ret = sw_str_trim(sw_str_n(rest->p, end));
    *rest = sw_str_skip(*rest, end + 1);
    return true;
}

static int get_header_list(Wire *w, const SwMember *m, SwStr text, void *v) {
    const SwMember *e = &m->shape->member[0];
    bool http_date = e->shape->kind == SW_TIMESTAMP && wire_ts(e, SW_TS_RFC822) == SW_TS_RFC822;
    SwStr part;
    void *list = sw_member_make(w->a, m, v);
    wire_begin(w, m->shape, list);
    while (next_in_header(w, &text, http_date, &part))
        if (get_bound(w, e, part, sw_list_push(w->a, m->shape, list)) < 0)
            return -1;
    return 0;
}

/* Lines of one name are one list (RFC 9110 5.3). Absent when there is none. */
static SwStr joined_header(Wire *w, const SwHeaderList *h, SwStr name, size_t from) {
    SwStr value = SW_NO_STR;
    for (size_t i = from; i < h->n; i++)
        if (sw_str_ieq(h->v[i].name, name))
            value = value.p ? sw_strf(w->a, "%.*s,%.*s", SW_FMT(value), SW_FMT(h->v[i].value)) : h->v[i].value;
    return value;
}

static bool was_before(const SwHeaderList *h, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (sw_str_ieq(h->v[i].name, h->v[at].name))
            return true;
    return false;
}

static int get_prefixed(Wire *w, const SwMember *m, const SwHeaderList *h, void *v) {
    SwStr prefix = sw_str(m->wire ? m->wire : "");
    void *map = NULL;
    for (size_t i = 0; i < h->n; i++) {
        SwStr name = h->v[i].name;
        if (name.n <= prefix.n || !sw_str_ieq(sw_str_n(name.p, prefix.n), prefix) || was_before(h, i))
            continue;
        if (!map) {
            map = sw_member_make(w->a, m, v);
            wire_begin(w, m->shape, map);
        }
        SwStr key = sw_str_lower(w->a, sw_str_skip(name, prefix.n));
        SwStr value = joined_header(w, h, name, i);
        if (get_bound(w, &m->shape->member[1], value, wire_map_add(w, m->shape, map, key)) < 0)
            return -1;
    }
    return 0;
}

int wire_rest_get_headers(Wire *w, const SwShape *s, const SwHeaderList *h, void *v) {
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        int r = 0;
        if (m->location == SW_IN_HEADERS)
            r = get_prefixed(w, m, h, v);
        if (m->location == SW_IN_HEADER) {
            SwStr value = joined_header(w, h, sw_str(bound_name(m)), 0);
            if (!value.p || (value.n == 0 && m->shape->kind != SW_STRING))
                continue;
            r = m->shape->kind == SW_LIST ? get_header_list(w, m, value, v)
                                          : get_bound(w, m, value, sw_member_make(w->a, m, v));
        }
        if (r < 0)
            return -1;
    }
    return 0;
}

/* No header of ours may hold what ends a line. */
static SwStr clean(Wire *w, SwStr s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f)
            continue;
        char *copy = (char *)(uintptr_t)sw_str_dup(w->a, s).p;
        for (; i < s.n; i++)
            if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
                copy[i] = ' ';
        return sw_str_n(copy, s.n);
    }
    return s;
}

static SwStr header_list_text(Wire *w, const SwMember *m, const void *v) {
    const SwMember *e = &m->shape->member[0];
    SwBuf b = wire_buf(w);
    for (size_t i = 0; i < sw_list_count(v); i++) {
        SwStr text = put_bound(w, e, SW_TS_RFC822, sw_list_at(m->shape, v, i));
        bool quote = e->shape->kind == SW_STRING && (sw_str_contains(text, SW_STR(",")) || sw_str_contains(text, SW_STR("\"")));
        if (i)
            sw_buf_addz(&b, ", ");
        if (!quote) {
            sw_buf_adds(&b, text);
            continue;
        }
        sw_buf_addc(&b, '"');
        for (size_t k = 0; k < text.n; k++) {
            if (text.p[k] == '"' || text.p[k] == '\\')
                sw_buf_addc(&b, '\\');
            sw_buf_addc(&b, text.p[k]);
        }
        sw_buf_addc(&b, '"');
    }
    return sw_buf_str(&b);
}

void wire_rest_put_headers(Wire *w, const SwShape *s, const void *v, SwHeaderList *h) {
    for (uint32_t i = 0; s && v && i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *value = sw_member_at(m, v);
        if (!value)
            continue;
        if (m->location == SW_IN_HEADER) {
            SwStr text = m->shape->kind == SW_LIST ? header_list_text(w, m, value) : put_bound(w, m, SW_TS_RFC822, value);
            sw_header_set(w->a, h, sw_str(bound_name(m)), clean(w, text));
        }
        for (size_t k = 0; m->location == SW_IN_HEADERS && k < sw_list_count(value); k++) {
            SwStr key = *sw_map_key_at(m->shape, value, k);
            SwStr name = sw_strf(w->a, "%s%.*s", m->wire ? m->wire : "", SW_FMT(key));
            SwStr text = put_bound(w, &m->shape->member[1], SW_TS_RFC822, sw_map_value_at(m->shape, value, k));
            sw_header_set(w->a, h, clean(w, name), clean(w, text));
        }
    }
}

/* Bodies. */

static int get_payload(Wire *w, const SwMember *m, const SwWireMessage *msg, void *v) {
    SwKind kind = m->shape->kind;
    if (kind == SW_STREAM) {
        SwStream *stream = sw_member_make(w->a, m, v);
        *stream = msg->stream.set ? msg->stream : (SwStream){.file = -1, .data = msg->body, .size = (int64_t)msg->body.n};
        stream->set = true;
        return 0;
    }
    if (msg->body.n == 0)
        return 0;
    if (kind == SW_STRING || kind == SW_BLOB) {
        *(SwStr *)sw_member_make(w->a, m, v) = msg->body;
        return 0;
    }
    if (kind == SW_DOCUMENT)
        return wire_from_text(w, m, msg->body, sw_member_make(w->a, m, v));
    if (w->protocol == SW_REST_JSON)
        return wire_json_get_text(w, m->shape, msg->body, sw_member_make(w->a, m, v),
                                  /* top= */ false);
    XmlNode *root;
    if (wire_xml_parse(w, msg->body, &root) < 0)
        return -1;
    const char *name = m->wire ? m->wire : m->shape->xml_name ? m->shape->xml_name : m->name;
    if (!wire_key_is(name, root->name) && !wire_key_is(m->shape->name, root->name) && !wire_key_is(m->name, root->name))
        return wire_malformed(w, WIRE_XML_MALFORMED);
    return wire_xml_get(w, m, root, sw_member_make(w->a, m, v));
}

static bool has_body_members(const SwShape *s) {
    for (uint32_t i = 0; i < s->n_member; i++)
        if (s->member[i].location == SW_IN_BODY)
            return true;
    return false;
}

static int get_body(Wire *w, const SwShape *s, const SwWireMessage *m, void *v) {
    if (s->payload)
        return get_payload(w, wire_member(s, s->payload), m, v);
    if (!has_body_members(s) || m->body.n == 0)
        return 0;
    if (w->protocol == SW_REST_JSON)
        return wire_json_get_text(w, s, m->body, v, /* top= */ true);
    XmlNode *root;
    if (wire_xml_parse(w, m->body, &root) < 0)
        return -1;
    const SwMember *alone = wire_s3_unwrapped(w, s);
    if (alone)
        return root->text.n ? wire_from_text(w, alone, root->text, sw_member_make(w->a, alone, v)) : 0;
    return wire_xml_get_members(w, s, root, v, /* top= */ true);
}

static void set_content_type(Wire *w, SwWireMessage *m, const char *type) {
    if (!sw_header_find(&m->headers, "Content-Type").p)
        sw_header_add(w->a, &m->headers, SW_STR("Content-Type"), sw_str(type));
}

static void put_payload(Wire *w, const SwMember *m, const void *v, SwWireMessage *ret_m) {
    SwBuf b = wire_buf(w);
    switch (m->shape->kind) {
    case SW_STREAM:
        ret_m->stream = *(const SwStream *)v; /* its type is the caller's to say, or unknown */
        return;
    case SW_STRING:
    case SW_BLOB:
        ret_m->body = *(const SwStr *)v;
        set_content_type(w, ret_m, m->shape->kind == SW_STRING ? "text/plain" : "application/octet-stream");
        return;
    case SW_BOOLEAN:
    case SW_INTEGER:
    case SW_LONG:
    case SW_FLOAT:
    case SW_DOUBLE:
    case SW_TIMESTAMP:
    case SW_DOCUMENT:
    case SW_LIST:
    case SW_MAP:
    case SW_STRUCTURE:
    case SW_UNION:
    case _SW_KIND_MAX: break;
    }
    if (w->protocol == SW_REST_JSON) {
        wire_json_put(w, &b, m, v);
    } else {
        SwMember named = *m;
        if (!named.xml_ns)
            named.xml_ns = m->shape->xml_ns ? m->shape->xml_ns : w->api->xml_ns;
        sw_buf_addz(&b, WIRE_XML_HEAD);
        wire_xml_put(w, &b, &named, m->wire ? m->wire : m->shape->xml_name ? m->shape->xml_name : m->name, v);
    }
    ret_m->body = sw_buf_str(&b);
    set_content_type(w, ret_m, wire_content_type(w->protocol));
}

/* `root` names the element of a REST-XML body without a payload member. */
static void put_body(Wire *w, const SwShape *s, const char *root, const void *v, bool always, SwWireMessage *ret_m) {
    if (s && s->payload) {
        const SwMember *m = wire_member(s, s->payload);
        const void *value = sw_member_at(m, v);
        if (value)
            put_payload(w, m, value, ret_m);
        return;
    }
    if (!(s && has_body_members(s)) && !always)
        return;
    SwBuf b = wire_buf(w);
    bool first = true;
    const SwMember *alone = s ? wire_s3_unwrapped(w, s) : NULL;
    if (w->protocol == SW_REST_JSON) {
        sw_buf_addc(&b, '{');
        if (s)
            wire_json_put_members(w, &b, s, v, /* top= */ true, &first);
        sw_buf_addc(&b, '}');
    } else {
        const char *name = s && s->xml_name ? s->xml_name : root;
        const char *ns = s && s->xml_ns ? s->xml_ns : w->api->xml_ns;
        sw_buf_addz(&b, WIRE_XML_HEAD);
        if (alone && !sw_member_at(alone, v)) {
            sw_buf_addf(&b, "<%s xmlns=\"%s\"/>", name, ns);
        } else {
            wire_xml_open(&b, name, ns);
            if (alone)
                wire_xml_escape(&b, wire_text(w, alone, SW_TS_ISO8601, sw_member_at(alone, v)));
            else if (s)
                wire_xml_put_members(w, &b, wire_s3_ordered(w, s), v, /* top= */ true);
            wire_xml_close(&b, name);
        }
    }
    ret_m->body = sw_buf_str(&b);
    set_content_type(w, ret_m, wire_content_type(w->protocol));
}

int wire_rest_get_request(Wire *w, const SwOperation *op, const SwWireMessage *m, void *v) {
    static const SwErrorKind invalid_argument = {.code = "InvalidArgument", .http = 400};
    const SwErrorKind *of_body = w->malformed;
    if (wire_is_s3(w->api))
        w->malformed = &invalid_argument;
    if (get_labels(w, op, m->path, v) < 0 || get_query(w, op->input, m->query, v) < 0 ||
        wire_rest_get_headers(w, op->input, &m->headers, v) < 0)
        return -1;
    w->malformed = of_body;
    return get_body(w, op->input, m, v);
}

int wire_rest_get_reply(Wire *w, const SwShape *s, const SwWireMessage *m, void *v) {
    for (uint32_t i = 0; i < s->n_member; i++) {
        if (s->member[i].location != SW_IN_STATUS)
            continue;
        void *status = sw_member_make(w->a, &s->member[i], v);
        *(int64_t *)status = m->status;
        wire_mark(s->member[i].shape, status);
    }
    return wire_rest_get_headers(w, s, &m->headers, v) < 0 || get_body(w, s, m, v) < 0 ? -1 : 0;
}

int wire_rest_put_reply(Wire *w, const SwShape *s, const char *root, const void *v, SwWireMessage *ret_m) {
    for (uint32_t i = 0; s && v && i < s->n_member; i++) {
        const void *value = s->member[i].location == SW_IN_STATUS ? sw_member_at(&s->member[i], v) : NULL;
        if (value)
            ret_m->status = (uint16_t) * (const int64_t *)value;
    }
    wire_rest_put_headers(w, s, v, &ret_m->headers);
    if (ret_m->status != 204 && ret_m->status != 304 && (v || w->protocol == SW_REST_JSON))
        put_body(w, s, root, v, w->protocol == SW_REST_JSON, ret_m);
    return 0;
}

/* The client's request. */

static void put_query_pair(Wire *w, SwBuf *q, SwStr name, SwStr value) {
    if (q->n)
        sw_buf_addc(q, '&');
    sw_buf_adds(q, sw_percent_encode(w->a, name, false));
    sw_buf_addc(q, '=');
    sw_buf_adds(q, sw_percent_encode(w->a, value, false));
}

static void put_query_member(Wire *w, SwBuf *q, SwStr name, const SwMember *m, const void *v) {
    if (m->shape->kind != SW_LIST) {
        put_query_pair(w, q, name, put_bound(w, m, SW_TS_ISO8601, v));
        return;
    }
    const SwMember *e = &m->shape->member[0];
    for (size_t i = 0; i < sw_list_count(v); i++)
        put_query_pair(w, q, name, put_bound(w, e, SW_TS_ISO8601, sw_list_at(m->shape, v, i)));
}

static void put_query(Wire *w, const SwShape *s, SwStr fixed, const void *v, SwWireMessage *ret_m) {
    SwBuf q = wire_buf(w);
    if (fixed.n)
        sw_buf_adds(&q, fixed);
    for (uint32_t i = 0; s && i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *value = m->location == SW_IN_QUERY ? sw_member_at(m, v) : NULL;
        if (!value)
            continue;
        if (m->shape->kind != SW_MAP) {
            put_query_member(w, &q, sw_str(bound_name(m)), m, value);
            continue;
        }
        for (size_t k = 0; k < sw_list_count(value); k++)
            put_query_member(w, &q, *sw_map_key_at(m->shape, value, k), &m->shape->member[1],
                             sw_map_value_at(m->shape, value, k));
    }
    if (q.n)
        ret_m->query = sw_buf_str(&q);
}

static int put_label(Wire *w, SwBuf *path, const SwShape *s, SwStr label, const void *v) {
    bool greedy = sw_str_ends(label, SW_STR("+"));
    SwStr name = sw_str_drop(label, greedy);
    for (uint32_t i = 0; s && i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        if (m->location != SW_IN_URI || !sw_str_eqz(name, bound_name(m)))
            continue;
        const void *value = sw_member_at(m, v);
        SwStr text = value ? put_bound(w, m, SW_TS_ISO8601, value) : SW_NO_STR;
        if (text.n == 0)
            return sw_fail(w->err, &SW_VALIDATION_EXCEPTION, "A value is needed for '%s', which is part of the path", m->name);
        sw_buf_adds(path, sw_percent_encode(w->a, text, greedy));
        return 0;
    }
    return sw_fail(w->err, &SW_INTERNAL_FAILURE, "The path has no member for '%.*s'", SW_FMT(label));
}

int wire_rest_put_request(Wire *w, const SwOperation *op, const void *v, SwWireMessage *ret_m) {
    SwBuf path = wire_buf(w);
    SwStr uri = sw_str(op->uri), fixed = SW_NO_STR, head;
    if (sw_str_cut(&uri, '?', &head)) {
        fixed = uri;
        uri = head;
    }
    while (sw_str_cut(&uri, '{', &head)) {
        SwStr label;
        sw_buf_adds(&path, head);
        if (!sw_str_cut(&uri, '}', &label) || put_label(w, &path, op->input, label, v) < 0)
            return -1;
    }
    if (uri.n)
        sw_buf_adds(&path, uri);
    ret_m->method = sw_str(op->method);
    ret_m->path = sw_buf_str(&path);
    put_query(w, op->input, fixed, v, ret_m);
    wire_rest_put_headers(w, op->input, v, &ret_m->headers);
    if (op->input) {
        char *root = (char *)(uintptr_t)sw_strf(w->a, "%sRequest", op->name).p;
        put_body(w, op->input, root, v, /* always= */ false, ret_m);
    }
    return 0;
}
