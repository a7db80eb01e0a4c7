/* SPDX-License-Identifier: Apache-2.0 */
/* The generated tables: one SwShape for each shape that something refers to, one SwMember array for each container,
 * error kinds, operations and the SwApi. Structures are public; all else is static. Fields that are zero are left out. */

#include "modelc.h"

typedef struct Out {
    Model *m;
    SwBuf *b;
    Shape **shape; /* to be written, in order of first use */
    size_t n, cap;
} Out;

void add_quoted(SwBuf *b, SwStr s) {
    sw_buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            sw_buf_addf(b, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            sw_buf_addf(b, "\\%03o", c);
        else
            sw_buf_addc(b, (char)c);
    }
    sw_buf_addc(b, '"');
}

static void add_text(SwBuf *b, const char *field, SwStr s) {
    if (!s.p)
        return;
    sw_buf_addf(b, ", .%s = ", field);
    add_quoted(b, s);
}

/* --- which shapes ----------------------------------------------------------------------------------------------- */

static void use_shape(Out *o, Shape *s) {
    bool foreign_structure = is_structure(s) && s->model != o->m;
    if (s->mark || foreign_structure)
        return;
    s->mark = 1;
    if (o->n == o->cap) {
        size_t cap = o->cap ? 2 * o->cap : 256;
        o->shape = sw_arena_grow(o->m->arena, o->shape, o->cap * sizeof(Shape *), cap * sizeof(Shape *));
        o->cap = cap;
    }
    o->shape[o->n++] = s;
    for (size_t i = 0; i < s->n_member; i++)
        use_shape(o, s->member[i].shape);
}

/* --- shapes ----------------------------------------------------------------------------------------------------- */

static const char *timestamp_format(const SwValue *json) {
    SwStr s = sw_value_str(sw_value_getz(json, "timestampFormat"));
    return !s.p ? NULL : sw_str_eqz(s, "iso8601") ? "SW_TS_ISO8601" : sw_str_eqz(s, "rfc822") ? "SW_TS_RFC822" : "SW_TS_UNIX";
}

static const char *location_of(const Shape *s, const Member *e) {
    static const char *const names[][2] = {
        {"header", "SW_IN_HEADER"}, {"headers", "SW_IN_HEADERS"},   {"querystring", "SW_IN_QUERY"},
        {"uri", "SW_IN_URI"},       {"statusCode", "SW_IN_STATUS"},
    };
    SwStr location = sw_value_str(sw_value_getz(e->json, "location"));
    for (size_t i = 0; location.p && i < SW_N(names); i++)
        if (sw_str_eqz(location, names[i][0]))
            return names[i][1];
    return sw_str_eq(sw_value_str(sw_value_getz(s->json, "payload")), e->name) ? "SW_IN_PAYLOAD" : NULL;
}

static void add_flag(SwBuf *b, bool on, const char *name) {
    if (on)
        sw_buf_addf(b, "%s%s", b->n ? " | " : "", name);
}

static SwStr member_flags(Out *o, const Member *e) {
    SwBuf b = sw_buf(o->m->arena, SW_KIB);
    add_flag(&b, e->required, "SW_REQUIRED");
    add_flag(&b, sw_value_is_true(sw_value_getz(e->json, "idempotencyToken")), "SW_IDEMPOTENCY_TOKEN");
    add_flag(&b, sw_value_is_true(sw_value_getz(e->json, "xmlAttribute")), "SW_XML_ATTRIBUTE");
    add_flag(&b, sw_value_is_true(sw_value_getz(e->json, "flattened")), "SW_FLATTENED");
    add_flag(&b, sw_value_is_true(sw_value_getz(e->json, "jsonvalue")), "SW_JSON_VALUE");
    return sw_buf_str(&b);
}

static void add_offset(Out *o, const Shape *s, const Member *e) {
    if (is_structure(s))
        sw_buf_addf(o->b, ", .offset = offsetof(%s, %s)", s->c_type, e->c_name);
    else if (s->kind == SW_MAP && e == &s->member[1] && !has_entry_type(s))
        sw_buf_addz(o->b, ", .offset = offsetof(SwStrPair, value)");
    else if (s->kind == SW_MAP && e == &s->member[1])
        sw_buf_addf(o->b, ", .offset = offsetof(%sEntry, value)", s->c_type);
}

