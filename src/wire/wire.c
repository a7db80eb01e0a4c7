/* SPDX-License-Identifier: Apache-2.0 */

/* The room's door: tells protocol and operation of a message and hands it to the codec. */

#include "base/id.h"
#include "wire/codec.h"

#define JSON_RPC  (SW_JSON_1_0 | SW_JSON_1_1)
#define ANY_QUERY (SW_QUERY | SW_EC2_QUERY)
#define ANY_REST  (SW_REST_JSON | SW_REST_XML)

const char *wire_content_type(uint32_t protocol) {
    switch (protocol) {
    case SW_JSON_1_0: return "application/x-amz-json-1.0";
    case SW_JSON_1_1: return "application/x-amz-json-1.1";
    case SW_QUERY: return "text/xml";
    case SW_EC2_QUERY: return "text/xml;charset=UTF-8";
    case SW_REST_JSON: return "application/json";
    case SW_REST_XML: return "application/xml";
    case SW_RPC_V2_CBOR: return "application/cbor";
    }
    return "application/octet-stream";
}

/* The media type alone: without parameters, spaces at the ends; case does not count. */
static bool has_type(const SwWireMessage *m, const char *type) {
    SwStr value = sw_header_find(&m->headers, "Content-Type"), head;
    if (sw_str_cut(&value, ';', &head))
        value = head;
    return sw_str_ieq(sw_str_trim(value), sw_str(type));
}

/* "/service/NAME/operation/NAME" */
static bool rpc_path(SwStr path, SwStr *ret_operation) {
    SwStr part[5] = {0};
    size_t n = 0;
    while (n < 5 && sw_str_next(&path, '/', &part[n]))
        n++;
    if (n != 5 || path.n || !sw_str_eqz(part[1], "service") || !sw_str_eqz(part[3], "operation"))
        return false;
    *ret_operation = part[4];
    return true;
}

static bool query_has_action(SwStr query) {
    WirePair pair;
    while (wire_pair_next(&query, &pair))
        if (sw_str_eqz(pair.name, "Action"))
            return true;
    return false;
}

uint32_t sw_wire_protocol(const SwApi *api, const SwWireMessage *m) {
    SwStr operation;
    uint32_t speaks = api->protocols;
    if ((speaks & SW_RPC_V2_CBOR) && rpc_path(m->path, &operation) &&
        (sw_str_ieq(sw_header_find(&m->headers, "smithy-protocol"), SW_STR("rpc-v2-cbor")) || has_type(m, "application/cbor")))
        return SW_RPC_V2_CBOR;
    if (speaks & ANY_REST)
        return speaks & ANY_REST;
    bool v10 = has_type(m, "application/x-amz-json-1.0"), v11 = has_type(m, "application/x-amz-json-1.1");
    if ((speaks & JSON_RPC) && (v10 || v11 || sw_header_find(&m->headers, "X-Amz-Target").p)) {
        if (v10 && (speaks & SW_JSON_1_0))
            return SW_JSON_1_0;
        return speaks & SW_JSON_1_1 ? SW_JSON_1_1 : SW_JSON_1_0;
    }
    if ((speaks & ANY_QUERY) && (has_type(m, "application/x-www-form-urlencoded") || query_has_action(m->query)))
        return speaks & ANY_QUERY;
    return 0;
}

int sw_wire_not_implemented(const SwApi *api, SwStr operation, SwError *err) {
    return sw_fail(err, &SW_NOT_IMPLEMENTED,
                   "Slipway does not implement the operation %.*s of %s. `slipway coverage %s` lists what it does.",
                   SW_FMT(operation), api->service_id, api->name);
}

static const SwOperation *json_operation(const SwApi *api, const SwWireMessage *m, SwError *err) {
    SwStr target = sw_header_find(&m->headers, "X-Amz-Target");
    size_t dot;
    SwStr name = sw_str_rfind(target, '.', &dot) ? sw_str_skip(target, dot + 1) : SW_NO_STR;
    const SwOperation *op = name.n ? sw_api_operation(api, name) : NULL;
    if (!op)
        sw_fail(err, &SW_UNKNOWN_OPERATION, "The requested operation is not supported in the called service: %.*s",
                SW_FMT(sw_str_or(target, SW_STR("no X-Amz-Target"))));
    return op;
}

static const SwOperation *query_operation(SwArena *a, const SwApi *api, const SwWireMessage *m, SwError *err) {
    static const SwErrorKind missing_action = {.code = "MissingAction", .http = 400};
    SwStr action = wire_form_action(a, m);
    const SwOperation *op = action.n ? sw_api_operation(api, action) : NULL;
    if (!action.n)
        sw_fail(err, &missing_action, "The request must contain the parameter Action");
    else if (!op && wire_is_sqs(api))
        wire_sqs_not_here(action, err);
    else if (!op && strcmp(api->name, "ec2") == 0) /* words of its own, as those of SQS */
        sw_fail(err, &SW_INVALID_ACTION, "The action %.*s is not valid for this web service.", SW_FMT(action));
    else if (!op)
        sw_fail(err, &SW_INVALID_ACTION, "Could not find operation %.*s for version %s", SW_FMT(action), api->version);
    return op;
}

