/* SPDX-License-Identifier: Apache-2.0 */

/* Errors in each protocol's own form, both ways. What an exception's structure holds beyond its
 * message travels with it. A request that could not be told apart is answered in the API's first
 * protocol. */

#include <stdlib.h>

#include "wire/codec.h"

static bool is_message(const SwMember *m) {
    return sw_str_ieq(sw_str(m->name), SW_STR("message"));
}

static bool is_code(const SwMember *m) {
    return sw_str_ieq(sw_str(m->name), SW_STR("code")) && m->shape->kind == SW_STRING;
}

static const char *query_code(const SwErrorKind *k) {
    return k->query_code ? k->query_code : k->code;
}

static SwStr error_message(const SwError *e) {
    return sw_str(e->message ? e->message : "");
}

/* "message" but for exceptions whose model spells it "Message". */
static const char *message_name(const SwShape *s) {
    for (uint32_t i = 0; s && i < s->n_member; i++)
        if (is_message(&s->member[i]))
            return s->member[i].name;
    return "message";
}

/* APIs that once spoke Query name an error in full: "com.amazonaws.sqs#QueueDoesNotExist". */
static SwStr type_name(Wire *w, const SwErrorKind *k) {
    bool full = w->api && w->api->query_compatible;
    return full ? sw_strf(w->a, "com.amazonaws.%s#%s", w->api->name, k->code) : sw_str(k->code);
}

static void put_json(Wire *w, const SwError *e, SwWireMessage *m) {
    const SwShape *s = e->kind->shape;
    SwBuf b = wire_buf(w);
    bool first = false;
    sw_buf_addz(&b, "{\"__type\":");
    sw_json_write_string(&b, type_name(w, e->kind));
    sw_buf_addc(&b, ',');
    sw_json_write_string(&b, sw_str(message_name(s)));
    sw_buf_addc(&b, ':');
    sw_json_write_string(&b, error_message(e));
    for (uint32_t i = 0; s && e->detail && i < s->n_member; i++) {
        const SwMember *d = &s->member[i];
        const void *value = is_message(d) || d->location != SW_IN_BODY ? NULL : sw_member_at(d, e->detail);
        SwShape one = *s;
        one.member = d;
        one.n_member = 1;
        if (value)
            wire_json_put_members(w, &b, &one, e->detail, true, &first);
    }
    sw_buf_addc(&b, '}');
    m->body = sw_buf_str(&b);
}

static void put_cbor(Wire *w, const SwError *e, SwWireMessage *m) {
    const SwShape *s = e->kind->shape;
    SwBuf b = wire_buf(w);
    SwShape rest = s ? *s : (SwShape){0};
    SwMember *kept = s ? sw_new_n(w->a, SwMember, s->n_member + 1) : NULL;
    rest.n_member = 0;
    for (uint32_t i = 0; s && i < s->n_member; i++)
        if (!is_message(&s->member[i]))
            kept[rest.n_member++] = s->member[i];
    rest.member = kept;
    wire_cbor_head(&b, 5, 2 + wire_cbor_member_count(&rest, e->detail));
    wire_cbor_text(&b, SW_STR("__type"));
    wire_cbor_text(&b, type_name(w, e->kind));
    wire_cbor_text(&b, sw_str(message_name(s)));
    wire_cbor_text(&b, error_message(e));
    wire_cbor_put_members(w, &b, &rest, e->detail);
    m->body = sw_buf_str(&b);
}

static void put_xml_detail(Wire *w, SwBuf *b, const SwError *e) {
    const SwShape *s = e->kind->shape;
    for (uint32_t i = 0; s && e->detail && i < s->n_member; i++) {
        const SwMember *d = &s->member[i];
        SwShape one = *s;
        one.member = d;
        one.n_member = 1;
        if (!is_message(d) && !is_code(d) && d->location == SW_IN_BODY)
            wire_xml_put_members(w, b, &one, e->detail, true);
    }
}

static void put_wrapped_xml(Wire *w, const SwError *e, SwStr request_id, SwWireMessage *m) {
    SwBuf b = wire_buf(w);
    sw_buf_addz(&b, WIRE_XML_HEAD);
    wire_xml_open(&b, "ErrorResponse", w->api ? w->api->xml_ns : NULL);
    sw_buf_addz(&b, "<Error>");
    wire_xml_element(&b, "Type", e->kind->http < 500 ? SW_STR("Sender") : SW_STR("Receiver"));
    wire_xml_element(&b, "Code", sw_str(query_code(e->kind)));
    wire_xml_element(&b, "Message", error_message(e));
    put_xml_detail(w, &b, e);
    sw_buf_addz(&b, wire_is_sqs(w->api) ? "<Detail/></Error>" : "</Error>");
    wire_xml_element(&b, "RequestId", request_id);
    wire_xml_close(&b, "ErrorResponse");
    m->body = sw_buf_str(&b);
}