static void add_values(SwBuf *b, const SwStr *v, size_t n) {
    sw_buf_addz(b, "(const char *const[]){");
    for (size_t i = 0; i < n; i++) {
        add_quoted(b, v[i]);
        sw_buf_addz(b, ", ");
    }
    sw_buf_addz(b, "NULL}");
}

static void add_refused(Out *o, const Member *e) {
    if (!e->refused)
        return;
    sw_buf_addz(o->b, ", .refused = &(const SwRefused){.why = ");
    add_quoted(o->b, sw_str(e->refused));
    if (e->unless.n) {
        sw_buf_addz(o->b, ", .unless = ");
        add_values(o->b, e->unless.v, e->unless.n);
    }
    sw_buf_addz(o->b, "}");
}

static void write_member(Out *o, const Shape *s, const Member *e) {
    SwBuf *b = o->b;
    SwStr wire = sw_value_str(sw_value_getz(e->json, "locationName"));
    sw_buf_addz(b, "    {.name = ");
    add_quoted(b, e->name);
    if (wire.p && !sw_str_eq(wire, e->name))
        add_text(b, "wire", wire);
    add_text(b, "query", sw_value_str(sw_value_getz(e->json, "queryName")));
    sw_buf_addf(b, ", .shape = &%s", e->shape->c_table);
    add_offset(o, s, e);
    SwStr flags = member_flags(o, e);
    if (flags.n)
        sw_buf_addf(b, ", .flags = %.*s", SW_FMT(flags));
    const char *location = location_of(s, e), *timestamp = timestamp_format(e->json);
    if (location)
        sw_buf_addf(b, ", .location = %s", location);
    if (timestamp)
        sw_buf_addf(b, ", .timestamp = %s", timestamp);
    const SwValue *ns = sw_value_getz(e->json, "xmlNamespace");
    add_text(b, "xml_ns", ns && ns->kind == SW_VSTRING ? ns->s : sw_value_str(sw_value_getz(ns, "uri")));
    add_text(b, "xml_prefix", sw_value_str(sw_value_getz(ns, "prefix")));
    add_refused(o, e);
    sw_buf_addz(b, "},\n");
}

static SwStr shape_flags(Out *o, const Shape *s) {
    SwBuf b = sw_buf(o->m->arena, SW_KIB);
    add_flag(&b, sw_value_getz(s->json, "min"), "SW_HAS_MIN");
    add_flag(&b, sw_value_getz(s->json, "max"), "SW_HAS_MAX");
    add_flag(&b, sw_value_is_true(sw_value_getz(s->json, "sensitive")), "SW_SENSITIVE");
    add_flag(&b, sw_value_is_true(sw_value_getz(s->json, "flattened")), "SW_SHAPE_FLATTENED");
    add_flag(&b, sw_value_is_true(sw_value_getz(s->json, "exception")), "SW_EXCEPTION");
    add_flag(&b, sw_value_is_true(sw_value_getz(s->json, "eventstream")), "SW_EVENT_STREAM");
    add_flag(&b, s->refuses, "SW_REFUSES");
    return sw_buf_str(&b);
}

static void add_bound(Out *o, const Shape *s, const char *bound) {
    const SwValue *v = sw_value_getz(s->json, bound);
    int64_t i;
    if (!v)
        return;
    if (s->kind == SW_FLOAT || s->kind == SW_DOUBLE)
        sw_buf_addf(o->b, ", .f%s = %.*s", bound, SW_FMT(v->s));
    else if (sw_value_i64(v, &i) && i == INT64_MIN)
        sw_buf_addf(o->b, ", .%s = INT64_MIN", bound);
    else if (sw_value_i64(v, &i))
        sw_buf_addf(o->b, ", .%s = %lld", bound, (long long)i);
}

static void add_enum(Out *o, const Shape *s) {
    const SwValue *values = sw_value_getz(s->json, "enum");
    if (!values)
        return;
    SwStr *text = sw_new_n(o->m->arena, SwStr, values->n + 1);
    for (size_t i = 0; i < values->n; i++)
        text[i] = values->v[i].s;
    sw_buf_addz(o->b, ", .enum_values = ");
    add_values(o->b, text, values->n);
}

/* The root element of an XML message stands on the structure, or on the operation's reference to it. */
static const SwValue *root_of(Model *m, const Shape *s, const char *field) {
    const SwValue *v = sw_value_getz(s->json, field);
    for (size_t i = 0; !v && i < m->n_op; i++)
        if (m->op[i].input == s)
            v = sw_value_getz(sw_value_getz(m->op[i].json, "input"), field);
    return v;
}

