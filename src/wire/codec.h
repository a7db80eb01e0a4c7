/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the codecs of this room share; nobody outside includes it.
 *
 * Every codec walks a shape table beside a value. `v` is always the value's own address: of the
 * structure itself, of the { v, n } pair of a list or map, of the option that a number lies in.
 * A function that returns int gives 0, or -1 with the walk's error filled. */

#include "wire/wire.h"
#include "wire/xml_tree.h"

#define WIRE_DEPTH_MAX 64
#define WIRE_BODY_MAX  (256 * SW_MIB) /* of what is encoded; an arena's limit is met before */

typedef struct Wire {
    SwArena *a;
    const SwApi *api;
    uint32_t protocol;
    const SwErrorKind *malformed; /* what a value that does not fit is answered with */
    SwError *err;
    unsigned depth;
} Wire;

Wire wire_new(SwArena *a, const SwApi *api, uint32_t protocol, SwError *err);
SwBuf wire_buf(Wire *w);
int wire_malformed(Wire *w, const char *fmt, ...) sw_printf(2, 3);
int wire_enter(Wire *w) sw_must_check; /* one level down; fails past WIRE_DEPTH_MAX */
static inline void wire_leave(Wire *w) {
    w->depth--;
}

/* --- values (walk.c) --- */

/* Keys may hold NUL bytes; names do not. */
static inline bool wire_key_is(const char *name, SwStr key) {
    if (key.n == 0)
        return name[0] == '\0';
    return name[0] == key.p[0] && strlen(name) == key.n && memcmp(name, key.p, key.n) == 0;
}

/* The value at v has been written. */
void wire_mark(const SwShape *s, void *v);
/* Makes a list or map present and empty; does nothing for other kinds. */
void wire_begin(Wire *w, const SwShape *s, void *v);
void *wire_map_add(Wire *w, const SwShape *map, void *v, SwStr key);
/* Of equal keys the last one counts. */
void wire_map_unique(Wire *w, const SwShape *map, void *v);
/* Fails when a union has more than one member. */
int wire_union_check(Wire *w, const SwShape *s, const void *v) sw_must_check;
bool wire_is_flat(const SwMember *m);
const SwMember *wire_member(const SwShape *s, const char *name);

/* --- scalars as text (scalar.c): XML, Query, headers, labels --- */

/* A member's timestamp format; `otherwise` is its protocol's. */
SwTimestampFormat wire_ts(const SwMember *m, SwTimestampFormat otherwise);
SwStr wire_time_text(SwArena *a, SwTimestampFormat f, SwTime t);
SwStr wire_text(Wire *w, const SwMember *m, SwTimestampFormat ts, const void *v);
int wire_from_text(Wire *w, const SwMember *m, SwStr text, void *v) sw_must_check;
bool wire_int_fits(const SwShape *s, int64_t i);
bool wire_double_to_int(double d, int64_t *ret); /* exact only */
bool wire_seconds_to_time(double seconds, SwTime *ret);

/* --- JSON (json.c). `top`: only members without an HTTP binding --- */

void wire_json_put(Wire *w, SwBuf *b, const SwMember *m, const void *v);
/* *first: no member was written yet; kept up to date. */
void wire_json_put_members(Wire *w, SwBuf *b, const SwShape *s, const void *v, bool top, bool *first);
int wire_json_get(Wire *w, const SwMember *m, const SwValue *j, void *v) sw_must_check;
int wire_json_get_structure(Wire *w, const SwShape *s, const SwValue *j, void *v, bool top) sw_must_check;
int wire_json_get_text(Wire *w, const SwShape *s, SwStr text, void *v, bool top) sw_must_check;

/* --- XML as a small tree (xml.c, xml_read.c) and over shapes (xml_shape.c) --- */

#define WIRE_XML_HEAD      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define WIRE_XML_MALFORMED "The XML you provided was not well-formed or did not validate against our published schema"

int wire_xml_parse(Wire *w, SwStr text, XmlNode **ret_root) sw_must_check;
SwStr wire_xml_child_text(const XmlNode *n, const char *name);
void wire_xml_escape(SwBuf *b, SwStr s);
void wire_xml_element(SwBuf *b, const char *name, SwStr text);
void wire_xml_open(SwBuf *b, const char *name, const char *xml_ns);
void wire_xml_close(SwBuf *b, const char *name);