static void put_ec2_xml(Wire *w, const SwError *e, SwStr request_id, SwWireMessage *m) {
    SwBuf b = wire_buf(w);
    sw_buf_addz(&b, WIRE_XML_HEAD "<Response><Errors><Error>");
    wire_xml_element(&b, "Code", sw_str(query_code(e->kind)));
    wire_xml_element(&b, "Message", error_message(e));
    sw_buf_addz(&b, "</Error></Errors>");
    wire_xml_element(&b, "RequestID", request_id);
    sw_buf_addz(&b, "</Response>");
    m->body = sw_buf_str(&b);
}

static void put_facts(Wire *w, SwBuf *b, const SwError *e, SwHeaderList *h) {
    for (size_t i = 0; i < e->facts.n; i++) {
        const SwErrorFact *f = &e->facts.v[i];
        if (f->header && h)
            sw_header_set(w->a, h, sw_str(f->name), f->value);
        else if (!f->header && b)
            wire_xml_element(b, f->name, f->value);
    }
}

static void put_s3_xml(Wire *w, const SwError *e, SwStr request_id, SwStr resource, SwWireMessage *m) {
    SwBuf b = wire_buf(w);
    sw_buf_addz(&b, WIRE_XML_HEAD "<Error>");
    wire_xml_element(&b, "Code", sw_str(query_code(e->kind)));
    wire_xml_element(&b, "Message", error_message(e));
    put_xml_detail(w, &b, e);
    put_facts(w, &b, e, NULL);
    if (resource.p)
        wire_xml_element(&b, "Resource", resource);
    wire_xml_element(&b, "RequestId", request_id);
    wire_xml_element(&b, "HostId", request_id);
    sw_buf_addz(&b, "</Error>");
    m->body = sw_buf_str(&b);
}

void sw_wire_encode_error(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const SwError *e,
                          SwStr request_id, SwWireMessage *ret_m) {
    SwError known = *e, ignored = sw_error(a);
    if (!known.kind)
        known.kind = &SW_INTERNAL_FAILURE;
    if (!protocol)
        protocol = api ? api->protocol : SW_JSON_1_1;
    Wire w = wire_new(a, api, protocol, &ignored);
    bool head = sw_str_eqz(ret_m->method, "HEAD") || (op && strcmp(op->method, "HEAD") == 0);
    SwStr resource = ret_m->path;
    *ret_m = (SwWireMessage){.status = known.kind->http};
    wire_request_id(&w, request_id, ret_m);
    sw_header_set(a, &ret_m->headers, SW_STR("Content-Type"), sw_str(wire_content_type(protocol)));
    if (protocol & (SW_REST_JSON | SW_REST_XML))
        wire_rest_put_headers(&w, known.kind->shape, known.detail, &ret_m->headers);
    if (protocol & (SW_JSON_1_0 | SW_JSON_1_1 | SW_REST_JSON))
        sw_header_set(a, &ret_m->headers, SW_STR("x-amzn-ErrorType"), sw_str(known.kind->code));
    if (api && api->query_compatible && (protocol & (SW_JSON_1_0 | SW_JSON_1_1 | SW_RPC_V2_CBOR)))
        sw_header_set(a, &ret_m->headers, SW_STR("x-amzn-query-error"),
                      sw_strf(a, "%s;%s", query_code(known.kind), known.kind->http < 500 ? "Sender" : "Receiver"));
    if (protocol == SW_REST_XML && wire_is_s3(api))
        put_facts(&w, NULL, &known, &ret_m->headers);
    if (head)
        return;
    if (protocol == SW_QUERY || (protocol == SW_REST_XML && !wire_is_s3(api)))
        put_wrapped_xml(&w, &known, request_id, ret_m);
    else if (protocol == SW_EC2_QUERY)
        put_ec2_xml(&w, &known, request_id, ret_m);
    else if (protocol == SW_REST_XML)
        put_s3_xml(&w, &known, request_id, resource, ret_m);
    else if (protocol == SW_RPC_V2_CBOR)
        put_cbor(&w, &known, ret_m);
    else
        put_json(&w, &known, ret_m);
}

/* The client's side. */

static const SwErrorKind *find_kind(const SwErrorKind *const *list, SwStr code) {
    for (; list && *list; list++)
        if (sw_str_eqz(code, (*list)->code) || ((*list)->query_code && sw_str_eqz(code, (*list)->query_code)))
            return *list;
    return NULL;
}

static const SwErrorKind *kind_of(Wire *w, const SwOperation *op, SwStr code, uint16_t status) {
    const SwErrorKind *known = find_kind(op->error, code);
    if (!known)
        known = find_kind(w->api->error, code);
    if (known)
        return known;
    SwErrorKind *k = sw_new(w->a, SwErrorKind);
    *k = (SwErrorKind){.code = sw_str_z(w->a, code), .http = status, .retryable = status >= 500};
    return k;
}