static void add_xml_root(Out *o, const Shape *s) {
    if (!is_structure(s))
        return;
    const SwValue *ns = root_of(o->m, s, "xmlNamespace");
    add_text(o->b, "xml_name", sw_value_str(root_of(o->m, s, "locationName")));
    add_text(o->b, "xml_ns", ns && ns->kind == SW_VSTRING ? ns->s : sw_value_str(sw_value_getz(ns, "uri")));
}

static void write_shape(Out *o, Shape *s) {
    static const char *const kind[_SW_KIND_MAX] = {
        "SW_STRING", "SW_BOOLEAN",  "SW_INTEGER", "SW_LONG", "SW_FLOAT", "SW_DOUBLE",    "SW_TIMESTAMP",
        "SW_BLOB",   "SW_DOCUMENT", "SW_STREAM",  "SW_LIST", "SW_MAP",   "SW_STRUCTURE", "SW_UNION",
    };
    SwBuf *b = o->b;
    if (s->n_member) {
        sw_buf_addf(b, "static const SwMember m_%s[] = {\n", s->c_table);
        for (size_t i = 0; i < s->n_member; i++)
            write_member(o, s, &s->member[i]);
        sw_buf_addz(b, "};\n");
    }
    SwStr pattern = sw_value_str(sw_value_getz(s->json, "pattern"));
    if (pattern.p)
        sw_buf_addf(b, "static SwPatternSlot p_%s;\n", s->c_table);
    sw_buf_addf(b, "%sconst SwShape %s = {.name = ", is_structure(s) ? "" : "static ", s->c_table);
    add_quoted(b, s->name);
    sw_buf_addf(b, ", .kind = %s, .size = sizeof(%s)", kind[s->kind], c_type(o->m, s));
    SwStr flags = shape_flags(o, s);
    if (flags.n)
        sw_buf_addf(b, ", .flags = %.*s", SW_FMT(flags));
    if (s->n_member)
        sw_buf_addf(b, ", .member = m_%s, .n_member = %zu", s->c_table, s->n_member);
    if (s->kind == SW_MAP && has_entry_type(s))
        sw_buf_addf(b, ", .value_offset = offsetof(%sEntry, value), .entry_size = sizeof(%sEntry)", s->c_type, s->c_type);
    else if (s->kind == SW_MAP)
        sw_buf_addz(b, ", .value_offset = offsetof(SwStrPair, value), .entry_size = sizeof(SwStrPair)");
    add_bound(o, s, "min");
    add_bound(o, s, "max");
    add_text(b, "pattern", pattern);
    if (pattern.p)
        sw_buf_addf(b, ", .pattern_slot = &p_%s", s->c_table);
    add_enum(o, s);
    if (timestamp_format(s->json))
        sw_buf_addf(b, ", .timestamp = %s", timestamp_format(s->json));
    add_xml_root(o, s);
    add_text(b, "payload", sw_value_str(sw_value_getz(s->json, "payload")));
    if (s->c_error)
        sw_buf_addf(b, ", .error = &%s", s->c_error);
    sw_buf_addz(b, "};\n");
}

/* --- errors ----------------------------------------------------------------------------------------------------- */

static int64_t error_status(Model *m, const Shape *s) {
    int64_t status;
    if (sw_value_i64(sw_value_get(sw_value_getz(m->spec, "errors"), s->name), &status) ||
        sw_value_i64(sw_value_path(s->json, "error.httpStatusCode"), &status))
        return status;
    return sw_value_is_true(sw_value_getz(s->json, "fault")) ? 500 : 400;
}

/* A service that moved from Query to JSON says the shape's name in JSON and its old code in x-amzn-query-error. */
static void write_error(Out *o, const Shape *s) {
    SwStr code = sw_value_str(sw_value_path(s->json, "error.code")), query = SW_NO_STR;
    int64_t status = error_status(o->m, s);
    if (sw_value_getz(o->m->metadata, "awsQueryCompatible")) {
        query = sw_value_str(sw_value_get(sw_value_getz(o->m->spec, "query_codes"), s->name));
        query = query.p ? query : code;
        code = SW_NO_STR;
    }
    code = code.p ? code : s->name;
    sw_buf_addf(o->b, "const SwErrorKind %s = {.code = ", s->c_error);
    add_quoted(o->b, code);
    sw_buf_addf(o->b, ", .http = %d%s, .shape = &%s", (int)status, status >= 500 ? ", .retryable = true" : "", s->c_table);
    if (query.p && !sw_str_eq(query, code))
        add_text(o->b, "query_code", query);
    sw_buf_addz(o->b, "};\n");
}