static const SwOperation *rest_operation(SwArena *a, const SwApi *api, const SwWireMessage *m, SwError *err) {
    static const SwErrorKind method_not_allowed = {.code = "MethodNotAllowed", .http = 405};
    static const SwErrorKind unknown = {.code = "UnknownOperationException", .http = 404};
    const SwOperation *op = wire_rest_operation(a, api, m);
    if (!op && wire_is_s3(api))
        sw_fail(err, &method_not_allowed, "The specified method is not allowed against this resource.");
    else if (!op)
        sw_fail(err, &unknown, "No operation of the service has the method %.*s at %.*s", SW_FMT(m->method), SW_FMT(m->path));
    return op;
}

const SwOperation *sw_wire_operation(SwArena *a, const SwApi *api, uint32_t protocol, const SwWireMessage *m, SwError *err) {
    SwStr name = SW_NO_STR;
    if (protocol & JSON_RPC)
        return json_operation(api, m, err);
    if (protocol & ANY_QUERY)
        return query_operation(a, api, m, err);
    if (protocol & ANY_REST)
        return rest_operation(a, api, m, err);
    const SwOperation *op = protocol == SW_RPC_V2_CBOR && rpc_path(m->path, &name) ? sw_api_operation(api, name) : NULL;
    if (!op)
        sw_fail(err, &SW_UNKNOWN_OPERATION, "The requested operation is not supported in the called service: %.*s",
                SW_FMT(sw_str_or(name, SW_STR("none"))));
    return op;
}

int sw_wire_decode_request(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const SwWireMessage *m,
                           void **ret_in, SwError *err) {
    Wire w = wire_new(a, api, protocol, err);
    *ret_in = NULL;
    if (!op->input)
        return 0;
    void *v = sw_arena_alloc(a, SW_MAX(op->input->size, 1u));
    int r;
    if (protocol & ANY_QUERY)
        r = wire_query_get(&w, op->input, m, v);
    else if (protocol & ANY_REST)
        r = wire_rest_get_request(&w, op, m, v);
    else if (protocol == SW_RPC_V2_CBOR)
        r = wire_cbor_get(&w, op->input, m->body, v);
    else
        r = wire_json_get_text(&w, op->input, m->body, v, /* top= */ false);
    if (r < 0)
        return -1;
    *ret_in = v;
    return 0;
}

void wire_request_id(Wire *w, SwStr request_id, SwWireMessage *m) {
    if (!request_id.n)
        return;
    if (wire_is_s3(w->api)) {
        sw_header_set(w->a, &m->headers, SW_STR("x-amz-request-id"), request_id);
        sw_header_set(w->a, &m->headers, SW_STR("x-amz-id-2"), request_id);
    } else {
        sw_header_set(w->a, &m->headers, SW_STR("x-amzn-RequestId"), request_id);
    }
    if (w->protocol == SW_RPC_V2_CBOR)
        sw_header_set(w->a, &m->headers, SW_STR("smithy-protocol"), SW_STR("rpc-v2-cbor"));
}

static void put_query_reply(Wire *w, const SwOperation *op, const void *out, SwStr request_id, SwBuf *b) {
    const char *root = sw_strf(w->a, "%sResponse", op->name).p;
    sw_buf_addz(b, WIRE_XML_HEAD);
    wire_xml_open(b, root, w->api->xml_ns);
    if (w->protocol == SW_EC2_QUERY) {
        wire_xml_element(b, "requestId", request_id);
    } else if (op->result_wrapper) {
        wire_xml_open(b, op->result_wrapper, NULL);
    }
    if (out)
        wire_xml_put_members(w, b, op->output, out, /* top= */ false);
    if (w->protocol == SW_QUERY) {
        if (op->result_wrapper)
            wire_xml_close(b, op->result_wrapper);
        sw_buf_addz(b, "<ResponseMetadata>");
        wire_xml_element(b, "RequestId", request_id);
        sw_buf_addz(b, "</ResponseMetadata>");
    }
    wire_xml_close(b, root);
}

int sw_wire_encode_response(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const void *out,
                            SwStr request_id, SwWireMessage *ret_m, SwError *err) {
    Wire w = wire_new(a, api, protocol, err);
    bool first = true;
    if (!op->output)
        out = NULL;
    *ret_m = (SwWireMessage){.status = op->status ? op->status : 200};
    wire_request_id(&w, request_id, ret_m);
    if (protocol & ANY_REST) {
        const char *root = wire_is_s3(api) ? wire_s3_root(op) : NULL;
        wire_s3_finish(&w, op, ret_m);
        return wire_rest_put_reply(&w, op->output, root ? root : sw_strf(a, "%sResponse", op->name).p, out, ret_m);
    }

    SwBuf b = wire_buf(&w);
    if (protocol & ANY_QUERY) {
        put_query_reply(&w, op, out, request_id, &b);
    } else if (protocol == SW_RPC_V2_CBOR) {
        wire_cbor_put(&w, &b, op->output, out);
    } else {
        sw_buf_addc(&b, '{');
        if (out)
            wire_json_put_members(&w, &b, op->output, out, /* top= */ false, &first);
        sw_buf_addc(&b, '}');
    }
    if (b.full)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The reply is larger than can be sent");
    ret_m->body = sw_buf_str(&b);
    sw_header_set(a, &ret_m->headers, SW_STR("Content-Type"), sw_str(wire_content_type(protocol)));
    return 0;
}