void wire_xml_put(Wire *w, SwBuf *b, const SwMember *m, const char *name, const void *v);
void wire_xml_put_members(Wire *w, SwBuf *b, const SwShape *s, const void *v, bool top);
int wire_xml_get(Wire *w, const SwMember *m, const XmlNode *n, void *v) sw_must_check;
int wire_xml_get_members(Wire *w, const SwShape *s, const XmlNode *n, void *v, bool top) sw_must_check;

/* --- Query (query.c) --- */

SwStr wire_form_action(SwArena *a, const SwWireMessage *m);
int wire_query_get(Wire *w, const SwShape *s, const SwWireMessage *m, void *v) sw_must_check;
void wire_query_put(Wire *w, SwBuf *b, const SwShape *s, const void *v);

/* `name=value` pairs between '&', still percent-encoded. */
typedef struct WirePair {
    SwStr name, value;
    bool has_value;
} WirePair;
bool wire_pair_next(SwStr *rest, WirePair *ret_raw);

/* --- CBOR (cbor.c) --- */

int wire_cbor_get(Wire *w, const SwShape *s, SwStr body, void *v) sw_must_check;
void wire_cbor_put(Wire *w, SwBuf *b, const SwShape *s, const void *v);
void wire_cbor_head(SwBuf *b, unsigned major, uint64_t n);
void wire_cbor_text(SwBuf *b, SwStr s);
size_t wire_cbor_member_count(const SwShape *s, const void *v);
void wire_cbor_put_members(Wire *w, SwBuf *b, const SwShape *s, const void *v);

/* --- HTTP bindings (route.c, rest.c) of an input, an output or an exception --- */

const SwOperation *wire_rest_operation(SwArena *a, const SwApi *api, const SwWireMessage *m);
/* What stood in a label's place, still encoded. */
SwStr wire_rest_label(const SwOperation *op, SwStr raw_path, const char *name);
int wire_rest_get_request(Wire *w, const SwOperation *op, const SwWireMessage *m, void *v) sw_must_check;
int wire_rest_put_request(Wire *w, const SwOperation *op, const void *v, SwWireMessage *ret_m) sw_must_check;
int wire_rest_get_reply(Wire *w, const SwShape *s, const SwWireMessage *m, void *v) sw_must_check;
/* `root` names the element of a REST-XML body without a payload member. */
int wire_rest_put_reply(Wire *w, const SwShape *s, const char *root, const void *v, SwWireMessage *ret_m) sw_must_check;
void wire_rest_put_headers(Wire *w, const SwShape *s, const void *v, SwHeaderList *h);
int wire_rest_get_headers(Wire *w, const SwShape *s, const SwHeaderList *h, void *v) sw_must_check;

/* --- S3's dialect (s3.c) --- */

/* Errors without a wrapper, request-id headers and root elements of its own. */
bool wire_is_s3(const SwApi *api);
const char *wire_s3_root(const SwOperation *op); /* NULL: none of its own */
/* In the order of elements that S3 writes, which is not its model's: who reads as it comes needs Owner before Buckets. */
const SwShape *wire_s3_ordered(Wire *w, const SwShape *s);
/* Whole seconds, and still a fraction. */
SwStr wire_s3_time(SwArena *a, SwTime t);
/* What a reply has beside what its model says. */
void wire_s3_finish(Wire *w, const SwOperation *op, SwWireMessage *m);
/* The member that is the root element itself; NULL: there is none such. */
const SwMember *wire_s3_unwrapped(const Wire *w, const SwShape *s);

/* --- SQS's Query (sqs.c) --- */

/* Errors have a <Detail/>. */
bool wire_is_sqs(const SwApi *api);
int wire_sqs_not_here(SwStr action, SwError *err); /* InvalidAction; always -1 */

/* --- envelopes (wire.c, errors.c) --- */

const char *wire_content_type(uint32_t protocol);
void wire_request_id(Wire *w, SwStr request_id, SwWireMessage *m);
/* Fails as a reply says that is an error; always -1. */
int wire_fail_as_told(Wire *w, const SwOperation *op, const SwWireMessage *m);