static void write_errors(Out *o) {
    Model *m = o->m;
    SwBuf list = sw_buf(m->arena, SW_MIB);
    for (size_t i = 0; i < m->n_shape; i++) {
        if (!m->shape[i]->c_error)
            continue;
        write_error(o, m->shape[i]);
        sw_buf_addf(&list, "    &%s,\n", m->shape[i]->c_error);
    }
    const SwValue *more = sw_value_getz(m->spec, "errors");
    for (size_t i = 0; !m->records && more && i < more->n; i++) {
        int64_t status = 400;
        if (sw_map_find(&m->shapes, more->keys[i]))
            continue;
        (void)sw_value_i64(&more->v[i], &status);
        const char *name = name_upper(m->arena, more->keys[i]);
        sw_buf_addf(o->b, "const SwErrorKind %s_%s = {.code = ", m->upper, name);
        add_quoted(o->b, more->keys[i]);
        sw_buf_addf(o->b, ", .http = %d%s};\n", (int)status, status >= 500 ? ", .retryable = true" : "");
        sw_buf_addf(&list, "    &%s_%s,\n", m->upper, name);
    }
    SwStr kinds = sw_buf_str(&list);
    if (!m->records)
        sw_buf_addf(o->b, "\nstatic const SwErrorKind *const errors[] = {\n%.*s    NULL,\n};\n", SW_FMT(kinds));
}

/* --- operations ------------------------------------------------------------------------------------------------- */

static bool lists(const SwValue *names, SwStr name) {
    for (size_t i = 0; names && i < names->n; i++)
        if (sw_str_eq(names->v[i].s, name))
            return true;
    return false;
}

static bool is_read(Model *m, SwStr name) {
    const SwValue *prefixes = sw_value_getz(m->manifest, "read_prefixes");
    if (lists(sw_value_getz(m->spec, "writes"), name))
        return false;
    if (lists(sw_value_getz(m->spec, "reads"), name))
        return true;
    for (size_t i = 0; prefixes && i < prefixes->n; i++) {
        SwStr p = prefixes->v[i].s;
        bool word_ends = name.n == p.n || (name.n > p.n && name.p[p.n] >= 'A' && name.p[p.n] <= 'Z');
        if (sw_str_starts(name, p) && word_ends)
            return true;
    }
    return false;
}

static bool streams(const Shape *s) {
    for (size_t i = 0; s && i < s->n_member; i++)
        if (s->member[i].shape->kind == SW_STREAM)
            return true;
    return false;
}

static bool without_auth(const SwValue *json) {
    return sw_str_eqz(sw_value_str(sw_value_getz(json, "authtype")), "none");
}

static SwStr operation_flags(Model *m, const Operation *op) {
    SwBuf b = sw_buf(m->arena, SW_KIB);
    const SwValue *checksum = sw_value_getz(op->json, "httpChecksum");
    add_flag(&b, is_read(m, op->name), "SW_OP_READ");
    add_flag(&b, streams(op->input), "SW_OP_STREAM_IN");
    add_flag(&b, streams(op->output), "SW_OP_STREAM_OUT");
    add_flag(&b, without_auth(op->json), "SW_OP_NO_AUTH");
    add_flag(&b, sw_value_getz(checksum, "requestAlgorithmMember"), "SW_OP_CHECKSUM");
    add_flag(&b, sw_value_is_true(sw_value_getz(checksum, "requestChecksumRequired")), "SW_OP_CHECKSUM_REQUIRED");
    return sw_buf_str(&b);
}

static SwStr sign_name(Model *m) {
    SwStr name = sw_value_str(sw_value_getz(m->metadata, "signingName"));
    return name.p ? name : sw_value_str(sw_value_getz(m->metadata, "endpointPrefix"));
}

static bool speaks(Model *m, const char *protocol);

/* The Query protocol wraps results in <OperationResult>; models of services that left it no longer say so. */
static SwStr result_wrapper(Model *m, const Operation *op) {
    SwStr wrapper = sw_value_str(sw_value_path(op->json, "output.resultWrapper"));
    if (!wrapper.p && op->output && speaks(m, "query"))
        wrapper = sw_strf(m->arena, "%.*sResult", SW_FMT(op->name));
    return wrapper;
}