/* "ns#Code:uri" means Code. */
static SwStr plain_code(SwStr s) {
    SwStr head;
    if (sw_str_cut(&s, ':', &head))
        s = head;
    (void)sw_str_cut(&s, '#', &head);
    return s;
}

typedef struct Told {
    SwStr code, message;
    void *detail;
} Told;

static void take_detail(Wire *w, const SwOperation *op, const SwWireMessage *m, Told *t, const SwValue *json,
                        const XmlNode *xml) {
    const SwShape *s = kind_of(w, op, t->code, m->status)->shape;
    SwError ignored = sw_error(w->a);
    Wire quiet = wire_new(w->a, w->api, w->protocol, &ignored);
    int r = 0;
    if (!s)
        return;
    void *v = sw_arena_alloc(w->a, SW_MAX(s->size, 1u));
    if (json)
        r = wire_json_get_structure(&quiet, s, json, v, /* top= */ true);
    else if (xml)
        r = wire_xml_get_members(&quiet, s, xml, v, /* top= */ true);
    else
        r = wire_cbor_get(&quiet, s, m->body, v);
    if (r == 0 && (w->protocol & (SW_REST_JSON | SW_REST_XML)))
        r = wire_rest_get_headers(&quiet, s, &m->headers, v);
    t->detail = r == 0 ? v : NULL;
}

static void tell_json(Wire *w, const SwOperation *op, const SwWireMessage *m, Told *t) {
    SwError ignored = sw_error(w->a);
    SwValue j = {0};
    if (m->body.n && sw_json_parse(w->a, m->body, &j, &ignored) < 0)
        return;
    SwStr header = sw_header_find(&m->headers, "x-amzn-ErrorType");
    t->code = plain_code(
        sw_str_or(sw_value_str(sw_value_getz(&j, "__type")), sw_str_or(header, sw_value_str(sw_value_getz(&j, "code")))));
    t->message = sw_str_or(sw_value_str(sw_value_getz(&j, "message")), sw_value_str(sw_value_getz(&j, "Message")));
    if (j.kind == SW_VOBJECT)
        take_detail(w, op, m, t, &j, NULL);
}

static void tell_xml(Wire *w, const SwOperation *op, const SwWireMessage *m, Told *t) {
    SwError ignored = sw_error(w->a);
    Wire quiet = wire_new(w->a, w->api, w->protocol, &ignored);
    XmlNode *root;
    if (m->body.n == 0 || wire_xml_parse(&quiet, m->body, &root) < 0)
        return;
    const XmlNode *errors = wire_xml_child(root, "Errors");
    const XmlNode *error = sw_str_eqz(root->name, "Error") ? root : wire_xml_child(errors ? errors : root, "Error");
    t->code = wire_xml_child_text(error, "Code");
    t->message = wire_xml_child_text(error, "Message");
    if (error)
        take_detail(w, op, m, t, NULL, error);
}

/* An error's structure in CBOR is read with a table of the two members that all have. */
static void tell_cbor(Wire *w, const SwOperation *op, const SwWireMessage *m, Told *t) {
    static const SwShape text = {.name = "String", .kind = SW_STRING, .size = sizeof(SwStr)};
    static const SwMember members[] = {
        {.name = "__type", .shape = &text, .offset = offsetof(Told, code)},
        {.name = "message", .shape = &text, .offset = offsetof(Told, message)},
        {.name = "Message", .shape = &text, .offset = offsetof(Told, message)},
    };
    static const SwShape told = {.name = "Error", .kind = SW_STRUCTURE, .size = sizeof(Told), .member = members, .n_member = 3};
    SwError ignored = sw_error(w->a);
    Wire quiet = wire_new(w->a, w->api, w->protocol, &ignored);
    if (wire_cbor_get(&quiet, &told, m->body, t) < 0)
        return;
    t->code = plain_code(t->code);
    take_detail(w, op, m, t, NULL, NULL);
}

int wire_fail_as_told(Wire *w, const SwOperation *op, const SwWireMessage *m) {
    Told t = {0};
    if (w->protocol & (SW_QUERY | SW_EC2_QUERY | SW_REST_XML))
        tell_xml(w, op, m, &t);
    else if (w->protocol == SW_RPC_V2_CBOR)
        tell_cbor(w, op, m, &t);
    else
        tell_json(w, op, m, &t);
    if (t.code.n == 0)
        t.code = sw_strf(w->a, "%u", m->status);
    sw_fail(w->err, kind_of(w, op, t.code, m->status), "%.*s", SW_FMT(sw_str_or(t.message, SW_STR(""))));
    w->err->detail = t.detail;
    return -1;
}