/* A client fills the tokens that make a call repeatable, as SDKs do. */
static const void *with_tokens(SwArena *a, const SwShape *s, const void *in) {
    void *copy = NULL;
    for (uint32_t i = 0; s && in && i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        if (!(m->flags & SW_IDEMPOTENCY_TOKEN) || m->shape->kind != SW_STRING || sw_member_is_set(m, in))
            continue;
        if (!copy) {
            copy = sw_arena_alloc(a, s->size);
            memcpy(copy, in, s->size);
        }
        *(SwStr *)sw_member_make(a, m, copy) = sw_id_uuid(a);
    }
    return copy ? copy : in;
}

static void put_rpc_head(Wire *w, const SwOperation *op, SwWireMessage *m) {
    SwArena *a = w->a;
    m->method = SW_STR("POST");
    m->path = SW_STR("/");
    SwStr type =
        sw_str(w->protocol & ANY_QUERY ? "application/x-www-form-urlencoded; charset=utf-8" : wire_content_type(w->protocol));
    const char *prefix = w->api->target_prefix ? w->api->target_prefix : w->api->name;
    sw_header_set(a, &m->headers, SW_STR("Content-Type"), type);
    if (w->protocol & JSON_RPC)
        sw_header_set(a, &m->headers, SW_STR("X-Amz-Target"), sw_strf(a, "%s.%s", prefix, op->name));
    if (w->protocol == SW_RPC_V2_CBOR) {
        m->path = sw_strf(a, "/service/%s/operation/%s", prefix, op->name);
        sw_header_set(a, &m->headers, SW_STR("smithy-protocol"), SW_STR("rpc-v2-cbor"));
        sw_header_set(a, &m->headers, SW_STR("Accept"), SW_STR("application/cbor"));
    }
    if (w->api->query_compatible && !(w->protocol & ANY_QUERY))
        sw_header_set(a, &m->headers, SW_STR("x-amzn-query-mode"), SW_STR("true"));
}

int sw_wire_encode_request(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const void *in,
                           SwWireMessage *ret_m, SwError *err) {
    Wire w = wire_new(a, api, protocol, err);
    bool first = true;
    if (op->input && !in)
        in = sw_arena_alloc(a, SW_MAX(op->input->size, 1u));
    in = with_tokens(a, op->input, in);
    *ret_m = (SwWireMessage){0};
    if (protocol & ANY_REST)
        return wire_rest_put_request(&w, op, in, ret_m);

    SwBuf b = wire_buf(&w);
    put_rpc_head(&w, op, ret_m);
    if (protocol & ANY_QUERY) {
        sw_buf_addf(&b, "Action=%s&Version=%s", op->name, api->version);
        if (op->input)
            wire_query_put(&w, &b, op->input, in);
    } else if (protocol == SW_RPC_V2_CBOR) {
        wire_cbor_put(&w, &b, op->input, op->input ? in : NULL);
    } else {
        sw_buf_addc(&b, '{');
        if (op->input)
            wire_json_put_members(&w, &b, op->input, in, /* top= */ false, &first);
        sw_buf_addc(&b, '}');
    }
    if (b.full)
        return sw_fail(err, &SW_REQUEST_ENTITY_TOO_LARGE, "The request is larger than can be sent");
    ret_m->body = sw_buf_str(&b);
    return 0;
}

static int get_xml_reply(Wire *w, const SwOperation *op, SwStr body, void *v) {
    XmlNode *root;
    if (wire_xml_parse(w, body, &root) < 0)
        return -1;
    const XmlNode *n = root;
    if (w->protocol == SW_QUERY && op->result_wrapper)
        n = wire_xml_child(root, op->result_wrapper);
    return n ? wire_xml_get_members(w, op->output, n, v, /* top= */ false) : 0;
}

int sw_wire_decode_response(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const SwWireMessage *m,
                            void **ret_out, SwError *err) {
    Wire w = wire_new(a, api, protocol, err);
    *ret_out = NULL;
    if (m->status >= 400)
        return wire_fail_as_told(&w, op, m);
    if (!op->output)
        return 0;
    void *v = sw_arena_alloc(a, SW_MAX(op->output->size, 1u));
    int r;
    if (protocol & ANY_QUERY)
        r = get_xml_reply(&w, op, m->body, v);
    else if (protocol & ANY_REST)
        r = wire_rest_get_reply(&w, op->output, m, v);
    else if (protocol == SW_RPC_V2_CBOR)
        r = wire_cbor_get(&w, op->output, m->body, v);
    else
        r = wire_json_get_text(&w, op->output, m->body, v, /* top= */ false);
    if (r < 0)
        return -1;
    *ret_out = v;
    return 0;
}