/* What tells a REST request's operation besides its URI: the query and header members that it requires. */
static void add_needs(Out *o, const Operation *op) {
    bool any = false;
    for (size_t i = 0; op->input && i < op->input->n_member; i++) {
        const Member *e = &op->input->member[i];
        const char *location = location_of(op->input, e);
        bool told = location && (strcmp(location, "SW_IN_QUERY") == 0 || strcmp(location, "SW_IN_HEADER") == 0);
        if (!told || !e->required)
            continue;
        sw_buf_addz(o->b, any ? ", {" : ", .needs = (const SwNeed[]){{");
        add_quoted(o->b, sw_str_or(sw_value_str(sw_value_getz(e->json, "locationName")), e->name));
        sw_buf_addf(o->b, ", %s}", location);
        any = true;
    }
    sw_buf_addz(o->b, any ? ", {0}}" : "");
}

/* What every operation has, implemented or not. */
static void add_name_and_uri(Out *o, const Operation *op, const char *index) {
    SwStr method = sw_value_str(sw_value_path(op->json, "http.method")), flags = operation_flags(o->m, op);
    sw_buf_addz(o->b, "    {.name = ");
    add_quoted(o->b, op->name);
    add_text(o->b, "method", sw_str_or(method, SW_STR("POST")));
    add_text(o->b, "uri", sw_str_or(sw_value_str(sw_value_path(op->json, "http.requestUri")), SW_STR("/")));
    sw_buf_addf(o->b, ", .index = %s", index);
    if (flags.n)
        sw_buf_addf(o->b, ", .flags = %.*s", SW_FMT(flags));
    add_needs(o, op);
}

static void write_operation(Out *o, const Operation *op, const char *errors) {
    Model *m = o->m;
    SwBuf *b = o->b;
    int64_t status = 200;
    (void)sw_value_i64(sw_value_path(op->json, "http.responseCode"), &status);
    SwStr prefix = sw_value_str(sw_value_getz(m->spec, "iam_prefix"));
    SwStr action = sw_value_str(sw_value_get(sw_value_getz(m->spec, "iam_actions"), op->name));
    add_name_and_uri(o, op, op->c_index);
    sw_buf_addf(b, ",\n     .status = %d", (int)status);
    if (op->input)
        sw_buf_addf(b, ", .input = &%s", op->input->c_table);
    if (op->output)
        sw_buf_addf(b, ", .output = &%s", op->output->c_table);
    add_text(b, "result_wrapper", result_wrapper(m, op));
    add_text(b, "iam_action", sw_cat(m->arena, prefix.p ? prefix : sign_name(m), SW_STR(":"), action.p ? action : op->name));
    if (sw_value_getz(op->json, "paging"))
        sw_buf_addf(b, ", .page = &g_%s", op->c_name);
    sw_buf_addf(b, ",\n     .error = %s},\n", errors);
}

static void write_operations(Out *o) {
    Model *m = o->m;
    for (size_t i = 0; i < m->n_op; i++) {
        const SwValue *errors = sw_value_getz(m->op[i].json, "errors");
        sw_buf_addf(o->b, "static const SwErrorKind *const e_%s[] = {", m->op[i].c_name);
        for (size_t j = 0; errors && j < errors->n; j++) {
            const Shape *e = sw_map_find(&m->shapes, sw_value_str(sw_value_getz(&errors->v[j], "shape")));
            sw_buf_addf(o->b, "&%s, ", e->c_error);
        }
        sw_buf_addz(o->b, "NULL};\n");
        paging_write(o->b, &m->op[i]);
    }
    sw_buf_addz(o->b, "\nstatic const SwOperation operations[] = {\n");
    for (size_t i = 0; i < m->n_op; i++)
        write_operation(o, &m->op[i], sw_str_z(m->arena, sw_strf(m->arena, "e_%s", m->op[i].c_name)));
    sw_buf_addz(o->b, "};\n\n");
}

/* --- the API ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *bit;
} protocols[] = {
    {"json", NULL},
    {"query", "SW_QUERY"},
    {"ec2", "SW_EC2_QUERY"},
    {"rest-json", "SW_REST_JSON"},
    {"rest-xml", "SW_REST_XML"},
    {"smithy-rpc-v2-cbor", "SW_RPC_V2_CBOR"},
};

static const char *protocol_bit(Model *m, SwStr name) {
    SwStr version = sw_value_str(sw_value_getz(m->metadata, "jsonVersion"));
    if (sw_str_eqz(name, "json"))
        return sw_str_eqz(version, "1.0") ? "SW_JSON_1_0" : "SW_JSON_1_1";
    for (size_t i = 0; i < SW_N(protocols); i++)
        if (sw_str_eqz(name, protocols[i].name))
            return protocols[i].bit;
    return "0";
}

static bool speaks(Model *m, const char *protocol) {
    SwStr p = sw_str(protocol);
    return sw_str_eq(sw_value_str(sw_value_getz(m->metadata, "protocol")), p) ||
           lists(sw_value_getz(m->metadata, "protocols"), p) || lists(sw_value_getz(m->spec, "extra_protocols"), p);
}

/* What is not implemented is known by name and URI, so that it is refused as absent, not as unheard of or as another. */
static void write_others(Out *o) {
    Model *m = o->m;
    if (m->n_other == 0)
        return;
    const char *index = sw_str_z(m->arena, sw_strf(m->arena, "%s_OP_MAX", m->upper));
    sw_buf_addz(o->b, "static const SwOperation others[] = {\n");
    for (size_t i = 0; i < m->n_other; i++) {
        add_name_and_uri(o, &m->other[i], index);
        sw_buf_addz(o->b, "},\n");
    }
    sw_buf_addz(o->b, "};\n\n");
}

static void write_api(Out *o) {
    Model *m = o->m;
    SwBuf *b = o->b, bits = sw_buf(m->arena, SW_KIB);
    const SwValue *meta = m->metadata;
    for (size_t i = 0; i < SW_N(protocols); i++)
        add_flag(&bits, speaks(m, protocols[i].name), protocol_bit(m, sw_str(protocols[i].name)));
    sw_buf_addf(b, "const SwApi %s_api = {\n    .name = \"%s\"", m->lower, m->api);
    add_text(b, "sign_name", sign_name(m));
    add_text(b, "endpoint_prefix", sw_value_str(sw_value_getz(meta, "endpointPrefix")));
    add_text(b, "target_prefix", sw_value_str(sw_value_getz(meta, "targetPrefix")));
    add_text(b, "version", sw_value_str(sw_value_getz(meta, "apiVersion")));
    add_text(b, "service_id", sw_value_str(sw_value_getz(meta, "serviceId")));
    add_text(b, "xml_ns", sw_value_str(sw_value_getz(meta, "xmlNamespace")));
    SwStr spoken = sw_buf_str(&bits);
    sw_buf_addf(b, ",\n    .protocols = %.*s, .protocol = %s", SW_FMT(spoken),
                protocol_bit(m, sw_value_str(sw_value_getz(meta, "protocol"))));
    if (sw_value_getz(meta, "awsQueryCompatible"))
        sw_buf_addz(b, ", .query_compatible = true");
    if (m->n_other)
        sw_buf_addz(b, ",\n    .other = others, .n_other = sizeof(others) / sizeof(*others)");
    sw_buf_addf(b, ",\n    .op = operations, .n_op = %s_OP_MAX, .error = errors,\n};\n", m->upper);
}

void write_source(Model *m, SwBuf *b, const char *name) {
    Out o = {.m = m, .b = b};
    sw_buf_addf(
        b,
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by modelc from the model of %s%s; changes belong there. */\n\n"
        "#include \"models/%s\"\n\n",
        m->api, m->records ? "'s records" : "", name);
    for (size_t i = 0; i < m->n_shape; i++)
        if (is_structure(m->shape[i]))
            use_shape(&o, m->shape[i]);
    for (size_t i = 0; i < o.n; i++)
        if (!is_structure(o.shape[i]))
            sw_buf_addf(b, "static const SwShape %s;\n", o.shape[i]->c_table);
    sw_buf_addc(b, '\n');
    for (size_t i = 0; i < o.n; i++)
        write_shape(&o, o.shape[i]);
    sw_buf_addc(b, '\n');
    write_errors(&o);
    events_source(m, b);
    collections_source(m, b);
    if (m->records)
        return;
    sw_buf_addc(b, '\n');
    write_operations(&o);
    write_others(&o);
    write_api(&o);
}
